/*
 * query.h - plans and the operators that run them: shared by GraphQL and, later, SQL. A caller
 * describes rows by predicates and orders over the schema model; what is read, by which index and
 * in which batches, is decided here; and the one way in which a row is put together and written.
 * No GraphQL types.
 */
#ifndef SGC_QUERY_QUERY_H
#define SGC_QUERY_QUERY_H

#include "txn/txn.h"

/** "No limit". */
#define SGC_NO_LIMIT UINT64_MAX

/** Three-valued logic: only SGC_TRUE keeps a row. */
typedef enum sgc_truth {
    SGC_FALSE = 0,
    SGC_TRUE = 1,
    SGC_UNKNOWN = 2,
} sgc_truth;

typedef enum sgc_test {
    SGC_TEST_CONSTANT, /**< `constant` */
    SGC_TEST_AND,
    SGC_TEST_OR,
    SGC_TEST_NOT,
    SGC_TEST_NULL, /**< the field is null; never unknown */
    SGC_TEST_EQ,   /**< comparisons of `field` with values[0] */
    SGC_TEST_LT,
    SGC_TEST_LE,
    SGC_TEST_GT,
    SGC_TEST_GE,
    SGC_TEST_IN, /**< one of values, which ascend */
    SGC_TEST_LIKE,
    SGC_TEST_ILIKE,
    SGC_TEST_PREFIX,
    SGC_TEST_SUFFIX,
    SGC_TEST_CONTAINS,
    SGC_TEST_HAS,     /**< the list field holds values[0] */
    SGC_TEST_EMPTY,   /**< the list field has no elements */
    SGC_TEST_RELATED, /**< to-one: the row behind `relation` passes the child; false without one */
    SGC_TEST_SOME,    /**< to-many: some related row passes the child */
    SGC_TEST_EVERY,
    SGC_TEST_COUNT, /**< the number of related rows passes the child, whose `field` is SGC_NONE */
} sgc_test;

/** A node of a filter over the rows of one table. Build with the functions below. */
typedef struct sgc_predicate {
    sgc_test test;
    sgc_truth constant;
    bool local;        /**< needs nothing but the record */
    uint16_t field;    /**< position in the table; SGC_NONE: the value itself, under COUNT */
    uint16_t relation; /**< position in the table */
    const sgc_value *values;
    size_t value_count;
    struct sgc_predicate *first; /**< children */
    struct sgc_predicate *next;
} sgc_predicate;

/** NULL when memory is out, everywhere. */
sgc_predicate *sgc_predicate_constant(sgc_arena *arena, sgc_truth truth);
/** A test of a field; values are borrowed. IN sorts its values in place; none of them may be null.
 */
sgc_predicate *sgc_predicate_field(sgc_arena *arena, sgc_test test, uint16_t field,
                                   sgc_value *values, size_t count);
sgc_predicate *sgc_predicate_related(sgc_arena *arena, sgc_test test, uint16_t relation,
                                     sgc_predicate *child);
/** AND, OR and NOT: adds child to parent, whose order of children is kept. */
sgc_predicate *sgc_predicate_group(sgc_arena *arena, sgc_test test);
void sgc_predicate_add(sgc_predicate *parent, sgc_predicate *child);

/** One key of an ORDER BY. */
typedef struct sgc_order {
    uint16_t field;    /**< SGC_NONE when it goes through a relation */
    uint16_t relation; /**< to-one: `inner` orders the row behind it; to-many: the number of rows */
    const struct sgc_order *inner;
    bool descending;
    bool nulls_first;
} sgc_order;

/** Which rows, in which order, how many. Every order ends with the key, ascending. */
typedef struct sgc_slice {
    const sgc_predicate *where; /**< NULL: all */
    const sgc_order *orders;
    size_t order_count;
    uint64_t offset, limit;
} sgc_slice;

/** One running request. */
typedef struct sgc_query {
    sgc_txn *txn;
    const sgc_schema *schema;
    sgc_arena *arena;   /**< results live here */
    sgc_arena scratch;  /**< of one row at a time; end with sgc_query_end() */
    uint64_t rows_left; /**< rows that may still be kept; SGC_LIMIT behind it */
} sgc_query;
void sgc_query_end(sgc_query *query);

/** Rows of one table. */
typedef struct sgc_row_set {
    sgc_str *records;
    size_t count;
    size_t capacity;
} sgc_row_set;

/** The rows of a table that a slice describes. */
SGC_CHECK sgc_status sgc_select(sgc_query *query, uint16_t table, const sgc_slice *slice,
                                sgc_row_set *rows);
/** Truth of a predicate for each of count records, in one batch. */
SGC_CHECK sgc_status sgc_predicate_eval(sgc_query *query, uint16_t table,
                                        const sgc_predicate *predicate, const sgc_str *records,
                                        size_t count, uint8_t *truth);

/** Rows behind a relation, for many parents at once. */
typedef struct sgc_related {
    sgc_str *records; /**< every row once */
    uint16_t *tables; /**< the table of each; NULL when all are the relation's target */
    size_t count;
    uint32_t
        *rows; /**< positions in records: those of parent i are rows[starts[i]..starts[i + 1]) */
    uint32_t *starts;
} sgc_related;

/** One batch look-up for all parents; the slice holds for each parent by itself. */
SGC_CHECK sgc_status sgc_related_read(sgc_query *query, uint16_t table, uint16_t relation,
                                      const sgc_str *parents, size_t parent_count,
                                      const sgc_slice *slice, sgc_related *related);
/** How many rows stand behind a to-many relation, for each parent. */
SGC_CHECK sgc_status sgc_related_count(sgc_query *query, uint16_t table, uint16_t relation,
                                       const sgc_str *parents, size_t parent_count,
                                       int64_t *counts);
/** Orders the `count` positions by their records' sort keys; see sgc_sort_keys_make(). */
typedef struct sgc_sort_keys {
    const sgc_order *orders;
    size_t order_count;
    sgc_value *values;         /**< order_count + 1 for each record, the last is the primary key */
    const sgc_str *type_names; /**< breaks ties before the primary key; NULL: one table */
} sgc_sort_keys;
SGC_CHECK sgc_status sgc_sort_keys_make(sgc_query *query, uint16_t table, const sgc_order *orders,
                                        size_t order_count, const sgc_str *records, size_t count,
                                        sgc_sort_keys *keys);
SGC_CHECK sgc_status sgc_sort(sgc_query *query, const sgc_sort_keys *keys, uint32_t *positions,
                              size_t count);

/** A copy of a cursor's record that stays. .data == NULL when memory is out. */
sgc_str sgc_record_keep(sgc_query *query, sgc_str record);
/** Appends a record to rows; SGC_LIMIT when the request has kept too many. */
SGC_CHECK sgc_status sgc_row_set_add(sgc_query *query, sgc_row_set *rows, sgc_str record);

/* ---- writing rows (row.c) ---- */

/** Writes rows into a transaction; start with txn, schema and arena. */
typedef struct sgc_writer {
    sgc_txn *txn;
    const sgc_schema *schema;
    sgc_arena *arena;    /**< drafts and records live here */
    sgc_error error;     /**< words of what was refused last */
    sgc_str type, field; /**< where it lies; null when nowhere */
} sgc_writer;
/** Refuses a value: "Type.field: words". Returns status. */
sgc_status sgc_writer_refuse(sgc_writer *writer, sgc_status status, const sgc_table *table,
                             sgc_str field, const char *words);
/** Takes over the words and the place of a failure of the transaction; returns status. */
sgc_status sgc_writer_failed(sgc_writer *writer, sgc_status status);

/** A row that is being put together: values by slot, and which of them somebody gave. */
typedef struct sgc_draft {
    uint16_t table;
    const sgc_table *model;
    sgc_value *values;
    bool *given;
} sgc_draft;
/** A new row, nothing given. */
SGC_CHECK sgc_status sgc_draft_new(sgc_writer *writer, uint16_t table, sgc_draft *draft);
/** A stored row that is to be changed; record must stay where it is. */
SGC_CHECK sgc_status sgc_draft_of(sgc_writer *writer, uint16_t table, sgc_str record,
                                  sgc_draft *draft);
void sgc_draft_set(sgc_draft *draft, uint16_t field, sgc_value value);
static inline sgc_value *sgc_draft_value(const sgc_draft *draft, uint16_t field)
{
    return &draft->values[draft->model->fields[field].slot];
}
/** One stored field from its input. Null for a key that can be made here means just that. */
SGC_CHECK sgc_status sgc_draft_take(sgc_writer *writer, sgc_draft *draft, uint16_t field,
                                    const sgc_json *json);
/** Makes the key when none was given, fills defaults, and inserts the row. */
SGC_CHECK sgc_status sgc_draft_insert(sgc_writer *writer, sgc_draft *draft, sgc_key *key,
                                      sgc_str *record);
/**
 * Writes the draft over *record, the stored one, unless nothing changed. Sets @updatedAt, if it was
 * not given.
 */
SGC_CHECK sgc_status sgc_draft_update(sgc_writer *writer, sgc_draft *draft, sgc_str *record);
/** The row that an id means. SGC_NOT_FOUND, with no words. */
SGC_CHECK sgc_status sgc_writer_find(sgc_writer *writer, uint16_t table, const sgc_json *id,
                                     sgc_key *key, sgc_str *record);
/** Links the row `own` with the row `other` through a relation of own's table. */
SGC_CHECK sgc_status sgc_writer_link(sgc_writer *writer, const sgc_relation *relation,
                                     const sgc_key *own, const sgc_key *other);

#endif
