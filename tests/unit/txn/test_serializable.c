/*
 * test_serializable.c - what a serializable transaction may not miss: keys, absent ones too, ranges
 * as far as they were walked, across flushes; and what must not disturb it. The same schedules
 * under snapshot isolation show that they tell the two apart. Many threads: tests/sim/list_append.
 */
#include "unit/txn/rows.h"

static const char SDL[] =
    "type Doctor { id: String! @id(generate: NONE) onCall: Int! email: String @unique "
    "shifts: [Shift!]! }\n"
    "type Shift { id: Int! @id(generate: NONE) doctor: Doctor! day: Int! @index }\n";

static const sgc_isolation LEVELS[] = {SGC_ISOLATION_SNAPSHOT, SGC_ISOLATION_SERIALIZABLE};

static sgc_txn *begin_at(struct bed *bed, sgc_isolation isolation)
{
    sgc_txn_options options = {.isolation = isolation};
    sgc_error error = {SGC_OK, ""};
    sgc_txn *txn;

    CU_ASSERT_EQUAL_FATAL(sgc_begin_with(bed->db, &options, &txn, &error), SGC_OK);
    return txn;
}

static sgc_txn *begin_serializable(struct bed *bed)
{
    return begin_at(bed, SGC_ISOLATION_SERIALIZABLE);
}

static void open_hospital(struct bed *bed)
{
    bed_open(bed, SDL, 1 << 20);
    sgc_txn *txn = bed_begin(bed);
    OK(put(txn, "Doctor", "{\"id\":\"a\",\"onCall\":1,\"email\":\"a@x\"}"));
    OK(put(txn, "Doctor", "{\"id\":\"b\",\"onCall\":1,\"email\":\"b@x\"}"));
    OK(put(txn, "Doctor", "{\"id\":\"m\",\"onCall\":1}"));
    for (int i = 0; i < 20; i++) {
        char json[100];
        snprintf(json, sizeof json, "{\"id\":%d,\"doctorId\":\"m\",\"day\":%d}", i * 10, i * 10);
        OK(put(txn, "Shift", json));
    }
    OK(commit_now(txn));
}

static sgc_status conflicting(sgc_txn *txn, const char *words)
{
    sgc_commit_info info;
    sgc_status status = sgc_commit(&txn, &info);

    if (status == SGC_CONFLICT && !strstr(info.error.text, words)) {
        printf("\n    %s\n", info.error.text);
        CU_FAIL("the words of a conflict");
    }
    return status;
}

/* Another transaction does one thing and commits, flushed or not. */
static void meanwhile(struct bed *bed, sgc_status (*change)(sgc_txn *txn), bool flush)
{
    sgc_txn *txn = bed_begin(bed);

    OK(change(txn));
    OK(commit_now(txn));
    if (flush) OK(sgc_db_flush(bed->db));
}

/* ---- write skew ---- */

static void write_skew(void)
{
    for (int flush = 0; flush < 2; flush++) {
        for (int i = 0; i < 2; i++) {
            struct bed bed;
            open_hospital(&bed);
            if (flush) OK(sgc_db_flush(bed.db));
            sgc_txn *one = begin_at(&bed, LEVELS[i]), *two = begin_at(&bed, LEVELS[i]);
            UNIT_STR(show(one, "Doctor", "b"), "\"b\" 1 \"b@x\"");
            OK(set(one, "Doctor", "{\"id\":\"a\",\"onCall\":0,\"email\":\"a@x\"}"));
            UNIT_STR(show(two, "Doctor", "a"), "\"a\" 1 \"a@x\"");
            OK(set(two, "Doctor", "{\"id\":\"b\",\"onCall\":0,\"email\":\"b@x\"}"));
            OK(commit_now(one));
            if (flush) OK(sgc_db_flush(bed.db));
            IS(conflicting(two, "Doctor \"a\""), i ? SGC_CONFLICT : SGC_OK);
            sgc_txn *after = bed_begin(&bed);
            UNIT_STR(show(after, "Doctor", "b"), i ? "\"b\" 1 \"b@x\"" : "\"b\" 0 \"b@x\"");
            sgc_abort(&after);
            bed_close(&bed);
        }
    }
}

/* ---- what was read, what changed meanwhile, and whether that matters ---- */

static void read_key(sgc_txn *txn)
{
    (void)show(txn, "Doctor", "a");
}

static void read_absent(sgc_txn *txn)
{
    UNIT_STR(show(txn, "Doctor", "zz"), "-");
}

static void read_email(sgc_txn *txn)
{
    sgc_key key;
    sgc_str record;

    sgc_key_start(&key);
    sgc_key_text(&key, SGC_STR("a@x"), false);
    OK(sgc_row_find(txn, table_of(txn, "Doctor"), 1, sgc_key_str(&key), &record));
}

static void read_no_email(sgc_txn *txn)
{
    sgc_key key;
    sgc_str record;

    sgc_key_start(&key);
    sgc_key_text(&key, SGC_STR("b"), false);
    IS(sgc_row_find(txn, table_of(txn, "Doctor"), 1, sgc_key_str(&key), &record), SGC_NOT_FOUND);
}

static uint16_t day_index(sgc_txn *txn)
{
    const sgc_table *table = &sgc_db_schema(sgc_txn_db(txn))->tables[table_of(txn, "Shift")];
    uint16_t i = 1;

    while (i < table->index_count && table->indexes[i].fields[0] != 2)
        i++;
    CU_ASSERT_TRUE_FATAL(i < table->index_count);
    return i;
}

/* Days 50 <= day < 100, the first `most` of them. */
static void read_days(sgc_txn *txn, bool descending, int most)
{
    sgc_key from, to;
    sgc_str record;

    sgc_key_start(&from);
    sgc_key_start(&to);
    sgc_key_int(&from, 50, false);
    sgc_key_int(&to, 100, false);
    sgc_range range = {sgc_key_str(&from), sgc_key_str(&to), descending};
    sgc_cursor cursor = sgc_cursor_open(txn, table_of(txn, "Shift"), day_index(txn), &range);
    int count = 0;
    while (count < most && sgc_cursor_next(&cursor, &record))
        count++;
    OK(sgc_cursor_status(&cursor));
    CU_ASSERT_EQUAL(count, most < 5 ? most : 5);
}

static void read_days_up(sgc_txn *txn)
{
    read_days(txn, false, 100);
}

static void read_days_down(sgc_txn *txn)
{
    read_days(txn, true, 100);
}

static void read_two_days_up(sgc_txn *txn)
{
    read_days(txn, false, 2);
}

static void read_two_days_down(sgc_txn *txn)
{
    read_days(txn, true, 2);
}

static void read_shifts_of_m(sgc_txn *txn)
{
    sgc_key prefix;
    const sgc_table *table = &sgc_db_schema(sgc_txn_db(txn))->tables[table_of(txn, "Shift")];
    uint16_t index = 1;

    while (index < table->index_count && table->indexes[index].fields[0] != 1)
        index++;
    CU_ASSERT_TRUE_FATAL(index < table->index_count);
    sgc_key_start(&prefix);
    sgc_key_text(&prefix, SGC_STR("m"), false);
    sgc_str bytes = sgc_key_str(&prefix);
    sgc_cursor cursor = sgc_cursor_open_many(txn, table_of(txn, "Shift"), index, &bytes, 1, false);
    while (sgc_cursor_skip(&cursor)) {
    }
    OK(sgc_cursor_status(&cursor));
}

static void read_by_failing(sgc_txn *txn)
{
    IS(put(txn, "Doctor", "{\"id\":\"x1\",\"onCall\":1,\"email\":\"a@x\"}"), SGC_EXISTS);
}

static void read_by_missing_parent(sgc_txn *txn)
{
    IS(put(txn, "Shift", "{\"id\":1000,\"doctorId\":\"zz\",\"day\":1}"), SGC_FOREIGN_KEY);
}

static void read_by_equal_update(sgc_txn *txn)
{
    OK(set(txn, "Doctor", "{\"id\":\"a\",\"onCall\":1,\"email\":\"a@x\"}"));
}

static void use_parent(sgc_txn *txn)
{
    OK(put(txn, "Shift", "{\"id\":1001,\"doctorId\":\"a\",\"day\":1}"));
}

static void read_then_roll_back(sgc_txn *txn)
{
    sgc_savepoint mark = sgc_savepoint_set(txn);
    read_key(txn);
    sgc_savepoint_rollback(txn, mark);
}

static void read_serial(sgc_txn *txn)
{
    int64_t next;
    OK(sgc_row_serial(txn, table_of(txn, "Shift"), &next));
    CU_ASSERT_EQUAL(next, 191);
}

static sgc_status change_a(sgc_txn *txn)
{
    return set(txn, "Doctor", "{\"id\":\"a\",\"onCall\":5,\"email\":\"a@x\"}");
}

static sgc_status change_email(sgc_txn *txn)
{
    return set(txn, "Doctor", "{\"id\":\"a\",\"onCall\":1,\"email\":\"other@x\"}");
}

static sgc_status delete_a(sgc_txn *txn)
{
    return drop(txn, "Doctor", "a");
}

static sgc_status add_zz(sgc_txn *txn)
{
    return put(txn, "Doctor", "{\"id\":\"zz\",\"onCall\":1,\"email\":\"b\"}");
}

static sgc_status add_day(sgc_txn *txn, int day)
{
    char json[100];
    snprintf(json, sizeof json, "{\"id\":%d,\"doctorId\":\"b\",\"day\":%d}", 500 + day, day);
    return put(txn, "Shift", json);
}

static sgc_status add_day_50(sgc_txn *txn)
{
    return add_day(txn, 50);
}

static sgc_status add_day_55(sgc_txn *txn)
{
    return add_day(txn, 55);
}

static sgc_status add_day_99(sgc_txn *txn)
{
    return add_day(txn, 99);
}

static sgc_status add_day_49(sgc_txn *txn)
{
    return add_day(txn, 49);
}

static sgc_status add_day_100(sgc_txn *txn)
{
    return add_day(txn, 100);
}

static sgc_status move_into(sgc_txn *txn)
{
    return set(txn, "Shift", "{\"id\":0,\"doctorId\":\"m\",\"day\":77}");
}

static sgc_status move_out(sgc_txn *txn)
{
    return set(txn, "Shift", "{\"id\":70,\"doctorId\":\"m\",\"day\":177}");
}

static sgc_status delete_70(sgc_txn *txn)
{
    return drop(txn, "Shift", "70");
}

static sgc_status change_row_in_range(sgc_txn *txn)
{
    return set(txn, "Shift", "{\"id\":70,\"doctorId\":\"b\",\"day\":70}");
}

static sgc_status add_shift_of_m(sgc_txn *txn)
{
    return put(txn, "Shift", "{\"id\":7,\"doctorId\":\"m\",\"day\":7}");
}

struct schedule {
    const char *name;
    void (*read)(sgc_txn *txn);
    sgc_status (*change)(sgc_txn *txn);
    const char *words; /* of the conflict; NULL: they do not disturb each other */
};

static const struct schedule SCHEDULES[] = {
    {"key, changed", read_key, change_a, "Doctor \"a\""},
    {"key, deleted", read_key, delete_a, "Doctor \"a\""},
    {"key, another changed", read_key, add_zz, NULL},
    {"absent key, added", read_absent, add_zz, "Doctor \"zz\""},
    {"absent key, another changed", read_absent, change_a, NULL},
    {"unique, row changed", read_email, change_a, "Doctor \"a\""},
    {"unique, value changed", read_email, change_email, "Doctor"},
    {"unique, another", read_email, add_zz, NULL},
    {"absent unique, added", read_no_email, add_zz, "range"},
    {"absent unique, neighbour changed", read_no_email, change_email, NULL},
    {"range, first", read_days_up, add_day_50, "range"},
    {"range, within", read_days_up, add_day_55, "range"},
    {"range, last", read_days_up, add_day_99, "range"},
    {"range, in front", read_days_up, add_day_49, NULL},
    {"range, behind", read_days_up, add_day_100, NULL},
    {"range, moved into", read_days_up, move_into, "range"},
    {"range, moved out", read_days_up, move_out, "Shift"},
    {"range, deleted", read_days_up, delete_70, "Shift"},
    {"range, row changed", read_days_up, change_row_in_range, "Shift 70"},
    {"down, first", read_days_down, add_day_50, "range"},
    {"down, within", read_days_down, add_day_55, "range"},
    {"down, last", read_days_down, add_day_99, "range"},
    {"down, in front", read_days_down, add_day_49, NULL},
    {"down, behind", read_days_down, add_day_100, NULL},
    {"down, moved out", read_days_down, move_out, "Shift"},
    {"two up, first", read_two_days_up, add_day_50, "range"},
    {"two up, within", read_two_days_up, add_day_55, "range"},
    {"two up, not so far", read_two_days_up, delete_70, NULL},
    {"two up, the end", read_two_days_up, add_day_99, NULL},
    {"two down, the end", read_two_days_down, add_day_99, "range"},
    {"two down, not so far", read_two_days_down, delete_70, NULL},
    {"two down, the start", read_two_days_down, add_day_50, NULL},
    {"prefix, added", read_shifts_of_m, add_shift_of_m, "range"},
    {"prefix, moved away", read_shifts_of_m, change_row_in_range, "range"},
    {"prefix, another", read_shifts_of_m, add_day_55, NULL},
    {"a failed insert has read, value changed", read_by_failing, change_email, "range"},
    {"a failed insert has read, another", read_by_failing, add_zz, NULL},
    {"a missing parent came", read_by_missing_parent, add_zz, "Doctor \"zz\""},
    {"an equal update has read", read_by_equal_update, change_a, "Doctor \"a\""},
    {"a parent that changes stays one", use_parent, change_a, NULL},
    {"a rollback keeps the reads", read_then_roll_back, change_a, "Doctor \"a\""},
    {"the largest key, a larger one", read_serial, add_day_50, "range"},
    {"the largest key, a smaller one", read_serial, add_shift_of_m, NULL},
};

static void play(const struct schedule *s, sgc_isolation isolation, int flush)
{
    struct bed bed;
    bool expected = isolation == SGC_ISOLATION_SERIALIZABLE && s->words;

    open_hospital(&bed);
    if (flush & 1) OK(sgc_db_flush(bed.db));
    sgc_txn *txn = begin_at(&bed, isolation);
    s->read(txn);
    OK(put(txn, "Doctor", "{\"id\":\"result\",\"onCall\":9,\"email\":\"r\"}"));
    meanwhile(&bed, s->change, flush & 2);
    sgc_status status = conflicting(txn, s->words ? s->words : "?");
    if (status != (expected ? SGC_CONFLICT : SGC_OK)) {
        printf("\n    %s (flush %d, level %d): %s\n", s->name, flush, (int)isolation,
               sgc_status_text(status));
        CU_FAIL("a schedule");
    }
    bed_close(&bed);
}

static void schedules(void)
{
    for (size_t i = 0; i < sizeof SCHEDULES / sizeof *SCHEDULES; i++) {
        for (int flush = 0; flush < 4; flush++) {
            play(&SCHEDULES[i], SGC_ISOLATION_SERIALIZABLE, flush);
            play(&SCHEDULES[i], SGC_ISOLATION_SNAPSHOT, flush);
        }
    }
}

/* ---- readers are not checked ---- */

static void a_transaction_that_only_reads_needs_no_check(void)
{
    struct bed bed;

    open_hospital(&bed);
    sgc_txn *txn = begin_serializable(&bed);
    read_key(txn);
    read_days_up(txn);
    meanwhile(&bed, change_a, true);
    meanwhile(&bed, add_day_55, false);
    UNIT_STR(show(txn, "Doctor", "a"), "\"a\" 1 \"a@x\"");
    OK(commit_now(txn));
    bed_close(&bed);
}

/* ---- limits ---- */

static void reading_too_much_is_told_at_that_read(void)
{
    struct bed bed;
    sgc_txn_options options = {.isolation = SGC_ISOLATION_SERIALIZABLE, .read_bytes = 1100};
    sgc_commit_info info;
    sgc_txn *txn;
    sgc_str record;
    int count = 0;

    open_hospital(&bed);
    OK(sgc_begin_with(bed.db, &options, &txn, NULL));
    sgc_cursor cursor = sgc_cursor_open(txn, table_of(txn, "Shift"), 0, NULL);
    while (sgc_cursor_next(&cursor, &record))
        count++;
    IS(sgc_cursor_status(&cursor), SGC_LIMIT);
    CU_ASSERT_TRUE(count > 3 && count < 20);
    CU_ASSERT_PTR_NOT_NULL(strstr(sgc_errmsg(txn), "1100 bytes"));
    IS(sgc_row_get(txn, table_of(txn, "Doctor"), key_of(txn, "Doctor", "b"), &record), SGC_LIMIT);
    IS(put(txn, "Doctor", "{\"id\":\"n\",\"onCall\":1}"), SGC_LIMIT);
    meanwhile(&bed, change_a, false);
    OK(sgc_commit(&txn, &info)); /* it has written nothing */
    OK(sgc_begin_with(bed.db, &options, &txn, NULL));
    OK(put(txn, "Doctor", "{\"id\":\"n\",\"onCall\":1}"));
    cursor = sgc_cursor_open(txn, table_of(txn, "Shift"), 0, NULL);
    while (sgc_cursor_next(&cursor, &record)) {
    }
    meanwhile(&bed, add_day_55, false);
    IS(sgc_commit(&txn, &info), SGC_LIMIT);
    CU_ASSERT_EQUAL(info.outcome, SGC_OUTCOME_REFUSED);
    txn = bed_begin(&bed);
    UNIT_STR(show(txn, "Doctor", "n"), "-");
    sgc_abort(&txn);
    bed_close(&bed);
}

/* The same key a thousand times is one key. */
static void reading_again_costs_nothing(void)
{
    struct bed bed;
    sgc_txn_options options = {.isolation = SGC_ISOLATION_SERIALIZABLE, .read_bytes = 4000};
    sgc_txn *txn;
    sgc_str record;

    open_hospital(&bed);
    OK(sgc_begin_with(bed.db, &options, &txn, NULL));
    sgc_str key = key_of(txn, "Doctor", "a");
    for (int i = 0; i < 1000; i++)
        OK(sgc_row_get(txn, table_of(txn, "Doctor"), key, &record));
    sgc_abort(&txn);
    bed_close(&bed);
}

static void a_very_old_one_is_refused(void)
{
    struct bed bed;

    open_hospital(&bed);
    sgc_txn *old = begin_serializable(&bed), *young = NULL;
    read_key(old);
    OK(put(old, "Doctor", "{\"id\":\"result\",\"onCall\":9}"));
    for (int i = 0; i < 60; i++) {
        char json[100];
        snprintf(json, sizeof json, "{\"id\":\"n%d\",\"onCall\":1}", i);
        sgc_txn *txn = bed_begin(&bed);
        OK(put(txn, "Doctor", json));
        OK(commit_now(txn));
        OK(sgc_db_flush(bed.db));
        if (i == 50) young = begin_serializable(&bed);
    }
    IS(conflicting(old, "kept to check it"), SGC_CONFLICT);
    read_key(young);
    OK(put(young, "Doctor", "{\"id\":\"result\",\"onCall\":9}"));
    OK(commit_now(young));
    bed_close(&bed);
}

static void options_are_checked(void)
{
    struct bed bed;
    sgc_txn_options options = {.isolation = (sgc_isolation)7};
    sgc_error error;
    sgc_txn *txn;

    open_hospital(&bed);
    IS(sgc_begin_with(bed.db, &options, &txn, &error), SGC_INVALID);
    CU_ASSERT_PTR_NULL(txn);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "7"));
    options = (sgc_txn_options){.has_durability = true, .durability = (sgc_durability)9};
    IS(sgc_begin_with(bed.db, &options, &txn, &error), SGC_INVALID);
    OK(sgc_begin_with(bed.db, NULL, &txn, NULL));
    sgc_abort(&txn);
    bed_close(&bed);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"write skew", write_skew},
        {"schedules", schedules},
        {"a transaction that only reads", a_transaction_that_only_reads_needs_no_check},
        {"reading too much", reading_too_much_is_told_at_that_read},
        {"reading again costs nothing", reading_again_costs_nothing},
        {"a very old one is refused", a_very_old_one_is_refused},
        {"options are checked", options_are_checked},
        CU_TEST_INFO_NULL,
    };
    return unit_run("txn.serializable", tests);
}
