/* test_base.c - memory, text, hashes and maps against published vectors and by breaking them. */
#include "base/base.h"
#include "unit/unit.h"

#include <limits.h>

static void arena_keeps_what_it_gave(void)
{
    sgc_arena arena = {0};
    char *all[500];

    for (size_t i = 0; i < 500; i++) {
        all[i] = sgc_arena_alloc(&arena, i);
        CU_ASSERT_PTR_NOT_NULL_FATAL(all[i]);
        CU_ASSERT_EQUAL((uintptr_t)all[i] % 16, 0);
        memset(all[i], (int)(i & 0x7F), i);
    }
    for (size_t i = 1; i < 500; i++)
        CU_ASSERT_EQUAL(all[i][i - 1], (char)(i & 0x7F));
    CU_ASSERT_PTR_NULL(sgc_arena_alloc(&arena, SIZE_MAX - 3));
    CU_ASSERT_PTR_NULL(sgc_arena_zero(&arena, SIZE_MAX / 2, 3));
    UNIT_STR(sgc_arena_printf(&arena, "%d-%s", 7, "x"), "7-x");
    sgc_arena_reset(&arena);
    CU_ASSERT_PTR_NOT_NULL(sgc_arena_alloc(&arena, 10));
    sgc_arena_free(&arena);
}

static void buffer_error_sticks(void)
{
    sgc_buf buf = {0};

    sgc_buf_text(&buf, "abc");
    sgc_buf_byte(&buf, 'd');
    sgc_buf_printf(&buf, "%04d", 42);
    UNIT_STR(sgc_buf_as_str(&buf), "abcd0042");
    CU_ASSERT_PTR_NULL(sgc_buf_reserve(&buf, SIZE_MAX));
    CU_ASSERT_TRUE(buf.failed);
    sgc_buf_text(&buf, "more");
    sgc_buf_byte(&buf, 'x');
    UNIT_STR(sgc_buf_as_str(&buf), "abcd0042");
    sgc_buf_free(&buf);
}

static void allocation_failure_is_reported(void)
{
    sgc_buf buf = {0};
    sgc_arena arena = {0};

    sgc_alloc_fail_at(1, false);
    sgc_buf_text(&buf, "abc");
    CU_ASSERT_TRUE(buf.failed);
    CU_ASSERT_PTR_NOT_NULL(sgc_arena_alloc(&arena, 10));
    sgc_alloc_fail_at(0, false);
    sgc_arena_free(&arena);
    sgc_buf_free(&buf);
}

static void crc32c_vectors(void)
{
    uint8_t data[32];

    /* RFC 3720 B.4 */
    memset(data, 0, sizeof data);
    CU_ASSERT_EQUAL(sgc_crc32c(0, data, 32), 0x8A9136AAU);
    memset(data, 0xFF, sizeof data);
    CU_ASSERT_EQUAL(sgc_crc32c(0, data, 32), 0x62A8AB43U);
    CU_ASSERT_EQUAL(sgc_crc32c(0, "123456789", 9), 0xE3069283U);
    CU_ASSERT_EQUAL(sgc_crc32c(sgc_crc32c(0, "1234", 4), "56789", 5), 0xE3069283U);
}

static void hash_spreads(void)
{
    unsigned buckets[256] = {0};
    char key[16];

    for (int i = 0; i < 25600; i++) {
        int size = snprintf(key, sizeof key, "key%d", i);
        buckets[sgc_hash(key, (size_t)size, 0) >> 56]++;
    }
    for (int i = 0; i < 256; i++)
        CU_ASSERT_TRUE(buckets[i] > 50 && buckets[i] < 150);
    CU_ASSERT_NOT_EQUAL(sgc_hash("a", 1, 0), sgc_hash("a", 1, 1));
    CU_ASSERT_NOT_EQUAL(sgc_hash("\0", 1, 0), sgc_hash("\0\0", 2, 0));
}

static void map_finds_all(void)
{
    sgc_arena arena = {0};
    sgc_map map = {.arena = &arena};
    int values[1000];

    CU_ASSERT_PTR_NULL(sgc_map_get(&map, SGC_STR("none")));
    for (int i = 0; i < 1000; i++) {
        values[i] = i;
        CU_ASSERT_TRUE_FATAL(sgc_map_put(&map, sgc_arena_printf(&arena, "k%d", i), &values[i]));
    }
    for (int i = 0; i < 1000; i++)
        CU_ASSERT_PTR_EQUAL(sgc_map_get(&map, sgc_arena_printf(&arena, "k%d", i)), &values[i]);
    CU_ASSERT_PTR_NULL(sgc_map_get(&map, SGC_STR("k1000")));
    CU_ASSERT_TRUE(sgc_map_put(&map, SGC_STR("k1"), &values[0]));
    CU_ASSERT_EQUAL(map.count, 1000);
    CU_ASSERT_PTR_EQUAL(sgc_map_get(&map, SGC_STR("k1")), &values[0]);
    sgc_arena_free(&arena);
}

static void utf8_accepts_only_scalar_values(void)
{
    char out[4];
    uint32_t back;

    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        if (c >= 0xD800 && c <= 0xDFFF) continue;
        size_t size = sgc_utf8_encode(c, out);
        if (sgc_utf8_decode(out, size, &back) != size || back != c) {
            CU_FAIL_FATAL("round trip");
        }
    }
    CU_ASSERT_EQUAL(sgc_utf8_decode("\xC0\x80", 2, &back), 0);
    CU_ASSERT_EQUAL(sgc_utf8_decode("\xED\xA0\x80", 3, &back), 0);
    CU_ASSERT_EQUAL(sgc_utf8_decode("\xF4\x90\x80\x80", 4, &back), 0);
    CU_ASSERT_EQUAL(sgc_utf8_decode("\xE2\x82", 2, &back), 0);
    CU_ASSERT_EQUAL(sgc_utf8_valid_prefix(SGC_STR("0123456789\xFFz")), 10);
}

static void errors_are_cut_at_characters(void)
{
    sgc_error error;
    char text[600];

    memset(text, 'a', sizeof text);
    memcpy(text + 498, "\xC3\xA9", 3);
    CU_ASSERT_EQUAL(sgc_fail(&error, SGC_IO, "%s", text), SGC_IO);
    CU_ASSERT_EQUAL(strlen(error.text), 498);
    CU_ASSERT_STRING_EQUAL(sgc_status_code(SGC_EXISTS), "UNIQUE_VIOLATION");
    CU_ASSERT_STRING_EQUAL(sgc_status_name(SGC_EXISTS), "EXISTS");
    CU_ASSERT_STRING_EQUAL(sgc_status_name((sgc_status)99), "UNKNOWN");
    CU_ASSERT_STRING_EQUAL(sgc_status_sqlstate(SGC_CONFLICT), "40001");
}

/* Plain formats take a short way; what comes out must be what printf says. */
static void printf_plain(void)
{
    sgc_buf buf = {0};
    sgc_arena arena = {0};
    char expected[2048], words[600];

    memset(words, 'w', sizeof words - 1);
    words[sizeof words - 1] = 0;
#define SAME(...)                                                                                  \
    do {                                                                                           \
        snprintf(expected, sizeof expected, __VA_ARGS__);                                          \
        buf.size = 0;                                                                              \
        sgc_buf_printf(&buf, __VA_ARGS__);                                                         \
        UNIT_STR(sgc_buf_as_str(&buf), expected);                                                  \
        UNIT_STR(sgc_arena_printf(&arena, __VA_ARGS__), expected);                                 \
    } while (0)
    SAME("%d %d %u %zu %s.", INT_MIN, -1, UINT_MAX, SIZE_MAX, "text");
    SAME("%.*s|%.*s|%.*s", 3, "a\0b", 0, "none", 2, "long");
    SAME("%.*s", -1, "negative means no limit");
    SAME("%d%% %5d %-5d| %x %lld %c", 50, 7, 7, 255U, (long long)INT64_MIN, 'c');
    SAME("%s%s%s", words, "", words);
    SAME("%.*s%u", 254, words, 1234567U);
    SAME("%.*s%d", 255, words, 1);
#undef SAME
    sgc_buf_free(&buf);
    sgc_arena_free(&arena);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"arena keeps what it gave", arena_keeps_what_it_gave},
        {"buffer error sticks", buffer_error_sticks},
        {"printf, plain and not", printf_plain},
        {"allocation failure is reported", allocation_failure_is_reported},
        {"crc32c vectors", crc32c_vectors},
        {"hash spreads", hash_spreads},
        {"map finds all", map_finds_all},
        {"utf8 accepts only scalar values", utf8_accepts_only_scalar_values},
        {"errors are cut at characters", errors_are_cut_at_characters},
        CU_TEST_INFO_NULL,
    };
    return unit_run("base", tests);
}
