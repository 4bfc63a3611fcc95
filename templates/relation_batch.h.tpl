/** The same for many rows in one pass: no N+1. _cursor_parent() says which id a row belongs to. */
$relation_target$_cursor $relation$_many(sgc_txn *txn, const $relation_id$ *ids, size_t count);

