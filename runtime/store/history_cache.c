/*
 * history_cache.c - decompressed blocks of all segments under a byte budget. A block that somebody
 * holds is not evicted; one for which no room can be made is handed out without being kept.
 */
#include "store/history_internal.h"

enum { CHAINS_FIRST = 64, NEIGHBOURS = 16 };
static const uint64_t shard_least = 1 << 20; /* smaller caches are one shard: blocks must fit */

sgc_status sgc_block_cache_open(sgc_block_cache *cache, uint64_t budget)
{
    *cache = (sgc_block_cache){.shard_count = SGC_HISTORY_SHARDS};
    if (budget / SGC_HISTORY_SHARDS < shard_least) cache->shard_count = 1;
    cache->budget = budget / cache->shard_count;
    for (unsigned i = 0; i < cache->shard_count; i++) {
        sgc_block_shard *shard = &cache->shards[i];
        sgc_mutex_init(&shard->lock);
        shard->chain_count = CHAINS_FIRST;
        shard->chains = sgc_alloc_zero(shard->chain_count, sizeof *shard->chains);
        shard->bytes = CHAINS_FIRST * sizeof *shard->chains;
        if (shard->chains) continue;
        cache->shard_count = i + 1;
        sgc_block_cache_close(cache);
        return SGC_NO_MEMORY;
    }
    return SGC_OK;
}

static uint64_t hash_of(uint64_t segment, uint32_t number)
{
    uint64_t x = (segment * 0x9E3779B97F4A7C15U) ^ number;

    x = (x ^ x >> 29) * 0xBF58476D1CE4E5B9U;
    return x ^ x >> 32;
}

/* Neighbours are in one shard. */
static sgc_block_shard *shard_of(sgc_block_cache *cache, uint64_t segment, uint32_t number)
{
    return &cache->shards[(hash_of(segment, number / NEIGHBOURS) >> 56) % cache->shard_count];
}

static sgc_history_block **chain_of(const sgc_block_shard *shard, uint64_t hash)
{
    return &shard->chains[hash & (shard->chain_count - 1)];
}

static void unlink_block(sgc_block_shard *shard, sgc_history_block *block)
{
    sgc_history_block **at = chain_of(shard, hash_of(block->segment, block->number));

    while (*at != block)
        at = &(*at)->chain;
    *at = block->chain;
    if (block->newer == block) {
        shard->hand = NULL;
    } else {
        block->newer->older = block->older;
        block->older->newer = block->newer;
        if (shard->hand == block) shard->hand = block->newer;
    }
    shard->bytes -= block->size;
    shard->count--;
    sgc_block_release(block);
}

void sgc_block_cache_close(sgc_block_cache *cache)
{
    for (unsigned i = 0; i < cache->shard_count; i++) {
        sgc_block_shard *shard = &cache->shards[i];
        while (shard->hand)
            unlink_block(shard, shard->hand);
        sgc_free(shard->chains);
        sgc_mutex_destroy(&shard->lock);
    }
    cache->shard_count = 0;
}

static sgc_history_block *find(const sgc_block_shard *shard, uint64_t hash, uint64_t segment,
                               uint32_t number)
{
    sgc_history_block *block = *chain_of(shard, hash);

    while (block && (block->segment != segment || block->number != number))
        block = block->chain;
    return block;
}

/* A reference to the block, or NULL. Under the shard's lock. */
static sgc_history_block *hold(sgc_block_shard *shard, uint64_t segment, uint32_t number)
{
    sgc_history_block *block = find(shard, hash_of(segment, number), segment, number);

    if (block) {
        atomic_fetch_add_explicit(&block->references, 1, memory_order_relaxed);
        if (!atomic_load_explicit(&block->recent, memory_order_relaxed))
            atomic_store_explicit(&block->recent, true, memory_order_relaxed);
        shard->hits++;
    } else {
        shard->misses++;
    }
    return block;
}

sgc_history_block *sgc_block_cache_find(sgc_block_cache *cache, uint64_t segment, uint32_t number)
{
    sgc_block_shard *shard = shard_of(cache, segment, number);

    sgc_mutex_lock(&shard->lock);
    sgc_history_block *block = hold(shard, segment, number);
    sgc_mutex_unlock(&shard->lock);
    return block;
}

/* Of one shard: each is on its way from memory before the first is looked at. */
static void foresee_many(const sgc_block_shard *shard, uint64_t segment, const uint32_t *numbers,
                         unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        __builtin_prefetch(chain_of(shard, hash_of(segment, numbers[i])));
    for (unsigned i = 0; i < count; i++)
        __builtin_prefetch(*chain_of(shard, hash_of(segment, numbers[i])));
}

void sgc_block_cache_find_many(sgc_block_cache *cache, uint64_t segment, const uint32_t *numbers,
                               unsigned count, sgc_history_block **blocks)
{
    for (unsigned i = 0, end = 0; i < count; i = end) {
        sgc_block_shard *shard = shard_of(cache, segment, numbers[i]);
        while (end < count && shard_of(cache, segment, numbers[end]) == shard)
            end++;
        sgc_mutex_lock(&shard->lock);
        foresee_many(shard, segment, numbers + i, end - i);
        for (unsigned k = i; k < end; k++)
            blocks[k] = hold(shard, segment, numbers[k]);
        sgc_mutex_unlock(&shard->lock);
    }
}

/* Twice as many chains when they get long; without memory they stay long. */
static void grow_chains(sgc_block_cache *cache, sgc_block_shard *shard)
{
    size_t more = shard->chain_count * 2;
    sgc_history_block **chains;

    if (shard->count < shard->chain_count) return;
    if (shard->bytes + shard->chain_count * sizeof *chains > cache->budget) return;
    if (!(chains = sgc_alloc_zero(more, sizeof *chains))) return;
    shard->bytes += shard->chain_count * sizeof *chains;
    sgc_free(shard->chains);
    shard->chains = chains;
    shard->chain_count = more;
    sgc_history_block *block = shard->hand;
    for (uint64_t i = 0; i < shard->count; i++, block = block->newer) {
        sgc_history_block **chain = chain_of(shard, hash_of(block->segment, block->number));
        block->chain = *chain;
        *chain = block;
    }
}

/* The hand goes round at most twice: once to forget what was recent. */
static bool make_room(sgc_block_cache *cache, sgc_block_shard *shard, size_t size)
{
    uint64_t steps = 2 * shard->count;

    while (shard->bytes + size > cache->budget && shard->hand && steps-- > 0) {
        sgc_history_block *block = shard->hand;
        bool held = atomic_load_explicit(&block->references, memory_order_relaxed) > 1;
        if (held || atomic_exchange_explicit(&block->recent, false, memory_order_relaxed)) {
            shard->hand = block->newer;
        } else {
            unlink_block(shard, block);
        }
    }
    return shard->bytes + size <= cache->budget;
}

void sgc_block_cache_keep(sgc_block_cache *cache, sgc_history_block *block)
{
    uint64_t hash = hash_of(block->segment, block->number);
    sgc_block_shard *shard = shard_of(cache, block->segment, block->number);

    sgc_mutex_lock(&shard->lock);
    if (!find(shard, hash, block->segment, block->number) && make_room(cache, shard, block->size)) {
        atomic_fetch_add(&block->references, 1);
        shard->bytes += block->size;
        block->newer = block->older = block;
        if (shard->hand) { /* just behind the hand: it comes by last */
            block->newer = shard->hand;
            block->older = shard->hand->older;
            block->older->newer = block->newer->older = block;
        } else {
            shard->hand = block;
        }
        sgc_history_block **chain = chain_of(shard, hash);
        block->chain = *chain;
        *chain = block;
        shard->count++;
        grow_chains(cache, shard);
    }
    sgc_mutex_unlock(&shard->lock);
}

void sgc_block_cache_forget(sgc_block_cache *cache, uint64_t segment)
{
    for (unsigned i = 0; i < cache->shard_count; i++) {
        sgc_block_shard *shard = &cache->shards[i];
        sgc_mutex_lock(&shard->lock);
        for (uint64_t left = shard->count; left > 0; left--) {
            sgc_history_block *block = shard->hand;
            shard->hand = block->newer;
            if (block->segment == segment) unlink_block(shard, block);
        }
        sgc_mutex_unlock(&shard->lock);
    }
}

sgc_status sgc_block_load(const sgc_segment *segment, const sgc_history_run *run, uint32_t number,
                          const sgc_past_period *period, sgc_history_block **block,
                          sgc_error *error)
{
    sgc_history *history = segment->history;
    sgc_block_reader *reader;

    *block = sgc_block_cache_find(&history->cache, segment->number, run->first_block + number);
    if (*block) return SGC_OK;
    sgc_status status = sgc_history_take_reader(history, &reader, error);
    if (status) return status;
    status = sgc_block_read(segment, run, number, period, reader, block, error);
    sgc_history_give_reader(history, reader);
    if (status == SGC_OK && *block) sgc_block_cache_keep(&history->cache, *block);
    return status;
}
