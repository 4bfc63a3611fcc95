sgc_status $relation$_add(sgc_txn *txn, $relation_id$ id, $relation_other$ other_id)
{
    sgc_key left, right;

    $relation_left$;
    $relation_right$;
    return sgc_rows_link(txn, $relation_link$, true, &left, &right);
}

sgc_status $relation$_remove(sgc_txn *txn, $relation_id$ id, $relation_other$ other_id)
{
    sgc_key left, right;

    $relation_left$;
    $relation_right$;
    return sgc_rows_link(txn, $relation_link$, false, &left, &right);
}

