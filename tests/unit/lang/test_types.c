/* test_types.c - type systems as built: what is in them, what extensions add, what is sgc's own. */
#include "types_test.h"

static sgc_named_type *type(const struct types *t, const char *name)
{
    return sgc_type_find(t->system, sgc_str_from(name));
}

static const sgc_field_def *field(const struct types *t, const char *name, const char *of)
{
    return sgc_field_find(type(t, name), sgc_str_from(of));
}

static const char blog[] =
    "\"The blog\" schema { query: Root }\n"
    "directive @mark(by: String! = \"me\", at: Int) repeatable on OBJECT | FIELD_DEFINITION\n"
    "\"Where one starts\" type Root { post(id: ID!, old: Boolean = false): Post @deprecated\n"
    "  all: [[Thing!]]! @deprecated(reason: \"\") }\n"
    "interface Named { name: String! }\n"
    "interface Known implements Named { name: String! since: Int }\n"
    "type Post implements Known & Named @mark @mark(by: \"you\") { name: String! since: Int }\n"
    "type User implements Named { name: String! }\n"
    "union Thing = Post | User\n"
    "enum Role { ADMIN \"reads\" READER @deprecated(reason: \"boring\") }\n"
    "input Range @oneOf { low: Float high: Float }\n"
    "scalar Url @specifiedBy(url: \"https://example.org\")\n";

static void test_contents(void)
{
    struct types t;
    types_of(&t, blog, NULL);
    const sgc_type_system *system = t.system;

    CU_ASSERT_EQUAL_FATAL(t.status, SGC_OK);
    UNIT_STR(system->description, "The blog");
    CU_ASSERT_PTR_EQUAL(system->query, type(&t, "Root"));
    CU_ASSERT_PTR_NULL(system->mutation);
    CU_ASSERT_PTR_NULL(type(&t, "Nobody"));
    UNIT_STR(system->query->description, "Where one starts");
    const sgc_field_def *post = field(&t, "Root", "post");
    UNIT_STR(post->deprecation, "No longer supported");
    UNIT_STR(field(&t, "Root", "all")->deprecation, "");
    CU_ASSERT_TRUE(sgc_str_is_null(field(&t, "Post", "name")->deprecation));
    CU_ASSERT_EQUAL(post->argument_count, 2);
    const sgc_input_def *id = sgc_input_find(post->arguments, post->argument_count, SGC_STR("id"));
    const sgc_input_def *old =
        sgc_input_find(post->arguments, post->argument_count, SGC_STR("old"));
    CU_ASSERT_TRUE(sgc_input_is_required(id));
    CU_ASSERT_FALSE(sgc_input_is_required(old));
    CU_ASSERT_PTR_EQUAL(sgc_type_ref_named(id->type), type(&t, "ID"));
    sgc_type_ref_print(field(&t, "Root", "all")->type, &t.out);
    UNIT_STR(sgc_buf_as_str(&t.out), "[[Thing!]]!");
    UNIT_STR(type(&t, "Url")->specified_by, "https://example.org");
    CU_ASSERT_TRUE(type(&t, "Range")->one_of);
    CU_ASSERT_PTR_NOT_NULL(sgc_input_field_find(type(&t, "Range"), SGC_STR("high")));
    CU_ASSERT_PTR_NULL(sgc_input_field_find(type(&t, "Range"), SGC_STR("hig")));
    const sgc_enum_value_def *reader = sgc_enum_value_find(type(&t, "Role"), SGC_STR("READER"));
    UNIT_STR(reader->deprecation, "boring");
    UNIT_STR(reader->description, "reads");
    types_end(&t);
}

static void test_directives(void)
{
    struct types t;
    types_of(&t, blog, NULL);
    const sgc_directive_def *mark = sgc_directive_find(t.system, SGC_STR("mark"));
    const sgc_ast_directive *on = type(&t, "Post")->parts->ast->directives;

    CU_ASSERT_PTR_NOT_NULL_FATAL(mark);
    CU_ASSERT_TRUE(mark->repeatable && !mark->built_in && !mark->prelude);
    CU_ASSERT_EQUAL(mark->location_set, 1U << SGC_ON_OBJECT | 1U << SGC_ON_FIELD_DEFINITION);
    CU_ASSERT_EQUAL(mark->argument_count, 2);
    CU_ASSERT_PTR_EQUAL(sgc_directive_on(on, "mark"), on);
    CU_ASSERT_PTR_NULL(sgc_directive_on(on, "mar"));
    CU_ASSERT_PTR_NULL(sgc_directive_argument(on, "by"));
    UNIT_STR(sgc_directive_argument(on->next, "by")->text, "you");
    CU_ASSERT_TRUE(sgc_directive_find(t.system, SGC_STR("skip"))->built_in);
    CU_ASSERT_PTR_NULL(sgc_directive_find(t.system, SGC_STR("nothing")));
    types_end(&t);
}

static void test_relations(void)
{
    struct types t;
    types_of(&t, blog, NULL);
    const sgc_named_type *named = type(&t, "Named"), *known = type(&t, "Known");
    const sgc_named_type *thing = type(&t, "Thing"), *post = type(&t, "Post");

    CU_ASSERT_EQUAL(named->member_count, 2);
    CU_ASSERT_PTR_EQUAL(named->members[0], post);
    CU_ASSERT_EQUAL(known->member_count, 1);
    CU_ASSERT_TRUE(sgc_type_is_member(named, post));
    CU_ASSERT_TRUE(sgc_type_is_member(named, known));
    CU_ASSERT_TRUE(sgc_type_is_member(thing, post));
    CU_ASSERT_FALSE(sgc_type_is_member(thing, named));
    CU_ASSERT_FALSE(sgc_type_is_member(post, post));
    const sgc_type_ref *strict = field(&t, "Post", "name")->type;
    const sgc_type_ref *lax = type(&t, "__Type")->fields[1].type;
    CU_ASSERT_TRUE(sgc_type_ref_is_subtype(strict, lax));
    CU_ASSERT_FALSE(sgc_type_ref_is_subtype(lax, strict));
    CU_ASSERT_FALSE(sgc_type_ref_equal(lax, strict));
    CU_ASSERT_TRUE(sgc_type_ref_equal(strict, field(&t, "User", "name")->type));
    types_end(&t);
}

/* Everything that introspection needs is there to be selected and validated. */
static void test_built_ins(void)
{
    struct types t;
    types_of(&t, "type Query { a: Int }", NULL);
    const sgc_type_system *system = t.system;

    CU_ASSERT_TRUE(type(&t, "__Schema")->built_in);
    CU_ASSERT_PTR_NULL(type(&t, "__Meta"));
    const sgc_field_def *fields = field(&t, "__Type", "fields");
    CU_ASSERT_PTR_NULL(fields->ast);
    CU_ASSERT_EQUAL(fields->argument_count, 1);
    UNIT_STR(fields->arguments[0].default_value->text, "false");
    CU_ASSERT_PTR_EQUAL(sgc_type_ref_named(fields->type), type(&t, "__Field"));
    CU_ASSERT_PTR_NOT_NULL(sgc_enum_value_find(type(&t, "__TypeKind"), SGC_STR("NON_NULL")));
    CU_ASSERT_PTR_EQUAL(sgc_field_of(system, system->query, SGC_STR("__schema")),
                        system->schema_field);
    CU_ASSERT_PTR_EQUAL(sgc_field_of(system, system->query, SGC_STR("__type")), system->type_field);
    CU_ASSERT_PTR_EQUAL(sgc_type_ref_named(system->type_field->type), type(&t, "__Type"));
    CU_ASSERT_PTR_NULL(sgc_field_of(system, type(&t, "__Type"), SGC_STR("__schema")));
    CU_ASSERT_PTR_EQUAL(sgc_field_of(system, type(&t, "__Type"), SGC_STR("__typename")),
                        system->typename_field);
    CU_ASSERT_PTR_NOT_NULL(sgc_field_of(system, system->query, SGC_STR("a")));
    CU_ASSERT_PTR_NULL(sgc_field_find(system->query, SGC_STR("__typename")));
    CU_ASSERT_PTR_NULL(sgc_field_of(system, type(&t, "Int"), SGC_STR("__typename")));
    types_end(&t);
}

static void print_order(struct types *t)
{
    const sgc_type_system *system = t->system;

    t->out.size = 0;
    for (size_t i = 0; i < system->listed_type_count; i++) {
        CU_ASSERT_EQUAL(system->types[i]->index, i);
        CU_ASSERT_FALSE(system->types[i]->prelude);
        sgc_buf_str(&t->out, system->types[i]->name);
        sgc_buf_byte(&t->out, ' ');
    }
}

/* The order of graphql-js: a built-in type stands behind the type that uses it first. */
static void test_order(void)
{
    struct types t;
    types_of(&t, "type B { a(x: Float): ID } type Query { b: B } scalar Int",
             "type C { a: Boolean } extend type Query { c: C n: Int }");

    CU_ASSERT_EQUAL_FATAL(t.status, SGC_OK);
    print_order(&t);
    UNIT_STR(sgc_buf_as_str(&t.out),
             "B ID Float Query Int Boolean String __Schema __Type __TypeKind __Field __InputValue "
             "__EnumValue __Directive __DirectiveLocation C ");
    for (size_t i = t.system->listed_type_count; i < t.system->type_count; i++)
        CU_ASSERT_TRUE(t.system->types[i]->prelude || t.system->types[i]->built_in);
    types_end(&t);
    types_of(&t, "type Query { a: Boolean b: __Field }", "extend type Query { f: Float }");
    print_order(&t);
    UNIT_STR(sgc_buf_as_str(&t.out),
             "Query Float Boolean __Field String __InputValue __Type __TypeKind __EnumValue "
             "__Schema __Directive __DirectiveLocation ");
    types_end(&t);
}

static void test_extensions(void)
{
    struct types t;
    types_of(
        &t,
        "extend type Query @a { two: Int } type Query { one: Int } directive @a on OBJECT\n"
        "extend schema { mutation: M } type M { m: E } enum E { A } union U = M scalar S\n"
        "input I { a: Int } interface N { n: Int }",
        "extend enum E { B } extend union U = Query extend input I { b: Int = 3 }\n"
        "extend type M implements N { n: Int } extend scalar S @specifiedBy(url: \"s\")\n"
        "extend schema { subscription: Sub } type Sub { s: Int } extend interface N @k @k\n"
        "directive @k repeatable on INTERFACE extend directive @k @deprecated(reason: \"old\")");

    UNIT_STR(types_errors(&t), "");
    CU_ASSERT_EQUAL_FATAL(t.status, SGC_OK);
    UNIT_STR(t.system->query->fields[0].name, "one");
    UNIT_STR(t.system->query->fields[1].name, "two");
    CU_ASSERT_FALSE(t.system->query->parts->ast->extend);
    CU_ASSERT_TRUE(t.system->query->parts->next->ast->extend);
    CU_ASSERT_PTR_EQUAL(t.system->mutation, type(&t, "M"));
    CU_ASSERT_PTR_EQUAL(t.system->subscription, type(&t, "Sub"));
    CU_ASSERT_EQUAL(type(&t, "E")->value_count, 2);
    CU_ASSERT_EQUAL(type(&t, "U")->member_count, 2);
    CU_ASSERT_EQUAL(type(&t, "I")->input_count, 2);
    CU_ASSERT_EQUAL(type(&t, "N")->member_count, 1);
    UNIT_STR(type(&t, "S")->specified_by, "s");
    UNIT_STR(sgc_directive_find(t.system, SGC_STR("k"))->deprecation, "old");
    CU_ASSERT_PTR_NULL(t.system->definition);
    CU_ASSERT_TRUE(t.system->parts->ast->extend);
    types_end(&t);
}

/* Past eight members look-ups go through a map, also when extensions bring them there. */
static void test_many_members(void)
{
    struct types t = {0};
    sgc_buf text = {0};

    sgc_buf_text(&text, "type Query { f0: Int } enum E { V0 } input I { f0: Int }\n");
    for (int i = 1; i < 300; i++)
        sgc_buf_printf(&text,
                       "extend type Query { f%d: Int } extend enum E { V%d } "
                       "extend input I { f%d: Int }\n",
                       i, i, i);
    types_add(&t, sgc_buf_as_str(&text));
    types_add(&t, SGC_STR("extend type Query { f300: Int } extend enum E { V300 }\n"
                          "extend input I { f300: Int }"));
    CU_ASSERT_EQUAL_FATAL(types_build(&t, true), SGC_OK);
    for (int i = 0; i <= 300; i++) {
        sgc_str name = sgc_arena_printf(&t.arena, "f%d", i);
        sgc_str value = sgc_arena_printf(&t.arena, "V%d", i);
        CU_ASSERT_PTR_EQUAL(sgc_field_find(t.system->query, name), &t.system->query->fields[i]);
        CU_ASSERT_PTR_EQUAL(sgc_enum_value_find(type(&t, "E"), value), &type(&t, "E")->values[i]);
        CU_ASSERT_PTR_EQUAL(sgc_input_field_find(type(&t, "I"), name), &type(&t, "I")->inputs[i]);
    }
    CU_ASSERT_PTR_NULL(sgc_field_find(t.system->query, SGC_STR("f301")));
    CU_ASSERT_PTR_NULL(sgc_field_find(type(&t, "E"), SGC_STR("V1")));
    CU_ASSERT_PTR_NULL(sgc_input_field_find(t.system->query, SGC_STR("f1")));
    sgc_buf_free(&text);
    types_end(&t);
}

/* ---- the prelude ---- */

static void test_prelude(void)
{
    struct types t;
    types_of(&t, "type Query @table(name: \"q\") { at: DateTime n: [BigInt!]! }", NULL);

    CU_ASSERT_EQUAL_FATAL(t.status, SGC_OK);
    CU_ASSERT_TRUE(type(&t, "DateTime")->prelude);
    CU_ASSERT_PTR_EQUAL(sgc_type_ref_named(field(&t, "Query", "at")->type), type(&t, "DateTime"));
    CU_ASSERT_TRUE(type(&t, "DateTime")->index >= t.system->listed_type_count);
    CU_ASSERT_TRUE(sgc_directive_find(t.system, SGC_STR("table"))->prelude);
    CU_ASSERT_EQUAL(t.system->listed_directive_count, 5);
    CU_ASSERT_TRUE(t.system->directive_count > 20);
    sgc_introspection_json(t.system, &t.out);
    sgc_type_system_print(t.system, &t.out);
    sgc_str text = sgc_buf_as_str(&t.out);
    sgc_buf_byte(&t.out, '\0');
    CU_ASSERT_PTR_NULL(strstr(text.data, "IdKind"));
    CU_ASSERT_PTR_NULL(strstr(text.data, "scalar DateTime"));
    CU_ASSERT_PTR_NULL(strstr(text.data, "compositeIndex"));
    types_end(&t);
}

/* What a document declares is the document's, also when an earlier one used the prelude's. */
static void test_prelude_is_overridden(void)
{
    static const char late[] = "\"mine\" type IdKind { id: ID @unique } scalar DateTime\n"
                               "directive @unique on FIELD_DEFINITION | ENUM";
    struct types t;
    types_of(&t, "type Query { at: DateTime k: IdKind u: Int @id @unique }", late);

    UNIT_STR(types_errors(&t), "");
    CU_ASSERT_EQUAL_FATAL(t.status, SGC_OK);
    CU_ASSERT_FALSE(type(&t, "DateTime")->prelude);
    CU_ASSERT_TRUE(type(&t, "DateTime")->index < t.system->listed_type_count);
    CU_ASSERT_EQUAL(type(&t, "IdKind")->kind, SGC_NAMED_OBJECT);
    CU_ASSERT_PTR_EQUAL(sgc_type_ref_named(field(&t, "Query", "k")->type), type(&t, "IdKind"));
    const sgc_directive_def *id = sgc_directive_find(t.system, SGC_STR("id"));
    CU_ASSERT_EQUAL(sgc_type_ref_named(id->arguments[0].type)->kind, SGC_NAMED_ENUM);
    CU_ASSERT_FALSE(sgc_directive_find(t.system, SGC_STR("unique"))->prelude);
    types_end(&t);
    types_of(&t, "directive @id(x: Int) on OBJECT type Query @id(x: 1) { a: Int }", NULL);
    CU_ASSERT_EQUAL(t.status, SGC_OK);
    types_end(&t);
}

static const struct rule_case prelude_cases[] = {
    /* Never suggested, though they are known. */
    {"type Query { a: DateTim b: Strin }", NULL,
     "SDL: Unknown type \"DateTim\". @ 1:17\n"
     "SDL: Unknown type \"Strin\". Did you mean \"String\"? @ 1:28\n"},
    {"type Query { a: Int @uniqu }", NULL, "SDL: Unknown directive \"@uniqu\". @ 1:21\n"},
    /* Used as declared. */
    {"type Query @unique { a: Int @cost }", NULL,
     "SDL: Directive \"@unique\" may not be used on OBJECT. @ 1:12\n"
     "SDL: Argument \"@cost(weight:)\" of type \"Int!\" is required, but it was not provided. "
     "@ 1:29\n"},
    {"type Query { a: Int @unique @unique @check(expr: \"a\") @check(expr: \"b\") }", NULL,
     "SDL: The directive \"@unique\" can only be used once at this location. @ 1:21 1:29\n"},
    {"enum IdKind { NONE } type Query { a: IdKind }", NULL, ""},
    {"type Query { a: IdKind } extend enum IdKind { MINE }", NULL, ""},
    {"type Query { a: IdKind } extend enum IdKind { NONE }", NULL,
     "SDL: Enum value \"IdKind.NONE\" already exists in the schema. It cannot also be defined in "
     "this type extension. @ 1:47\n"},
};

static void test_prelude_rules(void)
{
    EXPECT_CASES(prelude_cases);
}

static void test_without_prelude(void)
{
    struct types t = {0};

    types_add(&t, SGC_STR("type Query { a: DateTime @unique }"));
    CU_ASSERT_EQUAL(types_build(&t, false), SGC_INVALID);
    UNIT_STR(types_errors(&t), "SDL: Unknown type \"DateTime\". @ 1:17\n"
                               "SDL: Unknown directive \"@unique\". @ 1:26\n");
    CU_ASSERT_PTR_NULL(t.system);
    types_end(&t);
}

/* Standard types stay what they are whatever a document calls them. */
static void test_standard_types_win(void)
{
    struct types t;
    types_of(&t, "type String { a: Int } scalar __Type type Query { a: String }", NULL);

    CU_ASSERT_EQUAL_FATAL(t.status, SGC_OK);
    CU_ASSERT_EQUAL(type(&t, "String")->kind, SGC_NAMED_SCALAR);
    CU_ASSERT_EQUAL(type(&t, "__Type")->kind, SGC_NAMED_OBJECT);
    CU_ASSERT_TRUE(type(&t, "String")->built_in);
    types_end(&t);
    types_of(&t, "directive @skip(x: Int) on OBJECT type Query @skip(x: 1) { a: Int }", NULL);
    CU_ASSERT_EQUAL_FATAL(t.status, SGC_OK);
    CU_ASSERT_FALSE(sgc_directive_find(t.system, SGC_STR("skip"))->built_in);
    CU_ASSERT_EQUAL(t.system->listed_directive_count, 5);
    types_end(&t);
}

static void test_no_documents(void)
{
    struct types t = {0};

    CU_ASSERT_EQUAL(types_build(&t, true), SGC_INVALID);
    UNIT_STR(types_errors(&t), "Schema: Query root type must be provided.\n");
    types_end(&t);
}

int main(void)
{
    CU_TestInfo tests[] = {{"contents", test_contents},
                           {"directives", test_directives},
                           {"interfaces, unions, subtypes", test_relations},
                           {"built-ins and meta fields", test_built_ins},
                           {"order of introspection", test_order},
                           {"extensions", test_extensions},
                           {"many members", test_many_members},
                           {"prelude", test_prelude},
                           {"prelude overridden", test_prelude_is_overridden},
                           {"prelude under the rules", test_prelude_rules},
                           {"without prelude", test_without_prelude},
                           {"standard types win", test_standard_types_win},
                           {"no documents", test_no_documents},
                           CU_TEST_INFO_NULL};
    return unit_run("lang.types", tests);
}
