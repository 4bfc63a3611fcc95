/*
 * head.h - the head of an HTTP/1.1 request, strictly: what is not exactly right is refused, never
 * repaired (RFC 9112; request smuggling lives in the repairs).
 */
#ifndef SGC_HTTP_HEAD_H
#define SGC_HTTP_HEAD_H

#include "base/base.h"

/** Most Accept fields of one request. */
#define SGC_HTTP_ACCEPTS 4

/** Texts are slices of the input. */
typedef struct sgc_http_head {
    sgc_str method;
    sgc_str path;  /**< as sent, starts with / */
    sgc_str query; /**< behind the ?, null without one */
    sgc_str host, origin, content_type;
    sgc_str as_of;     /**< X-Sgc-As-Of: the moment a query is meant for; null without one */
    sgc_str authority; /**< of a target in absolute form, else null; the same as host */
    sgc_str accept[SGC_HTTP_ACCEPTS]; /**< one list, spread over several fields */
    unsigned accept_count;
    uint64_t content_length;
    bool has_length, chunked, expect_continue, keep_alive;
    uint8_t minor; /**< of HTTP/1.x */
    size_t size;   /**< bytes of the head, blank line included */
} sgc_http_head;

/**
 * 0: the head is complete. 1: more input is needed. Otherwise the HTTP status to refuse with
 * (400, 417, 431, 501, 505). limit: most bytes of a head.
 */
int sgc_http_head_parse(sgc_str input, size_t limit, sgc_http_head *head);

#endif
