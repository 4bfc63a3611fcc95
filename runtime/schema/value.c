/*
 * value.c - stored values from JSON and from GraphQL literals, and back to JSON. Both ways in end
 * in the same few functions, so the two accept the same values.
 */
#include "schema/schema.h"

#include <math.h>

/* Where a value is going; `where` for messages. */
typedef struct target {
    const sgc_schema *schema;
    const sgc_field *field;
    sgc_kind kind;
    sgc_arena *arena;
    sgc_error *error;
    size_t element; /* of a list, from 1; 0: no element */
} target;

static sgc_status no_memory(const target *to)
{
    return sgc_fail(to->error, SGC_NO_MEMORY, "out of memory");
}

/* "age must be .."; the type is not known here, the field is. */
static sgc_status expected(const target *to, const char *what)
{
    if (to->element == 0)
        return sgc_fail(to->error, SGC_INVALID, SGC_FMT " must be %s", SGC_ARG(to->field->name),
                        what);
    return sgc_fail(to->error, SGC_INVALID, "element %zu of " SGC_FMT " must be %s", to->element,
                    SGC_ARG(to->field->name), what);
}

static const char *kind_words(sgc_kind kind)
{
    static const char *const words[] = {
        "",
        "true or false",
        "the name of an enum value",
        "a whole number between -2147483648 and 2147483647",
        "a whole number of 64 bits, as a string or a number",
        "a number",
        "a DateTime as 2026-01-31T23:59:59Z",
        "a Date as 2026-01-31",
        "a Time as 23:59:59",
        "a string",
        "a string or a whole number",
        "a UUID as a string",
        "a decimal number as a string or a number",
        "JSON",
        "base64 in a string",
        "an object",
    };

    return words[kind];
}

/* ---- scalars from text: shared by both ways in ---- */

/* Puts the field's name in front of what a text reader said. */
static sgc_status named(const target *to, sgc_status status, const sgc_error *inner)
{
    if (status == SGC_OK) return status;
    if (to->element == 0)
        return sgc_fail(to->error, status, SGC_FMT ": %s", SGC_ARG(to->field->name), inner->text);
    return sgc_fail(to->error, status, "element %zu of " SGC_FMT ": %s", to->element,
                    SGC_ARG(to->field->name), inner->text);
}

static sgc_status from_string(const target *to, sgc_str text, sgc_value *value)
{
    sgc_error inner = {0};
    sgc_status status = SGC_OK;

    switch (to->kind) {
    case SGC_KIND_STRING:
    case SGC_KIND_ID:
        value->as.text = text;
        break;
    case SGC_KIND_BIGINT:
        status = sgc_text_to_int64(text, &value->as.integer, &inner);
        break;
    case SGC_KIND_DATETIME:
        status = sgc_text_to_datetime(text, &value->as.integer, &inner);
        break;
    case SGC_KIND_DATE:
        status = sgc_text_to_date(text, &value->as.integer, &inner);
        break;
    case SGC_KIND_TIME:
        status = sgc_text_to_time(text, &value->as.integer, &inner);
        break;
    case SGC_KIND_UUID:
        status = sgc_text_to_uuid(text, to->arena, &value->as.text, &inner);
        break;
    case SGC_KIND_DECIMAL:
        status = sgc_text_to_decimal(text, to->arena, &value->as.text, &inner);
        break;
    case SGC_KIND_BYTES:
        status = sgc_text_to_bytes(text, to->arena, &value->as.text, &inner);
        break;
    case SGC_KIND_BOOLEAN:
    case SGC_KIND_ENUM:
    case SGC_KIND_INT:
    case SGC_KIND_FLOAT:
    case SGC_KIND_JSON:
    case SGC_KIND_EMBEDDED:
        return expected(to, kind_words(to->kind));
    }
    return named(to, status, &inner);
}

/* A whole number as a JSON number may write it: 1, 1.0, 1e3. */
static sgc_status whole(const target *to, sgc_str text, int64_t *out)
{
    sgc_error inner = {0};
    double real;

    if (sgc_text_to_int64(text, out, &inner) == SGC_OK) return SGC_OK;
    bool plain = !memchr(text.data, '.', text.size) && !memchr(text.data, 'e', text.size) &&
                 !memchr(text.data, 'E', text.size);
    if (plain) return named(to, SGC_INVALID, &inner);
    if (sgc_text_to_double(text, &real, &inner) != SGC_OK) return named(to, SGC_INVALID, &inner);
    if (real != floor(real) || fabs(real) > 9007199254740992.0)
        return expected(to, kind_words(to->kind));
    *out = (int64_t)real;
    return SGC_OK;
}

static sgc_status from_number(const target *to, sgc_str text, sgc_value *value)
{
    sgc_error inner = {0};
    sgc_status status;

    if (to->kind == SGC_KIND_INT || to->kind == SGC_KIND_BIGINT) {
        status = whole(to, text, &value->as.integer);
        if (status == SGC_OK && to->kind == SGC_KIND_INT &&
            (value->as.integer < INT32_MIN || value->as.integer > INT32_MAX))
            return expected(to, kind_words(to->kind));
        return status;
    }
    if (to->kind == SGC_KIND_FLOAT)
        return named(to, sgc_text_to_double(text, &value->as.real, &inner), &inner);
    if (to->kind == SGC_KIND_DECIMAL)
        return named(to, sgc_text_to_decimal(text, to->arena, &value->as.text, &inner), &inner);
    if (to->kind == SGC_KIND_ID) {
        int64_t number;
        if (sgc_text_to_int64(text, &number, &inner) != SGC_OK)
            return named(to, SGC_INVALID, &inner);
        value->as.text = text;
        return SGC_OK;
    }
    return expected(to, kind_words(to->kind));
}

static sgc_status from_enum_name(const target *to, sgc_str name, sgc_value *value)
{
    const sgc_enum_def *def = &to->schema->enums[to->field->enumeration];

    for (uint16_t i = 0; i < def->count; i++) {
        if (!sgc_str_eq(def->items[i].name, name)) continue;
        value->as.enumeration = def->items[i].number;
        return SGC_OK;
    }
    return sgc_fail(to->error, SGC_INVALID, SGC_FMT ": \"%.*s\" is not a value of " SGC_FMT,
                    SGC_ARG(to->field->name), (int)(name.size < 60 ? name.size : 60), name.data,
                    SGC_ARG(def->name));
}

static sgc_status from_bool(const target *to, bool flag, sgc_value *value)
{
    if (to->kind != SGC_KIND_BOOLEAN) return expected(to, kind_words(to->kind));
    value->as.boolean = flag;
    return SGC_OK;
}

static sgc_status refuse_null(const target *to, const char *what)
{
    return sgc_fail(to->error, SGC_NOT_NULL, "%s" SGC_FMT " must not be null", what,
                    SGC_ARG(to->field->name));
}

static sgc_value *new_items(const target *to, size_t count, sgc_value *value)
{
    value->as.list.items = sgc_arena_zero(to->arena, count, sizeof *value->as.list.items);
    value->as.list.count = count;
    return value->as.list.items;
}

/* Keeps text that a buffer holds. */
static sgc_status keep(const target *to, sgc_buf *text, sgc_value *value)
{
    value->as.text =
        text->failed ? sgc_str_of(NULL, 0) : sgc_arena_str(to->arena, sgc_buf_as_str(text));
    sgc_buf_free(text);
    return value->as.text.data ? SGC_OK : no_memory(to);
}

/* The field of an embedded type with this name; unknown ones are an error. */
static const sgc_field *embedded_field(const target *to, sgc_str name)
{
    const sgc_embedded *embedded = &to->schema->embeddeds[to->field->embedded];

    for (uint16_t i = 0; i < embedded->field_count; i++)
        if (sgc_str_eq(embedded->fields[i].name, name)) return &embedded->fields[i];
    (void)sgc_fail(to->error, SGC_INVALID, SGC_FMT ": " SGC_FMT " has no field \"%.*s\"",
                   SGC_ARG(to->field->name), SGC_ARG(embedded->name),
                   (int)(name.size < 60 ? name.size : 60), name.data);
    return NULL;
}

/* All fields null, in order of slots. */
static sgc_value *start_embedded(const target *to, sgc_value *value)
{
    const sgc_layout *layout = &to->schema->embeddeds[to->field->embedded].layout;
    sgc_value *items = new_items(to, layout->count, value);

    for (uint16_t i = 0; items && i < layout->count; i++)
        items[i] = (sgc_value){
            .is_null = true, .is_list = layout->slots[i].list, .kind = layout->slots[i].kind};
    return items;
}

/* Those that were not named may be null. */
static sgc_status end_embedded(const target *to, const sgc_value *items)
{
    const sgc_embedded *embedded = &to->schema->embeddeds[to->field->embedded];

    for (uint16_t i = 0; i < embedded->field_count; i++) {
        uint16_t slot = embedded->fields[i].slot;
        if (items[slot].is_null && embedded->layout.slots[slot].non_null)
            return sgc_fail(to->error, SGC_NOT_NULL, SGC_FMT "." SGC_FMT " must not be null",
                            SGC_ARG(to->field->name), SGC_ARG(embedded->fields[i].name));
    }
    return SGC_OK;
}

/* ---- JSON ---- */

static sgc_status json_one(const target *to, const sgc_json *json, sgc_value *value);

static sgc_status json_embedded(const target *to, const sgc_json *json, sgc_value *value)
{
    const sgc_embedded *embedded = &to->schema->embeddeds[to->field->embedded];

    if (json->kind != SGC_JSON_OBJECT) return expected(to, kind_words(to->kind));
    sgc_value *items = start_embedded(to, value);
    if (!items) return no_memory(to);
    for (const sgc_json *member = json->first; member; member = member->next) {
        const sgc_field *field = embedded_field(to, member->key);
        if (!field) return SGC_INVALID;
        sgc_status status =
            sgc_value_from_json(to->schema, field, &embedded->layout.slots[field->slot], member,
                                to->arena, &items[field->slot], to->error);
        if (status != SGC_OK) return status;
    }
    return end_embedded(to, items);
}

static sgc_status json_one(const target *to, const sgc_json *json, sgc_value *value)
{
    sgc_buf text = {0};

    *value = (sgc_value){.kind = to->kind};
    if (to->kind == SGC_KIND_JSON) {
        sgc_json_write(&text, json);
        return keep(to, &text, value);
    }
    if (to->kind == SGC_KIND_EMBEDDED) return json_embedded(to, json, value);
    switch (json->kind) {
    case SGC_JSON_TRUE:
    case SGC_JSON_FALSE:
        return from_bool(to, json->kind == SGC_JSON_TRUE, value);
    case SGC_JSON_NUMBER:
        return from_number(to, json->text, value);
    case SGC_JSON_STRING:
        if (to->kind == SGC_KIND_ENUM) return from_enum_name(to, json->text, value);
        return from_string(to, json->text, value);
    case SGC_JSON_NULL:
    case SGC_JSON_ARRAY:
    case SGC_JSON_OBJECT:
        break;
    }
    return expected(to, kind_words(to->kind));
}

sgc_status sgc_value_from_json(const sgc_schema *schema, const sgc_field *field,
                               const sgc_slot *slot, const sgc_json *json, sgc_arena *arena,
                               sgc_value *value, sgc_error *error)
{
    target to = {schema, field, slot->kind, arena, error, 0};

    *value = (sgc_value){.kind = slot->kind, .is_list = slot->list, .is_null = true};
    if (json->kind == SGC_JSON_NULL) return slot->non_null ? refuse_null(&to, "") : SGC_OK;
    if (!slot->list) return json_one(&to, json, value);
    value->is_null = false;
    if (json->kind != SGC_JSON_ARRAY) return expected(&to, "a list");
    sgc_value *items = new_items(&to, json->count, value);
    if (!items) return no_memory(&to);
    for (const sgc_json *item = json->first; item; item = item->next, items++) {
        to.element++;
        *items = (sgc_value){.kind = slot->kind, .is_null = true};
        if (item->kind == SGC_JSON_NULL && slot->item_non_null)
            return refuse_null(&to, "an element of ");
        sgc_status status = item->kind == SGC_JSON_NULL ? SGC_OK : json_one(&to, item, items);
        if (status != SGC_OK) return status;
    }
    return SGC_OK;
}

/* ---- GraphQL literals ---- */

static sgc_status literal_embedded(const target *to, const sgc_ast_value *literal, sgc_value *value)
{
    const sgc_embedded *embedded = &to->schema->embeddeds[to->field->embedded];

    if (literal->kind != SGC_VALUE_OBJECT) return expected(to, kind_words(to->kind));
    sgc_value *items = start_embedded(to, value);
    if (!items) return no_memory(to);
    for (const sgc_ast_argument *member = literal->fields; member; member = member->next) {
        const sgc_field *field = embedded_field(to, member->name.text);
        if (!field) return SGC_INVALID;
        sgc_status status =
            sgc_value_from_literal(to->schema, field, &embedded->layout.slots[field->slot],
                                   member->value, to->arena, &items[field->slot], to->error);
        if (status != SGC_OK) return status;
    }
    return end_embedded(to, items);
}

static bool literal_to_json(const sgc_ast_value *literal, sgc_buf *out);

static bool object_to_json(const sgc_ast_value *literal, sgc_buf *out)
{
    bool good = true;

    sgc_buf_byte(out, '{');
    for (const sgc_ast_argument *member = literal->fields; member && good; member = member->next) {
        if (member != literal->fields) sgc_buf_byte(out, ',');
        sgc_json_str(out, member->name.text);
        sgc_buf_byte(out, ':');
        good = literal_to_json(member->value, out);
    }
    sgc_buf_byte(out, '}');
    return good;
}

/* False for what JSON has not: enum names and variables. Depth is the parser's limit. */
static bool literal_to_json(const sgc_ast_value *literal, sgc_buf *out)
{
    bool good = true;

    switch (literal->kind) {
    case SGC_VALUE_INT:
    case SGC_VALUE_FLOAT:
        sgc_buf_str(out, literal->text);
        return true;
    case SGC_VALUE_BOOLEAN:
        sgc_json_bool(out, sgc_str_eq(literal->text, SGC_STR("true")));
        return true;
    case SGC_VALUE_NULL:
        sgc_json_null(out);
        return true;
    case SGC_VALUE_STRING:
        sgc_json_str(out, literal->text);
        return true;
    case SGC_VALUE_OBJECT:
        return object_to_json(literal, out);
    case SGC_VALUE_LIST:
        sgc_buf_byte(out, '[');
        for (const sgc_ast_value *item = literal->items; item && good; item = item->next) {
            if (item != literal->items) sgc_buf_byte(out, ',');
            good = literal_to_json(item, out);
        }
        sgc_buf_byte(out, ']');
        return good;
    case SGC_VALUE_VARIABLE:
    case SGC_VALUE_ENUM:
        break;
    }
    return false;
}

static sgc_status literal_one(const target *to, const sgc_ast_value *literal, sgc_value *value)
{
    sgc_buf text = {0};

    *value = (sgc_value){.kind = to->kind};
    if (to->kind == SGC_KIND_JSON) {
        if (literal_to_json(literal, &text)) return keep(to, &text, value);
        sgc_buf_free(&text);
        return expected(to, kind_words(to->kind));
    }
    if (to->kind == SGC_KIND_EMBEDDED) return literal_embedded(to, literal, value);
    switch (literal->kind) {
    case SGC_VALUE_BOOLEAN:
        return from_bool(to, sgc_str_eq(literal->text, SGC_STR("true")), value);
    case SGC_VALUE_FLOAT:
        /* GraphQL: 1.0 is no Int, while the JSON number 1.0 is one. */
        if (to->kind == SGC_KIND_INT || to->kind == SGC_KIND_BIGINT || to->kind == SGC_KIND_ID)
            return expected(to, kind_words(to->kind));
        return from_number(to, literal->text, value);
    case SGC_VALUE_INT:
        return from_number(to, literal->text, value);
    case SGC_VALUE_STRING:
        return from_string(to, literal->text, value);
    case SGC_VALUE_ENUM:
        if (to->kind == SGC_KIND_ENUM) return from_enum_name(to, literal->text, value);
        break;
    case SGC_VALUE_VARIABLE:
    case SGC_VALUE_NULL:
    case SGC_VALUE_LIST:
    case SGC_VALUE_OBJECT:
        break;
    }
    return expected(to, kind_words(to->kind));
}

sgc_status sgc_value_from_literal(const sgc_schema *schema, const sgc_field *field,
                                  const sgc_slot *slot, const sgc_ast_value *literal,
                                  sgc_arena *arena, sgc_value *value, sgc_error *error)
{
    target to = {schema, field, slot->kind, arena, error, 0};
    /* One value stands for a list of one. */
    bool single = literal->kind != SGC_VALUE_LIST;
    const sgc_ast_value *item = single ? literal : literal->items;
    size_t count = single;

    *value = (sgc_value){.kind = slot->kind, .is_list = slot->list, .is_null = true};
    if (literal->kind == SGC_VALUE_NULL) return slot->non_null ? refuse_null(&to, "") : SGC_OK;
    if (!slot->list) return literal_one(&to, literal, value);
    value->is_null = false;
    for (const sgc_ast_value *at = literal->items; !single && at; at = at->next)
        count++;
    sgc_value *items = new_items(&to, count, value);
    if (!items) return no_memory(&to);
    for (size_t i = 0; i < count; i++, item = item->next) {
        items[i] = (sgc_value){.kind = slot->kind, .is_null = true};
        if (item->kind == SGC_VALUE_NULL && slot->item_non_null)
            return refuse_null(&to, "an element of ");
        sgc_status status =
            item->kind == SGC_VALUE_NULL ? SGC_OK : literal_one(&to, item, &items[i]);
        if (status != SGC_OK) return status;
    }
    return SGC_OK;
}

/* ---- to JSON ---- */

static void enum_to_json(const sgc_schema *schema, const sgc_field *field, uint16_t number,
                         sgc_buf *out)
{
    const sgc_enum_def *def = &schema->enums[field->enumeration];

    /* Numbers mostly are positions: the first guess is right then. */
    if (number > 0 && number <= def->count && def->items[number - 1].number == number) {
        sgc_json_str(out, def->items[number - 1].name);
        return;
    }
    for (uint16_t i = 0; i < def->count; i++) {
        if (def->items[i].number != number) continue;
        sgc_json_str(out, def->items[i].name);
        return;
    }
    sgc_json_null(out); /* a value the schema no longer has */
}

static void embedded_to_json(const sgc_schema *schema, const sgc_field *field,
                             const sgc_value *value, sgc_buf *out)
{
    const sgc_embedded *embedded = &schema->embeddeds[field->embedded];

    sgc_buf_byte(out, '{');
    for (uint16_t i = 0; i < embedded->field_count; i++) {
        const sgc_field *inner = &embedded->fields[i];
        if (i) sgc_buf_byte(out, ',');
        sgc_json_str(out, inner->name);
        sgc_buf_byte(out, ':');
        sgc_value_to_json(schema, inner, &value->as.list.items[inner->slot], out);
    }
    sgc_buf_byte(out, '}');
}

static void list_to_json(const sgc_schema *schema, const sgc_field *field, const sgc_value *value,
                         sgc_buf *out)
{
    sgc_buf_byte(out, '[');
    for (size_t i = 0; i < value->as.list.count; i++) {
        if (i) sgc_buf_byte(out, ',');
        sgc_value_to_json(schema, field, &value->as.list.items[i], out);
    }
    sgc_buf_byte(out, ']');
}

void sgc_value_to_json(const sgc_schema *schema, const sgc_field *field, const sgc_value *value,
                       sgc_buf *out)
{
    if (value->is_null) {
        sgc_json_null(out);
        return;
    }
    if (value->is_list) {
        list_to_json(schema, field, value, out);
        return;
    }
    switch (value->kind) {
    case SGC_KIND_BOOLEAN:
        sgc_json_bool(out, value->as.boolean);
        break;
    case SGC_KIND_ENUM:
        enum_to_json(schema, field, value->as.enumeration, out);
        break;
    case SGC_KIND_INT:
        sgc_json_int64(out, value->as.integer);
        break;
    case SGC_KIND_BIGINT:
        sgc_json_bigint(out, value->as.integer);
        break;
    case SGC_KIND_FLOAT:
        sgc_json_float(out, value->as.real);
        break;
    case SGC_KIND_DATETIME:
        sgc_json_datetime(out, value->as.integer);
        break;
    case SGC_KIND_DATE:
        sgc_json_date(out, value->as.integer);
        break;
    case SGC_KIND_TIME:
        sgc_json_time(out, value->as.integer);
        break;
    case SGC_KIND_STRING:
    case SGC_KIND_ID:
    case SGC_KIND_UUID:
    case SGC_KIND_DECIMAL:
        sgc_json_str(out, value->as.text);
        break;
    case SGC_KIND_JSON:
        sgc_buf_str(out, value->as.text);
        break;
    case SGC_KIND_BYTES:
        sgc_json_base64(out, value->as.text);
        break;
    case SGC_KIND_EMBEDDED:
        embedded_to_json(schema, field, value, out);
        break;
    }
}
