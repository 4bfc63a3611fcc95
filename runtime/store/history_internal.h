/*
 * history_internal.h - private to the history: segments as files of sorted runs, blocks of a run in
 * memory, the cache that holds them, and what reading, writing and merging share.
 *
 * A segment is a file of runs; a run is a sorted list of items in blocks. Runs of versions and of
 * indexes are ordered by (key, begin), those of changes and of commits by (begin, key): their begin
 * is the sequence; the end of a change is its op, the end of a commit its time.
 */
#ifndef SGC_STORE_HISTORY_INTERNAL_H
#define SGC_STORE_HISTORY_INTERNAL_H

#include "codec/codec.h"
#include "store/format.h"
#include "store/history.h"
#include "store/pages.h"

#include <stdatomic.h>

enum {
    SGC_HISTORY_HEAD = 16,        /**< bytes of a segment's head */
    SGC_HISTORY_TAIL = 64,        /**< bytes behind its footer */
    SGC_HISTORY_BLOCK = 8192,     /**< bytes of keys and values that close a block */
    SGC_HISTORY_NAME = 21,        /**< of a file, with the NUL */
    SGC_HISTORY_SPILL = 64 << 20, /* unless told otherwise */
    SGC_BLOOM_PART = 32,          /**< bytes of the filter that one key touches */
    SGC_HISTORY_SHARDS = 8,       /**< of the cache, when it is large */
};
/** Longer blocks are damage: a record has at most 256 MB. */
#define SGC_HISTORY_PLAIN_MAX ((uint64_t)257 << 20)

typedef enum sgc_run_kind {
    SGC_RUN_VERSIONS = 1, /**< key: of the row; value: the record */
    SGC_RUN_INDEX,        /**< key: the entry; value: size of the row's key in it, a varint */
    SGC_RUN_CHANGES,      /**< key: stable number of the table (4 bytes, big-endian), row's key */
    SGC_RUN_COMMITS,      /**< no key */
} sgc_run_kind;

typedef struct sgc_run_id {
    uint8_t kind;
    uint32_t table, index; /**< stable numbers, else 0 */
} sgc_run_id;

static inline bool sgc_run_is_timeline(uint8_t kind)
{
    return kind == SGC_RUN_CHANGES || kind == SGC_RUN_COMMITS;
}
/** The first eight bytes, big-endian, zeros behind shorter ones: orders most keys. */
static inline uint64_t sgc_head_of(const char *bytes, size_t size)
{
    uint64_t head = 0;

    if (size >= 8) return sgc_be64((const uint8_t *)bytes);
    for (size_t i = 0; i < 8; i++)
        head = head << 8 | (i < size ? (uint8_t)bytes[i] : 0);
    return head;
}
int sgc_run_id_compare(sgc_run_id a, sgc_run_id b);

typedef struct sgc_history_item {
    sgc_str key, value;
    uint64_t begin, end;
} sgc_history_item;

/** What the footer says of a block. */
typedef struct sgc_block_entry {
    uint64_t offset, first_begin, min_begin, max_end;
    uint32_t size;   /**< in the file: begins and ends, then keys and values */
    uint32_t arrays; /**< of it: begins and ends */
    uint32_t plain;  /**< keys and values before compression; equal to the rest: not compressed */
    uint32_t spread; /**< the same with whole keys */
    uint32_t count, crc;
    uint32_t key; /**< first key: where in the segment's keys */
    uint32_t key_size;
} sgc_block_entry;

typedef struct sgc_history_run {
    sgc_run_id id;
    uint64_t count, keys; /**< items; different keys */
    uint64_t min_begin, max_begin, min_end, max_end;
    uint32_t first_block, block_count;
    sgc_str last_key;
    const uint8_t *bloom;
    uint32_t bloom_parts; /**< a power of two; 0: no filter */
    uint32_t shared;      /**< bytes that the first keys of all blocks begin with */
    uint64_t *heads;      /**< of those keys: the next eight bytes, big-endian */
} sgc_history_run;

typedef struct sgc_segment {
    sgc_history *history;
    sgc_file *file;
    char *path;
    uint64_t number, size, after, through;
    uint32_t checksum; /**< of its tail, which holds that of the footer */
    bool loaded;       /**< the file is open and its footer read; under history->loading */
    uint32_t run_count, block_count;
    sgc_history_run *runs; /**< ordered by id */
    sgc_block_entry *blocks;
    uint64_t *heads; /**< of all runs */
    sgc_buf footer, keys;
    _Atomic uint64_t references;
    _Atomic bool replaced; /**< the file goes with the last reference */
    bool runs_tried;       /**< made here: a run that it does not have cannot be made */
} sgc_segment;

typedef struct sgc_horizon {
    uint32_t table; /**< stable number */
    uint64_t sequence;
} sgc_horizon;

struct sgc_segments {
    sgc_history *history;
    const sgc_schema *schema;
    sgc_segment **items;   /**< in order of time */
    sgc_horizon *horizons; /**< ordered by table */
    size_t count, horizon_count;
    _Atomic bool loaded; /**< all of them are */
    _Atomic uint64_t references;
};

/* ---- blocks in memory ---- */

typedef struct sgc_item_place {
    uint32_t key, value, end; /**< offsets in bytes */
} sgc_item_place;

enum { SGC_SPANS = 16 }; /* items whose spans are compared together */

typedef struct sgc_history_block {
    uint64_t segment;
    uint32_t number, count;
    size_t size; /**< of the allocation */
    uint64_t *begins, *ends;
    uint64_t *heads; /**< of keys, behind what all share; not of timelines */
    uint32_t shared; /**< bytes that all keys begin with */
    bool heads_tell; /**< keys with one head are one key */
    sgc_item_place *items;
    char *bytes;
    /**
     * Begins and ends once more, minus `base`, for walks that compare all of them; filled up with
     * what is never true to a multiple of SGC_SPANS. Not when `wide`: they are too far apart.
     */
    int32_t *froms, *untils;
    uint64_t base;
    bool wide;
    _Atomic uint32_t references;
    _Atomic bool recent;
    struct sgc_history_block *chain, *newer, *older; /**< of the cache's shard */
} sgc_history_block;

static inline sgc_str sgc_block_key(const sgc_history_block *block, uint32_t at)
{
    const sgc_item_place *place = &block->items[at];
    return sgc_str_of(block->bytes + place->key, place->value - place->key);
}
static inline sgc_str sgc_block_value(const sgc_history_block *block, uint32_t at)
{
    const sgc_item_place *place = &block->items[at];
    return sgc_str_of(block->bytes + place->value, place->end - place->value);
}
void sgc_block_release(sgc_history_block *block); /**< NULL is fine */

/** Memory that reading a block needs, used again and again. */
typedef struct sgc_block_reader {
    sgc_packer *packer;
    sgc_buf packed, plain;
    struct sgc_block_reader *next;
} sgc_block_reader;

/**
 * Reads and checks a block. *block is NULL when none of its items overlaps the period: then its
 * keys were not decompressed. The caller owns a reference.
 */
SGC_CHECK sgc_status sgc_block_read(const sgc_segment *segment, const sgc_history_run *run,
                                    uint32_t number, const sgc_past_period *period,
                                    sgc_block_reader *reader, sgc_history_block **block,
                                    sgc_error *error);

/** Begins, ends, keys and values of a block that is being written. */
typedef struct sgc_block_writer {
    sgc_buf arrays, plain, last_key;
    uint64_t last_begin, last_end, first_begin, min_begin, max_end;
    size_t spread;
    uint32_t count;
} sgc_block_writer;
void sgc_block_writer_add(sgc_block_writer *writer, bool timeline, const sgc_history_item *item);

/* ---- filters ---- */

uint64_t sgc_bloom_hash(sgc_str key);
void sgc_bloom_add(uint8_t *bloom, uint32_t parts, uint64_t hash);
bool sgc_bloom_has(const uint8_t *bloom, uint32_t parts, uint64_t hash);
/** Parts for so many keys: at least 10 bits a key. 0 when memory could not hold them. */
uint32_t sgc_bloom_parts(uint64_t keys);

/* ---- the cache ---- */

typedef struct sgc_block_shard {
    sgc_mutex lock;
    sgc_history_block **chains;
    size_t chain_count;      /**< a power of two */
    sgc_history_block *hand; /**< in the ring of blocks */
    uint64_t bytes, count, hits, misses;
} sgc_block_shard;

typedef struct sgc_block_cache {
    sgc_block_shard shards[SGC_HISTORY_SHARDS];
    unsigned shard_count;
    uint64_t budget; /**< of each shard */
} sgc_block_cache;

SGC_CHECK sgc_status sgc_block_cache_open(sgc_block_cache *cache, uint64_t budget);
void sgc_block_cache_close(sgc_block_cache *cache);
/** A reference to the block, or NULL. */
sgc_history_block *sgc_block_cache_find(sgc_block_cache *cache, uint64_t segment, uint32_t number);
/** The same for several: each is sought once, and neighbours cost one lock. */
void sgc_block_cache_find_many(sgc_block_cache *cache, uint64_t segment, const uint32_t *numbers,
                               unsigned count, sgc_history_block **blocks);
/** Keeps the block if there is room or can be made; the caller's reference stays his. */
void sgc_block_cache_keep(sgc_block_cache *cache, sgc_history_block *block);
void sgc_block_cache_forget(sgc_block_cache *cache, uint64_t segment);
/** Through the cache; otherwise as sgc_block_read(). */
SGC_CHECK sgc_status sgc_block_load(const sgc_segment *segment, const sgc_history_run *run,
                                    uint32_t number, const sgc_past_period *period,
                                    sgc_history_block **block, sgc_error *error);

struct sgc_history {
    const sgc_os *os;
    char *directory;
    const sgc_schema *schema; /**< of the next writer */
    sgc_block_cache cache;
    sgc_mutex loading; /**< of footers; taken alone */
    sgc_mutex lock;
    sgc_block_reader *readers; /**< idle ones, under lock */
    sgc_segments *published;   /**< under lock */
    _Atomic uint64_t next_number, merges, merged_bytes;
    _Atomic bool merges_end;            /**< no merge goes on */
    size_t spill;                       /**< bytes collected before they go to a file */
    _Atomic size_t collected, indexing; /**< memory of the writer at work, of index runs */
};

SGC_CHECK sgc_status sgc_history_take_reader(sgc_history *history, sgc_block_reader **reader,
                                             sgc_error *error);
void sgc_history_give_reader(sgc_history *history, sgc_block_reader *reader);

/* ---- segments ---- */

sgc_status sgc_segment_damaged(const sgc_segment *segment, uint64_t offset, const char *why,
                               sgc_error *error);
sgc_status sgc_history_os_failed(sgc_status status, sgc_error *error);
sgc_status sgc_history_no_memory(sgc_error *error);
/** An object without a file yet. */
SGC_CHECK sgc_status sgc_segment_new(sgc_history *history, uint64_t number, sgc_segment **segment,
                                     sgc_error *error);
/**
 * Opens the file and reads its footer, unless that was done: size, range and checksum must be those
 * of the segment. Under history->loading.
 */
SGC_CHECK sgc_status sgc_segment_load(sgc_segment *segment, sgc_error *error);
/** Reads the footer in segment->footer. */
SGC_CHECK sgc_status sgc_segment_parse(sgc_segment *segment, uint64_t data_end, sgc_error *error);
void sgc_segment_release(sgc_segment *segment); /**< NULL is fine */
/** Closes and removes a file that nothing names, and gives the reference back. */
void sgc_segment_drop(sgc_segment *segment);
const sgc_history_run *sgc_segment_run(const sgc_segment *segment, sgc_run_id id);
static inline sgc_str sgc_segment_first_key(const sgc_segment *segment, uint32_t block)
{
    const sgc_block_entry *entry = &segment->blocks[block];
    return sgc_str_of(segment->keys.data + entry->key, entry->key_size);
}
void sgc_history_tail_encode(const sgc_segment *segment, uint64_t footer_offset,
                             uint8_t tail[SGC_HISTORY_TAIL]);
extern const uint8_t sgc_history_head[SGC_HISTORY_HEAD];

/** The run of an index of a table; false when the schema has none. */
bool sgc_run_id_of(const sgc_segments *segments, uint16_t table, uint16_t index, sgc_run_id *id);

/** Numbers of `heads`, which rise, that are below `head`. */
static inline uint32_t sgc_heads_below(const uint64_t *heads, uint32_t count, uint64_t head)
{
    uint32_t low = 0;

    while (count > 0) {
        uint32_t half = count / 2;
        bool is_below = heads[low + half] < head;
        low = is_below ? low + half + 1 : low;
        count = is_below ? count - half - 1 : half;
    }
    return low;
}
/** The same that are not above it; `below` are below it. */
static inline uint32_t sgc_heads_not_above(const uint64_t *heads, uint32_t count, uint64_t head,
                                           uint32_t below)
{
    if (below == count || heads[below] != head) return below;
    if (head == UINT64_MAX) return count;
    return below + sgc_heads_below(heads + below, count - below, head + 1);
}

/* ---- walking a run ---- */

typedef struct sgc_history_source {
    sgc_segment *segment;
    const sgc_history_run *run;
    sgc_past_period period;   /**< from and to both inclusive; timelines: all */
    sgc_block_reader *reader; /**< NULL: through the cache */
    sgc_history_block *block;
    uint32_t number, at; /**< of the block in the run, of the item in it */
    bool descending, valid;
    sgc_history_item item;
    struct sgc_source_gather *gather; /**< of an index that the segment has no run of: run is that
                                           of the versions then; NULL: not so */
} sgc_history_source;

/** The source is one of an index (by position) that its segment has no run of. */
SGC_CHECK sgc_status sgc_source_of_versions(sgc_history_source *source, const sgc_table *table,
                                            uint16_t index);
/** Gives back what sgc_source_of_versions() took; the source is at its end. */
void sgc_source_close(sgc_history_source *source);
/** To the first (descending: last) item that overlaps the period. */
SGC_CHECK sgc_status sgc_source_start(sgc_history_source *source, sgc_error *error);
/** Lifetimes. Ascending: first item with key >= bound; descending: last one with key < bound. */
SGC_CHECK sgc_status sgc_source_seek(sgc_history_source *source, sgc_str bound, sgc_error *error);
/** Timelines: first item at or behind (begin, key). */
SGC_CHECK sgc_status sgc_source_seek_change(sgc_history_source *source, uint64_t begin, sgc_str key,
                                            sgc_error *error);
/** Timelines: first item with begin > after. */
SGC_CHECK sgc_status sgc_source_seek_time(sgc_history_source *source, uint64_t after,
                                          sgc_error *error);
SGC_CHECK sgc_status sgc_source_next(sgc_history_source *source, sgc_error *error);
void sgc_source_stop(sgc_history_source *source);

/** Sources by their items: the least one is sources[0]. */
void sgc_sources_order(sgc_history_source **sources, size_t count);
/** After sources[0] has moved: puts it where it belongs, or takes it out at its end. */
void sgc_sources_sift(sgc_history_source **sources, size_t *count);

/**
 * The item with this key that was true at `at`, in a held block. SGC_NOT_FOUND. *block before:
 * NULL, or a held block that may be the one again; it is given back when it is not.
 */
SGC_CHECK sgc_status sgc_run_find(const sgc_segment *segment, const sgc_history_run *run,
                                  sgc_str key, uint64_t at, sgc_history_block **block,
                                  uint32_t *item, sgc_error *error);

/* ---- building a segment ---- */

typedef struct sgc_segment_builder sgc_segment_builder;

SGC_CHECK sgc_status sgc_builder_open(sgc_history *history, sgc_segment_builder **builder,
                                      sgc_error *error);
/** Starts a run of at most `keys` different keys; ids rise. A run without items leaves nothing. */
SGC_CHECK sgc_status sgc_builder_run(sgc_segment_builder *builder, sgc_run_id id, uint64_t keys,
                                     sgc_error *error);
/** Items in order. */
SGC_CHECK sgc_status sgc_builder_add(sgc_segment_builder *builder, const sgc_history_item *item,
                                     sgc_error *error);
/** Frees the builder either way. durable: syncs the file and the folder. */
SGC_CHECK sgc_status sgc_builder_finish(sgc_segment_builder *builder, uint64_t after,
                                        uint64_t through, bool durable, sgc_segment **segment,
                                        sgc_error *error);
void sgc_builder_abort(sgc_segment_builder *builder); /**< NULL is fine */

/** Runs with this id of some segments into the builder. horizons: of the list that is merged, which
 * closing may stop; NULL: parts of a writer, which nothing stops. */
SGC_CHECK sgc_status sgc_merge_run(sgc_history *history, sgc_segment **segments, size_t count,
                                   sgc_run_id id, const sgc_segments *horizons,
                                   sgc_segment_builder *builder, sgc_error *error);
/** All runs of some segments into one. */
SGC_CHECK sgc_status sgc_merge_segments(sgc_history *history, const sgc_schema *schema,
                                        sgc_segment **segments, size_t count,
                                        const sgc_segments *horizons, bool durable,
                                        sgc_segment **merged, sgc_error *error);
/** A run of an index made from the versions of some segments; none when an entry is too long. */
SGC_CHECK sgc_status sgc_history_make_run(sgc_history *history, sgc_segment **segments,
                                          size_t count, const sgc_table *table, uint16_t index,
                                          const sgc_segments *horizons,
                                          sgc_segment_builder *builder, sgc_error *error);
/** Whether the database closes, so that a merge (which has horizons) is not worth going on with. */
bool sgc_merge_is_stopped(sgc_history *history, const sgc_segments *horizons);
/** Whether retention leaves the item out; horizons may be NULL. */
bool sgc_history_is_past(const sgc_segments *horizons, sgc_run_id id, const sgc_history_item *item);

/** A list with room for `count` segments and no segment in it yet. */
SGC_CHECK sgc_status sgc_segments_new(sgc_history *history, const sgc_schema *schema, size_t count,
                                      size_t horizons, sgc_segments **segments, sgc_error *error);
uint64_t sgc_segments_horizon_of(const sgc_segments *segments, uint32_t table);

#endif
