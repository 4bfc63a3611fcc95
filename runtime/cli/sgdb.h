/*
 * sgdb.h - private to sgdb: what its commands share. Each command is a constant of its own; sgdb.c
 * lists them.
 */
#ifndef SGC_CLI_SGDB_H
#define SGC_CLI_SGDB_H

#include "cli/cli.h"

#include <stdatomic.h>

typedef struct sgdb_command {
    const char *name, *usage, *summary, *example;
    const sgc_option *options;
    sgc_status (*run)(sgc_arguments *arguments, sgc_error *error);
} sgdb_command;

extern const sgdb_command sgc_cmd_init, sgc_cmd_serve, sgc_cmd_load, sgc_cmd_query, sgc_cmd_dump,
    sgc_cmd_history, sgc_cmd_changes, sgc_cmd_compact, sgc_cmd_doctor, sgc_cmd_analyze,
    sgc_cmd_stats;

/* Options that many commands take. */
#define SGDB_DATA                                                                                  \
    {                                                                                              \
        .name = "--data", .value = "DIR", .help = "folder of the database"                         \
    }
#define SGDB_AS_OF                                                                                 \
    {                                                                                              \
        .name = "--as-of", .value = "MOMENT",                                                      \
        .help = "then instead of now: 41, seq:41 or 2026-01-31T12:00:00Z"                          \
    }
#define SGDB_LAST                                                                                  \
    {.name = "--json", .help = "answers and errors as JSON, an object a line"},                    \
        {.name = "--help", .help = "this text"},                                                   \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* ---- sgdb_common.c ---- */

/** Builds a model from SDL files; errors of the SDL go to standard error as they are. */
SGC_CHECK sgc_status sgc_cmd_schema(const char **paths, size_t count, sgc_arena *arena,
                                    const sgc_schema **schema, sgc_error *error);
/** Opens the database that --data names, which must be there. os may be NULL. */
SGC_CHECK sgc_status sgc_cmd_open(sgc_arguments *arguments, const sgc_os *os, sgc_db **db,
                                  sgc_error *error);
/** Closes (NULL is fine) and returns the first failure. */
sgc_status sgc_cmd_close(sgc_db *db, sgc_status status, sgc_error *error);
bool sgc_cmd_json(const sgc_arguments *arguments);
/** Prints what was built and frees it; SGC_NO_MEMORY when it could not be. */
SGC_CHECK sgc_status sgc_cmd_print(sgc_buf *out, sgc_error *error);
/** The moment that --as-of names; now without it. */
SGC_CHECK sgc_status sgc_cmd_moment(sgc_arguments *arguments, sgc_moment *moment, sgc_error *error);
/** The number that an option gives, or what it is without. */
SGC_CHECK sgc_status sgc_cmd_number(sgc_arguments *arguments, const char *option, uint64_t *number,
                                    sgc_error *error);
/** Position of a type that is a table; an error that suggests others when it is none. */
SGC_CHECK sgc_status sgc_cmd_table(const sgc_schema *schema, sgc_str name, bool links,
                                   uint16_t *table, sgc_error *error);
/** A failure of the database itself: its words where writing is refused. */
sgc_status sgc_cmd_refused(const sgc_db *db, sgc_status status, sgc_error *error);
/** The transaction's words for its failure. */
sgc_status sgc_cmd_failed(const sgc_txn *txn, sgc_status status, sgc_error *error);
/** "12.3 MB" */
const char *sgc_cmd_bytes(uint64_t bytes, char text[32]);
/** A commit time as a JSON string, in RFC 3339; `none` when it is not known. */
void sgc_cmd_time(uint64_t time_us, const char *none, sgc_buf *out);
/** The same without quotes. */
void sgc_cmd_time_text(uint64_t time_us, const char *none, sgc_buf *out);
const char *sgc_cmd_op(sgc_op op);

/* ---- sgdb_load.c ---- */

/** The format that --format names, or else the ending of path. */
SGC_CHECK sgc_status sgc_cmd_format(sgc_arguments *arguments, const char *format, const char *path,
                                    sgc_load_format *out, sgc_error *error);

/* ---- sgdb_progress.c: only where a person watches standard error ---- */

/** Draws "name [===>   ]  31 % words"; total 0: unknown, no bar. */
void sgc_cmd_bar(const char *name, uint64_t done, uint64_t total, const char *words);
/** Takes the line of the bar away. */
void sgc_cmd_bar_end(void);

/** Counts what a database reads and writes while it works on one thing, and draws that. */
typedef struct sgdb_watch {
    sgc_os os;
    const char *name; /**< NULL: nothing is drawn at the moment */
    uint64_t total;   /**< bytes that will be read, about; 0: unknown */
    _Atomic uint64_t read, written, drawn_us;
} sgdb_watch;
/** The table to open the database with: NULL (the usual one) where nobody watches. */
const sgc_os *sgc_cmd_watch(sgdb_watch *watch);
void sgc_cmd_watch_begin(sgdb_watch *watch, const char *name, uint64_t total);
void sgc_cmd_watch_end(sgdb_watch *watch);

#endif
