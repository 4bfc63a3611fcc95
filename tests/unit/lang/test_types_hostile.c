/*
 * test_types_hostile.c - schemas made to hurt: cycles as long as the document, everything twice,
 * more errors than anybody can read, and memory that runs out at every single allocation. A pass
 * that is quadratic in any of them runs into ctest's time limit.
 */
#include "types_test.h"

struct run {
    struct types t;
    sgc_buf text;
};

static void run_start(struct run *run, const char *text)
{
    *run = (struct run){0};
    sgc_buf_text(&run->text, text);
}

static sgc_status run_build(struct run *run)
{
    types_add(&run->t, sgc_buf_as_str(&run->text));
    return types_build(&run->t, true);
}

static void run_end(struct run *run)
{
    sgc_buf_free(&run->text);
    types_end(&run->t);
}

static sgc_str first_message(const struct run *run)
{
    return run->t.diagnostics.first ? run->t.diagnostics.first->message : sgc_str_of(NULL, 0);
}

static sgc_str last_message(const struct run *run)
{
    return run->t.diagnostics.last ? run->t.diagnostics.last->message : sgc_str_of(NULL, 0);
}

/* ---- cycles ---- */

static void test_interface_cycle(void)
{
    struct run run;
    enum { COUNT = 20000 };

    run_start(&run, "type Query { a: Int }\n");
    for (int i = 0; i < COUNT; i++)
        sgc_buf_printf(&run.text, "interface I%d implements I%d { a: Int }\n", i, (i + 1) % COUNT);
    CU_ASSERT_EQUAL(run_build(&run), SGC_INVALID);
    CU_ASSERT_EQUAL(run.t.diagnostics.count, COUNT);
    UNIT_STR(first_message(&run), "Type I0 must implement I2 because it is implemented by I1.");
    run_end(&run);
}

/* Every interface implements all others: nothing is missing but the end. */
static void test_interfaces_of_each_other(void)
{
    struct run run;
    enum { COUNT = 200 };

    run_start(&run, "type Query { a: Int }\n");
    for (int i = 0; i < COUNT; i++) {
        sgc_buf_printf(&run.text, "interface I%d implements", i);
        for (int k = 0; k < COUNT; k++)
            if (k != i) sgc_buf_printf(&run.text, " & I%d", k);
        sgc_buf_text(&run.text, " { a: Int }\n");
    }
    CU_ASSERT_EQUAL(run_build(&run), SGC_INVALID);
    UNIT_STR(first_message(&run),
             "Type I0 cannot implement I1 because it would create a circular reference.");
    run_end(&run);
}

static void test_input_cycle(void)
{
    struct run run;
    enum { COUNT = 50000 };

    run_start(&run, "type Query { a: Int }\n");
    for (int i = 0; i < COUNT; i++)
        sgc_buf_printf(&run.text, "input I%d { a: I%d! }\n", i, (i + 1) % COUNT);
    CU_ASSERT_EQUAL(run_build(&run), SGC_INVALID);
    CU_ASSERT_EQUAL(run.t.diagnostics.count, 1);
    CU_ASSERT_EQUAL(run.t.diagnostics.first->place_count, COUNT);
    run_end(&run);
}

/* A chain that ends well, and one back edge from each link: a report each, all of them long. */
static void test_input_back_edges(void)
{
    struct run run;
    enum { COUNT = 20000 };

    run_start(&run, "type Query { a: Int }\n");
    for (int i = 0; i < COUNT; i++)
        sgc_buf_printf(&run.text, "input I%d { next: I%d! back: I0! }\n", i, (i + 1) % COUNT);
    CU_ASSERT_EQUAL(run_build(&run), SGC_INVALID);
    UNIT_STR(last_message(&run),
             "Too many validation errors, error limit reached. Validation aborted.");
    run_end(&run);
    run_start(&run, "type Query { a: Int }\n");
    for (int i = 0; i < COUNT; i++)
        sgc_buf_printf(&run.text, "input I%d { next: I%d! }\n", i, i + 1);
    sgc_buf_printf(&run.text, "input I%d { a: Int }", COUNT);
    CU_ASSERT_EQUAL(run_build(&run), SGC_OK);
    run_end(&run);
}

static void test_default_chain(void)
{
    struct run run;
    enum { COUNT = 50000 };

    run_start(&run, "type Query { a: Int }\n");
    for (int i = 0; i < COUNT; i++)
        sgc_buf_printf(&run.text, "input I%d { a: I%d = {} }\n", i, (i + 1) % COUNT);
    CU_ASSERT_EQUAL(run_build(&run), SGC_INVALID);
    CU_ASSERT_EQUAL(run.t.diagnostics.count, 1);
    CU_ASSERT_EQUAL(run.t.diagnostics.first->place_count, COUNT);
    run_end(&run);
}

/* Each {} of the list stands for all fields of the type. */
static void test_default_products(void)
{
    struct run run;

    run_start(&run, "type Query { a: Int }\ninput I { ");
    for (int i = 0; i < 20000; i++)
        sgc_buf_printf(&run.text, "f%d: I ", i);
    sgc_buf_text(&run.text, "} input K { k: [I] = [");
    for (int i = 0; i < 20000; i++)
        sgc_buf_text(&run.text, "{} ");
    sgc_buf_text(&run.text, "] }");
    CU_ASSERT_EQUAL(run_build(&run), SGC_INVALID);
    CU_ASSERT_EQUAL(run.t.diagnostics.count, 1);
    run_end(&run);
}

/* ---- everything twice ---- */

static void test_duplicate_names(void)
{
    struct run run;
    enum { COUNT = 50000 };

    run_start(&run, "type Query { a: Int }\n");
    for (int i = 0; i < COUNT; i++)
        sgc_buf_text(&run.text, "type A { a: Int }\n");
    CU_ASSERT_EQUAL(run_build(&run), SGC_INVALID);
    CU_ASSERT_EQUAL(run.t.diagnostics.count, 2 * (COUNT - 1));
    run_end(&run);
    run_start(&run, "type Query { f(");
    for (int i = 0; i < COUNT; i++)
        sgc_buf_text(&run.text, "a: Int ");
    sgc_buf_text(&run.text, "): Int ");
    for (int i = 0; i < COUNT; i++)
        sgc_buf_text(&run.text, "a: Int ");
    sgc_buf_text(&run.text, "} enum E { ");
    for (int i = 0; i < COUNT; i++)
        sgc_buf_text(&run.text, "A ");
    sgc_buf_text(&run.text, "}");
    CU_ASSERT_EQUAL(run_build(&run), SGC_INVALID);
    CU_ASSERT_EQUAL(run.t.diagnostics.count, 1 + 2 * (COUNT - 1));
    CU_ASSERT_EQUAL(run.t.diagnostics.first->place_count, COUNT);
    run_end(&run);
}

/* n members that are all one type ask for n errors of n places. */
static void test_union_of_one(void)
{
    struct run run;

    run_start(&run, "type Query { a: Int }\nunion U = Query");
    for (int i = 0; i < 50000; i++)
        sgc_buf_text(&run.text, " | Query");
    CU_ASSERT_EQUAL(run_build(&run), SGC_INVALID);
    UNIT_STR(first_message(&run), "Union type U can only include type Query once.");
    UNIT_STR(last_message(&run),
             "Too many validation errors, error limit reached. Validation aborted.");
    run_end(&run);
}

static void test_huge_union(void)
{
    struct run run;
    enum { COUNT = 50000 };

    run_start(&run, "type Query { u: U }\nunion U = T0");
    for (int i = 1; i < COUNT; i++)
        sgc_buf_printf(&run.text, " | T%d", i);
    for (int i = 0; i < COUNT; i++)
        sgc_buf_printf(&run.text, "\ntype T%d { a: Int }", i);
    CU_ASSERT_EQUAL(run_build(&run), SGC_OK);
    CU_ASSERT_EQUAL(sgc_type_find(run.t.system, SGC_STR("U"))->member_count, COUNT);
    run_end(&run);
}

static void test_directives_by_the_thousand(void)
{
    struct run run;
    enum { COUNT = 500000 };

    run_start(&run, "directive @d(a: Int) repeatable on FIELD_DEFINITION type Query { a: Int");
    for (int i = 0; i < COUNT; i++)
        sgc_buf_text(&run.text, " @d(a: 1)");
    sgc_buf_text(&run.text, " }");
    CU_ASSERT_EQUAL(run_build(&run), SGC_OK);
    run_end(&run);
    run_start(&run, "type Query { a: Int");
    for (int i = 0; i < COUNT; i++)
        sgc_buf_text(&run.text, " @unique");
    sgc_buf_text(&run.text, " }");
    CU_ASSERT_EQUAL(run_build(&run), SGC_INVALID);
    UNIT_STR(first_message(&run),
             "The directive \"@unique\" can only be used once at this location.");
    run_end(&run);
    run_start(&run, "directive @a on DIRECTIVE_DEFINITION type Query { a: Int }\n");
    for (int i = 0; i < 50000; i++)
        sgc_buf_text(&run.text, "extend directive @a @deprecated\n");
    CU_ASSERT_EQUAL(run_build(&run), SGC_INVALID);
    run_end(&run);
}

/* Five thousand arguments of one field, in the interface and, in another order, in each type. */
static void test_many_arguments(void)
{
    struct run run;
    enum { ARGUMENTS = 5000, TYPES = 20 };

    run_start(&run, "type Query { a: Int }\n");
    for (int i = 0; i < TYPES; i++) {
        if (i == 0)
            sgc_buf_text(&run.text, "interface I { f(");
        else
            sgc_buf_printf(&run.text, "type T%d implements I { f(", i);
        for (int k = 0; k < ARGUMENTS; k++)
            sgc_buf_printf(&run.text, "a%d: Int ", i % 2 ? k : ARGUMENTS - 1 - k);
        sgc_buf_text(&run.text, "): Int }\n");
    }
    CU_ASSERT_EQUAL(run_build(&run), SGC_OK);
    run_end(&run);
}

/* ---- names that do not exist ---- */

static void test_unknown_names(void)
{
    struct run run;
    enum { COUNT = 20000 };

    run_start(&run, "type Query { a: Int }\n");
    for (int i = 0; i < COUNT; i++)
        sgc_buf_printf(&run.text, "type Abcdefghijkl%d { f: Abcdefghijkm%d }\n", i, i);
    CU_ASSERT_EQUAL(run_build(&run), SGC_INVALID);
    CU_ASSERT_EQUAL(run.t.diagnostics.count, COUNT);
    run_end(&run);
    run_start(&run, "type Query { a: Int }\n");
    for (int i = 0; i < COUNT; i++)
        sgc_buf_printf(&run.text, "extend type X%d { a: Int }\n", i);
    CU_ASSERT_EQUAL(run_build(&run), SGC_INVALID);
    UNIT_STR(first_message(&run), "Cannot extend type \"X0\" because it is not defined.");
    run_end(&run);
}

static void test_long_names(void)
{
    struct run run;

    run_start(&run, "type Query { a: Int }\n");
    for (int i = 0; i < 40; i++) { /* the last 14 have the letters of the first ones again */
        sgc_buf_text(&run.text, "extend type A");
        for (int k = 0; k < 10000; k++)
            sgc_buf_byte(&run.text, (char)('a' + (k * i) % 26));
        sgc_buf_text(&run.text, " { a: Int }\ntype B");
        for (int k = 0; k < 10000; k++)
            sgc_buf_byte(&run.text, (char)('a' + (k * i) % 26));
        sgc_buf_text(&run.text, " { a: Int }\n");
    }
    CU_ASSERT_EQUAL(run_build(&run), SGC_INVALID);
    CU_ASSERT_EQUAL(run.t.diagnostics.count, 40 + 3 * (40 - 26));
    run_end(&run);
}

/* Each error would print the whole literal. */
static void test_unknown_fields_of_a_default(void)
{
    struct run run;

    run_start(&run, "input I { a: Int } type Query { a(i: I = { ");
    for (int i = 0; i < 20000; i++)
        sgc_buf_printf(&run.text, "f%d: 1 ", i);
    sgc_buf_text(&run.text, "}): Int }");
    CU_ASSERT_EQUAL(run_build(&run), SGC_INVALID);
    CU_ASSERT_TRUE(run.t.diagnostics.count < 1000);
    run_end(&run);
}

/* Wrappers of the type times nesting of the literal must not become the depth of the stack. */
static void test_depth_products(void)
{
    struct run run;
    enum { DEPTH = 400 };

    run_start(&run, "type Query { a(i: I = ");
    for (int i = 0; i < DEPTH; i++)
        sgc_buf_text(&run.text, "{ a: ");
    sgc_buf_text(&run.text, "null");
    for (int i = 0; i < DEPTH; i++)
        sgc_buf_text(&run.text, "}");
    sgc_buf_text(&run.text, "): Int } input I { a: ");
    for (int i = 0; i < DEPTH; i++)
        sgc_buf_text(&run.text, "[");
    sgc_buf_text(&run.text, "I");
    for (int i = 0; i < DEPTH; i++)
        sgc_buf_text(&run.text, "!]");
    sgc_buf_text(&run.text, " }");
    CU_ASSERT_EQUAL(run_build(&run), SGC_OK);
    sgc_introspection_json(run.t.system, &run.t.out);
    sgc_type_system_print(run.t.system, &run.t.out);
    CU_ASSERT_FALSE(run.t.out.failed);
    run_end(&run);
}

/* ---- size ---- */

static void add_tables(sgc_buf *text, int count)
{
    sgc_buf_text(text, "type Query { a: Int }\n");
    for (int i = 0; i < count; i++) {
        sgc_buf_printf(text, "type Table%d @table(history: true) { id: ID! @id\n", i);
        for (int k = 0; k < 10; k++)
            sgc_buf_printf(text, "  \"field %d\" field%d: String @index(kind: BTREE)\n", k, k);
        sgc_buf_printf(text, "  next: Table%d all: [Table%d!]! }\n", (i + 1) % count, i / 2);
    }
}

static void test_many_tables(void)
{
    struct run run;

    run_start(&run, "");
    add_tables(&run.text, 20000);
    CU_ASSERT_EQUAL(run_build(&run), SGC_OK);
    CU_ASSERT_EQUAL(run.t.system->listed_type_count, 20000 + 1 + 4 + 8);
    run_end(&run);
}

/* ---- memory that runs out ---- */

static const char sweep_first[] =
    "schema { query: Q } type Q implements N { id: ID! f(a: I = {a: [1, 2], b: {}}): [U!]! at: "
    "DateTime\n"
    "  a: Int b: Int c: Int d: Int e: Int g: Int h: Int } interface N { id: ID! } union U = Q | R\n"
    "type R { e: E @deprecated } enum E { A B C D E F G H I J } directive @d(a: Int!) on OBJECT\n"
    "input I { a: [Int!] b: I } scalar S @specifiedBy(url: \"x\")";
static const char sweep_second[] =
    "extend type R @d(a: 1) { q: S n: Float } extend enum E { K }\n"
    "scalar DateTime extend schema { mutation: M } type M { m: Int }";
static const char sweep_bad[] =
    "schema { query: Q } type Q implements N & M { id: Itn! f(a: I = 1): String @nope @d(b: 1) }\n"
    "type Q { a: Int a: Int b(x: Int, x: Int): Int } extend type Z { a: Int }";
static const char sweep_bad_types[] =
    "type Query implements N { f(a: I = {x: 1}, e: E = D): String } interface N { id: ID! } union "
    "U = U\n"
    "enum E { A B C } input I { a: I! } input J { j: J = {} } schema { query: Query mutation: I }";

/* One build with everything behind it; returns false while the injected failure was met. */
static bool sweep_step(const char *first, const char *second, sgc_status expected, uint64_t n,
                       bool sticky)
{
    struct types t = {0};
    sgc_str *changes;
    size_t count;

    types_add(&t, sgc_str_from(first));
    if (second) types_add(&t, sgc_str_from(second));
    sgc_alloc_fail_at(n, sticky);
    types_build(&t, true);
    if (t.status == SGC_OK && t.system) {
        sgc_introspection_json(t.system, &t.out);
        sgc_type_system_print(t.system, &t.out);
        sgc_status status = sgc_type_system_diff(t.system, t.system, &t.arena, &changes, &count);
        CU_ASSERT_TRUE(status == SGC_OK || status == SGC_NO_MEMORY);
    }
    bool met = sgc_alloc_count() >= n;
    sgc_alloc_fail_at(0, false);
    CU_ASSERT_TRUE(t.status == expected || (met && t.status == SGC_NO_MEMORY));
    if (!met) CU_ASSERT_EQUAL(t.status, expected);
    types_end(&t);
    return !met;
}

static void sweep(const char *first, const char *second, sgc_status expected)
{
    for (int sticky = 0; sticky < 2; sticky++) {
        uint64_t n = 1;
        while (!sweep_step(first, second, expected, n, sticky))
            n++;
        CU_ASSERT_TRUE(n > 10);
    }
}

static void test_memory(void)
{
    sweep(sweep_first, sweep_second, SGC_OK);
    sweep(sweep_bad, NULL, SGC_INVALID);
    sweep(sweep_bad_types, NULL, SGC_INVALID);
}

/* Bigger than one block of every arena. */
static void test_memory_of_many_tables(void)
{
    sgc_buf text = {0};

    add_tables(&text, 100);
    sgc_buf_byte(&text, '\0');
    CU_ASSERT_FALSE_FATAL(text.failed);
    sweep(text.data, NULL, SGC_OK);
    sgc_buf_free(&text);
}

int main(void)
{
    CU_TestInfo tests[] = {{"cycle of interfaces", test_interface_cycle},
                           {"interfaces of each other", test_interfaces_of_each_other},
                           {"cycle of inputs", test_input_cycle},
                           {"back edges of inputs", test_input_back_edges},
                           {"chain of defaults", test_default_chain},
                           {"products of defaults", test_default_products},
                           {"duplicate names", test_duplicate_names},
                           {"union of one", test_union_of_one},
                           {"huge union", test_huge_union},
                           {"500,000 directives", test_directives_by_the_thousand},
                           {"many arguments", test_many_arguments},
                           {"unknown names", test_unknown_names},
                           {"long names", test_long_names},
                           {"unknown fields of a default", test_unknown_fields_of_a_default},
                           {"products of depths", test_depth_products},
                           {"many tables", test_many_tables},
                           {"memory runs out", test_memory},
                           {"memory runs out in a big schema", test_memory_of_many_tables},
                           CU_TEST_INFO_NULL};
    return unit_run("lang.types_hostile", tests);
}
