/*
 * plan.h - private to query: how the rows of a filter are reached.
 */
#ifndef SGC_QUERY_PLAN_H
#define SGC_QUERY_PLAN_H

#include "query/query.h"

typedef enum sgc_access_kind {
    SGC_ACCESS_KEYS,  /**< look-ups by primary key */
    SGC_ACCESS_INDEX, /**< ranges of one index, ascending and disjoint */
    SGC_ACCESS_UNION, /**< branches, whose rows may repeat */
} sgc_access_kind;

enum { SGC_TIE_FIELDS = 16 };

/** Reaches at least the rows that pass the filter; the filter is asked for each of them. */
typedef struct sgc_access {
    sgc_access_kind kind;
    uint16_t index;
    bool ordered;    /**< rows come in the order asked for */
    bool descending; /**< ... when read from the end */
    /** ... but rows that are equal in these fields come in any order; none: they do not. */
    uint16_t tie_fields[SGC_TIE_FIELDS];
    uint16_t tie_count;
    unsigned score;   /**< 0: the filter was of no help */
    uint64_t entries; /**< about as many are looked at when no limit ends it */
    double cost;
    sgc_str *keys;
    size_t key_count;
    sgc_range *ranges; /**< none: the whole index */
    size_t range_count;
    struct sgc_access *branches;
    size_t branch_count;
} sgc_access;

/** Chooses an access for a slice of a table. */
SGC_CHECK sgc_status sgc_plan(sgc_query *query, uint16_t table, const sgc_slice *slice,
                              sgc_access *access);

#endif
