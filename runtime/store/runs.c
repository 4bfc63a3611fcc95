/*
 * runs.c - sorted runs of entries, packed, and merging them. A run is blocks of at most BLOCK
 * bytes: u32 size of what follows, u32 CRC-32C of it, then entries: varint bytes shared with the
 * entry before (0 for the first of a block), varint bytes that follow, varint size of the key, 6
 * bytes of value, the bytes. In memory a block has no CRC.
 */
#include "store/runs.h"

#include "store/node.h"

enum {
    BLOCK = 64 * 1024,
    BLOCK_HEAD = 8,
    VALUE = 6,
    ENTRY_HEAD = 3 * 3 + VALUE,              /* of one entry at most */
    ENTRY_ROOM = ENTRY_HEAD + SGC_ENTRY_MAX, /* in a block */
};

typedef struct sgc_run_reader {
    const sgc_run *run, *end; /* the one being read; behind the one that it ends with */
    uint64_t at, run_end;     /* in the file or in memory, from the next block on */
    uint8_t *block;           /* of the file */
    const uint8_t *p, *block_end;
    uint8_t entry[SGC_ENTRY_MAX];
    sgc_sorted now;
} run_reader;

typedef struct sgc_run_head {
    uint64_t head; /* first eight bytes of the entry, for comparing */
    uint32_t reader;
} run_head;

static sgc_status no_memory(sgc_error *error)
{
    return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
}

void sgc_run_list_free(sgc_run_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        sgc_free(list->items[i].memory);
    sgc_free(list->items);
    *list = (sgc_run_list){0};
}

void sgc_run_file_close(sgc_run_file *file)
{
    if (file->file) {
        file->os->close(file->os->self, file->file);
        /* What stays is removed by the next opening. */
        (void)file->os->remove(file->os->self, file->path);
    }
    sgc_free(file->path);
    *file = (sgc_run_file){0};
}

/* ---- packing ---- */

/* An open block. */
typedef struct packer {
    uint8_t *block; /* with its head */
    size_t used;    /* behind the head */
    sgc_str last;   /* the entry before */
} packer;

static bool has_room(const packer *to)
{
    return to->used + ENTRY_ROOM <= BLOCK;
}

static void pack(packer *to, const sgc_sorted *entry)
{
    size_t shared = to->used == 0
                        ? 0
                        : sgc_common_prefix((const uint8_t *)to->last.data, to->last.size,
                                            (const uint8_t *)entry->entry.data, entry->entry.size);
    uint8_t *start = to->block + BLOCK_HEAD;
    uint8_t *p = sgc_varint_put(start + to->used, shared);
    p = sgc_varint_put(p, entry->entry.size - shared);
    p = sgc_varint_put(p, entry->key_size);
    for (unsigned i = 0; i < VALUE; i++)
        *p++ = (uint8_t)(entry->value >> 8 * i);
    if (entry->entry.size > shared)
        memcpy(p, entry->entry.data + shared, entry->entry.size - shared);
    to->used = (size_t)(p - start) + entry->entry.size - shared;
    to->last = entry->entry;
    sgc_store32(to->block, (uint32_t)to->used);
}

/* Blocks of a chunk and what they take at most. */
static bool room_for(const sgc_entry_changes *changes, size_t *room)
{
    size_t entries, heads;

    return sgc_mul(changes->count, ENTRY_HEAD, &entries) &&
           sgc_add(entries, changes->bytes_used, &entries) &&
           sgc_mul(entries / (BLOCK - ENTRY_ROOM) + 1, BLOCK_HEAD, &heads) &&
           sgc_add(entries, heads, room);
}

sgc_status sgc_run_sort(sgc_entry_changes *changes, sgc_sort_room *room, sgc_run *run,
                        sgc_run_entry *last)
{
    size_t most;

    *run = (sgc_run){.memory = NULL};
    if (!room_for(changes, &most) || sgc_changes_order(changes, room)) return SGC_NO_MEMORY;
    uint8_t *memory = sgc_alloc(most);
    if (!memory) return SGC_NO_MEMORY;
    packer to = {.block = memory};
    for (size_t i = 0; i < changes->count; i++) {
        sgc_sorted_foresee(changes, i);
        sgc_sorted entry = sgc_sorted_of(changes, i);
        if (!has_room(&to)) to = (packer){.block = to.block + BLOCK_HEAD + to.used};
        pack(&to, &entry);
    }
    last->size = to.last.size;
    if (last->size) memcpy(last->bytes, to.last.data, last->size);
    run->bytes = (uint64_t)(to.block - memory) + BLOCK_HEAD + to.used;
    run->memory = sgc_realloc(memory, run->bytes, 1);
    if (!run->memory) run->memory = memory;
    sgc_changes_clear(changes);
    return SGC_OK;
}

sgc_str sgc_run_first(const sgc_run *run)
{
    const uint8_t *p = run->memory + BLOCK_HEAD, *end = run->memory + run->bytes;
    uint64_t shared = 0, size = 0, key_size = 0;

    p = sgc_varint_get(p, end, &shared);
    p = p ? sgc_varint_get(p, end, &size) : NULL;
    p = p ? sgc_varint_get(p, end, &key_size) : NULL;
    return sgc_str_of(p ? (const char *)p + VALUE : NULL, (size_t)size);
}

/* ---- reading ---- */

static sgc_status damaged(const sgc_run_file *file, sgc_error *error)
{
    return sgc_fail(error, SGC_CORRUPT, "%s: what was written cannot be read back", file->path);
}

static sgc_status read_from_file(const sgc_run_file *file, run_reader *reader, sgc_error *error)
{
    uint64_t left = reader->run_end - reader->at;
    size_t want = left < BLOCK_HEAD + BLOCK ? (size_t)left : BLOCK_HEAD + BLOCK, got = 0;

    if (!reader->block) reader->block = sgc_alloc(BLOCK_HEAD + BLOCK);
    if (!reader->block) return no_memory(error);
    sgc_status status =
        file->os->read(file->os->self, file->file, reader->at, reader->block, want, &got);
    if (status) return sgc_fail(error, status, "%s", sgc_os_file_error());
    if (got < BLOCK_HEAD) return damaged(file, error);
    size_t size = sgc_load32(reader->block);
    if (size == 0 || size > got - BLOCK_HEAD ||
        sgc_load32(reader->block + 4) != sgc_crc32c(0, reader->block + BLOCK_HEAD, size))
        return damaged(file, error);
    reader->p = reader->block + BLOCK_HEAD;
    return SGC_OK;
}

static void start_run(run_reader *reader)
{
    reader->at = reader->run->memory ? 0 : reader->run->at;
    reader->run_end = reader->at + reader->run->bytes;
}

/* The next block, of the next run when this one ends; *there false at the end of all. */
static sgc_status read_block(const sgc_run_file *file, run_reader *reader, bool *there,
                             sgc_error *error)
{
    *there = true;
    if (reader->at == reader->run_end) {
        *there = ++reader->run < reader->end;
        if (!*there) return SGC_OK;
        start_run(reader);
    }
    if (reader->run->memory) {
        reader->p = reader->run->memory + reader->at + BLOCK_HEAD;
    } else {
        sgc_status status = read_from_file(file, reader, error);
        if (status) return status;
    }
    size_t size = sgc_load32(reader->p - BLOCK_HEAD);
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
static sgc_status take(const sgc_run_file *file, run_reader *reader, sgc_error *error)
{
    uint64_t shared, rest = 0, key_size = 0, value = 0;
    const uint8_t *end = reader->block_end;
    const uint8_t *p = sgc_varint_get(reader->p, end, &shared);

    p = p ? sgc_varint_get(p, end, &rest) : NULL;
    p = p ? sgc_varint_get(p, end, &key_size) : NULL;
    if (!p || shared > reader->now.entry.size || rest > SGC_ENTRY_MAX - shared ||
        VALUE + rest > (size_t)(end - p) || key_size > shared + rest)
        return damaged(file, error);
    for (unsigned i = 0; i < VALUE; i++)
        value |= (uint64_t)*p++ << 8 * i;
    if (rest) memcpy(reader->entry + shared, p, (size_t)rest);
    reader->p = p + rest;
    reader->now = (sgc_sorted){.entry = sgc_str_of((const char *)reader->entry, shared + rest),
                               .key_size = (uint16_t)key_size,
                               .value = value};
    return SGC_OK;
}

static sgc_status step(const sgc_run_file *file, run_reader *reader, bool *there, sgc_error *error)
{
    sgc_status status = SGC_OK;

    *there = true;
    if (reader->p == reader->block_end) status = read_block(file, reader, there, error);
    return status || !*there ? status : take(file, reader, error);
}

/* Readers stand in the order of their runs. */
static bool is_before(const sgc_merge *merge, const run_head *a, const run_head *b)
{
    if (a->head != b->head) return a->head < b->head;
    int order =
        sgc_str_compare(merge->readers[a->reader].now.entry, merge->readers[b->reader].now.entry);
    return order ? order < 0 : a->reader < b->reader;
}

/* Brings the reader at the root of a part of the heap to its place. */
static void sift(sgc_merge *merge, size_t at)
{
    run_head moved = merge->heap[at];

    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= merge->heap_count) break;
        if (child + 1 < merge->heap_count &&
            is_before(merge, &merge->heap[child + 1], &merge->heap[child]))
            child++;
        if (!is_before(merge, &merge->heap[child], &moved)) break;
        merge->heap[at] = merge->heap[child];
        at = child;
    }
    merge->heap[at] = moved;
}

/* One for each run that does not follow the one in front of it. */
static void place_readers(sgc_merge *merge)
{
    const sgc_run_list *list = merge->list;

    for (size_t i = 0; i < list->count; i++) {
        if (i == 0 || !list->items[i].follows)
            merge->readers[merge->reader_count++].run = &list->items[i];
        merge->readers[merge->reader_count - 1].end = &list->items[i] + 1;
    }
}

sgc_status sgc_merge_open(sgc_merge *merge, const sgc_run_file *file, const sgc_run_list *list,
                          sgc_error *error)
{
    sgc_status status = SGC_OK;

    *merge = (sgc_merge){.file = file, .list = list};
    merge->readers = sgc_alloc_zero(list->count, sizeof *merge->readers);
    merge->heap = sgc_alloc_zero(list->count, sizeof *merge->heap);
    if (!merge->readers || !merge->heap) return no_memory(error);
    place_readers(merge);
    for (size_t i = 0; status == SGC_OK && i < merge->reader_count; i++) {
        run_reader *reader = &merge->readers[i];
        bool there;
        start_run(reader);
        status = step(file, reader, &there, error);
        if (status == SGC_OK && there)
            merge->heap[merge->heap_count++] = (run_head){head_of(reader->now.entry), (uint32_t)i};
    }
    for (size_t i = merge->heap_count; status == SGC_OK && i-- > 0;)
        sift(merge, i);
    return status;
}

/* The reader whose entry was shown goes on; *entry is the least one of all then. */
sgc_status sgc_merge_next(sgc_merge *merge, sgc_sorted *entry, bool *there, sgc_error *error)
{
    sgc_status status = SGC_OK;
    bool more;

    if (merge->started && merge->heap_count > 0) {
        run_reader *reader = &merge->readers[merge->heap[0].reader];
        status = step(merge->file, reader, &more, error);
        if (status) return status;
        if (more)
            merge->heap[0].head = head_of(reader->now.entry);
        else
            merge->heap[0] = merge->heap[--merge->heap_count];
        if (merge->heap_count > 1) sift(merge, 0);
    }
    merge->started = true;
    *there = merge->heap_count > 0;
    if (*there) *entry = merge->readers[merge->heap[0].reader].now;
    return SGC_OK;
}

void sgc_merge_close(sgc_merge *merge)
{
    for (size_t i = 0; i < merge->reader_count; i++)
        sgc_free(merge->readers[i].block);
    sgc_free(merge->readers);
    sgc_free(merge->heap);
    *merge = (sgc_merge){.file = NULL};
}

/* ---- into the file ---- */

static sgc_status make_file(sgc_run_file *file, sgc_error *error)
{
    unsigned flags = SGC_OPEN_READ | SGC_OPEN_WRITE | SGC_OPEN_CREATE;

    if (file->file) return SGC_OK;
    sgc_status status = file->os->open(file->os->self, file->path, flags, &file->file);
    if (status == SGC_OK) return SGC_OK;
    file->file = NULL;
    return sgc_fail(error, status, "%s", sgc_os_file_error());
}

static sgc_status write_block(sgc_run_file *file, packer *from, sgc_error *error)
{
    size_t size = BLOCK_HEAD + from->used;

    if (from->used == 0) return SGC_OK;
    sgc_store32(from->block + 4, sgc_crc32c(0, from->block + BLOCK_HEAD, from->used));
    sgc_status status = file->os->write(file->os->self, file->file, file->end, from->block, size);
    if (status) return sgc_fail(error, status, "%s", sgc_os_file_error());
    file->end += size;
    from->used = 0;
    return SGC_OK;
}

static sgc_status write_all(sgc_run_file *file, sgc_merge *merge, packer *to, sgc_error *error)
{
    sgc_run_entry last;
    sgc_sorted entry;
    bool there = true;
    sgc_status status = SGC_OK;

    while (status == SGC_OK) {
        status = sgc_merge_next(merge, &entry, &there, error);
        if (status || !there) break;
        if (!has_room(to)) status = write_block(file, to, error);
        if (status) break;
        pack(to, &entry);
        /* The next step overwrites what it is compared with. */
        if (entry.entry.size) memcpy(last.bytes, entry.entry.data, entry.entry.size);
        to->last = sgc_str_of((const char *)last.bytes, entry.entry.size);
    }
    return status ? status : write_block(file, to, error);
}

sgc_status sgc_run_merge(sgc_run_file *file, const sgc_run_list *list, sgc_run *run,
                         sgc_error *error)
{
    sgc_merge merge = {.file = NULL};
    packer to = {.block = NULL};
    sgc_status status = make_file(file, error);

    *run = (sgc_run){.at = file->end};
    if (status == SGC_OK) status = sgc_merge_open(&merge, file, list, error);
    if (status == SGC_OK) {
        to.block = sgc_alloc(BLOCK_HEAD + BLOCK);
        status = to.block ? write_all(file, &merge, &to, error) : no_memory(error);
    }
    run->bytes = file->end - run->at;
    sgc_free(to.block);
    sgc_merge_close(&merge);
    return status;
}
