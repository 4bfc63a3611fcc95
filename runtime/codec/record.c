/*
 * record.c - records: MessagePack arrays written and read through a layout, and the out-of-line
 * half of the writers and readers that emitted code uses. Readers trust no byte. The order of
 * values is here too, because it is the order that keys keep.
 */
#include "codec/codec.h"

#include <assert.h>
#include <math.h>

/* A record above this is refused: lengths stay far from the 32 bits of MessagePack. */
enum { RECORD_MAX = 256 << 20, NESTING_MAX = 64, VALUE_NESTING_MAX = 60 };

/* ---- writers ---- */

static uint8_t *put_head(uint8_t *p, size_t size, uint8_t fix, size_t fix_max, uint8_t wide)
{
    assert(size <= UINT32_MAX);
    if (size <= fix_max) {
        *p = (uint8_t)(fix | size);
        return p + 1;
    }
    /* wide: the marker with an 8-bit length, then 16, then 32. */
    if (size <= 0xff) {
        p[0] = wide;
        p[1] = (uint8_t)size;
        return p + 2;
    }
    if (size <= 0xffff) {
        p[0] = (uint8_t)(wide + 1);
        return sgc_put_be16(p + 1, (uint16_t)size);
    }
    p[0] = (uint8_t)(wide + 2);
    return sgc_put_be32(p + 1, (uint32_t)size);
}

static uint8_t *put_bytes(uint8_t *p, sgc_str bytes)
{
    if (bytes.size) memcpy(p, bytes.data, bytes.size);
    return p + bytes.size;
}

uint8_t *sgc_put_str(uint8_t *p, sgc_str str)
{
    if (!str.data) return sgc_put_nil(p);
    return put_bytes(put_head(p, str.size, 0xa0, 31, 0xd9), str);
}

uint8_t *sgc_put_bin(uint8_t *p, sgc_str bytes)
{
    if (!bytes.data) return sgc_put_nil(p);
    if (bytes.size == 0) {
        p[0] = 0xc4;
        p[1] = 0;
        return p + 2;
    }
    return put_bytes(put_head(p, bytes.size, 0, 0, 0xc4), bytes);
}

uint8_t *sgc_put_array(uint8_t *p, uint32_t count)
{
    if (count <= 15) {
        *p = (uint8_t)(0x90 | count);
        return p + 1;
    }
    if (count <= 0xffff) {
        *p = 0xdc;
        return sgc_put_be16(p + 1, (uint16_t)count);
    }
    *p = 0xdd;
    return sgc_put_be32(p + 1, count);
}

/* ---- readers ---- */

static bool has_bytes(const uint8_t *p, const uint8_t *end, size_t size)
{
    return p && p <= end && (size_t)(end - p) >= size;
}

/* Big-endian length of 1, 2 or 4 bytes at p; NULL when it is cut off. */
static const uint8_t *read_length(const uint8_t *p, const uint8_t *end, size_t width, size_t *out)
{
    if (!has_bytes(p, end, width)) return NULL;
    *out = width == 1 ? *p : width == 2 ? sgc_be16(p) : sgc_be32(p);
    return p + width;
}

static const uint8_t *read_slice(const uint8_t *p, const uint8_t *end, size_t size, sgc_str *out)
{
    if (!has_bytes(p, end, size)) return NULL;
    *out = sgc_str_of((const char *)p, size);
    return p + size;
}

const uint8_t *sgc_read_long_str(const uint8_t *p, const uint8_t *end, sgc_str *out)
{
    size_t size;

    *out = sgc_str_of(NULL, 0);
    if (!has_bytes(p, end, 1)) return NULL;
    uint8_t head = *p++;
    if (head == 0xc0) return p;
    if ((head & 0xe0) == 0xa0) return read_slice(p, end, head & 0x1f, out);
    if (head < 0xd9 || head > 0xdb) return NULL;
    p = read_length(p, end, (size_t)1 << (head - 0xd9), &size);
    return p ? read_slice(p, end, size, out) : NULL;
}

const uint8_t *sgc_read_bin(const uint8_t *p, const uint8_t *end, sgc_str *out)
{
    size_t size;

    *out = sgc_str_of(NULL, 0);
    if (!has_bytes(p, end, 1)) return NULL;
    uint8_t head = *p++;
    if (head == 0xc0) return p;
    if (head < 0xc4 || head > 0xc6) return NULL;
    p = read_length(p, end, (size_t)1 << (head - 0xc4), &size);
    return p ? read_slice(p, end, size, out) : NULL;
}

const uint8_t *sgc_read_array(const uint8_t *p, const uint8_t *end, uint32_t *count, bool *is_null)
{
    size_t size;

    *count = 0;
    *is_null = false;
    if (!has_bytes(p, end, 1)) return NULL;
    uint8_t head = *p++;
    if (head == 0xc0) {
        *is_null = true;
        return p;
    }
    if ((head & 0xf0) == 0x90) {
        size = head & 0x0f;
    } else if (head == 0xdc || head == 0xdd) {
        p = read_length(p, end, head == 0xdc ? 2 : 4, &size);
    } else {
        return NULL;
    }
    /* Every element takes a byte at least: a count that cannot be true is refused here. */
    if (!p || size > (size_t)(end - p)) return NULL;
    *count = (uint32_t)size;
    return p;
}

/* A slot of width 3, 5 or 9: `tag` and the value, or the null of that width. */
static const uint8_t *read_fixed(const uint8_t *p, const uint8_t *end, uint8_t tag, size_t width,
                                 bool *has)
{
    *has = false;
    if (!has_bytes(p, end, width)) return NULL;
    if (*p == tag) {
        *has = true;
        return p + width;
    }
    if (width == 3) return p[0] == 0xd4 && p[1] == SGC_EXT_NULL ? p + 3 : NULL;
    if (p[0] != 0xc7 || p[1] != width - 3 || p[2] != SGC_EXT_NULL) return NULL;
    return p + width;
}

const uint8_t *sgc_read_bool(const uint8_t *p, const uint8_t *end, bool *has, bool *out)
{
    *has = false;
    *out = false;
    if (!has_bytes(p, end, 1) || (*p != 0xc0 && *p != 0xc2 && *p != 0xc3)) return NULL;
    *has = *p != 0xc0;
    *out = *p == 0xc3;
    return p + 1;
}

const uint8_t *sgc_read_enum(const uint8_t *p, const uint8_t *end, bool *has, uint16_t *out)
{
    const uint8_t *next = read_fixed(p, end, 0xcd, 3, has);

    *out = *has ? sgc_slot_enum(p) : 0;
    return next;
}

const uint8_t *sgc_read_int(const uint8_t *p, const uint8_t *end, bool *has, int32_t *out)
{
    const uint8_t *next = read_fixed(p, end, 0xd2, 5, has);

    *out = *has ? sgc_slot_int(p) : 0;
    return next;
}

const uint8_t *sgc_read_int64(const uint8_t *p, const uint8_t *end, bool *has, int64_t *out)
{
    const uint8_t *next = read_fixed(p, end, 0xd3, 9, has);

    *out = *has ? sgc_slot_int64(p) : 0;
    return next;
}

const uint8_t *sgc_read_float(const uint8_t *p, const uint8_t *end, bool *has, double *out)
{
    const uint8_t *next = read_fixed(p, end, 0xcb, 9, has);

    *out = *has ? sgc_slot_float(p) : 0;
    return next && !isfinite(*out) ? NULL : next;
}

/*
 * Size of the object's own bytes by its first byte; *nested counts the objects behind it that
 * belong to it. 0 for the byte MessagePack never uses.
 */
static size_t skip_size(uint8_t head, const uint8_t *p, size_t left, size_t *nested)
{
    static const uint8_t fixed[32] = {
        /* 0xc0 */ 1, 0, 1, 1, 0, 0, 0, 0,  0, 0, 5, 9, 2, 3, 5, 9,
        /* 0xd0 */ 2, 3, 5, 9, 3, 4, 6, 10, 18};
    size_t width, size;

    *nested = 0;
    if (head < 0x80 || head >= 0xe0) return 1;
    if (head < 0xa0) {
        *nested = (size_t)(head & 0x0f) << (head < 0x90);
        return 1;
    }
    if (head < 0xc0) return 1 + (size_t)(head & 0x1f);
    if (fixed[head - 0xc0]) return fixed[head - 0xc0];
    if (head == 0xc1) return 0;
    if (head >= 0xdc) {
        width = head & 1 ? 4 : 2;
    } else {
        size_t step = head >= 0xd9 ? head - 0xd9U : (head - 0xc4U) % 3;
        width = (size_t)1 << step;
    }
    if (left < 1 + width) return 0;
    size = width == 1 ? p[1] : width == 2 ? sgc_be16(p + 1) : sgc_be32(p + 1);
    if (head >= 0xdc) {
        *nested = size << (head >= 0xde);
        return 1 + width;
    }
    return 1 + width + (head >= 0xc7 && head <= 0xc9) + size;
}

static const uint8_t *skip(const uint8_t *p, const uint8_t *end, unsigned depth)
{
    size_t nested;

    if (depth == 0 || !has_bytes(p, end, 1)) return NULL;
    size_t size = skip_size(*p, p, (size_t)(end - p), &nested);
    if (size == 0 || !has_bytes(p, end, size)) return NULL;
    p += size;
    while (p && nested > 0) {
        p = skip(p, end, depth - 1);
        nested--;
    }
    return p;
}

const uint8_t *sgc_read_skip(const uint8_t *p, const uint8_t *end)
{
    return skip(p, end, NESTING_MAX);
}

/* ---- packing through a layout ---- */

typedef struct pack_state {
    sgc_buf *out;
    size_t start;   /* where the record begins in out */
    unsigned depth; /* of lists and embedded values */
    bool too_long;  /* or nested too deeply: SGC_LIMIT */
} pack_state;

static void pack_value(pack_state *packer, const sgc_slot *slot, const sgc_value *value,
                       bool element);

/* Room for `size` bytes of the record, NULL when it gets too long or memory is out. */
static uint8_t *pack_room(pack_state *packer, size_t size)
{
    if (size > RECORD_MAX || packer->out->size - packer->start > RECORD_MAX - size)
        packer->too_long = true;
    return packer->too_long ? NULL : (uint8_t *)sgc_buf_reserve(packer->out, size);
}

static void pack_end(pack_state *packer, const uint8_t *end)
{
    packer->out->size = (size_t)(end - (const uint8_t *)packer->out->data);
}

static bool pack_array(pack_state *packer, size_t count)
{
    /* What is written must be readable: the readers go NESTING_MAX deep. */
    if (count > RECORD_MAX || packer->depth >= VALUE_NESTING_MAX) packer->too_long = true;
    uint8_t *p = pack_room(packer, 5);
    if (!p) return false;
    pack_end(packer, sgc_put_array(p, (uint32_t)count));
    return true;
}

static void pack_list(pack_state *packer, const sgc_slot *slot, const sgc_value *value)
{
    if (!pack_array(packer, value->as.list.count)) return;
    packer->depth++;
    for (size_t i = 0; i < value->as.list.count && !packer->too_long; i++)
        pack_value(packer, slot, &value->as.list.items[i], true);
    packer->depth--;
}

static void pack_embedded(pack_state *packer, const sgc_slot *slot, const sgc_value *value)
{
    assert(value->as.list.count == slot->embedded->count);
    if (!pack_array(packer, slot->embedded->count)) return;
    packer->depth++;
    for (uint16_t i = 0; i < slot->embedded->count && !packer->too_long; i++)
        pack_value(packer, &slot->embedded->slots[i], &value->as.list.items[i], false);
    packer->depth--;
}

static uint8_t *put_fixed(uint8_t *p, sgc_kind kind, const sgc_value *value)
{
    bool has = !value->is_null;

    if (kind == SGC_KIND_BOOLEAN) return sgc_put_bool(p, has, has && value->as.boolean);
    if (kind == SGC_KIND_ENUM) return sgc_put_enum(p, has, has ? value->as.enumeration : 0);
    if (kind == SGC_KIND_INT) return sgc_put_int(p, has, has ? (int32_t)value->as.integer : 0);
    if (kind == SGC_KIND_FLOAT) return sgc_put_float(p, has, has ? value->as.real : 0);
    return sgc_put_int64(p, has, has ? value->as.integer : 0);
}

static void pack_text(pack_state *packer, sgc_kind kind, sgc_str text)
{
    uint8_t *p = text.size > RECORD_MAX ? NULL : pack_room(packer, sgc_str_room(text.size));

    if (text.size > RECORD_MAX) packer->too_long = true;
    if (p) pack_end(packer, kind == SGC_KIND_BYTES ? sgc_put_bin(p, text) : sgc_put_str(p, text));
}

/* element: the value stands in a list, so slot->list is not asked again. */
static void pack_value(pack_state *packer, const sgc_slot *slot, const sgc_value *value,
                       bool element)
{
    bool list = slot->list && !element;

    if (!list && sgc_kind_is_fixed(slot->kind)) {
        uint8_t *p = pack_room(packer, sgc_kind_width(slot->kind));
        if (p) pack_end(packer, put_fixed(p, slot->kind, value));
    } else if (value->is_null) {
        uint8_t *p = pack_room(packer, 1);
        if (p) pack_end(packer, sgc_put_nil(p));
    } else if (list) {
        pack_list(packer, slot, value);
    } else if (slot->kind == SGC_KIND_EMBEDDED) {
        pack_embedded(packer, slot, value);
    } else {
        pack_text(packer, slot->kind, value->as.text);
    }
}

sgc_status sgc_record_pack(const sgc_layout *layout, const sgc_value *values, sgc_buf *out)
{
    pack_state packer = {.out = out, .start = out->size};
    uint8_t *p = pack_room(&packer, SGC_RECORD_HEAD);

    if (p) pack_end(&packer, sgc_put_record_head(p, layout->count, layout->version));
    for (uint16_t i = 0; i < layout->count && !packer.too_long; i++)
        pack_value(&packer, &layout->slots[i], &values[i], false);
    if (packer.too_long) return SGC_LIMIT;
    return out->failed ? SGC_NO_MEMORY : SGC_OK;
}

/* ---- unpacking through a layout ---- */

typedef struct unpacker {
    const uint8_t *p, *end; /* p is NULL once the bytes were wrong */
    sgc_arena *arena;
    unsigned depth;
    bool no_memory;
} unpacker;

static void unpack_value(unpacker *in, const sgc_slot *slot, bool element, sgc_value *value);

static void unpack_fixed(unpacker *in, sgc_kind kind, sgc_value *value)
{
    bool has = false;
    int32_t narrow;

    if (kind == SGC_KIND_BOOLEAN) {
        in->p = sgc_read_bool(in->p, in->end, &has, &value->as.boolean);
    } else if (kind == SGC_KIND_ENUM) {
        in->p = sgc_read_enum(in->p, in->end, &has, &value->as.enumeration);
    } else if (kind == SGC_KIND_INT) {
        in->p = sgc_read_int(in->p, in->end, &has, &narrow);
        value->as.integer = narrow;
    } else if (kind == SGC_KIND_FLOAT) {
        in->p = sgc_read_float(in->p, in->end, &has, &value->as.real);
    } else {
        in->p = sgc_read_int64(in->p, in->end, &has, &value->as.integer);
    }
    value->is_null = !has;
}

/* One level deeper; the caller leaves it again. */
static sgc_value *unpack_items(unpacker *in, size_t count)
{
    if (in->depth++ >= VALUE_NESTING_MAX) {
        in->p = NULL;
        return NULL;
    }
    sgc_value *items = sgc_arena_zero(in->arena, count, sizeof *items);
    if (!items) {
        in->no_memory = true;
        in->p = NULL;
    }
    return items;
}

static void unpack_list(unpacker *in, const sgc_slot *slot, sgc_value *value)
{
    uint32_t count;

    value->is_list = true;
    in->p = sgc_read_array(in->p, in->end, &count, &value->is_null);
    if (!in->p || value->is_null) return;
    sgc_value *items = unpack_items(in, count);
    value->as.list.items = items;
    value->as.list.count = items ? count : 0;
    for (uint32_t i = 0; i < count && in->p; i++)
        unpack_value(in, slot, true, &items[i]);
    in->depth--;
}

static void unpack_embedded(unpacker *in, const sgc_layout *layout, sgc_value *value)
{
    uint32_t count;

    in->p = sgc_read_array(in->p, in->end, &count, &value->is_null);
    if (!in->p || value->is_null) return;
    if (count != layout->count) in->p = NULL;
    if (!in->p) return;
    sgc_value *items = unpack_items(in, count);
    value->as.list.items = items;
    value->as.list.count = items ? count : 0;
    for (uint32_t i = 0; i < count && in->p; i++)
        unpack_value(in, &layout->slots[i], false, &items[i]);
    in->depth--;
}

static void unpack_value(unpacker *in, const sgc_slot *slot, bool element, sgc_value *value)
{
    *value = (sgc_value){.kind = slot->kind};
    if (slot->list && !element) {
        unpack_list(in, slot, value);
    } else if (sgc_kind_is_fixed(slot->kind)) {
        unpack_fixed(in, slot->kind, value);
    } else if (slot->kind == SGC_KIND_EMBEDDED) {
        unpack_embedded(in, slot->embedded, value);
    } else {
        in->p = slot->kind == SGC_KIND_BYTES ? sgc_read_bin(in->p, in->end, &value->as.text)
                                             : sgc_read_str(in->p, in->end, &value->as.text);
        value->is_null = !value->as.text.data;
    }
}

static unpacker unpacker_start(const sgc_layout *layout, sgc_str record, sgc_arena *arena)
{
    unpacker in = {.arena = arena};

    if (!sgc_record_check(record, layout->count, layout->version, layout->fixed_size)) return in;
    in.p = (const uint8_t *)record.data + SGC_RECORD_HEAD;
    in.end = (const uint8_t *)record.data + record.size;
    return in;
}

static sgc_status unpacker_status(const unpacker *in)
{
    if (in->p) return SGC_OK;
    return in->no_memory ? SGC_NO_MEMORY : SGC_CORRUPT;
}

sgc_status sgc_record_field(const sgc_layout *layout, sgc_str record, uint16_t slot,
                            sgc_arena *arena, sgc_value *value)
{
    unpacker in = unpacker_start(layout, record, arena);

    *value = (sgc_value){.is_null = true, .kind = layout->slots[slot].kind};
    if (!in.p) return SGC_CORRUPT;
    if (slot < layout->fixed_count) {
        in.p += layout->slots[slot].offset - SGC_RECORD_HEAD;
    } else {
        in.p += layout->fixed_size;
        for (uint16_t i = layout->fixed_count; i < slot; i++)
            in.p = sgc_read_skip(in.p, in.end);
    }
    unpack_value(&in, &layout->slots[slot], false, value);
    return unpacker_status(&in);
}

sgc_status sgc_record_unpack(const sgc_layout *layout, sgc_str record, sgc_arena *arena,
                             sgc_value *values)
{
    unpacker in = unpacker_start(layout, record, arena);

    for (uint16_t i = 0; i < layout->count && in.p; i++)
        unpack_value(&in, &layout->slots[i], false, &values[i]);
    if (in.p && in.p != in.end) in.p = NULL;
    return unpacker_status(&in);
}

/* ---- order ---- */

static int order_of(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_items(const sgc_value *a, const sgc_value *b)
{
    size_t shorter = a->as.list.count < b->as.list.count ? a->as.list.count : b->as.list.count;

    for (size_t i = 0; i < shorter; i++) {
        int order = sgc_value_compare(&a->as.list.items[i], &b->as.list.items[i]);
        if (order != 0) return order;
    }
    return (a->as.list.count > b->as.list.count) - (a->as.list.count < b->as.list.count);
}

int sgc_value_compare(const sgc_value *a, const sgc_value *b)
{
    if (a->is_null || b->is_null) return (int)a->is_null - (int)b->is_null;
    if (a->is_list || a->kind == SGC_KIND_EMBEDDED) return compare_items(a, b);
    assert(a->kind == b->kind);
    switch (a->kind) {
    case SGC_KIND_BOOLEAN:
        return (int)a->as.boolean - (int)b->as.boolean;
    case SGC_KIND_ENUM:
        return (int)a->as.enumeration - (int)b->as.enumeration;
    case SGC_KIND_FLOAT:
        return (a->as.real > b->as.real) - (a->as.real < b->as.real);
    case SGC_KIND_DECIMAL:
        return sgc_decimal_compare(a->as.text, b->as.text);
    case SGC_KIND_INT:
    case SGC_KIND_BIGINT:
    case SGC_KIND_DATETIME:
    case SGC_KIND_DATE:
    case SGC_KIND_TIME:
        return order_of(a->as.integer, b->as.integer);
    case SGC_KIND_STRING:
    case SGC_KIND_ID:
    case SGC_KIND_UUID:
    case SGC_KIND_JSON:
    case SGC_KIND_BYTES:
    case SGC_KIND_EMBEDDED:
        break;
    }
    return sgc_str_compare(a->as.text, b->as.text);
}
