/*
 * finish.c - the finished model: arrays of fields, relations, indexes and checks with positions in
 * place of pointers, and the hash of all that storage depends on.
 */
#include "schema/build.h"

/* ---- positions ---- */

static void finish_fields(sgc_model_build *build, const sgc_model_table *table, sgc_field **out,
                          uint16_t *count)
{
    sgc_field *fields = sgc_model_new(build, table->stored_count, sizeof *fields);

    *out = fields;
    if (!fields) return;
    *count = (uint16_t)table->stored_count;
    for (size_t i = 0; i < table->stored_count; i++) {
        sgc_model_member *member = table->stored[i];
        if (member->slot.kind == SGC_KIND_ENUM) member->field.enumeration = member->named->position;
        if (member->slot.kind == SGC_KIND_EMBEDDED)
            member->field.embedded = (uint16_t)member->named->table->position;
        if (member->of) member->field.relation = member->of->position;
        fields[i] = member->field;
    }
}

static void finish_indexes(sgc_model_build *build, sgc_model_table *table, sgc_table *out)
{
    size_t count = table->index_count + 1;
    sgc_index *indexes = sgc_model_new(build, count, sizeof *indexes);
    uint16_t *key = sgc_model_new(build, 2, sizeof *key);
    uint16_t position = 1;

    if (!indexes || !key) return;
    key[0] = out->link ? 0 : table->key->position;
    key[1] = 1;
    indexes[0] = (sgc_index){
        .name = SGC_STR("key"), .fields = key, .count = out->link ? 2 : 1, .unique = true};
    for (sgc_model_index *index = table->indexes; index; index = index->next) {
        uint16_t *fields = sgc_model_new(build, index->index.count, sizeof *fields);
        if (!fields) return;
        for (uint16_t i = 0; i < index->index.count; i++)
            fields[i] = index->members[i]->position;
        index->index.fields = fields;
        index->position = position;
        indexes[position++] = index->index;
    }
    out->indexes = indexes;
    out->index_count = (uint16_t)count;
}

static uint16_t index_of(const sgc_model_member *member)
{
    return member->index ? member->index->position : 0;
}

static sgc_relation finish_relation(const sgc_model_member *member)
{
    sgc_relation out = member->relation;
    const sgc_model_member *other = member->inverse;

    if (member->target) out.target = (uint16_t)member->target->position;
    if (member->storage) {
        out.field = member->storage->position;
        out.index = index_of(member);
    }
    if (member->type_storage) out.type_field = member->type_storage->position;
    if (other) out.inverse = other->position;
    if (other && !member->storage && out.kind != SGC_RELATION_LINK) out.index = index_of(other);
    return out;
}

static void finish_relations(sgc_model_build *build, sgc_model_table *table, sgc_table *out)
{
    size_t count = 0, at = 0;

    for (size_t i = 0; i < table->member_count; i++)
        count += table->members[i].kind == SGC_MEMBER_RELATION;
    sgc_relation *relations = sgc_model_new(build, count, sizeof *relations);
    if (!relations) return;
    for (size_t i = 0; i < table->member_count; i++)
        if (table->members[i].kind == SGC_MEMBER_RELATION)
            relations[at++] = finish_relation(&table->members[i]);
    out->relations = relations;
    out->relation_count = (uint16_t)count;
}

static void finish_checks(sgc_model_build *build, sgc_model_table *table, sgc_table *out)
{
    sgc_check *checks = sgc_model_new(build, table->check_count, sizeof *checks);

    if (!checks) return;
    for (size_t i = 0; i < table->check_count; i++) {
        const sgc_model_check *check = &table->checks[i];
        checks[i].expression = check->expression;
        checks[i].field = check->member ? check->member->position : SGC_NONE;
    }
    out->checks = checks;
    out->check_count = (uint16_t)table->check_count;
}

static void finish_table(sgc_model_build *build, sgc_model_table *table)
{
    sgc_table *out = (sgc_table *)(uintptr_t)&build->schema->tables[table->position];
    sgc_layout layout = out->layout;
    sgc_field *fields;

    *out = table->table;
    out->layout = layout;
    finish_fields(build, table, &fields, &out->field_count);
    out->fields = fields;
    if (!out->link) out->key = table->key->position;
    finish_indexes(build, table, out);
}

/* Links of a table's relations point to indexes of others: they follow when all have positions. */
static void finish_rest(sgc_model_build *build, sgc_model_table *table)
{
    sgc_table *out = (sgc_table *)(uintptr_t)&build->schema->tables[table->position];

    finish_relations(build, table, out);
    finish_checks(build, table, out);
}

static void finish_embedded(sgc_model_build *build, sgc_model_table *table)
{
    sgc_embedded *out = (sgc_embedded *)(uintptr_t)&build->schema->embeddeds[table->position];
    sgc_field *fields;

    out->name = table->table.name;
    out->description = table->table.description;
    finish_fields(build, table, &fields, &out->field_count);
    out->fields = fields;
}

/* ---- interfaces and unions ---- */

static void finish_abstract(sgc_model_build *build, sgc_abstract *out, const sgc_named_type *type)
{
    uint16_t *tables = sgc_model_new(build, type->member_count, sizeof *tables);

    if (!tables) return;
    for (size_t i = 0; i < type->member_count; i++) {
        sgc_model_table *table = sgc_model_info(build, type->members[i])->table;
        tables[i] = (uint16_t)table->position;
        table->table.interface_count++;
    }
    *out = (sgc_abstract){.name = type->name,
                          .description = type->description,
                          .is_union = type->kind == SGC_NAMED_UNION,
                          .tables = tables,
                          .table_count = (uint16_t)type->member_count};
}

static void finish_abstracts(sgc_model_build *build)
{
    size_t count = build->abstract_count;
    sgc_abstract *out = sgc_model_new(build, count, sizeof *out);

    if (!out) return;
    for (size_t i = 0; i < count && !build->no_memory; i++)
        finish_abstract(build, &out[i], build->abstracts[i]->type);
    build->schema->abstracts = out;
    build->schema->abstract_count = (uint16_t)count;
    for (size_t i = 0; i < build->table_count && !build->no_memory; i++) {
        sgc_model_table *table = build->tables[i];
        table->table.interfaces =
            sgc_model_new(build, table->table.interface_count, sizeof(uint16_t));
        table->table.interface_count = 0;
    }
    for (size_t i = 0; i < count && !build->no_memory; i++) {
        for (uint16_t n = 0; n < out[i].table_count; n++) {
            sgc_table *table = &build->tables[out[i].tables[n]]->table;
            uint16_t *list = (uint16_t *)(uintptr_t)table->interfaces;
            list[table->interface_count++] = (uint16_t)i;
        }
    }
}

/* ---- hash ---- */

static void hash_fields(sgc_buf *out, const sgc_field *fields, uint16_t count,
                        const sgc_layout *layout)
{
    for (uint16_t i = 0; i < count; i++) {
        const sgc_slot *slot = &layout->slots[fields[i].slot];
        sgc_buf_printf(out, "f %u " SGC_FMT " %d %d%d%d %u %u\n", fields[i].number,
                       SGC_ARG(fields[i].name), (int)slot->kind, slot->list, slot->non_null,
                       slot->item_non_null, fields[i].enumeration, fields[i].embedded);
    }
}

static void hash_table(sgc_buf *out, const sgc_table *table)
{
    sgc_buf_printf(out, "t %u " SGC_FMT " %u %d\n", table->number, SGC_ARG(table->name), table->key,
                   table->link);
    if (!table->history) sgc_buf_text(out, "no history\n");
    hash_fields(out, table->fields, table->field_count, &table->layout);
    for (uint16_t i = 0; i < table->index_count; i++) {
        const sgc_index *index = &table->indexes[i];
        sgc_buf_printf(out, "i %u %d%d", index->number, index->unique, index->elements);
        for (uint16_t n = 0; n < index->count; n++)
            sgc_buf_printf(out, " %u", index->fields[n]);
        sgc_buf_byte(out, '\n');
    }
    for (uint16_t i = 0; i < table->relation_count; i++) {
        const sgc_relation *relation = &table->relations[i];
        sgc_buf_printf(out, "r %d %u %u %u %u %d\n", (int)relation->kind, relation->target,
                       relation->field, relation->abstract, relation->link,
                       (int)relation->on_delete);
    }
    for (uint16_t i = 0; i < table->check_count; i++)
        sgc_buf_printf(out, "c %zu " SGC_FMT "\n", table->checks[i].expression.size,
                       SGC_ARG(table->checks[i].expression));
}

static void hash_schema(sgc_model_build *build)
{
    sgc_schema *schema = build->schema;
    sgc_buf text = {0};

    sgc_buf_text(&text, "sgc model 1\n");
    for (uint16_t i = 0; i < schema->table_count; i++)
        hash_table(&text, &schema->tables[i]);
    for (uint16_t i = 0; i < schema->embedded_count; i++) {
        const sgc_embedded *embedded = &schema->embeddeds[i];
        sgc_buf_printf(&text, "e " SGC_FMT "\n", SGC_ARG(embedded->name));
        hash_fields(&text, embedded->fields, embedded->field_count, &embedded->layout);
    }
    for (uint16_t i = 0; i < schema->enum_count; i++) {
        const sgc_enum_def *def = &schema->enums[i];
        sgc_buf_printf(&text, "n " SGC_FMT, SGC_ARG(def->name));
        for (uint16_t n = 0; n < def->count; n++)
            sgc_buf_printf(&text, " %u " SGC_FMT, def->items[n].number,
                           SGC_ARG(def->items[n].name));
        sgc_buf_byte(&text, '\n');
    }
    for (uint16_t i = 0; i < schema->abstract_count; i++) {
        const sgc_abstract *abstract = &schema->abstracts[i];
        sgc_buf_printf(&text, "a " SGC_FMT, SGC_ARG(abstract->name));
        for (uint16_t n = 0; n < abstract->table_count; n++)
            sgc_buf_printf(&text, " %u", abstract->tables[n]);
        sgc_buf_byte(&text, '\n');
    }
    if (text.failed) build->no_memory = true;
    schema->hash = sgc_hash(text.data, text.size, 0);
    sgc_buf_free(&text);
}

void sgc_model_finish(sgc_model_build *build)
{
    finish_abstracts(build);
    for (size_t i = 0; i < build->table_count && sgc_model_going(build); i++)
        finish_table(build, build->tables[i]);
    for (size_t i = 0; i < build->table_count && sgc_model_going(build); i++)
        finish_rest(build, build->tables[i]);
    for (size_t i = 0; i < build->embedded_count && sgc_model_going(build); i++)
        finish_embedded(build, build->embeddeds[i]);
    if (sgc_model_going(build)) hash_schema(build);
}
