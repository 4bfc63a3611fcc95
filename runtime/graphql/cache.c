/*
 * cache.c - prepared documents by text: a fixed table of buckets under one lock, and a list from
 * the one used last to the one used longest ago. A document that leaves is freed by whoever uses it
 * last.
 */
#include "graphql/cache.h"

#include "os/os.h"

enum { DOCUMENTS_MAX = 512, BUCKETS = 1024, TEXT_MAX = 64 << 10 };

/* A document larger than this is planned for each request: 512 of them stay below 128 MB. */
#define DOCUMENT_BYTES_MAX ((size_t)1 << 18)

struct sgc_cache {
    sgc_mutex lock;
    sgc_prepared *buckets[BUCKETS];
    sgc_prepared *newest, *oldest;
    size_t count;
};

sgc_status sgc_cache_create(sgc_cache **cache)
{
    *cache = sgc_alloc_zero(1, sizeof **cache);
    if (!*cache) return SGC_NO_MEMORY;
    sgc_mutex_init(&(*cache)->lock);
    return SGC_OK;
}

static void free_prepared(sgc_prepared *prepared)
{
    sgc_arena_free(&prepared->arena);
    sgc_free(prepared);
}

static void unlink_prepared(sgc_cache *cache, sgc_prepared *prepared)
{
    *(prepared->newer ? &prepared->newer->older : &cache->newest) = prepared->older;
    *(prepared->older ? &prepared->older->newer : &cache->oldest) = prepared->newer;
    prepared->newer = prepared->older = NULL;
}

static void link_newest(sgc_cache *cache, sgc_prepared *prepared)
{
    prepared->older = cache->newest;
    if (cache->newest) cache->newest->newer = prepared;
    cache->newest = prepared;
    if (!cache->oldest) cache->oldest = prepared;
}

/* The place that points at the document with this text, or at the end of its bucket. */
static sgc_prepared **find_place(sgc_cache *cache, uint64_t hash, sgc_str text)
{
    sgc_prepared **place = &cache->buckets[hash % BUCKETS];

    while (*place && ((*place)->hash != hash || !sgc_str_eq((*place)->source.text, text)))
        place = &(*place)->next;
    return place;
}

/* Takes a listed document out; frees it when nobody uses it. */
static void drop(sgc_cache *cache, sgc_prepared *prepared)
{
    sgc_prepared **place = find_place(cache, prepared->hash, prepared->source.text);

    *place = prepared->next;
    unlink_prepared(cache, prepared);
    cache->count--;
    prepared->listed = false;
    if (prepared->users == 0) free_prepared(prepared);
}

void sgc_cache_destroy(sgc_cache *cache)
{
    if (!cache) return;
    while (cache->newest)
        drop(cache, cache->newest);
    sgc_mutex_destroy(&cache->lock);
    sgc_free(cache);
}

sgc_prepared *sgc_cache_find(sgc_cache *cache, sgc_str text)
{
    if (text.size > TEXT_MAX) return NULL;
    uint64_t hash = sgc_hash(text.data, text.size, 0);

    sgc_mutex_lock(&cache->lock);
    sgc_prepared *found = *find_place(cache, hash, text);
    if (found) {
        found->users++;
        if (found != cache->newest) {
            unlink_prepared(cache, found);
            link_newest(cache, found);
        }
    }
    sgc_mutex_unlock(&cache->lock);
    return found;
}

void sgc_cache_add(sgc_cache *cache, sgc_prepared *prepared)
{
    if (prepared->source.text.size > TEXT_MAX || prepared->arena.total > DOCUMENT_BYTES_MAX) return;
    prepared->hash = sgc_hash(prepared->source.text.data, prepared->source.text.size, 0);
    sgc_mutex_lock(&cache->lock);
    /* Another thread may have made the same one meanwhile: the newer stays. */
    sgc_prepared *same = *find_place(cache, prepared->hash, prepared->source.text);
    if (same) drop(cache, same);
    if (cache->count == DOCUMENTS_MAX) drop(cache, cache->oldest);
    prepared->next = cache->buckets[prepared->hash % BUCKETS];
    cache->buckets[prepared->hash % BUCKETS] = prepared;
    link_newest(cache, prepared);
    prepared->listed = true;
    cache->count++;
    sgc_mutex_unlock(&cache->lock);
}

void sgc_cache_release(sgc_cache *cache, sgc_prepared *prepared)
{
    sgc_mutex_lock(&cache->lock);
    bool last = --prepared->users == 0 && !prepared->listed;
    sgc_mutex_unlock(&cache->lock);
    if (last) free_prepared(prepared);
}
