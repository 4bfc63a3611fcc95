sgc_status $relation$_add(sgc_txn *txn, $relation_id$ id, $relation_other$ other_id)
{
    $relation_target$_patch patch;

    memset(&patch, 0, sizeof patch);
    patch.set.$relation_field$ = true;
    //% if relation.child_flag
    patch.has_$relation_field$ = true;
    //% end
    patch.$relation_field$ = id;
    return $relation_target$_update(txn, other_id, &patch);
}

