/*
 * test_rows.c - what one transaction sees and keeps: reading its own writes, records that stay,
 * savepoints, statements that leave nothing when they fail, cursors over three layers.
 */
#include "unit/txn/rows.h"

static const char SDL[] = "enum Role { ADMIN USER GUEST }\n"
                          "type Person {\n"
                          "  id: ID! @id(generate: NONE)\n"
                          "  name: String!\n"
                          "  age: Int @index @check(expr: \"age >= 0\")\n"
                          "  email: String @unique\n"
                          "  role: Role\n"
                          "  tags: [String!]\n"
                          "}\n"
                          "type Counter { id: Int! @id(generate: SERIAL) note: String }\n"
                          "type Big { id: BigInt! @id(generate: SERIAL) }\n";

/* Index positions follow from the SDL: 0 key, then age, then email. */
static uint16_t index_on(sgc_txn *txn, const char *table, const char *field)
{
    const sgc_table *t = &sgc_db_schema(sgc_txn_db(txn))->tables[table_of(txn, table)];
    uint16_t position = sgc_table_field(t, sgc_str_from(field));

    for (uint16_t i = 1; i < t->index_count; i++) {
        if (t->indexes[i].fields[0] == position) return i;
    }
    CU_FAIL_FATAL("there is no such index");
    return 0;
}

static void sees_its_own_writes_and_nobody_elses(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *first = bed_begin(&bed), *second = bed_begin(&bed);

    OK(put(first, "Person", "{\"id\":\"a\",\"name\":\"Ann\",\"age\":30}"));
    UNIT_STR(show(first, "Person", "a"), "\"a\" \"Ann\" 30 null null null");
    UNIT_STR(show(second, "Person", "a"), "-");
    OK(commit_now(first));
    UNIT_STR(show(second, "Person", "a"), "-");
    sgc_abort(&second);
    second = bed_begin(&bed);
    UNIT_STR(show(second, "Person", "a"), "\"a\" \"Ann\" 30 null null null");
    CU_ASSERT_EQUAL(sgc_txn_sequence(second), 1);
    OK(drop(second, "Person", "a"));
    UNIT_STR(show(second, "Person", "a"), "-");
    IS(drop(second, "Person", "a"), SGC_NOT_FOUND);
    sgc_abort(&second);
    second = bed_begin(&bed);
    UNIT_STR(list(second, "Person", 0, false), "\"a\"");
    sgc_abort(&second);
    bed_close(&bed);
}

static void nothing_written_is_no_commit(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);
    sgc_commit_info info;

    OK(sgc_commit(&txn, &info));
    CU_ASSERT_PTR_NULL(txn);
    CU_ASSERT_EQUAL(info.sequence, 0);
    OK(sgc_commit(&txn, &info));
    txn = bed_begin(&bed);
    OK(put(txn, "Person", "{\"id\":\"a\",\"name\":\"Ann\"}"));
    OK(drop(txn, "Person", "a"));
    OK(sgc_commit(&txn, &info));
    CU_ASSERT_EQUAL(info.sequence, 0);
    txn = bed_begin(&bed);
    OK(put(txn, "Person", "{\"id\":\"a\",\"name\":\"Ann\"}"));
    OK(commit_now(txn));
    txn = bed_begin(&bed);
    OK(set(txn, "Person", "{\"id\":\"a\",\"name\":\"Ann\"}"));
    sgc_txn_stats stats;
    sgc_txn_get_stats(txn, &stats);
    CU_ASSERT_EQUAL(stats.rows_written, 0);
    OK(commit_now(txn));
    CU_ASSERT_EQUAL(sgc_db_head(bed.db), 1);
    bed_close(&bed);
}

static void a_read_transaction_refuses_to_write(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn;
    sgc_moment moment = {SGC_MOMENT_SEQUENCE, 0};

    OK(sgc_begin_read(bed.db, sgc_now(), &txn));
    IS(put(txn, "Person", "{\"id\":\"a\",\"name\":\"Ann\"}"), SGC_READ_ONLY);
    CU_ASSERT_STRING_EQUAL(sgc_errmsg(txn), "this transaction was opened for reading");
    sgc_abort(&txn);
    OK(sgc_begin_read(bed.db, moment, &txn));
    sgc_abort(&txn);
    moment.value = 1;
    IS(sgc_begin_read(bed.db, moment, &txn), SGC_INVALID);
    CU_ASSERT_PTR_NULL(txn);
    txn = bed_begin(&bed);
    OK(put(txn, "Person", "{\"id\":\"a\",\"name\":\"Ann\"}"));
    OK(commit_now(txn));
    moment.value = 0;
    OK(sgc_begin_read(bed.db, moment, &txn));
    UNIT_STR(show(txn, "Person", "a"), "-");
    sgc_abort(&txn);
    bed_close(&bed);
}

static void records_stay_readable(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);
    sgc_str from_memory, from_writes, from_pages;

    OK(put(txn, "Person", "{\"id\":\"a\",\"name\":\"Ann\"}"));
    OK(commit_now(txn));
    OK(sgc_db_flush(bed.db));
    txn = bed_begin(&bed);
    OK(put(txn, "Person", "{\"id\":\"b\",\"name\":\"Bob\"}"));
    OK(commit_now(txn));
    txn = bed_begin(&bed);
    uint16_t person = table_of(txn, "Person");
    OK(sgc_row_get(txn, person, SGC_STR("a"), &from_pages));
    OK(sgc_row_get(txn, person, SGC_STR("b"), &from_memory));
    OK(put(txn, "Person", "{\"id\":\"c\",\"name\":\"Cid\"}"));
    OK(sgc_row_get(txn, person, SGC_STR("c"), &from_writes));
    OK(set(txn, "Person", "{\"id\":\"c\",\"name\":\"Other\"}"));
    OK(drop(txn, "Person", "a"));
    OK(drop(txn, "Person", "b"));
    OK(sgc_db_flush(bed.db));
    sgc_txn *other = bed_begin(&bed);
    OK(set(other, "Person", "{\"id\":\"b\",\"name\":\"Changed\"}"));
    OK(commit_now(other));
    OK(sgc_db_flush(bed.db));
    UNIT_STR(show_record(txn, person, from_pages), "\"a\" \"Ann\" null null null null");
    UNIT_STR(show_record(txn, person, from_memory), "\"b\" \"Bob\" null null null null");
    UNIT_STR(show_record(txn, person, from_writes), "\"c\" \"Cid\" null null null null");
    sgc_abort(&txn);
    bed_close(&bed);
}

static void savepoints_undo_what_came_after(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);

    sgc_savepoint start = sgc_savepoint_set(txn);
    OK(put(txn, "Person", "{\"id\":\"a\",\"name\":\"Ann\",\"age\":1}"));
    sgc_savepoint mark = sgc_savepoint_set(txn);
    for (int turn = 0; turn < 3; turn++) {
        OK(put(txn, "Person", "{\"id\":\"b\",\"name\":\"Bob\",\"age\":2}"));
        OK(set(txn, "Person", "{\"id\":\"a\",\"name\":\"Ann\",\"age\":9}"));
        OK(drop(txn, "Person", "b"));
        OK(put(txn, "Person", "{\"id\":\"b\",\"name\":\"Bea\",\"age\":0}"));
        UNIT_STR(list(txn, "Person", 1, false), "\"b\" \"a\"");
        sgc_savepoint_rollback(txn, mark);
        UNIT_STR(list(txn, "Person", 1, false), "\"a\"");
        UNIT_STR(show(txn, "Person", "a"), "\"a\" \"Ann\" 1 null null null");
    }
    sgc_savepoint_rollback(txn, start);
    UNIT_STR(list(txn, "Person", 0, false), "");
    OK(put(txn, "Person", "{\"id\":\"z\",\"name\":\"Zoe\"}"));
    OK(commit_now(txn));
    txn = bed_begin(&bed);
    UNIT_STR(list(txn, "Person", 0, false), "\"z\"");
    sgc_abort(&txn);
    bed_close(&bed);
}

static void a_failed_statement_leaves_nothing(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);
    sgc_str type, field;

    OK(put(txn, "Person", "{\"id\":\"a\",\"name\":\"Ann\",\"email\":\"x@y\",\"age\":5}"));
    IS(put(txn, "Person", "{\"id\":\"a\",\"name\":\"Bob\"}"), SGC_EXISTS);
    CU_ASSERT_STRING_EQUAL(sgc_errmsg(txn), "Person \"a\" already exists");
    sgc_errplace(txn, &type, &field);
    UNIT_STR(type, "Person");
    UNIT_STR(field, "id");
    IS(put(txn, "Person", "{\"id\":\"b\",\"name\":\"Bob\",\"email\":\"x@y\"}"), SGC_EXISTS);
    CU_ASSERT_STRING_EQUAL(sgc_errmsg(txn), "Person with email \"x@y\" already exists");
    sgc_errplace(txn, &type, &field);
    UNIT_STR(field, "email");
    IS(put(txn, "Person", "{\"id\":\"c\",\"name\":\"Cid\",\"age\":-1}"), SGC_CHECK_FAILED);
    CU_ASSERT_STRING_EQUAL(sgc_errmsg(txn), "Person: the check \"age >= 0\" is not met");
    sgc_errplace(txn, &type, &field);
    UNIT_STR(field, "age");
    IS(set(txn, "Person", "{\"id\":\"q\",\"name\":\"Q\"}"), SGC_NOT_FOUND);
    CU_ASSERT_STRING_EQUAL(sgc_errmsg(txn), "there is no Person \"q\"");
    IS(put(txn, "Person", "{\"id\":\"d\"}"), SGC_NOT_NULL);
    CU_ASSERT_STRING_EQUAL(sgc_errmsg(txn), "Person.name must not be null");
    IS(sgc_row_insert(txn, table_of(txn, "Person"), SGC_STR("e"), SGC_STR("rubbish")), SGC_INVALID);
    sgc_key key;
    sgc_str record = record_of(txn, table_of(txn, "Person"), "{\"id\":\"e\",\"name\":\"E\"}", &key);
    IS(sgc_row_insert(txn, table_of(txn, "Person"), SGC_STR("f"), record), SGC_INVALID);
    CU_ASSERT_STRING_EQUAL(sgc_errmsg(txn),
                           "Person: the record has another key than it is written under");
    IS(put(txn, "Person", "{\"id\":\"\",\"name\":\"E\"}"), SGC_INVALID);
    UNIT_STR(list(txn, "Person", 0, false), "\"a\"");
    OK(commit_now(txn));
    bed_close(&bed);
}

static void limits_have_words(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);
    char json[3000], text[1200];

    memset(text, 'x', sizeof text);
    snprintf(json, sizeof json, "{\"id\":\"a\",\"name\":\"A\",\"email\":\"%.*s\"}", 1100, text);
    IS(put(txn, "Person", json), SGC_LIMIT);
    CU_ASSERT_PTR_NOT_NULL(strstr(sgc_errmsg(txn), "Person.email is too long"));
    sgc_str record;
    sgc_key key;
    record = record_of(txn, table_of(txn, "Person"), "{\"id\":\"a\",\"name\":\"A\"}", &key);
    IS(sgc_row_insert(txn, table_of(txn, "Person"), sgc_str_of(text, 1001), record), SGC_LIMIT);
    CU_ASSERT_STRING_EQUAL(sgc_errmsg(txn),
                           "the key of Person has 1001 bytes, at most 1000 are possible");
    IS(sgc_row_get(txn, table_of(txn, "Person"), sgc_str_of(text, 1100), &record), SGC_NOT_FOUND);
    UNIT_STR(list(txn, "Person", 0, false), "");
    sgc_abort(&txn);
    bed_close(&bed);
}

static void serial_counts_up(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);
    int64_t next;

    OK(sgc_row_serial(txn, table_of(txn, "Counter"), &next));
    CU_ASSERT_EQUAL(next, 1);
    OK(put(txn, "Counter", "{\"id\":-5}"));
    OK(sgc_row_serial(txn, table_of(txn, "Counter"), &next));
    CU_ASSERT_EQUAL(next, 1);
    OK(put(txn, "Counter", "{\"id\":300}"));
    OK(commit_now(txn));
    OK(sgc_db_flush(bed.db));
    txn = bed_begin(&bed);
    OK(sgc_row_serial(txn, table_of(txn, "Counter"), &next));
    CU_ASSERT_EQUAL(next, 301);
    OK(put(txn, "Counter", "{\"id\":2147483647}"));
    IS(sgc_row_serial(txn, table_of(txn, "Counter"), &next), SGC_LIMIT);
    OK(put(txn, "Big", "{\"id\":\"2147483647\"}"));
    OK(sgc_row_serial(txn, table_of(txn, "Big"), &next));
    CU_ASSERT_EQUAL(next, 2147483648);
    UNIT_STR(list(txn, "Counter", 0, false), "-5 300 2147483647");
    sgc_abort(&txn);
    bed_close(&bed);
}

static void null_is_not_compared_by_unique(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);
    sgc_key key;
    sgc_str record;

    OK(put(txn, "Person", "{\"id\":\"a\",\"name\":\"A\"}"));
    OK(put(txn, "Person", "{\"id\":\"b\",\"name\":\"B\"}"));
    OK(put(txn, "Person", "{\"id\":\"c\",\"name\":\"C\",\"email\":\"\"}"));
    IS(put(txn, "Person", "{\"id\":\"d\",\"name\":\"D\",\"email\":\"\"}"), SGC_EXISTS);
    OK(set(txn, "Person", "{\"id\":\"c\",\"name\":\"C\",\"email\":\"new\"}"));
    OK(put(txn, "Person", "{\"id\":\"d\",\"name\":\"D\",\"email\":\"\"}"));
    sgc_key_start(&key);
    sgc_key_text(&key, SGC_STR("new"), false);
    OK(sgc_row_find(txn, table_of(txn, "Person"), index_on(txn, "Person", "email"),
                    sgc_key_str(&key), &record));
    UNIT_STR(show_record(txn, table_of(txn, "Person"), record),
             "\"c\" \"C\" null \"new\" null null");
    OK(drop(txn, "Person", "c"));
    IS(sgc_row_find(txn, table_of(txn, "Person"), index_on(txn, "Person", "email"),
                    sgc_key_str(&key), &record),
       SGC_NOT_FOUND);
    OK(commit_now(txn));
    bed_close(&bed);
}

/* Persons and who has which address, as they should be; -1: nobody. */
enum { PERSONS = 24, ADDRESSES = 32 };
typedef struct post {
    int address[PERSONS], ages[PERSONS]; /* address -2: there is no such person */
    unsigned state;
} post;

static unsigned any(post *p, unsigned below)
{
    p->state = p->state * 1103515245U + 12345U;
    return (p->state >> 16) % below;
}

static int owner_of(const post *p, int address)
{
    for (int i = 0; i < PERSONS; i++)
        if (p->address[i] == address) return i;
    return -1;
}

/* A person comes, goes, gets an address that is free, or only another age. */
static void change_person(post *p, sgc_txn *txn)
{
    int who = (int)any(p, PERSONS), address = (int)any(p, ADDRESSES);
    bool is_new = p->address[who] == -2;
    char json[120], key[8];

    snprintf(key, sizeof key, "p%02d", who);
    if (!is_new && any(p, 6) == 0) {
        p->address[who] = -2;
        OK(drop(txn, "Person", key));
        return;
    }
    if (owner_of(p, address) < 0 && any(p, 2)) p->address[who] = address;
    if (p->address[who] == -2) p->address[who] = -1;
    p->ages[who] = (int)any(p, 100);
    if (p->address[who] < 0) {
        snprintf(json, sizeof json, "{\"id\":\"%s\",\"name\":\"N\",\"age\":%d}", key, p->ages[who]);
    } else {
        snprintf(json, sizeof json,
                 "{\"id\":\"%s\",\"name\":\"N\",\"age\":%d,\"email\":\"%d@example.org\"}", key,
                 p->ages[who], p->address[who]);
    }
    if (is_new) {
        OK(put(txn, "Person", json));
    } else {
        OK(set(txn, "Person", json));
    }
}

static void check_addresses(const post *p, sgc_txn *txn)
{
    uint16_t table = table_of(txn, "Person"), index = index_on(txn, "Person", "email");
    char text[120];
    sgc_str record;
    sgc_key key;

    for (int i = 0; i < ADDRESSES; i++) {
        int owner = owner_of(p, i);
        snprintf(text, sizeof text, "%d@example.org", i);
        sgc_key_start(&key);
        sgc_key_text(&key, sgc_str_from(text), false);
        sgc_status status = sgc_row_find(txn, table, index, sgc_key_str(&key), &record);
        IS(status, owner < 0 ? SGC_NOT_FOUND : SGC_OK);
        if (status != SGC_OK || owner < 0) continue;
        snprintf(text, sizeof text, "\"p%02d\" \"N\" %d \"%d@example.org\" null null", owner,
                 p->ages[owner], i);
        UNIT_STR(show_record(txn, table, record), text);
    }
}

/* What is looked up lies in pages, MemTables and the write set, each hiding what is below. */
static void unique_values_through_all_layers(void)
{
    post p = {.state = 5};
    struct bed bed;
    bed_open(&bed, SDL, 0);

    for (int i = 0; i < PERSONS; i++)
        p.address[i] = -2;
    for (int round = 0; round < 60; round++) {
        sgc_txn *txn = bed_begin(&bed);
        for (int i = 0; i < 5; i++)
            change_person(&p, txn);
        check_addresses(&p, txn);
        OK(commit_now(txn));
        if (any(&p, 4) == 0) OK(sgc_db_flush(bed.db));
        txn = bed_begin(&bed);
        check_addresses(&p, txn);
        sgc_abort(&txn);
    }
    bed_close(&bed);
}

/* Rows in pages, in a full MemTable, in the active one and in the write set, some removed above. */
static sgc_txn *layered(struct bed *bed)
{
    sgc_txn *txn = bed_begin(bed);
    char json[200];

    for (int i = 0; i < 40; i++) {
        snprintf(json, sizeof json, "{\"id\":\"p%02d\",\"name\":\"N\",\"age\":%d}", i, i % 10);
        OK(put(txn, "Person", json));
    }
    OK(commit_now(txn));
    OK(sgc_db_flush(bed->db));
    txn = bed_begin(bed);
    for (int i = 0; i < 40; i += 4) {
        snprintf(json, sizeof json, "{\"id\":\"p%02d\",\"name\":\"M\",\"age\":%d}", i, 20 - i % 10);
        OK(set(txn, "Person", json));
        snprintf(json, sizeof json, "p%02d", i + 1);
        OK(drop(txn, "Person", json));
    }
    OK(commit_now(txn));
    txn = bed_begin(bed);
    for (int i = 2; i < 40; i += 8) {
        snprintf(json, sizeof json, "{\"id\":\"p%02d\",\"name\":\"W\"}", i);
        OK(set(txn, "Person", json));
        snprintf(json, sizeof json, "{\"id\":\"p%02d\",\"name\":\"W\",\"age\":3}", i - 1);
        OK(put(txn, "Person", json));
    }
    return txn;
}

static size_t count_walk(sgc_txn *txn, uint16_t index, bool descending)
{
    sgc_range range = {.descending = descending};
    sgc_cursor cursor = sgc_cursor_open(txn, table_of(txn, "Person"), index, &range);
    sgc_str record, by_key;
    char last[SGC_KEY_MAX];
    size_t last_size = 0, count = 0;

    while (sgc_cursor_next(&cursor, &record)) {
        sgc_str entry = sgc_cursor_entry(&cursor);
        int order = count ? sgc_str_compare(sgc_str_of(last, last_size), entry) : 0;
        CU_ASSERT_TRUE(count == 0 || (descending ? order > 0 : order < 0));
        OK(sgc_row_get(txn, table_of(txn, "Person"), sgc_cursor_key(&cursor), &by_key));
        CU_ASSERT_TRUE(sgc_str_eq(record, by_key));
        memcpy(last, entry.data, entry.size);
        last_size = entry.size;
        count++;
    }
    OK(sgc_cursor_status(&cursor));
    return count;
}

static void cursors_merge_all_layers(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = layered(&bed);

    for (uint16_t index = 0; index < 3; index++) {
        CU_ASSERT_EQUAL(count_walk(txn, index, false), 35);
        CU_ASSERT_EQUAL(count_walk(txn, index, true), 35);
    }
    UNIT_STR(show(txn, "Person", "p02"), "\"p02\" \"W\" null null null null");
    UNIT_STR(show(txn, "Person", "p04"), "\"p04\" \"M\" 16 null null null");
    UNIT_STR(show(txn, "Person", "p05"), "-");
    OK(commit_now(txn));
    bed_reopen(&bed);
    txn = bed_begin(&bed);
    CU_ASSERT_EQUAL(count_walk(txn, 1, true), 35);
    sgc_abort(&txn);
    bed_close(&bed);
}

static sgc_str range_keys(sgc_txn *txn, uint16_t index, sgc_range range)
{
    sgc_cursor cursor = sgc_cursor_open(txn, table_of(txn, "Person"), index, &range);
    sgc_buf out = {0};

    while (sgc_cursor_skip(&cursor)) {
        sgc_str key = sgc_cursor_key(&cursor);
        if (out.size) sgc_buf_byte(&out, ' ');
        sgc_buf_str(&out, key);
    }
    OK(sgc_cursor_status(&cursor));
    sgc_str text = sgc_arena_str(sgc_txn_arena(txn), sgc_buf_as_str(&out));
    sgc_buf_free(&out);
    return text;
}

static void ranges_have_two_ends(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = layered(&bed);
    sgc_range range = {SGC_STR("p06"), SGC_STR("p11"), false};
    sgc_txn_stats before, stats;

    sgc_txn_get_stats(txn, &before);
    UNIT_STR(range_keys(txn, 0, range), "p06 p07 p08 p09 p10");
    sgc_txn_get_stats(txn, &stats);
    CU_ASSERT_EQUAL(stats.entries_read - before.entries_read, 5);
    CU_ASSERT_EQUAL(stats.rows_read, before.rows_read);
    range.descending = true;
    UNIT_STR(range_keys(txn, 0, range), "p10 p09 p08 p07 p06");
    range.from = sgc_str_of(NULL, 0);
    range.to = SGC_STR("p03");
    UNIT_STR(range_keys(txn, 0, range), "p02 p01 p00");
    range.from = SGC_STR("p38");
    range.to = sgc_str_of(NULL, 0);
    UNIT_STR(range_keys(txn, 0, range), "p39 p38");
    range.from = SGC_STR("q");
    UNIT_STR(range_keys(txn, 0, range), "");
    range.descending = false;
    UNIT_STR(range_keys(txn, 0, range), "");
    sgc_abort(&txn);
    bed_close(&bed);
}

static void many_prefixes_come_in_order_of_parents(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = layered(&bed);
    sgc_key keys[3];
    sgc_str prefixes[3];
    int32_t ages[] = {16, 999, 3};
    uint32_t parents[64];
    size_t count = 0;
    sgc_str record;

    for (int i = 0; i < 3; i++) {
        sgc_key_start(&keys[i]);
        sgc_key_int(&keys[i], ages[i], false);
        prefixes[i] = sgc_key_str(&keys[i]);
    }
    for (int descending = 0; descending < 2; descending++) {
        sgc_cursor cursor =
            sgc_cursor_open_many(txn, table_of(txn, "Person"), 1, prefixes, 3, descending != 0);
        count = 0;
        while (sgc_cursor_next(&cursor, &record)) {
            CU_ASSERT_TRUE(
                sgc_str_eq(sgc_str_of(sgc_cursor_entry(&cursor).data, prefixes[cursor.parent].size),
                           prefixes[cursor.parent]));
            parents[count++] = cursor.parent;
        }
        OK(sgc_cursor_status(&cursor));
        CU_ASSERT_EQUAL_FATAL(count, 9);
        for (size_t i = 0; i < count; i++)
            CU_ASSERT_EQUAL(parents[i], i < 2 ? 0 : 2);
    }
    sgc_cursor none = sgc_cursor_open_many(txn, table_of(txn, "Person"), 1, NULL, 0, false);
    CU_ASSERT_FALSE(sgc_cursor_next(&none, &record));
    OK(sgc_cursor_status(&none));
    sgc_abort(&txn);
    bed_close(&bed);
}

/* A loop that moves every row forward in the index it walks must end and meet each row once. */
static void writing_while_walking_is_safe(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = layered(&bed);
    sgc_cursor cursor = sgc_cursor_open(txn, table_of(txn, "Person"), 1, NULL);
    sgc_str record;
    char json[100];
    int met = 0;

    while (sgc_cursor_next(&cursor, &record) && met < 100) {
        snprintf(json, sizeof json, "{\"id\":\"" SGC_FMT "\",\"name\":\"X\",\"age\":%d}",
                 SGC_ARG(sgc_cursor_key(&cursor)), 100 + met);
        met++;
        OK(set(txn, "Person", json));
        if (met % 3 == 0) CU_ASSERT_EQUAL(count_walk(txn, 1, met % 2), 35);
        if (met % 5 == 0) OK(sgc_db_flush(bed.db));
    }
    OK(sgc_cursor_status(&cursor));
    CU_ASSERT_EQUAL(met, 35);
    cursor = sgc_cursor_open(txn, table_of(txn, "Person"), 0, NULL);
    for (met = 0; sgc_cursor_next(&cursor, &record); met++) {
        OK(sgc_row_delete(txn, table_of(txn, "Person"), sgc_cursor_key(&cursor)));
    }
    CU_ASSERT_EQUAL(met, 35);
    UNIT_STR(list(txn, "Person", 0, true), "");
    OK(commit_now(txn));
    bed_close(&bed);
}

static void cursors_are_recycled_and_may_move(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = layered(&bed);
    uint16_t person = table_of(txn, "Person");
    sgc_str record;
    sgc_cursor cursors[10];

    for (int turn = 0; turn < 100; turn++) {
        for (int i = 0; i < 10; i++)
            cursors[i] = sgc_cursor_open(txn, person, 0, NULL);
        for (int i = 0; i < 10; i++) {
            sgc_cursor moved = cursors[i];
            for (int step = 0; step <= i; step++)
                CU_ASSERT_TRUE(sgc_cursor_next(&moved, &record));
            char expected[16];
            snprintf(expected, sizeof expected, "p%02d", i + (i > 4));
            if (i < 5) UNIT_STR(sgc_cursor_key(&moved), expected);
            sgc_cursor_end(&moved);
            CU_ASSERT_FALSE(sgc_cursor_next(&moved, &record));
        }
    }
    sgc_cursor open = sgc_cursor_open(txn, person, 0, NULL);
    CU_ASSERT_TRUE(sgc_cursor_next(&open, &record));
    sgc_abort(&txn); /* takes the open cursor's pins along */
    bed_close(&bed);
}

static void rows_larger_than_a_page(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);
    size_t size = 300000;
    char *json = malloc(size + 100);
    sgc_str record;

    int head = snprintf(json, size, "{\"id\":\"big\",\"name\":\"");
    memset(json + head, 'n', size);
    snprintf(json + head + size, 50, "\"}");
    OK(put(txn, "Person", json));
    OK(commit_now(txn));
    for (int turn = 0; turn < 2; turn++) {
        txn = bed_begin(&bed);
        OK(sgc_row_get(txn, table_of(txn, "Person"), SGC_STR("big"), &record));
        CU_ASSERT_TRUE(record.size > size);
        UNIT_STR(list(txn, "Person", 0, false), "\"big\"");
        sgc_abort(&txn);
        bed_reopen(&bed);
    }
    free(json);
    bed_close(&bed);
}

static void many_gets_find_or_miss(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = layered(&bed);
    sgc_str keys[] = {SGC_STR("p39"), SGC_STR("nobody"), SGC_STR("p00"), SGC_STR("p05")};
    sgc_str records[4];

    OK(sgc_row_get_many(txn, table_of(txn, "Person"), keys, 4, records));
    UNIT_STR(show_record(txn, table_of(txn, "Person"), records[0]),
             "\"p39\" \"N\" 9 null null null");
    CU_ASSERT_PTR_NULL(records[1].data);
    UNIT_STR(show_record(txn, table_of(txn, "Person"), records[2]),
             "\"p00\" \"M\" 20 null null null");
    CU_ASSERT_PTR_NULL(records[3].data);
    sgc_abort(&txn);
    bed_close(&bed);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"sees its own writes and nobody else's", sees_its_own_writes_and_nobody_elses},
        {"nothing written is no commit", nothing_written_is_no_commit},
        {"a read transaction refuses to write", a_read_transaction_refuses_to_write},
        {"records stay readable", records_stay_readable},
        {"savepoints undo what came after", savepoints_undo_what_came_after},
        {"a failed statement leaves nothing", a_failed_statement_leaves_nothing},
        {"limits have words", limits_have_words},
        {"serial counts up", serial_counts_up},
        {"unique values through all layers", unique_values_through_all_layers},
        {"null is not compared by unique", null_is_not_compared_by_unique},
        {"unique values through all layers", unique_values_through_all_layers},
        {"cursors merge all layers", cursors_merge_all_layers},
        {"ranges have two ends", ranges_have_two_ends},
        {"many prefixes come in order of parents", many_prefixes_come_in_order_of_parents},
        {"writing while walking is safe", writing_while_walking_is_safe},
        {"cursors are recycled and may move", cursors_are_recycled_and_may_move},
        {"rows larger than a page", rows_larger_than_a_page},
        {"many gets find or miss", many_gets_find_or_miss},
        CU_TEST_INFO_NULL,
    };
    return unit_run("txn.rows", tests);
}
