/* sgdb_init.c - sgdb init and sgdb serve: databases made for a schema, and served. */
#include "cli/sgdb.h"

/* ---- init ---- */

static const sgc_option init_options[] = {
    {.name = "--data", .value = "DIR", .help = "folder to create"},
    SGDB_LAST,
};

static sgc_status say_made(const char *data, const sgc_schema *schema, bool json, sgc_error *error)
{
    sgc_buf out = {0};

    if (!json) {
        sgc_buf_printf(&out, "Initialized database in %s\n", data);
        return sgc_cmd_print(&out, error);
    }
    sgc_buf_text(&out, "{\"data\":");
    sgc_json_str(&out, sgc_str_from(data));
    sgc_buf_text(&out, ",\"tables\":[");
    for (uint16_t i = 0, count = 0; i < schema->table_count; i++) {
        if (schema->tables[i].link) continue;
        if (count++) sgc_buf_byte(&out, ',');
        sgc_json_str(&out, schema->tables[i].name);
    }
    sgc_buf_text(&out, "]}\n");
    return sgc_cmd_print(&out, error);
}

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
        status = sgc_cmd_schema(arguments->words, arguments->word_count, &arena, &schema, error);
    if (status == SGC_OK) {
        status = sgc_db_open(data, schema, &options, &db, error);
        status = sgc_cmd_close(db, status, error);
    }
    if (status == SGC_OK) status = say_made(data, schema, sgc_cmd_json(arguments), error);
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
        status = sgc_cmd_schema(arguments->words, arguments->word_count, &arena, &schema, error);
    if (status == SGC_OK) status = sgc_serve(arguments, schema, false, NULL, error);
    sgc_arena_free(&arena);
    return status;
}

const sgdb_command sgc_cmd_init = {
    "init",
    "sgdb init SCHEMA... --data DIR",
    "creates a database for a schema",
    "sgdb init blog.graphql --data ./blog",
    init_options,
    run_init,
};
const sgdb_command sgc_cmd_serve = {
    "serve",
    "sgdb serve [SCHEMA...] --data DIR [options]",
    "serves a database over GraphQL; creates it when there is none",
    "sgdb serve blog.graphql --data ./blog --listen 127.0.0.1:8080",
    sgc_server_options,
    run_serve,
};
