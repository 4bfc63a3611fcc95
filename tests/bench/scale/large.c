/* large.c - a load of many gigabytes: does a row cost the same at the end; then inserts and
 * look-ups. */
#include "scale.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { MOST_THREADS = 64, TOGETHER = 1000, TIMES = 20000, EACH_THREAD = 10000000 };

/* ---- loading ---- */

static double processor_seconds(void)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* Into an empty folder; the open database. */
static void *load(const scale_job *job, uint64_t rows)
{
    bench_fresh_folder(job->folder);
    void *self = bench_sgc.open(job->folder, job->cache);
    double start = bench_seconds(), cpu = processor_seconds();

    scale_load(&bench_sgc, self, rows);
    double seconds = bench_seconds() - start;
    cpu = processor_seconds() - cpu;
    printf("  %12llu %10.1f %12.0f %14.2f %14.0f\n", (unsigned long long)rows, seconds,
           (double)rows / seconds, cpu / (double)rows * 1e6,
           bench_measure_folder(job->folder).data / (double)rows);
    scale_figure(job, "load", "time", (double)rows, seconds / (double)rows * 1e6);
    scale_figure(job, "load", "processor", (double)rows, cpu / (double)rows * 1e6);
    fflush(stdout);
    return self;
}

/* A quarter, a sixteenth .. of the rows, then all of them. */
static void *load_growing(const scale_job *job)
{
    printf("  %12s %10s %12s %14s %14s\n", "rows loaded", "seconds", "rows/s", "CPU us a row",
           "bytes a row");
    for (unsigned shift = 8; shift > 0; shift -= 2)
        bench_sgc.close(load(job, job->rows >> shift));
    return load(job, job->rows);
}

/* ---- inserts ---- */

typedef struct writer {
    void *self;
    double until;
    uint64_t first, count;
    pthread_t thread;
} writer;

static void *insert_on(void *argument)
{
    writer *w = argument;
    void *session = bench_sgc.session(w->self);

    while (bench_seconds() < w->until)
        bench_sgc.insert(session, w->first + w->count++);
    bench_sgc.end(session);
    return NULL;
}

static void insert_by_threads(const scale_job *job, void *self, unsigned threads, uint64_t *next)
{
    writer writers[MOST_THREADS];
    char title[64];
    double start = bench_seconds();
    uint64_t count = 0;

    for (unsigned t = 0; t < threads; t++) {
        writers[t] = (writer){self, start + job->seconds, *next + (uint64_t)t * EACH_THREAD, 0, 0};
        if (pthread_create(&writers[t].thread, NULL, insert_on, &writers[t]) != 0)
            bench_fail("no thread");
    }
    for (unsigned t = 0; t < threads; t++) {
        pthread_join(writers[t].thread, NULL);
        count += writers[t].count;
    }
    (void)snprintf(title, sizeof title, "a row a transaction, %u threads, durable", threads);
    printf("  %-44s %9.0f rows/s\n", title, (double)count / (bench_seconds() - start));
    *next += (uint64_t)threads * EACH_THREAD;
}

static void insert_together(const scale_job *job, void *self, uint64_t *next)
{
    double start = bench_seconds(), longest = 0;
    uint64_t count = 0;

    while (bench_seconds() - start < job->seconds) {
        double one = bench_seconds();
        bench_sgc_insert(self, *next + count, TOGETHER);
        count += TOGETHER;
        if (bench_seconds() - one > longest) longest = bench_seconds() - one;
    }
    printf("  %-44s %9.0f rows/s (longest %.0f ms)\n", "1,000 rows a transaction, one thread",
           (double)count / (bench_seconds() - start), longest * 1e3);
    *next += count;
}

/* ---- look-ups ---- */

static void look_up(const scale_job *job, void *self)
{
    static const bench_work works[] = {BENCH_GET, BENCH_BY_EMAIL, BENCH_BY_AGE};

    printf("  look-ups with %.0f MB for pages: %21s %8s %8s %9s %9s\n",
           (double)scale_stats(self).cache_budget / 1e6, "preads", "misses", "pages", "p50 us",
           "p99 us");
    for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
        size_t n = works[i] == BENCH_BY_AGE ? TIMES / 100 : TIMES;
        (void)scale_measure(&bench_sgc, self, works[i], job->rows, 0xcafe, n);
        scale_reads reads = scale_measure(&bench_sgc, self, works[i], job->rows, 0x5eed, n);
        printf("    %-42s %8.2f %8.2f %8.2f %9.2f %9.2f\n", bench_work_titles[works[i]],
               reads.calls, reads.misses, reads.pages, reads.median_us, reads.p99_us);
    }
}

void scale_large(const scale_job *job)
{
    uint64_t next = job->rows;

    void *self = load_growing(job);
    look_up(job, self);
    insert_by_threads(job, self, 8, &next);
    insert_by_threads(job, self, MOST_THREADS, &next);
    insert_together(job, self, &next);
    fflush(stdout);
    uint64_t budget = scale_stats(self).cache_budget;
    bench_sgc.close(self);
    self = bench_sgc.open(job->folder, budget / 10);
    look_up(job, self);
    bench_sgc.close(self);
    bench_remove_folder(job->folder);
}
