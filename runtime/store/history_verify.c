/* history_verify.c - reads everything that a list of segments names, and compares what can be. */
#include "store/history_internal.h"
#include "store/image.h"

typedef struct verification {
    const sgc_segments *segments;
    sgc_buf *report;
    sgc_status status; /* the first one */
} verification;

static void damage(verification *verify, sgc_status status, const sgc_error *error)
{
    sgc_buf_printf(verify->report, "%s\n", error->text);
    if (verify->status == SGC_OK || status == SGC_NO_MEMORY) verify->status = status;
}

static void differs(verification *verify, const sgc_segment *segment, const sgc_history_run *run,
                    const char *what)
{
    sgc_error error;
    uint64_t offset = segment->blocks[run->first_block].offset;

    damage(verify, sgc_segment_damaged(segment, offset, what, &error), &error);
}

static const sgc_table *table_of(const verification *verify, uint32_t number)
{
    const sgc_schema *schema = verify->segments->schema;

    for (uint16_t i = 0; schema && i < schema->table_count; i++)
        if (schema->tables[i].number == number) return &schema->tables[i];
    return NULL;
}

/* Whether a run has the item; SGC_NOT_FOUND also when it lived at another time. */
static sgc_status look_up(const sgc_segment *segment, const sgc_history_run *run, sgc_str key,
                          const sgc_history_item *item, sgc_error *error)
{
    sgc_history_block *block = NULL;
    uint32_t at;
    sgc_status status = sgc_run_find(segment, run, key, item->begin, &block, &at, error);

    if (status == SGC_OK && (block->begins[at] != item->begin || block->ends[at] != item->end))
        status = SGC_NOT_FOUND;
    sgc_block_release(block);
    return status;
}

/* What an index says of a version stands in its run, where there is one. */
static void check_index(verification *verify, const sgc_history_source *source,
                        const sgc_table *table, uint16_t index)
{
    const sgc_history_item *item = &source->item;
    sgc_run_id id = {SGC_RUN_INDEX, table->number, table->indexes[index].number};
    const sgc_history_run *run = sgc_segment_run(source->segment, id);
    sgc_error error = {0};
    sgc_key entry;

    for (uint32_t element = 0;; element++) {
        sgc_status status = sgc_index_key(table, index, item->value, element, item->key, &entry);
        if (status == SGC_NOT_FOUND || (status == SGC_LIMIT && !run)) return;
        if (status == SGC_CORRUPT) {
            differs(verify, source->segment, source->run, "a version that is no row of its table");
            return;
        }
        if (status == SGC_OK && run)
            status = look_up(source->segment, run, sgc_key_str(&entry), item, &error);
        if (status == SGC_NOT_FOUND || status == SGC_LIMIT) {
            differs(verify, source->segment, run, "a version has no entry in an index");
            return;
        }
        if (status) {
            damage(verify, status, &error);
            return;
        }
    }
}

static void check_version(verification *verify, const sgc_history_source *source)
{
    const sgc_table *table = table_of(verify, source->run->id.table);

    for (uint16_t i = 1; table && i < table->index_count; i++)
        check_index(verify, source, table, i);
}

/* An entry of an index must belong to a version. */
static void check_entry(verification *verify, const sgc_history_source *source)
{
    const sgc_history_item *item = &source->item;
    const uint8_t *value = (const uint8_t *)item->value.data;
    sgc_run_id id = {.kind = SGC_RUN_VERSIONS, .table = source->run->id.table};
    sgc_error error = {0};
    uint64_t key_size;

    const sgc_history_run *versions = sgc_segment_run(source->segment, id);
    sgc_status status = SGC_NOT_FOUND;
    if (sgc_varint_get(value, value + item->value.size, &key_size) && key_size <= item->key.size) {
        sgc_str key = sgc_str_of(item->key.data + (item->key.size - key_size), (size_t)key_size);
        if (versions) status = look_up(source->segment, versions, key, item, &error);
    }
    if (status == SGC_NOT_FOUND) {
        differs(verify, source->segment, source->run, "an index entry leads to no version");
    } else if (status) {
        damage(verify, status, &error);
    }
}

static void check_item(verification *verify, const sgc_history_source *source)
{
    if (source->run->id.kind == SGC_RUN_VERSIONS) check_version(verify, source);
    if (source->run->id.kind == SGC_RUN_INDEX) check_entry(verify, source);
}

static bool in_range(const sgc_segment *segment, const sgc_history_run *run)
{
    bool timeline = sgc_run_is_timeline(run->id.kind);
    uint64_t first = timeline ? run->min_begin : run->min_end;
    uint64_t last = timeline ? run->max_begin : run->max_end;

    return first > segment->after && last <= segment->through;
}

static void verify_run(verification *verify, sgc_segment *segment, const sgc_history_run *run)
{
    sgc_history_source source = {.segment = segment, .run = run, .period = {0, UINT64_MAX}};
    uint64_t count = 0, keys = 0;
    sgc_buf last = {0};
    sgc_error error = {0};

    sgc_status status = sgc_history_take_reader(segment->history, &source.reader, &error);
    if (status == SGC_OK) status = sgc_source_start(&source, &error);
    while (status == SGC_OK && source.valid) {
        bool same = count > 0 && sgc_str_eq(sgc_buf_as_str(&last), source.item.key);
        if (!same) {
            keys++;
            last.size = 0;
            sgc_buf_str(&last, source.item.key);
            if (run->bloom_parts &&
                !sgc_bloom_has(run->bloom, run->bloom_parts, sgc_bloom_hash(source.item.key)))
                differs(verify, segment, run, "a filter does not know one of its keys");
        }
        count++;
        check_item(verify, &source);
        status = sgc_source_next(&source, &error);
    }
    if (status) {
        damage(verify, status, &error);
    } else if (count != run->count || keys != run->keys || !in_range(segment, run) ||
               !sgc_str_eq(sgc_buf_as_str(&last), run->last_key)) {
        differs(verify, segment, run, "a run is not what the footer says");
    }
    sgc_source_stop(&source);
    sgc_history_give_reader(segment->history, source.reader);
    sgc_buf_free(&last);
}

sgc_status sgc_history_verify(sgc_history *history, sgc_segments *segments, sgc_buf *report)
{
    verification verify = {.segments = segments, .report = report};
    sgc_error error;

    for (size_t i = 0; i < segments->count; i++) {
        sgc_segment *segment = segments->items[i];
        sgc_mutex_lock(&history->loading);
        sgc_status status = sgc_segment_load(segment, &error);
        sgc_mutex_unlock(&history->loading);
        if (status) damage(&verify, status, &error);
        for (uint32_t r = 0; status == SGC_OK && r < segment->run_count; r++)
            verify_run(&verify, segment, &segment->runs[r]);
    }
    return verify.status;
}
