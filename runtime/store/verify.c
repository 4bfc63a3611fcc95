/*
 * verify.c - walks everything the newest checkpoint names: every place used once and not free,
 * every page readable, rows against hash index and B+trees in both directions. Says what is wrong
 * and whether it lies in rows or in indexes; changes nothing.
 */
#include "store/image.h"

#include <stdio.h>

enum { LINES_MAX = 200, RECENT = 16 };

typedef struct verify {
    sgc_pages *pages;
    sgc_checkpoint *checkpoint;
    sgc_buf *report;
    uint64_t *seen; /* bit for each place */
    size_t problems;
    uint64_t recent[RECENT]; /* hashes of the last lines: one damaged page is met many times */
    sgc_error error;         /* of the last call */
    uint16_t table;          /* being walked */
    uint8_t *verdicts;       /* of tables; NULL: nobody asks */
    uint16_t blamed;         /* table of what is being looked at; SGC_NONE: of none */
    uint8_t verdict;         /* on it, when something is wrong */
    bool page_damaged;       /* of the tree walked last */
    char what[256];          /* the tree, in words */
    uint64_t rows, entries;
    sgc_page_cursor cursor; /* for look-ups */
    sgc_arena arena;
} verify;

static bool was_said(verify *v, sgc_str line)
{
    uint64_t hash = sgc_hash(line.data, line.size, 1);

    for (size_t i = 0; i < RECENT; i++)
        if (v->recent[i] == hash) return true;
    v->recent[v->problems % RECENT] = hash;
    return false;
}

SGC_PRINTF(2, 3) static void problem(verify *v, const char *format, ...)
{
    char line[700];
    va_list arguments;

    if (v->verdicts && v->blamed != SGC_NONE) v->verdicts[v->blamed] |= v->verdict;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (was_said(v, sgc_str_from(line))) return;
    if (v->problems++ < LINES_MAX) sgc_buf_printf(v->report, "%s\n", line);
}

/* Damage is noted and the walk goes on; memory, input and output end it. */
static sgc_status noted(verify *v, sgc_status status)
{
    if (status != SGC_CORRUPT) return status;
    problem(v, "%s", v->error.text);
    return SGC_OK;
}

static const sgc_table *table_of(const verify *v)
{
    return &v->checkpoint->image.schema->tables[v->table];
}

/* ---- names ---- */

static uint16_t table_with(const sgc_image *image, uint32_t position)
{
    uint16_t table = 0;

    while (table + 1U < image->schema->table_count && image->first_tree[table + 1] <= position)
        table++;
    return table;
}

/* What the pages of a tree hold, in words; problems from here on are its. */
static void look_at(verify *v, const sgc_tree *tree)
{
    static const char *const roots[] = {"the catalogue", "the schema", "the free map",
                                        "the list of history segments"};
    const sgc_image *image = &v->checkpoint->image;
    uint32_t position = (uint32_t)(tree - image->trees);

    v->blamed = SGC_NONE;
    if (tree >= image->root_trees && tree < image->root_trees + SGC_ROOT_TREES) {
        snprintf(v->what, sizeof v->what, "%s", roots[tree - image->root_trees]);
        return;
    }
    v->blamed = table_with(image, position);
    const sgc_table *table = &image->schema->tables[v->blamed];
    uint32_t which = position - image->first_tree[v->blamed];
    v->verdict = which == SGC_TREE_OF_ROWS ? SGC_ROWS_DAMAGED : SGC_INDEXES_DAMAGED;
    if (which < SGC_TREE_OF_INDEX) {
        snprintf(v->what, sizeof v->what, SGC_FMT ", %s", SGC_ARG(table->name),
                 which == SGC_TREE_OF_ROWS ? "rows" : "hash index");
    } else {
        snprintf(v->what, sizeof v->what, SGC_FMT ", index " SGC_FMT, SGC_ARG(table->name),
                 SGC_ARG(table->indexes[which - SGC_TREE_OF_INDEX].name));
    }
}

/* ---- places ---- */

static void see_place(verify *v, const sgc_tree *tree, uint32_t logical, uint32_t place)
{
    uint64_t bit = (uint64_t)1 << (place % 64);

    if (place == 0 || place >= v->checkpoint->image.places) {
        problem(v, "tree %u, page %u: place %u is not in the file", (unsigned)tree->id,
                (unsigned)logical, (unsigned)place);
        return;
    }
    if (v->seen[place / 64] & bit)
        problem(v, "tree %u, page %u: place %u is used twice", (unsigned)tree->id,
                (unsigned)logical, (unsigned)place);
    if (sgc_space_is_free(&v->pages->space, place))
        problem(v, "tree %u, page %u: place %u is used and free at once", (unsigned)tree->id,
                (unsigned)logical, (unsigned)place);
    v->seen[place / 64] |= bit;
}

static sgc_status see_table(verify *v, const sgc_tree *tree, sgc_page_at at, uint32_t position,
                            unsigned level)
{
    sgc_page_id id = {at, tree->id, position, SGC_PAGE_TABLE, (uint8_t)level};
    uint32_t frame;

    see_place(v, tree, position, at.place);
    sgc_status status = sgc_cache_pin(&v->pages->cache, &id, &frame, &v->error);
    if (status == SGC_CORRUPT) problem(v, "%s (%s: its page table)", v->error.text, v->what);
    if (status) return status == SGC_CORRUPT ? SGC_OK : status;
    const uint8_t *page = sgc_frame_data(&v->pages->cache, frame);
    if (sgc_page_level(page) != level)
        problem(v, "tree %u: a page of the page table has the wrong level", (unsigned)tree->id);
    for (uint32_t i = 0; status == SGC_OK && i < SGC_TABLE_FAN; i++) {
        sgc_page_at child = sgc_place_load(page + SGC_PAGE_HEAD + 8 * (size_t)i);
        if (child.place == 0) continue;
        if (level == 0) {
            see_place(v, tree, position * SGC_TABLE_FAN + i, child.place);
        } else {
            status = see_table(v, tree, child, position * SGC_TABLE_FAN + i, level - 1);
        }
    }
    sgc_cache_unpin(&v->pages->cache, frame);
    return status;
}

static sgc_status see_tree(verify *v, const sgc_tree *tree)
{
    look_at(v, tree);
    return tree->depth == 0 ? SGC_OK : see_table(v, tree, tree->root, 0, tree->depth - 1U);
}

static void see_held(verify *v)
{
    for (const sgc_held_places *held = v->pages->space.held; held; held = held->next)
        for (size_t i = 0; i < held->places.count; i++)
            v->seen[held->places.items[i] / 64] |= (uint64_t)1 << (held->places.items[i] % 64);
}

static sgc_status check_places(verify *v)
{
    const sgc_image *image = &v->checkpoint->image;
    sgc_status status = SGC_OK;

    v->seen = sgc_alloc_zero((size_t)image->places / 64 + 1, sizeof *v->seen);
    if (!v->seen) return sgc_fail(&v->error, SGC_NO_MEMORY, "out of memory");
    for (uint32_t i = 0; status == SGC_OK && i < SGC_ROOT_TREES; i++)
        status = see_tree(v, &image->root_trees[i]);
    for (uint32_t i = 0; status == SGC_OK && i < image->tree_count; i++)
        status = see_tree(v, &image->trees[i]);
    v->blamed = SGC_NONE;
    if (v->pages->space_error.status) problem(v, "the free map: %s", v->pages->space_error.text);
    if (status || v->problems) return status;
    see_held(v);
    /* The end of the file may have been given up by a flush that came to nothing. */
    uint32_t places =
        image->places < v->pages->space.places ? image->places : v->pages->space.places;
    for (uint32_t i = 1; i < places && v->problems < LINES_MAX; i++)
        if (!(v->seen[i / 64] >> (i % 64) & 1) && !sgc_space_is_free(&v->pages->space, i))
            problem(v, "place %u is neither used nor free", (unsigned)i);
    return SGC_OK;
}

/* ---- every page ---- */

sgc_status sgc_pages_kind(sgc_pages *pages, const sgc_tree *tree, const char *what,
                          uint32_t logical, unsigned *kind, sgc_error *error)
{
    sgc_page_at at;
    size_t got = 0;
    uint8_t page[SGC_PAGE_SIZE];
    const sgc_os *os = pages->os;
    sgc_status status = sgc_tree_look_up(&pages->cache, tree, logical, &at, error);

    *kind = 0;
    if (status || at.place == 0) return status;
    status = os->read(os->self, pages->pages_file, (uint64_t)at.place * SGC_PAGE_SIZE, page,
                      sizeof page, &got);
    if (status) return sgc_fail(error, status, "%s", sgc_os_file_error());
    if (got != sizeof page || sgc_load32(page) != sgc_crc32c(0, page + 4, sizeof page - 4) ||
        sgc_page_checkpoint(page) != at.checkpoint || sgc_load32(page + 8) != tree->id ||
        sgc_load32(page + 12) != logical || !sgc_page_is_sound(page))
        return sgc_fail(error, SGC_CORRUPT, "pages: place %u (%s; tree %u, page %u) is damaged",
                        (unsigned)at.place, what, (unsigned)tree->id, (unsigned)logical);
    *kind = sgc_page_kind_of(page);
    return SGC_OK;
}

static sgc_status check_row(void *context, uint64_t at, sgc_row *row, sgc_error *error);

/* Of a damaged page among the rows only their number tells later what it was. */
static sgc_status look_at_page(verify *v, const sgc_tree *tree, uint32_t logical, unsigned *kind)
{
    uint8_t verdict = v->verdict;
    sgc_status status = sgc_pages_kind(v->pages, tree, v->what, logical, kind, &v->error);

    if (status != SGC_CORRUPT) return status;
    if (verdict == SGC_ROWS_DAMAGED) v->verdict = 0;
    problem(v, "%s", v->error.text);
    v->verdict = verdict;
    v->page_damaged = true;
    return SGC_OK;
}

static sgc_status check_pages(verify *v, const sgc_tree *tree)
{
    sgc_status status = SGC_OK;

    look_at(v, tree);
    v->page_damaged = false;
    for (uint32_t i = 0; status == SGC_OK && i < tree->pages; i++) {
        unsigned kind;
        status = look_at_page(v, tree, i, &kind);
        if (status == SGC_OK && kind == SGC_PAGE_ROWS)
            status = noted(v, sgc_rows_each(&v->pages->cache, tree, i, check_row, v, &v->error));
    }
    return status;
}

/* ---- rows against indexes ---- */

static sgc_status check_entry(verify *v, uint16_t index, sgc_str entry, uint64_t at)
{
    sgc_page_cursor_open(&v->cursor, v->checkpoint, v->table, index, false);
    v->cursor.own.as_it_is = true;
    sgc_status status = sgc_page_cursor_seek(&v->cursor, entry, &v->error);

    if (status == SGC_OK &&
        (!v->cursor.valid || !sgc_str_eq(v->cursor.entry, entry) || v->cursor.own.row != at))
        problem(v, "%.*s: index %.*s: no entry for the row at page %u, slot %u",
                (int)table_of(v)->name.size, table_of(v)->name.data,
                (int)table_of(v)->indexes[index].name.size, table_of(v)->indexes[index].name.data,
                (unsigned)(at >> 8), (unsigned)(at & 255));
    sgc_page_cursor_close(&v->cursor);
    return noted(v, status);
}

static sgc_status check_entries(verify *v, sgc_str record, const sgc_key *row_key, uint64_t at)
{
    sgc_status status = SGC_OK;
    sgc_key key;
    uint8_t entry[SGC_ENTRY_MAX];

    if (table_of(v)->index_count > 0) status = check_entry(v, 0, sgc_key_str(row_key), at);
    for (uint16_t i = 1; status == SGC_OK && i < table_of(v)->index_count; i++) {
        const sgc_tree *tree =
            sgc_image_tree(&v->checkpoint->image, v->table, SGC_TREE_OF_INDEX + (unsigned)i);
        for (uint32_t element = 0; status == SGC_OK && sgc_index_covers(tree, at); element++) {
            sgc_status found = sgc_index_components(table_of(v), i, record, element, &key);
            if (found == SGC_NOT_FOUND) break;
            if (found == SGC_NO_MEMORY) return sgc_fail(&v->error, found, "out of memory");
            if (found) {
                problem(v, "a row at page %u has no valid entry", (unsigned)(at >> 8));
                break;
            }
            memcpy(entry, key.bytes, key.size);
            memcpy(entry + key.size, row_key->bytes, row_key->size);
            status =
                check_entry(v, i, sgc_str_of((const char *)entry, key.size + row_key->size), at);
        }
    }
    return status;
}

static sgc_status check_row(void *context, uint64_t at, sgc_row *row, sgc_error *error)
{
    verify *v = context;
    const sgc_image *image = &v->checkpoint->image;
    sgc_table_view view = {.cache = &v->pages->cache,
                           .table = table_of(v),
                           .rows = sgc_image_tree(image, v->table, SGC_TREE_OF_ROWS),
                           .hash = sgc_image_tree(image, v->table, SGC_TREE_OF_HASH),
                           .seed = v->pages->seed};
    sgc_status status = SGC_OK;
    sgc_key key;
    sgc_row again;
    uint64_t found = 0;
    uint32_t frame;

    v->rows++;
    sgc_arena_reset(&v->arena);
    if (row->large) status = sgc_row_read_large(view.cache, view.rows, row, &v->arena, error);
    if (status) return noted(v, status);
    status = sgc_record_key(view.table, row->record, &key);
    if (status == SGC_NO_MEMORY) return sgc_fail(error, status, "out of memory");
    if (status) {
        problem(v, "the row at page %u, slot %u has no key", (unsigned)(at >> 8),
                (unsigned)(at & 255));
        return SGC_OK;
    }
    v->verdict = SGC_INDEXES_DAMAGED;
    status = sgc_hash_find(&view, sgc_key_str(&key), &found, &frame, &again, error);
    if (status == SGC_OK) sgc_cache_unpin(view.cache, frame);
    if (status == SGC_NOT_FOUND || (status == SGC_OK && found != at)) {
        problem(v, "%.*s: the hash index does not lead to the row at page %u, slot %u",
                (int)view.table->name.size, view.table->name.data, (unsigned)(at >> 8),
                (unsigned)(at & 255));
        status = SGC_OK;
    }
    status = noted(v, status);
    if (status == SGC_OK) status = check_entries(v, row->record, &key, at);
    v->verdict = SGC_ROWS_DAMAGED;
    return status;
}

/* ---- indexes against rows ---- */

/* SGC_NOT_FOUND when the row has no such entry. */
static sgc_status entry_fits_row(verify *v, uint16_t index, sgc_str record)
{
    sgc_str entry = v->cursor.entry;
    sgc_str row_key = sgc_str_of(entry.data + entry.size - v->cursor.key_size, v->cursor.key_size);
    sgc_key key;
    sgc_status status = sgc_record_key(table_of(v), record, &key);

    if (status) return status;
    if (!sgc_str_eq(sgc_key_str(&key), row_key)) return SGC_NOT_FOUND;
    entry.size -= row_key.size;
    if (index == 0) return entry.size == 0 ? SGC_OK : SGC_NOT_FOUND;
    for (uint32_t element = 0;; element++) {
        status = sgc_index_components(table_of(v), index, record, element, &key);
        if (status || sgc_str_eq(sgc_key_str(&key), entry)) return status;
    }
}

static sgc_status check_index_row(verify *v, uint16_t index)
{
    const sgc_tree *tree =
        sgc_image_tree(&v->checkpoint->image, v->table, SGC_TREE_OF_INDEX + (unsigned)index);
    sgc_stored_row row;
    sgc_status status = sgc_page_cursor_row(&v->cursor, &row, &v->error);

    if (status) return noted(v, status);
    status = sgc_index_covers(tree, v->cursor.own.row) ? entry_fits_row(v, index, row.record)
                                                       : SGC_NOT_FOUND;
    if (status == SGC_NO_MEMORY) return sgc_fail(&v->error, status, "out of memory");
    if (status)
        problem(v, SGC_FMT ": index " SGC_FMT " has an entry that its row does not have",
                SGC_ARG(table_of(v)->name), SGC_ARG(table_of(v)->indexes[index].name));
    return SGC_OK;
}

static sgc_status walk_index(verify *v, uint16_t index, sgc_buf *last)
{
    sgc_status status = sgc_page_cursor_seek(&v->cursor, sgc_str_of(NULL, 0), &v->error);

    while (status == SGC_OK && v->cursor.valid) {
        if (v->entries++ && sgc_str_compare(sgc_buf_as_str(last), v->cursor.entry) >= 0)
            problem(v, SGC_FMT ": index " SGC_FMT " is out of order", SGC_ARG(table_of(v)->name),
                    SGC_ARG(table_of(v)->indexes[index].name));
        last->size = 0;
        sgc_buf_str(last, v->cursor.entry);
        status = check_index_row(v, index);
        if (status == SGC_OK) status = sgc_page_cursor_next(&v->cursor, &v->error);
    }
    return noted(v, status);
}

static sgc_status check_index(verify *v, uint16_t index)
{
    const sgc_tree *tree =
        sgc_image_tree(&v->checkpoint->image, v->table, SGC_TREE_OF_INDEX + (unsigned)index);
    sgc_buf last = {0};

    v->entries = 0;
    sgc_page_cursor_open(&v->cursor, v->checkpoint, v->table, index, false);
    v->cursor.own.as_it_is = true;
    sgc_status status = walk_index(v, index, &last);
    sgc_page_cursor_close(&v->cursor);
    sgc_buf_free(&last);
    if (status == SGC_OK && v->entries != tree->count)
        problem(v, SGC_FMT ": index " SGC_FMT " has %llu entries, not %llu",
                SGC_ARG(table_of(v)->name), SGC_ARG(table_of(v)->indexes[index].name),
                (unsigned long long)v->entries, (unsigned long long)tree->count);
    return status;
}

static sgc_status check_hash_entry(void *context, uint32_t hash, uint64_t at, sgc_error *error)
{
    verify *v = context;
    const sgc_tree *rows = sgc_image_tree(&v->checkpoint->image, v->table, SGC_TREE_OF_ROWS);
    uint32_t frame;
    sgc_row row;
    sgc_key key;

    v->entries++;
    sgc_arena_reset(&v->arena);
    sgc_status status = sgc_row_pin(&v->pages->cache, rows, at, &frame, &row, error);
    if (status) return noted(v, status);
    if (row.large) {
        key.size = row.key.size;
        memcpy(key.bytes, row.key.data, row.key.size);
    } else if (sgc_record_key(table_of(v), row.record, &key)) {
        key.size = 0;
    }
    sgc_cache_unpin(&v->pages->cache, frame);
    if (sgc_hash_of(v->pages->seed, sgc_key_str(&key)) != hash)
        problem(v, "%.*s: an entry of the hash index does not fit its row at page %u, slot %u",
                (int)table_of(v)->name.size, table_of(v)->name.data, (unsigned)(at >> 8),
                (unsigned)(at & 255));
    return SGC_OK;
}

static sgc_status check_hash(verify *v)
{
    const sgc_image *image = &v->checkpoint->image;
    const sgc_tree *hash = sgc_image_tree(image, v->table, SGC_TREE_OF_HASH);

    v->entries = 0;
    sgc_status status = noted(v, sgc_hash_each(&v->pages->cache, hash,
                                               sgc_image_tree(image, v->table, SGC_TREE_OF_ROWS),
                                               check_hash_entry, v, &v->error));
    if (status == SGC_OK && v->entries != hash->count)
        problem(v, "%.*s: the hash index has %llu entries, not %llu", (int)table_of(v)->name.size,
                table_of(v)->name.data, (unsigned long long)v->entries,
                (unsigned long long)hash->count);
    return status;
}

/* Pages of indexes come first: what is wrong with them shows again where rows are looked up. */
static sgc_status check_index_pages(verify *v)
{
    const sgc_image *image = &v->checkpoint->image;
    sgc_status status = check_pages(v, sgc_image_tree(image, v->table, SGC_TREE_OF_HASH));

    for (uint16_t i = 0; status == SGC_OK && i < table_of(v)->index_count; i++)
        status = check_pages(v, sgc_image_tree(image, v->table, SGC_TREE_OF_INDEX + (unsigned)i));
    return status;
}

static sgc_status check_table(verify *v)
{
    const sgc_image *image = &v->checkpoint->image;
    const sgc_tree *rows = sgc_image_tree(image, v->table, SGC_TREE_OF_ROWS);
    const sgc_tree *hash = sgc_image_tree(image, v->table, SGC_TREE_OF_HASH);
    sgc_status status = check_index_pages(v);

    v->rows = 0;
    if (status == SGC_OK) status = check_pages(v, rows);
    if (status == SGC_OK && v->rows == rows->count) v->verdict = SGC_INDEXES_DAMAGED;
    /* All rows are there: what is damaged among them follows from them. */
    if (v->page_damaged && v->verdicts) v->verdicts[v->table] |= v->verdict;
    if (status == SGC_OK && (v->rows != rows->count || v->rows != hash->count))
        problem(v, "%.*s: %llu rows, but %llu counted and %llu in the hash index",
                (int)table_of(v)->name.size, table_of(v)->name.data, (unsigned long long)v->rows,
                (unsigned long long)rows->count, (unsigned long long)hash->count);
    v->verdict = SGC_INDEXES_DAMAGED;
    if (status == SGC_OK) status = check_hash(v);
    for (uint16_t i = 0; status == SGC_OK && i < table_of(v)->index_count; i++)
        status = check_index(v, i);
    return status;
}

static sgc_status check_all(verify *v)
{
    const sgc_schema *schema = v->checkpoint->image.schema;
    sgc_status status = check_places(v);

    for (uint32_t i = 0; status == SGC_OK && i < SGC_ROOT_TREES; i++)
        status = check_pages(v, &v->checkpoint->image.root_trees[i]);
    for (uint16_t i = 0; status == SGC_OK && schema && i < schema->table_count; i++) {
        v->table = i;
        status = check_table(v);
    }
    return status;
}

sgc_status sgc_pages_examine(sgc_pages *pages, uint8_t *verdicts, sgc_buf *report)
{
    verify v = {.pages = pages, .report = report, .verdicts = verdicts, .blamed = SGC_NONE};

    if (atomic_exchange(&pages->flushing, true)) return SGC_BUSY;
    v.checkpoint = sgc_pages_newest(pages);
    sgc_status status = check_all(&v);
    if (status) sgc_buf_printf(report, "%s\n", v.error.text);
    if (v.problems > LINES_MAX) sgc_buf_printf(report, "and %zu more\n", v.problems - LINES_MAX);
    sgc_checkpoint_release(v.checkpoint);
    sgc_free(v.seen);
    sgc_arena_free(&v.arena);
    atomic_store(&pages->flushing, false);
    if (status) return status;
    return v.problems ? SGC_CORRUPT : SGC_OK;
}

sgc_status sgc_pages_verify(sgc_pages *pages, sgc_buf *report)
{
    return sgc_pages_examine(pages, NULL, report);
}
