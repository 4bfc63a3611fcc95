/*
 * test_record.c - records of random layouts: read back by our reader and by msgpack-c, cut and
 * damaged at every place.
 */
#include "codec/codec.h"
#include "unit/codec/random.h"
#include "unit/unit.h"

#include <msgpack.h>

enum { FIELDS_MAX = 24 };

typedef struct random_shape {
    sgc_slot slots[FIELDS_MAX];
    sgc_layout layout;
} random_shape;

static random_shape inner;

static void make_inner(void)
{
    sgc_slot slots[] = {{.kind = SGC_KIND_INT},
                        {.kind = SGC_KIND_STRING},
                        {.kind = SGC_KIND_FLOAT, .list = true},
                        {.kind = SGC_KIND_BOOLEAN}};

    memcpy(inner.slots, slots, sizeof slots);
    inner.layout = (sgc_layout){.slots = inner.slots, .count = 4};
}

static void make_shape(random_shape *shape)
{
    uint16_t fixed = (uint16_t)random_below(FIELDS_MAX / 2);
    uint16_t count = (uint16_t)(fixed + random_below(FIELDS_MAX / 2));
    uint32_t offset = SGC_RECORD_HEAD;

    for (uint16_t i = 0; i < count; i++) {
        sgc_slot *slot = &shape->slots[i];
        *slot = (sgc_slot){0};
        if (i < fixed) {
            slot->kind = (sgc_kind)(1 + random_below(SGC_KIND_TIME));
            slot->offset = offset;
            offset += (uint32_t)sgc_kind_width(slot->kind);
            continue;
        }
        slot->list = random_below(2);
        slot->kind = (sgc_kind)(slot->list ? 1 + random_below(SGC_KIND_EMBEDDED)
                                           : SGC_KIND_STRING + random_below(7));
        if (slot->kind == SGC_KIND_EMBEDDED) slot->embedded = &inner.layout;
    }
    shape->layout = (sgc_layout){.slots = shape->slots,
                                 .count = count,
                                 .fixed_count = fixed,
                                 .version = 7,
                                 .fixed_size = offset - SGC_RECORD_HEAD};
}

static sgc_value make_value(sgc_arena *arena, const sgc_slot *slot, bool element);

static sgc_value make_items(sgc_arena *arena, const sgc_slot *slot, bool list)
{
    sgc_value value = {.kind = slot->kind, .is_list = list};
    size_t count = list ? random_below(random_below(8) ? 5 : 400) : slot->embedded->count;

    value.as.list.items = sgc_arena_zero(arena, count, sizeof(sgc_value));
    value.as.list.count = count;
    for (size_t i = 0; i < count; i++)
        value.as.list.items[i] = list ? make_value(arena, slot, true)
                                      : make_value(arena, &slot->embedded->slots[i], false);
    return value;
}

static sgc_value make_value(sgc_arena *arena, const sgc_slot *slot, bool element)
{
    bool list = slot->list && !element;
    sgc_value null = {.kind = slot->kind, .is_list = list, .is_null = true};

    if (!list && slot->kind != SGC_KIND_EMBEDDED) return random_value(arena, slot->kind, true);
    return random_below(6) ? make_items(arena, slot, list) : null;
}

/* ---- what msgpack-c makes of it ---- */

static bool same_value(const msgpack_object *object, const sgc_value *value);

static bool same_items(const msgpack_object *object, const sgc_value *value)
{
    if (object->type != MSGPACK_OBJECT_ARRAY || object->via.array.size != value->as.list.count)
        return false;
    for (size_t i = 0; i < value->as.list.count; i++)
        if (!same_value(&object->via.array.ptr[i], &value->as.list.items[i])) return false;
    return true;
}

static bool same_integer(const msgpack_object *object, int64_t value)
{
    if (value >= 0)
        return object->type == MSGPACK_OBJECT_POSITIVE_INTEGER &&
               object->via.u64 == (uint64_t)value;
    return object->type == MSGPACK_OBJECT_NEGATIVE_INTEGER && object->via.i64 == value;
}

static bool same_value(const msgpack_object *object, const sgc_value *value)
{
    if (value->is_null)
        return object->type == MSGPACK_OBJECT_NIL ||
               (object->type == MSGPACK_OBJECT_EXT && object->via.ext.type == SGC_EXT_NULL);
    if (value->is_list || value->kind == SGC_KIND_EMBEDDED) return same_items(object, value);
    if (value->kind == SGC_KIND_BOOLEAN)
        return object->type == MSGPACK_OBJECT_BOOLEAN && object->via.boolean == value->as.boolean;
    if (value->kind == SGC_KIND_ENUM) return same_integer(object, value->as.enumeration);
    if (value->kind == SGC_KIND_FLOAT)
        return object->type == MSGPACK_OBJECT_FLOAT64 && object->via.f64 == value->as.real;
    if (sgc_kind_is_fixed(value->kind)) return same_integer(object, value->as.integer);
    if (value->kind == SGC_KIND_BYTES)
        return object->type == MSGPACK_OBJECT_BIN &&
               sgc_str_eq(sgc_str_of(object->via.bin.ptr, object->via.bin.size), value->as.text);
    return object->type == MSGPACK_OBJECT_STR &&
           sgc_str_eq(sgc_str_of(object->via.str.ptr, object->via.str.size), value->as.text);
}

static bool msgpack_agrees(sgc_str record, const sgc_value *values, size_t count)
{
    msgpack_unpacked result;
    size_t at = 0;

    msgpack_unpacked_init(&result);
    bool same =
        msgpack_unpack_next(&result, record.data, record.size, &at) == MSGPACK_UNPACK_SUCCESS &&
        at == record.size;
    const msgpack_object *array = &result.data;
    same = same && array->type == MSGPACK_OBJECT_ARRAY && array->via.array.size == count + 1 &&
           same_integer(&array->via.array.ptr[0], 7);
    for (size_t i = 0; same && i < count; i++)
        same = same_value(&array->via.array.ptr[i + 1], &values[i]);
    msgpack_unpacked_destroy(&result);
    return same;
}

/* ---- tests ---- */

static void random_records_come_back(void)
{
    sgc_arena arena = {0};
    sgc_buf out = {0};
    size_t wrong = 0;

    make_inner();
    for (int i = 0; i < 5000; i++) {
        random_shape shape;
        sgc_value values[FIELDS_MAX], back[FIELDS_MAX], one;
        sgc_arena_reset(&arena);
        make_shape(&shape);
        for (uint16_t f = 0; f < shape.layout.count; f++)
            values[f] = make_value(&arena, &shape.slots[f], false);
        out.size = 0;
        /* What already stands in the buffer must not matter. */
        if (i % 2) sgc_buf_text(&out, "before");
        size_t start = out.size;
        CU_ASSERT_EQUAL(sgc_record_pack(&shape.layout, values, &out), SGC_OK);
        sgc_str record = sgc_str_of(out.data + start, out.size - start);
        wrong += sgc_record_unpack(&shape.layout, record, &arena, back) != SGC_OK;
        for (uint16_t f = 0; f < shape.layout.count; f++) {
            wrong += sgc_value_compare(&values[f], &back[f]) != 0;
            wrong += values[f].is_null != back[f].is_null || values[f].is_list != back[f].is_list;
            wrong += sgc_record_field(&shape.layout, record, f, &arena, &one) != SGC_OK;
            wrong += sgc_value_compare(&values[f], &one) != 0;
        }
        wrong += !msgpack_agrees(record, values, shape.layout.count);
        shape.layout.version++;
        wrong += sgc_record_unpack(&shape.layout, record, &arena, back) != SGC_CORRUPT;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    sgc_buf_free(&out);
    sgc_arena_free(&arena);
}

/* Reads everything in every way from memory of exactly this size. */
static sgc_status read_exact(const sgc_layout *layout, const char *bytes, size_t size)
{
    sgc_arena arena = {0};
    sgc_value values[FIELDS_MAX];
    char *copy = sgc_alloc(size);

    if (size) memcpy(copy, bytes, size);
    sgc_str record = sgc_str_of(copy, size);
    sgc_status status = sgc_record_unpack(layout, record, &arena, values);
    for (uint16_t i = 0; i < layout->count; i++) {
        sgc_value value;
        sgc_status one = sgc_record_field(layout, record, i, &arena, &value);
        CU_ASSERT_TRUE(one == SGC_OK || one == SGC_CORRUPT);
        if (status == SGC_OK) CU_ASSERT_EQUAL(one, SGC_OK);
        if (one == SGC_OK) CU_ASSERT_EQUAL(sgc_value_compare(&value, &value), 0);
    }
    const uint8_t *p = (const uint8_t *)copy;
    const uint8_t *behind = sgc_read_skip(p, p + size);
    CU_ASSERT_TRUE(!behind || (behind > p && behind <= p + size));
    sgc_free(copy);
    sgc_arena_free(&arena);
    return status;
}

static void cut_and_damaged_records(void)
{
    sgc_arena arena = {0};
    sgc_buf out = {0};

    make_inner();
    for (int i = 0; i < 150; i++) {
        random_shape shape;
        sgc_value values[FIELDS_MAX];
        sgc_arena_reset(&arena);
        make_shape(&shape);
        for (uint16_t f = 0; f < shape.layout.count; f++)
            values[f] = make_value(&arena, &shape.slots[f], false);
        out.size = 0;
        CU_ASSERT_EQUAL(sgc_record_pack(&shape.layout, values, &out), SGC_OK);
        size_t size = out.size;
        for (size_t cut = 0; cut < size; cut += 1 + cut / 200)
            CU_ASSERT_EQUAL(read_exact(&shape.layout, out.data, cut), SGC_CORRUPT);
        sgc_buf_byte(&out, '\0');
        CU_ASSERT_EQUAL(read_exact(&shape.layout, out.data, out.size), SGC_CORRUPT);
        for (int n = 0; n < 100; n++) {
            char *at = out.data + random_below(size), was = *at;
            *at = (char)random_next();
            (void)read_exact(&shape.layout, out.data, size);
            *at = was;
        }
    }
    sgc_buf_free(&out);
    sgc_arena_free(&arena);
}

static void random_bytes_are_skipped_as_msgpack_does(void)
{
    size_t wrong = 0, good = 0;

    for (int i = 0; i < 100000; i++) {
        char bytes[24];
        size_t size = 1 + random_below(sizeof bytes), at = 0;
        msgpack_unpacked result;
        for (size_t n = 0; n < size; n++) {
            /* msgpack-c reserves memory for the 32-bit counts it reads: none of those here. */
            uint8_t byte = (uint8_t)random_next();
            bytes[n] = (char)(byte == 0xdd || byte == 0xdf ? 0x92 : byte);
        }
        msgpack_unpacked_init(&result);
        bool valid = msgpack_unpack_next(&result, bytes, size, &at) == MSGPACK_UNPACK_SUCCESS;
        msgpack_unpacked_destroy(&result);
        const uint8_t *p = (const uint8_t *)bytes, *behind = sgc_read_skip(p, p + size);
        wrong += valid != (behind != NULL) || (valid && behind != p + at);
        good += valid;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_TRUE(good > 10000);
}

static void deep_nesting_ends(void)
{
    uint8_t bytes[4000];

    memset(bytes, 0x91, sizeof bytes);
    CU_ASSERT_PTR_NULL(sgc_read_skip(bytes, bytes + sizeof bytes));
    bytes[63] = 0xc0;
    CU_ASSERT_PTR_EQUAL(sgc_read_skip(bytes, bytes + sizeof bytes), bytes + 64);
    memset(bytes, 0xff, sizeof bytes);
    bytes[0] = 0xdd;
    CU_ASSERT_PTR_NULL(sgc_read_skip(bytes, bytes + sizeof bytes));
}

static void readers_pass_null_on(void)
{
    uint8_t byte = 0xc0;
    sgc_str text;
    uint32_t count;
    bool flag, value;
    int32_t narrow;
    int64_t wide;
    uint16_t enumeration;
    double real;

    CU_ASSERT_PTR_NULL(sgc_read_str(NULL, &byte + 1, &text));
    CU_ASSERT_PTR_NULL(sgc_read_bin(NULL, &byte + 1, &text));
    CU_ASSERT_PTR_NULL(sgc_read_array(NULL, &byte + 1, &count, &flag));
    CU_ASSERT_PTR_NULL(sgc_read_skip(NULL, &byte + 1));
    CU_ASSERT_PTR_NULL(sgc_read_bool(NULL, &byte + 1, &flag, &value));
    CU_ASSERT_PTR_NULL(sgc_read_enum(NULL, &byte + 1, &flag, &enumeration));
    CU_ASSERT_PTR_NULL(sgc_read_int(NULL, &byte + 1, &flag, &narrow));
    CU_ASSERT_PTR_NULL(sgc_read_int64(NULL, &byte + 1, &flag, &wide));
    CU_ASSERT_PTR_NULL(sgc_read_float(NULL, &byte + 1, &flag, &real));
    CU_ASSERT_PTR_EQUAL(sgc_read_str(&byte, &byte + 1, &text), &byte + 1);
    CU_ASSERT_TRUE(sgc_str_is_null(text));
    CU_ASSERT_PTR_NULL(sgc_read_str(&byte + 1, &byte + 1, &text));
}

static void too_long_records_are_refused(void)
{
    sgc_slot slots[] = {{.kind = SGC_KIND_STRING}, {.kind = SGC_KIND_STRING}};
    sgc_layout layout = {.slots = slots, .count = 2, .version = 1};
    size_t size = (size_t)129 << 20;
    char *text = sgc_alloc_zero(size, 1);
    sgc_value values[2] = {{.kind = SGC_KIND_STRING, .as.text = sgc_str_of(text, size)}};
    sgc_buf out = {0};

    values[1] = values[0];
    CU_ASSERT_EQUAL(sgc_record_pack(&layout, values, &out), SGC_LIMIT);
    values[1].as.text.size = SIZE_MAX / 2;
    out.size = 0;
    CU_ASSERT_EQUAL(sgc_record_pack(&layout, values, &out), SGC_LIMIT);
    values[1].as.text.size = 100;
    out.size = 0;
    CU_ASSERT_EQUAL(sgc_record_pack(&layout, values, &out), SGC_OK);
    sgc_buf_free(&out);
    sgc_alloc_fail_at(1, true);
    CU_ASSERT_EQUAL(sgc_record_pack(&layout, values, &out), SGC_NO_MEMORY);
    sgc_alloc_fail_at(0, false);
    sgc_buf_free(&out);
    sgc_free(text);
}

/* A type that holds itself: as deep as may be written is readable, and not deeper. */
static void nesting_ends(void)
{
    static sgc_layout self;
    static sgc_slot inner_slot = {.kind = SGC_KIND_EMBEDDED, .list = true, .embedded = &self};
    sgc_layout row = {.slots = &inner_slot, .count = 1, .version = 1};
    sgc_value levels[80];
    sgc_arena arena = {0};
    sgc_buf out = {0};

    self = (sgc_layout){.slots = &inner_slot, .count = 1};
    for (size_t depth = 1; depth < 80; depth++) {
        sgc_value back;
        /* Lists and values in turn, the innermost list empty. */
        for (size_t i = 0; i < depth; i++)
            levels[i] =
                (sgc_value){.kind = SGC_KIND_EMBEDDED,
                            .is_list = i % 2 == 0,
                            .as.list = {i + 1 < depth ? &levels[i + 1] : NULL, i + 1 < depth}};
        if (depth % 2 == 0) levels[depth - 1].is_null = true;
        out.size = 0;
        sgc_status status = sgc_record_pack(&row, levels, &out);
        CU_ASSERT_EQUAL(status, depth <= 60 ? SGC_OK : SGC_LIMIT);
        if (status != SGC_OK) continue;
        CU_ASSERT_EQUAL(sgc_record_unpack(&row, sgc_buf_as_str(&out), &arena, &back), SGC_OK);
        CU_ASSERT_EQUAL(sgc_value_compare(&back, levels), 0);
        const uint8_t *p = (const uint8_t *)out.data;
        CU_ASSERT_PTR_EQUAL(sgc_read_skip(p, p + out.size), p + out.size);
    }
    out.size = 0;
    for (size_t i = 0; i < SGC_RECORD_HEAD; i++)
        sgc_buf_byte(&out, 0);
    sgc_put_record_head((uint8_t *)out.data, 1, 1);
    for (size_t i = 0; i < 1000000; i++)
        sgc_buf_byte(&out, '\x91');
    sgc_value value;
    CU_ASSERT_EQUAL(sgc_record_unpack(&row, sgc_buf_as_str(&out), &arena, &value), SGC_CORRUPT);
    sgc_buf_free(&out);
    sgc_arena_free(&arena);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"random records come back", random_records_come_back},
        {"cut and damaged records", cut_and_damaged_records},
        {"random bytes are skipped as msgpack does", random_bytes_are_skipped_as_msgpack_does},
        {"deep nesting ends", deep_nesting_ends},
        {"nesting ends", nesting_ends},
        {"readers pass NULL on", readers_pass_null_on},
        {"too long records are refused", too_long_records_are_refused},
        CU_TEST_INFO_NULL,
    };
    return unit_run("codec.record", tests);
}
