/* space.c - free places of the page file. Who names a place is the business of the flush. */
#include "store/space.h"

#include "store/format.h"

static sgc_status reserve(sgc_space *space, uint32_t places)
{
    size_t words = (size_t)places / 64 + 1;

    if (words <= space->words) return SGC_OK;
    words += words / 2 + 64;
    uint64_t *bits = sgc_realloc(space->bits, words, sizeof *bits);
    if (!bits) return SGC_NO_MEMORY;
    space->bits = bits;
    uint64_t *lent = sgc_realloc(space->lent, words, sizeof *lent);
    if (!lent) return SGC_NO_MEMORY;
    space->lent = lent;
    memset(bits + space->words, 0, (words - space->words) * sizeof *bits);
    memset(lent + space->words, 0, (words - space->words) * sizeof *lent);
    space->words = words;
    return SGC_OK;
}

sgc_status sgc_space_open(sgc_space *space, uint32_t places)
{
    *space = (sgc_space){.places = places ? places : 1, .open = true};
    sgc_mutex_init(&space->lock);
    return reserve(space, space->places);
}

void sgc_space_close(sgc_space *space)
{
    while (space->held) {
        sgc_held_places *next = space->held->next;
        sgc_free(space->held->places.items);
        sgc_free(space->held);
        space->held = next;
    }
    sgc_free(space->bits);
    sgc_free(space->lent);
    if (space->open) sgc_mutex_destroy(&space->lock);
    *space = (sgc_space){0};
}

static bool take_free(sgc_space *space, uint32_t *place)
{
    size_t words = (size_t)space->places / 64 + 1;

    for (size_t i = 0; i < words; i++) {
        size_t at = space->hand + i < words ? space->hand + i : space->hand + i - words;
        uint64_t word = space->bits[at];
        if (word == 0) continue;
        space->bits[at] = word & (word - 1);
        space->hand = (uint32_t)at;
        space->free_count--;
        *place = (uint32_t)(at * 64 + (size_t)__builtin_ctzll(word));
        return true;
    }
    return false;
}

static sgc_status take(sgc_space *space, uint32_t *place)
{
    if (space->free_count > 0 && take_free(space, place)) return SGC_OK;
    if (space->places == UINT32_MAX) return SGC_LIMIT;
    sgc_status status = reserve(space, space->places + 1);
    if (status) return status;
    *place = space->places++;
    return SGC_OK;
}

static void give(sgc_space *space, uint32_t place)
{
    uint64_t bit = (uint64_t)1 << (place % 64);

    space->lent[place / 64] &= ~bit;
    if (space->bits[place / 64] & bit) return;
    space->bits[place / 64] |= bit;
    space->free_count++;
    if (place / 64 < space->hand) space->hand = place / 64;
}

sgc_status sgc_space_take(sgc_space *space, bool lend, uint32_t *place)
{
    sgc_mutex_lock(&space->lock);
    sgc_status status = take(space, place);
    if (status == SGC_OK && lend) space->lent[*place / 64] |= (uint64_t)1 << (*place % 64);
    sgc_mutex_unlock(&space->lock);
    return status;
}

void sgc_space_give(sgc_space *space, uint32_t place)
{
    sgc_mutex_lock(&space->lock);
    give(space, place);
    sgc_mutex_unlock(&space->lock);
}

void sgc_space_return(sgc_space *space, const sgc_places *places, bool usable)
{
    sgc_mutex_lock(&space->lock);
    for (size_t i = 0; i < places->count; i++) {
        uint32_t place = places->items[i];
        uint64_t bit = (uint64_t)1 << (place % 64);
        if (!usable && !(space->bits[place / 64] & bit)) space->lent[place / 64] |= bit;
        if (!(space->lent[place / 64] & bit)) give(space, place);
    }
    sgc_mutex_unlock(&space->lock);
}

bool sgc_space_is_free(sgc_space *space, uint32_t place)
{
    sgc_mutex_lock(&space->lock);
    bool is_free = place < space->places &&
                   ((space->bits[place / 64] | space->lent[place / 64]) >> (place % 64) & 1);
    sgc_mutex_unlock(&space->lock);
    return is_free;
}

void sgc_space_end_loan(sgc_space *space, bool keep)
{
    sgc_mutex_lock(&space->lock);
    for (size_t i = 0; i < space->words; i++) {
        uint64_t lent = space->lent[i];
        space->lent[i] = 0;
        for (; lent && !keep; lent &= lent - 1)
            give(space, (uint32_t)(i * 64 + (size_t)__builtin_ctzll(lent)));
    }
    sgc_mutex_unlock(&space->lock);
}

uint32_t sgc_space_places(sgc_space *space)
{
    sgc_mutex_lock(&space->lock);
    uint32_t places = space->places;
    sgc_mutex_unlock(&space->lock);
    return places;
}

sgc_status sgc_space_cut(sgc_space *space, const sgc_os *os, sgc_file *file, uint64_t page_size)
{
    sgc_mutex_lock(&space->lock);
    sgc_status status = os->truncate(os->self, file, space->places * page_size);
    sgc_mutex_unlock(&space->lock);
    return status;
}

uint32_t sgc_space_free(sgc_space *space)
{
    sgc_mutex_lock(&space->lock);
    uint32_t count = space->free_count;
    sgc_mutex_unlock(&space->lock);
    return count;
}

void sgc_space_hold(sgc_space *space, sgc_held_places *held)
{
    sgc_held_places **end = &space->held;

    while (*end)
        end = &(*end)->next;
    *end = held;
}

uint64_t sgc_space_held(const sgc_space *space)
{
    uint64_t count = 0;

    for (const sgc_held_places *held = space->held; held; held = held->next)
        count += held->places.count;
    return count;
}

void sgc_space_reap(sgc_space *space, uint32_t oldest)
{
    while (space->held && space->held->number <= oldest) {
        sgc_held_places *held = space->held;
        for (size_t i = 0; i < held->places.count; i++)
            sgc_space_give(space, held->places.items[i]);
        space->held = held->next;
        sgc_free(held->places.items);
        sgc_free(held);
    }
    sgc_mutex_lock(&space->lock);
    space->hand = 0;
    sgc_mutex_unlock(&space->lock);
}

void sgc_space_trim(sgc_space *space)
{
    sgc_mutex_lock(&space->lock);
    for (uint32_t last = space->places - 1; last > 0; last--) {
        uint64_t bit = (uint64_t)1 << (last % 64);
        if (!(space->bits[last / 64] & bit)) break;
        space->bits[last / 64] &= ~bit;
        space->free_count--;
        space->places = last;
    }
    sgc_mutex_unlock(&space->lock);
}

/* ---- stored form ---- */

static void mark(uint64_t *bits, const sgc_places *places)
{
    for (size_t i = 0; i < places->count; i++)
        bits[places->items[i] / 64] |= (uint64_t)1 << (places->items[i] % 64);
}

static size_t next_with(const uint64_t *bits, size_t from, size_t end, bool value)
{
    while (from < end) {
        uint64_t word = (value ? bits[from / 64] : ~bits[from / 64]) >> (from % 64);
        if (word) {
            from += (size_t)__builtin_ctzll(word);
            return from < end ? from : end;
        }
        from = (from / 64 + 1) * 64;
    }
    return end;
}

static void put_varint(sgc_buf *out, uint64_t value)
{
    uint8_t bytes[10];

    sgc_buf_append(out, bytes, (size_t)(sgc_varint_put(bytes, value) - bytes));
}

static void put_runs(const uint64_t *bits, size_t places, sgc_buf *out)
{
    for (size_t at = 0; at < places;) {
        size_t begin = next_with(bits, at, places, true);
        if (begin == places) break;
        size_t end = next_with(bits, begin, places, false);
        put_varint(out, begin - at);
        put_varint(out, end - begin);
        at = end;
    }
}

/* A copy of what is free; a load may make the file longer at any time. */
static uint64_t *copy_bits(sgc_space *space, bool names_lent, uint32_t *places)
{
    sgc_mutex_lock(&space->lock);
    size_t words = (size_t)space->places / 64 + 1;
    uint64_t *bits = sgc_alloc_zero(words, sizeof *bits);
    for (size_t i = 0; bits && i < words; i++)
        bits[i] = space->bits[i] | (names_lent ? 0 : space->lent[i]);
    *places = space->places;
    sgc_mutex_unlock(&space->lock);
    return bits;
}

sgc_status sgc_space_encode(sgc_space *space, const sgc_places *more, bool names_lent,
                            uint32_t *places, sgc_buf *out)
{
    uint64_t *bits = copy_bits(space, names_lent, places);

    if (!bits) return SGC_NO_MEMORY;
    for (const sgc_held_places *held = space->held; held; held = held->next)
        mark(bits, &held->places);
    mark(bits, more);
    put_runs(bits, *places, out);
    sgc_free(bits);
    return out->failed ? SGC_NO_MEMORY : SGC_OK;
}

bool sgc_space_decode(sgc_space *space, sgc_str bytes)
{
    const uint8_t *p = (const uint8_t *)bytes.data;
    const uint8_t *end = p + bytes.size;
    uint64_t used, run, at = 0;

    while (p < end) {
        p = sgc_varint_get(p, end, &used);
        p = p ? sgc_varint_get(p, end, &run) : NULL;
        if (!p || used > space->places - at || run > space->places - at - used) return false;
        at += used;
        if (at == 0 && run > 0) return false; /* the head of the file is never free */
        for (uint64_t i = 0; i < run; i++)
            give(space, (uint32_t)(at + i));
        at += run;
    }
    space->hand = 0;
    return true;
}
