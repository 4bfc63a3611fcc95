/*
 * query_rules.h - private to lang: what the rules of executable documents share while query_rules.c
 * walks a document.
 */
#ifndef SGC_LANG_QUERY_RULES_H
#define SGC_LANG_QUERY_RULES_H

#include "lang/validate.h"

/** The rules by their names in graphql-js, which sgc_rule_names in query_rules.c holds. */
typedef enum sgc_rule {
    SGC_RULE_EXECUTABLE_DEFINITIONS,
    SGC_RULE_KNOWN_OPERATION_TYPES,
    SGC_RULE_UNIQUE_OPERATION_NAMES,
    SGC_RULE_LONE_ANONYMOUS_OPERATION,
    SGC_RULE_SINGLE_FIELD_SUBSCRIPTIONS,
    SGC_RULE_KNOWN_TYPE_NAMES,
    SGC_RULE_FRAGMENTS_ON_COMPOSITE_TYPES,
    SGC_RULE_VARIABLES_ARE_INPUT_TYPES,
    SGC_RULE_SCALAR_LEAFS,
    SGC_RULE_FIELDS_ON_CORRECT_TYPE,
    SGC_RULE_UNIQUE_FRAGMENT_NAMES,
    SGC_RULE_KNOWN_FRAGMENT_NAMES,
    SGC_RULE_NO_UNUSED_FRAGMENTS,
    SGC_RULE_POSSIBLE_FRAGMENT_SPREADS,
    SGC_RULE_NO_FRAGMENT_CYCLES,
    SGC_RULE_UNIQUE_VARIABLE_NAMES,
    SGC_RULE_NO_UNDEFINED_VARIABLES,
    SGC_RULE_NO_UNUSED_VARIABLES,
    SGC_RULE_KNOWN_DIRECTIVES,
    SGC_RULE_UNIQUE_DIRECTIVES_PER_LOCATION,
    SGC_RULE_DEFER_STREAM_DIRECTIVE_ON_ROOT_FIELD,
    SGC_RULE_DEFER_STREAM_DIRECTIVE_ON_VALID_OPERATIONS,
    SGC_RULE_DEFER_STREAM_DIRECTIVE_LABEL,
    SGC_RULE_STREAM_DIRECTIVE_ON_LIST_FIELD,
    SGC_RULE_KNOWN_ARGUMENT_NAMES,
    SGC_RULE_UNIQUE_ARGUMENT_NAMES,
    SGC_RULE_VALUES_OF_CORRECT_TYPE,
    SGC_RULE_PROVIDED_REQUIRED_ARGUMENTS,
    SGC_RULE_VARIABLES_IN_ALLOWED_POSITION,
    SGC_RULE_OVERLAPPING_FIELDS_CAN_BE_MERGED,
    SGC_RULE_UNIQUE_INPUT_FIELD_NAMES,
    SGC_RULE_MAX_INTROSPECTION_DEPTH,
    SGC_RULE_NO_DEPRECATED_CUSTOM, /**< this and the next only when asked for by name */
    SGC_RULE_NO_SCHEMA_INTROSPECTION_CUSTOM,
    SGC_RULE_COUNT
} sgc_rule;

/** Fragments that spread each other deeper than this are refused instead of followed. */
enum { SGC_RULE_FRAGMENTS_DEEP = 1000 };

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
    /** Number of lists (+ 1) that introspection entered it with: without fault, being looked at. */
    unsigned passed, entered;
    uint32_t entered_stamp;
} sgc_part;

typedef struct sgc_validator {
    const sgc_type_system *types;
    const sgc_document *document;
    sgc_diagnostics *diagnostics;
    uint64_t wanted; /**< a bit for each rule */
    sgc_arena arena;
    sgc_buf text; /**< of messages being written */
    sgc_part *parts;
    size_t part_count;
    sgc_map fragments;            /**< sgc_part by name, the last of each */
    sgc_part *part;               /**< being walked */
    const sgc_named_type *parent; /**< of the selection being walked; NULL when unknown */
    const sgc_field_def *field;   /**< being walked, or around what is; NULL when unknown */
    sgc_str *type_names;          /**< of the listed types, once somebody misspelt one */
    sgc_map labels; /**< sgc_ast_directive by its label argument, of @defer and @stream */
    bool defers;    /**< there is a @defer or @stream */
    uint32_t stamp;
    uint64_t effort;   /**< for suggestions */
    uint64_t words;    /**< for errors */
    uint64_t budget;   /**< for everything that could be more than linear */
    sgc_status status; /**< SGC_OK; SGC_NO_MEMORY, SGC_LIMIT, SGC_INVALID: stopped */
} sgc_validator;

static inline bool sgc_rule_wanted(const sgc_validator *v, sgc_rule rule)
{
    return v->wanted >> rule & 1;
}
/** Stops the validation. */
void sgc_validator_stop(sgc_validator *v, sgc_status status);
/** Spends from the budget; false when it is used up. */
bool sgc_validator_spend(sgc_validator *v, uint64_t cost);
/** Like sgc_map_put for what the validator's maps borrow: values are only read. */
void sgc_validator_put(sgc_validator *v, sgc_map *map, sgc_str key, const void *value);
/** Reports an error; NULL when nobody asked for the rule or the validation has stopped. */
sgc_diagnostic *sgc_rule_error(sgc_validator *v, sgc_rule rule, const char *format, ...)
    SGC_PRINTF(3, 4);
/** Adds a place in the document to an error. */
void sgc_rule_place(sgc_validator *v, sgc_diagnostic *error, sgc_span span);
/**
 * ` Did you mean ...?` for a name, in the validator's arena; "" when nothing resembles it. The
 * options are the names found at every `step` bytes from `first`.
 */
sgc_str sgc_rule_suggest(sgc_validator *v, sgc_str name, const sgc_str *first, size_t step,
                         size_t count);
/** A type of the schema; built-in ones that nothing in it uses are not. */
sgc_named_type *sgc_rule_find_type(const sgc_validator *v, sgc_str name);
/** A directive as queries see it: sgc's own undeclared ones are for schemas only. */
const sgc_directive_def *sgc_rule_find_directive(const sgc_validator *v, sgc_str name);
bool sgc_is_composite(const sgc_named_type *type);
/** The type an operation starts at, NULL when the schema has none. */
const sgc_named_type *sgc_rule_root(const sgc_validator *v, sgc_operation_kind kind);
/** A reference as SDL in the validator's arena. */
sgc_str sgc_rule_type(sgc_validator *v, const sgc_type_ref *type);
/** The fragment with this name, NULL when there is none. */
sgc_part *sgc_part_find(const sgc_validator *v, sgc_str name);
/** The argument with this name, NULL when it is not given. */
const sgc_ast_argument *sgc_rule_argument(const sgc_ast_argument *given, sgc_str name);

/* ---- query_rules_document.c: definitions and fragments ---- */
void sgc_rule_definitions(sgc_validator *v);
void sgc_rule_fragments(sgc_validator *v);
void sgc_rule_known_type(sgc_validator *v, sgc_ast_name name);
void sgc_rule_fragment_condition(sgc_validator *v, const sgc_ast_definition *fragment,
                                 const sgc_named_type *type);
void sgc_rule_spread(sgc_validator *v, const sgc_named_type *parent,
                     const sgc_ast_selection *spread);
void sgc_rule_inline(sgc_validator *v, const sgc_named_type *parent,
                     const sgc_ast_selection *fragment, const sgc_named_type *type);

/* ---- query_rules_fields.c: fields, arguments, directives ---- */
void sgc_rule_field(sgc_validator *v, const sgc_named_type *parent, const sgc_ast_selection *field,
                    const sgc_field_def *def);
void sgc_rule_directives(sgc_validator *v, const sgc_ast_directive *directives,
                         sgc_directive_location location);

/* ---- query_rules_values.c ---- */
/** A value at a place that expects `type`, NULL when unknown; notes its variables. */
void sgc_rule_value(sgc_validator *v, const sgc_ast_value *value, const sgc_type_ref *type,
                    bool has_default);

/* ---- query_rules_variables.c ---- */
void sgc_rule_variables(sgc_validator *v, sgc_part *operation);
void sgc_rule_variable_definitions(sgc_validator *v, const sgc_ast_definition *operation);

/* ---- query_rules_introspection.c: circles through it; whether it is allowed at all ---- */
void sgc_rule_introspection(sgc_validator *v, const sgc_ast_selection *field,
                            const sgc_field_def *def);

/* ---- query_rules_defer.c: @defer and @stream, where a schema declares them ---- */
/** A directive that may be one of these, on v->field or on a fragment in its selection. */
void sgc_rule_defer(sgc_validator *v, const sgc_ast_directive *directive);
/** Where operations reach them. */
void sgc_rule_defer_operations(sgc_validator *v);

/* ---- query_rules_overlap.c: fields that cannot be merged ---- */
void sgc_rule_overlap(sgc_validator *v);

#endif
