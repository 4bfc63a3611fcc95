/*
 * number.c - doubles and integers as decimal text, exactly and without the locale. Dates are in
 * time.c, decimals of the Decimal kind in key.c (order) and scalar.c (text).
 */
#include "codec/number.h"
#include "codec/codec.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Powers of ten that a double holds exactly. */
static const double exact_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
enum { EXACT_TEN_MAX = 22, DIGITS_MAX = 800 };
static const uint64_t exact_integer = (uint64_t)1 << 53;

/* ---- text to double ---- */

/*
 * The digits of a number as an integer and a power of ten. More than DIGITS_MAX significant digits
 * become DIGITS_MAX and a 1 for "something follows": no double needs more than 767 (the longest
 * exact midpoint between two of them).
 */
typedef struct digits {
    char text[DIGITS_MAX + 32];
    size_t count;
    uint64_t small; /* the same as a number while count <= 19 */
    int64_t exponent;
    bool negative, sticky;
} digits;

static void add_digit(digits *d, char digit, bool behind_point)
{
    if (behind_point) d->exponent--;
    if (d->count == 0 && digit == '0') return;
    if (d->count == DIGITS_MAX) {
        d->sticky = d->sticky || digit != '0';
        d->exponent++;
        return;
    }
    d->text[d->count++] = digit;
    if (d->count <= 19) d->small = d->small * 10 + (uint64_t)(digit - '0');
}

static bool is_digit(sgc_str text, size_t at)
{
    return at < text.size && text.data[at] >= '0' && text.data[at] <= '9';
}

static size_t read_exponent(sgc_str text, size_t at, digits *d)
{
    bool negative = at < text.size && text.data[at] == '-';
    int64_t exponent = 0;

    if (at < text.size && (text.data[at] == '-' || text.data[at] == '+')) at++;
    if (!is_digit(text, at)) return SIZE_MAX;
    for (; is_digit(text, at); at++)
        if (exponent < 1000000000) exponent = exponent * 10 + (text.data[at] - '0');
    d->exponent += negative ? -exponent : exponent;
    return at;
}

/* The grammar of JSON numbers: -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? */
static bool read_digits(sgc_str text, digits *d)
{
    size_t at = 0;

    d->count = 0;
    d->small = 0;
    d->exponent = 0;
    d->sticky = false;
    d->negative = text.size > 0 && text.data[0] == '-';
    if (d->negative) at++;
    if (!is_digit(text, at) || (text.data[at] == '0' && is_digit(text, at + 1))) return false;
    for (; is_digit(text, at); at++)
        add_digit(d, text.data[at], false);
    if (at < text.size && text.data[at] == '.') {
        at++;
        if (!is_digit(text, at)) return false;
        for (; is_digit(text, at); at++)
            add_digit(d, text.data[at], true);
    }
    if (at < text.size && (text.data[at] == 'e' || text.data[at] == 'E'))
        at = read_exponent(text, at + 1, d);
    return at == text.size;
}

/* The nearest double; infinite when there is none. */
static double digits_value(digits *d)
{
    double value;

    if (d->count == 0) {
        value = 0;
    } else if (d->count <= 19 && d->small <= exact_integer && d->exponent >= -EXACT_TEN_MAX &&
               d->exponent <= EXACT_TEN_MAX) {
        /* Both operands are exact, so one rounding gives the nearest (Clinger 1990). */
        value = (double)d->small;
        value = d->exponent < 0 ? value / exact_ten[-d->exponent] : value * exact_ten[d->exponent];
    } else if (d->exponent + (int64_t)d->count > 400) {
        value = HUGE_VAL;
    } else if (d->exponent + (int64_t)d->count < -400) {
        value = 0;
    } else {
        /* Integer and exponent only: no radix character, so no locale can change the result. */
        if (d->sticky) {
            d->text[d->count++] = '1';
            d->exponent--;
        }
        snprintf(d->text + d->count, sizeof d->text - d->count, "e%ld", (long)d->exponent);
        value = strtod(d->text, NULL);
    }
    return d->negative ? -value : value;
}

sgc_status sgc_text_to_double(sgc_str text, double *value, sgc_error *error)
{
    digits d;

    if (!read_digits(text, &d))
        return sgc_fail(error, SGC_INVALID, "\"%.*s\" is not a number", SGC_SHOWN(text));
    *value = digits_value(&d);
    if (!isfinite(*value))
        return sgc_fail(error, SGC_INVALID, "\"%.*s\" is too large for a Float", SGC_SHOWN(text));
    return SGC_OK;
}

sgc_status sgc_text_to_int64(sgc_str text, int64_t *value, sgc_error *error)
{
    bool negative = text.size > 0 && text.data[0] == '-';
    size_t at = negative;
    uint64_t limit = (uint64_t)INT64_MAX + negative, sum = 0;

    if (!is_digit(text, at) || (text.data[at] == '0' && text.size > at + 1))
        return sgc_fail(error, SGC_INVALID, "\"%.*s\" is not a whole number", SGC_SHOWN(text));
    for (; is_digit(text, at); at++) {
        unsigned digit = (unsigned)(text.data[at] - '0');
        if (sum > (limit - digit) / 10)
            return sgc_fail(error, SGC_INVALID, "\"%.*s\" is outside the range of 64 bits",
                            SGC_SHOWN(text));
        sum = sum * 10 + digit;
    }
    if (at != text.size)
        return sgc_fail(error, SGC_INVALID, "\"%.*s\" is not a whole number", SGC_SHOWN(text));
    *value = negative ? (int64_t)(0 - sum) : (int64_t)sum;
    return SGC_OK;
}

/* ---- double to text ---- */

size_t sgc_write_uint64(char *out, uint64_t value)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313"
                                "23334353637383940414243444546474849505152535455565758596061626364"
                                "65666768697071727374757677787980818283848586878889909192939495969"
                                "79899";
    char text[20];
    size_t at = sizeof text;

    while (value >= 100) {
        at -= 2;
        memcpy(text + at, pairs + value % 100 * 2, 2);
        value /= 100;
    }
    if (value >= 10) {
        at -= 2;
        memcpy(text + at, pairs + value * 2, 2);
    } else {
        text[--at] = (char)('0' + value);
    }
    memcpy(out, text + at, sizeof text - at);
    return sizeof text - at;
}

static bool reads_back(const char *text, size_t count, int point, double value)
{
    digits d;

    read_digits(sgc_str_of(text, count), &d);
    d.exponent += point - (int)count;
    return digits_value(&d) == value;
}

/* The next larger number of `count` digits; the caller knows that it has no more of them. */
static void next_up(char *text, size_t count)
{
    while (count > 1 && text[count - 1] == '9')
        text[--count] = '0';
    text[count - 1]++;
}

/* `precision` digits of value, rounded to nearest, as 0.DIGITS * 10^*point. */
static void print_digits(double value, int precision, char out[32], int *point)
{
    char text[64];
    size_t count = 0;

    snprintf(text, sizeof text, "%.*e", precision - 1, value);
    char *exponent = strchr(text, 'e');
    for (char *at = text; at < exponent; at++)
        if (*at >= '0' && *at <= '9') out[count++] = *at;
    *point = (int)strtol(exponent + 1, NULL, 10) + 1;
}

/*
 * Shortest digits of a positive value: value = 0.DIGITS * 10^*point. At most 15 digits are found by
 * trying small powers of ten: a decimal of at most 15 digits that reads back as `value` is the only
 * one, hence the shortest. Everything else is printed with more and more digits until it reads
 * back. Below a power of two the doubles lie closer than above it, so there the nearest decimal may
 * fail where the next larger one reads back.
 */
static size_t shortest(double value, char out[32], int *point)
{
    int binary;
    bool power_of_two = frexp(value, &binary) == 0.5;
    bool subnormal = value < 2.2250738585072014e-308;

    for (int k = 0; k <= 9 && value * exact_ten[k] < 1e15; k++) {
        double scaled = value * exact_ten[k];
        if (scaled != floor(scaled) || scaled / exact_ten[k] != value) continue;
        size_t count = sgc_write_uint64(out, (uint64_t)scaled);
        *point = (int)count - k;
        while (count > 1 && out[count - 1] == '0')
            count--;
        return count;
    }
    for (int precision = subnormal ? 1 : 15;; precision++) {
        size_t count = (size_t)precision;
        print_digits(value, precision, out, point);
        if (precision < 17 && !reads_back(out, count, *point, value)) {
            if (!power_of_two || out[0] == '9') continue;
            next_up(out, count);
            if (!reads_back(out, count, *point, value)) continue;
        }
        while (count > 1 && out[count - 1] == '0')
            count--;
        return count;
    }
}

/* Digits with the point where it belongs, or with an exponent as JavaScript decides it. */
static size_t place_point(char *out, const char *text, size_t count, int point)
{
    char *at = out;
    size_t whole = point > 0 ? (size_t)point : 0;

    if (point > 21 || point < -5) {
        *at++ = text[0];
        if (count > 1) *at++ = '.';
        memcpy(at, text + 1, count - 1);
        at += count - 1;
        *at++ = 'e';
        *at++ = point > 0 ? '+' : '-';
        return (size_t)(at - out) +
               sgc_write_uint64(at, (uint64_t)(point > 0 ? point - 1 : 1 - point));
    }
    if (point <= 0) {
        memcpy(at, "0.000000", 8);
        at += 2 - point;
        memcpy(at, text, count);
        return (size_t)(at - out) + count;
    }
    size_t before = count < whole ? count : whole;
    memcpy(at, text, before);
    memset(at + before, '0', whole - before);
    at += whole;
    if (count > whole) {
        *at++ = '.';
        memcpy(at, text + whole, count - whole);
        at += count - whole;
    }
    return (size_t)(at - out);
}

void sgc_json_float(sgc_buf *out, double value)
{
    char *at = sgc_buf_reserve(out, 40);
    char text[32];
    size_t size = 0;
    int point;

    if (!at) return;
    if (!isfinite(value)) {
        sgc_json_null(out);
        return;
    }
    if (signbit(value)) {
        at[size++] = '-';
        value = -value;
    }
    if (value < 9007199254740992.0 && value == floor(value)) {
        size += sgc_write_uint64(at + size, (uint64_t)value);
    } else {
        size_t count = shortest(value, text, &point);
        size += place_point(at + size, text, count, point);
    }
    out->size += size;
}

void sgc_json_int64(sgc_buf *out, int64_t value)
{
    char *at = sgc_buf_reserve(out, 20);

    if (!at) return;
    if (value < 0) *at++ = '-';
    out->size +=
        (value < 0) + sgc_write_uint64(at, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void sgc_json_bigint(sgc_buf *out, int64_t value)
{
    sgc_buf_byte(out, '"');
    sgc_json_int64(out, value);
    sgc_buf_byte(out, '"');
}
