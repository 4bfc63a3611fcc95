/*
 * node.h - private to store: one node of a B+tree in a page of 4 KB.
 *
 * Nodes are read in place; a leaf gets single entries in place, everything else is written whole.
 * What entries have in common stands once: their prefix, and in leaves a piece in the middle, the
 * end of the components (`tail` bytes) and the beginning of the row's key (`key_head` bytes). What
 * is left of an entry is its suffix. Entries stand in columns, so that a search reads next to
 * nothing but what it compares: the first bytes of all suffixes (heads), all values - in a leaf the
 * row's address, in an inner node a child -, and the rests. Entry i of an inner node is the
 * separator between the children i and i + 1: nothing left of it is >=, all right of it is.
 *
 * 17 level (0: leaf), 18 entries, 20 bytes of the prefix, 22 end of what is used, 24 first child
 * (inner nodes; uint32), in leaves instead 24 tail, 25 key_head (bytes), 26 size of every row's key
 * (uint16, when flags say so), 28 flags and from bit 4 on the bytes of a head, 29 bytes of a value,
 * 30 bytes of a rest, when all have as many (uint16). From 32 on the heads; the values; where each
 * rest begins (uint16, from byte 32 of the page on, bytes that its head really has in the top four
 * bits), unless all have as many; prefix, middle, rests. A rest: varint size of the row's key (when
 * flags say so), the suffix behind the head.
 */
#ifndef SGC_STORE_NODE_H
#define SGC_STORE_NODE_H

#include "store/format.h"
#include "store/pages.h"

/** An entry outside of a page: leaf: row address; inner: child whose separator is key. */
typedef struct sgc_item {
    const uint8_t *key;
    uint64_t value;
    uint16_t size, key_size;
    uint16_t used; /**< children: bytes used when it was written in this flush, else 0 */
} sgc_item;

enum sgc_node_flags {
    SGC_NODE_KEY_SIZES = 1, /**< each entry says how long its row's key is */
    SGC_NODE_KEY_SIZE = 2,  /**< the node says it for all; neither: the entry is the key */
    SGC_NODE_EVEN = 4,      /**< all suffixes have the same size */
    SGC_NODE_SAME = 8,      /**< so many bytes of every suffix stand in front of the middle */
    SGC_NODE_FLAGS = 15,
};

enum {
    SGC_NODE_HEAD = 4, /* bytes of a head, fewer only when all suffixes are shorter */
    /* Filled when a tree is built from entries in order: a tenth stays free, for else the first
     * entries behind a large load would split a leaf each. (PostgreSQL's fill factor.) */
    SGC_NODE_BUILT = SGC_PAGE_BODY - SGC_PAGE_BODY / 10,
};

static inline unsigned sgc_node_count(const uint8_t *node)
{
    return sgc_load16(node + 18);
}
static inline unsigned sgc_node_used(const uint8_t *node)
{
    return sgc_load16(node + 22);
}
sgc_node_list sgc_node_list_of(const uint8_t *node);
size_t sgc_node_list_size(const sgc_node_list *list, unsigned at);
/** Copies the entry, at most SGC_ENTRY_MAX bytes, to out and returns its size. */
size_t sgc_node_list_entry(const sgc_node_list *list, unsigned at, uint8_t *out,
                           unsigned *key_size);
/** Whether the entry begins with `prefix`. */
bool sgc_node_list_within(const sgc_node_list *list, unsigned at, sgc_str prefix);
static inline uint64_t sgc_node_value(const sgc_node_list *list, unsigned at)
{
    unsigned width = list->width;
    const uint8_t *p = list->values + (size_t)at * width;
    uint64_t value = 0;

    if (width == 3) return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16; /* most often */
    while (width-- > 0)
        value = value << 8 | p[width];
    return value;
}
/** Child number `at`, 0..count. */
static inline uint32_t sgc_node_child(const sgc_node_list *list, unsigned at)
{
    return at == 0 ? sgc_load32(list->node + 24) : (uint32_t)sgc_node_value(list, at - 1);
}
/** What the heads leave to choose from: entries [low, high) and the one behind them. */
typedef struct sgc_node_span {
    sgc_str rest; /**< of the bound, behind the prefix */
    unsigned low, high;
} sgc_node_span;
sgc_node_span sgc_node_narrow(const sgc_node_list *list, sgc_str bound);
/** Position of the first entry >= bound, or > bound when `after`. *within: it is known to begin
 * with the bound. */
unsigned sgc_node_settle(const sgc_node_list *list, const sgc_node_span *span, bool after,
                         bool *within);
/** Both. */
unsigned sgc_node_search(const sgc_node_list *list, sgc_str bound, bool after);

/* ---- node_write.c ---- */

/** Bytes of a prefix common to both. */
size_t sgc_common_prefix(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size);
/** What a node of items takes; items are added in order. Zero-initialise but for `keys`. */
typedef struct sgc_node_size {
    bool keys; /**< set by the caller: entries have row keys */
    sgc_item first;
    size_t count, bytes, key_bytes; /**< of all entries, of their key sizes */
    size_t prefix, tail, key_head;  /**< common to all */
    size_t least, least_components; /**< smallest sizes */
    size_t near[SGC_NODE_HEAD];     /**< entries of size least, least + 1, ... */
    uint64_t values;                /**< all of them, or-ed */
    size_t width;                   /**< bytes of a value */
    bool same_size, same_key, same_components;
    size_t taken, shared; /**< sgc_node_take(): bytes of the node; what each entry saves */
} sgc_node_size;
/** Adds an item, unless the node would then take more than `limit` bytes without its head; the
 * first one always. */
bool sgc_node_take(sgc_node_size *node, const sgc_item *item, size_t limit);
/** Bytes of the node without its head. */
size_t sgc_node_bytes(const sgc_node_size *node);
/** How many items from the front fit into `limit` bytes, at least one; *node is what they take. */
size_t sgc_node_fit(const sgc_item *items, size_t count, unsigned level, bool key_sizes,
                    size_t limit, sgc_node_size *node);
/** Writes items, whose size is `node`, into a page whose head is set. Of inner nodes the first key
 * is unused and not in `node`. */
void sgc_node_fill(uint8_t *page, const sgc_item *items, unsigned level, const sgc_node_size *node);

/* ---- node_insert.c ---- */

/**
 * Bytes by which a leaf grows when the entry is put between the others; 0 when the leaf has to be
 * written anew: the entry is there, shares less than the others do, or has a wider value.
 */
size_t sgc_node_growth(const uint8_t *leaf, const sgc_item *item);
/** Puts an entry that grows the leaf (sgc_node_growth()) into it; there is room. The bytes are
 * those that sgc_node_fill() would write. */
void sgc_node_insert(uint8_t *leaf, const sgc_item *item);
/** Bytes by which a leaf shrinks when the entry goes; 0: it is not there. */
size_t sgc_node_shrinkage(const uint8_t *leaf, const sgc_item *item);
/** Takes an entry that is there out of a leaf; the others may then have more in common than it
 * says.
 */
void sgc_node_remove(uint8_t *leaf, const sgc_item *item);

#endif
