/*
 * parser.h - private to lang: what the grammar, the words of its errors and the calls of syntax.h
 * share.
 */
#ifndef SGC_LANG_PARSER_H
#define SGC_LANG_PARSER_H

#include "lang/lexer.h"

typedef struct sgc_parser {
    sgc_lexer lexer;
    int entry; /**< pseudo-token to hand out first, 0 when done */
    sgc_document *document;
    sgc_ast_value *value;
} sgc_parser;

/** Reports that the token read last has no place here. */
void sgc_unexpected_token(sgc_parser *parser);
/** Reports that `what` should stand where the token read last does. */
void sgc_expected(sgc_parser *parser, const char *what);
/** The token read last is a $ where only constants may stand; the name behind it is named too. */
void sgc_variable_in_constant(sgc_parser *parser);
/** The token read last is true, false or null, which are no values of enums. */
void sgc_reserved_enum_value(sgc_parser *parser);
/** The token read last stands behind a description that does not belong to it. */
void sgc_unexpected_after_description(sgc_parser *parser);
/**
 * A name that is well-formed but none of those that may stand here. graphql-js reads the token
 * behind a name before it judges the name: what is wrong there is reported instead.
 */
void sgc_refused_name(sgc_parser *parser, sgc_span name);

#endif
