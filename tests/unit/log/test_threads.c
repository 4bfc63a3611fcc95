/* test_threads.c - many committers share flushes; readers, releases and the log's own thread. */
#include "unit/log/log_case.h"

#include <stdatomic.h>
#include <time.h>

enum { THREADS = 8, COMMITS = 60 };

/* A device that takes its time, so that committers meet: the memory table with another write. */
static sgc_status (*memory_write)(void *self, sgc_file *file, uint64_t offset, const void *data,
                                  size_t size);

static sgc_status slow_write(void *self, sgc_file *file, uint64_t offset, const void *data,
                             size_t size)
{
    nanosleep(&(struct timespec){.tv_nsec = 300000}, NULL);
    return memory_write(self, file, offset, data, size);
}

static void make_slow(sgc_os *slow, log_case *c)
{
    memory_write = c->os->write;
    *slow = *c->os;
    slow->write = slow_write;
    c->os = slow;
}

/* ---- committers ---- */

typedef struct crowd {
    log_case *c;
    sgc_mutex lock; /* hands out sequences, as the transaction room does */
    uint64_t next;
    uint64_t reported; /* by done: must rise */
    _Atomic uint64_t acknowledged;
    _Atomic uint64_t failed;
    _Atomic bool wrong;
    _Atomic bool stop;
    uint64_t commits; /* of each thread */
    sgc_durability durability;
} crowd;

static void note_done(void *context, uint64_t sequence, sgc_status outcome)
{
    crowd *all = context;

    if (sequence <= all->reported) atomic_store(&all->wrong, true);
    if (sgc_log_durable(all->c->log) >= sequence) atomic_store(&all->wrong, true);
    all->reported = sequence;
    if (outcome == SGC_OK)
        atomic_fetch_add(&all->acknowledged, 1);
    else
        atomic_fetch_add(&all->failed, 1);
}

static void *commit_many(void *argument)
{
    crowd *all = argument;

    for (uint64_t i = 0; i < all->commits; i++) {
        sgc_mutex_lock(&all->lock);
        uint64_t sequence = all->next++;
        sgc_status status = case_append(all->c, sequence, all->durability, note_done, all);
        sgc_mutex_unlock(&all->lock);
        if (status != SGC_OK) break;
        if (all->durability != SGC_DURABILITY_FULL) {
            sgc_log_pace(all->c->log);
            continue;
        }
        status = sgc_log_wait(all->c->log, sequence);
        if (status != SGC_OK) break;
        if (sgc_log_durable(all->c->log) < sequence) atomic_store(&all->wrong, true);
    }
    return NULL;
}

static void run_crowd(crowd *all)
{
    sgc_thread threads[THREADS];

    sgc_mutex_init(&all->lock);
    all->next = 1;
    for (int i = 0; i < THREADS; i++) {
        CU_ASSERT_EQUAL_FATAL(sgc_thread_start(&threads[i], commit_many, all), SGC_OK);
    }
    for (int i = 0; i < THREADS; i++)
        sgc_thread_join(threads[i]);
    sgc_mutex_destroy(&all->lock);
}

static void committers_share_flushes(void)
{
    log_case c = {.options = {.segment_size = 1 << 20}};
    sgc_os slow;
    sgc_log_stats stats;

    case_start(&c);
    make_slow(&slow, &c);
    CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
    crowd all = {.c = &c, .commits = COMMITS};
    run_crowd(&all);
    sgc_log_get_stats(c.log, &stats);
    CU_ASSERT_EQUAL(stats.commits, THREADS * COMMITS);
    CU_ASSERT_TRUE(stats.flushes <= stats.commits / 2);
    CU_ASSERT_EQUAL(all.acknowledged, THREADS * COMMITS);
    CU_ASSERT_FALSE(all.wrong);
    case_close(&c);
    CU_ASSERT_EQUAL(case_open(&c, 0), SGC_OK);
    CU_ASSERT_EQUAL(c.count, THREADS * COMMITS);
    CU_ASSERT_FALSE(c.wrong);
    case_end(&c);
}

static void a_failure_reaches_every_committer(void)
{
    for (uint64_t at = 1; at < 40; at++) {
        log_case c = {.options = {.segment_size = 65536, .buffered = at & 1}};
        case_start(&c);
        CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
        sgc_faults faults = {
            .seed = at, .fail_write_at = at, .sticky = at & 2, .short_writes = true};
        sgc_memory_os_set_faults(c.memory, &faults);
        crowd all = {.c = &c, .commits = 1000};
        run_crowd(&all);
        CU_ASSERT_PTR_NOT_NULL(sgc_log_failure(c.log));
        CU_ASSERT_TRUE(all.failed > 0);
        CU_ASSERT_FALSE(all.wrong);
        case_close(&c);
        sgc_memory_os_power_cycle(c.memory, at);
        CU_ASSERT_EQUAL(case_open(&c, 0), SGC_OK);
        CU_ASSERT_TRUE(c.count >= all.acknowledged);
        if (!faults.sticky) CU_ASSERT_EQUAL(c.count, all.acknowledged);
        CU_ASSERT_FALSE(c.wrong);
        case_end(&c);
    }
}

/* ---- readers and releases meanwhile ---- */

static void *read_and_release(void *argument)
{
    crowd *all = argument;
    uint64_t released = 0;

    while (!atomic_load(&all->stop)) {
        log_case seen = {0};
        uint64_t durable = sgc_log_durable(all->c->log);
        sgc_status status = sgc_log_read(all->c->log, released, case_reader, &seen, &seen.error);
        if (status != SGC_OK || seen.wrong || seen.last < durable) {
            printf("read after %llu: %d %s\n", (unsigned long long)released, (int)status,
                   seen.error.text);
            atomic_store(&all->wrong, true);
        }
        if (seen.count != seen.last - released && seen.count) atomic_store(&all->wrong, true);
        released = durable > 50 ? durable - 50 : 0;
        if (sgc_log_release(all->c->log, released) != SGC_OK) atomic_store(&all->wrong, true);
    }
    return NULL;
}

static void readers_and_releases_meanwhile(void)
{
    log_case c = {.options = {.segment_size = 32768}};
    sgc_thread reader;

    case_start(&c);
    CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
    crowd all = {.c = &c, .commits = 400};
    CU_ASSERT_EQUAL_FATAL(sgc_thread_start(&reader, read_and_release, &all), SGC_OK);
    run_crowd(&all);
    atomic_store(&all.stop, true);
    sgc_thread_join(reader);
    CU_ASSERT_FALSE(all.wrong);
    CU_ASSERT_EQUAL(all.acknowledged, THREADS * 400);
    case_end(&c);
}

/* ---- batched and none ---- */

static void wait_for_durable(log_case *c, uint64_t sequence, uint64_t most_ms)
{
    for (uint64_t i = 0; i < most_ms && sgc_log_durable(c->log) < sequence; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

static void batched_commits_are_flushed_soon(void)
{
    log_case c = {.options = {.segment_size = 1 << 20, .batch_delay_us = 20000}};
    sgc_log_stats stats;

    case_start(&c);
    CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
    crowd all = {.c = &c, .commits = 200, .durability = SGC_DURABILITY_BATCHED};
    run_crowd(&all);
    wait_for_durable(&c, THREADS * 200, 5000);
    CU_ASSERT_EQUAL(sgc_log_durable(c.log), THREADS * 200);
    sgc_log_get_stats(c.log, &stats);
    CU_ASSERT_TRUE(stats.flushes < 100);
    CU_ASSERT_EQUAL(all.acknowledged, THREADS * 200);
    CU_ASSERT_FALSE(all.wrong);
    CU_ASSERT_EQUAL(case_append(&c, THREADS * 200 + 1, SGC_DURABILITY_NONE, NULL, NULL), SGC_OK);
    wait_for_durable(&c, THREADS * 200 + 1, 5000);
    CU_ASSERT_EQUAL(sgc_log_durable(c.log), THREADS * 200 + 1);
    /* A full commit takes the ones in front of it along. */
    CU_ASSERT_EQUAL(case_append(&c, 5000, SGC_DURABILITY_NONE, NULL, NULL), SGC_OK);
    CU_ASSERT_EQUAL(case_commit(&c, 5001), SGC_OK);
    CU_ASSERT_EQUAL(case_append(&c, 5002, SGC_DURABILITY_NONE, NULL, NULL), SGC_OK);
    case_close(&c);
    CU_ASSERT_EQUAL(case_open(&c, 4999), SGC_OK);
    CU_ASSERT_EQUAL(c.count, 3);
    case_end(&c);
}

static void too_much_queued_is_paced(void)
{
    log_case c = {.options = {.segment_size = 1 << 22}, .scale = 400000};

    case_start(&c);
    CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
    crowd all = {.c = &c, .commits = 40, .durability = SGC_DURABILITY_NONE};
    run_crowd(&all);
    CU_ASSERT_TRUE(sgc_log_durable(c.log) > 0); /* long before the second is over */
    case_close(&c);
    CU_ASSERT_EQUAL(case_open(&c, 0), SGC_OK);
    CU_ASSERT_EQUAL(c.count, THREADS * 40);
    case_end(&c);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"committers share flushes", committers_share_flushes},
        {"a failure reaches every committer", a_failure_reaches_every_committer},
        {"readers and releases meanwhile", readers_and_releases_meanwhile},
        {"batched commits are flushed soon", batched_commits_are_flushed_soon},
        {"too much queued is paced", too_much_queued_is_paced},
        CU_TEST_INFO_NULL,
    };
    return unit_run("log.threads", tests);
}
