/*
 * lang_commands.h - the half of the command line that is about the language alone:
 * sgc check | print | minify | introspect | diff | batch.
 */
#ifndef SGC_GENERATOR_LANG_COMMANDS_H
#define SGC_GENERATOR_LANG_COMMANDS_H

#include <stdbool.h>

/** Whether this word is one of the commands here. */
bool sgc_lang_command_known(const char *word);
/**
 * Runs argv[1] with the options behind it. Exit status: 0 valid, 1 invalid, 2 when the command
 * could not be carried out (wrong options, unreadable files, no memory).
 */
int sgc_lang_command(int argc, char **argv);
/** Lines about these commands for the program's help. */
extern const char sgc_lang_usage[];

#endif
