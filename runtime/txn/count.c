/*
 * count.c - how many rows a table has: the checkpoint knows its own, and only what the MemTables
 * and the write set above it change has to be looked at.
 */
#include "txn/internal.h"

/* Only what makes or deletes a row puts its key there: an update above it hides nothing. */
static bool is_hidden(const struct sgc_overlays *all, size_t position, uint16_t table, sgc_str key)
{
    for (size_t i = 0; i < position; i++) {
        sgc_memtable_cursor newer;
        sgc_memtable_cursor_open(&newer, all->memtables[i], table, 0, all->at[i], false);
        sgc_memtable_cursor_seek(&newer, key);
        if (newer.valid && sgc_str_eq(newer.entry, key)) return true;
    }
    return false;
}

/* What the newest version of a row, here or not, does to the number in the checkpoint. */
static sgc_status count_row(sgc_txn *txn, uint16_t table, const sgc_memtable_cursor *row,
                            uint64_t stored, uint64_t *rows)
{
    sgc_stored_row found;
    sgc_status status = SGC_NOT_FOUND;

    if (stored > 0) {
        status = sgc_checkpoint_get(txn->source.checkpoint, table, row->entry, &txn->scratch,
                                    &found, &txn->error);
        sgc_arena_reset(&txn->scratch);
    }
    if (status != SGC_OK && status != SGC_NOT_FOUND) return status;
    bool was = status == SGC_OK;
    if (row->present && !was) ++*rows;
    if (!row->present && was) --*rows;
    return SGC_OK;
}

static sgc_status count_changes(sgc_txn *txn, uint16_t table, uint64_t *rows)
{
    struct sgc_overlays all = sgc_overlays_of(&txn->source, table);
    uint64_t stored = *rows;
    sgc_status status = SGC_OK;

    for (size_t i = 0; i < all.count && status == SGC_OK; i++) {
        sgc_memtable_cursor row;
        sgc_memtable_cursor_open(&row, all.memtables[i], table, 0, all.at[i], false);
        sgc_memtable_cursor_seek(&row, sgc_str_of(NULL, 0));
        for (; row.valid && status == SGC_OK; sgc_memtable_cursor_next(&row)) {
            if (!is_hidden(&all, i, table, row.entry))
                status = count_row(txn, table, &row, stored, rows);
        }
    }
    return status;
}

static sgc_status count_by_walking(sgc_txn *txn, uint16_t table, uint64_t *rows)
{
    sgc_cursor cursor = sgc_cursor_open(txn, table, 0, NULL);

    *rows = 0;
    while (sgc_cursor_skip(&cursor))
        ++*rows;
    return sgc_cursor_status(&cursor);
}

sgc_status sgc_txn_count_rows(sgc_txn *txn, uint16_t table, uint64_t *rows)
{
    sgc_txn_clear_error(txn);
    sgc_txn_refresh(txn);
    /* A moment before the checkpoint, and a transaction that must remember what it read. */
    if (txn->source.past || txn->source.kept) return count_by_walking(txn, table, rows);
    *rows = sgc_checkpoint_rows(txn->source.checkpoint, table);
    return sgc_txn_fail_plain(txn, count_changes(txn, table, rows));
}
