/*
 * cli.h - command lines: flags, and the server program that sgdb and every generated
 * <name>-server share.
 */
#ifndef SGC_CLI_CLI_H
#define SGC_CLI_CLI_H

#include "http/http.h"
#include "sgc/server.h"

/** One flag of a command. */
typedef struct sgc_flag {
    const char *name;  /**< with its dashes: --data */
    const char *value; /**< word for its value in the help, NULL when it takes none */
    const char *help;
} sgc_flag;

/** A parsed command line: values[i] belongs to flags[i] ("" for a switch), NULL when not given. */
typedef struct sgc_arguments {
    const char *values[16];
    char **positional; /**< in order; points into argv */
    int positional_count;
    bool wrong; /**< what failed was the command line itself: exit status 2 */
} sgc_arguments;

/**
 * Parses argv[first..argc). `--name value` and `--name=value` are one thing; `--` ends the flags.
 * An unknown flag, one given twice, or a missing value is SGC_INVALID, `wrong`. flags ends with a
 * NULL name. argv's pointers are reordered.
 */
SGC_CHECK sgc_status sgc_flags_parse(int argc, char **argv, int first, const sgc_flag *flags,
                                     sgc_arguments *arguments, sgc_error *error);
/** Writes the flags as help lines. */
void sgc_flags_print(const sgc_flag *flags, sgc_buf *out);
/** The value of a flag by name, NULL when it was not given. */
const char *sgc_flag_value(const sgc_flag *flags, const sgc_arguments *arguments, const char *name);
/** Marks the command line as wrong and says why; SGC_INVALID. */
sgc_status sgc_usage_error(sgc_arguments *arguments, sgc_error *error, const char *format, ...)
    SGC_PRINTF(3, 4);
/** The folder that --data names; an error when it is missing or empty. */
SGC_CHECK sgc_status sgc_flag_data(const sgc_flag *flags, sgc_arguments *arguments,
                                   const char **data, sgc_error *error);
/** "64M", "2G", "4096": bytes. */
SGC_CHECK sgc_status sgc_parse_bytes(const char *text, uint64_t *bytes, sgc_error *error);
/** A number in [low, high]. */
SGC_CHECK sgc_status sgc_parse_number(const char *text, uint64_t low, uint64_t high,
                                      uint64_t *number, sgc_error *error);

/** Flags that every server takes: --data --listen --threads --cache --help. */
extern const sgc_flag sgc_server_flags[];

/** Opens the database and serves it until SIGINT or SIGTERM. schema NULL: the stored one. */
SGC_CHECK sgc_status sgc_serve(sgc_arguments *arguments, const sgc_schema *schema,
                               bool fixed_schema, void *user, sgc_error *error);

/** The sgdb program. */
int sgc_sgdb_main(int argc, char **argv);

#endif
