/*
 * btree_write.c - applies a sorted batch of changes to a B+tree: one walk from the root merges the
 * changes of each leaf with its entries and writes the leaf, or the leaves it became, whole; inner
 * nodes follow only when their children changed. Into an empty tree the same walk builds leaves
 * from the bottom. Nodes that became small are joined with a neighbour.
 */
#include "store/image.h"
#include "store/node.h"

enum {
    CAPACITY = SGC_PAGE_BODY,
    SMALL = SGC_PAGE_SIZE / 4, /* used bytes below which a neighbour is looked for */
    FEW = 16,                  /* changes made in a leaf as it stands */
};

typedef struct items {
    sgc_item *items;
    size_t count, capacity;
} items;

/* Room for one node of each level and what becomes of it. */
typedef struct level {
    sgc_arena arena;
    items old, fresh;
} level;

typedef struct job {
    sgc_flush *flush;
    sgc_tree *tree;
    const sgc_entry_changes *changes;
    bool key_sizes;
    level levels[SGC_TREE_LEVELS + 1];
    sgc_error *error;
} job;

static sgc_status no_memory(job *work)
{
    return sgc_fail(work->error, SGC_NO_MEMORY, "out of memory");
}

static bool push(items *list, sgc_item item)
{
    if (!SGC_GROW(list->items, list->count, list->capacity)) return false;
    list->items[list->count++] = item;
    return true;
}

/* A node's key sizes are those of its tree at the leaves and none above. */
static bool sizes_at(const job *work, unsigned height)
{
    return work->key_sizes && height == 0;
}

/* ---- reading a node ---- */

static bool copy_entry(const sgc_node_list *node, unsigned at, sgc_arena *arena, sgc_item *item)
{
    uint8_t entry[SGC_ENTRY_MAX];
    unsigned key_size;
    size_t size = sgc_node_list_entry(node, at, entry, &key_size);
    uint8_t *key = sgc_arena_alloc(arena, size);

    if (!key) return false;
    if (size) memcpy(key, entry, size);
    *item = (sgc_item){.key = key,
                       .value = sgc_node_value(node, at),
                       .size = (uint16_t)size,
                       .key_size = (uint16_t)key_size};
    return true;
}

static bool decode(const uint8_t *page, sgc_arena *arena, items *list)
{
    sgc_node_list node = sgc_node_list_of(page);
    sgc_item item = {.value = sgc_load32(page + 24)};
    bool good = true;

    if (sgc_page_level(page) > 0) good = push(list, item);
    for (unsigned i = 0; good && i < node.count; i++)
        good = copy_entry(&node, i, arena, &item) && push(list, item);
    return good;
}

/* Appends the node's entries or children; the first child of an inner node has no key. */
static sgc_status read_node(job *work, uint32_t logical, unsigned height, sgc_arena *arena,
                            items *list)
{
    sgc_cache *cache = &work->flush->pages->cache;
    const uint8_t *node;
    uint32_t frame;
    sgc_status status =
        sgc_tree_pin(cache, work->tree, logical, SGC_PAGE_NODE, &frame, &node, work->error);

    if (status) return status;
    if (sgc_page_level(node) != height)
        status = sgc_tree_damaged(work->tree, logical, "a node of the wrong level", work->error);
    else if (!decode(node, arena, list))
        status = no_memory(work);
    sgc_cache_unpin(cache, frame);
    return status;
}

/* ---- writing nodes ---- */

#define NO_PAGE UINT32_MAX

static sgc_status write_node(job *work, uint32_t *logical, unsigned height, const sgc_item *list,
                             const sgc_node_size *size)
{
    uint8_t *page;
    sgc_status status = sgc_flush_relieve(work->flush, work->error);

    if (status) return status;
    status =
        *logical == NO_PAGE
            ? sgc_write_new(work->flush, work->tree, SGC_PAGE_NODE, logical, &page, work->error)
            : sgc_write_page(work->flush, work->tree, *logical, SGC_PAGE_NODE, &page, work->error);
    if (status == SGC_OK) sgc_node_fill(page, list, height, size);
    return status;
}

/* The shortest text that is after the last entry of a node and not after the first of the next. */
static void separate(const sgc_item *last, const sgc_item *first, unsigned height, sgc_item *out)
{
    out->key = first->key;
    out->size = first->size;
    if (height > 0) return; /* a separator already */
    out->size = (uint16_t)(1 + sgc_common_prefix(last->key, last->size, first->key, first->size));
}

/* Bytes for each node when the items, which take `used`, do not fit into one. */
static size_t spread(size_t used, size_t count)
{
    /* the same share for each node, one that leaves a tenth free */
    size_t nodes = used / SGC_NODE_BUILT + 1;
    size_t share = used / nodes + used / count / 2;

    return share < CAPACITY ? share : CAPACITY;
}

/* Appends a written node to its parent's list. */
static sgc_status push_child(job *work, uint32_t logical, unsigned height,
                             const sgc_item *separator, size_t used)
{
    level *parent = &work->levels[height + 1];
    uint8_t *key = sgc_arena_alloc(&parent->arena, separator->size);

    if (!key) return no_memory(work);
    if (separator->size) memcpy(key, separator->key, separator->size);
    sgc_item child = {
        .key = key, .size = separator->size, .value = logical, .used = (uint16_t)used};
    return push(&parent->fresh, child) ? SGC_OK : no_memory(work);
}

/* Writes items as one node and appends it to the parent's list. */
static sgc_status write_child(job *work, uint32_t logical, unsigned height, const sgc_item *list,
                              const sgc_node_size *size, const sgc_item *separator)
{
    sgc_status status = write_node(work, &logical, height, list, size);

    if (status) return status;
    return push_child(work, logical, height, separator, sgc_node_bytes(size) + SGC_PAGE_HEAD);
}

/* The same for items that take several, up to `limit` bytes each. */
static sgc_status write_parts(job *work, uint32_t logical, unsigned height, const sgc_item *list,
                              size_t count, size_t limit, sgc_item separator)
{
    sgc_node_size size;

    for (; count > 0; logical = NO_PAGE) {
        size_t fit = sgc_node_fit(list, count, height, sizes_at(work, height), limit, &size);
        sgc_status status = write_child(work, logical, height, list, &size, &separator);
        if (status) return status;
        if (fit < count) separate(&list[fit - 1], &list[fit], height, &separator);
        list += fit;
        count -= fit;
    }
    return SGC_OK;
}

/* Writes items as nodes and appends these to the parent's list; `separator`: of the first one. */
static sgc_status write_nodes(job *work, uint32_t logical, unsigned height, const sgc_item *list,
                              size_t count, bool pack, sgc_item separator)
{
    sgc_node_size size;

    if (count == 0)
        return logical == NO_PAGE ? SGC_OK
                                  : sgc_write_free(work->flush, work->tree, logical, work->error);
    (void)sgc_node_fit(list, count, height, sizes_at(work, height), SIZE_MAX, &size);
    size_t used = sgc_node_bytes(&size), half = count / 2;
    if (used <= CAPACITY) return write_child(work, logical, height, list, &size, &separator);
    if (pack) return write_parts(work, logical, height, list, count, CAPACITY, separator);
    if (used > 2 * (size_t)SGC_NODE_BUILT)
        return write_parts(work, logical, height, list, count, spread(used, count), separator);
    /* By far most often: a node that was full, and halves that need not be weighed. */
    sgc_status status = write_nodes(work, logical, height, list, half, true, separator);
    separate(&list[half - 1], &list[half], height, &separator);
    if (status) return status;
    return write_nodes(work, NO_PAGE, height, list + half, count - half, true, separator);
}

/* ---- leaves ---- */

static int order_of(const job *work, const sgc_item *item, const sgc_entry_change *change)
{
    return sgc_str_compare(sgc_str_of((const char *)item->key, item->size),
                           sgc_change_entry(work->changes, change));
}

static sgc_item item_of(const job *work, const sgc_entry_change *change)
{
    return (sgc_item){.key = work->changes->bytes + change->at + SGC_CHANGE_HEAD,
                      .value = sgc_change_row(work->changes, change),
                      .size = change->size,
                      .key_size = change->key_size};
}

static bool push_change(const job *work, items *out, const sgc_entry_change *change)
{
    sgc_item item = item_of(work, change);

    return item.value == SGC_CHANGE_REMOVE || push(out, item);
}

/* First entry from `from` on that is not before the change. Steps that double, then halves: few
 * changes go into most leaves, and many into some. */
static size_t entries_before(const job *work, const items *old, size_t from,
                             const sgc_entry_change *change)
{
    size_t low = from, high = old->count;

    for (size_t step = 1; low + step <= old->count; step *= 2) {
        if (order_of(work, &old->items[low + step - 1], change) >= 0) {
            high = low + step - 1;
            break;
        }
        low += step;
    }
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (order_of(work, &old->items[middle], change) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool push_all(items *out, const items *from, size_t first, size_t end)
{
    bool good = true;

    while (good && first < end)
        good = push(out, from->items[first++]);
    return good;
}

/* Entries and changes in one list; a change wins over the entry it repeats. */
static bool merge_leaf(const job *work, const items *old, const sgc_entry_change *changes,
                       size_t count, items *out)
{
    size_t i = 0;
    bool good = true;

    for (size_t c = 0; good && c < count; c++) {
        size_t end = entries_before(work, old, i, &changes[c]);
        good = push_all(out, old, i, end) && push_change(work, out, &changes[c]);
        i = end;
        if (i < old->count && order_of(work, &old->items[i], &changes[c]) == 0) i++;
    }
    return good && push_all(out, old, i, old->count);
}

/* What a leaf is like once changes are made in it as it stands. */
typedef struct few {
    size_t used; /* 0: it has to be written anew */
    int64_t more;
} few;

static few after(const job *work, const uint8_t *leaf, const sgc_entry_change *changes,
                 size_t count)
{
    few own = {.used = sgc_node_used(leaf)}, none = {0};

    if (sgc_page_level(leaf) > 0) return none;
    for (size_t i = 0; i < count; i++) {
        sgc_item item = item_of(work, &changes[i]);
        bool goes = item.value == SGC_CHANGE_REMOVE;
        size_t bytes = goes ? sgc_node_shrinkage(leaf, &item) : sgc_node_growth(leaf, &item);
        if (bytes == 0) return none;
        if (i > 0 && order_of(work, &item, &changes[i - 1]) == 0) return none;
        own.used = goes ? own.used - bytes : own.used + bytes;
        own.more += goes ? -1 : 1;
        if (own.used > SGC_PAGE_SIZE) return none;
    }
    return (int64_t)sgc_node_count(leaf) + own.more < 2 ? none : own;
}

/* Few changes, in the leaf as it stands if that can be: then *used is not 0. */
static sgc_status change_few(job *work, uint32_t logical, const sgc_entry_change *changes,
                             size_t count, size_t *used)
{
    sgc_cache *cache = &work->flush->pages->cache;
    const uint8_t *leaf;
    uint8_t *page;
    uint32_t frame;
    sgc_status status =
        sgc_tree_pin(cache, work->tree, logical, SGC_PAGE_NODE, &frame, &leaf, work->error);

    *used = 0;
    if (status) return status;
    few own = after(work, leaf, changes, count);
    sgc_cache_unpin(cache, frame);
    if (own.used == 0) return SGC_OK;
    *used = own.used;
    status = sgc_flush_relieve(work->flush, work->error);
    if (status == SGC_OK)
        status =
            sgc_write_page(work->flush, work->tree, logical, SGC_PAGE_NODE, &page, work->error);
    if (status) return status;
    for (size_t i = 0; i < count; i++) {
        sgc_item item = item_of(work, &changes[i]);
        item.value == SGC_CHANGE_REMOVE ? sgc_node_remove(page, &item)
                                        : sgc_node_insert(page, &item);
    }
    work->tree->count += (uint64_t)own.more;
    return SGC_OK;
}

static sgc_status apply_leaf(job *work, uint32_t logical, const sgc_entry_change *changes,
                             size_t count, sgc_item separator)
{
    level *own = &work->levels[0];
    sgc_status status = SGC_OK;
    size_t used = 0;

    sgc_arena_reset(&own->arena);
    own->old.count = own->fresh.count = 0;
    if (count <= FEW && logical != NO_PAGE)
        status = change_few(work, logical, changes, count, &used);
    if (used) return status ? status : push_child(work, logical, 0, &separator, used);
    if (status == SGC_OK && logical != NO_PAGE)
        status = read_node(work, logical, 0, &own->arena, &own->old);
    if (status) return status;
    bool pack =
        own->old.count == 0 || order_of(work, &own->old.items[own->old.count - 1], changes) < 0;
    if (!merge_leaf(work, &own->old, changes, count, &own->fresh)) return no_memory(work);
    work->tree->count += own->fresh.count;
    work->tree->count -= own->old.count;
    return write_nodes(work, logical, 0, own->fresh.items, own->fresh.count, pack, separator);
}

/* ---- leaves of an empty tree ---- */

enum { AHEAD = 8 }; /* changes whose bytes are fetched early: sorted, they lie anywhere */

static sgc_status build_leaf(job *work, const sgc_node_size *size, sgc_item *separator,
                             const sgc_item *next)
{
    items *list = &work->levels[0].fresh;
    sgc_status status = write_child(work, NO_PAGE, 0, list->items, size, separator);

    if (next) separate(&list->items[list->count - 1], next, 0, separator);
    work->tree->count += list->count;
    list->count = 0;
    return status;
}

/* One leaf after the other; the items point into the changes. */
static sgc_status build_leaves(job *work)
{
    const sgc_entry_changes *changes = work->changes;
    items *list = &work->levels[0].fresh;
    sgc_item separator = {0};
    sgc_node_size node = {.keys = work->key_sizes};
    /* Rows came in order of their keys, and more will most often come behind them. */
    size_t limit = work->key_sizes ? SGC_NODE_BUILT : CAPACITY;
    sgc_status status = SGC_OK;

    list->count = 0;
    for (size_t i = 0; status == SGC_OK && i < changes->count; i++) {
        if (i + AHEAD < changes->count)
            __builtin_prefetch(changes->bytes + changes->items[i + AHEAD].at);
        sgc_item item = item_of(work, &changes->items[i]);
        if (item.value == SGC_CHANGE_REMOVE) continue;
        if (!sgc_node_take(&node, &item, limit)) {
            status = build_leaf(work, &node, &separator, &item);
            node = (sgc_node_size){.keys = work->key_sizes};
            (void)sgc_node_take(&node, &item, limit);
        }
        if (!push(list, item)) return no_memory(work);
    }
    if (status || list->count == 0) return status;
    return build_leaf(work, &node, &separator, NULL);
}

/* ---- joining small nodes ---- */

static sgc_status node_used(job *work, sgc_item *child)
{
    sgc_cache *cache = &work->flush->pages->cache;
    const uint8_t *node;
    uint32_t frame;

    if (child->used) return SGC_OK;
    sgc_status status = sgc_tree_pin(cache, work->tree, (uint32_t)child->value, SGC_PAGE_NODE,
                                     &frame, &node, work->error);
    if (status) return status;
    child->used = sgc_load16(node + 22);
    sgc_cache_unpin(cache, frame);
    return SGC_OK;
}

/* Makes children `at` and `at` + 1 one when they fit; height: of the children. */
static sgc_status join(job *work, items *children, size_t at, unsigned height, bool *joined)
{
    sgc_item *left = &children->items[at], *right = left + 1;
    sgc_arena arena = {0};
    items all = {0};
    sgc_node_size size;
    uint32_t logical = (uint32_t)left->value;

    *joined = false;
    sgc_status status = read_node(work, logical, height, &arena, &all);
    size_t middle = all.count;
    if (status == SGC_OK) status = read_node(work, (uint32_t)right->value, height, &arena, &all);
    if (status == SGC_OK && height > 0) {
        all.items[middle].key = right->key;
        all.items[middle].size = right->size;
    }
    if (status == SGC_OK && sgc_node_fit(all.items, all.count, height, sizes_at(work, height),
                                         CAPACITY, &size) == all.count) {
        *joined = true;
        status = write_node(work, &logical, height, all.items, &size);
        if (status == SGC_OK)
            status = sgc_write_free(work->flush, work->tree, (uint32_t)right->value, work->error);
        left->used = (uint16_t)(sgc_node_bytes(&size) + SGC_PAGE_HEAD);
        children->count--;
        memmove(right, right + 1, (children->count - at - 1) * sizeof *right);
    }
    sgc_arena_free(&arena);
    sgc_free(all.items);
    return status;
}

static sgc_status try_join(job *work, items *children, size_t at, unsigned height, bool *joined)
{
    sgc_status status = node_used(work, &children->items[at]);

    *joined = false;
    if (status == SGC_OK) status = node_used(work, &children->items[at + 1]);
    if (status) return status;
    size_t both = (size_t)children->items[at].used + children->items[at + 1].used;
    if (both > CAPACITY) return SGC_OK;
    return join(work, children, at, height, joined);
}

static sgc_status join_small(job *work, items *children, unsigned height)
{
    for (size_t i = 0; i < children->count;) {
        bool joined = false;
        sgc_status status = SGC_OK;
        bool small = children->items[i].used && children->items[i].used < SMALL;
        if (small && i + 1 < children->count) status = try_join(work, children, i, height, &joined);
        if (status == SGC_OK && small && !joined && i > 0) {
            status = try_join(work, children, i - 1, height, &joined);
            i -= joined;
        }
        if (status) return status;
        if (!joined) i++;
    }
    return SGC_OK;
}

/* ---- inner nodes ---- */

static sgc_status apply(job *work, uint32_t logical, unsigned height,
                        const sgc_entry_change *changes, size_t count, sgc_item separator);

static size_t changes_before(const job *work, const sgc_entry_change *changes, size_t count,
                             const sgc_item *end)
{
    size_t low = 0;

    while (low < count) {
        size_t middle = (low + count) / 2;
        if (order_of(work, end, &changes[middle]) > 0) {
            low = middle + 1;
        } else {
            count = middle;
        }
    }
    return low;
}

/* The child whose entries the change is among, from `from` on. */
static size_t child_of(const job *work, const items *children, size_t from,
                       const sgc_entry_change *change)
{
    size_t low = from + 1, high = children->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (order_of(work, &children->items[middle], change) > 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low - 1;
}

/* The leaves that the first changes go into are read by the device together. */
static void foresee_leaves(const job *work, const items *children, const sgc_entry_change *changes,
                           size_t count)
{
    size_t last = SIZE_MAX, at = 0;

    for (size_t i = 0; i < count && i < SGC_READS_TOGETHER; i++, last = at) {
        at = child_of(work, children, at, &changes[i]);
        if (at == last) continue;
        sgc_tree_will_read(work->flush->pages, work->tree, (uint32_t)children->items[at].value);
    }
}

/* Hands the changes down; own->fresh then holds the children that are now. */
static sgc_status apply_children(job *work, unsigned height, const sgc_entry_change *changes,
                                 size_t count, size_t *first)
{
    level *own = &work->levels[height];
    sgc_status status = SGC_OK;
    size_t next = 0, told = 0;

    *first = child_of(work, &own->old, 0, changes);
    for (size_t done = 0; status == SGC_OK && done < count;) {
        if (height == 1 && done >= told) {
            foresee_leaves(work, &own->old, changes + done, count - done);
            told = done + SGC_READS_TOGETHER;
        }
        size_t at = child_of(work, &own->old, next, &changes[done]), part = count - done;
        if (!push_all(&own->fresh, &own->old, next, at)) return no_memory(work);
        if (at + 1 < own->old.count)
            part = changes_before(work, changes + done, part, &own->old.items[at + 1]);
        sgc_item child = own->old.items[at];
        status = apply(work, (uint32_t)child.value, height - 1, changes + done, part, child);
        done += part;
        next = at + 1;
    }
    if (status == SGC_OK && !push_all(&own->fresh, &own->old, next, own->old.count))
        status = no_memory(work);
    return status;
}

static bool same_children(const items *a, const items *b)
{
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->items[i].value != b->items[i].value) return false;
    return true;
}

static sgc_status apply_inner(job *work, uint32_t logical, unsigned height,
                              const sgc_entry_change *changes, size_t count, sgc_item separator)
{
    level *own = &work->levels[height];
    size_t first;

    sgc_arena_reset(&own->arena);
    own->old.count = own->fresh.count = 0;
    sgc_status status = read_node(work, logical, height, &own->arena, &own->old);
    if (status == SGC_OK) status = apply_children(work, height, changes, count, &first);
    if (status == SGC_OK) status = join_small(work, &own->fresh, height - 1);
    if (status) return status;
    if (!same_children(&own->old, &own->fresh))
        return write_nodes(work, logical, height, own->fresh.items, own->fresh.count,
                           first + 1 == own->old.count, separator);
    uint8_t *key = sgc_arena_alloc(&work->levels[height + 1].arena, separator.size);
    if (!key) return no_memory(work);
    if (separator.size) memcpy(key, separator.key, separator.size);
    sgc_item same = {.key = key, .size = separator.size, .value = logical};
    return push(&work->levels[height + 1].fresh, same) ? SGC_OK : no_memory(work);
}

static sgc_status apply(job *work, uint32_t logical, unsigned height,
                        const sgc_entry_change *changes, size_t count, sgc_item separator)
{
    return height == 0 ? apply_leaf(work, logical, changes, count, separator)
                       : apply_inner(work, logical, height, changes, count, separator);
}

/* ---- the root ---- */

/* Levels above while there is more than one node on top. */
static sgc_status raise(job *work, unsigned *height)
{
    while (work->levels[*height + 1].fresh.count > 1) {
        if (++*height == SGC_TREE_LEVELS - 1)
            return sgc_fail(work->error, SGC_LIMIT, "an index has too many levels");
        level *own = &work->levels[*height];
        sgc_item none = {0};
        work->levels[*height + 1].fresh.count = 0;
        sgc_status status =
            write_nodes(work, NO_PAGE, *height, own->fresh.items, own->fresh.count, true, none);
        if (status) return status;
    }
    return SGC_OK;
}

/* A root with one child is not needed. */
static sgc_status lower(job *work)
{
    sgc_tree *tree = work->tree;
    level *own = &work->levels[SGC_TREE_LEVELS];

    while (tree->b > 1) {
        own->old.count = 0;
        sgc_status status = read_node(work, tree->a, tree->b - 1, &own->arena, &own->old);
        if (status || own->old.count > 1) return status;
        status = sgc_write_free(work->flush, tree, tree->a, work->error);
        if (status) return status;
        tree->a = (uint32_t)own->old.items[0].value;
        tree->b--;
    }
    return SGC_OK;
}

static sgc_status apply_root(job *work, const sgc_entry_changes *changes)
{
    sgc_tree *tree = work->tree;
    unsigned height = tree->b ? tree->b - 1 : 0;
    sgc_item none = {0};

    if (height >= SGC_TREE_LEVELS - 1)
        return sgc_tree_damaged(tree, tree->a, "too many levels", work->error);
    sgc_status status = tree->b ? apply(work, tree->a, height, changes->items, changes->count, none)
                                : build_leaves(work);
    if (status == SGC_OK) status = raise(work, &height);
    if (status) return status;
    const items *top = &work->levels[height + 1].fresh;
    if (top->count == 0) {
        tree->a = tree->b = 0;
        return sgc_write_clear(work->flush, tree, work->error);
    }
    tree->a = (uint32_t)top->items[0].value;
    tree->b = height + 1;
    return lower(work);
}

sgc_status sgc_index_apply(sgc_flush *flush, sgc_tree *tree, bool with_key_size,
                           sgc_entry_changes *changes, sgc_error *error)
{
    job work = {.flush = flush,
                .tree = tree,
                .changes = changes,
                .key_sizes = with_key_size,
                .error = error};
    sgc_status status = SGC_OK;

    if (changes->count > 0) {
        if (sgc_changes_sort(changes, &flush->sort_room)) status = no_memory(&work);
        if (status == SGC_OK) status = apply_root(&work, changes);
    }
    for (size_t i = 0; i <= SGC_TREE_LEVELS; i++) {
        sgc_arena_free(&work.levels[i].arena);
        sgc_free(work.levels[i].old.items);
        sgc_free(work.levels[i].fresh.items);
    }
    sgc_changes_clear(changes);
    return status;
}
