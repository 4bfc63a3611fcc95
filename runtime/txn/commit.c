/*
 * commit.c - from a write set to a durable, visible commit. Under the commit lock a transaction is
 * checked against everything numbered before it (published or not), numbered, put into the active
 * MemTable and queued in the log; the wait for the device happens without the lock. The log reports
 * fates in order, and only then does the head move.
 */
#include "txn/internal.h"

struct committing {
    sgc_txn *txn;
    sgc_db *db;
    sgc_buf payload;
    size_t changes;
    bool has_idle; /* rows whose end is as their beginning */
    uint64_t sequence, time_us;
    uint64_t behind; /* to be durable before this one may be read */
};

/* ---- what changes in the end ---- */

static bool is_idle(const sgc_memtable_walk *row)
{
    return !row->newest || sgc_str_eq(row->before, row->newest->record);
}

static bool next_row(const sgc_txn *txn, sgc_memtable_walk *row)
{
    return txn->writes && sgc_memtable_walk_next(txn->writes, row);
}

static sgc_status collect(struct committing *c)
{
    sgc_memtable_walk row = {.row = NULL};
    sgc_txn *txn = c->txn;

    sgc_payload_start(&c->payload, txn->schema);
    while (next_row(txn, &row)) {
        if (is_idle(&row)) {
            c->has_idle = true;
            continue;
        }
        sgc_event event = {SGC_EVENT_PATCH, row.table, row.key, row.newest->record};
        if (sgc_str_is_null(row.before)) event.kind = SGC_EVENT_INSERT;
        if (sgc_str_is_null(event.record)) event.kind = SGC_EVENT_DELETE;
        sgc_payload_add(&c->payload, txn->schema, &event);
        c->changes++;
    }
    sgc_txn_count(txn, c->payload.capacity);
    return c->payload.failed ? SGC_NO_MEMORY : SGC_OK;
}

/* ---- validation ---- */

static sgc_status conflict(sgc_txn *txn, const sgc_memtable_walk *row)
{
    return sgc_txn_fail(txn, SGC_CONFLICT, row->table, SGC_NONE,
                        "another transaction changed %.*s %.*s first",
                        SGC_ARG(txn->schema->tables[row->table].name),
                        SGC_ARG(sgc_key_words(txn, row->table, row->key)));
}

/* First committer wins. */
static sgc_status check_row(sgc_txn *txn, const struct sgc_view *view, bool pages_moved,
                            const sgc_memtable_walk *row)
{
    uint64_t hash = sgc_memtable_hash(row->table, row->key);
    sgc_stored_row stored;

    for (size_t i = 0; i < view->count; i++) {
        const sgc_version *version =
            sgc_memtable_find(view->layers[i]->memtable, hash, row->table, row->key, SGC_NEWEST);
        if (!version) continue;
        return version->sequence > txn->snapshot ? conflict(txn, row) : SGC_OK;
    }
    if (!pages_moved) return SGC_OK;
    sgc_status status = sgc_checkpoint_get(view->checkpoint, row->table, row->key, &txn->scratch,
                                           &stored, &txn->error);
    if (status == SGC_NOT_FOUND) {
        return sgc_str_is_null(row->before) ? SGC_OK : conflict(txn, row);
    }
    if (status != SGC_OK) return status;
    return stored.begin > txn->snapshot ? conflict(txn, row) : SGC_OK;
}

static sgc_status check_constraints(sgc_txn *txn, const struct sgc_reads *source,
                                    const sgc_memtable_walk *row)
{
    struct sgc_parent self = {row->table, row->key};
    sgc_str record = row->newest->record;

    if (sgc_str_is_null(record)) return sgc_check_no_children(txn, source, &self, true);
    sgc_status status = sgc_check_unique(txn, source, row->table, row->key, row->before, record);
    if (status != SGC_OK) return status;
    return sgc_check_parents(txn, source, row->table, row->key, row->before, record);
}

static sgc_status check_all(sgc_txn *txn, const struct sgc_view *view)
{
    bool pages_moved = sgc_checkpoint_sequence(view->checkpoint) > txn->snapshot;
    sgc_memtable_walk row = {.row = NULL};
    sgc_status status = SGC_OK;
    /* What the pages held at the snapshot was checked by the statements. */
    struct sgc_reads source = txn->source;
    source.checkpoint = pages_moved || txn->defer_foreign_keys ? view->checkpoint : NULL;
    source.layers = view->layers;
    source.count = view->count;
    source.at = SGC_NEWEST;
    source.kept = NULL;

    while (status == SGC_OK && next_row(txn, &row)) {
        if (is_idle(&row)) continue;
        if (txn->scratch.total) sgc_arena_reset(&txn->scratch);
        status = check_row(txn, view, pages_moved, &row);
        if (status == SGC_OK) status = check_constraints(txn, &source, &row);
    }
    return status;
}

static sgc_status validate(struct committing *c)
{
    sgc_txn *txn = c->txn;

    if (c->db->assigned == txn->snapshot && !txn->defer_foreign_keys) return SGC_OK;
    struct sgc_view *view = sgc_view_pin(c->db);
    sgc_status status = check_all(txn, view);
    sgc_view_unpin(view);
    if (status == SGC_OK && txn->kept) status = sgc_serializable_check(txn);
    if (status == SGC_CONFLICT) {
        atomic_fetch_add_explicit(&c->db->conflicts, 1, memory_order_relaxed);
    }
    return status;
}

/* ---- into MemTable and log ---- */

static void raise(_Atomic uint64_t *value, uint64_t to)
{
    uint64_t seen = atomic_load_explicit(value, memory_order_relaxed);

    while (seen < to && !atomic_compare_exchange_weak_explicit(
                            value, &seen, to, memory_order_release, memory_order_relaxed)) {
    }
}

static void done(void *context, uint64_t sequence, sgc_status outcome)
{
    sgc_db *db = context;

    if (outcome == SGC_OK) {
        raise(&db->published, sequence);
    } else {
        atomic_store(&db->read_only, true);
    }
}

static sgc_status append(struct committing *c, struct sgc_layer *layer)
{
    sgc_status status = sgc_layer_note(layer, c->sequence, c->time_us);

    if (status != SGC_OK) return status;
    status = sgc_log_append(c->db->log, c->sequence, c->time_us, sgc_buf_as_str(&c->payload),
                            c->txn->durability, done, c->db);
    if (status != SGC_OK) sgc_layer_forget(layer);
    /* Numbers could not be reserved: nothing was queued, so nobody else reports it. */
    if (status == SGC_READ_ONLY) atomic_store(&c->db->read_only, true);
    if (status != SGC_LIMIT) return status;
    return sgc_txn_fail(c->txn, status, SGC_NONE, SGC_NONE,
                        "the transaction wrote %zu bytes, more than one may have", c->payload.size);
}

static void took(struct committing *c, struct sgc_layer *layer)
{
    sgc_layer_took(layer, c->sequence, c->time_us, c->payload.size);
    c->behind = c->db->last_full;
    if (c->txn->durability == SGC_DURABILITY_FULL) c->db->last_full = c->sequence;
    c->db->assigned = c->db->readable = c->sequence;
    c->db->last_time = c->time_us;
}

static sgc_status copy_into(struct committing *c, struct sgc_layer *active)
{
    sgc_memtable_walk row = {.row = NULL};
    sgc_status status = SGC_OK;

    while (status == SGC_OK && next_row(c->txn, &row)) {
        if (is_idle(&row)) continue;
        status = sgc_memtable_put(active->memtable, row.table, row.key, row.before,
                                  row.newest->record, c->sequence);
    }
    if (status == SGC_OK && c->txn->claim) {
        status = sgc_claim_put(c->txn, active->memtable, c->sequence, c->sequence, c->time_us,
                               &c->payload);
    }
    if (status == SGC_OK) status = append(c, active);
    if (status != SGC_OK) sgc_memtable_rollback(active->memtable, c->sequence - 1);
    return status;
}

static sgc_status commit_small(struct committing *c)
{
    struct sgc_layer *active = sgc_view_active(c->db);
    sgc_status status = copy_into(c, active);

    if (status != SGC_OK) return status;
    took(c, active);
    if (sgc_memtable_bytes(active->memtable) < c->db->memtable_bytes &&
        active->log_bytes < SGC_HELD_LOG_BYTES) {
        return SGC_OK;
    }
    /* Without memory for a new MemTable this one grows a little more. */
    status = sgc_view_rotate(c->db);
    return SGC_OK;
}

/* A big write set becomes a MemTable of its own instead of being copied row by row. */
static sgc_status commit_large(struct committing *c)
{
    struct sgc_layer *layer;
    sgc_txn *txn = c->txn;
    sgc_status status = SGC_OK;

    if (txn->claim) {
        status =
            sgc_claim_put(txn, txn->writes, ++txn->position, c->sequence, c->time_us, &c->payload);
    }
    if (status != SGC_OK) return status;
    sgc_memtable_restamp(txn->writes, c->sequence);
    status = sgc_view_adopt(c->db, c->txn->writes, &layer);
    if (status != SGC_OK) return status;
    c->txn->writes = NULL;
    sgc_txn_count(txn, c->payload.capacity);
    status = append(c, layer);
    if (status != SGC_OK) {
        sgc_view_disown(c->db, layer);
        return status;
    }
    took(c, layer);
    sgc_view_seal(c->db, layer);
    return SGC_OK;
}

void sgc_commit_next(sgc_db *db, uint64_t *sequence, uint64_t *time_us)
{
    uint64_t now = db->os->time_us(db->os->self);

    *sequence = db->assigned + 1;
    *time_us = now > db->last_time ? now : db->last_time + 1;
    if (*time_us <= db->asked_time) *time_us = db->asked_time + 1;
    /* Keys made before this commit have an earlier time in them, also when the clock was set back:
     * then they keep rising after the next opening, which begins behind the last commit. */
    uint64_t made_ms = atomic_load_explicit(&db->last_id, memory_order_relaxed) >> 16;
    if (*time_us / 1000 < made_ms) *time_us = made_ms * 1000;
}

static sgc_status number_and_put(struct committing *c)
{
    sgc_db *db = c->db;

    sgc_commit_next(db, &c->sequence, &c->time_us);
    bool large = c->txn->writes && !c->has_idle &&
                 sgc_memtable_bytes(c->txn->writes) >= db->memtable_bytes / 4;
    return large ? commit_large(c) : commit_small(c);
}

/* Tables that are being loaded are the load's. */
static sgc_status check_load(struct committing *c)
{
    sgc_memtable_walk row = {.row = NULL};
    sgc_status status = SGC_OK;

    while (status == SGC_OK && c->db->load && next_row(c->txn, &row)) {
        if (is_idle(&row)) continue;
        status = sgc_load_permits(c->txn, row.table, sgc_str_is_null(row.newest->record));
    }
    if (status == SGC_CONFLICT) {
        atomic_fetch_add_explicit(&c->db->conflicts, 1, memory_order_relaxed);
    }
    return status;
}

static sgc_status commit_locked(struct committing *c)
{
    sgc_status status = sgc_view_wait_for_room(c->db);

    if (status == SGC_OK && atomic_load(&c->db->read_only)) status = SGC_READ_ONLY;
    if (status == SGC_OK) status = check_load(c);
    if (status == SGC_OK) status = validate(c);
    if (status == SGC_OK) status = number_and_put(c);
    return status;
}

/*
 * What is not FULL may be read at once, but not before the FULL ones in front of it: reading it
 * shows them too, and they may still be refused.
 */
static sgc_status settle(struct committing *c)
{
    sgc_db *db = c->db;
    sgc_status status = SGC_OK;

    if (c->txn->durability == SGC_DURABILITY_FULL) {
        status = sgc_log_wait(db->log, c->sequence);
    } else if (c->behind > sgc_log_durable(db->log)) {
        status = sgc_log_wait(db->log, c->behind);
        if (status != SGC_OK) return sgc_log_wait(db->log, c->sequence);
    }
    if (status != SGC_OK) return status;
    raise(&db->published, c->sequence);
    raise(&db->published_time, c->time_us);
    atomic_fetch_add_explicit(&db->commits, 1, memory_order_relaxed);
    if (c->txn->durability != SGC_DURABILITY_FULL) sgc_log_pace(db->log);
    return SGC_OK;
}

sgc_status sgc_commit_settle(sgc_db *db, uint64_t time_us)
{
    if (time_us <= atomic_load_explicit(&db->published_time, memory_order_acquire)) return SGC_OK;
    if (time_us > db->os->time_us(db->os->self)) return SGC_INVALID;
    sgc_mutex_lock(&db->commit_lock);
    if (time_us > db->asked_time) db->asked_time = time_us;
    uint64_t full = db->last_full, readable = db->readable, last_time = db->last_time;
    sgc_mutex_unlock(&db->commit_lock);
    /* Refused commits and those of unknown fate are not seen before the next opening. */
    if (full > sgc_log_durable(db->log) && sgc_log_wait(db->log, full) != SGC_OK) return SGC_OK;
    raise(&db->published, readable);
    raise(&db->published_time, last_time);
    return SGC_OK;
}

static sgc_status commit(struct committing *c)
{
    sgc_db *db = c->db;
    sgc_status status = collect(c);

    if (status != SGC_OK || (c->changes == 0 && !c->txn->claim)) return status;
    sgc_mutex_lock(&db->commit_lock);
    status = commit_locked(c);
    sgc_mutex_unlock(&db->commit_lock);
    if (status != SGC_OK) {
        c->sequence = 0;
        return status;
    }
    return settle(c);
}

/* ---- public ---- */

static void tell(const struct committing *c, sgc_status status, sgc_commit_info *info)
{
    const sgc_txn *txn = c->txn;

    info->outcome = SGC_OUTCOME_REFUSED;
    if (status == SGC_OK) info->outcome = SGC_OUTCOME_COMMITTED;
    if (status == SGC_UNKNOWN_OUTCOME) info->outcome = SGC_OUTCOME_UNKNOWN;
    info->sequence = status == SGC_OK ? c->sequence : 0;
    info->time_us = status == SGC_OK ? c->time_us : 0;
    info->error.status = status;
    info->error.text[0] = '\0';
    info->type = info->field = sgc_str_of(NULL, 0);
    if (status == SGC_OK) return;
    info->error = txn->error;
    info->type = txn->error_type;
    info->field = txn->error_field;
}

sgc_status sgc_commit(sgc_txn **txn, sgc_commit_info *info)
{
    struct committing c = {.txn = *txn};
    sgc_status status = SGC_OK;

    if (!c.txn) {
        if (info) *info = (sgc_commit_info){.outcome = SGC_OUTCOME_COMMITTED};
        return SGC_OK;
    }
    c.db = c.txn->db;
    sgc_txn_clear_error(c.txn);
    bool writes = c.txn->writes && !sgc_memtable_is_empty(c.txn->writes);
    if (writes || c.txn->claim) status = commit(&c);
    if (status == SGC_UNKNOWN_OUTCOME || status == SGC_READ_ONLY) {
        (void)sgc_txn_fail_stopped(c.txn, status);
    }
    (void)sgc_txn_fail_plain(c.txn, status);
    if (info) tell(&c, status, info);
    sgc_buf_free(&c.payload);
    sgc_txn_free(c.txn);
    *txn = NULL;
    return status;
}
