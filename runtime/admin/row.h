/*
 * row.h - one row from JSON into a transaction: the part that every load format shares.
 */
#ifndef SGC_ADMIN_ROW_H
#define SGC_ADMIN_ROW_H

#include "admin/admin.h"

/** A load in progress. */
typedef struct sgc_loader {
    sgc_db *db;
    const sgc_schema *schema;
    const sgc_load_options *options;
    uint64_t *counts;
    sgc_txn *txn;     /**< NULL between transactions */
    sgc_arena arena;  /**< of the current row */
    uint64_t rows;    /**< so far */
    uint64_t pending; /**< in the open transaction */
} sgc_loader;

/** Inserts or upserts the row that a JSON object describes. */
SGC_CHECK sgc_status sgc_loader_row(sgc_loader *loader, uint16_t table, const sgc_json *object,
                                    sgc_error *error);
/** Commits what is pending. */
SGC_CHECK sgc_status sgc_loader_commit(sgc_loader *loader, sgc_error *error);

#endif
