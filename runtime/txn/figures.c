/* figures.c - how large things are, and how far back they reach, as a transaction finds them. */
#include "txn/internal.h"

void sgc_txn_tree_figures(const sgc_txn *txn, uint16_t table, unsigned which,
                          sgc_tree_figures *figures)
{
    sgc_tree_size size;

    sgc_checkpoint_tree(txn->source.checkpoint, table, which, &size);
    *figures = (sgc_tree_figures){size.entries, size.pages, size.levels};
}

uint64_t sgc_txn_horizon(const sgc_txn *txn, uint16_t table)
{
    return sgc_segments_horizon(sgc_checkpoint_history(txn->view->checkpoint), table);
}

void sgc_txn_checkpoint(const sgc_txn *txn, uint64_t *sequence, uint64_t *time_us)
{
    *sequence = sgc_checkpoint_sequence(txn->view->checkpoint);
    *time_us = sgc_checkpoint_time_us(txn->view->checkpoint);
}
