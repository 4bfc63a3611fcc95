/*
 * serial.c - the next number of a SERIAL key. It follows the largest key there is, or the largest
 * that was deleted: that one is kept in a table of the engine, written by the same commit that
 * deletes the row, so that no number comes back, after a crash neither.
 */
#include "txn/internal.h"

enum { RECORD_BYTES = SGC_RECORD_HEAD + 2 * 9 };

static uint16_t marks_of(const sgc_txn *txn)
{
    return (uint16_t)(sgc_user_tables(txn->schema) + 1);
}

static bool read_number(const sgc_table *table, sgc_str key, int64_t *number)
{
    int32_t small = 0;

    if (sgc_field_slot(table, table->key)->kind != SGC_KIND_INT)
        return sgc_pk_read_int64(key, number);
    bool read = sgc_pk_read_int(key, &small);
    *number = small;
    return read;
}

/* The largest key; 0 when there is none. */
static sgc_status largest(sgc_txn *txn, const struct sgc_reads *source, uint16_t table,
                          int64_t *number)
{
    struct sgc_walk walk;

    *number = 0;
    sgc_walk_open(&walk, source, table, 0, true);
    sgc_status status = sgc_walk_seek(&walk, sgc_str_of(NULL, 0), &txn->error);
    if (status == SGC_OK && walk.valid &&
        !read_number(&txn->schema->tables[table], sgc_walk_key(&walk), number))
        status = SGC_CORRUPT;
    sgc_walk_close(&walk);
    return status;
}

/* The largest key that was deleted, and its record as long as the transaction. */
static sgc_status deleted(sgc_txn *txn, const struct sgc_reads *source, uint16_t table,
                          sgc_key *key, sgc_str *record, int64_t *number)
{
    enum sgc_found found;

    *number = 0;
    *key = (sgc_key){0};
    sgc_pk_int64(key, txn->schema->tables[table].number);
    sgc_status status = sgc_reads_get(source, marks_of(txn), sgc_key_str(key), &txn->arena, &found,
                                      record, &txn->error);
    if (status == SGC_OK && found == SGC_FOUND_ROW)
        *number = sgc_slot_int64((const uint8_t *)record->data + SGC_RECORD_HEAD + 9);
    else
        *record = sgc_str_of(NULL, 0);
    return status;
}

static bool has_serial(const sgc_table *table)
{
    return table->key != SGC_NONE && table->fields[table->key].default_kind == SGC_DEFAULT_SERIAL;
}

sgc_status sgc_serial_start(sgc_txn *txn, uint16_t table, int64_t *last)
{
    sgc_key key;
    sgc_str record;

    *last = 0;
    if (!has_serial(&txn->schema->tables[table])) return SGC_OK;
    return deleted(txn, &txn->source, table, &key, &record, last);
}

void sgc_serial_note(const sgc_txn *txn, uint16_t table, sgc_str key, int64_t *last)
{
    const sgc_table *t = &txn->schema->tables[table];
    int64_t number;

    if (has_serial(t) && read_number(t, key, &number) && number > *last) *last = number;
}

/* What the next number follows. */
static sgc_status last_number(sgc_txn *txn, uint16_t table, int64_t *last)
{
    int64_t gone = 0;
    sgc_key key;
    sgc_str record;

    if (txn->load && txn->load->claimed[table]) {
        *last = txn->load->serials[table];
        return SGC_OK;
    }
    sgc_status status = largest(txn, &txn->source, table, last);
    if (status == SGC_OK) status = deleted(txn, &txn->source, table, &key, &record, &gone);
    if (gone > *last) *last = gone;
    return status;
}

sgc_status sgc_row_serial(sgc_txn *txn, uint16_t table, int64_t *next)
{
    const sgc_table *t = &txn->schema->tables[table];
    bool small = sgc_field_slot(t, t->key)->kind == SGC_KIND_INT;

    sgc_txn_clear_error(txn);
    sgc_status status = last_number(txn, table, next);
    if (status != SGC_OK) return sgc_txn_fail_plain(txn, status);
    if (*next == (small ? INT32_MAX : INT64_MAX))
        return sgc_txn_fail(txn, SGC_LIMIT, table, t->key,
                            "the largest key of %.*s is the largest number there is",
                            SGC_ARG(t->name));
    *next = *next < 0 ? 1 : *next + 1;
    return SGC_OK;
}

sgc_status sgc_serial_keep(sgc_txn *txn, uint16_t table, sgc_str key)
{
    const sgc_table *t = &txn->schema->tables[table];
    struct sgc_reads source = txn->source;
    uint8_t room[RECORD_BYTES];
    int64_t last, number, gone = 0;
    sgc_key mark;
    sgc_str before;

    if (!has_serial(t)) return SGC_OK;
    /* What it says stays true whatever others do meanwhile: it is nothing that was read. */
    source.kept = NULL;
    if (!read_number(t, key, &number)) return SGC_CORRUPT;
    sgc_status status = largest(txn, &source, table, &last);
    if (status != SGC_OK || number < last || number <= 0) return status;
    status = deleted(txn, &source, table, &mark, &before, &gone);
    if (status != SGC_OK || number <= gone) return status;
    uint8_t *p = sgc_put_record_head(room, 2, 1);
    p = sgc_put_int64(p, true, t->number);
    p = sgc_put_int64(p, true, number);
    return sgc_memtable_put(txn->writes, marks_of(txn), sgc_key_str(&mark), before,
                            sgc_str_of((const char *)room, (size_t)(p - room)), ++txn->position);
}
