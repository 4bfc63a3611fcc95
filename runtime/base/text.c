/* text.c - byte strings, UTF-8, status texts and errors with words. */
#include "base/base.h"

#include <stdio.h>

int sgc_str_compare(sgc_str a, sgc_str b)
{
    size_t shorter = a.size < b.size ? a.size : b.size;
    int order = shorter ? memcmp(a.data, b.data, shorter) : 0;

    if (order != 0) return order;
    return (a.size > b.size) - (a.size < b.size);
}

/* ---- statuses ---- */

static const struct status_row {
    int value;
    const char *name, *text, *code, *sqlstate;
    int http;
} status_rows[] = {
#define SGC_X(name, value, text, code, sqlstate, http) {value, #name, text, code, sqlstate, http},
    SGC_STATUS_LIST(SGC_X)
#undef SGC_X
};

static const struct status_row *status_row(sgc_status status)
{
    static const struct status_row unknown = {0,          "UNKNOWN", "unknown status",
                                              "INTERNAL", "XX000",   500};

    for (size_t i = 0; i < sizeof status_rows / sizeof *status_rows; i++)
        if (status_rows[i].value == (int)status) return &status_rows[i];
    return &unknown;
}

const char *sgc_status_text(sgc_status status)
{
    return status_row(status)->text;
}

const char *sgc_status_name(sgc_status status)
{
    return status_row(status)->name;
}

const char *sgc_status_code(sgc_status status)
{
    return status_row(status)->code;
}

const char *sgc_status_sqlstate(sgc_status status)
{
    return status_row(status)->sqlstate;
}

int sgc_status_http(sgc_status status)
{
    return status_row(status)->http;
}

sgc_status sgc_fail(sgc_error *error, sgc_status status, const char *format, ...)
{
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        error->status = status;
        vsnprintf(error->text, sizeof error->text, format, arguments);
        va_end(arguments);
        /* A text cut in the middle of a character would not be valid UTF-8 in an answer. */
        size_t size = strlen(error->text);
        error->text[sgc_utf8_valid_prefix(sgc_str_of(error->text, size))] = '\0';
    }
    return status;
}

/* ---- UTF-8 ---- */

/* Table 3-7 of the Unicode standard: the second byte's range rules out overlong forms, surrogates
 * and values above U+10FFFF. */
size_t sgc_utf8_decode(const char *text, size_t size, uint32_t *code_point)
{
    const uint8_t *b = (const uint8_t *)text;
    size_t length;
    uint8_t low = 0x80, high = 0xBF;

    if (size == 0) return 0;
    if (b[0] < 0x80) {
        *code_point = b[0];
        return 1;
    }
    if (b[0] < 0xC2 || b[0] > 0xF4) return 0;
    length = b[0] < 0xE0 ? 2 : b[0] < 0xF0 ? 3 : 4;
    if (size < length) return 0;
    if (b[0] == 0xE0) low = 0xA0;
    if (b[0] == 0xED) high = 0x9F;
    if (b[0] == 0xF0) low = 0x90;
    if (b[0] == 0xF4) high = 0x8F;
    if (b[1] < low || b[1] > high) return 0;
    uint32_t value = (uint32_t)(b[0] & (0x7F >> length)) << 6 | (b[1] & 0x3FU);
    for (size_t i = 2; i < length; i++) {
        if ((b[i] & 0xC0) != 0x80) return 0;
        value = value << 6 | (b[i] & 0x3FU);
    }
    *code_point = value;
    return length;
}

size_t sgc_utf8_encode(uint32_t code_point, char out[4])
{
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    size_t length = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code_point & 0x3F));
        code_point >>= 6;
    }
    out[0] = (char)((0xF00 >> length & 0xFF) | code_point);
    return length;
}

size_t sgc_utf8_valid_prefix(sgc_str text)
{
    size_t at = 0;
    uint32_t code_point;

    while (at < text.size) {
        if (text.size - at >= 8 && !(sgc_load64(text.data + at) & 0x8080808080808080U)) {
            at += 8;
            continue;
        }
        /* The rest of a text is mostly plain, too. */
        if (text.size >= 8 && text.size - at < 8 &&
            !(sgc_load64(text.data + text.size - 8) & 0x8080808080808080U))
            return text.size;
        size_t step = sgc_utf8_decode(text.data + at, text.size - at, &code_point);
        if (step == 0) break;
        at += step;
    }
    return at;
}
