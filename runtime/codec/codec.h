/*
 * codec.h - the generic half of the codecs: values of any kind, records read and written through a
 * layout, JSON text into a tree and from a stream, texts of dates and numbers. The inline half
 * that emitted code uses is sgc/codec.h.
 */
#ifndef SGC_RUNTIME_CODEC_H
#define SGC_RUNTIME_CODEC_H

#include "base/base.h"
#include "sgc/codec.h"

/** Any value a field can hold. Text points into a record, an arena or the caller's memory. */
typedef struct sgc_value {
    bool is_null;
    bool is_list;
    sgc_kind kind; /**< of the value, or of the elements of a list */
    union {
        bool boolean;
        uint16_t enumeration;
        int64_t integer; /**< INT, BIGINT, DATETIME, DATE, TIME */
        double real;
        sgc_str text; /**< STRING, ID, UUID, DECIMAL, JSON, BYTES */
        struct {
            struct sgc_value *items; /**< elements of a list, or fields of an EMBEDDED value */
            size_t count;
        } list;
    } as;
} sgc_value;

/** Packs values[layout->count] (order of slots) into a record. SGC_LIMIT above 256 MB. */
SGC_CHECK sgc_status sgc_record_pack(const sgc_layout *layout, const sgc_value *values,
                                     sgc_buf *out);
/** One field; text points into record, lists and embedded values are built in arena. */
SGC_CHECK sgc_status sgc_record_field(const sgc_layout *layout, sgc_str record, uint16_t slot,
                                      sgc_arena *arena, sgc_value *value);
/** All fields into values[layout->count]. SGC_CORRUPT when the bytes are not such a record. */
SGC_CHECK sgc_status sgc_record_unpack(const sgc_layout *layout, sgc_str record, sgc_arena *arena,
                                       sgc_value *values);

/** Total order of two values of one kind, nulls last. Lists compare element by element. */
int sgc_value_compare(const sgc_value *a, const sgc_value *b);
/** Appends the value as an index key component. Lists and EMBEDDED are programmer errors. */
void sgc_key_value(sgc_key *key, const sgc_value *value, bool descending);

/* ---- texts of scalars: SGC_INVALID with words when the text is none ---- */

SGC_CHECK sgc_status sgc_text_to_datetime(sgc_str text, int64_t *microseconds, sgc_error *error);
SGC_CHECK sgc_status sgc_text_to_date(sgc_str text, int64_t *days, sgc_error *error);
SGC_CHECK sgc_status sgc_text_to_time(sgc_str text, int64_t *microseconds, sgc_error *error);
SGC_CHECK sgc_status sgc_text_to_int64(sgc_str text, int64_t *value, sgc_error *error);
SGC_CHECK sgc_status sgc_text_to_double(sgc_str text, double *value, sgc_error *error);
/** Canonical forms in the arena. */
SGC_CHECK sgc_status sgc_text_to_uuid(sgc_str text, sgc_arena *arena, sgc_str *uuid,
                                      sgc_error *error);
SGC_CHECK sgc_status sgc_text_to_decimal(sgc_str text, sgc_arena *arena, sgc_str *decimal,
                                         sgc_error *error);
SGC_CHECK sgc_status sgc_text_to_bytes(sgc_str base64, sgc_arena *arena, sgc_str *bytes,
                                       sgc_error *error);
/** Order of two canonical decimals by value. */
int sgc_decimal_compare(sgc_str a, sgc_str b);

/* ---- compression: zstd frames ---- */

/** What packing and unpacking need again and again; one thread at a time. */
typedef struct sgc_packer sgc_packer;
/** NULL when memory is out. */
sgc_packer *sgc_packer_create(void);
void sgc_packer_free(sgc_packer *packer); /**< NULL is fine */
/** Appends the frame of `bytes` to out, at zstd's fastest ordinary level. */
SGC_CHECK sgc_status sgc_pack(sgc_packer *packer, sgc_str bytes, sgc_buf *out);
/** SGC_CORRUPT unless `frame` is one frame of exactly `size` bytes. */
SGC_CHECK sgc_status sgc_unpack(sgc_packer *packer, sgc_str frame, void *out, size_t size);

/* ---- JSON reading ---- */

typedef enum sgc_json_kind {
    SGC_JSON_NULL,
    SGC_JSON_TRUE,
    SGC_JSON_FALSE,
    SGC_JSON_NUMBER, /**< text is the number as written */
    SGC_JSON_STRING, /**< text is decoded */
    SGC_JSON_ARRAY,
    SGC_JSON_OBJECT,
} sgc_json_kind;

/** A parsed JSON value; members and elements are linked by next, in order. */
typedef struct sgc_json {
    sgc_json_kind kind;
    sgc_str key; /**< of a member of an object */
    sgc_str text;
    struct sgc_json *first;
    struct sgc_json *next;
    size_t count;
    size_t offset; /**< byte in the source where the value starts */
} sgc_json;

/**
 * Parses one JSON text (RFC 8259, strict: no duplicate keys in an object, valid UTF-8, nesting at
 * most 200). Strings without escapes are slices of text. error->text says line and column.
 */
SGC_CHECK sgc_status sgc_json_parse(sgc_str text, sgc_arena *arena, sgc_json **json,
                                    sgc_error *error);
/**
 * The same, but an escape that is half of a surrogate pair is kept as its three bytes in the manner
 * of UTF-8 (WTF-8): for text that somebody else judges.
 */
SGC_CHECK sgc_status sgc_json_parse_wtf8(sgc_str text, sgc_arena *arena, sgc_json **json,
                                         sgc_error *error);
/** Member of an object, NULL when absent or json is no object. */
const sgc_json *sgc_json_get(const sgc_json *json, sgc_str key);
const sgc_json *sgc_json_member(const sgc_json *json, const char *key);
/** Writes a parsed value back as compact JSON. */
void sgc_json_write(sgc_buf *out, const sgc_json *json);

#endif
