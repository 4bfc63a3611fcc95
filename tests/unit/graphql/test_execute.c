/*
 * test_execute.c - requests against the blog schema of docs/graphql-api.md, answer for answer.
 */
#include "unit/graphql/fixture.h"

static const char blog[] =
    "enum Role { ADMIN EDITOR READER }\n"
    "type User { id: ID! email: String! @unique name: String! @index age: Int @index\n"
    "  role: Role! @default(value: \"READER\") createdAt: DateTime! @index posts: [Post!]! }\n"
    "type Post { id: ID! title: String! body: String published: Boolean! @default(value: "
    "\"false\")\n"
    "  score: Float @index views: Int! @default(value: \"0\") createdAt: DateTime! author: User! }"
    "\n";

static const char first_rows[] =
    "mutation { createUsers(input: ["
    "{id: \"u1\", email: \"ada@x\", name: \"Ada\", age: 36, createdAt: \"2024-01-01T00:00:00Z\", "
    "posts: {create: ["
    "{id: \"p1\", title: \"One\", score: 1.5, views: 3, createdAt: \"2024-01-01T00:00:00Z\"}, "
    "{id: \"p2\", title: \"Two\", createdAt: \"2024-01-02T00:00:00Z\"}]}}, "
    "{id: \"u2\", email: \"bob@x\", name: \"Bob\", role: EDITOR, "
    "createdAt: \"2024-01-02T00:00:00+01:00\"}, "
    "{id: \"u3\", email: \"cyd@x\", name: \"Cyd\", age: 20, role: ADMIN, "
    "createdAt: \"2024-01-03T00:00:00.5Z\", "
    "posts: {create: [{id: \"p3\", title: \"Three\", score: -2, published: true, "
    "createdAt: \"2024-01-03T00:00:00Z\"}]}}]) { affected } }";

static void open_blog(fixture *f)
{
    CU_ASSERT_TRUE_FATAL(fixture_open(f, blog));
    UNIT_STR(fixture_ask(f, first_rows, NULL), "{\"data\":{\"createUsers\":{\"affected\":3}}}");
}

static void run(const exchange *list, size_t count)
{
    fixture f = {0};

    open_blog(&f);
    fixture_run(&f, list, count);
    fixture_close(&f);
}

static void reading(void)
{
    static const exchange list[] = {
        {"{ user(id: \"u1\") { id name age role createdAt } }", NULL,
         "{\"data\":{\"user\":{\"id\":\"u1\",\"name\":\"Ada\",\"age\":36,\"role\":\"READER\","
         "\"createdAt\":\"2024-01-01T00:00:00Z\"}}}"},
        {"{ user(id: \"none\") { id } }", NULL, "{\"data\":{\"user\":null}}"},
        {"{ userByEmail(email: \"cyd@x\") { name } }", NULL,
         "{\"data\":{\"userByEmail\":{\"name\":\"Cyd\"}}}"},
        {"{ userByEmail(email: \"nobody\") { name } }", NULL, "{\"data\":{\"userByEmail\":null}}"},
        {"{ head }", NULL, "{\"data\":{\"head\":\"1\"}}"},
        {"{ users { id createdAt posts { id } } }", NULL,
         "{\"data\":{\"users\":[{\"id\":\"u1\",\"createdAt\":\"2024-01-01T00:00:00Z\",\"posts\":[{"
         "\"id\":\"p1\"},{\"id\":\"p2\"}]},{\"id\":\"u2\",\"createdAt\":\"2024-01-01T23:00:00Z\","
         "\"posts\":[]},{\"id\":\"u3\",\"createdAt\":\"2024-01-03T00:00:00.500Z\",\"posts\":[{"
         "\"id\":\"p3\"}]}]}}"},
        {"{ posts { id author { name posts(where: {score: {isNull: false}}) { id author { id } } } "
         "} }",
         NULL,
         "{\"data\":{\"posts\":[{\"id\":\"p1\",\"author\":{\"name\":\"Ada\",\"posts\":[{\"id\":"
         "\"p1\",\"author\":{\"id\":\"u1\"}}]}},{\"id\":\"p2\",\"author\":{\"name\":\"Ada\","
         "\"posts\":[{\"id\":\"p1\",\"author\":{\"id\":\"u1\"}}]}},{\"id\":\"p3\",\"author\":{"
         "\"name\":\"Cyd\",\"posts\":[{\"id\":\"p3\",\"author\":{\"id\":\"u3\"}}]}}]}}"},
        {"{ users(limit: 0) { id } a: users(limit: 1, offset: 1) { id } b: users(offset: 9) { id } "
         "}",
         NULL, "{\"data\":{\"users\":[],\"a\":[{\"id\":\"u2\"}],\"b\":[]}}"},
        {"{ a: users(where: {}) { id } b: users(where: {and: []}) { id } c: users(where: {or: []}) "
         "{ id } d: users(where: {id: {in: []}}) { id } e: users(where: {age: {notIn: []}}) { id } "
         "}",
         NULL,
         "{\"data\":{\"a\":[{\"id\":\"u1\"},{\"id\":\"u2\"},{\"id\":\"u3\"}],\"b\":[{\"id\":\"u1\"}"
         ",{\"id\":\"u2\"},{\"id\":\"u3\"}],\"c\":[],\"d\":[],\"e\":[{\"id\":\"u1\"},{\"id\":"
         "\"u2\"},{\"id\":\"u3\"}]}}"},
        {"{ a: users(where: {age: {eq: null}}) { id } b: users(where: {age: {ne: null}}) { id } "
         "c: users(where: {not: {age: {gt: 30}}}) { id } d: users(where: {age: {notIn: [20]}}) { "
         "id } }",
         NULL,
         "{\"data\":{\"a\":[{\"id\":\"u2\"}],\"b\":[{\"id\":\"u1\"},{\"id\":\"u3\"}],\"c\":[{"
         "\"id\":\"u3\"}],\"d\":[{\"id\":\"u1\"}]}}"},
        {"{ a: users(where: {posts: {some: {score: {gt: 0}}}}) { id } b: users(where: {posts: "
         "{every: {score: {gt: 0}}}}) { id } c: users(where: {posts: {none: {}}}) { id } d: "
         "users(where: {posts: {count: {in: [0, 2]}}}) { id } }",
         NULL,
         "{\"data\":{\"a\":[{\"id\":\"u1\"}],\"b\":[{\"id\":\"u2\"}],\"c\":[{\"id\":\"u2\"}],\"d\":"
         "[{\"id\":\"u1\"},{\"id\":\"u2\"}]}}"},
        {"{ a: users(orderBy: [{age: ASC}]) { id } b: users(orderBy: [{age: DESC}]) { id } c: "
         "users(orderBy: [{age: ASC_NULLS_FIRST}]) { id } d: users(orderBy: [{role: ASC}]) { id } "
         "e: users(orderBy: [{posts: {count: DESC}}]) { id } f: posts(orderBy: [{author: {age: "
         "ASC}}, {title: DESC}]) { id } }",
         NULL,
         "{\"data\":{\"a\":[{\"id\":\"u3\"},{\"id\":\"u1\"},{\"id\":\"u2\"}],\"b\":[{\"id\":\"u2\"}"
         ",{\"id\":\"u1\"},{\"id\":\"u3\"}],\"c\":[{\"id\":\"u2\"},{\"id\":\"u3\"},{\"id\":\"u1\"}]"
         ",\"d\":[{\"id\":\"u3\"},{\"id\":\"u2\"},{\"id\":\"u1\"}],\"e\":[{\"id\":\"u1\"},{\"id\":"
         "\"u3\"},{\"id\":\"u2\"}],\"f\":[{\"id\":\"p3\"},{\"id\":\"p2\"},{\"id\":\"p1\"}]}}"},
        {"{ users(where: {name: {ilike: \"%D%\"}}) { id } b: posts(where: {title: {like: "
         "\"T__\"}}) { id } }",
         NULL, "{\"data\":{\"users\":[{\"id\":\"u1\"},{\"id\":\"u3\"}],\"b\":[{\"id\":\"p2\"}]}}"},
    };
    run(list, FIXTURE_COUNT(list));
}

static void fragments_and_directives(void)
{
    static const exchange list[] = {
        {"{ user(id: \"u1\") { name ...F id: name } } fragment F on User { age name }", NULL,
         "{\"data\":{\"user\":{\"name\":\"Ada\",\"age\":36,\"id\":\"Ada\"}}}"},
        {"{ ...Q } fragment Q on Query { ... { user(id: \"u1\") { ... on User { posts { id } } "
         "posts { title } } } }",
         NULL,
         "{\"data\":{\"user\":{\"posts\":[{\"id\":\"p1\",\"title\":\"One\"},{\"id\":\"p2\","
         "\"title\":\"Two\"}]}}}"},
        {"query ($yes: Boolean!, $no: Boolean = false) { user(id: \"u1\") { id @include(if: $yes) "
         "name @skip(if: $yes) age @include(if: $no) ... @skip(if: $no) { role } email @skip(if: "
         "true) } }",
         "{\"yes\": true}", "{\"data\":{\"user\":{\"id\":\"u1\",\"role\":\"READER\"}}}"},
        {"query ($yes: Boolean!, $no: Boolean = false) { user(id: \"u1\") { id @include(if: $yes) "
         "name @skip(if: $yes) age @include(if: $no) ... @skip(if: $no) { role } email @skip(if: "
         "true) } }",
         "{\"yes\": false, \"no\": true}", "{\"data\":{\"user\":{\"name\":\"Ada\",\"age\":36}}}"},
        {"{ __typename user(id: \"u2\") { t: __typename } }", NULL,
         "{\"data\":{\"__typename\":\"Query\",\"user\":{\"t\":\"User\"}}}"},
    };
    run(list, FIXTURE_COUNT(list));
}

#define BAD(message, path, coordinate)                                                             \
    "{\"data\":null,\"errors\":[{\"message\":" message ",\"locations\":[" path                     \
    ",\"extensions\":{\"code\":\"BAD_USER_INPUT\",\"coordinate\":\"" coordinate "\"}}]}"

static void variables(void)
{
    static const char by_age[] = "query ($w: UserWhere, $n: Int) { users(where: $w, limit: $n) { "
                                 "id } }";
    static const char by_null[] = "query ($a: Int) { users(where: {age: {gt: $a}}) { id } }";
    static const exchange list[] = {
        {by_age, "{\"w\": {\"age\": {\"gte\": 20}, \"and\": {\"role\": {\"eq\": \"ADMIN\"}}}}",
         "{\"data\":{\"users\":[{\"id\":\"u3\"}]}}"},
        {by_age, "{}", "{\"data\":{\"users\":[{\"id\":\"u1\"},{\"id\":\"u2\"},{\"id\":\"u3\"}]}}"},
        {by_age, "{\"n\": null, \"w\": null}",
         "{\"data\":{\"users\":[{\"id\":\"u1\"},{\"id\":\"u2\"},{\"id\":\"u3\"}]}}"},
        {by_age, "{\"n\": 2147483648}",
         "{\"errors\":[{\"message\":\"Variable \\\"$n\\\" has invalid value: Int cannot represent "
         "non 32-bit signed integer value: 2147483648\",\"locations\":[{\"line\":1,\"column\":23}],"
         "\"extensions\":{\"code\":\"BAD_USER_INPUT\"}}]}"},
        {by_age, "{\"w\": {\"role\": {\"in\": [\"ADMIN\", \"EDITR\"]}}}",
         "{\"errors\":[{\"message\":\"Variable \\\"$w\\\" has invalid value at .role.in[1]: Value "
         "\\\"EDITR\\\" does not exist in \\\"Role\\\" enum. Did you mean the enum value "
         "\\\"EDITOR\\\"?\",\"locations\":[{\"line\":1,\"column\":8}],\"extensions\":{\"code\":"
         "\"BAD_USER_INPUT\"}}]}"},
        {by_null, "{}", "{\"data\":{\"users\":[{\"id\":\"u1\"},{\"id\":\"u2\"},{\"id\":\"u3\"}]}}"},
        {by_null, "{\"a\": null}",
         BAD("\"\\\"gt\\\" of \\\"age\\\" must not be null; eq: null asks for null\"",
             "{\"line\":1,\"column\":19}],\"path\":[\"users\"]", "Query.users")},
        {"query ($id: ID! = \"u2\") { user(id: $id) { id } }", NULL,
         "{\"data\":{\"user\":{\"id\":\"u2\"}}}"},
        {"query ($id: ID!) { user(id: $id) { id } }", "{\"id\": 7}", "{\"data\":{\"user\":null}}"},
        {"query ($id: ID!) { user(id: $id) { id } }", NULL,
         "{\"errors\":[{\"message\":\"Variable \\\"$id\\\" has invalid value: Expected a value of "
         "non-null type \\\"ID!\\\" to be provided.\",\"locations\":[{\"line\":1,\"column\":8}],"
         "\"extensions\":{\"code\":\"BAD_USER_INPUT\"}}]}"},
        {"query ($o: [UserOrderBy!]) { users(orderBy: $o) { id } }",
         "{\"o\": {\"name\": \"DESC\"}}",
         "{\"data\":{\"users\":[{\"id\":\"u3\"},{\"id\":\"u2\"},{\"id\":\"u1\"}]}}"},
        {"query ($o: [UserOrderBy!]) { users(orderBy: $o) { id } }",
         "{\"o\": [{\"name\": \"DESC\", \"id\": \"ASC\"}]}",
         "{\"errors\":[{\"message\":\"Variable \\\"$o\\\" has invalid value at [0]: Within OneOf "
         "Input Object type \\\"UserOrderBy\\\", exactly one field must be specified, and the "
         "value "
         "for that field must be non-null.\",\"locations\":[{\"line\":1,\"column\":8}],"
         "\"extensions\":{\"code\":\"BAD_USER_INPUT\"}}]}"},
        {"{ users(limit: -1) { id } }", NULL,
         BAD("\"\\\"limit\\\" must not be negative\"",
             "{\"line\":1,\"column\":3}],\"path\":[\"users\"]", "Query.users")},
        {"{ users(where: {createdAt: {gt: \"yesterday\"}}) { id } }", NULL,
         BAD("\"createdAt: \\\"yesterday\\\" is not a DateTime: it is written "
             "2026-01-31T23:59:59.123456Z\"",
             "{\"line\":1,\"column\":3}],\"path\":[\"users\"]", "Query.users")},
    };
    run(list, FIXTURE_COUNT(list));
}

static void writing(void)
{
    static const exchange list[] = {
        {"mutation { updateUser(id: \"u1\", set: {name: \"Ada L\"}, inc: {age: 1}) { name age } }",
         NULL, "{\"data\":{\"updateUser\":{\"name\":\"Ada L\",\"age\":37}}}"},
        {"mutation { updateUser(id: \"u2\", inc: {age: 1}) { age } }", NULL,
         "{\"data\":{\"updateUser\":{\"age\":null}}}"},
        {"mutation { updateUser(id: \"no\", set: {name: \"x\"}) { id } }", NULL,
         "{\"data\":{\"updateUser\":null}}"},
        {"mutation { updateUser(id: \"u1\", set: {age: 1}, inc: {age: 1}) { id } }", NULL,
         BAD("\"User.age: \\\"set\\\" and \\\"inc\\\" of one field\"",
             "{\"line\":1,\"column\":12}],\"path\":[\"updateUser\"]", "User.age")},
        {"mutation { updateUser(id: \"u1\", inc: {age: 2147483647}) { id } }", NULL,
         BAD("\"User.age: the sum does not fit\"",
             "{\"line\":1,\"column\":12}],\"path\":[\"updateUser\"]", "User.age")},
        {"mutation { updateUsers(where: {age: {lt: 30}}, set: {role: EDITOR}) { affected nodes { "
         "id "
         "role } } }",
         NULL,
         "{\"data\":{\"updateUsers\":{\"affected\":1,\"nodes\":[{\"id\":\"u3\",\"role\":\"EDITOR\"}"
         "]}}}"},
        {"mutation { upsertUser(input: {id: \"u3\", email: \"cyd@y\", name: \"Cyd\", createdAt: "
         "\"2024-01-03T00:00:00Z\"}) { id email age role } }",
         NULL,
         "{\"data\":{\"upsertUser\":{\"id\":\"u3\",\"email\":\"cyd@y\",\"age\":20,\"role\":"
         "\"EDITOR\"}}}"},
        {"mutation { upsertUser(input: {id: \"u4\", email: \"d@x\", name: \"Di\", createdAt: "
         "\"2024-01-04T00:00:00Z\", posts: {connect: [\"p2\"]}}) { id role posts { id } } }",
         NULL,
         "{\"data\":{\"upsertUser\":{\"id\":\"u4\",\"role\":\"READER\",\"posts\":[{\"id\":\"p2\"}]}"
         "}}"},
        {"mutation { createPost(input: {id: \"p9\", title: \"N\", createdAt: "
         "\"2024-01-04T00:00:00Z\", author: {create: {id: \"u9\", email: \"n@x\", name: \"New\", "
         "createdAt: \"2024-01-04T00:00:00Z\"}}}) { authorId author { name posts { id } } } }",
         NULL,
         "{\"data\":{\"createPost\":{\"authorId\":\"u9\",\"author\":{\"name\":\"New\",\"posts\":[{"
         "\"id\":\"p9\"}]}}}}"},
        {"mutation ($i: UserCreateInput!) { upsertUser(input: $i) { name posts { id } } }",
         "{\"i\": {\"id\": null, \"email\": \"e@x\", \"name\": \"E\", \"createdAt\": "
         "\"2024-01-04T00:00:00Z\", \"posts\": null, \"age\": null}}",
         "{\"data\":{\"upsertUser\":{\"name\":\"E\",\"posts\":[]}}}"},
        {"mutation { deleteUsers(where: {email: {eq: \"e@x\"}}) { affected } }", NULL,
         "{\"data\":{\"deleteUsers\":{\"affected\":1}}}"},
        {"mutation { deletePost(id: \"p9\") { id author { id } } deleteUser(id: \"u9\") { id posts "
         "{ id } } again: deleteUser(id: \"u9\") { id } }",
         NULL,
         "{\"data\":{\"deletePost\":{\"id\":\"p9\",\"author\":{\"id\":\"u9\"}},\"deleteUser\":{"
         "\"id\":\"u9\",\"posts\":[]},\"again\":null}}"},
        {"mutation { deletePosts(where: {id: {isNull: false}}) { affected nodes { id author { id } "
         "} } }",
         NULL,
         "{\"data\":{\"deletePosts\":{\"affected\":3,\"nodes\":[{\"id\":\"p1\",\"author\":{\"id\":"
         "\"u1\"}},{\"id\":\"p2\",\"author\":{\"id\":\"u4\"}},{\"id\":\"p3\",\"author\":{\"id\":"
         "\"u3\"}}]}}}"},
        {"{ users { id posts { id } } }", NULL,
         "{\"data\":{\"users\":[{\"id\":\"u1\",\"posts\":[]},{\"id\":\"u2\",\"posts\":[]},{\"id\":"
         "\"u3\",\"posts\":[]},{\"id\":\"u4\",\"posts\":[]}]}}"},
    };
    run(list, FIXTURE_COUNT(list));
}

/* Each of these leaves no trace, whatever stood beside it in the request. */
static void refused_as_a_whole(void)
{
    static const struct {
        const char *request, *variables, *code;
    } cases[] = {
        {"createUser(input: {id: \"u1\", email: \"z@x\", name: \"Z\", createdAt: "
         "\"2024-01-01T00:00:00Z\"}) { id }",
         NULL, "UNIQUE_VIOLATION"},
        {"createUser(input: {email: \"ada@x\", name: \"Z\", createdAt: \"2024-01-01T00:00:00Z\"}) "
         "{ id }",
         NULL, "UNIQUE_VIOLATION"},
        {"createPost(input: {title: \"Z\", createdAt: \"2024-01-01T00:00:00Z\", author: {connect: "
         "\"nobody\"}}) { id }",
         NULL, "FOREIGN_KEY_VIOLATION"},
        {"updateUser(id: \"u1\", set: {email: null}) { id }", NULL, "NOT_NULL_VIOLATION"},
        {"deleteUser(id: \"u1\") { id }", NULL, "FOREIGN_KEY_VIOLATION"},
        {"updateUsers(where: {}, set: {age: 1}) { affected }", NULL, "BAD_USER_INPUT"},
        {"deleteUsers(where: {and: [{}]}) { affected }", NULL, "BAD_USER_INPUT"},
        {"deleteUsers(where: {or: [{age: {gt: 100}}, {}]}) { affected }", NULL, "BAD_USER_INPUT"},
        {"deleteUsers(where: {age: {gt: null}}) { affected }", NULL, "BAD_USER_INPUT"},
        {"deleteUsers(where: {age: {}}) { affected }", NULL, "BAD_USER_INPUT"},
        {"deleteUsers(where: {posts: {every: {}}}) { affected }", NULL, "BAD_USER_INPUT"},
        {"createUser(input: {email: \"q@x\", name: \"Z\", createdAt: \"2024-13-01T00:00:00Z\"}) { "
         "id }",
         NULL, "BAD_USER_INPUT"},
        {"createUser(input: {email: \"q@x\", name: \"Z\", createdAt: "
         "\"2024-01-01T00:00:00.1234567Z\"}) { id }",
         NULL, "BAD_USER_INPUT"},
        {"createUser(input: {email: \"q@x\", name: \"Z\", createdAt: \"2024-01-01T00:00:00Z\", "
         "posts: {connect: [\"nothing\"]}}) { id }",
         NULL, "FOREIGN_KEY_VIOLATION"},
    };
    static const char before[] = "{ head users { id name email } posts { id } }";
    fixture f = {0};
    sgc_buf query = {0}, kept = {0}, code = {0};

    open_blog(&f);
    sgc_buf_str(&kept, fixture_ask(&f, before, NULL));
    sgc_buf_byte(&kept, '\0');
    for (size_t i = 0; i < FIXTURE_COUNT(cases); i++) {
        query.size = code.size = 0;
        sgc_buf_printf(&query,
                       "mutation { a: updateUser(id: \"u2\", set: {name: \"Changed\"}) { id } %s }",
                       cases[i].request);
        sgc_buf_byte(&query, '\0');
        sgc_buf_printf(&code, "\"code\":\"%s\"", cases[i].code);
        sgc_buf_byte(&code, '\0');
        sgc_str answer = fixture_ask(&f, query.data, cases[i].variables);
        sgc_buf_byte(&f.out, '\0');
        bool refused = strncmp(f.out.data, "{\"data\":null,\"errors\":[", 23) == 0 &&
                       strstr(f.out.data, code.data) != NULL;
        if (!refused) printf("\n    %s\n    " SGC_FMT, query.data, SGC_ARG(answer));
        CU_ASSERT_TRUE(refused);
        UNIT_STR(fixture_ask(&f, before, NULL), kept.data);
    }
    sgc_buf_free(&query);
    sgc_buf_free(&kept);
    sgc_buf_free(&code);
    fixture_close(&f);
}

/* A variable that is absent must not widen what is deleted; elsewhere its entry is left out. */
static void absent_variables(void)
{
    static const exchange list[] = {
        {"mutation ($a: Int) { deletePosts(where: {views: {gt: $a}}) { affected } }", "{}",
         BAD("\"Argument \\\"Mutation.deletePosts(where:)\\\" has invalid value at .views.gt: The "
             "variable \\\"$a\\\" has no value, and no condition may be left out here.\"",
             "{\"line\":1,\"column\":22}],\"path\":[\"deletePosts\"]", "Mutation.deletePosts")},
        {"mutation ($n: String) { updateUser(id: \"u1\", set: {name: $n, age: 50}) { name age } }",
         "{}", "{\"data\":{\"updateUser\":{\"name\":\"Ada\",\"age\":50}}}"},
        {"mutation ($a: Int) { updateUser(id: \"u1\", set: {age: $a}) { age } }", "{\"a\": null}",
         "{\"data\":{\"updateUser\":{\"age\":null}}}"},
    };
    run(list, FIXTURE_COUNT(list));
}

static void unchanged_rows_write_nothing(void)
{
    static const exchange list[] = {
        {"mutation { updateUser(id: \"u1\", set: {name: \"Ada\", age: 36}) { id } }", NULL,
         "{\"data\":{\"updateUser\":{\"id\":\"u1\"}}}"},
        {"mutation { updateUsers(where: {id: {isNull: false}}, inc: {age: 0}) { affected } }", NULL,
         "{\"data\":{\"updateUsers\":{\"affected\":3}}}"},
        {"{ head }", NULL, "{\"data\":{\"head\":\"1\"}}"},
        {"mutation { updateUser(id: \"u1\", inc: {age: 1}) { id } }", NULL,
         "{\"data\":{\"updateUser\":{\"id\":\"u1\"}}}"},
        {"{ head }", NULL, "{\"data\":{\"head\":\"2\"}}"},
    };
    run(list, FIXTURE_COUNT(list));
}

static void operations_are_chosen(void)
{
    fixture f = {0};
    static const char two[] = "query A { head } mutation B { deleteUser(id: \"u2\") { id } }";
    sgc_request request = {.query = sgc_str_from(two)};

    open_blog(&f);
    f.out.size = 0;
    CU_ASSERT_EQUAL(sgc_execute(f.api, f.db, &request, &f.out), SGC_ANSWER_INVALID);
    request.operation_name = SGC_STR("A");
    f.out.size = 0;
    CU_ASSERT_EQUAL(sgc_execute(f.api, f.db, &request, &f.out), SGC_ANSWER_DATA);
    UNIT_STR(sgc_buf_as_str(&f.out), "{\"data\":{\"head\":\"1\"}}");
    request.operation_name = SGC_STR("C");
    CU_ASSERT_EQUAL(sgc_execute(f.api, f.db, &request, &f.out), SGC_ANSWER_INVALID);
    request.operation_name = SGC_STR("B");
    request.read_only = true;
    CU_ASSERT_EQUAL(sgc_execute(f.api, f.db, &request, &f.out), SGC_ANSWER_READ_ONLY);
    /* What was in the buffer stays in front. */
    f.out.size = 0;
    sgc_buf_text(&f.out, "HEAD");
    request = (sgc_request){.query = SGC_STR("{ head }")};
    CU_ASSERT_EQUAL(sgc_execute(f.api, f.db, &request, &f.out), SGC_ANSWER_DATA);
    UNIT_STR(sgc_buf_as_str(&f.out), "HEAD{\"data\":{\"head\":\"1\"}}");
    f.out.size = 0;
    request.query = SGC_STR("{ head");
    CU_ASSERT_EQUAL(sgc_execute(f.api, f.db, &request, &f.out), SGC_ANSWER_SYNTAX);
    fixture_close(&f);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"reading", reading},
        {"fragments and directives", fragments_and_directives},
        {"variables", variables},
        {"writing", writing},
        {"refused as a whole", refused_as_a_whole},
        {"absent variables", absent_variables},
        {"unchanged rows write nothing", unchanged_rows_write_nothing},
        {"operations are chosen", operations_are_chosen},
        CU_TEST_INFO_NULL,
    };
    return unit_run("graphql.execute", tests);
}
