/*
 * generate.h - `sgc SCHEMA... -o DIR`: from SDL files to C.
 */
#ifndef SGC_GENERATOR_GENERATE_H
#define SGC_GENERATOR_GENERATE_H

#include <stdio.h>

/** Runs the generator on a command line; 0 ok, 1 refused or failed, 2 wrong usage. */
int generate(int argc, char **argv);
/** Writes lines about it for the program's help. */
void generate_help(FILE *out);

#endif
