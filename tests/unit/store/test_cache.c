/*
 * test_cache.c - the budget of the page cache, its counters, damage: every flipped bit of root and
 * pages is found or harmless, and verify names rows and indexes that disagree.
 */
#include "unit/store/fresh_disk.h"
#include "unit/store/image_fixture.h"
#include "unit/unit.h"

#include "store/image.h"

static sgc_status open_image(uint64_t cache_bytes, sgc_pages **pages, sgc_error *error)
{
    sgc_pages_options options = {.cache_bytes = cache_bytes};
    return sgc_pages_open(sgc_memory_os_table(memory), "db", &fx_schema, &options, pages, error);
}

static void fill(sgc_pages *pages, fx_model *model, size_t changes, uint64_t sequence,
                 uint64_t *seed)
{
    static const fx_script script = {.deletes = 10, .note = 200, .large = 9000};
    sgc_flush *flush;
    sgc_error error = {0};

    if (sgc_flush_begin(pages, &flush, &error) ||
        fx_run(flush, model, changes, sequence, &script, seed, &error) ||
        sgc_flush_commit(flush, sequence, sequence, &error)) {
        printf("\n    %s\n", error.text);
        CU_FAIL_FATAL("flush");
    }
}

/* ---- budget and counters ---- */

static void budget_holds(void)
{
    static const uint64_t budgets[] = {64 * 4096, 400000, 2 << 20, 32 << 20};
    fx_model model;
    sgc_pages *pages;
    sgc_pages_stats stats;
    sgc_error error = {0};
    uint64_t seed = 31;

    for (size_t i = 0; i < sizeof budgets / sizeof *budgets; i++) {
        fresh_disk();
        CU_ASSERT_EQUAL_FATAL(open_image(budgets[i], &pages, &error), SGC_OK);
        CU_ASSERT_TRUE_FATAL(fx_model_create(&model, 4000, 20, seed));
        for (uint64_t n = 1; n <= 3; n++) {
            fill(pages, &model, 4000, n, &seed);
            sgc_checkpoint *checkpoint = sgc_pages_newest(pages);
            CU_ASSERT_TRUE(fx_check_gets(checkpoint, &model));
            sgc_checkpoint_release(checkpoint);
            sgc_pages_get_stats(pages, &stats);
            CU_ASSERT_EQUAL(stats.cache_budget, budgets[i]);
            CU_ASSERT_TRUE(stats.cache_bytes <= budgets[i]);
        }
        /* The whole image fits only into the largest budget. */
        CU_ASSERT_EQUAL(stats.cache_evictions > 0, i < 3);
        CU_ASSERT_EQUAL(stats.cache_misses > 0, i < 3);
        CU_ASSERT_EQUAL(stats.flushes, 4);
        sgc_pages_close(pages);
        fx_model_free(&model);
    }
}

static void counters_are_exact(void)
{
    fx_model model;
    sgc_pages *pages;
    sgc_pages_stats before, after;
    sgc_error error = {0};
    sgc_arena arena = {0};
    sgc_stored_row row;
    uint64_t seed = 32;

    fresh_disk();
    CU_ASSERT_EQUAL_FATAL(open_image(4 << 20, &pages, &error), SGC_OK);
    CU_ASSERT_TRUE_FATAL(fx_model_create(&model, 50, 10, seed));
    for (size_t i = 0; i < 3; i++)
        fill(pages, &model, 50, i + 1, &seed);
    sgc_pages_close(pages);
    CU_ASSERT_EQUAL_FATAL(open_image(4 << 20, &pages, &error), SGC_OK);
    sgc_checkpoint *checkpoint = sgc_pages_newest(pages);
    size_t at = 0;
    while (!model.rows[at].present || model.rows[at].size > 4000)
        at++;
    sgc_pages_get_stats(pages, &before);
    CU_ASSERT_EQUAL(
        sgc_checkpoint_get(checkpoint, PERSON, model.rows[at].key, &arena, &row, &error), SGC_OK);
    sgc_pages_get_stats(pages, &after);
    /* Cold: the page tables of hash and rows, a hash page and a row page. */
    CU_ASSERT_EQUAL(after.cache_misses - before.cache_misses, 4);
    CU_ASSERT_EQUAL(after.cache_hits, before.cache_hits);
    for (unsigned i = 0; i < 1000; i++)
        CU_ASSERT_EQUAL_FATAL(
            sgc_checkpoint_get(checkpoint, PERSON, model.rows[at].key, &arena, &row, &error),
            SGC_OK);
    before = after;
    sgc_pages_get_stats(pages, &after);
    /* Warm: two page touches each, whatever the size of the table. */
    CU_ASSERT_EQUAL(after.cache_misses, before.cache_misses);
    CU_ASSERT_EQUAL(after.cache_hits - before.cache_hits, 2000);
    sgc_checkpoint_release(checkpoint);
    sgc_pages_close(pages);
    sgc_arena_free(&arena);
    fx_model_free(&model);
}

/* The place -> frame array grows with the file: places far behind the first 4 GB. */
static void places_of_a_large_file(void)
{
    static const uint32_t places[] = {1, 1 << 20, 3000000, 1500000, 40000000};
    enum { COUNT = sizeof places / sizeof *places };
    const sgc_os *os = fresh_disk();
    sgc_cache cache;
    sgc_file *file;
    sgc_error error = {0};
    uint32_t frame, frames[COUNT];

    CU_ASSERT_EQUAL_FATAL(
        os->open(os->self, "db/x", SGC_OPEN_READ | SGC_OPEN_WRITE | SGC_OPEN_CREATE, &file),
        SGC_OK);
    CU_ASSERT_EQUAL_FATAL(sgc_cache_open(&cache, os, file, 1 << 20), SGC_OK);
    atomic_store(&cache.limit, 50000000);
    for (size_t i = 0; i < COUNT; i++) {
        sgc_page_id id = {{places[i], 7}, 1, (uint32_t)i, SGC_PAGE_BYTES, 0};
        CU_ASSERT_EQUAL_FATAL(sgc_cache_new(&cache, &id, &frames[i], &error), SGC_OK);
        sgc_frame_data(&cache, frames[i])[100] = (uint8_t)(i + 1);
    }
    for (size_t i = 0; i < COUNT; i++) {
        sgc_page_id id = {{places[i], 7}, 1, (uint32_t)i, SGC_PAGE_BYTES, 0};
        CU_ASSERT_EQUAL_FATAL(sgc_cache_pin(&cache, &id, &frame, &error), SGC_OK);
        CU_ASSERT_EQUAL(frame, frames[i]);
        CU_ASSERT_EQUAL(sgc_frame_data(&cache, frame)[100], i + 1);
        sgc_cache_unpin(&cache, frame);
        id.at.checkpoint = 8;
        CU_ASSERT_EQUAL(sgc_cache_pin(&cache, &id, &frame, &error), SGC_CORRUPT);
        id.at = (sgc_page_at){places[i] + 1, 7};
        CU_ASSERT_EQUAL(sgc_cache_pin(&cache, &id, &frame, &error), SGC_CORRUPT);
        id.at = (sgc_page_at){50000000, 7};
        CU_ASSERT_EQUAL(sgc_cache_pin(&cache, &id, &frame, &error), SGC_CORRUPT);
        sgc_cache_unpin(&cache, frames[i]);
    }
    sgc_cache_close(&cache);
    os->close(os->self, file);
}

/* Every frame pinned: a further page is refused in words, and can be had once one is given back. */
static void pinned_frames_are_not_taken(void)
{
    const sgc_os *os = fresh_disk();
    sgc_cache cache;
    sgc_file *file;
    sgc_error error = {0};
    uint32_t frames[64], count = 0;
    sgc_page_id id = {{1, 7}, 1, 0, SGC_PAGE_BYTES, 0};
    sgc_cache_counts counts;

    CU_ASSERT_EQUAL_FATAL(
        os->open(os->self, "db/x", SGC_OPEN_READ | SGC_OPEN_WRITE | SGC_OPEN_CREATE, &file),
        SGC_OK);
    CU_ASSERT_EQUAL_FATAL(sgc_cache_open(&cache, os, file, 64 * 4096), SGC_OK);
    for (; count < 64; count++, id.at.place++)
        if (sgc_cache_new(&cache, &id, &frames[count], &error)) break;
    CU_ASSERT_TRUE(count > 40 && count < 64);
    CU_ASSERT_EQUAL(error.status, SGC_LIMIT);
    sgc_cache_unpin(&cache, frames[0]);
    CU_ASSERT_EQUAL(sgc_cache_new(&cache, &id, &frames[0], &error), SGC_OK);
    sgc_cache_get_counts(&cache, &counts);
    CU_ASSERT_EQUAL(counts.evictions, 1);
    CU_ASSERT_TRUE(counts.bytes <= counts.budget);
    sgc_cache_close(&cache);
    os->close(os->self, file);
}

/* ---- damage ---- */

/* What a walk over everything says: SGC_OK only when every answer is right. */
static sgc_status read_all(sgc_pages *pages, const fx_model *model, bool *wrong)
{
    sgc_checkpoint *checkpoint = sgc_pages_newest(pages);
    sgc_status worst = SGC_OK;
    sgc_arena arena = {0};
    sgc_error error = {0};
    sgc_stored_row row;
    size_t present = 0, walked = 0;

    for (size_t i = 0; i < model->count; i++) {
        sgc_status status =
            sgc_checkpoint_get(checkpoint, PERSON, model->rows[i].key, &arena, &row, &error);
        present += model->rows[i].present;
        if (status < 0) worst = status;
        if (status == SGC_OK && !fx_same_row(&model->rows[i], &row)) *wrong = true;
        if (status == SGC_NOT_FOUND && model->rows[i].present) *wrong = true;
        sgc_arena_reset(&arena);
    }
    for (uint16_t index = 0; index < 3; index++) {
        sgc_page_cursor cursor;
        sgc_page_cursor_open(&cursor, checkpoint, PERSON, index, index == 1);
        sgc_status status = sgc_page_cursor_seek(&cursor, sgc_str_of(NULL, 0), &error);
        for (; status == SGC_OK && cursor.valid; walked++) {
            status = sgc_page_cursor_row(&cursor, &row, &error);
            if (status == SGC_OK) status = sgc_page_cursor_next(&cursor, &error);
        }
        sgc_page_cursor_close(&cursor);
        if (status) worst = status;
    }
    if (worst == SGC_OK && walked != 3 * present) *wrong = true;
    sgc_checkpoint_release(checkpoint);
    sgc_arena_free(&arena);
    return worst;
}

static void flip_and_look(const char *path, uint64_t bit, const fx_model *model, unsigned *found)
{
    sgc_pages *pages;
    sgc_error error = {0};
    sgc_buf report = {0};
    bool wrong = false;

    if (sgc_memory_os_flip(memory, path, bit)) return;
    sgc_status status = open_image(64 * 4096, &pages, &error);
    if (status == SGC_OK) {
        status = read_all(pages, model, &wrong);
        sgc_status verified = sgc_pages_verify(pages, &report);
        if (status == SGC_OK) status = verified;
        if (verified) CU_ASSERT_TRUE(report.size > 0);
        sgc_pages_close(pages);
    }
    CU_ASSERT_FALSE(wrong);
    CU_ASSERT_TRUE(status == SGC_OK || status == SGC_CORRUPT);
    if (status) (*found)++;
    sgc_buf_free(&report);
    /* Opening has repaired the root. */
    if (strcmp(path, "db/root") != 0)
        CU_ASSERT_EQUAL_FATAL(sgc_memory_os_flip(memory, path, bit), SGC_OK);
}

static void flipped_bits_are_found_or_harmless(void)
{
    fx_model model;
    sgc_pages *pages;
    sgc_error error = {0};
    uint64_t seed = 33, size = 0;
    unsigned found = 0, flips = 0;
    const sgc_os *os = fresh_disk();
    sgc_file *file;

    CU_ASSERT_EQUAL_FATAL(open_image(1 << 20, &pages, &error), SGC_OK);
    CU_ASSERT_TRUE_FATAL(fx_model_create(&model, 120, 20, seed));
    for (uint64_t i = 1; i <= 4; i++)
        fill(pages, &model, 100, i, &seed);
    sgc_pages_close(pages);
    CU_ASSERT_EQUAL_FATAL(os->open(os->self, "db/pages", SGC_OPEN_READ, &file), SGC_OK);
    CU_ASSERT_EQUAL(os->size(os->self, file, &size), SGC_OK);
    os->close(os->self, file);
    for (uint64_t i = 0; i < 64; i++)
        flip_and_look("db/root", fx_random(&seed) % (8 * 8192), &model, &found);
    /* One copy of the root is enough, and it is repaired. */
    CU_ASSERT_EQUAL(found, 0);
    for (; flips < 1500; flips++)
        flip_and_look("db/pages", fx_random(&seed) % (8 * size), &model, &found);
    /* Free places hold old pages: damage there is harmless. */
    CU_ASSERT_TRUE(found > flips / 4);
    CU_ASSERT_EQUAL_FATAL(open_image(1 << 20, &pages, &error), SGC_OK);
    CU_ASSERT_TRUE(fx_verify(pages));
    sgc_pages_close(pages);
    fx_model_free(&model);
}

static void root_without_a_valid_copy(void)
{
    sgc_pages *pages;
    sgc_error error = {0};
    const sgc_os *os = fresh_disk();

    CU_ASSERT_EQUAL_FATAL(open_image(1 << 20, &pages, &error), SGC_OK);
    sgc_pages_close(pages);
    CU_ASSERT_EQUAL(sgc_memory_os_flip(memory, "db/root", 300), SGC_OK);
    CU_ASSERT_EQUAL(sgc_memory_os_flip(memory, "db/root", 300 + 8 * 4096), SGC_OK);
    CU_ASSERT_EQUAL(open_image(1 << 20, &pages, &error), SGC_CORRUPT);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "root"));
    CU_ASSERT_EQUAL(os->remove(os->self, "db/root"), SGC_OK);
    CU_ASSERT_EQUAL(open_image(1 << 20, &pages, &error), SGC_CORRUPT);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "no root"));
}

/* An old page at a place that the page table gives to a newer one: only the numbers tell. */
static void stale_pages_are_recognised(void)
{
    fx_model model;
    sgc_pages *pages;
    sgc_error error = {0};
    uint64_t seed = 34, size;
    size_t got, stale = 0;
    const sgc_os *os = fresh_disk();
    sgc_file *file;
    uint8_t *before, page[4096];

    CU_ASSERT_EQUAL_FATAL(open_image(1 << 20, &pages, &error), SGC_OK);
    CU_ASSERT_TRUE_FATAL(fx_model_create(&model, 120, 20, seed));
    for (uint64_t i = 1; i <= 4; i++)
        fill(pages, &model, 100, i, &seed);
    CU_ASSERT_EQUAL_FATAL(os->open(os->self, "db/pages", SGC_OPEN_READ | SGC_OPEN_WRITE, &file),
                          SGC_OK);
    CU_ASSERT_EQUAL(os->size(os->self, file, &size), SGC_OK);
    before = malloc(size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(before);
    CU_ASSERT_EQUAL(os->read(os->self, file, 0, before, size, &got), SGC_OK);
    for (uint64_t i = 5; i <= 7; i++)
        fill(pages, &model, 100, i, &seed);
    sgc_pages_close(pages);
    for (uint64_t at = 4096; at < size; at += 4096) {
        bool wrong = false;
        CU_ASSERT_EQUAL(os->read(os->self, file, at, page, 4096, &got), SGC_OK);
        if (memcmp(page, before + at, 4096) == 0) continue;
        CU_ASSERT_EQUAL(os->write(os->self, file, at, before + at, 4096), SGC_OK);
        sgc_status status = open_image(64 * 4096, &pages, &error);
        if (status == SGC_OK) {
            status = read_all(pages, &model, &wrong);
            sgc_buf report = {0};
            if (status == SGC_OK) status = sgc_pages_verify(pages, &report);
            sgc_buf_free(&report);
            sgc_pages_close(pages);
        }
        CU_ASSERT_FALSE(wrong);
        CU_ASSERT_TRUE(status == SGC_OK || status == SGC_CORRUPT);
        stale += status == SGC_CORRUPT;
        CU_ASSERT_EQUAL(os->write(os->self, file, at, page, 4096), SGC_OK);
    }
    CU_ASSERT_TRUE(stale > 5);
    os->close(os->self, file);
    free(before);
    fx_model_free(&model);
}

/* ---- disagreements that no checksum shows ---- */

typedef enum lie_kind { LOST_HASH, LOST_ENTRY, FALSE_ENTRY, LOST_ROW, LIES } lie_kind;

static sgc_status tell(sgc_flush *flush, lie_kind lie, const fx_row *row, uint64_t at)
{
    sgc_tree *trees = &flush->image.trees[flush->image.first_tree[PERSON]];
    sgc_entry_changes changes = {0};
    sgc_status status = sgc_changes_add(&changes, SGC_STR(""), row->key,
                                        lie == LOST_ENTRY ? SGC_CHANGE_REMOVE : at);

    if (status) return status;
    if (lie == LOST_HASH)
        status = sgc_hash_remove(flush, &trees[SGC_TREE_OF_HASH], &trees[SGC_TREE_OF_ROWS],
                                 row->key, at, NULL);
    if (lie == LOST_ENTRY)
        status = sgc_index_apply(flush, &trees[SGC_TREE_OF_INDEX], false, &changes, NULL);
    if (lie == FALSE_ENTRY)
        status = sgc_index_apply(flush, &trees[SGC_TREE_OF_INDEX + 1], true, &changes, NULL);
    if (lie == LOST_ROW) status = sgc_row_remove(flush, &trees[SGC_TREE_OF_ROWS], at, NULL);
    sgc_changes_free(&changes);
    return status;
}

static void verify_finds_lies(void)
{
    for (lie_kind lie = LOST_HASH; lie < LIES; lie++) {
        fx_model model;
        sgc_pages *pages;
        sgc_flush *flush;
        sgc_error error = {0};
        sgc_buf report = {0};
        uint64_t seed = 35, at;
        size_t some = 0;

        fresh_disk();
        CU_ASSERT_EQUAL_FATAL(open_image(1 << 20, &pages, &error), SGC_OK);
        CU_ASSERT_TRUE_FATAL(fx_model_create(&model, 120, 20, seed));
        fill(pages, &model, 300, 1, &seed);
        while (!model.rows[some].present)
            some++;
        sgc_checkpoint *checkpoint = sgc_pages_newest(pages);
        sgc_page_cursor cursor;
        sgc_page_cursor_open(&cursor, checkpoint, PERSON, BY_ID, false);
        CU_ASSERT_EQUAL(sgc_page_cursor_seek(&cursor, model.rows[some].key, &error), SGC_OK);
        at = cursor.own.row;
        sgc_page_cursor_close(&cursor);
        sgc_checkpoint_release(checkpoint);
        CU_ASSERT_EQUAL_FATAL(sgc_flush_begin(pages, &flush, &error), SGC_OK);
        CU_ASSERT_EQUAL(tell(flush, lie, &model.rows[some], at), SGC_OK);
        CU_ASSERT_EQUAL_FATAL(sgc_flush_commit(flush, 2, 2, &error), SGC_OK);
        CU_ASSERT_EQUAL(sgc_pages_verify(pages, &report), SGC_CORRUPT);
        CU_ASSERT_TRUE(report.size > 0);
        sgc_buf_free(&report);
        sgc_pages_close(pages);
        fx_model_free(&model);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"budget holds", budget_holds},
        {"counters are exact", counters_are_exact},
        {"places of a large file", places_of_a_large_file},
        {"pinned frames are not taken", pinned_frames_are_not_taken},
        {"flipped bits are found or harmless", flipped_bits_are_found_or_harmless},
        {"root without a valid copy", root_without_a_valid_copy},
        {"stale pages are recognised", stale_pages_are_recognised},
        {"verify finds lies", verify_finds_lies},
        CU_TEST_INFO_NULL,
    };
    int failed = unit_run("store.cache", tests);
    sgc_memory_os_destroy(memory);
    return failed;
}
