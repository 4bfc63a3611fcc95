/*
 * diagnostics.c - the list of errors that every phase reports into, and its two faces: text for
 * people and JSON for programs.
 */
#include "lang/syntax.h"

#include "lang/lexer.h"
#include "lang/position.h"

#include <stdio.h>

/* ---- collecting ---- */

sgc_diagnostic *sgc_report(sgc_diagnostics *diagnostics, const char *rule, const char *format, ...)
{
    sgc_diagnostic *error = sgc_arena_zero(diagnostics->arena, 1, sizeof *error);
    va_list arguments;

    if (error) {
        sgc_buf text = {0};
        va_start(arguments, format);
        sgc_buf_vprintf(&text, format, arguments);
        va_end(arguments);
        error->message = sgc_arena_str(diagnostics->arena, sgc_buf_as_str(&text));
        if (text.failed) error->message = sgc_str_of(NULL, 0);
        sgc_buf_free(&text);
    }
    if (!error || !error->message.data) {
        diagnostics->failed = true;
        return NULL;
    }
    error->rule = rule;
    if (diagnostics->last)
        diagnostics->last->next = error;
    else
        diagnostics->first = error;
    diagnostics->last = error;
    diagnostics->count++;
    return error;
}

void sgc_report_place(sgc_diagnostics *diagnostics, sgc_diagnostic *diagnostic,
                      const sgc_source *source, sgc_span span)
{
    if (!diagnostic) return;
    /* Grows when the count is a power of two, so that nobody has to remember a capacity. */
    size_t count = diagnostic->place_count;
    size_t capacity = (count & (count - 1)) == 0 ? count : count + 1;
    if (!SGC_ARENA_GROW(diagnostics->arena, diagnostic->places, count, capacity)) {
        diagnostics->failed = true;
        return;
    }
    diagnostic->places[count] = (struct sgc_place){source, span};
    diagnostic->place_count++;
}

/* ---- for programs ---- */

/* Half of a surrogate pair, which only the JSON of a test can smuggle in, goes out as it came. */
static size_t json_escape(const char *at, size_t size, sgc_buf *out)
{
    const uint8_t *b = (const uint8_t *)at;

    if (b[0] < 0x80) {
        sgc_buf_printf(out, b[0] == '"' || b[0] == '\\' ? "\\%c" : "\\u%04x", b[0]);
        return 1;
    }
    bool half = size >= 3 && b[0] == 0xED && (b[1] & 0xE0) == 0xA0 && (b[2] & 0xC0) == 0x80;
    unsigned code = half ? 0xD000U | (b[1] & 0x3FU) << 6 | (b[2] & 0x3FU) : 0xFFFDU;
    sgc_buf_printf(out, "\\u%04x", code);
    return half ? 3 : 1;
}

void sgc_json_quote(sgc_buf *out, sgc_str text)
{
    size_t copied = 0;
    uint32_t code;

    sgc_buf_byte(out, '"');
    for (size_t at = 0; at < text.size;) {
        unsigned char byte = (unsigned char)text.data[at];
        bool plain = byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0x7F;
        size_t size = !plain        ? 0
                      : byte < 0x80 ? 1
                                    : sgc_utf8_decode(text.data + at, text.size - at, &code);
        if (size == 0) {
            sgc_buf_append(out, text.data + copied, at - copied);
            size = json_escape(text.data + at, text.size - at, out);
            copied = at + size;
        }
        at += size;
    }
    sgc_buf_append(out, text.data + copied, text.size - copied);
    sgc_buf_byte(out, '"');
}

static void json_place(const struct sgc_place *place, sgc_locator *locator, sgc_buf *out)
{
    sgc_position at = sgc_locator_find(locator, place->source, place->span.start);

    sgc_buf_printf(out, "{\"line\":%u,\"column\":%u}", (unsigned)at.line, (unsigned)at.column);
}

void sgc_diagnostics_json(const sgc_diagnostics *diagnostics, sgc_buf *out)
{
    sgc_locator locator = {0};

    sgc_buf_byte(out, '[');
    for (const sgc_diagnostic *error = diagnostics->first; error; error = error->next) {
        if (error != diagnostics->first) sgc_buf_byte(out, ',');
        sgc_buf_text(out, "{\"message\":");
        sgc_json_quote(out, error->message);
        sgc_buf_text(out, ",\"locations\":[");
        for (size_t i = 0; i < error->place_count; i++) {
            if (i) sgc_buf_byte(out, ',');
            json_place(&error->places[i], &locator, out);
        }
        sgc_buf_printf(out, "],\"rule\":\"%s\"}", error->rule);
    }
    sgc_buf_byte(out, ']');
}
