/* look_up.c - rows of a checkpoint by key, one or many at a time. How keys are found: hash_index.c.
 */
#include "store/image.h"

enum { GROUP = 16, FRAMES_FOR_ONE = 64 };

static inline sgc_table_view view_of(sgc_checkpoint *checkpoint, uint16_t table)
{
    const sgc_image *image = &checkpoint->image;
    const sgc_tree *trees = &image->trees[image->first_tree[table]];

    return (sgc_table_view){.cache = &checkpoint->pages->cache,
                            .table = &image->schema->tables[table],
                            .rows = &trees[SGC_TREE_OF_ROWS],
                            .hash = &trees[SGC_TREE_OF_HASH],
                            .seed = checkpoint->pages->seed};
}

/* True when the record has this key, and it is short text in front of all else of changing size:
 * what most keys are. */
static inline bool has_first_text(const sgc_table *table, sgc_str record, sgc_str key)
{
    const sgc_layout *layout = &table->layout;
    size_t at = SGC_RECORD_HEAD + (size_t)layout->fixed_size;
    const uint8_t *p = (const uint8_t *)record.data;

    return key.size < 32 && record.size > at + key.size && p[at] == (0xa0 | key.size) &&
           memcmp(p + at + 1, key.data, key.size) == 0 && sgc_be16(p + 4) == layout->version &&
           !table->link && table->fields[table->key].slot == layout->fixed_count;
}

/* The record in the arena, where it stays; the row's page is pinned. */
static inline sgc_status copy(const sgc_table_view *view, sgc_row *row, sgc_arena *arena,
                              sgc_stored_row *out, sgc_error *error)
{
    out->begin = row->begin;
    if (row->large) {
        sgc_status status = sgc_row_read_large(view->cache, view->rows, row, arena, error);
        out->record = row->record;
        return status;
    }
    out->record = sgc_arena_copy(arena, row->record);
    return out->record.data ? SGC_OK : sgc_fail(error, SGC_NO_MEMORY, "out of memory");
}

/* The ordinary way, which may read pages. */
static __attribute__((noinline)) sgc_status find(const sgc_table_view *view, sgc_str key,
                                                 uint64_t last, sgc_arena *arena,
                                                 sgc_stored_row *out, sgc_error *error)
{
    uint64_t at;
    uint32_t frame;
    sgc_row row;
    sgc_status status = sgc_hash_find(view, key, &at, &frame, &row, error);

    if (status) return status;
    status = row.begin > last ? SGC_NOT_FOUND : copy(view, &row, arena, out, error);
    sgc_cache_unpin(view->cache, frame);
    return status;
}

/* A row whose key is not text in front, a large one, or not the row at all. */
static __attribute__((noinline)) sgc_status take_any(const sgc_table_view *view, sgc_str key,
                                                     uint64_t last, const sgc_probe *probe,
                                                     sgc_arena *arena, sgc_stored_row *out,
                                                     sgc_error *error)
{
    sgc_row row;
    sgc_status status = sgc_row_in(view->rows, probe->page, probe->row & 0xFF, &row)
                            ? sgc_row_has_key(view->table, &row, key)
                            : SGC_NOT_FOUND;

    if (status) {
        sgc_cache_unpin(view->cache, probe->frame);
        return find(view, key, last, arena, out, error);
    }
    status = row.begin > last ? SGC_NOT_FOUND : copy(view, &row, arena, out, error);
    sgc_cache_unpin(view->cache, probe->frame);
    return status;
}

/* Uses up what was found of a key in memory. A row that began behind `last` is not there. */
static inline __attribute__((always_inline)) sgc_status
take(const sgc_table_view *view, sgc_str key, uint64_t last, const sgc_probe *probe,
     sgc_arena *arena, sgc_stored_row *out, sgc_error *error)
{
    if (probe->is_absent) return SGC_NOT_FOUND;
    if (!probe->frame) return find(view, key, last, arena, out, error);
    const uint8_t *bytes = sgc_row_bytes(probe->page, probe->row & 0xFF);
    if (!bytes || !sgc_row_parse_small(view->rows, bytes, out) ||
        !has_first_text(view->table, out->record, key))
        return take_any(view, key, last, probe, arena, out, error);
    sgc_status status = out->begin > last ? SGC_NOT_FOUND : SGC_OK;
    if (status == SGC_OK) out->record = sgc_arena_copy(arena, out->record);
    sgc_cache_unpin(view->cache, probe->frame);
    return out->record.data ? status : sgc_fail(error, SGC_NO_MEMORY, "out of memory");
}

static inline __attribute__((always_inline)) sgc_status get(sgc_checkpoint *checkpoint,
                                                            uint16_t table, sgc_str key,
                                                            uint64_t last, sgc_arena *arena,
                                                            sgc_stored_row *row, sgc_error *error)
{
    sgc_table_view view = view_of(checkpoint, table);
    sgc_probe probe;

    if (view.hash->pages == 0) return SGC_NOT_FOUND;
    sgc_hash_probe(&view, key, &probe);
    return take(&view, key, last, &probe, arena, row, error);
}

sgc_status sgc_checkpoint_get(sgc_checkpoint *checkpoint, uint16_t table, sgc_str key,
                              sgc_arena *arena, sgc_stored_row *row, sgc_error *error)
{
    return get(checkpoint, table, key, UINT64_MAX, arena, row, error);
}

sgc_status sgc_checkpoint_get_at(sgc_checkpoint *checkpoint, uint16_t table, sgc_str key,
                                 uint64_t at, sgc_arena *arena, sgc_stored_row *row,
                                 sgc_error *error)
{
    return get(checkpoint, table, key, at, arena, row, error);
}

/* ---- many ---- */

static void give_back(const sgc_table_view *view, const sgc_probe *probes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (probes[i].frame) sgc_cache_unpin(view->cache, probes[i].frame);
}

static sgc_status get_group(const sgc_table_view *view, const sgc_str *keys, size_t count,
                            sgc_arena *arena, sgc_stored_row *rows, sgc_error *error)
{
    sgc_probe probes[GROUP];

    sgc_hash_probe_many(view, keys, count, probes);
    for (size_t i = 0; i < count; i++) {
        sgc_status status = take(view, keys[i], UINT64_MAX, &probes[i], arena, &rows[i], error);
        if (status == SGC_NOT_FOUND) rows[i].record = sgc_str_of(NULL, 0);
        if (status == SGC_OK || status == SGC_NOT_FOUND) continue;
        give_back(view, probes + i + 1, count - i - 1);
        return status;
    }
    return SGC_OK;
}

sgc_status sgc_checkpoint_get_many(sgc_checkpoint *checkpoint, uint16_t table, const sgc_str *keys,
                                   size_t count, sgc_arena *arena, sgc_stored_row *rows,
                                   sgc_error *error)
{
    sgc_table_view view = view_of(checkpoint, table);
    size_t most = view.cache->frame_count / FRAMES_FOR_ONE; /* pinned at once */
    sgc_status status = SGC_OK;

    if (most > GROUP) most = GROUP;
    if (most == 0) most = 1;
    if (view.hash->pages == 0) {
        memset(rows, 0, count * sizeof *rows);
        return SGC_OK;
    }
    for (size_t i = 0; status == SGC_OK && i < count; i += most) {
        size_t part = count - i < most ? count - i : most;
        status = get_group(&view, keys + i, part, arena, rows + i, error);
    }
    return status;
}
