/*
 * sgdb_progress.c - what a person sees of long work: a bar on a terminal. Work that cannot say how
 * far it is (checking, compacting) is followed by the bytes it reads and writes.
 */
#include "cli/sgdb.h"

#include <stdatomic.h>
#include <stdio.h>

enum { BAR = 30, STEP_US = 100 * 1000 };

void sgc_cmd_bar(const char *name, uint64_t done, uint64_t total, const char *words)
{
    unsigned percent = 0;
    char bar[BAR + 1];

    if (total) percent = done >= total ? 100 : (unsigned)((double)done / (double)total * 100);
    unsigned filled = percent * BAR / 100;
    memset(bar, ' ', BAR);
    memset(bar, '=', filled);
    if (filled < BAR) bar[filled] = '>';
    bar[BAR] = '\0';
    if (total)
        fprintf(stderr, "\r%s [%s] %3u %% %s\033[K", name, bar, percent, words);
    else
        fprintf(stderr, "\r%s %s\033[K", name, words);
    fflush(stderr);
}

void sgc_cmd_bar_end(void)
{
    fputc('\n', stderr);
}

/* ---- watching files ---- */

static void draw(sgdb_watch *watch)
{
    char read[32], written[32], words[80];
    uint64_t bytes = atomic_load(&watch->read), total = watch->total;

    snprintf(words, sizeof words, "%s read, %s written", sgc_cmd_bytes(bytes, read),
             sgc_cmd_bytes(atomic_load(&watch->written), written));
    sgc_cmd_bar(watch->name, bytes, total, words);
}

/* Called by whichever thread has just read or written; one of them draws. */
static void show(sgdb_watch *watch)
{
    const sgc_os *real = sgc_os_posix();
    uint64_t now = real->monotonic_us(real->self), last = atomic_load(&watch->drawn_us);

    if (!watch->name || now < last + STEP_US) return;
    if (atomic_compare_exchange_strong(&watch->drawn_us, &last, now)) draw(watch);
}

static sgc_status watched_read(void *self, sgc_file *file, uint64_t offset, void *data, size_t size,
                               size_t *got)
{
    const sgc_os *real = sgc_os_posix();
    sgdb_watch *watch = self;
    sgc_status status = real->read(real->self, file, offset, data, size, got);

    if (status == SGC_OK) atomic_fetch_add(&watch->read, *got);
    show(watch);
    return status;
}

static sgc_status watched_write(void *self, sgc_file *file, uint64_t offset, const void *data,
                                size_t size)
{
    const sgc_os *real = sgc_os_posix();
    sgdb_watch *watch = self;
    sgc_status status = real->write(real->self, file, offset, data, size);

    if (status == SGC_OK) atomic_fetch_add(&watch->written, size);
    show(watch);
    return status;
}

const sgc_os *sgc_cmd_watch(sgdb_watch *watch)
{
    *watch = (sgdb_watch){.os = *sgc_os_posix()};
    if (!sgc_stderr_is_terminal()) return NULL;
    /* The other calls of that table do not look at self. */
    watch->os.self = watch;
    watch->os.read = watched_read;
    watch->os.write = watched_write;
    return &watch->os;
}

void sgc_cmd_watch_begin(sgdb_watch *watch, const char *name, uint64_t total)
{
    atomic_store(&watch->read, 0);
    atomic_store(&watch->written, 0);
    watch->total = total;
    if (watch->os.self == watch) watch->name = name;
}

void sgc_cmd_watch_end(sgdb_watch *watch)
{
    if (!watch->name) return;
    watch->total = atomic_load(&watch->read); /* it is done */
    if (watch->total == 0) watch->total = 1;
    atomic_store(&watch->read, watch->total);
    draw(watch);
    sgc_cmd_bar_end();
    watch->name = NULL;
}
