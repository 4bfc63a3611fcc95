/* tree.c - reading pages of a tree: page tables and streams of bytes. Changing them is write.c. */
#include "store/image.h"

sgc_status sgc_tree_damaged(const sgc_tree *tree, uint32_t logical, const char *why,
                            sgc_error *error)
{
    return sgc_fail(error, SGC_CORRUPT, "pages: tree %u, page %u: %s", (unsigned)tree->id,
                    (unsigned)logical, why);
}

void sgc_tree_will_read(sgc_pages *pages, const sgc_tree *tree, uint32_t logical)
{
    sgc_page_at at;

    if (logical >= tree->pages || sgc_tree_look_up(&pages->cache, tree, logical, &at, NULL)) return;
    if (at.place == 0 || sgc_cache_foresee(&pages->cache, at.place)) return;
    pages->os->will_read(pages->os->self, pages->pages_file, (uint64_t)at.place * SGC_PAGE_SIZE,
                         SGC_PAGE_SIZE);
}

/* Keeps the lowest page of a page table pinned for the checkpoint, unless too many are. */
static bool keep_table(sgc_cache *cache, const sgc_tree *tree, uint32_t position, uint32_t frame)
{
    uint32_t left = atomic_load_explicit(&cache->tables_left, memory_order_relaxed), none = 0;

    do {
        if (left == 0) return false;
    } while (!atomic_compare_exchange_weak(&cache->tables_left, &left, left - 1));
    if (atomic_compare_exchange_strong(&tree->tables[position], &none, frame)) return true;
    atomic_fetch_add(&cache->tables_left, 1);
    return false;
}

void sgc_tree_keep_none(sgc_cache *cache, sgc_tree *tree)
{
    for (uint32_t i = 0; tree->tables && i < sgc_tree_table_count(tree); i++) {
        uint32_t frame = atomic_load(&tree->tables[i]);
        if (frame == 0) continue;
        sgc_cache_unpin(cache, frame);
        atomic_fetch_add(&cache->tables_left, 1);
    }
    tree->tables = NULL;
}

static sgc_status walk_table(sgc_cache *cache, const sgc_tree *tree, uint32_t logical,
                             sgc_page_at *at, sgc_error *error)
{
    uint32_t index[SGC_TABLE_LEVELS], position[SGC_TABLE_LEVELS];
    uint32_t rest = logical;

    for (unsigned level = 0; level < tree->depth; level++) {
        index[level] = rest % SGC_TABLE_FAN;
        rest /= SGC_TABLE_FAN;
        position[level] = rest;
    }
    *at = tree->root;
    for (unsigned level = tree->depth; level-- > 0;) {
        sgc_page_id id = {*at, tree->id, position[level], SGC_PAGE_TABLE, (uint8_t)level};
        uint32_t frame;
        sgc_status status = sgc_cache_pin(cache, &id, &frame, error);
        if (status) return status;
        const uint8_t *page = sgc_frame_data(cache, frame);
        *at = sgc_place_load(page + SGC_PAGE_HEAD + 8 * (size_t)index[level]);
        if (level == 0 && tree->tables && keep_table(cache, tree, position[0], frame)) break;
        sgc_cache_unpin(cache, frame);
    }
    return SGC_OK;
}

sgc_status sgc_tree_look_up(sgc_cache *cache, const sgc_tree *tree, uint32_t logical,
                            sgc_page_at *at, sgc_error *error)
{
    if (sgc_tree_look_up_kept(cache, tree, logical, at)) return SGC_OK;
    if (logical >= tree->pages) return sgc_tree_damaged(tree, logical, "no such page", error);
    return walk_table(cache, tree, logical, at, error);
}

sgc_status sgc_tree_load(sgc_cache *cache, const sgc_tree *tree, uint32_t logical,
                         sgc_page_kind kind, uint32_t *frame, const uint8_t **page,
                         sgc_error *error)
{
    sgc_page_id id = {.tree = tree->id, .logical = logical, .kind = (uint8_t)kind};
    sgc_status status = sgc_tree_look_up(cache, tree, logical, &id.at, error);

    if (status == SGC_OK) status = sgc_cache_pin(cache, &id, frame, error);
    if (status) return status;
    *page = sgc_frame_data(cache, *frame);
    return SGC_OK;
}

/* Only the head is read: the page itself is checked by whoever loads it as what it says it is. */
sgc_status sgc_tree_kind_at(sgc_pages *pages, const sgc_tree *tree, uint32_t logical,
                            unsigned *kind, sgc_error *error)
{
    sgc_page_at at;
    size_t got = 0;
    uint8_t head[SGC_PAGE_HEAD];
    const sgc_os *os = pages->os;
    sgc_status status = sgc_tree_look_up(&pages->cache, tree, logical, &at, error);

    *kind = 0;
    if (status || at.place == 0) return status;
    status = os->read(os->self, pages->pages_file, (uint64_t)at.place * SGC_PAGE_SIZE, head,
                      sizeof head, &got);
    if (status) return sgc_fail(error, status, "%s", sgc_os_file_error());
    if (got == sizeof head) *kind = sgc_page_kind_of(head);
    return SGC_OK;
}

sgc_status sgc_tree_read_bytes(sgc_cache *cache, const sgc_tree *tree, void *out, size_t size,
                               sgc_error *error)
{
    uint8_t *to = out;

    for (uint32_t i = 0; size > 0; i++) {
        size_t part = size < SGC_PAGE_BODY ? size : SGC_PAGE_BODY;
        const uint8_t *page;
        uint32_t frame;
        sgc_status status = sgc_tree_pin(cache, tree, i, SGC_PAGE_BYTES, &frame, &page, error);
        if (status) return status;
        memcpy(to, page + SGC_PAGE_HEAD, part);
        sgc_cache_unpin(cache, frame);
        to += part;
        size -= part;
    }
    return SGC_OK;
}
