sgc_status $relation$_add(sgc_txn *txn, $relation_id$ id, $relation_target$_type type, $relation_other$ other_id)
{
    sgc_str name = $relation_target$_type_text(type);
    $relation_owner$_patch patch;
    $relation_owner$ row;
    sgc_status rc = $relation_owner$_get(txn, id, &row);

    if (rc != SGC_OK) return rc;
    memset(&patch, 0, sizeof patch);
    patch.set.$relation_field$ = patch.set.$relation_type$ = true;
    rc = sgc_keys_add_$relation_keys$(txn, row.$relation_field$, other_id, &patch.$relation_field$);
    if (rc == SGC_OK) rc = sgc_keys_add_text(txn, row.$relation_type$, name, &patch.$relation_type$);
    return rc == SGC_OK ? $relation_owner$_update(txn, id, &patch) : rc;
}

sgc_status $relation$_remove(sgc_txn *txn, $relation_id$ id, $relation_target$_type type, $relation_other$ other_id)
{
    $relation_owner$_patch patch;
    $relation_owner$ row;
    sgc_status rc = $relation_owner$_get(txn, id, &row);

    if (rc != SGC_OK) return rc;
    memset(&patch, 0, sizeof patch);
    patch.set.$relation_field$ = patch.set.$relation_type$ = true;
    sgc_key_types types = sgc_key_types_of(row.$relation_type$, $relation_target$_type_text(type), &patch.$relation_type$);
    rc = sgc_keys_drop_$relation_keys$(txn, row.$relation_field$, types, other_id, &patch.$relation_field$);
    if (rc != SGC_OK || patch.$relation_field$.count == row.$relation_field$.count) return rc;
    return $relation_owner$_update(txn, id, &patch);
}

