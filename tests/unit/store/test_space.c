/*
 * test_space.c - the page file stays near what it holds: updates again and again, a table that
 * loses most rows, a reader that keeps an old checkpoint. Places one by one are tests of the flush.
 */
#include "unit/store/image_fixture.h"
#include "unit/unit.h"

#include "store/image.h"

enum { ROWS = 4000, CACHE = 2 << 20 };

static sgc_memory_os *memory;
static sgc_pages *pages;
static fx_model model;
static uint64_t seed, sequence;

static void fresh(void)
{
    sgc_pages_options options = {.cache_bytes = CACHE};
    sgc_error error = {0};

    sgc_pages_close(pages);
    fx_model_free(&model);
    sgc_memory_os_destroy(memory);
    seed = 3;
    if (sgc_memory_os_create(&memory) || !fx_model_create(&model, ROWS, 24, seed)) abort();
    const sgc_os *os = sgc_memory_os_table(memory);
    if (os->make_directory(os->self, "db")) abort();
    if (sgc_pages_open(os, "db", &fx_schema, &options, &pages, &error)) abort();
}

static void flush_rows(size_t first, size_t last, const fx_script *script)
{
    sgc_flush *flush;
    sgc_error error = {0};

    sequence++;
    CU_ASSERT_EQUAL_FATAL(sgc_flush_begin(pages, &flush, &error), SGC_OK);
    for (size_t i = first; i < last; i++)
        CU_ASSERT_EQUAL_FATAL(fx_change(flush, &model, i, sequence, script, &seed, &error), SGC_OK);
    CU_ASSERT_EQUAL_FATAL(sgc_flush_commit(flush, sequence, sequence, &error), SGC_OK);
}

static uint64_t file_bytes(void)
{
    sgc_pages_stats stats;

    sgc_pages_get_stats(pages, &stats);
    return stats.file_bytes;
}

static void check(void)
{
    sgc_checkpoint *checkpoint = sgc_pages_newest(pages);

    CU_ASSERT_TRUE(fx_check(checkpoint, &model, &seed));
    sgc_checkpoint_release(checkpoint);
    CU_ASSERT_TRUE(fx_verify(pages));
}

static void updates_do_not_grow_the_file(void)
{
    fx_script script = {.note = 500};
    uint64_t most = 0;

    fresh();
    flush_rows(0, ROWS, &script);
    uint64_t live = file_bytes();
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < ROWS; i += ROWS / 10)
            flush_rows(i, i + ROWS / 10, &script);
        if (file_bytes() > most) most = file_bytes();
    }
    CU_ASSERT_TRUE(most < 2 * live);
    check();
}

/* Flushes of single rows give the room of the others back, a bounded part at a time. */
static void deletes_give_space_back(void)
{
    fx_script script = {.note = 900}, deletes = {.deletes = 100};
    sgc_pages_stats before, after;

    fresh();
    flush_rows(0, ROWS, &script);
    uint64_t full = file_bytes();
    flush_rows(ROWS / 10, ROWS, &deletes);
    for (size_t i = 0; i < 60; i++) {
        sgc_pages_get_stats(pages, &before);
        flush_rows(i, i + 1, &script);
        sgc_pages_get_stats(pages, &after);
        CU_ASSERT_TRUE(after.pages_written - before.pages_written < 200);
    }
    CU_ASSERT_TRUE(file_bytes() < full / 3);
    check();
}

static void readers_keep_their_places(void)
{
    fx_script script = {.note = 900}, deletes = {.deletes = 100};
    fx_model then;

    fresh();
    flush_rows(0, ROWS, &script);
    sgc_checkpoint *old = sgc_pages_newest(pages);
    fx_model_copy(&model, &then);
    flush_rows(ROWS / 10, ROWS, &deletes);
    for (size_t i = 0; i < 20; i++)
        flush_rows(i, i + 1, &script);
    CU_ASSERT_TRUE(fx_check(old, &then, &seed));
    sgc_checkpoint_release(old);
    for (size_t i = 0; i < 60; i++)
        flush_rows(i, i + 1, &script);
    check();
    sgc_pages_stats stats;
    sgc_pages_get_stats(pages, &stats);
    CU_ASSERT_TRUE(stats.free_bytes < stats.file_bytes / 2 + (1 << 20));
    fx_model_free(&then);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"updates do not grow the file", updates_do_not_grow_the_file},
        {"deletes give space back", deletes_give_space_back},
        {"readers keep their places", readers_keep_their_places},
        CU_TEST_INFO_NULL,
    };
    int failed = unit_run("store.space", tests);
    fx_model_free(&model);
    sgc_pages_close(pages);
    sgc_memory_os_destroy(memory);
    return failed;
}
