/*
 * typed.c - what emitted functions are made of: values taken from the caller and checked, lists
 * built element by element, generated values. Rows and cursors are in rows.c.
 */
#include "sgc/typed.h"

#include "txn/txn.h"

#include <math.h>

/* Records above this are refused by the codec as well. */
enum { RECORD_MAX = 256 << 20, EMBEDDED_DEPTH_MAX = 40 };

/* The first and the last microsecond and day that RFC 3339 can write. */
static const int64_t datetime_min = -62167219200000000, datetime_max = 253402300799999999;
static const int64_t date_min = -719528, date_max = 2932896;
static const int64_t time_max = 86400000000 - 1;

static void refuse(sgc_take *take, sgc_status status, const char *field, const char *words)
{
    if (take->status == SGC_OK)
        take->status = sgc_txn_refuse(take->txn, status, sgc_str_from(take->type),
                                      sgc_str_from(field), "%s.%s: %s", take->type, field, words);
}

/* Passes a failure that has no words of its own. */
static void fail(sgc_take *take, sgc_status status)
{
    if (take->status == SGC_OK) take->status = status;
}

static bool required(sgc_take *take, const char *field, sgc_str value, unsigned rules)
{
    if (value.data) return true;
    if (rules & SGC_REQUIRED) refuse(take, SGC_NOT_NULL, field, "a value is required");
    return false;
}

sgc_str sgc_take_bytes(sgc_take *take, const char *field, sgc_str value, unsigned rules)
{
    required(take, field, value, rules);
    return value;
}

sgc_str sgc_take_packed(sgc_take *take, const char *field, sgc_str value, unsigned rules)
{
    required(take, field, value, rules);
    return value;
}

sgc_str sgc_take_text(sgc_take *take, const char *field, sgc_str value, unsigned rules)
{
    if (required(take, field, value, rules) && sgc_utf8_valid_prefix(value) != value.size)
        refuse(take, SGC_INVALID, field, "text is not UTF-8");
    return value;
}

sgc_str sgc_take_uuid(sgc_take *take, const char *field, sgc_str value, unsigned rules)
{
    sgc_error words = {.status = SGC_OK};
    sgc_str out = {NULL, 0};

    if (required(take, field, value, rules) &&
        sgc_text_to_uuid(value, sgc_txn_arena(take->txn), &out, &words) != SGC_OK)
        refuse(take, words.status, field, words.text);
    return out;
}

sgc_str sgc_take_decimal(sgc_take *take, const char *field, sgc_str value, unsigned rules)
{
    sgc_error words = {.status = SGC_OK};
    sgc_str out = {NULL, 0};

    if (required(take, field, value, rules) &&
        sgc_text_to_decimal(value, sgc_txn_arena(take->txn), &out, &words) != SGC_OK)
        refuse(take, words.status, field, words.text);
    return out;
}

sgc_str sgc_take_json(sgc_take *take, const char *field, sgc_str value, unsigned rules)
{
    sgc_error words = {.status = SGC_OK};
    sgc_arena *arena = sgc_txn_arena(take->txn);
    sgc_json *json = NULL;
    sgc_str out = {NULL, 0};
    sgc_buf text = {0};

    if (!required(take, field, value, rules)) return out;
    if (sgc_json_parse(value, arena, &json, &words) != SGC_OK) {
        refuse(take, words.status, field, words.text);
        return out;
    }
    sgc_json_write(&text, json);
    if (!text.failed) out = sgc_arena_str(arena, sgc_buf_as_str(&text));
    sgc_buf_free(&text);
    if (!out.data) fail(take, SGC_NO_MEMORY);
    return out;
}

double sgc_take_float(sgc_take *take, const char *field, double value)
{
    if (!isfinite(value)) refuse(take, SGC_INVALID, field, "a number must be finite");
    return value;
}

static int64_t in_range(sgc_take *take, const char *field, int64_t value, int64_t min, int64_t max,
                        const char *words)
{
    if (value < min || value > max) refuse(take, SGC_INVALID, field, words);
    return value;
}

int64_t sgc_take_datetime(sgc_take *take, const char *field, int64_t microseconds)
{
    return in_range(take, field, microseconds, datetime_min, datetime_max,
                    "outside the years 0000 to 9999");
}

int64_t sgc_take_date(sgc_take *take, const char *field, int64_t days)
{
    return in_range(take, field, days, date_min, date_max, "outside the years 0000 to 9999");
}

int64_t sgc_take_time(sgc_take *take, const char *field, int64_t microseconds)
{
    return in_range(take, field, microseconds, 0, time_max, "a time is below 24 hours");
}

uint16_t sgc_take_enum(sgc_take *take, const char *field, uint16_t number, bool known,
                       unsigned rules)
{
    if (number == 0) {
        if (rules & SGC_REQUIRED) refuse(take, SGC_NOT_NULL, field, "a value is required");
    } else if (!known) {
        refuse(take, SGC_INVALID, field, "the enum has no such value");
    }
    return number;
}

/* ---- lists ---- */

void sgc_list_start(sgc_list_maker *maker, sgc_take *take, const char *field, bool given,
                    unsigned rules)
{
    *maker = (sgc_list_maker){.take = take, .field = field, .rules = rules, .is_null = !given};
    if (!given && rules & SGC_REQUIRED) refuse(take, SGC_NOT_NULL, field, "a list is required");
}

/* Room for one more element, NULL after a failure or when it may not be null and is. */
static uint8_t *list_room(sgc_list_maker *maker, size_t size, bool null)
{
    uint8_t *p = NULL;

    if (null && maker->rules & SGC_ITEMS_REQUIRED)
        refuse(maker->take, SGC_NOT_NULL, maker->field, "an element of the list is missing");
    if (maker->take->status != SGC_OK) return NULL;
    if (size > RECORD_MAX || maker->items.size > RECORD_MAX - size)
        refuse(maker->take, SGC_LIMIT, maker->field, "the list is longer than 256 MB");
    else
        p = (uint8_t *)sgc_buf_reserve(&maker->items, size);
    if (!p) fail(maker->take, SGC_NO_MEMORY);
    return p;
}

static void list_added(sgc_list_maker *maker, const uint8_t *end)
{
    maker->items.size = (size_t)(end - (const uint8_t *)maker->items.data);
    maker->count++;
}

void sgc_list_add_enum(sgc_list_maker *maker, uint16_t number, bool known)
{
    uint8_t *p;

    sgc_take_enum(maker->take, maker->field, number, known, 0);
    p = list_room(maker, 3, number == 0);
    if (p) list_added(maker, sgc_put_enum(p, number != 0, number));
}

void sgc_list_add_packed(sgc_list_maker *maker, sgc_str packed)
{
    uint8_t *p = list_room(maker, packed.size + 1, !packed.data);

    if (p) list_added(maker, sgc_put_packed(p, packed));
}

static void add_str(sgc_list_maker *maker, sgc_kind kind, sgc_str text)
{
    uint8_t *p;

    if (kind == SGC_KIND_UUID)
        text = sgc_take_uuid(maker->take, maker->field, text, 0);
    else if (kind == SGC_KIND_DECIMAL)
        text = sgc_take_decimal(maker->take, maker->field, text, 0);
    else if (kind == SGC_KIND_JSON)
        text = sgc_take_json(maker->take, maker->field, text, 0);
    else if (kind != SGC_KIND_BYTES)
        text = sgc_take_text(maker->take, maker->field, text, 0);
    p = list_room(maker, text.size > RECORD_MAX ? text.size : sgc_str_room(text.size), !text.data);
    if (p) list_added(maker, kind == SGC_KIND_BYTES ? sgc_put_bin(p, text) : sgc_put_str(p, text));
}

static void add_int64(sgc_list_maker *maker, sgc_kind kind, bool has, int64_t value)
{
    uint8_t *p;

    if (has && kind == SGC_KIND_DATETIME) sgc_take_datetime(maker->take, maker->field, value);
    if (has && kind == SGC_KIND_DATE) sgc_take_date(maker->take, maker->field, value);
    if (has && kind == SGC_KIND_TIME) sgc_take_time(maker->take, maker->field, value);
    p = list_room(maker, 9, !has);
    if (p) list_added(maker, sgc_put_int64(p, has, value));
}

sgc_list sgc_list_end(sgc_list_maker *maker)
{
    sgc_list list = {NULL, 0, 0};

    if (maker->take->status == SGC_OK && !maker->is_null) {
        uint8_t *data = sgc_arena_alloc(sgc_txn_arena(maker->take->txn), maker->items.size);
        if (!data) fail(maker->take, SGC_NO_MEMORY);
        if (data && maker->items.size) memcpy(data, maker->items.data, maker->items.size);
        list.data = data;
        list.size = data ? maker->items.size : 0;
        list.count = data ? maker->count : 0;
    }
    sgc_buf_free(&maker->items);
    return list;
}

sgc_list sgc_take_str_list(sgc_take *take, const char *field, sgc_kind kind, sgc_str_array array,
                           unsigned rules)
{
    sgc_list_maker maker;

    sgc_list_start(&maker, take, field, array.items != NULL, rules);
    for (size_t i = 0; i < array.count && take->status == SGC_OK; i++)
        add_str(&maker, kind, array.items[i]);
    return sgc_list_end(&maker);
}

sgc_list sgc_take_bool_list(sgc_take *take, const char *field, sgc_bool_array array, unsigned rules)
{
    sgc_list_maker maker;

    sgc_list_start(&maker, take, field, array.items != NULL, rules);
    for (size_t i = 0; i < array.count && take->status == SGC_OK; i++) {
        bool has = !array.has || array.has[i];
        uint8_t *p = list_room(&maker, 1, !has);
        if (p) list_added(&maker, sgc_put_bool(p, has, array.items[i]));
    }
    return sgc_list_end(&maker);
}

sgc_list sgc_take_int_list(sgc_take *take, const char *field, sgc_int_array array, unsigned rules)
{
    sgc_list_maker maker;

    sgc_list_start(&maker, take, field, array.items != NULL, rules);
    for (size_t i = 0; i < array.count && take->status == SGC_OK; i++) {
        bool has = !array.has || array.has[i];
        uint8_t *p = list_room(&maker, 5, !has);
        if (p) list_added(&maker, sgc_put_int(p, has, array.items[i]));
    }
    return sgc_list_end(&maker);
}

sgc_list sgc_take_int64_list(sgc_take *take, const char *field, sgc_kind kind,
                             sgc_int64_array array, unsigned rules)
{
    sgc_list_maker maker;

    sgc_list_start(&maker, take, field, array.items != NULL, rules);
    for (size_t i = 0; i < array.count && take->status == SGC_OK; i++)
        add_int64(&maker, kind, !array.has || array.has[i], array.items[i]);
    return sgc_list_end(&maker);
}

sgc_list sgc_take_float_list(sgc_take *take, const char *field, sgc_float_array array,
                             unsigned rules)
{
    sgc_list_maker maker;

    sgc_list_start(&maker, take, field, array.items != NULL, rules);
    for (size_t i = 0; i < array.count && take->status == SGC_OK; i++) {
        bool has = !array.has || array.has[i];
        if (has) sgc_take_float(take, field, array.items[i]);
        uint8_t *p = list_room(&maker, 9, !has);
        if (p) list_added(&maker, sgc_put_float(p, has, array.items[i]));
    }
    return sgc_list_end(&maker);
}

/* ---- records ---- */

bool sgc_take_enter(sgc_take *take)
{
    take->depth++;
    if (take->depth > EMBEDDED_DEPTH_MAX && take->status == SGC_OK)
        take->status = sgc_txn_refuse(
            take->txn, SGC_LIMIT, sgc_str_from(take->type), sgc_str_of(NULL, 0),
            "%s: embedded values are nested more than %d deep", take->type, EMBEDDED_DEPTH_MAX);
    return take->status == SGC_OK;
}

uint8_t *sgc_take_room(sgc_take *take, size_t size)
{
    uint8_t *room = NULL;

    if (take->status != SGC_OK) return NULL;
    if (size > RECORD_MAX)
        take->status =
            sgc_txn_refuse(take->txn, SGC_LIMIT, sgc_str_from(take->type), sgc_str_of(NULL, 0),
                           "%s: a row is longer than 256 MB", take->type);
    else
        room = sgc_arena_alloc(sgc_txn_arena(take->txn), size);
    if (!room) fail(take, SGC_NO_MEMORY);
    return room;
}

sgc_str sgc_take_record(const sgc_take *take, const uint8_t *start, const uint8_t *end)
{
    if (take->status != SGC_OK || !start) return sgc_str_of(NULL, 0);
    return sgc_str_of((const char *)start, (size_t)(end - start));
}

sgc_status sgc_take_write(sgc_take *take, sgc_row_write *write, uint16_t table, const sgc_key *key,
                          sgc_str record)
{
    if (take->status == SGC_OK && key->overflow)
        take->status =
            sgc_txn_refuse(take->txn, SGC_LIMIT, sgc_str_from(take->type), sgc_str_of(NULL, 0),
                           "%s: a key is longer than %d bytes", take->type, SGC_KEY_MAX);
    if (take->status == SGC_OK) take->status = write(take->txn, table, sgc_key_str(key), record);
    return take->status;
}

/* ---- fields of stored rows ---- */

void sgc_scan_refuse(sgc_scan *scan)
{
    sgc_scan_end(scan);
    scan->status = sgc_txn_refuse(scan->txn, SGC_CORRUPT, sgc_str_of(NULL, 0), sgc_str_of(NULL, 0),
                                  "a row of another table or version is stored here");
}

static const uint8_t *view_at(sgc_str record, size_t rest, unsigned position, const uint8_t **end)
{
    const uint8_t *p = sgc_view_slot(record, rest);

    *end = (const uint8_t *)record.data + record.size;
    while (p && position-- > 0)
        p = sgc_read_skip(p, *end);
    return p;
}

sgc_str sgc_view_str(sgc_str record, size_t rest, unsigned position)
{
    const uint8_t *end, *p = view_at(record, rest, position, &end);
    sgc_str value = {NULL, 0};

    return sgc_read_str(p, end, &value) ? value : sgc_str_of(NULL, 0);
}

sgc_str sgc_view_bin(sgc_str record, size_t rest, unsigned position)
{
    const uint8_t *end, *p = view_at(record, rest, position, &end);
    sgc_str value = {NULL, 0};

    return sgc_read_bin(p, end, &value) ? value : sgc_str_of(NULL, 0);
}

sgc_str sgc_view_packed(sgc_str record, size_t rest, unsigned position)
{
    const uint8_t *end, *p = view_at(record, rest, position, &end);
    sgc_str value = {NULL, 0};

    return sgc_read_packed(p, end, &value) ? value : sgc_str_of(NULL, 0);
}

sgc_list sgc_view_list(sgc_str record, size_t rest, unsigned position, sgc_kind kind)
{
    const uint8_t *end, *p = view_at(record, rest, position, &end);
    sgc_list value = {NULL, 0, 0}, none = value;

    return sgc_read_list(p, end, kind, &value) ? value : none;
}

/* ---- generated values ---- */

static sgc_str made(sgc_take *take, const char *text, size_t size)
{
    sgc_str out = {NULL, 0};

    if (take->status != SGC_OK) return out;
    out = sgc_arena_str(sgc_txn_arena(take->txn), sgc_str_of(text, size));
    if (!out.data) fail(take, SGC_NO_MEMORY);
    return out;
}

sgc_str sgc_take_uuidv7(sgc_take *take)
{
    char text[36];

    if (take->status == SGC_OK) take->status = sgc_txn_uuidv7(take->txn, text);
    return made(take, text, sizeof text);
}

sgc_str sgc_take_ulid(sgc_take *take)
{
    char text[26];

    if (take->status == SGC_OK) take->status = sgc_txn_ulid(take->txn, text);
    return made(take, text, sizeof text);
}

int64_t sgc_take_serial(sgc_take *take, uint16_t table)
{
    int64_t next = 0;

    if (take->status == SGC_OK) take->status = sgc_row_serial(take->txn, table, &next);
    return next;
}
