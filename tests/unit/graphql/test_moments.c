/*
 * test_moments.c - time travel over GraphQL, answer for answer: what may be asked, what is refused
 * in which words, what is bounded, and which names it takes. Random histories are test_history's.
 */
#include "os/os.h"
#include "unit/graphql/fixture.h"

/* ---- exact answers ---- */

static const char shop[] =
    "type User { id: ID! @id(generate: NONE) name: String! posts: [Post!]! shout: String\n"
    "  @computed(fn: \"shout\") }\n"
    "type Post { id: ID! @id(generate: NONE) title: String! author: User! @relation(onDelete: "
    "CASCADE) }\n"
    "type Note @table(history: false) { id: ID! @id(generate: NONE) text: String }\n"
    "union Thing = Post | User\n"
    "union Paper = Post | Note\n"
    "type Query { now: Int }\n";

/* The sequence that a resolver's transaction sees. */
static sgc_status answer_sequence(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    (void)error;
    sgc_json_int64(json, (int64_t)sgc_txn_sequence(call->txn));
    return SGC_OK;
}

/* The number of users that a resolver's transaction sees, as text. */
static sgc_status count_users(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    sgc_cursor cursor = sgc_cursor_open(call->txn, 0, 0, NULL);
    unsigned count = 0;

    (void)error;
    while (sgc_cursor_skip(&cursor))
        count++;
    sgc_buf_printf(json, "\"%u\"", count);
    return sgc_cursor_status(&cursor);
}

static const char *const shop_commits[] = {
    "createUser(input: {id: \"u1\", name: \"Ada\", posts: {create: [{id: \"p1\", title: \"A\"}]}})",
    "updateUser(id: \"u1\", set: {name: \"Eva\"})",
    "createPost(input: {id: \"p2\", title: \"B\", author: {connect: \"u1\"}})",
    "deletePost(id: \"p1\")",
    "createUser(input: {id: \"u2\", name: \"Bob\"})",
    "createNote(input: {id: \"n\", text: \"x\"})",
    "updateUser(id: \"u1\", set: {name: \"Ida\"})",
    "deleteUser(id: \"u1\")",
};

/* Sequences 1 to 8. */
static void open_shop(fixture *f)
{
    char text[200];

    CU_ASSERT_TRUE_FATAL(fixture_open(f, shop));
    for (size_t i = 0; i < f->schema.resolver_count; i++) {
        bool root = sgc_str_eq(f->resolvers[i].type, SGC_STR("Query"));
        f->resolvers[i].resolve = root ? answer_sequence : count_users;
    }
    for (size_t i = 0; i < FIXTURE_COUNT(shop_commits); i++) {
        snprintf(text, sizeof text, "mutation { %s { id } }", shop_commits[i]);
        CU_ASSERT_FALSE(fixture_contains(fixture_ask(f, text, NULL), "errors"));
    }
    CU_ASSERT_EQUAL_FATAL(sgc_db_head(f->db), FIXTURE_COUNT(shop_commits));
}

static void run_shop(const exchange *list, size_t count)
{
    fixture f = {0};

    open_shop(&f);
    fixture_run(&f, list, count);
    CU_ASSERT_EQUAL(sgc_db_flush(f.db), SGC_OK);
    fixture_run(&f, list, count);
    fixture_close(&f);
}

static const exchange shown[] = {
    {"{ a: user(id: \"u1\", asOf: {seq: 1}) { name posts { id } shout } b: user(id: \"u1\", "
     "asOf: {seq: \"3\"}) { name posts { id author { name } } shout } c: user(id: \"u1\") { "
     "name } head now }",
     NULL,
     "{\"data\":{\"a\":{\"name\":\"Ada\",\"posts\":[{\"id\":\"p1\"}],\"shout\":\"1\"},\"b\":{"
     "\"name\":\"Eva\",\"posts\":[{\"id\":\"p1\",\"author\":{\"name\":\"Eva\"}},{\"id\":\"p2\","
     "\"author\":{\"name\":\"Eva\"}}],\"shout\":\"1\"},\"c\":null,\"head\":\"8\",\"now\":8}}"},
    {"query ($s: BigInt, $a: AsOf) @asOf(seq: $s) { user(id: \"u1\") { name } users(asOf: $a) "
     "{ name } now head }",
     "{\"s\": 2, \"a\": {\"seq\": \"7\"}}",
     "{\"data\":{\"user\":{\"name\":\"Eva\"},\"users\":[{\"name\":\"Ida\"},{\"name\":\"Bob\"}],"
     "\"now\":2,\"head\":\"8\"}}"},
    {"query ($s: BigInt, $a: AsOf) @asOf(seq: $s) { user(id: \"u1\") { name } users(asOf: $a) "
     "{ name } now head }",
     "{\"s\": \"1\", \"a\": null}",
     "{\"data\":{\"user\":{\"name\":\"Ada\"},\"users\":[{\"name\":\"Ada\"}],\"now\":1,\"head\":"
     "\"8\"}}"},
    {"query ($s: BigInt, $t: DateTime) @asOf(seq: $s, time: $t) { users { name } }", "{\"s\": 4}",
     "{\"data\":{\"users\":[{\"name\":\"Eva\"}]}}"},
    {"query ($s: BigInt, $t: DateTime) @asOf(seq: $s, time: $t) { users { name } }",
     "{\"t\": \"1999-12-31T23:00:00Z\"}", "{\"data\":{\"users\":[]}}"},
    {"query ($s: BigInt, $t: DateTime) @asOf(seq: $s, time: $t) { users { name } }",
     "{\"s\": 0, \"t\": null}", "{\"data\":{\"users\":[]}}"},
    {"query @asOf(seq: 8) { notes { text } }", NULL, "{\"data\":{\"notes\":[{\"text\":\"x\"}]}}"},
    {"query @asOf(seq: 0) { notes { text } users { id } }", NULL,
     "{\"data\":{\"notes\":[],\"users\":[]}}"},
    {"{ things(asOf: {seq: 3}) { __typename ... on User { name } ... on Post { author { name } "
     "} } }",
     NULL,
     "{\"data\":{\"things\":[{\"__typename\":\"Post\",\"author\":{\"name\":\"Eva\"}},{\"__"
     "typename\":\"Post\",\"author\":{\"name\":\"Eva\"}},{\"__typename\":\"User\",\"name\":"
     "\"Eva\"}]}}"},
};

static const exchange refused[] = {
    {"query ($s: BigInt, $t: DateTime) @asOf(seq: $s, time: $t) { users { name } }", "{}",
     "{\"errors\":[{\"message\":\"@asOf takes one of \\\"seq\\\" and "
     "\\\"time\\\"\",\"locations\":[{\"line\":1,\"column\":34}],\"extensions\":{\"code\":\"BAD_"
     "USER_INPUT\"}}]}"},
    {"query ($s: BigInt, $t: DateTime) @asOf(seq: $s, time: $t) { users { name } }",
     "{\"s\": 1, \"t\": \"1999-12-31T23:00:00Z\"}",
     "{\"errors\":[{\"message\":\"@asOf takes one of \\\"seq\\\" and "
     "\\\"time\\\"\",\"locations\":[{\"line\":1,\"column\":34}],\"extensions\":{\"code\":\"BAD_"
     "USER_INPUT\"}}]}"},
    {"query @asOf { users { name } }", NULL,
     "{\"errors\":[{\"message\":\"@asOf takes one of \\\"seq\\\" and "
     "\\\"time\\\"\",\"locations\":[{\"line\":1,\"column\":7}],\"extensions\":{\"code\":\"BAD_"
     "USER_INPUT\"}}]}"},
    {"query @asOf(seq: 9) { users { name } }", NULL,
     "{\"errors\":[{\"message\":\"asOf: sequence 9 lies beyond the head, "
     "8\",\"locations\":[{\"line\":1,\"column\":7}],\"extensions\":{\"code\":\"BAD_USER_"
     "INPUT\"}}]}"},
    {"query @asOf(seq: -1) { users { name } }", NULL,
     "{\"errors\":[{\"message\":\"asOf: a sequence is not "
     "negative\",\"locations\":[{\"line\":1,\"column\":7}],\"extensions\":{\"code\":\"BAD_USER_"
     "INPUT\"}}]}"},
    {"query @asOf(seq: \"x\") { users { name } }", NULL,
     "{\"errors\":[{\"message\":\"asOf: \\\"x\\\" is not a whole "
     "number\",\"locations\":[{\"line\":1,\"column\":7}],\"extensions\":{\"code\":\"BAD_USER_"
     "INPUT\"}}]}"},
    {"query @asOf(seq: true) { users { name } }", NULL,
     "{\"errors\":[{\"message\":\"asOf: \\\"seq\\\" must be a whole "
     "number\",\"locations\":[{\"line\":1,\"column\":7}],\"extensions\":{\"code\":\"BAD_USER_"
     "INPUT\"}}]}"},
    {"query @asOf(seq: \"99999999999999999999\") { users { name } }", NULL,
     "{\"errors\":[{\"message\":\"asOf: \\\"99999999999999999999\\\" is outside the range of "
     "64 "
     "bits\",\"locations\":[{\"line\":1,\"column\":7}],\"extensions\":{\"code\":\"BAD_USER_"
     "INPUT\"}}]}"},
    {"query @asOf(time: 5) { users { name } }", NULL,
     "{\"errors\":[{\"message\":\"asOf: \\\"time\\\" must be a date and "
     "time\",\"locations\":[{\"line\":1,\"column\":7}],\"extensions\":{\"code\":\"BAD_USER_"
     "INPUT\"}}]}"},
    {"query @asOf(time: \"2999-01-01T00:00:00Z\") { users { name } }", NULL,
     "{\"errors\":[{\"message\":\"asOf: the time lies "
     "ahead\",\"locations\":[{\"line\":1,\"column\":7}],\"extensions\":{\"code\":\"BAD_USER_"
     "INPUT\"}}]}"},
    {"query ($a: AsOf) { users(asOf: $a) { name } }", "{\"a\": {\"seq\": null}}",
     "{\"errors\":[{\"message\":\"Variable \\\"$a\\\" has invalid value at .seq: Within OneOf "
     "Input Object type \\\"AsOf\\\", exactly one field must be specified, and the value for "
     "that field must be "
     "non-null.\",\"locations\":[{\"line\":1,\"column\":8}],\"extensions\":{\"code\":\"BAD_"
     "USER_INPUT\"}}]}"},
    {"query @asOf(time: \"yesterday\") { users { name } }", NULL,
     "{\"errors\":[{\"message\":\"asOf: \\\"yesterday\\\" is not a DateTime: it is written "
     "2026-01-31T23:59:59.123456Z\",\"locations\":[{\"line\":1,\"column\":7}],\"extensions\":{"
     "\"code\":\"BAD_USER_INPUT\"}}]}"},
    {"{ user(id: \"u1\", asOf: {seq: 9}) { name } b: user(id: \"u2\") { name } }", NULL,
     "{\"data\":{\"user\":null,\"b\":{\"name\":\"Bob\"}},\"errors\":[{\"message\":\"asOf: "
     "sequence 9 lies beyond the head, "
     "8\",\"locations\":[{\"line\":1,\"column\":3}],\"path\":[\"user\"],\"extensions\":{"
     "\"code\":\"BAD_USER_INPUT\",\"coordinate\":\"Query.user\"}}]}"},
    {"{ users(asOf: {seq: 1.5}) { name } }", NULL,
     "{\"data\":null,\"errors\":[{\"message\":\"asOf: \\\"1.5\\\" is not a whole "
     "number\",\"locations\":[{\"line\":1,\"column\":3}],\"path\":[\"users\"],\"extensions\":{"
     "\"code\":\"BAD_USER_INPUT\",\"coordinate\":\"Query.users\"}}]}"},
    {"{ users(asOf: {time: \"2999-01-01T00:00:00Z\"}) { name } }", NULL,
     "{\"data\":null,\"errors\":[{\"message\":\"asOf: the time lies "
     "ahead\",\"locations\":[{\"line\":1,\"column\":3}],\"path\":[\"users\"],\"extensions\":{"
     "\"code\":\"BAD_USER_INPUT\",\"coordinate\":\"Query.users\"}}]}"},
    {"{ users(asOf: {}) { name } }", NULL,
     "{\"errors\":[{\"message\":\"Within OneOf Input Object type \\\"AsOf\\\", exactly one "
     "field must be specified, and the value for that field must be "
     "non-null.\",\"locations\":[{\"line\":1,\"column\":15}],\"extensions\":{\"code\":"
     "\"GRAPHQL_VALIDATION_FAILED\",\"rule\":\"ValuesOfCorrectTypeRule\"}}]}"},
    {"{ users(asOf: {seq: 1, time: \"1999-12-31T23:00:00Z\"}) { name } }", NULL,
     "{\"errors\":[{\"message\":\"Within OneOf Input Object type \\\"AsOf\\\", exactly one "
     "field must be specified, and the value for that field must be "
     "non-null.\",\"locations\":[{\"line\":1,\"column\":15}],\"extensions\":{\"code\":"
     "\"GRAPHQL_VALIDATION_FAILED\",\"rule\":\"ValuesOfCorrectTypeRule\"}}]}"},
    {"query ($s: BigInt) { users(asOf: {seq: $s}) { name } }", "{}",
     "{\"errors\":[{\"message\":\"Variable \\\"$s\\\" is of type \\\"BigInt\\\" but must be "
     "non-nullable to be used for OneOf Input Object "
     "\\\"AsOf\\\".\",\"locations\":[{\"line\":1,\"column\":8},{\"line\":1,\"column\":40}],"
     "\"extensions\":{\"code\":\"GRAPHQL_VALIDATION_FAILED\",\"rule\":"
     "\"VariablesInAllowedPositionRule\"}}]}"},
    {"{ notes(asOf: {seq: 1}) { text } }", NULL,
     "{\"errors\":[{\"message\":\"Unknown argument \\\"asOf\\\" on field "
     "\\\"Query.notes\\\".\",\"locations\":[{\"line\":1,\"column\":9}],\"extensions\":{"
     "\"code\":\"GRAPHQL_VALIDATION_FAILED\",\"rule\":\"KnownArgumentNamesRule\"}}]}"},
    {"{ papers(asOf: {seq: 3}) { __typename } }", NULL,
     "{\"errors\":[{\"message\":\"Unknown argument \\\"asOf\\\" on field "
     "\\\"Query.papers\\\".\",\"locations\":[{\"line\":1,\"column\":10}],\"extensions\":{"
     "\"code\":\"GRAPHQL_VALIDATION_FAILED\",\"rule\":\"KnownArgumentNamesRule\"}}]}"},
    {"mutation @asOf(seq: 1) { deleteUser(id: \"u1\") { id } }", NULL,
     "{\"errors\":[{\"message\":\"Directive \\\"@asOf\\\" may not be used on "
     "MUTATION.\",\"locations\":[{\"line\":1,\"column\":10}],\"extensions\":{\"code\":"
     "\"GRAPHQL_VALIDATION_FAILED\",\"rule\":\"KnownDirectivesRule\"}}]}"},
    {"{ userHistory(id: \"u1\", limit: -1) { op } }", NULL,
     "{\"data\":null,\"errors\":[{\"message\":\"\\\"limit\\\" must not be "
     "negative\",\"locations\":[{\"line\":1,\"column\":3}],\"path\":[\"userHistory\"],"
     "\"extensions\":{\"code\":\"BAD_USER_INPUT\",\"coordinate\":\"Query.userHistory\"}}]}"},
    {"{ userHistory(id: \"u1\", offset: -1) { op } }", NULL,
     "{\"data\":null,\"errors\":[{\"message\":\"\\\"offset\\\" must not be "
     "negative\",\"locations\":[{\"line\":1,\"column\":3}],\"path\":[\"userHistory\"],"
     "\"extensions\":{\"code\":\"BAD_USER_INPUT\",\"coordinate\":\"Query.userHistory\"}}]}"},
    {"{ users { history(limit: -1) { op } } }", NULL,
     "{\"data\":null,\"errors\":[{\"message\":\"\\\"limit\\\" must not be "
     "negative\",\"locations\":[{\"line\":1,\"column\":11}],\"path\":[\"users\",0,\"history\"],"
     "\"extensions\":{\"code\":\"BAD_USER_INPUT\",\"coordinate\":\"User.history\"}}]}"},
};

static const exchange versions[] = {
    {"{ userHistory(id: \"u1\") { seq op node { name posts { id } shout } } }", NULL,
     "{\"data\":{\"userHistory\":[{\"seq\":\"8\",\"op\":\"DELETE\",\"node\":null},{\"seq\":"
     "\"7\",\"op\":\"UPDATE\",\"node\":{\"name\":\"Ida\",\"posts\":[{\"id\":\"p2\"}],\"shout\":"
     "\"2\"}},{\"seq\":\"2\",\"op\":\"UPDATE\",\"node\":{\"name\":\"Eva\",\"posts\":[{\"id\":"
     "\"p1\"}],\"shout\":\"1\"}},{\"seq\":\"1\",\"op\":\"INSERT\",\"node\":{\"name\":\"Ada\","
     "\"posts\":[{\"id\":\"p1\"}],\"shout\":\"1\"}}]}}"},
    {"{ userHistory(id: \"u1\", limit: 1, offset: 1) { op a: node { name } b: node { posts { "
     "title } } } }",
     NULL,
     "{\"data\":{\"userHistory\":[{\"op\":\"UPDATE\",\"a\":{\"name\":\"Ida\"},\"b\":{\"posts\":"
     "[{\"title\":\"B\"}]}}]}}"},
    {"{ userHistory(id: \"u1\", limit: 0) { op } b: userHistory(id: \"none\") { op } c: "
     "userHistory(id: \"u1\", offset: 9) { op } }",
     NULL, "{\"data\":{\"userHistory\":[],\"b\":[],\"c\":[]}}"},
    {"query @asOf(seq: 3) { user(id: \"u1\") { name history { seq node { name posts { title "
     "history { seq op node { title author { name } } } } } } } userHistory(id: \"u1\") { seq "
     "} }",
     NULL,
     "{\"data\":{\"user\":{\"name\":\"Eva\",\"history\":[{\"seq\":\"2\",\"node\":{\"name\":"
     "\"Eva\",\"posts\":[{\"title\":\"A\",\"history\":[{\"seq\":\"1\",\"op\":\"INSERT\","
     "\"node\":{\"title\":\"A\",\"author\":{\"name\":\"Ada\"}}}]}]}},{\"seq\":\"1\",\"node\":{"
     "\"name\":\"Ada\",\"posts\":[{\"title\":\"A\",\"history\":[{\"seq\":\"1\",\"op\":"
     "\"INSERT\",\"node\":{\"title\":\"A\",\"author\":{\"name\":\"Ada\"}}}]}]}}]},"
     "\"userHistory\":[{\"seq\":\"2\"},{\"seq\":\"1\"}]}}"},
    {"{ posts(asOf: {seq: 3}) { id history { __typename ...V } } } fragment V on PostVersion { "
     "seq node { title ... on Post { author { history { seq } } } } }",
     NULL,
     "{\"data\":{\"posts\":[{\"id\":\"p1\",\"history\":[{\"__typename\":\"PostVersion\","
     "\"seq\":\"1\",\"node\":{\"title\":\"A\",\"author\":{\"history\":[{\"seq\":\"1\"}]}}}]},{"
     "\"id\":\"p2\",\"history\":[{\"__typename\":\"PostVersion\",\"seq\":\"3\",\"node\":{"
     "\"title\":\"B\",\"author\":{\"history\":[{\"seq\":\"2\"},{\"seq\":\"1\"}]}}}]}]}}"},
};

static const exchange introspected[] = {
    {"{ __type(name: \"UserVersion\") { kind fields { name type { kind name ofType { kind name "
     "} } } } a: __type(name: \"AsOf\") { kind isOneOf inputFields { name type { name } } } o: "
     "__type(name: \"ChangeOp\") { enumValues { name } } v: __type(name: \"NoteVersion\") { "
     "name } }",
     NULL,
     "{\"data\":{\"__type\":{\"kind\":\"OBJECT\",\"fields\":[{\"name\":\"seq\",\"type\":{"
     "\"kind\":\"NON_NULL\",\"name\":null,\"ofType\":{\"kind\":\"SCALAR\",\"name\":\"BigInt\"}}"
     "},{\"name\":\"op\",\"type\":{\"kind\":\"NON_NULL\",\"name\":null,\"ofType\":{\"kind\":"
     "\"ENUM\",\"name\":\"ChangeOp\"}}},{\"name\":\"validFrom\",\"type\":{\"kind\":\"NON_"
     "NULL\",\"name\":null,\"ofType\":{\"kind\":\"SCALAR\",\"name\":\"DateTime\"}}},{\"name\":"
     "\"validTo\",\"type\":{\"kind\":\"SCALAR\",\"name\":\"DateTime\",\"ofType\":null}},{"
     "\"name\":\"node\",\"type\":{\"kind\":\"OBJECT\",\"name\":\"User\",\"ofType\":null}}]},"
     "\"a\":{\"kind\":\"INPUT_OBJECT\",\"isOneOf\":true,\"inputFields\":[{\"name\":\"seq\","
     "\"type\":{\"name\":\"BigInt\"}},{\"name\":\"time\",\"type\":{\"name\":\"DateTime\"}}]},"
     "\"o\":{\"enumValues\":[{\"name\":\"INSERT\"},{\"name\":\"UPDATE\"},{\"name\":\"DELETE\"}]"
     "},\"v\":null}}"},
    {"{ __schema { directives { name args { name type { name } } locations } } }", NULL,
     "{\"data\":{\"__schema\":{\"directives\":[{\"name\":\"asOf\",\"args\":[{\"name\":\"seq\","
     "\"type\":{\"name\":\"BigInt\"}},{\"name\":\"time\",\"type\":{\"name\":\"DateTime\"}}],"
     "\"locations\":[\"QUERY\"]},{\"name\":\"include\",\"args\":[{\"name\":\"if\",\"type\":{"
     "\"name\":null}}],\"locations\":[\"FIELD\",\"FRAGMENT_SPREAD\",\"INLINE_FRAGMENT\"]},{"
     "\"name\":\"skip\",\"args\":[{\"name\":\"if\",\"type\":{\"name\":null}}],\"locations\":["
     "\"FIELD\",\"FRAGMENT_SPREAD\",\"INLINE_FRAGMENT\"]},{\"name\":\"deprecated\",\"args\":[{"
     "\"name\":\"reason\",\"type\":{\"name\":null}}],\"locations\":[\"FIELD_DEFINITION\","
     "\"ARGUMENT_DEFINITION\",\"INPUT_FIELD_DEFINITION\",\"ENUM_VALUE\",\"DIRECTIVE_"
     "DEFINITION\"]},{\"name\":\"specifiedBy\",\"args\":[{\"name\":\"url\",\"type\":{\"name\":"
     "null}}],\"locations\":[\"SCALAR\"]},{\"name\":\"oneOf\",\"args\":[],\"locations\":["
     "\"INPUT_OBJECT\"]}]}}}"},
    {"{ __type(name: \"User\") { fields { name args { name } } } }", NULL,
     "{\"data\":{\"__type\":{\"fields\":[{\"name\":\"id\",\"args\":[]},{\"name\":\"name\","
     "\"args\":[]},{\"name\":\"posts\",\"args\":[{\"name\":\"where\"},{\"name\":\"orderBy\"},{"
     "\"name\":\"limit\"},{\"name\":\"offset\"}]},{\"name\":\"shout\",\"args\":[]},{\"name\":"
     "\"history\",\"args\":[{\"name\":\"limit\"},{\"name\":\"offset\"}]}]}}}"},
};

static void exact_answers(void)
{
    run_shop(shown, FIXTURE_COUNT(shown));
    run_shop(refused, FIXTURE_COUNT(refused));
    run_shop(versions, FIXTURE_COUNT(versions));
    run_shop(introspected, FIXTURE_COUNT(introspected));
}

static void missing_history(void)
{
    static const exchange flushed[] = {
        {"query @asOf(seq: 7) { notes { text } users { name } }", NULL,
         "{\"data\":null,\"errors\":[{\"message\":\"Note keeps no history, sequence 7 is past\","
         "\"locations\":[{\"line\":1,\"column\":23}],\"path\":[\"notes\"],\"extensions\":{\"code\":"
         "\"HISTORY_PRUNED\",\"coordinate\":\"Query.notes\"}}]}"},
        {"query @asOf(seq: 7) { users { name } note(id: \"n\") { text } }", NULL,
         "{\"data\":{\"users\":[{\"name\":\"Ida\"},{\"name\":\"Bob\"}],\"note\":null},\"errors\":[{"
         "\"message\":\"Note keeps no history, sequence 7 is "
         "past\",\"locations\":[{\"line\":1,\"column\":38}],\"path\":[\"note\"],\"extensions\":{"
         "\"code\":\"HISTORY_PRUNED\",\"coordinate\":\"Query.note\"}}]}"},
        {"query @asOf(seq: 8) { notes { text } }", NULL,
         "{\"data\":{\"notes\":[{\"text\":\"x\"}]}}"},
    };
    fixture f = {0};

    open_shop(&f);
    CU_ASSERT_EQUAL(sgc_db_flush(f.db), SGC_OK);
    fixture_run(&f, flushed, FIXTURE_COUNT(flushed));
    fixture_close(&f);
}

/* What a mutation shows of histories is what was committed before it. */
static void history_in_mutations(void)
{
    static const exchange list[] = {
        {"mutation { a: updateUser(id: \"u2\", set: {name: \"Rob\"}) { name history { seq op node "
         "{ "
         "name posts { id } shout } } } b: updateUser(id: \"u2\", set: {name: \"Job\"}) { name } }",
         NULL,
         "{\"data\":{\"a\":{\"name\":\"Rob\",\"history\":[{\"seq\":\"5\",\"op\":\"INSERT\","
         "\"node\":{\"name\":\"Bob\",\"posts\":[],\"shout\":\"2\"}}]},\"b\":{\"name\":\"Job\"}}}"},
        {"mutation { createPost(input: {id: \"p3\", title: \"C\", author: {connect: \"u2\"}}) { "
         "history { seq } author { history(limit: 1) { seq node { name posts { id } } } } } }",
         NULL,
         "{\"data\":{\"createPost\":{\"history\":[],\"author\":{\"history\":[{\"seq\":\"9\","
         "\"node\":{\"name\":\"Job\",\"posts\":[]}}]}}}}"},
        {"mutation { deleteUser(id: \"u2\") { history { seq node { posts { id } } } posts { "
         "history "
         "{ op node { author { name } } } } } }",
         NULL,
         "{\"data\":{\"deleteUser\":{\"history\":[{\"seq\":\"9\",\"node\":{\"posts\":[]}},{\"seq\":"
         "\"5\",\"node\":{\"posts\":[]}}],\"posts\":[{\"history\":[{\"op\":\"INSERT\",\"node\":{"
         "\"author\":{\"name\":\"Job\"}}}]}]}}}"},
        {"{ userHistory(id: \"u2\") { seq op node { name posts { id } } } }", NULL,
         "{\"data\":{\"userHistory\":[{\"seq\":\"11\",\"op\":\"DELETE\",\"node\":null},{\"seq\":"
         "\"9\",\"op\":\"UPDATE\",\"node\":{\"name\":\"Job\",\"posts\":[]}},{\"seq\":\"5\",\"op\":"
         "\"INSERT\",\"node\":{\"name\":\"Bob\",\"posts\":[]}}]}}"},
    };
    fixture f = {0};

    open_shop(&f);
    fixture_run(&f, list, FIXTURE_COUNT(list));
    fixture_close(&f);
}

/* ---- sizes ---- */

enum { MANY = 1100 };

static sgc_txn_stats seen;

static sgc_status probe(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    (void)error;
    sgc_txn_get_stats(call->txn, &seen);
    sgc_buf_text(json, "0");
    return SGC_OK;
}

/* One row with many versions. */
static void limits(void)
{
    static const exchange list[] = {
        {"{ userHistory(id: \"u2\", limit: 2) { seq } now }", NULL,
         "{\"data\":{\"userHistory\":[{\"seq\":\"1108\"},{\"seq\":\"1107\"}],\"now\":0}}"},
        {"{ user(id: \"u2\") { history(limit: 1, offset: 3) { node { name posts { id } } } } now }",
         NULL,
         "{\"data\":{\"user\":{\"history\":[{\"node\":{\"name\":\"n1096\",\"posts\":[]}}]},"
         "\"now\":0}}"},
    };
    fixture f = {0};
    char text[120];

    open_shop(&f);
    f.resolvers[0].resolve = f.resolvers[1].resolve = probe;
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof text,
                 "mutation { updateUser(id: \"u2\", set: {name: \"n%d\"}) { id } }", i);
        fixture_ask(&f, text, NULL);
        if (i == MANY / 2) CU_ASSERT_EQUAL(sgc_db_flush(f.db), SGC_OK);
    }
    for (size_t i = 0; i < FIXTURE_COUNT(list); i++) {
        fixture_run(&f, &list[i], 1);
        CU_ASSERT_TRUE(seen.rows_read > 0 && seen.rows_read < 12);
    }
    UNIT_STR(
        fixture_ask(&f, "{ userHistory(id: \"u2\") { node { posts { id } } } }", NULL),
        "{\"data\":null,\"errors\":[{\"message\":\"one request reads 1000 moments at most: ask for "
        "fewer versions at a "
        "time\",\"locations\":[{\"line\":1,\"column\":3}],\"path\":[\"userHistory\"],"
        "\"extensions\":{\"code\":\"LIMIT_EXCEEDED\",\"coordinate\":\"Query.userHistory\"}}]}");
    sgc_str all = fixture_ask(&f, "{ userHistory(id: \"u2\") { node { name } } }", NULL);
    CU_ASSERT_TRUE(all.size > MANY * 20 && !fixture_contains(all, "errors"));
    fixture_close(&f);
}

/* Versions behind the horizon of a table are gone; what is kept is shown. */
static void pruned(void)
{
    static const char kept_an_hour[] = "type Page @table(retain: \"1h\") { id: ID! @id(generate: "
                                       "NONE) text: String links: [Page!]! }\n";
    static const exchange list[] = {
        {"{ pages(asOf: {seq: 1}) { text } }", NULL,
         "{\"data\":null,\"errors\":[{\"message\":\"the history of Page is kept from sequence 3 "
         "on, not at "
         "1\",\"locations\":[{\"line\":1,\"column\":3}],\"path\":[\"pages\"],\"extensions\":{"
         "\"code\":\"HISTORY_PRUNED\",\"coordinate\":\"Query.pages\"}}]}"},
        {"query @asOf(seq: 1) { page(id: \"p\") { text } pageHistory(id: \"p\") { seq } }", NULL,
         "{\"data\":null,\"errors\":[{\"message\":\"the history of Page is kept from sequence 3 "
         "on, not at "
         "1\",\"locations\":[{\"line\":1,\"column\":23}],\"path\":[\"page\"],\"extensions\":{"
         "\"code\":\"HISTORY_PRUNED\",\"coordinate\":\"Query.page\"}},{\"message\":\"the history "
         "of Page is kept from sequence 3 on, not at "
         "1\",\"locations\":[{\"line\":1,\"column\":46}],\"path\":[\"pageHistory\"],\"extensions\":"
         "{\"code\":\"HISTORY_PRUNED\",\"coordinate\":\"Query.pageHistory\"}}]}"},
        {"{ pageHistory(id: \"p\") { seq validTo node { text } } }", NULL,
         "{\"data\":{\"pageHistory\":[{\"seq\":\"5\",\"validTo\":null,\"node\":{\"text\":\"5\"}},{"
         "\"seq\":\"4\",\"validTo\":\"2023-11-15T00:43:20Z\",\"node\":{\"text\":\"4\"}},{\"seq\":"
         "\"3\",\"validTo\":\"2023-11-15T00:13:20Z\",\"node\":{\"text\":\"3\"}}]}}"},
        {"{ pageHistory(id: \"p\") { seq node { text links { id } } } }", NULL,
         "{\"data\":{\"pageHistory\":[{\"seq\":\"5\",\"node\":{\"text\":\"5\",\"links\":[]}},{"
         "\"seq\":\"4\",\"node\":{\"text\":\"4\",\"links\":[]}},{\"seq\":\"3\",\"node\":{\"text\":"
         "\"3\",\"links\":[]}}]}}"},
        {"{ a: page(id: \"p\", asOf: {seq: 4}) { text } b: page(id: \"p\", asOf: {seq: 0}) { text "
         "} }",
         NULL, "{\"data\":{\"a\":{\"text\":\"4\"},\"b\":null}}"},
    };
    fixture f = {0};
    sgc_memory_os *memory = NULL;
    uint64_t clock = 1700000000000000;
    char text[120];

    CU_ASSERT_TRUE_FATAL(fixture_open(&f, kept_an_hour));
    CU_ASSERT_EQUAL(sgc_db_close(f.db), SGC_OK);
    f.db = NULL;
    CU_ASSERT_EQUAL_FATAL(sgc_memory_os_create(&memory), SGC_OK);
    sgc_db_options options = {.os = sgc_memory_os_table(memory), .log_segment_bytes = 1 << 20};
    sgc_memory_os_set_time(memory, clock);
    CU_ASSERT_EQUAL_FATAL(sgc_db_open("data", &f.schema, &options, &f.db, NULL), SGC_OK);
    for (int i = 1; i <= 5; i++) {
        sgc_memory_os_set_time(memory, clock += 1800000000);
        snprintf(text, sizeof text,
                 "mutation { upsertPage(input: {id: \"p\", text: \"%d\"}) { id } }", i);
        fixture_ask(&f, text, NULL);
    }
    CU_ASSERT_EQUAL(sgc_db_flush(f.db), SGC_OK);
    CU_ASSERT_EQUAL(sgc_db_compact(f.db, NULL), SGC_OK);
    fixture_run(&f, list, FIXTURE_COUNT(list));
    fixture_close(&f);
    sgc_memory_os_destroy(memory);
}

/* ---- names that the SDL has ---- */

static void check_sdl(const char *own, const char *const has[], const char *const has_not[])
{
    fixture f = {0};

    CU_ASSERT_TRUE_FATAL(fixture_open(&f, own));
    sgc_str all = sgc_api_sdl(f.api);
    for (size_t i = 0; has[i]; i++) {
        if (!fixture_contains(all, has[i])) printf("\n    lacks <%s>\n", has[i]);
        CU_ASSERT_TRUE(fixture_contains(all, has[i]));
    }
    for (size_t i = 0; has_not[i]; i++) {
        if (fixture_contains(all, has_not[i])) printf("\n    has <%s>\n", has_not[i]);
        CU_ASSERT_FALSE(fixture_contains(all, has_not[i]));
    }
    fixture_close(&f);
}
#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void declared_names(void)
{
    check_sdl("type A { id: ID! x: Int }",
              LIST("  history(limit: Int, offset: Int): [AVersion!]!\n",
                   "  aHistory(id: ID!, limit: Int, offset: Int): [AVersion!]!\n",
                   "  a(id: ID!, asOf: AsOf): A\n", "input AsOf @oneOf {", "enum ChangeOp {",
                   "directive @asOf(seq: BigInt, time: DateTime) on QUERY\n", "scalar BigInt\n",
                   "scalar DateTime\n"),
              LIST("subscription"));
    check_sdl("type A @table(history: false) { id: ID! x: Int }", LIST("  a(id: ID!): A\n"),
              LIST("istory", "AsOf", "asOf", "ChangeOp", "AVersion"));
    check_sdl("type A { id: ID! asOf: AsOf } enum AsOf { NOW THEN }",
              LIST("  a(id: ID!): A\n", "[AVersion!]!", "directive @asOf"),
              LIST("input AsOf {", "asOf:  "));
    check_sdl("type A { id: ID! op: ChangeOp } enum ChangeOp { MORE LESS }",
              LIST("  a(id: ID!, asOf: AsOf): A\n"), LIST("istory", "AVersion", "INSERT"));
    check_sdl("type A { id: ID! history: String }",
              LIST("  history: String\n", "  aHistory(id: ID!, limit"), LIST("history("));
    check_sdl("type A { id: ID! now: AVersion } type AVersion { major: Int }",
              LIST("  a(id: ID!, asOf: AsOf): A\n", "  major: Int\n"),
              LIST("istory", "seq: BigInt!"));
    check_sdl("type A @generate(query: false) { id: ID! x: Int } type B { id: ID! as: [A!]! }",
              LIST("  history(limit: Int, offset: Int): [AVersion!]!\n"), LIST("aHistory"));
    check_sdl("type Query { aHistory(n: Int): Int } type A { id: ID! x: Int }",
              LIST("  aHistory(\n    n: Int\n  ): Int\n", "  history(limit"), LIST("aHistory(id"));
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"exact answers", exact_answers},
        {"tables without history", missing_history},
        {"histories in mutations", history_in_mutations},
        {"one row of many versions", limits},
        {"behind the horizon", pruned},
        {"names that the SDL declares", declared_names},
        CU_TEST_INFO_NULL,
    };
    return unit_run("graphql.moments", tests);
}
