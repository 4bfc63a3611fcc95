/* test_pages.c - the checkpointed image against a model in memory: many flushes, reopened. */
#include "store/image.h"
#include "unit/store/fresh_disk.h"
#include "unit/store/image_fixture.h"
#include "unit/unit.h"

static sgc_pages *must_open(const sgc_os *os, uint64_t cache_bytes)
{
    sgc_pages_options options = {.cache_bytes = cache_bytes};
    sgc_pages *pages;
    sgc_error error = {0};

    if (sgc_pages_open(os, "db", &fx_schema, &options, &pages, &error)) {
        printf("\n    %s\n", error.text);
        CU_FAIL_FATAL("open");
    }
    return pages;
}

static sgc_status flush_changes(sgc_pages *pages, fx_model *model, size_t changes,
                                uint64_t sequence, const fx_script *script, uint64_t *seed,
                                sgc_error *error)
{
    sgc_flush *flush;
    sgc_status status = sgc_flush_begin(pages, &flush, error);

    if (status) return status;
    status = fx_run(flush, model, changes, sequence, script, seed, error);
    if (status) {
        sgc_flush_abort(flush);
        return status;
    }
    return sgc_flush_commit(flush, sequence, sequence * 10, error);
}

/* Rounds of changes, each checked, verified and reopened. */
static void rounds(size_t rows, size_t longest_key, uint64_t cache, unsigned count, size_t changes,
                   fx_script script, uint64_t seed)
{
    const sgc_os *os = fresh_disk();
    sgc_pages *pages = must_open(os, cache);
    fx_model model;
    sgc_error error = {0};

    CU_ASSERT_TRUE_FATAL(fx_model_create(&model, rows, longest_key, seed));
    for (unsigned i = 1; i <= count; i++) {
        sgc_status status = flush_changes(pages, &model, changes, i, &script, &seed, &error);
        if (status) printf("\n    flush %u: %s\n", i, error.text);
        CU_ASSERT_EQUAL_FATAL(status, SGC_OK);
        if (i % 3 == 0) {
            sgc_pages_close(pages);
            pages = must_open(os, cache);
        }
        sgc_checkpoint *checkpoint = sgc_pages_newest(pages);
        CU_ASSERT_EQUAL(sgc_checkpoint_sequence(checkpoint), i);
        CU_ASSERT_EQUAL(sgc_checkpoint_time_us(checkpoint), i * 10);
        bool good = fx_check(checkpoint, &model, &seed);
        sgc_checkpoint_release(checkpoint);
        if (!good) printf("\n    after flush %u\n", i);
        CU_ASSERT_TRUE_FATAL(good);
        CU_ASSERT_TRUE_FATAL(fx_verify(pages));
    }
    sgc_pages_close(pages);
    fx_model_free(&model);
}

static void small_rows(void)
{
    rounds(3000, 12, 8 << 20, 20, 1500, (fx_script){.deletes = 20, .note = 60}, 1);
}

/* Rows that come next are made ready, 16 at a time, only where the cache has room for many. */
static void large_cache(void)
{
    rounds(3000, 12, 64 << 20, 8, 1500, (fx_script){.deletes = 20, .note = 60}, 21);
    rounds(600, 12, 64 << 20, 8, 300, (fx_script){.deletes = 20, .note = 300, .large = 20000}, 22);
}

static uint64_t count_pins(const sgc_pages *pages)
{
    uint64_t pins = 0;

    for (uint32_t i = 1; i < pages->cache.fresh; i++)
        pins += atomic_load(&pages->cache.frames[i].pins) & (SGC_FRAME_TAKEN - 1);
    return pins;
}

/* Left anywhere, a cursor gives every pin back. */
static void cursors_give_pins_back(void)
{
    sgc_pages *pages = must_open(fresh_disk(), 64 << 20);
    fx_model model;
    uint64_t seed = 31;
    sgc_error error = {0};
    fx_script script = {.note = 60};

    CU_ASSERT_TRUE_FATAL(fx_model_create(&model, 2000, 12, seed));
    CU_ASSERT_EQUAL_FATAL(flush_changes(pages, &model, 4000, 1, &script, &seed, &error), SGC_OK);
    sgc_checkpoint *checkpoint = sgc_pages_newest(pages);
    CU_ASSERT_TRUE(fx_check(checkpoint, &model, &seed));
    uint64_t before = count_pins(pages);
    for (unsigned i = 0; i < 400; i++) {
        sgc_page_cursor cursor;
        sgc_stored_row row;
        sgc_page_cursor_open(&cursor, checkpoint, PERSON, BY_AGE, i % 2);
        CU_ASSERT_EQUAL(sgc_page_cursor_seek(&cursor, sgc_str_of(NULL, 0), &error), SGC_OK);
        for (unsigned step = 0; step < i && cursor.valid; step++) {
            if (fx_random(&seed) % 4)
                CU_ASSERT_EQUAL(sgc_page_cursor_row(&cursor, &row, &error), SGC_OK);
            if (fx_random(&seed) % 64 == 0)
                CU_ASSERT_EQUAL(sgc_page_cursor_seek(&cursor, cursor.entry, &error), SGC_OK);
            CU_ASSERT_EQUAL(sgc_page_cursor_next(&cursor, &error), SGC_OK);
        }
        sgc_page_cursor_close(&cursor);
        CU_ASSERT_EQUAL_FATAL(count_pins(pages), before);
    }
    sgc_checkpoint_release(checkpoint);
    sgc_pages_close(pages);
    fx_model_free(&model);
}

static void mostly_deletes(void)
{
    rounds(2000, 12, 8 << 20, 20, 3000, (fx_script){.deletes = 85, .note = 200}, 2);
}

static void long_keys(void)
{
    rounds(400, SGC_KEY_MAX, 8 << 20, 20, 200, (fx_script){.deletes = 30, .note = 300}, 3);
}

static void rows_over_many_pages(void)
{
    rounds(200, 30, 8 << 20, 12, 80, (fx_script){.deletes = 30, .note = 4200, .large = 900000}, 4);
}

static void smallest_cache(void)
{
    rounds(2500, 40, 64 * 4096, 12, 1200, (fx_script){.deletes = 25, .note = 300, .large = 30000},
           5);
}

static void one_row_at_a_time(void)
{
    rounds(40, 12, 1 << 20, 60, 1, (fx_script){.deletes = 30, .note = 2000}, 6);
}

static void everything_can_go(void)
{
    const sgc_os *os = fresh_disk();
    sgc_pages *pages = must_open(os, 1 << 20);
    fx_model model;
    uint64_t seed = 7;
    sgc_error error = {0};
    fx_script fill = {.note = 200, .large = 20000}, clear = {.deletes = 100};

    CU_ASSERT_TRUE_FATAL(fx_model_create(&model, 1000, 20, seed));
    for (uint64_t round = 0; round < 4; round++) {
        CU_ASSERT_EQUAL_FATAL(
            flush_changes(pages, &model, 3000, 2 * round + 1, &fill, &seed, &error), SGC_OK);
        CU_ASSERT_EQUAL_FATAL(
            flush_changes(pages, &model, 20000, 2 * round + 2, &clear, &seed, &error), SGC_OK);
        for (size_t i = 0; i < model.count; i++)
            CU_ASSERT_FALSE_FATAL(model.rows[i].present);
        sgc_checkpoint *checkpoint = sgc_pages_newest(pages);
        CU_ASSERT_EQUAL(sgc_checkpoint_rows(checkpoint, PERSON), 0);
        CU_ASSERT_TRUE(fx_check(checkpoint, &model, &seed));
        sgc_checkpoint_release(checkpoint);
        CU_ASSERT_TRUE_FATAL(fx_verify(pages));
    }
    sgc_pages_stats stats;
    sgc_pages_get_stats(pages, &stats);
    /* Space is used again: four rounds need no more than about one and the old checkpoint's. */
    CU_ASSERT_TRUE(stats.file_bytes < 4 << 20);
    CU_ASSERT_TRUE(stats.free_bytes > stats.file_bytes / 2);
    sgc_pages_close(pages);
    fx_model_free(&model);
}

static void file_gets_shorter(void)
{
    const sgc_os *os = fresh_disk();
    sgc_pages *pages = must_open(os, 1 << 20);
    fx_model model;
    uint64_t seed = 12;
    sgc_error error = {0};
    sgc_flush *flush;
    sgc_pages_stats before, after;
    fx_script fill = {.note = 300, .large = 20000}, thin = {.deletes = 97, .note = 300};

    CU_ASSERT_TRUE_FATAL(fx_model_create(&model, 3000, 20, seed));
    CU_ASSERT_EQUAL_FATAL(flush_changes(pages, &model, 6000, 1, &fill, &seed, &error), SGC_OK);
    CU_ASSERT_EQUAL_FATAL(flush_changes(pages, &model, 9000, 2, &thin, &seed, &error), SGC_OK);
    sgc_pages_get_stats(pages, &before);
    for (uint64_t i = 3; i < 7; i++) {
        CU_ASSERT_EQUAL_FATAL(sgc_flush_begin(pages, &flush, &error), SGC_OK);
        CU_ASSERT_EQUAL_FATAL(sgc_flush_compact(flush, &error), SGC_OK);
        CU_ASSERT_EQUAL_FATAL(sgc_flush_commit(flush, i, i * 10, &error), SGC_OK);
        sgc_checkpoint *checkpoint = sgc_pages_newest(pages);
        CU_ASSERT_TRUE_FATAL(fx_check(checkpoint, &model, &seed));
        sgc_checkpoint_release(checkpoint);
        CU_ASSERT_TRUE_FATAL(fx_verify(pages));
    }
    sgc_pages_get_stats(pages, &after);
    CU_ASSERT_TRUE(after.file_bytes < before.file_bytes / 4);
    sgc_pages_close(pages);
    sgc_file *file;
    uint64_t size = 0;
    CU_ASSERT_EQUAL_FATAL(os->open(os->self, "db/pages", SGC_OPEN_READ, &file), SGC_OK);
    CU_ASSERT_EQUAL(os->size(os->self, file, &size), SGC_OK);
    os->close(os->self, file);
    CU_ASSERT_EQUAL(size, after.file_bytes);
    pages = must_open(os, 1 << 20);
    CU_ASSERT_TRUE(fx_verify(pages));
    sgc_pages_close(pages);
    fx_model_free(&model);
}

static void number_keys(void)
{
    const sgc_os *os = fresh_disk();
    sgc_pages *pages = must_open(os, 8 << 20);
    uint8_t bytes[SGC_RECORD_HEAD + 9];
    sgc_flush *flush;
    sgc_error error = {0};
    sgc_key key;

    CU_ASSERT_EQUAL_FATAL(sgc_flush_begin(pages, &flush, &error), SGC_OK);
    for (int64_t i = 0; i < 30000; i++) {
        int64_t value = (i * 7919) % 30011 - 15000;
        sgc_pk_int64(&key, value);
        CU_ASSERT_EQUAL_FATAL(fx_put(flush, NUMBER, sgc_key_str(&key), (uint64_t)i + 1,
                                     fx_number_record(value, bytes), &error),
                              SGC_OK);
    }
    CU_ASSERT_EQUAL_FATAL(sgc_flush_commit(flush, 1, 1, &error), SGC_OK);
    CU_ASSERT_TRUE(fx_verify(pages));
    sgc_checkpoint *checkpoint = sgc_pages_newest(pages);
    sgc_page_cursor cursor;
    sgc_page_cursor_open(&cursor, checkpoint, NUMBER, 0, false);
    CU_ASSERT_EQUAL(sgc_page_cursor_seek(&cursor, sgc_str_of(NULL, 0), &error), SGC_OK);
    int64_t last = INT64_MIN, value;
    unsigned count = 0;
    for (; cursor.valid; count++) {
        CU_ASSERT_TRUE(sgc_pk_read_int64(cursor.entry, &value));
        CU_ASSERT_TRUE(value > last);
        CU_ASSERT_EQUAL(cursor.key_size, cursor.entry.size);
        last = value;
        CU_ASSERT_EQUAL_FATAL(sgc_page_cursor_next(&cursor, &error), SGC_OK);
    }
    CU_ASSERT_EQUAL(count, 30000);
    sgc_page_cursor_close(&cursor);
    sgc_checkpoint_release(checkpoint);
    sgc_pages_close(pages);
}

static void old_checkpoints_stay_readable(void)
{
    const sgc_os *os = fresh_disk();
    sgc_pages *pages = must_open(os, 1 << 20);
    fx_model model, copies[5];
    sgc_checkpoint *held[5];
    uint64_t seed = 8;
    sgc_error error = {0};
    fx_script script = {.deletes = 30, .note = 300, .large = 20000};

    CU_ASSERT_TRUE_FATAL(fx_model_create(&model, 600, 20, seed));
    for (unsigned i = 0; i < 5; i++) {
        for (uint64_t n = 0; n < 3; n++)
            CU_ASSERT_EQUAL_FATAL(
                flush_changes(pages, &model, 500, 3 * i + n + 1, &script, &seed, &error), SGC_OK);
        held[i] = sgc_pages_newest(pages);
        fx_model_copy(&model, &copies[i]);
    }
    for (unsigned i = 0; i < 5; i++)
        CU_ASSERT_TRUE(fx_check(held[i], &copies[i], &seed));
    static const unsigned order[] = {2, 0, 4, 1, 3};
    for (unsigned i = 0; i < 5; i++) {
        sgc_checkpoint_release(held[order[i]]);
        held[order[i]] = NULL;
        CU_ASSERT_EQUAL_FATAL(flush_changes(pages, &model, 500, 100 + i, &script, &seed, &error),
                              SGC_OK);
        for (unsigned j = 0; j < 5; j++)
            if (held[j]) CU_ASSERT_TRUE(fx_check(held[j], &copies[j], &seed));
        CU_ASSERT_TRUE(fx_verify(pages));
    }
    sgc_pages_close(pages);
    for (unsigned i = 0; i < 5; i++)
        fx_model_free(&copies[i]);
    fx_model_free(&model);
}

static void abort_leaves_nothing(void)
{
    const sgc_os *os = fresh_disk();
    sgc_pages *pages = must_open(os, 512 << 10);
    fx_model model, before;
    uint64_t seed = 9;
    sgc_error error = {0};
    sgc_flush *flush, *second;
    fx_script script = {.deletes = 30, .note = 300, .large = 20000};
    sgc_pages_stats first, last;

    CU_ASSERT_TRUE_FATAL(fx_model_create(&model, 600, 20, seed));
    CU_ASSERT_EQUAL_FATAL(flush_changes(pages, &model, 900, 1, &script, &seed, &error), SGC_OK);
    fx_model_copy(&model, &before);
    sgc_pages_get_stats(pages, &first);
    for (unsigned i = 0; i < 10; i++) {
        CU_ASSERT_EQUAL_FATAL(sgc_flush_begin(pages, &flush, &error), SGC_OK);
        CU_ASSERT_EQUAL(sgc_flush_begin(pages, &second, &error), SGC_BUSY);
        CU_ASSERT_EQUAL(fx_run(flush, &model, 900, 2, &script, &seed, &error), SGC_OK);
        sgc_flush_abort(flush);
        sgc_checkpoint *checkpoint = sgc_pages_newest(pages);
        CU_ASSERT_TRUE(fx_check(checkpoint, &before, &seed));
        sgc_checkpoint_release(checkpoint);
        CU_ASSERT_TRUE(fx_verify(pages));
    }
    CU_ASSERT_EQUAL_FATAL(flush_changes(pages, &before, 1, 3, &script, &seed, &error), SGC_OK);
    sgc_pages_get_stats(pages, &last);
    CU_ASSERT_TRUE(last.file_bytes < 4 * first.file_bytes);
    CU_ASSERT_TRUE(fx_verify(pages));
    sgc_pages_close(pages);
    fx_model_free(&before);
    fx_model_free(&model);
}

static void bad_calls_are_refused(void)
{
    const sgc_os *os = fresh_disk();
    sgc_pages *pages = must_open(os, 512 << 10);
    sgc_pages_options options = {.cache_bytes = 512 << 10};
    sgc_pages *other;
    sgc_error error = {0};
    sgc_flush *flush;
    char key[SGC_KEY_MAX + 1] = {0};
    sgc_schema changed = fx_schema;

    CU_ASSERT_EQUAL_FATAL(sgc_flush_begin(pages, &flush, &error), SGC_OK);
    CU_ASSERT_EQUAL(fx_put(flush, 2, SGC_STR("a"), 1, SGC_STR("b"), &error), SGC_INVALID);
    sgc_flush_abort(flush);
    CU_ASSERT_EQUAL_FATAL(sgc_flush_begin(pages, &flush, &error), SGC_OK);
    CU_ASSERT_EQUAL(fx_put(flush, 0, sgc_str_of(key, sizeof key), 1, SGC_STR("b"), &error),
                    SGC_LIMIT);
    CU_ASSERT_EQUAL(sgc_flush_commit(flush, 9, 9, &error), SGC_LIMIT);
    sgc_pages_close(pages);
    changed.hash++;
    CU_ASSERT_EQUAL(sgc_pages_open(os, "db", &changed, &options, &other, &error),
                    SGC_SCHEMA_MISMATCH);
    CU_ASSERT_EQUAL(sgc_pages_open(os, "elsewhere", &fx_schema, &options, &other, &error),
                    SGC_NOT_FOUND);
}

static void another_schema_empties(void)
{
    const sgc_os *os = fresh_disk();
    sgc_pages *pages = must_open(os, 1 << 20);
    fx_model model;
    uint64_t seed = 10;
    sgc_error error = {0};
    sgc_flush *flush;
    fx_script script = {.note = 300, .large = 20000};
    sgc_schema changed = fx_schema;

    changed.hash = 43;
    changed.table_count = 1;
    CU_ASSERT_TRUE_FATAL(fx_model_create(&model, 600, 20, seed));
    CU_ASSERT_EQUAL_FATAL(flush_changes(pages, &model, 900, 1, &script, &seed, &error), SGC_OK);
    CU_ASSERT_EQUAL_FATAL(sgc_flush_begin(pages, &flush, &error), SGC_OK);
    CU_ASSERT_EQUAL_FATAL(sgc_flush_set_schema(flush, &changed, &error), SGC_OK);
    CU_ASSERT_EQUAL_FATAL(sgc_flush_commit(flush, 2, 2, &error), SGC_OK);
    CU_ASSERT_PTR_EQUAL(sgc_pages_schema(pages), &changed);
    for (size_t i = 0; i < model.count; i++)
        model.rows[i].present = false;
    sgc_checkpoint *checkpoint = sgc_pages_newest(pages);
    CU_ASSERT_TRUE(fx_check(checkpoint, &model, &seed));
    sgc_checkpoint_release(checkpoint);
    CU_ASSERT_TRUE(fx_verify(pages));
    CU_ASSERT_EQUAL_FATAL(flush_changes(pages, &model, 900, 3, &script, &seed, &error), SGC_OK);
    checkpoint = sgc_pages_newest(pages);
    CU_ASSERT_TRUE(fx_check(checkpoint, &model, &seed));
    sgc_checkpoint_release(checkpoint);
    CU_ASSERT_TRUE(fx_verify(pages));
    sgc_pages_close(pages);
    fx_model_free(&model);
}

/* The image keeps its schema: opened without one, it builds the model from its own text. */
static void schema_is_kept(void)
{
    const sgc_os *os = fresh_disk();
    sgc_schema_file file = {SGC_STR("kept.graphql"),
                            SGC_STR("type Book { id: ID! title: String! @unique pages: Int }\n")};
    sgc_arena arena = {0}, row_arena = {0};
    sgc_diagnostics diagnostics = {.arena = &arena};
    sgc_schema_built built;
    sgc_pages_options options = {.cache_bytes = 1 << 20};
    sgc_pages *pages;
    sgc_error error = {0};
    sgc_flush *flush;
    sgc_stored_row row;
    uint8_t bytes[100], *p;

    CU_ASSERT_EQUAL_FATAL(sgc_pages_open(os, "db", NULL, &options, &pages, &error), SGC_OK);
    CU_ASSERT_PTR_NULL(sgc_pages_schema(pages));
    CU_ASSERT_TRUE(fx_verify(pages));
    sgc_pages_close(pages);
    CU_ASSERT_EQUAL_FATAL(sgc_schema_build(&file, 1, SGC_STR("kept"), sgc_str_of(NULL, 0), &arena,
                                           &diagnostics, &built),
                          SGC_OK);
    CU_ASSERT_EQUAL_FATAL(sgc_pages_open(os, "db", built.schema, &options, &pages, &error), SGC_OK);
    p = sgc_put_record_head(bytes, 3, built.schema->tables[0].layout.version);
    p = sgc_put_int(p, true, 7);
    p = sgc_put_str(p, SGC_STR("b1"));
    p = sgc_put_str(p, SGC_STR("Emma"));
    sgc_str record = sgc_str_of((char *)bytes, (size_t)(p - bytes));
    CU_ASSERT_EQUAL_FATAL(sgc_flush_begin(pages, &flush, &error), SGC_OK);
    if (fx_put(flush, 0, SGC_STR("b1"), 1, record, &error)) {
        printf("\n    %s\n", error.text);
        CU_FAIL_FATAL("put");
    };
    CU_ASSERT_EQUAL_FATAL(sgc_flush_commit(flush, 1, 1, &error), SGC_OK);
    CU_ASSERT_TRUE(fx_verify(pages));
    sgc_pages_close(pages);
    sgc_arena_free(&arena);
    CU_ASSERT_EQUAL_FATAL(sgc_pages_open(os, "db", NULL, &options, &pages, &error), SGC_OK);
    const sgc_schema *kept = sgc_pages_schema(pages);
    CU_ASSERT_PTR_NOT_NULL_FATAL(kept);
    UNIT_STR(kept->name, "kept");
    CU_ASSERT_EQUAL(kept->table_count, 1);
    sgc_checkpoint *checkpoint = sgc_pages_newest(pages);
    CU_ASSERT_EQUAL_FATAL(
        sgc_checkpoint_get(checkpoint, 0, SGC_STR("b1"), &row_arena, &row, &error), SGC_OK);
    CU_ASSERT_TRUE(sgc_str_eq(row.record, record));
    sgc_checkpoint_release(checkpoint);
    CU_ASSERT_TRUE(fx_verify(pages));
    sgc_pages_close(pages);
    sgc_arena_free(&row_arena);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"small rows", small_rows},
        {"large cache", large_cache},
        {"cursors give pins back", cursors_give_pins_back},
        {"mostly deletes", mostly_deletes},
        {"long keys", long_keys},
        {"rows over many pages", rows_over_many_pages},
        {"smallest cache", smallest_cache},
        {"one row at a time", one_row_at_a_time},
        {"everything can go", everything_can_go},
        {"file gets shorter", file_gets_shorter},
        {"number keys", number_keys},
        {"old checkpoints stay readable", old_checkpoints_stay_readable},
        {"abort leaves nothing", abort_leaves_nothing},
        {"bad calls are refused", bad_calls_are_refused},
        {"another schema empties", another_schema_empties},
        {"schema is kept", schema_is_kept},
        CU_TEST_INFO_NULL,
    };
    int failed = unit_run("store.pages", tests);
    sgc_memory_os_destroy(memory);
    return failed;
}
