/* test_printer.c - canonical and minimal text, and that both mean the document they came from. */
#include "lang_test.h"

static void expect_print(const char *text, const char *expected)
{
    struct job job;

    CU_ASSERT_EQUAL_FATAL(parse_text(&job, text), SGC_OK);
    sgc_print_document(job.document, &job.out);
    UNIT_STR(sgc_buf_as_str(&job.out), expected);
    job_end(&job);
}

static void test_executable(void)
{
    expect_print("{a}", "{\n  a\n}");
    expect_print("query{a}", "{\n  a\n}");
    expect_print("query Q{a}", "query Q {\n  a\n}");
    expect_print("query @d{a}", "query @d {\n  a\n}");
    expect_print("query($a:Int=1 @d){a}", "query ($a: Int = 1 @d) {\n  a\n}");
    expect_print("\"d\"query{a}", "\"d\"\nquery {\n  a\n}");
    expect_print("mutation{}", "mutation {}");
    expect_print("query Q(\"x\" $a:T $b:[T!]!){a}",
                 "query Q(\n\"x\"\n$a: T\n$b: [T!]!\n) {\n  a\n}");
    expect_print("{a:b(c:1 d:$e)@f(g:H){i{}}...J@k...on L{m}...@n{o}...{p}}",
                 "{\n  a: b(c: 1, d: $e) @f(g: H) {\n    i {}\n  }\n  ...J @k\n  ... on L {\n    "
                 "m\n  }\n  ... @n {\n    o\n  }\n  ... {\n    p\n  }\n}");
    expect_print("fragment F on T@d{a}{b}", "fragment F on T @d {\n  a\n}\n\n{\n  b\n}");
}

static void test_values(void)
{
    expect_print("{a(b:{} c:[] d:{e:[1 2.5]f:null g:true} h:\"x\\ny\" i:ON)}",
                 "{\n  a(b: {  }, c: [], d: { e: [1, 2.5], f: null, g: true }, h: \"x\\ny\", i: "
                 "ON)\n}");
    expect_print("{a(b:\"\"\"\n x\n  y\n\"\"\")}", "{\n  a(b: \"\"\"\n  x\n   y\n  \"\"\")\n}");
}

/* 80 columns stay on a line, 81 do not; indentation does not count. */
static void test_width(void)
{
    expect_print(
        "{f(a:\"123456789012345678901234567890123456789012345678901234567890123456789012\")}",
        "{\n  f(a: \"1234567890123456789012345678901234567890123456789012345678901234567890"
        "12\")\n}");
    expect_print(
        "{f(a:\"1234567890123456789012345678901234567890123456789012345678901234567890123\")}",
        "{\n  f(\n    a: \"123456789012345678901234567890123456789012345678901234567890123456789"
        "0123\"\n  )\n}");
    expect_print("scalar S @d(a:[12345678901234567890 12345678901234567890 12345678901234567890 "
                 "123456789012])",
                 "scalar S @d(a: [12345678901234567890, 12345678901234567890, "
                 "12345678901234567890, 123456789012])");
    expect_print("scalar S @d(a:[12345678901234567890 12345678901234567890 12345678901234567890 "
                 "1234567890123])",
                 "scalar S @d(a: [\n  12345678901234567890\n  12345678901234567890\n  "
                 "12345678901234567890\n  1234567890123\n])");
    expect_print(
        "scalar S @d(a:{x:[12345678901234567890 12345678901234567890 "
        "12345678901234567890 1234567890123]})",
        "scalar S @d(a: {\n  x: [\n    12345678901234567890\n    12345678901234567890\n    "
        "12345678901234567890\n    1234567890123\n  ]\n})");
}

static void test_type_system(void)
{
    expect_print("schema@d{query:Q mutation:M}", "schema @d {\n  query: Q\n  mutation: M\n}");
    expect_print("\"t\"type T implements&A&B@d{\"f\"f(a:Int=1@x b:B):[C!]!@d g:G}",
                 "\"t\"\ntype T implements A & B @d {\n  \"f\"\n  f(a: Int = 1 @x, b: B): [C!]! "
                 "@d\n  g: G\n}");
    expect_print("type T{f(\"a\"a:A b:B):C}",
                 "type T {\n  f(\n    \"a\"\n    a: A\n    b: B\n  ): C\n}");
    expect_print("type T extend type T@d interface I implements J union U=|A|B union V@d",
                 "type T\n\nextend type T @d\n\ninterface I implements J\n\nunion U = A | B\n\n"
                 "union V @d");
    expect_print("enum E{\"a\"A@d B}input I@oneOf{a:Int=1}",
                 "enum E {\n  \"a\"\n  A @d\n  B\n}\n\ninput I @oneOf {\n  a: Int = 1\n}");
    expect_print(
        "\"\"\"\nd\n\"\"\"directive@d(a:A)@e repeatable on|QUERY|FIELD extend directive@d@e",
        "\"\"\"d\"\"\"\ndirective @d(a: A) @e repeatable on QUERY | FIELD\n\nextend "
        "directive @d @e");
    expect_print("extend schema@a extend schema{query:Q}",
                 "extend schema @a\n\nextend schema {\n  query: Q\n}");
}

/* print(parse(print(d))) == print(d), and the same from the minimal form. */
static void round_trip(const char *text)
{
    struct job first, second, third;

    CU_ASSERT_EQUAL_FATAL(parse_text(&first, text), SGC_OK);
    sgc_print_document(first.document, &first.out);
    CU_ASSERT_TRUE(job_start(&second, sgc_buf_as_str(&first.out)));
    CU_ASSERT_EQUAL_FATAL(job_parse(&second, NULL), SGC_OK);
    sgc_print_document(second.document, &second.out);
    CU_ASSERT_TRUE(sgc_str_eq(sgc_buf_as_str(&first.out), sgc_buf_as_str(&second.out)));

    second.out.size = 0;
    CU_ASSERT_EQUAL(sgc_minify(&first.source, &first.arena, &first.diagnostics, &second.out),
                    SGC_OK);
    CU_ASSERT_TRUE(second.out.size <= first.out.size);
    CU_ASSERT_TRUE(job_start(&third, sgc_buf_as_str(&second.out)));
    CU_ASSERT_EQUAL_FATAL(job_parse(&third, NULL), SGC_OK);
    sgc_print_document(third.document, &third.out);
    CU_ASSERT_TRUE(sgc_str_eq(sgc_buf_as_str(&first.out), sgc_buf_as_str(&third.out)));
    job_end(&first);
    job_end(&second);
    job_end(&third);
}

static void test_round_trips(void)
{
    round_trip(query_sink);
    round_trip(schema_sink);
    round_trip("{a(b:\"\"\"\\\"\"\" \\\"\"\"\"\"\")}");
    round_trip("{a(b:[\"\"\"x\n  y\"\"\" {c:\"\"\"\n z\n\n  w\"\"\"}])}");
}

static void expect_minify(const char *text, const char *expected)
{
    struct job job;

    CU_ASSERT_TRUE(job_start(&job, sgc_str_from(text)));
    CU_ASSERT_EQUAL(sgc_minify(&job.source, &job.arena, &job.diagnostics, &job.out), SGC_OK);
    UNIT_STR(sgc_buf_as_str(&job.out), expected);
    job_end(&job);
}

static void test_minify(void)
{
    expect_minify("", "");
    expect_minify(" # c\n,", "");
    expect_minify("query Q ( $a : Int = -1 ) { a b ... F ... on T { c } }",
                  "query Q($a:Int=-1){a b ...F ...on T{c}}");
    expect_minify("{ a ( x : 1 , y : -2 , z : [ 1 2 \"s\" \"t\" ] ) , b }",
                  "{a(x:1 y:-2 z:[1 2 \"s\" \"t\"])b}");
    expect_minify("\"\"\"\n  a\n    b\n\"\"\" type T", "\"\"\"\na\n  b\"\"\" type T");
    expect_minify("] ! not GraphQL & (", "]!not GraphQL&(");
}

static void test_minify_reports(void)
{
    struct job job;

    CU_ASSERT_TRUE(job_start(&job, SGC_STR("{ a \n ? }")));
    CU_ASSERT_EQUAL(sgc_minify(&job.source, &job.arena, &job.diagnostics, &job.out), SGC_INVALID);
    expect_error(&job, "Syntax Error: Unexpected character: \"?\".", 2, 2);
    job_end(&job);
}

int main(void)
{
    CU_TestInfo tests[] = {{"executable", test_executable},
                           {"values", test_values},
                           {"width", test_width},
                           {"type system", test_type_system},
                           {"round trips", test_round_trips},
                           {"minify", test_minify},
                           {"minify reports", test_minify_reports},
                           CU_TEST_INFO_NULL};

    return unit_run("lang.printer", tests);
}
