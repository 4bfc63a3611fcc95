/*
 * test_scale.c - 100,000 rows: what a request reads is what it asks for, shown by the counters of
 * its transaction, and hostile or unlucky requests stay bounded.
 */
#include "query/query.h"
#include "unit/graphql/fixture.h"

enum { USERS = 20000, POSTS_EACH = 4 };

static const char sdl[] =
    "type User { id: ID! email: String! @unique age: Int! @index name: String! posts: [Post!]! }\n"
    "type Post @compositeIndex(fields: [\"lat\", \"lng\"]) {\n"
    "  id: ID! title: String! score: Int! @index lat: Int! lng: Int! author: User! }\n"
    "type Query { probe: String @resolver(fn: \"probe\") }\n";

static fixture shared;

/* ---- rows: straight through the transaction, to be quick ---- */

static sgc_value text_of(const char *text)
{
    return (sgc_value){.kind = SGC_KIND_ID, .as.text = sgc_str_from(text)};
}

static sgc_value int_of(int64_t number)
{
    return (sgc_value){.kind = SGC_KIND_INT, .as.integer = number};
}

typedef struct cell {
    const char *field;
    sgc_value value;
} cell;

static sgc_status insert(sgc_txn *txn, const char *type, const cell *cells, size_t count)
{
    uint16_t table = sgc_schema_table(&shared.schema, sgc_str_from(type));
    const sgc_table *model = &shared.schema.tables[table];
    sgc_value values[8];
    sgc_buf record = {0};
    sgc_key key;

    for (size_t i = 0; i < count; i++) {
        uint16_t field = sgc_table_field(model, sgc_str_from(cells[i].field));
        uint16_t slot = model->fields[field].slot;
        values[slot] = cells[i].value;
        values[slot].kind = model->layout.slots[slot].kind;
    }
    sgc_status status = sgc_record_pack(&model->layout, values, &record);
    if (status == SGC_OK) status = sgc_record_key(model, sgc_buf_as_str(&record), &key);
    if (status == SGC_OK)
        status = sgc_row_insert(txn, table, sgc_key_str(&key), sgc_buf_as_str(&record));
    sgc_buf_free(&record);
    return status;
}

static sgc_status insert_user(sgc_txn *txn, int i)
{
    char id[16], email[32], post[32];

    snprintf(id, sizeof id, "u%05d", i);
    snprintf(email, sizeof email, "user%d@x", i);
    cell user[] = {{"id", text_of(id)},
                   {"email", text_of(email)},
                   {"age", int_of(i % 10000)},
                   {"name", text_of("someone")}};
    sgc_status status = insert(txn, "User", user, 4);
    for (int p = 0; p < POSTS_EACH && status == SGC_OK; p++) {
        snprintf(post, sizeof post, "p%05d-%d", i, p);
        cell row[] = {{"id", text_of(post)},   {"title", text_of(p % 2 ? "odd" : "even")},
                      {"score", int_of(p)},    {"lat", int_of(i / 2)}, /* eight posts each */
                      {"lng", int_of(10 - p)}, {"authorId", text_of(id)}};
        status = insert(txn, "Post", row, 6);
    }
    return status;
}

static bool fill(void)
{
    sgc_status status = SGC_OK;

    for (int i = 0; i < USERS && status == SGC_OK;) {
        sgc_txn *txn = NULL;
        status = sgc_begin(shared.db, &txn);
        for (int n = 0; n < 1000 && i < USERS && status == SGC_OK; n++)
            status = insert_user(txn, i++);
        if (status == SGC_OK) status = sgc_commit(&txn, NULL);
        sgc_abort(&txn);
    }
    if (status == SGC_OK) status = sgc_db_flush(shared.db);
    if (status != SGC_OK) printf("\n%s\n", sgc_status_text(status));
    return status == SGC_OK;
}

/* ---- counters: a resolver that is asked last looks at its own transaction ---- */

static sgc_txn_stats seen;

static sgc_status probe(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    (void)error;
    sgc_txn_get_stats(call->txn, &seen);
    sgc_json_null(json);
    return SGC_OK;
}

/* rows: so many records were fetched; entries: at most so many were stepped over; found: how often
   "id" stands in the answer. */
typedef struct reading {
    const char *query;
    uint64_t rows, entries;
    size_t found;
} reading;

static size_t count_ids(sgc_str answer)
{
    size_t count = 0;

    for (size_t i = 0; i + 5 < answer.size; i++)
        count += memcmp(answer.data + i, "\"id\":", 5) == 0;
    return count;
}

static void read_exactly(const reading *one)
{
    sgc_buf query = {0};

    sgc_buf_printf(&query, "{ %s probe }", one->query);
    sgc_buf_byte(&query, '\0');
    sgc_str answer = fixture_ask(&shared, query.data, NULL);
    bool good = seen.rows_read == one->rows && seen.entries_read <= one->entries &&
                count_ids(answer) == one->found;
    if (!good)
        printf("\n    %s: %llu rows, %llu entries, %zu ids: %.*s", one->query,
               (unsigned long long)seen.rows_read, (unsigned long long)seen.entries_read,
               count_ids(answer), answer.size < 300 ? (int)answer.size : 300, answer.data);
    CU_ASSERT_TRUE(good);
    sgc_buf_free(&query);
}

static void only_matching_rows_are_read(void)
{
    static const reading list[] = {
        {"user(id: \"u12345\") { id }", 1, 1, 1},
        {"user(id: \"none\") { id }", 0, 1, 0},
        {"userByEmail(email: \"user777@x\") { id }", 1, 2, 1},
        {"users(where: {email: {eq: \"user777@x\"}}) { id }", 1, 2, 1},
        {"users(where: {id: {in: [\"u00001\", \"u00003\", \"none\"]}}) { id }", 2, 3, 2},
        {"users(where: {id: {gte: \"u00100\", lt: \"u00110\"}}) { id }", 10, 11, 10},
        {"users(where: {age: {eq: 77}}) { id }", 2, 3, 2},
        {"users(where: {age: {gte: 100, lt: 105}}) { id }", 10, 11, 10},
        {"users(where: {age: {gt: 9997}}) { id }", 4, 5, 4},
        {"users(where: {or: [{age: {eq: 5}}, {email: {eq: \"user6@x\"}}]}) { id }", 3, 6, 3},
        {"users(where: {age: {in: [1, 2, 3]}}, orderBy: [{age: ASC}]) { id }", 6, 9, 6},
        {"users(where: {and: [{age: {gt: 10}}, {age: {lte: 12}}], name: {eq: \"someone\"}}) { id }",
         4, 5, 4},
        {"users(limit: 7) { id }", 7, 8, 7},
        {"users(limit: 3, offset: 500) { id }", 3, 504, 3},
        {"users(orderBy: [{age: ASC}], limit: 5) { id }", 5, 6, 5},
        {"users(orderBy: [{age: DESC}], limit: 5) { id }", 7, 8, 5},
        {"users(orderBy: [{email: DESC}], limit: 5) { id }", 5, 6, 5},
        {"users(where: {age: {gte: 5000}}, orderBy: [{age: ASC}], limit: 4) { id }", 4, 5, 4},
        /* An index whose first columns are the order: runs of ties are sorted, then it ends. */
        {"posts(orderBy: [{lat: DESC}], limit: 5) { id }", 9, 9, 5},
        {"posts(orderBy: [{lat: ASC}], limit: 5) { id }", 9, 9, 5},
        {"posts(orderBy: [{lat: ASC}, {title: DESC}], limit: 10, offset: 5) { id }", 17, 17, 10},
        {"posts(orderBy: [{lat: DESC}, {lng: ASC}], limit: 9) { id }", 17, 17, 9},
        {"posts(orderBy: [{lat: DESC}, {lng: DESC}], limit: 3) { id }", 5, 5, 3},
        {"posts(orderBy: [{lat: ASC}, {lng: ASC}], limit: 3) { id }", 3, 4, 3},
        {"posts(where: {lat: {gte: 9000}}, orderBy: [{lat: ASC}], limit: 8) { id }", 9, 9, 8},
        {"posts(where: {title: {eq: \"odd\"}}, orderBy: [{lat: DESC}], limit: 2) { id }", 9, 9, 2},
        {"posts(where: {lat: {eq: 7}}, orderBy: [{lng: DESC}], limit: 3) { id }", 5, 5, 3},
        {"user(id: \"u00007\") { id posts { id } }", 5, 6, 5},
        {"user(id: \"u00007\") { id posts(limit: 1) { id } }", 2, 3, 2},
        {"users(limit: 10) { id posts { id author { id } } }", 60, 80, 90},
        {"posts(where: {authorId: {eq: \"u00009\"}}) { id }", 4, 5, 4},
        {"posts(where: {author: {id: {eq: \"u00009\"}}}) { id }", 5, 6, 4},
        {"posts(where: {author: {email: {eq: \"user9@x\"}}}) { id }", 6, 7, 4},
        {"posts(where: {author: {age: {in: [1, 2]}}, score: {gte: 3}}) { id }", 24, 24, 4},
        {"posts(where: {author: {email: {eq: \"nobody\"}}}) { id }", 0, 1, 0},
        {"users(where: {posts: {some: {id: {eq: \"p00044-2\"}}}}) { id }", 6, 7, 1},
        {"users(where: {id: {in: []}}) { id } b: users(where: {or: []}) { id }", 0, 0, 0},
        {"users(where: {id: {eq: \"u00001\"}, posts: {count: {eq: 4}}}) { id }", 1, 7, 1},
    };

    for (size_t i = 0; i < FIXTURE_COUNT(list); i++)
        read_exactly(&list[i]);
}

/* ---- hostile requests ---- */

static void repeat(sgc_buf *out, const char *text, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        sgc_buf_text(out, text);
}

static void ask_hostile(sgc_buf *query, const char *code)
{
    sgc_buf_byte(query, '\0');
    sgc_str answer = fixture_ask(&shared, query->data, NULL);
    sgc_buf_byte(&shared.out, '\0');
    bool refused = strstr(shared.out.data, code) && strncmp(answer.data, "{\"errors\":[", 11) == 0;
    if (!refused) printf("\n    %s: %.300s", code, answer.data);
    CU_ASSERT_TRUE(refused);
    query->size = 0;
}

static void hostile_documents_are_refused(void)
{
    sgc_buf q = {0};

    /* Fragments that double what they ask for. */
    sgc_buf_text(&q, "{ ...F0 }");
    for (int i = 0; i < 40; i++)
        sgc_buf_printf(&q,
                       " fragment F%d on Query { a%d: users { posts { author { id } } } "
                       "b%d: users { ...U%d c: posts { author { ...U%d } } } ...F%d }"
                       " fragment U%d on User { x: posts { author { ...U%d } } y: posts { author { "
                       "...U%d } } }",
                       i, i, i, i, i, i + 1, i, i + 1, i + 1);
    sgc_buf_text(&q, " fragment F40 on Query { head } fragment U40 on User { id }");
    ask_hostile(&q, "LIMIT_EXCEEDED");

    repeat(&q, "{ users { posts { author ", 200);
    ask_hostile(&q, "GRAPHQL_PARSE_FAILED");

    sgc_buf_text(&q, "{ ");
    for (int i = 0; i < 30000; i++)
        sgc_buf_printf(&q, "a%d: head ", i);
    sgc_buf_text(&q, "}");
    ask_hostile(&q, "\"the document opens to more than 20,000 fields\"");

    sgc_buf_text(&q, "{ ");
    repeat(&q, "users { posts { id } } ", 3000);
    sgc_buf_text(&q, "}");
    ask_hostile(&q, "LIMIT_EXCEEDED");

    sgc_buf_text(&q, "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }");
    ask_hostile(&q, "NoFragmentCyclesRule");

    sgc_buf_text(&q, "{ ...F0 }");
    for (int i = 0; i < 5000; i++)
        sgc_buf_printf(&q, " fragment F%d on Query { ...F%d }", i, i + 1);
    sgc_buf_text(&q, " fragment F5000 on Query { head }");
    ask_hostile(&q, "LIMIT_EXCEEDED");

    sgc_buf_text(&q,
                 "{ __schema { types { fields { type { fields { type { fields { name } } } } } } "
                 "} }");
    ask_hostile(&q, "MaxIntrospectionDepthRule");

    sgc_buf_text(&q, "query (");
    for (int i = 0; i < 2000; i++)
        sgc_buf_printf(&q, "$v%d: Int ", i);
    sgc_buf_text(&q, ") { head }");
    ask_hostile(&q, "NoUnusedVariablesRule");

    sgc_buf_text(&q, "{ users(where: ");
    repeat(&q, "{not: ", 450);
    sgc_buf_text(&q, "{}");
    repeat(&q, "}", 450);
    sgc_buf_text(&q, ") { nope } }");
    ask_hostile(&q, "FieldsOnCorrectTypeRule");
    sgc_buf_free(&q);
}

/* users -> posts -> author -> posts ..: the answer grows fourfold with each level. */
static void huge_answers_are_refused(void)
{
    sgc_buf q = {0};

    repeat(&q, "{ posts { author ", 0);
    sgc_buf_text(&q, "{ users(limit: 2000) ");
    repeat(&q, "{ posts { author ", 9);
    sgc_buf_text(&q, "{ id }");
    repeat(&q, " } }", 9);
    sgc_buf_text(&q, " }");
    ask_hostile(&q, "LIMIT_EXCEEDED");
    sgc_buf_free(&q);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"only matching rows are read", only_matching_rows_are_read},
        {"hostile documents are refused", hostile_documents_are_refused},
        {"huge answers are refused", huge_answers_are_refused},
        CU_TEST_INFO_NULL,
    };
    if (!fixture_open(&shared, sdl)) return 1;
    for (uint16_t i = 0; i < shared.schema.resolver_count; i++)
        shared.resolvers[i].resolve = probe;
    if (!fill()) return 1;
    int failed = unit_run("graphql.scale", tests);
    if (sgc_db_close(shared.db) != SGC_OK) failed = 1;
    sgc_api_destroy(shared.api);
    sgc_buf_free(&shared.out);
    sgc_arena_free(&shared.arena);
    return failed;
}
