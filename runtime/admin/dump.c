/*
 * dump.c - rows out of a database as JSON, NDJSON or CSV, in key order, one snapshot of any moment.
 * What it writes, load.c reads.
 */
#include "admin/admin.h"

enum { PIECE = 64 * 1024 };

typedef struct dump {
    const sgc_schema *schema;
    sgc_txn *txn;
    sgc_arena arena; /* of the current row */
    sgc_buf out;
    sgc_dump_sink *sink;
    void *context;
    sgc_error *error;
} dump;

static sgc_status fail(dump *d, sgc_status status)
{
    const char *words = d->txn ? sgc_errmsg(d->txn) : "";
    return sgc_fail(d->error, status, "%s", *words ? words : sgc_status_text(status));
}

static sgc_status give(dump *d, size_t at_least)
{
    if (d->out.failed) return fail(d, SGC_NO_MEMORY);
    if (d->out.size < at_least) return SGC_OK;
    sgc_status status = d->sink(d->context, sgc_buf_as_str(&d->out));
    d->out.size = 0;
    return status == SGC_OK ? SGC_OK : sgc_fail(d->error, status, "writing failed");
}

sgc_status sgc_moment_failed(sgc_db *db, sgc_moment moment, sgc_status status, sgc_error *error)
{
    unsigned long long head = sgc_db_head(db), value = moment.value;

    if (status != SGC_INVALID) return sgc_fail(error, status, "%s", sgc_status_text(status));
    if (moment.kind == SGC_MOMENT_SEQUENCE)
        return sgc_fail(error, status, "sequence %llu lies beyond the head, %llu", value, head);
    return sgc_fail(error, status, "the time lies ahead");
}

/* ---- links: written with the left row ---- */

static bool writes_links(const sgc_relation *relation)
{
    return relation->kind == SGC_RELATION_LINK && relation->link_field == 1;
}

/* The ids on the right of a row's links, as a JSON list. */
static sgc_status write_links(dump *d, const sgc_relation *relation, const sgc_key *key,
                              sgc_buf *out)
{
    const sgc_table *link = &d->schema->tables[relation->link];
    const sgc_field *field = &link->fields[relation->link_field];
    sgc_key from, to;
    sgc_str record;
    bool first = true;

    sgc_key_start(&from);
    sgc_key_text(&from, sgc_key_str(key), false);
    to = from;
    sgc_range range = {.from = sgc_key_str(&from)};
    if (sgc_key_successor(&to)) range.to = sgc_key_str(&to);
    sgc_cursor cursor = sgc_cursor_open(d->txn, relation->link, relation->index, &range);
    sgc_buf_byte(out, '[');
    while (sgc_cursor_next(&cursor, &record)) {
        sgc_value value;
        sgc_status status = sgc_record_field(&link->layout, record, field->slot, &d->arena, &value);
        if (status != SGC_OK) return fail(d, status);
        if (!first) sgc_buf_byte(out, ',');
        first = false;
        sgc_value_to_json(d->schema, field, &value, out);
    }
    sgc_buf_byte(out, ']');
    sgc_status status = sgc_cursor_status(&cursor);
    return status == SGC_OK ? SGC_OK : fail(d, status);
}

/* ---- rows ---- */

static sgc_status unpack(dump *d, const sgc_table *table, sgc_str record, sgc_value **values,
                         sgc_key *key)
{
    sgc_arena_reset(&d->arena);
    *values = sgc_arena_zero(&d->arena, (size_t)table->layout.count + 1, sizeof **values);
    if (!*values) return fail(d, SGC_NO_MEMORY);
    sgc_status status = sgc_record_unpack(&table->layout, record, &d->arena, *values);
    if (status == SGC_OK) status = sgc_record_key(table, record, key);
    return status == SGC_OK ? SGC_OK : fail(d, status);
}

static sgc_status json_row(dump *d, const sgc_table *table, sgc_str record)
{
    sgc_value *values;
    sgc_key key;
    sgc_status status = unpack(d, table, record, &values, &key);

    if (status != SGC_OK) return status;
    sgc_buf_byte(&d->out, '{');
    sgc_show_fields(d->schema, table, values, NULL, &d->out);
    for (uint16_t i = 0; status == SGC_OK && i < table->relation_count; i++) {
        if (!writes_links(&table->relations[i])) continue;
        sgc_buf_byte(&d->out, ',');
        sgc_json_str(&d->out, table->relations[i].name);
        sgc_buf_byte(&d->out, ':');
        status = write_links(d, &table->relations[i], &key, &d->out);
    }
    sgc_buf_byte(&d->out, '}');
    return status;
}

/* A JSON value as a CSV field: null empty, strings bare unless `whole`, all else in quotes. */
static void csv_field(sgc_buf *out, const sgc_value *value, const sgc_buf *json, bool whole,
                      sgc_arena *arena)
{
    sgc_str text = sgc_buf_as_str(json);
    sgc_json *parsed;

    if (value && value->is_null) return;
    if (!whole && json->size && json->data[0] == '"') {
        if (sgc_json_parse(text, arena, &parsed, NULL) != SGC_OK) {
            out->failed = true;
            return;
        }
        text = parsed->text;
    }
    sgc_buf_byte(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"') sgc_buf_byte(out, '"');
        sgc_buf_byte(out, text.data[i]);
    }
    sgc_buf_byte(out, '"');
}

static sgc_status csv_row(dump *d, const sgc_table *table, sgc_str record)
{
    sgc_value *values;
    sgc_buf json = {0};
    sgc_key key;
    sgc_status status = unpack(d, table, record, &values, &key);

    for (uint16_t i = 0; status == SGC_OK && i < table->field_count; i++) {
        const sgc_value *value = &values[table->fields[i].slot];
        json.size = 0;
        sgc_value_to_json(d->schema, &table->fields[i], value, &json);
        if (i) sgc_buf_byte(&d->out, ',');
        /* A JSON column is read back as JSON, so its strings keep their quotes. */
        bool whole = table->layout.slots[table->fields[i].slot].kind == SGC_KIND_JSON;
        csv_field(&d->out, value, &json, whole, &d->arena);
    }
    for (uint16_t i = 0; status == SGC_OK && i < table->relation_count; i++) {
        if (!writes_links(&table->relations[i])) continue;
        json.size = 0;
        status = write_links(d, &table->relations[i], &key, &json);
        sgc_buf_byte(&d->out, ',');
        csv_field(&d->out, NULL, &json, true, &d->arena);
    }
    d->out.failed = d->out.failed || json.failed;
    sgc_buf_free(&json);
    sgc_buf_byte(&d->out, '\n');
    return status;
}

static void csv_header(dump *d, const sgc_table *table)
{
    for (uint16_t i = 0; i < table->field_count; i++) {
        if (i) sgc_buf_byte(&d->out, ',');
        sgc_buf_str(&d->out, table->fields[i].name);
    }
    for (uint16_t i = 0; i < table->relation_count; i++) {
        if (!writes_links(&table->relations[i])) continue;
        sgc_buf_byte(&d->out, ',');
        sgc_buf_str(&d->out, table->relations[i].name);
    }
    sgc_buf_byte(&d->out, '\n');
}

/* ---- tables ---- */

static sgc_status dump_rows(dump *d, uint16_t position, sgc_load_format format)
{
    const sgc_table *table = &d->schema->tables[position];
    sgc_cursor cursor = sgc_cursor_open(d->txn, position, 0, NULL);
    sgc_status status = SGC_OK;
    sgc_str record;
    bool first = true;

    while (status == SGC_OK && sgc_cursor_next(&cursor, &record)) {
        if (format == SGC_LOAD_JSON) sgc_buf_text(&d->out, first ? "\n" : ",\n");
        first = false;
        status = format == SGC_LOAD_CSV ? csv_row(d, table, record) : json_row(d, table, record);
        if (format == SGC_LOAD_NDJSON) sgc_buf_byte(&d->out, '\n');
        if (status == SGC_OK) status = give(d, PIECE);
    }
    if (status != SGC_OK) return status;
    status = sgc_cursor_status(&cursor);
    return status == SGC_OK ? SGC_OK : fail(d, status);
}

static sgc_status dump_all(dump *d, uint16_t only)
{
    sgc_status status = SGC_OK;
    bool first = true;

    sgc_buf_text(&d->out, "{");
    for (uint16_t i = 0; status == SGC_OK && i < d->schema->table_count; i++) {
        if (d->schema->tables[i].link || (only != SGC_NONE && only != i)) continue;
        sgc_buf_text(&d->out, first ? "\n" : ",\n");
        first = false;
        sgc_json_str(&d->out, d->schema->tables[i].name);
        sgc_buf_text(&d->out, ": [");
        status = dump_rows(d, i, SGC_LOAD_JSON);
        sgc_buf_text(&d->out, "]");
    }
    sgc_buf_text(&d->out, "\n}\n");
    return status;
}

static sgc_status dump_format(dump *d, sgc_load_format format, sgc_str table)
{
    uint16_t position = SGC_NONE;

    if (table.data) {
        position = sgc_schema_table(d->schema, table);
        if (position == SGC_NONE || d->schema->tables[position].link)
            return sgc_fail(d->error, SGC_INVALID, "there is no table \"" SGC_FMT "\"",
                            SGC_ARG(table));
    } else if (format != SGC_LOAD_JSON) {
        return sgc_fail(d->error, SGC_INVALID, "NDJSON and CSV hold one table: name it");
    }
    if (format == SGC_LOAD_JSON) return dump_all(d, position);
    if (format == SGC_LOAD_CSV) csv_header(d, &d->schema->tables[position]);
    return dump_rows(d, position, format);
}

sgc_status sgc_dump(sgc_db *db, const sgc_dump_options *options, sgc_error *error)
{
    dump d = {.schema = sgc_db_schema(db),
              .sink = options->sink,
              .context = options->context,
              .error = error};
    sgc_status status = sgc_begin_read(db, options->moment, &d.txn);

    if (status != SGC_OK) return sgc_moment_failed(db, options->moment, status, error);
    status = dump_format(&d, options->format, options->table);
    if (status == SGC_OK) status = give(&d, 0);
    sgc_abort(&d.txn);
    sgc_arena_free(&d.arena);
    sgc_buf_free(&d.out);
    return status;
}
