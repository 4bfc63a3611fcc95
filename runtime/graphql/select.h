/*
 * select.h - private to graphql: from selection sets to plans: which fields of which concrete type
 * are asked for, merged, in the order of the answer.
 */
#ifndef SGC_GRAPHQL_SELECT_H
#define SGC_GRAPHQL_SELECT_H

#include "graphql/api.h"

/** Coerced variables; values[i] belongs to the i-th definition, NULL when it has no value. */
typedef struct sgc_variables {
    const sgc_ast_variable *definitions;
    const sgc_json **values;
} sgc_variables;

/** The value of a variable: NULL when absent. */
const sgc_json *sgc_variable_find(const sgc_variables *variables, sgc_str name);

/** One key of an answer: all selections with that response key, merged. */
typedef struct sgc_plan_field {
    sgc_str key;  /**< response key */
    sgc_str head; /**< the same as JSON: "key": */
    const sgc_named_type *parent;
    const sgc_field_def *def;
    sgc_binding binding;
    const sgc_ast_selection **nodes;
    size_t node_count, node_capacity;
    struct sgc_plan_set *sets; /**< for each concrete type of a composite field */
    size_t set_count;
    uint32_t id;               /**< from 0, unique in the plan */
    uint32_t below, below_end; /**< ids of all fields below: [below, below_end) */
    bool reads;                /**< one of them needs more than the row's own record */
} sgc_plan_field;

/** What is asked of one object type. */
typedef struct sgc_plan_set {
    const sgc_named_type *type;
    sgc_plan_field *fields;
    size_t count, capacity;
} sgc_plan_set;

typedef struct sgc_plan {
    sgc_plan_set root;
    uint32_t field_count;
    const char *limit; /**< SGC_PLAN_LIMIT: words */
} sgc_plan;

typedef enum sgc_plan_result {
    SGC_PLAN_OK = 0,
    SGC_PLAN_CONDITIONAL, /**< variables decide about @skip and @include, and none were given */
    SGC_PLAN_LIMIT,       /**< plan->limit says which */
    SGC_PLAN_NO_MEMORY,
} sgc_plan_result;

/** Plans an operation of a valid document. variables may be NULL. */
sgc_plan_result sgc_plan_operation(const sgc_api *api, const sgc_document *document,
                                   const sgc_ast_definition *operation,
                                   const sgc_variables *variables, sgc_arena *arena,
                                   sgc_plan *plan);
/** The set for a concrete type, NULL when the field's type cannot be it. */
const sgc_plan_set *sgc_plan_set_for(const sgc_plan_field *field, const sgc_named_type *type);
const sgc_ast_definition *sgc_fragment_find(const sgc_document *document, sgc_str name);
/** The root type of an operation, NULL when the schema has none. */
sgc_named_type *sgc_root_type(const sgc_type_system *types, sgc_operation_kind kind);

#endif
