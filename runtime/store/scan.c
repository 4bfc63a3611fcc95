/*
 * scan.c - all rows of a table of a published checkpoint, page by page. What a row says of itself
 * is rows.c's; which rows count at a moment, transactions decide.
 */
#include "store/image.h"

static const sgc_tree *tree_of(const sgc_page_scan *scan)
{
    return sgc_image_tree(&scan->checkpoint->image, scan->table, SGC_TREE_OF_ROWS);
}

static void drop_page(sgc_page_scan *scan)
{
    if (scan->own.frame) sgc_cache_unpin(&scan->checkpoint->pages->cache, scan->own.frame);
    scan->own.frame = 0;
}

void sgc_page_scan_open(sgc_page_scan *scan, sgc_checkpoint *checkpoint, uint16_t table,
                        uint64_t through)
{
    memset(scan, 0, offsetof(sgc_page_scan, records));
    scan->checkpoint = checkpoint;
    scan->table = table;
    scan->through = through;
}

void sgc_page_scan_close(sgc_page_scan *scan)
{
    if (!scan->checkpoint) return;
    drop_page(scan);
    sgc_arena_free(&scan->own.large);
    scan->checkpoint = NULL;
    scan->count = 0;
}

/*
 * The page that comes next, if that is in memory and wanted: it is fetched bit by bit while the
 * rows of this one are read, since memory gives only so many lines at a time.
 */
static void foresee(sgc_page_scan *scan, const sgc_tree *tree, uint32_t logical)
{
    const sgc_cache *cache = &scan->checkpoint->pages->cache;
    sgc_page_at at;

    scan->own.ahead = scan->own.ahead_end = NULL;
    if (!sgc_tree_look_up_kept(cache, tree, logical, &at)) return;
    uint32_t frame = sgc_cache_foresee(cache, at.place);
    if (frame == 0) return;
    if (atomic_load_explicit(&cache->frames[frame].oldest, memory_order_relaxed) > scan->through)
        return;
    scan->own.ahead = sgc_frame_data(cache, frame);
    scan->own.ahead_end = scan->own.ahead + SGC_PAGE_SIZE;
}

/* Pins a page of the tree, whatever it holds; none when the number is free. */
static sgc_status pin_any(sgc_page_scan *scan, const sgc_tree *tree, uint32_t logical,
                          sgc_error *error)
{
    sgc_cache *cache = &scan->checkpoint->pages->cache;
    sgc_page_id id = {.tree = tree->id, .logical = logical, .kind = SGC_PAGE_ANY};
    sgc_status status = sgc_tree_look_up(cache, tree, logical, &id.at, error);

    if (status || id.at.place == 0) return status;
    status = sgc_cache_pin(cache, &id, &scan->own.frame, error);
    if (status) {
        scan->own.frame = 0;
        return status;
    }
    scan->own.page = sgc_frame_data(cache, scan->own.frame);
    return SGC_OK;
}

/*
 * Whether any row of the pinned page began early enough. What was found is kept with the frame: at
 * a moment long past most pages need not be looked at again.
 */
static bool is_old(const sgc_page_scan *scan)
{
    sgc_frame *frame = &scan->checkpoint->pages->cache.frames[scan->own.frame];

    if (scan->through == UINT64_MAX) return true;
    uint64_t oldest = atomic_load_explicit(&frame->oldest, memory_order_relaxed);
    if (oldest == 0) {
        oldest = sgc_rows_oldest(tree_of(scan), scan->own.page);
        atomic_store_explicit(&frame->oldest, oldest, memory_order_relaxed);
    }
    return oldest <= scan->through;
}

/* Whether the pinned page has rows; other kinds that stand among them are passed over. */
static sgc_status has_rows(sgc_page_scan *scan, const sgc_tree *tree, bool *has, sgc_error *error)
{
    unsigned kind = scan->checkpoint->pages->cache.frames[scan->own.frame].kind;

    *has = kind == SGC_PAGE_ROWS && is_old(scan);
    if (kind == SGC_PAGE_ROWS || kind == SGC_PAGE_SPACE || kind == SGC_PAGE_LARGE ||
        kind == SGC_PAGE_HASH_MORE)
        return SGC_OK;
    return sgc_tree_damaged(tree, scan->own.next - 1, "a page that is not of rows", error);
}

/* To the next page with rows; own.frame stays 0 when there is none. */
static sgc_status next_page(sgc_page_scan *scan, sgc_error *error)
{
    const sgc_tree *tree = tree_of(scan);
    sgc_status status = SGC_OK;
    bool has = false;

    drop_page(scan);
    while (status == SGC_OK && !has && scan->own.next < tree->pages) {
        drop_page(scan);
        status = pin_any(scan, tree, scan->own.next++, error);
        if (status == SGC_OK && scan->own.frame) status = has_rows(scan, tree, &has, error);
    }
    if (!has) drop_page(scan);
    scan->own.slot = 0;
    if (has) foresee(scan, tree, scan->own.next);
    return status;
}

static sgc_status take_large(sgc_page_scan *scan, sgc_row *row, sgc_error *error)
{
    sgc_arena_reset(&scan->own.large);
    sgc_status status = sgc_row_read_large(&scan->checkpoint->pages->cache, tree_of(scan), row,
                                           &scan->own.large, error);
    if (status == SGC_OK) scan->records[scan->count++] = row->record;
    return status;
}

sgc_status sgc_page_scan_next(sgc_page_scan *scan, sgc_error *error)
{
    sgc_status status = SGC_OK;

    scan->count = 0;
    while (status == SGC_OK && scan->count == 0) {
        sgc_row large;
        if (!scan->own.frame || sgc_rows_end(scan->own.page, scan->own.slot)) {
            status = next_page(scan, error);
            if (!scan->own.frame) break;
        }
        sgc_rows_collect(tree_of(scan), scan, &large);
        if (large.large) status = take_large(scan, &large, error);
    }
    return status;
}

sgc_status sgc_page_scan_key(const sgc_page_scan *scan, sgc_str record, sgc_key *own, sgc_str *key)
{
    sgc_row row = {.record = record};

    return sgc_stored_key(&scan->checkpoint->image.schema->tables[scan->table], &row, own, key);
}
