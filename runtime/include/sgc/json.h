/*
 * json.h - JSON text read member by member into emitted structs. Writing JSON is in sgc/codec.h.
 */
#ifndef SGC_JSON_H
#define SGC_JSON_H

#include "sgc/list.h"

#ifdef __cplusplus
extern "C" {
#endif

struct sgc_json;

/** Members of one JSON object in turn. The first failure sticks. */
typedef struct sgc_json_in {
    sgc_arena *arena; /**< where texts and arrays go */
    sgc_error *error; /**< may be NULL */
    sgc_status status;
    const char *type;              /**< GraphQL name, for messages */
    const struct sgc_json *object; /**< NULL: null where an object was expected */
    const struct sgc_json *next;   /**< the next member */
    const struct sgc_json *value;  /**< the current member's value, or a list's element */
} sgc_json_in;

/** Parses text, which must be one object. */
void sgc_json_open(sgc_json_in *in, sgc_arena *arena, sgc_str text, const char *type,
                   sgc_error *error);
/** Steps to the next member; false at the end and after a failure. */
bool sgc_json_next(sgc_json_in *in);
/** Whether the current member has this name. */
bool sgc_json_is(const sgc_json_in *in, const char *name);
/** Fails: the type has no such field. Returns false. */
bool sgc_json_unknown(sgc_json_in *in);
/** Fails when the object has no member of this name, or null. */
void sgc_json_require(sgc_json_in *in, const char *name);

/*
 * The current value into a member; null leaves *has false, texts null and arrays NULL, and fails
 * where has is NULL. All return true: the member was known, whether its value was good is in
 * status.
 */
bool sgc_json_text(sgc_json_in *in, sgc_str *out);
/** Also takes an integer, as GraphQL's ID does. */
bool sgc_json_id(sgc_json_in *in, sgc_str *out);
bool sgc_json_uuid(sgc_json_in *in, sgc_str *out);
bool sgc_json_decimal(sgc_json_in *in, sgc_str *out);
bool sgc_json_json(sgc_json_in *in, sgc_str *out);
bool sgc_json_bytes(sgc_json_in *in, sgc_str *out);
bool sgc_json_to_bool(sgc_json_in *in, bool *has, bool *out);
bool sgc_json_to_int(sgc_json_in *in, bool *has, int32_t *out);
bool sgc_json_to_bigint(sgc_json_in *in, bool *has, int64_t *out);
bool sgc_json_to_datetime(sgc_json_in *in, bool *has, int64_t *out);
bool sgc_json_to_date(sgc_json_in *in, bool *has, int64_t *out);
bool sgc_json_to_time(sgc_json_in *in, bool *has, int64_t *out);
bool sgc_json_to_float(sgc_json_in *in, bool *has, double *out);

bool sgc_json_str_array(sgc_json_in *in, sgc_kind kind, sgc_str_array *out);
bool sgc_json_bool_array(sgc_json_in *in, sgc_bool_array *out);
bool sgc_json_int_array(sgc_json_in *in, sgc_int_array *out);
bool sgc_json_int64_array(sgc_json_in *in, sgc_kind kind, sgc_int64_array *out);
bool sgc_json_float_array(sgc_json_in *in, sgc_float_array *out);

/** Text of an enum value's name, null for null (or after a failure). */
sgc_str sgc_json_name(sgc_json_in *in);
/** Fails unless the value is null or `known`. */
bool sgc_json_enum(sgc_json_in *in, bool known);
/** An object inside this one, for an embedded value: false when the value is null. */
bool sgc_json_enter(sgc_json_in *in, sgc_json_in *child, const char *type);
/** Takes the child's failure over. */
bool sgc_json_leave(sgc_json_in *in, const sgc_json_in *child);
/**
 * Room for the elements of a list, zeroed; *count says how many. NULL when the value is null or no
 * list. Then sgc_json_item() makes each element the current value in turn.
 */
void *sgc_json_items(sgc_json_in *in, size_t item_size, size_t *count);
bool sgc_json_item(sgc_json_in *in, size_t position);

/* ---- writing: what may be null ---- */

/** JSON text as it is, null as null. */
static inline void sgc_json_raw(sgc_buf *out, sgc_str json)
{
    if (json.data)
        sgc_buf_str(out, json);
    else
        sgc_json_null(out);
}
/** Bytes as base64, null as null. */
static inline void sgc_json_bytes_or_null(sgc_buf *out, sgc_str bytes)
{
    if (bytes.data)
        sgc_json_base64(out, bytes);
    else
        sgc_json_null(out);
}
static inline void sgc_json_bool_or_null(sgc_buf *out, bool has, bool value)
{
    if (has)
        sgc_json_bool(out, value);
    else
        sgc_json_null(out);
}
static inline void sgc_json_int64_or_null(sgc_buf *out, bool has, int64_t value)
{
    if (has)
        sgc_json_int64(out, value);
    else
        sgc_json_null(out);
}
static inline void sgc_json_bigint_or_null(sgc_buf *out, bool has, int64_t value)
{
    if (has)
        sgc_json_bigint(out, value);
    else
        sgc_json_null(out);
}
static inline void sgc_json_float_or_null(sgc_buf *out, bool has, double value)
{
    if (has)
        sgc_json_float(out, value);
    else
        sgc_json_null(out);
}
static inline void sgc_json_datetime_or_null(sgc_buf *out, bool has, int64_t value)
{
    if (has)
        sgc_json_datetime(out, value);
    else
        sgc_json_null(out);
}
static inline void sgc_json_date_or_null(sgc_buf *out, bool has, int64_t value)
{
    if (has)
        sgc_json_date(out, value);
    else
        sgc_json_null(out);
}
static inline void sgc_json_time_or_null(sgc_buf *out, bool has, int64_t value)
{
    if (has)
        sgc_json_time(out, value);
    else
        sgc_json_null(out);
}

#ifdef __cplusplus
}
#endif
#endif
