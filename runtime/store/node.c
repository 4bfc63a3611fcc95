/* node.c - reading and writing one B+tree node. The tree is btree_write.c and cursor.c. */
#include "store/node.h"

#include "store/cache.h"
#include "store/pages.h"

static size_t value_size(unsigned level)
{
    return level == 0 ? 5 : 4;
}

static const uint8_t *entry_at(const uint8_t *node, unsigned at)
{
    return node + sgc_load16(node + SGC_PAGE_HEAD + 2 * (size_t)at);
}

/* Sizes were checked when the page was loaded. */
static inline const uint8_t *small_varint(const uint8_t *p, unsigned *value)
{
    *value = *p++;
    if (*value >= 0x80) *value = (*value & 0x7F) | (unsigned)*p++ << 7;
    return p;
}

sgc_str sgc_node_entry(const uint8_t *node, unsigned at, uint64_t *value, unsigned *key_size)
{
    unsigned size;
    const uint8_t *p = small_varint(entry_at(node, at), &size);

    *key_size = size + sgc_load16(node + 20);
    if (node[28] & SGC_NODE_KEY_SIZES) p = small_varint(p, key_size);
    *value = sgc_page_level(node) == 0 ? sgc_row_load(p) : sgc_load32(p);
    return sgc_str_of((const char *)p + value_size(sgc_page_level(node)), size);
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
    size_t skip = value_size(sgc_page_level(node));
    bool key_sizes = node[28] & SGC_NODE_KEY_SIZES;
    while (low < high) {
        unsigned middle = (low + high) / 2, size, unused;
        const uint8_t *p = small_varint(entry_at(node, middle), &size);
        if (key_sizes) p = small_varint(p, &unused);
        order = compare(p + skip, size, rest, rest_size);
        if (order < 0 || (after && order == 0)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool entry_is_sound(const uint8_t *node, unsigned at, size_t from)
{
    unsigned offset = sgc_load16(node + SGC_PAGE_HEAD + 2 * (size_t)at);
    const uint8_t *end = node + sgc_node_used(node);
    uint64_t size, key_size = 0;

    if (offset < from || offset >= sgc_node_used(node)) return false;
    const uint8_t *p = sgc_varint_get(node + offset, end, &size);
    if (p && (node[28] & SGC_NODE_KEY_SIZES)) p = sgc_varint_get(p, end, &key_size);
    if (!p || p - (node + offset) > 4 || size >= 1 << 14 || key_size >= 1 << 14) return false;
    size_t whole = (size_t)size + sgc_load16(node + 20);
    if (whole > SGC_ENTRY_MAX || key_size > whole) return false;
    return value_size(sgc_page_level(node)) + (size_t)size <= (size_t)(end - p);
}

bool sgc_node_is_sound(const uint8_t *node)
{
    size_t count = sgc_node_count(node);
    size_t from = SGC_PAGE_HEAD + 2 * count + sgc_load16(node + 20);

    if (sgc_page_level(node) >= SGC_TREE_LEVELS || sgc_node_used(node) > SGC_PAGE_SIZE)
        return false;
    if (from > sgc_node_used(node) || sgc_load16(node + 20) > SGC_ENTRY_MAX) return false;
    for (unsigned i = 0; i < count; i++)
        if (!entry_is_sound(node, i, from)) return false;
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

size_t sgc_node_cost(const sgc_item *item, unsigned level, bool key_sizes)
{
    size_t cost = 2 + (item->size < 0x80 ? 1U : 2U) + value_size(level) + item->size;
    return cost + (key_sizes ? (item->key_size < 0x80 ? 1U : 2U) : 0);
}

size_t sgc_node_fit(const sgc_item *items, size_t count, unsigned level, bool key_sizes,
                    size_t limit, size_t *used)
{
    size_t first = level > 0, sum = 0, prefix = 0, fit = 1;

    *used = level > 0 ? 0 : sgc_node_cost(&items[0], level, key_sizes);
    for (size_t i = first; i < count; i++) {
        const sgc_item *item = &items[i];
        sum += sgc_node_cost(item, level, key_sizes);
        prefix = i == first ? item->size
                            : sgc_common_prefix(items[first].key, prefix, item->key, item->size);
        size_t stored = i - first + 1;
        size_t bytes = sum - stored * prefix + prefix;
        if (bytes > limit && i > 0) break;
        *used = bytes;
        fit = i + 1;
    }
    return fit;
}

static uint8_t *put_entry(uint8_t *p, const sgc_item *item, size_t prefix, unsigned level,
                          bool key_sizes)
{
    size_t size = item->size - prefix;

    p = sgc_varint_put(p, size);
    if (key_sizes) p = sgc_varint_put(p, item->key_size);
    if (level == 0) {
        sgc_row_store(p, item->value);
    } else {
        sgc_store32(p, (uint32_t)item->value);
    }
    p += value_size(level);
    if (size) memcpy(p, item->key + prefix, size);
    return p + size;
}

void sgc_node_fill(uint8_t *page, const sgc_item *items, size_t count, unsigned level,
                   bool key_sizes)
{
    size_t prefix = 0;

    memset(page + 18, 0, SGC_PAGE_SIZE - 18);
    page[17] = (uint8_t)level;
    page[28] = key_sizes ? SGC_NODE_KEY_SIZES : 0;
    if (level > 0) {
        sgc_store32(page + 24, (uint32_t)items[0].value);
        items++;
        count--;
    }
    if (count > 0)
        prefix = sgc_common_prefix(items[0].key, items[0].size, items[count - 1].key,
                                   items[count - 1].size);
    sgc_store16(page + 18, (uint16_t)count);
    sgc_store16(page + 20, (uint16_t)prefix);
    uint8_t *p = page + SGC_PAGE_HEAD + 2 * count;
    if (prefix) memcpy(p, items[0].key, prefix);
    p += prefix;
    for (size_t i = 0; i < count; i++) {
        sgc_store16(page + SGC_PAGE_HEAD + 2 * i, (uint16_t)(p - page));
        p = put_entry(p, &items[i], prefix, level, key_sizes);
    }
    sgc_store16(page + 22, (uint16_t)(p - page));
}
