/*
 * test_durability.c - commits that are shown before they are durable: a power cut takes the last of
 * them and nothing else, and no number is ever used twice. Memory that runs out beside the log.
 */
#include "unit/log/log_case.h"

#include "log/format.h"

#include <inttypes.h>

enum { MINUTE_US = 60 * 1000000 };

/* ---- numbers ---- */

static void full_commits_reserve_nothing(void)
{
    log_case c = {.options = {.segment_size = 16384}};

    case_start(&c);
    CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
    for (uint64_t i = 1; i <= 30; i++)
        CU_ASSERT_EQUAL(case_commit(&c, i), SGC_OK);
    sgc_memory_os_set_faults(c.memory, &(sgc_faults){.power_cut_at = 1});
    case_close(&c);
    sgc_memory_os_power_cycle(c.memory, 7);
    CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
    CU_ASSERT_EQUAL(c.last, 30);
    CU_ASSERT_EQUAL(sgc_log_highest(c.log), 30);
    case_end(&c);
}

static void an_orderly_close_gives_numbers_back(void)
{
    log_case c = {.options = {.segment_size = 16384, .batch_delay_us = MINUTE_US}};

    case_start(&c);
    for (uint64_t round = 0; round < 3; round++) {
        CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
        CU_ASSERT_EQUAL(sgc_log_highest(c.log), round * 5);
        for (uint64_t i = round * 5 + 1; i <= round * 5 + 5; i++)
            CU_ASSERT_EQUAL(case_append(&c, i, SGC_DURABILITY_NONE, NULL, NULL), SGC_OK);
        case_close(&c);
    }
    CU_ASSERT_FALSE(c.wrong);
    case_end(&c);
}

/* What was shown when the power went, and what came back. */
static void cut_at(uint64_t step, uint64_t seed, bool with_full)
{
    log_case c = {.options = {.segment_size = 16384, .batch_delay_us = MINUTE_US}, .scale = 900};
    uint64_t shown = 0, durable = 0;

    case_start(&c);
    CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
    sgc_memory_os_set_faults(c.memory, &(sgc_faults){.power_cut_at = step});
    for (uint64_t i = 1; i <= 60; i++) {
        bool full = with_full && i % 7 == 0;
        sgc_status status =
            full ? case_commit(&c, i) : case_append(&c, i, SGC_DURABILITY_BATCHED, NULL, NULL);
        if (status != SGC_OK) break;
        shown = i;
        if (full) durable = i;
        if (i % 20 == 0 && sgc_log_wait(c.log, i) == SGC_OK) durable = i;
        if (i % 20 == 0) (void)!sgc_log_release(c.log, durable / 2);
    }
    if (sgc_log_durable(c.log) < durable) CU_FAIL("durable moved back");
    sgc_memory_os_set_faults(c.memory, &(sgc_faults){.power_cut_at = 1});
    case_close(&c);
    sgc_memory_os_power_cycle(c.memory, seed);
    CU_ASSERT_EQUAL_FATAL(case_open(&c, durable / 2), SGC_OK);
    CU_ASSERT_FALSE(c.wrong);
    CU_ASSERT_TRUE(c.last >= durable || (durable == 0 && c.last == 0));
    CU_ASSERT_EQUAL(c.count, c.last ? c.last - durable / 2 : 0); /* a suffix is lost, no hole */
    CU_ASSERT_TRUE(sgc_log_highest(c.log) >= shown);
    uint64_t next = sgc_log_highest(c.log) + 1;
    CU_ASSERT_EQUAL(case_commit(&c, next), SGC_OK);
    case_close(&c);
    CU_ASSERT_EQUAL(case_open(&c, durable / 2), SGC_OK);
    CU_ASSERT_EQUAL(c.last, next);
    CU_ASSERT_EQUAL(sgc_log_highest(c.log), next);
    case_end(&c);
}

static void a_power_cut_takes_a_suffix_and_no_number_returns(void)
{
    for (uint64_t step = 1; step <= 90; step++) {
        cut_at(step, step * 3 + 1, false);
        cut_at(step, step * 5 + 2, true);
    }
}

/* A segment that was just begun holds no batch: its head knows what was given out. */
static void the_reservation_outlives_its_segment(void)
{
    for (uint64_t step = 1; step < 12; step++) {
        log_case c = {.options = {.segment_size = 16384, .batch_delay_us = MINUTE_US},
                      .scale = 3000};
        uint64_t i = 1;
        case_start(&c);
        CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
        for (; i <= 9; i++) {
            CU_ASSERT_EQUAL(case_append(&c, i, SGC_DURABILITY_NONE, NULL, NULL), SGC_OK);
            CU_ASSERT_EQUAL(sgc_log_wait(c.log, i), SGC_OK);
        }
        CU_ASSERT_EQUAL(sgc_log_release(c.log, i - 1), SGC_OK);
        CU_ASSERT_EQUAL(case_append(&c, i, SGC_DURABILITY_NONE, NULL, NULL), SGC_OK);
        sgc_memory_os_set_faults(c.memory, &(sgc_faults){.power_cut_at = step});
        (void)!sgc_log_wait(c.log, i);
        case_close(&c);
        sgc_memory_os_power_cycle(c.memory, step);
        CU_ASSERT_EQUAL_FATAL(case_open(&c, i - 1), SGC_OK);
        CU_ASSERT_TRUE(sgc_log_highest(c.log) >= i);
        case_end(&c);
    }
}

/* Ranges are extended ahead of need: a long run of appends waits for the device once. */
static void reserving_is_rare(void)
{
    enum { MANY = 700000 };
    log_case c = {.options = {.segment_size = 64 << 20, .batch_delay_us = MINUTE_US}};
    sgc_log_stats stats;

    case_start(&c);
    CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
    for (uint64_t i = 1; i <= MANY; i++) {
        sgc_status status =
            sgc_log_append(c.log, i, i, SGC_STR("x"), SGC_DURABILITY_NONE, NULL, NULL);
        if (status != SGC_OK) CU_FAIL_FATAL("append");
    }
    sgc_log_get_stats(c.log, &stats);
    CU_ASSERT_TRUE(stats.batches <= 60);
    CU_ASSERT_EQUAL(sgc_log_wait(c.log, MANY), SGC_OK);
    case_end(&c);
}

/* ---- what stands behind the events ---- */

/* Blocks are padded with zeros, whatever earlier and longer batches left in memory. */
static void padding_is_zero(void)
{
    static const size_t sizes[] = {9000, 10, 5000, 4010, 1, 3000, 20000, 2};
    log_case c = {.options = {.segment_size = 1 << 20}};
    static char data[128 * 1024];
    sgc_file *file;
    size_t got, at = SGC_LOG_BLOCK, checked = 0;

    case_start(&c);
    CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
    for (uint64_t i = 1; i <= 40; i++) {
        size_t size = sizes[sgc_hash(&i, sizeof i, 3) % 8];
        memset(data, 'x', size);
        CU_ASSERT_EQUAL(
            sgc_log_append(c.log, i, i, sgc_str_of(data, size), SGC_DURABILITY_FULL, NULL, NULL),
            SGC_OK);
        CU_ASSERT_EQUAL(sgc_log_wait(c.log, i), SGC_OK);
    }
    const char *path = "log/0000000000000001.log";
    CU_ASSERT_EQUAL_FATAL(c.os->open(c.os->self, path, SGC_OPEN_READ, &file), SGC_OK);
    CU_ASSERT_EQUAL(c.os->read(c.os->self, file, at, data, sizeof data, &got), SGC_OK);
    c.os->close(c.os->self, file);
    at = 0;
    for (sgc_log_batch_head head;
         at + SGC_LOG_HEAD <= sizeof data && sgc_log_get_batch((uint8_t *)data + at, &head);
         checked++) {
        uint64_t end = at + SGC_LOG_HEAD + head.size, padded;
        CU_ASSERT_TRUE(sgc_log_padded(end, &padded));
        if (padded > sizeof data) break;
        while (end < padded)
            CU_ASSERT_EQUAL(data[end++], 0);
        at = (size_t)padded;
    }
    CU_ASSERT_TRUE(checked > 8);
    case_end(&c);
}

/* ---- the delay is kept ---- */

static void batched_commits_become_durable_by_themselves(void)
{
    log_case c = {.options = {.batch_delay_us = 2000}};

    case_start(&c);
    CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
    CU_ASSERT_EQUAL(case_append(&c, 1, SGC_DURABILITY_BATCHED, NULL, NULL), SGC_OK);
    uint64_t until = c.os->monotonic_us(c.os->self) + 10 * 1000000;
    while (sgc_log_durable(c.log) < 1 && c.os->monotonic_us(c.os->self) < until) {
    }
    CU_ASSERT_EQUAL(sgc_log_durable(c.log), 1);
    case_end(&c);
}

/* ---- memory ---- */

/*
 * Whichever allocation fails once: the append says so and the log goes on, or the batch is written
 * all the same.
 */
static void memory_that_runs_out_stops_nothing(void)
{
    log_case c = {.options = {.segment_size = 16384}, .scale = 6000};
    uint64_t next = 1, refused = 0, spared = 0;

    case_start(&c);
    CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
    for (uint64_t n = 1; n <= 60; n++) {
        char *payload = sgc_alloc(9000);
        CU_ASSERT_PTR_NOT_NULL_FATAL(payload);
        size_t size = case_size(&c, next);
        case_fill(next, payload, size);
        sgc_alloc_fail_at(1 + n % 12, false);
        sgc_status status = sgc_log_append(c.log, next, next + 1000, sgc_str_of(payload, size),
                                           SGC_DURABILITY_FULL, NULL, NULL);
        CU_ASSERT_TRUE(status == SGC_OK || status == SGC_NO_MEMORY);
        if (status == SGC_OK) CU_ASSERT_EQUAL(sgc_log_wait(c.log, next), SGC_OK);
        spared += sgc_alloc_count() >= 1 + n % 12 && status == SGC_OK;
        sgc_alloc_fail_at(0, false);
        refused += status == SGC_NO_MEMORY;
        next += status == SGC_OK;
        sgc_free(payload);
    }
    CU_ASSERT_TRUE(spared > 0);
    CU_ASSERT_TRUE(next > 30);
    case_close(&c);
    CU_ASSERT_EQUAL(case_open(&c, 0), SGC_OK);
    CU_ASSERT_EQUAL(c.count, next - 1);
    CU_ASSERT_FALSE(c.wrong);
    case_end(&c);
}

/* ---- a device that hangs ---- */

static struct gate {
    sgc_os table;
    const sgc_os *base;
    sgc_mutex lock;
    sgc_cond changed;
    bool is_shut, is_reached, has_returned;
} gate;

static sgc_status write_at_gate(void *self, sgc_file *file, uint64_t offset, const void *data,
                                size_t size)
{
    sgc_mutex_lock(&gate.lock);
    gate.is_reached = gate.is_reached || gate.is_shut;
    sgc_cond_broadcast(&gate.changed);
    while (gate.is_shut)
        sgc_cond_wait(&gate.changed, &gate.lock);
    sgc_mutex_unlock(&gate.lock);
    return gate.base->write(self, file, offset, data, size);
}

static void *pace_once(void *log)
{
    sgc_log_pace(log);
    sgc_mutex_lock(&gate.lock);
    gate.has_returned = true;
    sgc_cond_broadcast(&gate.changed);
    sgc_mutex_unlock(&gate.lock);
    return NULL;
}

/* Until `what` holds, but no longer than that. */
static bool wait_for(const bool *what, uint64_t time_us)
{
    uint64_t until = gate.base->monotonic_us(gate.base->self) + time_us, now = 0;

    sgc_mutex_lock(&gate.lock);
    while (!*what && (now = gate.base->monotonic_us(gate.base->self)) < until)
        (void)sgc_cond_wait_for(&gate.changed, &gate.lock, until - now);
    bool holds = *what;
    sgc_mutex_unlock(&gate.lock);
    return holds;
}

static void shut_gate(bool shut)
{
    sgc_mutex_lock(&gate.lock);
    gate.is_shut = shut;
    sgc_cond_broadcast(&gate.changed);
    sgc_mutex_unlock(&gate.lock);
}

static void commits_wait_for_a_late_device(void)
{
    enum { DELAY_US = 5000 };
    log_case c = {.options = {.segment_size = 16384, .batch_delay_us = DELAY_US}};
    sgc_thread thread;

    case_start(&c);
    gate = (struct gate){.table = *c.os, .base = c.os};
    gate.table.write = write_at_gate;
    c.os = &gate.table;
    sgc_mutex_init(&gate.lock);
    sgc_cond_init(&gate.changed);
    CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
    CU_ASSERT_EQUAL(case_commit(&c, 1), SGC_OK);
    CU_ASSERT_EQUAL(case_append(&c, 2, SGC_DURABILITY_BATCHED, NULL, NULL), SGC_OK);
    sgc_log_pace(c.log);
    shut_gate(true);
    CU_ASSERT_EQUAL(case_append(&c, 3, SGC_DURABILITY_BATCHED, NULL, NULL), SGC_OK);
    CU_ASSERT_TRUE_FATAL(wait_for(&gate.is_reached, MINUTE_US));
    CU_ASSERT_EQUAL(case_append(&c, 4, SGC_DURABILITY_BATCHED, NULL, NULL), SGC_OK);
    CU_ASSERT_FALSE(wait_for(&gate.has_returned, 3 * DELAY_US));
    CU_ASSERT_EQUAL(sgc_thread_start(&thread, pace_once, c.log), SGC_OK);
    CU_ASSERT_FALSE(wait_for(&gate.has_returned, 10 * DELAY_US));
    shut_gate(false);
    CU_ASSERT_TRUE(wait_for(&gate.has_returned, MINUTE_US));
    sgc_thread_join(thread);
    /* Its batch is on the way by now; the thread that writes it may not be done. */
    CU_ASSERT_EQUAL(sgc_log_wait(c.log, 4), SGC_OK);
    CU_ASSERT_EQUAL(sgc_log_durable(c.log), 4);
    case_end(&c);
    sgc_cond_destroy(&gate.changed);
    sgc_mutex_destroy(&gate.lock);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"full commits reserve nothing", full_commits_reserve_nothing},
        {"an orderly close gives numbers back", an_orderly_close_gives_numbers_back},
        {"a power cut takes a suffix", a_power_cut_takes_a_suffix_and_no_number_returns},
        {"the reservation outlives its segment", the_reservation_outlives_its_segment},
        {"reserving is rare", reserving_is_rare},
        {"padding is zero", padding_is_zero},
        {"batched commits become durable", batched_commits_become_durable_by_themselves},
        {"commits wait for a late device", commits_wait_for_a_late_device},
        {"memory that runs out stops nothing", memory_that_runs_out_stops_nothing},
        CU_TEST_INFO_NULL,
    };
    return unit_run("log.durability", tests);
}
