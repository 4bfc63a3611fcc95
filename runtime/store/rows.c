/*
 * rows.c - rows in slotted pages, rows longer than a page, and the map of free space that finds
 * room for new ones. Keys are found through hash_index.c.
 *
 * Row page: 18 slots, 20 first byte of data, 22 bytes of rows, 24 slots in use (all uint16); from
 * 32 the slots (uint16 offset, 0: empty), rows from the end downward. A row: varint size * 2 +
 * large, varint begin, then the record. A large one has instead: record size (uint32), level,
 * count of pages, their logical numbers (uint32), the key. At level 1 those pages hold the numbers
 * of the pages with the record.
 *
 * Every logical number that is a multiple of SPAN is a space page; its byte i speaks of page i
 * behind it: 16ths of bytes free, 0 when too few to bother.
 */
#include "store/image.h"

#include <assert.h>

enum {
    SLOTS_MAX = 255,
    SPAN = SGC_PAGE_BODY,
    UNIT = 16,
    ROOM_LEAST = 512,                     /* an eighth of a page */
    SIZE_INLINE = SGC_PAGE_BODY - 2 - 16, /* longest record in a page: slot and varints off */
    LIST_MAX = 70,
    LARGE_HEAD = 6,
    AHEAD = 384,         /* bytes: rows of a page mostly lie behind each other, downward */
    SCAN_MAX = 4 * SPAN, /* bytes of space map looked at for one row */
};

/* ---- one page ---- */

static unsigned slot_count(const uint8_t *page)
{
    return sgc_load16(page + 18);
}
static unsigned data_start(const uint8_t *page)
{
    return sgc_load16(page + 20);
}
static unsigned slot_offset(const uint8_t *page, unsigned slot)
{
    return sgc_load16(page + SGC_PAGE_HEAD + 2 * (size_t)slot);
}
static void set_slot(uint8_t *page, unsigned slot, unsigned offset)
{
    sgc_store16(page + SGC_PAGE_HEAD + 2 * (size_t)slot, (uint16_t)offset);
}
static unsigned live_bytes(const uint8_t *page)
{
    return sgc_load16(page + 22);
}
static unsigned live_slots(const uint8_t *page)
{
    return sgc_load16(page + 24);
}
static unsigned free_bytes(const uint8_t *page)
{
    return SGC_PAGE_BODY - 2 * slot_count(page) - live_bytes(page);
}

static void page_init(uint8_t *page)
{
    sgc_store16(page + 20, SGC_PAGE_SIZE);
}

/* Bytes of the row at p, 0 when there is none before end. */
static size_t row_size(const uint8_t *p, const uint8_t *end)
{
    uint64_t size, begin;
    const uint8_t *at = sgc_varint_get(p, end, &size);

    at = at ? sgc_varint_get(at, end, &begin) : NULL;
    if (!at || size / 2 > (size_t)(end - at)) return 0;
    return (size_t)(at - p) + (size_t)(size / 2);
}

static bool large_is_sound(const uint8_t *p, size_t size)
{
    if (size < LARGE_HEAD || p[4] > 1 || p[5] > LIST_MAX) return false;
    return size >= LARGE_HEAD + 4 * (size_t)p[5];
}

static bool slot_is_sound(const uint8_t *page, unsigned slot, size_t *size, bool *used)
{
    unsigned offset = slot_offset(page, slot);
    uint64_t head, begin;

    *used = offset != 0;
    *size = 0;
    if (offset == 0) return true;
    if (offset < data_start(page) || offset >= SGC_PAGE_SIZE) return false;
    *size = row_size(page + offset, page + SGC_PAGE_SIZE);
    if (*size == 0) return false;
    const uint8_t *p = sgc_varint_get(page + offset, page + SGC_PAGE_SIZE, &head);
    p = p ? sgc_varint_get(p, page + SGC_PAGE_SIZE, &begin) : NULL;
    return p && (!(head & 1) || large_is_sound(p, (size_t)(head / 2)));
}

bool sgc_rows_page_is_sound(const uint8_t *page)
{
    unsigned count = slot_count(page), used_slots = 0;
    size_t live = 0, size;
    bool used;

    if (count > SLOTS_MAX || data_start(page) > SGC_PAGE_SIZE) return false;
    if (data_start(page) < SGC_PAGE_HEAD + 2 * count) return false;
    for (unsigned i = 0; i < count; i++) {
        if (!slot_is_sound(page, i, &size, &used)) return false;
        live += size;
        used_slots += used;
    }
    return live == live_bytes(page) && used_slots == live_slots(page) &&
           live <= SGC_PAGE_SIZE - data_start(page);
}

static void compact(uint8_t *page)
{
    uint8_t copy[SGC_PAGE_SIZE];
    unsigned to = SGC_PAGE_SIZE;

    memcpy(copy, page, sizeof copy);
    for (unsigned i = 0; i < slot_count(page); i++) {
        unsigned from = slot_offset(copy, i);
        if (from == 0) continue;
        size_t size = row_size(copy + from, copy + SGC_PAGE_SIZE);
        to -= (unsigned)size;
        memcpy(page + to, copy + from, size);
        set_slot(page, i, to);
    }
    sgc_store16(page + 20, (uint16_t)to);
}

static void page_remove(uint8_t *page, unsigned slot)
{
    unsigned offset = slot_offset(page, slot);
    size_t size = row_size(page + offset, page + SGC_PAGE_SIZE);
    unsigned count = slot_count(page);

    set_slot(page, slot, 0);
    if (offset == data_start(page)) sgc_store16(page + 20, (uint16_t)(offset + size));
    sgc_store16(page + 22, (uint16_t)(live_bytes(page) - size));
    sgc_store16(page + 24, (uint16_t)(live_slots(page) - 1));
    while (count > 0 && slot_offset(page, count - 1) == 0)
        count--;
    sgc_store16(page + 18, (uint16_t)count);
    if (live_slots(page) == 0) sgc_store16(page + 20, SGC_PAGE_SIZE);
}

static bool page_has_room(const uint8_t *page, size_t size)
{
    if (live_slots(page) >= SLOTS_MAX) return false;
    return free_bytes(page) >= size + (slot_count(page) > live_slots(page) ? 0 : 2);
}

/* Puts a row into the page, which has room; `slot` SLOTS_MAX: any. */
static unsigned page_insert(uint8_t *page, unsigned slot, const uint8_t *row, size_t size)
{
    unsigned count = slot_count(page);

    if (slot == SLOTS_MAX) {
        slot = count;
        if (count > live_slots(page))
            for (slot = 0; slot_offset(page, slot) != 0;)
                slot++;
    }
    unsigned slots = slot < count ? count : slot + 1;
    if (data_start(page) < SGC_PAGE_HEAD + 2 * slots + size) compact(page);
    for (unsigned i = count; i < slots; i++)
        set_slot(page, i, 0);
    unsigned offset = data_start(page) - (unsigned)size;
    memcpy(page + offset, row, size);
    set_slot(page, slot, offset);
    sgc_store16(page + 18, (uint16_t)slots);
    sgc_store16(page + 20, (uint16_t)offset);
    sgc_store16(page + 22, (uint16_t)(live_bytes(page) + size));
    sgc_store16(page + 24, (uint16_t)(live_slots(page) + 1));
    return slot;
}

/* ---- reading ---- */

/* The page is sound, so sizes fit. */
void sgc_row_parse(const sgc_tree *rows, const uint8_t *p, sgc_row *row)
{
    uint64_t size, begin;

    p = sgc_varint_sound(p, &size);
    p = sgc_varint_sound(p, &begin);
    *row = (sgc_row){.begin = begin ? begin : rows->loaded, .large = size & 1};
    if (!row->large) {
        row->record = sgc_str_of((const char *)p, (size_t)(size / 2));
        return;
    }
    row->size = sgc_load32(p);
    row->level = p[4];
    row->page_count = p[5];
    row->pages = p + LARGE_HEAD;
    size_t head = LARGE_HEAD + 4 * (size_t)row->page_count;
    row->key = sgc_str_of((const char *)p + head, (size_t)(size / 2) - head);
}

/* The processor begins to fetch two more lines of the page that comes next. */
static inline const uint8_t *fetch_ahead(const uint8_t *ahead, const uint8_t *end)
{
    if (ahead == end) return ahead;
    __builtin_prefetch(ahead);
    __builtin_prefetch(ahead + SGC_MEMORY_LINE);
    return ahead + 2 * (size_t)SGC_MEMORY_LINE;
}

void sgc_rows_collect(const sgc_tree *rows, sgc_page_scan *scan, sgc_row *large)
{
    const uint8_t *page = scan->own.page, *ahead = scan->own.ahead, *end = scan->own.ahead_end;
    unsigned count = 0, at = scan->own.slot, slots = slot_count(page);
    uint64_t through = scan->through, size, begin;

    large->large = false;
    for (; at < slots && count < SGC_SCAN_ROWS; at++) {
        unsigned offset = slot_offset(page, at);
        ahead = fetch_ahead(ahead, end);
        if (offset == 0) continue;
        const uint8_t *p = sgc_varint_sound(sgc_varint_sound(page + offset, &size), &begin);
        if ((begin ? begin : rows->loaded) > through) continue;
        if (size & 1) {
            if (count == 0) sgc_row_parse(rows, page + offset, large);
            if (count == 0) at++;
            break;
        }
        scan->records[count++] = sgc_str_of((const char *)p, (size_t)(size / 2));
    }
    while (at == slots && ahead != end)
        ahead = fetch_ahead(ahead, end);
    scan->own.ahead = ahead;
    scan->own.slot = at;
    scan->count = count;
}

uint64_t sgc_rows_oldest(const sgc_tree *rows, const uint8_t *page)
{
    uint64_t oldest = UINT64_MAX, size, begin;

    for (unsigned i = 0; i < slot_count(page); i++) {
        unsigned offset = slot_offset(page, i);
        if (offset == 0) continue;
        (void)sgc_varint_sound(sgc_varint_sound(page + offset, &size), &begin);
        if (begin == 0) begin = rows->loaded;
        if (begin < oldest) oldest = begin;
    }
    return oldest;
}

bool sgc_rows_end(const uint8_t *page, unsigned slot)
{
    return slot >= slot_count(page);
}

sgc_status sgc_row_pin(sgc_cache *cache, const sgc_tree *rows, uint64_t at, uint32_t *frame,
                       sgc_row *row, sgc_error *error)
{
    const uint8_t *page;
    uint32_t logical = (uint32_t)(at >> 8);
    unsigned slot = at & 0xFF;
    sgc_status status = sgc_tree_pin(cache, rows, logical, SGC_PAGE_ROWS, frame, &page, error);

    if (status) return status;
    if (sgc_row_in(rows, page, slot, row)) return SGC_OK;
    sgc_cache_unpin(cache, *frame);
    return sgc_tree_damaged(rows, logical, "an index names a row that is not there", error);
}

sgc_status sgc_rows_each(sgc_cache *cache, const sgc_tree *rows, uint32_t logical,
                         sgc_rows_visit *each, void *context, sgc_error *error)
{
    const uint8_t *page;
    uint32_t frame;
    sgc_row row;
    sgc_status status = sgc_tree_pin(cache, rows, logical, SGC_PAGE_ROWS, &frame, &page, error);

    if (status) return status;
    for (unsigned i = 0; status == SGC_OK && i < slot_count(page); i++) {
        unsigned offset = slot_offset(page, i);
        if (offset == 0) continue;
        if (offset > AHEAD) __builtin_prefetch(page + offset - AHEAD);
        sgc_row_parse(rows, page + offset, &row);
        status = each(context, sgc_row_at(logical, i), &row, error);
    }
    sgc_cache_unpin(cache, frame);
    return status;
}

/*
 * Every look-up by key ends here, so text keys are compared in place: true when `found` is the
 * key's text. Other kinds, link tables and records of other versions take the long way.
 */
static bool text_key(const sgc_table *table, sgc_str record, sgc_str *found)
{
    const sgc_layout *layout = &table->layout;
    const uint8_t *p = (const uint8_t *)record.data, *end = p + record.size;

    if (table->link || record.size < SGC_RECORD_HEAD || sgc_be16(p + 4) != layout->version)
        return false;
    uint16_t slot = table->fields[table->key].slot;
    if (slot < layout->fixed_count || layout->fixed_size > record.size - SGC_RECORD_HEAD)
        return false;
    p += SGC_RECORD_HEAD + layout->fixed_size;
    for (uint16_t i = layout->fixed_count; p && i < slot; i++)
        p = sgc_read_skip(p, end);
    return p && p < end && sgc_read_str(p, end, found) && found->data;
}

/* Where a key that is a whole number lies, always at the same offset; NULL: for the long way. */
static const uint8_t *number_at(const sgc_table *table, sgc_str record, const sgc_slot **slot)
{
    const sgc_layout *layout = &table->layout;
    const uint8_t *p = (const uint8_t *)record.data;

    if (table->link || record.size < SGC_RECORD_HEAD + (size_t)layout->fixed_size ||
        sgc_be16(p + 4) != layout->version)
        return NULL;
    *slot = &layout->slots[table->fields[table->key].slot];
    if ((*slot)->list || ((*slot)->kind != SGC_KIND_INT && (*slot)->kind != SGC_KIND_BIGINT))
        return NULL;
    p += (*slot)->offset;
    return sgc_slot_is_null(p) ? NULL : p;
}

static bool number_key(const sgc_table *table, sgc_str record, sgc_key *own)
{
    const sgc_slot *slot;
    const uint8_t *p = number_at(table, record, &slot);

    if (!p) return false;
    if (slot->kind == SGC_KIND_INT) {
        sgc_pk_int(own, sgc_slot_int(p));
    } else {
        sgc_pk_int64(own, sgc_slot_int64(p));
    }
    return true;
}

/* A key holds the number of the record, its sign bit inverted. */
static bool same_number(const uint8_t *p, const sgc_slot *slot, sgc_str key)
{
    const uint8_t *bytes = (const uint8_t *)key.data;

    if (slot->kind == SGC_KIND_INT)
        return key.size == 4 && (sgc_be32(bytes) ^ sgc_be32(p + 1)) == (uint32_t)1 << 31;
    return key.size == 8 && (sgc_be64(bytes) ^ sgc_be64(p + 1)) == (uint64_t)1 << 63;
}

sgc_status sgc_stored_key(const sgc_table *table, const sgc_row *row, sgc_key *own, sgc_str *key)
{
    *key = row->key;
    if (row->large || text_key(table, row->record, key)) return SGC_OK;
    if (!number_key(table, row->record, own)) {
        sgc_status status = sgc_record_key(table, row->record, own);
        if (status) return status;
    }
    *key = sgc_key_str(own);
    return SGC_OK;
}

sgc_status sgc_row_has_key(const sgc_table *table, const sgc_row *row, sgc_str key)
{
    sgc_key own;
    sgc_str found;
    const sgc_slot *slot;
    const uint8_t *p = row->large ? NULL : number_at(table, row->record, &slot);

    if (p) return same_number(p, slot, key) ? SGC_OK : SGC_NOT_FOUND;
    sgc_status status = sgc_stored_key(table, row, &own, &found);
    if (status) return status;
    return found.size == key.size && memcmp(found.data, key.data, key.size) == 0 ? SGC_OK
                                                                                 : SGC_NOT_FOUND;
}

static sgc_status read_pieces(sgc_cache *cache, const sgc_tree *rows, const uint8_t *list,
                              size_t count, uint8_t *out, size_t size, sgc_error *error)
{
    if (count != (size + SGC_PAGE_BODY - 1) / SGC_PAGE_BODY)
        return sgc_tree_damaged(rows, 0, "a long row has the wrong number of pages", error);
    for (size_t i = 0; i < count; i++) {
        size_t part = size < SGC_PAGE_BODY ? size : SGC_PAGE_BODY;
        const uint8_t *page;
        uint32_t frame;
        sgc_status status = sgc_tree_pin(cache, rows, sgc_load32(list + 4 * i), SGC_PAGE_LARGE,
                                         &frame, &page, error);
        if (status) return status;
        memcpy(out, page + SGC_PAGE_HEAD, part);
        sgc_cache_unpin(cache, frame);
        out += part;
        size -= part;
    }
    return SGC_OK;
}

/* The list of pages that hold the record: the row's own, or at level 1 the one they hold. */
static sgc_status large_list(sgc_cache *cache, const sgc_tree *rows, const sgc_row *row,
                             sgc_arena *arena, const uint8_t **list, size_t *count,
                             sgc_error *error)
{
    *list = row->pages;
    *count = row->page_count;
    if (row->level == 0) return SGC_OK;
    *count = ((size_t)row->size + SGC_PAGE_BODY - 1) / SGC_PAGE_BODY;
    uint8_t *inner = sgc_arena_alloc(arena, 4 * *count);
    if (!inner) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    *list = inner;
    return read_pieces(cache, rows, row->pages, row->page_count, inner, 4 * *count, error);
}

sgc_status sgc_row_read_large(sgc_cache *cache, const sgc_tree *rows, sgc_row *row,
                              sgc_arena *arena, sgc_error *error)
{
    const uint8_t *list;
    size_t count;
    sgc_status status = large_list(cache, rows, row, arena, &list, &count, error);

    if (status) return status;
    uint8_t *bytes = sgc_arena_alloc(arena, row->size);
    if (!bytes) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    row->record = sgc_str_of((char *)bytes, row->size);
    return read_pieces(cache, rows, list, count, bytes, row->size, error);
}

/* ---- free space ---- */

static unsigned room_class(const uint8_t *page)
{
    unsigned room = live_slots(page) < SLOTS_MAX ? free_bytes(page) : 0;

    if (room < ROOM_LEAST) return 0;
    return room / UNIT < 255 ? room / UNIT : 255;
}

static sgc_status set_room(sgc_flush *flush, sgc_tree *rows, uint32_t logical, unsigned room,
                           sgc_error *error)
{
    uint32_t map = logical - logical % SPAN, frame;
    const uint8_t *old;
    uint8_t *page;
    sgc_cache *cache = &flush->pages->cache;
    sgc_status status = sgc_tree_pin(cache, rows, map, SGC_PAGE_SPACE, &frame, &old, error);

    if (status) return status;
    unsigned before = old[SGC_PAGE_HEAD + logical % SPAN];
    sgc_cache_unpin(cache, frame);
    if (before == room) return SGC_OK;
    status = sgc_write_page(flush, rows, map, SGC_PAGE_SPACE, &page, error);
    if (status) return status;
    page[SGC_PAGE_HEAD + logical % SPAN] = (uint8_t)room;
    rows->b = rows->b + (room != 0) - (before != 0);
    return SGC_OK;
}

sgc_status sgc_rows_new_page(sgc_flush *flush, sgc_tree *rows, sgc_page_kind kind,
                             uint32_t *logical, uint8_t **page, sgc_error *error)
{
    sgc_status status;

    if (rows->free_page == 0 && rows->pages % SPAN == 0) {
        status = sgc_write_new(flush, rows, SGC_PAGE_SPACE, logical, page, error);
        if (status) return status;
    }
    status = sgc_write_new(flush, rows, kind, logical, page, error);
    if (status == SGC_OK && kind == SGC_PAGE_ROWS) page_init(*page);
    return status;
}

bool sgc_rows_is_map(uint32_t logical)
{
    return logical % SPAN == 0;
}

sgc_status sgc_rows_renew_map(sgc_flush *flush, sgc_tree *rows, uint32_t map, sgc_error *error)
{
    uint32_t logical;
    uint8_t *page;
    sgc_status status = sgc_write_free(flush, rows, map, error);

    if (status == SGC_OK)
        status = sgc_write_new(flush, rows, SGC_PAGE_SPACE, &logical, &page, error);
    assert(status != SGC_OK || logical == map);
    return status;
}

sgc_status sgc_rows_count_room(sgc_flush *flush, sgc_tree *rows, sgc_error *error)
{
    sgc_cache *cache = &flush->pages->cache;
    sgc_status status = SGC_OK;

    rows->b = 0;
    for (uint32_t map = 0; status == SGC_OK && map < rows->pages; map += SPAN) {
        const uint8_t *page;
        uint32_t frame;
        status = sgc_tree_pin(cache, rows, map, SGC_PAGE_SPACE, &frame, &page, error);
        if (status) return status;
        for (uint32_t i = 0; i < SPAN; i++)
            rows->b += page[SGC_PAGE_HEAD + i] != 0;
        sgc_cache_unpin(cache, frame);
    }
    return status;
}

/* Looks at part of one space page; *found stays 0 when nothing there has room. */
static sgc_status scan_map(sgc_flush *flush, const sgc_tree *rows, uint32_t from, uint32_t end,
                           unsigned room, uint32_t *found, sgc_error *error)
{
    uint32_t frame, map = from - from % SPAN;
    const uint8_t *page;
    sgc_cache *cache = &flush->pages->cache;
    sgc_status status = sgc_tree_pin(cache, rows, map, SGC_PAGE_SPACE, &frame, &page, error);

    if (status) return status;
    for (uint32_t i = from; i < end && *found == 0; i++)
        if (page[SGC_PAGE_HEAD + i % SPAN] >= room) *found = i;
    sgc_cache_unpin(cache, frame);
    return SGC_OK;
}

static sgc_status find_room(sgc_flush *flush, sgc_tree *rows, size_t size, uint32_t *found,
                            sgc_error *error)
{
    unsigned room = (unsigned)((size + 2 + UNIT - 1) / UNIT);
    sgc_status status = SGC_OK;

    *found = 0;
    if (rows->b == 0 || room > 255) return SGC_OK;
    if (room < ROOM_LEAST / UNIT) room = ROOM_LEAST / UNIT;
    for (uint32_t seen = 0; status == SGC_OK && seen < SCAN_MAX && *found == 0;) {
        if (rows->c >= rows->pages) rows->c = 0;
        uint32_t end = rows->c - rows->c % SPAN + SPAN;
        if (end > rows->pages) end = rows->pages;
        status = scan_map(flush, rows, rows->c, end, room, found, error);
        seen += SPAN;
        rows->c = *found ? *found : end;
        if (end == rows->pages && seen >= rows->pages) break;
    }
    return status;
}

/* Tells the space map about a page after a change; the fill page is not in it. */
static sgc_status note_room(sgc_flush *flush, sgc_tree *rows, uint32_t logical, const uint8_t *page,
                            sgc_error *error)
{
    if (rows->a == logical + 1) return SGC_OK;
    return set_room(flush, rows, logical, room_class(page), error);
}

sgc_status sgc_rows_note(sgc_flush *flush, sgc_tree *rows, uint32_t logical, sgc_error *error)
{
    sgc_cache *cache = &flush->pages->cache;
    const uint8_t *page;
    uint32_t frame;
    sgc_status status = sgc_tree_pin(cache, rows, logical, SGC_PAGE_ROWS, &frame, &page, error);

    if (status) return status;
    status = note_room(flush, rows, logical, page, error);
    sgc_cache_unpin(cache, frame);
    return status;
}

/* The page new rows go to, *page if there is one, is full: another becomes it. */
static sgc_status next_fill_page(sgc_flush *flush, sgc_tree *rows, uint8_t **page, sgc_error *error)
{
    uint32_t old = rows->a, logical;

    if (old) {
        rows->a = 0;
        sgc_status status = note_room(flush, rows, old - 1, *page, error);
        if (status) return status;
    }
    sgc_status status = sgc_rows_new_page(flush, rows, SGC_PAGE_ROWS, &logical, page, error);
    if (status == SGC_OK) rows->a = logical + 1;
    return status;
}

/* A page with room for `size` bytes, ready to be changed. */
static sgc_status page_for(sgc_flush *flush, sgc_tree *rows, size_t size, uint32_t *logical,
                           uint8_t **page, sgc_error *error)
{
    uint32_t found;
    uint8_t *fill = NULL;
    sgc_status status;

    if (rows->a) {
        *logical = rows->a - 1;
        status = sgc_write_page(flush, rows, *logical, SGC_PAGE_ROWS, &fill, error);
        if (status) return status;
        *page = fill;
        if (page_has_room(fill, size)) return SGC_OK;
    }
    status = find_room(flush, rows, size, &found, error);
    if (status) return status;
    if (found) {
        *logical = found;
        status = sgc_write_page(flush, rows, found, SGC_PAGE_ROWS, page, error);
        if (status || page_has_room(*page, size)) return status;
        return sgc_tree_damaged(rows, found, "the space map promised more room", error);
    }
    *page = fill;
    status = next_fill_page(flush, rows, page, error);
    *logical = rows->a - 1;
    return status;
}

/* ---- large rows ---- */

static sgc_status write_pieces(sgc_flush *flush, sgc_tree *rows, const uint8_t *bytes, size_t size,
                               uint8_t *list, sgc_error *error)
{
    while (size > 0) {
        size_t part = size < SGC_PAGE_BODY ? size : SGC_PAGE_BODY;
        uint32_t logical;
        uint8_t *page;
        sgc_status status = sgc_flush_relieve(flush, error);
        if (status == SGC_OK)
            status = sgc_rows_new_page(flush, rows, SGC_PAGE_LARGE, &logical, &page, error);
        if (status) return status;
        memcpy(page + SGC_PAGE_HEAD, bytes, part);
        sgc_store32(list, logical);
        list += 4;
        bytes += part;
        size -= part;
    }
    return SGC_OK;
}

/* Writes the pages of a large record and builds its row in out; *size: bytes of it. */
static sgc_status build_large(sgc_flush *flush, sgc_tree *rows, sgc_str key, sgc_str record,
                              uint8_t *out, size_t *size, sgc_error *error)
{
    size_t count = (record.size + SGC_PAGE_BODY - 1) / SGC_PAGE_BODY;
    size_t listed = count <= LIST_MAX ? count : (4 * count + SGC_PAGE_BODY - 1) / SGC_PAGE_BODY;
    sgc_status status;

    if (listed > LIST_MAX || record.size > UINT32_MAX)
        return sgc_fail(error, SGC_LIMIT, "a row of %zu bytes is too long", record.size);
    sgc_store32(out, (uint32_t)record.size);
    out[4] = listed < count;
    out[5] = (uint8_t)listed;
    uint8_t *list = out + LARGE_HEAD;
    if (listed < count) list = sgc_arena_alloc(&flush->scratch, 4 * count);
    if (!list) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    status = write_pieces(flush, rows, (const uint8_t *)record.data, record.size, list, error);
    if (status == SGC_OK && listed < count)
        status = write_pieces(flush, rows, list, 4 * count, out + LARGE_HEAD, error);
    if (key.size) memcpy(out + LARGE_HEAD + 4 * listed, key.data, key.size);
    *size = LARGE_HEAD + 4 * listed + key.size;
    return status;
}

static sgc_status free_listed(sgc_flush *flush, sgc_tree *rows, const uint8_t *list, size_t count,
                              sgc_error *error)
{
    for (size_t i = 0; i < count; i++) {
        sgc_status status = sgc_flush_relieve(flush, error);
        if (status == SGC_OK) status = sgc_write_free(flush, rows, sgc_load32(list + 4 * i), error);
        if (status) return status;
    }
    return SGC_OK;
}

/* Frees the pages of the row at `at` if it is a large one. */
static sgc_status free_large(sgc_flush *flush, sgc_tree *rows, uint64_t at, sgc_error *error)
{
    sgc_cache *cache = &flush->pages->cache;
    const uint8_t *list = NULL;
    uint8_t own[4 * LIST_MAX];
    size_t count = 0;
    uint32_t frame;
    sgc_row row;
    sgc_status status = sgc_row_pin(cache, rows, at, &frame, &row, error);

    if (status) return status;
    size_t own_count = row.large ? row.page_count : 0;
    if (row.large) {
        memcpy(own, row.pages, 4 * own_count);
        status = large_list(cache, rows, &row, &flush->scratch, &list, &count, error);
    }
    sgc_cache_unpin(cache, frame);
    if (status || own_count == 0) return status;
    status = free_listed(flush, rows, own, own_count, error);
    if (status == SGC_OK && row.level) status = free_listed(flush, rows, list, count, error);
    return status;
}

/* ---- rows ---- */

/* The bytes of a row in a page: into out, which has a page's size. */
static sgc_status build_row(sgc_flush *flush, sgc_tree *rows, sgc_str key, uint64_t begin,
                            sgc_str record, uint8_t *out, size_t *size, sgc_error *error)
{
    uint8_t large[LARGE_HEAD + 4 * LIST_MAX + SGC_KEY_MAX];
    bool is_large = record.size > SIZE_INLINE;

    if (key.size > SGC_KEY_MAX) return sgc_fail(error, SGC_LIMIT, "a key is too long");
    if (is_large) {
        size_t large_size = 0;
        sgc_status status = build_large(flush, rows, key, record, large, &large_size, error);
        if (status) return status;
        record = sgc_str_of((const char *)large, large_size);
    }
    uint8_t *p = sgc_varint_put(out, (uint64_t)record.size * 2 + is_large);
    p = sgc_varint_put(p, begin);
    if (record.size) memcpy(p, record.data, record.size);
    *size = (size_t)(p - out) + record.size;
    return SGC_OK;
}

static sgc_status place_row(sgc_flush *flush, sgc_tree *rows, const uint8_t *row, size_t size,
                            uint64_t *at, sgc_error *error)
{
    uint8_t *page;
    uint32_t logical;
    sgc_status status = page_for(flush, rows, size, &logical, &page, error);

    if (status) return status;
    *at = sgc_row_at(logical, page_insert(page, SLOTS_MAX, row, size));
    rows->count++;
    return note_room(flush, rows, logical, page, error);
}

sgc_status sgc_rows_insert(sgc_flush *flush, sgc_tree *rows, sgc_str key, uint64_t begin,
                           sgc_str record, uint64_t *at, sgc_error *error)
{
    uint8_t row[SGC_PAGE_SIZE];
    size_t size;
    sgc_status status = build_row(flush, rows, key, begin, record, row, &size, error);

    return status ? status : place_row(flush, rows, row, size, at, error);
}

static sgc_status remove_slot(sgc_flush *flush, sgc_tree *rows, uint64_t at, sgc_error *error)
{
    uint32_t logical = (uint32_t)(at >> 8);
    uint8_t *page;
    sgc_status status = sgc_write_page(flush, rows, logical, SGC_PAGE_ROWS, &page, error);

    if (status) return status;
    page_remove(page, at & 0xFF);
    rows->count--;
    if (live_slots(page) > 0 || rows->a == logical + 1)
        return note_room(flush, rows, logical, page, error);
    status = set_room(flush, rows, logical, 0, error);
    return status ? status : sgc_write_free(flush, rows, logical, error);
}

sgc_status sgc_row_remove(sgc_flush *flush, sgc_tree *rows, uint64_t at, sgc_error *error)
{
    sgc_status status = free_large(flush, rows, at, error);

    return status ? status : remove_slot(flush, rows, at, error);
}

sgc_status sgc_row_replace(sgc_flush *flush, sgc_tree *rows, sgc_str key, uint64_t begin,
                           sgc_str record, uint64_t *at, sgc_error *error)
{
    uint8_t row[SGC_PAGE_SIZE], *page;
    uint32_t logical = (uint32_t)(*at >> 8);
    size_t size;
    sgc_status status = free_large(flush, rows, *at, error);

    if (status == SGC_OK) status = build_row(flush, rows, key, begin, record, row, &size, error);
    if (status == SGC_OK)
        status = sgc_write_page(flush, rows, logical, SGC_PAGE_ROWS, &page, error);
    if (status) return status;
    unsigned offset = slot_offset(page, *at & 0xFF);
    size_t old = row_size(page + offset, page + SGC_PAGE_SIZE);
    if (old == size) {
        memcpy(page + offset, row, size);
        return SGC_OK;
    }
    if (free_bytes(page) + old >= size) {
        page_remove(page, *at & 0xFF);
        page_insert(page, *at & 0xFF, row, size);
        return note_room(flush, rows, logical, page, error);
    }
    status = remove_slot(flush, rows, *at, error);
    return status ? status : place_row(flush, rows, row, size, at, error);
}
