/*
 * lexer.h - private to lang: the tokens of GraphQL text, and the strings among them. The parser and
 * the minifier read tokens from here; nobody outside this room does.
 */
#ifndef SGC_LANG_LEXER_H
#define SGC_LANG_LEXER_H

#include "lang/syntax.h"

/** Where a lexer stands. Zero-initialise through sgc_lexer_start(). */
typedef struct sgc_lexer {
    const sgc_source *source;
    sgc_arena *arena;
    sgc_diagnostics *diagnostics;
    const char *cursor;
    const char *limit; /**< the sentinel behind the last byte */
    const char *bad;   /**< first byte that is not UTF-8; limit when there is none */
    sgc_span token;    /**< the token read last */
    sgc_span previous; /**< the one before it */
    int kind;          /**< TOK_ number of the token read last */
    uint32_t depth, depth_limit;
    uint32_t tokens, token_limit;
    bool no_memory;
} sgc_lexer;

/** Begins at the start of a source; reports and returns SGC_INVALID when it is too large. */
SGC_CHECK sgc_status sgc_lexer_start(sgc_lexer *lexer, const sgc_source *source, sgc_arena *arena,
                                     sgc_diagnostics *diagnostics);
/** The next token's number; TOK_SGC_LANG_error after an error was reported. */
int sgc_lexer_next(sgc_lexer *lexer);
/** The bytes of a span of the lexer's source. */
static inline sgc_str sgc_lexer_text(const sgc_lexer *lexer, sgc_span span)
{
    return sgc_str_of(lexer->source->text.data + span.start, span.end - span.start);
}
/** Reports `Syntax Error: ` and the text at one byte offset. */
void sgc_syntax_error(sgc_lexer *lexer, uint32_t offset, const char *format, ...) SGC_PRINTF(3, 4);
/** The same for a text that may hold NUL bytes. */
void sgc_syntax_error_text(sgc_lexer *lexer, uint32_t offset, const sgc_buf *text);
/** Reports "words: character." where the character at `at` is named: "x", U+0007 or <EOF>. */
void sgc_character_error(sgc_lexer *lexer, const char *at, const char *words);

/* ---- strings.c ---- */

/**
 * Checks the string that starts at `start` (its opening quotes included) and returns the byte
 * behind it, or NULL after an error was reported.
 */
const char *sgc_string_scan(sgc_lexer *lexer, const char *start);
const char *sgc_block_string_scan(sgc_lexer *lexer, const char *start);
/** The value of a checked string token: a slice of `token` when it can be one, else in the arena.
 */
sgc_str sgc_string_decode(sgc_str token, sgc_arena *arena);
sgc_str sgc_block_string_decode(sgc_str token, sgc_arena *arena);
/** Writes a value as a string literal, as graphql-js prints it. */
void sgc_string_print(sgc_str value, sgc_buf *out);
/** Writes a value as a block string; every line break is followed by `indent` spaces. */
void sgc_block_string_print(sgc_str value, size_t indent, bool minimize, sgc_buf *out);
/** Length in UTF-16 code units, as graphql-js measures everything. */
size_t sgc_utf16_length(sgc_str text);

#endif
