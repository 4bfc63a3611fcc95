/** Adds one to $relation_gql$; adding it twice is SGC_OK. */
SGC_CHECK sgc_status $relation$_add(sgc_txn *txn, $relation_id$ id, $relation_other$ other_id);
//% if relation.removes
/** Takes one out of $relation_gql$; SGC_OK when it was not in it. */
SGC_CHECK sgc_status $relation$_remove(sgc_txn *txn, $relation_id$ id, $relation_other$ other_id);
//% end

