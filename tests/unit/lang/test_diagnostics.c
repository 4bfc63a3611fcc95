/* test_diagnostics.c - errors as people and programs read them. */
#include "lang_test.h"

#include "lang/position.h"

static void show(struct job *job, sgc_str text, uint32_t offset, const char *message)
{
    CU_ASSERT_TRUE(job_start(job, text));
    sgc_diagnostic *error = sgc_report(&job->diagnostics, "Test", "%s", message);
    sgc_report_place(&job->diagnostics, error, &job->source, (sgc_span){offset, offset + 1});
    sgc_diagnostics_print(&job->diagnostics, &job->out);
}

static void expect_shown(const char *text, uint32_t offset, const char *message,
                         const char *expected)
{
    struct job job;

    show(&job, sgc_str_from(text), offset, message);
    UNIT_STR(sgc_buf_as_str(&job.out), expected);
    job_end(&job);
}

static void test_for_people(void)
{
    expect_shown("type Q {\n  a: Strin\n}", 14, "Unknown type \"Strin\". Did you mean \"String\"?",
                 "test.graphql:2:6: error: Unknown type \"Strin\".\n"
                 "      a: Strin\n"
                 "         ^\n"
                 "    hint: Did you mean \"String\"?\n");
    expect_shown("\ta b", 3, "Tabs", "test.graphql:1:4: error: Tabs\n     a b\n       ^\n");
    expect_shown("", 0, "Empty", "test.graphql:1:1: error: Empty\n    \n    ^\n");
    expect_shown("a\r\nbc", 5, "At the end",
                 "test.graphql:2:3: error: At the end\n    bc\n      ^\n");
    expect_shown("\xF0\x9F\x98\x80x", 4, "Wide",
                 "test.graphql:1:3: error: Wide\n    \xF0\x9F\x98\x80x\n     ^\n");
}

static void test_dangerous_characters(void)
{
    expect_shown("a\x1B[2J\xE2\x80\xAE\xEF\xBB\xBF\xC2\x9B b", 14, "Escape \x07\n",
                 "test.graphql:1:10: error: Escape \\u{7}\\u{A}\n"
                 "    a\\u{1B}[2J\\u{202E}\\u{FEFF}\\u{9B} b\n"
                 "                                     ^\n");
    expect_shown("a \xFF b", 4, "Bytes",
                 "test.graphql:1:5: error: Bytes\n    a \\xFF b\n           ^\n");
}

static void test_long_lines(void)
{
    char line[3000];
    struct job job;
    const uint32_t places[] = {0, 59, 61, 1500, 2990, 2999};

    memset(line, 'x', sizeof line);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        line[places[i]] = '!';
        show(&job, sgc_str_of(line, sizeof line), places[i], "Long");
        sgc_buf_byte(&job.out, '\0');
        char *shown = strchr(job.out.data, '\n') + 1;
        char *caret = strchr(shown, '\n') + 1;
        CU_ASSERT_TRUE(caret - shown <= 112);
        /* The caret stands below the place. */
        CU_ASSERT_EQUAL(shown[strchr(caret, '^') - caret], '!');
        job_end(&job);
        line[places[i]] = 'x';
    }
}

static void test_long_lines_of_wide_characters(void)
{
    sgc_buf text = {0};
    struct job job;

    for (int i = 0; i < 500; i++)
        sgc_buf_text(&text, "\xE2\x82\xAC");
    for (uint32_t at = 0; at < 1500; at += 333) {
        show(&job, sgc_buf_as_str(&text), at, "Wide");
        CU_ASSERT_EQUAL(sgc_utf8_valid_prefix(sgc_buf_as_str(&job.out)), job.out.size);
        CU_ASSERT_PTR_NULL(memchr(job.out.data, '\\', job.out.size));
        job_end(&job);
    }
    sgc_buf_free(&text);
}

static void test_several_places(void)
{
    struct job job;

    CU_ASSERT_TRUE(job_start(&job, SGC_STR("a\nb\nc")));
    sgc_diagnostic *error = sgc_report(&job.diagnostics, "Test", "Twice");
    for (uint32_t at = 4;; at -= 2) {
        sgc_report_place(&job.diagnostics, error, &job.source, (sgc_span){at, at + 1});
        if (at == 0) break;
    }
    sgc_report(&job.diagnostics, "Other", "Nowhere");
    sgc_diagnostics_print(&job.diagnostics, &job.out);
    UNIT_STR(sgc_buf_as_str(&job.out), "test.graphql:3:1: error: Twice\n    c\n    ^\n"
                                       "test.graphql:2:1: note: also here\n    b\n    ^\n"
                                       "test.graphql:1:1: note: also here\n    a\n    ^\n"
                                       "error: Nowhere\n");
    job.out.size = 0;
    sgc_diagnostics_json(&job.diagnostics, &job.out);
    UNIT_STR(sgc_buf_as_str(&job.out),
             "[{\"message\":\"Twice\",\"locations\":[{\"line\":3,\"column\":1},{\"line\":2,"
             "\"column\":1},{\"line\":1,\"column\":1}],\"rule\":\"Test\"},"
             "{\"message\":\"Nowhere\",\"locations\":[],\"rule\":\"Other\"}]");
    job_end(&job);
}

static void test_many_places_and_errors(void)
{
    struct job job;
    sgc_buf text = {0};

    for (int i = 0; i < 100000; i++)
        sgc_buf_text(&text, "\xC3\xA9\n");
    CU_ASSERT_TRUE(job_start(&job, sgc_buf_as_str(&text)));
    sgc_diagnostic *error = sgc_report(&job.diagnostics, "Test", "Everywhere");
    for (uint32_t i = 0; i < 100000; i++) {
        sgc_report_place(&job.diagnostics, error, &job.source, (sgc_span){i * 3, i * 3});
        sgc_report_place(&job.diagnostics, sgc_report(&job.diagnostics, "Test", "Here"),
                         &job.source, (sgc_span){i * 3 + 2, i * 3 + 3});
    }
    CU_ASSERT_EQUAL(error->place_count, 100000);
    CU_ASSERT_EQUAL(job.diagnostics.count, 100001);
    sgc_diagnostics_json(&job.diagnostics, &job.out);
    sgc_str end = SGC_STR("{\"line\":100000,\"column\":2}],\"rule\":\"Test\"}]");
    CU_ASSERT_TRUE(sgc_str_eq(sgc_str_of(job.out.data + job.out.size - end.size, end.size), end));
    job_end(&job);
    sgc_buf_free(&text);
}

static void expect_quoted(sgc_str text, const char *expected)
{
    sgc_buf out = {0};

    sgc_json_quote(&out, text);
    UNIT_STR(sgc_buf_as_str(&out), expected);
    sgc_buf_free(&out);
}

static void test_json_strings(void)
{
    expect_quoted(SGC_STR(""), "\"\"");
    expect_quoted(SGC_STR("a\"b\\c/\n\0\x7F"), "\"a\\\"b\\\\c/\\n\\u0000\\u007f\"");
    expect_quoted(SGC_STR("\xC3\xA9\xF0\x9F\x98\x80"), "\"\xC3\xA9\xF0\x9F\x98\x80\"");
    expect_quoted(SGC_STR("\xED\xB8\xAD|\xFF|\xE2\x82"), "\"\\ude2d|\\ufffd|\\ufffd\\ufffd\"");
}

static void test_positions(void)
{
    sgc_source source = {SGC_STR("x"), SGC_STR("a\r\nb\rc\n\n\xF0\x9F\x98\x80z")};
    static const unsigned expected[][3] = {{0, 1, 1}, {1, 1, 2}, {3, 2, 1}, {4, 2, 2},  {5, 3, 1},
                                           {6, 3, 2}, {7, 4, 1}, {8, 5, 1}, {12, 5, 3}, {13, 5, 4}};

    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        sgc_position at = sgc_source_position(&source, expected[i][0]);
        CU_ASSERT_EQUAL(at.line, expected[i][1]);
        CU_ASSERT_EQUAL(at.column, expected[i][2]);
    }
}

/* A locator gives the answers of a walk from the start, in any order, on any kind of line. */
static void test_locator(void)
{
    static const char *const pieces[] = {
        "\r\n", "\r", "\n", "\xF0\x9F\x98\x80", "\xC3\xA9", "x", "xy\n", "\xE2\x82\xAC", "z"};
    sgc_buf text = {0};
    struct job job;
    uint32_t state = 7;

    for (int i = 0; i < 4000; i++) {
        state = state * 1664525 + 1013904223;
        sgc_buf_text(&text, pieces[(state >> 20) % (i < 2000 ? 9 : 6)]);
    }
    CU_ASSERT_TRUE(job_start(&job, sgc_buf_as_str(&text)));
    sgc_locator locator = {.arena = &job.arena};
    for (uint32_t i = 0; i <= text.size; i++) {
        uint32_t offset = (uint32_t)(i * 7919ULL % (text.size + 1));
        sgc_position want = sgc_source_position(&job.source, offset);
        sgc_position got = sgc_locator_find(&locator, &job.source, offset);
        CU_ASSERT_TRUE(want.line == got.line && want.column == got.column);
    }
    job_end(&job);
    sgc_buf_free(&text);
}

/* Two places far apart on one endless line, a hundred thousand times. */
static void test_far_places_are_cheap(void)
{
    struct job job;
    sgc_buf text = {0};

    for (int i = 0; i < 1000000; i++)
        sgc_buf_byte(&text, 'a');
    CU_ASSERT_TRUE(job_start(&job, sgc_buf_as_str(&text)));
    for (uint32_t i = 0; i < 50000; i++) {
        sgc_diagnostic *error = sgc_report(&job.diagnostics, "Test", "Far");
        sgc_report_place(&job.diagnostics, error, &job.source, (sgc_span){999999 - i, 1000000});
        sgc_report_place(&job.diagnostics, error, &job.source, (sgc_span){i, i + 1});
    }
    sgc_diagnostics_json(&job.diagnostics, &job.out);
    sgc_str end = SGC_STR("{\"line\":1,\"column\":50000}],\"rule\":\"Test\"}]");
    CU_ASSERT_TRUE(sgc_str_eq(sgc_str_of(job.out.data + job.out.size - end.size, end.size), end));
    job.out.size = 0;
    sgc_diagnostics_print(&job.diagnostics, &job.out);
    end = SGC_STR("^\nand 49900 more errors\n");
    CU_ASSERT_TRUE(sgc_str_eq(sgc_str_of(job.out.data + job.out.size - end.size, end.size), end));
    job_end(&job);
    sgc_buf_free(&text);
}

/* One error at very many places: the first ten are shown. */
static void test_many_places(void)
{
    struct job job;

    CU_ASSERT_TRUE(job_start(&job, SGC_STR("a")));
    sgc_diagnostic *error = sgc_report(&job.diagnostics, "Test", "Everywhere");
    for (int i = 0; i < 10; i++)
        sgc_report_place(&job.diagnostics, error, &job.source, (sgc_span){0, 1});
    sgc_diagnostics_print(&job.diagnostics, &job.out);
    size_t shown = job.out.size;
    for (int i = 0; i < 90; i++)
        sgc_report_place(&job.diagnostics, error, &job.source, (sgc_span){0, 1});
    sgc_diagnostics_print(&job.diagnostics, &job.out);
    sgc_str rest = sgc_str_of(job.out.data + 2 * shown, job.out.size - 2 * shown);
    UNIT_STR(rest, "    and at 90 more places\n");
    job_end(&job);
}

int main(void)
{
    CU_TestInfo tests[] = {{"many places", test_many_places},
                           {"for people", test_for_people},
                           {"dangerous characters", test_dangerous_characters},
                           {"long lines", test_long_lines},
                           {"long lines of wide characters", test_long_lines_of_wide_characters},
                           {"several places", test_several_places},
                           {"many places and errors", test_many_places_and_errors},
                           {"JSON strings", test_json_strings},
                           {"positions", test_positions},
                           {"locator", test_locator},
                           {"far places are cheap", test_far_places_are_cheap},
                           CU_TEST_INFO_NULL};

    return unit_run("lang.diagnostics", tests);
}
