/*
 * test_get_many.c - many keys at a time give what each gives alone: in pages, MemTables and write
 * sets, of now and of then, in small caches, and when memory is out.
 */
#include "unit/txn/rows.h"

enum { ROWS = 900, ASKED = 400 };

static const char SDL[] = "type Item { id: ID! @id(generate: NONE) name: String n: Int @index }\n"
                          "type Num { id: Int! @id(generate: NONE) big: String }\n"
                          "type Late { n: Int id: ID! @id(generate: NONE) name: String }\n";

struct asked {
    sgc_key keys[ASKED];
    sgc_str strs[ASKED], records[ASKED];
    uint64_t state;
};

static uint64_t draw(struct asked *a, uint64_t below)
{
    a->state ^= a->state << 13;
    a->state ^= a->state >> 7;
    a->state ^= a->state << 17;
    return (a->state >> 11) % below;
}

static void item(sgc_txn *txn, const char *type, int i, const char *name, bool there)
{
    char json[9000];

    if (strcmp(type, "Num") == 0) {
        snprintf(json, sizeof json, "{\"id\":%d,\"big\":\"%s\"}", i, name);
    } else if (strcmp(type, "Late") == 0) {
        snprintf(json, sizeof json, "{\"n\":%d,\"id\":\"%d %s\",\"name\":\"x\"}", i, i,
                 i % 2 ? "a key of more than thirty-one bytes" : "short");
    } else {
        snprintf(json, sizeof json, "{\"id\":\"item%d\",\"name\":\"%s\",\"n\":%d}", i, name, i % 7);
    }
    OK(there ? set(txn, type, json) : put(txn, type, json));
}

/* Rows of three tables; every 50th Num is longer than a page. */
static void fill(struct bed *bed)
{
    static char long_name[8000];
    sgc_txn *txn = bed_begin(bed);

    memset(long_name, 'x', sizeof long_name - 1);
    for (int i = 0; i < ROWS; i++) {
        item(txn, "Item", i, "first", false);
        item(txn, "Num", i, i % 50 ? "short" : long_name, false);
        item(txn, "Late", i, "", false);
    }
    OK(commit_now(txn));
}

static void choose(struct asked *a, uint16_t table)
{
    for (int i = 0; i < ASKED; i++) {
        int n = (int)draw(a, ROWS + 100); /* some are not there */
        char text[80];
        if (table == 1) {
            sgc_pk_int(&a->keys[i], n);
        } else {
            snprintf(text, sizeof text, table == 0 ? "item%d" : "%d %s", n,
                     n % 2 ? "a key of more than thirty-one bytes" : "short");
            sgc_pk_text(&a->keys[i], sgc_str_from(text));
        }
        a->strs[i] = sgc_key_str(&a->keys[i]);
    }
}

/* Once in batches of some size, once alone. */
static void compare(struct asked *a, sgc_txn *txn)
{
    for (uint16_t table = 0; table < 3; table++) {
        size_t count, wrong = 0;
        choose(a, table);
        sgc_txn_stats before, after;
        sgc_txn_get_stats(txn, &before);
        for (size_t i = 0; i < ASKED; i += count) {
            count = 1 + draw(a, 90);
            if (count > ASKED - i) count = ASKED - i;
            OK(sgc_row_get_many(txn, table, a->strs + i, count, a->records + i));
        }
        sgc_txn_get_stats(txn, &after);
        uint64_t found = 0;
        for (size_t i = 0; i < ASKED; i++) {
            sgc_str alone;
            sgc_status status = sgc_row_get(txn, table, a->strs[i], &alone);
            found += status == SGC_OK;
            if (status == SGC_NOT_FOUND ? !sgc_str_is_null(a->records[i])
                                        : !sgc_str_eq(alone, a->records[i]))
                wrong++;
        }
        CU_ASSERT_EQUAL(wrong, 0);
        CU_ASSERT_TRUE(found > ASKED / 2 && found < ASKED);
        CU_ASSERT_EQUAL(after.rows_read - before.rows_read, found);
    }
}

static void change(struct bed *bed, int from, const char *name)
{
    sgc_txn *txn = bed_begin(bed);

    for (int i = from; i < ROWS; i += 7) {
        item(txn, "Item", i, name, true);
        item(txn, "Num", i, name, true);
    }
    OK(commit_now(txn));
}

static void as_one_by_one(uint64_t cache)
{
    static struct asked a;
    struct bed bed;
    sgc_txn *txn, *reader, *past;
    bed_open(&bed, SDL, 0);
    bed.options.cache_bytes = cache;
    bed_reopen(&bed);
    a.state = 88172645463325252U;

    txn = bed_begin(&bed);
    OK(sgc_row_get_many(txn, 0, NULL, 0, NULL));
    sgc_str none = SGC_STR("none"), record = SGC_STR("?");
    OK(sgc_row_get_many(txn, 0, &none, 1, &record)); /* an empty table */
    CU_ASSERT_TRUE(sgc_str_is_null(record));
    sgc_abort(&txn);
    fill(&bed);
    txn = bed_begin(&bed);
    compare(&a, txn); /* in a MemTable */
    sgc_abort(&txn);
    OK(sgc_db_flush(bed.db));
    OK(sgc_begin_read(bed.db, sgc_now(), &reader));
    compare(&a, reader); /* in pages */
    change(&bed, 3, "second");
    txn = bed_begin(&bed);
    for (int i = 5; i < ROWS; i += 11)
        item(txn, "Item", i, "mine", true);
    OK(drop(txn, "Item", "item100"));
    compare(&a, txn); /* in all of them */
    sgc_abort(&txn);
    OK(sgc_db_flush(bed.db));
    compare(&a, reader); /* moves to the history */
    OK(sgc_begin_read(bed.db, sgc_at_seq(1), &past));
    compare(&a, past);
    sgc_abort(&past);
    sgc_abort(&reader);
    sgc_txn_options options = {.isolation = SGC_ISOLATION_SERIALIZABLE};
    OK(sgc_begin_with(bed.db, &options, &txn, NULL));
    compare(&a, txn);
    sgc_abort(&txn);
    bed_reopen(&bed);
    txn = bed_begin(&bed);
    compare(&a, txn); /* nothing is in memory yet */
    sgc_abort(&txn);
    bed_close(&bed);
}

static void many_are_as_one_by_one(void)
{
    as_one_by_one(16 << 20);
}

static void also_in_a_small_cache(void)
{
    as_one_by_one(64 * 4096);
}

/* A key that is too long is nowhere; one failure is the batch's, and all pins are given back. */
static void failures_are_told(void)
{
    static struct asked a;
    static char text[SGC_KEY_MAX + 2];
    struct bed bed;
    bed_open(&bed, SDL, 0);
    a.state = 5;

    fill(&bed);
    OK(sgc_db_flush(bed.db));
    memset(text, 'k', sizeof text);
    sgc_txn *txn = bed_begin(&bed);
    sgc_str keys[2] = {sgc_str_of(text, sizeof text), SGC_STR("item1")}, records[2];
    OK(sgc_row_get_many(txn, 0, keys, 2, records));
    CU_ASSERT_TRUE(sgc_str_is_null(records[0]));
    CU_ASSERT_FALSE(sgc_str_is_null(records[1]));
    sgc_abort(&txn);
    choose(&a, 1);
    sgc_status status = SGC_NO_MEMORY;
    for (uint64_t nth = 1; status == SGC_NO_MEMORY; nth++) {
        txn = bed_begin(&bed);
        sgc_alloc_fail_at(nth, false);
        status = sgc_row_get_many(txn, 1, a.strs, ASKED, a.records);
        sgc_alloc_fail_at(0, false);
        if (status == SGC_NO_MEMORY) CU_ASSERT_STRING_NOT_EQUAL(sgc_errmsg(txn), "");
        sgc_abort(&txn);
        CU_ASSERT_TRUE_FATAL(nth < 1000);
    }
    CU_ASSERT_EQUAL(status, SGC_OK);
    bed_close(&bed);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"many are as one by one", many_are_as_one_by_one},
        {"also in a small cache", also_in_a_small_cache},
        {"failures are told", failures_are_told},
        CU_TEST_INFO_NULL,
    };
    return unit_run("txn.get_many", tests);
}
