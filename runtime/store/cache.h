/*
 * cache.h - private to store: the page cache. Frames of 4 KB under one byte budget hold pages by
 * place; page tables are pages like all others, so they are in the budget and can be evicted too.
 *
 * A hit costs a look-up in the place -> frame array and one atomic addition, which counts the pin
 * and the hit together. Misses, evictions and changes of the array happen under one lock, reading
 * the file does not.
 */
#ifndef SGC_STORE_CACHE_H
#define SGC_STORE_CACHE_H

#include "os/os.h"
#include "store/format.h"

#include <stdatomic.h>

typedef _Atomic uint32_t sgc_cell;

typedef struct sgc_frame {
    /** Pins in the low half, hits since the page was loaded in the high half. */
    _Atomic uint64_t pins;
    sgc_cell place;          /**< 0: none */
    uint32_t checkpoint;     /**< copies of the page's head, so that a hit need not touch it; */
    uint8_t kind;            /**< written while the frame is TAKEN */
    _Atomic uint8_t recent;  /**< second chance of CLOCK */
    _Atomic uint8_t dirty;   /**< SGC_CLEAN, or whose it is to write: a flush and a load may be */
    _Atomic uint64_t oldest; /**< of a page of rows: least begin, once a scan asked; else 0 */
} sgc_frame;

enum { SGC_MEMORY_LINE = 64 }; /* bytes that memory gives the processor at a time */
enum { SGC_CLEAN, SGC_DIRTY_FLUSH, SGC_DIRTY_LOAD };

#define SGC_FRAME_TAKEN 0x80000000U /**< in pins: being given another page */
#define SGC_FRAME_HIT   0x100000001U

enum { SGC_CELLS = SGC_PAGE_SIZE / sizeof(sgc_cell) };

/** Place -> frame: segments of SGC_CELLS places, each in a frame of its own. */
typedef struct sgc_place_map {
    struct sgc_place_map *older; /**< replaced ones live on: readers may still look at them */
    size_t count;
    _Atomic(sgc_cell *) segments[];
} sgc_place_map;

struct sgc_loading;

typedef struct sgc_cache {
    const sgc_os *os;
    sgc_file *file;
    uint8_t *memory;
    sgc_frame *frames;
    _Atomic(sgc_place_map *) map;
    sgc_cell tables_left; /**< pages of page tables that checkpoints may still keep pinned */
    sgc_cell limit;       /**< no page can be at this place or behind it */
    sgc_mutex lock;
    sgc_cond loaded;
    /* under lock */
    struct sgc_loading *loading;
    uint32_t *idle; /**< frames without a page that were used before */
    uint32_t frame_count, idle_count, fresh, hand;
    uint64_t misses, evictions, hits_gone, budget, fixed_bytes, held_frames;
} sgc_cache;

/** What the caller expects at a place. */
typedef struct sgc_page_id {
    sgc_page_at at;
    uint32_t tree, logical;
    uint8_t kind, level;
} sgc_page_id;

SGC_CHECK sgc_status sgc_cache_open(sgc_cache *cache, const sgc_os *os, sgc_file *file,
                                    uint64_t budget);
void sgc_cache_close(sgc_cache *cache);

/** Loads the page when needed and pins its frame. */
SGC_CHECK sgc_status sgc_cache_load(sgc_cache *cache, const sgc_page_id *id, uint32_t *frame,
                                    sgc_error *error);
sgc_status sgc_page_mismatch(const sgc_page_id *id, const char *why, sgc_error *error);

static inline uint8_t *sgc_frame_data(const sgc_cache *cache, uint32_t frame)
{
    return cache->memory + (size_t)frame * SGC_PAGE_SIZE;
}
static inline void sgc_cache_unpin(sgc_cache *cache, uint32_t frame)
{
    atomic_fetch_sub_explicit(&cache->frames[frame].pins, 1, memory_order_release);
}
static inline sgc_cell *sgc_place_cell(const sgc_cache *cache, uint32_t place)
{
    sgc_place_map *map =
        atomic_load_explicit(&((sgc_cache *)(uintptr_t)cache)->map, memory_order_acquire);
    size_t at = place / SGC_CELLS;
    sgc_cell *segment =
        at < map->count ? atomic_load_explicit(&map->segments[at], memory_order_acquire) : NULL;
    return segment ? segment + place % SGC_CELLS : NULL;
}
/** The frame that probably holds a page, 0 for none; the processor begins to fetch what is kept of
 * it. */
static inline uint32_t sgc_cache_foresee(const sgc_cache *cache, uint32_t place)
{
    const sgc_cell *cell = sgc_place_cell(cache, place);
    uint32_t number = cell ? atomic_load_explicit(cell, memory_order_acquire) : 0;

    __builtin_prefetch(&cache->frames[number]);
    return number;
}
/** Pins the frame if it holds the page, of that kind or SGC_PAGE_ANY; nothing is loaded. */
static inline bool sgc_cache_pin_frame(sgc_cache *cache, uint32_t number, sgc_page_at at,
                                       uint8_t kind)
{
    sgc_frame *frame = &cache->frames[number];
    uint64_t before = atomic_fetch_add_explicit(&frame->pins, SGC_FRAME_HIT, memory_order_acquire);

    if ((before & SGC_FRAME_TAKEN) ||
        atomic_load_explicit(&frame->place, memory_order_acquire) != at.place) {
        atomic_fetch_sub_explicit(&frame->pins, SGC_FRAME_HIT, memory_order_release);
        return false;
    }
    if (!atomic_load_explicit(&frame->recent, memory_order_relaxed))
        atomic_store_explicit(&frame->recent, 1, memory_order_relaxed);
    if (frame->checkpoint == at.checkpoint && (kind == SGC_PAGE_ANY || frame->kind == kind))
        return true;
    sgc_cache_unpin(cache, number);
    return false;
}
/** Pins the frame that holds the page; it stays readable until sgc_cache_unpin(). */
static inline sgc_status sgc_cache_pin(sgc_cache *cache, const sgc_page_id *id, uint32_t *out,
                                       sgc_error *error)
{
    const sgc_cell *cell = sgc_place_cell(cache, id->at.place);
    uint32_t number = cell ? atomic_load_explicit(cell, memory_order_acquire) : 0;

    if (number == 0 || !sgc_cache_pin_frame(cache, number, id->at, id->kind))
        return sgc_cache_load(cache, id, out, error); /* which also tells a page that is wrong */
    *out = number;
    return SGC_OK;
}

/* ---- for the flush ---- */

/** A pinned frame for a page at a place that nobody reads; the caller fills it. */
SGC_CHECK sgc_status sgc_cache_new(sgc_cache *cache, const sgc_page_id *id, uint32_t *frame,
                                   sgc_error *error);
/** Whether there are frames that have never held a page. */
bool sgc_cache_has_room(sgc_cache *cache);
/** Forgets what is cached of a place that nobody reads, and one pin when `pinned`. */
void sgc_cache_drop(sgc_cache *cache, uint32_t place, bool pinned);

typedef struct sgc_cache_counts {
    uint64_t hits, misses, evictions, bytes, budget;
} sgc_cache_counts;
/** The frames of places that no checkpoint names any more are free at once. */
void sgc_cache_forget(sgc_cache *cache, const uint32_t *places, size_t count);
void sgc_cache_get_counts(sgc_cache *cache, sgc_cache_counts *counts);

/** Structure of a page's body, checked when it is loaded so that readers need no bounds. */
bool sgc_page_is_sound(const uint8_t *page);
bool sgc_rows_page_is_sound(const uint8_t *page);
bool sgc_hash_page_is_sound(const uint8_t *page);
bool sgc_node_is_sound(const uint8_t *page);

#endif
