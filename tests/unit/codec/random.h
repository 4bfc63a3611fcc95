/* random.h - reproducible random numbers and values for the tests of this room. */
#ifndef SGC_TESTS_CODEC_RANDOM_H
#define SGC_TESTS_CODEC_RANDOM_H

#include "codec/codec.h"

/* xorshift64* (Vigna 2016): a seed gives one sequence on every machine. */
static uint64_t random_state = 0x9e3779b97f4a7c15U;

static inline uint64_t random_next(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545f4914f6cdd1dU;
}

static inline size_t random_below(size_t limit)
{
    return (size_t)(random_next() >> 11) % limit;
}

/* Small numbers, limits and anything: what finds mistakes in orders. */
static inline int64_t random_integer(void)
{
    static const int64_t edges[] = {0, 1, -1, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, 255, 256};

    switch (random_below(3)) {
    case 0:
        return edges[random_below(sizeof edges / sizeof *edges)];
    case 1:
        return (int64_t)random_below(200) - 100;
    default:
        return (int64_t)random_next();
    }
}

static inline double random_double(void)
{
    static const double edges[] = {0.0,
                                   -0.0,
                                   1.0,
                                   -1.0,
                                   5e-324,
                                   -5e-324,
                                   1.7976931348623157e308,
                                   -1.7976931348623157e308,
                                   2.2250738585072014e-308,
                                   0.1};
    double value;

    switch (random_below(4)) {
    case 0:
        return edges[random_below(sizeof edges / sizeof *edges)];
    case 1:
        return (double)((int64_t)random_below(20000) - 10000) / 100.0;
    default:
        do {
            uint64_t bits = random_next();
            memcpy(&value, &bits, sizeof value);
        } while (value != value || value - value != 0);
        return value;
    }
}

/* Bytes from a small alphabet with 0 and 0xff, so that prefixes and escapes are frequent. */
static inline sgc_str random_bytes(sgc_arena *arena, size_t longest)
{
    static const char alphabet[] = {0, 0, 1, 2, 'a', 'b', '\xff', '\xfe'};
    size_t size = random_below(longest + 1);
    char *bytes = sgc_arena_alloc(arena, size + 1);

    for (size_t i = 0; i < size; i++)
        bytes[i] = alphabet[random_below(sizeof alphabet)];
    return sgc_str_of(bytes, size);
}

static inline sgc_str random_text(sgc_arena *arena, size_t longest)
{
    static const char *const parts[] = {"a",
                                        "b",
                                        "\"",
                                        "\\",
                                        "\n",
                                        "\x01",
                                        "\xc3\xa4",
                                        "\xe2\x82\xac",
                                        "\xf0\x9f\x98\x80",
                                        " long enough "};
    size_t count = random_below(longest + 1);
    char *bytes = sgc_arena_alloc(arena, count * 14 + 1);
    size_t size = 0;

    for (size_t i = 0; i < count; i++) {
        const char *part = parts[random_below(sizeof parts / sizeof *parts)];
        memcpy(bytes + size, part, strlen(part));
        size += strlen(part);
    }
    return sgc_str_of(bytes, size);
}

static inline sgc_str random_decimal(sgc_arena *arena)
{
    char text[32];
    size_t size = 0, whole = 1 + random_below(4), fraction = random_below(5);
    sgc_str decimal = {0};

    if (random_below(2)) text[size++] = '-';
    for (size_t i = 0; i < whole; i++)
        text[size++] = (char)('0' + random_below(3) * 4);
    if (fraction) text[size++] = '.';
    for (size_t i = 0; i < fraction; i++)
        text[size++] = (char)('0' + random_below(3) * 4);
    if (sgc_text_to_decimal(sgc_str_of(text, size), arena, &decimal, NULL) != SGC_OK)
        decimal = SGC_STR("0");
    return decimal;
}

static inline sgc_value random_value(sgc_arena *arena, sgc_kind kind, bool nulls)
{
    sgc_value value = {.kind = kind};

    if (nulls && random_below(8) == 0) {
        value.is_null = true;
        return value;
    }
    switch (kind) {
    case SGC_KIND_BOOLEAN:
        value.as.boolean = random_below(2);
        break;
    case SGC_KIND_ENUM:
        value.as.enumeration = (uint16_t)(1 + random_below(random_below(2) ? 3 : 65535));
        break;
    case SGC_KIND_INT:
        value.as.integer = (int32_t)random_integer();
        break;
    case SGC_KIND_BIGINT:
    case SGC_KIND_DATETIME:
    case SGC_KIND_DATE:
    case SGC_KIND_TIME:
        value.as.integer = random_integer();
        break;
    case SGC_KIND_FLOAT:
        value.as.real = random_double();
        break;
    case SGC_KIND_DECIMAL:
        value.as.text = random_decimal(arena);
        break;
    case SGC_KIND_BYTES:
        value.as.text = random_bytes(arena, 40);
        break;
    case SGC_KIND_STRING:
    case SGC_KIND_ID:
    case SGC_KIND_UUID:
    case SGC_KIND_JSON:
    case SGC_KIND_EMBEDDED:
        value.as.text = random_text(arena, 40);
        break;
    }
    return value;
}

#endif
