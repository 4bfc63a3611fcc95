/*
 * parser.c - the calls of syntax.h that read text: they start the grammar, pass limits on and turn
 * what it returns into a status. The grammar itself is graphql_grammar.y.
 */
#include "lang/parser.h"

#include "graphql_grammar.tab.h"

/* Deeper trees would let the recursion of printers and rules grow without bound. */
enum { DEPTH_LARGEST = 10000 };

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
