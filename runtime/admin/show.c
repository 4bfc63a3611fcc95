/* show.c - rows, keys and what changed in them, as people and programs read them: JSON. */
#include "admin/admin.h"

static sgc_status unpack(const sgc_table *table, sgc_str record, sgc_arena *scratch,
                         sgc_value **values)
{
    *values = sgc_arena_zero(scratch, (size_t)table->layout.count + 1, sizeof **values);
    if (!*values) return SGC_NO_MEMORY;
    return sgc_record_unpack(&table->layout, record, scratch, *values);
}

/* Two stored values say the same when they are written the same. */
static bool same_value(const sgc_schema *schema, const sgc_field *field, const sgc_value *a,
                       const sgc_value *b, sgc_buf texts[2])
{
    texts[0].size = texts[1].size = 0;
    sgc_value_to_json(schema, field, a, &texts[0]);
    sgc_value_to_json(schema, field, b, &texts[1]);
    return sgc_str_eq(sgc_buf_as_str(&texts[0]), sgc_buf_as_str(&texts[1]));
}

void sgc_show_fields(const sgc_schema *schema, const sgc_table *table, const sgc_value *values,
                     const sgc_value *other, sgc_buf *out)
{
    sgc_buf texts[2] = {{0}, {0}};

    for (uint16_t i = 0; i < table->field_count; i++) {
        const sgc_field *field = &table->fields[i];
        if (i) sgc_buf_byte(out, ',');
        if (other && !same_value(schema, field, &values[field->slot], &other[field->slot], texts))
            sgc_buf_byte(out, '*');
        sgc_json_str(out, field->name);
        sgc_buf_byte(out, ':');
        sgc_value_to_json(schema, field, &values[field->slot], out);
    }
    out->failed = out->failed || texts[0].failed || texts[1].failed;
    sgc_buf_free(&texts[0]);
    sgc_buf_free(&texts[1]);
}

sgc_status sgc_show_row(const sgc_schema *schema, const sgc_table *table, sgc_str record,
                        sgc_str other, sgc_arena *scratch, sgc_buf *out)
{
    sgc_value *values = NULL, *others = NULL;
    sgc_status status = SGC_OK;

    if (!record.data) {
        sgc_json_null(out);
        return SGC_OK;
    }
    status = unpack(table, record, scratch, &values);
    if (status == SGC_OK && other.data) status = unpack(table, other, scratch, &others);
    if (status != SGC_OK) return status;
    sgc_buf_byte(out, '{');
    sgc_show_fields(schema, table, values, others, out);
    sgc_buf_byte(out, '}');
    return SGC_OK;
}

sgc_status sgc_show_changed(const sgc_schema *schema, const sgc_table *table, sgc_str before,
                            sgc_str after, sgc_arena *scratch, sgc_buf *out)
{
    sgc_value *values[2] = {NULL, NULL};
    sgc_buf texts[2] = {{0}, {0}};
    sgc_status status = unpack(table, before, scratch, &values[0]);
    bool first = true;

    if (status == SGC_OK) status = unpack(table, after, scratch, &values[1]);
    for (uint16_t i = 0; status == SGC_OK && i < table->field_count; i++) {
        const sgc_field *field = &table->fields[i];
        if (same_value(schema, field, &values[0][field->slot], &values[1][field->slot], texts))
            continue;
        sgc_buf_printf(out, "%s" SGC_FMT ": " SGC_FMT " -> " SGC_FMT, first ? "" : ", ",
                       SGC_ARG(field->name), SGC_ARG(sgc_buf_as_str(&texts[0])),
                       SGC_ARG(sgc_buf_as_str(&texts[1])));
        first = false;
    }
    if (texts[0].failed || texts[1].failed) status = SGC_NO_MEMORY;
    sgc_buf_free(&texts[0]);
    sgc_buf_free(&texts[1]);
    return status;
}

/* A link is named by the two rows it joins. */
static sgc_status show_link(const sgc_schema *schema, const sgc_table *table, sgc_str record,
                            sgc_arena *scratch, sgc_buf *out)
{
    sgc_value *values = NULL;
    sgc_status status = unpack(table, record, scratch, &values);

    for (uint16_t i = 0; status == SGC_OK && i < 2; i++) {
        sgc_buf_byte(out, i ? ',' : '[');
        sgc_value_to_json(schema, &table->fields[i], &values[table->fields[i].slot], out);
    }
    sgc_buf_byte(out, ']');
    return status;
}

sgc_status sgc_show_key(const sgc_schema *schema, const sgc_table *table, sgc_str key,
                        sgc_str record, sgc_arena *scratch, sgc_buf *out)
{
    sgc_value value;

    if (table->link) return show_link(schema, table, record, scratch, out);
    sgc_status status = sgc_key_to_value(table, key, &value);
    if (status == SGC_OK) sgc_value_to_json(schema, &table->fields[table->key], &value, out);
    return status;
}
