/*
 * schema_fuzz.c - a schema, and behind a 0 byte a lock file: it builds or it is refused with words,
 * and what builds builds again from its own text and numbers to the same hash.
 */
#include "schema/schema.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static sgc_status build(sgc_str sdl, sgc_str lock, sgc_arena *arena, sgc_schema_built *built)
{
    sgc_schema_file file = {SGC_STR("x.graphql"), sdl};
    sgc_diagnostics diagnostics = {.arena = arena};
    sgc_status status = sgc_schema_build(&file, 1, SGC_STR("x"), lock, arena, &diagnostics, built);

    if (status == SGC_INVALID && diagnostics.count == 0) abort();
    if (status != SGC_OK && status != SGC_INVALID) abort();
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sgc_arena arena = {0};
    sgc_schema_built one, two;
    char *copy = malloc(size + 1);

    if (!copy) return 0;
    memcpy(copy, data, size);
    copy[size] = '\0';
    sgc_str sdl = sgc_str_from(copy), lock = sgc_str_of(NULL, 0);
    if (sdl.size < size) lock = sgc_str_of(copy + sdl.size + 1, size - sdl.size - 1);
    if (build(sdl, lock, &arena, &one) == SGC_OK) {
        if (build(one.schema->sdl, one.schema->numbering, &arena, &two) != SGC_OK) abort();
        if (one.schema->hash != two.schema->hash) abort();
        if (!sgc_str_eq(one.schema->numbering, two.schema->numbering)) abort();
    }
    free(copy);
    sgc_arena_free(&arena);
    return 0;
}
