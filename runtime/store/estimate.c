/*
 * estimate.c - about how many entries of an index lie in a range, without walking it. The trees
 * themselves say it: both bounds are looked up, and the positions at which their paths part are
 * counted up level by level (the way of InnoDB's records_in_range). So there are no statistics to
 * collect and none that grow old; what it costs is two look-ups.
 */
#include "store/image.h"
#include "store/node.h"

/* Where a bound leads in the node of one level: child, or entry of the leaf, of `count`. */
typedef struct step {
    unsigned at, count;
} step;

/* A null bound: behind everything when `end`, else in front of it. */
static sgc_status descend(sgc_cache *cache, const sgc_tree *tree, sgc_str bound, bool end,
                          step *path, sgc_error *error)
{
    uint32_t logical = tree->a;

    for (unsigned level = tree->b; level-- > 0;) {
        const uint8_t *node;
        uint32_t frame;
        sgc_status status = sgc_tree_pin(cache, tree, logical, SGC_PAGE_NODE, &frame, &node, error);
        if (status) return status;
        sgc_node_list list = sgc_node_list_of(node);
        unsigned at = end ? list.count : 0;
        bool sound = sgc_page_level(node) == level;
        if (sound && !sgc_str_is_null(bound)) at = sgc_node_search(&list, bound, level > 0);
        if (sound && level > 0) logical = sgc_node_child(&list, at);
        sgc_cache_unpin(cache, frame);
        if (!sound) return sgc_tree_damaged(tree, logical, "a node of the wrong level", error);
        path[level] = (step){at, list.count};
    }
    return SGC_OK;
}

/*
 * As long as both paths go through the same nodes, only the distance in the last of them counts;
 * in a single leaf, or in two neighbours, the answer is exact. Where whole nodes lie between them,
 * those are taken to be as full as the two on the paths are, and leaves as full as leaves of this
 * tree are on average.
 */
static uint64_t between(const sgc_tree *tree, const step *from, const step *to)
{
    uint64_t gap = 0, leaf = tree->count / (tree->pages ? tree->pages : 1) + 1;
    bool parted = false;

    for (unsigned level = tree->b; level-- > 0;) {
        const step *a = &from[level], *b = &to[level];
        if (parted) {
            uint64_t full = level == 0 ? leaf : (a->count + b->count) / 2 + 1;
            gap = gap * full + (a->count - a->at) + b->at;
        } else {
            if (b->at < a->at) return 0;
            gap = b->at - a->at;
            parted = gap > 0;
            if (parted && level > 0) gap--;
        }
        if (gap > tree->count) gap = tree->count;
    }
    return gap;
}

sgc_status sgc_checkpoint_estimate(sgc_checkpoint *checkpoint, uint16_t table, uint16_t index,
                                   sgc_str from, sgc_str to, uint64_t *entries, sgc_error *error)
{
    const sgc_tree *tree =
        sgc_image_tree(&checkpoint->image, table, SGC_TREE_OF_INDEX + (unsigned)index);
    sgc_cache *cache = &checkpoint->pages->cache;
    step low[SGC_TREE_LEVELS], high[SGC_TREE_LEVELS];

    *entries = tree->count;
    if (tree->b == 0 || (sgc_str_is_null(from) && sgc_str_is_null(to))) return SGC_OK;
    if (tree->b >= SGC_TREE_LEVELS)
        return sgc_tree_damaged(tree, tree->a, "too many levels", error);
    sgc_status status = descend(cache, tree, from, false, low, error);
    if (status == SGC_OK) status = descend(cache, tree, to, true, high, error);
    if (status == SGC_OK) *entries = between(tree, low, high);
    return status;
}
