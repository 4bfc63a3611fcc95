/*
 * rows.c - keys of rows: primary keys and index entries from values and records, and back; ids
 * that are made here (UUID version 7, ULID).
 */
#include "schema/schema.h"

#include <assert.h>
#include <stdlib.h>

/* ---- primary keys ---- */

static sgc_kind key_kind(const sgc_table *table)
{
    return sgc_field_slot(table, table->key)->kind;
}

static sgc_status key_status(const sgc_key *key)
{
    return key->overflow ? SGC_LIMIT : SGC_OK;
}

/* Appends the primary key bytes of a key value. */
static void append_key(sgc_key *key, sgc_kind kind, const sgc_value *value)
{
    sgc_key part;

    if (kind == SGC_KIND_INT)
        sgc_pk_int(&part, (int32_t)value->as.integer);
    else if (kind == SGC_KIND_BIGINT)
        sgc_pk_int64(&part, value->as.integer);
    else {
        sgc_key_raw(key, value->as.text);
        return;
    }
    sgc_key_raw(key, sgc_key_str(&part));
}

sgc_status sgc_row_key(const sgc_table *table, const sgc_value *value, sgc_key *key)
{
    assert(table->key != SGC_NONE);
    sgc_key_start(key);
    if (value->is_null || value->is_list) return SGC_NOT_NULL;
    append_key(key, key_kind(table), value);
    return key_status(key);
}

sgc_status sgc_key_from_json(const sgc_schema *schema, const sgc_table *table, const sgc_json *json,
                             sgc_arena *scratch, sgc_key *key, sgc_error *error)
{
    sgc_value value;
    sgc_status status =
        sgc_value_from_json(schema, &table->fields[table->key], sgc_field_slot(table, table->key),
                            json, scratch, &value, error);

    if (status != SGC_OK) return status;
    status = sgc_row_key(table, &value, key);
    if (status == SGC_LIMIT) return SGC_NOT_FOUND;
    return status == SGC_OK ? status : sgc_fail(error, status, "%s", sgc_status_text(status));
}

/* Primary key bytes of one end of a link, as a component or as they are. */
static sgc_status link_end(const sgc_table *table, sgc_str record, uint16_t field, bool component,
                           sgc_key *key)
{
    sgc_arena none = {0};
    sgc_value value;
    sgc_key end;

    sgc_key_start(&end);
    sgc_status status =
        sgc_record_field(&table->layout, record, table->fields[field].slot, &none, &value);
    if (status != SGC_OK) return status;
    if (value.is_null) return SGC_CORRUPT;
    append_key(&end, value.kind, &value);
    if (end.overflow) return SGC_LIMIT;
    if (component)
        sgc_key_text(key, sgc_key_str(&end), false);
    else
        sgc_key_raw(key, sgc_key_str(&end));
    return key_status(key);
}

/* The key of a row, without a value in between where it can be reached directly. */
static sgc_status row_record_key(const sgc_table *table, sgc_str record, sgc_key *key)
{
    const sgc_layout *layout = &table->layout;
    uint16_t at = table->fields[table->key].slot;
    const uint8_t *bytes = (const uint8_t *)record.data;
    sgc_arena none = {0};
    sgc_value value;

    if (at == layout->fixed_count) {
        sgc_str text;
        if (!sgc_record_check(record, layout->count, layout->version, layout->fixed_size) ||
            !sgc_read_str(bytes + SGC_RECORD_HEAD + layout->fixed_size, bytes + record.size,
                          &text) ||
            !text.data)
            return SGC_CORRUPT;
        sgc_pk_text(key, text);
        return key_status(key);
    }
    sgc_status status = sgc_record_field(layout, record, at, &none, &value);
    if (status != SGC_OK) return status;
    return value.is_null ? SGC_CORRUPT : sgc_row_key(table, &value, key);
}

sgc_status sgc_record_key(const sgc_table *table, sgc_str record, sgc_key *key)
{
    sgc_key_start(key);
    if (!table->link) return row_record_key(table, record, key);
    sgc_status status = link_end(table, record, 0, true, key);
    return status == SGC_OK ? link_end(table, record, 1, false, key) : status;
}

sgc_status sgc_key_to_value(const sgc_table *table, sgc_str key, sgc_value *value)
{
    int32_t narrow = 0;

    *value = (sgc_value){.kind = key_kind(table)};
    if (value->kind == SGC_KIND_INT) {
        if (!sgc_pk_read_int(key, &narrow)) return SGC_CORRUPT;
        value->as.integer = narrow;
        return SGC_OK;
    }
    if (value->kind == SGC_KIND_BIGINT)
        return sgc_pk_read_int64(key, &value->as.integer) ? SGC_OK : SGC_CORRUPT;
    value->as.text = key;
    return SGC_OK;
}

/* ---- index entries ---- */

static int compare_values(const void *a, const void *b)
{
    return sgc_value_compare(a, b);
}

/* The elements of a list, each once, in their order. */
static sgc_status distinct(const sgc_table *table, uint16_t index, sgc_str record, sgc_arena *arena,
                           sgc_value *list)
{
    uint16_t slot = table->fields[table->indexes[index].fields[0]].slot;
    sgc_status status = sgc_record_field(&table->layout, record, slot, arena, list);
    size_t kept = 0;

    if (status != SGC_OK) return status;
    if (list->is_null) list->as.list.count = 0;
    sgc_value *items = list->as.list.items;
    if (list->as.list.count > 1) qsort(items, list->as.list.count, sizeof *items, compare_values);
    for (size_t i = 0; i < list->as.list.count; i++)
        if (kept == 0 || sgc_value_compare(&items[kept - 1], &items[i]) != 0)
            items[kept++] = items[i];
    list->as.list.count = kept;
    return SGC_OK;
}

static sgc_status element_entry(const sgc_table *table, uint16_t index, sgc_str record,
                                uint32_t element, sgc_key *key, bool *has_null)
{
    sgc_arena arena = {0};
    sgc_value list;
    sgc_status status = distinct(table, index, record, &arena, &list);

    if (status == SGC_OK && element < list.as.list.count) {
        sgc_key_value(key, &list.as.list.items[element], false);
        *has_null = list.as.list.items[element].is_null;
        status = key_status(key);
    } else if (status == SGC_OK) {
        status = SGC_NOT_FOUND;
    }
    sgc_arena_free(&arena);
    return status;
}

sgc_status sgc_index_elements(const sgc_table *table, uint16_t index, sgc_str record,
                              sgc_arena *arena, sgc_str **entries, size_t *count)
{
    sgc_value list;
    sgc_status status = distinct(table, index, record, arena, &list);

    *count = 0;
    if (status != SGC_OK) return status;
    *entries = sgc_arena_zero(arena, list.as.list.count, sizeof **entries);
    if (!*entries) return SGC_NO_MEMORY;
    for (size_t i = 0; i < list.as.list.count; i++) {
        sgc_key key;
        sgc_key_start(&key);
        sgc_key_value(&key, &list.as.list.items[i], false);
        if (key.overflow) return SGC_LIMIT;
        (*entries)[i] = sgc_arena_str(arena, sgc_key_str(&key));
        if (!(*entries)[i].data) return SGC_NO_MEMORY;
    }
    *count = list.as.list.count;
    return SGC_OK;
}

sgc_status sgc_index_entry(const sgc_table *table, uint16_t index, sgc_str record, uint32_t element,
                           sgc_key *key, bool *has_null)
{
    const sgc_index *def = &table->indexes[index];
    sgc_arena none = {0};

    sgc_key_start(key);
    *has_null = false;
    if (def->elements) return element_entry(table, index, record, element, key, has_null);
    if (element > 0) return SGC_NOT_FOUND;
    if (index == 0) return SGC_OK;
    if (table->link) return link_end(table, record, def->fields[0], true, key);
    for (uint16_t i = 0; i < def->count; i++) {
        sgc_value value;
        uint16_t slot = table->fields[def->fields[i]].slot;
        sgc_status status = sgc_record_field(&table->layout, record, slot, &none, &value);
        if (status != SGC_OK) return status;
        sgc_key_value(key, &value, false);
        *has_null = *has_null || value.is_null;
    }
    return key_status(key);
}

/* ---- ids ---- */

static void put_hex(char *out, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";

    out[0] = digits[byte >> 4];
    out[1] = digits[byte & 15];
}

uint64_t sgc_id_tick(uint64_t last, uint64_t now_us, uint16_t seed)
{
    uint64_t now_ms = now_us / 1000;

    /* A full counter carries into the millisecond, which then runs ahead of the clock. */
    return now_ms > last >> 16 ? now_ms << 16 | (seed & 0x7fff) : last + 1;
}

/* RFC 9562 section 5.7: milliseconds, version 7, counter, variant 10, counter, the rest random. */
void sgc_uuidv7(uint64_t tick, const uint8_t random[8], char out[36])
{
    uint8_t bytes[16];

    for (int i = 0; i < 6; i++)
        bytes[i] = (uint8_t)(tick >> (56 - 8 * i));
    bytes[6] = (uint8_t)(0x70 | (tick >> 12 & 0x0f));
    bytes[7] = (uint8_t)(tick >> 4);
    bytes[8] = (uint8_t)(0x80 | (tick & 0x0f) << 2 | (random[0] & 3));
    memcpy(bytes + 9, random + 1, 7);
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
        put_hex(out, bytes[i]);
        out += 2;
    }
}

/* 48 bits of milliseconds and 80 more, five bits a character, alphabet of Crockford. */
void sgc_ulid(uint64_t tick, const uint8_t random[8], char out[26])
{
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint8_t low[10] = {(uint8_t)(tick >> 8), (uint8_t)tick};
    uint64_t unix_ms = tick >> 16;

    memcpy(low + 2, random, 8);
    for (int i = 9; i >= 0; i--, unix_ms >>= 5)
        out[i] = alphabet[unix_ms & 31];
    for (int half = 0; half < 2; half++) {
        uint64_t bits = 0;
        for (int i = 0; i < 5; i++)
            bits = bits << 8 | low[half * 5 + i];
        for (int i = 7; i >= 0; i--, bits >>= 5)
            out[10 + half * 8 + i] = alphabet[bits & 31];
    }
}
