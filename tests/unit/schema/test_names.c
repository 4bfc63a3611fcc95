/* test_names.c - plurals, singulars and cases of the generated API. */
#include "schema/schema.h"
#include "unit/unit.h"

static const char *const pairs[][2] = {
    {"user", "users"},
    {"category", "categories"},
    {"person", "people"},
    {"salesPerson", "salesPeople"},
    {"day", "days"},
    {"box", "boxes"},
    {"class", "classes"},
    {"status", "statuses"},
    {"bus", "buses"},
    {"address", "addresses"},
    {"child", "children"},
    {"movie", "movies"},
    {"hero", "heroes"},
    {"photo", "photos"},
    {"analysis", "analyses"},
    {"index", "indices"},
    {"leaf", "leaves"},
    {"church", "churches"},
    {"wish", "wishes"},
    {"company", "companies"},
    {"key", "keys"},
    {"house", "houses"},
    {"url_entry", "url_entries"},
    {"friend", "friends"},
    {"case", "cases"},
    {"datum", "data"},
    {"quiz", "quizzes"},
    {"tax", "taxes"},
    {"man", "men"},
    {"human", "humans"},
    {"cookie", "cookies"},
    {"starship", "starships"},
    {"URL", "URLs"},
};

static void plurals_and_back(void)
{
    sgc_arena arena = {0};

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        UNIT_STR(sgc_name_plural(&arena, sgc_str_from(pairs[i][0])), pairs[i][1]);
        UNIT_STR(sgc_name_singular(&arena, sgc_str_from(pairs[i][1])), pairs[i][0]);
    }
    UNIT_STR(sgc_name_plural(&arena, SGC_STR("species")), "species");
    UNIT_STR(sgc_name_plural(&arena, SGC_STR("people")), "people");
    UNIT_STR(sgc_name_plural(&arena, SGC_STR("Person")), "People");
    UNIT_STR(sgc_name_singular(&arena, SGC_STR("series")), "series");
    UNIT_STR(sgc_name_singular(&arena, SGC_STR("boss")), "boss");
    UNIT_STR(sgc_name_singular(&arena, SGC_STR("x")), "x");
    UNIT_STR(sgc_name_singular(&arena, SGC_STR("s")), "s");
    UNIT_STR(sgc_name_plural(&arena, SGC_STR("y")), "ys");
    UNIT_STR(sgc_name_plural(&arena, SGC_STR("_")), "_s");
    sgc_arena_free(&arena);
}

static void leading_capitals_are_lowered(void)
{
    static const char *const cases[][2] = {{"User", "user"},
                                           {"URLEntry", "urlEntry"},
                                           {"URL", "url"},
                                           {"A", "a"},
                                           {"AB", "ab"},
                                           {"ABc", "aBc"},
                                           {"user", "user"},
                                           {"_User", "_User"},
                                           {"ProjectV2", "projectV2"},
                                           {"OIDCProvider", "oidcProvider"},
                                           {"URL2Entry", "url2Entry"}};
    sgc_arena arena = {0};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        UNIT_STR(sgc_name_lower(&arena, sgc_str_from(cases[i][0])), cases[i][1]);
    sgc_arena_free(&arena);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"plurals and back", plurals_and_back},
        {"leading capitals are lowered", leading_capitals_are_lowered},
        CU_TEST_INFO_NULL,
    };
    return unit_run("schema.names", tests);
}
