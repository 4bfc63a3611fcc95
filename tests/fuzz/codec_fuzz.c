/*
 * codec_fuzz.c - bytes of anybody: as JSON, which must come back when it is accepted; as texts of
 * scalars, whose canonical forms must be accepted again; as MessagePack and as a record.
 */
#include "codec/codec.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void as_json(sgc_str text, sgc_arena *arena)
{
    sgc_json *json, *again;
    sgc_buf out = {0}, twice = {0};

    if (sgc_json_parse(text, arena, &json, NULL) != SGC_OK) return;
    sgc_json_write(&out, json);
    if (sgc_json_parse(sgc_buf_as_str(&out), arena, &again, NULL) != SGC_OK) abort();
    sgc_json_write(&twice, again);
    if (!sgc_str_eq(sgc_buf_as_str(&out), sgc_buf_as_str(&twice))) abort();
    sgc_buf_free(&out);
    sgc_buf_free(&twice);
}

static void as_double(sgc_str text)
{
    sgc_buf out = {0};
    double value, back;

    if (sgc_text_to_double(text, &value, NULL) != SGC_OK) return;
    sgc_json_float(&out, value);
    if (sgc_text_to_double(sgc_buf_as_str(&out), &back, NULL) != SGC_OK) abort();
    if (memcmp(&value, &back, sizeof value) != 0) abort();
    sgc_buf_free(&out);
}

static void as_moment(sgc_str text)
{
    sgc_buf out = {0};
    int64_t value, back;

    if (sgc_text_to_datetime(text, &value, NULL) == SGC_OK) {
        sgc_json_datetime(&out, value);
        sgc_str inside = sgc_str_of(out.data + 1, out.size - 2);
        if (sgc_text_to_datetime(inside, &back, NULL) != SGC_OK || back != value) abort();
    }
    sgc_buf_free(&out);
}

static void as_decimal(sgc_str text, sgc_arena *arena)
{
    sgc_str decimal, again;

    if (sgc_text_to_decimal(text, arena, &decimal, NULL) != SGC_OK) return;
    if (sgc_text_to_decimal(decimal, arena, &again, NULL) != SGC_OK) abort();
    if (!sgc_str_eq(decimal, again) || sgc_decimal_compare(decimal, again) != 0) abort();
}

static void as_record(sgc_str bytes, sgc_arena *arena)
{
    static const sgc_slot inner_slots[] = {{.kind = SGC_KIND_INT}, {.kind = SGC_KIND_STRING}};
    static const sgc_layout inner = {.slots = inner_slots, .count = 2};
    static const sgc_slot slots[] = {
        {.kind = SGC_KIND_INT, .offset = 6},
        {.kind = SGC_KIND_BOOLEAN, .offset = 11},
        {.kind = SGC_KIND_FLOAT, .offset = 12},
        {.kind = SGC_KIND_STRING},
        {.kind = SGC_KIND_BYTES},
        {.kind = SGC_KIND_ENUM, .list = true},
        {.kind = SGC_KIND_EMBEDDED, .list = true, .embedded = &inner},
    };
    static const sgc_layout layout = {
        .slots = slots, .count = 7, .fixed_count = 3, .version = 1, .fixed_size = 15};
    sgc_value values[7], again[7];
    sgc_buf out = {0};
    const uint8_t *p = (const uint8_t *)bytes.data, *behind = sgc_read_skip(p, p + bytes.size);

    if (behind && (behind <= p || behind > p + bytes.size)) abort();
    if (sgc_record_unpack(&layout, bytes, arena, values) != SGC_OK) return;
    if (sgc_record_pack(&layout, values, &out) != SGC_OK) abort();
    if (sgc_record_unpack(&layout, sgc_buf_as_str(&out), arena, again) != SGC_OK) abort();
    for (int i = 0; i < 7; i++)
        if (sgc_value_compare(&values[i], &again[i]) != 0) abort();
    sgc_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sgc_arena arena = {0};
    char *copy = malloc(size + 1); /* of exactly this size: reading beyond it is found */

    if (!copy) return 0;
    memcpy(copy, data, size);
    sgc_str text = sgc_str_of(copy, size);
    as_json(text, &arena);
    as_double(text);
    as_moment(text);
    as_decimal(text, &arena);
    as_record(text, &arena);
    free(copy);
    sgc_arena_free(&arena);
    return 0;
}
