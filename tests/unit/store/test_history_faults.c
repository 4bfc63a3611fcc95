/*
 * test_history_faults.c - history when memory runs out, writes and syncs fail, the power goes, bits
 * flip, and while threads read what is being merged.
 */
#include "unit/store/fresh_disk.h"
#include "unit/store/history_fixture.h"
#include "unit/unit.h"

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

static sgc_status open_history(sgc_str manifest, sgc_history **history, sgc_segments **list,
                               sgc_error *error)
{
    return sgc_history_open(sgc_memory_os_table(memory), "db/history", false, &hx_schema, manifest,
                            50000, history, list, error);
}

static void reopen(sgc_history **history, sgc_segments **list)
{
    sgc_buf manifest = {0};
    sgc_error error = {0};

    CU_ASSERT_EQUAL_FATAL(sgc_segments_encode(*list, &manifest), SGC_OK);
    sgc_segments_release(*list);
    sgc_history_close(*history);
    CU_ASSERT_EQUAL_FATAL(open_history(sgc_buf_as_str(&manifest), history, list, &error), SGC_OK);
    sgc_buf_free(&manifest);
}

/* Three segments on a fresh disk. */
static void prepare(hx_model *model, sgc_buf *manifest)
{
    sgc_history *history;
    sgc_segments *list;
    sgc_error error = {0};

    fresh_disk();
    hx_create(model, 24, 60, 5);
    CU_ASSERT_EQUAL_FATAL(open_history(SGC_STR(""), &history, &list, &error), SGC_OK);
    for (int i = 0; i < 3; i++) {
        hx_commits(model, 60);
        CU_ASSERT_EQUAL_FATAL(hx_flush(model, history, &list, &error), SGC_OK);
    }
    CU_ASSERT_EQUAL_FATAL(sgc_segments_encode(list, manifest), SGC_OK);
    sgc_segments_release(list);
    sgc_history_close(history);
}

/* ---- memory ---- */

static sgc_status merge_all(sgc_history *history, sgc_segments **list, sgc_error *error)
{
    sgc_retention retention = {.everything = true};
    sgc_segments *merged, *replaced;
    sgc_status status = sgc_history_merge(history, *list, &retention, &merged, error);

    if (status) return status;
    status = sgc_segments_replace(*list, *list, merged, &replaced, error);
    if (status == SGC_OK) {
        sgc_history_published(history, replaced);
        sgc_segments_release(*list);
        *list = replaced;
    }
    sgc_segments_release(merged);
    return status;
}

/* Every kind of reading once; the answers are checked elsewhere. */
static sgc_status read_some(const hx_model *model, sgc_segments *list, sgc_error *error)
{
    sgc_past_cursor *cursor;
    sgc_change_cursor *changes;
    sgc_arena arena = {0};
    sgc_past past;
    sgc_str record;
    uint64_t sequence;
    const hx_version *v = &model->versions[0];
    sgc_past_period period = {0, model->sequence};

    sgc_status status = sgc_segments_get(list, v->table, v->key, v->begin, &arena, &past, error);
    sgc_arena_free(&arena);
    if (status == SGC_OK)
        status = sgc_past_open(list, HX_PERSON, HX_TAG, period, true, sgc_str_of(NULL, 0), &cursor,
                               error);
    if (status == SGC_OK) {
        status = sgc_past_seek(cursor, sgc_str_of(NULL, 0), error);
        if (status == SGC_OK) status = sgc_past_record(cursor, &record, error);
        if (status == SGC_OK) status = sgc_past_next(cursor, error);
        sgc_past_close(cursor);
    }
    if (status == SGC_OK) status = sgc_change_cursor_open(list, 0, &changes, error);
    if (status == SGC_OK) sgc_change_cursor_close(changes);
    if (status == SGC_OK) status = sgc_segments_sequence_at(list, 5000, &sequence, error);
    return status;
}

static sgc_status everything_once(hx_model *model, sgc_str manifest, size_t spill,
                                  sgc_history **history, sgc_segments **list, sgc_error *error)
{
    sgc_status status = open_history(manifest, history, list, error);

    if (status) return status;
    (*history)->spill = spill;
    status = hx_flush(model, *history, list, error);
    if (status == SGC_OK) status = merge_all(*history, list, error);
    return status ? status : read_some(model, *list, error);
}

static void memory_runs_out(void)
{
    bool done = false;

    for (uint64_t n = 1; !done; n += 1 + n / 25) {
        hx_model model;
        sgc_buf manifest = {0};
        sgc_history *history = NULL;
        sgc_segments *list = NULL;
        sgc_error error = {0};
        prepare(&model, &manifest);
        hx_commits(&model, 40);
        sgc_alloc_fail_at(n, false);
        sgc_status status = everything_once(&model, sgc_buf_as_str(&manifest),
                                            n % 2 ? 8000 : 1 << 20, &history, &list, &error);
        done = sgc_alloc_count() < n;
        sgc_alloc_fail_at(0, false);
        if (status != SGC_OK) {
            if (status != SGC_NO_MEMORY)
                printf("\n    %llu: %s\n", (unsigned long long)n, error.text);
            CU_ASSERT_EQUAL(status, SGC_NO_MEMORY);
        }
        if (!history)
            CU_ASSERT_EQUAL_FATAL(open_history(sgc_buf_as_str(&manifest), &history, &list, &error),
                                  SGC_OK);
        CU_ASSERT_EQUAL_FATAL(hx_flush(&model, history, &list, &error), SGC_OK);
        CU_ASSERT_TRUE_FATAL(hx_check(&model, history, list, 3));
        reopen(&history, &list); /* what a merge made and nobody published goes */
        CU_ASSERT_EQUAL(files(), sgc_segments_count(list));
        sgc_segments_release(list);
        sgc_history_close(history);
        sgc_buf_free(&manifest);
        hx_free(&model);
    }
}

/* ---- disks ---- */

/* One fault while a segment is written and merged: nothing is lost, and the next try works. */
static bool survive(const sgc_faults *faults, size_t spill)
{
    hx_model model;
    sgc_buf manifest = {0};
    sgc_history *history;
    sgc_segments *list;
    sgc_error error = {0};

    prepare(&model, &manifest);
    CU_ASSERT_EQUAL_FATAL(open_history(sgc_buf_as_str(&manifest), &history, &list, &error), SGC_OK);
    history->spill = spill;
    hx_commits(&model, 40);
    sgc_memory_os_set_faults(memory, faults);
    sgc_status status = hx_flush(&model, history, &list, &error);
    if (status == SGC_OK) status = merge_all(history, &list, &error);
    sgc_memory_os_set_faults(memory, &(sgc_faults){0});
    if (status) CU_ASSERT_TRUE(status == SGC_IO || status == SGC_NO_SPACE);
    if (status) CU_ASSERT_TRUE(error.text[0] != 0);
    CU_ASSERT_TRUE(hx_check(&model, history, list, 3));
    CU_ASSERT_EQUAL(files(), sgc_segments_count(list));
    CU_ASSERT_EQUAL(hx_flush(&model, history, &list, &error), SGC_OK);
    CU_ASSERT_EQUAL(merge_all(history, &list, &error), SGC_OK);
    CU_ASSERT_TRUE_FATAL(hx_check(&model, history, list, 10));
    sgc_segments_release(list);
    sgc_history_close(history);
    sgc_buf_free(&manifest);
    hx_free(&model);
    return status != SGC_OK;
}

static void disks_fail(void)
{
    const size_t spills[] = {1 << 20, 6000};

    for (size_t i = 0; i < 2; i++) {
        unsigned failed = 0;
        for (uint64_t n = 1; survive(&(sgc_faults){.seed = n, .fail_write_at = n}, spills[i]); n++)
            failed++;
        CU_ASSERT_TRUE(failed >= 2);
        for (uint64_t n = 1;
             survive(&(sgc_faults){.seed = n, .no_space_at = n, .short_writes = true}, spills[i]);
             n++)
            failed++;
        for (uint64_t n = 1; survive(&(sgc_faults){.seed = n, .fail_sync_at = n}, spills[i]); n++)
            failed++;
        CU_ASSERT_TRUE(failed >= 2 + 2 + 4); /* two segments, each with its folder */
    }
}

/* ---- power ---- */

/* The root of this test: a sequence and the manifest, replaced by a rename. */
static sgc_status write_root(uint64_t sequence, const sgc_segments *list)
{
    const sgc_os *os = sgc_memory_os_table(memory);
    sgc_buf bytes = {0};
    sgc_file *file;

    sgc_buf_append(&bytes, &sequence, sizeof sequence);
    if (sgc_segments_encode(list, &bytes)) abort();
    sgc_status status = os->open(os->self, "db/root.new", SGC_OPEN_WRITE | SGC_OPEN_CREATE, &file);
    if (status == SGC_OK) {
        status = os->truncate(os->self, file, 0);
        if (status == SGC_OK) status = os->write(os->self, file, 0, bytes.data, bytes.size);
        if (status == SGC_OK) status = os->sync(os->self, file);
        os->close(os->self, file);
    }
    if (status == SGC_OK) status = os->rename(os->self, "db/root.new", "db/root");
    if (status == SGC_OK) status = os->sync_directory(os->self, "db");
    sgc_buf_free(&bytes);
    return status;
}

static size_t read_root(char *bytes, size_t most)
{
    const sgc_os *os = sgc_memory_os_table(memory);
    sgc_file *file;
    size_t got = 0;

    if (os->open(os->self, "db/root", SGC_OPEN_READ, &file)) return 0;
    if (os->read(os->self, file, 0, bytes, most, &got)) abort();
    os->close(os->self, file);
    return got;
}

/* The model as it was when the root with this sequence was written. */
static void go_back(hx_model *model, uint64_t sequence)
{
    for (size_t i = 0; i < model->version_count; i++)
        model->versions[i].written = model->versions[i].end <= sequence;
    for (size_t i = 0; i < model->change_count; i++)
        model->changes[i].written = model->changes[i].sequence <= sequence;
    for (size_t i = 0; i < model->commit_count; i++)
        model->commits[i].written = model->commits[i].sequence <= sequence;
}

/* Flushes and merges until the power goes. */
static sgc_status work(hx_model *model, sgc_history *history, sgc_segments **list, int rounds)
{
    sgc_error error = {0};

    for (int i = 0; i < rounds; i++) {
        sgc_history_writer *writer;
        sgc_segments *next;
        hx_commits(model, 12);
        for (int merge = 0; merge < 2; merge++) {
            sgc_status status;
            if (merge) {
                sgc_retention retention = {.everything = i % 3 == 2};
                status = sgc_history_merge(history, *list, &retention, &next, &error);
            } else {
                status = sgc_history_begin(history, *list, &writer, &error);
                if (status == SGC_OK) status = hx_fill(model, writer, &error);
                if (status == SGC_OK)
                    status = sgc_history_finish(writer, model->sequence, &next, &error);
            }
            if (status) return status;
            status = write_root(model->sequence, next);
            if (status == SGC_OK) {
                hx_mark_written(model);
                sgc_history_published(history, next);
                sgc_segments_release(*list);
                *list = next;
            } else {
                sgc_segments_release(next);
                return status;
            }
        }
    }
    return SGC_OK;
}

static bool cut_at(uint64_t step)
{
    static char root[1 << 16];
    sgc_history *history;
    sgc_segments *list;
    sgc_error error = {0};
    hx_model model;

    fresh_disk();
    hx_create(&model, 20, 30, step);
    CU_ASSERT_EQUAL_FATAL(open_history(SGC_STR(""), &history, &list, &error), SGC_OK);
    CU_ASSERT_EQUAL_FATAL(work(&model, history, &list, 2), SGC_OK);
    sgc_memory_os_set_faults(memory, &(sgc_faults){.seed = step, .power_cut_at = step});
    sgc_status status = work(&model, history, &list, 3);
    sgc_segments_release(list);
    sgc_history_close(history);
    sgc_memory_os_power_cycle(memory, step);
    size_t size = read_root(root, sizeof root);
    CU_ASSERT_TRUE_FATAL(size > sizeof(uint64_t));
    uint64_t sequence;
    memcpy(&sequence, root, sizeof sequence);
    sgc_status opened = open_history(sgc_str_of(root + sizeof sequence, size - sizeof sequence),
                                     &history, &list, &error);
    if (opened) printf("\n    cut at %llu: %s\n", (unsigned long long)step, error.text);
    CU_ASSERT_EQUAL_FATAL(opened, SGC_OK);
    go_back(&model, sequence);
    CU_ASSERT_EQUAL(files(), sgc_segments_count(list));
    CU_ASSERT_TRUE_FATAL(hx_check(&model, history, list, 20));
    CU_ASSERT_EQUAL_FATAL(hx_flush(&model, history, &list, &error), SGC_OK);
    CU_ASSERT_TRUE_FATAL(hx_check(&model, history, list, 5));
    sgc_segments_release(list);
    sgc_history_close(history);
    hx_free(&model);
    return status != SGC_OK;
}

static void power_cuts(void)
{
    uint64_t step = 1;

    while (cut_at(step))
        step++;
    CU_ASSERT_TRUE(step > 30);
}

/* ---- damage ---- */

/* All answers are right, or say that there is damage. True when somebody said so. */
static bool ask_damaged(const hx_model *model, sgc_history *history, sgc_segments *list)
{
    sgc_arena arena = {0};
    sgc_buf report = {0};
    sgc_error error = {0};
    bool damaged = false;

    for (size_t i = 0; i < model->version_count; i++) {
        const hx_version *v = &model->versions[i];
        sgc_past past;
        if (!v->written) continue;
        sgc_status status =
            sgc_segments_get(list, v->table, v->key, v->begin, &arena, &past, &error);
        if (status == SGC_CORRUPT) {
            damaged = true;
            CU_ASSERT_PTR_NOT_NULL(strstr(error.text, ".seg: at byte "));
        } else {
            CU_ASSERT_EQUAL_FATAL(status, SGC_OK);
            CU_ASSERT_TRUE_FATAL(past.begin == v->begin && past.end == v->end &&
                                 sgc_str_eq(past.record, v->record));
        }
    }
    sgc_status status = sgc_history_verify(history, list, &report);
    CU_ASSERT_TRUE(status == SGC_OK || status == SGC_CORRUPT);
    CU_ASSERT_EQUAL(status == SGC_CORRUPT, report.size > 0);
    CU_ASSERT_FALSE(damaged && status == SGC_OK);
    sgc_buf_free(&report);
    sgc_arena_free(&arena);
    return status == SGC_CORRUPT;
}

static void every_bit_of_a_segment(void)
{
    const char *path = "db/history/0000000000000001.seg";
    hx_model model;
    sgc_buf manifest = {0};
    sgc_history *history;
    sgc_segments *list;
    sgc_error error = {0};
    uint64_t bit = 0, at_load = 0;

    fresh_disk();
    hx_create(&model, 10, 10, 7);
    CU_ASSERT_EQUAL_FATAL(open_history(SGC_STR(""), &history, &list, &error), SGC_OK);
    hx_commits(&model, 20);
    CU_ASSERT_EQUAL_FATAL(hx_flush(&model, history, &list, &error), SGC_OK);
    CU_ASSERT_EQUAL_FATAL(sgc_segments_encode(list, &manifest), SGC_OK);
    sgc_segments_release(list);
    sgc_history_close(history);
    for (; sgc_memory_os_flip(memory, path, bit) == SGC_OK; bit++) {
        CU_ASSERT_EQUAL_FATAL(open_history(sgc_buf_as_str(&manifest), &history, &list, &error),
                              SGC_OK);
        sgc_status status = sgc_segments_load(list, &error);
        if (status) {
            CU_ASSERT_EQUAL(status, SGC_CORRUPT);
            CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "0000000000000001.seg: at byte "));
            at_load++;
        }
        CU_ASSERT_TRUE(ask_damaged(&model, history, list));
        sgc_segments_release(list);
        sgc_history_close(history);
        CU_ASSERT_EQUAL_FATAL(sgc_memory_os_flip(memory, path, bit), SGC_OK);
    }
    CU_ASSERT_TRUE(bit > 8000 && at_load > 1000 && at_load < bit);
    for (size_t i = 0; i < manifest.size * 8; i++) {
        manifest.data[i / 8] = (char)(manifest.data[i / 8] ^ 1 << i % 8);
        CU_ASSERT_EQUAL(open_history(sgc_buf_as_str(&manifest), &history, &list, &error),
                        SGC_CORRUPT);
        manifest.data[i / 8] = (char)(manifest.data[i / 8] ^ 1 << i % 8);
    }
    for (size_t size = 1; size < manifest.size; size++)
        CU_ASSERT_EQUAL(open_history(sgc_str_of(manifest.data, size), &history, &list, &error),
                        SGC_CORRUPT);
    sgc_buf_free(&manifest);
    hx_free(&model);
}

static void files_are_missing(void)
{
    const sgc_os *os;
    hx_model model;
    sgc_buf manifest = {0};
    sgc_history *history;
    sgc_segments *list;
    sgc_error error = {0};

    prepare(&model, &manifest);
    os = sgc_memory_os_table(memory);
    CU_ASSERT_EQUAL_FATAL(os->remove(os->self, "db/history/0000000000000002.seg"), SGC_OK);
    CU_ASSERT_EQUAL(open_history(sgc_buf_as_str(&manifest), &history, &list, &error), SGC_CORRUPT);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "0000000000000002.seg"));
    CU_ASSERT_EQUAL(files(), 2); /* nothing is removed when opening fails */
    sgc_buf_free(&manifest);
    hx_free(&model);
}

/* Read under a schema in which two indexes have each other's numbers, every version lacks the
 * entries that it should have, though each entry leads to a version. */
static void versions_without_entries(void)
{
    sgc_index indexes[HX_INDEXES];
    sgc_table tables[2] = {hx_tables[0], hx_tables[1]};
    sgc_schema schema = hx_schema;
    hx_model model;
    sgc_buf manifest = {0}, report = {0};
    sgc_history *history;
    sgc_segments *list;
    sgc_error error = {0};

    prepare(&model, &manifest);
    memcpy(indexes, hx_person_indexes, sizeof indexes);
    indexes[1].number = hx_person_indexes[4].number;
    indexes[4].number = hx_person_indexes[1].number;
    tables[1].indexes = indexes;
    schema.tables = tables;
    CU_ASSERT_EQUAL_FATAL(sgc_history_open(sgc_memory_os_table(memory), "db/history", false,
                                           &schema, sgc_buf_as_str(&manifest), 50000, &history,
                                           &list, &error),
                          SGC_OK);
    CU_ASSERT_EQUAL(sgc_history_verify(history, list, &report), SGC_CORRUPT);
    sgc_buf_byte(&report, '\0');
    CU_ASSERT_PTR_NOT_NULL_FATAL(report.data);
    CU_ASSERT_PTR_NOT_NULL(strstr(report.data, "a version has no entry in an index"));
    CU_ASSERT_PTR_NULL(strstr(report.data, "leads to no version"));
    sgc_segments_release(list);
    sgc_history_close(history);
    sgc_buf_free(&report);
    sgc_buf_free(&manifest);
    hx_free(&model);
}

/* ---- what callers may not do ---- */

static void wrong_use_is_refused(void)
{
    hx_model model;
    sgc_buf manifest = {0};
    sgc_history *history;
    sgc_history_writer *writer;
    sgc_segments *list, *next;
    sgc_error error = {0};

    prepare(&model, &manifest);
    CU_ASSERT_EQUAL_FATAL(open_history(sgc_buf_as_str(&manifest), &history, &list, &error), SGC_OK);
    uint64_t last = model.sequence;
    sgc_str key = hx_key_of(&model, 0), record = model.versions[0].record;
    for (int i = 0; i < 7; i++) {
        CU_ASSERT_EQUAL_FATAL(sgc_history_begin(history, list, &writer, &error), SGC_OK);
        sgc_status status = SGC_OK;
        if (i == 0) status = sgc_history_add_version(writer, 1, key, 1, last, record, &error);
        if (i == 1)
            status = sgc_history_add_version(writer, 1, key, last + 2, last + 2, record, &error);
        if (i == 2) status = sgc_history_add_version(writer, 9, key, 1, last + 1, record, &error);
        if (i == 3) status = sgc_history_add_change(writer, last, 1, key, SGC_OP_UPDATE, &error);
        if (i == 4) status = sgc_history_add_commit(writer, last, 1, &error);
        if (i == 5) {
            status = sgc_history_add_commit(writer, last + 2, 1, &error);
            CU_ASSERT_EQUAL(status, SGC_OK);
            status = sgc_history_add_commit(writer, last + 2, 2, &error);
        }
        if (i == 6) {
            for (int twice = 0; status == SGC_OK && twice < 2; twice++)
                status = sgc_history_add_version(writer, 1, key, 1, last + 1, record, &error);
            CU_ASSERT_EQUAL(status, SGC_OK);
        } else {
            CU_ASSERT_EQUAL(status, SGC_INVALID);
        }
        CU_ASSERT_EQUAL(sgc_history_finish(writer, last + 5, &next, &error), SGC_INVALID);
        CU_ASSERT_PTR_NULL(next);
        CU_ASSERT_EQUAL(files(), 3);
    }
    CU_ASSERT_EQUAL_FATAL(sgc_history_begin(history, list, &writer, &error), SGC_OK);
    CU_ASSERT_EQUAL(sgc_history_finish(writer, last + 5, &next, &error), SGC_OK);
    CU_ASSERT_PTR_EQUAL(next, list); /* nothing to say */
    sgc_segments_release(next);
    sgc_segments_release(list);
    sgc_history_close(history);
    sgc_buf_free(&manifest);
    hx_free(&model);
}

/* ---- threads ---- */

typedef struct shared_list {
    sgc_mutex lock;
    sgc_segments *list; /* under lock */
    const hx_model *model;
    uint64_t through; /* what the readers' model knows */
    _Atomic bool stop, bad;
    _Atomic unsigned asked;
} shared_list;

static sgc_segments *current(shared_list *shared)
{
    sgc_mutex_lock(&shared->lock);
    sgc_segments *list = sgc_segments_retain(shared->list);
    sgc_mutex_unlock(&shared->lock);
    return list;
}

/* The versions that the model knows, in order and complete; later ones may stand between them. */
static bool walk_is_right(const shared_list *shared, sgc_segments *list, uint64_t *seed)
{
    uint64_t at = fx_random(seed) % shared->through;
    hx_walk walk = {.table = HX_PERSON,
                    .index = (uint16_t)(fx_random(seed) % HX_INDEXES),
                    .period = {at, at},
                    .descending = fx_random(seed) & 1};
    hx_entry *entries;
    sgc_past_cursor *cursor;
    sgc_error error = {0};
    size_t count = hx_expect(shared->model, &walk, &entries), seen = 0;
    bool good = sgc_past_open(list, walk.table, walk.index, walk.period, walk.descending,
                              sgc_str_of(NULL, 0), &cursor, &error) == SGC_OK;

    sgc_status status = sgc_past_seek(cursor, sgc_str_of(NULL, 0), &error);
    while (good && status == SGC_OK && cursor->valid) {
        if (cursor->end <= shared->through) {
            good = seen < count && hx_same(&entries[walk.descending ? count - 1 - seen : seen],
                                           cursor, true, &status, &error);
            seen++;
        }
        if (status == SGC_OK) status = sgc_past_next(cursor, &error);
    }
    sgc_past_close(cursor);
    for (size_t i = 0; i < count; i++)
        free(entries[i].bytes);
    free(entries);
    return (good && status == SGC_OK && seen == count) || hx_complain("a walk", at, &error);
}

static bool get_is_right(const shared_list *shared, const sgc_segments *list, uint64_t *seed)
{
    const hx_version *v = &shared->model->versions[fx_random(seed) % shared->model->version_count];
    sgc_arena arena = {0};
    sgc_error error = {0};
    sgc_past past;

    if (!v->written) return true;
    uint64_t at = v->begin + fx_random(seed) % (v->end - v->begin);
    sgc_status status = sgc_segments_get(list, v->table, v->key, at, &arena, &past, &error);
    bool good = status == SGC_OK && past.begin == v->begin && sgc_str_eq(past.record, v->record);
    sgc_arena_free(&arena);
    return good || hx_complain("a get", at, &error);
}

static void *reader(void *argument)
{
    shared_list *shared = argument;
    uint64_t seed = (uint64_t)(uintptr_t)&seed;

    while (!atomic_load(&shared->stop)) {
        sgc_segments *list = current(shared);
        bool good = walk_is_right(shared, list, &seed);
        for (int i = 0; good && i < 20; i++)
            good = get_is_right(shared, list, &seed);
        sgc_segments_release(list);
        if (!good) atomic_store(&shared->bad, true);
        atomic_fetch_add(&shared->asked, 1);
    }
    return NULL;
}

static void publish(shared_list *shared, sgc_history *history, sgc_segments *next)
{
    sgc_mutex_lock(&shared->lock);
    sgc_segments *old = shared->list;
    shared->list = next;
    sgc_mutex_unlock(&shared->lock);
    sgc_history_published(history, next);
    sgc_segments_release(old);
}

typedef struct merge_job {
    sgc_history *history;
    sgc_segments *from, *merged;
    sgc_status status;
    bool everything;
} merge_job;

static void *merge_beside(void *argument)
{
    merge_job *merging = argument;
    sgc_retention retention = {.everything = merging->everything};
    sgc_error error = {0};

    merging->status =
        sgc_history_merge(merging->history, merging->from, &retention, &merging->merged, &error);
    return NULL;
}

/* A merge in one thread beside a flush in another; then both become one list. */
static void round_of_both(shared_list *shared, sgc_history *history, hx_model *model,
                          bool everything)
{
    merge_job merging = {.history = history, .from = current(shared), .everything = everything};
    sgc_history_writer *writer;
    sgc_segments *next, *replaced;
    sgc_thread thread;
    sgc_error error = {0};

    CU_ASSERT_EQUAL_FATAL(sgc_thread_start(&thread, merge_beside, &merging), SGC_OK);
    hx_commits(model, 40);
    CU_ASSERT_EQUAL_FATAL(sgc_history_begin(history, shared->list, &writer, &error), SGC_OK);
    CU_ASSERT_EQUAL_FATAL(hx_fill(model, writer, &error), SGC_OK);
    CU_ASSERT_EQUAL_FATAL(sgc_history_finish(writer, model->sequence, &next, &error), SGC_OK);
    hx_mark_written(model);
    publish(shared, history, next);
    sgc_thread_join(thread);
    CU_ASSERT_EQUAL_FATAL(merging.status, SGC_OK);
    CU_ASSERT_EQUAL_FATAL(
        sgc_segments_replace(shared->list, merging.from, merging.merged, &replaced, &error),
        SGC_OK);
    publish(shared, history, replaced);
    sgc_segments_release(merging.merged);
    sgc_segments_release(merging.from);
}

static void readers_beside_merges(void)
{
    sgc_history *history;
    sgc_segments *first;
    sgc_thread threads[3];
    sgc_error error = {0};
    hx_model model, known;
    shared_list shared = {.model = &known};

    fresh_disk();
    hx_create(&model, 60, 40, 11);
    hx_create(&known, 60, 40, 11);
    CU_ASSERT_EQUAL_FATAL(open_history(SGC_STR(""), &history, &first, &error), SGC_OK);
    for (int i = 0; i < 4; i++) {
        hx_commits(&known, 60);
        hx_commits(&model, 60);
        CU_ASSERT_EQUAL_FATAL(hx_flush(&model, history, &first, &error), SGC_OK);
    }
    hx_mark_written(&known);
    CU_ASSERT_EQUAL_FATAL(known.sequence, model.sequence);
    shared.through = known.sequence;
    shared.list = first;
    sgc_mutex_init(&shared.lock);
    for (int i = 0; i < 3; i++)
        CU_ASSERT_EQUAL_FATAL(sgc_thread_start(&threads[i], reader, &shared), SGC_OK);
    for (unsigned i = 0; i < 30 || (atomic_load(&shared.asked) < 100 && i < 300); i++)
        round_of_both(&shared, history, &model, i % 7 == 3);
    atomic_store(&shared.stop, true);
    for (int i = 0; i < 3; i++)
        sgc_thread_join(threads[i]);
    CU_ASSERT_FALSE(atomic_load(&shared.bad));
    CU_ASSERT_TRUE(hx_check(&model, history, shared.list, 30));
    CU_ASSERT_EQUAL(files(), sgc_segments_count(shared.list));
    sgc_segments_release(shared.list);
    sgc_history_close(history);
    sgc_mutex_destroy(&shared.lock);
    hx_free(&model);
    hx_free(&known);
}

int main(void)
{
    CU_TestInfo tests[] = {{"memory runs out", unit_alone(memory_runs_out)},
                           {"disks fail", unit_alone(disks_fail)},
                           {"power cuts", unit_alone(power_cuts)},
                           {"every bit of a segment", unit_alone(every_bit_of_a_segment)},
                           {"files are missing", unit_alone(files_are_missing)},
                           {"versions without entries", unit_alone(versions_without_entries)},
                           {"wrong use is refused", unit_alone(wrong_use_is_refused)},
                           {"readers beside merges", readers_beside_merges},
                           CU_TEST_INFO_NULL};
    int result = unit_run("store.history_faults", tests);

    sgc_memory_os_destroy(memory);
    return result;
}
