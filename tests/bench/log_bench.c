/*
 * log_bench.c - durable commits per second of the log on this machine, direct and buffered, one
 * committer and many. `log_bench [DIRECTORY] [SECONDS]`; not part of ctest. The directory must
 * exist and holds the log's files while it runs.
 */
#include "log/log.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_THREADS = 64, PAYLOAD = 120 };

typedef struct bench {
    sgc_log *log;
    sgc_mutex lock;
    uint64_t next;
    _Atomic bool stop;
    _Atomic uint64_t commits;
} bench;

static void *commit_until_stopped(void *argument)
{
    bench *b = argument;
    char payload[PAYLOAD] = {0};
    uint64_t commits = 0;

    while (!atomic_load(&b->stop)) {
        sgc_mutex_lock(&b->lock);
        uint64_t sequence = ++b->next;
        sgc_status status = sgc_log_append(b->log, sequence, 0, sgc_str_of(payload, PAYLOAD),
                                           SGC_DURABILITY_FULL, NULL, NULL);
        sgc_mutex_unlock(&b->lock);
        if (status == SGC_OK) status = sgc_log_wait(b->log, sequence);
        if (status != SGC_OK) break;
        if (sequence % 4096 == 0) (void)!sgc_log_release(b->log, sequence);
        commits++;
    }
    atomic_fetch_add(&b->commits, commits);
    return NULL;
}

static void forget_file(void *context, const char *name)
{
    const sgc_os *os = sgc_os_posix();
    char path[512];

    snprintf(path, sizeof path, "%s/%s", (const char *)context, name);
    (void)!os->remove(os->self, path);
}

static int run(const char *directory, bool buffered, int threads, unsigned seconds)
{
    const sgc_os *os = sgc_os_posix();
    bench b = {.next = 0};
    sgc_thread thread[MOST_THREADS];
    sgc_error error;
    sgc_log_stats stats;
    sgc_log_options options = {.buffered = buffered};
    char path[400];

    snprintf(path, sizeof path, "%s/bench-log", directory);
    if (sgc_log_open(os, path, &options, 0, NULL, NULL, &b.log, &error) != SGC_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    sgc_mutex_init(&b.lock);
    uint64_t start = os->monotonic_us(os->self);
    for (int i = 0; i < threads; i++) {
        if (sgc_thread_start(&thread[i], commit_until_stopped, &b) != SGC_OK) abort();
    }
    while (os->monotonic_us(os->self) - start < (uint64_t)seconds * 1000000) {
        sgc_mutex idle;
        sgc_cond never;
        sgc_mutex_init(&idle);
        sgc_cond_init(&never);
        sgc_mutex_lock(&idle);
        (void)sgc_cond_wait_for(&never, &idle, 50000);
        sgc_mutex_unlock(&idle);
        sgc_cond_destroy(&never);
        sgc_mutex_destroy(&idle);
    }
    atomic_store(&b.stop, true);
    for (int i = 0; i < threads; i++)
        sgc_thread_join(thread[i]);
    double passed = (double)(os->monotonic_us(os->self) - start) / 1e6;
    sgc_log_get_stats(b.log, &stats);
    printf("%-8s %2d threads: %8.0f commits/s, %7.0f flushes/s, %5.1f commits a flush\n",
           stats.direct ? "direct" : "buffered", threads, (double)b.commits / passed,
           (double)stats.flushes / passed, (double)stats.commits / (double)stats.flushes);
    sgc_log_close(b.log);
    sgc_mutex_destroy(&b.lock);
    (void)os->list(os->self, path, forget_file, path);
    (void)!os->remove(os->self, path);
    return 0;
}

int main(int argc, char **argv)
{
    const char *directory = argc > 1 ? argv[1] : ".";
    unsigned seconds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 3;
    static const int threads[] = {1, 8, 64};
    int failed = 0;

    for (int buffered = 0; buffered < 2; buffered++) {
        for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
            failed |= run(directory, buffered, threads[i], seconds ? seconds : 1);
        }
    }
    return failed;
}
