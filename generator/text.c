/*
 * text.c - escaping SDL text for comments and string literals of C.
 */
#include "text.h"

enum { HIDDEN_WIDTH = sizeof "<U+202E>" - 1 };

bool text_add(sgc_arena *arena, text_lines *lines, sgc_str line)
{
    if (!line.data || !SGC_ARENA_GROW(arena, lines->items, lines->count, lines->capacity))
        return false;
    lines->items[lines->count++].c = line;
    return true;
}

/*
 * Characters that would change how the line is read: controls, marks of direction (Unicode TR 36),
 * line and paragraph separators, and those that show nothing at all.
 */
static bool is_hidden(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c ||
           (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
           (c >= 0xe0000 && c <= 0xe007f);
}

/* Appends one character of a comment. `last` is the byte before it. */
static void put_comment(sgc_buf *out, const char *text, size_t size, uint32_t c, size_t start)
{
    char last = out->size > start ? out->data[out->size - 1] : ' ';

    if (c == '\t') {
        sgc_buf_byte(out, ' ');
    } else if (is_hidden(c)) {
        sgc_buf_printf(out, "<U+%04X>", (unsigned)c);
    } else {
        /* An end or a start of a comment, and trigraphs. */
        if ((c == '/' && last == '*') || (c == '*' && last == '/') || (c == '?' && last == '?'))
            sgc_buf_byte(out, ' ');
        sgc_buf_append(out, text, size);
    }
}

/* Ends one line of a comment at out->size: no blanks at its end, no backslash before the newline.
 */
static void end_comment(sgc_buf *out, size_t start)
{
    while (out->size > start && out->data[out->size - 1] == ' ')
        out->size--;
    if (out->size > start && out->data[out->size - 1] == '\\') sgc_buf_text(out, " .");
}

/* Size of the next character, 1 for a byte that is none. */
static size_t next_char(sgc_str text, size_t at, uint32_t *c)
{
    size_t size = sgc_utf8_decode(text.data + at, text.size - at, c);

    if (size == 0) *c = 0xfffd;
    return size ? size : 1;
}

sgc_str text_comment(sgc_arena *arena, sgc_str text)
{
    sgc_buf out = {0};
    sgc_str line = {NULL, 0};
    uint32_t c;

    for (size_t at = 0; at < text.size;) {
        size_t size = next_char(text, at, &c);
        put_comment(&out, c == 0xfffd ? "?" : text.data + at, c == 0xfffd ? 1 : size, c, 0);
        at += size;
    }
    end_comment(&out, 0);
    if (!out.failed) line = sgc_arena_str(arena, sgc_buf_as_str(&out));
    sgc_buf_free(&out);
    return line;
}

/* Where a line that begins at `at` stops: at a newline, or at the last blank within width. */
static size_t line_stop(sgc_str text, size_t at, size_t width)
{
    size_t blank = 0, columns = 0, stop = at;
    uint32_t c;

    while (stop < text.size && text.data[stop] != '\n' && text.data[stop] != '\r') {
        if (text.data[stop] == ' ') blank = stop;
        size_t size = next_char(text, stop, &c);
        columns += is_hidden(c) ? HIDDEN_WIDTH : 1;
        if (columns > width && blank > at) return blank;
        stop += size;
    }
    return stop;
}

bool text_comment_lines(sgc_arena *arena, sgc_str text, size_t width, text_lines *lines)
{
    size_t at = 0;

    while (at < text.size) {
        size_t stop = line_stop(text, at, width);
        if (!text_add(arena, lines, text_comment(arena, sgc_str_of(text.data + at, stop - at))))
            return false;
        at = stop;
        if (at + 1 < text.size && text.data[at] == '\r' && text.data[at + 1] == '\n') at++;
        at++;
    }
    return true;
}

void text_number(sgc_buf *out, uint64_t number)
{
    char digits[24];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    sgc_buf_append(out, digits + at, sizeof digits - at);
}

/* Whether a byte stands in a literal as it is. */
static bool is_plain(char byte)
{
    return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\' && byte != '?';
}

static void put_literal(sgc_buf *out, char byte)
{
    unsigned char c = (unsigned char)byte;

    if (c == '"' || c == '\\' || c == '?')
        sgc_buf_printf(out, "\\%c", c);
    else if (c == '\n')
        sgc_buf_text(out, "\\n");
    else if (c < 0x20 || c >= 0x7f)
        sgc_buf_printf(out, "\\%03o", (unsigned)c);
    else
        sgc_buf_byte(out, byte);
}

void text_put_literal(sgc_buf *out, sgc_str text)
{
    size_t at = 0;

    while (at < text.size) {
        size_t start = at;
        while (at < text.size && is_plain(text.data[at]))
            at++;
        sgc_buf_append(out, text.data + start, at - start);
        if (at < text.size) put_literal(out, text.data[at++]);
    }
}

sgc_str text_literal(sgc_arena *arena, sgc_str text)
{
    sgc_buf out = {0};
    sgc_str literal = {NULL, 0};

    text_put_literal(&out, text);
    if (!out.failed) literal = sgc_arena_str(arena, sgc_buf_as_str(&out));
    sgc_buf_free(&out);
    return literal;
}

bool text_literal_lines(sgc_arena *arena, sgc_str text, text_lines *lines)
{
    sgc_buf out = {0};
    bool fine = true;

    for (size_t at = 0; at < text.size && fine;) {
        out.size = 0;
        sgc_buf_byte(&out, '"');
        do {
            if (is_plain(text.data[at]))
                sgc_buf_byte(&out, text.data[at]);
            else
                put_literal(&out, text.data[at]);
        } while (text.data[at++] != '\n' && at < text.size && out.size < 86);
        sgc_buf_byte(&out, '"');
        fine = !out.failed && text_add(arena, lines, sgc_arena_str(arena, sgc_buf_as_str(&out)));
    }
    sgc_buf_free(&out);
    return fine;
}
