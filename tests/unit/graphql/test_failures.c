/*
 * test_failures.c - memory that runs out at every allocation of a request, and many threads on one
 * API and one row: nothing half done, nothing lost, nothing leaked.
 */
#include "os/os.h"
#include "unit/graphql/fixture.h"

static const char sdl[] =
    "type User { id: ID! email: String! @unique age: Int @index name: String! posts: [Post!]! }\n"
    "type Post { id: ID! title: String! author: User! }\n";

static void open_users(fixture *f)
{
    CU_ASSERT_TRUE_FATAL(fixture_open(f, sdl));
    for (int i = 0; i < 5; i++) {
        char query[200];
        snprintf(query, sizeof query,
                 "mutation { createUser(input: {id: \"u%d\", email: \"%d@x\", name: \"N\", age: 0, "
                 "posts: {create: [{id: \"p%d\", title: \"T\"}]}}) { id } }",
                 i, i, i);
        sgc_str answer = fixture_ask(f, query, NULL);
        CU_ASSERT_EQUAL(f->answer, SGC_ANSWER_DATA);
        CU_ASSERT_TRUE(answer.size < 60);
    }
}

static void forget_answer(fixture *f)
{
    sgc_buf_free(&f->out);
    f->out = (sgc_buf){0};
}

/* ---- memory ---- */

static size_t count_text(sgc_str text, const char *part)
{
    size_t count = 0, size = strlen(part);

    for (size_t i = 0; i + size <= text.size; i++)
        count += memcmp(text.data + i, part, size) == 0;
    return count;
}

/* The text differs each time, so that nothing comes from the cache. */
static void reading_query(sgc_buf *out, unsigned n)
{
    sgc_buf_printf(out,
                   "query Q%u { users(where: {or: [{age: {gte: 0}}, {posts: {some: {title: {like: "
                   "\"T%%\"}}}}]}, orderBy: [{name: ASC}, {posts: {count: DESC}}]) { id a%u: name "
                   "posts(orderBy: [{title: DESC}]) { author { id } } } __type(name: \"User\") { "
                   "fields { name } } x%u: head }",
                   n, n, n);
}

/* Moments of all kinds: of the operation, of a field, of each version. */
static void past_query(sgc_buf *out, unsigned n)
{
    sgc_buf_printf(out,
                   "query Q%u @asOf(seq: 4) { users { a%u: name history { seq node { posts { "
                   "author { id } } } } } b: users(asOf: {seq: 0}) { id } c: userHistory(id: "
                   "\"u1\", limit: 1) { validFrom node { posts { title } } } }",
                   n, n);
}

static void writing_query(sgc_buf *out, unsigned n)
{
    sgc_buf_printf(out,
                   "mutation M%u { createUser(input: {id: \"new%u\", email: \"new%u@x\", name: "
                   "\"N\", posts: {create: [{title: \"A\"}, {title: \"B\"}]}}) { id posts { "
                   "title } } }",
                   n, n, n);
}

static sgc_answer ask_failing(fixture *f, void (*write)(sgc_buf *out, unsigned n), unsigned n)
{
    sgc_buf query = {0};

    write(&query, n);
    forget_answer(f);
    sgc_request request = {.query = sgc_buf_as_str(&query)};
    sgc_alloc_fail_at(n, false);
    f->answer = sgc_execute(f->api, f->db, &request, &f->out);
    sgc_alloc_fail_at(0, false);
    sgc_buf_free(&query);
    return f->answer;
}

static void read_without_memory(void (*write)(sgc_buf *out, unsigned n), size_t authors)
{
    fixture f = {0};
    unsigned failed = 0, n = 1;

    open_users(&f);
    for (; n < 20000; n++) {
        sgc_answer answer = ask_failing(&f, write, n);
        if (answer == SGC_ANSWER_DATA && !f.out.failed) {
            sgc_str text = sgc_buf_as_str(&f.out);
            CU_ASSERT_EQUAL(count_text(text, "\"author\":{\"id\":"), authors);
            CU_ASSERT_EQUAL(count_text(text, "errors"), 0);
            if (failed == n - 1) break;
            continue;
        }
        failed++;
        CU_ASSERT_TRUE(answer == SGC_ANSWER_FAILED);
        CU_ASSERT_TRUE(f.out.failed || count_text(sgc_buf_as_str(&f.out), "out of memory") == 1);
        if (count_text(sgc_buf_as_str(&f.out), "\"data\"")) CU_FAIL("data beside a failure");
    }
    CU_ASSERT_TRUE(failed > 10 && n < 20000);
    fixture_close(&f);
}

static void reading_without_memory(void)
{
    read_without_memory(reading_query, 5);
    read_without_memory(past_query, 4);
}

/*
 * Whatever fails, either the answer says that the row is there and it is, or neither; and the next
 * request is as good as ever.
 */
static bool write_without_memory(fixture *f, unsigned n)
{
    char check[80];

    bool written = ask_failing(f, writing_query, n) == SGC_ANSWER_DATA;
    bool heard = !f->out.failed;
    snprintf(check, sizeof check, "{ user(id: \"new%u\") { posts { title } } }", n);
    forget_answer(f);
    sgc_str answer = fixture_ask(f, check, NULL);
    bool there = count_text(answer, "\"title\"") == 2;
    bool absent = sgc_str_eq(answer, SGC_STR("{\"data\":{\"user\":null}}"));
    CU_ASSERT_TRUE(there != absent);
    if (heard) CU_ASSERT_EQUAL(there, written);
    return written && heard;
}

static void writing_without_memory(void)
{
    fixture f = {0};
    unsigned n = 1, made = 0;

    open_users(&f);
    for (; n < 2000 && made < 3; n++) {
        made = write_without_memory(&f, n) ? made + 1 : 0;
        sgc_buf query = {0};
        writing_query(&query, 5000 + n);
        forget_answer(&f);
        sgc_request request = {.query = sgc_buf_as_str(&query)};
        CU_ASSERT_EQUAL(sgc_execute(f.api, f.db, &request, &f.out), SGC_ANSWER_DATA);
        sgc_buf_free(&query);
    }
    CU_ASSERT_EQUAL(made, 3);
    CU_ASSERT_TRUE(n > 20);
    fixture_close(&f);
}

/* ---- threads ---- */

enum { THREADS = 4, ROUNDS = 150 };

typedef struct worker {
    fixture *f;
    unsigned number, increased, failed;
} worker;

static bool ask(worker *w, const char *query, sgc_buf *out)
{
    sgc_request request = {.query = sgc_str_from(query)};

    out->size = 0;
    return sgc_execute(w->f->api, w->f->db, &request, out) == SGC_ANSWER_DATA &&
           count_text(sgc_buf_as_str(out), "errors") == 0;
}

static void *work(void *argument)
{
    worker *w = argument;
    sgc_buf out = {0};
    char query[200];

    for (unsigned i = 0; i < ROUNDS; i++) {
        w->increased += ask(w, "mutation { updateUser(id: \"u0\", inc: {age: 1}) { age } }", &out);
        snprintf(query, sizeof query, "{ a%u_%u: users { id posts { id author { id } } } }",
                 w->number, i);
        w->failed += !ask(w, query, &out);
        w->failed += count_text(sgc_buf_as_str(&out), "\"author\"") < 5;
        snprintf(query, sizeof query, "{ s%u: user(id: \"u1\") { age } }", i * 7 % 700);
        w->failed += !ask(w, query, &out);
    }
    sgc_buf_free(&out);
    return NULL;
}

static void threads_share_an_api(void)
{
    fixture f = {0};
    worker workers[THREADS];
    sgc_thread threads[THREADS];
    unsigned increased = 0;
    char expected[60];

    open_users(&f);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (worker){.f = &f, .number = i};
        CU_ASSERT_EQUAL_FATAL(sgc_thread_start(&threads[i], work, &workers[i]), SGC_OK);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        sgc_thread_join(threads[i]);
        increased += workers[i].increased;
        CU_ASSERT_EQUAL(workers[i].failed, 0);
    }
    CU_ASSERT_EQUAL(increased, THREADS * ROUNDS);
    snprintf(expected, sizeof expected, "{\"data\":{\"user\":{\"age\":%u}}}", increased);
    UNIT_STR(fixture_ask(&f, "{ user(id: \"u0\") { age } }", NULL), expected);
    fixture_close(&f);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"reading without memory", reading_without_memory},
        {"writing without memory", writing_without_memory},
        {"threads share an API", threads_share_an_api},
        CU_TEST_INFO_NULL,
    };
    return unit_run("graphql.failures", tests);
}
