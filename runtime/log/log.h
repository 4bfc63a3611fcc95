/*
 * log.h - the write-ahead log of one database: batches of whole transactions in preallocated
 * segments, group commit, recovery, reading from a sequence. It does not know what an event means.
 *
 * A position is {epoch, index}: epoch is 1 on one node, index is the commit sequence. Nothing is
 * readable by others before the log has reported it durable.
 */
#ifndef SGC_LOG_LOG_H
#define SGC_LOG_LOG_H

#include "codec/codec.h"
#include "os/os.h"

typedef struct sgc_log sgc_log;

typedef struct sgc_log_position {
    uint64_t epoch;
    uint64_t index; /**< commit sequence */
} sgc_log_position;

/** A place between two batches, from which reading can begin. Durable batches lie in front of it.
 */
typedef struct sgc_log_place {
    uint64_t segment; /**< 0: none */
    uint64_t offset;
    uint64_t batch;    /**< number of the batch that stands there, or will */
    uint64_t id;       /**< log id of the batch in front of it */
    uint64_t last;     /**< last sequence in front of it */
    uint64_t reserved; /**< numbers up to here may have been shown */
    uint32_t chain;    /**< CRC of the batch in front of it */
} sgc_log_place;

typedef struct sgc_log_options {
    uint64_t segment_size;   /**< bytes, 0: 16 MB; the first segments are smaller */
    uint64_t batch_delay_us; /**< BATCHED only, 0: 10,000 */
    bool buffered;           /**< do not try direct synchronous writes */
    bool read_only;          /**< no file is changed: appending is refused; it must exist */
    bool must_exist;         /**< an empty or missing directory is SGC_CORRUPT, not a new log */
    /** Folder, made when missing, into which segments are moved instead of being used again; they
     * keep their names, which sort. NULL: none. */
    const char *archive;
    /** Where to begin reading, as sgc_log_place_of() said about a sequence at or before `after`;
     * all zero, or in a segment no longer there: unknown. */
    sgc_log_place start;
} sgc_log_options;

typedef struct sgc_log_stats {
    uint64_t batches, flushes, commits, bytes; /**< since open; bytes as written, padding too */
    uint64_t segments, recycled;               /**< in use now; taken again since open */
    uint64_t archived;                         /**< moved into the archive since open */
    uint64_t buffer_bytes;                     /**< memory of the batches */
    bool direct;                               /**< direct synchronous writes are in use */
} sgc_log_stats;

/**
 * Receives the payload of one committed transaction while the log is read, oldest first. A status
 * other than SGC_OK stops the reading and is returned.
 */
typedef sgc_status sgc_log_reader(void *context, sgc_log_position position, uint64_t time_us,
                                  sgc_str payload);

/**
 * Opens (or creates) the log in `directory` and replays every transaction whose sequence is greater
 * than `after` through `replay`. A torn tail (the last batch, never acknowledged) is dropped and
 * overwritten; a valid later batch behind a bad one is damage: SGC_CORRUPT with file and offset.
 * What was replayed is durable when this returns. Behind an orderly close nothing is written until
 * the first append, so whether writing works is known only then.
 */
SGC_CHECK sgc_status sgc_log_open(const sgc_os *os, const char *directory,
                                  const sgc_log_options *options, uint64_t after,
                                  sgc_log_reader *replay, void *context, sgc_log **log,
                                  sgc_error *error);
/** Waits for pending batches, then closes. NULL is fine. */
void sgc_log_close(sgc_log *log);

/**
 * Called once for a commit when its fate is known: SGC_OK durable; SGC_READ_ONLY refused, it will
 * never appear (no byte reached the log, or a void mark over it is durable); SGC_UNKNOWN_OUTCOME
 * after a failed write or sync that could not be voided. Runs on the leader's thread (a waiter or
 * the log's own), in sequence order, without any lock of the log held, before sgc_log_durable()
 * moves and before any waiter of that sequence returns. It must not call append, wait or close.
 */
typedef void sgc_log_done(void *context, uint64_t sequence, sgc_status outcome);

/**
 * Queues one transaction. The caller serialises calls and hands out sequences in rising order (gaps
 * allowed). The payload is copied. After a failed write or sync every call is SGC_READ_ONLY. With
 * another status than SGC_OK nothing was queued and `done` (which may be NULL) is not called.
 * SGC_LIMIT: a payload over 1 GB. NO_MEMORY: nothing is wrong with the log.
 *
 * BATCHED and NONE: the number may be shown to anybody when this returns. A range of numbers is
 * reserved in the log ahead of them, so now and then (first of all, then every million) this waits
 * for the device. `done` may then run in here.
 */
SGC_CHECK sgc_status sgc_log_append(sgc_log *log, uint64_t sequence, uint64_t time_us,
                                    sgc_str payload, sgc_durability durability, sgc_log_done *done,
                                    void *context);
/**
 * Returns when every transaction up to `sequence` has met its fate. The first waiter becomes the
 * leader, writes all that is queued as one batch and flushes once; the others share the result.
 * SGC_OK, or the outcome of that sequence's batch.
 */
SGC_CHECK sgc_status sgc_log_wait(sgc_log *log, uint64_t sequence);
/**
 * For BATCHED and NONE, after append and with no lock held that a `done` takes: returns at once
 * unless so much is queued (over 16 MB), or it is overdue for so long (another batch_delay_us),
 * that the caller has to wait for the device.
 */
void sgc_log_pace(sgc_log *log);
/**
 * The greatest number that was ever handed out, or may have been: after a crash the next one must
 * be greater.
 */
uint64_t sgc_log_highest(sgc_log *log);
/** Last sequence known durable and reported. */
uint64_t sgc_log_durable(const sgc_log *log);
/** Why writing has stopped, in words; NULL while all is well. */
const char *sgc_log_failure(sgc_log *log);

/**
 * Reads transactions with sequence > after that are durable and reported, from the files, while
 * writing goes on.
 * Segments that are no longer in use are read from the archive. SGC_HISTORY_PRUNED when both no
 * longer reach back that far.
 */
SGC_CHECK sgc_status sgc_log_read(sgc_log *log, uint64_t after, sgc_log_reader *reader,
                                  void *context, sgc_error *error);
/**
 * Everything up to `sequence` is in a durable checkpoint: whole segments below it are recycled or
 * archived, those being read right now at a later release. After a failure they stay, and a later
 * release tries again.
 */
SGC_CHECK sgc_status sgc_log_release(sgc_log *log, uint64_t sequence);
/** A place with all of the log up to `sequence`, which is durable, in front of it, or a bit less.
 */
sgc_log_place sgc_log_place_of(sgc_log *log, uint64_t sequence);
/** Bytes of log beyond the last release, to decide when to flush. */
uint64_t sgc_log_held_bytes(sgc_log *log);
void sgc_log_get_stats(sgc_log *log, sgc_log_stats *stats);

#endif
