/*
 * connection.c - framing: finds requests in the bytes of a connection, hands them to the endpoints,
 * writes responses behind each other. What a request means is decided elsewhere.
 */
#include "http/exchange.h"

#include <stdio.h>
#include <time.h>

/* Where a chunked body stands. */
typedef enum chunk_step {
    CHUNK_NONE = 0, /* no chunked body is being read */
    CHUNK_SIZE,
    CHUNK_DATA,
    CHUNK_DATA_END, /* the CRLF behind the data */
    CHUNK_LAST_END, /* the CRLF behind the last chunk */
} chunk_step;

typedef struct state {
    sgc_http_server *server;
    sgc_arena arena;
    sgc_buf response; /* body of a response */
    /* A chunked request is taken over piece by piece; its head stays here. */
    sgc_http_head head;
    sgc_buf head_text, body;
    chunk_step step;
    uint64_t chunk_left;
    bool told;      /* 100 Continue was sent, or need not be */
    size_t pending; /* this connection's part of the server's */
} state;

/* A body up to this size is taken whatever others send. */
enum { SMALL_BODY = 64 * 1024 };

/* Counts what is held of a body that is not complete. False: all bodies together are too much. */
static bool hold(state *s, size_t bytes)
{
    size_t more = bytes - s->pending; /* modulo: less when it shrinks */
    size_t all = atomic_fetch_add(&s->server->pending, more) + more;

    s->pending = bytes;
    return bytes <= SMALL_BODY || all <= s->server->options.pending_limit;
}

static void *opened(void *context)
{
    state *s = sgc_alloc_zero(1, sizeof *s);

    if (s) s->server = context;
    return s;
}

static void closed(void *opaque)
{
    state *s = opaque;

    hold(s, 0);
    sgc_arena_free(&s->arena);
    sgc_buf_free(&s->head_text);
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
    if (exchange->has_sequence)
        sgc_buf_printf(out, "X-Sgc-Sequence: %llu\r\n", (unsigned long long)exchange->sequence);
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

enum { CHUNK_LINE_LIMIT = 18 };

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

/* The line that says how large the next chunk is. */
static int chunk_begin(state *s, sgc_str input, size_t limit, size_t *taken)
{
    size_t line;
    uint64_t length;
    int refused = chunk_line(input.data, input.size, &line);

    if (refused) return refused;
    if (!chunk_size(input.data, line, &length)) return 400;
    if (length > limit - s->body.size) return 413;
    s->chunk_left = length;
    s->step = length ? CHUNK_DATA : CHUNK_LAST_END;
    *taken = line + 2;
    return 0;
}

static int chunk_data(state *s, sgc_str input, size_t *taken)
{
    size_t size = input.size < s->chunk_left ? input.size : (size_t)s->chunk_left;

    sgc_buf_append(&s->body, input.data, size);
    if (s->body.failed) return 500;
    s->chunk_left -= size;
    *taken = size;
    if (s->chunk_left) return 1;
    s->step = CHUNK_DATA_END;
    return 0;
}

/* Trailer fields are refused: none has a meaning here. */
static int chunk_end(state *s, sgc_str input, size_t *taken)
{
    if (input.size < 2) return 1;
    if (memcmp(input.data, "\r\n", 2) != 0) return 400;
    s->step = s->step == CHUNK_DATA_END ? CHUNK_SIZE : CHUNK_NONE;
    *taken = 2;
    return 0;
}

/* Takes what is there of a chunked body: 0 complete, 1 more input needed, else a status. */
static int chunked_body(state *s, sgc_net_turn *turn)
{
    size_t limit = sgc_http_body_limit(s->server, &s->head);
    int result = 0;

    while (result == 0 && s->step != CHUNK_NONE) {
        sgc_str input =
            sgc_str_of(turn->input.data + turn->consumed, turn->input.size - turn->consumed);
        size_t taken = 0;
        if (s->step == CHUNK_SIZE)
            result = chunk_begin(s, input, limit, &taken);
        else if (s->step == CHUNK_DATA)
            result = chunk_data(s, input, &taken);
        else
            result = chunk_end(s, input, &taken);
        turn->consumed += taken;
    }
    return result;
}

/* Moves the head of a chunked request out of the input, so that its body can be taken behind it. */
static int keep_head(state *s, sgc_str head)
{
    s->head_text.size = 0;
    sgc_buf_str(&s->head_text, head);
    if (s->head_text.failed) return 500;
    s->body.size = 0;
    s->step = CHUNK_SIZE;
    return sgc_http_head_parse(sgc_buf_as_str(&s->head_text), SIZE_MAX, &s->head);
}

/* A body that is not chunked stays in the input until it is complete. */
static int plain_body(state *s, const sgc_http_head *head, sgc_str input, sgc_str *body)
{
    if (head->content_length > sgc_http_body_limit(s->server, head)) return 413;
    if (input.size - head->size < head->content_length) return 1;
    *body = sgc_str_of(input.data + head->size, (size_t)head->content_length);
    return 0;
}

/* ---- one turn ---- */

static void respond(state *s, const sgc_http_head *head, sgc_str body, sgc_net_turn *turn)
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

static void tell_to_continue(state *s, const sgc_http_head *head, sgc_net_turn *turn)
{
    if (head->expect_continue && !s->told && head->minor == 1)
        sgc_buf_text(turn->output, "HTTP/1.1 100 Continue\r\n\r\n");
    s->told = true;
}

/* Goes on with the chunked body behind s->head: 0 answered, 1 more input needed, else a status. */
static int go_on(state *s, sgc_net_turn *turn)
{
    int refused = chunked_body(s, turn);

    if (refused == 1 && !hold(s, s->body.size)) return 503;
    if (refused == 1) tell_to_continue(s, &s->head, turn);
    if (refused == 0) respond(s, &s->head, sgc_buf_as_str(&s->body), turn);
    if (refused == 0) sgc_buf_free(&s->body);
    return refused;
}

/* A request whose head is at the front of input: as go_on(). */
static int begin(state *s, sgc_str input, sgc_net_turn *turn)
{
    sgc_http_head head;
    sgc_str body = SGC_STR("");
    int refused = sgc_http_head_parse(input, s->server->options.head_limit, &head);

    if (refused) return refused;
    turn->phase = SGC_NET_BODY;
    if (head.chunked) {
        refused = keep_head(s, sgc_str_of(input.data, head.size));
        if (refused) return refused;
        turn->consumed += head.size;
        return go_on(s, turn);
    }
    refused = plain_body(s, &head, input, &body);
    if (refused == 1 && !hold(s, input.size)) return 503;
    if (refused == 1) tell_to_continue(s, &head, turn);
    if (refused) return refused;
    respond(s, &head, body, turn);
    turn->consumed += head.size + body.size;
    return 0;
}

/* Answers the request at the front of input. False: it is not complete, or the connection ends. */
static bool one_request(state *s, sgc_net_turn *turn)
{
    sgc_str input =
        sgc_str_of(turn->input.data + turn->consumed, turn->input.size - turn->consumed);

    if (input.size == 0 && s->step == CHUNK_NONE) {
        turn->phase = SGC_NET_IDLE;
        return false;
    }
    if (turn->phase == SGC_NET_IDLE) {
        turn->requests++;
        turn->phase = SGC_NET_HEAD;
    }
    int refused = s->step == CHUNK_NONE ? begin(s, input, turn) : go_on(s, turn);
    if (refused > 1) refuse(s, turn, refused);
    if (refused) return false;
    turn->phase = SGC_NET_IDLE;
    s->told = false;
    if (s->pending) hold(s, 0);
    return !turn->close;
}

static void take_turn(void *opaque, sgc_net_turn *turn)
{
    state *s = opaque;

    while (one_request(s, turn)) {
        if (turn->output->size > turn->output_limit) {
            turn->more = turn->consumed < turn->input.size;
            return;
        }
    }
}

sgc_net_protocol sgc_http_protocol(sgc_http_server *server)
{
    return (sgc_net_protocol){server, opened, take_turn, closed};
}

/* ---- what is served ---- */

void sgc_http_service_destroy(sgc_http_service *service)
{
    if (service->api) sgc_api_destroy(service->api);
    sgc_arena_free(&service->arena);
    sgc_free(service);
}

sgc_http_service *sgc_http_service_get(sgc_http_server *server)
{
    sgc_mutex_lock(&server->lock);
    while (server->replacing)
        sgc_cond_wait(&server->changed, &server->lock);
    sgc_http_service *service = server->service;
    server->users++;
    sgc_mutex_unlock(&server->lock);
    return service;
}

void sgc_http_service_release(sgc_http_server *server)
{
    sgc_mutex_lock(&server->lock);
    server->users--;
    if (server->replacing) sgc_cond_broadcast(&server->changed);
    sgc_mutex_unlock(&server->lock);
}

sgc_status sgc_http_service_replace(sgc_http_server *server, sgc_http_service *service,
                                    const sgc_schema *schema, sgc_error *error)
{
    sgc_mutex_lock(&server->lock);
    while (server->replacing)
        sgc_cond_wait(&server->changed, &server->lock);
    server->replacing = true;
    while (server->users)
        sgc_cond_wait(&server->changed, &server->lock);
    sgc_mutex_unlock(&server->lock);
    sgc_status status = sgc_db_set_schema(server->db, schema, error);
    /* A schema equal to the one in force is not taken: the database goes on with its own. */
    bool taken = status == SGC_OK && sgc_db_schema(server->db) == schema;
    sgc_http_service *unused = taken ? server->service : service;
    if (taken) server->service = service;
    sgc_mutex_lock(&server->lock);
    server->replacing = false;
    sgc_cond_broadcast(&server->changed);
    sgc_mutex_unlock(&server->lock);
    sgc_http_service_destroy(unused);
    return status;
}

/* ---- the server ---- */

static void fill_defaults(sgc_http_options *options)
{
    if (options->head_limit == 0) options->head_limit = 16 * 1024;
    if (options->body_limit == 0) options->body_limit = 8 * 1024 * 1024;
    if (options->load_limit == 0) options->load_limit = 256 * 1024 * 1024;
    if (options->pending_limit == 0) options->pending_limit = (size_t)(sgc_memory_size() / 4);
}

static bool is_loopback(const char *address)
{
    return !address || strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

sgc_status sgc_http_create(sgc_db *db, const sgc_http_options *options, sgc_http_server **out,
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
    server->db = db;
    server->options = *options;
    fill_defaults(&server->options);
    server->os = sgc_os_posix();
    server->started_us = server->os->monotonic_us(server->os->self);
    server->loopback = is_loopback(options->net.address);
    server->service = service;
    sgc_mutex_init(&server->lock);
    sgc_cond_init(&server->changed);
    sgc_status status = sgc_api_create(sgc_db_schema(db), &service->api, error);
    if (status == SGC_OK)
        *out = server;
    else
        sgc_http_stop(server, 0);
    return status;
}

sgc_status sgc_http_start(sgc_db *db, const sgc_http_options *options, sgc_http_server **out,
                          sgc_error *error)
{
    sgc_http_server *server;
    sgc_status status = sgc_http_create(db, options, &server, error);

    *out = NULL;
    if (status != SGC_OK) return status;
    sgc_net_protocol protocol = sgc_http_protocol(server);
    status = sgc_net_start(&options->net, &protocol, &server->net, error);
    if (status == SGC_OK)
        *out = server;
    else
        sgc_http_stop(server, 0);
    return status;
}

uint16_t sgc_http_port(const sgc_http_server *server)
{
    return sgc_net_port(server->net);
}

void sgc_http_stop(sgc_http_server *server, uint64_t grace_us)
{
    if (!server) return;
    sgc_net_stop(server->net, grace_us);
    sgc_http_service_destroy(server->service);
    sgc_cond_destroy(&server->changed);
    sgc_mutex_destroy(&server->lock);
    sgc_free(server);
}
