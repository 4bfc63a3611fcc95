/*
 * json.c - JSON: strings written with escapes, and the strict reader that makes a tree of one
 * text (RFC 8259). Numbers are in number.c, dates in time.c.
 */
#include "codec/codec.h"
#include "codec/number.h"

/* ---- writing ---- */

/* True when one of 8 bytes is below 0x20, a quote or a backslash (exact as a whole, not per byte).
 */
static bool needs_escape(uint64_t bytes)
{
    const uint64_t ones = 0x0101010101010101U, highs = 0x8080808080808080U;
    uint64_t quote = bytes ^ (ones * '"'), slash = bytes ^ (ones * '\\');

    return (((bytes - ones * 0x20) & ~bytes) | ((quote - ones) & ~quote) |
            ((slash - ones) & ~slash)) &
           highs;
}

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c != '"' && c != '\\';
}

static char *put_escape(char *at, uint8_t c)
{
    static const char hex[] = "0123456789abcdef";
    static const char short_form[32] = {[8] = 'b', [9] = 't', [10] = 'n', [12] = 'f', [13] = 'r'};

    *at++ = '\\';
    if (c >= 0x20) {
        *at++ = (char)c;
    } else if (short_form[c]) {
        *at++ = short_form[c];
    } else {
        memcpy(at, "u00", 3);
        at[3] = hex[c >> 4];
        at[4] = hex[c & 15];
        at += 5;
    }
    return at;
}

void sgc_json_str(sgc_buf *out, sgc_str text)
{
    size_t done = 0;

    if (!text.data) {
        sgc_json_null(out);
        return;
    }
    sgc_buf_byte(out, '"');
    for (size_t at = 0;; at++) {
        while (text.size - at >= 8 && !needs_escape(sgc_load64(text.data + at)))
            at += 8;
        while (at < text.size && is_plain((uint8_t)text.data[at]))
            at++;
        sgc_buf_append(out, text.data + done, at - done);
        if (at == text.size) break;
        char *place = sgc_buf_reserve(out, 6);
        if (!place) return;
        out->size += (size_t)(put_escape(place, (uint8_t)text.data[at]) - place);
        done = at + 1;
    }
    sgc_buf_byte(out, '"');
}

void sgc_json_write(sgc_buf *out, const sgc_json *json)
{
    static const char *const words[] = {"null", "true", "false"};

    if (json->kind <= SGC_JSON_FALSE) {
        sgc_buf_text(out, words[json->kind]);
    } else if (json->kind == SGC_JSON_NUMBER) {
        sgc_buf_str(out, json->text);
    } else if (json->kind == SGC_JSON_STRING) {
        sgc_json_str(out, json->text);
    } else {
        bool object = json->kind == SGC_JSON_OBJECT;
        sgc_buf_byte(out, object ? '{' : '[');
        for (const sgc_json *item = json->first; item; item = item->next) {
            if (item != json->first) sgc_buf_byte(out, ',');
            if (object) {
                sgc_json_str(out, item->key);
                sgc_buf_byte(out, ':');
            }
            sgc_json_write(out, item);
        }
        sgc_buf_byte(out, object ? '}' : ']');
    }
}

/* ---- reading ---- */

enum { DEPTH_MAX = 200, MAP_FROM = 8 };

typedef struct reader {
    const char *start, *at, *end;
    sgc_arena *arena;
    sgc_error *error;
    sgc_status status; /* of the first failure */
    bool wtf8;         /* halves of surrogate pairs are kept */
} reader;

/* The first failure stays; line and column count from 1, columns in bytes. */
static bool fail_at(reader *r, const char *at, const char *what)
{
    size_t line = 1;
    const char *line_start = r->start;

    if (r->status != SGC_OK) return false;
    for (const char *p = r->start; p < at; p++) {
        if (*p == '\n') {
            line++;
            line_start = p + 1;
        }
    }
    r->status = sgc_fail(r->error, SGC_INVALID, "JSON line %zu, column %zu: %s", line,
                         (size_t)(at - line_start) + 1, what);
    return false;
}

static bool no_memory(reader *r)
{
    if (r->status == SGC_OK) r->status = sgc_fail(r->error, SGC_NO_MEMORY, "out of memory");
    return false;
}

static void skip_space(reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
        r->at++;
}

static char peek(const reader *r)
{
    return r->at < r->end ? *r->at : '\0';
}

static bool read_hex4(const char *at, const char *end, uint32_t *value)
{
    if (end - at < 4) return false;
    *value = 0;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0) return false;
        *value = *value << 4 | (uint32_t)digit;
    }
    return true;
}

/* Behind "\u"; returns the place behind the escape, NULL after an error. */
static const char *read_unicode(reader *r, const char *at, uint32_t *code_point)
{
    uint32_t low;
    const char *escape = at - 2;

    if (!read_hex4(at, r->end, code_point)) {
        fail_at(r, escape, "\\u must be followed by four hexadecimal digits");
        return NULL;
    }
    at += 4;
    if (*code_point < 0xd800 || *code_point > 0xdfff) return at;
    if (*code_point > 0xdbff || r->end - at < 6 || at[0] != '\\' || at[1] != 'u' ||
        !read_hex4(at + 2, r->end, &low) || low < 0xdc00 || low > 0xdfff) {
        if (r->wtf8) return at;
        fail_at(r, escape, "half of a surrogate pair");
        return NULL;
    }
    *code_point = 0x10000 + ((*code_point - 0xd800) << 10) + (low - 0xdc00);
    return at + 6;
}

static const char *read_escape(reader *r, const char *at, char **out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    uint32_t code_point;
    const char *known = at < r->end && *at ? strchr(from, *at) : NULL;

    if (known) {
        *(*out)++ = to[known - from];
        return at + 1;
    }
    if (at >= r->end || *at != 'u') {
        fail_at(r, at - 1, "unknown escape in a string");
        return NULL;
    }
    at = read_unicode(r, at + 1, &code_point);
    if (at) *out += sgc_utf8_encode(code_point, *out);
    return at;
}

static bool decode(reader *r, const char *from, const char *to, sgc_str *text)
{
    char *memory = sgc_arena_alloc(r->arena, (size_t)(to - from) + 4);
    char *out = memory;

    if (!memory) return no_memory(r);
    while (from < to) {
        const char *slash = memchr(from, '\\', (size_t)(to - from));
        size_t plain = (size_t)((slash ? slash : to) - from);
        memcpy(out, from, plain);
        out += plain;
        from += plain;
        if (slash) from = read_escape(r, from + 1, &out);
        if (!from) return false;
    }
    *text = sgc_str_of(memory, (size_t)(out - memory));
    return true;
}

static bool read_string(reader *r, sgc_str *text)
{
    const char *from = ++r->at, *at = from;
    bool escapes = false;

    for (;;) {
        while (r->end - at >= 8 && !needs_escape(sgc_load64(at)))
            at += 8;
        while (at < r->end && is_plain((uint8_t)*at))
            at++;
        if (at >= r->end) return fail_at(r, from - 1, "a string without an end");
        if (*at == '"') break;
        if (*at != '\\') return fail_at(r, at, "a control character in a string must be escaped");
        escapes = true;
        at += 2;
    }
    r->at = at + 1;
    *text = sgc_str_of(from, (size_t)(at - from));
    size_t valid = sgc_utf8_valid_prefix(*text);
    if (valid != text->size) return fail_at(r, from + valid, "invalid UTF-8");
    return escapes ? decode(r, from, at, text) : true;
}

static bool read_number(reader *r, sgc_json *json)
{
    const char *from = r->at;

    if (peek(r) == '-') r->at++;
    if (peek(r) == '0')
        r->at++;
    else if (peek(r) >= '1' && peek(r) <= '9')
        while (peek(r) >= '0' && peek(r) <= '9')
            r->at++;
    else
        return fail_at(r, from, "a value is expected");
    if (peek(r) == '.') {
        r->at++;
        if (peek(r) < '0' || peek(r) > '9') return fail_at(r, r->at, "a digit is expected");
        while (peek(r) >= '0' && peek(r) <= '9')
            r->at++;
    }
    if (peek(r) == 'e' || peek(r) == 'E') {
        r->at++;
        if (peek(r) == '+' || peek(r) == '-') r->at++;
        if (peek(r) < '0' || peek(r) > '9') return fail_at(r, r->at, "a digit is expected");
        while (peek(r) >= '0' && peek(r) <= '9')
            r->at++;
    }
    json->kind = SGC_JSON_NUMBER;
    json->text = sgc_str_of(from, (size_t)(r->at - from));
    return true;
}

static bool read_word(reader *r, sgc_json *json, const char *word, sgc_json_kind kind)
{
    size_t size = strlen(word);

    if ((size_t)(r->end - r->at) < size || memcmp(r->at, word, size) != 0)
        return fail_at(r, r->at, "a value is expected");
    r->at += size;
    json->kind = kind;
    return true;
}

static sgc_json *read_value(reader *r, unsigned depth);

/* Few keys are compared one by one, many through a map. */
static bool key_is_new(reader *r, const sgc_json *object, sgc_map *map, sgc_json *member)
{
    if (object->count < MAP_FROM) {
        for (const sgc_json *other = object->first; other; other = other->next)
            if (sgc_str_eq(other->key, member->key)) return false;
        return true;
    }
    if (map->count == 0) {
        map->arena = r->arena;
        for (sgc_json *other = object->first; other; other = other->next)
            if (!sgc_map_put(map, other->key, other)) return no_memory(r);
    }
    if (sgc_map_get(map, member->key)) return false;
    return sgc_map_put(map, member->key, member) || no_memory(r);
}

static sgc_json *read_member(reader *r, sgc_json *object, sgc_map *map, unsigned depth)
{
    const char *key_at = r->at;
    sgc_str key;

    if (peek(r) != '"') {
        fail_at(r, r->at, "a key in quotes is expected");
        return NULL;
    }
    if (!read_string(r, &key)) return NULL;
    skip_space(r);
    if (peek(r) != ':') {
        fail_at(r, r->at, "\":\" is expected");
        return NULL;
    }
    r->at++;
    sgc_json *member = read_value(r, depth);
    if (!member) return NULL;
    member->key = key;
    if (key_is_new(r, object, map, member)) return member;
    fail_at(r, key_at, "the key is there twice");
    return NULL;
}

static bool read_container(reader *r, sgc_json *json, unsigned depth)
{
    bool object = json->kind == SGC_JSON_OBJECT;
    char close = object ? '}' : ']';
    sgc_json **tail = &json->first;
    sgc_map map = {0};

    if (depth >= DEPTH_MAX) return fail_at(r, r->at, "nested more than 200 deep");
    r->at++;
    skip_space(r);
    if (peek(r) == close) {
        r->at++;
        return true;
    }
    for (;;) {
        skip_space(r);
        sgc_json *item = object ? read_member(r, json, &map, depth + 1) : read_value(r, depth + 1);
        if (!item) return false;
        *tail = item;
        tail = &item->next;
        json->count++;
        skip_space(r);
        if (peek(r) == close) break;
        if (peek(r) != ',')
            return fail_at(r, r->at,
                           object ? "\",\" or \"}\" is expected" : "\",\" or \"]\" is expected");
        r->at++;
    }
    r->at++;
    return true;
}

static sgc_json *read_value(reader *r, unsigned depth)
{
    sgc_json *json = sgc_arena_zero(r->arena, 1, sizeof *json);
    bool good;

    if (!json) {
        no_memory(r);
        return NULL;
    }
    skip_space(r);
    json->offset = (size_t)(r->at - r->start);
    switch (peek(r)) {
    case '{':
        json->kind = SGC_JSON_OBJECT;
        good = read_container(r, json, depth);
        break;
    case '[':
        json->kind = SGC_JSON_ARRAY;
        good = read_container(r, json, depth);
        break;
    case '"':
        json->kind = SGC_JSON_STRING;
        good = read_string(r, &json->text);
        break;
    case 't':
        good = read_word(r, json, "true", SGC_JSON_TRUE);
        break;
    case 'f':
        good = read_word(r, json, "false", SGC_JSON_FALSE);
        break;
    case 'n':
        good = read_word(r, json, "null", SGC_JSON_NULL);
        break;
    default:
        good = read_number(r, json);
        break;
    }
    return good ? json : NULL;
}

static sgc_status parse(sgc_str text, bool wtf8, sgc_arena *arena, sgc_json **json,
                        sgc_error *error)
{
    const char *data = text.data ? text.data : "";
    reader r = {.start = data,
                .at = data,
                .end = data + text.size,
                .arena = arena,
                .error = error,
                .wtf8 = wtf8};

    *json = read_value(&r, 0);
    if (*json) {
        skip_space(&r);
        if (r.at != r.end) fail_at(&r, r.at, "text behind the value");
    }
    if (r.status != SGC_OK) *json = NULL;
    return r.status;
}

sgc_status sgc_json_parse(sgc_str text, sgc_arena *arena, sgc_json **json, sgc_error *error)
{
    return parse(text, false, arena, json, error);
}

sgc_status sgc_json_parse_wtf8(sgc_str text, sgc_arena *arena, sgc_json **json, sgc_error *error)
{
    return parse(text, true, arena, json, error);
}

const sgc_json *sgc_json_get(const sgc_json *json, sgc_str key)
{
    if (!json || json->kind != SGC_JSON_OBJECT) return NULL;
    for (const sgc_json *member = json->first; member; member = member->next)
        if (sgc_str_eq(member->key, key)) return member;
    return NULL;
}

const sgc_json *sgc_json_member(const sgc_json *json, const char *key)
{
    return sgc_json_get(json, sgc_str_from(key));
}
