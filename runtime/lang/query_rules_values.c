/*
 * query_rules_values.c - rules about the values that arguments, directives and variables are given,
 * and the places where variables stand in them. Wording as in graphql-js 17.1.
 */
#include "lang/query_rules.h"

static void note_usage(sgc_validator *v, const sgc_usage *usage)
{
    sgc_part *part = v->part;

    if (!SGC_ARENA_GROW(&v->arena, part->usages, part->usage_count, part->usage_capacity)) {
        sgc_validator_stop(v, SGC_NO_MEMORY);
        return;
    }
    part->usages[part->usage_count++] = *usage;
}

static const sgc_type_ref *nullable(const sgc_type_ref *type)
{
    return type && type->kind == SGC_TYPE_NON_NULL ? type->inner : type;
}

static void walk_value(sgc_validator *v, const sgc_ast_value *value, const sgc_type_ref *type,
                       bool has_default, const sgc_named_type *one_of);

/* Each further field of one name is an error beside the first. */
static void unique_input_fields(sgc_validator *v, const sgc_ast_argument *fields)
{
    sgc_map known = {.arena = &v->arena};

    if (!fields || !fields->next || !sgc_rule_wanted(v, SGC_RULE_UNIQUE_INPUT_FIELD_NAMES)) return;
    for (const sgc_ast_argument *one = fields; one && v->status == SGC_OK; one = one->next) {
        const sgc_ast_argument *first = sgc_map_get(&known, one->name.text);
        if (!first) {
            sgc_validator_put(v, &known, one->name.text, one);
            continue;
        }
        sgc_diagnostic *error = sgc_rule_error(
            v, SGC_RULE_UNIQUE_INPUT_FIELD_NAMES,
            "There can be only one input field named \"" SGC_FMT "\".", SGC_ARG(one->name.text));
        sgc_rule_place(v, error, first->name.span);
        sgc_rule_place(v, error, one->name.span);
    }
}

/* A field of an input type, or a value of an enum. */
static void deprecated(sgc_validator *v, const char *words, const char *end,
                       const sgc_named_type *type, sgc_str name, sgc_str reason, sgc_span span)
{
    if (!reason.data) return;
    sgc_rule_place(v,
                   sgc_rule_error(v, SGC_RULE_NO_DEPRECATED_CUSTOM,
                                  "%s" SGC_FMT "." SGC_FMT "%s is deprecated. " SGC_FMT, words,
                                  SGC_ARG(type->name), SGC_ARG(name), end, SGC_ARG(reason)),
                   span);
}

static void walk_object(sgc_validator *v, const sgc_ast_value *value, const sgc_named_type *type)
{
    const sgc_named_type *input = type && type->kind == SGC_NAMED_INPUT ? type : NULL;

    unique_input_fields(v, value->fields);
    for (const sgc_ast_argument *one = value->fields; one && v->status == SGC_OK; one = one->next) {
        const sgc_input_def *def = input ? sgc_input_field_find(input, one->name.text) : NULL;
        if (def)
            deprecated(v, "The input field ", "", input, def->name, def->deprecation, one->span);
        walk_value(v, one->value, def ? def->type : NULL, def && def->default_value,
                   input && input->one_of ? input : NULL);
    }
}

static void walk_enum(sgc_validator *v, const sgc_ast_value *value, const sgc_named_type *type)
{
    const sgc_enum_value_def *def =
        type && type->kind == SGC_NAMED_ENUM ? sgc_enum_value_find(type, value->text) : NULL;

    if (def)
        deprecated(v, "The enum value \"", "\"", type, def->name, def->deprecation, value->span);
}

/* As deep as the parser lets values nest. */
static void walk_value(sgc_validator *v, const sgc_ast_value *value, const sgc_type_ref *type,
                       bool has_default, const sgc_named_type *one_of)
{
    if (value->kind == SGC_VALUE_VARIABLE) {
        sgc_usage usage = {
            .node = value, .type = type, .has_default = has_default, .one_of = one_of};
        note_usage(v, &usage);
    } else if (value->kind == SGC_VALUE_OBJECT) {
        walk_object(v, value, type ? sgc_type_ref_named(type) : NULL);
    } else if (value->kind == SGC_VALUE_ENUM) {
        walk_enum(v, value, type ? sgc_type_ref_named(type) : NULL);
    } else if (value->kind == SGC_VALUE_LIST) {
        const sgc_type_ref *bare = nullable(type);
        const sgc_type_ref *item = bare && bare->kind == SGC_TYPE_LIST ? bare->inner : NULL;
        for (const sgc_ast_value *one = value->items; one && v->status == SGC_OK; one = one->next)
            walk_value(v, one, item, false, NULL);
    }
}

static void report_literal(void *user, const sgc_literal_error *error)
{
    sgc_validator *v = user;

    sgc_rule_place(
        v, sgc_rule_error(v, SGC_RULE_VALUES_OF_CORRECT_TYPE, SGC_FMT, SGC_ARG(error->message)),
        error->span);
}

void sgc_rule_value(sgc_validator *v, const sgc_ast_value *value, const sgc_type_ref *type,
                    bool has_default)
{
    walk_value(v, value, type, has_default, NULL);
    if (!type || value->kind == SGC_VALUE_VARIABLE || v->status != SGC_OK ||
        !sgc_rule_wanted(v, SGC_RULE_VALUES_OF_CORRECT_TYPE))
        return;
    const sgc_named_type *named = sgc_type_ref_named(type);
    if (!named || !sgc_kind_is_input(named->kind)) return;
    sgc_status status = sgc_literal_check(value, type, &v->arena, &v->effort, report_literal, v);
    if (status != SGC_OK) sgc_validator_stop(v, status);
}
