/*
 * cache.c - the page cache: loading, checking, CLOCK and the place -> frame array. What pages mean
 * is elsewhere; writing them is the flush's.
 */
#include "store/cache.h"

enum {
    MAP_FIRST = 1024, /* segments: covers 4 GB of file */
    PATIENCE = 5000,  /* rounds of waiting for a frame that somebody gives back */
    FRAMES_LEAST = 48,
    HUGE_FRAMES = 512, /* frames of a huge page of 2 MB */
    FORGOTTEN_TOGETHER = 256,
};

/* A page being read by some thread; lives on its stack. */
struct sgc_loading {
    struct sgc_loading *next;
    uint32_t place;
};

static sgc_place_map *map_create(size_t count)
{
    size_t bytes = sizeof(sgc_place_map) + count * sizeof(_Atomic(sgc_cell *));
    sgc_place_map *map = sgc_alloc_zero(1, bytes);

    if (map) map->count = count;
    return map;
}

sgc_status sgc_cache_open(sgc_cache *cache, const sgc_os *os, sgc_file *file, uint64_t budget)
{
    size_t each = SGC_PAGE_SIZE + sizeof(sgc_frame) + sizeof *cache->idle;
    size_t fixed = sizeof *cache + sizeof(sgc_place_map) + MAP_FIRST * sizeof(sgc_cell *);
    uint64_t count = budget > fixed ? (budget - fixed) / each : 0;

    *cache = (sgc_cache){.os = os, .file = file, .budget = budget, .fixed_bytes = fixed};
    if (count < FRAMES_LEAST) count = FRAMES_LEAST;
    if (count > UINT32_MAX / 2 || count > SIZE_MAX / each) return SGC_LIMIT;
    cache->frame_count = (uint32_t)count;
    cache->memory = sgc_memory_map((size_t)count * SGC_PAGE_SIZE);
    cache->frames = sgc_alloc((size_t)count * sizeof *cache->frames); /* set when first taken */
    cache->idle = sgc_alloc((size_t)count * sizeof *cache->idle);
    sgc_place_map *map = map_create(MAP_FIRST);
    if (!cache->memory || !cache->frames || !cache->idle || !map) {
        sgc_free(map);
        sgc_memory_unmap(cache->memory, (size_t)count * SGC_PAGE_SIZE);
        sgc_free(cache->frames);
        sgc_free(cache->idle);
        return SGC_NO_MEMORY;
    }
    /* The first frames are small pages: whoever reads little need not have a huge one cleared. */
    if (count >= 4 * HUGE_FRAMES)
        sgc_memory_prefer_huge(cache->memory + (size_t)HUGE_FRAMES * SGC_PAGE_SIZE,
                               (size_t)(count - HUGE_FRAMES) * SGC_PAGE_SIZE);
    atomic_init(&cache->map, map);
    cache->fresh = 1; /* frame 0 means none */
    atomic_init(&cache->tables_left, (uint32_t)count / 8);
    sgc_mutex_init(&cache->lock);
    sgc_cond_init(&cache->loaded);
    return SGC_OK;
}

void sgc_cache_close(sgc_cache *cache)
{
    sgc_place_map *map = atomic_load(&cache->map);

    while (map) {
        sgc_place_map *older = map->older;
        sgc_free(map);
        map = older;
    }
    sgc_memory_unmap(cache->memory, (size_t)cache->frame_count * SGC_PAGE_SIZE);
    sgc_free(cache->frames);
    sgc_free(cache->idle);
    sgc_cond_destroy(&cache->loaded);
    sgc_mutex_destroy(&cache->lock);
}

/* ---- frames ---- */

static bool evict(sgc_cache *cache, uint32_t number)
{
    sgc_frame *frame = &cache->frames[number];
    uint32_t place = atomic_load_explicit(&frame->place, memory_order_relaxed);

    if (place == 0) return false;
    if (atomic_load_explicit(&frame->recent, memory_order_relaxed)) {
        atomic_store_explicit(&frame->recent, 0, memory_order_relaxed);
        return false;
    }
    uint64_t pins = atomic_load_explicit(&frame->pins, memory_order_relaxed);
    if ((uint32_t)pins != 0) return false;
    if (!atomic_compare_exchange_strong_explicit(&frame->pins, &pins, SGC_FRAME_TAKEN,
                                                 memory_order_acquire, memory_order_relaxed))
        return false;
    cache->hits_gone += pins >> 32;
    cache->evictions++;
    atomic_store_explicit(sgc_place_cell(cache, place), 0, memory_order_release);
    atomic_store_explicit(&frame->place, 0, memory_order_release);
    return true;
}

/* A frame that is TAKEN, or 0 when all are pinned. */
static uint32_t take_frame(sgc_cache *cache)
{
    if (cache->idle_count > 0) return cache->idle[--cache->idle_count];
    if (cache->fresh < cache->frame_count) {
        sgc_frame *frame = &cache->frames[cache->fresh];
        *frame = (sgc_frame){0};
        atomic_init(&frame->pins, SGC_FRAME_TAKEN);
        return cache->fresh++;
    }
    for (uint64_t i = 0; i < 3 * (uint64_t)cache->frame_count; i++) {
        uint32_t number = cache->hand;
        cache->hand = number + 1 < cache->frame_count ? number + 1 : 1;
        if (number != 0 && evict(cache, number)) return number;
    }
    return 0;
}

static sgc_status map_grow(sgc_cache *cache, size_t segment)
{
    sgc_place_map *old = atomic_load(&cache->map);
    size_t count = old->count;

    while (count <= segment)
        count *= 2;
    sgc_place_map *map = map_create(count);
    if (!map) return SGC_NO_MEMORY;
    for (size_t i = 0; i < old->count; i++)
        atomic_init(&map->segments[i], atomic_load(&old->segments[i]));
    map->older = old;
    cache->fixed_bytes += sizeof *map + count * sizeof(sgc_cell *);
    atomic_store_explicit(&cache->map, map, memory_order_release);
    return SGC_OK;
}

/* SGC_BUSY: no frame to be had now. */
static sgc_status ensure_cell(sgc_cache *cache, uint32_t place)
{
    size_t at = place / SGC_CELLS;
    sgc_place_map *map = atomic_load(&cache->map);

    if (at >= map->count) {
        sgc_status status = map_grow(cache, at);
        if (status) return status;
        map = atomic_load(&cache->map);
    }
    if (atomic_load(&map->segments[at])) return SGC_OK;
    uint32_t number = take_frame(cache);
    if (number == 0) return SGC_BUSY;
    void *memory = sgc_frame_data(cache, number);
    sgc_cell *cells = memory;
    for (size_t i = 0; i < SGC_CELLS; i++)
        atomic_init(&cells[i], 0);
    cache->held_frames++;
    atomic_store_explicit(&map->segments[at], cells, memory_order_release);
    return SGC_OK;
}

/* One frame, TAKEN, and a cell for the place. */
static sgc_status prepare(sgc_cache *cache, uint32_t place, uint32_t *number)
{
    sgc_status status = ensure_cell(cache, place);

    *number = 0;
    if (status) return status;
    *number = take_frame(cache);
    return *number ? SGC_OK : SGC_BUSY;
}

static void give_page(sgc_cache *cache, uint32_t number, const sgc_page_id *id)
{
    sgc_frame *frame = &cache->frames[number];
    uint32_t place = id->at.place;

    frame->checkpoint = id->at.checkpoint;
    frame->kind = id->kind;
    atomic_store_explicit(&frame->oldest, 0, memory_order_relaxed);
    atomic_store_explicit(&frame->place, place, memory_order_release);
    atomic_store_explicit(&frame->recent, 1, memory_order_relaxed);
    /* Others may have added and not yet taken back a pin of their own. */
    atomic_fetch_sub_explicit(&frame->pins, SGC_FRAME_TAKEN - 1, memory_order_release);
    atomic_store_explicit(sgc_place_cell(cache, place), number, memory_order_release);
}

static uint32_t cached(const sgc_cache *cache, uint32_t place)
{
    const sgc_cell *cell = sgc_place_cell(cache, place);

    return cell ? atomic_load(cell) : 0;
}

/* ---- loading ---- */

sgc_status sgc_page_mismatch(const sgc_page_id *id, const char *why, sgc_error *error)
{
    return sgc_fail(error, SGC_CORRUPT, "pages: place %u (tree %u, page %u): %s",
                    (unsigned)id->at.place, (unsigned)id->tree, (unsigned)id->logical, why);
}

static bool table_is_sound(const uint8_t *page)
{
    return sgc_page_level(page) < SGC_TABLE_LEVELS;
}

bool sgc_page_is_sound(const uint8_t *page)
{
    switch (sgc_page_kind_of(page)) {
    case SGC_PAGE_TABLE:
        return table_is_sound(page);
    case SGC_PAGE_ROWS:
        return sgc_rows_page_is_sound(page);
    case SGC_PAGE_HASH:
    case SGC_PAGE_HASH_MORE:
        return sgc_hash_page_is_sound(page);
    case SGC_PAGE_NODE:
        return sgc_node_is_sound(page);
    default:
        return true; /* bytes */
    }
}

static sgc_status check_page(const sgc_page_id *id, const uint8_t *page, sgc_error *error)
{
    if (sgc_load32(page) != sgc_crc32c(0, page + 4, SGC_PAGE_SIZE - 4))
        return sgc_page_mismatch(id, "the checksum does not match", error);
    if (sgc_page_checkpoint(page) != id->at.checkpoint)
        return sgc_page_mismatch(id, "written by another checkpoint than its page table says",
                                 error);
    if (sgc_load32(page + 8) != id->tree || sgc_load32(page + 12) != id->logical ||
        (id->kind != SGC_PAGE_ANY && sgc_page_kind_of(page) != id->kind))
        return sgc_page_mismatch(id, "another page is there", error);
    if (!sgc_page_is_sound(page)) return sgc_page_mismatch(id, "its content is damaged", error);
    return SGC_OK;
}

static sgc_status read_page(sgc_cache *cache, const sgc_page_id *id, uint8_t *page,
                            sgc_error *error)
{
    size_t got = 0;
    sgc_status status =
        cache->os->read(cache->os->self, cache->file, (uint64_t)id->at.place * SGC_PAGE_SIZE, page,
                        SGC_PAGE_SIZE, &got);

    if (status) return sgc_fail(error, status, "%s", sgc_os_file_error());
    if (got != SGC_PAGE_SIZE) return sgc_page_mismatch(id, "behind the end of the file", error);
    return check_page(id, page, error);
}

static bool is_loading(const sgc_cache *cache, uint32_t place)
{
    for (const struct sgc_loading *l = cache->loading; l; l = l->next)
        if (l->place == place) return true;
    return false;
}

static void unlink_loading(sgc_cache *cache, struct sgc_loading *mine)
{
    struct sgc_loading **at = &cache->loading;

    while (*at != mine)
        at = &(*at)->next;
    *at = mine->next;
    sgc_cond_broadcast(&cache->loaded);
}

static sgc_status no_frame(sgc_error *error)
{
    return sgc_fail(error, SGC_LIMIT, "the page cache is too small: all of its pages are in use");
}

/* Under lock: pins the page when it is there (*found), else takes a frame for it. */
static sgc_status find_or_prepare(sgc_cache *cache, uint32_t place, uint32_t *number, bool *found,
                                  sgc_error *error)
{
    for (int round = 0; round < PATIENCE;) {
        *number = cached(cache, place);
        *found = *number != 0;
        if (*found) {
            atomic_fetch_add_explicit(&cache->frames[*number].pins, SGC_FRAME_HIT,
                                      memory_order_acquire);
            return SGC_OK;
        }
        if (is_loading(cache, place)) {
            sgc_cond_wait(&cache->loaded, &cache->lock);
            continue;
        }
        sgc_status status = prepare(cache, place, number);
        if (status == SGC_NO_MEMORY) return sgc_fail(error, status, "out of memory");
        if (status == SGC_OK) return SGC_OK;
        (void)sgc_cond_wait_for(&cache->loaded, &cache->lock, 200);
        round++;
    }
    return no_frame(error);
}

static sgc_status load_into(sgc_cache *cache, const sgc_page_id *id, uint32_t number,
                            sgc_error *error)
{
    struct sgc_loading mine = {cache->loading, id->at.place};

    cache->loading = &mine;
    cache->misses++;
    sgc_mutex_unlock(&cache->lock);
    sgc_status status = read_page(cache, id, sgc_frame_data(cache, number), error);
    sgc_mutex_lock(&cache->lock);
    unlink_loading(cache, &mine);
    if (status) {
        cache->idle[cache->idle_count++] = number;
    } else {
        sgc_page_id found = *id;
        found.kind = (uint8_t)sgc_page_kind_of(sgc_frame_data(cache, number));
        give_page(cache, number, &found);
    }
    return status;
}

sgc_status sgc_cache_load(sgc_cache *cache, const sgc_page_id *id, uint32_t *out, sgc_error *error)
{
    bool found;
    uint32_t number;

    if (id->at.place == 0) return sgc_page_mismatch(id, "there is no such page", error);
    if (id->at.place >= atomic_load_explicit(&cache->limit, memory_order_acquire))
        return sgc_page_mismatch(id, "behind the end of the file", error);
    sgc_mutex_lock(&cache->lock);
    sgc_status status = find_or_prepare(cache, id->at.place, &number, &found, error);
    if (status == SGC_OK && !found) status = load_into(cache, id, number, error);
    sgc_mutex_unlock(&cache->lock);
    if (status) return status;
    *out = number;
    const sgc_frame *frame = &cache->frames[number];
    bool is_kind = id->kind == SGC_PAGE_ANY || frame->kind == id->kind;
    if (frame->checkpoint == id->at.checkpoint && is_kind) return SGC_OK;
    sgc_cache_unpin(cache, number);
    return sgc_page_mismatch(id, "another page is there", error);
}

/* ---- for the flush ---- */

/* The place was used before and its old page is still cached: nobody can be reading it. */
static void forget(sgc_cache *cache, uint32_t place, bool pinned)
{
    uint32_t number = cached(cache, place);

    if (number == 0) return;
    sgc_frame *frame = &cache->frames[number];
    atomic_store_explicit(sgc_place_cell(cache, place), 0, memory_order_release);
    atomic_store_explicit(&frame->place, 0, memory_order_release);
    uint64_t pins = atomic_load(&frame->pins);
    cache->hits_gone += pins >> 32;
    atomic_fetch_sub(&frame->pins, pins & ~(uint64_t)UINT32_MAX);
    atomic_fetch_add(&frame->pins, SGC_FRAME_TAKEN - (pinned ? 1U : 0U));
    atomic_store_explicit(&frame->dirty, SGC_CLEAN, memory_order_relaxed);
    cache->idle[cache->idle_count++] = number;
}

sgc_status sgc_cache_new(sgc_cache *cache, const sgc_page_id *id, uint32_t *out, sgc_error *error)
{
    sgc_status status = SGC_BUSY;
    uint32_t number = 0;

    sgc_mutex_lock(&cache->lock);
    forget(cache, id->at.place, false);
    for (int round = 0; status == SGC_BUSY && round < PATIENCE; round++) {
        status = prepare(cache, id->at.place, &number);
        if (status == SGC_BUSY) (void)sgc_cond_wait_for(&cache->loaded, &cache->lock, 200);
    }
    if (status == SGC_OK) give_page(cache, number, id);
    sgc_mutex_unlock(&cache->lock);
    *out = number;
    if (status == SGC_BUSY) return no_frame(error);
    return status ? sgc_fail(error, status, "out of memory") : SGC_OK;
}

bool sgc_cache_has_room(sgc_cache *cache)
{
    sgc_mutex_lock(&cache->lock);
    bool room = cache->fresh < cache->frame_count;
    sgc_mutex_unlock(&cache->lock);
    return room;
}

void sgc_cache_drop(sgc_cache *cache, uint32_t place, bool pinned)
{
    sgc_mutex_lock(&cache->lock);
    forget(cache, place, pinned);
    sgc_mutex_unlock(&cache->lock);
}

void sgc_cache_forget(sgc_cache *cache, const uint32_t *places, size_t count)
{
    for (size_t i = 0; i < count;) {
        sgc_mutex_lock(&cache->lock);
        for (size_t end = i + FORGOTTEN_TOGETHER; i < count && i < end; i++)
            forget(cache, places[i], false);
        sgc_mutex_unlock(&cache->lock);
    }
}

void sgc_cache_get_counts(sgc_cache *cache, sgc_cache_counts *counts)
{
    sgc_mutex_lock(&cache->lock);
    size_t each = sizeof(sgc_frame) + sizeof *cache->idle;
    *counts = (sgc_cache_counts){
        .hits = cache->hits_gone,
        .misses = cache->misses,
        .evictions = cache->evictions,
        .bytes = cache->fixed_bytes + cache->frame_count * each +
                 (uint64_t)(cache->fresh - 1) * SGC_PAGE_SIZE,
        .budget = cache->budget,
    };
    for (uint32_t i = 1; i < cache->fresh; i++)
        counts->hits += atomic_load(&cache->frames[i].pins) >> 32;
    sgc_mutex_unlock(&cache->lock);
}
