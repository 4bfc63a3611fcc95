/*
 * test_text.c - LIKE patterns and the other text tests, and predicates without a table under them.
 */
#include "query/query.h"
#include "query/text.h"
#include "unit/unit.h"

static bool like(const char *text, const char *pattern)
{
    return sgc_text_like(sgc_str_from(text), sgc_str_from(pattern), false);
}

static bool ilike(const char *text, const char *pattern)
{
    return sgc_text_like(sgc_str_from(text), sgc_str_from(pattern), true);
}

static void patterns(void)
{
    static const struct {
        const char *text, *pattern;
        bool matches;
    } cases[] = {
        {"", "", true},
        {"", "%", true},
        {"", "_", false},
        {"a", "", false},
        {"abc", "abc", true},
        {"abc", "ab", false},
        {"abc", "a%", true},
        {"abc", "%c", true},
        {"abc", "%b%", true},
        {"abc", "%d%", false},
        {"abc", "a_c", true},
        {"abc", "____", false},
        {"aXbXc", "a%b%c", true},
        {"aabaab", "%aab", true},
        {"mississippi", "m%iss%ip%i", true},
        {"mississippi", "m%iss%ipx%", false},
        {"50%", "50\\%", true},
        {"505", "50\\%", false},
        {"a_b", "a\\_b", true},
        {"axb", "a\\_b", false},
        {"a\\b", "a\\\\b", true},
        {"\xC3\xA4", "_", true},
        {"\xC3\xA4", "__", false},
        {"x\xE2\x82\xACy", "x_y", true},
        {"\xF0\x9F\x98\x80!", "_!", true},
        {"%", "\\%", true},
        {"abab", "%ab%ab%", true},
        {"ab", "%ab%ab%", false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool matches = like(cases[i].text, cases[i].pattern);
        if (matches != cases[i].matches)
            printf("\n    %s like %s", cases[i].text, cases[i].pattern);
        CU_ASSERT_EQUAL(matches, cases[i].matches);
    }
}

static void letters_fold(void)
{
    CU_ASSERT_TRUE(ilike("HeLLo", "hEll_"));
    CU_ASSERT_TRUE(ilike("\xC3\x84pfel", "\xC3\xA4PFEL"));         /* A umlaut */
    CU_ASSERT_TRUE(ilike("\xD0\x9C\xD0\x9E", "\xD0\xBC\xD0\xBE")); /* Cyrillic */
    CU_ASSERT_TRUE(ilike("\xCE\xA9", "\xCF\x89"));                 /* omega */
    CU_ASSERT_TRUE(ilike("\xC5\xBD\xC4\x8C", "\xC5\xBE\xC4\x8D")); /* z, c with caron */
    CU_ASSERT_FALSE(ilike("\xC3\x97", "\xC3\xB7"));                /* times, divided by */
    CU_ASSERT_FALSE(like("HeLLo", "hello"));
}

/* What would take for ever if every % were tried against every place. */
static void patterns_stay_cheap(void)
{
    char text[20001], pattern[2001];

    memset(text, 'a', 20000);
    text[20000] = '\0';
    for (size_t i = 0; i < 2000; i += 2)
        memcpy(pattern + i, "%a", 2);
    pattern[2000] = '\0';
    CU_ASSERT_TRUE(like(text, pattern));
    pattern[1999] = 'b';
    CU_ASSERT_FALSE(like(text, pattern));
}

static void parts_of_text(void)
{
    sgc_str text = SGC_STR("banana");

    CU_ASSERT_TRUE(sgc_text_starts(text, SGC_STR("ban")));
    CU_ASSERT_FALSE(sgc_text_starts(text, SGC_STR("bananas")));
    CU_ASSERT_TRUE(sgc_text_ends(text, SGC_STR("ana")));
    CU_ASSERT_FALSE(sgc_text_ends(text, SGC_STR("xbanana")));
    CU_ASSERT_TRUE(sgc_text_contains(text, SGC_STR("nan")));
    CU_ASSERT_TRUE(sgc_text_contains(text, SGC_STR("a")));
    CU_ASSERT_TRUE(sgc_text_contains(text, SGC_STR("")));
    CU_ASSERT_FALSE(sgc_text_contains(text, SGC_STR("nab")));
    CU_ASSERT_TRUE(sgc_text_contains(SGC_STR("aaab"), SGC_STR("aab")));
    CU_ASSERT_FALSE(sgc_text_contains(SGC_STR(""), SGC_STR("a")));
}

/* Truth tables of AND, OR and NOT over constants, through the batch evaluator. */
static void three_values(void)
{
    static const sgc_truth and_table[3][3] = {{SGC_FALSE, SGC_FALSE, SGC_FALSE},
                                              {SGC_FALSE, SGC_TRUE, SGC_UNKNOWN},
                                              {SGC_FALSE, SGC_UNKNOWN, SGC_UNKNOWN}};
    static const sgc_truth or_table[3][3] = {{SGC_FALSE, SGC_TRUE, SGC_UNKNOWN},
                                             {SGC_TRUE, SGC_TRUE, SGC_TRUE},
                                             {SGC_UNKNOWN, SGC_TRUE, SGC_UNKNOWN}};
    static const sgc_truth not_table[3] = {SGC_TRUE, SGC_FALSE, SGC_UNKNOWN};
    sgc_table table = {.key = 0};
    sgc_schema schema = {.tables = &table, .table_count = 1};
    sgc_arena arena = {0};
    sgc_query query = {.schema = &schema, .arena = &arena};
    sgc_str record = SGC_STR("");
    uint8_t truth;

    for (unsigned a = 0; a < 3; a++) {
        for (unsigned b = 0; b < 3; b++) {
            for (unsigned or = 0; or < 2; or ++) {
                sgc_predicate *group = sgc_predicate_group(&arena, or ? SGC_TEST_OR : SGC_TEST_AND);
                sgc_predicate_add(group, sgc_predicate_constant(&arena, (sgc_truth)a));
                sgc_predicate_add(group, sgc_predicate_constant(&arena, (sgc_truth)b));
                CU_ASSERT_EQUAL(sgc_predicate_eval(&query, 0, group, &record, 1, &truth), SGC_OK);
                CU_ASSERT_EQUAL(truth, or ? or_table[a][b] : and_table[a][b]);
            }
        }
        sgc_predicate *not = sgc_predicate_group(&arena, SGC_TEST_NOT);
        sgc_predicate_add(not, sgc_predicate_constant(&arena, (sgc_truth)a));
        CU_ASSERT_EQUAL(sgc_predicate_eval(&query, 0, not, &record, 1, &truth), SGC_OK);
        CU_ASSERT_EQUAL(truth, not_table[a]);
    }
    sgc_query_end(&query);
    sgc_arena_free(&arena);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"patterns", patterns},
        {"letters fold", letters_fold},
        {"patterns stay cheap", patterns_stay_cheap},
        {"parts of text", parts_of_text},
        {"three values", three_values},
        CU_TEST_INFO_NULL,
    };
    return unit_run("query.text", tests);
}
