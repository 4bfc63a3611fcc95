/*
 * parser.h - private to lang: what the grammar's actions and the calls of syntax.h share.
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
/** Writes the token read last as graphql-js names it in messages: Name "a", "{", <EOF>. */
void sgc_describe_token(sgc_parser *parser, sgc_buf *out);

#endif
