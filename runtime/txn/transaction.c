/*
 * transaction.c - beginning and ending transactions, their words and savepoints, and reading rows
 * by key. Cursors are in cursor.c, writes in write.c, commit in commit.c.
 */
#include "txn/internal.h"

#include <stdio.h>

static sgc_status begin(sgc_db *db, bool reads_only, sgc_txn **txn)
{
    sgc_txn *made = sgc_alloc_zero(1, sizeof *made);

    *txn = NULL;
    if (!made) return SGC_NO_MEMORY;
    made->db = db;
    made->reads_only = reads_only;
    made->view = sgc_view_enter(db, &made->snapshot);
    made->schema = db->schema;
    made->now_us = db->os->time_us(db->os->self);
    made->source = (struct sgc_reads){.schema = made->schema,
                                      .checkpoint = made->view->checkpoint,
                                      .layers = made->view->layers,
                                      .count = made->view->count,
                                      .at = made->snapshot,
                                      .writes_at = SGC_NEWEST};
    *txn = made;
    return SGC_OK;
}

sgc_status sgc_begin(sgc_db *db, sgc_txn **txn)
{
    return begin(db, false, txn);
}

/* Until history segments exist only the newest moment can be asked. */
sgc_status sgc_begin_read(sgc_db *db, sgc_moment moment, sgc_txn **txn)
{
    sgc_status status = begin(db, true, txn);

    if (status != SGC_OK || moment.kind == SGC_MOMENT_NOW) return status;
    uint64_t head = moment.kind == SGC_MOMENT_SEQUENCE
                        ? (*txn)->snapshot
                        : atomic_load_explicit(&db->published_time, memory_order_acquire);
    bool is_head = moment.kind == SGC_MOMENT_SEQUENCE ? moment.value == head : moment.value >= head;
    if (is_head) return SGC_OK;
    sgc_abort(txn);
    return moment.kind == SGC_MOMENT_SEQUENCE && moment.value > head ? SGC_INVALID
                                                                     : SGC_UNSUPPORTED;
}

void sgc_txn_free(sgc_txn *txn)
{
    sgc_db *db = txn->db;

    sgc_cursors_free(txn);
    sgc_memtable_destroy(txn->writes);
    sgc_view_unpin(txn->view);
    sgc_arena_free(&txn->scratch);
    sgc_arena_free(&txn->arena);
    sgc_free(txn);
    atomic_fetch_sub_explicit(&db->open_txns, 1, memory_order_release);
}

void sgc_abort(sgc_txn **txn)
{
    if (!*txn) return;
    sgc_txn_free(*txn);
    *txn = NULL;
}

/* ---- words ---- */

sgc_status sgc_txn_fail(sgc_txn *txn, sgc_status status, uint16_t table, uint16_t field,
                        const char *format, ...)
{
    va_list arguments;
    const sgc_table *t = table == SGC_NONE ? NULL : &txn->schema->tables[table];

    txn->error.status = status;
    va_start(arguments, format);
    vsnprintf(txn->error.text, sizeof txn->error.text, format, arguments);
    va_end(arguments);
    txn->error_type = t ? t->name : sgc_str_of(NULL, 0);
    txn->error_field = t && field != SGC_NONE ? t->fields[field].name : sgc_str_of(NULL, 0);
    return status;
}

sgc_status sgc_txn_fail_stopped(sgc_txn *txn, sgc_status status)
{
    sgc_db *db = txn->db;
    const char *why = sgc_log_failure(db->log);
    sgc_error flush;

    sgc_mutex_lock(&db->view_lock);
    flush = db->flush_error;
    sgc_mutex_unlock(&db->view_lock);
    if (!why) why = flush.text[0] ? flush.text : "an earlier write failed";
    return sgc_txn_fail(txn, status, SGC_NONE, SGC_NONE, "%s: %s", sgc_status_text(status), why);
}

sgc_status sgc_txn_fail_plain(sgc_txn *txn, sgc_status status)
{
    if (status == SGC_OK || (txn->error.status == status && txn->error.text[0])) return status;
    return sgc_txn_fail(txn, status, SGC_NONE, SGC_NONE, "%s", sgc_status_text(status));
}

sgc_status sgc_txn_refuse(sgc_txn *txn, sgc_status status, sgc_str type, sgc_str field,
                          const char *format, ...)
{
    va_list arguments;

    txn->error.status = status;
    va_start(arguments, format);
    vsnprintf(txn->error.text, sizeof txn->error.text, format, arguments);
    va_end(arguments);
    txn->error_type = sgc_arena_str(&txn->arena, type);
    txn->error_field = sgc_arena_str(&txn->arena, field);
    return status;
}

const char *sgc_errmsg(const sgc_txn *txn)
{
    return txn->error.text;
}

void sgc_errplace(const sgc_txn *txn, sgc_str *type, sgc_str *field)
{
    *type = txn->error_type;
    *field = txn->error_field;
}

/* ---- what a transaction knows ---- */

sgc_db *sgc_txn_db(const sgc_txn *txn)
{
    return txn->db;
}

uint64_t sgc_txn_sequence(const sgc_txn *txn)
{
    return txn->snapshot;
}

uint64_t sgc_txn_now(const sgc_txn *txn)
{
    return txn->now_us;
}

sgc_arena *sgc_txn_arena(sgc_txn *txn)
{
    return &txn->arena;
}

void sgc_txn_get_stats(const sgc_txn *txn, sgc_txn_stats *stats)
{
    *stats = txn->stats;
}

void sgc_txn_defer_foreign_keys(sgc_txn *txn)
{
    txn->defer_foreign_keys = true;
}

sgc_status sgc_txn_random(sgc_txn *txn, void *bytes, size_t size)
{
    const sgc_os *os = txn->db->os;
    return os->random(os->self, bytes, size);
}

/* Positions only rise, so a cursor opened before a rollback never sees what came after it. */
sgc_savepoint sgc_savepoint_set(sgc_txn *txn)
{
    sgc_savepoint savepoint = {txn->position};
    return savepoint;
}

void sgc_savepoint_rollback(sgc_txn *txn, sgc_savepoint savepoint)
{
    if (txn->writes) sgc_memtable_rollback(txn->writes, savepoint.mark);
}

/* ---- rows by key ---- */

void sgc_txn_clear_error(sgc_txn *txn)
{
    txn->error.status = SGC_OK;
    txn->error.text[0] = '\0';
    txn->error_type = txn->error_field = sgc_str_of(NULL, 0);
}

static sgc_status get(sgc_txn *txn, uint16_t table, sgc_str key, sgc_str *record)
{
    enum sgc_found found;

    *record = sgc_str_of(NULL, 0);
    if (key.size > SGC_KEY_MAX) return SGC_NOT_FOUND;
    sgc_status status =
        sgc_reads_get(&txn->source, table, key, &txn->arena, &found, record, &txn->error);
    if (status != SGC_OK) return sgc_txn_fail_plain(txn, status);
    if (found != SGC_FOUND_ROW) {
        *record = sgc_str_of(NULL, 0);
        return SGC_NOT_FOUND;
    }
    txn->stats.rows_read++;
    return SGC_OK;
}

sgc_status sgc_row_get(sgc_txn *txn, uint16_t table, sgc_str key, sgc_str *record)
{
    sgc_status status = get(txn, table, key, record);

    if (status != SGC_NOT_FOUND) return status;
    /* The words are made by the few who ask: a miss is an ordinary answer. */
    sgc_txn_clear_error(txn);
    txn->error.status = SGC_NOT_FOUND;
    return status;
}

sgc_status sgc_row_get_many(sgc_txn *txn, uint16_t table, const sgc_str *keys, size_t count,
                            sgc_str *records)
{
    sgc_txn_clear_error(txn);
    for (size_t i = 0; i < count; i++) {
        sgc_status status = get(txn, table, keys[i], &records[i]);
        if (status != SGC_OK && status != SGC_NOT_FOUND) return status;
    }
    return SGC_OK;
}

/* The walk's row, readable until the transaction ends. */
static sgc_status keep_row(sgc_txn *txn, struct sgc_walk *walk, sgc_str *record)
{
    bool borrowed;
    sgc_status status = sgc_walk_row(walk, &txn->arena, record, &borrowed, &txn->error);

    if (status != SGC_OK) return status;
    txn->stats.rows_read++;
    if (borrowed) *record = sgc_arena_str(&txn->arena, *record);
    return sgc_str_is_null(*record) ? SGC_NO_MEMORY : SGC_OK;
}

sgc_status sgc_row_find(sgc_txn *txn, uint16_t table, uint16_t index, sgc_str components,
                        sgc_str *record)
{
    struct sgc_walk walk;

    sgc_txn_clear_error(txn);
    *record = sgc_str_of(NULL, 0);
    sgc_walk_open(&walk, &txn->source, table, index, false);
    sgc_status status = sgc_walk_seek(&walk, components, &txn->error);
    if (status == SGC_OK && walk.valid && sgc_starts_with(walk.entry, components)) {
        txn->stats.entries_read++;
        status = keep_row(txn, &walk, record);
    } else if (status == SGC_OK) {
        status = SGC_NOT_FOUND;
    }
    sgc_walk_close(&walk);
    return status == SGC_NOT_FOUND ? status : sgc_txn_fail_plain(txn, status);
}
