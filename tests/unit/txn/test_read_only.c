/*
 * test_read_only.c - databases whose files may only be read: everything that is there is read, as
 * it was left, every write is refused and says why, and no call changes anything.
 */
#include "unit/txn/states.h"

static const sgc_faults READ_ONLY = {.read_only = true}, NONE = {0};
static const char WHY[] = "the database was opened to read only: data/lock: writing has stopped";

static void says(const char *words, const char *expected)
{
    if (strcmp(words, expected) != 0)
        printf("\n    got      <%s>\n    expected <%s>\n", words, expected);
    CU_ASSERT_STRING_EQUAL(words, expected);
}

/* Nothing can be written from now on. */
static uint64_t protect(struct bed *bed)
{
    uint64_t steps;

    sgc_memory_os_set_faults(bed->memory, &READ_ONLY);
    sgc_memory_os_counts(bed->memory, NULL, NULL, &steps);
    return steps;
}

/* Everything can be written again; nothing was, and nothing was synced. */
static void unprotect(struct bed *bed, uint64_t before)
{
    uint64_t steps;

    sgc_memory_os_counts(bed->memory, NULL, NULL, &steps);
    CU_ASSERT_EQUAL(steps, before);
    sgc_memory_os_set_faults(bed->memory, &NONE);
}

static void power_cut(struct bed *bed)
{
    sgc_memory_os_power_cycle(bed->memory, 11);
    (void)sgc_db_close(bed->db);
    sgc_memory_os_set_faults(bed->memory, &NONE);
}

/* ---- reading ---- */

static void check_moments(struct states *s)
{
    sgc_txn *txn;

    for (size_t i = 0; i < s->count; i++) {
        OK(sgc_begin_read(s->bed.db, sgc_at_seq(s->items[i].sequence), &txn));
        check_state(s, txn, &s->items[i]);
        sgc_abort(&txn);
        if (i == 0) continue;
        OK(sgc_begin_read(s->bed.db, sgc_at_time(s->items[i].time_us), &txn));
        CU_ASSERT_EQUAL(sgc_txn_sequence(txn), s->items[i].sequence);
        sgc_abort(&txn);
    }
    OK(sgc_begin_read(s->bed.db, sgc_now(), &txn));
    check_state(s, txn, &s->items[s->count - 1]);
    sgc_abort(&txn);
}

static size_t count_changes(struct states *s)
{
    sgc_row_change change;
    sgc_txn *txn;
    size_t count = 0;

    OK(sgc_begin_read(s->bed.db, sgc_now(), &txn));
    sgc_changes changes = sgc_changes_since(txn, 0, 0, SGC_NONE);
    while (sgc_changes_next(&changes, &change))
        count++;
    OK(changes.status);
    sgc_changes_end(&changes);
    sgc_abort(&txn);
    return count;
}

static void is_sound(sgc_db *db)
{
    sgc_buf report = {0};

    OK(sgc_db_verify(db, &report));
    if (report.size) printf("\n    " SGC_FMT "\n", SGC_ARG(sgc_buf_as_str(&report)));
    CU_ASSERT_EQUAL(report.size, 0);
    sgc_buf_free(&report);
}

enum ending { CLOSED, CLOSED_IN_LOG, CUT };

/* A past in pages, in the history and in the log; left in one of three ways. */
static size_t make_past(struct states *s, uint64_t seed, enum ending ending)
{
    states_open(s, seed, 64 << 10);
    for (int i = 0; i < 60; i++) {
        states_step(s);
        if (i % 20 == 13) OK(sgc_db_flush(s->bed.db));
    }
    size_t changes = count_changes(s);
    if (ending == CLOSED_IN_LOG) {
        /* Its last commits stay in the log, and the log is closed. */
        power_cut(&s->bed);
        OK(bed_open_again(&s->bed));
    }
    if (ending == CUT) {
        power_cut(&s->bed);
    } else {
        OK(sgc_db_close(s->bed.db));
    }
    return changes;
}

static void everything_is_read(void)
{
    for (uint64_t seed = 1; seed <= unit_rounds(6); seed++) {
        struct states s;
        size_t changes = make_past(&s, seed, (enum ending)(seed % 3));
        uint64_t steps = protect(&s.bed);
        sgc_error why;
        OK(bed_open_again(&s.bed));
        CU_ASSERT_TRUE(sgc_db_only_reads(s.bed.db, &why));
        says(why.text, WHY);
        check_moments(&s);
        CU_ASSERT_EQUAL(count_changes(&s), changes);
        is_sound(s.bed.db);
        OK(sgc_db_close(s.bed.db));
        unprotect(&s.bed, steps);
        /* As if nobody had looked. */
        OK(bed_open_again(&s.bed));
        CU_ASSERT_FALSE(sgc_db_only_reads(s.bed.db, NULL));
        check_moments(&s);
        states_step(&s);
        bed_reopen(&s.bed);
        check_moments(&s);
        is_sound(s.bed.db);
        states_close(&s);
    }
}

/* ---- writing ---- */

static const char SDL[] = "type Item { id: Int! @id(generate: NONE) name: String @index }\n";
static const char MORE[] = "type Item { id: Int! @id(generate: NONE) name: String @index "
                           "code: String @index }\n";
static const char NO_INDEX[] = "type Item { id: Int! @id(generate: NONE) name: String }\n";

static void one_item(struct bed *bed, bool in_pages)
{
    bed_open(bed, SDL, 0);
    sgc_txn *txn = bed_begin(bed);
    OK(put(txn, "Item", "{\"id\":1,\"name\":\"a\"}"));
    OK(commit_now(txn));
    if (!in_pages) {
        power_cut(bed);
        return;
    }
    OK(sgc_db_close(bed->db));
}

static void end(struct bed *bed, uint64_t steps)
{
    OK(sgc_db_close(bed->db));
    unprotect(bed, steps);
    OK(bed_open_again(bed));
    bed_close(bed);
}

static void writes_are_refused(void)
{
    struct bed bed;
    one_item(&bed, false);
    uint64_t steps = protect(&bed);
    sgc_txn_options keyed = {.idempotency_key = SGC_STR("k")};
    sgc_load *load;
    sgc_error error;
    sgc_txn *txn;
    OK(bed_open_again(&bed));

    txn = bed_begin(&bed);
    IS(put(txn, "Item", "{\"id\":2}"), SGC_READ_ONLY);
    says(sgc_errmsg(txn), WHY);
    IS(set(txn, "Item", "{\"id\":1,\"name\":\"b\"}"), SGC_READ_ONLY);
    IS(drop(txn, "Item", "1"), SGC_READ_ONLY);
    UNIT_STR(show(txn, "Item", "1"), "1 \"a\"");
    OK(sgc_commit(&txn, NULL)); /* there is nothing in it */
    OK(sgc_begin_with(bed.db, &keyed, &txn, &error));
    IS(put(txn, "Item", "{\"id\":2}"), SGC_READ_ONLY);
    sgc_abort(&txn);
    IS(sgc_load_begin(bed.db, NULL, &load, &error), SGC_READ_ONLY);
    says(error.text, WHY);
    IS(sgc_db_compact(bed.db, &error), SGC_READ_ONLY);
    says(error.text, WHY);
    IS(sgc_db_set_schema(bed.db, bed_schema(&bed, MORE), &error), SGC_READ_ONLY);
    says(error.text, WHY);
    IS(sgc_db_flush(bed.db), SGC_READ_ONLY);
    end(&bed, steps);
}

/* What is in pages need not go there. */
static void nothing_to_flush(void)
{
    struct bed bed;
    one_item(&bed, true);
    uint64_t steps = protect(&bed);
    OK(bed_open_again(&bed));

    OK(sgc_db_flush(bed.db));
    OK(sgc_db_wait_for_indexes(bed.db, 0));
    end(&bed, steps);
}

/* ---- who may have it at a time ---- */

static void readers_share_it(void)
{
    struct bed bed;
    one_item(&bed, true);
    sgc_db *second = NULL;
    uint64_t steps = protect(&bed);
    sgc_error error;

    OK(bed_open_again(&bed));
    OK(sgc_db_open("data", bed.schema, &bed.options, &second, &error));
    OK(sgc_db_close(second));
    /* Who can write does not come in beside them, and they do not beside it. */
    unprotect(&bed, steps);
    IS(sgc_db_open("data", bed.schema, &bed.options, &second, &error), SGC_BUSY);
    bed_reopen(&bed);
    CU_ASSERT_FALSE(sgc_db_only_reads(bed.db, NULL));
    steps = protect(&bed);
    IS(sgc_db_open("data", bed.schema, &bed.options, &second, &error), SGC_BUSY);
    unprotect(&bed, steps);
    bed_close(&bed);
}

static void without_a_lock_file(void)
{
    struct bed bed;
    one_item(&bed, true);
    const sgc_os *os = bed.options.os;
    sgc_buf report = {0};
    sgc_error error;

    OK(os->remove(os->self, "data/lock"));
    uint64_t steps = protect(&bed);
    OK(sgc_db_inspect(os, "data", true, &report, &error));
    CU_ASSERT_EQUAL(report.size, 0);
    OK(bed_open_again(&bed));
    end(&bed, steps);
}

/* ---- what is not there ---- */

static void nothing_is_made(void)
{
    struct bed bed;
    one_item(&bed, true);
    sgc_db_options create = {.os = bed.options.os, .create_only = true}, must = create;
    sgc_error error;
    sgc_db *db;
    uint64_t steps = protect(&bed);

    must.create_only = false;
    must.must_exist = true;
    IS(sgc_db_open("new", bed.schema, &create, &db, &error), SGC_READ_ONLY);
    says(error.text, "new: cannot make the folder: new: writing has stopped");
    IS(sgc_db_open("new", bed.schema, &must, &db, &error), SGC_NOT_FOUND);
    says(error.text, "new: there is no database");
    IS(sgc_db_open("data", bed.schema, &create, &db, &error), SGC_EXISTS);
    says(error.text, "data: there is a database already");
    /* A folder without a database. */
    sgc_db_options plain = {.os = bed.options.os};
    IS(sgc_db_open("data/log", bed.schema, &plain, &db, &error), SGC_READ_ONLY);
    says(error.text, "data/log/lock: writing has stopped");
    unprotect(&bed, steps);
    OK(bed_open_again(&bed));
    bed_close(&bed);
}

static void other_indexes_are_refused(void)
{
    struct bed bed;
    one_item(&bed, true);
    uint64_t steps = protect(&bed);
    sgc_error error;
    sgc_db *db;

    IS(sgc_db_open("data", bed_schema(&bed, NO_INDEX), &bed.options, &db, &error), SGC_READ_ONLY);
    says(error.text, "data: it has other indexes than this schema and can only be read: "
                     "data/lock: writing has stopped");
    IS(sgc_db_open("data", bed_schema(&bed, MORE), &bed.options, &db, &error), SGC_SCHEMA_MISMATCH);
    OK(sgc_db_open("data", NULL, &bed.options, &bed.db, &error));
    end(&bed, steps);
}

/* Its creation was cut at each step: there is a database, or an error that says what there is. */
static void creations_cut_short(void)
{
    unsigned there = 0, short_ones = 0;

    for (uint64_t cut = 1; cut < 60 && there < 3; cut++) {
        struct bed bed = {.options = {.must_exist = true}};
        sgc_faults faults = {.seed = cut, .power_cut_at = cut};
        sgc_error error;
        OK(sgc_memory_os_create(&bed.memory));
        bed.schema = bed_schema(&bed, SDL);
        bed.options.os = sgc_memory_os_table(bed.memory);
        sgc_db_options create = {.os = bed.options.os};
        sgc_memory_os_set_faults(bed.memory, &faults);
        if (sgc_db_open("data", bed.schema, &create, &bed.db, &error) == SGC_OK)
            (void)sgc_db_close(bed.db);
        sgc_memory_os_power_cycle(bed.memory, cut);
        uint64_t steps = protect(&bed);
        sgc_status status = sgc_db_open("data", NULL, &bed.options, &bed.db, &error);
        CU_ASSERT_TRUE(status == SGC_OK || status == SGC_NOT_FOUND || status == SGC_INVALID);
        there += status == SGC_OK;
        short_ones += status == SGC_INVALID;
        if (status == SGC_OK) OK(sgc_db_close(bed.db));
        unprotect(&bed, steps);
        if (status != SGC_NOT_FOUND)
            IS(sgc_db_open("data", NULL, &bed.options, &bed.db, &error), status);
        if (status == SGC_OK) OK(sgc_db_close(bed.db));
        OK(sgc_db_open("data", bed.schema, &create, &bed.db, &error));
        bed_close(&bed);
    }
    CU_ASSERT_EQUAL(there, 3);
    CU_ASSERT_TRUE(short_ones > 0);
}

/* ---- an index that is not whole ---- */

static const char ROWS[] = "type Item { id: Int! @id(generate: NONE) name: String }\n";

static sgc_status load_items(struct bed *bed, int count)
{
    char json[64];
    sgc_txn *txn = bed_begin(bed);

    for (int i = 0; i < count; i++) {
        snprintf(json, sizeof json, "{\"id\":%d,\"name\":\"n%04d\"}", i, count - 1 - i);
        OK(put(txn, "Item", json));
    }
    return commit_now(txn);
}

/* The power goes as soon as the switch to the other schema is durable. */
static bool begin_index(struct bed *bed, uint64_t cut)
{
    sgc_faults faults = {.seed = 5, .power_cut_at = cut};
    sgc_error error;

    sgc_memory_os_set_faults(bed->memory, &faults);
    sgc_status status = sgc_db_open("data", bed_schema(bed, SDL), &bed->options, &bed->db, &error);
    sgc_memory_os_power_cycle(bed->memory, cut);
    if (status == SGC_OK) (void)sgc_db_close(bed->db);
    sgc_memory_os_set_faults(bed->memory, &READ_ONLY);
    OK(sgc_db_open("data", NULL, &bed->options, &bed->db, &error));
    return sgc_db_schema(bed->db)->tables[0].index_count == 2;
}

static void an_index_that_is_not_whole(void)
{
    enum { ITEMS = 300 };
    sgc_index_progress progress;
    struct bed bed;
    bool found = false;

    bed_open(&bed, ROWS, 0);
    OK(load_items(&bed, ITEMS));
    OK(sgc_db_close(bed.db));
    for (uint64_t cut = 1; cut < 60 && !found; cut++) {
        found = begin_index(&bed, cut) && sgc_db_index_progress(bed.db, 0, &progress);
        if (!found) OK(sgc_db_close(bed.db));
    }
    CU_ASSERT_TRUE_FATAL(found);
    IS(sgc_db_wait_for_indexes(bed.db, 1000000), SGC_READ_ONLY);
    sgc_txn *txn = bed_begin(&bed);
    sgc_cursor cursor = sgc_cursor_open(txn, 0, 1, NULL);
    sgc_str record;
    int count = 0;
    while (sgc_cursor_next(&cursor, &record)) {
        char want[40];
        snprintf(want, sizeof want, "%d \"n%04d\"", ITEMS - 1 - count, count);
        UNIT_STR(show_record(txn, 0, record), want);
        count++;
    }
    CU_ASSERT_EQUAL(count, ITEMS);
    sgc_abort(&txn);
    is_sound(bed.db);
    bed_close(&bed);
}

/* ---- a file system that becomes one that is only read ---- */

/* As a kernel does it that meets a failing device: from this write on. */
static struct {
    const sgc_os *real;
    sgc_memory_os *memory;
    uint64_t left;
} turning;

static sgc_status turning_write(void *self, sgc_file *file, uint64_t offset, const void *data,
                                size_t size)
{
    if (turning.left > 0 && --turning.left == 0)
        sgc_memory_os_set_faults(turning.memory, &READ_ONLY);
    return turning.real->write(self, file, offset, data, size);
}

/* Whatever the opening had got done by then: an answer, and nothing that is lost. */
static bool turns_while_opening(uint64_t at)
{
    struct bed bed;
    sgc_error error;
    sgc_db *db = NULL;

    one_item(&bed, false);
    const sgc_schema *next = bed_schema(&bed, NO_INDEX);
    sgc_os os = *bed.options.os;
    turning.real = bed.options.os;
    turning.memory = bed.memory;
    turning.left = at;
    os.write = turning_write;
    sgc_db_options options = bed.options;
    options.os = &os;
    sgc_status status = sgc_db_open("data", next, &options, &db, &error);
    bool turned = turning.left == 0;
    if (!turned || status != SGC_READ_ONLY) OK(status);
    if (status == SGC_OK && turned) {
        CU_ASSERT_TRUE(sgc_db_only_reads(db, NULL));
        CU_ASSERT_EQUAL(sgc_db_schema(db)->tables[0].index_count, 1);
    }
    turning.left = 0;
    if (status == SGC_OK) (void)sgc_db_close(db);
    sgc_memory_os_set_faults(bed.memory, &NONE);
    OK(sgc_db_open("data", next, &bed.options, &bed.db, &error));
    bed.schema = next;
    sgc_txn *txn = bed_begin(&bed);
    UNIT_STR(show(txn, "Item", "1"), "1 \"a\"");
    sgc_abort(&txn);
    is_sound(bed.db);
    bed_close(&bed);
    return turned;
}

static void becomes_read_only(void)
{
    uint64_t at = 1;

    while (at < 200 && turns_while_opening(at))
        at++;
    CU_ASSERT_TRUE(at > 5 && at < 200);
}

/* ---- memory ---- */

static void every_allocation_fails_once(void)
{
    struct bed bed;
    one_item(&bed, false);
    uint64_t steps = protect(&bed), n = 1;
    bool through = false;

    for (; !through && n < 3000; n++) {
        sgc_error error;
        sgc_alloc_fail_at(n, false);
        sgc_status status = sgc_db_open("data", bed.schema, &bed.options, &bed.db, &error);
        through = sgc_alloc_count() < n;
        sgc_alloc_fail_at(0, false);
        CU_ASSERT_TRUE(status == SGC_OK || status == SGC_NO_MEMORY);
        if (status != SGC_OK) continue;
        sgc_txn *txn = bed_begin(&bed);
        UNIT_STR(show(txn, "Item", "1"), "1 \"a\"");
        sgc_abort(&txn);
        OK(sgc_db_close(bed.db));
    }
    CU_ASSERT_TRUE(through && n > 20);
    OK(bed_open_again(&bed));
    end(&bed, steps);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"everything is read", everything_is_read},
        {"writes are refused", writes_are_refused},
        {"nothing to flush", nothing_to_flush},
        {"readers share it", readers_share_it},
        {"without a lock file", without_a_lock_file},
        {"nothing is made", nothing_is_made},
        {"other indexes are refused", other_indexes_are_refused},
        {"creations cut short", creations_cut_short},
        {"an index that is not whole", an_index_that_is_not_whole},
        {"becomes read only", becomes_read_only},
        {"every allocation fails once", every_allocation_fails_once},
        CU_TEST_INFO_NULL,
    };
    return unit_run("txn.read_only", tests);
}
