/*
 * write.c - the statements of a writing transaction. Each one is whole or leaves nothing: what it
 * put before it failed is rolled back. Those of a load's transaction go to the load.
 */
#include "txn/internal.h"

static const sgc_str NO_RECORD = {NULL, 0};

static sgc_status start(sgc_txn *txn)
{
    sgc_txn_clear_error(txn);
    if (txn->reads_only) {
        return sgc_txn_fail(txn, SGC_READ_ONLY, SGC_NONE, SGC_NONE,
                            "this transaction was opened for reading");
    }
    if (txn->load) {
        return sgc_txn_fail(txn, SGC_UNSUPPORTED, SGC_NONE, SGC_NONE,
                            "a load adds rows and links, and does nothing else");
    }
    if (atomic_load_explicit(&txn->db->read_only, memory_order_relaxed)) {
        return sgc_txn_fail_stopped(txn, SGC_READ_ONLY);
    }
    if (txn->scratch.total) sgc_arena_reset(&txn->scratch);
    if (txn->writes) return SGC_OK;
    sgc_status status = sgc_memtable_create_private(txn->schema, &txn->writes);
    txn->source.writes = txn->writes;
    return sgc_txn_fail_plain(txn, status);
}

/* Ends a statement that began at `mark`. */
static sgc_status end(sgc_txn *txn, sgc_savepoint mark, sgc_status status)
{
    if (status == SGC_OK) return SGC_OK;
    sgc_savepoint_rollback(txn, mark);
    return sgc_txn_fail_plain(txn, status);
}

sgc_status sgc_check_key(sgc_txn *txn, uint16_t table, sgc_str key)
{
    const sgc_table *t = &txn->schema->tables[table];

    if (key.size == 0) {
        return sgc_txn_fail(txn, SGC_INVALID, table, t->key, "the key of %.*s is empty",
                            SGC_ARG(t->name));
    }
    if (key.size <= SGC_KEY_MAX) return SGC_OK;
    return sgc_txn_fail(txn, SGC_LIMIT, table, t->key,
                        "the key of %.*s has %zu bytes, at most %d are possible", SGC_ARG(t->name),
                        key.size, SGC_KEY_MAX);
}

sgc_status sgc_fail_too_long(sgc_txn *txn, uint16_t table)
{
    return sgc_txn_fail(txn, SGC_LIMIT, table, SGC_NONE,
                        "%.*s: an indexed value is too long, key and value take at most %d bytes",
                        SGC_ARG(txn->schema->tables[table].name), SGC_KEY_MAX);
}

sgc_status sgc_fail_exists(sgc_txn *txn, uint16_t table, sgc_str key)
{
    const sgc_table *t = &txn->schema->tables[table];

    return sgc_txn_fail(txn, SGC_EXISTS, table, t->key, "%.*s %.*s already exists",
                        SGC_ARG(t->name), SGC_ARG(sgc_key_words(txn, table, key)));
}

sgc_status sgc_write_put(sgc_txn *txn, uint16_t table, sgc_str key, sgc_str before, sgc_str record)
{
    sgc_status status = sgc_memtable_put(txn->writes, table, key, before, record, ++txn->position);

    if (status == SGC_OK) txn->stats.rows_written++;
    sgc_txn_count(txn, 0);
    return status == SGC_LIMIT ? sgc_fail_too_long(txn, table) : status;
}

static sgc_status put_checked(sgc_txn *txn, uint16_t table, sgc_str key, sgc_str before,
                              sgc_str record)
{
    sgc_status status = sgc_check_record(txn, table, key, record);

    if (status == SGC_OK) {
        status = sgc_check_unique(txn, &txn->source, table, key, before, record);
    }
    if (status == SGC_OK && !txn->defer_foreign_keys) {
        status = sgc_check_parents(txn, &txn->source, table, key, before, record);
    }
    return status == SGC_OK ? sgc_write_put(txn, table, key, before, record) : status;
}

sgc_status sgc_write_replace(sgc_txn *txn, uint16_t table, sgc_str key, sgc_str before,
                             sgc_str record)
{
    if (sgc_str_eq(before, record)) return SGC_OK;
    return put_checked(txn, table, key, before, record);
}

/* ---- statements ---- */

static sgc_status insert(sgc_txn *txn, uint16_t table, sgc_str key, sgc_str record)
{
    enum sgc_found found;
    sgc_str there;

    sgc_status status = sgc_check_key(txn, table, key);
    if (status != SGC_OK) return status;
    status = sgc_reads_get(&txn->source, table, key, &txn->scratch, &found, &there, &txn->error);
    if (status != SGC_OK) return status;
    if (found == SGC_FOUND_ROW) return sgc_fail_exists(txn, table, key);
    return put_checked(txn, table, key, NO_RECORD, record);
}

sgc_status sgc_row_insert(sgc_txn *txn, uint16_t table, sgc_str key, sgc_str record)
{
    if (txn->load) return sgc_load_row(txn->load, table, key, record);
    sgc_savepoint mark = sgc_savepoint_set(txn);
    sgc_status status = start(txn);

    if (status == SGC_OK) status = insert(txn, table, key, record);
    return end(txn, mark, status);
}

static sgc_status not_there(sgc_txn *txn, uint16_t table, sgc_str key)
{
    const sgc_table *t = &txn->schema->tables[table];

    return sgc_txn_fail(txn, SGC_NOT_FOUND, table, t->key, "there is no %.*s %.*s",
                        SGC_ARG(t->name), SGC_ARG(sgc_key_words(txn, table, key)));
}

/* The record as it is now, kept as long as the transaction. */
static sgc_status get_before(sgc_txn *txn, uint16_t table, sgc_str key, sgc_str *before)
{
    enum sgc_found found;
    sgc_status status = sgc_check_key(txn, table, key);

    if (status == SGC_LIMIT || status == SGC_INVALID) return not_there(txn, table, key);
    status = sgc_reads_get(&txn->source, table, key, &txn->arena, &found, before, &txn->error);
    if (status != SGC_OK || found == SGC_FOUND_ROW) return status;
    return not_there(txn, table, key);
}

sgc_status sgc_row_update(sgc_txn *txn, uint16_t table, sgc_str key, sgc_str record)
{
    sgc_savepoint mark = sgc_savepoint_set(txn);
    sgc_str before;
    sgc_status status = start(txn);

    if (status == SGC_OK) status = get_before(txn, table, key, &before);
    if (status == SGC_OK) status = sgc_write_replace(txn, table, key, before, record);
    return end(txn, mark, status);
}

sgc_status sgc_row_delete(sgc_txn *txn, uint16_t table, sgc_str key)
{
    sgc_savepoint mark = sgc_savepoint_set(txn);
    sgc_str before;
    sgc_status status = start(txn);

    if (status == SGC_OK) status = get_before(txn, table, key, &before);
    if (status == SGC_OK) status = sgc_delete_row(txn, table, key);
    return end(txn, mark, status);
}

/* ---- links ---- */

struct link_row {
    sgc_str record, before;
    sgc_key key;
    bool there;
};

static sgc_status find_link(sgc_txn *txn, uint16_t link, sgc_str left, sgc_str right,
                            struct link_row *row)
{
    const sgc_table *t = &txn->schema->tables[link];
    enum sgc_found found;

    assert(t->link);
    sgc_status status = sgc_link_record(txn, link, left, right, &row->record);
    if (status == SGC_OK) status = sgc_record_key(t, row->record, &row->key);
    if (status != SGC_OK) return status;
    status = sgc_reads_get(&txn->source, link, sgc_key_str(&row->key), &txn->arena, &found,
                           &row->before, &txn->error);
    row->there = found == SGC_FOUND_ROW;
    return status;
}

sgc_status sgc_link_add(sgc_txn *txn, uint16_t link, sgc_str left, sgc_str right)
{
    if (txn->load) return sgc_load_link(txn->load, link, left, right);
    sgc_savepoint mark = sgc_savepoint_set(txn);
    struct link_row row;
    sgc_status status = start(txn);

    if (status == SGC_OK) status = find_link(txn, link, left, right, &row);
    if (status == SGC_OK && !row.there) {
        status = put_checked(txn, link, sgc_key_str(&row.key), NO_RECORD, row.record);
    }
    return end(txn, mark, status);
}

sgc_status sgc_link_remove(sgc_txn *txn, uint16_t link, sgc_str left, sgc_str right)
{
    sgc_savepoint mark = sgc_savepoint_set(txn);
    struct link_row row;
    sgc_status status = start(txn);

    if (status == SGC_OK) status = find_link(txn, link, left, right, &row);
    if (status == SGC_OK && row.there) {
        status = sgc_write_put(txn, link, sgc_key_str(&row.key), row.before, NO_RECORD);
    }
    return end(txn, mark, status);
}
