/*
 * pages.c - the open image: its files, its schema, its checkpoints. Look-ups by key are
 * look_up.c, changing it is flush.c, walking it cursor.c, checking it verify.c.
 */
#include "store/image.h"

enum { FLUSH_PART = 4, FLUSH_LEAST = 1 << 20, FLUSH_MOST = 64 << 20 };

/* ---- checkpoints ---- */

/* Before its places can become free: nothing of them may stay pinned. */
static void unpin_tables(sgc_checkpoint *checkpoint)
{
    for (uint32_t i = 0; checkpoint->image.trees && i < checkpoint->image.tree_count; i++)
        sgc_tree_keep_none(&checkpoint->pages->cache, &checkpoint->image.trees[i]);
}

static void checkpoint_free(sgc_checkpoint *checkpoint)
{
    unpin_tables(checkpoint);
    sgc_segments_release(checkpoint->segments);
    sgc_image_free(&checkpoint->image);
    sgc_free(checkpoint);
}

sgc_checkpoint *sgc_pages_newest(sgc_pages *pages)
{
    sgc_mutex_lock(&pages->lock);
    sgc_checkpoint *checkpoint = sgc_checkpoint_retain(pages->newest);
    sgc_mutex_unlock(&pages->lock);
    return checkpoint;
}

sgc_checkpoint *sgc_checkpoint_retain(sgc_checkpoint *checkpoint)
{
    atomic_fetch_add_explicit(&checkpoint->references, 1, memory_order_relaxed);
    return checkpoint;
}

void sgc_checkpoint_release(sgc_checkpoint *checkpoint)
{
    if (!checkpoint) return;
    if (atomic_fetch_sub_explicit(&checkpoint->references, 1, memory_order_acq_rel) > 1) return;
    /* Never the newest one: the image holds that. */
    unpin_tables(checkpoint);
    sgc_mutex_lock(&checkpoint->pages->lock);
    if (checkpoint->older) checkpoint->older->newer = checkpoint->newer;
    if (checkpoint->newer) checkpoint->newer->older = checkpoint->older;
    sgc_mutex_unlock(&checkpoint->pages->lock);
    checkpoint_free(checkpoint);
}

uint64_t sgc_checkpoint_sequence(const sgc_checkpoint *checkpoint)
{
    return checkpoint->image.sequence;
}

uint64_t sgc_checkpoint_time_us(const sgc_checkpoint *checkpoint)
{
    return checkpoint->image.time_us;
}

sgc_log_place sgc_checkpoint_log(const sgc_checkpoint *checkpoint)
{
    return checkpoint->image.log;
}

sgc_segments *sgc_checkpoint_history(const sgc_checkpoint *checkpoint)
{
    return checkpoint->segments;
}

uint64_t sgc_checkpoint_rows(const sgc_checkpoint *checkpoint, uint16_t table)
{
    return sgc_image_tree(&checkpoint->image, table, SGC_TREE_OF_ROWS)->count;
}

void sgc_checkpoint_tree(const sgc_checkpoint *checkpoint, uint16_t table, unsigned which,
                         sgc_tree_size *size)
{
    const sgc_tree *tree = sgc_image_tree(&checkpoint->image, table, which);

    *size = (sgc_tree_size){.entries = tree->count, .pages = tree->pages};
    if (which < SGC_TREE_OF_INDEX) return;
    size->levels = tree->b;
    if (tree->c == 0) return;
    size->done = tree->c - 1;
    size->of = sgc_image_tree(&checkpoint->image, table, SGC_TREE_OF_ROWS)->pages;
}

/* ---- opening ---- */

static char *join_path(const char *directory, const char *name)
{
    sgc_buf path = {0};

    sgc_buf_printf(&path, "%s/%s", directory, name);
    sgc_buf_byte(&path, '\0');
    if (path.failed) {
        sgc_buf_free(&path);
        return NULL;
    }
    return path.data;
}

static sgc_status os_failed(sgc_status status, sgc_error *error)
{
    return sgc_fail(error, status, "%s", sgc_os_file_error());
}

static sgc_status open_file(const sgc_os *os, const char *path, unsigned flags, sgc_file **file,
                            sgc_error *error)
{
    sgc_status status = os->open(os->self, path, flags, file);

    if (status) *file = NULL;
    return status ? os_failed(status, error) : SGC_OK;
}

/* Roots of an image without anything; the file appears whole or not at all. */
static sgc_status create_root(sgc_pages *pages, sgc_error *error)
{
    const sgc_os *os = pages->os;
    sgc_root root = {.seed = pages->seed, .next_tree = 1, .places = 1};
    char *fresh = join_path(pages->directory, "root.new");
    sgc_file *file = NULL;

    if (!fresh) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    for (uint32_t i = 0; i < SGC_ROOT_TREES; i++)
        root.trees[i] = (sgc_tree){.id = root.next_tree++, .kind = (uint8_t)sgc_root_tree_kind(i)};
    sgc_status status =
        open_file(os, fresh, SGC_OPEN_READ | SGC_OPEN_WRITE | SGC_OPEN_CREATE, &file, error);
    if (status == SGC_OK) status = sgc_root_write(os, file, &root, error);
    if (file) os->close(os->self, file);
    if (status == SGC_OK) {
        status = os->rename(os->self, fresh, pages->root_path);
        if (status == SGC_OK) status = os->sync_directory(os->self, pages->directory);
        if (status) os_failed(status, error);
    }
    sgc_free(fresh);
    return status;
}

static sgc_status create_pages_file(sgc_pages *pages, sgc_error *error)
{
    const sgc_os *os = pages->os;
    uint8_t head[SGC_PAGE_SIZE];
    uint64_t size = 0;
    sgc_file *file = NULL;
    sgc_status status = open_file(os, pages->pages_path,
                                  SGC_OPEN_READ | SGC_OPEN_WRITE | SGC_OPEN_CREATE, &file, error);

    if (status) return status;
    status = os->size(os->self, file, &size);
    if (status == SGC_OK && size > SGC_PAGE_SIZE) {
        os->close(os->self, file);
        return sgc_fail(error, SGC_CORRUPT, "%s: there are pages but no root", pages->directory);
    }
    if (status == SGC_OK) status = os->random(os->self, &pages->seed, sizeof pages->seed);
    sgc_pages_head_encode(pages->seed, head);
    if (status == SGC_OK) status = os->write(os->self, file, 0, head, sizeof head);
    if (status == SGC_OK) status = os->sync(os->self, file);
    if (status == SGC_OK) status = os->sync_directory(os->self, pages->directory);
    if (status) os_failed(status, error);
    os->close(os->self, file);
    return status;
}

static unsigned open_flags(const sgc_pages *pages)
{
    return pages->read_only ? SGC_OPEN_READ : SGC_OPEN_READ | SGC_OPEN_WRITE;
}

static sgc_status open_or_create_root(sgc_pages *pages, sgc_error *error)
{
    const sgc_os *os = pages->os;
    const unsigned flags = open_flags(pages);
    sgc_status status = os->open(os->self, pages->root_path, flags, &pages->root_file);

    if (status == SGC_OK) return SGC_OK;
    pages->root_file = NULL;
    if (status != SGC_NOT_FOUND || pages->read_only) return os_failed(status, error);
    status = create_pages_file(pages, error);
    if (status == SGC_OK) status = create_root(pages, error);
    return status ? status : open_file(os, pages->root_path, flags, &pages->root_file, error);
}

/* A load that a crash cut short may have left it longer: the next flush cuts it. */
static sgc_status measure_file(sgc_pages *pages, uint32_t places, sgc_error *error)
{
    uint64_t size = 0;
    sgc_status status = pages->os->size(pages->os->self, pages->pages_file, &size);

    if (status) return os_failed(status, error);
    size /= SGC_PAGE_SIZE;
    atomic_store(&pages->file_places, size > places ? size : places);
    return SGC_OK;
}

static sgc_status check_head(sgc_pages *pages, sgc_error *error)
{
    uint8_t head[SGC_PAGE_SIZE];
    size_t got = 0;
    sgc_status status =
        pages->os->read(pages->os->self, pages->pages_file, 0, head, sizeof head, &got);

    if (status) return os_failed(status, error);
    if (got != sizeof head || !sgc_pages_head_check(head, pages->seed))
        return sgc_fail(error, SGC_CORRUPT, "%s: its head does not belong to this root",
                        pages->pages_path);
    return SGC_OK;
}

static sgc_status read_free_map(sgc_pages *pages, const sgc_root *root, sgc_error *error)
{
    const sgc_tree *tree = &root->trees[SGC_ROOT_FREE];
    size_t size = (size_t)tree->count;

    if (tree->count > (uint64_t)tree->pages * SGC_PAGE_BODY)
        return sgc_tree_damaged(tree, 0, "the free map is longer than its pages", error);
    char *bytes = sgc_alloc(size);
    if (!bytes) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    sgc_status status = sgc_tree_read_bytes(&pages->cache, tree, bytes, size, error);
    if (status == SGC_OK && !sgc_space_decode(&pages->space, sgc_str_of(bytes, size)))
        status = sgc_tree_damaged(tree, 0, "the free map is damaged", error);
    sgc_free(bytes);
    atomic_store(&pages->free_places, sgc_space_free(&pages->space));
    return status;
}

/* Whoever came to repair goes on without a free map. */
static sgc_status open_free_map(sgc_pages *pages, const sgc_root *root, sgc_error *error)
{
    sgc_status status = read_free_map(pages, root, error);

    if (status != SGC_CORRUPT || !pages->to_repair) return status;
    pages->space_error = *error;
    pages->space_error.status = SGC_CORRUPT;
    error->status = SGC_OK;
    error->text[0] = '\0';
    sgc_space_close(&pages->space);
    if (sgc_space_open(&pages->space, root->places))
        return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    atomic_store(&pages->free_places, 0);
    return SGC_OK;
}

/* ---- the history ---- */

static sgc_status read_manifest(sgc_pages *pages, const sgc_root *root, sgc_buf *manifest,
                                sgc_error *error)
{
    const sgc_tree *tree = &root->trees[SGC_ROOT_HISTORY];
    size_t size = (size_t)tree->count;

    if (tree->count > (uint64_t)tree->pages * SGC_PAGE_BODY)
        return sgc_tree_damaged(tree, 0, "the manifest is longer than its pages", error);
    char *at = sgc_buf_reserve(manifest, size);
    if (!at) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    manifest->size = size;
    return sgc_tree_read_bytes(&pages->cache, tree, at, size, error);
}

static sgc_status open_history(sgc_pages *pages, const sgc_root *root, const sgc_schema *schema,
                               sgc_segments **segments, sgc_error *error)
{
    char *path = join_path(pages->directory, "history");
    sgc_buf manifest = {0};
    sgc_status status = SGC_OK;

    if (!path) status = sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    if (status == SGC_OK) status = read_manifest(pages, root, &manifest, error);
    if (status == SGC_OK)
        status =
            sgc_history_open(pages->os, path, pages->read_only, schema, sgc_buf_as_str(&manifest),
                             pages->history_cache, &pages->history, segments, error);
    if (status == SGC_OK) sgc_history_set_room(pages->history, pages->flush_bytes);
    if (status == SGC_OK && manifest.size == 0 && !pages->read_only) {
        /* The folder may be new. */
        status = pages->os->sync_directory(pages->os->self, pages->directory);
        if (status) os_failed(status, error);
    }
    sgc_buf_free(&manifest);
    sgc_free(path);
    return status;
}

/* ---- the schema ---- */

static sgc_status build_failed(const sgc_diagnostics *diagnostics, sgc_error *error)
{
    sgc_buf text = {0};

    sgc_diagnostics_print(diagnostics, &text);
    sgc_fail(error, SGC_CORRUPT, "the schema kept in the image: %.*s", (int)text.size,
             text.data ? text.data : "");
    sgc_buf_free(&text);
    return SGC_CORRUPT;
}

static sgc_status build_schema(sgc_pages *pages, const sgc_root *root, char *text,
                               const sgc_schema **schema, sgc_error *error)
{
    sgc_arena *arena = &pages->schema_arena;
    sgc_str name = sgc_arena_str(arena, sgc_str_of(text, root->name_size));
    sgc_str sdl = sgc_arena_str(arena, sgc_str_of(text + root->name_size, root->sdl_size));
    sgc_str numbering = sgc_arena_str(
        arena, sgc_str_of(text + root->name_size + root->sdl_size, root->numbering_size));
    sgc_schema_file file = {sgc_arena_printf(arena, SGC_FMT ".graphql", SGC_ARG(name)), sdl};
    sgc_diagnostics diagnostics = {.arena = arena};
    sgc_schema_built built = {0};

    if (!name.data || !sdl.data || !numbering.data || !file.name.data)
        return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    sgc_status status = sgc_schema_build(&file, 1, name, numbering, arena, &diagnostics, &built);
    if (status == SGC_NO_MEMORY) return sgc_fail(error, status, "out of memory");
    if (status) return build_failed(&diagnostics, error);
    *schema = built.schema;
    return SGC_OK;
}

static sgc_status read_schema(sgc_pages *pages, const sgc_root *root, const sgc_schema **schema,
                              sgc_error *error)
{
    const sgc_tree *tree = &root->trees[SGC_ROOT_SCHEMA];
    size_t size = (size_t)root->name_size + root->sdl_size + root->numbering_size;

    if (size > (uint64_t)tree->pages * SGC_PAGE_BODY)
        return sgc_tree_damaged(tree, 0, "the schema is longer than its pages", error);
    char *text = sgc_alloc(size);
    if (!text) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    sgc_status status = sgc_tree_read_bytes(&pages->cache, tree, text, size, error);
    if (status == SGC_OK) status = build_schema(pages, root, text, schema, error);
    if (status == SGC_OK && pages->extend) {
        status = pages->extend(*schema, &pages->schema_arena, schema);
        if (status) sgc_fail(error, status, "%s", sgc_status_text(status));
    }
    sgc_free(text);
    return status;
}

/* ---- the newest checkpoint ---- */

/* Descriptors in the order of the schema's tables and indexes, whose numbers must agree. */
static sgc_status read_trees(sgc_pages *pages, const sgc_root *root, sgc_image *image,
                             sgc_error *error)
{
    const sgc_tree *catalogue = &root->trees[SGC_ROOT_CATALOGUE];
    uint8_t bytes[SGC_PAGE_BODY];
    sgc_status status = SGC_OK;

    for (uint32_t i = 0; i < root->tree_count; i++) {
        if (i % SGC_TREES_PER_PAGE == 0) {
            const uint8_t *page;
            uint32_t frame;
            status = sgc_tree_pin(&pages->cache, catalogue, i / SGC_TREES_PER_PAGE, SGC_PAGE_BYTES,
                                  &frame, &page, error);
            if (status) return status;
            memcpy(bytes, page + SGC_PAGE_HEAD, sizeof bytes);
            sgc_cache_unpin(&pages->cache, frame);
        }
        sgc_tree tree, *expected = &image->trees[i];
        if (!sgc_tree_decode(bytes + (size_t)(i % SGC_TREES_PER_PAGE) * SGC_TREE_BYTES, &tree))
            return sgc_tree_damaged(catalogue, i, "a descriptor is damaged", error);
        if (tree.kind != expected->kind || tree.table_number != expected->table_number ||
            tree.index_number != expected->index_number)
            return sgc_fail(error, SGC_SCHEMA_MISMATCH,
                            "the tables of the image are not those of the schema");
        *expected = tree;
    }
    return SGC_OK;
}

static sgc_status load_image(sgc_pages *pages, const sgc_root *root, const sgc_schema *schema,
                             sgc_image *image, sgc_error *error)
{
    *image = (sgc_image){.next_tree = root->next_tree,
                         .name_size = root->name_size,
                         .sdl_size = root->sdl_size,
                         .numbering_size = root->numbering_size,
                         .schema_hash = root->schema_hash,
                         .number = root->checkpoint,
                         .places = root->places,
                         .sequence = root->sequence,
                         .time_us = root->time_us,
                         .log = root->log};
    memcpy(image->root_trees, root->trees, sizeof image->root_trees);
    if (sgc_image_reset(image, schema)) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    image->next_tree = root->next_tree;
    if (image->tree_count != root->tree_count)
        return sgc_fail(error, SGC_SCHEMA_MISMATCH,
                        "the tables of the image are not those of the schema");
    return read_trees(pages, root, image, error);
}

static sgc_status load_checkpoint(sgc_pages *pages, const sgc_root *root, const sgc_schema *schema,
                                  sgc_error *error)
{
    sgc_checkpoint *checkpoint = sgc_alloc_zero(1, sizeof *checkpoint);

    if (!checkpoint) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    checkpoint->pages = pages;
    atomic_init(&checkpoint->references, 1);
    sgc_status status = load_image(pages, root, schema, &checkpoint->image, error);
    if (status == SGC_OK) status = open_history(pages, root, schema, &checkpoint->segments, error);
    if (status) {
        checkpoint_free(checkpoint);
        return status;
    }
    sgc_image_keep_tables(&checkpoint->image);
    pages->newest = checkpoint;
    return SGC_OK;
}

/* Uses the kept schema or the given one, which must be the same. */
static sgc_status load_state(sgc_pages *pages, const sgc_root *root, const sgc_schema *schema,
                             sgc_error *error)
{
    const sgc_schema *used = NULL;
    sgc_status status = open_free_map(pages, root, error);

    if (status) return status;
    if (root->tree_count > 0 || root->sdl_size > 0) {
        bool same = schema && schema->hash == root->schema_hash;
        if (schema && !same && !pages->kept_wins)
            return sgc_fail(error, SGC_SCHEMA_MISMATCH,
                            "%s was written under another schema than \"%.*s\"", pages->directory,
                            (int)schema->name.size, schema->name.data);
        used = schema;
        if (!same) status = read_schema(pages, root, &used, error);
        if (status) return status;
    }
    return load_checkpoint(pages, root, used, error);
}

static sgc_status adopt_schema(sgc_pages *pages, const sgc_schema *schema, sgc_error *error)
{
    sgc_flush *flush;
    const sgc_image *image = &pages->newest->image;

    if (!schema || image->schema || pages->read_only) return SGC_OK;
    sgc_status status = sgc_flush_begin(pages, &flush, error);
    if (status) return status;
    status = sgc_flush_set_schema(flush, schema, error);
    if (status) {
        sgc_flush_abort(flush);
        return status;
    }
    return sgc_flush_commit(flush, image->sequence, image->time_us, error);
}

static sgc_status open_image(sgc_pages *pages, const sgc_schema *schema,
                             const sgc_pages_options *options, sgc_error *error)
{
    const sgc_os *os = pages->os;
    sgc_root root;
    bool differ;
    sgc_status status = open_or_create_root(pages, error);

    if (status == SGC_OK)
        status = sgc_root_read(os, pages->root_file, pages->root_path, &root, &differ, error);
    if (status) return status;
    pages->seed = root.seed;
    status = open_file(os, pages->pages_path, open_flags(pages), &pages->pages_file, error);
    if (status == SGC_NOT_FOUND)
        return sgc_fail(error, SGC_CORRUPT, "%s: is missing", pages->pages_path);
    if (status) return status;
    status = sgc_cache_open(&pages->cache, os, pages->pages_file, options->cache_bytes);
    if (status) {
        pages->cache = (sgc_cache){0};
        return sgc_fail(error, status, "a page cache of %llu bytes cannot be had",
                        (unsigned long long)options->cache_bytes);
    }
    atomic_store(&pages->cache.limit, root.places);
    atomic_store(&pages->last_number, root.checkpoint);
    status = check_head(pages, error);
    if (status == SGC_OK && sgc_space_open(&pages->space, root.places))
        status = sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    if (status == SGC_OK && !pages->read_only) {
        status = sgc_load_sweep(os, pages->directory);
        if (status) sgc_fail(error, status, "%s: cannot remove temporary files", pages->directory);
    }
    if (status == SGC_OK) status = load_state(pages, &root, schema, error);
    /* The other copy may be torn or name places that are free by now. */
    if (status == SGC_OK && differ && !pages->read_only)
        status = sgc_root_write(os, pages->root_file, &root, error);
    if (status == SGC_OK) status = measure_file(pages, root.places, error);
    return status ? status : adopt_schema(pages, schema, error);
}

static size_t flush_bytes(const sgc_pages_options *options)
{
    uint64_t bytes = options->flush_bytes;

    if (bytes == 0) bytes = options->cache_bytes / FLUSH_PART;
    if (bytes < FLUSH_LEAST) return FLUSH_LEAST;
    return bytes > FLUSH_MOST ? FLUSH_MOST : (size_t)bytes;
}

sgc_status sgc_pages_open(const sgc_os *os, const char *directory, const sgc_schema *schema,
                          const sgc_pages_options *options, sgc_pages **out, sgc_error *error)
{
    sgc_pages *pages = sgc_alloc_zero(1, sizeof *pages);
    size_t size = strlen(directory) + 1;

    *out = NULL;
    if (!pages) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    pages->os = os;
    pages->history_cache = options->history_cache_bytes;
    pages->flush_bytes = flush_bytes(options);
    pages->extend = options->extend;
    pages->kept_wins = options->kept_wins;
    pages->to_repair = options->to_repair;
    pages->read_only = options->read_only;
    sgc_mutex_init(&pages->lock);
    pages->directory = sgc_alloc(size);
    pages->root_path = join_path(directory, "root");
    pages->pages_path = join_path(directory, "pages");
    sgc_status status = SGC_OK;
    if (!pages->directory || !pages->root_path || !pages->pages_path) {
        status = sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    } else {
        memcpy(pages->directory, directory, size);
        status = open_image(pages, schema, options, error);
    }
    if (status) {
        sgc_pages_close(pages);
        return status;
    }
    *out = pages;
    return SGC_OK;
}

void sgc_pages_close(sgc_pages *pages)
{
    if (!pages) return;
    while (pages->newest) {
        sgc_checkpoint *older = pages->newest->older;
        checkpoint_free(pages->newest);
        pages->newest = older;
    }
    sgc_history_close(pages->history);
    sgc_space_close(&pages->space);
    if (pages->cache.memory) sgc_cache_close(&pages->cache);
    if (pages->pages_file) pages->os->close(pages->os->self, pages->pages_file);
    if (pages->root_file) pages->os->close(pages->os->self, pages->root_file);
    sgc_arena_free(&pages->schema_arena);
    sgc_free(pages->directory);
    sgc_free(pages->root_path);
    sgc_free(pages->pages_path);
    sgc_mutex_destroy(&pages->lock);
    sgc_free(pages);
}

const sgc_schema *sgc_pages_schema(const sgc_pages *pages)
{
    sgc_pages *open = (sgc_pages *)(uintptr_t)pages;

    sgc_mutex_lock(&open->lock);
    const sgc_schema *schema = pages->newest->image.schema;
    sgc_mutex_unlock(&open->lock);
    return schema;
}

bool sgc_pages_is_unsure(const sgc_pages *pages)
{
    return atomic_load(&((sgc_pages *)(uintptr_t)pages)->unsure);
}

sgc_history *sgc_pages_history(sgc_pages *pages)
{
    return pages->history;
}

void sgc_pages_get_stats(const sgc_pages *pages, sgc_pages_stats *stats)
{
    sgc_cache_counts counts;

    sgc_cache_get_counts((sgc_cache *)(uintptr_t)&pages->cache, &counts);
    *stats = (sgc_pages_stats){
        .cache_hits = counts.hits,
        .cache_misses = counts.misses,
        .cache_evictions = counts.evictions,
        .cache_bytes = counts.bytes,
        .cache_budget = counts.budget,
        .flushes = atomic_load(&((sgc_pages *)(uintptr_t)pages)->flushes),
        .pages_written = atomic_load(&((sgc_pages *)(uintptr_t)pages)->pages_written),
        .file_bytes = atomic_load(&((sgc_pages *)(uintptr_t)pages)->file_places) * SGC_PAGE_SIZE,
        .free_bytes = atomic_load(&((sgc_pages *)(uintptr_t)pages)->free_places) * SGC_PAGE_SIZE,
        .held_bytes = atomic_load(&((sgc_pages *)(uintptr_t)pages)->held_places) * SGC_PAGE_SIZE,
        .flush_bytes = atomic_load(&((sgc_pages *)(uintptr_t)pages)->flush_memory) +
                       sgc_history_collected(pages->history),
    };
}
