/*
 * api_inputs.c - the input types of tables: where, orderBy, create, update, inc, the inputs of
 * nested creates, and the filters of scalars.
 */
#include "graphql/api.h"

#include <stdio.h>

static const sgc_table *table_of(const sgc_api_builder *builder, uint16_t table)
{
    return &builder->schema->tables[table];
}

static sgc_str key_type(const sgc_table *table)
{
    return table->fields[table->key].named_type;
}

/* Opens `input NAME {`; false when the SDL has a type of that name. */
static bool open_input(sgc_api_builder *builder, sgc_str name, bool one_of)
{
    if (!sgc_api_claim(builder, name)) return false;
    sgc_buf_printf(&builder->out, "input " SGC_FMT "%s {\n", SGC_ARG(name),
                   one_of ? " @oneOf" : "");
    return true;
}

static void close_input(sgc_api_builder *builder)
{
    sgc_buf_text(&builder->out, "}\n\n");
}

/* ---- filters ---- */

static sgc_str filter_name(sgc_api_builder *builder, const sgc_field *field, const sgc_slot *slot)
{
    sgc_str name = sgc_api_name(builder, SGC_FMT "%s", SGC_ARG(field->named_type),
                                slot->list ? "ListFilter" : "Filter");

    if (sgc_api_is_declared(builder, name)) return sgc_str_of(NULL, 0);
    for (const sgc_filter *one = builder->filters; one; one = one->next) {
        if (sgc_str_eq(one->name, name)) return name;
    }
    sgc_filter *made = sgc_arena_zero(builder->arena, 1, sizeof *made);
    if (!made) {
        sgc_api_fail(builder, SGC_NO_MEMORY, "out of memory");
        return name;
    }
    *made = (sgc_filter){
        .name = name, .type = field->named_type, .kind = slot->kind, .list = slot->list};
    *builder->last_filter = made;
    builder->last_filter = &made->next;
    return name;
}

static bool is_ordered_kind(sgc_kind kind)
{
    return kind != SGC_KIND_BOOLEAN && kind != SGC_KIND_ENUM && kind != SGC_KIND_JSON &&
           kind != SGC_KIND_BYTES && kind != SGC_KIND_EMBEDDED;
}

static void write_filter(sgc_api_builder *builder, const sgc_filter *filter)
{
    sgc_buf *out = &builder->out;
    sgc_str type = filter->type;

    if (!open_input(builder, filter->name, false)) return;
    sgc_api_use(builder, type);
    if (filter->list) {
        sgc_buf_printf(out, "  has: " SGC_FMT "\n  hasSome: [" SGC_FMT "!]\n", SGC_ARG(type),
                       SGC_ARG(type));
        sgc_buf_printf(out, "  hasEvery: [" SGC_FMT "!]\n  isEmpty: Boolean\n", SGC_ARG(type));
        close_input(builder);
        return;
    }
    if (filter->kind != SGC_KIND_JSON) {
        sgc_buf_printf(out, "  eq: " SGC_FMT "\n  ne: " SGC_FMT "\n", SGC_ARG(type), SGC_ARG(type));
        sgc_buf_printf(out, "  in: [" SGC_FMT "!]\n  notIn: [" SGC_FMT "!]\n", SGC_ARG(type),
                       SGC_ARG(type));
    }
    sgc_buf_text(out, "  isNull: Boolean\n");
    static const char *const ranges[] = {"lt", "lte", "gt", "gte"};
    for (size_t i = 0; i < 4 && is_ordered_kind(filter->kind); i++)
        sgc_buf_printf(out, "  %s: " SGC_FMT "\n", ranges[i], SGC_ARG(type));
    static const char *const texts[] = {"like", "ilike", "startsWith", "endsWith", "contains"};
    for (size_t i = 0; i < 5 && sgc_str_eq(type, SGC_STR("String")); i++)
        sgc_buf_printf(out, "  %s: " SGC_FMT "\n", texts[i], SGC_ARG(type));
    close_input(builder);
}

void sgc_api_write_filters(sgc_api_builder *builder)
{
    for (const sgc_filter *one = builder->filters; one; one = one->next)
        write_filter(builder, one);
}

/* ---- where and orderBy ---- */

static bool can_filter(const sgc_field *field, const sgc_slot *slot)
{
    return !field->hide_filter && slot->kind != SGC_KIND_EMBEDDED &&
           !(slot->list && slot->kind == SGC_KIND_JSON);
}

bool sgc_api_slot_orders(const sgc_slot *slot)
{
    return !slot->list && slot->kind != SGC_KIND_EMBEDDED && slot->kind != SGC_KIND_JSON;
}

static bool field_orders(const sgc_table *table, uint16_t field)
{
    return !table->fields[field].hide_filter && sgc_api_slot_orders(sgc_field_slot(table, field));
}

bool sgc_api_can_order(const sgc_api_builder *builder, uint16_t table)
{
    const sgc_table *model = table_of(builder, table);

    for (size_t i = 0; i < builder->member_counts[table]; i++) {
        const sgc_member *member = &builder->members[table][i];
        if (!member->is_relation && field_orders(model, member->position)) return true;
    }
    return false;
}

static bool has_member(const sgc_table *table, const char *name)
{
    sgc_str text = sgc_str_from(name);

    return sgc_table_field(table, text) != SGC_NONE || sgc_table_relation(table, text) != SGC_NONE;
}

/* What the SDL calls `and`, `or` or `not` is a field, not a combinator. */
static void write_combinators(sgc_api_builder *builder, const sgc_table *table, sgc_str name)
{
    if (!table || !has_member(table, "and"))
        sgc_buf_printf(&builder->out, "  and: [" SGC_FMT "!]\n", SGC_ARG(name));
    if (!table || !has_member(table, "or"))
        sgc_buf_printf(&builder->out, "  or: [" SGC_FMT "!]\n", SGC_ARG(name));
    if (!table || !has_member(table, "not"))
        sgc_buf_printf(&builder->out, "  not: " SGC_FMT "\n", SGC_ARG(name));
}

static void write_filter_line(sgc_api_builder *builder, const sgc_field *field,
                              const sgc_slot *slot)
{
    if (!can_filter(field, slot)) return;
    sgc_str filter = filter_name(builder, field, slot);
    if (!filter.data) return;
    sgc_buf_printf(&builder->out, "  " SGC_FMT ": " SGC_FMT "\n", SGC_ARG(field->name),
                   SGC_ARG(filter));
}

static void write_generated_line(sgc_api_builder *builder, sgc_str name, sgc_str type)
{
    if (sgc_api_is_declared(builder, type)) return;
    sgc_buf_printf(&builder->out, "  " SGC_FMT ": " SGC_FMT "\n", SGC_ARG(name), SGC_ARG(type));
}

static bool has_where(sgc_api_builder *builder, uint16_t table)
{
    return !sgc_api_is_declared(
        builder, sgc_api_name(builder, SGC_FMT "Where", SGC_ARG(table_of(builder, table)->name)));
}

static void write_where(sgc_api_builder *builder, uint16_t table)
{
    const sgc_table *model = table_of(builder, table);
    sgc_str name = sgc_api_name(builder, SGC_FMT "Where", SGC_ARG(model->name));

    if (!open_input(builder, name, false)) return;
    write_combinators(builder, model, name);
    for (size_t i = 0; i < builder->member_counts[table]; i++) {
        const sgc_member *member = &builder->members[table][i];
        if (!member->is_relation) {
            write_filter_line(builder, &model->fields[member->position],
                              sgc_field_slot(model, member->position));
            continue;
        }
        const sgc_relation *relation = &model->relations[member->position];
        if (relation->target == SGC_NONE || !has_where(builder, relation->target)) continue;
        write_generated_line(builder, relation->name,
                             sgc_api_name(builder, SGC_FMT "%s",
                                          SGC_ARG(table_of(builder, relation->target)->name),
                                          relation->to_many ? "ListWhere" : "Where"));
    }
    close_input(builder);
}

static void write_order(sgc_api_builder *builder, uint16_t table)
{
    const sgc_table *model = table_of(builder, table);
    sgc_str name = sgc_api_name(builder, SGC_FMT "OrderBy", SGC_ARG(model->name));

    if (!sgc_api_can_order(builder, table) || !open_input(builder, name, true)) return;
    for (size_t i = 0; i < builder->member_counts[table]; i++) {
        const sgc_member *member = &builder->members[table][i];
        if (!member->is_relation) {
            if (field_orders(model, member->position))
                sgc_buf_printf(&builder->out, "  " SGC_FMT ": OrderDirection\n",
                               SGC_ARG(model->fields[member->position].name));
            continue;
        }
        const sgc_relation *relation = &model->relations[member->position];
        if (relation->target == SGC_NONE ||
            (!relation->to_many && !sgc_api_can_order(builder, relation->target)))
            continue;
        write_generated_line(builder, relation->name,
                             sgc_api_name(builder, SGC_FMT "%s",
                                          SGC_ARG(table_of(builder, relation->target)->name),
                                          relation->to_many ? "ListOrderBy" : "OrderBy"));
    }
    close_input(builder);
}

static void ask_for_int_filter(sgc_api_builder *builder)
{
    sgc_field field = {.named_type = SGC_STR("Int")};
    sgc_slot slot = {.kind = SGC_KIND_INT};

    (void)filter_name(builder, &field, &slot);
}

static void write_list_inputs(sgc_api_builder *builder, sgc_str type)
{
    sgc_str where = sgc_api_name(builder, SGC_FMT "Where", SGC_ARG(type));
    sgc_str list = sgc_api_name(builder, SGC_FMT "ListWhere", SGC_ARG(type));

    if (!sgc_api_is_declared(builder, where) && open_input(builder, list, false)) {
        sgc_buf_printf(&builder->out, "  some: " SGC_FMT "\n  every: " SGC_FMT "\n", SGC_ARG(where),
                       SGC_ARG(where));
        sgc_buf_printf(&builder->out, "  none: " SGC_FMT "\n", SGC_ARG(where));
        ask_for_int_filter(builder);
        write_generated_line(builder, SGC_STR("count"), SGC_STR("IntFilter"));
        close_input(builder);
    }
    list = sgc_api_name(builder, SGC_FMT "ListOrderBy", SGC_ARG(type));
    if (!open_input(builder, list, true)) return;
    sgc_buf_text(&builder->out, "  count: OrderDirection\n");
    close_input(builder);
}

/* ---- create ---- */

/* A field's type as an input: embedded types become their inputs; required or not. */
static void write_input_type(sgc_api_builder *builder, const sgc_field *field, const sgc_slot *slot,
                             bool required)
{
    sgc_str type = field->type;
    sgc_str named = field->named_type;
    size_t wrappers = 0;

    while (wrappers < type.size && type.data[wrappers] == '[')
        wrappers++;
    size_t end = type.size;
    if (!required && end > 0 && type.data[end - 1] == '!') end--;
    size_t behind = wrappers + named.size;
    sgc_buf_append(&builder->out, type.data, wrappers);
    sgc_buf_str(&builder->out, named);
    if (slot->kind == SGC_KIND_EMBEDDED) {
        sgc_buf_text(&builder->out, "Input");
    } else {
        sgc_api_use(builder, named);
    }
    if (end > behind) sgc_buf_append(&builder->out, type.data + behind, end - behind);
}

/* A field can be written when its type can be named. */
static bool is_writable(const sgc_api_builder *builder, const sgc_field *field,
                        const sgc_slot *slot)
{
    if (field->hide_write || field->updated_at) return false;
    if (slot->kind != SGC_KIND_EMBEDDED) return true;
    char text[300];
    int size = snprintf(text, sizeof text, SGC_FMT "Input", SGC_ARG(field->named_type));

    return size > 0 && (size_t)size < sizeof text &&
           !sgc_api_is_declared(builder, sgc_str_of(text, (size_t)size));
}

static void write_input_field(sgc_api_builder *builder, const sgc_field *field,
                              const sgc_slot *slot, bool required)
{
    sgc_api_describe(builder, field->description, "  ");
    sgc_buf_printf(&builder->out, "  " SGC_FMT ": ", SGC_ARG(field->name));
    write_input_type(builder, field, slot, required);
    sgc_buf_byte(&builder->out, '\n');
}

static sgc_str relation_input_name(sgc_api_builder *builder, const sgc_table *table,
                                   const sgc_relation *relation)
{
    return sgc_api_name(builder, SGC_FMT SGC_FMT "%s", SGC_ARG(table->name),
                        SGC_ARG(sgc_api_capital(builder, relation->name)),
                        relation->to_many ? "ListInput" : "Input");
}

/* The create input of a relation's target; without the way back when there is one. */
static sgc_str target_input_name(sgc_api_builder *builder, const sgc_table *table,
                                 const sgc_relation *relation)
{
    const sgc_table *target = table_of(builder, relation->target);

    if (relation->inverse == SGC_NONE || relation->kind == SGC_RELATION_KEY)
        return sgc_api_name(builder, SGC_FMT "CreateInput", SGC_ARG(target->name));
    return sgc_api_name(builder, SGC_FMT "In" SGC_FMT SGC_FMT "CreateInput", SGC_ARG(target->name),
                        SGC_ARG(table->name), SGC_ARG(sgc_api_capital(builder, relation->name)));
}

static void write_relation_line(sgc_api_builder *builder, const sgc_table *table,
                                const sgc_relation *relation)
{
    sgc_str name = relation_input_name(builder, table, relation);
    bool required = relation->kind == SGC_RELATION_KEY && relation->non_null;

    if (sgc_api_is_declared(builder, name)) return;
    sgc_buf_printf(&builder->out, "  " SGC_FMT ": " SGC_FMT "%s\n", SGC_ARG(relation->name),
                   SGC_ARG(name), required ? "!" : "");
}

/* skip: the relation that leads back to where the row is created, or SGC_NONE. */
static void write_create(sgc_api_builder *builder, uint16_t table, sgc_str name, uint16_t skip)
{
    const sgc_table *model = table_of(builder, table);

    if (!open_input(builder, name, false)) return;
    for (size_t i = 0; i < builder->member_counts[table]; i++) {
        const sgc_member *member = &builder->members[table][i];
        if (member->is_relation) {
            if (member->position != skip)
                write_relation_line(builder, model, &model->relations[member->position]);
            continue;
        }
        const sgc_field *field = &model->fields[member->position];
        const sgc_slot *slot = sgc_field_slot(model, member->position);
        if (field->relation != SGC_NONE || !is_writable(builder, field, slot)) continue;
        write_input_field(builder, field, slot,
                          slot->non_null && field->default_kind == SGC_DEFAULT_NONE);
    }
    close_input(builder);
}

static void write_member_inputs(sgc_api_builder *builder, const sgc_relation *relation)
{
    const sgc_abstract *abstract = &builder->schema->abstracts[relation->abstract];
    const char *open = relation->to_many ? "[" : "", *close = relation->to_many ? "!]" : "";

    for (uint16_t i = 0; i < abstract->table_count; i++) {
        const sgc_table *one = table_of(builder, abstract->tables[i]);
        sgc_str create = sgc_api_name(builder, SGC_FMT "CreateInput", SGC_ARG(one->name));
        if (sgc_api_creates(builder, abstract->tables[i]) && !sgc_api_is_declared(builder, create))
            sgc_buf_printf(&builder->out, "  create" SGC_FMT ": %s" SGC_FMT "%s\n",
                           SGC_ARG(one->name), open, SGC_ARG(create), close);
        sgc_buf_printf(&builder->out, "  connect" SGC_FMT ": %s" SGC_FMT "%s\n", SGC_ARG(one->name),
                       open, SGC_ARG(key_type(one)), close);
    }
}

static void write_relation_input(sgc_api_builder *builder, uint16_t table, uint16_t position)
{
    const sgc_table *model = table_of(builder, table);
    const sgc_relation *relation = &model->relations[position];
    bool many = relation->to_many;

    if (!open_input(builder, relation_input_name(builder, model, relation), !many)) return;
    if (relation->target == SGC_NONE) {
        write_member_inputs(builder, relation);
        close_input(builder);
        return;
    }
    sgc_str create = target_input_name(builder, model, relation);
    bool creates =
        sgc_api_creates(builder, relation->target) && !sgc_api_is_declared(builder, create);
    if (creates)
        sgc_buf_printf(&builder->out, "  create: %s" SGC_FMT "%s\n", many ? "[" : "",
                       SGC_ARG(create), many ? "!]" : "");
    sgc_buf_printf(&builder->out, "  connect: %s" SGC_FMT "%s\n", many ? "[" : "",
                   SGC_ARG(key_type(table_of(builder, relation->target))), many ? "!]" : "");
    close_input(builder);
    if (creates && relation->inverse != SGC_NONE && relation->kind != SGC_RELATION_KEY)
        write_create(builder, relation->target, create, relation->inverse);
}

/* ---- update ---- */

static bool updates(const sgc_api_builder *builder, const sgc_table *model,
                    const sgc_member *member)
{
    if (member->is_relation || member->position == model->key) return false;
    return is_writable(builder, &model->fields[member->position],
                       sgc_field_slot(model, member->position));
}

static bool increases(const sgc_api_builder *builder, const sgc_table *model,
                      const sgc_member *member)
{
    if (!updates(builder, model, member)) return false;
    const sgc_slot *slot = sgc_field_slot(model, member->position);
    bool number =
        slot->kind == SGC_KIND_INT || slot->kind == SGC_KIND_BIGINT || slot->kind == SGC_KIND_FLOAT;

    return number && !slot->list && model->fields[member->position].relation == SGC_NONE;
}

bool sgc_api_can_update(const sgc_api_builder *builder, uint16_t table)
{
    for (size_t i = 0; i < builder->member_counts[table]; i++) {
        if (updates(builder, table_of(builder, table), &builder->members[table][i])) return true;
    }
    return false;
}

bool sgc_api_can_increase(const sgc_api_builder *builder, uint16_t table)
{
    for (size_t i = 0; i < builder->member_counts[table]; i++) {
        if (increases(builder, table_of(builder, table), &builder->members[table][i])) return true;
    }
    return false;
}

static void write_update(sgc_api_builder *builder, uint16_t table, bool inc)
{
    const sgc_table *model = table_of(builder, table);
    bool any = inc ? sgc_api_can_increase(builder, table) : sgc_api_can_update(builder, table);
    sgc_str name =
        sgc_api_name(builder, SGC_FMT "%sInput", SGC_ARG(model->name), inc ? "Inc" : "Update");

    if (!any || !open_input(builder, name, false)) return;
    for (size_t i = 0; i < builder->member_counts[table]; i++) {
        const sgc_member *member = &builder->members[table][i];
        if (!(inc ? increases(builder, model, member) : updates(builder, model, member))) continue;
        write_input_field(builder, &model->fields[member->position],
                          sgc_field_slot(model, member->position), false);
    }
    close_input(builder);
}

static void write_payload(sgc_api_builder *builder, uint16_t table)
{
    const sgc_table *model = table_of(builder, table);
    sgc_str plural = sgc_api_capital(builder, model->plural);
    sgc_str name = sgc_api_name(builder, SGC_FMT "Payload", SGC_ARG(plural));
    sgc_binding *binding = sgc_arena_zero(builder->arena, 1, sizeof *binding);

    if (!sgc_api_claim(builder, name)) return;
    sgc_buf_printf(&builder->out,
                   "type " SGC_FMT " {\n  affected: Int!\n  nodes: [" SGC_FMT "!]!\n}\n\n",
                   SGC_ARG(name), SGC_ARG(model->name));
    if (!binding) {
        sgc_api_fail(builder, SGC_NO_MEMORY, "out of memory");
        return;
    }
    binding->table = table;
    if (!sgc_map_put(&builder->payloads, name, binding))
        sgc_api_fail(builder, SGC_NO_MEMORY, "out of memory");
}

void sgc_api_write_inputs(sgc_api_builder *builder, uint16_t table)
{
    const sgc_table *model = table_of(builder, table);

    write_where(builder, table);
    write_order(builder, table);
    write_list_inputs(builder, model->name);
    if (!sgc_api_creates(builder, table)) return;
    write_create(builder, table, sgc_api_name(builder, SGC_FMT "CreateInput", SGC_ARG(model->name)),
                 SGC_NONE);
    for (uint16_t i = 0; i < model->relation_count; i++)
        write_relation_input(builder, table, i);
    write_update(builder, table, false);
    write_update(builder, table, true);
    write_payload(builder, table);
}

void sgc_api_write_embedded_input(sgc_api_builder *builder, uint16_t embedded)
{
    const sgc_embedded *model = &builder->schema->embeddeds[embedded];
    sgc_str name = sgc_api_name(builder, SGC_FMT "Input", SGC_ARG(model->name));

    if (!open_input(builder, name, false)) return;
    for (uint16_t i = 0; i < model->field_count; i++) {
        const sgc_field *field = &model->fields[i];
        const sgc_slot *slot = &model->layout.slots[field->slot];
        if (!is_writable(builder, field, slot)) continue;
        write_input_field(builder, field, slot,
                          slot->non_null && field->default_kind == SGC_DEFAULT_NONE);
    }
    close_input(builder);
}

/* ---- interfaces of tables ---- */

const sgc_field *sgc_api_shared_field(const sgc_api_builder *builder, const sgc_abstract *abstract,
                                      sgc_str name)
{
    const sgc_field *shared = NULL;
    const sgc_slot *slot = NULL;

    for (uint16_t i = 0; i < abstract->table_count; i++) {
        const sgc_table *table = table_of(builder, abstract->tables[i]);
        uint16_t field = sgc_table_field(table, name);
        if (field == SGC_NONE) return NULL;
        const sgc_slot *other = sgc_field_slot(table, field);
        if (!can_filter(&table->fields[field], other)) return NULL;
        if (shared && (!sgc_str_eq(shared->named_type, table->fields[field].named_type) ||
                       slot->list != other->list || slot->kind != other->kind))
            return NULL;
        shared = &table->fields[field];
        slot = other;
    }
    return shared;
}

static void write_shared(sgc_api_builder *builder, const sgc_abstract *abstract, bool order)
{
    const sgc_declared *declared = sgc_map_get(&builder->declared, abstract->name);
    const sgc_table *first = table_of(builder, abstract->tables[0]);

    for (size_t p = 0; declared && p < declared->count; p++) {
        for (const sgc_ast_field *one = declared->parts[p]->fields; one; one = one->next) {
            const sgc_field *field = sgc_api_shared_field(builder, abstract, one->name.text);
            if (!field) continue;
            uint16_t position = sgc_table_field(first, one->name.text);
            const sgc_slot *slot = sgc_field_slot(first, position);
            if (!order) {
                write_filter_line(builder, field, slot);
            } else if (sgc_api_slot_orders(slot)) {
                sgc_buf_printf(&builder->out, "  " SGC_FMT ": OrderDirection\n",
                               SGC_ARG(field->name));
            }
        }
    }
}

/* Whether an interface has a field to filter by, or to order by. */
bool sgc_api_abstract_has(const sgc_api_builder *builder, const sgc_abstract *abstract, bool order)
{
    const sgc_declared *declared = sgc_map_get(&builder->declared, abstract->name);

    if (abstract->is_union || abstract->table_count == 0) return false;
    const sgc_table *table = table_of(builder, abstract->tables[0]);
    for (size_t p = 0; declared && p < declared->count; p++) {
        for (const sgc_ast_field *one = declared->parts[p]->fields; one; one = one->next) {
            if (!sgc_api_shared_field(builder, abstract, one->name.text)) continue;
            uint16_t position = sgc_table_field(table, one->name.text);
            if (!order || sgc_api_slot_orders(sgc_field_slot(table, position))) return true;
        }
    }
    return false;
}

void sgc_api_write_abstract_inputs(sgc_api_builder *builder, uint16_t abstract)
{
    const sgc_abstract *model = &builder->schema->abstracts[abstract];

    if (sgc_api_abstract_has(builder, model, false)) {
        sgc_str name = sgc_api_name(builder, SGC_FMT "Where", SGC_ARG(model->name));
        if (open_input(builder, name, false)) {
            write_combinators(builder, NULL, name);
            write_shared(builder, model, false);
            close_input(builder);
        }
    }
    if (!sgc_api_abstract_has(builder, model, true)) return;
    sgc_str name = sgc_api_name(builder, SGC_FMT "OrderBy", SGC_ARG(model->name));
    if (!open_input(builder, name, true)) return;
    write_shared(builder, model, true);
    close_input(builder);
}
