/**
 * $relation_sdl$
//% each line in relation.doc
 * $line$
//% end
 * The row that refers to row `id`. SGC_NOT_FOUND when there is none.
 */
SGC_CHECK sgc_status $relation$(sgc_txn *txn, $relation_id$ id, $relation_target$ *out);
