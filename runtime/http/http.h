/*
 * http.h - the HTTP/1.1 front door: the endpoints of one database over the event loops of net.
 */
#ifndef SGC_HTTP_HTTP_H
#define SGC_HTTP_HTTP_H

#include "admin/admin.h"
#include "net/net.h"

typedef struct sgc_http_options {
    sgc_net_options net;
    size_t head_limit; /**< bytes of a request's head; 0: 16 KB */
    size_t body_limit; /**< bytes of a body; 0: 8 MB */
    size_t load_limit; /**< bytes of a body of /schema/data; 0: 256 MB */
    /** Bytes of bodies that are not complete yet, all connections together; 0: a quarter of memory.
     */
    size_t pending_limit;
    bool fixed_schema; /**< a generated server: /schema/load answers 409 */
    void *user;        /**< handed to resolvers */
    /** Told what a client is not: why a request failed inside. Any thread; NULL: nobody is. */
    void (*report)(void *user, const char *words);
} sgc_http_options;

typedef struct sgc_http_server sgc_http_server;

/** Serves db until stopped; db must outlive the server. */
SGC_CHECK sgc_status sgc_http_start(sgc_db *db, const sgc_http_options *options,
                                    sgc_http_server **server, sgc_error *error);
uint16_t sgc_http_port(const sgc_http_server *server);
/** Stops accepting, finishes what is being answered (at most grace_us), frees. */
void sgc_http_stop(sgc_http_server *server, uint64_t grace_us);

#endif
