/* test_json.c - the JSON reader on right, wrong and cut texts; strings written and read back. */
#include "codec/codec.h"
#include "unit/codec/random.h"
#include "unit/unit.h"

static void good_texts_come_back(void)
{
    static const char *const cases[][2] = {
        {"null", "null"},
        {" [ ] ", "[]"},
        {"{ \"a\" : [1, -2.5e+10, true, false, null], \"b\" : {} }",
         "{\"a\":[1,-2.5e+10,true,false,null],\"b\":{}}"},
        {"\"\\u00e4\\ud83d\\ude00\\n\\/\\u0000\"", "\"\xc3\xa4\xf0\x9f\x98\x80\\n/\\u0000\""},
        {"0", "0"},
        {"-0.0", "-0.0"},
        {"\t\"x\"\r\n", "\"x\""},
    };
    sgc_arena arena = {0};
    sgc_buf out = {0};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sgc_json *json;
        sgc_error error = {0};
        CU_ASSERT_EQUAL(sgc_json_parse(sgc_str_from(cases[i][0]), &arena, &json, &error), SGC_OK);
        out.size = 0;
        if (json) sgc_json_write(&out, json);
        UNIT_STR(sgc_buf_as_str(&out), cases[i][1]);
    }
    sgc_buf_free(&out);
    sgc_arena_free(&arena);
}

static void wrong_texts_say_where(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "JSON line 1, column 1: a value is expected"},
        {"nul", "JSON line 1, column 1: a value is expected"},
        {"[1,\n 2,]", "JSON line 2, column 4: a value is expected"},
        {"[1 2]", "JSON line 1, column 4: \",\" or \"]\" is expected"},
        {"{\"a\":1,}", "JSON line 1, column 8: a key in quotes is expected"},
        {"{\"a\" 1}", "JSON line 1, column 6: \":\" is expected"},
        {"{\"a\":1,\"b\":2,\"\\u0061\":3}", "JSON line 1, column 14: the key is there twice"},
        {"{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,\"d\":0}",
         "JSON line 1, column 56: the key is there twice"},
        {"\"abc", "JSON line 1, column 1: a string without an end"},
        {"\"a\nb\"", "JSON line 1, column 3: a control character in a string must be escaped"},
        {"\"\\x\"", "JSON line 1, column 2: unknown escape in a string"},
        {"\"\\u12\"", "JSON line 1, column 2: \\u must be followed by four hexadecimal digits"},
        {"\"\\ud800\"", "JSON line 1, column 2: half of a surrogate pair"},
        {"\"\\udc00\"", "JSON line 1, column 2: half of a surrogate pair"},
        {"\"\\ud800\\u0041\"", "JSON line 1, column 2: half of a surrogate pair"},
        {"\"a\xff\"", "JSON line 1, column 3: invalid UTF-8"},
        {"\"\xed\xa0\x80\"", "JSON line 1, column 2: invalid UTF-8"},
        {"01", "JSON line 1, column 2: text behind the value"},
        {"1.", "JSON line 1, column 3: a digit is expected"},
        {"1e", "JSON line 1, column 3: a digit is expected"},
        {"-", "JSON line 1, column 1: a value is expected"},
        {"+1", "JSON line 1, column 1: a value is expected"},
        {"1 1", "JSON line 1, column 3: text behind the value"},
        {"'a'", "JSON line 1, column 1: a value is expected"},
        {"[1]//x", "JSON line 1, column 4: text behind the value"},
        {"\xef\xbb\xbf[]", "JSON line 1, column 1: a value is expected"},
        {"\"\\", "JSON line 1, column 1: a string without an end"},
        {"\"\\\"", "JSON line 1, column 1: a string without an end"},
    };
    sgc_arena arena = {0};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sgc_json *json;
        sgc_error error = {0};
        CU_ASSERT_EQUAL(sgc_json_parse(sgc_str_from(cases[i].text), &arena, &json, &error),
                        SGC_INVALID);
        CU_ASSERT_PTR_NULL(json);
        UNIT_STR(sgc_str_from(error.text), cases[i].message);
    }
    sgc_arena_free(&arena);
}

static void depth_is_limited(void)
{
    sgc_arena arena = {0};
    sgc_json *json;
    char text[1000];

    memset(text, '[', 200);
    memset(text + 200, ']', 200);
    CU_ASSERT_EQUAL(sgc_json_parse(sgc_str_of(text, 400), &arena, &json, NULL), SGC_OK);
    memset(text, '[', 201);
    memset(text + 201, ']', 201);
    CU_ASSERT_EQUAL(sgc_json_parse(sgc_str_of(text, 402), &arena, &json, NULL), SGC_INVALID);
    sgc_arena_free(&arena);
}

/* Exact memory behind the text shows every read past its end under the address sanitizer. */
static void parse_exact(const char *text, size_t size)
{
    sgc_arena arena = {0};
    sgc_json *json;
    sgc_error error;
    char *copy = sgc_alloc(size);

    memcpy(copy, text, size);
    sgc_status status = sgc_json_parse(sgc_str_of(copy, size), &arena, &json, &error);
    CU_ASSERT_TRUE(status == SGC_OK || status == SGC_INVALID);
    sgc_free(copy);
    sgc_arena_free(&arena);
}

static void cut_and_damaged_texts(void)
{
    static const char text[] =
        "{\"name\":\"\\ud83d\\ude00 x\\n\xc3\xa4\",\"list\":[1.5e-3,true,null,"
        "{\"a\":\"0123456789abcdef\"}],\"n\":-12}";

    for (size_t size = 0; size < sizeof text; size++)
        parse_exact(text, size);
    for (int i = 0; i < 20000; i++) {
        char copy[sizeof text];
        memcpy(copy, text, sizeof text);
        for (size_t n = 1 + random_below(3); n > 0; n--)
            copy[random_below(sizeof text - 1)] = (char)random_next();
        parse_exact(copy, sizeof text - 1);
    }
}

static void strings_come_back(void)
{
    sgc_arena arena = {0};
    sgc_buf out = {0};
    size_t wrong = 0;

    for (int i = 0; i < 20000; i++) {
        sgc_json *json = NULL;
        if (i % 100 == 0) sgc_arena_reset(&arena);
        sgc_str text = random_text(&arena, 30);
        out.size = 0;
        sgc_json_str(&out, text);
        wrong += sgc_json_parse(sgc_buf_as_str(&out), &arena, &json, NULL) != SGC_OK;
        wrong += json && !sgc_str_eq(json->text, text);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    out.size = 0;
    for (int c = 0; c < 0x20; c++)
        sgc_json_str(&out, sgc_str_of(&(char){(char)c}, 1));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "\"\\u0000\"\"\\u0001\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "\"\\b\"\"\\t\"\"\\n\"\"\\u000b\"\"\\f\"\"\\r\""));
    out.size = 0;
    sgc_json_str(&out, sgc_str_of(NULL, 0));
    UNIT_STR(sgc_buf_as_str(&out), "null");
    sgc_buf_free(&out);
    sgc_arena_free(&arena);
}

static void halves_of_pairs_can_be_kept(void)
{
    sgc_arena arena = {0};
    sgc_json *json;

    CU_ASSERT_EQUAL(sgc_json_parse_wtf8(SGC_STR("\"\\udeadx\\ud83d\\ude00\\ud800\\u0041\""), &arena,
                                        &json, NULL),
                    SGC_OK);
    UNIT_STR(json->text, "\xed\xba\xadx\xf0\x9f\x98\x80\xed\xa0\x80"
                         "A");
    CU_ASSERT_EQUAL(sgc_json_parse_wtf8(SGC_STR("\"\\ud8\""), &arena, &json, NULL), SGC_INVALID);
    sgc_arena_free(&arena);
}

static void members_are_found(void)
{
    sgc_arena arena = {0};
    sgc_json *json;

    CU_ASSERT_EQUAL(sgc_json_parse(SGC_STR("{\"a\":1,\"b\":[2]}"), &arena, &json, NULL), SGC_OK);
    CU_ASSERT_EQUAL(sgc_json_member(json, "b")->count, 1);
    CU_ASSERT_EQUAL(sgc_json_member(json, "b")->offset, 11);
    CU_ASSERT_PTR_NULL(sgc_json_member(json, "c"));
    CU_ASSERT_PTR_NULL(sgc_json_member(sgc_json_member(json, "b"), "a"));
    CU_ASSERT_PTR_NULL(sgc_json_member(NULL, "a"));
    sgc_arena_free(&arena);
}

static void every_allocation_may_fail(void)
{
    static const char text[] =
        "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":"
        "\"\\n\",\"j\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19]}";
    sgc_status status = SGC_NO_MEMORY;

    for (uint64_t n = 1; status != SGC_OK && n < 100; n++) {
        sgc_arena arena = {0};
        sgc_json *json;
        sgc_alloc_fail_at(n, true);
        status = sgc_json_parse(sgc_str_from(text), &arena, &json, NULL);
        sgc_alloc_fail_at(0, false);
        CU_ASSERT_TRUE(status == SGC_OK || (status == SGC_NO_MEMORY && !json));
        sgc_arena_free(&arena);
    }
    CU_ASSERT_EQUAL(status, SGC_OK);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"good texts come back", good_texts_come_back},
        {"wrong texts say where", wrong_texts_say_where},
        {"depth is limited", depth_is_limited},
        {"cut and damaged texts", cut_and_damaged_texts},
        {"strings come back", strings_come_back},
        {"halves of pairs can be kept", halves_of_pairs_can_be_kept},
        {"members are found", members_are_found},
        {"every allocation may fail", every_allocation_may_fail},
        CU_TEST_INFO_NULL,
    };
    return unit_run("codec.json", tests);
}
