/*
 * test_durability.c - what each level of durability promises: full survives everything, the others
 * lose at most the last commits and never make a number mean two things. What was refused is never
 * seen; memory that runs out refuses one commit and nothing more.
 */
#include "unit/txn/rows.h"

#include <stdatomic.h>
#include <time.h>

enum { MINUTE_US = 60 * 1000000, MOST = 60 };

static const char SDL[] = "type Step { id: Int! @id(generate: NONE) note: String! @unique }\n";

static sgc_status begin_level(sgc_db *db, sgc_durability level, sgc_txn **txn)
{
    sgc_txn_options options = {.has_durability = true, .durability = level};

    return sgc_begin_with(db, &options, txn, NULL);
}

static sgc_str step_record(char *room, int id, sgc_key *key)
{
    char note[32];
    uint8_t *p = sgc_put_record_head((uint8_t *)room, 2, 1);

    snprintf(note, sizeof note, "step %d", id);
    p = sgc_put_str(sgc_put_int(p, true, id), sgc_str_from(note));
    sgc_pk_int(key, id);
    return sgc_str_of(room, (size_t)((char *)p - room));
}

/* Adds the row `id`; usable from any thread. */
static sgc_status add(sgc_db *db, int id, sgc_durability level, sgc_commit_info *info)
{
    char room[80];
    sgc_key key;
    sgc_txn *txn;
    sgc_status status = begin_level(db, level, &txn);

    *info = (sgc_commit_info){.outcome = SGC_OUTCOME_REFUSED};
    if (status != SGC_OK) return status;
    sgc_str record = step_record(room, id, &key);
    status = sgc_row_insert(txn, 0, sgc_key_str(&key), record);
    if (status == SGC_OK) return sgc_commit(&txn, info);
    sgc_abort(&txn);
    return status;
}

static bool is_there(sgc_db *db, int id)
{
    sgc_txn *txn;
    sgc_key key;
    sgc_str record;

    sgc_pk_int(&key, id);
    if (sgc_begin_read(db, sgc_now(), &txn) != SGC_OK) return false;
    sgc_status status = sgc_row_get(txn, 0, sgc_key_str(&key), &record);
    sgc_abort(&txn);
    return status == SGC_OK;
}

static uint64_t durable(const sgc_db *db)
{
    sgc_db_stats stats;

    sgc_db_get_stats(db, &stats);
    return stats.durable_sequence;
}

static void open_steps(struct bed *bed, uint64_t memtable_bytes)
{
    bed_open(bed, SDL, memtable_bytes);
    OK(sgc_db_close(bed->db));
    bed->options.batch_delay_us = MINUTE_US;
    CU_ASSERT_EQUAL_FATAL(bed_open_again(bed), SGC_OK);
}

/* ---- what is seen when ---- */

static void relaxed_commits_are_read_at_once(void)
{
    struct bed bed;
    sgc_commit_info info;

    open_steps(&bed, 1 << 20);
    OK(add(bed.db, 1, SGC_DURABILITY_BATCHED, &info));
    CU_ASSERT_EQUAL(info.outcome, SGC_OUTCOME_COMMITTED);
    CU_ASSERT_TRUE(is_there(bed.db, 1));
    CU_ASSERT_EQUAL(sgc_db_head(bed.db), info.sequence);
    CU_ASSERT_TRUE(durable(bed.db) < info.sequence);
    OK(add(bed.db, 2, SGC_DURABILITY_NONE, &info));
    CU_ASSERT_TRUE(durable(bed.db) < info.sequence);
    OK(add(bed.db, 3, SGC_DURABILITY_FULL, &info));
    CU_ASSERT_EQUAL(durable(bed.db), info.sequence); /* with all in front of it */
    OK(add(bed.db, 4, SGC_DURABILITY_NONE, &info));
    OK(sgc_db_flush(bed.db)); /* pages hold nothing that the log does not */
    CU_ASSERT_EQUAL(durable(bed.db), info.sequence);
    bed_close(&bed);
}

static void the_database_has_a_level_of_its_own(void)
{
    struct bed bed;
    sgc_commit_info info;
    sgc_error error;
    sgc_txn *txn;

    open_steps(&bed, 1 << 20);
    OK(sgc_db_close(bed.db));
    bed.options.durability = SGC_DURABILITY_BATCHED;
    CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
    txn = bed_begin(&bed);
    OK(put(txn, "Step", "{\"id\":1,\"note\":\"one\"}"));
    OK(sgc_commit(&txn, &info));
    CU_ASSERT_TRUE(durable(bed.db) < info.sequence);
    OK(add(bed.db, 2, SGC_DURABILITY_FULL, &info));
    CU_ASSERT_EQUAL(durable(bed.db), info.sequence);
    bed_close(&bed);
    bed_open(&bed, SDL, 1 << 20);
    OK(sgc_db_close(bed.db));
    bed.options.durability = (sgc_durability)3;
    IS(sgc_db_open("data", bed.schema, &bed.options, &bed.db, &error), SGC_INVALID);
    CU_ASSERT_PTR_NULL(bed.db);
    bed_close(&bed);
}

static void batched_keeps_its_delay(void)
{
    struct bed bed;
    sgc_commit_info info;

    bed_open(&bed, SDL, 1 << 20);
    const sgc_os *os = bed.options.os;
    OK(add(bed.db, 1, SGC_DURABILITY_BATCHED, &info));
    uint64_t until = os->monotonic_us(os->self) + 10 * 1000000;
    while (durable(bed.db) < info.sequence && os->monotonic_us(os->self) < until) {
    }
    CU_ASSERT_EQUAL(durable(bed.db), info.sequence);
    bed_close(&bed);
}

/* ---- power cuts ---- */

struct told {
    uint64_t sequence; /* 0: not acknowledged */
    bool full;
};

static sgc_durability level_of(uint64_t seed, int i)
{
    uint64_t mixed = sgc_hash(&i, sizeof i, seed);

    if (mixed % 5 == 0) return SGC_DURABILITY_FULL;
    return mixed % 2 ? SGC_DURABILITY_BATCHED : SGC_DURABILITY_NONE;
}

static int run_until_cut(struct bed *bed, uint64_t seed, struct told *told)
{
    int count = 0;

    for (; count < MOST; count++) {
        sgc_commit_info info;
        sgc_durability level = level_of(seed, count);
        if (add(bed->db, count, level, &info) != SGC_OK) break;
        told[count] = (struct told){info.sequence, level == SGC_DURABILITY_FULL};
        if (count % 17 == 16) (void)!sgc_db_flush(bed->db);
    }
    return count;
}

static void cut_at(uint64_t step, uint64_t seed)
{
    struct bed bed;
    struct told told[MOST] = {{0, false}};
    sgc_commit_info info;
    uint64_t shown = 0;
    int present = 0;

    open_steps(&bed, 32 << 10);
    sgc_memory_os_set_faults(bed.memory, &(sgc_faults){.power_cut_at = step, .seed = seed});
    int count = run_until_cut(&bed, seed, told);
    sgc_memory_os_set_faults(bed.memory, &(sgc_faults){.power_cut_at = 1});
    (void)!sgc_db_close(bed.db);
    sgc_memory_os_power_cycle(bed.memory, seed);
    CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
    while (present < MOST && is_there(bed.db, present))
        present++;
    for (int i = present; i < MOST; i++) /* a suffix is lost, never a hole */
        CU_ASSERT_FALSE(is_there(bed.db, i));
    for (int i = 0; i < count; i++) {
        if (told[i].full) CU_ASSERT_TRUE(i < present);
        shown = told[i].sequence;
    }
    CU_ASSERT_TRUE(sgc_db_head(bed.db) <= shown + 1);
    OK(add(bed.db, MOST + 1, SGC_DURABILITY_FULL, &info));
    CU_ASSERT_TRUE(info.sequence > shown);
    bed_reopen(&bed);
    CU_ASSERT_TRUE(is_there(bed.db, MOST + 1));
    CU_ASSERT_EQUAL(sgc_db_head(bed.db), info.sequence);
    bed_close(&bed);
}

static void power_cuts(void)
{
    for (uint64_t step = 1; step <= 120; step++)
        cut_at(step, step * 7919);
}

/* Orderly or not, without relaxed commits numbers have no gaps. */
static void full_commits_leave_no_gaps(void)
{
    struct bed bed;
    sgc_commit_info info;

    bed_open(&bed, SDL, 1 << 20);
    for (int i = 0; i < 6; i++) {
        OK(add(bed.db, i, SGC_DURABILITY_FULL, &info));
        CU_ASSERT_EQUAL(info.sequence, (uint64_t)i + 1);
        if (i % 2) {
            sgc_memory_os_set_faults(bed.memory, &(sgc_faults){.power_cut_at = 1});
            (void)!sgc_db_close(bed.db);
            sgc_memory_os_power_cycle(bed.memory, (uint64_t)i);
            CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
        } else {
            bed_reopen(&bed);
        }
    }
    bed_close(&bed);
}

/* ---- several levels at once, on a device that is slow and then fails ---- */

enum { WRITERS = 6, ROWS = 400 };

static sgc_status (*memory_write)(void *self, sgc_file *file, uint64_t offset, const void *data,
                                  size_t size);

static sgc_status slow_write(void *self, sgc_file *file, uint64_t offset, const void *data,
                             size_t size)
{
    nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    return memory_write(self, file, offset, data, size);
}

struct crowd {
    sgc_db *db;
    _Atomic int next, wrong, seen;
    _Atomic bool stop;
    _Atomic int outcomes[ROWS]; /* 1 + sgc_outcome; 0: not tried */
    _Atomic bool full[ROWS];
};

static void *write_mixed(void *argument)
{
    struct crowd *all = argument;
    int id;

    while ((id = atomic_fetch_add(&all->next, 1)) < ROWS) {
        sgc_commit_info info;
        sgc_durability level = level_of(1, id);
        all->full[id] = level == SGC_DURABILITY_FULL;
        sgc_status status = add(all->db, id, level, &info);
        all->outcomes[id] = 1 + (int)info.outcome;
        if (status != SGC_OK) continue;
        /* Its own commit is the least that the next transaction of a thread sees. */
        if (sgc_db_head(all->db) < info.sequence || !is_there(all->db, id)) all->wrong++;
    }
    return NULL;
}

/* A row of a full commit that is seen once is there for ever. */
static void *watch(void *argument)
{
    struct crowd *all = argument;
    bool seen[ROWS] = {false};

    while (!all->stop) {
        for (int i = 0; i < ROWS; i++) {
            if (seen[i] || !all->outcomes[i] || !is_there(all->db, i)) continue;
            seen[i] = true;
            all->seen++;
            if (all->outcomes[i] == 1 + SGC_OUTCOME_REFUSED) all->wrong++;
        }
    }
    return NULL;
}

static void run_crowd(struct crowd *all)
{
    sgc_thread threads[WRITERS], watcher;

    CU_ASSERT_EQUAL_FATAL(sgc_thread_start(&watcher, watch, all), SGC_OK);
    for (int i = 0; i < WRITERS; i++)
        CU_ASSERT_EQUAL_FATAL(sgc_thread_start(&threads[i], write_mixed, all), SGC_OK);
    for (int i = 0; i < WRITERS; i++)
        sgc_thread_join(threads[i]);
    all->stop = true;
    sgc_thread_join(watcher);
}

static void mix_levels(uint64_t fail_at, bool sync)
{
    struct bed bed;
    static struct crowd all;

    memset(&all, 0, sizeof all);
    bed_open(&bed, SDL, 64 << 10);
    sgc_os slow = *bed.options.os;
    OK(sgc_db_close(bed.db));
    memory_write = slow.write;
    slow.write = slow_write;
    bed.options.os = &slow;
    bed.options.buffered_log = sync;
    CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
    all.db = bed.db;
    sgc_faults faults = {.sticky = true, .seed = fail_at + 1, .short_writes = true};
    if (sync) faults.fail_sync_at = fail_at;
    if (!sync) faults.fail_write_at = fail_at;
    sgc_memory_os_set_faults(bed.memory, &faults);
    run_crowd(&all);
    CU_ASSERT_EQUAL(all.wrong, 0);
    bool refused = false;
    for (int i = 0; i < ROWS; i++) { /* reads go on, and see what was committed */
        bool there = is_there(bed.db, i);
        if (all.outcomes[i] == 1 + SGC_OUTCOME_COMMITTED) CU_ASSERT_TRUE(there);
        if (all.outcomes[i] == 1 + SGC_OUTCOME_REFUSED) CU_ASSERT_FALSE(there);
        refused = refused || all.outcomes[i] != 1 + SGC_OUTCOME_COMMITTED;
    }
    sgc_memory_os_set_faults(bed.memory, &(sgc_faults){0});
    sgc_status status = sgc_db_close(bed.db);
    /* A fault that struck a release of the log's space has stopped nothing. */
    CU_ASSERT_TRUE(status == SGC_OK || (fail_at && status == SGC_READ_ONLY));
    if (refused) CU_ASSERT_EQUAL(status, SGC_READ_ONLY);
    CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
    for (int i = 0; i < ROWS; i++) {
        bool there = is_there(bed.db, i);
        if (all.outcomes[i] == 1 + SGC_OUTCOME_COMMITTED && all.full[i]) CU_ASSERT_TRUE(there);
        if (all.outcomes[i] == 1 + SGC_OUTCOME_REFUSED) CU_ASSERT_FALSE(there);
    }
    bed_close(&bed);
}

static void levels_side_by_side(void)
{
    mix_levels(0, false);
    mix_levels(0, true);
}

static void a_device_that_fails_under_all_levels(void)
{
    for (uint64_t at = 1; at < 60; at += 7) {
        mix_levels(at, false);
        mix_levels(at, true);
    }
}

/* ---- memory ---- */

/* Every allocation of a commit: it is refused, or it is done, and the next one works. */
static void memory_refuses_one_commit(void)
{
    struct bed bed;
    sgc_commit_info info;
    unsigned refused = 0;

    open_steps(&bed, 1 << 20);
    for (int i = 0; i < 120; i++) {
        char room[80];
        sgc_key key;
        sgc_txn *txn;
        OK(begin_level(bed.db, (sgc_durability)(i % 3), &txn));
        sgc_str record = step_record(room, i, &key);
        OK(sgc_row_insert(txn, 0, sgc_key_str(&key), record));
        sgc_alloc_fail_at((uint64_t)(i / 3 + 1), false);
        sgc_status status = sgc_commit(&txn, &info);
        sgc_alloc_fail_at(0, false);
        CU_ASSERT_TRUE(status == SGC_OK || status == SGC_NO_MEMORY);
        if (status == SGC_NO_MEMORY) CU_ASSERT_EQUAL(info.outcome, SGC_OUTCOME_REFUSED);
        refused += status == SGC_NO_MEMORY;
        CU_ASSERT_EQUAL(is_there(bed.db, i), status == SGC_OK);
        OK(add(bed.db, 1000 + i, SGC_DURABILITY_FULL, &info));
    }
    CU_ASSERT_TRUE(refused > 1);
    bed_reopen(&bed);
    for (int i = 0; i < 120; i++)
        CU_ASSERT_TRUE(is_there(bed.db, 1000 + i));
    bed_close(&bed);
}

/* The same for a commit that becomes a MemTable of its own. */
static void memory_refuses_one_large_commit(void)
{
    struct bed bed;
    sgc_commit_info info;
    unsigned refused = 0, stopped = 0;

    open_steps(&bed, 16 << 10);
    for (int n = 1; n < 40; n++) {
        char room[80];
        sgc_key key;
        sgc_txn *txn = bed_begin(&bed);
        for (int i = 0; i < 200; i++) {
            sgc_str record = step_record(room, n * 1000 + i, &key);
            OK(sgc_row_insert(txn, 0, sgc_key_str(&key), record));
        }
        sgc_alloc_fail_at((uint64_t)n, false);
        sgc_status status = sgc_commit(&txn, &info);
        sgc_alloc_fail_at(0, false);
        CU_ASSERT_TRUE(status == SGC_OK || status == SGC_NO_MEMORY || status == SGC_READ_ONLY);
        refused += status == SGC_NO_MEMORY;
        CU_ASSERT_EQUAL(is_there(bed.db, n * 1000), status == SGC_OK);
        CU_ASSERT_EQUAL(is_there(bed.db, n * 1000 + 199), status == SGC_OK);
        sgc_status next = add(bed.db, n, SGC_DURABILITY_FULL, &info);
        if (next == SGC_OK) CU_ASSERT_NOT_EQUAL(status, SGC_READ_ONLY);
        if (next == SGC_OK) continue;
        /*
         * Files in memory want some too: the flusher, not the commit, has met a failing device. It
         * may say so while this commit, or the one behind it, is still being made.
         */
        CU_ASSERT_EQUAL(next, SGC_READ_ONLY);
        IS(sgc_db_close(bed.db), SGC_READ_ONLY);
        CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
        CU_ASSERT_EQUAL(is_there(bed.db, n * 1000), status == SGC_OK);
        stopped++;
    }
    CU_ASSERT_TRUE(refused > 3 && stopped < 8);
    bed_close(&bed);
}

/* ---- the archive ---- */

static void closed_segments_are_kept(void)
{
    struct bed bed;
    sgc_commit_info info;
    sgc_db_stats stats;

    bed_open(&bed, SDL, 1 << 20);
    OK(sgc_db_close(bed.db));
    bed.options.archive = "kept";
    bed.options.log_segment_bytes = 64 << 10;
    CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
    for (int i = 0; i < 400; i++)
        OK(add(bed.db, i, SGC_DURABILITY_FULL, &info));
    OK(sgc_db_flush(bed.db));
    OK(sgc_db_close(bed.db));
    CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
    OK(add(bed.db, 401, SGC_DURABILITY_FULL, &info));
    OK(sgc_db_flush(bed.db));
    sgc_db_get_stats(bed.db, &stats);
    CU_ASSERT_EQUAL(stats.log_recycled, 0);
    uint64_t count = 0;
    sgc_file *file;
    for (uint64_t i = 1; i < 100; i++) {
        char path[64];
        snprintf(path, sizeof path, "kept/%016llx.log", (unsigned long long)i);
        const sgc_os *os = bed.options.os;
        if (os->open(os->self, path, SGC_OPEN_READ, &file) != SGC_OK) break;
        os->close(os->self, file);
        count++;
    }
    CU_ASSERT_TRUE(count >= 2);
    bed_close(&bed);
}

/* The folder of the data is the engine's own. */
static void an_archive_is_outside(void)
{
    static const char *inside[] = {"data",      "data/",       "data/log",   "data/history",
                                   "data/kept", "./data/kept", "data/./a/b", ".//data"};
    struct bed bed;

    bed_open(&bed, SDL, 1 << 20);
    OK(sgc_db_close(bed.db));
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
        bed.options.archive = inside[i];
        CU_ASSERT_EQUAL(bed_open_again(&bed), SGC_INVALID);
    }
    bed.options.archive = "data2"; /* is not there yet */
    CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
    bed_close(&bed);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"relaxed commits are read at once", relaxed_commits_are_read_at_once},
        {"the database has a level of its own", the_database_has_a_level_of_its_own},
        {"batched keeps its delay", batched_keeps_its_delay},
        {"power cuts", power_cuts},
        {"full commits leave no gaps", full_commits_leave_no_gaps},
        {"levels side by side", levels_side_by_side},
        {"a device that fails", a_device_that_fails_under_all_levels},
        {"memory refuses one commit", memory_refuses_one_commit},
        {"memory refuses one large commit", memory_refuses_one_large_commit},
        {"closed segments are kept", closed_segments_are_kept},
        {"an archive is outside of the data", an_archive_is_outside},
        CU_TEST_INFO_NULL,
    };
    return unit_run("txn.durability", tests);
}
