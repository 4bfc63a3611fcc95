/*
 * ast.h - the syntax tree of GraphQL, September 2025: type system documents and executable
 * documents in one family of plain structs.
 *
 * Nodes live in the arena given to the parser. Names and numbers are slices of the source text, so
 * the source must outlive the tree. Siblings form singly linked lists through `next`. Positions
 * are byte offsets; sgc_source_position() turns one into line and column when somebody asks.
 */
#ifndef SGC_LANG_AST_H
#define SGC_LANG_AST_H

#include "base/base.h"

/** One text to parse. text.data[text.size] must be readable and 0 (the scanner's sentinel). */
typedef struct sgc_source {
    sgc_str name; /**< file name for messages, null for none */
    sgc_str text;
} sgc_source;

/** 1-based line and column; columns count UTF-16 code units as graphql-js does. */
typedef struct sgc_position {
    uint32_t line, column;
} sgc_position;
sgc_position sgc_source_position(const sgc_source *source, uint32_t offset);

/** Half-open byte range in the source of the document the node belongs to. */
typedef struct sgc_span {
    uint32_t start, end;
} sgc_span;

typedef struct sgc_ast_name {
    sgc_str text; /**< null when absent */
    sgc_span span;
} sgc_ast_name;

typedef enum sgc_value_kind {
    SGC_VALUE_VARIABLE,
    SGC_VALUE_INT,
    SGC_VALUE_FLOAT,
    SGC_VALUE_STRING,
    SGC_VALUE_BOOLEAN,
    SGC_VALUE_NULL,
    SGC_VALUE_ENUM,
    SGC_VALUE_LIST,
    SGC_VALUE_OBJECT,
} sgc_value_kind;

/**
 * A value literal. text: variable name without $, digits as written, the decoded string (in the
 * arena, or a slice when it holds no escape), "true"/"false"/"null", the enum name.
 */
typedef struct sgc_ast_value {
    sgc_value_kind kind;
    bool block; /**< a block string, already dedented */
    sgc_span span;
    sgc_str text;
    struct sgc_ast_value *items;     /**< LIST */
    struct sgc_ast_argument *fields; /**< OBJECT */
    struct sgc_ast_value *next;
} sgc_ast_value;

/** name: value, as an argument or as a field of an object value. */
typedef struct sgc_ast_argument {
    sgc_ast_name name;
    sgc_ast_value *value;
    sgc_span span;
    struct sgc_ast_argument *next;
} sgc_ast_argument;

typedef enum sgc_type_kind { SGC_TYPE_NAMED, SGC_TYPE_LIST, SGC_TYPE_NON_NULL } sgc_type_kind;

/** A type reference: Name, [Type] or Type!. */
typedef struct sgc_ast_type {
    sgc_type_kind kind;
    sgc_span span;
    sgc_ast_name name;          /**< NAMED */
    struct sgc_ast_type *inner; /**< LIST, NON_NULL */
} sgc_ast_type;

typedef struct sgc_ast_directive {
    sgc_ast_name name; /**< without @ */
    sgc_ast_argument *arguments;
    sgc_span span;
    struct sgc_ast_directive *next;
} sgc_ast_directive;

/** A name in a list: implemented interfaces, union members, directive locations. */
typedef struct sgc_ast_name_item {
    sgc_ast_name name;
    struct sgc_ast_name_item *next;
} sgc_ast_name_item;

/* ---- executable documents ---- */

typedef struct sgc_ast_variable {
    sgc_ast_value *description; /**< STRING or NULL */
    sgc_ast_name name;          /**< without $; the span of the variable starts at the $ */
    sgc_ast_type *type;
    sgc_ast_value *default_value;
    sgc_ast_directive *directives;
    sgc_span span;
    struct sgc_ast_variable *next;
} sgc_ast_variable;

typedef enum sgc_selection_kind {
    SGC_SELECTION_FIELD,
    SGC_SELECTION_SPREAD, /**< ...Name */
    SGC_SELECTION_INLINE, /**< ... on Type { } */
} sgc_selection_kind;

typedef struct sgc_ast_selection {
    sgc_selection_kind kind;
    sgc_span span;
    sgc_ast_name alias; /**< FIELD */
    sgc_ast_name name;  /**< FIELD: field; SPREAD: fragment; INLINE: type condition, may be null */
    sgc_ast_argument *arguments;
    sgc_ast_directive *directives;
    struct sgc_ast_selection *selections;
    sgc_span selections_span; /**< of { .. }, start == end when absent */
    struct sgc_ast_selection *next;
} sgc_ast_selection;

/* ---- type system documents ---- */

/** An argument definition or a field of an input object. */
typedef struct sgc_ast_input_value {
    sgc_ast_value *description;
    sgc_ast_name name;
    sgc_ast_type *type;
    sgc_ast_value *default_value;
    sgc_ast_directive *directives;
    sgc_span span;
    struct sgc_ast_input_value *next;
} sgc_ast_input_value;

typedef struct sgc_ast_field {
    sgc_ast_value *description;
    sgc_ast_name name;
    sgc_ast_input_value *arguments;
    sgc_ast_type *type;
    sgc_ast_directive *directives;
    sgc_span span;
    struct sgc_ast_field *next;
} sgc_ast_field;

typedef struct sgc_ast_enum_value {
    sgc_ast_value *description;
    sgc_ast_name name;
    sgc_ast_directive *directives;
    sgc_span span;
    struct sgc_ast_enum_value *next;
} sgc_ast_enum_value;

typedef enum sgc_operation_kind {
    SGC_OPERATION_QUERY,
    SGC_OPERATION_MUTATION,
    SGC_OPERATION_SUBSCRIPTION,
} sgc_operation_kind;

/** query: Type, inside schema { }. */
typedef struct sgc_ast_root_operation {
    sgc_operation_kind operation;
    sgc_ast_name type;
    sgc_span span;
    struct sgc_ast_root_operation *next;
} sgc_ast_root_operation;

typedef enum sgc_definition_kind {
    SGC_DEFINITION_OPERATION,
    SGC_DEFINITION_FRAGMENT,
    SGC_DEFINITION_SCHEMA,
    SGC_DEFINITION_SCALAR,
    SGC_DEFINITION_OBJECT,
    SGC_DEFINITION_INTERFACE,
    SGC_DEFINITION_UNION,
    SGC_DEFINITION_ENUM,
    SGC_DEFINITION_INPUT,
    SGC_DEFINITION_DIRECTIVE,
} sgc_definition_kind;

/** Any definition of a document. Members that its kind does not have are zero. */
typedef struct sgc_ast_definition {
    sgc_definition_kind kind;
    bool extend;     /**< extend schema / type / ... */
    bool shorthand;  /**< OPERATION written as a bare { } */
    bool repeatable; /**< DIRECTIVE */
    sgc_span span;   /**< description included */
    sgc_ast_value *description;
    sgc_ast_name name;
    sgc_ast_directive *directives;

    sgc_operation_kind operation;  /**< OPERATION */
    sgc_ast_variable *variables;   /**< OPERATION */
    sgc_ast_name type_condition;   /**< FRAGMENT */
    sgc_ast_selection *selections; /**< OPERATION, FRAGMENT */
    sgc_span selections_span;      /**< OPERATION, FRAGMENT */

    sgc_ast_root_operation *roots; /**< SCHEMA */
    sgc_ast_name_item *interfaces; /**< OBJECT, INTERFACE */
    sgc_ast_field *fields;         /**< OBJECT, INTERFACE */
    sgc_ast_name_item *members;    /**< UNION types, DIRECTIVE locations */
    sgc_ast_enum_value *values;    /**< ENUM */
    sgc_ast_input_value *inputs;   /**< INPUT fields, DIRECTIVE arguments */

    const sgc_source *source; /**< the text all spans of this definition refer to */
    struct sgc_ast_definition *next;
} sgc_ast_definition;

typedef struct sgc_document {
    const sgc_source *source;
    sgc_ast_definition *definitions;
} sgc_document;

#endif
