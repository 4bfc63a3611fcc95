/*
 * admin.h - work on a whole database: loading and dumping rows as JSON, NDJSON and CSV.
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
} sgc_load_source;

typedef struct sgc_load_options {
    sgc_load_format format;
    const char *name; /**< of the text in messages: "people.csv:3: ..."; NULL: "line 3: ..." */
    sgc_str table;    /**< NDJSON and CSV: GraphQL type name */
    bool upsert;      /**< rows whose key exists are replaced field by field; else SGC_EXISTS */
    uint64_t batch;   /**< rows a transaction; 0: all of it is one atomic transaction */
    /** Called now and then, may be NULL: rows so far and bytes consumed. */
    void (*progress)(void *context, uint64_t rows, uint64_t bytes);
    void *progress_context;
} sgc_load_options;

/**
 * Loads rows. Every value is checked; error->text names line and field of the first bad one (of a
 * reference to a row that is not there: when its transaction ends), and
 * nothing of its transaction stays. counts[table_count] receives rows by table position.
 * Relations are given by id (`author: "u1"` or `authorId: "u1"`, `friends: ["a", "b"]`), in any
 * order of rows within one transaction. An upsert adds links and removes none, since both ends of
 * a relation may name them.
 */
SGC_CHECK sgc_status sgc_load(sgc_db *db, const sgc_load_source *source,
                              const sgc_load_options *options, uint64_t *counts, sgc_error *error);
/** A source over text in memory: *text is consumed. */
sgc_load_source sgc_load_source_text(sgc_str *text);

/** Receives pieces of a dump. */
typedef sgc_status sgc_dump_sink(void *context, sgc_str piece);
/** Writes rows so that sgc_load() takes them back; table null (JSON only): all tables. */
SGC_CHECK sgc_status sgc_dump(sgc_db *db, sgc_load_format format, sgc_str table,
                              sgc_dump_sink *sink, void *context, sgc_error *error);

#endif
