/*
 * exchange.h - one request and its response, between the connection (framing) and the endpoints
 * (meaning).
 */
#ifndef SGC_HTTP_EXCHANGE_H
#define SGC_HTTP_EXCHANGE_H

#include "http/head.h"
#include "http/http.h"

#include <stdatomic.h>

/** What is served now. Replaced as a whole by /schema/load. */
typedef struct sgc_http_service {
    sgc_api *api;
    sgc_arena arena; /**< holds a schema that was loaded at run time */
} sgc_http_service;

struct sgc_http_server {
    sgc_db *db;
    sgc_http_options options;
    const sgc_os *os;
    uint64_t started_us; /**< monotonic */
    sgc_net *net;
    bool loopback; /**< only reachable from this machine: Host is checked for local names */
    _Atomic size_t pending; /**< bytes of bodies that are not complete yet */
    sgc_mutex lock;         /**< guards what follows */
    sgc_cond changed;       /**< a replacement may go on, or is over */
    sgc_http_service *service;
    unsigned users; /**< requests that work with `service` or the database's schema */
    bool replacing; /**< one waits for the users to leave; others wait for it to end */
};

/** A server without sockets: for sgc_http_start() and for tests that feed the protocol. */
SGC_CHECK sgc_status sgc_http_create(sgc_db *db, const sgc_http_options *options,
                                     sgc_http_server **server, sgc_error *error);
sgc_net_protocol sgc_http_protocol(sgc_http_server *server);

/**
 * The service in force. Neither it nor the schema of the database changes before
 * sgc_http_service_release(); whatever touches the database lies between the two.
 */
sgc_http_service *sgc_http_service_get(sgc_http_server *server);
void sgc_http_service_release(sgc_http_server *server);
/**
 * Waits until nobody uses the service in force, and gives server and database the new one. Takes
 * `service` over, also on failure.
 */
SGC_CHECK sgc_status sgc_http_service_replace(sgc_http_server *server, sgc_http_service *service,
                                              const sgc_schema *schema, sgc_error *error);
void sgc_http_service_destroy(sgc_http_service *service);

typedef struct sgc_exchange {
    sgc_http_server *server;
    sgc_http_head head;
    sgc_str body;
    sgc_arena *arena;         /**< lives for this request */
    int status;               /**< of the response */
    const char *content_type; /**< NULL: no body */
    const char *allow;        /**< value of Allow, or NULL */
    bool has_sequence;        /**< X-Sgc-Sequence is sent: the newest that the answer shows */
    uint64_t sequence;
    sgc_buf *out; /**< body of the response */
} sgc_exchange;

/** Answers the request: fills status, content_type and out. */
void sgc_http_answer(sgc_exchange *exchange);
/** Most bytes the body of this request may have. */
size_t sgc_http_body_limit(const sgc_http_server *server, const sgc_http_head *head);

/** /graphql and /. */
void sgc_http_graphql(sgc_exchange *exchange);
/** /schema and everything below it. */
void sgc_http_schema(sgc_exchange *exchange);

/* ---- answers ---- */

#define SGC_TYPE_JSON     "application/json; charset=utf-8"
#define SGC_TYPE_RESPONSE "application/graphql-response+json; charset=utf-8"
#define SGC_TYPE_TEXT     "text/plain; charset=utf-8"

void sgc_http_text(sgc_exchange *exchange, int status, const char *text);
/** {"error": text} */
void sgc_http_error(sgc_exchange *exchange, int status, const char *text);
/** 405 with the methods that would have been right. */
void sgc_http_method(sgc_exchange *exchange, const char *allow);
bool sgc_http_is(sgc_exchange *exchange, const char *method);
/** Case-insensitive "type/subtype" of a media type, parameters apart. */
bool sgc_http_media_is(sgc_str media, const char *type);
/** Whether a Content-Type names no charset, or UTF-8. */
bool sgc_http_media_is_utf8(sgc_str media);

#endif
