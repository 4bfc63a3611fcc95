/**
 * $relation_sdl$
//% each line in relation.doc
 * $line$
//% end
 * The row that $relation_words$. SGC_NOT_FOUND when there is none.
 */
SGC_CHECK sgc_status $relation$(sgc_txn *txn, const $relation_owner$ *row, $relation_target$ *out);
