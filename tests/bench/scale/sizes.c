/* sizes.c - the same look-ups over tables of 1,000 rows, of ten times as many, and so on. */
#include "scale.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

enum { ENGINES = 3, WORKS = 3, ROUNDS = 3 };

static const bench_engine *const engines[ENGINES] = {&bench_sgc, &bench_lmdb, &bench_sqlite};

/* repeats: in a round; counted: under callgrind. */
static const struct {
    bench_work work;
    size_t repeats, counted;
    const char *time, *pages;
} works[WORKS] = {
    {BENCH_GET, 50000, 2000, "time get", "get by id"},
    {BENCH_BY_EMAIL, 50000, 2000, "time email", "get by email"},
    {BENCH_BY_AGE, 1000, 100, "time age", "100 by age"},
};

static void path_of(const scale_job *job, const bench_engine *engine, uint64_t rows, char path[512])
{
    snprintf(path, 512, "%s/%s-%llu", job->folder, engine->name, (unsigned long long)rows);
}

static bool takes_part(const scale_job *job, unsigned engine, uint64_t rows)
{
    return engine == 0 || rows <= job->peers;
}

static void fill(const scale_job *job, const bench_engine *engine, uint64_t rows)
{
    char path[512];

    path_of(job, engine, rows, path);
    if (access(path, F_OK) == 0) return; /* kept from an earlier run */
    bench_fresh_folder(path);
    void *self = engine->open(path, job->cache);
    scale_load(engine, self, rows);
    if (engine->settle) engine->settle(self);
    engine->close(self);
}

/* One line: a kind of look-up at one size, engines in turns. */
static void measure(const scale_job *job, void **selves, void **sessions, unsigned w, uint64_t rows)
{
    double times[ENGINES][ROUNDS], pages = 0;
    size_t n = works[w].repeats;
    bench_work what = works[w].work;

    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t first = 0;
        for (unsigned e = 0; e < ENGINES; e++) {
            if (!takes_part(job, e, rows)) continue;
            /* The same keys once before: what is measured is not the first touch. */
            (void)bench_do(engines[e], sessions[e], what, rows, 0x5eed + round, n);
            sgc_db_stats before = scale_stats(selves[0]);
            double start = bench_seconds();
            uint64_t sum = bench_do(engines[e], sessions[e], what, rows, 0x5eed + round, n);
            times[e][round] = (bench_seconds() - start) / (double)n * 1e6;
            sgc_db_stats after = scale_stats(selves[0]);
            if (e == 0) {
                first = sum;
                pages = (double)(after.cache_hits - before.cache_hits + after.cache_misses -
                                 before.cache_misses) /
                        (double)n;
            } else if (sum != first) {
                bench_fail("%s read other rows than sgc", engines[e]->title);
            }
        }
    }
    printf("%12llu  %-32s", (unsigned long long)rows, bench_work_titles[what]);
    for (unsigned e = 0; e < ENGINES; e++) {
        if (!takes_part(job, e, rows)) {
            printf(" %9s", "-");
            continue;
        }
        double median = bench_median(times[e], ROUNDS);
        printf(" %9.2f", median);
        scale_figure(job, works[w].time, engines[e]->title, (double)rows, median);
    }
    printf(" %9.2f\n", pages);
    scale_figure(job, "pages", works[w].pages, (double)rows, pages);
    fflush(stdout);
}

static void one_size(const scale_job *job, uint64_t rows)
{
    void *selves[ENGINES], *sessions[ENGINES];
    char path[512];

    for (unsigned e = 0; e < ENGINES; e++) {
        if (!takes_part(job, e, rows)) continue;
        fill(job, engines[e], rows);
        path_of(job, engines[e], rows, path);
        selves[e] = engines[e]->open(path, job->cache);
        sessions[e] = engines[e]->session(selves[e]);
    }
    for (unsigned w = 0; w < WORKS; w++)
        measure(job, selves, sessions, w, rows);
    for (unsigned e = 0; e < ENGINES; e++) {
        if (!takes_part(job, e, rows)) continue;
        engines[e]->end(sessions[e]);
        engines[e]->close(selves[e]);
    }
}

void scale_sizes(const scale_job *job)
{
    printf("us a look-up, warm; medians of %d rounds in turns; %.0f MB for pages\n", ROUNDS,
           (double)job->cache / 1048576);
    printf("%12s  %-32s", "rows", "");
    for (unsigned e = 0; e < ENGINES; e++)
        printf(" %9s", engines[e]->title);
    printf(" %9s\n", "sgc pages");
    for (uint64_t rows = 1000; rows <= job->rows; rows *= 10)
        one_size(job, rows);
}

void scale_count(const scale_job *job, const char *engine)
{
    char path[512];
    unsigned e = 0;

    while (e < ENGINES && strcmp(engines[e]->name, engine) != 0)
        e++;
    if (e == ENGINES) bench_fail("no engine '%s'", engine);
    path_of(job, engines[e], job->rows, path);
    if (access(path, F_OK) != 0) bench_fail("there is no %s", path);
    void *self = engines[e]->open(path, job->cache);
    void *session = engines[e]->session(self);
    for (unsigned w = 0; w < WORKS; w++) {
        bench_work what = works[w].work;
        size_t n = works[w].counted;
        (void)bench_do(engines[e], session, what, job->rows, 0x5eed, n);
        CALLGRIND_ZERO_STATS;
        CALLGRIND_START_INSTRUMENTATION;
        (void)bench_do(engines[e], session, what, job->rows, 0x5eed, n);
        CALLGRIND_STOP_INSTRUMENTATION;
        CALLGRIND_DUMP_STATS_AT(bench_work_words[what]);
        printf("%s %zu\n", bench_work_words[what], n);
    }
    engines[e]->end(session);
    engines[e]->close(self);
}
