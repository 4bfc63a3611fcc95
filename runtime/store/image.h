/*
 * image.h - private to store: the open image, its checkpoints and the flush that builds the next
 * one; trees of pages; what rows, hash index and B+tree ask of each other.
 *
 * A tree_view is a published tree or one under construction: a flush gives its new pages places at
 * once, so reading works the same on both.
 */
#ifndef SGC_STORE_IMAGE_H
#define SGC_STORE_IMAGE_H

#include "store/cache.h"
#include "store/pages.h"
#include "store/space.h"

/** Trees of a table stand together: rows, hash, index 0, index 1, ... */
enum { SGC_TREE_OF_ROWS = 0, SGC_TREE_OF_HASH = 1, SGC_TREE_OF_INDEX = 2 };

/** Everything that one checkpoint names. */
typedef struct sgc_image {
    const sgc_schema *schema; /**< NULL: no tables */
    sgc_tree *trees;          /**< all trees of tables */
    uint32_t *first_tree;     /**< of each table */
    sgc_cell *tables;         /**< of all trees; published images only, may be NULL */
    uint32_t tree_count, next_tree;
    uint32_t name_size, sdl_size, numbering_size;
    uint64_t schema_hash;
    sgc_tree root_trees[SGC_ROOT_TREES];
    uint32_t number; /**< of the checkpoint */
    uint32_t places; /**< of the page file */
    uint64_t sequence, time_us;
    sgc_log_place log; /**< where it goes on from here */
} sgc_image;

struct sgc_checkpoint {
    sgc_image image; /**< never changes once published */
    sgc_segments *segments;
    sgc_pages *pages;
    sgc_checkpoint *older, *newer; /**< list of live ones, under pages->lock */
    _Atomic uint64_t references;
};

struct sgc_pages {
    const sgc_os *os;
    char *directory, *root_path, *pages_path;
    sgc_file *root_file, *pages_file;
    sgc_cache cache;
    uint64_t seed; /**< of the hash of keys */
    uint64_t history_cache;
    sgc_status (*extend)(const sgc_schema *kept, sgc_arena *arena, const sgc_schema **used);
    bool kept_wins;
    sgc_history *history;
    sgc_mutex lock;
    sgc_checkpoint *newest; /**< under lock */
    sgc_arena schema_arena; /**< of a model built from the kept SDL */
    bool to_repair;         /**< opened for that */
    bool read_only;         /**< no file is changed */
    sgc_error space_error;  /**< status set: the free map is damaged, nothing counts as free */
    _Atomic bool failed;    /**< no flush any more */
    _Atomic bool flushing;
    _Atomic bool unsure;          /**< writing the root failed */
    _Atomic uint64_t last_number; /**< given to a checkpoint, a flush that failed or a load */
    _Atomic uint64_t flushes, pages_written, file_places, free_places, held_places;
    size_t flush_bytes;            /**< collected by a flush before it is folded */
    _Atomic uint64_t flush_memory; /**< for it, besides the history's */
    sgc_space space;               /**< the flush thread's */
};

/** An entry of an index that changes. */
typedef struct sgc_entry_change {
    uint64_t head; /**< eight bytes of the entry behind what all changes share, for sorting */
    uint32_t at;   /**< of its bytes; rises with arrival */
    uint16_t size, key_size; /**< of the entry, of the row's key at its end */
} sgc_entry_change;
#define SGC_CHANGE_REMOVE UINT64_MAX
enum { SGC_CHANGE_HEAD = 8 }; /* its row, SGC_CHANGE_REMOVE: gone, then the entry */

/** Changes of one index collected by a flush. */
typedef struct sgc_entry_changes {
    sgc_entry_change *items;
    size_t count, capacity;
    uint8_t *bytes;
    size_t bytes_used, bytes_capacity;
    /* once they are sorted */
    size_t shared; /**< bytes that all entries start with */
    bool sorted;   /**< came in order, each entry once */
} sgc_entry_changes;

/** Bytes that changes and what sorting them needs take, and that they have. */
static inline size_t sgc_changes_bytes(const sgc_entry_changes *changes)
{
    return changes->bytes_used + 2 * changes->count * sizeof(sgc_entry_change);
}
static inline size_t sgc_changes_room(const sgc_entry_changes *changes)
{
    return changes->bytes_capacity + changes->capacity * sizeof(sgc_entry_change);
}

static inline sgc_str sgc_change_entry(const sgc_entry_changes *changes,
                                       const sgc_entry_change *change)
{
    return sgc_str_of((const char *)changes->bytes + change->at + SGC_CHANGE_HEAD, change->size);
}
static inline uint64_t sgc_change_row(const sgc_entry_changes *changes,
                                      const sgc_entry_change *change)
{
    return sgc_load64(changes->bytes + change->at);
}

/** What sorting needs besides; kept from one index to the next. */
typedef struct sgc_sort_room {
    sgc_entry_change *items;
    size_t capacity;
} sgc_sort_room;

/** A table that had no rows when the flush began, as long as its rows come in order of the key:
 * they are only appended, and the indexes are built from them at the end. */
typedef struct sgc_bulk {
    uint8_t state;   /**< of SGC_BULK_* */
    sgc_buf highest; /**< key so far */
    uint32_t *pages; /**< with its rows */
    size_t page_count, page_capacity;
} sgc_bulk;
enum { SGC_BULK_UNKNOWN, SGC_BULK_NONE, SGC_BULK_OPEN };

/** Where a new page of the flush is in memory, to find it again quickly. */
typedef struct sgc_known_page {
    uint32_t tree, logical;
    uint8_t *page; /**< NULL: nothing known */
} sgc_known_page;
enum { SGC_KNOWN_PAGES = 4096 };

struct sgc_flush {
    sgc_pages *pages;
    sgc_checkpoint *base;
    sgc_image image; /**< of the next checkpoint */
    uint32_t *dirty; /**< frames; each holds a pin */
    size_t dirty_count, dirty_capacity, dirty_limit;
    sgc_places allocated;       /**< by this flush: free again when it fails */
    sgc_places replaced;        /**< places of the base that the new checkpoint does not name */
    sgc_entry_changes *changes; /**< by tree */
    size_t change_bytes;        /**< of all of them */
    size_t change_room;         /**< what they have */
    size_t change_limit;        /**< more are applied before the commit */
    sgc_bulk *bulks;            /**< by table */
    sgc_entry_changes bulk;     /**< of the index that is being built */
    sgc_sort_room sort_room;
    sgc_arena scratch;          /**< of one put */
    uint8_t *staging;           /**< pages on their way to the file */
    sgc_known_page *known;      /**< by hash of tree and logical number; dirty pages only */
    sgc_history_writer *writer; /**< NULL: nothing for the history yet */
    sgc_segments *segments;     /**< of the next checkpoint, once known */
    bool began;                 /**< something was put or deleted */
    sgc_status broken;          /**< first failure: the flush can only be aborted */
    bool is_load;               /**< beside the flush: places are lent, nothing is committed */
    bool lands;                 /**< its checkpoint names what was lent */
};

/* ---- image.c: images in memory ---- */

SGC_CHECK sgc_status sgc_image_copy(const sgc_image *from, sgc_image *to);
/** Fresh trees for every table of schema (may be NULL). */
SGC_CHECK sgc_status sgc_image_reset(sgc_image *image, const sgc_schema *schema);
void sgc_image_free(sgc_image *image);
/** Lets a published image keep pages of page tables; without memory it goes without. */
void sgc_image_keep_tables(sgc_image *image);
static inline sgc_tree *sgc_image_tree(const sgc_image *image, uint16_t table, unsigned which)
{
    return &image->trees[image->first_tree[table] + which];
}

/**
 * Whether the rows of this row's page are in the index. c of an index under construction is 1 plus
 * the first page of rows that is not in it; 0: all are.
 */
static inline bool sgc_index_covers(const sgc_tree *index, uint64_t row)
{
    return index->c == 0 || (row >> 8) + 1 < index->c;
}

/* ---- tree.c: reading pages of a tree ---- */

/** Place of a logical page. */
SGC_CHECK sgc_status sgc_tree_look_up(sgc_cache *cache, const sgc_tree *tree, uint32_t logical,
                                      sgc_page_at *at, sgc_error *error);
/** Lowest pages of the tree's page table. */
static inline uint32_t sgc_tree_table_count(const sgc_tree *tree)
{
    return tree->pages / SGC_TABLE_FAN + 1;
}
/** Gives back what the tree keeps pinned. */
void sgc_tree_keep_none(sgc_cache *cache, sgc_tree *tree);
/** The same without reading anything: false when the page of the page table is not kept. */
static inline bool sgc_tree_look_up_kept(const sgc_cache *cache, const sgc_tree *tree,
                                         uint32_t logical, sgc_page_at *at)
{
    if (!tree->tables || logical >= tree->pages) return false;
    uint32_t frame =
        atomic_load_explicit(&tree->tables[logical / SGC_TABLE_FAN], memory_order_acquire);
    if (frame == 0) return false;
    const uint8_t *page = sgc_frame_data(cache, frame);
    *at = sgc_place_load(page + SGC_PAGE_HEAD + 8 * (size_t)(logical % SGC_TABLE_FAN));
    return true;
}
/** sgc_tree_pin() of a page that may have to be read, or whose page table has. */
SGC_CHECK sgc_status sgc_tree_load(sgc_cache *cache, const sgc_tree *tree, uint32_t logical,
                                   sgc_page_kind kind, uint32_t *frame, const uint8_t **page,
                                   sgc_error *error);
/** Pins a page and returns its bytes; give the frame back with sgc_cache_unpin(). */
SGC_CHECK static inline sgc_status sgc_tree_pin(sgc_cache *cache, const sgc_tree *tree,
                                                uint32_t logical, sgc_page_kind kind,
                                                uint32_t *frame, const uint8_t **page,
                                                sgc_error *error)
{
    sgc_page_at at;

    if (sgc_tree_look_up_kept(cache, tree, logical, &at)) {
        *frame = sgc_cache_foresee(cache, at.place);
        if (*frame && sgc_cache_pin_frame(cache, *frame, at, (uint8_t)kind)) {
            *page = sgc_frame_data(cache, *frame);
            return SGC_OK;
        }
    }
    return sgc_tree_load(cache, tree, logical, kind, frame, page, error);
}
/** Has the device begin to read a page that is not in memory and will be needed. */
void sgc_tree_will_read(sgc_pages *pages, const sgc_tree *tree, uint32_t logical);
sgc_status sgc_tree_damaged(const sgc_tree *tree, uint32_t logical, const char *why,
                            sgc_error *error);
/** What kind of page is published there; 0: none. */
SGC_CHECK sgc_status sgc_tree_kind_at(sgc_pages *pages, const sgc_tree *tree, uint32_t logical,
                                      unsigned *kind, sgc_error *error);
/** Copies `size` bytes that a tree of BYTES pages holds. */
SGC_CHECK sgc_status sgc_tree_read_bytes(sgc_cache *cache, const sgc_tree *tree, void *out,
                                         size_t size, sgc_error *error);

/* ---- write.c: changing pages in a flush ----
 * The returned bytes stay writable until the next sgc_flush_relieve(), the only place where new
 * pages leave for the file before the commit. */

SGC_CHECK sgc_status sgc_write_page(sgc_flush *flush, sgc_tree *tree, uint32_t logical,
                                    sgc_page_kind kind, uint8_t **page, sgc_error *error);
/** Gives out the next `count` logical numbers of a tree; pages come with sgc_write_first(). */
SGC_CHECK sgc_status sgc_write_reserve(sgc_flush *flush, sgc_tree *tree, uint32_t count,
                                       sgc_error *error);
/** The page of a logical number that has none yet, zeroed but for its head. */
SGC_CHECK sgc_status sgc_write_first(sgc_flush *flush, sgc_tree *tree, uint32_t logical,
                                     sgc_page_kind kind, uint8_t **page, sgc_error *error);
/** A page with a new logical number, zeroed but for its head. */
SGC_CHECK sgc_status sgc_write_new(sgc_flush *flush, sgc_tree *tree, sgc_page_kind kind,
                                   uint32_t *logical, uint8_t **page, sgc_error *error);
SGC_CHECK sgc_status sgc_write_free(sgc_flush *flush, sgc_tree *tree, uint32_t logical,
                                    sgc_error *error);
/** Frees every page of a tree and its page table; the tree is empty afterwards. */
SGC_CHECK sgc_status sgc_write_clear(sgc_flush *flush, sgc_tree *tree, sgc_error *error);
/** Whether the frame is one of this flush that has to be written; others may have it by now. */
bool sgc_flush_dirties(const sgc_flush *flush, uint32_t frame);
/** Writes new pages out when they take too much of the cache. */
SGC_CHECK sgc_status sgc_flush_relieve(sgc_flush *flush, sgc_error *error);
/** When a quarter of the file is free, moves some pages from its end to the front: at most as many
 * as the flush has written, so that no flush waits long for it. */
SGC_CHECK sgc_status sgc_flush_give_back(sgc_flush *flush, sgc_error *error);
/** Writes all new pages, in order of place. */
SGC_CHECK sgc_status sgc_flush_write_out(sgc_flush *flush, sgc_error *error);

/* ---- rows.c ---- */

/** A row page in a pinned frame, or a copy of a long row. */
typedef struct sgc_row {
    sgc_str record; /**< null when `large` and not yet read */
    sgc_str key;    /**< of large rows only, else null */
    uint64_t begin;
    const uint8_t *pages; /**< large: list of pages */
    uint32_t size;        /**< large: bytes of the record */
    uint8_t level, page_count;
    bool large;
} sgc_row;

/** Bytes of the row in a slot of a page that is pinned and sound; NULL when there is none. */
static inline const uint8_t *sgc_row_bytes(const uint8_t *page, unsigned slot)
{
    if (slot >= sgc_load16(page + 18)) return NULL;
    unsigned offset = sgc_load16(page + SGC_PAGE_HEAD + 2 * (size_t)slot);
    return offset ? page + offset : NULL;
}
/** What these bytes say. */
void sgc_row_parse(const sgc_tree *rows, const uint8_t *bytes, sgc_row *row);
/** The same of a row in one page; false: it is a large one. */
static inline bool sgc_row_parse_small(const sgc_tree *rows, const uint8_t *bytes,
                                       sgc_stored_row *row)
{
    uint64_t size, begin;
    const uint8_t *p = sgc_varint_sound(sgc_varint_sound(bytes, &size), &begin);

    row->record = sgc_str_of((const char *)p, (size_t)(size / 2));
    row->begin = begin ? begin : rows->loaded;
    return !(size & 1);
}
/** The row in a slot; false when there is none. */
static inline bool sgc_row_in(const sgc_tree *rows, const uint8_t *page, unsigned slot,
                              sgc_row *row)
{
    const uint8_t *bytes = sgc_row_bytes(page, slot);

    if (bytes) sgc_row_parse(rows, bytes, row);
    return bytes != NULL;
}
/** Has the processor fetch what sgc_row_bytes() will read, and then the first of the row's bytes.
 */
static inline void sgc_row_foresee_slot(const uint8_t *page, unsigned slot)
{
    __builtin_prefetch(page);
    __builtin_prefetch(page + SGC_PAGE_HEAD + 2 * (size_t)slot);
}
static inline void sgc_row_foresee(const uint8_t *bytes)
{
    __builtin_prefetch(bytes);
    __builtin_prefetch(bytes + 64);
    __builtin_prefetch(bytes + 128);
}
/**
 * The next batch of records of the scan's page: those that began at or before `through`. A row of
 * several pages ends it, and when it is the first one it is *large (else large->large is false),
 * and the batch is empty. Meanwhile the page ahead is fetched.
 */
void sgc_rows_collect(const sgc_tree *rows, sgc_page_scan *scan, sgc_row *large);
/** When the row of the page that is there longest began; UINT64_MAX without rows. */
uint64_t sgc_rows_oldest(const sgc_tree *rows, const uint8_t *page);
/** Whether no slot of the page is at or behind this one. */
bool sgc_rows_end(const uint8_t *page, unsigned slot);
/** The row at `at`, pinned in *frame. */
SGC_CHECK sgc_status sgc_row_pin(sgc_cache *cache, const sgc_tree *rows, uint64_t at,
                                 uint32_t *frame, sgc_row *row, sgc_error *error);
/** Reads the pages of a large row into arena and sets row->record. */
SGC_CHECK sgc_status sgc_row_read_large(sgc_cache *cache, const sgc_tree *rows, sgc_row *row,
                                        sgc_arena *arena, sgc_error *error);
/** Calls each(context, at, row) for the rows of one page. */
typedef sgc_status sgc_rows_visit(void *context, uint64_t at, sgc_row *row, sgc_error *error);
SGC_CHECK sgc_status sgc_rows_each(sgc_cache *cache, const sgc_tree *rows, uint32_t logical,
                                   sgc_rows_visit *each, void *context, sgc_error *error);
/** The row's key: bytes of the row or of `own`. */
SGC_CHECK sgc_status sgc_stored_key(const sgc_table *table, const sgc_row *row, sgc_key *own,
                                    sgc_str *key);
/** SGC_OK when the row has this key, SGC_NOT_FOUND when it has another. */
SGC_CHECK sgc_status sgc_row_has_key(const sgc_table *table, const sgc_row *row, sgc_str key);
/** A page among the rows, for whatever kind. */
SGC_CHECK sgc_status sgc_rows_new_page(sgc_flush *flush, sgc_tree *rows, sgc_page_kind kind,
                                       uint32_t *logical, uint8_t **page, sgc_error *error);
/** Pages of the rows that tell where room is, told by their number. */
bool sgc_rows_is_map(uint32_t logical);
/** Puts an empty map in the place of a damaged one; then its row pages have to be noted, and at the
 * end all maps counted. */
SGC_CHECK sgc_status sgc_rows_renew_map(sgc_flush *flush, sgc_tree *rows, uint32_t map,
                                        sgc_error *error);
SGC_CHECK sgc_status sgc_rows_note(sgc_flush *flush, sgc_tree *rows, uint32_t logical,
                                   sgc_error *error);
SGC_CHECK sgc_status sgc_rows_count_room(sgc_flush *flush, sgc_tree *rows, sgc_error *error);
SGC_CHECK sgc_status sgc_rows_insert(sgc_flush *flush, sgc_tree *rows, sgc_str key, uint64_t begin,
                                     sgc_str record, uint64_t *at, sgc_error *error);
/** Replaces a row; *at changes when it has to move. */
SGC_CHECK sgc_status sgc_row_replace(sgc_flush *flush, sgc_tree *rows, sgc_str key, uint64_t begin,
                                     sgc_str record, uint64_t *at, sgc_error *error);
SGC_CHECK sgc_status sgc_row_remove(sgc_flush *flush, sgc_tree *rows, uint64_t at,
                                    sgc_error *error);

/* ---- hash_index.c ---- */

/** One table of one image. */
typedef struct sgc_table_view {
    sgc_cache *cache;
    const sgc_table *table;
    const sgc_tree *rows, *hash;
    uint64_t seed;
} sgc_table_view;

/** Finds a row by key; the row's page is pinned in *frame. SGC_NOT_FOUND. */
SGC_CHECK sgc_status sgc_hash_find(const sgc_table_view *view, sgc_str key, uint64_t *at,
                                   uint32_t *frame, sgc_row *row, sgc_error *error);
/** Where the row of a key is, as far as that can be told from memory. */
typedef struct sgc_probe {
    uint64_t row;        /**< that may have the key */
    const uint8_t *page; /**< its page */
    sgc_page_at at;
    uint32_t h, frame; /**< frame: of the page, pinned; 0: only sgc_hash_find() can tell */
    bool is_absent;    /**< no row has the key */
} sgc_probe;
/** The index has pages; the caller gives back what is pinned. */
void sgc_hash_probe(const sgc_table_view *view, sgc_str key, sgc_probe *probe);
void sgc_hash_probe_many(const sgc_table_view *view, const sgc_str *keys, size_t count,
                         sgc_probe *probes);
/** Has the device begin to read the page of the index that a key leads to. */
void sgc_hash_will_find(sgc_pages *pages, const sgc_table_view *view, sgc_str key);
SGC_CHECK sgc_status sgc_hash_insert(sgc_flush *flush, sgc_tree *hash, sgc_tree *rows, sgc_str key,
                                     uint64_t at, sgc_error *error);
/** Changes the address of a key's row from `old` to `now`. */
SGC_CHECK sgc_status sgc_hash_move(sgc_flush *flush, sgc_tree *hash, sgc_tree *rows, sgc_str key,
                                   uint64_t old, uint64_t now, sgc_error *error);
SGC_CHECK sgc_status sgc_hash_remove(sgc_flush *flush, sgc_tree *hash, sgc_tree *rows, sgc_str key,
                                     uint64_t at, sgc_error *error);
/** Calls each(context, hash, row) for every entry. */
typedef sgc_status sgc_hash_visit(void *context, uint32_t hash, uint64_t row, sgc_error *error);
SGC_CHECK sgc_status sgc_hash_each(sgc_cache *cache, const sgc_tree *hash, const sgc_tree *rows,
                                   sgc_hash_visit *each, void *context, sgc_error *error);
uint32_t sgc_hash_of(uint64_t seed, sgc_str key);

/** An entry of the hash index outside of a page. */
typedef struct sgc_hash_entry {
    uint64_t row;
    uint32_t h;
} sgc_hash_entry;
/** Builds the index, which has no pages, at its final size. */
SGC_CHECK sgc_status sgc_hash_build(sgc_flush *flush, sgc_tree *hash, sgc_tree *rows,
                                    const sgc_hash_entry *entries, size_t count, sgc_error *error);
/** Where an entry stands among those of a build in order: groups of pages one after the other. */
uint32_t sgc_hash_order(uint32_t h);
/** Builds the index out of `count` entries that next() gives in that order. */
typedef sgc_status sgc_hash_next(void *context, sgc_hash_entry *entry, sgc_error *error);
SGC_CHECK sgc_status sgc_hash_build_sorted(sgc_flush *flush, sgc_tree *hash, sgc_tree *rows,
                                           uint64_t count, sgc_hash_next *next, void *context,
                                           sgc_error *error);

/* ---- flush_history.c ---- */

/** Hands over what `newest` and the versions behind it superseded, down to the row of the image. */
SGC_CHECK sgc_status sgc_flush_keep(sgc_flush *flush, uint16_t table, sgc_str key,
                                    const sgc_version *newest, const sgc_stored_row *row,
                                    sgc_error *error);
/** All rows of a table were inserted by this commit: a change of the empty key, which no row has.
 */
SGC_CHECK sgc_status sgc_flush_note_load(sgc_flush *flush, uint16_t table, uint64_t sequence,
                                         sgc_error *error);
/** Writes the segment and the manifest; flush->segments is set afterwards. */
SGC_CHECK sgc_status sgc_flush_end_history(sgc_flush *flush, uint64_t through, sgc_error *error);
void sgc_flush_drop_history(sgc_flush *flush);

/* ---- flush.c ---- */

/** Room for the changes of every tree of the image; before the first one. */
SGC_CHECK sgc_status sgc_flush_new_changes(sgc_flush *flush);
void sgc_flush_free_changes(sgc_flush *flush);
/** For the statistics: what was collected, and `more` bytes. */
void sgc_flush_note_memory(const sgc_flush *flush, size_t more);
/** The schema into its tree, which has no pages. */
SGC_CHECK sgc_status sgc_write_schema(sgc_flush *flush, const sgc_schema *schema, sgc_error *error);
/**
 * A flush that is never committed itself: it builds the trees of tables without rows, beside other
 * flushes and for as long as that takes. Nobody else knows its places. The trees of all tables are
 * those of the newest checkpoint; clear them in memory before they are written.
 */
SGC_CHECK sgc_status sgc_flush_begin_load(sgc_pages *pages, sgc_flush **load, sgc_error *error);
/** The checkpoint takes the trees of `load` for a table, which has no rows; all that the load wrote
 * is durable. Rows written with begin 0 begin at `sequence`. */
SGC_CHECK sgc_status sgc_flush_land(sgc_flush *flush, sgc_flush *load, uint16_t table,
                                    uint64_t sequence, sgc_error *error);

/** Appends pages with these bytes to a tree that has none. */
SGC_CHECK sgc_status sgc_write_bytes(sgc_flush *flush, sgc_tree *tree, sgc_str bytes,
                                     sgc_error *error);

/** One change for each entry that `record` has in the index (not index 0). */
SGC_CHECK sgc_status sgc_index_changes(const sgc_table *table, uint16_t index, sgc_str record,
                                       sgc_str key, uint64_t row, sgc_entry_changes *changes,
                                       sgc_error *error);
/** Components of entry number `element` of an index: emitted code when there is some. */
SGC_CHECK sgc_status sgc_index_components(const sgc_table *table, uint16_t index, sgc_str record,
                                          uint32_t element, sgc_key *key);

/* ---- cursor_gather.c: cursors over indexes that do not hold all rows ---- */

SGC_CHECK sgc_status sgc_cursor_gather_seek(sgc_page_cursor *cursor, sgc_str bound,
                                            sgc_error *error);
SGC_CHECK sgc_status sgc_cursor_gather_next(sgc_page_cursor *cursor, sgc_error *error);
void sgc_cursor_gather_close(sgc_page_cursor *cursor);

/* ---- index_build.c ---- */

/** Entry number `element` of a record with the row's key behind it, as a new index takes it. */
SGC_CHECK sgc_status sgc_index_key(const sgc_table *table, uint16_t index, sgc_str record,
                                   uint32_t element, sgc_str key, sgc_key *entry);
/** Words for a row that cannot be entered. */
sgc_status sgc_index_failed(const sgc_table *table, uint16_t index, sgc_str key, sgc_status status,
                            sgc_error *error);

/* ---- btree_write.c ---- */

/** Sorts the changes and applies them to the index; the changes are empty afterwards. */
SGC_CHECK sgc_status sgc_index_apply(sgc_flush *flush, sgc_tree *tree, bool with_key_size,
                                     sgc_entry_changes *changes, sgc_error *error);

/* ---- btree_build.c ---- */

/** An index that has no pages being built from the bottom, each node full. Zero-initialise. */
typedef struct sgc_index_builder {
    sgc_flush *flush;
    sgc_tree *tree;
    bool key_sizes;
    struct sgc_build_level *levels; /**< SGC_TREE_LEVELS of them */
} sgc_index_builder;
SGC_CHECK sgc_status sgc_index_build_start(sgc_index_builder *builder, sgc_flush *flush,
                                           sgc_tree *tree, bool with_key_size, sgc_error *error);
/** Entries rise, each once. */
SGC_CHECK sgc_status sgc_index_build_add(sgc_index_builder *builder, sgc_str entry,
                                         uint16_t key_size, uint64_t row, sgc_error *error);
SGC_CHECK sgc_status sgc_index_build_end(sgc_index_builder *builder, sgc_error *error);
void sgc_index_build_free(sgc_index_builder *builder);

/* ---- sort.c ---- */

/** Notes that the entry `components` and `key` now leads to `row`, or is gone. SGC_LIMIT when the
 * changes must be applied first. */
SGC_CHECK sgc_status sgc_changes_add(sgc_entry_changes *changes, sgc_str components, sgc_str key,
                                     uint64_t row);
/** Orders by entry, those of one entry by arrival. */
SGC_CHECK sgc_status sgc_changes_order(sgc_entry_changes *changes, sgc_sort_room *room);
/** The same; of the changes of one entry the last stays. */
SGC_CHECK sgc_status sgc_changes_sort(sgc_entry_changes *changes, sgc_sort_room *room);
void sgc_changes_clear(sgc_entry_changes *changes);
void sgc_changes_free(sgc_entry_changes *changes);

/* ---- bulk.c ---- */

/** True when the row with this key cannot be there and is only to be appended. */
SGC_CHECK sgc_status sgc_bulk_takes(sgc_flush *flush, uint16_t table, sgc_str key, bool *takes,
                                    sgc_error *error);
SGC_CHECK sgc_status sgc_bulk_put(sgc_flush *flush, uint16_t table, sgc_str key, uint64_t begin,
                                  sgc_str record, sgc_error *error);
/** Builds the indexes of a table, or of all, that took rows this way. */
SGC_CHECK sgc_status sgc_bulk_end(sgc_flush *flush, uint16_t table, sgc_error *error);
SGC_CHECK sgc_status sgc_bulk_end_all(sgc_flush *flush, sgc_error *error);
void sgc_bulk_free(sgc_flush *flush);

/* ---- load.c ---- */

/** Removes what a load left behind when it was cut short. */
SGC_CHECK sgc_status sgc_load_sweep(const sgc_os *os, const char *directory);

/* ---- verify.c ---- */

/** What is wrong with a table. */
enum { SGC_ROWS_DAMAGED = 1, SGC_INDEXES_DAMAGED = 2 };
/** What kind of page is at a logical number, 0 when that is free; SGC_CORRUPT: a damaged one.
 * `what`: the tree, in words. */
SGC_CHECK sgc_status sgc_pages_kind(sgc_pages *pages, const sgc_tree *tree, const char *what,
                                    uint32_t logical, unsigned *kind, sgc_error *error);
/** sgc_pages_verify(); verdicts (by table, zeroed) also says what is damaged. */
SGC_CHECK sgc_status sgc_pages_examine(sgc_pages *pages, uint8_t *verdicts, sgc_buf *report);

/* ---- root.c ---- */

/** Reads both copies; the newer valid one wins. *differ: the copies are not equal. */
SGC_CHECK sgc_status sgc_root_read(const sgc_os *os, sgc_file *file, const char *path,
                                   sgc_root *root, bool *differ, sgc_error *error);
/** Copy A, sync, copy B, sync. */
SGC_CHECK sgc_status sgc_root_write(const sgc_os *os, sgc_file *file, const sgc_root *root,
                                    sgc_error *error);

#endif
