/*
 * history.h - what was true before: superseded versions of rows in immutable sorted segments, the
 * commits of each flush with their times, and what each of them changed. Off the path of the
 * present; no transactions and no MemTables here.
 *
 * sgc_history is the open folder `history/`; sgc_segments one published list of its segments,
 * counted by reference and readable from any number of threads while the next one is written or
 * old ones are merged. Each segment covers the sequences (after, through] of one flush or of
 * several neighbouring ones; together they cover everything up to the newest checkpoint. A version
 * lies in the segment of the flush that superseded it.
 */
#ifndef SGC_STORE_HISTORY_H
#define SGC_STORE_HISTORY_H

#include "os/os.h"
#include "schema/schema.h"

typedef struct sgc_history sgc_history;
typedef struct sgc_segments sgc_segments;
typedef struct sgc_history_writer sgc_history_writer;

typedef struct sgc_history_stats {
    uint64_t segments, bytes, versions, changes;                  /**< of the newest list */
    uint64_t cache_hits, cache_misses, cache_bytes, cache_budget; /**< decompressed blocks */
    uint64_t merges, merged_bytes;                                /**< since open */
    uint64_t resident_bytes; /**< footers and filters of the list's segments, in no budget */
} sgc_history_stats;

/**
 * Opens `directory` (made when it is missing) with the segments that `manifest` names (empty: none)
 * and removes files that it does not name: they were written for a checkpoint that never was.
 * read_only: makes and removes nothing.
 * schema may be NULL while there is no segment; it is the one of sgc_history_set_schema() then.
 * cache_bytes is the budget of decompressed blocks. SGC_CORRUPT names file and place.
 */
SGC_CHECK sgc_status sgc_history_open(const sgc_os *os, const char *directory, bool read_only,
                                      const sgc_schema *schema, sgc_str manifest,
                                      uint64_t cache_bytes, sgc_history **history,
                                      sgc_segments **segments, sgc_error *error);
/** All lists must have been released. NULL is fine. */
void sgc_history_close(sgc_history *history);
/** Another schema from the next writer on; the caller sees to it that there are no versions. */
void sgc_history_set_schema(sgc_history *history, const sgc_schema *schema);
/** segments: the newest list. */
void sgc_history_get_stats(const sgc_history *history, const sgc_segments *segments,
                           sgc_history_stats *stats);

/**
 * A root that names this list is durable in both copies. Segments that the list published before
 * named and this one does not are deleted when their last list is released, and only those: a
 * segment that was never published stays (a root that failed half-way may name it) and goes at the
 * next open. The list given by sgc_history_open() counts as published.
 */
void sgc_history_published(sgc_history *history, sgc_segments *segments);

sgc_segments *sgc_segments_retain(sgc_segments *segments);
/** NULL is fine. */
void sgc_segments_release(sgc_segments *segments);
/** A flush collects so many bytes before they go to a file, and so many for an index; a merge, too.
 */
void sgc_history_set_room(sgc_history *history, size_t bytes);
/** Memory of what the flush and the merge at work have collected. */
size_t sgc_history_collected(const sgc_history *history);
/** Appends what sgc_history_open() needs: names, sizes and checksums of segments, horizons. */
SGC_CHECK sgc_status sgc_segments_encode(const sgc_segments *segments, sgc_buf *manifest);
/**
 * Opens the files and reads what they say of themselves, once. All questions below do that first; a
 * database that is only asked about the present never does.
 */
SGC_CHECK sgc_status sgc_segments_load(const sgc_segments *segments, sgc_error *error);
size_t sgc_segments_count(const sgc_segments *segments);
/** The same segments, for a schema with the same tables and other indexes. */
SGC_CHECK sgc_status sgc_segments_under(sgc_segments *segments, const sgc_schema *schema,
                                        sgc_segments **under, sgc_error *error);
/**
 * Whether every segment that may hold versions of the moment has a run of the index (by position);
 * without one a walk gathers the entries from the versions.
 */
bool sgc_segments_have_run(const sgc_segments *segments, uint16_t table, uint16_t index,
                           uint64_t at);
uint64_t sgc_segments_versions(const sgc_segments *segments);

/* ---- writing: one thread at a time ---- */

/** Starts the segment that follows `base`. Everything passed in is copied. */
SGC_CHECK sgc_status sgc_history_begin(sgc_history *history, sgc_segments *base,
                                       sgc_history_writer **writer, sgc_error *error);
/**
 * A version that was true in [begin, end) and is no more. In any order; the same (table, key,
 * begin) once. Index runs are made from the record. Ends, changes and commits lie behind the last
 * sequence of `base` and at or before `through`, else SGC_INVALID.
 */
SGC_CHECK sgc_status sgc_history_add_version(sgc_history_writer *writer, uint16_t table,
                                             sgc_str key, uint64_t begin, uint64_t end,
                                             sgc_str record, sgc_error *error);
/** The commit with this sequence did this to the row. In any order. */
SGC_CHECK sgc_status sgc_history_add_change(sgc_history_writer *writer, uint64_t sequence,
                                            uint16_t table, sgc_str key, sgc_op op,
                                            sgc_error *error);
/** A commit and its time; sequences and times rise. */
SGC_CHECK sgc_status sgc_history_add_commit(sgc_history_writer *writer, uint64_t sequence,
                                            uint64_t time_us, sgc_error *error);
/**
 * Writes and syncs the segment and the folder, and answers the list with it at its end; frees the
 * writer either way. A writer with nothing in it gives back `base` with a reference.
 */
SGC_CHECK sgc_status sgc_history_finish(sgc_history_writer *writer, uint64_t through,
                                        sgc_segments **segments, sgc_error *error);
void sgc_history_abort(sgc_history_writer *writer);

/* ---- merging ---- */

/** What a merge may leave out. */
typedef struct sgc_retention {
    const uint64_t *horizons; /**< by table; versions that ended and changes that happened at or
                                   before it go; NULL: none */
    bool everything;          /**< one segment in the end; false: only what pays (see below) */
} sgc_retention;

/**
 * Merges neighbouring segments where that pays (segments of similar size, so that a database of n
 * flushes has O(log n) of them) and drops what retention leaves out; the horizons become part of
 * the list. *merged is `segments` itself, with a reference, when there is nothing to do. Runs
 * beside readers and beside a writer of the next segment: sgc_segments_replace() brings both
 * together.
 */
SGC_CHECK sgc_status sgc_history_merge(sgc_history *history, sgc_segments *segments,
                                       const sgc_retention *retention, sgc_segments **merged,
                                       sgc_error *error);
/** The merge that runs, if any, ends with SGC_BUSY before long and leaves nothing, and no other
 * begins: for closing. From any thread. */
void sgc_history_stop_merging(sgc_history *history);
/** `newest`, which grew out of `from`, with the segments of `from` replaced by those of `merged`.
 */
SGC_CHECK sgc_status sgc_segments_replace(sgc_segments *newest, const sgc_segments *from,
                                          const sgc_segments *merged, sgc_segments **replaced,
                                          sgc_error *error);
/** Questions about this table at a sequence below this one cannot be answered; 0: all can. */
uint64_t sgc_segments_horizon(const sgc_segments *segments, uint16_t table);

/* ---- reading ---- */

/** A superseded version. */
typedef struct sgc_past {
    uint64_t begin, end; /**< it was true from begin until just before end */
    sgc_str record;
} sgc_past;

/** The version of a row that was true at a sequence, copied into arena. SGC_NOT_FOUND. */
SGC_CHECK sgc_status sgc_segments_get(const sgc_segments *segments, uint16_t table, sgc_str key,
                                      uint64_t at, sgc_arena *arena, sgc_past *past,
                                      sgc_error *error);

/** Versions that were true at some moment of [from, to]; one moment: both the same. */
typedef struct sgc_past_period {
    uint64_t from, to;
} sgc_past_period;

/**
 * An ordered walk over one index: versions of the period in the order of their entries, those of
 * one entry by begin (the last one first when descending). Entries are as in pages.h: of index 0
 * the row's key alone, of others the components and then the key. `key` not null: versions of this
 * row only (index 0), without a look at segments that cannot hold it. On the heap; retains the
 * list.
 */
typedef struct sgc_past_cursor {
    bool valid;        /**< on a version */
    sgc_str entry;     /**< readable until the next call */
    uint16_t key_size; /**< the last key_size bytes of entry are the primary key */
    uint64_t begin, end;
} sgc_past_cursor;

SGC_CHECK sgc_status sgc_past_open(sgc_segments *segments, uint16_t table, uint16_t index,
                                   sgc_past_period period, bool descending, sgc_str key,
                                   sgc_past_cursor **cursor, sgc_error *error);
/** Ascending: first entry >= bound; descending: last entry < bound. Null bound: the first/last. */
SGC_CHECK sgc_status sgc_past_seek(sgc_past_cursor *cursor, sgc_str bound, sgc_error *error);
SGC_CHECK sgc_status sgc_past_next(sgc_past_cursor *cursor, sgc_error *error);
/** The record of the current version; readable until the next call on this cursor. */
SGC_CHECK sgc_status sgc_past_record(sgc_past_cursor *cursor, sgc_str *record, sgc_error *error);
void sgc_past_close(sgc_past_cursor *cursor);

enum { SGC_SCAN_ROWS = 128, SGC_SCAN_BLOCKS = 16 };

/**
 * The superseded versions of a table that were true at one sequence, in no order, a batch at a
 * time. The list must stay retained.
 */
typedef struct sgc_past_scan {
    const sgc_segments *segments;
    uint64_t at;
    unsigned count; /**< records of the batch; 0: the end */
    /** Private to the history. */
    struct {
        size_t segment;                    /**< the next one */
        const struct sgc_segment *file;    /**< the one in front of it */
        const struct sgc_history_run *run; /**< of it; NULL: done with it */
        uint32_t number;                   /**< of the run's blocks, the next one */
        struct sgc_history_block *held[SGC_SCAN_BLOCKS];
        unsigned held_count, block; /**< block: of them, being read */
        uint32_t item;              /**< the next one of it */
        uint16_t table;
    } own;
    sgc_str records[SGC_SCAN_ROWS]; /**< readable until the next call */
} sgc_past_scan;

void sgc_past_scan_open(sgc_past_scan *scan, const sgc_segments *segments, uint16_t table,
                        uint64_t at);
SGC_CHECK sgc_status sgc_past_scan_next(sgc_past_scan *scan, sgc_error *error);
void sgc_past_scan_close(sgc_past_scan *scan);

/** The last commit at or before a time: its sequence, 0 when there was none. */
SGC_CHECK sgc_status sgc_segments_sequence_at(const sgc_segments *segments, uint64_t time_us,
                                              uint64_t *sequence, sgc_error *error);
/** The time of a commit; SGC_NOT_FOUND when no commit had this sequence. */
SGC_CHECK sgc_status sgc_segments_time_of(const sgc_segments *segments, uint64_t sequence,
                                          uint64_t *time_us, sgc_error *error);

/** What the commit `sequence` did to a row; SGC_NOT_FOUND: nothing, or it is not known any more. */
SGC_CHECK sgc_status sgc_segments_op_of(const sgc_segments *segments, uint16_t table, sgc_str key,
                                        uint64_t sequence, sgc_op *op, sgc_error *error);

/**
 * What commits did to rows, in order of (sequence, stable number of the table, key). On the heap;
 * retains the list.
 */
typedef struct sgc_change_cursor {
    bool valid;
    uint64_t sequence;
    uint16_t table;
    sgc_op op;
    sgc_str key; /**< readable until the next call; empty: a load inserted all rows of the table */
} sgc_change_cursor;

/** Stands on the first change behind sequence `after`. */
SGC_CHECK sgc_status sgc_change_cursor_open(sgc_segments *segments, uint64_t after,
                                            sgc_change_cursor **cursor, sgc_error *error);
SGC_CHECK sgc_status sgc_change_cursor_next(sgc_change_cursor *cursor, sgc_error *error);
void sgc_change_cursor_close(sgc_change_cursor *cursor);

/** Reads every block of every segment; words about each damage go to `report`. SGC_CORRUPT. */
SGC_CHECK sgc_status sgc_history_verify(sgc_history *history, sgc_segments *segments,
                                        sgc_buf *report);

#endif
