sgc_status $relation$_remove(sgc_txn *txn, $relation_id$ id, $relation_other$ other_id)
{
    $relation_target$_patch patch;
    $relation_target$ row;
    sgc_status rc = $relation_target$_get(txn, other_id, &row);

    if (rc != SGC_OK || !($relation_child_same$)) return rc;
    memset(&patch, 0, sizeof patch);
    patch.set.$relation_field$ = true;
    return $relation_target$_update(txn, other_id, &patch);
}

