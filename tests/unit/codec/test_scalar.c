/* test_scalar.c - texts of numbers, dates, UUIDs and bytes: right ones, wrong ones, back again. */
#include "codec/codec.h"
#include "unit/codec/random.h"
#include "unit/unit.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>

static sgc_buf out;

static sgc_str written(void)
{
    return sgc_buf_as_str(&out);
}

static sgc_str inside_quotes(void)
{
    return sgc_str_of(out.data + 1, out.size - 2);
}

static void doubles_by_hand(void)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {100, "100"},
        {1e20, "100000000000000000000"},
        {1e21, "1e+21"},
        {1.5e300, "1.5e+300"},
        {1e-6, "0.000001"},
        {1e-7, "1e-7"},
        {1.25e-9, "1.25e-9"},
        {5e-324, "5e-324"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {123456.789, "123456.789"},
        {9007199254740991.0, "9007199254740991"},
        {9007199254740993.0, "9007199254740992"},
        {0.30000000000000004, "0.30000000000000004"},
        {2.5e-5, "0.000025"},
        {1e23, "1e+23"},
        {5.684341886080802e-14, "5.684341886080802e-14"},
        {9.5367431640625e-07, "9.5367431640625e-7"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        out.size = 0;
        sgc_json_float(&out, cases[i].value);
        UNIT_STR(written(), cases[i].text);
    }
    out.size = 0;
    sgc_json_float(&out, NAN);
    sgc_json_float(&out, HUGE_VAL);
    UNIT_STR(written(), "nullnull");
}

/* Reads back as the same double, and no text with fewer digits does. */
static void doubles_are_shortest(void)
{
    size_t wrong = 0;

    for (int i = 0; i < 100000; i++) {
        double value = random_double(), back = 1;
        char text[64];
        out.size = 0;
        sgc_json_float(&out, value);
        wrong += sgc_text_to_double(written(), &back, NULL) != SGC_OK;
        wrong += memcmp(&back, &value, sizeof value) != 0;
        size_t digits = 0, zeros = 0;
        for (size_t at = 0; at < out.size && out.data[at] != 'e'; at++) {
            if (out.data[at] < '0' || out.data[at] > '9' || (digits == 0 && out.data[at] == '0'))
                continue;
            digits++;
            zeros = out.data[at] == '0' ? zeros + 1 : 0;
        }
        /* Below 2^53 all digits of an integer are shown. */
        if (digits - zeros < 2 || (fabs(value) >= 1e15 && fabs(value) < 1e21)) continue;
        snprintf(text, sizeof text, "%.*e", (int)(digits - zeros) - 2, value);
        wrong += strtod(text, NULL) == value;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void text_to_double_is_nearest(void)
{
    size_t wrong = 0;

    for (int i = 0; i < 50000; i++) {
        char text[64];
        double value = 0;
        switch (random_below(3)) {
        case 0:
            snprintf(text, sizeof text, "%.*e", (int)random_below(30), random_double());
            break;
        case 1:
            snprintf(text, sizeof text, "%.*f", (int)random_below(20),
                     (double)(random_integer() % 1000000) / 7);
            break;
        default:
            snprintf(text, sizeof text, "%d%sE%d", (int)random_below(100000) + 1, "",
                     (int)random_below(330) - 345);
            break;
        }
        wrong += sgc_text_to_double(sgc_str_from(text), &value, NULL) != SGC_OK &&
                 isfinite(strtod(text, NULL));
        if (isfinite(strtod(text, NULL))) wrong += value != strtod(text, NULL);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void long_numbers(void)
{
    static char text[4096];
    double value;

    /* The midpoint above 1, exactly, and a digit far behind it that decides the rounding. */
    int size =
        snprintf(text, sizeof text, "1.00000000000000011102230246251565404236316680908203125");
    CU_ASSERT_EQUAL(sgc_text_to_double(sgc_str_from(text), &value, NULL), SGC_OK);
    CU_ASSERT_EQUAL(value, 1.0);
    memset(text + size, '0', 3000);
    text[size + 3000] = '1';
    CU_ASSERT_EQUAL(sgc_text_to_double(sgc_str_of(text, (size_t)size + 3001), &value, NULL),
                    SGC_OK);
    CU_ASSERT_EQUAL(value, 1.0000000000000002);
    memset(text, '9', 2000);
    CU_ASSERT_EQUAL(sgc_text_to_double(sgc_str_of(text, 2000), &value, NULL), SGC_INVALID);
    memset(text, '0', 2000);
    text[1] = '.';
    text[1999] = '1';
    CU_ASSERT_EQUAL(sgc_text_to_double(sgc_str_of(text, 2000), &value, NULL), SGC_OK);
    CU_ASSERT_EQUAL(value, 0.0);
    CU_ASSERT_EQUAL(sgc_text_to_double(SGC_STR("1e99999999999999999999"), &value, NULL),
                    SGC_INVALID);
    CU_ASSERT_EQUAL(sgc_text_to_double(SGC_STR("1e-99999999999999999999"), &value, NULL), SGC_OK);
    CU_ASSERT_EQUAL(sgc_text_to_double(SGC_STR("0e99999999999999999999"), &value, NULL), SGC_OK);
}

static void locale_changes_nothing(void)
{
    double value = 0;

    /* Where no such locale is installed the assertions still hold. */
    (void)setlocale(LC_NUMERIC, "de_DE.UTF-8");
    out.size = 0;
    sgc_json_float(&out, 0.30000000000000004);
    UNIT_STR(written(), "0.30000000000000004");
    CU_ASSERT_EQUAL(sgc_text_to_double(SGC_STR("1234567890123456789.5"), &value, NULL), SGC_OK);
    CU_ASSERT_EQUAL(value, 1234567890123456789.5);
    (void)setlocale(LC_NUMERIC, "C");
}

static void wrong_numbers_are_refused(void)
{
    static const char *const wrong[] = {"",   "-",   "+1",   "01",    "1.",   ".5",
                                        "1e", "1e+", "0x10", "nan",   "inf",  "1 ",
                                        " 1", "1,5", "--1",  "1e5.5", "1e400"};
    double value;
    int64_t whole;
    sgc_error error;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CU_ASSERT_EQUAL(sgc_text_to_double(sgc_str_from(wrong[i]), &value, &error), SGC_INVALID);
        CU_ASSERT_EQUAL(sgc_text_to_int64(sgc_str_from(wrong[i]), &whole, &error), SGC_INVALID);
    }
    CU_ASSERT_EQUAL(sgc_text_to_int64(SGC_STR("9223372036854775807"), &whole, NULL), SGC_OK);
    CU_ASSERT_EQUAL(whole, INT64_MAX);
    CU_ASSERT_EQUAL(sgc_text_to_int64(SGC_STR("-9223372036854775808"), &whole, NULL), SGC_OK);
    CU_ASSERT_EQUAL(whole, INT64_MIN);
    CU_ASSERT_EQUAL(sgc_text_to_int64(SGC_STR("9223372036854775808"), &whole, NULL), SGC_INVALID);
    CU_ASSERT_EQUAL(sgc_text_to_int64(SGC_STR("-9223372036854775809"), &whole, NULL), SGC_INVALID);
    CU_ASSERT_EQUAL(sgc_text_to_int64(SGC_STR("99999999999999999999"), &whole, NULL), SGC_INVALID);
}

static void integers_write_all_digits(void)
{
    size_t wrong = 0;

    for (int i = 0; i < 20000; i++) {
        char text[32];
        int64_t value = random_integer();
        snprintf(text, sizeof text, "\"%lld\"", (long long)value);
        out.size = 0;
        sgc_json_bigint(&out, value);
        wrong += !sgc_str_eq(written(), sgc_str_from(text));
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void datetimes_by_hand(void)
{
    static const struct {
        const char *text;
        int64_t microseconds;
        const char *back;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"},
        {"2000-02-29T12:34:56.789Z", 951827696789000, "2000-02-29T12:34:56.789Z"},
        {"1969-12-31T23:59:59.999999Z", -1, "1969-12-31T23:59:59.999999Z"},
        {"2026-01-01T01:30:00+01:30", 1767225600000000, "2026-01-01T00:00:00Z"},
        {"2025-12-31t23:00:00.5-01:00", 1767225600500000, "2026-01-01T00:00:00.500Z"},
        {"2026-01-01T00:00:00.1234560000Z", 1767225600123456, "2026-01-01T00:00:00.123456Z"},
        {"0000-01-01T00:00:00Z", -62167219200000000, "0000-01-01T00:00:00Z"},
        {"9999-12-31T23:59:59.999999Z", 253402300799999999, "9999-12-31T23:59:59.999999Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t value = 7;
        sgc_error error = {0};
        CU_ASSERT_EQUAL(sgc_text_to_datetime(sgc_str_from(cases[i].text), &value, &error), SGC_OK);
        CU_ASSERT_EQUAL(value, cases[i].microseconds);
        out.size = 0;
        sgc_json_datetime(&out, value);
        UNIT_STR(inside_quotes(), cases[i].back);
    }
}

static void wrong_datetimes_are_refused(void)
{
    static const char *const wrong[] = {"",
                                        "2026-01-01",
                                        "2026-01-01T00:00:00",
                                        "2026-02-29T00:00:00Z",
                                        "2100-02-29T00:00:00Z",
                                        "2026-13-01T00:00:00Z",
                                        "2026-00-01T00:00:00Z",
                                        "2026-01-32T00:00:00Z",
                                        "2026-01-01T24:00:00Z",
                                        "2026-01-01T00:60:00Z",
                                        "2026-01-01T23:59:60Z",
                                        "2026-01-01 00:00:00Z",
                                        "2026-1-1T00:00:00Z",
                                        "2026-01-01T00:00:00.Z",
                                        "2026-01-01T00:00:00.1234567Z",
                                        "2026-01-01T00:00:00+24:00",
                                        "2026-01-01T00:00:00+0100",
                                        "2026-01-01T00:00:00Zx",
                                        "+2026-01-01T00:00:00Z",
                                        "0000-01-01T00:00:00+00:01",
                                        "9999-12-31T23:59:59-00:01",
                                        "2026-01-01T00:00:00.000000000000000000000000000001Z"};
    int64_t value = 0;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        sgc_error error = {0};
        CU_ASSERT_EQUAL(sgc_text_to_datetime(sgc_str_from(wrong[i]), &value, &error), SGC_INVALID);
        CU_ASSERT_TRUE(error.text[0] != '\0');
    }
    CU_ASSERT_EQUAL(sgc_text_to_date(SGC_STR("2026-02-30"), &value, NULL), SGC_INVALID);
    CU_ASSERT_EQUAL(sgc_text_to_date(SGC_STR("2026-02-28 "), &value, NULL), SGC_INVALID);
    CU_ASSERT_EQUAL(sgc_text_to_time(SGC_STR("24:00:00"), &value, NULL), SGC_INVALID);
    CU_ASSERT_EQUAL(sgc_text_to_time(SGC_STR("12:00"), &value, NULL), SGC_INVALID);
    CU_ASSERT_EQUAL(sgc_text_to_time(SGC_STR("12:00:00Z"), &value, NULL), SGC_INVALID);
}

static void every_day_comes_back(void)
{
    size_t wrong = 0;
    int64_t last = 0;

    for (int64_t days = -719528; days <= 2932896; days++) {
        int64_t back = 0;
        out.size = 0;
        sgc_json_date(&out, days);
        wrong += sgc_text_to_date(inside_quotes(), &back, NULL) != SGC_OK || back != days;
        last = back;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(last, 2932896);
    UNIT_STR(inside_quotes(), "9999-12-31");
}

static void any_stored_number_prints(void)
{
    for (int i = 0; i < 20000; i++) {
        out.size = 0;
        sgc_json_datetime(&out, random_integer());
        sgc_json_date(&out, random_integer());
        sgc_json_time(&out, random_integer());
        CU_ASSERT_TRUE(out.size < 120);
    }
    out.size = 0;
    sgc_json_date(&out, 2932897);
    sgc_json_time(&out, 86399999999);
    UNIT_STR(written(), "\"+010000-01-01\"\"23:59:59.999999\"");
}

static void uuids_decimals_and_bytes(void)
{
    static const char *const decimals[][2] = {
        {"0", "0"},     {"-0", "0"},       {"+1", "1"},  {"007", "7"},    {"1.500", "1.5"},
        {"-0.00", "0"}, {"-0.10", "-0.1"}, {"10", "10"}, {"000.5", "0.5"}};
    static const char *const wrong[] = {"",    "-",  ".",   "1.",   ".5",
                                        "1e3", "1 ", "abc", "1..2", "--1"};
    static const char *const wrong_base64[] = {
        "A", "AA", "AAA", "A===", "====", "AB==", "AAB=", "AA=A", "AA==AAAA", "AA A", "AA-_"};
    sgc_arena arena = {0};
    sgc_str text;

    for (size_t i = 0; i < sizeof decimals / sizeof *decimals; i++) {
        CU_ASSERT_EQUAL(sgc_text_to_decimal(sgc_str_from(decimals[i][0]), &arena, &text, NULL),
                        SGC_OK);
        UNIT_STR(text, decimals[i][1]);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CU_ASSERT_EQUAL(sgc_text_to_decimal(sgc_str_from(wrong[i]), &arena, &text, NULL),
                        SGC_INVALID);
    for (size_t i = 0; i < sizeof wrong_base64 / sizeof *wrong_base64; i++)
        CU_ASSERT_EQUAL(sgc_text_to_bytes(sgc_str_from(wrong_base64[i]), &arena, &text, NULL),
                        SGC_INVALID);
    CU_ASSERT_EQUAL(
        sgc_text_to_uuid(SGC_STR("0190A1B2-C3D4-7E5F-8123-456789ABCDEF"), &arena, &text, NULL),
        SGC_OK);
    UNIT_STR(text, "0190a1b2-c3d4-7e5f-8123-456789abcdef");
    CU_ASSERT_EQUAL(
        sgc_text_to_uuid(SGC_STR("0190a1b2c3d4-7e5f-8123-456789abcdef0"), &arena, &text, NULL),
        SGC_INVALID);
    CU_ASSERT_EQUAL(
        sgc_text_to_uuid(SGC_STR("g190a1b2-c3d4-7e5f-8123-456789abcdef"), &arena, &text, NULL),
        SGC_INVALID);
    for (int i = 0; i < 5000; i++) {
        sgc_str bytes = random_bytes(&arena, 50), back = {0};
        out.size = 0;
        sgc_json_base64(&out, bytes);
        CU_ASSERT_EQUAL(sgc_text_to_bytes(inside_quotes(), &arena, &back, NULL), SGC_OK);
        CU_ASSERT_TRUE(sgc_str_eq(bytes, back));
    }
    sgc_arena_free(&arena);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"doubles by hand", doubles_by_hand},
        {"doubles are shortest", doubles_are_shortest},
        {"text to double is nearest", text_to_double_is_nearest},
        {"long numbers", long_numbers},
        {"locale changes nothing", locale_changes_nothing},
        {"wrong numbers are refused", wrong_numbers_are_refused},
        {"integers write all digits", integers_write_all_digits},
        {"datetimes by hand", datetimes_by_hand},
        {"wrong datetimes are refused", wrong_datetimes_are_refused},
        {"every day comes back", every_day_comes_back},
        {"any stored number prints", any_stored_number_prints},
        {"uuids, decimals and bytes", uuids_decimals_and_bytes},
        CU_TEST_INFO_NULL,
    };
    int failed = unit_run("codec.scalar", tests);
    sgc_buf_free(&out);
    return failed;
}
