/* process.c - what the system says about this process, and what the parts share. */
#include "scale.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The number behind `name` in a file of lines "name: number". */
static double value_in(const char *path, const char *name)
{
    char line[256];
    double value = -1;
    FILE *file = fopen(path, "r");

    if (!file) bench_fail("cannot read %s", path);
    while (value < 0 && fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0) value = strtod(line + strlen(name), NULL);
    fclose(file);
    if (value < 0) bench_fail("%s has no '%s'", path, name);
    return value;
}

double scale_read_calls(void)
{
    return value_in("/proc/self/io", "syscr:");
}

double scale_resident(void)
{
    return value_in("/proc/self/smaps_rollup", "Rss:") * 1024;
}

void scale_load(const bench_engine *engine, void *self, uint64_t count)
{
    uint64_t chunk = engine == &bench_sgc ? count : CHUNK;

    for (uint64_t n = 0; n < count; n += chunk)
        engine->load(self, n, count - n < chunk ? count - n : chunk);
}

sgc_db_stats scale_stats(void *self)
{
    sgc_db_stats stats;

    sgc_db_get_stats(self, &stats);
    return stats;
}

void scale_figure(const scale_job *job, const char *panel, const char *line, double x, double y)
{
    FILE *file;

    if (!job->figures) return;
    file = fopen(job->figures, "a");
    if (!file || fprintf(file, "%s\t%s\t%.0f\t%.6g\n", panel, line, x, y) < 0 || fclose(file) != 0)
        bench_fail("cannot write %s", job->figures);
}

scale_reads scale_measure(const bench_engine *engine, void *self, bench_work what, uint64_t rows,
                          uint64_t seed, size_t n)
{
    void *session = engine->session(self);
    double *times = malloc(n * sizeof *times);
    bool ours = engine == &bench_sgc;
    scale_reads reads = {0};
    sgc_db_stats before = {0}, after = {0};

    if (!times) bench_fail("out of memory");
    (void)scale_read_calls();
    double own = -scale_read_calls();
    own += scale_read_calls(); /* what asking costs */
    if (ours) before = scale_stats(self);
    double calls = scale_read_calls();
    for (size_t i = 0; i < n; i++) {
        uint64_t one = seed + i * 7919;
        double start = bench_seconds();
        (void)bench_do(engine, session, what, rows, one, 1);
        times[i] = bench_seconds() - start;
    }
    reads.calls = (scale_read_calls() - calls - own) / (double)n;
    if (ours) after = scale_stats(self);
    reads.misses = (double)(after.cache_misses - before.cache_misses) / (double)n;
    reads.pages = (double)(after.cache_hits - before.cache_hits) / (double)n + reads.misses;
    reads.median_us = bench_median(times, n) * 1e6;
    reads.p99_us = times[n - 1 - n / 100] * 1e6;
    free(times);
    engine->end(session);
    return reads;
}
