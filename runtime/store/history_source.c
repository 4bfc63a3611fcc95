/*
 * history_source.c - walking the items of one run in either direction, past blocks without an item
 * of the period, and several such walks by order of their items.
 */
#include "store/gather.h"
#include "store/history_internal.h"

/* ---- blocks ---- */

static bool wanted(const sgc_history_source *source, uint32_t number)
{
    const sgc_block_entry *entry = &source->segment->blocks[source->run->first_block + number];

    return sgc_run_is_timeline(source->run->id.kind) ||
           (entry->min_begin <= source->period.to && entry->max_end > source->period.from);
}

static sgc_status enter(sgc_history_source *source, uint32_t number, sgc_error *error)
{
    sgc_block_release(source->block);
    source->block = NULL;
    source->number = number;
    if (!wanted(source, number)) return SGC_OK;
    if (source->reader)
        return sgc_block_read(source->segment, source->run, number, &source->period, source->reader,
                              &source->block, error);
    return sgc_block_load(source->segment, source->run, number, &source->period, &source->block,
                          error);
}

static bool visible(const sgc_history_source *source, uint32_t at)
{
    return (source->block->begins[at] <= source->period.to &&
            source->block->ends[at] > source->period.from) ||
           sgc_run_is_timeline(source->run->id.kind);
}

static sgc_status stand(sgc_history_source *source, uint32_t at)
{
    source->at = at;
    source->valid = true;
    source->item = (sgc_history_item){.key = sgc_block_key(source->block, at),
                                      .value = sgc_block_value(source->block, at),
                                      .begin = source->block->begins[at],
                                      .end = source->block->ends[at]};
    return SGC_OK;
}

/* A walk goes on in this block: what it will show lies anywhere in it and is fetched together. */
static void foresee(const sgc_history_source *source)
{
    const sgc_history_block *block = source->block;

    for (uint32_t i = 0; block && i < block->count; i++)
        if (visible(source, i)) __builtin_prefetch(&block->items[i]);
    for (uint32_t i = 0; block && i < block->count; i++)
        if (visible(source, i)) __builtin_prefetch(sgc_block_value(block, i).data);
}

/* The first visible item at or behind `at` of the current block, or in later blocks. */
static sgc_status forward(sgc_history_source *source, uint32_t at, sgc_error *error)
{
    for (;;) {
        uint32_t count = source->block ? source->block->count : 0;
        while (at < count && !visible(source, at))
            at++;
        if (at < count) return stand(source, at);
        if (source->number + 1 >= source->run->block_count) break;
        sgc_status status = enter(source, source->number + 1, error);
        if (status) return status;
        if (!source->reader) foresee(source);
        at = 0;
    }
    source->valid = false;
    return SGC_OK;
}

/* The last visible item in front of `before` of the current block, or in earlier blocks. */
static sgc_status backward(sgc_history_source *source, uint32_t before, sgc_error *error)
{
    for (;;) {
        if (!source->block) before = 0;
        while (before > 0 && !visible(source, before - 1))
            before--;
        if (before > 0) return stand(source, before - 1);
        if (source->number == 0) break;
        sgc_status status = enter(source, source->number - 1, error);
        if (status) return status;
        before = UINT32_MAX;
        if (source->block) before = source->block->count;
    }
    source->valid = false;
    return SGC_OK;
}

/* ---- an index without a run ---- */

struct sgc_source_gather {
    sgc_gather gather; /* a: begin, b: end */
    const sgc_table *table;
    uint16_t index;
    uint8_t key_size[4];
};

sgc_status sgc_source_of_versions(sgc_history_source *source, const sgc_table *table,
                                  uint16_t index)
{
    source->gather = sgc_alloc_zero(1, sizeof *source->gather);
    if (!source->gather) return SGC_NO_MEMORY;
    source->gather->table = table;
    source->gather->index = index;
    return SGC_OK;
}

void sgc_source_close(sgc_history_source *source)
{
    sgc_source_stop(source);
    if (source->gather) sgc_gather_free(&source->gather->gather);
    sgc_free(source->gather);
    source->gather = NULL;
}

static sgc_status show_gathered(sgc_history_source *source)
{
    struct sgc_source_gather *own = source->gather;

    source->valid = own->gather.at < own->gather.count;
    if (!source->valid) return SGC_OK;
    const sgc_gathered *item = &own->gather.items[own->gather.at];
    size_t size = (size_t)(sgc_varint_put(own->key_size, item->key_size) - own->key_size);
    source->item = (sgc_history_item){.key = item->entry,
                                      .value = sgc_str_of((const char *)own->key_size, size),
                                      .begin = item->a,
                                      .end = item->b};
    return SGC_OK;
}

/* Every version of the period, in the order of the keys. */
static sgc_status gather_versions(sgc_history_source *source, sgc_error *error)
{
    struct sgc_source_gather *own = source->gather;
    sgc_history_source versions = {
        .segment = source->segment, .run = source->run, .period = source->period};
    sgc_status status = sgc_source_start(&versions, error);

    while (status == SGC_OK && versions.valid) {
        const sgc_history_item *item = &versions.item;
        status = sgc_gather_record(&own->gather, own->table, own->index, item->value, item->key,
                                   item->begin, item->end, error);
        if (status == SGC_OK) status = sgc_source_next(&versions, error);
    }
    sgc_source_stop(&versions);
    sgc_gather_end(&own->gather);
    source->number = 0;
    source->valid = false;
    if (status != SGC_OK) sgc_gather_free(&own->gather);
    return status == SGC_OK ? show_gathered(source) : status;
}

static sgc_status gather_from(sgc_history_source *source, sgc_str bound, sgc_error *error)
{
    sgc_gather *gather = &source->gather->gather;

    source->valid = false;
    if (gather->capacity > 0 && sgc_gather_find(gather, bound)) return show_gathered(source);
    if (sgc_gather_start(gather, source->descending, bound)) return sgc_history_no_memory(error);
    return gather_versions(source, error);
}

static sgc_status gather_next(sgc_history_source *source, sgc_error *error)
{
    sgc_gather *gather = &source->gather->gather;

    gather->at++;
    if (gather->at < gather->count || !gather->more) return show_gathered(source);
    if (sgc_gather_go_on(gather)) return sgc_history_no_memory(error);
    return gather_versions(source, error);
}

sgc_status sgc_source_start(sgc_history_source *source, sgc_error *error)
{
    uint32_t first = source->descending ? source->run->block_count - 1 : 0;

    if (source->gather) return gather_from(source, sgc_str_of(NULL, 0), error);
    source->valid = false;
    sgc_status status = enter(source, first, error);
    if (status) return status;
    if (!source->descending) return forward(source, 0, error);
    return backward(source, source->block ? source->block->count : 0, error);
}

sgc_status sgc_source_next(sgc_history_source *source, sgc_error *error)
{
    if (source->gather) return gather_next(source, error);
    return source->descending ? backward(source, source->at, error)
                              : forward(source, source->at + 1, error);
}

void sgc_source_stop(sgc_history_source *source)
{
    sgc_block_release(source->block);
    source->block = NULL;
    source->valid = false;
}

/* ---- finding ---- */

/* Blocks of the run whose first item is in front of (key, begin): all in front of the answer. */
static uint32_t blocks_before(const sgc_segment *segment, const sgc_history_run *run, sgc_str key,
                              uint64_t begin)
{
    sgc_str start = sgc_str_of(sgc_segment_first_key(segment, run->first_block).data, run->shared);
    sgc_str mine = sgc_str_of(key.data, key.size < run->shared ? key.size : run->shared);
    int order = sgc_str_compare(start, mine);

    if (order) return order < 0 ? run->block_count : 0;
    uint64_t head = sgc_head_of(key.data + run->shared, key.size - run->shared);
    uint32_t low = sgc_heads_below(run->heads, run->block_count, head);
    uint32_t high = sgc_heads_not_above(run->heads, run->block_count, head, low);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        uint32_t block = run->first_block + middle;
        order = sgc_str_compare(sgc_segment_first_key(segment, block), key);
        if (order < 0 || (order == 0 && segment->blocks[block].first_begin < begin)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* items_before() among several keys with one head, which lie from `low` on. */
static uint32_t search_items(const sgc_history_block *block, uint32_t low, uint64_t head,
                             sgc_str key, uint64_t begin)
{
    uint32_t high = sgc_heads_not_above(block->heads, block->count, head, low);

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = sgc_str_compare(sgc_block_key(block, middle), key);
        if (order < 0 || (order == 0 && block->begins[middle] < begin)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* What the key has behind the bytes that all keys of the block share; else which side it is on. */
static inline int head_of(const sgc_history_block *block, sgc_str key, uint64_t *head)
{
    sgc_str start = sgc_str_of(block->bytes, block->shared); /* of the first key */
    sgc_str mine = sgc_str_of(key.data, key.size < block->shared ? key.size : block->shared);
    int order = sgc_str_compare(start, mine);

    if (order == 0) *head = sgc_head_of(key.data + block->shared, key.size - block->shared);
    return order;
}

/* Items of the block in front of (key, begin). */
static uint32_t items_before(const sgc_history_block *block, sgc_str key, uint64_t begin)
{
    uint64_t head;
    int order = head_of(block, key, &head);

    if (order) return order < 0 ? block->count : 0;
    uint32_t low = sgc_heads_below(block->heads, block->count, head);
    if (low == block->count || block->heads[low] != head) return low;
    return search_items(block, low, head, key, begin);
}

/*
 * The item with this key that was true at `at`; count: there is none. Waiting for memory is what it
 * costs, so all heads are asked for at once, and of the keys only one is looked at.
 */
static uint32_t find_item(const sgc_history_block *block, sgc_str key, uint64_t at)
{
    uint64_t head;

    for (uint32_t i = 0; i < block->count; i += 8)
        __builtin_prefetch(&block->heads[i]);
    if (head_of(block, key, &head)) return block->count;
    uint32_t low = sgc_heads_below(block->heads, block->count, head), found = block->count;
    if (!block->heads_tell) low = search_items(block, low, head, key, 0);
    /* There are few versions of a key in a block. */
    for (; low < block->count && block->heads[low] == head && block->begins[low] <= at; low++) {
        if (!block->heads_tell && !sgc_str_eq(sgc_block_key(block, low), key)) break;
        found = low;
    }
    if (found == block->count || block->ends[found] <= at) return block->count;
    return sgc_str_eq(sgc_block_key(block, found), key) ? found : block->count;
}

sgc_status sgc_source_seek(sgc_history_source *source, sgc_str bound, sgc_error *error)
{
    if (source->gather) return gather_from(source, bound, error);
    uint32_t before = blocks_before(source->segment, source->run, bound, 0);

    source->valid = false;
    if (before == 0 && source->descending) {
        sgc_source_stop(source);
        return SGC_OK;
    }
    sgc_status status = enter(source, before ? before - 1 : 0, error);
    if (status) return status;
    uint32_t at = source->block && before ? items_before(source->block, bound, 0) : 0;
    return source->descending ? backward(source, at, error) : forward(source, at, error);
}

/* Blocks of a timeline that begin at or in front of (begin, key). */
static uint32_t blocks_until(const sgc_segment *segment, const sgc_history_run *run, uint64_t begin,
                             sgc_str key)
{
    uint32_t low = 0, high = run->block_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        uint32_t block = run->first_block + middle;
        uint64_t first = segment->blocks[block].first_begin;
        if (first < begin ||
            (first == begin && sgc_str_compare(sgc_segment_first_key(segment, block), key) <= 0)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

sgc_status sgc_source_seek_change(sgc_history_source *source, uint64_t begin, sgc_str key,
                                  sgc_error *error)
{
    uint32_t until = blocks_until(source->segment, source->run, begin, key);

    source->valid = false;
    sgc_status status = enter(source, until ? until - 1 : 0, error);
    if (status) return status;
    const sgc_history_block *block = source->block;
    uint32_t at = 0, end = block->count;
    while (at < end) {
        uint32_t middle = at + (end - at) / 2;
        if (block->begins[middle] < begin ||
            (block->begins[middle] == begin &&
             sgc_str_compare(sgc_block_key(block, middle), key) < 0)) {
            at = middle + 1;
        } else {
            end = middle;
        }
    }
    return forward(source, at, error);
}

sgc_status sgc_source_seek_time(sgc_history_source *source, uint64_t after, sgc_error *error)
{
    if (after < UINT64_MAX) return sgc_source_seek_change(source, after + 1, SGC_STR(""), error);
    sgc_source_stop(source);
    return SGC_OK;
}

/* The block in front of `number`, when it has versions of the moment: the one held, if it is that.
 */
static sgc_status hold(const sgc_segment *segment, const sgc_history_run *run, uint32_t number,
                       uint64_t at, sgc_history_block **block, sgc_error *error)
{
    sgc_past_period period = {at, at};
    sgc_history_block *held = *block;

    if (held && number > 0 && held->number == run->first_block + number - 1 &&
        held->segment == segment->number)
        return SGC_OK;
    sgc_block_release(held);
    *block = NULL;
    if (number == 0) return SGC_NOT_FOUND;
    sgc_status status = sgc_block_load(segment, run, number - 1, &period, block, error);
    if (status) *block = NULL;
    return status ? status : *block ? SGC_OK : SGC_NOT_FOUND;
}

sgc_status sgc_run_find(const sgc_segment *segment, const sgc_history_run *run, sgc_str key,
                        uint64_t at, sgc_history_block **block, uint32_t *item, sgc_error *error)
{
    uint64_t behind = at + 1; /* in front of this begin */
    uint32_t number = 0;

    if (at < UINT64_MAX && sgc_str_compare(key, run->last_key) <= 0)
        number = blocks_before(segment, run, key, behind);
    sgc_status status = hold(segment, run, number, at, block, error);
    if (status) return status;
    *item = find_item(*block, key, at);
    if (*item < (*block)->count) return SGC_OK;
    sgc_block_release(*block);
    *block = NULL;
    return SGC_NOT_FOUND;
}

/* ---- several sources ---- */

static bool is_after(const sgc_history_source *a, const sgc_history_source *b)
{
    const sgc_history_item *x = &a->item, *y = &b->item;
    int order;

    if (sgc_run_is_timeline(a->run->id.kind)) {
        if (x->begin != y->begin) return x->begin > y->begin;
        return sgc_str_compare(x->key, y->key) > 0;
    }
    order = sgc_str_compare(x->key, y->key);
    if (order == 0) order = (x->begin > y->begin) - (x->begin < y->begin);
    return a->descending ? order < 0 : order > 0;
}

/* Binary heap: moves sources[at] down to its place. */
static void sink(sgc_history_source **sources, size_t count, size_t at)
{
    sgc_history_source *source = sources[at];

    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count) break;
        if (child + 1 < count && is_after(sources[child], sources[child + 1])) child++;
        if (!is_after(source, sources[child])) break;
        sources[at] = sources[child];
        at = child;
    }
    sources[at] = source;
}

void sgc_sources_order(sgc_history_source **sources, size_t count)
{
    for (size_t i = count / 2; i-- > 0;)
        sink(sources, count, i);
}

void sgc_sources_sift(sgc_history_source **sources, size_t *count)
{
    if (!sources[0]->valid) sources[0] = sources[--*count];
    if (*count > 0) sink(sources, *count, 0);
}
