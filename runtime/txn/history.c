/*
 * history.c - reading a moment before the newest checkpoint: rows of the pages that were there
 * already, and what the history knows of the others. A row is never in both: a version that ended
 * at or before the checkpoint lies in a segment, the one that was still true there in the pages.
 */
#include "txn/internal.h"

sgc_status sgc_past_find(const struct sgc_reads *source, uint16_t table, sgc_str key,
                         sgc_arena *arena, enum sgc_found *found, sgc_str *record, sgc_error *error)
{
    sgc_stored_row row;
    sgc_past past;

    *found = SGC_FOUND_NOTHING;
    sgc_status status = sgc_moment_check(source, table, error);
    if (status != SGC_OK) return status;
    status = sgc_checkpoint_get_at(source->checkpoint, table, key, source->at, arena, &row, error);
    if (status == SGC_OK) {
        *found = SGC_FOUND_ROW;
        *record = row.record;
    }
    if (status != SGC_NOT_FOUND) return status;
    status = sgc_segments_get(source->past, table, key, source->at, arena, &past, error);
    if (status == SGC_NOT_FOUND) return SGC_OK;
    if (status != SGC_OK) return status;
    *found = SGC_FOUND_ROW;
    *record = past.record;
    return SGC_OK;
}

/* ---- walks ---- */

/* To the first row of the pages, from where they stand, that was there at the moment. */
static sgc_status settle_pages(struct sgc_walk *walk, sgc_error *error)
{
    sgc_status status = SGC_OK;

    while (status == SGC_OK && walk->pages.valid) {
        status = sgc_page_cursor_row(&walk->pages, &walk->page_row, error);
        if (status != SGC_OK || walk->page_row.begin <= walk->source.at) break;
        status = sgc_page_cursor_next(&walk->pages, error);
    }
    return status;
}

/* The nearer of the two; they never stand on the same entry. */
static void choose(struct sgc_walk *walk)
{
    bool pages = walk->has_pages && walk->pages.valid, past = walk->past->valid;

    if (pages && past) {
        int order = sgc_str_compare(walk->pages.entry, walk->past->entry);
        pages = walk->descending ? order > 0 : order < 0;
    }
    walk->pages_hit = pages;
    walk->valid = pages || past;
    walk->entry = pages ? walk->pages.entry : walk->past->entry;
    walk->key_size = pages ? walk->pages.key_size : walk->past->key_size;
}

static sgc_status open_past(struct sgc_walk *walk, sgc_error *error)
{
    const struct sgc_reads *source = &walk->source;
    sgc_past_period moment = {source->at, source->at};
    sgc_status status = sgc_moment_check(source, walk->table, error);

    if (status != SGC_OK) return status;
    return sgc_past_open(source->past, walk->table, walk->index, moment, walk->descending,
                         sgc_str_of(NULL, 0), &walk->past, error);
}

sgc_status sgc_past_walk_seek(struct sgc_walk *walk, sgc_str bound, sgc_error *error)
{
    sgc_status status = walk->past ? SGC_OK : open_past(walk, error);

    walk->valid = false;
    if (status == SGC_OK) status = sgc_past_seek(walk->past, bound, error);
    if (status == SGC_OK && walk->has_pages) {
        status = sgc_page_cursor_seek(&walk->pages, bound, error);
        if (status == SGC_OK) status = settle_pages(walk, error);
    }
    if (status == SGC_OK) choose(walk);
    return status;
}

sgc_status sgc_past_walk_next(struct sgc_walk *walk, sgc_error *error)
{
    sgc_status status;

    if (walk->pages_hit) {
        status = sgc_page_cursor_next(&walk->pages, error);
        if (status == SGC_OK) status = settle_pages(walk, error);
    } else {
        status = sgc_past_next(walk->past, error);
    }
    walk->valid = false;
    if (status == SGC_OK) choose(walk);
    return status;
}

sgc_status sgc_past_walk_row(struct sgc_walk *walk, sgc_str *record, sgc_error *error)
{
    if (!walk->pages_hit) return sgc_past_record(walk->past, record, error);
    *record = walk->page_row.record;
    return SGC_OK;
}
