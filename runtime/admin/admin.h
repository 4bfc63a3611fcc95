/*
 * admin.h - work on a whole database: loading and dumping rows as JSON, NDJSON and CSV, figures of
 * its tables, and rows as tools show them.
 */
#ifndef SGC_ADMIN_ADMIN_H
#define SGC_ADMIN_ADMIN_H

#include "graphql/graphql.h"

typedef enum sgc_load_format {
    SGC_LOAD_JSON = 1, /**< {"Type": [{...}, ...], ...} */
    SGC_LOAD_NDJSON,   /**< one object a line, all of one table */
    SGC_LOAD_CSV,      /**< RFC 4180 with a header line of field names, one table */
} sgc_load_format;

/** Where the text comes from: read() fills up to size bytes, *got == 0 at the end. */
typedef struct sgc_load_source {
    void *context;
    sgc_status (*read)(void *context, char *data, size_t size, size_t *got);
    /** Goes back to the first byte; NULL: it can be read only once. */
    sgc_status (*rewind)(void *context);
} sgc_load_source;

typedef struct sgc_load_text_options {
    sgc_load_format format;
    const char *name; /**< of the text in messages: "people.csv:3: ..."; NULL: "line 3: ..." */
    sgc_str table;    /**< NDJSON and CSV: GraphQL type name */
    bool upsert;      /**< rows whose key exists are replaced field by field; else SGC_EXISTS */
    uint64_t batch;   /**< rows a transaction; 0: all of it is one atomic transaction */
    /** Called now and then, may be NULL: rows so far and bytes consumed. */
    void (*progress)(void *context, uint64_t rows, uint64_t bytes);
    void *progress_context;
} sgc_load_text_options;

/**
 * Loads rows: past the MemTables (sgc_load) when none of the tables that the text names, with the
 * links of their rows, holds rows, and neither upsert nor batch is asked for; else in transactions.
 * JSON that can be read only once goes past the MemTables when no table at all holds rows. Every
 * value is checked; error->text names line and field of the first bad one (of a reference to a row
 * that is not there, and past the MemTables of rows with the same key or unique values: when all
 * rows have been read), and nothing of its load or transaction stays. counts[table_count] receives
 * rows by table position.
 * Relations are given by id (`author: "u1"` or `authorId: "u1"`, `friends: ["a", "b"]`), in any
 * order of rows within one transaction. An upsert adds links and removes none, since both ends of
 * a relation may name them.
 */
SGC_CHECK sgc_status sgc_load_text(sgc_db *db, const sgc_load_source *source,
                                   const sgc_load_text_options *options, uint64_t *counts,
                                   sgc_error *error);
/** A source over text in memory: *text is consumed. */
sgc_load_source sgc_load_source_text(sgc_str *text);

/** Receives pieces of a dump. */
typedef sgc_status sgc_dump_sink(void *context, sgc_str piece);
typedef struct sgc_dump_options {
    sgc_load_format format;
    sgc_str table;     /**< null (JSON only): all tables */
    sgc_moment moment; /**< zero: now */
    sgc_dump_sink *sink;
    void *context;
} sgc_dump_options;
/** Writes rows so that sgc_load_text() takes them back. */
SGC_CHECK sgc_status sgc_dump(sgc_db *db, const sgc_dump_options *options, sgc_error *error);
/** Says why sgc_begin_read() refused a moment; returns status. */
sgc_status sgc_moment_failed(sgc_db *db, sgc_moment moment, sgc_status status, sgc_error *error);

/* ---- figures of a table (analyze.c) ---- */

typedef struct sgc_field_figures {
    uint64_t nulls, distinct; /**< distinct: values that are not null */
    bool estimated;           /**< distinct is estimated (HyperLogLog, about 1 % off) */
    sgc_str least, greatest;  /**< as JSON; null: no value, or none that has an order */
} sgc_field_figures;

typedef struct sgc_table_figures {
    uint64_t rows, bytes;       /**< bytes of the records */
    uint64_t shortest, longest; /**< record */
    sgc_field_figures *fields;  /**< by position */
    sgc_tree_figures row_pages; /**< of the newest checkpoint, as all that follow */
    sgc_tree_figures hash;      /**< the index of keys */
    sgc_tree_figures *indexes;  /**< by position */
} sgc_table_figures;

/** Most different values of a field that are counted exactly. */
enum { SGC_DISTINCT_EXACT = 1 << 16 };

/** Called now and then, may be NULL. */
typedef void sgc_progress(void *context, uint64_t done, uint64_t total);
/** Reads every row of a table once. Lists and texts of the figures live in arena. */
SGC_CHECK sgc_status sgc_analyze(sgc_txn *txn, uint16_t table, sgc_progress *progress,
                                 void *context, sgc_arena *arena, sgc_table_figures *figures,
                                 sgc_error *error);

/* ---- rows as tools show them (show.c): SGC_NO_MEMORY, SGC_CORRUPT ---- */

/** Members of a row's JSON object; a field that `other` (may be NULL) has otherwise gets a star. */
void sgc_show_fields(const sgc_schema *schema, const sgc_table *table, const sgc_value *values,
                     const sgc_value *other, sgc_buf *out);
/** A record as a JSON object, a null one as null; stars as above when `other` is not null. */
SGC_CHECK sgc_status sgc_show_row(const sgc_schema *schema, const sgc_table *table, sgc_str record,
                                  sgc_str other, sgc_arena *scratch, sgc_buf *out);
/** "age: 3 -> 4, name: "A" -> "B"" */
SGC_CHECK sgc_status sgc_show_changed(const sgc_schema *schema, const sgc_table *table,
                                      sgc_str before, sgc_str after, sgc_arena *scratch,
                                      sgc_buf *out);
/** A primary key as JSON. A link is a list of two; only then its record is looked at. */
SGC_CHECK sgc_status sgc_show_key(const sgc_schema *schema, const sgc_table *table, sgc_str key,
                                  sgc_str record, sgc_arena *scratch, sgc_buf *out);

#endif
