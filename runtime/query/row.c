/*
 * row.c - the one way in which a row is put together and written: values by slot, keys made here,
 * defaults, the record, the words of what is refused. GraphQL mutations and loads come through
 * here; what their inputs mean is theirs, what must hold of the result is the transaction's.
 */
#include "query/query.h"

#include <stdio.h>

static sgc_status no_memory(sgc_writer *writer)
{
    return sgc_fail(&writer->error, SGC_NO_MEMORY, "out of memory");
}

sgc_status sgc_writer_refuse(sgc_writer *writer, sgc_status status, const sgc_table *table,
                             sgc_str field, const char *words)
{
    writer->type = table->name;
    writer->field = field;
    return sgc_fail(&writer->error, status, SGC_FMT "." SGC_FMT ": %s", SGC_ARG(table->name),
                    SGC_ARG(field), words);
}

sgc_status sgc_writer_failed(sgc_writer *writer, sgc_status status)
{
    const char *words = sgc_errmsg(writer->txn);

    if (status == SGC_OK || status == SGC_NOT_FOUND) return status;
    sgc_errplace(writer->txn, &writer->type, &writer->field);
    return sgc_fail(&writer->error, status, "%s", words[0] ? words : sgc_status_text(status));
}

/* ---- drafts ---- */

static sgc_status start(sgc_writer *writer, uint16_t table, sgc_draft *draft)
{
    const sgc_table *model = &writer->schema->tables[table];
    size_t count = (size_t)model->layout.count + 1;

    *draft = (sgc_draft){.table = table, .model = model};
    draft->values = sgc_arena_zero(writer->arena, count, sizeof *draft->values);
    draft->given = sgc_arena_zero(writer->arena, count, sizeof *draft->given);
    return draft->values && draft->given ? SGC_OK : no_memory(writer);
}

sgc_status sgc_draft_new(sgc_writer *writer, uint16_t table, sgc_draft *draft)
{
    sgc_status status = start(writer, table, draft);

    for (uint16_t i = 0; status == SGC_OK && i < draft->model->layout.count; i++) {
        const sgc_slot *slot = &draft->model->layout.slots[i];
        draft->values[i] = (sgc_value){.is_null = true, .kind = slot->kind, .is_list = slot->list};
    }
    return status;
}

sgc_status sgc_draft_of(sgc_writer *writer, uint16_t table, sgc_str record, sgc_draft *draft)
{
    sgc_status status = start(writer, table, draft);

    if (status != SGC_OK) return status;
    status = sgc_record_unpack(&draft->model->layout, record, writer->arena, draft->values);
    if (status == SGC_OK) return status;
    if (status == SGC_NO_MEMORY) return no_memory(writer);
    return sgc_fail(&writer->error, status, "stored data is damaged");
}

void sgc_draft_set(sgc_draft *draft, uint16_t field, sgc_value value)
{
    uint16_t slot = draft->model->fields[field].slot;

    draft->values[slot] = value;
    draft->given[slot] = true;
}

/* A null key asks for one that is made here. */
static bool is_made_here(const sgc_draft *draft, uint16_t field, const sgc_json *json)
{
    return field == draft->model->key && json->kind == SGC_JSON_NULL &&
           draft->model->fields[field].default_kind != SGC_DEFAULT_NONE;
}

sgc_status sgc_draft_take(sgc_writer *writer, sgc_draft *draft, uint16_t field,
                          const sgc_json *json)
{
    const sgc_field *model = &draft->model->fields[field];
    sgc_value value;

    if (is_made_here(draft, field, json)) return SGC_OK;
    sgc_status status =
        sgc_value_from_json(writer->schema, model, sgc_field_slot(draft->model, field), json,
                            writer->arena, &value, &writer->error);
    if (status == SGC_OK) {
        sgc_draft_set(draft, field, value);
    } else {
        writer->type = draft->model->name;
        writer->field = model->name;
    }
    return status;
}

/* ---- keys and records ---- */

static sgc_status make_id(sgc_writer *writer, bool ulid, sgc_value *value)
{
    char *text = sgc_arena_alloc(writer->arena, 36);

    if (!text) return no_memory(writer);
    value->as.text = sgc_str_of(text, ulid ? 26 : 36);
    return sgc_writer_failed(writer, ulid ? sgc_txn_ulid(writer->txn, text)
                                          : sgc_txn_uuidv7(writer->txn, text));
}

/* Nothing is drawn for a key that was given. */
static sgc_status make_key(sgc_writer *writer, sgc_draft *draft)
{
    const sgc_field *field = &draft->model->fields[draft->model->key];
    sgc_value value = {.kind = sgc_field_slot(draft->model, draft->model->key)->kind};
    sgc_status status;

    if (draft->given[field->slot]) return SGC_OK;
    switch (field->default_kind) {
    case SGC_DEFAULT_SERIAL:
        status =
            sgc_writer_failed(writer, sgc_row_serial(writer->txn, draft->table, &value.as.integer));
        break;
    case SGC_DEFAULT_UUIDV7:
    case SGC_DEFAULT_ULID:
        status = make_id(writer, field->default_kind == SGC_DEFAULT_ULID, &value);
        break;
    case SGC_DEFAULT_NONE:
    case SGC_DEFAULT_NOW:
    case SGC_DEFAULT_VALUE:
    default:
        return SGC_OK;
    }
    if (status == SGC_OK) sgc_draft_set(draft, draft->model->key, value);
    return status;
}

static sgc_status key_of(sgc_writer *writer, const sgc_draft *draft, sgc_key *key)
{
    sgc_status status = sgc_row_key(draft->model, sgc_draft_value(draft, draft->model->key), key);
    char words[40];

    if (status == SGC_OK) return status;
    snprintf(words, sizeof words, "longer than %d bytes", SGC_KEY_MAX);
    return sgc_writer_refuse(writer, status, draft->model,
                             draft->model->fields[draft->model->key].name,
                             status == SGC_LIMIT ? words : sgc_status_text(status));
}

static sgc_status pack(sgc_writer *writer, const sgc_draft *draft, sgc_str *record)
{
    sgc_buf bytes = {0};

    for (uint16_t i = 0; i < draft->model->field_count; i++) {
        if (sgc_field_slot(draft->model, i)->non_null && sgc_draft_value(draft, i)->is_null)
            return sgc_writer_refuse(writer, SGC_NOT_NULL, draft->model,
                                     draft->model->fields[i].name, "a value is required");
    }
    sgc_status status = sgc_record_pack(&draft->model->layout, draft->values, &bytes);
    if (status != SGC_OK) {
        (void)sgc_fail(&writer->error, status, SGC_FMT ": %s", SGC_ARG(draft->model->name),
                       sgc_status_text(status));
    } else {
        *record = sgc_arena_str(writer->arena, sgc_buf_as_str(&bytes));
        if (!record->data) status = no_memory(writer);
    }
    sgc_buf_free(&bytes);
    return status;
}

/* ---- writing ---- */

sgc_status sgc_draft_insert(sgc_writer *writer, sgc_draft *draft, sgc_key *key, sgc_str *record)
{
    sgc_status status = make_key(writer, draft);

    if (status == SGC_OK)
        status = sgc_row_defaults(writer->schema, draft->model, sgc_txn_now(writer->txn),
                                  writer->arena, draft->values, draft->given, &writer->error);
    if (status == SGC_OK) status = pack(writer, draft, record);
    if (status == SGC_OK) status = key_of(writer, draft, key);
    if (status != SGC_OK) return status;
    return sgc_writer_failed(writer,
                             sgc_row_insert(writer->txn, draft->table, sgc_key_str(key), *record));
}

static void touch(const sgc_writer *writer, sgc_draft *draft)
{
    for (uint16_t i = 0; i < draft->model->field_count; i++) {
        const sgc_field *field = &draft->model->fields[i];
        sgc_value now = {.kind = sgc_field_slot(draft->model, i)->kind};
        if (!field->updated_at || draft->given[field->slot]) continue;
        now.as.integer = (int64_t)sgc_txn_now(writer->txn);
        draft->values[field->slot] = now;
    }
}

sgc_status sgc_draft_update(sgc_writer *writer, sgc_draft *draft, sgc_str *record)
{
    sgc_str changed;
    sgc_key key;
    sgc_status status = pack(writer, draft, &changed);

    if (status != SGC_OK || sgc_str_eq(changed, *record)) return status;
    touch(writer, draft);
    status = pack(writer, draft, &changed);
    if (status == SGC_OK) status = key_of(writer, draft, &key);
    if (status == SGC_OK)
        status = sgc_writer_failed(
            writer, sgc_row_update(writer->txn, draft->table, sgc_key_str(&key), changed));
    if (status == SGC_OK) *record = changed;
    return status;
}

sgc_status sgc_writer_find(sgc_writer *writer, uint16_t table, const sgc_json *id, sgc_key *key,
                           sgc_str *record)
{
    sgc_status status = sgc_key_from_json(writer->schema, &writer->schema->tables[table], id,
                                          writer->arena, key, &writer->error);

    *record = sgc_str_of(NULL, 0);
    if (status != SGC_OK) return status;
    return sgc_writer_failed(writer, sgc_row_get(writer->txn, table, sgc_key_str(key), record));
}

sgc_status sgc_writer_link(sgc_writer *writer, const sgc_relation *relation, const sgc_key *own,
                           const sgc_key *other)
{
    bool left = relation->link_field == 1; /* the target's key is on the right */

    return sgc_writer_failed(writer, sgc_link_add(writer->txn, relation->link,
                                                  sgc_key_str(left ? own : other),
                                                  sgc_key_str(left ? other : own)));
}
