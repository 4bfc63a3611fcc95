/*
 * head.re - scans the head of an HTTP/1.1 request (re2c). The scanner runs only over a head that is
 * known to end with a blank line, and no rule crosses a line, so it cannot leave the input.
 */
#include "http/head.h"

/*!re2c
    re2c:define:YYCTYPE = "unsigned char";
    re2c:define:YYCURSOR = at;
    re2c:define:YYMARKER = marker;
    re2c:yyfill:enable = 0;
    re2c:tags = 1;

    crlf   = "\r\n";
    token  = [!#$%&'*+\-.^_`|~0-9A-Za-z]+;
    target = [\x21-\x7e]+;
    ows    = [ \t]*;
    text   = [\x21-\x7e\x80-\xff];
    value  = text+ ([ \t]+ text+)*;
    digits = [0-9]{1,18};
*/

typedef const unsigned char *cursor;

static sgc_str slice(cursor from, cursor to)
{
    return sgc_str_of((const char *)from, (size_t)(to - from));
}

/* Case-insensitive comparison with a lower-case name. */
static bool is(sgc_str text, const char *name)
{
    size_t i = 0;

    for (; i < text.size && name[i]; i++) {
        char c = text.data[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c + ('a' - 'A'));
        if (c != name[i]) return false;
    }
    return i == text.size && !name[i];
}

/* ---- request line ---- */

/* Origin form, absolute form (of http) or * for OPTIONS. */
static int split_target(sgc_str target, sgc_http_head *head)
{
    enum { SCHEME = 7 }; /* http:// */
    size_t start = 0;

    if (target.size > SCHEME && is(sgc_str_of(target.data, SCHEME), "http://")) {
        start = SCHEME;
        while (start < target.size && target.data[start] != '/' && target.data[start] != '?')
            start++;
        head->authority = sgc_str_of(target.data + SCHEME, start - SCHEME);
    }
    sgc_str rest = sgc_str_of(target.data + start, target.size - start);
    if (sgc_str_eq(rest, SGC_STR("*")) && sgc_str_eq(head->method, SGC_STR("OPTIONS"))) {
        head->path = SGC_STR("/");
        return 0;
    }
    if (rest.size == 0 || rest.data[0] != '/' || memchr(rest.data, '#', rest.size)) return 400;
    const char *mark = memchr(rest.data, '?', rest.size);
    head->path = sgc_str_of(rest.data, mark ? (size_t)(mark - rest.data) : rest.size);
    if (mark) head->query = sgc_str_of(mark + 1, rest.size - head->path.size - 1);
    return 0;
}

static int request_line(cursor *cursor_in, sgc_http_head *head)
{
    cursor at = *cursor_in, marker, m1, m2, t1, t2, v;
    /*!stags:re2c format = 'cursor @@;\n'; */

    /*!re2c
        @m1 token @m2 " " @t1 target @t2 " HTTP/" @v [0-9] "." [0-9] crlf {
            *cursor_in = at;
            head->method = slice(m1, m2);
            if (v[0] != '1') return 505;
            head->minor = v[2] == '0' ? 0 : 1;
            head->keep_alive = head->minor == 1;
            return split_target(slice(t1, t2), head);
        }
        * { return 400; }
    */
}

/* ---- header fields ---- */

typedef struct seen_fields {
    bool host, length, encoding, type, origin, expect, as_of;
} seen_fields;

/* A field that may come once only. */
static int once(bool *flag, sgc_str *out, sgc_str value)
{
    if (*flag) return 400;
    *flag = true;
    *out = value;
    return 0;
}

static int content_length(seen_fields *seen, sgc_str value, sgc_http_head *head)
{
    if (seen->length || value.size == 0 || value.size > 18) return 400;
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') return 400;
        head->content_length = head->content_length * 10 + (uint64_t)(value.data[i] - '0');
    }
    seen->length = head->has_length = true;
    return 0;
}

static int host(seen_fields *seen, sgc_str value, sgc_http_head *head)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  ".-_~:[]%";

    for (size_t i = 0; i < value.size; i++)
        if (!memchr(allowed, value.data[i], sizeof allowed - 1)) return 400;
    return once(&seen->host, &head->host, value);
}

/* close and keep-alive are the only members of the list that mean something here. */
static void connection(sgc_str value, sgc_http_head *head)
{
    const char *at = value.data, *end = value.data + value.size;

    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma ? comma : end;
        while (at < stop && (*at == ' ' || *at == '\t')) at++;
        size_t size = (size_t)(stop - at);
        while (size && (at[size - 1] == ' ' || at[size - 1] == '\t')) size--;
        if (is(sgc_str_of(at, size), "close")) head->keep_alive = false;
        at = stop + 1;
    }
}

static int field(sgc_str name, sgc_str value, seen_fields *seen, sgc_http_head *head)
{
    sgc_str ignored;

    if (is(name, "host")) return host(seen, value, head);
    if (is(name, "content-length")) return content_length(seen, value, head);
    if (is(name, "transfer-encoding")) {
        if (seen->encoding) return 400;
        seen->encoding = head->chunked = true;
        return is(value, "chunked") ? 0 : 501;
    }
    if (is(name, "content-type")) return once(&seen->type, &head->content_type, value);
    if (is(name, "origin")) return once(&seen->origin, &head->origin, value);
    if (is(name, "x-sgc-as-of")) return once(&seen->as_of, &head->as_of, value);
    if (is(name, "accept")) {
        if (head->accept_count == SGC_HTTP_ACCEPTS) return 400;
        head->accept[head->accept_count++] = value;
        return 0;
    }
    if (is(name, "connection")) connection(value, head);
    if (is(name, "expect")) {
        head->expect_continue = true;
        return is(value, "100-continue") ? once(&seen->expect, &ignored, value) : 417;
    }
    return 0;
}

static int header_field(cursor *cursor_in, seen_fields *seen, sgc_http_head *head)
{
    cursor at = *cursor_in, marker, n1, n2, v1, v2;
    /*!stags:re2c format = 'cursor @@;\n'; */

    /*!re2c
        @n1 token @n2 ":" ows @v1 value @v2 ows crlf {
            *cursor_in = at;
            return field(slice(n1, n2), slice(v1, v2), seen, head);
        }
        @n1 token @n2 ":" ows crlf {
            *cursor_in = at;
            return field(slice(n1, n2), SGC_STR(""), seen, head);
        }
        * { return 400; }
    */
}

/* ---- the whole head ---- */

/* Size of the head with its blank line; 0: not complete; SIZE_MAX: a line ends in a bare LF. */
static size_t find_end(sgc_str input)
{
    const char *at = input.data, *end = input.data + input.size;
    const char *line = at;

    while ((at = memchr(at, '\n', (size_t)(end - at)))) {
        if (at == input.data || at[-1] != '\r') return SIZE_MAX;
        if (at - 1 == line && line != input.data) return (size_t)(at + 1 - input.data);
        line = ++at;
    }
    return 0;
}

int sgc_http_head_parse(sgc_str input, size_t limit, sgc_http_head *head)
{
    seen_fields seen = {0};
    sgc_str shown = sgc_str_of(input.data, input.size < limit ? input.size : limit);
    size_t size = find_end(shown);

    if (size == SIZE_MAX) return 400;
    if (size == 0) return input.size >= limit ? 431 : 1;
    *head = (sgc_http_head){.size = size};
    cursor at = (cursor)input.data, blank = at + size - 2;
    int refused = request_line(&at, head);
    while (refused == 0 && at < blank) refused = header_field(&at, &seen, head);
    if (refused) return refused;
    if (at != blank) return 400;
    if (seen.length && seen.encoding) return 400;
    if (seen.encoding && head->minor == 0) return 400;
    if (!seen.host && head->minor == 1) return 400;
    /* Two names for the server: a proxy in front may have believed the other one. */
    if (head->authority.data && seen.host && !sgc_str_eq(head->authority, head->host)) return 400;
    return 0;
}
