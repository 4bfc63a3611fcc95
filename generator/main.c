/*
 * main.c - the sgc command: which half of it is meant, help and version.
 */
#include "generate.h"
#include "lang_commands.h"

#include "sgc/base.h"

#include <stdio.h>
#include <string.h>

static void help(FILE *out)
{
    fputs("sgc turns GraphQL schemas into C.\n\nUsage:\n", out);
    generate_help(out);
    fprintf(
        out,
        "\n%s\nExamples:\n"
        "  sgc blog.graphql -o gen            gen/blog.sgc.h, gen/blog.sgc.c, ...\n"
        "  sgc blog.graphql -o gen --stubs    and gen/blog_resolvers.c to fill in\n"
        "  sgc check blog.graphql             only say what is wrong\n"
        "\nBeside the schema sgc keeps blog.sgc.lock: commit it. Exit status: 0 ok, 1 refused,\n"
        "2 wrong usage.\n",
        sgc_lang_usage);
}

int main(int argc, char **argv)
{
    if (argc >= 2 && sgc_lang_command_known(argv[1])) return sgc_lang_command(argc, argv);
    if (argc < 2) {
        help(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        help(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("sgc " SGC_VERSION);
        return 0;
    }
    return generate(argc, argv);
}
