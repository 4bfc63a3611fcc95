/* ---- type $table_gql$: access ---- */

sgc_status $table$_get(sgc_txn *txn, $table_id$ id, $table$ *out)
{
    sgc_str record;
    //% if table.text_key
    sgc_status rc = sgc_row_get(txn, $table_at$, id, &record);
    //% else
    sgc_key key;

    $table_key$(&key, id);
    sgc_status rc = sgc_rows_get_one(txn, $table_at$, &key, &record);
    //% end
    return rc == SGC_OK ? read_$table$(record, out) : rc;
}

sgc_status $table$_get_many(sgc_txn *txn, const $table_id$ *ids, size_t count, $table$ *out,
                            bool *found)
{
    sgc_str *records = NULL;
    sgc_status rc = sgc_rows_get(txn, $table_at$, $table_ids$(ids, count), &records);

    for (size_t i = 0; rc == SGC_OK && i < count; i++) {
        found[i] = records[i].data != NULL;
        if (found[i]) rc = read_$table$(records[i], &out[i]);
    }
    return rc;
}

sgc_status $table$_delete(sgc_txn *txn, $table_id$ id)
{
    sgc_key key;

    $table_key$(&key, id);
    return sgc_rows_delete(txn, $table_at$, &key);
}

sgc_status $table$_copy(sgc_arena *arena, const $table$ *row, $table$ *out)
{
    bool fine = true;

    (void)arena;
    *out = *row;
    //% each chunk in table.copies
    fine = fine && copy_$chunk$(arena, row, out);
    //% end
    return fine ? SGC_OK : SGC_NO_MEMORY;
}

$table$_cursor $table$_all(sgc_txn *txn)
{
    $table$_cursor cursor;

    cursor.base = sgc_rows_open(txn, $table_at$, 0, NULL);
    return cursor;
}

bool $table$_cursor_next($table$_cursor *cursor, $table$ *out)
{
    sgc_str record;

    if (!sgc_rows_next(&cursor->base, &record)) return false;
    cursor->base.base.status = read_$table$(record, out);
    return cursor->base.base.status == SGC_OK;
}

sgc_status $table$_cursor_status(const $table$_cursor *cursor)
{
    return cursor->base.base.status;
}

size_t $table$_cursor_parent(const $table$_cursor *cursor)
{
    return cursor->base.base.parent;
}

