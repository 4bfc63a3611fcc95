/*
 * bench.h - what the two engines have in common: the work they do and the sums that show they did
 * the same.
 */
#ifndef BENCH_WORLD_BENCH_H
#define BENCH_WORLD_BENCH_H

#include "measure.h"
#include "rows.h"

/** Work that is repeated n times and timed. Keys come from bench_random(), so both do the same. */
typedef enum bench_work {
    WORK_GET,       /**< a city by its key, a read transaction each */
    WORK_GET_BATCH, /**< the same, 100 in one read transaction */
    WORK_UNIQUE,    /**< a country by its unique name */
    WORK_NAME,      /**< all cities of one name, by the index */
    WORK_RANGE,     /**< 100 cities from a longitude on, by the index */
    WORK_CHILDREN,  /**< all cities of a district */
    WORK_SCAN,      /**< all cities by key */
    WORK_INSERT,    /**< one more city, durable */
    WORKS
} bench_work;

enum { RANGE_ROWS = 100, BATCH_GETS = 100 };

typedef struct bench_engine {
    const char *name;
    /** Opens or creates the database in the folder, with a page cache of `cache` bytes. */
    void *(*open)(const char *folder, size_t cache);
    void (*close)(void *self);
    /** All rows in one transaction; on return they are durable. */
    void (*load)(void *self, const rows *all);
    /** Moves everything from the log into the file that is read. */
    void (*checkpoint)(void *self);
    /** n times the work; the sum of what was read. seed: of the keys; WORK_INSERT: the first id. */
    uint64_t (*work[WORKS])(void *self, const rows *all, uint64_t seed, size_t n);
} bench_engine;

extern const bench_engine bench_sgc, bench_sqlite;

static inline const row *bench_pick(const row_list *list, uint64_t *state)
{
    return &list->items[bench_random(state) % list->count];
}

/** Where the 100 rows of a range begin. */
static inline double bench_longitude(uint64_t *state)
{
    return (double)(bench_random(state) % 34000) / 100.0 - 170.0;
}

/** Sum over every member of a city, so that all of it has to be decoded. */
static inline uint64_t bench_sum_city(int32_t id, sgc_str name, double lat, double lng,
                                      sgc_str country, sgc_str region, sgc_str district)
{
    return (uint64_t)id + name.size + (uint8_t)name.data[0] +
           (uint64_t)((lat + 90) * 100 + (lng + 180) * 100) + (uint8_t)country.data[0] +
           country.size + region.size + district.size;
}

/** Name of the n-th city that WORK_INSERT adds; text has 32 bytes. */
sgc_str bench_new_name(int32_t id, char *text);

#endif
