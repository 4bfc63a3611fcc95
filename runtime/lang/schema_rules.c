/*
 * schema_rules.c - what makes a type system valid: root types, directives, fields, arguments,
 * members, values. Interfaces and the cycles of input types have files of their own.
 */
#include "lang/types_internal.h"

/* ---- places and names ---- */

void sgc_types_place_parts(sgc_types_build *build, sgc_diagnostic *error,
                           const sgc_named_type *type)
{
    for (const sgc_type_part *part = type->parts; part; part = part->next)
        sgc_types_place(build, error, part->ast->source, part->ast->span);
}

void sgc_types_place_deprecated(sgc_types_build *build, sgc_diagnostic *error,
                                const sgc_source *source, const sgc_ast_directive *directives)
{
    const sgc_ast_directive *directive = sgc_directive_on(directives, "deprecated");

    if (directive) sgc_types_place(build, error, source, directive->span);
}

void sgc_types_check_name(sgc_types_build *build, sgc_str name, const sgc_source *source,
                          sgc_span span)
{
    if (name.size < 2 || name.data[0] != '_' || name.data[1] != '_') return;
    sgc_diagnostic *error = sgc_types_error(build,
                                            "Name \"" SGC_FMT "\" must not begin with \"__\", "
                                            "which is reserved by GraphQL introspection.",
                                            SGC_ARG(name));
    sgc_types_place(build, error, source, span);
}

/* ---- root types ---- */

static const sgc_ast_root_operation *root_node(const sgc_type_system *system,
                                               sgc_operation_kind operation)
{
    for (const sgc_type_part *part = system->parts; part; part = part->next)
        for (const sgc_ast_root_operation *at = part->ast->roots; at; at = at->next)
            if (at->operation == operation) return at;
    return NULL;
}

static void place_root(sgc_types_build *build, sgc_diagnostic *error, sgc_operation_kind operation,
                       const sgc_named_type *fallback)
{
    const sgc_type_system *system = build->system;

    for (const sgc_type_part *part = system->parts; part; part = part->next) {
        for (const sgc_ast_root_operation *at = part->ast->roots; at; at = at->next) {
            if (at != root_node(system, operation)) continue;
            sgc_types_place(build, error, part->ast->source, at->type.span);
            return;
        }
    }
    if (fallback && fallback->parts)
        sgc_types_place(build, error, fallback->parts->ast->source, fallback->parts->ast->span);
}

static void check_root_kind(sgc_types_build *build, const sgc_named_type *type,
                            sgc_operation_kind operation)
{
    static const char *const names[] = {"Query", "Mutation", "Subscription"};

    if (!type || type->kind == SGC_NAMED_OBJECT) return;
    sgc_diagnostic *error = sgc_types_error(
        build, "%s root type must be Object type%s, it cannot be " SGC_FMT ".", names[operation],
        operation == SGC_OPERATION_QUERY ? "" : " if provided", SGC_ARG(type->name));
    place_root(build, error, operation, type);
}

/* roots[first] is used for more than one operation: name them all. */
static void check_root_twice(sgc_types_build *build, sgc_named_type *const roots[3], int first)
{
    static const char *const names[] = {"query", "mutation", "subscription"};
    int others[3], count = 0;

    if (!roots[first] || roots[first]->kind != SGC_NAMED_OBJECT) return;
    for (int i = 0; i < 3; i++) {
        if (roots[i] != roots[first]) continue;
        if (i < first) return;
        others[count++] = i;
    }
    if (count < 2) return;
    sgc_diagnostic *error = sgc_types_error(
        build,
        "All root types must be different, \"" SGC_FMT "\" type is used as %s%s%s%s%s root "
        "types.",
        SGC_ARG(roots[first]->name), names[others[0]], count > 2 ? ", " : "",
        count > 2 ? names[others[1]] : "", count > 2 ? ", and " : " and ",
        names[others[count - 1]]);
    for (int i = 0; i < count; i++)
        place_root(build, error, (sgc_operation_kind)others[i], NULL);
}

static void check_roots(sgc_types_build *build)
{
    const sgc_type_system *system = build->system;
    sgc_named_type *const roots[3] = {system->query, system->mutation, system->subscription};

    if (!system->query) {
        sgc_diagnostic *error = sgc_types_error(build, "Query root type must be provided.");
        if (system->definition)
            sgc_types_place(build, error, system->definition->source, system->definition->span);
    }
    for (int i = 0; i < 3; i++)
        check_root_kind(build, roots[i], (sgc_operation_kind)i);
    for (int i = 0; i < 3; i++)
        check_root_twice(build, roots, i);
}

/* ---- arguments and input fields ---- */

/* An input value and the coordinate it stands at: @directive, Type.field or Type. */
struct input {
    sgc_types_build *build;
    const sgc_input_def *def;
    sgc_str type, field;
    bool argument; /* else an input field: its own name is the last part of the coordinate */
};

static void print_input(const struct input *input, sgc_buf *out)
{
    if (input->argument)
        sgc_types_print_coordinate(out, input->type, input->field, input->def->name);
    else
        sgc_types_print_coordinate(out, input->type, input->def->name, sgc_str_of(NULL, 0));
}

static void default_error(void *user, const sgc_literal_error *found)
{
    const struct input *input = user;
    sgc_types_build *build = input->build;

    if (!sgc_types_going(build)) return;
    build->text.size = 0;
    print_input(input, &build->text);
    sgc_buf_printf(&build->text, " has invalid default value" SGC_FMT ": ", SGC_ARG(found->path));
    sgc_buf_str(&build->text, found->message);
    sgc_diagnostic *error = sgc_types_error_text(build);
    sgc_types_place(build, error, input->def->source, found->span);
}

static void check_default(struct input *input)
{
    sgc_types_build *build = input->build;

    if (!input->def->default_value || !sgc_types_going(build)) return;
    if (sgc_literal_check(input->def->default_value, input->def->type, &build->scratch,
                          &build->suggest, default_error, input) != SGC_OK)
        build->no_memory = true;
}

/* The place differs for directives: the whole argument. */
static void check_input_type(const struct input *input, bool whole)
{
    sgc_types_build *build = input->build;
    const sgc_input_def *def = input->def;

    if (sgc_kind_is_input(sgc_type_ref_named(def->type)->kind)) return;
    build->text.size = 0;
    sgc_buf_text(&build->text, "The type of ");
    print_input(input, &build->text);
    sgc_buf_text(&build->text, " must be Input Type but got: ");
    sgc_type_ref_print(def->type, &build->text);
    sgc_buf_byte(&build->text, '.');
    sgc_types_place(build, sgc_types_error_text(build), def->source,
                    whole ? def->ast->span : def->ast->type->span);
}

static void check_required_deprecated(const struct input *input)
{
    sgc_types_build *build = input->build;
    const sgc_input_def *def = input->def;

    if (sgc_str_is_null(def->deprecation) || !sgc_input_is_required(def)) return;
    build->text.size = 0;
    sgc_buf_text(&build->text, input->argument ? "Required argument " : "Required input field ");
    print_input(input, &build->text);
    sgc_buf_text(&build->text, " cannot be deprecated.");
    sgc_diagnostic *error = sgc_types_error_text(build);
    sgc_types_place_deprecated(build, error, def->source, def->directives);
    sgc_types_place(build, error, def->source, def->ast->type->span);
}

static void check_input(struct input *input, bool directive)
{
    const sgc_input_def *def = input->def;

    sgc_types_check_name(input->build, def->name, def->source, def->ast->span);
    check_input_type(input, directive);
    check_required_deprecated(input);
    check_default(input);
}

static void check_arguments(sgc_types_build *build, sgc_str type, sgc_str field,
                            const sgc_input_def *arguments, size_t count)
{
    bool directive = sgc_str_is_null(field);

    for (size_t i = 0; i < count && sgc_types_going(build); i++) {
        struct input input = {build, &arguments[i], type, field, true};
        check_input(&input, directive);
    }
}

static void check_one_of(const struct input *input)
{
    sgc_types_build *build = input->build;
    const sgc_input_def *def = input->def;
    sgc_diagnostic *error;

    if (def->type->kind == SGC_TYPE_NON_NULL) {
        error =
            sgc_types_error(build, "OneOf input field " SGC_FMT "." SGC_FMT " must be nullable.",
                            SGC_ARG(input->type), SGC_ARG(def->name));
        sgc_types_place(build, error, def->source, def->ast->type->span);
    }
    if (def->default_value) {
        error = sgc_types_error(
            build, "OneOf input field " SGC_FMT "." SGC_FMT " cannot have a default value.",
            SGC_ARG(input->type), SGC_ARG(def->name));
        sgc_types_place(build, error, def->source, def->ast->span);
    }
}

static void check_input_fields(sgc_types_build *build, const sgc_named_type *type)
{
    if (type->input_count == 0)
        sgc_types_place_parts(
            build,
            sgc_types_error(build, "Input Object type " SGC_FMT " must define one or more fields.",
                            SGC_ARG(type->name)),
            type);
    for (size_t i = 0; i < type->input_count && sgc_types_going(build); i++) {
        struct input input = {build, &type->inputs[i], type->name, sgc_str_of(NULL, 0), false};
        check_input(&input, false);
        if (type->one_of) check_one_of(&input);
    }
}

/* ---- directives ---- */

static void check_directives(sgc_types_build *build)
{
    const sgc_type_system *system = build->system;

    for (size_t i = 0; i < system->listed_directive_count && sgc_types_going(build); i++) {
        const sgc_directive_def *directive = system->directives[i];
        if (directive->built_in) continue;
        sgc_types_check_name(build, directive->name, directive->ast->source, directive->ast->span);
        sgc_str name = sgc_arena_printf(&build->scratch, "@" SGC_FMT, SGC_ARG(directive->name));
        if (!name.data) build->no_memory = true;
        check_arguments(build, name, sgc_str_of(NULL, 0), directive->arguments,
                        directive->argument_count);
    }
}

/* ---- types ---- */

static void check_fields(sgc_types_build *build, const sgc_named_type *type)
{
    if (type->field_count == 0)
        sgc_types_place_parts(build,
                              sgc_types_error(build,
                                              "Type " SGC_FMT " must define one or more fields.",
                                              SGC_ARG(type->name)),
                              type);
    for (size_t i = 0; i < type->field_count && sgc_types_going(build); i++) {
        const sgc_field_def *field = &type->fields[i];
        sgc_types_check_name(build, field->name, field->source, field->ast->span);
        if (!sgc_kind_is_output(sgc_type_ref_named(field->type)->kind)) {
            build->text.size = 0;
            sgc_buf_printf(&build->text,
                           "The type of " SGC_FMT "." SGC_FMT " must be Output Type but got: ",
                           SGC_ARG(type->name), SGC_ARG(field->name));
            sgc_type_ref_print(field->type, &build->text);
            sgc_buf_byte(&build->text, '.');
            sgc_types_place(build, sgc_types_error_text(build), field->source,
                            field->ast->type->span);
        }
        check_arguments(build, type->name, field->name, field->arguments, field->argument_count);
    }
}

static void place_members(sgc_types_build *build, sgc_diagnostic *error, const sgc_named_type *type,
                          sgc_str name)
{
    for (const sgc_type_part *part = type->parts; part; part = part->next) {
        const sgc_ast_name_item *item = part->ast->members;
        for (; item && error && sgc_types_spend(build, 1); item = item->next)
            if (sgc_str_eq(item->name.text, name))
                sgc_types_place(build, error, part->ast->source, item->name.span);
    }
}

static void check_members(sgc_types_build *build, const sgc_named_type *type, uint32_t *marks)
{
    uint32_t mark = type->index + 1;

    if (type->member_count == 0)
        sgc_types_place_parts(
            build,
            sgc_types_error(build, "Union type " SGC_FMT " must define one or more member types.",
                            SGC_ARG(type->name)),
            type);
    for (size_t i = 0; i < type->member_count && sgc_types_going(build); i++) {
        const sgc_named_type *member = type->members[i];
        sgc_diagnostic *error = NULL;
        if (marks[member->index] == mark)
            error = sgc_types_error(
                build, "Union type " SGC_FMT " can only include type " SGC_FMT " once.",
                SGC_ARG(type->name), SGC_ARG(member->name));
        else if (member->kind != SGC_NAMED_OBJECT)
            error = sgc_types_error(build,
                                    "Union type " SGC_FMT " can only include Object types, it "
                                    "cannot include " SGC_FMT ".",
                                    SGC_ARG(type->name), SGC_ARG(member->name));
        marks[member->index] = mark;
        if (error) place_members(build, error, type, member->name);
    }
}

static void check_values(sgc_types_build *build, const sgc_named_type *type)
{
    if (type->value_count == 0)
        sgc_types_place_parts(
            build,
            sgc_types_error(build, "Enum type " SGC_FMT " must define one or more values.",
                            SGC_ARG(type->name)),
            type);
    for (size_t i = 0; i < type->value_count && sgc_types_going(build); i++)
        sgc_types_check_name(build, type->values[i].name, type->values[i].source,
                             type->values[i].ast->span);
}

static void check_type(sgc_types_build *build, const sgc_named_type *type, uint32_t *marks)
{
    sgc_types_check_name(build, type->name, type->parts->ast->source, type->parts->ast->span);
    switch (type->kind) {
    case SGC_NAMED_OBJECT:
    case SGC_NAMED_INTERFACE:
        check_fields(build, type);
        sgc_types_interface_rules(build, type, marks);
        break;
    case SGC_NAMED_UNION:
        check_members(build, type, marks);
        break;
    case SGC_NAMED_ENUM:
        check_values(build, type);
        break;
    case SGC_NAMED_INPUT:
        check_input_fields(build, type);
        break;
    case SGC_NAMED_SCALAR:
        break;
    }
}

void sgc_types_schema_rules(sgc_types_build *build)
{
    const sgc_type_system *system = build->system;
    uint32_t *marks = sgc_types_scratch(build, system->type_count, 2 * sizeof *marks);

    if (!marks) return;
    check_roots(build);
    check_directives(build);
    for (size_t i = 0; i < system->listed_type_count && sgc_types_going(build); i++)
        if (!system->types[i]->built_in) check_type(build, system->types[i], marks);
    if (sgc_types_going(build)) sgc_types_input_default_cycle_rule(build);
    if (sgc_types_going(build)) sgc_types_input_finite_rule(build);
}
