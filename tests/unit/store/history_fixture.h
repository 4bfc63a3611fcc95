/*
 * history_fixture.h - what the tests of the history share: a schema with every kind of index, and a
 * model that remembers every version, change and commit and answers by looking at all of them.
 */
#ifndef SGC_TESTS_HISTORY_FIXTURE_H
#define SGC_TESTS_HISTORY_FIXTURE_H

#include "store/history_internal.h"
#include "unit/store/image_fixture.h"

enum { HX_EMAIL = 1, HX_AGE_EMAIL = 2, HX_TAG = 3, HX_AGE = 4, HX_INDEXES = 5 };

static const uint16_t hx_composite[] = {0, 2};
/* Without emitted code, and with numbers that do not rise. */
static const sgc_index hx_person_indexes[] = {
    {.name = SGC_STR_INIT("id"), .fields = fx_id_field, .count = 1, .unique = true, .number = 9},
    {.name = SGC_STR_INIT("email"),
     .fields = fx_email_field,
     .count = 1,
     .number = 7,
     .unique = true},
    {.name = SGC_STR_INIT("both"), .fields = hx_composite, .count = 2, .number = 3},
    {.name = SGC_STR_INIT("tags"),
     .fields = fx_tags_field,
     .count = 1,
     .elements = true,
     .number = 5},
    {.name = SGC_STR_INIT("age"), .fields = fx_age_field, .count = 1, .number = 4},
};
static const sgc_table hx_tables[] = {
    {.name = SGC_STR_INIT("Number"),
     .fields = fx_number_fields,
     .indexes = fx_number_indexes,
     .layout = {fx_number_slots, 1, 1, 1, 9},
     .number = 12,
     .field_count = 1,
     .index_count = 1,
     .key = 0},
    {.name = SGC_STR_INIT("Person"),
     .fields = fx_person_fields,
     .indexes = hx_person_indexes,
     .layout = {fx_person_slots, 5, 1, 1, 5},
     .number = 4,
     .field_count = 5,
     .index_count = HX_INDEXES,
     .key = 1},
};
enum { HX_NUMBER = 0, HX_PERSON = 1 };
static const sgc_schema hx_schema = {
    .abi = SGC_ABI,
    .version = 1,
    .name = SGC_STR_INIT("history"),
    .tables = hx_tables,
    .table_count = 2,
};

/* ---- the model ---- */

typedef struct hx_version {
    uint16_t table;
    sgc_str key, record; /* of the model's arena */
    uint64_t begin, end; /* SGC_OPEN: present */
    bool written;        /* part of a segment */
} hx_version;

typedef struct hx_change {
    uint64_t sequence;
    uint16_t table;
    sgc_op op;
    sgc_str key;
    bool written;
} hx_change;

typedef struct hx_commit {
    uint64_t sequence, time_us;
    bool written;
} hx_commit;

typedef struct hx_model {
    sgc_arena arena;
    hx_version *versions;
    hx_change *changes;
    hx_commit *commits;
    size_t version_count, change_count, commit_count;
    size_t versions_most, changes_most, commits_most;
    size_t *present; /* by row: its open version + 1, or 0 */
    size_t rows, note;
    uint64_t sequence, time_us, horizons[2], seed;
    uint64_t stride; /* sequences are multiples of it */
} hx_model;

/* Room of its own: allocations of sgc are made to fail meanwhile. */
static inline void hx_room(void **items, size_t count, size_t *most, size_t size)
{
    if (count < *most) return;
    *most = *most ? *most * 2 : 256;
    *items = realloc(*items, *most * size);
    if (!*items) abort();
}

static inline sgc_str hx_copy(hx_model *model, sgc_str text)
{
    sgc_str copy = sgc_arena_str(&model->arena, text);
    if (!copy.data) abort();
    return copy;
}

static inline void hx_create(hx_model *model, size_t rows, size_t note, uint64_t seed)
{
    *model = (hx_model){.rows = rows, .note = note, .seed = seed, .time_us = 1000, .stride = 1};
    model->present = calloc(rows, sizeof *model->present);
    if (!model->present) abort();
}

static inline void hx_free(hx_model *model)
{
    free(model->versions);
    free(model->changes);
    free(model->commits);
    free(model->present);
    sgc_arena_free(&model->arena);
}

/* Every fourth row is a Number, the others are Persons with keys of many lengths; some are alike in
 * many bytes. */
static inline uint16_t hx_table_of(size_t row)
{
    return row % 4 == 3 ? HX_NUMBER : HX_PERSON;
}

static inline sgc_str hx_key_of(hx_model *model, size_t row)
{
    char text[160];
    sgc_key key;

    if (hx_table_of(row) == HX_NUMBER) {
        sgc_pk_int64(&key, (int64_t)row - 40);
        return hx_copy(model, sgc_key_str(&key));
    }
    const char *alike = row % 13 == 5 ? "alike in many bytes " : "";
    size_t size = (size_t)snprintf(text, sizeof text, "p%s%05zu", alike, row * 7 % model->rows);
    for (size_t more = row % 11 == 0 ? 90 : row % 3; more > 0; more--)
        text[size++] = 'x';
    return hx_copy(model, sgc_str_of(text, size));
}

static inline sgc_str hx_record_of(hx_model *model, size_t row, sgc_str key)
{
    uint64_t *seed = &model->seed;
    uint8_t bytes[SGC_RECORD_HEAD + 9];
    char email[40];

    if (hx_table_of(row) == HX_NUMBER)
        return hx_copy(model, fx_number_record((int64_t)fx_random(seed), bytes));
    int size = snprintf(email, sizeof email, "m%u@example", (unsigned)(fx_random(seed) % 30));
    fx_person person = {.id = key,
                        .email = fx_random(seed) % 9 ? sgc_str_of(email, (size_t)size)
                                                     : sgc_str_of(NULL, 0),
                        .age = fx_random(seed) % 7 ? (int32_t)(fx_random(seed) % 90) : INT32_MIN,
                        .tags = (unsigned)(fx_random(seed) & fx_random(seed) & 0xFFFF),
                        .note = fx_random(seed) % (model->note + 1)};
    if (model->note && fx_random(seed) % 200 == 0) person.note = 20000;
    sgc_str record = fx_record(&person), copy = hx_copy(model, record);
    free((char *)(uintptr_t)record.data);
    return copy;
}

static inline void hx_add_change(hx_model *model, uint16_t table, sgc_str key, sgc_op op)
{
    hx_room((void **)&model->changes, model->change_count, &model->changes_most,
            sizeof *model->changes);
    model->changes[model->change_count++] =
        (hx_change){.sequence = model->sequence, .table = table, .key = key, .op = op};
}

static inline void hx_write_row(hx_model *model, size_t row)
{
    size_t was = model->present[row];
    uint16_t table = hx_table_of(row);
    sgc_str key = was ? model->versions[was - 1].key : hx_key_of(model, row);
    bool gone = was && fx_random(&model->seed) % 5 == 0;

    if (was) {
        if (model->versions[was - 1].begin == model->sequence) return;
        model->versions[was - 1].end = model->sequence;
        model->present[row] = 0;
    }
    if (!gone) {
        hx_room((void **)&model->versions, model->version_count, &model->versions_most,
                sizeof *model->versions);
        model->versions[model->version_count++] =
            (hx_version){.table = table,
                         .key = key,
                         .record = hx_record_of(model, row, key),
                         .begin = model->sequence,
                         .end = SGC_OPEN};
        model->present[row] = model->version_count;
    }
    hx_add_change(model, table, key, gone ? SGC_OP_DELETE : was ? SGC_OP_UPDATE : SGC_OP_INSERT);
}

/* Commits of a few rows; low numbers change more often. */
static inline void hx_commits(hx_model *model, size_t count)
{
    while (count-- > 0) {
        model->sequence += (1 + fx_random(&model->seed) % 3) * model->stride;
        model->time_us += 1 + fx_random(&model->seed) % 5000;
        hx_room((void **)&model->commits, model->commit_count, &model->commits_most,
                sizeof *model->commits);
        model->commits[model->commit_count++] =
            (hx_commit){.sequence = model->sequence, .time_us = model->time_us};
        size_t first = model->change_count;
        for (size_t i = 1 + fx_random(&model->seed) % 4; i > 0; i--) {
            size_t row = fx_random(&model->seed) % model->rows;
            if (fx_random(&model->seed) % 3 == 0) row %= 8;
            bool again = false;
            sgc_str key = hx_key_of(model, row);
            for (size_t c = first; c < model->change_count; c++)
                again = again || (model->changes[c].table == hx_table_of(row) &&
                                  sgc_str_eq(model->changes[c].key, key));
            if (!again) hx_write_row(model, row);
        }
    }
}

static inline void hx_mark_written(hx_model *model)
{
    for (size_t i = 0; i < model->version_count; i++)
        if (model->versions[i].end != SGC_OPEN) model->versions[i].written = true;
    for (size_t i = 0; i < model->change_count; i++)
        model->changes[i].written = true;
    for (size_t i = 0; i < model->commit_count; i++)
        model->commits[i].written = true;
}

/* What a flush hands over; versions come in an order of their own. */
static inline sgc_status hx_fill(const hx_model *model, sgc_history_writer *writer,
                                 sgc_error *error)
{
    sgc_status status = SGC_OK;
    size_t stride = model->version_count % 3 ? 3 : 1, at = 0;

    for (size_t i = 0; status == SGC_OK && i < model->version_count; i++) {
        const hx_version *v = &model->versions[at];
        at = (at + stride) % model->version_count;
        if (v->end != SGC_OPEN && !v->written)
            status = sgc_history_add_version(writer, v->table, v->key, v->begin, v->end, v->record,
                                             error);
    }
    for (size_t i = model->change_count; status == SGC_OK && i-- > 0;) {
        const hx_change *c = &model->changes[i];
        if (!c->written)
            status = sgc_history_add_change(writer, c->sequence, c->table, c->key, c->op, error);
    }
    for (size_t i = 0; status == SGC_OK && i < model->commit_count; i++) {
        const hx_commit *c = &model->commits[i];
        if (!c->written) status = sgc_history_add_commit(writer, c->sequence, c->time_us, error);
    }
    return status;
}

/* One flush: a new list instead of *list, which is released when all went well. */
static inline sgc_status hx_flush(hx_model *model, sgc_history *history, sgc_segments **list,
                                  sgc_error *error)
{
    sgc_history_writer *writer;
    sgc_segments *next;
    sgc_status status = sgc_history_begin(history, *list, &writer, error);

    if (status) return status;
    status = hx_fill(model, writer, error);
    if (status) {
        sgc_history_abort(writer);
        return status;
    }
    status = sgc_history_finish(writer, model->sequence, &next, error);
    if (status) return status;
    hx_mark_written(model);
    sgc_history_published(history, next);
    sgc_segments_release(*list);
    *list = next;
    return SGC_OK;
}

/* ---- comparing ---- */

static inline bool hx_complain(const char *what, uint64_t where, const sgc_error *error)
{
    printf("\n    %s at %llu: %s\n", what, (unsigned long long)where, error ? error->text : "");
    return false;
}

/* Part of the history that the list must still know. */
static inline bool hx_kept(const hx_model *model, const hx_version *v)
{
    return v->written && v->end > model->horizons[v->table];
}

static inline bool hx_check_get(const hx_model *model, const sgc_segments *list, uint16_t table,
                                sgc_str key, uint64_t at)
{
    const hx_version *expected = NULL;
    sgc_arena arena = {0};
    sgc_error error = {0};
    sgc_past past;

    for (size_t i = 0; i < model->version_count; i++) {
        const hx_version *v = &model->versions[i];
        if (v->table == table && hx_kept(model, v) && v->begin <= at && v->end > at &&
            sgc_str_eq(v->key, key))
            expected = v;
    }
    sgc_status status = sgc_segments_get(list, table, key, at, &arena, &past, &error);
    bool good = status == (expected ? SGC_OK : SGC_NOT_FOUND);
    /* A version that retention may drop need not be gone yet. */
    if (!good && !expected && status == SGC_OK && at < model->horizons[table]) good = true;
    if (!good) {
        hx_complain("get answers otherwise", at, &error);
    } else if (expected && (past.begin != expected->begin || past.end != expected->end ||
                            !sgc_str_eq(past.record, expected->record))) {
        good = hx_complain("get gives another version", at, &error);
    }
    sgc_arena_free(&arena);
    return good;
}

typedef struct hx_entry {
    char *bytes;
    size_t size, key_size;
    const hx_version *version;
} hx_entry;

static inline int hx_entry_compare(const void *a, const void *b)
{
    const hx_entry *x = a, *y = b;
    int order = sgc_str_compare(sgc_str_of(x->bytes, x->size), sgc_str_of(y->bytes, y->size));

    if (order) return order;
    return (x->version->begin > y->version->begin) - (x->version->begin < y->version->begin);
}

typedef struct hx_walk {
    uint16_t table, index;
    sgc_past_period period;
    bool descending;
    sgc_str bound, key; /* null: none */
    size_t most;
} hx_walk;

static inline void hx_add_entries(const hx_walk *walk, const hx_version *v, hx_entry **entries,
                                  size_t *count, size_t *most)
{
    for (uint32_t element = 0;; element++) {
        sgc_key key;
        bool has_null;
        sgc_key_start(&key);
        if (walk->index == 0 && element > 0) break;
        if (walk->index && sgc_index_entry(&hx_tables[walk->table], walk->index, v->record, element,
                                           &key, &has_null))
            break;
        hx_room((void **)entries, *count, most, sizeof **entries);
        hx_entry *entry = &(*entries)[(*count)++];
        *entry = (hx_entry){.size = key.size + v->key.size, .key_size = v->key.size, .version = v};
        entry->bytes = malloc(entry->size + 1);
        if (!entry->bytes) abort();
        memcpy(entry->bytes, key.bytes, key.size);
        memcpy(entry->bytes + key.size, v->key.data, v->key.size);
    }
}

/* What the walk must see, in order of entries. */
static inline size_t hx_expect(const hx_model *model, const hx_walk *walk, hx_entry **entries)
{
    size_t count = 0, most = 0, kept = 0;

    *entries = NULL;
    for (size_t i = 0; i < model->version_count; i++) {
        const hx_version *v = &model->versions[i];
        if (v->table != walk->table || !hx_kept(model, v) || v->begin > walk->period.to ||
            v->end <= walk->period.from || (walk->key.data && !sgc_str_eq(v->key, walk->key)))
            continue;
        hx_add_entries(walk, v, entries, &count, &most);
    }
    if (count) qsort(*entries, count, sizeof **entries, hx_entry_compare);
    for (size_t i = 0; i < count; i++) {
        sgc_str bytes = sgc_str_of((*entries)[i].bytes, (*entries)[i].size);
        bool below = walk->bound.data && sgc_str_compare(bytes, walk->bound) < 0;
        if (walk->bound.data && below != walk->descending) {
            free((*entries)[i].bytes);
        } else {
            (*entries)[kept++] = (*entries)[i];
        }
    }
    return kept;
}

static inline bool hx_same(const hx_entry *entry, sgc_past_cursor *cursor, bool with_record,
                           sgc_status *status, sgc_error *error)
{
    const hx_version *v = entry->version;
    sgc_str record = v->record;

    if (with_record) *status = sgc_past_record(cursor, &record, error);
    return *status == SGC_OK && sgc_str_eq(cursor->entry, sgc_str_of(entry->bytes, entry->size)) &&
           cursor->key_size == entry->key_size && cursor->begin == v->begin &&
           cursor->end == v->end && sgc_str_eq(record, v->record);
}

static inline bool hx_check_walk(const hx_model *model, sgc_segments *list, const hx_walk *walk)
{
    hx_entry *entries;
    sgc_past_cursor *cursor;
    sgc_error error = {0};
    size_t count = hx_expect(model, walk, &entries), seen = 0;
    bool good = true;
    sgc_status status = sgc_past_open(list, walk->table, walk->index, walk->period,
                                      walk->descending, walk->key, &cursor, &error);

    if (status == SGC_OK) status = sgc_past_seek(cursor, walk->bound, &error);
    for (; good && status == SGC_OK && seen < walk->most; seen++) {
        if (cursor->valid != (seen < count))
            good = hx_complain("a walk ends elsewhere", seen, NULL);
        if (!good || seen >= count) break;
        const hx_entry *entry = &entries[walk->descending ? count - 1 - seen : seen];
        if (!hx_same(entry, cursor, seen % 3 != 1, &status, &error))
            good = hx_complain("a walk sees something else", seen, &error);
        if (status == SGC_OK) status = sgc_past_next(cursor, &error);
    }
    if (status) good = hx_complain("a walk fails", seen, &error);
    sgc_past_close(cursor);
    for (size_t i = 0; i < count; i++)
        free(entries[i].bytes);
    free(entries);
    return good;
}

/* A scan sees each version of the moment once, in whatever order. */
static inline bool hx_check_scan(const hx_model *model, sgc_segments *list, uint16_t table,
                                 uint64_t at)
{
    hx_walk walk = {.table = table, .period = {at, at}};
    hx_entry *entries;
    sgc_error error = {0};
    sgc_past_scan scan;
    size_t count = hx_expect(model, &walk, &entries), seen = 0;
    uint64_t expected = 0, got = 0;
    sgc_status status = SGC_OK;

    for (size_t i = 0; i < count; i++) {
        sgc_str record = entries[i].version->record;
        expected += sgc_hash(record.data, record.size, 3);
        free(entries[i].bytes);
    }
    free(entries);
    sgc_past_scan_open(&scan, list, table, at);
    do {
        status = sgc_past_scan_next(&scan, &error);
        for (unsigned i = 0; i < scan.count; i++)
            got += sgc_hash(scan.records[i].data, scan.records[i].size, 3);
        seen += scan.count;
    } while (status == SGC_OK && scan.count > 0);
    sgc_past_scan_close(&scan);
    if (status == SGC_OK && seen == count && got == expected) return true;
    return hx_complain("a scan sees something else", seen, &error);
}

static inline uint64_t hx_moment(hx_model *model)
{
    uint64_t low =
        model->horizons[0] > model->horizons[1] ? model->horizons[0] : model->horizons[1];
    uint64_t at = low + fx_random(&model->seed) % (model->sequence - low + 3);
    uint64_t beyond = at % model->stride; /* behind a commit; on it half of the time */
    return at - beyond >= low && fx_random(&model->seed) & 1 ? at - beyond : at;
}

static inline bool hx_check_random_walk(hx_model *model, sgc_segments *list)
{
    uint64_t *seed = &model->seed, from = hx_moment(model), to = hx_moment(model);
    hx_walk walk = {.table = HX_PERSON,
                    .index = (uint16_t)(fx_random(seed) % HX_INDEXES),
                    .period = {from, from},
                    .descending = fx_random(seed) & 1,
                    .most = fx_random(seed) % 4 ? SIZE_MAX : fx_random(seed) % 20};
    char text[SGC_KEY_MAX];

    if (fx_random(seed) % 4 == 0) {
        walk.table = HX_NUMBER;
        walk.index = 0;
    }
    if (fx_random(seed) % 2)
        walk.period = (sgc_past_period){from < to ? from : to, from < to ? to : from};
    const hx_version *any = &model->versions[fx_random(seed) % model->version_count];
    if (fx_random(seed) % 5 == 0 && any->table == walk.table) {
        walk.index = 0;
        walk.key = any->key;
    }
    if (fx_random(seed) % 2) {
        hx_walk all = walk;
        hx_entry *entries;
        all.bound = sgc_str_of(NULL, 0);
        all.period = (sgc_past_period){0, SGC_OPEN - 1};
        size_t count = hx_expect(model, &all, &entries);
        const hx_entry *entry = count ? &entries[fx_random(seed) % count] : NULL;
        size_t size = entry && entry->size < sizeof text ? entry->size : 0;
        if (size) memcpy(text, entry->bytes, size);
        if (size && fx_random(seed) % 3 == 0) size = fx_random(seed) % size;
        if (fx_random(seed) % 4 == 0 && size < sizeof text) text[size++] = 0;
        for (size_t i = 0; i < count; i++)
            free(entries[i].bytes);
        free(entries);
        walk.bound = sgc_str_of(text, size);
    }
    if (!hx_check_scan(model, list, walk.table, from)) return false;
    return hx_check_walk(model, list, &walk);
}

static inline bool hx_check_times(hx_model *model, const sgc_segments *list)
{
    uint64_t time_us = fx_random(&model->seed) % (model->time_us + 2000), sequence = 0, got;
    uint64_t asked = fx_random(&model->seed) % (model->sequence + 2), expected = 0;
    sgc_error error = {0};

    for (size_t i = 0; i < model->commit_count; i++) {
        const hx_commit *c = &model->commits[i];
        if (c->written && c->time_us <= time_us) sequence = c->sequence;
        if (c->written && c->sequence == asked) expected = c->time_us;
    }
    sgc_status status = sgc_segments_sequence_at(list, time_us, &got, &error);
    if (status || got != sequence) return hx_complain("another sequence at a time", got, &error);
    status = sgc_segments_time_of(list, asked, &got, &error);
    if (status != (expected ? SGC_OK : SGC_NOT_FOUND))
        return hx_complain("time of a commit", asked, &error);
    return status || got == expected || hx_complain("another time", asked, &error);
}

static inline int hx_change_compare(const void *a, const void *b)
{
    const hx_change *x = a, *y = b;

    if (x->sequence != y->sequence) return x->sequence < y->sequence ? -1 : 1;
    uint32_t left = hx_tables[x->table].number, right = hx_tables[y->table].number;
    if (left != right) return left < right ? -1 : 1;
    return sgc_str_compare(x->key, y->key);
}

static inline bool hx_check_changes(hx_model *model, sgc_segments *list)
{
    uint64_t after = hx_moment(model);
    sgc_change_cursor *cursor;
    sgc_error error = {0};
    bool good = true;
    size_t i = 0;

    qsort(model->changes, model->change_count, sizeof *model->changes, hx_change_compare);
    sgc_status status = sgc_change_cursor_open(list, after, &cursor, &error);
    for (; good && status == SGC_OK && i < model->change_count; i++) {
        const hx_change *c = &model->changes[i];
        if (!c->written || c->sequence <= after) continue;
        good = cursor->valid && cursor->sequence == c->sequence && cursor->table == c->table &&
               cursor->op == c->op && sgc_str_eq(cursor->key, c->key);
        if (good) status = sgc_change_cursor_next(cursor, &error);
    }
    good = good && status == SGC_OK && !cursor->valid;
    sgc_change_cursor_close(cursor);
    return good || hx_complain("another change", i, &error);
}

/* Random questions, and the whole list verified. */
static inline bool hx_check(hx_model *model, sgc_history *history, sgc_segments *list,
                            unsigned questions)
{
    sgc_buf report = {0};
    bool good = true;

    for (unsigned i = 0; good && i < questions; i++) {
        const hx_version *v = &model->versions[fx_random(&model->seed) % model->version_count];
        good = hx_check_get(model, list, v->table, v->key, hx_moment(model)) &&
               hx_check_get(model, list, v->table, v->key, v->begin) &&
               hx_check_get(model, list, v->table, v->key, v->end) &&
               hx_check_get(model, list, v->table, SGC_STR("nobody"), v->begin);
        if (good && i % 4 == 0) good = hx_check_random_walk(model, list);
        if (good) good = hx_check_times(model, list);
        if (good && i % 16 == 0) good = hx_check_changes(model, list);
    }
    if (good && sgc_history_verify(history, list, &report)) {
        printf("\n    verify: " SGC_FMT "\n", SGC_ARG(sgc_buf_as_str(&report)));
        good = false;
    }
    sgc_buf_free(&report);
    return good;
}

#endif
