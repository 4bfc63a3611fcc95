/*
 * types_build.c - from documents to a type system: which types and directives there are, where the
 * definition of each and its extensions stand, and the root types. What is in them: types_fill.c.
 */
#include "lang/types_internal.h"

sgc_named_type *sgc_types_find_any(const sgc_types_build *build, sgc_str name)
{
    return sgc_map_get(&build->system->types_by_name, name);
}

static bool is_type(sgc_definition_kind kind)
{
    return kind >= SGC_DEFINITION_SCALAR && kind <= SGC_DEFINITION_INPUT;
}

/* ---- named types ---- */

static sgc_types_entry *new_entry(sgc_types_build *build)
{
    sgc_types_entry *entry = sgc_types_new(build, 1, sizeof *entry);

    if (!entry) return NULL;
    if (!SGC_ARENA_GROW(&build->scratch, build->all, build->all_count, build->all_capacity)) {
        build->no_memory = true;
        return NULL;
    }
    build->all[build->all_count++] = entry;
    return entry;
}

static void set_definition(sgc_types_build *build, sgc_types_entry *entry,
                           const sgc_ast_definition *ast)
{
    sgc_named_type *type = &entry->type;

    type->kind = (sgc_named_kind)(ast->kind - SGC_DEFINITION_SCALAR);
    type->name = ast->name.text;
    type->built_in = build->built_in;
    type->prelude = build->own && !build->built_in;
    if (ast->description) type->description = sgc_types_text(ast->description);
    type->one_of = type->kind == SGC_NAMED_INPUT && sgc_directive_on(ast->directives, "oneOf");
    type->by_name.arena = build->arena;
}

_Static_assert(SGC_DEFINITION_INPUT - SGC_DEFINITION_SCALAR == (int)SGC_NAMED_INPUT,
               "the kinds of definitions and of types stand in one order");

static void add_part(sgc_types_build *build, sgc_types_entry *entry, const sgc_ast_definition *ast)
{
    sgc_type_part *part = sgc_types_new(build, 1, sizeof *part);

    if (!part) return;
    part->ast = ast;
    if (entry->last_part) entry->last_part->next = part;
    if (!entry->type.parts) entry->type.parts = part;
    if (!entry->next_part) entry->next_part = part;
    entry->last_part = part;
}

static void add_to_order(sgc_types_build *build, sgc_types_entry *entry)
{
    if (entry->listed) return;
    if (!SGC_ARENA_GROW(&build->scratch, build->order, build->order_count, build->order_capacity)) {
        build->no_memory = true;
        return;
    }
    entry->listed = true;
    build->order[build->order_count++] = &entry->type;
}

static void repoint(sgc_type_ref *ref, sgc_named_type *from, sgc_named_type *to)
{
    while (ref->inner)
        ref = ref->inner;
    if (ref->named == from) ref->named = to;
}

/* A document declares what the prelude has, too: the entry becomes the document's, so that what
 * earlier documents refer to is it; the prelude's directives keep the type they were written for.
 */
static void take_over(sgc_types_build *build, sgc_types_entry *entry)
{
    sgc_types_entry *old = new_entry(build);

    if (!old) return;
    *old = *entry;
    for (size_t i = 0; i < build->own_directive_count; i++) {
        const sgc_directive_def *directive = &build->own_directives[i];
        for (size_t k = 0; k < directive->argument_count; k++)
            repoint(directive->arguments[k].type, &entry->type, &old->type);
    }
    *entry = (sgc_types_entry){0};
}

static void define_type(sgc_types_build *build, const sgc_ast_definition *ast)
{
    sgc_named_type *known = sgc_types_find_any(build, ast->name.text);
    sgc_types_entry *entry = known ? sgc_types_entry_of(known) : new_entry(build);

    if (!entry) return;
    if (known && known->built_in) {
        /* The standard type stays what it is, whatever the document says it were. */
        add_to_order(build, entry);
        return;
    }
    if (known) take_over(build, entry);
    if (!sgc_types_going(build)) return;
    set_definition(build, entry, ast);
    add_part(build, entry, ast);
    if (!build->own) add_to_order(build, entry);
    if (build->built_in && sgc_str_eq(ast->name.text, SGC_STR("__Meta"))) {
        build->meta = &entry->type;
        return;
    }
    if (!known) sgc_types_put(build, &build->system->types_by_name, entry->type.name, entry);
}

static void extend_type(sgc_types_build *build, const sgc_ast_definition *ast)
{
    sgc_named_type *type = sgc_types_find_any(build, ast->name.text);

    if (type && !type->built_in) add_part(build, sgc_types_entry_of(type), ast);
}

/* ---- directives ---- */

static void add_directive_part(sgc_types_build *build, sgc_directive_def *directive,
                               const sgc_ast_definition *ast)
{
    sgc_type_part *part = sgc_types_new(build, 1, sizeof *part);
    sgc_type_part *last = sgc_map_get(&build->last_directive_parts, directive->name);

    if (!part) return;
    part->ast = ast;
    if (directive->parts && last)
        last->next = part;
    else
        directive->parts = part;
    build->last_directive_parts.arena = &build->scratch;
    sgc_types_put(build, &build->last_directive_parts, directive->name, part);
}

static void add_directive(sgc_types_build *build, sgc_directive_def *directive)
{
    sgc_type_system *system = build->system;

    if (!SGC_ARENA_GROW(build->arena, system->directives, system->directive_count,
                        build->directive_capacity)) {
        build->no_memory = true;
        return;
    }
    system->directives[system->directive_count++] = directive;
}

static void set_directive(sgc_types_build *build, sgc_directive_def *directive,
                          const sgc_ast_definition *ast)
{
    directive->name = ast->name.text;
    directive->built_in = build->built_in;
    directive->prelude = build->own && !build->built_in;
    directive->repeatable = ast->repeatable;
    if (ast->description) directive->description = sgc_types_text(ast->description);
    if (!build->built_in) directive->ast = ast;
    if (!build->own) add_directive_part(build, directive, ast);
}

static void define_directive(sgc_types_build *build, const sgc_ast_definition *ast)
{
    sgc_directive_def *directive = sgc_types_new(build, 1, sizeof *directive);

    if (!directive) return;
    set_directive(build, directive, ast);
    add_directive(build, directive);
    sgc_types_put(build, &build->system->directives_by_name, directive->name, directive);
}

static void define_own_directive(sgc_types_build *build, const sgc_ast_definition *ast)
{
    sgc_directive_def *directive = &build->own_directives[build->own_directive_count++];

    set_directive(build, directive, ast);
    directive->ast = ast; /* for types_fill.c, which clears it for built-ins */
    sgc_types_put(build, &build->system->directives_by_name, directive->name, directive);
}

static void extend_directive(sgc_types_build *build, const sgc_ast_definition *ast)
{
    sgc_directive_def *directive = sgc_map_get(&build->system->directives_by_name, ast->name.text);

    if (!directive || directive->prelude) return;
    /* In the first document the specified directives come in behind the extensions. */
    if (directive->built_in && build->first_document) return;
    add_directive_part(build, directive, ast);
    sgc_str reason;
    if (sgc_str_is_null(directive->deprecation) && !build->errors &&
        sgc_types_deprecation(build, ast->directives, ast->source, &reason))
        directive->deprecation = reason;
}

static void add_specified_directives(sgc_types_build *build)
{
    for (size_t i = 0; i < build->specified_count; i++) {
        sgc_directive_def *directive = &build->own_directives[i];
        if (sgc_directive_find(build->system, directive->name) == directive)
            add_directive(build, directive);
    }
}

/* ---- schema { } ---- */

static void add_schema_part(sgc_types_build *build, const sgc_ast_definition *ast)
{
    sgc_type_system *system = build->system;
    sgc_type_part *part = sgc_types_new(build, 1, sizeof *part);

    if (!part) return;
    part->ast = ast;
    if (!ast->extend) {
        part->next = system->parts;
        system->parts = part;
        system->definition = ast;
        if (ast->description) system->description = sgc_types_text(ast->description);
        if (!build->last_part) build->last_part = part;
        return;
    }
    if (build->last_part) build->last_part->next = part;
    if (!system->parts) system->parts = part;
    build->last_part = part;
}

static sgc_named_type **root_of(sgc_type_system *system, sgc_operation_kind operation)
{
    if (operation == SGC_OPERATION_QUERY) return &system->query;
    return operation == SGC_OPERATION_MUTATION ? &system->mutation : &system->subscription;
}

static void set_roots(sgc_types_build *build, const sgc_ast_definition *ast)
{
    for (const sgc_ast_root_operation *root = ast->roots; root; root = root->next)
        *root_of(build->system, root->operation) = sgc_types_find_any(build, root->type.text);
}

static void set_default_root(sgc_types_build *build, sgc_str name, sgc_named_type **root)
{
    sgc_named_type *type = sgc_types_find_any(build, name);

    if (type && sgc_types_entry_of(type)->listed) *root = type;
}

static void find_roots(sgc_types_build *build)
{
    sgc_type_system *system = build->system;
    const sgc_ast_definition *ast = build->document->definitions;

    for (const sgc_ast_definition *at = ast; at; at = at->next)
        if (at->kind == SGC_DEFINITION_SCHEMA && !at->extend) set_roots(build, at);
    for (const sgc_ast_definition *at = ast; at; at = at->next)
        if (at->kind == SGC_DEFINITION_SCHEMA && at->extend) set_roots(build, at);
    if (!build->first_document || system->definition) return;
    set_default_root(build, SGC_STR("Query"), &system->query);
    set_default_root(build, SGC_STR("Mutation"), &system->mutation);
    set_default_root(build, SGC_STR("Subscription"), &system->subscription);
}

/* ---- documents ---- */

static void add_definitions(sgc_types_build *build)
{
    const sgc_ast_definition *ast = build->document->definitions;

    for (; ast && sgc_types_going(build); ast = ast->next) {
        if (ast->extend) continue;
        if (is_type(ast->kind)) define_type(build, ast);
        if (ast->kind == SGC_DEFINITION_SCHEMA) add_schema_part(build, ast);
        if (ast->kind != SGC_DEFINITION_DIRECTIVE) continue;
        if (build->own)
            define_own_directive(build, ast);
        else
            define_directive(build, ast);
    }
}

static void add_extensions(sgc_types_build *build)
{
    const sgc_ast_definition *ast = build->document->definitions;

    for (; ast && sgc_types_going(build); ast = ast->next) {
        if (!ast->extend) continue;
        if (is_type(ast->kind)) extend_type(build, ast);
        if (ast->kind == SGC_DEFINITION_DIRECTIVE) extend_directive(build, ast);
        if (ast->kind == SGC_DEFINITION_SCHEMA) add_schema_part(build, ast);
    }
}

static void add_document(sgc_types_build *build, const sgc_document *document)
{
    build->document = document;
    sgc_types_sdl_rules(build);
    if (build->errors || !sgc_types_going(build)) return;
    sgc_types_report_late(build);
    add_definitions(build);
    add_extensions(build);
    if (!sgc_types_going(build)) return;
    find_roots(build);
    sgc_types_fill(build);
    if (build->first_document) add_specified_directives(build);
    if (sgc_types_going(build) && !build->errors) sgc_types_list(build);
    build->first_document = false;
}

static void add_own(sgc_types_build *build, const sgc_document *document)
{
    size_t more = 0;

    for (const sgc_ast_definition *ast = document->definitions; ast; ast = ast->next)
        more += ast->kind == SGC_DEFINITION_DIRECTIVE;
    sgc_directive_def *all = sgc_types_new(build, build->own_directive_count + more, sizeof *all);
    if (!all) return;
    for (size_t i = 0; i < build->own_directive_count; i++) {
        all[i] = build->own_directives[i];
        if (!sgc_types_put(build, &build->system->directives_by_name, all[i].name, &all[i])) return;
    }
    build->own_directives = all;
    build->document = document;
    add_definitions(build);
}

static void add_built_ins(sgc_types_build *build)
{
    sgc_diagnostics diagnostics = {.arena = &build->scratch};

    build->own = build->built_in = true;
    for (size_t i = 0; sgc_builtin_sdl[i] && sgc_types_going(build); i++) {
        sgc_source *source = sgc_types_new(build, 1, sizeof *source);
        sgc_document *document;
        if (!source) return;
        source->text = sgc_str_from(sgc_builtin_sdl[i]);
        if (sgc_parse(source, NULL, build->arena, &diagnostics, &document) != SGC_OK) {
            build->no_memory = true;
            return;
        }
        add_own(build, document);
    }
    build->specified_count = build->own_directive_count;
    if (sgc_types_going(build)) sgc_types_fill(build);
    build->built_in = false;
}

static void add_prelude(sgc_types_build *build, const sgc_document *prelude)
{
    build->own = true;
    if (prelude && sgc_types_going(build)) {
        add_own(build, prelude);
        if (sgc_types_going(build)) sgc_types_fill(build);
    }
    build->own = false;
}

static void start(sgc_types_build *build, const sgc_document *prelude)
{
    sgc_type_system *system = sgc_types_new(build, 1, sizeof *system);

    build->system = system;
    if (!system) return;
    system->types_by_name.arena = build->arena;
    system->directives_by_name.arena = build->arena;
    add_built_ins(build);
    add_prelude(build, prelude);
}

/* About 64 MiB of messages, or a good tenth of a second of comparisons. */
#define WORK ((uint64_t)64 << 20)

static void run(sgc_types_build *build, const sgc_document *const *documents, size_t count,
                const sgc_document *prelude)
{
    start(build, prelude);
    for (size_t i = 0; i < count && sgc_types_going(build) && !build->errors; i++)
        add_document(build, documents[i]);
    if (!build->errors) sgc_types_report_late(build);
    if (!sgc_types_going(build) || build->errors) return;
    sgc_types_finish(build);
    build->finished = true;
    build->rule = "Schema";
    build->work = WORK;
    if (sgc_types_going(build)) sgc_types_schema_rules(build);
}

sgc_status sgc_type_system_build(const sgc_document *const *documents, size_t count,
                                 const sgc_document *prelude, sgc_arena *arena,
                                 sgc_diagnostics *diagnostics, sgc_type_system **system)
{
    sgc_types_build build = {.arena = arena,
                             .diagnostics = diagnostics,
                             .first_document = true,
                             .work = WORK,
                             .suggest = SGC_SUGGEST_EFFORT,
                             .rule = "SDL"};

    *system = NULL;
    run(&build, documents, count, prelude);
    sgc_arena_free(&build.scratch);
    sgc_buf_free(&build.text);
    if (build.no_memory || diagnostics->failed) return SGC_NO_MEMORY;
    if (build.finished) *system = build.system;
    return build.errors ? SGC_INVALID : SGC_OK;
}
