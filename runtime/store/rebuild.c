/*
 * rebuild.c - what follows from the rest made anew, in one flush that changes nothing else: from
 * the rows all indexes of tables that have a damaged one (or a damaged page among the rows that
 * held none) and sound rows; from the page tables the free map. What is wrong is found by verify.c,
 * indexes are built by bulk.c.
 */
#include "store/image.h"

typedef struct rebuild {
    sgc_pages *pages;
    sgc_flush *flush;
    const sgc_schema *schema;
    uint8_t *verdicts;
    uint64_t *seen; /* bit for each place that the next checkpoint names */
    bool lost;      /* a page table could not be read: its places are not known */
    sgc_buf *report;
    sgc_error *error;
} rebuild;

static sgc_status no_memory(rebuild *r)
{
    return sgc_fail(r->error, SGC_NO_MEMORY, "out of memory");
}

static bool is_wanted(const rebuild *r, uint16_t table)
{
    return r->verdicts[table] == SGC_INDEXES_DAMAGED;
}

/* ---- taking the old indexes away ---- */

/* A page table that is damaged says no longer where its pages are. */
static sgc_status clear(rebuild *r, sgc_tree *tree)
{
    sgc_status status = sgc_write_clear(r->flush, tree, r->error);

    tree->a = tree->b = tree->c = 0;
    if (status != SGC_CORRUPT) return status;
    r->lost = true;
    return SGC_OK;
}

/* One that this flush has written is not asked for: it is sound, and holds no rows. */
static sgc_status kind_at(rebuild *r, const sgc_tree *rows, uint32_t logical, unsigned *kind)
{
    sgc_page_at at;
    sgc_status status = sgc_tree_look_up(&r->pages->cache, rows, logical, &at, r->error);

    *kind = 0;
    if (status || at.checkpoint == r->flush->image.number) return status;
    return sgc_pages_kind(r->pages, rows, "rows", logical, kind, r->error);
}

/* All rows were found, so a page that cannot be read held none. */
static sgc_status replace_page(rebuild *r, sgc_tree *rows, uint32_t logical, bool *map)
{
    if (sgc_rows_is_map(logical)) {
        *map = true;
        return sgc_rows_renew_map(r->flush, rows, logical, r->error);
    }
    if (rows->a == logical + 1) rows->a = 0;
    return sgc_write_free(r->flush, rows, logical, r->error);
}

static sgc_status note_room(rebuild *r, sgc_tree *rows, const sgc_bulk *bulk)
{
    sgc_status status = sgc_rows_count_room(r->flush, rows, r->error);

    for (size_t i = 0; status == SGC_OK && i < bulk->page_count; i++)
        status = sgc_rows_note(r->flush, rows, bulk->pages[i], r->error);
    return status;
}

/* Pages with rows are listed for bulk.c, those that continue the old hash index go. */
static sgc_status sort_pages(rebuild *r, uint16_t table, sgc_bulk *bulk)
{
    sgc_tree *rows = sgc_image_tree(&r->flush->image, table, SGC_TREE_OF_ROWS);
    sgc_status status = SGC_OK;
    bool map = false;

    for (uint32_t i = 0; status == SGC_OK && i < rows->pages; i++) {
        unsigned kind;
        status = kind_at(r, rows, i, &kind);
        if (status == SGC_CORRUPT) {
            status = replace_page(r, rows, i, &map);
        } else if (status == SGC_OK && kind == SGC_PAGE_HASH_MORE) {
            status = sgc_write_free(r->flush, rows, i, r->error);
        }
        if (status || kind != SGC_PAGE_ROWS) continue;
        if (!SGC_GROW(bulk->pages, bulk->page_count, bulk->page_capacity)) return no_memory(r);
        bulk->pages[bulk->page_count++] = i;
    }
    return status == SGC_OK && map ? note_room(r, rows, bulk) : status;
}

static sgc_status start_table(rebuild *r, uint16_t table)
{
    sgc_tree *trees = sgc_image_tree(&r->flush->image, table, 0);
    uint16_t indexes = r->schema->tables[table].index_count;
    sgc_bulk *bulk = &r->flush->bulks[table];
    sgc_status status = sort_pages(r, table, bulk);

    if (status == SGC_OK) status = clear(r, &trees[SGC_TREE_OF_HASH]);
    for (uint16_t i = 0; status == SGC_OK && i < indexes; i++)
        status = clear(r, &trees[SGC_TREE_OF_INDEX + i]);
    bulk->state = SGC_BULK_OPEN;
    return status;
}

/* ---- places that only a damaged page table knew ---- */

static sgc_status see_table(rebuild *r, const sgc_tree *tree, sgc_page_at at, uint32_t position,
                            unsigned level)
{
    sgc_page_id id = {at, tree->id, position, SGC_PAGE_TABLE, (uint8_t)level};
    uint32_t frame;
    sgc_status status = sgc_cache_pin(&r->pages->cache, &id, &frame, r->error);

    if (status) return status;
    const uint8_t *page = sgc_frame_data(&r->pages->cache, frame) + SGC_PAGE_HEAD;
    r->seen[at.place / 64] |= (uint64_t)1 << (at.place % 64);
    for (uint32_t i = 0; status == SGC_OK && i < SGC_TABLE_FAN; i++) {
        sgc_page_at child = sgc_place_load(page + 8 * (size_t)i);
        if (child.place == 0) continue;
        if (child.place >= sgc_space_places(&r->pages->space)) {
            status = sgc_tree_damaged(tree, position, "a place is not in the file", r->error);
        } else if (level == 0) {
            r->seen[child.place / 64] |= (uint64_t)1 << (child.place % 64);
        } else {
            status = see_table(r, tree, child, position * SGC_TABLE_FAN + i, level - 1);
        }
    }
    sgc_cache_unpin(&r->pages->cache, frame);
    return status;
}

static sgc_status see_tree(rebuild *r, const sgc_tree *tree)
{
    return tree->depth ? see_table(r, tree, tree->root, 0, tree->depth - 1U) : SGC_OK;
}

static void see_list(rebuild *r, const sgc_places *list)
{
    for (size_t i = 0; i < list->count; i++)
        r->seen[list->items[i] / 64] |= (uint64_t)1 << (list->items[i] % 64);
}

/* Neither named by the next checkpoint nor free already: of the old one only. */
static sgc_status give_lost(rebuild *r)
{
    sgc_places *replaced = &r->flush->replaced;
    uint32_t places = r->flush->base->image.places;

    /* The end of the file may have been given up when the flush began. */
    if (places > sgc_space_places(&r->pages->space)) places = sgc_space_places(&r->pages->space);
    see_list(r, replaced);
    for (const sgc_held_places *held = r->pages->space.held; held; held = held->next)
        see_list(r, &held->places);
    for (uint32_t i = 1; i < places; i++) {
        if (r->seen[i / 64] >> (i % 64) & 1 || sgc_space_is_free(&r->pages->space, i)) continue;
        if (!SGC_GROW(replaced->items, replaced->count, replaced->capacity)) return no_memory(r);
        replaced->items[replaced->count++] = i;
    }
    return SGC_OK;
}

static sgc_status find_lost(rebuild *r)
{
    const sgc_image *image = &r->flush->image;
    sgc_status status = SGC_OK;

    r->seen = sgc_alloc_zero((size_t)sgc_space_places(&r->pages->space) / 64 + 1, sizeof *r->seen);
    if (!r->seen) return no_memory(r);
    for (uint32_t i = 0; status == SGC_OK && i < SGC_ROOT_TREES; i++)
        status = see_tree(r, &image->root_trees[i]);
    for (uint32_t i = 0; status == SGC_OK && i < image->tree_count; i++)
        status = see_tree(r, &image->trees[i]);
    if (status == SGC_OK) return give_lost(r);
    /* Another tree is damaged: what it names is not known, so nothing may be given away. */
    return status == SGC_CORRUPT ? SGC_OK : status;
}

/* ---- the flush ---- */

static sgc_status build(rebuild *r)
{
    sgc_status status = SGC_OK;

    if (r->pages->space_error.status) {
        status = clear(r, &r->flush->image.root_trees[SGC_ROOT_FREE]);
        r->lost = true;
    }
    for (uint16_t i = 0; status == SGC_OK && i < r->schema->table_count; i++)
        if (is_wanted(r, i)) status = start_table(r, i);
    if (status == SGC_OK && r->lost) status = find_lost(r);
    return status == SGC_OK ? sgc_bulk_end_all(r->flush, r->error) : status;
}

static sgc_status run(rebuild *r)
{
    sgc_checkpoint *newest = sgc_pages_newest(r->pages);
    uint64_t sequence = newest->image.sequence, time_us = newest->image.time_us;

    sgc_checkpoint_release(newest);
    sgc_status status = sgc_flush_begin(r->pages, &r->flush, r->error);
    if (status) return status;
    status = build(r);
    if (status) {
        sgc_flush_abort(r->flush);
        return status;
    }
    return sgc_flush_commit(r->flush, sequence, time_us, r->error);
}

static void say(rebuild *r, bool done)
{
    if (r->pages->space_error.status && done)
        sgc_buf_text(r->report, "free map: built anew from what no tree names\n");
    for (uint16_t i = 0; i < r->schema->table_count; i++) {
        const sgc_table *table = &r->schema->tables[i];
        sgc_tree *rows = sgc_image_tree(&r->pages->newest->image, i, SGC_TREE_OF_ROWS);
        if (is_wanted(r, i) && done)
            sgc_buf_printf(r->report, SGC_FMT ": built its indexes anew from %llu rows\n",
                           SGC_ARG(table->name), (unsigned long long)rows->count);
        if (r->verdicts[i] & SGC_ROWS_DAMAGED)
            sgc_buf_printf(r->report,
                           SGC_FMT
                           ": rows are damaged: nothing is built from them, all is left as it is\n",
                           SGC_ARG(table->name));
    }
}

static bool any_wanted(const rebuild *r)
{
    if (r->pages->space_error.status) return true;
    for (uint16_t i = 0; i < r->schema->table_count; i++)
        if (is_wanted(r, i)) return true;
    return false;
}

sgc_status sgc_pages_rebuild(sgc_pages *pages, sgc_buf *report, sgc_error *error)
{
    rebuild r = {
        .pages = pages, .schema = sgc_pages_schema(pages), .report = report, .error = error};
    sgc_buf found = {0};

    if (!r.schema) return SGC_OK;
    r.verdicts = sgc_alloc_zero((size_t)r.schema->table_count + 1, 1);
    if (!r.verdicts) return no_memory(&r);
    sgc_status status = sgc_pages_examine(pages, r.verdicts, &found);
    bool damaged = status == SGC_CORRUPT;
    if (damaged) status = any_wanted(&r) ? run(&r) : SGC_OK;
    if (damaged) say(&r, status == SGC_OK);
    if (status == SGC_OK) r.pages->space_error.status = SGC_OK;
    if (status && !damaged) sgc_fail(error, status, "%s", sgc_status_text(status));
    sgc_buf_free(&found);
    sgc_free(r.seen);
    sgc_free(r.verdicts);
    return status;
}
