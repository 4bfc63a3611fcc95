/*
 * schema_rules_interfaces.c - an object or interface that says it implements an interface must do
 * so: fields, arguments, types, and the interfaces of the interface.
 */
#include "lang/types_internal.h"

static void place_implements(sgc_types_build *build, sgc_diagnostic *error,
                             const sgc_named_type *type, sgc_str name)
{
    for (const sgc_type_part *part = type->parts; part; part = part->next) {
        const sgc_ast_name_item *item = part->ast->interfaces;
        for (; item && error && sgc_types_spend(build, 1); item = item->next)
            if (sgc_str_eq(item->name.text, name))
                sgc_types_place(build, error, part->ast->source, item->name.span);
    }
}

/* ---- fields ---- */

/* A field of the type, the interface's field it stands for, and their arguments by name. */
struct pair {
    sgc_types_build *build;
    const sgc_named_type *type, *interface;
    const sgc_field_def *field, *wanted;
};

/* Arguments are looked up one by one when they are few. */
enum { FEW = 16 };

static bool map_arguments(sgc_types_build *build, sgc_map *map, const sgc_field_def *field)
{
    map->arena = &build->scratch;
    if (field->argument_count <= FEW) return true;
    if (!sgc_types_spend(build, field->argument_count)) return false;
    for (size_t i = 0; i < field->argument_count; i++)
        if (!sgc_types_put(build, map, field->arguments[i].name, &field->arguments[i]))
            return false;
    return true;
}

static const sgc_input_def *find_argument(const sgc_map *map, const sgc_field_def *field,
                                          sgc_str name)
{
    if (map->count) return sgc_map_get(map, name);
    return sgc_input_find(field->arguments, field->argument_count, name);
}

static void add_argument(const struct pair *pair, bool wanted, const sgc_input_def *argument)
{
    sgc_types_print_coordinate(&pair->build->text,
                               wanted ? pair->interface->name : pair->type->name,
                               wanted ? pair->wanted->name : pair->field->name, argument->name);
}

static void check_wanted_argument(const struct pair *pair, const sgc_input_def *wanted,
                                  const sgc_input_def *given)
{
    sgc_types_build *build = pair->build;
    sgc_diagnostic *error;

    if (given && sgc_type_ref_equal(wanted->type, given->type)) return;
    build->text.size = 0;
    sgc_buf_text(&build->text, "Interface field argument ");
    add_argument(pair, true, wanted);
    if (!given) {
        sgc_buf_printf(&build->text, " expected but " SGC_FMT "." SGC_FMT " does not provide it.",
                       SGC_ARG(pair->type->name), SGC_ARG(pair->field->name));
        error = sgc_types_error_text(build);
        sgc_types_place(build, error, wanted->source, wanted->ast->span);
        sgc_types_place(build, error, pair->field->source, pair->field->ast->span);
        return;
    }
    sgc_buf_text(&build->text, " expects type ");
    sgc_type_ref_print(wanted->type, &build->text);
    sgc_buf_text(&build->text, " but ");
    add_argument(pair, false, given);
    sgc_buf_text(&build->text, " is type ");
    sgc_type_ref_print(given->type, &build->text);
    sgc_buf_byte(&build->text, '.');
    error = sgc_types_error_text(build);
    sgc_types_place(build, error, wanted->source, wanted->ast->type->span);
    sgc_types_place(build, error, given->source, given->ast->type->span);
}

static void report_extra_argument(const struct pair *pair, const sgc_input_def *given)
{
    sgc_types_build *build = pair->build;

    build->text.size = 0;
    sgc_buf_text(&build->text, "Argument \"");
    add_argument(pair, false, given);
    sgc_buf_text(&build->text, "\" must not be required type \"");
    sgc_type_ref_print(given->type, &build->text);
    sgc_buf_printf(&build->text,
                   "\" if not provided by the Interface field \"" SGC_FMT "." SGC_FMT "\".",
                   SGC_ARG(pair->interface->name), SGC_ARG(pair->wanted->name));
    sgc_diagnostic *error = sgc_types_error_text(build);
    sgc_types_place(build, error, given->source, given->ast->span);
    sgc_types_place(build, error, pair->wanted->source, pair->wanted->ast->span);
}

static void check_arguments(const struct pair *pair)
{
    sgc_types_build *build = pair->build;
    const sgc_field_def *field = pair->field, *wanted = pair->wanted;
    sgc_map by_name = {0}, wanted_by_name = {0};

    if (!map_arguments(build, &by_name, field) || !map_arguments(build, &wanted_by_name, wanted))
        return;
    for (size_t i = 0; i < wanted->argument_count && sgc_types_going(build); i++)
        check_wanted_argument(pair, &wanted->arguments[i],
                              find_argument(&by_name, field, wanted->arguments[i].name));
    for (size_t i = 0; i < field->argument_count && sgc_types_going(build); i++) {
        const sgc_input_def *given = &field->arguments[i];
        if (sgc_input_is_required(given) && !find_argument(&wanted_by_name, wanted, given->name))
            report_extra_argument(pair, given);
    }
}

static void check_field_type(const struct pair *pair)
{
    sgc_types_build *build = pair->build;

    if (sgc_type_ref_is_subtype(pair->field->type, pair->wanted->type)) return;
    build->text.size = 0;
    sgc_buf_printf(&build->text, "Interface field " SGC_FMT "." SGC_FMT " expects type ",
                   SGC_ARG(pair->interface->name), SGC_ARG(pair->wanted->name));
    sgc_type_ref_print(pair->wanted->type, &build->text);
    sgc_buf_printf(&build->text, " but " SGC_FMT "." SGC_FMT " is type ", SGC_ARG(pair->type->name),
                   SGC_ARG(pair->field->name));
    sgc_type_ref_print(pair->field->type, &build->text);
    sgc_buf_byte(&build->text, '.');
    sgc_diagnostic *error = sgc_types_error_text(build);
    sgc_types_place(build, error, pair->wanted->source, pair->wanted->ast->type->span);
    sgc_types_place(build, error, pair->field->source, pair->field->ast->type->span);
}

static void check_deprecation(const struct pair *pair)
{
    sgc_types_build *build = pair->build;
    const sgc_field_def *field = pair->field;

    if (sgc_str_is_null(field->deprecation) || !sgc_str_is_null(pair->wanted->deprecation)) return;
    sgc_diagnostic *error =
        sgc_types_error(build,
                        "Interface field " SGC_FMT "." SGC_FMT
                        " is not deprecated, so implementation field " SGC_FMT "." SGC_FMT
                        " must not be deprecated.",
                        SGC_ARG(pair->interface->name), SGC_ARG(pair->wanted->name),
                        SGC_ARG(pair->type->name), SGC_ARG(field->name));
    sgc_types_place_deprecated(build, error, field->source, field->directives);
    sgc_types_place(build, error, field->source, field->ast->type->span);
}

static void report_missing(sgc_types_build *build, const sgc_named_type *type,
                           const sgc_named_type *interface, const sgc_field_def *wanted)
{
    sgc_diagnostic *error = sgc_types_error(
        build,
        "Interface field " SGC_FMT "." SGC_FMT " expected but " SGC_FMT " does not provide it.",
        SGC_ARG(interface->name), SGC_ARG(wanted->name), SGC_ARG(type->name));

    sgc_types_place(build, error, wanted->source, wanted->ast->span);
    sgc_types_place_parts(build, error, type);
}

static void check_implements(sgc_types_build *build, const sgc_named_type *type,
                             const sgc_named_type *interface)
{
    for (size_t i = 0; i < interface->field_count && sgc_types_going(build); i++) {
        struct pair pair = {build, type, interface, NULL, &interface->fields[i]};
        pair.field = sgc_field_find(type, pair.wanted->name);
        if (!pair.field) {
            report_missing(build, type, interface, pair.wanted);
            continue;
        }
        const sgc_named_type *super = sgc_type_ref_named(pair.wanted->type);
        if (!sgc_types_spend(build, 1 + super->member_count / FEW)) return;
        check_field_type(&pair);
        check_arguments(&pair);
        check_deprecation(&pair);
    }
}

/* ---- interfaces of interfaces ---- */

static void check_ancestors(sgc_types_build *build, const sgc_named_type *type,
                            const sgc_named_type *interface, const uint32_t *declared)
{
    for (size_t i = 0; i < interface->interface_count && sgc_types_spend(build, 1); i++) {
        const sgc_named_type *further = interface->interfaces[i];
        sgc_diagnostic *error;
        if (declared[further->index] == type->index + 1) continue;
        if (further == type)
            error = sgc_types_error(build,
                                    "Type " SGC_FMT " cannot implement " SGC_FMT
                                    " because it would create a circular reference.",
                                    SGC_ARG(type->name), SGC_ARG(interface->name));
        else
            error = sgc_types_error(build,
                                    "Type " SGC_FMT " must implement " SGC_FMT
                                    " because it is implemented by " SGC_FMT ".",
                                    SGC_ARG(type->name), SGC_ARG(further->name),
                                    SGC_ARG(interface->name));
        place_implements(build, error, interface, further->name);
        place_implements(build, error, type, interface->name);
    }
}

static sgc_diagnostic *check_declared(sgc_types_build *build, const sgc_named_type *type,
                                      const sgc_named_type *interface, bool met)
{
    if (interface->kind != SGC_NAMED_INTERFACE)
        return sgc_types_error(build,
                               "Type " SGC_FMT " must only implement Interface types, it cannot "
                               "implement " SGC_FMT ".",
                               SGC_ARG(type->name), SGC_ARG(interface->name));
    if (interface == type)
        return sgc_types_error(build,
                               "Type " SGC_FMT " cannot implement itself because it would create "
                               "a circular reference.",
                               SGC_ARG(type->name));
    if (met)
        return sgc_types_error(build, "Type " SGC_FMT " can only implement " SGC_FMT " once.",
                               SGC_ARG(type->name), SGC_ARG(interface->name));
    return NULL;
}

void sgc_types_interface_rules(sgc_types_build *build, const sgc_named_type *type, uint32_t *marks)
{
    uint32_t *declared = marks, *met = marks + build->system->type_count;
    uint32_t mark = type->index + 1;

    for (size_t i = 0; i < type->interface_count; i++)
        declared[type->interfaces[i]->index] = mark;
    for (size_t i = 0; i < type->interface_count && sgc_types_going(build); i++) {
        const sgc_named_type *interface = type->interfaces[i];
        sgc_diagnostic *error =
            check_declared(build, type, interface, met[interface->index] == mark);
        if (error || !sgc_types_going(build)) {
            place_implements(build, error, type, interface->name);
            continue;
        }
        met[interface->index] = mark;
        check_ancestors(build, type, interface, declared);
        check_implements(build, type, interface);
    }
}
