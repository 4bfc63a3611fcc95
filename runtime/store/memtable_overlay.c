/*
 * memtable_overlay.c - the skip list below a MemTable's index overlays (Pugh, 1990; one node in
 * four rises a level). What entries mean lives in memtable.c.
 */
#include "store/memtable_overlay.h"

#include <stdlib.h>

static struct sgc_overlay_node *load(const _Atomic(struct sgc_overlay_node *) *link)
{
    return atomic_load_explicit(link, memory_order_acquire);
}

static uint64_t head_of(sgc_str entry)
{
    uint64_t head = 0;
    size_t size = entry.size < 8 ? entry.size : 8;

    for (size_t i = 0; i < size; i++)
        head |= (uint64_t)(uint8_t)entry.data[i] << (56 - 8 * i);
    return head;
}

/* node's entry < entry */
static bool is_less(const struct sgc_overlay_node *node, uint64_t head, sgc_str entry)
{
    if (node->head != head) return node->head < head;
    return sgc_str_compare(sgc_str_of(node->entry, node->size), entry) < 0;
}

static struct sgc_overlay_node *new_node(sgc_arena *arena, uint16_t height, size_t size)
{
    size_t links = height * sizeof(_Atomic(struct sgc_overlay_node *));
    struct sgc_overlay_node *node =
        sgc_arena_zero(arena, 1, sizeof(struct sgc_overlay_node) + links + size);

    if (!node) return NULL;
    node->height = height;
    node->entry = (char *)node + sizeof(struct sgc_overlay_node) + links;
    return node;
}

bool sgc_overlay_init(struct sgc_overlay *overlay, sgc_arena *arena)
{
    overlay->sentinel = new_node(arena, SGC_OVERLAY_LEVELS, 0);
    if (!overlay->sentinel) return false;
    atomic_init(&overlay->waiting, NULL);
    overlay->waiting_count = 0;
    overlay->random = 0x9E3779B97F4A7C15U;
    for (size_t i = 0; i < SGC_OVERLAY_LEVELS; i++)
        overlay->finger[i] = overlay->sentinel;
    return true;
}

static uint16_t random_height(struct sgc_overlay *overlay)
{
    uint16_t height = 1;

    overlay->random ^= overlay->random << 13;
    overlay->random ^= overlay->random >> 7;
    overlay->random ^= overlay->random << 17;
    for (uint64_t bits = overlay->random >> 16; (bits & 3) == 0 && height < SGC_OVERLAY_LEVELS;
         bits >>= 2) {
        height++;
    }
    return height;
}

/* For every level the last node < entry; starts at the finger when the entry lies just behind it.
 */
static void find_path(struct sgc_overlay *overlay, uint64_t head, sgc_str entry,
                      struct sgc_overlay_node **path)
{
    struct sgc_overlay_node *near = overlay->finger[0];

    if (near == overlay->sentinel || is_less(near, head, entry)) {
        struct sgc_overlay_node *next = load(&near->next[0]);
        if (!next || !is_less(next, head, entry)) {
            memcpy(path, overlay->finger, sizeof overlay->finger);
            return;
        }
    }
    struct sgc_overlay_node *node = overlay->sentinel;
    for (size_t level = SGC_OVERLAY_LEVELS; level-- > 0;) {
        for (struct sgc_overlay_node *next = load(&node->next[level]);
             next && is_less(next, head, entry); next = load(&node->next[level])) {
            node = next;
        }
        path[level] = node;
    }
}

static void link_node(struct sgc_overlay *overlay, struct sgc_overlay_node *node,
                      struct sgc_overlay_node **path)
{
    struct sgc_overlay_node *right = load(&path[0]->next[0]);

    atomic_store_explicit(&node->before, path[0], memory_order_relaxed);
    for (size_t level = 0; level < node->height; level++) {
        atomic_store_explicit(&node->next[level], load(&path[level]->next[level]),
                              memory_order_relaxed);
    }
    for (size_t level = 0; level < node->height; level++) {
        atomic_store_explicit(&path[level]->next[level], node, memory_order_release);
    }
    /* A reader that came past before this cannot see the new entry's sequence yet. */
    if (right) atomic_store_explicit(&right->before, node, memory_order_release);
    for (size_t level = 0; level < SGC_OVERLAY_LEVELS; level++) {
        overlay->finger[level] = level < node->height ? node : path[level];
    }
}

static struct sgc_overlay_node *make_node(struct sgc_overlay *overlay, sgc_arena *arena,
                                          sgc_str entry, uint16_t key_size)
{
    struct sgc_overlay_node *node = new_node(arena, random_height(overlay), entry.size);

    if (!node) return NULL;
    char *bytes = (char *)node + (node->entry - (const char *)node);
    if (entry.size) memcpy(bytes, entry.data, entry.size);
    node->head = head_of(entry);
    node->size = (uint16_t)entry.size;
    node->key_size = key_size;
    return node;
}

static bool is_same(const struct sgc_overlay_node *node, uint64_t head, sgc_str entry)
{
    return node && node->head == head && sgc_str_eq(sgc_str_of(node->entry, node->size), entry);
}

struct sgc_overlay_node *sgc_overlay_put(struct sgc_overlay *overlay, sgc_arena *arena,
                                         sgc_str entry, uint16_t key_size)
{
    struct sgc_overlay_node *path[SGC_OVERLAY_LEVELS];
    uint64_t head = head_of(entry);

    find_path(overlay, head, entry, path);
    struct sgc_overlay_node *node = load(&path[0]->next[0]);
    if (is_same(node, head, entry)) return node;
    node = make_node(overlay, arena, entry, key_size);
    if (node) link_node(overlay, node, path);
    return node;
}

/* ---- nodes that wait ---- */

struct sgc_overlay_node *sgc_overlay_add(struct sgc_overlay *overlay, sgc_arena *arena,
                                         sgc_str entry, uint16_t key_size)
{
    struct sgc_overlay_node *node = make_node(overlay, arena, entry, key_size);

    if (!node) return NULL;
    struct sgc_overlay_node *newest = atomic_load_explicit(&overlay->waiting, memory_order_relaxed);
    atomic_store_explicit(&node->next[0], newest, memory_order_relaxed);
    atomic_store_explicit(&overlay->waiting, node, memory_order_relaxed);
    overlay->waiting_count++;
    return node;
}

struct waiting {
    uint64_t head;
    size_t order;
    struct sgc_overlay_node *node;
};

static int compare_waiting(const void *a, const void *b)
{
    const struct waiting *first = a, *second = b;

    if (first->head != second->head) return first->head < second->head ? -1 : 1;
    int order = sgc_str_compare(sgc_str_of(first->node->entry, first->node->size),
                                sgc_str_of(second->node->entry, second->node->size));
    return order ? order : first->order < second->order ? -1 : 1;
}

/* Links one node, or gives its change to the node that has its entry already. */
static void settle_node(struct sgc_overlay *overlay, struct sgc_overlay_node *node)
{
    struct sgc_overlay_node *path[SGC_OVERLAY_LEVELS];
    struct sgc_overlay_change *change = atomic_load_explicit(&node->newest, memory_order_relaxed);
    sgc_str entry = sgc_str_of(node->entry, node->size);

    if (!change) return; /* rolled back */
    find_path(overlay, node->head, entry, path);
    struct sgc_overlay_node *there = load(&path[0]->next[0]);
    if (!is_same(there, node->head, entry)) {
        link_node(overlay, node, path);
        return;
    }
    change->node = there;
    change->older = atomic_load_explicit(&there->newest, memory_order_relaxed);
    atomic_store_explicit(&there->newest, change, memory_order_release);
}

/* The chain goes from the newest to the oldest: turned round, changes of one entry stay in order.
 */
static struct sgc_overlay_node *turn_round(struct sgc_overlay_node *newest)
{
    struct sgc_overlay_node *oldest = NULL;

    while (newest) {
        struct sgc_overlay_node *older = load(&newest->next[0]);
        atomic_store_explicit(&newest->next[0], oldest, memory_order_relaxed);
        oldest = newest;
        newest = older;
    }
    return oldest;
}

void sgc_overlay_settle(struct sgc_overlay *overlay)
{
    size_t count = overlay->waiting_count, i = 0;
    struct sgc_overlay_node *node =
        turn_round(atomic_load_explicit(&overlay->waiting, memory_order_relaxed));
    /* Without memory for sorting they are put one by one, which is only slower. */
    struct waiting *sorted = count > 1 ? sgc_alloc(count * sizeof *sorted) : NULL;

    while (node) {
        struct sgc_overlay_node *next = load(&node->next[0]);
        if (sorted) {
            sorted[i] = (struct waiting){node->head, i, node};
            i++;
        } else {
            settle_node(overlay, node);
        }
        node = next;
    }
    if (sorted) qsort(sorted, count, sizeof *sorted, compare_waiting);
    for (i = 0; sorted && i < count; i++)
        settle_node(overlay, sorted[i].node);
    sgc_free(sorted);
    overlay->waiting_count = 0;
    atomic_store_explicit(&overlay->waiting, NULL, memory_order_release);
}

struct sgc_overlay_node *sgc_overlay_seek(const struct sgc_overlay *overlay, sgc_str bound)
{
    if (sgc_str_is_null(bound)) return load(&overlay->sentinel->next[0]);
    struct sgc_overlay_node *node = sgc_overlay_seek_before(overlay, bound);
    return node ? load(&node->next[0]) : load(&overlay->sentinel->next[0]);
}

struct sgc_overlay_node *sgc_overlay_seek_before(const struct sgc_overlay *overlay, sgc_str bound)
{
    struct sgc_overlay_node *node = overlay->sentinel;
    uint64_t head = sgc_str_is_null(bound) ? 0 : head_of(bound);

    for (size_t level = SGC_OVERLAY_LEVELS; level-- > 0;) {
        for (struct sgc_overlay_node *next = load(&node->next[level]);
             next && (sgc_str_is_null(bound) || is_less(next, head, bound));
             next = load(&node->next[level])) {
            node = next;
        }
    }
    return node == overlay->sentinel ? NULL : node;
}

/*
 * One node in four rises a level: where enough nodes of the range stand on a level to make a good
 * sample, they are counted there. The level above had fewer, so none has many.
 */
uint64_t sgc_overlay_estimate(const struct sgc_overlay *overlay, sgc_str from, sgc_str to)
{
    enum { SAMPLE = 16 };
    const struct sgc_overlay_node *node = overlay->sentinel;
    uint64_t from_head = sgc_str_is_null(from) ? 0 : head_of(from), count = 0;
    uint64_t to_head = sgc_str_is_null(to) ? 0 : head_of(to);

    for (size_t level = SGC_OVERLAY_LEVELS; level-- > 0;) {
        const struct sgc_overlay_node *next = load(&node->next[level]);
        for (; next && !sgc_str_is_null(from) && is_less(next, from_head, from);
             next = load(&node->next[level])) {
            node = next;
        }
        for (count = 0; next && (sgc_str_is_null(to) || is_less(next, to_head, to)); count++)
            next = load(&next->next[level]);
        if (count >= SAMPLE) return count << (2 * level);
    }
    return count;
}

struct sgc_overlay_node *sgc_overlay_next(const struct sgc_overlay_node *node)
{
    return load(&node->next[0]);
}

struct sgc_overlay_node *sgc_overlay_before(const struct sgc_overlay *overlay,
                                            const struct sgc_overlay_node *node)
{
    struct sgc_overlay_node *before = load(&node->before);
    return before == overlay->sentinel ? NULL : before;
}
