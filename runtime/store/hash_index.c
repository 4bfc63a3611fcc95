/*
 * hash_index.c - from keys to rows: linear hashing over pages, lines of 64 bytes inside a page.
 *
 * Page: 20 number of the page in the rows' tree that continues it, plus 1; from 64 on 63 lines. A
 * line: 7 hashes (uint32), 7 row addresses (5 bytes), a byte: entries, and 0x80 when entries of
 * this line went on to the next one. A hash picks its page by the low bits, its line by the high.
 *
 * Growth is by partial expansions (P.-A. Larson, "Linear hashing with partial expansions", VLDB
 * 1980): 2^a groups of pages grow from 2 pages to 3, one group after the other, then from 3 to 4,
 * and then 4 pages are 2 groups of 2. So a page holds at most 1.5 times the average, and space
 * stays better used than by doubling. The tree's a is the bits of the group, b the pages of a
 * group that has not grown in this round, c the groups that have.
 */
#include "store/image.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum {
    LINE = 64,
    LINES = 63,
    WAYS = 7,
    LINE_ROWS = WAYS * 4,
    LINE_STATE = 63,
    MORE_LINES = 0x80,
    FULL = 340,  /* of 441 entries: when pages hold so many, their groups begin to grow */
    FULLER = 60, /* that more than FULL in the last group to grow */
    GROUP_BITS_MAX = 24,
};

uint32_t sgc_hash_of(uint64_t seed, sgc_str key)
{
    return (uint32_t)(sgc_hash(key.data, key.size, seed) >> 32);
}

static inline uint32_t page_of(const sgc_tree *hash, uint32_t h)
{
    uint32_t group = h & ((1U << hash->a) - 1);
    uint32_t four = h >> hash->a & 3;
    uint32_t pages = hash->b + (group < hash->c);
    uint32_t nth = four & 1;

    if (pages == 4) {
        nth = four;
    } else if (pages == 3) {
        /* two thirds of what a fourth page would take, so that all three hold a third */
        if (four >= 2 && h * 0x9E3779B1U >> 24 < 171) nth = 2;
    } else if (pages == 1) {
        nth = 0;
    }
    return group + (nth << hash->a);
}

static unsigned line_of(uint32_t h)
{
    return (h >> 26) * LINES >> 6;
}
static const uint8_t *line_at(const uint8_t *page, unsigned line)
{
    return page + 64 + (size_t)line * LINE;
}
static uint8_t *line_for(uint8_t *page, unsigned line)
{
    return page + 64 + (size_t)line * LINE;
}
static unsigned line_count(const uint8_t *line)
{
    return line[LINE_STATE] & 7;
}
static uint32_t next_page(const uint8_t *page)
{
    return sgc_load32(page + 20);
}

bool sgc_hash_page_is_sound(const uint8_t *page)
{
    for (unsigned i = 0; i < LINES; i++)
        if (line_at(page, i)[LINE_STATE] & ~(7U | MORE_LINES)) return false;
    return true;
}

/* ---- reading ---- */

/* Ways of the line with this hash, a bit each. Which one it is cannot be foretold, so all are
 * compared. */
static inline unsigned ways_with(const uint8_t *line, uint32_t h)
{
    unsigned ways = 0;

#if defined(__SSE2__)
    __m128i wanted = _mm_set1_epi32((int)h), first, second;
    memcpy(&first, line, sizeof first);
    memcpy(&second, line + sizeof first, sizeof second);
    ways = (unsigned)_mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(first, wanted))) |
           (unsigned)_mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(second, wanted))) << 4;
#else
    for (unsigned i = 0; i < WAYS; i++)
        ways |= (unsigned)(sgc_load32(line + 4 * (size_t)i) == h) << i;
#endif
    return ways & ((1U << line_count(line)) - 1);
}

static uint64_t row_in(const uint8_t *line, unsigned way)
{
    return sgc_row_load(line + LINE_ROWS + 5 * (size_t)way);
}

/* A walk over the entries with one hash; the page is pinned. */
typedef struct walk {
    const uint8_t *page;
    uint32_t h, frame;
    unsigned line, seen, ways, way; /* ways: still to come in this line */
} walk;

static inline void probe_start(walk *probe, const uint8_t *page)
{
    probe->page = page;
    probe->line = line_of(probe->h);
    probe->seen = 0;
    probe->ways = ways_with(line_at(page, probe->line), probe->h);
}

/* False: no further entry in this page; *on: a page that continues it may hold one. */
static inline bool probe_next(walk *probe, bool *on)
{
    while (probe->ways == 0) {
        *on = line_at(probe->page, probe->line)[LINE_STATE] & MORE_LINES;
        if (!*on || ++probe->seen == LINES) return false;
        probe->line = probe->line + 1 < LINES ? probe->line + 1 : 0;
        probe->ways = ways_with(line_at(probe->page, probe->line), probe->h);
    }
    probe->way = (unsigned)__builtin_ctz(probe->ways);
    probe->ways &= probe->ways - 1;
    return true;
}

static inline uint64_t probe_row(const walk *probe)
{
    return row_in(line_at(probe->page, probe->line), probe->way);
}

/* SGC_NOT_FOUND when this row has another key. */
static sgc_status try_row(const sgc_table_view *view, sgc_str key, uint64_t at, uint32_t *frame,
                          sgc_row *row, sgc_error *error)
{
    sgc_status status = sgc_row_pin(view->cache, view->rows, at, frame, row, error);

    if (status) return status;
    status = sgc_row_has_key(view->table, row, key);
    if (status == SGC_OK) return status;
    sgc_cache_unpin(view->cache, *frame);
    if (status == SGC_NO_MEMORY) return sgc_fail(error, status, "out of memory");
    if (status == SGC_NOT_FOUND) return status;
    return sgc_tree_damaged(view->rows, (uint32_t)(at >> 8), "a record has no key", error);
}

sgc_status sgc_hash_find(const sgc_table_view *view, sgc_str key, uint64_t *at, uint32_t *frame,
                         sgc_row *row, sgc_error *error)
{
    walk probe = {.h = sgc_hash_of(view->seed, key)};
    const sgc_tree *tree = view->hash;
    sgc_page_kind kind = SGC_PAGE_HASH;
    uint32_t links = 0;
    bool on = true;

    if (tree->pages == 0) return SGC_NOT_FOUND;
    uint32_t logical = page_of(tree, probe.h);
    while (on) {
        const uint8_t *page;
        sgc_status status =
            sgc_tree_pin(view->cache, tree, logical, kind, &probe.frame, &page, error);
        if (status) return status;
        probe_start(&probe, page);
        status = SGC_NOT_FOUND;
        while (status == SGC_NOT_FOUND && probe_next(&probe, &on)) {
            *at = probe_row(&probe);
            status = try_row(view, key, *at, frame, row, error);
        }
        logical = status == SGC_NOT_FOUND && on ? next_page(page) : 0;
        sgc_cache_unpin(view->cache, probe.frame);
        if (logical-- == 0) return status;
        if (links++ > view->rows->pages)
            return sgc_tree_damaged(tree, logical, "its continuation never ends", error);
        tree = view->rows;
        kind = SGC_PAGE_HASH_MORE;
    }
    return SGC_NOT_FOUND;
}

/* ---- what is in memory, without the rarer cases ---- */

/* The frame that probably holds a page of the tree; 0: it has to be looked for in other ways. */
static inline uint32_t foresee(const sgc_table_view *view, const sgc_tree *tree, uint32_t logical,
                               sgc_page_at *at)
{
    if (!sgc_tree_look_up_kept(view->cache, tree, logical, at)) return 0;
    return sgc_cache_foresee(view->cache, at->place);
}

static inline void foresee_entry(const sgc_table_view *view, sgc_str key, sgc_probe *probe)
{
    probe->h = sgc_hash_of(view->seed, key);
    probe->is_absent = false;
    probe->frame = foresee(view, view->hash, page_of(view->hash, probe->h), &probe->at);
    /* What is read behind a pin comes while the pin is waited for. */
    __builtin_prefetch(line_at(sgc_frame_data(view->cache, probe->frame), line_of(probe->h)));
}

static inline void pin_foreseen(const sgc_table_view *view, sgc_page_kind kind, sgc_probe *probe)
{
    if (!probe->frame) return;
    if (sgc_cache_pin_frame(view->cache, probe->frame, probe->at, (uint8_t)kind)) {
        probe->page = sgc_frame_data(view->cache, probe->frame);
    } else {
        probe->frame = 0;
    }
}

/* From the pinned page of the index to the row that the only entry with this hash names. */
static inline __attribute__((always_inline)) void foresee_row(const sgc_table_view *view,
                                                              sgc_probe *probe)
{
    uint32_t frame = probe->frame;

    if (!frame) return;
    unsigned at = line_of(probe->h), seen = 1;
    const uint8_t *line = line_at(probe->page, at);
    unsigned ways = ways_with(line, probe->h);
    for (; ways == 0 && line[LINE_STATE] & MORE_LINES && seen < LINES; seen++) {
        at = at + 1 < LINES ? at + 1 : 0;
        line = line_at(probe->page, at);
        ways = ways_with(line, probe->h);
    }
    probe->frame = 0;
    if (ways == 0) {
        probe->is_absent = !(line[LINE_STATE] & MORE_LINES);
    } else if ((ways & (ways - 1)) == 0) {
        probe->row = row_in(line, (unsigned)__builtin_ctz(ways));
        probe->frame = foresee(view, view->rows, (uint32_t)(probe->row >> 8), &probe->at);
        sgc_row_foresee_slot(sgc_frame_data(view->cache, probe->frame), probe->row & 0xFF);
    }
    sgc_cache_unpin(view->cache, frame);
}

void sgc_hash_probe(const sgc_table_view *view, sgc_str key, sgc_probe *probe)
{
    foresee_entry(view, key, probe);
    pin_foreseen(view, SGC_PAGE_HASH, probe);
    foresee_row(view, probe);
    pin_foreseen(view, SGC_PAGE_ROWS, probe);
}

void sgc_hash_will_find(sgc_pages *pages, const sgc_table_view *view, sgc_str key)
{
    if (view->hash->pages == 0) return;
    sgc_tree_will_read(pages, view->hash, page_of(view->hash, sgc_hash_of(view->seed, key)));
}

/* Step by step for all: what one needs is fetched from memory while the others take theirs. */
void sgc_hash_probe_many(const sgc_table_view *view, const sgc_str *keys, size_t count,
                         sgc_probe *probes)
{
    for (size_t i = 0; i < count; i++)
        foresee_entry(view, keys[i], &probes[i]);
    for (size_t i = 0; i < count; i++)
        pin_foreseen(view, SGC_PAGE_HASH, &probes[i]);
    for (size_t i = 0; i < count; i++)
        foresee_row(view, &probes[i]);
    for (size_t i = 0; i < count; i++)
        pin_foreseen(view, SGC_PAGE_ROWS, &probes[i]);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *bytes =
            probes[i].frame ? sgc_row_bytes(probes[i].page, probes[i].row & 0xFF) : NULL;
        if (bytes) sgc_row_foresee(bytes);
    }
}

static sgc_status visit_page(const uint8_t *page, sgc_hash_visit *each, void *context,
                             sgc_error *error)
{
    sgc_status status = SGC_OK;

    for (unsigned i = 0; i < LINES; i++) {
        const uint8_t *line = line_at(page, i);
        for (unsigned way = 0; status == SGC_OK && way < line_count(line); way++)
            status = each(context, sgc_load32(line + 4 * (size_t)way),
                          sgc_row_load(line + LINE_ROWS + 5 * (size_t)way), error);
    }
    return status;
}

sgc_status sgc_hash_each(sgc_cache *cache, const sgc_tree *hash, const sgc_tree *rows,
                         sgc_hash_visit *each, void *context, sgc_error *error)
{
    sgc_status status = SGC_OK;

    for (uint32_t i = 0; status == SGC_OK && i < hash->pages; i++) {
        const sgc_tree *tree = hash;
        uint32_t logical = i, frame, links = 0;
        do {
            const uint8_t *page;
            status = sgc_tree_pin(cache, tree, logical,
                                  tree == hash ? SGC_PAGE_HASH : SGC_PAGE_HASH_MORE, &frame, &page,
                                  error);
            if (status) return status;
            status = visit_page(page, each, context, error);
            logical = next_page(page);
            sgc_cache_unpin(cache, frame);
            tree = rows;
            if (links++ > rows->pages)
                return sgc_tree_damaged(hash, i, "its continuation never ends", error);
        } while (status == SGC_OK && logical-- > 0);
    }
    return status;
}

/* ---- writing ---- */

static bool page_put(uint8_t *page, uint32_t h, uint64_t row)
{
    unsigned at = line_of(h);

    for (unsigned i = 0; i < LINES; i++) {
        uint8_t *line = line_for(page, at);
        unsigned count = line_count(line);
        if (count < WAYS) {
            sgc_store32(line + 4 * (size_t)count, h);
            sgc_row_store(line + LINE_ROWS + 5 * (size_t)count, row);
            line[LINE_STATE]++;
            return true;
        }
        line[LINE_STATE] |= MORE_LINES;
        at = at + 1 < LINES ? at + 1 : 0;
    }
    return false;
}

/* Puts an entry into a page or into the pages that continue it. */
static sgc_status chain_put(sgc_flush *flush, sgc_tree *hash, sgc_tree *rows, uint32_t logical,
                            uint32_t h, uint64_t row, sgc_error *error)
{
    uint8_t *page, *more;
    sgc_status status = sgc_write_page(flush, hash, logical, SGC_PAGE_HASH, &page, error);

    while (status == SGC_OK && !page_put(page, h, row)) {
        uint32_t next = next_page(page);
        if (next) {
            status = sgc_write_page(flush, rows, next - 1, SGC_PAGE_HASH_MORE, &more, error);
        } else {
            status = sgc_rows_new_page(flush, rows, SGC_PAGE_HASH_MORE, &next, &more, error);
            if (status == SGC_OK) sgc_store32(page + 20, next + 1);
        }
        page = more;
    }
    return status;
}

typedef struct gathered {
    sgc_hash_entry *entries;
    size_t count, capacity;
} gathered;

static sgc_status gather(void *context, uint32_t h, uint64_t row, sgc_error *error)
{
    gathered *all = context;

    if (!SGC_GROW(all->entries, all->count, all->capacity))
        return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    all->entries[all->count++] = (sgc_hash_entry){row, h};
    return SGC_OK;
}

/* Takes all entries out of one page and gives its continuations back. */
static sgc_status empty_page(sgc_flush *flush, sgc_tree *hash, sgc_tree *rows, uint32_t logical,
                             gathered *all, sgc_error *error)
{
    uint8_t *page;
    sgc_status status = sgc_write_page(flush, hash, logical, SGC_PAGE_HASH, &page, error);

    if (status) return status;
    status = visit_page(page, gather, all, error);
    uint32_t next = next_page(page);
    memset(page + 18, 0, SGC_PAGE_SIZE - 18);
    while (status == SGC_OK && next) {
        uint32_t frame, old = next - 1;
        const uint8_t *more;
        status =
            sgc_tree_pin(&flush->pages->cache, rows, old, SGC_PAGE_HASH_MORE, &frame, &more, error);
        if (status) return status;
        status = visit_page(more, gather, all, error);
        next = next_page(more);
        sgc_cache_unpin(&flush->pages->cache, frame);
        if (status == SGC_OK) status = sgc_write_free(flush, rows, old, error);
    }
    return status;
}

static void next_round(sgc_tree *hash)
{
    hash->c = 0;
    if (hash->b < 3) {
        hash->b++;
    } else {
        hash->b = 2;
        hash->a++;
    }
}

/* Gives the next group one more page. */
static sgc_status grow(sgc_flush *flush, sgc_tree *hash, sgc_tree *rows, sgc_error *error)
{
    uint32_t group = hash->c, pages = hash->b, logical;
    gathered all = {0};
    uint8_t *page;
    sgc_status status = sgc_write_new(flush, hash, SGC_PAGE_HASH, &logical, &page, error);

    for (uint32_t i = 0; status == SGC_OK && i < pages; i++)
        status = empty_page(flush, hash, rows, group + (i << hash->a), &all, error);
    hash->c++;
    for (size_t i = 0; status == SGC_OK && i < all.count; i++)
        status = chain_put(flush, hash, rows, page_of(hash, all.entries[i].h), all.entries[i].h,
                           all.entries[i].row, error);
    sgc_free(all.entries);
    if (hash->c == 1U << hash->a) next_round(hash);
    return status;
}

/* Pages of groups that have not grown may hold the more the more groups have grown. */
static bool is_full(const sgc_tree *hash, uint64_t count)
{
    uint64_t groups = (uint64_t)1 << hash->a;

    if (hash->a == GROUP_BITS_MAX) return false;
    return count >= hash->b * (groups * FULL + (uint64_t)hash->c * FULLER);
}

static sgc_status make_room(sgc_flush *flush, sgc_tree *hash, sgc_tree *rows, sgc_error *error)
{
    uint32_t logical;
    uint8_t *page;

    if (hash->pages == 0) {
        hash->a = hash->c = 0;
        hash->b = 1;
        return sgc_write_new(flush, hash, SGC_PAGE_HASH, &logical, &page, error);
    }
    if (!is_full(hash, hash->count)) return SGC_OK;
    return grow(flush, hash, rows, error);
}

sgc_status sgc_hash_insert(sgc_flush *flush, sgc_tree *hash, sgc_tree *rows, sgc_str key,
                           uint64_t at, sgc_error *error)
{
    uint32_t h = sgc_hash_of(flush->pages->seed, key);
    sgc_status status = make_room(flush, hash, rows, error);

    if (status == SGC_OK) status = chain_put(flush, hash, rows, page_of(hash, h), h, at, error);
    if (status == SGC_OK) hash->count++;
    return status;
}

/* ---- building ---- */

/* The shape that growing page by page gives an index of so many entries. */
static void shape(sgc_tree *hash, uint64_t count)
{
    hash->a = hash->c = 0;
    hash->b = 1;
    while (is_full(hash, count - 1))
        if (++hash->c == 1U << hash->a) next_round(hash);
}

static uint32_t shape_pages(const sgc_tree *hash)
{
    return (hash->b << hash->a) + hash->c;
}

/* The entries of one page. */
static sgc_status build_page(sgc_flush *flush, sgc_tree *hash, sgc_tree *rows,
                             const sgc_hash_entry *entries, const uint32_t *order, size_t count,
                             sgc_error *error)
{
    uint32_t logical;
    uint8_t *page;
    sgc_status status = sgc_flush_relieve(flush, error);

    if (status == SGC_OK)
        status = sgc_write_new(flush, hash, SGC_PAGE_HASH, &logical, &page, error);
    for (size_t i = 0; status == SGC_OK && i < count; i++) {
        const sgc_hash_entry *entry = &entries[order[i]];
        status = chain_put(flush, hash, rows, logical, entry->h, entry->row, error);
    }
    return status;
}

/* order: numbers of the entries, page by page; ends: of each page in it, one more in front. */
static void order_by_page(const sgc_tree *hash, const sgc_hash_entry *entries, size_t count,
                          uint32_t *order, uint32_t *ends)
{
    for (size_t i = 0; i < count; i++)
        ends[page_of(hash, entries[i].h) + 2]++;
    for (uint32_t i = 2; i < shape_pages(hash) + 2; i++)
        ends[i] += ends[i - 1];
    for (size_t i = 0; i < count; i++)
        order[ends[page_of(hash, entries[i].h) + 1]++] = (uint32_t)i;
}

sgc_status sgc_hash_build(sgc_flush *flush, sgc_tree *hash, sgc_tree *rows,
                          const sgc_hash_entry *entries, size_t count, sgc_error *error)
{
    sgc_status status = SGC_OK;

    if (count == 0) return SGC_OK;
    shape(hash, count);
    uint32_t pages = shape_pages(hash);
    uint32_t *order = sgc_alloc(count * sizeof *order);
    uint32_t *ends = sgc_alloc_zero((size_t)pages + 2, sizeof *ends);
    if (!order || !ends || count > UINT32_MAX) {
        status = sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    } else {
        order_by_page(hash, entries, count, order, ends);
    }
    for (uint32_t i = 0; status == SGC_OK && i < pages; i++)
        status =
            build_page(flush, hash, rows, entries, order + ends[i], ends[i + 1] - ends[i], error);
    hash->count = count;
    sgc_free(order);
    sgc_free(ends);
    return status;
}

/* ---- building in order ---- */

static uint32_t reversed(uint32_t v)
{
    v = (v >> 1 & 0x55555555U) | (v & 0x55555555U) << 1;
    v = (v >> 2 & 0x33333333U) | (v & 0x33333333U) << 2;
    v = (v >> 4 & 0x0F0F0F0FU) | (v & 0x0F0F0F0FU) << 4;
    return __builtin_bswap32(v);
}

/* Low bits first: whatever the size of the index, entries of a group then stand together. */
uint32_t sgc_hash_order(uint32_t h)
{
    return reversed(h);
}

/* The pages of a group, and then its entries, each into its page. */
static sgc_status build_group(sgc_flush *flush, sgc_tree *hash, sgc_tree *rows, uint32_t group,
                              const gathered *all, sgc_error *error)
{
    uint32_t pages = hash->b + (group < hash->c);
    uint8_t *page;
    sgc_status status = sgc_flush_relieve(flush, error);

    for (uint32_t i = 0; status == SGC_OK && i < pages; i++)
        status = sgc_write_first(flush, hash, group + (i << hash->a), SGC_PAGE_HASH, &page, error);
    for (size_t i = 0; status == SGC_OK && i < all->count; i++)
        status = chain_put(flush, hash, rows, page_of(hash, all->entries[i].h), all->entries[i].h,
                           all->entries[i].row, error);
    return status;
}

sgc_status sgc_hash_build_sorted(sgc_flush *flush, sgc_tree *hash, sgc_tree *rows, uint64_t count,
                                 sgc_hash_next *next, void *context, sgc_error *error)
{
    sgc_hash_entry entry = {0};
    gathered all = {0};
    uint64_t left = count;

    if (count == 0) return SGC_OK;
    shape(hash, count);
    sgc_status status = sgc_write_reserve(flush, hash, shape_pages(hash), error);
    if (status == SGC_OK) status = next(context, &entry, error);
    for (uint32_t i = 0; status == SGC_OK && i < 1U << hash->a; i++) {
        uint32_t group = hash->a ? reversed(i) >> (32 - hash->a) : 0;
        all.count = 0;
        while (status == SGC_OK && left > 0 && (entry.h & ((1U << hash->a) - 1)) == group) {
            status = gather(&all, entry.h, entry.row, error);
            if (status == SGC_OK && --left > 0) status = next(context, &entry, error);
        }
        if (status == SGC_OK) status = build_group(flush, hash, rows, group, &all, error);
    }
    hash->count = count;
    sgc_free(all.entries);
    return status;
}

/* ---- changing ---- */

/* Finds the entry (h, at) and makes its page writable; *line and *way say where. */
static sgc_status find_for_write(sgc_flush *flush, sgc_tree *hash, sgc_tree *rows, uint32_t h,
                                 uint64_t at, uint8_t **line, unsigned *way, sgc_error *error)
{
    sgc_tree *tree = hash;
    uint32_t logical = page_of(hash, h);
    sgc_page_kind kind = SGC_PAGE_HASH;
    bool on;

    for (;;) {
        uint8_t *page;
        sgc_status status = sgc_write_page(flush, tree, logical, kind, &page, error);
        if (status) return status;
        walk probe = {.h = h};
        probe_start(&probe, page);
        while (probe_next(&probe, &on)) {
            if (probe_row(&probe) != at) continue;
            *line = line_for(page, probe.line);
            *way = probe.way;
            return SGC_OK;
        }
        if (!on || next_page(page) == 0)
            return sgc_tree_damaged(hash, logical, "an entry is missing", error);
        logical = next_page(page) - 1;
        tree = rows;
        kind = SGC_PAGE_HASH_MORE;
    }
}

sgc_status sgc_hash_move(sgc_flush *flush, sgc_tree *hash, sgc_tree *rows, sgc_str key,
                         uint64_t old, uint64_t now, sgc_error *error)
{
    uint32_t h = sgc_hash_of(flush->pages->seed, key);
    uint8_t *line;
    unsigned way;

    if (hash->pages == 0) return sgc_tree_damaged(hash, 0, "an entry is missing", error);
    sgc_status status = find_for_write(flush, hash, rows, h, old, &line, &way, error);
    if (status == SGC_OK) sgc_row_store(line + LINE_ROWS + 5 * (size_t)way, now);
    return status;
}

/* Gives back what continues the pages of an index that is about to go. */
static sgc_status free_continuations(sgc_flush *flush, sgc_tree *hash, sgc_tree *rows,
                                     sgc_error *error)
{
    sgc_cache *cache = &flush->pages->cache;
    const uint8_t *page;
    uint32_t frame;

    for (uint32_t i = 0; i < hash->pages; i++) {
        sgc_status status = sgc_tree_pin(cache, hash, i, SGC_PAGE_HASH, &frame, &page, error);
        uint32_t next = status ? 0 : next_page(page);
        if (status == SGC_OK) sgc_cache_unpin(cache, frame);
        while (status == SGC_OK && next) {
            uint32_t old = next - 1;
            status = sgc_tree_pin(cache, rows, old, SGC_PAGE_HASH_MORE, &frame, &page, error);
            if (status) return status;
            next = next_page(page);
            sgc_cache_unpin(cache, frame);
            status = sgc_write_free(flush, rows, old, error);
            if (status == SGC_OK) status = sgc_flush_relieve(flush, error);
        }
        if (status) return status;
    }
    return SGC_OK;
}

sgc_status sgc_hash_remove(sgc_flush *flush, sgc_tree *hash, sgc_tree *rows, sgc_str key,
                           uint64_t at, sgc_error *error)
{
    uint32_t h = sgc_hash_of(flush->pages->seed, key);
    uint8_t *line;
    unsigned way;

    if (hash->pages == 0) return sgc_tree_damaged(hash, 0, "an entry is missing", error);
    sgc_status status = find_for_write(flush, hash, rows, h, at, &line, &way, error);
    if (status) return status;
    unsigned last = line_count(line) - 1;
    memmove(line + 4 * (size_t)way, line + 4 * (size_t)last, 4);
    memmove(line + LINE_ROWS + 5 * (size_t)way, line + LINE_ROWS + 5 * (size_t)last, 5);
    line[LINE_STATE]--;
    hash->count--;
    if (hash->count > 0) return SGC_OK;
    status = free_continuations(flush, hash, rows, error);
    return status ? status : sgc_write_clear(flush, hash, error);
}
