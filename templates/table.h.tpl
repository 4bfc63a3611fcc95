//# What can be done with the rows of one table.
/** The row with this key. SGC_NOT_FOUND. */
SGC_CHECK sgc_status $table$_get(sgc_txn *txn, $table_id$ id, $table$ *out);
/** Rows of several keys in one pass: found[i] says whether out[i] is filled. */
SGC_CHECK sgc_status $table$_get_many(sgc_txn *txn, const $table_id$ *ids, size_t count,
                                      $table$ *out, bool *found);
/** Adds a row; out may be NULL. SGC_EXISTS, SGC_NOT_NULL, SGC_FOREIGN_KEY, SGC_CHECK_FAILED. */
SGC_CHECK sgc_status $table$_create(sgc_txn *txn, const $table$_new *in, $table$ *out);
/** Adds a row to a load of many: see sgc_load_row(). SGC_NOT_NULL, SGC_CHECK_FAILED, SGC_EXISTS. */
SGC_CHECK sgc_status $table$_load(sgc_load *load, const $table$_new *in);
/** Adds a row, or changes what `in` gives in the row with its key; out may be NULL. */
SGC_CHECK sgc_status $table$_upsert(sgc_txn *txn, const $table$_new *in, $table$ *out);
//% if table.has_patch
/** Changes a row. SGC_NOT_FOUND, SGC_EXISTS, SGC_NOT_NULL, SGC_FOREIGN_KEY, SGC_CHECK_FAILED. */
SGC_CHECK sgc_status $table$_update(sgc_txn *txn, $table_id$ id, const $table$_patch *patch);
//% end
/** Deletes a row. SGC_NOT_FOUND, SGC_FOREIGN_KEY when rows that refer to it restrict that. */
SGC_CHECK sgc_status $table$_delete(sgc_txn *txn, $table_id$ id);
/** A copy that lives as long as the arena. */
SGC_CHECK sgc_status $table$_copy(sgc_arena *arena, const $table$ *row, $table$ *out);

/** All rows in the order of the key. Loop on _cursor_next, then ask _cursor_status once. */
$table$_cursor $table$_all(sgc_txn *txn);
/** Steps to the next row; false at the end and on failure. */
bool $table$_cursor_next($table$_cursor *cursor, $table$ *out);
/** SGC_OK after a clean end, else what went wrong. */
SGC_CHECK sgc_status $table$_cursor_status(const $table$_cursor *cursor);
/** Which of the ids of a _many call the current row belongs to. */
size_t $table$_cursor_parent(const $table$_cursor *cursor);

/** The row as it is stored, appended to out: a MessagePack array. */
SGC_CHECK sgc_status $table$_pack(const $table$ *row, sgc_buf *out);
/** Reads a stored row, which out then borrows. SGC_CORRUPT. */
SGC_CHECK sgc_status $table$_unpack(const uint8_t *bytes, size_t size, $table$ *out);
/** Appends the row as a JSON object. */
void $table$_to_json(const $table$ *row, sgc_buf *out);
/** Reads a JSON object; texts and arrays live in arena. error may be NULL. */
SGC_CHECK sgc_status $table$_from_json(sgc_arena *arena, sgc_str json, $table$_new *out,
                                       sgc_error *error);

