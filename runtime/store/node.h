/*
 * node.h - private to store: one node of a B+tree in a page of 4 KB.
 *
 * Nodes are read in place and always written whole. 17 level (0: leaf), 18 entries, 20 bytes of the
 * prefix that all entries share, 22 end of what is used, 24 first child (inner nodes; uint32),
 * 28 flags, 29 bytes of a value, 30 size of every row's key (uint16, when flags say so). From 32 a
 * uint16 offset for each entry, unless all take the same bytes; the prefix; the entries. An entry:
 * varint size of the row's key (when flags say so), the value - in a leaf the row's address, in an
 * inner node a child -, and the rest of the entry up to where the next one begins. Entry i of an
 * inner node is the separator between the children i and i + 1: nothing left of it is >=, all right
 * of it is.
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
    SGC_NODE_EVEN = 4,      /**< all entries take the same bytes */
};

static inline unsigned sgc_node_count(const uint8_t *node)
{
    return sgc_load16(node + 18);
}
static inline unsigned sgc_node_used(const uint8_t *node)
{
    return sgc_load16(node + 22);
}
static inline bool sgc_node_is_even(const uint8_t *node)
{
    return node[28] & SGC_NODE_EVEN;
}
static inline sgc_str sgc_node_prefix(const uint8_t *node)
{
    size_t offsets = sgc_node_is_even(node) ? 0 : 2 * (size_t)sgc_node_count(node);

    return sgc_str_of((const char *)node + SGC_PAGE_HEAD + offsets, sgc_load16(node + 20));
}
sgc_node_list sgc_node_list_of(const uint8_t *node);
/** The entry's suffix, value and key size. */
sgc_str sgc_node_list_entry(const sgc_node_list *list, unsigned at, uint64_t *value,
                            unsigned *key_size);
sgc_str sgc_node_entry(const uint8_t *node, unsigned at, uint64_t *value, unsigned *key_size);
/** Child number `at`, 0..count. */
uint32_t sgc_node_child(const uint8_t *node, unsigned at);
/** Position of the first entry >= bound, or > bound when `after`. */
unsigned sgc_node_search(const uint8_t *node, sgc_str bound, bool after);

/** Bytes of a prefix common to both. */
size_t sgc_common_prefix(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size);
/** What a node of items takes; items are added in order. */
typedef struct sgc_node_size {
    const uint8_t *first;
    size_t count, bytes, key_bytes, prefix;
    uint64_t values; /**< all of them, or-ed */
    size_t width;    /**< bytes of a value */
    uint16_t size, key_size;
    bool keys, same_size, same_key;
} sgc_node_size;
/** Adds an item with its key and returns the bytes of the node without its head. */
size_t sgc_node_add(sgc_node_size *node, const sgc_item *item);
/** How many items from the front fit into `limit` bytes (at least one); *used: bytes they take. */
size_t sgc_node_fit(const sgc_item *items, size_t count, unsigned level, bool key_sizes,
                    size_t limit, size_t *used);
/** Writes items, which fit, into a page whose head is set. Of inner nodes the first key is unused.
 */
void sgc_node_fill(uint8_t *page, const sgc_item *items, size_t count, unsigned level,
                   bool key_sizes);

#endif
