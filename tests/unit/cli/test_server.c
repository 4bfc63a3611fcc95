/*
 * test_server.c - what a server refuses before it opens anything: folders, addresses, numbers and
 * sizes that are none.
 */
#include "cli/cli.h"
#include "unit/unit.h"

/* Serves with up to seven words; nothing here may get as far as opening a database. */
static void refuses(int count, const char *const words[], const char *expected)
{
    char *argv[8];
    sgc_arena arena = {0};
    sgc_arguments arguments;
    sgc_error error = {SGC_OK, ""};

    for (int i = 0; i < count; i++)
        argv[i] = (char *)(uintptr_t)words[i];
    sgc_status status =
        sgc_options_read(sgc_server_options, count, argv, 0, &arena, &arguments, &error);
    if (status == SGC_OK) status = sgc_serve(&arguments, NULL, false, NULL, &error);
    CU_ASSERT_EQUAL(status, SGC_INVALID);
    CU_ASSERT_TRUE(arguments.wrong);
    UNIT_STR(sgc_str_from(error.text), expected);
    sgc_arena_free(&arena);
}
#define REFUSES(expected, ...)                                                                     \
    refuses((int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)),                    \
            (const char *const[]){__VA_ARGS__}, expected)

static void folders(void)
{
    REFUSES("--data DIR is missing", "--threads", "1");
    REFUSES("--data is empty: name a folder", "--data=");
    REFUSES("unknown option '--dta', did you mean --data?", "--dta", "x");
}

static void addresses(void)
{
    static const char *const bad[] = {
        "",           "foo",         "127.0.0.1",    ":80",    "127.0.0.1:", "127.0.0.1:65536",
        "1.2.3.4:-1", "1.2.3.4: 80", "1.2.3.4:0x10", "::1:80", "[]:80",      "[::1]80"};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char expected[200];
        snprintf(expected, sizeof expected,
                 "--listen takes ADDR:PORT (127.0.0.1:8080, [::1]:8080), not '%s'", bad[i]);
        REFUSES(expected, "--data", "nowhere", "--listen", bad[i]);
    }
}

static void numbers(void)
{
    REFUSES("--threads: '0' is no number from 1 to 1024", "--data=x", "--threads=0");
    REFUSES("--threads: '1025' is no number from 1 to 1024", "--data=x", "--threads=1025");
    REFUSES("--cache: '0' is no size: 4096, 64M, 2G", "--data=x", "--cache", "0");
    REFUSES("--cache: '64m' is no size: 4096, 64M, 2G", "--data=x", "--cache", "64m");
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"folders", folders},
        {"addresses", addresses},
        {"numbers", numbers},
        CU_TEST_INFO_NULL,
    };
    return unit_run("cli.server", tests);
}
