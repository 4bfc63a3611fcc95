/* test_strings.c - string literals decoded and written back. */
#include "lang_test.h"

static void expect_value(const char *literal, const char *expected)
{
    struct job job;
    sgc_ast_value *value = NULL;

    CU_ASSERT_TRUE(job_start(&job, sgc_str_from(literal)));
    CU_ASSERT_EQUAL_FATAL(sgc_parse_const_value(&job.source, &job.arena, &job.diagnostics, &value),
                          SGC_OK);
    UNIT_STR(value->text, expected);
    job_end(&job);
}

static void test_escapes(void)
{
    expect_value("\"\"", "");
    expect_value("\"plain\"", "plain");
    expect_value("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t");
    expect_value("\"\\u0041\\u00e9\\u20AC\"", "A\xC3\xA9\xE2\x82\xAC");
    expect_value("\"\\uD83D\\uDE00!\"", "\xF0\x9F\x98\x80!");
    expect_value("\"\\u{1F600}\\u{41}\\u{0000041}\\u{10FFFF}\"", "\xF0\x9F\x98\x80"
                                                                 "AA\xF4\x8F\xBF\xBF");
    expect_value("\"# no comment, \xF0\x9F\x98\x80\"", "# no comment, \xF0\x9F\x98\x80");
}

static void test_block_strings(void)
{
    expect_value("\"\"\"\"\"\"", "");
    expect_value("\"\"\"   \n \t \n\"\"\"", "");
    expect_value("\"\"\" a \"\"\"", " a ");
    expect_value("\"\"\"\n  a\n\"\"\"", "a");
    expect_value("\"\"\"\r\n    a\r\n      b\r\r\n    c\r\n  \"\"\"", "a\n  b\n\nc");
    expect_value("\"\"\"first\n    a\n   b\n\"\"\"", "first\n a\nb");
    expect_value("\"\"\"  first\n    a\"\"\"", "  first\na");
    expect_value("\"\"\"\n\n\ta\n\t\tb\n \n\n\"\"\"", "a\n\tb");
    expect_value("\"\"\"a\n\n  \n      b\"\"\"", "a\n\n\nb");
    expect_value("\"\"\"a\nb\"\"\"", "a\nb");
    expect_value("\"\"\"\na\n  b\n\"\"\"", "a\n  b");
    expect_value("\"\"\"say \\\"\"\"hi\\\"\"\"\"\"\"", "say \"\"\"hi\"\"\"");
    expect_value("\"\"\"no \\n \\u0041 \"quotes\" \"\" \\ \"\"\"",
                 "no \\n \\u0041 \"quotes\" \"\" \\ ");
}

static void expect_literal(const char *value, const char *expected)
{
    sgc_buf out = {0};

    sgc_string_print(sgc_str_from(value), &out);
    UNIT_STR(sgc_buf_as_str(&out), expected);
    sgc_buf_free(&out);
}

static void test_writing(void)
{
    expect_literal("", "\"\"");
    expect_literal("a\"b\\c/", "\"a\\\"b\\\\c/\"");
    expect_literal("\b\t\n\f\r\x0B\x1F\x7F", "\"\\b\\t\\n\\f\\r\\u000B\\u001F\\u007F\"");
    expect_literal("\xC2\x80\xC2\x9F\xC2\xA0\xC3\x80", "\"\\u0080\\u009F\xC2\xA0\xC3\x80\"");
    expect_literal("\xC2", "\"\xC2\"");
}

static void expect_block(const char *value, size_t indent, bool minimize, const char *expected)
{
    sgc_buf out = {0};

    sgc_block_string_print(sgc_str_from(value), indent, minimize, &out);
    UNIT_STR(sgc_buf_as_str(&out), expected);
    sgc_buf_free(&out);
}

static void test_writing_blocks(void)
{
    static const char seventy_one[] =
        "12345678901234567890123456789012345678901234567890123456789012345678901";
    static const char long_block[] =
        "\"\"\"\n12345678901234567890123456789012345678901234567890123456789012345678901\n\"\"\"";

    expect_block("", 0, false, "\"\"\"\"\"\"");
    expect_block("one line", 4, false, "\"\"\"one line\"\"\"");
    expect_block(" indented", 0, false, "\"\"\" indented\"\"\"");
    expect_block("a\nb", 2, false, "\"\"\"\n  a\n  b\n  \"\"\"");
    expect_block("a\n\nb", 2, false, "\"\"\"\n  a\n  \n  b\n  \"\"\"");
    expect_block("quote\"", 0, false, "\"\"\"\nquote\"\n\"\"\"");
    expect_block(" quote\"", 0, false, "\"\"\" quote\"\n\"\"\"");
    expect_block("slash\\", 0, false, "\"\"\"\nslash\\\n\"\"\"");
    expect_block("three\"\"\"", 0, false, "\"\"\"\nthree\\\"\"\"\n\"\"\"");
    expect_block("four\"\"\"\"", 0, true, "\"\"\"four\\\"\"\"\"\n\"\"\"");
    expect_block("a\n b", 0, true, "\"\"\"\na\n b\"\"\"");
    expect_block("a\nb", 0, true, "\"\"\"a\nb\"\"\"");
    expect_block(seventy_one, 0, true,
                 "\"\"\"12345678901234567890123456789012345678901234567890"
                 "123456789012345678901\"\"\"");
    expect_block(seventy_one, 0, false, long_block);
    expect_block(seventy_one + 1, 0, false,
                 "\"\"\"234567890123456789012345678901234567890123456789"
                 "0123456789012345678901\"\"\"");
}

/* Whatever a value is, its block literal means the same value again. */
static void test_round_trip(void)
{
    static const char letters[] = "a \t\n\"\\";
    uint32_t state = 12345;

    for (int round = 0; round < 20000; round++) {
        char value[12];
        sgc_arena arena = {0};
        sgc_buf block = {0}, again = {0};
        for (size_t i = 0; i < sizeof value; i++) {
            state = state * 1664525 + 1013904223;
            value[i] = letters[(state >> 24) % (sizeof letters - 1)];
        }
        /* Only what a block string can hold: decode once to get there. */
        sgc_buf_text(&block, "\"\"\"");
        for (size_t i = 0; i < sizeof value; i++)
            if (value[i] != '"' && value[i] != '\\') sgc_buf_byte(&block, value[i]);
        sgc_buf_text(&block, "\"\"\"");
        sgc_str first = sgc_block_string_decode(sgc_buf_as_str(&block), &arena);
        sgc_block_string_print(first, 0, round % 2, &again);
        CU_ASSERT_TRUE(sgc_str_eq(sgc_block_string_decode(sgc_buf_as_str(&again), &arena), first));

        struct job job;
        again.size = 0;
        sgc_string_print(sgc_str_of(value, sizeof value), &again);
        CU_ASSERT_TRUE(job_start(&job, sgc_buf_as_str(&again)));
        sgc_ast_value *back = NULL;
        CU_ASSERT_EQUAL_FATAL(
            sgc_parse_const_value(&job.source, &job.arena, &job.diagnostics, &back), SGC_OK);
        CU_ASSERT_TRUE(sgc_str_eq(back->text, sgc_str_of(value, sizeof value)));
        job_end(&job);
        sgc_buf_free(&block);
        sgc_buf_free(&again);
        sgc_arena_free(&arena);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {{"escapes", test_escapes},       {"block strings", test_block_strings},
                           {"writing", test_writing},       {"writing blocks", test_writing_blocks},
                           {"round trip", test_round_trip}, CU_TEST_INFO_NULL};

    return unit_run("lang.strings", tests);
}
