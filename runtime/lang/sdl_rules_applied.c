/*
 * sdl_rules_applied.c - SDL rules about directives as they are applied: known, at a place where
 * they may stand, not twice, with known, single and all required arguments.
 */
#include "lang/sdl_rules.h"

/* ---- values and arguments ---- */

void sgc_sdl_check_value(sgc_sdl_rules *rules, const sgc_ast_value *value)
{
    sgc_sdl_seen seen = {0};

    if (value->kind == SGC_VALUE_LIST)
        for (const sgc_ast_value *at = value->items; at && sgc_sdl_going(rules); at = at->next)
            sgc_sdl_check_value(rules, at);
    if (value->kind != SGC_VALUE_OBJECT) return;
    for (const sgc_ast_argument *at = value->fields; at && sgc_sdl_going(rules); at = at->next) {
        const sgc_ast_name *first = sgc_sdl_see(rules, &seen, at->name.text, &at->name);
        if (first) {
            sgc_diagnostic *error = sgc_types_error(
                rules->build, "There can be only one input field named \"" SGC_FMT "\".",
                SGC_ARG(at->name.text));
            sgc_types_place(rules->build, error, rules->source, first->span);
            sgc_types_place(rules->build, error, rules->source, at->name.span);
        }
        sgc_sdl_check_value(rules, at->value);
    }
}

void sgc_sdl_check_arguments(sgc_sdl_rules *rules, const sgc_ast_argument *arguments)
{
    for (const sgc_ast_argument *at = arguments; at; at = at->next)
        sgc_sdl_list(rules, &at->name);
    sgc_sdl_duplicates(rules, false, sgc_str_of(NULL, 0), sgc_str_of(NULL, 0));
    for (const sgc_ast_argument *at = arguments; at && sgc_sdl_going(rules); at = at->next)
        sgc_sdl_check_value(rules, at->value);
}

/* ---- what is known about a directive ---- */

static size_t count_arguments(const sgc_sdl_directive *directive)
{
    size_t count = 0;

    if (directive->known) return directive->known->argument_count;
    for (const sgc_ast_input_value *at = directive->ast->inputs; at; at = at->next)
        count++;
    return count;
}

static void add_argument(sgc_sdl_rules *rules, sgc_sdl_directive *directive, sgc_str name,
                         bool required)
{
    if (required) directive->required[directive->required_count++] = directive->argument_count;
    directive->arguments[directive->argument_count++] = name;
    if (directive->argument_map.arena)
        sgc_types_put(rules->build, &directive->argument_map, name,
                      (void *)(uintptr_t)directive->argument_count);
}

static void collect_arguments(sgc_sdl_rules *rules, sgc_sdl_directive *directive)
{
    size_t count = count_arguments(directive);

    directive->arguments = sgc_types_scratch(rules->build, count, sizeof(sgc_str));
    directive->required = sgc_types_scratch(rules->build, count, sizeof(size_t));
    if (!directive->arguments || !directive->required) return;
    if (count > SGC_SDL_FEW) directive->argument_map.arena = &rules->build->scratch;
    if (directive->known) {
        for (size_t i = 0; i < count; i++)
            add_argument(rules, directive, directive->known->arguments[i].name,
                         sgc_input_is_required(&directive->known->arguments[i]));
        return;
    }
    for (const sgc_ast_input_value *at = directive->ast->inputs; at; at = at->next)
        add_argument(rules, directive, at->name.text,
                     at->type->kind == SGC_TYPE_NON_NULL && !at->default_value);
}

static sgc_sdl_directive *find_directive(sgc_sdl_rules *rules, sgc_str name)
{
    sgc_sdl_directive *directive = sgc_map_get(&rules->directives, name);

    if (directive) return directive;
    const sgc_ast_definition *ast = sgc_map_get(&rules->defined_directives, name);
    const sgc_directive_def *known = ast ? NULL : sgc_directive_find(rules->build->system, name);
    if (!ast && !known) return NULL;
    directive = sgc_types_scratch(rules->build, 1, sizeof *directive);
    if (!directive) return NULL;
    directive->ast = ast;
    directive->known = known;
    directive->locations = ast ? sgc_types_location_set(ast->members) : known->location_set;
    directive->repeatable = ast ? ast->repeatable : known->repeatable;
    collect_arguments(rules, directive);
    if (sgc_sdl_going(rules)) sgc_types_put(rules->build, &rules->directives, name, directive);
    return sgc_sdl_going(rules) ? directive : NULL;
}

static bool has_argument(const sgc_sdl_directive *directive, sgc_str name)
{
    if (directive->argument_map.arena) return sgc_map_get(&directive->argument_map, name) != NULL;
    for (size_t i = 0; i < directive->argument_count; i++)
        if (sgc_str_eq(directive->arguments[i], name)) return true;
    return false;
}

/* ---- the rules ---- */

static void unknown_argument(sgc_sdl_rules *rules, const sgc_sdl_directive *directive,
                             const sgc_ast_directive *applied, const sgc_ast_argument *argument)
{
    sgc_types_build *build = rules->build;
    sgc_str best[SGC_SUGGESTIONS];

    build->text.size = 0;
    sgc_buf_printf(&build->text, "Unknown argument \"" SGC_FMT "\" on directive \"@" SGC_FMT "\".",
                   SGC_ARG(argument->name.text), SGC_ARG(applied->name.text));
    size_t count = sgc_suggest(argument->name.text, directive->arguments, directive->argument_count,
                               &build->suggest, best);
    sgc_did_you_mean(NULL, best, count, &build->text);
    sgc_types_place(build, sgc_types_error_text(build), rules->source, argument->span);
}

static void print_argument_type(const sgc_sdl_directive *directive, size_t index, sgc_buf *out)
{
    const sgc_ast_input_value *at;

    if (directive->known) {
        sgc_type_ref_print(directive->known->arguments[index].type, out);
        return;
    }
    for (at = directive->ast->inputs; index > 0; index--)
        at = at->next;
    sgc_print_type(at->type, out);
}

static void missing_argument(sgc_sdl_rules *rules, const sgc_sdl_directive *directive,
                             const sgc_ast_directive *applied, size_t index)
{
    sgc_types_build *build = rules->build;

    if (!sgc_types_spend(build, index)) return;
    build->text.size = 0;
    sgc_buf_printf(&build->text, "Argument \"@" SGC_FMT "(" SGC_FMT ":)\" of type \"",
                   SGC_ARG(applied->name.text), SGC_ARG(directive->arguments[index]));
    print_argument_type(directive, index, &build->text);
    sgc_buf_text(&build->text, "\" is required, but it was not provided.");
    sgc_types_place(build, sgc_types_error_text(build), rules->source, applied->span);
}

static void check_required(sgc_sdl_rules *rules, const sgc_sdl_directive *directive,
                           const sgc_ast_directive *applied)
{
    sgc_sdl_seen given = {0};

    if (directive->required_count == 0) return;
    for (const sgc_ast_argument *at = applied->arguments; at; at = at->next)
        sgc_sdl_see(rules, &given, at->name.text, at);
    for (size_t i = 0; i < directive->required_count && sgc_sdl_going(rules); i++) {
        size_t index = directive->required[i];
        if (!sgc_sdl_see(rules, &given, directive->arguments[index], applied))
            missing_argument(rules, directive, applied, index);
    }
}

static void check_known(sgc_sdl_rules *rules, const sgc_sdl_directive *directive,
                        const sgc_ast_directive *applied, sgc_directive_location location)
{
    if (!(directive->locations >> location & 1))
        sgc_sdl_error_at(rules, applied->span, "Directive \"@" SGC_FMT "\" may not be used on %s.",
                         SGC_ARG(applied->name.text), sgc_types_location_names[location]);
    for (const sgc_ast_argument *at = applied->arguments; at && sgc_sdl_going(rules); at = at->next)
        if (!has_argument(directive, at->name.text))
            unknown_argument(rules, directive, applied, at);
}

static void check_unique(sgc_sdl_rules *rules, const sgc_sdl_directive *directive,
                         const sgc_ast_directive *applied, sgc_sdl_seen *seen)
{
    if (directive->repeatable) return;
    const sgc_ast_directive *first = sgc_sdl_see(rules, seen, applied->name.text, applied);
    if (!first) return;
    sgc_diagnostic *error = sgc_types_error(
        rules->build, "The directive \"@" SGC_FMT "\" can only be used once at this location.",
        SGC_ARG(applied->name.text));
    sgc_types_place(rules->build, error, rules->source, first->span);
    sgc_types_place(rules->build, error, rules->source, applied->span);
}

void sgc_sdl_check_directives(sgc_sdl_rules *rules, const sgc_ast_directive *directives,
                              sgc_directive_location location, sgc_sdl_seen *seen)
{
    sgc_sdl_seen here = {0};

    for (const sgc_ast_directive *at = directives; at && sgc_sdl_going(rules); at = at->next) {
        const sgc_sdl_directive *directive = find_directive(rules, at->name.text);
        if (!directive && sgc_sdl_going(rules)) {
            sgc_sdl_error_at(rules, at->span, "Unknown directive \"@" SGC_FMT "\".",
                             SGC_ARG(at->name.text));
        } else if (directive) {
            check_unique(rules, directive, at, seen ? seen : &here);
            check_known(rules, directive, at, location);
        }
        sgc_sdl_check_arguments(rules, at->arguments);
        if (directive) check_required(rules, directive, at);
    }
}
