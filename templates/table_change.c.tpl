//# Update and upsert of a table that has something to change besides its key.
static sgc_status change_$table$(sgc_txn *txn, $table_id$ id, const $table$_patch *patch,
                                 $table$ *out)
{
    sgc_take take = sgc_take_start(txn, "$table_gql$");
    $table$ row;
    sgc_status rc = $table$_get(txn, id, &row);

    if (rc != SGC_OK) return rc;
    //% each assign in table.touched
    row.$assign$ = $assign_value$;
    //% end
    //% each chunk in table.patches
    apply_$chunk$(&take, patch, &row);
    //% end
    return store_$table$(&take, sgc_row_update, &row, out);
}

sgc_status $table$_update(sgc_txn *txn, $table_id$ id, const $table$_patch *patch)
{
    return change_$table$(txn, id, patch, NULL);
}

sgc_status $table$_upsert(sgc_txn *txn, const $table$_new *in, $table$ *out)
{
    $table$_patch patch;
    sgc_status rc = SGC_NOT_FOUND;

    memset(&patch, 0, sizeof patch);
    //% each chunk in table.offers
    offer_$chunk$(in, &patch);
    //% end
    if ($table_key_given$) rc = change_$table$(txn, in->$table_key_member$, &patch, out);
    return rc == SGC_NOT_FOUND ? $table$_create(txn, in, out) : rc;
}

