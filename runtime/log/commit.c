/*
 * commit.c - from a queued transaction to its fate: the queue, the leader that writes it as one
 * batch, and the thread that does so for commits nobody waits for.
 */
#include "log/internal.h"

#include <assert.h>
#include <stdio.h>

#define PAYLOAD_MAX   ((size_t)1 << 30)
#define NONE_DELAY_US 1000000U

/* What is queued beyond the first makes committers wait; a buffer beyond the second is given back.
 */
enum { MEMORY_TRIES = 4, MEMORY_PAUSE_US = 10000 };

/* The leader waits for others at most this part of a batch, and so long. */
enum { GATHER_PART = 4, GATHER_MOST_US = 500 };

/* Numbers of BATCHED and NONE commits are reserved so many at a time. */
enum { RESERVATION = 1 << 20 };

enum { QUEUE_LIMIT = 16 << 20, QUEUE_KEPT = 4 << 20, QUEUE_FIRST = 64 * 1024 };

/* ---- the queue ---- */

bool sgc_log_queue_reserve(sgc_log_queue *queue, uint64_t size)
{
    uint64_t padded;

    if (!sgc_log_padded(size, &padded) || padded > SIZE_MAX / 2) return false;
    if (padded <= queue->capacity) return true;
    size_t capacity = queue->capacity ? queue->capacity : QUEUE_FIRST;
    while (capacity < padded)
        capacity *= 2;
    uint8_t *data = sgc_alloc_aligned(SGC_LOG_BLOCK, capacity);
    if (!data) return false;
    if (queue->data) memcpy(data, queue->data, (size_t)queue->size);
    sgc_free(queue->data);
    queue->data = data;
    queue->capacity = capacity;
    memset(data + queue->size, 0, capacity - (size_t)queue->size);
    queue->used = queue->size;
    return true;
}

static void queue_reset(sgc_log_queue *queue)
{
    queue->size = SGC_LOG_HEAD;
    queue->count = 0;
    queue->awaited = 0;
    queue->due_us = UINT64_MAX;
}

/* One huge transaction must not pin its memory for ever. */
static void queue_shrink(sgc_log_queue *queue)
{
    if (queue->count > 0 || queue->capacity <= QUEUE_KEPT) return;
    uint8_t *data = sgc_alloc_aligned(SGC_LOG_BLOCK, QUEUE_FIRST);
    if (!data) return;
    sgc_free(queue->data);
    memset(data, 0, QUEUE_FIRST);
    queue->data = data;
    queue->capacity = QUEUE_FIRST;
    queue->used = 0;
}

static bool queue_push(sgc_log_queue *queue, const sgc_log_event *event, sgc_log_done *done,
                       void *context)
{
    uint64_t size = queue->size + SGC_LOG_EVENT_HEAD + event->payload.size;

    queue_shrink(queue);
    if (!sgc_log_queue_reserve(queue, size)) return false;
    if (!SGC_GROW(queue->items, queue->count, queue->item_capacity)) return false;
    sgc_log_put_event(queue->data + queue->size, event);
    queue->items[queue->count++] = (sgc_log_waiting){done, context, event->sequence};
    queue->size = size;
    return true;
}

/* ---- one batch: the leader's work, without the lock ---- */

static void put_head(sgc_log *log, sgc_log_queue *queue, sgc_log_batch_head *head)
{
    *head = (sgc_log_batch_head){
        .number = log->batch,
        .id = log->id,
        .previous_id = log->previous_id,
        .size = queue->size - SGC_LOG_HEAD,
        .reserved = log->reserving,
        .last = queue->count ? queue->items[queue->count - 1].sequence : 0,
        .count = (uint32_t)queue->count,
    };
    sgc_log_put_batch(queue->data, head, log->chain);
}

static void set_cause(sgc_log *log, sgc_status cause)
{
    log->cause = cause;
    snprintf(log->failure, sizeof log->failure, "%s", sgc_log_words(cause));
}

static void set_failure(sgc_log *log, sgc_status cause)
{
    sgc_mutex_lock(&log->lock);
    set_cause(log, cause);
    sgc_mutex_unlock(&log->lock);
}

static void step(sgc_log *log, const sgc_log_batch_head *head, uint64_t padded)
{
    log->offset += padded;
    log->batch++;
    log->chain = head->crc;
    if (head->count) log->last_sequence = head->last;
}

static void count(sgc_log *log, const sgc_log_batch_head *head, uint64_t padded)
{
    sgc_log_place place = {.segment = log->segment,
                           .offset = log->offset,
                           .batch = log->batch,
                           .id = log->id,
                           .last = log->last_sequence,
                           .reserved = head->reserved,
                           .chain = log->chain};

    sgc_mutex_lock(&log->lock);
    log->stats.batches++;
    log->stats.flushes++;
    log->stats.commits += head->count;
    log->stats.bytes += padded;
    log->stats.direct = log->direct;
    sgc_log_note_bytes(log, &place, padded);
    sgc_mutex_unlock(&log->lock);
}

/*
 * Memory that is out may come back, and a batch must not fail for it: its commits are numbered. All
 * that the log itself needs was taken before they were queued; the system may still want some.
 */
static bool try_again(sgc_log *log, sgc_status status, int tries)
{
    if (status != SGC_NO_MEMORY || tries >= MEMORY_TRIES) return false;
    sgc_mutex_lock(&log->lock);
    (void)sgc_cond_wait_for(&log->due, &log->lock, MEMORY_PAUSE_US);
    sgc_mutex_unlock(&log->lock);
    return true;
}

static sgc_status next_segment(sgc_log *log, uint64_t needed)
{
    sgc_status status = sgc_log_next_segment(log, needed);

    for (int tries = 0; try_again(log, status, tries); tries++)
        status = sgc_log_next_segment(log, needed);
    return status;
}

static sgc_status put_patiently(sgc_log *log, const uint8_t *data, uint64_t size)
{
    sgc_status status = sgc_log_put(log, log->offset, data, size);

    for (int tries = 0; try_again(log, status, tries); tries++)
        status = sgc_log_put(log, log->offset, data, size);
    return status;
}

/* Zeros behind the events: what the batch before this one left there goes, once. */
static void pad(sgc_log_queue *queue)
{
    if (queue->size < queue->used) {
        memset(queue->data + queue->size, 0, (size_t)(queue->used - queue->size));
    }
    queue->used = queue->size;
}

/* A batch without events at the log's end; the log does not step behind it. */
static sgc_status put_mark(sgc_log *log, sgc_log_batch_head *head)
{
    head->number = log->batch;
    head->id = log->id;
    head->previous_id = log->previous_id;
    memset(log->block, 0, SGC_LOG_BLOCK);
    sgc_log_put_batch(log->block, head, log->chain);
    return put_patiently(log, log->block, SGC_LOG_BLOCK);
}

/*
 * The batch's place takes an empty batch of the same number: once that is reported durable, nothing
 * of the failed one can ever be replayed, so its commits are refused instead of unknown.
 */
static sgc_status write_void(sgc_log *log)
{
    /* What the failed batch reserved, nobody has used. */
    sgc_log_batch_head head = {.reserved = log->reserved};

    return put_mark(log, &head) == SGC_OK ? SGC_READ_ONLY : SGC_UNKNOWN_OUTCOME;
}

static sgc_status make_room(sgc_log *log, uint64_t padded)
{
    return padded > log->segment_size - log->offset ? next_segment(log, padded) : SGC_OK;
}

sgc_status sgc_log_begin(sgc_log *log)
{
    sgc_log_batch_head head = {.reserved = log->reserved};
    sgc_status status = make_room(log, SGC_LOG_BLOCK);

    if (status == SGC_OK) status = put_mark(log, &head);
    if (status != SGC_OK) {
        set_failure(log, status);
        return status;
    }
    step(log, &head, SGC_LOG_BLOCK);
    log->begun = true;
    return SGC_OK;
}

static sgc_status write_batch(sgc_log *log, sgc_log_queue *queue)
{
    sgc_log_batch_head head;
    uint64_t padded = 0;
    bool fits = sgc_log_padded(queue->size, &padded);

    assert(fits && padded <= queue->capacity);
    (void)fits;
    pad(queue);
    /* As long as no byte of the batch is written, it is refused. */
    if (!log->begun && sgc_log_begin(log) != SGC_OK) return SGC_READ_ONLY;
    sgc_status status = make_room(log, padded);
    if (status != SGC_OK) {
        set_failure(log, status);
        return SGC_READ_ONLY;
    }
    put_head(log, queue, &head);
    status = put_patiently(log, queue->data, padded);
    if (status != SGC_OK) {
        set_failure(log, status);
        return write_void(log);
    }
    step(log, &head, padded);
    count(log, &head, padded);
    return SGC_OK;
}

static void report(sgc_log_queue *queue, sgc_status outcome)
{
    for (size_t i = 0; i < queue->count; i++) {
        sgc_log_waiting *item = &queue->items[i];
        if (item->done) item->done(item->context, item->sequence, outcome);
    }
}

/* ---- leading; all of these hold the lock on entry and exit ---- */

/* Everything behind a failed batch was validated against it: it fails too. */
static void fail_queued(sgc_log *log)
{
    sgc_log_queue *queue = log->active;

    sgc_mutex_unlock(&log->lock);
    report(queue, SGC_READ_ONLY); /* nobody appends any more */
    sgc_mutex_lock(&log->lock);
    queue_reset(queue);
}

/*
 * Committers that were answered together come back together, and those that queued meanwhile are
 * there already. Starting with the first of them would make all others wait for two batches, so the
 * leader gives them a moment: no more than a part of what a batch takes, and none when as many are
 * there as there were before. One committer alone never waits.
 */
static void gather(sgc_log *log)
{
    uint64_t patience = log->flush_us / GATHER_PART;

    if (patience > GATHER_MOST_US) patience = GATHER_MOST_US;
    if (patience == 0 || log->failed || log->active->awaited >= log->expected) return;
    log->target = log->expected;
    (void)sgc_cond_wait_for(&log->gathered, &log->lock, patience);
    log->target = 0;
}

static void lead(sgc_log *log)
{
    log->leading = true;
    gather(log);
    sgc_log_queue *queue = log->active;
    uint64_t last = queue->count ? queue->items[queue->count - 1].sequence : 0;
    uint64_t began = log->os->monotonic_us(log->os->self);

    log->written = queue;
    log->reserving = log->wanted;
    log->active = queue == &log->queues[0] ? &log->queues[1] : &log->queues[0];
    sgc_mutex_unlock(&log->lock);
    sgc_status outcome = write_batch(log, queue);
    if (outcome != SGC_OK) {
        sgc_mutex_lock(&log->lock);
        log->failed = true;
        if (outcome == SGC_UNKNOWN_OUTCOME) log->unknown_last = last;
        sgc_mutex_unlock(&log->lock);
    }
    report(queue, outcome);
    sgc_mutex_lock(&log->lock);
    log->flush_us = log->os->monotonic_us(log->os->self) - began;
    log->expected = queue->awaited + log->active->awaited;
    if (outcome == SGC_OK) {
        if (last) atomic_store(&log->durable, last);
        log->reserved = log->reserving;
        log->end_batch = log->batch; /* reported, so readers of the log may see it */
    } else {
        fail_queued(log);
    }
    queue_reset(queue);
    log->written = NULL;
    log->leading = false;
    sgc_cond_broadcast(&log->changed);
}

static void lead_or_wait(sgc_log *log)
{
    if (log->leading)
        sgc_cond_wait(&log->changed, &log->lock);
    else
        lead(log);
}

/* The first sequence whose fate is open, UINT64_MAX when there is none. */
static uint64_t first_open(const sgc_log *log)
{
    if (log->written && log->written->count) return log->written->items[0].sequence;
    return log->active->count ? log->active->items[0].sequence : UINT64_MAX;
}

/* ---- the log's own thread, for BATCHED and NONE ---- */

static void flush_when_due(sgc_log *log)
{
    uint64_t now = log->os->monotonic_us(log->os->self);
    uint64_t due = log->active->due_us;

    if (log->active->count == 0 || due == UINT64_MAX)
        sgc_cond_wait(&log->due, &log->lock);
    else if (now >= due || log->active->size > QUEUE_LIMIT)
        lead_or_wait(log);
    else
        (void)sgc_cond_wait_for(&log->due, &log->lock, due - now);
}

static void *flusher(void *argument)
{
    sgc_log *log = argument;

    sgc_mutex_lock(&log->lock);
    while (!log->stopping)
        flush_when_due(log);
    sgc_mutex_unlock(&log->lock);
    return NULL;
}

static sgc_status start_thread(sgc_log *log, sgc_durability durability)
{
    if (durability == SGC_DURABILITY_FULL || log->has_thread) return SGC_OK;
    sgc_status status = sgc_thread_start(&log->thread, flusher, log);
    log->has_thread = status == SGC_OK;
    return status;
}

static void set_due(sgc_log *log, sgc_durability durability)
{
    uint64_t delay =
        durability == SGC_DURABILITY_NONE ? NONE_DELAY_US : log->options.batch_delay_us;

    if (durability == SGC_DURABILITY_FULL) return; /* its waiter flushes */
    uint64_t due = log->os->monotonic_us(log->os->self) + delay;
    if (due < log->active->due_us || log->active->size > QUEUE_LIMIT) {
        if (due < log->active->due_us) log->active->due_us = due;
        sgc_cond_signal(&log->due);
    }
}

/* ---- what committers call ---- */

/*
 * A commit that is shown before it is durable may be lost, its number may not be used again: it
 * must lie in a range that the log has durably given out. Batches extend it half a range ahead.
 */
static sgc_status reserve(sgc_log *log, uint64_t sequence)
{
    if (log->wanted < sequence + RESERVATION / 2) log->wanted = sequence + RESERVATION;
    while (log->reserved < sequence && !log->failed) {
        if (!sgc_log_queue_reserve(log->active, SGC_LOG_HEAD)) return SGC_NO_MEMORY;
        lead_or_wait(log);
    }
    return SGC_OK;
}

/* The first append opens the file, so that whoever leads needs no memory. */
static sgc_status open_file(sgc_log *log)
{
    if (log->is_open || log->failed) return SGC_OK;
    if (log->options.read_only) return SGC_READ_ONLY;
    sgc_log_take_left(log);
    sgc_status status = sgc_log_open_current(log);
    log->is_open = status == SGC_OK;
    if (status == SGC_OK || status == SGC_NO_MEMORY) return status;
    set_cause(log, status);
    log->failed = true;
    return SGC_READ_ONLY;
}

sgc_status sgc_log_append(sgc_log *log, uint64_t sequence, uint64_t time_us, sgc_str payload,
                          sgc_durability durability, sgc_log_done *done, void *context)
{
    sgc_log_event event = {sequence, time_us, payload};
    sgc_status status = SGC_OK;

    if (payload.size > PAYLOAD_MAX) return SGC_LIMIT;
    sgc_mutex_lock(&log->lock);
    assert(sequence > log->appended && !log->stopping);
    if (!sgc_log_segment_room(log)) status = SGC_NO_MEMORY;
    if (status == SGC_OK) status = open_file(log);
    if (status == SGC_OK) status = start_thread(log, durability);
    if (status == SGC_OK && durability != SGC_DURABILITY_FULL) status = reserve(log, sequence);
    if (log->failed) status = SGC_READ_ONLY;
    if (status == SGC_OK && !queue_push(log->active, &event, done, context)) status = SGC_NO_MEMORY;
    if (status == SGC_OK) {
        log->appended = sequence;
        log->active->awaited += durability == SGC_DURABILITY_FULL;
        if (log->target && log->active->awaited >= log->target) sgc_cond_signal(&log->gathered);
        set_due(log, durability);
    }
    sgc_mutex_unlock(&log->lock);
    return status;
}

sgc_status sgc_log_wait(sgc_log *log, uint64_t sequence)
{
    sgc_status status = SGC_OK;

    sgc_mutex_lock(&log->lock);
    while (first_open(log) <= sequence)
        lead_or_wait(log);
    if (log->failed && sequence > atomic_load(&log->durable)) {
        status = sequence <= log->unknown_last ? SGC_UNKNOWN_OUTCOME : SGC_READ_ONLY;
    }
    sgc_mutex_unlock(&log->lock);
    return status;
}

/* The thread or the device is late: without a wait there would be no bound on what may be lost. */
static bool is_late(const sgc_log *log)
{
    uint64_t now = log->os->monotonic_us(log->os->self), due = log->active->due_us;

    return log->active->count > 0 && now > due && now - due > log->options.batch_delay_us;
}

void sgc_log_pace(sgc_log *log)
{
    sgc_mutex_lock(&log->lock);
    while (log->active->size > QUEUE_LIMIT || is_late(log))
        lead_or_wait(log);
    sgc_mutex_unlock(&log->lock);
}

/* ---- the end ---- */

/*
 * An empty batch behind the last one: a later flaw in that one can no longer pass for a torn tail,
 * and the next open need not look through the rest of the segment.
 */
static void write_closing(sgc_log *log)
{
    sgc_log_batch_head head = {.last = SGC_LOG_CLOSED};

    /* The mark of the last close still stands when nothing was begun. */
    if (log->failed || !log->begun || !sgc_log_segment_room(log)) return;
    /* All that was shown is durable and lies in front of the next number. Without commits that may
     * not be so for what was shown before a crash. */
    if (log->stats.commits == 0) head.reserved = log->reserved;
    if (make_room(log, SGC_LOG_BLOCK) == SGC_OK) (void)put_mark(log, &head);
}

void sgc_log_stop(sgc_log *log)
{
    sgc_mutex_lock(&log->lock);
    while (first_open(log) != UINT64_MAX || log->leading)
        lead_or_wait(log);
    log->stopping = true;
    sgc_cond_broadcast(&log->due);
    sgc_mutex_unlock(&log->lock);
    if (log->has_thread) sgc_thread_join(log->thread);
    write_closing(log);
}
