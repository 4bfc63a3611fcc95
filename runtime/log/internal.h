/*
 * internal.h - private to log: the log itself, as segment.c, scan.c, recover.c and log.c share it.
 *
 * Two kinds of fields: those under `lock`, and those of the leader (whoever has set `leading`, or
 * the opening thread), which nobody else touches.
 */
#ifndef SGC_LOG_INTERNAL_H
#define SGC_LOG_INTERNAL_H

#include "log/format.h"
#include "log/log.h"

#include <stdatomic.h>

enum { SGC_LOG_MARKS = 128, SGC_LOG_ZEROS = 64 * 1024 };

typedef struct sgc_log_waiting {
    sgc_log_done *done;
    void *context;
    uint64_t sequence;
} sgc_log_waiting;

/** What is written next: events behind room for a head, in memory aligned for direct writes. */
typedef struct sgc_log_queue {
    uint8_t *data;
    uint64_t size; /**< head included */
    uint64_t used; /**< bytes from here on, behind `size`, are zero up to the capacity */
    size_t capacity;
    sgc_log_waiting *items;
    size_t count;
    size_t item_capacity;
    size_t awaited;  /**< of them, those that somebody waits for */
    uint64_t due_us; /**< monotonic time at which the log's own thread flushes; UINT64_MAX never */
} sgc_log_queue;

/** One segment file in use, or a spare one. */
typedef struct sgc_log_segment {
    uint64_t number;
    uint64_t first_batch;
    uint64_t before;
    uint64_t size; /**< bytes of the file */
} sgc_log_segment;

typedef struct sgc_log_segments {
    sgc_log_segment *items;
    size_t count;
    size_t capacity;
} sgc_log_segments;

/** A reading thread: segments from this one on stay. */
typedef struct sgc_log_pin {
    uint64_t segment;
    struct sgc_log_pin *next;
} sgc_log_pin;

/** Up to this sequence, so many bytes had been written, and the next batch stands there. */
typedef struct sgc_log_mark {
    uint64_t sequence;
    uint64_t bytes;
    sgc_log_place place;
} sgc_log_mark;

struct sgc_log {
    const sgc_os *os;
    char *directory;
    char *archive; /**< also options.archive; NULL: none */
    sgc_log_options options;

    sgc_mutex lock;
    sgc_cond changed;  /**< a batch has met its fate */
    sgc_cond due;      /**< the log's own thread has something to look at */
    sgc_cond gathered; /**< as many commits are queued as the leader waits for */
    size_t expected;   /**< commits that may come for the next batch; 0: nothing is known */
    size_t target;     /**< the leader waits for so many; 0: it does not */
    uint64_t flush_us; /**< how long the last batch took */
    sgc_log_queue queues[2];
    sgc_log_queue *active;  /**< takes appends */
    sgc_log_queue *written; /**< being written by the leader, or NULL */
    bool leading;
    bool failed;
    bool stopping;
    bool has_thread;
    sgc_thread thread;
    uint64_t appended;     /**< last sequence queued */
    uint64_t wanted;       /**< reservation that the next batch makes */
    uint64_t reserved;     /**< durable reservation; written by the leader */
    uint64_t unknown_last; /**< after a failure: up to here the outcome is unknown */
    uint64_t end_batch;    /**< number behind the last reported batch */
    sgc_log_segments segments;
    sgc_log_segments spares;
    sgc_log_segments left; /**< spare files that opening found, not looked at yet; the leader's */
    sgc_log_pin *pins;
    sgc_log_stats stats;
    sgc_log_mark marks[SGC_LOG_MARKS];
    size_t mark_count;
    uint64_t mark_step;
    uint64_t total_bytes;  /**< written, recovered ones included */
    sgc_log_mark released; /**< the last one that a release has passed */
    sgc_log_mark newest;   /**< behind the last reported batch */
    sgc_status cause;      /**< of the failure that stopped writing, and its words */
    char failure[300];
    _Atomic uint64_t durable;

    bool is_open; /**< `file` was opened: from then on it is the leader's */

    sgc_mutex releasing; /**< one release at a time */

    /* the leader's */
    sgc_file *file;
    bool begun; /**< the opening mark is durable: batches may follow */
    bool direct;
    uint64_t segment; /**< number of the segment being filled */
    uint64_t segment_size;
    uint64_t offset;
    uint64_t batch;         /**< number of the next batch */
    uint64_t last_sequence; /**< written */
    uint64_t id;
    uint64_t previous_id;
    uint32_t chain;
    uint8_t *block;     /**< one aligned block for heads and marks */
    uint8_t *zeros;     /**< SGC_LOG_ZEROS bytes */
    char *from, *to;    /**< room for paths */
    uint64_t reserving; /**< reservation in the batch being written */
};

/* ---- segment.c ---- */

/** "<folder>/<name>" on the heap, NULL when memory is out. */
char *sgc_log_path(const char *folder, uint64_t number, bool spare);
/** Bytes of the longest path in a folder, NUL included. */
size_t sgc_log_path_size(const char *folder);
/** Whoever queues a batch sees to it that the leader needs no memory for its segment. Locked. */
bool sgc_log_segment_room(sgc_log *log);
/** Makes the next segment, with room for `needed` bytes of batch, the one being filled. */
sgc_status sgc_log_next_segment(sgc_log *log, uint64_t needed);
/** Looks at the spare files that opening found, before the first new segment is made. Locked, or
 * while opening. */
void sgc_log_take_left(sgc_log *log);
/** Opens the segment that is being filled, log->file, directly when that is wanted and possible. */
sgc_status sgc_log_open_current(sgc_log *log);
/** Opens a segment for writing. */
sgc_status sgc_log_open_segment(sgc_log *log, uint64_t number, bool direct, sgc_file **file);
/** Writes whole blocks at log->offset of the current segment and makes them durable. */
sgc_status sgc_log_put(sgc_log *log, uint64_t offset, const uint8_t *data, uint64_t size);
/** Segments wholly at or before the sequence, that nobody reads, become spare or archived ones. */
sgc_status sgc_log_recycle(sgc_log *log, uint64_t sequence);

/* ---- scan.c ---- */

typedef enum sgc_scan_result {
    SGC_SCAN_BATCH, /**< a valid batch: head and events are set */
    SGC_SCAN_END,   /**< no valid batch at the offset */
    SGC_SCAN_ERROR, /**< status and error are set */
} sgc_scan_result;

typedef struct sgc_log_scan {
    sgc_log *log;
    sgc_file *file;
    char *path;
    sgc_log_segment_head segment;
    uint64_t file_size;
    uint64_t offset; /**< of the next batch */
    uint64_t batch;  /**< its number */
    uint64_t id;
    uint64_t last;     /**< sequence in front of it */
    uint64_t reserved; /**< as the last head says */
    uint32_t chain;
    bool closed; /**< the last batch is a closing mark; then also how it was in front of it: */
    uint64_t open_id;
    uint32_t open_chain;
    uint8_t *buffer; /**< bytes of the file from buffer_at on */
    size_t capacity, buffered, ahead;
    uint64_t buffer_at;
    const uint8_t *data; /**< in the buffer: the batch just found */
    sgc_log_batch_head head;
    uint64_t at; /**< where the batch was found */
    sgc_status status;
    sgc_error *error;
} sgc_log_scan;

/** Opens a segment and reads its head; the scan stands at its first batch. */
sgc_status sgc_log_scan_open(sgc_log_scan *scan, uint64_t number);
/** Goes on behind a batch of this segment, which was durable; false when it cannot be there. */
bool sgc_log_scan_skip(sgc_log_scan *scan, const sgc_log_place *place);
/** Where the scan stands. */
sgc_log_place sgc_log_scan_place(const sgc_log_scan *scan);
/** The same in another folder. */
sgc_status sgc_log_scan_open_in(sgc_log_scan *scan, const char *folder, uint64_t number);
/** Opens a segment whose head must go on where the scan has come to. */
sgc_status sgc_log_scan_follow(sgc_log_scan *scan, const char *folder, uint64_t number);
sgc_scan_result sgc_log_scan_next(sgc_log_scan *scan);
/** Hands the events of the batch just found to the reader: those behind `after`. */
sgc_status sgc_log_scan_events(sgc_log_scan *scan, uint64_t after, sgc_log_reader *reader,
                               void *context);
/** SGC_CORRUPT when a batch of a later number stands behind the offset; behind a closing mark only
 * some blocks are looked at. */
sgc_status sgc_log_scan_behind(sgc_log_scan *scan);
sgc_status sgc_log_scan_damage(sgc_log_scan *scan, const char *what);
/** Closes the segment's file, keeps the rest. */
void sgc_log_scan_close(sgc_log_scan *scan);
/** The same and frees the memory. */
void sgc_log_scan_free(sgc_log_scan *scan);

/* ---- archive.c ---- */

/** Makes the archive's folder when there is to be one. SGC_EXISTS: it is another log's. */
sgc_status sgc_log_archive_open(sgc_log *log, sgc_error *error);
/** Moves a segment into the archive; done twice it does no harm. SGC_EXISTS: another log's segment
 * has its name there, and both stay. */
sgc_status sgc_log_archive(sgc_log *log, uint64_t number);
/**
 * The archived segment to start reading in: the last one that begins at or before `after`, with all
 * that follow up to `next`, which is still in use. SGC_HISTORY_PRUNED when they are not all there.
 */
sgc_status sgc_log_archive_find(sgc_log_scan *scan, uint64_t after, uint64_t next, uint64_t *first);

/* ---- recover.c ---- */

/** Finds, checks and replays what is there, or makes the first segment of a new log. */
sgc_status sgc_log_recover(sgc_log *log, uint64_t after, sgc_log_reader *replay, void *context,
                           sgc_error *error);

/* ---- commit.c ---- */

/** Waits for everything queued, ends the log's thread, writes the closing mark. */
void sgc_log_stop(sgc_log *log);
/** Makes room for `size` bytes in all; false when memory is out. */
bool sgc_log_queue_reserve(sgc_log_queue *queue, uint64_t size);
/** The opening mark: an empty batch that shows the new log id, and a real write that must succeed
 * before any other. */
sgc_status sgc_log_begin(sgc_log *log);

/* ---- log.c ---- */

/** Makes a folder when it is missing; its name is durable then. */
sgc_status sgc_log_make_folder(const sgc_os *os, const char *folder);

/** Words for a call that just failed with this status. */
const char *sgc_log_words(sgc_status status);
/** Notes that so many bytes were written, up to the place. Under the lock. */
void sgc_log_note_bytes(sgc_log *log, const sgc_log_place *place, uint64_t bytes);
#endif
