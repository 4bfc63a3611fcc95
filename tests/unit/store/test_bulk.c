/*
 * test_bulk.c - flushes into tables without rows: appended rows, indexes built at once, and every
 * way such a build ends early.
 */
#include "unit/store/image_fixture.h"
#include "unit/unit.h"

#include "store/image.h"

static sgc_memory_os *memory;
static sgc_pages *pages;
static fx_model model;
static uint64_t seed;

static void reopen(uint64_t cache_bytes)
{
    sgc_pages_options options = {.cache_bytes = cache_bytes};
    sgc_error error = {0};

    sgc_pages_close(pages);
    pages = NULL;
    if (sgc_pages_open(sgc_memory_os_table(memory), "db", &fx_schema, &options, &pages, &error)) {
        printf("\n    %s\n", error.text);
        abort();
    }
}

static void fresh(uint64_t cache_bytes, size_t rows, size_t longest)
{
    fx_model_free(&model);
    sgc_pages_close(pages);
    pages = NULL;
    sgc_memory_os_destroy(memory);
    memory = NULL;
    seed = 77;
    if (sgc_memory_os_create(&memory) || !fx_model_create(&model, rows, longest, 9)) abort();
    const sgc_os *os = sgc_memory_os_table(memory);
    if (os->make_directory(os->self, "db")) abort();
    reopen(cache_bytes);
}

/* Rows first, first + step, ... in one flush; `again`: the same once more, with deletes. */
static void flush_rows(size_t first, size_t last, size_t step, const fx_script *script, bool again)
{
    static uint64_t sequence;
    sgc_flush *flush;
    sgc_error error = {0};

    sequence++;
    CU_ASSERT_EQUAL_FATAL(sgc_flush_begin(pages, &flush, &error), SGC_OK);
    for (int round = 0; round < 1 + again; round++) {
        fx_script now = *script;
        if (round > 0) now.deletes = 40;
        for (size_t i = first; i < last; i += step)
            CU_ASSERT_EQUAL_FATAL(fx_change(flush, &model, i, sequence, &now, &seed, &error),
                                  SGC_OK);
    }
    CU_ASSERT_EQUAL_FATAL(sgc_flush_commit(flush, sequence, sequence, &error), SGC_OK);
}

static void check(uint64_t cache_bytes)
{
    for (int round = 0; round < 2; round++) {
        sgc_checkpoint *checkpoint = sgc_pages_newest(pages);
        CU_ASSERT_TRUE(fx_check(checkpoint, &model, &seed));
        sgc_checkpoint_release(checkpoint);
        CU_ASSERT_TRUE(fx_verify(pages));
        reopen(cache_bytes);
    }
}

/* The small cache writes pages out and sorts entries in several parts. */
static const uint64_t caches[] = {64 * 4096, 8 << 20};

static void rows_in_order(void)
{
    static const fx_script scripts[] = {{.note = 30}, {.note = 700, .large = 30000}};

    for (size_t c = 0; c < 2; c++) {
        for (size_t s = 0; s < 2; s++) {
            fresh(caches[c], 4000, 60);
            flush_rows(0, 4000, 1, &scripts[s], false);
            check(caches[c]);
            flush_rows(0, 4000, 7, &scripts[s], true);
            check(caches[c]);
        }
    }
}

static void order_ends(void)
{
    fx_script script = {.note = 40, .large = 9000}, deletes = {.deletes = 100};

    for (size_t c = 0; c < 2; c++) {
        fresh(caches[c], 3000, 200);
        flush_rows(0, 3000, 1, &script, true); /* replaced and deleted in the same flush */
        check(caches[c]);
        fresh(caches[c], 3000, 20);
        flush_rows(0, 3000, 1, &deletes, false); /* nothing of this was ever there */
        check(caches[c]);
        flush_rows(0, 3000, 2, &script, false);
        flush_rows(1, 3000, 2, &script, false);
        check(caches[c]);
    }
}

static void emptied_tables_start_again(void)
{
    fx_script script = {.note = 60, .large = 20000}, deletes = {.deletes = 100};
    sgc_pages_stats first, last;

    fresh(1 << 20, 2000, 30);
    for (int round = 0; round < 6; round++) {
        flush_rows(0, 2000, 1, &script, false);
        if (round < 5) flush_rows(0, 2000, 1, &deletes, false);
        sgc_pages_get_stats(pages, round == 0 ? &first : &last);
    }
    check(1 << 20);
    CU_ASSERT_TRUE(last.file_bytes < 3 * first.file_bytes);
}

/* Pages of the emptied indexes get their numbers again in the same flush. */
static void emptied_within_a_flush(void)
{
    static const size_t counts[] = {1, 3, 10, 600, 3000};
    fx_script puts = {.note = 40}, deletes = {.deletes = 100};

    for (size_t c = 0; c < 2 * (sizeof counts / sizeof *counts); c++) {
        size_t count = counts[c / 2];
        sgc_flush *flush;
        sgc_error error = {0};
        fresh(caches[c % 2], count, 30);
        flush_rows(0, count, 1, &puts, false);
        CU_ASSERT_EQUAL_FATAL(sgc_flush_begin(pages, &flush, &error), SGC_OK);
        for (size_t i = 0; i < 5 * count; i++)
            CU_ASSERT_EQUAL_FATAL(fx_change(flush, &model, i % count, 1000,
                                            i / count % 2 ? &puts : &deletes, &seed, &error),
                                  SGC_OK);
        for (size_t i = 0; i < count; i += 2)
            CU_ASSERT_EQUAL_FATAL(fx_change(flush, &model, i, 1000, &puts, &seed, &error), SGC_OK);
        CU_ASSERT_EQUAL_FATAL(sgc_flush_commit(flush, 1000, 1000, &error), SGC_OK);
        check(caches[c % 2]);
    }
}

/* Built at once, the hash index has the shape that it grows to row by row. */
static void built_like_grown(void)
{
    static const size_t counts[] = {1, 300, 511, 1000, 2600, 5000};
    fx_script script = {.note = 5};

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        uint32_t shape[3];
        for (int grown = 0; grown < 2; grown++) {
            fresh(8 << 20, counts[i], 12);
            if (grown) flush_rows(0, 1, 1, &script, false);
            flush_rows(grown ? 1 : 0, counts[i], 1, &script, false);
            sgc_checkpoint *checkpoint = sgc_pages_newest(pages);
            const sgc_tree *hash = sgc_image_tree(&checkpoint->image, PERSON, SGC_TREE_OF_HASH);
            CU_ASSERT_EQUAL(hash->count, counts[i]);
            if (grown) {
                CU_ASSERT_EQUAL(hash->a, shape[0]);
                CU_ASSERT_EQUAL(hash->b, shape[1]);
                CU_ASSERT_EQUAL(hash->c, shape[2]);
            }
            shape[0] = hash->a;
            shape[1] = hash->b;
            shape[2] = hash->c;
            sgc_checkpoint_release(checkpoint);
            CU_ASSERT_TRUE(fx_verify(pages));
        }
    }
}

/* ---- sorting ---- */

static int by_bytes(const void *a, const void *b)
{
    const sgc_str *first = a, *second = b;

    return sgc_str_compare(*first, *second);
}

/* Entries from few bytes and of many lengths, so that all kinds of ties come up. */
static void changes_are_sorted(void)
{
    static const size_t counts[] = {1, 2, 13, 255, 256, 5000};
    uint64_t random = 5;

    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        for (unsigned shared = 0; shared < 12; shared += 3) {
            sgc_entry_changes changes = {0};
            sgc_sort_room room = {0};
            sgc_arena arena = {0};
            sgc_str *model_entries = calloc(counts[c], sizeof *model_entries);
            for (size_t i = 0; i < counts[c]; i++) {
                char text[40] = "ssssssssssss";
                size_t size = shared + fx_random(&random) % 25;
                for (size_t k = shared; k < size; k++)
                    text[k] = (char)(fx_random(&random) % 5 ? 0 : fx_random(&random) % 256);
                model_entries[i] = sgc_arena_str(&arena, sgc_str_of(text, size));
                CU_ASSERT_EQUAL_FATAL(sgc_changes_add(&changes, SGC_STR(""), model_entries[i], i),
                                      SGC_OK);
            }
            CU_ASSERT_EQUAL_FATAL(sgc_changes_sort(&changes, &room), SGC_OK);
            qsort(model_entries, counts[c], sizeof *model_entries, by_bytes);
            size_t at = 0;
            for (size_t i = 0; i < counts[c]; i++) {
                if (i + 1 < counts[c] && by_bytes(&model_entries[i], &model_entries[i + 1]) == 0)
                    continue;
                CU_ASSERT_FATAL(at < changes.count);
                sgc_str entry = sgc_change_entry(&changes, &changes.items[at]);
                CU_ASSERT_TRUE(sgc_str_eq(entry, model_entries[i]));
                at++;
            }
            CU_ASSERT_EQUAL(at, changes.count);
            sgc_changes_free(&changes);
            sgc_free(room.items);
            sgc_arena_free(&arena);
            free(model_entries);
        }
    }
}

static void last_change_wins(void)
{
    sgc_entry_changes changes = {0};
    sgc_sort_room room = {0};

    for (uint64_t i = 0; i < 3000; i++) {
        char text[16];
        int size = snprintf(text, sizeof text, "%03u", (unsigned)(i * 7 % 500));
        sgc_str key = sgc_str_of(text, (size_t)size);
        CU_ASSERT_EQUAL_FATAL(sgc_changes_add(&changes, SGC_STR("entry"), key, i), SGC_OK);
    }
    CU_ASSERT_EQUAL_FATAL(sgc_changes_sort(&changes, &room), SGC_OK);
    CU_ASSERT_EQUAL(changes.count, 500);
    for (size_t i = 0; i < changes.count; i++)
        CU_ASSERT_TRUE(sgc_change_row(&changes, &changes.items[i]) >= 2500);
    sgc_changes_free(&changes);
    sgc_free(room.items);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"rows in order", rows_in_order},
        {"order ends", order_ends},
        {"emptied tables start again", emptied_tables_start_again},
        {"emptied within a flush", emptied_within_a_flush},
        {"built like grown", built_like_grown},
        {"changes are sorted", changes_are_sorted},
        {"last change wins", last_change_wins},
        CU_TEST_INFO_NULL,
    };
    int failed = unit_run("store.bulk", tests);
    fx_model_free(&model);
    sgc_pages_close(pages);
    sgc_memory_os_destroy(memory);
    return failed;
}
