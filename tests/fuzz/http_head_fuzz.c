/*
 * http_head_fuzz.c - heads of requests: an accepted head ends where its bytes end, stays inside the
 * input, and no shorter piece of it is a head too.
 */
#include "http/head.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 4096 };

static void inside(sgc_str input, sgc_str part)
{
    if (!part.data || part.size == 0) return;
    if (part.size == 1 && part.data[0] == '/') return; /* the path of OPTIONS * is a constant */
    if (part.data < input.data || part.data + part.size > input.data + input.size) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1); /* of exactly this size: reading beyond it is found */
    sgc_http_head head, again;

    if (!copy) return 0;
    memcpy(copy, data, size);
    sgc_str input = sgc_str_of(copy, size);
    int result = sgc_http_head_parse(input, LIMIT, &head);
    if (result != 0 && result != 1 && (result < 400 || result > 505)) abort();
    if (result == 0) {
        if (head.size > size || head.size < 4) abort();
        inside(input, head.method);
        inside(input, head.path);
        inside(input, head.query);
        inside(input, head.host);
        inside(input, head.origin);
        inside(input, head.content_type);
        for (unsigned i = 0; i < head.accept_count; i++)
            inside(input, head.accept[i]);
        inside(input, head.authority);
        if (head.has_length && head.chunked) abort();
        if (sgc_http_head_parse(sgc_str_of(copy, head.size), LIMIT, &again) != 0) abort();
        if (sgc_http_head_parse(sgc_str_of(copy, head.size - 1), LIMIT, &again) == 0) abort();
    }
    free(copy);
    return 0;
}
