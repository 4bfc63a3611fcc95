/*
 * test_options.c - command lines: what is taken, and every one that must be refused as wrong usage.
 */
#include "os/os.h"
#include "unit/unit.h"

static const sgc_option options[] = {
    {.name = "--data", .value = "DIR", .help = "a folder"},
    {.name = "--upsert", .help = "a switch"},
    {.name = "--output", .value = "FILE", .help = "has a short form", .letter = "-o"},
    {.name = "--schema", .value = "FILE", .help = "one of many", .repeated = true},
    {.name = NULL},
};

/* A command line of up to eight words behind two that are skipped. */
typedef struct line {
    char *words[10];
    sgc_arena arena;
    sgc_arguments arguments;
    sgc_error error;
} line;

static sgc_status parse(line *l, int count, const char *const words[])
{
    sgc_arena_free(&l->arena);
    *l = (line){.words = {(char *)(uintptr_t) "sgdb", (char *)(uintptr_t) "load"}};
    for (int i = 0; i < count; i++)
        l->words[2 + i] = (char *)(uintptr_t)words[i];
    return sgc_options_read(options, 2 + count, l->words, 2, &l->arena, &l->arguments, &l->error);
}
#define PARSE(l, ...)                                                                              \
    parse(l, (int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)),                   \
          (const char *const[]){__VA_ARGS__})

static void takes_options_and_words(void)
{
    line l = {0};

    CU_ASSERT_EQUAL(PARSE(&l, "a", "--data", "d", "b", "--upsert", "-"), SGC_OK);
    CU_ASSERT_STRING_EQUAL(sgc_option_value(&l.arguments, "--data"), "d");
    CU_ASSERT_STRING_EQUAL(sgc_option_value(&l.arguments, "--upsert"), "");
    CU_ASSERT_EQUAL_FATAL(l.arguments.word_count, 3);
    CU_ASSERT_STRING_EQUAL(l.arguments.words[0], "a");
    CU_ASSERT_STRING_EQUAL(l.arguments.words[1], "b");
    CU_ASSERT_STRING_EQUAL(l.arguments.words[2], "-");
    CU_ASSERT_EQUAL(PARSE(&l, "--data=x=y", "--", "--upsert", "--"), SGC_OK);
    CU_ASSERT_STRING_EQUAL(sgc_option_value(&l.arguments, "--data"), "x=y");
    CU_ASSERT_PTR_NULL(sgc_option_value(&l.arguments, "--upsert"));
    CU_ASSERT_EQUAL(l.arguments.word_count, 2);
    /* A value is whatever stands behind its option. */
    CU_ASSERT_EQUAL(PARSE(&l, "--data", "--upsert"), SGC_OK);
    CU_ASSERT_STRING_EQUAL(sgc_option_value(&l.arguments, "--data"), "--upsert");
    CU_ASSERT_EQUAL(PARSE(&l, "--data=", ""), SGC_OK);
    CU_ASSERT_STRING_EQUAL(sgc_option_value(&l.arguments, "--data"), "");
    CU_ASSERT_EQUAL(l.arguments.word_count, 1);
    CU_ASSERT_FALSE(l.arguments.wrong);
    CU_ASSERT_EQUAL(parse(&l, 0, NULL), SGC_OK);
    CU_ASSERT_EQUAL(l.arguments.word_count + l.arguments.given_count, 0);
    sgc_arena_free(&l.arena);
}

static void short_forms_and_lists(void)
{
    line l = {0};
    const char *values[8];

    CU_ASSERT_EQUAL(PARSE(&l, "-o", "-x", "--schema", "a", "--upsert", "--schema=b"), SGC_OK);
    CU_ASSERT_STRING_EQUAL(sgc_option_value(&l.arguments, "--output"), "-x");
    CU_ASSERT_EQUAL(l.arguments.given_count, 4);
    CU_ASSERT_EQUAL_FATAL(sgc_option_values(&l.arguments, "--schema", values), 2);
    CU_ASSERT_STRING_EQUAL(values[0], "a");
    CU_ASSERT_STRING_EQUAL(values[1], "b");
    CU_ASSERT_EQUAL(sgc_option_values(&l.arguments, "--data", values), 0);
    sgc_arena_free(&l.arena);
}

static void refuses(line *l, sgc_status status, const char *words)
{
    CU_ASSERT_EQUAL(status, SGC_INVALID);
    CU_ASSERT_TRUE(l->arguments.wrong);
    UNIT_STR(sgc_str_from(l->error.text), words);
    sgc_arena_free(&l->arena);
}

static void refuses_what_it_does_not_know(void)
{
    line l = {0};

    refuses(&l, PARSE(&l, "--dat", "x"), "unknown option '--dat', did you mean --data?");
    refuses(&l, PARSE(&l, "--data2=x"), "unknown option '--data2', did you mean --data?");
    refuses(&l, PARSE(&l, "-upsert"), "unknown option '-upsert', did you mean --upsert?");
    refuses(&l, PARSE(&l, "--shcema", "x"), "unknown option '--shcema', did you mean --schema?");
    refuses(&l, PARSE(&l, "--frobnicate"), "unknown option '--frobnicate'");
    refuses(&l, PARSE(&l, "-d"), "unknown option '-d'");
    refuses(&l, PARSE(&l, "-oFILE"), "unknown option '-oFILE'");
    refuses(&l, PARSE(&l, "-o=FILE"), "unknown option '-o=FILE'");
    refuses(&l, PARSE(&l, "--=x"), "unknown option '--'");
    refuses(&l, PARSE(&l, "---"), "unknown option '---'");
    refuses(&l, PARSE(&l, "--data"), "--data needs a value: --data DIR");
    refuses(&l, PARSE(&l, "-o"), "--output needs a value: --output FILE");
    refuses(&l, PARSE(&l, "--upsert=yes"), "--upsert takes no value");
    refuses(&l, PARSE(&l, "--upsert="), "--upsert takes no value");
    refuses(&l, PARSE(&l, "--data", "a", "--data", "b"), "--data is given twice");
    refuses(&l, PARSE(&l, "-o", "a", "--output=b"), "--output is given twice");
    refuses(&l, PARSE(&l, "--upsert", "--upsert"), "--upsert is given twice");
}

/* Words of any length cost little and fit into the error. */
static void long_names(void)
{
    enum { LONG = 1 << 20 };
    line l = {0};
    char *word = sgc_alloc(LONG + 1);

    CU_ASSERT_PTR_NOT_NULL_FATAL(word);
    memset(word, 'x', LONG);
    word[0] = word[1] = '-';
    word[LONG] = '\0';
    CU_ASSERT_EQUAL(PARSE(&l, word), SGC_INVALID);
    CU_ASSERT_EQUAL(strncmp(l.error.text, "unknown option '--xxx", 21), 0);
    sgc_arena_free(&l.arena);
    sgc_free(word);
}

static void out_of_memory(void)
{
    line l = {0};

    for (uint64_t n = 1; n <= 2; n++) {
        sgc_alloc_fail_at(1, n == 2);
        CU_ASSERT_EQUAL(PARSE(&l, "--data", "x"), SGC_NO_MEMORY);
        sgc_alloc_fail_at(0, false);
        CU_ASSERT_FALSE(l.arguments.wrong);
    }
}

static void help(void)
{
    sgc_buf out = {0};

    sgc_options_print(options, &out);
    UNIT_STR(sgc_buf_as_str(&out), "  --data DIR               a folder\n"
                                   "  --upsert                 a switch\n"
                                   "  -o, --output FILE        has a short form\n"
                                   "  --schema FILE            one of many\n");
    sgc_buf_free(&out);
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
        {"takes options and words", takes_options_and_words},
        {"short forms and lists", short_forms_and_lists},
        {"refuses what it does not know", refuses_what_it_does_not_know},
        {"long names", long_names},
        {"out of memory", out_of_memory},
        {"help", help},
        {"numbers", numbers},
        {"sizes", sizes},
        CU_TEST_INFO_NULL,
    };
    return unit_run("os.options", tests);
}
