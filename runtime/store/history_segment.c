/*
 * history_segment.c - one segment: its file, head, footer and tail. Everything the footer says is
 * checked here, so that reading blocks needs to trust only what a block's own bytes say.
 */
#include "store/history_internal.h"

#include <stdio.h>

const uint8_t sgc_history_head[SGC_HISTORY_HEAD] = "SGCHIST\0\1";
static const char tail_magic[8] = "SGCHEND";
enum { FORMAT = 1 };

sgc_status sgc_history_no_memory(sgc_error *error)
{
    return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
}

sgc_status sgc_history_os_failed(sgc_status status, sgc_error *error)
{
    return sgc_fail(error, status, "%s", sgc_os_file_error());
}

sgc_status sgc_segment_damaged(const sgc_segment *segment, uint64_t offset, const char *why,
                               sgc_error *error)
{
    return sgc_fail(error, SGC_CORRUPT, "%s: at byte %llu: %s", segment->path,
                    (unsigned long long)offset, why);
}

int sgc_run_id_compare(sgc_run_id a, sgc_run_id b)
{
    if (a.kind != b.kind) return a.kind < b.kind ? -1 : 1;
    if (a.table != b.table) return a.table < b.table ? -1 : 1;
    if (a.index != b.index) return a.index < b.index ? -1 : 1;
    return 0;
}

const sgc_history_run *sgc_segment_run(const sgc_segment *segment, sgc_run_id id)
{
    uint32_t low = 0, high = segment->run_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = sgc_run_id_compare(segment->runs[middle].id, id);
        if (order == 0) return &segment->runs[middle];
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

/* ---- life ---- */

sgc_status sgc_segment_new(sgc_history *history, uint64_t number, sgc_segment **out,
                           sgc_error *error)
{
    size_t folder = strlen(history->directory), size;
    sgc_segment *segment = sgc_alloc_zero(1, sizeof *segment);

    *out = NULL;
    if (segment && sgc_add(folder, 1 + SGC_HISTORY_NAME, &size)) segment->path = sgc_alloc(size);
    if (!segment || !segment->path) {
        sgc_free(segment);
        return sgc_history_no_memory(error);
    }
    snprintf(segment->path, size, "%s/%016llx.seg", history->directory, (unsigned long long)number);
    segment->history = history;
    segment->number = number;
    atomic_init(&segment->references, 1);
    *out = segment;
    return SGC_OK;
}

static void unload(sgc_segment *segment)
{
    const sgc_os *os = segment->history->os;

    if (segment->file) os->close(os->self, segment->file);
    sgc_buf_free(&segment->footer);
    sgc_buf_free(&segment->keys);
    sgc_free(segment->runs);
    sgc_free(segment->blocks);
    sgc_free(segment->heads);
    segment->file = NULL;
    segment->runs = NULL;
    segment->blocks = NULL;
    segment->heads = NULL;
    segment->run_count = segment->block_count = 0;
}

void sgc_segment_release(sgc_segment *segment)
{
    if (!segment || atomic_fetch_sub(&segment->references, 1) != 1) return;
    const sgc_os *os = segment->history->os;
    if (segment->file) sgc_block_cache_forget(&segment->history->cache, segment->number);
    unload(segment);
    /* What cannot be removed now goes at the next open. */
    if (atomic_load(&segment->replaced)) (void)os->remove(os->self, segment->path);
    sgc_free(segment->path);
    sgc_free(segment);
}

void sgc_segment_drop(sgc_segment *segment)
{
    if (segment) atomic_store(&segment->replaced, true);
    sgc_segment_release(segment);
}

/* ---- the tail ---- */

/* 0 magic, 8 format, 12 crc of the footer, 16 footer, 24 its size, 32 number, 40 after, 48 through,
 * 56 zero, 60 crc of bytes 0..59 */
void sgc_history_tail_encode(const sgc_segment *segment, uint64_t footer_offset,
                             uint8_t tail[SGC_HISTORY_TAIL])
{
    const sgc_buf *footer = &segment->footer;

    memset(tail, 0, SGC_HISTORY_TAIL);
    memcpy(tail, tail_magic, sizeof tail_magic);
    sgc_store32(tail + 8, FORMAT);
    sgc_store32(tail + 12, sgc_crc32c(0, footer->data, footer->size));
    sgc_store64(tail + 16, footer_offset);
    sgc_store64(tail + 24, footer->size);
    sgc_store64(tail + 32, segment->number);
    sgc_store64(tail + 40, segment->after);
    sgc_store64(tail + 48, segment->through);
    sgc_store32(tail + 60, sgc_crc32c(0, tail, 60));
}

static sgc_status read_at(sgc_segment *segment, uint64_t offset, void *data, size_t size,
                          sgc_error *error)
{
    const sgc_os *os = segment->history->os;
    size_t got = 0;
    sgc_status status = os->read(os->self, segment->file, offset, data, size, &got);

    if (status) return sgc_history_os_failed(status, error);
    if (got != size) return sgc_segment_damaged(segment, offset + got, "the file ends", error);
    return SGC_OK;
}

static sgc_status read_tail(sgc_segment *segment, uint64_t *footer_offset, uint64_t *footer_size,
                            sgc_error *error)
{
    uint64_t at = segment->size - SGC_HISTORY_TAIL;
    uint8_t tail[SGC_HISTORY_TAIL], head[SGC_HISTORY_HEAD];
    sgc_status status = read_at(segment, 0, head, sizeof head, error);

    if (status == SGC_OK) status = read_at(segment, at, tail, sizeof tail, error);
    if (status) return status;
    if (memcmp(head, sgc_history_head, sizeof head) != 0)
        return sgc_segment_damaged(segment, 0, "this is no segment of history", error);
    if (sgc_load32(tail + 60) != sgc_crc32c(0, tail, 60) ||
        memcmp(tail, tail_magic, sizeof tail_magic) != 0 || sgc_load32(tail + 8) != FORMAT)
        return sgc_segment_damaged(segment, at, "a bad end of the file", error);
    if (sgc_load32(tail + 60) != segment->checksum || sgc_load64(tail + 32) != segment->number ||
        sgc_load64(tail + 40) != segment->after || sgc_load64(tail + 48) != segment->through)
        return sgc_segment_damaged(segment, at, "this is not the file that the root names", error);
    *footer_offset = sgc_load64(tail + 16);
    *footer_size = sgc_load64(tail + 24);
    if (*footer_offset < SGC_HISTORY_HEAD || *footer_offset > at ||
        *footer_size != at - *footer_offset || *footer_size > UINT32_MAX)
        return sgc_segment_damaged(segment, at, "its footer lies nowhere", error);
    return SGC_OK;
}

static sgc_status read_footer(sgc_segment *segment, uint64_t offset, uint64_t size,
                              sgc_error *error)
{
    uint8_t tail[SGC_HISTORY_TAIL];
    char *to = sgc_buf_reserve(&segment->footer, (size_t)size);

    if (!to) return sgc_history_no_memory(error);
    sgc_status status = read_at(segment, offset, to, (size_t)size, error);
    if (status) return status;
    segment->footer.size = (size_t)size;
    sgc_history_tail_encode(segment, offset, tail);
    if (sgc_load32(tail + 60) != segment->checksum)
        return sgc_segment_damaged(segment, offset, "the footer fails its checksum", error);
    return sgc_segment_parse(segment, offset, error);
}

static sgc_status load(sgc_segment *segment, sgc_error *error)
{
    const sgc_os *os = segment->history->os;
    uint64_t offset = 0, size = 0, bytes = 0;
    sgc_status status = os->open(os->self, segment->path, SGC_OPEN_READ, &segment->file);

    if (status) segment->file = NULL;
    if (status == SGC_NOT_FOUND)
        return sgc_fail(error, SGC_CORRUPT, "%s: a segment of history is missing", segment->path);
    if (status == SGC_OK) status = os->size(os->self, segment->file, &bytes);
    if (status) return sgc_history_os_failed(status, error);
    if (bytes != segment->size || bytes < SGC_HISTORY_HEAD + SGC_HISTORY_TAIL)
        return sgc_segment_damaged(segment, bytes, "the file has another size", error);
    status = read_tail(segment, &offset, &size, error);
    return status ? status : read_footer(segment, offset, size, error);
}

sgc_status sgc_segment_load(sgc_segment *segment, sgc_error *error)
{
    if (segment->loaded) return SGC_OK;
    sgc_status status = load(segment, error);
    if (status)
        unload(segment);
    else
        segment->loaded = true;
    return status;
}

/* ---- the footer ---- */

typedef struct footer_parser {
    sgc_segment *segment;
    const uint8_t *p, *end;
    uint64_t offset, data_end; /* of the next block; of all blocks */
    size_t run_capacity, block_capacity;
    bool bad, no_memory;
} footer_parser;

static uint64_t number(footer_parser *parser)
{
    uint64_t value = 0;
    const uint8_t *next = parser->bad ? NULL : sgc_varint_get(parser->p, parser->end, &value);

    if (!next) {
        parser->bad = true;
        return 0;
    }
    parser->p = next;
    return value;
}

static uint32_t number32(footer_parser *parser)
{
    uint64_t value = number(parser);

    if (value > UINT32_MAX) parser->bad = true;
    return parser->bad ? 0 : (uint32_t)value;
}

static const uint8_t *bytes(footer_parser *parser, uint64_t size)
{
    const uint8_t *at = parser->p;

    if (parser->bad || size > (uint64_t)(parser->end - at)) {
        parser->bad = true;
        return NULL;
    }
    parser->p += size;
    return at;
}

/* The first key of a block, from that of the block before it. */
static void parse_key(footer_parser *parser, sgc_block_entry *entry, const sgc_block_entry *before)
{
    sgc_buf *keys = &parser->segment->keys;
    uint64_t shared = number(parser), rest = number(parser);
    const uint8_t *suffix = bytes(parser, rest);

    if (!suffix || shared > (before ? before->key_size : 0) || shared + rest > SGC_ENTRY_MAX ||
        keys->size > UINT32_MAX - SGC_ENTRY_MAX) {
        parser->bad = true;
        return;
    }
    entry->key = (uint32_t)keys->size;
    entry->key_size = (uint32_t)(shared + rest);
    char *to = sgc_buf_reserve(keys, (size_t)(shared + rest));
    if (!to) {
        parser->bad = parser->no_memory = true;
        return;
    }
    if (shared) memcpy(to, keys->data + before->key, (size_t)shared);
    if (rest) memcpy(to + shared, suffix, (size_t)rest);
    keys->size += (size_t)(shared + rest);
}

static bool blocks_in_order(const footer_parser *parser, const sgc_history_run *run, uint32_t at)
{
    const sgc_segment *segment = parser->segment;
    const sgc_block_entry *now = &segment->blocks[at], *before = now - 1;
    int keys =
        sgc_str_compare(sgc_segment_first_key(segment, at - 1), sgc_segment_first_key(segment, at));

    if (sgc_run_is_timeline(run->id.kind))
        return before->first_begin < now->first_begin ||
               (before->first_begin == now->first_begin && keys < 0);
    return keys < 0 || (keys == 0 && before->first_begin < now->first_begin);
}

static void parse_block(footer_parser *parser, sgc_history_run *run, uint32_t in_run)
{
    sgc_segment *segment = parser->segment;

    if (!SGC_GROW(segment->blocks, segment->block_count, parser->block_capacity)) {
        parser->bad = parser->no_memory = true;
        return;
    }
    sgc_block_entry *entry = &segment->blocks[segment->block_count];
    *entry = (sgc_block_entry){.offset = parser->offset, .size = number32(parser)};
    entry->arrays = number32(parser);
    entry->plain = number32(parser);
    entry->spread = number32(parser);
    entry->count = number32(parser);
    entry->first_begin = number(parser);
    entry->min_begin = entry->first_begin - number(parser);
    entry->max_end = number(parser);
    const uint8_t *crc = bytes(parser, 4);
    parse_key(parser, entry, in_run ? entry - 1 : NULL);
    if (parser->bad) return;
    entry->crc = sgc_load32(crc);
    uint64_t most = (uint64_t)entry->plain + (uint64_t)entry->count * SGC_ENTRY_MAX;
    if (entry->size > parser->data_end - parser->offset || entry->arrays > entry->size ||
        entry->count == 0 || entry->count > entry->arrays / 2 ||
        entry->plain > SGC_HISTORY_PLAIN_MAX || entry->spread > most ||
        entry->spread > SGC_HISTORY_PLAIN_MAX || entry->plain < entry->size - entry->arrays) {
        parser->bad = true;
        return;
    }
    parser->offset += entry->size;
    segment->block_count++;
    if (in_run && !blocks_in_order(parser, run, segment->block_count - 1)) parser->bad = true;
    run->count += entry->count;
}

/* What the run says of itself must follow from its blocks where it can. */
static void check_run(footer_parser *parser, const sgc_history_run *run, uint64_t count)
{
    const sgc_segment *segment = parser->segment;
    uint64_t least = UINT64_MAX, most = 0;

    for (uint32_t i = 0; i < run->block_count; i++) {
        const sgc_block_entry *entry = &segment->blocks[run->first_block + i];
        if (entry->min_begin < least) least = entry->min_begin;
        if (entry->max_end > most) most = entry->max_end;
    }
    if (run->block_count == 0 || run->count != count || run->keys > count ||
        least != run->min_begin || most != run->max_end || run->min_begin > run->max_begin ||
        run->min_end > run->max_end || run->last_key.size > SGC_ENTRY_MAX)
        parser->bad = true;
    if (run->id.kind < SGC_RUN_VERSIONS || run->id.kind > SGC_RUN_COMMITS) parser->bad = true;
    if (run > segment->runs && sgc_run_id_compare(run[-1].id, run->id) >= 0) parser->bad = true;
}

static void parse_run(footer_parser *parser)
{
    sgc_segment *segment = parser->segment;

    if (!SGC_GROW(segment->runs, segment->run_count, parser->run_capacity)) {
        parser->bad = parser->no_memory = true;
        return;
    }
    sgc_history_run *run = &segment->runs[segment->run_count++];
    const uint8_t *kind = bytes(parser, 1);
    *run = (sgc_history_run){.first_block = segment->block_count};
    run->id.kind = kind ? *kind : 0;
    run->id.table = number32(parser);
    run->id.index = number32(parser);
    uint64_t count = number(parser);
    run->keys = number(parser);
    run->min_begin = number(parser);
    run->max_begin = number(parser);
    run->min_end = number(parser);
    run->max_end = number(parser);
    run->block_count = number32(parser);
    run->last_key.size = number32(parser);
    run->last_key.data = (const char *)bytes(parser, run->last_key.size);
    run->bloom_parts = number32(parser);
    run->bloom = bytes(parser, (uint64_t)run->bloom_parts * SGC_BLOOM_PART);
    if (run->bloom_parts & (run->bloom_parts - 1)) parser->bad = true;
    for (uint32_t i = 0; !parser->bad && i < run->block_count; i++)
        parse_block(parser, run, i);
    if (!parser->bad) check_run(parser, run, count);
}

/* Blocks of a run are in order, so the first and the last share what all share. */
static void find_heads(const sgc_segment *segment, sgc_history_run *run)
{
    sgc_str first = sgc_segment_first_key(segment, run->first_block);
    sgc_str last = sgc_segment_first_key(segment, run->first_block + run->block_count - 1);
    size_t least = first.size < last.size ? first.size : last.size;

    if (sgc_run_is_timeline(run->id.kind)) return;
    while (run->shared < least && first.data[run->shared] == last.data[run->shared])
        run->shared++;
    run->heads = segment->heads + run->first_block;
    for (uint32_t i = 0; i < run->block_count; i++) {
        sgc_str key = sgc_segment_first_key(segment, run->first_block + i);
        run->heads[i] = sgc_head_of(key.data + run->shared, key.size - run->shared);
    }
}

sgc_status sgc_segment_parse(sgc_segment *segment, uint64_t data_end, sgc_error *error)
{
    const uint8_t *p = (const uint8_t *)segment->footer.data;
    footer_parser parser = {.segment = segment,
                            .p = p,
                            .end = p + segment->footer.size,
                            .offset = SGC_HISTORY_HEAD,
                            .data_end = data_end};
    uint32_t runs = number32(&parser);

    /* Keys may all be empty: there are bytes to point to even then. */
    if (!sgc_buf_reserve(&segment->keys, 1)) return sgc_history_no_memory(error);
    for (uint32_t i = 0; !parser.bad && i < runs; i++)
        parse_run(&parser);
    if (parser.no_memory) return sgc_history_no_memory(error);
    if (parser.bad || parser.p != parser.end || parser.offset != data_end)
        return sgc_segment_damaged(segment, data_end + (uint64_t)(parser.p - p), "a bad footer",
                                   error);
    segment->heads = sgc_alloc_zero(segment->block_count, sizeof *segment->heads);
    if (!segment->heads) return sgc_history_no_memory(error);
    for (uint32_t i = 0; i < segment->run_count; i++)
        find_heads(segment, &segment->runs[i]);
    return SGC_OK;
}
