/*
 * work.h - the reads that engines are compared by, with random keys that are the same for each of
 * them. Not what is timed or printed.
 */
#ifndef BENCH_STORAGE_WORK_H
#define BENCH_STORAGE_WORK_H

#include "bench.h"

typedef enum bench_work {
    BENCH_GET,
    BENCH_GET_BATCH,
    BENCH_BY_EMAIL,
    BENCH_BY_AGE,
    BENCH_AVERAGE,
    BENCH_WORKS
} bench_work;

/** What command lines call it, and tables. */
extern const char *const bench_work_words[BENCH_WORKS], *const bench_work_titles[BENCH_WORKS];

/** BENCH_WORKS when there is none of this name. */
bench_work bench_work_named(const char *word);
/** Does it n times over a table of `rows`; the sum of everything read. seed is not 0. */
uint64_t bench_do(const bench_engine *engine, void *session, bench_work what, uint64_t rows,
                  uint64_t seed, size_t n);

#endif
