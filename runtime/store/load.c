/*
 * load.c - filling tables that have no rows, without MemTable and log: rows go straight into row
 * pages, in the order in which they come; entries of the indexes are sorted (sorter.c) and each
 * index is built from the bottom, once. Links of many-to-many relations are sorted first: they may
 * come twice. The pages are lent places that no checkpoint names until a flush takes the trees
 * over. When a load may do so is the business of the floor above.
 */
#include "store/origins.h"
#include "store/sorter.h"

#include <stdio.h>

/* Not to be compared with others: the entry of a unique index has a null. */
#define NOT_COMPARED ((uint64_t)1 << 40)

static const char prefix[] = "load.";
enum { REFERENCE_HEAD = 6, LINK_HEAD = 2, NUMBER_MAX = 12 };

/* What is known of one table besides its rows. */
typedef struct loaded {
    bool used, linked, built; /* linked: it waits for sgc_page_load_links() */
    sgc_origins origins;
    sgc_runs hashes;   /* by hash of the key */
    sgc_runs *indexes; /* entries of each */
    sgc_runs links;    /* size and key of the left end, key of the right one; their origins */
} loaded;

struct sgc_page_load {
    sgc_pages *pages;
    sgc_flush *flush;
    const sgc_schema *schema;
    loaded *tables;      /* by position */
    sgc_runs references; /* child's table, relation, parent's table, parent's key */
    sgc_sorter *sorter;
    sgc_arena arena;  /* texts of the clash */
    uint64_t memory;  /* for entries */
    uint64_t unsized; /* bytes added since it was last looked how much they take */
    uint32_t files;   /* named so far */
};

static sgc_status no_memory(sgc_error *error)
{
    return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
}

/* ---- temporary files ---- */

static char *path_of(const char *directory, const char *name)
{
    size_t size = strlen(directory) + 1 + strlen(name) + 1;
    char *path = sgc_alloc(size);

    if (path) (void)snprintf(path, size, "%s/%s", directory, name);
    return path;
}

/* A name for the next file, if there will be one; NULL: no memory. */
static char *next_path(sgc_page_load *load)
{
    char name[sizeof prefix + NUMBER_MAX];

    (void)snprintf(name, sizeof name, "%s%u", prefix, (unsigned)++load->files);
    return path_of(load->pages->directory, name);
}

static sgc_status open_runs(sgc_page_load *load, sgc_runs *runs, sgc_error *error)
{
    char *path = next_path(load);

    if (!path) return no_memory(error);
    return sgc_runs_open(load->sorter, runs, path, error);
}

struct names {
    sgc_buf buf;
};

static void note_name(void *context, const char *name)
{
    struct names *names = context;

    if (strncmp(name, prefix, sizeof prefix - 1) == 0)
        sgc_buf_append(&names->buf, name, strlen(name) + 1);
}

sgc_status sgc_load_sweep(const sgc_os *os, const char *directory)
{
    struct names names = {{0}};
    sgc_status status = os->list(os->self, directory, note_name, &names);

    if (names.buf.failed) status = SGC_NO_MEMORY;
    for (size_t at = 0; status == SGC_OK && at < names.buf.size;) {
        const char *name = names.buf.data + at;
        char *path = path_of(directory, name);
        status = path ? os->remove(os->self, path) : SGC_NO_MEMORY;
        if (status == SGC_NOT_FOUND) status = SGC_OK;
        sgc_free(path);
        at += strlen(name) + 1;
    }
    sgc_buf_free(&names.buf);
    return status;
}

/* ---- beginning and ending ---- */

sgc_status sgc_page_load_begin(sgc_pages *pages, uint64_t memory, sgc_page_load **out,
                               sgc_error *error)
{
    sgc_page_load *load = sgc_alloc_zero(1, sizeof *load);

    *out = NULL;
    if (!load) return no_memory(error);
    load->pages = pages;
    load->memory = memory;
    load->sorter = sgc_sorter_open(pages->os, memory);
    sgc_status status =
        load->sorter ? sgc_flush_begin_load(pages, &load->flush, error) : no_memory(error);
    if (status == SGC_OK) {
        load->schema = load->flush->image.schema;
        load->tables = sgc_alloc_zero(load->schema->table_count, sizeof *load->tables);
        status = load->tables ? open_runs(load, &load->references, error) : no_memory(error);
    }
    if (status) {
        sgc_page_load_end(load);
        return status;
    }
    *out = load;
    return SGC_OK;
}

static void close_table(sgc_page_load *load, uint16_t table)
{
    loaded *own = &load->tables[table];

    sgc_runs_close(load->sorter, &own->hashes);
    sgc_runs_close(load->sorter, &own->links);
    for (uint16_t i = 0; own->indexes && i < load->schema->tables[table].index_count; i++)
        sgc_runs_close(load->sorter, &own->indexes[i]);
    sgc_free(own->indexes);
    own->indexes = NULL;
}

void sgc_page_load_end(sgc_page_load *load)
{
    if (!load) return;
    sgc_sorter_stop(load->sorter);
    for (uint16_t i = 0; load->tables && i < load->schema->table_count; i++) {
        close_table(load, i);
        sgc_origins_close(&load->tables[i].origins);
    }
    sgc_runs_close(load->sorter, &load->references);
    sgc_sorter_close(load->sorter);
    sgc_flush_abort(load->flush);
    sgc_free(load->tables);
    sgc_arena_free(&load->arena);
    sgc_free(load);
}

/* The trees of the checkpoint are forgotten, those of the load begin without a page. */
static sgc_status start_table(sgc_page_load *load, uint16_t table, sgc_error *error)
{
    loaded *own = &load->tables[table];
    uint16_t indexes = load->schema->tables[table].index_count;
    sgc_tree *trees = sgc_image_tree(&load->flush->image, table, 0);
    char *path = next_path(load);

    if (!path) return no_memory(error);
    sgc_origins_open(&own->origins, load->pages->os, path);
    for (unsigned i = 0; i < SGC_TREE_OF_INDEX + (unsigned)indexes; i++) {
        trees[i] = (sgc_tree){.id = trees[i].id,
                              .table_number = trees[i].table_number,
                              .index_number = trees[i].index_number,
                              .kind = trees[i].kind};
    }
    own->indexes = sgc_alloc_zero(indexes, sizeof *own->indexes);
    if (!own->indexes) return no_memory(error);
    sgc_status status = open_runs(load, &own->hashes, error);
    for (uint16_t i = 0; status == SGC_OK && i < indexes; i++)
        status = open_runs(load, &own->indexes[i], error);
    own->used = true;
    return status;
}

/* ---- taking rows ---- */

/* Whether a record has a null among the fields of an index. */
static bool may_have_null(const sgc_table *table, const sgc_index *index)
{
    for (uint16_t i = 0; i < index->count; i++)
        if (!sgc_field_slot(table, index->fields[i])->non_null) return true;
    return false;
}

static sgc_status add_unique(sgc_page_load *load, const sgc_table *table, uint16_t index,
                             sgc_str key, sgc_str record, uint64_t row, sgc_error *error)
{
    sgc_runs *runs = &load->tables[table - load->schema->tables].indexes[index];
    sgc_key components;
    bool has_null = false;
    sgc_status status = may_have_null(table, &table->indexes[index])
                            ? sgc_index_entry(table, index, record, 0, &components, &has_null)
                            : sgc_index_components(table, index, record, 0, &components);

    if (status) return sgc_fail(error, status, "%s", sgc_status_text(status));
    return sgc_runs_add(load->sorter, runs, sgc_key_str(&components), key,
                        row | (has_null ? NOT_COMPARED : 0), error);
}

static sgc_status add_plain(sgc_page_load *load, const sgc_table *table, uint16_t index,
                            sgc_str key, sgc_str record, uint64_t row, sgc_error *error)
{
    sgc_runs *runs = &load->tables[table - load->schema->tables].indexes[index];
    sgc_key components;

    for (uint32_t element = 0;; element++) {
        sgc_status status = sgc_index_components(table, index, record, element, &components);
        if (status == SGC_NOT_FOUND) return SGC_OK;
        if (status) return sgc_fail(error, status, "%s", sgc_status_text(status));
        status = sgc_runs_add(load->sorter, runs, sgc_key_str(&components), key, row, error);
        if (status) return status;
    }
}

static sgc_status add_hash(sgc_page_load *load, loaded *own, sgc_str key, uint64_t row,
                           sgc_error *error)
{
    uint8_t order[4];

    (void)sgc_put_be32(order, sgc_hash_order(sgc_hash_of(load->pages->seed, key)));
    return sgc_runs_add(load->sorter, &own->hashes, sgc_str_of((const char *)order, sizeof order),
                        SGC_STR(""), row, error);
}

static sgc_status add_entries(sgc_page_load *load, const sgc_table *table, sgc_str key,
                              sgc_str record, uint64_t row, sgc_error *error)
{
    loaded *own = &load->tables[table - load->schema->tables];
    sgc_status status = add_hash(load, own, key, row, error);

    if (status == SGC_OK && table->index_count > 0)
        status = sgc_runs_add(load->sorter, &own->indexes[0], SGC_STR(""), key, row, error);
    for (uint16_t i = 1; status == SGC_OK && i < table->index_count; i++) {
        bool unique = table->indexes[i].unique && !table->indexes[i].elements;
        status = unique ? add_unique(load, table, i, key, record, row, error)
                        : add_plain(load, table, i, key, record, row, error);
    }
    return status;
}

/* Looks now and then how much the entries take. */
static sgc_status count_bytes(sgc_page_load *load, uint64_t bytes, sgc_error *error)
{
    load->unsized += bytes;
    if (load->unsized < load->memory / 32) return SGC_OK;
    load->unsized = 0;
    return sgc_sorter_make_room(load->sorter, error);
}

sgc_status sgc_page_load_row(sgc_page_load *load, uint16_t table, sgc_str key, sgc_str record,
                             uint64_t origin, uint64_t *row, sgc_error *error)
{
    sgc_flush *flush = load->flush;
    sgc_status status = SGC_OK;

    if (!load->tables[table].used) status = start_table(load, table, error);
    if (status == SGC_OK) status = sgc_flush_relieve(flush, error);
    if (status) return status;
    if (flush->scratch.total) sgc_arena_reset(&flush->scratch);
    status = sgc_rows_insert(flush, sgc_image_tree(&flush->image, table, SGC_TREE_OF_ROWS), key, 0,
                             record, row, error);
    if (status == SGC_OK)
        status = add_entries(load, &load->schema->tables[table], key, record, *row, error);
    if (status == SGC_OK && origin)
        status = sgc_origins_add(&load->tables[table].origins, *row, origin, error);
    return status ? status : count_bytes(load, 128 + key.size + record.size, error);
}

sgc_status sgc_page_load_link(sgc_page_load *load, uint16_t table, sgc_str left, sgc_str right,
                              uint64_t origin, sgc_error *error)
{
    loaded *own = &load->tables[table];
    uint8_t head[SGC_ENTRY_MAX];
    sgc_status status = SGC_OK;

    if (left.size + right.size > SGC_ENTRY_MAX - LINK_HEAD)
        return sgc_fail(error, SGC_LIMIT, "the keys of a link are too long");
    if (!own->used) status = start_table(load, table, error);
    if (status == SGC_OK && !own->linked) status = open_runs(load, &own->links, error);
    if (status) return status;
    own->linked = true;
    sgc_store16(head, (uint16_t)left.size);
    if (left.size) memcpy(head + LINK_HEAD, left.data, left.size);
    status =
        sgc_runs_add(load->sorter, &own->links,
                     sgc_str_of((const char *)head, LINK_HEAD + left.size), right, origin, error);
    return status ? status : count_bytes(load, 64 + left.size + right.size, error);
}

sgc_status sgc_page_load_refer(sgc_page_load *load, uint16_t table, uint16_t relation, uint64_t row,
                               uint16_t parent, sgc_str parent_key, sgc_error *error)
{
    uint8_t head[REFERENCE_HEAD];

    sgc_store16(head, table);
    sgc_store16(head + 2, relation);
    sgc_store16(head + 4, parent);
    return sgc_runs_add(load->sorter, &load->references,
                        sgc_str_of((const char *)head, sizeof head), parent_key, row, error);
}

/* ---- building ---- */

/* The record of a row of the load; it lives as long as the load. */
static sgc_status read_row(sgc_page_load *load, uint16_t table, uint64_t at, sgc_str *record,
                           sgc_error *error)
{
    sgc_cache *cache = &load->pages->cache;
    const sgc_tree *rows = sgc_image_tree(&load->flush->image, table, SGC_TREE_OF_ROWS);
    uint32_t frame;
    sgc_row row;
    sgc_status status = sgc_row_pin(cache, rows, at, &frame, &row, error);

    if (status) return status;
    if (row.large) {
        status = sgc_row_read_large(cache, rows, &row, &load->arena, error);
    } else {
        row.record = sgc_arena_str(&load->arena, row.record);
        if (!row.record.data) status = no_memory(error);
    }
    *record = row.record;
    sgc_cache_unpin(cache, frame);
    return status;
}

/* Two rows with the same entry: the one that came later is refused. */
static sgc_status clashes(sgc_page_load *load, uint16_t table, uint16_t index, uint64_t one,
                          uint64_t other, sgc_load_clash *clash, sgc_error *error)
{
    const sgc_origins *origins = &load->tables[table].origins;
    uint64_t first, second;
    sgc_str record;
    sgc_status status = sgc_origins_find(origins, one, &first, error);

    if (status == SGC_OK) status = sgc_origins_find(origins, other, &second, error);
    if (status == SGC_OK)
        status = read_row(load, table, first > second ? one : other, &record, error);
    if (status) return status;
    *clash = (sgc_load_clash){.table = table,
                              .index = index,
                              .record = record,
                              .origin = first > second ? first : second,
                              .other = first > second ? second : first};
    return sgc_fail(error, SGC_EXISTS, "two rows have the same %s", index ? "values" : "key");
}

/* The entry before, to compare with. */
typedef struct previous {
    uint8_t bytes[SGC_ENTRY_MAX];
    size_t size, compared; /* compared: bytes that must be unique */
    uint64_t row;
    bool there;
} previous;

static bool repeats(const previous *last, const sgc_sorted *now, size_t size, size_t last_size)
{
    return last->there && size == last_size &&
           (size == 0 || memcmp(last->bytes, now->entry.data, size) == 0);
}

static sgc_status build_index(sgc_page_load *load, uint16_t table, uint16_t index,
                              sgc_load_clash *clash, sgc_error *error)
{
    const sgc_index *model = &load->schema->tables[table].indexes[index];
    sgc_runs *runs = &load->tables[table].indexes[index];
    bool unique = index == 0 || (model->unique && !model->elements), there = true;
    sgc_tree *tree =
        sgc_image_tree(&load->flush->image, table, SGC_TREE_OF_INDEX + (unsigned)index);
    sgc_index_builder builder;
    previous last = {.there = false};
    sgc_sorted now;
    sgc_status status = sgc_index_build_start(&builder, load->flush, tree, index > 0, error);

    while (status == SGC_OK) {
        status = sgc_runs_next(runs, &now, &there, error);
        if (status || !there) break;
        size_t compared = index == 0 ? now.entry.size : now.entry.size - now.key_size;
        if (unique && !(now.value & NOT_COMPARED) && repeats(&last, &now, compared, last.compared))
            status = clashes(load, table, index, now.value, last.row, clash, error);
        /* A list may have an element twice. */
        if (status || repeats(&last, &now, now.entry.size, last.size)) continue;
        status = sgc_index_build_add(&builder, now.entry, now.key_size, now.value & ~NOT_COMPARED,
                                     error);
        memcpy(last.bytes, now.entry.data, now.entry.size);
        last.size = now.entry.size;
        last.compared = now.value & NOT_COMPARED ? SIZE_MAX : compared;
        last.row = now.value;
        last.there = true;
    }
    if (status == SGC_OK) status = sgc_index_build_end(&builder, error);
    sgc_index_build_free(&builder);
    sgc_runs_close(load->sorter, runs);
    return status;
}

static sgc_status next_hash(void *context, sgc_hash_entry *entry, sgc_error *error)
{
    sgc_sorted now;
    bool there = false;
    sgc_status status = sgc_runs_next(context, &now, &there, error);

    if (status == SGC_OK && (!there || now.entry.size != 4))
        status = sgc_fail(error, SGC_CORRUPT, "an entry of the hash index is missing");
    if (status) return status;
    uint32_t order = sgc_be32((const uint8_t *)now.entry.data);
    *entry = (sgc_hash_entry){now.value, sgc_hash_order(order)}; /* it is its own inverse */
    return SGC_OK;
}

static sgc_status build_hash(sgc_page_load *load, uint16_t table, sgc_error *error)
{
    sgc_runs *runs = &load->tables[table].hashes;
    sgc_tree *trees = sgc_image_tree(&load->flush->image, table, 0);
    sgc_status status =
        sgc_hash_build_sorted(load->flush, &trees[SGC_TREE_OF_HASH], &trees[SGC_TREE_OF_ROWS],
                              runs->count, next_hash, runs, error);

    sgc_runs_close(load->sorter, runs);
    return status;
}

/* Indexes are built in the order in which reading their entries is started here. */
static sgc_status start_reading(sgc_page_load *load, uint16_t table, sgc_error *error)
{
    loaded *own = &load->tables[table];
    uint16_t indexes = load->schema->tables[table].index_count;
    sgc_status status = SGC_OK;

    for (uint16_t i = 0; status == SGC_OK && i < indexes; i++)
        status = sgc_runs_finish(load->sorter, &own->indexes[i], error);
    if (status == SGC_OK) status = sgc_runs_finish(load->sorter, &own->hashes, error);
    for (uint16_t i = 0; status == SGC_OK && i < indexes; i++)
        status = sgc_runs_start(load->sorter, &own->indexes[i], true, error);
    return status ? status : sgc_runs_start(load->sorter, &own->hashes, true, error);
}

sgc_status sgc_page_load_build(sgc_page_load *load, sgc_load_clash *clash, sgc_error *error)
{
    sgc_status status = SGC_OK;

    for (uint16_t t = 0; status == SGC_OK && t < load->schema->table_count; t++) {
        loaded *own = &load->tables[t];
        if (!own->used || own->linked || own->built) continue;
        status = start_reading(load, t, error);
        for (uint16_t i = 0; status == SGC_OK && i < load->schema->tables[t].index_count; i++)
            status = build_index(load, t, i, clash, error);
        if (status == SGC_OK) status = build_hash(load, t, error);
        own->built = true;
        if (status == SGC_OK) close_table(load, t);
    }
    return status;
}

/* ---- parents ---- */

bool sgc_page_load_has(const sgc_page_load *load, uint16_t table)
{
    return load->tables[table].used;
}

sgc_status sgc_page_load_find(sgc_page_load *load, uint16_t table, sgc_str key, bool *there,
                              sgc_error *error)
{
    sgc_tree *trees = sgc_image_tree(&load->flush->image, table, 0);
    sgc_table_view view = {.cache = &load->pages->cache,
                           .table = &load->schema->tables[table],
                           .rows = &trees[SGC_TREE_OF_ROWS],
                           .hash = &trees[SGC_TREE_OF_HASH],
                           .seed = load->pages->seed};
    uint64_t at;
    uint32_t frame;
    sgc_row row;
    sgc_status status = sgc_hash_find(&view, key, &at, &frame, &row, error);

    *there = status == SGC_OK;
    if (*there) sgc_cache_unpin(view.cache, frame);
    return status == SGC_NOT_FOUND ? SGC_OK : status;
}

static sgc_status is_missing(sgc_page_load *load, const sgc_sorted *now, sgc_load_clash *clash,
                             sgc_error *error)
{
    const uint8_t *head = (const uint8_t *)now->entry.data;
    sgc_str record;
    sgc_status status = read_row(load, sgc_load16(head), now->value, &record, error);

    if (status) return status;
    *clash = (sgc_load_clash){.table = sgc_load16(head),
                              .relation = sgc_load16(head + 2),
                              .parent = sgc_load16(head + 4),
                              .record = record};
    clash->parent_key =
        sgc_arena_str(&load->arena, sgc_str_of(now->entry.data + REFERENCE_HEAD, now->key_size));
    if (!clash->parent_key.data) return no_memory(error);
    status =
        sgc_origins_find(&load->tables[clash->table].origins, now->value, &clash->origin, error);
    if (status) return status;
    return sgc_fail(error, SGC_FOREIGN_KEY, "a row names one that is not there");
}

sgc_status sgc_page_load_parents(sgc_page_load *load, sgc_load_look_up *look_up, void *context,
                                 sgc_load_clash *clash, sgc_error *error)
{
    previous last = {.there = false};
    bool more = true, there = true;
    sgc_sorted now;
    sgc_status status = sgc_runs_finish(load->sorter, &load->references, error);

    if (status == SGC_OK) status = sgc_runs_start(load->sorter, &load->references, true, error);
    while (status == SGC_OK) {
        status = sgc_runs_next(&load->references, &now, &more, error);
        if (status || !more) break;
        if (repeats(&last, &now, now.entry.size, last.size)) continue;
        uint16_t parent = sgc_load16((const uint8_t *)now.entry.data + 4);
        sgc_str key = sgc_str_of(now.entry.data + REFERENCE_HEAD, now.key_size);
        status = look_up(context, parent, key, &there, error);
        if (status == SGC_OK && !there) status = is_missing(load, &now, clash, error);
        memcpy(last.bytes, now.entry.data, now.entry.size);
        last.size = now.entry.size;
        last.there = true;
    }
    sgc_runs_close(load->sorter, &load->references);
    return status;
}

/* ---- links ---- */

sgc_status sgc_page_load_links(sgc_page_load *load, uint16_t table, sgc_load_link_sink *take,
                               void *context, sgc_error *error)
{
    loaded *own = &load->tables[table];
    previous last = {.there = false};
    bool more = true;
    sgc_sorted now;

    if (!own->linked) return SGC_OK;
    sgc_status status = sgc_runs_finish(load->sorter, &own->links, error);
    /* The rows that come of them need memory, too. */
    if (status == SGC_OK) status = sgc_runs_make_way(load->sorter, &own->links, error);
    if (status == SGC_OK) status = sgc_runs_start(load->sorter, &own->links, false, error);
    while (status == SGC_OK) {
        status = sgc_runs_next(&own->links, &now, &more, error);
        if (status || !more) break;
        /* Both of its ends may name it. */
        if (repeats(&last, &now, now.entry.size, last.size)) continue;
        memcpy(last.bytes, now.entry.data, now.entry.size);
        last.size = now.entry.size;
        last.there = true;
        size_t left = sgc_load16(last.bytes);
        const char *ends = (const char *)last.bytes + LINK_HEAD;
        status = take(context, table, sgc_str_of(ends, left),
                      sgc_str_of(ends + left, last.size - LINK_HEAD - left), now.value, error);
    }
    sgc_runs_close(load->sorter, &own->links);
    own->linked = false;
    return status;
}

/* ---- into a checkpoint ---- */

sgc_status sgc_page_load_sync(sgc_page_load *load, sgc_error *error)
{
    sgc_pages *pages = load->pages;
    sgc_status status = sgc_flush_write_out(load->flush, error);

    if (status) return status;
    status = pages->os->sync(pages->os->self, pages->pages_file);
    if (status == SGC_OK) return status;
    /* It may have been the flush's pages that were not written. */
    atomic_store(&pages->failed, true);
    return sgc_fail(error, status, "%s", sgc_os_file_error());
}

sgc_status sgc_page_load_land(sgc_page_load *load, sgc_flush *flush, uint64_t sequence,
                              sgc_error *error)
{
    sgc_status status = SGC_OK;

    for (uint16_t t = 0; status == SGC_OK && t < load->schema->table_count; t++) {
        if (!load->tables[t].used) continue;
        status = sgc_flush_land(flush, load->flush, t, sequence, error);
        if (status == SGC_OK) status = sgc_flush_note_load(flush, t, sequence, error);
    }
    return status;
}
