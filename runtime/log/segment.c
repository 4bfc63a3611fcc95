/*
 * segment.c - the files of the log: made, zeroed, named, filled block by block and recycled. A
 * segment gets its name only after its head is durable, so a named one with a bad head is damage.
 */
#include "log/internal.h"

#include <stdio.h>

enum { FIRST_SEGMENT = 1 << 20, ZEROS = 256 * 1024, MOST_SPARES = 8 };

char *sgc_log_path(const sgc_log *log, uint64_t number, bool spare)
{
    char name[SGC_LOG_NAME];
    size_t directory = strlen(log->directory);

    sgc_log_segment_name(name, number, spare);
    size_t size = directory + 1 + strlen(name) + 1;
    char *path = sgc_alloc(size);
    if (path) snprintf(path, size, "%s/%s", log->directory, name);
    return path;
}

/* ---- a file becomes the next segment ---- */

static sgc_status fill_zeros(sgc_log *log, sgc_file *file, uint64_t size)
{
    sgc_status status = SGC_OK;
    uint8_t *zeros = sgc_alloc_zero(1, ZEROS);

    if (!zeros) return SGC_NO_MEMORY;
    for (uint64_t at = 0; at < size && status == SGC_OK;) {
        size_t n = size - at < ZEROS ? (size_t)(size - at) : ZEROS;
        status = log->os->write(log->os->self, file, at, zeros, n);
        at += n;
    }
    sgc_free(zeros);
    return status;
}

static sgc_status write_head(sgc_log *log, sgc_file *file, const sgc_log_segment *segment)
{
    sgc_log_segment_head head = {
        .number = segment->number,
        .first_batch = segment->first_batch,
        .before = segment->before,
        .id = log->id,
        .previous_id = log->previous_id,
        .chain = log->chain,
    };

    memset(log->block, 0, SGC_LOG_BLOCK);
    sgc_log_put_segment(log->block, &head);
    return log->os->write(log->os->self, file, 0, log->block, SGC_LOG_BLOCK);
}

/* A spare file is overwritten in place, a new one is zeroed first; both end durable. */
static sgc_status prepare(sgc_log *log, const char *path, const sgc_log_segment *segment,
                          bool fresh)
{
    const sgc_os *os = log->os;
    unsigned flags = SGC_OPEN_READ | SGC_OPEN_WRITE | (fresh ? SGC_OPEN_CREATE : 0);
    sgc_file *file;
    sgc_status status = os->open(os->self, path, flags, &file);

    if (status != SGC_OK) return status;
    if (fresh) status = os->truncate(os->self, file, 0);
    if (fresh && status == SGC_OK) status = fill_zeros(log, file, segment->size);
    if (status == SGC_OK) status = write_head(log, file, segment);
    if (status == SGC_OK) status = os->sync(os->self, file);
    os->close(os->self, file);
    return status;
}

/* Takes a spare file that is large enough; false when there is none. */
static bool take_spare(sgc_log *log, uint64_t size, sgc_log_segment *spare)
{
    bool found = false;

    sgc_mutex_lock(&log->lock);
    sgc_log_segments *list = &log->spares;
    for (size_t i = 0; i < list->count && !found; i++) {
        if (list->items[i].size < size) continue;
        *spare = list->items[i];
        list->items[i] = list->items[--list->count];
        log->stats.recycled++;
        found = true;
    }
    /* A new file is about to take the name of a small left-over one: that one is gone then. */
    for (size_t i = list->count; i-- > 0 && !found;) {
        if (list->items[i].number == spare->number) list->items[i] = list->items[--list->count];
    }
    sgc_mutex_unlock(&log->lock);
    return found;
}

static sgc_status make_file(sgc_log *log, sgc_log_segment *segment)
{
    const sgc_os *os = log->os;
    sgc_log_segment spare = *segment;
    bool fresh = !take_spare(log, segment->size, &spare);
    char *from = sgc_log_path(log, spare.number, true);
    char *to = sgc_log_path(log, segment->number, false);
    sgc_status status = from && to ? SGC_OK : SGC_NO_MEMORY;

    segment->size = spare.size;
    if (status == SGC_OK) status = prepare(log, from, segment, fresh);
    if (status == SGC_OK) status = os->rename(os->self, from, to);
    if (status == SGC_OK) status = os->sync_directory(os->self, log->directory);
    sgc_free(from);
    sgc_free(to);
    return status;
}

static uint64_t wanted_size(const sgc_log *log, uint64_t needed)
{
    uint64_t size = log->segment_size ? log->segment_size * 2 : FIRST_SEGMENT;

    if (size > log->options.segment_size) size = log->options.segment_size;
    return size < needed + SGC_LOG_BLOCK ? needed + SGC_LOG_BLOCK : size;
}

static bool list_add(sgc_log *log, const sgc_log_segment *segment)
{
    sgc_mutex_lock(&log->lock);
    sgc_log_segments *list = &log->segments;
    bool room = SGC_GROW(list->items, list->count, list->capacity);
    if (room) list->items[list->count++] = *segment;
    sgc_mutex_unlock(&log->lock);
    return room;
}

sgc_status sgc_log_next_segment(sgc_log *log, uint64_t needed)
{
    sgc_log_segment segment = {
        .number = log->segment + 1,
        .first_batch = log->batch,
        .before = log->last_sequence,
        .size = wanted_size(log, needed),
    };
    sgc_file *file = NULL;
    sgc_status status = make_file(log, &segment);

    if (status == SGC_OK) status = sgc_log_open_segment(log, segment.number, log->direct, &file);
    if (status != SGC_OK) return status;
    if (!list_add(log, &segment)) {
        log->os->close(log->os->self, file);
        return SGC_NO_MEMORY;
    }
    log->os->close(log->os->self, log->file);
    log->file = file;
    log->segment = segment.number;
    log->segment_size = segment.size;
    log->offset = SGC_LOG_BLOCK;
    return SGC_OK;
}

sgc_status sgc_log_open_segment(sgc_log *log, uint64_t number, bool direct, sgc_file **file)
{
    unsigned flags = SGC_OPEN_READ | SGC_OPEN_WRITE | (direct ? SGC_OPEN_DIRECT : 0);
    char *path = sgc_log_path(log, number, false);

    *file = NULL;
    if (!path) return SGC_NO_MEMORY;
    sgc_status status = log->os->open(log->os->self, path, flags, file);
    sgc_free(path);
    return status;
}

/* A file system may refuse direct access only when it is tried; nothing was written then. */
static sgc_status go_buffered(sgc_log *log)
{
    sgc_file *file;
    sgc_status status = sgc_log_open_segment(log, log->segment, false, &file);

    if (status != SGC_OK) return status;
    log->os->close(log->os->self, log->file);
    log->file = file;
    log->direct = false;
    return SGC_OK;
}

sgc_status sgc_log_put(sgc_log *log, uint64_t offset, const uint8_t *data, uint64_t size)
{
    const sgc_os *os = log->os;
    sgc_status status = os->write(os->self, log->file, offset, data, (size_t)size);

    if (status == SGC_UNSUPPORTED && log->direct) {
        status = go_buffered(log);
        if (status == SGC_OK) {
            status = os->write(os->self, log->file, offset, data, (size_t)size);
        }
    }
    if (status == SGC_OK && !log->direct) status = os->sync(os->self, log->file);
    return status;
}

/* ---- recycling ---- */

/* Too many or odd ones go away: what a huge transaction needed once is not kept for ever. */
static bool worth_keeping(const sgc_log *log, const sgc_log_segment *segment)
{
    return log->spares.count < MOST_SPARES && segment->size <= log->options.segment_size;
}

static sgc_status recycle_one(sgc_log *log, const sgc_log_segment *segment)
{
    const sgc_os *os = log->os;
    char *from = sgc_log_path(log, segment->number, false);
    char *to = sgc_log_path(log, segment->number, true);
    sgc_status status = from && to ? SGC_OK : SGC_NO_MEMORY;

    if (status == SGC_OK) status = os->rename(os->self, from, to);
    sgc_free(from);
    sgc_free(to);
    return status;
}

/* After the new names are durable: a spare file is never overwritten under its old name. */
static sgc_status keep_or_remove(sgc_log *log, const sgc_log_segment *segment)
{
    sgc_log_segments *spares = &log->spares;

    sgc_mutex_lock(&log->lock);
    bool keep =
        worth_keeping(log, segment) && SGC_GROW(spares->items, spares->count, spares->capacity);
    if (keep) spares->items[spares->count++] = *segment;
    sgc_mutex_unlock(&log->lock);
    if (keep) return SGC_OK;
    char *path = sgc_log_path(log, segment->number, true);
    if (!path) return SGC_NO_MEMORY;
    sgc_status status = log->os->remove(log->os->self, path);
    sgc_free(path);
    return status;
}

/* Segments that end at or before the sequence and that nobody reads. Under the lock. */
static size_t count_free(const sgc_log *log, uint64_t sequence)
{
    const sgc_log_segments *list = &log->segments;
    uint64_t kept = UINT64_MAX;
    size_t count = 0;

    for (const sgc_log_pin *pin = log->pins; pin; pin = pin->next) {
        if (pin->segment < kept) kept = pin->segment;
    }
    while (count + 1 < list->count && list->items[count + 1].before <= sequence &&
           list->items[count].number < kept) {
        count++;
    }
    return count;
}

/* Takes up to `most` free segments off the list, so that no reader can start in them any more. */
static size_t take_free(sgc_log *log, uint64_t sequence, sgc_log_segment *gone, size_t most)
{
    sgc_log_segments *list = &log->segments;

    sgc_mutex_lock(&log->lock);
    size_t count = count_free(log, sequence);
    if (count > most) count = most;
    if (count > 0) {
        memcpy(gone, list->items, count * sizeof *gone);
        list->count -= count;
        memmove(list->items, list->items + count, list->count * sizeof *list->items);
    }
    sgc_mutex_unlock(&log->lock);
    return count;
}

sgc_status sgc_log_recycle(sgc_log *log, uint64_t sequence)
{
    sgc_log_segment gone[16];
    sgc_status status = SGC_OK;
    size_t count;

    do {
        count = take_free(log, sequence, gone, sizeof gone / sizeof *gone);
        for (size_t i = 0; i < count && status == SGC_OK; i++)
            status = recycle_one(log, &gone[i]);
        if (count > 0 && status == SGC_OK) {
            status = log->os->sync_directory(log->os->self, log->directory);
        }
        for (size_t i = 0; i < count && status == SGC_OK; i++)
            status = keep_or_remove(log, &gone[i]);
    } while (count > 0 && status == SGC_OK);
    return status;
}
