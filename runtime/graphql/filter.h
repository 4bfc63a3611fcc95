/*
 * filter.h - private to graphql: coerced where and orderBy inputs become predicates and orders of
 * the query room, values become stored values.
 */
#ifndef SGC_GRAPHQL_FILTER_H
#define SGC_GRAPHQL_FILTER_H

#include "graphql/coerce.h"

typedef struct sgc_filter_context {
    const sgc_schema *schema;
    sgc_arena *arena;
    sgc_error *error;
    bool strict;       /**< updateXs, deleteXs: a place without any condition is an error */
    size_t conditions; /**< seen so far */
} sgc_filter_context;

/** A where input of a table; NULL json gives NULL. */
SGC_CHECK sgc_status sgc_filter_where(sgc_filter_context *context, uint16_t table,
                                      const sgc_json *where, sgc_predicate **predicate);
/** An orderBy list of a table. */
SGC_CHECK sgc_status sgc_filter_orders(sgc_filter_context *context, uint16_t table,
                                       const sgc_json *list, const sgc_order **orders,
                                       size_t *count);
/** limit or offset: SGC_INVALID below zero; leaves *value alone when absent or null. */
SGC_CHECK sgc_status sgc_filter_number(sgc_filter_context *context, const sgc_json *arguments,
                                       const char *name, uint64_t *value);
/** where, orderBy, limit and offset of a list. */
SGC_CHECK sgc_status sgc_filter_slice(sgc_filter_context *context, uint16_t table,
                                      const sgc_json *arguments, sgc_slice *slice);

#endif
