/*
 * sdl_rules_executable.c - operations and fragments that stand in a schema document: they do not
 * belong there, but the SDL rules speak about their types, directives and arguments all the same.
 */
#include "lang/sdl_rules.h"

/* As deep as the parser lets selections nest. */
static void check_selections(sgc_sdl_rules *rules, const sgc_ast_selection *selections)
{
    for (const sgc_ast_selection *at = selections; at && sgc_sdl_going(rules); at = at->next) {
        sgc_directive_location location = at->kind == SGC_SELECTION_FIELD ? SGC_ON_FIELD
                                          : at->kind == SGC_SELECTION_SPREAD
                                              ? SGC_ON_FRAGMENT_SPREAD
                                              : SGC_ON_INLINE_FRAGMENT;
        if (at->kind == SGC_SELECTION_INLINE && at->name.text.size)
            sgc_sdl_check_type_name(rules, &at->name, true);
        if (at->kind == SGC_SELECTION_FIELD) sgc_sdl_check_arguments(rules, at->arguments);
        sgc_sdl_check_directives(rules, at->directives, location, NULL);
        check_selections(rules, at->selections);
    }
}

static void check_variables(sgc_sdl_rules *rules, const sgc_ast_variable *variables)
{
    for (const sgc_ast_variable *at = variables; at && sgc_sdl_going(rules); at = at->next) {
        sgc_sdl_check_type(rules, at->type, true);
        if (at->default_value) sgc_sdl_check_value(rules, at->default_value);
        sgc_sdl_check_directives(rules, at->directives, SGC_ON_VARIABLE_DEFINITION, NULL);
    }
}

void sgc_sdl_check_executable(sgc_sdl_rules *rules, const sgc_ast_definition *definition)
{
    sgc_directive_location location = SGC_ON_FRAGMENT_DEFINITION;

    if (definition->kind == SGC_DEFINITION_FRAGMENT)
        sgc_sdl_check_type_name(rules, &definition->type_condition, true);
    else
        location = (sgc_directive_location)(SGC_ON_QUERY + (int)definition->operation);
    check_variables(rules, definition->variables);
    sgc_sdl_check_directives(rules, definition->directives, location, NULL);
    check_selections(rules, definition->selections);
}
