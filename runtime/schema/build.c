/*
 * build.c - the way from SDL files to the model: parse, build types, then the steps of build.h one
 * after the other; and the reporting that all steps share.
 */
#include "schema/build.h"

#include <stdio.h>

/* ---- memory and reports of a run ---- */

void *sgc_model_new(sgc_model_build *build, size_t count, size_t size)
{
    void *memory = sgc_arena_zero(build->arena, count, size);

    if (!memory) build->no_memory = true;
    return memory;
}

void *sgc_model_scratch(sgc_model_build *build, size_t count, size_t size)
{
    void *memory = sgc_arena_zero(&build->scratch, count, size);

    if (!memory) build->no_memory = true;
    return memory;
}

static sgc_str format_text(sgc_model_build *build, sgc_arena *arena, const char *format,
                           va_list arguments)
{
    va_list again;
    char *text = NULL;

    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    if (size >= 0) text = sgc_arena_alloc(arena, (size_t)size + 1);
    if (text)
        vsnprintf(text, (size_t)size + 1, format, again);
    else
        build->no_memory = true;
    va_end(again);
    return sgc_str_of(text, text ? (size_t)size : 0);
}

sgc_str sgc_model_text(sgc_model_build *build, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    sgc_str text = format_text(build, build->arena, format, arguments);
    va_end(arguments);
    return text;
}

static void report(sgc_model_build *build, const sgc_source *source, sgc_span span,
                   const char *format, va_list arguments)
{
    if (!sgc_model_going(build)) return;
    sgc_str text = format_text(build, &build->scratch, format, arguments);
    build->errors++;
    sgc_diagnostic *diagnostic = sgc_report(build->diagnostics, "Model", SGC_FMT, SGC_ARG(text));
    if (source) sgc_report_place(build->diagnostics, diagnostic, source, span);
    if (build->diagnostics->failed) build->no_memory = true;
}

void sgc_model_error(sgc_model_build *build, const sgc_source *source, sgc_span span,
                     const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    report(build, source, span, format, arguments);
    va_end(arguments);
}

void sgc_model_field_error(sgc_model_build *build, const sgc_field_def *def, const char *format,
                           ...)
{
    va_list arguments;
    sgc_span span = {0};

    if (def->ast) span = def->ast->name.span;
    va_start(arguments, format);
    report(build, def->ast ? def->source : NULL, span, format, arguments);
    va_end(arguments);
}

void sgc_model_type_error(sgc_model_build *build, const sgc_named_type *type, const char *format,
                          ...)
{
    va_list arguments;
    sgc_span span = {0};
    const sgc_ast_definition *ast = type->parts ? type->parts->ast : NULL;

    if (ast) span = ast->name.span;
    va_start(arguments, format);
    report(build, ast ? ast->source : NULL, span, format, arguments);
    va_end(arguments);
}

void sgc_model_note(sgc_model_build *build, const char *format, ...)
{
    va_list arguments;
    sgc_schema_built *built = build->built;

    if (!sgc_model_going(build)) return;
    if (!SGC_ARENA_GROW(build->arena, built->notes, built->note_count, build->note_capacity)) {
        build->no_memory = true;
        return;
    }
    va_start(arguments, format);
    built->notes[built->note_count] = format_text(build, build->arena, format, arguments);
    va_end(arguments);
    if (!build->no_memory) built->note_count++;
}

void sgc_model_resolver(sgc_model_build *build, sgc_str type, sgc_str field, sgc_str function)
{
    if (build->resolver_count == SGC_MODEL_MAX) {
        sgc_model_error(build, NULL, (sgc_span){0}, "more than %d fields need a resolver",
                        SGC_MODEL_MAX);
        build->errors += 100;
        return;
    }
    if (!SGC_MODEL_GROW(build, build->resolvers, build->resolver_count, build->resolver_capacity))
        return;
    build->resolvers[build->resolver_count++] =
        (sgc_resolver_entry){.type = type, .field = field, .function = function};
}

/* ---- parsing ---- */

/* The texts are copied: names of the model are slices of them. */
static sgc_source *copy_source(sgc_model_build *build, const sgc_schema_file *file)
{
    sgc_source *source = sgc_model_new(build, 1, sizeof *source);

    if (!source) return NULL;
    source->name = sgc_arena_str(build->arena, file->name);
    source->text = sgc_arena_str(build->arena, file->text.data ? file->text : SGC_STR(""));
    if (!source->text.data || (file->name.data && !source->name.data)) build->no_memory = true;
    return source;
}

static sgc_status parse_files(sgc_model_build *build, const sgc_schema_file *files, size_t count)
{
    const sgc_document **documents = sgc_model_new(build, count, sizeof(void *));

    build->built->documents = documents;
    for (size_t i = 0; i < count && documents; i++) {
        sgc_document *document = NULL;
        sgc_source *source = copy_source(build, &files[i]);
        if (build->no_memory) return SGC_NO_MEMORY;
        if (source->text.size >= UINT32_MAX / 2) {
            sgc_report(build->diagnostics, "Model", "%.*s is larger than 2 GB",
                       SGC_ARG(source->name));
            return SGC_INVALID;
        }
        sgc_status status = sgc_parse(source, NULL, build->arena, build->diagnostics, &document);
        if (status != SGC_OK) return status;
        documents[i] = document;
    }
    return documents ? SGC_OK : SGC_NO_MEMORY;
}

static sgc_str join_texts(sgc_model_build *build, size_t count)
{
    const sgc_document *const *documents = build->built->documents;
    sgc_buf text = {0};

    if (count == 1) return documents[0]->source->text;
    for (size_t i = 0; i < count; i++) {
        if (i) sgc_buf_byte(&text, '\n');
        sgc_buf_str(&text, documents[i]->source->text);
    }
    sgc_str joined =
        text.failed ? sgc_str_of(NULL, 0) : sgc_arena_str(build->arena, sgc_buf_as_str(&text));
    sgc_buf_free(&text);
    if (!joined.data) build->no_memory = true;
    return joined;
}

static sgc_status parse_own(sgc_model_build *build, sgc_str text, const sgc_source **source_out,
                            sgc_document **document)
{
    sgc_source *source = sgc_model_new(build, 1, sizeof *source);

    if (!source) return SGC_NO_MEMORY;
    source->text = text;
    *source_out = source;
    return sgc_parse(source, NULL, build->arena, build->diagnostics, document);
}

/* Whether a document says what the query type is. */
static bool has_query(const sgc_document *document)
{
    for (const sgc_ast_definition *at = document->definitions; at; at = at->next) {
        if (at->extend) continue;
        if (at->kind == SGC_DEFINITION_SCHEMA) return true;
        if (at->name.text.data && sgc_str_eq(at->name.text, SGC_STR("Query")) &&
            at->kind != SGC_DEFINITION_DIRECTIVE && at->kind != SGC_DEFINITION_OPERATION &&
            at->kind != SGC_DEFINITION_FRAGMENT)
            return true;
    }
    return false;
}

/*
 * The fields of Query are generated, so a schema need not have any; GraphQL wants the type to be
 * there with a field in it, which api_names.c leaves out again.
 */
static sgc_status add_query(sgc_model_build *build, sgc_document *whole)
{
    sgc_document *query = NULL;
    sgc_ast_definition *first = NULL, **tail = &first;
    sgc_status status = parse_own(build, SGC_STR("type Query { generated: Boolean }"),
                                  &build->query_source, &query);

    if (status != SGC_OK) return status;
    /* Copies: the document that the caller gets stays as it was written. */
    for (const sgc_ast_definition *at = whole->definitions; at; at = at->next) {
        sgc_ast_definition *copy = sgc_model_new(build, 1, sizeof *copy);
        if (!copy) return SGC_NO_MEMORY;
        *copy = *at;
        *tail = copy;
        tail = &copy->next;
    }
    *tail = query->definitions;
    whole->definitions = first;
    return SGC_OK;
}

static sgc_status build_types(sgc_model_build *build, size_t count)
{
    const sgc_document *first = build->built->documents[0];
    sgc_document *whole = sgc_model_new(build, 1, sizeof *whole), *prelude = NULL;
    sgc_type_system *types = NULL;
    const sgc_source *source;
    sgc_status status = whole ? SGC_OK : SGC_NO_MEMORY;

    if (status != SGC_OK) return status;
    *whole = *first;
    /* Several files are one text: the rules of the language speak of one document. */
    if (count > 1) status = parse_own(build, build->schema->sdl, &build->whole_source, &whole);
    if (status == SGC_OK && !has_query(whole)) status = add_query(build, whole);
    if (status == SGC_OK)
        status = parse_own(build, sgc_str_from(sgc_prelude_sdl), &source, &prelude);
    const sgc_document *documents[] = {whole};
    if (status == SGC_OK)
        status =
            sgc_type_system_build(documents, 1, prelude, build->arena, build->diagnostics, &types);
    build->types = build->built->types = types;
    return status;
}

/* Places in the whole text become places in its files. */
static void place_in_files(sgc_model_build *build, size_t count)
{
    for (sgc_diagnostic *at = build->diagnostics->first; at; at = at->next) {
        for (size_t i = 0; i < at->place_count; i++) {
            struct sgc_place *place = &at->places[i];
            size_t start = 0, file = 0;
            if (!build->whole_source || place->source != build->whole_source) continue;
            for (; file + 1 < count; file++) {
                size_t size = build->built->documents[file]->source->text.size + 1;
                if (place->span.start < start + size) break;
                start += size;
            }
            place->source = build->built->documents[file]->source;
            place->span.start -= (uint32_t)start;
            place->span.end -= (uint32_t)start;
        }
    }
}

/* ---- the run ---- */

static sgc_status run(sgc_model_build *build, const sgc_schema_file *files, size_t count,
                      sgc_str name, sgc_str numbering)
{
    sgc_schema *schema = sgc_model_new(build, 1, sizeof *schema);

    if (!schema) return SGC_NO_MEMORY;
    build->schema = schema;
    schema->abi = SGC_ABI;
    schema->version = 1;
    schema->name = sgc_arena_str(build->arena, name.data ? name : SGC_STR("schema"));
    if (!schema->name.data) return SGC_NO_MEMORY;
    sgc_status status = parse_files(build, files, count);
    if (status == SGC_OK) schema->sdl = join_texts(build, count);
    if (status == SGC_OK && build->no_memory) status = SGC_NO_MEMORY;
    if (status == SGC_OK) status = build_types(build, count);
    if (status != SGC_OK) return status;
    sgc_model_classify(build);
    if (sgc_model_going(build)) sgc_model_relations(build);
    if (sgc_model_going(build) && build->errors == 0) sgc_model_indexes(build);
    if (sgc_model_going(build) && build->errors == 0) sgc_model_number(build, numbering);
    if (sgc_model_going(build) && build->errors == 0) sgc_model_finish(build);
    if (sgc_model_going(build) && build->errors == 0) sgc_model_defaults(build);
    if (sgc_model_going(build)) sgc_model_api_names(build);
    if (build->no_memory) return SGC_NO_MEMORY;
    return build->errors ? SGC_INVALID : SGC_OK;
}

sgc_status sgc_schema_build(const sgc_schema_file *files, size_t count, sgc_str name,
                            sgc_str numbering, sgc_arena *arena, sgc_diagnostics *diagnostics,
                            sgc_schema_built *built)
{
    sgc_model_build build = {
        .arena = arena, .diagnostics = diagnostics, .built = built, .effort = SGC_SUGGEST_EFFORT};

    *built = (sgc_schema_built){0};
    if (count == 0) {
        sgc_report(diagnostics, "Model", "there is no schema file");
        return diagnostics->failed ? SGC_NO_MEMORY : SGC_INVALID;
    }
    sgc_status status = run(&build, files, count, name, numbering);
    place_in_files(&build, count);
    if (diagnostics->failed) status = SGC_NO_MEMORY;
    if (status == SGC_OK) built->schema = build.schema;
    sgc_arena_free(&build.scratch);
    return status;
}
