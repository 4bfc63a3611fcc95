/*
 * history_block.c - blocks of a run to bytes and back, and the filters of keys. Which block is
 * wanted is decided elsewhere; docs/file-format.md says what the bytes mean.
 */
#include "store/history_internal.h"

#include <assert.h>

static uint64_t zigzag(uint64_t now, uint64_t before)
{
    uint64_t difference = now - before;
    return difference << 1 ^ (0 - (difference >> 63));
}

static uint64_t unzigzag(uint64_t value, uint64_t before)
{
    return before + (value >> 1 ^ (0 - (value & 1)));
}

static void put(sgc_buf *out, uint64_t value)
{
    uint8_t bytes[10];

    sgc_buf_append(out, bytes, (size_t)(sgc_varint_put(bytes, value) - bytes));
}

/* ---- writing ---- */

static void add_times(sgc_block_writer *writer, bool timeline, const sgc_history_item *item)
{
    if (timeline) {
        put(&writer->arrays, item->begin - writer->last_begin);
        put(&writer->arrays, zigzag(item->end, writer->last_end));
    } else { /* the next version of a row often begins where the one before it ends */
        put(&writer->arrays, zigzag(item->begin, writer->last_end));
        put(&writer->arrays, item->end - item->begin);
    }
    if (writer->count == 0) writer->first_begin = item->begin;
    if (writer->count == 0 || item->begin < writer->min_begin) writer->min_begin = item->begin;
    if (item->end > writer->max_end) writer->max_end = item->end;
    writer->last_begin = item->begin;
    writer->last_end = item->end;
}

void sgc_block_writer_add(sgc_block_writer *writer, bool timeline, const sgc_history_item *item)
{
    sgc_buf *last = &writer->last_key;
    size_t shared = 0, least = last->size < item->key.size ? last->size : item->key.size;

    while (shared < least && last->data[shared] == item->key.data[shared])
        shared++;
    put(&writer->plain, shared);
    put(&writer->plain, item->key.size - shared);
    put(&writer->plain, item->value.size);
    if (item->key.size > shared)
        sgc_buf_append(&writer->plain, item->key.data + shared, item->key.size - shared);
    if (item->value.size) sgc_buf_str(&writer->plain, item->value);
    add_times(writer, timeline, item);
    last->size = shared;
    if (item->key.size > shared)
        sgc_buf_append(last, item->key.data + shared, item->key.size - shared);
    writer->spread += item->key.size + item->value.size;
    writer->count++;
}

/* ---- reading ---- */

void sgc_block_release(sgc_history_block *block)
{
    if (block && atomic_fetch_sub(&block->references, 1) == 1) sgc_free(block);
}

static sgc_history_block *new_block(const sgc_block_entry *entry)
{
    size_t each = 3 * sizeof(uint64_t) + sizeof(sgc_item_place);
    size_t spans = ((size_t)entry->count + SGC_SPANS - 1) / SGC_SPANS * SGC_SPANS;
    size_t arrays = (size_t)entry->count * each + 2 * spans * sizeof(int32_t);
    size_t size = sizeof(sgc_history_block) + arrays + entry->spread;
    sgc_history_block *block = sgc_alloc(size);

    if (!block) return NULL;
    memset(block, 0, sizeof *block);
    block->size = size;
    block->count = entry->count;
    block->begins = (void *)(block + 1);
    block->ends = block->begins + entry->count;
    block->heads = block->ends + entry->count;
    block->items = (void *)(block->heads + entry->count);
    block->froms = (void *)(block->items + entry->count);
    block->untils = block->froms + spans;
    block->bytes = (char *)(block->untils + spans);
    block->wide = true;
    atomic_init(&block->references, 1);
    return block;
}

/* False when the bytes do not hold them, or not what the footer says of them. */
static bool read_times(const sgc_block_entry *entry, bool timeline, const uint8_t *p,
                       sgc_history_block *block)
{
    const uint8_t *end = p + entry->arrays;
    uint64_t begin = 0, finish = 0, a, b, least = UINT64_MAX, most = 0;

    for (uint32_t i = 0; i < entry->count; i++) {
        if (!(p = sgc_varint_get(p, end, &a)) || !(p = sgc_varint_get(p, end, &b))) return false;
        if (timeline) {
            if (a > UINT64_MAX - begin) return false;
            begin += a;
            finish = unzigzag(b, finish);
        } else {
            begin = unzigzag(a, finish);
            if (b == 0 || b > UINT64_MAX - begin) return false;
            finish = begin + b;
        }
        block->begins[i] = begin;
        block->ends[i] = finish;
        if (begin < least) least = begin;
        if (finish > most) most = finish;
    }
    return p == end && least == entry->min_begin && most == entry->max_end &&
           block->begins[0] == entry->first_begin;
}

/* The times are sound, so none lies outside of what the footer says. */
static void make_spans(const sgc_block_entry *entry, sgc_history_block *block)
{
    size_t spans = (size_t)(block->untils - block->froms);

    block->base = entry->min_begin;
    block->wide = entry->max_end - entry->min_begin > INT32_MAX;
    if (block->wide) return;
    for (uint32_t i = 0; i < block->count; i++) {
        block->froms[i] = (int32_t)(block->begins[i] - block->base);
        block->untils[i] = (int32_t)(block->ends[i] - block->base);
    }
    for (size_t i = block->count; i < spans; i++) {
        block->froms[i] = INT32_MAX;
        block->untils[i] = 0;
    }
}

/* One key, from the one before it. NULL when the bytes are bad. */
static const uint8_t *read_item(const uint8_t *p, const uint8_t *end, sgc_history_block *block,
                                uint32_t number, size_t *to, size_t spread)
{
    sgc_str last = number ? sgc_block_key(block, number - 1) : sgc_str_of("", 0);
    uint64_t shared, rest, value;

    if (!(p = sgc_varint_get(p, end, &shared)) || !(p = sgc_varint_get(p, end, &rest)) ||
        !(p = sgc_varint_get(p, end, &value)))
        return NULL;
    size_t left = (size_t)(end - p), room = spread - *to;
    if (shared > last.size || rest > left || value > left - rest) return NULL;
    if (shared > room || rest > room - shared || value > room - shared - rest) return NULL;
    sgc_item_place *place = &block->items[number];
    place->key = (uint32_t)*to;
    place->value = (uint32_t)(*to + shared + rest);
    place->end = (uint32_t)(place->value + value);
    memcpy(block->bytes + *to, last.data, shared);
    memcpy(block->bytes + *to + shared, p, rest + value); /* key and value, one behind the other */
    *to = place->end;
    return p + rest + value;
}

static bool in_order(const sgc_history_block *block, bool timeline, uint32_t i)
{
    int keys = sgc_str_compare(sgc_block_key(block, i - 1), sgc_block_key(block, i));
    uint64_t before = block->begins[i - 1], now = block->begins[i];

    if (timeline) return before < now || (before == now && keys < 0);
    return keys < 0 || (keys == 0 && before < now);
}

static bool read_items(const sgc_block_entry *entry, bool timeline, sgc_str plain, sgc_str first,
                       sgc_history_block *block)
{
    const uint8_t *p = (const uint8_t *)plain.data, *end = p + plain.size;
    size_t to = 0;

    for (uint32_t i = 0; i < entry->count; i++) {
        p = read_item(p, end, block, i, &to, entry->spread);
        if (!p || (i > 0 && !in_order(block, timeline, i))) return false;
    }
    return p == end && to == entry->spread && sgc_str_eq(sgc_block_key(block, 0), first);
}

/* For finding keys: eight bytes of each, behind what the first one and the last one share. */
static void take_heads(sgc_history_block *block)
{
    sgc_str first = sgc_block_key(block, 0), last = sgc_block_key(block, block->count - 1);
    uint32_t shared = 0;

    while (shared < first.size && shared < last.size && first.data[shared] == last.data[shared])
        shared++;
    block->shared = shared;
    block->heads_tell = true;
    for (uint32_t i = 0; i < block->count; i++) {
        sgc_str key = sgc_block_key(block, i);
        block->heads[i] = sgc_head_of(key.data + shared, key.size - shared);
        if (i > 0 && block->heads[i] == block->heads[i - 1] &&
            !sgc_str_eq(key, sgc_block_key(block, i - 1)))
            block->heads_tell = false;
    }
}

/* The last item must lie in front of the next block, or be the run's last one. */
static bool ends_in_order(const sgc_segment *segment, const sgc_history_run *run,
                          const sgc_history_block *block)
{
    uint64_t begin = block->begins[block->count - 1];
    sgc_str key = sgc_block_key(block, block->count - 1);

    if (block->number + 1 == run->first_block + run->block_count)
        return sgc_str_eq(key, run->last_key);
    uint64_t next_begin = segment->blocks[block->number + 1].first_begin;
    int keys = sgc_str_compare(key, sgc_segment_first_key(segment, block->number + 1));
    if (sgc_run_is_timeline(run->id.kind))
        return begin < next_begin || (begin == next_begin && keys < 0);
    return keys < 0 || (keys == 0 && begin < next_begin);
}

static bool overlaps(const sgc_history_block *block, const sgc_past_period *period)
{
    for (uint32_t i = 0; i < block->count; i++)
        if (block->begins[i] <= period->to && block->ends[i] > period->from) return true;
    return false;
}

static sgc_status read_bytes(const sgc_segment *segment, const sgc_block_entry *entry,
                             sgc_block_reader *reader, sgc_error *error)
{
    const sgc_os *os = segment->history->os;
    size_t got = 0;

    reader->packed.size = reader->plain.size = 0;
    if (!sgc_buf_reserve(&reader->packed, entry->size)) {
        sgc_buf_free(&reader->packed);
        return sgc_history_no_memory(error);
    }
    sgc_status status =
        os->read(os->self, segment->file, entry->offset, reader->packed.data, entry->size, &got);
    if (status) return sgc_history_os_failed(status, error);
    if (got != entry->size || sgc_crc32c(0, reader->packed.data, entry->size) != entry->crc)
        return sgc_segment_damaged(segment, entry->offset, "a block fails its checksum", error);
    return SGC_OK;
}

static sgc_status unpack(const sgc_segment *segment, const sgc_block_entry *entry,
                         sgc_block_reader *reader, sgc_str *plain, sgc_error *error)
{
    sgc_str packed = sgc_str_of(reader->packed.data + entry->arrays, entry->size - entry->arrays);

    *plain = packed;
    if (packed.size == entry->plain) return SGC_OK;
    if (!sgc_buf_reserve(&reader->plain, entry->plain)) {
        sgc_buf_free(&reader->plain);
        return sgc_history_no_memory(error);
    }
    sgc_status status = sgc_unpack(reader->packer, packed, reader->plain.data, entry->plain);
    *plain = sgc_str_of(reader->plain.data, entry->plain);
    if (status == SGC_NO_MEMORY) return sgc_history_no_memory(error);
    if (status)
        return sgc_segment_damaged(segment, entry->offset, "a block cannot be decompressed", error);
    return SGC_OK;
}

sgc_status sgc_block_read(const sgc_segment *segment, const sgc_history_run *run, uint32_t number,
                          const sgc_past_period *period, sgc_block_reader *reader,
                          sgc_history_block **out, sgc_error *error)
{
    const sgc_block_entry *entry = &segment->blocks[run->first_block + number];
    bool timeline = sgc_run_is_timeline(run->id.kind);
    sgc_str plain;

    *out = NULL;
    sgc_status status = read_bytes(segment, entry, reader, error);
    if (status) return status;
    sgc_history_block *block = new_block(entry);
    if (!block) return sgc_history_no_memory(error);
    block->segment = segment->number;
    block->number = run->first_block + number;
    if (!read_times(entry, timeline, (const uint8_t *)reader->packed.data, block)) {
        status = sgc_segment_damaged(segment, entry->offset, "bad times in a block", error);
    } else if (overlaps(block, period) || timeline) {
        if (!timeline) make_spans(entry, block);
        status = unpack(segment, entry, reader, &plain, error);
        sgc_str first = sgc_segment_first_key(segment, block->number);
        if (status == SGC_OK && (!read_items(entry, timeline, plain, first, block) ||
                                 !ends_in_order(segment, run, block)))
            status = sgc_segment_damaged(segment, entry->offset, "bad keys in a block", error);
        if (status == SGC_OK && !timeline) take_heads(block);
        if (status == SGC_OK) *out = block;
    }
    if (!*out) sgc_block_release(block);
    return status;
}

/* ---- filters: one bit in each of the eight words of the part that a key belongs to ---- */

static const uint32_t salts[8] = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU, 0xa2b7289dU,
                                  0x705495c7U, 0x2df1424bU, 0x9efc4947U, 0x5c6bfb31U};

uint64_t sgc_bloom_hash(sgc_str key)
{
    return sgc_hash(key.data, key.size, 0x68697374);
}

uint32_t sgc_bloom_parts(uint64_t keys)
{
    uint64_t bytes = keys > UINT32_MAX ? (uint64_t)UINT32_MAX * 5 / 4 : keys * 5 / 4;
    uint32_t parts = 1;

    while ((uint64_t)parts * SGC_BLOOM_PART < bytes)
        parts *= 2;
    return parts;
}

void sgc_bloom_add(uint8_t *bloom, uint32_t parts, uint64_t hash)
{
    uint8_t *part = bloom + (size_t)((hash >> 32) & (parts - 1)) * SGC_BLOOM_PART;

    for (size_t i = 0; i < 8; i++) {
        uint32_t bit = ((uint32_t)hash * salts[i]) >> 27;
        sgc_store32(part + 4 * i, sgc_load32(part + 4 * i) | (uint32_t)1 << bit);
    }
}

bool sgc_bloom_has(const uint8_t *bloom, uint32_t parts, uint64_t hash)
{
    const uint8_t *part = bloom + (size_t)((hash >> 32) & (parts - 1)) * SGC_BLOOM_PART;
    uint32_t all = 1;

    for (size_t i = 0; i < 8; i++)
        all &= sgc_load32(part + 4 * i) >> ((uint32_t)hash * salts[i] >> 27);
    return all;
}
