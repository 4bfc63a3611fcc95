/*
 * test_types_rules.c - what the SDL rules and the validation of type systems say, message by
 * message and place by place. The expectations are the answers of graphql-js 17.1.0 to the same
 * documents.
 */
#include "types_test.h"

static const struct rule_case schema_definition[] = {
    {"schema { query: Query } schema { query: Query } type Query { a: Int }", NULL,
     "SDL: Must provide only one schema definition. @ 1:25\n"
     "SDL: There can be only one query type in schema. @ 1:10 1:34\n"},
    {"schema { query: Query query: Query } extend schema { query: Query } type Query { a: Int }",
     NULL,
     "SDL: There can be only one query type in schema. @ 1:10 1:23\n"
     "SDL: There can be only one query type in schema. @ 1:10 1:54\n"},
    {"type Query { a: Int }", "schema { query: Query }",
     "SDL: Cannot define a new schema within a schema extension. @ 1:1/2\n"
     "SDL: Type for query already defined in the schema. It cannot be redefined. @ 1:10/2\n"},
    {"schema { query: Query } type Query { a: Int } type M { a: Int }",
     "extend schema { query: M mutation: M mutation: M }",
     "SDL: Type for query already defined in the schema. It cannot be redefined. @ 1:17/2\n"
     "SDL: There can be only one mutation type in schema. @ 1:26/2 1:38/2\n"},
    {"schema { query: Nope } type Query { a: Int }", NULL, "SDL: Unknown type \"Nope\". @ 1:17\n"},
    {"schema @a { query: Query } directive @a on SCHEMA extend schema @a type Query { a: Int }",
     NULL, "SDL: The directive \"@a\" can only be used once at this location. @ 1:8 1:65\n"},
};

static void test_schema_definition(void)
{
    EXPECT_CASES(schema_definition);
}

static const struct rule_case type_names[] = {
    {"type Query { a: Int } type A { a: Int } scalar A enum A { B }", NULL,
     "SDL: There can be only one type named \"A\". @ 1:28 1:48\n"
     "SDL: There can be only one type named \"A\". @ 1:28 1:55\n"},
    {"type Query { a: Int } type Enterprise { a: Int }", "type Enterprise { a: Int }",
     "SDL: Type \"Enterprise\" already exists in the schema. It cannot also be defined in this "
     "type definition. @ 1:6/2\n"
     "SDL: Field \"Enterprise.a\" already exists in the schema. It cannot also be defined in this "
     "type extension. @ 1:19/2\n"},
    {"type Query { a: Itn b: Quer c: [Flaot!]! d: Zzzzzz }", NULL,
     "SDL: Unknown type \"Itn\". Did you mean \"Int\" or \"ID\"? @ 1:17\n"
     "SDL: Unknown type \"Quer\". Did you mean \"Query\"? @ 1:24\n"
     "SDL: Unknown type \"Flaot\". Did you mean \"Float\"? @ 1:33\n"
     "SDL: Unknown type \"Zzzzzz\". @ 1:45\n"},
    {"type Query { a: Int } type A implements B & Qury { a: Int } union U = Queri | String2", NULL,
     "SDL: Unknown type \"B\". Did you mean \"A\" or \"U\"? @ 1:41\n"
     "SDL: Unknown type \"Qury\". Did you mean \"Query\"? @ 1:45\n"
     "SDL: Unknown type \"Queri\". Did you mean \"Query\"? @ 1:71\n"
     "SDL: Unknown type \"String2\". Did you mean \"String\"? @ 1:79\n"},
    {"type Query { a(x: Foo = 1): Int } input I { a: Foo }", NULL,
     "SDL: Unknown type \"Foo\". @ 1:19\n"
     "SDL: Unknown type \"Foo\". @ 1:48\n"},
    {"type Query { a: Abcde } type Abcd1 { a: Int } type Abcd2 { a: Int } type Abcd10 { a: Int } "
     "type Abcd3 { a: Int } type Abcd4 { a: Int } type Abcd5 { a: Int }",
     NULL,
     "SDL: Unknown type \"Abcde\". Did you mean \"Abcd1\", \"Abcd2\", \"Abcd3\", \"Abcd4\", or "
     "\"Abcd5\"? @ 1:17\n"},
    {"type Query { a: Int }", "type B { a: Querry }",
     "SDL: Unknown type \"Querry\". Did you mean \"Query\"? @ 1:13/2\n"},
    {"type Query { a: Int } query Q($v: Strin, $w: Int) { a } fragment F on Quer { a }", NULL,
     "SDL: Unknown type \"Strin\". @ 1:35\n"
     "SDL: Unknown type \"Int\". @ 1:46\n"
     "SDL: Unknown type \"Quer\". Did you mean \"Query\"? @ 1:71\n"},
};

static void test_type_names(void)
{
    EXPECT_CASES(type_names);
}

static const struct rule_case member_names[] = {
    {"type Query { a: Int b: Int a: String a: ID }", NULL,
     "SDL: Field \"Query.a\" can only be defined once. @ 1:14 1:28\n"
     "SDL: Field \"Query.a\" can only be defined once. @ 1:14 1:38\n"},
    {"type Query { a: Int } extend type Query { a: Int }", NULL,
     "SDL: Field \"Query.a\" can only be defined once. @ 1:14 1:43\n"},
    {"type Query { a: Int }", "extend type Query { b: Int a: Int b: Int }",
     "SDL: Field \"Query.a\" already exists in the schema. It cannot also be defined in this type "
     "extension. @ 1:28/2\n"
     "SDL: Field \"Query.b\" can only be defined once. @ 1:21/2 1:35/2\n"},
    {"type Query { a: Int } enum E { A B A } extend enum E { B C }", NULL,
     "SDL: Enum value \"E.A\" can only be defined once. @ 1:32 1:36\n"
     "SDL: Enum value \"E.B\" can only be defined once. @ 1:34 1:56\n"},
    {"type Query { a: Int } enum E { A }", "extend enum E { B A }",
     "SDL: Enum value \"E.A\" already exists in the schema. It cannot also be defined in this type "
     "extension. @ 1:19/2\n"},
    {"type Query { a: Int } input I { a: Int a: Int } extend input I { a: Int }", NULL,
     "SDL: Field \"I.a\" can only be defined once. @ 1:33 1:40\n"
     "SDL: Field \"I.a\" can only be defined once. @ 1:33 1:66\n"},
    {"type Query { a(x: Int, y: Int, x: Int, y: Int, x: ID): Int }", NULL,
     "SDL: Argument \"Query.a(x:)\" can only be defined once. @ 1:16 1:32 1:48\n"
     "SDL: Argument \"Query.a(y:)\" can only be defined once. @ 1:24 1:40\n"},
    {"directive @d(x: Int, x: Int) on FIELD type Query { a: Int }", NULL,
     "SDL: Argument \"@d(x:)\" can only be defined once. @ 1:14 1:22\n"},
    {"interface I { f(a: Int, a: Int): Int } type Query { a: Int }", NULL,
     "SDL: Argument \"I.f(a:)\" can only be defined once. @ 1:17 1:25\n"},
};

static void test_member_names(void)
{
    EXPECT_CASES(member_names);
}

static const struct rule_case directives[] = {
    {"directive @a on FIELD directive @a on FIELD type Query { a: Int }", NULL,
     "SDL: There can be only one directive named \"@a\". @ 1:12 1:34\n"},
    {"type Query { a: Int } directive @a on FIELD",
     "directive @a on FIELD directive @skip on FIELD",
     "SDL: Directive \"@a\" already exists in the schema. It cannot be redefined. @ 1:12/2\n"
     "SDL: Directive \"@skip\" already exists in the schema. It cannot be redefined. @ 1:34/2\n"},
    {"type Query @a { a: Int @b c(x: Int @c): Int } enum E @d { A @e } input I @f { a: Int @g } "
     "scalar S @h union U @i = Query interface N @j { a: Int } schema @k { query: Query } "
     "directive @z(x: Int @l) on FIELD",
     NULL,
     "SDL: Unknown directive \"@a\". @ 1:12\n"
     "SDL: Unknown directive \"@b\". @ 1:24\n"
     "SDL: Unknown directive \"@c\". @ 1:36\n"
     "SDL: Unknown directive \"@d\". @ 1:54\n"
     "SDL: Unknown directive \"@e\". @ 1:61\n"
     "SDL: Unknown directive \"@f\". @ 1:74\n"
     "SDL: Unknown directive \"@g\". @ 1:86\n"
     "SDL: Unknown directive \"@h\". @ 1:100\n"
     "SDL: Unknown directive \"@i\". @ 1:111\n"
     "SDL: Unknown directive \"@j\". @ 1:134\n"
     "SDL: Unknown directive \"@k\". @ 1:155\n"
     "SDL: Unknown directive \"@l\". @ 1:195\n"},
    {"directive @a on FIELD type Query @a { a: Int @a c(x: Int @a): Int } enum E @a { A @a } input "
     "I @a { a: Int @a } scalar S @a union U @a = Query interface N @a { a: Int } schema @a { "
     "query: Query } directive @z(x: Int @a) on FIELD",
     NULL,
     "SDL: Directive \"@a\" may not be used on OBJECT. @ 1:34\n"
     "SDL: Directive \"@a\" may not be used on FIELD_DEFINITION. @ 1:46\n"
     "SDL: Directive \"@a\" may not be used on ARGUMENT_DEFINITION. @ 1:58\n"
     "SDL: Directive \"@a\" may not be used on ENUM. @ 1:76\n"
     "SDL: Directive \"@a\" may not be used on ENUM_VALUE. @ 1:83\n"
     "SDL: Directive \"@a\" may not be used on INPUT_OBJECT. @ 1:96\n"
     "SDL: Directive \"@a\" may not be used on INPUT_FIELD_DEFINITION. @ 1:108\n"
     "SDL: Directive \"@a\" may not be used on SCALAR. @ 1:122\n"
     "SDL: Directive \"@a\" may not be used on UNION. @ 1:133\n"
     "SDL: Directive \"@a\" may not be used on INTERFACE. @ 1:156\n"
     "SDL: Directive \"@a\" may not be used on SCHEMA. @ 1:177\n"
     "SDL: Directive \"@a\" may not be used on ARGUMENT_DEFINITION. @ 1:217\n"},
    {"directive @a on OBJECT type Query @a @a { a: Int } extend type Query @a", NULL,
     "SDL: The directive \"@a\" can only be used once at this location. @ 1:35 1:38\n"
     "SDL: The directive \"@a\" can only be used once at this location. @ 1:35 1:70\n"},
    {"directive @r repeatable on OBJECT type Query @r @r { a: Int } extend type Query @r", NULL,
     ""},
    {"directive @d(one: Int, two: Int) on OBJECT type Query @d(one: 1, one: 2, tow: 3, x: 4) { a: "
     "Int }",
     NULL,
     "SDL: Unknown argument \"tow\" on directive \"@d\". Did you mean \"two\"? @ 1:74\n"
     "SDL: Unknown argument \"x\" on directive \"@d\". @ 1:82\n"
     "SDL: There can be only one argument named \"one\". @ 1:58 1:66\n"},
    {"directive @d(a: Int!, b: [Int!]! = [], c: [String]!) on OBJECT type Query @d { a: Int }",
     NULL,
     "SDL: Argument \"@d(a:)\" of type \"Int!\" is required, but it was not provided. @ 1:75\n"
     "SDL: Argument \"@d(c:)\" of type \"[String]!\" is required, but it was not provided. @ "
     "1:75\n"},
    {"directive @d(a: I) on OBJECT type Query @d(a: {x: 1, y: {x: 1, x: 2}, x: [{z: 1, z: 2}]}) { "
     "a: Int } input I { x: Int }",
     NULL,
     "SDL: There can be only one input field named \"x\". @ 1:58 1:64\n"
     "SDL: There can be only one input field named \"x\". @ 1:48 1:71\n"
     "SDL: There can be only one input field named \"z\". @ 1:76 1:82\n"},
    {"type Query { a: Int } directive @d(a: Int!) on OBJECT",
     "extend type Query @d extend type Query @d(b: 1, a: 2)",
     "SDL: Argument \"@d(a:)\" of type \"Int!\" is required, but it was not provided. @ 1:19/2\n"
     "SDL: The directive \"@d\" can only be used once at this location. @ 1:19/2 1:40/2\n"
     "SDL: Unknown argument \"b\" on directive \"@d\". Did you mean \"a\"? @ 1:43/2\n"},
    {"query @a { f(x: 1, x: 2) @b ... @c { f } ...F @d } fragment F on Query @e { f } subscription "
     "($v: Int @f) { a } type Query { a: Int }",
     NULL,
     "SDL: Unknown directive \"@a\". @ 1:7\n"
     "SDL: There can be only one argument named \"x\". @ 1:14 1:20\n"
     "SDL: Unknown directive \"@b\". @ 1:26\n"
     "SDL: Unknown directive \"@c\". @ 1:33\n"
     "SDL: Unknown directive \"@d\". @ 1:47\n"
     "SDL: Unknown directive \"@e\". @ 1:72\n"
     "SDL: Unknown type \"Int\". @ 1:99\n"
     "SDL: Unknown directive \"@f\". @ 1:103\n"},
    {"{ f { ... on Nope @a { g(x: {y: 1, y: 2}) } } } type Query { a: Int }", NULL,
     "SDL: Unknown type \"Nope\". @ 1:14\n"
     "SDL: Unknown directive \"@a\". @ 1:19\n"
     "SDL: There can be only one input field named \"y\". @ 1:30 1:36\n"},
    {"directive @d(a: Int, b: Int, c: Int, d: Int, e: Int, f: Int, g: Int, h: Int!) on OBJECT type "
     "Query @d(a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, gg: 8, a: 9) { a: Int }",
     NULL,
     "SDL: Unknown argument \"gg\" on directive \"@d\". Did you mean \"g\"? @ 1:145\n"
     "SDL: There can be only one argument named \"a\". @ 1:103 1:152\n"
     "SDL: Argument \"@d(h:)\" of type \"Int!\" is required, but it was not provided. @ 1:100\n"},
    {"type Query { a: Int @deprecated(reason: 1) }", NULL,
     "SDL: Argument \"@deprecated(reason:)\" has invalid value: String cannot represent a non "
     "string value: 1 @ 1:41\n"},
    {"type Query { a: Int @deprecated(reason: null) }", NULL,
     "SDL: Argument \"@deprecated(reason:)\" has invalid value: Expected value of non-null type "
     "\"String!\" not to be null. @ 1:41\n"},
    {"enum E { A @deprecated(reason: {a: [1]}) } type Query { a: E }", NULL,
     "SDL: Argument \"@deprecated(reason:)\" has invalid value: String cannot represent a non "
     "string value: { a: [1] } @ 1:32\n"},
    {"type Query { a: Int } scalar S @specifiedBy(url: [])", NULL,
     "SDL: Argument \"@specifiedBy(url:)\" has invalid value: String cannot represent a non string "
     "value: [] @ 1:50\n"},
    {"directive @specifiedBy on SCALAR scalar S @specifiedBy type Query { a: Int }", NULL,
     "SDL: Argument \"@specifiedBy(url:)\" of required type \"String!\" was not provided. @ "
     "1:43\n"},
};

static void test_directives(void)
{
    EXPECT_CASES(directives);
}

static const struct rule_case extensions[] = {
    {"type Query { a: Int } extend type Quer { b: Int } extend scalar Int @deprecated", NULL,
     "SDL: Cannot extend type \"Quer\" because it is not defined. Did you mean \"Query\"? @ 1:35\n"
     "SDL: Cannot extend type \"Int\" because it is not defined. @ 1:65\n"
     "SDL: Directive \"@deprecated\" may not be used on SCALAR. @ 1:69\n"},
    {"type Query { a: Int } extend interface Query { b: Int } extend union Query = Query extend "
     "enum Query { A } extend input Query { a: Int } extend scalar Query @specifiedBy(url: \"\")",
     NULL,
     "SDL: Cannot extend non-interface type \"Query\". @ 1:1 1:23\n"
     "SDL: Cannot extend non-union type \"Query\". @ 1:1 1:57\n"
     "SDL: Cannot extend non-enum type \"Query\". @ 1:1 1:84\n"
     "SDL: Cannot extend non-input object type \"Query\". @ 1:1 1:108\n"
     "SDL: Field \"Query.a\" can only be defined once. @ 1:14 1:129\n"
     "SDL: Cannot extend non-scalar type \"Query\". @ 1:1 1:138\n"},
    {"type Query { a: Int }", "extend interface Query { b: Int }",
     "SDL: Cannot extend non-interface type \"Query\". @ 1:1/2\n"},
    {"type Query { a: Int } scalar S",
     "extend type S { a: Int } extend scalar Int @specifiedBy(url: \"x\") extend type Boolean { a: "
     "Int }",
     "SDL: Cannot extend non-object type \"S\". @ 1:1/2\n"
     "SDL: Cannot extend non-object type \"Boolean\". @ 1:67/2\n"},
};

static void test_extensions(void)
{
    EXPECT_CASES(extensions);
}

static const struct rule_case roots[] = {
    {"type Foo { a: Int }", NULL, "Schema: Query root type must be provided.\n"},
    {"schema { mutation: M } type M { a: Int }", NULL,
     "Schema: Query root type must be provided. @ 1:1\n"},
    {"schema { query: I mutation: S subscription: E } input I { a: Int } scalar S enum E { A }",
     NULL,
     "Schema: Query root type must be Object type, it cannot be I. @ 1:17\n"
     "Schema: Mutation root type must be Object type if provided, it cannot be S. @ 1:29\n"
     "Schema: Subscription root type must be Object type if provided, it cannot be E. @ 1:45\n"},
    {"input Query { a: Int } scalar Mutation", NULL,
     "Schema: Query root type must be Object type, it cannot be Query. @ 1:1\n"
     "Schema: Mutation root type must be Object type if provided, it cannot be Mutation. @ 1:24\n"},
    {"schema { query: A mutation: A subscription: A } type A { a: Int }", NULL,
     "Schema: All root types must be different, \"A\" type is used as query, mutation, and "
     "subscription root types. @ 1:17 1:29 1:45\n"},
    {"schema { query: A mutation: B } extend schema { subscription: B } type A { a: Int } type B { "
     "a: Int }",
     NULL,
     "Schema: All root types must be different, \"B\" type is used as mutation and subscription "
     "root types. @ 1:29 1:63\n"},
    {"type Query { a: Int }", "type Mutation { a: Int } extend schema { subscription: Query }",
     "Schema: All root types must be different, \"Query\" type is used as query and subscription "
     "root types. @ 1:56/2\n"},
};

static void test_roots(void)
{
    EXPECT_CASES(roots);
}

static const struct rule_case types[] = {
    {"type Query interface I union U enum E input J type A extend type A @deprecated2 directive "
     "@deprecated2 on OBJECT",
     NULL,
     "Schema: Type Query must define one or more fields. @ 1:1\n"
     "Schema: Type I must define one or more fields. @ 1:12\n"
     "Schema: Union type U must define one or more member types. @ 1:24\n"
     "Schema: Enum type E must define one or more values. @ 1:32\n"
     "Schema: Input Object type J must define one or more fields. @ 1:39\n"
     "Schema: Type A must define one or more fields. @ 1:47 1:54\n"},
    {"type Query { __a(__b: Int): Int } enum __E { __A } directive @__d(__a: Int) on FIELD input "
     "__I { __a: Int }",
     NULL,
     "Schema: Name \"__d\" must not begin with \"__\", which is reserved by GraphQL introspection. "
     "@ 1:52\n"
     "Schema: Name \"__a\" must not begin with \"__\", which is reserved by GraphQL introspection. "
     "@ 1:67\n"
     "Schema: Name \"__a\" must not begin with \"__\", which is reserved by GraphQL introspection. "
     "@ 1:14\n"
     "Schema: Name \"__b\" must not begin with \"__\", which is reserved by GraphQL introspection. "
     "@ 1:18\n"
     "Schema: Name \"__E\" must not begin with \"__\", which is reserved by GraphQL introspection. "
     "@ 1:35\n"
     "Schema: Name \"__A\" must not begin with \"__\", which is reserved by GraphQL introspection. "
     "@ 1:46\n"
     "Schema: Name \"__I\" must not begin with \"__\", which is reserved by GraphQL introspection. "
     "@ 1:86\n"
     "Schema: Name \"__a\" must not begin with \"__\", which is reserved by GraphQL introspection. "
     "@ 1:98\n"},
    {"type Query { a: I b(x: Query): Int } input I { a: Query b: [Query!]! } directive @d(a: "
     "Query) on FIELD",
     NULL,
     "Schema: The type of @d(a:) must be Input Type but got: Query. @ 1:85\n"
     "Schema: The type of Query.a must be Output Type but got: I. @ 1:17\n"
     "Schema: The type of Query.b(x:) must be Input Type but got: Query. @ 1:24\n"
     "Schema: The type of I.a must be Input Type but got: Query. @ 1:51\n"
     "Schema: The type of I.b must be Input Type but got: [Query!]!. @ 1:60\n"},
    {"type Query { a(x: Int! @deprecated): Int } input I { a: Int! @deprecated b: Int! = 1 "
     "@deprecated } directive @d(a: Int! @deprecated) on FIELD",
     NULL,
     "Schema: Required argument @d(a:) cannot be deprecated. @ 1:121 1:116\n"
     "Schema: Required argument Query.a(x:) cannot be deprecated. @ 1:24 1:19\n"
     "Schema: Required input field I.a cannot be deprecated. @ 1:62 1:57\n"},
    {"union U = Query | A | Query | U | Int type A { a: Int } type Query { a: Int } extend union U "
     "= A",
     NULL,
     "Schema: Union type U can only include type Query once. @ 1:11 1:23\n"
     "Schema: Union type U can only include Object types, it cannot include U. @ 1:31\n"
     "Schema: Union type U can only include Object types, it cannot include Int. @ 1:35\n"
     "Schema: Union type U can only include type A once. @ 1:19 1:96\n"},
    {"input I @oneOf { a: Int! b: Int = 1 c: Int } type Query { a: Int }", NULL,
     "Schema: OneOf input field I.a must be nullable. @ 1:21\n"
     "Schema: OneOf input field I.b cannot have a default value. @ 1:26\n"},
};

static void test_types(void)
{
    EXPECT_CASES(types);
}

static const struct rule_case interfaces[] = {
    {"type Query implements Query & Int & U { a: Int } union U = Query", NULL,
     "Schema: Type Query must only implement Interface types, it cannot implement Query. @ 1:23\n"
     "Schema: Type Query must only implement Interface types, it cannot implement Int. @ 1:31\n"
     "Schema: Type Query must only implement Interface types, it cannot implement U. @ 1:37\n"},
    {"type Query implements A & A { a: Int } interface A { a: Int } extend type Query implements A",
     NULL,
     "Schema: Type Query can only implement A once. @ 1:23 1:27 1:92\n"
     "Schema: Type Query can only implement A once. @ 1:23 1:27 1:92\n"},
    {"interface A implements A { a: Int } type Query { a: Int }", NULL,
     "Schema: Type A cannot implement itself because it would create a circular reference. @ "
     "1:24\n"},
    {"interface A implements B { a: Int } interface B implements A { a: Int } type Query { a: Int "
     "}",
     NULL,
     "Schema: Type A cannot implement B because it would create a circular reference. @ 1:60 1:24\n"
     "Schema: Type B cannot implement A because it would create a circular reference. @ 1:24 "
     "1:60\n"},
    {"interface A implements C { a: Int } interface B implements A { a: Int } interface C "
     "implements B { a: Int } type Query { a: Int }",
     NULL,
     "Schema: Type A must implement B because it is implemented by C. @ 1:96 1:24\n"
     "Schema: Type B must implement C because it is implemented by A. @ 1:24 1:60\n"
     "Schema: Type C must implement A because it is implemented by B. @ 1:60 1:96\n"},
    {"interface A { a: Int } interface B implements A { a: Int } type Query implements B { a: Int "
     "}",
     NULL, "Schema: Type Query must implement A because it is implemented by B. @ 1:47 1:82\n"},
    {"interface A { a: Int b(x: Int, y: [ID!]): [A] } type Query implements A { a: String b(y: "
     "[ID], z: Int!, w: Int! = 1): [Query!]! }",
     NULL,
     "Schema: Interface field A.a expects type Int but Query.a is type String. @ 1:18 1:78\n"
     "Schema: Interface field argument A.b(x:) expected but Query.b does not provide it. @ 1:24 "
     "1:85\n"
     "Schema: Interface field argument A.b(y:) expects type [ID!] but Query.b(y:) is type [ID]. @ "
     "1:35 1:90\n"
     "Schema: Argument \"Query.b(z:)\" must not be required type \"Int!\" if not provided by the "
     "Interface field \"A.b\". @ 1:96 1:22\n"},
    {"interface A { b: A c: U d: [A!] } union U = Query type Query implements A { b: Query c: "
     "Query d: [U!] } ",
     NULL, "Schema: Interface field A.d expects type [A!] but Query.d is type [U!]. @ 1:28 1:98\n"},
    {"interface A { a: Int b: Int @deprecated } type Query implements A { a: Int "
     "@deprecated(reason: \"x\") b: Int @deprecated }",
     NULL,
     "Schema: Interface field A.a is not deprecated, so implementation field Query.a must not be "
     "deprecated. @ 1:76 1:72\n"},
    {"interface A { a: Int b: Int } type Query implements A { a: Int } extend type Query { c: Int "
     "}",
     NULL,
     "Schema: Interface field A.b expected but Query does not provide it. @ 1:22 1:31 1:66\n"},
};

static void test_interfaces(void)
{
    EXPECT_CASES(interfaces);
}

static const struct rule_case defaults[] = {
    {"type Query { a(b: Int = \"x\", c: Float = TRUE, d: String = 1, e: Boolean = 1.5, f: ID = "
     "1.5, g: Int = 2147483648, h: Int = -2147483648, i: Int! = null, j: Int = null): Int }",
     NULL,
     "Schema: Query.a(b:) has invalid default value: Int cannot represent non-integer value: \"x\" "
     "@ 1:25\n"
     "Schema: Query.a(c:) has invalid default value: Float cannot represent non numeric value: "
     "TRUE @ 1:41\n"
     "Schema: Query.a(d:) has invalid default value: String cannot represent a non string value: 1 "
     "@ 1:59\n"
     "Schema: Query.a(e:) has invalid default value: Boolean cannot represent a non boolean value: "
     "1.5 @ 1:75\n"
     "Schema: Query.a(f:) has invalid default value: ID cannot represent a non-string and "
     "non-integer value: 1.5 @ 1:88\n"
     "Schema: Query.a(g:) has invalid default value: Int cannot represent non 32-bit signed "
     "integer value: 2147483648 @ 1:102\n"
     "Schema: Query.a(i:) has invalid default value: Expected value of non-null type \"Int!\" not "
     "to be null. @ 1:146\n"},
    {"input I { a: Int! b: [I!] c: E } enum E { RED GREEN } type Query { a(b: I = {b: [{}, null, "
     "{a: 1, bb: 2}], c: REDD}, c: [I] = {a: \"x\"}, d: [[I]] = [[{a: 1}], [{a: 1.5, c: "
     "\"RED\"}]], e: I = 1): Int }",
     NULL,
     "Schema: Query.a(b:) has invalid default value: Expected value of type \"I\" to include "
     "required field \"a\", found: { b: [{  }, null, { a: 1, bb: 2 }], c: REDD }. @ 1:77\n"
     "Schema: Query.a(b:) has invalid default value at .b[0]: Expected value of type \"I\" to "
     "include required field \"a\", found: {  }. @ 1:82\n"
     "Schema: Query.a(b:) has invalid default value at .b[1]: Expected value of non-null type "
     "\"I!\" not to be null. @ 1:86\n"
     "Schema: Query.a(b:) has invalid default value at .b[2]: Expected value of type \"I\" not to "
     "include unknown field \"bb\". Did you mean \"b\"? Found: { a: 1, bb: 2 }. @ 1:99\n"
     "Schema: Query.a(b:) has invalid default value at .c: Value \"REDD\" does not exist in \"E\" "
     "enum. Did you mean the enum value \"RED\"? @ 1:111\n"
     "Schema: Query.a(c:) has invalid default value at .a: Int cannot represent non-integer value: "
     "\"x\" @ 1:131\n"
     "Schema: Query.a(d:) has invalid default value at [1][0].a: Int cannot represent non-integer "
     "value: 1.5 @ 1:164\n"
     "Schema: Query.a(d:) has invalid default value at [1][0].c: Enum \"E\" cannot represent "
     "non-enum value: \"RED\". Did you mean the enum value \"RED\" or \"GREEN\"? @ 1:172\n"
     "Schema: Query.a(e:) has invalid default value: Expected value of type \"I\" to be an object, "
     "found: 1. @ 1:189\n"},
    {"input I @oneOf { a: Int b: Int } type Query { a(b: I = {}, c: I = {a: 1, b: 2}, d: I = {a: "
     "null}, e: I = {a: 1}, f: [I] = [{a: 1}, {b: null}]): Int }",
     NULL,
     "Schema: Query.a(b:) has invalid default value: Within OneOf Input Object type \"I\", exactly "
     "one field must be specified, and the value for that field must be non-null. @ 1:56\n"
     "Schema: Query.a(c:) has invalid default value: Within OneOf Input Object type \"I\", exactly "
     "one field must be specified, and the value for that field must be non-null. @ 1:67\n"
     "Schema: Query.a(d:) has invalid default value at .a: Within OneOf Input Object type \"I\", "
     "exactly one field must be specified, and the value for that field must be non-null. @ 1:88\n"
     "Schema: Query.a(f:) has invalid default value at [1].b: Within OneOf Input Object type "
     "\"I\", exactly one field must be specified, and the value for that field must be non-null. @ "
     "1:132\n"},
    {"directive @d(a: Int = 1.5) on FIELD type Query { a: Int }", NULL,
     "Schema: @d(a:) has invalid default value: Int cannot represent non-integer value: 1.5 @ "
     "1:23\n"},
    {"scalar S type Query { a(b: S = {x: [1, A]}, c: [Int] = 3, d: [[Int!]!] = [1, [2], null]): "
     "Int }",
     NULL,
     "Schema: Query.a(d:) has invalid default value at [2]: Expected value of non-null type "
     "\"[Int!]!\" not to be null. @ 1:83\n"},
};

static void test_defaults(void)
{
    EXPECT_CASES(defaults);
}

static const struct rule_case input_cycles[] = {
    {"input A { b: B! } input B { c: C! a: A } input C { a: A! } type Query { a: Int }", NULL,
     "Schema: Input Object A cannot be provided a finite value because it references itself "
     "through fields: A.b, B.c, C.a. @ 1:11 1:29 1:52\n"},
    {"input A { a: A! } input B { b: [B!]! } input C { c: C } type Query { a: Int }", NULL,
     "Schema: Input Object A cannot be provided a finite value because it references itself "
     "through fields: A.a. @ 1:11\n"},
    {"input A @oneOf { a: A } input B @oneOf { b: B c: Int } input C { d: D! } input D @oneOf { c: "
     "C } type Query { a: Int }",
     NULL,
     "Schema: Input Object A cannot be provided a finite value because it references itself "
     "through fields: A.a. @ 1:18\n"
     "Schema: Input Object C cannot be provided a finite value because it references itself "
     "through fields: C.d, D.c. @ 1:66 1:91\n"},
    {"input A { b: B! } input B { a: A! c: C! } input C { b: B! } type Query { a: Int }", NULL,
     "Schema: Input Object A cannot be provided a finite value because it references itself "
     "through fields: A.b, B.a. @ 1:11 1:29\n"
     "Schema: Input Object B cannot be provided a finite value because it references itself "
     "through fields: B.c, C.b. @ 1:35 1:53\n"},
    {"input A { a: A = {} } type Query { a: Int }", NULL,
     "Schema: Invalid circular reference. The default value of Input Object field A.a references "
     "itself. @ 1:18\n"},
    {"input A { b: B = {} } input B { c: C = {b: {}} } input C { b: B = {} a: A } type Query { a: "
     "Int }",
     NULL,
     "Schema: Invalid circular reference. The default value of Input Object field B.c references "
     "itself. @ 1:40\n"},
    {"input A { x: A = {x: null} y: [A] = [{x: null, y: null}, {}] } type Query { a: Int }", NULL,
     "Schema: Invalid circular reference. The default value of Input Object field A.x references "
     "itself via the default values of: A.y. @ 1:18 1:37\n"
     "Schema: Invalid circular reference. The default value of Input Object field A.y references "
     "itself. @ 1:37\n"},
    {"input A { x: A = {x: {x: null}} } type Query { a: Int }", NULL, ""},
};

static void test_input_cycles(void)
{
    EXPECT_CASES(input_cycles);
}

int main(void)
{
    CU_TestInfo tests[] = {{"schema definition", test_schema_definition},
                           {"type names", test_type_names},
                           {"member names", test_member_names},
                           {"directives", test_directives},
                           {"extensions", test_extensions},
                           {"roots", test_roots},
                           {"types", test_types},
                           {"interfaces", test_interfaces},
                           {"defaults", test_defaults},
                           {"input cycles", test_input_cycles},
                           CU_TEST_INFO_NULL};
    return unit_run("lang.types_rules", tests);
}
