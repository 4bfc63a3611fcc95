/*
 * lang_batch.c - sgc batch: one JSON request a line on standard input, one answer a line on
 * standard output, each written before the next line is read. A line that is no request is answered
 * with an error and makes the exit status 2 in the end.
 */
#include "lang_batch.h"

#include "codec/codec.h"
#include "lang_request.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { CHUNK = 1 << 16 };

/* Standard input by lines: read(2), because a line must not wait for a full buffer. */
struct lines {
    sgc_buf read;
    size_t start; /* of the next line */
    bool end;
};

static bool fill(struct lines *lines)
{
    if (lines->start > 0) {
        memmove(lines->read.data, lines->read.data + lines->start, lines->read.size - lines->start);
        lines->read.size -= lines->start;
        lines->start = 0;
    }
    char *room = sgc_buf_reserve(&lines->read, CHUNK);
    if (!room) return false;
    ssize_t got = read(STDIN_FILENO, room, CHUNK);
    if (got < 0) return errno == EINTR;
    lines->read.size += (size_t)got;
    lines->end = got == 0;
    return true;
}

/* False at the end of input or when reading fails (failed tells which). */
static bool next_line(struct lines *lines, sgc_str *line, bool *failed)
{
    size_t searched = lines->start;

    for (;;) {
        char *from = lines->read.data ? lines->read.data + searched : NULL;
        char *found = from ? memchr(from, '\n', lines->read.size - searched) : NULL;
        if (found || (lines->end && lines->start < lines->read.size)) {
            char *stop = found ? found : lines->read.data + lines->read.size;
            char *start = lines->read.data + lines->start;
            *line = sgc_str_of(start, (size_t)(stop - start));
            lines->start += line->size + (found != NULL);
            return true;
        }
        if (lines->end) return false;
        searched = lines->read.size - lines->start;
        if (!fill(lines)) {
            *failed = true;
            return false;
        }
    }
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
    if (rule->kind != SGC_JSON_STRING || !sgc_lang_rule_known(rule->text)) return "unknown rule";
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
        if (!strchr(" \t\r", line.data[i])) return false;
    return true;
}

int sgc_lang_batch(void)
{
    struct lines lines = {0};
    sgc_arena arena = {0};
    sgc_buf out = {0};
    sgc_str line;
    bool failed = false, refused = false;

    while (!failed && next_line(&lines, &line, &failed)) {
        if (is_blank(line)) continue;
        out.size = 0;
        if (!answer_line(line, &arena, &out)) refused = true;
        failed =
            out.failed || fwrite(out.data, 1, out.size, stdout) != out.size || fflush(stdout) != 0;
        sgc_arena_reset(&arena);
    }
    if (failed) fputs("sgc: batch stopped: input, output or memory failed\n", stderr);
    sgc_buf_free(&out);
    sgc_buf_free(&lines.read);
    sgc_arena_free(&arena);
    return failed || refused ? 2 : 0;
}
