/* main.c - the sgc command: options and exit status. */
#include "lang_commands.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    if (argc >= 2 && sgc_lang_command_known(argv[1])) return sgc_lang_command(argc, argv);
    fprintf(stderr, "Usage:\n%s", sgc_lang_usage);
    return 2;
}
