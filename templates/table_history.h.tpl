//# The past of one table: versions of rows, and what commits did to them.
/** A version of a row, readable until the next step; of a delete, `row` has the key alone. */
typedef struct $table$_version {
    sgc_row_version at; /**< op, begin, end, time_us */
    $table$ row;
} $table$_version;
typedef struct $table$_history_cursor {
    sgc_versions base;
} $table$_history_cursor;
/** Versions of one row, deletes among them; options NULL: all that are kept, newest first. */
$table$_history_cursor $table$_history(sgc_txn *txn, $table_id$ id, const sgc_history_options *options);
/** The same of every row, ordered by key. */
$table$_history_cursor $table$_history_all(sgc_txn *txn, const sgc_history_options *options);
/** Steps to the next version; false at the end and on failure. */
bool $table$_history_next($table$_history_cursor *cursor, $table$_version *out);
/** SGC_OK after a clean end; SGC_HISTORY_PRUNED. */
SGC_CHECK sgc_status $table$_history_status(const $table$_history_cursor *cursor);

/** What one commit did to a row, readable until the next step; zero where there was no row. */
typedef struct $table$_change {
    sgc_row_change at; /**< op, sequence, ordinal, time_us */
    $table$ before;
    $table$ after;
} $table$_change;
typedef struct $table$_changes_cursor {
    sgc_changes base;
} $table$_changes_cursor;
/** In commit order what came behind a change; 0, 0: all, ordinal UINT32_MAX: behind the commit. */
$table$_changes_cursor $table$_changes(sgc_txn *txn, uint64_t sequence, uint32_t ordinal);
/** Steps to the next change; false at the end and on failure. */
bool $table$_changes_next($table$_changes_cursor *cursor, $table$_change *out);
/** SGC_OK after a clean end; SGC_HISTORY_PRUNED. */
SGC_CHECK sgc_status $table$_changes_status(const $table$_changes_cursor *cursor);

