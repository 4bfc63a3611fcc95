/*
 * syntax_errors.c - the words of syntax errors, those of graphql-js. Which of them fits is decided
 * by the grammar; errors inside tokens are worded where the lexer finds them.
 */
#include "lang/parser.h"

#include "graphql_grammar.tab.h"

static const char *punctuator(int kind)
{
    switch (kind) {
    case TOK_BANG:
        return "!";
    case TOK_DOLLAR:
        return "$";
    case TOK_AMP:
        return "&";
    case TOK_PAREN_L:
        return "(";
    case TOK_PAREN_R:
        return ")";
    case TOK_SPREAD:
        return "...";
    case TOK_COLON:
        return ":";
    case TOK_EQUALS:
        return "=";
    case TOK_AT:
        return "@";
    case TOK_BRACKET_L:
        return "[";
    case TOK_BRACKET_R:
        return "]";
    case TOK_BRACE_L:
        return "{";
    case TOK_PIPE:
        return "|";
    case TOK_BRACE_R:
        return "}";
    default:
        return NULL;
    }
}

static const char *kind_name(int kind)
{
    switch (kind) {
    case TOK_YYEOF:
        return "<EOF>";
    case TOK_INT:
        return "Int";
    case TOK_FLOAT:
        return "Float";
    case TOK_STRING:
        return "String";
    case TOK_BLOCK_STRING:
        return "BlockString";
    default:
        return "Name";
    }
}

static void describe_token(sgc_parser *parser, sgc_buf *out)
{
    const sgc_lexer *lexer = &parser->lexer;
    sgc_str text = sgc_lexer_text(lexer, lexer->token);

    if (punctuator(lexer->kind)) {
        sgc_buf_printf(out, "\"%s\"", punctuator(lexer->kind));
        return;
    }
    sgc_buf_text(out, kind_name(lexer->kind));
    if (lexer->kind == TOK_YYEOF) return;
    if (lexer->kind == TOK_STRING) text = sgc_string_decode(text, lexer->arena);
    if (lexer->kind == TOK_BLOCK_STRING) text = sgc_block_string_decode(text, lexer->arena);
    if (!text.data) out->failed = true;
    sgc_buf_text(out, " \"");
    sgc_buf_str(out, text);
    sgc_buf_byte(out, '"');
}

void sgc_unexpected_token(sgc_parser *parser)
{
    sgc_buf text = {0};

    sgc_buf_text(&text, "Syntax Error: Unexpected ");
    describe_token(parser, &text);
    sgc_buf_byte(&text, '.');
    sgc_syntax_error_text(&parser->lexer, parser->lexer.token.start, &text);
    sgc_buf_free(&text);
}

void sgc_expected(sgc_parser *parser, const char *what)
{
    sgc_buf text = {0};

    sgc_buf_printf(&text, "Syntax Error: Expected %s, found ", what);
    describe_token(parser, &text);
    sgc_buf_byte(&text, '.');
    sgc_syntax_error_text(&parser->lexer, parser->lexer.token.start, &text);
    sgc_buf_free(&text);
}

static bool is_name(int kind)
{
    return kind >= TOK_NAME && kind <= TOK_REPEATABLE;
}

/* A name may be long: it goes into messages without printf, whose precision is an int. */
static void name_error(sgc_parser *parser, uint32_t offset, const char *before, sgc_span name,
                       const char *after)
{
    sgc_buf text = {0};

    sgc_buf_printf(&text, "Syntax Error: %s", before);
    sgc_buf_str(&text, sgc_lexer_text(&parser->lexer, name));
    sgc_buf_text(&text, after);
    sgc_syntax_error_text(&parser->lexer, offset, &text);
    sgc_buf_free(&text);
}

void sgc_variable_in_constant(sgc_parser *parser)
{
    uint32_t dollar = parser->lexer.token.start;
    int next = sgc_lexer_next(&parser->lexer);

    if (next == TOK_SGC_LANG_error) return;
    if (is_name(next))
        name_error(parser, dollar, "Unexpected variable \"$", parser->lexer.token,
                   "\" in constant value.");
    else
        sgc_syntax_error(&parser->lexer, dollar, "Unexpected \"$\".");
}

void sgc_reserved_enum_value(sgc_parser *parser)
{
    name_error(parser, parser->lexer.token.start, "Name \"", parser->lexer.token,
               "\" is reserved and cannot be used for an enum value.");
}

void sgc_unexpected_after_description(sgc_parser *parser)
{
    sgc_lexer *lexer = &parser->lexer;

    if (lexer->kind == TOK_BRACE_L)
        sgc_syntax_error(lexer, lexer->previous.start,
                         "Unexpected description, descriptions are not supported on shorthand "
                         "queries.");
    else if (is_name(lexer->kind))
        sgc_syntax_error(lexer, lexer->previous.start,
                         "Unexpected description, only GraphQL definitions support descriptions.");
    else
        sgc_unexpected_token(parser);
}

void sgc_refused_name(sgc_parser *parser, sgc_span name)
{
    bool read_on = parser->lexer.token.start != name.start;

    if (!read_on && sgc_lexer_next(&parser->lexer) == TOK_SGC_LANG_error) return;
    name_error(parser, name.start, "Unexpected Name \"", name, "\".");
}
