/*
 * sgdb.c - sgdb, the tool that opens a database. Each command is a row of a table (sgdb_*.c); what
 * it does lives in the rooms below.
 */
#include "cli/sgdb.h"

#include <errno.h>
#include <stdio.h>

static const sgdb_command *const commands[] = {
    &sgc_cmd_init,    &sgc_cmd_serve,   &sgc_cmd_load,    &sgc_cmd_query,
    &sgc_cmd_dump,    &sgc_cmd_history, &sgc_cmd_changes, &sgc_cmd_stats,
    &sgc_cmd_analyze, &sgc_cmd_compact, &sgc_cmd_doctor,
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(void)
{
    printf("usage: sgdb COMMAND ...\n\nOpens databases that sgc's schemas "
           "describe.\n\n");
    for (int i = 0; i < COMMANDS; i++)
        printf("  %-8s %s\n", commands[i]->name, commands[i]->summary);
    printf("\nexamples:\n");
    for (int i = 0; i < COMMANDS; i++)
        printf("  %s\n", commands[i]->example);
    printf("\n'sgdb COMMAND --help' says more. Exit status: 0 ok, 1 failure, 2 "
           "wrong usage.\n");
}

static void print_command_help(const sgdb_command *command)
{
    sgc_buf out = {0};

    sgc_options_print(command->options, &out);
    printf("usage: %s\n\n%s.\n\n" SGC_FMT "\nexample:\n  %s\n", command->usage, command->summary,
           SGC_ARG(sgc_buf_as_str(&out)), command->example);
    sgc_buf_free(&out);
}

static void print_error(const sgdb_command *command, const sgc_error *error)
{
    sgc_buf out = {0};

    sgc_buf_text(&out, "{\"error\":{\"command\":");
    sgc_json_str(&out, sgc_str_from(command->name));
    sgc_buf_text(&out, ",\"code\":");
    sgc_json_str(&out, sgc_str_from(sgc_status_name(error->status)));
    sgc_buf_text(&out, ",\"message\":");
    sgc_json_str(&out, sgc_str_from(error->text));
    sgc_buf_text(&out, "}}\n");
    fwrite(out.data, 1, out.size, stderr);
    sgc_buf_free(&out);
}

static int run_command(const sgdb_command *command, int argc, char **argv)
{
    sgc_error error = {SGC_OK, ""};
    sgc_arena arena = {0};
    sgc_arguments arguments;
    sgc_status status =
        sgc_options_read(command->options, argc, argv, 2, &arena, &arguments, &error);

    if (status == SGC_OK && sgc_option_value(&arguments, "--help"))
        print_command_help(command);
    else if (status == SGC_OK)
        status = command->run(&arguments, &error);
    bool json = !arguments.wrong && sgc_option_value(&arguments, "--json");
    sgc_arena_free(&arena);
    if (fflush(stdout) != 0 && status == SGC_OK)
        status = sgc_fail(&error, SGC_IO, "cannot write: %s", strerror(errno));
    if (status == SGC_OK) return 0;
    if (json) {
        print_error(command, &error);
        return arguments.wrong ? 2 : 1;
    }
    fprintf(stderr, "sgdb %s: %s\n", command->name, error.text);
    if (arguments.wrong) fprintf(stderr, "Try 'sgdb %s --help'.\n", command->name);
    return arguments.wrong ? 2 : 1;
}

static void unknown_command(const char *name)
{
    sgc_str names[COMMANDS], best[SGC_SUGGESTIONS];
    uint64_t effort = SGC_SUGGEST_EFFORT;
    sgc_buf words = {0};

    for (int i = 0; i < COMMANDS; i++)
        names[i] = sgc_str_from(commands[i]->name);
    size_t count = sgc_suggest(sgc_str_from(name), names, COMMANDS, &effort, best);
    sgc_did_you_mean(NULL, best, count, &words);
    fprintf(stderr, "sgdb: unknown command '%s'." SGC_FMT "\nTry 'sgdb --help'.\n", name,
            SGC_ARG(sgc_buf_as_str(&words)));
    sgc_buf_free(&words);
}

int sgc_sgdb_main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "--help";

    if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0) {
        print_help();
        return argc > 1 ? 0 : 2;
    }
    if (strcmp(name, "--version") == 0) {
        printf("sgdb %s\n", SGC_VERSION);
        return 0;
    }
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0) return run_command(commands[i], argc, argv);
    unknown_command(name);
    return 2;
}
