/*
 * api_sdl.c - the generated API as SDL text: the user's own types, the object types of tables, and
 * the names everything else is made of. Inputs and root fields are written next door.
 */
#include "graphql/api.h"

#include <stdio.h>

/* ---- names and small things ---- */

void sgc_api_fail(sgc_api_builder *builder, sgc_status status, const char *format, ...)
{
    char text[sizeof builder->error->text];
    va_list arguments;

    if (builder->status != SGC_OK) return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    builder->status = sgc_fail(builder->error, status, "%s", text);
}

sgc_str sgc_api_name(sgc_api_builder *builder, const char *format, ...)
{
    sgc_buf text = {0};
    va_list arguments;

    va_start(arguments, format);
    sgc_buf_vprintf(&text, format, arguments);
    va_end(arguments);
    sgc_str name =
        text.failed ? sgc_str_of(NULL, 0) : sgc_arena_str(builder->arena, sgc_buf_as_str(&text));
    sgc_buf_free(&text);
    if (name.data) return name;
    sgc_api_fail(builder, SGC_NO_MEMORY, "out of memory");
    return SGC_STR("");
}

bool sgc_api_is_declared(const sgc_api_builder *builder, sgc_str name)
{
    return sgc_map_get(&builder->declared, name) != NULL;
}

bool sgc_api_claim(sgc_api_builder *builder, sgc_str name)
{
    static char mark;

    if (sgc_api_is_declared(builder, name)) return false;
    if (sgc_map_get(&builder->generated, name)) {
        sgc_api_fail(builder, SGC_INVALID,
                     "two generated types are called \"" SGC_FMT
                     "\": rename one of the types or set @table(plural:)",
                     SGC_ARG(name));
        return false;
    }
    if (!sgc_map_put(&builder->generated, name, &mark))
        sgc_api_fail(builder, SGC_NO_MEMORY, "out of memory");
    return true;
}

void sgc_api_use(sgc_api_builder *builder, sgc_str name)
{
    static char mark;

    if (sgc_map_get(&builder->used, name)) return;
    if (!sgc_map_put(&builder->used, name, &mark) ||
        !SGC_ARENA_GROW(builder->arena, builder->used_names, builder->used_count,
                        builder->used_capacity)) {
        sgc_api_fail(builder, SGC_NO_MEMORY, "out of memory");
        return;
    }
    builder->used_names[builder->used_count++] = name;
}

sgc_str sgc_api_capital(sgc_api_builder *builder, sgc_str name)
{
    char first = name.size ? name.data[0] : '_';

    if (first < 'a' || first > 'z') return name;
    return sgc_api_name(builder, "%c%.*s", first - 'a' + 'A', (int)(name.size - 1), name.data + 1);
}

bool sgc_api_creates(const sgc_api_builder *builder, uint16_t table)
{
    const sgc_table *model = &builder->schema->tables[table];

    return !model->link && model->generate_mutation;
}

const sgc_resolver_entry *sgc_api_resolver(const sgc_schema *schema, sgc_str type, sgc_str field,
                                           uint16_t *position)
{
    for (uint16_t i = 0; i < schema->resolver_count; i++) {
        const sgc_resolver_entry *entry = &schema->resolvers[i];
        if (!sgc_str_eq(entry->type, type) || !sgc_str_eq(entry->field, field)) continue;
        if (position) *position = i;
        return entry;
    }
    return NULL;
}

/* ---- pieces of text ---- */

void sgc_api_describe(sgc_api_builder *builder, sgc_str description, const char *indent)
{
    if (!description.data) return;
    sgc_buf_text(&builder->out, indent);
    sgc_json_str(&builder->out, description);
    sgc_buf_byte(&builder->out, '\n');
}

static void describe_ast(sgc_api_builder *builder, const sgc_ast_value *description,
                         const char *indent)
{
    if (description) sgc_api_describe(builder, description->text, indent);
}

/* Of applied directives the API shows those that GraphQL itself defines. */
static void copy_directive(sgc_api_builder *builder, const sgc_ast_directive *directives,
                           const char *name, const char *argument)
{
    const sgc_ast_directive *directive = sgc_directive_on(directives, name);

    if (!directive) return;
    sgc_buf_printf(&builder->out, " @%s", name);
    const sgc_ast_value *value = argument ? sgc_directive_argument(directive, argument) : NULL;
    if (!value) return;
    sgc_buf_printf(&builder->out, "(%s: ", argument);
    sgc_json_str(&builder->out, value->text);
    sgc_buf_byte(&builder->out, ')');
}

void sgc_api_deprecate(sgc_api_builder *builder, const sgc_ast_directive *directives)
{
    copy_directive(builder, directives, "deprecated", "reason");
}

void sgc_api_print_type(sgc_api_builder *builder, const sgc_ast_type *type)
{
    const sgc_ast_type *named = type;

    while (named->kind != SGC_TYPE_NAMED)
        named = named->inner;
    sgc_api_use(builder, named->name.text);
    sgc_print_type(type, &builder->out);
}

static void write_input_value(sgc_api_builder *builder, const sgc_ast_input_value *input)
{
    sgc_buf_printf(&builder->out, SGC_FMT ": ", SGC_ARG(input->name.text));
    sgc_api_print_type(builder, input->type);
    if (input->default_value) {
        sgc_buf_text(&builder->out, " = ");
        sgc_print_value(input->default_value, &builder->out);
    }
    sgc_api_deprecate(builder, input->directives);
}

void sgc_api_write_arguments(sgc_api_builder *builder, const sgc_ast_input_value *arguments)
{
    if (!arguments) return;
    sgc_buf_text(&builder->out, "(\n");
    for (const sgc_ast_input_value *one = arguments; one; one = one->next) {
        describe_ast(builder, one->description, "    ");
        sgc_buf_text(&builder->out, "    ");
        write_input_value(builder, one);
        sgc_buf_byte(&builder->out, '\n');
    }
    sgc_buf_text(&builder->out, "  )");
}

void sgc_api_write_list_arguments(sgc_api_builder *builder, sgc_str type, bool where, bool order,
                                  const char *more)
{
    sgc_buf *out = &builder->out;

    sgc_buf_byte(out, '(');
    if (where) sgc_buf_printf(out, "where: " SGC_FMT "Where, ", SGC_ARG(type));
    if (order) sgc_buf_printf(out, "orderBy: [" SGC_FMT "OrderBy!], ", SGC_ARG(type));
    sgc_buf_printf(out, "limit: Int, offset: Int%s)", more);
}

static void write_declared_field(sgc_api_builder *builder, const sgc_ast_field *field)
{
    describe_ast(builder, field->description, "  ");
    sgc_buf_printf(&builder->out, "  " SGC_FMT, SGC_ARG(field->name.text));
    sgc_api_write_arguments(builder, field->arguments);
    sgc_buf_text(&builder->out, ": ");
    sgc_api_print_type(builder, field->type);
    sgc_api_deprecate(builder, field->directives);
    sgc_buf_byte(&builder->out, '\n');
}

/* ---- object types of tables ---- */

static void add_member(sgc_api_builder *builder, uint16_t table, size_t *capacity, bool is_relation,
                       uint16_t position)
{
    if (!SGC_ARENA_GROW(builder->arena, builder->members[table], builder->member_counts[table],
                        *capacity)) {
        sgc_api_fail(builder, SGC_NO_MEMORY, "out of memory");
        return;
    }
    builder->members[table][builder->member_counts[table]++] =
        (sgc_member){.is_relation = is_relation, .position = position};
}

/* Fields that the SDL does not name stand in front of the relation they store. */
static void add_relation_member(sgc_api_builder *builder, uint16_t table, size_t *capacity,
                                uint16_t relation)
{
    const sgc_table *model = &builder->schema->tables[table];

    for (uint16_t i = 0; i < model->field_count; i++) {
        if (model->fields[i].implicit && model->fields[i].relation == relation)
            add_member(builder, table, capacity, false, i);
    }
    add_member(builder, table, capacity, true, relation);
}

static void collect_members(sgc_api_builder *builder, uint16_t table)
{
    const sgc_table *model = &builder->schema->tables[table];
    const sgc_declared *declared = sgc_map_get(&builder->declared, model->name);
    size_t capacity = 0;

    for (size_t p = 0; declared && p < declared->count; p++) {
        for (const sgc_ast_field *one = declared->parts[p]->fields; one; one = one->next) {
            uint16_t relation = sgc_table_relation(model, one->name.text);
            uint16_t field = sgc_table_field(model, one->name.text);
            if (relation != SGC_NONE) {
                add_relation_member(builder, table, &capacity, relation);
            } else if (field != SGC_NONE) {
                add_member(builder, table, &capacity, false, field);
            }
        }
    }
}

static void write_stored_field(sgc_api_builder *builder, const sgc_field *field,
                               const sgc_ast_field *declared)
{
    if (field->hide_read) return;
    sgc_api_describe(builder, field->description, "  ");
    sgc_buf_printf(&builder->out, "  " SGC_FMT ": " SGC_FMT, SGC_ARG(field->name),
                   SGC_ARG(field->type));
    sgc_api_use(builder, field->named_type);
    if (declared) sgc_api_deprecate(builder, declared->directives);
    sgc_buf_byte(&builder->out, '\n');
}

static void write_relation_field(sgc_api_builder *builder, const sgc_relation *relation,
                                 const sgc_ast_field *declared)
{
    const sgc_schema *schema = builder->schema;
    bool table = relation->target != SGC_NONE;
    sgc_str type =
        table ? schema->tables[relation->target].name : schema->abstracts[relation->abstract].name;

    sgc_api_describe(builder, relation->description, "  ");
    sgc_buf_printf(&builder->out, "  " SGC_FMT, SGC_ARG(relation->name));
    if (relation->to_many) {
        sgc_str where = sgc_api_name(builder, SGC_FMT "Where", SGC_ARG(type));
        sgc_str order = sgc_api_name(builder, SGC_FMT "OrderBy", SGC_ARG(type));
        sgc_api_write_list_arguments(builder, type, table && !sgc_api_is_declared(builder, where),
                                     table && sgc_api_can_order(builder, relation->target) &&
                                         !sgc_api_is_declared(builder, order),
                                     "");
        sgc_buf_printf(&builder->out, ": [" SGC_FMT "!]!", SGC_ARG(type));
    } else {
        sgc_buf_printf(&builder->out, ": " SGC_FMT "%s", SGC_ARG(type),
                       relation->non_null ? "!" : "");
    }
    sgc_api_deprecate(builder, declared->directives);
    sgc_buf_byte(&builder->out, '\n');
}

static void write_table_fields(sgc_api_builder *builder, uint16_t table,
                               const sgc_ast_definition *part)
{
    const sgc_table *model = &builder->schema->tables[table];

    for (const sgc_ast_field *one = part->fields; one; one = one->next) {
        uint16_t relation = sgc_table_relation(model, one->name.text);
        uint16_t field = sgc_table_field(model, one->name.text);
        for (uint16_t i = 0; relation != SGC_NONE && i < model->field_count; i++) {
            if (model->fields[i].implicit && model->fields[i].relation == relation)
                write_stored_field(builder, &model->fields[i], NULL);
        }
        if (relation != SGC_NONE) {
            write_relation_field(builder, &model->relations[relation], one);
        } else if (field != SGC_NONE) {
            write_stored_field(builder, &model->fields[field], one);
        } else {
            write_declared_field(builder, one);
        }
    }
}

/* ---- the user's types ---- */

static void write_interfaces(sgc_api_builder *builder, const sgc_declared *declared)
{
    bool first = true;

    for (size_t p = 0; p < declared->count; p++) {
        const sgc_ast_name_item *one = declared->parts[p]->interfaces;
        for (; one; one = one->next) {
            sgc_buf_printf(&builder->out, "%s" SGC_FMT, first ? " implements " : " & ",
                           SGC_ARG(one->name.text));
            first = false;
        }
    }
}

static void write_fields(sgc_api_builder *builder, sgc_str name, const sgc_declared *declared)
{
    uint16_t table = sgc_schema_table(builder->schema, name);

    write_interfaces(builder, declared);
    sgc_buf_text(&builder->out, " {\n");
    for (size_t p = 0; p < declared->count; p++) {
        if (table != SGC_NONE) {
            write_table_fields(builder, table, declared->parts[p]);
            continue;
        }
        const sgc_ast_field *one = declared->parts[p]->fields;
        for (; one; one = one->next)
            write_declared_field(builder, one);
    }
    if (table != SGC_NONE) sgc_api_write_history_field(builder, table);
    sgc_buf_text(&builder->out, "}\n\n");
}

static void write_union(sgc_api_builder *builder, const sgc_declared *declared)
{
    bool first = true;

    for (size_t p = 0; p < declared->count; p++) {
        const sgc_ast_name_item *one = declared->parts[p]->members;
        for (; one; one = one->next) {
            sgc_buf_printf(&builder->out, "%s" SGC_FMT, first ? " = " : " | ",
                           SGC_ARG(one->name.text));
            first = false;
        }
    }
    sgc_buf_text(&builder->out, "\n\n");
}

static void write_enum(sgc_api_builder *builder, const sgc_declared *declared)
{
    sgc_buf_text(&builder->out, " {\n");
    for (size_t p = 0; p < declared->count; p++) {
        const sgc_ast_enum_value *one = declared->parts[p]->values;
        for (; one; one = one->next) {
            describe_ast(builder, one->description, "  ");
            sgc_buf_printf(&builder->out, "  " SGC_FMT, SGC_ARG(one->name.text));
            sgc_api_deprecate(builder, one->directives);
            sgc_buf_byte(&builder->out, '\n');
        }
    }
    sgc_buf_text(&builder->out, "}\n\n");
}

static void write_input(sgc_api_builder *builder, const sgc_declared *declared)
{
    for (size_t p = 0; p < declared->count; p++)
        copy_directive(builder, declared->parts[p]->directives, "oneOf", NULL);
    sgc_buf_text(&builder->out, " {\n");
    for (size_t p = 0; p < declared->count; p++) {
        const sgc_ast_input_value *one = declared->parts[p]->inputs;
        for (; one; one = one->next) {
            describe_ast(builder, one->description, "  ");
            sgc_buf_text(&builder->out, "  ");
            write_input_value(builder, one);
            sgc_buf_byte(&builder->out, '\n');
        }
    }
    sgc_buf_text(&builder->out, "}\n\n");
}

static const char *keyword_of(sgc_definition_kind kind)
{
    switch ((int)kind) {
    case SGC_DEFINITION_SCALAR:
        return "scalar";
    case SGC_DEFINITION_OBJECT:
        return "type";
    case SGC_DEFINITION_INTERFACE:
        return "interface";
    case SGC_DEFINITION_UNION:
        return "union";
    case SGC_DEFINITION_ENUM:
        return "enum";
    default:
        return "input";
    }
}

static void write_declared_type(sgc_api_builder *builder, sgc_str name,
                                const sgc_declared *declared)
{
    const sgc_ast_definition *first = declared->parts[0];

    describe_ast(builder, first->description, "");
    sgc_buf_printf(&builder->out, "%s " SGC_FMT, keyword_of(first->kind), SGC_ARG(name));
    switch ((int)first->kind) {
    case SGC_DEFINITION_OBJECT:
    case SGC_DEFINITION_INTERFACE:
        write_fields(builder, name, declared);
        break;
    case SGC_DEFINITION_UNION:
        write_union(builder, declared);
        break;
    case SGC_DEFINITION_ENUM:
        write_enum(builder, declared);
        break;
    case SGC_DEFINITION_INPUT:
        write_input(builder, declared);
        break;
    default:
        for (size_t p = 0; p < declared->count; p++)
            copy_directive(builder, declared->parts[p]->directives, "specifiedBy", "url");
        sgc_buf_text(&builder->out, "\n\n");
        break;
    }
}

static void write_directive_definition(sgc_api_builder *builder, const sgc_ast_definition *one)
{
    if (one->extend || sgc_map_get(&builder->known, one->name.text)) return;
    describe_ast(builder, one->description, "");
    sgc_buf_printf(&builder->out, "directive @" SGC_FMT, SGC_ARG(one->name.text));
    sgc_api_write_arguments(builder, one->inputs);
    sgc_buf_text(&builder->out, one->repeatable ? " repeatable on " : " on ");
    for (const sgc_ast_name_item *item = one->members; item; item = item->next) {
        sgc_buf_printf(&builder->out, SGC_FMT "%s", SGC_ARG(item->name.text),
                       item->next ? " | " : "\n\n");
    }
}

static bool is_root(const sgc_api_builder *builder, sgc_str name)
{
    return sgc_str_eq(name, builder->query) || sgc_str_eq(name, builder->mutation) ||
           sgc_str_eq(name, builder->subscription);
}

static void write_declared(sgc_api_builder *builder)
{
    const sgc_ast_definition *one = builder->document->definitions;

    for (; one; one = one->next) {
        if (one->kind == SGC_DEFINITION_DIRECTIVE) write_directive_definition(builder, one);
        if (one->kind < SGC_DEFINITION_SCALAR || one->kind > SGC_DEFINITION_INPUT || one->extend)
            continue;
        if (is_root(builder, one->name.text)) continue;
        write_declared_type(builder, one->name.text,
                            sgc_map_get(&builder->declared, one->name.text));
    }
}

/* ---- reading the user's SDL ---- */

static void note_definition(sgc_api_builder *builder, const sgc_ast_definition *one)
{
    sgc_declared *declared = sgc_map_get(&builder->declared, one->name.text);

    if (!declared) {
        declared = sgc_arena_zero(builder->arena, 1, sizeof *declared);
        if (!declared || !sgc_map_put(&builder->declared, one->name.text, declared)) {
            sgc_api_fail(builder, SGC_NO_MEMORY, "out of memory");
            return;
        }
    }
    if (!SGC_ARENA_GROW(builder->arena, declared->parts, declared->count, declared->capacity)) {
        sgc_api_fail(builder, SGC_NO_MEMORY, "out of memory");
        return;
    }
    declared->parts[declared->count++] = one;
}

static void note_root(sgc_api_builder *builder, const sgc_ast_root_operation *root)
{
    sgc_str *names[] = {&builder->query, &builder->mutation, &builder->subscription};

    *names[root->operation] = root->type.text;
}

static void read_document(sgc_api_builder *builder)
{
    static char mark;
    const sgc_ast_definition *one = builder->prelude->definitions;

    for (; one; one = one->next) {
        if (one->kind == SGC_DEFINITION_DIRECTIVE &&
            !sgc_map_put(&builder->known, one->name.text, &mark))
            sgc_api_fail(builder, SGC_NO_MEMORY, "out of memory");
    }
    for (one = builder->document->definitions; one; one = one->next) {
        if (one->kind == SGC_DEFINITION_SCHEMA) {
            const sgc_ast_root_operation *root = one->roots;
            if (one->description) builder->description = one->description->text;
            for (; root; root = root->next)
                note_root(builder, root);
        } else if (one->kind >= SGC_DEFINITION_SCALAR && one->kind <= SGC_DEFINITION_INPUT) {
            note_definition(builder, one);
        }
    }
}

/* Scalars of sgc's own are declared when something uses them. */
static void write_scalars(sgc_api_builder *builder)
{
    static const char *const built_in[] = {"Int", "Float", "String", "Boolean", "ID"};

    for (const sgc_ast_definition *one = builder->prelude->definitions; one; one = one->next) {
        if (one->kind != SGC_DEFINITION_SCALAR || sgc_api_is_declared(builder, one->name.text) ||
            !sgc_map_get(&builder->used, one->name.text))
            continue;
        bool known = false;
        for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++)
            known = known || sgc_str_eq(one->name.text, sgc_str_from(built_in[i]));
        if (known) continue;
        describe_ast(builder, one->description, "");
        sgc_buf_printf(&builder->out, "scalar " SGC_FMT "\n\n", SGC_ARG(one->name.text));
    }
}

bool sgc_api_write(sgc_api_builder *builder)
{
    const sgc_schema *schema = builder->schema;

    builder->query = SGC_STR("Query");
    builder->mutation = SGC_STR("Mutation");
    builder->subscription = SGC_STR("Subscription");
    read_document(builder);
    builder->members =
        sgc_arena_zero(builder->arena, schema->table_count, sizeof *builder->members);
    builder->member_counts =
        sgc_arena_zero(builder->arena, schema->table_count, sizeof *builder->member_counts);
    if (!builder->members || !builder->member_counts)
        sgc_api_fail(builder, SGC_NO_MEMORY, "out of memory");
    for (uint16_t i = 0; i < schema->table_count && builder->status == SGC_OK; i++) {
        if (!schema->tables[i].link) collect_members(builder, i);
    }
    if (builder->status != SGC_OK) return false;
    write_declared(builder);
    for (uint16_t i = 0; i < schema->table_count; i++) {
        if (!schema->tables[i].link) sgc_api_write_inputs(builder, i);
    }
    for (uint16_t i = 0; i < schema->embedded_count; i++)
        sgc_api_write_embedded_input(builder, i);
    for (uint16_t i = 0; i < schema->abstract_count; i++)
        sgc_api_write_abstract_inputs(builder, i);
    sgc_api_write_history(builder);
    sgc_api_write_roots(builder);
    sgc_api_write_filters(builder);
    write_scalars(builder);
    if (builder->out.failed) sgc_api_fail(builder, SGC_NO_MEMORY, "out of memory");
    return builder->status == SGC_OK;
}
