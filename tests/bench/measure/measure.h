/*
 * measure.h - what all benchmark programs share: failing, time, medians, random numbers, folders.
 * Not the engines, the rows or the tables that are printed.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __GNUC__
__attribute__((noreturn, format(printf, 1, 2)))
#endif
/** Says what went wrong and exits: a benchmark that failed has no figures. */
void bench_fail(const char *format, ...);

/** Monotonic. */
double bench_seconds(void);
/** Sorts the values. */
double bench_median(double *values, size_t count);
/** xorshift64*: the same numbers for every engine. state is not 0. */
uint64_t bench_random(uint64_t *state);

/** Removes the folder with all that is in it, if it is there. */
void bench_remove_folder(const char *path);
/** An empty folder. */
void bench_fresh_folder(const char *path);

/** Bytes on the device; logs, which are used again and again, apart from the rest. */
typedef struct bench_folder {
    double data, log;
} bench_folder;
bench_folder bench_measure_folder(const char *path);

#endif
