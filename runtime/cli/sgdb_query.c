/* sgdb_query.c - sgdb query and sgdb dump: what a database says, now or as of any moment. */
#include "cli/sgdb.h"

#include <errno.h>
#include <stdio.h>

/* ---- query ---- */

static const sgc_option query_options[] = {
    SGDB_DATA,
    {.name = "--file",
     .value = "FILE",
     .help = "read the document from a file (- is standard input)"},
    {.name = "--variables", .value = "JSON", .help = "variables as a JSON object"},
    {.name = "--operation", .value = "NAME", .help = "which operation of the document"},
    SGDB_AS_OF,
    SGDB_LAST,
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

/* Whoever calls from a script wants to know that something was refused: that is status 1. */
static sgc_status answer(sgc_db *db, sgc_request *request, sgc_error *error)
{
    sgc_api *api = NULL;
    sgc_buf out = {0};
    bool has_errors = false;
    sgc_error failure = {SGC_OK, ""};
    sgc_status status = sgc_api_create(sgc_db_schema(db), &api, error);

    if (status != SGC_OK) return status;
    request->has_errors = &has_errors;
    request->failure = &failure;
    sgc_answer kind = sgc_execute(api, db, request, &out);
    sgc_buf_byte(&out, '\n');
    if (out.failed) status = sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    if (status == SGC_OK) fwrite(out.data, 1, out.size, stdout);
    if (status == SGC_OK && kind != SGC_ANSWER_DATA)
        status = sgc_fail(error, SGC_INVALID, "%s",
                          failure.text[0] ? failure.text : "the request was refused");
    if (status == SGC_OK && has_errors)
        status = sgc_fail(error, SGC_INVALID, "the answer has errors");
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
    if (status == SGC_OK) status = sgc_cmd_moment(arguments, &request.moment, error);
    if (status == SGC_OK) status = sgc_cmd_open(arguments, NULL, &db, error);
    if (status == SGC_OK) status = answer(db, &request, error);
    status = sgc_cmd_close(db, status, error);
    sgc_arena_free(&arena);
    return status;
}

/* ---- dump ---- */

static const sgc_option dump_options[] = {
    SGDB_DATA,
    {.name = "--table", .value = "TYPE", .help = "only this type (needed for ndjson and csv)"},
    {.name = "--format", .value = "FORMAT", .help = "json (default), ndjson or csv"},
    SGDB_AS_OF,
    SGDB_LAST,
};

/* Where a dump goes, and how far it is. */
typedef struct output {
    FILE *stream;
    uint64_t bytes;
    bool watched;
    int cause; /* errno of a write that failed */
} output;

static sgc_status write_piece(void *context, sgc_str piece)
{
    output *out = context;
    char size[32];

    out->bytes += piece.size;
    if (out->watched) sgc_cmd_bar("dump", 0, 0, sgc_cmd_bytes(out->bytes, size));
    if (fwrite(piece.data, 1, piece.size, out->stream) == piece.size) return SGC_OK;
    out->cause = errno;
    return SGC_IO;
}

/* A bar between the rows on one terminal would be in the way. */
static sgc_status dump_to(sgc_db *db, sgc_dump_options *options, sgc_error *error)
{
    output out = {.stream = stdout,
                  .watched = sgc_stderr_is_terminal() && !sgc_stdout_is_terminal()};

    options->sink = write_piece;
    options->context = &out;
    sgc_status status = sgc_dump(db, options, error);
    if (out.watched) sgc_cmd_bar_end();
    if (out.cause)
        return sgc_fail(error, SGC_IO, "cannot write standard output: %s", strerror(out.cause));
    return status;
}

static sgc_status run_dump(sgc_arguments *arguments, sgc_error *error)
{
    const char *format_name = sgc_option_value(arguments, "--format");
    sgc_dump_options options = {.format = SGC_LOAD_JSON,
                                .table = sgc_str_from(sgc_option_value(arguments, "--table"))};
    sgc_db *db = NULL;
    uint16_t table;
    sgc_status status = SGC_OK;

    if (arguments->word_count)
        return sgc_usage_error(arguments, error, "dump takes no file: redirect it");
    if (format_name) status = sgc_cmd_format(arguments, format_name, "", &options.format, error);
    if (status == SGC_OK && options.format != SGC_LOAD_JSON && !options.table.data)
        status =
            sgc_usage_error(arguments, error, "NDJSON and CSV hold one table: say --table TYPE");
    if (status == SGC_OK) status = sgc_cmd_moment(arguments, &options.moment, error);
    if (status == SGC_OK) status = sgc_cmd_open(arguments, NULL, &db, error);
    if (status == SGC_OK && options.table.data)
        status = sgc_cmd_table(sgc_db_schema(db), options.table, false, &table, error);
    if (status == SGC_OK) status = dump_to(db, &options, error);
    return sgc_cmd_close(db, status, error);
}

const sgdb_command sgc_cmd_query = {
    "query",
    "sgdb query DOCUMENT --data DIR [options]",
    "answers one GraphQL request",
    "sgdb query '{ users(limit: 3) { name } }' --data ./blog --as-of 41",
    query_options,
    run_query,
};
const sgdb_command sgc_cmd_dump = {
    "dump",
    "sgdb dump --data DIR [options]",
    "writes rows so that load takes them back",
    "sgdb dump --data ./blog --table User --format csv > users.csv",
    dump_options,
    run_dump,
};
