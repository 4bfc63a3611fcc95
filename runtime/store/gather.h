/*
 * gather.h - private to store: the next entries of an index that is not there, picked out of rows
 * or versions in any order. As many as fit in a few megabytes are held, the nearest ones to a
 * bound; for those behind them the rows are walked again. So whatever has no index yet can still be
 * read in its order, slowly and in bounded memory.
 */
#ifndef SGC_STORE_GATHER_H
#define SGC_STORE_GATHER_H

#include "store/image.h"

typedef struct sgc_gathered {
    sgc_str entry;
    uint64_t a, b; /**< of the caller; entries that are equal are ordered by a */
    uint16_t key_size;
} sgc_gathered;

typedef struct sgc_gather {
    bool descending, more; /**< more: some behind the last item were left out */
    bool behind;           /**< what is wanted lies behind (bound, bound_a) */
    sgc_str bound; /**< else: ascending, entries >= it; descending, < it; null: all of them */
    uint64_t bound_a;
    sgc_gathered limit;  /**< with more: what was left out lies behind it */
    sgc_gathered *items; /**< in the order of the walk once sgc_gather_end() was called */
    size_t count, capacity, at;
    sgc_arena arena; /**< entries */
    size_t bytes;    /**< of them */
    sgc_buf bound_bytes;
} sgc_gather;

/** From `bound` on, nothing gathered yet. */
SGC_CHECK sgc_status sgc_gather_start(sgc_gather *gather, bool descending, sgc_str bound);
/** From behind the last item on. */
SGC_CHECK sgc_status sgc_gather_go_on(sgc_gather *gather);
SGC_CHECK sgc_status sgc_gather_add(sgc_gather *gather, sgc_str entry, uint16_t key_size,
                                    uint64_t a, uint64_t b);
/** All rows have been seen: items[0] is the first one. */
void sgc_gather_end(sgc_gather *gather);
/** Moves to where a walk from `bound` begins, if that lies within what was gathered. */
bool sgc_gather_find(sgc_gather *gather, sgc_str bound);
void sgc_gather_free(sgc_gather *gather);

/** Adds every entry that a record has in an index; components and key are at most SGC_KEY_MAX. */
SGC_CHECK sgc_status sgc_gather_record(sgc_gather *gather, const sgc_table *table, uint16_t index,
                                       sgc_str record, sgc_str key, uint64_t a, uint64_t b,
                                       sgc_error *error);

#endif
