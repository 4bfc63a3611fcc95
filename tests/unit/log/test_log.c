/* test_log.c - one thread: what is written comes back, and what is broken is found out. */
#include "unit/log/log_case.h"

#include "log/format.h"

/* ---- writing and finding again ---- */

static void what_was_committed_is_replayed(void)
{
    for (int buffered = 0; buffered < 2; buffered++) {
        log_case c = {.options = {.segment_size = 65536, .buffered = buffered}, .scale = 9000};
        case_start(&c);
        CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
        CU_ASSERT_EQUAL(c.count, 0);
        for (uint64_t i = 2; i <= 400; i += 2)
            CU_ASSERT_EQUAL(case_commit(&c, i), SGC_OK);
        CU_ASSERT_EQUAL(sgc_log_durable(c.log), 400);
        sgc_log_stats stats;
        sgc_log_get_stats(c.log, &stats);
        CU_ASSERT_EQUAL(stats.commits, 200);
        CU_ASSERT_EQUAL(stats.flushes, 200);
        CU_ASSERT_EQUAL(stats.direct, !buffered);
        CU_ASSERT_TRUE(stats.segments > 10);
        case_close(&c);
        CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
        CU_ASSERT_EQUAL(c.count, 200);
        CU_ASSERT_EQUAL(sgc_log_durable(c.log), 400);
        case_close(&c);
        CU_ASSERT_EQUAL_FATAL(case_open(&c, 301), SGC_OK);
        CU_ASSERT_EQUAL(c.count, 50);
        CU_ASSERT_EQUAL(case_commit(&c, 500), SGC_OK);
        CU_ASSERT_FALSE(c.wrong);
        case_end(&c);
    }
}

static void a_transaction_larger_than_a_segment(void)
{
    log_case c = {.options = {.segment_size = 16384}};

    case_start(&c);
    CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
    CU_ASSERT_EQUAL(case_commit(&c, 1), SGC_OK);
    c.scale = 9000000;
    uint64_t big = 2;
    while (case_size(&c, big) < 5000000)
        big++;
    CU_ASSERT_EQUAL(case_commit(&c, big), SGC_OK);
    c.scale = 0;
    CU_ASSERT_EQUAL(case_commit(&c, big + 1), SGC_OK);
    case_close(&c);
    c.scale = 9000000;
    CU_ASSERT_EQUAL_FATAL(case_open(&c, 1), SGC_OK);
    CU_ASSERT_EQUAL(c.count, 2);
    CU_ASSERT_EQUAL(c.last, big + 1);
    sgc_log_stats stats;
    CU_ASSERT_EQUAL(sgc_log_release(c.log, big + 1), SGC_OK);
    sgc_log_get_stats(c.log, &stats);
    CU_ASSERT_EQUAL(stats.segments, 1);
    CU_ASSERT_EQUAL(sgc_log_append(c.log, big + 2, 0, sgc_str_of("", ((size_t)1 << 30) + 1),
                                   SGC_DURABILITY_FULL, NULL, NULL),
                    SGC_LIMIT);
    case_end(&c);
}

static void one_batch_of_many(void)
{
    log_case c = {0};
    sgc_log_stats stats;

    case_start(&c);
    CU_ASSERT_EQUAL_FATAL(case_open(&c, 10), SGC_OK);
    for (uint64_t i = 11; i <= 1010; i++) {
        CU_ASSERT_EQUAL(case_append(&c, i, SGC_DURABILITY_FULL, NULL, NULL), SGC_OK);
    }
    CU_ASSERT_EQUAL(sgc_log_durable(c.log), 10);
    CU_ASSERT_EQUAL(sgc_log_wait(c.log, 11), SGC_OK);
    CU_ASSERT_EQUAL(sgc_log_durable(c.log), 1010);
    CU_ASSERT_EQUAL(sgc_log_wait(c.log, 1010), SGC_OK);
    sgc_log_get_stats(c.log, &stats);
    CU_ASSERT_EQUAL(stats.flushes, 1);
    CU_ASSERT_EQUAL(stats.commits, 1000);
    case_close(&c);
    CU_ASSERT_EQUAL(case_open(&c, 10), SGC_OK);
    CU_ASSERT_EQUAL(c.count, 1000);
    CU_ASSERT_FALSE(c.wrong);
    case_end(&c);
}

static void a_missing_log_is_noticed(void)
{
    log_case c = {.options = {.must_exist = true}};

    case_start(&c);
    CU_ASSERT_EQUAL(case_open(&c, 0), SGC_CORRUPT);
    CU_ASSERT_PTR_NOT_NULL(strstr(c.error.text, "missing"));
    c.options.must_exist = false;
    CU_ASSERT_EQUAL_FATAL(case_open(&c, 5), SGC_OK);
    case_close(&c);
    c.options.must_exist = true;
    CU_ASSERT_EQUAL(case_open(&c, 5), SGC_OK);
    case_close(&c);
    /* A log that begins behind what is stored elsewhere lacks commits. */
    CU_ASSERT_EQUAL(case_open(&c, 4), SGC_CORRUPT);
    case_end(&c);
}

static sgc_status refuse_third(void *context, sgc_log_position position, uint64_t time_us,
                               sgc_str payload)
{
    (void)context;
    (void)time_us;
    (void)payload;
    return position.index == 3 ? SGC_SCHEMA_MISMATCH : SGC_OK;
}

static void a_reader_may_stop(void)
{
    log_case c = {0};

    case_start(&c);
    CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
    for (uint64_t i = 1; i < 6; i++)
        CU_ASSERT_EQUAL(case_commit(&c, i), SGC_OK);
    CU_ASSERT_EQUAL(sgc_log_read(c.log, 0, refuse_third, NULL, &c.error), SGC_SCHEMA_MISMATCH);
    CU_ASSERT_EQUAL(sgc_log_read(c.log, 3, refuse_third, NULL, &c.error), SGC_OK);
    case_end(&c);
}

/* ---- releasing ---- */

typedef struct tally {
    int segments, spares, others;
} tally;

static void count_name(void *context, const char *name)
{
    tally *t = context;
    uint64_t number;
    bool spare;

    if (!sgc_log_parse_name(name, &number, &spare))
        t->others++;
    else if (spare)
        t->spares++;
    else
        t->segments++;
}

static void released_segments_are_used_again(void)
{
    log_case c = {.options = {.segment_size = 65536}, .scale = 4000};
    sgc_log_stats stats;
    tally t = {0};

    case_start(&c);
    CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
    for (uint64_t i = 1; i <= 2000; i++) {
        CU_ASSERT_EQUAL(case_commit(&c, i), SGC_OK);
        if (i % 100 == 0) {
            CU_ASSERT_TRUE(sgc_log_held_bytes(c.log) >= 100 * 4096);
            CU_ASSERT_EQUAL(sgc_log_release(c.log, i - 10), SGC_OK);
            CU_ASSERT_TRUE(sgc_log_held_bytes(c.log) <= 40 * 4096);
            c.count = c.last = 0;
            CU_ASSERT_EQUAL(sgc_log_read(c.log, i - 10, case_reader, &c, &c.error), SGC_OK);
            CU_ASSERT_EQUAL(c.count, 10);
        }
    }
    sgc_log_get_stats(c.log, &stats);
    CU_ASSERT_TRUE(stats.recycled > 50);
    CU_ASSERT_EQUAL(c.os->list(c.os->self, "log", count_name, &t), SGC_OK);
    CU_ASSERT_TRUE(t.segments <= 3);
    CU_ASSERT_TRUE(t.spares <= 8);
    CU_ASSERT_EQUAL(t.others, 0);
    CU_ASSERT_EQUAL(sgc_log_read(c.log, 100, case_reader, &c, &c.error), SGC_HISTORY_PRUNED);
    /* Nobody can release what is not durable yet. */
    CU_ASSERT_EQUAL(sgc_log_release(c.log, UINT64_MAX), SGC_OK);
    CU_ASSERT_EQUAL(case_commit(&c, 2001), SGC_OK);
    case_close(&c);
    CU_ASSERT_EQUAL(case_open(&c, 2000), SGC_OK);
    CU_ASSERT_EQUAL(c.count, 1);
    CU_ASSERT_FALSE(c.wrong);
    case_end(&c);
}

/* ---- failures ---- */

typedef struct fates {
    sgc_status of[64];
    uint64_t last;
    bool twice;
} fates;

static void note_fate(void *context, uint64_t sequence, sgc_status outcome)
{
    fates *f = context;

    if (sequence <= f->last) f->twice = true;
    f->last = sequence;
    f->of[sequence] = outcome;
}

static sgc_status check_fate(void *context, sgc_log_position position, uint64_t time_us,
                             sgc_str payload)
{
    fates *f = context;

    (void)time_us;
    (void)payload;
    if (f->of[position.index] == SGC_READ_ONLY) f->twice = true; /* refused, and here it is */
    f->of[position.index] = SGC_NOT_FOUND;                       /* found: cross it off */
    return SGC_OK;
}

static void run_with_faults(log_case *c, const sgc_faults *faults, unsigned *seen)
{
    fates f = {.last = 0};
    bool stopped = false;

    case_start(c);
    CU_ASSERT_EQUAL_FATAL(case_open(c, 0), SGC_OK);
    sgc_memory_os_set_faults(c->memory, faults);
    for (uint64_t i = 1; i < 60; i++) {
        sgc_status status = case_append(c, i, SGC_DURABILITY_FULL, note_fate, &f);
        CU_ASSERT_EQUAL(status, stopped ? SGC_READ_ONLY : SGC_OK);
        if (status != SGC_OK || i % 3) continue;
        status = sgc_log_wait(c->log, i);
        CU_ASSERT_EQUAL(status, f.of[i]);
        CU_ASSERT_TRUE(!stopped || status != SGC_OK);
        stopped = status != SGC_OK;
        if (status == SGC_UNKNOWN_OUTCOME) *seen |= 1;
        if (status == SGC_READ_ONLY) *seen |= 2;
    }
    CU_ASSERT_EQUAL(sgc_log_failure(c->log) != NULL, stopped);
    /* What is there can still be read. */
    c->count = c->last = 0;
    sgc_memory_os_set_faults(c->memory, &(sgc_faults){.seed = 3});
    CU_ASSERT_EQUAL(sgc_log_read(c->log, 0, case_reader, c, &c->error), SGC_OK);
    CU_ASSERT_EQUAL(c->last, sgc_log_durable(c->log));
    case_close(c);
    sgc_memory_os_power_cycle(c->memory, faults->seed);
    CU_ASSERT_EQUAL_FATAL(
        sgc_log_open(c->os, "log", &c->options, 0, check_fate, &f, &c->log, &c->error), SGC_OK);
    for (uint64_t i = 1; i <= f.last; i++)
        CU_ASSERT_NOT_EQUAL(f.of[i], SGC_OK);
    CU_ASSERT_FALSE(f.twice);
    case_end(c);
}

static void every_write_and_sync_may_fail(void)
{
    unsigned seen = 0;

    for (uint64_t n = 1; n <= 30; n++) {
        for (unsigned kind = 0; kind < 24; kind++) {
            log_case c = {.options = {.segment_size = 16384, .buffered = kind & 1}, .scale = 3000};
            sgc_faults faults = {.seed = n * 100 + kind,
                                 .short_writes = kind & 2,
                                 .sticky = kind & 4,
                                 .fail_write_at = kind / 8 == 0 ? n : 0,
                                 .fail_sync_at = kind / 8 == 1 ? n : 0,
                                 .no_space_at = kind / 8 == 2 ? n : 0};
            run_with_faults(&c, &faults, &seen);
        }
    }
    CU_ASSERT_EQUAL(seen, 3);
}

static void memory_may_run_out_anywhere(void)
{
    uint64_t n = 0, failures = 0;
    bool finished = false;

    while (!finished && n < 2000) {
        log_case c = {.options = {.segment_size = 16384}, .scale = 9000};
        uint64_t acknowledged = 0;
        case_start(&c);
        CU_ASSERT_EQUAL_FATAL(c.os->make_directory(c.os->self, "log"), SGC_OK);
        sgc_alloc_fail_at(++n, false);
        sgc_status status = case_open(&c, 0);
        for (uint64_t i = 1; i < 20 && status == SGC_OK; i++) {
            status = case_commit(&c, i);
            if (status == SGC_OK) acknowledged = i;
            if (status == SGC_OK && i == 9) status = sgc_log_release(c.log, 5);
        }
        if (status == SGC_OK) status = sgc_log_read(c.log, 9, case_reader, &c, &c.error);
        finished = sgc_alloc_count() < n;
        sgc_alloc_fail_at(0, false);
        failures += status != SGC_OK;
        CU_ASSERT_TRUE(status == SGC_OK || status == SGC_NO_MEMORY || status == SGC_READ_ONLY ||
                       status == SGC_UNKNOWN_OUTCOME);
        case_close(&c);
        CU_ASSERT_EQUAL_FATAL(case_open(&c, acknowledged > 5 ? 5 : 0), SGC_OK);
        CU_ASSERT_TRUE(c.last >= acknowledged);
        CU_ASSERT_FALSE(c.wrong);
        case_end(&c);
    }
    CU_ASSERT_TRUE(finished);
    CU_ASSERT_TRUE(failures > 20);
}

/* ---- damage ---- */

enum { FLIP_COMMITS = 12 };

/* Some segments and batches; closed well, or left without a closing mark. */
static void make_flip_case(log_case *c, bool closed)
{
    *c = (log_case){.options = {.segment_size = 16384, .buffered = true}, .scale = 5000};
    case_start(c);
    sgc_memory_os_set_faults(c->memory, &(sgc_faults){.seed = 9});
    CU_ASSERT_EQUAL_FATAL(case_open(c, 0), SGC_OK);
    for (uint64_t i = 1; i <= FLIP_COMMITS; i++)
        CU_ASSERT_EQUAL_FATAL(case_commit(c, i), SGC_OK);
    if (!closed)
        sgc_memory_os_set_faults(c->memory, &(sgc_faults){.fail_write_at = 1, .sticky = true});
    case_close(c);
    sgc_memory_os_power_cycle(c->memory, 1);
}

static void flip_one(bool closed, uint64_t segment, uint64_t bit, unsigned *found)
{
    log_case c;
    char path[64];
    char name[SGC_LOG_NAME];

    make_flip_case(&c, closed);
    sgc_log_segment_name(name, segment, false);
    snprintf(path, sizeof path, "log/%s", name);
    if (sgc_memory_os_flip(c.memory, path, bit) != SGC_OK) {
        case_end(&c);
        return;
    }
    sgc_status status = case_open(&c, 0);
    CU_ASSERT_TRUE(status == SGC_OK || status == SGC_CORRUPT);
    CU_ASSERT_FALSE(c.wrong);
    if (status == SGC_CORRUPT) {
        CU_ASSERT_PTR_NOT_NULL(strstr(c.error.text, ".log: offset "));
        *found += 1;
    } else {
        CU_ASSERT_TRUE(c.count >= FLIP_COMMITS - (closed ? 0 : 1));
    }
    case_end(&c);
}

static void every_flipped_bit_is_found_or_harmless(void)
{
    unsigned found = 0, tried = 0;
    uint64_t dice = 1;

    for (int closed = 0; closed < 2; closed++) {
        for (uint64_t segment = 1; segment <= 12; segment++) {
            for (uint64_t bit = 0; bit < 64 * 8; bit += 7, tried++) {
                flip_one(closed, segment, bit, &found);            /* the segment's head */
                flip_one(closed, segment, 4096 * 8 + bit, &found); /* its first batch's */
            }
            for (int i = 0; i < 40; i++, tried++) {
                dice = sgc_hash(&dice, sizeof dice, 3);
                flip_one(closed, segment, dice % (16384 * 8), &found);
            }
        }
    }
    CU_ASSERT_TRUE(found > 500);
    CU_ASSERT_TRUE(tried > 2000);
}

static void a_lost_segment_is_noticed(void)
{
    log_case c;

    for (uint64_t segment = 1; segment <= 3; segment++) {
        char path[64];
        char name[SGC_LOG_NAME];
        make_flip_case(&c, true);
        sgc_log_segment_name(name, segment, false);
        snprintf(path, sizeof path, "log/%s", name);
        CU_ASSERT_EQUAL(c.os->remove(c.os->self, path), SGC_OK);
        CU_ASSERT_EQUAL(case_open(&c, 0), SGC_CORRUPT);
        case_end(&c);
    }
}

/* False when there is no such segment, or the cut is not in it. */
static bool cut_off(uint64_t segment, uint64_t size)
{
    char path[64], name[SGC_LOG_NAME];
    log_case c;
    sgc_file *file = NULL;
    uint64_t whole = 0;

    make_flip_case(&c, true);
    sgc_log_segment_name(name, segment, false);
    snprintf(path, sizeof path, "log/%s", name);
    sgc_status status = c.os->open(c.os->self, path, SGC_OPEN_READ | SGC_OPEN_WRITE, &file);
    if (status == SGC_OK) status = c.os->size(c.os->self, file, &whole);
    bool cuts = status == SGC_OK && size < whole;
    if (cuts) CU_ASSERT_EQUAL(c.os->truncate(c.os->self, file, size), SGC_OK);
    if (file) c.os->close(c.os->self, file);
    if (cuts) CU_ASSERT_EQUAL(case_open(&c, 0), SGC_CORRUPT);
    case_end(&c);
    return cuts;
}

/* In the last one, too: what stood behind the cut cannot be told. */
static void a_cut_off_segment_is_noticed(void)
{
    unsigned cuts = 0, segments = 0;

    for (uint64_t segment = 1; cut_off(segment, 0); segment++, segments++) {
        for (uint64_t size = 0; cut_off(segment, size); size += 1024)
            cuts++;
    }
    CU_ASSERT_TRUE(segments > 1 && cuts >= 16 * segments);
}

static uint64_t read_log_id(log_case *c)
{
    uint8_t block[SGC_LOG_HEAD];
    sgc_log_batch_head head = {0};
    sgc_file *file;
    size_t got;

    CU_ASSERT_EQUAL_FATAL(
        c->os->open(c->os->self, "log/0000000000000001.log", SGC_OPEN_READ, &file), SGC_OK);
    CU_ASSERT_EQUAL(c->os->read(c->os->self, file, SGC_LOG_BLOCK, block, sizeof block, &got),
                    SGC_OK);
    CU_ASSERT_TRUE(sgc_log_get_batch(block, &head));
    c->os->close(c->os->self, file);
    return head.id;
}

/* The last batch is torn, and its payload holds what looks like later batches. */
static sgc_status open_forged(bool knows_id)
{
    log_case c = {.options = {.segment_size = 1 << 20}};
    static uint8_t payload[16 * SGC_LOG_BLOCK];

    case_start(&c);
    CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
    CU_ASSERT_EQUAL(case_commit(&c, 1), SGC_OK);
    uint64_t id = knows_id ? read_log_id(&c) : 42;
    sgc_log_batch_head head = {.number = 1000, .id = id, .previous_id = id};
    size_t lead = SGC_LOG_BLOCK - SGC_LOG_HEAD - SGC_LOG_EVENT_HEAD;
    for (size_t at = lead; at + SGC_LOG_HEAD < sizeof payload; at += SGC_LOG_BLOCK) {
        sgc_log_put_batch(payload + at, &head, 0);
    }
    sgc_str all = {(const char *)payload, sizeof payload};
    CU_ASSERT_EQUAL(sgc_log_append(c.log, 2, 2, all, SGC_DURABILITY_FULL, NULL, NULL), SGC_OK);
    CU_ASSERT_EQUAL(sgc_log_wait(c.log, 2), SGC_OK);
    sgc_memory_os_set_faults(c.memory, &(sgc_faults){.fail_write_at = 1, .sticky = true});
    case_close(&c);
    sgc_memory_os_power_cycle(c.memory, 1);
    /* Behind the head, the opening mark and commit 1. */
    CU_ASSERT_EQUAL(sgc_memory_os_flip(c.memory, "log/0000000000000001.log", 8 * (4096 * 3 + 70)),
                    SGC_OK);
    sgc_status status = case_open(&c, 0);
    CU_ASSERT_EQUAL(c.count, 1);
    case_end(&c);
    return status;
}

/* A user may store a copy of a log: blocks of a dropped batch prove nothing without the id. */
static void a_payload_cannot_forge_damage(void)
{
    CU_ASSERT_EQUAL(open_forged(false), SGC_OK);
    CU_ASSERT_EQUAL(open_forged(true), SGC_CORRUPT);
}

/* Reads or writes one block of the first segment, durably. */
static void one_block(log_case *c, uint64_t at, uint8_t *block, bool write)
{
    sgc_file *file;
    size_t got = SGC_LOG_BLOCK;
    const sgc_os *os = c->os;

    CU_ASSERT_EQUAL_FATAL(
        os->open(os->self, "log/0000000000000001.log", SGC_OPEN_READ | SGC_OPEN_WRITE, &file),
        SGC_OK);
    if (write) {
        CU_ASSERT_EQUAL(os->write(os->self, file, at * SGC_LOG_BLOCK, block, got), SGC_OK);
        CU_ASSERT_EQUAL(os->sync(os->self, file), SGC_OK);
    } else {
        CU_ASSERT_EQUAL(os->read(os->self, file, at * SGC_LOG_BLOCK, block, got, &got), SGC_OK);
        CU_ASSERT_EQUAL(got, SGC_LOG_BLOCK);
    }
    os->close(os->self, file);
}

/*
 * The head, an opening mark, commit 1, the closing mark; the second open puts its opening mark in
 * that place and two commits behind it. Then the device has never written that opening mark, and
 * `damaged` blocks behind it are gone too.
 */
static sgc_status open_after_lost_opening(uint64_t damaged, bool closed)
{
    log_case c = {.options = {.segment_size = 1 << 20}};
    uint8_t closing[SGC_LOG_BLOCK], nothing[SGC_LOG_BLOCK] = {0};
    sgc_log_batch_head head = {0};

    case_start(&c);
    CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
    CU_ASSERT_EQUAL(case_commit(&c, 1), SGC_OK);
    case_close(&c);
    one_block(&c, 3, closing, false);
    CU_ASSERT_TRUE(sgc_log_get_batch(closing, &head));
    CU_ASSERT_EQUAL(head.last, SGC_LOG_CLOSED);
    CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
    CU_ASSERT_EQUAL(case_commit(&c, 2), SGC_OK);
    CU_ASSERT_EQUAL(case_commit(&c, 3), SGC_OK);
    if (!closed)
        sgc_memory_os_set_faults(c.memory, &(sgc_faults){.fail_write_at = 1, .sticky = true});
    case_close(&c);
    sgc_memory_os_power_cycle(c.memory, 1);
    one_block(&c, 3, closing, true);
    for (uint64_t i = 0; i < damaged; i++)
        one_block(&c, 4 + i, nothing, true);
    sgc_status status = case_open(&c, 0);
    if (status == SGC_OK) CU_ASSERT_EQUAL(c.count, 1);
    case_end(&c);
    return status;
}

static void a_lost_opening_mark_is_noticed(void)
{
    for (int closed = 0; closed < 2; closed++) {
        CU_ASSERT_EQUAL(open_after_lost_opening(0, closed), SGC_CORRUPT);
        CU_ASSERT_EQUAL(open_after_lost_opening(1, closed), SGC_CORRUPT);
    }
}

/* An orderly close writes a mark, whose place the next opening mark takes. Who only reads leaves it
 * there and writes nothing at all. */
static void opening_takes_the_place_of_closing(void)
{
    log_case c = {.options = {.segment_size = 1 << 20}};
    uint8_t block[SGC_LOG_BLOCK];
    sgc_log_batch_head head = {0};

    case_start(&c);
    for (uint64_t i = 0; i < 20; i++) {
        uint64_t writes, syncs, before, now;
        sgc_memory_os_counts(c.memory, &writes, &syncs, &before);
        CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
        CU_ASSERT_EQUAL(c.count, i / 2);
        if (i % 2) CU_ASSERT_EQUAL(case_commit(&c, i / 2 + 1), SGC_OK);
        case_close(&c);
        sgc_memory_os_counts(c.memory, &writes, &syncs, &now);
        if (i % 2 == 0 && i > 0) CU_ASSERT_EQUAL(now, before);
        one_block(&c, 2 + (i + 1) / 2 * 2, block, false);
        CU_ASSERT_TRUE(sgc_log_get_batch(block, &head));
        CU_ASSERT_EQUAL(head.last, SGC_LOG_CLOSED);
    }
    case_end(&c);
}

/* What lies in front of the place that a checkpoint remembers is not read. */
static void reading_begins_at_the_place(void)
{
    for (int closed = 0; closed < 2; closed++) {
        log_case c = {.options = {.segment_size = 1 << 20}};
        uint8_t nothing[SGC_LOG_BLOCK] = {0};
        case_start(&c);
        CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
        for (uint64_t i = 1; i <= 9; i++)
            CU_ASSERT_EQUAL(case_commit(&c, i), SGC_OK);
        sgc_log_place place = sgc_log_place_of(c.log, 9);
        CU_ASSERT_EQUAL(place.last, 9);
        CU_ASSERT_EQUAL(sgc_log_release(c.log, 9), SGC_OK);
        CU_ASSERT_EQUAL(case_commit(&c, 10), SGC_OK);
        CU_ASSERT_EQUAL(sgc_log_place_of(c.log, 9).batch, place.batch);
        if (!closed)
            sgc_memory_os_set_faults(c.memory, &(sgc_faults){.fail_write_at = 1, .sticky = true});
        case_close(&c);
        sgc_memory_os_power_cycle(c.memory, 1);
        one_block(&c, 5, nothing, true);
        CU_ASSERT_EQUAL(case_open(&c, 9), SGC_CORRUPT);
        /* A place of a segment that is gone is no place. */
        c.options.start = place;
        c.options.start.segment = 7;
        CU_ASSERT_EQUAL(case_open(&c, 9), SGC_CORRUPT);
        /* Nor is one behind what is stored elsewhere. */
        c.options.start = place;
        CU_ASSERT_EQUAL(case_open(&c, 8), SGC_CORRUPT);
        for (uint64_t round = 0; round < 3; round++) {
            CU_ASSERT_EQUAL_FATAL(case_open(&c, 9), SGC_OK);
            CU_ASSERT_EQUAL(c.count, 1 + round);
            CU_ASSERT_EQUAL(case_commit(&c, 11 + round), SGC_OK);
            case_close(&c);
        }
        case_end(&c);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"what was committed is replayed", what_was_committed_is_replayed},
        {"a transaction larger than a segment", a_transaction_larger_than_a_segment},
        {"one batch of many", one_batch_of_many},
        {"a missing log is noticed", a_missing_log_is_noticed},
        {"a reader may stop", a_reader_may_stop},
        {"released segments are used again", released_segments_are_used_again},
        {"every write and sync may fail", every_write_and_sync_may_fail},
        {"memory may run out anywhere", memory_may_run_out_anywhere},
        {"every flipped bit is found or harmless", every_flipped_bit_is_found_or_harmless},
        {"a lost segment is noticed", a_lost_segment_is_noticed},
        {"a cut off segment is noticed", a_cut_off_segment_is_noticed},
        {"a payload cannot forge damage", a_payload_cannot_forge_damage},
        {"a lost opening mark is noticed", a_lost_opening_mark_is_noticed},
        {"opening takes the place of closing", opening_takes_the_place_of_closing},
        {"reading begins at the place", reading_begins_at_the_place},
        CU_TEST_INFO_NULL,
    };
    return unit_run("log", tests);
}
