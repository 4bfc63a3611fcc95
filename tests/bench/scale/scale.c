/*
 * scale.c - the command line of the benchmark of sizes.
 *
 *   bench_scale sizes|cache|memory|restart|large FOLDER [--rows N] [--peers N] [--cache BYTES]
 *                                                       [--seconds S] [--figures FILE]
 *   bench_scale count ENGINE FOLDER [..]     for valgrind --tool=callgrind --instr-atstart=no
 */
#include "scale.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word;
    void (*run)(const scale_job *job);
} parts[] = {
    {"sizes", scale_sizes},     {"cache", scale_cache}, {"memory", scale_memory},
    {"restart", scale_restart}, {"large", scale_large},
};

static double number(const char *text, double most)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end || !(value >= 0) || value > most)
        bench_fail("'%s' is no number from 0 to %.0f", text, most);
    return value;
}

static void option(scale_job *job, const char *word, const char *value)
{
    if (strcmp(word, "--rows") == 0) {
        job->rows = (uint64_t)number(value, 4e9);
    } else if (strcmp(word, "--peers") == 0) {
        job->peers = (uint64_t)number(value, 4e9);
    } else if (strcmp(word, "--cache") == 0) {
        job->cache = (uint64_t)number(value, 1e12);
    } else if (strcmp(word, "--seconds") == 0) {
        job->seconds = number(value, 1e5);
    } else if (strcmp(word, "--figures") == 0) {
        job->figures = value;
    } else {
        bench_fail("no option '%s'", word);
    }
}

int main(int argc, char **argv)
{
    scale_job job = {.rows = 100000, .peers = UINT64_MAX, .seconds = 5};
    bool counts = argc > 1 && strcmp(argv[1], "count") == 0;
    int first = counts ? 4 : 3;

    if (argc < first || (argc - first) % 2 != 0)
        bench_fail("bench_scale PART FOLDER [--option VALUE].. or count ENGINE FOLDER ..");
    job.folder = argv[first - 1];
    for (int i = first; i + 1 < argc; i += 2)
        option(&job, argv[i], argv[i + 1]);
    if (counts) {
        scale_count(&job, argv[2]);
        return 0;
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (strcmp(parts[i].word, argv[1]) != 0) continue;
        parts[i].run(&job);
        return 0;
    }
    bench_fail("no part '%s'", argv[1]);
}
