/*
 * test_validate.c - the rules of queries, one by one: the words, the places, and the documents next
 * door that are right. tests/conformance asks the same of every case graphql-js has.
 */
#include "validate_test.h"

static const char schema[] =
    "type Query { dog(id: ID! name: String = \"Rex\" old: Int @deprecated(reason: \"Age\")): Dog\n"
    "  pets(in: Filter, colour: Colour): [Pet!]! old: Int @deprecated(reason: \"Young\") s: String "
    "}\n"
    "interface Pet { name: String }\n"
    "type Dog implements Pet { name: String barks: Boolean! friends: [Dog] at: DateTime }\n"
    "type Cat implements Pet { name: String lives: Int! barks: Int! }\n"
    "union Any = Dog | Cat\n"
    "enum Colour { RED GREY @deprecated(reason: \"Dull\") }\n"
    "input Filter { name: String! age: Int = 3 one: One gone: Int @deprecated(reason: \"Went\") }\n"
    "input One @oneOf { a: Int b: String }\n"
    "type Mutation { add(n: Int): Int } type Subscription { dog: Dog cat: Cat }\n"
    "directive @defer(if: Boolean! = true label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT\n"
    "directive @stream(if: Boolean! = true label: String) on FIELD\n"
    "directive @note(n: Int! text: String) on FIELD | QUERY | VARIABLE_DEFINITION\n"
    "directive @tag(n: Int @deprecated) repeatable on FIELD\n";

struct query_case {
    const char *rule, *query, *errors; /* errors without the rule's name; "" for none */
};

/* "message @ line:column ..\n" of every error, which must all be of this rule. */
static sgc_str errors_of(struct types *t, const char *rule)
{
    t->out.size = 0;
    for (const sgc_diagnostic *at = t->diagnostics.first; at; at = at->next) {
        CU_ASSERT_STRING_EQUAL(at->rule, rule);
        sgc_buf_printf(&t->out, SGC_FMT " @", SGC_ARG(at->message));
        for (size_t i = 0; i < at->place_count; i++) {
            sgc_position p = sgc_source_position(at->places[i].source, at->places[i].span.start);
            sgc_buf_printf(&t->out, " %u:%u", p.line, p.column);
        }
        sgc_buf_byte(&t->out, '\n');
    }
    return sgc_buf_as_str(&t->out);
}

static void expect(const struct query_case *one)
{
    char rule[100];
    struct types t;

    snprintf(rule, sizeof rule, "%sRule", one->rule);
    CU_ASSERT_TRUE(sgc_validation_rule_known(sgc_str_from(rule)));
    types_of(&t, schema, NULL);
    CU_ASSERT_EQUAL_FATAL(t.status, SGC_OK);
    sgc_status status = validate(&t, sgc_str_from(one->query), rule);
    if ((status == SGC_OK) != (*one->errors == 0)) printf("\n    %s: %s\n", rule, one->query);
    CU_ASSERT_EQUAL(status, *one->errors ? SGC_INVALID : SGC_OK);
    UNIT_STR(errors_of(&t, rule), one->errors);
    types_end(&t);
}
static void expect_all(const struct query_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect(&cases[i]);
}
#define EXPECT(cases) expect_all(cases, sizeof(cases) / sizeof *(cases))

static void definitions(void)
{
    static const struct query_case cases[] = {
        {"ExecutableDefinitions", "{s} type T {a: Int} extend type Dog {a: Int} schema {query: Q}",
         "The \"T\" definition is not executable. @ 1:5\n"
         "The \"Dog\" definition is not executable. @ 1:21\n"
         "The schema definition is not executable. @ 1:46\n"},
        {"UniqueOperationNames", "query A {s} mutation A {add} query B {s}",
         "There can be only one operation named \"A\". @ 1:7 1:22\n"},
        {"LoneAnonymousOperation", "{s} query A {s} fragment F on Dog {name}",
         "This anonymous operation must be the only defined operation. @ 1:1\n"},
        {"LoneAnonymousOperation", "{s} fragment F on Dog {name}", ""},
        {"UniqueFragmentNames",
         "fragment F on Dog {name} fragment F on Cat {name} fragment F on Cat {lives}",
         "There can be only one fragment named \"F\". @ 1:10 1:35\n"
         "There can be only one fragment named \"F\". @ 1:10 1:60\n"},
        {"KnownTypeNames", "query ($f: Filtre) {... on Dig {name}} fragment F on Date {a}",
         "Unknown type \"Filtre\". Did you mean \"Filter\"? @ 1:12\n"
         "Unknown type \"Dig\". Did you mean \"Dog\" or \"ID\"? @ 1:28\n"},
        {"KnownTypeNames", "query ($a: DateTime) {s}", ""},
        {"SingleFieldSubscriptions",
         "subscription S {dog {name} ...F} fragment F on Subscription {cat {name}}",
         "Subscription \"S\" must select only one top level field. @ 1:62\n"},
        {"SingleFieldSubscriptions", "subscription {__typename}",
         "Anonymous Subscription must not select an introspection top level field. @ 1:15\n"},
        {"SingleFieldSubscriptions", "subscription {dog @skip(if: true) {name} dog {name}}",
         "Anonymous Subscription must not use `@skip` or `@include` directives in the top level "
         "selection. @ 1:19\n"},
        {"SingleFieldSubscriptions", "subscription {dog {name} ...F} fragment F on Dog {x}", ""},
    };
    EXPECT(cases);
}

static void fragments(void)
{
    static const struct query_case cases[] = {
        {"FragmentsOnCompositeTypes", "{... on Colour {x}} fragment F on Filter {x}",
         "Fragment cannot condition on non composite type \"Colour\". @ 1:9\n"
         "Fragment \"F\" cannot condition on non composite type \"Filter\". @ 1:35\n"},
        {"KnownFragmentNames", "{...F ...G} fragment F on Query {...H}",
         "Unknown fragment \"G\". @ 1:10\nUnknown fragment \"H\". @ 1:37\n"},
        {"NoUnusedFragments",
         "{...A} fragment A on Query {...B} fragment B on Query {s} fragment C on Query {...D} "
         "fragment D on Query {...C}",
         "Fragment \"C\" is never used. @ 1:59\nFragment \"D\" is never used. @ 1:86\n"},
        {"PossibleFragmentSpreads",
         "{dog(id: 1) {... on Cat {lives} ...F ... on Pet {name}}} fragment F on Query {s}",
         "Fragment cannot be spread here as objects of type \"Dog\" can never be of type \"Cat\". "
         "@ "
         "1:14\nFragment \"F\" cannot be spread here as objects of type \"Dog\" can never be of "
         "type "
         "\"Query\". @ 1:33\n"},
        {"PossibleFragmentSpreads", "{pets {... on Any {... on Dog {name}}}}", ""},
        {"NoFragmentCycles",
         "fragment A on Dog {...B} fragment B on Dog {...C ...B} fragment C on Dog {...A}",
         "Cannot spread fragment \"A\" within itself via \"B\", \"C\". @ 1:20 1:45 1:75\n"
         "Cannot spread fragment \"B\" within itself. @ 1:50\n"},
        {"MaxIntrospectionDepth",
         "{__schema {types {...F}}} fragment F on __Type {fields {type {...G}}} "
         "fragment G on __Type {fields {type {fields {name}}}}",
         "Maximum introspection depth exceeded @ 1:2\n"},
        {"MaxIntrospectionDepth",
         "{__type(name: \"a\") {...F}} fragment F on __Type {fields {type {ofType {name} ...G}}} "
         "fragment G on __Type {ofType {...G} inputFields {name}}",
         ""},
    };
    EXPECT(cases);
}

static void fields(void)
{
    static const struct query_case cases[] = {
        {"FieldsOnCorrectType", "{dog(id: 1) {nam {x}} pets {lives} a: sss}",
         "Cannot query field \"nam\" on type \"Dog\". Did you mean \"name\" or \"at\"? @ 1:14\n"
         "Cannot query field \"lives\" on type \"Pet\". Did you mean to use an inline fragment on "
         "\"Cat\"? @ 1:29\n"
         "Cannot query field \"sss\" on type \"Query\". Did you mean \"s\"? @ 1:36\n"},
        {"ScalarLeafs", "{s {x} dog(id: 1) __typename}",
         "Field \"s\" must not have a selection since type \"String\" has no subfields. @ 1:4\n"
         "Field \"dog\" of type \"Dog\" must have a selection of subfields. Did you mean \"dog { "
         "... "
         "}\"? @ 1:8\n"},
        {"KnownArgumentNames", "{dog(nam: 1) {name @note(txt: 1)} __type(nam: \"a\") {name}}",
         "Unknown argument \"nam\" on field \"Query.dog\". Did you mean \"name\"? @ 1:6\n"
         "Unknown argument \"txt\" on directive \"@note\". Did you mean \"text\"? @ 1:26\n"
         "Unknown argument \"nam\" on field \"<meta>.__type\". Did you mean \"name\"? @ 1:42\n"},
        {"UniqueArgumentNames", "{dog(id: 1 id: 2 name: \"a\" id: 3 name: \"b\") {name}}",
         "There can be only one argument named \"id\". @ 1:6 1:12 1:28\n"
         "There can be only one argument named \"name\". @ 1:18 1:34\n"},
        {"ProvidedRequiredArguments", "{dog {name @note}}",
         "Argument \"Query.dog(id:)\" of type \"ID!\" is required, but it was not provided. @ 1:2\n"
         "Argument \"@note(n:)\" of type \"Int!\" is required, but it was not provided. @ 1:12\n"},
        {"KnownDirectives", "query @defer {s @id @skip(if: true) @knwn ... @note {s}}",
         "Directive \"@defer\" may not be used on QUERY. @ 1:7\n"
         "Unknown directive \"@id\". @ 1:17\nUnknown directive \"@knwn\". @ 1:37\n"
         "Directive \"@note\" may not be used on INLINE_FRAGMENT. @ 1:47\n"},
        {"UniqueDirectivesPerLocation", "{s @note(n: 1) @tag @note(n: 2) @tag @note(n: 3)}",
         "The directive \"@note\" can only be used once at this location. @ 1:4 1:21\n"
         "The directive \"@note\" can only be used once at this location. @ 1:4 1:38\n"},
        {"OverlappingFieldsCanBeMerged", "{a: s a: old pets {name: __typename name}}",
         "Fields \"a\" conflict because \"s\" and \"old\" are different fields. Use different "
         "aliases "
         "on the fields to fetch both if this was intentional. @ 1:2 1:7\n"
         "Fields \"name\" conflict because \"__typename\" and \"name\" are different fields. Use "
         "different aliases on the fields to fetch both if this was intentional. @ 1:20 1:37\n"},
        {"OverlappingFieldsCanBeMerged", "{pets {... on Dog {barks} ... on Cat {barks}}}",
         "Fields \"barks\" conflict because they return conflicting types \"Boolean!\" and "
         "\"Int!\". "
         "Use different aliases on the fields to fetch both if this was intentional. @ 1:20 "
         "1:39\n"},
        {"OverlappingFieldsCanBeMerged",
         "{dog(id: 1) {...A friends {x: name}} ...B} fragment A on Dog {friends {x: barks}} "
         "fragment B on Query {dog(id: 2) {name}}",
         "Fields \"dog\" conflict because they have differing arguments. Use different aliases on "
         "the "
         "fields to fetch both if this was intentional. @ 1:2 1:104\n"
         "Fields \"friends\" conflict because subfields \"x\" conflict because \"name\" and "
         "\"barks\" "
         "are different fields. Use different aliases on the fields to fetch both if this was "
         "intentional. @ 1:19 1:28 1:63 1:72\n"},
        {"OverlappingFieldsCanBeMerged",
         "query ($v: Int) {pets(in: {name: \"a\", age: $v}) {name} pets(in: {age: $v name: \"a\"}) "
         "{name}}",
         ""},
    };
    EXPECT(cases);
}

static void values(void)
{
    static const struct query_case cases[] = {
        {"ValuesOfCorrectType",
         "query ($c: Colour = BLUE) {dog(id: 1.5 name: 3) {name} pets(in: {age: \"x\"}) {name}}",
         "Value \"BLUE\" does not exist in \"Colour\" enum. @ 1:21\n"
         "ID cannot represent a non-string and non-integer value: 1.5 @ 1:36\n"
         "String cannot represent a non string value: 3 @ 1:46\n"
         "Expected value of type \"Filter\" to include required field \"name\", found: { age: "
         "\"x\" }. "
         "@ 1:65\n"
         "Int cannot represent non-integer value: \"x\" @ 1:71\n"},
        {"ValuesOfCorrectType", "{pets(in: {name: \"a\" one: {a: 1 b: \"c\"}}) {name}}",
         "Within OneOf Input Object type \"One\", exactly one field must be specified, and the "
         "value "
         "for that field must be non-null. @ 1:27\n"},
        {"UniqueInputFieldNames", "{pets(in: {name: \"a\" name: \"b\" name: \"c\"}) {name}}",
         "There can be only one input field named \"name\". @ 1:12 1:22\n"
         "There can be only one input field named \"name\". @ 1:12 1:32\n"},
        {"UniqueVariableNames", "query ($a: Int $b: Int $a: ID $a: Int) {s}",
         "There can be only one variable named \"$a\". @ 1:9 1:25 1:32\n"},
        {"VariablesAreInputTypes", "query ($a: [Dog!] $b: Filter $c: Nope) {s}",
         "Variable \"$a\" cannot be non-input type \"[Dog!]\". @ 1:12\n"},
        {"NoUndefinedVariables",
         "query A ($a: ID) {dog(id: $a) {name @note(n: $b)} ...F} fragment F on Query {dog(id: $c) "
         "{name}}",
         "Variable \"$b\" is not defined by operation \"A\". @ 1:46 1:1\n"
         "Variable \"$c\" is not defined by operation \"A\". @ 1:86 1:1\n"},
        {"NoUnusedVariables",
         "query ($a: ID $b: Int) {...F} fragment F on Query {dog(id: $a) {name}}",
         "Variable \"$b\" is never used. @ 1:15\n"},
        {"VariablesInAllowedPosition",
         "query ($a: Int $b: ID $c: Int = 1 $d: [ID!]! $e: Int!) {dog(id: $b name: $a) {name "
         "@note(n: "
         "$c)} pets(in: {name: $d one: {a: $a}}) {name} p: pets(in: {name: \"a\" one: {a: $e}}) "
         "{name}}",
         "Variable \"$b\" of type \"ID\" used in position expecting type \"ID!\". @ 1:16 1:65\n"
         "Variable \"$a\" of type \"Int\" used in position expecting type \"String\". @ 1:8 1:74\n"
         "Variable \"$d\" of type \"[ID!]!\" used in position expecting type \"String!\". @ 1:35 "
         "1:114\n"
         "Variable \"$a\" is of type \"Int\" but must be non-nullable to be used for OneOf Input "
         "Object "
         "\"One\". @ 1:8 1:126\n"},
    };
    EXPECT(cases);
}

static void deferred(void)
{
    static const struct query_case cases[] = {
        {"DeferStreamDirectiveLabel",
         "query ($l: String) {... @defer(label: \"a\") {s} pets @stream(label: \"a\") {name} "
         "... @defer(label: $l) {s} ... @defer(label: null) {s}}",
         "Value for arguments \"defer(label:)\" and \"stream(label:)\" must be unique across all "
         "Defer/Stream directive usages. @ 1:25 1:53\n"
         "Argument \"@defer(label:)\" must be a static string. @ 1:84\n"},
        {"StreamDirectiveOnListField", "{s @stream pets @stream {name}}",
         "Directive \"@stream\" cannot be used on non-list field \"Query.s\". @ 1:4\n"},
        {"DeferStreamDirectiveOnRootField",
         "mutation {... @defer {add @stream} ...F} fragment F on Mutation {add @stream} "
         "query {... @defer {s}}",
         "Defer directive cannot be used on root mutation type \"Mutation\". @ 1:15\n"
         "Stream directive cannot be used on root mutation type \"Mutation\". @ 1:27\n"
         "Stream directive cannot be used on root mutation type \"Mutation\". @ 1:70\n"},
        {"DeferStreamDirectiveOnValidOperations",
         "subscription {dog {...F friends @stream(if: false) {name}}} "
         "fragment F on Dog {... @defer {name} ... @defer @include(if: $v) {name}}",
         "Defer directive not supported on subscription operations. Disable `@defer` by setting "
         "the "
         "`if` argument to `false`. @ 1:84 1:20\n"},
        {"OverlappingFieldsCanBeMerged", "{pets @stream {name} pets {name}}",
         "Fields \"pets\" conflict because they have overlapping stream directives. Use different "
         "aliases on the fields to fetch both if this was intentional. @ 1:2 1:22\n"},
    };
    EXPECT(cases);
}

/* These judge only when somebody asks for them. */
static void custom(void)
{
    static const struct query_case cases[] = {
        {"NoDeprecatedCustom",
         "{old dog(id: 1 old: 2) {name @tag(n: 1)} pets(in: {name: \"a\" gone: 1} colour: GREY) "
         "{name}}",
         "The field Query.old is deprecated. Young @ 1:2\n"
         "The argument \"Query.dog(old:)\" is deprecated. Age @ 1:16\n"
         "The argument \"@tag(n:)\" is deprecated. No longer supported @ 1:35\n"
         "The input field Filter.gone is deprecated. Went @ 1:62\n"
         "The enum value \"Colour.GREY\" is deprecated. Dull @ 1:79\n"},
        {"NoSchemaIntrospectionCustom", "{__typename __schema {queryType {name}} s}",
         "GraphQL introspection has been disabled, but the requested query contained the field "
         "\"__schema\". @ 1:13\n"
         "GraphQL introspection has been disabled, but the requested query contained the field "
         "\"queryType\". @ 1:23\n"},
    };
    struct types t;

    EXPECT(cases);
    types_of(&t, schema, NULL);
    CU_ASSERT_EQUAL(validate(&t, SGC_STR("{old __schema {queryType {name}}}"), NULL), SGC_OK);
    types_end(&t);
}

static void missing_roots(void)
{
    struct types t;

    types_of(&t, "type Query {a: Int}", NULL);
    CU_ASSERT_EQUAL(validate(&t, SGC_STR("mutation {a} subscription {b @stream}"), NULL),
                    SGC_INVALID);
    CU_ASSERT_STRING_EQUAL(t.diagnostics.first->rule, "KnownOperationTypesRule");
    UNIT_STR(t.diagnostics.first->message,
             "The mutation operation is not supported by the schema.");
    types_end(&t);
}

static void names_of_rules(void)
{
    CU_ASSERT_TRUE(sgc_validation_rule_known(SGC_STR("NoDeprecatedCustomRule")));
    CU_ASSERT_FALSE(sgc_validation_rule_known(SGC_STR("NoDeprecatedCustom")));
    CU_ASSERT_FALSE(sgc_validation_rule_known(SGC_STR("")));
    CU_ASSERT_FALSE(sgc_validation_rule_known(SGC_STR("Syntax")));
}

int main(void)
{
    CU_TestInfo tests[] = {{"definitions", definitions},
                           {"fragments", fragments},
                           {"fields", fields},
                           {"values", values},
                           {"defer and stream", deferred},
                           {"custom rules", custom},
                           {"operations without a root", missing_roots},
                           {"names of rules", names_of_rules},
                           CU_TEST_INFO_NULL};
    return unit_run("lang.validate", tests);
}
