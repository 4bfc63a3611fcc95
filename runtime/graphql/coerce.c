/*
 * coerce.c - variables checked against their types, and arguments put together from literals,
 * variables and defaults. Messages are worded as graphql-js 17.1 words them. Custom scalars pass
 * through; whoever stores or compares them checks them.
 */
#include "graphql/coerce.h"

#include <math.h>

enum { ERRORS_MAX = 50, NESTING_MAX = 200 };

/* Where in a value we are: .name or [index]. */
typedef struct step {
    const struct step *parent;
    sgc_str name; /* null: index */
    size_t index;
} step;

typedef struct coercion {
    sgc_arena *arena;
    const sgc_variables *variables; /* for literals */
    void (*report)(struct coercion *at, const step *path, sgc_str message);
    bool complete; /* a variable without a value is an error */
    bool no_memory;
    size_t errors;
    unsigned nesting;
    /* of variables */
    const sgc_ast_variable *variable;
    sgc_variable_error_fn *user_report;
    void *user;
    /* of arguments */
    const sgc_named_type *parent;
    const sgc_field_def *field;
    const sgc_input_def *argument;
    sgc_error *error;
} coercion;

/* ---- words ---- */

static void inspect_at(const sgc_json *json, unsigned depth, sgc_buf *out);

static void inspect_array(const sgc_json *json, unsigned depth, sgc_buf *out)
{
    size_t shown = 0;

    sgc_buf_byte(out, '[');
    for (const sgc_json *one = json->first; one && shown < 10; one = one->next) {
        if (shown++) sgc_buf_text(out, ", ");
        inspect_at(one, depth + 1, out);
    }
    if (json->count > 10)
        sgc_buf_printf(out, ", ... %zu more item%s", json->count - 10, json->count > 11 ? "s" : "");
    sgc_buf_byte(out, ']');
}

static void inspect_object(const sgc_json *json, unsigned depth, sgc_buf *out)
{
    sgc_buf_text(out, "{ ");
    for (const sgc_json *one = json->first; one; one = one->next) {
        sgc_buf_printf(out, "%s" SGC_FMT ": ", one == json->first ? "" : ", ", SGC_ARG(one->key));
        inspect_at(one, depth + 1, out);
    }
    sgc_buf_text(out, " }");
}

static void inspect_number(sgc_str text, sgc_buf *out)
{
    double value;
    sgc_error ignored;

    if (sgc_text_to_double(text, &value, &ignored) == SGC_OK) {
        sgc_json_float(out, value);
    } else {
        sgc_buf_str(out, text);
    }
}

static void inspect_at(const sgc_json *json, unsigned depth, sgc_buf *out)
{
    bool object = json->kind == SGC_JSON_OBJECT, array = json->kind == SGC_JSON_ARRAY;

    if ((object || array) && !json->first) {
        sgc_buf_text(out, object ? "{}" : "[]");
    } else if ((object || array) && depth > 2) {
        sgc_buf_text(out, object ? "[Object]" : "[Array]");
    } else if (array) {
        inspect_array(json, depth, out);
    } else if (object) {
        inspect_object(json, depth, out);
    } else if (json->kind == SGC_JSON_STRING) {
        sgc_json_str(out, json->text);
    } else if (json->kind == SGC_JSON_NUMBER) {
        inspect_number(json->text, out);
    } else {
        sgc_buf_text(out, json->kind == SGC_JSON_NULL   ? "null"
                          : json->kind == SGC_JSON_TRUE ? "true"
                                                        : "false");
    }
}

void sgc_inspect(const sgc_json *json, sgc_buf *out)
{
    inspect_at(json, 0, out);
}

static void print_path(const step *path, sgc_buf *out)
{
    if (!path) return;
    print_path(path->parent, out);
    if (path->name.data) {
        sgc_buf_printf(out, "." SGC_FMT, SGC_ARG(path->name));
    } else {
        sgc_buf_printf(out, "[%zu]", path->index);
    }
}

/* Reports text, then optionally a type, a JSON value; frees the buffer. */
static void complain(coercion *at, const step *path, sgc_buf *text)
{
    at->errors++;
    if (text->failed) at->no_memory = true;
    at->report(at, path, sgc_buf_as_str(text));
    sgc_buf_free(text);
}

static void complain_type(coercion *at, const step *path, const char *before,
                          const sgc_type_ref *type, const char *behind)
{
    sgc_buf text = {0};

    sgc_buf_text(&text, before);
    sgc_type_ref_print(type, &text);
    sgc_buf_text(&text, behind);
    complain(at, path, &text);
}

static void complain_value(coercion *at, const step *path, const char *before, const sgc_json *json)
{
    sgc_buf text = {0};

    sgc_buf_text(&text, before);
    sgc_inspect(json, &text);
    complain(at, path, &text);
}

static void complain_one_of(coercion *at, const step *path, const sgc_named_type *type)
{
    sgc_buf text = {0};

    sgc_buf_printf(&text,
                   "Within OneOf Input Object type \"" SGC_FMT "\", exactly one field must be "
                   "specified, and the value for that field must be non-null.",
                   SGC_ARG(type->name));
    complain(at, path, &text);
}

/* ---- trees ---- */

static sgc_json *make(coercion *at, sgc_json_kind kind, sgc_str text)
{
    sgc_json *made = sgc_arena_zero(at->arena, 1, sizeof *made);

    if (!made) {
        at->no_memory = true;
        return NULL;
    }
    made->kind = kind;
    made->text = text;
    return made;
}

/* A copy of the head of a tree, to be linked somewhere else under another key. */
static sgc_json *share(coercion *at, const sgc_json *json)
{
    sgc_json *made = make(at, json->kind, json->text);

    if (!made) return NULL;
    *made = *json;
    made->next = NULL;
    return made;
}

static void append(sgc_json *parent, sgc_json **last, sgc_json *child)
{
    if (*last) {
        (*last)->next = child;
    } else {
        parent->first = child;
    }
    *last = child;
    parent->count++;
}

static sgc_json *literal(coercion *at, const sgc_ast_value *value, const sgc_type_ref *type,
                         const step *path);

/* ---- JSON values: variables ---- */

static sgc_json *coerce(coercion *at, const sgc_json *json, const sgc_type_ref *type,
                        const step *path);

static bool is_integer(sgc_str text, double *value)
{
    sgc_error ignored;

    return sgc_text_to_double(text, value, &ignored) == SGC_OK && floor(*value) == *value;
}

static sgc_json *coerce_int(coercion *at, const sgc_json *json, const step *path)
{
    double value;

    if (json->kind != SGC_JSON_NUMBER || !is_integer(json->text, &value)) {
        complain_value(at, path, "Int cannot represent non-integer value: ", json);
        return NULL;
    }
    if (value > 2147483647.0 || value < -2147483648.0) {
        complain_value(at, path, "Int cannot represent non 32-bit signed integer value: ", json);
        return NULL;
    }
    return make(at, SGC_JSON_NUMBER, sgc_arena_printf(at->arena, "%.0f", value + 0.0));
}

static sgc_json *coerce_id(coercion *at, const sgc_json *json, const step *path)
{
    double value;

    if (json->kind == SGC_JSON_STRING) return share(at, json);
    if (json->kind != SGC_JSON_NUMBER || !is_integer(json->text, &value)) {
        complain_value(at, path, "ID cannot represent value: ", json);
        return NULL;
    }
    sgc_buf text = {0};
    sgc_json_float(&text, value);
    sgc_str kept = sgc_arena_str(at->arena, sgc_buf_as_str(&text));
    sgc_buf_free(&text);
    return kept.data ? make(at, SGC_JSON_STRING, kept) : make(at, SGC_JSON_STRING, json->text);
}

static sgc_json *coerce_enum(coercion *at, const sgc_json *json, const sgc_named_type *type,
                             const step *path)
{
    sgc_buf text = {0};

    if (json->kind == SGC_JSON_STRING && sgc_enum_value_find(type, json->text))
        return share(at, json);
    if (json->kind == SGC_JSON_STRING) {
        sgc_str best[SGC_SUGGESTIONS];
        uint64_t effort = SGC_SUGGEST_EFFORT / 100;
        sgc_str *names = sgc_arena_zero(at->arena, type->value_count, sizeof *names);
        size_t count = 0;
        for (size_t i = 0; names && i < type->value_count; i++)
            names[i] = type->values[i].name;
        if (names) count = sgc_suggest(json->text, names, type->value_count, &effort, best);
        sgc_buf_printf(&text, "Value \"" SGC_FMT "\" does not exist in \"" SGC_FMT "\" enum.",
                       SGC_ARG(json->text), SGC_ARG(type->name));
        sgc_did_you_mean("the enum value", best, count, &text);
    } else {
        sgc_buf_printf(
            &text, "Enum \"" SGC_FMT "\" cannot represent non-string value: ", SGC_ARG(type->name));
        sgc_inspect(json, &text);
        sgc_buf_byte(&text, '.');
    }
    complain(at, path, &text);
    return NULL;
}

static sgc_json *coerce_scalar(coercion *at, const sgc_json *json, const sgc_named_type *type,
                               const step *path)
{
    const char *wrong = NULL;

    if (type->kind == SGC_NAMED_ENUM) return coerce_enum(at, json, type, path);
    if (!type->built_in) return share(at, json);
    if (sgc_str_eq(type->name, SGC_STR("Int"))) return coerce_int(at, json, path);
    if (sgc_str_eq(type->name, SGC_STR("ID"))) return coerce_id(at, json, path);
    if (sgc_str_eq(type->name, SGC_STR("Float"))) {
        if (json->kind != SGC_JSON_NUMBER) wrong = "Float cannot represent non numeric value: ";
    } else if (sgc_str_eq(type->name, SGC_STR("Boolean"))) {
        if (json->kind != SGC_JSON_TRUE && json->kind != SGC_JSON_FALSE)
            wrong = "Boolean cannot represent a non boolean value: ";
    } else if (json->kind != SGC_JSON_STRING) {
        wrong = "String cannot represent a non string value: ";
    }
    if (!wrong) return share(at, json);
    complain_value(at, path, wrong, json);
    return NULL;
}

static void unknown_field(coercion *at, const sgc_json *json, const sgc_named_type *type,
                          sgc_str name, const step *path)
{
    sgc_buf text = {0};
    sgc_str best[SGC_SUGGESTIONS];
    uint64_t effort = SGC_SUGGEST_EFFORT / 100;
    size_t count = 0;
    sgc_str *names = sgc_arena_zero(at->arena, type->input_count, sizeof *names);

    for (size_t i = 0; names && i < type->input_count; i++)
        names[i] = type->inputs[i].name;
    if (names) count = sgc_suggest(name, names, type->input_count, &effort, best);
    sgc_buf_printf(&text,
                   "Expected value of type \"" SGC_FMT "\" not to include unknown field \"" SGC_FMT
                   "\"",
                   SGC_ARG(type->name), SGC_ARG(name));
    if (count > 0) sgc_buf_byte(&text, '.');
    sgc_did_you_mean(NULL, best, count, &text);
    sgc_buf_text(&text, count > 0 ? " Found: " : ", found: ");
    sgc_inspect(json, &text);
    sgc_buf_byte(&text, '.');
    complain(at, path, &text);
}

static void coerce_member(coercion *at, const sgc_json *object, const sgc_named_type *type,
                          const sgc_input_def *def, const step *path, sgc_json *made,
                          sgc_json **last)
{
    const sgc_json *given = sgc_json_get(object, def->name);
    step here = {.parent = path, .name = def->name};
    sgc_json *value = NULL;

    if (given) {
        value = coerce(at, given, def->type, &here);
    } else if (def->default_value) {
        value = literal(at, def->default_value, def->type, &here);
    } else if (sgc_input_is_required(def)) {
        sgc_buf text = {0};
        sgc_buf_printf(&text,
                       "Expected value of type \"" SGC_FMT "\" to include required field \"" SGC_FMT
                       "\", found: ",
                       SGC_ARG(type->name), SGC_ARG(def->name));
        sgc_inspect(object, &text);
        sgc_buf_byte(&text, '.');
        complain(at, path, &text);
    }
    if (!value) return;
    value->key = def->name;
    append(made, last, value);
}

static sgc_json *coerce_object(coercion *at, const sgc_json *json, const sgc_named_type *type,
                               const step *path)
{
    sgc_json *last = NULL;
    size_t known = 0;
    const sgc_json *only = NULL;

    if (json->kind != SGC_JSON_OBJECT) {
        sgc_buf text = {0};
        sgc_buf_printf(&text, "Expected value of type \"" SGC_FMT "\" to be an object, found: ",
                       SGC_ARG(type->name));
        sgc_inspect(json, &text);
        sgc_buf_byte(&text, '.');
        complain(at, path, &text);
        return NULL;
    }
    sgc_json *made = make(at, SGC_JSON_OBJECT, sgc_str_of(NULL, 0));
    if (!made) return NULL;
    for (size_t i = 0; i < type->input_count && at->errors < ERRORS_MAX; i++)
        coerce_member(at, json, type, &type->inputs[i], path, made, &last);
    for (const sgc_json *one = json->first; one && at->errors < ERRORS_MAX; one = one->next) {
        if (sgc_input_field_find(type, one->key)) {
            known++;
            only = one;
        } else {
            unknown_field(at, json, type, one->key, path);
        }
    }
    if (!type->one_of) return made;
    if (known != 1) {
        complain_one_of(at, path, type);
    } else if (only->kind == SGC_JSON_NULL) {
        step here = {.parent = path, .name = only->key};
        complain_one_of(at, &here, type);
    }
    return made;
}

/* A single value where a list is wanted is a list of one. */
static sgc_json *coerce_list(coercion *at, const sgc_json *json, const sgc_type_ref *type,
                             const step *path)
{
    sgc_json *made = make(at, SGC_JSON_ARRAY, sgc_str_of(NULL, 0));
    sgc_json *last = NULL;

    if (!made) return NULL;
    if (json->kind != SGC_JSON_ARRAY) {
        sgc_json *only = coerce(at, json, type->inner, path);
        if (only) append(made, &last, only);
        return made;
    }
    size_t index = 0;
    for (const sgc_json *one = json->first; one && at->errors < ERRORS_MAX; one = one->next) {
        step here = {.parent = path, .index = index++};
        sgc_json *item = coerce(at, one, type->inner, &here);
        if (item) append(made, &last, item);
    }
    return made;
}

static sgc_json *coerce(coercion *at, const sgc_json *json, const sgc_type_ref *type,
                        const step *path)
{
    sgc_json *made;

    if (type->kind == SGC_TYPE_NON_NULL) {
        if (json->kind == SGC_JSON_NULL) {
            complain_type(at, path, "Expected value of non-null type \"", type,
                          "\" not to be null.");
            return NULL;
        }
        type = type->inner;
    }
    if (json->kind == SGC_JSON_NULL) return make(at, SGC_JSON_NULL, sgc_str_of(NULL, 0));
    if (++at->nesting > NESTING_MAX) {
        complain_type(at, path, "A value of type \"", type, "\" is nested too deep.");
        at->nesting--;
        return NULL;
    }
    if (type->kind == SGC_TYPE_LIST) {
        made = coerce_list(at, json, type, path);
    } else if (type->named->kind == SGC_NAMED_INPUT) {
        made = coerce_object(at, json, type->named, path);
    } else {
        made = coerce_scalar(at, json, type->named, path);
    }
    at->nesting--;
    return made;
}

/* ---- literals ---- */

static sgc_json *literal_leaf(coercion *at, const sgc_ast_value *value, const sgc_named_type *type)
{
    switch ((int)value->kind) {
    case SGC_VALUE_INT:
        if (type && type->built_in && sgc_str_eq(type->name, SGC_STR("ID")))
            return make(at, SGC_JSON_STRING, value->text);
        return make(at, SGC_JSON_NUMBER, value->text);
    case SGC_VALUE_FLOAT:
        return make(at, SGC_JSON_NUMBER, value->text);
    case SGC_VALUE_BOOLEAN:
        return make(at, sgc_str_eq(value->text, SGC_STR("true")) ? SGC_JSON_TRUE : SGC_JSON_FALSE,
                    sgc_str_of(NULL, 0));
    case SGC_VALUE_NULL:
        return make(at, SGC_JSON_NULL, sgc_str_of(NULL, 0));
    default:
        return make(at, SGC_JSON_STRING, value->text);
    }
}

/* A literal of a custom scalar keeps its own shape. */
static sgc_json *literal_free(coercion *at, const sgc_ast_value *value)
{
    sgc_json *last = NULL, *made;

    if (value->kind == SGC_VALUE_VARIABLE) {
        const sgc_json *given = sgc_variable_find(at->variables, value->text);
        return given ? share(at, given) : make(at, SGC_JSON_NULL, sgc_str_of(NULL, 0));
    }
    if (value->kind == SGC_VALUE_LIST) {
        made = make(at, SGC_JSON_ARRAY, sgc_str_of(NULL, 0));
        for (const sgc_ast_value *one = value->items; one && made; one = one->next) {
            sgc_json *item = literal_free(at, one);
            if (item) append(made, &last, item);
        }
        return made;
    }
    if (value->kind == SGC_VALUE_OBJECT) {
        made = make(at, SGC_JSON_OBJECT, sgc_str_of(NULL, 0));
        for (const sgc_ast_argument *one = value->fields; one && made; one = one->next) {
            sgc_json *item = literal_free(at, one->value);
            if (!item) continue;
            item->key = one->name.text;
            append(made, &last, item);
        }
        return made;
    }
    return literal_leaf(at, value, NULL);
}

static const sgc_ast_value *object_field(const sgc_ast_value *object, sgc_str name)
{
    for (const sgc_ast_argument *one = object->fields; one; one = one->next) {
        if (sgc_str_eq(one->name.text, name)) return one->value;
    }
    return NULL;
}

static bool is_absent(const coercion *at, const sgc_ast_value *value)
{
    return value->kind == SGC_VALUE_VARIABLE && !sgc_variable_find(at->variables, value->text);
}

static void complain_absent(coercion *at, const step *path, const sgc_ast_value *value)
{
    sgc_buf text = {0};

    sgc_buf_printf(&text,
                   "The variable \"$" SGC_FMT "\" has no value, and no condition may be left out "
                   "here.",
                   SGC_ARG(value->text));
    complain(at, path, &text);
}

static void literal_member(coercion *at, const sgc_ast_value *object, const sgc_named_type *type,
                           const sgc_input_def *def, const step *path, sgc_json *made,
                           sgc_json **last)
{
    const sgc_ast_value *given = object_field(object, def->name);
    step here = {.parent = path, .name = def->name};
    sgc_json *value = NULL;

    if (given && is_absent(at, given)) {
        if (at->complete) {
            complain_absent(at, &here, given);
            return;
        }
        if (type->one_of) {
            complain_one_of(at, path, type);
            return;
        }
        if (!sgc_input_is_required(def)) given = NULL;
    }
    if (given) {
        value = literal(at, given, def->type, &here);
        if (value && type->one_of && value->kind == SGC_JSON_NULL) complain_one_of(at, &here, type);
    } else if (def->default_value) {
        value = literal(at, def->default_value, def->type, &here);
    }
    if (!value) return;
    value->key = def->name;
    append(made, last, value);
}

static sgc_json *literal_object(coercion *at, const sgc_ast_value *value,
                                const sgc_named_type *type, const step *path)
{
    sgc_json *made = make(at, SGC_JSON_OBJECT, sgc_str_of(NULL, 0));
    sgc_json *last = NULL;

    if (value->kind != SGC_VALUE_OBJECT) return made; /* a valid document has objects here */
    for (size_t i = 0; i < type->input_count && made; i++)
        literal_member(at, value, type, &type->inputs[i], path, made, &last);
    return made;
}

static sgc_json *literal_list(coercion *at, const sgc_ast_value *value, const sgc_type_ref *type,
                              const step *path)
{
    sgc_json *made = make(at, SGC_JSON_ARRAY, sgc_str_of(NULL, 0));
    sgc_json *last = NULL;
    size_t index = 0;

    if (!made) return NULL;
    if (value->kind != SGC_VALUE_LIST) {
        sgc_json *only = literal(at, value, type->inner, path);
        if (only) append(made, &last, only);
        return made;
    }
    for (const sgc_ast_value *one = value->items; one; one = one->next) {
        step here = {.parent = path, .index = index++};
        if (at->complete && is_absent(at, one)) {
            complain_absent(at, &here, one);
            return made;
        }
        sgc_json *item = literal(at, one, type->inner, &here);
        if (item) append(made, &last, item);
    }
    return made;
}

static sgc_json *literal_variable(coercion *at, const sgc_ast_value *value,
                                  const sgc_type_ref *type, const step *path)
{
    const sgc_json *given = sgc_variable_find(at->variables, value->text);
    bool null = !given || given->kind == SGC_JSON_NULL;

    if (!given && at->complete) {
        complain_absent(at, path, value);
        return NULL;
    }
    if (null && type->kind == SGC_TYPE_NON_NULL) {
        sgc_buf before = {0};
        sgc_buf_printf(&before, "Expected variable \"$" SGC_FMT "\" provided to %stype \"",
                       SGC_ARG(value->text), given ? "non-null " : "");
        sgc_type_ref_print(type, &before);
        sgc_buf_text(&before, given ? "\" not to be null." : "\" to provide a runtime value.");
        complain(at, path, &before);
        return NULL;
    }
    return null ? make(at, SGC_JSON_NULL, sgc_str_of(NULL, 0)) : share(at, given);
}

static sgc_json *literal(coercion *at, const sgc_ast_value *value, const sgc_type_ref *type,
                         const step *path)
{
    if (value->kind == SGC_VALUE_VARIABLE) return literal_variable(at, value, type, path);
    if (type->kind == SGC_TYPE_NON_NULL) type = type->inner;
    if (value->kind == SGC_VALUE_NULL) return make(at, SGC_JSON_NULL, sgc_str_of(NULL, 0));
    if (type->kind == SGC_TYPE_LIST) return literal_list(at, value, type, path);
    if (type->named->kind == SGC_NAMED_INPUT) return literal_object(at, value, type->named, path);
    if (type->named->kind == SGC_NAMED_SCALAR && !type->named->built_in)
        return literal_free(at, value);
    return literal_leaf(at, value, type->named);
}

/* ---- variables of an operation ---- */

static void report_variable(coercion *at, const step *path, sgc_str message)
{
    sgc_buf text = {0};

    sgc_buf_printf(&text, "Variable \"$" SGC_FMT "\" has invalid value%s",
                   SGC_ARG(at->variable->name.text), path ? " at " : "");
    print_path(path, &text);
    sgc_buf_text(&text, ": ");
    sgc_buf_str(&text, message);
    if (text.failed) at->no_memory = true;
    at->user_report(at->user, sgc_buf_as_str(&text), at->variable->span);
    sgc_buf_free(&text);
}

/* A type reference of the type system from one of a document; NULL when memory is out. */
static sgc_type_ref *resolve(const sgc_api *api, const sgc_ast_type *ast, sgc_arena *arena)
{
    sgc_type_ref *made = sgc_arena_zero(arena, 1, sizeof *made);

    if (!made) return NULL;
    made->kind = ast->kind;
    made->ast = ast;
    if (ast->kind == SGC_TYPE_NAMED) {
        made->named = sgc_type_find(api->types, ast->name.text);
    } else {
        made->inner = resolve(api, ast->inner, arena);
        if (!made->inner) return NULL;
    }
    return made;
}

static const sgc_json *coerce_variable(coercion *at, const sgc_api *api, const sgc_json *given)
{
    const sgc_ast_variable *variable = at->variable;
    sgc_type_ref *type = resolve(api, variable->type, at->arena);

    if (!type) {
        at->no_memory = true;
        return NULL;
    }
    const sgc_json *value = sgc_json_get(given, variable->name.text);
    if (value) return coerce(at, value, type, NULL);
    if (variable->default_value) return literal(at, variable->default_value, type, NULL);
    if (type->kind == SGC_TYPE_NON_NULL)
        complain_type(at, NULL, "Expected a value of non-null type \"", type, "\" to be provided.");
    return NULL;
}

sgc_status sgc_coerce_variables(const sgc_api *api, const sgc_ast_definition *operation,
                                const sgc_json *given, sgc_arena *arena,
                                sgc_variable_error_fn *report, void *user, sgc_variables *variables)
{
    static const sgc_variables none = {0};
    coercion at = {.arena = arena,
                   .variables = &none,
                   .report = report_variable,
                   .user_report = report,
                   .user = user};
    size_t count = 0, i = 0;

    *variables = (sgc_variables){.definitions = operation->variables};
    for (const sgc_ast_variable *one = operation->variables; one; one = one->next)
        count++;
    if (count == 0) return SGC_OK;
    variables->values = sgc_arena_zero(arena, count, sizeof *variables->values);
    if (!variables->values) return SGC_NO_MEMORY;
    for (const sgc_ast_variable *one = operation->variables; one; one = one->next, i++) {
        at.variable = one;
        variables->values[i] = coerce_variable(&at, api, given);
        if (at.errors < ERRORS_MAX) continue;
        report(user,
               SGC_STR("Too many errors processing variables, error limit reached. Execution "
                       "aborted."),
               one->span);
        break;
    }
    if (at.no_memory) return SGC_NO_MEMORY;
    return at.errors ? SGC_INVALID : SGC_OK;
}

/* ---- arguments of a field ---- */

static void report_argument(coercion *at, const step *path, sgc_str message)
{
    sgc_buf where = {0};

    if (at->errors > 1) return;
    print_path(path, &where);
    if (where.failed) at->no_memory = true;
    sgc_str text = sgc_buf_as_str(&where);
    (void)sgc_fail(at->error, SGC_INVALID,
                   "Argument \"" SGC_FMT "." SGC_FMT "(" SGC_FMT ":)\" has invalid value%s" SGC_FMT
                   ": " SGC_FMT,
                   SGC_ARG(at->parent->name), SGC_ARG(at->field->name), SGC_ARG(at->argument->name),
                   text.size ? " at " : "", SGC_ARG(text), SGC_ARG(message));
    sgc_buf_free(&where);
}

static const sgc_ast_value *argument_value(const sgc_ast_argument *given, sgc_str name)
{
    for (; given; given = given->next) {
        if (sgc_str_eq(given->name.text, name)) return given->value;
    }
    return NULL;
}

static sgc_json *coerce_argument(coercion *at, const sgc_ast_argument *given)
{
    const sgc_input_def *def = at->argument;
    const sgc_ast_value *value = argument_value(given, def->name);

    if (value && is_absent(at, value) && !sgc_input_is_required(def)) value = NULL;
    if (value) return literal(at, value, def->type, NULL);
    return def->default_value ? literal(at, def->default_value, def->type, NULL) : NULL;
}

sgc_status sgc_coerce_arguments(const sgc_named_type *parent, const sgc_field_def *field,
                                const sgc_ast_argument *given, const sgc_variables *variables,
                                const char *complete, sgc_arena *arena, sgc_json **arguments,
                                sgc_error *error)
{
    coercion at = {.arena = arena,
                   .variables = variables,
                   .report = report_argument,
                   .parent = parent,
                   .field = field,
                   .error = error};
    sgc_json *last = NULL;

    *arguments = make(&at, SGC_JSON_OBJECT, sgc_str_of(NULL, 0));
    for (size_t i = 0; i < field->argument_count && *arguments && at.errors == 0; i++) {
        at.argument = &field->arguments[i];
        at.complete = complete && sgc_str_eq(at.argument->name, sgc_str_from(complete));
        sgc_json *value = coerce_argument(&at, given);
        if (!value) continue;
        value->key = at.argument->name;
        append(*arguments, &last, value);
    }
    if (at.no_memory) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    return at.errors ? SGC_INVALID : SGC_OK;
}
