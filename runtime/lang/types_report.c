/*
 * types_report.c - errors of the phases that build and check a type system, and the bound on what
 * they may cost: hostile documents can ask for more errors, longer messages and more comparisons
 * than anybody has memory or time for.
 */
#include "lang/types_internal.h"

void *sgc_types_new(sgc_types_build *build, size_t count, size_t size)
{
    void *memory = sgc_arena_zero(build->arena, count, size);

    if (!memory) build->no_memory = true;
    return memory;
}

void *sgc_types_scratch(sgc_types_build *build, size_t count, size_t size)
{
    void *memory = sgc_arena_zero(&build->scratch, count, size);

    if (!memory) build->no_memory = true;
    return memory;
}

bool sgc_types_put(sgc_types_build *build, sgc_map *map, sgc_str key, void *value)
{
    if (sgc_map_put(map, key, value)) return true;
    build->no_memory = true;
    return false;
}

static void stop(sgc_types_build *build)
{
    build->stopped = true;
    build->errors++;
    if (!sgc_report(build->diagnostics, build->rule,
                    "Too many validation errors, error limit reached. Validation aborted."))
        build->no_memory = true;
}

bool sgc_types_spend(sgc_types_build *build, uint64_t cost)
{
    if (!sgc_types_going(build)) return false;
    if (build->work < cost) {
        stop(build);
        return false;
    }
    build->work -= cost;
    return true;
}

/* What the bookkeeping of an error costs beside its text. */
enum { ERROR_COST = 64, PLACE_COST = 16 };

sgc_diagnostic *sgc_types_error_text(sgc_types_build *build)
{
    sgc_diagnostic *error = NULL;
    sgc_str text = sgc_buf_as_str(&build->text);

    if (build->text.failed) build->no_memory = true;
    if (sgc_types_spend(build, ERROR_COST + text.size)) {
        error = sgc_report(build->diagnostics, build->rule, SGC_FMT, SGC_ARG(text));
        build->errors++;
        if (!error) build->no_memory = true;
    }
    build->text.size = 0;
    return error;
}

sgc_diagnostic *sgc_types_error(sgc_types_build *build, const char *format, ...)
{
    va_list arguments;

    if (!sgc_types_going(build)) return NULL;
    build->text.size = 0;
    va_start(arguments, format);
    sgc_buf_vprintf(&build->text, format, arguments);
    va_end(arguments);
    return sgc_types_error_text(build);
}

void sgc_types_place(sgc_types_build *build, sgc_diagnostic *error, const sgc_source *source,
                     sgc_span span)
{
    if (!error || !source || !sgc_types_spend(build, PLACE_COST)) return;
    sgc_report_place(build->diagnostics, error, source, span);
    if (build->diagnostics->failed) build->no_memory = true;
}

sgc_str sgc_types_text(const sgc_ast_value *value)
{
    return value->text.data ? value->text : SGC_STR("");
}

void sgc_types_print_coordinate(sgc_buf *out, sgc_str type, sgc_str field, sgc_str argument)
{
    sgc_buf_str(out, type);
    if (!sgc_str_is_null(field)) sgc_buf_byte(out, '.');
    sgc_buf_str(out, field);
    if (sgc_str_is_null(argument)) return;
    sgc_buf_byte(out, '(');
    sgc_buf_str(out, argument);
    sgc_buf_text(out, ":)");
}
