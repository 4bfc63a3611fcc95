/*
 * repair.c - databases that may be damaged: a look at everything that can still be read, and the
 * rebuilding of indexes. Both work without an open database, since damage may keep it from opening.
 *
 * Opening files of a database repairs and tidies them on the way (the second copy of the root, the
 * end of the log, files left over). A look must change nothing, so it goes through a pane: a table
 * of calls that reads what is there and lets every change pass into nowhere.
 */
#include "txn/internal.h"

#include <stdio.h>

enum { PATH_MAX_BYTES = 4096, CACHE_BYTES = 64 << 20, HISTORY_CACHE_BYTES = 8 << 20 };

/* ---- the pane ---- */

struct pane {
    sgc_os os;
    const sgc_os *real;
};

/* NULL inside: a file that would have been created. */
struct pane_file {
    sgc_file *real;
};

static struct pane_file *file_of(sgc_file *file)
{
    return (struct pane_file *)(void *)file;
}

static const sgc_os *real_of(void *self)
{
    return ((struct pane *)self)->real;
}

static sgc_status pane_open(void *self, const char *path, unsigned flags, sgc_file **file)
{
    const sgc_os *real = real_of(self);
    struct pane_file *made = sgc_alloc_zero(1, sizeof *made);

    if (!made) return SGC_NO_MEMORY;
    sgc_status status = real->open(real->self, path, SGC_OPEN_READ, &made->real);
    if (status == SGC_NOT_FOUND && (flags & SGC_OPEN_CREATE)) {
        made->real = NULL;
        status = SGC_OK;
    }
    if (status == SGC_OK) {
        *file = (sgc_file *)(void *)made;
    } else {
        sgc_free(made);
    }
    return status;
}

static void pane_close(void *self, sgc_file *file)
{
    const sgc_os *real = real_of(self);

    if (!file) return;
    if (file_of(file)->real) real->close(real->self, file_of(file)->real);
    sgc_free(file);
}

static sgc_status pane_read(void *self, sgc_file *file, uint64_t offset, void *data, size_t size,
                            size_t *got)
{
    const sgc_os *real = real_of(self);

    *got = 0;
    if (!file_of(file)->real) return SGC_OK;
    return real->read(real->self, file_of(file)->real, offset, data, size, got);
}

static void pane_will_read(void *self, sgc_file *file, uint64_t offset, size_t size)
{
    const sgc_os *real = real_of(self);

    if (file_of(file)->real) real->will_read(real->self, file_of(file)->real, offset, size);
}

static sgc_status pane_size(void *self, sgc_file *file, uint64_t *size)
{
    const sgc_os *real = real_of(self);

    *size = 0;
    return file_of(file)->real ? real->size(real->self, file_of(file)->real, size) : SGC_OK;
}

static sgc_status pane_write(void *self, sgc_file *file, uint64_t offset, const void *data,
                             size_t size)
{
    (void)self;
    (void)file;
    (void)offset;
    (void)data;
    (void)size;
    return SGC_OK;
}

static sgc_status pane_sync(void *self, sgc_file *file)
{
    (void)self;
    (void)file;
    return SGC_OK;
}

static sgc_status pane_truncate(void *self, sgc_file *file, uint64_t size)
{
    (void)self;
    (void)file;
    (void)size;
    return SGC_OK;
}

static sgc_status pane_rename(void *self, const char *from, const char *to)
{
    (void)self;
    (void)from;
    (void)to;
    return SGC_OK;
}

static sgc_status pane_name(void *self, const char *path)
{
    (void)self;
    (void)path;
    return SGC_OK;
}

static sgc_status pane_list(void *self, const char *path,
                            void (*each)(void *context, const char *name), void *context)
{
    const sgc_os *real = real_of(self);
    sgc_status status = real->list(real->self, path, each, context);

    return status == SGC_NOT_FOUND ? SGC_OK : status;
}

static uint64_t pane_time(void *self)
{
    const sgc_os *real = real_of(self);
    return real->time_us(real->self);
}

static uint64_t pane_monotonic(void *self)
{
    const sgc_os *real = real_of(self);
    return real->monotonic_us(real->self);
}

static uint64_t pane_coarse(void *self)
{
    const sgc_os *real = real_of(self);
    return real->coarse_us(real->self);
}

static sgc_status pane_random(void *self, void *data, size_t size)
{
    const sgc_os *real = real_of(self);
    return real->random(real->self, data, size);
}

static void pane_init(struct pane *pane, const sgc_os *real)
{
    pane->real = real;
    pane->os = (sgc_os){.self = pane,
                        .open = pane_open,
                        .close = pane_close,
                        .read = pane_read,
                        .will_read = pane_will_read,
                        .write = pane_write,
                        .sync = pane_sync,
                        .size = pane_size,
                        .truncate = pane_truncate,
                        .lock = pane_sync,
                        .rename = pane_rename,
                        .remove = pane_name,
                        .make_directory = pane_name,
                        .sync_directory = pane_name,
                        .list = pane_list,
                        .time_us = pane_time,
                        .monotonic_us = pane_monotonic,
                        .coarse_us = pane_coarse,
                        .random = pane_random};
}

/* ---- the folder ---- */

/* Nobody else may change what is looked at. */
static sgc_status take_lock(const sgc_os *os, const char *directory, sgc_file **lock,
                            sgc_error *error)
{
    char path[PATH_MAX_BYTES];
    int size = snprintf(path, sizeof path, "%s/lock", directory);

    *lock = NULL;
    if (size < 0 || size >= (int)sizeof path)
        return sgc_fail(error, SGC_INVALID, "the path of the database is too long");
    sgc_status status = os->open(os->self, path, SGC_OPEN_READ | SGC_OPEN_WRITE, lock);
    if (status == SGC_NOT_FOUND)
        return sgc_fail(error, status, "%s: there is no database", directory);
    if (status == SGC_OK) status = os->lock(os->self, *lock);
    if (status == SGC_BUSY)
        return sgc_fail(error, status, "%s: another process has this database open", directory);
    return status == SGC_OK ? SGC_OK : sgc_fail(error, status, "%s", sgc_os_file_error());
}

static sgc_status open_pages(const sgc_os *os, const char *directory, sgc_pages **pages,
                             sgc_error *error)
{
    sgc_pages_options options = {.extend = sgc_system_extend,
                                 .cache_bytes = CACHE_BYTES,
                                 .history_cache_bytes = HISTORY_CACHE_BYTES,
                                 .to_repair = true};

    return sgc_pages_open(os, directory, NULL, &options, pages, error);
}

/* ---- looking ---- */

struct look {
    const sgc_os *os; /* the pane's */
    const char *directory;
    const sgc_schema *schema; /* NULL: pages could not be opened */
    sgc_buf *report;
    sgc_status status;
};

static void note(struct look *look, sgc_status status, const char *words)
{
    if (words) sgc_buf_printf(look->report, "%s\n", words);
    if (status != SGC_OK && look->status == SGC_OK) look->status = SGC_CORRUPT;
}

static void look_at_pages(struct look *look, sgc_pages *pages)
{
    sgc_checkpoint *newest = sgc_pages_newest(pages);

    note(look, sgc_pages_verify(pages, look->report), NULL);
    note(look,
         sgc_history_verify(sgc_pages_history(pages), sgc_checkpoint_history(newest), look->report),
         NULL);
    sgc_checkpoint_release(newest);
}

static sgc_status accept_event(void *context, const sgc_event *event)
{
    (void)context;
    (void)event;
    return SGC_OK;
}

static sgc_status read_commit(void *context, sgc_log_position position, uint64_t time_us,
                              sgc_str payload)
{
    struct look *look = context;
    sgc_error error = {SGC_OK, ""};

    (void)time_us;
    if (!look->schema) return SGC_OK;
    if (sgc_payload_read(look->schema, payload, accept_event, NULL, &error) == SGC_OK)
        return SGC_OK;
    sgc_buf_printf(look->report, "log: commit %llu: %s\n", (unsigned long long)position.index,
                   error.text);
    look->status = SGC_CORRUPT;
    return SGC_OK;
}

static void look_at_log(struct look *look, uint64_t sequence)
{
    char path[PATH_MAX_BYTES];
    sgc_log_options options = {.buffered = true, .must_exist = true};
    sgc_error error = {SGC_OK, ""};
    sgc_log *log = NULL;

    snprintf(path, sizeof path, "%s/log", look->directory);
    sgc_status status =
        sgc_log_open(look->os, path, &options, sequence, read_commit, look, &log, &error);
    if (status == SGC_OK) {
        sgc_log_close(log);
    } else {
        note(look, status, error.text);
    }
}

static void look_at_all(struct look *look, uint64_t sequence)
{
    sgc_pages *pages = NULL;
    sgc_error error = {SGC_OK, ""};
    sgc_status status = open_pages(look->os, look->directory, &pages, &error);

    if (status == SGC_OK) {
        look->schema = sgc_pages_schema(pages);
        look_at_pages(look, pages);
    } else {
        note(look, status, error.text);
    }
    look_at_log(look, sequence);
    if (pages) sgc_pages_close(pages);
}

sgc_status sgc_db_inspect(const sgc_os *os, const char *directory, bool all, sgc_buf *report,
                          sgc_error *error)
{
    const sgc_os *real = os ? os : sgc_os_posix();
    struct pane pane;
    struct look look = {.os = &pane.os, .directory = directory, .report = report};
    size_t before = report->size;
    sgc_error words = {SGC_OK, ""};
    uint64_t sequence = 0;
    sgc_file *lock;

    pane_init(&pane, real);
    sgc_status status = take_lock(real, directory, &lock, error);
    if (status == SGC_OK) {
        status = sgc_root_inspect(&pane.os, directory, report, &sequence, &words);
        /* Without a root nothing says what the other files should hold. */
        if (status == SGC_NOT_FOUND) {
            sgc_buf_printf(report, "%s/root: is missing\n", directory);
        } else if (status != SGC_OK && status != SGC_CORRUPT) {
            sgc_buf_printf(report, "%s\n", words.text);
        } else if (all && status == SGC_OK) {
            look_at_all(&look, sequence);
        }
        status = report->size > before || look.status != SGC_OK ? SGC_CORRUPT : SGC_OK;
    }
    if (lock) real->close(real->self, lock);
    return report->failed ? sgc_fail(error, SGC_NO_MEMORY, "out of memory") : status;
}

/* ---- rebuilding ---- */

sgc_status sgc_db_rebuild(const sgc_os *os, const char *directory, sgc_buf *report,
                          sgc_error *error)
{
    const sgc_os *real = os ? os : sgc_os_posix();
    sgc_pages *pages = NULL;
    sgc_file *lock;
    sgc_status status = take_lock(real, directory, &lock, error);

    if (status == SGC_OK) status = open_pages(real, directory, &pages, error);
    if (status == SGC_OK) status = sgc_pages_rebuild(pages, report, error);
    if (pages) sgc_pages_close(pages);
    if (lock) real->close(real->self, lock);
    if (status == SGC_OK && report->failed) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    return status;
}
