/*
 * mutate.c - the root fields of mutations: what inputs say of rows and of everything nested in
 * them. How a row is filled, packed and written is query/row.c. All of a request runs in one
 * transaction that request.c opens and ends.
 */
#include "graphql/execute.h"

#include <math.h>

/* Rows inside rows inside rows: an input this deep is refused. */
enum { NESTING_MAX = 50 };

typedef struct mutation {
    sgc_execution *at;
    sgc_writer rows;
    unsigned nesting;
} mutation;

static sgc_status make(mutation *m, uint16_t table, const sgc_json *input, const sgc_draft *preset,
                       sgc_key *key, sgc_str *record);

static sgc_status no_memory(mutation *m)
{
    return sgc_fail(&m->rows.error, SGC_NO_MEMORY, "out of memory");
}

/* ---- relations that this row stores: KEY and LIST ---- */

static bool has_name(sgc_str name, const char *start, sgc_str type)
{
    size_t size = strlen(start);

    return name.size == size + type.size && memcmp(name.data, start, size) == 0 &&
           (type.size == 0 || memcmp(name.data + size, type.data, type.size) == 0);
}

/* create, connect, createHuman, connectHuman: which table, and whether a row is to be made. */
static uint16_t entry_table(mutation *m, const sgc_relation *relation, sgc_str name, bool *create)
{
    const sgc_schema *schema = m->at->schema;

    *create = has_name(name, "create", SGC_STR(""));
    if (relation->target != SGC_NONE) return relation->target;
    const sgc_abstract *abstract = &schema->abstracts[relation->abstract];
    for (uint16_t i = 0; i < abstract->table_count; i++) {
        sgc_str type = schema->tables[abstract->tables[i]].name;
        *create = has_name(name, "create", type);
        if (*create || has_name(name, "connect", type)) return abstract->tables[i];
    }
    return SGC_NONE;
}

/* The key value of a row to be made or of one that is named. */
static sgc_status target_value(mutation *m, uint16_t table, bool create, const sgc_json *json,
                               sgc_value *value)
{
    const sgc_table *model = &m->at->schema->tables[table];
    sgc_key key;
    sgc_str record;

    if (create) {
        sgc_status status = make(m, table, json, NULL, &key, &record);
        if (status != SGC_OK) return status;
        return sgc_record_field(&model->layout, record, model->fields[model->key].slot,
                                &m->at->arena, value);
    }
    return sgc_value_from_json(m->at->schema, &model->fields[model->key],
                               sgc_field_slot(model, model->key), json, &m->at->arena, value,
                               &m->rows.error);
}

static sgc_value type_value(const sgc_table *table)
{
    return (sgc_value){.kind = SGC_KIND_STRING, .as.text = table->name};
}

static void clear(sgc_draft *row, uint16_t field)
{
    sgc_draft_set(row, field,
                  (sgc_value){.is_null = true, .kind = sgc_field_slot(row->model, field)->kind});
}

static sgc_status store_key(mutation *m, sgc_draft *row, const sgc_relation *relation,
                            const sgc_json *input)
{
    bool create;
    sgc_value value;

    if (input->kind == SGC_JSON_NULL) {
        clear(row, relation->field);
        if (relation->type_field != SGC_NONE) clear(row, relation->type_field);
        return SGC_OK;
    }
    const sgc_json *only = input->first;
    if (!only)
        return sgc_writer_refuse(&m->rows, SGC_INVALID, row->model, relation->name,
                                 "nothing is named");
    uint16_t table = entry_table(m, relation, only->key, &create);
    sgc_status status = target_value(m, table, create, only, &value);
    if (status != SGC_OK) return status;
    sgc_draft_set(row, relation->field, value);
    if (relation->type_field != SGC_NONE)
        sgc_draft_set(row, relation->type_field, type_value(&m->at->schema->tables[table]));
    return SGC_OK;
}

typedef struct growing {
    sgc_value *items;
    size_t count, capacity;
} growing;

static sgc_status grow(mutation *m, growing *list, sgc_value value)
{
    if (!SGC_ARENA_GROW(&m->at->arena, list->items, list->count, list->capacity))
        return no_memory(m);
    list->items[list->count++] = value;
    return SGC_OK;
}

static sgc_value as_list(const growing *list, sgc_kind kind)
{
    sgc_value value = {.is_list = true, .kind = kind};

    value.as.list.items = list->items;
    value.as.list.count = list->count;
    return value;
}

static sgc_status store_list(mutation *m, sgc_draft *row, const sgc_relation *relation,
                             const sgc_json *input)
{
    growing keys = {0}, types = {0};
    sgc_value *old = sgc_draft_value(row, relation->field);
    sgc_status status = SGC_OK;

    /* An upsert of a row that is there adds to its list. */
    for (size_t i = 0; !old->is_null && i < old->as.list.count && status == SGC_OK; i++)
        status = grow(m, &keys, old->as.list.items[i]);
    if (relation->type_field != SGC_NONE && !sgc_draft_value(row, relation->type_field)->is_null) {
        const sgc_value *names = sgc_draft_value(row, relation->type_field);
        for (size_t i = 0; i < names->as.list.count && status == SGC_OK; i++)
            status = grow(m, &types, names->as.list.items[i]);
    }
    for (const sgc_json *entry = input->first; entry && status == SGC_OK; entry = entry->next) {
        bool create;
        uint16_t table = entry_table(m, relation, entry->key, &create);
        for (const sgc_json *one = entry->first; one && status == SGC_OK; one = one->next) {
            sgc_value value;
            status = target_value(m, table, create, one, &value);
            if (status == SGC_OK) status = grow(m, &keys, value);
            if (status == SGC_OK)
                status = grow(m, &types, type_value(&m->at->schema->tables[table]));
        }
    }
    if (status != SGC_OK) return status;
    sgc_draft_set(row, relation->field,
                  as_list(&keys, sgc_field_slot(row->model, relation->field)->kind));
    if (relation->type_field != SGC_NONE)
        sgc_draft_set(row, relation->type_field, as_list(&types, SGC_KIND_STRING));
    return SGC_OK;
}

/* Stored fields and the relations this row stores, in the order of the input. */
static sgc_status draft_input(mutation *m, sgc_draft *row, const sgc_json *input)
{
    sgc_status status = SGC_OK;

    for (const sgc_json *one = input->first; one && status == SGC_OK; one = one->next) {
        uint16_t position = sgc_table_field(row->model, one->key);
        uint16_t relation = sgc_table_relation(row->model, one->key);
        if (relation == SGC_NONE) {
            status = sgc_draft_take(&m->rows, row, position, one);
            continue;
        }
        const sgc_relation *model = &row->model->relations[relation];
        if (model->kind == SGC_RELATION_KEY) status = store_key(m, row, model, one);
        if (model->kind == SGC_RELATION_LIST) status = store_list(m, row, model, one);
    }
    return status;
}

/* ---- relations that other rows store ---- */

/* Our key, put into the field of a row on the other side. */
static void point_back(const sgc_draft *parent, const sgc_relation *back, sgc_draft *row)
{
    sgc_value key = *sgc_draft_value(parent, parent->model->key);

    sgc_draft_set(row, back->field, key);
    if (back->type_field != SGC_NONE)
        sgc_draft_set(row, back->type_field, type_value(parent->model));
}

/* The row that an input connects. */
static sgc_status find_other(mutation *m, const sgc_draft *parent, const sgc_relation *relation,
                             const sgc_json *id, sgc_key *key, sgc_str *record)
{
    sgc_status status = sgc_writer_find(&m->rows, relation->target, id, key, record);

    if (status != SGC_NOT_FOUND) return status;
    return sgc_writer_refuse(&m->rows, SGC_FOREIGN_KEY, parent->model, relation->name,
                             "the row to connect is not there");
}

/* Our key, added to the list of keys in a row on the other side or put in its place. */
static sgc_status add_back(mutation *m, const sgc_draft *parent, const sgc_relation *back,
                           sgc_draft *row)
{
    growing keys = {0};
    const sgc_value *old = sgc_draft_value(row, back->field);
    sgc_status status = SGC_OK;

    if (back->kind != SGC_RELATION_LIST) {
        point_back(parent, back, row);
        return SGC_OK;
    }
    for (size_t i = 0; !old->is_null && i < old->as.list.count && status == SGC_OK; i++)
        status = grow(m, &keys, old->as.list.items[i]);
    if (status == SGC_OK) status = grow(m, &keys, *sgc_draft_value(parent, parent->model->key));
    if (status == SGC_OK)
        sgc_draft_set(row, back->field,
                      as_list(&keys, sgc_field_slot(row->model, back->field)->kind));
    return status;
}

/* connect: an existing row gets our key. */
static sgc_status connect_row(mutation *m, const sgc_draft *parent, const sgc_relation *relation,
                              const sgc_json *id)
{
    const sgc_relation *back =
        &m->at->schema->tables[relation->target].relations[relation->inverse];
    sgc_key key;
    sgc_str record;
    sgc_draft row;
    sgc_status status = find_other(m, parent, relation, id, &key, &record);

    if (status == SGC_OK) status = sgc_draft_of(&m->rows, relation->target, record, &row);
    if (status == SGC_OK) status = add_back(m, parent, back, &row);
    return status == SGC_OK ? sgc_draft_update(&m->rows, &row, &record) : status;
}

static sgc_status create_behind(mutation *m, const sgc_draft *parent, const sgc_relation *relation,
                                const sgc_json *input)
{
    const sgc_relation *back =
        &m->at->schema->tables[relation->target].relations[relation->inverse];
    sgc_key key;
    sgc_str record;
    sgc_draft row;
    sgc_status status = sgc_draft_new(&m->rows, relation->target, &row);

    if (status == SGC_OK) status = add_back(m, parent, back, &row);
    return status == SGC_OK ? make(m, relation->target, input, &row, &key, &record) : status;
}

static sgc_status link_row(mutation *m, const sgc_draft *parent, const sgc_key *own,
                           const sgc_relation *relation, bool create, const sgc_json *json)
{
    sgc_key key;
    sgc_str record;
    sgc_status status = create ? make(m, relation->target, json, NULL, &key, &record)
                               : find_other(m, parent, relation, json, &key, &record);

    return status == SGC_OK ? sgc_writer_link(&m->rows, relation, own, &key) : status;
}

static sgc_status behind_one(mutation *m, const sgc_draft *parent, const sgc_key *own,
                             const sgc_relation *relation, bool create, const sgc_json *json)
{
    if (relation->kind == SGC_RELATION_LINK)
        return link_row(m, parent, own, relation, create, json);
    return create ? create_behind(m, parent, relation, json)
                  : connect_row(m, parent, relation, json);
}

/* What the input says about rows that point at this one, which is stored by now. */
static sgc_status behind_input(mutation *m, const sgc_draft *row, const sgc_key *own,
                               const sgc_json *input)
{
    sgc_status status = SGC_OK;

    for (const sgc_json *one = input->first; one && status == SGC_OK; one = one->next) {
        uint16_t position = sgc_table_relation(row->model, one->key);
        if (position == SGC_NONE) continue;
        const sgc_relation *relation = &row->model->relations[position];
        if (relation->kind == SGC_RELATION_KEY || relation->kind == SGC_RELATION_LIST) continue;
        for (const sgc_json *entry = one->first; entry && status == SGC_OK; entry = entry->next) {
            bool create = sgc_str_eq(entry->key, SGC_STR("create"));
            if (!relation->to_many) {
                status = behind_one(m, row, own, relation, create, entry);
                continue;
            }
            for (const sgc_json *item = entry->first; item && status == SGC_OK; item = item->next)
                status = behind_one(m, row, own, relation, create, item);
        }
    }
    return status;
}

/* ---- create ---- */

/* preset: values that the place of the input already decides, or NULL. */
static sgc_status make(mutation *m, uint16_t table, const sgc_json *input, const sgc_draft *preset,
                       sgc_key *key, sgc_str *record)
{
    sgc_draft row;

    if (m->nesting == NESTING_MAX)
        return sgc_fail(&m->rows.error, SGC_LIMIT, "rows are nested more than %d deep",
                        NESTING_MAX);
    m->nesting++;
    sgc_status status = SGC_OK;
    if (preset) {
        row = *preset;
    } else {
        status = sgc_draft_new(&m->rows, table, &row);
    }
    if (status == SGC_OK) status = draft_input(m, &row, input);
    if (status == SGC_OK) status = sgc_draft_insert(&m->rows, &row, key, record);
    if (status == SGC_OK) status = behind_input(m, &row, key, input);
    m->nesting--;
    return status;
}

/* ---- update ---- */

static sgc_status increase_integer(mutation *m, const sgc_draft *row, uint16_t field,
                                   sgc_value *value, int64_t step)
{
    sgc_kind kind = sgc_field_slot(row->model, field)->kind;
    int64_t sum;
    bool fits = !__builtin_add_overflow(value->as.integer, step, &sum);

    if (kind == SGC_KIND_INT) fits = fits && sum >= INT32_MIN && sum <= INT32_MAX;
    if (!fits)
        return sgc_writer_refuse(&m->rows, SGC_INVALID, row->model, row->model->fields[field].name,
                                 "the sum does not fit");
    value->as.integer = sum;
    return SGC_OK;
}

/* inc on null stays null. */
static sgc_status increase(mutation *m, sgc_draft *row, const sgc_json *one)
{
    uint16_t field = sgc_table_field(row->model, one->key);
    sgc_slot slot = *sgc_field_slot(row->model, field);
    sgc_value *value = sgc_draft_value(row, field), step;

    if (one->kind == SGC_JSON_NULL)
        return sgc_writer_refuse(&m->rows, SGC_INVALID, row->model, one->key,
                                 "\"inc\" must not be null");
    sgc_status status = sgc_value_from_json(m->at->schema, &row->model->fields[field], &slot, one,
                                            &m->at->arena, &step, &m->rows.error);
    if (status != SGC_OK || value->is_null) return status;
    if (slot.kind != SGC_KIND_FLOAT) return increase_integer(m, row, field, value, step.as.integer);
    value->as.real += step.as.real;
    if (!isfinite(value->as.real))
        return sgc_writer_refuse(&m->rows, SGC_INVALID, row->model, one->key,
                                 "the sum does not fit");
    return SGC_OK;
}

static sgc_status check_changes(mutation *m, const sgc_table *table, const sgc_json *set,
                                const sgc_json *inc)
{
    for (const sgc_json *one = inc ? inc->first : NULL; one; one = one->next) {
        if (sgc_json_get(set, one->key))
            return sgc_writer_refuse(&m->rows, SGC_INVALID, table, one->key,
                                     "\"set\" and \"inc\" of one field");
    }
    return SGC_OK;
}

static sgc_status change(mutation *m, uint16_t table, const sgc_json *set, const sgc_json *inc,
                         sgc_str *record)
{
    sgc_draft row;
    sgc_status status = check_changes(m, &m->at->schema->tables[table], set, inc);

    if (status == SGC_OK) status = sgc_draft_of(&m->rows, table, *record, &row);
    if (status == SGC_OK && set) status = draft_input(m, &row, set);
    for (const sgc_json *one = inc ? inc->first : NULL; one && status == SGC_OK; one = one->next)
        status = increase(m, &row, one);
    return status == SGC_OK ? sgc_draft_update(&m->rows, &row, record) : status;
}

/* upsert on a row that is there: what the input names is set, what it nests is added. */
static sgc_status merge(mutation *m, uint16_t table, const sgc_json *input, const sgc_key *key,
                        sgc_str *record)
{
    sgc_draft row;
    sgc_status status = sgc_draft_of(&m->rows, table, *record, &row);

    if (status == SGC_OK) status = draft_input(m, &row, input);
    if (status == SGC_OK) status = sgc_draft_update(&m->rows, &row, record);
    return status == SGC_OK ? behind_input(m, &row, key, input) : status;
}

/* ---- root fields ---- */

/* A record that the transaction has, or NULL data. */
static sgc_status find(mutation *m, uint16_t table, const sgc_json *id, sgc_key *key,
                       sgc_str *record)
{
    sgc_status status = sgc_writer_find(&m->rows, table, id, key, record);

    if (status != SGC_NOT_FOUND) return status;
    *record = sgc_str_of(NULL, 0);
    return SGC_OK;
}

static const sgc_json *given(const sgc_json *arguments, const char *name)
{
    const sgc_json *json = sgc_json_member(arguments, name);

    return json && json->kind != SGC_JSON_NULL ? json : NULL;
}

static sgc_status upsert(mutation *m, uint16_t table, const sgc_json *input, sgc_str *record)
{
    const sgc_table *model = &m->at->schema->tables[table];
    const sgc_json *id = sgc_json_get(input, model->fields[model->key].name);
    sgc_key key;

    *record = sgc_str_of(NULL, 0);
    if (id && id->kind != SGC_JSON_NULL) {
        sgc_status status = find(m, table, id, &key, record);
        if (status != SGC_OK) return status;
    }
    if (!record->data) return make(m, table, input, NULL, &key, record);
    return merge(m, table, input, &key, record);
}

static sgc_status run_one(mutation *m, const sgc_plan_field *field, const sgc_json *arguments,
                          sgc_str *record)
{
    uint16_t table = field->binding.table;
    const sgc_json *input = sgc_json_member(arguments, "input");
    sgc_key key;

    *record = sgc_str_of(NULL, 0);
    if (field->binding.kind == SGC_BIND_CREATE) return make(m, table, input, NULL, &key, record);
    if (field->binding.kind == SGC_BIND_UPSERT) return upsert(m, table, input, record);
    sgc_status status = find(m, table, sgc_json_member(arguments, "id"), &key, record);
    if (status != SGC_OK || field->binding.kind == SGC_BIND_DELETE) return status;
    const sgc_json *set = given(arguments, "set"), *inc = given(arguments, "inc");
    if (!record->data) return check_changes(m, &m->at->schema->tables[table], set, inc);
    return change(m, table, set, inc, record);
}

/* Deletes one row, or leaves everything as it was. */
static sgc_status delete_row(mutation *m, uint16_t table, sgc_str record)
{
    sgc_key key;
    sgc_status status = sgc_record_key(&m->at->schema->tables[table], record, &key);

    if (status != SGC_OK) return sgc_fail(&m->rows.error, status, "stored data is damaged");
    sgc_savepoint before = sgc_savepoint_set(m->at->txn);
    status = sgc_writer_failed(&m->rows, sgc_row_delete(m->at->txn, table, sgc_key_str(&key)));
    /* An earlier deletion of this request may have cascaded to it. */
    if (status == SGC_NOT_FOUND) return SGC_OK;
    if (status != SGC_OK) sgc_savepoint_rollback(m->at->txn, before);
    return status;
}

/* Rows that other rows of the set still name go in a later round, as long as rounds get on. */
static sgc_status delete_rows(mutation *m, uint16_t table, const sgc_row_set *rows)
{
    sgc_str *waiting = sgc_arena_zero(&m->at->arena, rows->count, sizeof *waiting);
    size_t left = rows->count;
    sgc_status status = SGC_OK;

    if (!waiting) return no_memory(m);
    for (size_t i = 0; i < left; i++)
        waiting[i] = rows->records[i];
    while (left > 0) {
        size_t kept = 0;
        sgc_status refused = SGC_OK;
        for (size_t i = 0; i < left; i++) {
            status = delete_row(m, table, waiting[i]);
            if (status == SGC_FOREIGN_KEY) {
                refused = status;
                waiting[kept++] = waiting[i];
            } else if (status != SGC_OK) {
                return status;
            }
        }
        if (kept == left) return refused;
        left = kept;
    }
    return SGC_OK;
}

static sgc_status create_rows(mutation *m, uint16_t table, const sgc_json *input, sgc_row_set *rows)
{
    sgc_status status = SGC_OK;

    for (const sgc_json *one = input->first; one && status == SGC_OK; one = one->next) {
        sgc_key key;
        sgc_str record;
        status = make(m, table, one, NULL, &key, &record);
        if (status == SGC_OK) status = sgc_row_set_add(&m->at->query, rows, record);
    }
    return status;
}

static sgc_status select_rows(mutation *m, uint16_t table, const sgc_json *where, sgc_row_set *rows)
{
    sgc_filter_context context = {
        .schema = m->at->schema, .arena = &m->at->arena, .error = &m->rows.error, .strict = true};
    sgc_predicate *predicate;
    sgc_status status = sgc_filter_where(&context, table, where, &predicate);

    if (status != SGC_OK) return status;
    sgc_slice slice = {.where = predicate, .limit = SGC_NO_LIMIT};
    return sgc_writer_failed(&m->rows, sgc_select(&m->at->query, table, &slice, rows));
}

static sgc_status run_many(mutation *m, const sgc_plan_field *field, const sgc_json *arguments,
                           sgc_row_set *rows)
{
    uint16_t table = field->binding.table;
    const sgc_json *set = given(arguments, "set"), *inc = given(arguments, "inc");

    *rows = (sgc_row_set){0};
    if (field->binding.kind == SGC_BIND_CREATE_MANY)
        return create_rows(m, table, sgc_json_member(arguments, "input"), rows);
    sgc_status status = select_rows(m, table, sgc_json_member(arguments, "where"), rows);
    if (status != SGC_OK || field->binding.kind == SGC_BIND_DELETE_MANY) return status;
    status = check_changes(m, &m->at->schema->tables[table], set, inc);
    for (size_t i = 0; i < rows->count && status == SGC_OK; i++)
        status = change(m, table, set, inc, &rows->records[i]);
    return status;
}

/* Gives the rows to `nodes` and their number to `affected`, under whatever aliases. */
static sgc_status load_payload(sgc_execution *at, const sgc_plan_field *field,
                               const sgc_row_set *rows)
{
    const sgc_plan_set *set = &field->sets[0];
    sgc_status status = SGC_OK;

    for (size_t i = 0; i < set->count && status == SGC_OK; i++) {
        const sgc_plan_field *one = &set->fields[i];
        at->loaded[one->id] = (sgc_loaded){.affected = rows->count};
        if (one->binding.kind != SGC_BIND_NODES) continue;
        status = sgc_load_rows(at, one, rows->records, rows->count);
        if (status == SGC_OK) sgc_load_below(at, one);
    }
    return status;
}

/* What is below a deleted row is fetched while it is still there. */
static sgc_status finish(mutation *m, const sgc_plan_field *field, const sgc_row_set *rows,
                         bool many)
{
    bool deletes =
        field->binding.kind == SGC_BIND_DELETE || field->binding.kind == SGC_BIND_DELETE_MANY;
    sgc_status status;

    if (many) {
        status = load_payload(m->at, field, rows);
    } else {
        status = sgc_load_rows(m->at, field, rows->records, rows->count);
        if (status == SGC_OK) sgc_load_below(m->at, field);
    }
    if (status != SGC_OK) return sgc_fail(&m->rows.error, status, "%s", sgc_status_text(status));
    return deletes && m->at->fatal == SGC_OK ? delete_rows(m, field->binding.table, rows) : SGC_OK;
}

void sgc_mutate_root(sgc_execution *at, const sgc_plan_field *field)
{
    mutation m = {.at = at, .rows = {.txn = at->txn, .schema = at->schema, .arena = &at->arena}};
    sgc_binding_kind kind = field->binding.kind;
    bool many = kind == SGC_BIND_CREATE_MANY || kind == SGC_BIND_UPDATE_MANY ||
                kind == SGC_BIND_DELETE_MANY;
    sgc_row_set rows = {0};
    sgc_str record;
    sgc_status status;

    at->loaded[field->id] = (sgc_loaded){0};
    if (kind < SGC_BIND_CREATE || kind > SGC_BIND_DELETE_MANY) return; /* resolvers, __typename */
    bool strict = kind == SGC_BIND_UPDATE_MANY || kind == SGC_BIND_DELETE_MANY;
    const sgc_json *arguments = sgc_load_arguments(at, field, strict ? "where" : NULL);
    if (!arguments) return;
    if (many) {
        status = run_many(&m, field, arguments, &rows);
    } else {
        status = run_one(&m, field, arguments, &record);
        rows = (sgc_row_set){.records = &record, .count = record.data ? 1 : 0};
    }
    if (status == SGC_OK) status = finish(&m, field, &rows, many);
    if (status == SGC_OK) return;
    const char *words = m.rows.error.text[0] ? m.rows.error.text : sgc_status_text(status);
    sgc_load_fail(at, field, status, sgc_str_from(words));
    at->loaded[field->id].type = m.rows.type;
    at->loaded[field->id].field = m.rows.field;
}
