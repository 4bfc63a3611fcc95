/*
 * sort.c - the index changes of a flush: collecting them, and ordering them by radix sort on eight
 * bytes of each entry; only where those are equal are whole entries compared.
 */
#include "store/image.h"

enum {
    RADIX_LEAST = 256, /* fewer are merged at once */
    RUN = 12,
    DIGITS = 8,
};

/* ---- collecting ---- */

static bool make_room(sgc_entry_changes *changes, size_t size)
{
    size_t need, capacity = changes->bytes_capacity;

    if (!sgc_add(changes->bytes_used, size, &need)) return false;
    if (need <= capacity) return true;
    capacity = capacity < 2048 ? 4096 : capacity * 2;
    if (capacity < need) capacity = need;
    uint8_t *bytes = sgc_realloc(changes->bytes, capacity, 1);
    if (!bytes) return false;
    changes->bytes = bytes;
    changes->bytes_capacity = capacity;
    return true;
}

static int order(const sgc_entry_changes *changes, const sgc_entry_change *a,
                 const sgc_entry_change *b)
{
    return sgc_str_compare(sgc_change_entry(changes, a), sgc_change_entry(changes, b));
}

sgc_status sgc_changes_add(sgc_entry_changes *changes, sgc_str components, sgc_str key,
                           uint64_t row)
{
    size_t size = components.size + key.size;

    if (changes->bytes_used > UINT32_MAX - SGC_CHANGE_HEAD - size) return SGC_LIMIT;
    if (changes->count == changes->capacity &&
        !SGC_GROW(changes->items, changes->count, changes->capacity))
        return SGC_NO_MEMORY;
    if (!make_room(changes, SGC_CHANGE_HEAD + size)) return SGC_NO_MEMORY;
    uint8_t *to = changes->bytes + changes->bytes_used;
    changes->items[changes->count] = (sgc_entry_change){.at = (uint32_t)changes->bytes_used,
                                                        .size = (uint16_t)size,
                                                        .key_size = (uint16_t)key.size};
    sgc_store64(to, row);
    to += SGC_CHANGE_HEAD;
    if (components.size) memcpy(to, components.data, components.size);
    if (key.size) memcpy(to + components.size, key.data, key.size);
    changes->bytes_used += SGC_CHANGE_HEAD + size;
    changes->count++;
    return SGC_OK;
}

void sgc_changes_clear(sgc_entry_changes *changes)
{
    changes->count = changes->bytes_used = 0;
}

void sgc_changes_free(sgc_entry_changes *changes)
{
    sgc_free(changes->items);
    sgc_free(changes->bytes);
    *changes = (sgc_entry_changes){0};
}

/* ---- sorting ---- */

/* What all share, and whether they came in order. */
static void note_order(sgc_entry_changes *changes)
{
    const sgc_entry_change *first = changes->items;
    sgc_str a = changes->count ? sgc_change_entry(changes, first) : sgc_str_of(NULL, 0);

    changes->shared = a.size;
    changes->sorted = true;
    for (size_t i = 1; i < changes->count; i++) {
        sgc_str b = sgc_change_entry(changes, &first[i]);
        size_t same = 0, most = changes->shared < b.size ? changes->shared : b.size;
        while (same < most && a.data[same] == b.data[same])
            same++;
        changes->shared = same;
        if (changes->sorted && order(changes, &first[i - 1], &first[i]) >= 0)
            changes->sorted = false;
        if (!changes->sorted && changes->shared == 0) break; /* it stays so */
    }
}

/* Eight bytes of the entry from `skip` on. */
static uint64_t head_of(const sgc_entry_changes *changes, const sgc_entry_change *change,
                        size_t skip)
{
    const uint8_t *p = changes->bytes + change->at + SGC_CHANGE_HEAD + skip;
    size_t left = change->size > skip ? change->size - skip : 0;
    uint64_t head = 0;

    if (left >= 8) return sgc_be64(p);
    for (size_t i = 0; i < 8; i++)
        head = head << 8 | (i < left ? p[i] : 0);
    return head;
}

/* Heads of equal value may still belong to entries of different length. */
static bool is_after(const sgc_entry_changes *changes, const sgc_entry_change *a,
                     const sgc_entry_change *b)
{
    if (a->head != b->head) return a->head > b->head;
    int difference = order(changes, a, b);
    return difference != 0 ? difference > 0 : a->at > b->at;
}

static void insertion_sort(const sgc_entry_changes *changes, sgc_entry_change *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        sgc_entry_change item = items[i];
        size_t at = i;
        for (; at > 0 && is_after(changes, &items[at - 1], &item); at--)
            items[at] = items[at - 1];
        items[at] = item;
    }
}

static void merge(const sgc_entry_changes *changes, const sgc_entry_change *a, size_t a_count,
                  const sgc_entry_change *b, size_t b_count, sgc_entry_change *out)
{
    while (a_count > 0 && b_count > 0) {
        if (is_after(changes, a, b)) {
            *out++ = *b++;
            b_count--;
        } else {
            *out++ = *a++;
            a_count--;
        }
    }
    if (a_count) memcpy(out, a, a_count * sizeof *a);
    if (b_count) memcpy(out, b, b_count * sizeof *b);
}

static void merge_sort(const sgc_entry_changes *changes, sgc_entry_change *items, size_t count,
                       sgc_entry_change *other)
{
    sgc_entry_change *from = items, *to = other;

    for (size_t i = 0; i < count; i += RUN)
        insertion_sort(changes, from + i, count - i < RUN ? count - i : RUN);
    for (size_t width = RUN; width < count; width *= 2) {
        for (size_t i = 0; i < count; i += 2 * width) {
            size_t a = count - i < width ? count - i : width;
            size_t b = count - i - a < width ? count - i - a : width;
            merge(changes, from + i, a, from + i + a, b, to + i);
        }
        sgc_entry_change *swap = from;
        from = to;
        to = swap;
    }
    if (from != items) memcpy(items, from, count * sizeof *from);
}

/* By the head, lowest byte first; bytes that are the same in all heads cost nothing. */
static void radix_sort(sgc_entry_change *items, size_t count, sgc_entry_change *other)
{
    uint32_t starts[DIGITS][256] = {0};
    sgc_entry_change *from = items, *to = other;

    for (size_t i = 0; i < count; i++)
        for (unsigned d = 0; d < DIGITS; d++)
            starts[d][items[i].head >> 8 * d & 255]++;
    for (unsigned d = 0; d < DIGITS; d++) {
        uint32_t *start = starts[d], sum = 0;
        if (start[items[0].head >> 8 * d & 255] == count) continue;
        for (unsigned i = 0; i < 256; i++) {
            uint32_t part = start[i];
            start[i] = sum;
            sum += part;
        }
        for (size_t i = 0; i < count; i++)
            to[start[from[i].head >> 8 * d & 255]++] = from[i];
        sgc_entry_change *swap = from;
        from = to;
        to = swap;
    }
    if (from != items) memcpy(items, from, count * sizeof *from);
}

/* Heads are equal: the next eight bytes become the heads, and where these are equal, too, whole
 * entries decide. */
static void sort_equals(const sgc_entry_changes *changes, sgc_entry_change *items, size_t count,
                        sgc_entry_change *other)
{
    size_t skip = changes->shared + 8;

    for (size_t i = 0; i < count; i++)
        items[i].head = head_of(changes, &items[i], skip);
    merge_sort(changes, items, count, other);
}

static void sort_runs(const sgc_entry_changes *changes, sgc_entry_change *other)
{
    sgc_entry_change *items = changes->items;

    for (size_t i = 0, end; i < changes->count; i = end) {
        for (end = i + 1; end < changes->count && items[end].head == items[i].head; end++)
            __builtin_prefetch(changes->bytes + items[end].at + SGC_CHANGE_HEAD);
        if (end - i > 1) sort_equals(changes, items + i, end - i, other);
    }
}

static bool same_entry(const sgc_entry_changes *changes, const sgc_entry_change *a,
                       const sgc_entry_change *b)
{
    return a->head == b->head && a->size == b->size && order(changes, a, b) == 0;
}

/* Of the changes of one entry the last stays. */
static void drop_repeated(sgc_entry_changes *changes)
{
    size_t kept = 0;

    for (size_t i = 0; i < changes->count; i++) {
        if (kept && same_entry(changes, &changes->items[kept - 1], &changes->items[i])) kept--;
        changes->items[kept++] = changes->items[i];
    }
    changes->count = kept;
}

sgc_status sgc_changes_order(sgc_entry_changes *changes, sgc_sort_room *room)
{
    note_order(changes);
    if (changes->sorted) return SGC_OK; /* and no entry is there twice */
    if (room->capacity < changes->count) {
        sgc_free(room->items);
        room->capacity = 0;
        room->items = sgc_alloc(changes->capacity * sizeof *room->items);
        if (!room->items) return SGC_NO_MEMORY;
        room->capacity = changes->capacity;
    }
    for (size_t i = 0; i < changes->count; i++)
        changes->items[i].head = head_of(changes, &changes->items[i], changes->shared);
    if (changes->count < RADIX_LEAST) {
        merge_sort(changes, changes->items, changes->count, room->items);
    } else {
        radix_sort(changes->items, changes->count, room->items);
        sort_runs(changes, room->items);
    }
    return SGC_OK;
}

sgc_status sgc_changes_sort(sgc_entry_changes *changes, sgc_sort_room *room)
{
    sgc_status status = sgc_changes_order(changes, room);

    if (status == SGC_OK && !changes->sorted) drop_repeated(changes);
    return status;
}
