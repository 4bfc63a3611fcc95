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

/* Holds blocks of the run that come next, as many as there is room for. */
static sgc_status hold_blocks(sgc_past_scan *scan, sgc_error *error)
{
    const sgc_past_period period = {scan->at, scan->at};
    const sgc_history_run *run = scan->own.run;
    sgc_status status = SGC_OK;

    while (status == SGC_OK && scan->own.held_count < SGC_SCAN_BLOCKS &&
           scan->own.number < run->block_count) {
        const sgc_block_entry *entry =
            &scan->own.file->blocks[run->first_block + scan->own.number++];
        sgc_history_block *block = NULL;
        if (entry->min_begin > scan->at || entry->max_end <= scan->at) continue;
        status = sgc_block_load(scan->own.file, run, scan->own.number - 1, &period, &block, error);
        if (status == SGC_OK && block) scan->own.held[scan->own.held_count++] = block;
    }
    if (scan->own.number == run->block_count) scan->own.run = NULL;
    return status;
}

/* Versions of the block being read that were true, from where reading it has come to. */
static unsigned choose(sgc_past_scan *scan, chosen *all, unsigned count)
{
    const sgc_history_block *block = scan->own.held[scan->own.block];
    uint32_t item = scan->own.item;

    for (; item < block->count && count < SGC_SCAN_ROWS; item++) {
        all[count] = (chosen){block, item};
        count += block->begins[item] <= scan->at && block->ends[item] > scan->at;
    }
    scan->own.item = item;
    if (item == block->count) {
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
    sgc_status status = SGC_OK;
    sgc_run_id id;

    scan->count = 0;
    if (!sgc_run_id_of(scan->segments, scan->own.table, 0, &id)) return SGC_OK;
    while (status == SGC_OK && count == 0) {
        if (scan->own.block == scan->own.held_count) {
            drop_blocks(scan);
            if (!scan->own.run && !next_run(scan, id)) break;
            status = hold_blocks(scan, error);
        }
        while (status == SGC_OK && scan->own.block < scan->own.held_count && count < SGC_SCAN_ROWS)
            count = choose(scan, all, count);
    }
    if (status == SGC_OK) show(scan, all, count);
    return status;
}
