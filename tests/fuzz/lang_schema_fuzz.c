/*
 * lang_schema_fuzz.c - any bytes as a schema. What builds must print as SDL that builds again,
 * without a difference to itself in either direction; what does not build must say why.
 */
#include "lang/lang.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool truth)
{
    if (!truth) abort();
}

static sgc_type_system *build(sgc_arena *arena, sgc_str text)
{
    sgc_diagnostics diagnostics = {.arena = arena};
    sgc_source *source = sgc_arena_zero(arena, 2, sizeof *source);
    sgc_document *document = NULL, *prelude = NULL;
    sgc_type_system *system = NULL;

    demand(source != NULL);
    source[0] = (sgc_source){SGC_STR("prelude"), sgc_str_from(sgc_prelude_sdl)};
    source[1] = (sgc_source){SGC_STR("fuzz"), sgc_arena_str(arena, text)};
    demand(sgc_parse(&source[0], NULL, arena, &diagnostics, &prelude) == SGC_OK);
    sgc_status status = sgc_parse(&source[1], NULL, arena, &diagnostics, &document);
    if (status == SGC_OK) {
        const sgc_document *documents[] = {document};
        status = sgc_type_system_build(documents, 1, prelude, arena, &diagnostics, &system);
    }
    demand(status == SGC_OK || status == SGC_INVALID);
    demand((status == SGC_OK) == (diagnostics.count == 0));
    return status == SGC_OK ? system : NULL;
}

static void same(const sgc_type_system *a, const sgc_type_system *b, sgc_arena *arena)
{
    sgc_str *changes;
    size_t count;

    demand(sgc_type_system_diff(a, b, arena, &changes, &count) == SGC_OK);
    demand(count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sgc_arena arena = {0};
    sgc_buf printed = {0}, json = {0};
    sgc_type_system *first = build(&arena, sgc_str_of((const char *)data, size));

    if (first) {
        sgc_introspection_json(first, &json);
        demand(!json.failed && json.size > 0);
        sgc_type_system_print(first, &printed);
        demand(!printed.failed);
        sgc_type_system *second = build(&arena, sgc_buf_as_str(&printed));
        demand(second != NULL);
        same(first, second, &arena);
        same(second, first, &arena);
    }
    sgc_buf_free(&printed);
    sgc_buf_free(&json);
    sgc_arena_free(&arena);
    return 0;
}
