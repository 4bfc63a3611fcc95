/* sgdb_load.c - sgdb load: rows from files and standard input. */
#include "cli/sgdb.h"

#include <errno.h>
#include <stdio.h>

static const sgc_option load_options[] = {
    SGDB_DATA,
    {.name = "--table", .value = "TYPE", .help = "type of the rows (NDJSON and CSV)"},
    {.name = "--format",
     .value = "FORMAT",
     .help = "json, ndjson or csv (default: by the file's ending)"},
    {.name = "--upsert", .help = "replace rows that exist already instead of refusing them"},
    {.name = "--batch",
     .value = "N",
     .help = "commit every N rows (default: a file is one atomic load)"},
    SGDB_LAST,
};

static bool ends_with(const char *text, const char *ending)
{
    size_t size = strlen(text), tail = strlen(ending);
    return size >= tail && strcmp(text + size - tail, ending) == 0;
}

sgc_status sgc_cmd_format(sgc_arguments *arguments, const char *format, const char *path,
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

static sgc_status rewind_input(void *context)
{
    input *in = context;

    if (fseek(in->stream, 0, SEEK_SET) == 0) return SGC_OK;
    in->cause = errno;
    return SGC_IO;
}

static void draw_bar(void *context, uint64_t rows, uint64_t bytes)
{
    const input *in = context;
    char words[40];

    if (!in->watched) return;
    snprintf(words, sizeof words, "%llu rows", (unsigned long long)rows);
    sgc_cmd_bar(in->path, bytes, in->size, words);
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

static sgc_status print_counts(const sgc_schema *schema, const uint64_t *counts, bool json,
                               sgc_error *error)
{
    sgc_buf out = {0};

    for (uint16_t i = 0; i < schema->table_count; i++) {
        if (!counts[i]) continue;
        if (json) {
            sgc_buf_text(&out, "{\"table\":");
            sgc_json_str(&out, schema->tables[i].name);
            sgc_buf_printf(&out, ",\"rows\":%llu}\n", (unsigned long long)counts[i]);
        } else {
            sgc_buf_printf(&out, "Loaded %llu rows into " SGC_FMT "\n",
                           (unsigned long long)counts[i], SGC_ARG(schema->tables[i].name));
        }
    }
    return sgc_cmd_print(&out, error);
}

static sgc_status load_file(sgc_db *db, const char *path, sgc_load_text_options *options, bool json,
                            sgc_error *error)
{
    const sgc_schema *schema = sgc_db_schema(db);
    bool standard = strcmp(path, "-") == 0;
    input in = {.path = path, .watched = sgc_stderr_is_terminal()};
    sgc_load_source source = {&in, read_input, NULL};

    in.stream = standard ? stdin : fopen(path, "rb");
    if (!in.stream)
        return sgc_fail(error, errno == ENOENT || errno == ENOTDIR ? SGC_NOT_FOUND : SGC_IO,
                        "cannot read %s: %s", path, strerror(errno));
    uint64_t *counts = sgc_alloc_zero((size_t)schema->table_count + 1, sizeof *counts);
    if (!counts) {
        if (!standard) fclose(in.stream);
        return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    }
    if (!standard) in.size = stream_size(in.stream);
    if (in.size) source.rewind = rewind_input;
    options->progress = draw_bar;
    options->progress_context = &in;
    options->name = standard ? "standard input" : path;
    sgc_status status = sgc_load_text(db, &source, options, counts, error);
    if (in.watched) sgc_cmd_bar_end();
    if (status == SGC_OK) {
        status = print_counts(schema, counts, json, error);
    } else if (in.cause) {
        sgc_fail(error, status, "%s: %s", options->name, strerror(in.cause));
    }
    if (!standard) fclose(in.stream);
    sgc_free(counts);
    return status;
}

/* The format of a file, and whether --table goes with it. */
static sgc_status format_of(sgc_arguments *arguments, const char *path,
                            sgc_load_text_options *options, sgc_error *error)
{
    sgc_status status = sgc_cmd_format(arguments, sgc_option_value(arguments, "--format"), path,
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
    sgc_load_text_options options = {.table = sgc_str_from(sgc_option_value(arguments, "--table")),
                                     .upsert = sgc_option_value(arguments, "--upsert") != NULL};
    bool json = sgc_cmd_json(arguments);
    sgc_error words;
    sgc_db *db = NULL;
    uint16_t table;
    sgc_status status = SGC_OK;

    if (arguments->word_count == 0) return sgc_usage_error(arguments, error, "FILE is missing");
    if (batch && sgc_parse_number(batch, 1, UINT32_MAX, &options.batch, &words) != SGC_OK)
        return sgc_usage_error(arguments, error, "--batch: %s", words.text);
    /* All names are looked at before the first row is loaded. */
    for (size_t i = 0; status == SGC_OK && i < arguments->word_count; i++)
        status = format_of(arguments, arguments->words[i], &options, error);
    if (status == SGC_OK) status = sgc_cmd_open(arguments, NULL, &db, error);
    if (status == SGC_OK && options.table.data)
        status = sgc_cmd_table(sgc_db_schema(db), options.table, false, &table, error);
    for (size_t i = 0; status == SGC_OK && i < arguments->word_count; i++) {
        const char *path = arguments->words[i];
        status = format_of(arguments, path, &options, error);
        if (status == SGC_OK) status = load_file(db, path, &options, json, error);
    }
    return sgc_cmd_close(db, status, error);
}

const sgdb_command sgc_cmd_load = {
    "load",
    "sgdb load FILE... --data DIR [options]",
    "loads rows from JSON ({\"Type\": [...]}), NDJSON or CSV files",
    "sgdb load users.csv --table User --upsert --data ./blog",
    load_options,
    run_load,
};
