/*
 * api_roots.c - Query and Mutation of the generated API: one field for each way to reach or change
 * the rows of a table, beside the fields that the SDL declares and resolvers answer.
 */
#include "graphql/api.h"

typedef struct roots {
    sgc_api_builder *builder;
    sgc_str type; /* Query or Mutation */
    size_t count;
} roots;

/* A declared field with a resolver of its own hides the generated one of its name. */
static bool is_resolved(const roots *at, sgc_str field)
{
    return sgc_api_resolver(at->builder->schema, at->type, field, NULL) != NULL;
}

static sgc_str root_key(roots *at, sgc_str field)
{
    return sgc_api_name(at->builder, SGC_FMT "." SGC_FMT, SGC_ARG(at->type), SGC_ARG(field));
}

/* Notes what a generated field does; false when it is not to be written. */
static bool take(roots *at, sgc_str field, sgc_binding_kind kind, uint16_t table, uint16_t position)
{
    sgc_api_builder *builder = at->builder;
    sgc_str key = root_key(at, field);

    if (is_resolved(at, field)) return false;
    if (sgc_map_get(&builder->roots, key)) {
        sgc_api_fail(builder, SGC_INVALID,
                     "two generated fields are called \"" SGC_FMT
                     "\": rename one of the types or set @table(plural:)",
                     SGC_ARG(key));
        return false;
    }
    sgc_binding *binding = sgc_arena_zero(builder->arena, 1, sizeof *binding);
    if (!binding || !sgc_map_put(&builder->roots, key, binding)) {
        sgc_api_fail(builder, SGC_NO_MEMORY, "out of memory");
        return false;
    }
    *binding = (sgc_binding){.kind = kind, .table = table, .position = position};
    at->count++;
    return true;
}

static sgc_str type_named(sgc_api_builder *builder, sgc_str type, const char *suffix)
{
    return sgc_api_name(builder, SGC_FMT "%s", SGC_ARG(type), suffix);
}

static bool is_there(sgc_api_builder *builder, sgc_str type, const char *suffix)
{
    return !sgc_api_is_declared(builder, type_named(builder, type, suffix));
}

/* ---- Query ---- */

static void write_by_unique(roots *at, uint16_t table, uint16_t index)
{
    sgc_api_builder *builder = at->builder;
    const sgc_table *model = &builder->schema->tables[table];
    const sgc_index *unique = &model->indexes[index];
    sgc_str name = sgc_api_name(builder, SGC_FMT "By", SGC_ARG(model->singular));
    sgc_str arguments = SGC_STR("");

    for (uint16_t i = 0; i < unique->count; i++) {
        const sgc_field *field = &model->fields[unique->fields[i]];
        if (field->hide_read || field->hide_filter) return;
        name = sgc_api_name(builder, SGC_FMT "%s" SGC_FMT, SGC_ARG(name), i ? "And" : "",
                            SGC_ARG(sgc_api_capital(builder, field->name)));
        arguments = sgc_api_name(builder, SGC_FMT "%s" SGC_FMT ": " SGC_FMT "!", SGC_ARG(arguments),
                                 i ? ", " : "", SGC_ARG(field->name), SGC_ARG(field->named_type));
        sgc_api_use(builder, field->named_type);
    }
    if (!take(at, name, SGC_BIND_BY_UNIQUE, table, index)) return;
    sgc_buf_printf(&builder->out, "  " SGC_FMT "(" SGC_FMT "%s): " SGC_FMT "\n", SGC_ARG(name),
                   SGC_ARG(arguments), sgc_api_moment_argument(builder, table),
                   SGC_ARG(model->name));
}

/* Not for the unique index behind a one-to-one relation that the SDL does not name. */
static bool serves_unique(const sgc_table *table, uint16_t index)
{
    const sgc_index *unique = &table->indexes[index];

    if (!unique->unique || unique->elements || index == 0) return false;
    return unique->count > 1 || !table->fields[unique->fields[0]].implicit;
}

static void write_history(roots *at, uint16_t table)
{
    sgc_api_builder *builder = at->builder;
    const sgc_table *model = &builder->schema->tables[table];
    sgc_str version = sgc_api_version_type(builder, table);
    sgc_str name = sgc_api_name(builder, SGC_FMT "History", SGC_ARG(model->singular));

    if (!version.data || !take(at, name, SGC_BIND_HISTORY_OF, table, model->key)) return;
    sgc_api_describe(builder, SGC_STR("Versions of one row, newest first"), "  ");
    sgc_buf_printf(&builder->out,
                   "  " SGC_FMT "(id: " SGC_FMT "!, limit: Int, offset: Int): [" SGC_FMT "!]!\n",
                   SGC_ARG(name), SGC_ARG(model->fields[model->key].named_type), SGC_ARG(version));
}

static void write_table_queries(roots *at, uint16_t table)
{
    sgc_api_builder *builder = at->builder;
    const sgc_table *model = &builder->schema->tables[table];
    sgc_buf *out = &builder->out;
    const char *moment = sgc_api_moment_argument(builder, table);

    if (take(at, model->singular, SGC_BIND_BY_KEY, table, model->key))
        sgc_buf_printf(out, "  " SGC_FMT "(id: " SGC_FMT "!%s): " SGC_FMT "\n",
                       SGC_ARG(model->singular), SGC_ARG(model->fields[model->key].named_type),
                       moment, SGC_ARG(model->name));
    sgc_api_use(builder, model->fields[model->key].named_type);
    for (uint16_t i = 1; i < model->index_count; i++) {
        if (serves_unique(model, i)) write_by_unique(at, table, i);
    }
    write_history(at, table);
    if (!take(at, model->plural, SGC_BIND_LIST, table, 0)) return;
    sgc_buf_printf(out, "  " SGC_FMT, SGC_ARG(model->plural));
    sgc_api_write_list_arguments(
        builder, model->name, is_there(builder, model->name, "Where"),
        sgc_api_can_order(builder, table) && is_there(builder, model->name, "OrderBy"), moment);
    sgc_buf_printf(out, ": [" SGC_FMT "!]!\n", SGC_ARG(model->name));
}

/* A list of several tables goes back as far as each of them does. */
static const char *abstract_moment(const sgc_api_builder *builder, const sgc_abstract *abstract)
{
    const char *moment = "";

    for (uint16_t i = 0; i < abstract->table_count; i++) {
        moment = sgc_api_moment_argument(builder, abstract->tables[i]);
        if (!moment[0]) break;
    }
    return moment;
}

static void write_abstract_queries(roots *at, uint16_t abstract)
{
    sgc_api_builder *builder = at->builder;
    const sgc_abstract *model = &builder->schema->abstracts[abstract];
    sgc_str plural = sgc_name_plural(builder->arena, sgc_name_lower(builder->arena, model->name));

    if (model->table_count == 0) return;
    if (!plural.data) {
        sgc_api_fail(builder, SGC_NO_MEMORY, "out of memory");
        return;
    }
    if (!take(at, plural, SGC_BIND_ABSTRACT, abstract, 0)) return;
    sgc_buf_printf(&builder->out, "  " SGC_FMT, SGC_ARG(plural));
    sgc_api_write_list_arguments(
        builder, model->name,
        sgc_api_abstract_has(builder, model, false) && is_there(builder, model->name, "Where"),
        sgc_api_abstract_has(builder, model, true) && is_there(builder, model->name, "OrderBy"),
        abstract_moment(builder, model));
    sgc_buf_printf(&builder->out, ": [" SGC_FMT "!]!\n", SGC_ARG(model->name));
}

static void write_queries(roots *at)
{
    const sgc_schema *schema = at->builder->schema;

    sgc_api_use(at->builder, SGC_STR("BigInt"));
    if (take(at, SGC_STR("head"), SGC_BIND_HEAD, SGC_NONE, 0)) {
        sgc_api_describe(at->builder, SGC_STR("Last committed sequence"), "  ");
        sgc_buf_text(&at->builder->out, "  head: BigInt!\n");
    }
    for (uint16_t i = 0; i < schema->table_count; i++) {
        if (!schema->tables[i].link && schema->tables[i].generate_query) write_table_queries(at, i);
    }
    for (uint16_t i = 0; i < schema->abstract_count; i++)
        write_abstract_queries(at, i);
}

/* ---- Mutation ---- */

static void write_creates(roots *at, uint16_t table, sgc_str plural, sgc_str payload)
{
    sgc_api_builder *builder = at->builder;
    const sgc_table *model = &builder->schema->tables[table];
    sgc_buf *out = &builder->out;
    sgc_str one = sgc_api_name(builder, "create" SGC_FMT, SGC_ARG(model->name));
    sgc_str many = sgc_api_name(builder, "create" SGC_FMT, SGC_ARG(plural));
    sgc_str upsert = sgc_api_name(builder, "upsert" SGC_FMT, SGC_ARG(model->name));

    if (!is_there(builder, model->name, "CreateInput")) return;
    if (take(at, one, SGC_BIND_CREATE, table, 0))
        sgc_buf_printf(out, "  " SGC_FMT "(input: " SGC_FMT "CreateInput!): " SGC_FMT "!\n",
                       SGC_ARG(one), SGC_ARG(model->name), SGC_ARG(model->name));
    if (payload.data && take(at, many, SGC_BIND_CREATE_MANY, table, 0))
        sgc_buf_printf(out, "  " SGC_FMT "(input: [" SGC_FMT "CreateInput!]!): " SGC_FMT "!\n",
                       SGC_ARG(many), SGC_ARG(model->name), SGC_ARG(payload));
    if (take(at, upsert, SGC_BIND_UPSERT, table, 0))
        sgc_buf_printf(out, "  " SGC_FMT "(input: " SGC_FMT "CreateInput!): " SGC_FMT "!\n",
                       SGC_ARG(upsert), SGC_ARG(model->name), SGC_ARG(model->name));
}

static void write_updates(roots *at, uint16_t table, sgc_str plural, sgc_str payload)
{
    sgc_api_builder *builder = at->builder;
    const sgc_table *model = &builder->schema->tables[table];
    sgc_buf *out = &builder->out;
    sgc_str one = sgc_api_name(builder, "update" SGC_FMT, SGC_ARG(model->name));
    sgc_str many = sgc_api_name(builder, "update" SGC_FMT, SGC_ARG(plural));
    bool inc = sgc_api_can_increase(builder, table) && is_there(builder, model->name, "IncInput");

    if (!sgc_api_can_update(builder, table) || !is_there(builder, model->name, "UpdateInput"))
        return;
    sgc_str changes = sgc_api_name(builder, "set: " SGC_FMT "UpdateInput", SGC_ARG(model->name));
    if (inc)
        changes = sgc_api_name(builder, SGC_FMT ", inc: " SGC_FMT "IncInput", SGC_ARG(changes),
                               SGC_ARG(model->name));
    if (take(at, one, SGC_BIND_UPDATE, table, 0))
        sgc_buf_printf(out, "  " SGC_FMT "(id: " SGC_FMT "!, " SGC_FMT "): " SGC_FMT "\n",
                       SGC_ARG(one), SGC_ARG(model->fields[model->key].named_type),
                       SGC_ARG(changes), SGC_ARG(model->name));
    if (payload.data && is_there(builder, model->name, "Where") &&
        take(at, many, SGC_BIND_UPDATE_MANY, table, 0))
        sgc_buf_printf(out, "  " SGC_FMT "(where: " SGC_FMT "Where!, " SGC_FMT "): " SGC_FMT "!\n",
                       SGC_ARG(many), SGC_ARG(model->name), SGC_ARG(changes), SGC_ARG(payload));
}

static void write_deletes(roots *at, uint16_t table, sgc_str plural, sgc_str payload)
{
    sgc_api_builder *builder = at->builder;
    const sgc_table *model = &builder->schema->tables[table];
    sgc_str one = sgc_api_name(builder, "delete" SGC_FMT, SGC_ARG(model->name));
    sgc_str many = sgc_api_name(builder, "delete" SGC_FMT, SGC_ARG(plural));

    if (take(at, one, SGC_BIND_DELETE, table, 0))
        sgc_buf_printf(&builder->out, "  " SGC_FMT "(id: " SGC_FMT "!): " SGC_FMT "\n",
                       SGC_ARG(one), SGC_ARG(model->fields[model->key].named_type),
                       SGC_ARG(model->name));
    if (payload.data && is_there(builder, model->name, "Where") &&
        take(at, many, SGC_BIND_DELETE_MANY, table, 0))
        sgc_buf_printf(&builder->out, "  " SGC_FMT "(where: " SGC_FMT "Where!): " SGC_FMT "!\n",
                       SGC_ARG(many), SGC_ARG(model->name), SGC_ARG(payload));
}

static void write_mutations(roots *at)
{
    sgc_api_builder *builder = at->builder;
    const sgc_schema *schema = builder->schema;

    for (uint16_t i = 0; i < schema->table_count; i++) {
        const sgc_table *model = &schema->tables[i];
        if (!sgc_api_creates(builder, i)) continue;
        sgc_str plural = sgc_api_capital(builder, model->plural);
        sgc_str payload = type_named(builder, plural, "Payload");
        sgc_api_use(builder, model->fields[model->key].named_type);
        if (sgc_api_is_declared(builder, payload)) payload = sgc_str_of(NULL, 0);
        write_creates(at, i, plural, payload);
        write_updates(at, i, plural, payload);
        write_deletes(at, i, plural, payload);
    }
}

/* ---- both ---- */

/* Fields of the SDL that no generated one is. */
static void write_declared(roots *at)
{
    sgc_api_builder *builder = at->builder;
    const sgc_declared *declared = sgc_map_get(&builder->declared, at->type);

    for (size_t p = 0; declared && p < declared->count; p++) {
        for (const sgc_ast_field *one = declared->parts[p]->fields; one; one = one->next) {
            if (sgc_map_get(&builder->roots, root_key(at, one->name.text))) continue;
            sgc_api_describe(builder,
                             one->description ? one->description->text : sgc_str_of(NULL, 0), "  ");
            sgc_buf_printf(&builder->out, "  " SGC_FMT, SGC_ARG(one->name.text));
            sgc_api_write_arguments(builder, one->arguments);
            sgc_buf_text(&builder->out, ": ");
            sgc_api_print_type(builder, one->type);
            sgc_api_deprecate(builder, one->directives);
            sgc_buf_byte(&builder->out, '\n');
            at->count++;
        }
    }
}

static void write_interfaces(sgc_api_builder *builder, sgc_str type)
{
    const sgc_declared *declared = sgc_map_get(&builder->declared, type);
    bool first = true;

    for (size_t p = 0; declared && p < declared->count; p++) {
        const sgc_ast_name_item *one = declared->parts[p]->interfaces;
        for (; one; one = one->next) {
            sgc_buf_printf(&builder->out, "%s" SGC_FMT, first ? " implements " : " & ",
                           SGC_ARG(one->name.text));
            first = false;
        }
    }
}

/* Writes a root type, or nothing when it would have no fields. */
static bool write_root(sgc_api_builder *builder, sgc_str type, void (*generate)(roots *at))
{
    roots at = {.builder = builder, .type = type};
    const sgc_declared *declared = sgc_map_get(&builder->declared, type);
    size_t start = builder->out.size;

    if (declared && declared->parts[0]->description)
        sgc_api_describe(builder, declared->parts[0]->description->text, "");
    sgc_buf_printf(&builder->out, "type " SGC_FMT, SGC_ARG(type));
    write_interfaces(builder, type);
    sgc_buf_text(&builder->out, " {\n");
    generate(&at);
    write_declared(&at);
    sgc_buf_text(&builder->out, "}\n\n");
    if (at.count > 0) return true;
    builder->out.size = start;
    return false;
}

void sgc_api_write_roots(sgc_api_builder *builder)
{
    sgc_buf *out = &builder->out;

    if (sgc_api_claim(builder, SGC_STR("OrderDirection")))
        sgc_buf_text(out, "enum OrderDirection {\n  ASC\n  DESC\n  ASC_NULLS_FIRST\n"
                          "  ASC_NULLS_LAST\n  DESC_NULLS_FIRST\n  DESC_NULLS_LAST\n}\n\n");
    write_root(builder, builder->query, write_queries);
    bool mutation = write_root(builder, builder->mutation, write_mutations);
    bool usual = sgc_str_eq(builder->query, SGC_STR("Query")) &&
                 sgc_str_eq(builder->mutation, SGC_STR("Mutation"));

    if (usual && !builder->description.data) return;
    sgc_api_describe(builder, builder->description, "");
    sgc_buf_printf(out, "schema {\n  query: " SGC_FMT "\n", SGC_ARG(builder->query));
    if (mutation) sgc_buf_printf(out, "  mutation: " SGC_FMT "\n", SGC_ARG(builder->mutation));
    sgc_buf_text(out, "}\n\n");
}
