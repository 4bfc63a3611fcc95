/*
 * enter.c - which transactions are open, and what keeps the view alive that one of them reads.
 * What a transaction is otherwise begins in transaction.c; which view is current, view.c decides.
 *
 * Memory of transactions waits in slots. Who begins takes a free slot by writing the current view
 * into it, and ends by taking it out again: one exchange each, and no lock. The view must still be
 * the current one afterwards, else it is tried again, so whoever replaces it finds every slot that
 * holds it; and the snapshot is read in between, so the view holds all of it and its checkpoint
 * nothing newer. A view that is in a slot when it is replaced goes when the last such transaction
 * ends. More transactions than slots, and those that had to wait, are in a list under the view
 * lock.
 */
#include "txn/internal.h"

enum { TRIES = 8 };

/* What a short transaction needs: larger ones give their memory back. */
enum { KEPT_ARENA = 64 * 1024 };

static void free_memory(sgc_txn *txn)
{
    sgc_arena_free(&txn->scratch);
    sgc_arena_free(&txn->arena);
    sgc_free(txn);
}

static sgc_txn *new_txn(sgc_db *db)
{
    sgc_txn *txn = sgc_alloc_zero(1, sizeof *txn);

    if (!txn) return NULL;
    txn->db = db;
    atomic_init(&txn->sequence, SGC_NEWEST);
    return txn;
}

static void show(sgc_txn *txn, uint64_t begun_us)
{
    atomic_store_explicit(&txn->begun_us, begun_us, memory_order_relaxed);
    atomic_store_explicit(&txn->sequence, txn->snapshot, memory_order_release);
}

/* ---- in a slot ---- */

/* A free transaction of this slot, which holds the view from now on; or NULL. */
static sgc_txn *take(sgc_db *db, _Atomic(sgc_txn *) *slot, struct sgc_view *view)
{
    sgc_txn *txn = atomic_load_explicit(slot, memory_order_acquire), *none = NULL;
    struct sgc_view *nothing = NULL;

    if (txn) {
        if (atomic_load_explicit(&txn->reads, memory_order_relaxed)) return NULL;
        return atomic_compare_exchange_strong(&txn->reads, &nothing, view) ? txn : NULL;
    }
    txn = new_txn(db);
    if (!txn) return NULL;
    txn->has_slot = true;
    atomic_init(&txn->reads, view);
    if (atomic_compare_exchange_strong(slot, &none, txn)) return txn;
    free_memory(txn);
    return NULL;
}

/* Gives the slot back; views that only waited for it go. */
static void give_back(sgc_txn *txn, const struct sgc_view *view)
{
    sgc_db *db = txn->db;

    atomic_store_explicit(&txn->sequence, SGC_NEWEST, memory_order_relaxed);
    atomic_store(&txn->reads, NULL);
    if (atomic_load(&db->current) != view) sgc_view_collect(db);
}

/* Makes sure of the view it holds; false: it holds none, and the lock decides. */
static bool settle(sgc_txn *txn, struct sgc_view *view)
{
    sgc_db *db = txn->db;

    for (int i = 0; view && i < TRIES; i++) {
        txn->snapshot = atomic_load_explicit(&db->published, memory_order_acquire);
        txn->view = view;
        struct sgc_view *now = atomic_load(&db->current);
        /* The same address may be another view by now, with a checkpoint behind the snapshot. */
        if (now == view && txn->snapshot >= view->sequence) return true;
        view = now;
        if (view) atomic_store(&txn->reads, view);
    }
    give_back(txn, NULL);
    return false;
}

sgc_txn *sgc_txn_enter(sgc_db *db, uint64_t begun_us)
{
    struct sgc_view *view = atomic_load_explicit(&db->current, memory_order_acquire);
    unsigned first = sgc_thread_spread();
    sgc_txn *txn = NULL;

    for (unsigned i = 0; view && !txn && i < SGC_TXN_SLOTS; i++)
        txn = take(db, &db->slots[(first + i) % SGC_TXN_SLOTS], view);
    if (!txn || !settle(txn, view)) {
        txn = new_txn(db);
        if (txn) sgc_txn_enter_late(txn, begun_us);
        return txn;
    }
    show(txn, begun_us);
    return txn;
}

static void empty_arena(sgc_arena *arena)
{
    if (arena->total > KEPT_ARENA) {
        sgc_arena_free(arena);
    } else if (arena->total) {
        sgc_arena_reset(arena);
    }
}

/* ---- in the list ---- */

sgc_txn *sgc_txn_new(sgc_db *db)
{
    return new_txn(db);
}

void sgc_txn_discard(sgc_txn *txn)
{
    free_memory(txn);
}

void sgc_txn_enter_late(sgc_txn *txn, uint64_t begun_us)
{
    sgc_db *db = txn->db;

    sgc_mutex_lock(&db->view_lock);
    while (db->switching)
        sgc_cond_wait(&db->view_changed, &db->view_lock);
    txn->view = db->view;
    atomic_store(&txn->reads, txn->view);
    txn->snapshot = atomic_load_explicit(&db->published, memory_order_acquire);
    txn->before = NULL;
    txn->next = db->more_txns;
    if (txn->next) txn->next->before = txn;
    db->more_txns = txn;
    show(txn, begun_us);
    sgc_mutex_unlock(&db->view_lock);
}

static void leave_list(sgc_txn *txn)
{
    sgc_db *db = txn->db;

    sgc_mutex_lock(&db->view_lock);
    if (txn->next) txn->next->before = txn->before;
    if (txn->before) {
        txn->before->next = txn->next;
    } else {
        db->more_txns = txn->next;
    }
    sgc_mutex_unlock(&db->view_lock);
    free_memory(txn);
    sgc_view_collect(db);
}

void sgc_txn_leave(sgc_txn *txn)
{
    if (!txn->has_slot) {
        leave_list(txn);
        return;
    }
    empty_arena(&txn->scratch);
    empty_arena(&txn->arena);
    give_back(txn, txn->view);
}

bool sgc_txn_move(sgc_txn *txn, struct sgc_view *view)
{
    sgc_db *db = txn->db;

    /* Nothing is collected under the lock, so the view need not be looked at again. */
    sgc_mutex_lock(&db->view_lock);
    bool is_current = db->view == view;
    if (is_current) atomic_store(&txn->reads, view);
    sgc_mutex_unlock(&db->view_lock);
    if (!is_current) return false;
    txn->view = view;
    sgc_view_collect(db);
    return true;
}

/* ---- all of them ---- */

/* Calls each() for everything that is open or just beginning. View lock held. */
static void for_each(sgc_db *db, void (*each)(void *context, sgc_txn *txn), void *context)
{
    for (size_t i = 0; i < SGC_TXN_SLOTS; i++) {
        sgc_txn *txn = atomic_load(&db->slots[i]);
        if (txn && atomic_load(&txn->reads)) each(context, txn);
    }
    for (sgc_txn *txn = db->more_txns; txn; txn = txn->next)
        each(context, txn);
}

struct search {
    const struct sgc_view *view;
    bool found;
};

static void look(void *context, sgc_txn *txn)
{
    struct search *search = context;
    if (!search->view || atomic_load(&txn->reads) == search->view) search->found = true;
}

bool sgc_view_is_read(sgc_db *db, const struct sgc_view *view)
{
    struct search search = {view, false};

    for_each(db, look, &search);
    return search.found;
}

/* One that is only beginning will see what is published now or later. */
static void count(void *context, sgc_txn *txn)
{
    struct sgc_open_txns *open = context;
    uint64_t sequence = atomic_load_explicit(&txn->sequence, memory_order_acquire);
    uint64_t begun_us = atomic_load_explicit(&txn->begun_us, memory_order_relaxed);

    if (sequence == SGC_NEWEST) return;
    open->count++;
    if (sequence < open->oldest_sequence) open->oldest_sequence = sequence;
    if (begun_us < open->oldest_begin_us) open->oldest_begin_us = begun_us;
}

struct sgc_open_txns sgc_txns_open(sgc_db *db)
{
    struct sgc_open_txns open = {0, 0, UINT64_MAX};

    sgc_mutex_lock(&db->view_lock);
    open.oldest_sequence = atomic_load(&db->published);
    for_each(db, count, &open);
    sgc_mutex_unlock(&db->view_lock);
    return open;
}

/* Who began before the view is hidden is in a slot; who begins later finds none and waits. */
sgc_status sgc_txns_refuse(sgc_db *db)
{
    sgc_status status = SGC_BUSY;

    sgc_mutex_lock(&db->view_lock);
    if (!db->switching) {
        atomic_store(&db->current, NULL);
        if (sgc_view_is_read(db, NULL)) {
            atomic_store(&db->current, db->view);
        } else {
            db->switching = true;
            status = SGC_OK;
        }
    }
    sgc_mutex_unlock(&db->view_lock);
    return status;
}

void sgc_txns_admit(sgc_db *db)
{
    sgc_mutex_lock(&db->view_lock);
    db->switching = false;
    atomic_store(&db->current, db->view);
    sgc_cond_broadcast(&db->view_changed);
    sgc_mutex_unlock(&db->view_lock);
}

void sgc_txns_free(sgc_db *db)
{
    for (size_t i = 0; i < SGC_TXN_SLOTS; i++) {
        sgc_txn *txn = atomic_load(&db->slots[i]);
        if (txn) free_memory(txn);
    }
}
