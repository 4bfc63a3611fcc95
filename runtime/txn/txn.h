/*
 * txn.h - transactions over log, MemTable and pages. What others need is public: sgc/txn.h; here is
 * what only the floors above use.
 */
#ifndef SGC_RUNTIME_TXN_H
#define SGC_RUNTIME_TXN_H

#include "os/os.h"
#include "schema/schema.h"
#include "sgc/txn.h"

/**
 * A key that was never made before, as UUID version 7 or as ULID: it sorts behind every key that
 * this database made before the call, whatever the clock does meanwhile.
 */
SGC_CHECK sgc_status sgc_txn_uuidv7(sgc_txn *txn, char out[36]);
SGC_CHECK sgc_status sgc_txn_ulid(sgc_txn *txn, char out[26]);

/** A row, by table and primary key. */
typedef struct sgc_row_name {
    uint16_t table;
    sgc_key key;
} sgc_row_name;
/**
 * Looks for the parents of all rows written so far, which sgc_txn_defer_foreign_keys() put off, and
 * ends that: later statements are checked at once. On SGC_FOREIGN_KEY *child is the row that names
 * what is not there.
 */
SGC_CHECK sgc_status sgc_txn_check_parents(sgc_txn *txn, sgc_row_name *child);

/**
 * Rows of a table as the transaction sees them. Costs what the MemTables hold of the table, not
 * what the pages do.
 */
SGC_CHECK sgc_status sgc_txn_count_rows(sgc_txn *txn, uint16_t table, uint64_t *rows);

/**
 * About how many entries of an index a walk over `range` (NULL: all) steps over; for choosing
 * between ways, not for answers. Never fails: what cannot be read counts as everything.
 */
uint64_t sgc_txn_estimate(sgc_txn *txn, uint16_t table, uint16_t index, const sgc_range *range);
/** Whether the index holds all rows of the transaction's moment; else walking it is slow. */
bool sgc_txn_index_is_ready(sgc_txn *txn, uint16_t table, uint16_t index);

/** Size of what the newest checkpoint holds of a table. */
typedef struct sgc_tree_figures {
    uint64_t entries;       /**< or rows */
    uint32_t pages, levels; /**< levels: of B+trees, else 0 */
} sgc_tree_figures;
/** which: 0 the rows, 1 the hash index of keys, 2 + i the index at position i. */
void sgc_txn_tree_figures(const sgc_txn *txn, uint16_t table, unsigned which,
                          sgc_tree_figures *figures);

/** Questions about moments before this sequence are refused: the history of the table ends there.
 */
uint64_t sgc_txn_horizon(const sgc_txn *txn, uint16_t table);
/** The last commit that pages hold, and its time. */
void sgc_txn_checkpoint(const sgc_txn *txn, uint64_t *sequence, uint64_t *time_us);

/* ---- repair.c: databases that may be damaged. Nobody else must have the folder open. ---- */

/**
 * Looks at the root, and when `all` also at pages, history and log, as far as they can be read;
 * nothing is changed. Each damage is a line of `report`. SGC_OK: none; SGC_CORRUPT: there is some;
 * else *error says why nothing could be looked at (SGC_NOT_FOUND, SGC_BUSY, ..). os may be NULL.
 */
SGC_CHECK sgc_status sgc_db_inspect(const sgc_os *os, const char *directory, bool all,
                                    sgc_buf *report, sgc_error *error);
/**
 * Builds damaged indexes anew from rows that are sound. Nothing else is changed, and nothing is
 * taken away. What was done, and what could not be, are lines of `report`.
 */
SGC_CHECK sgc_status sgc_db_rebuild(const sgc_os *os, const char *directory, sgc_buf *report,
                                    sgc_error *error);

#endif
