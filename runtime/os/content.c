/* content.c - the bytes of one file in memory, with what a power cut would leave of them. */
#include "os/content.h"

enum { SECTORS = SGC_MEMORY_PAGE / SGC_SECTOR };

/* The table of pages is flat, so a wild offset must not ask for all the memory there is. */
#define LARGEST_FILE ((uint64_t)1 << 40)

uint64_t sgc_dice_roll(sgc_dice *dice)
{
    uint64_t x = dice->state += 0x9E3779B97F4A7C15U;

    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9U;
    x = (x ^ x >> 27) * 0x94D049BB133111EBU;
    return x ^ x >> 31;
}

uint64_t sgc_dice_below(sgc_dice *dice, uint64_t sides)
{
    return sides ? sgc_dice_roll(dice) % sides : 0;
}

static void page_free(sgc_content_page *page)
{
    if (page->disk != page->now) sgc_free(page->disk);
    sgc_free(page->now);
    *page = (sgc_content_page){0};
}

void sgc_content_free(sgc_content *content)
{
    for (size_t i = 0; i < content->page_count; i++)
        page_free(&content->pages[i]);
    sgc_free(content->pages);
    sgc_free(content->dirty);
    *content = (sgc_content){0};
}

size_t sgc_content_read(const sgc_content *content, uint64_t offset, void *data, size_t size)
{
    char *to = data;
    size_t done = 0;

    if (offset >= content->size) return 0;
    if (size > content->size - offset) size = (size_t)(content->size - offset);
    while (done < size) {
        uint64_t index = (offset + done) / SGC_MEMORY_PAGE;
        size_t at = (size_t)((offset + done) % SGC_MEMORY_PAGE);
        size_t n = SGC_MEMORY_PAGE - at;
        if (n > size - done) n = size - done;
        const char *from = index < content->page_count ? content->pages[index].now : NULL;
        if (from)
            memcpy(to + done, from + at, n);
        else
            memset(to + done, 0, n);
        done += n;
    }
    return size;
}

static bool reach(sgc_content *content, uint64_t index)
{
    size_t count = content->page_count * 2;

    if (index < content->page_count) return true;
    if (index >= LARGEST_FILE / SGC_MEMORY_PAGE) return false;
    if (count <= index) count = (size_t)index + 1;
    sgc_content_page *pages = sgc_realloc(content->pages, count, sizeof *pages);
    if (!pages) return false;
    memset(pages + content->page_count, 0, (count - content->page_count) * sizeof *pages);
    content->pages = pages;
    content->page_count = count;
    return true;
}

/* Gives the page a `now` of its own, so that the disk's bytes stay as they are. */
static bool own_now(sgc_content_page *page)
{
    if (page->now != page->disk) return true;
    char *copy = sgc_alloc(SGC_MEMORY_PAGE);
    if (!copy) return false;
    if (page->disk)
        memcpy(copy, page->disk, SGC_MEMORY_PAGE);
    else
        memset(copy, 0, SGC_MEMORY_PAGE);
    page->now = copy;
    return true;
}

static bool own_disk(sgc_content_page *page)
{
    if (page->disk) return true;
    page->disk = sgc_alloc_zero(1, SGC_MEMORY_PAGE);
    return page->disk != NULL;
}

/* Copies the sectors of the mask to the disk; page->disk is there. */
static void put_sectors(sgc_content_page *page, unsigned mask)
{
    for (unsigned s = 0; s < SECTORS; s++) {
        if (!(mask >> s & 1)) continue;
        memcpy(page->disk + s * SGC_SECTOR, page->now + s * SGC_SECTOR, SGC_SECTOR);
    }
}

static unsigned sector_mask(size_t at, size_t size)
{
    unsigned mask = 0;

    for (size_t s = at / SGC_SECTOR; s <= (at + size - 1) / SGC_SECTOR; s++)
        mask |= 1U << s;
    return mask;
}

static unsigned some_of(unsigned mask, sgc_dice *dice)
{
    return mask ? mask & (unsigned)(sgc_dice_roll(dice) >> 32) : 0;
}

/* What is overwritten before it was synced may have reached the disk on its own. */
static bool write_back_some(sgc_content_page *page, unsigned mask, sgc_dice *dice)
{
    unsigned again = some_of(mask & page->dirty, dice);

    if (!again) return true;
    if (!own_disk(page)) return false;
    put_sectors(page, again);
    return true;
}

static bool all_zero(const char *data, size_t size)
{
    return size == 0 || (data[0] == 0 && memcmp(data, data + 1, size - 1) == 0);
}

static bool write_page(sgc_content *content, size_t index, size_t at, const char *data, size_t size,
                       sgc_dice *dice)
{
    sgc_content_page *page = &content->pages[index];
    unsigned mask = sector_mask(at, size);

    if (!page->now && !page->disk && all_zero(data, size)) return true; /* holes stay holes */
    if (!SGC_GROW(content->dirty, content->dirty_count, content->dirty_capacity)) return false;
    if (!own_now(page) || !write_back_some(page, mask, dice)) return false;
    memcpy(page->now + at, data, size);
    if (!page->dirty) content->dirty[content->dirty_count++] = index;
    page->dirty |= (uint8_t)mask;
    page->stale &= (uint8_t)~mask;
    return true;
}

bool sgc_content_write(sgc_content *content, uint64_t offset, const void *data, size_t size,
                       sgc_dice *dice)
{
    const char *from = data;

    if (size == 0) return true;
    if (offset > LARGEST_FILE || size > LARGEST_FILE - offset) return false;
    if (!reach(content, (offset + size - 1) / SGC_MEMORY_PAGE)) return false;
    while (size > 0) {
        size_t at = (size_t)(offset % SGC_MEMORY_PAGE);
        size_t n = SGC_MEMORY_PAGE - at;
        if (n > size) n = size;
        if (!write_page(content, (size_t)(offset / SGC_MEMORY_PAGE), at, from, n, dice)) {
            return false;
        }
        from += n;
        offset += n;
        size -= n;
        if (offset > content->size) content->size = offset;
    }
    return true;
}

static bool clear_page(sgc_content *content, size_t index, size_t from)
{
    sgc_content_page *page = &content->pages[index];

    if (!page->now && !page->disk) return true;
    if (!SGC_GROW(content->dirty, content->dirty_count, content->dirty_capacity)) return false;
    if (!own_now(page)) return false;
    memset(page->now + from, 0, SGC_MEMORY_PAGE - from);
    if (!page->dirty) content->dirty[content->dirty_count++] = index;
    page->dirty |= (uint8_t)sector_mask(from, SGC_MEMORY_PAGE - from);
    return true;
}

bool sgc_content_truncate(sgc_content *content, uint64_t size)
{
    if (size > LARGEST_FILE) return false;
    if (size < content->size) {
        size_t from = (size_t)(size % SGC_MEMORY_PAGE);
        for (uint64_t i = size / SGC_MEMORY_PAGE; i < content->page_count; i++) {
            if (!clear_page(content, (size_t)i, from)) return false;
            from = 0;
        }
    }
    content->size = size;
    return true;
}

/* The memory of a page whose two sides are equal is shared. */
static void join(sgc_content_page *page)
{
    if (page->dirty || page->stale || page->disk == page->now) return;
    sgc_free(page->disk);
    page->disk = page->now;
}

static void sync_page(sgc_content_page *page)
{
    if (page->stale) put_sectors(page, page->dirty); /* stale sectors have a disk side */
    page->dirty = 0;
    join(page);
}

void sgc_content_sync(sgc_content *content)
{
    for (size_t i = 0; i < content->dirty_count; i++) {
        sync_page(&content->pages[content->dirty[i]]);
    }
    content->dirty_count = 0;
    content->disk_size = content->size;
}

void sgc_content_sync_range(sgc_content *content, uint64_t offset, size_t size)
{
    size_t kept = 0;

    for (size_t i = 0; i < content->dirty_count; i++) {
        size_t index = content->dirty[i];
        sgc_content_page *page = &content->pages[index];
        uint64_t start = (uint64_t)index * SGC_MEMORY_PAGE;
        unsigned mask = 0;
        for (unsigned s = 0; s < SECTORS; s++) {
            uint64_t sector = start + s * SGC_SECTOR;
            if (sector + SGC_SECTOR > offset && sector < offset + size) mask |= 1U << s;
        }
        if ((page->dirty & ~mask) == 0) {
            sync_page(page);
        } else if (own_disk(page)) { /* else it stays dirty, which promises less */
            put_sectors(page, page->dirty & mask);
            page->dirty &= (uint8_t)~mask;
        }
        if (page->dirty) content->dirty[kept++] = index;
    }
    content->dirty_count = kept;
    content->disk_size = content->size;
}

void sgc_content_fail_sync(sgc_content *content, sgc_dice *dice)
{
    for (size_t i = 0; i < content->dirty_count; i++) {
        sgc_content_page *page = &content->pages[content->dirty[i]];
        if (own_disk(page)) { /* out of memory: as if it had been written */
            unsigned kept = some_of(page->dirty, dice);
            put_sectors(page, kept);
            page->stale |= (uint8_t)(page->dirty & ~kept);
        }
        page->dirty = 0;
        join(page);
    }
    content->dirty_count = 0;
    if (sgc_dice_roll(dice) & 1) content->disk_size = content->size;
}

static void cut_disk(sgc_content *content)
{
    uint64_t first = content->disk_size / SGC_MEMORY_PAGE;
    size_t at = (size_t)(content->disk_size % SGC_MEMORY_PAGE);

    for (uint64_t i = first; i < content->page_count; i++) {
        char *page = content->pages[i].disk;
        if (page) memset(page + at, 0, SGC_MEMORY_PAGE - at);
        at = 0;
    }
}

void sgc_content_power_cycle(sgc_content *content, sgc_dice *dice)
{
    for (size_t i = 0; i < content->dirty_count; i++) {
        sgc_content_page *page = &content->pages[content->dirty[i]];
        unsigned kept = some_of(page->dirty, dice);
        if (kept && own_disk(page)) put_sectors(page, kept);
    }
    content->dirty_count = 0;
    if (content->size != content->disk_size && sgc_dice_roll(dice) & 1) {
        content->disk_size = content->size;
    }
    for (size_t i = 0; i < content->page_count; i++) {
        sgc_content_page *page = &content->pages[i];
        if (page->now != page->disk) sgc_free(page->now);
        *page = (sgc_content_page){.now = page->disk, .disk = page->disk};
    }
    content->size = content->disk_size;
    cut_disk(content);
}

bool sgc_content_flip(sgc_content *content, uint64_t bit)
{
    uint64_t byte = bit / 8;
    uint64_t index = byte / SGC_MEMORY_PAGE;
    char mask = (char)(1U << (bit % 8));

    if (byte >= content->size || !reach(content, index)) return false;
    sgc_content_page *page = &content->pages[index];
    if (!page->now && !page->disk) {
        if (!own_now(page)) return false;
        page->disk = page->now;
    }
    page->now[byte % SGC_MEMORY_PAGE] ^= mask;
    if (page->disk && page->disk != page->now) page->disk[byte % SGC_MEMORY_PAGE] ^= mask;
    return true;
}
