/*
 * rows.h - databases of tests: a schema from SDL, files in memory, rows given and shown as JSON.
 */
#ifndef SGC_TESTS_TXN_ROWS_H
#define SGC_TESTS_TXN_ROWS_H

#include "os/os.h"
#include "txn/txn.h"
#include "unit/unit.h"

#include <stdlib.h>

struct bed {
    sgc_memory_os *memory;
    sgc_arena arena;
    const sgc_schema *schema;
    sgc_db_options options;
    sgc_db *db;
};

static inline const sgc_schema *bed_schema(struct bed *bed, const char *sdl)
{
    sgc_diagnostics diagnostics = {.arena = &bed->arena};
    sgc_schema_file file = {SGC_STR("test.graphql"), sgc_str_from(sdl)};
    sgc_schema_built built;
    sgc_status status = sgc_schema_build(&file, 1, SGC_STR("test"), sgc_str_of(NULL, 0),
                                         &bed->arena, &diagnostics, &built);

    if (status != SGC_OK) {
        sgc_buf out = {0};
        sgc_diagnostics_print(&diagnostics, &out);
        printf("\n" SGC_FMT "\n", SGC_ARG(sgc_buf_as_str(&out)));
        sgc_buf_free(&out);
    }
    CU_ASSERT_EQUAL_FATAL(status, SGC_OK);
    return built.schema;
}

static inline sgc_status bed_open_again(struct bed *bed)
{
    sgc_error error = {SGC_OK, ""};
    sgc_status status = sgc_db_open("data", bed->schema, &bed->options, &bed->db, &error);

    if (status != SGC_OK) printf("\n    open: %s\n", error.text);
    return status;
}

static inline void bed_open(struct bed *bed, const char *sdl, uint64_t memtable_bytes)
{
    memset(bed, 0, sizeof *bed);
    CU_ASSERT_EQUAL_FATAL(sgc_memory_os_create(&bed->memory), SGC_OK);
    bed->schema = bed_schema(bed, sdl);
    bed->options.os = sgc_memory_os_table(bed->memory);
    bed->options.memtable_bytes = memtable_bytes;
    bed->options.log_segment_bytes = 1 << 20;
    bed->options.cache_bytes = 4 << 20;
    CU_ASSERT_EQUAL_FATAL(bed_open_again(bed), SGC_OK);
}

static inline void bed_reopen(struct bed *bed)
{
    CU_ASSERT_EQUAL(sgc_db_close(bed->db), SGC_OK);
    CU_ASSERT_EQUAL_FATAL(bed_open_again(bed), SGC_OK);
}

static inline void bed_close(struct bed *bed)
{
    CU_ASSERT_EQUAL(sgc_db_close(bed->db), SGC_OK);
    sgc_memory_os_destroy(bed->memory);
    sgc_arena_free(&bed->arena);
}

/** Everything that is stored is sound. */
static inline void bed_verify(struct bed *bed)
{
    sgc_buf report = {0};
    sgc_status status = sgc_db_verify(bed->db, &report);

    if (status != SGC_OK) printf("\n" SGC_FMT "\n", SGC_ARG(sgc_buf_as_str(&report)));
    CU_ASSERT_EQUAL(status, SGC_OK);
    CU_ASSERT_EQUAL(report.size, 0);
    sgc_buf_free(&report);
}

static inline sgc_txn *bed_begin(struct bed *bed)
{
    sgc_txn *txn;

    CU_ASSERT_EQUAL_FATAL(sgc_begin(bed->db, &txn), SGC_OK);
    return txn;
}

static inline uint16_t table_of(sgc_txn *txn, const char *name)
{
    uint16_t table = sgc_schema_table(sgc_db_schema(sgc_txn_db(txn)), sgc_str_from(name));

    CU_ASSERT_NOT_EQUAL_FATAL(table, SGC_NONE);
    return table;
}

/* Packs a JSON object into a record of the table; everything lives in the transaction. */
static inline sgc_str record_of(sgc_txn *txn, uint16_t position, const char *text, sgc_key *key)
{
    const sgc_schema *schema = sgc_db_schema(sgc_txn_db(txn));
    const sgc_table *table = &schema->tables[position];
    sgc_arena *arena = sgc_txn_arena(txn);
    sgc_value *values = sgc_arena_zero(arena, table->layout.count, sizeof *values);
    sgc_error error = {SGC_OK, ""};
    sgc_json *json;
    sgc_buf out = {0};

    CU_ASSERT_EQUAL_FATAL(sgc_json_parse(sgc_str_from(text), arena, &json, &error), SGC_OK);
    for (uint16_t i = 0; i < table->field_count; i++) {
        const sgc_field *field = &table->fields[i];
        const sgc_slot *slot = &table->layout.slots[field->slot];
        char name[100];
        snprintf(name, sizeof name, SGC_FMT, SGC_ARG(field->name));
        const sgc_json *member = sgc_json_member(json, name);
        values[field->slot].is_null = true;
        if (!member || member->kind == SGC_JSON_NULL) continue;
        sgc_status status =
            sgc_value_from_json(schema, field, slot, member, arena, &values[field->slot], &error);
        if (status != SGC_OK) printf("\n    %s\n", error.text);
        CU_ASSERT_EQUAL_FATAL(status, SGC_OK);
    }
    CU_ASSERT_EQUAL_FATAL(sgc_record_pack(&table->layout, values, &out), SGC_OK);
    sgc_str record = sgc_arena_str(arena, sgc_buf_as_str(&out));
    sgc_buf_free(&out);
    CU_ASSERT_EQUAL_FATAL(sgc_record_key(table, record, key), SGC_OK);
    return record;
}

static inline sgc_status put(sgc_txn *txn, const char *table, const char *json)
{
    sgc_key key;
    sgc_str record = record_of(txn, table_of(txn, table), json, &key);

    return sgc_row_insert(txn, table_of(txn, table), sgc_key_str(&key), record);
}

static inline sgc_status set(sgc_txn *txn, const char *table, const char *json)
{
    sgc_key key;
    sgc_str record = record_of(txn, table_of(txn, table), json, &key);

    return sgc_row_update(txn, table_of(txn, table), sgc_key_str(&key), record);
}

static inline sgc_str key_of(sgc_txn *txn, const char *table, const char *text)
{
    const sgc_table *t = &sgc_db_schema(sgc_txn_db(txn))->tables[table_of(txn, table)];
    sgc_kind kind = sgc_field_slot(t, t->key)->kind;
    sgc_key key;

    sgc_pk_text(&key, sgc_str_from(text));
    if (kind == SGC_KIND_INT) sgc_pk_int(&key, (int32_t)strtol(text, NULL, 10));
    if (kind == SGC_KIND_BIGINT) sgc_pk_int64(&key, strtoll(text, NULL, 10));
    return sgc_arena_str(sgc_txn_arena(txn), sgc_key_str(&key));
}

static inline sgc_status drop(sgc_txn *txn, const char *table, const char *key)
{
    return sgc_row_delete(txn, table_of(txn, table), key_of(txn, table, key));
}

static inline sgc_str show_record(sgc_txn *txn, uint16_t position, sgc_str record)
{
    const sgc_schema *schema = sgc_db_schema(sgc_txn_db(txn));
    const sgc_table *table = &schema->tables[position];
    sgc_value value;
    sgc_buf out = {0};

    for (uint16_t i = 0; i < table->field_count; i++) {
        const sgc_field *field = &table->fields[i];
        if (i) sgc_buf_byte(&out, ' ');
        CU_ASSERT_EQUAL_FATAL(
            sgc_record_field(&table->layout, record, field->slot, sgc_txn_arena(txn), &value),
            SGC_OK);
        sgc_value_to_json(schema, field, &value, &out);
    }
    sgc_str text = sgc_arena_str(sgc_txn_arena(txn), sgc_buf_as_str(&out));
    sgc_buf_free(&out);
    return text;
}

/* The fields as JSON in order, "-" when there is no such row. */
static inline sgc_str show(sgc_txn *txn, const char *table, const char *key)
{
    sgc_str record;
    sgc_status status = sgc_row_get(txn, table_of(txn, table), key_of(txn, table, key), &record);

    CU_ASSERT_TRUE(status == SGC_OK || status == SGC_NOT_FOUND);
    return status == SGC_OK ? show_record(txn, table_of(txn, table), record) : SGC_STR("-");
}

/* The first fields of all rows in the order of an index: "a" "b" "c". */
static inline sgc_str list(sgc_txn *txn, const char *table, uint16_t index, bool descending)
{
    uint16_t position = table_of(txn, table);
    sgc_range range = {.descending = descending};
    sgc_cursor cursor = sgc_cursor_open(txn, position, index, &range);
    sgc_buf out = {0};
    sgc_str record;

    while (sgc_cursor_next(&cursor, &record)) {
        sgc_str row = show_record(txn, position, record);
        size_t size = 0;
        while (size < row.size && row.data[size] != ' ')
            size++;
        if (out.size) sgc_buf_byte(&out, ' ');
        sgc_buf_append(&out, row.data, size);
    }
    CU_ASSERT_EQUAL(sgc_cursor_status(&cursor), SGC_OK);
    sgc_str text = sgc_arena_str(sgc_txn_arena(txn), sgc_buf_as_str(&out));
    sgc_buf_free(&out);
    return text;
}

#define OK(call)      CU_ASSERT_EQUAL((call), SGC_OK)
#define IS(call, why) CU_ASSERT_EQUAL((call), (why))

static inline sgc_status commit_now(sgc_txn *txn)
{
    sgc_commit_info info;
    sgc_status status = sgc_commit(&txn, &info);

    CU_ASSERT_EQUAL(info.outcome == SGC_OUTCOME_COMMITTED, status == SGC_OK);
    CU_ASSERT_EQUAL(info.error.text[0] == '\0', status == SGC_OK);
    return status;
}

#endif
