/*
 * text.c - the text tests of filters: LIKE patterns and places of substrings, on UTF-8 bytes.
 */
#include "query/text.h"

bool sgc_text_starts(sgc_str text, sgc_str start)
{
    return text.size >= start.size && memcmp(text.data, start.data, start.size) == 0;
}

bool sgc_text_ends(sgc_str text, sgc_str end)
{
    return text.size >= end.size &&
           memcmp(text.data + (text.size - end.size), end.data, end.size) == 0;
}

/* memchr for the first byte, then a compare: linear for all but made-up texts. */
bool sgc_text_contains(sgc_str text, sgc_str part)
{
    if (part.size == 0) return true;
    const char *at = text.data;
    const char *end = text.data + text.size;

    while ((size_t)(end - at) >= part.size) {
        at = memchr(at, part.data[0], (size_t)(end - at) - part.size + 1);
        if (!at) return false;
        if (memcmp(at, part.data, part.size) == 0) return true;
        at++;
    }
    return false;
}

/* Simple case folding of the scripts whose letters come in regular pairs. */
static uint32_t fold(uint32_t c)
{
    if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
    if (c >= 0xC0 && c <= 0xDE) return c == 0xD7 ? c : c + 32;
    if ((c >= 0x100 && c <= 0x137 && c != 0x130) || (c >= 0x14A && c <= 0x177)) return c | 1;
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E)) return c + (c & 1);
    if (c >= 0x391 && c <= 0x3A9) return c + 32;
    if (c >= 0x410 && c <= 0x42F) return c + 32;
    if (c >= 0x400 && c <= 0x40F) return c + 80;
    return c;
}

/* The character at a place and its length; a byte that is no UTF-8 stands for itself. */
static size_t character(const char *at, const char *end, bool ignore_case, uint32_t *c)
{
    size_t size = sgc_utf8_decode(at, (size_t)(end - at), c);

    if (size == 0) {
        *c = 0x110000U + (uint8_t)*at;
        return 1;
    }
    if (ignore_case) *c = fold(*c);
    return size;
}

typedef struct place {
    const char *pattern, *text;
} place;

/* One step of a pattern that does not start with %: false when the text does not go along. */
static bool step(place *at, const char *pattern_end, const char *text_end, bool ignore_case)
{
    uint32_t wanted, found;

    if (at->text == text_end || at->pattern == pattern_end) return false;
    size_t size = character(at->text, text_end, ignore_case, &found);
    if (*at->pattern == '_') {
        at->pattern++;
        at->text += size;
        return true;
    }
    const char *literal = at->pattern;
    if (*literal == '\\' && literal + 1 < pattern_end) literal++;
    size_t wanted_size = character(literal, pattern_end, ignore_case, &wanted);
    if (wanted != found) return false;
    at->pattern = literal + wanted_size;
    at->text += size;
    return true;
}

/* Only the last % needs to be tried again: work is at most |text| * |pattern|. */
bool sgc_text_like(sgc_str text, sgc_str pattern, bool ignore_case)
{
    const char *text_end = text.data + text.size;
    const char *pattern_end = pattern.data + pattern.size;
    place at = {pattern.data, text.data};
    place retry = {NULL, NULL};
    uint32_t skipped;

    for (;;) {
        if (at.pattern < pattern_end && *at.pattern == '%') {
            at.pattern++;
            retry = at;
            continue;
        }
        if (at.pattern == pattern_end && at.text == text_end) return true;
        if (step(&at, pattern_end, text_end, ignore_case)) continue;
        if (!retry.pattern || retry.text >= text_end) return false;
        retry.text += character(retry.text, text_end, ignore_case, &skipped);
        at = retry;
    }
}
