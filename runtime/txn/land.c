/*
 * land.c - how a load becomes part of the database, on the flusher's thread while its committer
 * holds the commit lock: one event in the log takes the number, one checkpoint with the tables is
 * the commit. A crash in between leaves an event of which there is nothing in the pages; recovery
 * passes over it, and the number is used up.
 */
#include "txn/internal.h"

enum { TRIES = 5, PAUSE_US = 20000 };

static void logged(void *context, uint64_t sequence, sgc_status outcome)
{
    sgc_db *db = context;

    (void)sequence;
    if (outcome != SGC_OK) atomic_store(&db->read_only, true);
}

/* Nobody reads the number before the checkpoint is there. */
static sgc_status write_event(sgc_db *db, struct sgc_landing *landing)
{
    sgc_buf payload = {0};
    sgc_status status = SGC_NO_MEMORY;

    sgc_payload_load(&payload, db->schema, landing->load->filled);
    if (!payload.failed) {
        status = sgc_log_append(db->log, landing->sequence, landing->time_us,
                                sgc_buf_as_str(&payload), SGC_DURABILITY_FULL, logged, db);
    }
    sgc_buf_free(&payload);
    if (status == SGC_OK) {
        db->assigned = db->last_full = landing->sequence;
        db->last_time = landing->time_us;
        status = sgc_log_wait(db->log, landing->sequence);
    }
    if (status == SGC_READ_ONLY || status == SGC_UNKNOWN_OUTCOME)
        atomic_store(&db->read_only, true);
    if (status == SGC_OK) return SGC_OK;
    /* Whatever became of the event: without the checkpoint it says nothing. */
    if (status == SGC_UNKNOWN_OUTCOME) status = SGC_READ_ONLY;
    return sgc_db_fail(db, status, &landing->error);
}

static sgc_status write_checkpoint(sgc_db *db, struct sgc_landing *landing)
{
    sgc_flush *flush;
    sgc_error *error = &landing->error;
    sgc_status status = sgc_flush_begin(db->pages, &flush, error);

    if (status != SGC_OK) return status;
    status = sgc_flush_add_commit(flush, landing->sequence, landing->time_us, error);
    if (status == SGC_OK)
        status = sgc_page_load_land(landing->load->pages, flush, landing->sequence, error);
    sgc_log_place place = sgc_log_place_of(db->log, landing->sequence);
    sgc_flush_set_log(flush, &place);
    if (status == SGC_OK)
        return sgc_flush_commit(flush, landing->sequence, landing->time_us, error);
    sgc_flush_abort(flush);
    return status;
}

/* View lock held. */
static void publish(sgc_db *db, const struct sgc_landing *landing)
{
    atomic_store(&db->published, landing->sequence);
    atomic_store(&db->published_time, landing->time_us);
}

/* Readers that come from here on see it; those before see neither number nor rows. */
static sgc_status show(sgc_db *db, const struct sgc_landing *landing)
{
    sgc_checkpoint *newest = sgc_pages_newest(db->pages);

    sgc_mutex_lock(&db->view_lock);
    sgc_status status = sgc_view_install(db, newest, db->view->layers, db->view->count);
    if (status == SGC_OK) {
        publish(db, landing);
        /* What it wrote is in no MemTable that serializable transactions could be checked with. */
        db->retired.forgotten = landing->sequence;
    }
    sgc_mutex_unlock(&db->view_lock);
    sgc_checkpoint_release(newest);
    return status;
}

static void wait_a_little(sgc_db *db)
{
    sgc_mutex_lock(&db->view_lock);
    (void)sgc_cond_wait_for(&db->view_changed, &db->view_lock, PAUSE_US);
    sgc_mutex_unlock(&db->view_lock);
}

/* Memory may come back. */
static sgc_status write_and_show(sgc_db *db, struct sgc_landing *landing)
{
    sgc_status status = SGC_NO_MEMORY;
    bool written = false;

    for (int i = 0; status == SGC_NO_MEMORY && i < TRIES; i++) {
        if (i) wait_a_little(db);
        if (!written) status = write_checkpoint(db, landing);
        written = written || status == SGC_OK;
        if (written) status = show(db, landing);
    }
    if (status == SGC_OK) return status;
    bool again = status == SGC_NO_MEMORY && !written;
    bool unsure = written || sgc_pages_is_unsure(db->pages);
    sgc_mutex_lock(&db->view_lock);
    if (again) {
        publish(db, landing); /* the number is used up, as recovery would have it */
    } else {
        sgc_view_fail(db, status, &landing->error); /* nothing is written any more */
    }
    sgc_mutex_unlock(&db->view_lock);
    if (again) return status;
    return unsure ? SGC_UNKNOWN_OUTCOME : status;
}

void sgc_landing_run(sgc_db *db, struct sgc_landing *landing)
{
    sgc_commit_next(db, &landing->sequence, &landing->time_us);
    landing->status = write_event(db, landing);
    if (landing->status == SGC_OK) landing->status = write_and_show(db, landing);
    landing->error.status = landing->status;
    if (landing->status != SGC_OK) return;
    atomic_fetch_add_explicit(&db->commits, 1, memory_order_relaxed);
    /* Space that could not be given back is given back by the next flush. */
    sgc_status released = sgc_log_release(db->log, landing->sequence);
    (void)released;
}
