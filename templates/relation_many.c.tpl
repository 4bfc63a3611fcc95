$relation_target$_cursor $relation$(sgc_txn *txn, $relation_id$ id)
{
    return $relation$_many(txn, &id, 1);
}

