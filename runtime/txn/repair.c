/*
 * repair.c - databases that may be damaged: a look at everything that can still be read, and the
 * rebuilding of indexes. Both work without an open database, since damage may keep it from opening.
 */
#include "txn/internal.h"

#include <stdio.h>

enum { PATH_MAX_BYTES = 4096, CACHE_BYTES = 64 << 20, HISTORY_CACHE_BYTES = 8 << 20 };

static sgc_status open_pages(const sgc_os *os, const char *directory, bool read_only,
                             sgc_pages **pages, sgc_error *error)
{
    sgc_pages_options options = {.extend = sgc_system_extend,
                                 .cache_bytes = CACHE_BYTES,
                                 .history_cache_bytes = HISTORY_CACHE_BYTES,
                                 .read_only = read_only,
                                 .to_repair = true};

    return sgc_pages_open(os, directory, NULL, &options, pages, error);
}

/* ---- looking ---- */

struct look {
    const sgc_os *os;
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
    sgc_log_options options = {.read_only = true};
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
    sgc_status status = open_pages(look->os, look->directory, true, &pages, &error);

    if (status == SGC_OK) {
        look->schema = sgc_pages_schema(pages);
        look_at_pages(look, pages);
    } else {
        note(look, status, error.text);
    }
    look_at_log(look, sequence);
    if (pages) sgc_pages_close(pages);
}

/* Without a root nothing says what the other files should hold. */
static sgc_status look_at_files(struct look *look, bool locked, bool all, sgc_error *error)
{
    size_t before = look->report->size;
    sgc_error words = {SGC_OK, ""};
    uint64_t sequence = 0;
    sgc_status status =
        sgc_root_inspect(look->os, look->directory, look->report, &sequence, &words);

    if (status == SGC_NOT_FOUND && !locked)
        return sgc_fail(error, status, "%s: there is no database", look->directory);
    if (status == SGC_UNSUPPORTED) return sgc_fail(error, status, "%s", words.text);
    if (status == SGC_NOT_FOUND) {
        sgc_buf_printf(look->report, "%s/root: is missing\n", look->directory);
    } else if (status != SGC_OK && status != SGC_CORRUPT) {
        sgc_buf_printf(look->report, "%s\n", words.text);
    } else if (all && status == SGC_OK) {
        look_at_all(look, sequence);
    }
    return look->report->size > before || look->status != SGC_OK ? SGC_CORRUPT : SGC_OK;
}

sgc_status sgc_db_inspect(const sgc_os *os, const char *directory, bool all, sgc_buf *report,
                          sgc_error *error)
{
    const sgc_os *real = os ? os : sgc_os_posix();
    struct look look = {.os = real, .directory = directory, .report = report};
    sgc_file *lock;
    sgc_status status = sgc_lock_take(real, directory, SGC_OPEN_READ, &lock, error);

    if (status == SGC_OK || status == SGC_NOT_FOUND)
        status = look_at_files(&look, lock != NULL, all, error);
    if (lock) real->close(real->self, lock);
    return report->failed ? sgc_fail(error, SGC_NO_MEMORY, "out of memory") : status;
}

/* ---- rebuilding ---- */

static bool has_root(const sgc_os *os, const char *directory)
{
    char path[PATH_MAX_BYTES];
    sgc_file *file;

    snprintf(path, sizeof path, "%s/root", directory);
    if (os->open(os->self, path, SGC_OPEN_READ, &file) != SGC_OK) return false;
    os->close(os->self, file);
    return true;
}

/* No lock file is made where there is no database. */
static sgc_status lock_alone(const sgc_os *os, const char *directory, sgc_file **lock,
                             sgc_error *error)
{
    const unsigned flags = SGC_OPEN_READ | SGC_OPEN_WRITE;
    sgc_status status = sgc_lock_take(os, directory, flags, lock, error);

    if (status != SGC_NOT_FOUND) return status;
    if (has_root(os, directory))
        return sgc_lock_take(os, directory, flags | SGC_OPEN_CREATE, lock, error);
    return sgc_fail(error, status, "%s: there is no database", directory);
}

sgc_status sgc_db_rebuild(const sgc_os *os, const char *directory, sgc_buf *report,
                          sgc_error *error)
{
    const sgc_os *real = os ? os : sgc_os_posix();
    sgc_pages *pages = NULL;
    sgc_file *lock;
    sgc_status status = lock_alone(real, directory, &lock, error);

    if (status == SGC_OK) status = open_pages(real, directory, false, &pages, error);
    if (status == SGC_OK) status = sgc_pages_rebuild(pages, report, error);
    if (pages) sgc_pages_close(pages);
    if (lock) real->close(real->self, lock);
    if (status == SGC_OK && report->failed) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    return status;
}
