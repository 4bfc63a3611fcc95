/*
 * memtable_overlay.h - private to the MemTable: one index's entries as a skip list with one writer
 * and lock-free readers. Nodes are never removed; what an entry is at a sequence says its chain.
 */
#ifndef SGC_STORE_MEMTABLE_OVERLAY_H
#define SGC_STORE_MEMTABLE_OVERLAY_H

#include "base/base.h"

#include <stdatomic.h>

enum { SGC_OVERLAY_LEVELS = 12 };

struct sgc_overlay_node;

/** From `sequence` on the entry is present, or not. Newest first. */
struct sgc_overlay_change {
    uint64_t sequence;
    struct sgc_overlay_change *older;
    struct sgc_overlay_change *next_of_put; /**< next change of the same put, newest first */
    struct sgc_overlay_node *node;
    bool present;
};

struct sgc_overlay_node {
    uint64_t head; /**< first eight bytes of the entry, big-endian: most compares end here */
    _Atomic(struct sgc_overlay_change *) newest;
    _Atomic(struct sgc_overlay_node *)
        before; /**< neighbour on the left, the sentinel at the end */
    const char *entry;
    uint16_t size, key_size, height;
    _Atomic(struct sgc_overlay_node *) next[];
};

struct sgc_overlay {
    struct sgc_overlay_node *sentinel;
    struct sgc_overlay_node *finger[SGC_OVERLAY_LEVELS]; /**< writer only: where it last put */
    uint64_t random;
    /** Nodes of a write set that nobody has asked for yet, newest first, chained by next[0]. */
    _Atomic(struct sgc_overlay_node *) waiting;
    size_t waiting_count;
};

/** False when memory is out. */
bool sgc_overlay_init(struct sgc_overlay *overlay, sgc_arena *arena);
/** The node of an entry, made when it is new; NULL when memory is out. Writer only. */
struct sgc_overlay_node *sgc_overlay_put(struct sgc_overlay *overlay, sgc_arena *arena,
                                         sgc_str entry, uint16_t key_size);
/** A node that waits, without a look at the others; its entry may be there already. Writer only. */
struct sgc_overlay_node *sgc_overlay_add(struct sgc_overlay *overlay, sgc_arena *arena,
                                         sgc_str entry, uint16_t key_size);
/** Puts all that wait where they belong. Nobody reads or writes this overlay meanwhile. */
void sgc_overlay_settle(struct sgc_overlay *overlay);
/** First node >= bound (null: first), NULL when there is none. */
struct sgc_overlay_node *sgc_overlay_seek(const struct sgc_overlay *overlay, sgc_str bound);
/** Last node < bound (null: last), NULL when there is none. */
struct sgc_overlay_node *sgc_overlay_seek_before(const struct sgc_overlay *overlay, sgc_str bound);
/** About how many nodes lie in from <= entry < to; null means open. Exact when they are few. */
uint64_t sgc_overlay_estimate(const struct sgc_overlay *overlay, sgc_str from, sgc_str to);
/** Neighbours, NULL at the ends. */
struct sgc_overlay_node *sgc_overlay_next(const struct sgc_overlay_node *node);
struct sgc_overlay_node *sgc_overlay_before(const struct sgc_overlay *overlay,
                                            const struct sgc_overlay_node *node);

#endif
