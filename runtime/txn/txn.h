/*
 * txn.h - transactions over log, MemTable and pages. What others need is public: sgc/txn.h; here is
 * what only the floors above use.
 */
#ifndef SGC_RUNTIME_TXN_H
#define SGC_RUNTIME_TXN_H

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

#endif
