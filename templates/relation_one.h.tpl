/**
 * $relation_sdl$
//% each line in relation.doc
 * $line$
//% end
 * The row that $relation_field$ names. SGC_NOT_FOUND when it is null.
 */
SGC_CHECK sgc_status $relation$(sgc_txn *txn, const $relation_owner$ *row, $relation_target$ *out);

