/*
 * key.c - keys whose byte order is the order of their values, and primary keys. What a component
 * looks like is said in sgc/codec.h; decimals are described here. Nothing here knows records.
 */
#include "codec/codec.h"

#include <assert.h>

enum { MARK_VALUE = 1, MARK_NULL = 2 };

/* Room for `size` more bytes, or NULL and overflow set. */
static uint8_t *room(sgc_key *key, size_t size)
{
    if (key->overflow || size > SGC_KEY_MAX - key->size) {
        key->overflow = true;
        return NULL;
    }
    uint8_t *at = key->bytes + key->size;
    key->size += size;
    return at;
}

static void invert(uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)~bytes[i];
}

/* Marker and `size` big-endian bytes of value. */
static void number(sgc_key *key, uint64_t value, size_t size, bool descending)
{
    uint8_t *at = room(key, size + 1);

    if (!at) return;
    at[0] = MARK_VALUE;
    for (size_t i = size; i > 0; i--) {
        at[i] = (uint8_t)value;
        value >>= 8;
    }
    if (descending) invert(at, size + 1);
}

void sgc_key_null(sgc_key *key, bool descending)
{
    uint8_t *at = room(key, 1);

    if (at) *at = (uint8_t)(descending ? ~MARK_NULL : MARK_NULL);
}

void sgc_key_bool(sgc_key *key, bool value, bool descending)
{
    number(key, value, 1, descending);
}

void sgc_key_enum(sgc_key *key, uint16_t value, bool descending)
{
    number(key, value, 2, descending);
}

void sgc_key_int(sgc_key *key, int32_t value, bool descending)
{
    number(key, (uint32_t)value ^ 0x80000000U, 4, descending);
}

void sgc_key_int64(sgc_key *key, int64_t value, bool descending)
{
    number(key, (uint64_t)value ^ (uint64_t)1 << 63, 8, descending);
}

void sgc_key_float(sgc_key *key, double value, bool descending)
{
    uint64_t bits;

    value += 0.0; /* -0.0 becomes 0.0 */
    memcpy(&bits, &value, sizeof bits);
    /* IEEE 754: negative numbers order by descending bits, positive ones by ascending ones. */
    bits = bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
    number(key, bits, 8, descending);
}

static void text(sgc_key *key, sgc_str value, bool terminate, bool descending)
{
    size_t start = key->size;

    if (!value.data) {
        sgc_key_null(key, descending);
        return;
    }
    uint8_t *at = room(key, 1);
    if (at) *at = MARK_VALUE;
    for (size_t from = 0; at && from < value.size;) {
        const char *zero = memchr(value.data + from, 0, value.size - from);
        size_t size = zero ? (size_t)(zero - value.data) - from : value.size - from;
        at = room(key, size);
        if (at && size) memcpy(at, value.data + from, size);
        from += size;
        if (zero && at && (at = room(key, 2))) {
            at[0] = 0;
            at[1] = 0xff;
            from++;
        }
    }
    if (terminate && at && (at = room(key, 2))) at[0] = at[1] = 0;
    if (descending) invert(key->bytes + start, key->size - start);
}

void sgc_key_text(sgc_key *key, sgc_str value, bool descending)
{
    text(key, value, true, descending);
}

static void lower(sgc_key *key, size_t from)
{
    for (size_t i = from; i < key->size; i++)
        if (key->bytes[i] >= 'A' && key->bytes[i] <= 'F') key->bytes[i] |= 0x20;
}

void sgc_key_uuid(sgc_key *key, sgc_str value, bool descending)
{
    size_t start = key->size;

    sgc_key_text(key, value, false);
    lower(key, start);
    if (descending) invert(key->bytes + start, key->size - start);
}

void sgc_pk_uuid(sgc_key *key, sgc_str value)
{
    sgc_pk_text(key, value);
    lower(key, 0);
}

void sgc_key_text_prefix(sgc_key *key, sgc_str value, bool descending)
{
    text(key, value, false, descending);
}

void sgc_key_raw(sgc_key *key, sgc_str bytes)
{
    uint8_t *at = room(key, bytes.size);

    if (at && bytes.size) memcpy(at, bytes.data, bytes.size);
}

/* ---- primary keys ---- */

void sgc_pk_int(sgc_key *key, int32_t value)
{
    sgc_key_start(key);
    sgc_put_be32(room(key, 4), (uint32_t)value ^ 0x80000000U);
}

void sgc_pk_int64(sgc_key *key, int64_t value)
{
    sgc_key_start(key);
    sgc_put_be64(room(key, 8), (uint64_t)value ^ (uint64_t)1 << 63);
}

bool sgc_pk_read_int(sgc_str bytes, int32_t *value)
{
    if (bytes.size != 4) return false;
    *value = (int32_t)(sgc_be32((const uint8_t *)bytes.data) ^ 0x80000000U);
    return true;
}

bool sgc_pk_read_int64(sgc_str bytes, int64_t *value)
{
    if (bytes.size != 8) return false;
    *value = (int64_t)(sgc_be64((const uint8_t *)bytes.data) ^ (uint64_t)1 << 63);
    return true;
}

/* ---- decimals ---- */

/* A decimal as +-0.d1d2d3.. * 10^exponent, d1 != 0. */
typedef struct decimal {
    int sign; /* -1, 0, 1 */
    int32_t exponent;
    sgc_str whole, fraction; /* digits without leading zeros of the number */
} decimal;

static size_t leading_zeros(sgc_str digits)
{
    size_t count = 0;

    while (count < digits.size && digits.data[count] == '0')
        count++;
    return count;
}

static sgc_str behind(sgc_str text, size_t skip)
{
    return sgc_str_of(text.data + skip, text.size - skip);
}

/* Signs and zeros that a person may write but no stored decimal has mean nothing here. */
static decimal decimal_parts(sgc_str text)
{
    bool negative = text.size > 0 && text.data[0] == '-';
    bool sign = negative || (text.size > 0 && text.data[0] == '+');
    const char *point = text.size ? memchr(text.data, '.', text.size) : NULL;
    size_t whole_end = point ? (size_t)(point - text.data) : text.size;
    decimal d = {.sign = negative ? -1 : 1, .whole = sgc_str_of(text.data, whole_end)};

    if (sign && whole_end > 0) d.whole = behind(d.whole, 1);
    d.whole = behind(d.whole, leading_zeros(d.whole));
    if (point) d.fraction = sgc_str_of(point + 1, text.size - whole_end - 1);
    while (d.fraction.size > 0 && d.fraction.data[d.fraction.size - 1] == '0')
        d.fraction.size--;
    d.exponent = (int32_t)d.whole.size;
    if (d.whole.size == 0) {
        size_t skip = leading_zeros(d.fraction);
        d.exponent = -(int32_t)skip;
        if (skip == d.fraction.size) d.sign = 0;
        if (skip) d.fraction = behind(d.fraction, skip);
    }
    return d;
}

static unsigned decimal_digit(const decimal *d, size_t at)
{
    if (at < d->whole.size) return (unsigned)(d->whole.data[at] - '0');
    at -= d->whole.size;
    return at < d->fraction.size ? (unsigned)(d->fraction.data[at] - '0') : 0;
}

/*
 * Marker; 1, 2 or 3 for below, equal to or above zero; exponent + 2^15 big-endian; two digits a
 * byte as 1..100, and 0 behind them. Below zero all bytes from the exponent on are inverted.
 */
void sgc_key_decimal(sgc_key *key, sgc_str value, bool descending)
{
    size_t start = key->size;

    if (!value.data) {
        sgc_key_null(key, descending);
        return;
    }
    decimal d = decimal_parts(value);
    size_t digits = d.whole.size + d.fraction.size;
    size_t size = d.sign ? 2 + 2 + (digits + 1) / 2 + 1 : 2;
    uint8_t *at = room(key, size);
    if (!at) return;
    at[0] = MARK_VALUE;
    at[1] = (uint8_t)(2 + d.sign);
    if (d.sign) {
        uint8_t *out = sgc_put_be16(at + 2, (uint16_t)(d.exponent + 0x8000));
        for (size_t i = 0; i < digits; i += 2)
            *out++ = (uint8_t)(decimal_digit(&d, i) * 10 + decimal_digit(&d, i + 1) + 1);
        *out = 0;
        if (d.sign < 0) invert(at + 2, size - 2);
    }
    if (descending) invert(key->bytes + start, size);
}

int sgc_decimal_compare(sgc_str a, sgc_str b)
{
    decimal x = decimal_parts(a), y = decimal_parts(b);

    if (x.sign != y.sign) return x.sign < y.sign ? -1 : 1;
    if (x.sign == 0) return 0;
    if (x.exponent != y.exponent) return (x.exponent < y.exponent ? -1 : 1) * x.sign;
    size_t x_size = x.whole.size + x.fraction.size, y_size = y.whole.size + y.fraction.size;
    for (size_t i = 0; i < x_size || i < y_size; i++) {
        unsigned p = decimal_digit(&x, i), q = decimal_digit(&y, i);
        if (p != q) return (p < q ? -1 : 1) * x.sign;
    }
    return 0;
}

/* ---- values, ranges ---- */

void sgc_key_value(sgc_key *key, const sgc_value *value, bool descending)
{
    assert(!value->is_list && value->kind != SGC_KIND_EMBEDDED);
    if (value->is_null) {
        sgc_key_null(key, descending);
        return;
    }
    switch (value->kind) {
    case SGC_KIND_BOOLEAN:
        sgc_key_bool(key, value->as.boolean, descending);
        break;
    case SGC_KIND_ENUM:
        sgc_key_enum(key, value->as.enumeration, descending);
        break;
    case SGC_KIND_INT:
        sgc_key_int(key, (int32_t)value->as.integer, descending);
        break;
    case SGC_KIND_BIGINT:
    case SGC_KIND_DATETIME:
    case SGC_KIND_DATE:
    case SGC_KIND_TIME:
        sgc_key_int64(key, value->as.integer, descending);
        break;
    case SGC_KIND_FLOAT:
        sgc_key_float(key, value->as.real, descending);
        break;
    case SGC_KIND_DECIMAL:
        sgc_key_decimal(key, value->as.text, descending);
        break;
    case SGC_KIND_STRING:
    case SGC_KIND_ID:
    case SGC_KIND_UUID:
    case SGC_KIND_JSON:
    case SGC_KIND_BYTES:
        sgc_key_text(key, value->as.text, descending);
        break;
    case SGC_KIND_EMBEDDED:
        break;
    }
}

bool sgc_key_successor(sgc_key *key)
{
    while (key->size > 0 && key->bytes[key->size - 1] == 0xff)
        key->size--;
    if (key->size == 0) return false;
    key->bytes[key->size - 1]++;
    return true;
}
