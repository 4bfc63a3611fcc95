/* test_flags.c - command lines: what is taken, and every one that must be refused as wrong usage.
 */
#include "cli/cli.h"
#include "unit/unit.h"

static const sgc_flag flags[] = {
    {"--data", "DIR", "a folder"},
    {"--upsert", NULL, "a switch"},
    {NULL, NULL, NULL},
};

/* A command line of up to seven words behind two that are skipped. */
typedef struct line {
    char *words[10];
    sgc_arguments arguments;
    sgc_error error;
} line;

static sgc_status parse(line *l, int count, const char *const words[])
{
    *l = (line){.words = {(char *)(uintptr_t) "sgdb", (char *)(uintptr_t) "load"}};
    for (int i = 0; i < count; i++)
        l->words[2 + i] = (char *)(uintptr_t)words[i];
    return sgc_flags_parse(2 + count, l->words, 2, flags, &l->arguments, &l->error);
}
#define PARSE(l, ...)                                                                              \
    parse(l, (int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)),                   \
          (const char *const[]){__VA_ARGS__})

static void takes_flags_and_names(void)
{
    line l;

    CU_ASSERT_EQUAL(PARSE(&l, "a", "--data", "d", "b", "--upsert", "-"), SGC_OK);
    CU_ASSERT_STRING_EQUAL(sgc_flag_value(flags, &l.arguments, "--data"), "d");
    CU_ASSERT_STRING_EQUAL(sgc_flag_value(flags, &l.arguments, "--upsert"), "");
    CU_ASSERT_EQUAL_FATAL(l.arguments.positional_count, 3);
    CU_ASSERT_STRING_EQUAL(l.arguments.positional[0], "a");
    CU_ASSERT_STRING_EQUAL(l.arguments.positional[1], "b");
    CU_ASSERT_STRING_EQUAL(l.arguments.positional[2], "-");
    CU_ASSERT_EQUAL(PARSE(&l, "--data=x=y", "--", "--upsert"), SGC_OK);
    CU_ASSERT_STRING_EQUAL(sgc_flag_value(flags, &l.arguments, "--data"), "x=y");
    CU_ASSERT_PTR_NULL(sgc_flag_value(flags, &l.arguments, "--upsert"));
    CU_ASSERT_PTR_NULL(sgc_flag_value(flags, &l.arguments, "--nothing"));
    CU_ASSERT_EQUAL(l.arguments.positional_count, 1);
    /* A value is whatever stands behind its flag. */
    CU_ASSERT_EQUAL(PARSE(&l, "--data", "--upsert"), SGC_OK);
    CU_ASSERT_STRING_EQUAL(sgc_flag_value(flags, &l.arguments, "--data"), "--upsert");
    CU_ASSERT_FALSE(l.arguments.wrong);
}

static void refuses(line *l, sgc_status status, const char *words)
{
    CU_ASSERT_EQUAL(status, SGC_INVALID);
    CU_ASSERT_TRUE(l->arguments.wrong);
    CU_ASSERT_STRING_EQUAL(l->error.text, words);
}

static void refuses_what_it_does_not_know(void)
{
    line l;

    refuses(&l, PARSE(&l, "--dat", "x"), "unknown option '--dat'");
    refuses(&l, PARSE(&l, "--data2=x"), "unknown option '--data2'");
    refuses(&l, PARSE(&l, "-d"), "unknown option '-d'");
    refuses(&l, PARSE(&l, "--=x"), "unknown option '--'");
    refuses(&l, PARSE(&l, "--data"), "--data needs a value: --data DIR");
    refuses(&l, PARSE(&l, "--upsert=yes"), "--upsert takes no value");
    refuses(&l, PARSE(&l, "--data", "a", "--data", "b"), "--data is given twice");
    refuses(&l, PARSE(&l, "--upsert", "--upsert"), "--upsert is given twice");
}

static void data_folder(void)
{
    line l;
    const char *data;

    CU_ASSERT_EQUAL(PARSE(&l, "--upsert"), SGC_OK);
    refuses(&l, sgc_flag_data(flags, &l.arguments, &data, &l.error), "--data DIR is missing");
    CU_ASSERT_EQUAL(PARSE(&l, "--data="), SGC_OK);
    refuses(&l, sgc_flag_data(flags, &l.arguments, &data, &l.error),
            "--data is empty: name a folder");
}

static void numbers(void)
{
    static const char *const bad[] = {"",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1x",
                                      "0x1",
                                      "11",
                                      "1",
                                      "1.0",
                                      "18446744073709551616",
                                      "99999999999999999999999999"};
    uint64_t number = 0;

    CU_ASSERT_EQUAL(sgc_parse_number("10", 2, 10, &number, NULL), SGC_OK);
    CU_ASSERT_EQUAL(number, 10);
    CU_ASSERT_EQUAL(sgc_parse_number("0002", 2, 10, &number, NULL), SGC_OK);
    CU_ASSERT_EQUAL(number, 2);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CU_ASSERT_EQUAL(sgc_parse_number(bad[i], 2, 10, &number, NULL), SGC_INVALID);
    CU_ASSERT_EQUAL(number, 2);
}

static void sizes(void)
{
    static const char *const bad[] = {"",
                                      "0",
                                      "K",
                                      "-1K",
                                      "1.5M",
                                      "1KB",
                                      "1k ",
                                      "1X",
                                      "0K",
                                      "1 K",
                                      "99999999999T",
                                      "18446744073709551615",
                                      "111111111111111111111111111111"};
    uint64_t bytes = 0;

    CU_ASSERT_EQUAL(sgc_parse_bytes("4096", &bytes, NULL), SGC_OK);
    CU_ASSERT_EQUAL(bytes, 4096);
    CU_ASSERT_EQUAL(sgc_parse_bytes("64M", &bytes, NULL), SGC_OK);
    CU_ASSERT_EQUAL(bytes, 64 << 20);
    CU_ASSERT_EQUAL(sgc_parse_bytes("2T", &bytes, NULL), SGC_OK);
    CU_ASSERT_EQUAL(bytes, UINT64_C(2) << 40);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (sgc_parse_bytes(bad[i], &bytes, NULL) != SGC_INVALID) printf("\n    <%s>\n", bad[i]);
        CU_ASSERT_EQUAL(sgc_parse_bytes(bad[i], &bytes, NULL), SGC_INVALID);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"takes flags and names", takes_flags_and_names},
        {"refuses what it does not know", refuses_what_it_does_not_know},
        {"data folder", data_folder},
        {"numbers", numbers},
        {"sizes", sizes},
        CU_TEST_INFO_NULL,
    };
    return unit_run("cli.flags", tests);
}
