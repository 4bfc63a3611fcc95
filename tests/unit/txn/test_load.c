/*
 * test_load.c - loads past the MemTables: what they refuse, what is seen of them and when, runs
 * that went to files, and what stays when memory or the device fails.
 */
#include "unit/txn/loads.h"

static const char SDL[] = "type User {\n"
                          "  id: ID! @id(generate: NONE)\n"
                          "  name: String\n"
                          "  email: String @unique\n"
                          "  age: Int! @index\n"
                          "  tags: [String!] @index\n"
                          "  boss: User\n"
                          "}\n"
                          "type Post {\n"
                          "  id: Int! @id(generate: SERIAL)\n"
                          "  title: String! @check(expr: \"length(title) < 100\")\n"
                          "  author: User! @relation(onDelete: CASCADE)\n"
                          "}\n"
                          "type Other { id: ID! @id(generate: NONE) note: String }\n";

/* Keys in a scattered order; every row has an email of its own, ages repeat. */
static sgc_status add_user(sgc_load *load, unsigned n)
{
    char json[400];
    unsigned id = n * 7919U % 1000003U;

    snprintf(json, sizeof json,
             "{\"id\": \"u%u\", \"name\": \"name of %u\", \"email\": \"%u@mail.example\", "
             "\"age\": %u, \"tags\": [\"t%u\", \"same\", \"same\"]}",
             id, id, id, id % 100, id % 10);
    return add(load, "User", json);
}

/* ---- what is loaded is there ---- */

static void check_users(struct bed *bed, unsigned count)
{
    sgc_txn *txn = bed_begin(bed);
    uint16_t user = table_of(txn, "User");
    const sgc_table *t = &sgc_db_schema(bed->db)->tables[user];

    for (uint16_t i = 0; i < t->index_count; i++) {
        size_t entries = count_index(txn, "User", i);
        CU_ASSERT_EQUAL(entries, t->indexes[i].elements ? 2 * count : count);
    }
    for (unsigned n = 0; n < count; n += 97) {
        char id[20], wanted[100];
        unsigned number = n * 7919U % 1000003U;
        snprintf(id, sizeof id, "u%u", number);
        snprintf(wanted, sizeof wanted, "\"u%u\" \"name of %u\" \"%u@mail.example\" %u", number,
                 number, number, number % 100);
        sgc_str row = show(txn, "User", id);
        CU_ASSERT_TRUE(row.size > strlen(wanted) && memcmp(row.data, wanted, strlen(wanted)) == 0);
    }
    sgc_abort(&txn);
}

static void load_and_look(unsigned rows, uint64_t memory)
{
    struct bed bed;

    bed_open(&bed, SDL, 0);
    sgc_load *load = begin_load(&bed, memory);
    for (unsigned n = 0; n < rows; n++)
        CU_ASSERT_EQUAL_FATAL(add_user(load, n), SGC_OK);
    CU_ASSERT_EQUAL(rows_of(&bed, "User"), 0);
    sgc_commit_info info = committed(load);
    CU_ASSERT_EQUAL(info.sequence, 1);
    CU_ASSERT_EQUAL(sgc_db_head(bed.db), 1);
    check_users(&bed, rows);
    bed_verify(&bed);
    bed_reopen(&bed);
    check_users(&bed, rows);
    bed_verify(&bed);
    bed_close(&bed);
}

static void rows_in_memory(void)
{
    load_and_look(1, 0);
    load_and_look(30000, 64 << 20);
}

static void rows_through_files(void)
{
    load_and_look(30000, 1 << 20);
    load_and_look(20000, 16 << 10);
}

/* ---- refusals ---- */

static void refused(sgc_load *load, sgc_status why, const char *words)
{
    sgc_commit_info info;

    IS(sgc_load_commit(&load, &info), why);
    CU_ASSERT_EQUAL(info.outcome, SGC_OUTCOME_REFUSED);
    UNIT_STR(sgc_str_from(info.error.text), words);
}

static void what_must_be_unique(void)
{
    struct bed bed;

    bed_open(&bed, SDL, 0);
    for (uint64_t memory = 16 << 10; memory < 1 << 30; memory *= 1024) {
        sgc_load *load = begin_load(&bed, memory);
        OK(add(load, "User", "{\"id\": \"a\", \"email\": \"x\", \"age\": 1}"));
        for (unsigned n = 0; n < 3000; n++)
            OK(add_user(load, n));
        OK(add(load, "User", "{\"id\": \"a\", \"email\": \"y\", \"age\": 1}"));
        refused(load, SGC_EXISTS, "User \"a\" already exists");
        load = begin_load(&bed, memory);
        OK(add(load, "User", "{\"id\": \"a\", \"email\": \"x\", \"age\": 1}"));
        for (unsigned n = 0; n < 3000; n++)
            OK(add_user(load, n));
        OK(add(load, "User", "{\"id\": \"b\", \"email\": \"x\", \"age\": 1}"));
        refused(load, SGC_EXISTS, "User with email \"x\" already exists");
    }
    CU_ASSERT_EQUAL(rows_of(&bed, "User"), 0);
    bed_verify(&bed);
    /* Nulls are not compared. */
    sgc_load *load = begin_load(&bed, 0);
    OK(add(load, "User", "{\"id\": \"a\", \"age\": 1}"));
    OK(add(load, "User", "{\"id\": \"b\", \"age\": 1}"));
    committed(load);
    CU_ASSERT_EQUAL(rows_of(&bed, "User"), 2);
    bed_verify(&bed);
    bed_close(&bed);
}

/* The load's files are read once, and what comes back is looked at: no bit of a value, which
 * nothing else would miss, may change. */
static void files_are_read_back_whole(void)
{
    unsigned flipped = 0;

    for (unsigned n = 1; n <= 8; n++) {
        struct bed bed;
        sgc_commit_info info;
        char path[40];
        bed_open(&bed, SDL, 0);
        sgc_load *load = begin_load(&bed, 16 << 10);
        for (unsigned i = 0; i < 3000; i++)
            OK(add_user(load, i));
        snprintf(path, sizeof path, "data/load.%u", n);
        bool there = sgc_memory_os_flip(bed.memory, path, 1000 * 8 + n) == SGC_OK;
        sgc_status status = sgc_load_commit(&load, &info);
        CU_ASSERT_EQUAL(status, there ? SGC_CORRUPT : SGC_OK);
        CU_ASSERT_TRUE(!there || strstr(info.error.text, path) != NULL);
        CU_ASSERT_EQUAL(rows_of(&bed, "User"), there ? 0 : 3000);
        bed_verify(&bed);
        bed_close(&bed);
        flipped += there;
    }
    CU_ASSERT_TRUE(flipped > 1);
}

static void parents_must_be_there(void)
{
    struct bed bed;

    bed_open(&bed, SDL, 0);
    sgc_load *load = begin_load(&bed, 0);
    OK(add(load, "Post", "{\"id\": 1, \"title\": \"t\", \"authorId\": \"a\"}"));
    refused(load, SGC_FOREIGN_KEY, "Post 1.author: there is no User \"a\"");
    load = begin_load(&bed, 0);
    OK(add(load, "Post", "{\"id\": 1, \"title\": \"t\", \"authorId\": \"a\"}"));
    OK(add(load, "User", "{\"id\": \"a\", \"age\": 1, \"bossId\": \"a\"}"));
    OK(add(load, "User", "{\"id\": \"b\", \"age\": 1, \"bossId\": \"c\"}"));
    refused(load, SGC_FOREIGN_KEY, "User \"b\".boss: there is no User \"c\"");
    sgc_txn *txn = bed_begin(&bed);
    OK(put(txn, "User", "{\"id\": \"a\", \"age\": 1}"));
    OK(commit_now(txn));
    load = begin_load(&bed, 0);
    OK(add(load, "Post", "{\"id\": 1, \"title\": \"t\", \"authorId\": \"a\"}"));
    IS(add(load, "User", "{\"id\": \"b\", \"age\": 1}"), SGC_EXISTS);
    UNIT_STR(sgc_str_from(sgc_load_errmsg(load)),
             "User holds rows; only tables without rows can be loaded at once");
    committed(load);
    CU_ASSERT_EQUAL(rows_of(&bed, "Post"), 1);
    bed_verify(&bed);
    bed_close(&bed);
}

static void rows_must_be_right(void)
{
    struct bed bed;
    char json[2200];
    sgc_error error = {SGC_OK, ""};
    sgc_load *other;

    bed_open(&bed, SDL, 0);
    sgc_load *load = begin_load(&bed, 0);
    IS(sgc_load_begin(bed.db, NULL, &other, &error), SGC_BUSY);
    CU_ASSERT_PTR_NULL(other);
    IS(sgc_load_row(load, 60000, SGC_STR("a"), SGC_STR("b")), SGC_INVALID);
    snprintf(json, sizeof json, "{\"id\": 1, \"authorId\": \"a\", \"title\": \"%0120d\"}", 1);
    IS(add(load, "Post", json), SGC_CHECK_FAILED);
    IS(sgc_load_row(load, 0, SGC_STR("a"), SGC_STR("b")), SGC_INVALID);
    memset(json, 'k', 1100);
    IS(sgc_load_row(load, 0, sgc_str_of(json, 1100), SGC_STR("b")), SGC_LIMIT);
    snprintf(json, sizeof json, "{\"id\": \"a\", \"age\": 1, \"email\": \"%01100d\"}", 1);
    IS(add(load, "User", json), SGC_LIMIT);
    IS(add(load, "User", "{\"id\": \"b\", \"age\": 1}"), SGC_LIMIT);
    sgc_commit_info info;
    IS(sgc_load_commit(&load, &info), SGC_LIMIT);
    CU_ASSERT_EQUAL(rows_of(&bed, "User"), 0);
    load = begin_load(&bed, 0);
    CU_ASSERT_EQUAL(committed(load).sequence, 0); /* nothing to commit */
    load = NULL;
    sgc_load_abort(&load);
    OK(sgc_load_commit(&load, &info));
    bed_close(&bed);
}

/* ---- beside others ---- */

static void others_go_on(void)
{
    struct bed bed;

    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed), *old = bed_begin(&bed);
    OK(put(txn, "User", "{\"id\": \"a\", \"age\": 1}"));
    OK(commit_now(txn));
    sgc_load *load = begin_load(&bed, 0);
    OK(add(load, "Post", "{\"title\": \"t\", \"id\": 5, \"authorId\": \"a\"}"));
    txn = bed_begin(&bed);
    OK(put(txn, "Other", "{\"id\": \"o\"}"));
    OK(put(txn, "User", "{\"id\": \"b\", \"age\": 1}"));
    OK(commit_now(txn));
    OK(sgc_db_flush(bed.db));
    txn = bed_begin(&bed);
    OK(put(txn, "Post", "{\"id\": 6, \"title\": \"t\", \"authorId\": \"a\"}"));
    IS(commit_now(txn), SGC_CONFLICT);
    txn = bed_begin(&bed);
    OK(drop(txn, "User", "a"));
    IS(commit_now(txn), SGC_CONFLICT);
    bed_verify(&bed);
    sgc_commit_info info = committed(load);
    CU_ASSERT_EQUAL(info.sequence, 3);
    txn = bed_begin(&bed);
    UNIT_STR(show(txn, "Post", "5"), "5 \"t\" \"a\"");
    UNIT_STR(show(txn, "Other", "o"), "\"o\" null");
    sgc_abort(&txn);
    /* Who began before it saw no such row, and may not make one. */
    UNIT_STR(show(old, "Post", "5"), "-");
    OK(put(old, "User", "{\"id\": \"x\", \"age\": 1}"));
    OK(put(old, "Post", "{\"id\": 5, \"title\": \"t\", \"authorId\": \"x\"}"));
    IS(commit_now(old), SGC_CONFLICT);
    bed_verify(&bed);
    bed_close(&bed);
}

static void serializable_ones_too(void)
{
    struct bed bed;
    sgc_txn_options options = {.isolation = SGC_ISOLATION_SERIALIZABLE};
    sgc_txn *txn;

    bed_open(&bed, SDL, 0);
    OK(sgc_begin_with(bed.db, &options, &txn, NULL));
    UNIT_STR(list(txn, "User", 0, false), "");
    sgc_load *load = begin_load(&bed, 0);
    OK(add(load, "User", "{\"id\": \"a\", \"age\": 1}"));
    committed(load);
    OK(put(txn, "Other", "{\"id\": \"o\", \"note\": \"there is no user\"}"));
    IS(commit_now(txn), SGC_CONFLICT);
    OK(sgc_begin_with(bed.db, &options, &txn, NULL));
    UNIT_STR(list(txn, "User", 0, false), "\"a\"");
    OK(put(txn, "Other", "{\"id\": \"o\"}"));
    OK(commit_now(txn));
    bed_close(&bed);
}

/* As the device has it. */
static uint64_t page_bytes(struct bed *bed)
{
    const sgc_os *os = bed->options.os;
    sgc_file *file;
    uint64_t size = 0;

    OK(os->open(os->self, "data/pages", SGC_OPEN_READ, &file));
    OK(os->size(os->self, file, &size));
    os->close(os->self, file);
    return size;
}

static void aborted(void)
{
    struct bed bed;

    bed_open(&bed, SDL, 0);
    for (int i = 0; i < 5; i++) {
        sgc_load *load = begin_load(&bed, 1 << 20);
        for (unsigned n = 0; n < 5000; n++)
            OK(add_user(load, n));
        sgc_load_abort(&load);
        bed_verify(&bed);
        CU_ASSERT_TRUE(page_bytes(&bed) < 20 * 4096); /* what was lent is given back */
    }
    sgc_txn *txn = bed_begin(&bed);
    OK(put(txn, "User", "{\"id\": \"a\", \"age\": 1}"));
    OK(commit_now(txn));
    OK(sgc_db_flush(bed.db));
    bed_verify(&bed);
    bed_reopen(&bed);
    bed_verify(&bed);
    bed_close(&bed);
}

/* ---- the past ---- */

static void expect_changes(struct bed *bed, uint64_t since, const char *expected)
{
    sgc_txn *txn = bed_begin(bed);
    sgc_changes changes = sgc_changes_since(txn, since, UINT32_MAX, SGC_NONE);
    sgc_row_change change;
    sgc_buf out = {0};

    while (sgc_changes_next(&changes, &change)) {
        sgc_buf_printf(&out, "%llu.%u:%d%s%s ", (unsigned long long)change.sequence,
                       (unsigned)change.ordinal, (int)change.op, change.before.data ? "b" : "",
                       change.after.data ? "a" : "");
    }
    OK(changes.status);
    UNIT_STR(sgc_buf_as_str(&out), expected);
    sgc_buf_free(&out);
    sgc_abort(&txn);
}

static void expect_at(struct bed *bed, uint64_t sequence, const char *users, const char *ages)
{
    sgc_txn *txn;

    OK(sgc_begin_read(bed->db, sgc_at_seq(sequence), &txn));
    UNIT_STR(list(txn, "User", 0, false), users);
    UNIT_STR(list(txn, "User", 2, false), ages);
    sgc_abort(&txn);
}

static void check_past(struct bed *bed)
{
    expect_at(bed, 1, "", "");
    expect_at(bed, 2, "\"a\" \"b\" \"c\"", "\"c\" \"b\" \"a\"");
    expect_at(bed, 3, "\"a\" \"c\"", "\"a\" \"c\"");
    expect_changes(bed, 0, "1.0:1a 2.0:1a 2.1:1a 2.2:1a 2.3:1a 3.0:3b 3.1:2ba ");
    expect_changes(bed, 1, "2.0:1a 2.1:1a 2.2:1a 2.3:1a 3.0:3b 3.1:2ba ");
    expect_changes(bed, 2, "3.0:3b 3.1:2ba ");
}

static void the_past(void)
{
    struct bed bed;

    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);
    OK(put(txn, "Other", "{\"id\": \"o\"}"));
    OK(commit_now(txn));
    sgc_load *load = begin_load(&bed, 0);
    OK(add(load, "User", "{\"id\": \"b\", \"age\": 2}"));
    OK(add(load, "User", "{\"id\": \"a\", \"age\": 3}"));
    OK(add(load, "User", "{\"id\": \"c\", \"age\": 1}"));
    OK(add(load, "Post", "{\"id\": 1, \"title\": \"t\", \"authorId\": \"a\"}"));
    committed(load);
    txn = bed_begin(&bed);
    OK(set(txn, "User", "{\"id\": \"c\", \"age\": 9}"));
    OK(drop(txn, "User", "b"));
    OK(set(txn, "User", "{\"id\": \"a\", \"age\": 3}"));
    OK(commit_now(txn));
    check_past(&bed);
    OK(sgc_db_flush(bed.db));
    check_past(&bed);
    bed_reopen(&bed);
    check_past(&bed);
    OK(sgc_db_compact(bed.db, NULL));
    check_past(&bed);
    bed_verify(&bed);
    bed_close(&bed);
}

/* A table whose rows have all gone is loaded anew. */
static void loaded_again(void)
{
    struct bed bed;

    bed_open(&bed, SDL, 0);
    for (int i = 0; i < 3; i++) {
        sgc_load *load = begin_load(&bed, 0);
        OK(add(load, "User", "{\"id\": \"a\", \"age\": 1}"));
        OK(add(load, "User", "{\"id\": \"b\", \"age\": 1}"));
        committed(load);
        sgc_txn *txn = bed_begin(&bed);
        OK(drop(txn, "User", "a"));
        OK(commit_now(txn));
        if (i == 1) OK(sgc_db_flush(bed.db));
        txn = bed_begin(&bed);
        OK(drop(txn, "User", "b"));
        OK(commit_now(txn));
        bed_verify(&bed);
    }
    expect_at(&bed, 1, "\"a\" \"b\"", "\"a\" \"b\"");
    expect_at(&bed, 4, "\"a\" \"b\"", "\"a\" \"b\"");
    expect_at(&bed, 5, "\"b\"", "\"b\"");
    expect_at(&bed, 9, "", "");
    bed_close(&bed);
}

/* ---- rows behind a load ---- */

static uint64_t misses(const struct bed *bed)
{
    sgc_db_stats stats;

    sgc_db_get_stats(bed->db, &stats);
    return stats.cache_misses;
}

static uint32_t index_pages(struct bed *bed, uint16_t index)
{
    sgc_txn *txn = bed_begin(bed);
    sgc_tree_figures figures;

    sgc_txn_tree_figures(txn, table_of(txn, "User"), 2U + index, &figures);
    sgc_abort(&txn);
    return figures.pages;
}

/* The rows that add_user() would add next, but for their tags. */
static void put_users(struct bed *bed, unsigned first, unsigned count)
{
    sgc_txn *txn = bed_begin(bed);

    for (unsigned n = first; n < first + count; n++) {
        char json[200];
        unsigned id = n * 7919U % 1000003U;
        snprintf(json, sizeof json,
                 "{\"id\": \"u%u\", \"email\": \"%u@mail.example\", \"age\": %u}", id, id,
                 id % 100);
        OK(put(txn, "User", json));
    }
    OK(commit_now(txn));
}

/* Who goes on with rows behind a load finds its indexes in the cache, and room in their leaves. */
static void rows_behind_a_load(void)
{
    enum { LOADED = 8000, BEHIND = 100 };
    struct bed bed;

    bed_open(&bed, SDL, 0);
    sgc_load *load = begin_load(&bed, 0);
    for (unsigned n = 0; n < LOADED; n++)
        OK(add_user(load, n));
    committed(load);
    uint64_t before = misses(&bed);
    put_users(&bed, LOADED, BEHIND);
    CU_ASSERT_TRUE(misses(&bed) - before < BEHIND / 10);
    uint16_t count = bed.schema->tables[0].index_count;
    uint32_t pages[8] = {0};
    CU_ASSERT_FATAL(count > 2 && count <= 8);
    for (uint16_t i = 0; i < count; i++)
        pages[i] = index_pages(&bed, i);
    OK(sgc_db_flush(bed.db));
    for (uint16_t i = 0; i < count; i++)
        CU_ASSERT_TRUE(index_pages(&bed, i) <= pages[i] + 3);
    CU_ASSERT_EQUAL(rows_of(&bed, "User"), LOADED + BEHIND);
    bed_verify(&bed);
    bed_close(&bed);
}

/* ---- failures ---- */

enum { FEW = 400 };

/* What a load does when anything may fail; its rows, FEW or none, are as it says. */
static sgc_status try_load(struct bed *bed, sgc_outcome *outcome)
{
    sgc_load_options options = {.memory_bytes = 16 << 10};
    sgc_error error = {SGC_OK, ""};
    sgc_commit_info info = {.outcome = SGC_OUTCOME_REFUSED};
    sgc_load *load;
    sgc_key key;
    sgc_status status = sgc_load_begin(bed->db, &options, &load, &error);

    *outcome = SGC_OUTCOME_REFUSED;
    for (int32_t n = 0; status == SGC_OK && n < FEW; n++) {
        uint8_t record[64], *p = sgc_put_record_head(record, 3, 1);
        p = sgc_put_int(p, true, n);
        p = sgc_put_int(p, true, n * 7919 % 1009);
        p = sgc_put_str(p, SGC_STR("text"));
        sgc_pk_int(&key, n);
        status = sgc_load_row(load, 0, sgc_key_str(&key),
                              sgc_str_of((const char *)record, (size_t)(p - record)));
    }
    if (status == SGC_OK) {
        status = sgc_load_commit(&load, &info);
        *outcome = info.outcome;
    } else {
        sgc_load_abort(&load);
    }
    return status;
}

static const char SMALL[] = "type Small {\n"
                            "  id: Int! @id(generate: NONE)\n"
                            "  mark: Int! @unique\n"
                            "  text: String @index\n"
                            "}\n";

static void check_small(struct bed *bed, sgc_outcome outcome)
{
    uint64_t rows = rows_of(bed, "Small");
    sgc_txn *txn = bed_begin(bed);

    if (outcome == SGC_OUTCOME_COMMITTED) CU_ASSERT_EQUAL(rows, FEW);
    if (outcome == SGC_OUTCOME_REFUSED) CU_ASSERT_EQUAL(rows, 0);
    CU_ASSERT_TRUE(rows == 0 || rows == FEW);
    for (uint16_t i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(count_index(txn, "Small", i), rows);
    sgc_abort(&txn);
    bed_verify(bed);
}

static void memory_fails(void)
{
    sgc_outcome outcome;

    for (uint64_t n = 1, done = 0; !done; n += n < 200 ? 1 : n / 50) {
        struct bed bed;
        bed_open(&bed, SMALL, 0);
        sgc_alloc_fail_at(n, false);
        sgc_status status = try_load(&bed, &outcome);
        sgc_alloc_fail_at(0, false);
        /* Without memory for its very last writes a checkpoint stops all further ones; the device
         * of this test takes some, too, even when it is the root that is written. */
        bool unknown = status == SGC_UNKNOWN_OUTCOME, stopped = status == SGC_READ_ONLY || unknown;
        CU_ASSERT_TRUE(status == SGC_OK || status == SGC_NO_MEMORY || stopped);
        CU_ASSERT_EQUAL(outcome == SGC_OUTCOME_UNKNOWN, unknown);
        check_small(&bed, outcome);
        done = n > 3000;
        if (outcome == SGC_OUTCOME_REFUSED && !stopped) {
            OK(try_load(&bed, &outcome));
            check_small(&bed, outcome);
        }
        status = sgc_db_close(bed.db);
        CU_ASSERT_TRUE(status == SGC_OK || stopped);
        CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
        check_small(&bed, outcome);
        bed_close(&bed);
    }
}

static void end_of(struct bed *bed)
{
    sgc_status status = sgc_db_close(bed->db);

    (void)status;
    sgc_memory_os_set_faults(bed->memory, &(sgc_faults){.seed = 0});
}

static void steps_of_load(uint64_t *writes, uint64_t *syncs, uint64_t *steps)
{
    struct bed bed;
    sgc_outcome outcome;
    uint64_t before[3];

    bed_open(&bed, SMALL, 0);
    sgc_memory_os_counts(bed.memory, &before[0], &before[1], &before[2]);
    OK(try_load(&bed, &outcome));
    sgc_memory_os_counts(bed.memory, writes, syncs, steps);
    *writes -= before[0];
    *syncs -= before[1];
    *steps -= before[2];
    bed_close(&bed);
}

static void device_fails(void)
{
    uint64_t writes, syncs, steps;

    steps_of_load(&writes, &syncs, &steps);
    for (uint64_t n = 1; n <= writes + syncs; n++) {
        struct bed bed;
        sgc_outcome outcome;
        sgc_faults faults = {.seed = n, .short_writes = n & 1};
        if (n <= writes)
            faults.fail_write_at = n;
        else
            faults.fail_sync_at = n - writes;
        bed_open(&bed, SMALL, 0);
        sgc_memory_os_set_faults(bed.memory, &faults);
        sgc_status status = try_load(&bed, &outcome);
        CU_ASSERT_TRUE(status != SGC_OK || outcome == SGC_OUTCOME_COMMITTED);
        end_of(&bed);
        CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
        check_small(&bed, outcome);
        bed_close(&bed);
    }
}

static void power_goes(void)
{
    uint64_t writes, syncs, steps;

    steps_of_load(&writes, &syncs, &steps);
    for (uint64_t n = 1; n <= steps; n++) {
        struct bed bed;
        sgc_outcome outcome;
        bed_open(&bed, SMALL, 0);
        sgc_memory_os_set_faults(bed.memory, &(sgc_faults){.power_cut_at = n, .seed = n});
        sgc_status status = try_load(&bed, &outcome);
        (void)status;
        sgc_memory_os_set_faults(bed.memory, &(sgc_faults){.power_cut_at = 1});
        status = sgc_db_close(bed.db);
        sgc_memory_os_power_cycle(bed.memory, n);
        CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
        check_small(&bed, outcome);
        sgc_txn *txn = bed_begin(&bed);
        OK(put(txn, "Small", "{\"id\": 5000, \"mark\": 5000}"));
        OK(commit_now(txn));
        bed_verify(&bed);
        bed_reopen(&bed);
        bed_verify(&bed);
        bed_close(&bed);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"rows in memory", rows_in_memory},
        {"rows through files", rows_through_files},
        {"what must be unique", what_must_be_unique},
        {"files are read back whole", files_are_read_back_whole},
        {"parents must be there", parents_must_be_there},
        {"rows must be right", rows_must_be_right},
        {"others go on", others_go_on},
        {"serializable ones too", serializable_ones_too},
        {"aborted", aborted},
        {"the past", the_past},
        {"loaded again", loaded_again},
        {"rows behind a load", rows_behind_a_load},
        {"memory fails", memory_fails},
        {"the device fails", device_fails},
        {"the power goes", power_goes},
        CU_TEST_INFO_NULL,
    };

    return unit_run("txn.load", tests);
}
