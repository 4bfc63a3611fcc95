/*
 * type_system.h - GraphQL types built from SDL, as the rules, the introspection, the executor and
 * the generator see them: named types with fields, arguments, values and applied directives,
 * extensions merged.
 */
#ifndef SGC_LANG_TYPE_SYSTEM_H
#define SGC_LANG_TYPE_SYSTEM_H

#include "lang/syntax.h"

typedef enum sgc_named_kind {
    SGC_NAMED_SCALAR,
    SGC_NAMED_OBJECT,
    SGC_NAMED_INTERFACE,
    SGC_NAMED_UNION,
    SGC_NAMED_ENUM,
    SGC_NAMED_INPUT,
} sgc_named_kind;

struct sgc_named_type;

/** A resolved type reference. */
typedef struct sgc_type_ref {
    sgc_type_kind kind;
    struct sgc_named_type *named; /**< NAMED; NULL when unknown */
    struct sgc_type_ref *inner;   /**< LIST, NON_NULL */
    const sgc_ast_type *ast;
} sgc_type_ref;

/** An argument or an input field. */
typedef struct sgc_input_def {
    sgc_str name, description, deprecation; /**< null when absent */
    sgc_type_ref *type;
    const sgc_ast_value *default_value; /**< NULL when absent */
    const sgc_ast_directive *directives;
    const sgc_ast_input_value *ast; /**< NULL for built-ins */
    const sgc_source *source;
} sgc_input_def;

typedef struct sgc_field_def {
    sgc_str name, description, deprecation;
    sgc_type_ref *type;
    sgc_input_def *arguments;
    size_t argument_count;
    const sgc_ast_directive *directives;
    const sgc_ast_field *ast;
    const sgc_source *source;
} sgc_field_def;

typedef struct sgc_enum_value_def {
    sgc_str name, description, deprecation;
    const sgc_ast_directive *directives;
    const sgc_ast_enum_value *ast;
    const sgc_source *source;
} sgc_enum_value_def;

/** One place where a type was defined or extended: its directives and spans stay reachable. */
typedef struct sgc_type_part {
    const sgc_ast_definition *ast;
    struct sgc_type_part *next;
} sgc_type_part;

typedef struct sgc_named_type {
    sgc_named_kind kind;
    bool built_in; /**< Int, Float, String, Boolean, ID and the introspection types */
    bool prelude;  /**< sgc's own, not declared by any document: DateTime, IdKind, ... */
    bool one_of;   /**< INPUT with @oneOf */
    sgc_str name, description, specified_by;
    sgc_field_def *fields; /**< OBJECT, INTERFACE */
    size_t field_count;
    sgc_input_def *inputs; /**< INPUT */
    size_t input_count;
    sgc_enum_value_def *values; /**< ENUM */
    size_t value_count;
    struct sgc_named_type **interfaces; /**< OBJECT, INTERFACE: as declared */
    size_t interface_count;
    struct sgc_named_type **members; /**< UNION: members; INTERFACE: implementing object types */
    size_t member_count;
    sgc_type_part *parts; /**< definition first, then extensions in order; NULL for built-ins */
    uint32_t index;       /**< position in sgc_type_system.types, for users' side tables */
    sgc_map by_name;      /**< fields, inputs or values when they are many; see sgc_field_find */
} sgc_named_type;

typedef struct sgc_directive_def {
    bool built_in; /**< skip, include, deprecated, specifiedBy, oneOf, not redeclared */
    bool prelude;  /**< sgc's own, not declared by any document: @id, @unique, ... */
    bool repeatable;
    sgc_str name, description, deprecation;
    sgc_input_def *arguments;
    size_t argument_count;
    sgc_str *locations; /**< "FIELD_DEFINITION", ... */
    size_t location_count;
    uint32_t location_set; /**< the same as bits: 1 << sgc_directive_location */
    const sgc_ast_definition *ast;
    sgc_type_part *parts; /**< definition first, then extensions; NULL for built-ins */
} sgc_directive_def;

/** Where a directive may stand, in the order of the specification. */
typedef enum sgc_directive_location {
    SGC_ON_QUERY,
    SGC_ON_MUTATION,
    SGC_ON_SUBSCRIPTION,
    SGC_ON_FIELD,
    SGC_ON_FRAGMENT_DEFINITION,
    SGC_ON_FRAGMENT_SPREAD,
    SGC_ON_INLINE_FRAGMENT,
    SGC_ON_VARIABLE_DEFINITION,
    SGC_ON_FRAGMENT_VARIABLE_DEFINITION,
    SGC_ON_SCHEMA,
    SGC_ON_SCALAR,
    SGC_ON_OBJECT,
    SGC_ON_FIELD_DEFINITION,
    SGC_ON_ARGUMENT_DEFINITION,
    SGC_ON_INTERFACE,
    SGC_ON_UNION,
    SGC_ON_ENUM,
    SGC_ON_ENUM_VALUE,
    SGC_ON_INPUT_OBJECT,
    SGC_ON_INPUT_FIELD_DEFINITION,
    SGC_ON_DIRECTIVE_DEFINITION,
} sgc_directive_location;

typedef struct sgc_type_system {
    sgc_str description;
    sgc_named_type *query, *mutation, *subscription; /**< NULL when absent */
    /**
     * All types. The first listed_type_count are those that introspection lists, in its order:
     * the documents', then built-ins where something first uses them. Behind them come built-in
     * scalars that nothing uses and the prelude's types.
     */
    sgc_named_type **types;
    size_t type_count, listed_type_count;
    /** The documents' directives, the specified ones; behind the listed ones the prelude's. */
    sgc_directive_def **directives;
    size_t directive_count, listed_directive_count;
    sgc_map types_by_name;                /**< sgc_named_type */
    sgc_map directives_by_name;           /**< sgc_directive_def */
    sgc_type_part *parts;                 /**< schema { } first (if any), then extend schema */
    const sgc_ast_definition *definition; /**< schema { }, NULL when there is none */
    const sgc_field_def *schema_field, *type_field, *typename_field; /**< __schema, __type, .. */
} sgc_type_system;

/** Finds a type by name; NULL when there is none. */
sgc_named_type *sgc_type_find(const sgc_type_system *system, sgc_str name);
/** Finds a directive's definition by its name without @; NULL when there is none. */
const sgc_directive_def *sgc_directive_find(const sgc_type_system *system, sgc_str name);
/** Finds a field of an object or interface; NULL when there is none. Not __typename and friends. */
const sgc_field_def *sgc_field_find(const sgc_named_type *type, sgc_str name);
/**
 * What a selection `name` on `parent` means: like sgc_field_find, and __typename on every composite
 * type, __schema and __type on the query type.
 */
const sgc_field_def *sgc_field_of(const sgc_type_system *system, const sgc_named_type *parent,
                                  sgc_str name);
const sgc_input_def *sgc_input_find(const sgc_input_def *inputs, size_t count, sgc_str name);
/** A field of an input type, a value of an enum; NULL when there is none. */
const sgc_input_def *sgc_input_field_find(const sgc_named_type *type, sgc_str name);
const sgc_enum_value_def *sgc_enum_value_find(const sgc_named_type *type, sgc_str name);
/** Non-null and without a default. */
bool sgc_input_is_required(const sgc_input_def *input);
bool sgc_kind_is_input(sgc_named_kind kind);
bool sgc_kind_is_output(sgc_named_kind kind);
/** Whether `type` is a member of the union, or implements the interface, `abstract`. */
bool sgc_type_is_member(const sgc_named_type *abstract, const sgc_named_type *type);
/** Same type, wrappers included. */
bool sgc_type_ref_equal(const sgc_type_ref *a, const sgc_type_ref *b);
/** Whether a value of type `sub` can stand where `super` is asked for (output positions). */
bool sgc_type_ref_is_subtype(const sgc_type_ref *sub, const sgc_type_ref *super);
/** What the wrappers of a reference say. */
typedef struct sgc_type_shape {
    const sgc_named_type *named;
    bool list, non_null, item_non_null;
    bool nested; /**< a list of lists */
} sgc_type_shape;
sgc_type_shape sgc_type_shape_of(const sgc_type_ref *ref);
/** The named type at the heart of a reference. */
sgc_named_type *sgc_type_ref_named(const sgc_type_ref *ref);
/** Writes a reference as SDL: [Post!]!. */
void sgc_type_ref_print(const sgc_type_ref *ref, sgc_buf *out);
/** The directive with this name on a node's list, NULL when absent. */
const sgc_ast_directive *sgc_directive_on(const sgc_ast_directive *directives, const char *name);
/** The value of a named argument of a directive, NULL when not given. */
const sgc_ast_value *sgc_directive_argument(const sgc_ast_directive *directive, const char *name);

/**
 * Builds a type system from parsed documents; the second and later ones extend the first. `prelude`
 * holds definitions (directives and scalars of sgc's own) that count as declared where the
 * documents do not declare them; it is never suggested, introspected, printed or diffed; may be
 * NULL. SDL rules ("SDL") run first, then type-system validation ("Schema"), each phase only when
 * the one before found nothing. SGC_INVALID when anything was reported; *system is NULL then,
 * unless all of it came from the "Schema" phase: what was built can still be printed and compared.
 */
SGC_CHECK sgc_status sgc_type_system_build(const sgc_document *const *documents, size_t count,
                                           const sgc_document *prelude, sgc_arena *arena,
                                           sgc_diagnostics *diagnostics, sgc_type_system **system);
/** Introspection result as JSON: {"__schema": ...}, every optional part included. */
void sgc_introspection_json(const sgc_type_system *system, sgc_buf *out);
/** Breaking and dangerous changes, "breaking TYPE: text" a line, in graphql-js wording. */
SGC_CHECK sgc_status sgc_type_system_diff(const sgc_type_system *before,
                                          const sgc_type_system *after, sgc_arena *arena,
                                          sgc_str **changes, size_t *change_count);
/** Prints the whole type system as SDL (built-ins and prelude left out). */
void sgc_type_system_print(const sgc_type_system *system, sgc_buf *out);

/* ---- for rules and coercion, here and upstairs ---- */

/** One thing wrong with a literal. path: " at .a[0]" or "" for the literal itself. */
typedef struct sgc_literal_error {
    sgc_str message, path;
    sgc_span span;
} sgc_literal_error;
typedef void sgc_literal_error_fn(void *user, const sgc_literal_error *error);
/**
 * Checks a literal against an input type, in graphql-js wording, and calls `report` for each error
 * (its strings live in the arena); variables are taken to be right. effort as for sgc_suggest: when
 * it is used up, errors after the first are left out. SGC_NO_MEMORY.
 */
SGC_CHECK sgc_status sgc_literal_check(const sgc_ast_value *value, const sgc_type_ref *type,
                                       sgc_arena *arena, uint64_t *effort,
                                       sgc_literal_error_fn *report, void *user);

/** The directives and scalars of sgc's input language (docs/schema-language.md), as SDL text. */
extern const char sgc_prelude_sdl[];

#endif
