/*
 * history.c - the open folder, its published lists and the manifest that the root keeps of them.
 * Files are history_segment.c; nothing here reads versions.
 */
#include "store/history_internal.h"

/* ---- idle readers ---- */

enum { READER_KEEPS = 1 << 20 };

static void free_reader(sgc_block_reader *reader)
{
    sgc_packer_free(reader->packer);
    sgc_buf_free(&reader->packed);
    sgc_buf_free(&reader->plain);
    sgc_free(reader);
}

sgc_status sgc_history_take_reader(sgc_history *history, sgc_block_reader **out, sgc_error *error)
{
    sgc_mutex_lock(&history->lock);
    sgc_block_reader *reader = history->readers;
    if (reader) history->readers = reader->next;
    sgc_mutex_unlock(&history->lock);
    if (!reader) {
        reader = sgc_alloc_zero(1, sizeof *reader);
        if (reader) reader->packer = sgc_packer_create();
        if (reader && !reader->packer) {
            free_reader(reader);
            reader = NULL;
        }
    }
    *out = reader;
    return reader ? SGC_OK : sgc_history_no_memory(error);
}

void sgc_history_give_reader(sgc_history *history, sgc_block_reader *reader)
{
    if (!reader) return;
    if (reader->packed.capacity > READER_KEEPS) sgc_buf_free(&reader->packed);
    if (reader->plain.capacity > READER_KEEPS) sgc_buf_free(&reader->plain);
    sgc_mutex_lock(&history->lock);
    reader->next = history->readers;
    history->readers = reader;
    sgc_mutex_unlock(&history->lock);
}

/* ---- lists ---- */

sgc_status sgc_segments_new(sgc_history *history, const sgc_schema *schema, size_t count,
                            size_t horizons, sgc_segments **out, sgc_error *error)
{
    sgc_segments *list = sgc_alloc_zero(1, sizeof *list);

    *out = NULL;
    if (list) {
        list->items = sgc_alloc_zero(count, sizeof(sgc_segment *));
        list->horizons = sgc_alloc_zero(horizons, sizeof *list->horizons);
    }
    if (!list || !list->items || !list->horizons) {
        if (list) sgc_free(list->items);
        if (list) sgc_free(list->horizons);
        sgc_free(list);
        return sgc_history_no_memory(error);
    }
    list->history = history;
    list->schema = schema;
    atomic_init(&list->references, 1);
    *out = list;
    return SGC_OK;
}

sgc_segments *sgc_segments_retain(sgc_segments *segments)
{
    atomic_fetch_add(&segments->references, 1);
    return segments;
}

void sgc_segments_release(sgc_segments *segments)
{
    if (!segments || atomic_fetch_sub(&segments->references, 1) != 1) return;
    for (size_t i = 0; i < segments->count; i++)
        sgc_segment_release(segments->items[i]);
    sgc_free(segments->items);
    sgc_free(segments->horizons);
    sgc_free(segments);
}

sgc_status sgc_segments_under(sgc_segments *segments, const sgc_schema *schema,
                              sgc_segments **under, sgc_error *error)
{
    size_t count = segments->count, horizons = segments->horizon_count;
    sgc_status status = sgc_segments_new(segments->history, schema, count, horizons, under, error);

    if (status) return status;
    for (size_t i = 0; i < count; i++) {
        (*under)->items[i] = segments->items[i];
        atomic_fetch_add(&segments->items[i]->references, 1);
    }
    if (horizons)
        memcpy((*under)->horizons, segments->horizons, horizons * sizeof *segments->horizons);
    (*under)->count = count;
    (*under)->horizon_count = horizons;
    return SGC_OK;
}

sgc_status sgc_segments_load(const sgc_segments *constant, sgc_error *error)
{
    sgc_segments *segments = (sgc_segments *)(uintptr_t)constant;
    sgc_status status = SGC_OK;

    if (atomic_load_explicit(&segments->loaded, memory_order_acquire)) return SGC_OK;
    sgc_mutex_lock(&segments->history->loading);
    for (size_t i = 0; status == SGC_OK && i < segments->count; i++)
        status = sgc_segment_load(segments->items[i], error);
    if (status == SGC_OK) atomic_store_explicit(&segments->loaded, true, memory_order_release);
    sgc_mutex_unlock(&segments->history->loading);
    return status;
}

size_t sgc_segments_count(const sgc_segments *segments)
{
    return segments->count;
}

static uint64_t count_items(const sgc_segments *segments, sgc_run_kind kind)
{
    uint64_t count = 0;

    for (size_t i = 0; i < segments->count; i++) {
        const sgc_segment *segment = segments->items[i];
        for (uint32_t r = 0; r < segment->run_count; r++)
            if (segment->runs[r].id.kind == kind) count += segment->runs[r].count;
    }
    return count;
}

uint64_t sgc_segments_versions(const sgc_segments *segments)
{
    return sgc_segments_load(segments, NULL) == SGC_OK ? count_items(segments, SGC_RUN_VERSIONS)
                                                       : 0;
}

uint64_t sgc_segments_horizon_of(const sgc_segments *segments, uint32_t table)
{
    for (size_t i = 0; i < segments->horizon_count; i++)
        if (segments->horizons[i].table == table) return segments->horizons[i].sequence;
    return 0;
}

uint64_t sgc_segments_horizon(const sgc_segments *segments, uint16_t table)
{
    const sgc_schema *schema = segments->schema;

    if (!schema || table >= schema->table_count) return 0;
    return sgc_segments_horizon_of(segments, schema->tables[table].number);
}

/* ---- the manifest ----
 * u32 format, u32 segments, u32 horizons; each segment: u64 number, size, after, through, u32
 * checksum; each horizon: u32 table, u64 sequence; u32 crc of all that. */

enum { FORMAT = 1, MANIFEST_HEAD = 12, OF_SEGMENT = 36, OF_HORIZON = 12 };

static void put32(sgc_buf *out, uint32_t value)
{
    uint8_t bytes[4];

    sgc_store32(bytes, value);
    sgc_buf_append(out, bytes, sizeof bytes);
}

static void put64(sgc_buf *out, uint64_t value)
{
    put32(out, (uint32_t)value);
    put32(out, (uint32_t)(value >> 32));
}

sgc_status sgc_segments_encode(const sgc_segments *segments, sgc_buf *manifest)
{
    size_t start = manifest->size;

    if (segments->count > UINT32_MAX || segments->horizon_count > UINT32_MAX) return SGC_LIMIT;
    put32(manifest, FORMAT);
    put32(manifest, (uint32_t)segments->count);
    put32(manifest, (uint32_t)segments->horizon_count);
    for (size_t i = 0; i < segments->count; i++) {
        const sgc_segment *segment = segments->items[i];
        put64(manifest, segment->number);
        put64(manifest, segment->size);
        put64(manifest, segment->after);
        put64(manifest, segment->through);
        put32(manifest, segment->checksum);
    }
    for (size_t i = 0; i < segments->horizon_count; i++) {
        put32(manifest, segments->horizons[i].table);
        put64(manifest, segments->horizons[i].sequence);
    }
    if (manifest->failed) return SGC_NO_MEMORY;
    put32(manifest, sgc_crc32c(0, manifest->data + start, manifest->size - start));
    return manifest->failed ? SGC_NO_MEMORY : SGC_OK;
}

static sgc_status bad_manifest(const sgc_history *history, const char *why, sgc_error *error)
{
    return sgc_fail(error, SGC_CORRUPT, "%s: the root's list of segments: %s", history->directory,
                    why);
}

static sgc_status add_segment(sgc_history *history, sgc_segments *list, const uint8_t *p,
                              sgc_error *error)
{
    uint64_t number = sgc_load64(p);
    uint64_t before = list->count ? list->items[list->count - 1]->through : 0;
    sgc_segment *segment;
    sgc_status status = sgc_segment_new(history, number, &segment, error);

    if (status) return status;
    list->items[list->count++] = segment;
    segment->size = sgc_load64(p + 8);
    segment->after = sgc_load64(p + 16);
    segment->through = sgc_load64(p + 24);
    segment->checksum = sgc_load32(p + 32);
    if (segment->after < before || segment->through <= segment->after)
        return bad_manifest(history, "ranges overlap", error);
    if (number >= atomic_load(&history->next_number)) {
        if (number == UINT64_MAX) return bad_manifest(history, "a bad number", error);
        atomic_store(&history->next_number, number + 1);
    }
    return SGC_OK;
}

static sgc_status fill_list(sgc_history *history, sgc_segments *list, const uint8_t *p,
                            uint32_t count, uint32_t horizons, sgc_error *error)
{
    for (uint32_t i = 0; i < count; i++, p += OF_SEGMENT) {
        sgc_status status = add_segment(history, list, p, error);
        if (status) return status;
    }
    for (uint32_t i = 0; i < horizons; i++, p += OF_HORIZON) {
        list->horizons[i] = (sgc_horizon){sgc_load32(p), sgc_load64(p + 4)};
        if (i > 0 && list->horizons[i - 1].table >= list->horizons[i].table)
            return bad_manifest(history, "horizons are out of order", error);
        list->horizon_count++;
    }
    return SGC_OK;
}

static sgc_status decode(sgc_history *history, sgc_str manifest, sgc_segments **list,
                         sgc_error *error)
{
    const uint8_t *p = (const uint8_t *)manifest.data;
    uint32_t count = 0, horizons = 0;

    if (manifest.size) {
        if (manifest.size < MANIFEST_HEAD + 4) return bad_manifest(history, "too short", error);
        count = sgc_load32(p + 4);
        horizons = sgc_load32(p + 8);
        uint64_t size = MANIFEST_HEAD + (uint64_t)count * OF_SEGMENT;
        size += (uint64_t)horizons * OF_HORIZON + 4;
        if (sgc_load32(p) != FORMAT || size != manifest.size)
            return bad_manifest(history, "another format or size", error);
        if (sgc_load32(p + size - 4) != sgc_crc32c(0, p, manifest.size - 4))
            return bad_manifest(history, "it fails its checksum", error);
        p += MANIFEST_HEAD;
    }
    sgc_status status = sgc_segments_new(history, history->schema, count, horizons, list, error);
    if (status) return status;
    status = fill_list(history, *list, p, count, horizons, error);
    if (status) {
        sgc_segments_release(*list);
        *list = NULL;
    }
    return status;
}

/* ---- the folder ---- */

/* The number in a name of ours; false for other names. */
static bool parse_name(const char *name, uint64_t *number)
{
    *number = 0;
    for (int i = 0; i < 16; i++) {
        char c = name[i];
        bool digit = c >= '0' && c <= '9';
        if (!digit && (c < 'a' || c > 'f')) return false;
        *number = *number << 4 | (uint64_t)(digit ? c - '0' : c - 'a' + 10);
    }
    return strcmp(name + 16, ".seg") == 0;
}

typedef struct leftovers {
    const sgc_segments *list;
    bool *seen; /* segments of the list whose files are there */
    uint64_t *items;
    size_t count, capacity;
    uint64_t highest;
    bool no_memory;
} leftovers;

static void find_leftover(void *context, const char *name)
{
    leftovers *found = context;
    uint64_t number;

    if (!parse_name(name, &number)) return;
    if (number > found->highest) found->highest = number;
    for (size_t i = 0; i < found->list->count; i++) {
        if (found->list->items[i]->number != number) continue;
        found->seen[i] = true;
        return;
    }
    if (!SGC_GROW(found->items, found->count, found->capacity)) {
        found->no_memory = true;
        return;
    }
    found->items[found->count++] = number;
}

static sgc_status remove_leftover(sgc_history *history, uint64_t number, sgc_error *error)
{
    sgc_segment *segment;
    sgc_status status = sgc_segment_new(history, number, &segment, error);

    if (status) return status;
    status = history->os->remove(history->os->self, segment->path);
    sgc_segment_release(segment);
    return status && status != SGC_NOT_FOUND ? sgc_history_os_failed(status, error) : SGC_OK;
}

/* What a segment holds is looked at when the past is asked for; that it is there, at once. */
static sgc_status find_files(sgc_history *history, leftovers *found, sgc_error *error)
{
    const sgc_os *os = history->os;

    if (!found->seen) return sgc_history_no_memory(error);
    sgc_status status = os->list(os->self, history->directory, find_leftover, found);
    if (status == SGC_NOT_FOUND) status = SGC_OK; /* opened to read only, and none was made yet */
    if (status) return sgc_history_os_failed(status, error);
    if (found->no_memory) return sgc_history_no_memory(error);
    for (size_t i = 0; i < found->list->count; i++) {
        if (found->seen[i]) continue;
        return sgc_fail(error, SGC_CORRUPT, "%s: a segment of history is missing",
                        found->list->items[i]->path);
    }
    return SGC_OK;
}

static sgc_status see_files(sgc_history *history, const sgc_segments *list, bool read_only,
                            sgc_error *error)
{
    leftovers found = {.list = list, .seen = sgc_alloc_zero(list->count, sizeof(bool))};
    sgc_status status = find_files(history, &found, error);

    for (size_t i = 0; status == SGC_OK && i < found.count && !read_only; i++)
        status = remove_leftover(history, found.items[i], error);
    sgc_free(found.items);
    sgc_free(found.seen);
    if (found.highest == UINT64_MAX) /* no name of ours: numbers count from 1 */
        found.highest = 0;
    if (found.highest >= atomic_load(&history->next_number))
        atomic_store(&history->next_number, found.highest + 1);
    return status;
}

/* The folder's name is durable before a root can name what is in it, also when it was made by
 * somebody who did not get that far; has a root got a manifest, then it is. */
static sgc_status make_directory(sgc_history *history, bool has_manifest, sgc_error *error)
{
    const sgc_os *os = history->os;
    sgc_status status = os->make_directory(os->self, history->directory);

    if (status && status != SGC_EXISTS) return sgc_history_os_failed(status, error);
    if (status == SGC_EXISTS && has_manifest) return SGC_OK;
    const char *slash = strrchr(history->directory, '/');
    size_t size = slash ? (size_t)(slash - history->directory) : 0;
    char *parent = sgc_alloc(size + 2);
    if (!parent) return sgc_history_no_memory(error);
    memcpy(parent, history->directory, size);
    memcpy(parent + size, size ? "" : slash ? "/" : ".", size ? 1 : 2);
    status = os->sync_directory(os->self, parent);
    sgc_free(parent);
    return status ? sgc_history_os_failed(status, error) : SGC_OK;
}

void sgc_history_set_room(sgc_history *history, size_t bytes)
{
    history->spill = bytes;
}

size_t sgc_history_collected(const sgc_history *history)
{
    sgc_history *counters = (sgc_history *)(uintptr_t)history;

    return atomic_load_explicit(&counters->collected, memory_order_relaxed) +
           atomic_load_explicit(&counters->indexing, memory_order_relaxed);
}

static sgc_history *new_history(const sgc_os *os, const char *directory, const sgc_schema *schema,
                                uint64_t cache_bytes)
{
    size_t size = strlen(directory) + 1;
    sgc_history *history = sgc_alloc_zero(1, sizeof *history);

    if (history) history->directory = sgc_alloc(size);
    if (!history || !history->directory || sgc_block_cache_open(&history->cache, cache_bytes)) {
        if (history) sgc_free(history->directory);
        sgc_free(history);
        return NULL;
    }
    memcpy(history->directory, directory, size);
    history->os = os;
    history->schema = schema;
    history->spill = SGC_HISTORY_SPILL;
    atomic_init(&history->next_number, 1);
    sgc_mutex_init(&history->lock);
    sgc_mutex_init(&history->loading);
    return history;
}

sgc_status sgc_history_open(const sgc_os *os, const char *directory, bool read_only,
                            const sgc_schema *schema, sgc_str manifest, uint64_t cache_bytes,
                            sgc_history **out, sgc_segments **segments, sgc_error *error)
{
    sgc_history *history = new_history(os, directory, schema, cache_bytes);

    *out = NULL;
    *segments = NULL;
    if (!history) return sgc_history_no_memory(error);
    sgc_status status = SGC_OK;
    if (!read_only) status = make_directory(history, manifest.size > 0, error);
    if (status == SGC_OK) status = decode(history, manifest, segments, error);
    if (status == SGC_OK) status = see_files(history, *segments, read_only, error);
    if (status) {
        sgc_segments_release(*segments);
        *segments = NULL;
        sgc_history_close(history);
        return status;
    }
    history->published = sgc_segments_retain(*segments);
    *out = history;
    return SGC_OK;
}

void sgc_history_close(sgc_history *history)
{
    if (!history) return;
    sgc_segments_release(history->published);
    while (history->readers) {
        sgc_block_reader *reader = history->readers;
        history->readers = reader->next;
        free_reader(reader);
    }
    sgc_block_cache_close(&history->cache);
    sgc_mutex_destroy(&history->lock);
    sgc_mutex_destroy(&history->loading);
    sgc_free(history->directory);
    sgc_free(history);
}

void sgc_history_set_schema(sgc_history *history, const sgc_schema *schema)
{
    history->schema = schema;
}

static bool names(const sgc_segments *list, const sgc_segment *segment)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i] == segment) return true;
    return false;
}

void sgc_history_published(sgc_history *history, sgc_segments *segments)
{
    sgc_mutex_lock(&history->lock);
    sgc_segments *before = history->published;
    history->published = sgc_segments_retain(segments);
    sgc_mutex_unlock(&history->lock);
    for (size_t i = 0; i < before->count; i++)
        if (!names(segments, before->items[i])) atomic_store(&before->items[i]->replaced, true);
    sgc_segments_release(before);
}

static void count_resident(const sgc_segment *segment, sgc_history_stats *stats)
{
    stats->resident_bytes += sizeof *segment + segment->footer.capacity + segment->keys.capacity;
    stats->resident_bytes += segment->run_count * sizeof *segment->runs;
    stats->resident_bytes +=
        segment->block_count * (sizeof *segment->blocks + sizeof *segment->heads);
}

/* Of damaged ones only the bytes are known. */
static void count_segments(const sgc_segments *segments, sgc_history_stats *stats)
{
    for (size_t i = 0; i < segments->count; i++)
        stats->bytes += segments->items[i]->size;
    if (sgc_segments_load(segments, NULL) != SGC_OK) return;
    stats->versions = count_items(segments, SGC_RUN_VERSIONS);
    stats->changes = count_items(segments, SGC_RUN_CHANGES);
    for (size_t i = 0; i < segments->count; i++)
        count_resident(segments->items[i], stats);
}

void sgc_history_get_stats(const sgc_history *history, const sgc_segments *segments,
                           sgc_history_stats *stats)
{
    *stats = (sgc_history_stats){.segments = segments->count,
                                 .merges = atomic_load(&history->merges),
                                 .merged_bytes = atomic_load(&history->merged_bytes)};
    count_segments(segments, stats);
    /* The counters are the history's own; its locks are no part of what it promises not to change.
     */
    sgc_block_cache *cache = &((sgc_history *)(uintptr_t)history)->cache;
    for (unsigned i = 0; i < cache->shard_count; i++) {
        sgc_block_shard *shard = &cache->shards[i];
        sgc_mutex_lock(&shard->lock);
        stats->cache_hits += shard->hits;
        stats->cache_misses += shard->misses;
        stats->cache_bytes += shard->bytes;
        stats->cache_budget += cache->budget;
        sgc_mutex_unlock(&shard->lock);
    }
}
