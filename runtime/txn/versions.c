/*
 * versions.c - the versions of a row, or of all rows of a table, with their deletes. A row's
 * versions are the union of MemTable chains, the row of the pages and what segments hold; they lie
 * end to end, and where one ends before the next begins the row was gone.
 *
 * Only the part in memory is gathered at once; segments are walked as versions are asked for.
 */
#include "txn/internal.h"

/* One version, or a delete; the record is null then. */
struct version {
    uint64_t begin, end;
    sgc_str record;
};

/* Where the keys of a table come from, all in order. */
struct keys {
    sgc_past_cursor *past;
    sgc_page_cursor pages;
    bool has_pages;
    size_t count;
    sgc_memtable_cursor overlays[SGC_MAX_LAYERS];
};

struct sgc_versions_state {
    struct sgc_attached attached;
    uint16_t table;
    bool oldest_first, all_rows, has_history, started;
    uint64_t from, to;      /* both belong to the period */
    uint64_t seen, horizon; /* what came after `seen` is not there */
    struct keys keys;
    sgc_arena keys_arena;
    /* the row */
    sgc_str key;
    sgc_arena arena;        /* of the row */
    struct version *recent; /* what segments do not hold, newest first */
    size_t recent_count, recent_left;
    sgc_past_cursor *past;
    bool past_used, ended;
    uint64_t edge;     /* where the last version stopped, in the direction of the walk */
    bool has_edge;     /* oldest first: and the row was there until then */
    sgc_arena rows[2]; /* records of this version and of the one behind it */
    unsigned flip;
    struct version waiting; /* already fetched: the next one */
    bool is_waiting;
};

static const sgc_str NOTHING = {NULL, 0};

/* ---- the row as memory and pages know it ---- */

static sgc_status add_recent(struct sgc_versions_state *s, size_t *capacity, uint64_t begin,
                             sgc_str record)
{
    uint64_t end = s->recent_count ? s->recent[s->recent_count - 1].begin : SGC_OPEN;

    if (begin >= end) return SGC_OK; /* several puts of one commit: the newest counts */
    if (!SGC_ARENA_GROW(&s->arena, s->recent, s->recent_count, *capacity)) return SGC_NO_MEMORY;
    s->recent[s->recent_count++] = (struct version){begin, end, record};
    return SGC_OK;
}

static sgc_status gather(struct sgc_versions_state *s)
{
    const sgc_txn *txn = s->attached.txn;
    struct sgc_reads reads = sgc_moment_reads(txn->schema, txn->view, s->seen);
    size_t capacity = 0;
    sgc_stored_row row;
    sgc_status status = SGC_OK;

    s->recent = NULL;
    s->recent_count = 0;
    for (size_t i = 0; i < reads.count; i++) {
        const sgc_version *version =
            sgc_memtable_get(reads.layers[i]->memtable, s->table, s->key, s->seen);
        for (; status == SGC_OK && version; version = version->older) {
            status = add_recent(s, &capacity, version->sequence, version->record);
        }
    }
    if (status != SGC_OK) return status;
    status = sgc_checkpoint_get_at(reads.checkpoint, s->table, s->key, s->seen, &s->arena, &row,
                                   &s->attached.txn->error);
    if (status == SGC_NOT_FOUND) return SGC_OK;
    if (status != SGC_OK) return status;
    return add_recent(s, &capacity, row.begin, row.record);
}

/* Without history only the version that is true at the moment is known. */
static void forget_older(struct sgc_versions_state *s)
{
    if (s->recent_count && sgc_str_is_null(s->recent[0].record)) s->recent_count = 0;
    if (s->recent_count > 1) s->recent_count = 1;
}

/* ---- what segments know ---- */

static sgc_segments *segments_of(const struct sgc_versions_state *s)
{
    return sgc_checkpoint_history(s->attached.txn->view->checkpoint);
}

static sgc_status open_past(const struct sgc_versions_state *s, uint64_t from, uint64_t to,
                            bool descending, sgc_past_cursor **past)
{
    sgc_past_period period = {from, to};
    sgc_error *error = &s->attached.txn->error;
    sgc_status status =
        sgc_past_open(segments_of(s), s->table, 0, period, descending, s->key, past, error);

    if (status != SGC_OK) {
        *past = NULL;
        return status;
    }
    return sgc_past_seek(*past, NOTHING, error);
}

static uint64_t clip(const struct sgc_versions_state *s, uint64_t end)
{
    return end > s->seen ? SGC_OPEN : end;
}

/* Begin and end of the first version of a period in a direction; false when there is none. */
static sgc_status first_of(const struct sgc_versions_state *s, uint64_t from, uint64_t to,
                           bool descending, bool *there, struct version *version)
{
    sgc_past_cursor *past = NULL;
    sgc_status status = open_past(s, from, to, descending, &past);

    *there = status == SGC_OK && past->valid;
    if (*there) *version = (struct version){past->begin, clip(s, past->end), NOTHING};
    if (past) sgc_past_close(past);
    return status;
}

static sgc_status past_version(struct sgc_versions_state *s, struct version *version)
{
    sgc_past_cursor *past = s->past;
    sgc_arena *arena = &s->rows[s->flip ^= 1U];
    sgc_str record;
    sgc_status status = sgc_past_record(past, &record, &s->attached.txn->error);

    if (status != SGC_OK) return status;
    if (arena->total) sgc_arena_reset(arena);
    *version = (struct version){past->begin, clip(s, past->end), sgc_arena_str(arena, record)};
    s->past_used = true;
    return sgc_str_is_null(version->record) ? SGC_NO_MEMORY : SGC_OK;
}

/* The cursor stays where it is until its version was used and is asked for the next one. */
static sgc_status settle_past(struct sgc_versions_state *s)
{
    if (!s->past_used) return SGC_OK;
    s->past_used = false;
    return sgc_past_next(s->past, &s->attached.txn->error);
}

/* ---- newest first ---- */

/* A row that was gone at the end of the period: only the next version says until when. */
static sgc_status gone_at_end(struct sgc_versions_state *s)
{
    struct version next;
    bool there = false;

    if (s->started || !s->past->valid) return SGC_OK;
    s->started = true;
    if (s->to >= s->seen || s->edge <= s->to || s->past->end > s->to) return SGC_OK;
    sgc_status status = first_of(s, s->to, s->seen, false, &there, &next);
    if (status == SGC_OK && there) s->edge = next.begin;
    return status;
}

static sgc_status older(struct sgc_versions_state *s, struct version *version, bool *there)
{
    *there = true;
    if (s->recent_left) {
        *version = s->recent[s->recent_count - s->recent_left--];
        s->edge = version->begin;
        return SGC_OK;
    }
    sgc_status status = s->past ? settle_past(s) : SGC_OK;
    if (status == SGC_OK && s->past) status = gone_at_end(s);
    *there = status == SGC_OK && s->past && s->past->valid;
    if (!*there) return status;
    uint64_t end = clip(s, s->past->end);
    if (end < s->edge && end <= s->to && end > s->horizon) {
        *version = (struct version){end, s->edge, NOTHING};
        s->edge = end;
        return SGC_OK;
    }
    s->edge = s->past->begin;
    return past_version(s, version);
}

/* The next one of the period; versions behind it begin later. */
static sgc_status older_within(struct sgc_versions_state *s, struct version *version, bool *there)
{
    sgc_status status;

    do {
        status = older(s, version, there);
    } while (status == SGC_OK && *there && version->begin > s->to);
    return status;
}

static sgc_status step_down(struct sgc_versions_state *s, struct version *version, sgc_op *op,
                            bool *there)
{
    sgc_status status = SGC_OK;

    if (!s->is_waiting) status = older_within(s, &s->waiting, &s->is_waiting);
    *there = status == SGC_OK && s->is_waiting && s->waiting.end > s->from;
    if (!*there) return status;
    *version = s->waiting;
    status = older_within(s, &s->waiting, &s->is_waiting);
    *op = s->is_waiting && !sgc_str_is_null(s->waiting.record) ? SGC_OP_UPDATE : SGC_OP_INSERT;
    return status;
}

/* ---- oldest first ---- */

static sgc_status newer(struct sgc_versions_state *s, struct version *version, bool *there)
{
    sgc_status status = s->past ? settle_past(s) : SGC_OK;

    *there = true;
    if (status != SGC_OK) return status;
    if (s->past && s->past->valid) return past_version(s, version);
    *there = s->recent_left > 0;
    if (*there) *version = s->recent[--s->recent_left];
    return SGC_OK;
}

/* What was there before the first version that is found: it may not be the row's first one. */
static sgc_status look_back(struct sgc_versions_state *s, const struct version *first, bool there)
{
    uint64_t begin = there ? first->begin : SGC_OPEN;
    struct version before;
    bool known = false;
    sgc_status status = SGC_OK;

    if (s->has_edge || !s->has_history || s->from == 0) return SGC_OK;
    if (begin > s->from) {
        status = first_of(s, 0, s->from, true, &known, &before);
    } else if (begin > 0) {
        status = first_of(s, begin - 1, begin - 1, false, &known, &before);
    }
    if (status != SGC_OK || !known || before.end <= s->horizon) return status;
    s->has_edge = true;
    s->edge = before.end;
    return SGC_OK;
}

/* The first version of the period; of those before it only the end counts. */
static sgc_status start_up(struct sgc_versions_state *s, struct version *version, bool *there)
{
    sgc_status status = newer(s, version, there);

    while (status == SGC_OK && *there && version->end <= s->from) {
        s->has_edge = !sgc_str_is_null(version->record);
        s->edge = version->end;
        status = newer(s, version, there);
    }
    s->started = true;
    return status == SGC_OK ? look_back(s, version, *there) : status;
}

static sgc_status step_up(struct sgc_versions_state *s, struct version *version, sgc_op *op,
                          bool *there)
{
    sgc_status status = SGC_OK;

    *there = s->is_waiting;
    if (s->is_waiting) {
        *version = s->waiting;
        s->is_waiting = false;
    } else if (s->started) {
        status = newer(s, version, there);
    } else {
        status = start_up(s, version, there);
    }
    if (status != SGC_OK) return status;
    uint64_t begin = *there ? version->begin : SGC_OPEN;
    *op = s->has_edge ? SGC_OP_UPDATE : SGC_OP_INSERT;
    if (s->has_edge && s->edge < begin) {
        /* It was gone in between. */
        s->waiting = *version;
        s->is_waiting = *there;
        *version = (struct version){s->edge, begin, NOTHING};
        *there = true;
    }
    *there = *there && version->begin <= s->to;
    s->edge = version->end;
    s->has_edge = *there && !sgc_str_is_null(version->record);
    return SGC_OK;
}

/* ---- one row ---- */

static sgc_status start_row(struct sgc_versions_state *s, sgc_str key)
{
    sgc_arena_reset(&s->arena);
    s->key = sgc_arena_str(&s->arena, key);
    if (sgc_str_is_null(s->key)) return SGC_NO_MEMORY;
    s->started = s->is_waiting = s->has_edge = s->past_used = false;
    s->edge = SGC_OPEN;
    sgc_status status = gather(s);
    if (status != SGC_OK) return status;
    if (!s->has_history) forget_older(s);
    s->recent_left = s->recent_count;
    if (!s->has_history || s->from > s->to) return SGC_OK;
    return s->oldest_first ? open_past(s, s->from, s->seen, false, &s->past)
                           : open_past(s, 0, s->to, true, &s->past);
}

static void end_row(struct sgc_versions_state *s)
{
    if (s->past) sgc_past_close(s->past);
    s->past = NULL;
}

/* What was there before it may be dropped: without the change it is no longer known to be new. */
static sgc_status op_at_horizon(const struct sgc_versions_state *s, uint64_t begin, sgc_op *op)
{
    sgc_status status =
        sgc_segments_op_of(segments_of(s), s->table, s->key, begin, op, &s->attached.txn->error);

    if (status != SGC_NOT_FOUND) return status;
    *op = SGC_OP_UPDATE;
    return SGC_OK;
}

static sgc_status step_row(struct sgc_versions_state *s, struct version *version, sgc_op *op,
                           bool *there)
{
    *there = false;
    if (s->from > s->to) return SGC_OK;
    sgc_status status =
        s->oldest_first ? step_up(s, version, op, there) : step_down(s, version, op, there);
    if (status != SGC_OK || !*there) return status;
    if (version->begin <= s->horizon) status = op_at_horizon(s, version->begin, op);
    if (sgc_str_is_null(version->record)) *op = SGC_OP_DELETE;
    return status;
}

/* ---- all rows ---- */

static sgc_status open_keys(struct sgc_versions_state *s)
{
    sgc_txn *txn = s->attached.txn;
    struct sgc_reads reads = sgc_moment_reads(txn->schema, txn->view, s->seen);
    struct keys *keys = &s->keys;
    sgc_past_period period = {s->from, s->seen};
    sgc_status status = SGC_OK;

    for (size_t i = 0; i < reads.count; i++) {
        const sgc_memtable *memtable = reads.layers[i]->memtable;
        if (!sgc_memtable_has_table(memtable, s->table)) continue;
        sgc_memtable_cursor *overlay = &keys->overlays[keys->count++];
        sgc_memtable_cursor_open(overlay, memtable, s->table, 0, s->seen, false);
        sgc_memtable_cursor_seek(overlay, NOTHING);
    }
    sgc_page_cursor_open(&keys->pages, reads.checkpoint, s->table, 0, false);
    keys->has_pages = true;
    status = sgc_page_cursor_seek(&keys->pages, NOTHING, &txn->error);
    if (status != SGC_OK || !s->has_history) return status;
    status = sgc_past_open(segments_of(s), s->table, 0, period, false, NOTHING, &keys->past,
                           &txn->error);
    if (status != SGC_OK) {
        keys->past = NULL;
        return status;
    }
    return sgc_past_seek(keys->past, NOTHING, &txn->error);
}

static sgc_str lower(sgc_str a, sgc_str b)
{
    return sgc_str_is_null(a) || sgc_str_compare(b, a) < 0 ? b : a;
}

/* The next key, copied; null at the end. */
static sgc_status next_key(struct sgc_versions_state *s, sgc_str *key)
{
    struct keys *keys = &s->keys;
    sgc_error *error = &s->attached.txn->error;
    sgc_status status = SGC_OK;
    sgc_str first = NOTHING;

    for (size_t i = 0; i < keys->count; i++) {
        if (keys->overlays[i].valid) first = lower(first, keys->overlays[i].entry);
    }
    if (keys->pages.valid) first = lower(first, keys->pages.entry);
    if (keys->past && keys->past->valid) first = lower(first, keys->past->entry);
    *key = NOTHING;
    if (sgc_str_is_null(first)) return SGC_OK;
    sgc_arena_reset(&s->keys_arena);
    *key = sgc_arena_str(&s->keys_arena, first);
    if (sgc_str_is_null(*key)) return SGC_NO_MEMORY;
    for (size_t i = 0; i < keys->count; i++) {
        sgc_memtable_cursor *overlay = &keys->overlays[i];
        if (overlay->valid && sgc_str_eq(overlay->entry, *key)) sgc_memtable_cursor_next(overlay);
    }
    if (keys->pages.valid && sgc_str_eq(keys->pages.entry, *key)) {
        status = sgc_page_cursor_next(&keys->pages, error);
    }
    while (status == SGC_OK && keys->past && keys->past->valid &&
           sgc_str_eq(keys->past->entry, *key)) {
        status = sgc_past_next(keys->past, error);
    }
    return status;
}

static sgc_status step(struct sgc_versions_state *s, struct version *version, sgc_op *op,
                       bool *there)
{
    sgc_status status = SGC_OK;
    sgc_str key;

    *there = false;
    if (!s->ended) status = step_row(s, version, op, there);
    while (status == SGC_OK && !*there && s->all_rows) {
        end_row(s);
        status = next_key(s, &key);
        s->ended = status != SGC_OK || sgc_str_is_null(key);
        if (s->ended) break;
        status = start_row(s, key);
        if (status == SGC_OK) status = step_row(s, version, op, there);
    }
    return status;
}

/* ---- public ---- */

static void end_state(struct sgc_attached *attached)
{
    struct sgc_versions_state *s = (struct sgc_versions_state *)(void *)attached;

    sgc_detach(attached);
    end_row(s);
    if (s->keys.past) sgc_past_close(s->keys.past);
    if (s->keys.has_pages) sgc_page_cursor_close(&s->keys.pages);
    sgc_arena_free(&s->keys_arena);
    sgc_arena_free(&s->arena);
    sgc_arena_free(&s->rows[0]);
    sgc_arena_free(&s->rows[1]);
    sgc_free(s);
}

static sgc_status set_period(struct sgc_versions_state *s, const sgc_period *period)
{
    sgc_txn *txn = s->attached.txn;
    sgc_status status = SGC_OK;

    s->from = s->has_history ? s->horizon : s->seen;
    s->to = s->seen;
    if (period) status = sgc_moment_sequence(txn, period->from, false, &s->from);
    if (period && status == SGC_OK) {
        status = sgc_moment_sequence(txn, period->to, period->to_excluded, &s->to);
    }
    if (status != SGC_OK) return status;
    uint64_t oldest = s->from < s->seen ? s->from : s->seen;
    bool is_past = !s->has_history && s->seen < sgc_checkpoint_sequence(txn->view->checkpoint);
    if (oldest >= s->horizon && !is_past && (s->has_history || oldest == s->seen)) return SGC_OK;
    return sgc_moment_kept(txn->schema, segments_of(s), s->table, oldest, &txn->error);
}

static sgc_status open_state(struct sgc_versions_state *s, sgc_str key, const sgc_period *period)
{
    sgc_txn *txn = s->attached.txn;

    s->seen = txn->snapshot;
    s->has_history = txn->schema->tables[s->table].history;
    s->horizon = sgc_segments_horizon(segments_of(s), s->table);
    s->all_rows = sgc_str_is_null(key);
    sgc_status status = set_period(s, period);
    s->ended = s->all_rows || s->from > s->to || key.size > SGC_KEY_MAX;
    if (status != SGC_OK || s->from > s->to || key.size > SGC_KEY_MAX) return status;
    return s->all_rows ? open_keys(s) : start_row(s, key);
}

static void finish(sgc_versions *versions, sgc_status status)
{
    versions->status = sgc_txn_fail_plain(versions->txn, status);
    sgc_versions_end(versions);
}

sgc_versions sgc_versions_open(sgc_txn *txn, uint16_t table, sgc_str key, const sgc_period *period,
                               bool oldest_first)
{
    sgc_versions versions = {txn, NULL, SGC_OK};
    struct sgc_versions_state *s = sgc_alloc_zero(1, sizeof *s);

    sgc_txn_clear_error(txn);
    if (!s) {
        finish(&versions, SGC_NO_MEMORY);
        return versions;
    }
    sgc_txn_refresh(txn);
    sgc_attach(txn, &s->attached, end_state);
    versions.state = s;
    s->table = table;
    s->oldest_first = oldest_first;
    sgc_status status = open_state(s, key, period);
    if (status != SGC_OK) finish(&versions, status);
    return versions;
}

static sgc_status describe(struct sgc_versions_state *s, const struct version *found, sgc_op op,
                           sgc_row_version *version)
{
    sgc_txn *txn = s->attached.txn;

    *version = (sgc_row_version){
        .op = op, .begin = found->begin, .end = found->end, .key = s->key, .record = found->record};
    sgc_status status = sgc_view_time_of(txn->view, found->begin, &version->time_us, &txn->error);
    if (status != SGC_NOT_FOUND) return status;
    version->time_us = 0;
    return SGC_OK;
}

bool sgc_versions_next(sgc_versions *versions, sgc_row_version *version)
{
    struct sgc_versions_state *s = versions->state;
    struct version found = {0, 0, NOTHING};
    sgc_op op = SGC_OP_INSERT;
    bool there;

    if (!s) return false;
    sgc_status status = step(s, &found, &op, &there);
    if (status == SGC_OK && there) status = describe(s, &found, op, version);
    if (status == SGC_OK && there) {
        versions->txn->stats.rows_read++;
        return true;
    }
    finish(versions, status);
    return false;
}

void sgc_versions_end(sgc_versions *versions)
{
    if (versions->state) end_state(&versions->state->attached);
    versions->state = NULL;
}
