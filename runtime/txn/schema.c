/*
 * schema.c - another schema for an open database: one that stores rows alike takes the place of the
 * old one, whose indexes it lacks go and whose own are built (index_build.c); any other only when
 * there is nothing stored. The switch is one checkpoint, behind everything committed before, so no
 * log is ever replayed under two schemas.
 */
#include "txn/internal.h"

bool sgc_schema_all_history(const sgc_schema *schema)
{
    for (uint16_t i = 0; i < schema->table_count; i++) {
        if (!schema->tables[i].history) return false;
    }
    return true;
}

/* ---- what may take the place of what ---- */

sgc_status sgc_schema_accept(sgc_db *db, const sgc_schema *kept, const sgc_schema *given,
                             const sgc_schema **numbered, sgc_error *error)
{
    const sgc_schema *rebuilt;
    sgc_buf words = {0};
    sgc_status status = sgc_schema_rebuilt(given, kept, &db->schemas, &rebuilt);

    if (status == SGC_NO_MEMORY) return sgc_fail(error, status, "out of memory");
    if (status != SGC_OK)
        return sgc_fail(error, SGC_SCHEMA_MISMATCH,
                        "another schema, whose own text does not give its tables again");
    /* First what the texts say, then whether the program counts fields as the database does. */
    if (sgc_schema_difference(kept, rebuilt, &words) == SGC_DIFFERENCE_MORE ||
        sgc_schema_difference(rebuilt, given, &words) == SGC_DIFFERENCE_MORE) {
        status = sgc_fail(error, SGC_SCHEMA_MISMATCH, "another schema: " SGC_FMT,
                          SGC_ARG(sgc_buf_as_str(&words)));
    } else {
        status = sgc_schema_renumbered(given, rebuilt, &db->schemas, numbered);
        if (status != SGC_OK) sgc_fail(error, status, "%s", sgc_status_text(status));
    }
    sgc_buf_free(&words);
    return status;
}

/* ---- is anything stored? ---- */

static sgc_status has_rows(sgc_db *db, bool *rows)
{
    struct sgc_walk walk = {.open = false};
    struct sgc_reads source = {.schema = db->schema,
                               .checkpoint = db->view->checkpoint,
                               .layers = db->view->layers,
                               .count = db->view->count,
                               .at = SGC_NEWEST};
    sgc_status status = SGC_OK;

    *rows = false;
    for (uint16_t i = 0; status == SGC_OK && !*rows && i < sgc_user_tables(db->schema); i++) {
        sgc_walk_open(&walk, &source, i, 0, false);
        status = sgc_walk_seek(&walk, sgc_str_of(NULL, 0), NULL);
        *rows = walk.valid;
        sgc_walk_close(&walk);
    }
    return status;
}

/* What cannot be read may be anything. */
static bool has_history(sgc_db *db)
{
    sgc_history_stats history;
    struct sgc_view *view = sgc_view_pin(db);
    const sgc_segments *segments = sgc_checkpoint_history(view->checkpoint);

    bool readable = sgc_segments_load(segments, NULL) == SGC_OK;
    sgc_history_get_stats(sgc_pages_history(db->pages), segments, &history);
    sgc_view_unpin(view);
    return !readable || history.versions > 0 || history.changes > 0;
}

/* ---- the switch ---- */

/*
 * On the flusher's thread: between two flushes, with everything in pages. No record of the log may
 * be left to be read under the new schema, not even one that says nothing any more, like that of a
 * load whose root was never written: the checkpoint is one of the head.
 */
sgc_status sgc_schema_store(sgc_db *db, const sgc_schema *schema, bool keep_rows, sgc_error *error)
{
    uint64_t sequence = atomic_load(&db->published), time_us = atomic_load(&db->published_time);
    sgc_flush *flush;
    sgc_status status = sgc_flush_begin(db->pages, &flush, error);

    if (status != SGC_OK) return status;
    status = keep_rows ? sgc_flush_set_indexes(flush, schema, error)
                       : sgc_flush_set_schema(flush, schema, error);
    if (status == SGC_OK)
        return sgc_flush_commit(flush, keep_rows ? sequence : db->assigned,
                                keep_rows ? time_us : db->last_time, error);
    sgc_flush_abort(flush);
    return status;
}

static sgc_status show_empty(sgc_db *db, struct sgc_layer *fresh)
{
    sgc_mutex_lock(&db->view_lock);
    sgc_checkpoint *newest = sgc_pages_newest(db->pages);
    sgc_status status = sgc_view_install(db, newest, &fresh, 1);
    sgc_checkpoint_release(newest);
    sgc_mutex_unlock(&db->view_lock);
    /* Pages and memory would no longer agree. */
    if (status != SGC_OK) atomic_store(&db->read_only, true);
    return status;
}

static sgc_status switch_schema(sgc_db *db, const sgc_schema *user, bool keep_rows,
                                sgc_error *error)
{
    sgc_arena arena = {0};
    struct sgc_table_rules *rules;
    struct sgc_layer *fresh = NULL;
    const sgc_schema *schema;

    sgc_status status = sgc_system_extend(user, &db->schemas, &schema);
    if (status != SGC_OK) return sgc_fail(error, status, "%s", sgc_status_text(status));
    struct sgc_task task = {.schema = schema, .keep_rows = keep_rows};
    status = sgc_rules_make(schema, &arena, &rules, error);
    if (status == SGC_OK) status = sgc_layer_create(schema, &fresh);
    if (status == SGC_OK) status = sgc_maintain_do(db, &task, error);
    if (status == SGC_OK) status = show_empty(db, fresh);
    if (status == SGC_OK) {
        sgc_arena old = db->arena;
        db->arena = arena;
        arena = old;
        db->rules = rules;
        db->schema = schema;
        db->user_schema = user;
        db->all_history = sgc_schema_all_history(user);
    }
    sgc_layer_release(fresh);
    sgc_arena_free(&arena);
    return status;
}

static sgc_status change(sgc_db *db, const sgc_schema *schema, bool keep_rows, sgc_error *error)
{
    const sgc_schema *numbered;
    sgc_error words = {SGC_OK, ""};
    bool rows = false;

    if (keep_rows) return switch_schema(db, schema, true, error);
    sgc_status status = sgc_schema_accept(db, db->user_schema, schema, &numbered, &words);
    if (status == SGC_OK) return switch_schema(db, numbered, true, error);
    if (status != SGC_SCHEMA_MISMATCH) return sgc_fail(error, status, "%s", words.text);
    status = has_rows(db, &rows);
    if (status != SGC_OK) return sgc_fail(error, status, "%s", sgc_status_text(status));
    if (!rows && !has_history(db)) return switch_schema(db, schema, false, error);
    return sgc_fail(error, SGC_SCHEMA_MISMATCH, "the database holds %s of %s",
                    rows ? "rows" : "the history of rows", words.text);
}

sgc_status sgc_schema_change(sgc_db *db, const sgc_schema *schema, bool keep_rows, sgc_error *error)
{
    sgc_status status = sgc_txns_refuse(db);

    if (status != SGC_OK) return sgc_fail(error, status, "transactions are open");
    status = sgc_db_flush(db);
    if (status == SGC_OK) {
        sgc_mutex_lock(&db->commit_lock);
        status = change(db, schema, keep_rows, error);
        sgc_mutex_unlock(&db->commit_lock);
    } else {
        status = sgc_db_fail(db, status, error);
    }
    if (status == SGC_OK) status = sgc_building_look(db);
    sgc_txns_admit(db);
    return status;
}

sgc_status sgc_db_set_schema(sgc_db *db, const sgc_schema *schema, sgc_error *error)
{
    const sgc_schema *old = db->schema;

    if (schema->hash == old->hash) return SGC_OK;
    return sgc_schema_change(db, schema, false, error);
}
