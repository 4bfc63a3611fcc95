/*
 * execute.h - private to graphql: one running request. load.c fetches level by level, history.c
 * versions of rows, mutate.c changes rows, write.c and meta.c write JSON, asof.c knows the moments
 * that are read, request.c puts it all together.
 */
#ifndef SGC_GRAPHQL_EXECUTE_H
#define SGC_GRAPHQL_EXECUTE_H

#include "graphql/filter.h"

/** A place in the answer: a key, or an index where the key is null. */
typedef struct sgc_path {
    const struct sgc_path *parent;
    sgc_str key;
    size_t index;
} sgc_path;

/** A version of a row. */
typedef struct sgc_shown_version {
    sgc_op op;
    uint64_t begin, end;      /**< sequences; SGC_OPEN: still true */
    uint64_t time_us, end_us; /**< when; end_us 0: to be looked up */
    sgc_str record;           /**< null: a delete, or nobody asks for it */
} sgc_shown_version;

/** Versions of the rows of a level: those of row i are versions[starts[i]..starts[i + 1]). */
typedef struct sgc_version_list {
    sgc_shown_version *versions;
    size_t count;
    uint32_t *starts;
} sgc_version_list;

/** Where the row of a version was put when what is below it was fetched. */
typedef struct sgc_node_place {
    const struct sgc_node_state *state;
    uint32_t place;
} sgc_node_place;

/** What was fetched for one field of the plan, for all its parents together. */
typedef struct sgc_loaded {
    sgc_status status; /**< not SGC_OK: every parent's field is an error with these words */
    sgc_str message;
    sgc_str type, field; /**< where the error lies; null: the field itself */
    sgc_related rows;
    uint32_t *places; /**< of each row within its table's set; NULL: its own position */
    uint64_t affected;
    const sgc_json *arguments;
    sgc_txn *txn; /**< of a root field with a moment of its own; NULL: the usual */
    const sgc_version_list *history; /**< of a field that answers versions */
    sgc_node_place *nodes;           /**< of `node`, for each version */
} sgc_loaded;

typedef struct sgc_execution {
    const sgc_api *api;
    const sgc_schema *schema;
    sgc_db *db;
    const sgc_ast_definition *operation;
    sgc_moment moment; /**< of an operation that does not say */
    bool writes;       /**< a mutation */
    sgc_txn *now;      /**< the request's own: commits, and sees the head */
    sgc_txn *usual;    /**< of root fields that do not say when */
    sgc_txn *txn;      /**< in use: of the root field or the version that is worked on */
    sgc_txn **moments; /**< opened for moments, by sequence */
    size_t moment_count, moment_capacity;
    uint64_t sequence; /**< the newest that the answer shows */
    sgc_query query;
    sgc_arena arena; /**< of this attempt */
    const sgc_plan *plan;
    sgc_variables variables;
    const sgc_source *source;
    sgc_loaded *loaded; /**< by sgc_plan_field.id */
    sgc_buf *out;
    size_t out_start;
    sgc_buf errors; /**< JSON objects, comma between them */
    size_t error_count;
    bool root_failed;  /**< an error stands at a root field: a mutation is undone */
    sgc_status fatal;  /**< the request cannot go on: no answer but this */
    bool has_errors;   /**< beside data */
    bool retry;        /**< SGC_CONFLICT: the whole request again */
    sgc_error refusal; /**< words of what is wrong with the operation itself; at its directive */
    sgc_error *failure; /**< of the request; may be NULL */
    void *user;
} sgc_execution;

/** Longest answer and most rows of one request. */
#define SGC_ANSWER_MAX ((size_t)128 << 20)
#define SGC_ROWS_MAX   ((uint64_t)10000000)
#define SGC_ROWS_WORDS "the request reads more than 10,000,000 rows"

/* ---- request.c: errors ---- */

/** Adds an error to the answer. place: coordinate as "Type.field"; either may be null. */
void sgc_execution_error(sgc_execution *at, const sgc_plan_field *field, const sgc_path *path,
                         const char *code, sgc_str type, sgc_str name, sgc_str message);
/** True for failures that no part of an answer survives: memory, storage, conflicts. */
bool sgc_execution_is_fatal(sgc_execution *at, sgc_status status);
/** Writes one error object. */
void sgc_error_write(sgc_buf *out, sgc_str message, const sgc_source *source, const sgc_span *spans,
                     size_t span_count, const char *code, const char *rule);

/* ---- load.c ---- */

/** Fetches what a set asks of these rows of its table, and everything below. */
void sgc_load_set(sgc_execution *at, const sgc_plan_set *set, const sgc_str *records, size_t count);
/** Fetches a root field of a query, and everything below. */
void sgc_load_root(sgc_execution *at, const sgc_plan_field *field);
/** Makes rows of one table the field's result, for one parent, and fetches what is below. */
sgc_status sgc_load_rows(sgc_execution *at, const sgc_plan_field *field, const sgc_str *records,
                         size_t count);
/** Fetches what is below a field whose rows are known. */
void sgc_load_below(sgc_execution *at, const sgc_plan_field *field);
/** Notes a failed field; the words are kept. */
void sgc_load_fail(sgc_execution *at, const sgc_plan_field *field, sgc_status status,
                   sgc_str message);
/** The same for a failure of the transaction, whose words and place it takes. */
void sgc_load_fail_txn(sgc_execution *at, const sgc_plan_field *field, sgc_status status);
/** Coerced arguments of a field, NULL after it was noted as failed. */
const sgc_json *sgc_load_arguments(sgc_execution *at, const sgc_plan_field *field,
                                   const char *complete);

/* ---- asof.c ---- */

/** From now on rows are read from this transaction. */
void sgc_asof_use(sgc_execution *at, sgc_txn *txn);
/** The transaction that sees the state after a commit; at most the head. Lives as the attempt. */
SGC_CHECK sgc_status sgc_asof_txn(sgc_execution *at, uint64_t sequence, sgc_txn **txn,
                                  sgc_error *error);
/** Sets at->usual from the operation's @asOf, else from `moment`. */
SGC_CHECK sgc_status sgc_asof_operation(sgc_execution *at, sgc_moment moment, sgc_error *error);
/** The transaction that a root field asks for: that of its asOf, else the usual one. */
SGC_CHECK sgc_status sgc_asof_field(sgc_execution *at, const sgc_json *arguments, sgc_txn **txn,
                                    sgc_error *error);
/** Ends all transactions but at->now. */
void sgc_asof_end(sgc_execution *at);

/* ---- history.c ---- */

/** Fetches the versions of these rows, and everything below. */
void sgc_load_history(sgc_execution *at, const sgc_plan_field *field, const sgc_str *records,
                      size_t count);
/** The same for the root field that names one row. */
void sgc_load_history_of(sgc_execution *at, const sgc_plan_field *field, const sgc_json *arguments);
/**
 * Puts in place what was fetched below `node` for a version, the position-th of its level, whose
 * row then stands at *place. Returns the transaction to go back to with sgc_asof_use().
 */
sgc_txn *sgc_node_enter(sgc_execution *at, const sgc_plan_field *node,
                        const sgc_shown_version *version, size_t position, size_t *place);
/** When a version that has an end ended. */
SGC_CHECK sgc_status sgc_version_ended(sgc_execution *at, const sgc_shown_version *version,
                                       uint64_t *time_us);

/* ---- mutate.c ---- */

/** Runs a root field of a mutation and fetches what is below it. */
void sgc_mutate_root(sgc_execution *at, const sgc_plan_field *field);

/* ---- write.c ---- */

/** Writes the root object; false when null has spread to it. */
bool sgc_write_root(sgc_execution *at, const sgc_plan_set *set);
/** Writes one root field with its key; false when null has spread to it. */
bool sgc_write_root_field(sgc_execution *at, const sgc_plan_field *field);

/* ---- meta.c ---- */

/** Writes the value of __schema or __type. */
bool sgc_write_meta(sgc_execution *at, const sgc_plan_field *field);

#endif
