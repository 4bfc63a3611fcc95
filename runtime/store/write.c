/*
 * write.c - changing pages in a flush: each page of the base is copied to a new place the first
 * time it is touched, and so are the pages of the page table above it. New pages are pinned frames
 * of the cache until they are written; many are written before the commit, which harms nobody,
 * because nothing durable names their places yet.
 */
#include "store/image.h"

enum {
    STAGING_PAGES = 128, /* written at once; less than a processor's cache */
    FREE_LEAST = 256,    /* free places that do not matter: 1 MB */
    MOVED_LEAST = 64,
};

static const uint32_t reach[SGC_TABLE_LEVELS] = {1, SGC_TABLE_FAN, SGC_TABLE_FAN *SGC_TABLE_FAN,
                                                 SGC_TABLE_FAN *SGC_TABLE_FAN *SGC_TABLE_FAN};

static sgc_status no_memory(sgc_error *error)
{
    return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
}

static sgc_status remember(sgc_places *places, uint32_t place, sgc_error *error)
{
    if (!SGC_GROW(places->items, places->count, places->capacity)) return no_memory(error);
    places->items[places->count++] = place;
    return SGC_OK;
}

/* ---- dirty frames ---- */

static uint8_t mark_of(const sgc_flush *flush)
{
    return flush->is_load ? SGC_DIRTY_LOAD : SGC_DIRTY_FLUSH;
}

bool sgc_flush_dirties(const sgc_flush *flush, uint32_t frame)
{
    const sgc_frame *one = &flush->pages->cache.frames[frame];

    return atomic_load_explicit(&one->dirty, memory_order_relaxed) == mark_of(flush);
}

static void mark(sgc_flush *flush, uint32_t frame, uint8_t dirty)
{
    sgc_frame *one = &flush->pages->cache.frames[frame];

    atomic_store_explicit(&one->dirty, dirty, memory_order_relaxed);
}

/* Takes over one pin of the frame. */
static sgc_status add_dirty(sgc_flush *flush, uint32_t frame, sgc_error *error)
{
    if (!SGC_GROW(flush->dirty, flush->dirty_count, flush->dirty_capacity)) {
        sgc_cache_unpin(&flush->pages->cache, frame);
        return no_memory(error);
    }
    flush->dirty[flush->dirty_count++] = frame;
    mark(flush, frame, mark_of(flush));
    return SGC_OK;
}

/* A flush and a load may both make the file longer. */
static void raise_limit(sgc_cache *cache, uint32_t limit)
{
    uint32_t seen = atomic_load_explicit(&cache->limit, memory_order_relaxed);

    while (seen < limit &&
           !atomic_compare_exchange_weak_explicit(&cache->limit, &seen, limit, memory_order_release,
                                                  memory_order_relaxed)) {
    }
}

/* Gives the page a place of this flush and a frame. */
static sgc_status new_frame(sgc_flush *flush, sgc_page_id *id, uint32_t *frame, sgc_error *error)
{
    sgc_space *space = &flush->pages->space;
    uint32_t place;
    sgc_status status = sgc_space_take(space, flush->is_load, &place);

    if (status == SGC_LIMIT) return sgc_fail(error, status, "the page file has 2^32 pages");
    if (status) return no_memory(error);
    if (!flush->is_load) status = remember(&flush->allocated, place, error);
    if (status) {
        sgc_space_give(space, place);
        return status;
    }
    id->at = (sgc_page_at){place, flush->image.number};
    raise_limit(&flush->pages->cache, place + 1);
    status = sgc_cache_new(&flush->pages->cache, id, frame, error);
    return status ? status : add_dirty(flush, *frame, error);
}

/* A page of this flush, dirty again if it was written out already. */
static sgc_status own_page(sgc_flush *flush, const sgc_page_id *id, uint8_t **page,
                           sgc_error *error)
{
    sgc_cache *cache = &flush->pages->cache;
    uint32_t frame;
    sgc_status status = sgc_cache_pin(cache, id, &frame, error);

    if (status) return status;
    *page = sgc_frame_data(cache, frame);
    if (!sgc_flush_dirties(flush, frame)) return add_dirty(flush, frame, error);
    sgc_cache_unpin(cache, frame);
    return SGC_OK;
}

static void put_head(const sgc_flush *flush, const sgc_page_id *id, uint8_t *page)
{
    sgc_store32(page + 4, flush->image.number);
    sgc_store32(page + 8, id->tree);
    sgc_store32(page + 12, id->logical);
    page[16] = id->kind;
    if (id->kind == SGC_PAGE_TABLE) page[17] = id->level; /* nodes keep theirs */
}

/* Makes the page at id->at (0: none yet) one of this flush; id->at is then its place. */
static sgc_status copy_on_write(sgc_flush *flush, sgc_page_id *id, uint8_t **page, sgc_error *error)
{
    sgc_cache *cache = &flush->pages->cache;
    uint32_t old = 0, fresh;
    sgc_page_at before = id->at;
    sgc_status status = SGC_OK;

    if (before.place && before.checkpoint == flush->image.number)
        return own_page(flush, id, page, error);
    if (before.place) status = sgc_cache_pin(cache, id, &old, error);
    if (status) return status;
    status = new_frame(flush, id, &fresh, error);
    if (status == SGC_OK) {
        *page = sgc_frame_data(cache, fresh);
        if (old) {
            memcpy(*page, sgc_frame_data(cache, old), SGC_PAGE_SIZE);
        } else {
            memset(*page, 0, SGC_PAGE_SIZE);
        }
        put_head(flush, id, *page);
    }
    if (old) sgc_cache_unpin(cache, old);
    if (status == SGC_OK && old) status = remember(&flush->replaced, before.place, error);
    return status;
}

/* The place is not needed by the new checkpoint. A page table may name any. */
static sgc_status release_place(sgc_flush *flush, sgc_page_at at, sgc_error *error)
{
    if (at.place == 0 || at.place >= sgc_space_places(&flush->pages->space)) {
        return sgc_fail(error, SGC_CORRUPT, "pages: a page table names place %u, which cannot be",
                        (unsigned)at.place);
    }
    if (at.checkpoint != flush->image.number) return remember(&flush->replaced, at.place, error);
    sgc_cache *cache = &flush->pages->cache;
    const sgc_cell *cell = sgc_place_cell(cache, at.place);
    uint32_t frame = cell ? atomic_load(cell) : 0;
    sgc_cache_drop(cache, at.place, frame && sgc_flush_dirties(flush, frame));
    sgc_space_give(&flush->pages->space, at.place);
    return SGC_OK;
}

/* ---- page tables ---- */

/* The page of the page table at `level` above `logical`, ready to be changed. */
static sgc_status table_page(sgc_flush *flush, sgc_tree *tree, uint32_t logical, unsigned level,
                             uint8_t **page, sgc_error *error)
{
    uint32_t position = level + 1 < SGC_TABLE_LEVELS ? logical / reach[level + 1] : 0;
    sgc_page_id id = {tree->root, tree->id, position, SGC_PAGE_TABLE, (uint8_t)level};
    uint8_t *parent = NULL;

    if (level + 1 < tree->depth) {
        sgc_status status = table_page(flush, tree, logical, level + 1, &parent, error);
        if (status) return status;
        parent += SGC_PAGE_HEAD + 8 * (size_t)(position % SGC_TABLE_FAN);
        id.at = sgc_place_load(parent);
    }
    sgc_status status = copy_on_write(flush, &id, page, error);
    if (status) return status;
    if (parent) {
        sgc_place_store(parent, id.at);
    } else {
        tree->root = id.at;
    }
    return SGC_OK;
}

static sgc_status entry_of(sgc_flush *flush, sgc_tree *tree, uint32_t logical, uint8_t **entry,
                           sgc_error *error)
{
    sgc_status status = table_page(flush, tree, logical, 0, entry, error);

    if (status == SGC_OK) *entry += SGC_PAGE_HEAD + 8 * (size_t)(logical % SGC_TABLE_FAN);
    return status;
}

/* One more level when `logical` does not fit below the root. */
static sgc_status deepen(sgc_flush *flush, sgc_tree *tree, uint32_t logical, sgc_error *error)
{
    if (tree->depth > 0 && (tree->depth == SGC_TABLE_LEVELS || logical < reach[tree->depth]))
        return SGC_OK;
    sgc_page_id id = {{0, 0}, tree->id, 0, SGC_PAGE_TABLE, tree->depth};
    uint8_t *page;
    sgc_status status = copy_on_write(flush, &id, &page, error);
    if (status) return status;
    if (tree->depth > 0) sgc_place_store(page + SGC_PAGE_HEAD, tree->root);
    tree->root = id.at;
    tree->depth++;
    return SGC_OK;
}

/* ---- pages ---- */

static sgc_known_page *known_page(const sgc_flush *flush, const sgc_tree *tree, uint32_t logical)
{
    uint32_t mixed = (logical + tree->id * 0x9E3779B1U) * 0x85EBCA6BU;

    return &flush->known[mixed >> 20 & (SGC_KNOWN_PAGES - 1)];
}

static void forget_known(sgc_flush *flush)
{
    memset(flush->known, 0, SGC_KNOWN_PAGES * sizeof *flush->known);
}

static sgc_status find_for_write(sgc_flush *flush, sgc_tree *tree, uint32_t logical,
                                 sgc_page_kind kind, uint8_t **page, sgc_error *error)
{
    sgc_page_id id = {.tree = tree->id, .logical = logical, .kind = (uint8_t)kind};
    sgc_status status = sgc_tree_look_up(&flush->pages->cache, tree, logical, &id.at, error);

    if (status) return status;
    if (id.at.place == 0) return sgc_page_mismatch(&id, "there is no such page", error);
    if (id.at.checkpoint == flush->image.number) return own_page(flush, &id, page, error);
    uint8_t *entry;
    status = entry_of(flush, tree, logical, &entry, error);
    if (status == SGC_OK) status = copy_on_write(flush, &id, page, error);
    if (status == SGC_OK) sgc_place_store(entry, id.at);
    return status;
}

sgc_status sgc_write_page(sgc_flush *flush, sgc_tree *tree, uint32_t logical, sgc_page_kind kind,
                          uint8_t **page, sgc_error *error)
{
    sgc_known_page *known = known_page(flush, tree, logical);

    if (known->page && known->tree == tree->id && known->logical == logical &&
        sgc_page_kind_of(known->page) == kind) {
        *page = known->page;
        return SGC_OK;
    }
    sgc_status status = find_for_write(flush, tree, logical, kind, page, error);
    if (status == SGC_OK) *known = (sgc_known_page){tree->id, logical, *page};
    return status;
}

static sgc_status take_logical(sgc_flush *flush, sgc_tree *tree, uint32_t *logical, uint8_t **entry,
                               sgc_error *error)
{
    if (tree->free_page) {
        *logical = tree->free_page - 1;
        if (*logical >= tree->pages)
            return sgc_tree_damaged(tree, *logical, "no such free page", error);
        sgc_status status = entry_of(flush, tree, *logical, entry, error);
        if (status) return status;
        if (sgc_load32(*entry) != 0)
            return sgc_tree_damaged(tree, *logical, "in use and free at once", error);
        tree->free_page = sgc_load32(*entry + 4);
        return SGC_OK;
    }
    if (tree->pages == UINT32_MAX)
        return sgc_fail(error, SGC_LIMIT, "tree %u has 2^32 pages", (unsigned)tree->id);
    *logical = tree->pages;
    sgc_status status = deepen(flush, tree, *logical, error);
    if (status) return status;
    tree->pages++;
    return entry_of(flush, tree, *logical, entry, error);
}

sgc_status sgc_write_reserve(sgc_flush *flush, sgc_tree *tree, uint32_t count, sgc_error *error)
{
    if (count > UINT32_MAX - tree->pages)
        return sgc_fail(error, SGC_LIMIT, "tree %u has 2^32 pages", (unsigned)tree->id);
    if (count == 0) return SGC_OK;
    tree->pages += count;
    sgc_status status = SGC_OK;
    while (status == SGC_OK && (tree->depth == 0 || (tree->depth < SGC_TABLE_LEVELS &&
                                                     tree->pages > reach[tree->depth])))
        status = deepen(flush, tree, tree->pages - 1, error);
    return status;
}

sgc_status sgc_write_first(sgc_flush *flush, sgc_tree *tree, uint32_t logical, sgc_page_kind kind,
                           uint8_t **page, sgc_error *error)
{
    uint8_t *entry;
    sgc_page_id id = {{0, 0}, tree->id, logical, (uint8_t)kind, 0};
    sgc_status status = entry_of(flush, tree, logical, &entry, error);

    if (status == SGC_OK) status = copy_on_write(flush, &id, page, error);
    if (status == SGC_OK) sgc_place_store(entry, id.at);
    return status;
}

sgc_status sgc_write_new(sgc_flush *flush, sgc_tree *tree, sgc_page_kind kind, uint32_t *logical,
                         uint8_t **page, sgc_error *error)
{
    uint8_t *entry;
    sgc_status status = take_logical(flush, tree, logical, &entry, error);

    if (status) return status;
    sgc_page_id id = {{0, 0}, tree->id, *logical, (uint8_t)kind, 0};
    status = copy_on_write(flush, &id, page, error);
    if (status == SGC_OK) sgc_place_store(entry, id.at);
    return status;
}

sgc_status sgc_write_free(sgc_flush *flush, sgc_tree *tree, uint32_t logical, sgc_error *error)
{
    uint8_t *entry;
    sgc_status status = entry_of(flush, tree, logical, &entry, error);

    if (status) return status;
    sgc_page_at at = sgc_place_load(entry);
    if (at.place == 0) return sgc_tree_damaged(tree, logical, "freed twice", error);
    known_page(flush, tree, logical)->page = NULL;
    status = release_place(flush, at, error);
    sgc_place_store(entry, (sgc_page_at){0, tree->free_page});
    tree->free_page = logical + 1;
    return status;
}

static sgc_status clear_below(sgc_flush *flush, const sgc_tree *tree, sgc_page_at at,
                              uint32_t position, unsigned level, sgc_error *error)
{
    sgc_page_id id = {at, tree->id, position, SGC_PAGE_TABLE, (uint8_t)level};
    uint32_t frame;
    sgc_status status = sgc_cache_pin(&flush->pages->cache, &id, &frame, error);

    if (status) return status;
    const uint8_t *page = sgc_frame_data(&flush->pages->cache, frame) + SGC_PAGE_HEAD;
    for (uint32_t i = 0; status == SGC_OK && i < SGC_TABLE_FAN; i++) {
        sgc_page_at child = sgc_place_load(page + 8 * (size_t)i);
        if (child.place == 0) continue;
        status = level == 0 ? release_place(flush, child, error)
                            : clear_below(flush, tree, child, position * SGC_TABLE_FAN + i,
                                          level - 1, error);
    }
    sgc_cache_unpin(&flush->pages->cache, frame);
    return status ? status : release_place(flush, at, error);
}

sgc_status sgc_write_clear(sgc_flush *flush, sgc_tree *tree, sgc_error *error)
{
    sgc_status status = SGC_OK;

    /* Its pages may be made anew with the same numbers. */
    forget_known(flush);
    if (tree->depth > 0) status = clear_below(flush, tree, tree->root, 0, tree->depth - 1U, error);
    tree->depth = 0;
    tree->root = (sgc_page_at){0, 0};
    tree->pages = 0;
    tree->free_page = 0;
    tree->count = 0;
    return status;
}

/* ---- moving pages to the front ---- */

/* One page at or behind `end`, if there is a free place for it. */
static sgc_status move_page(sgc_flush *flush, sgc_tree *tree, uint32_t logical, uint32_t end,
                            sgc_error *error)
{
    sgc_cache *cache = &flush->pages->cache;
    sgc_page_id id = {.tree = tree->id, .logical = logical};
    size_t got = 0;
    uint8_t head[SGC_PAGE_HEAD], *page;
    sgc_status status = sgc_tree_look_up(cache, tree, logical, &id.at, error);

    if (status || id.at.place < end || id.at.checkpoint == flush->image.number) return status;
    status = flush->pages->os->read(flush->pages->os->self, flush->pages->pages_file,
                                    (uint64_t)id.at.place * SGC_PAGE_SIZE, head, sizeof head, &got);
    if (status) return sgc_fail(error, status, "%s", sgc_os_file_error());
    if (got != sizeof head) return sgc_page_mismatch(&id, "behind the end of the file", error);
    /* A wrong kind is found when the page is loaded under it. */
    return sgc_write_page(flush, tree, logical, (sgc_page_kind)sgc_page_kind_of(head), &page,
                          error);
}

static sgc_status move_tree(sgc_flush *flush, sgc_tree *tree, uint32_t end, size_t limit,
                            sgc_error *error)
{
    sgc_status status = SGC_OK;

    for (uint32_t i = 0; status == SGC_OK && i < tree->pages; i++) {
        /* The page itself and the pages of the page table above it. */
        if (sgc_space_free(&flush->pages->space) <= SGC_TABLE_LEVELS) break;
        if (flush->allocated.count >= limit) break;
        status = sgc_flush_relieve(flush, error);
        if (status == SGC_OK) status = move_page(flush, tree, i, end, error);
    }
    return status;
}

/* Until the flush has taken `limit` places. */
static sgc_status move_pages(sgc_flush *flush, size_t limit, sgc_error *error)
{
    sgc_space *space = &flush->pages->space;
    uint32_t end = sgc_space_places(space) - sgc_space_free(space);
    sgc_status status = SGC_OK;

    for (uint32_t i = 0; status == SGC_OK && i < SGC_ROOT_TREES; i++)
        if (i != SGC_ROOT_FREE) /* written anew in any case */
            status = move_tree(flush, &flush->image.root_trees[i], end, limit, error);
    for (uint32_t i = 0; status == SGC_OK && i < flush->image.tree_count; i++)
        status = move_tree(flush, &flush->image.trees[i], end, limit, error);
    if (status) flush->broken = status;
    return status;
}

sgc_status sgc_flush_compact(sgc_flush *flush, sgc_error *error)
{
    if (flush->broken) return sgc_fail(error, flush->broken, "the flush has failed before");
    return move_pages(flush, SIZE_MAX, error);
}

sgc_status sgc_flush_give_back(sgc_flush *flush, sgc_error *error)
{
    uint32_t count = sgc_space_free(&flush->pages->space);

    if (count < FREE_LEAST || count < sgc_space_places(&flush->pages->space) / 4) return SGC_OK;
    return move_pages(flush, 2 * flush->allocated.count + MOVED_LEAST, error);
}

/* ---- to the file ---- */

/* Sorting by place: radix by 11 bits, three rounds. */
static void sort_by_place(const sgc_cache *cache, uint32_t *frames, uint32_t *other, size_t count)
{
    for (unsigned shift = 0; shift < 33; shift += 11) {
        size_t starts[2049] = {0};
        for (size_t i = 0; i < count; i++)
            starts[(atomic_load(&cache->frames[frames[i]].place) >> shift & 2047) + 1]++;
        for (size_t i = 1; i < 2049; i++)
            starts[i] += starts[i - 1];
        for (size_t i = 0; i < count; i++) {
            uint32_t place = atomic_load(&cache->frames[frames[i]].place);
            other[starts[place >> shift & 2047]++] = frames[i];
        }
        memcpy(frames, other, count * sizeof *frames);
    }
}

/* How many frames from frames[0] on hold neighbours; *one: they are neighbours in memory, too. */
static size_t run_length(const sgc_cache *cache, const uint32_t *frames, size_t count, bool *one)
{
    uint32_t first = atomic_load(&cache->frames[frames[0]].place);
    size_t n = 1;

    *one = true;
    for (; n < count && n < STAGING_PAGES; n++) {
        if (atomic_load(&cache->frames[frames[n]].place) != first + n) break;
        *one = *one && frames[n] == frames[0] + n;
    }
    return n;
}

/* Writes the run of neighbours that starts at frames[0]; *done: how many. */
static sgc_status write_run(sgc_flush *flush, const uint32_t *frames, size_t count, size_t *done,
                            sgc_error *error)
{
    sgc_pages *pages = flush->pages;
    uint32_t first = atomic_load(&pages->cache.frames[frames[0]].place);
    bool one;
    size_t n = run_length(&pages->cache, frames, count, &one);
    const uint8_t *from = one ? sgc_frame_data(&pages->cache, frames[0]) : flush->staging;

    for (size_t i = 0; i < n; i++) {
        uint8_t *page = sgc_frame_data(&pages->cache, frames[i]);
        sgc_store32(page, sgc_crc32c(0, page + 4, SGC_PAGE_SIZE - 4));
        if (!one) memcpy(flush->staging + i * SGC_PAGE_SIZE, page, SGC_PAGE_SIZE);
    }
    *done = n;
    sgc_status status = pages->os->write(pages->os->self, pages->pages_file,
                                         (uint64_t)first * SGC_PAGE_SIZE, from, n * SGC_PAGE_SIZE);
    if (status) {
        if (!flush->is_load) atomic_store(&pages->failed, true);
        return sgc_fail(error, status, "%s", sgc_os_file_error());
    }
    atomic_fetch_add_explicit(&pages->pages_written, n, memory_order_relaxed);
    return SGC_OK;
}

/* Frames still dirty, each once, at the front of the list. One that was freed may be a load's by
 * now, or a flush's. */
static size_t collect_dirty(sgc_flush *flush)
{
    size_t count = 0;

    for (size_t i = 0; i < flush->dirty_count; i++) {
        if (!sgc_flush_dirties(flush, flush->dirty[i])) continue; /* or it is listed twice */
        mark(flush, flush->dirty[i], SGC_CLEAN);
        flush->dirty[count++] = flush->dirty[i];
    }
    flush->dirty_count = 0;
    return count;
}

/* Nobody reads what a load has written yet: its frames are for its next pages, and what others have
 * in the cache stays there. But frames that were never used may keep its indexes, which who writes
 * next needs a page of here and there. */
static void let_go(sgc_flush *flush, uint32_t frame, bool room)
{
    sgc_cache *cache = &flush->pages->cache;
    const sgc_frame *one = &cache->frames[frame];

    if (!flush->is_load || (room && one->kind != SGC_PAGE_ROWS)) {
        sgc_cache_unpin(cache, frame);
    } else {
        sgc_cache_drop(cache, atomic_load(&one->place), true);
    }
}

sgc_status sgc_flush_write_out(sgc_flush *flush, sgc_error *error)
{
    sgc_status status = SGC_OK;
    size_t done;

    if (flush->dirty_count == 0) return SGC_OK;
    if (!flush->staging) flush->staging = sgc_alloc((size_t)STAGING_PAGES * SGC_PAGE_SIZE);
    uint32_t *other = sgc_alloc(flush->dirty_count * sizeof *other);
    if (!flush->staging || !other) {
        sgc_free(other);
        return no_memory(error);
    }
    forget_known(flush);
    size_t count = collect_dirty(flush);
    sort_by_place(&flush->pages->cache, flush->dirty, other, count);
    sgc_free(other);
    for (size_t i = 0; status == SGC_OK && i < count; i += done)
        status = write_run(flush, flush->dirty + i, count - i, &done, error);
    bool room = flush->is_load && sgc_cache_has_room(&flush->pages->cache);
    for (size_t i = 0; i < count; i++)
        let_go(flush, flush->dirty[i], room);
    return status;
}

sgc_status sgc_flush_relieve(sgc_flush *flush, sgc_error *error)
{
    if (flush->dirty_count < flush->dirty_limit) return SGC_OK;
    return sgc_flush_write_out(flush, error);
}
