/*
 * find.c - one row by an entry of an index: what cursor.c would find first, without the places in
 * the tree that a walk has to remember.
 */
#include "store/image.h"
#include "store/node.h"

enum { LINES_OF_HEADS = 8 };

typedef struct search {
    sgc_checkpoint *checkpoint;
    sgc_cache *cache;
    const sgc_tree *tree, *rows;
    sgc_str prefix;
} search;

/* The page that is probably read next, so that the processor can begin to fetch it; or NULL. */
static const uint8_t *foresee(const search *own, const sgc_tree *tree, uint32_t logical)
{
    sgc_page_at at;

    if (!sgc_tree_look_up_kept(own->cache, tree, logical, &at)) return NULL;
    uint32_t frame = sgc_cache_foresee(own->cache, at.place);
    return frame ? sgc_frame_data(own->cache, frame) : NULL;
}

static void foresee_leaf(const search *own, uint32_t logical)
{
    const uint8_t *page = foresee(own, own->tree, logical);

    for (unsigned i = 0; page && i < LINES_OF_HEADS; i++)
        __builtin_prefetch(page + (size_t)i * SGC_MEMORY_LINE);
}

/*
 * Looks into the leaf; *behind: the first entry that is not smaller lies in a later leaf. The page
 * of the row that the heads speak for is fetched while the entry is compared.
 */
static sgc_status look(const search *own, const sgc_node_list *leaf, uint64_t *row, bool *behind)
{
    sgc_node_span span = sgc_node_narrow(leaf, own->prefix);
    bool within;

    if (span.low < leaf->count) {
        uint64_t likely = sgc_node_value(leaf, span.low);
        const uint8_t *page = foresee(own, own->rows, (uint32_t)(likely >> 8));
        if (page) sgc_row_foresee_slot(page, likely & 0xFF);
    }
    unsigned at = sgc_node_settle(leaf, &span, false, &within);
    *behind = at == leaf->count;
    if (*behind) return SGC_NOT_FOUND;
    *row = sgc_node_value(leaf, at);
    return within || sgc_node_list_within(leaf, at, own->prefix) ? SGC_OK : SGC_NOT_FOUND;
}

static sgc_status descend(const search *own, uint64_t *row, bool *behind, sgc_error *error)
{
    uint32_t logical = own->tree->a, frame;
    sgc_status status = SGC_OK;

    *behind = false;
    for (unsigned level = own->tree->b; status == SGC_OK && level-- > 0;) {
        const uint8_t *node;
        status = sgc_tree_pin(own->cache, own->tree, logical, SGC_PAGE_NODE, &frame, &node, error);
        if (status) return status;
        sgc_node_list list = sgc_node_list_of(node);
        if (sgc_page_level(node) != level) {
            status = sgc_tree_damaged(own->tree, logical, "a node of the wrong level", error);
        } else if (level > 0) {
            logical = sgc_node_child(&list, sgc_node_search(&list, own->prefix, true));
            if (level == 1) foresee_leaf(own, logical);
        } else {
            status = look(own, &list, row, behind);
        }
        sgc_cache_unpin(own->cache, frame);
    }
    return status;
}

/* The long way, for an entry in the leaf behind the one that the prefix leads to. */
static sgc_status walk(const search *own, uint16_t table, uint16_t index, uint64_t *row,
                       sgc_error *error)
{
    sgc_page_cursor cursor;

    sgc_page_cursor_open(&cursor, own->checkpoint, table, index, false);
    sgc_status status = sgc_page_cursor_seek(&cursor, own->prefix, error);
    if (status == SGC_OK) {
        bool within = cursor.valid && cursor.entry.size >= own->prefix.size &&
                      memcmp(cursor.entry.data, own->prefix.data, own->prefix.size) == 0;
        status = within ? SGC_OK : SGC_NOT_FOUND;
    }
    *row = cursor.own.row;
    sgc_page_cursor_close(&cursor);
    return status;
}

static sgc_status copy_row(const search *own, uint64_t at, sgc_arena *arena, sgc_stored_row *out,
                           sgc_error *error)
{
    uint32_t frame;
    sgc_row row;
    sgc_status status = sgc_row_pin(own->cache, own->rows, at, &frame, &row, error);

    if (status) return status;
    if (row.large) {
        status = sgc_row_read_large(own->cache, own->rows, &row, arena, error);
    } else {
        row.record = sgc_arena_str(arena, row.record);
        if (!row.record.data) status = sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    }
    sgc_cache_unpin(own->cache, frame);
    *out = (sgc_stored_row){row.record, row.begin};
    return status;
}

sgc_status sgc_checkpoint_find(sgc_checkpoint *checkpoint, uint16_t table, uint16_t index,
                               sgc_str prefix, sgc_arena *arena, sgc_stored_row *row,
                               sgc_error *error)
{
    const sgc_tree *trees = sgc_image_tree(&checkpoint->image, table, 0);
    search own = {.checkpoint = checkpoint,
                  .cache = &checkpoint->pages->cache,
                  .tree = &trees[SGC_TREE_OF_INDEX + index],
                  .rows = &trees[SGC_TREE_OF_ROWS],
                  .prefix = prefix};
    uint64_t at = 0;
    bool behind;

    if (own.tree->c != 0) { /* it does not hold all rows yet */
        sgc_status status = walk(&own, table, index, &at, error);
        return status ? status : copy_row(&own, at, arena, row, error);
    }
    if (own.tree->b == 0) return SGC_NOT_FOUND;
    if (own.tree->b >= SGC_TREE_LEVELS)
        return sgc_tree_damaged(own.tree, own.tree->a, "too many levels", error);
    sgc_status status = descend(&own, &at, &behind, error);
    if (behind) status = walk(&own, table, index, &at, error);
    return status ? status : copy_row(&own, at, arena, row, error);
}
