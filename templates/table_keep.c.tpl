//# Upsert of a table that has only its key.
sgc_status $table$_upsert(sgc_txn *txn, const $table$_new *in, $table$ *out)
{
    $table$ row;
    sgc_status rc = SGC_NOT_FOUND;

    if ($table_key_given$) rc = $table$_get(txn, in->$table_key_member$, &row);
    if (rc == SGC_OK && out != NULL) *out = row;
    return rc == SGC_NOT_FOUND ? $table$_create(txn, in, out) : rc;
}

