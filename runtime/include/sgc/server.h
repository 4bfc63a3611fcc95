/*
 * server.h - the server program, for the main() that sgc emits.
 */
#ifndef SGC_SERVER_H
#define SGC_SERVER_H

#include "sgc/schema.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Runs a GraphQL server for schema: parses --data, --listen, --threads, --cache and --help, serves
 * until SIGINT or SIGTERM, returns the exit status (0 ok, 1 failure, 2 wrong usage). `user` reaches
 * the resolvers as sgc_call.user.
 */
int sgc_server_main(int argc, char **argv, const sgc_schema *schema, void *user);

#ifdef __cplusplus
}
#endif
#endif
