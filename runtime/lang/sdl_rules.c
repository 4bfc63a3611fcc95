/*
 * sdl_rules.c - what a schema document must keep to before types can be built from it: one walk
 * over its definitions, each rule looking at the nodes it is about. Linear in the document.
 */
#include "lang/sdl_rules.h"

/* ---- names seen ---- */

const void *sgc_sdl_see(sgc_sdl_rules *rules, sgc_sdl_seen *seen, sgc_str name, const void *node)
{
    if (seen->map.arena) {
        const void *first = sgc_map_get(&seen->map, name);
        if (!first) sgc_types_put(rules->build, &seen->map, name, (void *)(uintptr_t)node);
        return first;
    }
    for (size_t i = 0; i < seen->count; i++)
        if (sgc_str_eq(seen->few[i].name, name)) return seen->few[i].node;
    if (seen->count < SGC_SDL_FEW) {
        seen->few[seen->count].name = name;
        seen->few[seen->count++].node = node;
        return NULL;
    }
    seen->map.arena = &rules->build->scratch;
    for (size_t i = 0; i < seen->count; i++)
        sgc_types_put(rules->build, &seen->map, seen->few[i].name,
                      (void *)(uintptr_t)seen->few[i].node);
    sgc_types_put(rules->build, &seen->map, name, (void *)(uintptr_t)node);
    return NULL;
}

sgc_sdl_seen *sgc_sdl_need(sgc_sdl_rules *rules, sgc_sdl_seen **seen)
{
    if (!*seen) *seen = sgc_types_scratch(rules->build, 1, sizeof **seen);
    return *seen;
}

void sgc_sdl_error_at(sgc_sdl_rules *rules, sgc_span span, const char *format, ...)
{
    sgc_types_build *build = rules->build;
    va_list arguments;

    if (!sgc_sdl_going(rules)) return;
    build->text.size = 0;
    va_start(arguments, format);
    sgc_buf_vprintf(&build->text, format, arguments);
    va_end(arguments);
    sgc_types_place(build, sgc_types_error_text(build), rules->source, span);
}

/* ---- names that must differ, reported together ---- */

void sgc_sdl_list(sgc_sdl_rules *rules, const sgc_ast_name *name)
{
    sgc_types_build *build = rules->build;

    if (!SGC_ARENA_GROW(&build->scratch, rules->list, rules->list_count, rules->list_capacity)) {
        build->no_memory = true;
        return;
    }
    rules->list[rules->list_count++] = name;
}

static bool has_duplicates(sgc_sdl_rules *rules)
{
    sgc_sdl_seen seen = {0};

    for (size_t i = 0; i < rules->list_count && sgc_sdl_going(rules); i++)
        if (sgc_sdl_see(rules, &seen, rules->list[i]->text, rules->list[i])) return true;
    return false;
}

/* Chains equal names: next[i] is the index plus one of the next one, 0 at the end of the chain. */
static bool chain_names(sgc_sdl_rules *rules, size_t *next, bool *starts)
{
    sgc_map last = {.arena = &rules->build->scratch};

    for (size_t i = 0; i < rules->list_count; i++) {
        size_t before = (size_t)(uintptr_t)sgc_map_get(&last, rules->list[i]->text);
        starts[i] = before == 0;
        if (before) next[before - 1] = i + 1;
        if (!sgc_types_put(rules->build, &last, rules->list[i]->text, (void *)(uintptr_t)(i + 1)))
            return false;
    }
    return true;
}

static void report_chain(sgc_sdl_rules *rules, const size_t *next, size_t at, bool defined,
                         sgc_str type, sgc_str field)
{
    sgc_types_build *build = rules->build;
    sgc_str name = rules->list[at]->text;
    sgc_diagnostic *error;

    build->text.size = 0;
    if (defined) {
        sgc_buf_text(&build->text, sgc_str_is_null(type) ? "Argument \"@" : "Argument \"");
        sgc_buf_str(&build->text, type);
        if (!sgc_str_is_null(type)) sgc_buf_byte(&build->text, '.');
        sgc_buf_printf(&build->text, SGC_FMT "(" SGC_FMT ":)\" can only be defined once.",
                       SGC_ARG(field), SGC_ARG(name));
    } else {
        sgc_buf_printf(&build->text, "There can be only one argument named \"" SGC_FMT "\".",
                       SGC_ARG(name));
    }
    error = sgc_types_error_text(build);
    for (size_t i = at + 1; i != 0; i = next[i - 1])
        sgc_types_place(build, error, rules->source, rules->list[i - 1]->span);
}

void sgc_sdl_duplicates(sgc_sdl_rules *rules, bool defined, sgc_str type, sgc_str field)
{
    if (rules->list_count > 1 && has_duplicates(rules)) {
        size_t count = rules->list_count;
        size_t *next = sgc_types_scratch(rules->build, count, sizeof *next);
        bool *starts = sgc_types_scratch(rules->build, count, sizeof *starts);
        if (next && starts && chain_names(rules, next, starts))
            for (size_t i = 0; i < count && sgc_sdl_going(rules); i++)
                if (starts[i] && next[i]) report_chain(rules, next, i, defined, type, field);
    }
    rules->list_count = 0;
}

/* ---- schema { } ---- */

static const sgc_named_type *root(const sgc_type_system *system, sgc_operation_kind operation)
{
    if (operation == SGC_OPERATION_QUERY) return system->query;
    return operation == SGC_OPERATION_MUTATION ? system->mutation : system->subscription;
}

static void check_root(sgc_sdl_rules *rules, const sgc_ast_root_operation *operation)
{
    static const char *const names[] = {"query", "mutation", "subscription"};
    const sgc_ast_root_operation **first = &rules->roots[operation->operation];
    const char *name = names[operation->operation];

    if (root(rules->build->system, operation->operation)) {
        sgc_sdl_error_at(rules, operation->span,
                         "Type for %s already defined in the schema. It cannot be redefined.",
                         name);
    } else if (*first) {
        sgc_diagnostic *error =
            sgc_types_error(rules->build, "There can be only one %s type in schema.", name);
        sgc_types_place(rules->build, error, rules->source, (*first)->span);
        sgc_types_place(rules->build, error, rules->source, operation->span);
    } else {
        *first = operation;
    }
}

static void check_schema(sgc_sdl_rules *rules, const sgc_ast_definition *ast)
{
    const sgc_type_system *system = rules->build->system;

    if (!ast->extend) {
        if (system->definition || system->query || system->mutation || system->subscription)
            sgc_sdl_error_at(rules, ast->span,
                             "Cannot define a new schema within a schema extension.");
        else if (rules->schema)
            sgc_sdl_error_at(rules, ast->span, "Must provide only one schema definition.");
        rules->schema = ast;
    }
    for (const sgc_ast_root_operation *at = ast->roots; at && sgc_sdl_going(rules); at = at->next)
        check_root(rules, at);
    if (ast->directives && sgc_sdl_need(rules, &rules->schema_directives))
        sgc_sdl_check_directives(rules, ast->directives, SGC_ON_SCHEMA, rules->schema_directives);
    for (const sgc_ast_root_operation *at = ast->roots; at; at = at->next)
        sgc_sdl_check_type_name(rules, &at->type, false);
}

/* ---- types ---- */

static void check_type_name_is_new(sgc_sdl_rules *rules, const sgc_ast_definition *ast,
                                   const sgc_sdl_type *type)
{
    const sgc_named_type *existing = sgc_sdl_existing(rules, ast->name.text);

    if (existing && !existing->prelude) {
        sgc_sdl_error_at(rules, ast->name.span,
                         "Type \"" SGC_FMT "\" already exists in the schema. It cannot also be "
                         "defined in this type definition.",
                         SGC_ARG(ast->name.text));
    } else if (type->first != ast) {
        sgc_diagnostic *error =
            sgc_types_error(rules->build, "There can be only one type named \"" SGC_FMT "\".",
                            SGC_ARG(ast->name.text));
        sgc_types_place(rules->build, error, rules->source, type->first->name.span);
        sgc_types_place(rules->build, error, rules->source, ast->name.span);
    }
}

static void check_extension(sgc_sdl_rules *rules, const sgc_ast_definition *ast,
                            const sgc_sdl_type *type)
{
    static const char *const kinds[] = {"scalar", "object", "interface",
                                        "union",  "enum",   "input object"};
    sgc_types_build *build = rules->build;
    const sgc_named_type *existing = sgc_sdl_existing(rules, ast->name.text);

    if (!type->last && !existing) {
        build->text.size = 0;
        sgc_buf_printf(&build->text,
                       "Cannot extend type \"" SGC_FMT "\" because it is not defined.",
                       SGC_ARG(ast->name.text));
        /* A standard type that nothing uses yet is not there to be extended. */
        sgc_sdl_suggest_type(rules, ast->name.text, false);
        sgc_types_place(build, sgc_types_error_text(build), rules->source, ast->name.span);
        return;
    }
    int kind = (int)ast->kind - SGC_DEFINITION_SCALAR;
    int defined = type->last ? (int)type->last->kind - SGC_DEFINITION_SCALAR : (int)existing->kind;
    if (kind == defined) return;
    sgc_diagnostic *error = sgc_types_error(build, "Cannot extend non-%s type \"" SGC_FMT "\".",
                                            kinds[kind], SGC_ARG(ast->name.text));
    if (type->last) sgc_types_place(build, error, rules->source, type->last->span);
    sgc_types_place(build, error, rules->source, ast->span);
}

/* The type of an earlier document that this one extends: what it has cannot be added again. */
static const sgc_named_type *extended(const sgc_sdl_rules *rules, const sgc_sdl_type *type,
                                      sgc_str name)
{
    const sgc_named_type *existing = sgc_sdl_existing(rules, name);

    return existing && existing->prelude && type->first ? NULL : existing;
}

static void check_member(sgc_sdl_rules *rules, sgc_sdl_type *type, const sgc_named_type *existing,
                         sgc_str type_name, const sgc_ast_name *name)
{
    if (existing &&
        (sgc_field_find(existing, name->text) || sgc_input_field_find(existing, name->text))) {
        sgc_sdl_error_at(rules, name->span,
                         "Field \"" SGC_FMT "." SGC_FMT "\" already exists in the schema. It "
                         "cannot also be defined in this type extension.",
                         SGC_ARG(type_name), SGC_ARG(name->text));
        return;
    }
    if (!sgc_sdl_need(rules, &type->members)) return;
    const sgc_ast_name *first = sgc_sdl_see(rules, type->members, name->text, name);
    if (!first) return;
    sgc_diagnostic *error =
        sgc_types_error(rules->build, "Field \"" SGC_FMT "." SGC_FMT "\" can only be defined once.",
                        SGC_ARG(type_name), SGC_ARG(name->text));
    sgc_types_place(rules->build, error, rules->source, first->span);
    sgc_types_place(rules->build, error, rules->source, name->span);
}

static void check_input(sgc_sdl_rules *rules, const sgc_ast_input_value *ast,
                        sgc_directive_location location)
{
    sgc_sdl_check_type(rules, ast->type, false);
    if (ast->default_value) sgc_sdl_check_value(rules, ast->default_value);
    sgc_sdl_check_directives(rules, ast->directives, location, NULL);
}

static void check_argument_definitions(sgc_sdl_rules *rules, const sgc_ast_input_value *arguments,
                                       sgc_str type, sgc_str field)
{
    for (const sgc_ast_input_value *at = arguments; at; at = at->next)
        sgc_sdl_list(rules, &at->name);
    sgc_sdl_duplicates(rules, true, type, field);
    for (const sgc_ast_input_value *at = arguments; at && sgc_sdl_going(rules); at = at->next)
        check_input(rules, at, SGC_ON_ARGUMENT_DEFINITION);
}

static void check_fields(sgc_sdl_rules *rules, const sgc_ast_definition *ast, sgc_sdl_type *type)
{
    const sgc_named_type *existing = extended(rules, type, ast->name.text);

    for (const sgc_ast_field *at = ast->fields; at && sgc_sdl_going(rules); at = at->next) {
        check_member(rules, type, existing, ast->name.text, &at->name);
        check_argument_definitions(rules, at->arguments, ast->name.text, at->name.text);
        sgc_sdl_check_type(rules, at->type, false);
        sgc_sdl_check_directives(rules, at->directives, SGC_ON_FIELD_DEFINITION, NULL);
    }
}

static void check_input_fields(sgc_sdl_rules *rules, const sgc_ast_definition *ast,
                               sgc_sdl_type *type)
{
    const sgc_named_type *existing = extended(rules, type, ast->name.text);

    for (const sgc_ast_input_value *at = ast->inputs; at && sgc_sdl_going(rules); at = at->next) {
        check_member(rules, type, existing, ast->name.text, &at->name);
        check_input(rules, at, SGC_ON_INPUT_FIELD_DEFINITION);
    }
}

static void check_value_name(sgc_sdl_rules *rules, sgc_sdl_type *type,
                             const sgc_named_type *existing, sgc_str type_name,
                             const sgc_ast_name *name)
{
    if (existing && sgc_enum_value_find(existing, name->text)) {
        sgc_sdl_error_at(rules, name->span,
                         "Enum value \"" SGC_FMT "." SGC_FMT "\" already exists in the schema. It "
                         "cannot also be defined in this type extension.",
                         SGC_ARG(type_name), SGC_ARG(name->text));
        return;
    }
    if (!sgc_sdl_need(rules, &type->values)) return;
    const sgc_ast_name *first = sgc_sdl_see(rules, type->values, name->text, name);
    if (!first) return;
    sgc_diagnostic *error = sgc_types_error(
        rules->build, "Enum value \"" SGC_FMT "." SGC_FMT "\" can only be defined once.",
        SGC_ARG(type_name), SGC_ARG(name->text));
    sgc_types_place(rules->build, error, rules->source, first->span);
    sgc_types_place(rules->build, error, rules->source, name->span);
}

static void check_values(sgc_sdl_rules *rules, const sgc_ast_definition *ast, sgc_sdl_type *type)
{
    const sgc_named_type *existing = extended(rules, type, ast->name.text);

    for (const sgc_ast_enum_value *at = ast->values; at && sgc_sdl_going(rules); at = at->next) {
        check_value_name(rules, type, existing, ast->name.text, &at->name);
        sgc_sdl_check_directives(rules, at->directives, SGC_ON_ENUM_VALUE, NULL);
    }
}

static void check_type(sgc_sdl_rules *rules, const sgc_ast_definition *ast)
{
    static const sgc_directive_location locations[] = {SGC_ON_SCALAR,    SGC_ON_OBJECT,
                                                       SGC_ON_INTERFACE, SGC_ON_UNION,
                                                       SGC_ON_ENUM,      SGC_ON_INPUT_OBJECT};
    sgc_sdl_type *type = sgc_map_get(&rules->types, ast->name.text);

    if (ast->extend)
        check_extension(rules, ast, type);
    else
        check_type_name_is_new(rules, ast, type);
    for (const sgc_ast_name_item *at = ast->interfaces; at; at = at->next)
        sgc_sdl_check_type_name(rules, &at->name, false);
    if (ast->directives && sgc_sdl_need(rules, &type->directives))
        sgc_sdl_check_directives(rules, ast->directives,
                                 locations[ast->kind - SGC_DEFINITION_SCALAR], type->directives);
    for (const sgc_ast_name_item *at = ast->members; at; at = at->next)
        sgc_sdl_check_type_name(rules, &at->name, false);
    check_fields(rules, ast, type);
    check_values(rules, ast, type);
    check_input_fields(rules, ast, type);
}

/* ---- directive definitions ---- */

static void check_directive_name(sgc_sdl_rules *rules, sgc_sdl_seen *names,
                                 const sgc_ast_definition *ast)
{
    const sgc_directive_def *known = sgc_directive_find(rules->build->system, ast->name.text);
    const sgc_ast_name *first;

    /* In the first document the specified directives may be declared anew. */
    if (known && !known->prelude && !rules->build->first_document) {
        sgc_sdl_error_at(rules, ast->name.span,
                         "Directive \"@" SGC_FMT "\" already exists in the schema. It cannot be "
                         "redefined.",
                         SGC_ARG(ast->name.text));
    } else if ((first = sgc_sdl_see(rules, names, ast->name.text, &ast->name))) {
        sgc_diagnostic *error =
            sgc_types_error(rules->build, "There can be only one directive named \"@" SGC_FMT "\".",
                            SGC_ARG(ast->name.text));
        sgc_types_place(rules->build, error, rules->source, first->span);
        sgc_types_place(rules->build, error, rules->source, ast->name.span);
    }
}

static void check_directive(sgc_sdl_rules *rules, sgc_sdl_seen *names,
                            const sgc_ast_definition *ast)
{
    if (!ast->extend) {
        check_directive_name(rules, names, ast);
        check_argument_definitions(rules, ast->inputs, sgc_str_of(NULL, 0), ast->name.text);
    }
    if (!ast->directives) return;
    sgc_sdl_seen *seen = sgc_map_get(&rules->directive_seen, ast->name.text);
    if (!seen && sgc_sdl_need(rules, &seen))
        sgc_types_put(rules->build, &rules->directive_seen, ast->name.text, seen);
    if (seen) sgc_sdl_check_directives(rules, ast->directives, SGC_ON_DIRECTIVE_DEFINITION, seen);
}

/* ---- the walk ---- */

static void collect_type(sgc_sdl_rules *rules, const sgc_ast_definition *ast)
{
    sgc_sdl_type *type = sgc_map_get(&rules->types, ast->name.text);

    if (!type) {
        type = sgc_types_scratch(rules->build, 1, sizeof *type);
        if (!type || !sgc_types_put(rules->build, &rules->types, ast->name.text, type)) return;
    }
    if (ast->extend) return;
    if (!type->first) type->first = ast;
    type->last = ast;
}

static bool is_type(const sgc_ast_definition *ast)
{
    return ast->kind >= SGC_DEFINITION_SCALAR && ast->kind <= SGC_DEFINITION_INPUT;
}

static void collect(sgc_sdl_rules *rules)
{
    const sgc_ast_definition *ast = rules->build->document->definitions;

    for (; ast && sgc_sdl_going(rules); ast = ast->next) {
        if (is_type(ast)) collect_type(rules, ast);
        if (ast->kind == SGC_DEFINITION_DIRECTIVE && !ast->extend)
            sgc_types_put(rules->build, &rules->defined_directives, ast->name.text,
                          (void *)(uintptr_t)ast);
    }
}

static void check_definition(sgc_sdl_rules *rules, sgc_sdl_seen *directive_names,
                             const sgc_ast_definition *ast)
{
    if (is_type(ast))
        check_type(rules, ast);
    else if (ast->kind == SGC_DEFINITION_DIRECTIVE)
        check_directive(rules, directive_names, ast);
    else if (ast->kind == SGC_DEFINITION_SCHEMA)
        check_schema(rules, ast);
    else
        sgc_sdl_check_executable(rules, ast);
}

void sgc_types_sdl_rules(sgc_types_build *build)
{
    sgc_sdl_rules rules = {.build = build, .source = build->document->source};
    sgc_sdl_seen directive_names = {0};

    rules.types.arena = rules.directives.arena = &build->scratch;
    rules.defined_directives.arena = rules.directive_seen.arena = &build->scratch;
    collect(&rules);
    const sgc_ast_definition *ast = build->document->definitions;
    for (; ast && sgc_sdl_going(&rules); ast = ast->next)
        check_definition(&rules, &directive_names, ast);
}
