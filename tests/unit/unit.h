/*
 * unit.h - the main() of every CUnit executable: `return unit_run("store.pages", tests);` with a
 * NULL-terminated table of names and functions. Failing cases name themselves.
 */
#ifndef SGC_TESTS_UNIT_H
#define SGC_TESTS_UNIT_H

#include <CUnit/Basic.h>
#include <stdio.h>

/* CU_ASSERT_STR(actual sgc_str, "expected") prints both when they differ. */
#define UNIT_STR(actual, expected)                                                                 \
    do {                                                                                           \
        sgc_str unit_actual = (actual);                                                            \
        sgc_str unit_expected = sgc_str_from(expected);                                            \
        if (!sgc_str_eq(unit_actual, unit_expected)) {                                             \
            printf("\n    got      <" SGC_FMT ">\n    expected <" SGC_FMT ">\n",                   \
                   SGC_ARG(unit_actual), SGC_ARG(unit_expected));                                  \
        }                                                                                          \
        CU_ASSERT_TRUE(sgc_str_eq(unit_actual, unit_expected));                                    \
    } while (0)

#ifdef __SANITIZE_THREAD__
#define UNIT_RACES 1
#else
#define UNIT_RACES 0
#endif

static inline void unit_left_out(void)
{
    CU_PASS("no thread is started: nothing to see for the thread sanitizer");
}

/* A slow test that starts no thread: the thread sanitizer leaves it out. */
static inline CU_TestFunc unit_alone(CU_TestFunc test)
{
    return UNIT_RACES ? unit_left_out : test;
}

/* Rounds of a loop whose first ones start the same threads as all: a part under that sanitizer. */
static inline unsigned unit_rounds(unsigned all)
{
    return UNIT_RACES ? (all + 5) / 6 : all;
}

static inline int unit_run(const char *suite_name, CU_TestInfo *tests)
{
    CU_SuiteInfo suites[] = {{suite_name, NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};

    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS) {
        fprintf(stderr, "%s\n", CU_get_error_msg());
        return 2;
    }
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    CU_basic_show_failures(CU_get_failure_list());
    unsigned failures = CU_get_number_of_failures();
    unsigned run = CU_get_number_of_tests_run();
    CU_cleanup_registry();
    return failures != 0 || run == 0;
}

#endif
