/*
 * write.c - the answer: JSON from record bytes, in the order of the query. A null where none may be
 * takes back what was written since the nearest place that may be null. Resolvers are asked here.
 */
#include "graphql/execute.h"

#include <math.h>

/* One object being written: a row, an embedded value, or a resolver's JSON object. */
typedef struct object {
    const sgc_plan_set *set;
    uint16_t table; /* rows */
    uint16_t embedded;
    sgc_str record;
    size_t place;           /* of the row among its level's */
    const sgc_value *value; /* embedded values */
    const sgc_json *json;   /* resolvers' objects */
    const sgc_shown_version *version;
    size_t position; /* of the version among its level's */
    const sgc_path *path;
} object;

static bool write_object(sgc_execution *at, const object *what);

/* ---- errors ---- */

static bool fail(sgc_execution *at, const sgc_plan_field *field, const sgc_path *path,
                 sgc_status status, sgc_str message)
{
    sgc_str none = {NULL, 0};

    if (!sgc_execution_is_fatal(at, status))
        sgc_execution_error(at, field, path, sgc_status_code(status), none, none, message);
    return false;
}

static bool is_null_allowed(const sgc_type_ref *type)
{
    return type->kind != SGC_TYPE_NON_NULL;
}

/* Null for a field: fine, or an error when its type says otherwise. */
static bool write_null(sgc_execution *at, const sgc_plan_field *field, const sgc_type_ref *type,
                       const sgc_path *path)
{
    if (is_null_allowed(type)) {
        sgc_json_null(at->out);
        return true;
    }
    sgc_str message = sgc_arena_printf(
        &at->arena, "Cannot return null for non-nullable field " SGC_FMT "." SGC_FMT ".",
        SGC_ARG(field->parent->name), SGC_ARG(field->def->name));
    sgc_str none = {NULL, 0};
    sgc_execution_error(at, field, path, "INTERNAL", none, none, message);
    return false;
}

/* A value that failed becomes null if it may; else its parent fails. */
static bool settle(sgc_execution *at, bool written, size_t mark, const sgc_type_ref *type)
{
    if (written) return true;
    at->out->size = mark;
    if (!is_null_allowed(type) || at->fatal != SGC_OK) return false;
    sgc_json_null(at->out);
    return true;
}

static bool has_room(sgc_execution *at)
{
    if (at->out->failed) at->fatal = SGC_NO_MEMORY;
    if (at->out->size - at->out_start > SGC_ANSWER_MAX)
        at->fatal = sgc_fail(&at->refusal, SGC_LIMIT, "the answer is longer than 128 MB");
    return at->fatal == SGC_OK;
}

/* ---- stored values ---- */

static void write_scalar(const sgc_schema *schema, const sgc_field *field, const sgc_value *value,
                         sgc_buf *out)
{
    if (value->is_null || value->is_list) {
        sgc_value_to_json(schema, field, value, out);
        return;
    }
    switch ((int)value->kind) {
    case SGC_KIND_STRING:
    case SGC_KIND_ID:
    case SGC_KIND_UUID:
        sgc_json_str(out, value->as.text);
        break;
    case SGC_KIND_INT:
        sgc_json_int64(out, value->as.integer);
        break;
    case SGC_KIND_BOOLEAN:
        sgc_json_bool(out, value->as.boolean);
        break;
    default:
        sgc_value_to_json(schema, field, value, out);
        break;
    }
}

static bool write_embedded(sgc_execution *at, const sgc_plan_field *field, const sgc_type_ref *type,
                           uint16_t embedded, const sgc_value *value, const sgc_path *path)
{
    size_t mark = at->out->size;
    bool written = true;

    if (value->is_null) return write_null(at, field, type, path);
    const sgc_type_ref *inner = type->kind == SGC_TYPE_NON_NULL ? type->inner : type;
    if (!value->is_list) {
        object what = {.set = &field->sets[0],
                       .table = SGC_NONE,
                       .embedded = embedded,
                       .value = value,
                       .path = path};
        return settle(at, write_object(at, &what), mark, type);
    }
    sgc_buf_byte(at->out, '[');
    for (size_t i = 0; i < value->as.list.count && written; i++) {
        sgc_path here = {.parent = path, .index = i};
        if (i) sgc_buf_byte(at->out, ',');
        written =
            write_embedded(at, field, inner->inner, embedded, &value->as.list.items[i], &here);
    }
    sgc_buf_byte(at->out, ']');
    return settle(at, written, mark, type);
}

static bool write_value(sgc_execution *at, const sgc_plan_field *field, const sgc_field *model,
                        const sgc_value *value, const sgc_path *path)
{
    if (value->kind == SGC_KIND_EMBEDDED && field->set_count > 0)
        return write_embedded(at, field, field->def->type, model->embedded, value, path);
    if (value->is_null) return write_null(at, field, field->def->type, path);
    write_scalar(at->schema, model, value, at->out);
    return true;
}

static bool write_stored(sgc_execution *at, const sgc_plan_field *field, const object *what,
                         const sgc_path *path)
{
    const sgc_table *table = &at->schema->tables[what->table];
    const sgc_field *model = &table->fields[field->binding.position];
    bool embedded = table->layout.slots[model->slot].kind == SGC_KIND_EMBEDDED;
    /* Resolvers below embedded values may use the scratch memory: those are kept elsewhere. */
    sgc_arena *arena = embedded ? &at->arena : &at->query.scratch;
    sgc_value value;
    sgc_status status = sgc_record_field(&table->layout, what->record, model->slot, arena, &value);

    if (status != SGC_OK) return fail(at, field, path, status, SGC_STR("stored data is damaged"));
    bool written = write_value(at, field, model, &value, path);
    if (value.is_list && !embedded) sgc_arena_reset(&at->query.scratch);
    return written;
}

/* ---- rows ---- */

static bool write_row(sgc_execution *at, const sgc_plan_field *field, size_t row,
                      const sgc_path *path)
{
    const sgc_loaded *loaded = &at->loaded[field->id];
    object what = {.embedded = SGC_NONE, .record = loaded->rows.records[row], .path = path};

    if (!has_room(at)) return false;
    if (loaded->rows.tables) {
        what.table = loaded->rows.tables[row];
        const sgc_named_type *type =
            sgc_type_find(at->api->types, at->schema->tables[what.table].name);
        what.set = type ? sgc_plan_set_for(field, type) : NULL;
        what.place = loaded->places ? loaded->places[row] : 0;
        if (!what.set)
            return fail(at, field, path, SGC_CORRUPT, SGC_STR("a row of an unexpected type"));
    } else {
        what.set = &field->sets[0];
        what.table = sgc_api_type(at->api, what.set->type)->position;
        what.place = row;
    }
    return write_object(at, &what);
}

static bool write_failed(sgc_execution *at, const sgc_plan_field *field, const sgc_path *path)
{
    const sgc_loaded *loaded = &at->loaded[field->id];

    sgc_execution_error(at, field, path, sgc_status_code(loaded->status), loaded->type,
                        loaded->field, loaded->message);
    return false;
}

/* The rows of one parent: one object, or a list of them. */
static bool write_rows(sgc_execution *at, const sgc_plan_field *field, size_t parent,
                       const sgc_path *path)
{
    const sgc_loaded *loaded = &at->loaded[field->id];
    const sgc_type_ref *type = field->def->type;
    const sgc_type_ref *bare = type->kind == SGC_TYPE_NON_NULL ? type->inner : type;

    if (loaded->status != SGC_OK) return write_failed(at, field, path);
    uint32_t first = loaded->rows.starts[parent], end = loaded->rows.starts[parent + 1];
    if (bare->kind != SGC_TYPE_LIST) {
        if (first == end) return write_null(at, field, type, path);
        return write_row(at, field, loaded->rows.rows[first], path);
    }
    sgc_buf_byte(at->out, '[');
    for (uint32_t i = first; i < end; i++) {
        sgc_path here = {.parent = path, .index = i - first};
        size_t mark = at->out->size + (i > first);
        if (i > first) sgc_buf_byte(at->out, ',');
        bool written = write_row(at, field, loaded->rows.rows[i], &here);
        if (!settle(at, written, mark, bare->inner)) return false;
    }
    sgc_buf_byte(at->out, ']');
    return true;
}

/* ---- what resolvers answer ---- */

static bool complete(sgc_execution *at, const sgc_plan_field *field, const sgc_type_ref *type,
                     const sgc_json *json, const sgc_path *path);

static bool complete_list(sgc_execution *at, const sgc_plan_field *field, const sgc_type_ref *type,
                          const sgc_json *json, const sgc_path *path)
{
    size_t index = 0;

    if (json->kind != SGC_JSON_ARRAY)
        return fail(at, field, path, SGC_INVALID, SGC_STR("the resolver answered no list"));
    sgc_buf_byte(at->out, '[');
    for (const sgc_json *one = json->first; one; one = one->next) {
        sgc_path here = {.parent = path, .index = index++};
        if (one != json->first) sgc_buf_byte(at->out, ',');
        if (!complete(at, field, type->inner, one, &here)) return false;
    }
    sgc_buf_byte(at->out, ']');
    return true;
}

static bool is_scalar_of(const sgc_named_type *type, const sgc_json *json)
{
    bool number = json->kind == SGC_JSON_NUMBER;
    double value;
    sgc_error ignored;

    if (type->kind == SGC_NAMED_ENUM)
        return json->kind == SGC_JSON_STRING && sgc_enum_value_find(type, json->text);
    if (!type->built_in) return true;
    if (sgc_str_eq(type->name, SGC_STR("Float"))) return number;
    if (sgc_str_eq(type->name, SGC_STR("Boolean")))
        return json->kind == SGC_JSON_TRUE || json->kind == SGC_JSON_FALSE;
    if (!sgc_str_eq(type->name, SGC_STR("Int"))) return json->kind == SGC_JSON_STRING;
    return number && sgc_text_to_double(json->text, &value, &ignored) == SGC_OK &&
           floor(value) == value && value >= -2147483648.0 && value <= 2147483647.0;
}

static bool complete_leaf(sgc_execution *at, const sgc_plan_field *field,
                          const sgc_named_type *type, const sgc_json *json, const sgc_path *path)
{
    if (is_scalar_of(type, json)) {
        sgc_json_write(at->out, json);
        return true;
    }
    sgc_str message =
        sgc_arena_printf(&at->arena, "the resolver answered no " SGC_FMT, SGC_ARG(type->name));
    return fail(at, field, path, SGC_INVALID, message);
}

/* A resolver names a row by its id. */
static bool complete_row(sgc_execution *at, const sgc_plan_field *field, uint16_t table,
                         const sgc_plan_set *set, const sgc_json *id, const sgc_path *path)
{
    sgc_key key;
    sgc_error error = {.text = ""};
    object what = {.set = set, .table = table, .embedded = SGC_NONE, .path = path};
    sgc_status status =
        sgc_key_from_json(at->schema, &at->schema->tables[table], id, &at->arena, &key, &error);

    if (status == SGC_OK) {
        status = sgc_row_get(at->txn, table, sgc_key_str(&key), &what.record);
        if (status != SGC_OK) (void)sgc_fail(&error, status, "%s", sgc_errmsg(at->txn));
    }
    if (status == SGC_NOT_FOUND)
        return fail(at, field, path, status, SGC_STR("the resolver named a row that is not there"));
    if (status != SGC_OK) return fail(at, field, path, status, sgc_str_from(error.text));
    sgc_load_set(at, set, &what.record, 1);
    return at->fatal == SGC_OK && write_object(at, &what);
}

static bool complete_object(sgc_execution *at, const sgc_plan_field *field, const sgc_json *json,
                            const sgc_path *path)
{
    const sgc_named_type *type = sgc_type_ref_named(field->def->type);
    const sgc_json *id = json;

    if (type->kind != SGC_NAMED_OBJECT) {
        const sgc_json *name = sgc_json_member(json, "__typename");
        const sgc_named_type *found = name ? sgc_type_find(at->api->types, name->text) : NULL;
        if (!found || !sgc_type_is_member(type, found))
            return fail(at, field, path, SGC_INVALID,
                        SGC_STR("the resolver answered an object without a valid __typename"));
        type = found;
        id = sgc_json_member(json, "id");
    }
    const sgc_plan_set *set = sgc_plan_set_for(field, type);
    const sgc_type_info *info = sgc_api_type(at->api, type);
    if (info->role == SGC_ROLE_TABLE && id)
        return complete_row(at, field, info->position, set, id, path);
    if (json->kind != SGC_JSON_OBJECT)
        return fail(at, field, path, SGC_INVALID, SGC_STR("the resolver answered no object"));
    object what = {.set = set, .table = SGC_NONE, .embedded = SGC_NONE, .json = json, .path = path};
    return write_object(at, &what);
}

static bool complete(sgc_execution *at, const sgc_plan_field *field, const sgc_type_ref *type,
                     const sgc_json *json, const sgc_path *path)
{
    size_t mark = at->out->size;
    bool written;

    if (!has_room(at)) return false;
    if (!json || json->kind == SGC_JSON_NULL) {
        written = write_null(at, field, type, path);
        return settle(at, written, mark, type);
    }
    const sgc_type_ref *bare = type->kind == SGC_TYPE_NON_NULL ? type->inner : type;
    if (bare->kind == SGC_TYPE_LIST) {
        written = complete_list(at, field, bare, json, path);
    } else if (field->set_count == 0) {
        written = complete_leaf(at, field, bare->named, json, path);
    } else {
        written = complete_object(at, field, json, path);
    }
    return settle(at, written, mark, type);
}

static sgc_status call(sgc_execution *at, const sgc_plan_field *field, const object *what,
                       sgc_buf *json, sgc_error *error)
{
    const sgc_resolver_entry *entry = &at->schema->resolvers[field->binding.position];
    sgc_buf arguments = {0}, parent = {0};
    sgc_json *given;
    sgc_status status = sgc_coerce_arguments(field->parent, field->def, field->nodes[0]->arguments,
                                             &at->variables, NULL, &at->arena, &given, error);

    if (status != SGC_OK) return status;
    sgc_json_write(&arguments, given);
    if (what->json) sgc_json_write(&parent, what->json);
    sgc_call made = {.txn = at->txn,
                     .parent = what->json ? sgc_buf_as_str(&parent) : what->record,
                     .arguments = sgc_buf_as_str(&arguments),
                     .arena = &at->arena,
                     .user = at->user};
    if (arguments.failed || parent.failed) {
        status = sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    } else {
        status = entry->resolve(&made, json, error);
        if (status != SGC_OK && error->text[0] == '\0')
            (void)sgc_fail(error, status, "%s", sgc_status_text(status));
    }
    sgc_buf_free(&arguments);
    sgc_buf_free(&parent);
    return status;
}

static bool write_resolved(sgc_execution *at, const sgc_plan_field *field, const object *what,
                           const sgc_path *path)
{
    sgc_error error = {.text = ""};
    sgc_buf answer = {0};
    sgc_json *json = NULL;
    sgc_status status = call(at, field, what, &answer, &error);

    if (status == SGC_OK && answer.failed) status = sgc_fail(&error, SGC_NO_MEMORY, "memory");
    if (status == SGC_OK) {
        sgc_str kept = sgc_arena_str(&at->arena, sgc_buf_as_str(&answer));
        status = kept.data ? sgc_json_parse(kept, &at->arena, &json, &error) : SGC_NO_MEMORY;
    }
    sgc_buf_free(&answer);
    if (status != SGC_OK) return fail(at, field, path, status, sgc_str_from(error.text));
    return complete(at, field, field->def->type, json, path);
}

static bool write_unbound(sgc_execution *at, const sgc_plan_field *field, const sgc_path *path)
{
    sgc_str message = sgc_arena_printf(&at->arena, "No resolver is bound to " SGC_FMT "." SGC_FMT,
                                       SGC_ARG(field->parent->name), SGC_ARG(field->def->name));

    return fail(at, field, path, SGC_UNSUPPORTED, message);
}

/* A field without stored data: its resolver, or the member of its parent's JSON object. */
static bool write_property(sgc_execution *at, const sgc_plan_field *field, const object *what,
                           const sgc_path *path)
{
    bool entry = field->binding.kind == SGC_BIND_RESOLVER;

    if (entry && at->schema->resolvers[field->binding.position].resolve)
        return write_resolved(at, field, what, path);
    if (!what->json) return write_unbound(at, field, path);
    return complete(at, field, field->def->type, sgc_json_get(what->json, field->def->name), path);
}

/* ---- versions ---- */

static bool write_versions(sgc_execution *at, const sgc_plan_field *field, size_t parent,
                           const sgc_path *path)
{
    const sgc_version_list *history = at->loaded[field->id].history;

    if (at->loaded[field->id].status != SGC_OK) return write_failed(at, field, path);
    uint32_t first = history->starts[parent], end = history->starts[parent + 1];
    sgc_buf_byte(at->out, '[');
    for (uint32_t i = first; i < end; i++) {
        sgc_path here = {.parent = path, .index = i - first};
        object what = {.set = &field->sets[0],
                       .table = SGC_NONE,
                       .embedded = SGC_NONE,
                       .version = &history->versions[i],
                       .position = i,
                       .path = &here};
        if (i > first) sgc_buf_byte(at->out, ',');
        if (!write_object(at, &what)) return false;
    }
    sgc_buf_byte(at->out, ']');
    return true;
}

/* The row of a version as it was, with everything below it as it was then. */
static bool write_node(sgc_execution *at, const sgc_plan_field *field, const object *what,
                       const sgc_path *path)
{
    object row = {.set = &field->sets[0],
                  .table = field->binding.table,
                  .embedded = SGC_NONE,
                  .record = what->version->record,
                  .path = path};

    if (!row.record.data) return write_null(at, field, field->def->type, path);
    sgc_txn *outer = sgc_node_enter(at, field, what->version, what->position, &row.place);
    bool written = write_object(at, &row);
    sgc_asof_use(at, outer);
    return written;
}

static bool write_time(sgc_execution *at, const sgc_plan_field *field, uint64_t time_us,
                       const sgc_path *path)
{
    if (time_us == 0) return write_null(at, field, field->def->type, path);
    sgc_json_datetime(at->out, (int64_t)time_us);
    return true;
}

static bool write_end(sgc_execution *at, const sgc_plan_field *field,
                      const sgc_shown_version *version, const sgc_path *path)
{
    uint64_t time_us = 0;

    if (version->end == SGC_OPEN) return write_time(at, field, 0, path);
    sgc_status status = sgc_version_ended(at, version, &time_us);
    if (status != SGC_OK && status != SGC_NOT_FOUND)
        return fail(at, field, path, status, sgc_str_from(sgc_status_text(status)));
    return write_time(at, field, time_us, path);
}

static bool write_version_field(sgc_execution *at, const sgc_plan_field *field, const object *what,
                                const sgc_path *path)
{
    static const char *const ops[] = {"", "INSERT", "UPDATE", "DELETE"};
    const sgc_shown_version *version = what->version;

    switch ((int)field->binding.kind) {
    case SGC_BIND_VERSION_SEQ:
        sgc_json_bigint(at->out, (int64_t)version->begin);
        return true;
    case SGC_BIND_VERSION_OP:
        sgc_json_str(at->out, sgc_str_from(ops[version->op]));
        return true;
    case SGC_BIND_VERSION_FROM:
        return write_time(at, field, version->time_us, path);
    case SGC_BIND_VERSION_TO:
        return write_end(at, field, version, path);
    default:
        return write_node(at, field, what, path);
    }
}

/* ---- objects ---- */

static bool write_embedded_field(sgc_execution *at, const sgc_plan_field *field, const object *what,
                                 const sgc_path *path)
{
    const sgc_embedded *embedded = &at->schema->embeddeds[what->embedded];
    const sgc_field *model = &embedded->fields[field->binding.position];

    return write_value(at, field, model, &what->value->as.list.items[model->slot], path);
}

static bool write_field(sgc_execution *at, const sgc_plan_field *field, const object *what,
                        const sgc_path *path)
{
    switch ((int)field->binding.kind) {
    case SGC_BIND_TYPENAME:
        sgc_json_str(at->out, what->set->type->name);
        return true;
    case SGC_BIND_FIELD:
        if (what->value) return write_embedded_field(at, field, what, path);
        return write_stored(at, field, what, path);
    case SGC_BIND_RELATION:
        return write_rows(at, field, what->place, path);
    case SGC_BIND_NODES:
        return write_rows(at, field, 0, path);
    case SGC_BIND_HISTORY:
        return write_versions(at, field, what->place, path);
    case SGC_BIND_VERSION_SEQ:
    case SGC_BIND_VERSION_OP:
    case SGC_BIND_VERSION_FROM:
    case SGC_BIND_VERSION_TO:
    case SGC_BIND_VERSION_NODE:
        return write_version_field(at, field, what, path);
    case SGC_BIND_AFFECTED:
        sgc_json_int64(at->out, (int64_t)at->loaded[field->id].affected);
        return true;
    default:
        return write_property(at, field, what, path);
    }
}

static bool write_object(sgc_execution *at, const object *what)
{
    if (!has_room(at)) return false;
    sgc_buf_byte(at->out, '{');
    for (size_t i = 0; i < what->set->count; i++) {
        const sgc_plan_field *field = &what->set->fields[i];
        sgc_path path = {.parent = what->path, .key = field->key};
        if (i) sgc_buf_byte(at->out, ',');
        sgc_buf_str(at->out, field->head);
        size_t mark = at->out->size;
        bool written = write_field(at, field, what, &path);
        if (!settle(at, written, mark, field->def->type)) return false;
    }
    sgc_buf_byte(at->out, '}');
    return at->fatal == SGC_OK;
}

/* ---- root ---- */

/* The payload of a mutation of many rows is an object made of the field's own result. */
static bool write_payload(sgc_execution *at, const sgc_plan_field *field, const sgc_path *path)
{
    const sgc_loaded *loaded = &at->loaded[field->id];
    object what = {.set = &field->sets[0], .table = SGC_NONE, .embedded = SGC_NONE, .path = path};

    if (loaded->status != SGC_OK) return write_failed(at, field, path);
    return write_object(at, &what);
}

static bool write_root_value(sgc_execution *at, const sgc_plan_field *field, const sgc_path *path)
{
    object none = {.table = SGC_NONE, .embedded = SGC_NONE};

    switch ((int)field->binding.kind) {
    case SGC_BIND_TYPENAME:
        sgc_json_str(at->out, field->parent->name);
        return true;
    case SGC_BIND_META:
        return sgc_write_meta(at, field);
    case SGC_BIND_HEAD:
        sgc_json_bigint(at->out, (int64_t)sgc_txn_sequence(at->now));
        return true;
    case SGC_BIND_RESOLVER:
    case SGC_BIND_PROPERTY:
        return write_property(at, field, &none, path);
    case SGC_BIND_CREATE_MANY:
    case SGC_BIND_UPDATE_MANY:
    case SGC_BIND_DELETE_MANY:
        return write_payload(at, field, path);
    case SGC_BIND_HISTORY_OF:
        return write_versions(at, field, 0, path);
    default:
        return write_rows(at, field, 0, path);
    }
}

bool sgc_write_root_field(sgc_execution *at, const sgc_plan_field *field)
{
    sgc_path path = {.key = field->key};
    sgc_txn *own = at->loaded[field->id].txn;

    sgc_asof_use(at, own ? own : at->usual);
    sgc_buf_str(at->out, field->head);
    size_t mark = at->out->size;
    return settle(at, write_root_value(at, field, &path), mark, field->def->type);
}

bool sgc_write_root(sgc_execution *at, const sgc_plan_set *set)
{
    sgc_buf_byte(at->out, '{');
    for (size_t i = 0; i < set->count; i++) {
        if (i) sgc_buf_byte(at->out, ',');
        if (!sgc_write_root_field(at, &set->fields[i])) return false;
    }
    sgc_buf_byte(at->out, '}');
    return at->fatal == SGC_OK;
}
