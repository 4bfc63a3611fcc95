/*
 * test_index_build.c - another set of indexes for a database with rows: what is read while they are
 * built and afterwards, now and AS OF, against brute force; unique ones; what is refused and how.
 */
#include "unit/txn/states.h"

/* ---- brute force: what an index must give for the rows of a state ---- */

struct wanted {
    sgc_str entry;
    uint64_t hash;
};

static int by_entry(const void *a, const void *b)
{
    const struct wanted *x = a, *y = b;

    return sgc_str_compare(x->entry, y->entry);
}

static size_t entries_of(const sgc_table *table, uint16_t index, const struct state_row *row,
                         sgc_arena *arena, struct wanted *out)
{
    bool has_null;
    sgc_key key;

    for (uint32_t i = 0;; i++) {
        if (index > 0) {
            sgc_status status = sgc_index_entry(table, index, row->record, i, &key, &has_null);
            if (status == SGC_NOT_FOUND) return i;
            CU_ASSERT_EQUAL_FATAL(status, SGC_OK);
            sgc_key_raw(&key, row->key);
            out[i].entry = sgc_arena_str(arena, sgc_key_str(&key));
        } else {
            if (i == 1) return 1;
            out[i].entry = row->key;
        }
        out[i].hash = mix(0, out[i].entry, row->record);
    }
}

static uint64_t hash_of(const sgc_table *table, uint16_t index, const struct state_table *rows)
{
    struct wanted *all = sgc_alloc_zero(rows->count * 4 + 1, sizeof *all);
    sgc_arena arena = {0};
    uint64_t hash = 7;
    size_t count = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(all);
    for (size_t i = 0; i < rows->count; i++)
        count += entries_of(table, index, &rows->rows[i], &arena, &all[count]);
    qsort(all, count, sizeof *all, by_entry);
    for (size_t i = 0; i < count; i++)
        hash = sgc_hash(&all[i].hash, sizeof all[i].hash, hash);
    sgc_arena_free(&arena);
    sgc_free(all);
    return hash;
}

/* Fills in what the state's rows give in the indexes of the schema that is in force now. */
static void expect(struct states *s, struct state *state)
{
    const sgc_schema *schema = s->bed.schema;

    for (uint16_t t = 0; t < schema->table_count; t++)
        for (uint16_t i = 0; i < schema->tables[t].index_count; i++)
            state->tables[t].hashes[i] = hash_of(&schema->tables[t], i, &state->tables[t]);
}

static void check_moment(struct states *s, struct state *state)
{
    sgc_txn *txn;

    expect(s, state);
    CU_ASSERT_EQUAL_FATAL(sgc_begin_read(s->bed.db, sgc_at_seq(state->sequence), &txn), SGC_OK);
    check_state(s, txn, state);
    sgc_abort(&txn);
}

static void wait_built(struct bed *bed)
{
    sgc_db_stats stats;

    OK(sgc_db_wait_for_indexes(bed->db, UINT64_C(60000000)));
    sgc_db_get_stats(bed->db, &stats);
    CU_ASSERT_EQUAL(stats.indexes_building, 0);
}

/* ---- random indexes, transactions, moments ---- */

/* The same types with the indexes that the bits of `which` choose. */
static const sgc_schema *with_indexes(struct bed *bed, unsigned which)
{
    char sdl[2000];

    snprintf(sdl, sizeof sdl,
             "type Author %s %s %s {\n"
             "  id: ID! @id(generate: NONE)\n"
             "  email: String @unique\n"
             "  city: String %s\n"
             "  age: Int %s\n"
             "  tags: [String!] %s\n"
             "  note: String\n"
             "  books: [Book!]!\n"
             "  friends: [Author!]! @relation(onDelete: SET_NULL)\n"
             "}\n"
             "type Book %s {\n"
             "  id: Int! @id(generate: NONE)\n"
             "  title: String @unique\n"
             "  author: Author! @relation(onDelete: CASCADE)\n"
             "  shelves: [Shelf!]!\n"
             "}\n"
             "type Shelf { id: ID! @id(generate: NONE) books: [Book!]! }\n",
             which & 1 ? "@compositeIndex(fields: [\"city\", \"age\"])" : "",
             which & 2 ? "@compositeIndex(fields: [\"age\", \"city\"])" : "",
             which & 4 ? "@uniqueKey(fields: [\"email\", \"age\"])" : "", which & 8 ? "@index" : "",
             which & 16 ? "@index" : "", which & 32 ? "@index" : "",
             which & 64 ? "@compositeIndex(fields: [\"author\", \"title\"])" : "");
    return bed_schema(bed, sdl);
}

static void open_with(struct states *s, unsigned which)
{
    OK(sgc_db_close(s->bed.db));
    s->bed.schema = with_indexes(&s->bed, which);
    CU_ASSERT_EQUAL_FATAL(bed_open_again(&s->bed), SGC_OK);
    /* Numbers are the database's own. */
    s->bed.schema = sgc_db_schema(s->bed.db);
}

static void random_rounds(uint64_t seed)
{
    struct states s;

    states_open(&s, seed, 6000);
    for (int round = 0; round < 12; round++) {
        unsigned which = (unsigned)draw(&s, 128);
        if (draw(&s, 4) == 0) OK(sgc_db_flush(s.bed.db));
        open_with(&s, which);
        check_moment(&s, &s.items[s.count - 1]);
        for (int i = 0; i < 12; i++)
            states_step(&s);
        for (int i = 0; i < 4; i++)
            check_moment(&s, &s.items[draw(&s, s.count)]);
        if (draw(&s, 3) == 0) OK(sgc_db_compact(s.bed.db, NULL));
        if (draw(&s, 3) == 0) wait_built(&s.bed);
        check_moment(&s, &s.items[draw(&s, s.count)]);
        bed_verify(&s.bed);
    }
    for (size_t i = 0; i < s.count; i += 5)
        check_moment(&s, &s.items[i]);
    states_close(&s);
}

static void indexes_come_and_go_under_random_transactions(void)
{
    for (uint64_t seed = 1; seed <= unit_rounds(6); seed++)
        random_rounds(seed);
}

/* ---- a table that takes many rounds, and writers meanwhile ---- */

#define PEOPLE(more, city_index)                                                                   \
    "type Person " more " { id: Int! @id(generate: NONE) name: String city: String " city_index    \
    " age: Int }\n"

enum { MANY = 60000, WRITERS = 2 };

static sgc_status put_person(sgc_txn *txn, int id, int age, bool insert)
{
    char json[200];

    snprintf(json, sizeof json, "{\"id\":%d,\"name\":\"n%d\",\"city\":\"c%d\",\"age\":%d}", id, id,
             age % 97, age);
    return insert ? put(txn, "Person", json) : set(txn, "Person", json);
}

static void fill(struct bed *bed, int count)
{
    for (int i = 0; i < count;) {
        sgc_txn *txn = bed_begin(bed);
        for (int n = 0; n < 2000 && i < count; n++, i++)
            CU_ASSERT_EQUAL_FATAL(put_person(txn, i, (i * 7919) % 50000, true), SGC_OK);
        OK(commit_now(txn));
    }
    OK(sgc_db_flush(bed->db));
}

/* Every row once, in the order of its entry, which fits its record: forwards and backwards. */
static void check_index(sgc_txn *txn, uint16_t index, size_t rows, bool descending)
{
    const sgc_table *table = &sgc_db_schema(sgc_txn_db(txn))->tables[0];
    sgc_range range = {.descending = descending};
    sgc_cursor cursor = sgc_cursor_open(txn, 0, index, &range);
    sgc_buf last = {0};
    size_t count = 0;
    sgc_str record;

    while (sgc_cursor_next(&cursor, &record)) {
        bool has_null;
        sgc_key key;
        CU_ASSERT_EQUAL_FATAL(sgc_index_entry(table, index, record, 0, &key, &has_null), SGC_OK);
        sgc_key_raw(&key, sgc_cursor_key(&cursor));
        CU_ASSERT_TRUE_FATAL(sgc_str_eq(sgc_key_str(&key), sgc_cursor_entry(&cursor)));
        int order = sgc_str_compare(sgc_buf_as_str(&last), sgc_key_str(&key));
        CU_ASSERT_TRUE_FATAL(count == 0 || (descending ? order > 0 : order < 0));
        last.size = 0;
        sgc_buf_str(&last, sgc_key_str(&key));
        count++;
    }
    CU_ASSERT_EQUAL(sgc_cursor_status(&cursor), SGC_OK);
    CU_ASSERT_EQUAL(count, rows);
    sgc_buf_free(&last);
}

struct writer {
    struct bed *bed;
    int first, count;
    size_t rows; /* that it has added, less those it took away */
};

static void *write_on(void *argument)
{
    struct writer *w = argument;

    for (int i = 0; i < w->count; i++) {
        sgc_txn *txn = bed_begin(w->bed);
        char key[20];
        for (int n = 0; n < 20; n++) {
            int id = w->first + i * 20 + n;
            CU_ASSERT_EQUAL_FATAL(put_person(txn, MANY + id, id, true), SGC_OK);
            CU_ASSERT_EQUAL_FATAL(put_person(txn, id, id + 3, false), SGC_OK);
        }
        snprintf(key, sizeof key, "%d", w->first + i * 20);
        OK(drop(txn, "Person", key));
        OK(commit_now(txn));
        w->rows += 19;
    }
    return NULL;
}

static void writers_and_readers_go_on_while_it_is_built(void)
{
    struct bed bed;
    struct writer writers[WRITERS];
    sgc_thread threads[WRITERS];
    size_t rows = MANY;

    bed_open(&bed, PEOPLE("", ""), 256 << 10);
    fill(&bed, MANY);
    uint64_t before = sgc_db_head(bed.db);
    OK(sgc_db_close(bed.db));
    bed.schema = bed_schema(&bed, PEOPLE("@compositeIndex(fields: [\"age\", \"name\"])", "@index"));
    CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){&bed, i * 20000, 150, 0};
        OK(sgc_thread_start(&threads[i], write_on, &writers[i]));
    }
    sgc_txn *txn = bed_begin(&bed);
    sgc_str record;
    sgc_cursor cursor = sgc_cursor_open(txn, 0, 1, NULL);
    CU_ASSERT_TRUE(sgc_cursor_next(&cursor, &record));
    sgc_cursor_end(&cursor);
    sgc_abort(&txn);
    for (int i = 0; i < WRITERS; i++) {
        sgc_thread_join(threads[i]);
        rows += writers[i].rows;
    }
    wait_built(&bed);
    for (uint16_t index = 1; index < 3; index++) {
        CU_ASSERT_EQUAL_FATAL(sgc_begin_read(bed.db, sgc_now(), &txn), SGC_OK);
        check_index(txn, index, rows, index == 1);
        sgc_abort(&txn);
        CU_ASSERT_EQUAL_FATAL(sgc_begin_read(bed.db, sgc_at_seq(before), &txn), SGC_OK);
        check_index(txn, index, MANY, index == 2);
        sgc_abort(&txn);
    }
    bed_verify(&bed);
    bed_close(&bed);
}

/* Closing gives up the round under way; the next opening goes on from the last checkpoint. */
static void a_restart_goes_on(void)
{
    struct bed bed;
    sgc_txn *txn;

    bed_open(&bed, PEOPLE("", ""), 1 << 20);
    fill(&bed, MANY);
    OK(sgc_db_close(bed.db));
    bed.schema = bed_schema(&bed, PEOPLE("", "@index"));
    for (int i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
        txn = bed_begin(&bed);
        CU_ASSERT_EQUAL(put_person(txn, MANY + i, i, true), SGC_OK);
        OK(commit_now(txn));
        if (i == 2) {
            txn = bed_begin(&bed);
            check_index(txn, 1, (size_t)MANY + 3, false);
            sgc_abort(&txn);
        }
        OK(sgc_db_close(bed.db));
    }
    /* Without a schema it is the one that the database keeps. */
    bed.schema = NULL;
    CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
    wait_built(&bed);
    txn = bed_begin(&bed);
    check_index(txn, 1, (size_t)MANY + 5, true);
    sgc_abort(&txn);
    bed_verify(&bed);
    bed_close(&bed);
}

/* ---- unique indexes ---- */

#define USERS(city, email)                                                                         \
    "type User { id: ID! @id(generate: NONE) email: String " email " city: String " city " }\n"

static void put_user(struct bed *bed, const char *id, const char *email)
{
    char json[200];
    sgc_txn *txn = bed_begin(bed);

    snprintf(json, sizeof json, "{\"id\":\"%s\",\"email\":%s}", id, email);
    OK(put(txn, "User", json));
    OK(commit_now(txn));
}

static void a_unique_index_is_whole_or_refused(void)
{
    struct bed bed;
    sgc_error error;
    sgc_db *db;

    for (int flushed = 0; flushed < 4; flushed++) {
        bed_open(&bed, USERS("@index", ""), 0);
        const sgc_schema *unique = bed_schema(&bed, USERS("", "@unique")), *plain = bed.schema;
        put_user(&bed, "a", "\"same\"");
        put_user(&bed, "n1", "null");
        if (flushed & 1) OK(sgc_db_flush(bed.db));
        put_user(&bed, "b", "\"same\"");
        put_user(&bed, "n2", "null");
        if (flushed & 2) OK(sgc_db_flush(bed.db));
        OK(sgc_db_close(bed.db));
        IS(sgc_db_open("data", unique, &bed.options, &db, &error), SGC_SCHEMA_MISMATCH);
        CU_ASSERT_STRING_EQUAL(error.text, "User: index email cannot be unique: row \"a\" and row "
                                           "\"b\" have the same values");
        /* Nothing has changed. */
        CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
        CU_ASSERT_EQUAL(sgc_db_schema(bed.db)->hash, plain->hash);
        bed_verify(&bed);
        sgc_txn *txn = bed_begin(&bed);
        OK(set(txn, "User", "{\"id\":\"b\",\"email\":\"other\"}"));
        OK(commit_now(txn));
        OK(sgc_db_close(bed.db));
        bed.schema = unique;
        CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
        txn = bed_begin(&bed);
        IS(put(txn, "User", "{\"id\":\"c\",\"email\":\"same\"}"), SGC_EXISTS);
        OK(put(txn, "User", "{\"id\":\"c\",\"email\":null}"));
        OK(commit_now(txn));
        bed_verify(&bed);
        bed_close(&bed);
    }
}

/* ---- rows that an index cannot take ---- */

static void a_row_too_long_keeps_an_index_waiting(void)
{
    struct bed bed;
    char json[3000];
    sgc_error error;
    sgc_db *db;
    sgc_index_progress progress;

    bed_open(&bed, USERS("", ""), 0);
    put_user(&bed, "a", "\"short\"");
    snprintf(json, sizeof json, "{\"id\":\"b\",\"email\":\"%01500d\",\"city\":\"x\"}", 7);
    sgc_txn *txn = bed_begin(&bed);
    OK(put(txn, "User", json));
    OK(commit_now(txn));
    OK(sgc_db_close(bed.db));
    const sgc_schema *unique = bed_schema(&bed, USERS("", "@unique"));
    IS(sgc_db_open("data", unique, &bed.options, &db, &error), SGC_LIMIT);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "User: index email: row \"b\""));
    bed.schema = bed_schema(&bed, USERS("@index", "@index"));
    CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
    IS(sgc_db_wait_for_indexes(bed.db, UINT64_C(60000000)), SGC_LIMIT);
    CU_ASSERT_TRUE_FATAL(sgc_db_index_progress(bed.db, 0, &progress));
    CU_ASSERT_TRUE(sgc_str_eq(progress.index, SGC_STR("email")));
    CU_ASSERT_EQUAL(progress.why.status, SGC_LIMIT);
    CU_ASSERT_PTR_NOT_NULL(strstr(progress.why.text, "row \"b\""));
    CU_ASSERT_FALSE(sgc_db_index_progress(bed.db, 1, &progress));
    bed_verify(&bed);
    txn = bed_begin(&bed);
    UNIT_STR(list(txn, "User", 2, false), "\"b\" \"a\"");
    CU_ASSERT_FALSE(sgc_txn_index_is_ready(txn, 0, 1));
    CU_ASSERT_TRUE(sgc_txn_index_is_ready(txn, 0, 2));
    sgc_range all = {.descending = false};
    sgc_cursor cursor = sgc_cursor_open(txn, 0, 1, &all);
    sgc_str record;
    CU_ASSERT_FALSE(sgc_cursor_next(&cursor, &record));
    IS(sgc_cursor_status(&cursor), SGC_LIMIT);
    snprintf(json, sizeof json, "{\"id\":\"b\",\"email\":\"%01500d\",\"city\":\"y\"}", 7);
    IS(set(txn, "User", json), SGC_LIMIT);
    OK(set(txn, "User", "{\"id\":\"b\",\"email\":\"fits\"}"));
    OK(commit_now(txn));
    OK(sgc_db_flush(bed.db));
    wait_built(&bed);
    txn = bed_begin(&bed);
    UNIT_STR(list(txn, "User", 1, false), "\"b\" \"a\"");
    sgc_abort(&txn);
    OK(sgc_db_compact(bed.db, NULL));
    bed_verify(&bed);
    bed_close(&bed);
}

/* ---- numbers ---- */

/* Programs without a lock file count indexes from 1: the database goes on with its own numbers. */
static void the_database_keeps_its_own_numbers(void)
{
    struct bed bed;

    bed_open(&bed, USERS("@index", "@index"), 0);
    const sgc_schema *one = bed_schema(&bed, USERS("@index", "")), *both = bed.schema;
    put_user(&bed, "a", "\"x\"");
    OK(sgc_db_close(bed.db));
    bed.schema = one;
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
        CU_ASSERT_EQUAL(one->tables[0].indexes[1].number, 1);
        CU_ASSERT_EQUAL(sgc_db_schema(bed.db)->tables[0].indexes[1].number, 2);
        sgc_txn *txn = bed_begin(&bed);
        UNIT_STR(list(txn, "User", 1, false), "\"a\"");
        sgc_abort(&txn);
        bed_verify(&bed);
        OK(sgc_db_close(bed.db));
    }
    /* What was retired is not used again. */
    bed.schema = both;
    CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
    CU_ASSERT_EQUAL(sgc_db_schema(bed.db)->tables[0].indexes[1].number, 3);
    CU_ASSERT_EQUAL(sgc_db_schema(bed.db)->tables[0].indexes[2].number, 2);
    wait_built(&bed);
    bed_verify(&bed);
    bed_close(&bed);
}

/* ---- what is refused, in words ---- */

static void refused(struct bed *bed, const char *sdl, const char *words)
{
    sgc_error error;
    sgc_db *db;

    IS(sgc_db_open("data", bed_schema(bed, sdl), &bed->options, &db, &error), SGC_SCHEMA_MISMATCH);
    if (!strstr(error.text, words)) printf("\n    %s\n    without: %s\n", error.text, words);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, words));
}

static void every_other_difference_is_named(void)
{
    struct bed bed;

    bed_open(&bed,
             "enum Role { ADMIN USER }\n"
             "type User { id: ID! @id(generate: NONE) age: Int role: Role posts: [Post!]! }\n"
             "type Post { id: ID! @id(generate: NONE) author: User title: String @check(expr: "
             "\"title != ''\") }\n",
             0);
    OK(sgc_db_close(bed.db));
#define ROLE "enum Role { ADMIN USER }\n"
#define POST                                                                                       \
    "type Post { id: ID! @id(generate: NONE) author: User title: String @check(expr: \"title != "  \
    "''\") }\n"
#define USER(fields) "type User { id: ID! @id(generate: NONE) " fields " posts: [Post!]! }\n"
    refused(&bed, ROLE POST USER("age: Int! role: Role"),
            "data: another schema: User.age is Int in the database, Int! here");
    refused(&bed, ROLE POST USER("role: Role"),
            "the database has a field User.age, this schema has none");
    refused(&bed, ROLE POST USER("age: Int role: Role name: String"),
            "this schema has a field User.name, the database has none");
    refused(&bed, ROLE POST USER("age: Int role: Role") "type Tag { id: ID! }\n",
            "this schema has a type Tag, the database has none");
    refused(&bed, "enum Role { ADMIN USER GUEST }\n" POST USER("age: Int role: Role"),
            "Role.GUEST of this schema is not the database's");
    refused(&bed,
            ROLE USER("age: Int role: Role") "type Post { id: ID! @id(generate: NONE) author: User "
                                             "title: String }\n",
            "Post has 1 @check rules in the database, 0 here");
    refused(&bed,
            ROLE USER("age: Int role: Role") "type Post { id: ID! @id(generate: NONE) author: User "
                                             "@relation(onDelete: CASCADE) title: String "
                                             "@check(expr: \"title != ''\") }\n",
            "@onDelete of Post.author is another one here");
    refused(&bed,
            ROLE USER("age: Int role: Role") "type Post @table(history: false) { id: ID! "
                                             "@id(generate: NONE) author: User title: String "
                                             "@check(expr: \"title != ''\") }\n",
            "the database keeps the history of Post, this schema asks for none");
    /* Numbers that the program has of its own are another thing than the order of declarations. */
    refused(&bed, POST USER("role: Role age: Int") ROLE,
            "type Post has number 2 in the database, 1 here: build with the lock file that belongs "
            "to the database");
    const sgc_schema *own = bed_schema(&bed, POST USER("role: Role age: Int") ROLE);
    OK(sgc_schema_rebuilt(own, bed.schema, &bed.arena, &bed.schema));
    CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
    bed_close(&bed);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"indexes come and go under random transactions",
         indexes_come_and_go_under_random_transactions},
        {"writers and readers go on while it is built",
         writers_and_readers_go_on_while_it_is_built},
        {"a restart goes on", a_restart_goes_on},
        {"a unique index is whole or refused", a_unique_index_is_whole_or_refused},
        {"a row too long keeps an index waiting", a_row_too_long_keeps_an_index_waiting},
        {"the database keeps its own numbers", the_database_keeps_its_own_numbers},
        {"every other difference is named", every_other_difference_is_named},
        CU_TEST_INFO_NULL,
    };

    return unit_run("txn.index_build", tests);
}
