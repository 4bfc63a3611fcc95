/*
 * loads.h - loads of tests: rows given as JSON, what there is when they have ended.
 */
#ifndef SGC_TESTS_TXN_LOADS_H
#define SGC_TESTS_TXN_LOADS_H

#include "unit/txn/rows.h"

static inline sgc_load *begin_load(struct bed *bed, uint64_t memory)
{
    sgc_load_options options = {.memory_bytes = memory};
    sgc_error error = {SGC_OK, ""};
    sgc_load *load;
    sgc_status status = sgc_load_begin(bed->db, &options, &load, &error);

    if (status != SGC_OK) printf("\n    %s\n", error.text);
    CU_ASSERT_EQUAL_FATAL(status, SGC_OK);
    return load;
}

static inline sgc_status add(sgc_load *load, const char *table, const char *json)
{
    sgc_key key;
    sgc_txn *txn = sgc_load_txn(load);
    sgc_str record = record_of(txn, table_of(txn, table), json, &key);

    return sgc_load_row(load, table_of(txn, table), sgc_key_str(&key), record);
}

static inline sgc_commit_info committed(sgc_load *load)
{
    sgc_commit_info info;
    sgc_status status = sgc_load_commit(&load, &info);

    if (status != SGC_OK) printf("\n    %s\n", info.error.text);
    CU_ASSERT_EQUAL(status, SGC_OK);
    CU_ASSERT_EQUAL(info.outcome, SGC_OUTCOME_COMMITTED);
    CU_ASSERT_PTR_NULL(load);
    return info;
}

static inline uint64_t rows_of(struct bed *bed, const char *table)
{
    sgc_txn *txn = bed_begin(bed);
    uint64_t rows = 0;

    OK(sgc_txn_count_rows(txn, table_of(txn, table), &rows));
    sgc_abort(&txn);
    return rows;
}

static inline size_t count_index(sgc_txn *txn, const char *table, uint16_t index)
{
    sgc_cursor cursor = sgc_cursor_open(txn, table_of(txn, table), index, NULL);
    sgc_str record;
    size_t count = 0;

    while (sgc_cursor_next(&cursor, &record))
        count++;
    OK(sgc_cursor_status(&cursor));
    return count;
}

#endif
