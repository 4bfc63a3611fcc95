/*
 * index_build.c - indexes that are being built beside everything else: rounds on the flusher's
 * thread, between flushes, each a checkpoint of its own; and how far they are.
 */
#include "txn/internal.h"

enum { PAUSE_US = 20000 }; /* when memory is out, or somebody looks at the pages */

sgc_status sgc_building_look(sgc_db *db)
{
    uint16_t table, index;
    sgc_status status = SGC_OK;

    sgc_mutex_lock(&db->view_lock);
    sgc_checkpoint *newest = sgc_pages_newest(db->pages);
    db->building.wanted = sgc_checkpoint_next_build(newest, &table, &index);
    db->building.stuck = false;
    sgc_checkpoint_release(newest);
    if (db->building.wanted && !db->flush_failed) status = sgc_flusher_need(db);
    sgc_cond_broadcast(&db->view_changed);
    sgc_mutex_unlock(&db->view_lock);
    return status;
}

struct rounds {
    sgc_db *db;
    bool ends; /* the database closes: what the round has done is done again */
};

/* Once a round has done enough it ends for a flush, a task or a merge that waits. */
static bool should_stop(void *context, bool enough)
{
    struct rounds *rounds = context;
    sgc_db *db = rounds->db;

    sgc_mutex_lock(&db->view_lock);
    rounds->ends = db->stopping || db->flush_failed;
    bool others = db->task || db->merging.state == SGC_MERGE_DONE;
    for (size_t i = 0; i < db->view->count; i++)
        others = others || db->view->layers[i]->sealed;
    sgc_mutex_unlock(&db->view_lock);
    return rounds->ends || (enough && others);
}

static sgc_status build(sgc_db *db, sgc_error *error)
{
    struct rounds rounds = {db, false};
    sgc_checkpoint *newest = sgc_pages_newest(db->pages);
    uint64_t sequence = sgc_checkpoint_sequence(newest);
    uint64_t time_us = sgc_checkpoint_time_us(newest);
    sgc_flush *flush;

    sgc_checkpoint_release(newest);
    sgc_status status = sgc_flush_begin(db->pages, &flush, error);
    if (status != SGC_OK) return status;
    status = sgc_flush_build(flush, should_stop, &rounds, error);
    if (status == SGC_OK && !rounds.ends) {
        status = sgc_flush_commit(flush, sequence, time_us, error);
        if (status == SGC_OK) sgc_maintain_show(db);
        return status;
    }
    sgc_flush_abort(flush);
    return status;
}

void sgc_building_round(sgc_db *db)
{
    sgc_error error = {SGC_OK, ""};
    uint16_t table, index;

    sgc_mutex_unlock(&db->view_lock);
    sgc_status status = build(db, &error);
    sgc_mutex_lock(&db->view_lock);
    sgc_checkpoint *newest = sgc_pages_newest(db->pages);
    db->building.wanted = sgc_checkpoint_next_build(newest, &table, &index);
    sgc_checkpoint_release(newest);
    if (status == SGC_NO_MEMORY || status == SGC_BUSY) {
        (void)sgc_cond_wait_for(&db->view_changed, &db->view_lock, PAUSE_US);
    } else if (status == SGC_LIMIT) {
        db->building.stuck = true;
        db->building.why = error;
    } else if (status != SGC_OK) {
        sgc_view_fail(db, status, &error);
    }
    sgc_cond_broadcast(&db->view_changed);
}

bool sgc_building_wants(const sgc_db *db)
{
    return db->building.wanted && !db->building.stuck && !db->stopping;
}

/* ---- how far ---- */

static void describe(const sgc_checkpoint *checkpoint, const sgc_table *table, uint16_t position,
                     uint16_t index, sgc_index_progress *out)
{
    sgc_tree_size size;

    sgc_checkpoint_tree(checkpoint, position, 2U + index, &size);
    *out = (sgc_index_progress){.type = table->name,
                                .index = table->indexes[index].name,
                                .done = size.done < size.of ? size.done : size.of,
                                .of = size.of};
}

bool sgc_db_index_progress(const sgc_db *constant, size_t n, sgc_index_progress *progress)
{
    sgc_db *db = (sgc_db *)(uintptr_t)constant;
    bool found = false;

    sgc_mutex_lock(&db->view_lock);
    const sgc_checkpoint *newest = db->view->checkpoint;
    const sgc_schema *schema = db->schema;
    for (uint16_t t = 0; !found && t < schema->table_count; t++) {
        for (uint16_t i = 1; !found && i < schema->tables[t].index_count; i++) {
            if (sgc_checkpoint_is_whole(newest, t, i) || n-- > 0) continue;
            describe(newest, &schema->tables[t], t, i, progress);
            if (db->building.stuck) progress->why = db->building.why;
            found = true;
        }
    }
    sgc_mutex_unlock(&db->view_lock);
    return found;
}

sgc_status sgc_db_wait_for_indexes(sgc_db *db, uint64_t timeout_us)
{
    uint64_t end = db->os->monotonic_us(db->os->self) + timeout_us;
    sgc_status status = SGC_OK;

    sgc_mutex_lock(&db->view_lock);
    while (db->building.wanted && !db->building.stuck && !db->flush_failed && status == SGC_OK) {
        uint64_t now = db->os->monotonic_us(db->os->self);
        if (now >= end)
            status = SGC_BUSY;
        else
            (void)sgc_cond_wait_for(&db->view_changed, &db->view_lock, end - now);
    }
    if (status == SGC_OK && db->building.wanted)
        status = db->building.stuck ? db->building.why.status : SGC_READ_ONLY;
    sgc_mutex_unlock(&db->view_lock);
    return status;
}

bool sgc_txn_index_is_ready(sgc_txn *txn, uint16_t table, uint16_t index)
{
    const struct sgc_reads *source = &txn->source;

    if (index == 0 || !source->checkpoint) return true;
    if (!sgc_checkpoint_is_whole(source->checkpoint, table, index)) return false;
    /* Lists may all be empty: then a segment has nothing to have a run of. */
    if (!source->past || txn->schema->tables[table].indexes[index].elements) return true;
    return sgc_segments_have_run(source->past, table, index, source->at);
}
