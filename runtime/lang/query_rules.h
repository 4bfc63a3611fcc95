/*
 * rules.h - private to graphql: what the rules of executable documents share while validate.c walks
 * a document.
 */
#ifndef SGC_GRAPHQL_RULES_H
#define SGC_GRAPHQL_RULES_H

#include "graphql/validate.h"

/** One use of a variable and what its place expects. */
typedef struct sgc_usage {
    const sgc_ast_value *node;
    const sgc_type_ref *type;     /**< NULL when the place is unknown */
    bool has_default;             /**< the place has one */
    const sgc_named_type *one_of; /**< the @oneOf input the place belongs to, or NULL */
} sgc_usage;

/** An operation or a fragment with what was found in it. */
typedef struct sgc_part {
    const sgc_ast_definition *def;
    const sgc_ast_selection **spreads; /**< every ...Name in it, in order */
    size_t spread_count, spread_capacity;
    sgc_usage *usages;
    size_t usage_count, usage_capacity;
    uint32_t stamp; /**< of the last traversal that came by */
    size_t on_path; /**< position + 1 on the path of the cycle search */
    bool searched;
} sgc_part;

typedef struct sgc_validator {
    const sgc_type_system *types;
    const sgc_document *document;
    sgc_diagnostics *diagnostics;
    sgc_arena arena;
    sgc_part *parts;
    size_t part_count;
    sgc_map fragments; /**< sgc_part by name, the first of each */
    sgc_part *part;    /**< being walked */
    uint32_t stamp;
    uint64_t effort;   /**< for suggestions */
    uint64_t budget;   /**< for everything that could be more than linear */
    sgc_status status; /**< SGC_OK, SGC_NO_MEMORY or SGC_LIMIT; sticky */
} sgc_validator;

/** Stops the validation. */
void sgc_validator_stop(sgc_validator *v, sgc_status status);
/** Spends from the budget; false when it is used up. */
bool sgc_validator_spend(sgc_validator *v, uint64_t cost);
/** Adds a place in the document to an error. */
void sgc_rule_place(sgc_validator *v, sgc_diagnostic *error, sgc_span span);
/** ` Did you mean ...?` for a name, in the validator's arena; "" when nothing resembles it. */
sgc_str sgc_rule_suggest(sgc_validator *v, sgc_str name, const sgc_str *options, size_t count);
/** A type of the schema; built-in ones that nothing in it uses are not. */
sgc_named_type *sgc_rule_find_type(const sgc_validator *v, sgc_str name);
bool sgc_is_composite(const sgc_named_type *type);
/** A reference as SDL in the validator's arena. */
sgc_str sgc_rule_type(sgc_validator *v, const sgc_type_ref *type);
sgc_part *sgc_part_find(const sgc_validator *v, sgc_str name);

/* ---- rules_document.c: definitions and fragments ---- */
void sgc_rule_definitions(sgc_validator *v);
void sgc_rule_fragments(sgc_validator *v);
void sgc_rule_known_type(sgc_validator *v, sgc_ast_name name);
void sgc_rule_spread(sgc_validator *v, const sgc_named_type *parent,
                     const sgc_ast_selection *spread);
void sgc_rule_inline(sgc_validator *v, const sgc_named_type *parent,
                     const sgc_ast_selection *fragment, const sgc_named_type *type);
void sgc_rule_introspection_depth(sgc_validator *v, const sgc_ast_selection *field);

/* ---- rules_fields.c: fields, arguments, directives, values ---- */
void sgc_rule_field(sgc_validator *v, const sgc_named_type *parent, const sgc_ast_selection *field,
                    const sgc_field_def *def);
void sgc_rule_arguments(sgc_validator *v, const char *owner, sgc_str owner_name,
                        const sgc_input_def *defs, size_t count, bool known,
                        const sgc_ast_argument *given, sgc_span span);
void sgc_rule_directives(sgc_validator *v, const sgc_ast_directive *directives,
                         sgc_directive_location location);
/** A value at a place that expects `type`, NULL when unknown; notes its variables. */
void sgc_rule_value(sgc_validator *v, const sgc_ast_value *value, const sgc_type_ref *type,
                    bool has_default);

/* ---- rules_variables.c ---- */
void sgc_rule_variables(sgc_validator *v, sgc_part *operation);
void sgc_rule_variable_definitions(sgc_validator *v, const sgc_ast_definition *operation);

/* ---- rules_overlap.c: fields that cannot be merged ---- */
void sgc_rule_overlap(sgc_validator *v);

#endif
