/*
 * loop.c - the epoll loops: listening sockets, connections, time limits, back-pressure, draining.
 * No protocol lives here.
 */
/* accept4() is Linux, and this room may use it. */
#define _GNU_SOURCE
#include "net/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    EVENTS = 256,
    READ_STEP = 64 * 1024,
    TICK_MS = 250,          /* how often time limits are looked at */
    INPUT_KEEP = 16 * 1024, /* a buffer above this goes back to the heap when it is empty */
    BODY_RATE = 64 * 1024,  /* bytes of a body that buy another second for it */
    SEND_STEP = 16 * 1024,  /* bytes that must leave in one send limit */
    LINGER_US = 1000000,    /* how long a closing connection waits for its peer to close */
    LINGER_BYTES = 16 * 1024 * 1024,
    SPARE_FILES = 128, /* descriptors that connections leave to the rest of the process */
};

typedef struct connection {
    struct connection *previous, *next;
    int fd;
    bool reading, closing;
    bool more;      /* the input holds work that waited for the output to drain */
    bool ended;     /* the peer has said all it wants to say */
    bool lingering; /* everything is said; input is thrown away until the peer closes */
    uint32_t watched;
    sgc_buf input, output;
    size_t sent;
    size_t progress;  /* bytes sent since send_deadline_us was set */
    size_t discarded; /* while lingering */
    void *state;
    sgc_net_phase phase;
    uint64_t requests;
    uint64_t deadline_us;
    uint64_t send_deadline_us; /* 0: nothing unsent */
} connection;

typedef struct event_loop {
    struct sgc_net *net;
    sgc_thread thread;
    int epoll, listener;
    connection *connections;
    bool draining;
    bool deaf; /* no descriptors or memory for another connection: look again next tick */
    uint64_t drain_deadline_us;
} event_loop;

struct sgc_net {
    sgc_net_options options;
    sgc_net_protocol protocol;
    const sgc_os *os;
    event_loop *loops;
    unsigned started;
    int wake; /* eventfd: readable once stopping */
    _Atomic bool stopping;
    _Atomic uint64_t grace_us;
    _Atomic unsigned open;
    uint16_t port;
};

static uint64_t now_us(const event_loop *loop)
{
    return loop->net->os->monotonic_us(loop->net->os->self);
}

/* ---- options ---- */

static void fill_defaults(sgc_net_options *options)
{
    const uint64_t second = 1000000;

    if (!options->address) options->address = "127.0.0.1";
    if (options->threads == 0) {
        options->threads = 2 * sgc_processor_count();
        if (options->threads < 4) options->threads = 4;
    }
    if (options->connections == 0) options->connections = 4096;
    if (options->unsent_limit == 0) options->unsent_limit = 256 * 1024;
    if (options->idle_us == 0) options->idle_us = 60 * second;
    if (options->head_us == 0) options->head_us = 10 * second;
    if (options->body_us == 0) options->body_us = 30 * second;
    if (options->send_us == 0) options->send_us = 30 * second;
}

static uint64_t phase_limit(const sgc_net_options *options, sgc_net_phase phase)
{
    switch (phase) {
    case SGC_NET_HEAD:
        return options->head_us;
    case SGC_NET_BODY:
        return options->body_us;
    case SGC_NET_IDLE:
        break;
    }
    return options->idle_us;
}

/* ---- connections ---- */

static void watch(event_loop *loop, connection *c)
{
    bool unsent = c->output.size > c->sent;
    struct epoll_event event = {0};

    event.data.ptr = c;
    event.events = (c->reading ? (uint32_t)EPOLLIN : 0) | (unsent ? (uint32_t)EPOLLOUT : 0);
    if (event.events == c->watched) return;
    c->watched = event.events;
    epoll_ctl(loop->epoll, EPOLL_CTL_MOD, c->fd, &event);
}

static void close_connection(event_loop *loop, connection *c)
{
    if (c->previous) c->previous->next = c->next;
    if (c->next) c->next->previous = c->previous;
    if (loop->connections == c) loop->connections = c->next;
    close(c->fd);
    loop->net->protocol.closed(c->state);
    sgc_buf_free(&c->input);
    sgc_buf_free(&c->output);
    sgc_free(c);
    atomic_fetch_sub(&loop->net->open, 1);
}

/* Takes the descriptor over, also when it fails. */
static void open_connection(event_loop *loop, int fd)
{
    int on = 1;
    struct epoll_event event = {0};
    connection *c = sgc_alloc_zero(1, sizeof *c);

    if (c) c->state = loop->net->protocol.opened(loop->net->protocol.context);
    if (!c || !c->state) {
        sgc_free(c);
        close(fd);
        return;
    }
    c->fd = fd;
    c->reading = true;
    c->deadline_us = now_us(loop) + loop->net->options.idle_us;
    c->next = loop->connections;
    if (c->next) c->next->previous = c;
    loop->connections = c;
    atomic_fetch_add(&loop->net->open, 1);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    event.events = c->watched = EPOLLIN;
    event.data.ptr = c;
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) != 0) close_connection(loop, c);
}

/* The listener stays readable while nothing can be accepted: not watching it keeps the loop calm.
 */
static void watch_listener(event_loop *loop, bool watched)
{
    struct epoll_event event = {.events = watched ? EPOLLIN : 0};

    epoll_ctl(loop->epoll, EPOLL_CTL_MOD, loop->listener, &event);
    loop->deaf = !watched;
}

static void accept_all(event_loop *loop)
{
    for (;;) {
        int fd = accept4(loop->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
        if (fd < 0) {
            if (errno != EAGAIN) watch_listener(loop, false);
            return;
        }
        if (atomic_load(&loop->net->open) >= loop->net->options.connections)
            close(fd);
        else
            open_connection(loop, fd);
    }
}

/* Between requests, with nothing left to say. */
static bool is_idle(const connection *c)
{
    return c->phase == SGC_NET_IDLE && c->input.size == 0 && c->output.size == 0;
}

/*
 * All is sent and the connection is to end. Closing while the peer still sends would make the
 * kernel reset the connection, and the peer could lose the answer: so say that nothing follows, and
 * throw away what comes until the peer closes too. False: the connection is gone.
 */
static bool finish(event_loop *loop, connection *c)
{
    if (c->ended || shutdown(c->fd, SHUT_WR) != 0) {
        close_connection(loop, c);
        return false;
    }
    c->lingering = c->closing = c->reading = true;
    c->more = false;
    sgc_buf_free(&c->input);
    c->deadline_us = now_us(loop) + LINGER_US;
    return true;
}

/* False: the connection is gone. */
static bool discard_input(event_loop *loop, connection *c)
{
    char bytes[4096];

    for (;;) {
        ssize_t n = recv(c->fd, bytes, sizeof bytes, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return true;
        if (n > 0) c->discarded += (size_t)n;
        if (n <= 0 || c->discarded > LINGER_BYTES) {
            close_connection(loop, c);
            return false;
        }
    }
}

/* A peer that takes a byte now and then does not buy more time by it. */
static void note_progress(event_loop *loop, connection *c, size_t sent)
{
    c->progress += sent;
    if (c->send_deadline_us && c->progress < SEND_STEP) return;
    c->progress = 0;
    c->send_deadline_us = now_us(loop) + loop->net->options.send_us;
}

/* False: the connection is gone. */
static bool send_output(event_loop *loop, connection *c)
{
    while (c->sent < c->output.size) {
        ssize_t n = send(c->fd, c->output.data + c->sent, c->output.size - c->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) break;
        if (n < 0) {
            close_connection(loop, c);
            return false;
        }
        c->sent += (size_t)n;
        note_progress(loop, c, (size_t)n);
    }
    if (c->sent == c->output.size) {
        c->sent = c->output.size = 0;
        c->send_deadline_us = 0;
        c->progress = 0;
        if (c->output.capacity > INPUT_KEEP) sgc_buf_free(&c->output);
        if (c->closing || (loop->draining && is_idle(c))) return finish(loop, c);
    } else if (c->send_deadline_us == 0) {
        note_progress(loop, c, 0);
    }
    return true;
}

static void drop_consumed(connection *c, size_t consumed)
{
    c->input.size -= consumed;
    if (c->input.size) memmove(c->input.data, c->input.data + consumed, c->input.size);
    if (c->input.size == 0 && c->input.capacity > INPUT_KEEP) sgc_buf_free(&c->input);
}

/* Lets the protocol look at the input once. */
static void one_turn(event_loop *loop, connection *c)
{
    sgc_net_turn turn = {.input = sgc_buf_as_str(&c->input),
                         .output = &c->output,
                         .output_limit = loop->net->options.unsent_limit,
                         .phase = c->phase,
                         .requests = c->requests,
                         .draining = loop->draining};

    loop->net->protocol.turn(c->state, &turn);
    drop_consumed(c, turn.consumed);
    if (turn.phase != c->phase || turn.requests != c->requests)
        c->deadline_us = now_us(loop) + phase_limit(&loop->net->options, turn.phase);
    c->phase = turn.phase;
    c->requests = turn.requests;
    if (turn.close || c->output.failed) {
        c->closing = true;
        c->reading = false;
    }
    c->more = turn.more && !c->closing;
}

static bool is_held(const event_loop *loop, const connection *c)
{
    return c->output.size - c->sent > loop->net->options.unsent_limit;
}

/* Turns and sends until the input is used up or the client lags. False: the connection is gone. */
static bool take_turns(event_loop *loop, connection *c)
{
    do {
        one_turn(loop, c);
        if (c->output.failed) {
            close_connection(loop, c);
            return false;
        }
        if (!send_output(loop, c)) return false;
    } while (c->more && !is_held(loop, c));
    return true;
}

/* False: the connection is gone. */
static bool read_input(event_loop *loop, connection *c)
{
    char *at = sgc_buf_reserve(&c->input, READ_STEP);
    ssize_t n;

    do
        n = at ? recv(c->fd, at, READ_STEP, 0) : -1;
    while (at && n < 0 && errno == EINTR);
    if (at && n < 0 && errno == EAGAIN) return true;
    if (n < 0 || (n == 0 && c->output.size == 0)) {
        close_connection(loop, c);
        return false;
    }
    if (n == 0) { /* it still reads: let it have what is on its way */
        c->ended = c->closing = true;
        c->reading = false;
        return true;
    }
    c->input.size += (size_t)n;
    if (c->phase == SGC_NET_BODY) c->deadline_us += (uint64_t)n * 1000000 / BODY_RATE;
    return take_turns(loop, c);
}

static void serve(event_loop *loop, connection *c, uint32_t events)
{
    if (events & (EPOLLERR | EPOLLHUP)) {
        close_connection(loop, c);
        return;
    }
    if (c->lingering) {
        discard_input(loop, c);
        return;
    }
    if ((events & EPOLLOUT) && !send_output(loop, c)) return;
    if ((events & EPOLLIN) && c->reading && !read_input(loop, c)) return;
    if (c->more && !is_held(loop, c) && !take_turns(loop, c)) return;
    c->reading = c->lingering || (!c->closing && !is_held(loop, c));
    watch(loop, c);
}

/* ---- the loop ---- */

static void enforce_limits(event_loop *loop)
{
    uint64_t now = now_us(loop);

    for (connection *c = loop->connections, *next; c; c = next) {
        bool stuck = c->send_deadline_us && now > c->send_deadline_us;
        next = c->next;
        if (stuck || (c->reading && c->output.size == 0 && now > c->deadline_us) ||
            (loop->draining && now > loop->drain_deadline_us))
            close_connection(loop, c);
    }
}

/*
 * Whoever was told nothing yet may have a request on its way: connections not yet accepted are, and
 * idle ones are kept for another tick; what arrives by then is answered.
 */
static void begin_draining(event_loop *loop)
{
    uint64_t now = now_us(loop);

    accept_all(loop);
    loop->draining = true;
    loop->drain_deadline_us = now + atomic_load(&loop->net->grace_us);
    epoll_ctl(loop->epoll, EPOLL_CTL_DEL, loop->net->wake, NULL);
    close(loop->listener);
    loop->listener = -1;
    for (connection *c = loop->connections; c; c = c->next)
        if (is_idle(c)) c->deadline_us = now;
}

static void *run_loop(void *argument)
{
    event_loop *loop = argument;
    struct epoll_event events[EVENTS];
    uint64_t next_tick = now_us(loop) + TICK_MS * 1000;

    while (!loop->draining || loop->connections) {
        int n = epoll_wait(loop->epoll, events, EVENTS, TICK_MS);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr == NULL)
                accept_all(loop);
            else if (events[i].data.ptr != loop->net)
                serve(loop, events[i].data.ptr, events[i].events);
        }
        if (!loop->draining && atomic_load(&loop->net->stopping)) begin_draining(loop);
        if (now_us(loop) >= next_tick) {
            enforce_limits(loop);
            if (loop->deaf && !loop->draining) watch_listener(loop, true);
            next_tick = now_us(loop) + TICK_MS * 1000;
        }
    }
    return NULL;
}

/* ---- start and stop ---- */

typedef union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} address;

static bool parse_address(const char *text, uint16_t port, address *out, socklen_t *size)
{
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, text, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(port);
        *size = sizeof out->v4;
        return true;
    }
    if (inet_pton(AF_INET6, text, &out->v6.sin6_addr) != 1) return false;
    out->v6.sin6_family = AF_INET6;
    out->v6.sin6_port = htons(port);
    *size = sizeof out->v6;
    return true;
}

/* A listening socket on the net's address; the first one fixes a port that was 0. */
static int make_listener(sgc_net *net, sgc_error *error)
{
    address where;
    socklen_t size;
    int on = 1;

    if (!parse_address(net->options.address, net->port, &where, &size)) {
        sgc_fail(error, SGC_INVALID, "'%s' is no numeric IPv4 or IPv6 address",
                 net->options.address);
        return -1;
    }
    int fd = socket(where.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
    /* The first bind is exclusive: two servers must not share a port by accident. */
    ok = ok && (net->started == 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0);
    ok = ok && bind(fd, &where.any, size) == 0;
    ok = ok && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0;
    ok = ok && listen(fd, 1024) == 0 && getsockname(fd, &where.any, &size) == 0;
    if (!ok) {
        sgc_fail(error, SGC_IO, "cannot listen on %s port %u: %s", net->options.address,
                 (unsigned)net->port, strerror(errno));
        if (fd >= 0) close(fd);
        return -1;
    }
    net->port = ntohs(where.any.sa_family == AF_INET ? where.v4.sin_port : where.v6.sin6_port);
    return fd;
}

static sgc_status start_loop(sgc_net *net, event_loop *loop, sgc_error *error)
{
    struct epoll_event event = {.events = EPOLLIN};

    loop->net = net;
    loop->listener = make_listener(net, error);
    if (loop->listener < 0) return SGC_IO;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    bool ok = loop->epoll >= 0;
    ok = ok && epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->listener, &event) == 0;
    event.data.ptr = net; /* the wake-up is told from connections by the net's own address */
    ok = ok && epoll_ctl(loop->epoll, EPOLL_CTL_ADD, net->wake, &event) == 0;
    ok = ok && sgc_thread_start(&loop->thread, run_loop, loop) == SGC_OK;
    if (ok) return SGC_OK;
    sgc_fail(error, SGC_IO, "cannot start an event loop: %s", strerror(errno));
    close(loop->listener);
    if (loop->epoll >= 0) close(loop->epoll);
    return SGC_IO;
}

/* Files, the log and the console need descriptors too: connections must not take the last one. */
static void fit_descriptors(sgc_net_options *options)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)options->connections + SPARE_FILES;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= wanted) return;
    rlim_t left =
        limit.rlim_cur > 2 * SPARE_FILES ? limit.rlim_cur - SPARE_FILES : limit.rlim_cur / 2;
    options->connections = left ? (unsigned)left : 1;
}

sgc_status sgc_net_start(const sgc_net_options *options, const sgc_net_protocol *protocol,
                         sgc_net **out, sgc_error *error)
{
    sgc_net *net = sgc_alloc_zero(1, sizeof *net);

    *out = NULL;
    if (!net) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    net->options = *options;
    fill_defaults(&net->options);
    fit_descriptors(&net->options);
    net->protocol = *protocol;
    net->os = sgc_os_posix();
    net->port = options->port;
    net->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    net->loops = sgc_alloc_zero(net->options.threads, sizeof *net->loops);
    sgc_status status = SGC_OK;
    if (!net->loops) status = sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    if (status == SGC_OK && net->wake < 0)
        status = sgc_fail(error, SGC_IO, "cannot start event loops: %s", strerror(errno));
    while (status == SGC_OK && net->started < net->options.threads) {
        status = start_loop(net, &net->loops[net->started], error);
        if (status == SGC_OK) net->started++;
    }
    if (status != SGC_OK) {
        sgc_net_stop(net, 0);
        return status;
    }
    *out = net;
    return SGC_OK;
}

uint16_t sgc_net_port(const sgc_net *net)
{
    return net->port;
}

void sgc_net_stop(sgc_net *net, uint64_t grace_us)
{
    uint64_t one = 1;

    if (!net) return;
    atomic_store(&net->grace_us, grace_us);
    atomic_store(&net->stopping, true);
    if (net->wake >= 0 && write(net->wake, &one, sizeof one) < 0) {
        /* A full counter is readable all the same; loops also look every tick. */
    }
    for (unsigned i = 0; i < net->started; i++) {
        sgc_thread_join(net->loops[i].thread);
        close(net->loops[i].epoll);
    }
    if (net->wake >= 0) close(net->wake);
    sgc_free(net->loops);
    sgc_free(net);
}

/* ---- signals ---- */

static void stop_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
}

void sgc_net_block_signals(void)
{
    sigset_t set;

    stop_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

void sgc_net_wait_for_signal(void)
{
    sigset_t set;
    int number;

    stop_signals(&set);
    while (sigwait(&set, &number) != 0)
        continue;
}
