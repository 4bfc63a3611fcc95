/*
 * faulty.c - a library to preload: the N-th call that changes a file or makes it durable fails,
 * once or for good, and a write may leave a part behind. Calls on standard streams and sockets
 * pass.
 *
 *   FAULTY="KIND N [ERRNO] [sticky] [short]"   KIND: write, sync, rename or any
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum kind { WRITE, SYNC, RENAME, ANY };

static struct {
    enum kind kind;
    unsigned long at;
    int error;
    bool sticky, shortly;
} plan = {ANY, 0, EIO, false, false};
static atomic_ulong calls;

__attribute__((constructor)) static void read_plan(void)
{
    static const char *const kinds[] = {"write", "sync", "rename", "any"};
    const char *text = getenv("FAULTY");
    char kind[16];
    int used = 0;

    if (!text || sscanf(text, "%15s %lu %d%n", kind, &plan.at, &plan.error, &used) < 3) return;
    for (int i = 0; i <= ANY; i++)
        if (strcmp(kind, kinds[i]) == 0) plan.kind = (enum kind)i;
    plan.sticky = strstr(text + used, "sticky") != NULL;
    plan.shortly = strstr(text + used, "short") != NULL;
}

static bool fails(enum kind kind)
{
    if (plan.at == 0 || (plan.kind != kind && plan.kind != ANY)) return false;
    unsigned long call = atomic_fetch_add(&calls, 1) + 1;
    if (call != plan.at && !(plan.sticky && call > plan.at)) return false;
    errno = plan.error;
    return true;
}

/* ISO C has no conversion from an object's address to a function's. */
static void find(const char *name, void *function, size_t size)
{
    void *found = dlsym(RTLD_NEXT, name);

    memcpy(function, &found, size);
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset)
{
    static ssize_t (*real)(int, const void *, size_t, off_t);

    if (!real) find("pwrite", &real, sizeof real);
    if (!fails(WRITE)) return real(file, data, size, offset);
    size_t part = size / 2 / 512 * 512;
    /* A short write that says so is finished by the next one, which then is what fails. */
    if (plan.shortly && part && real(file, data, part, offset) < 0) return -1;
    errno = plan.error;
    return -1;
}

int fdatasync(int file)
{
    static int (*real)(int);

    if (!real) find("fdatasync", &real, sizeof real);
    return fails(SYNC) ? -1 : real(file);
}

int fsync(int file)
{
    static int (*real)(int);

    if (!real) find("fsync", &real, sizeof real);
    return fails(SYNC) ? -1 : real(file);
}

int ftruncate(int file, off_t size)
{
    static int (*real)(int, off_t);

    if (!real) find("ftruncate", &real, sizeof real);
    return fails(WRITE) ? -1 : real(file, size);
}

int rename(const char *from, const char *to)
{
    static int (*real)(const char *, const char *);

    if (!real) find("rename", &real, sizeof real);
    return fails(RENAME) ? -1 : real(from, to);
}
