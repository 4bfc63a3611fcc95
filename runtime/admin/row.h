/*
 * row.h - private to admin: one row from JSON into a transaction or a load, the part that every
 * load format shares.
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
    sgc_load *load;          /**< rows go past the MemTables; NULL: they go in transactions */
    bool again;              /**< the text must be read again: its rows are for a transaction */
    sgc_writer writer;       /**< .txn: NULL between transactions, or the load's */
    sgc_arena arena;         /**< of the current row */
    uint64_t rows;           /**< so far */
    uint64_t pending;        /**< in the open transaction */
    uint64_t committed;      /**< rows of batches that stay whatever comes */
    sgc_row_origin *origins; /**< of those rows in the open transaction that name others */
    size_t origin_count, origin_capacity;
    uint64_t line; /**< of the row at hand, or of what failed; 0: nowhere in the text */
} sgc_loader;

/** Chooses the way: transactions when `again`, or when the options need them. */
SGC_CHECK sgc_status sgc_loader_start(sgc_loader *loader, bool again, sgc_error *error);
/**
 * Rows of this table will come, and links of its rows. When one of these tables holds rows,
 * transactions take over; SGC_EXISTS with loader->again when rows were put already.
 */
SGC_CHECK sgc_status sgc_loader_take(sgc_loader *loader, uint16_t table, sgc_error *error);
/** Makes loader->writer ready for the row on loader->line. */
SGC_CHECK sgc_status sgc_loader_begin(sgc_loader *loader, sgc_error *error);
/** The row on loader->line names others, which may turn out not to be there. */
SGC_CHECK sgc_status sgc_loader_note(sgc_loader *loader, uint16_t table, sgc_str key);

/** Inserts or upserts the row that a JSON object describes, which stands on this line. */
SGC_CHECK sgc_status sgc_loader_row(sgc_loader *loader, uint16_t table, const sgc_json *object,
                                    uint64_t line, sgc_error *error);
/** Commits what is pending; loader->line says where the row stands that could not stay. */
SGC_CHECK sgc_status sgc_loader_commit(sgc_loader *loader, sgc_error *error);
/** Forgets what is pending and frees the loader. */
void sgc_loader_end(sgc_loader *loader);

#endif
