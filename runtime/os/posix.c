/*
 * posix.c - the table of this machine: files, directories, clocks and random bytes through POSIX
 * and a few Linux calls. No threads (thread.c), no policy: a failed sync is reported, never
 * retried.
 */
#define _GNU_SOURCE /* O_DIRECT, flock, getrandom */
#include "os/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct posix_file {
    int descriptor;
    bool direct;
    char path[]; /* for error texts */
};

/* The signed file offset is the narrower of the two worlds. */
#define OFFSET_MAX ((uint64_t)INT64_MAX)

static struct posix_file *posix_of(sgc_file *file)
{
    return (void *)file;
}

static sgc_status status_of(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
        return SGC_NOT_FOUND;
    case EEXIST:
        return SGC_EXISTS;
    case ENOSPC:
    case EDQUOT:
        return SGC_NO_SPACE;
    case ENOMEM:
        return SGC_NO_MEMORY;
    case EWOULDBLOCK:
        return SGC_BUSY;
    case EROFS:
        return SGC_READ_ONLY;
    default:
        return SGC_IO;
    }
}

static sgc_status failed(const char *path, int number)
{
    char text[128];

    return sgc_os_say(status_of(number), path, strerror_r(number, text, sizeof text));
}

/* Of a call that would have changed something. */
static sgc_status not_changed(const char *path, int number)
{
    sgc_status status = failed(path, number);

    return number == EACCES || number == EPERM ? SGC_READ_ONLY : status;
}

/* ---- files ---- */

static int open_flags(unsigned flags)
{
    int how = O_CLOEXEC | O_NOCTTY;

    if (flags & SGC_OPEN_WRITE) {
        how |= flags & SGC_OPEN_READ ? O_RDWR : O_WRONLY;
    }
    if (flags & SGC_OPEN_CREATE) how |= O_CREAT;
    if (flags & SGC_OPEN_EXCLUSIVE) how |= O_EXCL;
    if (flags & SGC_OPEN_DIRECT) how |= O_DIRECT | O_DSYNC;
    return how;
}

static int open_again(const char *path, int how)
{
    int descriptor;

    do {
        descriptor = open(path, how, 0600);
    } while (descriptor < 0 && errno == EINTR);
    return descriptor;
}

static sgc_status posix_open(void *self, const char *path, unsigned flags, sgc_file **out)
{
    size_t size = strlen(path) + 1;
    struct posix_file *file = sgc_alloc(sizeof *file + size);

    (void)self;
    *out = NULL;
    if (!file) return sgc_os_say(SGC_NO_MEMORY, path, "out of memory");
    memcpy(file->path, path, size);
    file->direct = (flags & SGC_OPEN_DIRECT) != 0;
    file->descriptor = open_again(path, open_flags(flags));
    if (file->descriptor < 0) {
        int number = errno;
        sgc_free(file);
        if (number == EINVAL && flags & SGC_OPEN_DIRECT) {
            return sgc_os_say(SGC_UNSUPPORTED, path, "no direct access on this file system");
        }
        return flags & SGC_OPEN_WRITE ? not_changed(path, number) : failed(path, number);
    }
    *out = (void *)file;
    return SGC_OK;
}

static void posix_close(void *self, sgc_file *file)
{
    (void)self;
    if (!file) return;
    close(posix_of(file)->descriptor); /* nothing unsynced is promised, so nothing to report */
    sgc_free(file);
}

static bool range_fits(uint64_t offset, size_t size)
{
    return offset <= OFFSET_MAX && size <= OFFSET_MAX - offset;
}

static sgc_status posix_read(void *self, sgc_file *file, uint64_t offset, void *data, size_t size,
                             size_t *got)
{
    struct posix_file *posix = posix_of(file);
    char *to = data;

    (void)self;
    *got = 0;
    if (!range_fits(offset, size)) return failed(posix->path, EOVERFLOW);
    while (*got < size) {
        ssize_t n = pread(posix->descriptor, to + *got, size - *got, (off_t)(offset + *got));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return failed(posix->path, errno);
        if (n == 0) break;
        *got += (size_t)n;
    }
    return SGC_OK;
}

static void posix_will_read(void *self, sgc_file *file, uint64_t offset, size_t size)
{
    (void)self;
    if (range_fits(offset, size))
        (void)posix_fadvise(posix_of(file)->descriptor, (off_t)offset, (off_t)size,
                            POSIX_FADV_WILLNEED);
}

static sgc_status posix_write(void *self, sgc_file *file, uint64_t offset, const void *data,
                              size_t size)
{
    struct posix_file *posix = posix_of(file);
    const char *from = data;

    (void)self;
    if (!range_fits(offset, size)) return failed(posix->path, EFBIG);
    while (size > 0) {
        ssize_t n = pwrite(posix->descriptor, from, size, (off_t)offset);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EINVAL && posix->direct) {
            return sgc_os_say(SGC_UNSUPPORTED, posix->path, "direct write refused");
        }
        if (n <= 0) return failed(posix->path, n == 0 ? EIO : errno);
        from += n;
        offset += (uint64_t)n;
        size -= (size_t)n;
    }
    return SGC_OK;
}

static sgc_status posix_sync(void *self, sgc_file *file)
{
    struct posix_file *posix = posix_of(file);

    (void)self;
    /* An interrupted fdatasync has not marked anything clean: asking again is no retry. */
    while (fdatasync(posix->descriptor) != 0) {
        if (errno != EINTR) return failed(posix->path, errno);
    }
    return SGC_OK;
}

static sgc_status posix_size(void *self, sgc_file *file, uint64_t *size)
{
    struct posix_file *posix = posix_of(file);
    struct stat about;

    (void)self;
    *size = 0;
    if (fstat(posix->descriptor, &about) != 0) return failed(posix->path, errno);
    *size = (uint64_t)about.st_size;
    return SGC_OK;
}

static sgc_status posix_truncate(void *self, sgc_file *file, uint64_t size)
{
    struct posix_file *posix = posix_of(file);

    (void)self;
    if (size > OFFSET_MAX) return failed(posix->path, EFBIG);
    while (ftruncate(posix->descriptor, (off_t)size) != 0) {
        if (errno != EINTR) return failed(posix->path, errno);
    }
    return SGC_OK;
}

/* flock belongs to the open file, so a second open in this process is refused like another one. */
static sgc_status posix_lock(void *self, sgc_file *file, bool shared)
{
    struct posix_file *posix = posix_of(file);

    (void)self;
    while (flock(posix->descriptor, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
        if (errno != EINTR) return failed(posix->path, errno);
    }
    return SGC_OK;
}

/* ---- directories ---- */

static sgc_status posix_rename(void *self, const char *from, const char *to)
{
    (void)self;
    return rename(from, to) == 0 ? SGC_OK : not_changed(from, errno);
}

static sgc_status posix_remove(void *self, const char *path)
{
    (void)self;
    return remove(path) == 0 ? SGC_OK : not_changed(path, errno);
}

static sgc_status posix_make_directory(void *self, const char *path)
{
    (void)self;
    return mkdir(path, 0700) == 0 ? SGC_OK : not_changed(path, errno);
}

static sgc_status posix_sync_directory(void *self, const char *path)
{
    int descriptor = open_again(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int number = 0;

    (void)self;
    if (descriptor < 0) return failed(path, errno);
    while (fsync(descriptor) != 0) {
        number = errno;
        if (number != EINTR) break;
        number = 0;
    }
    close(descriptor);
    return number == 0 ? SGC_OK : failed(path, number);
}

static sgc_status posix_list(void *self, const char *path,
                             void (*each)(void *context, const char *name), void *context)
{
    DIR *directory = opendir(path);
    int number;

    (void)self;
    if (!directory) return failed(path, errno);
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(directory);
        number = errno;
        if (!entry) break;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        each(context, entry->d_name);
    }
    closedir(directory);
    return number == 0 ? SGC_OK : failed(path, number);
}

size_t sgc_path_folder(const char *path)
{
    size_t size = strlen(path);

    while (size > 1 && path[size - 1] == '/')
        size--;
    while (size > 0 && path[size - 1] != '/')
        size--;
    while (size > 1 && path[size - 1] == '/')
        size--;
    return size;
}

/* The last name of a path goes; "." is left of a single one. */
static void cut_name(char *path)
{
    size_t size = sgc_path_folder(path);

    if (size == 0) path[size++] = '.';
    path[size] = '\0';
}

/* Opens the path, or the nearest folder above it that is there. */
static int open_nearest(char *path)
{
    int descriptor = open_again(path, O_PATH | O_CLOEXEC);

    while (descriptor < 0 && errno == ENOENT && strcmp(path, ".") != 0 && strcmp(path, "/") != 0) {
        cut_name(path);
        descriptor = open_again(path, O_PATH | O_CLOEXEC);
    }
    return descriptor;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Goes up from there until it meets the folder, or what has nothing above it. 0, or an errno. */
static int go_up(int at, const struct stat *folder, bool *inside)
{
    struct stat here, below = {0};
    bool more = true;

    while (at >= 0 && more && fstat(at, &here) == 0) {
        *inside = is_same(&here, folder);
        if (*inside || is_same(&here, &below)) {
            more = false;
        } else {
            int above = openat(at, "..", O_PATH | O_CLOEXEC);
            close(at);
            at = above;
            below = here;
        }
    }
    int number = more ? errno : 0;
    if (at >= 0) close(at);
    return number;
}

static sgc_status posix_lies_in(void *self, const char *path, const char *folder, bool *inside)
{
    size_t size = strlen(path) + 1;
    struct stat about;

    (void)self;
    *inside = false;
    if (stat(folder, &about) != 0) return failed(folder, errno);
    char *nearest = sgc_alloc(size + 1); /* room for "." */
    if (!nearest) return sgc_os_say(SGC_NO_MEMORY, path, "out of memory");
    memcpy(nearest, path, size);
    int number = go_up(open_nearest(nearest), &about, inside);
    sgc_free(nearest);
    return number == 0 ? SGC_OK : failed(path, number);
}

/* ---- clocks, random ---- */

static uint64_t clock_us(clockid_t clock)
{
    struct timespec now = {0};

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t posix_time(void *self)
{
    (void)self;
    return clock_us(CLOCK_REALTIME);
}

static uint64_t posix_monotonic(void *self)
{
    (void)self;
    return clock_us(CLOCK_MONOTONIC);
}

static uint64_t posix_coarse(void *self)
{
    (void)self;
    return clock_us(CLOCK_REALTIME_COARSE);
}

static sgc_status posix_random(void *self, void *data, size_t size)
{
    char *to = data;

    (void)self;
    while (size > 0) {
        ssize_t n = getrandom(to, size, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return failed("getrandom", n == 0 ? EIO : errno);
        to += n;
        size -= (size_t)n;
    }
    return SGC_OK;
}

const sgc_os *sgc_os_posix(void)
{
    static const sgc_os table = {
        .open = posix_open,
        .close = posix_close,
        .read = posix_read,
        .will_read = posix_will_read,
        .write = posix_write,
        .sync = posix_sync,
        .size = posix_size,
        .truncate = posix_truncate,
        .lock = posix_lock,
        .rename = posix_rename,
        .remove = posix_remove,
        .make_directory = posix_make_directory,
        .sync_directory = posix_sync_directory,
        .list = posix_list,
        .lies_in = posix_lies_in,
        .time_us = posix_time,
        .monotonic_us = posix_monotonic,
        .coarse_us = posix_coarse,
        .random = posix_random,
    };
    return &table;
}
