/*
 * query_rules_defer.c - rules about @defer and @stream, for schemas that declare them: what they
 * may stand on, their labels, and the operations that may not use them. Wording as in graphql-js
 * 17.1.
 */
#include "lang/query_rules.h"

static bool is_defer(const sgc_ast_directive *directive)
{
    return sgc_str_eq(directive->name.text, SGC_STR("defer"));
}

static bool is_stream(const sgc_ast_directive *directive)
{
    return sgc_str_eq(directive->name.text, SGC_STR("stream"));
}

/* ---- where they stand ---- */

/* Labels are the document's: no two are the same. */
static void check_label(sgc_validator *v, const sgc_ast_directive *directive)
{
    const sgc_ast_value *label = sgc_directive_argument(directive, "label");

    if (!label || label->kind == SGC_VALUE_NULL) return;
    if (label->kind != SGC_VALUE_STRING) {
        sgc_rule_place(v,
                       sgc_rule_error(v, SGC_RULE_DEFER_STREAM_DIRECTIVE_LABEL,
                                      "Argument \"@" SGC_FMT "(label:)\" must be a static string.",
                                      SGC_ARG(directive->name.text)),
                       directive->span);
        return;
    }
    const sgc_ast_directive *first = sgc_map_get(&v->labels, label->text);
    if (!first) {
        sgc_validator_put(v, &v->labels, label->text, directive);
        return;
    }
    sgc_diagnostic *error =
        sgc_rule_error(v, SGC_RULE_DEFER_STREAM_DIRECTIVE_LABEL,
                       "Value for arguments \"defer(label:)\" and \"stream(label:)\" must be "
                       "unique across all Defer/Stream directive usages.");
    sgc_rule_place(v, error, first->span);
    sgc_rule_place(v, error, directive->span);
}

static void check_list(sgc_validator *v, const sgc_ast_directive *stream)
{
    const sgc_type_ref *type = v->field ? v->field->type : NULL;

    if (!type || !v->parent || type->kind == SGC_TYPE_LIST ||
        (type->kind == SGC_TYPE_NON_NULL && type->inner->kind == SGC_TYPE_LIST))
        return;
    sgc_rule_place(v,
                   sgc_rule_error(v, SGC_RULE_STREAM_DIRECTIVE_ON_LIST_FIELD,
                                  "Directive \"@stream\" cannot be used on non-list field "
                                  "\"" SGC_FMT "." SGC_FMT "\".",
                                  SGC_ARG(v->parent->name), SGC_ARG(v->field->name)),
                   stream->span);
}

void sgc_rule_defer(sgc_validator *v, const sgc_ast_directive *directive)
{
    if (!is_defer(directive) && !is_stream(directive)) return;
    v->defers = true;
    check_label(v, directive);
    if (is_stream(directive)) check_list(v, directive);
}

/* ---- operations that may not use them ---- */

/* A way down from an operation: the spreads it went through. */
typedef struct way {
    sgc_validator *v;
    const sgc_ast_definition *operation;
    const sgc_ast_selection *spreads[SGC_RULE_FRAGMENTS_DEEP];
    size_t size;
} way;

typedef void visitor(way *at, const sgc_ast_selection *selections, unsigned depth);

/* The fragment of a spread that this traversal has not come by before. */
static const sgc_ast_definition *enter(way *at, const sgc_ast_selection *spread)
{
    sgc_part *part = sgc_part_find(at->v, spread->name.text);

    if (!part || part->stamp == at->v->stamp) return NULL;
    part->stamp = at->v->stamp;
    if (at->size < SGC_RULE_FRAGMENTS_DEEP) return part->def;
    sgc_validator_stop(at->v, SGC_LIMIT);
    return NULL;
}

static void follow(way *at, const sgc_ast_selection *spread, visitor *visit, unsigned depth)
{
    const sgc_ast_definition *fragment = enter(at, spread);

    if (!fragment) return;
    at->spreads[at->size++] = spread;
    visit(at, fragment->selections, depth + 1);
    at->size--;
}

static bool may_go_on(way *at, unsigned depth)
{
    if (depth > 2 * SGC_RULE_FRAGMENTS_DEEP) sgc_validator_stop(at->v, SGC_LIMIT);
    return at->v->status == SGC_OK && sgc_validator_spend(at->v, 1);
}

/* Root fields of mutations and subscriptions run in order, all of them. */
static void forbid_on_root(way *at, const sgc_ast_directive *directive)
{
    static const char *const names[] = {"query", "mutation", "subscription"};
    sgc_operation_kind kind = at->operation->operation;

    if (!directive) return;
    sgc_rule_place(at->v,
                   sgc_rule_error(at->v, SGC_RULE_DEFER_STREAM_DIRECTIVE_ON_ROOT_FIELD,
                                  "%s directive cannot be used on root %s type \"" SGC_FMT "\".",
                                  is_defer(directive) ? "Defer" : "Stream", names[kind],
                                  SGC_ARG(sgc_rule_root(at->v, kind)->name)),
                   directive->span);
}

static void visit_roots(way *at, const sgc_ast_selection *selections, unsigned depth)
{
    for (const sgc_ast_selection *one = selections; one && may_go_on(at, depth); one = one->next) {
        if (one->kind == SGC_SELECTION_FIELD) {
            forbid_on_root(at, sgc_directive_on(one->directives, "stream"));
        } else if (one->kind == SGC_SELECTION_INLINE) {
            forbid_on_root(at, sgc_directive_on(one->directives, "defer"));
            visit_roots(at, one->selections, depth + 1);
        } else {
            const sgc_part *part = sgc_part_find(at->v, one->name.text);
            if (part && part->stamp != at->v->stamp)
                forbid_on_root(at, sgc_directive_on(one->directives, "defer"));
            follow(at, one, visit_roots, depth);
        }
    }
}

/* Whether a condition could take the value that switches off what it stands on. */
static bool could_be(const sgc_ast_directive *directive, bool value, bool without)
{
    const sgc_ast_value *given = sgc_directive_argument(directive, "if");

    if (!given) return without;
    if (given->kind != SGC_VALUE_BOOLEAN) return true;
    return sgc_str_eq(given->text, SGC_STR("true")) == value;
}

static bool is_conditional(const sgc_ast_selection *selection)
{
    const sgc_ast_directive *skip = sgc_directive_on(selection->directives, "skip");
    const sgc_ast_directive *include = sgc_directive_on(selection->directives, "include");

    return (skip && could_be(skip, true, true)) || (include && could_be(include, false, false));
}

static void forbid_unconditional(way *at, const sgc_ast_directive *directive)
{
    const sgc_ast_value *given = sgc_directive_argument(directive, "if");

    if (!is_defer(directive) && !is_stream(directive)) return;
    if (given && (given->kind == SGC_VALUE_VARIABLE ||
                  (given->kind == SGC_VALUE_BOOLEAN && could_be(directive, false, false))))
        return;
    const char *name = is_defer(directive) ? "Defer" : "Stream";
    sgc_diagnostic *error =
        sgc_rule_error(at->v, SGC_RULE_DEFER_STREAM_DIRECTIVE_ON_VALID_OPERATIONS,
                       "%s directive not supported on subscription operations. Disable `@" SGC_FMT
                       "` by setting the `if` argument to `false`.",
                       name, SGC_ARG(directive->name.text));
    sgc_rule_place(at->v, error, directive->span);
    for (size_t i = at->size; i > 0; i--)
        sgc_rule_place(at->v, error, at->spreads[i - 1]->span);
}

static void visit_subscription(way *at, const sgc_ast_selection *selections, unsigned depth)
{
    for (const sgc_ast_selection *one = selections; one && may_go_on(at, depth); one = one->next) {
        if (is_conditional(one)) continue;
        for (const sgc_ast_directive *each = one->directives; each; each = each->next)
            forbid_unconditional(at, each);
        if (one->kind == SGC_SELECTION_SPREAD) {
            follow(at, one, visit_subscription, depth);
        } else {
            visit_subscription(at, one->selections, depth + 1);
        }
    }
}

static void check_operation(way *at, const sgc_ast_definition *operation)
{
    sgc_validator *v = at->v;

    if (operation->kind != SGC_DEFINITION_OPERATION || operation->operation == SGC_OPERATION_QUERY)
        return;
    at->operation = operation;
    v->stamp++;
    if (sgc_rule_wanted(v, SGC_RULE_DEFER_STREAM_DIRECTIVE_ON_ROOT_FIELD) &&
        sgc_rule_root(v, operation->operation))
        visit_roots(at, operation->selections, 0);
    v->stamp++;
    if (sgc_rule_wanted(v, SGC_RULE_DEFER_STREAM_DIRECTIVE_ON_VALID_OPERATIONS) &&
        operation->operation == SGC_OPERATION_SUBSCRIPTION)
        visit_subscription(at, operation->selections, 0);
}

void sgc_rule_defer_operations(sgc_validator *v)
{
    way *at = sgc_arena_zero(&v->arena, 1, sizeof *at);

    if (!at) {
        sgc_validator_stop(v, SGC_NO_MEMORY);
        return;
    }
    at->v = v;
    for (size_t i = 0; i < v->part_count && v->status == SGC_OK; i++)
        check_operation(at, v->parts[i].def);
}
