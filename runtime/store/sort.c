/* sort.c - orders the index changes of a flush: merge sort on eight bytes of each entry first. */
#include "store/image.h"

static uint64_t head_of(const sgc_change *change, size_t shared)
{
    uint64_t head = 0;
    size_t left = change->size - shared;

    if (left >= 8) return sgc_be64(change->entry + shared);
    for (size_t i = 0; i < 8; i++)
        head = head << 8 | (i < left ? change->entry[shared + i] : 0);
    return head;
}

/* Heads of equal value may still belong to entries of different length. */
static bool is_after(const sgc_change *a, const sgc_change *b)
{
    if (a->head != b->head) return a->head > b->head;
    int order = sgc_str_compare(sgc_str_of((const char *)a->entry, a->size),
                                sgc_str_of((const char *)b->entry, b->size));
    return order != 0 ? order > 0 : a->order > b->order;
}

enum { RUN = 12 };

static void insertion_sort(sgc_change *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        sgc_change item = items[i];
        size_t at = i;
        for (; at > 0 && is_after(&items[at - 1], &item); at--)
            items[at] = items[at - 1];
        items[at] = item;
    }
}

static void merge(const sgc_change *a, size_t a_count, const sgc_change *b, size_t b_count,
                  sgc_change *out)
{
    while (a_count > 0 && b_count > 0) {
        if (is_after(a, b)) {
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

static sgc_status merge_sort(sgc_changes *changes)
{
    size_t count = changes->count;
    sgc_change *from = changes->items;
    sgc_change *to = sgc_alloc(count * sizeof *to);

    if (!to) return SGC_NO_MEMORY;
    for (size_t i = 0; i < count; i += RUN)
        insertion_sort(from + i, count - i < RUN ? count - i : RUN);
    for (size_t width = RUN; width < count; width *= 2) {
        for (size_t i = 0; i < count; i += 2 * width) {
            size_t a = count - i < width ? count - i : width;
            size_t b = count - i - a < width ? count - i - a : width;
            merge(from + i, a, from + i + a, b, to + i);
        }
        sgc_change *swap = from;
        from = to;
        to = swap;
    }
    if (from != changes->items) memcpy(changes->items, from, count * sizeof *from);
    sgc_free(from == changes->items ? to : from);
    return SGC_OK;
}

static bool same_entry(const sgc_change *a, const sgc_change *b)
{
    return a->size == b->size && memcmp(a->entry, b->entry, a->size) == 0;
}

sgc_status sgc_changes_sort(sgc_changes *changes)
{
    size_t kept = 0;
    sgc_status status = SGC_OK;

    if (!changes->sorted) {
        for (size_t i = 0; i < changes->count; i++)
            changes->items[i].head = head_of(&changes->items[i], changes->shared);
        status = merge_sort(changes);
        if (status) return status;
    }
    for (size_t i = 0; i < changes->count; i++) {
        if (kept && same_entry(&changes->items[kept - 1], &changes->items[i])) kept--;
        changes->items[kept++] = changes->items[i];
    }
    changes->count = kept;
    return SGC_OK;
}
