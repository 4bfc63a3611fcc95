/*
 * test_flush.c - flushes that are watched and flushes that fail: readers of old checkpoints in
 * other threads, failing writes and syncs, a full device, memory that runs out anywhere.
 */
#include "unit/store/fresh_disk.h"
#include "unit/store/image_fixture.h"
#include "unit/unit.h"

#include "store/image.h"

static sgc_status open_image(const sgc_os *os, uint64_t cache_bytes, sgc_pages **pages)
{
    sgc_pages_options options = {.cache_bytes = cache_bytes};
    sgc_error error = {0};
    sgc_status status = sgc_pages_open(os, "db", &fx_schema, &options, pages, &error);

    if (status && status != SGC_NO_MEMORY && status != SGC_IO && status != SGC_NO_SPACE)
        printf("\n    open: %s\n", error.text);
    return status;
}

static sgc_status flush_changes(sgc_pages *pages, fx_model *model, size_t changes,
                                uint64_t sequence, uint64_t *seed)
{
    static const fx_script script = {.deletes = 25, .note = 300, .large = 12000};
    sgc_error error = {0};
    sgc_flush *flush;
    sgc_status status = sgc_flush_begin(pages, &flush, &error);

    if (status) return status;
    status = fx_run(flush, model, changes, sequence, &script, seed, &error);
    if (status) {
        CU_ASSERT_EQUAL(sgc_flush_commit(flush, sequence, sequence, &error), status);
        return status;
    }
    return sgc_flush_commit(flush, sequence, sequence, &error);
}

/* ---- what a flush asks for and gives back ---- */

static unsigned told;

static void count_will_read(void *self, sgc_file *file, uint64_t offset, size_t size)
{
    (void)self;
    (void)file;
    CU_ASSERT_EQUAL(offset % SGC_PAGE_SIZE, 0);
    CU_ASSERT_EQUAL(size, SGC_PAGE_SIZE);
    told++;
}

static void the_device_is_told_of_cold_pages(void)
{
    sgc_os os = *fresh_disk();
    uint64_t seed = 5;
    fx_model model;
    sgc_pages *pages;
    sgc_flush *flush;
    sgc_error error = {0};

    os.will_read = count_will_read;
    CU_ASSERT_TRUE_FATAL(fx_model_create(&model, 3000, 20, 11));
    CU_ASSERT_EQUAL_FATAL(open_image(&os, 8 << 20, &pages), SGC_OK);
    CU_ASSERT_EQUAL(flush_changes(pages, &model, 6000, 1, &seed), SGC_OK);
    sgc_pages_close(pages);
    CU_ASSERT_EQUAL_FATAL(open_image(&os, 8 << 20, &pages), SGC_OK);
    told = 0;
    CU_ASSERT_EQUAL_FATAL(sgc_flush_begin(pages, &flush, &error), SGC_OK);
    sgc_flush_will_change(flush, PERSON, SGC_STR("a"));
    CU_ASSERT_EQUAL(told, 1); /* the page of the hash index */
    CU_ASSERT_EQUAL(fx_run(flush, &model, 40, 2, &(fx_script){.deletes = 25}, &seed, &error),
                    SGC_OK);
    CU_ASSERT_EQUAL(told, 1);
    CU_ASSERT_EQUAL(sgc_flush_commit(flush, 2, 2, &error), SGC_OK);
    CU_ASSERT_TRUE(told > 10); /* leaves */
    told = 0;
    CU_ASSERT_EQUAL_FATAL(sgc_flush_begin(pages, &flush, &error), SGC_OK);
    CU_ASSERT_EQUAL(fx_put(flush, PERSON, SGC_STR("a"), 3, sgc_str_of(NULL, 0), &error), SGC_OK);
    sgc_flush_will_change(flush, PERSON, SGC_STR("a"));
    CU_ASSERT_EQUAL(told, 0); /* it is in memory */
    sgc_flush_abort(flush);
    sgc_pages_close(pages);
    fx_model_free(&model);
}

static void free_places_have_no_frames(void)
{
    uint64_t seed = 6;
    fx_model model;
    sgc_pages *pages;
    sgc_flush *flush;
    sgc_error error = {0};
    unsigned cached = 0, free_ones = 0;

    CU_ASSERT_EQUAL_FATAL(open_image(fresh_disk(), 8 << 20, &pages), SGC_OK);
    CU_ASSERT_TRUE_FATAL(fx_model_create(&model, 1000, 20, 12));
    for (uint64_t i = 1; i <= 6; i++)
        CU_ASSERT_EQUAL(flush_changes(pages, &model, 1000, i, &seed), SGC_OK);
    CU_ASSERT_EQUAL_FATAL(sgc_flush_begin(pages, &flush, &error), SGC_OK);
    CU_ASSERT_TRUE(sgc_space_free(&pages->space) > 20);
    for (uint32_t i = 1; i < pages->cache.fresh; i++) {
        uint32_t place = atomic_load(&pages->cache.frames[i].place);
        if (place == 0) continue;
        cached++;
        free_ones += sgc_space_is_free(&pages->space, place);
    }
    CU_ASSERT_TRUE(cached > 20);
    CU_ASSERT_EQUAL(free_ones, 0);
    sgc_flush_abort(flush);
    sgc_pages_close(pages);
    fx_model_free(&model);
}

/* ---- readers beside a flush ---- */

enum { READERS = 4, VERSIONS = 40, KEPT = 3 };

typedef struct shared {
    sgc_pages *pages;
    sgc_mutex lock;
    sgc_checkpoint *checkpoints[KEPT]; /* what readers may take, with the model of that moment */
    fx_model *models[KEPT];
    unsigned in_use[KEPT];
    bool over;
    _Atomic unsigned checks, wrong;
} shared;

typedef struct reader {
    shared *shared;
    uint64_t seed;
    sgc_thread thread;
} reader;

static void *read_on(void *argument)
{
    reader *self = argument;
    shared *s = self->shared;

    for (;;) {
        unsigned at = (unsigned)(fx_random(&self->seed) % KEPT);
        sgc_mutex_lock(&s->lock);
        if (s->over) break;
        sgc_checkpoint *checkpoint = s->checkpoints[at];
        if (checkpoint) {
            sgc_checkpoint_retain(checkpoint);
            s->in_use[at]++;
        }
        sgc_mutex_unlock(&s->lock);
        if (!checkpoint) continue;
        if (!fx_check(checkpoint, s->models[at], &self->seed)) s->wrong++;
        s->checks++;
        sgc_checkpoint_release(checkpoint);
        sgc_mutex_lock(&s->lock);
        s->in_use[at]--;
        sgc_mutex_unlock(&s->lock);
    }
    sgc_mutex_unlock(&s->lock);
    return NULL;
}

/* Shows readers a new checkpoint in the place of an old one that none of them has. */
static void show(shared *s, sgc_checkpoint *checkpoint, const fx_model *model)
{
    fx_model *copy = calloc(1, sizeof *copy), *gone = NULL;

    if (!copy) abort();
    fx_model_copy(model, copy);
    sgc_mutex_lock(&s->lock);
    for (unsigned i = 0; i < KEPT && checkpoint; i++) {
        if (s->in_use[i]) continue;
        gone = s->models[i];
        sgc_checkpoint_release(s->checkpoints[i]);
        s->checkpoints[i] = checkpoint;
        s->models[i] = copy;
        checkpoint = NULL;
        copy = NULL;
    }
    sgc_mutex_unlock(&s->lock);
    sgc_checkpoint_release(checkpoint);
    if (copy) fx_model_free(copy);
    free(copy);
    if (gone) fx_model_free(gone);
    free(gone);
}

static void readers_see_their_checkpoint(uint64_t cache_bytes)
{
    shared s = {0};
    reader readers[READERS];
    fx_model model;
    uint64_t seed = 11;

    CU_ASSERT_EQUAL_FATAL(open_image(fresh_disk(), cache_bytes, &s.pages), SGC_OK);
    CU_ASSERT_TRUE_FATAL(fx_model_create(&model, 300, 40, seed));
    sgc_mutex_init(&s.lock);
    for (unsigned i = 0; i < READERS; i++) {
        readers[i] = (reader){&s, 100 + i, 0};
        CU_ASSERT_EQUAL_FATAL(sgc_thread_start(&readers[i].thread, read_on, &readers[i]), SGC_OK);
    }
    for (uint64_t i = 1; i <= VERSIONS; i++) {
        CU_ASSERT_EQUAL_FATAL(flush_changes(s.pages, &model, 100, i, &seed), SGC_OK);
        show(&s, sgc_pages_newest(s.pages), &model);
    }
    while (s.checks < 30 && !s.wrong)
        continue;
    sgc_mutex_lock(&s.lock);
    s.over = true;
    sgc_mutex_unlock(&s.lock);
    for (unsigned i = 0; i < READERS; i++)
        sgc_thread_join(readers[i].thread);
    CU_ASSERT_EQUAL(s.wrong, 0);
    for (unsigned i = 0; i < KEPT; i++) {
        sgc_checkpoint_release(s.checkpoints[i]);
        if (s.models[i]) fx_model_free(s.models[i]);
        free(s.models[i]);
    }
    CU_ASSERT_TRUE(fx_verify(s.pages));
    sgc_pages_close(s.pages);
    sgc_mutex_destroy(&s.lock);
    fx_model_free(&model);
}

static void readers_beside_a_flush(void)
{
    readers_see_their_checkpoint(4 << 20);
}

static void readers_in_the_smallest_cache(void)
{
    readers_see_their_checkpoint(64 * 4096);
}

/* ---- failures of the device ---- */

typedef struct start {
    sgc_pages *pages;
    fx_model before, after;
    uint64_t seed;
} start;

/* An image with one committed flush, in a small cache so that the next one writes early. */
static void begin_case(start *s, uint64_t cache_bytes)
{
    *s = (start){.seed = 21};
    CU_ASSERT_EQUAL_FATAL(open_image(fresh_disk(), cache_bytes, &s->pages), SGC_OK);
    CU_ASSERT_TRUE_FATAL(fx_model_create(&s->before, 150, 30, s->seed));
    CU_ASSERT_EQUAL_FATAL(flush_changes(s->pages, &s->before, 200, 1, &s->seed), SGC_OK);
    fx_model_copy(&s->before, &s->after);
}

static void end_case(start *s)
{
    sgc_pages_close(s->pages);
    fx_model_free(&s->before);
    fx_model_free(&s->after);
}

static bool is_state(sgc_pages *pages, const fx_model *model, uint64_t sequence)
{
    sgc_checkpoint *checkpoint = sgc_pages_newest(pages);
    uint64_t seed = 5;
    bool good =
        sgc_checkpoint_sequence(checkpoint) == sequence && fx_check(checkpoint, model, &seed);

    sgc_checkpoint_release(checkpoint);
    return good;
}

/* The old state stays; after reopening it is the old or the new one, and works again. */
static void check_after_failure(start *s, bool reached_root)
{
    sgc_error error = {0};
    sgc_flush *flush;

    CU_ASSERT_TRUE_FATAL(is_state(s->pages, &s->before, 1));
    CU_ASSERT_EQUAL(sgc_flush_begin(s->pages, &flush, &error), SGC_READ_ONLY);
    sgc_pages_close(s->pages);
    sgc_memory_os_set_faults(memory, &(sgc_faults){0});
    CU_ASSERT_EQUAL_FATAL(open_image(sgc_memory_os_table(memory), 64 * 4096, &s->pages), SGC_OK);
    if (reached_root) {
        sgc_checkpoint *checkpoint = sgc_pages_newest(s->pages);
        bool newer = sgc_checkpoint_sequence(checkpoint) == 2;
        sgc_checkpoint_release(checkpoint);
        CU_ASSERT_TRUE_FATAL(is_state(s->pages, newer ? &s->after : &s->before, newer ? 2 : 1));
    } else {
        CU_ASSERT_TRUE_FATAL(is_state(s->pages, &s->before, 1));
    }
    CU_ASSERT_TRUE_FATAL(fx_verify(s->pages));
    CU_ASSERT_EQUAL(flush_changes(s->pages, &s->after, 50, 3, &s->seed), SGC_OK);
    CU_ASSERT_TRUE(fx_verify(s->pages));
}

static void every_write_can_fail(void)
{
    bool failed = true;

    for (uint64_t at = 1; failed; at++) {
        start s;
        begin_case(&s, 64 * 4096);
        sgc_memory_os_set_faults(
            memory, &(sgc_faults){.seed = at, .fail_write_at = at, .short_writes = true});
        sgc_status status = flush_changes(s.pages, &s.after, 200, 2, &s.seed);
        failed = status != SGC_OK;
        if (failed) {
            CU_ASSERT_EQUAL(status, SGC_IO);
            check_after_failure(&s, true);
        } else {
            CU_ASSERT_TRUE(at > 3);
        }
        end_case(&s);
    }
}

static void every_sync_can_fail(void)
{
    for (uint64_t at = 1; at <= 3; at++) {
        start s;
        begin_case(&s, 64 * 4096);
        sgc_memory_os_set_faults(memory, &(sgc_faults){.seed = at, .fail_sync_at = at});
        CU_ASSERT_EQUAL(flush_changes(s.pages, &s.after, 200, 2, &s.seed), SGC_IO);
        check_after_failure(&s, at > 1);
        end_case(&s);
    }
}

static void the_device_can_be_full(void)
{
    for (uint64_t at = 1; at < 40; at++) {
        start s;
        begin_case(&s, 64 * 4096);
        sgc_memory_os_set_faults(memory, &(sgc_faults){.seed = at, .no_space_at = at});
        sgc_status status = flush_changes(s.pages, &s.after, 200, 2, &s.seed);
        if (status) {
            CU_ASSERT_EQUAL(status, SGC_NO_SPACE);
            check_after_failure(&s, true);
        }
        end_case(&s);
        if (status == SGC_OK) break;
    }
}

/* ---- memory that runs out ---- */

static void memory_can_run_out_in_a_flush(void)
{
    bool failed = true;
    uint64_t at = 1;

    for (; failed; at++) {
        start s;
        begin_case(&s, 64 * 4096);
        sgc_memory_os_set_faults(memory, &(sgc_faults){0});
        sgc_alloc_fail_at(at, false);
        sgc_status status = flush_changes(s.pages, &s.after, 40, 2, &s.seed);
        failed = sgc_alloc_count() >= at;
        sgc_alloc_fail_at(0, false);
        if (status) {
            CU_ASSERT_TRUE_FATAL(is_state(s.pages, &s.before, 1));
        } else {
            CU_ASSERT_TRUE_FATAL(is_state(s.pages, &s.after, 2));
            CU_ASSERT_TRUE(fx_verify(s.pages));
        }
        end_case(&s);
    }
    CU_ASSERT_TRUE(at > 20);
}

static void memory_can_run_out_on_open_and_read(void)
{
    bool failed = true;
    uint64_t at = 1;
    start s;

    begin_case(&s, 64 * 4096);
    sgc_pages_close(s.pages);
    for (; failed; at++) {
        s.pages = NULL;
        sgc_alloc_fail_at(at, false);
        sgc_status status = open_image(sgc_memory_os_table(memory), 64 * 4096, &s.pages);
        sgc_buf report = {0};
        if (status == SGC_OK) {
            sgc_status verified = sgc_pages_verify(s.pages, &report);
            CU_ASSERT_TRUE(verified == SGC_OK || verified == SGC_NO_MEMORY);
        } else {
            CU_ASSERT_EQUAL(status, SGC_NO_MEMORY);
        }
        failed = sgc_alloc_count() >= at;
        sgc_alloc_fail_at(0, false);
        sgc_buf_free(&report);
        sgc_pages_close(s.pages);
    }
    CU_ASSERT_TRUE(at > 10);
    CU_ASSERT_EQUAL_FATAL(open_image(sgc_memory_os_table(memory), 64 * 4096, &s.pages), SGC_OK);
    CU_ASSERT_TRUE(is_state(s.pages, &s.before, 1));
    end_case(&s);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"the device is told of cold pages", the_device_is_told_of_cold_pages},
        {"free places have no frames", free_places_have_no_frames},
        {"readers beside a flush", readers_beside_a_flush},
        {"readers in the smallest cache", readers_in_the_smallest_cache},
        {"every write can fail", unit_alone(every_write_can_fail)},
        {"every sync can fail", unit_alone(every_sync_can_fail)},
        {"the device can be full", unit_alone(the_device_can_be_full)},
        {"memory can run out in a flush", unit_alone(memory_can_run_out_in_a_flush)},
        {"memory can run out on open and read", unit_alone(memory_can_run_out_on_open_and_read)},
        CU_TEST_INFO_NULL,
    };
    int failed = unit_run("store.flush", tests);
    sgc_memory_os_destroy(memory);
    return failed;
}
