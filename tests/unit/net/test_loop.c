/* test_loop.c - the event loops with a line protocol: order, limits, back-pressure, draining. */
#include "net/net.h"
#include "unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Answers each line with itself; "big N" with N bytes; "bye" with itself and an end. */
static _Atomic int open_states;

static void *opened(void *context)
{
    (void)context;
    atomic_fetch_add(&open_states, 1);
    return sgc_alloc(1);
}

static void closed(void *state)
{
    atomic_fetch_sub(&open_states, 1);
    sgc_free(state);
}

static void answer(sgc_net_turn *turn, const char *line, size_t size)
{
    if (size > 4 && memcmp(line, "big ", 4) == 0) {
        for (int left = line[4] - '0'; left > 0; left--) {
            char *at = sgc_buf_reserve(turn->output, 100000);
            if (!at) return;
            memset(at, 'x', 100000);
            turn->output->size += 100000;
        }
    } else {
        sgc_buf_append(turn->output, line, size);
    }
    sgc_buf_byte(turn->output, '\n');
    if (size == 3 && memcmp(line, "bye", 3) == 0) turn->close = true;
}

static void lines(void *state, sgc_net_turn *turn)
{
    (void)state;
    for (;;) {
        const char *at = turn->input.data + turn->consumed;
        size_t left = turn->input.size - turn->consumed;
        const char *newline = left ? memchr(at, '\n', left) : NULL;
        turn->phase = left ? SGC_NET_HEAD : SGC_NET_IDLE;
        if (!newline) return;
        turn->requests++;
        answer(turn, at, (size_t)(newline - at));
        turn->consumed += (size_t)(newline - at) + 1;
        turn->phase = turn->consumed < turn->input.size ? SGC_NET_HEAD : SGC_NET_IDLE;
        if (turn->close) return;
        if (turn->output->size > turn->output_limit) {
            turn->more = turn->consumed < turn->input.size;
            return;
        }
    }
}

static const sgc_net_protocol protocol = {NULL, opened, lines, closed};

static sgc_net *start(const sgc_net_options *options)
{
    sgc_error error = {SGC_OK, ""};
    sgc_net *net = NULL;

    if (sgc_net_start(options, &protocol, &net, &error) != SGC_OK) printf("%s\n", error.text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(net);
    return net;
}

static int dial(const sgc_net *net)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons(sgc_net_port(net))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&where, sizeof where), 0);
    return fd;
}

static void nap(long milliseconds)
{
    struct timespec time = {.tv_nsec = milliseconds * 1000000};
    nanosleep(&time, NULL);
}

static void say(int fd, const char *text)
{
    CU_ASSERT_EQUAL(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Reads until `want` bytes are there or the connection ends; returns the number. */
static size_t hear(int fd, char *out, size_t want)
{
    size_t got = 0;

    while (got < want) {
        ssize_t n = recv(fd, out + got, want - got, 0);
        if (n <= 0) break;
        got += (size_t)n;
    }
    return got;
}

static void answers_in_order(void)
{
    sgc_net *net = start(&(sgc_net_options){.threads = 2});
    char out[32] = "";
    int fd = dial(net);

    say(fd, "one\ntwo\nth");
    CU_ASSERT_EQUAL(hear(fd, out, 8), 8);
    say(fd, "ree\nbye\nafter\n");
    CU_ASSERT_EQUAL(hear(fd, out + 8, 20), 10);
    CU_ASSERT_STRING_EQUAL(out, "one\ntwo\nthree\nbye\n");
    close(fd);
    sgc_net_stop(net, 1000000);
    CU_ASSERT_EQUAL(atomic_load(&open_states), 0);
}

static void half_closed_peer_gets_its_answers(void)
{
    sgc_net *net = start(&(sgc_net_options){.threads = 1});
    char out[8] = "";
    int fd = dial(net);

    say(fd, "one\n");
    shutdown(fd, SHUT_WR);
    CU_ASSERT_EQUAL(hear(fd, out, 8), 4);
    close(fd);
    sgc_net_stop(net, 1000000);
}

/* 60 x 900 KB are asked for at once; the peer reads late, and all of it arrives in order. */
static void slow_reader_holds_the_server_back(void)
{
    enum { REQUESTS = 60, ANSWER = 900001 };
    sgc_net *net = start(&(sgc_net_options){.threads = 1});
    char *out = sgc_alloc(ANSWER);
    int fd = dial(net);

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    for (int i = 0; i < REQUESTS; i++)
        say(fd, "big 9\n");
    nap(200);
    for (int i = 0; i < REQUESTS; i++) {
        CU_ASSERT_EQUAL_FATAL(hear(fd, out, ANSWER), ANSWER);
        CU_ASSERT_EQUAL(out[ANSWER - 1], '\n');
    }
    sgc_free(out);
    close(fd);
    sgc_net_stop(net, 1000000);
}

static uint64_t now_us(void)
{
    const sgc_os *os = sgc_os_posix();
    return os->monotonic_us(os->self);
}

static void slow_requests_are_cut(void)
{
    sgc_net *net = start(&(sgc_net_options){.threads = 1, .head_us = 300000, .idle_us = 30000000});
    char out[8];
    int fd = dial(net);
    uint64_t started = now_us();

    /* A byte now and then does not buy more time. */
    for (int i = 0; i < 4; i++) {
        say(fd, "x");
        nap(50);
    }
    CU_ASSERT_EQUAL(hear(fd, out, 8), 0);
    CU_ASSERT_TRUE(now_us() - started < 5000000);
    close(fd);
    sgc_net_stop(net, 1000000);
}

static void silent_connections_are_cut(void)
{
    sgc_net *net = start(&(sgc_net_options){.threads = 1, .idle_us = 200000});
    char out[8];
    int fd = dial(net);

    CU_ASSERT_EQUAL(hear(fd, out, 8), 0);
    close(fd);
    sgc_net_stop(net, 1000000);
}

static void a_port_belongs_to_one_server(void)
{
    sgc_net *net = start(&(sgc_net_options){.threads = 3});
    sgc_error error = {SGC_OK, ""};
    sgc_net *second = NULL;
    sgc_net_options options = {.port = sgc_net_port(net), .threads = 1};

    CU_ASSERT_EQUAL(sgc_net_start(&options, &protocol, &second, &error), SGC_IO);
    CU_ASSERT_PTR_NULL(second);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "cannot listen on 127.0.0.1 port"));
    options.address = "localhost";
    CU_ASSERT_EQUAL(sgc_net_start(&options, &protocol, &second, &error), SGC_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "no numeric"));
    sgc_net_stop(net, 0);
}

static void connections_have_a_limit(void)
{
    sgc_net *net = start(&(sgc_net_options){.threads = 1, .connections = 2});
    char out[8];
    int first = dial(net), second = dial(net);

    say(first, "a\n");
    say(second, "b\n");
    CU_ASSERT_EQUAL(hear(first, out, 2), 2);
    CU_ASSERT_EQUAL(hear(second, out, 2), 2);
    int third = dial(net);
    CU_ASSERT_EQUAL(hear(third, out, 2), 0);
    close(first);
    close(second);
    close(third);
    sgc_net_stop(net, 1000000);
}

static void *stop_soon(void *net)
{
    sgc_net_stop(net, 5000000);
    return NULL;
}

/* The server is told to stop while 4.5 MB are on their way: all of it arrives, then the end. */
static void stopping_lets_answers_leave(void)
{
    enum { REQUESTS = 5, SIZE = REQUESTS * 900001 };
    sgc_net *net = start(&(sgc_net_options){.threads = 1});
    char *out = sgc_alloc(SIZE + 1);
    int fd = dial(net), idle = dial(net);
    sgc_thread stopper;

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    say(fd, "big 9\nbig 9\nbig 9\nbig 9\nbig 9\n");
    CU_ASSERT_EQUAL(hear(fd, out, 1), 1);
    CU_ASSERT_EQUAL_FATAL(sgc_thread_start(&stopper, stop_soon, net), SGC_OK);
    CU_ASSERT_EQUAL(hear(idle, out, 1), 0);
    CU_ASSERT_EQUAL(hear(fd, out + 1, SIZE), SIZE - 1);
    sgc_thread_join(stopper);
    CU_ASSERT_EQUAL(atomic_load(&open_states), 0);
    close(fd);
    close(idle);
    sgc_free(out);
}

/* Bytes that nobody reads must not turn the end of a connection into a reset that eats the answer.
 */
static void the_last_answer_survives_unread_input(void)
{
    enum { JUNK = 4 * 1024 * 1024 };
    sgc_net *net = start(&(sgc_net_options){.threads = 1});
    char *junk = sgc_alloc_zero(JUNK, 1);

    CU_ASSERT_PTR_NOT_NULL_FATAL(junk);
    for (int i = 0; i < 20; i++) {
        char out[16] = "";
        int fd = dial(net);
        say(fd, "bye\n");
        CU_ASSERT_EQUAL(send(fd, junk, JUNK, MSG_NOSIGNAL), JUNK);
        CU_ASSERT_EQUAL(recv(fd, out, sizeof out, MSG_WAITALL), 4);
        CU_ASSERT_STRING_EQUAL(out, "bye\n");
        close(fd);
    }
    sgc_free(junk);
    sgc_net_stop(net, 1000000);
    CU_ASSERT_EQUAL(atomic_load(&open_states), 0);
}

/* A peer that never closes does not keep a finished connection for long. */
static void lingering_ends(void)
{
    sgc_net *net = start(&(sgc_net_options){.threads = 1});
    char out[8] = "";
    int fd = dial(net);

    say(fd, "bye\n");
    CU_ASSERT_EQUAL(hear(fd, out, 8), 4);
    for (int i = 0; i < 200 && atomic_load(&open_states); i++)
        nap(20);
    CU_ASSERT_EQUAL(atomic_load(&open_states), 0);
    close(fd);
    sgc_net_stop(net, 1000000);
}

static void trickling_readers_are_cut(void)
{
    sgc_net *net = start(&(sgc_net_options){.threads = 1, .send_us = 1000000});
    char out[100];
    int fd = dial(net), size = 8192;
    bool alive = true;

    CU_ASSERT_EQUAL(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size), 0);
    for (int i = 0; i < 8; i++)
        say(fd, "big 9\n");
    for (int i = 0; i < 400 && alive; i++) {
        nap(10);
        alive = recv(fd, out, sizeof out, 0) > 0 && atomic_load(&open_states) == 1;
    }
    CU_ASSERT_FALSE(alive);
    close(fd);
    sgc_net_stop(net, 1000000);
}

static int64_t cpu_us(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec +
           usage.ru_stime.tv_usec;
}

/* Without descriptors the loop waits calmly, and serves once there are some again. */
static void no_descriptors_left(void)
{
    struct rlimit before, none;
    sgc_net *net = start(&(sgc_net_options){.threads = 1, .connections = 8});
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons(sgc_net_port(net))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char out[8] = "";

    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = (rlim_t)fd + 1;
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_NOFILE, &none), 0);
    int64_t used = cpu_us();
    CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&where, sizeof where), 0);
    nap(600);
    CU_ASSERT_TRUE(cpu_us() - used < 60000);
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_NOFILE, &before), 0);
    say(fd, "a\n");
    CU_ASSERT_EQUAL(hear(fd, out, 2), 2);
    close(fd);
    sgc_net_stop(net, 1000000);
}

/* An idle connection may have a request on its way when the server is told to stop. */
static void requests_on_their_way_are_answered_while_stopping(void)
{
    sgc_net *net = start(&(sgc_net_options){.threads = 1});
    char out[8] = "";
    int fd = dial(net);
    sgc_thread stopper;

    say(fd, "a\n");
    CU_ASSERT_EQUAL(hear(fd, out, 2), 2);
    CU_ASSERT_EQUAL_FATAL(sgc_thread_start(&stopper, stop_soon, net), SGC_OK);
    nap(50);
    say(fd, "b\n");
    CU_ASSERT_EQUAL(hear(fd, out, 8), 2);
    CU_ASSERT_EQUAL(out[0], 'b');
    close(fd);
    sgc_thread_join(stopper);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"answers in order", answers_in_order},
        {"half closed peer gets its answers", half_closed_peer_gets_its_answers},
        {"slow reader holds the server back", slow_reader_holds_the_server_back},
        {"slow requests are cut", slow_requests_are_cut},
        {"silent connections are cut", silent_connections_are_cut},
        {"a port belongs to one server", a_port_belongs_to_one_server},
        {"connections have a limit", connections_have_a_limit},
        {"stopping lets answers leave", stopping_lets_answers_leave},
        {"the last answer survives unread input", the_last_answer_survives_unread_input},
        {"lingering ends", lingering_ends},
        {"trickling readers are cut", trickling_readers_are_cut},
        {"no descriptors left", no_descriptors_left},
        {"requests on their way are answered while stopping",
         requests_on_their_way_are_answered_while_stopping},
        CU_TEST_INFO_NULL,
    };
    return unit_run("net.loop", tests);
}
