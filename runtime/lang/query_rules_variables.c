/*
 * query_rules_variables.c - rules about variables: their definitions, and each use in an operation
 * and in all fragments it reaches. Wording as in graphql-js 17.1.
 */
#include "lang/query_rules.h"

/* A type of the document as the type system sees it; NULL when it is unknown. */
static sgc_type_ref *resolve(sgc_validator *v, const sgc_ast_type *ast)
{
    sgc_type_ref *made = sgc_arena_zero(&v->arena, 1, sizeof *made);

    if (!made) {
        sgc_validator_stop(v, SGC_NO_MEMORY);
        return NULL;
    }
    made->kind = ast->kind;
    made->ast = ast;
    if (ast->kind == SGC_TYPE_NAMED) {
        made->named = sgc_rule_find_type(v, ast->name.text);
        return made->named ? made : NULL;
    }
    made->inner = resolve(v, ast->inner);
    return made->inner ? made : NULL;
}

/* ---- definitions ---- */

/* All variables of one name are one error, at each of them. */
static void unique_definitions(sgc_validator *v, const sgc_ast_definition *operation)
{
    sgc_map known = {.arena = &v->arena}, errors = {.arena = &v->arena};

    for (const sgc_ast_variable *one = operation->variables; one && v->status == SGC_OK;
         one = one->next) {
        const sgc_ast_variable *first = sgc_map_get(&known, one->name.text);
        if (!first) {
            sgc_validator_put(v, &known, one->name.text, one);
            continue;
        }
        sgc_diagnostic *error = sgc_map_get(&errors, one->name.text);
        if (!error) {
            error = sgc_rule_error(v, SGC_RULE_UNIQUE_VARIABLE_NAMES,
                                   "There can be only one variable named \"$" SGC_FMT "\".",
                                   SGC_ARG(one->name.text));
            sgc_rule_place(v, error, first->name.span);
            if (error) sgc_validator_put(v, &errors, one->name.text, error);
        }
        sgc_rule_place(v, error, one->name.span);
    }
}

static const sgc_ast_type *named_of(const sgc_ast_type *type)
{
    while (type->kind != SGC_TYPE_NAMED)
        type = type->inner;
    return type;
}

static void check_definition(sgc_validator *v, const sgc_ast_variable *one)
{
    const sgc_ast_type *named = named_of(one->type);
    sgc_type_ref *type = resolve(v, one->type);

    sgc_rule_known_type(v, named->name);
    if (type && !sgc_kind_is_input(sgc_type_ref_named(type)->kind)) {
        sgc_rule_place(v,
                       sgc_rule_error(v, SGC_RULE_VARIABLES_ARE_INPUT_TYPES,
                                      "Variable \"$" SGC_FMT
                                      "\" cannot be non-input type \"" SGC_FMT "\".",
                                      SGC_ARG(one->name.text), SGC_ARG(sgc_rule_type(v, type))),
                       one->type->span);
        type = NULL;
    }
    if (one->default_value) sgc_rule_value(v, one->default_value, type, false);
    sgc_rule_directives(v, one->directives, SGC_ON_VARIABLE_DEFINITION);
}

void sgc_rule_variable_definitions(sgc_validator *v, const sgc_ast_definition *operation)
{
    if (sgc_rule_wanted(v, SGC_RULE_UNIQUE_VARIABLE_NAMES)) unique_definitions(v, operation);
    for (const sgc_ast_variable *one = operation->variables; one && v->status == SGC_OK;
         one = one->next)
        check_definition(v, one);
}

/* ---- uses ---- */

typedef struct variable {
    const sgc_ast_variable *def;
    sgc_type_ref *type; /* NULL when unknown */
    bool used;
} variable;

typedef struct scope {
    sgc_validator *v;
    const sgc_ast_definition *operation;
    sgc_map variables;
} scope;

static void undefined(scope *at, const sgc_usage *usage)
{
    sgc_validator *v = at->v;
    sgc_str name = at->operation->name.text;
    sgc_diagnostic *error;

    if (name.data) {
        error =
            sgc_rule_error(v, SGC_RULE_NO_UNDEFINED_VARIABLES,
                           "Variable \"$" SGC_FMT "\" is not defined by operation \"" SGC_FMT "\".",
                           SGC_ARG(usage->node->text), SGC_ARG(name));
    } else {
        error =
            sgc_rule_error(v, SGC_RULE_NO_UNDEFINED_VARIABLES,
                           "Variable \"$" SGC_FMT "\" is not defined.", SGC_ARG(usage->node->text));
    }
    sgc_rule_place(v, error, usage->node->span);
    sgc_rule_place(v, error, at->operation->span);
}

static bool fits(const variable *found, const sgc_usage *usage)
{
    const sgc_type_ref *expected = usage->type;
    const sgc_ast_value *fallback = found->def->default_value;

    if (expected->kind != SGC_TYPE_NON_NULL || found->type->kind == SGC_TYPE_NON_NULL)
        return sgc_type_ref_is_subtype(found->type, expected);
    bool has_default = fallback && fallback->kind != SGC_VALUE_NULL;
    if (!has_default && !usage->has_default) return false;
    return sgc_type_ref_is_subtype(found->type, expected->inner);
}

static void check_position(scope *at, const variable *found, const sgc_usage *usage)
{
    sgc_validator *v = at->v;
    sgc_diagnostic *error;

    if (!usage->type || !found->type) return;
    if (!fits(found, usage)) {
        error =
            sgc_rule_error(v, SGC_RULE_VARIABLES_IN_ALLOWED_POSITION,
                           "Variable \"$" SGC_FMT "\" of type \"" SGC_FMT
                           "\" used in position expecting type \"" SGC_FMT "\".",
                           SGC_ARG(found->def->name.text), SGC_ARG(sgc_rule_type(v, found->type)),
                           SGC_ARG(sgc_rule_type(v, usage->type)));
        sgc_rule_place(v, error, found->def->span);
        sgc_rule_place(v, error, usage->node->span);
    }
    if (!usage->one_of || found->type->kind == SGC_TYPE_NON_NULL) return;
    error = sgc_rule_error(
        v, SGC_RULE_VARIABLES_IN_ALLOWED_POSITION,
        "Variable \"$" SGC_FMT "\" is of type \"" SGC_FMT
        "\" but must be non-nullable to be used for OneOf Input Object \"" SGC_FMT "\".",
        SGC_ARG(found->def->name.text), SGC_ARG(sgc_rule_type(v, found->type)),
        SGC_ARG(usage->one_of->name));
    sgc_rule_place(v, error, found->def->span);
    sgc_rule_place(v, error, usage->node->span);
}

static void check_part(scope *at, sgc_part *part, unsigned depth)
{
    sgc_validator *v = at->v;

    part->stamp = v->stamp;
    if (depth > SGC_RULE_FRAGMENTS_DEEP) sgc_validator_stop(v, SGC_LIMIT);
    if (!sgc_validator_spend(v, part->usage_count + part->spread_count)) return;
    for (size_t i = 0; i < part->usage_count && v->status == SGC_OK; i++) {
        variable *found = sgc_map_get(&at->variables, part->usages[i].node->text);
        if (!found) {
            undefined(at, &part->usages[i]);
            continue;
        }
        found->used = true;
        check_position(at, found, &part->usages[i]);
    }
    for (size_t i = 0; i < part->spread_count && v->status == SGC_OK; i++) {
        sgc_part *next = sgc_part_find(v, part->spreads[i]->name.text);
        if (next && next->stamp != v->stamp) check_part(at, next, depth + 1);
    }
}

static void report_unused(scope *at)
{
    sgc_str name = at->operation->name.text;

    for (const sgc_ast_variable *one = at->operation->variables; one; one = one->next) {
        const variable *found = sgc_map_get(&at->variables, one->name.text);
        sgc_diagnostic *error;
        if (!found || found->used) continue;
        if (name.data) {
            error = sgc_rule_error(at->v, SGC_RULE_NO_UNUSED_VARIABLES,
                                   "Variable \"$" SGC_FMT "\" is never used in operation \"" SGC_FMT
                                   "\".",
                                   SGC_ARG(one->name.text), SGC_ARG(name));
        } else {
            error =
                sgc_rule_error(at->v, SGC_RULE_NO_UNUSED_VARIABLES,
                               "Variable \"$" SGC_FMT "\" is never used.", SGC_ARG(one->name.text));
        }
        sgc_rule_place(at->v, error, one->span);
    }
}

void sgc_rule_variables(sgc_validator *v, sgc_part *operation)
{
    scope at = {.v = v, .operation = operation->def, .variables = {.arena = &v->arena}};

    for (const sgc_ast_variable *one = operation->def->variables; one; one = one->next) {
        variable *made = sgc_arena_zero(&v->arena, 1, sizeof *made);
        if (!made || !sgc_map_put(&at.variables, one->name.text, made)) {
            sgc_validator_stop(v, SGC_NO_MEMORY);
            return;
        }
        made->def = one;
        made->type = resolve(v, one->type);
    }
    v->stamp++;
    check_part(&at, operation, 0);
    if (v->status == SGC_OK) report_unused(&at);
}
