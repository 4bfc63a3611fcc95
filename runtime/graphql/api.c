/*
 * api.c - makes the API of a schema: SDL text, its type system, and the binding of every field to
 * where its data comes from.
 */
#include "graphql/api.h"

#include "graphql/cache.h"

/* ---- bindings ---- */

static sgc_binding table_binding(sgc_api_builder *builder, uint16_t table, sgc_str type,
                                 sgc_str field)
{
    const sgc_schema *schema = builder->schema;
    const sgc_table *model = &schema->tables[table];
    uint16_t position = sgc_table_relation(model, field);

    if (position != SGC_NONE)
        return (sgc_binding){.kind = SGC_BIND_RELATION, .table = table, .position = position};
    position = sgc_table_field(model, field);
    if (position != SGC_NONE)
        return (sgc_binding){.kind = SGC_BIND_FIELD, .table = table, .position = position};
    if (sgc_api_resolver(schema, type, field, &position))
        return (sgc_binding){.kind = SGC_BIND_RESOLVER, .table = table, .position = position};
    if (sgc_str_eq(field, SGC_STR("history")) && sgc_api_has_history_field(builder, table))
        return (sgc_binding){.kind = SGC_BIND_HISTORY, .table = table, .position = SGC_NONE};
    return (sgc_binding){.kind = SGC_BIND_PROPERTY, .table = table, .position = SGC_NONE};
}

static sgc_binding version_binding(uint16_t table, sgc_str field)
{
    static const struct {
        const char *name;
        sgc_binding_kind kind;
    } fields[] = {
        {"seq", SGC_BIND_VERSION_SEQ},        {"op", SGC_BIND_VERSION_OP},
        {"validFrom", SGC_BIND_VERSION_FROM}, {"validTo", SGC_BIND_VERSION_TO},
        {"node", SGC_BIND_VERSION_NODE},
    };
    sgc_binding binding = {.kind = SGC_BIND_PROPERTY, .table = table, .position = SGC_NONE};

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (sgc_str_eq(field, sgc_str_from(fields[i].name))) binding.kind = fields[i].kind;
    }
    return binding;
}

static sgc_binding embedded_binding(const sgc_schema *schema, uint16_t embedded, sgc_str type,
                                    sgc_str field)
{
    const sgc_embedded *model = &schema->embeddeds[embedded];
    uint16_t position;

    for (uint16_t i = 0; i < model->field_count; i++) {
        if (sgc_str_eq(model->fields[i].name, field))
            return (sgc_binding){.kind = SGC_BIND_FIELD, .position = i};
    }
    if (sgc_api_resolver(schema, type, field, &position))
        return (sgc_binding){.kind = SGC_BIND_RESOLVER, .position = position};
    return (sgc_binding){.kind = SGC_BIND_PROPERTY, .position = SGC_NONE};
}

static sgc_binding root_binding(const sgc_api_builder *builder, sgc_api *api, sgc_str type,
                                sgc_str field)
{
    uint16_t position;
    sgc_str key = sgc_arena_printf(&api->arena, SGC_FMT "." SGC_FMT, SGC_ARG(type), SGC_ARG(field));
    const sgc_binding *binding = key.data ? sgc_map_get(&builder->roots, key) : NULL;

    if (binding) return *binding;
    if (sgc_api_resolver(api->schema, type, field, &position))
        return (sgc_binding){.kind = SGC_BIND_RESOLVER, .table = SGC_NONE, .position = position};
    return (sgc_binding){.kind = SGC_BIND_PROPERTY, .table = SGC_NONE, .position = SGC_NONE};
}

static sgc_binding field_binding(sgc_api_builder *builder, sgc_api *api, const sgc_named_type *type,
                                 const sgc_type_info *info, sgc_str field)
{
    if (info->role == SGC_ROLE_TABLE)
        return table_binding(builder, info->position, type->name, field);
    if (info->role == SGC_ROLE_VERSION) return version_binding(info->position, field);
    if (info->role == SGC_ROLE_EMBEDDED)
        return embedded_binding(api->schema, info->position, type->name, field);
    if (info->role == SGC_ROLE_META) return (sgc_binding){.kind = SGC_BIND_META};
    if (info->role == SGC_ROLE_PAYLOAD) {
        bool nodes = sgc_str_eq(field, SGC_STR("nodes"));
        return (sgc_binding){.kind = nodes ? SGC_BIND_NODES : SGC_BIND_AFFECTED,
                             .table = info->position};
    }
    return root_binding(builder, api, type->name, field);
}

static void find_role(const sgc_api_builder *builder, const sgc_schema *schema,
                      const sgc_named_type *type, sgc_type_info *info)
{
    uint16_t table = sgc_schema_table(schema, type->name);
    const sgc_binding *payload = sgc_map_get(&builder->payloads, type->name);
    const sgc_binding *version = sgc_map_get(&builder->versions, type->name);

    if (type->built_in && type->kind == SGC_NAMED_OBJECT) info->role = SGC_ROLE_META;
    if (payload) {
        info->role = SGC_ROLE_PAYLOAD;
        info->position = payload->table;
    }
    if (version) {
        info->role = SGC_ROLE_VERSION;
        info->position = version->table;
    }
    if (table != SGC_NONE && !schema->tables[table].link) {
        info->role = SGC_ROLE_TABLE;
        info->position = table;
    }
    for (uint16_t i = 0; i < schema->embedded_count; i++) {
        if (!sgc_str_eq(schema->embeddeds[i].name, type->name)) continue;
        info->role = SGC_ROLE_EMBEDDED;
        info->position = i;
    }
    for (uint16_t i = 0; i < schema->abstract_count; i++) {
        if (!sgc_str_eq(schema->abstracts[i].name, type->name)) continue;
        info->role = SGC_ROLE_ABSTRACT;
        info->position = i;
    }
}

static sgc_status bind_types(sgc_api_builder *builder, sgc_api *api)
{
    api->infos = sgc_arena_zero(&api->arena, api->types->type_count, sizeof *api->infos);
    if (!api->infos) return SGC_NO_MEMORY;
    for (size_t i = 0; i < api->types->type_count; i++) {
        const sgc_named_type *type = api->types->types[i];
        sgc_type_info *info = &api->infos[type->index];
        find_role(builder, api->schema, type, info);
        if (type->kind != SGC_NAMED_OBJECT) continue;
        info->bindings = sgc_arena_zero(&api->arena, type->field_count, sizeof *info->bindings);
        if (!info->bindings) return SGC_NO_MEMORY;
        for (size_t f = 0; f < type->field_count; f++)
            info->bindings[f] = field_binding(builder, api, type, info, type->fields[f].name);
    }
    return SGC_OK;
}

sgc_binding sgc_api_binding(const sgc_api *api, const sgc_named_type *type,
                            const sgc_field_def *field)
{
    if (field == api->types->typename_field) return (sgc_binding){.kind = SGC_BIND_TYPENAME};
    if (field == api->types->schema_field || field == api->types->type_field)
        return (sgc_binding){.kind = SGC_BIND_META};
    return api->infos[type->index].bindings[field - type->fields];
}

const sgc_type_info *sgc_api_type(const sgc_api *api, const sgc_named_type *type)
{
    return &api->infos[type->index];
}

/* ---- building ---- */

static sgc_status first_diagnostic(const sgc_diagnostics *diagnostics, const char *what,
                                   sgc_status status, sgc_error *error)
{
    if (status == SGC_NO_MEMORY || diagnostics->failed)
        return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    if (!diagnostics->first) return sgc_fail(error, status, "%s", sgc_status_text(status));
    return sgc_fail(error, status, "%s: " SGC_FMT, what, SGC_ARG(diagnostics->first->message));
}

/* The parser's sentinel needs a NUL behind the text. */
static sgc_status parse(sgc_arena *arena, const char *what, sgc_str text, sgc_source *source,
                        sgc_document **document, sgc_error *error)
{
    sgc_diagnostics diagnostics = {.arena = arena};

    source->name = sgc_str_from(what);
    source->text = sgc_arena_str(arena, text.data ? text : SGC_STR(""));
    if (!source->text.data) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    sgc_status status = sgc_parse(source, NULL, arena, &diagnostics, document);
    return status == SGC_OK ? SGC_OK : first_diagnostic(&diagnostics, what, status, error);
}

/* An SDL without definitions is allowed here: a database before its first schema. */
static sgc_status read_sdl(sgc_api_builder *builder)
{
    sgc_status status = parse(builder->arena, "prelude", sgc_str_from(sgc_prelude_sdl),
                              &builder->prelude_source, &builder->prelude, builder->error);

    if (status != SGC_OK) return status;
    if (builder->schema->sdl.size == 0) {
        builder->document = sgc_arena_zero(builder->arena, 1, sizeof *builder->document);
        return builder->document ? SGC_OK
                                 : sgc_fail(builder->error, SGC_NO_MEMORY, "out of memory");
    }
    return parse(builder->arena, "schema", builder->schema->sdl, &builder->source,
                 &builder->document, builder->error);
}

static sgc_status build_types(sgc_api *api, sgc_error *error)
{
    sgc_diagnostics diagnostics = {.arena = &api->arena};
    sgc_document *document = NULL;
    sgc_status status =
        parse(&api->arena, "generated API", api->sdl, &api->source, &document, error);

    if (status != SGC_OK) return status;
    const sgc_document *documents[] = {document};
    status = sgc_type_system_build(documents, 1, NULL, &api->arena, &diagnostics, &api->types);
    if (status == SGC_OK) return SGC_OK;
    return first_diagnostic(&diagnostics, "generated API", status, error);
}

static sgc_status build(sgc_api *api, sgc_api_builder *builder)
{
    sgc_status status = read_sdl(builder);

    if (status != SGC_OK) return status;
    if (!sgc_api_write(builder)) return builder->status;
    while (builder->out.size > 1 && builder->out.data[builder->out.size - 2] == '\n')
        builder->out.size--;
    api->sdl = sgc_arena_str(&api->arena, sgc_buf_as_str(&builder->out));
    if (!api->sdl.data) return sgc_fail(builder->error, SGC_NO_MEMORY, "out of memory");
    status = build_types(api, builder->error);
    if (status != SGC_OK) return status;
    status = bind_types(builder, api);
    if (status == SGC_OK) status = sgc_cache_create(&api->cache);
    return status == SGC_OK ? SGC_OK : sgc_fail(builder->error, status, "out of memory");
}

sgc_status sgc_api_create(const sgc_schema *schema, sgc_api **api, sgc_error *error)
{
    sgc_arena scratch = {0};
    sgc_error own;
    sgc_api_builder builder = {.schema = schema,
                               .arena = &scratch,
                               .error = error ? error : &own,
                               .declared = {.arena = &scratch},
                               .known = {.arena = &scratch},
                               .generated = {.arena = &scratch},
                               .used = {.arena = &scratch},
                               .roots = {.arena = &scratch},
                               .payloads = {.arena = &scratch},
                               .versions = {.arena = &scratch}};
    sgc_api *made = sgc_alloc_zero(1, sizeof *made);

    *api = NULL;
    if (!made) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    builder.last_filter = &builder.filters;
    made->schema = schema;
    sgc_status status = build(made, &builder);
    sgc_buf_free(&builder.out);
    sgc_arena_free(&scratch);
    if (status != SGC_OK) {
        sgc_api_destroy(made);
        return status;
    }
    *api = made;
    return SGC_OK;
}

void sgc_api_destroy(sgc_api *api)
{
    if (!api) return;
    sgc_cache_destroy(api->cache);
    sgc_arena_free(&api->arena);
    sgc_free(api);
}

const sgc_type_system *sgc_api_types(const sgc_api *api)
{
    return api->types;
}

sgc_str sgc_api_sdl(const sgc_api *api)
{
    return api->sdl;
}
