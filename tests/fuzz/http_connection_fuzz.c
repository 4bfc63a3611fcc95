/*
 * http_connection_fuzz.c - whole connections: any bytes get the same answers whether they arrive at
 * once, one by one or in odd pieces, and what is consumed lies within what was sent.
 */
#include "http/exchange.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char sdl[] = "type Person { id: ID! name: String friends: [Person!] }\n";

/* One server for all inputs; made anew once an input has written to its database. */
static sgc_arena arena;
static sgc_db *db;
static sgc_http_server *server;
static sgc_os frozen;

static uint64_t no_time(void *self)
{
    (void)self;
    return 1700000000000000;
}

static void open_server(void)
{
    sgc_http_options options = {.head_limit = 512, .body_limit = 1024, .fixed_schema = true};
    sgc_db_options small = {.cache_bytes = 1 << 20, .log_segment_bytes = 1 << 16};
    sgc_schema_file file = {SGC_STR("p.graphql"), sgc_str_from(sdl)};
    sgc_diagnostics diagnostics = {.arena = &arena};
    sgc_schema_built built;

    if (sgc_schema_build(&file, 1, SGC_STR("p"), sgc_str_of(NULL, 0), &arena, &diagnostics,
                         &built) != SGC_OK ||
        sgc_db_open(":memory:", built.schema, &small, &db, NULL) != SGC_OK ||
        sgc_http_create(db, &options, &server, NULL) != SGC_OK)
        abort();
    /* Dates and uptimes must not tell two runs apart. */
    frozen = *server->os;
    frozen.time_us = frozen.monotonic_us = no_time;
    server->os = &frozen;
    server->started_us = no_time(NULL);
}

static void close_server(void)
{
    sgc_http_stop(server, 0);
    if (sgc_db_close(db) != SGC_OK) abort();
    sgc_arena_free(&arena);
    server = NULL;
}

/* Lets the protocol work on what has arrived; true: it wants to close. */
static bool work(const sgc_net_protocol *protocol, void *state, sgc_net_turn *turn, sgc_buf *input,
                 sgc_buf *answer)
{
    do {
        turn->input = sgc_buf_as_str(input);
        turn->consumed = 0;
        turn->more = false;
        turn->output = answer;
        turn->output_limit = 1; /* as soon as something is answered, the rest waits for a turn */
        protocol->turn(state, turn);
        if (turn->consumed > input->size) abort();
        input->size -= turn->consumed;
        if (input->size) memmove(input->data, input->data + turn->consumed, input->size);
    } while (turn->more && !turn->close);
    return turn->close;
}

/* Feeds the bytes in pieces of at most `most` and gives what is answered. */
static sgc_buf talk(const uint8_t *data, size_t size, size_t most, bool *ended)
{
    sgc_net_protocol protocol = sgc_http_protocol(server);
    void *state = protocol.opened(protocol.context);
    sgc_buf input = {0}, answer = {0};
    sgc_net_turn turn = {0};
    size_t piece = most;

    if (!state) abort();
    *ended = false;
    for (size_t at = 0; at < size && !*ended; at += piece) {
        piece = most > 3 ? 1 + (at * 7 + data[at]) % most : most;
        if (piece > size - at) piece = size - at;
        sgc_buf_append(&input, data + at, piece);
        *ended = work(&protocol, state, &turn, &input, &answer);
    }
    protocol.closed(state);
    sgc_buf_free(&input);
    return answer;
}

/* Whether 100 Continue is sent depends on what has arrived, and may. */
static void forget_continue(sgc_buf *answer)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    size_t kept = 0;

    for (size_t i = 0; i < answer->size;) {
        if (answer->size - i >= sizeof line - 1 &&
            memcmp(answer->data + i, line, sizeof line - 1) == 0)
            i += sizeof line - 1;
        else
            answer->data[kept++] = answer->data[i++];
    }
    answer->size = kept;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t pieces[] = {SIZE_MAX, 1, 3, 40};
    sgc_buf first = {0};
    bool first_ended = false;

    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        bool ended;
        if (!server) open_server();
        sgc_buf answer = talk(data, size, pieces[i] < size ? pieces[i] : size, &ended);
        if (sgc_db_head(db)) close_server();
        forget_continue(&answer);
        if (i == 0) {
            first = answer;
            first_ended = ended;
            continue;
        }
        if (ended != first_ended || !sgc_str_eq(sgc_buf_as_str(&answer), sgc_buf_as_str(&first)))
            abort();
        sgc_buf_free(&answer);
    }
    sgc_buf_free(&first);
    return 0;
}
