/*
 * test_noise.c - documents and variables put together at random from pieces of the language:
 * whatever they are, the answer is one JSON object, and what was refused changed nothing.
 */
#include "unit/graphql/fixture.h"

enum { ROUNDS = 20000, PIECES_MAX = 40 };

static const char sdl[] =
    "enum Role { ADMIN USER } interface Named { id: ID! name: String }\n"
    "type User implements Named { id: ID! name: String age: Int @index role: Role posts: [Post!]! "
    "at: DateTime big: BigInt home: Home tags: [String!] }\n"
    "type Home { street: String! }\n"
    "type Post implements Named { id: ID! name: String author: User! }\n";

static const char *const pieces[] = {
    "{", "}", "{", "}", "(", ")", "[", "]", ":", ",", "$a", "$b", "!", "...", "on", "=", "@",
    "query", "mutation", "fragment", "F", "F", "users", "user", "posts", "nameds", "author", "id",
    "id", "name", "age", "role", "at", "big", "home", "street", "tags", "where", "orderBy", "limit",
    "offset", "eq", "ne", "in", "gt", "has", "some", "every", "count", "and", "or", "not", "null",
    "true", "ADMIN", "ASC", "1", "-2", "3.5", "99999999999", "\"x\"", "\"2024-01-01T00:00:00Z\"",
    "User", "Post", "Named", "ID", "Int", "UserWhere", "createUser", "updateUsers", "deletePost",
    "upsertUser", "input", "set", "inc", "create", "connect", "__typename", "__schema", "types",
    "@skip(if: $a)", "@include(if: true)", "#", "\n", "\"\"\"", "\\", "\xC3\xA4", "head",
    /* whole phrases, so that some of it gets far */
    "{ users { id } }", "{ id name }", "...F", "fragment F on User { id posts { id } }",
    "query ($a: Int, $b: UserWhere)", "(where: {age: {gt: $a}})", "(where: $b)", "(id: \"x\")",
    "(orderBy: [{age: DESC}], limit: $a)", "{ users(where: $b) { id posts { author { id } } } }",
    "{ nameds { id ... on User { age } ... on Post { author { id } } } }",
    "{ history { seq op node { id posts { id } } validTo } }", "history(limit: 2)",
    "query @asOf(seq: $a)", "query @asOf(seq: 1)", "(asOf: {seq: 0})", "(asOf: {seq: $a})",
    "{ userHistory(id: \"x\") { seq node { posts { history { op } } } } }", "@asOf",
    "time:", "mutation { createUser(input: {name: \"n\", age: $a}) { id } }",
    "mutation { upsertUser(input: {id: \"x\", posts: {create: [{name: \"p\"}]}}) { posts { id } } "
    "}",
    "mutation { updateUsers(where: {id: {eq: \"x\"}}, set: {age: 1}) { affected nodes { id } } }"};

static const char *const variables[] = {
    NULL,
    "{}",
    "{\"a\": 1}",
    "{\"a\": null, \"b\": {\"age\": {\"gt\": 0}}}",
    "{\"a\": \"x\"}",
    "{\"b\": {\"or\": [{\"name\": {\"like\": \"%\\\\\"}}, {}]}}",
    "{\"b\": [1]}",
    "{\"a\": true, \"b\": {\"posts\": {\"some\": {\"author\": {\"age\": {\"in\": [1, 2]}}}}}}"};

static uint64_t state = 20261121;
static size_t roll(size_t n)
{
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (size_t)(state >> 33) % n;
}

static void make_document(sgc_buf *out)
{
    size_t count = 1 + roll(roll(3) ? 6 : PIECES_MAX);

    out->size = 0;
    for (size_t i = 0; i < count; i++) {
        const char *piece = pieces[roll(FIXTURE_COUNT(pieces))];
        sgc_buf_text(out, piece);
        if (roll(12)) sgc_buf_byte(out, ' ');
    }
    if (roll(20) == 0 && out->size) out->data[roll(out->size)] = (char)(1 + roll(255));
    sgc_buf_byte(out, '\0');
}

static void check_answer(fixture *f, sgc_str answer, const char *query)
{
    sgc_arena arena = {0};
    sgc_json *json = NULL;
    sgc_error error = {.text = ""};
    sgc_status status = sgc_json_parse(answer, &arena, &json, &error);
    bool data = sgc_json_member(json, "data") != NULL;
    bool errors = sgc_json_member(json, "errors") != NULL;
    bool good = status == SGC_OK && (data || errors) && data == (f->answer == SGC_ANSWER_DATA);

    if (!good)
        printf("\n    <%s>: %d <" SGC_FMT "> %s", query, f->answer, SGC_ARG(answer), error.text);
    CU_ASSERT_TRUE(good);
    sgc_arena_free(&arena);
}

static void noise_is_answered(void)
{
    fixture f = {0};
    sgc_buf query = {0};
    size_t kinds[8] = {0};

    CU_ASSERT_TRUE_FATAL(fixture_open(&f, sdl));
    for (unsigned i = 0; i < ROUNDS; i++) {
        make_document(&query);
        sgc_str answer = fixture_ask(&f, query.data, variables[roll(FIXTURE_COUNT(variables))]);
        check_answer(&f, answer, query.data);
        kinds[f.answer]++;
    }
    /* All ways out were taken. */
    CU_ASSERT_TRUE(kinds[SGC_ANSWER_DATA] > 100);
    CU_ASSERT_TRUE(kinds[SGC_ANSWER_SYNTAX] > 1000);
    CU_ASSERT_TRUE(kinds[SGC_ANSWER_INVALID] > 100);
    CU_ASSERT_EQUAL(kinds[SGC_ANSWER_FAILED], 0);
    sgc_buf_free(&query);
    fixture_close(&f);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"noise is answered", noise_is_answered},
        CU_TEST_INFO_NULL,
    };
    return unit_run("graphql.noise", tests);
}
