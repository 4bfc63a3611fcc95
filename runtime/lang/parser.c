/*
 * parser.c - the calls of syntax.h that read text: they start the grammar, pass limits on and turn
 * what it returns into a status. The grammar itself is graphql_grammar.y.
 */
#include "lang/parser.h"

#include "graphql_grammar.tab.h"

/* Deeper trees would let the recursion of printers and rules grow without bound. */
enum { DEPTH_LARGEST = 10000 };

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

void sgc_describe_token(sgc_parser *parser, sgc_buf *out)
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
    sgc_describe_token(parser, &text);
    sgc_buf_byte(&text, '.');
    sgc_syntax_error_text(&parser->lexer, parser->lexer.token.start, &text);
    sgc_buf_free(&text);
}

static sgc_status run(sgc_parser *parser, const sgc_source *source, const sgc_parse_limits *limits,
                      sgc_arena *arena, sgc_diagnostics *diagnostics)
{
    sgc_status status = sgc_lexer_start(&parser->lexer, source, arena, diagnostics);

    if (status != SGC_OK) return status;
    if (limits) {
        parser->lexer.token_limit = limits->tokens;
        if (limits->depth) parser->lexer.depth_limit = limits->depth;
        if (limits->depth > DEPTH_LARGEST) parser->lexer.depth_limit = DEPTH_LARGEST;
    }
    int result = sgc_lang_parse(parser);
    if (result == 0) return SGC_OK;
    return result == 2 || parser->lexer.no_memory ? SGC_NO_MEMORY : SGC_INVALID;
}

sgc_status sgc_parse(const sgc_source *source, const sgc_parse_limits *limits, sgc_arena *arena,
                     sgc_diagnostics *diagnostics, sgc_document **document)
{
    sgc_parser parser = {.entry = TOK_START_DOCUMENT};

    parser.document = sgc_arena_zero(arena, 1, sizeof *parser.document);
    if (!parser.document) return SGC_NO_MEMORY;
    parser.document->source = source;
    sgc_status status = run(&parser, source, limits, arena, diagnostics);
    if (status == SGC_OK) *document = parser.document;
    return status;
}

sgc_status sgc_parse_const_value(const sgc_source *source, sgc_arena *arena,
                                 sgc_diagnostics *diagnostics, sgc_ast_value **value)
{
    sgc_parser parser = {.entry = TOK_START_VALUE};
    sgc_status status = run(&parser, source, NULL, arena, diagnostics);

    if (status == SGC_OK) *value = parser.value;
    return status;
}
