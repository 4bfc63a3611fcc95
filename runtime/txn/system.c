/*
 * system.c - tables of the engine itself. The model that storage, transactions and replay work with
 * is the user's with these behind it: positions of the user's tables are the same in both, the hash
 * too, and nothing above this floor sees more than the user's.
 */
#include "txn/internal.h"

/* The user's tables count from 1. */
#define KEYS_NUMBER  0xFFFFFFFFU
#define MARKS_NUMBER 0xFFFFFFFEU

enum { KEY_FIELD = 5 };

static const sgc_slot key_slots[] = {
    {.kind = SGC_KIND_BIGINT, .non_null = true, .offset = SGC_RECORD_HEAD},
    {.kind = SGC_KIND_BIGINT, .non_null = true, .offset = SGC_RECORD_HEAD + 9},
    {.kind = SGC_KIND_BIGINT, .non_null = true, .offset = SGC_RECORD_HEAD + 18},
    {.kind = SGC_KIND_BIGINT, .non_null = true, .offset = SGC_RECORD_HEAD + 27},
    {.kind = SGC_KIND_BIGINT, .non_null = true, .offset = SGC_RECORD_HEAD + 36},
    {.kind = SGC_KIND_STRING, .non_null = true},
};
#define FIELD(field_name, type_name, position)                                                     \
    {                                                                                              \
        .name = SGC_STR_INIT(field_name), .type = SGC_STR_INIT(type_name "!"),                     \
        .named_type = SGC_STR_INIT(type_name), .number = (position) + 1, .slot = (position),       \
        .enumeration = SGC_NONE, .embedded = SGC_NONE, .relation = SGC_NONE                        \
    }
static const sgc_field key_fields[] = {
    FIELD("expiry", "BigInt", 0),   FIELD("sequence", "BigInt", 1), FIELD("time", "BigInt", 2),
    FIELD("request0", "BigInt", 3), FIELD("request1", "BigInt", 4), FIELD("key", "String", 5),
};
static const uint16_t on_key[] = {KEY_FIELD}, on_expiry[] = {0};
static const sgc_index key_indexes[] = {
    {.name = SGC_STR_INIT("key"), .fields = on_key, .count = 1, .unique = true, .number = 1},
    {.name = SGC_STR_INIT("expiry"), .fields = on_expiry, .count = 1, .number = 2},
};
static const sgc_table idempotency_keys = {
    .name = SGC_STR_INIT("(idempotency keys)"),
    .singular = SGC_STR_INIT("(idempotency key)"),
    .plural = SGC_STR_INIT("(idempotency keys)"),
    .fields = key_fields,
    .indexes = key_indexes,
    .layout = {key_slots, KEY_FIELD + 1, KEY_FIELD, 1, 45},
    .number = KEYS_NUMBER,
    .field_count = KEY_FIELD + 1,
    .index_count = 2,
    .key = KEY_FIELD,
};

static const sgc_slot mark_slots[] = {
    {.kind = SGC_KIND_BIGINT, .non_null = true, .offset = SGC_RECORD_HEAD},
    {.kind = SGC_KIND_BIGINT, .non_null = true, .offset = SGC_RECORD_HEAD + 9},
};
static const sgc_field mark_fields[] = {
    FIELD("table", "BigInt", 0),
    FIELD("largest", "BigInt", 1),
};
static const uint16_t on_table[] = {0};
static const sgc_index mark_indexes[] = {
    {.name = SGC_STR_INIT("table"), .fields = on_table, .count = 1, .unique = true, .number = 1},
};
static const sgc_table serial_marks = {
    .name = SGC_STR_INIT("(serial numbers)"),
    .singular = SGC_STR_INIT("(serial number)"),
    .plural = SGC_STR_INIT("(serial numbers)"),
    .fields = mark_fields,
    .indexes = mark_indexes,
    .layout = {mark_slots, 2, 2, 1, 18},
    .number = MARKS_NUMBER,
    .field_count = 2,
    .index_count = 1,
    .key = 0,
};

/* The user's model is found again from the extended one. */
struct extended {
    sgc_schema schema; /* first */
    const sgc_schema *user;
    sgc_table tables[];
};

sgc_status sgc_system_extend(const sgc_schema *user, sgc_arena *arena, const sgc_schema **storage)
{
    size_t count = user->table_count;

    *storage = NULL;
    if (count + 2 >= SGC_NONE) return SGC_LIMIT;
    struct extended *made = sgc_arena_alloc(arena, sizeof *made + (count + 2) * sizeof(sgc_table));
    if (!made) return SGC_NO_MEMORY;
    made->schema = *user;
    made->user = user;
    if (count) memcpy(made->tables, user->tables, count * sizeof(sgc_table));
    made->tables[count] = idempotency_keys;
    made->tables[count + 1] = serial_marks;
    made->schema.tables = made->tables;
    made->schema.table_count = (uint16_t)(count + 2);
    *storage = &made->schema;
    return SGC_OK;
}

const sgc_schema *sgc_system_user(const sgc_schema *storage)
{
    return ((const struct extended *)(const void *)storage)->user;
}
