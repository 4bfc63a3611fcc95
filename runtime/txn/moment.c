/*
 * moment.c - moments of the database: which commit was the last one at a time, what a transaction
 * at an earlier sequence reads from, and how long readers move to newer views. Times of commits
 * since the last flush are kept by the layers, older ones by the history.
 */
#include "txn/internal.h"

enum { FIRST_COMMITS = 64, MOST_COMMITS = 8192 };

/* ---- commits of a layer ---- */

/* Which number of a commit is meant. */
typedef uint64_t number_of(const struct sgc_moment_of *commit);

static uint64_t sequence_of(const struct sgc_moment_of *commit)
{
    return atomic_load_explicit(&commit->sequence, memory_order_relaxed);
}

static uint64_t time_of(const struct sgc_moment_of *commit)
{
    return atomic_load_explicit(&commit->time_us, memory_order_relaxed);
}

static sgc_status expect_commit(struct sgc_layer *layer)
{
    struct sgc_commit_block *newest = atomic_load_explicit(&layer->commits, memory_order_relaxed);
    size_t capacity = FIRST_COMMITS;

    if (newest) {
        if (atomic_load_explicit(&newest->count, memory_order_relaxed) < newest->capacity) {
            return SGC_OK;
        }
        capacity = newest->capacity < MOST_COMMITS ? newest->capacity * 2 : MOST_COMMITS;
    }
    struct sgc_commit_block *block =
        sgc_alloc(sizeof *block + capacity * sizeof(struct sgc_moment_of));
    if (!block) return SGC_NO_MEMORY;
    block->older = newest;
    block->newer = NULL;
    block->capacity = capacity;
    atomic_init(&block->count, 0);
    if (newest) newest->newer = block;
    atomic_store_explicit(&layer->commits, block, memory_order_release);
    return SGC_OK;
}

sgc_status sgc_layer_note(struct sgc_layer *layer, uint64_t sequence, uint64_t time_us)
{
    sgc_status status = expect_commit(layer);

    if (status != SGC_OK) return status;
    struct sgc_commit_block *newest = atomic_load_explicit(&layer->commits, memory_order_relaxed);
    size_t count = atomic_load_explicit(&newest->count, memory_order_relaxed);
    /* A reader may still look at a commit that was noted here and refused: it had this number. */
    atomic_store_explicit(&newest->items[count].sequence, sequence, memory_order_relaxed);
    atomic_store_explicit(&newest->items[count].time_us, time_us, memory_order_relaxed);
    atomic_store_explicit(&newest->count, count + 1, memory_order_release);
    return SGC_OK;
}

void sgc_layer_forget(struct sgc_layer *layer)
{
    struct sgc_commit_block *newest = atomic_load_explicit(&layer->commits, memory_order_relaxed);
    size_t count = atomic_load_explicit(&newest->count, memory_order_relaxed);

    assert(count > 0);
    atomic_store_explicit(&newest->count, count - 1, memory_order_release);
}

void sgc_layer_took(struct sgc_layer *layer, uint64_t sequence, uint64_t time_us, size_t log_bytes)
{
    layer->last_sequence = sequence;
    layer->last_time = time_us;
    layer->log_bytes += log_bytes;
}

void sgc_layer_free_commits(struct sgc_layer *layer)
{
    struct sgc_commit_block *block = atomic_load(&layer->commits);

    while (block) {
        struct sgc_commit_block *older = block->older;
        sgc_free(block);
        block = older;
    }
}

sgc_status sgc_layer_flush_commits(const struct sgc_layer *layer, sgc_flush *flush,
                                   sgc_error *error)
{
    const struct sgc_commit_block *block = atomic_load(&layer->commits);
    sgc_status status = SGC_OK;

    while (block && block->older)
        block = block->older;
    for (; status == SGC_OK && block; block = block->newer) {
        size_t count = atomic_load_explicit(&block->count, memory_order_acquire);
        for (size_t i = 0; status == SGC_OK && i < count; i++) {
            const struct sgc_moment_of *commit = &block->items[i];
            status = sgc_flush_add_commit(flush, sequence_of(commit), time_of(commit), error);
        }
    }
    return status;
}

/* The last of the block's `count` commits whose number is at most `bound`. */
static const struct sgc_moment_of *find_in_block(const struct sgc_commit_block *block, size_t count,
                                                 number_of *number, uint64_t bound)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (number(&block->items[middle]) <= bound) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low ? &block->items[low - 1] : NULL;
}

/* The last commit of the layers whose number is at most `bound`; NULL when all are behind it. */
static const struct sgc_moment_of *find_commit(const struct sgc_view *view, number_of *number,
                                               uint64_t bound)
{
    for (size_t i = 0; i < view->count; i++) {
        const struct sgc_commit_block *block =
            atomic_load_explicit(&view->layers[i]->commits, memory_order_acquire);
        for (; block; block = block->older) {
            size_t count = atomic_load_explicit(&block->count, memory_order_acquire);
            const struct sgc_moment_of *found = find_in_block(block, count, number, bound);
            if (found) return found;
        }
    }
    return NULL;
}

sgc_status sgc_view_sequence_at(const struct sgc_view *view, uint64_t head, uint64_t time_us,
                                uint64_t *sequence, sgc_error *error)
{
    const struct sgc_moment_of *commit = find_commit(view, time_of, time_us);

    if (commit && sequence_of(commit) > head) commit = find_commit(view, sequence_of, head);
    if (commit) {
        *sequence = sequence_of(commit);
        return SGC_OK;
    }
    return sgc_segments_sequence_at(sgc_checkpoint_history(view->checkpoint), time_us, sequence,
                                    error);
}

sgc_status sgc_view_time_of(const struct sgc_view *view, uint64_t sequence, uint64_t *time_us,
                            sgc_error *error)
{
    const struct sgc_moment_of *commit = find_commit(view, sequence_of, sequence);

    if (commit && sequence_of(commit) != sequence) return SGC_NOT_FOUND;
    if (commit) {
        *time_us = time_of(commit);
        return SGC_OK;
    }
    return sgc_segments_time_of(sgc_checkpoint_history(view->checkpoint), sequence, time_us, error);
}

/* ---- reading at a moment ---- */

struct sgc_reads sgc_moment_reads(const sgc_schema *schema, const struct sgc_view *view,
                                  uint64_t at)
{
    struct sgc_reads reads = {.schema = schema,
                              .checkpoint = view->checkpoint,
                              .layers = view->layers,
                              .count = view->count,
                              .at = at,
                              .writes_at = SGC_NEWEST};

    if (at < sgc_checkpoint_sequence(view->checkpoint)) {
        reads.past = sgc_checkpoint_history(view->checkpoint);
        reads.count = 0; /* all that is in memory came later */
    }
    return reads;
}

sgc_status sgc_moment_kept(const sgc_schema *schema, const sgc_segments *segments, uint16_t table,
                           uint64_t at, sgc_error *error)
{
    const sgc_table *t = &schema->tables[table];
    uint64_t horizon = sgc_segments_horizon(segments, table);

    if (!t->history) {
        return sgc_fail(error, SGC_HISTORY_PRUNED,
                        SGC_FMT " keeps no history, sequence %llu is past", SGC_ARG(t->name),
                        (unsigned long long)at);
    }
    if (at >= horizon) return SGC_OK;
    return sgc_fail(error, SGC_HISTORY_PRUNED,
                    "the history of " SGC_FMT " is kept from sequence %llu on, not at %llu",
                    SGC_ARG(t->name), (unsigned long long)horizon, (unsigned long long)at);
}

sgc_status sgc_moment_check(const struct sgc_reads *source, uint16_t table, sgc_error *error)
{
    if (source->at == 0) return SGC_OK; /* there was nothing */
    return sgc_moment_kept(source->schema, source->past, table, source->at, error);
}

sgc_status sgc_moment_sequence(sgc_txn *txn, sgc_moment moment, bool before, uint64_t *sequence)
{
    uint64_t value = moment.value - (before && moment.value > 0);

    *sequence = txn->snapshot;
    if (moment.kind == SGC_MOMENT_SEQUENCE && value < txn->snapshot) *sequence = value;
    if (moment.kind != SGC_MOMENT_TIME) return SGC_OK;
    return sgc_view_sequence_at(txn->view, txn->snapshot, value, sequence, &txn->error);
}

sgc_status sgc_moment_go(sgc_txn *txn, sgc_moment moment)
{
    uint64_t sequence = txn->snapshot;
    sgc_status status = SGC_OK;

    if (moment.kind == SGC_MOMENT_SEQUENCE) {
        if (moment.value > sequence) return SGC_INVALID;
        sequence = moment.value;
    } else if (moment.kind == SGC_MOMENT_TIME) {
        status =
            sgc_view_sequence_at(txn->view, txn->snapshot, moment.value, &sequence, &txn->error);
    }
    if (status != SGC_OK || sequence == txn->snapshot) return status;
    txn->snapshot = sequence;
    atomic_store_explicit(&txn->sequence, sequence, memory_order_relaxed);
    txn->source = sgc_moment_reads(txn->schema, txn->view, sequence);
    return SGC_OK;
}

/* ---- moving to newer views ---- */

static bool is_kept(const sgc_txn *txn, const struct sgc_view *view)
{
    const sgc_segments *segments = sgc_checkpoint_history(view->checkpoint);

    if (txn->snapshot >= sgc_checkpoint_sequence(view->checkpoint)) return true;
    if (!txn->db->all_history) return false;
    for (uint16_t i = 0; i < sgc_user_tables(txn->schema); i++) {
        if (sgc_segments_horizon(segments, i) > txn->snapshot) return false;
    }
    return true;
}

/*
 * The pages of the old view become free; records that getters lent from its MemTables stay where
 * they are, so the first view keeps those. From then on getters copy.
 */
static bool move_to(sgc_txn *txn, struct sgc_view *view)
{
    bool move = view->checkpoint != txn->view->checkpoint && is_kept(txn, view);

    if (move && !txn->first_view) {
        txn->first_view = sgc_view_without_pages(txn->view);
        move = txn->first_view != NULL; /* without memory for it the old view does */
    }
    if (!move) return true;
    if (!sgc_txn_move(txn, view)) return false;
    txn->source = sgc_moment_reads(txn->schema, view, txn->snapshot);
    return true;
}

void sgc_moment_move(sgc_txn *txn)
{
    uint64_t renewals = atomic_load(&txn->db->renewals);
    bool done = false;

    if (txn->open_cursors) return;
    txn->renewals = renewals;
    if (!txn->reads_only) return;
    while (!done) {
        struct sgc_view *newest = sgc_view_pin(txn->db);
        done = move_to(txn, newest);
        sgc_view_unpin(newest);
    }
}

/* ---- public ---- */

sgc_status sgc_db_sequence_at(sgc_db *db, uint64_t time_us, uint64_t *sequence, sgc_error *error)
{
    /* Of a time ahead the answer is the one of now. */
    sgc_status ahead = sgc_commit_settle(db, time_us);
    uint64_t head = sgc_db_head(db);
    struct sgc_view *view = sgc_view_pin(db);

    (void)ahead;
    sgc_status status = sgc_view_sequence_at(view, head, time_us, sequence, error);
    sgc_view_unpin(view);
    return status;
}

sgc_status sgc_db_time_of(sgc_db *db, uint64_t sequence, uint64_t *time_us, sgc_error *error)
{
    if (sequence > sgc_db_head(db)) {
        return sgc_fail(error, SGC_NOT_FOUND, "there is no commit %llu yet",
                        (unsigned long long)sequence);
    }
    struct sgc_view *view = sgc_view_pin(db);
    sgc_status status = sgc_view_time_of(view, sequence, time_us, error);
    sgc_view_unpin(view);
    if (status != SGC_NOT_FOUND) return status;
    return sgc_fail(error, status, "no commit has sequence %llu, or it is older than the history",
                    (unsigned long long)sequence);
}
