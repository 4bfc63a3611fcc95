/*
 * merge.c - the thread that merges history, started when the first flush may have left something
 * to merge. It only writes segments; the flusher publishes them, so that a merge however long never
 * makes a flush wait. What a merge does is maintain.c.
 */
#include "txn/internal.h"

enum { CLOSE_PATIENCE_US = 500000 };

/* Under the view lock, given up while it works. */
static void *run(void *argument)
{
    sgc_db *db = argument;
    struct sgc_merging *merging = &db->merging;

    sgc_mutex_lock(&db->view_lock);
    while (!merging->stopping) {
        if (merging->state != SGC_MERGE_WANTED) {
            sgc_cond_wait(&db->view_changed, &db->view_lock);
            continue;
        }
        merging->state = SGC_MERGE_RUNNING;
        sgc_mutex_unlock(&db->view_lock);
        sgc_segments *from, *merged;
        sgc_maintain_merge(db, &from, &merged);
        sgc_mutex_lock(&db->view_lock);
        merging->from = from;
        merging->merged = merged;
        merging->state = SGC_MERGE_DONE;
        sgc_cond_broadcast(&db->view_changed);
    }
    sgc_mutex_unlock(&db->view_lock);
    return NULL;
}

/* Without a thread history stays as it is until the next flush. */
void sgc_merge_want(sgc_db *db)
{
    struct sgc_merging *merging = &db->merging;

    merging->again = true;
    if (merging->state != SGC_MERGE_IDLE || db->task) return;
    merging->again = false;
    if (!merging->thread_runs) {
        merging->thread_runs = sgc_thread_start(&merging->thread, run, db) == SGC_OK;
    }
    if (merging->thread_runs) merging->state = SGC_MERGE_WANTED;
}

static void drop(struct sgc_merging *merging)
{
    sgc_segments_release(merging->merged);
    sgc_segments_release(merging->from);
    merging->from = merging->merged = NULL;
    merging->state = SGC_MERGE_IDLE;
}

sgc_status sgc_merge_publish(sgc_db *db, sgc_error *error)
{
    struct sgc_merging *merging = &db->merging;
    sgc_status status = SGC_OK;

    if (merging->merged) {
        sgc_mutex_unlock(&db->view_lock);
        status = sgc_maintain_publish(db, merging->from, merging->merged, error);
        sgc_mutex_lock(&db->view_lock);
    }
    drop(merging);
    if (merging->again) sgc_merge_want(db);
    return status;
}

void sgc_merge_cancel(sgc_db *db)
{
    const sgc_os *os = db->os;
    uint64_t until = os->monotonic_us(os->self) + CLOSE_PATIENCE_US;

    sgc_mutex_lock(&db->view_lock);
    while (db->merging.state != SGC_MERGE_IDLE && !db->flush_failed) {
        uint64_t now = os->monotonic_us(os->self);
        if (now >= until) break;
        (void)sgc_cond_wait_for(&db->view_changed, &db->view_lock, until - now);
    }
    sgc_mutex_unlock(&db->view_lock);
    sgc_history_stop_merging(sgc_pages_history(db->pages));
}

void sgc_merge_stop(sgc_db *db)
{
    struct sgc_merging *merging = &db->merging;

    sgc_mutex_lock(&db->view_lock);
    merging->stopping = true;
    sgc_cond_broadcast(&db->view_changed);
    sgc_mutex_unlock(&db->view_lock);
    if (merging->thread_runs) sgc_thread_join(merging->thread);
    drop(merging);
}
