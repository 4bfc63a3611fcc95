/*
 * load.c - the reading half of execution, breadth first: every field of a level is fetched for all
 * rows of that level at once, then the next level. Nothing is written here.
 */
#include "graphql/execute.h"

/* ---- failures ---- */

void sgc_load_fail(sgc_execution *at, const sgc_plan_field *field, sgc_status status,
                   sgc_str message)
{
    sgc_loaded *loaded = &at->loaded[field->id];

    if (sgc_execution_is_fatal(at, status)) return;
    loaded->status = status;
    loaded->message = sgc_arena_str(&at->arena, message);
    if (!loaded->message.data) at->fatal = SGC_NO_MEMORY;
}

void sgc_load_fail_txn(sgc_execution *at, const sgc_plan_field *field, sgc_status status)
{
    sgc_loaded *loaded = &at->loaded[field->id];
    const char *words = sgc_errmsg(at->txn);

    /* The limits of a request are its own; the transaction knows nothing of them. */
    if (!words || words[0] == '\0' || status == SGC_LIMIT) words = sgc_status_text(status);
    if (status == SGC_LIMIT && at->query.rows_left == 0) words = SGC_ROWS_WORDS;
    sgc_load_fail(at, field, status, sgc_str_from(words));
    if (at->fatal == SGC_OK && status != SGC_LIMIT)
        sgc_errplace(at->txn, &loaded->type, &loaded->field);
}

const sgc_json *sgc_load_arguments(sgc_execution *at, const sgc_plan_field *field,
                                   const char *complete)
{
    sgc_error error;
    sgc_json *arguments;
    sgc_status status =
        sgc_coerce_arguments(field->parent, field->def, field->nodes[0]->arguments, &at->variables,
                             complete, &at->arena, &arguments, &error);

    if (status != SGC_OK) {
        sgc_load_fail(at, field, status, sgc_str_from(error.text));
        return NULL;
    }
    at->loaded[field->id].arguments = arguments;
    return arguments;
}

/* ---- below a field ---- */

/* The rows of one table among those of a field whose type is an interface or a union. */
static void load_table_rows(sgc_execution *at, const sgc_plan_field *field, uint16_t table)
{
    sgc_loaded *loaded = &at->loaded[field->id];
    const sgc_named_type *type = sgc_type_find(at->api->types, at->schema->tables[table].name);
    const sgc_plan_set *set = type ? sgc_plan_set_for(field, type) : NULL;
    sgc_str *records = sgc_arena_zero(&at->arena, loaded->rows.count, sizeof *records);
    size_t count = 0;

    if (!records) {
        at->fatal = SGC_NO_MEMORY;
        return;
    }
    for (size_t i = 0; i < loaded->rows.count; i++) {
        if (loaded->rows.tables[i] != table) continue;
        loaded->places[i] = (uint32_t)count;
        records[count++] = loaded->rows.records[i];
    }
    if (set && count > 0) sgc_load_set(at, set, records, count);
}

void sgc_load_below(sgc_execution *at, const sgc_plan_field *field)
{
    sgc_loaded *loaded = &at->loaded[field->id];

    if (loaded->rows.count == 0 || field->set_count == 0 || at->fatal != SGC_OK) return;
    if (!loaded->rows.tables) {
        sgc_load_set(at, &field->sets[0], loaded->rows.records, loaded->rows.count);
        return;
    }
    loaded->places = sgc_arena_zero(&at->arena, loaded->rows.count, sizeof *loaded->places);
    if (!loaded->places) {
        at->fatal = SGC_NO_MEMORY;
        return;
    }
    for (uint16_t t = 0; t < at->schema->table_count && at->fatal == SGC_OK; t++) {
        bool some = false;
        for (size_t i = 0; i < loaded->rows.count && !some; i++)
            some = loaded->rows.tables[i] == t;
        if (some) load_table_rows(at, field, t);
    }
}

static void load_relation(sgc_execution *at, const sgc_plan_field *field, const sgc_str *records,
                          size_t count)
{
    const sgc_binding *binding = &field->binding;
    const sgc_relation *relation = &at->schema->tables[binding->table].relations[binding->position];
    sgc_slice slice = {.limit = SGC_NO_LIMIT};
    sgc_loaded *loaded = &at->loaded[field->id];

    *loaded = (sgc_loaded){0};
    if (field->def->argument_count > 0) {
        sgc_error error;
        sgc_filter_context context = {.schema = at->schema, .arena = &at->arena, .error = &error};
        const sgc_json *arguments = sgc_load_arguments(at, field, NULL);
        if (!arguments) return;
        sgc_status status = sgc_filter_slice(&context, relation->target, arguments, &slice);
        if (status != SGC_OK) {
            sgc_load_fail(at, field, status, sgc_str_from(error.text));
            return;
        }
    }
    sgc_status status = sgc_related_read(&at->query, binding->table, binding->position, records,
                                         count, &slice, &loaded->rows);
    if (status != SGC_OK) {
        sgc_load_fail_txn(at, field, status);
        return;
    }
    sgc_load_below(at, field);
}

void sgc_load_set(sgc_execution *at, const sgc_plan_set *set, const sgc_str *records, size_t count)
{
    for (size_t i = 0; i < set->count && at->fatal == SGC_OK; i++) {
        const sgc_plan_field *field = &set->fields[i];
        if (field->binding.kind == SGC_BIND_RELATION) load_relation(at, field, records, count);
        if (field->binding.kind == SGC_BIND_HISTORY) sgc_load_history(at, field, records, count);
    }
}

/* ---- root fields ---- */

sgc_status sgc_load_rows(sgc_execution *at, const sgc_plan_field *field, const sgc_str *records,
                         size_t count)
{
    sgc_related *rows = &at->loaded[field->id].rows;

    if (count >= UINT32_MAX) return SGC_LIMIT;
    *rows = (sgc_related){.count = count};
    rows->records = sgc_arena_zero(&at->arena, count, sizeof *rows->records);
    rows->rows = sgc_arena_zero(&at->arena, count, sizeof *rows->rows);
    rows->starts = sgc_arena_zero(&at->arena, 2, sizeof *rows->starts);
    if (!rows->records || !rows->rows || !rows->starts) return SGC_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        rows->records[i] = records[i];
        rows->rows[i] = (uint32_t)i;
    }
    rows->starts[1] = (uint32_t)count;
    return SGC_OK;
}

static sgc_status find_by_key(sgc_execution *at, const sgc_plan_field *field,
                              const sgc_json *arguments, sgc_str *record, sgc_error *error)
{
    uint16_t table = field->binding.table;
    sgc_key key;
    sgc_status status =
        sgc_key_from_json(at->schema, &at->schema->tables[table], sgc_json_member(arguments, "id"),
                          &at->arena, &key, error);

    if (status != SGC_OK) return status;
    status = sgc_row_get(at->txn, table, sgc_key_str(&key), record);
    if (status != SGC_OK) (void)sgc_fail(error, status, "%s", sgc_errmsg(at->txn));
    return status;
}

static sgc_status find_by_unique(sgc_execution *at, const sgc_plan_field *field,
                                 const sgc_json *arguments, sgc_str *record, sgc_error *error)
{
    const sgc_table *model = &at->schema->tables[field->binding.table];
    const sgc_index *index = &model->indexes[field->binding.position];
    sgc_key key;

    sgc_key_start(&key);
    for (uint16_t i = 0; i < index->count; i++) {
        const sgc_field *one = &model->fields[index->fields[i]];
        sgc_slot slot = *sgc_field_slot(model, index->fields[i]);
        sgc_value value;
        slot.non_null = true;
        sgc_status status = sgc_value_from_json(
            at->schema, one, &slot, sgc_json_get(arguments, one->name), &at->arena, &value, error);
        if (status != SGC_OK) return status;
        sgc_key_value(&key, &value, false);
    }
    if (key.overflow) return SGC_NOT_FOUND;
    sgc_status status = sgc_row_find(at->txn, field->binding.table, field->binding.position,
                                     sgc_key_str(&key), record);
    if (status != SGC_OK) (void)sgc_fail(error, status, "%s", sgc_errmsg(at->txn));
    return status;
}

static void load_one(sgc_execution *at, const sgc_plan_field *field, const sgc_json *arguments,
                     bool by_key)
{
    sgc_error error = {.text = ""};
    sgc_str record;
    sgc_status status = by_key ? find_by_key(at, field, arguments, &record, &error)
                               : find_by_unique(at, field, arguments, &record, &error);
    size_t count = status == SGC_OK ? 1 : 0;
    if (status == SGC_NOT_FOUND) status = SGC_OK;
    if (status == SGC_OK) status = sgc_load_rows(at, field, &record, count);
    if (status != SGC_OK) sgc_load_fail(at, field, status, sgc_str_from(error.text));
}

static void load_list(sgc_execution *at, const sgc_plan_field *field, const sgc_json *arguments)
{
    sgc_error error = {.text = ""};
    sgc_filter_context context = {.schema = at->schema, .arena = &at->arena, .error = &error};
    sgc_slice slice;
    sgc_row_set rows;
    sgc_status status = sgc_filter_slice(&context, field->binding.table, arguments, &slice);
    if (status != SGC_OK) {
        sgc_load_fail(at, field, status, sgc_str_from(error.text));
        return;
    }
    status = sgc_select(&at->query, field->binding.table, &slice, &rows);
    if (status == SGC_OK) status = sgc_load_rows(at, field, rows.records, rows.count);
    if (status != SGC_OK) sgc_load_fail_txn(at, field, status);
}

/* ---- lists of an interface or a union ---- */

typedef struct mixture {
    sgc_str *records;
    uint16_t *tables;
    sgc_str *names;
    sgc_value *values;
    size_t count, capacity, stride;
} mixture;

static sgc_status grow_mixture(sgc_execution *at, mixture *all, size_t more)
{
    size_t capacity = all->count + more;
    mixture made = {.count = all->count, .capacity = capacity, .stride = all->stride};

    made.records = sgc_arena_zero(&at->arena, capacity, sizeof *made.records);
    made.tables = sgc_arena_zero(&at->arena, capacity, sizeof *made.tables);
    made.names = sgc_arena_zero(&at->arena, capacity, sizeof *made.names);
    made.values = sgc_arena_zero(&at->arena, capacity * all->stride, sizeof *made.values);
    if (!made.records || !made.tables || !made.names || !made.values) return SGC_NO_MEMORY;
    if (all->count > 0) {
        memcpy(made.records, all->records, all->count * sizeof *made.records);
        memcpy(made.tables, all->tables, all->count * sizeof *made.tables);
        memcpy(made.names, all->names, all->count * sizeof *made.names);
        memcpy(made.values, all->values, all->count * all->stride * sizeof *made.values);
    }
    *all = made;
    return SGC_OK;
}

/* Rows of one table: enough of them that the cut of the whole list is among them. */
static sgc_status mix_table(sgc_execution *at, uint16_t table, const sgc_slice *slice, mixture *all)
{
    sgc_slice own = *slice;
    sgc_row_set rows;
    sgc_sort_keys keys;

    own.offset = 0;
    if (slice->limit != SGC_NO_LIMIT)
        own.limit = slice->offset > SGC_NO_LIMIT - slice->limit ? SGC_NO_LIMIT
                                                                : slice->offset + slice->limit;
    sgc_status status = sgc_select(&at->query, table, &own, &rows);
    if (status == SGC_OK)
        status = sgc_sort_keys_make(&at->query, table, own.orders, own.order_count, rows.records,
                                    rows.count, &keys);
    if (status == SGC_OK) status = grow_mixture(at, all, rows.count);
    for (size_t i = 0; i < rows.count && status == SGC_OK; i++) {
        all->records[all->count] = rows.records[i];
        all->tables[all->count] = table;
        all->names[all->count] = at->schema->tables[table].name;
        memcpy(all->values + all->count * all->stride, keys.values + i * all->stride,
               all->stride * sizeof *keys.values);
        all->count++;
    }
    return status;
}

static sgc_status cut_mixture(sgc_execution *at, const sgc_plan_field *field,
                              const sgc_slice *slice, const mixture *all, uint32_t *order)
{
    sgc_related *rows = &at->loaded[field->id].rows;
    uint64_t from = slice->offset < all->count ? slice->offset : all->count;
    uint64_t count = slice->limit < all->count - from ? slice->limit : all->count - from;
    sgc_str *records = sgc_arena_zero(&at->arena, count, sizeof *records);
    uint16_t *tables = sgc_arena_zero(&at->arena, count, sizeof *tables);

    if (!records || !tables) return SGC_NO_MEMORY;
    for (uint64_t i = 0; i < count; i++) {
        records[i] = all->records[order[from + i]];
        tables[i] = all->tables[order[from + i]];
    }
    sgc_status status = sgc_load_rows(at, field, records, count);
    rows->tables = tables;
    return status;
}

static sgc_status mix(sgc_execution *at, const sgc_plan_field *field, const sgc_json *arguments,
                      sgc_error *error)
{
    const sgc_abstract *abstract = &at->schema->abstracts[field->binding.table];
    sgc_filter_context context = {.schema = at->schema, .arena = &at->arena, .error = error};
    sgc_slice slice = {.limit = SGC_NO_LIMIT};
    mixture all = {.stride = 1};
    sgc_status status = SGC_OK;

    for (uint16_t i = 0; i < abstract->table_count && status == SGC_OK; i++) {
        status = sgc_filter_slice(&context, abstract->tables[i], arguments, &slice);
        if (status != SGC_OK) return status;
        all.stride = slice.order_count + 1;
        status = mix_table(at, abstract->tables[i], &slice, &all);
    }
    uint32_t *order = sgc_arena_zero(&at->arena, all.count, sizeof *order);
    if (!order) status = SGC_NO_MEMORY;
    for (size_t i = 0; i < all.count && order; i++)
        order[i] = (uint32_t)i;
    sgc_sort_keys keys = {.orders = slice.orders,
                          .order_count = slice.order_count,
                          .values = all.values,
                          .type_names = all.names};
    if (status == SGC_OK) status = sgc_sort(&at->query, &keys, order, all.count);
    if (status == SGC_OK) status = cut_mixture(at, field, &slice, &all, order);
    if (status != SGC_OK) (void)sgc_fail(error, status, "%s", sgc_errmsg(at->txn));
    return status;
}

static void load_abstract(sgc_execution *at, const sgc_plan_field *field, const sgc_json *arguments)
{
    sgc_error error = {.text = ""};
    sgc_status status = mix(at, field, arguments, &error);
    if (status != SGC_OK) sgc_load_fail(at, field, status, sgc_str_from(error.text));
}

/* Arguments of a root field that rows answer; NULL for others, and after a failure. */
static const sgc_json *start_root(sgc_execution *at, const sgc_plan_field *field)
{
    sgc_loaded *loaded = &at->loaded[field->id];
    sgc_error error = {.text = ""};

    *loaded = (sgc_loaded){0};
    sgc_asof_use(at, at->usual);
    switch ((int)field->binding.kind) {
    case SGC_BIND_BY_KEY:
    case SGC_BIND_BY_UNIQUE:
    case SGC_BIND_LIST:
    case SGC_BIND_ABSTRACT:
    case SGC_BIND_HISTORY_OF:
        break;
    default:
        return NULL; /* resolvers and introspection answer while writing */
    }
    const sgc_json *arguments = sgc_load_arguments(at, field, NULL);
    if (!arguments) return NULL;
    sgc_status status = sgc_asof_field(at, arguments, &loaded->txn, &error);
    if (status != SGC_OK) {
        sgc_load_fail(at, field, status, sgc_str_from(error.text));
        return NULL;
    }
    sgc_asof_use(at, loaded->txn);
    return arguments;
}

void sgc_load_root(sgc_execution *at, const sgc_plan_field *field)
{
    const sgc_json *arguments = start_root(at, field);

    if (!arguments) return;
    switch ((int)field->binding.kind) {
    case SGC_BIND_LIST:
        load_list(at, field, arguments);
        break;
    case SGC_BIND_ABSTRACT:
        load_abstract(at, field, arguments);
        break;
    case SGC_BIND_HISTORY_OF:
        sgc_load_history_of(at, field, arguments);
        break;
    default:
        load_one(at, field, arguments, field->binding.kind == SGC_BIND_BY_KEY);
        break;
    }
    if (at->loaded[field->id].status == SGC_OK) sgc_load_below(at, field);
}
