/* test_build.c - the run as a whole: several files, failing memory, hostile input, many tables. */
#include "unit/schema/model.h"

#include <time.h>

static const char zoo[] =
    "enum Role { ADMIN READER } interface Named { name: String! } union Any = A | B scalar Money\n"
    "type A implements Named @uniqueKey(fields: [\"name\", \"n\"]) { id: ID! name: String! n: Int "
    "@index\n"
    "  role: Role @default(value: \"ADMIN\") bs: [B] any: Any list: [C!] tags: [String!] @index\n"
    "  at: Place @default(value: \"{x: 1}\") price: Money m: Decimal @check(expr: \"m > 0 and n in "
    "(1,2)\")\n"
    "  full: String @computed(fn: \"full\") }\n"
    "type B implements Named { id: ID! name: String! as: [A] c: C! "
    "@relation(onDelete: CASCADE) }\n"
    "type C { id: UUID! bs: [B!]! one: D } type D { id: Int! @id(generate: SERIAL) c: C! } type "
    "Place { x: Float! in: "
    "Place }\n"
    "type Query { a(id: ID!): A extra(x: Int): String } type Mutation { go: Int }";

static void several_files_are_one_schema(void)
{
    sgc_schema_file files[] = {
        {SGC_STR("a.graphql"), SGC_STR("type A { id: ID! b: B } # no end of line")},
        {SGC_STR("b.graphql"), SGC_STR("type B { id: ID! as: [A] }\n extend type A { n: Int }")},
        {SGC_STR("c.graphql"), SGC_STR("type Query { as: [A!] }\n\ntype C { id: Float }")}};
    model m = {0};

    m.diagnostics.arena = &m.arena;
    CU_ASSERT_EQUAL(sgc_schema_build(files, 2, SGC_STR("x"), sgc_str_of(NULL, 0), &m.arena,
                                     &m.diagnostics, &m.built),
                    SGC_OK);
    m.schema = m.built.schema;
    if (m.schema) {
        CU_ASSERT_EQUAL(model_table(&m, "A")->field_count, 3);
        UNIT_STR(m.schema->sdl,
                 "type A { id: ID! b: B } # no end of line\ntype B { id: ID! as: [A] }\n "
                 "extend type A { n: Int }");
    }
    CU_ASSERT_EQUAL(sgc_schema_build(files, 3, SGC_STR("x"), sgc_str_of(NULL, 0), &m.arena,
                                     &m.diagnostics, &m.built),
                    SGC_INVALID);
    sgc_diagnostics_print(&m.diagnostics, &m.errors);
    sgc_buf_byte(&m.errors, '\0');
    CU_ASSERT_PTR_NOT_NULL(strstr(m.errors.data, "c.graphql:3:10: error: C.id cannot be the key"));
    model_free(&m);
    m = (model){0};
    m.diagnostics.arena = &m.arena;
    CU_ASSERT_EQUAL(sgc_schema_build(files, 0, SGC_STR("x"), sgc_str_of(NULL, 0), &m.arena,
                                     &m.diagnostics, &m.built),
                    SGC_INVALID);
    model_free(&m);
}

/* A model must not need the texts it was built from, and its own text builds it again. */
static void a_model_stands_alone(void)
{
    char text[sizeof zoo];
    model one, two;

    memcpy(text, zoo, sizeof zoo);
    if (!model_good(&one, text)) return;
    memset(text, 'x', sizeof text - 1);
    model_build(&two, one.schema->sdl.data, one.schema->numbering.data);
    CU_ASSERT_EQUAL(two.status, SGC_OK);
    CU_ASSERT_TRUE(two.schema && two.schema->hash == one.schema->hash);
    if (two.schema) UNIT_STR(two.schema->numbering, one.schema->numbering.data);
    CU_ASSERT_EQUAL(one.schema->resolver_count, 3);
    model_free(&two);
    model_free(&one);
}

static void every_allocation_may_fail(void)
{
    sgc_status status = SGC_NO_MEMORY;
    uint64_t n = 1;

    for (; status != SGC_OK && n < 5000; n++) {
        model m = {0};
        sgc_schema_file file = {SGC_STR("x"), sgc_str_from(zoo)};
        m.diagnostics.arena = &m.arena;
        sgc_alloc_fail_at(n, true);
        status = sgc_schema_build(&file, 1, SGC_STR("x"),
                                  SGC_STR("table 1 A\n  field 1 id ID\nretired table 2 X\n"),
                                  &m.arena, &m.diagnostics, &m.built);
        sgc_alloc_fail_at(0, false);
        if (status != SGC_OK) CU_ASSERT_TRUE(status == SGC_NO_MEMORY && !m.built.schema);
        model_free(&m);
    }
    CU_ASSERT_EQUAL(status, SGC_OK);
    CU_ASSERT_TRUE(n > 20);
}

static void single_failures_too(void)
{
    for (uint64_t n = 1; n < 400; n++) {
        model m = {0};
        sgc_schema_file file = {SGC_STR("x"), sgc_str_from(zoo)};
        m.diagnostics.arena = &m.arena;
        sgc_alloc_fail_at(n, false);
        sgc_status status = sgc_schema_build(&file, 1, SGC_STR("x"), sgc_str_of(NULL, 0), &m.arena,
                                             &m.diagnostics, &m.built);
        bool failed = sgc_alloc_count() >= n;
        sgc_alloc_fail_at(0, false);
        CU_ASSERT_TRUE(status == SGC_OK || status == SGC_NO_MEMORY);
        if (failed) CU_ASSERT_EQUAL(status, SGC_NO_MEMORY);
        model_free(&m);
    }
}

/* Damaged schemas are refused with words or build; nothing else happens. */
static void damaged_schemas(void)
{
    static const char bytes[] = "{}()[]!@:\"#ABCid =|&$\\\n0";
    uint64_t state = 0x9e3779b97f4a7c15U;

    for (int i = 0; i < 3000; i++) {
        char text[sizeof zoo];
        model m;
        memcpy(text, zoo, sizeof zoo);
        for (int n = 0; n < 4; n++) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            text[state % (sizeof zoo - 1)] = bytes[(state >> 33) % (sizeof bytes - 1)];
        }
        model_build(&m, text, NULL);
        CU_ASSERT_TRUE(m.status == SGC_OK || (m.status == SGC_INVALID && m.errors.size > 0));
        model_free(&m);
    }
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double build_time(const char *text, sgc_status expected)
{
    model m;
    double start = seconds();

    model_build(&m, text, NULL);
    double took = seconds() - start;
    if (m.status != expected) printf("\n    " SGC_FMT, SGC_ARG(sgc_buf_as_str(&m.errors)));
    CU_ASSERT_EQUAL(m.status, expected);
    model_free(&m);
    return took;
}

static double tables_time(int count)
{
    sgc_buf text = {0};

    for (int i = 0; i < count; i++)
        sgc_buf_printf(
            &text,
            "type T%d { id: ID! a: String! @index b: Int c: Float d: Boolean e: String f: "
            "DateTime g: Int! h: String i: [Int] up: T%d @relation(field: \"down\") down: "
            "[T%d] @relation(field: \"up\") }\n",
            i, (i + 1) % count, (i + count - 1) % count);
    sgc_buf_byte(&text, '\0');
    double took = build_time(text.data, SGC_OK);
    sgc_buf_free(&text);
    return took;
}

static void many_tables_take_linear_time(void)
{
    double small = tables_time(500), large = tables_time(4000);

    printf("\n    500 tables %.0f ms, 4,000 tables %.0f ms ", small * 1e3, large * 1e3);
    /* Eight times as many; quadratic would be 64 times. */
    CU_ASSERT_TRUE(large < small * 24 + 0.2);
}

/* Shapes that make careless code slow: each must stay far from quadratic. */
static void hostile_shapes(void)
{
    enum { MANY = 20000 };
    sgc_buf text = {0};

    sgc_buf_text(&text, "type Hub { id: ID! ");
    for (int i = 0; i < MANY; i++)
        sgc_buf_printf(&text, "s%d: [S] @relation(field: \"h%d\") ", i, i);
    sgc_buf_text(&text, "} type S { id: ID! ");
    for (int i = 0; i < MANY; i++)
        sgc_buf_printf(&text, "h%d: Hub ", i);
    sgc_buf_text(&text, "}");
    sgc_buf_byte(&text, '\0');
    CU_ASSERT_TRUE(build_time(text.data, SGC_OK) < 5);
    text.size = 0;
    sgc_buf_text(&text, "type A { id: ID! v: V0! } ");
    for (int i = 0; i < MANY; i++)
        sgc_buf_printf(&text, "type V%d { v: V%d! w: V%d! } ", i, i + 1, i + 1);
    sgc_buf_printf(&text, "type V%d { x: Int }", MANY);
    sgc_buf_byte(&text, '\0');
    CU_ASSERT_TRUE(build_time(text.data, SGC_OK) < 5);
    text.size = 0;
    sgc_buf_text(&text, "type A { id: ID! a: Int ");
    for (int i = 0; i < MANY; i++)
        sgc_buf_text(&text, "@check(expr: \"a > 0\") ");
    sgc_buf_text(&text, "}");
    sgc_buf_byte(&text, '\0');
    CU_ASSERT_TRUE(build_time(text.data, SGC_OK) < 5);
    text.size = 0;
    sgc_buf_text(&text, "type A { id: ID! } type B { id: ID! ");
    for (int i = 0; i < MANY; i++)
        sgc_buf_printf(&text, "a%d: A b%d: [C] ", i, i);
    sgc_buf_text(&text, "} type C { id: ID! b: B }");
    sgc_buf_byte(&text, '\0');
    CU_ASSERT_TRUE(build_time(text.data, SGC_INVALID) < 5);
    sgc_buf_free(&text);
}

static void limits_are_errors(void)
{
    sgc_buf text = {0};

    for (int i = 0; i <= (int)SGC_NONE; i++)
        sgc_buf_printf(&text, "type T%d{id:ID!}", i);
    sgc_buf_byte(&text, '\0');
    (void)build_time(text.data, SGC_INVALID);
    text.size = 0;
    sgc_buf_text(&text, "type T { id: ID! ");
    for (int i = 0; i <= (int)SGC_NONE; i++)
        sgc_buf_printf(&text, "f%d:Int ", i);
    sgc_buf_text(&text, "}");
    sgc_buf_byte(&text, '\0');
    (void)build_time(text.data, SGC_INVALID);
    text.size = 0;
    sgc_buf_text(&text, "type T { id: ID! ");
    /* Each relation to an interface stores two fields: more fields than the SDL has. */
    for (int i = 0; i < 40000; i++)
        sgc_buf_printf(&text, "f%d:U ", i);
    sgc_buf_text(&text, "} union U = T");
    sgc_buf_byte(&text, '\0');
    (void)build_time(text.data, SGC_INVALID);
    text.size = 0;
    sgc_buf_text(&text, "type T { id: ID! e: E } enum E {");
    for (int i = 0; i <= (int)SGC_NONE; i++)
        sgc_buf_printf(&text, "V%d ", i);
    sgc_buf_text(&text, "}");
    sgc_buf_byte(&text, '\0');
    (void)build_time(text.data, SGC_INVALID);
    sgc_buf_free(&text);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"several files are one schema", several_files_are_one_schema},
        {"a model stands alone", a_model_stands_alone},
        {"every allocation may fail", every_allocation_may_fail},
        {"single failures too", single_failures_too},
        {"damaged schemas", damaged_schemas},
        {"many tables take linear time", many_tables_take_linear_time},
        {"hostile shapes", hostile_shapes},
        {"limits are errors", limits_are_errors},
        CU_TEST_INFO_NULL,
    };
    return unit_run("schema.build", tests);
}
