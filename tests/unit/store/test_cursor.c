/*
 * test_cursor.c - walks that ask for rows as it comes: each row, some of them, one twice, from a
 * cache that holds all pages, some or hardly any. Whatever was made ready ahead, the rows are the
 * model's, and no page stays pinned.
 */
#include "unit/store/fresh_disk.h"
#include "unit/store/image_fixture.h"
#include "unit/unit.h"

#include "store/image.h"

static sgc_pages *open_image(uint64_t cache_bytes)
{
    sgc_pages_options options = {.cache_bytes = cache_bytes};
    sgc_pages *pages = NULL;
    sgc_error error = {0};

    CU_ASSERT_EQUAL_FATAL(
        sgc_pages_open(sgc_memory_os_table(memory), "db", &fx_schema, &options, &pages, &error),
        SGC_OK);
    return pages;
}

static uint64_t pins_of(sgc_pages *pages)
{
    uint64_t pins = 0;

    for (uint32_t i = 1; i < pages->cache.fresh; i++)
        if (atomic_load(&pages->cache.frames[i].place))
            pins += (uint32_t)atomic_load(&pages->cache.frames[i].pins);
    return pins;
}

static bool is_row(sgc_page_cursor *cursor, const fx_model *model, const fx_entry *entry)
{
    sgc_stored_row row;
    sgc_error error = {0};

    return cursor->valid && sgc_page_cursor_row(cursor, &row, &error) == SGC_OK &&
           fx_same_row(&model->rows[entry->row], &row);
}

/* One walk over everything; `skips`: of 8 entries so many are passed over without their rows. */
static bool walk(sgc_checkpoint *checkpoint, const fx_model *model, const fx_entries *all,
                 uint16_t index, bool descending, unsigned skips, uint64_t *seed)
{
    sgc_page_cursor cursor;
    sgc_error error = {0};
    sgc_stored_row row;
    size_t i = 0;

    sgc_page_cursor_open(&cursor, checkpoint, PERSON, index, descending);
    bool good = sgc_page_cursor_seek(&cursor, sgc_str_of(NULL, 0), &error) == SGC_OK;
    while (good && i + 1 < all->count) {
        const fx_entry *entry = all->items[descending ? all->count - 1 - i : i];
        if (fx_random(seed) % 16 == 0) good = is_row(&cursor, model, entry);
        i++;
        entry = all->items[descending ? all->count - 1 - i : i];
        if (fx_random(seed) % 8 < skips) {
            good = good && sgc_page_cursor_next(&cursor, &error) == SGC_OK;
        } else {
            good = good && sgc_page_cursor_next_row(&cursor, &row, &error) == SGC_OK &&
                   cursor.valid && fx_same_row(&model->rows[entry->row], &row);
        }
    }
    good = good && sgc_page_cursor_next_row(&cursor, &row, &error) == SGC_OK && !cursor.valid;
    sgc_page_cursor_close(&cursor);
    return good || fx_complain(error.text, i);
}

static void walk_all(sgc_pages *pages, const fx_model *model, uint64_t *seed)
{
    sgc_checkpoint *checkpoint = sgc_pages_newest(pages);

    for (uint16_t index = BY_ID; index <= BY_TAG; index++) {
        fx_entries all = fx_model_entries(model, index);
        for (unsigned skips = 0; skips <= 6; skips += 3) {
            CU_ASSERT_TRUE(walk(checkpoint, model, &all, index, false, skips, seed));
            uint64_t before = pins_of(pages);
            CU_ASSERT_TRUE(walk(checkpoint, model, &all, index, true, skips, seed));
            CU_ASSERT_EQUAL(pins_of(pages), before);
        }
        fx_entries_free(&all);
    }
    sgc_checkpoint_release(checkpoint);
}

static void rows_are_read_in_any_manner(void)
{
    static const uint64_t caches[] = {64 * 4096, 8 << 20, 16 << 20, 40 << 20, 96 << 20};
    static const fx_script script = {.deletes = 10, .note = 200, .large = 9000};
    fx_model model;
    sgc_flush *flush;
    sgc_error error = {0};
    uint64_t seed = 77;

    fresh_disk();
    CU_ASSERT_TRUE_FATAL(fx_model_create(&model, 3000, 20, seed));
    sgc_pages *pages = open_image(caches[4]);
    for (uint64_t n = 1; n <= 3; n++) {
        CU_ASSERT_EQUAL_FATAL(sgc_flush_begin(pages, &flush, &error), SGC_OK);
        CU_ASSERT_EQUAL_FATAL(fx_run(flush, &model, 3000, n, &script, &seed, &error), SGC_OK);
        CU_ASSERT_EQUAL_FATAL(sgc_flush_commit(flush, n, n, &error), SGC_OK);
    }
    sgc_pages_close(pages);
    for (size_t i = 0; i < sizeof caches / sizeof *caches; i++) {
        pages = open_image(caches[i]);
        walk_all(pages, &model, &seed); /* at first few pages are in memory */
        walk_all(pages, &model, &seed);
        sgc_pages_close(pages);
    }
    fx_model_free(&model);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"rows are read in any manner", rows_are_read_in_any_manner},
        CU_TEST_INFO_NULL,
    };
    int failed = unit_run("store.cursor", tests);
    sgc_memory_os_destroy(memory);
    return failed;
}
