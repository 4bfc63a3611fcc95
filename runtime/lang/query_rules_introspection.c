/*
 * query_rules_introspection.c - rules about __schema and __type: introspection that goes in circles
 * grows without bound, and some places allow none at all. Wording as in graphql-js 17.1.
 */
#include "lang/query_rules.h"

enum { LISTS_MAX = 3 };

static bool is_list_field(sgc_str name)
{
    return sgc_str_eq(name, SGC_STR("fields")) || sgc_str_eq(name, SGC_STR("interfaces")) ||
           sgc_str_eq(name, SGC_STR("possibleTypes")) || sgc_str_eq(name, SGC_STR("inputFields"));
}

static bool too_deep(sgc_validator *v, const sgc_ast_selection *selections, unsigned lists,
                     unsigned depth);

/* Each fragment is followed at most once for each number of lists around it. */
static bool fragment_too_deep(sgc_validator *v, sgc_str name, unsigned lists, unsigned depth)
{
    sgc_part *part = sgc_part_find(v, name);

    if (!part || part->passed > lists) return false;
    if (part->entered_stamp == v->stamp && part->entered > lists) return false;
    part->entered_stamp = v->stamp;
    part->entered = lists + 1;
    if (too_deep(v, part->def->selections, lists, depth + 1)) return true;
    part->passed = lists + 1;
    return false;
}

static bool too_deep(sgc_validator *v, const sgc_ast_selection *selections, unsigned lists,
                     unsigned depth)
{
    if (depth > SGC_RULE_FRAGMENTS_DEEP) sgc_validator_stop(v, SGC_LIMIT);
    for (const sgc_ast_selection *one = selections; one && v->status == SGC_OK; one = one->next) {
        bool list = one->kind == SGC_SELECTION_FIELD && is_list_field(one->name.text);
        unsigned below = lists + list;
        if (!sgc_validator_spend(v, 1)) return false;
        if (below >= LISTS_MAX) return true;
        if (one->kind == SGC_SELECTION_SPREAD) {
            if (fragment_too_deep(v, one->name.text, below, depth)) return true;
        } else if (too_deep(v, one->selections, below, depth + 1)) {
            return true;
        }
    }
    return false;
}

void sgc_rule_introspection(sgc_validator *v, const sgc_ast_selection *field,
                            const sgc_field_def *def)
{
    const sgc_named_type *type = sgc_type_ref_named(def->type);
    bool entry = def == v->types->schema_field || def == v->types->type_field;

    if (entry && sgc_rule_wanted(v, SGC_RULE_MAX_INTROSPECTION_DEPTH)) {
        v->stamp++;
        if (too_deep(v, field->selections, 0, 0))
            sgc_rule_place(v,
                           sgc_rule_error(v, SGC_RULE_MAX_INTROSPECTION_DEPTH,
                                          "Maximum introspection depth exceeded"),
                           field->span);
    }
    if (!type || !type->built_in || type->name.size < 2 || memcmp(type->name.data, "__", 2) != 0)
        return;
    sgc_rule_place(v,
                   sgc_rule_error(v, SGC_RULE_NO_SCHEMA_INTROSPECTION_CUSTOM,
                                  "GraphQL introspection has been disabled, but the requested "
                                  "query contained the field \"" SGC_FMT "\".",
                                  SGC_ARG(field->name.text)),
                   field->span);
}
