/*
 * query_rules_document.c - rules about definitions and fragments: names, cycles, where a fragment
 * may stand. Wording as in graphql-js 17.1.
 */
#include "lang/query_rules.h"

/* ---- definitions ---- */

static void executable_only(sgc_validator *v)
{
    for (const sgc_ast_definition *one = v->document->definitions; one; one = one->next) {
        if (one->kind == SGC_DEFINITION_OPERATION || one->kind == SGC_DEFINITION_FRAGMENT) continue;
        sgc_diagnostic *error;
        if (one->kind == SGC_DEFINITION_SCHEMA) {
            error = sgc_rule_error(v, SGC_RULE_EXECUTABLE_DEFINITIONS,
                                   "The schema definition is not executable.");
        } else {
            error = sgc_rule_error(v, SGC_RULE_EXECUTABLE_DEFINITIONS,
                                   "The \"" SGC_FMT "\" definition is not executable.",
                                   SGC_ARG(one->name.text));
        }
        sgc_rule_place(v, error, one->span);
    }
}

static void operations_supported(sgc_validator *v)
{
    static const char *const names[] = {"query", "mutation", "subscription"};

    for (size_t i = 0; i < v->part_count; i++) {
        const sgc_ast_definition *def = v->parts[i].def;
        if (def->kind != SGC_DEFINITION_OPERATION || sgc_rule_root(v, def->operation)) continue;
        sgc_rule_place(v,
                       sgc_rule_error(v, SGC_RULE_KNOWN_OPERATION_TYPES,
                                      "The %s operation is not supported by the schema.",
                                      names[def->operation]),
                       def->span);
    }
}

static void unique_names(sgc_validator *v, sgc_definition_kind kind, sgc_rule rule,
                         const char *what)
{
    sgc_map known = {.arena = &v->arena};

    for (size_t i = 0; i < v->part_count; i++) {
        const sgc_ast_definition *def = v->parts[i].def;
        if (def->kind != kind || !def->name.text.data) continue;
        const sgc_part *first = sgc_map_get(&known, def->name.text);
        if (!first) {
            if (!sgc_map_put(&known, def->name.text, &v->parts[i]))
                sgc_validator_stop(v, SGC_NO_MEMORY);
            continue;
        }
        sgc_diagnostic *error =
            sgc_rule_error(v, rule, "There can be only one %s named \"" SGC_FMT "\".", what,
                           SGC_ARG(def->name.text));
        sgc_rule_place(v, error, first->def->name.span);
        sgc_rule_place(v, error, def->name.span);
    }
}

static void lone_anonymous(sgc_validator *v)
{
    size_t operations = 0;

    for (size_t i = 0; i < v->part_count; i++)
        operations += v->parts[i].def->kind == SGC_DEFINITION_OPERATION;
    for (size_t i = 0; i < v->part_count && operations > 1; i++) {
        const sgc_ast_definition *def = v->parts[i].def;
        if (def->kind != SGC_DEFINITION_OPERATION || def->name.text.data) continue;
        sgc_rule_place(
            v,
            sgc_rule_error(v, SGC_RULE_LONE_ANONYMOUS_OPERATION,
                           "This anonymous operation must be the only defined operation."),
            def->span);
    }
}

/* ---- subscriptions select one field ---- */

/* The root fields of a subscription, grouped by response key in order. */
typedef struct root_field {
    sgc_str key;
    const sgc_ast_selection *nodes[32];
    size_t count;
} root_field;

typedef struct root_fields {
    root_field *items;
    size_t count, capacity;
    sgc_str name; /* of the operation */
    sgc_diagnostic *error;
} root_fields;

static void add_root(sgc_validator *v, root_fields *fields, const sgc_ast_selection *node)
{
    sgc_str key = node->alias.text.data ? node->alias.text : node->name.text;
    size_t i = 0;

    while (i < fields->count && !sgc_str_eq(fields->items[i].key, key))
        i++;
    if (i == fields->count) {
        if (!sgc_validator_spend(v, i + 1)) return;
        if (!SGC_ARENA_GROW(&v->arena, fields->items, fields->count, fields->capacity)) {
            sgc_validator_stop(v, SGC_NO_MEMORY);
            return;
        }
        fields->items[fields->count++] = (root_field){.key = key};
    }
    root_field *found = &fields->items[i];
    if (found->count < 32) found->nodes[found->count++] = node;
}

static sgc_diagnostic *report_subscription(sgc_validator *v, sgc_str name, const char *words)
{
    if (name.data)
        return sgc_rule_error(v, SGC_RULE_SINGLE_FIELD_SUBSCRIPTIONS,
                              "Subscription \"" SGC_FMT "\" must %s", SGC_ARG(name), words);
    return sgc_rule_error(v, SGC_RULE_SINGLE_FIELD_SUBSCRIPTIONS, "Anonymous Subscription must %s",
                          words);
}

/* @skip and @include could leave none: they are not allowed on the root fields. */
static void forbid_conditions(sgc_validator *v, root_fields *fields, const sgc_ast_selection *one)
{
    const sgc_ast_directive *skip = sgc_directive_on(one->directives, "skip");
    const sgc_ast_directive *include = sgc_directive_on(one->directives, "include");

    if (!skip && !include) return;
    if (!fields->error)
        fields->error = report_subscription(
            v, fields->name,
            "not use `@skip` or `@include` directives in the top level selection.");
    if (skip) sgc_rule_place(v, fields->error, skip->span);
    if (include) sgc_rule_place(v, fields->error, include->span);
}

static void collect_roots(sgc_validator *v, root_fields *fields, const sgc_named_type *type,
                          const sgc_ast_selection *selections, unsigned depth)
{
    if (depth > SGC_RULE_FRAGMENTS_DEEP) sgc_validator_stop(v, SGC_LIMIT);
    for (const sgc_ast_selection *one = selections; one && v->status == SGC_OK; one = one->next) {
        sgc_str condition = one->name.text;
        const sgc_ast_selection *inner = one->selections;
        if (!sgc_validator_spend(v, 1)) return;
        forbid_conditions(v, fields, one);
        if (one->kind == SGC_SELECTION_FIELD) {
            add_root(v, fields, one);
            continue;
        }
        if (one->kind == SGC_SELECTION_SPREAD) {
            sgc_part *part = sgc_part_find(v, one->name.text);
            if (!part || part->stamp == v->stamp) continue;
            part->stamp = v->stamp;
            condition = part->def->type_condition.text;
            inner = part->def->selections;
        }
        const sgc_named_type *wanted = condition.data ? sgc_rule_find_type(v, condition) : type;
        if (wanted != type && !(wanted && sgc_type_is_member(wanted, type))) continue;
        collect_roots(v, fields, type, inner, depth + 1);
    }
}

static void check_subscription(sgc_validator *v, const sgc_ast_definition *def)
{
    sgc_str name = def->name.text;
    root_fields fields = {.name = name};
    sgc_diagnostic *error;

    if (!v->types->subscription) return;
    v->stamp++;
    collect_roots(v, &fields, v->types->subscription, def->selections, 0);
    if (fields.error || v->status != SGC_OK) return;
    if (fields.count == 0) {
        error = report_subscription(v, name, "select one top level field.");
        sgc_rule_place(v, error, def->selections_span);
    }
    if (fields.count > 1) {
        error = report_subscription(v, name, "select only one top level field.");
        for (size_t i = 1; i < fields.count; i++) {
            for (size_t n = 0; n < fields.items[i].count; n++)
                sgc_rule_place(v, error, fields.items[i].nodes[n]->span);
        }
    }
    for (size_t i = 0; i < fields.count; i++) {
        const root_field *one = &fields.items[i];
        sgc_str field = one->nodes[0]->name.text;
        if (field.size < 2 || memcmp(field.data, "__", 2) != 0) continue;
        error = report_subscription(v, name, "not select an introspection top level field.");
        for (size_t n = 0; n < one->count; n++)
            sgc_rule_place(v, error, one->nodes[n]->span);
    }
}

static void single_field_subscriptions(sgc_validator *v)
{
    if (!sgc_rule_wanted(v, SGC_RULE_SINGLE_FIELD_SUBSCRIPTIONS)) return;
    for (size_t i = 0; i < v->part_count && v->status == SGC_OK; i++) {
        const sgc_ast_definition *def = v->parts[i].def;
        if (def->kind == SGC_DEFINITION_OPERATION && def->operation == SGC_OPERATION_SUBSCRIPTION)
            check_subscription(v, def);
    }
}

void sgc_rule_definitions(sgc_validator *v)
{
    executable_only(v);
    operations_supported(v);
    unique_names(v, SGC_DEFINITION_OPERATION, SGC_RULE_UNIQUE_OPERATION_NAMES, "operation");
    lone_anonymous(v);
    single_field_subscriptions(v);
    unique_names(v, SGC_DEFINITION_FRAGMENT, SGC_RULE_UNIQUE_FRAGMENT_NAMES, "fragment");
}

/* ---- names of types ---- */

static void list_types(sgc_validator *v)
{
    size_t count = v->types->listed_type_count;

    v->type_names = sgc_arena_zero(&v->arena, count, sizeof *v->type_names);
    if (!v->type_names) sgc_validator_stop(v, SGC_NO_MEMORY);
    for (size_t i = 0; v->type_names && i < count; i++)
        v->type_names[i] = v->types->types[i]->name;
}

void sgc_rule_known_type(sgc_validator *v, sgc_ast_name name)
{
    if (!sgc_rule_wanted(v, SGC_RULE_KNOWN_TYPE_NAMES) || sgc_rule_find_type(v, name.text)) return;
    if (!v->type_names) list_types(v);
    if (!v->type_names) return;
    sgc_str hint = sgc_rule_suggest(v, name.text, v->type_names, sizeof *v->type_names,
                                    v->types->listed_type_count);
    sgc_rule_place(v,
                   sgc_rule_error(v, SGC_RULE_KNOWN_TYPE_NAMES,
                                  "Unknown type \"" SGC_FMT "\"." SGC_FMT, SGC_ARG(name.text),
                                  SGC_ARG(hint)),
                   name.span);
}

/* ---- spreads ---- */

static bool is_possible(const sgc_named_type *type, const sgc_named_type *object)
{
    return type == object || sgc_type_is_member(type, object);
}

/* Whether some object type is both. */
static bool overlap(sgc_validator *v, const sgc_named_type *a, const sgc_named_type *b)
{
    if (a == b) return true;
    if (a->kind == SGC_NAMED_OBJECT) return is_possible(b, a);
    if (b->kind == SGC_NAMED_OBJECT) return is_possible(a, b);
    if (!sgc_validator_spend(v, a->member_count)) return true;
    for (size_t i = 0; i < a->member_count; i++) {
        if (is_possible(b, a->members[i])) return true;
    }
    return false;
}

void sgc_rule_fragment_condition(sgc_validator *v, const sgc_ast_definition *fragment,
                                 const sgc_named_type *type)
{
    if (!type || sgc_is_composite(type)) return;
    sgc_rule_place(v,
                   sgc_rule_error(v, SGC_RULE_FRAGMENTS_ON_COMPOSITE_TYPES,
                                  "Fragment \"" SGC_FMT
                                  "\" cannot condition on non composite type \"" SGC_FMT "\".",
                                  SGC_ARG(fragment->name.text), SGC_ARG(type->name)),
                   fragment->type_condition.span);
}

void sgc_rule_spread(sgc_validator *v, const sgc_named_type *parent,
                     const sgc_ast_selection *spread)
{
    const sgc_part *part = sgc_part_find(v, spread->name.text);

    if (!part) {
        sgc_rule_place(v,
                       sgc_rule_error(v, SGC_RULE_KNOWN_FRAGMENT_NAMES,
                                      "Unknown fragment \"" SGC_FMT "\".",
                                      SGC_ARG(spread->name.text)),
                       spread->name.span);
        return;
    }
    const sgc_named_type *type = sgc_rule_find_type(v, part->def->type_condition.text);
    if (!parent || !sgc_is_composite(type) || overlap(v, type, parent)) return;
    sgc_rule_place(v,
                   sgc_rule_error(v, SGC_RULE_POSSIBLE_FRAGMENT_SPREADS,
                                  "Fragment \"" SGC_FMT
                                  "\" cannot be spread here as objects of type \"" SGC_FMT
                                  "\" can never be of type \"" SGC_FMT "\".",
                                  SGC_ARG(spread->name.text), SGC_ARG(parent->name),
                                  SGC_ARG(type->name)),
                   spread->span);
}

void sgc_rule_inline(sgc_validator *v, const sgc_named_type *parent,
                     const sgc_ast_selection *fragment, const sgc_named_type *type)
{
    if (!type || !fragment->name.text.data) return;
    if (!sgc_is_composite(type)) {
        sgc_rule_place(v,
                       sgc_rule_error(v, SGC_RULE_FRAGMENTS_ON_COMPOSITE_TYPES,
                                      "Fragment cannot condition on non composite type \"" SGC_FMT
                                      "\".",
                                      SGC_ARG(type->name)),
                       fragment->name.span);
        return;
    }
    if (!parent || overlap(v, type, parent)) return;
    sgc_rule_place(v,
                   sgc_rule_error(v, SGC_RULE_POSSIBLE_FRAGMENT_SPREADS,
                                  "Fragment cannot be spread here as objects of type \"" SGC_FMT
                                  "\" can never be of type \"" SGC_FMT "\".",
                                  SGC_ARG(parent->name), SGC_ARG(type->name)),
                   fragment->span);
}

/* ---- cycles ---- */

typedef struct path {
    const sgc_ast_selection *spreads[SGC_RULE_FRAGMENTS_DEEP];
    size_t size;
} path;

static void report_cycle(sgc_validator *v, const path *at, size_t first)
{
    sgc_buf via = {0};
    const sgc_ast_selection *last = at->spreads[at->size - 1];

    for (size_t i = first; i + 1 < at->size; i++)
        sgc_buf_printf(&via, "%s\"" SGC_FMT "\"", i == first ? " via " : ", ",
                       SGC_ARG(at->spreads[i]->name.text));
    if (via.failed) sgc_validator_stop(v, SGC_NO_MEMORY);
    sgc_str text = sgc_buf_as_str(&via);
    sgc_diagnostic *error =
        sgc_rule_error(v, SGC_RULE_NO_FRAGMENT_CYCLES,
                       "Cannot spread fragment \"" SGC_FMT "\" within itself" SGC_FMT ".",
                       SGC_ARG(last->name.text), SGC_ARG(text));
    for (size_t i = first; i < at->size; i++)
        sgc_rule_place(v, error, at->spreads[i]->span);
    sgc_buf_free(&via);
}

/* Marks belong to a name, not to each of the fragments that have it. */
static void search_cycles(sgc_validator *v, const sgc_part *part, path *at)
{
    sgc_part *mark = sgc_part_find(v, part->def->name.text);

    if (mark->searched || v->status != SGC_OK) return;
    mark->searched = true;
    mark->on_path = at->size + 1;
    for (size_t i = 0; i < part->spread_count && v->status == SGC_OK; i++) {
        const sgc_part *next = sgc_part_find(v, part->spreads[i]->name.text);
        if (at->size == SGC_RULE_FRAGMENTS_DEEP) {
            sgc_validator_stop(v, SGC_LIMIT);
            break;
        }
        at->spreads[at->size++] = part->spreads[i];
        if (next && next->on_path) {
            if (sgc_validator_spend(v, at->size)) report_cycle(v, at, next->on_path - 1);
        } else if (next) {
            search_cycles(v, next, at);
        }
        at->size--;
    }
    mark->on_path = 0;
}

/* ---- unused fragments ---- */

static void mark_used(sgc_validator *v, sgc_part *from, uint32_t stamp, unsigned depth)
{
    if (depth > SGC_RULE_FRAGMENTS_DEEP) sgc_validator_stop(v, SGC_LIMIT);
    for (size_t i = 0; i < from->spread_count && v->status == SGC_OK; i++) {
        sgc_part *next = sgc_part_find(v, from->spreads[i]->name.text);
        if (!next || next->stamp == stamp) continue;
        next->stamp = stamp;
        mark_used(v, next, stamp, depth + 1);
    }
}

static void report_unused(sgc_validator *v)
{
    uint32_t stamp = ++v->stamp;

    for (size_t i = 0; i < v->part_count; i++) {
        if (v->parts[i].def->kind == SGC_DEFINITION_OPERATION) mark_used(v, &v->parts[i], stamp, 0);
    }
    for (size_t i = 0; i < v->part_count && v->status == SGC_OK; i++) {
        const sgc_ast_definition *def = v->parts[i].def;
        if (def->kind != SGC_DEFINITION_FRAGMENT) continue;
        if (sgc_part_find(v, def->name.text)->stamp == stamp) continue;
        sgc_rule_place(v,
                       sgc_rule_error(v, SGC_RULE_NO_UNUSED_FRAGMENTS,
                                      "Fragment \"" SGC_FMT "\" is never used.",
                                      SGC_ARG(def->name.text)),
                       def->span);
    }
}

void sgc_rule_fragments(sgc_validator *v)
{
    path at;

    at.size = 0;
    for (size_t i = 0; i < v->part_count && sgc_rule_wanted(v, SGC_RULE_NO_FRAGMENT_CYCLES); i++) {
        if (v->parts[i].def->kind == SGC_DEFINITION_FRAGMENT) search_cycles(v, &v->parts[i], &at);
    }
    if (v->status == SGC_OK && sgc_rule_wanted(v, SGC_RULE_NO_UNUSED_FRAGMENTS)) report_unused(v);
}
