/*
 * scan.c - walks the batches of one segment and tells a valid batch from the end of the log and the
 * end from damage. Shared by recovery and by reading; writes nothing.
 */
#include "log/internal.h"

#include <inttypes.h>

sgc_status sgc_log_scan_damage(sgc_log_scan *scan, const char *what)
{
    return sgc_fail(scan->error, SGC_CORRUPT, "%s: offset %" PRIu64 ": %s", scan->path,
                    scan->offset, what);
}

static sgc_status failed_call(sgc_log_scan *scan, sgc_status status)
{
    return sgc_fail(scan->error, status == SGC_NOT_FOUND ? SGC_CORRUPT : status, "log: %s",
                    sgc_os_file_error());
}

/* Batches are small: many are read at once, but few at first, for the log may end here. */
enum { AHEAD_FIRST = 4 * SGC_LOG_BLOCK, AHEAD_MOST = 32 * SGC_LOG_BLOCK };

static bool reserve(sgc_log_scan *scan, uint64_t size)
{
    if (size <= scan->capacity) return true;
    if (size > SIZE_MAX) return false;
    scan->buffered = 0;
    uint8_t *buffer = sgc_realloc(scan->buffer, (size_t)size, 1);
    if (!buffer) return false;
    scan->buffer = buffer;
    scan->capacity = (size_t)size;
    return true;
}

/* Reads up to `size` bytes from the offset on into an empty buffer. */
static sgc_status fill(sgc_log_scan *scan, uint64_t offset, size_t size)
{
    const sgc_os *os = scan->log->os;

    if (!reserve(scan, size)) return sgc_fail(scan->error, SGC_NO_MEMORY, "out of memory");
    scan->buffer_at = offset;
    scan->buffered = 0;
    sgc_status status = os->read(os->self, scan->file, offset, scan->buffer, size, &scan->buffered);
    if (status == SGC_OK) return SGC_OK;
    scan->buffered = 0;
    return failed_call(scan, status);
}

/*
 * scan->data at an offset, with `size` bytes behind it. SGC_CORRUPT stands for "the file ends
 * before": the caller decides what that means.
 */
static sgc_status want(sgc_log_scan *scan, uint64_t offset, uint64_t size)
{
    uint64_t skipped = offset - scan->buffer_at;
    bool inside = offset >= scan->buffer_at && skipped <= scan->buffered;

    if (!inside || scan->buffered - skipped < size) {
        if (size > SIZE_MAX) return sgc_fail(scan->error, SGC_NO_MEMORY, "out of memory");
        scan->ahead = scan->ahead ? scan->ahead * 2 : AHEAD_FIRST;
        if (scan->ahead > AHEAD_MOST) scan->ahead = AHEAD_MOST;
        sgc_status status = fill(scan, offset, size > scan->ahead ? (size_t)size : scan->ahead);
        if (status != SGC_OK) return status;
        skipped = 0;
    }
    scan->data = scan->buffer + skipped;
    return scan->buffered - skipped >= size ? SGC_OK : SGC_CORRUPT;
}

static sgc_status read_head(sgc_log_scan *scan, uint64_t number)
{
    sgc_status status = fill(scan, 0, SGC_LOG_BLOCK);

    if (status != SGC_OK) return status;
    if (scan->buffered != SGC_LOG_BLOCK) {
        return sgc_log_scan_damage(scan, "the segment's head is cut off");
    }
    if (!sgc_log_get_segment(scan->buffer, &scan->segment) || scan->segment.number != number) {
        return sgc_log_scan_damage(scan, "the segment's head is damaged");
    }
    if (scan->file_size / SGC_LOG_BLOCK < scan->segment.blocks) {
        scan->offset = scan->file_size;
        return sgc_log_scan_damage(scan, "the segment is cut off");
    }
    scan->offset = SGC_LOG_BLOCK;
    scan->batch = scan->segment.first_batch;
    scan->id = scan->segment.id;
    scan->last = scan->segment.before;
    scan->reserved = scan->segment.before + scan->segment.ahead;
    scan->chain = scan->segment.chain;
    scan->closed = false;
    return SGC_OK;
}

sgc_status sgc_log_scan_open(sgc_log_scan *scan, uint64_t number)
{
    return sgc_log_scan_open_in(scan, scan->log->directory, number);
}

sgc_status sgc_log_scan_open_in(sgc_log_scan *scan, const char *folder, uint64_t number)
{
    const sgc_os *os = scan->log->os;

    sgc_log_scan_close(scan);
    scan->offset = 0;
    scan->path = sgc_log_path(folder, number, false);
    if (!scan->path) return sgc_fail(scan->error, SGC_NO_MEMORY, "out of memory");
    sgc_status status = os->open(os->self, scan->path, SGC_OPEN_READ, &scan->file);
    if (status == SGC_OK) status = os->size(os->self, scan->file, &scan->file_size);
    if (status != SGC_OK) return failed_call(scan, status);
    return read_head(scan, number);
}

sgc_status sgc_log_scan_follow(sgc_log_scan *scan, const char *folder, uint64_t number)
{
    uint64_t batch = scan->batch, last = scan->last, id = scan->id;
    uint32_t chain = scan->chain;
    sgc_status status = sgc_log_scan_open_in(scan, folder, number);

    if (status != SGC_OK) return status;
    const sgc_log_segment_head *head = &scan->segment;
    bool linked = head->id == id || head->previous_id == id;
    if (linked && head->first_batch == batch && head->before == last && head->chain == chain) {
        return SGC_OK;
    }
    scan->offset = 0;
    return sgc_log_scan_damage(scan, "the segment does not continue the one before it");
}

bool sgc_log_scan_skip(sgc_log_scan *scan, const sgc_log_place *place)
{
    if (place->segment != scan->segment.number || place->offset % SGC_LOG_BLOCK != 0) return false;
    if (place->offset < SGC_LOG_BLOCK || place->offset > scan->file_size) return false;
    if (place->batch < scan->segment.first_batch || place->last < scan->segment.before)
        return false;
    scan->offset = place->offset;
    scan->batch = place->batch;
    scan->id = place->id;
    scan->last = place->last;
    scan->reserved = place->reserved;
    scan->chain = place->chain;
    return true;
}

sgc_log_place sgc_log_scan_place(const sgc_log_scan *scan)
{
    return (sgc_log_place){.segment = scan->segment.number,
                           .offset = scan->offset,
                           .batch = scan->batch,
                           .id = scan->id,
                           .last = scan->last,
                           .reserved = scan->reserved,
                           .chain = scan->chain};
}

/* True when the head at hand may stand here: the next number, of this open or the one after it. */
static bool continues(const sgc_log_scan *scan)
{
    const sgc_log_batch_head *head = &scan->head;

    if (head->number != scan->batch) return false;
    if (head->id != scan->id && head->previous_id != scan->id) return false;
    return head->size <= scan->file_size - scan->offset - SGC_LOG_HEAD;
}

static sgc_scan_result failed_scan(sgc_log_scan *scan, sgc_status status)
{
    scan->status = status;
    return status == SGC_CORRUPT ? SGC_SCAN_END : SGC_SCAN_ERROR;
}

sgc_scan_result sgc_log_scan_next(sgc_log_scan *scan)
{
    uint64_t padded;

    if (scan->offset >= scan->file_size || scan->file_size - scan->offset < SGC_LOG_BLOCK) {
        return SGC_SCAN_END;
    }
    sgc_status status = want(scan, scan->offset, SGC_LOG_BLOCK);
    if (status != SGC_OK) return failed_scan(scan, status);
    if (!sgc_log_get_batch(scan->data, &scan->head) || !continues(scan)) return SGC_SCAN_END;
    if (!sgc_log_padded(SGC_LOG_HEAD + scan->head.size, &padded)) return SGC_SCAN_END;
    if (padded > scan->file_size - scan->offset) return SGC_SCAN_END;
    status = want(scan, scan->offset, padded);
    if (status != SGC_OK) return failed_scan(scan, status);
    if (!sgc_log_check_batch(scan->data, &scan->head, scan->chain)) return SGC_SCAN_END;
    scan->at = scan->offset;
    scan->offset += padded;
    scan->batch++;
    scan->closed =
        scan->head.size == 0 && scan->head.count == 0 && scan->head.last == SGC_LOG_CLOSED;
    scan->open_id = scan->id;
    scan->open_chain = scan->chain;
    scan->id = scan->head.id;
    scan->chain = scan->head.crc;
    scan->reserved = scan->head.reserved;
    return SGC_SCAN_BATCH;
}

sgc_status sgc_log_scan_events(sgc_log_scan *scan, uint64_t after, sgc_log_reader *reader,
                               void *context)
{
    sgc_str bytes = {(const char *)scan->data + SGC_LOG_HEAD, (size_t)scan->head.size};
    sgc_log_event event;

    while (bytes.size > 0) {
        /* The checksum held, so these are errors of the writer; still nothing is trusted. */
        if (!sgc_log_get_event(&bytes, &event)) return sgc_log_scan_damage(scan, "a bad event");
        if (event.sequence <= scan->last) return sgc_log_scan_damage(scan, "sequences run back");
        scan->last = event.sequence;
        if (event.sequence <= after || !reader) continue;
        /* A reader with words of its own puts them into the same error. */
        if (scan->error) scan->error->status = SGC_OK;
        sgc_status status =
            reader(context, (sgc_log_position){1, event.sequence}, event.time_us, event.payload);
        if (status == SGC_OK) continue;
        if (scan->error && scan->error->status == status) return status;
        return sgc_fail(scan->error, status, "the reader of the log stopped");
    }
    if (scan->head.count > 0 && scan->head.last != scan->last) {
        return sgc_log_scan_damage(scan, "the head of a batch does not fit its events");
    }
    return SGC_OK;
}

/*
 * Batch n + 1 is written only after n is durable. So a head of a later number of this open, or of
 * the next one, proves that the batch missing here was there once. What a recycled segment held
 * before has smaller numbers, and bytes inside a payload cannot know the random log id.
 *
 * An open that finds a closing mark puts its opening mark in that place, durably, before it writes
 * anything behind it. So behind a closing mark any head of a number not yet seen proves that this
 * write was lost, and it stands in the very next block; some more are looked at in case that one is
 * damaged too.
 */
static bool proves_damage(const sgc_log_scan *scan, const uint8_t *block)
{
    sgc_log_batch_head head;

    if (!sgc_log_get_batch(block, &head)) return false;
    if (head.number < scan->batch || (head.number == scan->batch && !scan->closed)) return false;
    return head.id == scan->id || head.previous_id == scan->id;
}

sgc_status sgc_log_scan_behind(sgc_log_scan *scan)
{
    enum { CLOSED = 3 * SGC_LOG_BLOCK };
    uint64_t end = scan->file_size;

    if (scan->closed && end - scan->offset > CLOSED) end = scan->offset + CLOSED;
    for (uint64_t at = scan->offset; at < end; at += SGC_LOG_BLOCK) {
        sgc_status status = want(scan, at, SGC_LOG_BLOCK);
        if (status == SGC_CORRUPT) break;
        if (status != SGC_OK) return status;
        if (!proves_damage(scan, scan->data)) continue;
        return sgc_log_scan_damage(scan, "a batch is damaged: later ones stand behind it");
    }
    return SGC_OK;
}

void sgc_log_scan_close(sgc_log_scan *scan)
{
    const sgc_os *os = scan->log->os;

    os->close(os->self, scan->file);
    sgc_free(scan->path);
    scan->file = NULL;
    scan->path = NULL;
}

void sgc_log_scan_free(sgc_log_scan *scan)
{
    sgc_log_scan_close(scan);
    sgc_free(scan->buffer);
    scan->buffer = NULL;
}
