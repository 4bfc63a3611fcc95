/*
 * origins.c - where rows came from. A run is four varints: row, origin, what the origin grows by
 * from row to row, rows. The file holds blocks: u32 size of what follows, u32 CRC-32C of it, runs.
 * It is nobody's but this process's, as those of runs.c.
 */
#include "store/origins.h"

#include "store/format.h"

enum {
    BLOCK = 64 * 1024,
    BLOCK_HEAD = 8,
    RUN_ROOM = 4 * 10, /* of one run at most */
};

static sgc_status no_memory(sgc_error *error)
{
    return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
}

void sgc_origins_open(sgc_origins *origins, const sgc_os *os, char *path)
{
    *origins = (sgc_origins){.os = os, .path = path};
}

void sgc_origins_close(sgc_origins *origins)
{
    if (origins->file) {
        origins->os->close(origins->os->self, origins->file);
        /* What stays is removed by the next opening. */
        (void)origins->os->remove(origins->os->self, origins->path);
    }
    sgc_buf_free(&origins->block);
    sgc_free(origins->path);
    *origins = (sgc_origins){0};
}

/* ---- noting ---- */

static sgc_status write_block(sgc_origins *origins, sgc_error *error)
{
    const sgc_os *os = origins->os;
    unsigned flags = SGC_OPEN_READ | SGC_OPEN_WRITE | SGC_OPEN_CREATE;
    uint8_t head[BLOCK_HEAD];
    sgc_buf *block = &origins->block;
    sgc_status status = SGC_OK;

    if (!origins->file) {
        status = os->open(os->self, origins->path, flags, &origins->file);
        if (status) origins->file = NULL;
    }
    sgc_store32(head, (uint32_t)block->size);
    sgc_store32(head + 4, sgc_crc32c(0, (const uint8_t *)block->data, block->size));
    if (status == SGC_OK)
        status = os->write(os->self, origins->file, origins->end, head, sizeof head);
    if (status == SGC_OK)
        status =
            os->write(os->self, origins->file, origins->end + BLOCK_HEAD, block->data, block->size);
    if (status) return sgc_fail(error, status, "%s", sgc_os_file_error());
    origins->end += BLOCK_HEAD + block->size;
    block->size = 0;
    return SGC_OK;
}

static sgc_status end_run(sgc_origins *origins, sgc_error *error)
{
    const sgc_origin_run *run = &origins->last;
    sgc_buf *block = &origins->block;

    if (run->count == 0) return SGC_OK;
    if (block->size + RUN_ROOM > BLOCK) {
        sgc_status status = write_block(origins, error);
        if (status) return status;
    }
    uint8_t *start = (uint8_t *)sgc_buf_reserve(block, RUN_ROOM), *p = start;
    if (!p) return no_memory(error);
    p = sgc_varint_put(p, run->row);
    p = sgc_varint_put(p, run->origin);
    p = sgc_varint_put(p, run->step);
    p = sgc_varint_put(p, run->count);
    block->size += (size_t)(p - start);
    return SGC_OK;
}

sgc_status sgc_origins_add(sgc_origins *origins, uint64_t row, uint64_t origin, sgc_error *error)
{
    sgc_origin_run *run = &origins->last;
    bool follows = run->count > 0 && row == run->row + run->count && origin >= run->origin;

    if (follows && run->count == 1) run->step = origin - run->origin;
    if (follows && origin == run->origin + run->step * run->count) {
        run->count++;
        return SGC_OK;
    }
    sgc_status status = end_run(origins, error);
    if (status == SGC_OK) *run = (sgc_origin_run){row, origin, 0, 1};
    return status;
}

/* ---- looking ---- */

static bool holds(const sgc_origin_run *run, uint64_t row, uint64_t *origin)
{
    if (row < run->row || row - run->row >= run->count) return false;
    *origin = run->origin + run->step * (row - run->row);
    return true;
}

/* False when the bytes are no runs. */
static bool find_in(const uint8_t *p, size_t size, uint64_t row, uint64_t *origin)
{
    const uint8_t *end = p + size;

    while (p < end && *origin == 0) {
        sgc_origin_run run;
        p = sgc_varint_get(p, end, &run.row);
        p = p ? sgc_varint_get(p, end, &run.origin) : NULL;
        p = p ? sgc_varint_get(p, end, &run.step) : NULL;
        p = p ? sgc_varint_get(p, end, &run.count) : NULL;
        if (!p) return false;
        (void)holds(&run, row, origin);
    }
    return true;
}

/* Looks at the block at *at and steps behind it. */
static sgc_status find_in_block(const sgc_origins *origins, uint8_t *block, uint64_t *at,
                                uint64_t row, uint64_t *origin, sgc_error *error)
{
    const sgc_os *os = origins->os;
    uint64_t left = origins->end - *at;
    size_t want = left < BLOCK_HEAD + BLOCK ? (size_t)left : BLOCK_HEAD + BLOCK, got = 0;
    sgc_status status = os->read(os->self, origins->file, *at, block, want, &got);

    if (status) return sgc_fail(error, status, "%s", sgc_os_file_error());
    size_t size = got < BLOCK_HEAD ? 0 : sgc_load32(block);
    if (size == 0 || size > got - BLOCK_HEAD ||
        sgc_load32(block + 4) != sgc_crc32c(0, block + BLOCK_HEAD, size) ||
        !find_in(block + BLOCK_HEAD, size, row, origin))
        return sgc_fail(error, SGC_CORRUPT, "%s: what was written cannot be read back",
                        origins->path);
    *at += BLOCK_HEAD + size;
    return SGC_OK;
}

sgc_status sgc_origins_find(const sgc_origins *origins, uint64_t row, uint64_t *origin,
                            sgc_error *error)
{
    sgc_status status = SGC_OK;
    uint8_t *block = NULL;

    *origin = 0;
    if (holds(&origins->last, row, origin)) return SGC_OK;
    if (origins->block.size)
        (void)find_in((const uint8_t *)origins->block.data, origins->block.size, row, origin);
    if (*origin || !origins->file) return SGC_OK;
    block = sgc_alloc(BLOCK_HEAD + BLOCK);
    if (!block) return no_memory(error);
    for (uint64_t at = 0; status == SGC_OK && *origin == 0 && at < origins->end;)
        status = find_in_block(origins, block, &at, row, origin, error);
    sgc_free(block);
    return status;
}
