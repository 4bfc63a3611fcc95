/*
 * disk.h - all files of a database in the os table in memory, copied out, to be damaged and written
 * into another one.
 */
#ifndef SGC_TESTS_DISK_H
#define SGC_TESTS_DISK_H

#include "base/base.h"
#include "os/os.h"

#include <stdio.h>
#include <stdlib.h>

enum { FILES = 400, FILE_KINDS = 4 };

enum file_kind { ROOT, PAGES, LOG, HISTORY, OTHER };

struct copied_file {
    char path[200];
    enum file_kind kind;
    uint8_t *data;
    size_t size;
};

struct disk {
    const sgc_os *os;
    struct copied_file files[FILES];
    size_t count;
    const char *folder; /* being listed */
    size_t last_batch;  /* offset in the newest file of the log, */
    size_t newest;      /* which is this one */
};

/* ---- copies of all files ---- */

static void disk_fail(const char *what)
{
    fprintf(stderr, "copies of a database: %s\n", what);
    exit(3);
}

static void note_file(void *context, const char *name)
{
    struct disk *disk = context;

    if (disk->count == FILES) disk_fail("too many files");
    struct copied_file *file = &disk->files[disk->count++];
    *file = (struct copied_file){.kind = OTHER};
    snprintf(file->path, sizeof file->path, "%s/%s", disk->folder, name);
    if (strcmp(file->path, "data/root") == 0) file->kind = ROOT;
    if (strcmp(file->path, "data/pages") == 0) file->kind = PAGES;
    if (strncmp(file->path, "data/log/", 9) == 0 && strstr(name, ".log")) file->kind = LOG;
    if (strncmp(file->path, "data/history/", 13) == 0) file->kind = HISTORY;
}

static bool read_file(const sgc_os *os, struct copied_file *copy)
{
    sgc_file *file;
    uint64_t size = 0;

    if (os->open(os->self, copy->path, SGC_OPEN_READ, &file) != SGC_OK) return false;
    bool good = os->size(os->self, file, &size) == SGC_OK;
    copy->data = good ? malloc(size + 1) : NULL;
    good = copy->data && os->read(os->self, file, 0, copy->data, size, &copy->size) == SGC_OK;
    os->close(os->self, file);
    return good && copy->size == size;
}

/* Where the batch with the highest number begins, among the blocks of the newest file. */
static void find_last_batch(struct disk *disk)
{
    uint64_t highest = 0;

    for (size_t i = 0; i < disk->count; i++) {
        const struct copied_file *file = &disk->files[i];
        for (size_t at = 4096; file->kind == LOG && at + 64 <= file->size; at += 4096) {
            uint64_t number = sgc_load64(file->data + at + 8);
            if (memcmp(file->data + at, "SGLB", 4) != 0 || number <= highest) continue;
            highest = number;
            disk->newest = i;
            disk->last_batch = at;
        }
    }
    if (highest == 0) disk_fail("there is no batch");
}

static void copy_disk(struct disk *disk, const sgc_os *os)
{
    static const char *const folders[] = {"data", "data/log", "data/history"};

    memset(disk, 0, sizeof *disk);
    disk->os = os;
    for (size_t i = 0; i < 3; i++) {
        disk->folder = folders[i];
        if (os->list(os->self, folders[i], note_file, disk) != SGC_OK) disk_fail("cannot list");
    }
    size_t kept = 0;
    for (size_t i = 0; i < disk->count; i++) {
        disk->files[kept] = disk->files[i];
        if (read_file(os, &disk->files[kept])) kept++; /* folders are not read */
    }
    disk->count = kept;
    find_last_batch(disk);
}

static void free_disk(struct disk *disk)
{
    for (size_t i = 0; i < disk->count; i++)
        free(disk->files[i].data);
}

static void write_disk(const struct disk *disk, const sgc_os *os)
{
    static const char *const folders[] = {"data", "data/log", "data/history"};
    sgc_file *file;

    for (size_t i = 0; i < 3; i++) {
        if (os->make_directory(os->self, folders[i]) != SGC_OK) disk_fail("cannot make a folder");
    }
    for (size_t i = 0; i < disk->count; i++) {
        const struct copied_file *copy = &disk->files[i];
        if (os->open(os->self, copy->path, SGC_OPEN_WRITE | SGC_OPEN_CREATE, &file) != SGC_OK ||
            os->write(os->self, file, 0, copy->data, copy->size) != SGC_OK ||
            os->sync(os->self, file) != SGC_OK) {
            disk_fail("cannot write a copy");
        }
        os->close(os->self, file);
    }
    for (size_t i = 0; i < 3; i++) {
        if (os->sync_directory(os->self, folders[i]) != SGC_OK) disk_fail("cannot sync a folder");
    }
    if (os->sync_directory(os->self, ".") != SGC_OK) disk_fail("cannot sync");
}

#endif
