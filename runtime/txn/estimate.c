/*
 * estimate.c - about how many entries of an index a walk would step over, for the planner: what the
 * checkpoint's trees say and what the MemTables above them say. Both are asked, never remembered.
 */
#include "txn/internal.h"

/*
 * The transaction's own writes count as far as they are in order already; a moment of the past is
 * taken to look like the checkpoint, because what it does not know is not ordered by size.
 */
uint64_t sgc_txn_estimate(sgc_txn *txn, uint16_t table, uint16_t index, const sgc_range *range)
{
    sgc_range all = {.descending = false};
    const struct sgc_reads *source = &txn->source;
    sgc_error ignored;
    uint64_t entries = 0;

    if (!range) range = &all;
    sgc_txn_refresh(txn);
    if (source->checkpoint && sgc_checkpoint_estimate(source->checkpoint, table, index, range->from,
                                                      range->to, &entries, &ignored) != SGC_OK) {
        entries = sgc_checkpoint_rows(source->checkpoint, table);
    }
    for (size_t i = 0; i < source->count; i++) {
        entries += sgc_memtable_estimate(source->layers[i]->memtable, table, index, range->from,
                                         range->to);
    }
    if (source->writes)
        entries += sgc_memtable_estimate(source->writes, table, index, range->from, range->to);
    return entries;
}
