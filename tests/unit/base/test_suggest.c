/*
 * test_suggest.c - suggestions for misspelt names: what resembles what, in which order, and that a
 * list of any length costs no more than the effort it is given.
 */
#include "base/base.h"
#include "unit/unit.h"

static void expect_suggestions(const char *input, const char *const *names, size_t count,
                               const char *expected)
{
    sgc_str options[32], best[SGC_SUGGESTIONS];
    uint64_t effort = SGC_SUGGEST_EFFORT;
    sgc_buf out = {0};

    for (size_t i = 0; i < count; i++)
        options[i] = sgc_str_from(names[i]);
    size_t found = sgc_suggest(sgc_str_from(input), options, count, &effort, best);
    sgc_did_you_mean(NULL, best, found, &out);
    UNIT_STR(sgc_buf_as_str(&out), expected);
    sgc_buf_free(&out);
}

static void resembles(void)
{
    static const char *const none[] = {"x"}, *const one[] = {"greetings", "greeting", "gretting"},
                             *const many[] = {"a10", "a9", "a8", "a07", "a6", "a5", "A1", "a9"},
                             *const swap[] = {"abc", "acb", "cab"}, *const upper[] = {"VERYTEST"},
                             *const kelvin[] = {"ik"};

    expect_suggestions("", none, 1, " Did you mean \"x\"?");
    expect_suggestions("abcdefgh", none, 1, "");
    expect_suggestions("greetin", one, 3,
                       " Did you mean \"greeting\", \"greetings\", or \"gretting\"?");
    expect_suggestions("a1", many, 8, " Did you mean \"A1\", \"a5\", \"a6\", \"a8\", or \"a9\"?");
    expect_suggestions("abc", swap, 3, " Did you mean \"abc\", \"acb\", or \"cab\"?");
    expect_suggestions("verytest", upper, 1, " Did you mean \"VERYTEST\"?");
    expect_suggestions("verytset", upper, 1, " Did you mean \"VERYTEST\"?");
    /* Lengths are those of UTF-16: two units for a letter beyond the basic plane. */
    expect_suggestions("VERYTES\xF0\x9D\x92\x9C", upper, 1, " Did you mean \"VERYTEST\"?");
    expect_suggestions("\xC4\xB0\xE2\x84\xAA", kelvin, 1, " Did you mean \"ik\"?");
}

/* When the effort is used up nothing is suggested, whatever was found before. */
static void effort_is_bounded(void)
{
    sgc_str options[100], best[SGC_SUGGESTIONS];
    uint64_t effort = 1000;

    for (size_t i = 0; i < 100; i++)
        options[i] = SGC_STR("abcdefghij");
    CU_ASSERT_EQUAL(sgc_suggest(SGC_STR("abcdefghik"), options, 1, &effort, best), 1);
    CU_ASSERT_TRUE(effort < 1000);
    CU_ASSERT_EQUAL(sgc_suggest(SGC_STR("abcdefghik"), options, 100, &effort, best), 0);
    CU_ASSERT_EQUAL(effort, 0);
    CU_ASSERT_EQUAL(sgc_suggest(SGC_STR("abcdefghij"), options, 1, &effort, best), 0);
}

static void did_you_mean(void)
{
    sgc_str names[7] = {SGC_STR("A"), SGC_STR("B"), SGC_STR("C"), SGC_STR("D"),
                        SGC_STR("E"), SGC_STR("F"), SGC_STR("G")};
    sgc_buf out = {0};

    sgc_did_you_mean("the enum value", names, 2, &out);
    sgc_did_you_mean(NULL, names, 7, &out);
    sgc_did_you_mean("nothing", names, 0, &out);
    UNIT_STR(sgc_buf_as_str(&out), " Did you mean the enum value \"A\" or \"B\"? Did you mean "
                                   "\"A\", \"B\", \"C\", \"D\", or \"E\"?");
    sgc_buf_free(&out);
}

static void natural_order(void)
{
    /* A number that begins with 0 ends there. */
    static const char *const ordered[] = {"",      "1",  "2",   "10",   "A", "B10", "a",
                                          "a010c", "a2", "a10", "a10b", "b", "ba"};
    size_t count = sizeof ordered / sizeof *ordered;

    for (size_t i = 0; i + 1 < count; i++) {
        sgc_str low = sgc_str_from(ordered[i]), high = sgc_str_from(ordered[i + 1]);
        CU_ASSERT_TRUE(sgc_natural_compare(low, high) < 0);
        CU_ASSERT_TRUE(sgc_natural_compare(high, low) > 0);
        CU_ASSERT_EQUAL(sgc_natural_compare(low, low), 0);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {{"resembles", resembles},
                           {"effort is bounded", effort_is_bounded},
                           {"did you mean", did_you_mean},
                           {"natural order", natural_order},
                           CU_TEST_INFO_NULL};
    return unit_run("base.suggest", tests);
}
