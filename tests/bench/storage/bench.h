/*
 * bench.h - one table of users in several storage engines: the rows, the work that each engine
 * does, and the sums that show they did the same.
 */
#ifndef BENCH_STORAGE_BENCH_H
#define BENCH_STORAGE_BENCH_H

#include "measure.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RANGE_ROWS = 100, BATCH_GETS = 100, AGES = 1000000 };

/** Row number n, about 120 bytes of values; all texts end with NUL. */
typedef struct user {
    char id[16], name[40], email[48], city[24];
    int32_t age;
    int64_t created; /**< microseconds since 1970 */
} user;

/** The same row for the same number, everywhere. */
void bench_user(uint64_t n, user *out);
void bench_id(uint64_t n, char out[16]);
void bench_email(uint64_t n, char out[48]);
/** Over every member, so that all of them have to be decoded. */
uint64_t bench_sum(const char *id, size_t id_size, const char *name, size_t name_size,
                   const char *email, size_t email_size, int32_t age, const char *city,
                   size_t city_size, int64_t created);

/**
 * An engine. `self` belongs to all threads, a session to one. Members that are NULL are not
 * measured. Every write is durable when it returns.
 */
typedef struct bench_engine {
    const char *name, *title;
    bool is_server; /**< cannot be opened again at will, nor counted by callgrind */
    /** Opens or creates in `folder`, with `cache` bytes for pages. */
    void *(*open)(const char *folder, size_t cache);
    void (*close)(void *self);
    /** Rows first .. first + count - 1, as fast as the engine can, durable on return. */
    void (*load)(void *self, uint64_t first, uint64_t count);
    /** Everything from logs into the files that are read. */
    void (*settle)(void *self);
    void *(*session)(void *self);
    void (*end)(void *session);
    uint64_t (*get)(void *session, const char *id);              /**< a transaction of its own */
    uint64_t (*get_batch)(void *session, const char (*ids)[16]); /**< BATCH_GETS in one */
    uint64_t (*by_email)(void *session, const char *email);
    /** RANGE_ROWS rows from this age on, in order of (age, id). */
    uint64_t (*by_age)(void *session, int32_t age);
    double (*average)(void *session);
    void (*insert)(void *session, uint64_t n);
    void (*update)(void *session, const char *id, int32_t age); /**< one field */
    /** Bytes that the engine itself says it takes; NULL: the files of its folder. */
    double (*bytes)(void *self);
} bench_engine;

/** Rows of one transaction into bench_sgc, whose load() takes tables without rows only. */
void bench_sgc_insert(void *self, uint64_t first, uint64_t count);

extern const bench_engine bench_sgc, bench_sqlite, bench_lmdb, bench_rocksdb, bench_postgres;

#endif
