/*
 * lang_batch.c - sgc batch: one JSON request a line on standard input, one answer a line on
 * standard output, each written before the next line is read. A line that is no request is answered
 * with an error and makes the exit status 2 in the end.
 */
#include "lang_batch.h"

#include "codec/codec.h"
#include "lang_request.h"

#include <stdio.h>

/* The next line without its end; false when there is none or memory is out. */
static bool next_line(FILE *stream, sgc_buf *line)
{
    int c;

    line->size = 0;
    while ((c = getc(stream)) != EOF && c != '\n')
        sgc_buf_byte(line, (char)c);
    return !line->failed && (c != EOF || line->size > 0);
}

/* ---- one request ---- */

/* The text of a string member with a NUL behind it; false when it is not a string. */
static bool text_of(const sgc_json *json, sgc_arena *arena, sgc_source *source)
{
    if (!json || json->kind != SGC_JSON_STRING) return false;
    source->text = sgc_arena_str(arena, json->text);
    return source->text.data != NULL;
}

static const char *read_schemas(const sgc_json *json, sgc_arena *arena, sgc_lang_request *request)
{
    const sgc_json *list = sgc_json_member(json, "schema");
    size_t at = 0;

    if (!list) return NULL;
    if (list->kind != SGC_JSON_ARRAY) return "schema must be a list of texts";
    sgc_source *schemas = sgc_arena_zero(arena, list->count, sizeof *schemas);
    for (const sgc_json *item = list->first; item && schemas; item = item->next)
        if (!text_of(item, arena, &schemas[at++])) return "schema must be a list of texts";
    request->schemas = schemas;
    request->schema_count = at;
    return NULL;
}

static const char *read_versions(const sgc_json *json, sgc_arena *arena, sgc_lang_request *request)
{
    sgc_source *versions = sgc_arena_zero(arena, 2, sizeof *versions);

    if (!versions || !text_of(sgc_json_member(json, "old"), arena, &versions[0]) ||
        !text_of(sgc_json_member(json, "new"), arena, &versions[1]))
        return "diff needs the texts old and new";
    request->schemas = versions;
    request->schema_count = 2;
    return NULL;
}

static const char *read_query(const sgc_json *json, sgc_arena *arena, sgc_lang_request *request)
{
    const sgc_json *text = sgc_json_member(json, "query");
    sgc_source *query = sgc_arena_zero(arena, 1, sizeof *query);

    if (!text) return NULL;
    if (!query || !text_of(text, arena, query)) return "query must be a text";
    request->query = query;
    return NULL;
}

/* Says what is wrong with a request, NULL when nothing is. */
static const char *read_request(const sgc_json *json, sgc_arena *arena, sgc_lang_request *request)
{
    const sgc_json *op = sgc_json_member(json, "op");
    const sgc_json *rule = sgc_json_member(json, "rule");
    sgc_str word =
        op && op->kind == SGC_JSON_STRING ? sgc_arena_str(arena, op->text) : sgc_str_of(NULL, 0);
    const char *wrong;

    if (!word.data || !sgc_lang_op_find(word.data, &request->op) || request->op == SGC_LANG_BATCH)
        return "op must be check, print, minify, introspect or diff";
    if (request->op == SGC_LANG_DIFF) return read_versions(json, arena, request);
    wrong = read_schemas(json, arena, request);
    if (!wrong) wrong = read_query(json, arena, request);
    if (wrong) return wrong;
    bool text = request->op == SGC_LANG_PRINT || request->op == SGC_LANG_MINIFY;
    if (text && !request->query) return "query is missing";
    if (request->op == SGC_LANG_INTROSPECT && !request->schema_count) return "schema is missing";
    if (!rule) return NULL;
    if (rule->kind != SGC_JSON_STRING || !sgc_validation_rule_known(rule->text))
        return "unknown rule";
    request->rule = rule->text;
    return NULL;
}

static void refuse(const char *words, sgc_buf *out)
{
    sgc_buf_text(out, "\"valid\":false,\"errors\":[{\"message\":");
    sgc_json_quote(out, sgc_str_from(words));
    sgc_buf_text(out, ",\"locations\":[],\"rule\":\"Request\"}]");
}

/* Writes one answer; false when the line was no request. */
static bool answer_request(const sgc_json *json, sgc_arena *arena, sgc_buf *out)
{
    sgc_lang_request request = {0};
    sgc_lang_answer answer = {0};
    const char *wrong = read_request(json, arena, &request);

    if (wrong) {
        refuse(wrong, out);
        return false;
    }
    sgc_status status = sgc_lang_ask(&request, &answer);
    bool answered = status == SGC_OK || status == SGC_INVALID;
    if (answered)
        sgc_lang_answer_json(&request, &answer, out);
    else
        refuse(sgc_status_text(status), out);
    sgc_lang_answer_free(&answer);
    return answered;
}

static bool answer_line(sgc_str line, sgc_arena *arena, sgc_buf *out)
{
    sgc_json *json;
    sgc_error error;
    bool answered;

    sgc_buf_text(out, "{\"id\":");
    /* Halves of surrogate pairs must reach the lexer, whose errors name them. */
    if (sgc_json_parse_wtf8(line, arena, &json, &error) != SGC_OK) {
        sgc_buf_text(out, "null,");
        refuse(error.text, out);
        answered = false;
    } else {
        const sgc_json *id = sgc_json_member(json, "id");
        if (id)
            sgc_json_write(out, id);
        else
            sgc_buf_text(out, "null");
        sgc_buf_byte(out, ',');
        answered = answer_request(json, arena, out);
    }
    sgc_buf_text(out, "}\n");
    return answered;
}

static bool is_blank(sgc_str line)
{
    for (size_t i = 0; i < line.size; i++)
        if (!line.data[i] || !strchr(" \t\r", line.data[i])) return false;
    return true;
}

int sgc_lang_batch(void)
{
    sgc_arena arena = {0};
    sgc_buf line = {0}, out = {0};
    bool failed = false, refused = false;

    while (!failed && next_line(stdin, &line)) {
        if (is_blank(sgc_buf_as_str(&line))) continue;
        out.size = 0;
        if (!answer_line(sgc_buf_as_str(&line), &arena, &out)) refused = true;
        failed =
            out.failed || fwrite(out.data, 1, out.size, stdout) != out.size || fflush(stdout) != 0;
        sgc_arena_reset(&arena);
    }
    failed = failed || line.failed || ferror(stdin);
    if (failed) fputs("sgc: batch stopped: input, output or memory failed\n", stderr);
    sgc_buf_free(&line);
    sgc_buf_free(&out);
    sgc_arena_free(&arena);
    return failed || refused ? 2 : 0;
}
