/*
 * memory.c - a long mixed work over a table larger than the cache: writers, readers of now and of
 * the past, scans; what the process has in memory meanwhile, next to what its options allow.
 */
#include "scale.h"

#include "users.sgc.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { TOGETHER = 50, LOADED = 10000, SAMPLE_US = 20000 };

typedef struct shared {
    const scale_job *job;
    sgc_db *db;
    _Atomic bool stop;
    _Atomic uint64_t writers, updates, reads;
} shared;

static void must(sgc_status rc)
{
    if (rc != SGC_OK) bench_fail("sgc: %s", sgc_status_text(rc));
}

static sgc_status change(sgc_txn *txn, uint64_t rows, uint64_t *seed)
{
    sgc_status rc = SGC_OK;
    char id[16];

    for (int i = 0; rc == SGC_OK && i < TOGETHER; i++) {
        users_user_patch patch = {.set = {.age = true},
                                  .age = (int32_t)(bench_random(seed) % AGES)};
        bench_id(bench_random(seed) % rows, id);
        rc = users_user_update(txn, sgc_str_from(id), &patch);
    }
    return rc;
}

static void *write_on(void *argument)
{
    shared *s = argument;
    uint64_t seed = 0xbeef + atomic_fetch_add(&s->writers, 1);

    while (!atomic_load(&s->stop)) {
        sgc_txn *txn = NULL;
        must(sgc_begin(s->db, &txn));
        sgc_status rc = change(txn, s->job->rows, &seed);
        if (rc == SGC_OK) rc = sgc_commit(&txn, NULL);
        sgc_abort(&txn);
        if (rc != SGC_CONFLICT) must(rc);
        atomic_fetch_add(&s->updates, rc == SGC_OK ? TOGETHER : 0);
    }
    return NULL;
}

static void look_up(shared *s, sgc_moment moment, uint64_t *seed)
{
    sgc_txn *txn = NULL;
    users_user row;
    char id[16];

    must(sgc_begin_read(s->db, moment, &txn));
    for (int i = 0; i < TOGETHER; i++) {
        bench_id(bench_random(seed) % s->job->rows, id);
        must(users_user_get(txn, sgc_str_from(id), &row));
    }
    sgc_abort(&txn);
    atomic_fetch_add(&s->reads, TOGETHER);
}

static void *read_on(void *argument)
{
    shared *s = argument;
    uint64_t seed = 0x5eed;

    while (!atomic_load(&s->stop)) {
        uint64_t head = sgc_db_head(s->db), loaded = s->job->rows / LOADED + 1;
        look_up(s, sgc_now(), &seed);
        if (head > loaded)
            look_up(s, sgc_at_seq(head - bench_random(&seed) % (head - loaded)), &seed);
    }
    return NULL;
}

static void *scan_on(void *argument)
{
    shared *s = argument;
    users_user row;

    while (!atomic_load(&s->stop)) {
        sgc_txn *txn = NULL;
        must(sgc_begin_read(s->db, sgc_now(), &txn));
        users_user_cursor cursor = users_user_all(txn);
        while (!atomic_load(&s->stop) && users_user_cursor_next(&cursor, &row))
            atomic_fetch_add_explicit(&s->reads, 1, memory_order_relaxed);
        must(users_user_cursor_status(&cursor));
        sgc_abort(&txn);
    }
    return NULL;
}

typedef struct peak {
    double resident, allowed, memtables, sets, flush, indexes; /* at the moment that was worst */
    double highest;
} peak;

static void sample(shared *s, double base, peak *worst)
{
    sgc_db_stats stats = scale_stats(s->db);
    double budget = (double)(stats.cache_budget + stats.history_cache_budget);
    double now = scale_resident();
    double memtables = (double)stats.memtable_bytes, indexes = (double)stats.history_resident_bytes;
    double sets = (double)(stats.write_set_bytes + stats.log_buffer_bytes);
    double flush = (double)stats.flush_bytes;
    double allowed = base + budget + memtables + sets + flush + indexes;

    if (now > worst->highest) worst->highest = now;
    if (worst->resident != 0 && now - allowed <= worst->resident - worst->allowed) return;
    *worst = (peak){now, allowed, memtables, sets, flush, indexes, worst->highest};
}

typedef void *what(void *argument);

static void work(shared *s, double base, what *const *whats, size_t count, peak *worst)
{
    pthread_t threads[8];
    double start = bench_seconds();

    atomic_store(&s->stop, false);
    for (size_t i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, whats[i], s) != 0) bench_fail("no thread");
    while (bench_seconds() - start < s->job->seconds) {
        usleep(SAMPLE_US);
        sample(s, base, worst);
    }
    atomic_store(&s->stop, true);
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

static void report(const char *phase, const peak *worst)
{
    printf("  %-22s %9.1f %9.1f %9.1f %9.1f %9.1f %9.1f %9.1f %9.1f\n", phase, worst->highest / 1e6,
           worst->resident / 1e6, worst->allowed / 1e6, worst->memtables / 1e6, worst->sets / 1e6,
           worst->flush / 1e6, worst->indexes / 1e6, (worst->resident - worst->allowed) / 1e6);
    fflush(stdout);
}

static void tell(shared *s, double base)
{
    sgc_db_stats stats = scale_stats(s->db);

    printf(
        "  %llu rows updated, %llu read, %llu flushes, %llu merges, %llu pages evicted; data file"
        " %.0f MB, program %.1f MB\n",
        (unsigned long long)atomic_load(&s->updates), (unsigned long long)atomic_load(&s->reads),
        (unsigned long long)stats.flushes, (unsigned long long)stats.history_merges,
        (unsigned long long)stats.cache_evictions, (double)stats.page_file_bytes / 1e6, base / 1e6);
}

static void load(shared *s, double base, peak *worst)
{
    for (uint64_t n = 0; n < s->job->rows; n += LOADED) {
        bench_sgc_insert(s->db, n, LOADED);
        sample(s, base, worst);
    }
    bench_sgc.settle(s->db);
}

void scale_memory(const scale_job *job)
{
    static what *const reading[] = {read_on, scan_on}, *const all[] = {write_on, write_on, read_on,
                                                                       scan_on};
    peak loading = {0}, only_reads = {0}, mixed = {0};
    shared s = {.job = job};

    bench_fresh_folder(job->folder);
    double base = scale_resident();
    s.db = bench_sgc.open(job->folder, job->cache);
    printf("MB of memory; cache_bytes %.1f, %llu rows; allowed: the program, cache_bytes,"
           " and as it counts: MemTables, open transactions and the log's batches, the flush,"
           " indexes of the history\n",
           (double)job->cache / 1e6, (unsigned long long)job->rows);
    printf("  %-22s %9s %9s %9s %9s %9s %9s %9s %9s\n", "", "highest", "worst", "allowed",
           "MemTables", "open", "flush", "history", "beyond");
    load(&s, base, &loading);
    report("loading", &loading);
    work(&s, base, reading, sizeof reading / sizeof *reading, &only_reads);
    report("gets and scans", &only_reads);
    work(&s, base, all, sizeof all / sizeof *all, &mixed);
    report("updates, gets, scans", &mixed);
    tell(&s, base);
    bench_sgc.close(s.db);
    bench_remove_folder(job->folder);
}
