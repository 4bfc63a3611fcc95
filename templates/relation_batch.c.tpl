$relation_target$_cursor $relation$_many(sgc_txn *txn, const $relation_id$ *ids, size_t count)
{
    $relation_target$_cursor cursor;

    cursor.base = $relation_rows$;
    return cursor;
}

