/*
 * idempotency.c - work that is done at most once. A key is a row of a table of the engine, written
 * by the same commit as the work, so both are there or neither, after a crash too. Among open
 * transactions a key has one owner, the others wait for its end; each commit with a key takes away
 * a few that have expired.
 */
#include "txn/internal.h"

enum { KEY_MAX = 255, CLEAN = 4, HOURS_24 = 24 * 3600 };

#define DEFAULT_US ((uint64_t)HOURS_24 * 1000000)

/* A key of an open transaction. */
struct sgc_claim {
    struct sgc_claim *next;
    uint64_t request[2];
    uint64_t expires_us; /* how long after the commit */
    size_t old_count;
    sgc_str old_keys[CLEAN]; /* expired rows that go; in the transaction's arena */
    size_t size;
    char key[];
};

struct stored_key {
    uint64_t expiry, sequence, time, request[2];
};

static sgc_str key_of(const struct sgc_claim *claim)
{
    return sgc_str_of(claim->key, claim->size);
}

static struct stored_key unpack(sgc_str record)
{
    const uint8_t *p = (const uint8_t *)record.data + SGC_RECORD_HEAD;

    return (struct stored_key){
        .expiry = (uint64_t)sgc_slot_int64(p),
        .sequence = (uint64_t)sgc_slot_int64(p + 9),
        .time = (uint64_t)sgc_slot_int64(p + 18),
        .request = {(uint64_t)sgc_slot_int64(p + 27), (uint64_t)sgc_slot_int64(p + 36)},
    };
}

static sgc_str pack(char *room, const struct stored_key *stored, sgc_str key)
{
    uint8_t *p = sgc_put_record_head((uint8_t *)room, 6, 1);

    p = sgc_put_int64(p, true, (int64_t)stored->expiry);
    p = sgc_put_int64(p, true, (int64_t)stored->sequence);
    p = sgc_put_int64(p, true, (int64_t)stored->time);
    p = sgc_put_int64(p, true, (int64_t)stored->request[0]);
    p = sgc_put_int64(p, true, (int64_t)stored->request[1]);
    p = sgc_put_str(p, key);
    return sgc_str_of(room, (size_t)((char *)p - room));
}

/* ---- one owner at a time ---- */

static bool is_claimed(const sgc_db *db, sgc_str key)
{
    const struct sgc_claim *claim = db->claims;

    while (claim && !sgc_str_eq(key_of(claim), key))
        claim = claim->next;
    return claim != NULL;
}

static void take(sgc_db *db, struct sgc_claim *claim)
{
    sgc_mutex_lock(&db->claim_lock);
    while (is_claimed(db, key_of(claim)))
        sgc_cond_wait(&db->claim_ended, &db->claim_lock);
    claim->next = db->claims;
    db->claims = claim;
    sgc_mutex_unlock(&db->claim_lock);
}

void sgc_claim_end(sgc_txn *txn)
{
    sgc_db *db = txn->db;
    struct sgc_claim *claim = txn->claim;

    if (!claim) return;
    sgc_mutex_lock(&db->claim_lock);
    struct sgc_claim **at = &db->claims;
    while (*at != claim)
        at = &(*at)->next;
    *at = claim->next;
    sgc_cond_broadcast(&db->claim_ended);
    sgc_mutex_unlock(&db->claim_lock);
    sgc_free(claim);
    txn->claim = NULL;
}

sgc_status sgc_claim_begin(sgc_txn *txn, const sgc_txn_options *options, sgc_error *error)
{
    sgc_str key = options->idempotency_key, request = options->request;

    if (key.size == 0) return sgc_fail(error, SGC_INVALID, "the idempotency key is empty");
    if (key.size > KEY_MAX) {
        return sgc_fail(error, SGC_LIMIT, "an idempotency key has at most %d bytes, not %zu",
                        KEY_MAX, key.size);
    }
    struct sgc_claim *claim = sgc_alloc_zero(1, sizeof *claim + key.size);
    if (!claim) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    claim->size = key.size;
    memcpy(claim->key, key.data, key.size);
    claim->request[0] = sgc_hash(request.data, request.size, 1);
    claim->request[1] = sgc_hash(request.data, request.size, 2);
    claim->expires_us = options->idempotency_us ? options->idempotency_us : DEFAULT_US;
    if (claim->expires_us > INT64_MAX / 2) claim->expires_us = INT64_MAX / 2;
    take(txn->db, claim);
    txn->claim = claim;
    return SGC_OK;
}

/* ---- what was done before ---- */

static uint16_t table_of(const sgc_txn *txn)
{
    return sgc_user_tables(txn->schema); /* the first of the engine's */
}

static struct sgc_reads plain_source(const sgc_txn *txn)
{
    struct sgc_reads source = txn->source;

    source.kept = NULL;
    return source;
}

/* Expired ones, oldest first; without memory or luck a later commit takes them. */
static sgc_status find_expired(sgc_txn *txn, struct sgc_claim *claim, sgc_error *error)
{
    struct sgc_walk walk;
    struct sgc_reads source = plain_source(txn);
    sgc_status status;
    sgc_str record;
    bool borrowed;

    sgc_walk_open(&walk, &source, table_of(txn), 1, false);
    status = sgc_walk_seek(&walk, sgc_str_of(NULL, 0), error);
    while (status == SGC_OK && walk.valid && claim->old_count < CLEAN) {
        status = sgc_walk_row(&walk, &txn->arena, &record, &borrowed, error);
        if (status != SGC_OK || unpack(record).expiry > txn->now_us) break;
        if (!sgc_str_eq(sgc_walk_key(&walk), key_of(claim))) {
            size_t n = claim->old_count;
            claim->old_keys[n] = sgc_arena_str(&txn->arena, sgc_walk_key(&walk));
            if (!claim->old_keys[n].data) break;
            claim->old_count++;
        }
        status = sgc_walk_next(&walk, error);
    }
    sgc_walk_close(&walk);
    return status;
}

static sgc_status answer(const struct sgc_claim *claim, const struct stored_key *stored,
                         sgc_commit_info *done, sgc_error *error)
{
    if (memcmp(stored->request, claim->request, sizeof stored->request) != 0) {
        return sgc_fail(error, SGC_INVALID,
                        "the idempotency key was used before with another request (commit %llu)",
                        (unsigned long long)stored->sequence);
    }
    if (done) {
        *done = (sgc_commit_info){.outcome = SGC_OUTCOME_COMMITTED,
                                  .sequence = stored->sequence,
                                  .time_us = stored->time};
    }
    return sgc_fail(error, SGC_EXISTS, "this was done before, by commit %llu",
                    (unsigned long long)stored->sequence);
}

sgc_status sgc_claim_look(sgc_txn *txn, sgc_commit_info *done, sgc_error *error)
{
    struct sgc_claim *claim = txn->claim;
    struct sgc_reads source = plain_source(txn);
    enum sgc_found found;
    sgc_str record;
    sgc_error ignored;

    if (!error) error = &ignored;
    sgc_status status =
        sgc_reads_get(&source, table_of(txn), key_of(claim), &txn->arena, &found, &record, error);
    if (status != SGC_OK) return status;
    if (found == SGC_FOUND_ROW) {
        struct stored_key stored = unpack(record);
        if (stored.expiry > txn->now_us) return answer(claim, &stored, done, error);
    }
    return find_expired(txn, claim, error);
}

/* ---- into the commit ---- */

/* The record of a key as it is now: others take expired ones away, too. Commit lock held. */
static sgc_status read_now(sgc_txn *txn, const struct sgc_reads *now, sgc_str key, sgc_str *record)
{
    enum sgc_found found;
    sgc_status status =
        sgc_reads_get(now, table_of(txn), key, &txn->arena, &found, record, &txn->error);

    if (found != SGC_FOUND_ROW) *record = sgc_str_of(NULL, 0);
    return status;
}

struct putting {
    sgc_txn *txn;
    const struct sgc_reads *now;
    sgc_memtable *memtable;
    uint64_t position, time_us;
    sgc_buf *payload;
};

static sgc_status put(struct putting *p, sgc_event *event, sgc_str before)
{
    sgc_payload_add(p->payload, p->txn->schema, event);
    if (p->payload->failed) return SGC_NO_MEMORY;
    return sgc_memtable_put(p->memtable, event->table, event->key, before, event->record,
                            p->position);
}

static sgc_status put_key(struct putting *p, uint64_t sequence)
{
    struct sgc_claim *claim = p->txn->claim;
    char room[SGC_RECORD_HEAD + 5 * 9 + KEY_MAX + 5];
    struct stored_key stored = {p->time_us + claim->expires_us,
                                sequence,
                                p->time_us,
                                {claim->request[0], claim->request[1]}};
    sgc_event event = {SGC_EVENT_INSERT, table_of(p->txn), key_of(claim), {NULL, 0}};
    sgc_str before;
    sgc_status status = read_now(p->txn, p->now, event.key, &before);

    if (status != SGC_OK) return status;
    event.record = pack(room, &stored, event.key);
    if (before.data) event.kind = SGC_EVENT_PATCH;
    return put(p, &event, before);
}

static sgc_status put_end(struct putting *p, sgc_str key)
{
    sgc_event event = {SGC_EVENT_DELETE, table_of(p->txn), key, {NULL, 0}};
    sgc_str before;
    sgc_status status = read_now(p->txn, p->now, key, &before);

    if (status != SGC_OK || !before.data || unpack(before).expiry > p->txn->now_us) return status;
    return put(p, &event, before);
}

sgc_status sgc_claim_put(sgc_txn *txn, sgc_memtable *memtable, uint64_t position, uint64_t sequence,
                         uint64_t time_us, sgc_buf *payload)
{
    struct sgc_view *view = sgc_view_pin(txn->db);
    struct sgc_reads now = sgc_moment_reads(txn->schema, view, SGC_NEWEST);
    struct putting p = {txn, &now, memtable, position, time_us, payload};
    sgc_status status = put_key(&p, sequence);

    for (size_t i = 0; status == SGC_OK && i < txn->claim->old_count; i++)
        status = put_end(&p, txn->claim->old_keys[i]);
    sgc_view_unpin(view);
    return status;
}
