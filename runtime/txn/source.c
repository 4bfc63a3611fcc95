/*
 * source.c - reading one moment: a row by key, or an index as a merge of the write set over the
 * MemTables over the checkpoint. Newer layers hide older ones.
 */
#include "txn/internal.h"

static void add(struct sgc_overlays *all, const sgc_memtable *memtable, uint16_t table, uint64_t at)
{
    if (!memtable || !sgc_memtable_has_table(memtable, table)) return;
    all->memtables[all->count] = memtable;
    all->at[all->count++] = at;
}

struct sgc_overlays sgc_overlays_of(const struct sgc_reads *source, uint16_t table)
{
    struct sgc_overlays all = {.count = 0};

    add(&all, source->writes, table, source->writes_at);
    for (size_t i = 0; i < source->count; i++)
        add(&all, source->layers[i]->memtable, table, source->at);
    return all;
}

static enum sgc_found judge(const sgc_version *version, sgc_str *record)
{
    *record = version->record;
    return sgc_str_is_null(version->record) ? SGC_FOUND_DELETED : SGC_FOUND_ROW;
}

/* Asks write set and MemTables only. */
static enum sgc_found find_in_memory(const struct sgc_reads *source, uint16_t table, sgc_str key,
                                     sgc_str *record)
{
    const sgc_version *version = NULL;
    uint64_t hash = 0;
    bool hashed = false;

    if (source->writes && sgc_memtable_has_table(source->writes, table)) {
        hash = sgc_memtable_hash(table, key);
        hashed = true;
        version = sgc_memtable_find(source->writes, hash, table, key, source->writes_at);
        if (version) return judge(version, record);
    }
    for (size_t i = 0; i < source->count; i++) {
        const sgc_memtable *memtable = source->layers[i]->memtable;
        if (!sgc_memtable_has_table(memtable, table)) continue;
        if (!hashed) hash = sgc_memtable_hash(table, key);
        hashed = true;
        version = sgc_memtable_find(memtable, hash, table, key, source->at);
        if (version) return judge(version, record);
    }
    return SGC_FOUND_NOTHING;
}

static inline sgc_status get(const struct sgc_reads *source, uint16_t table, sgc_str key,
                             sgc_arena *arena, enum sgc_found *found, sgc_str *record,
                             sgc_error *error)
{
    sgc_stored_row row;

    *found = SGC_FOUND_NOTHING;
    if (sgc_reads_memory(source, table)) *found = find_in_memory(source, table, key, record);
    if (*found != SGC_FOUND_NOTHING || !source->checkpoint) return SGC_OK;
    sgc_status status = sgc_checkpoint_get(source->checkpoint, table, key, arena, &row, error);
    if (status == SGC_NOT_FOUND) return SGC_OK;
    if (status != SGC_OK) return status;
    *found = SGC_FOUND_ROW;
    *record = row.record;
    return SGC_OK;
}

/* Of the past, or remembered: apart, so that the way of the present stays short. */
static sgc_status get_otherwise(const struct sgc_reads *source, uint16_t table, sgc_str key,
                                sgc_arena *arena, enum sgc_found *found, sgc_str *record,
                                sgc_error *error)
{
    if (source->past) return sgc_past_find(source, table, key, arena, found, record, error);
    sgc_status status = sgc_keep_key(source->kept, table, key, error);
    return status == SGC_OK ? get(source, table, key, arena, found, record, error) : status;
}

sgc_status sgc_reads_get(const struct sgc_reads *source, uint16_t table, sgc_str key,
                         sgc_arena *arena, enum sgc_found *found, sgc_str *record, sgc_error *error)
{
    if (source->past || source->kept) {
        return get_otherwise(source, table, key, arena, found, record, error);
    }
    return get(source, table, key, arena, found, record, error);
}

/* ---- many rows by key ---- */

enum { BATCH = 64 };

/* Those that no layer in memory has are left for the pages. */
static sgc_status get_batch(const struct sgc_reads *source, uint16_t table, const sgc_str *keys,
                            size_t count, sgc_arena *arena, sgc_str *records, sgc_error *error)
{
    sgc_str left[BATCH];
    sgc_stored_row rows[BATCH];
    uint8_t at[BATCH];
    size_t left_count = 0;

    for (size_t i = 0; i < count; i++) {
        enum sgc_found found = SGC_FOUND_DELETED;
        if (keys[i].size <= SGC_KEY_MAX)
            found = find_in_memory(source, table, keys[i], &records[i]);
        if (found != SGC_FOUND_ROW) records[i] = sgc_str_of(NULL, 0);
        if (found != SGC_FOUND_NOTHING) continue;
        at[left_count] = (uint8_t)i;
        left[left_count++] = keys[i];
    }
    if (left_count == 0 || !source->checkpoint) return SGC_OK;
    sgc_status status =
        sgc_checkpoint_get_many(source->checkpoint, table, left, left_count, arena, rows, error);
    for (size_t i = 0; status == SGC_OK && i < left_count; i++)
        records[at[i]] = rows[i].record;
    return status;
}

static sgc_status get_each(const struct sgc_reads *source, uint16_t table, const sgc_str *keys,
                           size_t count, sgc_arena *arena, sgc_str *records, sgc_error *error)
{
    sgc_status status = SGC_OK;

    for (size_t i = 0; status == SGC_OK && i < count; i++) {
        enum sgc_found found = SGC_FOUND_NOTHING;
        if (keys[i].size <= SGC_KEY_MAX)
            status = get_otherwise(source, table, keys[i], arena, &found, &records[i], error);
        if (found != SGC_FOUND_ROW) records[i] = sgc_str_of(NULL, 0);
    }
    return status;
}

sgc_status sgc_reads_get_many(const struct sgc_reads *source, uint16_t table, const sgc_str *keys,
                              size_t count, sgc_arena *arena, sgc_str *records, sgc_error *error)
{
    sgc_status status = SGC_OK;

    if (source->past || source->kept)
        return get_each(source, table, keys, count, arena, records, error);
    for (size_t i = 0; status == SGC_OK && i < count; i += BATCH) {
        size_t part = count - i < BATCH ? count - i : BATCH;
        status = get_batch(source, table, keys + i, part, arena, records + i, error);
    }
    return status;
}

/* ---- one row by a unique value ---- */

bool sgc_reads_leave_alone(const struct sgc_reads *source, uint16_t table, uint16_t index,
                           sgc_str components)
{
    if (!source->checkpoint || source->past || source->kept) return false;
    if (!sgc_reads_memory(source, table)) return true;
    if (index == 0 || !source->schema->tables[table].indexes[index].unique) return false;
    uint32_t hash = sgc_memtable_unique_hash(table, index, components);
    if (source->writes && sgc_memtable_may_touch(source->writes, hash)) return false;
    for (size_t i = 0; i < source->count; i++)
        if (sgc_memtable_may_touch(source->layers[i]->memtable, hash)) return false;
    return true;
}

sgc_status sgc_reads_find(const struct sgc_reads *source, uint16_t table, uint16_t index,
                          sgc_str components, sgc_arena *arena, sgc_str *record, sgc_error *error)
{
    sgc_stored_row row;
    sgc_str newer;
    sgc_key key;
    sgc_status status =
        sgc_checkpoint_find(source->checkpoint, table, index, components, arena, &row, error);

    if (status != SGC_OK) return status;
    *record = row.record;
    if (!sgc_reads_memory(source, table)) return SGC_OK;
    /* The entry is the checkpoint's; the row may have changed elsewhere. */
    status = sgc_record_key(&source->schema->tables[table], row.record, &key);
    if (status != SGC_OK) return sgc_fail(error, status, "a record has no key");
    if (find_in_memory(source, table, sgc_key_str(&key), &newer) == SGC_FOUND_ROW) *record = newer;
    return SGC_OK;
}

/* ---- merged walks ---- */

static void add_overlay(struct sgc_walk *walk, const sgc_memtable *memtable, uint64_t at)
{
    if (!sgc_memtable_has_table(memtable, walk->table)) return;
    sgc_memtable_cursor_open(&walk->overlays[walk->count++], memtable, walk->table, walk->index, at,
                             walk->descending);
}

void sgc_walk_open(struct sgc_walk *walk, const struct sgc_reads *source, uint16_t table,
                   uint16_t index, bool descending)
{
    walk->source = *source;
    walk->table = table;
    walk->index = index;
    walk->descending = descending;
    walk->valid = false;
    walk->open = true;
    walk->count = 0;
    walk->hits = 0;
    walk->pages_hit = false;
    walk->interval = NULL;
    walk->past = NULL;
    if (source->writes) add_overlay(walk, source->writes, source->writes_at);
    for (size_t i = 0; i < source->count; i++) {
        add_overlay(walk, source->layers[i]->memtable, source->at);
    }
    walk->has_pages =
        source->checkpoint != NULL && sgc_checkpoint_rows(source->checkpoint, table) > 0;
    if (walk->has_pages) {
        sgc_page_cursor_open(&walk->pages, source->checkpoint, table, index, descending);
    }
    walk->plain = walk->has_pages && walk->count == 0 && !source->past && !source->kept;
}

void sgc_walk_close(struct sgc_walk *walk)
{
    if (walk->open && walk->has_pages) sgc_page_cursor_close(&walk->pages);
    if (walk->open && walk->past) sgc_past_close(walk->past);
    walk->open = false;
    walk->valid = false;
}

/* Is a before b in the walk's direction? */
static bool is_before(const struct sgc_walk *walk, sgc_str a, sgc_str b)
{
    int order = sgc_str_compare(a, b);
    return walk->descending ? order > 0 : order < 0;
}

/* Finds the nearest entry of all layers; true when it is present, the newest layer decides. */
static bool pick(struct sgc_walk *walk)
{
    const sgc_memtable_cursor *best = NULL;

    walk->hits = 0;
    for (size_t i = 0; i < walk->count; i++) {
        const sgc_memtable_cursor *overlay = &walk->overlays[i];
        if (!overlay->valid) continue;
        if (best && !is_before(walk, overlay->entry, best->entry)) {
            if (sgc_str_eq(overlay->entry, best->entry)) walk->hits |= 1U << i;
            continue;
        }
        best = overlay;
        walk->hits = 1U << i;
    }
    walk->pages_hit = walk->has_pages && walk->pages.valid &&
                      (!best || !is_before(walk, best->entry, walk->pages.entry));
    if (walk->pages_hit && best && !sgc_str_eq(best->entry, walk->pages.entry)) {
        best = NULL;
        walk->hits = 0;
    }
    walk->valid = best || walk->pages_hit;
    if (!walk->valid) return true;
    walk->entry = best ? best->entry : walk->pages.entry;
    walk->key_size = best ? best->key_size : walk->pages.key_size;
    return best ? best->present : true;
}

static sgc_status advance(struct sgc_walk *walk, sgc_error *error)
{
    for (size_t i = 0; walk->hits != 0 && i < walk->count; i++) {
        if (walk->hits & 1U << i) sgc_memtable_cursor_next(&walk->overlays[i]);
    }
    return walk->pages_hit ? sgc_page_cursor_next(&walk->pages, error) : SGC_OK;
}

static sgc_status pick_present(struct sgc_walk *walk, sgc_error *error)
{
    sgc_status status = SGC_OK;

    while (status == SGC_OK && !pick(walk))
        status = advance(walk, error);
    if (status != SGC_OK) walk->valid = false;
    return status;
}

sgc_status sgc_walk_seek(struct sgc_walk *walk, sgc_str bound, sgc_error *error)
{
    sgc_status status = SGC_OK;

    if (walk->source.past) return sgc_past_walk_seek(walk, bound, error);
    for (size_t i = 0; i < walk->count; i++) {
        sgc_memtable_cursor_seek(&walk->overlays[i], bound);
    }
    if (walk->has_pages) status = sgc_page_cursor_seek(&walk->pages, bound, error);
    if (status == SGC_OK) status = pick_present(walk, error);
    if (walk->source.kept && status == SGC_OK) status = sgc_keep_seek(walk, bound, error);
    if (status != SGC_OK) walk->valid = false;
    return status;
}

/* Where the page cursor stands is where the walk stands. */
static inline sgc_status show_page(struct sgc_walk *walk, sgc_status status)
{
    walk->valid = walk->pages_hit = status == SGC_OK && walk->pages.valid;
    walk->entry = walk->pages.entry;
    walk->key_size = walk->pages.key_size;
    return status;
}

sgc_status sgc_walk_next(struct sgc_walk *walk, sgc_error *error)
{
    if (walk->plain) return show_page(walk, sgc_page_cursor_next(&walk->pages, error));
    if (walk->past) return sgc_past_walk_next(walk, error);
    sgc_status status = advance(walk, error);

    if (status == SGC_OK) status = pick_present(walk, error);
    if (walk->source.kept && status == SGC_OK) status = sgc_keep_step(walk, error);
    if (status != SGC_OK) walk->valid = false;
    return status;
}

bool sgc_walk_within(struct sgc_walk *walk, sgc_str prefix)
{
    if (walk->valid && sgc_starts_with(walk->entry, prefix)) return true;
    if (walk->interval) sgc_keep_stop(walk, prefix, true);
    return false;
}

/* The row of the page cursor's entry. */
static inline sgc_status page_row(struct sgc_walk *walk, sgc_str *record, sgc_error *error)
{
    sgc_stored_row row;
    sgc_status status = sgc_page_cursor_row(&walk->pages, &row, error);

    if (status == SGC_OK) *record = row.record;
    if (walk->hits == 0) walk->entry = walk->pages.entry;
    return status;
}

/* Of the past, remembered, or perhaps in memory. */
static sgc_status row_otherwise(struct sgc_walk *walk, sgc_arena *arena, sgc_str *record,
                                bool *borrowed, sgc_error *error)
{
    enum sgc_found found = SGC_FOUND_NOTHING;
    sgc_status status = SGC_OK;

    *borrowed = walk->past != NULL;
    if (walk->past) return sgc_past_walk_row(walk, record, error);
    if (walk->source.kept) {
        status = sgc_keep_key(walk->source.kept, walk->table, sgc_walk_key(walk), error);
        if (status != SGC_OK) return status;
    }
    if (walk->count) found = find_in_memory(&walk->source, walk->table, sgc_walk_key(walk), record);
    if (found == SGC_FOUND_ROW) return SGC_OK;
    if (found == SGC_FOUND_NOTHING && walk->pages_hit) {
        *borrowed = true;
        return page_row(walk, record, error);
    }
    if (found == SGC_FOUND_NOTHING) {
        status = sgc_reads_get(&walk->source, walk->table, sgc_walk_key(walk), arena, &found,
                               record, error);
        if (status != SGC_OK || found == SGC_FOUND_ROW) return status;
    }
    return sgc_fail(error, SGC_CORRUPT, "an index entry of %.*s has no row",
                    SGC_ARG(walk->source.schema->tables[walk->table].name));
}

sgc_status sgc_walk_row(struct sgc_walk *walk, sgc_arena *arena, sgc_str *record, bool *borrowed,
                        sgc_error *error)
{
    if (!walk->plain) return row_otherwise(walk, arena, record, borrowed, error);
    *borrowed = true;
    return page_row(walk, record, error);
}
