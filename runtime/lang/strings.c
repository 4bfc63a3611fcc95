/*
 * strings.c - string literals: checking them while the lexer runs, decoding them when a value is
 * wanted, and writing them back. Two passes: the first reports every error, so that the second one
 * cannot fail and knows how much memory is enough.
 */
#include "lang/lexer.h"

#include <assert.h>

enum { QUOTES = 3, BLOCK_LINE_MAX = 70 };

size_t sgc_utf16_length(sgc_str text)
{
    size_t units = 0;

    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        units += (size_t)((byte & 0xC0) != 0x80) + (size_t)(byte >= 0xF0 && byte < 0xF5);
    }
    return units;
}

/* ---- first pass: is it a string? ---- */

static uint32_t offset_of(const sgc_lexer *lexer, const char *at)
{
    return (uint32_t)(at - lexer->source->text.data);
}

static const char *unterminated(sgc_lexer *lexer, const char *at)
{
    sgc_syntax_error(lexer, offset_of(lexer, at), "Unterminated string.");
    return NULL;
}

static const char *bad_character(sgc_lexer *lexer, const char *at)
{
    sgc_character_error(lexer, at, "Invalid character within String");
    return NULL;
}

/* Quotes `units` UTF-16 code units of the source, as a JavaScript slice would cut them. */
static const char *bad_escape(sgc_lexer *lexer, const char *at, const char *what, size_t units)
{
    sgc_buf text = {0};
    uint32_t code;

    sgc_buf_printf(&text, "Syntax Error: Invalid %s escape sequence: \"", what);
    for (const char *p = at; units > 0 && p < lexer->limit;) {
        size_t size = sgc_utf8_decode(p, (size_t)(lexer->limit - p), &code);
        bool whole = size > 0 && (size < 4 || units > 1);
        sgc_buf_append(&text, whole ? p : "\xEF\xBF\xBD", whole ? size : 3);
        units -= size == 4 && units > 1 ? 2 : 1;
        p += size ? size : 1;
    }
    sgc_buf_text(&text, "\".");
    sgc_syntax_error_text(lexer, offset_of(lexer, at), &text);
    sgc_buf_free(&text);
    return NULL;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

/* Four hexadecimal digits, -1 when they are not there. Stops at the sentinel. */
static int32_t hex4(const char *at)
{
    int32_t value = 0;

    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0) return -1;
        value = value << 4 | digit;
    }
    return value;
}

static bool is_scalar(int32_t code)
{
    return (code >= 0 && code <= 0xD7FF) || (code >= 0xE000 && code <= 0x10FFFF);
}

static bool is_leading(int32_t code)
{
    return code >= 0xD800 && code <= 0xDBFF;
}

static bool is_trailing(int32_t code)
{
    return code >= 0xDC00 && code <= 0xDFFF;
}

/* \uXXXX or a surrogate pair \uXXXX\uXXXX: bytes it takes and its code point, 0 when malformed. */
static size_t escape_fixed(const char *at, int32_t *code)
{
    *code = hex4(at + 2);
    if (is_scalar(*code)) return 6;
    if (!is_leading(*code) || at[6] != '\\' || at[7] != 'u') return 0;
    int32_t trailing = hex4(at + 8);
    if (!is_trailing(trailing)) return 0;
    *code = 0x10000 + ((*code - 0xD800) << 10) + (trailing - 0xDC00);
    return 12;
}

/* \u{X..}: at most eight digits. *read is what was looked at when it is malformed. */
static size_t escape_variable(const char *at, int32_t *code, size_t *read)
{
    uint32_t point = 0;

    for (size_t size = 3; size < 12;) {
        char c = at[size++];
        *read = size;
        if (c == '}') {
            *code = (int32_t)point;
            return size >= 5 && is_scalar(*code) ? size : 0;
        }
        int digit = hex_digit(c);
        point = point << 4 | (uint32_t)digit;
        if (digit < 0 || point > INT32_MAX) return 0;
    }
    return 0;
}

static char simple_escape(char c)
{
    switch (c) {
    case '"':
    case '\\':
    case '/':
        return c;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return '\0';
    }
}

/* `at` is a backslash: the byte behind its escape. */
static const char *scan_escape(sgc_lexer *lexer, const char *at)
{
    int32_t code;
    size_t size, read = 6;

    if (at[1] != 'u') {
        if (simple_escape(at[1]) != '\0') return at + 2;
        return bad_escape(lexer, at, "character", 2);
    }
    size = at[2] == '{' ? escape_variable(at, &code, &read) : escape_fixed(at, &code);
    return size ? at + size : bad_escape(lexer, at, "Unicode", read);
}

const char *sgc_string_scan(sgc_lexer *lexer, const char *start)
{
    const char *at = start + 1;

    while (at && *at != '"') {
        if (at == lexer->limit || *at == '\n' || *at == '\r') return unterminated(lexer, at);
        if (at == lexer->bad) return bad_character(lexer, at);
        at = *at == '\\' ? scan_escape(lexer, at) : at + 1;
    }
    return at ? at + 1 : NULL;
}

static bool at_quotes(const char *at)
{
    return at[0] == '"' && at[1] == '"' && at[2] == '"';
}

const char *sgc_block_string_scan(sgc_lexer *lexer, const char *start)
{
    for (const char *at = start + QUOTES;;) {
        /* One test for the two characters that matter and one for the ends. */
        while (*at != '"' && *at != '\\' && at != lexer->bad)
            at++;
        if (at == lexer->limit) return unterminated(lexer, at);
        if (at == lexer->bad) return bad_character(lexer, at);
        if (*at == '\\') {
            at += at_quotes(at + 1) ? 1 + QUOTES : 1;
        } else {
            if (at_quotes(at)) return at + QUOTES;
            at++;
        }
    }
}

/* ---- second pass: what is its value? ---- */

static char *decode_escape(const char **at, char *to)
{
    int32_t code;
    size_t size, read;

    if ((*at)[1] != 'u') {
        *to = simple_escape((*at)[1]);
        *at += 2;
        return to + 1;
    }
    size = (*at)[2] == '{' ? escape_variable(*at, &code, &read) : escape_fixed(*at, &code);
    assert(size > 0);
    *at += size;
    return to + sgc_utf8_encode((uint32_t)code, to);
}

sgc_str sgc_string_decode(sgc_str token, sgc_arena *arena)
{
    sgc_str body = sgc_str_of(token.data + 1, token.size - 2);

    if (!memchr(body.data, '\\', body.size)) return body;
    /* No escape is shorter than the UTF-8 of what it stands for. */
    char *value = sgc_arena_alloc(arena, body.size);
    char *to = value;
    if (!value) return sgc_str_of(NULL, 0);
    for (const char *at = body.data, *end = body.data + body.size; at < end;) {
        if (*at == '\\')
            to = decode_escape(&at, to);
        else
            *to++ = *at++;
    }
    return sgc_str_of(value, (size_t)(to - value));
}

/* One line of a block string, without its line break. */
struct line {
    const char *start, *end, *next; /* next == NULL: the last one */
};

static struct line line_at(const char *at, const char *end)
{
    struct line line = {at, at, NULL};

    while (line.end < end && *line.end != '\n' && *line.end != '\r')
        line.end++;
    if (line.end == end) return line;
    line.next = line.end + 1;
    if (*line.end == '\r' && line.next < end && *line.next == '\n') line.next++;
    return line;
}

static size_t leading_whitespace(struct line line)
{
    const char *at = line.start;

    while (at < line.end && (*at == ' ' || *at == '\t'))
        at++;
    return (size_t)(at - line.start);
}

/* The lines that stay, and the indentation that all but the very first line lose. */
struct block {
    const char *first, *end; /* start of the first line that stays, end of the last */
    size_t indent;
    bool verbatim; /* the value is exactly these bytes */
};

static struct block measure_block(const char *start, const char *end)
{
    struct block block = {NULL, start, SIZE_MAX, true};
    struct line line;

    for (const char *at = start; at; at = line.next) {
        line = line_at(at, end);
        size_t indent = leading_whitespace(line);
        if (indent == (size_t)(line.end - line.start)) continue;
        if (!block.first) block.first = line.start;
        block.end = line.end;
        if (at != start && indent < block.indent) block.indent = indent;
    }
    if (!block.first) block.first = start;
    size_t size = (size_t)(block.end - block.first);
    if (memchr(block.first, '\r', size) || memchr(block.first, '\\', size)) block.verbatim = false;
    if (memchr(block.first, '\n', size) && block.indent > 0) block.verbatim = false;
    if (block.first != start && block.indent > 0 && block.verbatim) block.first += block.indent;
    return block;
}

static char *decode_line(const char *at, const char *end, char *to)
{
    while (at < end) {
        if (*at == '\\' && end - at > QUOTES && at_quotes(at + 1)) at++;
        *to++ = *at++;
    }
    return to;
}

sgc_str sgc_block_string_decode(sgc_str token, sgc_arena *arena)
{
    const char *start = token.data + QUOTES;
    struct block block = measure_block(start, token.data + token.size - QUOTES);
    size_t size = (size_t)(block.end - block.first);
    struct line line;

    if (block.verbatim) return sgc_str_of(block.first, size);
    char *value = sgc_arena_alloc(arena, size);
    char *to = value;
    if (!value) return sgc_str_of(NULL, 0);
    for (const char *at = block.first; at; at = line.next) {
        line = line_at(at, block.end);
        size_t cut = at == start ? 0 : block.indent;
        size_t length = (size_t)(line.end - line.start);
        to = decode_line(line.start + (cut < length ? cut : length), line.end, to);
        if (line.next) *to++ = '\n';
    }
    return sgc_str_of(value, (size_t)(to - value));
}

/* ---- writing ---- */

static void print_escape(uint32_t code, sgc_buf *out)
{
    static const char controls[] = "\b\t\n\f\r";
    static const char names[] = "btnfr";
    const char *found = code && code < 0x20 ? strchr(controls, (int)code) : NULL;

    if (found)
        sgc_buf_printf(out, "\\%c", names[found - controls]);
    else if (code == '"' || code == '\\')
        sgc_buf_printf(out, "\\%c", (char)code);
    else
        sgc_buf_printf(out, "\\u%04X", (unsigned)code);
}

void sgc_string_print(sgc_str value, sgc_buf *out)
{
    size_t copied = 0;

    sgc_buf_byte(out, '"');
    for (size_t i = 0; i < value.size; i++) {
        unsigned char byte = (unsigned char)value.data[i];
        unsigned char next = i + 1 < value.size ? (unsigned char)value.data[i + 1] : 0;
        bool wide = byte == 0xC2 && next >= 0x80 && next <= 0x9F;
        if (byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0x7F && !wide) continue;
        sgc_buf_append(out, value.data + copied, i - copied);
        print_escape(wide ? next : byte, out);
        i += wide;
        copied = i + 1;
    }
    sgc_buf_append(out, value.data + copied, value.size - copied);
    sgc_buf_byte(out, '"');
}

/* What decides on which lines the quotes of a block string go. */
struct shape {
    bool single_line;
    bool all_indented; /* every line but the first is empty or starts with white space */
    bool ends_in_quotes;
};

static struct shape block_shape(sgc_str value)
{
    struct shape shape = {true, true, false};
    const char *end = value.data + value.size;
    struct line line = line_at(value.data, end);

    while (line.next) {
        shape.single_line = false;
        line = line_at(line.next, end);
        if (line.start < line.end && leading_whitespace(line) == 0) shape.all_indented = false;
    }
    for (const char *at = value.data; end - at >= QUOTES;) {
        bool quotes = at_quotes(at);
        at += quotes ? QUOTES : 1;
        shape.ends_in_quotes = quotes && at == end;
    }
    return shape;
}

static void print_block_line_break(size_t indent, sgc_buf *out)
{
    sgc_buf_byte(out, '\n');
    for (size_t i = 0; i < indent; i++)
        sgc_buf_byte(out, ' ');
}

static void print_block_text(sgc_str value, size_t indent, sgc_buf *out)
{
    const char *end = value.data + value.size;
    const char *copied = value.data;

    for (const char *at = value.data; at < end;) {
        bool quotes = end - at >= QUOTES && at_quotes(at);
        if (*at != '\n' && !quotes) {
            at++;
            continue;
        }
        sgc_buf_append(out, copied, (size_t)(at - copied));
        if (quotes)
            sgc_buf_text(out, "\\\"\"\"");
        else
            print_block_line_break(indent, out);
        at += quotes ? QUOTES : 1;
        copied = at;
    }
    sgc_buf_append(out, copied, (size_t)(end - copied));
}

void sgc_block_string_print(sgc_str value, size_t indent, bool minimize, sgc_buf *out)
{
    struct shape shape = block_shape(value);
    char first = value.size ? value.data[0] : '\0';
    char last = value.size ? value.data[value.size - 1] : '\0';
    bool leading_break = !shape.single_line && shape.all_indented;
    bool trailing_break = last == '\\' || (last == '"' && !shape.ends_in_quotes);
    bool many = !minimize && (!shape.single_line || sgc_utf16_length(value) > BLOCK_LINE_MAX ||
                              trailing_break || leading_break || shape.ends_in_quotes);
    bool starts_white = shape.single_line && (first == ' ' || first == '\t');

    sgc_buf_text(out, "\"\"\"");
    if ((many && !starts_white) || leading_break) print_block_line_break(indent, out);
    print_block_text(value, indent, out);
    if (many || trailing_break) print_block_line_break(indent, out);
    sgc_buf_text(out, "\"\"\"");
}
