/*
 * test_serial.c - numbers of SERIAL keys: none is given out twice, whatever is deleted, taken back,
 * flushed, or cut off by a crash in between.
 */
#include "unit/txn/rows.h"

static const char SDL[] =
    "type Counter { id: Int! @id(generate: SERIAL) note: String parts: [Part!]! }\n"
    "type Part { id: BigInt! @id(generate: SERIAL) of: Counter! @relation(onDelete: CASCADE) }\n";

static int64_t next_of(sgc_txn *txn, const char *table)
{
    int64_t next = 0;

    OK(sgc_row_serial(txn, table_of(txn, table), &next));
    return next;
}

static int64_t add(sgc_txn *txn)
{
    char json[64];
    int64_t next = next_of(txn, "Counter");

    snprintf(json, sizeof json, "{\"id\":%d}", (int)next);
    OK(put(txn, "Counter", json));
    return next;
}

static void remove_it(sgc_txn *txn, int64_t id)
{
    char text[24];

    snprintf(text, sizeof text, "%d", (int)id);
    OK(drop(txn, "Counter", text));
}

static void a_deleted_number_stays_taken(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);

    for (int64_t i = 1; i <= 5; i++)
        CU_ASSERT_EQUAL(add(txn), i);
    OK(commit_now(txn));
    txn = bed_begin(&bed);
    remove_it(txn, 5);
    remove_it(txn, 2);
    CU_ASSERT_EQUAL(next_of(txn, "Counter"), 6);
    sgc_abort(&txn); /* nothing was deleted */
    txn = bed_begin(&bed);
    remove_it(txn, 5);
    remove_it(txn, 4);
    OK(commit_now(txn));
    for (int turn = 0; turn < 3; turn++) {
        if (turn == 1) OK(sgc_db_flush(bed.db));
        if (turn == 2) bed_reopen(&bed);
        txn = bed_begin(&bed);
        CU_ASSERT_EQUAL(next_of(txn, "Counter"), 6 + turn);
        CU_ASSERT_EQUAL(add(txn), 6 + turn);
        remove_it(txn, 6 + turn);
        OK(commit_now(txn));
    }
    txn = bed_begin(&bed);
    UNIT_STR(list(txn, "Counter", 0, false), "1 2 3");
    sgc_abort(&txn);
    bed_close(&bed);
}

static void what_is_taken_back_was_not_deleted(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);

    CU_ASSERT_EQUAL(add(txn), 1);
    CU_ASSERT_EQUAL(add(txn), 2);
    OK(commit_now(txn));
    txn = bed_begin(&bed);
    sgc_savepoint mark = sgc_savepoint_set(txn);
    remove_it(txn, 2);
    CU_ASSERT_EQUAL(add(txn), 3);
    remove_it(txn, 3);
    sgc_savepoint_rollback(txn, mark);
    CU_ASSERT_EQUAL(add(txn), 3);
    OK(commit_now(txn));
    bed_close(&bed);
}

/* The largest there is may be the largest number there is. */
static void a_deleted_largest_number_leaves_none(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);
    int64_t next;

    OK(put(txn, "Counter", "{\"id\":2147483647}"));
    OK(commit_now(txn));
    txn = bed_begin(&bed);
    remove_it(txn, INT32_MAX);
    IS(sgc_row_serial(txn, table_of(txn, "Counter"), &next), SGC_LIMIT);
    sgc_abort(&txn);
    bed_close(&bed);
}

/* Rows come and go, with flushes, openings and power cuts in between. */
static void no_number_comes_twice(void)
{
    enum { STEPS = 400 };
    struct bed bed;
    uint64_t dice = 7;
    int64_t highest = 0, alive[STEPS];
    size_t count = 0;
    bed_open(&bed, SDL, 8 << 10);

    for (int step = 0; step < STEPS; step++) {
        sgc_txn *txn = bed_begin(&bed);
        dice = sgc_hash(&dice, sizeof dice, 1);
        if (dice % 5 < 2 && count > 0) {
            size_t at = dice / 8 % 3 ? count - 1 : dice / 64 % count;
            remove_it(txn, alive[at]);
            memmove(alive + at, alive + at + 1, (--count - at) * sizeof *alive);
        } else {
            int64_t next = add(txn);
            CU_ASSERT_TRUE(next > highest);
            highest = alive[count++] = next;
        }
        OK(commit_now(txn));
        if (dice / 512 % 16 == 0) OK(sgc_db_flush(bed.db));
        if (dice / 8192 % 16 == 0) bed_reopen(&bed);
        if (dice / 131072 % 16 != 0) continue;
        sgc_memory_os_set_faults(bed.memory, &(sgc_faults){.power_cut_at = 1});
        (void)sgc_db_close(bed.db);
        sgc_memory_os_power_cycle(bed.memory, dice);
        OK(bed_open_again(&bed));
    }
    CU_ASSERT_TRUE(highest > STEPS / 3);
    bed_close(&bed);
}

/* Who deletes the largest row of a table takes the number from children that follow, too. */
static void children_that_follow_keep_theirs(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);

    CU_ASSERT_EQUAL(add(txn), 1);
    OK(put(txn, "Part", "{\"id\":\"1\",\"ofId\":1}"));
    OK(put(txn, "Part", "{\"id\":\"2\",\"ofId\":1}"));
    OK(commit_now(txn));
    txn = bed_begin(&bed);
    remove_it(txn, 1);
    OK(commit_now(txn));
    txn = bed_begin(&bed);
    UNIT_STR(list(txn, "Part", 0, false), "");
    CU_ASSERT_EQUAL(next_of(txn, "Part"), 3);
    CU_ASSERT_EQUAL(next_of(txn, "Counter"), 2);
    sgc_abort(&txn);
    bed_close(&bed);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a deleted number stays taken", a_deleted_number_stays_taken},
        {"what is taken back was not deleted", what_is_taken_back_was_not_deleted},
        {"a deleted largest number leaves none", a_deleted_largest_number_leaves_none},
        {"no number comes twice", no_number_comes_twice},
        {"children that follow keep theirs", children_that_follow_keep_theirs},
        CU_TEST_INFO_NULL,
    };
    return unit_run("txn.serial", tests);
}
