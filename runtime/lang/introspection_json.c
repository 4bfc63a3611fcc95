/*
 * introspection_json.c - the answer to the whole introspection query, every optional part of it
 * asked for, as JSON text.
 */
#include "lang/types_internal.h"

/* The query asks for so many nested ofType. */
enum { TYPE_DEPTH = 9 };

/* ---- JSON ---- */

static void put_string(sgc_buf *out, sgc_str text)
{
    if (sgc_str_is_null(text))
        sgc_buf_text(out, "null");
    else
        sgc_json_quote(out, text);
}

static void put_member(sgc_buf *out, const char *name, sgc_str text)
{
    sgc_buf_printf(out, ",\"%s\":", name);
    put_string(out, text);
}

static void put_bool(sgc_buf *out, const char *name, bool value)
{
    sgc_buf_printf(out, ",\"%s\":%s", name, value ? "true" : "false");
}

static void put_deprecation(sgc_buf *out, sgc_str reason)
{
    put_bool(out, "isDeprecated", !sgc_str_is_null(reason));
    put_member(out, "deprecationReason", reason);
}

static void put_comma(sgc_buf *out, size_t index)
{
    if (index) sgc_buf_byte(out, ',');
}

/* ---- references ---- */

static const char *kind_name(sgc_named_kind kind)
{
    static const char *const names[] = {"SCALAR", "OBJECT", "INTERFACE",
                                        "UNION",  "ENUM",   "INPUT_OBJECT"};

    return names[kind];
}

static void put_named(sgc_buf *out, const sgc_named_type *type)
{
    sgc_buf_printf(out, "{\"kind\":\"%s\"", kind_name(type->kind));
    put_member(out, "name", type->name);
    sgc_buf_text(out, ",\"ofType\":null}");
}

/* kind comes first outside and second inside, as in the query. */
static void put_ref_head(sgc_buf *out, const sgc_type_ref *ref, bool outermost)
{
    const char *kind = ref->kind == SGC_TYPE_LIST       ? "LIST"
                       : ref->kind == SGC_TYPE_NON_NULL ? "NON_NULL"
                                                        : kind_name(ref->named->kind);

    sgc_buf_byte(out, '{');
    if (outermost) sgc_buf_printf(out, "\"kind\":\"%s\",", kind);
    sgc_buf_text(out, "\"name\":");
    put_string(out, ref->kind == SGC_TYPE_NAMED ? ref->named->name : sgc_str_of(NULL, 0));
    if (!outermost) sgc_buf_printf(out, ",\"kind\":\"%s\"", kind);
}

static void put_ref(sgc_buf *out, const sgc_type_ref *ref)
{
    int depth = 0;

    for (; ref && depth <= TYPE_DEPTH; ref = ref->inner, depth++) {
        put_ref_head(out, ref, depth == 0);
        if (depth < TYPE_DEPTH) sgc_buf_text(out, ",\"ofType\":");
    }
    if (depth <= TYPE_DEPTH) sgc_buf_text(out, "null");
    while (depth-- > 0)
        sgc_buf_byte(out, '}');
}

/* ---- members of types ---- */

static void put_input(sgc_buf *out, const sgc_input_def *input)
{
    sgc_buf_text(out, "{\"name\":");
    put_string(out, input->name);
    put_member(out, "description", input->description);
    sgc_buf_text(out, ",\"type\":");
    put_ref(out, input->type);
    if (input->default_value) {
        sgc_buf text = {0};
        sgc_print_value(input->default_value, &text);
        put_member(out, "defaultValue", sgc_buf_as_str(&text));
        out->failed = out->failed || text.failed;
        sgc_buf_free(&text);
    } else {
        put_member(out, "defaultValue", sgc_str_of(NULL, 0));
    }
    put_deprecation(out, input->deprecation);
    sgc_buf_byte(out, '}');
}

static void put_inputs(sgc_buf *out, const sgc_input_def *inputs, size_t count)
{
    sgc_buf_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        put_comma(out, i);
        put_input(out, &inputs[i]);
    }
    sgc_buf_byte(out, ']');
}

static void put_fields(sgc_buf *out, const sgc_named_type *type)
{
    sgc_buf_byte(out, '[');
    for (size_t i = 0; i < type->field_count; i++) {
        const sgc_field_def *field = &type->fields[i];
        put_comma(out, i);
        sgc_buf_text(out, "{\"name\":");
        put_string(out, field->name);
        put_member(out, "description", field->description);
        sgc_buf_text(out, ",\"args\":");
        put_inputs(out, field->arguments, field->argument_count);
        sgc_buf_text(out, ",\"type\":");
        put_ref(out, field->type);
        put_deprecation(out, field->deprecation);
        sgc_buf_byte(out, '}');
    }
    sgc_buf_byte(out, ']');
}

static void put_values(sgc_buf *out, const sgc_named_type *type)
{
    sgc_buf_byte(out, '[');
    for (size_t i = 0; i < type->value_count; i++) {
        put_comma(out, i);
        sgc_buf_text(out, "{\"name\":");
        put_string(out, type->values[i].name);
        put_member(out, "description", type->values[i].description);
        put_deprecation(out, type->values[i].deprecation);
        sgc_buf_byte(out, '}');
    }
    sgc_buf_byte(out, ']');
}

static void put_types(sgc_buf *out, struct sgc_named_type *const *types, size_t count)
{
    sgc_buf_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        put_comma(out, i);
        put_named(out, types[i]);
    }
    sgc_buf_byte(out, ']');
}

/* ---- types, directives, the schema ---- */

static void put_null(sgc_buf *out)
{
    sgc_buf_text(out, "null");
}

static void put_type(sgc_buf *out, const sgc_named_type *type)
{
    bool has_fields = type->kind == SGC_NAMED_OBJECT || type->kind == SGC_NAMED_INTERFACE;
    bool is_abstract = type->kind == SGC_NAMED_UNION || type->kind == SGC_NAMED_INTERFACE;

    sgc_buf_printf(out, "{\"kind\":\"%s\"", kind_name(type->kind));
    put_member(out, "name", type->name);
    put_member(out, "description", type->description);
    put_member(out, "specifiedByURL", type->specified_by);
    if (type->kind == SGC_NAMED_INPUT)
        put_bool(out, "isOneOf", type->one_of);
    else
        sgc_buf_text(out, ",\"isOneOf\":null");
    sgc_buf_text(out, ",\"fields\":");
    has_fields ? put_fields(out, type) : put_null(out);
    sgc_buf_text(out, ",\"inputFields\":");
    type->kind == SGC_NAMED_INPUT ? put_inputs(out, type->inputs, type->input_count)
                                  : put_null(out);
    sgc_buf_text(out, ",\"interfaces\":");
    has_fields ? put_types(out, type->interfaces, type->interface_count) : put_null(out);
    sgc_buf_text(out, ",\"enumValues\":");
    type->kind == SGC_NAMED_ENUM ? put_values(out, type) : put_null(out);
    sgc_buf_text(out, ",\"possibleTypes\":");
    is_abstract ? put_types(out, type->members, type->member_count) : put_null(out);
    sgc_buf_byte(out, '}');
}

static void put_directive(sgc_buf *out, const sgc_directive_def *directive)
{
    sgc_buf_text(out, "{\"name\":");
    put_string(out, directive->name);
    put_member(out, "description", directive->description);
    put_bool(out, "isRepeatable", directive->repeatable);
    put_deprecation(out, directive->deprecation);
    sgc_buf_text(out, ",\"locations\":[");
    for (size_t i = 0; i < directive->location_count; i++) {
        put_comma(out, i);
        put_string(out, directive->locations[i]);
    }
    sgc_buf_text(out, "],\"args\":");
    put_inputs(out, directive->arguments, directive->argument_count);
    sgc_buf_byte(out, '}');
}

static void put_root(sgc_buf *out, const char *name, const sgc_named_type *type)
{
    sgc_buf_printf(out, ",\"%s\":", name);
    if (!type) {
        put_null(out);
        return;
    }
    sgc_buf_text(out, "{\"name\":");
    put_string(out, type->name);
    sgc_buf_printf(out, ",\"kind\":\"%s\"}", kind_name(type->kind));
}

void sgc_introspection_json(const sgc_type_system *system, sgc_buf *out)
{
    sgc_buf_text(out, "{\"__schema\":{\"description\":");
    put_string(out, system->description);
    put_root(out, "queryType", system->query);
    put_root(out, "mutationType", system->mutation);
    put_root(out, "subscriptionType", system->subscription);
    sgc_buf_text(out, ",\"types\":[");
    for (size_t i = 0; i < system->listed_type_count; i++) {
        put_comma(out, i);
        put_type(out, system->types[i]);
    }
    sgc_buf_text(out, "],\"directives\":[");
    for (size_t i = 0; i < system->listed_directive_count; i++) {
        put_comma(out, i);
        put_directive(out, system->directives[i]);
    }
    sgc_buf_text(out, "]}}");
}
