/*
 * select.c - runs what plan.c chose over one table: fetches candidates, asks the filter in batches,
 * stops at the limit where the order allows it, sorts where it does not.
 */
#include "query/plan.h"
#include "query/query.h"

#include <assert.h>

enum { BATCH = 1024, FIRST_BATCH = 32 };

void sgc_query_end(sgc_query *query)
{
    sgc_arena_free(&query->scratch);
}

sgc_str sgc_record_keep(sgc_query *query, sgc_str record)
{
    return sgc_arena_str(query->arena, record);
}

sgc_status sgc_row_set_add(sgc_query *query, sgc_row_set *rows, sgc_str record)
{
    if (query->rows_left == 0) return SGC_LIMIT;
    query->rows_left--;
    if (!SGC_ARENA_GROW(query->arena, rows->records, rows->count, rows->capacity))
        return SGC_NO_MEMORY;
    rows->records[rows->count++] = record;
    return SGC_OK;
}

typedef struct scan {
    sgc_query *query;
    uint16_t table;
    const sgc_table *model;
    const sgc_predicate *where;
    sgc_row_set *rows;
    const sgc_slice *slice;
    const sgc_access *access; /* its ties are sorted; NULL: there are none */
    uint64_t wanted;          /* rows after which the scan may end */
    uint64_t skip;            /* rows to step over first: an offset without a filter */
    bool done;
    bool stays;        /* records come from getters and need no copy */
    uint32_t group;    /* number of the run of ties the cursor is in */
    uint32_t current;  /* run of the rows kept last */
    size_t run_start;  /* where that run starts in rows */
    sgc_map *seen;     /* primary keys already delivered, for unions */
    sgc_arena waiting; /* copies of the batch */
    sgc_str *batch;
    uint32_t *batch_group;
    size_t batch_count, batch_size;
} scan;

/* Sorts count records by the orders of a slice, then by key. */
static sgc_status sort_records(sgc_query *query, uint16_t table, const sgc_slice *slice,
                               sgc_str *records, size_t count)
{
    sgc_sort_keys keys;
    sgc_arena *kept = query->arena;
    sgc_arena own = {0};

    if (count < 2) return SGC_OK;
    if (count > UINT32_MAX) return SGC_LIMIT;
    query->arena = &own;
    uint32_t *positions = sgc_arena_zero(&own, count, sizeof *positions);
    sgc_str *sorted = sgc_arena_zero(&own, count, sizeof *sorted);
    sgc_status status = positions && sorted ? SGC_OK : SGC_NO_MEMORY;
    for (size_t i = 0; i < count && status == SGC_OK; i++)
        positions[i] = (uint32_t)i;
    if (status == SGC_OK) {
        status = sgc_sort_keys_make(query, table, slice->orders, slice->order_count, records, count,
                                    &keys);
    }
    if (status == SGC_OK) status = sgc_sort(query, &keys, positions, count);
    if (status == SGC_OK) {
        for (size_t i = 0; i < count; i++)
            sorted[i] = records[positions[i]];
        memcpy(records, sorted, count * sizeof *sorted);
    }
    query->arena = kept;
    sgc_arena_free(&own);
    return status;
}

static sgc_status end_run(scan *at)
{
    size_t start = at->run_start;

    if (!at->access) return SGC_OK;
    at->run_start = at->rows->count;
    return sort_records(at->query, at->table, at->slice, at->rows->records + start,
                        at->rows->count - start);
}

/* True when the row was delivered before. */
static sgc_status is_seen(scan *at, sgc_str record, bool *seen)
{
    static char mark;
    sgc_key key;
    sgc_status status = sgc_record_key(at->model, record, &key);

    if (status != SGC_OK) return status;
    *seen = sgc_map_get(at->seen, sgc_key_str(&key)) != NULL;
    if (*seen) return SGC_OK;
    sgc_str kept = sgc_arena_str(at->query->arena, sgc_key_str(&key));
    return kept.data && sgc_map_put(at->seen, kept, &mark) ? SGC_OK : SGC_NO_MEMORY;
}

static sgc_status accept(scan *at, sgc_str record, uint32_t group, bool stays)
{
    if (at->access && group != at->current) {
        sgc_status status = end_run(at);
        if (status != SGC_OK) return status;
        at->current = group;
        at->done = at->rows->count >= at->wanted;
    }
    if (at->done) return SGC_OK;
    if (at->seen) {
        bool seen;
        sgc_status status = is_seen(at, record, &seen);
        if (status != SGC_OK || seen) return status;
    }
    sgc_str kept = stays ? record : sgc_record_keep(at->query, record);
    if (!kept.data) return SGC_NO_MEMORY;
    sgc_status status = sgc_row_set_add(at->query, at->rows, kept);
    if (!at->access) at->done = at->rows->count >= at->wanted;
    return status;
}

/* Asks the filter for the whole batch and keeps what passes. */
static sgc_status flush_batch(scan *at)
{
    uint8_t truth[BATCH];

    if (at->batch_count == 0) return SGC_OK;
    sgc_status status =
        sgc_predicate_eval(at->query, at->table, at->where, at->batch, at->batch_count, truth);
    for (size_t i = 0; i < at->batch_count && status == SGC_OK && !at->done; i++) {
        if (truth[i] == SGC_TRUE) status = accept(at, at->batch[i], at->batch_group[i], at->stays);
    }
    at->batch_count = 0;
    if (at->batch_size < BATCH) at->batch_size *= 2;
    sgc_arena_reset(&at->waiting);
    return status;
}

static sgc_status wait_in_batch(scan *at, sgc_str record)
{
    if (!at->batch) {
        at->batch = sgc_arena_zero(at->query->arena, BATCH, sizeof *at->batch);
        at->batch_group = sgc_arena_zero(at->query->arena, BATCH, sizeof *at->batch_group);
        at->batch_size = at->wanted == SGC_NO_LIMIT ? BATCH : FIRST_BATCH;
        if (!at->batch || !at->batch_group) return SGC_NO_MEMORY;
    }
    sgc_str copy = at->stays ? record : sgc_arena_str(&at->waiting, record);
    if (!copy.data) return SGC_NO_MEMORY;
    at->batch[at->batch_count] = copy;
    at->batch_group[at->batch_count++] = at->group;
    return at->batch_count == at->batch_size ? flush_batch(at) : SGC_OK;
}

static sgc_status consider(scan *at, sgc_str record)
{
    uint8_t truth = SGC_TRUE;

    if (at->where && !at->where->local) return wait_in_batch(at, record);
    if (at->where) {
        sgc_status status = sgc_predicate_eval(at->query, at->table, at->where, &record, 1, &truth);
        if (status != SGC_OK) return status;
    }
    return truth == SGC_TRUE ? accept(at, record, at->group, at->stays) : SGC_OK;
}

/* Counts runs of rows that are equal in the tie fields. */
static sgc_status note_run(scan *at, sgc_str record, sgc_key *last)
{
    sgc_key key;
    sgc_status status = SGC_OK;

    sgc_key_start(&key);
    for (uint16_t i = 0; i < at->access->tie_count && status == SGC_OK; i++) {
        sgc_value value;
        uint16_t slot = at->model->fields[at->access->tie_fields[i]].slot;
        status = sgc_record_field(&at->model->layout, record, slot, &at->query->scratch, &value);
        if (status == SGC_OK) sgc_key_value(&key, &value, false);
    }
    if (status != SGC_OK) return status;
    if (key.overflow) return SGC_CORRUPT; /* its index takes no such key */
    if (at->group > 0 && sgc_str_eq(sgc_key_str(&key), sgc_key_str(last))) return SGC_OK;
    at->group++;
    *last = key;
    return SGC_OK;
}

/* The run before this row was the last one needed. */
static bool has_enough(const scan *at)
{
    bool new_run = at->group != at->current && at->batch_count == 0;

    return new_run && at->rows->count >= at->wanted;
}

static sgc_status scan_range(scan *at, uint16_t index, const sgc_range *range, sgc_key *last)
{
    sgc_cursor cursor = sgc_cursor_open(at->query->txn, at->table, index, range);
    sgc_status status = SGC_OK;
    sgc_str record;

    while (at->skip > 0 && sgc_cursor_skip(&cursor))
        at->skip--;
    while (status == SGC_OK && !at->done && at->skip == 0 && sgc_cursor_next(&cursor, &record)) {
        if (at->access) status = note_run(at, record, last);
        at->done = at->access && has_enough(at);
        if (status == SGC_OK && !at->done) status = consider(at, record);
    }
    if (status == SGC_OK) status = sgc_cursor_status(&cursor);
    sgc_cursor_end(&cursor);
    return status;
}

/* Page by page: what is wanted is all rows, and they are sorted afterwards. */
static sgc_status scan_all(scan *at)
{
    sgc_scan all = sgc_scan_open(at->query->txn, at->table);
    sgc_status status = SGC_OK;
    sgc_str record;

    while (status == SGC_OK && sgc_scan_next(&all, &record))
        status = consider(at, record);
    if (status == SGC_OK) status = all.status;
    sgc_scan_end(&all);
    return status;
}

static sgc_status scan_index(scan *at, const sgc_access *access)
{
    sgc_range whole = {.descending = access->descending};
    size_t count = access->range_count ? access->range_count : 1;
    sgc_status status = SGC_OK;
    sgc_key last;

    if (!access->ordered && access->range_count == 0 && access->index == 0) return scan_all(at);
    sgc_key_start(&last);
    for (size_t i = 0; i < count && status == SGC_OK && !at->done; i++) {
        sgc_range range = whole;
        if (access->range_count) range = access->ranges[access->descending ? count - 1 - i : i];
        range.descending = access->descending;
        status = scan_range(at, access->index, &range, &last);
    }
    return status;
}

static sgc_status scan_keys(scan *at, const sgc_access *access)
{
    sgc_str keys[64], records[64];
    sgc_status status = SGC_OK;

    at->stays = true;
    for (size_t next = 0; next < access->key_count && status == SGC_OK && !at->done;) {
        size_t count = 0;
        for (; count < 64 && next < access->key_count; next++) {
            size_t i = access->descending ? access->key_count - 1 - next : next;
            keys[count++] = access->keys[i];
        }
        status = sgc_row_get_many(at->query->txn, at->table, keys, count, records);
        for (size_t i = 0; i < count && status == SGC_OK && !at->done; i++) {
            if (records[i].data) status = consider(at, records[i]);
        }
    }
    if (status == SGC_OK && !at->done) status = flush_batch(at);
    at->stays = false;
    return status;
}

static sgc_status scan_access(scan *at, const sgc_access *access)
{
    sgc_status status = SGC_OK;

    if (access->kind == SGC_ACCESS_KEYS) {
        status = scan_keys(at, access);
    } else if (access->kind == SGC_ACCESS_INDEX) {
        status = scan_index(at, access);
    } else {
        for (size_t i = 0; i < access->branch_count && status == SGC_OK; i++)
            status = scan_access(at, &access->branches[i]);
    }
    if (status == SGC_OK && !at->done) status = flush_batch(at);
    return status;
}

static bool has_union(const sgc_access *access)
{
    return access->kind == SGC_ACCESS_UNION;
}

static void cut(sgc_row_set *rows, uint64_t offset, uint64_t limit)
{
    size_t from = offset < rows->count ? (size_t)offset : rows->count;
    size_t left = rows->count - from;

    rows->records = rows->records ? rows->records + from : NULL;
    rows->count = limit < left ? (size_t)limit : left;
    rows->capacity = rows->count;
}

static uint64_t add_up(uint64_t a, uint64_t b)
{
    return a > SGC_NO_LIMIT - b ? SGC_NO_LIMIT : a + b;
}

sgc_status sgc_select(sgc_query *query, uint16_t table, const sgc_slice *slice, sgc_row_set *rows)
{
    scan at = {.query = query,
               .table = table,
               .model = &query->schema->tables[table],
               .where = slice->where,
               .slice = slice,
               .rows = rows,
               .wanted = SGC_NO_LIMIT};
    uint64_t offset = slice->offset;
    sgc_map seen = {.arena = query->arena};
    sgc_access access;

    *rows = (sgc_row_set){0};
    if (slice->limit == 0) return SGC_OK;
    sgc_status status = sgc_plan(query, table, slice, &access);
    if (status != SGC_OK) return status;
    if (access.ordered) {
        if (access.tie_count) at.access = &access;
        at.wanted = add_up(offset, slice->limit);
        if (!slice->where && !access.tie_count) {
            at.skip = offset;
            at.wanted = slice->limit;
            offset = 0;
        }
    }
    if (has_union(&access)) at.seen = &seen;
    status = scan_access(&at, &access);
    if (status == SGC_OK) status = end_run(&at);
    if (status == SGC_OK && !access.ordered)
        status = sort_records(query, table, slice, rows->records, rows->count);
    sgc_arena_free(&at.waiting);
    if (status == SGC_OK) cut(rows, offset, slice->limit);
    return status;
}
