/* hash.c - 64-bit hash, CRC-32C and the string map. */
#include "base/base.h"

/* ---- hash: the folded 128-bit multiplication of wyhash (Wang Yi, public domain) ---- */

static uint64_t fold(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

#define SECRET_0 0xa0761d6478bd642fU
#define SECRET_1 0xe7037ed1a0b428dbU
#define SECRET_2 0x8ebc6af09c88c6e3U

/* At most 8 bytes, the first one lowest; loads may overlap, the bits are then the same. */
static uint64_t load_tail(const uint8_t *p, size_t size)
{
    if (size == 8) return sgc_load64(p);
    if (size >= 4) return sgc_load32(p) | (uint64_t)sgc_load32(p + size - 4) << (8 * (size - 4));
    if (size == 0) return 0;
    return p[0] | (uint64_t)p[size / 2] << (8 * (size / 2)) |
           (uint64_t)p[size - 1] << (8 * (size - 1));
}

uint64_t sgc_hash(const void *data, size_t size, uint64_t seed)
{
    const uint8_t *p = data;
    size_t left = size;

    seed ^= SECRET_0;
    while (left > 16) {
        seed = fold(sgc_load64(p) ^ SECRET_1, sgc_load64(p + 8) ^ seed);
        p += 16;
        left -= 16;
    }
    uint64_t a = left >= 8 ? sgc_load64(p) : load_tail(p, left);
    uint64_t b = left > 8 ? load_tail(p + 8, left - 8) : 0;
    return fold(SECRET_1 ^ size, fold(a ^ SECRET_1, b ^ seed ^ SECRET_2));
}

/* ---- CRC-32C ---- */

#define CRC32C_REVERSED 0x82F63B78U

static uint32_t crc_table_entry(uint32_t byte)
{
    for (int bit = 0; bit < 8; bit++)
        byte = byte >> 1 ^ (byte & 1 ? CRC32C_REVERSED : 0);
    return byte;
}

static uint32_t crc32c_plain(uint32_t crc, const uint8_t *p, size_t size)
{
    while (size--)
        crc = crc >> 8 ^ crc_table_entry((crc ^ *p++) & 0xFF);
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(uint32_t crc, const uint8_t *p,
                                                               size_t size)
{
    uint64_t wide = crc;

    for (; size >= 8; p += 8, size -= 8)
        wide = __builtin_ia32_crc32di(wide, sgc_load64(p));
    crc = (uint32_t)wide;
    while (size--)
        crc = __builtin_ia32_crc32qi(crc, *p++);
    return crc;
}
#endif

uint32_t sgc_crc32c(uint32_t crc, const void *data, size_t size)
{
    crc = ~crc;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) return ~crc32c_sse42(crc, data, size);
#endif
    return ~crc32c_plain(crc, data, size);
}

/* ---- map: open addressing, linear probing, at most two thirds full ---- */

struct sgc_map_entry {
    uint64_t hash;
    sgc_str key;
    void *value; /* NULL: free */
};

static struct sgc_map_entry *map_slot(struct sgc_map_entry *entries, size_t capacity, uint64_t hash,
                                      sgc_str key)
{
    size_t at = (size_t)hash & (capacity - 1);

    while (entries[at].value && !(entries[at].hash == hash && sgc_str_eq(entries[at].key, key)))
        at = (at + 1) & (capacity - 1);
    return &entries[at];
}

void *sgc_map_get(const sgc_map *map, sgc_str key)
{
    if (map->count == 0) return NULL;
    return map_slot(map->entries, map->capacity, sgc_hash(key.data, key.size, 0), key)->value;
}

static bool map_double(sgc_map *map)
{
    size_t capacity = map->capacity ? map->capacity * 2 : 16;
    struct sgc_map_entry *entries = sgc_arena_zero(map->arena, capacity, sizeof *entries);

    if (!entries) return false;
    for (size_t i = 0; i < map->capacity; i++) {
        const struct sgc_map_entry *old = &map->entries[i];
        if (old->value) *map_slot(entries, capacity, old->hash, old->key) = *old;
    }
    map->entries = entries;
    map->capacity = capacity;
    return true;
}

bool sgc_map_put(sgc_map *map, sgc_str key, void *value)
{
    if ((map->count + 1) * 3 > map->capacity * 2 && !map_double(map)) return false;
    uint64_t hash = sgc_hash(key.data, key.size, 0);
    struct sgc_map_entry *entry = map_slot(map->entries, map->capacity, hash, key);
    if (!entry->value) map->count++;
    *entry = (struct sgc_map_entry){hash, key, value};
    return true;
}
