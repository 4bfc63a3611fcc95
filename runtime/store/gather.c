/* gather.c - the nearest entries of an index that is not there; see gather.h. */
#include "store/gather.h"

#include <stdlib.h>

enum { BYTES_MAX = 4 << 20 }; /* of entries and items; then the farther half goes */

/* ---- order ---- */

static int ascending(const void *a, const void *b)
{
    const sgc_gathered *x = a, *y = b;
    int order = sgc_str_compare(x->entry, y->entry);

    return order ? order : (x->a > y->a) - (x->a < y->a);
}

static int descending(const void *a, const void *b)
{
    return ascending(b, a);
}

static void sort(sgc_gather *gather)
{
    if (gather->count > 1)
        qsort(gather->items, gather->count, sizeof *gather->items,
              gather->descending ? descending : ascending);
}

/* In the direction of the walk. */
static int compare(const sgc_gather *gather, const sgc_gathered *x, const sgc_gathered *y)
{
    return gather->descending ? descending(x, y) : ascending(x, y);
}

static bool is_wanted(const sgc_gather *gather, const sgc_gathered *item)
{
    /* What was left out lies behind the limit. */
    if (gather->more && compare(gather, item, &gather->limit) > 0) return false;
    if (!gather->bound.data) return true;
    if (gather->behind) {
        sgc_gathered last = {.entry = gather->bound, .a = gather->bound_a};
        return compare(gather, item, &last) > 0;
    }
    int order = sgc_str_compare(item->entry, gather->bound);
    return gather->descending ? order < 0 : order >= 0;
}

/* ---- collecting ---- */

static sgc_status set_bound(sgc_gather *gather, sgc_str bound)
{
    gather->bound = sgc_str_of(NULL, 0);
    if (!bound.data) return SGC_OK;
    gather->bound_bytes.size = 0;
    sgc_buf_str(&gather->bound_bytes, bound);
    sgc_buf_byte(&gather->bound_bytes, '\0');
    if (gather->bound_bytes.failed) return SGC_NO_MEMORY;
    gather->bound = sgc_str_of(gather->bound_bytes.data, bound.size);
    return SGC_OK;
}

static void empty(sgc_gather *gather)
{
    gather->count = gather->at = gather->bytes = 0;
    gather->more = false;
    sgc_arena_reset(&gather->arena);
}

sgc_status sgc_gather_start(sgc_gather *gather, bool walks_down, sgc_str bound)
{
    empty(gather);
    gather->descending = walks_down;
    gather->behind = false;
    return set_bound(gather, bound);
}

sgc_status sgc_gather_go_on(sgc_gather *gather)
{
    const sgc_gathered *last = &gather->items[gather->count - 1];
    sgc_status status = set_bound(gather, last->entry);

    gather->bound_a = last->a;
    gather->behind = true;
    empty(gather);
    return status;
}

/* The nearer half stays, with memory of its own. */
static sgc_status drop_farther(sgc_gather *gather)
{
    sgc_arena fresh = {0};
    size_t kept = gather->count / 2;

    sort(gather);
    gather->bytes = 0;
    for (size_t i = 0; i < kept; i++) {
        gather->bytes += gather->items[i].entry.size;
        sgc_str entry = sgc_arena_str(&fresh, gather->items[i].entry);
        if (!entry.data) {
            sgc_arena_free(&fresh);
            return SGC_NO_MEMORY;
        }
        gather->items[i].entry = entry;
    }
    sgc_arena_free(&gather->arena);
    gather->arena = fresh;
    gather->count = kept;
    gather->more = true;
    gather->limit = gather->items[kept - 1];
    return SGC_OK;
}

sgc_status sgc_gather_add(sgc_gather *gather, sgc_str entry, uint16_t key_size, uint64_t a,
                          uint64_t b)
{
    sgc_gathered item = {.entry = entry, .a = a, .b = b, .key_size = key_size};

    if (!is_wanted(gather, &item)) return SGC_OK;
    if (gather->bytes + gather->count * sizeof item > BYTES_MAX && gather->count > 1) {
        sgc_status status = drop_farther(gather);
        if (status != SGC_OK || !is_wanted(gather, &item)) return status;
    }
    item.entry = sgc_arena_str(&gather->arena, entry);
    if (!item.entry.data || !SGC_GROW(gather->items, gather->count, gather->capacity))
        return SGC_NO_MEMORY;
    gather->items[gather->count++] = item;
    gather->bytes += entry.size;
    return SGC_OK;
}

void sgc_gather_end(sgc_gather *gather)
{
    sort(gather);
}

bool sgc_gather_find(sgc_gather *gather, sgc_str bound)
{
    size_t low = 0, high = gather->count;
    bool from_start = !gather->bound.data;

    if (gather->behind) return false;
    if (!bound.data && !from_start) return false;
    if (bound.data && !from_start) {
        int order = sgc_str_compare(bound, gather->bound);
        if (gather->descending ? order > 0 : order < 0) return false;
    }
    while (bound.data && low < high) {
        size_t middle = low + (high - low) / 2;
        int order = sgc_str_compare(gather->items[middle].entry, bound);
        if (gather->descending ? order >= 0 : order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    gather->at = low;
    return low < gather->count || !gather->more;
}

void sgc_gather_free(sgc_gather *gather)
{
    sgc_arena_free(&gather->arena);
    sgc_buf_free(&gather->bound_bytes);
    sgc_free(gather->items);
    *gather = (sgc_gather){.count = 0};
}

sgc_status sgc_gather_record(sgc_gather *gather, const sgc_table *table, uint16_t index,
                             sgc_str record, sgc_str key, uint64_t a, uint64_t b, sgc_error *error)
{
    sgc_key entry;

    for (uint32_t element = 0;; element++) {
        sgc_status status = sgc_index_key(table, index, record, element, key, &entry);
        if (status == SGC_NOT_FOUND) return SGC_OK;
        if (status == SGC_OK)
            status = sgc_gather_add(gather, sgc_key_str(&entry), (uint16_t)key.size, a, b);
        if (status != SGC_OK) return sgc_index_failed(table, index, key, status, error);
    }
}
