/*
 * transaction.c - beginning and ending transactions, their words and savepoints, and reading rows
 * by key. Cursors are in cursor.c, writes in write.c, commit in commit.c.
 */
#include "txn/internal.h"

#include <stdio.h>

/* ---- beginning and ending ---- */

/* All of an open one but its arenas; error_type and error_field are only asked for beside words. */
static void set_up(sgc_txn *txn, bool reads_only)
{
    txn->first_view = NULL;
    txn->open_cursors = 0;
    txn->attached = NULL;
    txn->now_us = 0;
    txn->writes = NULL;
    txn->position = 0;
    txn->reads_only = reads_only;
    txn->defer_foreign_keys = false;
    txn->stats = (sgc_txn_stats){0};
    txn->kept = NULL;
    txn->claim = NULL;
    txn->load = NULL;
    txn->durability = txn->db->durability;
    txn->cursors = txn->idle = NULL;
    sgc_txn_clear_error(txn);
}

static void set_source(sgc_txn *txn, uint64_t renewals)
{
    const struct sgc_view *view = txn->view;

    txn->renewals = renewals;
    txn->schema = txn->db->schema;
    txn->source = (struct sgc_reads){.schema = txn->schema,
                                     .checkpoint = view->checkpoint,
                                     .layers = view->layers,
                                     .count = view->count,
                                     .at = txn->snapshot,
                                     .writes_at = SGC_NEWEST,
                                     .kept = txn->kept};
}

static inline __attribute__((always_inline)) sgc_status begin(sgc_db *db, bool reads_only,
                                                              uint64_t now_us, sgc_txn **txn)
{
    uint64_t renewals = atomic_load(&db->renewals);

    *txn = sgc_txn_enter(db, now_us);
    if (!*txn) return SGC_NO_MEMORY;
    set_up(*txn, reads_only);
    set_source(*txn, renewals);
    return SGC_OK;
}

static sgc_status begin_to_write(sgc_db *db, sgc_txn **txn)
{
    uint64_t now_us = db->os->time_us(db->os->self);
    sgc_status status = begin(db, false, now_us, txn);

    if (status == SGC_OK) (*txn)->now_us = now_us;
    return status;
}

sgc_status sgc_begin(sgc_db *db, sgc_txn **txn)
{
    return begin_to_write(db, txn);
}

static sgc_status check_options(const sgc_txn_options *options, sgc_error *error)
{
    if (options->isolation > SGC_ISOLATION_SERIALIZABLE) {
        return sgc_fail(error, SGC_INVALID, "%u is no isolation level",
                        (unsigned)options->isolation);
    }
    if (options->has_durability && options->durability > SGC_DURABILITY_NONE) {
        return sgc_fail(error, SGC_INVALID, "%u is no level of durability",
                        (unsigned)options->durability);
    }
    return SGC_OK;
}

/* With what has to be known before the snapshot is taken, which may mean to wait. */
static sgc_status begin_late(sgc_db *db, const sgc_txn_options *options, sgc_txn **txn,
                             sgc_error *error)
{
    sgc_txn *made = sgc_txn_new(db);
    sgc_status status = SGC_OK;

    if (!made) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    set_up(made, false);
    if (options->idempotency_key.data) status = sgc_claim_begin(made, options, error);
    if (status == SGC_OK && options->isolation == SGC_ISOLATION_SERIALIZABLE) {
        status = sgc_serializable_begin(made, options->read_bytes);
        if (status != SGC_OK) sgc_fail(error, status, "%s", sgc_status_text(status));
    }
    if (status != SGC_OK) {
        sgc_claim_end(made);
        sgc_txn_discard(made);
        return status;
    }
    uint64_t renewals = atomic_load(&db->renewals);
    made->now_us = db->os->time_us(db->os->self);
    sgc_txn_enter_late(made, made->now_us);
    set_source(made, renewals);
    if (made->kept) sgc_serializable_entered(made);
    if (made->claim) status = sgc_claim_look(made, options->done, error);
    if (status == SGC_OK) {
        *txn = made;
    } else {
        sgc_txn_free(made);
    }
    return status;
}

sgc_status sgc_begin_with(sgc_db *db, const sgc_txn_options *options, sgc_txn **txn,
                          sgc_error *error)
{
    static const sgc_txn_options defaults;

    *txn = NULL;
    if (!options) options = &defaults;
    sgc_status status = check_options(options, error);
    if (status != SGC_OK) return status;
    if (options->idempotency_key.data || options->isolation == SGC_ISOLATION_SERIALIZABLE) {
        status = begin_late(db, options, txn, error);
    } else {
        status = begin_to_write(db, txn);
        if (status != SGC_OK) sgc_fail(error, status, "out of memory");
    }
    if (status == SGC_OK && options->has_durability) (*txn)->durability = options->durability;
    return status;
}

sgc_status sgc_begin_read(sgc_db *db, sgc_moment moment, sgc_txn **txn)
{
    sgc_status status = SGC_OK;

    *txn = NULL;
    if (moment.kind == SGC_MOMENT_TIME) status = sgc_commit_settle(db, moment.value);
    if (status == SGC_OK) status = begin(db, true, db->os->coarse_us(db->os->self), txn);
    if (status == SGC_OK && moment.kind != SGC_MOMENT_NOW) {
        status = sgc_moment_go(*txn, moment);
        if (status != SGC_OK) sgc_abort(txn);
    }
    return status;
}

void sgc_attach(sgc_txn *txn, struct sgc_attached *attached,
                void (*end)(struct sgc_attached *attached))
{
    attached->txn = txn;
    attached->end = end;
    attached->before = NULL;
    attached->next = txn->attached;
    if (attached->next) attached->next->before = attached;
    txn->attached = attached;
    txn->open_cursors++;
}

void sgc_detach(struct sgc_attached *attached)
{
    sgc_txn *txn = attached->txn;

    if (attached->next) attached->next->before = attached->before;
    if (attached->before) {
        attached->before->next = attached->next;
    } else {
        txn->attached = attached->next;
    }
    txn->open_cursors--;
}

static void set_counted(sgc_txn *txn, size_t bytes)
{
    if (bytes == txn->counted) return;
    atomic_fetch_add_explicit(&txn->db->write_set_bytes, (uint64_t)bytes - txn->counted,
                              memory_order_relaxed);
    txn->counted = bytes;
}

void sgc_txn_count(sgc_txn *txn, size_t more)
{
    size_t writes = txn->writes ? sgc_memtable_bytes(txn->writes) : 0;

    set_counted(txn, writes + txn->arena.total + txn->scratch.total + more);
}

void sgc_txn_free(sgc_txn *txn)
{
    bool was_large = txn->counted >= SGC_GIVE_BACK_LEAST;

    set_counted(txn, 0);
    if (txn->cursors) sgc_cursors_free(txn);
    while (txn->attached)
        txn->attached->end(txn->attached);
    if (txn->writes) sgc_memtable_destroy(txn->writes);
    if (txn->kept) sgc_serializable_end(txn);
    if (txn->claim) sgc_claim_end(txn);
    if (txn->first_view) sgc_view_unpin(txn->first_view);
    sgc_txn_leave(txn);
    if (was_large) sgc_memory_give_back();
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
    sgc_error words;

    (void)sgc_db_fail(txn->db, status, &words);
    return sgc_txn_fail(txn, status, SGC_NONE, SGC_NONE, "%s", words.text);
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

uint64_t sgc_txn_now(sgc_txn *txn)
{
    if (txn->now_us == 0) txn->now_us = txn->db->os->time_us(txn->db->os->self);
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
    if (!txn->writes) return;
    sgc_scans_undone(txn, savepoint.mark);
    sgc_memtable_rollback(txn->writes, savepoint.mark);
}

/* ---- rows by key ---- */

void sgc_txn_clear_error(sgc_txn *txn)
{
    txn->error.status = SGC_OK;
    txn->error.text[0] = '\0';
    txn->error_type = txn->error_field = sgc_str_of(NULL, 0);
}

static sgc_status keep_bytes(sgc_txn *txn, sgc_str *record)
{
    *record = sgc_arena_str(&txn->arena, *record);
    return sgc_str_is_null(*record) ? sgc_txn_fail_plain(txn, SGC_NO_MEMORY) : SGC_OK;
}

/* What is lent by MemTables has to be copied once the transaction has moved. */
static sgc_status get(sgc_txn *txn, uint16_t table, sgc_str key, sgc_str *record)
{
    enum sgc_found found;
    sgc_status status =
        sgc_reads_get(&txn->source, table, key, &txn->arena, &found, record, &txn->error);

    if (status != SGC_OK) return status;
    if (found != SGC_FOUND_ROW) return SGC_NOT_FOUND;
    return txn->first_view ? keep_bytes(txn, record) : SGC_OK;
}

/* The words are made by the few who ask: a miss is an ordinary answer. */
static sgc_status not_there(sgc_txn *txn, sgc_status status, sgc_str *record)
{
    *record = sgc_str_of(NULL, 0);
    if (status != SGC_NOT_FOUND) return sgc_txn_fail_plain(txn, status);
    sgc_txn_clear_error(txn);
    txn->error.status = SGC_NOT_FOUND;
    return status;
}

sgc_status sgc_row_get(sgc_txn *txn, uint16_t table, sgc_str key, sgc_str *record)
{
    sgc_stored_row row;
    sgc_status status = SGC_NOT_FOUND;

    sgc_txn_refresh(txn);
    if (!key.data || key.size > SGC_KEY_MAX) return not_there(txn, status, record);
    if (sgc_reads_are_plain(&txn->source, table)) {
        status =
            sgc_checkpoint_get(txn->source.checkpoint, table, key, &txn->arena, &row, &txn->error);
        *record = row.record;
    } else {
        status = get(txn, table, key, record);
    }
    if (status != SGC_OK) return not_there(txn, status, record);
    txn->stats.rows_read++;
    return SGC_OK;
}

sgc_status sgc_row_get_many(sgc_txn *txn, uint16_t table, const sgc_str *keys, size_t count,
                            sgc_str *records)
{
    sgc_txn_clear_error(txn);
    sgc_txn_refresh(txn);
    sgc_status status =
        sgc_reads_get_many(&txn->source, table, keys, count, &txn->arena, records, &txn->error);
    for (size_t i = 0; status == SGC_OK && i < count; i++) {
        if (sgc_str_is_null(records[i])) continue;
        txn->stats.rows_read++;
        if (txn->first_view) status = keep_bytes(txn, &records[i]);
    }
    return sgc_txn_fail_plain(txn, status);
}

/* The walk's row, readable until the transaction ends. */
static sgc_status keep_row(sgc_txn *txn, struct sgc_walk *walk, sgc_str *record)
{
    bool borrowed;
    sgc_status status = sgc_walk_row(walk, &txn->arena, record, &borrowed, &txn->error);

    if (status != SGC_OK) return status;
    txn->stats.rows_read++;
    return borrowed || txn->first_view ? keep_bytes(txn, record) : SGC_OK;
}

/* The first row of an index whose entry begins with the components, through all layers. */
static sgc_status walk_to(sgc_txn *txn, uint16_t table, uint16_t index, sgc_str components,
                          sgc_str *record)
{
    struct sgc_walk walk;

    sgc_walk_open(&walk, &txn->source, table, index, false);
    sgc_status status = sgc_walk_seek(&walk, components, &txn->error);
    if (status == SGC_OK && sgc_walk_within(&walk, components)) {
        txn->stats.entries_read++;
        status = keep_row(txn, &walk, record);
    } else if (status == SGC_OK) {
        status = SGC_NOT_FOUND;
    }
    sgc_walk_close(&walk);
    return status;
}

static sgc_status find(sgc_txn *txn, uint16_t table, uint16_t index, sgc_str components,
                       sgc_str *record)
{
    sgc_status status =
        sgc_reads_find(&txn->source, table, index, components, &txn->arena, record, &txn->error);

    if (status != SGC_OK) return status;
    txn->stats.entries_read++;
    txn->stats.rows_read++;
    return txn->first_view ? keep_bytes(txn, record) : SGC_OK;
}

sgc_status sgc_row_find(sgc_txn *txn, uint16_t table, uint16_t index, sgc_str components,
                        sgc_str *record)
{
    sgc_txn_clear_error(txn);
    *record = sgc_str_of(NULL, 0);
    sgc_txn_refresh(txn);
    sgc_status status = sgc_reads_leave_alone(&txn->source, table, index, components)
                            ? find(txn, table, index, components, record)
                            : walk_to(txn, table, index, components, record);
    return status == SGC_NOT_FOUND ? status : sgc_txn_fail_plain(txn, status);
}
