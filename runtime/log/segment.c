/*
 * segment.c - the files of the log: made, zeroed, named, filled block by block and recycled. A
 * segment gets its name only after its head is durable, so a named one with a bad head is damage.
 */
#include "log/internal.h"

#include <assert.h>
#include <stdio.h>

enum { FIRST_SEGMENT = 1 << 20, MOST_SPARES = 8 };

size_t sgc_log_path_size(const char *folder)
{
    return strlen(folder) + 1 + SGC_LOG_NAME;
}

static void put_path(char *path, const char *folder, uint64_t number, bool spare)
{
    char name[SGC_LOG_NAME];

    sgc_log_segment_name(name, number, spare);
    snprintf(path, sgc_log_path_size(folder), "%s/%s", folder, name);
}

char *sgc_log_path(const char *folder, uint64_t number, bool spare)
{
    char *path = sgc_alloc(sgc_log_path_size(folder));

    if (path) put_path(path, folder, number, spare);
    return path;
}

/* ---- a file becomes the next segment ---- */

static sgc_status fill_zeros(sgc_log *log, sgc_file *file, uint64_t size)
{
    sgc_status status = SGC_OK;

    for (uint64_t at = 0; at < size && status == SGC_OK;) {
        size_t n = size - at < SGC_LOG_ZEROS ? (size_t)(size - at) : SGC_LOG_ZEROS;
        status = log->os->write(log->os->self, file, at, log->zeros, n);
        at += n;
    }
    return status;
}

static sgc_status write_head(sgc_log *log, sgc_file *file, const sgc_log_segment *segment)
{
    uint64_t blocks = segment->size / SGC_LOG_BLOCK;
    sgc_log_segment_head head = {
        .number = segment->number,
        .first_batch = segment->first_batch,
        .before = segment->before,
        .id = log->id,
        .previous_id = log->previous_id,
        .chain = log->chain,
        .blocks = blocks < UINT32_MAX ? (uint32_t)blocks : UINT32_MAX,
    };

    if (log->reserved > segment->before) head.ahead = (uint32_t)(log->reserved - segment->before);
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

/* Its size is asked once. One of odd size is of no use. */
static void measure(sgc_log *log, sgc_log_segment *spare)
{
    const sgc_os *os = log->os;
    sgc_file *file;

    put_path(log->from, log->directory, spare->number, true);
    sgc_status status = os->open(os->self, log->from, SGC_OPEN_READ, &file);
    if (status != SGC_OK) return;
    status = os->size(os->self, file, &spare->size);
    os->close(os->self, file);
    if (status == SGC_OK && spare->size % SGC_LOG_BLOCK == 0 && spare->size >= 2 * SGC_LOG_BLOCK)
        return;
    spare->size = 0;
    if (status == SGC_OK) (void)os->remove(os->self, log->from);
}

void sgc_log_take_left(sgc_log *log)
{
    sgc_log_segments *left = &log->left, *spares = &log->spares;

    for (size_t i = 0; i < left->count; i++) {
        sgc_log_segment *spare = &left->items[i];
        measure(log, spare);
        if (spare->size && SGC_GROW(spares->items, spares->count, spares->capacity))
            spares->items[spares->count++] = *spare;
    }
    left->count = 0;
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

    put_path(log->from, log->directory, spare.number, true);
    put_path(log->to, log->directory, segment->number, false);
    segment->size = spare.size;
    sgc_status status = prepare(log, log->from, segment, fresh);
    if (status == SGC_OK) status = os->rename(os->self, log->from, log->to);
    if (status == SGC_OK) return os->sync_directory(os->self, log->directory);
    /* Half a file would only take space that others need. */
    if (fresh) (void)os->remove(os->self, log->from);
    return status;
}

static uint64_t wanted_size(const sgc_log *log, uint64_t needed)
{
    uint64_t size = log->segment_size * 2 > FIRST_SEGMENT ? log->segment_size * 2 : FIRST_SEGMENT;

    if (size > log->options.segment_size) size = log->options.segment_size;
    return size < needed + SGC_LOG_BLOCK ? needed + SGC_LOG_BLOCK : size;
}

/* For the batch being written, one that reserves numbers, and the one that is queued. */
bool sgc_log_segment_room(sgc_log *log)
{
    sgc_log_segments *list = &log->segments;

    return SGC_GROW(list->items, list->count + 2, list->capacity);
}

static void list_add(sgc_log *log, const sgc_log_segment *segment)
{
    sgc_mutex_lock(&log->lock);
    sgc_log_segments *list = &log->segments;
    assert(list->count < list->capacity);
    list->items[list->count++] = *segment;
    sgc_mutex_unlock(&log->lock);
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

    /* A full disk may still have a small spare file, or room for what is needed now. */
    if (status == SGC_NO_SPACE && segment.size > needed + SGC_LOG_BLOCK) {
        segment.size = needed + SGC_LOG_BLOCK;
        status = make_file(log, &segment);
    }
    if (status == SGC_OK) status = sgc_log_open_segment(log, segment.number, log->direct, &file);
    if (status != SGC_OK) return status;
    list_add(log, &segment);
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

    *file = NULL;
    put_path(log->to, log->directory, number, false);
    return log->os->open(log->os->self, log->to, flags, file);
}

sgc_status sgc_log_open_current(sgc_log *log)
{
    sgc_status status = sgc_log_open_segment(log, log->segment, log->direct, &log->file);

    if (status != SGC_UNSUPPORTED || !log->direct) return status;
    log->direct = false;
    return sgc_log_open_segment(log, log->segment, false, &log->file);
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

static sgc_status make_spare(sgc_log *log, const sgc_log_segment *segment)
{
    const sgc_os *os = log->os;
    char *from = sgc_log_path(log->directory, segment->number, false);
    char *to = sgc_log_path(log->directory, segment->number, true);
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
    char *path = sgc_log_path(log->directory, segment->number, true);
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

/* Those that could not be moved are in use again, oldest first as before; a later release tries
 * once more. Without memory for that they stay on the disk until the next open finds them. */
static void put_back(sgc_log *log, const sgc_log_segment *segments, size_t count)
{
    sgc_log_segments *list = &log->segments;

    sgc_mutex_lock(&log->lock);
    for (size_t i = count; i-- > 0;) {
        if (!SGC_GROW(list->items, list->count + 1, list->capacity)) break;
        memmove(list->items + 1, list->items, list->count * sizeof *list->items);
        list->items[0] = segments[i];
        list->count++;
    }
    sgc_mutex_unlock(&log->lock);
}

static sgc_status give_away(sgc_log *log, const sgc_log_segment *gone, size_t count)
{
    sgc_status status = SGC_OK;
    size_t moved = 0;

    while (moved < count && status == SGC_OK) {
        status = log->options.archive ? sgc_log_archive(log, gone[moved].number)
                                      : make_spare(log, &gone[moved]);
        if (status == SGC_OK) moved++;
    }
    put_back(log, gone + moved, count - moved);
    sgc_status synced = moved ? log->os->sync_directory(log->os->self, log->directory) : SGC_OK;
    if (status == SGC_OK) status = synced;
    for (size_t i = 0; i < moved && synced == SGC_OK && !log->options.archive; i++) {
        synced = keep_or_remove(log, &gone[i]);
        if (status == SGC_OK) status = synced;
    }
    return status;
}

sgc_status sgc_log_recycle(sgc_log *log, uint64_t sequence)
{
    sgc_log_segment gone[16];
    sgc_status status = SGC_OK;
    size_t count;

    do {
        count = take_free(log, sequence, gone, sizeof gone / sizeof *gone);
        if (count) status = give_away(log, gone, count);
    } while (count > 0 && status == SGC_OK);
    return status;
}
