/* test_lexer.c - every lexical error, ignored characters, and bytes that nobody should send. */
#include "lang_test.h"

static void test_errors(void)
{
    static const struct error_case cases[] = {
        {"{ a ? }", "Unexpected character: \"?\".", 1, 5},
        {"\x07", "Unexpected character: U+0007.", 1, 1},
        {"\xC3\xA9", "Unexpected character: U+00E9.", 1, 1},
        {"{ \xF0\x9F\x98\x80 }", "Unexpected character: U+1F600.", 1, 3},
        {"'a'", "Unexpected single quote character ('), did you mean to use a double quote (\")?",
         1, 1},
        {"{ a\r\n b\r .. }", "Unexpected \"..\", did you mean \"...\"?", 3, 2},
        {".a", "Unexpected character: \".\".", 1, 1},
        {"{ a(b: .42) }", "Invalid number, expected digit before \".\", did you mean \"0.42\"?", 1,
         8},
        {"{ a(b: 01) }", "Invalid number, unexpected digit after 0: \"1\".", 1, 9},
        {"{ a(b: -00) }", "Invalid number, unexpected digit after 0: \"0\".", 1, 10},
        {"{ a(b: -) }", "Invalid number, expected digit but got: \")\".", 1, 9},
        {"-", "Invalid number, expected digit but got: <EOF>.", 1, 2},
        {"1.", "Invalid number, expected digit but got: <EOF>.", 1, 3},
        {"1.e5", "Invalid number, expected digit but got: \"e\".", 1, 3},
        {"1e", "Invalid number, expected digit but got: <EOF>.", 1, 3},
        {"1e+\"", "Invalid number, expected digit but got: '\"'.", 1, 4},
        {"1.5.2", "Invalid number, expected digit but got: \".\".", 1, 4},
        {"12a", "Invalid number, expected digit but got: \"a\".", 1, 3},
        {"0_", "Invalid number, expected digit but got: \"_\".", 1, 2},
        {"1e5x", "Invalid number, expected digit but got: \"x\".", 1, 4},
        {"\"abc", "Unterminated string.", 1, 5},
        {"\"abc\n\"", "Unterminated string.", 1, 5},
        {"\"a\\qb\"", "Invalid character escape sequence: \"\\q\".", 1, 3},
        {"\"a\\", "Invalid character escape sequence: \"\\\".", 1, 3},
        {"\"\\u12G4\"", "Invalid Unicode escape sequence: \"\\u12G4\".", 1, 2},
        {"\"\\u1", "Invalid Unicode escape sequence: \"\\u1\".", 1, 2},
        {"\"\\uD800\"", "Invalid Unicode escape sequence: \"\\uD800\".", 1, 2},
        {"\"\\uD83D\\u0041\"", "Invalid Unicode escape sequence: \"\\uD83D\".", 1, 2},
        {"\"\\uDE00\"", "Invalid Unicode escape sequence: \"\\uDE00\".", 1, 2},
        {"\"\\u{}\"", "Invalid Unicode escape sequence: \"\\u{}\".", 1, 2},
        {"\"\\u{110000}\"", "Invalid Unicode escape sequence: \"\\u{110000}\".", 1, 2},
        {"\"\\u{D800}\"", "Invalid Unicode escape sequence: \"\\u{D800}\".", 1, 2},
        {"\"\\u{000000041}\"", "Invalid Unicode escape sequence: \"\\u{000000041\".", 1, 2},
        {"\"\\u{FFFFFFFF}\"", "Invalid Unicode escape sequence: \"\\u{FFFFFFFF\".", 1, 2},
        {"\"\\u{4G}\"", "Invalid Unicode escape sequence: \"\\u{4G\".", 1, 2},
        {"\"\\u{\xF0\x9F\x98\x80}\"", "Invalid Unicode escape sequence: \"\\u{\xEF\xBF\xBD\".", 1,
         2},
        {"\"\"\"abc\n\"", "Unterminated string.", 2, 2},
        {"\"\"\"\\\"\"\"", "Unterminated string.", 1, 8},
        {"# only a comment", "Unexpected <EOF>.", 1, 17},
    };

    EXPECT_ERRORS(cases);
}

static void test_columns_count_utf16(void)
{
    static const struct error_case cases[] = {
        {"{ a(b: \"\xF0\x9F\x98\x80\xC3\xA9\") ? }", "Unexpected character: \"?\".", 1, 15},
        {"\xEF\xBB\xBF\n\r\n\r ?", "Unexpected character: \"?\".", 4, 2},
        {"# \xE2\x82\xAC\n  %", "Unexpected character: \"%\".", 2, 3},
    };

    EXPECT_ERRORS(cases);
}

static void invalid_utf8(const char *text, const char *message, unsigned line, unsigned column)
{
    struct job job;

    CU_ASSERT_EQUAL(parse_text(&job, text), SGC_INVALID);
    expect_error(&job, message, line, column);
    job_end(&job);
}

static void test_bytes_that_are_not_utf8(void)
{
    invalid_utf8("{ a \xFF }", "Syntax Error: Invalid character: byte 0xFF, which is not UTF-8.", 1,
                 5);
    invalid_utf8("{ a # \xC3\n }",
                 "Syntax Error: Invalid character: byte 0xC3, which is not UTF-8.", 1, 7);
    invalid_utf8("{ a(b: \"x\xE2\x82\") }",
                 "Syntax Error: Invalid character within String: byte 0xE2, which is not UTF-8.", 1,
                 10);
    invalid_utf8("{ a(b: \"\"\"\n\xC0\xAF\"\"\") }",
                 "Syntax Error: Invalid character within String: byte 0xC0, which is not UTF-8.", 2,
                 1);
    invalid_utf8("\"\xED\xB8\xAD\"", "Syntax Error: Invalid character within String: U+DE2D.", 1,
                 2);
    /* What comes first is reported first. */
    invalid_utf8("{ ? \xFF }", "Syntax Error: Unexpected character: \"?\".", 1, 3);
    invalid_utf8("{ a(b: \"\n\xFF\") }", "Syntax Error: Unterminated string.", 1, 9);
    invalid_utf8("{ a } }\xFF", "Syntax Error: Unexpected \"}\".", 1, 7);
}

static void test_nul_is_a_character(void)
{
    static const char in_string[] = "{ a(b: \"x\0y\") # \0 c\n c(d: \"\"\"\0\"\"\") }";
    static const char outside[] = "{ a \0 }";
    struct job job;

    CU_ASSERT_TRUE(job_start(&job, sgc_str_of(in_string, sizeof in_string - 1)));
    CU_ASSERT_EQUAL_FATAL(job_parse(&job, NULL), SGC_OK);
    sgc_ast_selection *a = job.document->definitions->selections;
    CU_ASSERT_TRUE(sgc_str_eq(a->arguments->value->text, SGC_STR("x\0y")));
    CU_ASSERT_TRUE(sgc_str_eq(a->next->arguments->value->text, SGC_STR("\0")));
    job_end(&job);

    CU_ASSERT_TRUE(job_start(&job, sgc_str_of(outside, sizeof outside - 1)));
    CU_ASSERT_EQUAL(job_parse(&job, NULL), SGC_INVALID);
    expect_error(&job, "Syntax Error: Unexpected character: U+0000.", 1, 5);
    job_end(&job);
}

static void test_ignored_characters(void)
{
    struct job job;

    CU_ASSERT_EQUAL(parse_text(&job, "\xEF\xBB\xBF,,{\t a,\r\n#x\r b #y"), SGC_INVALID);
    job_end(&job);
    CU_ASSERT_EQUAL_FATAL(parse_text(&job, "\xEF\xBB\xBF,,{\t a,\r\n#x\r\xEF\xBB\xBF"
                                           "b }#y"),
                          SGC_OK);
    sgc_ast_selection *a = job.document->definitions->selections;
    UNIT_STR(a->name.text, "a");
    UNIT_STR(a->next->name.text, "b");
    CU_ASSERT_EQUAL(sgc_source_position(&job.source, a->next->span.start).line, 3);
    CU_ASSERT_EQUAL(sgc_source_position(&job.source, a->next->span.start).column, 2);
    job_end(&job);
}

/* Any byte anywhere, and any end: an answer, never a read outside the text. */
static void damage(const char *text, bool (*survives)(struct job *job))
{
    static const char bytes[] = "\0\x01\t\n\r \"#$&()-.0:=@[\\]_au{|}'\x7F\x80\xC2\xE2\xED\xF0\xFF";
    size_t size = strlen(text);

    for (size_t at = 0; at < size; at++) {
        struct job job;
        CU_ASSERT_TRUE_FATAL(job_start(&job, sgc_str_of(text, at)));
        CU_ASSERT_TRUE(survives(&job));
        job_end(&job);
        for (size_t i = 0; i < sizeof bytes; i++) {
            CU_ASSERT_TRUE_FATAL(job_start(&job, sgc_str_of(text, size)));
            job.copy[at] = bytes[i];
            CU_ASSERT_TRUE(survives(&job));
            job_end(&job);
        }
    }
}

static bool survives_parse(struct job *job)
{
    sgc_status status = job_parse(job, NULL);

    if (status == SGC_OK) return job->diagnostics.count == 0;
    sgc_diagnostics_print(&job->diagnostics, &job->out);
    sgc_diagnostics_json(&job->diagnostics, &job->out);
    return status == SGC_INVALID && job->diagnostics.count == 1 &&
           sgc_utf8_valid_prefix(sgc_buf_as_str(&job->out)) == job->out.size;
}

static bool survives_minify(struct job *job)
{
    sgc_status status = sgc_minify(&job->source, &job->arena, &job->diagnostics, &job->out);

    return (status == SGC_OK) == (job->diagnostics.count == 0);
}

static void test_damaged_documents(void)
{
    damage(query_sink, survives_parse);
    damage(schema_sink, survives_parse);
    damage(query_sink, survives_minify);
    damage(schema_sink, survives_minify);
}

int main(void)
{
    CU_TestInfo tests[] = {{"errors", test_errors},
                           {"columns count UTF-16", test_columns_count_utf16},
                           {"bytes that are not UTF-8", test_bytes_that_are_not_utf8},
                           {"NUL is a character", test_nul_is_a_character},
                           {"ignored characters", test_ignored_characters},
                           {"damaged documents", test_damaged_documents},
                           CU_TEST_INFO_NULL};

    return unit_run("lang.lexer", tests);
}
