/*
 * test_db.c - opening, recovering, failing and closing: locks, schemas, big transactions, waiting
 * MemTables, the three outcomes of a commit, and what is read after a device failed.
 */
#include "unit/txn/rows.h"

static const char SDL[] = "type Item { id: Int! @id(generate: NONE) name: String @index "
                          "code: String @unique }\n";
static const char OTHER_SDL[] = "type Item { id: Int! @id(generate: NONE) name: String }\n";

static void put_item(sgc_txn *txn, int id)
{
    char json[100];

    snprintf(json, sizeof json, "{\"id\":%d,\"name\":\"n%d\",\"code\":\"c%d\"}", id, id % 7, id);
    OK(put(txn, "Item", json));
}

static size_t count_items(struct bed *bed, uint16_t index)
{
    sgc_txn *txn = bed_begin(bed);
    sgc_cursor cursor = sgc_cursor_open(txn, 0, index, NULL);
    sgc_str record;
    size_t count = 0;

    while (sgc_cursor_next(&cursor, &record))
        count++;
    OK(sgc_cursor_status(&cursor));
    sgc_abort(&txn);
    return count;
}

static void one_process_at_a_time(void)
{
    struct bed bed;
    sgc_db *second;
    sgc_error error;
    bed_open(&bed, SDL, 0);

    IS(sgc_db_open("data", bed.schema, &bed.options, &second, &error), SGC_BUSY);
    CU_ASSERT_PTR_NULL(second);
    CU_ASSERT_STRING_EQUAL(error.text,
                           "data: this database is open already, in this process or another one");
    bed_reopen(&bed);
    bed_close(&bed);
}

static void options_say_whether_to_create(void)
{
    struct bed bed;
    sgc_error error;
    bed_open(&bed, SDL, 0);
    sgc_db_options options = bed.options;
    sgc_db *db;

    options.must_exist = true;
    IS(sgc_db_open("elsewhere", bed.schema, &options, &db, &error), SGC_NOT_FOUND);
    options.must_exist = false;
    IS(sgc_db_open("elsewhere", NULL, &options, &db, &error), SGC_INVALID);
    options.create_only = true;
    OK(sgc_db_open("elsewhere", bed.schema, &options, &db, &error));
    OK(sgc_db_close(db));
    IS(sgc_db_open("elsewhere", bed.schema, &options, &db, &error), SGC_EXISTS);
    OK(sgc_db_open(":memory:", bed.schema, NULL, &db, &error));
    OK(sgc_db_close(db));
    OK(sgc_db_close(NULL));
    bed_close(&bed);
}

static void another_schema_is_refused(void)
{
    struct bed bed;
    sgc_error error;
    sgc_db *db;
    bed_open(&bed, SDL, 0);
    const sgc_schema *other = bed_schema(&bed, OTHER_SDL);
    sgc_txn *txn = bed_begin(&bed);

    put_item(txn, 1);
    OK(commit_now(txn));
    OK(sgc_db_close(bed.db));
    IS(sgc_db_open("data", other, &bed.options, &db, &error), SGC_SCHEMA_MISMATCH);
    OK(sgc_db_open("data", NULL, &bed.options, &bed.db, &error));
    CU_ASSERT_EQUAL(sgc_db_schema(bed.db)->hash, bed.schema->hash);
    CU_ASSERT_EQUAL(count_items(&bed, 1), 1);
    IS(sgc_db_set_schema(bed.db, other, &error), SGC_SCHEMA_MISMATCH);
    txn = bed_begin(&bed);
    OK(drop(txn, "Item", "1"));
    IS(sgc_db_set_schema(bed.db, other, &error), SGC_BUSY);
    OK(commit_now(txn));
    IS(sgc_db_set_schema(bed.db, other, &error), SGC_SCHEMA_MISMATCH);
    CU_ASSERT_STRING_EQUAL(error.text, "the database holds the history of rows of another schema: "
                                       "the database has a field Item.code, this schema has none");
    bed_close(&bed);
}

static void an_empty_database_takes_another_schema(void)
{
    struct bed bed;
    sgc_error error;
    bed_open(&bed, SDL, 0);
    const sgc_schema *other = bed_schema(&bed, OTHER_SDL);

    OK(sgc_db_set_schema(bed.db, other, &error));
    sgc_txn *txn = bed_begin(&bed);
    OK(put(txn, "Item", "{\"id\":5,\"name\":\"five\"}"));
    OK(commit_now(txn));
    bed.schema = other;
    bed_reopen(&bed);
    txn = bed_begin(&bed);
    UNIT_STR(show(txn, "Item", "5"), "5 \"five\"");
    sgc_abort(&txn);
    bed_close(&bed);
}

static void commits_count_up_and_time_never_falls(void)
{
    struct bed bed;
    sgc_commit_info first, second;
    bed_open(&bed, SDL, 0);

    sgc_memory_os_set_time(bed.memory, 5000000);
    sgc_txn *txn = bed_begin(&bed);
    CU_ASSERT_EQUAL(sgc_txn_now(txn), 5000000);
    put_item(txn, 1);
    OK(sgc_commit(&txn, &first));
    sgc_memory_os_set_time(bed.memory, 1000000);
    for (int turn = 2; turn < 5; turn++) {
        txn = bed_begin(&bed);
        put_item(txn, turn);
        OK(sgc_commit(&txn, &second));
        CU_ASSERT_EQUAL(second.sequence, (uint64_t)turn);
        CU_ASSERT_EQUAL(second.time_us, 5000000 + (uint64_t)turn - 1);
        if (turn == 3) bed_reopen(&bed);
    }
    bed_close(&bed);
}

/* Leaves without closing: the log alone must bring everything back. */
static void crash(struct bed *bed)
{
    sgc_faults cut = {.power_cut_at = 1};
    sgc_faults none = {0};

    sgc_memory_os_set_faults(bed->memory, &cut);
    sgc_db_close(bed->db); /* with or without success: what counts is what comes back */
    sgc_memory_os_power_cycle(bed->memory, 3);
    sgc_memory_os_set_faults(bed->memory, &none);
    CU_ASSERT_EQUAL_FATAL(bed_open_again(bed), SGC_OK);
}

static void recovery_brings_back_what_was_acknowledged(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn;

    for (int i = 0; i < 30; i++) {
        txn = bed_begin(&bed);
        put_item(txn, i);
        if (i == 10) OK(drop(txn, "Item", "3"));
        if (i == 20) OK(drop(txn, "Item", "4"));
        OK(commit_now(txn));
        if (i == 15) OK(sgc_db_flush(bed.db));
    }
    for (int turn = 0; turn < 3; turn++) {
        crash(&bed);
        CU_ASSERT_EQUAL(sgc_db_head(bed.db), 30);
        for (uint16_t index = 0; index < 3; index++) {
            CU_ASSERT_EQUAL(count_items(&bed, index), 28);
        }
    }
    bed_close(&bed);
}

/* Neither opening nor closing changes a file when nothing is committed in between. */
static void who_only_reads_writes_nothing(void)
{
    struct bed bed;
    uint64_t writes, syncs, before, after;
    bed_open(&bed, SDL, 0);

    for (int i = 0; i < 5; i++) {
        sgc_txn *txn = bed_begin(&bed);
        put_item(txn, i);
        OK(commit_now(txn));
        OK(sgc_db_close(bed.db));
        for (int turn = 0; turn < 3; turn++) {
            sgc_memory_os_counts(bed.memory, &writes, &syncs, &before);
            OK(bed_open_again(&bed));
            CU_ASSERT_EQUAL(count_items(&bed, 1), (uint64_t)i + 1);
            OK(sgc_db_close(bed.db));
            sgc_memory_os_counts(bed.memory, &writes, &syncs, &after);
            CU_ASSERT_EQUAL(before, after);
        }
        OK(bed_open_again(&bed));
    }
    bed_close(&bed);
}

/* Larger than every limit of the MemTable: adopted whole, flushed behind the commit's back. */
static void a_large_transaction_is_one_commit(void)
{
    struct bed bed;
    enum { ROWS = 20000 };
    bed_open(&bed, SDL, 64 << 10);
    sgc_txn *txn = bed_begin(&bed), *before = bed_begin(&bed);
    sgc_commit_info info;

    for (int i = 0; i < ROWS; i++)
        put_item(txn, i * 7919 % ROWS);
    OK(sgc_commit(&txn, &info));
    CU_ASSERT_EQUAL(info.sequence, 1);
    sgc_str record;
    IS(sgc_row_get(before, 0, key_of(before, "Item", "17"), &record), SGC_NOT_FOUND);
    UNIT_STR(list(before, "Item", 0, false), "");
    sgc_abort(&before);
    CU_ASSERT_EQUAL(count_items(&bed, 1), ROWS);
    txn = bed_begin(&bed);
    for (int i = 0; i < ROWS; i += 2) {
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        OK(drop(txn, "Item", key));
    }
    OK(commit_now(txn));
    CU_ASSERT_EQUAL(count_items(&bed, 0), ROWS / 2);
    crash(&bed);
    for (uint16_t i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(count_items(&bed, i), ROWS / 2);
    bed_close(&bed);
}

/* A write set that holds rows it took back must not be adopted over what others committed. */
static void taken_back_rows_hide_nothing(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 16 << 10);
    sgc_txn *large = bed_begin(&bed), *other = bed_begin(&bed);

    put_item(large, 1);
    OK(drop(large, "Item", "1"));
    for (int i = 100; i < 1500; i++)
        put_item(large, i);
    put_item(other, 1);
    OK(commit_now(other));
    OK(commit_now(large));
    sgc_txn *txn = bed_begin(&bed);
    UNIT_STR(show(txn, "Item", "1"), "1 \"n1\" \"c1\"");
    sgc_abort(&txn);
    CU_ASSERT_EQUAL(count_items(&bed, 2), 1401);
    bed_reopen(&bed);
    CU_ASSERT_EQUAL(count_items(&bed, 0), 1401);
    bed_close(&bed);
}

static void many_small_memtables(void)
{
    struct bed bed;
    sgc_db_stats stats;
    bed_open(&bed, SDL, 4 << 10);

    for (int i = 0; i < 500; i++) {
        sgc_txn *txn = bed_begin(&bed);
        put_item(txn, i);
        OK(commit_now(txn));
    }
    CU_ASSERT_EQUAL(count_items(&bed, 1), 500);
    OK(sgc_db_flush(bed.db));
    sgc_db_get_stats(bed.db, &stats);
    CU_ASSERT_TRUE(stats.flushes > 3);
    CU_ASSERT_TRUE(stats.memtable_bytes < 64 << 10);
    CU_ASSERT_EQUAL(count_items(&bed, 2), 500);
    bed_close(&bed);
}

/* Whose cache is small gets small MemTables, too. */
static void memtables_follow_the_cache(void)
{
    struct bed bed;
    sgc_db_stats stats;

    bed_open(&bed, SDL, 0);
    OK(sgc_db_close(bed.db));
    bed.options.cache_bytes = 512 << 10;
    CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
    for (int i = 0; i < 1500; i++) {
        sgc_txn *txn = bed_begin(&bed);
        put_item(txn, i);
        OK(commit_now(txn));
    }
    sgc_db_get_stats(bed.db, &stats);
    /* More than may wait was written: without the rule all of it would stand in one MemTable. */
    CU_ASSERT_TRUE(stats.flushes > 0);
    OK(sgc_db_flush(bed.db));
    CU_ASSERT_EQUAL(count_items(&bed, 1), 1500);
    bed_close(&bed);
}

/* ---- failures ---- */

static void a_failed_log_stops_writing_not_reading(void)
{
    struct bed bed;
    sgc_faults faults = {.fail_write_at = 1, .sticky = true};
    sgc_faults none = {0};
    sgc_commit_info info;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed), *later;

    put_item(txn, 1);
    OK(commit_now(txn));
    txn = bed_begin(&bed);
    put_item(txn, 2);
    later = bed_begin(&bed);
    put_item(later, 3);
    sgc_memory_os_set_faults(bed.memory, &faults);
    sgc_status status = sgc_commit(&txn, &info);
    CU_ASSERT_TRUE(status == SGC_UNKNOWN_OUTCOME || status == SGC_READ_ONLY);
    CU_ASSERT_EQUAL(info.outcome == SGC_OUTCOME_UNKNOWN, status == SGC_UNKNOWN_OUTCOME);
    CU_ASSERT_EQUAL(info.sequence, 0);
    IS(sgc_commit(&later, &info), SGC_READ_ONLY);
    CU_ASSERT_EQUAL(info.outcome, SGC_OUTCOME_REFUSED);
    CU_ASSERT_EQUAL(count_items(&bed, 0), 1);
    CU_ASSERT_EQUAL(sgc_db_head(bed.db), 1);
    txn = bed_begin(&bed);
    IS(put(txn, "Item", "{\"id\":9}"), SGC_READ_ONLY);
    sgc_abort(&txn);
    IS(sgc_db_close(bed.db), SGC_READ_ONLY);
    sgc_memory_os_set_faults(bed.memory, &none);
    CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
    txn = bed_begin(&bed);
    UNIT_STR(show(txn, "Item", "3"), "-");
    UNIT_STR(show(txn, "Item", "1"), "1 \"n1\" \"c1\"");
    sgc_abort(&txn);
    bed_close(&bed);
}

static uint64_t writes_of(const struct bed *bed)
{
    uint64_t writes, syncs, steps;

    sgc_memory_os_counts(bed->memory, &writes, &syncs, &steps);
    return writes;
}

static uint64_t pages_written(const struct bed *bed)
{
    sgc_db_stats stats;

    sgc_db_get_stats(bed->db, &stats);
    return stats.flushes;
}

/* The pages cannot be written at close, but the log has it all; who then only reads writes no page,
 * and needs none. */
static void a_full_disk_at_close_loses_nothing(void)
{
    struct bed bed;
    sgc_faults full = {.no_space_at = 1}, none = {0};
    sgc_error error = {SGC_OK, ""};
    bool safe = false;
    bed_open(&bed, SDL, 0);
    for (int i = 1; i <= 200; i++) {
        sgc_txn *txn = bed_begin(&bed);
        put_item(txn, i);
        OK(commit_now(txn));
    }
    sgc_memory_os_set_faults(bed.memory, &full);
    IS(sgc_db_close_safe(bed.db, &safe, &error), SGC_NO_SPACE);
    CU_ASSERT_TRUE(safe);
    IS(error.status, SGC_NO_SPACE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "everything committed is safe in the log"));
    sgc_memory_os_set_faults(bed.memory, &none);
    for (int round = 0; round < 2; round++) {
        bed.options.memtable_bytes = 1024; /* more than that is replayed */
        CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
        uint64_t writes = writes_of(&bed), flushes = pages_written(&bed);
        sgc_memory_os_set_faults(bed.memory, &full);
        CU_ASSERT_EQUAL(count_items(&bed, 0), 200);
        CU_ASSERT_EQUAL(pages_written(&bed), flushes);
        CU_ASSERT_EQUAL(writes_of(&bed), writes);
        error.status = SGC_OK;
        OK(sgc_db_close_safe(bed.db, &safe, &error));
        CU_ASSERT_TRUE(safe);
        IS(error.status, SGC_OK);
        sgc_memory_os_set_faults(bed.memory, &none);
    }
    /* The next commit takes what was replayed along. */
    CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
    sgc_txn *txn = bed_begin(&bed);
    put_item(txn, 201);
    OK(commit_now(txn));
    OK(sgc_db_close(bed.db));
    bed.options.memtable_bytes = 0;
    CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
    CU_ASSERT_EQUAL(count_items(&bed, 0), 201);
    bed_close(&bed);
}

/* Commits that were not waited for are no more than the log has. */
static void a_failed_log_at_close_is_not_called_safe(void)
{
    struct bed bed;
    sgc_faults broken = {.fail_write_at = 1, .sticky = true};
    sgc_error error = {SGC_OK, ""};
    bool safe = true;
    bed_open(&bed, SDL, 0);
    OK(sgc_db_close(bed.db));
    bed.options.durability = SGC_DURABILITY_NONE;
    bed.options.batch_delay_us = 60 * 1000000;
    CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
    sgc_txn *txn = bed_begin(&bed);
    put_item(txn, 1);
    OK(commit_now(txn));
    sgc_memory_os_set_faults(bed.memory, &broken);
    CU_ASSERT_NOT_EQUAL(sgc_db_close_safe(bed.db, &safe, &error), SGC_OK);
    CU_ASSERT_FALSE(safe);
    CU_ASSERT_PTR_NULL(strstr(error.text, "safe"));
    sgc_memory_os_power_cycle(bed.memory, 7);
    CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
    CU_ASSERT_EQUAL(count_items(&bed, 0), 0);
    bed_close(&bed);
}

static void damage_is_reported(void)
{
    struct bed bed;
    sgc_error error;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);

    put_item(txn, 1);
    OK(commit_now(txn));
    OK(sgc_db_close(bed.db));
    for (uint64_t byte = 0; byte < 8192; byte += 64) {
        sgc_status status = sgc_memory_os_flip(bed.memory, "data/root", byte * 8);
        if (status != SGC_OK) break;
    }
    IS(sgc_db_open("data", bed.schema, &bed.options, &bed.db, &error), SGC_CORRUPT);
    CU_ASSERT_PTR_NULL(bed.db);
    CU_ASSERT_TRUE(error.text[0] != '\0');
    sgc_memory_os_destroy(bed.memory);
    sgc_arena_free(&bed.arena);
}

struct first_name {
    sgc_arena *arena;
    sgc_str name;
};

static void keep_first(void *context, const char *name)
{
    struct first_name *first = context;

    if (!first->name.data) first->name = sgc_arena_str(first->arena, sgc_str_from(name));
}

static void remove_segment(struct bed *bed, const char *name)
{
    char path[300];

    snprintf(path, sizeof path, "data/log/%s", name);
    OK(bed->options.os->remove(bed->options.os->self, path));
}

/* What was acknowledged lies only in the log: without it the database must not open as if empty. */
static void a_lost_log_is_reported(void)
{
    struct bed bed;
    sgc_error error;
    sgc_faults cut = {.power_cut_at = 1};
    sgc_faults none = {0};
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);

    put_item(txn, 1);
    OK(commit_now(txn));
    sgc_memory_os_set_faults(bed.memory, &cut);
    sgc_db_close(bed.db);
    sgc_memory_os_power_cycle(bed.memory, 3);
    sgc_memory_os_set_faults(bed.memory, &none);
    const sgc_os *os = bed.options.os;
    for (int turn = 0; turn < 100; turn++) {
        sgc_arena names = {0};
        struct first_name first = {.arena = &names};
        OK(os->list(os->self, "data/log", keep_first, &first));
        if (first.name.data) remove_segment(&bed, first.name.data);
        bool more = first.name.data != NULL;
        sgc_arena_free(&names);
        if (!more) break;
    }
    IS(sgc_db_open("data", bed.schema, &bed.options, &bed.db, &error), SGC_CORRUPT);
    sgc_memory_os_destroy(bed.memory);
    sgc_arena_free(&bed.arena);
}

/* Every allocation of a whole life fails once: an error each time, never a crash, never a lie. */
static void every_allocation_fails_once(void)
{
    uint64_t n = 1;

    for (bool through = false; !through && n < 5000; n += n < 300 ? 1 : 7) {
        struct bed bed;
        bed_open(&bed, SDL, 0);
        sgc_txn *txn = NULL;
        char json[100];
        sgc_key key;
        bool committed = false;
        sgc_txn *helper = bed_begin(&bed);
        snprintf(json, sizeof json, "{\"id\":1,\"name\":\"n\",\"code\":\"c\"}");
        sgc_str record = record_of(helper, 0, json, &key);
        sgc_alloc_fail_at(n, false);
        sgc_status status = sgc_begin(bed.db, &txn);
        if (status == SGC_OK) status = sgc_row_insert(txn, 0, sgc_key_str(&key), record);
        sgc_str read;
        if (status == SGC_OK) status = sgc_row_get(txn, 0, sgc_key_str(&key), &read);
        if (status == SGC_OK) {
            status = sgc_commit(&txn, NULL);
            committed = status == SGC_OK;
        }
        CU_ASSERT_TRUE(status == SGC_OK || status == SGC_NO_MEMORY || status == SGC_READ_ONLY);
        sgc_abort(&txn);
        if (status == SGC_OK) status = sgc_db_flush(bed.db);
        through = sgc_alloc_count() < n && status == SGC_OK;
        sgc_alloc_fail_at(0, false);
        sgc_abort(&helper);
        CU_ASSERT_EQUAL(count_items(&bed, 1), committed ? 1 : 0);
        status = sgc_db_close(bed.db);
        CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
        CU_ASSERT_EQUAL(count_items(&bed, 2), committed ? 1 : 0);
        bed_close(&bed);
    }
    CU_ASSERT_TRUE(n > 20);
    CU_ASSERT_TRUE(n < 5000);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"one process at a time", one_process_at_a_time},
        {"options say whether to create", options_say_whether_to_create},
        {"another schema is refused", another_schema_is_refused},
        {"an empty database takes another schema", an_empty_database_takes_another_schema},
        {"commits count up and time never falls", commits_count_up_and_time_never_falls},
        {"recovery brings back what was acknowledged", recovery_brings_back_what_was_acknowledged},
        {"who only reads writes nothing", who_only_reads_writes_nothing},
        {"a large transaction is one commit", a_large_transaction_is_one_commit},
        {"taken back rows hide nothing", taken_back_rows_hide_nothing},
        {"many small MemTables", many_small_memtables},
        {"MemTables follow the cache", memtables_follow_the_cache},
        {"a failed log stops writing, not reading", a_failed_log_stops_writing_not_reading},
        {"a full disk at close loses nothing", a_full_disk_at_close_loses_nothing},
        {"a failed log at close is not called safe", a_failed_log_at_close_is_not_called_safe},
        {"damage is reported", damage_is_reported},
        {"a lost log is reported", a_lost_log_is_reported},
        {"every allocation fails once", every_allocation_fails_once},
        CU_TEST_INFO_NULL,
    };
    return unit_run("txn.db", tests);
}
