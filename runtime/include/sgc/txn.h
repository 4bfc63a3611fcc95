/*
 * txn.h - databases, transactions, rows and cursors. Emitted functions are thin, typed wrappers of
 * what is declared here.
 *
 * Ownership and threads: a database belongs to all threads; a transaction and its cursors to one
 * thread at a time. Records from a getter stay readable until the transaction ends, also across
 * later writes; a record from a cursor until its next step. What is passed in is copied.
 */
#ifndef SGC_TXN_H
#define SGC_TXN_H

#include "sgc/schema.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sgc_db sgc_db;
typedef struct sgc_txn sgc_txn;

/** Zero means the default everywhere. */
typedef struct sgc_db_options {
    const struct sgc_os *os; /**< NULL: this machine's files */
    uint64_t cache_bytes;    /**< page cache budget; 0: a quarter of the memory; below 256 KB the
                                  48 pages that work at once may take more */
    /** A flush starts here; 0: 16 MB, or a quarter of a small cache. Commits wait while MemTables
     * take five times this; a flush, and a merge of history beside it, take at most five times
     * this (counted as 1 MB to 64 MB) to sort what they write. */
    uint64_t memtable_bytes;
    uint64_t log_segment_bytes; /**< 0: 64 MB */
    bool create_only;           /**< SGC_EXISTS when there is a database already */
    bool must_exist;            /**< SGC_NOT_FOUND when there is none */
    bool buffered_log;          /**< no direct writes */
    sgc_durability durability;  /**< of transactions that do not say; 0: FULL */
    uint64_t batch_delay_us;    /**< BATCHED: longest time until durable; 0: 10,000 */
    const char *archive; /**< folder, outside of the database's own and for it alone, that closed
                              log segments move to; NULL: none */
} sgc_db_options;

/**
 * Opens or creates the database in the folder `directory` (":memory:": in memory, gone at close).
 * `schema` must outlive it; NULL takes the schema the database keeps. One that differs only in
 * indexes takes its place: those it lacks go, new ones are built beside readers and writers (unique
 * ones before this returns). SGC_SCHEMA_MISMATCH when more differs, or when rows are equal in a new
 * unique index; SGC_BUSY when it is open already. Where the files or the folder may not be written,
 * what is there is opened to read only (sgc_db_only_reads()), beside others that do so, and nothing
 * of it is changed: what the log holds is put into memory. error may be NULL.
 */
SGC_CHECK sgc_status sgc_db_open(const char *directory, const sgc_schema *schema,
                                 const sgc_db_options *options, sgc_db **db, sgc_error *error);
/**
 * Flushes what is in memory, when anything was committed since open, and closes; NULL is allowed.
 * All transactions must have ended. After a failure everything that was acknowledged as durable is
 * in the log, and the next opening has it.
 */
sgc_status sgc_db_close(sgc_db *db);
/** The same; says why it failed, and whether everything acknowledged is safe in spite of that. */
sgc_status sgc_db_close_safe(sgc_db *db, bool *safe, sgc_error *error);
const sgc_schema *sgc_db_schema(const sgc_db *db);
/**
 * Gives the database another schema, while no transaction is open: one that differs only in indexes
 * as in sgc_db_open(), any other when it holds no rows; else SGC_SCHEMA_MISMATCH.
 */
SGC_CHECK sgc_status sgc_db_set_schema(sgc_db *db, const sgc_schema *schema, sgc_error *error);
/** Last committed sequence, 0 before the first. */
uint64_t sgc_db_head(const sgc_db *db);
/**
 * Whether everything that would write is SGC_READ_ONLY, and *why in words (NULL: not asked for):
 * the files may only be read, or writing has failed since it was opened.
 */
bool sgc_db_only_reads(const sgc_db *db, sgc_error *why);
/** Writes everything committed so far into pages. */
SGC_CHECK sgc_status sgc_db_flush(sgc_db *db);

/** Counters since open. */
typedef struct sgc_db_stats {
    uint64_t commits, conflicts;
    uint64_t log_batches, log_flushes, log_bytes;
    uint64_t log_segments, log_recycled, log_archived; /**< in use now; taken again; moved away */
    uint64_t log_held_bytes;                           /**< behind the newest checkpoint */
    uint64_t durable_sequence; /**< what was committed up to here survives a crash */
    uint64_t cache_hits, cache_misses, cache_evictions, cache_bytes, cache_budget;
    uint64_t flushes, pages_written, page_file_bytes;
    uint64_t page_free_bytes, page_held_bytes; /**< of the file: free; kept for older readers */
    uint64_t history_segments, history_bytes, history_versions, history_changes; /**< now */
    uint64_t history_merges, history_merged_bytes;
    uint64_t history_cache_hits, history_cache_misses, history_cache_bytes, history_cache_budget;
    uint64_t history_resident_bytes; /**< indexes and filters of segments, in no budget */
    uint64_t open_transactions;
    uint64_t oldest_sequence;  /**< that an open transaction sees; the head when none is open */
    uint64_t oldest_age_us;    /**< of the transaction open longest */
    uint64_t memtable_bytes;   /**< memory: of what is in no page yet, and what readers keep */
    uint64_t write_set_bytes;  /**< memory: of open transactions that have written */
    uint64_t flush_bytes;      /**< memory: of the flush and the merge of history at work */
    uint64_t log_buffer_bytes; /**< memory: of commits on their way into the log */
    uint64_t indexes_building; /**< that do not hold all rows yet */
    uint64_t index_pages_done, index_pages; /**< of rows, summed over them */
    bool log_direct;                        /**< the log writes directly and synchronously */
} sgc_db_stats;
void sgc_db_get_stats(const sgc_db *db, sgc_db_stats *stats);

/** An index that is being built. */
typedef struct sgc_index_progress {
    sgc_str type, index; /**< names; readable as long as the database is open */
    uint64_t done, of;   /**< pages of rows */
    sgc_error why;       /**< SGC_LIMIT: it waits until a row is changed that it cannot take */
} sgc_index_progress;
/** The n-th one (from 0) of those that are being built; false: there are fewer. */
bool sgc_db_index_progress(const sgc_db *db, size_t n, sgc_index_progress *progress);
/**
 * Waits until all indexes hold all rows: SGC_BUSY when that takes longer, SGC_LIMIT when a row has
 * values too long for one, SGC_READ_ONLY when nothing is written any more.
 */
SGC_CHECK sgc_status sgc_db_wait_for_indexes(sgc_db *db, uint64_t timeout_us);

/* ---- transactions ---- */

typedef enum sgc_outcome {
    SGC_OUTCOME_REFUSED = 0, /**< nothing of it will ever be visible */
    SGC_OUTCOME_COMMITTED,
    SGC_OUTCOME_UNKNOWN, /**< the device failed: it may or may not be there after reopening */
} sgc_outcome;

typedef struct sgc_commit_info {
    sgc_outcome outcome;
    uint64_t sequence; /**< 0 when nothing was written */
    uint64_t time_us;  /**< commit time, microseconds since 1970 */
    sgc_error error;
    sgc_str type, field; /**< where the error lies, null when nowhere; static or in the schema */
    uint64_t place; /**< of a load: the row that was refused, see sgc_load_place(); 0: no row */
    uint64_t other_place; /**< and an earlier one with its key or unique values, else 0 */
} sgc_commit_info;

typedef enum sgc_moment_kind {
    SGC_MOMENT_NOW = 0,
    SGC_MOMENT_SEQUENCE,
    SGC_MOMENT_TIME,
} sgc_moment_kind;

/** A moment of the database. */
typedef struct sgc_moment {
    sgc_moment_kind kind;
    uint64_t value;
} sgc_moment;
static inline sgc_moment sgc_now(void)
{
    sgc_moment moment = {SGC_MOMENT_NOW, 0};
    return moment;
}
/** The state after the commit with this sequence; 0: before the first one. */
static inline sgc_moment sgc_at_seq(uint64_t sequence)
{
    sgc_moment moment = {SGC_MOMENT_SEQUENCE, sequence};
    return moment;
}
/** The state after the last commit at or before this time, microseconds since 1970. */
static inline sgc_moment sgc_at_time(uint64_t time_us)
{
    sgc_moment moment = {SGC_MOMENT_TIME, time_us};
    return moment;
}

typedef enum sgc_isolation {
    SGC_ISOLATION_SNAPSHOT = 0, /**< the first committer of a row wins */
    SGC_ISOLATION_SERIALIZABLE, /**< also what was read must not have changed */
} sgc_isolation;

/** Zero means the default everywhere. */
typedef struct sgc_txn_options {
    sgc_isolation isolation;
    bool has_durability; /**< durability is meant; false: the database's */
    sgc_durability durability;
    uint64_t read_bytes; /**< SERIALIZABLE: memory for what was read; 0: 16 MB; more is SGC_LIMIT */
    /**
     * Not null: the work behind this key is done at most once. A second transaction with it waits
     * for the first and is SGC_EXISTS when that one committed, with `done` filled; SGC_INVALID when
     * `request` is another than then. Remembered for idempotency_us (0: 24 hours).
     */
    sgc_str idempotency_key, request;
    uint64_t idempotency_us;
    struct sgc_commit_info *done; /**< may be NULL */
} sgc_txn_options;

/** A transaction that may write; reads see its own writes over a snapshot of now. */
SGC_CHECK sgc_status sgc_begin(sgc_db *db, sgc_txn **txn);
/** The same with options, which may be NULL. error may be NULL. */
SGC_CHECK sgc_status sgc_begin_with(sgc_db *db, const sgc_txn_options *options, sgc_txn **txn,
                                    sgc_error *error);
/**
 * A transaction that only reads, at any moment; getters, cursors and relations see the data of
 * then. SGC_INVALID: a sequence beyond the head, or a time later than now and than the last commit.
 * The same moment is the same state for ever: a time behind the last commit waits for commits that
 * are under way, and later ones get later times.
 * Reads of a table whose history does not reach back that far are SGC_HISTORY_PRUNED.
 */
SGC_CHECK sgc_status sgc_begin_read(sgc_db *db, sgc_moment moment, sgc_txn **txn);
/**
 * Commits and frees *txn, always sets it to NULL; a NULL *txn is SGC_OK and does nothing. SGC_OK
 * means visible, and durable as far as its level says (FULL: on the device). info may be NULL.
 * SGC_CONFLICT: try the whole transaction again.
 */
SGC_CHECK sgc_status sgc_commit(sgc_txn **txn, sgc_commit_info *info);
/** Forgets the transaction, frees it and sets *txn to NULL; a NULL *txn does nothing. */
void sgc_abort(sgc_txn **txn);
/** Words of the transaction's last failure; "" when there was none. */
const char *sgc_errmsg(const sgc_txn *txn);
/** Where that failure lies: GraphQL type and field names, null when nowhere. */
void sgc_errplace(const sgc_txn *txn, sgc_str *type, sgc_str *field);
/**
 * For emitted code and resolvers: sets what sgc_errmsg() and sgc_errplace() say and returns status.
 * All texts are copied; type and field may be null.
 */
sgc_status sgc_txn_refuse(sgc_txn *txn, sgc_status status, sgc_str type, sgc_str field,
                          const char *format, ...) SGC_PRINTF(5, 6);
sgc_db *sgc_txn_db(const sgc_txn *txn);
/** The sequence this transaction sees. */
uint64_t sgc_txn_sequence(const sgc_txn *txn);
/**
 * Wall clock at its start, microseconds since 1970: the `now` of defaults. One that only reads
 * looks at the clock when it is first asked, and answers the same from then on.
 */
uint64_t sgc_txn_now(sgc_txn *txn);
/** Memory that lives until the transaction ends. */
sgc_arena *sgc_txn_arena(sgc_txn *txn);

/**
 * From now on, parents of written rows are looked for at commit instead of at each statement: for
 * loads whose rows refer to rows that come later. Everything else is checked as always.
 */
void sgc_txn_defer_foreign_keys(sgc_txn *txn);

/** A mark in the write set. */
typedef struct sgc_savepoint {
    uint64_t mark;
} sgc_savepoint;
sgc_savepoint sgc_savepoint_set(sgc_txn *txn);
/** Undoes every write since the mark; the mark stays usable. Open cursors go on without what was
 * undone, open scans of a table that was written to end. */
void sgc_savepoint_rollback(sgc_txn *txn, sgc_savepoint savepoint);

/** What a transaction has touched so far. */
typedef struct sgc_txn_stats {
    uint64_t rows_read;    /**< records fetched, by key or through an index */
    uint64_t entries_read; /**< index entries stepped over */
    uint64_t rows_written;
} sgc_txn_stats;
void sgc_txn_get_stats(const sgc_txn *txn, sgc_txn_stats *stats);

/* ---- rows: table and index are positions in the schema ---- */

/** The record with this primary key (sgc_pk_text(), sgc_pk_int(), ...). SGC_NOT_FOUND. */
SGC_CHECK sgc_status sgc_row_get(sgc_txn *txn, uint16_t table, sgc_str key, sgc_str *record);
/** The same for many keys: records[i].data is NULL where keys[i] is not found. */
SGC_CHECK sgc_status sgc_row_get_many(sgc_txn *txn, uint16_t table, const sgc_str *keys,
                                      size_t count, sgc_str *records);
/** The record whose unique index has exactly these components. SGC_NOT_FOUND. */
SGC_CHECK sgc_status sgc_row_find(sgc_txn *txn, uint16_t table, uint16_t index, sgc_str components,
                                  sgc_str *record);
/** Adds a row. SGC_EXISTS (key or unique index), SGC_FOREIGN_KEY, SGC_CHECK_FAILED, SGC_LIMIT. */
SGC_CHECK sgc_status sgc_row_insert(sgc_txn *txn, uint16_t table, sgc_str key, sgc_str record);
/** Replaces a row by a whole new record with the same key. Equal bytes write nothing. */
SGC_CHECK sgc_status sgc_row_update(sgc_txn *txn, uint16_t table, sgc_str key, sgc_str record);
/** Deletes a row and does to its children what their onDelete says. SGC_NOT_FOUND. */
SGC_CHECK sgc_status sgc_row_delete(sgc_txn *txn, uint16_t table, sgc_str key);
/** Adds or removes one link; twice or none is SGC_OK. left is field 0 of the link. */
SGC_CHECK sgc_status sgc_link_add(sgc_txn *txn, uint16_t link, sgc_str left, sgc_str right);
SGC_CHECK sgc_status sgc_link_remove(sgc_txn *txn, uint16_t link, sgc_str left, sgc_str right);
/** One more than the largest SERIAL key that there is or was, as this transaction sees it; two
 * writers that take one conflict. */
SGC_CHECK sgc_status sgc_row_serial(sgc_txn *txn, uint16_t table, int64_t *next);
/** size random bytes from the system. */
SGC_CHECK sgc_status sgc_txn_random(sgc_txn *txn, void *bytes, size_t size);

/* ---- cursors ---- */

/** A range of index entries by their bytes: from <= entry < to; null means open. */
typedef struct sgc_range {
    sgc_str from, to;
    bool descending;
} sgc_range;

/**
 * Lives on your stack, may be moved, needs no close; ends with its transaction. It sees its
 * transaction as it was when the cursor was opened, whatever is written between its steps.
 */
typedef struct sgc_cursor {
    sgc_txn *txn;
    struct sgc_cursor_state *state;
    sgc_status status;
    uint32_t parent;
} sgc_cursor;

/** Rows of a table in the order of an index (0: of the key). A NULL range: all. */
sgc_cursor sgc_cursor_open(sgc_txn *txn, uint16_t table, uint16_t index, const sgc_range *range);
/** For each prefix in turn, the rows whose entries start with it; sgc_cursor.parent says which. */
sgc_cursor sgc_cursor_open_many(sgc_txn *txn, uint16_t table, uint16_t index,
                                const sgc_str *prefixes, size_t count, bool descending);
/** Steps to the next row: true and its record, or false at the end and on failure. */
bool sgc_cursor_next(sgc_cursor *cursor, sgc_str *record);
/** Primary key of the current row, valid until the next step. */
sgc_str sgc_cursor_key(const sgc_cursor *cursor);
/** Index entry of the current row (components, then the key), valid until the next step. */
sgc_str sgc_cursor_entry(const sgc_cursor *cursor);
/** Steps like sgc_cursor_next() without fetching the row: for counting and covered reads. */
bool sgc_cursor_skip(sgc_cursor *cursor);
/** SGC_OK after a clean end, else what went wrong; asked once behind the loop. */
static inline sgc_status sgc_cursor_status(const sgc_cursor *cursor)
{
    return cursor->status;
}
/** Gives the state back early; only loops that open many and break need it. */
void sgc_cursor_end(sgc_cursor *cursor);

/* ---- scans ---- */

/**
 * All rows of a table in no order, at a fraction of a cursor's cost; for the rest like sgc_cursor:
 * it lives on your stack, may be moved, ends with its transaction and sees it as it was when the
 * scan was opened. Rolling back to a savepoint set before that ends it with SGC_INVALID, if the
 * transaction had written to the table.
 */
typedef struct sgc_scan {
    sgc_txn *txn;
    struct sgc_scan_state *state;
    const sgc_str *records; /**< of the batch at hand */
    uint32_t at, count;
    sgc_status status; /**< SGC_OK after a clean end */
} sgc_scan;

sgc_scan sgc_scan_open(sgc_txn *txn, uint16_t table);
/** Fetches the next batch: scan->count > 0; false at the end and on failure. */
bool sgc_scan_fetch(sgc_scan *scan);
/** Steps to the next row; its record is readable until the next step. */
static inline bool sgc_scan_next(sgc_scan *scan, sgc_str *record)
{
    if (scan->at == scan->count && !sgc_scan_fetch(scan)) return false;
    *record = scan->records[scan->at++];
    return true;
}
/** Gives the state back early; only loops that break need it. */
void sgc_scan_end(sgc_scan *scan);

/* ---- history ---- */

/**
 * A version of a row, or a delete: `record` is null then, and it was gone in [begin, end). What
 * stood there before what retention dropped is an update unless it is still known as an insert.
 */
typedef struct sgc_row_version {
    sgc_op op;
    uint64_t begin;   /**< sequence of the commit that made it */
    uint64_t end;     /**< of the one that ended it; SGC_OPEN: still true */
    uint64_t time_us; /**< of the commit that made it; 0 when that is older than the history */
    sgc_str key, record;
} sgc_row_version;

/** Versions true at some moment of [from, to], or [from, to) when to_excluded. */
typedef struct sgc_period {
    sgc_moment from, to;
    bool to_excluded;
} sgc_period;

/** A walk over versions; like sgc_cursor it lives on your stack and ends with its transaction. */
typedef struct sgc_versions {
    sgc_txn *txn;
    struct sgc_versions_state *state;
    sgc_status status; /**< SGC_OK after a clean end; SGC_HISTORY_PRUNED */
} sgc_versions;

/**
 * Versions of the row with this key, deletes among them, newest first or oldest first; a null key:
 * of all rows of the table that were there in the period, ordered by key. Without a period: all
 * that are kept. A transaction at an earlier moment sees nothing that came later.
 */
sgc_versions sgc_versions_open(sgc_txn *txn, uint16_t table, sgc_str key, const sgc_period *period,
                               bool oldest_first);
/** The version stays readable until the next step. */
bool sgc_versions_next(sgc_versions *versions, sgc_row_version *version);
void sgc_versions_end(sgc_versions *versions);

/** What one commit did to one row. */
typedef struct sgc_row_change {
    uint64_t sequence, time_us;
    uint32_t ordinal; /**< position within its commit, from 0; (sequence, ordinal) resumes */
    uint16_t table;
    sgc_op op;
    sgc_str key;
    sgc_str before, after; /**< records; null where there is none */
} sgc_row_change;

typedef struct sgc_changes {
    sgc_txn *txn;
    struct sgc_changes_state *state;
    sgc_status status;
} sgc_changes;

/**
 * Net changes of every commit behind (sequence, ordinal) that this transaction sees, in commit
 * order, within a commit by table and key. table: SGC_NONE for all. SGC_HISTORY_PRUNED when a table
 * asked for is not kept back to there.
 */
sgc_changes sgc_changes_since(sgc_txn *txn, uint64_t sequence, uint32_t ordinal, uint16_t table);
bool sgc_changes_next(sgc_changes *changes, sgc_row_change *change);
void sgc_changes_end(sgc_changes *changes);

/**
 * Sequence of the last commit at or before a time; 0 when there was none. For a time that is not
 * ahead the answer stays the same, see sgc_begin_read().
 */
SGC_CHECK sgc_status sgc_db_sequence_at(sgc_db *db, uint64_t time_us, uint64_t *sequence,
                                        sgc_error *error);
/** Time of a commit. SGC_NOT_FOUND: no commit had this sequence, or it is older than the history.
 */
SGC_CHECK sgc_status sgc_db_time_of(sgc_db *db, uint64_t sequence, uint64_t *time_us,
                                    sgc_error *error);

/* ---- loads: many rows at once, straight into the data file ---- */

typedef struct sgc_load sgc_load;

/** Zero means the default everywhere. */
typedef struct sgc_load_options {
    uint64_t memory_bytes; /**< for sorting; more goes to temporary files of the folder; 0: a
                              quarter of the page cache, at most 256 MB */
} sgc_load_options;

/**
 * Begins a load: rows of tables that have none, which all become visible at one commit. They are
 * written to the data file once and indexes are built once, so that it costs a fraction of the same
 * rows in transactions, whatever their number; memory is bounded.
 *
 * Until the load ends, a table it has put a row into belongs to it: a commit that writes such a
 * table, or that deletes rows that its rows may name, is SGC_CONFLICT. Everything else goes on.
 * One load may be open at a time, else SGC_BUSY; it must end before the database closes, and
 * belongs to one thread at a time. options and error may be NULL.
 */
SGC_CHECK sgc_status sgc_load_begin(sgc_db *db, const sgc_load_options *options, sgc_load **load,
                                    sgc_error *error);
/**
 * Adds a row. Parents may come later; keys and unique indexes are compared at the end. Refused, and
 * the load goes on: the first row of a table that holds rows (SGC_EXISTS), and a row that is
 * SGC_NOT_NULL, SGC_CHECK_FAILED or SGC_INVALID. After any other failure the load can only be
 * aborted.
 */
SGC_CHECK sgc_status sgc_load_row(sgc_load *load, uint16_t table, sgc_str key, sgc_str record);
/**
 * Adds a link to a link table, by the keys of its ends, which may come later. A link that is there
 * already stays one. Refusals as above.
 */
SGC_CHECK sgc_status sgc_load_link(sgc_load *load, uint16_t link, sgc_str left, sgc_str right);
/** The table belongs to the load from now on, not only from its first row on. */
SGC_CHECK sgc_status sgc_load_claim(sgc_load *load, uint16_t table);
/**
 * Where the next rows and links come from, a line of a file perhaps, from 1 and below 2^48:
 * sgc_commit_info.place tells it when one is refused. Unless this is called, rows are counted from
 * 1.
 */
void sgc_load_place(sgc_load *load, uint64_t place);
/**
 * Commits, frees *load and sets it to NULL. SGC_OK: durable in the data file and in every index.
 * SGC_EXISTS, SGC_FOREIGN_KEY: nothing of it stays. info may be NULL.
 */
SGC_CHECK sgc_status sgc_load_commit(sgc_load **load, sgc_commit_info *info);
/** Forgets the rows, frees the load and sets *load to NULL; a NULL *load does nothing. */
void sgc_load_abort(sgc_load **load);
/** Words of the load's last failure; "" when there was none. */
const char *sgc_load_errmsg(const sgc_load *load);
/**
 * The transaction that makes the values of one more row, until the next call: rows and links that
 * are added through it go to the load, changes and deletions are SGC_UNSUPPORTED.
 */
sgc_txn *sgc_load_txn(sgc_load *load);

/* ---- maintenance, beside readers and writers ---- */

/** Merges history, drops what retention leaves out, and gives free space of the page file back. */
SGC_CHECK sgc_status sgc_db_compact(sgc_db *db, sgc_error *error);
/** Reads and checks everything: pages, indexes against rows, history, log. Words go to `report`. */
SGC_CHECK sgc_status sgc_db_verify(sgc_db *db, sgc_buf *report);

#ifdef __cplusplus
}
#endif
#endif
