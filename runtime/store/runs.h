/*
 * runs.h - private to store: sorting more entries than memory holds. Entries are collected, sorted
 * runs of them go to a file when they take too much, and all runs are merged when they are read.
 * What the entries mean is load.c.
 */
#ifndef SGC_STORE_RUNS_H
#define SGC_STORE_RUNS_H

#include "store/image.h"

/** A sorted run in the file. */
typedef struct sgc_run {
    uint64_t at, bytes;
} sgc_run;

/** An entry and what belongs to it, at most 48 bits. */
typedef struct sgc_sorted {
    sgc_str entry; /**< readable until the next step */
    uint16_t key_size;
    uint64_t value;
} sgc_sorted;

typedef struct sgc_runs {
    const sgc_os *os;
    char *path;     /**< of the file, which the first run makes */
    sgc_file *file; /**< NULL: everything is in memory */
    sgc_entry_changes changes;
    sgc_run *runs;
    size_t run_count, run_capacity;
    uint64_t end;   /**< of the file */
    uint64_t count; /**< entries so far, in memory and in runs */
    /* while reading */
    size_t at; /**< in changes */
    struct sgc_run_reader *readers;
    uint32_t *heap; /**< readers by their entries, the least one first */
    size_t heap_count;
    bool started;
} sgc_runs;

/** Takes `path` over. */
void sgc_runs_open(sgc_runs *runs, const sgc_os *os, char *path);
/** Closes and removes the file. */
void sgc_runs_close(sgc_runs *runs);
SGC_CHECK sgc_status sgc_runs_add(sgc_runs *runs, sgc_str components, sgc_str key, uint64_t value,
                                  sgc_error *error);
/** Memory that the entries take, what sorting needs included. */
size_t sgc_runs_bytes(const sgc_runs *runs);
/** Sorts what is in memory into a run of the file. */
SGC_CHECK sgc_status sgc_runs_spill(sgc_runs *runs, sgc_sort_room *room, sgc_error *error);
/** From now on entries are read: in order, equal ones behind each other. */
SGC_CHECK sgc_status sgc_runs_start(sgc_runs *runs, sgc_sort_room *room, sgc_error *error);
/** The next entry, *there false at the end. */
SGC_CHECK sgc_status sgc_runs_next(sgc_runs *runs, sgc_sorted *entry, bool *there,
                                   sgc_error *error);

#endif
