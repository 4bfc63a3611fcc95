/*
 * net.h - event loops and connections: accept, read, time out, push back, drain. It moves bytes and
 * knows no protocol; a protocol is a table of three functions.
 *
 * One epoll loop a thread, each with its own listening socket (SO_REUSEPORT), so connections are
 * never handed between threads. A protocol's functions run on the connection's loop.
 */
#ifndef SGC_NET_NET_H
#define SGC_NET_NET_H

#include "os/os.h"

/** What a connection waits for: decides which time limit runs. */
typedef enum sgc_net_phase {
    SGC_NET_IDLE = 0, /**< between requests */
    SGC_NET_HEAD,     /**< inside the head of a request */
    SGC_NET_BODY,     /**< inside a body */
} sgc_net_phase;

/** One turn of a protocol over the bytes received so far. */
typedef struct sgc_net_turn {
    sgc_str input;       /**< unconsumed bytes, oldest first; writable memory of the connection */
    size_t consumed;     /**< set: bytes that need not be shown again */
    sgc_buf *output;     /**< append answers; sent in one go after the turn */
    size_t output_limit; /**< stop and set `more` once output is longer than this */
    bool more;           /**< set: another turn has work without new input */
    sgc_net_phase phase; /**< set: what is waited for next */
    uint64_t requests;   /**< raise by one for each request begun: restarts the time limit */
    bool close;          /**< set: close when the output is sent */
    bool draining;       /**< the server is shutting down: answer what is there, then close */
} sgc_net_turn;

typedef struct sgc_net_protocol {
    void *context;
    /** State of a new connection; NULL refuses it (no memory). */
    void *(*opened)(void *context);
    void (*turn)(void *state, sgc_net_turn *turn);
    void (*closed)(void *state);
} sgc_net_protocol;

typedef struct sgc_net_options {
    const char *address;  /**< numeric IPv4 or IPv6; NULL: 127.0.0.1 */
    uint16_t port;        /**< 0: any free one */
    unsigned threads;     /**< 0: twice the processors, at least 4 (a commit blocks its loop) */
    unsigned connections; /**< most at a time, all loops together; 0: 4,096 */
    size_t unsent_limit;  /**< stop reading above this many unsent bytes; 0: 256 KB */
    /**
     * Time limits; 0: 60 s, 10 s, 30 s, 30 s. Every 64 KB of a body buy it another second; at least
     * 16 KB of an answer must leave in each send_us.
     */
    uint64_t idle_us, head_us, body_us, send_us;
} sgc_net_options;

typedef struct sgc_net sgc_net;

/**
 * Binds and starts the loops. Raises the process's soft limit of descriptors where connections need
 * it, and takes fewer connections where the hard limit is too low. error->text names address and
 * port when they are not to be had.
 */
SGC_CHECK sgc_status sgc_net_start(const sgc_net_options *options, const sgc_net_protocol *protocol,
                                   sgc_net **net, sgc_error *error);
/** The port in use. */
uint16_t sgc_net_port(const sgc_net *net);
/** Stops accepting, lets answers leave (at most grace_us), closes all, frees. */
void sgc_net_stop(sgc_net *net, uint64_t grace_us);

/**
 * Blocks SIGINT and SIGTERM in this thread and those it starts later, ignores SIGPIPE. Call once
 * before threads are made.
 */
void sgc_net_block_signals(void);
/** Returns when SIGINT or SIGTERM arrives. */
void sgc_net_wait_for_signal(void);

#endif
