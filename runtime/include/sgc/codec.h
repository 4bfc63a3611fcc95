/*
 * codec.h - bytes as they are stored: MessagePack records at fixed offsets, keys whose byte order
 * is the order of their values, and JSON text. Public because emitted code uses the inline half.
 *
 * A record is a valid MessagePack array:
 *
 *   array16 (3 bytes), uint16 schema version (3 bytes), the fixed-width fields, the variable ones
 *
 * each group in the order of stable field numbers. A fixed-width field always takes the same number
 * of bytes, null included, so emitted readers reach it at an offset known when they are compiled.
 * Widths: Boolean 1 (0xc2 false, 0xc3 true, 0xc0 null), Enum 3 (uint16), Int 5 (int32), BigInt,
 * DateTime, Date, Time 9 (int64), Float 9 (float64); null in a slot of 3, 5 or 9 bytes is an ext of
 * type SGC_EXT_NULL of that width. Variable fields: str, bin, array or nil, minimal encoding.
 * Elements of lists and fields of embedded values are written one behind the other, each in the
 * encoding of its kind, so those of fixed-width kinds keep their width and their null there too.
 */
#ifndef SGC_CODEC_H
#define SGC_CODEC_H

#include "sgc/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** MessagePack ext type of a null in a fixed-width slot. */
#define SGC_EXT_NULL 1
/** Bytes before the first field of a record. */
#define SGC_RECORD_HEAD 6

/** How a value is stored, compared and written. Lists hold one of these as their element. */
typedef enum sgc_kind {
    SGC_KIND_BOOLEAN = 1,
    SGC_KIND_ENUM,     /**< uint16: the stable number of the value, from 1 */
    SGC_KIND_INT,      /**< int32 */
    SGC_KIND_BIGINT,   /**< int64; a string of digits in JSON */
    SGC_KIND_FLOAT,    /**< double, never NaN or infinite */
    SGC_KIND_DATETIME, /**< int64 microseconds since 1970 UTC; RFC 3339 in JSON */
    SGC_KIND_DATE,     /**< int64 days since 1970-01-01; YYYY-MM-DD in JSON */
    SGC_KIND_TIME,     /**< int64 microseconds since midnight; HH:MM:SS[.ffffff] in JSON */
    SGC_KIND_STRING,   /**< UTF-8: String, ID, user scalars */
    SGC_KIND_ID,
    SGC_KIND_UUID,     /**< 36 characters, lower case */
    SGC_KIND_DECIMAL,  /**< canonical decimal text: no leading +, no leading or trailing zeros */
    SGC_KIND_JSON,     /**< compact JSON text */
    SGC_KIND_BYTES,    /**< bin; base64 in JSON */
    SGC_KIND_EMBEDDED, /**< a nested record without version: array of its fields */
} sgc_kind;

/** True for kinds of fixed width. */
static inline bool sgc_kind_is_fixed(sgc_kind kind)
{
    return kind <= SGC_KIND_TIME;
}
/** Bytes of a fixed-width field in a record: 1, 3, 5 or 9. */
static inline size_t sgc_kind_width(sgc_kind kind)
{
    return kind == SGC_KIND_BOOLEAN ? 1 : kind == SGC_KIND_ENUM ? 3 : kind == SGC_KIND_INT ? 5 : 9;
}

/** How one field sits in a record. Layouts are arrays of these in order of storage. */
typedef struct sgc_slot {
    sgc_kind kind;
    bool list; /**< variable width: an array of kind */
    bool non_null;
    bool item_non_null;
    uint32_t offset; /**< of a fixed-width field from the record's first byte; else 0 */
    const struct sgc_layout *embedded; /**< EMBEDDED only */
} sgc_slot;

typedef struct sgc_layout {
    const sgc_slot *slots; /**< fixed-width ones first, each group by field number */
    uint16_t count;
    uint16_t fixed_count;
    uint16_t version;
    uint32_t fixed_size; /**< bytes of all fixed-width slots */
} sgc_layout;

/* ---- fixed-width slots: p points at the field's first byte ---- */

static inline bool sgc_slot_is_null(const uint8_t *p)
{
    return *p == 0xc0 || *p == 0xd4 || *p == 0xc7;
}
static inline uint16_t sgc_be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}
static inline uint32_t sgc_be32(const uint8_t *p)
{
    return (uint32_t)sgc_be16(p) << 16 | sgc_be16(p + 2);
}
static inline uint64_t sgc_be64(const uint8_t *p)
{
    return (uint64_t)sgc_be32(p) << 32 | sgc_be32(p + 4);
}
static inline bool sgc_slot_bool(const uint8_t *p)
{
    return *p == 0xc3;
}
static inline uint16_t sgc_slot_enum(const uint8_t *p)
{
    return sgc_be16(p + 1);
}
static inline int32_t sgc_slot_int(const uint8_t *p)
{
    return (int32_t)sgc_be32(p + 1);
}
static inline int64_t sgc_slot_int64(const uint8_t *p)
{
    return (int64_t)sgc_be64(p + 1);
}
static inline double sgc_slot_float(const uint8_t *p)
{
    uint64_t bits = sgc_be64(p + 1);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/** Writers return the byte behind what they wrote; p must have room for the slot's width. */
static inline uint8_t *sgc_put_be16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
    return p + 2;
}
static inline uint8_t *sgc_put_be32(uint8_t *p, uint32_t v)
{
    return sgc_put_be16(sgc_put_be16(p, (uint16_t)(v >> 16)), (uint16_t)v);
}
static inline uint8_t *sgc_put_be64(uint8_t *p, uint64_t v)
{
    return sgc_put_be32(sgc_put_be32(p, (uint32_t)(v >> 32)), (uint32_t)v);
}
static inline uint8_t *sgc_put_bool(uint8_t *p, bool has, bool v)
{
    *p = has ? (v ? 0xc3 : 0xc2) : 0xc0;
    return p + 1;
}
static inline uint8_t *sgc_put_enum(uint8_t *p, bool has, uint16_t v)
{
    p[0] = has ? 0xcd : 0xd4;
    return sgc_put_be16(p + 1, has ? v : (uint16_t)(SGC_EXT_NULL << 8));
}
static inline uint8_t *sgc_put_int(uint8_t *p, bool has, int32_t v)
{
    p[0] = has ? 0xd2 : 0xc7;
    return sgc_put_be32(p + 1, has ? (uint32_t)v : 2U << 24 | SGC_EXT_NULL << 16);
}
static inline uint8_t *sgc_put_int64(uint8_t *p, bool has, int64_t v)
{
    p[0] = has ? 0xd3 : 0xc7;
    return sgc_put_be64(p + 1,
                        has ? (uint64_t)v : (uint64_t)6 << 56 | (uint64_t)SGC_EXT_NULL << 48);
}
static inline uint8_t *sgc_put_float(uint8_t *p, bool has, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    p[0] = has ? 0xcb : 0xc7;
    return sgc_put_be64(p + 1, has ? bits : (uint64_t)6 << 56 | (uint64_t)SGC_EXT_NULL << 48);
}

/* ---- variable-width fields ---- */

/** Bytes the head of a record needs; writes array16 and the version, returns the byte behind. */
static inline uint8_t *sgc_put_record_head(uint8_t *p, uint16_t fields, uint16_t version)
{
    p[0] = 0xdc;
    p = sgc_put_be16(p + 1, (uint16_t)(fields + 1));
    *p = 0xcd;
    return sgc_put_be16(p + 1, version);
}
/** Most bytes a str or bin of size bytes takes, head included. */
static inline size_t sgc_str_room(size_t size)
{
    return size + 5;
}
/** nil when str is null, else str; p has sgc_str_room(str.size) bytes. Out of line when long. */
uint8_t *sgc_put_str(uint8_t *p, sgc_str str);
uint8_t *sgc_put_bin(uint8_t *p, sgc_str bytes);
/** Head of an array of count elements (at most 5 bytes). */
uint8_t *sgc_put_array(uint8_t *p, uint32_t count);
/** nil: a null list or embedded value. */
static inline uint8_t *sgc_put_nil(uint8_t *p)
{
    *p = 0xc0;
    return p + 1;
}

/**
 * Readers of untrusted bytes: each returns the byte behind the field, or NULL when [p, end) does
 * not hold such a field. A reader given NULL returns NULL, so a chain is checked once at its end.
 */
/** sgc_read_str() of any length. */
const uint8_t *sgc_read_long_str(const uint8_t *p, const uint8_t *end, sgc_str *out);
static inline const uint8_t *sgc_read_str(const uint8_t *p, const uint8_t *end, sgc_str *out)
{
    /* Most texts are short. */
    if (!p || p >= end || (*p & 0xe0) != 0xa0 || (*p & 0x1f) >= end - p)
        return sgc_read_long_str(p, end, out);
    *out = sgc_str_of((const char *)p + 1, *p & 0x1f);
    return p + 1 + out->size;
}
const uint8_t *sgc_read_bin(const uint8_t *p, const uint8_t *end, sgc_str *out);
/** The same for fixed-width kinds in lists and embedded values; *has is false for null. */
const uint8_t *sgc_read_bool(const uint8_t *p, const uint8_t *end, bool *has, bool *out);
const uint8_t *sgc_read_enum(const uint8_t *p, const uint8_t *end, bool *has, uint16_t *out);
const uint8_t *sgc_read_int(const uint8_t *p, const uint8_t *end, bool *has, int32_t *out);
const uint8_t *sgc_read_int64(const uint8_t *p, const uint8_t *end, bool *has, int64_t *out);
const uint8_t *sgc_read_float(const uint8_t *p, const uint8_t *end, bool *has, double *out);
/** nil gives *count = 0 and *is_null = true. */
const uint8_t *sgc_read_array(const uint8_t *p, const uint8_t *end, uint32_t *count, bool *is_null);
/** Skips one MessagePack object of any kind (nesting at most 64 deep). */
const uint8_t *sgc_read_skip(const uint8_t *p, const uint8_t *end);
/**
 * Checks head, field count and version and that `fixed` bytes of fixed-width slots follow; their
 * contents are read without further checks (any bytes give some value).
 */
static inline bool sgc_record_check(sgc_str record, uint16_t fields, uint16_t version, size_t fixed)
{
    const uint8_t *p = (const uint8_t *)record.data;

    return record.size >= SGC_RECORD_HEAD && record.size - SGC_RECORD_HEAD >= fixed &&
           sgc_be32(p) == (0xdcU << 24 | (uint32_t)(uint16_t)(fields + 1U) << 8 | 0xcdU) &&
           sgc_be16(p + 4) == version;
}

/* ---- keys: memcmp order is value order ---- */

/** Longest key of a row or an index entry, in bytes; longer ones are refused. */
#define SGC_KEY_MAX 1000

/**
 * A key under construction, on the caller's stack. Components append themselves; one that does not
 * fit sets `overflow`. Each component starts with a byte 1 (value) or 2 (null: behind all values).
 * Text is followed by 0x00 0x00, a 0x00 inside it is written 0x00 0xff, so no component is a
 * prefix of another. A descending component has every byte inverted.
 */
typedef struct sgc_key {
    size_t size;
    bool overflow;
    uint8_t bytes[SGC_KEY_MAX];
} sgc_key;

static inline sgc_str sgc_key_str(const sgc_key *key)
{
    return sgc_str_of((const char *)key->bytes, key->size);
}
static inline void sgc_key_start(sgc_key *key)
{
    key->size = 0;
    key->overflow = false;
}
void sgc_key_null(sgc_key *key, bool descending);
void sgc_key_bool(sgc_key *key, bool value, bool descending);
void sgc_key_enum(sgc_key *key, uint16_t value, bool descending);
void sgc_key_int(sgc_key *key, int32_t value, bool descending);
void sgc_key_int64(sgc_key *key, int64_t value, bool descending);
/** -0.0 and 0.0 give one key. */
void sgc_key_float(sgc_key *key, double value, bool descending);
/** Text compared by bytes; null gives sgc_key_null(). */
void sgc_key_text(sgc_key *key, sgc_str value, bool descending);
/** The text of a UUID, whatever the case of its digits; null gives sgc_key_null(). */
void sgc_key_uuid(sgc_key *key, sgc_str value, bool descending);
/** Text without terminator: all keys that start with value have this one as a prefix. */
void sgc_key_text_prefix(sgc_key *key, sgc_str value, bool descending);
/** Bytes as they are (the primary key at the end of an index entry). */
void sgc_key_raw(sgc_key *key, sgc_str bytes);
/** Primary key of a row: text as it is, or a big-endian integer with the sign bit flipped. */
static inline void sgc_pk_text(sgc_key *key, sgc_str value)
{
    key->overflow = value.size > SGC_KEY_MAX;
    key->size = key->overflow ? 0 : value.size;
    if (key->size) memcpy(key->bytes, value.data, key->size);
}
/** The same of a UUID, whatever the case of its digits. */
void sgc_pk_uuid(sgc_key *key, sgc_str value);
void sgc_pk_int(sgc_key *key, int32_t value);
void sgc_pk_int64(sgc_key *key, int64_t value);
/** Back from bytes; false when the size is wrong. */
bool sgc_pk_read_int(sgc_str bytes, int32_t *value);
bool sgc_pk_read_int64(sgc_str bytes, int64_t *value);

/** Decimal text in an order-preserving form: 1.5, +1.50 and 01.5 give one key. */
void sgc_key_decimal(sgc_key *key, sgc_str value, bool descending);
/**
 * Turns the key into the smallest one behind all keys that start with it. False when there is none
 * (all bytes 0xff): the range is open at that end.
 */
bool sgc_key_successor(sgc_key *key);

/* ---- JSON writing ---- */

/** A string with quotes, escaped; invalid UTF-8 cannot occur in stored text. null writes null. */
void sgc_json_str(sgc_buf *out, sgc_str text);
void sgc_json_int64(sgc_buf *out, int64_t value);
/** Shortest text that reads back as the same double; integers below 2^53 without a point. */
void sgc_json_float(sgc_buf *out, double value);
/** "1234" with quotes. */
void sgc_json_bigint(sgc_buf *out, int64_t value);
void sgc_json_datetime(sgc_buf *out, int64_t microseconds);
void sgc_json_date(sgc_buf *out, int64_t days);
void sgc_json_time(sgc_buf *out, int64_t microseconds);
void sgc_json_base64(sgc_buf *out, sgc_str bytes);
static inline void sgc_json_bool(sgc_buf *out, bool value)
{
    sgc_buf_text(out, value ? "true" : "false");
}
static inline void sgc_json_null(sgc_buf *out)
{
    sgc_buf_append(out, "null", 4);
}

#ifdef __cplusplus
}
#endif
#endif
