/*
 * archive.c - the folder that closed segments are moved into when they are to be kept, and finding
 * them again for reading. A segment keeps its name there, so names sort in the order of the log.
 */
#include "log/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- whose it is ---- */

/* Heads hold the random numbers of the opens that made them: those of two logs differ. */
static sgc_status read_head(const sgc_os *os, const char *path, uint8_t head[SGC_LOG_HEAD])
{
    sgc_file *file;
    size_t got = 0;
    sgc_status status = os->open(os->self, path, SGC_OPEN_READ, &file);

    memset(head, 0, SGC_LOG_HEAD);
    if (status != SGC_OK) return status;
    status = os->read(os->self, file, 0, head, SGC_LOG_HEAD, &got);
    os->close(os->self, file);
    return status;
}

/* SGC_EXISTS when the archive has a segment of this name that is not this one, already copied. */
static sgc_status may_replace(const sgc_os *os, const char *from, const char *to)
{
    uint8_t mine[SGC_LOG_HEAD], there[SGC_LOG_HEAD];
    sgc_status status = read_head(os, to, there);

    if (status == SGC_NOT_FOUND) return SGC_OK;
    if (status == SGC_OK) status = read_head(os, from, mine);
    if (status != SGC_OK && status != SGC_NOT_FOUND) return status;
    return status == SGC_OK && memcmp(mine, there, sizeof mine) == 0 ? SGC_OK : SGC_EXISTS;
}

static void find_newest(void *context, const char *name)
{
    uint64_t number, *newest = context;
    bool spare;

    if (sgc_log_parse_name(name, &number, &spare) && !spare && number > *newest) *newest = number;
}

/* What is archived was in front of what the log holds. */
static sgc_status is_ours(sgc_log *log)
{
    const sgc_log_segments *live = &log->segments;
    uint64_t newest = 0;
    sgc_status status = log->os->list(log->os->self, log->archive, find_newest, &newest);

    if (status != SGC_OK || newest == 0) return status;
    if (live->count > 0 && newest < live->items[0].number) return SGC_OK;
    char *from = sgc_log_path(log->directory, newest, false);
    char *to = sgc_log_path(log->archive, newest, false);
    status = from && to ? may_replace(log->os, from, to) : SGC_NO_MEMORY;
    sgc_free(from);
    sgc_free(to);
    return status;
}

sgc_status sgc_log_archive_open(sgc_log *log, sgc_error *error)
{
    if (!log->archive) return SGC_OK;
    sgc_status status = sgc_log_make_folder(log->os, log->archive);
    if (status == SGC_OK) status = is_ours(log);
    if (status == SGC_EXISTS)
        return sgc_fail(error, status, "the archive %s holds segments of another log",
                        log->archive);
    if (status == SGC_OK) return SGC_OK;
    return sgc_fail(error, status, "the archive of the log: %s", sgc_log_words(status));
}

/* ---- moving ---- */

static sgc_status copy_bytes(sgc_log *log, sgc_file *from, sgc_file *to, uint8_t *room)
{
    const sgc_os *os = log->os;
    sgc_status status = SGC_OK;
    size_t got = SGC_LOG_ZEROS;

    for (uint64_t at = 0; status == SGC_OK && got == SGC_LOG_ZEROS; at += got) {
        status = os->read(os->self, from, at, room, SGC_LOG_ZEROS, &got);
        if (status == SGC_OK && got) status = os->write(os->self, to, at, room, got);
    }
    return status == SGC_OK ? os->sync(os->self, to) : status;
}

static sgc_status copy_file(sgc_log *log, const char *from_path, const char *to_path)
{
    const sgc_os *os = log->os;
    sgc_file *from = NULL, *to = NULL;
    uint8_t *room = sgc_alloc(SGC_LOG_ZEROS);
    sgc_status status = room ? SGC_OK : SGC_NO_MEMORY;

    if (status == SGC_OK) status = os->open(os->self, from_path, SGC_OPEN_READ, &from);
    if (status == SGC_OK) {
        status = os->open(os->self, to_path, SGC_OPEN_READ | SGC_OPEN_WRITE | SGC_OPEN_CREATE, &to);
    }
    if (status == SGC_OK) status = os->truncate(os->self, to, 0);
    if (status == SGC_OK) status = copy_bytes(log, from, to, room);
    if (to) os->close(os->self, to);
    if (from) os->close(os->self, from);
    sgc_free(room);
    return status;
}

/*
 * On one file system a rename is enough. Elsewhere the copy gets its name in the archive only when
 * it is whole and durable, and the segment goes only after that.
 */
static sgc_status move_file(sgc_log *log, const char *from, const char *part, const char *to)
{
    const sgc_os *os = log->os;

    if (os->rename(os->self, from, to) == SGC_OK) {
        return os->sync_directory(os->self, log->archive);
    }
    sgc_status status = copy_file(log, from, part);
    if (status == SGC_OK) status = os->rename(os->self, part, to);
    if (status == SGC_OK) status = os->sync_directory(os->self, log->archive);
    return status == SGC_OK ? os->remove(os->self, from) : status;
}

sgc_status sgc_log_archive(sgc_log *log, uint64_t number)
{
    char *from = sgc_log_path(log->directory, number, false);
    char *part = sgc_log_path(log->archive, number, true);
    char *to = sgc_log_path(log->archive, number, false);
    sgc_status status = from && part && to ? may_replace(log->os, from, to) : SGC_NO_MEMORY;

    if (status == SGC_OK) status = move_file(log, from, part, to);
    if (status == SGC_OK) {
        sgc_mutex_lock(&log->lock);
        log->stats.archived++;
        sgc_mutex_unlock(&log->lock);
    }
    sgc_free(from);
    sgc_free(part);
    sgc_free(to);
    return status;
}

/* ---- finding ---- */

typedef struct finding {
    uint64_t *numbers;
    size_t count, capacity;
    uint64_t below;
    bool failed;
} finding;

static void find_one(void *context, const char *name)
{
    finding *found = context;
    uint64_t number;
    bool spare;

    if (!sgc_log_parse_name(name, &number, &spare) || spare || number >= found->below) return;
    if (!SGC_GROW(found->numbers, found->count, found->capacity)) {
        found->failed = true;
        return;
    }
    found->numbers[found->count++] = number;
}

static int newest_first(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left < right) - (left > right);
}

static sgc_status pruned(sgc_log_scan *scan, uint64_t after)
{
    return sgc_fail(scan->error, SGC_HISTORY_PRUNED,
                    "neither the log nor its archive holds what followed sequence %" PRIu64, after);
}

static sgc_status go_back(sgc_log_scan *scan, const finding *found, uint64_t after, uint64_t next,
                          uint64_t *first)
{
    for (size_t i = 0; i < found->count && found->numbers[i] + 1 == next; i++) {
        next = found->numbers[i];
        sgc_status status = sgc_log_scan_open_in(scan, scan->log->archive, next);
        if (status != SGC_OK) return status;
        *first = next;
        if (scan->segment.before <= after) return SGC_OK;
    }
    return pruned(scan, after);
}

sgc_status sgc_log_archive_find(sgc_log_scan *scan, uint64_t after, uint64_t next, uint64_t *first)
{
    const sgc_os *os = scan->log->os;
    const char *folder = scan->log->archive;
    finding found = {.below = next};

    if (!folder) return pruned(scan, after);
    sgc_status status = os->list(os->self, folder, find_one, &found);
    if (status == SGC_OK && found.failed) status = SGC_NO_MEMORY;
    if (status != SGC_OK) {
        sgc_fail(scan->error, status, "the archive of the log: %s", sgc_log_words(status));
    } else {
        if (found.count) qsort(found.numbers, found.count, sizeof *found.numbers, newest_first);
        status = go_back(scan, &found, after, next, first);
    }
    sgc_free(found.numbers);
    return status;
}
