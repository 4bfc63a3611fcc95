/* lang_request.c - answers to questions about GraphQL text; see lang_request.h. */
#include "lang_request.h"

bool sgc_lang_op_find(const char *word, sgc_lang_op *op)
{
    static const char *const words[] = {
        [SGC_LANG_CHECK] = "check",   [SGC_LANG_PRINT] = "print",
        [SGC_LANG_MINIFY] = "minify", [SGC_LANG_INTROSPECT] = "introspect",
        [SGC_LANG_DIFF] = "diff",     [SGC_LANG_BATCH] = "batch"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(word, words[i]) != 0) continue;
        *op = (sgc_lang_op)i;
        return true;
    }
    return false;
}

static sgc_status parse(const sgc_source *source, sgc_lang_answer *answer, sgc_document **document)
{
    return sgc_parse(source, NULL, &answer->arena, &answer->diagnostics, document);
}

/* Parses the sources and builds one type system of them. */
static sgc_status build(const sgc_source *sources, size_t count, sgc_lang_answer *answer,
                        sgc_type_system **system)
{
    const sgc_document **documents;
    sgc_document *parsed, *prelude;
    sgc_source *own = sgc_arena_zero(&answer->arena, 1, sizeof *own);
    sgc_status status = SGC_OK;

    documents = sgc_arena_zero(&answer->arena, count, sizeof *documents);
    if (!documents || !own) return SGC_NO_MEMORY;
    *own = (sgc_source){SGC_STR("sgc"), sgc_str_from(sgc_prelude_sdl)};
    status = parse(own, answer, &prelude);
    for (size_t i = 0; i < count && status == SGC_OK; i++) {
        status = parse(&sources[i], answer, &parsed);
        if (status == SGC_OK) documents[i] = parsed;
    }
    if (status != SGC_OK) return status;
    return sgc_type_system_build(documents, count, prelude, &answer->arena, &answer->diagnostics,
                                 system);
}

static sgc_status check(const sgc_lang_request *request, sgc_lang_answer *answer)
{
    sgc_type_system *system = NULL;
    sgc_document *document;
    sgc_status status = SGC_OK;

    if (request->schema_count > 0)
        status = build(request->schemas, request->schema_count, answer, &system);
    if (status != SGC_OK || !request->query) return status;
    status = parse(request->query, answer, &document);
    if (status == SGC_OK && system)
        status = sgc_validate(system, document, request->rule, &answer->diagnostics);
    /* A query nobody can check to its end is refused, with an error that says so. */
    return status == SGC_LIMIT ? SGC_INVALID : status;
}

static sgc_status print(const sgc_lang_request *request, sgc_lang_answer *answer)
{
    sgc_document *document;
    sgc_status status = parse(request->query, answer, &document);

    if (status == SGC_OK) sgc_print_document(document, &answer->text);
    return status;
}

static sgc_status introspect(const sgc_lang_request *request, sgc_lang_answer *answer)
{
    sgc_type_system *system;
    sgc_status status = build(request->schemas, request->schema_count, answer, &system);

    if (status == SGC_OK) sgc_introspection_json(system, &answer->text);
    return status;
}

/* A difference asks only for types that could be built: a schema without a query type has one. */
static sgc_status build_to_compare(const sgc_source *source, sgc_lang_answer *answer,
                                   sgc_type_system **system)
{
    sgc_diagnostics before = answer->diagnostics;

    *system = NULL;
    sgc_status status = build(source, 1, answer, system);
    if (status != SGC_INVALID || !*system) return status;
    answer->diagnostics = before;
    return SGC_OK;
}

static sgc_status diff(const sgc_lang_request *request, sgc_lang_answer *answer)
{
    sgc_type_system *before, *after;
    sgc_status status = build_to_compare(&request->schemas[0], answer, &before);

    if (status == SGC_OK) status = build_to_compare(&request->schemas[1], answer, &after);
    if (status == SGC_OK)
        status = sgc_type_system_diff(before, after, &answer->arena, &answer->changes,
                                      &answer->change_count);
    return status;
}

sgc_status sgc_lang_ask(const sgc_lang_request *request, sgc_lang_answer *answer)
{
    sgc_status status = SGC_UNSUPPORTED;

    answer->diagnostics.arena = &answer->arena;
    switch (request->op) {
    case SGC_LANG_CHECK:
        status = check(request, answer);
        break;
    case SGC_LANG_PRINT:
        status = print(request, answer);
        break;
    case SGC_LANG_MINIFY:
        status = sgc_minify(request->query, &answer->arena, &answer->diagnostics, &answer->text);
        break;
    case SGC_LANG_INTROSPECT:
        status = introspect(request, answer);
        break;
    case SGC_LANG_DIFF:
        status = diff(request, answer);
        break;
    case SGC_LANG_BATCH:
        break;
    }
    return answer->diagnostics.failed || answer->text.failed ? SGC_NO_MEMORY : status;
}

static void write_changes(const sgc_lang_answer *answer, sgc_buf *out)
{
    sgc_buf_text(out, "\"changes\":[");
    for (size_t i = 0; i < answer->change_count; i++) {
        if (i) sgc_buf_byte(out, ',');
        sgc_json_quote(out, answer->changes[i]);
    }
    sgc_buf_byte(out, ']');
}

void sgc_lang_answer_json(const sgc_lang_request *request, const sgc_lang_answer *answer,
                          sgc_buf *out)
{
    bool valid = answer->diagnostics.count == 0;

    if (!valid || request->op == SGC_LANG_CHECK) {
        sgc_buf_printf(out, "\"valid\":%s,\"errors\":", valid ? "true" : "false");
        sgc_diagnostics_json(&answer->diagnostics, out);
    } else if (request->op == SGC_LANG_INTROSPECT) {
        sgc_buf_text(out, "\"json\":");
        sgc_buf_str(out, sgc_buf_as_str(&answer->text));
    } else if (request->op == SGC_LANG_DIFF) {
        write_changes(answer, out);
    } else {
        sgc_buf_text(out, "\"text\":");
        sgc_json_quote(out, sgc_buf_as_str(&answer->text));
    }
}

void sgc_lang_answer_free(sgc_lang_answer *answer)
{
    sgc_buf_free(&answer->text);
    sgc_arena_free(&answer->arena);
    *answer = (sgc_lang_answer){0};
}
