/*
 * graphql.h - the generated API of a schema (docs/graphql-api.md), and the executor that answers
 * documents against it. HTTP lives above; storage below.
 */
#ifndef SGC_GRAPHQL_GRAPHQL_H
#define SGC_GRAPHQL_GRAPHQL_H

#include "query/query.h"

/** The API of one schema: its type system and where each field's data comes from. Immutable. */
typedef struct sgc_api sgc_api;

/** Builds the API; schema must outlive it. */
SGC_CHECK sgc_status sgc_api_create(const sgc_schema *schema, sgc_api **api, sgc_error *error);
void sgc_api_destroy(sgc_api *api);
const sgc_type_system *sgc_api_types(const sgc_api *api);
/** The served SDL; lives as long as the API. */
sgc_str sgc_api_sdl(const sgc_api *api);

/** One GraphQL request. Texts are borrowed for the call. */
typedef struct sgc_request {
    sgc_str query;
    sgc_str operation_name;    /**< null: the only operation */
    const sgc_json *variables; /**< an object, or NULL */
    bool read_only;            /**< mutations are refused (GET) */
    sgc_moment moment;         /**< what a query without @asOf sees; a mutation takes only now */
    void *user;                /**< handed to resolvers */
    uint64_t *sequence;        /**< gets the newest sequence that the answer shows; may be NULL */
    bool *has_errors;          /**< gets whether a SGC_ANSWER_DATA has errors; may be NULL */
    sgc_error *failure;        /**< gets the words behind a SGC_ANSWER_FAILED, which are for the
                                    one who runs the server, not for clients; may be NULL */
} sgc_request;

/** What kind of answer was written; HTTP chooses its status by it. */
typedef enum sgc_answer {
    SGC_ANSWER_DATA = 0,  /**< executed; `data` is present, perhaps with errors */
    SGC_ANSWER_SYNTAX,    /**< no document: syntax error */
    SGC_ANSWER_INVALID,   /**< the document or its variables are not valid for the schema */
    SGC_ANSWER_READ_ONLY, /**< a mutation where none may be */
    SGC_ANSWER_MOMENT,    /**< request.moment is none that the operation can see */
    SGC_ANSWER_FAILED,    /**< the system failed: no memory, storage damaged */
} sgc_answer;

/** Moments as texts name them: a sequence, or a time in RFC 3339. */
SGC_CHECK sgc_status sgc_asof_sequence(sgc_str text, sgc_moment *moment, sgc_error *error);
SGC_CHECK sgc_status sgc_asof_time(sgc_str text, sgc_moment *moment, sgc_error *error);

/** Runs the request and appends {"data":..} and/or {"errors":[..]} to out. */
sgc_answer sgc_execute(const sgc_api *api, sgc_db *db, const sgc_request *request, sgc_buf *out);

#endif
