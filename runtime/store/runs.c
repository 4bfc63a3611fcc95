/*
 * runs.c - entries sorted through a file. A run is blocks of at most BLOCK bytes: u32 size of what
 * follows, u32 CRC-32C of it, then entries: varint bytes shared with the entry before (0 for the
 * first of a block), varint bytes that follow, varint size of the key, 6 bytes of value, the bytes.
 * The file is nobody's but this process's: nothing names it, and the next opening removes it.
 */
#include "store/runs.h"

#include "store/node.h"

enum {
    BLOCK = 64 * 1024,
    BLOCK_HEAD = 8,
    VALUE = 6,
    ENTRY_ROOM = 3 * 3 + VALUE + SGC_ENTRY_MAX, /* of one entry in a block at most */
    RUNS_MAX = 128,                             /* merged at once: their blocks take 8 MB */
    AHEAD = 8, /* entries whose bytes are fetched early: sorted, they lie anywhere */
};

typedef struct sgc_run_reader {
    uint64_t at, end; /* of the run in the file, from the next block on */
    uint8_t *block;
    const uint8_t *p, *block_end;
    uint8_t entry[SGC_ENTRY_MAX];
    sgc_sorted now;
    uint64_t head; /* first eight bytes of the entry, for comparing */
} run_reader;

static sgc_status no_memory(sgc_error *error)
{
    return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
}

void sgc_runs_open(sgc_runs *runs, const sgc_os *os, char *path)
{
    *runs = (sgc_runs){.os = os, .path = path};
}

static void stop_reading(sgc_runs *runs)
{
    for (size_t i = 0; runs->readers && i < runs->run_count; i++)
        sgc_free(runs->readers[i].block);
    sgc_free(runs->readers);
    sgc_free(runs->heap);
    runs->readers = NULL;
    runs->heap = NULL;
}

void sgc_runs_close(sgc_runs *runs)
{
    stop_reading(runs);
    if (runs->file) {
        runs->os->close(runs->os->self, runs->file);
        /* What stays is removed by the next opening. */
        (void)runs->os->remove(runs->os->self, runs->path);
    }
    sgc_changes_free(&runs->changes);
    sgc_free(runs->runs);
    sgc_free(runs->path);
    *runs = (sgc_runs){0};
}

sgc_status sgc_runs_add(sgc_runs *runs, sgc_str components, sgc_str key, uint64_t value,
                        sgc_error *error)
{
    sgc_status status = sgc_changes_add(&runs->changes, components, key, value);

    runs->count++;
    return status ? sgc_fail(error, status, "%s", sgc_status_text(status)) : SGC_OK;
}

size_t sgc_runs_bytes(const sgc_runs *runs)
{
    return sgc_changes_bytes(&runs->changes);
}

/* ---- writing a run ---- */

typedef struct run_writer {
    sgc_runs *runs;
    uint8_t *block; /* BLOCK_HEAD and BLOCK bytes */
    size_t used;    /* behind the head */
    sgc_str last;
    sgc_error *error;
} run_writer;

static sgc_status make_file(sgc_runs *runs, sgc_error *error)
{
    unsigned flags = SGC_OPEN_READ | SGC_OPEN_WRITE | SGC_OPEN_CREATE;

    if (runs->file) return SGC_OK;
    sgc_status status = runs->os->open(runs->os->self, runs->path, flags, &runs->file);
    if (status == SGC_OK) return SGC_OK;
    runs->file = NULL;
    return sgc_fail(error, status, "%s", sgc_os_file_error());
}

static sgc_status write_block(run_writer *writer)
{
    sgc_runs *runs = writer->runs;
    size_t size = BLOCK_HEAD + writer->used;

    if (writer->used == 0) return SGC_OK;
    sgc_store32(writer->block, (uint32_t)writer->used);
    sgc_store32(writer->block + 4, sgc_crc32c(0, writer->block + BLOCK_HEAD, writer->used));
    sgc_status status = runs->os->write(runs->os->self, runs->file, runs->end, writer->block, size);
    if (status) return sgc_fail(writer->error, status, "%s", sgc_os_file_error());
    runs->end += size;
    writer->used = 0;
    return SGC_OK;
}

static sgc_status put(run_writer *writer, const sgc_sorted *entry)
{
    sgc_status status = SGC_OK;

    if (writer->used + ENTRY_ROOM > BLOCK) status = write_block(writer);
    if (status) return status;
    size_t shared = writer->used == 0
                        ? 0
                        : sgc_common_prefix((const uint8_t *)writer->last.data, writer->last.size,
                                            (const uint8_t *)entry->entry.data, entry->entry.size);
    uint8_t *start = writer->block + BLOCK_HEAD;
    uint8_t *p = sgc_varint_put(start + writer->used, shared);
    p = sgc_varint_put(p, entry->entry.size - shared);
    p = sgc_varint_put(p, entry->key_size);
    for (unsigned i = 0; i < VALUE; i++)
        *p++ = (uint8_t)(entry->value >> 8 * i);
    if (entry->entry.size > shared)
        memcpy(p, entry->entry.data + shared, entry->entry.size - shared);
    writer->used = (size_t)(p - start) + entry->entry.size - shared;
    writer->last = entry->entry;
    return SGC_OK;
}

static sgc_sorted entry_at(const sgc_entry_changes *changes, size_t at)
{
    const sgc_entry_change *change = &changes->items[at];

    return (sgc_sorted){.entry = sgc_change_entry(changes, change),
                        .key_size = change->key_size,
                        .value = sgc_change_row(changes, change)};
}

static sgc_status start_run(sgc_runs *runs, run_writer *writer, sgc_error *error)
{
    *writer = (run_writer){.runs = runs, .error = error};
    sgc_status status = make_file(runs, error);
    if (status) return status;
    if (!SGC_GROW(runs->runs, runs->run_count, runs->run_capacity)) return no_memory(error);
    writer->block = sgc_alloc(BLOCK_HEAD + BLOCK);
    if (!writer->block) return no_memory(error);
    runs->runs[runs->run_count] = (sgc_run){.at = runs->end};
    return SGC_OK;
}

static sgc_status end_run(run_writer *writer, sgc_status status)
{
    sgc_runs *runs = writer->runs;

    if (status == SGC_OK) status = write_block(writer);
    if (status == SGC_OK) {
        sgc_run *run = &runs->runs[runs->run_count++];
        run->bytes = runs->end - run->at;
    }
    sgc_free(writer->block);
    return status;
}

/* ---- reading ---- */

static sgc_status damaged(const sgc_runs *runs, sgc_error *error)
{
    return sgc_fail(error, SGC_CORRUPT, "%s: what was written cannot be read back", runs->path);
}

/* The next block of a run, which has one. */
static sgc_status read_block(sgc_runs *runs, run_reader *reader, sgc_error *error)
{
    uint64_t left = reader->end - reader->at;
    size_t want = left < BLOCK_HEAD + BLOCK ? (size_t)left : BLOCK_HEAD + BLOCK, got = 0;
    sgc_status status =
        runs->os->read(runs->os->self, runs->file, reader->at, reader->block, want, &got);

    if (status) return sgc_fail(error, status, "%s", sgc_os_file_error());
    if (got < BLOCK_HEAD) return damaged(runs, error);
    size_t size = sgc_load32(reader->block);
    if (size == 0 || size > got - BLOCK_HEAD ||
        sgc_load32(reader->block + 4) != sgc_crc32c(0, reader->block + BLOCK_HEAD, size))
        return damaged(runs, error);
    reader->p = reader->block + BLOCK_HEAD;
    reader->block_end = reader->p + size;
    reader->at += BLOCK_HEAD + size;
    reader->now.entry.size = 0;
    return SGC_OK;
}

static uint64_t head_of(sgc_str entry)
{
    uint64_t head = 0;

    if (entry.size >= 8) return sgc_be64((const uint8_t *)entry.data);
    for (size_t i = 0; i < 8; i++)
        head = head << 8 | (i < entry.size ? (uint8_t)entry.data[i] : 0);
    return head;
}

/* Reads the entry at the reader into its `now`. */
static sgc_status take(sgc_runs *runs, run_reader *reader, sgc_error *error)
{
    uint64_t shared, rest = 0, key_size = 0, value = 0;
    const uint8_t *end = reader->block_end;
    const uint8_t *p = sgc_varint_get(reader->p, end, &shared);

    p = p ? sgc_varint_get(p, end, &rest) : NULL;
    p = p ? sgc_varint_get(p, end, &key_size) : NULL;
    if (!p || shared > reader->now.entry.size || rest > SGC_ENTRY_MAX - shared ||
        VALUE + rest > (size_t)(end - p) || key_size > shared + rest)
        return damaged(runs, error);
    for (unsigned i = 0; i < VALUE; i++)
        value |= (uint64_t)*p++ << 8 * i;
    if (rest) memcpy(reader->entry + shared, p, (size_t)rest);
    reader->p = p + rest;
    reader->now = (sgc_sorted){.entry = sgc_str_of((const char *)reader->entry, shared + rest),
                               .key_size = (uint16_t)key_size,
                               .value = value};
    reader->head = head_of(reader->now.entry);
    return SGC_OK;
}

static sgc_status step(sgc_runs *runs, run_reader *reader, bool *there, sgc_error *error)
{
    sgc_status status = SGC_OK;

    *there = reader->p < reader->block_end || reader->at < reader->end;
    if (!*there) return SGC_OK;
    if (reader->p == reader->block_end) status = read_block(runs, reader, error);
    return status ? status : take(runs, reader, error);
}

/* Of equal entries the one of the earlier run comes first. */
static bool is_before(const sgc_runs *runs, uint32_t a, uint32_t b)
{
    const run_reader *first = &runs->readers[a], *second = &runs->readers[b];

    if (first->head != second->head) return first->head < second->head;
    int order = sgc_str_compare(first->now.entry, second->now.entry);
    return order ? order < 0 : a < b;
}

/* Brings the reader at the root to its place. */
static void sift(sgc_runs *runs, size_t at)
{
    uint32_t moved = runs->heap[at];

    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= runs->heap_count) break;
        if (child + 1 < runs->heap_count &&
            is_before(runs, runs->heap[child + 1], runs->heap[child]))
            child++;
        if (!is_before(runs, runs->heap[child], moved)) break;
        runs->heap[at] = runs->heap[child];
        at = child;
    }
    runs->heap[at] = moved;
}

static sgc_status open_readers(sgc_runs *runs, sgc_error *error)
{
    sgc_status status = SGC_OK;

    runs->readers = sgc_alloc_zero(runs->run_count, sizeof *runs->readers);
    runs->heap = sgc_alloc(runs->run_count * sizeof *runs->heap);
    runs->heap_count = 0;
    if (!runs->readers || !runs->heap) return no_memory(error);
    for (size_t i = 0; status == SGC_OK && i < runs->run_count; i++) {
        run_reader *reader = &runs->readers[i];
        bool there = false;
        reader->at = runs->runs[i].at;
        reader->end = reader->at + runs->runs[i].bytes;
        reader->block = sgc_alloc(BLOCK_HEAD + BLOCK);
        if (!reader->block) return no_memory(error);
        status = step(runs, reader, &there, error);
        if (there) runs->heap[runs->heap_count++] = (uint32_t)i;
    }
    for (size_t i = runs->heap_count; status == SGC_OK && i-- > 0;)
        sift(runs, i);
    return status;
}

/* The reader whose entry was shown goes on; *entry is the least one of all then. */
static sgc_status next_merged(sgc_runs *runs, sgc_sorted *entry, bool *there, sgc_error *error)
{
    sgc_status status = SGC_OK;
    bool more;

    if (runs->started && runs->heap_count > 0) {
        status = step(runs, &runs->readers[runs->heap[0]], &more, error);
        if (!more) runs->heap[0] = runs->heap[--runs->heap_count];
        if (status == SGC_OK && runs->heap_count > 0) sift(runs, 0);
    }
    runs->started = true;
    *there = status == SGC_OK && runs->heap_count > 0;
    if (*there) *entry = runs->readers[runs->heap[0]].now;
    return status;
}

/* All runs become one, behind them in the file. */
static sgc_status merge_runs(sgc_runs *runs, sgc_error *error)
{
    run_writer writer = {.block = NULL};
    uint8_t last[SGC_ENTRY_MAX];
    sgc_sorted entry;
    bool there = true;

    runs->started = false;
    sgc_status status = open_readers(runs, error);
    if (status == SGC_OK) status = start_run(runs, &writer, error);
    while (status == SGC_OK && there) {
        status = next_merged(runs, &entry, &there, error);
        if (status || !there) break;
        status = put(&writer, &entry);
        /* The next step overwrites what the writer compares with. */
        if (entry.entry.size) memcpy(last, entry.entry.data, entry.entry.size);
        writer.last = sgc_str_of((const char *)last, entry.entry.size);
    }
    stop_reading(runs);
    status = writer.block ? end_run(&writer, status) : status;
    if (status) return status;
    runs->runs[0] = runs->runs[runs->run_count - 1];
    runs->run_count = 1;
    return SGC_OK;
}

/* ---- from memory to the file, and back ---- */

sgc_status sgc_runs_spill(sgc_runs *runs, sgc_sort_room *room, sgc_error *error)
{
    run_writer writer;
    sgc_entry_changes *changes = &runs->changes;

    if (changes->count == 0) return SGC_OK;
    if (sgc_changes_order(changes, room)) return no_memory(error);
    sgc_status status = start_run(runs, &writer, error);
    for (size_t i = 0; status == SGC_OK && i < changes->count; i++) {
        if (i + AHEAD < changes->count)
            __builtin_prefetch(changes->bytes + changes->items[i + AHEAD].at);
        sgc_sorted entry = entry_at(changes, i);
        status = put(&writer, &entry);
    }
    status = end_run(&writer, status);
    sgc_changes_clear(changes);
    return status == SGC_OK && runs->run_count == RUNS_MAX ? merge_runs(runs, error) : status;
}

sgc_status sgc_runs_start(sgc_runs *runs, sgc_sort_room *room, sgc_error *error)
{
    sgc_status status = SGC_OK;

    runs->at = 0;
    runs->started = false;
    if (!runs->file) return sgc_changes_order(&runs->changes, room) ? no_memory(error) : SGC_OK;
    status = sgc_runs_spill(runs, room, error);
    sgc_changes_free(&runs->changes);
    runs->started = false;
    return status ? status : open_readers(runs, error);
}

sgc_status sgc_runs_next(sgc_runs *runs, sgc_sorted *entry, bool *there, sgc_error *error)
{
    const sgc_entry_changes *changes = &runs->changes;

    if (runs->file) return next_merged(runs, entry, there, error);
    *there = runs->at < changes->count;
    if (!*there) return SGC_OK;
    if (runs->at + AHEAD < changes->count)
        __builtin_prefetch(changes->bytes + changes->items[runs->at + AHEAD].at);
    *entry = entry_at(changes, runs->at++);
    return SGC_OK;
}
