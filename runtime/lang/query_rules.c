/*
 * validate.c - walks an executable document once with the types of every place at hand and calls
 * the rules. What a rule means stands with the rule.
 */
#include "graphql/validate.h"

#include "graphql/rules.h"

/* Comparisons that may be more than linear get this many steps for one document. */
#define BUDGET ((uint64_t)2000000)

void sgc_validator_stop(sgc_validator *v, sgc_status status)
{
    if (v->status == SGC_OK) v->status = status;
}

bool sgc_validator_spend(sgc_validator *v, uint64_t cost)
{
    if (v->budget < cost) {
        v->budget = 0;
        sgc_validator_stop(v, SGC_LIMIT);
        return false;
    }
    v->budget -= cost;
    return true;
}

void sgc_rule_place(sgc_validator *v, sgc_diagnostic *error, sgc_span span)
{
    sgc_report_place(v->diagnostics, error, v->document->source, span);
}

sgc_str sgc_rule_suggest(sgc_validator *v, sgc_str name, const sgc_str *options, size_t count)
{
    sgc_str best[SGC_SUGGESTIONS];
    sgc_buf text = {0};
    size_t found = sgc_suggest(name, options, count, &v->effort, best);

    if (found == 0) return SGC_STR("");
    sgc_did_you_mean(NULL, best, found, &text);
    sgc_str kept = sgc_arena_str(&v->arena, sgc_buf_as_str(&text));
    if (!kept.data || text.failed) sgc_validator_stop(v, SGC_NO_MEMORY);
    sgc_buf_free(&text);
    return kept.data ? kept : SGC_STR("");
}

sgc_named_type *sgc_rule_find_type(const sgc_validator *v, sgc_str name)
{
    sgc_named_type *type = sgc_type_find(v->types, name);

    return type && type->index < v->types->listed_type_count ? type : NULL;
}

bool sgc_is_composite(const sgc_named_type *type)
{
    return type && (type->kind == SGC_NAMED_OBJECT || type->kind == SGC_NAMED_INTERFACE ||
                    type->kind == SGC_NAMED_UNION);
}

sgc_str sgc_rule_type(sgc_validator *v, const sgc_type_ref *type)
{
    sgc_buf text = {0};

    sgc_type_ref_print(type, &text);
    sgc_str kept = sgc_arena_str(&v->arena, sgc_buf_as_str(&text));
    if (!kept.data || text.failed) sgc_validator_stop(v, SGC_NO_MEMORY);
    sgc_buf_free(&text);
    return kept.data ? kept : SGC_STR("");
}

sgc_part *sgc_part_find(const sgc_validator *v, sgc_str name)
{
    return sgc_map_get(&v->fragments, name);
}

/* ---- the walk ---- */

static void walk(sgc_validator *v, const sgc_named_type *parent,
                 const sgc_ast_selection *selections);

static void note_spread(sgc_validator *v, const sgc_ast_selection *spread)
{
    sgc_part *part = v->part;

    if (!SGC_ARENA_GROW(&v->arena, part->spreads, part->spread_count, part->spread_capacity)) {
        sgc_validator_stop(v, SGC_NO_MEMORY);
        return;
    }
    part->spreads[part->spread_count++] = spread;
}

static void walk_field(sgc_validator *v, const sgc_named_type *parent,
                       const sgc_ast_selection *field)
{
    const sgc_field_def *def =
        sgc_is_composite(parent) ? sgc_field_of(v->types, parent, field->name.text) : NULL;
    const sgc_named_type *type = def ? sgc_type_ref_named(def->type) : NULL;

    sgc_rule_field(v, sgc_is_composite(parent) ? parent : NULL, field, def);
    if (def && (def == v->types->schema_field || def == v->types->type_field))
        sgc_rule_introspection_depth(v, field);
    sgc_rule_directives(v, field->directives, SGC_ON_FIELD);
    walk(v, sgc_is_composite(type) ? type : NULL, field->selections);
}

static void walk_inline(sgc_validator *v, const sgc_named_type *parent,
                        const sgc_ast_selection *fragment)
{
    const sgc_named_type *type = parent;

    if (fragment->name.text.data) {
        sgc_rule_known_type(v, fragment->name);
        type = sgc_rule_find_type(v, fragment->name.text);
    }
    sgc_rule_inline(v, parent, fragment, type);
    sgc_rule_directives(v, fragment->directives, SGC_ON_INLINE_FRAGMENT);
    walk(v, sgc_is_composite(type) ? type : NULL, fragment->selections);
}

/* parent is NULL where it is unknown: what hangs on it is not judged. */
static void walk(sgc_validator *v, const sgc_named_type *parent,
                 const sgc_ast_selection *selections)
{
    for (const sgc_ast_selection *one = selections; one && v->status == SGC_OK; one = one->next) {
        if (one->kind == SGC_SELECTION_FIELD) {
            walk_field(v, parent, one);
        } else if (one->kind == SGC_SELECTION_INLINE) {
            walk_inline(v, parent, one);
        } else {
            note_spread(v, one);
            sgc_rule_spread(v, parent, one);
            sgc_rule_directives(v, one->directives, SGC_ON_FRAGMENT_SPREAD);
        }
    }
}

static const sgc_named_type *root_of(const sgc_type_system *types, sgc_operation_kind kind)
{
    if (kind == SGC_OPERATION_QUERY) return types->query;
    return kind == SGC_OPERATION_MUTATION ? types->mutation : types->subscription;
}

static void walk_operation(sgc_validator *v, const sgc_ast_definition *def)
{
    static const sgc_directive_location locations[] = {SGC_ON_QUERY, SGC_ON_MUTATION,
                                                       SGC_ON_SUBSCRIPTION};

    sgc_rule_variable_definitions(v, def);
    sgc_rule_directives(v, def->directives, locations[def->operation]);
    walk(v, root_of(v->types, def->operation), def->selections);
}

static void walk_fragment(sgc_validator *v, const sgc_ast_definition *def)
{
    const sgc_named_type *type = sgc_rule_find_type(v, def->type_condition.text);

    sgc_rule_known_type(v, def->type_condition);
    if (type && !sgc_is_composite(type)) {
        sgc_rule_place(v,
                       sgc_report(v->diagnostics, "FragmentsOnCompositeTypesRule",
                                  "Fragment \"" SGC_FMT
                                  "\" cannot condition on non composite type \"" SGC_FMT "\".",
                                  SGC_ARG(def->name.text), SGC_ARG(type->name)),
                       def->type_condition.span);
    }
    sgc_rule_directives(v, def->directives, SGC_ON_FRAGMENT_DEFINITION);
    walk(v, sgc_is_composite(type) ? type : NULL, def->selections);
}

/* ---- the document ---- */

static void collect_parts(sgc_validator *v)
{
    size_t count = 0;

    for (const sgc_ast_definition *one = v->document->definitions; one; one = one->next)
        count++;
    v->parts = sgc_arena_zero(&v->arena, count, sizeof *v->parts);
    if (!v->parts) {
        sgc_validator_stop(v, SGC_NO_MEMORY);
        return;
    }
    for (const sgc_ast_definition *one = v->document->definitions; one; one = one->next) {
        if (one->kind != SGC_DEFINITION_OPERATION && one->kind != SGC_DEFINITION_FRAGMENT) continue;
        sgc_part *part = &v->parts[v->part_count++];
        part->def = one;
        if (one->kind == SGC_DEFINITION_FRAGMENT && !sgc_part_find(v, one->name.text) &&
            !sgc_map_put(&v->fragments, one->name.text, part))
            sgc_validator_stop(v, SGC_NO_MEMORY);
    }
}

static void run_rules(sgc_validator *v)
{
    collect_parts(v);
    if (v->status == SGC_OK) sgc_rule_definitions(v);
    for (size_t i = 0; i < v->part_count && v->status == SGC_OK; i++) {
        v->part = &v->parts[i];
        if (v->part->def->kind == SGC_DEFINITION_OPERATION) {
            walk_operation(v, v->part->def);
        } else {
            walk_fragment(v, v->part->def);
        }
    }
    if (v->status == SGC_OK) sgc_rule_fragments(v);
    for (size_t i = 0; i < v->part_count && v->status == SGC_OK; i++) {
        if (v->parts[i].def->kind == SGC_DEFINITION_OPERATION) sgc_rule_variables(v, &v->parts[i]);
    }
    if (v->status == SGC_OK) sgc_rule_overlap(v);
}

sgc_status sgc_validate(const sgc_type_system *types, const sgc_document *document,
                        sgc_diagnostics *diagnostics)
{
    sgc_validator v = {.types = types,
                       .document = document,
                       .diagnostics = diagnostics,
                       .effort = SGC_SUGGEST_EFFORT,
                       .budget = BUDGET};

    v.fragments.arena = &v.arena;
    run_rules(&v);
    sgc_arena_free(&v.arena);
    if (diagnostics->failed) return SGC_NO_MEMORY;
    if (v.status != SGC_OK) return v.status;
    return diagnostics->count ? SGC_INVALID : SGC_OK;
}
