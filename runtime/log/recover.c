/*
 * recover.c - what is found when a log is opened: which segments matter, their replay, the torn
 * tail, and making sure that what was replayed cannot vanish again. Ends with a log ready to write.
 */
#include "log/internal.h"

#include <inttypes.h>
#include <stdlib.h>

typedef struct finding {
    sgc_log *log;
    bool failed; /* memory ran out */
} finding;

static void find_file(void *context, const char *name)
{
    finding *found = context;
    sgc_log *log = found->log;
    sgc_log_segment segment = {0};
    bool spare;

    if (!sgc_log_parse_name(name, &segment.number, &spare)) return;
    sgc_log_segments *list = spare ? &log->left : &log->segments;
    if (!SGC_GROW(list->items, list->count, list->capacity)) {
        found->failed = true;
        return;
    }
    list->items[list->count++] = segment;
}

static int by_number(const void *a, const void *b)
{
    const sgc_log_segment *left = a, *right = b;

    return (left->number > right->number) - (left->number < right->number);
}

static sgc_status find_files(sgc_log *log, sgc_error *error)
{
    finding found = {log, false};
    sgc_status status = log->os->list(log->os->self, log->directory, find_file, &found);

    if (found.failed) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    if (status == SGC_NOT_FOUND && log->options.read_only)
        status = SGC_OK; /* said by start_new() */
    if (status != SGC_OK) return sgc_fail(error, status, "log: %s", sgc_log_words(status));
    if (log->segments.count > 1) {
        qsort(log->segments.items, log->segments.count, sizeof *log->segments.items, by_number);
    }
    return SGC_OK;
}

/* From the newest back to the first that begins at or before `after`; older ones are not needed. */
static sgc_status find_start(sgc_log_scan *scan, uint64_t after, size_t *start)
{
    sgc_log_segments *list = &scan->log->segments;

    for (size_t i = list->count; i-- > 0;) {
        sgc_log_segment *segment = &list->items[i];
        sgc_status status = sgc_log_scan_open(scan, segment->number);
        if (status != SGC_OK) return status;
        segment->first_batch = scan->segment.first_batch;
        segment->before = scan->segment.before;
        segment->size = scan->file_size;
        if (i + 1 < list->count && segment->number + 1 != segment[1].number) {
            return sgc_log_scan_damage(scan, "the segment behind this one is missing");
        }
        *start = i;
        if (segment->before <= after) return SGC_OK;
    }
    return sgc_fail(scan->error, SGC_CORRUPT,
                    "%s: offset 0: the log begins behind sequence %" PRIu64 ", but %" PRIu64
                    " is the last one stored elsewhere",
                    scan->path, scan->segment.before, after);
}

/* Where the last valid batch stands, to be written once more. */
typedef struct last_batch {
    uint64_t segment, offset, size;
} last_batch;

typedef struct replay {
    uint64_t after;
    sgc_log_reader *reader;
    void *context;
    last_batch last;
} replay;

static sgc_status replay_segment(sgc_log_scan *scan, replay *to, uint64_t until)
{
    while (scan->batch < until) {
        sgc_scan_result result = sgc_log_scan_next(scan);
        if (result == SGC_SCAN_ERROR) return scan->status;
        if (result == SGC_SCAN_END) {
            if (until == UINT64_MAX) return sgc_log_scan_behind(scan);
            return sgc_log_scan_damage(scan, "a batch is damaged: a later segment follows");
        }
        sgc_status status = sgc_log_scan_events(scan, to->after, to->reader, to->context);
        if (status != SGC_OK) return status;
        to->last = (last_batch){scan->segment.number, scan->at, scan->offset - scan->at};
        if (scan->closed) continue; /* another mark takes its place */
        sgc_log_place place = sgc_log_scan_place(scan);
        if (scan->last > to->after)
            sgc_log_note_bytes(scan->log, &place, to->last.size);
        else
            scan->log->newest.place = place;
    }
    return SGC_OK;
}

/* The scan stands in the first segment. */
static sgc_status replay_all(sgc_log_scan *scan, size_t start, replay *to)
{
    const sgc_log_segments *list = &scan->log->segments;
    const sgc_log_place *known = &scan->log->options.start;
    sgc_status status = SGC_OK;

    if (known->last <= to->after && sgc_log_scan_skip(scan, known))
        scan->log->newest.place = *known;
    for (size_t i = start; i < list->count && status == SGC_OK; i++) {
        bool final = i + 1 == list->count;
        uint64_t number = list->items[i].number;
        if (i > start) status = sgc_log_scan_follow(scan, scan->log->directory, number);
        if (status != SGC_OK) break;
        status = replay_segment(scan, to, final ? UINT64_MAX : list->items[i + 1].first_batch);
    }
    return status;
}

/*
 * The last batch may be known to this system only: its sync may have failed, or a crash of the
 * process came before it. Its own bytes are written over it and synced before anybody may rely on
 * them; all older ones were durable before it was written.
 */
static sgc_status write_again(sgc_log *log, const last_batch *last, bool direct)
{
    const sgc_os *os = log->os;
    sgc_file *file;
    size_t got = 0;
    uint8_t *data = sgc_alloc_aligned(SGC_LOG_BLOCK, (size_t)last->size);

    if (!data) return SGC_NO_MEMORY;
    sgc_status status = sgc_log_open_segment(log, last->segment, false, &file);
    if (status == SGC_OK) {
        status = os->read(os->self, file, last->offset, data, (size_t)last->size, &got);
        if (status == SGC_OK && got != last->size) status = SGC_IO;
        os->close(os->self, file);
    }
    if (status == SGC_OK) status = sgc_log_open_segment(log, last->segment, direct, &file);
    if (status == SGC_OK) {
        status = os->write(os->self, file, last->offset, data, (size_t)last->size);
        if (status == SGC_OK && !direct) status = os->sync(os->self, file);
        os->close(os->self, file);
    }
    sgc_free(data);
    return status;
}

/* This write is also the probe: where it is refused, the page cache and fdatasync do the work. */
static sgc_status settle(sgc_log *log, const last_batch *last)
{
    const sgc_os *os = log->os;
    sgc_status status = os->sync_directory(os->self, log->directory);

    if (status == SGC_OK && last->size) {
        status = write_again(log, last, log->direct);
        if (status == SGC_UNSUPPORTED && log->direct) {
            log->direct = false;
            status = write_again(log, last, false);
        }
    }
    return status;
}

/* In front of the closing mark: the opening mark takes its place. */
static void step_back(sgc_log *log, const sgc_log_scan *scan)
{
    log->offset = scan->at;
    log->batch--;
    log->chain = scan->open_chain;
    log->previous_id = scan->open_id;
}

static sgc_status adopt(sgc_log *log, const sgc_log_scan *scan, const last_batch *last)
{
    /* A closing mark is written only when all in front of it is durable, its segment's name too,
     * and is itself about to be written over. */
    bool write = !scan->closed && !log->options.read_only;
    sgc_status status = write ? settle(log, last) : SGC_OK;

    log->segment = scan->segment.number;
    log->segment_size = scan->file_size;
    log->offset = scan->offset;
    log->batch = scan->batch;
    log->chain = scan->chain;
    log->last_sequence = scan->last;
    log->previous_id = scan->id;
    log->reserved = log->wanted = log->reserving = scan->reserved;
    if (scan->closed) step_back(log, scan);
    if (status == SGC_OK && write) {
        sgc_log_take_left(log);
        status = sgc_log_open_current(log);
    }
    return status;
}

/* A full disk stops writing only: what the log holds is durable and can be read. */
static sgc_status begin(sgc_log *log, sgc_error *error)
{
    sgc_status status = sgc_log_begin(log);

    if (status == SGC_OK) return status;
    if (log->cause == SGC_NO_SPACE) {
        log->failed = true;
        return SGC_OK;
    }
    return sgc_fail(error, log->cause, "log: %s", log->failure);
}

/*
 * Behind a closing mark nothing need be written before the first batch: whoever only reads leaves
 * the log as it is.
 */
static sgc_status recover_old(sgc_log *log, uint64_t after, replay *to, sgc_error *error)
{
    sgc_log_scan scan = {.log = log, .error = error};
    size_t start = 0;
    sgc_status status = find_start(&scan, after, &start);

    if (status == SGC_OK) status = replay_all(&scan, start, to);
    if (status == SGC_OK) {
        status = adopt(log, &scan, &to->last);
        if (status == SGC_OK && !log->options.read_only) status = sgc_log_recycle(log, after);
        if (status != SGC_OK) sgc_fail(error, status, "log: %s", sgc_log_words(status));
    }
    bool closed = scan.closed;
    sgc_log_scan_free(&scan);
    bool write = !closed && !log->options.read_only;
    return status == SGC_OK && write ? begin(log, error) : status;
}

static sgc_status start_new(sgc_log *log, uint64_t after, sgc_error *error)
{
    if (log->options.must_exist || log->options.read_only) {
        return sgc_fail(error, SGC_CORRUPT, "%s: the log is missing", log->directory);
    }
    log->batch = 1;
    log->last_sequence = after;
    sgc_log_take_left(log);
    sgc_status status = sgc_log_next_segment(log, SGC_LOG_BLOCK);
    if (status == SGC_UNSUPPORTED && log->direct) {
        log->direct = false;
        status = sgc_log_next_segment(log, SGC_LOG_BLOCK);
    }
    if (status != SGC_OK) return sgc_fail(error, status, "log: %s", sgc_log_words(status));
    return begin(log, error);
}

sgc_status sgc_log_recover(sgc_log *log, uint64_t after, sgc_log_reader *reader, void *context,
                           sgc_error *error)
{
    replay to = {.after = after, .reader = reader, .context = context};
    sgc_status status = find_files(log, error);

    if (status == SGC_OK && !log->options.read_only) status = sgc_log_archive_open(log, error);
    if (status != SGC_OK) return status;
    if (!sgc_log_segment_room(log)) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    return log->segments.count > 0 ? recover_old(log, after, &to, error)
                                   : start_new(log, after, error);
}
