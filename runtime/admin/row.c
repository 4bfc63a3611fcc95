/*
 * row.c - a row from JSON: what its members mean, insert or upsert. How a row is filled, packed and
 * written is query/row.c, where it goes to loader.c.
 */
#include "admin/row.h"

/* Ids of a relation with a link table. */
typedef struct link {
    const sgc_relation *relation;
    const sgc_json *ids;
    struct link *next;
} link;

/* A row being put together. */
typedef struct input {
    sgc_loader *loader;
    sgc_writer *writer;
    sgc_draft row;
    link *links; /* to be added once the row is there */
} input;

static sgc_status out_of_memory(sgc_writer *writer)
{
    return sgc_fail(&writer->error, SGC_NO_MEMORY, "out of memory");
}

/* ---- members ---- */

/* "age must be .." becomes "User.age must be ..", "element 2 of .." "User: element 2 of ..". */
static sgc_status with_type(input *in, sgc_str field, sgc_status status)
{
    sgc_error words = in->writer->error;
    bool first = strncmp(words.text, field.data, field.size) == 0;

    if (status == SGC_NO_MEMORY) return status;
    return sgc_fail(&in->writer->error, status, SGC_FMT "%s%s", SGC_ARG(in->row.model->name),
                    first ? "." : ": ", words.text);
}

static sgc_status take_field(input *in, uint16_t position, const sgc_json *json)
{
    const sgc_field *field = &in->row.model->fields[position];

    if (in->row.given[field->slot])
        return sgc_writer_refuse(in->writer, SGC_INVALID, in->row.model, field->name,
                                 "it is given twice");
    sgc_status status = sgc_draft_take(in->writer, &in->row, position, json);
    return status == SGC_OK ? status : with_type(in, field->name, status);
}

static sgc_status refuse_abstract(input *in, const sgc_relation *relation)
{
    const sgc_table *table = in->row.model;

    return sgc_fail(&in->writer->error, SGC_INVALID,
                    SGC_FMT "." SGC_FMT " may be of several types: give " SGC_FMT " and " SGC_FMT,
                    SGC_ARG(table->name), SGC_ARG(relation->name),
                    SGC_ARG(table->fields[relation->field].name),
                    SGC_ARG(table->fields[relation->type_field].name));
}

static sgc_status take_links(input *in, const sgc_relation *relation, const sgc_json *json)
{
    link *made;

    if (json->kind != SGC_JSON_ARRAY)
        return sgc_writer_refuse(in->writer, SGC_INVALID, in->row.model, relation->name,
                                 "it must be a list of ids");
    made = sgc_arena_alloc(&in->loader->arena, sizeof *made);
    if (!made) return out_of_memory(in->writer);
    *made = (link){relation, json, in->links};
    in->links = made;
    return SGC_OK;
}

static sgc_status take_relation(input *in, const sgc_relation *relation, const sgc_json *json)
{
    switch (relation->kind) {
    case SGC_RELATION_KEY:
    case SGC_RELATION_LIST:
        if (relation->abstract == SGC_NONE) return take_field(in, relation->field, json);
        return refuse_abstract(in, relation);
    case SGC_RELATION_LINK:
        return take_links(in, relation, json);
    case SGC_RELATION_INVERSE_ONE:
    case SGC_RELATION_INVERSE_MANY:
        break;
    }
    return sgc_writer_refuse(in->writer, SGC_INVALID, in->row.model, relation->name,
                             "it is stored on the other side, give it there");
}

static sgc_status take_member(input *in, const sgc_json *member)
{
    const sgc_table *table = in->row.model;
    uint16_t field = sgc_table_field(table, member->key);
    uint16_t relation = sgc_table_relation(table, member->key);

    if (field != SGC_NONE) return take_field(in, field, member);
    if (relation != SGC_NONE) return take_relation(in, &table->relations[relation], member);
    return sgc_fail(&in->writer->error, SGC_INVALID,
                    "type " SGC_FMT " has no field \"" SGC_FMT "\"", SGC_ARG(table->name),
                    SGC_ARG(member->key));
}

/* ---- links ---- */

static sgc_status add_link(input *in, const link *links, const sgc_key *key, const sgc_json *id)
{
    const sgc_table *target = &in->loader->schema->tables[links->relation->target];
    sgc_error words = {.text = "no row has so long an id"};
    sgc_key other;

    if (id->kind == SGC_JSON_NULL)
        return sgc_writer_refuse(in->writer, SGC_NOT_NULL, in->row.model, links->relation->name,
                                 "an id is null");
    sgc_status status =
        sgc_key_from_json(in->loader->schema, target, id, &in->loader->arena, &other, &words);
    if (status == SGC_OK) return sgc_writer_link(in->writer, links->relation, key, &other);
    return sgc_writer_refuse(in->writer, status, in->row.model, links->relation->name, words.text);
}

static sgc_status add_links(input *in, const sgc_key *key)
{
    for (const link *one = in->links; one; one = one->next) {
        for (const sgc_json *id = one->ids->first; id; id = id->next) {
            sgc_status status = add_link(in, one, key, id);
            if (status != SGC_OK) return status;
        }
    }
    return SGC_OK;
}

/* Whether its parents are looked for later, and its line is wanted then. */
static bool names_others(const input *in)
{
    for (uint16_t i = 0; i < in->row.model->relation_count; i++) {
        const sgc_relation *relation = &in->row.model->relations[i];
        if (relation->kind != SGC_RELATION_KEY && relation->kind != SGC_RELATION_LIST) continue;
        const sgc_value *value = sgc_draft_value(&in->row, relation->field);
        if (!value->is_null && (!value->is_list || value->as.list.count > 0)) return true;
    }
    return in->links != NULL;
}

/* ---- rows ---- */

/* An upsert goes on from the row that is there. */
static sgc_status start(input *in, uint16_t table, const sgc_json *object, sgc_key *key,
                        sgc_str *record)
{
    const sgc_table *model = &in->loader->schema->tables[table];
    const sgc_json *id = sgc_json_get(object, model->fields[model->key].name);
    sgc_status status = SGC_NOT_FOUND;

    *record = sgc_str_of(NULL, 0);
    if (in->loader->options->upsert && (!id || id->kind == SGC_JSON_NULL))
        return sgc_fail(&in->writer->error, SGC_INVALID,
                        SGC_FMT "." SGC_FMT " is missing: a row without it would be added again by "
                                "every load; give it, or leave --upsert out",
                        SGC_ARG(model->name), SGC_ARG(model->fields[model->key].name));
    if (in->loader->options->upsert && id && id->kind != SGC_JSON_NULL)
        status = sgc_writer_find(in->writer, table, id, key, record);
    if (status == SGC_NOT_FOUND) return sgc_draft_new(in->writer, table, &in->row);
    return status == SGC_OK ? sgc_draft_of(in->writer, table, *record, &in->row) : status;
}

static sgc_status write_row(input *in, uint16_t table, const sgc_json *object)
{
    sgc_key key;
    sgc_str record;

    if (object->kind != SGC_JSON_OBJECT)
        return sgc_fail(&in->writer->error, SGC_INVALID, "a row of " SGC_FMT " must be an object",
                        SGC_ARG(in->loader->schema->tables[table].name));
    sgc_status status = start(in, table, object, &key, &record);
    for (const sgc_json *one = object->first; one && status == SGC_OK; one = one->next)
        status = take_member(in, one);
    if (status != SGC_OK) return status;
    status = record.data ? sgc_draft_update(in->writer, &in->row, &record)
                         : sgc_draft_insert(in->writer, &in->row, &key, &record);
    if (status == SGC_OK) status = add_links(in, &key);
    if (status != SGC_OK || !names_others(in)) return status;
    return sgc_loader_note(in->loader, table, sgc_key_str(&key));
}

sgc_status sgc_loader_row(sgc_loader *loader, uint16_t table, const sgc_json *object, uint64_t line,
                          sgc_error *error)
{
    input in = {.loader = loader, .writer = &loader->writer};

    loader->line = line;
    sgc_status status = sgc_loader_begin(loader, error);
    if (status != SGC_OK) return status;
    status = write_row(&in, table, object);
    if (status != SGC_OK) return sgc_fail(error, status, "%s", loader->writer.error.text);
    loader->counts[table]++;
    loader->rows++;
    loader->pending++;
    if (loader->options->batch && loader->pending >= loader->options->batch)
        return sgc_loader_commit(loader, error);
    return SGC_OK;
}
