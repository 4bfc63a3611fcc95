/* test_expression.c - @check: what it says about rows, and what is refused when it is compiled. */
#include "unit/schema/model.h"

static const char sdl[] =
    "enum Role { LOW MID HIGH }\n"
    "type T { id: ID! a: Int b: BigInt f: Float s: String t: Boolean m: Decimal d: DateTime\n"
    "  day: Date u: UUID r: Role l: [Int!] j: JSON x: Bytes v: V }\ntype V { k: Int }";

/* One row: missing members are null. */
static bool make_row(const model *m, const char *json, sgc_arena *arena, sgc_buf *record)
{
    const sgc_table *table = model_table(m, "T");
    sgc_value values[20];
    sgc_json *row;
    sgc_error error = {0};

    CU_ASSERT_EQUAL_FATAL(sgc_json_parse(sgc_str_from(json), arena, &row, &error), SGC_OK);
    for (uint16_t i = 0; i < table->field_count; i++) {
        const sgc_field *field = &table->fields[i];
        const sgc_slot *slot = sgc_field_slot(table, i);
        const sgc_json *member = sgc_json_member(row, field->name.data);
        char name[20];
        memcpy(name, field->name.data, field->name.size);
        name[field->name.size] = '\0';
        member = sgc_json_member(row, name);
        values[field->slot] =
            (sgc_value){.is_null = true, .is_list = slot->list, .kind = slot->kind};
        if (!member) continue;
        sgc_status status = sgc_value_from_json(m->schema, field, slot, member, arena,
                                                &values[field->slot], &error);
        if (status != SGC_OK) printf("\n    %s: %s", json, error.text);
        CU_ASSERT_EQUAL(status, SGC_OK);
    }
    return sgc_record_pack(&table->layout, values, record) == SGC_OK;
}

static void check(const model *m, const char *text, const char *json, bool passes)
{
    sgc_arena arena = {0};
    sgc_buf record = {0};
    sgc_expression *expression;
    sgc_error error = {0};
    const sgc_table *table = model_table(m, "T");

    sgc_status status =
        sgc_expression_compile(m->schema, table, sgc_str_from(text), &arena, &expression, &error);
    if (status != SGC_OK) printf("\n    %s: %s", text, error.text);
    CU_ASSERT_EQUAL(status, SGC_OK);
    CU_ASSERT_TRUE(make_row(m, json, &arena, &record));
    if (status == SGC_OK) {
        status = sgc_expression_check(expression, table, sgc_buf_as_str(&record), &arena);
        if (status != (passes ? SGC_OK : SGC_CHECK_FAILED)) printf("\n    %s on %s", text, json);
        CU_ASSERT_EQUAL(status, passes ? SGC_OK : SGC_CHECK_FAILED);
    }
    sgc_buf_free(&record);
    sgc_arena_free(&arena);
}

static const struct {
    const char *text, *row;
    bool passes;
} row_cases[] = {
    {"a > 0", "{\"a\":1}", true},
    {"a > 0", "{\"a\":0}", false},
    {"a > 0", "{}", true}, /* unknown passes */
    {"not a > 0", "{\"a\":1}", false},
    {"not not a > 0", "{\"a\":1}", true},
    {"not (a > 0)", "{}", true},
    {"a > 0 and b < 5", "{\"a\":1,\"b\":5}", false},
    {"a > 0 and b < 5", "{\"b\":5}", false}, /* unknown and false is false */
    {"a > 0 or b < 5", "{\"b\":4}", true},
    {"a > 0 or b < 5", "{\"b\":6}", true}, /* unknown or false is unknown */
    {"a = 1 or a = 2 and b = 3", "{\"a\":1,\"b\":0}", true},
    {"(a = 1 or a = 2) and b = 3", "{\"a\":1,\"b\":0}", false},
    {"a is null", "{\"a\":1}", false},
    {"a is null", "{}", true},
    {"a is not null", "{}", false},
    {"j is null and v is null", "{\"j\":1}", false},
    {"a in (1, 2, 3)", "{\"a\":4}", false},
    {"a in (1, 2, 3)", "{\"a\":3}", true},
    {"a not in (1, b)", "{\"a\":2}", true}, /* unknown */
    {"a not in (1, b)", "{\"a\":1}", false},
    {"a between 1 and 3", "{\"a\":3}", true},
    {"a between 1 and 3", "{\"a\":4}", false},
    {"a not between 1 and 3 and b = 1", "{\"a\":4,\"b\":1}", true},
    {"a + 1 = b", "{\"a\":1,\"b\":\"2\"}", true},
    {"a + b * 2 = 7", "{\"a\":1,\"b\":\"3\"}", true},
    {"(a + b) * 2 = 8", "{\"a\":1,\"b\":\"3\"}", true},
    {"a - 1 - 1 = 0", "{\"a\":2}", true},
    {"a / 2 = 3", "{\"a\":7}", true},
    {"a / f > 2", "{\"a\":7,\"f\":2}", true},
    {"a / 0 = 1 or t", "{\"a\":7,\"t\":true}", false}, /* no number: fails */
    {"b + 1 > 0", "{\"b\":\"9223372036854775807\"}", false},
    {"b = 9007199254740993 and b > f", "{\"b\":\"9007199254740993\",\"f\":9007199254740992}", true},
    {"b < f", "{\"b\":\"9223372036854775807\",\"f\":9223372036854775808}", true},
    {"f >= -1.5e0", "{\"f\":-1.5}", true},
    {"f > -1", "{\"f\":-1.5}", false},
    {"t", "{\"t\":false}", false},
    {"t = true", "{\"t\":true}", true},
    {"not t", "{\"t\":true}", false},
    {"s like 'a%'", "{\"s\":\"abc\"}", true},
    {"s like 'a%'", "{\"s\":\"Abc\"}", false},
    {"s like '_b_'",
     "{\"s\":\"\xc3\xa4"
     "b\xe2\x82\xac\"}",
     true},
    {"s like '%b%c%'", "{\"s\":\"xbxxcx\"}", true},
    {"s like '100\\%'", "{\"s\":\"100%\"}", true},
    {"s like '100\\%'", "{\"s\":\"1000\"}", false},
    {"s not like '%@%'", "{\"s\":\"a@b\"}", false},
    {"s like ''", "{\"s\":\"\"}", true},
    {"s = 'it''s'", "{\"s\":\"it's\"}", true},
    {"s >= 'b'", "{\"s\":\"a\"}", false},
    {"length(s) <= 3", "{\"s\":\"\xc3\xa4\xc3\xb6\xc3\xbc\"}", true},
    {"length(s) <= 2", "{\"s\":\"\xc3\xa4\xc3\xb6\xc3\xbc\"}", false},
    {"LENGTH(l) BETWEEN 1 AND 2", "{\"l\":[1,2,3]}", false},
    {"length(x) = 3", "{\"x\":\"AAAA\"}", true},
    {"m > 9.99", "{\"m\":\"10\"}", true},
    {"m in (1.50, '2')", "{\"m\":\"1.5\"}", true},
    {"d < '2026-01-01T00:00:00Z'", "{\"d\":\"2025-12-31T23:59:59Z\"}", true},
    {"day between '2020-01-01' and '2020-12-31'", "{\"day\":\"2021-01-01\"}", false},
    {"u = '0190A1B2-C3D4-7E5F-8123-456789ABCDEF'",
     "{\"u\":\"0190a1b2-c3d4-7e5f-8123-456789abcdef\"}", true},
    {"r in ('LOW', 'HIGH')", "{\"r\":\"MID\"}", false},
    {"r >= 'MID'", "{\"r\":\"HIGH\"}", true},
    {"r < 'MID'", "{\"r\":\"HIGH\"}", false},
    {"id <> 'x' AND a IS NULL", "{\"id\":\"x\"}", false},
};

static void rows_pass_or_fail(void)
{
    model m;

    if (model_good(&m, sdl))
        for (size_t i = 0; i < sizeof row_cases / sizeof *row_cases; i++)
            check(&m, row_cases[i].text, row_cases[i].row, row_cases[i].passes);
    model_free(&m);
}

static void wrong_ones_are_refused(void)
{
    static const char *const cases[][2] = {
        {"", "column 1 of the expression: a field, a number or a text is expected"},
        {"a >", "column 4 of the expression: a field, a number or a text is expected"},
        {"a", "column 1 of the expression: the expression is neither true nor false"},
        {"a > 0 b", "column 7 of the expression: the expression should end here"},
        {"(a > 0", "column 7 of the expression: \")\" is expected"},
        {"nope > 0", "column 1 of the expression: there is no field \"nope\" (text is written 'in "
                     "quotes')"},
        {"upper(s) = 'A'", "column 1 of the expression: there is no function upper, only length"},
        {"a = 'x'", "column 5 of the expression: a whole number and a text do not go together"},
        {"s > 1", "column 5 of the expression: a text and a whole number do not go together"},
        {"a = null",
         "column 5 of the expression: null can only be asked for with IS NULL and IS NOT "
         "NULL"},
        {"l = 1", "column 5 of the expression: a list and a whole number do not go together"},
        {"s + 1 > 0",
         "column 3 of the expression: only Int, BigInt and Float can be calculated with"},
        {"t > true", "column 3 of the expression: true and false have no order"},
        {"a and t", "column 1 of the expression: this is neither true nor false"},
        {"not a", "column 5 of the expression: this is neither true nor false"},
        {"r = 'TOP'", "column 5 of the expression: 'TOP' is not a value of Role"},
        {"d > 'soon'", "column 5 of the expression: \"soon\" is not a DateTime: it is written "
                       "2026-01-31T23:59:59.123456Z"},
        {"s = 'x", "column 5 of the expression: a string without an end"},
        {"s = \"x\"", "column 5 of the expression: this character has no meaning"},
        {"a in 1", "column 6 of the expression: IN needs its values in brackets"},
        {"a in ()", "column 7 of the expression: a field, a number or a text is expected"},
        {"a between 1 or 2", "column 13 of the expression: BETWEEN needs AND and its second limit"},
        {"a is 1", "column 6 of the expression: NULL is expected"},
        {"a like 'x'", "column 3 of the expression: LIKE compares text with text"},
        {"a not = 1", "column 7 of the expression: IN, BETWEEN or LIKE is expected"},
        {"length(a) > 1", "column 8 of the expression: length() takes text, Bytes or a list"},
        {"a ; 1", "column 3 of the expression: this character has no meaning"},
        {"- a > 0", "column 1 of the expression: \"-\" must stand before a number"},
        {"f > 1e999", "column 5 of the expression: \"1e999\" is too large for a Float"},
    };
    model m;

    if (!model_good(&m, sdl)) return;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sgc_expression *expression;
        sgc_error error = {0};
        CU_ASSERT_EQUAL(sgc_expression_compile(m.schema, model_table(&m, "T"),
                                               sgc_str_from(cases[i][0]), &m.arena, &expression,
                                               &error),
                        SGC_INVALID);
        CU_ASSERT_PTR_NULL(expression);
        UNIT_STR(sgc_str_from(error.text), cases[i][1]);
    }
    model_free(&m);
}

static void long_and_deep_ones_end(void)
{
    static const char *const parts[] = {"(", "1+", "not ",  "a=1 and ", "s like '%'||",
                                        "-", "'",  "a in ("};
    model m;

    if (!model_good(&m, sdl)) return;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        sgc_expression *expression;
        sgc_error error = {0};
        sgc_buf text = {0};
        for (int n = 0; n < 50000; n++)
            sgc_buf_text(&text, parts[i]);
        sgc_buf_text(&text, "a=1");
        sgc_status status = sgc_expression_compile(
            m.schema, model_table(&m, "T"), sgc_buf_as_str(&text), &m.arena, &expression, &error);
        /* Any number of NOTs is one or none. */
        CU_ASSERT_EQUAL(status, i == 2 ? SGC_OK : SGC_INVALID);
        sgc_buf_free(&text);
    }
    model_free(&m);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"rows pass or fail", rows_pass_or_fail},
        {"wrong ones are refused", wrong_ones_are_refused},
        {"long and deep ones end", long_and_deep_ones_end},
        CU_TEST_INFO_NULL,
    };
    return unit_run("schema.expression", tests);
}
