/*
 * minify.c - a text without the characters that the language ignores, token by token: what cannot
 * be lexed is reported, what cannot be parsed is not looked at.
 */
#include "lang/lexer.h"

#include "graphql_grammar.tab.h"

static bool is_punctuator(int kind)
{
    return kind >= TOK_BANG && kind <= TOK_BRACE_R;
}

static bool write_token(const sgc_lexer *lexer, int kind, sgc_buf *out)
{
    sgc_str token = sgc_lexer_text(lexer, lexer->token);

    if (kind != TOK_BLOCK_STRING) {
        sgc_buf_str(out, token);
        return true;
    }
    sgc_str value = sgc_block_string_decode(token, lexer->arena);
    if (!value.data) return false;
    sgc_block_string_print(value, 0, true, out);
    return true;
}

sgc_status sgc_minify(const sgc_source *source, sgc_arena *arena, sgc_diagnostics *diagnostics,
                      sgc_buf *out)
{
    sgc_lexer lexer;
    bool glued = true; /* no white space is needed before the next token */
    sgc_status status = sgc_lexer_start(&lexer, source, arena, diagnostics);

    if (status != SGC_OK) return status;
    lexer.depth_limit = UINT32_MAX; /* nothing here nests */
    for (;;) {
        int kind = sgc_lexer_next(&lexer);
        if (kind == TOK_YYEOF) break;
        if (kind == TOK_SGC_LANG_error) return lexer.no_memory ? SGC_NO_MEMORY : SGC_INVALID;
        if (!glued && (!is_punctuator(kind) || kind == TOK_SPREAD)) sgc_buf_byte(out, ' ');
        if (!write_token(&lexer, kind, out)) return SGC_NO_MEMORY;
        glued = is_punctuator(kind);
    }
    return out->failed ? SGC_NO_MEMORY : SGC_OK;
}
