/*
 * test_zoo.c - every kind of relation, type and name of the generated API in one schema: its SDL,
 * its answers, resolvers, and what names may clash.
 */
#include "unit/graphql/fixture.h"

static const char zoo[] =
    "interface Named { id: ID! name: String! }\n"
    "union Thing = Cat | Dog\n"
    "scalar Money\n"
    "type Address { street: String! zip: String country: Country! tags: [String!] }\n"
    "enum Country { DE FR @deprecated(reason: \"moved\") US }\n"
    "\"Felines\" type Cat implements Named { id: ID! name: String! lives: Int! @default(value: "
    "\"9\")\n"
    "  owner: Person mother: Cat }\n"
    "type Dog implements Named { id: ID! name: String! good: Boolean owner: Person }\n"
    "type Person { id: ID! name: String! @deprecated(reason: \"say \\\"full\\\"\") address: "
    "Address "
    "homes: [Address!]!\n"
    "  cats: [Cat!]! dogs: [Dog!]! friends: [Person!]! tags: [Tag!]! passport: Passport pet: "
    "Named\n"
    "  favourite: Thing balance: Money big: BigInt dec: Decimal @index day: Date at: Time uid: "
    "UUID\n"
    "  data: JSON raw: Bytes scores: [Int!]! @default(value: \"[1, 2]\")\n"
    "  shout(loud: Boolean = true, n: Int): String @resolver(fn: \"shout\")\n"
    "  best: Cat @resolver(fn: \"best\") all: [Named!] @resolver(fn: \"all\")\n"
    "  must: Int! @resolver(fn: \"must\") }\n"
    "type Tag { name: String! @id(generate: NONE) people: [Person!]! label: String }\n"
    "type Passport { number: Int! @id(generate: SERIAL) holder: Person! code: String! }\n"
    "type Category { id: ID! title: String! parent: Category children: [Category!]! }\n"
    "type Species { id: ID! name: String! and: Int }\n"
    "type URLEntry @uniqueKey(fields: [\"host\", \"path\"]) { id: ID! host: String! path: String! "
    "hits: BigInt @index }\n"
    "type Report { total: Int! cats: [Cat!]! inner: Report note: String }\n"
    "type Query { cat(id: ID!): Cat report(n: Int!): Report now: String! }\n"
    "type Mutation { ping(x: Int): String }\n";

static void has(const fixture *f, const char *text)
{
    sgc_str sdl = sgc_api_sdl(f->api);
    bool found = false;
    size_t size = strlen(text);

    for (size_t i = 0; i + size <= sdl.size && !found; i++)
        found = memcmp(sdl.data + i, text, size) == 0;
    if (!found) printf("\n    the SDL has no <%s>", text);
    CU_ASSERT_TRUE(found);
}

static void has_not(const fixture *f, const char *text)
{
    sgc_str sdl = sgc_api_sdl(f->api);
    size_t size = strlen(text);

    for (size_t i = 0; i + size <= sdl.size; i++) {
        if (memcmp(sdl.data + i, text, size) != 0) continue;
        printf("\n    the SDL has <%s>", text);
        CU_FAIL("too much");
        return;
    }
}

static void names_and_types(void)
{
    static const char *const lines[] = {
        "  species(id: ID!, asOf: AsOf): Species\n",
        "  speciesList(where: SpeciesWhere, orderBy: [SpeciesOrderBy!], limit: Int, offset: Int, "
        "asOf: AsOf): [Species!]!\n",
        "  createSpeciesList(input: [SpeciesCreateInput!]!): SpeciesListPayload!\n",
        "  people(where: PersonWhere",
        "  updatePeople(where: PersonWhere!, set: PersonUpdateInput, inc: PersonIncInput): "
        "PeoplePayload!\n",
        "  categories(where: CategoryWhere",
        "  urlEntryByHostAndPath(host: String!, path: String!, asOf: AsOf): URLEntry\n",
        "  tag(id: String!, asOf: AsOf): Tag\n",
        "  passport(id: Int!, asOf: AsOf): Passport\n",
        "  nameds(where: NamedWhere, orderBy: [NamedOrderBy!], limit: Int, offset: Int, "
        "asOf: AsOf): [Named!]!\n",
        "  things(limit: Int, offset: Int, asOf: AsOf): [Thing!]!\n",
        "  cat(id: ID!, asOf: AsOf): Cat\n",
        "\"Felines\"\ntype Cat implements Named {\n",
        "  friendIds: [ID!]!\n",
        "  petId: ID\n  petType: String\n  pet: Named\n",
        "input PersonPetInput @oneOf {\n  createCat: CatCreateInput\n  connectCat: ID\n",
        "input TagInPersonTagsCreateInput {\n  name: String!\n  label: String\n}\n",
        "input PersonFriendsListInput {\n  create: [PersonCreateInput!]\n  connect: [ID!]\n}\n",
        "input AddressInput {\n  street: String!\n  zip: String\n  country: Country!\n",
        "  homes: [AddressInput!]!\n",
        "input IntListFilter {\n  has: Int\n  hasSome: [Int!]\n  hasEvery: [Int!]\n  isEmpty: "
        "Boolean\n}\n",
        "input JSONFilter {\n  isNull: Boolean\n}\n",
        "  FR @deprecated(reason: \"moved\")\n",
        "  name: String! @deprecated(reason: \"say \\\"full\\\"\")\n",
        "scalar Money\n",
        "scalar Decimal\n",
        "input SpeciesWhere {\n  or: [SpeciesWhere!]\n  not: SpeciesWhere\n",
        "  ping(\n    x: Int\n  ): String\n",
    };
    static const char *const absent[] = {"@id",    "@index",       "scalar Int",   "Connection",
                                         "nodeId", "TagAt",        "Subscription", "@resolver",
                                         "@table", "AddressWhere", "ReportWhere",  "addresses"};
    fixture f = {0};

    CU_ASSERT_TRUE_FATAL(fixture_open(&f, zoo));
    for (size_t i = 0; i < FIXTURE_COUNT(lines); i++)
        has(&f, lines[i]);
    for (size_t i = 0; i < FIXTURE_COUNT(absent); i++)
        has_not(&f, absent[i]);
    fixture_close(&f);
}

static const char make_people[] =
    "mutation { a: createPerson(input: {id: \"a\", name: \"A\", homes: [{street: \"S\", country: "
    "DE, tags: [\"x\"]}], tags: {create: [{name: \"t1\"}, {name: \"t2\", label: \"L\"}]}, "
    "passport: "
    "{create: {code: \"C\"}}, pet: {createCat: {id: \"c1\", name: \"Tom\"}}, favourite: "
    "{createDog: "
    "{id: \"d1\", name: \"Rex\"}}, balance: \"12\", big: \"9007199254740993\", dec: \"1.50\", day: "
    "\"2024-02-29\", at: \"12:30:00.25\", uid: \"550E8400-e29b-41d4-a716-446655440000\", data: {a: "
    "[1, {b: null}]}, raw: \"aGk=\"}) { id } b: createPerson(input: {id: \"b\", name: \"B\", "
    "homes: "
    "[], friends: {connect: [\"a\"], create: [{id: \"c\", name: \"C\", homes: []}]}, cats: "
    "{connect: [\"c1\"], create: [{id: \"c2\", name: \"Kit\", mother: {connect: \"c1\"}}]}, tags: "
    "{connect: [\"t1\"]}}) { id } }";

static const exchange related[] = {
    {make_people, NULL, "{\"data\":{\"a\":{\"id\":\"a\"},\"b\":{\"id\":\"b\"}}}"},
    {"{ person(id: \"a\") { address { street } homes { street zip country tags t: __typename } "
     "balance big dec day at uid data raw scores petId petType friendIds } }",
     NULL,
     "{\"data\":{\"person\":{\"address\":null,\"homes\":[{\"street\":\"S\",\"zip\":null,"
     "\"country\":\"DE\",\"tags\":[\"x\"],\"t\":\"Address\"}],\"balance\":\"12\",\"big\":"
     "\"9007199254740993\",\"dec\":\"1.5\",\"day\":\"2024-02-29\",\"at\":\"12:30:00.250\","
     "\"uid\":\"550e8400-e29b-41d4-a716-446655440000\",\"data\":{\"a\":[1,{\"b\":null}]},"
     "\"raw\":\"aGk=\",\"scores\":[1,2],\"petId\":\"c1\",\"petType\":\"Cat\",\"friendIds\":[]}}"
     "}"},
    {"{ person(id: \"a\") { pet { __typename name ... on Cat { lives } } favourite { ... on "
     "Dog "
     "{ id good } } passport { number holder { id } } tags { name people(orderBy: [{id: "
     "DESC}]) "
     "{ id } } } }",
     NULL,
     "{\"data\":{\"person\":{\"pet\":{\"__typename\":\"Cat\",\"name\":\"Tom\",\"lives\":9},"
     "\"favourite\":{\"id\":\"d1\",\"good\":null},\"passport\":{\"number\":1,\"holder\":{"
     "\"id\":"
     "\"a\"}},\"tags\":[{\"name\":\"t1\",\"people\":[{\"id\":\"b\"},{\"id\":\"a\"}]},{\"name\":"
     "\"t2\",\"people\":[{\"id\":\"a\"}]}]}}}"},
    {"{ person(id: \"b\") { friends { id } f: friends(orderBy: [{id: ASC}], limit: 1) { id } "
     "cats { id mother { id } owner { id } } passport { code } } }",
     NULL,
     "{\"data\":{\"person\":{\"friends\":[{\"id\":\"c\"},{\"id\":\"a\"}],\"f\":[{\"id\":\"a\"}]"
     ","
     "\"cats\":[{\"id\":\"c1\",\"mother\":null,\"owner\":{\"id\":\"b\"}},{\"id\":\"c2\","
     "\"mother\":{\"id\":\"c1\"},\"owner\":{\"id\":\"b\"}}],\"passport\":null}}}"},
    {"{ nameds(orderBy: [{name: DESC}], limit: 2) { id __typename } n: nameds(where: {name: "
     "{in: [\"Rex\", \"Kit\"]}}) { name ... on Cat { mother { name } } } things(offset: 1) { "
     "...D ... on Named { id } } } fragment D on Dog { owner { id } }",
     NULL,
     "{\"data\":{\"nameds\":[{\"id\":\"c1\",\"__typename\":\"Cat\"},{\"id\":\"d1\","
     "\"__typename\":\"Dog\"}],\"n\":[{\"name\":\"Kit\",\"mother\":{\"name\":\"Tom\"}},{"
     "\"name\":\"Rex\"}],\"things\":[{\"id\":\"c2\"},{\"owner\":null,\"id\":\"d1\"}]}}"},
    {"{ a: people(where: {friends: {some: {name: {eq: \"C\"}}}}) { id } b: tags(where: "
     "{people: "
     "{count: {eq: 2}}}) { name } c: tags(orderBy: [{people: {count: ASC}}]) { name } d: "
     "passports(where: {holder: {name: {eq: \"A\"}}}) { number } e: people(where: {passport: "
     "{code: {eq: \"C\"}}}) { id } f: people(where: {not: {passport: {code: {eq: \"C\"}}}}) { "
     "id } g: people(where: {scores: {hasEvery: [2, 1]}, friendIds: {isEmpty: false}}) { id } "
     "}",
     NULL,
     "{\"data\":{\"a\":[{\"id\":\"b\"}],\"b\":[{\"name\":\"t1\"}],\"c\":[{\"name\":\"t2\"},{"
     "\"name\":\"t1\"}],\"d\":[{\"number\":1}],\"e\":[{\"id\":\"a\"}],\"f\":[{\"id\":\"b\"},{"
     "\"id\":\"c\"}],\"g\":[{\"id\":\"b\"}]}}"},
    {"{ people(where: {dec: {gte: \"1.5\", lt: \"10\"}, day: {gt: \"2024-01-01\"}, at: {lt: "
     "\"13:00:00\"}, big: {eq: \"9007199254740993\"}, uid: {eq: "
     "\"550e8400-E29B-41d4-a716-446655440000\"}, data: {isNull: false}, raw: {ne: null}}) { id "
     "} }",
     NULL, "{\"data\":{\"people\":[{\"id\":\"a\"}]}}"},
    {"mutation { createCategory(input: {id: \"r\", title: \"R\", children: {create: [{id: "
     "\"k\", title: \"K\", children: {create: [{id: \"kk\", title: \"KK\"}]}}]}}) { children { "
     "id parent { id } children { id } } } }",
     NULL,
     "{\"data\":{\"createCategory\":{\"children\":[{\"id\":\"k\",\"parent\":{\"id\":\"r\"},"
     "\"children\":[{\"id\":\"kk\"}]}]}}}"},
    {"mutation { updatePerson(id: \"b\", set: {friendIds: [\"c\", \"a\", \"c\"], petType: "
     "\"Dog\", petId: \"d1\"}) { friends { id } pet { id } } deleteTag(id: \"t1\") { people { "
     "id } } }",
     NULL,
     "{\"data\":{\"updatePerson\":{\"friends\":[{\"id\":\"c\"},{\"id\":\"a\"},{\"id\":\"c\"}],"
     "\"pet\":{\"id\":\"d1\"}},\"deleteTag\":{\"people\":[{\"id\":\"a\"},{\"id\":\"b\"}]}}}"},
    {"{ people { tags { name } } species(id: \"x\") { and } speciesList(where: {and: {gt: 1}, "
     "or: [{and: {eq: 2}}]}) { and } }",
     NULL,
     "{\"data\":{\"people\":[{\"tags\":[{\"name\":\"t2\"}]},{\"tags\":[]},{\"tags\":[]}],"
     "\"species\":null,\"speciesList\":[]}}"},
    {"mutation { deleteCategories(where: {id: {ne: \"none\"}}) { affected } }", NULL,
     "{\"data\":{\"deleteCategories\":{\"affected\":3}}}"},
    {"mutation { createURLEntry(input: {host: \"h\", path: \"/\", hits: 5}) { hits } "
     "updateUrlEntries(where: {hits: {gt: \"1\"}}, inc: {hits: \"2\"}) { nodes { hits } } }",
     NULL,
     "{\"data\":{\"createURLEntry\":{\"hits\":\"5\"},\"updateUrlEntries\":{\"nodes\":[{"
     "\"hits\":"
     "\"7\"}]}}}"},
    /* Keys that are made here rise: lists without an order come in the order of creation. */
    {"mutation { createCategory(input: {title: \"R\", children: {create: [{title: \"t1\", "
     "children: "
     "{create: [{title: \"u1\"}, {title: \"u2\"}]}}, {title: \"t2\"}, {title: \"t3\"}, {title: "
     "\"t4\"}, {title: \"t5\"}]}}) { children { title children { title } } } createCategories("
     "input: [{title: \"v1\"}, {title: \"v2\"}, {title: \"v3\"}]) { nodes { title } } }",
     NULL,
     "{\"data\":{\"createCategory\":{\"children\":[{\"title\":\"t1\",\"children\":[{\"title\":"
     "\"u1\"},"
     "{\"title\":\"u2\"}]},{\"title\":\"t2\",\"children\":[]},{\"title\":\"t3\",\"children\":[]},{"
     "\"title\":\"t4\",\"children\":[]},{\"title\":\"t5\",\"children\":[]}]},\"createCategories\":{"
     "\"nodes\":[{\"title\":\"v1\"},{\"title\":\"v2\"},{\"title\":\"v3\"}]}}}"},
    {"{ categories { title } }", NULL,
     "{\"data\":{\"categories\":[{\"title\":\"R\"},{\"title\":\"t1\"},{\"title\":\"u1\"},{"
     "\"title\":"
     "\"u2\"},{\"title\":\"t2\"},{\"title\":\"t3\"},{\"title\":\"t4\"},{\"title\":\"t5\"},{"
     "\"title\":"
     "\"v1\"},{\"title\":\"v2\"},{\"title\":\"v3\"}]}}"},
    /* A relation to an interface is set as a whole. */
    {"mutation { updatePerson(id: \"c\", set: {petId: \"c2\"}) { id } }", NULL,
     "{\"data\":null,\"errors\":[{\"message\":\"Person.petType must be given with "
     "petId\",\"locations\":[{\"line\":1,\"column\":12}],\"path\":[\"updatePerson\"],"
     "\"extensions\":{\"code\":\"FOREIGN_KEY_VIOLATION\",\"coordinate\":\"Person.petType\"}}]}"},
    {"mutation { updatePerson(id: \"c\", set: {petId: \"c2\", petType: \"Nope\"}) { id } }", NULL,
     "{\"data\":null,\"errors\":[{\"message\":\"Person.petType: \\\"Nope\\\" is no type of "
     "Named\",\"locations\":[{\"line\":1,\"column\":12}],\"path\":[\"updatePerson\"],"
     "\"extensions\":{\"code\":\"FOREIGN_KEY_VIOLATION\",\"coordinate\":\"Person.petType\"}}]}"},
    {"mutation { updatePerson(id: \"c\", set: {petId: \"c9\", petType: \"Cat\"}) { id } }", NULL,
     "{\"data\":null,\"errors\":[{\"message\":\"Person.pet: there is no Cat "
     "\\\"c9\\\"\",\"locations\":[{\"line\":1,\"column\":12}],\"path\":[\"updatePerson\"],"
     "\"extensions\":{\"code\":\"FOREIGN_KEY_VIOLATION\",\"coordinate\":\"Person.pet\"}}]}"},
    {"mutation { updatePerson(id: \"c\", set: {petId: \"c2\", petType: \"Cat\"}) { pet { name } } "
     "}",
     NULL, "{\"data\":{\"updatePerson\":{\"pet\":{\"name\":\"Kit\"}}}}"},
};

static void relations_and_scalars(void)
{
    fixture f = {0};

    CU_ASSERT_TRUE_FATAL(fixture_open(&f, zoo));
    fixture_run(&f, related, FIXTURE_COUNT(related));
    fixture_close(&f);
}

/* ---- resolvers ---- */

static sgc_status answer_arguments(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    (void)error;
    sgc_json_str(json, call->arguments);
    return SGC_OK;
}

static sgc_status answer_cat(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    (void)error;
    CU_ASSERT_PTR_NOT_NULL(call->parent.data);
    sgc_buf_text(json, "\"c1\"");
    return SGC_OK;
}

static sgc_status answer_all(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    (void)call;
    (void)error;
    sgc_buf_text(json, "[{\"__typename\":\"Dog\",\"id\":\"d1\"},{\"__typename\":\"Cat\",\"id\":"
                       "\"c2\"}]");
    return SGC_OK;
}

static sgc_status refuse(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    (void)call;
    sgc_buf_text(json, "12");
    return sgc_fail(error, SGC_CHECK_FAILED, "not today");
}

static sgc_status answer_report(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    (void)error;
    CU_ASSERT_PTR_NULL(call->parent.data);
    sgc_buf_text(json, "{\"total\":3,\"cats\":[\"c2\",\"c1\"],\"inner\":{\"total\":\"x\",\"cats\":"
                       "[]},\"note\":\"n\"}");
    return SGC_OK;
}

static sgc_status answer_user(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    (void)error;
    sgc_json_str(json, sgc_str_from(call->user));
    return SGC_OK;
}

static void bind(fixture *f, const char *field, sgc_resolver *resolve)
{
    bool found = false;

    for (uint16_t i = 0; i < f->schema.resolver_count; i++) {
        if (!sgc_str_eq(f->resolvers[i].field, sgc_str_from(field))) continue;
        f->resolvers[i].resolve = resolve;
        found = true;
    }
    CU_ASSERT_TRUE(found);
}

static void resolvers(void)
{
    static const exchange list[] = {
        {make_people, NULL, "{\"data\":{\"a\":{\"id\":\"a\"},\"b\":{\"id\":\"b\"}}}"},
        {"query ($n: Int) { person(id: \"a\") { shout(n: $n) s: shout(loud: false, n: 2) best { "
         "name "
         "owner { id } } all { id ... on Cat { lives } } } }",
         NULL,
         "{\"data\":{\"person\":{\"shout\":\"{\\\"loud\\\":true}\",\"s\":\"{\\\"loud\\\":false,"
         "\\\"n\\\":2}\",\"best\":{\"name\":\"Tom\",\"owner\":{\"id\":\"b\"}},\"all\":[{\"id\":"
         "\"d1\"},{\"id\":\"c2\",\"lives\":9}]}}}"},
        {"{ people(limit: 1) { id } person(id: \"a\") { id must } }", NULL,
         "{\"data\":{\"people\":[{\"id\":\"a\"}],\"person\":null},\"errors\":[{\"message\":\"not "
         "today\",\"locations\":[{\"line\":1,\"column\":48}],\"path\":[\"person\",\"must\"],"
         "\"extensions\":{\"code\":\"CHECK_VIOLATION\",\"coordinate\":\"Person.must\"}}]}"},
        {"{ people { must } }", NULL,
         "{\"data\":null,\"errors\":[{\"message\":\"not today\",\"locations\":[{\"line\":1,"
         "\"column\":12}],\"path\":[\"people\",0,\"must\"],\"extensions\":{\"code\":"
         "\"CHECK_VIOLATION\",\"coordinate\":\"Person.must\"}}]}"},
        {"{ report(n: 1) { total note cats { name } inner { total } } }", NULL,
         "{\"data\":{\"report\":{\"total\":3,\"note\":\"n\",\"cats\":[{\"name\":\"Kit\"},{\"name\":"
         "\"Tom\"}],\"inner\":null}},\"errors\":[{\"message\":\"the resolver answered no Int\","
         "\"locations\":[{\"line\":1,\"column\":51}],\"path\":[\"report\",\"inner\",\"total\"],"
         "\"extensions\":{\"code\":\"BAD_USER_INPUT\",\"coordinate\":\"Report.total\"}}]}"},
        {"mutation { createTag(input: {name: \"z\"}) { name } ping }", NULL,
         "{\"data\":null,\"errors\":[{\"message\":\"No resolver is bound to Mutation.ping\","
         "\"locations\":[{\"line\":1,\"column\":51}],\"path\":[\"ping\"],\"extensions\":{\"code\":"
         "\"NOT_IMPLEMENTED\",\"coordinate\":\"Mutation.ping\"}}]}"},
        {"{ tag(id: \"z\") { name } }", NULL, "{\"data\":{\"tag\":null}}"},
    };
    fixture f = {0};

    CU_ASSERT_TRUE_FATAL(fixture_open(&f, zoo));
    bind(&f, "shout", answer_arguments);
    bind(&f, "best", answer_cat);
    bind(&f, "all", answer_all);
    bind(&f, "must", refuse);
    bind(&f, "report", answer_report);
    bind(&f, "now", answer_user);
    fixture_run(&f, list, FIXTURE_COUNT(list));
    char user[] = "somebody";
    sgc_request request = {.query = SGC_STR("{ now }"), .user = user};
    f.out.size = 0;
    CU_ASSERT_EQUAL(sgc_execute(f.api, f.db, &request, &f.out), SGC_ANSWER_DATA);
    UNIT_STR(sgc_buf_as_str(&f.out), "{\"data\":{\"now\":\"somebody\"}}");
    fixture_close(&f);
}

/* ---- clashes ---- */

static void declared_names_win(void)
{
    static const char sdl[] = "type User { id: ID! name: String! age: Int posts: [Post!]! }\n"
                              "type Post { id: ID! author: User! }\n"
                              "input PostWhere { anything: String }\n"
                              "enum IntFilter { A B }\n"
                              "type Query { users(n: PostWhere): String @resolver(fn: \"f\") "
                              "posts(limit: Int): [Post!]! }";
    fixture f = {0};

    CU_ASSERT_TRUE_FATAL(fixture_open(&f, sdl));
    has(&f, "  users(\n    n: PostWhere\n  ): String\n");
    has(&f, "  posts(orderBy: [PostOrderBy!], limit: Int, offset: Int): [Post!]!\n");
    has_not(&f, "age: IntFilter");
    has_not(&f, "deletePosts");
    UNIT_STR(fixture_ask(&f, "{ posts(orderBy: [{id: DESC}]) { id } }", NULL),
             "{\"data\":{\"posts\":[]}}");
    fixture_close(&f);
}

static void other_roots_and_nothing(void)
{
    static const char sdl[] = "\"A shop\" schema { query: Q mutation: M }\n"
                              "type Q { a: Int @resolver(fn: \"a\") } type M { b: Int } "
                              "type Thing { id: ID! }";
    static const exchange list[] = {
        {"mutation { createThing(input: {id: \"x\"}) { id } }", NULL,
         "{\"data\":{\"createThing\":{\"id\":\"x\"}}}"},
        {"{ __typename things { id } __schema { description queryType { name } mutationType { name "
         "} "
         "subscriptionType { name } } __type(name: \"Float\") { name } }",
         NULL,
         "{\"data\":{\"__typename\":\"Q\",\"things\":[{\"id\":\"x\"}],\"__schema\":{"
         "\"description\":"
         "\"A shop\",\"queryType\":{\"name\":\"Q\"},\"mutationType\":{\"name\":\"M\"},"
         "\"subscriptionType\":null},\"__type\":null}}"},
    };
    sgc_schema empty = {.abi = SGC_ABI, .version = 1};
    fixture f = {0};

    CU_ASSERT_TRUE_FATAL(fixture_open(&f, sdl));
    fixture_run(&f, list, FIXTURE_COUNT(list));
    fixture_close(&f);
    CU_ASSERT_EQUAL_FATAL(sgc_api_create(&empty, &f.api, NULL), SGC_OK);
    has(&f, "  head: BigInt!\n");
    has_not(&f, "Mutation");
    fixture_close(&f);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"names and types", names_and_types},
        {"relations and scalars", relations_and_scalars},
        {"resolvers", resolvers},
        {"declared names win", declared_names_win},
        {"other roots and nothing", other_roots_and_nothing},
        CU_TEST_INFO_NULL,
    };
    return unit_run("graphql.zoo", tests);
}
