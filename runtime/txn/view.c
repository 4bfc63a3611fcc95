/*
 * view.c - which layers readers see: pinning, rotation of MemTables, and the background thread that
 * folds full ones into pages. Locks: the commit lock is taken before the view lock; neither is held
 * while anything is written.
 */
#include "txn/internal.h"

enum {
    FLUSH_TRIES = 5,
    FLUSH_PAUSE_US = 20000,
};

sgc_status sgc_layer_create(const sgc_schema *schema, struct sgc_layer **layer)
{
    struct sgc_layer *made = sgc_alloc_zero(1, sizeof *made);
    sgc_status status = made ? SGC_OK : SGC_NO_MEMORY;

    if (made) status = sgc_memtable_create(schema, &made->memtable);
    if (status != SGC_OK) {
        sgc_free(made);
        made = NULL;
    } else {
        atomic_init(&made->references, 1);
    }
    *layer = made;
    return status;
}

void sgc_layer_release(struct sgc_layer *layer)
{
    if (!layer || atomic_fetch_sub(&layer->references, 1) != 1) return;
    if (layer->left) atomic_fetch_sub(layer->left, sgc_memtable_bytes(layer->memtable));
    sgc_memtable_destroy(layer->memtable);
    sgc_layer_free_commits(layer);
    sgc_free(layer);
}

void sgc_view_unpin(struct sgc_view *view)
{
    if (!view || atomic_fetch_sub(&view->references, 1) != 1) return;
    for (size_t i = 0; i < view->count; i++)
        sgc_layer_release(view->layers[i]);
    sgc_checkpoint_release(view->checkpoint);
    sgc_free(view);
}

struct sgc_view *sgc_view_pin(sgc_db *db)
{
    sgc_mutex_lock(&db->view_lock);
    struct sgc_view *view = db->view;
    atomic_fetch_add_explicit(&view->references, 1, memory_order_relaxed);
    sgc_mutex_unlock(&db->view_lock);
    return view;
}

struct sgc_view *sgc_view_without_pages(const struct sgc_view *view)
{
    struct sgc_view *made = sgc_alloc_zero(1, sizeof *made);

    if (!made) return NULL;
    atomic_init(&made->references, 1);
    made->count = view->count;
    for (size_t i = 0; i < view->count; i++) {
        made->layers[i] = view->layers[i];
        atomic_fetch_add(&made->layers[i]->references, 1);
    }
    return made;
}

/*
 * The database's own reference of a view that was replaced is given up when no transaction reads it
 * any more: then here, or when the last of those ends. View lock held.
 */
static struct sgc_view *take_unread(sgc_db *db)
{
    struct sgc_view **at = &db->left_views, *unread = NULL;

    while (*at) {
        struct sgc_view *view = *at;
        if (sgc_view_is_read(db, view)) {
            at = &view->left;
            continue;
        }
        *at = view->left;
        view->left = unread;
        unread = view;
    }
    return unread;
}

static void unpin_all(struct sgc_view *views)
{
    while (views) {
        struct sgc_view *next = views->left;
        sgc_view_unpin(views);
        views = next;
    }
}

void sgc_view_collect(sgc_db *db)
{
    sgc_mutex_lock(&db->view_lock);
    struct sgc_view *unread = take_unread(db);
    sgc_mutex_unlock(&db->view_lock);
    unpin_all(unread);
    if (unread) sgc_memory_give_back(); /* MemTables that only these views had */
}

static void replace_view(sgc_db *db, struct sgc_view *view)
{
    struct sgc_view *old = db->view;

    db->view = view;
    if (!db->switching) atomic_store(&db->current, view);
    if (!old) return;
    if (old->checkpoint != view->checkpoint) atomic_fetch_add(&db->renewals, 1);
    old->left = db->left_views;
    db->left_views = old;
    unpin_all(take_unread(db));
}

sgc_status sgc_view_install(sgc_db *db, sgc_checkpoint *checkpoint, struct sgc_layer *const *layers,
                            size_t count)
{
    struct sgc_view *view = sgc_alloc_zero(1, sizeof *view);

    assert(count > 0 && count <= SGC_MAX_LAYERS);
    if (!view) return SGC_NO_MEMORY;
    atomic_init(&view->references, 1);
    view->checkpoint = sgc_checkpoint_retain(checkpoint);
    view->sequence = sgc_checkpoint_sequence(checkpoint);
    view->count = count;
    for (size_t i = 0; i < count; i++) {
        view->layers[i] = layers[i];
        atomic_fetch_add(&layers[i]->references, 1);
    }
    replace_view(db, view);
    return SGC_OK;
}

struct sgc_layer *sgc_view_active(sgc_db *db)
{
    sgc_mutex_lock(&db->view_lock);
    struct sgc_layer *active = db->view->layers[0];
    sgc_mutex_unlock(&db->view_lock);
    return active;
}

/* Puts `fresh` (and `adopted`, when given) on top; an empty active layer below them is dropped. */
static sgc_status push_layers(sgc_db *db, struct sgc_layer *fresh, struct sgc_layer *adopted)
{
    struct sgc_layer *layers[SGC_MAX_LAYERS + 2] = {fresh};
    size_t count = 1;

    if (adopted) layers[count++] = adopted;
    uint64_t left = atomic_load(&db->left_bytes);
    sgc_mutex_lock(&db->view_lock);
    struct sgc_layer *active = db->view->layers[0];
    bool keep = !sgc_memtable_is_empty(active->memtable);
    for (size_t i = keep ? 0 : 1; i < db->view->count; i++)
        layers[count++] = db->view->layers[i];
    sgc_status status = sgc_flusher_need(db);
    if (status == SGC_OK) status = sgc_view_install(db, db->view->checkpoint, layers, count);
    if (status == SGC_OK && keep) active->sealed = true;
    sgc_cond_broadcast(&db->view_changed);
    sgc_mutex_unlock(&db->view_lock);
    if (atomic_load(&db->left_bytes) < left) sgc_memory_give_back();
    return status;
}

sgc_status sgc_view_rotate(sgc_db *db)
{
    struct sgc_layer *fresh;

    if (sgc_memtable_is_empty(sgc_view_active(db)->memtable)) return SGC_OK;
    sgc_status status = sgc_layer_create(db->schema, &fresh);
    if (status != SGC_OK) return status;
    status = push_layers(db, fresh, NULL);
    sgc_layer_release(fresh);
    return status;
}

sgc_status sgc_view_adopt(sgc_db *db, sgc_memtable *memtable, struct sgc_layer **adopted)
{
    struct sgc_layer *fresh;
    struct sgc_layer *layer = sgc_alloc_zero(1, sizeof *layer);
    sgc_status status = layer ? sgc_layer_create(db->schema, &fresh) : SGC_NO_MEMORY;

    *adopted = NULL;
    if (status == SGC_OK) {
        atomic_init(&layer->references, 1);
        layer->memtable = memtable;
        status = push_layers(db, fresh, layer);
        sgc_layer_release(fresh);
    }
    if (status != SGC_OK) {
        sgc_free(layer);
        return status;
    }
    *adopted = layer;
    return SGC_OK;
}

/*
 * Readers that pinned the view in between keep the layer, so its MemTable now belongs to it;
 * nothing of it was or will be published.
 */
void sgc_view_disown(sgc_db *db, struct sgc_layer *adopted)
{
    sgc_memtable_rollback(adopted->memtable, 0);
    sgc_view_seal(db, adopted);
}

void sgc_view_seal(sgc_db *db, struct sgc_layer *layer)
{
    sgc_mutex_lock(&db->view_lock);
    layer->sealed = true;
    sgc_cond_broadcast(&db->view_changed);
    sgc_mutex_unlock(&db->view_lock);
    sgc_layer_release(layer);
}

static size_t sealed_count(const struct sgc_view *view)
{
    size_t count = 0;

    for (size_t i = 0; i < view->count; i++)
        count += view->layers[i]->sealed;
    return count;
}

uint64_t sgc_view_bytes(const struct sgc_view *view)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < view->count; i++)
        bytes += sgc_memtable_bytes(view->layers[i]->memtable);
    return bytes;
}

/* Whether so much waits for the flush that a commit has to wait, too. View lock held. */
static bool is_full(sgc_db *db)
{
    size_t sealed = sealed_count(db->view);

    if (sealed == 0) return false;
    return sealed >= SGC_WAITING_MEMTABLES ||
           sgc_view_bytes(db->view) > (SGC_WAITING_MEMTABLES + 1) * db->memtable_bytes;
}

sgc_status sgc_view_wait_for_room(sgc_db *db)
{
    sgc_mutex_lock(&db->view_lock);
    while (is_full(db) && !db->flush_failed) {
        sgc_cond_wait(&db->view_changed, &db->view_lock);
    }
    bool failed = db->flush_failed;
    sgc_mutex_unlock(&db->view_lock);
    return failed ? SGC_READ_ONLY : SGC_OK;
}

sgc_status sgc_view_wait_for_flush(sgc_db *db, bool merged)
{
    sgc_mutex_lock(&db->view_lock);
    while ((sealed_count(db->view) > 0 || (merged && db->merging.state != SGC_MERGE_IDLE)) &&
           !db->flush_failed) {
        sgc_cond_wait(&db->view_changed, &db->view_lock);
    }
    sgc_status status = db->flush_failed ? db->flush_error.status : SGC_OK;
    sgc_mutex_unlock(&db->view_lock);
    return status;
}

/* ---- the flusher ---- */

/* Rows whose pages the device is told of before the first of them is waited for. */
struct flushing {
    sgc_flush *flush;
    sgc_error *error;
    struct {
        const sgc_version *version;
        sgc_str key;
        uint16_t table;
    } rows[SGC_READS_TOGETHER];
    size_t count;
};

static sgc_status flush_rows(struct flushing *f)
{
    sgc_status status = SGC_OK;

    for (size_t i = 0; i < f->count; i++)
        sgc_flush_will_change(f->flush, f->rows[i].table, f->rows[i].key);
    for (size_t i = 0; status == SGC_OK && i < f->count; i++)
        status =
            sgc_flush_row(f->flush, f->rows[i].table, f->rows[i].key, f->rows[i].version, f->error);
    f->count = 0;
    return status;
}

static sgc_status flush_row(void *context, uint16_t table, sgc_str key, const sgc_version *version)
{
    struct flushing *f = context;

    f->rows[f->count].version = version;
    f->rows[f->count].key = key;
    f->rows[f->count].table = table;
    return ++f->count < SGC_READS_TOGETHER ? SGC_OK : flush_rows(f);
}

/* Oldest first, so that newer versions of a row replace older ones. */
static sgc_status write_pages(sgc_db *db, struct sgc_layer *const *layers, size_t count,
                              sgc_error *error)
{
    struct flushing f = {.error = error};
    uint64_t sequence = 0, time_us = 0;

    sgc_status status = sgc_flush_begin(db->pages, &f.flush, error);
    if (status != SGC_OK) return status;
    for (size_t i = count; status == SGC_OK && i-- > 0;) {
        if (layers[i]->last_sequence) sequence = layers[i]->last_sequence;
        if (layers[i]->last_time) time_us = layers[i]->last_time;
        status = sgc_layer_flush_commits(layers[i], f.flush, error);
        if (status == SGC_OK)
            status = sgc_memtable_each(layers[i]->memtable, SGC_NEWEST, flush_row, &f);
        if (status == SGC_OK) status = flush_rows(&f);
    }
    if (status != SGC_OK) {
        sgc_flush_abort(f.flush);
        return status;
    }
    sgc_log_place place = sgc_log_place_of(db->log, sequence);
    sgc_flush_set_log(f.flush, &place);
    return sgc_flush_commit(f.flush, sequence, time_us, error);
}

static sgc_status flush_layers(sgc_db *db, struct sgc_layer *const *layers, size_t count,
                               sgc_error *error)
{
    uint64_t last = 0;
    bool empty = true;

    for (size_t i = 0; i < count; i++) {
        empty = empty && sgc_memtable_is_empty(layers[i]->memtable);
        if (layers[i]->last_sequence > last) last = layers[i]->last_sequence;
    }
    if (empty) return SGC_OK;
    sgc_status status = sgc_log_wait(db->log, last);
    if (status != SGC_OK) return sgc_fail(error, status, "the log failed before the flush");
    return write_pages(db, layers, count, error);
}

/* From now on only readers keep it. */
static void count_left(sgc_db *db, struct sgc_layer *layer)
{
    if (layer->left) return; /* the flush is tried again */
    layer->left = &db->left_bytes;
    atomic_fetch_add(layer->left, sgc_memtable_bytes(layer->memtable));
}

/* The layers left over after the lowest `count` went into the newest checkpoint. */
static sgc_status drop_layers(sgc_db *db, size_t count)
{
    sgc_checkpoint *newest = sgc_pages_newest(db->pages);
    size_t left = db->view->count - count;

    for (size_t i = left; i < db->view->count; i++)
        count_left(db, db->view->layers[i]);
    sgc_serializable_retire(db, db->view->layers + left, count);
    sgc_status status = sgc_view_install(db, newest, db->view->layers, left);
    sgc_checkpoint_release(newest);
    return status;
}

/* Sealed layers at the bottom of the view, newest first; view lock held. */
static size_t take_sealed(const struct sgc_view *view, struct sgc_layer **layers)
{
    size_t first = view->count;

    while (first > 1 && view->layers[first - 1]->sealed)
        first--;
    for (size_t i = first; i < view->count; i++)
        layers[i - first] = view->layers[i];
    return view->count - first;
}

/* Memory may come back, and nothing is lost while layers wait. View lock held, given up in between.
 */
static sgc_status flush_patiently(sgc_db *db, struct sgc_layer *const *layers, size_t count,
                                  sgc_error *error)
{
    sgc_status status = SGC_NO_MEMORY;
    bool written = false;

    for (int i = 0; status == SGC_NO_MEMORY && i < FLUSH_TRIES; i++) {
        if (i) (void)sgc_cond_wait_for(&db->view_changed, &db->view_lock, FLUSH_PAUSE_US);
        if (!written) {
            sgc_mutex_unlock(&db->view_lock);
            status = flush_layers(db, layers, count, error);
            sgc_mutex_lock(&db->view_lock);
            written = status == SGC_OK;
        }
        if (written) status = drop_layers(db, count);
    }
    return status;
}

/* Nothing is written any more. View lock held. */
void sgc_view_fail(sgc_db *db, sgc_status status, sgc_error *error)
{
    if (error->status == SGC_OK) sgc_fail(error, status, "%s", sgc_status_text(status));
    db->flush_error = *error;
    db->flush_failed = true;
    atomic_store(&db->read_only, true);
}

static void flush_once(sgc_db *db, struct sgc_layer **layers, size_t count)
{
    sgc_error error = {SGC_OK, ""};
    uint64_t last = layers[0]->last_sequence;
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++)
        bytes += sgc_memtable_bytes(layers[i]->memtable);
    sgc_status status = flush_patiently(db, layers, count, &error);

    if (status != SGC_OK) sgc_view_fail(db, status, &error);
    if (status == SGC_OK) {
        sgc_merge_want(db);
        db->building.stuck = false;
    }
    sgc_cond_broadcast(&db->view_changed);
    if (status != SGC_OK) return;
    sgc_mutex_unlock(&db->view_lock);
    /* Space that could not be given back is given back by the next flush. */
    if (last) status = sgc_log_release(db->log, last);
    if (bytes >= SGC_GIVE_BACK_LEAST) sgc_memory_give_back();
    sgc_mutex_lock(&db->view_lock);
}

/* View lock held, given up in between. */
static void publish_merge(sgc_db *db)
{
    sgc_error error = {SGC_OK, ""};
    sgc_status status = sgc_merge_publish(db, &error);

    if (status != SGC_OK) sgc_view_fail(db, status, &error);
    sgc_cond_broadcast(&db->view_changed);
}

static void run_task(sgc_db *db)
{
    struct sgc_task *task = db->task;

    sgc_mutex_unlock(&db->view_lock);
    sgc_maintain_run(db, task);
    sgc_mutex_lock(&db->view_lock);
    task->done = true;
    db->task = NULL;
    if (db->merging.again) sgc_merge_want(db);
    sgc_cond_broadcast(&db->view_changed);
}

/* The last step of a load; its committer waits and lets nobody else commit. View lock held. */
static void run_landing(sgc_db *db)
{
    struct sgc_landing *landing = db->landing;

    landing->taken = true;
    sgc_mutex_unlock(&db->view_lock);
    sgc_landing_run(db, landing);
    sgc_mutex_lock(&db->view_lock);
    db->landing = NULL;
    landing->done = true;
    if (landing->status == SGC_OK) sgc_merge_want(db);
    sgc_cond_broadcast(&db->view_changed);
}

static void *run_flusher(void *argument)
{
    sgc_db *db = argument;
    struct sgc_layer *layers[SGC_MAX_LAYERS];
    bool flushed = false; /* flushes and rounds of an index build take turns */

    sgc_mutex_lock(&db->view_lock);
    while (!db->flush_failed) {
        size_t count = take_sealed(db->view, layers);
        bool idle = db->merging.state == SGC_MERGE_IDLE, builds = sgc_building_wants(db);
        if (db->merging.state == SGC_MERGE_DONE) {
            publish_merge(db);
        } else if (count && !(flushed && builds)) {
            flush_once(db, layers, count);
            flushed = true;
        } else if (count == 0 && db->landing) {
            run_landing(db);
        } else if (idle && db->task) {
            run_task(db);
        } else if (idle && db->stopping) {
            break;
        } else if (builds) {
            sgc_building_round(db);
            flushed = false;
        } else {
            sgc_cond_wait(&db->view_changed, &db->view_lock);
        }
    }
    sgc_mutex_unlock(&db->view_lock);
    return NULL;
}

sgc_status sgc_flusher_need(sgc_db *db)
{
    if (db->flusher_runs) return SGC_OK;
    sgc_status status = sgc_thread_start(&db->flusher, run_flusher, db);
    db->flusher_runs = status == SGC_OK;
    return status;
}
