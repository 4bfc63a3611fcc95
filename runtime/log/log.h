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

/** How soon a commit must be durable. */
typedef enum sgc_durability {
    SGC_DURABILITY_FULL = 0, /**< acknowledged after its flush */
    SGC_DURABILITY_BATCHED,  /**< acknowledged when appended; flushed within batch_delay_us */
    SGC_DURABILITY_NONE,     /**< acknowledged when appended; flushed when the system likes */
} sgc_durability;

typedef struct sgc_log_options {
    uint64_t segment_size;   /**< bytes, 0: 64 MB */
    uint64_t batch_delay_us; /**< BATCHED only, 0: 10,000 */
    bool buffered;           /**< do not try direct synchronous writes */
} sgc_log_options;

typedef struct sgc_log_stats {
    uint64_t batches, flushes, commits, bytes;
    bool direct; /**< direct synchronous writes are in use */
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
 */
SGC_CHECK sgc_status sgc_log_open(const sgc_os *os, const char *directory,
                                  const sgc_log_options *options, uint64_t after,
                                  sgc_log_reader *replay, void *context, sgc_log **log,
                                  sgc_error *error);
/** Waits for pending batches, then closes. */
void sgc_log_close(sgc_log *log);

/**
 * Called once for a commit when its fate is known: SGC_OK durable, SGC_UNKNOWN_OUTCOME after a
 * failed write or sync, SGC_READ_ONLY when it was never written. Runs on the leader's thread, in
 * sequence order, without any lock of the log held.
 */
typedef void sgc_log_done(void *context, uint64_t sequence, sgc_status outcome);

/**
 * Queues one transaction. The caller serialises calls and hands out sequences in rising order (gaps
 * allowed). The payload is copied. After a failed write or sync every call is SGC_READ_ONLY.
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
/** Last sequence known durable. */
uint64_t sgc_log_durable(const sgc_log *log);

/** Reads committed transactions with sequence > after, from the files, while writing goes on. */
SGC_CHECK sgc_status sgc_log_read(sgc_log *log, uint64_t after, sgc_log_reader *reader,
                                  void *context, sgc_error *error);
/** Everything up to `sequence` is in a durable checkpoint: whole segments below it are recycled. */
SGC_CHECK sgc_status sgc_log_release(sgc_log *log, uint64_t sequence);
/** Bytes appended since the last release, to decide when to flush. */
uint64_t sgc_log_held_bytes(const sgc_log *log);
void sgc_log_get_stats(const sgc_log *log, sgc_log_stats *stats);

#endif
