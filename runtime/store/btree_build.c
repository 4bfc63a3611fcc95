/*
 * btree_build.c - builds a B+tree out of entries that come in order, however many: one node of each
 * level is open, full ones (SGC_NODE_BUILT) are written, and their places go to the level above.
 * Changing a tree that is there is btree_write.c.
 */
#include "store/image.h"
#include "store/node.h"

/* The open node of one level. */
typedef struct sgc_build_level {
    sgc_item *items;
    size_t count, capacity;
    sgc_node_size size;
    sgc_arena arena; /* keys of the items */
    uint64_t nodes;  /* written so far */
} build_level;

static sgc_status no_memory(sgc_error *error)
{
    return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
}

static bool copy_key(build_level *own, sgc_item *item)
{
    uint8_t *key = sgc_arena_alloc(&own->arena, item->size);

    if (!key) return false;
    if (item->size) memcpy(key, item->key, item->size);
    item->key = key;
    return true;
}

static void empty(build_level *own, bool key_sizes)
{
    own->count = 0;
    own->size = (sgc_node_size){.keys = key_sizes};
    sgc_arena_reset(&own->arena);
}

static bool sizes_at(const sgc_index_builder *builder, unsigned height)
{
    return builder->key_sizes && height == 0;
}

/* Whether the node has room for the item; the first key of an inner node is not stored. */
static bool takes(build_level *own, unsigned height, const sgc_item *item)
{
    return (height > 0 && own->count == 0) || sgc_node_take(&own->size, item, SGC_NODE_BUILT);
}

static sgc_status add(sgc_index_builder *builder, unsigned height, const sgc_item *item,
                      sgc_error *error);

/* Writes the open node; its first item's key separates it from the one before. */
static sgc_status write_node(sgc_index_builder *builder, unsigned height, uint32_t *logical,
                             sgc_error *error)
{
    build_level *own = &builder->levels[height];
    uint8_t *page;
    sgc_status status = sgc_flush_relieve(builder->flush, error);

    if (status == SGC_OK)
        status = sgc_write_new(builder->flush, builder->tree, SGC_PAGE_NODE, logical, &page, error);
    if (status) return status;
    sgc_node_fill(page, own->items, height, &own->size);
    own->nodes++;
    return SGC_OK;
}

/* The open node is full: it goes to the file and to the level above; `next` will be the first of
 * the one behind it. */
static sgc_status close_node(sgc_index_builder *builder, unsigned height, sgc_error *error)
{
    build_level *own = &builder->levels[height];
    sgc_item child = {.key = own->items[0].key, .size = own->items[0].size};
    uint32_t logical;

    if (height + 1 == SGC_TREE_LEVELS)
        return sgc_fail(error, SGC_LIMIT, "an index has too many levels");
    if (height == 0) child.size = own->items[0].used;
    if (own->nodes == 0) child.size = 0;
    sgc_status status = write_node(builder, height, &logical, error);
    child.value = logical;
    return status ? status : add(builder, height + 1, &child, error);
}

static sgc_status add(sgc_index_builder *builder, unsigned height, const sgc_item *item,
                      sgc_error *error)
{
    build_level *own = &builder->levels[height];
    sgc_item copy = *item;
    uint8_t first[SGC_ENTRY_MAX];

    if (!SGC_GROW(own->items, own->count, own->capacity) || !copy_key(own, &copy))
        return no_memory(error);
    if (!takes(own, height, &copy)) {
        const sgc_item *last = &own->items[own->count - 1];
        size_t shared = sgc_common_prefix(last->key, last->size, copy.key, copy.size);
        sgc_status status = SGC_OK;
        if (copy.size) memcpy(first, copy.key, copy.size);
        status = close_node(builder, height, error);
        if (status) return status;
        empty(own, sizes_at(builder, height));
        copy.key = first;
        /* The shortest text that is behind the last entry of the node before. */
        copy.used = (uint16_t)(shared + 1);
        if (!copy_key(own, &copy)) return no_memory(error);
        (void)takes(own, height, &copy);
    }
    own->items[own->count++] = copy;
    return SGC_OK;
}

sgc_status sgc_index_build_start(sgc_index_builder *builder, sgc_flush *flush, sgc_tree *tree,
                                 bool with_key_size, sgc_error *error)
{
    *builder = (sgc_index_builder){.flush = flush, .tree = tree, .key_sizes = with_key_size};
    builder->levels = sgc_alloc_zero(SGC_TREE_LEVELS, sizeof *builder->levels);
    if (!builder->levels) return no_memory(error);
    builder->levels[0].size.keys = with_key_size;
    return SGC_OK;
}

sgc_status sgc_index_build_add(sgc_index_builder *builder, sgc_str entry, uint16_t key_size,
                               uint64_t row, sgc_error *error)
{
    sgc_item item = {.key = (const uint8_t *)entry.data,
                     .value = row,
                     .size = (uint16_t)entry.size,
                     .key_size = key_size};

    builder->tree->count++;
    return add(builder, 0, &item, error);
}

/* Level by level; the first that never had another node is the root's. */
sgc_status sgc_index_build_end(sgc_index_builder *builder, sgc_error *error)
{
    sgc_tree *tree = builder->tree;
    sgc_status status = SGC_OK;
    unsigned height = 0;

    tree->a = tree->b = 0;
    if (tree->count == 0) return SGC_OK;
    while (status == SGC_OK && builder->levels[height].nodes > 0)
        status = close_node(builder, height++, error);
    if (status == SGC_OK) status = write_node(builder, height, &tree->a, error);
    tree->b = height + 1;
    return status;
}

void sgc_index_build_free(sgc_index_builder *builder)
{
    for (size_t i = 0; builder->levels && i < SGC_TREE_LEVELS; i++) {
        sgc_arena_free(&builder->levels[i].arena);
        sgc_free(builder->levels[i].items);
    }
    sgc_free(builder->levels);
    builder->levels = NULL;
}
