/*
 * test_hash.c - the hash index where its pages overflow: keys chosen so that they all meet in a few
 * pages, beside ordinary ones; and its cost as a table grows.
 */
#include "unit/store/image_fixture.h"
#include "unit/unit.h"

#include "store/image.h"

static sgc_memory_os *memory;

static sgc_pages *fresh_image(uint64_t cache_bytes)
{
    sgc_pages_options options = {.cache_bytes = cache_bytes};
    sgc_pages *pages;
    sgc_error error = {0};

    sgc_memory_os_destroy(memory);
    memory = NULL;
    if (sgc_memory_os_create(&memory)) abort();
    const sgc_os *os = sgc_memory_os_table(memory);
    if (os->make_directory(os->self, "db") ||
        sgc_pages_open(os, "db", &fx_schema, &options, &pages, &error))
        abort();
    return pages;
}

static const sgc_tree *hash_tree(const sgc_checkpoint *checkpoint)
{
    return sgc_image_tree(&checkpoint->image, PERSON, SGC_TREE_OF_HASH);
}

/* Keys whose hashes agree in the low bits: one group of pages holds them all. */
static void crowd(fx_model *model, uint64_t hash_seed, uint32_t mask, uint64_t *random)
{
    char text[24];

    for (size_t i = 0; i < model->count; i++) {
        sgc_str key;
        do {
            int size = snprintf(text, sizeof text, "%llx", (unsigned long long)fx_random(random));
            key = sgc_str_of(text, (size_t)size);
        } while ((sgc_hash_of(hash_seed, key) & mask) != (5 & mask));
        model->rows[i].key = sgc_arena_str(&model->arena, key);
    }
}

static sgc_status flush_rows(sgc_pages *pages, fx_model *model, size_t first, size_t last,
                             unsigned deletes, uint64_t sequence, uint64_t *random)
{
    sgc_flush *flush;
    sgc_error error = {0};
    fx_script script = {.deletes = deletes, .note = 20};
    sgc_status status = sgc_flush_begin(pages, &flush, &error);

    if (status) return status;
    for (size_t i = first; status == SGC_OK && i < last; i++)
        status = fx_change(flush, model, i, sequence, &script, random, &error);
    if (status) printf("\n    %s\n", error.text);
    if (status == SGC_OK) return sgc_flush_commit(flush, sequence, sequence, &error);
    sgc_flush_abort(flush);
    return status;
}

static bool is_right(sgc_pages *pages, const fx_model *model)
{
    sgc_checkpoint *checkpoint = sgc_pages_newest(pages);
    bool good = fx_check_gets(checkpoint, model) && fx_verify(pages);

    sgc_checkpoint_release(checkpoint);
    return good;
}

static void crowded_pages_go_on(void)
{
    sgc_pages *pages = fresh_image(2 << 20);
    uint64_t random = 41, sequence = 0;
    fx_model model;

    CU_ASSERT_TRUE_FATAL(fx_model_create(&model, 3000, 10, 1));
    crowd(&model, pages->seed, 255, &random);
    /* Grows while one group holds everything, shrinks, grows again, goes. */
    for (size_t step = 0; step < 3000; step += 600) {
        CU_ASSERT_EQUAL_FATAL(flush_rows(pages, &model, step, step + 600, 0, ++sequence, &random),
                              SGC_OK);
        CU_ASSERT_TRUE_FATAL(is_right(pages, &model));
    }
    CU_ASSERT_EQUAL_FATAL(flush_rows(pages, &model, 0, 3000, 60, ++sequence, &random), SGC_OK);
    CU_ASSERT_TRUE_FATAL(is_right(pages, &model));
    CU_ASSERT_EQUAL_FATAL(flush_rows(pages, &model, 0, 3000, 10, ++sequence, &random), SGC_OK);
    CU_ASSERT_TRUE_FATAL(is_right(pages, &model));
    CU_ASSERT_EQUAL_FATAL(flush_rows(pages, &model, 0, 3000, 100, ++sequence, &random), SGC_OK);
    CU_ASSERT_TRUE_FATAL(is_right(pages, &model));
    sgc_checkpoint *checkpoint = sgc_pages_newest(pages);
    CU_ASSERT_EQUAL(hash_tree(checkpoint)->pages, 0);
    sgc_checkpoint_release(checkpoint);
    sgc_pages_close(pages);
    fx_model_free(&model);
}

static void crowded_beside_ordinary(void)
{
    sgc_pages *pages = fresh_image(8 << 20);
    uint64_t random = 42;
    fx_model crowded, ordinary;

    /* 1,500 keys of one group of 64 among 20,000 others: more than its pages hold. */
    CU_ASSERT_TRUE_FATAL(fx_model_create(&ordinary, 20000, 10, 1));
    CU_ASSERT_TRUE_FATAL(fx_model_create(&crowded, 1500, 10, 1));
    crowd(&crowded, pages->seed, 1023, &random);
    CU_ASSERT_EQUAL_FATAL(flush_rows(pages, &crowded, 0, 1500, 0, 1, &random), SGC_OK);
    CU_ASSERT_EQUAL_FATAL(flush_rows(pages, &ordinary, 0, 20000, 0, 2, &random), SGC_OK);
    sgc_checkpoint *checkpoint = sgc_pages_newest(pages);
    sgc_arena arena = {0};
    sgc_error error = {0};
    sgc_stored_row row;
    for (size_t i = 0; i < crowded.count; i++) {
        sgc_status status =
            sgc_checkpoint_get(checkpoint, PERSON, crowded.rows[i].key, &arena, &row, &error);
        CU_ASSERT_TRUE_FATAL(status == SGC_OK && fx_same_row(&crowded.rows[i], &row));
        sgc_arena_reset(&arena);
    }
    for (size_t i = 0; i < ordinary.count; i++) {
        sgc_status status =
            sgc_checkpoint_get(checkpoint, PERSON, ordinary.rows[i].key, &arena, &row, &error);
        CU_ASSERT_TRUE_FATAL(status == SGC_OK && fx_same_row(&ordinary.rows[i], &row));
        sgc_arena_reset(&arena);
    }
    CU_ASSERT_EQUAL(hash_tree(checkpoint)->count, 21500);
    sgc_checkpoint_release(checkpoint);
    CU_ASSERT_TRUE(fx_verify(pages));
    sgc_pages_close(pages);
    sgc_arena_free(&arena);
    fx_model_free(&crowded);
    fx_model_free(&ordinary);
}

/* Page touches of a look-up stay two however large the table is, and its pages well used. */
static void cost_does_not_grow(void)
{
    sgc_pages *pages = fresh_image(64 << 20);
    uint64_t random = 43, sequence = 0;
    fx_model model;
    sgc_pages_stats before, after;
    sgc_arena arena = {0};
    sgc_error error = {0};
    sgc_stored_row row;

    CU_ASSERT_TRUE_FATAL(fx_model_create(&model, 60000, 10, 1));
    for (size_t count = 100, done = 0; count <= 60000; done = count, count *= 5) {
        CU_ASSERT_EQUAL_FATAL(flush_rows(pages, &model, done, count, 0, ++sequence, &random),
                              SGC_OK);
        sgc_checkpoint *checkpoint = sgc_pages_newest(pages);
        for (unsigned round = 0; round < 2; round++) {
            sgc_pages_get_stats(pages, &before);
            for (size_t i = 0; i < count; i++) {
                CU_ASSERT_EQUAL_FATAL(
                    sgc_checkpoint_get(checkpoint, PERSON, model.rows[i].key, &arena, &row, &error),
                    SGC_OK);
                sgc_arena_reset(&arena);
            }
            sgc_pages_get_stats(pages, &after);
        }
        uint64_t touches = after.cache_hits - before.cache_hits;
        CU_ASSERT_TRUE(touches >= 2 * count && touches < 2 * count + count / 50 + 20);
        const sgc_tree *hash = hash_tree(checkpoint);
        CU_ASSERT_TRUE(hash->pages == 1 || hash->count > 200 * (uint64_t)hash->pages);
        sgc_checkpoint_release(checkpoint);
    }
    sgc_pages_close(pages);
    sgc_arena_free(&arena);
    fx_model_free(&model);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"crowded pages go on", crowded_pages_go_on},
        {"crowded beside ordinary", crowded_beside_ordinary},
        {"cost does not grow", cost_does_not_grow},
        CU_TEST_INFO_NULL,
    };
    int failed = unit_run("store.hash", tests);
    sgc_memory_os_destroy(memory);
    return failed;
}
