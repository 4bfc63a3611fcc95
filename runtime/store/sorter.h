/*
 * sorter.h - private to store: entries on their way into sorted order. While a load goes on, a
 * second thread sorts the chunks that were collected and merges runs into files; at the end it
 * merges what is read. Small loads, and machines with one processor, do without the thread; what
 * comes out is the same.
 */
#ifndef SGC_STORE_SORTER_H
#define SGC_STORE_SORTER_H

#include "store/runs.h"

/** Entries of one index. */
typedef struct sgc_runs {
    sgc_entry_changes changes; /**< not yet in a run */
    sgc_run_list list;         /**< those in the file in front */
    size_t in_file;
    uint64_t memory;               /**< bytes of runs in memory */
    uint64_t count;                /**< entries so far, wherever they are */
    sgc_run_file file;             /**< of the thread while a merge is pending */
    sgc_run_entry last;            /**< of the last run */
    bool cut;                      /**< the next run follows none */
    size_t pending;                /**< tasks of it */
    bool merging;                  /**< one of them merges into the file */
    size_t at;                     /**< being read: in changes, which never became a run */
    sgc_merge merge;               /**< being read */
    const sgc_sorted *next, *end;  /**< being read, of what the thread has merged */
    struct sgc_run_stream *stream; /**< being read, merged by the thread */
} sgc_runs;

typedef struct sgc_sorter sgc_sorter;

/** `memory`: for entries that are not in a file. NULL when there is none. */
sgc_sorter *sgc_sorter_open(const sgc_os *os, uint64_t memory);
/** Ends the thread, whatever it does; runs can only be closed afterwards. */
void sgc_sorter_stop(sgc_sorter *sorter);
/** All runs are closed. */
void sgc_sorter_close(sgc_sorter *sorter);

/** Takes `path` over. */
SGC_CHECK sgc_status sgc_runs_open(sgc_sorter *sorter, sgc_runs *runs, char *path,
                                   sgc_error *error);
/** Gives all memory back and removes the file. Runs that are being read are closed in the order in
 * which reading was started. */
void sgc_runs_close(sgc_sorter *sorter, sgc_runs *runs);
SGC_CHECK sgc_status sgc_runs_add(sgc_sorter *sorter, sgc_runs *runs, sgc_str components,
                                  sgc_str key, uint64_t value, sgc_error *error);
/** While entries take too much memory, some go to their files. */
SGC_CHECK sgc_status sgc_sorter_make_room(sgc_sorter *sorter, sgc_error *error);
/** No more entries come: what is left begins to be sorted. */
SGC_CHECK sgc_status sgc_runs_finish(sgc_sorter *sorter, sgc_runs *runs, sgc_error *error);
/** Finished runs that take much memory go to their file: others need it while these are read. */
SGC_CHECK sgc_status sgc_runs_make_way(sgc_sorter *sorter, sgc_runs *runs, sgc_error *error);
/** From now on entries are read. `ahead`: the thread merges them, and does nothing else until they
 * are read or closed, so nothing is added meanwhile; several are read one after the other, in the
 * order in which they were started. */
SGC_CHECK sgc_status sgc_runs_start(sgc_sorter *sorter, sgc_runs *runs, bool ahead,
                                    sgc_error *error);
/** The next entry in order, equal ones in the order in which they came; *there false at the end. */
SGC_CHECK sgc_status sgc_runs_next(sgc_runs *runs, sgc_sorted *entry, bool *there,
                                   sgc_error *error);

#endif
