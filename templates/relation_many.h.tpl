/**
 * $relation_sdl$
//% each line in relation.doc
 * $line$
//% end
 */
$relation_target$_cursor $relation$(sgc_txn *txn, $relation_id$ id);
