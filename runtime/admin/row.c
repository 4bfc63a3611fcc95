/* row.c - a row from JSON: fields, relations by id, defaults, insert or upsert. */
#include "admin/row.h"

/* A row being put together. */
typedef struct draft {
    sgc_loader *loader;
    const sgc_table *table;
    uint16_t position;
    sgc_value *values; /* by slot */
    bool *given;       /* by slot */
    struct link {
        const sgc_relation *relation;
        const sgc_json *ids;
        struct link *next;
    } * links; /* to be added once the row is there */
    sgc_error *error;
} draft;

static sgc_status out_of_memory(sgc_error *error)
{
    return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
}

/* The words of a storage failure; they name type and field themselves. */
static sgc_status storage_error(draft *d, sgc_status status)
{
    const char *words = sgc_errmsg(d->loader->txn);

    return sgc_fail(d->error, status, "%s", *words ? words : sgc_status_text(status));
}

/* ---- members ---- */

static sgc_status take_field(draft *d, uint16_t position, const sgc_json *json)
{
    const sgc_field *field = &d->table->fields[position];
    const sgc_slot *slot = sgc_field_slot(d->table, position);

    if (d->given[field->slot])
        return sgc_fail(d->error, SGC_INVALID, SGC_FMT "." SGC_FMT " is given twice",
                        SGC_ARG(d->table->name), SGC_ARG(field->name));
    d->given[field->slot] = true;
    return sgc_value_from_json(d->loader->schema, field, slot, json, &d->loader->arena,
                               &d->values[field->slot], d->error);
}

static sgc_status take_relation(draft *d, const sgc_relation *relation, const sgc_json *json)
{
    switch (relation->kind) {
    case SGC_RELATION_KEY:
    case SGC_RELATION_LIST:
        if (relation->abstract == SGC_NONE) return take_field(d, relation->field, json);
        return sgc_fail(d->error, SGC_INVALID,
                        SGC_FMT "." SGC_FMT " may be of several types: give " SGC_FMT
                                " and " SGC_FMT,
                        SGC_ARG(d->table->name), SGC_ARG(relation->name),
                        SGC_ARG(d->table->fields[relation->field].name),
                        SGC_ARG(d->table->fields[relation->type_field].name));
    case SGC_RELATION_LINK:
        break;
    case SGC_RELATION_INVERSE_ONE:
    case SGC_RELATION_INVERSE_MANY:
        return sgc_fail(d->error, SGC_INVALID,
                        SGC_FMT "." SGC_FMT " is stored on the other side: give it there",
                        SGC_ARG(d->table->name), SGC_ARG(relation->name));
    }
    if (json->kind != SGC_JSON_ARRAY)
        return sgc_fail(d->error, SGC_INVALID, SGC_FMT "." SGC_FMT " must be a list of ids",
                        SGC_ARG(d->table->name), SGC_ARG(relation->name));
    struct link *link = sgc_arena_alloc(&d->loader->arena, sizeof *link);
    if (!link) return out_of_memory(d->error);
    *link = (struct link){relation, json, d->links};
    d->links = link;
    return SGC_OK;
}

static sgc_status take_member(draft *d, const sgc_json *member)
{
    uint16_t field = sgc_table_field(d->table, member->key);
    uint16_t relation = sgc_table_relation(d->table, member->key);

    if (field != SGC_NONE) return take_field(d, field, member);
    if (relation != SGC_NONE) return take_relation(d, &d->table->relations[relation], member);
    return sgc_fail(d->error, SGC_INVALID, "type " SGC_FMT " has no field \"" SGC_FMT "\"",
                    SGC_ARG(d->table->name), SGC_ARG(member->key));
}

/* ---- links ---- */

static sgc_status add_link(draft *d, const struct link *link, const sgc_key *key,
                           const sgc_json *id)
{
    const sgc_table *target = &d->loader->schema->tables[link->relation->target];
    sgc_value value;
    sgc_key other;

    if (id->kind == SGC_JSON_NULL)
        return sgc_fail(d->error, SGC_NOT_NULL, "an id in " SGC_FMT "." SGC_FMT " is null",
                        SGC_ARG(d->table->name), SGC_ARG(link->relation->name));
    sgc_status status = sgc_value_from_json(d->loader->schema, &target->fields[target->key],
                                            sgc_field_slot(target, target->key), id,
                                            &d->loader->arena, &value, d->error);
    if (status == SGC_OK) {
        status = sgc_row_key(target, &value, &other);
        if (status != SGC_OK) sgc_fail(d->error, status, "an id is too long");
    }
    if (status != SGC_OK) {
        sgc_error words = *d->error;
        return sgc_fail(d->error, status, SGC_FMT "." SGC_FMT ": %s", SGC_ARG(d->table->name),
                        SGC_ARG(link->relation->name), words.text);
    }
    bool left = link->relation->link_field == 1; /* the target's key is on the right */
    status = sgc_link_add(d->loader->txn, link->relation->link, sgc_key_str(left ? key : &other),
                          sgc_key_str(left ? &other : key));
    return status == SGC_OK ? SGC_OK : storage_error(d, status);
}

static sgc_status add_links(draft *d, const sgc_key *key)
{
    for (const struct link *link = d->links; link; link = link->next) {
        for (const sgc_json *id = link->ids->first; id; id = id->next) {
            sgc_status status = add_link(d, link, key, id);
            if (status != SGC_OK) return status;
        }
    }
    return SGC_OK;
}

/* ---- writing ---- */

static sgc_status fill(draft *d)
{
    const sgc_table *table = d->table;
    const sgc_field *key = &table->fields[table->key];
    uint8_t random[16] = {0};
    sgc_status status = SGC_OK;

    /* Only keys that are made here need it. */
    if (!d->given[key->slot]) status = sgc_txn_random(d->loader->txn, random, sizeof random);
    if (status != SGC_OK) return storage_error(d, status);
    if (key->default_kind == SGC_DEFAULT_SERIAL && !d->given[key->slot]) {
        sgc_value *value = &d->values[key->slot];
        status = sgc_row_serial(d->loader->txn, d->position, &value->as.integer);
        if (status != SGC_OK) return storage_error(d, status);
        value->kind = table->layout.slots[key->slot].kind;
        value->is_null = false;
        d->given[key->slot] = true;
    }
    return sgc_row_defaults(d->loader->schema, table, sgc_txn_now(d->loader->txn), random,
                            &d->loader->arena, d->values, d->given, d->error);
}

/* Fields that were not given keep what the stored row has. */
static sgc_status merge(draft *d, sgc_str old)
{
    sgc_value *before =
        sgc_arena_zero(&d->loader->arena, (size_t)d->table->layout.count + 1, sizeof *before);

    if (!before) return out_of_memory(d->error);
    sgc_status status = sgc_record_unpack(&d->table->layout, old, &d->loader->arena, before);
    if (status != SGC_OK) return storage_error(d, status);
    for (uint16_t i = 0; i < d->table->field_count; i++) {
        const sgc_field *field = &d->table->fields[i];
        if (d->given[field->slot]) continue;
        d->values[field->slot] = before[field->slot];
        if (field->updated_at)
            d->values[field->slot].as.integer = (int64_t)sgc_txn_now(d->loader->txn);
    }
    return SGC_OK;
}

static sgc_status write_record(draft *d, const sgc_key *key, bool exists)
{
    sgc_buf record = {0};
    sgc_status status = sgc_record_pack(&d->table->layout, d->values, &record);

    if (status != SGC_OK) sgc_fail(d->error, status, "%s", sgc_status_text(status));
    if (status == SGC_OK) {
        sgc_str bytes = sgc_buf_as_str(&record);
        status = exists ? sgc_row_update(d->loader->txn, d->position, sgc_key_str(key), bytes)
                        : sgc_row_insert(d->loader->txn, d->position, sgc_key_str(key), bytes);
        if (status != SGC_OK) storage_error(d, status);
    }
    sgc_buf_free(&record);
    return status;
}

static sgc_status key_of(draft *d, sgc_key *key)
{
    const sgc_field *field = &d->table->fields[d->table->key];
    const sgc_value *value = &d->values[field->slot];

    if (value->is_null)
        return sgc_fail(d->error, SGC_NOT_NULL, SGC_FMT "." SGC_FMT " is required",
                        SGC_ARG(d->table->name), SGC_ARG(field->name));
    sgc_status status = sgc_row_key(d->table, value, key);
    if (status != SGC_OK)
        sgc_fail(d->error, status, SGC_FMT "." SGC_FMT " is longer than %d bytes",
                 SGC_ARG(d->table->name), SGC_ARG(field->name), SGC_KEY_MAX);
    return status;
}

static sgc_status write_row(draft *d)
{
    const sgc_field *key_field = &d->table->fields[d->table->key];
    sgc_status status = SGC_NOT_FOUND;
    sgc_key key;
    sgc_str old;

    if (d->loader->options->upsert && d->given[key_field->slot]) {
        status = key_of(d, &key);
        if (status != SGC_OK) return status;
        status = sgc_row_get(d->loader->txn, d->position, sgc_key_str(&key), &old);
    }
    bool exists = status == SGC_OK;
    if (status != SGC_OK && status != SGC_NOT_FOUND) return storage_error(d, status);
    status = exists ? merge(d, old) : fill(d);
    if (status == SGC_OK) status = key_of(d, &key);
    if (status == SGC_OK) status = write_record(d, &key, exists);
    return status == SGC_OK ? add_links(d, &key) : status;
}

static sgc_status begin(sgc_loader *loader, sgc_error *error)
{
    if (loader->txn) return SGC_OK;
    sgc_status status = sgc_begin(loader->db, &loader->txn);
    if (status != SGC_OK) return sgc_fail(error, status, "%s", sgc_status_text(status));
    sgc_txn_defer_foreign_keys(loader->txn);
    return SGC_OK;
}

sgc_status sgc_loader_row(sgc_loader *loader, uint16_t table, const sgc_json *object,
                          sgc_error *error)
{
    draft d = {.loader = loader,
               .table = &loader->schema->tables[table],
               .position = table,
               .error = error};
    size_t slots = (size_t)d.table->layout.count + 1;
    sgc_status status = begin(loader, error);

    if (status != SGC_OK) return status;
    if (object->kind != SGC_JSON_OBJECT)
        return sgc_fail(error, SGC_INVALID, "a row of " SGC_FMT " must be an object",
                        SGC_ARG(d.table->name));
    d.values = sgc_arena_zero(&loader->arena, slots, sizeof *d.values);
    d.given = sgc_arena_zero(&loader->arena, slots, sizeof *d.given);
    if (!d.values || !d.given) return out_of_memory(error);
    for (size_t i = 0; i + 1 < slots; i++)
        d.values[i].is_null = true;
    for (const sgc_json *member = object->first; member; member = member->next) {
        status = take_member(&d, member);
        if (status != SGC_OK) return status;
    }
    status = write_row(&d);
    if (status != SGC_OK) return status;
    loader->counts[table]++;
    loader->rows++;
    loader->pending++;
    if (loader->options->batch && loader->pending >= loader->options->batch)
        return sgc_loader_commit(loader, error);
    return SGC_OK;
}

sgc_status sgc_loader_commit(sgc_loader *loader, sgc_error *error)
{
    sgc_commit_info info = {0};

    loader->pending = 0;
    if (!loader->txn) return SGC_OK;
    sgc_status status = sgc_commit(&loader->txn, &info);
    if (status == SGC_OK) return SGC_OK;
    return sgc_fail(error, status, "%s",
                    info.error.text[0] ? info.error.text : sgc_status_text(status));
}
