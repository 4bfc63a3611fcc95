/*
 * test_plan.c - the planner's choice among indexes follows what is in them: skewed rows in pages,
 * in MemTables and in both; what was read is counted, and what was found is compared with a walk
 * over everything.
 */
#include "query/query.h"
#include "unit/unit.h"

enum { ROWS = 6000, RARE = 60, BATCH_ROWS = 10 };

/* The unselective index stands in front: rules alone would take it. */
static const char SDL[] = "type Item @compositeIndex(fields: [\"state\", \"code\"]) {\n"
                          "  id: ID!\n"
                          "  state: Int! @index\n"
                          "  batch: Int! @index\n"
                          "  rank: Int! @index\n"
                          "  code: String!\n"
                          "}\n";

enum where_rows_are { IN_PAGES, IN_MEMTABLE, IN_BOTH, IN_ONE_COMMIT };

typedef struct fixture {
    sgc_arena arena;
    const sgc_schema *schema;
    const sgc_table *item;
    sgc_db *db;
    sgc_query query;
} fixture;

static sgc_value text_of(const char *text)
{
    return (sgc_value){.kind = SGC_KIND_STRING, .as.text = sgc_str_from(text)};
}

static sgc_value int_of(int64_t number)
{
    return (sgc_value){.kind = SGC_KIND_INT, .as.integer = number};
}

static uint16_t field_of(const fixture *f, const char *name)
{
    return sgc_table_field(f->item, sgc_str_from(name));
}

static void put_value(const fixture *f, sgc_value *values, const char *name, sgc_value value)
{
    uint16_t slot = f->item->fields[field_of(f, name)].slot;

    values[slot] = value;
    values[slot].kind = f->item->layout.slots[slot].kind;
}

/* One row in a hundred has state 1; ranks are a permutation that has nothing to do with keys. */
static void add(const fixture *f, sgc_txn *txn, int i)
{
    sgc_value values[8] = {{.kind = SGC_KIND_INT}};
    sgc_buf record = {0};
    char id[16], code[16];
    sgc_key key;

    snprintf(id, sizeof id, "i%05d", i);
    snprintf(code, sizeof code, "%c%04d", 'a' + i % 26, i);
    put_value(f, values, "id", text_of(id));
    put_value(f, values, "state", int_of(i % (ROWS / RARE) == 7));
    put_value(f, values, "batch", int_of(i / BATCH_ROWS));
    put_value(f, values, "rank", int_of((int64_t)i * 3571 % ROWS));
    put_value(f, values, "code", text_of(code));
    CU_ASSERT_EQUAL_FATAL(sgc_record_pack(&f->item->layout, values, &record), SGC_OK);
    CU_ASSERT_EQUAL_FATAL(sgc_record_key(f->item, sgc_buf_as_str(&record), &key), SGC_OK);
    CU_ASSERT_EQUAL_FATAL(sgc_row_insert(txn, 0, sgc_key_str(&key), sgc_buf_as_str(&record)),
                          SGC_OK);
    sgc_buf_free(&record);
}

static void fill(const fixture *f, enum where_rows_are place)
{
    int commit = place == IN_ONE_COMMIT ? ROWS : 100;

    for (int i = 0; i < ROWS;) {
        sgc_txn *txn = NULL;
        CU_ASSERT_EQUAL_FATAL(sgc_begin(f->db, &txn), SGC_OK);
        for (int n = 0; n < commit && i < ROWS; n++, i++)
            add(f, txn, i * 7 % ROWS); /* not in the order of the key */
        CU_ASSERT_EQUAL_FATAL(sgc_commit(&txn, NULL), SGC_OK);
        if (place == IN_BOTH && i == ROWS / 2) CU_ASSERT_EQUAL(sgc_db_flush(f->db), SGC_OK);
    }
    if (place == IN_PAGES) CU_ASSERT_EQUAL(sgc_db_flush(f->db), SGC_OK);
}

static void setup(fixture *f, enum where_rows_are place)
{
    sgc_schema_file file = {SGC_STR("items.graphql"), sgc_str_from(SDL)};
    sgc_schema_built built;
    sgc_error error;

    *f = (fixture){.db = NULL};
    sgc_diagnostics diagnostics = {.arena = &f->arena};
    CU_ASSERT_EQUAL_FATAL(sgc_schema_build(&file, 1, SGC_STR("items"), sgc_str_of(NULL, 0),
                                           &f->arena, &diagnostics, &built),
                          SGC_OK);
    f->schema = built.schema;
    f->item = &f->schema->tables[0];
    CU_ASSERT_EQUAL_FATAL(sgc_db_open(":memory:", f->schema, NULL, &f->db, &error), SGC_OK);
    fill(f, place);
}

static void teardown(fixture *f)
{
    CU_ASSERT_EQUAL(sgc_db_close(f->db), SGC_OK);
    sgc_arena_free(&f->arena);
}

static void begin(fixture *f)
{
    f->query = (sgc_query){.schema = f->schema, .arena = &f->arena, .rows_left = UINT64_MAX};
    CU_ASSERT_EQUAL_FATAL(sgc_begin_read(f->db, sgc_now(), &f->query.txn), SGC_OK);
}

static void end(fixture *f)
{
    sgc_query_end(&f->query);
    sgc_abort(&f->query.txn);
}

/* ---- one slice: what it finds and what it reads ---- */

typedef struct test {
    const char *field;
    sgc_test test;
    int64_t number;
    const char *text;
} test;

typedef struct choice {
    const char *name;
    test tests[3];
    bool any; /* one of them is enough */
    const char *order;
    uint64_t limit; /* 0: none */
    size_t found;
    uint64_t read; /* at most so many records */
} choice;

static sgc_predicate *where_of(fixture *f, const choice *c)
{
    sgc_predicate *all = sgc_predicate_group(&f->arena, c->any ? SGC_TEST_OR : SGC_TEST_AND);

    for (size_t i = 0; i < 3 && c->tests[i].field; i++) {
        const test *one = &c->tests[i];
        sgc_value *value = sgc_arena_zero(&f->arena, 1, sizeof *value);
        *value = one->text ? text_of(one->text) : int_of(one->number);
        sgc_predicate_add(
            all, sgc_predicate_field(&f->arena, one->test, field_of(f, one->field), value, 1));
    }
    return all;
}

static int64_t number_in(const fixture *f, sgc_str record, const char *field)
{
    sgc_arena arena = {0};
    sgc_value value = {.kind = SGC_KIND_INT};
    uint16_t slot = f->item->fields[field_of(f, field)].slot;

    CU_ASSERT_EQUAL(sgc_record_field(&f->item->layout, record, slot, &arena, &value), SGC_OK);
    sgc_arena_free(&arena);
    return value.as.integer;
}

/* Rows that pass by a walk over all, with no index to choose. */
static size_t count_passing(fixture *f, const sgc_predicate *where)
{
    sgc_cursor cursor = sgc_cursor_open(f->query.txn, 0, 0, NULL);
    size_t count = 0;
    sgc_str record;

    while (sgc_cursor_next(&cursor, &record)) {
        uint8_t truth;
        CU_ASSERT_EQUAL(sgc_predicate_eval(&f->query, 0, where, &record, 1, &truth), SGC_OK);
        count += truth == SGC_TRUE;
    }
    return count;
}

static void check_order(const fixture *f, const choice *c, const sgc_row_set *rows)
{
    for (size_t i = 1; i < rows->count; i++) {
        sgc_key a, b;
        CU_ASSERT_EQUAL(sgc_record_key(f->item, rows->records[i - 1], &a), SGC_OK);
        CU_ASSERT_EQUAL(sgc_record_key(f->item, rows->records[i], &b), SGC_OK);
        bool rises = c->order ? number_in(f, rows->records[i - 1], c->order) <
                                    number_in(f, rows->records[i], c->order)
                              : sgc_str_compare(sgc_key_str(&a), sgc_key_str(&b)) < 0;
        CU_ASSERT_TRUE(rises);
    }
}

static void choose(fixture *f, const choice *c)
{
    sgc_order order = {.field = c->order ? field_of(f, c->order) : SGC_NONE, .relation = SGC_NONE};
    sgc_txn_stats before, after;
    sgc_row_set rows;

    begin(f);
    sgc_slice slice = {.where = where_of(f, c),
                       .orders = &order,
                       .order_count = c->order ? 1 : 0,
                       .limit = c->limit ? c->limit : SGC_NO_LIMIT};
    sgc_txn_get_stats(f->query.txn, &before);
    CU_ASSERT_EQUAL(sgc_select(&f->query, 0, &slice, &rows), SGC_OK);
    sgc_txn_get_stats(f->query.txn, &after);
    uint64_t read = after.rows_read - before.rows_read;
    size_t passing = count_passing(f, slice.where);
    size_t expected = c->limit && c->limit < passing ? (size_t)c->limit : passing;
    if (read > c->read || rows.count != c->found)
        printf("\n    %s: read %llu, found %zu", c->name, (unsigned long long)read, rows.count);
    CU_ASSERT_EQUAL(rows.count, expected);
    CU_ASSERT_EQUAL(rows.count, c->found);
    CU_ASSERT_TRUE(read <= c->read);
    check_order(f, c, &rows);
    end(f);
}

static const choice CHOICES[] = {
    {"two equalities, the narrow one counts",
     {{"state", SGC_TEST_EQ, 0, NULL}, {"batch", SGC_TEST_EQ, 33, NULL}},
     .found = 10,
     .read = 10},
    {"... whichever it is",
     {{"state", SGC_TEST_EQ, 1, NULL}, {"rank", SGC_TEST_GE, 0, NULL}},
     .found = RARE,
     .read = RARE},
    {"a narrow range before a wide equality",
     {{"state", SGC_TEST_EQ, 0, NULL}, {"batch", SGC_TEST_GE, 598, NULL}},
     .found = 20,
     .read = 20},
    {"two ranges",
     {{"rank", SGC_TEST_GE, 100, NULL}, {"batch", SGC_TEST_LT, 3, NULL}},
     .found = 29,
     .read = 30},
    {"the order wins over a wide equality when there is a limit",
     {{"state", SGC_TEST_EQ, 0, NULL}},
     .order = "rank",
     .limit = 10,
     .found = 10,
     .read = 12},
    {"a narrow equality wins over the order",
     {{"state", SGC_TEST_EQ, 1, NULL}},
     .order = "rank",
     .limit = 10,
     .found = 10,
     .read = RARE},
    {"without a limit nothing is read twice",
     {{"batch", SGC_TEST_EQ, 5, NULL}},
     .order = "rank",
     .found = 10,
     .read = 10},
    {"a wide range and a limit: the key's order ends first",
     {{"rank", SGC_TEST_GE, 5, NULL}},
     .limit = 10,
     .found = 10,
     .read = 12},
    {"alternatives that are everything",
     {{"state", SGC_TEST_EQ, 0, NULL}, {"state", SGC_TEST_EQ, 1, NULL}},
     .any = true,
     .limit = 10,
     .found = 10,
     .read = 10},
    {"alternatives that are little",
     {{"state", SGC_TEST_EQ, 1, NULL}, {"batch", SGC_TEST_EQ, 9, NULL}},
     .any = true,
     .found = RARE + 10,
     .read = RARE + 10},
    {"a prefix behind an equality of the composite index",
     {{"state", SGC_TEST_EQ, 1, NULL}, {"code", SGC_TEST_PREFIX, 0, "h00"}},
     .found = 1,
     .read = 1},
    {"the equality alone uses the composite index, or its own",
     {{"state", SGC_TEST_EQ, 1, NULL}, {"code", SGC_TEST_CONTAINS, 0, "7"}},
     .found = RARE,
     .read = RARE},
    {"nothing there",
     {{"state", SGC_TEST_EQ, 0, NULL}, {"batch", SGC_TEST_EQ, 100000, NULL}},
     .found = 0,
     .read = 0},
};

static void choose_all(enum where_rows_are place)
{
    fixture f;

    setup(&f, place);
    for (size_t i = 0; i < sizeof CHOICES / sizeof *CHOICES; i++)
        choose(&f, &CHOICES[i]);
    teardown(&f);
}

static void rows_in_pages(void)
{
    choose_all(IN_PAGES);
}

static void rows_in_memtables(void)
{
    choose_all(IN_MEMTABLE);
}

static void rows_in_both(void)
{
    choose_all(IN_BOTH);
}

/* ---- estimates themselves ---- */

static uint64_t walk(fixture *f, uint16_t index, const sgc_range *range)
{
    sgc_cursor cursor = sgc_cursor_open(f->query.txn, 0, index, range);
    uint64_t count = 0;

    while (sgc_cursor_skip(&cursor))
        count++;
    CU_ASSERT_EQUAL(sgc_cursor_status(&cursor), SGC_OK);
    return count;
}

static void compare(fixture *f, uint16_t index, const sgc_range *range, bool in_pages)
{
    uint64_t guess = sgc_txn_estimate(f->query.txn, 0, index, range);
    uint64_t count = walk(f, index, range);
    bool exact = in_pages && count < 40; /* at most two leaves hold them */
    bool good = exact ? guess == count : guess <= count * 3 + 32 && count <= guess * 3 + 32;

    if (!good)
        printf("\n    index %u: %llu for %llu", index, (unsigned long long)guess,
               (unsigned long long)count);
    CU_ASSERT_TRUE(good);
}

/* Bounds are entries that are there, pieces of them, and bytes that mean nothing. */
static sgc_str any_bound(fixture *f, uint16_t index, uint64_t *random)
{
    sgc_cursor cursor = sgc_cursor_open(f->query.txn, 0, index, NULL);
    sgc_str bound = {NULL, 0};

    *random = *random * 6364136223846793005U + 1442695040888963407U;
    uint64_t skip = (*random >> 33) % (ROWS + ROWS / 10);
    if (skip % 17 == 0) return bound;
    if (skip % 19 == 0) return sgc_arena_str(&f->arena, sgc_str_of("\xff\x01\x80\0\0\0", skip % 6));
    while (skip-- > 0 && sgc_cursor_skip(&cursor))
        ;
    bound = sgc_cursor_entry(&cursor);
    if (bound.data) bound = sgc_arena_str(&f->arena, sgc_str_of(bound.data, bound.size - 1));
    sgc_cursor_end(&cursor);
    return bound;
}

static void guesses(enum where_rows_are place)
{
    fixture f;
    uint64_t random = 42;

    setup(&f, place);
    begin(&f);
    for (unsigned i = 0; i < 300; i++) {
        uint16_t index = (uint16_t)(i % f.item->index_count);
        sgc_range range = {.descending = false};
        range.from = any_bound(&f, index, &random);
        range.to = any_bound(&f, index, &random);
        compare(&f, index, &range, place == IN_PAGES);
    }
    CU_ASSERT_TRUE(sgc_txn_estimate(f.query.txn, 0, 1, NULL) >= ROWS / 3);
    end(&f);
    teardown(&f);
}

static void guesses_are_good(void)
{
    guesses(IN_PAGES);
    guesses(IN_MEMTABLE);
    guesses(IN_BOTH);
    guesses(IN_ONE_COMMIT);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"rows in pages", rows_in_pages},
        {"rows in MemTables", rows_in_memtables},
        {"rows in both", rows_in_both},
        {"guesses are good", guesses_are_good},
        CU_TEST_INFO_NULL,
    };
    return unit_run("query.plan", tests);
}
