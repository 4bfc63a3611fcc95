/*
 * test_index_build.c - indexes that are built round by round while rows come, change, move and go
 * between the rounds; the walk over one that is not whole; what memory and a refusal leave behind.
 */
#include "unit/store/image_fixture.h"
#include "unit/unit.h"

#include "store/gather.h"
#include "store/image.h"

static sgc_memory_os *memory;
static sgc_pages *pages;
static fx_model model;
static uint64_t seed, sequence;
static sgc_schema few; /* the order of the key alone */
static sgc_table few_tables[2];

static void reopen(const sgc_schema *schema)
{
    sgc_pages_options options = {.cache_bytes = 1 << 20};
    sgc_error error = {0};

    sgc_pages_close(pages);
    pages = NULL;
    if (sgc_pages_open(sgc_memory_os_table(memory), "db", schema, &options, &pages, &error)) {
        printf("\n    %s\n", error.text);
        abort();
    }
}

static void fresh(uint64_t from, size_t rows)
{
    fx_model_free(&model);
    sgc_pages_close(pages);
    pages = NULL;
    sgc_memory_os_destroy(memory);
    memory = NULL;
    seed = from;
    sequence = 0;
    memcpy(few_tables, fx_tables, sizeof few_tables);
    few_tables[PERSON].index_count = 1;
    few = fx_schema;
    few.tables = few_tables;
    few.hash = 41;
    if (sgc_memory_os_create(&memory) || !fx_model_create(&model, rows, 20, from)) abort();
    const sgc_os *os = sgc_memory_os_table(memory);
    if (os->make_directory(os->self, "db")) abort();
    reopen(&few);
}

static sgc_status change_rows(size_t changes, unsigned deletes)
{
    fx_script script = {.deletes = deletes, .note = 1500, .large = 6000};
    sgc_error error = {0};
    sgc_flush *flush;

    sequence++;
    sgc_status status = sgc_flush_begin(pages, &flush, &error);
    if (status) return status;
    status = fx_run(flush, &model, changes, sequence, &script, &seed, &error);
    if (status == SGC_OK) return sgc_flush_commit(flush, sequence, sequence, &error);
    sgc_flush_abort(flush);
    return status;
}

static sgc_status take_indexes(const sgc_schema *schema)
{
    sgc_error error = {0};
    sgc_flush *flush;
    sgc_status status = sgc_flush_begin(pages, &flush, &error);

    if (status) return status;
    status = sgc_flush_set_indexes(flush, schema, &error);
    if (status == SGC_OK) return sgc_flush_commit(flush, sequence, sequence, &error);
    sgc_flush_abort(flush);
    return status;
}

/* Every round ends as soon as it asks, but for its very first page. */
static bool at_once(void *context, bool enough)
{
    unsigned *asked = context;

    (void)enough;
    return (*asked)++ > 0;
}

static sgc_status build_some(void)
{
    sgc_error error = {0};
    sgc_flush *flush;
    unsigned asked = 0;
    sgc_status status = sgc_flush_begin(pages, &flush, &error);

    if (status) return status;
    status = sgc_flush_build(flush, at_once, &asked, &error);
    if (status == SGC_OK) return sgc_flush_commit(flush, sequence, sequence, &error);
    sgc_flush_abort(flush);
    return status;
}

static bool is_building(void)
{
    uint16_t table, index;
    sgc_checkpoint *newest = sgc_pages_newest(pages);
    bool building = sgc_checkpoint_next_build(newest, &table, &index);

    sgc_checkpoint_release(newest);
    return building;
}

static void check(void)
{
    sgc_checkpoint *newest = sgc_pages_newest(pages);

    CU_ASSERT_TRUE(fx_check(newest, &model, &seed));
    sgc_checkpoint_release(newest);
    CU_ASSERT_TRUE(fx_verify(pages));
}

static uint64_t pages_of(unsigned which)
{
    sgc_checkpoint *newest = sgc_pages_newest(pages);
    sgc_tree_size size;

    sgc_checkpoint_tree(newest, PERSON, which, &size);
    sgc_checkpoint_release(newest);
    return size.entries;
}

static void rows_change_between_the_rounds(void)
{
    for (uint64_t from = 1; from < 4; from++) {
        unsigned rounds = 0;
        fresh(from, 900);
        CU_ASSERT_EQUAL_FATAL(change_rows(2500, 10), SGC_OK);
        CU_ASSERT_EQUAL_FATAL(take_indexes(&fx_schema), SGC_OK);
        CU_ASSERT_TRUE(is_building());
        check();
        for (; is_building(); rounds++) {
            CU_ASSERT_EQUAL_FATAL(change_rows(60, 30), SGC_OK);
            CU_ASSERT_EQUAL_FATAL(build_some(), SGC_OK);
            if (rounds % 2) reopen(&fx_schema);
            if (rounds % 3 == 0) check();
        }
        CU_ASSERT_TRUE(rounds > 3);
        check();
        CU_ASSERT_EQUAL_FATAL(change_rows(300, 30), SGC_OK);
        check();
        reopen(&fx_schema);
        check();
    }
}

static void all_rows_go_meanwhile(void)
{
    fresh(9, 700);
    CU_ASSERT_EQUAL_FATAL(change_rows(2500, 0), SGC_OK);
    CU_ASSERT_EQUAL_FATAL(take_indexes(&fx_schema), SGC_OK);
    CU_ASSERT_EQUAL_FATAL(build_some(), SGC_OK);
    CU_ASSERT_TRUE(pages_of(2 + BY_AGE) > 0);
    CU_ASSERT_EQUAL_FATAL(change_rows(20000, 100), SGC_OK);
    CU_ASSERT_EQUAL(pages_of(2 + BY_AGE), 0);
    check();
    CU_ASSERT_EQUAL_FATAL(change_rows(900, 5), SGC_OK);
    check();
    while (is_building())
        CU_ASSERT_EQUAL_FATAL(build_some(), SGC_OK);
    check();
}

static void an_index_goes_whole_or_not(void)
{
    sgc_pages_stats before, after;

    fresh(12, 700);
    CU_ASSERT_EQUAL_FATAL(take_indexes(&fx_schema), SGC_OK);
    CU_ASSERT_FALSE(is_building()); /* without rows there is nothing to build */
    CU_ASSERT_EQUAL_FATAL(change_rows(2500, 0), SGC_OK);
    check();
    sgc_pages_get_stats(pages, &before);
    CU_ASSERT_EQUAL_FATAL(take_indexes(&few), SGC_OK);
    CU_ASSERT_TRUE(fx_verify(pages));
    CU_ASSERT_EQUAL_FATAL(take_indexes(&fx_schema), SGC_OK);
    CU_ASSERT_EQUAL_FATAL(build_some(), SGC_OK);
    CU_ASSERT_TRUE(is_building());
    CU_ASSERT_EQUAL_FATAL(take_indexes(&few), SGC_OK);
    CU_ASSERT_FALSE(is_building());
    CU_ASSERT_TRUE(fx_verify(pages));
    CU_ASSERT_EQUAL_FATAL(change_rows(1, 0), SGC_OK);
    CU_ASSERT_EQUAL_FATAL(change_rows(1, 0), SGC_OK);
    sgc_pages_get_stats(pages, &after);
    CU_ASSERT_TRUE(after.file_bytes - after.free_bytes < before.file_bytes - before.free_bytes);
    CU_ASSERT_EQUAL_FATAL(take_indexes(&fx_schema), SGC_OK);
    check();
    /* Other tables are another thing. */
    few.table_count = 1;
    CU_ASSERT_EQUAL(take_indexes(&few), SGC_SCHEMA_MISMATCH);
    check();
    while (is_building())
        CU_ASSERT_EQUAL_FATAL(build_some(), SGC_OK);
    check();
}

/* Building indexes anew takes those along that were not whole. */
static void a_rebuild_makes_them_whole(void)
{
    sgc_error error = {0};
    sgc_buf report = {0};

    fresh(15, 500);
    CU_ASSERT_EQUAL_FATAL(change_rows(1500, 0), SGC_OK);
    CU_ASSERT_EQUAL_FATAL(take_indexes(&fx_schema), SGC_OK);
    CU_ASSERT_EQUAL_FATAL(build_some(), SGC_OK);
    CU_ASSERT_TRUE_FATAL(is_building());
    sgc_checkpoint *newest = sgc_pages_newest(pages);
    const sgc_tree *hash = sgc_image_tree(&newest->image, PERSON, SGC_TREE_OF_HASH);
    sgc_page_at at;
    CU_ASSERT_EQUAL_FATAL(sgc_tree_look_up(&pages->cache, hash, 0, &at, &error), SGC_OK);
    sgc_checkpoint_release(newest);
    sgc_pages_close(pages);
    pages = NULL;
    const sgc_os *os = sgc_memory_os_table(memory);
    sgc_file *file;
    CU_ASSERT_EQUAL_FATAL(os->open(os->self, "db/pages", SGC_OPEN_READ | SGC_OPEN_WRITE, &file),
                          SGC_OK);
    CU_ASSERT_EQUAL(os->write(os->self, file, (uint64_t)at.place * SGC_PAGE_SIZE + 100, "x", 1),
                    SGC_OK);
    os->close(os->self, file);
    reopen(&fx_schema);
    CU_ASSERT_EQUAL(sgc_pages_rebuild(pages, &report, &error), SGC_OK);
    sgc_buf_free(&report);
    CU_ASSERT_FALSE(is_building());
    check();
}

/* ---- memory ---- */

static void every_allocation_fails_once(void)
{
    uint64_t failed = 0;

    fresh(21, 400);
    CU_ASSERT_EQUAL_FATAL(change_rows(1200, 0), SGC_OK);
    for (int what = 0; what < 2; what++) {
        sgc_status status = SGC_NO_MEMORY;
        for (uint64_t n = 1; status == SGC_NO_MEMORY && n < 20000; n++) {
            sgc_alloc_fail_at(n, false);
            status = what == 0 ? take_indexes(&fx_schema) : build_some();
            sgc_alloc_fail_at(0, false);
            failed += status == SGC_NO_MEMORY;
            /* Where it was missing while the root was written, nothing is written any more. */
            if (status != SGC_READ_ONLY) continue;
            reopen(what == 0 ? &few : &fx_schema);
            status = SGC_NO_MEMORY;
        }
        CU_ASSERT_EQUAL(status, SGC_OK);
        check();
    }
    CU_ASSERT_TRUE(failed > 20);
    while (is_building())
        CU_ASSERT_EQUAL_FATAL(build_some(), SGC_OK);
    check();
    sgc_checkpoint *newest = sgc_pages_newest(pages);
    sgc_checkpoint_release(newest);
}

/* A walk that ran out of memory can be begun again. */
static void a_walk_without_memory(void)
{
    sgc_page_cursor *cursor = calloc(1, sizeof *cursor);
    sgc_status status = SGC_NO_MEMORY;
    sgc_error error = {0};
    uint64_t n = 1;

    fresh(22, 300);
    CU_ASSERT_EQUAL_FATAL(change_rows(900, 0), SGC_OK);
    CU_ASSERT_EQUAL_FATAL(take_indexes(&fx_schema), SGC_OK);
    sgc_checkpoint *newest = sgc_pages_newest(pages);
    CU_ASSERT_PTR_NOT_NULL_FATAL(cursor);
    sgc_page_cursor_open(cursor, newest, PERSON, BY_TAG, true);
    for (; status == SGC_NO_MEMORY && n < 5000; n++) {
        sgc_alloc_fail_at(n, false);
        status = sgc_page_cursor_seek(cursor, sgc_str_of(NULL, 0), &error);
        sgc_alloc_fail_at(0, false);
    }
    CU_ASSERT_EQUAL(status, SGC_OK);
    CU_ASSERT_TRUE(n > 5 && cursor->valid);
    sgc_page_cursor_close(cursor);
    sgc_checkpoint_release(newest);
    free(cursor);
}

/* ---- more entries than are held at once ---- */

enum { MANY = 60000 };

static sgc_status gather_all(sgc_gather *gather)
{
    char text[120];

    /* In an order of its own; every entry three times, told apart by a. */
    for (size_t i = 0; i < MANY; i++) {
        size_t number = i * 7919 % MANY;
        int size = snprintf(text, sizeof text, "%090zu", number / 3);
        sgc_status status =
            sgc_gather_add(gather, sgc_str_of(text, (size_t)size), 5, number % 3, number);
        if (status) return status;
    }
    sgc_gather_end(gather);
    return SGC_OK;
}

static void more_entries_than_are_held(void)
{
    for (int descending = 0; descending < 2; descending++) {
        sgc_gather gather = {.count = 0};
        size_t seen = 0, walks = 1;
        CU_ASSERT_EQUAL_FATAL(sgc_gather_start(&gather, descending, sgc_str_of(NULL, 0)), SGC_OK);
        CU_ASSERT_EQUAL_FATAL(gather_all(&gather), SGC_OK);
        for (;; seen++, gather.at++) {
            if (gather.at == gather.count && gather.more) {
                CU_ASSERT_EQUAL_FATAL(sgc_gather_go_on(&gather), SGC_OK);
                CU_ASSERT_EQUAL_FATAL(gather_all(&gather), SGC_OK);
                walks++;
            }
            if (gather.at == gather.count) break;
            CU_ASSERT_EQUAL_FATAL(gather.items[gather.at].b, descending ? MANY - 1 - seen : seen);
        }
        CU_ASSERT_EQUAL(seen, MANY);
        CU_ASSERT_TRUE(walks > 1 && walks < 10);
        sgc_gather_free(&gather);
    }
}

static void clean(void)
{
    fx_model_free(&model);
    sgc_pages_close(pages);
    sgc_memory_os_destroy(memory);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"rows change between the rounds", rows_change_between_the_rounds},
        {"all rows go meanwhile", all_rows_go_meanwhile},
        {"an index goes, whole or not", an_index_goes_whole_or_not},
        {"a rebuild makes them whole", a_rebuild_makes_them_whole},
        {"every allocation fails once", every_allocation_fails_once},
        {"a walk without memory", a_walk_without_memory},
        {"more entries than are held", more_entries_than_are_held},
        CU_TEST_INFO_NULL,
    };
    int failed = unit_run("store.index_build", tests);

    clean();
    return failed;
}
