/*
 * store_history_fuzz.c - a segment of history made by anybody, with checksums that hold: whatever
 * is in it, opening, reading, verifying and merging end with an answer or SGC_CORRUPT. Input whose
 * first byte is odd is the root's list of segments instead.
 */
#include "store/history_internal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint16_t components[] = {0};
static const sgc_field fields[] = {{.name = SGC_STR_INIT("text"), .relation = SGC_NONE}};
static const sgc_slot slots[] = {{.kind = SGC_KIND_STRING, .non_null = true}};
#define COLUMNS                                                                                    \
    .fields = fields, .field_count = 1, .layout = {.slots = slots, .count = 1, .version = 1}
static const sgc_index indexes[] = {
    {.name = SGC_STR_INIT("id"), .fields = components, .count = 1, .unique = true, .number = 9},
    {.name = SGC_STR_INIT("email"), .fields = components, .count = 1, .number = 7},
    {.name = SGC_STR_INIT("both"), .fields = components, .count = 1, .number = 3},
};
static const sgc_table tables[] = {
    {.name = SGC_STR_INIT("Number"), .indexes = indexes, .number = 12, .index_count = 1, COLUMNS},
    {.name = SGC_STR_INIT("Person"), .indexes = indexes, .number = 4, .index_count = 3, COLUMNS},
};
static const sgc_schema schema = {.tables = tables, .table_count = 2};

static void must(sgc_status status)
{
    if (status) abort();
}

static void write_file(const sgc_os *os, const char *path, const uint8_t *data, size_t size)
{
    sgc_file *file;

    must(os->open(os->self, path, SGC_OPEN_WRITE | SGC_OPEN_CREATE, &file));
    must(os->write(os->self, file, 0, data, size));
    os->close(os->self, file);
}

/* What is allowed to come back. */
static bool fine(sgc_status status)
{
    if (status && status != SGC_CORRUPT && status != SGC_NOT_FOUND) abort();
    return status == SGC_OK;
}

static void walk(sgc_segments *list, uint16_t table, uint16_t index, bool descending)
{
    sgc_past_period period = {0, SGC_OPEN - 1};
    sgc_past_cursor *cursor;
    sgc_arena arena = {0};
    sgc_past past;
    sgc_str record;
    unsigned steps = 0;

    must(sgc_past_open(list, table, index, period, descending, sgc_str_of(NULL, 0), &cursor, NULL));
    sgc_status status = sgc_past_seek(cursor, sgc_str_of(NULL, 0), NULL);
    while (fine(status) && cursor->valid) {
        if (cursor->key_size > cursor->entry.size || cursor->end <= cursor->begin) abort();
        (void)fine(sgc_past_record(cursor, &record, NULL));
        sgc_str key = sgc_str_of(cursor->entry.data + (cursor->entry.size - cursor->key_size),
                                 cursor->key_size);
        if (steps++ < 20)
            (void)fine(sgc_segments_get(list, table, key, cursor->begin, &arena, &past, NULL));
        status = sgc_past_next(cursor, NULL);
    }
    sgc_past_close(cursor);
    sgc_arena_free(&arena);
}

static void read_all(sgc_segments *list)
{
    sgc_change_cursor *changes;
    uint64_t number;

    for (int i = 0; i < 8; i++)
        walk(list, i < 2 ? 0 : 1, (uint16_t)(i < 2 ? 0 : (i - 2) / 2), i & 1);
    if (fine(sgc_change_cursor_open(list, 0, &changes, NULL))) {
        while (changes->valid && fine(sgc_change_cursor_next(changes, NULL)))
            continue;
        sgc_change_cursor_close(changes);
    }
    for (uint64_t at = 1; at < 20; at++) {
        (void)fine(sgc_segments_sequence_at(list, at * 1000, &number, NULL));
        (void)fine(sgc_segments_time_of(list, at, &number, NULL));
    }
}

static void merge(sgc_history *history, sgc_segments *list, bool sound)
{
    uint64_t horizons[2] = {5, 5};
    sgc_retention retention = {.horizons = horizons, .everything = true};
    sgc_segments *merged;
    sgc_buf report = {0};

    if (fine(sgc_history_merge(history, list, &retention, &merged, NULL))) {
        sgc_status status = sgc_history_verify(history, merged, &report);
        if (sound && status) abort();
        sgc_segments_release(merged);
    } else if (sound) {
        abort();
    }
    sgc_buf_free(&report);
}

static void use(const uint8_t *file, sgc_history *history, sgc_segments *list)
{
    sgc_segment *segment = list->items[0];
    sgc_buf report = {0};

    for (uint32_t i = 0; i < segment->block_count; i++) {
        sgc_block_entry *entry = &segment->blocks[i];
        entry->crc = sgc_crc32c(0, file + entry->offset, entry->size);
        if (entry->plain > 1 << 20 || entry->spread > 1 << 20) return; /* slow, and no more */
    }
    sgc_status status = sgc_history_verify(history, list, &report);
    sgc_buf_free(&report);
    read_all(list);
    merge(history, list, fine(status));
}

/* The size of the footer, then the file but for its head and tail. */
static void as_segment(const sgc_os *os, const uint8_t *data, size_t size)
{
    if (size < 2) return;
    size_t footer = sgc_load16(data) % (size - 1);
    data += 2;
    size -= 2;
    size_t whole = SGC_HISTORY_HEAD + size + SGC_HISTORY_TAIL;
    uint8_t *file = malloc(whole);
    sgc_segment image = {
        .number = 1, .size = whole, .through = 1000000, .footer = {.size = footer}};
    sgc_segments list = {.items = &(sgc_segment *){&image}, .count = 1};
    sgc_buf manifest = {0};
    sgc_history *history;
    sgc_segments *opened;

    if (!file) return;
    memcpy(file, sgc_history_head, SGC_HISTORY_HEAD);
    memcpy(file + SGC_HISTORY_HEAD, data, size);
    image.footer.data = (char *)file + SGC_HISTORY_HEAD + size - footer;
    sgc_history_tail_encode(&image, SGC_HISTORY_HEAD + size - footer,
                            file + whole - SGC_HISTORY_TAIL);
    image.checksum = sgc_load32(file + whole - 4);
    write_file(os, "history/0000000000000001.seg", file, whole);
    must(sgc_segments_encode(&list, &manifest));
    if (fine(sgc_history_open(os, "history", false, &schema, sgc_buf_as_str(&manifest), 1 << 20,
                              &history, &opened, NULL))) {
        if (fine(sgc_segments_load(opened, NULL))) use(file, history, opened);
        sgc_segments_release(opened);
        sgc_history_close(history);
    }
    sgc_buf_free(&manifest);
    free(file);
}

/* The checksum at the end is made to hold. */
static void as_manifest(const sgc_os *os, const uint8_t *data, size_t size)
{
    uint8_t *manifest = malloc(size + 4);
    sgc_history *history;
    sgc_segments *list;

    if (!manifest) return;
    memcpy(manifest, data, size);
    sgc_store32(manifest + size, sgc_crc32c(0, data, size));
    if (fine(sgc_history_open(os, "history", false, &schema, sgc_str_of((char *)manifest, size + 4),
                              0, &history, &list, NULL))) {
        sgc_segments_release(list);
        sgc_history_close(history);
    }
    free(manifest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sgc_memory_os *memory;

    if (size < 1 || sgc_memory_os_create(&memory)) return 0;
    const sgc_os *os = sgc_memory_os_table(memory);
    must(os->make_directory(os->self, "history"));
    if (data[0] & 1) {
        as_manifest(os, data + 1, size - 1);
    } else {
        as_segment(os, data + 1, size - 1);
    }
    sgc_memory_os_destroy(memory);
    return 0;
}
