/*
 * options.h - command lines: a table of options in, values and the words between them out. All
 * programs of the house read theirs here.
 */
#ifndef SGC_OS_OPTIONS_H
#define SGC_OS_OPTIONS_H

#include "base/base.h"

/** One option of a program; tables end with a NULL name. */
typedef struct sgc_option {
    const char *name;  /**< with its dashes: --data */
    const char *value; /**< word for its value in the help, NULL when it takes none */
    const char *help;
    const char *letter; /**< short form, -o; NULL for none */
    bool repeated;      /**< may be given more than once */
} sgc_option;

struct sgc_option_given {
    const sgc_option *option;
    const char *value;
};

/** A command line, understood. */
typedef struct sgc_arguments {
    const sgc_option *options;
    struct sgc_option_given *given; /**< in order */
    size_t given_count;
    const char **words; /**< what is no option, in order */
    size_t word_count;
    bool wrong; /**< what failed was the command line itself: exit status 2 */
} sgc_arguments;

/**
 * Reads argv[first..argc). `--name value` and `--name=value` are one thing, and `-n value`; `--`
 * ends the options; `-` is a word. An unknown option, one given twice, or a missing value is
 * SGC_INVALID and `wrong`. The strings of argv are borrowed.
 */
SGC_CHECK sgc_status sgc_options_read(const sgc_option *options, int argc, char **argv, int first,
                                      sgc_arena *arena, sgc_arguments *arguments, sgc_error *error);
/** The value of an option of the table, "" for a switch; NULL when it was not given. */
const char *sgc_option_value(const sgc_arguments *arguments, const char *name);
/** Gathers all values of an option into values (room for given_count); returns how many. */
size_t sgc_option_values(const sgc_arguments *arguments, const char *name, const char **values);
/** Writes the options as lines of a help text. */
void sgc_options_print(const sgc_option *options, sgc_buf *out);
/** Marks the command line as wrong and says why; SGC_INVALID. */
sgc_status sgc_usage_error(sgc_arguments *arguments, sgc_error *error, const char *format, ...)
    SGC_PRINTF(3, 4);

/** A number in [low, high], in digits. */
SGC_CHECK sgc_status sgc_parse_number(const char *text, uint64_t low, uint64_t high,
                                      uint64_t *number, sgc_error *error);
/** "64M", "2G", "4096": bytes. */
SGC_CHECK sgc_status sgc_parse_bytes(const char *text, uint64_t *bytes, sgc_error *error);

#endif
