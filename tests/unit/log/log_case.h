/*
 * log_case.h - what the log's test files share: a log on the memory table, payloads that follow
 * from their sequence, and a reader that checks and counts them.
 */
#ifndef SGC_TESTS_LOG_CASE_H
#define SGC_TESTS_LOG_CASE_H

#include "log/log.h"
#include "unit/unit.h"

typedef struct log_case {
    sgc_memory_os *memory;
    const sgc_os *os;
    sgc_log *log;
    sgc_log_options options;
    uint64_t count; /* events a reader has seen */
    uint64_t last;  /* the last of them */
    bool wrong;     /* an event was out of order or not what was written */
    size_t scale;   /* payload sizes are below this */
    sgc_error error;
} log_case;

static inline size_t case_size(const log_case *c, uint64_t sequence)
{
    return (size_t)(sgc_hash(&sequence, sizeof sequence, 5) % (c->scale ? c->scale : 300));
}

static inline void case_fill(uint64_t sequence, char *to, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = (char)(sequence * 131 + i * 7);
}

static inline sgc_status case_reader(void *context, sgc_log_position position, uint64_t time_us,
                                     sgc_str payload)
{
    log_case *c = context;
    uint64_t sequence = position.index;
    bool good = position.epoch == 1 && sequence > c->last && time_us == sequence + 1000 &&
                payload.size == case_size(c, sequence);

    for (size_t i = 0; good && i < payload.size; i++) {
        good = payload.data[i] == (char)(sequence * 131 + i * 7);
    }
    if (!good) c->wrong = true;
    c->count++;
    c->last = sequence;
    return SGC_OK;
}

static inline void case_start(log_case *c)
{
    CU_ASSERT_EQUAL_FATAL(sgc_memory_os_create(&c->memory), SGC_OK);
    c->os = sgc_memory_os_table(c->memory);
}

static inline sgc_status case_open(log_case *c, uint64_t after)
{
    c->count = 0;
    c->last = 0;
    return sgc_log_open(c->os, "log", &c->options, after, case_reader, c, &c->log, &c->error);
}

static inline sgc_status case_append(log_case *c, uint64_t sequence, sgc_durability durability,
                                     sgc_log_done *done, void *context)
{
    size_t size = case_size(c, sequence);
    char *payload = sgc_alloc(size);

    if (!payload) return SGC_NO_MEMORY;
    case_fill(sequence, payload, size);
    sgc_status status = sgc_log_append(c->log, sequence, sequence + 1000, sgc_str_of(payload, size),
                                       durability, done, context);
    sgc_free(payload);
    return status;
}

static inline sgc_status case_commit(log_case *c, uint64_t sequence)
{
    sgc_status status = case_append(c, sequence, SGC_DURABILITY_FULL, NULL, NULL);
    return status == SGC_OK ? sgc_log_wait(c->log, sequence) : status;
}

static inline void case_close(log_case *c)
{
    sgc_log_close(c->log);
    c->log = NULL;
}

static inline void case_end(log_case *c)
{
    case_close(c);
    sgc_memory_os_destroy(c->memory);
}

#endif
