/*
 * changes.c - what commits did to rows, in commit order: from the change runs of the history up to
 * the newest checkpoint, from the MemTables beyond it. Within a commit changes are ordered by table
 * number and key, wherever they come from, so that (sequence, ordinal) means the same for ever.
 *
 * Only what is durable is told: a feed must not show what a crash can take back.
 */
#include "txn/internal.h"

#include <stdlib.h>

/* A change of a layer. */
struct change {
    uint64_t sequence;
    uint32_t number; /* of the table */
    uint16_t table;
    sgc_str key;
    size_t order; /* of arrival, newest put first */
    const sgc_version *version;
};

struct sgc_changes_state {
    struct sgc_attached attached;
    uint64_t sequence; /* told up to here, with `ordinal` */
    uint32_t ordinal;
    uint64_t through;
    uint16_t table;
    uint64_t current; /* the commit that is being told */
    uint32_t next;    /* ordinal in it */
    sgc_change_cursor *segments;
    bool used;              /* the cursor's change was told */
    struct sgc_walk loaded; /* over the rows of the cursor's load, while it is open */
    size_t layer;           /* above the layers that were told; 0: all */
    struct change *items;
    size_t count, capacity, at;
    sgc_arena arena; /* records and key of the current change */
};

/* ---- layers ---- */

static sgc_status collect(void *context, uint16_t table, sgc_str key, const sgc_version *version)
{
    struct sgc_changes_state *s = context;
    const sgc_table *t = &s->attached.txn->schema->tables[table];

    if (!t->history) return SGC_OK;
    if (!SGC_GROW(s->items, s->count, s->capacity)) return SGC_NO_MEMORY;
    s->items[s->count] =
        (struct change){version->sequence, t->number, table, key, s->count, version};
    s->count++;
    return SGC_OK;
}

static int compare(const void *a, const void *b)
{
    const struct change *first = a, *second = b;

    if (first->sequence != second->sequence) return first->sequence < second->sequence ? -1 : 1;
    if (first->number != second->number) return first->number < second->number ? -1 : 1;
    int order = sgc_str_compare(first->key, second->key);
    return order ? order : first->order < second->order ? -1 : 1;
}

/* A write set may have changed a row several times: its newest put is what was committed. */
static void drop_repeated(struct sgc_changes_state *s)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->count; i++) {
        const struct change *now = &s->items[i], *last = kept ? &s->items[kept - 1] : NULL;
        if (last && last->sequence == now->sequence && last->table == now->table &&
            sgc_str_eq(last->key, now->key)) {
            continue;
        }
        s->items[kept++] = *now;
    }
    s->count = kept;
}

/* Where the told part ends: the whole commit is gathered again, for the ordinals. */
static uint64_t whole_commits_before(const struct sgc_changes_state *s)
{
    return s->sequence > 0 && s->ordinal != UINT32_MAX ? s->sequence - 1 : s->sequence;
}

static sgc_status next_layer(struct sgc_changes_state *s)
{
    const struct sgc_view *view = s->attached.txn->view;

    s->count = s->at = 0;
    s->layer--;
    sgc_status status = sgc_memtable_since(view->layers[s->layer]->memtable,
                                           whole_commits_before(s), s->through, collect, s);
    if (s->count > 1) qsort(s->items, s->count, sizeof *s->items, compare);
    drop_repeated(s);
    return status;
}

/* ---- one change after the other ---- */

/* A load inserted what the table held at its moment: there was nothing before. */
static sgc_status open_loaded(struct sgc_changes_state *s)
{
    sgc_txn *txn = s->attached.txn;
    const sgc_change_cursor *load = s->segments;
    struct sgc_reads reads = sgc_moment_reads(txn->schema, txn->view, load->sequence);

    sgc_walk_open(&s->loaded, &reads, load->table, 0, false);
    return sgc_walk_seek(&s->loaded, sgc_str_of(NULL, 0), &txn->error);
}

/* The row the walk stands on, or none, and then the walk is closed. */
static bool show_loaded(struct sgc_changes_state *s, struct change *change)
{
    if (!s->loaded.valid) {
        sgc_walk_close(&s->loaded);
        return false;
    }
    *change = (struct change){.sequence = s->segments->sequence,
                              .table = s->loaded.table,
                              .key = sgc_walk_key(&s->loaded)};
    return true;
}

static sgc_status next_of_segments(struct sgc_changes_state *s, struct change *change, bool *there)
{
    sgc_error *error = &s->attached.txn->error;
    sgc_status status = SGC_OK;

    *there = false;
    if (s->loaded.open) {
        status = sgc_walk_next(&s->loaded, error);
        *there = status == SGC_OK && show_loaded(s, change);
    }
    while (status == SGC_OK && !*there && s->segments) {
        const sgc_change_cursor *cursor = s->segments;
        if (s->used) status = sgc_change_cursor_next(s->segments, error);
        s->used = true;
        if (status != SGC_OK || !cursor->valid || cursor->sequence > s->through) break;
        *there = cursor->key.size > 0;
        *change = (struct change){
            .sequence = cursor->sequence, .table = cursor->table, .key = cursor->key};
        if (*there) return SGC_OK;
        status = open_loaded(s);
        *there = status == SGC_OK && show_loaded(s, change);
    }
    if (*there || status != SGC_OK) return status;
    sgc_change_cursor_close(s->segments);
    s->segments = NULL;
    return SGC_OK;
}

static sgc_status next_change(struct sgc_changes_state *s, struct change *change, bool *there)
{
    sgc_status status = next_of_segments(s, change, there);

    while (status == SGC_OK && !*there) {
        if (s->at < s->count) {
            *change = s->items[s->at++];
            *there = true;
        } else if (s->layer > 0) {
            status = next_layer(s);
        } else {
            break;
        }
    }
    return status;
}

/* The row as it was at a moment; null when it was not there. */
static sgc_status record_at(struct sgc_changes_state *s, const struct change *change,
                            uint64_t sequence, sgc_str *record)
{
    sgc_txn *txn = s->attached.txn;
    struct sgc_reads reads = sgc_moment_reads(txn->schema, txn->view, sequence);
    enum sgc_found found;

    sgc_status status =
        sgc_reads_get(&reads, change->table, change->key, &s->arena, &found, record, &txn->error);
    if (status != SGC_OK || found != SGC_FOUND_ROW) *record = sgc_str_of(NULL, 0);
    return status;
}

static sgc_status describe(struct sgc_changes_state *s, const struct change *change,
                           sgc_row_change *out)
{
    sgc_txn *txn = s->attached.txn;

    sgc_arena_reset(&s->arena);
    *out = (sgc_row_change){.sequence = change->sequence,
                            .ordinal = s->next - 1,
                            .table = change->table,
                            .key = sgc_arena_str(&s->arena, change->key)};
    if (sgc_str_is_null(out->key)) return SGC_NO_MEMORY;
    sgc_status status = sgc_view_time_of(txn->view, change->sequence, &out->time_us, &txn->error);
    if (status == SGC_OK) status = record_at(s, change, change->sequence - 1, &out->before);
    if (status == SGC_OK) status = record_at(s, change, change->sequence, &out->after);
    if (status != SGC_OK) return status;
    bool was = !sgc_str_is_null(out->before), is = !sgc_str_is_null(out->after);
    out->op = !is ? SGC_OP_DELETE : was ? SGC_OP_UPDATE : SGC_OP_INSERT;
    return SGC_OK;
}

static bool is_told(const struct sgc_changes_state *s, const struct change *change,
                    uint32_t ordinal)
{
    if (change->sequence != s->sequence) return change->sequence < s->sequence;
    return ordinal <= s->ordinal;
}

static sgc_status step(struct sgc_changes_state *s, sgc_row_change *out, bool *there)
{
    struct change change;
    sgc_status status;

    for (;;) {
        status = next_change(s, &change, there);
        if (status != SGC_OK || !*there) return status;
        if (change.sequence != s->current) s->next = 0;
        s->current = change.sequence;
        uint32_t ordinal = s->next++;
        bool wanted = s->table == SGC_NONE || change.table == s->table;
        if (wanted && !is_told(s, &change, ordinal)) return describe(s, &change, out);
    }
}

/* ---- public ---- */

static void end_state(struct sgc_attached *attached)
{
    struct sgc_changes_state *s = (struct sgc_changes_state *)(void *)attached;

    sgc_detach(attached);
    if (s->segments) sgc_change_cursor_close(s->segments);
    sgc_walk_close(&s->loaded);
    sgc_arena_free(&s->arena);
    sgc_free(s->items);
    sgc_free(s);
}

static void finish(sgc_changes *changes, sgc_status status)
{
    changes->status = sgc_txn_fail_plain(changes->txn, status);
    sgc_changes_end(changes);
}

/* Changes at the horizon itself are gone: a commit told in part must lie behind it. */
static sgc_status check_kept(struct sgc_changes_state *s)
{
    const sgc_txn *txn = s->attached.txn;
    const sgc_segments *segments = sgc_checkpoint_history(txn->view->checkpoint);
    uint64_t from = whole_commits_before(s);
    sgc_status status = SGC_OK;

    for (uint16_t i = 0; status == SGC_OK && i < txn->schema->table_count; i++) {
        bool asked = s->table == SGC_NONE ? txn->schema->tables[i].history : s->table == i;
        if (!asked) continue;
        status = sgc_moment_kept(txn->schema, segments, i, from, &s->attached.txn->error);
    }
    return status;
}

static sgc_status open_state(struct sgc_changes_state *s)
{
    sgc_txn *txn = s->attached.txn;
    uint64_t durable = sgc_log_durable(txn->db->log);
    uint64_t checkpoint = sgc_checkpoint_sequence(txn->view->checkpoint);

    s->through = txn->snapshot < durable || durable < checkpoint ? txn->snapshot : durable;
    s->layer = txn->view->count;
    sgc_status status = check_kept(s);
    if (status != SGC_OK || s->sequence > s->through) return status;
    if (whole_commits_before(s) >= checkpoint) return SGC_OK;
    status = sgc_change_cursor_open(sgc_checkpoint_history(txn->view->checkpoint),
                                    whole_commits_before(s), &s->segments, &txn->error);
    if (status != SGC_OK) s->segments = NULL;
    return status;
}

sgc_changes sgc_changes_since(sgc_txn *txn, uint64_t sequence, uint32_t ordinal, uint16_t table)
{
    sgc_changes changes = {txn, NULL, SGC_OK};
    struct sgc_changes_state *s = sgc_alloc_zero(1, sizeof *s);

    sgc_txn_clear_error(txn);
    if (!s) {
        finish(&changes, SGC_NO_MEMORY);
        return changes;
    }
    sgc_txn_refresh(txn);
    sgc_attach(txn, &s->attached, end_state);
    changes.state = s;
    s->sequence = sequence;
    s->ordinal = ordinal;
    s->table = table;
    sgc_status status = open_state(s);
    if (status != SGC_OK) finish(&changes, status);
    return changes;
}

bool sgc_changes_next(sgc_changes *changes, sgc_row_change *change)
{
    struct sgc_changes_state *s = changes->state;
    bool there;

    if (!s) return false;
    sgc_status status = step(s, change, &there);
    if (status == SGC_OK && there) return true;
    finish(changes, status);
    return false;
}

void sgc_changes_end(sgc_changes *changes)
{
    if (changes->state) end_state(&changes->state->attached);
    changes->state = NULL;
}
