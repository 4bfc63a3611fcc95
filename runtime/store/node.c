/* node.c - reading one B+tree node, and whether it is sound. The tree is cursor.c. */
#include "store/node.h"

#include "store/cache.h"

enum { OFFSET = 0xFFF };

static inline bool is_even(const uint8_t *node)
{
    return node[28] & SGC_NODE_EVEN;
}

sgc_node_list sgc_node_list_of(const uint8_t *node)
{
    sgc_node_list list = {.node = node,
                          .heads = node + SGC_PAGE_HEAD,
                          .count = sgc_node_count(node),
                          .head = node[28] >> 4,
                          .width = node[29],
                          .prefix_size = sgc_load16(node + 20)};

    list.values = list.heads + (size_t)list.count * list.head;
    list.prefix = list.values + (size_t)list.count * list.width;
    if (is_even(node)) {
        list.rest = sgc_load16(node + 30);
    } else {
        list.offsets = list.prefix;
        list.prefix += 2 * (size_t)list.count;
    }
    list.middle = list.prefix + list.prefix_size;
    list.rests = list.middle;
    if (sgc_page_level(node) > 0) return list;
    list.key_head = node[25];
    list.middle_size = node[24] + list.key_head;
    list.rests += list.middle_size;
    if (node[28] & SGC_NODE_KEY_SIZE) list.key_size = sgc_load16(node + 26);
    return list;
}

/* The parts of an entry's suffix; the node is sound. */
typedef struct suffix {
    const uint8_t *head, *rest;
    unsigned head_size, rest_size, key_size;
    unsigned front; /* bytes in front of the middle */
} suffix;

static inline suffix suffix_of(const sgc_node_list *list, unsigned at)
{
    suffix own = {.head = list->heads + (size_t)at * list->head,
                  .head_size = list->head,
                  .rest_size = list->rest,
                  .key_size = list->key_size};

    if (!list->offsets) {
        own.rest = list->rests + (size_t)at * list->rest;
    } else {
        unsigned offset = sgc_load16(list->offsets + 2 * (size_t)at);
        unsigned end = at + 1 < list->count
                           ? sgc_load16(list->offsets + 2 * (size_t)at + 2) & OFFSET
                           : sgc_node_used(list->node) - SGC_PAGE_HEAD;
        const uint8_t *p = list->node + SGC_PAGE_HEAD + (offset & OFFSET);
        own.head_size = offset >> 12;
        if (list->node[28] & SGC_NODE_KEY_SIZES) {
            own.key_size = *p & 0x7FU;
            if (*p++ >= 0x80) own.key_size |= (unsigned)*p++ << 7;
        }
        own.rest = p;
        own.rest_size = (unsigned)(list->node + SGC_PAGE_HEAD + end - p);
    }
    unsigned size = own.head_size + own.rest_size;
    own.front = list->middle_size ? size - (own.key_size - list->key_head) : size;
    if (!(list->node[28] & (SGC_NODE_KEY_SIZES | SGC_NODE_KEY_SIZE)))
        own.key_size = list->prefix_size + size;
    return own;
}

size_t sgc_node_list_size(const sgc_node_list *list, unsigned at)
{
    suffix own = suffix_of(list, at);

    return (size_t)list->prefix_size + own.head_size + own.rest_size + list->middle_size;
}

size_t sgc_node_list_entry(const sgc_node_list *list, unsigned at, uint8_t *out, unsigned *key_size)
{
    suffix own = suffix_of(list, at);
    uint8_t *p = out + list->prefix_size, *front = p + own.front;

    *key_size = own.key_size;
    memcpy(out, list->prefix, list->prefix_size);
    memcpy(p, own.head, own.head_size);
    memcpy(p + own.head_size, own.rest, own.rest_size);
    p += own.head_size + own.rest_size;
    if (list->middle_size == 0) return (size_t)(p - out);
    memmove(front + list->middle_size, front, (size_t)(p - front));
    memcpy(front, list->middle, list->middle_size);
    return (size_t)(p - out) + list->middle_size;
}

/* ---- searching ---- */

/* Compares a piece of an entry with what is left of a bound, and takes it off. */
static int take(const uint8_t *p, size_t size, sgc_str *bound)
{
    size_t least = size < bound->size ? size : bound->size;
    int order = least ? memcmp(p, bound->data, least) : 0;

    if (order != 0) return order;
    bound->data += least;
    bound->size -= least;
    return size > least;
}

/* A piece of a suffix. */
static int take_suffix(const suffix *own, size_t from, size_t to, sgc_str *bound)
{
    int order = 0;

    if (from < own->head_size)
        order = take(own->head + from, (to < own->head_size ? to : own->head_size) - from, bound);
    if (order != 0 || to <= own->head_size) return order;
    from = from > own->head_size ? from - own->head_size : 0;
    return take(own->rest + from, to - own->head_size - from, bound);
}

/* Of an entry behind the prefix: takes off the bound what they share. */
static int compare(const sgc_node_list *list, unsigned at, sgc_str *bound)
{
    suffix own = suffix_of(list, at);
    size_t size = (size_t)own.head_size + own.rest_size;
    int order = take_suffix(&own, 0, own.front, bound);

    if (order == 0 && list->middle_size) {
        order = take(list->middle, list->middle_size, bound);
        if (order == 0) order = take_suffix(&own, own.front, size, bound);
    }
    if (order != 0) return order;
    return bound->size ? -1 : 0;
}

bool sgc_node_list_within(const sgc_node_list *list, unsigned at, sgc_str prefix)
{
    if (take(list->prefix, list->prefix_size, &prefix) == 0) (void)compare(list, at, &prefix);
    return prefix.size == 0;
}

/* Bytes as a number of that order. */
static inline uint32_t number_of(const uint8_t *p, unsigned size)
{
    return sgc_be32(p) >> (32 - 8 * size); /* what is read too much is in the page */
}

/* first_head() of heads as most nodes have them. */
static inline unsigned first_whole_head(const uint8_t *heads, unsigned low, unsigned count,
                                        uint32_t target)
{
    while (count > 1) {
        unsigned half = count / 2;
        low += sgc_be32(heads + SGC_NODE_HEAD * (size_t)(low + half - 1)) < target ? half : 0;
        count -= half;
    }
    return low + (sgc_be32(heads + SGC_NODE_HEAD * (size_t)low) < target);
}

/* First head that is not below target; heads between `low` and count. */
static inline unsigned first_head(const sgc_node_list *list, unsigned low, uint32_t target)
{
    const uint8_t *heads = list->heads;
    unsigned size = list->head, count = list->count - low;

    if (size == 0 || count == 0) return low;
    if (size == SGC_NODE_HEAD) return first_whole_head(heads, low, count, target);
    while (count > 1) {
        unsigned half = count / 2;
        low += number_of(heads + (size_t)(low + half - 1) * size, size) < target ? half : 0;
        count -= half;
    }
    return low + (number_of(heads + (size_t)low * size, size) < target);
}

/*
 * The head that a bound would have. Heads leave the middle out, which counts when a head reaches
 * behind it: then all suffixes are equally long in front of it (SGC_NODE_SAME), and what the bound
 * has in its place puts it before or behind all entries that begin like it.
 */
static uint32_t head_of(const sgc_node_list *list, sgc_str bound)
{
    uint8_t head[SGC_NODE_HEAD] = {0};
    size_t front = list->head, size = bound.size;

    if (list->middle_size && list->node[28] & SGC_NODE_SAME) front = suffix_of(list, 0).front;
    if (front >= list->head || size <= front) {
        memcpy(head, bound.data, size < list->head ? size : list->head);
    } else {
        memcpy(head, bound.data, front);
        sgc_str behind = sgc_str_of(bound.data + front, size - front);
        int order = take(list->middle, list->middle_size, &behind);
        if (order < 0) {
            memset(head + front, 0xFF, list->head - front);
        } else if (order == 0 && behind.size) {
            memcpy(head + front, behind.data,
                   behind.size < list->head - front ? behind.size : list->head - front);
        }
    }
    return number_of(head, list->head);
}

sgc_node_span sgc_node_narrow(const sgc_node_list *list, sgc_str bound)
{
    size_t prefix = list->prefix_size, shared = prefix < bound.size ? prefix : bound.size;
    sgc_node_span span = {.low = list->count, .high = list->count};

    /* There are few inner nodes, which the processor still has. */
    if (sgc_page_level(list->node) == 0)
        for (size_t i = 0; i < (size_t)list->count * list->head; i += SGC_MEMORY_LINE)
            __builtin_prefetch(list->heads + i);
    int order = shared ? memcmp(bound.data, list->prefix, shared) : 0;
    if (order > 0) return span;
    if (order < 0 || bound.size < prefix) return (sgc_node_span){.low = 0};
    span.rest = sgc_str_of(bound.data + prefix, bound.size - prefix);
    span.low = 0;
    if (list->head == 0) return span;
    uint32_t target = head_of(list, span.rest);
    const uint8_t *heads = list->heads;
    span.low = first_head(list, 0, target);
    /* Mostly there is one at most with this head. */
    for (span.high = span.low; span.high < list->count && span.high < span.low + 2; span.high++)
        if (number_of(heads + (size_t)span.high * list->head, list->head) != target) return span;
    bool last = target == UINT32_MAX >> (32 - 8 * list->head);
    span.high = last ? list->count : first_head(list, span.high, target + 1);
    return span;
}

unsigned sgc_node_settle(const sgc_node_list *list, const sgc_node_span *span, bool after,
                         bool *within)
{
    unsigned low = span->low, high = span->high;

    *within = false;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        sgc_str rest = span->rest;
        int order = compare(list, middle, &rest);
        if (order < 0 || (after && order == 0)) {
            low = middle + 1;
        } else {
            high = middle;
            *within = rest.size == 0;
        }
    }
    return low;
}

unsigned sgc_node_search(const sgc_node_list *list, sgc_str bound, bool after)
{
    sgc_node_span span = sgc_node_narrow(list, bound);
    bool within;

    return sgc_node_settle(list, &span, after, &within);
}

/* ---- is it sound? ---- */

static bool sizes_are_sound(const sgc_node_list *list, size_t size, size_t key_size)
{
    size_t whole = list->prefix_size + size + list->middle_size;

    if (whole > SGC_ENTRY_MAX || key_size > whole) return false;
    if (list->middle_size == 0) return true;
    return key_size >= list->key_head && key_size - list->key_head <= size;
}

/* Whether the rest [from, end) makes an entry. */
static bool rest_is_sound(const sgc_node_list *list, unsigned from, unsigned end, size_t head)
{
    const uint8_t *p = list->node + from, *to = list->node + end;
    uint64_t key_size = list->key_size;

    if (list->node[28] & SGC_NODE_KEY_SIZES) {
        p = sgc_varint_get(p, to, &key_size);
        if (!p || p - (list->node + from) > 2) return false;
    }
    if (head > SGC_NODE_HEAD || (head < SGC_NODE_HEAD && p < to)) return false;
    return sizes_are_sound(list, head + (size_t)(to - p), (size_t)key_size);
}

static bool rests_are_sound(const sgc_node_list *list)
{
    unsigned used = sgc_node_used(list->node), from = (unsigned)(list->rests - list->node);

    if (list->head != SGC_NODE_HEAD) return false;
    for (unsigned i = 0; i < list->count; i++) {
        unsigned offset = sgc_load16(list->offsets + 2 * (size_t)i);
        unsigned at = SGC_PAGE_HEAD + (offset & OFFSET), end = used;
        if (i + 1 < list->count)
            end = SGC_PAGE_HEAD + (sgc_load16(list->offsets + 2 * (size_t)i + 2) & OFFSET);
        if (at < from || end < at || end > used) return false;
        if (!rest_is_sound(list, at, end, offset >> 12)) return false;
    }
    return true;
}

static bool even_is_sound(const sgc_node_list *list)
{
    size_t bytes = sgc_node_used(list->node) - (size_t)(list->rests - list->node);

    if (list->node[28] & SGC_NODE_KEY_SIZES || bytes != (size_t)list->count * list->rest)
        return false;
    return sizes_are_sound(list, (size_t)list->head + list->rest, list->key_size);
}

bool sgc_node_is_sound(const uint8_t *node)
{
    unsigned flags = node[28] & SGC_NODE_FLAGS, each = (node[28] >> 4) + node[29];
    bool leaf = sgc_page_level(node) == 0;
    size_t from = SGC_PAGE_HEAD + sgc_load16(node + 20);

    if (sgc_page_level(node) >= SGC_TREE_LEVELS || sgc_node_used(node) > SGC_PAGE_SIZE)
        return false;
    if (node[28] >> 4 > SGC_NODE_HEAD || node[29] > (leaf ? 5 : 4)) return false;
    if ((flags & (SGC_NODE_KEY_SIZES | SGC_NODE_KEY_SIZE)) ==
        (SGC_NODE_KEY_SIZES | SGC_NODE_KEY_SIZE))
        return false;
    from += (each + (is_even(node) ? 0 : 2U)) * sgc_node_count(node);
    if (leaf) from += (size_t)node[24] + node[25];
    if (from > sgc_node_used(node)) return false;
    sgc_node_list list = sgc_node_list_of(node);
    if (list.middle_size && !(flags & (SGC_NODE_KEY_SIZES | SGC_NODE_KEY_SIZE))) return false;
    if (list.count == 0) return true;
    return is_even(node) ? even_is_sound(&list) : rests_are_sound(&list);
}
