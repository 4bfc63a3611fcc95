/*
 * history_write.c - the versions, changes and commits of one flush, collected, sorted and written
 * as a segment. What does not fit in memory goes into segments of the same form that nobody names,
 * which are merged in the end (history_merge.c) and removed.
 */
#include "store/history_internal.h"
#include "store/image.h"

#include <stdlib.h>

enum { SORTING = 2 * sizeof(void *) }; /* bytes an item that qsort takes besides */

/* A version, an entry of an index or a change. */
typedef struct collected {
    uint64_t head; /* first bytes of the key, for sorting */
    sgc_str key, record;
    uint64_t begin, end;
    uint32_t table; /* stable number */
    uint16_t position, key_size;
} collected;

typedef struct collection {
    collected *items;
    size_t count, capacity;
    uint64_t keys_most; /* bound of different keys */
} collection;

typedef struct spilled {
    sgc_segment **items;
    size_t count, capacity;
} spilled;

struct sgc_history_writer {
    sgc_history *history;
    sgc_segments *base;
    const sgc_schema *schema;
    sgc_arena arena; /* keys and records of versions and changes */
    collection versions, changes;
    sgc_history_item *commits;
    size_t commit_count, commit_capacity;
    uint64_t after, highest, last_commit;
    spilled spilled;
    bool began;
    sgc_status broken; /* the first failure: it can only be aborted */
};

/* By (key, begin) within a table. */
static int by_lifetime(const void *a, const void *b)
{
    const collected *x = a, *y = b;

    if (x->table != y->table) return x->table < y->table ? -1 : 1;
    if (x->head != y->head) return x->head < y->head ? -1 : 1;
    int order = sgc_str_compare(x->key, y->key);
    return order ? order : (x->begin > y->begin) - (x->begin < y->begin);
}

/* By sequence, then by key, which begins with the table. */
static int by_sequence(const void *a, const void *b)
{
    const collected *x = a, *y = b;

    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return sgc_str_compare(x->key, y->key);
}

static void sort(collection *all, int (*compare)(const void *, const void *))
{
    if (all->count > 1) qsort(all->items, all->count, sizeof *all->items, compare);
}

static sgc_status add_item(sgc_segment_builder *builder, const collected *item, sgc_str value,
                           sgc_error *error)
{
    sgc_history_item out = {
        .key = item->key, .value = value, .begin = item->begin, .end = item->end};

    return sgc_builder_add(builder, &out, error);
}

/* ---- collecting ---- */

sgc_status sgc_history_begin(sgc_history *history, sgc_segments *base, sgc_history_writer **out,
                             sgc_error *error)
{
    sgc_history_writer *writer = sgc_alloc_zero(1, sizeof *writer);

    *out = NULL;
    if (!writer) return sgc_history_no_memory(error);
    writer->history = history;
    writer->schema = history->schema;
    writer->base = sgc_segments_retain(base);
    writer->after = base->count ? base->items[base->count - 1]->through : 0;
    *out = writer;
    return SGC_OK;
}

void sgc_history_abort(sgc_history_writer *writer)
{
    if (!writer) return;
    for (size_t i = 0; i < writer->spilled.count; i++)
        sgc_segment_drop(writer->spilled.items[i]);
    sgc_free(writer->spilled.items);
    sgc_free(writer->versions.items);
    sgc_free(writer->changes.items);
    sgc_free(writer->commits);
    sgc_arena_free(&writer->arena);
    sgc_segments_release(writer->base);
    atomic_store_explicit(&writer->history->collected, 0, memory_order_relaxed);
    sgc_free(writer);
}

static sgc_status spill(sgc_history_writer *writer, sgc_error *error);

/* Items with what sorting them takes. */
static size_t size_of(const sgc_history_writer *writer)
{
    size_t items = writer->versions.capacity + writer->changes.capacity;

    return writer->arena.total + items * (sizeof(collected) + SORTING) +
           writer->commit_capacity * sizeof(sgc_history_item);
}

/* Checks what every addition must hold, and makes room for it. */
static sgc_status prepare(sgc_history_writer *writer, uint64_t sequence, sgc_error *error)
{
    if (writer->broken) return sgc_fail(error, writer->broken, "the segment has failed before");
    if (sequence <= writer->after || sequence == SGC_OPEN)
        return sgc_fail(error, SGC_INVALID, "history of sequence %llu does not lie behind %llu",
                        (unsigned long long)sequence, (unsigned long long)writer->after);
    if (sequence > writer->highest) writer->highest = sequence;
    writer->began = true;
    size_t size = size_of(writer);
    atomic_store_explicit(&writer->history->collected, size, memory_order_relaxed);
    return size > writer->history->spill ? spill(writer, error) : SGC_OK;
}

static sgc_status collect(collection *all, const collected *item, sgc_error *error)
{
    if (!item->key.data || !item->record.data || !SGC_GROW(all->items, all->count, all->capacity))
        return sgc_history_no_memory(error);
    all->items[all->count++] = *item;
    return SGC_OK;
}

static sgc_status find_table(const sgc_history_writer *writer, uint16_t table, sgc_str key,
                             sgc_error *error)
{
    if (!writer->schema || table >= writer->schema->table_count)
        return sgc_fail(error, SGC_INVALID, "there is no table %u", (unsigned)table);
    if (key.size > SGC_KEY_MAX) return sgc_fail(error, SGC_LIMIT, "a key is too long");
    return SGC_OK;
}

sgc_status sgc_history_add_version(sgc_history_writer *writer, uint16_t table, sgc_str key,
                                   uint64_t begin, uint64_t end, sgc_str record, sgc_error *error)
{
    sgc_status status = find_table(writer, table, key, error);

    if (status == SGC_OK) status = prepare(writer, end, error);
    if (status == SGC_OK && begin >= end)
        status = sgc_fail(error, SGC_INVALID, "a version ends before it begins");
    if (status == SGC_OK) {
        collected item = {.key = sgc_arena_str(&writer->arena, key.data ? key : SGC_STR("")),
                          .record =
                              sgc_arena_str(&writer->arena, record.data ? record : SGC_STR("")),
                          .begin = begin,
                          .end = end,
                          .table = writer->schema->tables[table].number,
                          .position = table};
        item.head = item.key.data ? sgc_head_of(item.key.data, item.key.size) : 0;
        status = collect(&writer->versions, &item, error);
    }
    if (status) writer->broken = status;
    return status;
}

sgc_status sgc_history_add_change(sgc_history_writer *writer, uint64_t sequence, uint16_t table,
                                  sgc_str key, sgc_op op, sgc_error *error)
{
    sgc_status status = find_table(writer, table, key, error);

    if (status == SGC_OK) status = prepare(writer, sequence, error);
    if (status == SGC_OK) {
        uint8_t *bytes = sgc_arena_alloc(&writer->arena, 4 + key.size);
        if (bytes) {
            sgc_put_be32(bytes, writer->schema->tables[table].number);
            if (key.size) memcpy(bytes + 4, key.data, key.size);
        }
        collected item = {.key = sgc_str_of((char *)bytes, 4 + key.size),
                          .record = SGC_STR(""),
                          .begin = sequence,
                          .end = (uint64_t)op};
        status = collect(&writer->changes, &item, error);
    }
    if (status) writer->broken = status;
    return status;
}

sgc_status sgc_history_add_commit(sgc_history_writer *writer, uint64_t sequence, uint64_t time_us,
                                  sgc_error *error)
{
    sgc_status status = prepare(writer, sequence, error);
    size_t count = writer->commit_count;

    if (status == SGC_OK && writer->last_commit >= sequence)
        status = sgc_fail(error, SGC_INVALID, "commits are out of order");
    if (status == SGC_OK && !SGC_GROW(writer->commits, count, writer->commit_capacity))
        status = sgc_history_no_memory(error);
    if (status == SGC_OK) {
        writer->commits[count] = (sgc_history_item){
            .key = SGC_STR(""), .value = SGC_STR(""), .begin = sequence, .end = time_us};
        writer->commit_count++;
        writer->last_commit = sequence;
    }
    if (status) writer->broken = status;
    return status;
}

/* ---- versions and their index entries ---- */

static sgc_status write_versions(const sgc_history_writer *writer, sgc_segment_builder *builder,
                                 size_t first, size_t count, sgc_error *error)
{
    const collected *items = writer->versions.items + first;
    sgc_run_id id = {.kind = SGC_RUN_VERSIONS, .table = items[0].table};
    sgc_status status = sgc_builder_run(builder, id, count, error);

    for (size_t i = 0; status == SGC_OK && i < count; i++)
        status = add_item(builder, &items[i], items[i].record, error);
    return status;
}

/* The entries of one index, as they are collected. */
typedef struct index_run {
    sgc_history *history;
    const sgc_table *table;
    uint16_t index;
    uint64_t after, through; /* of the segment it becomes a part of */
    sgc_run_id id;
    sgc_arena arena;
    collection entries;
    size_t counted; /* memory, in history->indexing */
    spilled parts;
} index_run;

static sgc_status add_entry(index_run *run, const collected *version, sgc_str components,
                            sgc_error *error)
{
    size_t size = components.size + version->key.size;
    char *bytes = sgc_arena_alloc(&run->arena, size);

    if (bytes && components.size) memcpy(bytes, components.data, components.size);
    if (bytes && version->key.size)
        memcpy(bytes + components.size, version->key.data, version->key.size);
    collected entry = {.key = sgc_str_of(bytes, size),
                       .record = SGC_STR(""),
                       .begin = version->begin,
                       .end = version->end,
                       .table = version->table,
                       .key_size = (uint16_t)version->key.size};
    entry.head = bytes ? sgc_head_of(bytes, size) : 0;
    return collect(&run->entries, &entry, error);
}

static sgc_status entries_failed(const index_run *run, sgc_status status, sgc_error *error)
{
    return sgc_fail(error, status, SGC_FMT ": index " SGC_FMT ": %s", SGC_ARG(run->table->name),
                    SGC_ARG(run->table->indexes[run->index].name), sgc_status_text(status));
}

static sgc_status add_elements(index_run *run, const collected *version, sgc_error *error)
{
    sgc_arena scratch = {0};
    sgc_str *entries;
    size_t count;
    sgc_status status =
        sgc_index_elements(run->table, run->index, version->record, &scratch, &entries, &count);

    if (status) entries_failed(run, status, error);
    for (size_t i = 0; status == SGC_OK && i < count; i++)
        status = add_entry(run, version, entries[i], error);
    sgc_arena_free(&scratch);
    return status;
}

static sgc_status add_entries(index_run *run, const collected *version, sgc_error *error)
{
    sgc_key key;

    if (run->table->indexes[run->index].elements) return add_elements(run, version, error);
    sgc_status status = sgc_index_components(run->table, run->index, version->record, 0, &key);
    if (status) return entries_failed(run, status, error);
    return add_entry(run, version, sgc_key_str(&key), error);
}

static sgc_status write_entries(index_run *run, sgc_segment_builder *builder, sgc_error *error)
{
    sgc_status status = sgc_builder_run(builder, run->id, 0, error);

    sort(&run->entries, by_lifetime);
    for (size_t i = 0; status == SGC_OK && i < run->entries.count; i++) {
        uint8_t size[10];
        const collected *entry = &run->entries.items[i];
        size_t bytes = (size_t)(sgc_varint_put(size, entry->key_size) - size);
        status = add_item(builder, entry, sgc_str_of((char *)size, bytes), error);
    }
    sgc_free(run->entries.items);
    run->entries = (collection){0};
    sgc_arena_free(&run->arena);
    return status;
}

static sgc_status keep_part(spilled *parts, sgc_segment_builder *builder, uint64_t after,
                            uint64_t through, sgc_error *error)
{
    if (!SGC_GROW(parts->items, parts->count, parts->capacity)) {
        sgc_builder_abort(builder);
        return sgc_history_no_memory(error);
    }
    sgc_status status =
        sgc_builder_finish(builder, after, through, false, &parts->items[parts->count], error);
    if (status == SGC_OK) parts->count++;
    return status;
}

static sgc_status spill_entries(index_run *run, sgc_error *error)
{
    sgc_segment_builder *builder;
    sgc_status status = sgc_builder_open(run->history, &builder, error);

    if (status) return status;
    status = write_entries(run, builder, error);
    if (status == SGC_OK) return keep_part(&run->parts, builder, run->after, run->through, error);
    sgc_builder_abort(builder);
    return status;
}

static void count_run(index_run *run, size_t size)
{
    if (size == run->counted) return;
    atomic_fetch_add_explicit(&run->history->indexing, size - run->counted, memory_order_relaxed);
    run->counted = size;
}

static sgc_status take_version(index_run *run, const collected *version, sgc_error *error)
{
    size_t size = run->arena.total + run->entries.capacity * (sizeof(collected) + SORTING);
    sgc_status status = SGC_OK;

    count_run(run, size);
    if (size > run->history->spill) status = spill_entries(run, error);
    return status ? status : add_entries(run, version, error);
}

/*
 * What was taken becomes a run. An entry that is too long was written before there was this index:
 * then there is no run, and walks gather what they need from the versions.
 */
static sgc_status finish_run(index_run *run, sgc_status status, sgc_segment_builder *builder,
                             sgc_error *error)
{
    if (status == SGC_OK && run->parts.count == 0) {
        status = write_entries(run, builder, error);
    } else if (status == SGC_OK) {
        status = spill_entries(run, error);
        if (status == SGC_OK)
            status = sgc_merge_run(run->history, run->parts.items, run->parts.count, run->id, NULL,
                                   builder, error);
    } else if (status == SGC_LIMIT) {
        status = SGC_OK;
    }
    for (size_t i = 0; i < run->parts.count; i++)
        sgc_segment_drop(run->parts.items[i]);
    sgc_free(run->parts.items);
    sgc_free(run->entries.items);
    sgc_arena_free(&run->arena);
    count_run(run, 0);
    return status;
}

static sgc_status write_indexes(const sgc_history_writer *writer, sgc_segment_builder *builder,
                                size_t first, size_t count, sgc_error *error)
{
    const collected *items = writer->versions.items + first;
    const sgc_table *table = &writer->schema->tables[items[0].position];
    sgc_status status = SGC_OK;
    uint32_t last = 0;

    /* Runs come by number; indexes need not stand in that order. */
    for (uint16_t n = 1; status == SGC_OK && n < table->index_count; n++) {
        index_run run = {.history = writer->history,
                         .table = table,
                         .after = writer->after,
                         .through = writer->highest};
        for (uint16_t i = 1; i < table->index_count; i++) {
            uint32_t number = table->indexes[i].number;
            if ((n > 1 && number <= last) ||
                (run.index && number >= table->indexes[run.index].number))
                continue;
            run.index = i;
        }
        if (!run.index) break;
        last = table->indexes[run.index].number;
        run.id = (sgc_run_id){SGC_RUN_INDEX, items[0].table, last};
        for (size_t i = 0; status == SGC_OK && i < count; i++)
            status = take_version(&run, &items[i], error);
        status = finish_run(&run, status, builder, error);
    }
    return status;
}

static sgc_status take_versions(index_run *run, sgc_history_source *source,
                                const sgc_segments *horizons, sgc_error *error)
{
    sgc_status status = sgc_source_start(source, error);

    while (status == SGC_OK && source->valid) {
        const sgc_history_item *item = &source->item;
        collected version = {.key = item->key,
                             .record = item->value,
                             .begin = item->begin,
                             .end = item->end,
                             .table = run->id.table};
        if (sgc_merge_is_stopped(run->history, horizons)) status = SGC_BUSY;
        if (status == SGC_OK && !sgc_history_is_past(horizons, source->run->id, item))
            status = take_version(run, &version, error);
        if (status == SGC_OK) status = sgc_source_next(source, error);
    }
    return status;
}

sgc_status sgc_history_make_run(sgc_history *history, sgc_segment **segments, size_t count,
                                const sgc_table *table, uint16_t index,
                                const sgc_segments *horizons, sgc_segment_builder *builder,
                                sgc_error *error)
{
    const sgc_run_id versions = {.kind = SGC_RUN_VERSIONS, .table = table->number};
    index_run run = {.history = history,
                     .table = table,
                     .index = index,
                     .id = {SGC_RUN_INDEX, table->number, table->indexes[index].number},
                     .after = segments[0]->after,
                     .through = segments[count - 1]->through};
    sgc_status status = SGC_OK;

    for (size_t i = 0; status == SGC_OK && i < count; i++) {
        sgc_history_source source = {.segment = segments[i],
                                     .run = sgc_segment_run(segments[i], versions),
                                     .period = {0, UINT64_MAX}};
        if (!source.run) continue;
        status = sgc_history_take_reader(history, &source.reader, error);
        if (status == SGC_OK) status = take_versions(&run, &source, horizons, error);
        sgc_source_stop(&source);
        sgc_history_give_reader(history, source.reader);
    }
    return finish_run(&run, status, builder, error);
}

/* ---- the segment ---- */

/* Calls `write` for the versions of each table. */
static sgc_status each_table(sgc_history_writer *writer, sgc_segment_builder *builder,
                             sgc_status (*write)(const sgc_history_writer *, sgc_segment_builder *,
                                                 size_t, size_t, sgc_error *),
                             sgc_error *error)
{
    const collection *all = &writer->versions;
    sgc_status status = SGC_OK;

    for (size_t first = 0, next; status == SGC_OK && first < all->count; first = next) {
        next = first + 1;
        while (next < all->count && all->items[next].table == all->items[first].table)
            next++;
        status = write(writer, builder, first, next - first, error);
    }
    return status;
}

static sgc_status write_changes(sgc_history_writer *writer, sgc_segment_builder *builder,
                                sgc_error *error)
{
    const sgc_run_id id = {.kind = SGC_RUN_CHANGES};
    sgc_status status = sgc_builder_run(builder, id, 0, error);

    sort(&writer->changes, by_sequence);
    for (size_t i = 0; status == SGC_OK && i < writer->changes.count; i++)
        status = add_item(builder, &writer->changes.items[i], SGC_STR(""), error);
    return status;
}

static sgc_status write_commits(const sgc_history_writer *writer, sgc_segment_builder *builder,
                                sgc_error *error)
{
    const sgc_run_id id = {.kind = SGC_RUN_COMMITS};
    sgc_status status = sgc_builder_run(builder, id, 0, error);

    for (size_t i = 0; status == SGC_OK && i < writer->commit_count; i++)
        status = sgc_builder_add(builder, &writer->commits[i], error);
    return status;
}

static sgc_status write_all(sgc_history_writer *writer, sgc_segment_builder **out, sgc_error *error)
{
    sgc_status status = sgc_builder_open(writer->history, out, error);

    if (status) return status;
    sort(&writer->versions, by_lifetime);
    status = each_table(writer, *out, write_versions, error);
    if (status == SGC_OK) status = each_table(writer, *out, write_indexes, error);
    if (status == SGC_OK) status = write_changes(writer, *out, error);
    if (status == SGC_OK) status = write_commits(writer, *out, error);
    if (status == SGC_OK) return SGC_OK;
    sgc_builder_abort(*out);
    *out = NULL;
    return status;
}

/* What was collected becomes a part of the segment, to be merged in the end. */
static sgc_status spill(sgc_history_writer *writer, sgc_error *error)
{
    sgc_segment_builder *builder;
    sgc_status status = write_all(writer, &builder, error);

    if (status) return status;
    sgc_free(writer->versions.items);
    sgc_free(writer->changes.items);
    sgc_free(writer->commits);
    writer->versions = writer->changes = (collection){0};
    writer->commits = NULL;
    writer->commit_count = writer->commit_capacity = 0;
    sgc_arena_free(&writer->arena);
    return keep_part(&writer->spilled, builder, writer->after, writer->highest, error);
}

static sgc_status make_segment(sgc_history_writer *writer, uint64_t through, sgc_segment **segment,
                               sgc_error *error)
{
    spilled *parts = &writer->spilled;
    sgc_segment_builder *builder;
    sgc_status status;

    if (parts->count == 0) {
        status = write_all(writer, &builder, error);
        if (status) return status;
        return sgc_builder_finish(builder, writer->after, through, true, segment, error);
    }
    status = spill(writer, error);
    if (status) return status;
    parts->items[parts->count - 1]->through = through;
    return sgc_merge_segments(writer->history, writer->schema, parts->items, parts->count, NULL,
                              true, segment, error);
}

static sgc_status extend(const sgc_history_writer *writer, sgc_segment *segment,
                         sgc_segments **list, sgc_error *error)
{
    const sgc_segments *base = writer->base;
    sgc_status status = sgc_segments_new(writer->history, writer->schema, base->count + 1,
                                         base->horizon_count, list, error);

    if (status) return status;
    for (size_t i = 0; i < base->count; i++) {
        (*list)->items[i] = base->items[i];
        atomic_fetch_add(&base->items[i]->references, 1);
    }
    (*list)->items[base->count] = segment;
    (*list)->count = base->count + 1;
    memcpy((*list)->horizons, base->horizons, base->horizon_count * sizeof *base->horizons);
    (*list)->horizon_count = base->horizon_count;
    return SGC_OK;
}

sgc_status sgc_history_finish(sgc_history_writer *writer, uint64_t through, sgc_segments **segments,
                              sgc_error *error)
{
    sgc_segment *segment = NULL;
    sgc_status status = SGC_OK;

    *segments = NULL;
    if (writer->broken) {
        status = sgc_fail(error, writer->broken, "the segment has failed before");
    } else if (!writer->began) {
        *segments = sgc_segments_retain(writer->base);
    } else if (through < writer->highest) {
        status = sgc_fail(error, SGC_INVALID, "history goes on behind sequence %llu",
                          (unsigned long long)through);
    } else {
        status = make_segment(writer, through, &segment, error);
        if (status == SGC_OK) status = extend(writer, segment, segments, error);
        if (status) sgc_segment_drop(segment);
    }
    sgc_history_abort(writer);
    return status;
}
