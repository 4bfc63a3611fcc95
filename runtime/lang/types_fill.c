/*
 * types_fill.c - what stands inside types and directives: fields, arguments, values, interfaces,
 * members, resolved references, deprecations. Works on the parts that types_build.c collected.
 */
#include "lang/types_internal.h"

/* Nothing more is filled after the first misused @deprecated or @specifiedBy. */
static bool going(const sgc_types_build *build)
{
    return sgc_types_going(build) && build->errors == 0;
}

/* ---- the directives that mean something here ---- */

static void bad_argument(sgc_types_build *build, const char *coordinate, const sgc_source *source,
                         const sgc_ast_value *value)
{
    sgc_buf *text = &build->text;

    if (build->values_late) {
        if (!build->late_value) build->late_source = source;
        if (!build->late_value) build->late_value = value;
        return;
    }

    text->size = 0;
    sgc_buf_printf(text, "Argument \"%s\" has invalid value: ", coordinate);
    if (value->kind == SGC_VALUE_NULL) {
        sgc_buf_text(text, "Expected value of non-null type \"String!\" not to be null.");
    } else {
        sgc_buf_text(text, "String cannot represent a non string value: ");
        sgc_print_value(value, text);
    }
    sgc_types_place(build, sgc_types_error_text(build), source, value->span);
}

bool sgc_types_deprecation(sgc_types_build *build, const sgc_ast_directive *directives,
                           const sgc_source *source, sgc_str *reason)
{
    const sgc_ast_directive *directive = sgc_directive_on(directives, "deprecated");

    *reason = sgc_str_of(NULL, 0);
    if (!directive) return true;
    const sgc_ast_value *value = sgc_directive_argument(directive, "reason");
    if (value && value->kind != SGC_VALUE_STRING) {
        bad_argument(build, "@deprecated(reason:)", source, value);
        return false;
    }
    *reason = value ? sgc_types_text(value) : SGC_STR("No longer supported");
    return true;
}

bool sgc_types_specified_by(sgc_types_build *build, const sgc_ast_directive *directives,
                            const sgc_source *source, sgc_str *url)
{
    const sgc_ast_directive *directive = sgc_directive_on(directives, "specifiedBy");

    *url = sgc_str_of(NULL, 0);
    if (!directive) return true;
    const sgc_ast_value *value = sgc_directive_argument(directive, "url");
    if (!value) {
        sgc_diagnostic *error =
            sgc_types_error(build, "Argument \"@specifiedBy(url:)\" of required type \"String!\" "
                                   "was not provided.");
        sgc_types_place(build, error, source, directive->span);
        return false;
    }
    if (value->kind != SGC_VALUE_STRING) {
        bad_argument(build, "@specifiedBy(url:)", source, value);
        return false;
    }
    *url = sgc_types_text(value);
    return true;
}

/* ---- references ---- */

static sgc_named_type *named(sgc_types_build *build, const sgc_ast_name *name,
                             const sgc_source *source)
{
    sgc_named_type *type = sgc_types_find_any(build, name->text);

    if (!type) {
        sgc_diagnostic *error =
            sgc_types_error(build, "Unknown type \"" SGC_FMT "\".", SGC_ARG(name->text));
        sgc_types_place(build, error, source, name->span);
    } else if (type->built_in && !build->own && !sgc_types_entry_of(type)->listed) {
        build->relist = true;
    }
    return type;
}

static sgc_type_ref *resolve(sgc_types_build *build, const sgc_ast_type *ast,
                             const sgc_source *source)
{
    sgc_type_ref *first = NULL, **end = &first;

    for (; ast; ast = ast->inner) {
        sgc_type_ref *ref = sgc_types_new(build, 1, sizeof *ref);
        if (!ref) return NULL;
        ref->kind = ast->kind;
        if (!build->built_in) ref->ast = ast;
        if (ast->kind == SGC_TYPE_NAMED) ref->named = named(build, &ast->name, source);
        *end = ref;
        end = &ref->inner;
    }
    return first;
}

/* ---- growing the arrays of a type ---- */

/* Room for `more` items: exactly as much the first time, doubled when extensions come. */
static bool room(sgc_types_build *build, void **items, size_t count, size_t more, size_t *capacity,
                 size_t size)
{
    size_t want;

    if (!sgc_add(count, more, &want)) return false;
    if (want <= *capacity) return true;
    if (count && want < count * 2) want = count * 2;
    void *bigger = sgc_types_new(build, want, size);
    if (!bigger) return false;
    if (count) memcpy(bigger, *items, count * size);
    *items = bigger;
    *capacity = want;
    return true;
}
#define ROOM(build, items, count, more, capacity)                                                  \
    room((build), (void **)&(items), (count), (more), &(capacity), sizeof *(items))

/* Types with more members than this are searched through a map. */
enum { FEW = 8 };

/* The value is the index plus one: the arrays move when they grow. */
static void index_name(sgc_types_build *build, sgc_named_type *type, sgc_str name, size_t index)
{
    sgc_types_put(build, &type->by_name, name, (void *)(uintptr_t)(index + 1));
}

static bool start_index(const sgc_named_type *type, size_t count)
{
    return count > FEW && type->by_name.count < count;
}

/* ---- arguments and input fields ---- */

static void fill_input(sgc_types_build *build, sgc_input_def *input, const sgc_ast_input_value *ast,
                       const sgc_source *source)
{
    input->name = ast->name.text;
    if (ast->description) input->description = sgc_types_text(ast->description);
    input->type = resolve(build, ast->type, source);
    input->default_value = ast->default_value;
    input->directives = ast->directives;
    if (!build->built_in) {
        input->ast = ast;
        input->source = source;
    }
    sgc_types_deprecation(build, ast->directives, source, &input->deprecation);
}

static size_t count_inputs(const sgc_ast_input_value *ast)
{
    size_t count = 0;

    for (; ast; ast = ast->next)
        count++;
    return count;
}

void sgc_types_fill_arguments(sgc_types_build *build, const sgc_ast_input_value *ast,
                              const sgc_source *source, sgc_input_def **inputs, size_t *count)
{
    size_t wanted = count_inputs(ast);

    if (wanted == 0) return;
    *inputs = sgc_types_new(build, wanted, sizeof **inputs);
    if (!*inputs) return;
    for (; ast && going(build); ast = ast->next)
        fill_input(build, &(*inputs)[(*count)++], ast, source);
}

static void fill_input_fields(sgc_types_build *build, sgc_types_entry *entry,
                              const sgc_ast_definition *part)
{
    sgc_named_type *type = &entry->type;

    if (!ROOM(build, type->inputs, type->input_count, count_inputs(part->inputs), entry->capacity))
        return;
    for (const sgc_ast_input_value *ast = part->inputs; ast && going(build); ast = ast->next) {
        sgc_input_def *input = &type->inputs[type->input_count++];
        fill_input(build, input, ast, part->source);
        if (input->type && sgc_input_is_required(input)) entry->required++;
    }
    if (!start_index(type, type->input_count)) return;
    for (size_t i = type->by_name.count; i < type->input_count && going(build); i++)
        index_name(build, type, type->inputs[i].name, i);
}

/* ---- objects and interfaces ---- */

static void fill_field(sgc_types_build *build, sgc_field_def *field, const sgc_ast_field *ast,
                       const sgc_source *source)
{
    field->name = ast->name.text;
    if (ast->description) field->description = sgc_types_text(ast->description);
    field->type = resolve(build, ast->type, source);
    field->directives = ast->directives;
    if (!build->built_in) {
        field->ast = ast;
        field->source = source;
    }
    sgc_types_fill_arguments(build, ast->arguments, source, &field->arguments,
                             &field->argument_count);
    if (going(build)) sgc_types_deprecation(build, ast->directives, source, &field->deprecation);
}

static void fill_fields(sgc_types_build *build, sgc_types_entry *entry,
                        const sgc_ast_definition *part)
{
    sgc_named_type *type = &entry->type;
    size_t more = 0;

    for (const sgc_ast_field *ast = part->fields; ast; ast = ast->next)
        more++;
    if (!ROOM(build, type->fields, type->field_count, more, entry->capacity)) return;
    for (const sgc_ast_field *ast = part->fields; ast && going(build); ast = ast->next)
        fill_field(build, &type->fields[type->field_count++], ast, part->source);
    if (!start_index(type, type->field_count)) return;
    for (size_t i = type->by_name.count; i < type->field_count && going(build); i++)
        index_name(build, type, type->fields[i].name, i);
}

static size_t count_names(const sgc_ast_name_item *item)
{
    size_t count = 0;

    for (; item; item = item->next)
        count++;
    return count;
}

static void fill_named(sgc_types_build *build, sgc_named_type ***types, size_t *count,
                       size_t *capacity, const sgc_ast_name_item *item, const sgc_source *source)
{
    if (!room(build, (void **)types, *count, count_names(item), capacity, sizeof **types)) return;
    for (; item && going(build); item = item->next) {
        sgc_named_type *type = named(build, &item->name, source);
        if (type) (*types)[(*count)++] = type;
    }
}

/* ---- enums ---- */

static void fill_values(sgc_types_build *build, sgc_types_entry *entry,
                        const sgc_ast_definition *part)
{
    sgc_named_type *type = &entry->type;
    size_t more = 0;

    for (const sgc_ast_enum_value *ast = part->values; ast; ast = ast->next)
        more++;
    if (!ROOM(build, type->values, type->value_count, more, entry->capacity)) return;
    for (const sgc_ast_enum_value *ast = part->values; ast && going(build); ast = ast->next) {
        sgc_enum_value_def *value = &type->values[type->value_count++];
        value->name = ast->name.text;
        if (ast->description) value->description = sgc_types_text(ast->description);
        value->directives = ast->directives;
        if (!build->built_in) {
            value->ast = ast;
            value->source = part->source;
        }
        sgc_types_deprecation(build, ast->directives, part->source, &value->deprecation);
    }
    if (!start_index(type, type->value_count)) return;
    for (size_t i = type->by_name.count; i < type->value_count && going(build); i++)
        index_name(build, type, type->values[i].name, i);
}

/* ---- all of a document ---- */

static void fill_scalar(sgc_types_build *build, sgc_types_entry *entry,
                        const sgc_ast_definition *part)
{
    sgc_str url;

    if (sgc_types_specified_by(build, part->directives, part->source, &url) &&
        !sgc_str_is_null(url))
        entry->type.specified_by = url;
}

static void fill_part(sgc_types_build *build, sgc_types_entry *entry,
                      const sgc_ast_definition *part)
{
    sgc_named_type *type = &entry->type;

    switch (type->kind) {
    case SGC_NAMED_SCALAR:
        fill_scalar(build, entry, part);
        break;
    case SGC_NAMED_OBJECT:
    case SGC_NAMED_INTERFACE:
        fill_named(build, &type->interfaces, &type->interface_count, &entry->interface_capacity,
                   part->interfaces, part->source);
        fill_fields(build, entry, part);
        break;
    case SGC_NAMED_UNION:
        fill_named(build, &type->members, &type->member_count, &entry->member_capacity,
                   part->members, part->source);
        break;
    case SGC_NAMED_ENUM:
        fill_values(build, entry, part);
        break;
    case SGC_NAMED_INPUT:
        fill_input_fields(build, entry, part);
        break;
    }
}

static void fill_types(sgc_types_build *build, unsigned kinds)
{
    for (size_t i = 0; i < build->all_count; i++) {
        sgc_types_entry *entry = build->all[i];
        if (!(kinds >> entry->type.kind & 1)) continue;
        for (; entry->next_part && going(build); entry->next_part = entry->next_part->next)
            fill_part(build, entry, entry->next_part->ast);
    }
}

const char *const sgc_types_location_names[SGC_ON_DIRECTIVE_DEFINITION + 1] = {
    "QUERY",
    "MUTATION",
    "SUBSCRIPTION",
    "FIELD",
    "FRAGMENT_DEFINITION",
    "FRAGMENT_SPREAD",
    "INLINE_FRAGMENT",
    "VARIABLE_DEFINITION",
    "FRAGMENT_VARIABLE_DEFINITION",
    "SCHEMA",
    "SCALAR",
    "OBJECT",
    "FIELD_DEFINITION",
    "ARGUMENT_DEFINITION",
    "INTERFACE",
    "UNION",
    "ENUM",
    "ENUM_VALUE",
    "INPUT_OBJECT",
    "INPUT_FIELD_DEFINITION",
    "DIRECTIVE_DEFINITION"};

uint32_t sgc_types_location_set(const sgc_ast_name_item *item)
{
    uint32_t bits = 0;

    for (; item; item = item->next)
        for (size_t i = 0; i <= SGC_ON_DIRECTIVE_DEFINITION; i++)
            if (sgc_str_eq(item->name.text, sgc_str_from(sgc_types_location_names[i])))
                bits |= (uint32_t)1 << i;
    return bits;
}

static void fill_directive(sgc_types_build *build, sgc_directive_def *directive)
{
    const sgc_ast_definition *ast = directive->ast;

    directive->locations =
        sgc_types_new(build, count_names(ast->members), sizeof *directive->locations);
    if (!directive->locations) return;
    for (const sgc_ast_name_item *item = ast->members; item; item = item->next)
        directive->locations[directive->location_count++] = item->name.text;
    directive->location_set = sgc_types_location_set(ast->members);
    if (sgc_str_is_null(directive->deprecation))
        sgc_types_deprecation(build, ast->directives, ast->source, &directive->deprecation);
    if (going(build))
        sgc_types_fill_arguments(build, ast->inputs, ast->source, &directive->arguments,
                                 &directive->argument_count);
    if (build->built_in) directive->ast = NULL;
}

static void fill_directives(sgc_types_build *build)
{
    sgc_type_system *system = build->system;

    if (build->own) {
        size_t at = build->built_in ? 0 : build->specified_count;
        for (; at < build->own_directive_count && going(build); at++)
            fill_directive(build, &build->own_directives[at]);
        return;
    }
    for (; build->directives_filled < system->directive_count && going(build);
         build->directives_filled++) {
        sgc_directive_def *directive = system->directives[build->directives_filled];
        if (!directive->built_in) fill_directive(build, directive);
    }
}

/* The order matters only for which misuse is the first one and so the one reported. Values of enums
 * are looked into later than everything else: when the next document comes, or at the end. */
void sgc_types_fill(sgc_types_build *build)
{
    fill_types(build, 1U << SGC_NAMED_SCALAR);
    fill_directives(build);
    fill_types(build, 1U << SGC_NAMED_OBJECT | 1U << SGC_NAMED_INTERFACE | 1U << SGC_NAMED_UNION |
                          1U << SGC_NAMED_INPUT);
    build->values_late = true;
    fill_types(build, 1U << SGC_NAMED_ENUM);
    build->values_late = false;
}

void sgc_types_report_late(sgc_types_build *build)
{
    if (build->late_value)
        bad_argument(build, "@deprecated(reason:)", build->late_source, build->late_value);
}
