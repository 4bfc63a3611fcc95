/*
 * node_insert.c - one more entry into a leaf that stays as it is otherwise: its columns are moved
 * apart. In a large table most leaves get a single entry in a flush, for which taking all others to
 * pieces and putting them together again would be most of the work. What the entries share must
 * hold for the new one too; if not, the leaf is written anew (node_write.c).
 */
#include "store/node.h"

/* Bytes of an entry in front of the middle and behind the prefix, where all have as many. */
static size_t front_of_all(const sgc_node_list *list)
{
    uint8_t entry[SGC_ENTRY_MAX];
    unsigned key_size;
    size_t size = sgc_node_list_entry(list, 0, entry, &key_size);

    return size - key_size - list->prefix_size - (list->middle_size - list->key_head);
}

static bool has_middle(const sgc_node_list *list, const sgc_item *item)
{
    size_t tail = list->middle_size - list->key_head;
    size_t components = (size_t)item->size - item->key_size;

    if (components < list->prefix_size + tail || item->key_size < list->key_head) return false;
    size_t front = components - list->prefix_size - tail;
    bool same = list->node[28] & SGC_NODE_SAME;
    if (same ? front != front_of_all(list) : front < SGC_NODE_HEAD) return false;
    return memcmp(item->key + components - tail, list->middle, list->middle_size) == 0;
}

/* Whether the entry has everything that stands once for all. */
static bool shares(const sgc_node_list *list, const sgc_item *item)
{
    unsigned flags = list->node[28];

    if (item->size < list->prefix_size + list->middle_size) return false;
    if (memcmp(item->key, list->prefix, list->prefix_size) != 0) return false;
    if (flags & SGC_NODE_KEY_SIZE && item->key_size != list->key_size) return false;
    return list->middle_size == 0 || has_middle(list, item);
}

/* Where the entry stands or would stand. */
static bool is_there(const sgc_node_list *list, const sgc_item *item, unsigned *at)
{
    sgc_str entry = sgc_str_of((const char *)item->key, item->size);

    *at = sgc_node_search(list, entry, false);
    return *at < list->count && sgc_node_list_size(list, *at) == item->size &&
           sgc_node_list_within(list, *at, entry);
}

/* Bytes of the varint in front of a rest. */
static size_t key_size_bytes(const sgc_node_list *list, const sgc_item *item)
{
    return list->node[28] & SGC_NODE_KEY_SIZES ? sgc_varint_size(item->key_size) : 0;
}

size_t sgc_node_growth(const uint8_t *leaf, const sgc_item *item)
{
    sgc_node_list list = sgc_node_list_of(leaf);
    unsigned at;

    /* A second entry may have more in common with the first than the node says. */
    if (list.count < 2 || item->value >> (8 * list.width) || !shares(&list, item) ||
        is_there(&list, item, &at))
        return 0;
    size_t suffix = (size_t)item->size - list.prefix_size - list.middle_size;
    size_t column = (size_t)list.head + list.width;
    if (!list.offsets) return suffix == (size_t)list.head + list.rest ? column + list.rest : 0;
    size_t rest = suffix > list.head ? suffix - list.head : 0;
    return column + 2 + key_size_bytes(&list, item) + rest;
}

/* ---- writing ---- */

/* The head, filled up with zeroes, and the rest of the new entry. */
typedef struct pieces {
    uint8_t suffix[SGC_ENTRY_MAX + SGC_NODE_HEAD], rest[SGC_ENTRY_MAX + 2];
    size_t head_size, rest_size; /* bytes that the head really has */
} pieces;

static void cut(const sgc_node_list *list, const sgc_item *item, pieces *own)
{
    size_t middle = list->middle_size, size = item->size - list->prefix_size - middle;
    const uint8_t *from = item->key + list->prefix_size;
    size_t front = size;

    if (middle)
        front = (size_t)item->size - item->key_size - (middle - list->key_head) - list->prefix_size;
    memcpy(own->suffix, from, front);
    memcpy(own->suffix + front, from + front + middle, size - front);
    memset(own->suffix + size, 0, SGC_NODE_HEAD);
    own->head_size = size < list->head ? size : list->head;
    uint8_t *p = own->rest;
    if (list->node[28] & SGC_NODE_KEY_SIZES) p = sgc_varint_put(p, item->key_size);
    memcpy(p, own->suffix + own->head_size, size - own->head_size);
    own->rest_size = (size_t)(p - own->rest) + size - own->head_size;
}

/* Where the rest of entry `at` begins, or the end of all. */
static size_t rest_at(const sgc_node_list *list, unsigned at)
{
    if (at == list->count) return sgc_node_used(list->node);
    if (!list->offsets) return (size_t)(list->rests - list->node) + (size_t)at * list->rest;
    return SGC_PAGE_HEAD + (sgc_load16(list->offsets + 2 * (size_t)at) & 0xFFFU);
}

/* The rests of entries [from, to) have moved by so many bytes. */
static void move_offsets(uint8_t *offsets, unsigned from, unsigned to, size_t by)
{
    for (unsigned i = from; i < to; i++) {
        uint8_t *p = offsets + 2 * (size_t)i;
        sgc_store16(p, (uint16_t)(sgc_load16(p) + by));
    }
}

/* Where the parts of entry `at` begin in each column, and bytes of a part. */
typedef struct parts {
    uint8_t *heads, *values, *offsets, *rest;
    size_t head, width, offset, each; /* each: of all three */
} parts;

static parts parts_of(uint8_t *leaf, const sgc_node_list *list, unsigned at)
{
    parts own = {.head = list->head, .width = list->width, .offset = list->offsets ? 2 : 0};
    size_t values = (size_t)(list->values - leaf), columns = values + list->count * own.width;

    own.each = own.head + own.width + own.offset;
    own.heads = leaf + SGC_PAGE_HEAD + at * own.head;
    own.values = leaf + values + at * own.width;
    own.offsets = leaf + columns + at * own.offset;
    own.rest = leaf + rest_at(list, at);
    return own;
}

static void put_sizes(uint8_t *leaf, unsigned count, size_t used)
{
    sgc_store16(leaf + 18, (uint16_t)count);
    sgc_store16(leaf + 22, (uint16_t)used);
}

void sgc_node_insert(uint8_t *leaf, const sgc_item *item)
{
    sgc_node_list list = sgc_node_list_of(leaf);
    unsigned at = sgc_node_search(&list, sgc_str_of((const char *)item->key, item->size), false);
    parts to = parts_of(leaf, &list, at);
    uint8_t *end = leaf + sgc_node_used(leaf);
    pieces own;

    cut(&list, item, &own);
    memmove(to.rest + to.each + own.rest_size, to.rest, (size_t)(end - to.rest));
    memmove(to.offsets + to.each, to.offsets, (size_t)(to.rest - to.offsets));
    memmove(to.values + to.head + to.width, to.values, (size_t)(to.offsets - to.values));
    memmove(to.heads + to.head, to.heads, (size_t)(to.values - to.heads));
    memcpy(to.heads, own.suffix, to.head);
    uint64_t value = item->value;
    for (size_t i = 0; i < to.width; i++, value >>= 8)
        to.values[to.head + i] = (uint8_t)value;
    memcpy(to.rest + to.each, own.rest, own.rest_size);
    if (list.offsets) {
        uint8_t *mine = to.offsets + to.head + to.width, *all = mine - 2 * (size_t)at;
        size_t begins = (size_t)(to.rest - leaf) + to.each - SGC_PAGE_HEAD;
        sgc_store16(mine, (uint16_t)(begins | own.head_size << 12));
        move_offsets(all, 0, at, to.each);
        move_offsets(all, at + 1U, list.count + 1U, to.each + own.rest_size);
    }
    put_sizes(leaf, list.count + 1U, (size_t)(end - leaf) + to.each + own.rest_size);
}

size_t sgc_node_shrinkage(const uint8_t *leaf, const sgc_item *item)
{
    sgc_node_list list = sgc_node_list_of(leaf);
    unsigned at;

    if (!is_there(&list, item, &at)) return 0;
    return (size_t)list.head + list.width + (list.offsets ? 2 : 0) + rest_at(&list, at + 1) -
           rest_at(&list, at);
}

void sgc_node_remove(uint8_t *leaf, const sgc_item *item)
{
    sgc_node_list list = sgc_node_list_of(leaf);
    unsigned at = sgc_node_search(&list, sgc_str_of((const char *)item->key, item->size), false);
    parts from = parts_of(leaf, &list, at);
    size_t used = sgc_node_used(leaf), rest = rest_at(&list, at + 1) - rest_at(&list, at);
    size_t less = from.each + rest;

    if (list.offsets) {
        move_offsets(from.offsets - 2 * (size_t)at, 0, at, 0 - from.each);
        move_offsets(from.offsets - 2 * (size_t)at, at + 1U, list.count, 0 - less);
    }
    uint8_t *heads = from.heads + from.head, *values = from.values + from.width;
    uint8_t *offsets = from.offsets + from.offset, *behind = from.rest + rest;
    memmove(from.heads, heads, (size_t)(from.values - heads));
    memmove(from.values - from.head, values, (size_t)(from.offsets - values));
    memmove(from.offsets - from.head - from.width, offsets, (size_t)(from.rest - offsets));
    memmove(from.rest - from.each, behind, (size_t)(leaf + used - behind));
    memset(leaf + used - less, 0, less);
    put_sizes(leaf, list.count - 1U, used - less);
}
