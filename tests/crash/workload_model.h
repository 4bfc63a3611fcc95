/*
 * workload_model.h - the schema of the crash workload, written by hand: type Entry { key: String!
 * @id, bucket: Int! @index, tag: String! @unique, value: String! }, and its rows. Public API only.
 */
#ifndef SGC_TESTS_WORKLOAD_MODEL_H
#define SGC_TESTS_WORKLOAD_MODEL_H

#include "sgc/txn.h"

enum { ENTRY_FIXED = 5, ENTRY_VALUE_MAX = 12000, ENTRY_TEXT_MAX = 128 };

static const uint8_t *entry_texts(sgc_str record, sgc_str *key, sgc_str *tag, sgc_str *value)
{
    const uint8_t *start = (const uint8_t *)record.data;
    const uint8_t *end = start + record.size;
    const uint8_t *p = start + SGC_RECORD_HEAD + ENTRY_FIXED;

    return sgc_read_str(sgc_read_str(sgc_read_str(p, end, key), end, tag), end, value);
}

static int32_t entry_bucket(sgc_str record)
{
    return sgc_slot_int((const uint8_t *)record.data + SGC_RECORD_HEAD);
}

static void entry_index_key(uint16_t index, sgc_str record, sgc_key *key)
{
    sgc_str name, tag, value;

    if (index == 1) {
        sgc_key_int(key, entry_bucket(record), false);
    } else if (entry_texts(record, &name, &tag, &value)) {
        sgc_key_text(key, tag, false);
    }
}

/* room has ENTRY_VALUE_MAX + 3 * ENTRY_TEXT_MAX bytes. */
static sgc_str entry_record(char *room, sgc_str key, sgc_str tag, sgc_str value, int32_t bucket)
{
    uint8_t *p = sgc_put_record_head((uint8_t *)room, 4, 1);

    p = sgc_put_int(p, true, bucket);
    p = sgc_put_str(sgc_put_str(sgc_put_str(p, key), tag), value);
    return sgc_str_of(room, (size_t)((char *)p - room));
}

static const sgc_slot entry_slots[] = {
    {.kind = SGC_KIND_INT, .non_null = true, .offset = SGC_RECORD_HEAD},
    {.kind = SGC_KIND_STRING, .non_null = true},
    {.kind = SGC_KIND_STRING, .non_null = true},
    {.kind = SGC_KIND_STRING, .non_null = true},
};
#define ENTRY_FIELD(field_name, type_name, position, at)                                           \
    {                                                                                              \
        .name = SGC_STR_INIT(field_name), .type = SGC_STR_INIT(type_name "!"),                     \
        .named_type = SGC_STR_INIT(type_name), .number = (position), .slot = (at),                 \
        .enumeration = SGC_NONE, .embedded = SGC_NONE, .relation = SGC_NONE                        \
    }
static const sgc_field entry_fields[] = {
    ENTRY_FIELD("key", "String", 1, 1),
    ENTRY_FIELD("bucket", "Int", 2, 0),
    ENTRY_FIELD("tag", "String", 3, 2),
    ENTRY_FIELD("value", "String", 4, 3),
};
static const uint16_t entry_on_key[] = {0}, entry_on_bucket[] = {1}, entry_on_tag[] = {2};
static const sgc_index entry_indexes[] = {
    {.name = SGC_STR_INIT("key"), .fields = entry_on_key, .count = 1, .unique = true},
    {.name = SGC_STR_INIT("bucket"), .fields = entry_on_bucket, .count = 1, .number = 1},
    {.name = SGC_STR_INIT("tag"), .fields = entry_on_tag, .count = 1, .unique = true, .number = 2},
};
#define ENTRY_TABLE(type_name, one, many, position)                                                \
    {                                                                                              \
        .name = SGC_STR_INIT(type_name), .singular = SGC_STR_INIT(one),                            \
        .plural = SGC_STR_INIT(many), .fields = entry_fields, .indexes = entry_indexes,            \
        .layout = {entry_slots, 4, 1, 1, ENTRY_FIXED}, .code = {entry_index_key},                  \
        .number = (position), .field_count = 4, .index_count = 3, .key = 0, .history = true        \
    }
static const sgc_table entry_tables[] = {ENTRY_TABLE("Entry", "entry", "entries", 1)};
static const sgc_schema entry_schema = {
    .abi = SGC_ABI,
    .version = 1,
    .name = SGC_STR_INIT("workload"),
    .sdl = SGC_STR_INIT("type Entry { key: String! @id(generate: NONE) bucket: Int! @index "
                        "tag: String! @unique value: String! }"),
    .numbering = SGC_STR_INIT(""),
    .hash = 0x5E6C0001,
    .tables = entry_tables,
    .table_count = 1,
};

#endif
