/* node_write.c - what a B+tree node of given entries takes, and writing it. */
#include "store/node.h"

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

/* Bytes at the ends of both, at most `most`, that are the same. */
static size_t common_tail(const uint8_t *a_end, const uint8_t *b_end, size_t most)
{
    size_t same = 0;

    while (same < most && a_end[-(ptrdiff_t)same - 1] == b_end[-(ptrdiff_t)same - 1])
        same++;
    return same;
}

static size_t least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

static unsigned width_of(uint64_t values)
{
    unsigned width = 1;

    for (; values >>= 8;)
        width++;
    return width;
}

/* ---- sizes ---- */

/* How a node is written. */
typedef struct shape {
    size_t prefix, tail, key_head, least; /* least: bytes of the shortest suffix */
    size_t head, bytes;
    bool even, keys; /* keys: each entry has its key size */
} shape;

/*
 * The middle is left out of suffixes only where that keeps their order: when heads end in front of
 * it, or it stands at the same place in all of them.
 */
static void find_middle(const sgc_node_size *node, shape *own)
{
    if (!node->keys || node->count < 2 || own->prefix > node->least_components) return;
    size_t room = node->least_components - own->prefix;
    if (!node->same_components) {
        if (room < SGC_NODE_HEAD) return;
        room -= SGC_NODE_HEAD;
    }
    own->tail = least_of(least_of(node->tail, room), UINT8_MAX);
    own->key_head = least_of(node->key_head, UINT8_MAX);
}

static shape shape_of(const sgc_node_size *node)
{
    shape own = {.prefix = node->prefix,
                 .head = SGC_NODE_HEAD,
                 .keys = node->keys && !node->same_key,
                 .even = node->same_size && (node->same_key || !node->keys)};

    find_middle(node, &own);
    size_t shared = own.prefix + own.tail + own.key_head;
    own.least = node->least - shared;
    own.bytes = node->bytes - node->count * shared + shared + node->count * node->width;
    if (own.even) {
        own.head = least_of(own.head, own.least);
        return own;
    }
    own.bytes += 2 * node->count + (own.keys ? node->key_bytes : 0);
    for (size_t i = 0; own.least + i < own.head; i++)
        own.bytes += node->near[i] * (own.head - own.least - i); /* heads are filled up */
    return own;
}

/* Counts an entry among the shortest. */
static void count_near(sgc_node_size *node, size_t size)
{
    size_t less = size < node->least ? node->least - size : 0;

    for (size_t i = SGC_NODE_HEAD; less && i-- > 0;)
        node->near[i] = i >= less ? node->near[i - less] : 0;
    node->least -= less;
    if (size - node->least < SGC_NODE_HEAD) node->near[size - node->least]++;
}

static void compare_first(sgc_node_size *node, const sgc_item *item)
{
    const sgc_item *first = &node->first;
    size_t components = (size_t)item->size - item->key_size;
    size_t first_components = (size_t)first->size - first->key_size;

    node->prefix = sgc_common_prefix(first->key, node->prefix, item->key, item->size);
    node->same_size = node->same_size && first->size == item->size;
    if (!node->keys) return;
    node->same_key = node->same_key && first->key_size == item->key_size;
    node->same_components = node->same_components && first_components == components;
    node->least_components = least_of(node->least_components, components);
    node->tail = common_tail(first->key + first_components, item->key + components,
                             least_of(node->tail, components));
    node->key_head = sgc_common_prefix(first->key + first_components, node->key_head,
                                       item->key + components, item->key_size);
}

static void add(sgc_node_size *node, const sgc_item *item)
{
    if (node->count++ == 0) {
        node->first = *item;
        node->least = node->prefix = item->size;
        if (node->keys) {
            node->least_components = node->tail = (size_t)item->size - item->key_size;
            node->key_head = item->key_size;
        }
        node->same_size = node->same_key = node->same_components = true;
        node->width = width_of(0);
    } else {
        compare_first(node, item);
    }
    count_near(node, item->size);
    if (item->value & ~node->values) {
        node->values |= item->value;
        node->width = width_of(node->values);
    }
    node->bytes += item->size;
    node->key_bytes += sgc_varint_size(item->key_size);
}

size_t sgc_node_bytes(const sgc_node_size *node)
{
    return node->count ? shape_of(node).bytes : 0;
}

/* Whether one more entry changed nothing but the sums. */
static bool same_shape(const sgc_node_size *a, const sgc_node_size *b)
{
    return a->count > 1 && a->prefix == b->prefix && a->tail == b->tail &&
           a->key_head == b->key_head && a->least == b->least &&
           a->least_components == b->least_components && a->width == b->width &&
           a->same_size == b->same_size && a->same_key == b->same_key &&
           a->same_components == b->same_components;
}

/* Bytes for one more entry of a node whose shape stays. */
static size_t growth(const sgc_node_size *node, const sgc_item *item)
{
    bool key = node->keys && !node->same_key;
    size_t rest = item->size - node->shared;

    if (node->same_size && !key) return rest + node->width;
    return (rest < SGC_NODE_HEAD ? SGC_NODE_HEAD : rest) + node->width + 2 +
           (key ? sgc_varint_size(item->key_size) : 0);
}

bool sgc_node_take(sgc_node_size *node, const sgc_item *item, size_t limit)
{
    sgc_node_size before = *node;

    add(node, item);
    if (same_shape(&before, node)) {
        node->taken += growth(node, item);
    } else {
        shape now = shape_of(node);
        node->taken = now.bytes;
        node->shared = now.prefix + now.tail + now.key_head;
    }
    if (before.count == 0 || node->taken <= limit) return true;
    *node = before;
    return false;
}

size_t sgc_node_fit(const sgc_item *items, size_t count, unsigned level, bool key_sizes,
                    size_t limit, sgc_node_size *node)
{
    size_t from = level > 0 ? 1 : 0; /* the first child's key is not stored */

    *node = (sgc_node_size){.keys = key_sizes};
    for (size_t i = from; i < count; i++)
        add(node, &items[i]);
    if (sgc_node_bytes(node) <= limit) return count; /* so it is most often */
    *node = (sgc_node_size){.keys = key_sizes};
    while (from < count && sgc_node_take(node, &items[from], limit))
        from++;
    return from;
}

/* ---- filling ---- */

/* Where the next parts of each column go. */
typedef struct columns {
    uint8_t *page, *head, *value, *offset, *rest;
} columns;

/* The suffix into `out`; returns its size. */
static size_t cut(const sgc_item *item, const shape *own, uint8_t *out)
{
    size_t components = (size_t)item->size - item->key_size, size = item->size - own->prefix;

    if (own->tail + own->key_head == 0) {
        memcpy(out, item->key + own->prefix, size);
        return size;
    }
    size_t front = components - own->tail - own->prefix, behind = item->key_size - own->key_head;
    memcpy(out, item->key + own->prefix, front);
    memcpy(out + front, item->key + components + own->key_head, behind);
    return front + behind;
}

static void put_entry(columns *to, const sgc_item *item, const shape *own, size_t width)
{
    uint8_t suffix[SGC_ENTRY_MAX + SGC_NODE_HEAD];
    size_t size = cut(item, own, suffix), head = least_of(size, own->head);
    uint64_t value = item->value;

    memset(suffix + size, 0, SGC_NODE_HEAD);
    memcpy(to->head, suffix, own->head);
    to->head += own->head;
    for (size_t i = 0; i < width; i++, value >>= 8)
        *to->value++ = (uint8_t)value;
    if (!own->even) {
        size_t offset = (size_t)(to->rest - to->page) - SGC_PAGE_HEAD;
        sgc_store16(to->offset, (uint16_t)(offset | head << 12));
        to->offset += 2;
    }
    if (own->keys) to->rest = sgc_varint_put(to->rest, item->key_size);
    memcpy(to->rest, suffix + head, size - head);
    to->rest += size - head;
}

static void put_head(uint8_t *page, const sgc_node_size *node, const shape *own, unsigned level)
{
    unsigned flags = own->even ? SGC_NODE_EVEN : 0;

    if (node->keys) flags |= own->keys ? SGC_NODE_KEY_SIZES : SGC_NODE_KEY_SIZE;
    if (own->tail + own->key_head && node->same_components) flags |= SGC_NODE_SAME;
    sgc_store16(page + 18, (uint16_t)node->count);
    sgc_store16(page + 20, (uint16_t)own->prefix);
    if (level == 0) {
        page[24] = (uint8_t)own->tail;
        page[25] = (uint8_t)own->key_head;
        if (node->keys && !own->keys) sgc_store16(page + 26, node->first.key_size);
    }
    page[28] = (uint8_t)(flags | own->head << 4);
    page[29] = (uint8_t)node->width;
    if (own->even) sgc_store16(page + 30, (uint16_t)(own->least - own->head));
}

void sgc_node_fill(uint8_t *page, const sgc_item *items, unsigned level, const sgc_node_size *node)
{
    size_t count = node->count;
    shape own = shape_of(node);

    memset(page + 18, 0, SGC_PAGE_HEAD - 18);
    page[17] = (uint8_t)level;
    if (level > 0) {
        sgc_store32(page + 24, (uint32_t)items[0].value);
        items++;
    }
    put_head(page, node, &own, level);
    columns to = {.page = page, .head = page + SGC_PAGE_HEAD};
    to.value = to.head + count * own.head;
    to.offset = to.value + count * node->width;
    to.rest = to.offset + (own.even ? 0 : 2 * count);
    if (count > 0) {
        size_t components = (size_t)items[0].size - items[0].key_size;
        memcpy(to.rest, items[0].key, own.prefix);
        to.rest += own.prefix;
        memcpy(to.rest, items[0].key + components - own.tail, own.tail + own.key_head);
        to.rest += own.tail + own.key_head;
    }
    for (size_t i = 0; i < count; i++)
        put_entry(&to, &items[i], &own, node->width);
    sgc_store16(page + 22, (uint16_t)(to.rest - page));
    memset(to.rest, 0, (size_t)(page + SGC_PAGE_SIZE - to.rest));
}
