/*
 * history_build.c - writes one segment from items that come in order: blocks, filters, footer. What
 * the items are and where they come from is the caller's.
 */
#include "store/history_internal.h"

enum { WRITE_BUFFER = 256 << 10 };

struct sgc_segment_builder {
    sgc_history *history;
    sgc_segment *segment;
    sgc_packer *packer;
    sgc_buf out; /* not yet written */
    uint64_t offset;
    bool in_run, timeline;
    uint64_t last_begin;
    sgc_history_run run;
    sgc_block_writer block;
    sgc_buf blocks;   /* entries of the run's blocks, encoded */
    sgc_buf last_key; /* of the run */
    sgc_buf block_key, block_key_before;
    uint8_t *bloom;
    uint32_t bloom_parts, runs;
    sgc_buf footer;
};

static void put(sgc_buf *out, uint64_t value)
{
    uint8_t bytes[10];

    sgc_buf_append(out, bytes, (size_t)(sgc_varint_put(bytes, value) - bytes));
}

static void copy_into(sgc_buf *to, sgc_str bytes)
{
    to->size = 0;
    if (bytes.size) sgc_buf_str(to, bytes);
}

/* ---- the file ---- */

/* The file gets a number that no file has. */
static sgc_status create_file(sgc_history *history, sgc_segment **out, sgc_error *error)
{
    const sgc_os *os = history->os;
    const unsigned flags = SGC_OPEN_READ | SGC_OPEN_WRITE | SGC_OPEN_CREATE | SGC_OPEN_EXCLUSIVE;

    for (;;) {
        sgc_segment *segment;
        uint64_t number = atomic_fetch_add(&history->next_number, 1);
        sgc_status status = sgc_segment_new(history, number, &segment, error);
        if (status) return status;
        status = os->open(os->self, segment->path, flags, &segment->file);
        if (status == SGC_OK) {
            *out = segment;
            return SGC_OK;
        }
        segment->file = NULL;
        sgc_segment_release(segment);
        if (status != SGC_EXISTS) return sgc_history_os_failed(status, error);
    }
}

sgc_status sgc_builder_open(sgc_history *history, sgc_segment_builder **out, sgc_error *error)
{
    sgc_segment_builder *builder = sgc_alloc_zero(1, sizeof *builder);

    *out = NULL;
    if (builder) builder->packer = sgc_packer_create();
    if (!builder || !builder->packer) {
        sgc_free(builder);
        return sgc_history_no_memory(error);
    }
    builder->history = history;
    sgc_status status = create_file(history, &builder->segment, error);
    if (status) {
        sgc_builder_abort(builder);
        return status;
    }
    sgc_buf_append(&builder->out, sgc_history_head, SGC_HISTORY_HEAD);
    *out = builder;
    return SGC_OK;
}

void sgc_builder_abort(sgc_segment_builder *builder)
{
    if (!builder) return;
    sgc_segment_drop(builder->segment);
    sgc_packer_free(builder->packer);
    sgc_buf_free(&builder->out);
    sgc_buf_free(&builder->block.arrays);
    sgc_buf_free(&builder->block.plain);
    sgc_buf_free(&builder->block.last_key);
    sgc_buf_free(&builder->blocks);
    sgc_buf_free(&builder->last_key);
    sgc_buf_free(&builder->block_key);
    sgc_buf_free(&builder->block_key_before);
    sgc_buf_free(&builder->footer);
    sgc_free(builder->bloom);
    sgc_free(builder);
}

static sgc_status write_out(sgc_segment_builder *builder, sgc_error *error)
{
    const sgc_os *os = builder->history->os;
    sgc_segment *segment = builder->segment;

    if (builder->out.failed) return sgc_history_no_memory(error);
    if (builder->out.size == 0) return SGC_OK;
    sgc_status status =
        os->write(os->self, segment->file, builder->offset, builder->out.data, builder->out.size);
    if (status) return sgc_history_os_failed(status, error);
    builder->offset += builder->out.size;
    builder->out.size = 0;
    return SGC_OK;
}

/* ---- blocks ---- */

static sgc_status pack_block(sgc_segment_builder *builder, sgc_error *error)
{
    sgc_block_writer *block = &builder->block;
    sgc_buf *out = &builder->out;

    if (block->arrays.failed || block->plain.failed || block->last_key.failed)
        return sgc_history_no_memory(error);
    sgc_buf_str(out, sgc_buf_as_str(&block->arrays));
    size_t start = out->size;
    sgc_status status = sgc_pack(builder->packer, sgc_buf_as_str(&block->plain), out);
    if (status) return sgc_history_no_memory(error);
    if (out->size - start >= block->plain.size) {
        out->size = start;
        sgc_buf_str(out, sgc_buf_as_str(&block->plain));
    }
    return out->failed ? sgc_history_no_memory(error) : SGC_OK;
}

static void describe_block(sgc_segment_builder *builder, sgc_str packed)
{
    const sgc_block_writer *block = &builder->block;
    const sgc_buf *key = &builder->block_key, *before = &builder->block_key_before;
    sgc_buf *out = &builder->blocks;
    uint8_t crc[4];
    size_t shared = 0;

    sgc_store32(crc, sgc_crc32c(0, packed.data, packed.size));
    put(out, packed.size);
    put(out, block->arrays.size);
    put(out, block->plain.size);
    put(out, block->spread);
    put(out, block->count);
    put(out, block->first_begin);
    put(out, block->first_begin - block->min_begin);
    put(out, block->max_end);
    sgc_buf_append(out, crc, sizeof crc);
    while (shared < key->size && shared < before->size && key->data[shared] == before->data[shared])
        shared++;
    put(out, shared);
    put(out, key->size - shared);
    if (key->size > shared) sgc_buf_append(out, key->data + shared, key->size - shared);
}

static sgc_status close_block(sgc_segment_builder *builder, sgc_error *error)
{
    sgc_block_writer *block = &builder->block;
    size_t start = builder->out.size;

    if (block->count == 0) return SGC_OK;
    sgc_status status = pack_block(builder, error);
    if (status) return status;
    describe_block(builder, sgc_str_of(builder->out.data + start, builder->out.size - start));
    copy_into(&builder->block_key_before, sgc_buf_as_str(&builder->block_key));
    builder->run.block_count++;
    block->arrays.size = block->plain.size = block->last_key.size = 0;
    *block = (sgc_block_writer){
        .arrays = block->arrays, .plain = block->plain, .last_key = block->last_key};
    return builder->out.size >= WRITE_BUFFER ? write_out(builder, error) : SGC_OK;
}

/* ---- runs ---- */

static sgc_status new_bloom(sgc_segment_builder *builder, uint64_t keys, sgc_error *error)
{
    builder->bloom_parts = sgc_bloom_parts(keys);
    builder->bloom = sgc_alloc_zero(builder->bloom_parts, SGC_BLOOM_PART);
    return builder->bloom ? SGC_OK : sgc_history_no_memory(error);
}

/* Fewer keys came than could have: halves of the filter are laid one on the other. */
static void fold_bloom(sgc_segment_builder *builder)
{
    uint32_t parts = sgc_bloom_parts(builder->run.keys);

    while (builder->bloom_parts > parts) {
        size_t half = (size_t)(builder->bloom_parts /= 2) * SGC_BLOOM_PART;
        for (size_t i = 0; i < half; i++)
            builder->bloom[i] |= builder->bloom[half + i];
    }
}

static void describe_run(sgc_segment_builder *builder)
{
    const sgc_history_run *run = &builder->run;
    sgc_buf *out = &builder->footer;

    sgc_buf_byte(out, (char)run->id.kind);
    put(out, run->id.table);
    put(out, run->id.index);
    put(out, run->count);
    put(out, run->keys);
    put(out, run->min_begin);
    put(out, run->max_begin);
    put(out, run->min_end);
    put(out, run->max_end);
    put(out, run->block_count);
    put(out, builder->last_key.size);
    if (builder->last_key.size) sgc_buf_str(out, sgc_buf_as_str(&builder->last_key));
    put(out, builder->bloom ? builder->bloom_parts : 0);
    if (builder->bloom)
        sgc_buf_append(out, builder->bloom, (size_t)builder->bloom_parts * SGC_BLOOM_PART);
    sgc_buf_str(out, sgc_buf_as_str(&builder->blocks));
    builder->runs++;
}

static sgc_status close_run(sgc_segment_builder *builder, sgc_error *error)
{
    sgc_status status = close_block(builder, error);

    if (status == SGC_OK && builder->in_run && builder->run.count > 0) {
        if (builder->bloom) fold_bloom(builder);
        describe_run(builder);
    }
    sgc_free(builder->bloom);
    builder->bloom = NULL;
    builder->in_run = false;
    if (builder->footer.failed || builder->blocks.failed || builder->last_key.failed ||
        builder->block_key.failed || builder->block_key_before.failed)
        status = sgc_history_no_memory(error);
    return status;
}

sgc_status sgc_builder_run(sgc_segment_builder *builder, sgc_run_id id, uint64_t keys,
                           sgc_error *error)
{
    sgc_status status = close_run(builder, error);

    if (status) return status;
    builder->run = (sgc_history_run){.id = id, .min_begin = UINT64_MAX, .min_end = UINT64_MAX};
    builder->in_run = true;
    builder->timeline = sgc_run_is_timeline(id.kind);
    builder->blocks.size = builder->last_key.size = builder->block_key_before.size = 0;
    return id.kind == SGC_RUN_VERSIONS ? new_bloom(builder, keys, error) : SGC_OK;
}

/* False when the item does not lie behind the one before it. */
static bool in_order(const sgc_segment_builder *builder, const sgc_history_item *item, int keys)
{
    uint64_t before = builder->last_begin;

    if (builder->run.count == 0) return true;
    if (builder->timeline) return before < item->begin || (before == item->begin && keys < 0);
    return keys < 0 || (keys == 0 && before < item->begin);
}

static void count_key(sgc_segment_builder *builder, const sgc_history_item *item, bool same)
{
    builder->last_begin = item->begin;
    if (builder->run.count > 0 && same) return;
    copy_into(&builder->last_key, item->key);
    builder->run.keys++;
    if (builder->bloom)
        sgc_bloom_add(builder->bloom, builder->bloom_parts, sgc_bloom_hash(item->key));
}

sgc_status sgc_builder_add(sgc_segment_builder *builder, const sgc_history_item *item,
                           sgc_error *error)
{
    sgc_history_run *run = &builder->run;
    size_t size = item->key.size + item->value.size;
    int keys = sgc_str_compare(sgc_buf_as_str(&builder->last_key), item->key);

    if (!in_order(builder, item, keys))
        return sgc_fail(error, SGC_INVALID, "%s: the same version or change comes twice",
                        builder->segment->path);
    if (builder->block.spread + size > SGC_HISTORY_BLOCK) {
        sgc_status status = close_block(builder, error);
        if (status) return status;
    }
    if (builder->block.count == 0) copy_into(&builder->block_key, item->key);
    count_key(builder, item, keys == 0);
    sgc_block_writer_add(&builder->block, builder->timeline, item);
    run->count++;
    if (item->begin < run->min_begin) run->min_begin = item->begin;
    if (item->begin > run->max_begin) run->max_begin = item->begin;
    if (item->end < run->min_end) run->min_end = item->end;
    if (item->end > run->max_end) run->max_end = item->end;
    if (builder->block.count < SGC_HISTORY_BLOCK / 8) return SGC_OK;
    return close_block(builder, error); /* items without bytes: commits */
}

/* ---- the end ---- */

static sgc_status write_footer(sgc_segment_builder *builder, uint64_t *footer_offset,
                               sgc_error *error)
{
    sgc_segment *segment = builder->segment;
    uint8_t tail[SGC_HISTORY_TAIL];
    sgc_status status = write_out(builder, error);

    if (status) return status;
    *footer_offset = builder->offset;
    put(&segment->footer, builder->runs);
    sgc_buf_str(&segment->footer, sgc_buf_as_str(&builder->footer));
    if (segment->footer.failed) return sgc_history_no_memory(error);
    if (segment->footer.size > UINT32_MAX)
        return sgc_fail(error, SGC_LIMIT, "%s: too many blocks for one segment", segment->path);
    sgc_buf_str(&builder->out, sgc_buf_as_str(&segment->footer));
    sgc_history_tail_encode(segment, *footer_offset, tail);
    segment->checksum = sgc_load32(tail + 60);
    sgc_buf_append(&builder->out, tail, sizeof tail);
    status = write_out(builder, error);
    segment->size = builder->offset;
    return status;
}

static sgc_status sync_all(const sgc_segment_builder *builder, sgc_error *error)
{
    const sgc_os *os = builder->history->os;
    sgc_status status = os->sync(os->self, builder->segment->file);

    if (status == SGC_OK) status = os->sync_directory(os->self, builder->history->directory);
    return status ? sgc_history_os_failed(status, error) : SGC_OK;
}

sgc_status sgc_builder_finish(sgc_segment_builder *builder, uint64_t after, uint64_t through,
                              bool durable, sgc_segment **segment, sgc_error *error)
{
    uint64_t footer_offset = 0;

    builder->segment->after = after;
    builder->segment->through = through;
    sgc_status status = close_run(builder, error);
    if (status == SGC_OK) status = write_footer(builder, &footer_offset, error);
    if (status == SGC_OK && durable) status = sync_all(builder, error);
    if (status == SGC_OK) status = sgc_segment_parse(builder->segment, footer_offset, error);
    if (status == SGC_OK) {
        builder->segment->loaded = true;
        *segment = builder->segment;
        builder->segment = NULL;
    }
    sgc_builder_abort(builder);
    return status;
}
