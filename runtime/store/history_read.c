/*
 * history_read.c - questions to a list of segments: a row at a sequence, versions in order of an
 * index, times of commits, changes.
 */
#include "store/history_internal.h"

bool sgc_run_id_of(const sgc_segments *segments, uint16_t table, uint16_t index, sgc_run_id *id)
{
    const sgc_schema *schema = segments->schema;

    if (!schema || table >= schema->table_count) return false;
    const sgc_table *model = &schema->tables[table];
    *id = (sgc_run_id){.kind = SGC_RUN_VERSIONS, .table = model->number};
    if (index == 0) return true;
    if (index >= model->index_count) return false;
    id->kind = SGC_RUN_INDEX;
    id->index = model->indexes[index].number;
    return true;
}

/* ---- one row ---- */

static sgc_status copy_past(const sgc_history_block *block, uint32_t item, sgc_arena *arena,
                            sgc_past *past, sgc_error *error)
{
    *past = (sgc_past){.begin = block->begins[item],
                       .end = block->ends[item],
                       .record = sgc_arena_str(arena, sgc_block_value(block, item))};
    return past->record.data ? SGC_OK : sgc_history_no_memory(error);
}

/* A version lies in the segment in whose range it ended: the first ones behind `at` come first. */
sgc_status sgc_segments_get(const sgc_segments *segments, uint16_t table, sgc_str key, uint64_t at,
                            sgc_arena *arena, sgc_past *past, sgc_error *error)
{
    uint64_t hash = sgc_bloom_hash(key);
    sgc_run_id id;

    if (!sgc_run_id_of(segments, table, 0, &id)) return SGC_NOT_FOUND;
    sgc_status status = sgc_segments_load(segments, error);
    if (status) return status;
    for (size_t i = 0; i < segments->count; i++) {
        const sgc_segment *segment = segments->items[i];
        if (segment->through <= at) continue;
        const sgc_history_run *run = sgc_segment_run(segment, id);
        if (!run || run->min_begin > at || run->max_end <= at) continue;
        if (run->bloom_parts && !sgc_bloom_has(run->bloom, run->bloom_parts, hash)) continue;
        sgc_history_block *block = NULL;
        uint32_t item;
        status = sgc_run_find(segment, run, key, at, &block, &item, error);
        if (status == SGC_NOT_FOUND) continue;
        if (status == SGC_OK) status = copy_past(block, item, arena, past, error);
        sgc_block_release(block);
        return status;
    }
    return SGC_NOT_FOUND;
}

/* ---- versions in order ---- */

typedef struct past_cursor {
    sgc_past_cursor open;
    sgc_segments *segments;
    uint32_t table; /* stable number */
    const sgc_table *model;
    bool descending, of_index;
    char *key; /* of the only row wanted, or NULL */
    size_t key_size;
    size_t source_count, live; /* live: in the order of their items */
    sgc_history_source *sources, **order;
    sgc_history_block *record_block;
} past_cursor;

static past_cursor *cursor_of(sgc_past_cursor *cursor)
{
    return (past_cursor *)(void *)cursor;
}

static bool can_have(const sgc_history_run *run, sgc_past_period period, sgc_str key, uint64_t hash)
{
    if (run->min_begin > period.to || run->max_end <= period.from) return false;
    if (sgc_str_is_null(key)) return true;
    if (sgc_str_compare(key, run->last_key) > 0) return false;
    return !run->bloom_parts || sgc_bloom_has(run->bloom, run->bloom_parts, hash);
}

/* The run to read; of an index that the segment does not know, that of the versions. */
static const sgc_history_run *run_to_read(const sgc_segment *segment, sgc_run_id id, bool *gathers)
{
    const sgc_run_id versions = {.kind = SGC_RUN_VERSIONS, .table = id.table};
    const sgc_history_run *run = sgc_segment_run(segment, id);

    *gathers = !run && id.kind == SGC_RUN_INDEX;
    return *gathers ? sgc_segment_run(segment, versions) : run;
}

static sgc_status add_sources(past_cursor *cursor, sgc_run_id id, uint16_t index,
                              sgc_past_period period, sgc_str key)
{
    uint64_t hash = key.data ? sgc_bloom_hash(key) : 0;

    for (size_t i = 0; i < cursor->segments->count; i++) {
        sgc_segment *segment = cursor->segments->items[i];
        bool gathers = false;
        const sgc_history_run *run =
            segment->through > period.from ? run_to_read(segment, id, &gathers) : NULL;
        if (!run || !can_have(run, period, key, hash)) continue;
        sgc_history_source *source = &cursor->sources[cursor->source_count++];
        *source = (sgc_history_source){
            .segment = segment, .run = run, .period = period, .descending = cursor->descending};
        if (!gathers) continue;
        sgc_status status = sgc_source_of_versions(source, cursor->model, index);
        if (status) return status;
    }
    return SGC_OK;
}

bool sgc_segments_have_run(const sgc_segments *segments, uint16_t table, uint16_t index,
                           uint64_t at)
{
    sgc_run_id id;
    bool gathers = false;

    if (!sgc_run_id_of(segments, table, index, &id)) return true;
    for (size_t i = 0; i < segments->count && !gathers; i++) {
        const sgc_segment *segment = segments->items[i];
        const sgc_history_run *run =
            segment->through > at ? run_to_read(segment, id, &gathers) : NULL;
        gathers = gathers && run && run->min_begin <= at && run->max_end > at;
    }
    return !gathers;
}

sgc_status sgc_past_open(sgc_segments *segments, uint16_t table, uint16_t index,
                         sgc_past_period period, bool descending, sgc_str key,
                         sgc_past_cursor **out, sgc_error *error)
{
    sgc_status status = sgc_segments_load(segments, error);
    sgc_run_id id;

    *out = NULL;
    if (status) return status;
    past_cursor *cursor = sgc_alloc_zero(1, sizeof *cursor);
    if (!cursor) return sgc_history_no_memory(error);
    cursor->segments = sgc_segments_retain(segments);
    cursor->descending = descending;
    cursor->of_index = index > 0;
    cursor->sources = sgc_alloc_zero(segments->count, sizeof *cursor->sources);
    cursor->order = sgc_alloc_zero(segments->count, sizeof(sgc_history_source *));
    if (key.data && !cursor->of_index) {
        cursor->key = sgc_alloc(key.size);
        cursor->key_size = key.size;
        if (cursor->key && key.size) memcpy(cursor->key, key.data, key.size);
    }
    if (!cursor->sources || !cursor->order || (key.data && index == 0 && !cursor->key)) {
        sgc_past_close(&cursor->open);
        return sgc_history_no_memory(error);
    }
    if (sgc_run_id_of(segments, table, index, &id)) {
        cursor->table = id.table;
        cursor->model = &segments->schema->tables[table];
        sgc_str only =
            cursor->key ? sgc_str_of(cursor->key, cursor->key_size) : sgc_str_of(NULL, 0);
        if (period.to >= period.from && add_sources(cursor, id, index, period, only)) {
            sgc_past_close(&cursor->open);
            return sgc_history_no_memory(error);
        }
    }
    *out = &cursor->open;
    return SGC_OK;
}

void sgc_past_close(sgc_past_cursor *open)
{
    if (!open) return;
    past_cursor *cursor = cursor_of(open);
    for (size_t i = 0; i < cursor->source_count; i++)
        sgc_source_close(&cursor->sources[i]);
    sgc_block_release(cursor->record_block);
    sgc_free(cursor->sources);
    sgc_free(cursor->order);
    sgc_free(cursor->key);
    sgc_segments_release(cursor->segments);
    sgc_free(cursor);
}

static bool of_another_row(const past_cursor *cursor, const sgc_history_source *source)
{
    return cursor->key && !sgc_str_eq(source->item.key, sgc_str_of(cursor->key, cursor->key_size));
}

/* Shows the least item. */
static sgc_status show(past_cursor *cursor, sgc_error *error)
{
    sgc_past_cursor *open = &cursor->open;

    open->valid = cursor->live > 0;
    if (!open->valid) return SGC_OK;
    const sgc_history_source *source = cursor->order[0];
    const uint8_t *value = (const uint8_t *)source->item.value.data;
    uint64_t key_size = source->item.key.size;
    open->entry = source->item.key;
    open->begin = source->item.begin;
    open->end = source->item.end;
    if (cursor->of_index && !sgc_varint_get(value, value + source->item.value.size, &key_size))
        key_size = UINT64_MAX;
    if (key_size > source->item.key.size || key_size > UINT16_MAX) {
        open->valid = false;
        return sgc_segment_damaged(
            source->segment,
            source->segment->blocks[source->run->first_block + source->number].offset,
            "an index entry is shorter than its key", error);
    }
    open->key_size = (uint16_t)key_size;
    return SGC_OK;
}

/* Where the only row's versions begin, or end when descending. */
static sgc_status seek_source(const past_cursor *cursor, sgc_history_source *source, sgc_str bound,
                              sgc_error *error)
{
    char behind[SGC_ENTRY_MAX + 1];

    if (cursor->key && cursor->key_size <= SGC_ENTRY_MAX) {
        sgc_str key = sgc_str_of(cursor->key, cursor->key_size);
        if (cursor->descending) { /* the least entry behind the key */
            memcpy(behind, key.data, key.size);
            behind[key.size++] = 0;
            key.data = behind;
        }
        int order = bound.data ? sgc_str_compare(bound, key) : 0;
        if (!bound.data || (cursor->descending ? order > 0 : order < 0)) bound = key;
    }
    if (!bound.data) return sgc_source_start(source, error);
    return sgc_source_seek(source, bound, error);
}

sgc_status sgc_past_seek(sgc_past_cursor *open, sgc_str bound, sgc_error *error)
{
    past_cursor *cursor = cursor_of(open);

    cursor->live = 0;
    open->valid = false;
    for (size_t i = 0; i < cursor->source_count; i++) {
        sgc_history_source *source = &cursor->sources[i];
        sgc_status status = seek_source(cursor, source, bound, error);
        if (status) {
            cursor->live = 0;
            return status;
        }
        if (source->valid && !of_another_row(cursor, source))
            cursor->order[cursor->live++] = source;
    }
    sgc_sources_order(cursor->order, cursor->live);
    return show(cursor, error);
}

sgc_status sgc_past_next(sgc_past_cursor *open, sgc_error *error)
{
    past_cursor *cursor = cursor_of(open);

    if (cursor->live == 0) return SGC_OK;
    sgc_history_source *source = cursor->order[0];
    open->valid = false;
    sgc_status status = sgc_source_next(source, error);
    if (status) {
        cursor->live = 0;
        return status;
    }
    if (source->valid && of_another_row(cursor, source)) source->valid = false;
    sgc_sources_sift(cursor->order, &cursor->live);
    return show(cursor, error);
}

sgc_status sgc_past_record(sgc_past_cursor *open, sgc_str *record, sgc_error *error)
{
    past_cursor *cursor = cursor_of(open);
    uint32_t item;

    *record = sgc_str_of(NULL, 0);
    if (!open->valid) return sgc_fail(error, SGC_INVALID, "the cursor stands on no version");
    const sgc_history_source *source = cursor->order[0];
    if (!cursor->of_index) {
        *record = source->item.value;
        return SGC_OK;
    }
    sgc_run_id id = {.kind = SGC_RUN_VERSIONS, .table = cursor->table};
    sgc_str key =
        sgc_str_of(open->entry.data + (open->entry.size - open->key_size), open->key_size);
    const sgc_history_run *run = sgc_segment_run(source->segment, id);
    sgc_status status = run ? sgc_run_find(source->segment, run, key, open->begin,
                                           &cursor->record_block, &item, error)
                            : SGC_NOT_FOUND;
    if (status == SGC_OK && cursor->record_block->begins[item] != open->begin)
        status = SGC_NOT_FOUND;
    if (status == SGC_NOT_FOUND)
        return sgc_segment_damaged(
            source->segment,
            source->segment->blocks[source->run->first_block + source->number].offset,
            "an index entry leads to no version", error);
    if (status == SGC_OK) *record = sgc_block_value(cursor->record_block, item);
    return status;
}

/* ---- times ---- */

static const sgc_run_id commits_id = {.kind = SGC_RUN_COMMITS};
static const sgc_past_period always = {0, UINT64_MAX};

/* The last commit of the run at or before a time; sequence stays when there is none. */
static sgc_status last_at(const sgc_segment *segment, const sgc_history_run *run, uint64_t time_us,
                          uint64_t *sequence, sgc_error *error)
{
    uint32_t low = 0, high = run->block_count;
    sgc_history_block *block;

    while (low < high) { /* blocks whose times are all at or before it */
        uint32_t middle = low + (high - low) / 2;
        if (segment->blocks[run->first_block + middle].max_end <= time_us) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (uint32_t i = low < run->block_count ? low : low - 1;; i--) {
        sgc_status status = sgc_block_load(segment, run, i, &always, &block, error);
        if (status) return status;
        uint32_t count = block->count;
        while (count > 0 && block->ends[count - 1] > time_us)
            count--;
        if (count > 0) *sequence = block->begins[count - 1];
        sgc_block_release(block);
        if (count > 0 || i == 0) return SGC_OK;
    }
}

sgc_status sgc_segments_sequence_at(const sgc_segments *segments, uint64_t time_us,
                                    uint64_t *sequence, sgc_error *error)
{
    sgc_status status = sgc_segments_load(segments, error);

    *sequence = 0;
    for (size_t i = segments->count; status == SGC_OK && i-- > 0;) {
        const sgc_history_run *run = sgc_segment_run(segments->items[i], commits_id);
        if (!run || run->min_end > time_us) continue;
        status = last_at(segments->items[i], run, time_us, sequence, error);
        if (*sequence) break;
    }
    return status;
}

sgc_status sgc_segments_time_of(const sgc_segments *segments, uint64_t sequence, uint64_t *time_us,
                                sgc_error *error)
{
    sgc_status status = sgc_segments_load(segments, error);

    if (status) return status;
    for (size_t i = 0; sequence > 0 && i < segments->count; i++) {
        sgc_segment *segment = segments->items[i];
        if (segment->after >= sequence || segment->through < sequence) continue;
        sgc_history_source source = {.segment = segment,
                                     .run = sgc_segment_run(segment, commits_id)};
        if (!source.run) return SGC_NOT_FOUND;
        status = sgc_source_seek_time(&source, sequence - 1, error);
        bool found = status == SGC_OK && source.valid && source.item.begin == sequence;
        if (found) *time_us = source.item.end;
        sgc_source_stop(&source);
        return status ? status : found ? SGC_OK : SGC_NOT_FOUND;
    }
    return SGC_NOT_FOUND;
}

/* ---- changes ---- */

/* The run of changes that holds those of a commit; NULL: none does. */
static const sgc_history_run *changes_of(const sgc_segments *segments, uint64_t sequence,
                                         sgc_segment **segment)
{
    for (size_t i = 0; i < segments->count; i++) {
        *segment = segments->items[i];
        if ((*segment)->after < sequence && sequence <= (*segment)->through)
            return sgc_segment_run(*segment, (sgc_run_id){.kind = SGC_RUN_CHANGES});
    }
    return NULL;
}

static sgc_status op_of(const sgc_segments *segments, uint16_t table, sgc_str key,
                        uint64_t sequence, sgc_op *op, sgc_error *error)
{
    uint8_t room[4 + SGC_KEY_MAX];
    sgc_history_source source = {.block = NULL};

    if (!segments->schema || table >= segments->schema->table_count || key.size > SGC_KEY_MAX)
        return SGC_NOT_FOUND;
    sgc_status status = sgc_segments_load(segments, error);
    if (status) return status;
    source.run = changes_of(segments, sequence, &source.segment);
    if (!source.run) return SGC_NOT_FOUND;
    (void)sgc_put_be32(room, segments->schema->tables[table].number);
    if (key.size) memcpy(room + 4, key.data, key.size);
    key = sgc_str_of((const char *)room, 4 + key.size);
    status = sgc_source_seek_change(&source, sequence, key, error);
    const sgc_history_item *item = &source.item;
    if (status == SGC_OK &&
        (!source.valid || item->begin != sequence || !sgc_str_eq(item->key, key)))
        status = SGC_NOT_FOUND;
    if (status == SGC_OK) *op = (sgc_op)item->end;
    sgc_source_stop(&source);
    return status;
}

sgc_status sgc_segments_op_of(const sgc_segments *segments, uint16_t table, sgc_str key,
                              uint64_t sequence, sgc_op *op, sgc_error *error)
{
    sgc_status status = op_of(segments, table, key, sequence, op, error);

    /* A load inserted all rows of the table at once. */
    return status == SGC_NOT_FOUND ? op_of(segments, table, SGC_STR(""), sequence, op, error)
                                   : status;
}

typedef struct change_cursor {
    sgc_change_cursor open;
    sgc_segments *segments;
    size_t next; /* segment behind the source's */
    uint64_t after;
    sgc_history_source source;
} change_cursor;

static uint16_t table_by_number(const sgc_segments *segments, uint32_t number)
{
    const sgc_schema *schema = segments->schema;

    for (uint16_t i = 0; schema && i < schema->table_count; i++)
        if (schema->tables[i].number == number) return i;
    return SGC_NONE;
}

static sgc_status bad_change(const change_cursor *cursor, sgc_error *error)
{
    const sgc_history_source *source = &cursor->source;

    return sgc_segment_damaged(
        source->segment, source->segment->blocks[source->run->first_block + source->number].offset,
        "a change is none", error);
}

/* Shows the source's item or the first one of a later segment; changes of tables that the schema
 * has no more are passed over. */
static sgc_status settle(change_cursor *cursor, sgc_error *error)
{
    const sgc_run_id id = {.kind = SGC_RUN_CHANGES};
    sgc_change_cursor *open = &cursor->open;
    sgc_status status = SGC_OK;

    open->valid = false;
    while (status == SGC_OK) {
        if (!cursor->source.valid) {
            sgc_source_stop(&cursor->source);
            if (cursor->next >= cursor->segments->count) return SGC_OK;
            sgc_segment *segment = cursor->segments->items[cursor->next++];
            const sgc_history_run *run =
                segment->through > cursor->after ? sgc_segment_run(segment, id) : NULL;
            if (!run) continue;
            cursor->source = (sgc_history_source){.segment = segment, .run = run};
            status = sgc_source_seek_time(&cursor->source, cursor->after, error);
            continue;
        }
        const sgc_history_item *item = &cursor->source.item;
        if (item->key.size < 4 || item->end < SGC_OP_INSERT || item->end > SGC_OP_DELETE)
            return bad_change(cursor, error);
        open->table = table_by_number(cursor->segments, sgc_be32((const uint8_t *)item->key.data));
        if (open->table != SGC_NONE) break;
        status = sgc_source_next(&cursor->source, error);
    }
    if (status) return status;
    open->valid = true;
    open->sequence = cursor->source.item.begin;
    open->op = (sgc_op)cursor->source.item.end;
    open->key = sgc_str_of(cursor->source.item.key.data + 4, cursor->source.item.key.size - 4);
    return SGC_OK;
}

sgc_status sgc_change_cursor_open(sgc_segments *segments, uint64_t after, sgc_change_cursor **out,
                                  sgc_error *error)
{
    sgc_status status = sgc_segments_load(segments, error);

    *out = NULL;
    if (status) return status;
    change_cursor *cursor = sgc_alloc_zero(1, sizeof *cursor);
    if (!cursor) return sgc_history_no_memory(error);
    cursor->segments = sgc_segments_retain(segments);
    cursor->after = after;
    status = settle(cursor, error);
    if (status) {
        sgc_change_cursor_close(&cursor->open);
        return status;
    }
    *out = &cursor->open;
    return SGC_OK;
}

sgc_status sgc_change_cursor_next(sgc_change_cursor *open, sgc_error *error)
{
    change_cursor *cursor = (change_cursor *)(void *)open;

    if (!open->valid) return SGC_OK;
    open->valid = false;
    sgc_status status = sgc_source_next(&cursor->source, error);
    return status ? status : settle(cursor, error);
}

void sgc_change_cursor_close(sgc_change_cursor *open)
{
    if (!open) return;
    change_cursor *cursor = (change_cursor *)(void *)open;
    sgc_source_stop(&cursor->source);
    sgc_segments_release(cursor->segments);
    sgc_free(cursor);
}
