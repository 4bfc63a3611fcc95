/*
 * lang_fuzz.c - any bytes as GraphQL text. What parses must print, the print must parse and print
 * the same again, and the minimal form must mean the same document. What does not parse must say so
 * in one error that both faces of the diagnostics can show.
 */
#include "lang/lang.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool truth)
{
    if (!truth) abort();
}

/* A copy of exactly this size and a NUL, so that the sanitizer sees reads behind it. */
static sgc_source copy_of(sgc_str text)
{
    char *copy = sgc_alloc(text.size + 1);

    demand(copy != NULL);
    if (text.size) memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return (sgc_source){SGC_STR("fuzz"), sgc_str_of(copy, text.size)};
}

static void free_source(sgc_source *source)
{
    char *copy;

    memcpy(&copy, &source->text.data, sizeof copy);
    sgc_free(copy);
}

/* Parses and prints; false when the text is no GraphQL. */
static bool canonical(sgc_str text, sgc_buf *out)
{
    sgc_arena arena = {0};
    sgc_diagnostics diagnostics = {.arena = &arena};
    sgc_source source = copy_of(text);
    sgc_document *document = NULL;
    sgc_status status = sgc_parse(&source, NULL, &arena, &diagnostics, &document);

    if (status == SGC_OK) {
        sgc_print_document(document, out);
        demand(!out->failed && diagnostics.count == 0);
    } else {
        demand(status == SGC_INVALID && diagnostics.count == 1);
        demand(diagnostics.first->place_count == 1);
        demand(diagnostics.first->places[0].span.start <= text.size);
        sgc_diagnostics_print(&diagnostics, out);
        sgc_diagnostics_json(&diagnostics, out);
        demand(sgc_utf8_valid_prefix(sgc_buf_as_str(out)) == out->size);
    }
    sgc_arena_free(&arena);
    free_source(&source);
    return status == SGC_OK;
}

static bool minimal(sgc_str text, sgc_buf *out)
{
    sgc_arena arena = {0};
    sgc_diagnostics diagnostics = {.arena = &arena};
    sgc_source source = copy_of(text);
    sgc_status status = sgc_minify(&source, &arena, &diagnostics, out);

    demand((status == SGC_OK) == (diagnostics.count == 0));
    sgc_arena_free(&arena);
    free_source(&source);
    return status == SGC_OK;
}

static bool same(const sgc_buf *a, const sgc_buf *b)
{
    return sgc_str_eq(sgc_buf_as_str(a), sgc_buf_as_str(b));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sgc_str text = sgc_str_of((const char *)data, size);
    sgc_buf printed = {0}, again = {0}, minified = {0};
    bool valid = canonical(text, &printed);

    if (minimal(text, &minified)) {
        demand(minimal(sgc_buf_as_str(&minified), &again));
        demand(same(&again, &minified));
        again.size = 0;
        demand(canonical(sgc_buf_as_str(&minified), &again) == valid);
        if (valid) demand(same(&again, &printed));
        again.size = 0;
    } else {
        demand(!valid);
    }
    if (valid) {
        demand(canonical(sgc_buf_as_str(&printed), &again));
        demand(same(&again, &printed));
    }
    sgc_buf_free(&printed);
    sgc_buf_free(&again);
    sgc_buf_free(&minified);
    return 0;
}
