/*
 * states.h - a brute-force model of history: after each commit every row is copied through the
 * present, and every later answer about that moment must be what was copied. Tables with unique,
 * composite, list, relation and link indexes; random transactions.
 */
#ifndef SGC_TESTS_TXN_STATES_H
#define SGC_TESTS_TXN_STATES_H

#include "unit/txn/rows.h"

enum { STATE_TABLES = 6, STATE_INDEXES = 8, STATE_KEYS = 14 };

static const char STATES_SDL[] = "type Author @compositeIndex(fields: [\"city\", \"age\"]) {\n"
                                 "  id: ID! @id(generate: NONE)\n"
                                 "  email: String @unique\n"
                                 "  city: String @index\n"
                                 "  age: Int @index\n"
                                 "  tags: [String!] @index\n"
                                 "  note: String\n"
                                 "  books: [Book!]!\n"
                                 "  friends: [Author!]! @relation(onDelete: SET_NULL)\n"
                                 "}\n"
                                 "type Book {\n"
                                 "  id: Int! @id(generate: NONE)\n"
                                 "  title: String @unique\n"
                                 "  author: Author! @relation(onDelete: CASCADE)\n"
                                 "  shelves: [Shelf!]!\n"
                                 "}\n"
                                 "type Shelf { id: ID! @id(generate: NONE) books: [Book!]! }\n";

struct state_row {
    sgc_str key, record;
};

struct state_table {
    struct state_row *rows; /* in order of the key */
    size_t count;
    uint64_t hashes[STATE_INDEXES]; /* of the entries and records of each index, in order */
};

/* What was there after a commit. */
struct state {
    uint64_t sequence, time_us;
    struct state_table tables[STATE_TABLES];
};

struct states {
    struct bed bed;
    sgc_arena arena;
    struct state *items; /* items[0]: before the first commit */
    size_t count, capacity;
    uint64_t random;
};

static inline uint64_t draw(struct states *s, uint64_t below)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return (s->random >> 11) % below;
}

/* ---- random statements ---- */

static inline uint16_t states_link(const sgc_schema *schema)
{
    for (uint16_t i = 0; i < schema->table_count; i++) {
        if (schema->tables[i].link) return i;
    }
    CU_FAIL_FATAL("there is no link table");
    return SGC_NONE;
}

static inline sgc_status change_author(struct states *s, sgc_txn *txn, bool insert)
{
    char json[9000], tags[60] = "", friends[40] = "";
    int note = draw(s, 40) ? (int)draw(s, 90) : 5000;

    if (draw(s, 3)) {
        snprintf(tags, sizeof tags, "\"t%d\",\"t%d\",\"t0\"", (int)draw(s, 4), (int)draw(s, 4));
    }
    if (draw(s, 4) == 0) snprintf(friends, sizeof friends, "\"a%d\"", (int)draw(s, STATE_KEYS));
    snprintf(json, sizeof json,
             "{\"id\":\"a%d\",\"email\":\"e%d\",\"city\":\"c%d\",\"age\":%d,\"tags\":[%s],"
             "\"note\":\"%0*d\",\"friendIds\":[%s]}",
             (int)draw(s, STATE_KEYS), (int)draw(s, 4 * STATE_KEYS), (int)draw(s, 4),
             (int)draw(s, 9), tags, note, 7, friends);
    return insert ? put(txn, "Author", json) : set(txn, "Author", json);
}

static inline sgc_status change_book(struct states *s, sgc_txn *txn, bool insert)
{
    char json[200];

    snprintf(json, sizeof json, "{\"id\":%d,\"title\":\"b%d\",\"authorId\":\"a%d\"}",
             (int)draw(s, STATE_KEYS), (int)draw(s, 4 * STATE_KEYS), (int)draw(s, STATE_KEYS));
    return insert ? put(txn, "Book", json) : set(txn, "Book", json);
}

static inline sgc_status change_link(struct states *s, sgc_txn *txn)
{
    const sgc_schema *schema = s->bed.schema;
    uint16_t link = states_link(schema);
    const sgc_table *book = &schema->tables[table_of(txn, "Book")];
    char text[2][20];

    snprintf(text[0], sizeof text[0], "%d", (int)draw(s, STATE_KEYS));
    snprintf(text[1], sizeof text[1], "s%d", (int)draw(s, 5));
    sgc_str ends[2] = {key_of(txn, "Book", text[0]), key_of(txn, "Shelf", text[1])};
    uint16_t relation = sgc_table_relation(book, SGC_STR("shelves"));
    size_t left = book->relations[relation].link_field == 1 ? 0 : 1;
    return draw(s, 3) ? sgc_link_add(txn, link, ends[left], ends[1 - left])
                      : sgc_link_remove(txn, link, ends[left], ends[1 - left]);
}

/* Whatever the statement answers, it is whole or leaves nothing. */
static inline void change_something(struct states *s, sgc_txn *txn)
{
    char key[20];
    sgc_status status = SGC_OK;

    switch (draw(s, 12)) {
    case 0:
    case 1:
    case 2:
        status = change_author(s, txn, true);
        break;
    case 3:
    case 4:
        status = change_author(s, txn, false);
        break;
    case 5:
    case 6:
        status = change_book(s, txn, true);
        break;
    case 7:
        status = change_book(s, txn, false);
        break;
    case 8:
        snprintf(key, sizeof key, "a%d", (int)draw(s, STATE_KEYS));
        status = drop(txn, "Author", key);
        break;
    case 9:
        snprintf(key, sizeof key, "%d", (int)draw(s, STATE_KEYS));
        status = drop(txn, "Book", key);
        break;
    case 10: {
        char json[40];
        snprintf(json, sizeof json, "{\"id\":\"s%d\"}", (int)draw(s, 5));
        status = put(txn, "Shelf", json);
        break;
    }
    default:
        status = change_link(s, txn);
        break;
    }
    CU_ASSERT_TRUE(status >= 0);
}

/* ---- copies ---- */

static inline uint64_t mix(uint64_t hash, sgc_str a, sgc_str b)
{
    return sgc_hash(b.data, b.size, sgc_hash(a.data, a.size, hash));
}

/* Hash of one index; descending it is read backwards and must give the same. */
static inline uint64_t hash_index(sgc_txn *txn, uint16_t table, uint16_t index, bool descending)
{
    sgc_range range = {.descending = descending};
    sgc_cursor cursor = sgc_cursor_open(txn, table, index, &range);
    uint64_t *items = NULL, hash = 7;
    size_t count = 0, capacity = 0;
    sgc_str record;

    while (sgc_cursor_next(&cursor, &record)) {
        CU_ASSERT_TRUE_FATAL(SGC_GROW(items, count, capacity));
        items[count++] = mix(0, sgc_cursor_entry(&cursor), record);
    }
    if (cursor.status != SGC_OK) printf("\n    cursor: %s\n", sgc_errmsg(txn));
    CU_ASSERT_EQUAL(cursor.status, SGC_OK);
    for (size_t i = 0; i < count; i++)
        hash = sgc_hash(&items[descending ? count - 1 - i : i], sizeof *items, hash);
    sgc_free(items);
    return hash;
}

static inline void copy_rows(struct states *s, sgc_txn *txn, uint16_t table,
                             struct state_table *copy)
{
    sgc_cursor cursor = sgc_cursor_open(txn, table, 0, NULL);
    size_t capacity = 0;
    sgc_str record;

    while (sgc_cursor_next(&cursor, &record)) {
        CU_ASSERT_TRUE_FATAL(SGC_ARENA_GROW(&s->arena, copy->rows, copy->count, capacity));
        copy->rows[copy->count++] = (struct state_row){
            sgc_arena_str(&s->arena, sgc_cursor_key(&cursor)), sgc_arena_str(&s->arena, record)};
    }
    CU_ASSERT_EQUAL(cursor.status, SGC_OK);
}

static inline void copy_state(struct states *s, uint64_t sequence, uint64_t time_us)
{
    const sgc_schema *schema = s->bed.schema;
    sgc_txn *txn;

    CU_ASSERT_TRUE_FATAL(SGC_GROW(s->items, s->count, s->capacity));
    struct state *state = &s->items[s->count++];
    memset(state, 0, sizeof *state);
    state->sequence = sequence;
    state->time_us = time_us;
    CU_ASSERT_EQUAL_FATAL(sgc_begin_read(s->bed.db, sgc_now(), &txn), SGC_OK);
    CU_ASSERT_EQUAL(sgc_txn_sequence(txn), sequence);
    for (uint16_t i = 0; i < schema->table_count; i++) {
        copy_rows(s, txn, i, &state->tables[i]);
        for (uint16_t k = 0; k < schema->tables[i].index_count; k++)
            state->tables[i].hashes[k] = hash_index(txn, i, k, false);
    }
    sgc_abort(&txn);
}

static inline void states_open(struct states *s, uint64_t seed, uint64_t memtable_bytes)
{
    memset(s, 0, sizeof *s);
    s->random = seed * 0x9E3779B97F4A7C15U + 1;
    bed_open(&s->bed, STATES_SDL, memtable_bytes);
    CU_ASSERT_TRUE_FATAL(s->bed.schema->table_count <= STATE_TABLES);
    copy_state(s, 0, 0);
}

static inline void states_close(struct states *s)
{
    bed_close(&s->bed);
    sgc_arena_free(&s->arena);
    sgc_free(s->items);
}

/* One random transaction. */
static inline void states_step(struct states *s)
{
    sgc_txn *txn = bed_begin(&s->bed);
    sgc_commit_info info;

    for (uint64_t i = 0, n = 1 + draw(s, 4); i < n; i++)
        change_something(s, txn);
    CU_ASSERT_EQUAL_FATAL(sgc_commit(&txn, &info), SGC_OK);
    if (info.sequence) copy_state(s, info.sequence, info.time_us);
}

/* ---- comparing ---- */

static inline void check_rows(struct states *s, sgc_txn *txn, uint16_t table,
                              const struct state_table *expected)
{
    const struct state_table *any = &s->items[draw(s, s->count)].tables[table];
    sgc_str record;

    for (size_t i = 0; i < expected->count; i++) {
        sgc_status status = sgc_row_get(txn, table, expected->rows[i].key, &record);
        CU_ASSERT_EQUAL_FATAL(status, SGC_OK);
        CU_ASSERT_TRUE(sgc_str_eq(record, expected->rows[i].record));
    }
    for (size_t i = 0; i < any->count; i++) {
        bool there = false;
        for (size_t k = 0; k < expected->count; k++)
            there = there || sgc_str_eq(expected->rows[k].key, any->rows[i].key);
        sgc_status status = sgc_row_get(txn, table, any->rows[i].key, &record);
        CU_ASSERT_EQUAL(status, there ? SGC_OK : SGC_NOT_FOUND);
    }
}

/* Every row is found through every unique index, and a part of every index through its prefix. */
static inline void check_prefixes(sgc_txn *txn, uint16_t table, const struct state_table *expected)
{
    const sgc_table *t = &sgc_db_schema(sgc_txn_db(txn))->tables[table];

    for (uint16_t k = 1; k < t->index_count; k++) {
        if (t->indexes[k].elements) continue;
        for (size_t i = 0; i < expected->count; i++) {
            sgc_str record, wanted = expected->rows[i].record;
            bool has_null, found = false;
            sgc_key key;
            CU_ASSERT_EQUAL(sgc_index_entry(t, k, wanted, 0, &key, &has_null), SGC_OK);
            if (t->indexes[k].unique && !has_null) {
                CU_ASSERT_EQUAL(sgc_row_find(txn, table, k, sgc_key_str(&key), &record), SGC_OK);
                CU_ASSERT_TRUE(sgc_str_eq(record, wanted));
                continue;
            }
            sgc_str prefix = sgc_key_str(&key);
            sgc_cursor cursor = sgc_cursor_open_many(txn, table, k, &prefix, 1, i % 2);
            while (sgc_cursor_next(&cursor, &record))
                found = found || sgc_str_eq(sgc_cursor_key(&cursor), expected->rows[i].key);
            CU_ASSERT_TRUE(found && cursor.status == SGC_OK);
        }
    }
}

/* A scan gives each row once, in whatever order. */
static inline void check_scan(sgc_txn *txn, uint16_t table, const struct state_table *expected)
{
    const sgc_table *t = &sgc_db_schema(sgc_txn_db(txn))->tables[table];
    sgc_scan scan = sgc_scan_open(txn, table);
    bool seen[100] = {false};
    size_t count = 0;
    sgc_str record;

    CU_ASSERT_TRUE_FATAL(expected->count <= 100);
    for (; sgc_scan_next(&scan, &record); count++) {
        sgc_key key;
        size_t i = 0;
        CU_ASSERT_EQUAL_FATAL(sgc_record_key(t, record, &key), SGC_OK);
        while (i < expected->count && !sgc_str_eq(expected->rows[i].key, sgc_key_str(&key)))
            i++;
        CU_ASSERT_TRUE_FATAL(i < expected->count && !seen[i]);
        CU_ASSERT_TRUE(sgc_str_eq(expected->rows[i].record, record));
        seen[i] = true;
    }
    CU_ASSERT_EQUAL(scan.status, SGC_OK);
    CU_ASSERT_EQUAL(count, expected->count);
}

/* A transaction that stands at a state reads exactly that state. */
static inline void check_state(struct states *s, sgc_txn *txn, const struct state *state)
{
    const sgc_schema *schema = s->bed.schema;

    CU_ASSERT_EQUAL(sgc_txn_sequence(txn), state->sequence);
    for (uint16_t i = 0; i < schema->table_count; i++) {
        const struct state_table *expected = &state->tables[i];
        check_rows(s, txn, i, expected);
        check_scan(txn, i, expected);
        check_prefixes(txn, i, expected);
        for (uint16_t k = 0; k < schema->tables[i].index_count; k++) {
            CU_ASSERT_EQUAL(hash_index(txn, i, k, false), expected->hashes[k]);
            CU_ASSERT_EQUAL(hash_index(txn, i, k, true), expected->hashes[k]);
        }
    }
}

#endif
