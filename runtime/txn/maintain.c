/*
 * maintain.c - work on what is stored, beside readers and writers: merging of history and its
 * retention, compaction, verification, and the counters of all that. What changes the image runs
 * on the flusher's thread, one at a time; merge.c has the thread that merges.
 */
#include "txn/internal.h"

/* Retention moves in so many steps within its time, not with every flush. */
enum { RETENTION_STEPS = 16 };

/* ---- retention ---- */

/* What a table keeps is known to the microsecond; less exactly it moves less often. */
static uint64_t kept_since(const sgc_table *table, uint64_t now_us, bool exact)
{
    uint64_t retain = table->retain_us, step = retain / RETENTION_STEPS;

    if (retain == 0 || retain >= now_us) return 0;
    uint64_t since = now_us - retain;
    return exact || step == 0 ? since : since - since % step;
}

/* horizons[i]: the history of table i before it may go; 0 keeps everything. */
static sgc_status find_horizons(sgc_db *db, const struct sgc_view *view, bool exact,
                                uint64_t *horizons, sgc_error *error)
{
    uint64_t now = db->os->time_us(db->os->self), oldest = sgc_txns_open(db).oldest_sequence;
    uint64_t newest = sgc_checkpoint_sequence(view->checkpoint);
    sgc_status status = SGC_OK;

    if (newest < oldest) oldest = newest;
    for (uint16_t i = 0; status == SGC_OK && i < db->schema->table_count; i++) {
        uint64_t since = kept_since(&db->schema->tables[i], now, exact);
        if (since == 0) continue;
        status = sgc_view_sequence_at(view, oldest, since, &horizons[i], error);
        if (status == SGC_OK && horizons[i] > oldest) horizons[i] = oldest;
    }
    return status;
}

/* ---- merging ---- */

/* `from` is the newest list; its checkpoint is not held while this goes on. */
static sgc_status merge(sgc_db *db, bool everything, sgc_segments **from, sgc_segments **merged,
                        sgc_error *error)
{
    uint64_t *horizons = sgc_alloc_zero(db->schema->table_count, sizeof *horizons);
    sgc_retention retention = {horizons, everything};

    *from = *merged = NULL;
    if (!horizons) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    struct sgc_view *view = sgc_view_pin(db);
    sgc_status status = find_horizons(db, view, everything, horizons, error);
    *from = sgc_segments_retain(sgc_checkpoint_history(view->checkpoint));
    sgc_view_unpin(view);
    if (status == SGC_OK) {
        status = sgc_history_merge(sgc_pages_history(db->pages), *from, &retention, merged, error);
    }
    sgc_free(horizons);
    return status;
}

/* The next checkpoint: the same rows, other segments (NULL: the same), pages moved forward. */
static sgc_status publish(sgc_db *db, sgc_segments *segments, bool compact, sgc_error *error)
{
    sgc_checkpoint *newest = sgc_pages_newest(db->pages);
    uint64_t sequence = sgc_checkpoint_sequence(newest);
    uint64_t time_us = sgc_checkpoint_time_us(newest);
    sgc_flush *flush;

    sgc_checkpoint_release(newest);
    sgc_status status = sgc_flush_begin(db->pages, &flush, error);
    if (status != SGC_OK) return status;
    if (segments) sgc_flush_set_history(flush, segments);
    if (compact) status = sgc_flush_compact(flush, error);
    if (status == SGC_OK) return sgc_flush_commit(flush, sequence, time_us, error);
    sgc_flush_abort(flush);
    return status;
}

/* Without memory for a view readers stay with the old one, which says the same. */
void sgc_maintain_show(sgc_db *db)
{
    sgc_checkpoint *newest = sgc_pages_newest(db->pages);

    sgc_mutex_lock(&db->view_lock);
    sgc_status status = sgc_view_install(db, newest, db->view->layers, db->view->count);
    sgc_mutex_unlock(&db->view_lock);
    (void)status;
    sgc_checkpoint_release(newest);
}

void sgc_maintain_merge(sgc_db *db, sgc_segments **from, sgc_segments **merged)
{
    if (merge(db, false, from, merged, NULL) == SGC_OK && *merged != *from) return;
    sgc_segments_release(*merged);
    sgc_segments_release(*from);
    *from = *merged = NULL;
}

sgc_status sgc_maintain_publish(sgc_db *db, const sgc_segments *from, const sgc_segments *merged,
                                sgc_error *error)
{
    sgc_checkpoint *newest = sgc_pages_newest(db->pages);
    sgc_segments *replaced;
    sgc_status status =
        sgc_segments_replace(sgc_checkpoint_history(newest), from, merged, &replaced, error);

    sgc_checkpoint_release(newest);
    if (status == SGC_OK) status = publish(db, replaced, false, error);
    if (status == SGC_OK) sgc_maintain_show(db);
    sgc_segments_release(replaced);
    return status == SGC_NO_MEMORY ? SGC_OK : status;
}

static sgc_status compact(sgc_db *db, sgc_error *error)
{
    sgc_segments *from, *merged;
    sgc_status status = merge(db, true, &from, &merged, error);

    if (status == SGC_OK) status = publish(db, merged, true, error);
    sgc_segments_release(merged);
    sgc_segments_release(from);
    if (status != SGC_OK) return status;
    sgc_maintain_show(db);
    /* Places that moved pages left are free from the next checkpoint on. */
    status = publish(db, NULL, false, error);
    if (status == SGC_OK) sgc_maintain_show(db);
    return status;
}

/* ---- verification ---- */

struct log_check {
    const sgc_schema *schema;
    uint64_t last;
    sgc_error error;
};

static sgc_status accept_event(void *context, const sgc_event *event)
{
    (void)context;
    (void)event;
    return SGC_OK;
}

static sgc_status check_commit(void *context, sgc_log_position position, uint64_t time_us,
                               sgc_str payload)
{
    struct log_check *check = context;

    (void)time_us;
    if (position.index <= check->last) {
        return sgc_fail(&check->error, SGC_CORRUPT, "log: commit %llu comes behind commit %llu",
                        (unsigned long long)position.index, (unsigned long long)check->last);
    }
    check->last = position.index;
    return sgc_payload_read(check->schema, payload, accept_event, NULL, &check->error);
}

static sgc_status verify_log(sgc_db *db, uint64_t after, sgc_buf *report)
{
    struct log_check check = {.schema = db->schema, .last = after};
    sgc_status status = sgc_log_read(db->log, after, check_commit, &check, &check.error);

    if (status == SGC_OK) return SGC_OK;
    if (check.error.text[0] == '\0') {
        sgc_fail(&check.error, status, "log: %s", sgc_status_text(status));
    }
    sgc_buf_printf(report, "%s\n", check.error.text);
    return status;
}

/* Everything is looked at; the first failure counts. */
static sgc_status verify(sgc_db *db, sgc_buf *report)
{
    struct sgc_view *view = sgc_view_pin(db);
    sgc_segments *segments = sgc_checkpoint_history(view->checkpoint);
    sgc_status pages = sgc_pages_verify(db->pages, report);
    sgc_status history = sgc_history_verify(sgc_pages_history(db->pages), segments, report);
    sgc_status log = verify_log(db, sgc_checkpoint_sequence(view->checkpoint), report);

    sgc_view_unpin(view);
    return pages != SGC_OK ? pages : history != SGC_OK ? history : log;
}

/* ---- tasks of the flusher ---- */

void sgc_maintain_run(sgc_db *db, struct sgc_task *task)
{
    if (task->schema)
        task->status = sgc_schema_store(db, task->schema, task->keep_rows, task->error);
    else
        task->status = task->report ? verify(db, task->report) : compact(db, task->error);
}

/* Waits for its turn, and for the flusher to have done it; a flusher that has stopped does no more.
 */
static sgc_status hand_over(sgc_db *db, struct sgc_task *task)
{
    sgc_mutex_lock(&db->view_lock);
    sgc_status status = db->flush_failed ? SGC_READ_ONLY : sgc_flusher_need(db);
    while (status == SGC_OK && db->task && !db->flush_failed)
        sgc_cond_wait(&db->view_changed, &db->view_lock);
    if (status == SGC_OK && !db->flush_failed) {
        db->task = task;
        sgc_cond_broadcast(&db->view_changed);
        while (!task->done && !db->flush_failed)
            sgc_cond_wait(&db->view_changed, &db->view_lock);
        if (db->task == task) db->task = NULL;
    }
    sgc_mutex_unlock(&db->view_lock);
    if (status != SGC_OK) return status;
    return task->done ? task->status : SGC_READ_ONLY;
}

sgc_status sgc_maintain_do(sgc_db *db, struct sgc_task *task, sgc_error *error)
{
    sgc_error own = {SGC_OK, ""};

    task->error = &own;
    sgc_status status = hand_over(db, task);
    if (status == SGC_OK) return SGC_OK;
    if (own.status != status) return sgc_db_fail(db, status, error);
    if (error) *error = own;
    return status;
}

sgc_status sgc_db_compact(sgc_db *db, sgc_error *error)
{
    struct sgc_task task = {.report = NULL};
    sgc_status status = atomic_load(&db->read_only) ? SGC_READ_ONLY : sgc_db_flush(db);

    if (status == SGC_OK) return sgc_maintain_do(db, &task, error);
    return sgc_db_fail(db, status, error);
}

sgc_status sgc_db_verify(sgc_db *db, sgc_buf *report)
{
    struct sgc_task task = {.report = report};

    (void)hand_over(db, &task);
    if (!task.done) sgc_maintain_run(db, &task);
    return task.status;
}

/* ---- counters ---- */

static void count_transactions(sgc_db *db, sgc_db_stats *stats)
{
    struct sgc_open_txns open = sgc_txns_open(db);
    uint64_t now = db->os->time_us(db->os->self);

    stats->open_transactions = open.count;
    stats->oldest_sequence = open.oldest_sequence;
    if (open.oldest_begin_us < now) stats->oldest_age_us = now - open.oldest_begin_us;
}

static void count_building(const sgc_db *db, sgc_db_stats *stats)
{
    sgc_index_progress one;

    while (sgc_db_index_progress(db, stats->indexes_building, &one)) {
        stats->indexes_building++;
        stats->index_pages_done += one.done;
        stats->index_pages += one.of;
    }
}

void sgc_db_get_stats(const sgc_db *constant, sgc_db_stats *stats)
{
    sgc_db *db = (sgc_db *)(uintptr_t)constant;
    sgc_log_stats log;
    sgc_pages_stats pages;
    sgc_history_stats history;
    struct sgc_view *view = sgc_view_pin(db);

    sgc_log_get_stats(db->log, &log);
    sgc_pages_get_stats(db->pages, &pages);
    sgc_history_get_stats(sgc_pages_history(db->pages), sgc_checkpoint_history(view->checkpoint),
                          &history);
    *stats = (sgc_db_stats){
        .commits = atomic_load(&db->commits),
        .conflicts = atomic_load(&db->conflicts),
        .log_batches = log.batches,
        .log_flushes = log.flushes,
        .log_bytes = log.bytes,
        .log_segments = log.segments,
        .log_recycled = log.recycled,
        .log_archived = log.archived,
        .log_held_bytes = sgc_log_held_bytes(db->log),
        .durable_sequence = sgc_log_durable(db->log),
        .cache_hits = pages.cache_hits,
        .cache_misses = pages.cache_misses,
        .cache_evictions = pages.cache_evictions,
        .cache_bytes = pages.cache_bytes,
        .cache_budget = pages.cache_budget,
        .flushes = pages.flushes,
        .pages_written = pages.pages_written,
        .flush_bytes = pages.flush_bytes,
        .write_set_bytes = atomic_load(&db->write_set_bytes),
        .log_buffer_bytes = log.buffer_bytes,
        .page_file_bytes = pages.file_bytes,
        .page_free_bytes = pages.free_bytes,
        .page_held_bytes = pages.held_bytes,
        .history_segments = history.segments,
        .history_bytes = history.bytes,
        .history_versions = history.versions,
        .history_changes = history.changes,
        .history_merges = history.merges,
        .history_merged_bytes = history.merged_bytes,
        .history_cache_hits = history.cache_hits,
        .history_cache_misses = history.cache_misses,
        .history_cache_bytes = history.cache_bytes,
        .history_cache_budget = history.cache_budget,
        .history_resident_bytes = history.resident_bytes,
        .log_direct = log.direct,
    };
    stats->memtable_bytes = sgc_view_bytes(view) + atomic_load(&db->left_bytes);
    sgc_view_unpin(view);
    count_transactions(db, stats);
    count_building(db, stats);
}
