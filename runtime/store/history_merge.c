/*
 * history_merge.c - neighbouring segments become one: which ones, item by item, without what
 * retention leaves out. Bounded memory: one block of each run that is merged.
 *
 * Which ones. Segments are sized in steps of four. Four neighbours of one step (or smaller ones
 * among them) are merged when the result averages at most two versions a key, which is what makes a
 * walk at one sequence read little else; eight are merged in any case, so that there are never more
 * than about eight segments of a step. A byte is rewritten once for each step it rises, so n
 * flushes cost O(log n) rewrites and leave O(log n) segments, and a look-up asks as many filters at
 * most.
 */
#include "store/history_internal.h"

#include <stdlib.h>

enum { FEW = 4, MANY = 8, VERSIONS_A_KEY = 2 };

/* ---- one run ---- */

typedef struct run_merge {
    sgc_history_source *sources, **order;
    size_t count, live;
} run_merge;

static void stop_merge(sgc_history *history, run_merge *merge)
{
    for (size_t i = 0; merge->sources && i < merge->count; i++) {
        sgc_source_stop(&merge->sources[i]);
        sgc_history_give_reader(history, merge->sources[i].reader);
    }
    sgc_free(merge->sources);
    sgc_free(merge->order);
}

static sgc_status start_merge(sgc_history *history, run_merge *merge, sgc_segment **segments,
                              size_t count, sgc_run_id id, uint64_t *keys, sgc_error *error)
{
    *keys = 0;
    merge->sources = sgc_alloc_zero(count, sizeof *merge->sources);
    merge->order = sgc_alloc_zero(count, sizeof(sgc_history_source *));
    if (!merge->sources || !merge->order) return sgc_history_no_memory(error);
    for (size_t i = 0; i < count; i++) {
        const sgc_history_run *run = sgc_segment_run(segments[i], id);
        if (!run) continue;
        sgc_history_source *source = &merge->sources[merge->count];
        *source =
            (sgc_history_source){.segment = segments[i], .run = run, .period = {0, UINT64_MAX}};
        sgc_status status = sgc_history_take_reader(history, &source->reader, error);
        if (status) return status;
        merge->count++;
        *keys += run->keys;
        status = sgc_source_start(source, error);
        if (status) return status;
        merge->order[merge->live++] = source;
    }
    sgc_sources_order(merge->order, merge->live);
    return SGC_OK;
}

bool sgc_history_is_past(const sgc_segments *horizons, sgc_run_id id, const sgc_history_item *item)
{
    if (!horizons || id.kind == SGC_RUN_COMMITS) return false;
    if (id.kind != SGC_RUN_CHANGES) return item->end <= sgc_segments_horizon_of(horizons, id.table);
    if (item->key.size < 4) return false;
    uint32_t table = sgc_be32((const uint8_t *)item->key.data);
    return item->begin <= sgc_segments_horizon_of(horizons, table);
}

bool sgc_merge_is_stopped(sgc_history *history, const sgc_segments *horizons)
{
    return horizons && atomic_load_explicit(&history->merges_end, memory_order_relaxed);
}

void sgc_history_stop_merging(sgc_history *history)
{
    atomic_store(&history->merges_end, true);
}

sgc_status sgc_merge_run(sgc_history *history, sgc_segment **segments, size_t count, sgc_run_id id,
                         const sgc_segments *horizons, sgc_segment_builder *builder,
                         sgc_error *error)
{
    run_merge merge = {0};
    uint64_t keys;
    sgc_status status = start_merge(history, &merge, segments, count, id, &keys, error);

    if (status == SGC_OK) status = sgc_builder_run(builder, id, keys, error);
    while (status == SGC_OK && merge.live > 0) {
        sgc_history_source *source = merge.order[0];
        if (sgc_merge_is_stopped(history, horizons)) status = SGC_BUSY;
        if (status != SGC_OK) break;
        if (!sgc_history_is_past(horizons, id, &source->item))
            status = sgc_builder_add(builder, &source->item, error);
        if (status == SGC_OK) status = sgc_source_next(source, error);
        if (status == SGC_OK) sgc_sources_sift(merge.order, &merge.live);
    }
    stop_merge(history, &merge);
    return status;
}

/* The least id behind `last` of any segment; false when there is none. Runs of indexes come by the
 * schema, not by what is there. */
static bool next_run(sgc_segment **segments, size_t count, sgc_run_id last, sgc_run_id *next)
{
    bool found = false;

    for (size_t i = 0; i < count; i++) {
        for (uint32_t r = 0; r < segments[i]->run_count; r++) {
            sgc_run_id id = segments[i]->runs[r].id;
            if (id.kind == SGC_RUN_INDEX || sgc_run_id_compare(id, last) <= 0) continue;
            if (!found || sgc_run_id_compare(id, *next) < 0) *next = id;
            found = true;
            break;
        }
    }
    return found;
}

/* An index of the schema. */
typedef struct wanted_run {
    const sgc_table *table;
    uint16_t index;
    sgc_run_id id;
} wanted_run;

static int by_id(const void *a, const void *b)
{
    const wanted_run *x = a, *y = b;

    return sgc_run_id_compare(x->id, y->id);
}

static sgc_status list_indexes(const sgc_schema *schema, wanted_run **out, size_t *count,
                               sgc_error *error)
{
    size_t most = 0;

    for (uint16_t t = 0; schema && t < schema->table_count; t++)
        most += schema->tables[t].index_count;
    *count = 0;
    *out = sgc_alloc_zero(most, sizeof **out);
    if (!*out) return sgc_history_no_memory(error);
    for (uint16_t t = 0; schema && t < schema->table_count; t++) {
        const sgc_table *table = &schema->tables[t];
        for (uint16_t i = 1; i < table->index_count; i++)
            (*out)[(*count)++] =
                (wanted_run){table, i, {SGC_RUN_INDEX, table->number, table->indexes[i].number}};
    }
    qsort(*out, *count, sizeof **out, by_id);
    return SGC_OK;
}

/* Versions without a run beside them: it was written under other indexes. */
static bool is_missing(const sgc_segment *segment, sgc_run_id id)
{
    sgc_run_id versions = {.kind = SGC_RUN_VERSIONS, .table = id.table};

    return sgc_segment_run(segment, versions) && !sgc_segment_run(segment, id);
}

/* Runs of the schema's indexes: merged, or made anew where a segment has none. */
static sgc_status merge_indexes(sgc_history *history, const sgc_schema *schema,
                                sgc_segment **segments, size_t count, const sgc_segments *horizons,
                                sgc_segment_builder *builder, sgc_error *error)
{
    wanted_run *wanted;
    size_t indexes;
    sgc_status status = list_indexes(schema, &wanted, &indexes, error);

    for (size_t i = 0; status == SGC_OK && i < indexes; i++) {
        bool missing = false;
        for (size_t n = 0; n < count; n++)
            missing = missing || is_missing(segments[n], wanted[i].id);
        status = missing ? sgc_history_make_run(history, segments, count, wanted[i].table,
                                                wanted[i].index, horizons, builder, error)
                         : sgc_merge_run(history, segments, count, wanted[i].id, horizons, builder,
                                         error);
    }
    sgc_free(wanted);
    return status;
}

sgc_status sgc_merge_segments(sgc_history *history, const sgc_schema *schema,
                              sgc_segment **segments, size_t count, const sgc_segments *horizons,
                              bool durable, sgc_segment **merged, sgc_error *error)
{
    sgc_segment_builder *builder;
    sgc_run_id id = {0};
    bool indexed = false;
    sgc_status status = sgc_builder_open(history, &builder, error);

    if (status) return status;
    while (status == SGC_OK && next_run(segments, count, id, &id)) {
        if (id.kind > SGC_RUN_INDEX && !indexed) {
            indexed = true;
            status = merge_indexes(history, schema, segments, count, horizons, builder, error);
        }
        if (status == SGC_OK)
            status = sgc_merge_run(history, segments, count, id, horizons, builder, error);
    }
    if (status == SGC_OK && !indexed)
        status = merge_indexes(history, schema, segments, count, horizons, builder, error);
    if (status == SGC_OK)
        return sgc_builder_finish(builder, segments[0]->after, segments[count - 1]->through,
                                  durable, merged, error);
    sgc_builder_abort(builder);
    return status;
}

/* ---- what pays ---- */

typedef struct merge_plan {
    size_t first, count;
} merge_plan;

static uint64_t versions_of(const sgc_segment *segment, bool keys)
{
    uint64_t sum = 0;

    for (uint32_t r = 0; r < segment->run_count; r++)
        if (segment->runs[r].id.kind == SGC_RUN_VERSIONS)
            sum += keys ? segment->runs[r].keys : segment->runs[r].count;
    return sum;
}

static unsigned step_of(uint64_t size)
{
    unsigned step = 0;

    for (uint64_t limit = 64 << 10; size > limit && step < 30; limit *= 4)
        step++;
    return step;
}

/* At least as many keys as the segment that has most: then the average is no more than this says.
 */
static bool averages_few(const sgc_segments *list, size_t first, size_t count)
{
    uint64_t versions = 0, keys = 0;

    for (size_t i = first; i < first + count; i++) {
        uint64_t some = versions_of(list->items[i], true);
        versions += versions_of(list->items[i], false);
        if (some > keys) keys = some;
    }
    return versions / VERSIONS_A_KEY <= keys;
}

/* The newest neighbours of step at most `step`, when they are enough. */
static bool plan_step(const sgc_segments *list, unsigned step, merge_plan *plan)
{
    size_t end = list->count;

    while (end > 0) {
        size_t first = end, of_step = 0;
        while (first > 0 && step_of(list->items[first - 1]->size) <= step) {
            first--;
            of_step += step_of(list->items[first]->size) == step;
        }
        size_t count = end - first;
        if (of_step >= MANY || (of_step >= FEW && averages_few(list, first, count))) {
            plan->first = first;
            plan->count = count;
            return true;
        }
        end = first > 0 ? first - 1 : 0;
    }
    return false;
}

static bool plan_sizes(const sgc_segments *list, merge_plan *plan)
{
    for (unsigned step = 0; step <= 30; step++)
        if (plan_step(list, step, plan)) return true;
    return false;
}

/* Items of a run that retention leaves out, if their ends lie evenly between the first and last. */
static uint64_t past_items(const sgc_segments *list, const sgc_history_run *run)
{
    uint64_t low = run->min_end, high = run->max_end;
    uint64_t horizon = sgc_segments_horizon_of(list, run->id.table);

    if (run->id.kind != SGC_RUN_VERSIONS || horizon < low) return 0;
    if (horizon >= high) return run->count;
    double part = (double)(horizon - low + 1) / (double)(high - low + 1);
    return 1 + (uint64_t)(part * (double)(run->count - 1));
}

/* A segment half of whose versions can go; any: one of them. */
static bool plan_retention(const sgc_segments *list, bool any, merge_plan *plan)
{
    for (size_t i = 0; i < list->count; i++) {
        const sgc_segment *segment = list->items[i];
        uint64_t past = 0;
        for (uint32_t r = 0; r < segment->run_count; r++)
            past += past_items(list, &segment->runs[r]);
        if (past == 0 || (!any && past < versions_of(segment, false) / 2)) continue;
        *plan = (merge_plan){i, 1};
        return true;
    }
    return false;
}

/* A segment without a run that the schema's indexes want; one that was just written has those it
 * can have. Of lists there may be no entries, so those do not count. */
static bool plan_runs(const sgc_segments *list, merge_plan *plan)
{
    const sgc_schema *schema = list->schema;

    for (size_t i = 0; schema && i < list->count; i++) {
        if (list->items[i]->runs_tried) continue;
        for (uint16_t t = 0; t < schema->table_count; t++) {
            const sgc_table *table = &schema->tables[t];
            for (uint16_t n = 1; n < table->index_count; n++) {
                sgc_run_id id = {SGC_RUN_INDEX, table->number, table->indexes[n].number};
                if (table->indexes[n].elements || !is_missing(list->items[i], id)) continue;
                *plan = (merge_plan){i, 1};
                return true;
            }
        }
    }
    return false;
}

/* ---- lists ---- */

static void take(sgc_segments *list, sgc_segment *segment)
{
    atomic_fetch_add(&segment->references, 1);
    list->items[list->count++] = segment;
}

static void set_horizon(sgc_segments *list, uint32_t table, uint64_t sequence, bool *changed)
{
    size_t at = 0;

    while (at < list->horizon_count && list->horizons[at].table < table)
        at++;
    if (at < list->horizon_count && list->horizons[at].table == table) {
        if (list->horizons[at].sequence >= sequence) return;
        list->horizons[at].sequence = sequence;
    } else {
        if (sequence == 0) return;
        memmove(list->horizons + at + 1, list->horizons + at,
                (list->horizon_count - at) * sizeof *list->horizons);
        list->horizons[at] = (sgc_horizon){table, sequence};
        list->horizon_count++;
    }
    *changed = true;
}

/* `list` with new horizons, and whether they differ from those it had. */
static sgc_status with_horizons(sgc_history *history, const sgc_segments *list,
                                const uint64_t *horizons, sgc_segments **out, bool *changed,
                                sgc_error *error)
{
    const sgc_schema *schema = list->schema;
    uint16_t tables = schema && horizons ? schema->table_count : 0;
    sgc_status status =
        sgc_segments_new(history, schema, list->count, list->horizon_count + tables, out, error);

    *changed = false;
    if (status) return status;
    for (size_t i = 0; i < list->count; i++)
        take(*out, list->items[i]);
    memcpy((*out)->horizons, list->horizons, list->horizon_count * sizeof *list->horizons);
    (*out)->horizon_count = list->horizon_count;
    for (uint16_t t = 0; t < tables; t++)
        set_horizon(*out, schema->tables[t].number, horizons[t], changed);
    return SGC_OK;
}

static bool names(const sgc_segments *list, const sgc_segment *segment)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i] == segment) return true;
    return false;
}

/* Gives back a segment of the list under construction; one that this merge made goes. */
static void give_back(sgc_segment *segment, const sgc_segments *old)
{
    if (!names(old, segment)) atomic_store(&segment->replaced, true);
    sgc_segment_release(segment);
}

static sgc_status carry_out(sgc_segments *list, const sgc_segments *old, const merge_plan *plan,
                            sgc_error *error)
{
    sgc_history *history = list->history;
    sgc_segment **items = list->items + plan->first, *merged;
    sgc_status status =
        sgc_merge_segments(history, list->schema, items, plan->count, list, true, &merged, error);

    if (status) return status;
    merged->runs_tried = true;
    atomic_fetch_add(&history->merges, 1);
    atomic_fetch_add(&history->merged_bytes, merged->size);
    for (size_t i = 0; i < plan->count; i++)
        give_back(items[i], old);
    items[0] = merged;
    memmove(items + 1, items + plan->count,
            (list->count - plan->first - plan->count) * sizeof(sgc_segment *));
    list->count -= plan->count - 1;
    return SGC_OK;
}

static sgc_status merge_list(sgc_segments *list, const sgc_segments *old, bool everything,
                             bool *changed, sgc_error *error)
{
    merge_plan plan = {0, list->count};

    if (everything &&
        (list->count > 1 || plan_retention(list, true, &plan) || plan_runs(list, &plan))) {
        *changed = true;
        return carry_out(list, old, &plan, error);
    }
    while (!everything && (plan_sizes(list, &plan) || plan_retention(list, false, &plan) ||
                           plan_runs(list, &plan))) {
        sgc_status status = carry_out(list, old, &plan, error);
        if (status) return status;
        *changed = true;
    }
    return SGC_OK;
}

sgc_status sgc_history_merge(sgc_history *history, sgc_segments *segments,
                             const sgc_retention *retention, sgc_segments **merged,
                             sgc_error *error)
{
    bool changed;
    sgc_segments *list;
    sgc_status status = sgc_segments_load(segments, error);

    *merged = NULL;
    if (status) return status;
    status = with_horizons(history, segments, retention ? retention->horizons : NULL, &list,
                           &changed, error);
    if (status) return status;
    status = merge_list(list, segments, retention && retention->everything, &changed, error);
    if (status == SGC_OK) *merged = changed ? list : sgc_segments_retain(segments);
    if (status == SGC_OK && changed) return SGC_OK;
    while (list->count > 0)
        give_back(list->items[--list->count], segments);
    sgc_segments_release(list);
    return status;
}

sgc_status sgc_segments_replace(sgc_segments *newest, const sgc_segments *from,
                                const sgc_segments *merged, sgc_segments **replaced,
                                sgc_error *error)
{
    *replaced = NULL;
    bool grew = newest->count >= from->count;
    for (size_t i = 0; grew && i < from->count; i++)
        grew = newest->items[i] == from->items[i];
    if (!grew) return sgc_fail(error, SGC_INVALID, "the list did not grow out of the merged one");
    size_t more = newest->count - from->count;
    sgc_status status =
        sgc_segments_new(newest->history, newest->schema, merged->count + more,
                         merged->horizon_count + newest->horizon_count, replaced, error);
    if (status) return status;
    for (size_t i = 0; i < merged->count; i++)
        take(*replaced, merged->items[i]);
    for (size_t i = 0; i < more; i++)
        take(*replaced, newest->items[from->count + i]);
    bool changed;
    for (size_t i = 0; i < newest->horizon_count; i++)
        set_horizon(*replaced, newest->horizons[i].table, newest->horizons[i].sequence, &changed);
    for (size_t i = 0; i < merged->horizon_count; i++)
        set_horizon(*replaced, merged->horizons[i].table, merged->horizons[i].sequence, &changed);
    return SGC_OK;
}
