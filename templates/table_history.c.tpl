/* ---- type $table_gql$: the past ---- */

$table$_history_cursor $table$_history(sgc_txn *txn, $table_id$ id, const sgc_history_options *options)
{
    $table$_history_cursor cursor;
    sgc_key key;

    $table_key$(&key, id);
    cursor.base = sgc_rows_history(txn, $table_at$, &key, options);
    return cursor;
}

$table$_history_cursor $table$_history_all(sgc_txn *txn, const sgc_history_options *options)
{
    $table$_history_cursor cursor;

    cursor.base = sgc_rows_history(txn, $table_at$, NULL, options);
    return cursor;
}

bool $table$_history_next($table$_history_cursor *cursor, $table$_version *out)
{
    if (!sgc_versions_next(&cursor->base, &out->at)) return false;
    if (out->at.op == SGC_OP_DELETE) {
        memset(&out->row, 0, sizeof out->row);
        cursor->base.status = $table_key_back$(out->at.key, &out->row.$table_key_member$);
    } else {
        cursor->base.status = read_$table$(out->at.record, &out->row);
    }
    return cursor->base.status == SGC_OK;
}

sgc_status $table$_history_status(const $table$_history_cursor *cursor)
{
    return cursor->base.status;
}

$table$_changes_cursor $table$_changes(sgc_txn *txn, uint64_t sequence, uint32_t ordinal)
{
    $table$_changes_cursor cursor;

    cursor.base = sgc_changes_since(txn, sequence, ordinal, $table_at$);
    return cursor;
}

bool $table$_changes_next($table$_changes_cursor *cursor, $table$_change *out)
{
    sgc_status rc = SGC_OK;

    if (!sgc_changes_next(&cursor->base, &out->at)) return false;
    memset(&out->before, 0, sizeof out->before);
    memset(&out->after, 0, sizeof out->after);
    if (out->at.before.data != NULL) rc = read_$table$(out->at.before, &out->before);
    if (rc == SGC_OK && out->at.after.data != NULL) rc = read_$table$(out->at.after, &out->after);
    cursor->base.status = rc;
    return rc == SGC_OK;
}

sgc_status $table$_changes_status(const $table$_changes_cursor *cursor)
{
    return cursor->base.status;
}

