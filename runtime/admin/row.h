/*
 * row.h - one row from JSON into a transaction: the part that every load format shares.
 */
#ifndef SGC_ADMIN_ROW_H
#define SGC_ADMIN_ROW_H

#include "admin/admin.h"

/** Where a row that names others came from, in case they turn out not to be there. */
typedef struct sgc_row_origin {
    uint64_t hash; /**< of table and key */
    uint64_t line;
} sgc_row_origin;

/** A load in progress. */
typedef struct sgc_loader {
    sgc_db *db;
    const sgc_schema *schema;
    const sgc_load_text_options *options;
    uint64_t *counts;
    sgc_writer writer;       /**< .txn: NULL between transactions */
    sgc_arena arena;         /**< of the current row */
    uint64_t rows;           /**< so far */
    uint64_t pending;        /**< in the open transaction */
    uint64_t committed;      /**< rows of batches that stay whatever comes */
    sgc_row_origin *origins; /**< of those rows in the open transaction that name others */
    size_t origin_count, origin_capacity;
    uint64_t line; /**< of what failed; 0: nowhere in the text */
} sgc_loader;

/** Inserts or upserts the row that a JSON object describes, which stands on this line. */
SGC_CHECK sgc_status sgc_loader_row(sgc_loader *loader, uint16_t table, const sgc_json *object,
                                    uint64_t line, sgc_error *error);
/** Commits what is pending; loader->line says where the row stands that could not stay. */
SGC_CHECK sgc_status sgc_loader_commit(sgc_loader *loader, sgc_error *error);
/** Forgets what is pending and frees the loader. */
void sgc_loader_end(sgc_loader *loader);

#endif
