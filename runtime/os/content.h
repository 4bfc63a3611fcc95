/*
 * content.h - private to os: the bytes of one file in memory, twice: as a reader sees them and as
 * the device holds them. Between the two stand dirty sectors. No names, no locks, no faults.
 */
#ifndef SGC_OS_CONTENT_H
#define SGC_OS_CONTENT_H

#include "base/base.h"

enum { SGC_SECTOR = 512, SGC_MEMORY_PAGE = 4096 };

/** A seeded sequence of coins (splitmix64). */
typedef struct sgc_dice {
    uint64_t state;
} sgc_dice;

uint64_t sgc_dice_roll(sgc_dice *dice);
/** 0 .. sides - 1; 0 when there are no sides. */
uint64_t sgc_dice_below(sgc_dice *dice, uint64_t sides);

typedef struct sgc_content_page {
    char *now;     /**< what reads see; NULL: zeros */
    char *disk;    /**< what survives a power cut; the same memory as `now` when nothing differs */
    uint8_t dirty; /**< one bit a sector: written and not synced */
    uint8_t stale; /**< one bit a sector: differs from the disk, and the system has forgotten it */
} sgc_content_page;

/** Zero-initialise. */
typedef struct sgc_content {
    sgc_content_page *pages;
    size_t page_count;
    uint64_t size;      /**< as seen now */
    uint64_t disk_size; /**< as the device has it */
    size_t *dirty;      /**< indexes of pages with a dirty bit */
    size_t dirty_count;
    size_t dirty_capacity;
} sgc_content;

void sgc_content_free(sgc_content *content);
size_t sgc_content_read(const sgc_content *content, uint64_t offset, void *data, size_t size);
/** False when memory is out: a prefix has been written. A sector overwritten while dirty may have
 * reached the disk in between: a coin says so. */
bool sgc_content_write(sgc_content *content, uint64_t offset, const void *data, size_t size,
                       sgc_dice *dice);
bool sgc_content_truncate(sgc_content *content, uint64_t size);
/** Everything dirty reaches the disk. */
void sgc_content_sync(sgc_content *content);
/** The same for the sectors of a range, and the size. */
void sgc_content_sync_range(sgc_content *content, uint64_t offset, size_t size);
/** A failed sync: each dirty sector reached the disk or not, and all count as clean from now on. */
void sgc_content_fail_sync(sgc_content *content, sgc_dice *dice);
/** Power off and on: each dirty sector is kept or lost, stale ones are lost, reads see the disk. */
void sgc_content_power_cycle(sgc_content *content, sgc_dice *dice);
/** False when there is no such byte. The bit flips on the disk and for readers. */
bool sgc_content_flip(sgc_content *content, uint64_t bit);

#endif
