/*
 * runs.h - private to store: sorting more entries than memory holds. Entries are collected in
 * chunks; a sorted chunk becomes a run, packed in memory; runs go to a file, merged, when they take
 * too much; and all runs are merged when they are read. When that happens, and on which thread, is
 * sorter.h; what the entries mean is load.c.
 */
#ifndef SGC_STORE_RUNS_H
#define SGC_STORE_RUNS_H

#include "store/image.h"

/** A sorted run. */
typedef struct sgc_run {
    uint8_t *memory; /**< NULL: it is in the file, from `at` on */
    uint64_t at, bytes;
    bool follows; /**< none of its entries is before the last one of the run in front of it */
} sgc_run;

/** Of equal entries those of the earlier run come first. */
typedef struct sgc_run_list {
    sgc_run *items;
    size_t count, capacity;
} sgc_run_list;
void sgc_run_list_free(sgc_run_list *list);

/** An entry and what belongs to it, at most 48 bits. */
typedef struct sgc_sorted {
    sgc_str entry; /**< readable until the next step */
    uint16_t key_size;
    uint64_t value;
} sgc_sorted;

/** A file for runs, made by the first one. It is nobody's but this process's. */
typedef struct sgc_run_file {
    const sgc_os *os;
    char *path;
    sgc_file *file; /**< NULL: none yet */
    uint64_t end;
} sgc_run_file;
/** Closes and removes it. */
void sgc_run_file_close(sgc_run_file *file);

/** An entry that is kept. */
typedef struct sgc_run_entry {
    uint8_t bytes[SGC_ENTRY_MAX];
    size_t size;
} sgc_run_entry;

/** Sorts entries into a run in memory; *last: its last entry. The changes are empty afterwards. */
SGC_CHECK sgc_status sgc_run_sort(sgc_entry_changes *changes, sgc_sort_room *room, sgc_run *run,
                                  sgc_run_entry *last);
/** The first entry of a run in memory. */
sgc_str sgc_run_first(const sgc_run *run);
/** Merges runs into one behind the others in the file. The list stays. */
SGC_CHECK sgc_status sgc_run_merge(sgc_run_file *file, const sgc_run_list *list, sgc_run *run,
                                   sgc_error *error);

/** The entries of runs in order, equal ones behind each other. Zero-initialise. */
typedef struct sgc_merge {
    const sgc_run_file *file;
    const sgc_run_list *list;
    struct sgc_run_reader *readers;
    struct sgc_run_head *heap; /**< readers by their entries, the least one first */
    size_t reader_count, heap_count;
    bool started;
} sgc_merge;
/** Both are only borrowed and do not change as long as it is open. */
SGC_CHECK sgc_status sgc_merge_open(sgc_merge *merge, const sgc_run_file *file,
                                    const sgc_run_list *list, sgc_error *error);
/** The next entry, *there false at the end. */
SGC_CHECK sgc_status sgc_merge_next(sgc_merge *merge, sgc_sorted *entry, bool *there,
                                    sgc_error *error);
void sgc_merge_close(sgc_merge *merge);

/** An entry as it was collected. */
static inline sgc_sorted sgc_sorted_of(const sgc_entry_changes *changes, size_t at)
{
    const sgc_entry_change *change = &changes->items[at];

    return (sgc_sorted){.entry = sgc_change_entry(changes, change),
                        .key_size = change->key_size,
                        .value = sgc_change_row(changes, change)};
}
enum { SGC_SORTED_AHEAD = 8 }; /* entries whose bytes are fetched early: they lie anywhere */
static inline void sgc_sorted_foresee(const sgc_entry_changes *changes, size_t at)
{
    if (at + SGC_SORTED_AHEAD < changes->count)
        __builtin_prefetch(changes->bytes + changes->items[at + SGC_SORTED_AHEAD].at);
}

#endif
