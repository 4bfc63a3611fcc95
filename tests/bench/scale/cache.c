/* cache.c - a table ten times larger than the cache: what a look-up reads, by random keys. */
#include "scale.h"

#include <stdio.h>

enum { PEERS = 2, TIMES = 20000 };

static const bench_engine *const engines[PEERS] = {&bench_sgc, &bench_sqlite};

static double fill(const scale_job *job, const bench_engine *engine, char path[512])
{
    snprintf(path, 512, "%s/%s", job->folder, engine->name);
    bench_fresh_folder(path);
    void *self = engine->open(path, (size_t)512 << 20);
    scale_load(engine, self, job->rows);
    if (engine->settle) engine->settle(self);
    engine->close(self);
    return bench_measure_folder(path).data;
}

static void measure(const scale_job *job, const bench_engine *engine)
{
    static const bench_work works[] = {BENCH_GET, BENCH_BY_EMAIL, BENCH_BY_AGE};
    char path[512];
    double bytes = fill(job, engine, path);
    size_t cache = (size_t)(bytes / 10);
    void *self = engine->open(path, cache);

    printf("%s: %.0f MB, of which %.1f MB may be in its cache\n", engine->title, bytes / 1e6,
           (double)cache / 1e6);
    for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
        size_t n = works[i] == BENCH_BY_AGE ? TIMES / 100 : TIMES;
        (void)scale_measure(engine, self, works[i], job->rows, 0xcafe, n); /* fills the cache */
        scale_reads reads = scale_measure(engine, self, works[i], job->rows, 0x5eed, n);
        printf("  %-32s %8.2f", bench_work_titles[works[i]], reads.calls);
        if (engine == &bench_sgc) {
            printf(" %8.2f %8.2f", reads.misses, reads.pages);
        } else {
            printf(" %8s %8s", "-", "-");
        }
        printf(" %9.2f %9.2f\n", reads.median_us, reads.p99_us);
    }
    fflush(stdout);
    engine->close(self);
    bench_remove_folder(path);
}

void scale_cache(const scale_job *job)
{
    bench_fresh_folder(job->folder);
    printf("%llu rows, a table ten times larger than the cache, random keys\n",
           (unsigned long long)job->rows);
    printf("  %-32s %8s %8s %8s %9s %9s\n", "a look-up", "preads", "misses", "pages", "p50 us",
           "p99 us");
    for (unsigned e = 0; e < PEERS; e++)
        measure(job, engines[e]);
    bench_remove_folder(job->folder);
}
