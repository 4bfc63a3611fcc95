/*
 * connection.c - framing: finds requests in the bytes of a connection, hands them to the endpoints,
 * writes responses behind each other. What a request means is decided elsewhere.
 */
#include "http/exchange.h"

#include <stdio.h>
#include <time.h>

typedef struct state {
    sgc_http_server *server;
    sgc_arena arena;
    sgc_buf body;     /* of a chunked request, decoded so far */
    sgc_buf response; /* body of a response */
    size_t scanned;   /* bytes behind the head that are decoded already */
    bool in_body;     /* the head was complete: 100 Continue was sent if it was asked for */
} state;

static void *opened(void *context)
{
    state *s = sgc_alloc_zero(1, sizeof *s);

    if (s) s->server = context;
    return s;
}

static void closed(void *opaque)
{
    state *s = opaque;

    sgc_arena_free(&s->arena);
    sgc_buf_free(&s->body);
    sgc_buf_free(&s->response);
    sgc_free(s);
}

/* ---- responses ---- */

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } known[] = {
        {100, "Continue"},
        {200, "OK"},
        {204, "No Content"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].status == status) return known[i].text;
    return "";
}

static void date_header(const sgc_os *os, sgc_buf *out)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t now = (time_t)(os->time_us(os->self) / 1000000);
    struct tm utc;

    if (!gmtime_r(&now, &utc)) return;
    sgc_buf_printf(out, "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d GMT\r\n", days + 3 * utc.tm_wday,
                   utc.tm_mday, months + 3 * utc.tm_mon, utc.tm_year + 1900, utc.tm_hour,
                   utc.tm_min, utc.tm_sec);
}

static void write_response(sgc_http_server *server, const sgc_exchange *exchange, bool keep_alive,
                           bool with_body, sgc_buf *out)
{
    sgc_buf_printf(out, "HTTP/1.1 %d %s\r\n", exchange->status, reason(exchange->status));
    date_header(server->os, out);
    if (exchange->content_type)
        sgc_buf_printf(out, "Content-Type: %s\r\nX-Content-Type-Options: nosniff\r\n",
                       exchange->content_type);
    if (exchange->status != 204)
        sgc_buf_printf(out, "Content-Length: %zu\r\n", exchange->out->size);
    if (exchange->allow) sgc_buf_printf(out, "Allow: %s\r\n", exchange->allow);
    if (!keep_alive) sgc_buf_text(out, "Connection: close\r\n");
    sgc_buf_text(out, "\r\n");
    if (with_body) sgc_buf_append(out, exchange->out->data, exchange->out->size);
}

/* The request cannot be understood, so where the next one starts is unknown: close. */
static void refuse(state *s, sgc_net_turn *turn, int status)
{
    sgc_exchange exchange = {.server = s->server, .out = &s->response};

    s->response.size = 0;
    sgc_http_error(&exchange, status, reason(status));
    write_response(s->server, &exchange, false, true, turn->output);
    turn->consumed = turn->input.size;
    turn->close = true;
}

/* ---- bodies ---- */

enum { CHUNK_LINE_LIMIT = 256 };

/* One line of chunk framing without its CRLF: 0 found, 1 more input needed, else a status. */
static int chunk_line(const char *at, size_t left, size_t *size)
{
    const char *newline = memchr(at, '\n', left < CHUNK_LINE_LIMIT ? left : CHUNK_LINE_LIMIT);

    if (!newline) return left >= CHUNK_LINE_LIMIT ? 400 : 1;
    if (newline == at || newline[-1] != '\r') return 400;
    *size = (size_t)(newline - 1 - at);
    return 0;
}

/* Hexadecimal digits only; extensions are refused, since nothing here could obey them. */
static bool chunk_size(const char *at, size_t size, uint64_t *value)
{
    *value = 0;
    if (size == 0 || size > 15) return false;
    for (size_t i = 0; i < size; i++) {
        char c = at[i];
        uint64_t digit;
        if (c >= '0' && c <= '9')
            digit = (uint64_t)(c - '0');
        else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
            digit = (uint64_t)((c | 0x20) - 'a') + 10;
        else
            return false;
        *value = *value << 4 | digit;
    }
    return true;
}

/*
 * Decodes what is there of a chunked body behind the head. 0: complete and *size is what it took;
 * 1: more input needed; else a status. Trailer fields are refused: none has a meaning here.
 */
static int chunked_body(state *s, sgc_str input, size_t limit, size_t *size)
{
    for (;;) {
        const char *at = input.data + s->scanned;
        size_t left = input.size - s->scanned, line;
        uint64_t length;
        int refused = chunk_line(at, left, &line);
        if (refused) return refused;
        if (!chunk_size(at, line, &length)) return 400;
        if (length > limit - s->body.size) return 413;
        left -= line + 2;
        if (left < length + 2) return 1;
        if (memcmp(at + line + 2 + length, "\r\n", 2) != 0) return 400;
        sgc_buf_append(&s->body, at + line + 2, (size_t)length);
        if (s->body.failed) return 500;
        s->scanned += line + 2 + (size_t)length + 2;
        if (length == 0) {
            *size = s->scanned;
            return 0;
        }
    }
}

/* The body of the request at input: 0 and *taken (head and body), 1 more needed, else a status. */
static int find_body(state *s, const sgc_http_head *head, sgc_str input, sgc_str *body,
                     size_t *taken)
{
    size_t limit = sgc_http_body_limit(s->server, head);
    sgc_str rest = sgc_str_of(input.data + head->size, input.size - head->size);
    size_t size = 0;

    *body = SGC_STR("");
    if (head->chunked) {
        int refused = chunked_body(s, rest, limit, &size);
        if (refused) return refused;
        *body = sgc_buf_as_str(&s->body);
    } else if (head->has_length) {
        if (head->content_length > limit) return 413;
        size = (size_t)head->content_length;
        if (rest.size < size) return 1;
        *body = sgc_str_of(rest.data, size);
    }
    *taken = head->size + size;
    return 0;
}

/* ---- one turn ---- */

static void answer(state *s, const sgc_http_head *head, sgc_str body, sgc_net_turn *turn)
{
    bool keep_alive = head->keep_alive && !turn->draining;
    sgc_exchange exchange = {.server = s->server,
                             .head = *head,
                             .body = body,
                             .arena = &s->arena,
                             .status = 500,
                             .out = &s->response};

    s->response.size = 0;
    sgc_http_answer(&exchange);
    if (s->response.failed) {
        sgc_buf_free(&s->response);
        sgc_http_error(&exchange, 500, "out of memory");
        keep_alive = false;
    }
    write_response(s->server, &exchange, keep_alive, !sgc_str_eq(head->method, SGC_STR("HEAD")),
                   turn->output);
    if (!keep_alive) turn->close = true;
    sgc_arena_reset(&s->arena);
    if (s->response.capacity > 64 * 1024) sgc_buf_free(&s->response);
}

/* Answers the request at the front of input. False: it is not complete, or the connection ends. */
static bool one_request(state *s, sgc_net_turn *turn)
{
    sgc_str input =
        sgc_str_of(turn->input.data + turn->consumed, turn->input.size - turn->consumed);
    sgc_http_head head;
    sgc_str body;
    size_t taken;

    if (input.size == 0) {
        turn->phase = SGC_NET_IDLE;
        return false;
    }
    if (turn->phase == SGC_NET_IDLE) turn->requests++;
    if (turn->phase == SGC_NET_IDLE) turn->phase = SGC_NET_HEAD;
    int refused = sgc_http_head_parse(input, s->server->options.head_limit, &head);
    if (refused == 1) return false;
    if (refused == 0) {
        turn->phase = SGC_NET_BODY;
        refused = find_body(s, &head, input, &body, &taken);
    }
    if (refused == 1) {
        if (head.expect_continue && !s->in_body && head.minor == 1)
            sgc_buf_text(turn->output, "HTTP/1.1 100 Continue\r\n\r\n");
        s->in_body = true;
        return false;
    }
    if (refused) {
        refuse(s, turn, refused);
        return false;
    }
    answer(s, &head, body, turn);
    turn->consumed += taken;
    turn->phase = SGC_NET_IDLE;
    s->in_body = false;
    s->scanned = 0;
    sgc_buf_free(&s->body);
    return !turn->close;
}

static void turn(void *opaque, sgc_net_turn *turn)
{
    state *s = opaque;

    while (one_request(s, turn)) {
        if (turn->output->size > turn->output_limit) {
            turn->more = turn->consumed < turn->input.size;
            return;
        }
    }
}

/* ---- the server ---- */

void sgc_http_service_release(sgc_http_service *service)
{
    if (atomic_fetch_sub(&service->references, 1) != 1) return;
    if (service->api) sgc_api_destroy(service->api);
    sgc_arena_free(&service->arena);
    sgc_free(service);
}

sgc_http_service *sgc_http_service_get(sgc_http_server *server)
{
    sgc_mutex_lock(&server->lock);
    sgc_http_service *service = server->service;
    atomic_fetch_add(&service->references, 1);
    sgc_mutex_unlock(&server->lock);
    return service;
}

static void fill_defaults(sgc_http_options *options)
{
    if (options->head_limit == 0) options->head_limit = 16 * 1024;
    if (options->body_limit == 0) options->body_limit = 8 * 1024 * 1024;
    if (options->load_limit == 0) options->load_limit = 256 * 1024 * 1024;
}

static bool is_loopback(const char *address)
{
    return !address || strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

sgc_status sgc_http_start(sgc_db *db, const sgc_http_options *options, sgc_http_server **out,
                          sgc_error *error)
{
    sgc_http_server *server = sgc_alloc_zero(1, sizeof *server);
    sgc_http_service *service = sgc_alloc_zero(1, sizeof *service);

    *out = NULL;
    if (!server || !service) {
        sgc_free(server);
        sgc_free(service);
        return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    }
    atomic_init(&service->references, 1);
    server->db = db;
    server->options = *options;
    fill_defaults(&server->options);
    server->os = sgc_os_posix();
    server->started_us = server->os->monotonic_us(server->os->self);
    server->loopback = is_loopback(options->net.address);
    server->service = service;
    sgc_mutex_init(&server->lock);
    sgc_net_protocol protocol = {server, opened, turn, closed};
    sgc_status status = sgc_api_create(sgc_db_schema(db), &service->api, error);
    if (status == SGC_OK) status = sgc_net_start(&options->net, &protocol, &server->net, error);
    if (status != SGC_OK) {
        sgc_http_stop(server, 0);
        return status;
    }
    *out = server;
    return SGC_OK;
}

uint16_t sgc_http_port(const sgc_http_server *server)
{
    return sgc_net_port(server->net);
}

void sgc_http_stop(sgc_http_server *server, uint64_t grace_us)
{
    if (!server) return;
    sgc_net_stop(server->net, grace_us);
    sgc_http_service_release(server->service);
    sgc_mutex_destroy(&server->lock);
    sgc_free(server);
}
