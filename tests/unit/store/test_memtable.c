/*
 * test_memtable.c - the MemTable against a plain list of everything that was ever put: versions,
 * entries in both directions, rollbacks, growth under readers, and every allocation failing.
 */
#include "os/os.h"
#include "store/memtable.h"
#include "unit/unit.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { KEYS = 60, GROUPS = 9, OPERATIONS = 3000 };

/* A record of these tests: one letter for the group, then filling. */
static void index_key(uint16_t index, sgc_str record, sgc_key *key)
{
    (void)index;
    sgc_key_text(key, sgc_str_of(record.data, 1), false);
}

static const sgc_index test_indexes[] = {{.name = SGC_STR_INIT("key")},
                                         {.name = SGC_STR_INIT("group")}};
static const sgc_table test_tables[] = {
    {.indexes = test_indexes, .index_count = 2, .code = {index_key}},
    {.indexes = test_indexes, .index_count = 2, .code = {index_key}},
};
static const sgc_schema test_schema = {.tables = test_tables, .table_count = 2};

/* ---- the model: every put that counts, in order ---- */

struct put {
    uint64_t sequence;
    uint16_t table;
    int key;
    char group; /* 0: deleted */
    int filling;
};

struct model {
    struct put puts[OPERATIONS];
    size_t count;
};

static uint64_t random_state = 42;

static uint64_t draw(uint64_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (random_state >> 11) % below;
}

static const struct put *model_get(const struct model *model, uint16_t table, int key, uint64_t at)
{
    for (size_t i = model->count; i-- > 0;) {
        const struct put *put = &model->puts[i];
        if (put->table == table && put->key == key && put->sequence <= at) return put;
    }
    return NULL;
}

static sgc_str key_text(int key, char text[16])
{
    int size = snprintf(text, 16, "k%d", key * 7);
    return sgc_str_of(text, (size_t)size);
}

static sgc_str record_text(const struct put *put, char text[64])
{
    if (!put || !put->group) return sgc_str_of(NULL, 0);
    int size = snprintf(text, 64, "%c-%d-%0*d", put->group, put->key, put->filling % 40, 1);
    return sgc_str_of(text, (size_t)size);
}

static sgc_status model_put(struct model *model, sgc_memtable *memtable, uint64_t sequence)
{
    struct put put = {sequence, (uint16_t)draw(2), (int)draw(KEYS), 0, (int)draw(1000)};
    char key[16], before[64], record[64];

    if (draw(4)) put.group = (char)('a' + draw(GROUPS));
    const struct put *old = model_get(model, put.table, put.key, UINT64_MAX);
    sgc_status status =
        sgc_memtable_put(memtable, put.table, key_text(put.key, key), record_text(old, before),
                         record_text(&put, record), sequence);
    if (status == SGC_OK) model->puts[model->count++] = put;
    return status;
}

static void check_row(const struct model *model, const sgc_memtable *memtable, uint64_t at)
{
    uint16_t table = (uint16_t)draw(2);
    int key = (int)draw(KEYS);
    char text[16], expected[64];
    const struct put *put = model_get(model, table, key, at);
    const sgc_version *version = sgc_memtable_get(memtable, table, key_text(key, text), at);

    CU_ASSERT_EQUAL(version != NULL, put != NULL);
    if (!version || !put) return;
    CU_ASSERT_EQUAL(version->sequence, put->sequence);
    CU_ASSERT_TRUE(sgc_str_eq(version->record, record_text(put, expected)));
}

/* ---- entries ---- */

struct entry {
    sgc_key key;
    bool present;
};

static int compare_entries(const void *a, const void *b)
{
    const struct entry *first = a, *second = b;
    return sgc_str_compare(sgc_key_str(&first->key), sgc_key_str(&second->key));
}

static void entry_of(const struct put *put, uint16_t index, sgc_key *key)
{
    char text[16], record[64];

    sgc_key_start(key);
    if (index == 1) index_key(1, record_text(put, record), key);
    sgc_key_raw(key, key_text(put->key, text));
}

/* What the entry is at `at`: of all puts of its row, does the newest have it? */
static size_t model_entries(const struct model *model, uint16_t table, uint16_t index, uint64_t at,
                            struct entry *entries)
{
    size_t count = 0, kept = 0;

    for (size_t i = 0; i < model->count; i++) {
        const struct put *put = &model->puts[i];
        if (put->table != table || put->sequence > at || !put->group) continue;
        const struct put *newest = model_get(model, table, put->key, at);
        entry_of(put, index, &entries[count].key);
        entries[count++].present = newest->group && (index == 0 || newest->group == put->group);
    }
    qsort(entries, count, sizeof *entries, compare_entries);
    for (size_t i = 0; i < count; i++) {
        if (kept && compare_entries(&entries[kept - 1], &entries[i]) == 0) continue;
        if (kept != i) entries[kept] = entries[i];
        kept++;
    }
    return kept;
}

static void check_walk(const struct entry *entries, size_t count, sgc_memtable_cursor *cursor,
                       sgc_str bound)
{
    size_t i = 0;

    while (i < count && !sgc_str_is_null(bound) &&
           sgc_str_compare(sgc_key_str(&entries[i].key), bound) < 0) {
        i++;
    }
    if (cursor->descending) i = sgc_str_is_null(bound) ? count - 1 : i - 1;
    sgc_memtable_cursor_seek(cursor, bound);
    for (; i < count; i += cursor->descending ? SIZE_MAX : 1) {
        CU_ASSERT_TRUE_FATAL(cursor->valid);
        CU_ASSERT_TRUE(sgc_str_eq(cursor->entry, sgc_key_str(&entries[i].key)));
        CU_ASSERT_EQUAL(cursor->present, entries[i].present);
        sgc_memtable_cursor_next(cursor);
    }
    CU_ASSERT_FALSE(cursor->valid);
}

static void check_entries(const struct model *model, const sgc_memtable *memtable, uint64_t at)
{
    struct entry *entries = calloc(OPERATIONS, sizeof *entries);
    uint16_t table = (uint16_t)draw(2), index = (uint16_t)draw(2);
    size_t count = model_entries(model, table, index, at, entries);
    sgc_memtable_cursor cursor;
    sgc_key bound;

    sgc_key_start(&bound);
    if (index == 1) sgc_key_text(&bound, sgc_str_of("abcdefghij" + draw(10), 1), false);
    if (index == 0 || draw(2)) sgc_key_raw(&bound, SGC_STR("k2"));
    sgc_memtable_cursor_open(&cursor, memtable, table, index, at, draw(2));
    check_walk(entries, count, &cursor, draw(3) ? sgc_key_str(&bound) : sgc_str_of(NULL, 0));
    free(entries);
}

static sgc_status create(bool is_private, sgc_memtable **memtable)
{
    return is_private ? sgc_memtable_create_private(&test_schema, memtable)
                      : sgc_memtable_create(&test_schema, memtable);
}

static void agree_with_the_model(bool is_private)
{
    struct model *model = calloc(1, sizeof *model);
    sgc_memtable *memtable;

    CU_ASSERT_EQUAL_FATAL(create(is_private, &memtable), SGC_OK);
    CU_ASSERT_TRUE(sgc_memtable_is_empty(memtable));
    for (uint64_t i = 1; i <= OPERATIONS; i++) {
        CU_ASSERT_EQUAL(model_put(model, memtable, i / 3), SGC_OK);
        check_row(model, memtable, draw(i / 3 + 1));
        if (i % 50 == 0) check_entries(model, memtable, draw(i / 3 + 1));
    }
    CU_ASSERT_FALSE(sgc_memtable_is_empty(memtable));
    sgc_memtable_destroy(memtable);
    free(model);
}

static void agrees_with_the_model(void)
{
    agree_with_the_model(false);
    agree_with_the_model(true);
}

static void roll_back(bool is_private)
{
    struct model *model = calloc(1, sizeof *model);
    sgc_memtable *memtable;
    uint64_t position = 0;

    CU_ASSERT_EQUAL_FATAL(create(is_private, &memtable), SGC_OK);
    while (model->count < OPERATIONS - 1 && position < 4000) {
        CU_ASSERT_EQUAL(model_put(model, memtable, ++position), SGC_OK);
        check_row(model, memtable, UINT64_MAX);
        if (draw(20)) continue;
        uint64_t mark = position - draw(position < 60 ? position : 60);
        sgc_memtable_rollback(memtable, mark);
        while (model->count && model->puts[model->count - 1].sequence > mark)
            model->count--;
        check_entries(model, memtable, UINT64_MAX);
        check_row(model, memtable, UINT64_MAX);
    }
    sgc_memtable_rollback(memtable, 0);
    CU_ASSERT_TRUE(sgc_memtable_is_empty(memtable));
    model->count = 0;
    check_entries(model, memtable, UINT64_MAX);
    sgc_memtable_destroy(memtable);
    free(model);
}

static void rollback_takes_back_exactly_what_came_later(void)
{
    roll_back(false);
    roll_back(true);
}

struct seen {
    const struct model *model;
    uint64_t at;
    size_t rows;
    uint16_t table;
    char last[16];
};

static sgc_status see(void *context, uint16_t table, sgc_str key, const sgc_version *version)
{
    struct seen *seen = context;
    char text[64];

    if (seen->rows && seen->table == table) {
        CU_ASSERT_TRUE(sgc_str_compare(sgc_str_from(seen->last), key) < 0);
    }
    CU_ASSERT_TRUE(table >= seen->table);
    seen->table = table;
    seen->rows++;
    snprintf(seen->last, sizeof seen->last, SGC_FMT, SGC_ARG(key));
    int number = (int)(strtol(seen->last + 1, NULL, 10) / 7);
    const struct put *put = model_get(seen->model, table, number, seen->at);
    CU_ASSERT_TRUE_FATAL(put != NULL);
    CU_ASSERT_TRUE(sgc_str_eq(version->record, record_text(put, text)));
    return seen->rows == 70 ? SGC_LIMIT : SGC_OK;
}

static void each_row_comes_once_in_order(void)
{
    struct model *model = calloc(1, sizeof *model);
    sgc_memtable *memtable;

    CU_ASSERT_EQUAL_FATAL(sgc_memtable_create(&test_schema, &memtable), SGC_OK);
    for (uint64_t i = 1; i <= 400; i++)
        CU_ASSERT_EQUAL(model_put(model, memtable, i), SGC_OK);
    for (uint64_t at = 0; at <= 400; at += 20) {
        struct seen seen = {.model = model, .at = at};
        size_t expected = 0;
        for (uint16_t table = 0; table < 2; table++) {
            for (int key = 0; key < KEYS; key++) {
                expected += model_get(model, table, key, at) != NULL;
            }
        }
        sgc_status status = sgc_memtable_each(memtable, at, see, &seen);
        CU_ASSERT_EQUAL(status, expected >= 70 ? SGC_LIMIT : SGC_OK);
        CU_ASSERT_EQUAL(seen.rows, expected >= 70 ? 70 : expected);
    }
    sgc_memtable_destroy(memtable);
    free(model);
}

static void a_restamped_write_set_is_one_commit(void)
{
    sgc_memtable *memtable;
    sgc_str none = {NULL, 0};
    sgc_memtable_walk walk = {.row = NULL};

    CU_ASSERT_EQUAL_FATAL(sgc_memtable_create(&test_schema, &memtable), SGC_OK);
    CU_ASSERT_EQUAL(sgc_memtable_put(memtable, 0, SGC_STR("x"), SGC_STR("old"), SGC_STR("a1"), 1),
                    SGC_OK);
    CU_ASSERT_EQUAL(sgc_memtable_put(memtable, 0, SGC_STR("x"), SGC_STR("a1"), SGC_STR("a2"), 2),
                    SGC_OK);
    CU_ASSERT_EQUAL(sgc_memtable_put(memtable, 1, SGC_STR("y"), none, SGC_STR("b"), 3), SGC_OK);
    sgc_memtable_restamp(memtable, 77);
    CU_ASSERT_PTR_NULL(sgc_memtable_get(memtable, 0, SGC_STR("x"), 76));
    UNIT_STR(sgc_memtable_get(memtable, 0, SGC_STR("x"), 77)->record, "a2");
    CU_ASSERT_TRUE(sgc_memtable_walk_next(memtable, &walk));
    UNIT_STR(walk.before, "old");
    UNIT_STR(walk.newest->record, "a2");
    CU_ASSERT_TRUE(sgc_memtable_walk_next(memtable, &walk));
    UNIT_STR(walk.key, "y");
    CU_ASSERT_FALSE(sgc_memtable_walk_next(memtable, &walk));
    sgc_memtable_destroy(memtable);
}

/* Every allocation fails once; what was put before stays whole, what failed leaves nothing. */
static void fail_puts(bool is_private)
{
    struct model *model = calloc(1, sizeof *model);

    for (uint64_t n = 1; n < 40; n++) {
        sgc_memtable *memtable = NULL;
        model->count = 0;
        sgc_alloc_fail_at(n, false);
        sgc_status status = create(is_private, &memtable);
        CU_ASSERT_EQUAL(status, memtable ? SGC_OK : SGC_NO_MEMORY);
        for (uint64_t i = 1; memtable && i <= 600; i++) {
            status = model_put(model, memtable, i);
            CU_ASSERT_TRUE(status == SGC_OK || status == SGC_NO_MEMORY);
            if (status != SGC_OK) check_entries(model, memtable, UINT64_MAX);
            check_row(model, memtable, UINT64_MAX);
        }
        sgc_alloc_fail_at(0, false);
        if (memtable) check_entries(model, memtable, UINT64_MAX);
        sgc_memtable_destroy(memtable);
    }
    free(model);
}

static void failed_puts_leave_nothing(void)
{
    fail_puts(false);
    fail_puts(true);
}

/* Several readers ask a write set that became a commit for its order at the same time. */
struct asking {
    const sgc_memtable *memtable;
    size_t entries;
};

static void *ask(void *argument)
{
    struct asking *asking = argument;
    sgc_memtable_cursor cursor;

    sgc_memtable_cursor_open(&cursor, asking->memtable, 0, 1, 7, false);
    for (sgc_memtable_cursor_seek(&cursor, sgc_str_of(NULL, 0)); cursor.valid;
         sgc_memtable_cursor_next(&cursor)) {
        asking->entries += cursor.present;
    }
    return NULL;
}

static void readers_share_the_order_of_an_adopted_write_set(void)
{
    sgc_memtable *memtable;
    struct asking asking[4];
    sgc_thread threads[4];
    char key[16];

    CU_ASSERT_EQUAL_FATAL(sgc_memtable_create_private(&test_schema, &memtable), SGC_OK);
    for (int i = 0; i < 5000; i++) {
        CU_ASSERT_EQUAL(sgc_memtable_put(memtable, 0, key_text(i * 7919 % 5000, key),
                                         sgc_str_of(NULL, 0), SGC_STR("abc"), 1 + (uint64_t)i),
                        SGC_OK);
    }
    sgc_memtable_restamp(memtable, 7);
    for (int i = 0; i < 4; i++) {
        asking[i] = (struct asking){memtable, 0};
        CU_ASSERT_EQUAL_FATAL(sgc_thread_start(&threads[i], ask, &asking[i]), SGC_OK);
    }
    for (int i = 0; i < 4; i++) {
        sgc_thread_join(threads[i]);
        CU_ASSERT_EQUAL(asking[i].entries, 5000);
    }
    sgc_memtable_destroy(memtable);
}

static void too_long_is_refused(void)
{
    sgc_memtable *memtable;
    char key[SGC_KEY_MAX + 1];
    sgc_str none = {NULL, 0};

    memset(key, 'k', sizeof key);
    CU_ASSERT_EQUAL_FATAL(sgc_memtable_create(&test_schema, &memtable), SGC_OK);
    CU_ASSERT_EQUAL(
        sgc_memtable_put(memtable, 0, sgc_str_of(key, sizeof key), none, SGC_STR("a"), 1),
        SGC_LIMIT);
    /* The key fits, the entry of index 1 with the key behind it does not. */
    CU_ASSERT_EQUAL(
        sgc_memtable_put(memtable, 0, sgc_str_of(key, SGC_KEY_MAX), none, SGC_STR("a"), 1),
        SGC_LIMIT);
    CU_ASSERT_PTR_NULL(sgc_memtable_get(memtable, 0, sgc_str_of(key, SGC_KEY_MAX), UINT64_MAX));
    CU_ASSERT_TRUE(sgc_memtable_is_empty(memtable));
    sgc_memtable_destroy(memtable);
}

/* ---- readers beside the writer ---- */

enum { MANY = 20000, READERS = 3 };

struct shared {
    sgc_memtable *memtable;
    _Atomic uint64_t published;
    _Atomic int wrong;
};

static bool reader_finds_all(struct shared *shared, uint64_t at, bool descending)
{
    sgc_memtable_cursor cursor;
    uint64_t count = 0;
    char text[16];

    sgc_memtable_cursor_open(&cursor, shared->memtable, 0, 1, at, descending);
    for (sgc_memtable_cursor_seek(&cursor, sgc_str_of(NULL, 0)); cursor.valid;
         sgc_memtable_cursor_next(&cursor)) {
        count += cursor.present;
    }
    for (uint64_t i = 1; i <= at; i += 37) {
        int key = (int)(i * 7919 % MANY);
        if (!sgc_memtable_get(shared->memtable, 0, key_text(key, text), at)) return false;
    }
    return count == at;
}

static void *read_along(void *argument)
{
    struct shared *shared = argument;
    uint64_t at = 0;

    for (int turn = 0; at < MANY; turn++) {
        at = atomic_load_explicit(&shared->published, memory_order_acquire);
        if (!reader_finds_all(shared, at, turn & 1)) atomic_fetch_add(&shared->wrong, 1);
    }
    return NULL;
}

static void readers_see_every_published_row(void)
{
    struct shared shared = {.published = 0};
    sgc_thread threads[READERS];
    char text[16], record[8];

    CU_ASSERT_EQUAL_FATAL(sgc_memtable_create(&test_schema, &shared.memtable), SGC_OK);
    for (int i = 0; i < READERS; i++) {
        CU_ASSERT_EQUAL_FATAL(sgc_thread_start(&threads[i], read_along, &shared), SGC_OK);
    }
    for (uint64_t i = 1; i <= MANY; i++) {
        record[0] = (char)('a' + i % 26);
        CU_ASSERT_EQUAL(sgc_memtable_put(shared.memtable, 0, key_text((int)(i * 7919 % MANY), text),
                                         sgc_str_of(NULL, 0), sgc_str_of(record, 1), i),
                        SGC_OK);
        atomic_store_explicit(&shared.published, i, memory_order_release);
    }
    for (int i = 0; i < READERS; i++)
        sgc_thread_join(threads[i]);
    CU_ASSERT_EQUAL(shared.wrong, 0);
    sgc_memtable_destroy(shared.memtable);
}

/* ---- values of unique indexes ---- */

static void whole_record(uint16_t index, sgc_str record, sgc_key *key)
{
    (void)index;
    sgc_key_text(key, record, false);
}

static const sgc_index unique_indexes[] = {{.name = SGC_STR_INIT("key")},
                                           {.name = SGC_STR_INIT("code"), .unique = true}};
static const sgc_table unique_tables[] = {
    {.indexes = unique_indexes, .index_count = 2, .code = {whole_record}},
};
static const sgc_schema unique_schema = {.tables = unique_tables, .table_count = 1};

static bool touches(const sgc_memtable *memtable, int code)
{
    char text[16];
    sgc_key key;

    sgc_key_start(&key);
    whole_record(1, key_text(code, text), &key);
    return sgc_memtable_may_touch(memtable, sgc_memtable_unique_hash(0, 1, sgc_key_str(&key)));
}

static void *look_for_touched(void *argument)
{
    struct shared *shared = argument;
    uint64_t at = 0;

    while (at < MANY) {
        at = atomic_load_explicit(&shared->published, memory_order_acquire);
        for (uint64_t i = 1; i <= at; i++) {
            if (!touches(shared->memtable, (int)i)) atomic_fetch_add(&shared->wrong, 1);
        }
    }
    return NULL;
}

static void readers_miss_no_touched_value(void)
{
    struct shared shared = {.published = 0};
    sgc_thread thread;
    char key[16], code[16];
    int strangers = 0;

    CU_ASSERT_EQUAL_FATAL(sgc_memtable_create(&unique_schema, &shared.memtable), SGC_OK);
    CU_ASSERT_FALSE(touches(shared.memtable, 1));
    CU_ASSERT_EQUAL_FATAL(sgc_thread_start(&thread, look_for_touched, &shared), SGC_OK);
    for (uint64_t i = 1; i <= MANY; i++) {
        CU_ASSERT_EQUAL(sgc_memtable_put(shared.memtable, 0, key_text((int)i, key),
                                         sgc_str_of(NULL, 0), key_text((int)i, code), i),
                        SGC_OK);
        atomic_store_explicit(&shared.published, i, memory_order_release);
    }
    sgc_thread_join(thread);
    CU_ASSERT_EQUAL(shared.wrong, 0);
    for (int i = 1; i <= MANY; i++)
        strangers += touches(shared.memtable, MANY + i);
    CU_ASSERT(strangers < MANY / 100);
    /* One that goes is touched, too. */
    CU_ASSERT_EQUAL(sgc_memtable_put(shared.memtable, 0, key_text(0, key), key_text(-1, code),
                                     sgc_str_of(NULL, 0), MANY + 1),
                    SGC_OK);
    CU_ASSERT_TRUE(touches(shared.memtable, -1));
    sgc_memtable_destroy(shared.memtable);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"agrees with the model", agrees_with_the_model},
        {"rollback takes back exactly what came later",
         rollback_takes_back_exactly_what_came_later},
        {"each row comes once, in order", each_row_comes_once_in_order},
        {"a restamped write set is one commit", a_restamped_write_set_is_one_commit},
        {"failed puts leave nothing", failed_puts_leave_nothing},
        {"readers share the order of an adopted write set",
         readers_share_the_order_of_an_adopted_write_set},
        {"too long is refused", too_long_is_refused},
        {"readers see every published row", readers_see_every_published_row},
        {"readers miss no touched value", readers_miss_no_touched_value},
        CU_TEST_INFO_NULL,
    };
    return unit_run("store.memtable", tests);
}
