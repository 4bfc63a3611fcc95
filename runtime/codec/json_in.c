/*
 * json_in.c - JSON objects into emitted structs, member by member. The tree comes from json.c, the
 * texts of scalars from scalar.c, number.c and time.c.
 */
#include "sgc/json.h"

#include "codec/codec.h"

static const char *kind_word(const sgc_json *json)
{
    static const char *const words[] = {"null",     "a boolean", "a boolean", "a number",
                                        "a string", "a list",    "an object"};

    return words[json->kind];
}

/* The name of the member being read, for messages: elements have none, their list is `object`. */
static sgc_str member_name(const sgc_json_in *in)
{
    return in->value->key.data ? in->value->key : SGC_STR("list element");
}

static bool refuse(sgc_json_in *in, const char *expected)
{
    if (in->status == SGC_OK)
        in->status = sgc_fail(in->error, SGC_INVALID, "%s." SGC_FMT ": expected %s, found %s",
                              in->type, SGC_ARG(member_name(in)), expected, kind_word(in->value));
    return true;
}

/* Puts a scalar's own words behind the place. */
static bool refuse_with(sgc_json_in *in, sgc_status status, const sgc_error *words)
{
    if (in->status == SGC_OK)
        in->status = sgc_fail(in->error, status, "%s." SGC_FMT ": %s", in->type,
                              SGC_ARG(member_name(in)), words->text);
    return true;
}

void sgc_json_open(sgc_json_in *in, sgc_arena *arena, sgc_str text, const char *type,
                   sgc_error *error)
{
    sgc_json *json = NULL;

    *in = (sgc_json_in){.arena = arena, .error = error, .type = type};
    in->status = sgc_json_parse(text, arena, &json, error);
    if (in->status != SGC_OK) return;
    in->value = json;
    if (json->kind != SGC_JSON_OBJECT) {
        in->status =
            sgc_fail(error, SGC_INVALID, "%s: expected an object, found %s", type, kind_word(json));
        return;
    }
    in->object = json;
    in->next = json->first;
}

bool sgc_json_next(sgc_json_in *in)
{
    if (in->status != SGC_OK || !in->next) return false;
    in->value = in->next;
    in->next = in->next->next;
    return true;
}

bool sgc_json_is(const sgc_json_in *in, const char *name)
{
    return in->value->key.size == strlen(name) &&
           memcmp(in->value->key.data, name, in->value->key.size) == 0;
}

bool sgc_json_unknown(sgc_json_in *in)
{
    in->status = sgc_fail(in->error, SGC_INVALID, "%s has no field \"" SGC_FMT "\"", in->type,
                          SGC_ARG(in->value->key));
    return false;
}

void sgc_json_require(sgc_json_in *in, const char *name)
{
    const sgc_json *member;

    if (in->status != SGC_OK || !in->object) return;
    member = sgc_json_member(in->object, name);
    if (!member || member->kind == SGC_JSON_NULL)
        in->status = sgc_fail(in->error, SGC_NOT_NULL, "%s.%s is missing", in->type, name);
}

/* ---- texts ---- */

static bool is_null(const sgc_json_in *in)
{
    return in->value->kind == SGC_JSON_NULL;
}

static bool text_of_kind(sgc_json_in *in, sgc_kind kind, sgc_str *out)
{
    sgc_error words = {.status = SGC_OK};
    sgc_status status;

    *out = sgc_str_of(NULL, 0);
    if (is_null(in)) return true;
    if (kind == SGC_KIND_JSON) return sgc_json_json(in, out);
    /* An ID may be written as an integer (GraphQL, section 3.5.5). */
    if (in->value->kind != SGC_JSON_STRING &&
        (kind != SGC_KIND_ID || in->value->kind != SGC_JSON_NUMBER))
        return refuse(in, "a string");
    if (kind == SGC_KIND_UUID)
        status = sgc_text_to_uuid(in->value->text, in->arena, out, &words);
    else if (kind == SGC_KIND_DECIMAL)
        status = sgc_text_to_decimal(in->value->text, in->arena, out, &words);
    else if (kind == SGC_KIND_BYTES)
        status = sgc_text_to_bytes(in->value->text, in->arena, out, &words);
    else {
        *out = sgc_arena_str(in->arena, in->value->text);
        status = out->data ? SGC_OK : sgc_fail(&words, SGC_NO_MEMORY, "out of memory");
    }
    return status == SGC_OK || refuse_with(in, status, &words);
}

bool sgc_json_text(sgc_json_in *in, sgc_str *out)
{
    return text_of_kind(in, SGC_KIND_STRING, out);
}

bool sgc_json_id(sgc_json_in *in, sgc_str *out)
{
    return text_of_kind(in, SGC_KIND_ID, out);
}

bool sgc_json_uuid(sgc_json_in *in, sgc_str *out)
{
    return text_of_kind(in, SGC_KIND_UUID, out);
}

bool sgc_json_decimal(sgc_json_in *in, sgc_str *out)
{
    return text_of_kind(in, SGC_KIND_DECIMAL, out);
}

bool sgc_json_bytes(sgc_json_in *in, sgc_str *out)
{
    return text_of_kind(in, SGC_KIND_BYTES, out);
}

bool sgc_json_json(sgc_json_in *in, sgc_str *out)
{
    sgc_buf text = {0};

    *out = sgc_str_of(NULL, 0);
    if (is_null(in)) return true;
    sgc_json_write(&text, in->value);
    if (!text.failed) *out = sgc_arena_str(in->arena, sgc_buf_as_str(&text));
    sgc_buf_free(&text);
    if (!out->data && in->status == SGC_OK)
        in->status = sgc_fail(in->error, SGC_NO_MEMORY, "out of memory");
    return true;
}

/* ---- numbers and moments ---- */

/* Sets *has; true when there is a value to read. */
static bool has_value(sgc_json_in *in, bool *has)
{
    bool given = !is_null(in);

    if (has) *has = given;
    if (!has && !given) refuse(in, "a value");
    return given;
}

bool sgc_json_to_bool(sgc_json_in *in, bool *has, bool *out)
{
    *out = in->value->kind == SGC_JSON_TRUE;
    if (has_value(in, has) && !*out && in->value->kind != SGC_JSON_FALSE)
        return refuse(in, "a boolean");
    return true;
}

bool sgc_json_to_int(sgc_json_in *in, bool *has, int32_t *out)
{
    int64_t wide = 0;
    sgc_error words = {.status = SGC_OK};

    *out = 0;
    if (!has_value(in, has)) return true;
    if (in->value->kind != SGC_JSON_NUMBER) return refuse(in, "an integer");
    sgc_status status = sgc_text_to_int64(in->value->text, &wide, &words);
    if (status == SGC_OK && (wide < INT32_MIN || wide > INT32_MAX))
        status =
            sgc_fail(&words, SGC_INVALID, SGC_FMT " is outside 32 bits", SGC_ARG(in->value->text));
    if (status != SGC_OK) return refuse_with(in, status, &words);
    *out = (int32_t)wide;
    return true;
}

bool sgc_json_to_bigint(sgc_json_in *in, bool *has, int64_t *out)
{
    sgc_error words = {.status = SGC_OK};

    *out = 0;
    if (!has_value(in, has)) return true;
    if (in->value->kind != SGC_JSON_NUMBER && in->value->kind != SGC_JSON_STRING)
        return refuse(in, "an integer");
    sgc_status status = sgc_text_to_int64(in->value->text, out, &words);
    return status == SGC_OK || refuse_with(in, status, &words);
}

typedef sgc_status moment_reader(sgc_str text, int64_t *value, sgc_error *error);

static bool to_moment(sgc_json_in *in, moment_reader *read, bool *has, int64_t *out)
{
    sgc_error words = {.status = SGC_OK};

    *out = 0;
    if (!has_value(in, has)) return true;
    if (in->value->kind != SGC_JSON_STRING) return refuse(in, "a string");
    sgc_status status = read(in->value->text, out, &words);
    return status == SGC_OK || refuse_with(in, status, &words);
}

bool sgc_json_to_datetime(sgc_json_in *in, bool *has, int64_t *out)
{
    return to_moment(in, sgc_text_to_datetime, has, out);
}

bool sgc_json_to_date(sgc_json_in *in, bool *has, int64_t *out)
{
    return to_moment(in, sgc_text_to_date, has, out);
}

bool sgc_json_to_time(sgc_json_in *in, bool *has, int64_t *out)
{
    return to_moment(in, sgc_text_to_time, has, out);
}

bool sgc_json_to_float(sgc_json_in *in, bool *has, double *out)
{
    sgc_error words = {.status = SGC_OK};

    *out = 0;
    if (!has_value(in, has)) return true;
    if (in->value->kind != SGC_JSON_NUMBER) return refuse(in, "a number");
    sgc_status status = sgc_text_to_double(in->value->text, out, &words);
    return status == SGC_OK || refuse_with(in, status, &words);
}

/* ---- lists ---- */

void *sgc_json_items(sgc_json_in *in, size_t item_size, size_t *count)
{
    *count = 0;
    if (in->status != SGC_OK || is_null(in)) return NULL;
    if (in->value->kind != SGC_JSON_ARRAY) {
        refuse(in, "a list");
        return NULL;
    }
    void *items = sgc_arena_zero(in->arena, in->value->count, item_size);
    if (!items) in->status = sgc_fail(in->error, SGC_NO_MEMORY, "out of memory");
    if (items) *count = in->value->count;
    /* Stands before the first element: sgc_json_item(in, 0) steps onto it. */
    return items;
}

bool sgc_json_item(sgc_json_in *in, size_t position)
{
    if (in->status != SGC_OK) return false;
    in->value = position == 0 ? in->value->first : in->value->next;
    return in->value != NULL;
}

bool sgc_json_str_array(sgc_json_in *in, sgc_kind kind, sgc_str_array *out)
{
    size_t count;
    sgc_str *items = sgc_json_items(in, sizeof *items, &count);

    for (size_t i = 0; i < count && sgc_json_item(in, i); i++)
        text_of_kind(in, kind, &items[i]);
    *out = (sgc_str_array){items, count};
    return true;
}

/* The flags of an array of numbers, behind their items. */
static bool *array_flags(sgc_json_in *in, const void *items, size_t count)
{
    bool *has = items ? sgc_arena_zero(in->arena, count, sizeof *has) : NULL;

    if (items && !has) in->status = sgc_fail(in->error, SGC_NO_MEMORY, "out of memory");
    return has;
}

bool sgc_json_bool_array(sgc_json_in *in, sgc_bool_array *out)
{
    size_t count;
    bool *items = sgc_json_items(in, sizeof *items, &count);
    bool *has = array_flags(in, items, count);

    for (size_t i = 0; i < count && sgc_json_item(in, i); i++)
        sgc_json_to_bool(in, &has[i], &items[i]);
    *out = (sgc_bool_array){items, has, count};
    return true;
}

bool sgc_json_int_array(sgc_json_in *in, sgc_int_array *out)
{
    size_t count;
    int32_t *items = sgc_json_items(in, sizeof *items, &count);
    bool *has = array_flags(in, items, count);

    for (size_t i = 0; i < count && sgc_json_item(in, i); i++)
        sgc_json_to_int(in, &has[i], &items[i]);
    *out = (sgc_int_array){items, has, count};
    return true;
}

bool sgc_json_int64_array(sgc_json_in *in, sgc_kind kind, sgc_int64_array *out)
{
    size_t count;
    int64_t *items = sgc_json_items(in, sizeof *items, &count);
    bool *has = array_flags(in, items, count);

    for (size_t i = 0; i < count && sgc_json_item(in, i); i++) {
        if (kind == SGC_KIND_BIGINT)
            sgc_json_to_bigint(in, &has[i], &items[i]);
        else if (kind == SGC_KIND_DATETIME)
            sgc_json_to_datetime(in, &has[i], &items[i]);
        else if (kind == SGC_KIND_DATE)
            sgc_json_to_date(in, &has[i], &items[i]);
        else
            sgc_json_to_time(in, &has[i], &items[i]);
    }
    *out = (sgc_int64_array){items, has, count};
    return true;
}

bool sgc_json_float_array(sgc_json_in *in, sgc_float_array *out)
{
    size_t count;
    double *items = sgc_json_items(in, sizeof *items, &count);
    bool *has = array_flags(in, items, count);

    for (size_t i = 0; i < count && sgc_json_item(in, i); i++)
        sgc_json_to_float(in, &has[i], &items[i]);
    *out = (sgc_float_array){items, has, count};
    return true;
}

/* ---- enums and embedded values ---- */

sgc_str sgc_json_name(sgc_json_in *in)
{
    if (is_null(in)) return sgc_str_of(NULL, 0);
    if (in->value->kind == SGC_JSON_STRING) return in->value->text;
    refuse(in, "the name of an enum value");
    return sgc_str_of(NULL, 0);
}

bool sgc_json_enum(sgc_json_in *in, bool known)
{
    if (in->status == SGC_OK && !is_null(in) && !known)
        in->status = sgc_fail(in->error, SGC_INVALID, "%s." SGC_FMT ": no value \"" SGC_FMT "\"",
                              in->type, SGC_ARG(member_name(in)), SGC_ARG(in->value->text));
    return true;
}

bool sgc_json_enter(sgc_json_in *in, sgc_json_in *child, const char *type)
{
    if (in->status != SGC_OK || is_null(in)) return false;
    if (in->value->kind != SGC_JSON_OBJECT) {
        refuse(in, "an object");
        return false;
    }
    *child = (sgc_json_in){.arena = in->arena, .error = in->error, .type = type};
    child->object = in->value;
    child->value = in->value;
    child->next = in->value->first;
    return true;
}

bool sgc_json_leave(sgc_json_in *in, const sgc_json_in *child)
{
    if (in->status == SGC_OK) in->status = child->status;
    return true;
}
