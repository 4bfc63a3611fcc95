/**
 * Puts one at the end of $relation_gql$, also when it is there.
 * SGC_NOT_FOUND: no row `id`; SGC_FOREIGN_KEY: no row `other_id` of `type`; SGC_NOT_NULL: no type.
 */
SGC_CHECK sgc_status $relation$_add(sgc_txn *txn, $relation_id$ id, $relation_target$_type type, $relation_other$ other_id);
/**
 * Takes one out of $relation_gql$, each time it is there; writes nothing when it is not.
 * SGC_NOT_FOUND: no row `id`.
 */
SGC_CHECK sgc_status $relation$_remove(sgc_txn *txn, $relation_id$ id, $relation_target$_type type, $relation_other$ other_id);

