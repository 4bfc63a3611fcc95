sgc_status $relation$(sgc_txn *txn, const $relation_owner$ *row, $relation_target$ *out)
{
    if ($relation_missing$) return SGC_NOT_FOUND;
    return $relation_get$;
}

