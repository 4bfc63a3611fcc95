/*
 * meta.c - introspection: __schema and __type answered from the type system, field by field as the
 * query asks. Values are never null where the introspection types forbid it, so nothing spreads.
 */
#include "graphql/execute.h"

typedef enum meta_kind {
    META_SCHEMA,
    META_TYPE, /* of a reference: lists and non-null are types too */
    META_FIELD,
    META_INPUT,
    META_VALUE,
    META_DIRECTIVE,
} meta_kind;

/* One introspection object. */
typedef struct meta {
    meta_kind kind;
    const void *what;
} meta;

static void write_meta(sgc_execution *at, const sgc_plan_field *field, meta object);

/* ---- pieces ---- */

static void write_text(sgc_execution *at, sgc_str text)
{
    sgc_json_str(at->out, text);
}

static bool is(const sgc_plan_field *field, const char *name)
{
    return sgc_str_eq(field->def->name, sgc_str_from(name));
}

static bool flag(sgc_execution *at, const sgc_plan_field *field, const char *name)
{
    sgc_json *arguments;
    sgc_error error;
    sgc_status status = sgc_coerce_arguments(field->parent, field->def, field->nodes[0]->arguments,
                                             &at->variables, NULL, &at->arena, &arguments, &error);

    if (status != SGC_OK) {
        if (status == SGC_NO_MEMORY) at->fatal = status;
        return false;
    }
    const sgc_json *value = sgc_json_member(arguments, name);
    return value && value->kind == SGC_JSON_TRUE;
}

/* Writes one object into a list that may have some already. */
static void write_item(sgc_execution *at, const sgc_plan_field *field, meta object, bool *first)
{
    if (!*first) sgc_buf_byte(at->out, ',');
    *first = false;
    write_meta(at, field, object);
}

static void write_inputs(sgc_execution *at, const sgc_plan_field *field,
                         const sgc_input_def *inputs, size_t count)
{
    bool all = flag(at, field, "includeDeprecated"), first = true;

    sgc_buf_byte(at->out, '[');
    for (size_t i = 0; i < count; i++) {
        if (all || !inputs[i].deprecation.data)
            write_item(at, field, (meta){META_INPUT, &inputs[i]}, &first);
    }
    sgc_buf_byte(at->out, ']');
}

static void write_ref(sgc_execution *at, const sgc_plan_field *field, const sgc_type_ref *ref)
{
    write_meta(at, field, (meta){META_TYPE, ref});
}

/* A named type as a reference, for places that list types. */
static void write_named(sgc_execution *at, const sgc_plan_field *field, sgc_named_type *type)
{
    sgc_type_ref ref = {.kind = SGC_TYPE_NAMED, .named = type};

    if (!type) {
        sgc_json_null(at->out);
        return;
    }
    write_ref(at, field, &ref);
}

static void write_named_list(sgc_execution *at, const sgc_plan_field *field,
                             sgc_named_type *const *types, size_t count)
{
    sgc_buf_byte(at->out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i) sgc_buf_byte(at->out, ',');
        write_named(at, field, types[i]);
    }
    sgc_buf_byte(at->out, ']');
}

static void write_deprecation(sgc_execution *at, const sgc_plan_field *field, sgc_str reason)
{
    if (is(field, "isDeprecated")) {
        sgc_json_bool(at->out, reason.data != NULL);
    } else {
        write_text(at, reason);
    }
}

/* ---- __Schema ---- */

static void write_directives(sgc_execution *at, const sgc_plan_field *field)
{
    const sgc_type_system *types = at->api->types;

    sgc_buf_byte(at->out, '[');
    for (size_t i = 0; i < types->listed_directive_count; i++) {
        if (i) sgc_buf_byte(at->out, ',');
        write_meta(at, field, (meta){META_DIRECTIVE, types->directives[i]});
    }
    sgc_buf_byte(at->out, ']');
}

static void schema_field(sgc_execution *at, const sgc_plan_field *field)
{
    const sgc_type_system *types = at->api->types;

    if (is(field, "types")) {
        write_named_list(at, field, types->types, types->listed_type_count);
    } else if (is(field, "queryType")) {
        write_named(at, field, types->query);
    } else if (is(field, "mutationType")) {
        write_named(at, field, types->mutation);
    } else if (is(field, "subscriptionType")) {
        write_named(at, field, types->subscription);
    } else if (is(field, "directives")) {
        write_directives(at, field);
    } else {
        write_text(at, types->description);
    }
}

/* ---- __Type ---- */

static const char *kind_name(const sgc_type_ref *ref)
{
    static const char *const names[] = {"SCALAR", "OBJECT", "INTERFACE",
                                        "UNION",  "ENUM",   "INPUT_OBJECT"};

    if (ref->kind == SGC_TYPE_LIST) return "LIST";
    if (ref->kind == SGC_TYPE_NON_NULL) return "NON_NULL";
    return names[ref->named->kind];
}

static void write_fields(sgc_execution *at, const sgc_plan_field *field, const sgc_named_type *type)
{
    bool all = flag(at, field, "includeDeprecated"), first = true;

    sgc_buf_byte(at->out, '[');
    for (size_t i = 0; i < type->field_count; i++) {
        if (all || !type->fields[i].deprecation.data)
            write_item(at, field, (meta){META_FIELD, &type->fields[i]}, &first);
    }
    sgc_buf_byte(at->out, ']');
}

static void write_values(sgc_execution *at, const sgc_plan_field *field, const sgc_named_type *type)
{
    bool all = flag(at, field, "includeDeprecated"), first = true;

    sgc_buf_byte(at->out, '[');
    for (size_t i = 0; i < type->value_count; i++) {
        if (all || !type->values[i].deprecation.data)
            write_item(at, field, (meta){META_VALUE, &type->values[i]}, &first);
    }
    sgc_buf_byte(at->out, ']');
}

/* The parts of a named type that only some kinds have. */
static void named_part(sgc_execution *at, const sgc_plan_field *field, const sgc_named_type *type)
{
    bool object = type->kind == SGC_NAMED_OBJECT || type->kind == SGC_NAMED_INTERFACE;
    bool abstract = type->kind == SGC_NAMED_INTERFACE || type->kind == SGC_NAMED_UNION;

    if (is(field, "fields") && object) {
        write_fields(at, field, type);
    } else if (is(field, "interfaces") && object) {
        write_named_list(at, field, type->interfaces, type->interface_count);
    } else if (is(field, "possibleTypes") && abstract) {
        write_named_list(at, field, type->members, type->member_count);
    } else if (is(field, "enumValues") && type->kind == SGC_NAMED_ENUM) {
        write_values(at, field, type);
    } else if (is(field, "inputFields") && type->kind == SGC_NAMED_INPUT) {
        write_inputs(at, field, type->inputs, type->input_count);
    } else if (is(field, "isOneOf") && type->kind == SGC_NAMED_INPUT) {
        sgc_json_bool(at->out, type->one_of);
    } else {
        sgc_json_null(at->out);
    }
}

static void type_field(sgc_execution *at, const sgc_plan_field *field, const sgc_type_ref *ref)
{
    const sgc_named_type *named = ref->kind == SGC_TYPE_NAMED ? ref->named : NULL;

    if (is(field, "kind")) {
        write_text(at, sgc_str_from(kind_name(ref)));
    } else if (is(field, "ofType")) {
        if (named) {
            sgc_json_null(at->out);
        } else {
            write_ref(at, field, ref->inner);
        }
    } else if (!named) {
        sgc_json_null(at->out);
    } else if (is(field, "name")) {
        write_text(at, named->name);
    } else if (is(field, "description")) {
        write_text(at, named->description);
    } else if (is(field, "specifiedByURL")) {
        write_text(at, named->specified_by);
    } else {
        named_part(at, field, named);
    }
}

/* ---- the others ---- */

static void field_field(sgc_execution *at, const sgc_plan_field *field, const sgc_field_def *def)
{
    if (is(field, "name")) {
        write_text(at, def->name);
    } else if (is(field, "description")) {
        write_text(at, def->description);
    } else if (is(field, "args")) {
        write_inputs(at, field, def->arguments, def->argument_count);
    } else if (is(field, "type")) {
        write_ref(at, field, def->type);
    } else {
        write_deprecation(at, field, def->deprecation);
    }
}

static void write_default(sgc_execution *at, const sgc_ast_value *value)
{
    sgc_buf text = {0};

    if (!value) {
        sgc_json_null(at->out);
        return;
    }
    sgc_print_value(value, &text);
    if (text.failed) at->fatal = SGC_NO_MEMORY;
    write_text(at, sgc_buf_as_str(&text));
    sgc_buf_free(&text);
}

static void input_field(sgc_execution *at, const sgc_plan_field *field, const sgc_input_def *def)
{
    if (is(field, "name")) {
        write_text(at, def->name);
    } else if (is(field, "description")) {
        write_text(at, def->description);
    } else if (is(field, "type")) {
        write_ref(at, field, def->type);
    } else if (is(field, "defaultValue")) {
        write_default(at, def->default_value);
    } else {
        write_deprecation(at, field, def->deprecation);
    }
}

static void value_field(sgc_execution *at, const sgc_plan_field *field,
                        const sgc_enum_value_def *def)
{
    if (is(field, "name")) {
        write_text(at, def->name);
    } else if (is(field, "description")) {
        write_text(at, def->description);
    } else {
        write_deprecation(at, field, def->deprecation);
    }
}

static void directive_field(sgc_execution *at, const sgc_plan_field *field,
                            const sgc_directive_def *def)
{
    if (is(field, "name")) {
        write_text(at, def->name);
    } else if (is(field, "description")) {
        write_text(at, def->description);
    } else if (is(field, "args")) {
        write_inputs(at, field, def->arguments, def->argument_count);
    } else if (is(field, "isRepeatable")) {
        sgc_json_bool(at->out, def->repeatable);
    } else if (is(field, "locations")) {
        sgc_buf_byte(at->out, '[');
        for (size_t i = 0; i < def->location_count; i++) {
            if (i) sgc_buf_byte(at->out, ',');
            write_text(at, def->locations[i]);
        }
        sgc_buf_byte(at->out, ']');
    } else {
        write_deprecation(at, field, def->deprecation);
    }
}

static void meta_field(sgc_execution *at, const sgc_plan_field *field, meta object)
{
    if (field->binding.kind == SGC_BIND_TYPENAME) {
        write_text(at, field->parent->name);
        return;
    }
    switch (object.kind) {
    case META_SCHEMA:
        schema_field(at, field);
        break;
    case META_TYPE:
        type_field(at, field, object.what);
        break;
    case META_FIELD:
        field_field(at, field, object.what);
        break;
    case META_INPUT:
        input_field(at, field, object.what);
        break;
    case META_VALUE:
        value_field(at, field, object.what);
        break;
    case META_DIRECTIVE:
        directive_field(at, field, object.what);
        break;
    }
}

/* Introspection of introspection can ask for a great deal with few words: the answer is bounded. */
static void write_meta(sgc_execution *at, const sgc_plan_field *field, meta object)
{
    const sgc_plan_set *set = &field->sets[0];

    if (at->fatal != SGC_OK) return;
    if (at->out->failed) at->fatal = SGC_NO_MEMORY;
    if (at->out->size - at->out_start > SGC_ANSWER_MAX / 2)
        at->fatal = sgc_fail(&at->refusal, SGC_LIMIT, "the answer is longer than 64 MB");
    sgc_buf_byte(at->out, '{');
    for (size_t i = 0; i < set->count && at->fatal == SGC_OK; i++) {
        if (i) sgc_buf_byte(at->out, ',');
        sgc_buf_str(at->out, set->fields[i].head);
        meta_field(at, &set->fields[i], object);
    }
    sgc_buf_byte(at->out, '}');
}

bool sgc_write_meta(sgc_execution *at, const sgc_plan_field *field)
{
    if (field->def == at->api->types->schema_field) {
        write_meta(at, field, (meta){META_SCHEMA, NULL});
    } else {
        sgc_json *arguments;
        sgc_error error;
        sgc_status status =
            sgc_coerce_arguments(field->parent, field->def, field->nodes[0]->arguments,
                                 &at->variables, NULL, &at->arena, &arguments, &error);
        const sgc_json *name = status == SGC_OK ? sgc_json_member(arguments, "name") : NULL;
        if (status == SGC_NO_MEMORY) at->fatal = status;
        sgc_named_type *type = name ? sgc_type_find(at->api->types, name->text) : NULL;
        bool listed = type && type->index < at->api->types->listed_type_count;
        write_named(at, field, listed ? type : NULL);
    }
    return at->fatal == SGC_OK;
}
