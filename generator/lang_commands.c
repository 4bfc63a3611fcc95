/*
 * lang_commands.c - options, files and output of the language commands. What they answer is
 * lang_request.c, requests by the line are lang_batch.c.
 */
#include "lang_commands.h"

#include "lang_batch.h"
#include "lang_request.h"
#include "os/os.h"

#include <errno.h>
#include <stdio.h>

enum { VALID = 0, INVALID = 1, FAILED = 2 };

const char sgc_lang_usage[] =
    "  sgc check [SCHEMA]... [--query FILE] [--rule NAME]   are schema and queries valid?\n"
    "  sgc print FILE                   the document in its canonical form\n"
    "  sgc minify FILE                  the document without ignored characters\n"
    "  sgc introspect SCHEMA...         the schema as an introspection result\n"
    "  sgc diff OLD NEW                 breaking and dangerous changes between two schemas\n"
    "  sgc batch --format json          one JSON request a line in, one answer a line out\n"
    "\n"
    "A further SCHEMA extends the first; --schema FILE is another way to name one. --format json\n"
    "makes every answer JSON. A file may be - for standard input. Exit status: 0 valid, 1 not,\n"
    "2 when sgc could not tell.\n";

static const sgc_option table[] = {
    {.name = "--schema", .value = "FILE", .repeated = true},
    {.name = "--query", .value = "FILE"},
    {.name = "--rule", .value = "NAME"},
    {.name = "--format", .value = "json"},
    {.name = "--help", .letter = "-h"},
    {.name = NULL},
};

struct options {
    sgc_lang_op op;
    bool json;
    const char **schemas;
    size_t schema_count;
    const char *query;
    const char *rule;
    const char **files;
    size_t file_count;
};

bool sgc_lang_command_known(const char *word)
{
    sgc_lang_op op;

    return sgc_lang_op_find(word, &op);
}

static bool usage_error(const char *what, const char *argument)
{
    fprintf(stderr, "sgc: %s%s%s\n\nUsage:\n%s", what, argument ? ": " : "",
            argument ? argument : "", sgc_lang_usage);
    return false;
}

static bool no_memory(void)
{
    fputs("sgc: out of memory\n", stderr);
    return false;
}

/* ---- options ---- */

/* Schemas are named by --schema and, where a command takes no other files, by bare words. */
static bool take_options(struct options *options, const sgc_arguments *given, sgc_arena *arena)
{
    bool words = options->op == SGC_LANG_CHECK || options->op == SGC_LANG_INTROSPECT;
    const char *format = sgc_option_value(given, "--format");

    options->schemas =
        sgc_arena_zero(arena, given->given_count + given->word_count, sizeof *options->schemas);
    if (!options->schemas) return no_memory();
    options->schema_count = sgc_option_values(given, "--schema", options->schemas);
    for (size_t i = 0; words && i < given->word_count; i++)
        options->schemas[options->schema_count++] = given->words[i];
    options->files = given->words;
    options->file_count = words ? 0 : given->word_count;
    options->query = sgc_option_value(given, "--query");
    options->rule = sgc_option_value(given, "--rule");
    options->json = format != NULL;
    if (format && strcmp(format, "json") != 0)
        return usage_error("the only --format is json, not", format);
    return true;
}

/* Which options and how many files a command takes. */
static bool check_options(const struct options *options, const char *word)
{
    static const size_t file_counts[] = {
        [SGC_LANG_CHECK] = 0,      [SGC_LANG_PRINT] = 1, [SGC_LANG_MINIFY] = 1,
        [SGC_LANG_INTROSPECT] = 0, [SGC_LANG_DIFF] = 2,  [SGC_LANG_BATCH] = 0};
    bool check = options->op == SGC_LANG_CHECK;
    bool schemas = check || options->op == SGC_LANG_INTROSPECT;

    if (options->file_count > file_counts[options->op])
        return usage_error("unexpected argument", options->files[file_counts[options->op]]);
    if (options->file_count < file_counts[options->op])
        return usage_error("a file is missing behind", word);
    if (!schemas && options->schema_count) return usage_error("no --schema goes with", word);
    if (!check && options->query) return usage_error("no --query goes with", word);
    if (!check && options->rule) return usage_error("no --rule goes with", word);
    if (check && !options->schema_count && !options->query)
        return usage_error("nothing to check: give a schema or --query", NULL);
    if (options->op == SGC_LANG_INTROSPECT && !options->schema_count)
        return usage_error("a schema is missing behind", word);
    if (options->rule && !sgc_validation_rule_known(sgc_str_from(options->rule)))
        return usage_error("unknown rule", options->rule);
    if (options->op == SGC_LANG_BATCH && !options->json)
        return usage_error("batch speaks JSON only: add --format json", NULL);
    return true;
}

/* ---- files ---- */

/* Reads a file into the arena; says what went wrong. */
static bool read_source(const char *path, sgc_arena *arena, sgc_source *source)
{
    sgc_error error;

    source->name = strcmp(path, "-") == 0 ? SGC_STR("<stdin>") : sgc_str_from(path);
    if (sgc_read_file(path, arena, &source->text, &error) == SGC_OK) return true;
    fprintf(stderr, "sgc: %s\n", error.text);
    return false;
}

static bool read_sources(const char **paths, size_t count, sgc_arena *arena,
                         const sgc_source **sources)
{
    sgc_source *read = sgc_arena_zero(arena, count, sizeof *read);

    if (!read) return no_memory();
    for (size_t i = 0; i < count; i++)
        if (!read_source(paths[i], arena, &read[i])) return false;
    *sources = count ? read : NULL;
    return true;
}

static bool make_request(const struct options *options, sgc_arena *arena, sgc_lang_request *request)
{
    request->op = options->op;
    request->rule = sgc_str_from(options->rule);
    if (options->op == SGC_LANG_DIFF) {
        request->schema_count = options->file_count;
        return read_sources(options->files, options->file_count, arena, &request->schemas);
    }
    const char *query = options->file_count ? options->files[0] : options->query;
    request->schema_count = options->schema_count;
    return read_sources(options->schemas, options->schema_count, arena, &request->schemas) &&
           read_sources(&query, query ? 1 : 0, arena, &request->query);
}

/* ---- output ---- */

static bool write_all(FILE *stream, const sgc_buf *text)
{
    if (text->failed) return no_memory();
    sgc_str bytes = sgc_buf_as_str(text);
    if (fwrite(bytes.data, 1, bytes.size, stream) == bytes.size && fflush(stream) == 0) return true;
    fprintf(stderr, "sgc: cannot write the answer: %s\n", strerror(errno));
    return false;
}

static void text_for_people(const sgc_lang_answer *answer, sgc_buf *out)
{
    for (size_t i = 0; i < answer->change_count; i++) {
        sgc_buf_str(out, answer->changes[i]);
        sgc_buf_byte(out, '\n');
    }
    sgc_buf_str(out, sgc_buf_as_str(&answer->text));
    if (answer->text.size) sgc_buf_byte(out, '\n');
}

static bool write_answer(const struct options *options, const sgc_lang_request *request,
                         const sgc_lang_answer *answer)
{
    bool errors = answer->diagnostics.count > 0;
    sgc_buf out = {0};

    if (options->json) {
        sgc_buf_byte(&out, '{');
        sgc_lang_answer_json(request, answer, &out);
        sgc_buf_text(&out, "}\n");
    } else if (errors) {
        sgc_diagnostics_print(&answer->diagnostics, &out);
    } else {
        text_for_people(answer, &out);
    }
    bool written = write_all(errors && !options->json ? stderr : stdout, &out);
    sgc_buf_free(&out);
    return written;
}

static int answer_one(const struct options *options, sgc_arena *arena)
{
    sgc_lang_request request = {0};
    sgc_lang_answer answer = {0};
    int exit_status = FAILED;

    if (!make_request(options, arena, &request)) return FAILED;
    sgc_status status = sgc_lang_ask(&request, &answer);
    if (status != SGC_OK && status != SGC_INVALID)
        fprintf(stderr, "sgc: %s\n", sgc_status_text(status));
    else if (write_answer(options, &request, &answer))
        exit_status = answer.diagnostics.count ? INVALID : VALID;
    sgc_lang_answer_free(&answer);
    return exit_status;
}

static int run(struct options *options, const sgc_arguments *given, const char *word,
               sgc_arena *arena)
{
    if (sgc_option_value(given, "--help")) {
        printf("Usage:\n%s", sgc_lang_usage);
        return VALID;
    }
    if (!take_options(options, given, arena) || !check_options(options, word)) return FAILED;
    return options->op == SGC_LANG_BATCH ? sgc_lang_batch() : answer_one(options, arena);
}

int sgc_lang_command(int argc, char **argv)
{
    struct options options = {0};
    sgc_arguments given;
    sgc_arena arena = {0};
    sgc_error error;
    int exit_status = FAILED;

    if (argc < 2 || !sgc_lang_op_find(argv[1], &options.op))
        usage_error("unknown command", argc < 2 ? "" : argv[1]);
    else if (sgc_options_read(table, argc, argv, 2, &arena, &given, &error) != SGC_OK)
        usage_error(error.text, NULL);
    else
        exit_status = run(&options, &given, argv[1], &arena);
    sgc_arena_free(&arena);
    return exit_status;
}
