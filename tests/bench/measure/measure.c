/* measure.c - see measure.h. */
#include "measure.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

void bench_fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

double bench_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_doubles);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

uint64_t bench_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 2685821657736338717u;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

void bench_remove_folder(const char *path)
{
    if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
        bench_fail("cannot remove %s", path);
}

void bench_fresh_folder(const char *path)
{
    bench_remove_folder(path);
    if (mkdir(path, 0777) != 0) bench_fail("cannot make %s", path);
}

static bench_folder measured; /* nftw() has no context */

static int add_size(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)at;
    if (kind == FTW_F) {
        /* The logs of sgc, SQLite and RocksDB. */
        bool is_log = strstr(path, "/log/") || strstr(path, "-wal") || strstr(path, ".log");
        *(is_log ? &measured.log : &measured.data) += (double)info->st_blocks * 512;
    }
    return 0;
}

bench_folder bench_measure_folder(const char *path)
{
    measured = (bench_folder){0, 0};
    if (nftw(path, add_size, 16, FTW_PHYS) != 0) bench_fail("cannot read %s", path);
    return measured;
}
