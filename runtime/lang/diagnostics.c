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
    /* Doubles whenever the count is a power of two, so that nobody has to remember a capacity. */
    size_t count = diagnostic->place_count;
    if ((count & (count - 1)) == 0) {
        struct sgc_place *places =
            sgc_arena_zero(diagnostics->arena, count ? count : 1, 2 * sizeof *places);
        if (!places) {
            diagnostics->failed = true;
            return;
        }
        if (count) memcpy(places, diagnostic->places, count * sizeof *places);
        diagnostic->places = places;
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
        static const char from[] = "\"\\\n\r\t", to[] = "\"\\nrt";
        const char *found = b[0] ? strchr(from, b[0]) : NULL;
        if (found)
            sgc_buf_printf(out, "\\%c", to[found - from]);
        else
            sgc_buf_printf(out, "\\u%04x", b[0]);
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
    sgc_locator locator = {.arena = diagnostics->arena};

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

/* ---- for people ---- */

enum { WINDOW = 100, LEAD = 60, SHOWN = 100, PLACES_SHOWN = 10 };

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

/* Controls, and the marks that reorder or hide text: they must not act on a terminal. */
static bool is_dangerous(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0xAD || code == 0x61C ||
           (code >= 0x200B && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF ||
           (code >= 0xFFF9 && code <= 0xFFFB) || (code >= 0xE0000 && code <= 0xE007F);
}

/* Writes one character so that it cannot harm; returns its bytes and adds its columns. */
static size_t show_character(const char *at, size_t size, size_t *columns, sgc_buf *out)
{
    uint32_t code;
    size_t bytes = sgc_utf8_decode(at, size, &code);
    size_t before = out->size;

    if (bytes == 0) {
        sgc_buf_printf(out, "\\x%02X", (unsigned)(unsigned char)*at);
    } else if (code == '\t') {
        sgc_buf_byte(out, ' ');
    } else if (is_dangerous(code)) {
        sgc_buf_printf(out, "\\u{%X}", (unsigned)code);
    } else {
        sgc_buf_append(out, at, bytes);
        before = out->size - 1;
    }
    *columns += out->size - before;
    return bytes ? bytes : 1;
}

static void show_text(sgc_str text, sgc_buf *out)
{
    size_t columns = 0;

    for (size_t at = 0; at < text.size;)
        at += show_character(text.data + at, text.size - at, &columns, out);
}

/* Moves back to the first byte of a character. */
static size_t character_start(sgc_str text, size_t at)
{
    while (at > 0 && at < text.size && ((unsigned char)text.data[at] & 0xC0) == 0x80)
        at--;
    return at;
}

/* The line that holds the place, cut to a window around it, and a caret below. */
static void show_line(const struct sgc_place *place, sgc_buf *out)
{
    sgc_str text = place->source->text;
    size_t start = place->span.start < text.size ? place->span.start : text.size;
    size_t from = start, to = start, columns = 0, caret = 0;

    /* Looking further than the window cannot change what is shown. */
    while (from > 0 && start - from <= WINDOW && !is_line_end(text.data[from - 1]))
        from--;
    while (to < text.size && to - start <= WINDOW && !is_line_end(text.data[to]))
        to++;
    bool cut_front = start - from > LEAD && to - from > WINDOW;
    if (cut_front) from = character_start(text, start - LEAD);
    bool cut_back = to - from > WINDOW;
    if (cut_back) to = character_start(text, from + WINDOW);

    sgc_buf_text(out, cut_front ? "    ..." : "    ");
    for (size_t at = from; at < to;) {
        if (at <= start) caret = columns;
        at += show_character(text.data + at, to - at, &columns, out);
    }
    if (start >= to) caret = columns;
    sgc_buf_text(out, cut_back ? "...\n    " : "\n    ");
    for (size_t i = 0; i < caret + (cut_front ? 3 : 0); i++)
        sgc_buf_byte(out, ' ');
    sgc_buf_text(out, "^\n");
}

static void show_position(const struct sgc_place *place, sgc_locator *locator, sgc_buf *out)
{
    sgc_position at = sgc_locator_find(locator, place->source, place->span.start);

    show_text(place->source->name.data ? place->source->name : SGC_STR("<text>"), out);
    sgc_buf_printf(out, ":%u:%u: ", (unsigned)at.line, (unsigned)at.column);
}

/* The part of a message that is a hint: "Did you mean ..?" stands at its end. */
static size_t hint_start(sgc_str message)
{
    static const char words[] = " Did you mean ";
    size_t size = sizeof words - 1;

    for (size_t at = message.size > size ? message.size - size : 0; at > 0; at--)
        if (memcmp(message.data + at, words, size) == 0) return at;
    return message.size;
}

static void show_diagnostic(const sgc_diagnostic *error, sgc_locator *locator, sgc_buf *out)
{
    size_t hint = hint_start(error->message);

    if (error->place_count) show_position(&error->places[0], locator, out);
    sgc_buf_text(out, "error: ");
    show_text(sgc_str_of(error->message.data, hint), out);
    sgc_buf_byte(out, '\n');
    if (error->place_count) show_line(&error->places[0], out);
    for (size_t i = 1; i < error->place_count && i < PLACES_SHOWN; i++) {
        show_position(&error->places[i], locator, out);
        sgc_buf_text(out, "note: also here\n");
        show_line(&error->places[i], out);
    }
    if (error->place_count > PLACES_SHOWN)
        sgc_buf_printf(out, "    and at %zu more places\n", error->place_count - PLACES_SHOWN);
    if (hint == error->message.size) return;
    sgc_buf_text(out, "    hint: ");
    show_text(sgc_str_of(error->message.data + hint + 1, error->message.size - hint - 1), out);
    sgc_buf_byte(out, '\n');
}

void sgc_diagnostics_print(const sgc_diagnostics *diagnostics, sgc_buf *out)
{
    sgc_locator locator = {.arena = diagnostics->arena};
    size_t shown = 0;

    for (const sgc_diagnostic *error = diagnostics->first; error && shown < SHOWN;
         error = error->next, shown++)
        show_diagnostic(error, &locator, out);
    if (shown < diagnostics->count)
        sgc_buf_printf(out, "and %zu more errors\n", diagnostics->count - shown);
}
