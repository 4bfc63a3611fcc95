/*
 * graphql_lexer.re - the tokens of GraphQL text. One scanner block, one token a call; what goes
 * wrong is worded in cold functions below it. Strings with escapes and block strings are in
 * strings.c.
 *
 * The text ends with a NUL sentinel that is not part of it; a NUL before the limit is an ordinary
 * character. Text is bytes here: bytes that are not UTF-8 were found by sgc_lexer_start(), and only
 * comments and strings can swallow them, so only those compare with `bad`.
 */
#include "lang/lexer.h"

#include "graphql_grammar.tab.h"

#include <assert.h>

enum { DEPTH_DEFAULT = 1000 };

sgc_status sgc_lexer_start(sgc_lexer *lexer, const sgc_source *source, sgc_arena *arena,
                           sgc_diagnostics *diagnostics)
{
    *lexer = (sgc_lexer){.source = source, .arena = arena, .diagnostics = diagnostics};
    lexer->depth_limit = DEPTH_DEFAULT;
    lexer->cursor = source->text.data;
    lexer->limit = source->text.data + source->text.size;
    if (source->text.size >= UINT32_MAX) {
        sgc_syntax_error(lexer, 0, "The document is larger than 4 GB.");
        return SGC_INVALID;
    }
    assert(*lexer->limit == '\0');
    lexer->bad = lexer->cursor + sgc_utf8_valid_prefix(source->text);
    return SGC_OK;
}

static uint32_t offset_of(const sgc_lexer *lexer, const char *at)
{
    return (uint32_t)(at - lexer->source->text.data);
}

/* ---- errors ---- */

void sgc_syntax_error_text(sgc_lexer *lexer, uint32_t offset, const sgc_buf *text)
{
    sgc_str message = sgc_arena_str(lexer->arena, sgc_buf_as_str(text));
    sgc_diagnostic *error = sgc_report(lexer->diagnostics, "Syntax", "Syntax Error");

    if (text->failed || !message.data || !error) {
        lexer->no_memory = true;
        return;
    }
    error->message = message;
    sgc_report_place(lexer->diagnostics, error, lexer->source, (sgc_span){offset, offset});
}

void sgc_syntax_error(sgc_lexer *lexer, uint32_t offset, const char *format, ...)
{
    sgc_buf text = {0};
    va_list arguments;

    sgc_buf_text(&text, "Syntax Error: ");
    va_start(arguments, format);
    sgc_buf_vprintf(&text, format, arguments);
    va_end(arguments);
    sgc_syntax_error_text(lexer, offset, &text);
    sgc_buf_free(&text);
}

/* Byte order tricks with half of a surrogate pair reach us as the three bytes that UTF-8 would
 * give it; graphql-js names such a half like a character. */
static size_t decode_surrogate(const char *at, size_t size, uint32_t *code)
{
    const uint8_t *b = (const uint8_t *)at;

    if (size < 3 || b[0] != 0xED || (b[1] & 0xE0) != 0xA0 || (b[2] & 0xC0) != 0x80) return 0;
    *code = 0xD000U | (b[1] & 0x3FU) << 6 | (b[2] & 0x3FU);
    return 3;
}

static void describe_character(const sgc_lexer *lexer, const char *at, sgc_buf *out)
{
    size_t left = (size_t)(lexer->limit - at);
    uint32_t code;

    if (left == 0) {
        sgc_buf_text(out, "<EOF>");
    } else if (!sgc_utf8_decode(at, left, &code) && !decode_surrogate(at, left, &code)) {
        sgc_buf_printf(out, "byte 0x%02X, which is not UTF-8", (unsigned)(unsigned char)*at);
    } else if (code == '"') {
        sgc_buf_text(out, "'\"'");
    } else if (code >= 0x20 && code <= 0x7E) {
        sgc_buf_printf(out, "\"%c\"", (char)code);
    } else {
        sgc_buf_printf(out, "U+%04X", (unsigned)code);
    }
}

void sgc_character_error(sgc_lexer *lexer, const char *at, const char *words)
{
    sgc_buf text = {0};

    sgc_buf_printf(&text, "Syntax Error: %s: ", words);
    describe_character(lexer, at, &text);
    sgc_buf_byte(&text, '.');
    sgc_syntax_error_text(lexer, offset_of(lexer, at), &text);
    sgc_buf_free(&text);
}

static int fail_at(sgc_lexer *lexer, const char *at, const char *words)
{
    sgc_character_error(lexer, at, words);
    return TOK_SGC_LANG_error;
}

static int unexpected_character(sgc_lexer *lexer, const char *at)
{
    if (at == lexer->bad) return fail_at(lexer, at, "Invalid character");
    if (*at != '\'') return fail_at(lexer, at, "Unexpected character");
    sgc_syntax_error(lexer, offset_of(lexer, at),
                     "Unexpected single quote character ('), did you mean to use a double quote "
                     "(\")?");
    return TOK_SGC_LANG_error;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *skip_digits(const char *at)
{
    while (is_digit(*at)) at++;
    return at;
}

/* `at` starts something like a number that is none: say where it stops being one. */
static int bad_number(sgc_lexer *lexer, const char *at)
{
    static const char expected[] = "Invalid number, expected digit but got";

    if (*at == '-') at++;
    if (*at == '0' && is_digit(at[1]))
        return fail_at(lexer, at + 1, "Invalid number, unexpected digit after 0");
    if (!is_digit(*at)) return fail_at(lexer, at, expected);
    at = skip_digits(at);
    if (*at == '.') {
        if (!is_digit(*++at)) return fail_at(lexer, at, expected);
        at = skip_digits(at);
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        if (*at == '+' || *at == '-') at++;
        if (!is_digit(*at)) return fail_at(lexer, at, expected);
        at = skip_digits(at);
    }
    return fail_at(lexer, at, expected);
}

static int bad_dots(sgc_lexer *lexer, const char *at)
{
    if (at[1] == '.') {
        sgc_syntax_error(lexer, offset_of(lexer, at), "Unexpected \"..\", did you mean \"...\"?");
        return TOK_SGC_LANG_error;
    }
    if (!is_digit(at[1])) return unexpected_character(lexer, at);
    sgc_syntax_error(lexer, offset_of(lexer, at),
                     "Invalid number, expected digit before \".\", did you mean \"0.%.*s\"?",
                     (int)(skip_digits(at + 1) - at - 1), at + 1);
    return TOK_SGC_LANG_error;
}

static int too_many(sgc_lexer *lexer)
{
    if (lexer->token_limit && lexer->tokens > lexer->token_limit)
        sgc_syntax_error(lexer, lexer->token.start,
                         "Document contains more than %u tokens. Parsing aborted.",
                         (unsigned)lexer->token_limit);
    else
        sgc_syntax_error(lexer, lexer->token.start,
                         "Document is nested more than %u levels deep. Parsing aborted.",
                         (unsigned)lexer->depth_limit);
    return TOK_SGC_LANG_error;
}

/* ---- the scanner ---- */

/* Comments run to the end of the line; NUL bytes inside are text. False at bytes not UTF-8. */
static bool skip_comment(sgc_lexer *lexer)
{
    const char *at = lexer->cursor;

    while (*at != '\n' && *at != '\r' && at < lexer->limit) at++;
    lexer->cursor = at;
    return at <= lexer->bad;
}

/*!re2c
    re2c:define:YYCTYPE = "unsigned char";
    re2c:define:YYCURSOR = at;
    re2c:define:YYMARKER = marker;
    re2c:yyfill:enable = 0;
    re2c:flags:bit-vectors = 1;

    ignored = [ \t\n\r,] | "\xEF\xBB\xBF";
    name    = [_A-Za-z] [_0-9A-Za-z]*;
    int     = "-"? ("0" | [1-9] [0-9]*);
    float   = int ("." [0-9]+)? ([eE] [+-]? [0-9]+)?;
*/

#define TOKEN(kind)                                                                                \
    do {                                                                                           \
        *start = (const char *)from;                                                               \
        lexer->cursor = (const char *)at;                                                          \
        return (kind);                                                                             \
    } while (0)

/* Reads one token and sets where it starts; lexer->cursor is behind it. */
static int scan(sgc_lexer *lexer, const char **start)
{
    const unsigned char *at = (const unsigned char *)lexer->cursor;
    const unsigned char *marker;
    const unsigned char *from;

again:
    from = at;
    /*!re2c
        ignored+ { goto again; }
        "#" {
            lexer->cursor = (const char *)at;
            if (!skip_comment(lexer)) return unexpected_character(lexer, lexer->bad);
            at = (const unsigned char *)lexer->cursor;
            goto again;
        }

        "!"            { TOKEN(TOK_BANG); }         "$"            { TOKEN(TOK_DOLLAR); }
        "&"            { TOKEN(TOK_AMP); }          "("            { TOKEN(TOK_PAREN_L); }
        ")"            { TOKEN(TOK_PAREN_R); }      "..."          { TOKEN(TOK_SPREAD); }
        ":"            { TOKEN(TOK_COLON); }        "="            { TOKEN(TOK_EQUALS); }
        "@"            { TOKEN(TOK_AT); }           "["            { TOKEN(TOK_BRACKET_L); }
        "]"            { TOKEN(TOK_BRACKET_R); }    "{"            { TOKEN(TOK_BRACE_L); }
        "|"            { TOKEN(TOK_PIPE); }         "}"            { TOKEN(TOK_BRACE_R); }

        "query"        { TOKEN(TOK_QUERY); }        "mutation"     { TOKEN(TOK_MUTATION); }
        "subscription" { TOKEN(TOK_SUBSCRIPTION); } "fragment"     { TOKEN(TOK_FRAGMENT); }
        "on"           { TOKEN(TOK_ON); }           "true"         { TOKEN(TOK_TRUE); }
        "false"        { TOKEN(TOK_FALSE); }        "null"         { TOKEN(TOK_NULL); }
        "schema"       { TOKEN(TOK_SCHEMA); }       "scalar"       { TOKEN(TOK_SCALAR); }
        "type"         { TOKEN(TOK_TYPE); }         "interface"    { TOKEN(TOK_INTERFACE); }
        "union"        { TOKEN(TOK_UNION); }        "enum"         { TOKEN(TOK_ENUM); }
        "input"        { TOKEN(TOK_INPUT); }        "directive"    { TOKEN(TOK_DIRECTIVE); }
        "extend"       { TOKEN(TOK_EXTEND); }       "implements"   { TOKEN(TOK_IMPLEMENTS); }
        "repeatable"   { TOKEN(TOK_REPEATABLE); }
        name           { TOKEN(TOK_NAME); }

        int   { TOKEN(TOK_INT); }
        float { TOKEN(TOK_FLOAT); }
        "-" | float [._0-9A-Za-z] { return bad_number(lexer, (const char *)from); }
        "." | ".."                { return bad_dots(lexer, (const char *)from); }

        ["] [^"\\\n\r\x00]* ["] {
            if ((const char *)at > lexer->bad) goto string;
            TOKEN(TOK_STRING);
        }
        ["]    { goto string; }
        ["]{3} {
            *start = (const char *)from;
            lexer->cursor = sgc_block_string_scan(lexer, *start);
            return lexer->cursor ? TOK_BLOCK_STRING : TOK_SGC_LANG_error;
        }

        [\x00] {
            if ((const char *)from < lexer->limit)
                return unexpected_character(lexer, (const char *)from);
            at = from;
            TOKEN(TOK_YYEOF);
        }
        * { return unexpected_character(lexer, (const char *)from); }
    */

string:
    *start = (const char *)from;
    lexer->cursor = sgc_string_scan(lexer, *start);
    return lexer->cursor ? TOK_STRING : TOK_SGC_LANG_error;
}

int sgc_lexer_next(sgc_lexer *lexer)
{
    const char *start = NULL;
    int kind = scan(lexer, &start);

    if (kind == TOK_SGC_LANG_error) return kind;
    lexer->previous = lexer->token;
    lexer->token = (sgc_span){offset_of(lexer, start), offset_of(lexer, lexer->cursor)};
    lexer->kind = kind;
    if (kind == TOK_YYEOF) return kind;
    if (lexer->token_limit && ++lexer->tokens > lexer->token_limit) return too_many(lexer);
    if (kind == TOK_BRACE_L || kind == TOK_BRACKET_L) {
        if (++lexer->depth > lexer->depth_limit) return too_many(lexer);
    } else if ((kind == TOK_BRACE_R || kind == TOK_BRACKET_R) && lexer->depth > 0) {
        lexer->depth--;
    }
    return kind;
}
