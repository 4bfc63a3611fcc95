/* test_directives.c - tables, fields and directives: what each does and what is refused. */
#include "unit/schema/model.h"

static void unsupported_parts_are_refused(void)
{
    model_bad("type A { id: ID! s: String @search }",
              "1:28 @search is not supported yet: this version of sgc has no text search\n");
    model_bad("type A @auth(read: \"x\") { id: ID! }",
              "1:8 @auth is not supported yet: this version of sgc has no authorisation\n");
    model_bad(
        "type A { id: ID! s: String @tenant @encrypted }",
        "1:28 @tenant is not supported yet: this version of sgc has no tenants\n"
        "1:36 @encrypted is not supported yet: this version of sgc has no encrypted fields\n");
    model_bad("type A @cache(seconds: 1) @key(fields: \"id\") { id: ID! @cost(weight: 3) }",
              "1:8 @cache is not supported yet: this version of sgc has no response caching\n"
              "1:27 @key is not supported yet: this version of sgc has no federation\n"
              "1:56 @cost is not supported yet: this version of sgc has no cost limits\n");
    model_bad("type A { id: ID! s: String @renamedFrom(name: \"t\") }\n"
              "enum E { X @renamedFrom(name: \"Y\") }",
              "2:12 @renamedFrom is not supported yet: this version of sgc has no migrations\n"
              "1:28 @renamedFrom is not supported yet: this version of sgc has no migrations\n");
    model_bad("type A @table(columns: true, name: \"t\") { id: ID! }",
              "1:8 @table(name:) is not supported yet: this version of sgc has no SQL\n"
              "1:8 @table(columns: true) is not supported yet: this version of sgc has no column "
              "storage\n");
    model_bad("type A { id: ID! s: String @index(kind: HASH) }",
              "1:28 @index(kind: HASH) is not supported yet: a BTREE index answers the same "
              "questions\n");
    model_bad("type Query { a: Int @cost(weight: 1) }",
              "1:21 @cost is not supported yet: this version of sgc has no cost limits\n");
    model_bad("interface I { a: Int @auth } type A { id: ID! }",
              "1:22 @auth is not supported yet: this version of sgc has no authorisation\n");
}

static void wrong_arguments_are_refused(void)
{
    model_bad("type A { id: ID! @id(generate: RANDOM) }",
              "1:32 @id(generate:): Value \"RANDOM\" does not exist in \"IdKind\" enum.\n");
    model_bad("type A { id: ID! i: Int @default(value: 5) }",
              "1:41 @default(value:): String cannot represent a non string value: 5\n");
    model_bad("type A @uniqueKey(fields: [\"x\", 1]) { id: ID! x: Int }",
              "1:33 @uniqueKey(fields:) at [1]: String cannot represent a non string value: 1\n");
    model_bad("type A { id: ID! @hidden(read: 1) }",
              "1:32 @hidden(read:): Boolean cannot represent a non boolean value: 1\n");
    model_bad("type A { id: ID! f(x: Int @cost(weight: 1)): Int }",
              "1:27 @cost is not supported yet: this version of sgc has no cost limits\n");
    model_bad(
        "type Query @table { a: Int }",
        "1:12 @table needs a table, and Query has no key: give it a field id or one with @id\n");
}

static void directives_of_others_mean_nothing(void)
{
    model m;

    CU_ASSERT_TRUE(model_good(&m, "directive @auth(requires: String) on FIELD_DEFINITION\n"
                                  "directive @key(name: Int) on OBJECT\n"
                                  "directive @unique on FIELD_DEFINITION\n"
                                  "type A @key(name: 1) { id: ID! s: String @auth(requires: \"x\") "
                                  "@unique }"));
    CU_ASSERT_TRUE(m.schema && model_table(&m, "A")->index_count == 2);
    model_free(&m);
}

static void keys(void)
{
    model m;

    if (model_good(
            &m,
            "type A { code: String! @id(generate: NONE) id: Int } type B { id: Int! }\n"
            "type C { id: BigInt! @id(generate: SERIAL) } type D { id: ID @id(generate: ULID) }")) {
        CU_ASSERT_EQUAL(model_table(&m, "A")->key, 0);
        CU_ASSERT_EQUAL(model_table(&m, "A")->fields[0].default_kind, SGC_DEFAULT_NONE);
        CU_ASSERT_EQUAL(model_table(&m, "B")->fields[0].default_kind, SGC_DEFAULT_NONE);
        CU_ASSERT_EQUAL(model_table(&m, "C")->fields[0].default_kind, SGC_DEFAULT_SERIAL);
        CU_ASSERT_EQUAL(model_table(&m, "D")->fields[0].default_kind, SGC_DEFAULT_ULID);
        UNIT_STR(model_table(&m, "D")->fields[0].type, "ID!");
    }
    model_free(&m);
    model_bad("type A { id: ID! @id x: ID! @id }",
              "1:29 A has two fields with @id; @uniqueKey is for keys of several fields\n");
    model_bad("type A { id: Float! }",
              "1:10 A.id cannot be the key: it must be one ID, String, UUID, "
              "Int or BigInt without arguments\n");
    model_bad("type A { id: [ID!]! }",
              "1:10 A.id cannot be the key: it must be one ID, String, UUID, "
              "Int or BigInt without arguments\n");
    model_bad("type A { id: ID! @id(generate: SERIAL) }",
              "1:18 @id(generate: SERIAL) does not fit the type ID: SERIAL needs Int or BigInt\n");
    model_bad("type A { id: Int! @id(generate: UUIDV7) }",
              "1:19 @id(generate: UUIDV7) does not fit the type Int\n");
    model_bad("type A { id: UUID! @id(generate: ULID) }",
              "1:20 @id(generate: ULID) does not fit the type UUID: a ULID has another form\n");
    model_bad("type A @table { x: Int }",
              "1:8 @table needs a table, and A has no key: give it a field id or one with @id\n");
    model_bad("type A { id: ID! @default(value: \"x\") }",
              "1:18 @default cannot stand on the key: @id(generate:) says where it comes from\n");
}

static void defaults(void)
{
    model m;

    if (model_good(
            &m,
            "enum E { X Y }\ntype V { a: Int! b: [E!] }\n"
            "type A { id: ID! s: String @default(value: \"say \\\"hi\\\"\") e: E! @default(value: "
            "\"Y\")\n"
            "  i: [Int!] @default(value: \"[1, 2]\") v: V @default(value: \"{a: 1, b: [X]}\")\n"
            "  d: Date @default(value: \"2020-02-29\") n: DateTime @default(now: true)\n"
            "  u: DateTime @updatedAt j: JSON @default(value: \"{x: [1, null]}\")\n"
            "  m: Decimal @default(value: \"01.50\") f: Float @default(value: \"-1.5e3\")\n"
            "  t: Boolean @default(value: \"true\") r: String! k: B }\n"
            "type B { id: Int! @id(generate: SERIAL) as: [A!]! l: [A] @relation(field: \"x\") }\n"
            "extend type A { x: B }")) {
        const sgc_table *table = model_table(&m, "A");
        sgc_value values[20];
        bool given[20] = {false};
        sgc_error error = {0};
        sgc_buf out = {0};
        uint16_t slot = table->fields[sgc_table_field(table, SGC_STR("r"))].slot;
        given[slot] = true;
        values[slot] = (sgc_value){.kind = SGC_KIND_STRING, .as.text = SGC_STR("r")};
        CU_ASSERT_EQUAL(
            sgc_row_defaults(m.schema, table, 1600000000000000, &m.arena, values, given, &error),
            SGC_OK);
        for (uint16_t i = 0; i < table->field_count; i++) {
            const sgc_field *field = &table->fields[i];
            sgc_buf_printf(&out, SGC_FMT "=", SGC_ARG(field->name));
            sgc_value_to_json(m.schema, field, &values[field->slot], &out);
            sgc_buf_byte(&out, '\n');
        }
        UNIT_STR(sgc_buf_as_str(&out),
                 "id=null\ns=\"say \\\"hi\\\"\"\ne=\"Y\"\ni=[1,2]\n"
                 "v={\"a\":1,\"b\":[\"X\"]}\nd=\"2020-02-29\"\nn=\"2020-09-13T12:26:40Z\"\n"
                 "u=\"2020-09-13T12:26:40Z\"\nj={\"x\":[1,null]}\nm=\"1.5\"\nf=-1500\nt=true\n"
                 "r=\"r\"\nkId=null\nxId=null\n");
        sgc_buf_free(&out);
    }
    model_free(&m);
    model_bad(
        "type A { id: ID! i: Int @default(value: \"x\") }",
        "1:25 @default(value:): i must be a whole number between -2147483648 and 2147483647\n");
    model_bad(
        "type A { id: ID! i: Int @default(value: \"3000000000\") }",
        "1:25 @default(value:): i must be a whole number between -2147483648 and 2147483647\n");
    model_bad("type A { id: ID! i: Int! @default(value: \"null\") }",
              "1:26 @default(value:): i must not be null\n");
    model_bad("type A { id: ID! i: Int @default(value: \"1 2\") }",
              "1:25 @default(value:): \"1 2\" is not a value of GraphQL\n");
    model_bad("enum E { X } type A { id: ID! e: E @default(value: \"Z\") }",
              "1:36 @default(value:): e: \"Z\" is not a value of E\n");
    model_bad("type A { id: ID! d: Date @default(value: \"2021-02-29\") }",
              "1:26 @default(value:): d: \"2021-02-29\" is not a Date: it is written 2026-01-31\n");
    model_bad("type A { id: ID! i: Int @default }",
              "1:25 @default needs either value: or now: true\n");
    model_bad("type A { id: ID! i: Int @default(now: true) }",
              "1:25 @default(now: true) needs a field of type DateTime, Date or Time\n");
    model_bad("type A { id: ID! i: Date @updatedAt }",
              "1:26 @updatedAt needs a field of type DateTime\n");
    model_bad(
        "type A { id: ID! b: B @default(value: \"x\") } type B { id: ID! }",
        "1:23 @default cannot stand on a relation; declare the field that stores it (bId) and put "
        "it there\n");
}

static void embedded_values(void)
{
    model m;

    if (model_good(
            &m, "type A { id: ID! at: Place! more: [Place!]! deep: Deep }\n"
                "type Place { lat: Float! name: String area(unit: String): Float owner: A }\n"
                "type Deep { place: Place deeper: Deep }\ntype Lost { x: Int y(z: Int): Int }")) {
        CU_ASSERT_EQUAL(m.schema->embedded_count, 2);
        CU_ASSERT_EQUAL(m.schema->resolver_count, 3);
        const sgc_embedded *place = &m.schema->embeddeds[0];
        CU_ASSERT_TRUE(place->field_count == 2 && place->layout.count == 2);
        const sgc_embedded *deep = &m.schema->embeddeds[1];
        CU_ASSERT_PTR_EQUAL(deep->layout.slots[0].embedded, &place->layout);
        CU_ASSERT_PTR_EQUAL(deep->layout.slots[1].embedded, &deep->layout);
        UNIT_STR(m.built.notes[0],
                 "Place.owner is not stored, a resolver answers it: a value inside a "
                 "row holds no relations");
    }
    model_free(&m);
    model_bad("type A { id: ID! v: V } type V { w: W! } type W { x: Int v: V! }",
              "1:58 a V would need another V inside it without end: one of the fields must be "
              "nullable\n");
    model_bad("type A { id: ID! v: V } type V { a: Int @unique }",
              "1:41 @unique cannot stand on a: it is part of a value inside a row\n");
    model_bad(
        "type A { id: ID! m: [[Int]] }",
        "1:18 a list of lists cannot be stored: put the inner list into a type of its own, or "
        "give the field @resolver\n");
}

static void indexes(void)
{
    model m;

    if (model_good(
            &m, "type A @uniqueKey(fields: [\"a\", \"b\"]) @compositeIndex(fields: [\"o\", \"a\"], "
                "name: \"oa\") @uniqueKey(fields: \"c\")\n"
                "{ id: ID! @unique a: Int b: String c: Float @index tags: [String!] @index o: B }\n"
                "type B { id: ID! }"))
        model_is(&m, "A",
                 "A a/as key=0\n  id ID! ID!\n  a Int Int\n  b String String\n  c Float Float\n"
                 "  tags [String!] list of String\n  oId ID ID implicit\n  -> o key B index 5\n"
                 "  #1 c unique (c)\n  #2 tags elements (tags)\n  #3 a_b unique (a b)\n"
                 "  #4 oa (oId a)\n  #5 oId (oId)\n");
    CU_ASSERT_EQUAL(m.built.note_count, 1);
    model_free(&m);
    model_bad("type A { id: ID! t: [Int] @unique }", "1:27 t cannot be indexed so: it is a list\n");
    model_bad("type A { id: ID! j: JSON @index }",
              "1:26 j cannot be indexed so: JSON has no order\n");
    model_bad("type A @uniqueKey(fields: []) { id: ID! }", "1:8 @uniqueKey names no field\n");
    model_bad("type A @uniqueKey(fields: [\"x\"]) { id: ID! }", "1:28 A has no field x\n");
    model_bad("type A @uniqueKey(fields: [\"a\", \"a\"]) { id: ID! a: Int }",
              "1:33 a is named twice\n");
    model_bad("type A { id: ID! a: Int @index(name: \"x y\") }",
              "1:25 \"x y\" is not a name for an index: letters, digits and _\n");
    model_bad("type A { id: ID! a: Int @index(name: \"x\") b: Int @index(name: \"x\") }",
              "1:6 two indexes of A are named x\n");
    model_bad("type A { id: ID! a: Int @index bs: [B] @index } type B { id: ID! a: A }",
              "1:40 bs is not stored in A\n");
}

static void resolvers(void)
{
    model m;

    if (model_good(&m,
                   "type A { id: ID! full: String @computed(fn: \"a_full\") near(km: Int): [A] }\n"
                   "type Stats { rows: Int slow(x: Int): Int @resolver(fn: \"stats_slow\") }\n"
                   "type Query { a(id: ID!): A as(limit: Int): [A] stats: Stats! aa: A }")) {
        static const char *const expected[][3] = {{"A", "full", "a_full"},
                                                  {"A", "near", NULL},
                                                  {"Stats", "slow", "stats_slow"},
                                                  {"Query", "stats", NULL},
                                                  {"Query", "aa", NULL}};
        CU_ASSERT_EQUAL(m.schema->resolver_count, 5);
        for (uint16_t i = 0; i < 5 && i < m.schema->resolver_count; i++) {
            UNIT_STR(m.schema->resolvers[i].type, expected[i][0]);
            UNIT_STR(m.schema->resolvers[i].field, expected[i][1]);
            UNIT_STR(m.schema->resolvers[i].function, expected[i][2]);
        }
    }
    model_free(&m);
    if (model_good(&m, "type A { id: ID! } type Query { a(id: ID): A as: A }"))
        CU_ASSERT_TRUE(m.schema->resolver_count == 2 && m.built.note_count == 2);
    model_free(&m);
    model_bad("type A { id: ID! x: Int @resolver(fn: \"a b\") }",
              "1:25 \"a b\" is not the name of a C function\n");
    model_bad("type A { id: ID! x(y: Int): Int @unique }",
              "1:33 @unique cannot stand on x: a field with arguments is not stored\n");
    model_bad("type A { id: ID! x: Int @resolver(fn: \"f\") @computed(fn: \"g\") }",
              "1:44 x has both @resolver and @computed: one function answers a field\n");
}

static void names_that_clash(void)
{
    model m;

    model_bad("type Item { id: ID! } type item { id: ID! }",
              "1:28 the API of Item and that of item both need the field item: rename one of the "
              "types\n");
    model_bad("type User { id: ID! } type Users { id: ID! }",
              "1:28 the API of User and that of Users both need the field users: rename one of "
              "the types, or give it @table(plural: \"...\")\n");
    model_bad("type User { id: ID! } type UserList { id: ID! }",
              "1:28 the API of User and that of UserList both need the type UserListWhere: rename "
              "one of the types\n");
    model_bad(
        "type User { id: ID! create: Place } type Place { id: ID! }",
        "1:6 the API of User needs the name UserCreateInput twice: rename one of its fields\n");
    model_bad(
        "type A { id: ID! v: AUpdate } type AUpdate { x: Int } enum E { X } enum EList { Y }",
        "1:36 the API of A and that of AUpdate both need the type AUpdateInput: rename one of "
        "the types\n"
        "1:73 the API of E and that of EList both need the type EListFilter: rename one of the "
        "types\n");
    /* What the SDL declares itself wins and is no clash. */
    if (model_good(&m, "type User { id: ID! } input UserWhere { x: Int } type UserEdge { x: Int }"))
        CU_ASSERT_EQUAL(m.built.note_count, 1);
    model_free(&m);
}

static uint64_t retain_of(const char *duration)
{
    uint64_t retain = 0;
    char sdl[200];
    model m;

    snprintf(sdl, sizeof sdl, "type A @table(retain: \"%s\") { id: ID! }", duration);
    if (model_good(&m, sdl)) retain = model_table(&m, "A")->retain_us;
    model_free(&m);
    return retain;
}

static void retention(void)
{
    static const char *const bad[] = {"",     "d",     "0d",   "30",
                                      "30 d", "-1d",   "1.5d", "30D",
                                      "1mo",  "1001y", "x",    "99999999999999999999999999s"};
    model m;

    CU_ASSERT_EQUAL(retain_of("1s"), 1000000);
    CU_ASSERT_EQUAL(retain_of("90m"), UINT64_C(5400000000));
    CU_ASSERT_EQUAL(retain_of("2h"), UINT64_C(7200000000));
    CU_ASSERT_EQUAL(retain_of("30d"), UINT64_C(2592000000000));
    CU_ASSERT_EQUAL(retain_of("1w"), UINT64_C(604800000000));
    CU_ASSERT_EQUAL(retain_of("1000y"), UINT64_C(31536000000000000));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char sdl[200], words[300];
        snprintf(sdl, sizeof sdl, "type A @table(retain: \"%s\") { id: ID! }", bad[i]);
        snprintf(words, sizeof words,
                 "1:8 @table(retain: \"%s\"): a time is a whole number and s, m, h, d, w or y, "
                 "at most 1000y\n",
                 bad[i]);
        model_bad(sdl, words);
    }
    model_bad("type A @table(retain: \"1d\", history: false) { id: ID! }",
              "1:8 @table(retain:) means nothing without a history\n");
    /* A link keeps what both of its ends keep. */
    if (model_good(&m, "type A @table(retain: \"1d\") { id: ID! bs: [B!]! }\n"
                       "type B @table(retain: \"2d\") { id: ID! as: [A!]! cs: [C!]! }\n"
                       "type C { id: ID! bs: [B!]! ds: [D!]! }\n"
                       "type D @table(history: false) { id: ID! cs: [C!]! }")) {
        const sgc_table *link = model_table(&m, "A.bs");
        CU_ASSERT_TRUE(link->history && link->retain_us == retain_of("2d"));
        link = model_table(&m, "B.cs");
        CU_ASSERT_TRUE(link->history && link->retain_us == 0);
        CU_ASSERT_FALSE(model_table(&m, "C.ds")->history);
    }
    model_free(&m);
}

static void flags(void)
{
    model m;

    if (model_good(&m,
                   "type A @table(plural: \"alphas\", history: false) @generate(mutation: false) "
                   "{ id: ID! x: Int @hidden(write: false) y: Int @check(expr: \"y > 0\") }\n"
                   "type Species { id: ID! }")) {
        const sgc_table *a = model_table(&m, "A");
        UNIT_STR(a->plural, "alphas");
        CU_ASSERT_TRUE(!a->history && a->generate_query && !a->generate_mutation);
        CU_ASSERT_TRUE(a->fields[1].hide_read && !a->fields[1].hide_write &&
                       a->fields[1].hide_filter);
        CU_ASSERT_TRUE(a->check_count == 1 && a->checks[0].field == 2);
        UNIT_STR(model_table(&m, "Species")->plural, "speciesList");
    }
    model_free(&m);
    model_bad("type A @table(plural: \"a b\") { id: ID! }",
              "1:8 @table(plural: \"a b\") is not a GraphQL name\n");
    model_bad("type A @table(plural: \"a\") { id: ID! }",
              "1:8 @table(plural: \"a\") is the name of one row too\n");
    model_bad(
        "type A { id: ID! y: Int @check(expr: \"z > 0\") }",
        "1:25 @check: column 1 of the expression: there is no field \"z\" (text is written 'in "
        "quotes')\n");
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"unsupported parts are refused", unsupported_parts_are_refused},
        {"wrong arguments are refused", wrong_arguments_are_refused},
        {"directives of others mean nothing", directives_of_others_mean_nothing},
        {"keys", keys},
        {"defaults", defaults},
        {"embedded values", embedded_values},
        {"indexes", indexes},
        {"resolvers", resolvers},
        {"names that clash", names_that_clash},
        {"retention", retention},
        {"flags", flags},
        CU_TEST_INFO_NULL,
    };
    return unit_run("schema.directives", tests);
}
