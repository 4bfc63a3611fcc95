/*
 * temporal.h - engines that keep what was: users that are updated round after round, read as they
 * are and as they were.
 */
#ifndef BENCH_STORAGE_TEMPORAL_H
#define BENCH_STORAGE_TEMPORAL_H

#include "bench.h"

/** A moment as the engine means it: a sequence, or microseconds since 1970. */
typedef uint64_t temporal_moment;

typedef struct temporal_engine {
    const char *name, *title;
    void *(*open)(const char *folder);
    void (*close)(void *self);
    void (*load)(void *self, uint64_t rows);
    /** Gives every row a new age, ages of `round`, in transactions of at most 10,000 rows. */
    void (*update_all)(void *self, uint64_t rows, uint64_t round);
    /** Everything where it stays: checkpoint, vacuum, merge. */
    void (*settle)(void *self);
    /** Now, such that later updates are not part of it. */
    temporal_moment (*now)(void *self);
    uint64_t (*get)(void *self, const char *id);
    uint64_t (*get_at)(void *self, const char *id, temporal_moment at);
    double (*average)(void *self);
    double (*average_at)(void *self, temporal_moment at);
    double (*bytes)(void *self);
} temporal_engine;

extern const temporal_engine temporal_sgc, temporal_mariadb, temporal_postgres;

/** The age that round `round` gives row n; round 0: the load. */
static inline int32_t temporal_age(uint64_t n, uint64_t round)
{
    uint64_t state = n * 2654435761U + round * 40503 + 1;

    return (int32_t)(bench_random(&state) % AGES);
}

enum { TEMPORAL_BATCH = 10000 };

#endif
