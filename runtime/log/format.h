/*
 * format.h - private to log: the bytes of segments, batches and events, and the names of the files.
 * docs/file-format.md tells the same in words.
 */
#ifndef SGC_LOG_FORMAT_H
#define SGC_LOG_FORMAT_H

#include "base/base.h"

enum {
    SGC_LOG_BLOCK = 4096,    /**< every batch starts on a multiple of it */
    SGC_LOG_HEAD = 64,       /**< bytes of a batch head and of a segment head */
    SGC_LOG_EVENT_HEAD = 20, /**< [length u32][sequence u64][time u64] */
    SGC_LOG_NAME = 32,       /**< room for a file name */
};

/** The first block of a segment. */
typedef struct sgc_log_segment_head {
    uint64_t number;      /**< of the segment, also in its name */
    uint64_t first_batch; /**< number of the first batch in it */
    uint64_t before;      /**< last sequence in front of it */
    uint64_t id;          /**< log id of the open that made it */
    uint64_t previous_id; /**< log id of the open before that */
    uint32_t chain;       /**< CRC of the batch in front of it */
    uint32_t ahead;       /**< what `reserved` of that batch is beyond `before` */
    uint32_t blocks;      /**< the file has at least as many, durably, before it is a segment */
} sgc_log_segment_head;

typedef struct sgc_log_batch_head {
    uint32_t crc; /**< CRC-32C continued from the predecessor's: head from byte 8 to 59, events */
    uint64_t number;
    uint64_t id;
    uint64_t previous_id;
    uint64_t size;     /**< bytes of events */
    uint64_t reserved; /**< numbers up to here may have been shown before they were durable */
    uint64_t last;     /**< last sequence; in an empty batch 0 or SGC_LOG_CLOSED */
    uint32_t count;    /**< events */
} sgc_log_batch_head;

/** In a closing mark: nothing stands behind it. The next open writes over it before all else. */
#define SGC_LOG_CLOSED UINT64_MAX

typedef struct sgc_log_event {
    uint64_t sequence;
    uint64_t time_us;
    sgc_str payload;
} sgc_log_event;

void sgc_log_put_segment(uint8_t block[SGC_LOG_HEAD], const sgc_log_segment_head *head);
bool sgc_log_get_segment(const uint8_t block[SGC_LOG_HEAD], sgc_log_segment_head *head);
/** Writes the head in front of its events (at data + SGC_LOG_HEAD), computing head->crc. */
void sgc_log_put_batch(uint8_t *data, sgc_log_batch_head *head, uint32_t chain);
/** True when this is a head whose own checksum holds; the events are not looked at. */
bool sgc_log_get_batch(const uint8_t block[SGC_LOG_HEAD], sgc_log_batch_head *head);
/** True when head and events continue the chain. */
bool sgc_log_check_batch(const uint8_t *data, const sgc_log_batch_head *head, uint32_t chain);
void sgc_log_put_event(uint8_t *to, const sgc_log_event *event);
/** Takes one event off the front of *bytes; false when they do not hold one. */
bool sgc_log_get_event(sgc_str *bytes, sgc_log_event *event);

/** "0000000000000001.log" and "spare-0000000000000001". */
void sgc_log_segment_name(char name[SGC_LOG_NAME], uint64_t number, bool spare);
/** The other way round; false for any other name. */
bool sgc_log_parse_name(const char *name, uint64_t *number, bool *spare);

/** Rounds up to whole blocks; false when that does not fit. */
bool sgc_log_padded(uint64_t size, uint64_t *padded);

#endif
