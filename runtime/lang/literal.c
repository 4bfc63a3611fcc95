/*
 * literal.c - does a literal fit an input type? Defaults in schemas and arguments in queries are
 * checked by the same rules, with the reference implementation's wording.
 */
#include "lang/types_internal.h"

/* Where in the literal we are: a field or an index of a list, inside of `outer`. */
struct path {
    const struct path *outer;
    sgc_str field; /* null for an index */
    size_t index;
};

struct check {
    sgc_arena *arena;
    uint64_t *effort;
    sgc_literal_error_fn *report;
    void *user;
    sgc_buf text;
    size_t errors;
    bool no_memory;
};

static bool going(const struct check *check)
{
    return !check->no_memory && (check->errors == 0 || *check->effort > 0);
}

/* ---- reporting: the message is collected in check->text ---- */

/* As deep as the literal is nested, which the parser limits. */
static void print_steps(const struct path *path, sgc_buf *out)
{
    if (path->outer) print_steps(path->outer, out);
    if (sgc_str_is_null(path->field))
        sgc_buf_printf(out, "[%zu]", path->index);
    else
        sgc_buf_printf(out, "." SGC_FMT, SGC_ARG(path->field));
}

static void print_path(const struct path *path, sgc_buf *out)
{
    if (!path) return;
    sgc_buf_text(out, " at ");
    print_steps(path, out);
}

static void report(struct check *check, const struct path *path, sgc_span span)
{
    sgc_literal_error error = {.span = span};

    if (check->text.failed) check->no_memory = true;
    error.message = sgc_arena_str(check->arena, sgc_buf_as_str(&check->text));
    check->text.size = 0;
    print_path(path, &check->text);
    error.path = sgc_arena_str(check->arena, sgc_buf_as_str(&check->text));
    uint64_t cost = 64 + error.message.size + check->text.size;
    check->text.size = 0;
    if (check->no_memory || !error.message.data || !error.path.data) {
        check->no_memory = true;
        return;
    }
    *check->effort -= *check->effort < cost ? *check->effort : cost;
    check->errors++;
    check->report(check->user, &error);
}

static void begin(struct check *check, const char *text)
{
    check->text.size = 0;
    sgc_buf_text(&check->text, text);
}

static void add_name(struct check *check, sgc_str name)
{
    sgc_buf_printf(&check->text, "\"" SGC_FMT "\"", SGC_ARG(name));
}

static void add_found(struct check *check, const char *before, const sgc_ast_value *value)
{
    sgc_buf_text(&check->text, before);
    sgc_print_value(value, &check->text);
}

/* ---- scalars and enums ---- */

static bool fits_int(sgc_str digits)
{
    bool negative = digits.size && digits.data[0] == '-';
    int64_t value = 0;

    for (size_t i = negative; i < digits.size; i++) {
        value = value * 10 + (digits.data[i] - '0');
        if (value > (int64_t)INT32_MAX + negative) return false;
    }
    return true;
}

static void check_built_in(struct check *check, const sgc_ast_value *value, sgc_str name,
                           const struct path *path)
{
    static const struct {
        const char *name, *words;
        unsigned kinds;
    } scalars[] = {
        {"Int", "Int cannot represent non-integer value: ", 1U << SGC_VALUE_INT},
        {"Float",
         "Float cannot represent non numeric value: ", 1U << SGC_VALUE_INT | 1U << SGC_VALUE_FLOAT},
        {"String", "String cannot represent a non string value: ", 1U << SGC_VALUE_STRING},
        {"Boolean", "Boolean cannot represent a non boolean value: ", 1U << SGC_VALUE_BOOLEAN},
        {"ID", "ID cannot represent a non-string and non-integer value: ",
         1U << SGC_VALUE_STRING | 1U << SGC_VALUE_INT},
    };

    for (size_t i = 0; i < sizeof scalars / sizeof *scalars; i++) {
        if (!sgc_str_eq(name, sgc_str_from(scalars[i].name))) continue;
        if (!(scalars[i].kinds >> value->kind & 1)) {
            begin(check, scalars[i].words);
            add_found(check, "", value);
            report(check, path, value->span);
        } else if (i == 0 && !fits_int(value->text)) {
            begin(check, "Int cannot represent non 32-bit signed integer value: ");
            sgc_buf_str(&check->text, value->text);
            report(check, path, value->span);
        }
        return;
    }
}

static const sgc_str *value_names(struct check *check, const sgc_named_type *type)
{
    sgc_str *names = sgc_arena_zero(check->arena, type->value_count, sizeof *names);

    if (!names) check->no_memory = true;
    for (size_t i = 0; names && i < type->value_count; i++)
        names[i] = type->values[i].name;
    return names;
}

static void suggest_value(struct check *check, const sgc_named_type *type, sgc_str printed)
{
    sgc_str best[SGC_SUGGESTIONS];
    const sgc_str *names = *check->effort > type->value_count ? value_names(check, type) : NULL;

    if (!names) return;
    *check->effort -= type->value_count;
    size_t count = sgc_suggest(printed, names, type->value_count, check->effort, best);
    sgc_did_you_mean("the enum value", best, count, &check->text);
}

static void check_enum(struct check *check, const sgc_ast_value *value, const sgc_named_type *type,
                       const struct path *path)
{
    sgc_buf printed = {0};

    if (value->kind == SGC_VALUE_ENUM && sgc_enum_value_find(type, value->text)) return;
    sgc_print_value(value, &printed);
    sgc_str text = sgc_buf_as_str(&printed);
    begin(check, "");
    if (value->kind == SGC_VALUE_ENUM)
        sgc_buf_printf(&check->text,
                       "Value \"" SGC_FMT "\" does not exist in \"" SGC_FMT "\" enum.",
                       SGC_ARG(text), SGC_ARG(type->name));
    else
        sgc_buf_printf(&check->text,
                       "Enum \"" SGC_FMT "\" cannot represent non-enum value: " SGC_FMT ".",
                       SGC_ARG(type->name), SGC_ARG(text));
    suggest_value(check, type, text);
    if (printed.failed) check->no_memory = true;
    sgc_buf_free(&printed);
    report(check, path, value->span);
}

/* ---- input objects ---- */

static void check_value(struct check *check, const sgc_ast_value *value, const sgc_type_ref *type,
                        const struct path *path);

/* The last of several fields with one name is the one that counts. */
enum { FEW = 16 };

struct given {
    const sgc_ast_argument *fields;
    size_t count;
    sgc_map map; /* name to field, when there are many */
};

static void collect_given(struct check *check, struct given *given, const sgc_ast_value *value)
{
    given->fields = value->fields;
    for (const sgc_ast_argument *at = given->fields; at; at = at->next)
        given->count++;
    given->map.arena = check->arena;
    if (given->count <= FEW) return;
    for (sgc_ast_argument *at = value->fields; at; at = at->next)
        if (!sgc_map_put(&given->map, at->name.text, at)) check->no_memory = true;
}

static const sgc_ast_argument *find_given(const struct given *given, sgc_str name)
{
    const sgc_ast_argument *found = NULL;

    if (given->map.count) return sgc_map_get(&given->map, name);
    for (const sgc_ast_argument *at = given->fields; at; at = at->next)
        if (sgc_str_eq(at->name.text, name)) found = at;
    return found;
}

static void check_required(struct check *check, const sgc_ast_value *value,
                           const sgc_named_type *type, const struct given *given,
                           const struct path *path)
{
    for (size_t i = 0; i < type->input_count && going(check); i++) {
        const sgc_input_def *field = &type->inputs[i];
        if (!sgc_input_is_required(field) || find_given(given, field->name)) continue;
        begin(check, "Expected value of type ");
        add_name(check, type->name);
        sgc_buf_text(&check->text, " to include required field ");
        add_name(check, field->name);
        add_found(check, ", found: ", value);
        sgc_buf_byte(&check->text, '.');
        report(check, path, value->span);
    }
}

/* Whether all required fields are given, without looking at every field of the type. */
static bool has_required(const sgc_named_type *type, const struct given *given)
{
    size_t required = ((const sgc_types_entry *)(const void *)type)->required, found = 0;

    if (required == 0) return true;
    for (const sgc_ast_argument *at = given->fields; at; at = at->next) {
        const sgc_input_def *field = sgc_input_field_find(type, at->name.text);
        if (field && sgc_input_is_required(field) && find_given(given, at->name.text) == at)
            found++;
    }
    return found == required;
}

static void unknown_field(struct check *check, const sgc_ast_value *value,
                          const sgc_ast_argument *field, const sgc_named_type *type,
                          const struct path *path)
{
    sgc_str best[SGC_SUGGESTIONS];
    size_t count = 0;

    if (*check->effort > type->input_count) {
        sgc_str *names = sgc_arena_zero(check->arena, type->input_count, sizeof *names);
        *check->effort -= type->input_count;
        if (!names) check->no_memory = true;
        for (size_t i = 0; names && i < type->input_count; i++)
            names[i] = type->inputs[i].name;
        if (names)
            count = sgc_suggest(field->name.text, names, type->input_count, check->effort, best);
    }
    begin(check, "Expected value of type ");
    add_name(check, type->name);
    sgc_buf_text(&check->text, " not to include unknown field ");
    add_name(check, field->name.text);
    if (count) sgc_buf_byte(&check->text, '.');
    sgc_did_you_mean(NULL, best, count, &check->text);
    add_found(check, count ? " Found: " : ", found: ", value);
    sgc_buf_byte(&check->text, '.');
    report(check, path, field->span);
}

static void check_one_of(struct check *check, const sgc_ast_value *value,
                         const sgc_named_type *type, const struct path *path)
{
    const sgc_ast_argument *known = NULL;
    size_t count = 0;

    for (const sgc_ast_argument *at = value->fields; at; at = at->next) {
        if (!sgc_input_field_find(type, at->name.text)) continue;
        if (count++ == 0) known = at;
    }
    struct path inner = {.outer = path, .field = known ? known->name.text : SGC_STR("")};
    if (count == 1 && known->value->kind != SGC_VALUE_NULL) return;
    begin(check, "Within OneOf Input Object type ");
    add_name(check, type->name);
    sgc_buf_text(&check->text, ", exactly one field must be specified, and the value for that "
                               "field must be non-null.");
    report(check, count == 1 ? &inner : path, value->span);
}

static void check_object(struct check *check, const sgc_ast_value *value,
                         const sgc_named_type *type, const struct path *path)
{
    struct given given = {0};

    if (value->kind != SGC_VALUE_OBJECT) {
        begin(check, "Expected value of type ");
        add_name(check, type->name);
        add_found(check, " to be an object, found: ", value);
        sgc_buf_byte(&check->text, '.');
        report(check, path, value->span);
        return;
    }
    collect_given(check, &given, value);
    if (!check->no_memory && !has_required(type, &given))
        check_required(check, value, type, &given, path);
    for (const sgc_ast_argument *at = value->fields; at && going(check); at = at->next) {
        const sgc_input_def *field = sgc_input_field_find(type, at->name.text);
        struct path inner = {.outer = path, .field = at->name.text};
        if (!field)
            unknown_field(check, value, at, type, path);
        else if (find_given(&given, at->name.text) == at)
            check_value(check, at->value, field->type, &inner);
    }
    if (type->one_of && going(check)) check_one_of(check, value, type, path);
}

/* ---- any type ---- */

static void check_list(struct check *check, const sgc_ast_value *value, const sgc_type_ref *item,
                       const struct path *path)
{
    struct path inner = {.outer = path};

    for (const sgc_ast_value *at = value->items; at && going(check); at = at->next) {
        check_value(check, at, item, &inner);
        inner.index++;
    }
}

static void null_for_non_null(struct check *check, const sgc_ast_value *value,
                              const sgc_type_ref *type, const struct path *path)
{
    begin(check, "Expected value of non-null type \"");
    sgc_type_ref_print(type, &check->text);
    sgc_buf_text(&check->text, "\" not to be null.");
    report(check, path, value->span);
}

/* Recursion happens only on the way into the literal; wrappers of the type are a loop, because the
 * two depths would multiply. */
static void check_value(struct check *check, const sgc_ast_value *value, const sgc_type_ref *type,
                        const struct path *path)
{
    if (value->kind == SGC_VALUE_VARIABLE) return;
    for (; type->kind != SGC_TYPE_NAMED; type = type->inner) {
        if (value->kind == SGC_VALUE_NULL) {
            if (type->kind == SGC_TYPE_NON_NULL) null_for_non_null(check, value, type, path);
            return;
        }
        if (type->kind == SGC_TYPE_LIST && value->kind == SGC_VALUE_LIST) {
            check_list(check, value, type->inner, path);
            return;
        }
    }
    if (value->kind == SGC_VALUE_NULL || !type->named) return;
    if (type->named->kind == SGC_NAMED_INPUT)
        check_object(check, value, type->named, path);
    else if (type->named->kind == SGC_NAMED_ENUM)
        check_enum(check, value, type->named, path);
    else if (type->named->kind == SGC_NAMED_SCALAR && type->named->built_in)
        check_built_in(check, value, type->named->name, path);
}

sgc_status sgc_literal_check(const sgc_ast_value *value, const sgc_type_ref *type, sgc_arena *arena,
                             uint64_t *effort, sgc_literal_error_fn *report_error, void *user)
{
    struct check check = {.arena = arena, .effort = effort, .report = report_error, .user = user};

    check_value(&check, value, type, NULL);
    sgc_buf_free(&check.text);
    return check.no_memory ? SGC_NO_MEMORY : SGC_OK;
}
