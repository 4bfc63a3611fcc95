/*
 * list.c - lists of scalars in their stored form: walking, copying, writing, as JSON. How single
 * elements are read and written is record.c's business.
 */
#include "sgc/list.h"

/* Takes what a reader consumed off the list. */
static bool advance(sgc_list *list, const uint8_t *next)
{
    if (!next) {
        list->count = 0;
        return false;
    }
    list->size -= (size_t)(next - list->data);
    list->data = next;
    list->count--;
    return true;
}

static const uint8_t *list_end(const sgc_list *list)
{
    return list->data + list->size;
}

bool sgc_list_next_str(sgc_list *list, sgc_str *item)
{
    return list->count > 0 && advance(list, sgc_read_str(list->data, list_end(list), item));
}

bool sgc_list_next_bytes(sgc_list *list, sgc_str *item)
{
    return list->count > 0 && advance(list, sgc_read_bin(list->data, list_end(list), item));
}

bool sgc_list_next_bool(sgc_list *list, bool *has, bool *item)
{
    bool given;

    return list->count > 0 &&
           advance(list, sgc_read_bool(list->data, list_end(list), has ? has : &given, item));
}

bool sgc_list_next_enum(sgc_list *list, uint16_t *item)
{
    bool has;

    return list->count > 0 && advance(list, sgc_read_enum(list->data, list_end(list), &has, item));
}

bool sgc_list_next_int(sgc_list *list, bool *has, int32_t *item)
{
    bool given;

    return list->count > 0 &&
           advance(list, sgc_read_int(list->data, list_end(list), has ? has : &given, item));
}

bool sgc_list_next_int64(sgc_list *list, bool *has, int64_t *item)
{
    bool given;

    return list->count > 0 &&
           advance(list, sgc_read_int64(list->data, list_end(list), has ? has : &given, item));
}

bool sgc_list_next_float(sgc_list *list, bool *has, double *item)
{
    bool given;

    return list->count > 0 &&
           advance(list, sgc_read_float(list->data, list_end(list), has ? has : &given, item));
}

bool sgc_list_next_packed(sgc_list *list, sgc_str *item)
{
    return list->count > 0 && advance(list, sgc_read_packed(list->data, list_end(list), item));
}

/* Steps over one element and says whether it is of the kind. */
static bool step(sgc_list *list, sgc_kind kind)
{
    sgc_str text;
    bool flag;
    uint16_t number;
    int32_t narrow;
    int64_t wide;
    double real;

    switch (kind) {
    case SGC_KIND_BOOLEAN:
        return sgc_list_next_bool(list, NULL, &flag);
    case SGC_KIND_ENUM:
        return sgc_list_next_enum(list, &number);
    case SGC_KIND_INT:
        return sgc_list_next_int(list, NULL, &narrow);
    case SGC_KIND_BIGINT:
    case SGC_KIND_DATETIME:
    case SGC_KIND_DATE:
    case SGC_KIND_TIME:
        return sgc_list_next_int64(list, NULL, &wide);
    case SGC_KIND_FLOAT:
        return sgc_list_next_float(list, NULL, &real);
    case SGC_KIND_BYTES:
        return sgc_list_next_bytes(list, &text);
    case SGC_KIND_EMBEDDED:
        return sgc_list_next_packed(list, &text);
    case SGC_KIND_STRING:
    case SGC_KIND_ID:
    case SGC_KIND_UUID:
    case SGC_KIND_DECIMAL:
    case SGC_KIND_JSON:
        break;
    }
    return sgc_list_next_str(list, &text);
}

const uint8_t *sgc_read_list(const uint8_t *p, const uint8_t *end, sgc_kind kind, sgc_list *out)
{
    sgc_list rest = {NULL, 0, 0};
    bool is_null;

    *out = rest;
    p = sgc_read_array(p, end, &rest.count, &is_null);
    if (!p || is_null) return p;
    uint32_t count = rest.count;
    rest.data = p;
    rest.size = (size_t)(end - p);
    for (uint32_t i = 0; i < count; i++)
        if (!step(&rest, kind)) return NULL;
    out->data = p;
    out->size = (size_t)(rest.data - p);
    out->count = count;
    return rest.data;
}

const uint8_t *sgc_read_packed(const uint8_t *p, const uint8_t *end, sgc_str *out)
{
    *out = sgc_str_of(NULL, 0);
    if (!p || p >= end) return NULL;
    if (*p == 0xc0) return p + 1;
    const uint8_t *next = sgc_read_skip(p, end);
    if (next) *out = sgc_str_of((const char *)p, (size_t)(next - p));
    return next;
}

uint8_t *sgc_put_list(uint8_t *p, sgc_list list)
{
    if (!list.data) return sgc_put_nil(p);
    p = sgc_put_array(p, list.count);
    if (list.size) memcpy(p, list.data, list.size);
    return p + list.size;
}

uint8_t *sgc_put_packed(uint8_t *p, sgc_str packed)
{
    if (!packed.data) return sgc_put_nil(p);
    memcpy(p, packed.data, packed.size);
    return p + packed.size;
}

bool sgc_list_copy(sgc_arena *arena, sgc_list list, sgc_list *out)
{
    *out = list;
    if (!list.data) return true;
    uint8_t *data = sgc_arena_alloc(arena, list.size);
    if (data && list.size) memcpy(data, list.data, list.size);
    out->data = data;
    return data != NULL;
}

/* Elements of fixed-width kinds but enums, which have names only the emitted code knows. */
static bool json_number(sgc_buf *out, sgc_kind kind, sgc_list *list)
{
    bool has = false, flag = false;
    int32_t narrow = 0;
    int64_t wide = 0;
    double real = 0;

    if (kind == SGC_KIND_BOOLEAN) {
        if (!sgc_list_next_bool(list, &has, &flag)) return false;
        if (has) sgc_json_bool(out, flag);
    } else if (kind == SGC_KIND_INT) {
        if (!sgc_list_next_int(list, &has, &narrow)) return false;
        if (has) sgc_json_int64(out, narrow);
    } else if (kind == SGC_KIND_FLOAT) {
        if (!sgc_list_next_float(list, &has, &real)) return false;
        if (has) sgc_json_float(out, real);
    } else {
        if (!sgc_list_next_int64(list, &has, &wide)) return false;
        if (has && kind == SGC_KIND_BIGINT) sgc_json_bigint(out, wide);
        if (has && kind == SGC_KIND_DATETIME) sgc_json_datetime(out, wide);
        if (has && kind == SGC_KIND_DATE) sgc_json_date(out, wide);
        if (has && kind == SGC_KIND_TIME) sgc_json_time(out, wide);
    }
    if (!has) sgc_json_null(out);
    return true;
}

static bool json_item(sgc_buf *out, sgc_kind kind, sgc_list *list)
{
    sgc_str text;

    if (sgc_kind_is_fixed(kind)) return json_number(out, kind, list);
    if (kind == SGC_KIND_BYTES) {
        if (!sgc_list_next_bytes(list, &text)) return false;
        if (text.data)
            sgc_json_base64(out, text);
        else
            sgc_json_null(out);
        return true;
    }
    if (!sgc_list_next_str(list, &text)) return false;
    if (kind == SGC_KIND_JSON && text.data)
        sgc_buf_str(out, text);
    else
        sgc_json_str(out, text);
    return true;
}

void sgc_list_json(sgc_buf *out, sgc_kind kind, sgc_list list)
{
    if (!list.data) {
        sgc_json_null(out);
        return;
    }
    sgc_buf_byte(out, '[');
    size_t start = out->size;
    do {
        size_t before = out->size;
        if (before > start) sgc_buf_byte(out, ',');
        if (!json_item(out, kind, &list)) out->size = before;
    } while (list.count > 0);
    sgc_buf_byte(out, ']');
}
