/*
 * test_types_texts.c - type systems as text: introspection, SDL, differences, suggestions, and what
 * is wrong with literals.
 */
#include "types_test.h"

/* ---- introspection ---- */

static sgc_str introspection(struct types *t, const char *sdl)
{
    types_of(t, sdl, NULL);
    CU_ASSERT_EQUAL_FATAL(t->status, SGC_OK);
    sgc_introspection_json(t->system, &t->out);
    sgc_buf_byte(&t->out, '\0');
    CU_ASSERT_FALSE_FATAL(t->out.failed);
    return sgc_str_of(t->out.data, t->out.size - 1);
}

static void expect_part(sgc_str json, const char *part)
{
    if (!strstr(json.data, part)) printf("\n    missing <%s>\n", part);
    CU_ASSERT_PTR_NOT_NULL(strstr(json.data, part));
}

static void test_introspection(void)
{
    struct types t;
    sgc_str json = introspection(
        &t,
        "\"say \\\"hi\\\"\\n\\t\\u0007\" schema { query: Q }\n"
        "type Q implements N { n(a: [Int!]! = [1, 2] @deprecated): ID @deprecated(reason: \"\") }\n"
        "interface N { n(a: [Int!]!): ID @deprecated } union U = Q\n"
        "enum E { A \"b\" B @deprecated }\n"
        "input I @oneOf { a: E } scalar S @specifiedBy(url: \"https://x\")\n"
        "directive @d(x: String = \"\\\"\") repeatable on FIELD | QUERY");

    CU_ASSERT_EQUAL(strncmp(json.data,
                            "{\"__schema\":{\"description\":\"say \\\"hi\\\"\\n\\t\\u0007\","
                            "\"queryType\":{\"name\":\"Q\",\"kind\":\"OBJECT\"},"
                            "\"mutationType\":null,\"subscriptionType\":null,\"types\":[{",
                            60),
                    0);
    expect_part(json, "{\"kind\":\"OBJECT\",\"name\":\"Q\",\"description\":null,"
                      "\"specifiedByURL\":null,\"isOneOf\":null,\"fields\":[{\"name\":\"n\",");
    expect_part(json,
                "\"args\":[{\"name\":\"a\",\"description\":null,\"type\":{\"kind\":\"NON_NULL\","
                "\"name\":null,\"ofType\":{\"name\":null,\"kind\":\"LIST\",\"ofType\":{\"name\":"
                "null,\"kind\":\"NON_NULL\",\"ofType\":{\"name\":\"Int\",\"kind\":\"SCALAR\","
                "\"ofType\":null}}}},\"defaultValue\":\"[1, 2]\",\"isDeprecated\":true,"
                "\"deprecationReason\":\"No longer supported\"}]");
    expect_part(json, "\"isDeprecated\":true,\"deprecationReason\":\"\"}]");
    expect_part(json, "\"interfaces\":[{\"kind\":\"INTERFACE\",\"name\":\"N\",\"ofType\":null}]");
    expect_part(json, "\"possibleTypes\":[{\"kind\":\"OBJECT\",\"name\":\"Q\",\"ofType\":null}]");
    expect_part(json,
                "\"name\":\"I\",\"description\":null,\"specifiedByURL\":null,\"isOneOf\":true,"
                "\"fields\":null,\"inputFields\":[{");
    expect_part(json, "\"specifiedByURL\":\"https://x\"");
    expect_part(json, "{\"name\":\"B\",\"description\":\"b\",\"isDeprecated\":true,");
    expect_part(json,
                "{\"name\":\"d\",\"description\":null,\"isRepeatable\":true,\"isDeprecated\":"
                "false,\"deprecationReason\":null,\"locations\":[\"FIELD\",\"QUERY\"],\"args\":"
                "[{\"name\":\"x\"");
    expect_part(json, "\"defaultValue\":\"\\\"\\\\\\\"\\\"\"");
    types_end(&t);
}

/* The query asks for nine levels of ofType and no more. */
static void test_introspection_depth(void)
{
    struct types t;
    sgc_str json =
        introspection(&t, "type Query { a: [[[[[[[[[[[[Int]]]]]]]]]]]] b: [[[[[[[[[Int]]]]]]]]] }");

    expect_part(json,
                "\"name\":\"a\",\"description\":null,\"args\":[],\"type\":{\"kind\":\"LIST\"");
    expect_part(json, "{\"name\":null,\"kind\":\"LIST\"}}}}}}}}}},\"isDeprecated\"");
    expect_part(json, "{\"name\":\"Int\",\"kind\":\"SCALAR\"}}}}}}}}}},\"isDeprecated\"");
    types_end(&t);
}

/* ---- SDL ---- */

static void expect_print(const char *sdl, const char *expected)
{
    struct types t, again;

    types_of(&t, sdl, NULL);
    CU_ASSERT_EQUAL_FATAL(t.status, SGC_OK);
    sgc_type_system_print(t.system, &t.out);
    UNIT_STR(sgc_buf_as_str(&t.out), expected);
    sgc_buf_byte(&t.out, '\0');
    types_of(&again, t.out.data, NULL);
    CU_ASSERT_EQUAL_FATAL(again.status, SGC_OK);
    sgc_type_system_print(again.system, &again.out);
    UNIT_STR(sgc_buf_as_str(&again.out), expected);
    types_end(&again);
    types_end(&t);
}

static void test_print(void)
{
    expect_print(
        "type Query { a: Int } extend type Query { b(x: Int = 1, y: I): [Int!]! @deprecated }\n"
        "input I @oneOf { a: Int \"why\" b: [Int] @deprecated(reason: \"x\\\"y\") }",
        "type Query {\n  a: Int\n  b(x: Int = 1, y: I): [Int!]! @deprecated\n}\n\n"
        "input I @oneOf {\n  a: Int\n\n  \"\"\"why\"\"\"\n"
        "  b: [Int] @deprecated(reason: \"x\\\"y\")\n}");
    expect_print(
        "schema { query: Q mutation: M } type Q implements A & B { a: Int b: Int }\n"
        "interface A { a: Int } interface B { b: Int } type M { m: U } union U = Q | M\n"
        "scalar S @specifiedBy(url: \"u\") enum E { A \"\"\"\n  two\n  lines\n\"\"\" B @deprecated "
        "}\n"
        "directive @d(\"one\" a: Int, b: Int) repeatable on FIELD | QUERY",
        "schema {\n  query: Q\n  mutation: M\n}\n\n"
        "directive @d(\n  \"\"\"one\"\"\"\n  a: Int\n  b: Int\n) repeatable on FIELD | QUERY\n\n"
        "type Q implements A & B {\n  a: Int\n  b: Int\n}\n\n"
        "interface A {\n  a: Int\n}\n\ninterface B {\n  b: Int\n}\n\n"
        "type M {\n  m: U\n}\n\nunion U = Q | M\n\nscalar S @specifiedBy(url: \"u\")\n\n"
        "enum E {\n  A\n\n  \"\"\"\n  two\n  lines\n  \"\"\"\n  B @deprecated\n}");
    expect_print("type Query { \"d\" a(\"x\" x: Int): Int }",
                 "type Query {\n  \"\"\"d\"\"\"\n  a(\n    \"\"\"x\"\"\"\n    x: Int\n  ): Int\n}");
}

/* A type that merely has a root's name makes the schema definition necessary. */
static void test_print_schema_definition(void)
{
    expect_print("schema { query: Query } type Query { a: Mutation } type Mutation { a: Int }",
                 "schema {\n  query: Query\n}\n\ntype Query {\n  a: Mutation\n}\n\n"
                 "type Mutation {\n  a: Int\n}");
    expect_print("\"x\" schema { query: Query } type Query { a: Int }",
                 "\"\"\"x\"\"\"\nschema {\n  query: Query\n}\n\ntype Query {\n  a: Int\n}");
    expect_print("\" \" schema { query: Query } type Query { a: Int }",
                 "\" \"\nschema {\n  query: Query\n}\n\ntype Query {\n  a: Int\n}");
}

/* ---- differences ---- */

static void expect_diff(const char *before, const char *after, const char *expected)
{
    struct types old, new;
    sgc_str *changes;
    size_t count;

    types_of(&old, before, NULL);
    types_of(&new, after, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(old.system);
    CU_ASSERT_PTR_NOT_NULL_FATAL(new.system);
    CU_ASSERT_EQUAL(sgc_type_system_diff(old.system, new.system, &new.arena, &changes, &count),
                    SGC_OK);
    for (size_t i = 0; i < count; i++)
        sgc_buf_printf(&new.out, SGC_FMT "\n", SGC_ARG(changes[i]));
    UNIT_STR(sgc_buf_as_str(&new.out), expected);
    types_end(&old);
    types_end(&new);
}

static void test_diff(void)
{
    expect_diff(
        "type A { a: Int b: Int! c(x: Int = 1, y: Int, z: Int): [Int] } union U = A | B\n"
        "type B { a: Int } enum E { A B } scalar F interface I { a: Int } input N { a: Int b: Int "
        "}",
        "type A implements I { a: Int! b: Int c(x: Int = 2, y: Int!, w: Int!, v: Int): [Int!]! }\n"
        "union U = A | C type C { a: Int } enum E { A C } type F { a: Int } interface I { a: Int "
        "}\n"
        "input N { a: [Int] c: Int d: Int! }",
        "breaking TYPE_REMOVED: B was removed.\n"
        "breaking FIELD_CHANGED_KIND: Field A.b changed type from Int! to Int.\n"
        "breaking ARG_REMOVED: Argument A.c(z:) was removed.\n"
        "breaking ARG_CHANGED_KIND: Argument A.c(y:) has changed type from Int to Int!.\n"
        "breaking REQUIRED_ARG_ADDED: A required argument A.c(w:) was added.\n"
        "breaking TYPE_REMOVED_FROM_UNION: B was removed from union type U.\n"
        "breaking VALUE_REMOVED_FROM_ENUM: Enum value E.B was removed.\n"
        "breaking TYPE_CHANGED_KIND: F changed from a Scalar type to an Object type.\n"
        "breaking FIELD_REMOVED: Field N.b was removed.\n"
        "breaking FIELD_CHANGED_KIND: Field N.a changed type from Int to [Int].\n"
        "breaking REQUIRED_INPUT_FIELD_ADDED: A required field N.d was added.\n"
        "dangerous ARG_DEFAULT_VALUE_CHANGE: A.c(x:) has changed defaultValue from 1 to 2.\n"
        "dangerous OPTIONAL_ARG_ADDED: An optional argument A.c(v:) was added.\n"
        "dangerous IMPLEMENTED_INTERFACE_ADDED: I added to interfaces implemented by A.\n"
        "dangerous TYPE_ADDED_TO_UNION: C was added to union type U.\n"
        "dangerous VALUE_ADDED_TO_ENUM: Enum value E.C was added.\n"
        "dangerous OPTIONAL_INPUT_FIELD_ADDED: An optional field N.c was added.\n");
}

/* More arguments than are looked up one by one. */
static void test_diff_many_arguments(void)
{
    struct types old, new;
    sgc_str *changes;
    size_t count;
    sgc_buf before = {0}, after = {0};

    sgc_buf_text(&before, "type Query { gone: Int f(");
    sgc_buf_text(&after, "type Query { f(");
    for (int i = 0; i < 40; i++) {
        sgc_buf_printf(&before, "a%d: Int ", i);
        sgc_buf_printf(&after, "a%d: %s ", 40 - i, i % 10 ? "Int" : "Int!");
    }
    sgc_buf_append(&before, "): Int }", 9);
    sgc_buf_append(&after, "): Int }", 9);
    types_of(&old, before.data, NULL);
    types_of(&new, after.data, NULL);
    CU_ASSERT_EQUAL(sgc_type_system_diff(old.system, new.system, &new.arena, &changes, &count),
                    SGC_OK);
    for (size_t i = 0; i < count; i++)
        sgc_buf_printf(&new.out, SGC_FMT "\n", SGC_ARG(changes[i]));
    UNIT_STR(
        sgc_buf_as_str(&new.out),
        "breaking FIELD_REMOVED: Field Query.gone was removed.\n"
        "breaking ARG_REMOVED: Argument Query.f(a0:) was removed.\n"
        "breaking ARG_CHANGED_KIND: Argument Query.f(a10:) has changed type from Int to Int!.\n"
        "breaking ARG_CHANGED_KIND: Argument Query.f(a20:) has changed type from Int to Int!.\n"
        "breaking ARG_CHANGED_KIND: Argument Query.f(a30:) has changed type from Int to Int!.\n"
        "breaking REQUIRED_ARG_ADDED: A required argument Query.f(a40:) was added.\n");
    sgc_buf_free(&before);
    sgc_buf_free(&after);
    types_end(&old);
    types_end(&new);
}

static void test_diff_directives(void)
{
    expect_diff(
        "directive @a(x: Int, y: Int = 1) repeatable on FIELD | QUERY directive @b on FIELD\n"
        "type Q { a: Int @id }",
        "directive @a(y: Int, z: Int!, w: Int) on FIELD type Q { a: Int }",
        "breaking DIRECTIVE_ARG_REMOVED: Argument @a(x:) was removed.\n"
        "breaking REQUIRED_DIRECTIVE_ARG_ADDED: A required argument @a(z:) was added.\n"
        "breaking DIRECTIVE_REPEATABLE_REMOVED: Repeatable flag was removed from @a.\n"
        "breaking DIRECTIVE_LOCATION_REMOVED: QUERY was removed from @a.\n"
        "breaking DIRECTIVE_REMOVED: Directive @b was removed.\n"
        "dangerous ARG_DEFAULT_VALUE_CHANGE: @a(y:) defaultValue was removed.\n");
}

/* The order of fields in an object literal means nothing; digits are compared by value. */
static void test_diff_defaults(void)
{
    const char *before = "input I { a: Int b10: Int b9: [I] = [{b9: [], a: 1}] } type Q { a(x: I = "
                         "{b10: 1, b9: null, a: 2}): Float }";

    expect_diff(before,
                "input I { a: Int b10: Int b9: [I] = [{a: 1, b9: []}] } type Q { a(x: I = {a: 2, "
                "b9: null, b10: 1}): Float }",
                "");
    expect_diff(
        before,
        "input I { a: Int b10: Int b9: [I] = [{a: 1}] } type Q { a(x: I = {a: 2, b10: 1}): ID }",
        "breaking TYPE_REMOVED: Standard scalar Float was removed because it is not "
        "referenced anymore.\n"
        "breaking FIELD_CHANGED_KIND: Field Q.a changed type from Float to ID.\n"
        "dangerous INPUT_FIELD_DEFAULT_VALUE_CHANGE: I.b9 has changed defaultValue from "
        "[{ a: 1, b9: [] }] to [{ a: 1 }].\n"
        "dangerous ARG_DEFAULT_VALUE_CHANGE: Q.a(x:) has changed defaultValue from "
        "{ a: 2, b9: null, b10: 1 } to { a: 2, b10: 1 }.\n");
}

/* ---- literals ---- */

static void add_literal_error(void *user, const sgc_literal_error *error)
{
    sgc_buf *out = user;

    sgc_buf_printf(out, SGC_FMT "|" SGC_FMT " @%u\n", SGC_ARG(error->path), SGC_ARG(error->message),
                   error->span.start);
}

static void expect_literal(const char *type, const char *literal, uint64_t effort,
                           const char *expected)
{
    struct types t = {0};
    sgc_ast_value *value;
    sgc_source source = {.text = sgc_str_from(literal)};
    sgc_buf sdl = {0};

    sgc_buf_printf(&sdl,
                   "type Query { f(a: %s): Int } enum E { ONE TWO }\n"
                   "input I { a: Int! b: [I!] c: E } input O @oneOf { a: Int b: O }",
                   type);
    types_add(&t, sgc_buf_as_str(&sdl));
    CU_ASSERT_EQUAL_FATAL(types_build(&t, true), SGC_OK);
    CU_ASSERT_EQUAL_FATAL(sgc_parse_const_value(&source, &t.arena, &t.diagnostics, &value), SGC_OK);
    CU_ASSERT_EQUAL(sgc_literal_check(value, t.system->query->fields[0].arguments[0].type, &t.arena,
                                      &effort, add_literal_error, &t.out),
                    SGC_OK);
    UNIT_STR(sgc_buf_as_str(&t.out), expected);
    sgc_buf_free(&sdl);
    types_end(&t);
}

static void test_literals(void)
{
    uint64_t much = SGC_SUGGEST_EFFORT;

    expect_literal("Int", "-2147483648", much, "");
    expect_literal("Int", "2147483648", much,
                   "|Int cannot represent non 32-bit signed integer value: 2147483648 @0\n");
    expect_literal("Int", "99999999999999999999999999", much,
                   "|Int cannot represent non 32-bit signed integer value: "
                   "99999999999999999999999999 @0\n");
    expect_literal("[[Int!]!]!", "[[1], 2, [null], null]", much,
                   " at [2][0]|Expected value of non-null type \"Int!\" not to be null. @10\n"
                   " at [3]|Expected value of non-null type \"[Int!]!\" not to be null. @17\n");
    expect_literal("DateTime", "{a: [1]}", much, "");
    expect_literal("I", "{b: [{a: 1}, {a: \"x\", d: 1}]}", much,
                   "|Expected value of type \"I\" to include required field \"a\", found: "
                   "{ b: [{ a: 1 }, { a: \"x\", d: 1 }] }. @0\n"
                   " at .b[1].a|Int cannot represent non-integer value: \"x\" @17\n"
                   " at .b[1]|Expected value of type \"I\" not to include unknown field \"d\". Did "
                   "you mean \"a\", \"b\", or \"c\"? Found: { a: \"x\", d: 1 }. @22\n");
    expect_literal("E", "\"ONE\"", much,
                   "|Enum \"E\" cannot represent non-enum value: \"ONE\". Did you mean the enum "
                   "value \"ONE\"? @0\n");
    expect_literal("O", "{b: {a: null}}", much,
                   " at .b.a|Within OneOf Input Object type \"O\", exactly one field must be "
                   "specified, and the value for that field must be non-null. @4\n");
}

/* Without effort the first error is still there, and nothing else. */
static void test_literal_effort(void)
{
    expect_literal("[E]", "[ON, TW, 3]", 0,
                   " at [0]|Value \"ON\" does not exist in \"E\" enum. @1\n");
}

int main(void)
{
    CU_TestInfo tests[] = {{"introspection", test_introspection},
                           {"introspection depth", test_introspection_depth},
                           {"print", test_print},
                           {"print schema { }", test_print_schema_definition},
                           {"diff", test_diff},
                           {"diff of many arguments", test_diff_many_arguments},
                           {"diff of directives", test_diff_directives},
                           {"diff of defaults", test_diff_defaults},
                           {"literals", test_literals},
                           {"effort of literals", test_literal_effort},
                           CU_TEST_INFO_NULL};
    return unit_run("lang.types_texts", tests);
}
