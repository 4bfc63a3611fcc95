/*
 * index_build.c - another set of indexes for the same rows. A new index takes the rows page by page
 * of their tree, in checkpoint after checkpoint, and its tree says how far it has come; what is
 * written meanwhile is entered by the flush (flush.c) when its page has had its turn. So the tree
 * holds exactly the entries of the rows of the pages it covers, whatever happens in between. A new
 * unique index is built whole in the checkpoint that brings it, or not at all.
 */
#include "store/gather.h"
#include "store/image.h"

enum {
    PAGES_LEAST = 2048, /* of rows in a round, whoever waits: 8 MB */
    ASK_EVERY = 64,     /* pages between looks at who waits */
};

/* ---- entries ---- */

sgc_status sgc_index_key(const sgc_table *table, uint16_t index, sgc_str record, uint32_t element,
                         sgc_str key, sgc_key *entry)
{
    sgc_status status = sgc_index_components(table, index, record, element, entry);

    if (status != SGC_OK) return status;
    sgc_key_raw(entry, key);
    return entry->overflow ? SGC_LIMIT : SGC_OK;
}

/* A row in words: its key, or nothing for rows that only link others. */
static void row_words(const sgc_table *table, sgc_str key, sgc_buf *out)
{
    sgc_value value;

    if (table->link || sgc_key_to_value(table, key, &value) != SGC_OK) {
        sgc_buf_text(out, "a row");
    } else if (value.kind == SGC_KIND_INT || value.kind == SGC_KIND_BIGINT) {
        sgc_buf_printf(out, "row %lld", (long long)value.as.integer);
    } else {
        sgc_buf_printf(out, "row \"" SGC_FMT "\"", SGC_ARG(value.as.text));
    }
}

sgc_status sgc_index_failed(const sgc_table *table, uint16_t index, sgc_str key, sgc_status status,
                            sgc_error *error)
{
    sgc_buf row = {0};

    row_words(table, key, &row);
    sgc_fail(error, status, SGC_FMT ": index " SGC_FMT ": " SGC_FMT ": %s%s", SGC_ARG(table->name),
             SGC_ARG(table->indexes[index].name), SGC_ARG(sgc_buf_as_str(&row)),
             status == SGC_LIMIT ? "its values are too long for an index; " : "",
             sgc_status_text(status));
    sgc_buf_free(&row);
    return status;
}

/* ---- one round over the rows of a table ---- */

typedef struct round {
    sgc_flush *flush;
    const sgc_table *table;
    sgc_tree *trees; /* of the table */
    uint32_t page;   /* being read */
    bool unique;     /* only such indexes */
    uint32_t *ends;  /* by index: a page with a row that it cannot take; UINT32_MAX: none yet */
    size_t *counts, *bytes; /* by index: changes in front of the page */
    uint16_t failed;        /* index that could not take a row */
    sgc_arena arena;        /* of a long row */
} round;

static sgc_tree *tree_of(const round *work, uint16_t index)
{
    return &work->trees[SGC_TREE_OF_INDEX + index];
}

static sgc_entry_changes *changes_of(const round *work, uint16_t index)
{
    return &work->flush->changes[tree_of(work, index) - work->flush->image.trees];
}

static bool is_building(const round *work, uint16_t index)
{
    return tree_of(work, index)->c != 0 && work->table->indexes[index].unique == work->unique;
}

/* Whether the page is among those that the index still wants. */
static bool takes_part(const round *work, uint16_t index)
{
    return is_building(work, index) && tree_of(work, index)->c - 1 <= work->page &&
           work->page < work->ends[index];
}

static bool anyone_goes_on(const round *work)
{
    for (uint16_t i = 1; i < work->table->index_count; i++)
        if (is_building(work, i) && work->page < work->ends[i]) return true;
    return false;
}

static sgc_status add_row(round *work, uint16_t index, sgc_str record, sgc_str key, uint64_t at,
                          sgc_error *error)
{
    sgc_key entry;

    for (uint32_t element = 0;; element++) {
        sgc_status status = sgc_index_key(work->table, index, record, element, key, &entry);
        if (status == SGC_NOT_FOUND) return SGC_OK;
        work->failed = index;
        if (status == SGC_OK) {
            sgc_str components = sgc_str_of((const char *)entry.bytes, entry.size - key.size);
            status = sgc_changes_add(changes_of(work, index), components, key, at);
        }
        if (status != SGC_OK) return sgc_index_failed(work->table, index, key, status, error);
    }
}

static sgc_status take_row(void *context, uint64_t at, sgc_row *row, sgc_error *error)
{
    round *work = context;
    sgc_key own;
    sgc_str key;
    sgc_status status = sgc_stored_key(work->table, row, &own, &key);

    if (status != SGC_OK) return sgc_fail(error, status, "a record has no key");
    if (row->large) {
        sgc_arena_reset(&work->arena);
        status = sgc_row_read_large(&work->flush->pages->cache, &work->trees[SGC_TREE_OF_ROWS], row,
                                    &work->arena, error);
    }
    for (uint16_t i = 1; status == SGC_OK && i < work->table->index_count; i++)
        if (takes_part(work, i)) status = add_row(work, i, row->record, key, at, error);
    return status;
}

/* All rows of a page; an index that cannot take one of them ends in front of it. */
static sgc_status take_page(round *work, sgc_error *error)
{
    sgc_tree *rows = &work->trees[SGC_TREE_OF_ROWS];
    unsigned kind;
    sgc_status status = sgc_tree_kind_at(work->flush->pages, rows, work->page, &kind, error);

    if (status != SGC_OK || kind != SGC_PAGE_ROWS) return status;
    for (uint16_t i = 1; i < work->table->index_count; i++) {
        work->counts[i] = changes_of(work, i)->count;
        work->bytes[i] = changes_of(work, i)->bytes_used;
    }
    for (;;) {
        status = sgc_rows_each(&work->flush->pages->cache, rows, work->page, take_row, work, error);
        if (status != SGC_LIMIT) return status;
        work->ends[work->failed] = work->page;
        for (uint16_t i = 1; i < work->table->index_count; i++) {
            changes_of(work, i)->count = work->counts[i];
            changes_of(work, i)->bytes_used = work->bytes[i];
        }
    }
}

static bool is_full(const round *work)
{
    size_t used = 0, room = 0;

    for (uint16_t i = 1; i < work->table->index_count; i++) {
        used += sgc_changes_bytes(changes_of(work, i));
        room += sgc_changes_room(changes_of(work, i));
    }
    sgc_flush_note_memory(work->flush, room);
    return used > work->flush->change_limit;
}

/* What was collected goes into the trees, which then cover the pages in front of work->page. */
static sgc_status enter_all(round *work, bool *moved, sgc_error *error)
{
    for (uint16_t i = 1; i < work->table->index_count; i++) {
        sgc_tree *tree = tree_of(work, i);
        uint32_t end = work->page < work->ends[i] ? work->page : work->ends[i];
        if (!is_building(work, i) || tree->c > end + 1) continue;
        sgc_status status = sgc_index_apply(work->flush, tree, true, changes_of(work, i), error);
        if (status != SGC_OK) return status;
        bool whole = end >= work->trees[SGC_TREE_OF_ROWS].pages;
        *moved = *moved || whole || end + 1 > tree->c;
        tree->c = whole ? 0 : end + 1;
    }
    return SGC_OK;
}

/* The first page that any index wants; false: all are whole. */
static bool starts_at(round *work)
{
    bool any = false;

    work->page = UINT32_MAX;
    for (uint16_t i = 1; i < work->table->index_count; i++) {
        if (!is_building(work, i)) continue;
        any = true;
        if (tree_of(work, i)->c - 1 < work->page) work->page = tree_of(work, i)->c - 1;
    }
    return any;
}

static sgc_status run(round *work, sgc_build_stop *stop, void *context, sgc_error *error)
{
    uint32_t first = work->page, end = work->trees[SGC_TREE_OF_ROWS].pages;
    bool moved = false;
    sgc_status status = SGC_OK;

    for (; status == SGC_OK && work->page < end && anyone_goes_on(work); work->page++) {
        uint32_t done = work->page - first;
        if (stop && done % ASK_EVERY == 0 && stop(context, done >= PAGES_LEAST)) break;
        if (is_full(work)) break;
        status = take_page(work, error);
    }
    if (status == SGC_OK) status = enter_all(work, &moved, error);
    /* The words are those of the row that could not be taken. */
    return status == SGC_OK && !moved && !anyone_goes_on(work) ? SGC_LIMIT : status;
}

static sgc_status run_table(sgc_flush *flush, uint16_t table, bool unique, sgc_build_stop *stop,
                            void *context, bool *ran, sgc_error *error)
{
    round work = {.flush = flush,
                  .table = &flush->image.schema->tables[table],
                  .trees = sgc_image_tree(&flush->image, table, 0),
                  .unique = unique};
    size_t count = work.table->index_count;
    sgc_status status = SGC_OK;

    *ran = starts_at(&work);
    if (!*ran) return SGC_OK;
    work.ends = sgc_alloc_zero(count, sizeof *work.ends);
    work.counts = sgc_alloc_zero(count, sizeof *work.counts);
    work.bytes = sgc_alloc_zero(count, sizeof *work.bytes);
    if (!work.ends || !work.counts || !work.bytes)
        status = sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    for (size_t i = 0; status == SGC_OK && i < count; i++)
        work.ends[i] = UINT32_MAX;
    if (status == SGC_OK) status = run(&work, stop, context, error);
    sgc_free(work.ends);
    sgc_free(work.counts);
    sgc_free(work.bytes);
    sgc_arena_free(&work.arena);
    return status;
}

sgc_status sgc_flush_build(sgc_flush *flush, sgc_build_stop *stop, void *context, sgc_error *error)
{
    uint16_t tables = flush->image.schema ? flush->image.schema->table_count : 0;
    bool ran = false, stuck = false;
    sgc_status status = SGC_OK;

    flush->began = true;
    for (uint16_t t = 0; status == SGC_OK && !ran && t < tables; t++) {
        status = run_table(flush, t, false, stop, context, &ran, error);
        if (status != SGC_LIMIT) continue;
        /* Other tables do not wait for the row. */
        stuck = true;
        ran = false;
        status = SGC_OK;
    }
    if (status == SGC_OK && stuck && !ran) status = SGC_LIMIT;
    if (status != SGC_OK) flush->broken = status;
    return status;
}

bool sgc_checkpoint_is_whole(const sgc_checkpoint *checkpoint, uint16_t table, uint16_t index)
{
    return sgc_image_tree(&checkpoint->image, table, SGC_TREE_OF_INDEX + (unsigned)index)->c == 0;
}

bool sgc_checkpoint_next_build(const sgc_checkpoint *checkpoint, uint16_t *table, uint16_t *index)
{
    const sgc_schema *schema = checkpoint->image.schema;

    for (*table = 0; schema && *table < schema->table_count; ++*table)
        for (*index = 1; *index < schema->tables[*table].index_count; ++*index)
            if (!sgc_checkpoint_is_whole(checkpoint, *table, *index)) return true;
    return false;
}

/* ---- unique indexes ---- */

static sgc_status not_unique(const sgc_table *table, uint16_t index, sgc_str a, sgc_str b,
                             sgc_error *error)
{
    sgc_buf first = {0}, second = {0};

    row_words(table, a, &first);
    row_words(table, b, &second);
    sgc_fail(error, SGC_SCHEMA_MISMATCH,
             SGC_FMT ": index " SGC_FMT " cannot be unique: " SGC_FMT " and " SGC_FMT
                     " have the same values",
             SGC_ARG(table->name), SGC_ARG(table->indexes[index].name),
             SGC_ARG(sgc_buf_as_str(&first)), SGC_ARG(sgc_buf_as_str(&second)));
    sgc_buf_free(&first);
    sgc_buf_free(&second);
    return SGC_SCHEMA_MISMATCH;
}

/* Rows with a null in the index are not compared. */
static sgc_status has_null(sgc_page_cursor *cursor, const sgc_table *table, bool *null,
                           sgc_error *error)
{
    sgc_stored_row row;
    sgc_key key;
    sgc_status status = sgc_page_cursor_row(cursor, &row, error);

    if (status == SGC_OK) status = sgc_index_entry(table, cursor->index, row.record, 0, &key, null);
    return status;
}

/* Neighbours in the finished tree, which is looked at through a checkpoint that is none yet. */
static sgc_status check_unique(sgc_flush *flush, uint16_t table, uint16_t index, sgc_error *error)
{
    const sgc_table *model = &flush->image.schema->tables[table];
    sgc_checkpoint view = {.image = flush->image, .pages = flush->pages};
    sgc_page_cursor cursor;
    sgc_buf last = {0};
    size_t last_key = 0;

    sgc_page_cursor_open(&cursor, &view, table, index, false);
    sgc_status status = sgc_page_cursor_seek(&cursor, sgc_str_of(NULL, 0), error);
    while (status == SGC_OK && cursor.valid) {
        sgc_str entry = cursor.entry, before = sgc_buf_as_str(&last);
        sgc_str key = sgc_str_of(entry.data + (entry.size - cursor.key_size), cursor.key_size);
        sgc_str other = sgc_str_of(before.data + (before.size - last_key), last_key);
        bool null = false, same = before.size > 0;
        same = same && sgc_str_eq(sgc_str_of(entry.data, entry.size - key.size),
                                  sgc_str_of(before.data, before.size - last_key));
        if (same) status = has_null(&cursor, model, &null, error);
        if (same && !null && status == SGC_OK) status = not_unique(model, index, other, key, error);
        last.size = 0;
        sgc_buf_str(&last, entry);
        last_key = key.size;
        if (last.failed) status = sgc_fail(error, SGC_NO_MEMORY, "out of memory");
        if (status == SGC_OK) status = sgc_page_cursor_next(&cursor, error);
    }
    sgc_page_cursor_close(&cursor);
    sgc_buf_free(&last);
    return status;
}

/* Builds those of a table that are not whole. */
static sgc_status build_unique(sgc_flush *flush, uint16_t table, sgc_error *error)
{
    const sgc_table *model = &flush->image.schema->tables[table];
    sgc_status status = SGC_OK;
    bool ran = true, *fresh = sgc_alloc_zero((size_t)model->index_count + 1, sizeof *fresh);

    if (!fresh) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    for (uint16_t i = 1; i < model->index_count; i++)
        fresh[i] = model->indexes[i].unique &&
                   sgc_image_tree(&flush->image, table, SGC_TREE_OF_INDEX + (unsigned)i)->c != 0;
    while (status == SGC_OK && ran)
        status = run_table(flush, table, true, NULL, NULL, &ran, error);
    for (uint16_t i = 1; status == SGC_OK && i < model->index_count; i++)
        if (fresh[i]) status = check_unique(flush, table, i, error);
    sgc_free(fresh);
    return status;
}

/* ---- another set of indexes ---- */

static sgc_tree *find_tree(const sgc_image *image, const sgc_tree *like)
{
    for (uint32_t i = 0; i < image->tree_count; i++) {
        sgc_tree *tree = &image->trees[i];
        if (tree->kind == like->kind && tree->table_number == like->table_number &&
            tree->index_number == like->index_number)
            return tree;
    }
    return NULL;
}

/* Trees that are in both go over, those only in the old image are cleared. */
static sgc_status move_trees(sgc_flush *flush, sgc_image *old, sgc_error *error)
{
    sgc_image *image = &flush->image;

    for (uint32_t i = 0; i < image->tree_count; i++) {
        sgc_tree *same = find_tree(old, &image->trees[i]);
        if (same) {
            image->trees[i] = *same;
            same->kind = 0;
        } else {
            if (image->trees[i].kind != SGC_TREE_INDEX)
                return sgc_fail(error, SGC_SCHEMA_MISMATCH, "the schema has other tables");
            image->trees[i].c = 1;
        }
    }
    for (uint32_t i = 0; i < old->tree_count; i++) {
        if (old->trees[i].kind == 0) continue;
        if (old->trees[i].kind != SGC_TREE_INDEX)
            return sgc_fail(error, SGC_SCHEMA_MISMATCH, "the schema has other tables");
        sgc_status status = sgc_write_clear(flush, &old->trees[i], error);
        if (status != SGC_OK) return status;
    }
    return SGC_OK;
}

static sgc_status replace_trees(sgc_flush *flush, const sgc_schema *schema, sgc_error *error)
{
    sgc_image *image = &flush->image, old = *image;
    sgc_status status = SGC_OK;

    image->trees = NULL;
    image->first_tree = NULL;
    if (sgc_image_reset(image, schema)) {
        image->trees = old.trees;
        image->first_tree = old.first_tree;
        return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    }
    status = move_trees(flush, &old, error);
    old.tables = NULL;
    sgc_image_free(&old);
    return status;
}

/* A table without rows has nothing to wait for. */
static void finish_empty(sgc_image *image)
{
    for (uint16_t t = 0; t < image->schema->table_count; t++)
        for (uint16_t i = 1; i < image->schema->tables[t].index_count; i++)
            if (sgc_image_tree(image, t, SGC_TREE_OF_ROWS)->count == 0 &&
                sgc_image_tree(image, t, SGC_TREE_OF_INDEX + (unsigned)i)->count == 0)
                sgc_image_tree(image, t, SGC_TREE_OF_INDEX + (unsigned)i)->c = 0;
}

static sgc_status take_history(sgc_flush *flush, const sgc_schema *schema, sgc_error *error)
{
    sgc_segments *segments;
    sgc_status status = sgc_segments_under(flush->base->segments, schema, &segments, error);

    if (status != SGC_OK) return status;
    sgc_flush_set_history(flush, segments);
    sgc_segments_release(segments);
    return SGC_OK;
}

sgc_status sgc_flush_set_indexes(sgc_flush *flush, const sgc_schema *schema, sgc_error *error)
{
    sgc_status status = SGC_OK;

    if (flush->broken) return sgc_fail(error, flush->broken, "the flush has failed before");
    if (flush->began) return sgc_fail(error, SGC_INVALID, "indexes are set before any row is put");
    flush->began = true;
    sgc_flush_free_changes(flush);
    status = replace_trees(flush, schema, error);
    if (status == SGC_OK) {
        finish_empty(&flush->image);
        status = sgc_flush_new_changes(flush);
        if (status != SGC_OK) sgc_fail(error, status, "out of memory");
    }
    if (status == SGC_OK) status = take_history(flush, schema, error);
    if (status == SGC_OK)
        status = sgc_write_clear(flush, &flush->image.root_trees[SGC_ROOT_CATALOGUE], error);
    if (status == SGC_OK)
        status = sgc_write_clear(flush, &flush->image.root_trees[SGC_ROOT_SCHEMA], error);
    if (status == SGC_OK) status = sgc_write_schema(flush, schema, error);
    for (uint16_t t = 0; status == SGC_OK && t < schema->table_count; t++)
        status = build_unique(flush, t, error);
    if (status != SGC_OK) flush->broken = status;
    return status;
}
