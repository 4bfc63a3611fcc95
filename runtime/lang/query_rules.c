/*
 * query_rules.c - walks an executable document once with the types of every place at hand and calls
 * the rules. What a rule means stands with the rule, in query_rules_*.c. Each is linear in the
 * document, or spends from a budget: small documents can ask for very many comparisons, and for
 * more words of complaint than anybody has memory for.
 */
#include "lang/query_rules.h"

#include <assert.h>
#include <stdarg.h>

/* Steps that may be more than linear, characters of errors; for one document. */
#define BUDGET ((uint64_t)2000000)
#define WORDS  ((uint64_t)16 << 20)

/* What the bookkeeping of an error costs beside its text. */
enum { ERROR_COST = 64, PLACE_COST = 16 };

/* By sgc_rule. */
static const char *const rule_names[SGC_RULE_COUNT] = {
    "ExecutableDefinitionsRule",
    "KnownOperationTypesRule",
    "UniqueOperationNamesRule",
    "LoneAnonymousOperationRule",
    "SingleFieldSubscriptionsRule",
    "KnownTypeNamesRule",
    "FragmentsOnCompositeTypesRule",
    "VariablesAreInputTypesRule",
    "ScalarLeafsRule",
    "FieldsOnCorrectTypeRule",
    "UniqueFragmentNamesRule",
    "KnownFragmentNamesRule",
    "NoUnusedFragmentsRule",
    "PossibleFragmentSpreadsRule",
    "NoFragmentCyclesRule",
    "UniqueVariableNamesRule",
    "NoUndefinedVariablesRule",
    "NoUnusedVariablesRule",
    "KnownDirectivesRule",
    "UniqueDirectivesPerLocationRule",
    "DeferStreamDirectiveOnRootFieldRule",
    "DeferStreamDirectiveOnValidOperationsRule",
    "DeferStreamDirectiveLabelRule",
    "StreamDirectiveOnListFieldRule",
    "KnownArgumentNamesRule",
    "UniqueArgumentNamesRule",
    "ValuesOfCorrectTypeRule",
    "ProvidedRequiredArgumentsRule",
    "VariablesInAllowedPositionRule",
    "OverlappingFieldsCanBeMergedRule",
    "UniqueInputFieldNamesRule",
    "MaxIntrospectionDepthRule",
    "NoDeprecatedCustomRule",
    "NoSchemaIntrospectionCustomRule",
};

/* SGC_RULE_COUNT when there is none. */
static sgc_rule find_rule(sgc_str name)
{
    int rule = 0;

    while (rule < SGC_RULE_COUNT && !sgc_str_eq(name, sgc_str_from(rule_names[rule])))
        rule++;
    return (sgc_rule)rule;
}

bool sgc_validation_rule_known(sgc_str name)
{
    return find_rule(name) != SGC_RULE_COUNT;
}

/* ---- stopping, reporting ---- */

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

void sgc_validator_put(sgc_validator *v, sgc_map *map, sgc_str key, const void *value)
{
    union {
        const void *in;
        void *out;
    } pointer = {.in = value};

    if (!sgc_map_put(map, key, pointer.out)) sgc_validator_stop(v, SGC_NO_MEMORY);
}

/* False when there are no more words: the validation ends with an error that says so. */
static bool spend_words(sgc_validator *v, const char *rule, uint64_t cost)
{
    if (v->status != SGC_OK) return false;
    if (v->words >= cost) {
        v->words -= cost;
        return true;
    }
    sgc_validator_stop(v, SGC_INVALID);
    sgc_report(v->diagnostics, rule,
               "Too many validation errors, error limit reached. Validation aborted.");
    return false;
}

sgc_diagnostic *sgc_rule_error(sgc_validator *v, sgc_rule rule, const char *format, ...)
{
    va_list arguments;

    if (!sgc_rule_wanted(v, rule)) return NULL;
    v->text.size = 0;
    va_start(arguments, format);
    sgc_buf_vprintf(&v->text, format, arguments);
    va_end(arguments);
    if (v->text.failed) sgc_validator_stop(v, SGC_NO_MEMORY);
    sgc_str text = sgc_buf_as_str(&v->text);
    if (!spend_words(v, rule_names[rule], ERROR_COST + text.size)) return NULL;
    return sgc_report(v->diagnostics, rule_names[rule], SGC_FMT, SGC_ARG(text));
}

void sgc_rule_place(sgc_validator *v, sgc_diagnostic *error, sgc_span span)
{
    if (error && spend_words(v, error->rule, PLACE_COST))
        sgc_report_place(v->diagnostics, error, v->document->source, span);
}

/* ---- what the rules look up ---- */

sgc_str sgc_rule_suggest(sgc_validator *v, sgc_str name, const sgc_str *first, size_t step,
                         size_t count)
{
    sgc_str best[SGC_SUGGESTIONS];
    sgc_buf text = {0};

    /* The list of options costs as much as looking at each. */
    if (v->effort <= count) return SGC_STR("");
    v->effort -= count;
    sgc_str *options = sgc_alloc_zero(count, sizeof *options);
    if (!options) {
        sgc_validator_stop(v, SGC_NO_MEMORY);
        return SGC_STR("");
    }
    for (size_t i = 0; i < count; i++)
        memcpy(&options[i], (const char *)first + i * step, sizeof *options);
    sgc_did_you_mean(NULL, best, sgc_suggest(name, options, count, &v->effort, best), &text);
    sgc_free(options);
    sgc_str kept = sgc_arena_str(&v->arena, sgc_buf_as_str(&text));
    if (!kept.data || text.failed) sgc_validator_stop(v, SGC_NO_MEMORY);
    sgc_buf_free(&text);
    return kept.data ? kept : SGC_STR("");
}

sgc_named_type *sgc_rule_find_type(const sgc_validator *v, sgc_str name)
{
    sgc_named_type *type = sgc_type_find(v->types, name);

    return type && (type->prelude || type->index < v->types->listed_type_count) ? type : NULL;
}

const sgc_directive_def *sgc_rule_find_directive(const sgc_validator *v, sgc_str name)
{
    const sgc_directive_def *def = sgc_directive_find(v->types, name);

    return def && !def->prelude ? def : NULL;
}

bool sgc_is_composite(const sgc_named_type *type)
{
    return type && (type->kind == SGC_NAMED_OBJECT || type->kind == SGC_NAMED_INTERFACE ||
                    type->kind == SGC_NAMED_UNION);
}

const sgc_named_type *sgc_rule_root(const sgc_validator *v, sgc_operation_kind kind)
{
    if (kind == SGC_OPERATION_QUERY) return v->types->query;
    return kind == SGC_OPERATION_MUTATION ? v->types->mutation : v->types->subscription;
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

const sgc_ast_argument *sgc_rule_argument(const sgc_ast_argument *given, sgc_str name)
{
    while (given && !sgc_str_eq(given->name.text, name))
        given = given->next;
    return given;
}

/* ---- the walk ---- */

static void walk(sgc_validator *v, const sgc_named_type *type, const sgc_ast_selection *selections);

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
    const sgc_field_def *outer = v->field;
    const sgc_field_def *def = parent ? sgc_field_of(v->types, parent, field->name.text) : NULL;

    v->field = def;
    sgc_rule_field(v, parent, field, def);
    if (def) sgc_rule_introspection(v, field, def);
    sgc_rule_directives(v, field->directives, SGC_ON_FIELD);
    walk(v, def ? sgc_type_ref_named(def->type) : NULL, field->selections);
    v->field = outer;
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
    walk(v, type, fragment->selections);
}

/* type is NULL where it is unknown, or has no fields: what hangs on it is not judged. */
static void walk(sgc_validator *v, const sgc_named_type *type, const sgc_ast_selection *selections)
{
    const sgc_named_type *outer = v->parent, *parent = sgc_is_composite(type) ? type : NULL;

    for (const sgc_ast_selection *one = selections; one && v->status == SGC_OK; one = one->next) {
        v->parent = parent;
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
    v->parent = outer;
}

static void walk_operation(sgc_validator *v, const sgc_ast_definition *def)
{
    static const sgc_directive_location locations[] = {SGC_ON_QUERY, SGC_ON_MUTATION,
                                                       SGC_ON_SUBSCRIPTION};

    sgc_rule_variable_definitions(v, def);
    sgc_rule_directives(v, def->directives, locations[def->operation]);
    walk(v, sgc_rule_root(v, def->operation), def->selections);
}

static void walk_fragment(sgc_validator *v, const sgc_ast_definition *def)
{
    const sgc_named_type *type = sgc_rule_find_type(v, def->type_condition.text);

    sgc_rule_known_type(v, def->type_condition);
    sgc_rule_fragment_condition(v, def, type);
    sgc_rule_directives(v, def->directives, SGC_ON_FRAGMENT_DEFINITION);
    walk(v, type, def->selections);
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
        if (one->kind == SGC_DEFINITION_FRAGMENT)
            sgc_validator_put(v, &v->fragments, one->name.text, part);
    }
}

static void walk_parts(sgc_validator *v)
{
    for (size_t i = 0; i < v->part_count && v->status == SGC_OK; i++) {
        v->part = &v->parts[i];
        if (v->part->def->kind == SGC_DEFINITION_OPERATION) {
            walk_operation(v, v->part->def);
        } else {
            walk_fragment(v, v->part->def);
        }
    }
}

static void run_rules(sgc_validator *v)
{
    collect_parts(v);
    if (v->status == SGC_OK) sgc_rule_definitions(v);
    walk_parts(v);
    if (v->status == SGC_OK) sgc_rule_fragments(v);
    for (size_t i = 0; i < v->part_count && v->status == SGC_OK; i++) {
        if (v->parts[i].def->kind == SGC_DEFINITION_OPERATION) sgc_rule_variables(v, &v->parts[i]);
    }
    if (v->status == SGC_OK && v->defers) sgc_rule_defer_operations(v);
    if (v->status == SGC_OK && sgc_rule_wanted(v, SGC_RULE_OVERLAPPING_FIELDS_CAN_BE_MERGED))
        sgc_rule_overlap(v);
}

sgc_status sgc_validate(const sgc_type_system *types, const sgc_document *document, sgc_str rule,
                        sgc_diagnostics *diagnostics)
{
    sgc_validator v = {.types = types,
                       .document = document,
                       .diagnostics = diagnostics,
                       .wanted = (UINT64_C(1) << SGC_RULE_NO_DEPRECATED_CUSTOM) - 1,
                       .effort = SGC_SUGGEST_EFFORT,
                       .words = WORDS,
                       .budget = BUDGET};
    size_t before = diagnostics->count;

    if (!sgc_str_is_null(rule)) {
        assert(sgc_validation_rule_known(rule));
        v.wanted = UINT64_C(1) << find_rule(rule);
    }
    v.fragments.arena = v.labels.arena = &v.arena;
    run_rules(&v);
    sgc_buf_free(&v.text);
    sgc_arena_free(&v.arena);
    if (v.status == SGC_LIMIT)
        sgc_report(diagnostics, sgc_str_is_null(rule) ? "Limit" : rule_names[find_rule(rule)],
                   "Validation aborted: the document is too deep or too entangled.");
    if (diagnostics->failed) return SGC_NO_MEMORY;
    if (v.status != SGC_OK) return v.status;
    return diagnostics->count > before ? SGC_INVALID : SGC_OK;
}
