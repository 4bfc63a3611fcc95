/*
 * log.c - opening, closing, reading and releasing the log, and its figures. How a commit gets in is
 * commit.c, how the log is found again is recover.c.
 */
#include "log/internal.h"

#include <inttypes.h>

enum {
    SEGMENT_SIZE = 16 << 20,
    SEGMENT_LEAST = 4 * SGC_LOG_BLOCK,
    BATCH_DELAY_US = 10000,
    MARK_STEP = 64 * 1024
};

/* ---- figures ---- */

static void thin_marks(sgc_log *log)
{
    size_t kept = 0;

    for (size_t i = 1; i < log->mark_count; i += 2)
        log->marks[kept++] = log->marks[i];
    log->mark_count = kept;
    log->mark_step *= 2;
}

void sgc_log_note_bytes(sgc_log *log, const sgc_log_place *place, uint64_t bytes)
{
    log->total_bytes += bytes;
    log->newest = (sgc_log_mark){place->last, log->total_bytes, *place};
    uint64_t marked = log->mark_count ? log->marks[log->mark_count - 1].bytes : log->released.bytes;
    if (log->total_bytes - marked < log->mark_step) return;
    if (log->mark_count == SGC_LOG_MARKS) thin_marks(log);
    log->marks[log->mark_count++] = log->newest;
}

static const sgc_log_mark *find_mark(const sgc_log *log, uint64_t sequence, size_t *passed)
{
    const sgc_log_mark *mark = &log->released;

    *passed = 0;
    while (*passed < log->mark_count && log->marks[*passed].sequence <= sequence)
        mark = &log->marks[(*passed)++];
    return sequence >= log->appended && !log->leading ? &log->newest : mark;
}

static void release_bytes(sgc_log *log, uint64_t sequence)
{
    size_t gone;

    log->released = *find_mark(log, sequence, &gone);
    log->mark_count -= gone;
    memmove(log->marks, log->marks + gone, log->mark_count * sizeof *log->marks);
    if (log->mark_count == 0) log->mark_step = MARK_STEP;
}

sgc_log_place sgc_log_place_of(sgc_log *log, uint64_t sequence)
{
    size_t passed;

    sgc_mutex_lock(&log->lock);
    sgc_log_place place = find_mark(log, sequence, &passed)->place;
    sgc_mutex_unlock(&log->lock);
    return place;
}

uint64_t sgc_log_held_bytes(sgc_log *log)
{
    sgc_mutex_lock(&log->lock);
    uint64_t held = log->total_bytes - log->released.bytes;
    sgc_mutex_unlock(&log->lock);
    return held;
}

void sgc_log_get_stats(sgc_log *log, sgc_log_stats *stats)
{
    sgc_mutex_lock(&log->lock);
    *stats = log->stats;
    stats->segments = log->segments.count;
    stats->buffer_bytes = log->queues[0].capacity + log->queues[1].capacity;
    sgc_mutex_unlock(&log->lock);
}

uint64_t sgc_log_highest(sgc_log *log)
{
    sgc_mutex_lock(&log->lock);
    uint64_t highest = log->appended > log->reserved ? log->appended : log->reserved;
    sgc_mutex_unlock(&log->lock);
    return highest;
}

uint64_t sgc_log_durable(const sgc_log *log)
{
    return atomic_load(&log->durable);
}

const char *sgc_log_failure(sgc_log *log)
{
    sgc_mutex_lock(&log->lock);
    const char *words = log->failed ? log->failure : NULL; /* set once, before `failed` */
    sgc_mutex_unlock(&log->lock);
    return words;
}

const char *sgc_log_words(sgc_status status)
{
    return status == SGC_NO_MEMORY ? "out of memory" : sgc_os_file_error();
}

/* ---- opening ---- */

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = sgc_alloc(size);

    if (copy) memcpy(copy, text, size);
    return copy;
}

static void set_options(sgc_log *log, const sgc_log_options *options)
{
    if (options) log->options = *options;
    uint64_t size = log->options.segment_size ? log->options.segment_size : SEGMENT_SIZE;
    if (size < SEGMENT_LEAST) size = SEGMENT_LEAST;
    if (size > UINT64_C(1) << 40) size = UINT64_C(1) << 40;
    log->options.segment_size = size - size % SGC_LOG_BLOCK;
    if (log->options.batch_delay_us == 0) log->options.batch_delay_us = BATCH_DELAY_US;
    log->direct = !log->options.buffered;
}

static void destroy(sgc_log *log)
{
    log->os->close(log->os->self, log->file);
    for (int i = 0; i < 2; i++) {
        sgc_free(log->queues[i].data);
        sgc_free(log->queues[i].items);
    }
    sgc_free(log->segments.items);
    sgc_free(log->spares.items);
    sgc_free(log->left.items);
    sgc_free(log->directory);
    sgc_free(log->archive);
    sgc_free(log->block);
    sgc_free(log->zeros);
    sgc_free(log->from);
    sgc_free(log->to);
    sgc_mutex_destroy(&log->lock);
    sgc_mutex_destroy(&log->releasing);
    sgc_cond_destroy(&log->changed);
    sgc_cond_destroy(&log->due);
    sgc_cond_destroy(&log->gathered);
    sgc_free(log);
}

static sgc_log *create(const sgc_os *os, const char *directory, const sgc_log_options *options)
{
    sgc_log *log = sgc_alloc_zero(1, sizeof *log);

    if (!log) return NULL;
    log->os = os;
    sgc_mutex_init(&log->lock);
    sgc_mutex_init(&log->releasing);
    sgc_cond_init(&log->changed);
    sgc_cond_init(&log->due);
    sgc_cond_init(&log->gathered);
    set_options(log, options);
    log->mark_step = MARK_STEP;
    log->active = &log->queues[0];
    log->directory = copy_text(directory);
    log->block = sgc_alloc_aligned(SGC_LOG_BLOCK, SGC_LOG_BLOCK);
    log->zeros = sgc_alloc_zero(1, SGC_LOG_ZEROS);
    log->from = sgc_alloc(sgc_log_path_size(directory));
    log->to = sgc_alloc(sgc_log_path_size(directory));
    log->queues[0].size = log->queues[1].size = SGC_LOG_HEAD;
    log->queues[0].due_us = log->queues[1].due_us = UINT64_MAX;
    bool room = log->directory && log->block && log->zeros && log->from && log->to;
    if (room && log->options.archive) {
        log->archive = copy_text(log->options.archive);
        log->options.archive = log->archive;
        room = log->archive != NULL;
    }
    if (room) return log;
    destroy(log);
    return NULL;
}

static void see_name(void *context, const char *name)
{
    bool *any = context;

    (void)name;
    *any = true;
}

/*
 * The folder's own name is made durable: it may be new, or a crash came first. What is in it was
 * made after that, so then it is.
 */
sgc_status sgc_log_make_folder(const sgc_os *os, const char *folder)
{
    char *parent = copy_text(folder);
    char *slash = parent ? strrchr(parent, '/') : NULL;

    if (!parent) return SGC_NO_MEMORY;
    bool durable = false;
    sgc_status status = os->make_directory(os->self, folder);
    if (status == SGC_EXISTS) status = os->list(os->self, folder, see_name, &durable);
    if (slash) slash[slash == parent] = '\0';
    if (status == SGC_OK && !durable) status = os->sync_directory(os->self, slash ? parent : ".");
    sgc_free(parent);
    return status;
}

static sgc_status open_log(sgc_log *log, uint64_t after, sgc_log_reader *reader, void *context,
                           sgc_error *error)
{
    sgc_status status = SGC_OK;

    if (!log->options.read_only) status = sgc_log_make_folder(log->os, log->directory);
    while (status == SGC_OK && log->id == 0) {
        status = log->os->random(log->os->self, &log->id, sizeof log->id);
    }
    if (status != SGC_OK) return sgc_fail(error, status, "log: %s", sgc_log_words(status));
    status = sgc_log_recover(log, after, reader, context, error);
    if (status != SGC_OK) return status;
    log->stats.bytes = log->stats.batches = log->stats.flushes = 0;
    log->stats.direct = log->direct;
    log->appended = log->last_sequence > after ? log->last_sequence : after;
    atomic_store(&log->durable, log->appended);
    log->end_batch = log->batch;
    log->is_open = log->file != NULL;
    return SGC_OK;
}

sgc_status sgc_log_open(const sgc_os *os, const char *directory, const sgc_log_options *options,
                        uint64_t after, sgc_log_reader *replay, void *context, sgc_log **out,
                        sgc_error *error)
{
    sgc_log *log = create(os, directory, options);

    *out = NULL;
    if (!log) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    sgc_status status = open_log(log, after, replay, context, error);
    if (status == SGC_OK)
        *out = log;
    else
        destroy(log);
    return status;
}

void sgc_log_close(sgc_log *log)
{
    if (!log) return;
    sgc_log_stop(log);
    destroy(log);
}

/* ---- reading ---- */

typedef struct reading {
    uint64_t first;     /* number of the segment to start in */
    uint64_t live;      /* of the first one that is not in the archive */
    uint64_t end_batch; /* stop in front of this batch */
} reading;

/*
 * Pins the last segment that begins at or before `after`. When there is none the oldest one is
 * pinned, and false says that the archive has to be asked for what came before it.
 */
static bool pin_start(sgc_log *log, uint64_t after, sgc_log_pin *pin, reading *range)
{
    const sgc_log_segments *list = &log->segments;
    size_t at = list->count - 1;

    while (at > 0 && list->items[at].before > after)
        at--;
    uint64_t number = list->items[at].number;
    *pin = (sgc_log_pin){number, log->pins};
    *range = (reading){number, number, log->end_batch};
    log->pins = pin;
    return list->items[at].before <= after;
}

static void unpin(sgc_log *log, sgc_log_pin *pin)
{
    sgc_mutex_lock(&log->lock);
    sgc_log_pin **at = &log->pins;
    while (*at != pin)
        at = &(*at)->next;
    *at = pin->next;
    sgc_mutex_unlock(&log->lock);
}

/* Number of the first batch behind a segment, so far as durable batches go; of an archived one its
 * successor knows. */
static uint64_t segment_end(sgc_log *log, const reading *range, uint64_t number)
{
    uint64_t end_batch = number < range->live ? UINT64_MAX : range->end_batch;

    sgc_mutex_lock(&log->lock);
    for (size_t i = 0; i < log->segments.count; i++) {
        const sgc_log_segment *segment = &log->segments.items[i];
        if (segment->number == number + 1 && segment->first_batch < end_batch) {
            end_batch = segment->first_batch;
        }
    }
    sgc_mutex_unlock(&log->lock);
    return end_batch;
}

static sgc_status read_segment(sgc_log_scan *scan, uint64_t end, uint64_t after,
                               sgc_log_reader *reader, void *context)
{
    sgc_status status = SGC_OK;

    while (status == SGC_OK && scan->batch < end) {
        sgc_scan_result result = sgc_log_scan_next(scan);
        if (result == SGC_SCAN_ERROR) return scan->status;
        if (result == SGC_SCAN_END && end == UINT64_MAX) break; /* the next head must fit */
        if (result == SGC_SCAN_END) return sgc_log_scan_damage(scan, "a batch is damaged");
        status = sgc_log_scan_events(scan, after, reader, context);
    }
    return status;
}

static sgc_status read_range(sgc_log_scan *scan, const reading *range, uint64_t after,
                             sgc_log_reader *reader, void *context)
{
    const sgc_log *log = scan->log;
    sgc_status status = SGC_OK;

    for (uint64_t number = range->first; status == SGC_OK; number++) {
        const char *folder = number < range->live ? log->archive : log->directory;
        uint64_t end = segment_end(scan->log, range, number);
        status = number == range->first ? sgc_log_scan_open_in(scan, folder, number)
                                        : sgc_log_scan_follow(scan, folder, number);
        if (status == SGC_OK) status = read_segment(scan, end, after, reader, context);
        if (end == range->end_batch) break;
    }
    return status;
}

/* A release that runs meanwhile would hide segments on their way into the archive. */
static sgc_status find_range(sgc_log_scan *scan, uint64_t after, sgc_log_pin *pin, reading *range)
{
    sgc_log *log = scan->log;

    sgc_mutex_lock(&log->lock);
    bool found = pin_start(log, after, pin, range);
    sgc_mutex_unlock(&log->lock);
    if (found) return SGC_OK;
    unpin(log, pin);
    sgc_mutex_lock(&log->releasing);
    sgc_mutex_lock(&log->lock);
    found = pin_start(log, after, pin, range);
    sgc_mutex_unlock(&log->lock);
    sgc_status status =
        found ? SGC_OK : sgc_log_archive_find(scan, after, range->live, &range->first);
    sgc_mutex_unlock(&log->releasing);
    return status;
}

sgc_status sgc_log_read(sgc_log *log, uint64_t after, sgc_log_reader *reader, void *context,
                        sgc_error *error)
{
    sgc_log_pin pin;
    reading range;
    sgc_log_scan scan = {.log = log, .error = error};
    sgc_status status = find_range(&scan, after, &pin, &range);

    if (status == SGC_OK) status = read_range(&scan, &range, after, reader, context);
    sgc_log_scan_free(&scan);
    unpin(log, &pin);
    return status;
}

/* ---- releasing ---- */

sgc_status sgc_log_release(sgc_log *log, uint64_t sequence)
{
    if (sequence > sgc_log_durable(log)) sequence = sgc_log_durable(log);
    sgc_mutex_lock(&log->releasing);
    sgc_mutex_lock(&log->lock);
    release_bytes(log, sequence);
    sgc_mutex_unlock(&log->lock);
    sgc_status status = sgc_log_recycle(log, sequence);
    sgc_mutex_unlock(&log->releasing);
    return status;
}
