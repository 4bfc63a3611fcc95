/*
 * bulk.c - what sgdb does not write: `bulk DIR ROWS` loads rows past the MemTables into the table
 * Bulk of an existing database, then changes each hundredth of them under an idempotency key, and
 * ends without closing it.
 */
#include "codec/codec.h"
#include "schema/schema.h"
#include "sgc/txn.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Row n in its state `round`: numbers from n, text and nothing in turns. */
static sgc_status pack(const sgc_table *table, int64_t n, int64_t round, sgc_buf *out, sgc_key *key)
{
    sgc_value values[8] = {0};
    char text[60];

    snprintf(text, sizeof text, "label %lld of %lld", (long long)(n % 100), (long long)round);
    for (uint16_t i = 0; i < table->field_count && i < 8; i++) {
        sgc_value *value = &values[table->fields[i].slot];
        value->kind = sgc_field_slot(table, i)->kind;
        value->is_null = i != table->key && (n + i) % 7 == 0;
        if (value->kind == SGC_KIND_BOOLEAN)
            value->as.boolean = n % 2;
        else if (value->kind == SGC_KIND_STRING)
            value->as.text = sgc_str_from(text);
        else
            value->as.integer = i == table->key ? n : n % 50 + round;
    }
    out->size = 0;
    sgc_status status = sgc_record_pack(&table->layout, values, out);
    return status == SGC_OK ? sgc_record_key(table, sgc_buf_as_str(out), key) : status;
}

static sgc_status load_rows(sgc_db *db, uint16_t table, int64_t rows, sgc_buf *record)
{
    sgc_load *load;
    sgc_key key;
    sgc_load_options options = {.memory_bytes = 16384}; /* so that runs go to files */
    sgc_status status = sgc_load_begin(db, &options, &load, NULL);

    for (int64_t i = 0; status == SGC_OK && i < rows; i++) {
        const sgc_table *t = &sgc_db_schema(db)->tables[table];
        status = pack(t, i * 7919 % rows - rows / 2, 0, record, &key);
        if (status == SGC_OK)
            status = sgc_load_row(load, table, sgc_key_str(&key), sgc_buf_as_str(record));
    }
    if (status == SGC_OK) status = sgc_load_commit(&load, NULL);
    sgc_load_abort(&load);
    return status;
}

static sgc_status change_some(sgc_db *db, uint16_t table, int64_t rows, sgc_buf *record)
{
    sgc_txn_options options = {.idempotency_key = SGC_STR("once"), .request = SGC_STR("bulk")};
    sgc_txn *txn;
    sgc_key key;
    sgc_status status = sgc_begin_with(db, &options, &txn, NULL);

    for (int64_t n = 0; status == SGC_OK && n < rows / 2; n += 100) {
        status = pack(&sgc_db_schema(db)->tables[table], n, 1, record, &key);
        if (status == SGC_OK)
            status = sgc_row_update(txn, table, sgc_key_str(&key), sgc_buf_as_str(record));
    }
    if (status == SGC_OK) status = sgc_commit(&txn, NULL);
    return status;
}

int main(int argc, char **argv)
{
    sgc_db_options options = {.must_exist = true, .cache_bytes = 8 << 20};
    sgc_error error = {SGC_OK, ""};
    sgc_buf record = {0};
    sgc_db *db;

    if (argc != 3) return 2;
    long rows = strtol(argv[2], NULL, 10);
    sgc_status status = sgc_db_open(argv[1], NULL, &options, &db, &error);
    if (status == SGC_OK) {
        uint16_t table = sgc_schema_table(sgc_db_schema(db), SGC_STR("Bulk"));
        status = load_rows(db, table, rows, &record);
        if (status == SGC_OK) status = change_some(db, table, rows, &record);
    }
    if (status != SGC_OK) fprintf(stderr, "bulk: %d %s\n", (int)status, error.text);
    fflush(stderr);
    _exit(status != SGC_OK); /* as a crash would: nothing is flushed, nothing freed */
}
