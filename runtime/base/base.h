/*
 * base.h - what every other room stands on: memory, checked arithmetic, UTF-8, hashes, checksums,
 * maps, error texts and suggestions. The public half (statuses, strings, arenas, buffers) is
 * sgc/base.h.
 */
#ifndef SGC_RUNTIME_BASE_H
#define SGC_RUNTIME_BASE_H

#include "sgc/base.h"

/* ---- memory: the only callers of malloc and free in the house ---- */

/** size bytes or NULL. size 0 gives a valid pointer. Free with sgc_free(). */
void *sgc_alloc(size_t size);
/** count * size zeroed bytes; NULL on overflow or when memory is out. */
void *sgc_alloc_zero(size_t count, size_t size);
/** Grows or shrinks to count * size bytes; NULL (and memory untouched) on failure. */
void *sgc_realloc(void *memory, size_t count, size_t size);
/** Aligned to `alignment` (a power of two, a multiple of sizeof(void *)); free with sgc_free(). */
void *sgc_alloc_aligned(size_t alignment, size_t size);
void sgc_free(void *memory);
/** Tests only: the n-th allocation from now fails (and all behind it if sticky); 0 switches off. */
void sgc_alloc_fail_at(uint64_t n, bool sticky);
/** Tests only: whether the allocation at hand has to fail; for memory that is not of the heap. */
bool sgc_alloc_refused(void);
/** Tests only: allocations since start. */
uint64_t sgc_alloc_count(void);

/* ---- checked arithmetic: true when the result fits ---- */

static inline bool sgc_add(size_t a, size_t b, size_t *sum)
{
    return !__builtin_add_overflow(a, b, sum);
}
static inline bool sgc_mul(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

/* ---- growing arrays: SGC_GROW(items, count, capacity) on the heap ---- */

/** Makes room for one more item; false when memory is out (items stay valid). */
bool sgc_grow(void **items, size_t count, size_t *capacity, size_t item_size);
#define SGC_GROW(items, count, capacity)                                                           \
    sgc_grow((void **)&(items), (count), &(capacity), sizeof *(items))
/** The same in an arena: the old array is left behind. */
bool sgc_arena_grow(sgc_arena *arena, void **items, size_t count, size_t *capacity,
                    size_t item_size);
#define SGC_ARENA_GROW(arena, items, count, capacity)                                              \
    sgc_arena_grow((arena), (void **)&(items), (count), &(capacity), sizeof *(items))

/* ---- hashes, checksums ---- */

/** 64-bit hash of bytes, stable across runs and machines (wyhash construction, Wang Yi 2019). */
uint64_t sgc_hash(const void *data, size_t size, uint64_t seed);
/** CRC-32C (Castagnoli, RFC 3720 B.4) of data, continued from `crc` (0 to start). */
uint32_t sgc_crc32c(uint32_t crc, const void *data, size_t size);

/* ---- string map: sgc_str -> pointer or number, memory from an arena ---- */

typedef struct sgc_map {
    sgc_arena *arena; /**< set by the user before the first put */
    struct sgc_map_entry *entries;
    size_t count;
    size_t capacity;
} sgc_map;

/** The value of key, or NULL. Values must not be NULL. */
void *sgc_map_get(const sgc_map *map, sgc_str key);
/** Sets key to value (keys are borrowed, not copied). False when memory is out. */
bool sgc_map_put(sgc_map *map, sgc_str key, void *value);

/* ---- UTF-8 (RFC 3629) ---- */

/** Bytes of the valid sequence at text (1..4), 0 when it is none; sets *code_point. */
size_t sgc_utf8_decode(const char *text, size_t size, uint32_t *code_point);
/** Writes code_point (a scalar value) to out[4] and returns its length in bytes. */
size_t sgc_utf8_encode(uint32_t code_point, char out[4]);
/** Bytes of the longest valid prefix; equal to text.size when all is valid. */
size_t sgc_utf8_valid_prefix(sgc_str text);

/* ---- names that resemble a misspelt one ---- */

/** Text in the order of its bytes, but digits by their number: a2 before a10. */
int sgc_natural_compare(sgc_str a, sgc_str b);
/** At most so many suggestions are shown. */
enum { SGC_SUGGESTIONS = 5 };
/**
 * Finds the options that resemble input, nearest first, at most SGC_SUGGESTIONS, and returns how
 * many. *effort is what may still be spent (about one per compared character); when it is used up
 * nothing is suggested any more. Start it with SGC_SUGGEST_EFFORT, once for all errors of a run.
 */
size_t sgc_suggest(sgc_str input, const sgc_str *options, size_t count, uint64_t *effort,
                   sgc_str best[SGC_SUGGESTIONS]);
#define SGC_SUGGEST_EFFORT ((uint64_t)50000000)
/** Appends ` Did you mean WHAT "a", "b", or "c"?`; nothing for an empty list. what may be NULL. */
void sgc_did_you_mean(const char *what, const sgc_str *list, size_t count, sgc_buf *out);

/* ---- little-endian bytes ---- */

static inline uint16_t sgc_load16(const void *p)
{
    const uint8_t *b = p;
    return (uint16_t)(b[0] | b[1] << 8);
}
static inline uint32_t sgc_load32(const void *p)
{
    const uint8_t *b = p;
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}
static inline uint64_t sgc_load64(const void *p)
{
    return (uint64_t)sgc_load32(p) | (uint64_t)sgc_load32((const uint8_t *)p + 4) << 32;
}
static inline void sgc_store16(void *p, uint16_t v)
{
    uint8_t *b = p;
    b[0] = (uint8_t)v;
    b[1] = (uint8_t)(v >> 8);
}
static inline void sgc_store32(void *p, uint32_t v)
{
    sgc_store16(p, (uint16_t)v);
    sgc_store16((uint8_t *)p + 2, (uint16_t)(v >> 16));
}
static inline void sgc_store64(void *p, uint64_t v)
{
    sgc_store32(p, (uint32_t)v);
    sgc_store32((uint8_t *)p + 4, (uint32_t)(v >> 32));
}

#endif
