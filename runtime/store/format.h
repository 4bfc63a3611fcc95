/*
 * format.h - private to store: bytes of the page file, little-endian, and the limits that follow.
 * docs/file-format.md says the same in words. Layouts inside single kinds of pages are with the
 * code that owns them (rows.c, hash_index.c, node.c).
 */
#ifndef SGC_STORE_FORMAT_H
#define SGC_STORE_FORMAT_H

#include "log/log.h"

enum {
    SGC_PAGE_SIZE = 4096,
    SGC_PAGE_HEAD = 32,
    SGC_PAGE_BODY = SGC_PAGE_SIZE - SGC_PAGE_HEAD,
    SGC_TABLE_FAN = SGC_PAGE_BODY / 8, /**< entries of a page of a page table */
    SGC_TABLE_LEVELS = 4,              /**< 508^4 pages are more than 2^32 places */
};

/** What a page holds. */
typedef enum sgc_page_kind {
    SGC_PAGE_ANY = 0,   /**< asked for, never held */
    SGC_PAGE_TABLE = 1, /**< a page of a page table */
    SGC_PAGE_ROWS,
    SGC_PAGE_SPACE, /**< one byte of free space for each row page behind it */
    SGC_PAGE_LARGE, /**< a piece of a row longer than a page */
    SGC_PAGE_HASH,
    SGC_PAGE_HASH_MORE, /**< continues a full hash page; lives in the tree of the rows */
    SGC_PAGE_NODE,
    SGC_PAGE_BYTES, /**< a piece of the catalogue, of the schema, the free map or the manifest */
} sgc_page_kind;

/* Head of every page:
 *   0 crc32c of bytes 4..4095   4 checkpoint   8 tree   12 logical number (page tables: position
 *   in its level)   16 kind   17 level (page tables, nodes)   18..31 of the kind */
static inline uint32_t sgc_page_checkpoint(const uint8_t *page)
{
    return sgc_load32(page + 4);
}
static inline unsigned sgc_page_kind_of(const uint8_t *page)
{
    return page[16];
}
static inline unsigned sgc_page_level(const uint8_t *page)
{
    return page[17];
}

/** Where a page is and which checkpoint wrote it; place 0 is the head of the file, so: no page. */
typedef struct sgc_page_at {
    uint32_t place, checkpoint;
} sgc_page_at;

static inline sgc_page_at sgc_place_load(const uint8_t *p)
{
    return (sgc_page_at){sgc_load32(p), sgc_load32(p + 4)};
}
static inline void sgc_place_store(uint8_t *p, sgc_page_at at)
{
    sgc_store32(p, at.place);
    sgc_store32(p + 4, at.checkpoint);
}

typedef enum sgc_tree_kind {
    SGC_TREE_CATALOGUE = 1, /**< descriptors of all other trees */
    SGC_TREE_SCHEMA,
    SGC_TREE_FREE,
    SGC_TREE_ROWS,
    SGC_TREE_HASH,
    SGC_TREE_INDEX,
    SGC_TREE_HISTORY, /**< manifest of the history's segments */
} sgc_tree_kind;

/** A tree: pages by logical number through a page table of `depth` levels. */
typedef struct sgc_tree {
    uint32_t id;
    uint32_t table_number, index_number; /**< of the schema's numbering */
    uint8_t kind, depth;
    sgc_page_at root;   /**< top page of the page table */
    uint32_t pages;     /**< logical numbers given out so far */
    uint32_t free_page; /**< first logical number to use again, plus 1; 0: none */
    uint64_t count;     /**< rows, hash entries or index entries; bytes of the SCHEMA, FREE and
                           HISTORY trees */
    /** ROWS: fill page + 1, pages with room, where to look for room. HASH: group bits, pages of a
     * group, groups already grown. INDEX: root node, levels, and 1 + the first page of
     * rows that is not in it yet, 0: all are. */
    uint32_t a, b, c;
    uint64_t loaded; /**< ROWS: commit sequence of the load that made the rows whose begin is 0 */
    /** In memory, of published trees: frames of the lowest pages of the page table, pinned when
     * first used and as long as the checkpoint lives; NULL: none. */
    _Atomic uint32_t *tables;
} sgc_tree;

enum {
    SGC_TREE_BYTES = 64, /**< of a descriptor on disk */
    SGC_TREES_PER_PAGE = SGC_PAGE_BODY / SGC_TREE_BYTES,
};
void sgc_tree_encode(const sgc_tree *tree, uint8_t out[SGC_TREE_BYTES]);
/** False when the bytes can be no descriptor. */
bool sgc_tree_decode(const uint8_t in[SGC_TREE_BYTES], sgc_tree *tree);

/** Trees that the root itself names. */
enum {
    SGC_ROOT_CATALOGUE = 0,
    SGC_ROOT_SCHEMA,
    SGC_ROOT_FREE,
    SGC_ROOT_HISTORY,
    SGC_ROOT_TREES,
    SGC_ROOT_BYTES = 4096,
};

/** Content of one copy of the root. */
typedef struct sgc_root {
    uint64_t sequence, time_us, seed, schema_hash;
    uint32_t checkpoint, tree_count, next_tree, places;
    uint32_t name_size, sdl_size, numbering_size; /**< of the SCHEMA tree's bytes */
    sgc_tree trees[SGC_ROOT_TREES];               /**< by SGC_ROOT_* */
    sgc_log_place log;                            /**< where the log goes on from this checkpoint */
} sgc_root;

void sgc_root_encode(const sgc_root *root, uint8_t out[SGC_ROOT_BYTES]);
/** The kind of a tree that the root names, by SGC_ROOT_*. */
sgc_tree_kind sgc_root_tree_kind(size_t which);
/** False when this copy is not a valid root. */
bool sgc_root_decode(const uint8_t in[SGC_ROOT_BYTES], sgc_root *root);
/** The format of a copy that another version has written, and whose checksum holds; else 0. */
uint32_t sgc_root_other_format(const uint8_t in[SGC_ROOT_BYTES]);

/** First page of the page file. */
void sgc_pages_head_encode(uint64_t seed, uint8_t out[SGC_PAGE_SIZE]);
bool sgc_pages_head_check(const uint8_t in[SGC_PAGE_SIZE], uint64_t seed);

/** A row's address inside the tree of its table: logical page << 8 | slot. */
static inline uint64_t sgc_row_at(uint32_t page, uint32_t slot)
{
    return (uint64_t)page << 8 | slot;
}
static inline uint64_t sgc_row_load(const uint8_t p[5])
{
    return (uint64_t)p[0] | (uint64_t)sgc_load32(p + 1) << 8;
}
static inline void sgc_row_store(uint8_t p[5], uint64_t row)
{
    p[0] = (uint8_t)row;
    sgc_store32(p + 1, (uint32_t)(row >> 8));
}

/* ---- LEB128 numbers ---- */

static inline uint8_t *sgc_varint_put(uint8_t *p, uint64_t value)
{
    while (value >= 0x80) {
        *p++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *p++ = (uint8_t)value;
    return p;
}
static inline size_t sgc_varint_size(uint64_t value)
{
    size_t size = 1;

    for (; value >= 0x80; value >>= 7)
        size++;
    return size;
}
/** NULL when [p, end) does not hold one. */
static inline const uint8_t *sgc_varint_get(const uint8_t *p, const uint8_t *end, uint64_t *value)
{
    if (p < end && *p < 0x80) {
        *value = *p;
        return p + 1;
    }
    *value = 0;
    for (unsigned shift = 0; p < end && shift < 64; shift += 7) {
        *value |= (uint64_t)(*p & 0x7F) << shift;
        if (*p++ < 0x80) return p;
    }
    return NULL;
}

/** The same of bytes that are known to be sound. Sizes mostly take two bytes, begins one. */
static inline const uint8_t *sgc_varint_sound(const uint8_t *p, uint64_t *value)
{
    *value = *p;
    if (*p < 0x80) return p + 1;
    *value = (*p & 0x7FU) | (uint64_t)(p[1] & 0x7F) << 7;
    if (p[1] < 0x80) return p + 2;
    p += 2;
    for (unsigned shift = 14;; shift += 7) {
        *value |= (uint64_t)(*p & 0x7F) << shift;
        if (*p++ < 0x80) return p;
    }
}

#endif
