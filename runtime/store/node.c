/* node.c - reading and writing one B+tree node. The tree is btree_write.c and cursor.c. */
#include "store/node.h"

#include "store/cache.h"

static inline sgc_node_list entries_of(const uint8_t *node)
{
    sgc_node_list list = {.node = node,
                          .count = sgc_node_count(node),
                          .width = node[29],
                          .keys = node[28] & SGC_NODE_KEY_SIZES};

    if (node[28] & SGC_NODE_KEY_SIZE) list.key_size = sgc_load16(node + 30);

    if (sgc_node_is_even(node) && list.count > 0) {
        unsigned from = SGC_PAGE_HEAD + sgc_load16(node + 20);
        list.first = node + from;
        list.stride = (sgc_node_used(node) - from) / list.count;
    }
    return list;
}

static inline unsigned offset_of(const uint8_t *node, unsigned at)
{
    return sgc_load16(node + SGC_PAGE_HEAD + 2 * (size_t)at);
}

/* The entry's bytes from its value on. */
static inline const uint8_t *entry_at(const sgc_node_list *list, unsigned at, unsigned *size)
{
    if (list->stride) {
        *size = list->stride;
        return list->first + (size_t)at * list->stride;
    }
    unsigned from = offset_of(list->node, at);
    unsigned end = at + 1 < list->count ? offset_of(list->node, at + 1) : sgc_node_used(list->node);
    const uint8_t *p = list->node + from;
    if (list->keys) p += *p < 0x80 ? 1 : 2; /* sizes were checked when the page was loaded */
    *size = (unsigned)(list->node + end - p);
    return p;
}

static unsigned own_key_size(const uint8_t *node, unsigned at)
{
    const uint8_t *p = node + offset_of(node, at);

    return *p < 0x80 ? *p : (*p & 0x7FU) | (unsigned)p[1] << 7;
}

static inline uint64_t load_value(const uint8_t *p, unsigned width)
{
    uint64_t value = 0;

    if (width == 3) return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16; /* most often */
    while (width-- > 0)
        value = value << 8 | p[width];
    return value;
}

static inline sgc_str entry_of(const sgc_node_list *list, unsigned at, uint64_t *value,
                               unsigned *key_size)
{
    unsigned size;
    const uint8_t *p = entry_at(list, at, &size);

    size -= list->width;
    *value = load_value(p, list->width);
    *key_size = list->keys ? own_key_size(list->node, at) : list->key_size;
    if (!list->keys && !(list->node[28] & SGC_NODE_KEY_SIZE))
        *key_size = size + sgc_load16(list->node + 20);
    return sgc_str_of((const char *)p + list->width, size);
}

sgc_node_list sgc_node_list_of(const uint8_t *node)
{
    return entries_of(node);
}

sgc_str sgc_node_list_entry(const sgc_node_list *list, unsigned at, uint64_t *value,
                            unsigned *key_size)
{
    return entry_of(list, at, value, key_size);
}

sgc_str sgc_node_entry(const uint8_t *node, unsigned at, uint64_t *value, unsigned *key_size)
{
    sgc_node_list list = entries_of(node);

    return entry_of(&list, at, value, key_size);
}

uint32_t sgc_node_child(const uint8_t *node, unsigned at)
{
    uint64_t value;
    unsigned key_size;

    if (at == 0) return sgc_load32(node + 24);
    (void)sgc_node_entry(node, at - 1, &value, &key_size);
    return (uint32_t)value;
}

static int compare(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    size_t least = a_size < b_size ? a_size : b_size;
    int order = least ? memcmp(a, b, least) : 0;

    if (order != 0) return order;
    return (a_size > b_size) - (a_size < b_size);
}

unsigned sgc_node_search(const uint8_t *node, sgc_str bound, bool after)
{
    sgc_str prefix = sgc_node_prefix(node);
    unsigned low = 0, high = sgc_node_count(node);
    size_t shared = prefix.size < bound.size ? prefix.size : bound.size;
    int order = shared ? memcmp(bound.data, prefix.data, shared) : 0;

    if (order > 0) return high;
    if (order < 0 || bound.size < prefix.size) return 0;
    const uint8_t *rest = (const uint8_t *)bound.data + prefix.size;
    size_t rest_size = bound.size - prefix.size;
    sgc_node_list list = entries_of(node);
    while (low < high) {
        unsigned middle = (low + high) / 2, size;
        const uint8_t *p = entry_at(&list, middle, &size);
        order = compare(p + list.width, size - list.width, rest, rest_size);
        if (order < 0 || (after && order == 0)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Whether [from, end) is an entry with `prefix` in front of it. */
static bool entry_is_sound(const uint8_t *node, unsigned from, unsigned end)
{
    uint64_t key_size = node[28] & SGC_NODE_KEY_SIZE ? sgc_load16(node + 30) : 0;
    const uint8_t *p = node + from;

    if (from >= end || end > sgc_node_used(node)) return false;
    if (node[28] & SGC_NODE_KEY_SIZES) {
        p = sgc_varint_get(p, node + end, &key_size);
        if (!p || p - (node + from) > 2) return false;
    }
    if (node[29] > node + end - p) return false;
    size_t whole = (size_t)(node + end - p) - node[29] + sgc_load16(node + 20);
    return whole <= SGC_ENTRY_MAX && key_size <= whole;
}

static bool even_is_sound(const uint8_t *node, unsigned from)
{
    unsigned count = sgc_node_count(node), bytes = sgc_node_used(node) - from;

    if (node[28] & SGC_NODE_KEY_SIZES || bytes % count != 0) return false;
    return entry_is_sound(node, from, from + bytes / count);
}

bool sgc_node_is_sound(const uint8_t *node)
{
    unsigned count = sgc_node_count(node), used = sgc_node_used(node);
    unsigned from = SGC_PAGE_HEAD + (sgc_node_is_even(node) ? 0 : 2 * count);

    from += sgc_load16(node + 20);
    if (sgc_page_level(node) >= SGC_TREE_LEVELS || used > SGC_PAGE_SIZE) return false;
    if (from > used || sgc_load16(node + 20) > SGC_ENTRY_MAX) return false;
    if (node[28] > 7 || (node[28] & 3) == 3) return false;
    if (node[29] > (sgc_page_level(node) == 0 ? 5 : 4)) return false;
    if (count > 0 && sgc_node_is_even(node)) return even_is_sound(node, from);
    for (unsigned i = 0; i < count; i++) {
        if (offset_of(node, i) < from) return false;
        if (!entry_is_sound(node, offset_of(node, i),
                            i + 1 < count ? offset_of(node, i + 1) : used))
            return false;
    }
    return true;
}

/* ---- writing ---- */

size_t sgc_common_prefix(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    size_t least = a_size < b_size ? a_size : b_size, same = 0;

    for (; least - same >= 8; same += 8) {
        uint64_t differ = sgc_load64(a + same) ^ sgc_load64(b + same);
        if (differ) return same + (size_t)__builtin_ctzll(differ) / 8;
    }
    while (same < least && a[same] == b[same])
        same++;
    return same;
}

static size_t key_size_bytes(size_t key_size)
{
    return key_size < 0x80 ? 1 : 2;
}

static unsigned width_of(uint64_t values)
{
    unsigned width = 1; /* so that no entry is empty */

    for (; values >>= 8;)
        width++;
    return width;
}

size_t sgc_node_add(sgc_node_size *node, const sgc_item *item)
{
    if (node->count++ == 0) {
        node->first = item->key;
        node->size = item->size;
        node->prefix = item->size;
        node->key_size = item->key_size;
        node->same_size = node->same_key = true;
    } else {
        node->prefix = sgc_common_prefix(node->first, node->prefix, item->key, item->size);
        node->same_size = node->same_size && node->size == item->size;
        node->same_key = node->same_key && node->key_size == item->key_size;
    }
    if ((item->value & ~node->values) || node->count == 1) {
        node->values |= item->value;
        node->width = width_of(node->values);
    }
    node->bytes += item->size;
    node->key_bytes += key_size_bytes(item->key_size);
    bool even = node->same_size && (node->same_key || !node->keys);
    size_t bytes = node->bytes - (node->count - 1) * node->prefix;
    bytes += node->count * (node->width + (even ? 0 : 2));
    return bytes + (node->keys && !node->same_key ? node->key_bytes : 0);
}

size_t sgc_node_fit(const sgc_item *items, size_t count, unsigned level, bool key_sizes,
                    size_t limit, size_t *used)
{
    sgc_node_size node = {.keys = key_sizes};
    size_t fit = 0;

    *used = 0;
    if (level > 0) fit = 1; /* the first child's key is not stored */
    for (size_t i = fit; i < count; i++) {
        size_t bytes = sgc_node_add(&node, &items[i]);
        if (bytes > limit && i > 0) break;
        *used = bytes;
        fit = i + 1;
    }
    return fit;
}

/* ---- filling ---- */

/* What the items of a node have in common. */
typedef struct shape {
    size_t prefix;
    unsigned width;
    bool even, keys; /* keys: each entry has its key size */
} shape;

static shape shape_of(const sgc_item *items, size_t count, bool key_sizes)
{
    shape own = {.even = true};
    uint64_t values = 0;
    bool same_key = true;

    if (count > 0)
        own.prefix = sgc_common_prefix(items[0].key, items[0].size, items[count - 1].key,
                                       items[count - 1].size);
    for (size_t i = 0; i < count; i++) {
        values |= items[i].value;
        own.even = own.even && items[i].size == items[0].size;
        same_key = same_key && items[i].key_size == items[0].key_size;
    }
    own.width = width_of(values);
    own.keys = key_sizes && !same_key;
    own.even = own.even && !own.keys;
    return own;
}

static uint8_t *put_entry(uint8_t *p, const sgc_item *item, const shape *own)
{
    size_t size = item->size - own->prefix;
    uint64_t value = item->value;

    if (own->keys) p = sgc_varint_put(p, item->key_size);
    for (unsigned i = 0; i < own->width; i++, value >>= 8)
        *p++ = (uint8_t)value;
    if (size) memcpy(p, item->key + own->prefix, size);
    return p + size;
}

void sgc_node_fill(uint8_t *page, const sgc_item *items, size_t count, unsigned level,
                   bool key_sizes)
{
    memset(page + 18, 0, SGC_PAGE_HEAD - 18);
    page[17] = (uint8_t)level;
    if (level > 0) {
        sgc_store32(page + 24, (uint32_t)items[0].value);
        items++;
        count--;
    }
    shape own = shape_of(items, count, key_sizes);
    if (key_sizes) page[28] = own.keys ? SGC_NODE_KEY_SIZES : SGC_NODE_KEY_SIZE;
    if (own.even) page[28] |= SGC_NODE_EVEN;
    page[29] = (uint8_t)own.width;
    if (key_sizes && !own.keys && count > 0) sgc_store16(page + 30, items[0].key_size);
    sgc_store16(page + 18, (uint16_t)count);
    sgc_store16(page + 20, (uint16_t)own.prefix);
    uint8_t *p = page + SGC_PAGE_HEAD + (own.even ? 0 : 2 * count);
    if (own.prefix) memcpy(p, items[0].key, own.prefix);
    p += own.prefix;
    for (size_t i = 0; i < count; i++) {
        if (!own.even) sgc_store16(page + SGC_PAGE_HEAD + 2 * i, (uint16_t)(p - page));
        p = put_entry(p, &items[i], &own);
    }
    sgc_store16(page + 22, (uint16_t)(p - page));
    memset(p, 0, (size_t)(page + SGC_PAGE_SIZE - p));
}
