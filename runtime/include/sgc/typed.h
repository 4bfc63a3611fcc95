/*
 * typed.h - what emitted functions are made of besides sgc/txn.h: values taken from the caller and
 * checked, ranges of an index, rows reached through keys. Programs call the emitted functions.
 */
#ifndef SGC_TYPED_H
#define SGC_TYPED_H

#include "sgc/list.h"
#include "sgc/txn.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- rows ---- */

/** A typed cursor: rows of an index, or rows reached through keys (links, lists of keys). */
typedef struct sgc_rows {
    sgc_cursor base;
    struct sgc_keyed_rows *keyed; /**< in the transaction's arena; NULL for an index */
} sgc_rows;

/** Where a walk of an index begins and ends, in key components; a key without any is open. */
typedef struct sgc_bounds {
    sgc_key from, to;
    bool from_exclusive, to_exclusive, descending;
} sgc_bounds;

static inline void sgc_bounds_start(sgc_bounds *bounds)
{
    sgc_key_start(&bounds->from);
    sgc_key_start(&bounds->to);
    bounds->from_exclusive = bounds->to_exclusive = bounds->descending = false;
}

/** Keys of rows as the program has them: exactly one of the pointers is set. */
typedef struct sgc_ids {
    const sgc_str *text;
    const int32_t *ints;
    const int64_t *int64s;
    size_t count;
    bool uuids; /**< text holds UUIDs */
} sgc_ids;

static inline sgc_ids sgc_ids_text(const sgc_str *ids, size_t count)
{
    sgc_ids all = {ids, NULL, NULL, count, false};
    return all;
}
static inline sgc_ids sgc_ids_uuid(const sgc_str *ids, size_t count)
{
    sgc_ids all = {ids, NULL, NULL, count, true};
    return all;
}
static inline sgc_ids sgc_ids_int(const int32_t *ids, size_t count)
{
    sgc_ids all = {NULL, ids, NULL, count, false};
    return all;
}
static inline sgc_ids sgc_ids_int64(const int64_t *ids, size_t count)
{
    sgc_ids all = {NULL, NULL, ids, count, false};
    return all;
}

/** Rows of a table in the order of an index; NULL bounds: all. Index 0 takes primary key bytes. */
sgc_rows sgc_rows_open(sgc_txn *txn, uint16_t table, uint16_t index, const sgc_bounds *bounds);
/**
 * For each id in turn, the rows of `table` whose `index` starts with it (behind the name `type`
 * where it is not null: storage of relations to interfaces and unions).
 */
sgc_rows sgc_rows_children(sgc_txn *txn, uint16_t table, uint16_t index, sgc_str type, sgc_ids ids);
/** For each id in turn, the rows of `table` linked with it: field `field` of link table `link`. */
sgc_rows sgc_rows_linked(sgc_txn *txn, uint16_t table, uint16_t link, uint16_t index,
                         uint16_t field, sgc_ids ids);
/** For each id in turn, the row or rows of `table` that `field` of row `id` of `source` names. */
sgc_rows sgc_rows_named(sgc_txn *txn, uint16_t table, uint16_t source, uint16_t field, sgc_ids ids);
/** The same for relation `relation` of `source` to an interface or a union. */
sgc_rows sgc_rows_mixed(sgc_txn *txn, uint16_t source, uint16_t relation, sgc_ids ids);
bool sgc_rows_next(sgc_rows *rows, sgc_str *record);
/** Of sgc_rows_mixed(): the current row's table, from 1 in the order of sgc_abstract.tables. */
uint16_t sgc_rows_member(const sgc_rows *rows);

/** Sets (*records)[i], in the transaction's arena: null where ids[i] is null or not found. */
SGC_CHECK sgc_status sgc_rows_get(sgc_txn *txn, uint16_t table, sgc_ids ids, sgc_str **records);
/** The row whose unique index `index` holds exactly the key's components. */
SGC_CHECK sgc_status sgc_rows_find(sgc_txn *txn, uint16_t table, uint16_t index, const sgc_key *key,
                                   sgc_str *record);
/** The row with this primary key; a key that is too long is not found. */
SGC_CHECK sgc_status sgc_rows_get_one(sgc_txn *txn, uint16_t table, const sgc_key *key,
                                      sgc_str *record);
/** Deletes the row with this primary key. SGC_NOT_FOUND. */
SGC_CHECK sgc_status sgc_rows_delete(sgc_txn *txn, uint16_t table, const sgc_key *key);
/** Adds or removes the link of left and right, primary keys of the two tables. */
SGC_CHECK sgc_status sgc_rows_link(sgc_txn *txn, uint16_t link, bool add, const sgc_key *left,
                                   const sgc_key *right);

/* ---- scans, and fields of stored rows ---- */

/** Ends a scan whose row is none of the table's. */
void sgc_scan_refuse(sgc_scan *scan);
/** Steps to the next row of a table with so many fields, bytes of fixed width and that version. */
static inline bool sgc_scan_view(sgc_scan *scan, uint16_t fields, uint16_t version, size_t fixed,
                                 sgc_str *record)
{
    if (!sgc_scan_next(scan, record)) return false;
    if (sgc_record_check(*record, fields, version, fixed)) return true;
    sgc_scan_refuse(scan);
    return false;
}

/** Where a field of fixed width stands in a record that sgc_record_check() knows. */
static inline const uint8_t *sgc_view_slot(sgc_str record, size_t offset)
{
    return (const uint8_t *)record.data + offset;
}
static inline bool sgc_view_has(sgc_str record, size_t offset)
{
    return !sgc_slot_is_null(sgc_view_slot(record, offset));
}
/** Null is false. */
static inline bool sgc_view_bool(sgc_str record, size_t offset)
{
    return sgc_slot_bool(sgc_view_slot(record, offset));
}
static inline int32_t sgc_view_int(sgc_str record, size_t offset)
{
    return sgc_slot_int(sgc_view_slot(record, offset));
}
static inline int64_t sgc_view_int64(sgc_str record, size_t offset)
{
    return sgc_slot_int64(sgc_view_slot(record, offset));
}
static inline double sgc_view_float(sgc_str record, size_t offset)
{
    return sgc_slot_float(sgc_view_slot(record, offset));
}
/** The same of fields that may be null, which is 0. */
static inline int32_t sgc_view_int_or_null(sgc_str record, size_t offset)
{
    return sgc_view_has(record, offset) ? sgc_view_int(record, offset) : 0;
}
static inline int64_t sgc_view_int64_or_null(sgc_str record, size_t offset)
{
    return sgc_view_has(record, offset) ? sgc_view_int64(record, offset) : 0;
}
static inline double sgc_view_float_or_null(sgc_str record, size_t offset)
{
    return sgc_view_has(record, offset) ? sgc_view_float(record, offset) : 0;
}
static inline uint16_t sgc_view_enum(sgc_str record, size_t offset)
{
    const uint8_t *p = sgc_view_slot(record, offset);
    return sgc_slot_is_null(p) ? (uint16_t)0 : sgc_slot_enum(p);
}
/**
 * Fields of varying width: `rest` is where the first of them stands, `position` says which it is.
 * Null when the record does not hold one there.
 */
sgc_str sgc_view_str(sgc_str record, size_t rest, unsigned position);
sgc_str sgc_view_bin(sgc_str record, size_t rest, unsigned position);
sgc_str sgc_view_packed(sgc_str record, size_t rest, unsigned position);
sgc_list sgc_view_list(sgc_str record, size_t rest, unsigned position, sgc_kind kind);

/* ---- the past of a table ---- */

/** Which versions to walk over, and how. */
typedef struct sgc_history_options {
    const sgc_period *period; /**< NULL: all that are kept */
    bool oldest_first;
} sgc_history_options;

/** Versions of the row with this key, or of all rows when it is NULL; options may be NULL. */
sgc_versions sgc_rows_history(sgc_txn *txn, uint16_t table, const sgc_key *key,
                              const sgc_history_options *options);

/** Back from the bytes of a primary key: SGC_CORRUPT when they are none. */
static inline sgc_status sgc_id_from_text(sgc_str key, sgc_str *id)
{
    *id = key;
    return SGC_OK;
}
static inline sgc_status sgc_id_from_int(sgc_str key, int32_t *id)
{
    return sgc_pk_read_int(key, id) ? SGC_OK : SGC_CORRUPT;
}
static inline sgc_status sgc_id_from_int64(sgc_str key, int64_t *id)
{
    return sgc_pk_read_int64(key, id) ? SGC_OK : SGC_CORRUPT;
}

/* ---- lists of keys that rows hold ---- */

/** The list as an array in the transaction's arena, with `key` at its end. */
SGC_CHECK sgc_status sgc_keys_add_text(sgc_txn *txn, sgc_list keys, sgc_str key,
                                       sgc_str_array *out);
SGC_CHECK sgc_status sgc_keys_add_int(sgc_txn *txn, sgc_list keys, int32_t key, sgc_int_array *out);
SGC_CHECK sgc_status sgc_keys_add_int64(sgc_txn *txn, sgc_list keys, int64_t key,
                                        sgc_int64_array *out);

/** The names of types beside a list of keys: null where all keys are of one table. */
typedef struct sgc_key_types {
    sgc_list stored;
    sgc_str name;        /**< of the key to leave out */
    sgc_str_array *kept; /**< NULL where `stored` is null */
} sgc_key_types;

static inline sgc_key_types sgc_key_types_of(sgc_list stored, sgc_str name, sgc_str_array *kept)
{
    sgc_key_types types = {stored, name, kept};
    return types;
}
static inline sgc_key_types sgc_key_types_none(void)
{
    sgc_key_types types = {{NULL, 0, 0}, {NULL, 0}, NULL};
    return types;
}

/** The same without each `key` of that type. */
SGC_CHECK sgc_status sgc_keys_drop_text(sgc_txn *txn, sgc_list keys, sgc_key_types types,
                                        sgc_str key, sgc_str_array *out);
SGC_CHECK sgc_status sgc_keys_drop_int(sgc_txn *txn, sgc_list keys, sgc_key_types types,
                                       int32_t key, sgc_int_array *out);
SGC_CHECK sgc_status sgc_keys_drop_int64(sgc_txn *txn, sgc_list keys, sgc_key_types types,
                                         int64_t key, sgc_int64_array *out);

/* ---- values from the caller ---- */

/** Values of one row on their way in. The first failure sticks, later calls do nothing. */
typedef struct sgc_take {
    sgc_txn *txn;
    const char *type; /**< GraphQL name, for messages */
    sgc_status status;
    unsigned depth;
} sgc_take;

static inline sgc_take sgc_take_start(sgc_txn *txn, const char *type)
{
    sgc_take take = {txn, type, SGC_OK, 0};
    return take;
}

/** Rules of a value: what may not be null. */
enum { SGC_REQUIRED = 1, SGC_ITEMS_REQUIRED = 2 };

/**
 * Each checks a value of the named field, returns it in its stored form and puts a failure into the
 * transaction's message: SGC_NOT_NULL for a missing one, SGC_INVALID for text that is not UTF-8, a
 * number that is not finite, a date out of range and so on.
 */
sgc_str sgc_take_text(sgc_take *take, const char *field, sgc_str value, unsigned rules);
sgc_str sgc_take_uuid(sgc_take *take, const char *field, sgc_str value, unsigned rules);
sgc_str sgc_take_decimal(sgc_take *take, const char *field, sgc_str value, unsigned rules);
sgc_str sgc_take_json(sgc_take *take, const char *field, sgc_str value, unsigned rules);
sgc_str sgc_take_bytes(sgc_take *take, const char *field, sgc_str value, unsigned rules);
/** A packed value, null where it is required. */
sgc_str sgc_take_packed(sgc_take *take, const char *field, sgc_str value, unsigned rules);
double sgc_take_float(sgc_take *take, const char *field, double value);
int64_t sgc_take_datetime(sgc_take *take, const char *field, int64_t microseconds);
int64_t sgc_take_date(sgc_take *take, const char *field, int64_t days);
int64_t sgc_take_time(sgc_take *take, const char *field, int64_t microseconds);
static inline bool sgc_take_bool(sgc_take *take, const char *field, bool value)
{
    (void)take;
    (void)field;
    return value;
}
static inline int32_t sgc_take_int(sgc_take *take, const char *field, int32_t value)
{
    (void)take;
    (void)field;
    return value;
}
static inline int64_t sgc_take_int64(sgc_take *take, const char *field, int64_t value)
{
    (void)take;
    (void)field;
    return value;
}
/** number 0 is null; `known` says that the enum has this number. */
uint16_t sgc_take_enum(sgc_take *take, const char *field, uint16_t number, bool known,
                       unsigned rules);

sgc_list sgc_take_str_list(sgc_take *take, const char *field, sgc_kind kind, sgc_str_array array,
                           unsigned rules);
sgc_list sgc_take_bool_list(sgc_take *take, const char *field, sgc_bool_array array,
                            unsigned rules);
sgc_list sgc_take_int_list(sgc_take *take, const char *field, sgc_int_array array, unsigned rules);
sgc_list sgc_take_int64_list(sgc_take *take, const char *field, sgc_kind kind,
                             sgc_int64_array array, unsigned rules);
sgc_list sgc_take_float_list(sgc_take *take, const char *field, sgc_float_array array,
                             unsigned rules);

/** A list built element by element: of enums and embedded values. */
typedef struct sgc_list_maker {
    sgc_take *take;
    const char *field;
    sgc_buf items;
    uint32_t count;
    unsigned rules;
    bool is_null;
} sgc_list_maker;

void sgc_list_start(sgc_list_maker *maker, sgc_take *take, const char *field, bool given,
                    unsigned rules);
void sgc_list_add_enum(sgc_list_maker *maker, uint16_t number, bool known);
void sgc_list_add_packed(sgc_list_maker *maker, sgc_str packed);
/** Must be called once for every start. */
sgc_list sgc_list_end(sgc_list_maker *maker);

/** Enters and leaves an embedded value: false (and a failure) when they are nested too deep. */
bool sgc_take_enter(sgc_take *take);
static inline void sgc_take_leave(sgc_take *take)
{
    take->depth--;
}
/** size bytes of the transaction's arena, NULL (and a failure) above 256 MB. */
uint8_t *sgc_take_room(sgc_take *take, size_t size);
/** What stands from start to end, or null after a failure. */
sgc_str sgc_take_record(const sgc_take *take, const uint8_t *start, const uint8_t *end);

/** Generated values: a UUID version 7, a ULID, the next number of a SERIAL key, the time. */
sgc_str sgc_take_uuidv7(sgc_take *take);
sgc_str sgc_take_ulid(sgc_take *take);
int64_t sgc_take_serial(sgc_take *take, uint16_t table);
static inline int32_t sgc_take_serial_int(sgc_take *take, uint16_t table)
{
    int64_t next = sgc_take_serial(take, table);
    if (next > INT32_MAX && take->status == SGC_OK) take->status = SGC_LIMIT;
    return next > INT32_MAX ? 0 : (int32_t)next;
}
static inline int64_t sgc_take_now(const sgc_take *take)
{
    return (int64_t)sgc_txn_now(take->txn);
}
static inline int64_t sgc_take_today(const sgc_take *take)
{
    return sgc_take_now(take) / 86400000000;
}
static inline int64_t sgc_take_time_of_day(const sgc_take *take)
{
    return sgc_take_now(take) % 86400000000;
}

typedef sgc_status sgc_row_write(sgc_txn *txn, uint16_t table, sgc_str key, sgc_str record);
/** Calls write unless something failed before. */
SGC_CHECK sgc_status sgc_take_write(sgc_take *take, sgc_row_write *write, uint16_t table,
                                    const sgc_key *key, sgc_str record);

/* ---- key components of nullable fields ---- */

static inline void sgc_key_bool_or_null(sgc_key *key, bool has, bool value)
{
    if (has)
        sgc_key_bool(key, value, false);
    else
        sgc_key_null(key, false);
}
static inline void sgc_key_int_or_null(sgc_key *key, bool has, int32_t value)
{
    if (has)
        sgc_key_int(key, value, false);
    else
        sgc_key_null(key, false);
}
static inline void sgc_key_int64_or_null(sgc_key *key, bool has, int64_t value)
{
    if (has)
        sgc_key_int64(key, value, false);
    else
        sgc_key_null(key, false);
}
static inline void sgc_key_float_or_null(sgc_key *key, bool has, double value)
{
    if (has)
        sgc_key_float(key, value, false);
    else
        sgc_key_null(key, false);
}
/** number 0 is null. */
static inline void sgc_key_enum_or_null(sgc_key *key, uint16_t number)
{
    if (number)
        sgc_key_enum(key, number, false);
    else
        sgc_key_null(key, false);
}
/** null gives a null component. */
static inline void sgc_key_decimal_or_null(sgc_key *key, sgc_str value)
{
    if (value.data)
        sgc_key_decimal(key, value, false);
    else
        sgc_key_null(key, false);
}

/* ---- copies and constants ---- */

/** A copy in the arena, null stays null; false when memory is out. */
static inline bool sgc_str_copy(sgc_arena *arena, sgc_str text, sgc_str *out)
{
    *out = sgc_arena_str(arena, text);
    return out->data != NULL || text.data == NULL;
}
/** A list whose stored elements are the bytes of a literal. */
static inline sgc_list sgc_list_of(const char *bytes, size_t size, uint32_t count)
{
    sgc_list list = {(const uint8_t *)bytes, size, count};
    return list;
}

/* ---- fixed-width slots into members ---- */

static inline void sgc_get_bool(const uint8_t *p, bool *value)
{
    *value = sgc_slot_bool(p);
}
static inline void sgc_get_int(const uint8_t *p, int32_t *value)
{
    *value = sgc_slot_int(p);
}
static inline void sgc_get_int64(const uint8_t *p, int64_t *value)
{
    *value = sgc_slot_int64(p);
}
static inline void sgc_get_float(const uint8_t *p, double *value)
{
    *value = sgc_slot_float(p);
}
static inline void sgc_get_bool_or_null(const uint8_t *p, bool *has, bool *value)
{
    *has = !sgc_slot_is_null(p);
    *value = sgc_slot_bool(p);
}
static inline void sgc_get_int_or_null(const uint8_t *p, bool *has, int32_t *value)
{
    *has = !sgc_slot_is_null(p);
    *value = *has ? sgc_slot_int(p) : 0;
}
static inline void sgc_get_int64_or_null(const uint8_t *p, bool *has, int64_t *value)
{
    *has = !sgc_slot_is_null(p);
    *value = *has ? sgc_slot_int64(p) : 0;
}
static inline void sgc_get_float_or_null(const uint8_t *p, bool *has, double *value)
{
    *has = !sgc_slot_is_null(p);
    *value = *has ? sgc_slot_float(p) : 0;
}
/* The same where the place is known only behind what stands before: inside embedded values. */
static inline const uint8_t *sgc_step_bool(const uint8_t *p, const uint8_t *end, bool *value)
{
    bool has;
    return sgc_read_bool(p, end, &has, value);
}
static inline const uint8_t *sgc_step_int(const uint8_t *p, const uint8_t *end, int32_t *value)
{
    bool has;
    return sgc_read_int(p, end, &has, value);
}
static inline const uint8_t *sgc_step_int64(const uint8_t *p, const uint8_t *end, int64_t *value)
{
    bool has;
    return sgc_read_int64(p, end, &has, value);
}
static inline const uint8_t *sgc_step_float(const uint8_t *p, const uint8_t *end, double *value)
{
    bool has;
    return sgc_read_float(p, end, &has, value);
}
/** 0 for null. */
static inline uint16_t sgc_get_enum(const uint8_t *p)
{
    return sgc_slot_is_null(p) ? (uint16_t)0 : sgc_slot_enum(p);
}

#ifdef __cplusplus
}
#endif
#endif
