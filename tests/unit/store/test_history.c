/* test_history.c - segments of history against a model that keeps everything; merges, reopening. */
#include "unit/store/fresh_disk.h"
#include "unit/store/history_fixture.h"
#include "unit/unit.h"

static void must_open(sgc_str manifest, uint64_t cache, sgc_history **history, sgc_segments **list)
{
    sgc_error error = {0};

    if (sgc_history_open(sgc_memory_os_table(memory), "db/history", false, &hx_schema, manifest,
                         cache, history, list, &error)) {
        printf("\n    %s\n", error.text);
        CU_FAIL_FATAL("open");
    }
}

static void reopen(uint64_t cache, sgc_history **history, sgc_segments **list)
{
    sgc_buf manifest = {0};

    CU_ASSERT_EQUAL_FATAL(sgc_segments_encode(*list, &manifest), SGC_OK);
    sgc_segments_release(*list);
    sgc_history_close(*history);
    must_open(sgc_buf_as_str(&manifest), cache, history, list);
    sgc_buf_free(&manifest);
}

static void must_flush(hx_model *model, sgc_history *history, sgc_segments **list)
{
    sgc_error error = {0};
    sgc_status status = hx_flush(model, history, list, &error);

    if (status) printf("\n    %s\n", error.text);
    CU_ASSERT_EQUAL_FATAL(status, SGC_OK);
}

static void must_merge(sgc_history *history, sgc_segments **list, const sgc_retention *retention)
{
    sgc_segments *merged, *replaced;
    sgc_error error = {0};
    sgc_status status = sgc_history_merge(history, *list, retention, &merged, &error);

    if (status) printf("\n    %s\n", error.text);
    CU_ASSERT_EQUAL_FATAL(status, SGC_OK);
    CU_ASSERT_EQUAL_FATAL(sgc_segments_replace(*list, *list, merged, &replaced, &error), SGC_OK);
    sgc_history_published(history, replaced);
    sgc_segments_release(merged);
    sgc_segments_release(*list);
    *list = replaced;
}

static void count_file(void *context, const char *name)
{
    (void)name;
    ++*(size_t *)context;
}

static size_t files(void)
{
    const sgc_os *os = sgc_memory_os_table(memory);
    size_t count = 0;

    CU_ASSERT_EQUAL(os->list(os->self, "db/history", count_file, &count), SGC_OK);
    return count;
}

typedef struct history_plan {
    size_t rows, note, commits;
    unsigned flushes, questions;
    uint64_t cache, seed;
    size_t spill;    /* 0: never */
    uint64_t stride; /* 0: 1 */
} history_plan;

static void rounds(history_plan plan)
{
    sgc_history *history;
    sgc_segments *list;
    hx_model model;

    fresh_disk();
    hx_create(&model, plan.rows, plan.note, plan.seed);
    if (plan.stride) model.stride = plan.stride;
    must_open(SGC_STR(""), plan.cache, &history, &list);
    for (unsigned i = 1; i <= plan.flushes; i++) {
        if (plan.spill) history->spill = plan.spill;
        hx_commits(&model, 1 + fx_random(&model.seed) % plan.commits);
        must_flush(&model, history, &list);
        if (i % 3 == 0) must_merge(history, &list, NULL);
        CU_ASSERT_EQUAL(files(), sgc_segments_count(list));
        if (i % 5 == 0) reopen(plan.cache, &history, &list);
        if (i % 4 == 0) {
            uint64_t *horizon = &model.horizons[i % 2];
            sgc_retention retention = {model.horizons, i % 12 == 0};
            if (*horizon + 30 < model.sequence) *horizon += fx_random(&model.seed) % 30;
            must_merge(history, &list, &retention);
            CU_ASSERT_EQUAL(sgc_segments_horizon(list, HX_NUMBER), model.horizons[HX_NUMBER]);
            CU_ASSERT_EQUAL(sgc_segments_horizon(list, HX_PERSON), model.horizons[HX_PERSON]);
            if (retention.everything) CU_ASSERT_EQUAL(sgc_segments_count(list), 1);
        }
        bool good = hx_check(&model, history, list, plan.questions);
        if (!good) printf("\n    after flush %u\n", i);
        CU_ASSERT_TRUE_FATAL(good);
    }
    sgc_segments_release(list);
    sgc_history_close(history);
    hx_free(&model);
}

static void small_history(void)
{
    rounds((history_plan){.rows = 40,
                          .note = 20,
                          .commits = 30,
                          .flushes = 40,
                          .questions = 60,
                          .cache = 1 << 20,
                          .seed = 1});
}

static void larger_history(void)
{
    rounds((history_plan){.rows = 600,
                          .note = 200,
                          .commits = 900,
                          .flushes = 12,
                          .questions = 40,
                          .cache = 16 << 20,
                          .seed = 2});
}

static void without_a_cache(void)
{
    rounds((history_plan){
        .rows = 100, .note = 300, .commits = 200, .flushes = 12, .questions = 40, .seed = 3});
}

static void spilled_flushes(void)
{
    rounds((history_plan){.rows = 100,
                          .note = 100,
                          .commits = 300,
                          .flushes = 12,
                          .questions = 40,
                          .cache = 1 << 18,
                          .seed = 4,
                          .spill = 20000});
}

/* Sequences of a block differ by more than 32 bits hold. */
static void sequences_far_apart(void)
{
    rounds((history_plan){.rows = 60,
                          .note = 40,
                          .commits = 120,
                          .flushes = 12,
                          .questions = 40,
                          .cache = 1 << 20,
                          .seed = 5,
                          .stride = (uint64_t)1 << 31});
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a small history", small_history},           {"a larger history", larger_history},
        {"without a cache", without_a_cache},         {"spilled flushes", spilled_flushes},
        {"sequences far apart", sequences_far_apart}, CU_TEST_INFO_NULL};
    int result = unit_run("store.history", tests);

    sgc_memory_os_destroy(memory);
    return result;
}
