/*
 * flush.c - one flush: rows come in, index entries follow, and a commit makes the next checkpoint
 * durable. Pages are write.c, places space.c.
 */
#include "store/image.h"

enum {
    LOAD_PAGES = 4096, /* of a load that wait to be written together: 16 MB */
};

static sgc_status no_memory(sgc_error *error)
{
    return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
}

void sgc_flush_free_changes(sgc_flush *flush)
{
    for (uint32_t i = 0; flush->changes && i < flush->image.tree_count; i++)
        sgc_changes_free(&flush->changes[i]);
    sgc_free(flush->changes);
    flush->changes = NULL;
    sgc_bulk_free(flush);
}

static void discard(sgc_flush *flush)
{
    sgc_flush_drop_history(flush);
    sgc_flush_free_changes(flush);
    sgc_changes_free(&flush->bulk);
    sgc_free(flush->sort_room.items);
    sgc_free(flush->dirty);
    sgc_free(flush->allocated.items);
    sgc_free(flush->replaced.items);
    sgc_free(flush->staging);
    sgc_free(flush->known);
    sgc_arena_free(&flush->scratch);
    sgc_image_free(&flush->image);
    sgc_checkpoint_release(flush->base);
    if (!flush->is_load) {
        atomic_store(&flush->pages->flush_memory, 0);
        atomic_store(&flush->pages->flushing, false);
    }
    sgc_free(flush);
}

/* What no checkpoint before the oldest living one needs is free, in the file and in the cache:
 * where much is written, half of the pages there would soon be ones that nobody can ask for. */
static void reap(sgc_pages *pages)
{
    sgc_mutex_lock(&pages->lock);
    const sgc_checkpoint *oldest = pages->newest;
    while (oldest->older)
        oldest = oldest->older;
    uint32_t number = oldest->image.number;
    sgc_mutex_unlock(&pages->lock);
    for (sgc_held_places *held = pages->space.held; held && held->number <= number;
         held = held->next)
        sgc_cache_forget(&pages->cache, held->places.items, held->places.count);
    sgc_space_reap(&pages->space, number);
    sgc_space_trim(&pages->space);
}

sgc_status sgc_flush_new_changes(sgc_flush *flush)
{
    const sgc_schema *schema = flush->image.schema;

    flush->changes = sgc_alloc_zero(flush->image.tree_count, sizeof *flush->changes);
    flush->bulks = sgc_alloc_zero(schema ? schema->table_count : 0, sizeof *flush->bulks);
    return flush->changes && flush->bulks ? SGC_OK : SGC_NO_MEMORY;
}

/* No other flush or load of this image has the number. */
static sgc_status take_number(sgc_flush *flush, sgc_error *error)
{
    uint64_t number = atomic_fetch_add(&flush->pages->last_number, 1) + 1;

    if (number > UINT32_MAX)
        return sgc_fail(error, SGC_LIMIT, "the image has had 2^32 checkpoints");
    flush->image.number = (uint32_t)number;
    return SGC_OK;
}

static sgc_status begin(sgc_flush *flush, sgc_pages *pages, sgc_error *error)
{
    flush->pages = pages;
    flush->base = sgc_pages_newest(pages);
    flush->dirty_limit = pages->cache.frame_count / 2;
    sgc_status status = sgc_image_copy(&flush->base->image, &flush->image);
    flush->change_limit = pages->flush_bytes;
    if (status == SGC_OK) status = sgc_flush_new_changes(flush);
    flush->known = sgc_alloc_zero(SGC_KNOWN_PAGES, sizeof *flush->known);
    if (status || !flush->known) return no_memory(error);
    return take_number(flush, error);
}

static sgc_status is_writable(const sgc_pages *pages, sgc_error *error)
{
    if (pages->read_only)
        return sgc_fail(error, SGC_READ_ONLY, "%s: it was opened to read only", pages->directory);
    if (!atomic_load(&((sgc_pages *)(uintptr_t)pages)->failed)) return SGC_OK;
    return sgc_fail(error, SGC_READ_ONLY,
                    "%s: an earlier write failed, the image can only be read until it is "
                    "opened again",
                    pages->directory);
}

sgc_status sgc_flush_begin(sgc_pages *pages, sgc_flush **out, sgc_error *error)
{
    sgc_status status = is_writable(pages, error);

    *out = NULL;
    if (status) return status;
    if (atomic_exchange(&pages->flushing, true))
        return sgc_fail(error, SGC_BUSY, "another flush is under way");
    sgc_flush *flush = sgc_alloc_zero(1, sizeof *flush);
    if (!flush) {
        atomic_store(&pages->flushing, false);
        return no_memory(error);
    }
    reap(pages);
    status = begin(flush, pages, error);
    if (status) {
        discard(flush);
        return status;
    }
    *out = flush;
    return SGC_OK;
}

/* ---- loads: beside the flush ---- */

sgc_status sgc_flush_begin_load(sgc_pages *pages, sgc_flush **out, sgc_error *error)
{
    sgc_status status = is_writable(pages, error);
    sgc_flush *flush = status == SGC_OK ? sgc_alloc_zero(1, sizeof *flush) : NULL;

    *out = NULL;
    if (status) return status;
    if (!flush) return no_memory(error);
    flush->is_load = true;
    status = begin(flush, pages, error);
    if (status) {
        discard(flush);
        return status;
    }
    /* Others need half of the cache at most, so there are always frames for all. */
    flush->dirty_limit = pages->cache.frame_count / 4;
    if (flush->dirty_limit > LOAD_PAGES) flush->dirty_limit = LOAD_PAGES;
    /* An old checkpoint would hold places as long as the load lasts. */
    sgc_checkpoint_release(flush->base);
    flush->base = NULL;
    *out = flush;
    return SGC_OK;
}

sgc_status sgc_flush_land(sgc_flush *flush, sgc_flush *load, uint16_t table, uint64_t sequence,
                          sgc_error *error)
{
    sgc_tree *to = sgc_image_tree(&flush->image, table, 0);
    const sgc_tree *from = sgc_image_tree(&load->image, table, 0);
    unsigned count = SGC_TREE_OF_INDEX + (unsigned)flush->image.schema->tables[table].index_count;
    sgc_status status = flush->broken;

    if (status) return sgc_fail(error, status, "the flush has failed before");
    if (to[SGC_TREE_OF_ROWS].count > 0)
        status = sgc_fail(error, SGC_INVALID, "table %u has rows", (unsigned)table);
    for (unsigned i = 0; status == SGC_OK && i < count; i++) {
        status = sgc_write_clear(flush, &to[i], error);
        to[i] = from[i];
    }
    to[SGC_TREE_OF_ROWS].loaded = sequence;
    flush->began = flush->lands = true;
    if (status) flush->broken = status;
    return status;
}

/* ---- index entries ---- */

void sgc_flush_note_memory(const sgc_flush *flush, size_t more)
{
    size_t memory = flush->change_room + sgc_changes_room(&flush->bulk) + more;

    if (flush->is_load) return;
    memory += flush->sort_room.capacity * sizeof *flush->sort_room.items;
    memory += flush->dirty_capacity * sizeof *flush->dirty + flush->scratch.total;
    atomic_store_explicit(&flush->pages->flush_memory, memory, memory_order_relaxed);
}

static sgc_entry_changes *changes_of(sgc_flush *flush, uint16_t table, uint16_t index)
{
    return &flush->changes[flush->image.first_tree[table] + SGC_TREE_OF_INDEX + index];
}

/* Components of element number `element`; SGC_NOT_FOUND behind the last one. */
sgc_status sgc_index_components(const sgc_table *table, uint16_t index, sgc_str record,
                                uint32_t element, sgc_key *key)
{
    bool has_null;

    if (!table->code.index_key || table->indexes[index].elements)
        return sgc_index_entry(table, index, record, element, key, &has_null);
    if (element > 0) return SGC_NOT_FOUND;
    sgc_key_start(key);
    table->code.index_key(index, record, key);
    return key->overflow ? SGC_LIMIT : SGC_OK;
}

static sgc_status entry_failed(const sgc_table *table, uint16_t index, sgc_status status,
                               sgc_error *error)
{
    return sgc_fail(error, status, "%.*s: index %.*s: %s", (int)table->name.size, table->name.data,
                    (int)table->indexes[index].name.size, table->indexes[index].name.data,
                    sgc_status_text(status));
}

typedef struct row_change {
    sgc_flush *flush;
    const sgc_table *table;
    uint16_t position;
    sgc_str key, before, after; /**< records; null: none */
    uint64_t old_row, new_row, old_begin;
    sgc_error *error;
} row_change;

sgc_status sgc_index_changes(const sgc_table *table, uint16_t index, sgc_str record, sgc_str key,
                             uint64_t row, sgc_entry_changes *changes, sgc_error *error)
{
    sgc_key components;

    for (uint32_t element = 0;; element++) {
        sgc_status status = sgc_index_components(table, index, record, element, &components);
        if (status == SGC_NOT_FOUND) return SGC_OK;
        if (status == SGC_OK) status = sgc_changes_add(changes, sgc_key_str(&components), key, row);
        if (status) return entry_failed(table, index, status, error);
    }
}

static sgc_status add_entries(const row_change *change, uint16_t index, sgc_str record,
                              uint64_t row)
{
    sgc_flush *flush = change->flush;
    sgc_entry_changes *changes = changes_of(flush, change->position, index);
    size_t bytes = sgc_changes_bytes(changes), room = sgc_changes_room(changes);
    sgc_status status =
        sgc_index_changes(change->table, index, record, change->key, row, changes, change->error);

    flush->change_bytes += sgc_changes_bytes(changes) - bytes;
    flush->change_room += sgc_changes_room(changes) - room;
    return status;
}

/* An ordinary index whose entry did not change needs no change, unless the row moved. */
static sgc_status unchanged(const row_change *change, uint16_t index, bool *same)
{
    sgc_key old, now;

    *same = false;
    if (sgc_str_is_null(change->before) || sgc_str_is_null(change->after)) return SGC_OK;
    if (change->table->indexes[index].elements || change->old_row != change->new_row) return SGC_OK;
    sgc_status status = sgc_index_components(change->table, index, change->before, 0, &old);
    if (status == SGC_OK)
        status = sgc_index_components(change->table, index, change->after, 0, &now);
    if (status) return entry_failed(change->table, index, status, change->error);
    *same = old.size == now.size && memcmp(old.bytes, now.bytes, old.size) == 0;
    return SGC_OK;
}

/* Index 0: the key alone. */
static sgc_status change_order(const row_change *change)
{
    sgc_flush *flush = change->flush;
    sgc_entry_changes *changes = changes_of(flush, change->position, 0);
    size_t bytes = sgc_changes_bytes(changes), room = sgc_changes_room(changes);

    if (change->old_row == change->new_row) return SGC_OK;
    sgc_status status = sgc_changes_add(changes, SGC_STR(""), change->key, change->new_row);
    flush->change_bytes += sgc_changes_bytes(changes) - bytes;
    flush->change_room += sgc_changes_room(changes) - room;
    return status ? entry_failed(change->table, 0, status, change->error) : SGC_OK;
}

static sgc_status change_indexes(const row_change *change)
{
    sgc_status status = change->table->index_count ? change_order(change) : SGC_OK;

    for (uint16_t i = 1; status == SGC_OK && i < change->table->index_count; i++) {
        const sgc_tree *tree = sgc_image_tree(&change->flush->image, change->position,
                                              SGC_TREE_OF_INDEX + (unsigned)i);
        bool same, was_in = sgc_index_covers(tree, change->old_row),
                   is_in = sgc_index_covers(tree, change->new_row);
        if (!was_in && !is_in) continue;
        status = unchanged(change, i, &same);
        if (status || same) continue;
        if (!sgc_str_is_null(change->before) && was_in)
            status = add_entries(change, i, change->before, SGC_CHANGE_REMOVE);
        if (status == SGC_OK && !sgc_str_is_null(change->after) && is_in)
            status = add_entries(change, i, change->after, change->new_row);
    }
    return status;
}

/* Their memory is given back: what comes next may be for other indexes. */
static sgc_status apply_changes(sgc_flush *flush, sgc_error *error)
{
    const sgc_schema *schema = flush->image.schema;
    uint16_t tables = schema ? schema->table_count : 0;
    sgc_status status = SGC_OK;

    for (uint16_t t = 0; status == SGC_OK && t < tables; t++) {
        for (uint16_t i = 0; status == SGC_OK && i < schema->tables[t].index_count; i++) {
            sgc_entry_changes *changes = changes_of(flush, t, i);
            status = sgc_index_apply(
                flush, sgc_image_tree(&flush->image, t, SGC_TREE_OF_INDEX + (unsigned)i), i > 0,
                changes, error);
            sgc_flush_note_memory(flush, 0);
            flush->change_room -= sgc_changes_room(changes);
            sgc_changes_free(changes);
        }
    }
    flush->change_bytes = 0;
    sgc_free(flush->sort_room.items);
    flush->sort_room = (sgc_sort_room){0};
    sgc_flush_note_memory(flush, 0);
    return status;
}

/* ---- rows ---- */

static sgc_table_view view_of(const sgc_flush *flush, uint16_t table)
{
    return (sgc_table_view){
        .cache = &flush->pages->cache,
        .table = &flush->image.schema->tables[table],
        .rows = sgc_image_tree(&flush->image, table, SGC_TREE_OF_ROWS),
        .hash = sgc_image_tree(&flush->image, table, SGC_TREE_OF_HASH),
        .seed = flush->pages->seed,
    };
}

void sgc_flush_will_change(sgc_flush *flush, uint16_t table, sgc_str key)
{
    if (!flush->image.schema || table >= flush->image.schema->table_count) return;
    sgc_table_view view = view_of(flush, table);
    sgc_hash_will_find(flush->pages, &view, key);
}

static sgc_status prepare(sgc_flush *flush, uint16_t table, sgc_str key, sgc_error *error)
{
    if (flush->broken) return sgc_fail(error, flush->broken, "the flush has failed before");
    if (!flush->image.schema || table >= flush->image.schema->table_count)
        return sgc_fail(error, SGC_INVALID, "there is no table %u", (unsigned)table);
    if (key.size > SGC_KEY_MAX) return sgc_fail(error, SGC_LIMIT, "a key is too long");
    flush->began = true;
    sgc_arena_reset(&flush->scratch);
    if (flush->change_bytes > flush->change_limit) {
        sgc_status status = apply_changes(flush, error);
        if (status) return status;
    }
    sgc_flush_note_memory(flush, 0);
    return sgc_flush_relieve(flush, error);
}

/* Finds the row that is there and copies its record. */
static sgc_status find_old(row_change *change)
{
    sgc_table_view view = view_of(change->flush, change->position);
    sgc_arena *scratch = &change->flush->scratch;
    uint32_t frame;
    sgc_row row;

    change->before = sgc_str_of(NULL, 0);
    change->old_row = SGC_CHANGE_REMOVE;
    sgc_status status =
        sgc_hash_find(&view, change->key, &change->old_row, &frame, &row, change->error);
    if (status) {
        change->old_row = SGC_CHANGE_REMOVE;
        return status == SGC_NOT_FOUND ? SGC_OK : status;
    }
    if (row.large) {
        status = sgc_row_read_large(view.cache, view.rows, &row, scratch, change->error);
    } else {
        row.record = sgc_arena_str(scratch, row.record);
        if (!row.record.data) status = no_memory(change->error);
    }
    change->before = row.record;
    change->old_begin = row.begin;
    sgc_cache_unpin(view.cache, frame);
    return status;
}

static sgc_status put_row(row_change *change, uint64_t begin)
{
    sgc_flush *flush = change->flush;
    sgc_tree *rows = sgc_image_tree(&flush->image, change->position, SGC_TREE_OF_ROWS);
    sgc_tree *hash = sgc_image_tree(&flush->image, change->position, SGC_TREE_OF_HASH);
    sgc_status status;

    change->new_row = change->old_row;
    if (sgc_str_is_null(change->before)) {
        status = sgc_rows_insert(flush, rows, change->key, begin, change->after, &change->new_row,
                                 change->error);
        if (status) return status;
        return sgc_hash_insert(flush, hash, rows, change->key, change->new_row, change->error);
    }
    status = sgc_row_replace(flush, rows, change->key, begin, change->after, &change->new_row,
                             change->error);
    if (status || change->new_row == change->old_row) return status;
    return sgc_hash_move(flush, hash, rows, change->key, change->old_row, change->new_row,
                         change->error);
}

static sgc_status remove_row(row_change *change)
{
    sgc_flush *flush = change->flush;
    sgc_tree *rows = sgc_image_tree(&flush->image, change->position, SGC_TREE_OF_ROWS);
    sgc_tree *hash = sgc_image_tree(&flush->image, change->position, SGC_TREE_OF_HASH);
    sgc_status status =
        sgc_hash_remove(flush, hash, rows, change->key, change->old_row, change->error);

    change->new_row = SGC_CHANGE_REMOVE;
    if (status == SGC_OK) status = sgc_row_remove(flush, rows, change->old_row, change->error);
    return status ? status : change_indexes(change);
}

/* A row that may be there already. */
static sgc_status change_row(sgc_flush *flush, uint16_t table, sgc_str key,
                             const sgc_version *newest, sgc_error *error)
{
    row_change change = {.flush = flush,
                         .table = &flush->image.schema->tables[table],
                         .position = table,
                         .key = key,
                         .after = newest->record,
                         .error = error};
    sgc_status status = find_old(&change);
    sgc_stored_row old = {change.before, change.old_begin};

    if (status == SGC_OK) status = sgc_flush_keep(flush, table, key, newest, &old, error);
    if (status) return status;
    if (sgc_str_is_null(change.after))
        return sgc_str_is_null(change.before) ? SGC_OK : remove_row(&change);
    status = put_row(&change, newest->sequence);
    return status ? status : change_indexes(&change);
}

/* A row that cannot be there: it is appended, or there is nothing to remove. */
static sgc_status append_row(sgc_flush *flush, uint16_t table, sgc_str key,
                             const sgc_version *newest, sgc_error *error)
{
    static const sgc_stored_row none;
    sgc_status status = sgc_flush_keep(flush, table, key, newest, &none, error);

    if (status || sgc_str_is_null(newest->record)) return status;
    return sgc_bulk_put(flush, table, key, newest->sequence, newest->record, error);
}

sgc_status sgc_flush_row(sgc_flush *flush, uint16_t table, sgc_str key, const sgc_version *newest,
                         sgc_error *error)
{
    bool append = false;
    sgc_status status = prepare(flush, table, key, error);

    if (status == SGC_OK) status = sgc_bulk_takes(flush, table, key, &append, error);
    if (status == SGC_OK)
        status = append ? append_row(flush, table, key, newest, error)
                        : change_row(flush, table, key, newest, error);
    if (status) flush->broken = status;
    return status;
}

/* ---- another schema ---- */

sgc_status sgc_write_bytes(sgc_flush *flush, sgc_tree *tree, sgc_str bytes, sgc_error *error)
{
    for (size_t at = 0; at < bytes.size; at += SGC_PAGE_BODY) {
        size_t part = bytes.size - at < SGC_PAGE_BODY ? bytes.size - at : SGC_PAGE_BODY;
        uint32_t logical;
        uint8_t *page;
        sgc_status status = sgc_flush_relieve(flush, error);
        if (status == SGC_OK)
            status = sgc_write_new(flush, tree, SGC_PAGE_BYTES, &logical, &page, error);
        if (status) return status;
        memcpy(page + SGC_PAGE_HEAD, bytes.data + at, part);
    }
    tree->count = bytes.size;
    return SGC_OK;
}

sgc_status sgc_write_schema(sgc_flush *flush, const sgc_schema *schema, sgc_error *error)
{
    sgc_buf text = {0};
    sgc_image *image = &flush->image;

    sgc_buf_str(&text, schema->name);
    sgc_buf_str(&text, schema->sdl);
    sgc_buf_str(&text, schema->numbering);
    sgc_status status = text.failed ? no_memory(error) : SGC_OK;
    if (status == SGC_OK && text.size > UINT32_MAX)
        status = sgc_fail(error, SGC_LIMIT, "the schema is too long");
    if (status == SGC_OK)
        status = sgc_write_bytes(flush, &image->root_trees[SGC_ROOT_SCHEMA], sgc_buf_as_str(&text),
                                 error);
    sgc_buf_free(&text);
    image->name_size = (uint32_t)schema->name.size;
    image->sdl_size = (uint32_t)schema->sdl.size;
    image->numbering_size = (uint32_t)schema->numbering.size;
    image->schema_hash = schema->hash;
    return status;
}

sgc_status sgc_flush_set_schema(sgc_flush *flush, const sgc_schema *schema, sgc_error *error)
{
    sgc_image *image = &flush->image;
    sgc_status status = SGC_OK;

    if (flush->broken) return sgc_fail(error, flush->broken, "the flush has failed before");
    if (flush->began) return sgc_fail(error, SGC_INVALID, "a schema is set before any row is put");
    for (uint32_t i = 0; status == SGC_OK && i < image->tree_count; i++)
        status = sgc_write_clear(flush, &image->trees[i], error);
    for (uint32_t i = 0; status == SGC_OK && i < SGC_ROOT_TREES; i++)
        status = sgc_write_clear(flush, &image->root_trees[i], error);
    if (status == SGC_OK) {
        sgc_flush_free_changes(flush);
        status = sgc_image_reset(image, schema);
        if (status == SGC_OK) status = sgc_flush_new_changes(flush);
        if (status) no_memory(error);
    }
    if (status == SGC_OK) status = sgc_write_schema(flush, schema, error);
    if (status) flush->broken = status;
    return status;
}

/* ---- commit ---- */

/* Descriptors of trees that changed go into the catalogue. */
static sgc_status write_catalogue_page(sgc_flush *flush, uint32_t number, sgc_error *error)
{
    sgc_tree *catalogue = &flush->image.root_trees[SGC_ROOT_CATALOGUE];
    uint8_t bytes[SGC_PAGE_BODY] = {0}, *page;
    uint32_t first = number * SGC_TREES_PER_PAGE, frame, logical;
    const uint8_t *old;
    sgc_status status;

    for (uint32_t i = first; i < flush->image.tree_count && i < first + SGC_TREES_PER_PAGE; i++)
        sgc_tree_encode(&flush->image.trees[i], bytes + (size_t)(i - first) * SGC_TREE_BYTES);
    if (number < catalogue->pages) {
        status = sgc_tree_pin(&flush->pages->cache, catalogue, number, SGC_PAGE_BYTES, &frame, &old,
                              error);
        if (status) return status;
        bool same = memcmp(old + SGC_PAGE_HEAD, bytes, sizeof bytes) == 0;
        sgc_cache_unpin(&flush->pages->cache, frame);
        if (same) return SGC_OK;
        status = sgc_write_page(flush, catalogue, number, SGC_PAGE_BYTES, &page, error);
    } else {
        status = sgc_write_new(flush, catalogue, SGC_PAGE_BYTES, &logical, &page, error);
    }
    if (status == SGC_OK) memcpy(page + SGC_PAGE_HEAD, bytes, sizeof bytes);
    return status;
}

static sgc_status write_catalogue(sgc_flush *flush, sgc_error *error)
{
    uint32_t pages = (flush->image.tree_count + SGC_TREES_PER_PAGE - 1) / SGC_TREES_PER_PAGE;
    sgc_status status = SGC_OK;

    for (uint32_t i = 0; status == SGC_OK && i < pages; i++) {
        status = sgc_flush_relieve(flush, error);
        if (status == SGC_OK) status = write_catalogue_page(flush, i, error);
    }
    return status;
}

/*
 * The free map takes places itself: pages are added until the map that leaves them out fits. Each
 * place taken splits at most one run in two, so this ends.
 */
static sgc_status size_free_map(sgc_flush *flush, sgc_buf *map, sgc_error *error)
{
    sgc_tree *tree = &flush->image.root_trees[SGC_ROOT_FREE];
    uint32_t logical;
    uint8_t *page;

    for (;;) {
        map->size = 0;
        if (sgc_space_encode(&flush->pages->space, &flush->replaced, flush->lands,
                             &flush->image.places, map))
            return no_memory(error);
        if (map->size <= (size_t)tree->pages * SGC_PAGE_BODY) return SGC_OK;
        do {
            sgc_status status = sgc_flush_relieve(flush, error);
            if (status == SGC_OK)
                status = sgc_write_new(flush, tree, SGC_PAGE_BYTES, &logical, &page, error);
            if (status) return status;
        } while (map->size > (size_t)tree->pages * SGC_PAGE_BODY);
    }
}

static sgc_status write_free_map(sgc_flush *flush, sgc_error *error)
{
    sgc_tree *tree = &flush->image.root_trees[SGC_ROOT_FREE];
    sgc_buf map = {0};
    sgc_status status = sgc_write_clear(flush, tree, error);

    if (status == SGC_OK) status = size_free_map(flush, &map, error);
    tree->count = map.size;
    for (uint32_t i = 0; status == SGC_OK && i < tree->pages; i++) {
        size_t at = (size_t)i * SGC_PAGE_BODY;
        size_t part = map.size > at ? map.size - at : 0;
        uint8_t *page;
        status = sgc_flush_relieve(flush, error);
        if (status == SGC_OK) status = sgc_write_page(flush, tree, i, SGC_PAGE_BYTES, &page, error);
        if (status) break;
        if (part > SGC_PAGE_BODY) part = SGC_PAGE_BODY;
        if (part) memcpy(page + SGC_PAGE_HEAD, map.data + at, part);
    }
    sgc_buf_free(&map);
    return status;
}

static void image_to_root(const sgc_image *image, uint64_t seed, sgc_root *root)
{
    *root = (sgc_root){
        .sequence = image->sequence,
        .time_us = image->time_us,
        .seed = seed,
        .schema_hash = image->schema_hash,
        .checkpoint = image->number,
        .tree_count = image->tree_count,
        .next_tree = image->next_tree,
        .places = image->places,
        .name_size = image->name_size,
        .sdl_size = image->sdl_size,
        .numbering_size = image->numbering_size,
        .log = image->log,
    };
    memcpy(root->trees, image->root_trees, sizeof root->trees);
}

void sgc_flush_set_log(sgc_flush *flush, const sgc_log_place *place)
{
    if (place->segment) flush->image.log = *place;
}

/* Pages to the file, synced; then both copies of the root. */
static sgc_status make_durable(sgc_flush *flush, sgc_error *error)
{
    sgc_pages *pages = flush->pages;
    sgc_root root;
    sgc_status status = sgc_flush_write_out(flush, error);

    if (status == SGC_OK) {
        status = pages->os->sync(pages->os->self, pages->pages_file);
        if (status) sgc_fail(error, status, "%s", sgc_os_file_error());
    }
    if (status) return status;
    image_to_root(&flush->image, pages->seed, &root);
    status = sgc_root_write(pages->os, pages->root_file, &root, error);
    if (status) atomic_store(&pages->unsure, true);
    return status;
}

/* What lies behind the last place is named by nobody; a file that stays longer does no harm. */
static void cut_file(sgc_pages *pages)
{
    uint64_t now = sgc_space_places(&pages->space);
    sgc_status status = SGC_OK;

    if (atomic_exchange(&pages->file_places, now) > now)
        status = sgc_space_cut(&pages->space, pages->os, pages->pages_file, SGC_PAGE_SIZE);
    (void)status;
}

static void publish(sgc_flush *flush, sgc_checkpoint *checkpoint)
{
    sgc_pages *pages = flush->pages;

    checkpoint->image = flush->image;
    checkpoint->segments = flush->segments;
    flush->segments = NULL;
    flush->image.trees = NULL;
    flush->image.first_tree = NULL;
    sgc_image_keep_tables(&checkpoint->image);
    checkpoint->pages = pages;
    atomic_init(&checkpoint->references, 1);
    sgc_mutex_lock(&pages->lock);
    sgc_checkpoint *before = pages->newest;
    checkpoint->older = before;
    before->newer = checkpoint;
    pages->newest = checkpoint;
    sgc_mutex_unlock(&pages->lock);
    sgc_history_published(pages->history, checkpoint->segments);
    if (checkpoint->image.schema != before->image.schema)
        sgc_history_set_schema(pages->history, checkpoint->image.schema);
    atomic_fetch_add(&pages->flushes, 1);
    cut_file(pages);
    sgc_checkpoint_release(before);
}

sgc_status sgc_flush_commit(sgc_flush *flush, uint64_t sequence, uint64_t time_us, sgc_error *error)
{
    sgc_pages *pages = flush->pages;
    sgc_checkpoint *next = sgc_alloc_zero(1, sizeof *next);
    sgc_held_places *held = sgc_alloc_zero(1, sizeof *held);
    sgc_status status = flush->broken;

    if (status) {
        sgc_fail(error, status, "the flush has failed before");
    } else if (!next || !held) {
        status = no_memory(error);
    }
    if (status == SGC_OK) status = sgc_bulk_end_all(flush, error);
    if (status == SGC_OK) status = apply_changes(flush, error);
    if (status == SGC_OK) status = sgc_flush_end_history(flush, sequence, error);
    if (status == SGC_OK) status = sgc_flush_give_back(flush, error);
    if (status == SGC_OK) status = write_catalogue(flush, error);
    if (status == SGC_OK) status = write_free_map(flush, error);
    flush->image.sequence = sequence;
    flush->image.time_us = time_us;
    /* Until here nothing but memory can have been missing without the device having failed. */
    bool again = status == SGC_NO_MEMORY && flush->broken == SGC_OK;
    if (status == SGC_OK) status = make_durable(flush, error);
    if (status) {
        sgc_free(next);
        sgc_free(held);
        if (!again) atomic_store(&pages->failed, true);
        sgc_flush_abort(flush);
        return status;
    }
    if (flush->lands) sgc_space_end_loan(&pages->space, true);
    atomic_store(&pages->free_places, sgc_space_free(&pages->space) + flush->replaced.count);
    *held = (sgc_held_places){NULL, flush->image.number, flush->replaced};
    flush->replaced = (sgc_places){0};
    sgc_space_hold(&pages->space, held);
    atomic_store(&pages->held_places, sgc_space_held(&pages->space));
    publish(flush, next);
    discard(flush);
    return SGC_OK;
}

/* What a load was lent and did not land is free, and at the end of the file given back at once: a
 * load that was refused may have filled the disk. */
static void end_loan(sgc_pages *pages)
{
    atomic_store(&pages->file_places, sgc_space_places(&pages->space));
    sgc_space_end_loan(&pages->space, false);
    if (atomic_load(&pages->failed)) return;
    sgc_space_trim(&pages->space);
    cut_file(pages);
}

void sgc_flush_abort(sgc_flush *flush)
{
    if (!flush) return;
    sgc_pages *pages = flush->pages;
    for (size_t i = 0; i < flush->dirty_count; i++) {
        const sgc_frame *frame = &pages->cache.frames[flush->dirty[i]];
        if (sgc_flush_dirties(flush, flush->dirty[i]))
            sgc_cache_drop(&pages->cache, atomic_load(&frame->place), true);
    }
    /* After a failed write the root may name them: no load may have them. */
    sgc_space_return(&pages->space, &flush->allocated, !atomic_load(&pages->failed));
    if (flush->is_load) end_loan(pages);
    discard(flush);
}
