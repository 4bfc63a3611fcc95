/*
 * pages.h - the checkpointed image: published pages are immutable and one root names everything.
 *
 * sgc_pages is the open image; sgc_checkpoint one published state of it, counted by reference and
 * readable from any number of threads while a flush builds the next. A flush copies the pages it
 * touches, maintains every index of the model, syncs, and switches the root; the places of the old
 * pages are reused when no checkpoint and neither copy of the root names them any more.
 */
#ifndef SGC_STORE_PAGES_H
#define SGC_STORE_PAGES_H

#include "log/log.h"
#include "store/history.h"
#include "store/memtable.h"

typedef struct sgc_pages sgc_pages;
typedef struct sgc_checkpoint sgc_checkpoint;
typedef struct sgc_flush sgc_flush;

typedef struct sgc_pages_options {
    /** Makes the model that is used of the one that is kept; NULL: they are the same. */
    sgc_status (*extend)(const sgc_schema *kept, sgc_arena *arena, const sgc_schema **used);
    bool kept_wins;       /**< a kept model that is not the given one is used, not refused */
    uint64_t cache_bytes; /**< budget of frames and page tables together; at least 64 pages */
    uint64_t history_cache_bytes; /**< budget of blocks of history segments */
    /** A flush takes at most three times as much memory (1 MB to 64 MB); 0: a quarter of the cache.
     */
    uint64_t flush_bytes;
    bool read_only; /**< changes no file; the image must be there */
    bool to_repair; /**< opens also with a damaged free map: no place counts as free then */
} sgc_pages_options;

typedef struct sgc_pages_stats {
    uint64_t cache_hits, cache_misses, cache_evictions, cache_bytes, cache_budget;
    uint64_t flushes, pages_written, file_bytes, free_bytes;
    uint64_t held_bytes;  /**< of pages that only older checkpoints name, as of the last flush */
    uint64_t flush_bytes; /**< memory that the flush at work has */
} sgc_pages_stats;

/**
 * Opens `directory` (files root and pages), creating them when there is no root. The newest valid
 * root wins; SGC_CORRUPT when there are roots but none is valid, SGC_UNSUPPORTED when another
 * version has written them. `schema` may be NULL: the model kept in the root is built and used.
 */
SGC_CHECK sgc_status sgc_pages_open(const sgc_os *os, const char *directory,
                                    const sgc_schema *schema, const sgc_pages_options *options,
                                    sgc_pages **pages, sgc_error *error);
/** All checkpoints must have been released but the one the image itself holds. */
void sgc_pages_close(sgc_pages *pages);
const sgc_schema *sgc_pages_schema(const sgc_pages *pages);
sgc_history *sgc_pages_history(sgc_pages *pages);
void sgc_pages_get_stats(const sgc_pages *pages, sgc_pages_stats *stats);

/** The newest checkpoint, with a reference for the caller. Never NULL (a new image has an empty
 * one). */
sgc_checkpoint *sgc_pages_newest(sgc_pages *pages);
sgc_checkpoint *sgc_checkpoint_retain(sgc_checkpoint *checkpoint);
void sgc_checkpoint_release(sgc_checkpoint *checkpoint);
/** Last commit sequence and time that the checkpoint holds. */
uint64_t sgc_checkpoint_sequence(const sgc_checkpoint *checkpoint);
uint64_t sgc_checkpoint_time_us(const sgc_checkpoint *checkpoint);
/** Where the log goes on behind it; all zero when that is not known. */
sgc_log_place sgc_checkpoint_log(const sgc_checkpoint *checkpoint);
/** Segments of what was true before; borrowed from the checkpoint. */
sgc_segments *sgc_checkpoint_history(const sgc_checkpoint *checkpoint);
/** Rows of a table. */
uint64_t sgc_checkpoint_rows(const sgc_checkpoint *checkpoint, uint16_t table);
/** Size of a tree of a table. */
typedef struct sgc_tree_size {
    uint64_t entries;       /**< or rows */
    uint32_t pages, levels; /**< levels: of B+trees, else 0 */
    uint32_t done, of;      /**< of an index that is being built: pages of rows; else 0 */
} sgc_tree_size;
/** which: 0 the rows, 1 the hash index of keys, 2 + i the index at position i. */
void sgc_checkpoint_tree(const sgc_checkpoint *checkpoint, uint16_t table, unsigned which,
                         sgc_tree_size *size);

/** Whether an index (by position) holds all rows: if not, walks over it gather entries from them.
 */
bool sgc_checkpoint_is_whole(const sgc_checkpoint *checkpoint, uint16_t table, uint16_t index);
/** An index that is being built; false: there is none. */
bool sgc_checkpoint_next_build(const sgc_checkpoint *checkpoint, uint16_t *table, uint16_t *index);

/** A row of the image: the record (borrowed from a pinned frame or copied) and its begin. */
typedef struct sgc_stored_row {
    sgc_str record;
    uint64_t begin; /**< commit sequence that wrote this version */
} sgc_stored_row;

/** Looks a key up in the hash index and copies the record into arena. SGC_NOT_FOUND. */
SGC_CHECK sgc_status sgc_checkpoint_get(sgc_checkpoint *checkpoint, uint16_t table, sgc_str key,
                                        sgc_arena *arena, sgc_stored_row *row, sgc_error *error);
/** The same for a row that began at or before `at`; a later one is SGC_NOT_FOUND, and not copied.
 */
SGC_CHECK sgc_status sgc_checkpoint_get_at(sgc_checkpoint *checkpoint, uint16_t table, sgc_str key,
                                           uint64_t at, sgc_arena *arena, sgc_stored_row *row,
                                           sgc_error *error);
/** The row of the first entry of an index that begins with `prefix`, likewise. */
SGC_CHECK sgc_status sgc_checkpoint_find(sgc_checkpoint *checkpoint, uint16_t table, uint16_t index,
                                         sgc_str prefix, sgc_arena *arena, sgc_stored_row *row,
                                         sgc_error *error);

/** Many keys at a time: rows[i].record is null where keys[i] is not found. */
SGC_CHECK sgc_status sgc_checkpoint_get_many(sgc_checkpoint *checkpoint, uint16_t table,
                                             const sgc_str *keys, size_t count, sgc_arena *arena,
                                             sgc_stored_row *rows, sgc_error *error);

/** Longest entry of an index: components and key. */
#define SGC_ENTRY_MAX (2 * SGC_KEY_MAX)
/** More levels than any B+tree has. */
#define SGC_TREE_LEVELS 24

/** Where the entries of a node are: worked out once for many of them. */
typedef struct sgc_node_list {
    const uint8_t *node, *heads, *values, *prefix, *middle, *rests;
    const uint8_t *offsets; /**< of the rests; NULL: they have the same size, `rest` */
    unsigned count, head, width, rest, prefix_size, middle_size, key_head;
    unsigned key_size; /**< of all entries, if flags say so */
} sgc_node_list;

enum { SGC_ROWS_AHEAD = 32 };
/** A row of the pinned leaf that a cursor will soon be asked for. */
typedef struct sgc_row_ahead {
    uint64_t row;
    const uint8_t *bytes;       /**< of the row in its pinned page; NULL: to be read the long way */
    uint32_t place, checkpoint; /**< of its page */
    uint32_t frame;             /**< that probably holds its page, 0: none */
    bool owned; /**< gives the pin back; else the one behind it does, of the same page */
} sgc_row_ahead;

/**
 * An ordered walk over one index of the image. Allocated by the caller inside its own structures;
 * the checkpoint must stay retained. Pins at most one node and one row page, in a large cache those
 * of the next rows too, and gives all pins back in sgc_page_cursor_close(). Entries of index 0 are
 * the row's key alone, entries of the others what sgc_index_entry() gives followed by the row's
 * key.
 */
typedef struct sgc_page_cursor {
    sgc_checkpoint *checkpoint;
    uint16_t table, index;
    bool descending;
    bool valid;        /**< on an entry */
    sgc_str entry;     /**< components and the row's key; readable until the next call */
    uint16_t key_size; /**< the last key_size bytes of entry are the primary key */
    /** Private to the store. */
    struct {
        uint64_t row;                   /**< where the entry's row is: page and slot */
        uint32_t node_frame, row_frame; /**< pinned frames, 0 for none */
        uint8_t wanted;                 /**< rows to make ready at a time */
        /** Rows ahead by number, the first one's is 0: those from `kept` on are pinned, `next` is
         * asked for next, `ready` is not pinned yet, `seen` not looked at; when the one behind
         * `mark` is asked for, it is time for more. */
        uint16_t kept, next, mark, ready, seen;
        uint16_t first, limit;     /**< position of number 0; how many there can be, 0: none */
        sgc_node_list leaf;        /**< the pinned one; node NULL: not yet looked at */
        bool as_it_is;             /**< the tree, though it does not hold all rows */
        struct sgc_gather *gather; /**< entries of an index that does not; NULL: none yet */
        uint32_t nodes[SGC_TREE_LEVELS]; /**< the path by level, leaf first */
        uint16_t positions[SGC_TREE_LEVELS];
        uint16_t stop;   /**< in the leaf, ascending: first position behind what is walked over;
                              descending: the last one of it */
        sgc_str end;     /**< from sgc_page_cursor_until() */
        sgc_arena large; /**< a record of several pages */
        uint8_t bytes[SGC_ENTRY_MAX];
        sgc_row_ahead ahead[SGC_ROWS_AHEAD]; /**< by number, in turn */
    } own;
} sgc_page_cursor;

void sgc_page_cursor_open(sgc_page_cursor *cursor, sgc_checkpoint *checkpoint, uint16_t table,
                          uint16_t index, bool descending);
/** Where walks end: ascending in front of the first entry >= end, descending behind the last one
 * < end. Before the first seek; readable until the close. */
void sgc_page_cursor_until(sgc_page_cursor *cursor, sgc_str end);
/** Ascending: first entry >= bound; descending: last entry < bound. Null bound: the first/last. */
SGC_CHECK sgc_status sgc_page_cursor_seek(sgc_page_cursor *cursor, sgc_str bound, sgc_error *error);
/** To the next entry in the cursor's direction; valid becomes false at the end. */
SGC_CHECK sgc_status sgc_page_cursor_next(sgc_page_cursor *cursor, sgc_error *error);
/** To the next entry and to its row; `entry` may be null until sgc_page_cursor_show(). */
SGC_CHECK sgc_status sgc_page_cursor_next_row(sgc_page_cursor *cursor, sgc_stored_row *row,
                                              sgc_error *error);
void sgc_page_cursor_show(sgc_page_cursor *cursor);
/** The row of the current entry; record stays readable until the next call on this cursor. */
SGC_CHECK sgc_status sgc_page_cursor_row(sgc_page_cursor *cursor, sgc_stored_row *row,
                                         sgc_error *error);
void sgc_page_cursor_close(sgc_page_cursor *cursor);

/**
 * A walk over all rows of a table in the order of its pages, a batch at a time: for whoever needs
 * no order, since a row costs neither a look-up nor a pin of its own. The checkpoint must stay
 * retained. Pins at most one page between calls.
 */
typedef struct sgc_page_scan {
    sgc_checkpoint *checkpoint;
    uint64_t through; /**< rows that began later are left out */
    uint16_t table;
    unsigned count; /**< rows of the batch; 0: the end */
    /** Private to the store. */
    struct {
        uint32_t next;                    /**< logical page behind the pinned one */
        uint32_t frame;                   /**< pinned, 0 for none */
        unsigned slot;                    /**< of its page: the next one */
        const uint8_t *page;              /**< in it */
        const uint8_t *ahead, *ahead_end; /**< of the page behind it what is not yet fetched */
        sgc_arena large;                  /**< a record of several pages */
    } own;
    sgc_str records[SGC_SCAN_ROWS]; /**< readable until the next call */
} sgc_page_scan;

void sgc_page_scan_open(sgc_page_scan *scan, sgc_checkpoint *checkpoint, uint16_t table,
                        uint64_t through);
SGC_CHECK sgc_status sgc_page_scan_next(sgc_page_scan *scan, sgc_error *error);
/** The key of a record of the batch: bytes of the record or of `own`. */
SGC_CHECK sgc_status sgc_page_scan_key(const sgc_page_scan *scan, sgc_str record, sgc_key *own,
                                       sgc_str *key);
void sgc_page_scan_close(sgc_page_scan *scan);

/**
 * About how many entries of an index lie in from <= entry < to; null means open. Exact when they
 * stand in one leaf or in two neighbours, of the right size else. Costs two look-ups.
 */
SGC_CHECK sgc_status sgc_checkpoint_estimate(sgc_checkpoint *checkpoint, uint16_t table,
                                             uint16_t index, sgc_str from, sgc_str to,
                                             uint64_t *entries, sgc_error *error);

/* ---- flush: one thread at a time ---- */

/** Starts the next checkpoint on top of the newest one. */
SGC_CHECK sgc_status sgc_flush_begin(sgc_pages *pages, sgc_flush **flush, sgc_error *error);
/**
 * What was committed to one row since the image, or since the last call for it: `newest` is the row
 * now (a null record: it is gone, and may never have been in the image), indexes follow; what it
 * and the versions behind it superseded goes into the history. Of versions with one sequence only
 * the first counts.
 */
SGC_CHECK sgc_status sgc_flush_row(sgc_flush *flush, uint16_t table, sgc_str key,
                                   const sgc_version *newest, sgc_error *error);
/** So many reads at once a device does gladly. */
enum { SGC_READS_TOGETHER = 64 };
/** Says that sgc_flush_row() comes soon for this key: what it will read can be on its way. */
void sgc_flush_will_change(sgc_flush *flush, uint16_t table, sgc_str key);
/** A commit whose rows are in this flush; sequences and times rise. */
SGC_CHECK sgc_status sgc_flush_add_commit(sgc_flush *flush, uint64_t sequence, uint64_t time_us,
                                          sgc_error *error);
/** The next checkpoint says that the log goes on there; without this call as the last one did. */
void sgc_flush_set_log(sgc_flush *flush, const sgc_log_place *place);
/** The next checkpoint names these segments; only in a flush without rows. */
void sgc_flush_set_history(sgc_flush *flush, sgc_segments *segments);
/** The image becomes empty and takes this schema (only before any put of the flush). */
SGC_CHECK sgc_status sgc_flush_set_schema(sgc_flush *flush, const sgc_schema *schema,
                                          sgc_error *error);
/**
 * The schema, which stores rows as the one before does, takes its place: indexes that only the old
 * one had go. New ones are empty and to be built, but unique ones are built here and now:
 * SGC_SCHEMA_MISMATCH names the index and two rows that are equal in it. Before any row is put;
 * `schema` lives as long as the image.
 */
SGC_CHECK sgc_status sgc_flush_set_indexes(sgc_flush *flush, const sgc_schema *schema,
                                           sgc_error *error);
/** Asked now and then; enough: the round has done so much that it may end for others' sake. */
typedef bool sgc_build_stop(void *context, bool enough);
/**
 * In a flush without rows: goes on with the indexes of one table, until a good batch of entries is
 * sorted and entered or `stop` says so. SGC_LIMIT with words names a row whose entry is too long.
 */
SGC_CHECK sgc_status sgc_flush_build(sgc_flush *flush, sgc_build_stop *stop, void *context,
                                     sgc_error *error);
/**
 * Moves pages from the end of the page file to free places further ahead. The file gets shorter
 * when the places they leave are free: with the next commit after this flush's, if no older
 * checkpoint is held.
 */
SGC_CHECK sgc_status sgc_flush_compact(sgc_flush *flush, sgc_error *error);
/**
 * Syncs pages, then the root (copy A, sync, copy B, sync), and publishes the checkpoint; frees the
 * flush either way. After a failure the image stays at its old checkpoint and every later flush is
 * SGC_READ_ONLY until it is opened again.
 */
SGC_CHECK sgc_status sgc_flush_commit(sgc_flush *flush, uint64_t sequence, uint64_t time_us,
                                      sgc_error *error);
void sgc_flush_abort(sgc_flush *flush);

/* ---- loads: tables without rows get theirs beside everything else (load.c) ---- */

typedef struct sgc_page_load sgc_page_load;

/** What a load found wrong; texts live until the load ends. */
typedef struct sgc_load_clash {
    uint16_t table, index; /**< SGC_EXISTS: two rows with one entry; index 0: the key itself */
    uint16_t relation;     /**< SGC_FOREIGN_KEY: of the table, which names a parent */
    uint16_t parent;       /**< its table */
    sgc_str parent_key;
    sgc_str record;         /**< of the row */
    uint64_t origin, other; /**< where it came from, and an earlier row with its entry */
} sgc_load_clash;

/**
 * Starts filling tables that have no rows in pages that no checkpoint names yet. Entries of indexes
 * are collected in about `memory` bytes, more of them go to temporary files of the folder. One at a
 * time.
 */
SGC_CHECK sgc_status sgc_page_load_begin(sgc_pages *pages, uint64_t memory, sgc_page_load **load,
                                         sgc_error *error);
/** Adds a row. `origin` says where it came from, in a clash; 0: nobody will ask. SGC_LIMIT: an
 * indexed value is too long. */
SGC_CHECK sgc_status sgc_page_load_row(sgc_page_load *load, uint16_t table, sgc_str key,
                                       sgc_str record, uint64_t origin, uint64_t *row,
                                       sgc_error *error);
/** Adds a link between two rows to a link table, which becomes a row in sgc_page_load_links().
 * SGC_LIMIT: the keys are too long. */
SGC_CHECK sgc_status sgc_page_load_link(sgc_page_load *load, uint16_t table, sgc_str left,
                                        sgc_str right, uint64_t origin, sgc_error *error);
/** The row just added names a row of `parent`, which sgc_page_load_parents() is to look for. */
SGC_CHECK sgc_status sgc_page_load_refer(sgc_page_load *load, uint16_t table, uint16_t relation,
                                         uint64_t row, uint16_t parent, sgc_str parent_key,
                                         sgc_error *error);
/** Builds the indexes of all tables that have their rows: of link tables, behind
 * sgc_page_load_links(). SGC_EXISTS: two rows share a key or what is unique, see *clash. */
SGC_CHECK sgc_status sgc_page_load_build(sgc_page_load *load, sgc_load_clash *clash,
                                         sgc_error *error);
/** Whether the table is one of the load. */
bool sgc_page_load_has(const sgc_page_load *load, uint16_t table);
/** Looks for a row of the load, in a table that has its indexes. */
SGC_CHECK sgc_status sgc_page_load_find(sgc_page_load *load, uint16_t table, sgc_str key,
                                        bool *there, sgc_error *error);
/** Asks for the parents that were named. SGC_FOREIGN_KEY: *clash says which is not there. */
typedef sgc_status sgc_load_look_up(void *context, uint16_t table, sgc_str key, bool *there,
                                    sgc_error *error);
SGC_CHECK sgc_status sgc_page_load_parents(sgc_page_load *load, sgc_load_look_up *look_up,
                                           void *context, sgc_load_clash *clash, sgc_error *error);
/** Hands out the links of a table, each one once and those of a left end together; the keys are
 * readable during the call, which puts the row. */
typedef sgc_status sgc_load_link_sink(void *context, uint16_t table, sgc_str left, sgc_str right,
                                      uint64_t origin, sgc_error *error);
SGC_CHECK sgc_status sgc_page_load_links(sgc_page_load *load, uint16_t table,
                                         sgc_load_link_sink *take, void *context, sgc_error *error);
/** Writes what is in memory and syncs. After a failed sync the image can only be read. */
SGC_CHECK sgc_status sgc_page_load_sync(sgc_page_load *load, sgc_error *error);
/** The flush's checkpoint takes the tables; their rows begin at `sequence`. */
SGC_CHECK sgc_status sgc_page_load_land(sgc_page_load *load, sgc_flush *flush, uint64_t sequence,
                                        sgc_error *error);
/** Ends the load; what did not land is given back. NULL is fine. */
void sgc_page_load_end(sgc_page_load *load);
/** A flush failed while it wrote the root: its checkpoint may or may not be there after a crash. */
bool sgc_pages_is_unsure(const sgc_pages *pages);

/** Walks everything: pages, trees, indexes against rows, free places. Words go to `report`. */
SGC_CHECK sgc_status sgc_pages_verify(sgc_pages *pages, sgc_buf *report);
/**
 * Verifies, and builds anew what follows from the rest, in one checkpoint of its own: the indexes
 * of each table that has a damaged one, or a damaged page among its rows, and sound rows; the free
 * map, from what no tree names. Rows are never touched. What was done, and what could not be, goes
 * to `report`.
 */
SGC_CHECK sgc_status sgc_pages_rebuild(sgc_pages *pages, sgc_buf *report, sgc_error *error);
/**
 * Looks at the copies of the root in `directory` and changes nothing. What is wrong with them goes
 * to `report`; *sequence: the newest checkpoint's. SGC_NOT_FOUND: no root; SGC_CORRUPT: none valid.
 */
SGC_CHECK sgc_status sgc_root_inspect(const sgc_os *os, const char *directory, sgc_buf *report,
                                      uint64_t *sequence, sgc_error *error);

#endif
