/*
 * cursor_gather.c - a walk over an index that does not hold all rows yet: its entries are gathered
 * from the rows themselves, in the order of the key. Each batch of entries costs a walk over the
 * whole table, so the planner never asks for this; who does gets a right answer.
 */
#include "store/gather.h"

enum { FEW_ROWS = 16 << 10 }; /* these are gathered whole, for all later bounds */

static sgc_status show(sgc_page_cursor *cursor)
{
    sgc_gather *gather = cursor->own.gather;

    cursor->valid = gather->at < gather->count;
    if (!cursor->valid) return SGC_OK;
    const sgc_gathered *item = &gather->items[gather->at];
    cursor->entry = item->entry;
    cursor->key_size = item->key_size;
    cursor->own.row = item->a;
    return SGC_OK;
}

static sgc_status take_rows(sgc_page_cursor *cursor, sgc_page_cursor *rows, sgc_error *error)
{
    const sgc_table *table = &cursor->checkpoint->image.schema->tables[cursor->table];
    sgc_stored_row row;
    sgc_status status = sgc_page_cursor_seek(rows, sgc_str_of(NULL, 0), error);

    while (status == SGC_OK && rows->valid) {
        status = sgc_page_cursor_row(rows, &row, error);
        if (status == SGC_OK)
            status = sgc_gather_record(cursor->own.gather, table, cursor->index, row.record,
                                       rows->entry, rows->own.row, 0, error);
        if (status == SGC_OK) status = sgc_page_cursor_next(rows, error);
    }
    return status;
}

static sgc_status gather_rows(sgc_page_cursor *cursor, sgc_error *error)
{
    sgc_page_cursor *rows = sgc_alloc_zero(1, sizeof *rows);

    if (!rows) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    sgc_page_cursor_open(rows, cursor->checkpoint, cursor->table, 0, false);
    sgc_status status = take_rows(cursor, rows, error);
    sgc_page_cursor_close(rows);
    sgc_free(rows);
    sgc_gather_end(cursor->own.gather);
    /* What was gathered in part is of no use to the next seek. */
    if (status != SGC_OK) sgc_gather_free(cursor->own.gather);
    return status;
}

sgc_status sgc_cursor_gather_seek(sgc_page_cursor *cursor, sgc_str bound, sgc_error *error)
{
    bool fresh = !cursor->own.gather;
    const sgc_tree *rows =
        sgc_image_tree(&cursor->checkpoint->image, cursor->table, SGC_TREE_OF_ROWS);

    if (fresh) cursor->own.gather = sgc_alloc_zero(1, sizeof(sgc_gather));
    if (!cursor->own.gather) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    fresh = fresh || cursor->own.gather->capacity == 0;
    if (fresh || !sgc_gather_find(cursor->own.gather, bound)) {
        sgc_str from = fresh && rows->count <= FEW_ROWS ? sgc_str_of(NULL, 0) : bound;
        sgc_status status = sgc_gather_start(cursor->own.gather, cursor->descending, from);
        if (status != SGC_OK) return sgc_fail(error, status, "out of memory");
        status = gather_rows(cursor, error);
        if (status != SGC_OK) return status;
        if (!sgc_gather_find(cursor->own.gather, bound) && cursor->own.gather->more)
            return sgc_cursor_gather_seek(cursor, bound, error);
    }
    return show(cursor);
}

sgc_status sgc_cursor_gather_next(sgc_page_cursor *cursor, sgc_error *error)
{
    sgc_gather *gather = cursor->own.gather;
    sgc_status status = SGC_OK;

    cursor->valid = false;
    gather->at++;
    if (gather->at >= gather->count && gather->more) {
        status = sgc_gather_go_on(gather);
        if (status != SGC_OK) return sgc_fail(error, status, "out of memory");
        status = gather_rows(cursor, error);
        gather->at = 0;
    }
    return status == SGC_OK ? show(cursor) : status;
}

void sgc_cursor_gather_close(sgc_page_cursor *cursor)
{
    if (cursor->own.gather) sgc_gather_free(cursor->own.gather);
    sgc_free(cursor->own.gather);
    cursor->own.gather = NULL;
}
