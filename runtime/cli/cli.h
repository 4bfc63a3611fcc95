/*
 * cli.h - the programs: sgdb, and the server that it and every generated <name>-server share. How
 * command lines are read is os/options.h.
 */
#ifndef SGC_CLI_CLI_H
#define SGC_CLI_CLI_H

#include "http/http.h"
#include "os/os.h"
#include "sgc/server.h"

/** Options that every server takes: --data --listen --threads --cache --help. */
extern const sgc_option sgc_server_options[];

/** The folder that --data names; an error when it is missing or empty. */
SGC_CHECK sgc_status sgc_data_folder(sgc_arguments *arguments, const char **data, sgc_error *error);
/** Opens the database and serves it until SIGINT or SIGTERM. schema NULL: the stored one. */
SGC_CHECK sgc_status sgc_serve(sgc_arguments *arguments, const sgc_schema *schema,
                               bool fixed_schema, void *user, sgc_error *error);

/** The sgdb program. */
int sgc_sgdb_main(int argc, char **argv);

#endif
