/*
 * history_scan.c - all versions of a table that were true at one sequence, block by block: begins
 * and ends are compared before anything else of a block is looked at, and no key ever is.
 */
#include "store/history_internal.h"

/* A version of a held block. */
typedef struct chosen {
    const sgc_history_block *block;
    uint32_t item;
} chosen;

void sgc_past_scan_open(sgc_past_scan *scan, const sgc_segments *segments, uint16_t table,
                        uint64_t at)
{
    memset(scan, 0, offsetof(sgc_past_scan, records));
    scan->segments = segments;
    scan->at = at;
    scan->own.table = table;
}

static void drop_blocks(sgc_past_scan *scan)
{
    for (unsigned i = 0; i < scan->own.held_count; i++)
        sgc_block_release(scan->own.held[i]);
    scan->own.held_count = scan->own.block = 0;
    scan->own.item = 0;
}

void sgc_past_scan_close(sgc_past_scan *scan)
{
    drop_blocks(scan);
    scan->count = 0;
}

/* To the run of the next segment that has versions of the moment; false: there is none. */
static bool next_run(sgc_past_scan *scan, sgc_run_id id)
{
    while (scan->own.segment < scan->segments->count) {
        const sgc_segment *segment = scan->segments->items[scan->own.segment++];
        if (segment->through <= scan->at) continue;
        const sgc_history_run *run = sgc_segment_run(segment, id);
        if (!run || run->min_begin > scan->at || run->max_end <= scan->at) continue;
        scan->own.file = segment;
        scan->own.run = run;
        scan->own.number = 0;
        return true;
    }
    return false;
}

/* Blocks of the run that come next and have versions of the moment. */
static unsigned next_blocks(sgc_past_scan *scan, uint32_t *numbers)
{
    const sgc_history_run *run = scan->own.run;
    unsigned count = 0;

    for (; count < SGC_SCAN_BLOCKS && scan->own.number < run->block_count; scan->own.number++) {
        uint32_t number = run->first_block + scan->own.number;
        const sgc_block_entry *entry = &scan->own.file->blocks[number];
        numbers[count] = number;
        count += entry->min_begin <= scan->at && entry->max_end > scan->at;
    }
    return count;
}

static sgc_status hold_blocks(sgc_past_scan *scan, sgc_error *error)
{
    const sgc_past_period period = {scan->at, scan->at};
    const sgc_segment *file = scan->own.file;
    const sgc_history_run *run = scan->own.run;
    sgc_history_block *blocks[SGC_SCAN_BLOCKS];
    uint32_t numbers[SGC_SCAN_BLOCKS];
    unsigned count = next_blocks(scan, numbers);
    sgc_status status = SGC_OK;

    sgc_block_cache_find_many(&file->history->cache, file->number, numbers, count, blocks);
    for (unsigned i = 0; i < count; i++) {
        if (!blocks[i] && status == SGC_OK)
            status = sgc_block_load(file, run, numbers[i] - run->first_block, &period, &blocks[i],
                                    error);
        if (!blocks[i]) continue;
        scan->own.held[scan->own.held_count++] = blocks[i];
        for (const int32_t *p = blocks[i]->froms; p < blocks[i]->untils; p += SGC_SPANS) {
            __builtin_prefetch(p);
            __builtin_prefetch(p + (blocks[i]->untils - blocks[i]->froms));
        }
    }
    if (scan->own.number == run->block_count) scan->own.run = NULL;
    return status;
}

/* Which of SGC_SPANS items were true: no branches, so that compilers take several at a time. */
static void compare(const int32_t *restrict froms, const int32_t *restrict untils, int32_t then,
                    uint8_t *restrict hits)
{
    for (unsigned i = 0; i < SGC_SPANS; i++)
        hits[i] = (froms[i] <= then) & (untils[i] > then);
}

static void compare_wide(const sgc_history_block *block, uint32_t item, uint64_t at, uint8_t *hits)
{
    for (unsigned i = 0; i < SGC_SPANS; i++, item++)
        hits[i] = item < block->count && block->begins[item] <= at && block->ends[item] > at;
}

/* Versions of the block being read that were true, from where reading it has come to. */
static unsigned choose(sgc_past_scan *scan, chosen *all, unsigned count)
{
    const sgc_history_block *block = scan->own.held[scan->own.block];
    uint32_t item = scan->own.item;

    for (; item < block->count && count + SGC_SPANS <= SGC_SCAN_ROWS; item += SGC_SPANS) {
        uint8_t hits[SGC_SPANS];
        if (block->wide)
            compare_wide(block, item, scan->at, hits);
        else
            compare(block->froms + item, block->untils + item, (int32_t)(scan->at - block->base),
                    hits);
        for (unsigned half = 0; half < SGC_SPANS; half += 8) {
            for (uint64_t bits = sgc_load64(hits + half); bits; bits &= bits - 1) {
                unsigned hit = (unsigned)__builtin_ctzll(bits) / 8;
                all[count++] = (chosen){block, item + half + hit};
            }
        }
    }
    scan->own.item = item;
    if (item >= block->count) {
        scan->own.block++;
        scan->own.item = 0;
    }
    return count;
}

/* Records lie anywhere in memory: all of them are on their way before the first is shown. */
static void show(sgc_past_scan *scan, const chosen *all, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        __builtin_prefetch(&all[i].block->items[all[i].item]);
    for (unsigned i = 0; i < count; i++) {
        scan->records[i] = sgc_block_value(all[i].block, all[i].item);
        __builtin_prefetch(scan->records[i].data);
    }
    scan->count = count;
}

sgc_status sgc_past_scan_next(sgc_past_scan *scan, sgc_error *error)
{
    chosen all[SGC_SCAN_ROWS];
    unsigned count = 0;
    sgc_status status = sgc_segments_load(scan->segments, error);
    sgc_run_id id;

    scan->count = 0;
    if (!sgc_run_id_of(scan->segments, scan->own.table, 0, &id)) return SGC_OK;
    while (status == SGC_OK && count == 0) {
        if (scan->own.block == scan->own.held_count) {
            drop_blocks(scan);
            if (!scan->own.run && !next_run(scan, id)) break;
            status = hold_blocks(scan, error);
        }
        while (status == SGC_OK && scan->own.block < scan->own.held_count &&
               count + SGC_SPANS <= SGC_SCAN_ROWS)
            count = choose(scan, all, count);
    }
    if (status == SGC_OK) show(scan, all, count);
    return status;
}
