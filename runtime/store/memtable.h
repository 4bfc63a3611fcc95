/*
 * memtable.h - what was written since the last flush (or by one open transaction): versions of rows
 * by key, newest first, and ordered overlays of index entries.
 *
 * One writer at a time (the committer's lock is outside); any number of readers without locks, each
 * at its own sequence: a version is seen when its sequence is at most the reader's. Memory comes
 * from an arena of the table and is freed with it. A transaction's private write set is a MemTable
 * too, whose sequences are positions in its own undo list.
 *
 * Entries of index 0 are the row's key alone; other entries are components followed by the key.
 */
#ifndef SGC_STORE_MEMTABLE_H
#define SGC_STORE_MEMTABLE_H

#include "schema/schema.h"

#include <stdatomic.h>

typedef struct sgc_memtable sgc_memtable;

SGC_CHECK sgc_status sgc_memtable_create(const sgc_schema *schema, sgc_memtable **memtable);
/**
 * A write set: one thread puts and reads. Its index entries are brought in order only when a cursor
 * asks, so a large transaction that nobody walks never pays for that. After sgc_memtable_restamp()
 * any number of threads may read it.
 */
SGC_CHECK sgc_status sgc_memtable_create_private(const sgc_schema *schema, sgc_memtable **memtable);
/** Of a value (components without key) of a unique index, for sgc_memtable_may_touch(). */
uint32_t sgc_memtable_unique_hash(uint16_t table, uint16_t index, sgc_str components);
/** False when no entry with this value was ever put or removed here; true may be wrong. */
bool sgc_memtable_may_touch(const sgc_memtable *memtable, uint32_t hash);
void sgc_memtable_destroy(sgc_memtable *memtable);
/** Bytes taken from the heap; any thread may ask. */
size_t sgc_memtable_bytes(const sgc_memtable *memtable);
bool sgc_memtable_is_empty(const sgc_memtable *memtable);
/** What a MemTable begins with: of which tables it may know rows, a bit by number modulo 128. */
typedef struct sgc_memtable_head {
    _Atomic uint64_t tables[2];
} sgc_memtable_head;
bool sgc_memtable_knows_table(const sgc_memtable *memtable, uint16_t table);
/** False when no row of this table was ever put: readers may pass it by. */
static inline bool sgc_memtable_has_table(const sgc_memtable *memtable, uint16_t table)
{
    sgc_memtable_head *head = (sgc_memtable_head *)(uintptr_t)memtable;
    uint64_t some = atomic_load_explicit(&head->tables[table / 64 % 2], memory_order_acquire);

    return (some >> table % 64 & 1) && sgc_memtable_knows_table(memtable, table);
}

/** One version of a row; record null: deleted. Readable as long as the MemTable lives. */
typedef struct sgc_version {
    uint64_t sequence;
    sgc_str record;
    const struct sgc_version *older;
} sgc_version;

/**
 * Adds a version of a row and the index entries that change against `before` (the record it
 * replaces, null for none). record null deletes. Sequences never fall. SGC_LIMIT when an index
 * entry is too long; after a failure nothing of the put is left. A `before` of the first put of a
 * row is kept as it is for sgc_memtable_walk() and must outlive such walks.
 */
SGC_CHECK sgc_status sgc_memtable_put(sgc_memtable *memtable, uint16_t table, sgc_str key,
                                      sgc_str before, sgc_str record, uint64_t sequence);
/** Newest version with sequence <= at, NULL when this MemTable knows none. */
const sgc_version *sgc_memtable_get(const sgc_memtable *memtable, uint16_t table, sgc_str key,
                                    uint64_t at);
/** The same in two steps, for a reader that asks several MemTables for one key. */
uint64_t sgc_memtable_hash(uint16_t table, sgc_str key);
const sgc_version *sgc_memtable_find(const sgc_memtable *memtable, uint64_t hash, uint16_t table,
                                     sgc_str key, uint64_t at);

/** Takes back every put with a sequence greater than `to`, newest first; memory stays taken. */
void sgc_memtable_rollback(sgc_memtable *memtable, uint64_t to);
/** Gives every version this sequence: a write set nobody else reads becomes a commit's MemTable. */
void sgc_memtable_restamp(sgc_memtable *memtable, uint64_t sequence);

/**
 * Calls each(context, ...) for every version with after < sequence <= through, the newest put
 * first. Readers may ask beside the writer.
 */
SGC_CHECK sgc_status sgc_memtable_since(const sgc_memtable *memtable, uint64_t after,
                                        uint64_t through,
                                        sgc_status (*each)(void *context, uint16_t table,
                                                           sgc_str key, const sgc_version *version),
                                        void *context);

/** A walk over all rows in the order of their first put, by the writer or when nobody writes. */
typedef struct sgc_memtable_walk {
    uint16_t table;
    sgc_str key;
    sgc_str before;            /**< what its first put replaced */
    const sgc_version *newest; /**< NULL when all its puts were rolled back */
    const void *row;           /**< NULL to start */
} sgc_memtable_walk;
/** To the next row; false at the end. */
bool sgc_memtable_walk_next(const sgc_memtable *memtable, sgc_memtable_walk *walk);

/** About how many rows of a table were ever put. */
size_t sgc_memtable_rows(const sgc_memtable *memtable, uint16_t table);

/**
 * A walk over the rows of one table that have a version <= at, in no order, beside the writer.
 */
typedef struct sgc_memtable_scan {
    uint64_t at;
    uint64_t hash;              /**< sgc_memtable_hash() of the row */
    sgc_str key;                /**< readable as long as the MemTable lives, like the version */
    const sgc_version *version; /**< newest one <= at */
    const void *row;            /**< the next one */
} sgc_memtable_scan;
void sgc_memtable_scan_open(sgc_memtable_scan *scan, const sgc_memtable *memtable, uint16_t table,
                            uint64_t at);
/** To the next row; false at the end. */
bool sgc_memtable_scan_next(sgc_memtable_scan *scan);

/** An ordered walk over the overlay of one index, entries of all sequences <= at, newest decides.
 */
typedef struct sgc_memtable_cursor {
    const sgc_memtable *memtable;
    uint64_t at;
    uint16_t table, index;
    bool descending;
    bool valid;
    bool present;      /**< the entry exists at `at`; false: it was removed (hides the one below) */
    uint64_t sequence; /**< since when it is so */
    sgc_str entry;     /**< readable as long as the MemTable lives */
    uint16_t key_size;
    const void *node;
} sgc_memtable_cursor;

void sgc_memtable_cursor_open(sgc_memtable_cursor *cursor, const sgc_memtable *memtable,
                              uint16_t table, uint16_t index, uint64_t at, bool descending);
/** Ascending: first entry >= bound; descending: last entry < bound; null: first/last. */
void sgc_memtable_cursor_seek(sgc_memtable_cursor *cursor, sgc_str bound);
void sgc_memtable_cursor_next(sgc_memtable_cursor *cursor);

/**
 * About how many entries of an index were put or removed in from <= entry < to, in whatever
 * versions; null means open. Of a write set only what a cursor has brought in order.
 */
uint64_t sgc_memtable_estimate(const sgc_memtable *memtable, uint16_t table, uint16_t index,
                               sgc_str from, sgc_str to);

/** Calls each(context, ...) once per row with its newest version <= at, table by table in key
 * order. */
SGC_CHECK sgc_status sgc_memtable_each(const sgc_memtable *memtable, uint64_t at,
                                       sgc_status (*each)(void *context, uint16_t table,
                                                          sgc_str key, const sgc_version *version),
                                       void *context);

#endif
