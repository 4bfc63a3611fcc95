/* test_value.c - values from JSON and literals and back, keys of rows, entries of indexes, ids. */
#include "unit/schema/model.h"

static const char sdl[] =
    "enum Role { LOW HIGH }\n"
    "type T { id: ID! i: Int b: BigInt f: Float s: String! t: Boolean m: Decimal d: DateTime\n"
    "  day: Date at: Time u: UUID r: Role l: [Int!] n: [String] j: JSON x: Bytes v: V w: [V!] k: "
    "Money }\n"
    "type V { k: Int! s: String rs: [Role!] }\nscalar Money";

static sgc_status from_json(const model *m, const char *name, const char *json, sgc_arena *arena,
                            sgc_buf *out)
{
    const sgc_table *table = model_table(m, "T");
    uint16_t at = sgc_table_field(table, sgc_str_from(name));
    const sgc_field *field = &table->fields[at];
    sgc_error error = {0};
    sgc_json *tree;
    sgc_value value;

    CU_ASSERT_EQUAL_FATAL(sgc_json_parse(sgc_str_from(json), arena, &tree, NULL), SGC_OK);
    sgc_status status = sgc_value_from_json(m->schema, field, sgc_field_slot(table, at), tree,
                                            arena, &value, &error);
    out->size = 0;
    if (status == SGC_OK)
        sgc_value_to_json(m->schema, field, &value, out);
    else
        sgc_buf_text(out, error.text);
    return status;
}

static const struct {
    const char *field, *json, *result;
    sgc_status status;
} json_cases[] = {
    {"i", "1", "1", SGC_OK},
    {"i", "-2147483648", "-2147483648", SGC_OK},
    {"i", "1.0", "1", SGC_OK},
    {"i", "1e3", "1000", SGC_OK},
    {"i", "null", "null", SGC_OK},
    {"i", "2147483648", "i must be a whole number between -2147483648 and 2147483647", SGC_INVALID},
    {"i", "1.5", "i must be a whole number between -2147483648 and 2147483647", SGC_INVALID},
    {"i", "\"1\"", "i must be a whole number between -2147483648 and 2147483647", SGC_INVALID},
    {"i", "true", "i must be a whole number between -2147483648 and 2147483647", SGC_INVALID},
    {"b", "\"-9223372036854775808\"", "\"-9223372036854775808\"", SGC_OK},
    {"b", "9007199254740993", "\"9007199254740993\"", SGC_OK},
    {"b", "\"9223372036854775808\"", "b: \"9223372036854775808\" is outside the range of 64 bits",
     SGC_INVALID},
    {"b", "1e300", "b must be a whole number of 64 bits, as a string or a number", SGC_INVALID},
    {"f", "1", "1", SGC_OK},
    {"f", "1e400", "f: \"1e400\" is too large for a Float", SGC_INVALID},
    {"f", "\"1\"", "f must be a number", SGC_INVALID},
    {"s", "\"x\"", "\"x\"", SGC_OK},
    {"s", "1", "s must be a string", SGC_INVALID},
    {"s", "null", "s must not be null", SGC_NOT_NULL},
    {"id", "12", "\"12\"", SGC_OK},
    {"id", "1.5", "id: \"1.5\" is not a whole number", SGC_INVALID},
    {"t", "true", "true", SGC_OK},
    {"t", "1", "t must be true or false", SGC_INVALID},
    {"m", "\"1.50\"", "\"1.5\"", SGC_OK},
    {"m", "2.50", "\"2.5\"", SGC_OK},
    {"m", "1e5", "m: \"1e5\" is not a Decimal: digits with an optional sign and point are expected",
     SGC_INVALID},
    {"d", "\"2026-01-01T01:00:00+01:00\"", "\"2026-01-01T00:00:00Z\"", SGC_OK},
    {"d", "5", "d must be a DateTime as 2026-01-31T23:59:59Z", SGC_INVALID},
    {"day", "\"2026-01-01\"", "\"2026-01-01\"", SGC_OK},
    {"at", "\"01:02:03.5\"", "\"01:02:03.500\"", SGC_OK},
    {"u", "\"0190A1B2-C3D4-7E5F-8123-456789ABCDEF\"", "\"0190a1b2-c3d4-7e5f-8123-456789abcdef\"",
     SGC_OK},
    {"r", "\"HIGH\"", "\"HIGH\"", SGC_OK},
    {"r", "\"high\"", "r: \"high\" is not a value of Role", SGC_INVALID},
    {"r", "1", "r must be the name of an enum value", SGC_INVALID},
    {"l", "[1,2,1]", "[1,2,1]", SGC_OK},
    {"l", "[]", "[]", SGC_OK},
    {"l", "[1,null]", "an element of l must not be null", SGC_NOT_NULL},
    {"l", "1", "l must be a list", SGC_INVALID},
    {"n", "[null,\"a\"]", "[null,\"a\"]", SGC_OK},
    {"n", "[[\"a\"]]", "element 1 of n must be a string", SGC_INVALID},
    {"j", "{\"a\":[1,{\"b\":null}]}", "{\"a\":[1,{\"b\":null}]}", SGC_OK},
    {"j", "\"x\"", "\"x\"", SGC_OK},
    {"x", "\"AAECAw==\"", "\"AAECAw==\"", SGC_OK},
    {"x", "\"A\"", "x: \"A\" is not base64 (RFC 4648, with padding)", SGC_INVALID},
    {"v", "{\"k\":1,\"rs\":[\"LOW\"]}", "{\"k\":1,\"s\":null,\"rs\":[\"LOW\"]}", SGC_OK},
    {"v", "{\"s\":\"x\"}", "v.k must not be null", SGC_NOT_NULL},
    {"v", "{\"k\":1,\"z\":2}", "v: V has no field \"z\"", SGC_INVALID},
    {"v", "[1]", "v must be an object", SGC_INVALID},
    {"w", "[{\"k\":1},{\"k\":2,\"s\":\"\"}]",
     "[{\"k\":1,\"s\":null,\"rs\":null},{\"k\":2,\"s\":\"\",\"rs\":null}]", SGC_OK},
    {"k", "\"12 EUR\"", "\"12 EUR\"", SGC_OK},
};

static void json_values(void)
{
    model m;
    sgc_buf out = {0};

    if (!model_good(&m, sdl)) return;
    for (size_t i = 0; i < sizeof json_cases / sizeof *json_cases; i++) {
        sgc_arena arena = {0};
        sgc_status status = from_json(&m, json_cases[i].field, json_cases[i].json, &arena, &out);
        CU_ASSERT_EQUAL(status, json_cases[i].status);
        UNIT_STR(sgc_buf_as_str(&out), json_cases[i].result);
        sgc_arena_free(&arena);
    }
    sgc_buf_free(&out);
    model_free(&m);
}

static void literals(void)
{
    static const struct {
        const char *field, *literal, *result;
    } cases[] = {
        {"i", "1", "1"},
        {"i", "1.0", "i must be a whole number between -2147483648 and 2147483647"},
        {"f", "1", "1"},
        {"r", "HIGH", "\"HIGH\""},
        {"r", "\"HIGH\"", "r must be the name of an enum value"},
        {"id", "7", "\"7\""},
        {"l", "1", "[1]"},
        {"l", "[1, 2]", "[1,2]"},
        {"j", "{a: [1.5, true, \"x\\n\"], b: null}", "{\"a\":[1.5,true,\"x\\n\"],\"b\":null}"},
        {"j", "{a: B}", "j must be JSON"},
        {"v", "{k: 1, rs: LOW}", "{\"k\":1,\"s\":null,\"rs\":[\"LOW\"]}"},
        {"v", "{k: null}", "k must not be null"},
        {"s", "null", "s must not be null"},
        {"s", "\"\"\"\n  block\n  \"\"\"", "\"block\""},
        {"b", "12", "\"12\""},
        {"t", "false", "false"},
    };
    model m;
    sgc_buf out = {0};

    if (!model_good(&m, sdl)) return;
    const sgc_table *table = model_table(&m, "T");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint16_t at = sgc_table_field(table, sgc_str_from(cases[i].field));
        sgc_source source = {.text = sgc_str_from(cases[i].literal)};
        sgc_ast_value *literal = NULL;
        sgc_value value;
        sgc_error error = {0};
        out.size = 0;
        CU_ASSERT_EQUAL_FATAL(sgc_parse_const_value(&source, &m.arena, &m.diagnostics, &literal),
                              SGC_OK);
        if (sgc_value_from_literal(m.schema, &table->fields[at], sgc_field_slot(table, at), literal,
                                   &m.arena, &value, &error) == SGC_OK)
            sgc_value_to_json(m.schema, &table->fields[at], &value, &out);
        else
            sgc_buf_text(&out, error.text);
        UNIT_STR(sgc_buf_as_str(&out), cases[i].result);
    }
    sgc_buf_free(&out);
    model_free(&m);
}

/* A record from JSON values in order of fields. */
static void record_of(const model *m, const sgc_table *table, const char *row, sgc_arena *arena,
                      sgc_buf *out)
{
    sgc_value values[16];
    sgc_json *tree;
    uint16_t at = 0;

    CU_ASSERT_EQUAL_FATAL(sgc_json_parse(sgc_str_from(row), arena, &tree, NULL), SGC_OK);
    for (const sgc_json *item = tree->first; item; item = item->next, at++)
        CU_ASSERT_EQUAL_FATAL(sgc_value_from_json(m->schema, &table->fields[at],
                                                  sgc_field_slot(table, at), item, arena,
                                                  &values[table->fields[at].slot], NULL),
                              SGC_OK);
    out->size = 0;
    CU_ASSERT_EQUAL_FATAL(sgc_record_pack(&table->layout, values, out), SGC_OK);
}

static bool entry_is(const sgc_table *table, uint16_t index, sgc_str record, uint32_t element,
                     const char *bytes, size_t size, bool null)
{
    sgc_key key;
    bool has_null;

    return sgc_index_entry(table, index, record, element, &key, &has_null) == SGC_OK &&
           has_null == null && sgc_str_eq(sgc_key_str(&key), sgc_str_of(bytes, size));
}

static void keys_and_entries(void)
{
    model m;
    sgc_buf record = {0};
    sgc_key key;
    sgc_value back;
    bool has_null;

    if (!model_good(
            &m, "type A @compositeIndex(fields: [\"n\", \"s\"]) { id: Int! n: Int s: String tags: "
                "[String] @index bs: [B] }\ntype B { id: ID! as: [A] }"))
        return;
    const sgc_table *a = model_table(&m, "A"), *link = model_table(&m, "A.bs");
    record_of(&m, a, "[7, null, \"x\", [\"b\", \"a\", \"b\", null, \"a\"]]", &m.arena, &record);
    sgc_str bytes = sgc_buf_as_str(&record);
    CU_ASSERT_EQUAL(sgc_record_key(a, bytes, &key), SGC_OK);
    CU_ASSERT_TRUE(sgc_str_eq(sgc_key_str(&key), sgc_str_of("\x80\0\0\7", 4)));
    CU_ASSERT_EQUAL(sgc_key_to_value(a, sgc_key_str(&key), &back), SGC_OK);
    CU_ASSERT_EQUAL(back.as.integer, 7);
    CU_ASSERT_EQUAL(sgc_key_to_value(a, SGC_STR("abc"), &back), SGC_CORRUPT);
    CU_ASSERT_TRUE(entry_is(a, 0, bytes, 0, "", 0, false));
    CU_ASSERT_EQUAL(sgc_index_entry(a, 0, bytes, 1, &key, &has_null), SGC_NOT_FOUND);
    CU_ASSERT_TRUE(entry_is(a, 1, bytes, 0, "\1a\0\0", 4, false));
    CU_ASSERT_TRUE(entry_is(a, 1, bytes, 1, "\1b\0\0", 4, false));
    CU_ASSERT_TRUE(entry_is(a, 1, bytes, 2, "\2", 1, true));
    CU_ASSERT_EQUAL(sgc_index_entry(a, 1, bytes, 3, &key, &has_null), SGC_NOT_FOUND);
    CU_ASSERT_TRUE(entry_is(a, 2, bytes, 0, "\2\1x\0\0", 5, true));
    sgc_str *entries;
    size_t count;
    CU_ASSERT_EQUAL(sgc_index_elements(a, 1, bytes, &m.arena, &entries, &count), SGC_OK);
    CU_ASSERT_TRUE(count == 3 && sgc_str_eq(entries[1], sgc_str_of("\1b\0\0", 4)));
    for (size_t cut = 0; cut < bytes.size; cut++)
        CU_ASSERT_EQUAL(sgc_index_entry(a, 1, sgc_str_of(bytes.data, cut), 0, &key, &has_null),
                        SGC_CORRUPT);

    record_of(&m, link, "[7, \"b1\"]", &m.arena, &record);
    bytes = sgc_buf_as_str(&record);
    CU_ASSERT_EQUAL(sgc_record_key(link, bytes, &key), SGC_OK);
    /* A zero inside text is written 00 ff. */
    CU_ASSERT_TRUE(sgc_str_eq(sgc_key_str(&key), sgc_str_of("\1\x80\0\xff\0\xff\7\0\0"
                                                            "b1",
                                                            11)));
    CU_ASSERT_TRUE(entry_is(link, 1, bytes, 0,
                            "\1"
                            "b1\0\0",
                            5, false));
    sgc_buf_free(&record);
    model_free(&m);
}

/* Keys at every place of a record, and of records that were cut off. */
static void keys_come_from_records(void)
{
    static const struct {
        const char *sdl, *row, *key;
        size_t size;
    } cases[] = {
        {"type A { id: ID! s: String n: Int }", "[\"k1\", \"s\", 5]", "k1", 2},
        {"type A { s: String id: ID! n: Int }", "[\"s\", \"k1\", 5]", "k1", 2},
        {"type A { s: String n: Int id: Int! }", "[\"s\", 5, 2]", "\x80\0\0\2", 4},
        {"type A { n: Int id: BigInt! s: String }", "[5, 2, \"s\"]", "\x80\0\0\0\0\0\0\2", 8},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sgc_buf record = {0};
        sgc_key key;
        model m;
        if (!model_good(&m, cases[i].sdl)) continue;
        const sgc_table *a = model_table(&m, "A");
        record_of(&m, a, cases[i].row, &m.arena, &record);
        CU_ASSERT_EQUAL(sgc_record_key(a, sgc_buf_as_str(&record), &key), SGC_OK);
        CU_ASSERT_TRUE(sgc_str_eq(sgc_key_str(&key), sgc_str_of(cases[i].key, cases[i].size)));
        for (size_t cut = 0; cut < SGC_RECORD_HEAD + a->layout.fixed_size; cut++)
            CU_ASSERT_EQUAL(sgc_record_key(a, sgc_str_of(record.data, cut), &key), SGC_CORRUPT);
        sgc_buf_free(&record);
        model_free(&m);
    }
}

static void long_keys_are_refused(void)
{
    model m;
    sgc_key key;
    char text[SGC_KEY_MAX + 1];

    if (!model_good(&m, "type A { id: ID! }")) return;
    memset(text, 'x', sizeof text);
    sgc_value value = {.kind = SGC_KIND_ID, .as.text = sgc_str_of(text, SGC_KEY_MAX)};
    CU_ASSERT_EQUAL(sgc_row_key(model_table(&m, "A"), &value, &key), SGC_OK);
    value.as.text.size++;
    CU_ASSERT_EQUAL(sgc_row_key(model_table(&m, "A"), &value, &key), SGC_LIMIT);
    value.is_null = true;
    CU_ASSERT_EQUAL(sgc_row_key(model_table(&m, "A"), &value, &key), SGC_NOT_NULL);
    model_free(&m);
}

static void ids(void)
{
    /* The example of RFC 9562, appendix A.6: counter and random bits are what they are there. */
    static const uint8_t random[8] = {0x00, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f};
    static const uint8_t ones[8] = {255, 255, 255, 255, 255, 255, 255, 255};
    char text[36], next[36];

    sgc_uuidv7((uint64_t)0x017F22E279B0 << 16 | 0xcc36, random, text);
    UNIT_STR(sgc_str_of(text, 36), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    /* One of the ULID specification's clock. */
    sgc_ulid((uint64_t)1469918176385 << 16 | 0xffff, ones, text);
    UNIT_STR(sgc_str_of(text, 26), "01ARYZ6S41ZZZZZZZZZZZZZZZZ");
    sgc_ulid(UINT64_MAX, ones, text);
    UNIT_STR(sgc_str_of(text, 26), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    /* Whatever the random rest is, a later tick sorts behind: each bit of the counter counts. */
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t tick = (uint64_t)1 << bit;
        sgc_uuidv7(tick - 1, ones, text);
        sgc_uuidv7(tick, (const uint8_t[8]){0}, next);
        CU_ASSERT_TRUE(memcmp(text, next, 36) < 0);
        sgc_ulid(tick - 1, ones, text);
        sgc_ulid(tick, (const uint8_t[8]){0}, next);
        CU_ASSERT_TRUE(memcmp(text, next, 26) < 0);
    }
}

static void ticks(void)
{
    const uint64_t ms = 1600000000000;
    uint64_t start = sgc_id_tick(0, ms * 1000, 0xffff);

    CU_ASSERT_EQUAL(start, ms << 16 | 0x7fff); /* half of the counter stays free */
    CU_ASSERT_EQUAL(sgc_id_tick(start, ms * 1000 + 999, 7), start + 1);
    CU_ASSERT_EQUAL(sgc_id_tick(start, 0, 7), start + 1); /* the clock went back */
    CU_ASSERT_EQUAL(sgc_id_tick(start, (ms + 1) * 1000, 7), (ms + 1) << 16 | 7);
    CU_ASSERT_EQUAL(sgc_id_tick(ms << 16 | 0xffff, ms * 1000, 7), (ms + 1) << 16);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"JSON values", json_values},
        {"literals", literals},
        {"keys and entries", keys_and_entries},
        {"keys come from records", keys_come_from_records},
        {"long keys are refused", long_keys_are_refused},
        {"ids", ids},
        {"ticks", ticks},
        CU_TEST_INFO_NULL,
    };
    return unit_run("schema.value", tests);
}
