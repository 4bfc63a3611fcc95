/*
 * scalar.c - texts of the remaining scalars: UUIDs, decimals and base64, checked and brought into
 * the form in which they are stored.
 */
#include "codec/codec.h"
#include "codec/number.h"

/* More digits than any use has, and keys of them still fit (two digits take a byte). */
enum { DECIMAL_DIGITS_MAX = 1000 };

static sgc_status out_of_memory(sgc_error *error)
{
    return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
}

sgc_status sgc_text_to_uuid(sgc_str text, sgc_arena *arena, sgc_str *uuid, sgc_error *error)
{
    char out[36];
    bool good = text.size == sizeof out;

    for (size_t i = 0; good && i < sizeof out; i++) {
        char c = text.data[i];
        if (i == 8 || i == 13 || i == 18 || i == 23)
            good = c == '-';
        else
            good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        out[i] = c >= 'A' && c <= 'F' ? (char)(c + ('a' - 'A')) : c;
    }
    if (!good)
        return sgc_fail(error, SGC_INVALID,
                        "\"%.*s\" is not a UUID: 8-4-4-4-12 hexadecimal digits are expected",
                        SGC_SHOWN(text));
    *uuid = sgc_arena_str(arena, sgc_str_of(out, sizeof out));
    return uuid->data ? SGC_OK : out_of_memory(error);
}

static size_t count_digits(sgc_str text, size_t at)
{
    size_t start = at;

    while (at < text.size && text.data[at] >= '0' && text.data[at] <= '9')
        at++;
    return at - start;
}

static sgc_str canonical_decimal(sgc_arena *arena, bool negative, sgc_str whole, sgc_str fraction)
{
    while (whole.size > 1 && whole.data[0] == '0')
        whole = sgc_str_of(whole.data + 1, whole.size - 1);
    while (fraction.size > 0 && fraction.data[fraction.size - 1] == '0')
        fraction.size--;
    if (fraction.size == 0 && whole.data[0] == '0') negative = false;
    return sgc_arena_printf(arena, "%s%.*s%s%.*s", negative ? "-" : "", (int)whole.size, whole.data,
                            fraction.size ? "." : "", (int)fraction.size,
                            fraction.size ? fraction.data : "");
}

sgc_status sgc_text_to_decimal(sgc_str text, sgc_arena *arena, sgc_str *decimal, sgc_error *error)
{
    bool negative = text.size > 0 && text.data[0] == '-';
    size_t at = negative || (text.size > 0 && text.data[0] == '+');
    sgc_str fraction = SGC_STR("");
    size_t whole_size = count_digits(text, at);
    sgc_str whole = sgc_str_of(text.data + at, whole_size);
    bool good = whole_size > 0;

    at += whole_size;
    if (good && at < text.size && text.data[at] == '.') {
        fraction = sgc_str_of(text.data + at + 1, count_digits(text, at + 1));
        good = fraction.size > 0;
        at += 1 + fraction.size;
    }
    if (!good || at != text.size)
        return sgc_fail(error, SGC_INVALID,
                        "\"%.*s\" is not a Decimal: digits with an optional sign and point are "
                        "expected",
                        SGC_SHOWN(text));
    if (whole.size + fraction.size > DECIMAL_DIGITS_MAX)
        return sgc_fail(error, SGC_INVALID, "a Decimal has at most %d digits", DECIMAL_DIGITS_MAX);
    *decimal = canonical_decimal(arena, negative, whole, fraction);
    return decimal->data ? SGC_OK : out_of_memory(error);
}

/* ---- base64 (RFC 4648 section 4, padded, canonical) ---- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four characters, the last `padding` of them "=": true when canonical. */
static bool decode_group(const char *in, size_t padding, uint8_t out[3])
{
    uint32_t bits = 0;

    for (size_t i = 0; i < 4; i++) {
        int value = i < 4 - padding ? sextet(in[i]) : 0;
        if (value < 0) return false;
        bits = bits << 6 | (uint32_t)value;
    }
    out[0] = (uint8_t)(bits >> 16);
    out[1] = (uint8_t)(bits >> 8);
    out[2] = (uint8_t)bits;
    return (padding < 1 || out[2] == 0) && (padding < 2 || out[1] == 0);
}

sgc_status sgc_text_to_bytes(sgc_str base64, sgc_arena *arena, sgc_str *bytes, sgc_error *error)
{
    size_t groups = base64.size / 4, padding = 0;
    bool good = base64.size % 4 == 0;
    char *out = sgc_arena_alloc(arena, groups * 3 + 1);

    if (!out) return out_of_memory(error);
    if (groups > 0 && base64.data[base64.size - 1] == '=')
        padding = base64.data[base64.size - 2] == '=' ? 2 : 1;
    for (size_t i = 0; good && i < groups; i++)
        good = decode_group(base64.data + i * 4, i + 1 == groups ? padding : 0,
                            (uint8_t *)out + i * 3);
    if (!good)
        return sgc_fail(error, SGC_INVALID, "\"%.*s\" is not base64 (RFC 4648, with padding)",
                        SGC_SHOWN(base64));
    *bytes = sgc_str_of(out, groups * 3 - padding);
    return SGC_OK;
}

void sgc_json_base64(sgc_buf *out, sgc_str bytes)
{
    size_t groups = bytes.size / 3 + (bytes.size % 3 != 0);
    const uint8_t *in = (const uint8_t *)bytes.data;
    char *at = NULL;

    if (!bytes.data) {
        sgc_json_null(out);
        return;
    }
    if (groups <= (SIZE_MAX - 2) / 4) at = sgc_buf_reserve(out, groups * 4 + 2);
    if (!at) {
        out->failed = true;
        return;
    }
    *at++ = '"';
    for (size_t i = 0; i < bytes.size; i += 3, at += 4) {
        size_t left = bytes.size - i;
        uint32_t bits = (uint32_t)in[i] << 16;
        if (left > 1) bits |= (uint32_t)in[i + 1] << 8;
        if (left > 2) bits |= in[i + 2];
        at[0] = alphabet[bits >> 18];
        at[1] = alphabet[bits >> 12 & 63];
        at[2] = left > 1 ? alphabet[bits >> 6 & 63] : '=';
        at[3] = left > 2 ? alphabet[bits & 63] : '=';
    }
    *at = '"';
    out->size += groups * 4 + 2;
}
