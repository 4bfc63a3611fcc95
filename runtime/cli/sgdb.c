/*
 * sgdb.c - sgdb, the tool that opens a database: init, serve, load, query, dump. Each command is a
 * row of a table; what it does lives in the rooms below.
 */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>

typedef struct sgdb_command {
    const char *name, *usage, *summary, *example;
    const sgc_option *options;
    sgc_status (*run)(sgc_arguments *arguments, sgc_error *error);
} sgdb_command;

/* ---- opening ---- */

/* Builds a model from SDL files; errors of the SDL go to standard error as they are. */
static sgc_status build_schema(const char **paths, size_t count, sgc_arena *arena,
                               const sgc_schema **schema, sgc_error *error)
{
    sgc_diagnostics diagnostics = {.arena = arena};
    sgc_schema_file *files = sgc_arena_zero(arena, count, sizeof *files);
    sgc_schema_built built;
    sgc_buf words = {0};
    sgc_status status = files ? SGC_OK : sgc_fail(error, SGC_NO_MEMORY, "out of memory");

    for (size_t i = 0; status == SGC_OK && i < count; i++) {
        files[i].name = sgc_str_from(paths[i]);
        status = sgc_read_file(paths[i], arena, &files[i].text, error);
    }
    if (status != SGC_OK) return status;
    status = sgc_schema_build(files, count, SGC_STR("sgdb"), sgc_str_of(NULL, 0), arena,
                              &diagnostics, &built);
    if (status == SGC_OK) {
        *schema = built.schema;
        return SGC_OK;
    }
    sgc_diagnostics_print(&diagnostics, &words);
    fwrite(words.data, 1, words.size, stderr);
    sgc_buf_free(&words);
    return sgc_fail(error, status, "the schema has errors");
}

static sgc_status open_existing(sgc_arguments *arguments, sgc_db **db, sgc_error *error)
{
    sgc_db_options options = {.must_exist = true};
    const char *data;
    sgc_status status = sgc_data_folder(arguments, &data, error);

    return status == SGC_OK ? sgc_db_open(data, NULL, &options, db, error) : status;
}

static sgc_status finish(sgc_db *db, sgc_status status, sgc_error *error)
{
    sgc_status closed = sgc_db_close(db);

    if (status != SGC_OK || closed == SGC_OK) return status;
    return sgc_fail(error, closed, "closing the database failed: %s", sgc_status_text(closed));
}

/* ---- init ---- */

static const sgc_option init_options[] = {
    {.name = "--data", .value = "DIR", .help = "folder to create"},
    {.name = "--help", .help = "this text"},
    {.name = NULL},
};

static sgc_status run_init(sgc_arguments *arguments, sgc_error *error)
{
    sgc_db_options options = {.create_only = true};
    const char *data;
    const sgc_schema *schema = NULL;
    sgc_arena arena = {0};
    sgc_db *db = NULL;

    sgc_status status = sgc_data_folder(arguments, &data, error);
    if (status == SGC_OK && strcmp(data, ":memory:") == 0)
        status = sgc_usage_error(arguments, error, "a database in memory cannot be kept");
    if (status == SGC_OK && arguments->word_count == 0)
        status = sgc_usage_error(arguments, error, "SCHEMA is missing");
    if (status == SGC_OK)
        status = build_schema(arguments->words, arguments->word_count, &arena, &schema, error);
    if (status == SGC_OK) {
        status = sgc_db_open(data, schema, &options, &db, error);
        status = finish(db, status, error);
    }
    if (status == SGC_OK) printf("Initialized database in %s\n", data);
    sgc_arena_free(&arena);
    return status;
}

/* ---- serve ---- */

static sgc_status run_serve(sgc_arguments *arguments, sgc_error *error)
{
    const sgc_schema *schema = NULL;
    sgc_arena arena = {0};
    sgc_status status = SGC_OK;

    if (arguments->word_count)
        status = build_schema(arguments->words, arguments->word_count, &arena, &schema, error);
    if (status == SGC_OK) status = sgc_serve(arguments, schema, false, NULL, error);
    sgc_arena_free(&arena);
    return status;
}

/* ---- load ---- */

static const sgc_option load_options[] = {
    {.name = "--data", .value = "DIR", .help = "folder of the database"},
    {.name = "--table", .value = "TYPE", .help = "type of the rows (NDJSON and CSV)"},
    {.name = "--format",
     .value = "FORMAT",
     .help = "json, ndjson or csv (default: by the file's ending)"},
    {.name = "--upsert", .help = "replace rows that exist already instead of refusing them"},
    {.name = "--batch",
     .value = "N",
     .help = "commit every N rows (default: a file is one atomic load)"},
    {.name = "--help", .help = "this text"},
    {.name = NULL},
};

static bool ends_with(const char *text, const char *ending)
{
    size_t size = strlen(text), tail = strlen(ending);
    return size >= tail && strcmp(text + size - tail, ending) == 0;
}

static sgc_status choose_format(sgc_arguments *arguments, const char *format, const char *path,
                                sgc_load_format *out, sgc_error *error)
{
    static const struct {
        const char *name, *ending;
        sgc_load_format format;
    } known[] = {
        {"ndjson", ".ndjson", SGC_LOAD_NDJSON},
        {"ndjson", ".jsonl", SGC_LOAD_NDJSON},
        {"json", ".json", SGC_LOAD_JSON},
        {"csv", ".csv", SGC_LOAD_CSV},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        *out = known[i].format;
        if (format ? strcmp(format, known[i].name) == 0 : ends_with(path, known[i].ending))
            return SGC_OK;
    }
    if (format)
        return sgc_usage_error(arguments, error, "'%s' is no format: json, ndjson or csv", format);
    return sgc_usage_error(arguments, error, "%s: say --format json, ndjson or csv", path);
}

/* A file being loaded, and how far. */
typedef struct input {
    FILE *stream;
    const char *path;
    uint64_t size; /* 0: unknown */
    int cause;     /* errno of a read that failed */
    bool watched;
} input;

static sgc_status read_input(void *context, char *data, size_t size, size_t *got)
{
    input *in = context;

    *got = fread(data, 1, size, in->stream);
    if (!ferror(in->stream)) return SGC_OK;
    in->cause = errno;
    return SGC_IO;
}

enum { BAR = 30 };

static void draw_bar(void *context, uint64_t rows, uint64_t bytes)
{
    const input *in = context;
    unsigned percent = in->size ? (unsigned)(bytes * 100 / in->size) : 0;
    unsigned filled = percent > 100 ? BAR : percent * BAR / 100;
    char bar[BAR + 1];

    if (!in->watched) return;
    memset(bar, ' ', BAR);
    memset(bar, '=', filled);
    if (filled < BAR) bar[filled] = '>';
    bar[BAR] = '\0';
    if (in->size)
        fprintf(stderr, "\r%s [%s] %3u %% %llu rows", in->path, bar, percent,
                (unsigned long long)rows);
    else
        fprintf(stderr, "\r%s %llu rows", in->path, (unsigned long long)rows);
    fflush(stderr);
}

static uint64_t stream_size(FILE *stream)
{
    long size = fseek(stream, 0, SEEK_END) == 0 ? ftell(stream) : -1;

    if (fseek(stream, 0, SEEK_SET) != 0 || size < 0) {
        clearerr(stream);
        return 0;
    }
    return (uint64_t)size;
}

static void print_counts(const sgc_schema *schema, const uint64_t *counts)
{
    for (uint16_t i = 0; i < schema->table_count; i++)
        if (counts[i])
            printf("Loaded %llu rows into %.*s\n", (unsigned long long)counts[i],
                   SGC_ARG(schema->tables[i].name));
}

static sgc_status load_file(sgc_db *db, const char *path, sgc_load_options *options,
                            sgc_error *error)
{
    const sgc_schema *schema = sgc_db_schema(db);
    bool standard = strcmp(path, "-") == 0;
    input in = {.path = path, .watched = sgc_stderr_is_terminal()};
    sgc_load_source source = {&in, read_input};

    in.stream = standard ? stdin : fopen(path, "rb");
    if (!in.stream) return sgc_fail(error, SGC_IO, "cannot read %s: %s", path, strerror(errno));
    uint64_t *counts = sgc_alloc_zero((size_t)schema->table_count + 1, sizeof *counts);
    if (!counts) {
        if (!standard) fclose(in.stream);
        return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    }
    if (!standard) in.size = stream_size(in.stream);
    options->progress = draw_bar;
    options->progress_context = &in;
    options->name = standard ? "standard input" : path;
    sgc_status status = sgc_load(db, &source, options, counts, error);
    if (in.watched) fputc('\n', stderr);
    if (status == SGC_OK) {
        print_counts(schema, counts);
    } else if (in.cause) {
        sgc_fail(error, status, "%s: %s", options->name, strerror(in.cause));
    }
    if (!standard) fclose(in.stream);
    sgc_free(counts);
    return status;
}

/* The format of a file, and whether --table goes with it. */
static sgc_status format_of(sgc_arguments *arguments, const char *path, sgc_load_options *options,
                            sgc_error *error)
{
    sgc_status status = choose_format(arguments, sgc_option_value(arguments, "--format"), path,
                                      &options->format, error);

    if (status != SGC_OK) return status;
    bool one_table = options->format != SGC_LOAD_JSON;
    if (one_table && !options->table.data)
        return sgc_usage_error(arguments, error, "NDJSON and CSV hold one table: say --table TYPE");
    if (!one_table && options->table.data)
        return sgc_usage_error(arguments, error, "JSON names its tables itself: leave out --table");
    return SGC_OK;
}

static sgc_status run_load(sgc_arguments *arguments, sgc_error *error)
{
    const char *batch = sgc_option_value(arguments, "--batch");
    sgc_load_options options = {.table = sgc_str_from(sgc_option_value(arguments, "--table")),
                                .upsert = sgc_option_value(arguments, "--upsert") != NULL};
    sgc_error words;
    sgc_db *db = NULL;
    sgc_status status = SGC_OK;

    if (arguments->word_count == 0) return sgc_usage_error(arguments, error, "FILE is missing");
    if (batch && sgc_parse_number(batch, 1, UINT32_MAX, &options.batch, &words) != SGC_OK)
        return sgc_usage_error(arguments, error, "--batch: %s", words.text);
    /* All names are looked at before the first row is loaded. */
    for (size_t i = 0; status == SGC_OK && i < arguments->word_count; i++)
        status = format_of(arguments, arguments->words[i], &options, error);
    if (status == SGC_OK) status = open_existing(arguments, &db, error);
    for (size_t i = 0; status == SGC_OK && i < arguments->word_count; i++) {
        const char *path = arguments->words[i];
        status = format_of(arguments, path, &options, error);
        if (status == SGC_OK) status = load_file(db, path, &options, error);
    }
    return finish(db, status, error);
}

/* ---- query ---- */

static const sgc_option query_options[] = {
    {.name = "--data", .value = "DIR", .help = "folder of the database"},
    {.name = "--file",
     .value = "FILE",
     .help = "read the document from a file (- is standard input)"},
    {.name = "--variables", .value = "JSON", .help = "variables as a JSON object"},
    {.name = "--operation", .value = "NAME", .help = "which operation of the document"},
    {.name = "--help", .help = "this text"},
    {.name = NULL},
};

static sgc_status read_request(sgc_arguments *arguments, sgc_arena *arena, sgc_request *request,
                               sgc_error *error)
{
    const char *file = sgc_option_value(arguments, "--file");
    const char *variables = sgc_option_value(arguments, "--variables");
    sgc_json *json = NULL;

    if ((file != NULL) == (arguments->word_count == 1) || arguments->word_count > 1)
        return sgc_usage_error(arguments, error,
                               "give the document as one argument or with --file");
    request->operation_name = sgc_str_from(sgc_option_value(arguments, "--operation"));
    request->query = sgc_str_from(file ? NULL : arguments->words[0]);
    sgc_status status = file ? sgc_read_file(file, arena, &request->query, error) : SGC_OK;
    if (status != SGC_OK || !variables) return status;
    status = sgc_json_parse(sgc_str_from(variables), arena, &json, error);
    if (status != SGC_OK) {
        sgc_error words = *error;
        return sgc_usage_error(arguments, error, "--variables: %s", words.text);
    }
    if (json->kind != SGC_JSON_OBJECT)
        return sgc_usage_error(arguments, error, "--variables takes a JSON object");
    request->variables = json;
    return status;
}

static sgc_status answer(sgc_db *db, const sgc_request *request, sgc_error *error)
{
    sgc_api *api = NULL;
    sgc_buf out = {0};
    sgc_status status = sgc_api_create(sgc_db_schema(db), &api, error);

    if (status != SGC_OK) return status;
    sgc_answer kind = sgc_execute(api, db, request, &out);
    sgc_buf_byte(&out, '\n');
    if (out.failed) status = sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    if (status == SGC_OK) fwrite(out.data, 1, out.size, stdout);
    if (status == SGC_OK && kind != SGC_ANSWER_DATA)
        status = sgc_fail(error, SGC_INVALID, "the request was refused");
    sgc_buf_free(&out);
    sgc_api_destroy(api);
    return status;
}

static sgc_status run_query(sgc_arguments *arguments, sgc_error *error)
{
    sgc_request request = {0};
    sgc_arena arena = {0};
    sgc_db *db = NULL;

    sgc_status status = read_request(arguments, &arena, &request, error);
    if (status == SGC_OK) status = open_existing(arguments, &db, error);
    if (status == SGC_OK) status = answer(db, &request, error);
    status = finish(db, status, error);
    sgc_arena_free(&arena);
    return status;
}

/* ---- dump ---- */

static const sgc_option dump_options[] = {
    {.name = "--data", .value = "DIR", .help = "folder of the database"},
    {.name = "--table", .value = "TYPE", .help = "only this type (needed for ndjson and csv)"},
    {.name = "--format", .value = "FORMAT", .help = "json (default), ndjson or csv"},
    {.name = "--help", .help = "this text"},
    {.name = NULL},
};

static sgc_status write_piece(void *context, sgc_str piece)
{
    return fwrite(piece.data, 1, piece.size, context) == piece.size ? SGC_OK : SGC_IO;
}

static sgc_status run_dump(sgc_arguments *arguments, sgc_error *error)
{
    const char *format_name = sgc_option_value(arguments, "--format");
    sgc_load_format format = SGC_LOAD_JSON;
    sgc_db *db = NULL;
    sgc_status status = SGC_OK;

    if (arguments->word_count)
        return sgc_usage_error(arguments, error, "dump takes no file: redirect it");
    if (format_name) status = choose_format(arguments, format_name, "", &format, error);
    if (status == SGC_OK && format != SGC_LOAD_JSON && !sgc_option_value(arguments, "--table"))
        status =
            sgc_usage_error(arguments, error, "NDJSON and CSV hold one table: say --table TYPE");
    if (status == SGC_OK) status = open_existing(arguments, &db, error);
    if (status == SGC_OK)
        status = sgc_dump(db, format, sgc_str_from(sgc_option_value(arguments, "--table")),
                          write_piece, stdout, error);
    return finish(db, status, error);
}

/* ---- the program ---- */

static const sgdb_command commands[] = {
    {"init", "sgdb init SCHEMA... --data DIR", "creates a database for a schema",
     "sgdb init blog.graphql --data ./blog", init_options, run_init},
    {"serve", "sgdb serve [SCHEMA...] --data DIR [options]",
     "serves a database over GraphQL; creates it when there is none",
     "sgdb serve blog.graphql --data ./blog --listen 127.0.0.1:8080", sgc_server_options,
     run_serve},
    {"load", "sgdb load FILE... --data DIR [options]",
     "loads rows from JSON ({\"Type\": [...]}), NDJSON or CSV files",
     "sgdb load users.csv --table User --upsert --data ./blog", load_options, run_load},
    {"query", "sgdb query DOCUMENT --data DIR [options]", "answers one GraphQL request",
     "sgdb query '{ users(limit: 3) { name } }' --data ./blog", query_options, run_query},
    {"dump", "sgdb dump --data DIR [options]", "writes rows so that load takes them back",
     "sgdb dump --data ./blog --table User --format csv > users.csv", dump_options, run_dump},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(void)
{
    printf("usage: sgdb COMMAND ...\n\nOpens databases that sgc's schemas "
           "describe.\n\n");
    for (int i = 0; i < COMMANDS; i++)
        printf("  %-8s %s\n", commands[i].name, commands[i].summary);
    printf("\nexamples:\n");
    for (int i = 0; i < COMMANDS; i++)
        printf("  %s\n", commands[i].example);
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
    sgc_arena_free(&arena);
    if (fflush(stdout) != 0 && status == SGC_OK)
        status = sgc_fail(&error, SGC_IO, "cannot write: %s", strerror(errno));
    if (status == SGC_OK) return 0;
    fprintf(stderr, "sgdb %s: %s\n", command->name, error.text);
    if (arguments.wrong) fprintf(stderr, "Try 'sgdb %s --help'.\n", command->name);
    return arguments.wrong ? 2 : 1;
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
        if (strcmp(commands[i].name, name) == 0) return run_command(&commands[i], argc, argv);
    fprintf(stderr, "sgdb: unknown command '%s'\nTry 'sgdb --help'.\n", name);
    return 2;
}
