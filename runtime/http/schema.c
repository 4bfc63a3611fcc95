/*
 * schema.c - the endpoints that SharpGraph's users know: /schema, /schema/tables, /schema/load and
 * /schema/data. Rows are loaded by admin, schemas built by schema.
 */
#include "http/exchange.h"

#include <stdio.h>

/* ---- reading ---- */

/* One object for each table the user declared: its name, its rows and, if asked for, its file. */
static sgc_status list_tables(sgc_exchange *exchange, const char *name_key, bool with_file)
{
    const sgc_schema *schema = sgc_db_schema(exchange->server->db);
    sgc_buf *out = exchange->out;
    sgc_txn *txn = NULL;
    bool first = true;

    sgc_status status = sgc_begin_read(exchange->server->db, sgc_now(), &txn);
    sgc_buf_text(out, "{\"tables\":[");
    for (uint16_t i = 0; status == SGC_OK && i < schema->table_count; i++) {
        const sgc_table *table = &schema->tables[i];
        uint64_t rows = 0;
        if (table->link) continue;
        status = sgc_txn_count_rows(txn, i, &rows);
        sgc_buf_printf(out, "%s{\"%s\":", first ? "" : ",", name_key);
        first = false;
        sgc_json_str(out, table->name);
        sgc_buf_printf(out, ",\"recordCount\":%llu", (unsigned long long)rows);
        if (with_file) sgc_buf_text(out, ",\"filePath\":\"pages\"");
        sgc_buf_text(out, "}");
    }
    sgc_buf_text(out, "]}");
    sgc_abort(&txn);
    return status;
}

static void get_tables(sgc_exchange *exchange, const char *name_key, bool with_file)
{
    sgc_http_service_get(exchange->server);
    sgc_status status = list_tables(exchange, name_key, with_file);
    sgc_http_service_release(exchange->server);

    exchange->status = 200;
    exchange->content_type = SGC_TYPE_JSON;
    if (status == SGC_OK) return;
    exchange->out->size = 0;
    sgc_http_error(exchange, sgc_status_http(status), sgc_status_text(status));
}

/* ---- loading ---- */

/* A page of another site cannot send these types without asking first (no simple request). */
static bool takes_type(sgc_exchange *exchange, bool *is_json)
{
    *is_json = sgc_http_media_is(exchange->head.content_type, "application/json");
    if (*is_json || sgc_http_media_is(exchange->head.content_type, "application/graphql"))
        if (sgc_http_media_is_utf8(exchange->head.content_type)) return true;
    sgc_http_error(exchange, 415,
                   "Content-Type must be application/json or application/graphql, in utf-8");
    return false;
}

static void fail(sgc_exchange *exchange, int status, const char *text)
{
    sgc_buf *out = exchange->out;

    out->size = 0;
    exchange->status = status;
    exchange->content_type = SGC_TYPE_JSON;
    sgc_buf_text(out, "{\"success\":false,\"error\":");
    sgc_json_str(out, sgc_str_from(text));
    sgc_buf_text(out, "}");
}

/* The SDL of the body: {"schema": "..."} or the text itself. False: answered already. */
static bool body_sdl(sgc_exchange *exchange, bool is_json, sgc_str *sdl)
{
    sgc_error error = {SGC_OK, ""};
    sgc_json *json;

    *sdl = exchange->body;
    if (is_json) {
        if (sgc_json_parse(exchange->body, exchange->arena, &json, &error) != SGC_OK) {
            fail(exchange, 400, error.text);
            return false;
        }
        const sgc_json *member = sgc_json_member(json, "schema");
        if (!member || member->kind != SGC_JSON_STRING) {
            fail(exchange, 400, "the body must be {\"schema\": \"...\"}");
            return false;
        }
        *sdl = member->text;
    }
    if (sdl->size == 0) {
        sgc_http_error(exchange, 400, "Empty schema");
        return false;
    }
    return true;
}

/* Builds the model and its API in a service of its own; NULL after an answer was written. */
static sgc_http_service *build_service(sgc_exchange *exchange, sgc_str sdl,
                                       const sgc_schema **schema)
{
    sgc_http_service *service = sgc_alloc_zero(1, sizeof *service);
    sgc_error error = {SGC_OK, "out of memory"};
    sgc_schema_built built;
    sgc_buf words = {0};

    if (!service) {
        fail(exchange, 500, "out of memory");
        return NULL;
    }
    sgc_diagnostics diagnostics = {.arena = &service->arena};
    sgc_schema_file file = {SGC_STR("schema"), sgc_arena_str(&service->arena, sdl)};
    sgc_status status = file.text.data
                            ? sgc_schema_build(&file, 1, SGC_STR("schema"), sgc_str_of(NULL, 0),
                                               &service->arena, &diagnostics, &built)
                            : SGC_NO_MEMORY;
    if (status == SGC_OK) {
        *schema = built.schema;
        status = sgc_api_create(built.schema, &service->api, &error);
    } else if (diagnostics.count) {
        sgc_diagnostics_print(&diagnostics, &words);
        sgc_buf_byte(&words, '\0');
    }
    if (status == SGC_OK) return service;
    fail(exchange, sgc_status_http(status), words.size && !words.failed ? words.data : error.text);
    sgc_buf_free(&words);
    sgc_http_service_destroy(service);
    return NULL;
}

/* Written before the schema is handed over: another request may replace it at once. */
static void answer_loaded(sgc_exchange *exchange, const sgc_schema *schema)
{
    sgc_buf *out = exchange->out;
    unsigned tables = 0;

    for (uint16_t i = 0; i < schema->table_count; i++)
        tables += !schema->tables[i].link;
    exchange->status = 200;
    exchange->content_type = SGC_TYPE_JSON;
    sgc_buf_printf(out,
                   "{\"success\":true,\"message\":\"Schema loaded successfully. Created %u "
                   "tables.\",\"tables\":[",
                   tables);
    for (uint16_t i = 0, written = 0; i < schema->table_count; i++) {
        if (schema->tables[i].link) continue;
        if (written++) sgc_buf_byte(out, ',');
        sgc_json_str(out, schema->tables[i].name);
    }
    sgc_buf_text(out, "]}");
}

static void load_schema(sgc_exchange *exchange)
{
    sgc_http_server *server = exchange->server;
    sgc_error error = {SGC_OK, ""};
    const sgc_schema *schema = NULL;
    bool is_json;
    sgc_str sdl;

    if (server->options.fixed_schema) {
        fail(exchange, 409, "this server was compiled for its schema: run sgc again");
        return;
    }
    if (!takes_type(exchange, &is_json) || !body_sdl(exchange, is_json, &sdl)) return;
    sgc_http_service *service = build_service(exchange, sdl, &schema);
    if (!service) return;
    answer_loaded(exchange, schema);
    sgc_status status = sgc_http_service_replace(server, service, schema, &error);
    if (status != SGC_OK) fail(exchange, sgc_status_http(status), error.text);
}

static void answer_counts(sgc_exchange *exchange, const sgc_schema *schema, const uint64_t *counts)
{
    sgc_buf *out = exchange->out;
    bool first = true;

    exchange->status = 200;
    exchange->content_type = SGC_TYPE_JSON;
    sgc_buf_text(out, "{\"success\":true,\"message\":\"Data loaded successfully\","
                      "\"recordCounts\":{");
    for (uint16_t i = 0; i < schema->table_count; i++) {
        if (schema->tables[i].link || counts[i] == 0) continue;
        if (!first) sgc_buf_byte(out, ',');
        first = false;
        sgc_json_str(out, schema->tables[i].name);
        sgc_buf_printf(out, ":%llu", (unsigned long long)counts[i]);
    }
    sgc_buf_text(out, "}}");
}

static void load_data(sgc_exchange *exchange)
{
    sgc_error error = {SGC_OK, ""};
    sgc_str text = exchange->body;
    bool is_json;

    if (!takes_type(exchange, &is_json)) return;
    if (text.size == 0) {
        sgc_http_error(exchange, 400, "Empty data");
        return;
    }
    sgc_http_service_get(exchange->server);
    const sgc_schema *schema = sgc_db_schema(exchange->server->db);
    uint64_t *counts =
        sgc_arena_zero(exchange->arena, (size_t)schema->table_count + 1, sizeof *counts);
    sgc_load_source source = sgc_load_source_text(&text);
    sgc_load_text_options options = {.format = SGC_LOAD_JSON};
    sgc_status status = counts
                            ? sgc_load_text(exchange->server->db, &source, &options, counts, &error)
                            : sgc_fail(&error, SGC_NO_MEMORY, "out of memory");
    if (status == SGC_OK)
        answer_counts(exchange, schema, counts);
    else
        fail(exchange, sgc_status_http(status) == 200 ? 400 : sgc_status_http(status), error.text);
    sgc_http_service_release(exchange->server);
}

/* ---- routes ---- */

void sgc_http_schema(sgc_exchange *exchange)
{
    sgc_str path = exchange->head.path;
    bool post = sgc_http_is(exchange, "POST");
    bool load = sgc_str_eq(path, SGC_STR("/schema/load"));
    bool data = sgc_str_eq(path, SGC_STR("/schema/data"));
    bool list = sgc_str_eq(path, SGC_STR("/schema"));
    bool tables = sgc_str_eq(path, SGC_STR("/schema/tables"));

    if (!load && !data && !list && !tables)
        sgc_http_error(exchange, 404, "Endpoint not found");
    else if ((load || data) != post)
        sgc_http_method(exchange, post ? "GET, HEAD, OPTIONS" : "POST, OPTIONS");
    else if (load)
        load_schema(exchange);
    else if (data)
        load_data(exchange);
    else
        get_tables(exchange, list ? "tableName" : "name", tables);
}
