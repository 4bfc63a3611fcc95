/* expression.h - the compiled form of a @check, shared by its compiler and its evaluator. */
#ifndef SGC_SCHEMA_EXPRESSION_H
#define SGC_SCHEMA_EXPRESSION_H

#include "schema/schema.h"

typedef enum sgc_operator {
    SGC_OP_VALUE, /**< a literal */
    SGC_OP_FIELD, /**< a field of the row */
    SGC_OP_OR,    /**< list of operands */
    SGC_OP_AND,   /**< list of operands */
    SGC_OP_NOT,
    SGC_OP_COMPARE, /**< first and second operand, `compare` */
    SGC_OP_IN,      /**< first operand, then the list */
    SGC_OP_IS_NULL,
    SGC_OP_LIKE, /**< first operand, second the pattern */
    SGC_OP_ADD,
    SGC_OP_SUBTRACT,
    SGC_OP_MULTIPLY,
    SGC_OP_DIVIDE,
    SGC_OP_LENGTH,
} sgc_operator;

typedef enum sgc_comparison {
    SGC_COMPARE_EQ,
    SGC_COMPARE_NE,
    SGC_COMPARE_LT,
    SGC_COMPARE_LE,
    SGC_COMPARE_GT,
    SGC_COMPARE_GE,
} sgc_comparison;

/** What an operand is; decides what may be compared with what. */
typedef enum sgc_sort {
    SGC_SORT_NULL, /**< the literal null: fits everything */
    SGC_SORT_BOOLEAN,
    SGC_SORT_INTEGER, /**< int64 */
    SGC_SORT_REAL,
    SGC_SORT_DECIMAL, /**< text in canonical form */
    SGC_SORT_TEXT,
    SGC_SORT_UUID,
    SGC_SORT_BYTES,
    SGC_SORT_DATETIME,
    SGC_SORT_DATE,
    SGC_SORT_TIME,
    SGC_SORT_ENUM,
    SGC_SORT_LIST,  /**< only for length() and is null */
    SGC_SORT_OTHER, /**< JSON and embedded values: only is null */
} sgc_sort;

typedef struct sgc_node {
    sgc_operator op;
    sgc_comparison compare;
    sgc_sort sort;
    bool negated;           /**< NOT IN, NOT LIKE, IS NOT NULL */
    uint16_t slot;          /**< FIELD */
    uint16_t enumeration;   /**< of an enum's FIELD: which one */
    sgc_value value;        /**< VALUE; text of a literal until its sort is decided */
    sgc_str text;           /**< VALUE: as written, for messages and for conversion */
    size_t at;              /**< column in the expression, from 1 */
    struct sgc_node *first; /**< operands */
    struct sgc_node *next;
} sgc_node;

struct sgc_expression {
    const sgc_schema *schema;
    const sgc_node *root;
};

#endif
