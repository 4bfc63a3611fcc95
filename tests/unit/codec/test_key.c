/* test_key.c - the byte order of keys is the order of values, for every kind. */
#include "codec/codec.h"
#include "unit/codec/random.h"
#include "unit/unit.h"

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void one_kind(sgc_kind kind)
{
    sgc_arena arena = {0};
    size_t wrong = 0;

    for (int i = 0; i < 100000; i++) {
        sgc_key x, y, down_x, down_y;
        if (i % 1000 == 0) sgc_arena_reset(&arena);
        sgc_value a = random_value(&arena, kind, true), b = random_value(&arena, kind, true);
        if (kind == SGC_KIND_BYTES && random_below(2)) a.as.text = random_bytes(&arena, 4);
        if (kind == SGC_KIND_BYTES && random_below(2)) b.as.text = random_bytes(&arena, 4);
        sgc_key_start(&x), sgc_key_start(&y), sgc_key_start(&down_x), sgc_key_start(&down_y);
        sgc_key_value(&x, &a, false), sgc_key_value(&y, &b, false);
        sgc_key_value(&down_x, &a, true), sgc_key_value(&down_y, &b, true);
        int expected = sign(sgc_value_compare(&a, &b));
        wrong += sign(sgc_str_compare(sgc_key_str(&x), sgc_key_str(&y))) != expected;
        wrong += sign(sgc_str_compare(sgc_key_str(&down_x), sgc_key_str(&down_y))) != -expected;
        /* No component is a prefix of another one. */
        size_t shorter = x.size < y.size ? x.size : y.size;
        wrong += expected != 0 && memcmp(x.bytes, y.bytes, shorter) == 0;
        wrong += x.overflow || y.overflow;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    sgc_arena_free(&arena);
}

static void every_kind_keeps_its_order(void)
{
    for (int kind = SGC_KIND_BOOLEAN; kind < SGC_KIND_EMBEDDED; kind++)
        one_kind((sgc_kind)kind);
}

static void two_components_order_like_pairs(void)
{
    sgc_arena arena = {0};
    size_t wrong = 0;

    for (int i = 0; i < 100000; i++) {
        sgc_key x, y;
        if (i % 1000 == 0) sgc_arena_reset(&arena);
        sgc_value a[2] = {{.kind = SGC_KIND_BYTES, .as.text = random_bytes(&arena, 3)},
                          random_value(&arena, SGC_KIND_INT, true)};
        sgc_value b[2] = {{.kind = SGC_KIND_BYTES, .as.text = random_bytes(&arena, 3)},
                          random_value(&arena, SGC_KIND_INT, true)};
        bool down = random_below(2);
        sgc_key_start(&x), sgc_key_start(&y);
        sgc_key_value(&x, &a[0], false), sgc_key_value(&x, &a[1], down);
        sgc_key_value(&y, &b[0], false), sgc_key_value(&y, &b[1], down);
        int expected = sgc_value_compare(&a[0], &b[0]);
        if (expected == 0) expected = sgc_value_compare(&a[1], &b[1]) * (down ? -1 : 1);
        wrong += sign(sgc_str_compare(sgc_key_str(&x), sgc_key_str(&y))) != sign(expected);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    sgc_arena_free(&arena);
}

static void prefixes_and_successors(void)
{
    sgc_arena arena = {0};
    size_t wrong = 0;

    for (int i = 0; i < 50000; i++) {
        sgc_key prefix, after, full;
        if (i % 1000 == 0) sgc_arena_reset(&arena);
        sgc_str a = random_bytes(&arena, 3), b = random_bytes(&arena, 5);
        bool down = random_below(2);
        sgc_key_start(&prefix), sgc_key_start(&full);
        sgc_key_text_prefix(&prefix, a, down);
        sgc_key_text(&full, b, down);
        after = prefix;
        bool starts = b.size >= a.size && memcmp(a.data, b.data, a.size) == 0;
        bool in_range = sgc_str_compare(sgc_key_str(&full), sgc_key_str(&prefix)) >= 0;
        if (sgc_key_successor(&after))
            in_range = in_range && sgc_str_compare(sgc_key_str(&full), sgc_key_str(&after)) < 0;
        wrong += in_range != starts;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    sgc_key all = {.size = 2, .bytes = {0xff, 0xff}};
    CU_ASSERT_FALSE(sgc_key_successor(&all));
    sgc_key carry = {.size = 3, .bytes = {1, 0xff, 0xff}};
    CU_ASSERT_TRUE(sgc_key_successor(&carry));
    CU_ASSERT_TRUE(carry.size == 1 && carry.bytes[0] == 2);
    sgc_arena_free(&arena);
}

static void primary_keys_come_back_in_order(void)
{
    sgc_key a, b;

    for (int i = 0; i < 20000; i++) {
        int64_t x = random_integer(), y = random_integer(), back = 0;
        int32_t narrow = 0;
        sgc_pk_int64(&a, x), sgc_pk_int64(&b, y);
        CU_ASSERT_TRUE(sgc_pk_read_int64(sgc_key_str(&a), &back) && back == x);
        CU_ASSERT_EQUAL(sign(sgc_str_compare(sgc_key_str(&a), sgc_key_str(&b))), (x > y) - (x < y));
        sgc_pk_int(&a, (int32_t)x);
        CU_ASSERT_TRUE(sgc_pk_read_int(sgc_key_str(&a), &narrow) && narrow == (int32_t)x);
        CU_ASSERT_FALSE(sgc_pk_read_int64(sgc_key_str(&a), &back));
    }
    CU_ASSERT_FALSE(sgc_pk_read_int(sgc_str_of("12345", 5), &(int32_t){0}));
}

static void long_keys_overflow_and_stay_inside(void)
{
    static char text[3000];
    struct {
        sgc_key key;
        uint8_t guard[16];
    } area;

    volatile size_t too_long = sizeof text; /* unknown to the compiler, as from a user */

    memset(text, 'x', sizeof text);
    memset(area.guard, 0x5a, sizeof area.guard);
    for (size_t size = SGC_KEY_MAX - 8; size < SGC_KEY_MAX + 8; size++) {
        for (int zero = 0; zero < 2; zero++) {
            text[size / 2] = zero ? 0 : 'x';
            sgc_key_start(&area.key);
            sgc_key_text(&area.key, sgc_str_of(text, size), zero);
            CU_ASSERT_EQUAL(area.key.overflow, size + 3 + (size_t)zero > SGC_KEY_MAX);
            sgc_key_int64(&area.key, 1, true);
            sgc_key_raw(&area.key, sgc_str_of(text, too_long));
            CU_ASSERT_TRUE(area.key.overflow && area.key.size <= SGC_KEY_MAX);
            text[size / 2] = 'x';
        }
    }
    for (size_t i = 0; i < sizeof area.guard; i++)
        CU_ASSERT_EQUAL(area.guard[i], 0x5a);
}

static void decimals_by_hand(void)
{
    static const char *const ascending[] = {"-1000", "-100",  "-99.99", "-10",   "-9.9",  "-1",
                                            "-0.5",  "-0.05", "-0.005", "0",     "0.001", "0.0011",
                                            "0.01",  "0.1",   "0.11",   "0.9",   "1",     "1.01",
                                            "9.99",  "10",    "99",     "100.5", "101",   "1000"};
    size_t count = sizeof ascending / sizeof *ascending;

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            sgc_key x, y;
            sgc_key_start(&x), sgc_key_start(&y);
            sgc_key_decimal(&x, sgc_str_from(ascending[i]), false);
            sgc_key_decimal(&y, sgc_str_from(ascending[j]), false);
            int expected = (i > j) - (i < j);
            CU_ASSERT_EQUAL(sign(sgc_str_compare(sgc_key_str(&x), sgc_key_str(&y))), expected);
            CU_ASSERT_EQUAL(
                sign(sgc_decimal_compare(sgc_str_from(ascending[i]), sgc_str_from(ascending[j]))),
                expected);
        }
    }
}

static void same_decimal(const char *a, const char *b)
{
    sgc_key x, y;

    sgc_key_start(&x), sgc_key_start(&y);
    sgc_key_decimal(&x, sgc_str_from(a), false);
    sgc_key_decimal(&y, sgc_str_from(b), false);
    CU_ASSERT_TRUE(sgc_str_eq(sgc_key_str(&x), sgc_key_str(&y)));
}

static void odd_spellings(void)
{
    static const char upper[] = "ABCDEF01-0000-4000-8000-00000000000A";
    sgc_key x, y;

    same_decimal("1.5", "+1.50");
    same_decimal("1.5", "01.500");
    same_decimal("-0.05", "-.050");
    same_decimal("100", "0100.0");
    same_decimal("0", "-0.00");
    same_decimal("0", "+");
    for (int descending = 0; descending < 2; descending++) {
        sgc_key_start(&x), sgc_key_start(&y);
        sgc_key_uuid(&x, sgc_str_from(upper), descending);
        sgc_key_text(&y, SGC_STR("abcdef01-0000-4000-8000-00000000000a"), descending);
        CU_ASSERT_TRUE(sgc_str_eq(sgc_key_str(&x), sgc_key_str(&y)));
    }
    sgc_pk_uuid(&x, sgc_str_from(upper));
    CU_ASSERT_TRUE(sgc_str_eq(sgc_key_str(&x), SGC_STR("abcdef01-0000-4000-8000-00000000000a")));
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"every kind keeps its order", every_kind_keeps_its_order},
        {"two components order like pairs", two_components_order_like_pairs},
        {"prefixes and successors", prefixes_and_successors},
        {"primary keys come back in order", primary_keys_come_back_in_order},
        {"long keys overflow and stay inside", long_keys_overflow_and_stay_inside},
        {"decimals by hand", decimals_by_hand},
        {"odd spellings", odd_spellings},
        CU_TEST_INFO_NULL,
    };
    return unit_run("codec.key", tests);
}
