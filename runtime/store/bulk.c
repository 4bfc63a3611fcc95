/*
 * bulk.c - tables that had no rows when the flush began. While rows come in order of the key, none
 * of them can be there already, so they are only appended to row pages; hash index and B+trees are
 * built at the end, each at once and at its final size, from one walk over the rows. The first key
 * that is out of order ends this, and flush.c goes on row by row.
 */
#include "store/image.h"

typedef struct building {
    sgc_flush *flush;
    const sgc_table *table;
    sgc_tree *trees; /* of the table */
    uint16_t index;
    sgc_hash_entry *hashes; /* with index 0 */
    size_t hash_count, hash_capacity;
    sgc_arena arena; /* of long rows */
} building;

static sgc_status no_memory(sgc_error *error)
{
    return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
}

/* ---- taking rows ---- */

/* A table without rows may still have pages for them. */
static sgc_status begin(sgc_flush *flush, uint16_t table, sgc_bulk *bulk, sgc_error *error)
{
    sgc_tree *trees = sgc_image_tree(&flush->image, table, 0);
    uint16_t indexes = flush->image.schema->tables[table].index_count;

    bulk->state = SGC_BULK_NONE;
    if (trees[SGC_TREE_OF_ROWS].count > 0 || trees[SGC_TREE_OF_HASH].pages > 0) return SGC_OK;
    for (uint16_t i = 0; i < indexes; i++)
        if (trees[SGC_TREE_OF_INDEX + i].pages > 0) return SGC_OK;
    sgc_status status = sgc_write_clear(flush, &trees[SGC_TREE_OF_ROWS], error);
    if (status) return status;
    trees[SGC_TREE_OF_ROWS].a = trees[SGC_TREE_OF_ROWS].b = trees[SGC_TREE_OF_ROWS].c = 0;
    for (uint16_t i = 0; i < indexes; i++)
        trees[SGC_TREE_OF_INDEX + i].c = 0; /* it will hold all rows that come */
    bulk->state = SGC_BULK_OPEN;
    return SGC_OK;
}

sgc_status sgc_bulk_takes(sgc_flush *flush, uint16_t table, sgc_str key, bool *takes,
                          sgc_error *error)
{
    sgc_bulk *bulk = &flush->bulks[table];
    sgc_status status = SGC_OK;

    *takes = false;
    if (bulk->state == SGC_BULK_UNKNOWN) status = begin(flush, table, bulk, error);
    if (status || bulk->state != SGC_BULK_OPEN) return status;
    *takes = bulk->page_count == 0 || sgc_str_compare(key, sgc_buf_as_str(&bulk->highest)) > 0;
    return *takes ? SGC_OK : sgc_bulk_end(flush, table, error);
}

sgc_status sgc_bulk_put(sgc_flush *flush, uint16_t table, sgc_str key, uint64_t begin_sequence,
                        sgc_str record, sgc_error *error)
{
    sgc_bulk *bulk = &flush->bulks[table];
    sgc_tree *rows = sgc_image_tree(&flush->image, table, SGC_TREE_OF_ROWS);
    uint64_t at;
    sgc_status status = sgc_rows_insert(flush, rows, key, begin_sequence, record, &at, error);

    if (status) return status;
    bulk->highest.size = 0;
    sgc_buf_str(&bulk->highest, key);
    if (bulk->highest.failed) return no_memory(error);
    uint32_t page = (uint32_t)(at >> 8);
    /* Row pages get rising numbers here, and each takes a row before the next is there. */
    if (bulk->page_count > 0 && page <= bulk->pages[bulk->page_count - 1]) return SGC_OK;
    if (!SGC_GROW(bulk->pages, bulk->page_count, bulk->page_capacity)) return no_memory(error);
    bulk->pages[bulk->page_count++] = page;
    return SGC_OK;
}

/* ---- building ---- */

static sgc_status apply(building *work, sgc_error *error)
{
    return sgc_index_apply(work->flush, &work->trees[SGC_TREE_OF_INDEX + work->index],
                           work->index > 0, &work->flush->bulk, error);
}

/* The hash of the key, and the entry of index 0 when there is one. */
static sgc_status take_key(building *work, sgc_str key, uint64_t at, sgc_error *error)
{
    uint32_t h = sgc_hash_of(work->flush->pages->seed, key);

    if (!SGC_GROW(work->hashes, work->hash_count, work->hash_capacity)) return no_memory(error);
    work->hashes[work->hash_count++] = (sgc_hash_entry){at, h};
    if (work->table->index_count == 0) return SGC_OK;
    sgc_status status = sgc_changes_add(&work->flush->bulk, SGC_STR(""), key, at);
    return status ? sgc_fail(error, status, "%s", sgc_status_text(status)) : SGC_OK;
}

static sgc_status take_row(void *context, uint64_t at, sgc_row *row, sgc_error *error)
{
    building *work = context;
    sgc_entry_changes *changes = &work->flush->bulk;
    sgc_key own;
    sgc_str key;
    sgc_status status = sgc_stored_key(work->table, row, &own, &key);

    if (status) return sgc_fail(error, status, "a record has no key");
    if (sgc_changes_bytes(changes) > work->flush->change_limit) status = apply(work, error);
    if (status) return status;
    sgc_flush_note_memory(work->flush, work->hash_capacity * sizeof *work->hashes);
    if (work->index == 0) return take_key(work, key, at, error);
    if (row->large) {
        sgc_arena_reset(&work->arena);
        status = sgc_row_read_large(&work->flush->pages->cache, &work->trees[SGC_TREE_OF_ROWS], row,
                                    &work->arena, error);
        if (status) return status;
    }
    return sgc_index_changes(work->table, work->index, row->record, key, at, changes, error);
}

static sgc_status build(building *work, const sgc_bulk *bulk, sgc_error *error)
{
    sgc_status status = SGC_OK;

    sgc_changes_clear(&work->flush->bulk);
    for (size_t i = 0; status == SGC_OK && i < bulk->page_count; i++)
        status = sgc_rows_each(&work->flush->pages->cache, &work->trees[SGC_TREE_OF_ROWS],
                               bulk->pages[i], take_row, work, error);
    if (status == SGC_OK && work->table->index_count > 0) status = apply(work, error);
    return status;
}

sgc_status sgc_bulk_end(sgc_flush *flush, uint16_t table, sgc_error *error)
{
    sgc_bulk *bulk = &flush->bulks[table];
    bool open = bulk->state == SGC_BULK_OPEN && bulk->page_count > 0;

    bulk->state = SGC_BULK_NONE;
    if (!open) return SGC_OK;
    building work = {.flush = flush,
                     .table = &flush->image.schema->tables[table],
                     .trees = sgc_image_tree(&flush->image, table, 0)};
    sgc_tree *hash = &work.trees[SGC_TREE_OF_HASH], *rows = &work.trees[SGC_TREE_OF_ROWS];
    sgc_status status = build(&work, bulk, error);
    if (status == SGC_OK)
        status = sgc_hash_build(flush, hash, rows, work.hashes, work.hash_count, error);
    for (work.index = 1; status == SGC_OK && work.index < work.table->index_count; work.index++)
        status = build(&work, bulk, error);
    sgc_free(work.hashes);
    sgc_arena_free(&work.arena);
    sgc_changes_free(&flush->bulk);
    return status;
}

sgc_status sgc_bulk_end_all(sgc_flush *flush, sgc_error *error)
{
    uint16_t tables = flush->image.schema ? flush->image.schema->table_count : 0;
    sgc_status status = SGC_OK;

    for (uint16_t i = 0; status == SGC_OK && i < tables; i++)
        status = sgc_bulk_end(flush, i, error);
    return status;
}

void sgc_bulk_free(sgc_flush *flush)
{
    uint16_t tables = flush->image.schema ? flush->image.schema->table_count : 0;

    for (uint16_t i = 0; flush->bulks && i < tables; i++) {
        sgc_buf_free(&flush->bulks[i].highest);
        sgc_free(flush->bulks[i].pages);
    }
    sgc_free(flush->bulks);
    flush->bulks = NULL;
}
