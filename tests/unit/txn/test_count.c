/*
 * test_count.c - the number of rows is what a walk over them finds, whatever lies in pages,
 * MemTables and the write set; and rows in pages cost nothing.
 */
#include "unit/txn/rows.h"

static const char SDL[] = "type Note { id: Int! @id(generate: NONE) text: String }\n";

static uint64_t walk(sgc_txn *txn, uint16_t table)
{
    sgc_cursor cursor = sgc_cursor_open(txn, table, 0, NULL);
    uint64_t count = 0;

    while (sgc_cursor_skip(&cursor))
        count++;
    OK(sgc_cursor_status(&cursor));
    return count;
}

static void agrees(sgc_txn *txn)
{
    uint64_t rows = UINT64_MAX;

    OK(sgc_txn_count_rows(txn, table_of(txn, "Note"), &rows));
    CU_ASSERT_EQUAL(rows, walk(txn, table_of(txn, "Note")));
}

static uint64_t state = 1;

static unsigned roll(unsigned n)
{
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(state >> 33) % n;
}

static void write_some(sgc_txn *txn, unsigned count)
{
    char text[64];

    for (unsigned i = 0; i < count; i++) {
        unsigned id = roll(200);
        snprintf(text, sizeof text, "{\"id\":%u,\"text\":\"%u\"}", id, roll(1000));
        if (put(txn, "Note", text) == SGC_OK) continue;
        if (roll(2)) {
            OK(set(txn, "Note", text));
        } else {
            snprintf(text, sizeof text, "%u", id);
            OK(drop(txn, "Note", text));
        }
    }
}

static void random_writes(void)
{
    struct bed bed;

    bed_open(&bed, SDL, 4096); /* small MemTables: several wait, others are flushed */
    for (unsigned round = 0; round < 200; round++) {
        sgc_txn *txn = bed_begin(&bed), *old = bed_begin(&bed);
        agrees(txn);
        write_some(txn, roll(40));
        agrees(txn);
        sgc_savepoint mark = sgc_savepoint_set(txn);
        write_some(txn, roll(10));
        agrees(txn);
        if (roll(2)) sgc_savepoint_rollback(txn, mark);
        agrees(txn);
        if (roll(4)) {
            OK(commit_now(txn));
        } else {
            sgc_abort(&txn);
        }
        if (roll(10) == 0) OK(sgc_db_flush(bed.db));
        agrees(old); /* what came later does not count */
        sgc_abort(&old);
        if (roll(50) == 0) bed_reopen(&bed);
    }
    bed_close(&bed);
}

static void rows_in_pages_cost_nothing(void)
{
    struct bed bed;
    char text[64];
    uint64_t rows = 0;
    sgc_txn_stats stats;

    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(text, sizeof text, "{\"id\":%u}", i);
        OK(put(txn, "Note", text));
    }
    OK(commit_now(txn));
    OK(sgc_db_flush(bed.db));
    txn = bed_begin(&bed);
    OK(drop(txn, "Note", "17"));
    sgc_txn_get_stats(txn, &stats);
    uint64_t before = stats.entries_read + stats.rows_read;
    OK(sgc_txn_count_rows(txn, table_of(txn, "Note"), &rows));
    CU_ASSERT_EQUAL(rows, 4999);
    sgc_txn_get_stats(txn, &stats);
    CU_ASSERT_EQUAL(stats.entries_read + stats.rows_read, before);
    sgc_abort(&txn);
    bed_close(&bed);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"random writes", random_writes},
        {"rows in pages cost nothing", rows_in_pages_cost_nothing},
        CU_TEST_INFO_NULL,
    };
    return unit_run("txn.count", tests);
}
