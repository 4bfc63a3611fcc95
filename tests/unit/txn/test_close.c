/*
 * test_close.c - closing while history is being merged: a merge that takes long is given up, and
 * made by a later opening; what the database holds is the same.
 */
#include "unit/txn/rows.h"

#include <stdatomic.h>

static const char SDL[] = "type Item { id: ID! n: Int @index }\n";

/* A device on which making the segment of a merge takes until closing has lost its patience. */
static const sgc_os *below;
static _Atomic uint64_t made, blocked_at, clock_calls;
static _Atomic bool closing;
static sgc_mutex lock;
static sgc_cond moved;

static sgc_status slow_open(void *self, const char *path, unsigned flags, sgc_file **file)
{
    bool segment = flags & SGC_OPEN_CREATE && strstr(path, ".seg");

    if (segment && atomic_fetch_add(&made, 1) + 1 == atomic_load(&blocked_at)) {
        sgc_mutex_lock(&lock);
        while (atomic_load(&clock_calls) < 2)
            sgc_cond_wait(&moved, &lock);
        /* Between its look at the clock and its word to the merge. */
        (void)sgc_cond_wait_for(&moved, &lock, 200000);
        sgc_mutex_unlock(&lock);
    }
    return below->open(self, path, flags, file);
}

/* Each look at the clock while closing finds a minute gone. */
static uint64_t fast_clock(void *self)
{
    if (!atomic_load(&closing)) return below->monotonic_us(self);
    sgc_mutex_lock(&lock);
    uint64_t calls = atomic_fetch_add(&clock_calls, 1) + 1;
    sgc_cond_broadcast(&moved);
    sgc_mutex_unlock(&lock);
    return below->monotonic_us(self) + calls * 60000000;
}

static void add_rows(struct bed *bed, int from, int count)
{
    sgc_txn *txn = bed_begin(bed);
    char json[64];

    for (int i = from; i < from + count; i++) {
        snprintf(json, sizeof json, "{\"id\":\"%d\",\"n\":%d}", i, i);
        OK(put(txn, "Item", json));
    }
    OK(commit_now(txn));
}

static size_t rows_at(struct bed *bed, uint64_t sequence)
{
    sgc_txn *txn;
    size_t quotes = 0;

    CU_ASSERT_EQUAL_FATAL(sgc_begin_read(bed->db, sgc_at_seq(sequence), &txn), SGC_OK);
    sgc_str ids = list(txn, "Item", 1, false);
    for (size_t i = 0; i < ids.size; i++)
        quotes += ids.data[i] == '"';
    sgc_abort(&txn);
    return quotes / 2;
}

static void a_long_merge_does_not_keep_closing(void)
{
    struct bed bed;
    sgc_db_stats stats;
    bed_open(&bed, SDL, 0);

    OK(sgc_db_close(bed.db));
    below = bed.options.os;
    sgc_os slow = *below;
    slow.open = slow_open;
    slow.monotonic_us = fast_clock;
    sgc_mutex_init(&lock);
    sgc_cond_init(&moved);
    atomic_store(&blocked_at, 5); /* four segments of one size are merged into one */
    bed.options.os = &slow;
    OK(bed_open_again(&bed));
    for (int i = 0; i < 3; i++) {
        add_rows(&bed, i * 10, 10);
        OK(sgc_db_flush(bed.db));
    }
    add_rows(&bed, 30, 10);
    atomic_store(&closing, true);
    OK(sgc_db_close(bed.db));
    CU_ASSERT_EQUAL(atomic_load(&made), 5);
    atomic_store(&closing, false);
    OK(bed_open_again(&bed));
    sgc_db_get_stats(bed.db, &stats);
    CU_ASSERT_EQUAL(stats.history_segments, 4);
    for (uint64_t i = 1; i <= 4; i++)
        CU_ASSERT_EQUAL(rows_at(&bed, i), i * 10);
    add_rows(&bed, 40, 10);
    OK(sgc_db_flush(bed.db)); /* which waits for the merge */
    sgc_db_get_stats(bed.db, &stats);
    CU_ASSERT_EQUAL(stats.history_segments, 1);
    CU_ASSERT_EQUAL(stats.history_merges, 1);
    for (uint64_t i = 1; i <= 5; i++)
        CU_ASSERT_EQUAL(rows_at(&bed, i), i * 10);
    bed_close(&bed);
    sgc_cond_destroy(&moved);
    sgc_mutex_destroy(&lock);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a long merge does not keep closing", a_long_merge_does_not_keep_closing},
        CU_TEST_INFO_NULL,
    };
    return unit_run("txn.close", tests);
}
