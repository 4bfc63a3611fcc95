/*
 * cursor.c - public cursors: a range of one index, or many prefixes in turn, over a merged walk. A
 * cursor sees its transaction as it was when it was opened, whatever is written between its steps.
 */
#include "txn/internal.h"

struct sgc_cursor_state {
    struct sgc_walk walk;
    struct sgc_cursor_state *next;      /* of all */
    struct sgc_cursor_state *next_idle; /* when it waits for reuse */
    sgc_arena arena;                    /* bounds and rows of this use */
    sgc_arena row_arena;
    sgc_stored_row row; /* of a walk over pages alone */
    sgc_str from, to;   /* of the range, or of the current parent */
    sgc_str *prefixes;
    size_t prefix_count, parent;
    bool many, started;
};

static const sgc_str NO_BOUND = {NULL, 0};

void sgc_cursors_free(sgc_txn *txn)
{
    for (struct sgc_cursor_state *state = txn->cursors; state;) {
        struct sgc_cursor_state *next = state->next;
        sgc_walk_close(&state->walk);
        sgc_arena_free(&state->arena);
        sgc_arena_free(&state->row_arena);
        sgc_free(state);
        state = next;
    }
    txn->cursors = txn->idle = NULL;
}

static struct sgc_cursor_state *take_state(sgc_txn *txn)
{
    struct sgc_cursor_state *state = txn->idle;

    if (state) {
        txn->idle = state->next_idle;
        sgc_arena_reset(&state->arena);
        sgc_arena_reset(&state->row_arena);
    } else {
        state = sgc_alloc(sizeof *state); /* large: what is not set here is set by a walk */
        if (!state) return NULL;
        state->walk.open = false;
        state->arena = state->row_arena = (sgc_arena){0};
        state->next = txn->cursors;
        txn->cursors = state;
    }
    txn->open_cursors++;
    state->from = state->to = NO_BOUND;
    state->prefixes = NULL;
    state->prefix_count = state->parent = 0;
    state->many = state->started = false;
    return state;
}

static void give_back(sgc_cursor *cursor)
{
    struct sgc_cursor_state *state = cursor->state;

    if (!state) return;
    sgc_walk_close(&state->walk);
    state->next_idle = cursor->txn->idle;
    cursor->txn->idle = state;
    cursor->txn->open_cursors--;
    cursor->state = NULL;
}

static void finish(sgc_cursor *cursor, sgc_status status)
{
    cursor->status = sgc_txn_fail_plain(cursor->txn, status);
    give_back(cursor);
}

static bool keep(sgc_arena *arena, sgc_str bytes, sgc_str *kept)
{
    *kept = sgc_arena_str(arena, bytes);
    return sgc_str_is_null(bytes) || !sgc_str_is_null(*kept);
}

static sgc_cursor new_cursor(sgc_txn *txn, uint16_t table, uint16_t index, bool descending)
{
    sgc_txn_refresh(txn);
    sgc_cursor cursor = {txn, take_state(txn), SGC_OK, 0};
    struct sgc_reads source = txn->source;

    if (!cursor.state) {
        finish(&cursor, SGC_NO_MEMORY);
        return cursor;
    }
    source.writes_at = txn->position;
    sgc_walk_open(&cursor.state->walk, &source, table, index, descending);
    return cursor;
}

sgc_cursor sgc_cursor_open(sgc_txn *txn, uint16_t table, uint16_t index, const sgc_range *range)
{
    sgc_cursor cursor = new_cursor(txn, table, index, range && range->descending);
    struct sgc_cursor_state *state = cursor.state;

    if (!state || !range) return cursor;
    if (!keep(&state->arena, range->from, &state->from) ||
        !keep(&state->arena, range->to, &state->to)) {
        finish(&cursor, SGC_NO_MEMORY);
    } else if (state->walk.plain) {
        sgc_page_cursor_until(&state->walk.pages, range->descending ? state->from : state->to);
    }
    return cursor;
}

sgc_cursor sgc_cursor_open_many(sgc_txn *txn, uint16_t table, uint16_t index,
                                const sgc_str *prefixes, size_t count, bool descending)
{
    sgc_cursor cursor = new_cursor(txn, table, index, descending);
    struct sgc_cursor_state *state = cursor.state;

    if (!state) return cursor;
    state->many = true;
    state->prefix_count = count;
    state->prefixes = sgc_arena_zero(&state->arena, count, sizeof *prefixes);
    bool kept = state->prefixes != NULL;
    for (size_t i = 0; kept && i < count; i++) {
        kept = keep(&state->arena, prefixes[i], &state->prefixes[i]);
    }
    if (!kept) finish(&cursor, SGC_NO_MEMORY);
    return cursor;
}

/* ---- steps ---- */

static sgc_status seek_range(struct sgc_cursor_state *state, sgc_error *error)
{
    return sgc_walk_seek(&state->walk, state->walk.descending ? state->to : state->from, error);
}

static bool in_range(const struct sgc_cursor_state *state)
{
    sgc_str entry = state->walk.entry;

    if (!state->walk.valid || state->walk.plain) return state->walk.valid;
    if (state->walk.descending) {
        return sgc_str_is_null(state->from) || sgc_str_compare(entry, state->from) >= 0;
    }
    return sgc_str_is_null(state->to) || sgc_str_compare(entry, state->to) < 0;
}

/* The first string behind all that start with prefix, null when there is none. */
static bool successor(sgc_arena *arena, sgc_str prefix, sgc_str *after)
{
    size_t size = prefix.size;

    while (size && (uint8_t)prefix.data[size - 1] == 0xFF)
        size--;
    *after = NO_BOUND;
    if (size == 0) return true;
    char *bytes = sgc_arena_alloc(arena, size);
    if (!bytes) return false;
    memcpy(bytes, prefix.data, size);
    bytes[size - 1] = (char)((uint8_t)bytes[size - 1] + 1);
    *after = sgc_str_of(bytes, size);
    return true;
}

static sgc_status seek_parent(struct sgc_cursor_state *state, sgc_error *error)
{
    sgc_str prefix = state->prefixes[state->parent];

    if (!state->walk.descending) return sgc_walk_seek(&state->walk, prefix, error);
    if (!successor(&state->arena, prefix, &state->to)) return SGC_NO_MEMORY;
    return sgc_walk_seek(&state->walk, state->to, error);
}

static bool has_parent(struct sgc_cursor_state *state)
{
    return sgc_walk_within(&state->walk, state->prefixes[state->parent]);
}

/* To the next entry of any parent; *more says whether there is one. */
static sgc_status step_many(struct sgc_cursor_state *state, bool *more, sgc_error *error)
{
    sgc_status status = SGC_OK;

    *more = false;
    if (state->started && state->parent < state->prefix_count) {
        status = sgc_walk_next(&state->walk, error);
    } else if (state->parent < state->prefix_count) {
        status = seek_parent(state, error);
    }
    while (status == SGC_OK && state->parent < state->prefix_count) {
        *more = has_parent(state);
        if (*more) break;
        if (++state->parent < state->prefix_count) status = seek_parent(state, error);
    }
    return status;
}

static sgc_status step_range(struct sgc_cursor_state *state, bool *more, sgc_error *error)
{
    sgc_status status =
        state->started ? sgc_walk_next(&state->walk, error) : seek_range(state, error);

    *more = status == SGC_OK && in_range(state);
    if (!*more && state->walk.interval) {
        sgc_keep_stop(&state->walk, state->walk.descending ? state->from : state->to, false);
    }
    return status;
}

static bool step(sgc_cursor *cursor)
{
    struct sgc_cursor_state *state = cursor->state;
    sgc_txn *txn = cursor->txn;
    bool more;

    if (!state) return false;
    sgc_status status =
        state->many ? step_many(state, &more, &txn->error) : step_range(state, &more, &txn->error);
    state->started = true;
    cursor->parent = (uint32_t)state->parent;
    if (status != SGC_OK || !more) {
        finish(cursor, status);
        return false;
    }
    txn->stats.entries_read++;
    return true;
}

/* A step and the row, wherever it is. */
static __attribute__((noinline)) bool next_of_all(sgc_cursor *cursor, sgc_str *record)
{
    struct sgc_cursor_state *state = cursor->state;
    bool borrowed;

    if (!step(cursor)) return false;
    if (state->row_arena.total) sgc_arena_reset(&state->row_arena);
    sgc_status status =
        sgc_walk_row(&state->walk, &state->row_arena, record, &borrowed, &cursor->txn->error);
    if (status != SGC_OK) {
        finish(cursor, status);
        return false;
    }
    cursor->txn->stats.rows_read++;
    return true;
}

/* Where only pages take part nobody may ask for the entry, so it is not made. */
bool sgc_cursor_next(sgc_cursor *cursor, sgc_str *record)
{
    struct sgc_cursor_state *state = cursor->state;
    sgc_txn *txn = cursor->txn;

    if (!state || !state->walk.plain || !state->started || state->many)
        return next_of_all(cursor, record);
    struct sgc_walk *walk = &state->walk;
    sgc_status status = sgc_page_cursor_next_row(&walk->pages, &state->row, &txn->error);
    walk->entry = NO_BOUND;
    walk->valid = status == SGC_OK && walk->pages.valid;
    if (!walk->valid) {
        finish(cursor, status);
        return false;
    }
    txn->stats.entries_read++;
    txn->stats.rows_read++;
    *record = state->row.record;
    return true;
}

bool sgc_cursor_skip(sgc_cursor *cursor)
{
    return step(cursor);
}

/* The walk with its entry. */
static const struct sgc_walk *shown(struct sgc_cursor_state *state)
{
    struct sgc_walk *walk = &state->walk;

    if (walk->plain && walk->valid && sgc_str_is_null(walk->entry)) {
        sgc_page_cursor_show(&walk->pages);
        walk->entry = walk->pages.entry;
        walk->key_size = walk->pages.key_size;
    }
    return walk;
}

sgc_str sgc_cursor_key(const sgc_cursor *cursor)
{
    return cursor->state ? sgc_walk_key(shown(cursor->state)) : NO_BOUND;
}

sgc_str sgc_cursor_entry(const sgc_cursor *cursor)
{
    return cursor->state ? shown(cursor->state)->entry : NO_BOUND;
}

void sgc_cursor_end(sgc_cursor *cursor)
{
    give_back(cursor);
}
