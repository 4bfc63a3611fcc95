/* test_server.c - the server over a socket: framing on the wire, endpoints, who may ask. */
#include "http/exchange.h"
#include "unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char sdl[] =
    "type Person { id: ID! name: String! @index age: Int friends: [Person!] }\n";

/* A server over an empty database in memory. */
typedef struct fixture {
    sgc_arena arena;
    sgc_db *db;
    sgc_http_server *server;
} fixture;

static void setup(fixture *f, sgc_http_options options)
{
    sgc_error error = {SGC_OK, ""};
    sgc_schema_file file = {SGC_STR("person.graphql"), sgc_str_from(sdl)};
    sgc_schema_built built;

    *f = (fixture){0};
    sgc_diagnostics diagnostics = {.arena = &f->arena};
    CU_ASSERT_EQUAL_FATAL(sgc_schema_build(&file, 1, SGC_STR("person"), sgc_str_of(NULL, 0),
                                           &f->arena, &diagnostics, &built),
                          SGC_OK);
    sgc_status status = sgc_db_open(":memory:", built.schema, NULL, &f->db, &error);
    if (status == SGC_OK) status = sgc_http_start(f->db, &options, &f->server, &error);
    if (status != SGC_OK) printf("%s\n", error.text);
    CU_ASSERT_EQUAL_FATAL(status, SGC_OK);
}

static void teardown(fixture *f)
{
    sgc_http_stop(f->server, 1000000);
    CU_ASSERT_EQUAL(sgc_db_close(f->db), SGC_OK);
    sgc_arena_free(&f->arena);
}

static int dial(const fixture *f)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons(sgc_http_port(f->server))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&where, sizeof where), 0);
    return fd;
}

/* Sends the text, closes for writing, and gives everything that comes back, NUL-terminated. */
static char *talk(const fixture *f, const char *text, size_t size)
{
    sgc_buf answer = {0};
    int fd = dial(f);

    CU_ASSERT_EQUAL(send(fd, text, size, MSG_NOSIGNAL), (ssize_t)size);
    shutdown(fd, SHUT_WR);
    for (;;) {
        char *at = sgc_buf_reserve(&answer, 65536);
        ssize_t n = at ? recv(fd, at, 65536, 0) : 0;
        if (n <= 0) break;
        answer.size += (size_t)n;
    }
    close(fd);
    sgc_buf_byte(&answer, '\0');
    return answer.data;
}

#define HOST "Host: localhost\r\n"
#define JSON "Content-Type: application/json\r\n"

/* One request; every `part` must be in the answer. */
static void expect(const fixture *f, const char *request, const char *const parts[])
{
    char *answer = talk(f, request, strlen(request));

    for (size_t i = 0; parts[i]; i++) {
        bool found = strstr(answer, parts[i]) != NULL;
        if (!found)
            printf("\n    asked <%s>\n    got <%s>\n    lacks <%s>\n", request, answer, parts[i]);
        CU_ASSERT_TRUE(found);
    }
    sgc_free(answer);
}
#define EXPECT(f, request, ...) expect(f, request, (const char *const[]){__VA_ARGS__, NULL})

static char *post(const char *path, const char *headers, const char *body)
{
    sgc_buf text = {0};

    sgc_buf_printf(&text, "POST %s HTTP/1.1\r\n%sContent-Length: %zu\r\n\r\n%s", path, headers,
                   strlen(body), body);
    sgc_buf_byte(&text, '\0');
    return text.data;
}

static void expect_post(const fixture *f, const char *path, const char *headers, const char *body,
                        const char *const parts[])
{
    char *request = post(path, headers, body);
    expect(f, request, parts);
    sgc_free(request);
}
#define EXPECT_POST(f, path, headers, body, ...)                                                   \
    expect_post(f, path, headers, body, (const char *const[]){__VA_ARGS__, NULL})

static unsigned count(const char *text, const char *part)
{
    unsigned found = 0;

    for (; (text = strstr(text, part)); text++)
        found++;
    return found;
}

static void pipelined_requests_are_answered_in_order(void)
{
    fixture f;
    sgc_buf text = {0};
    char *one = post("/graphql", HOST JSON, "{\"query\":\"{__typename}\"}");

    setup(&f, (sgc_http_options){0});
    for (int i = 0; i < 50; i++)
        sgc_buf_text(&text, one);
    sgc_buf_text(&text, "GET /health/live HTTP/1.1\r\n" HOST "\r\n");
    char *answer = talk(&f, text.data, text.size);
    CU_ASSERT_EQUAL(count(answer, "HTTP/1.1 200 OK"), 51);
    CU_ASSERT_EQUAL(count(answer, "{\"data\":{\"__typename\":\"Query\"}}"), 50);
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "\"status\":\"alive\""));
    sgc_free(answer);
    sgc_free(one);
    sgc_buf_free(&text);
    teardown(&f);
}

static void chunked_bodies(void)
{
    fixture f;
    const char *head = "POST /graphql HTTP/1.1\r\n" HOST JSON "Transfer-Encoding: chunked\r\n\r\n";
    static const struct {
        const char *body, *part;
    } cases[] = {
        {"a\r\n{\"query\":\"\r\n0000e\r\n{__typename}\"}\r\n0\r\n\r\n", "200 OK"},
        {"18\r\n{\"query\":\"{__typename}\"}\r\n0\r\n\r\n", "200 OK"},
        {"18;x=y\r\n{\"query\":\"{__typename}\"}\r\n0\r\n\r\n", "400 Bad"},
        {"+18\r\n{\"query\":\"{__typename}\"}\r\n0\r\n\r\n", "400 Bad"},
        {" 18\r\n{\"query\":\"{__typename}\"}\r\n0\r\n\r\n", "400 Bad"},
        {"18\n{\"query\":\"{__typename}\"}\r\n0\r\n\r\n", "400 Bad"},
        {"17\r\n{\"query\":\"{__typename}\"}\r\n0\r\n\r\n", "400 Bad"},
        {"18\r\n{\"query\":\"{__typename}\"}\r\n0\r\nX: y\r\n\r\n", "400 Bad"},
        {"ffffffffffffffff\r\n", "400 Bad"},
        {"fffffffffffffff\r\n", "413 Content"},
    };

    setup(&f, (sgc_http_options){0});
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sgc_buf text = {0};
        sgc_buf_printf(&text, "%s%s", head, cases[i].body);
        sgc_buf_byte(&text, '\0');
        EXPECT(&f, text.data, cases[i].part);
        sgc_buf_free(&text);
    }
    teardown(&f);
}

/* A smuggled second request must never be answered. */
static void framing_tricks_end_the_connection(void)
{
    static const char *const heads[] = {
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 4\r\nContent-Length: 4\r\n",
        "Content-Length: 4\r\nContent-Length: 5\r\n",
        "Content-Length: +4\r\n",
        "Content-Length: -4\r\n",
        "Content-Length : 4\r\n",
        "Transfer-Encoding : chunked\r\n",
        "X: y\r\n Transfer-Encoding: chunked\r\n",
        "X: y\nTransfer-Encoding: chunked\r\n",
        "Host: other\r\n",
    };
    fixture f;

    setup(&f, (sgc_http_options){0});
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        sgc_buf text = {0};
        sgc_buf_printf(&text,
                       "POST /graphql HTTP/1.1\r\n" HOST JSON "%s\r\n0\r\n\r\n"
                       "GET /health/live HTTP/1.1\r\n" HOST "\r\n",
                       heads[i]);
        char *answer = talk(&f, text.data, text.size);
        CU_ASSERT_PTR_NOT_NULL(strstr(answer, "HTTP/1.1 400 Bad Request"));
        CU_ASSERT_PTR_NOT_NULL(strstr(answer, "Connection: close"));
        CU_ASSERT_PTR_NULL(strstr(answer, "alive"));
        sgc_free(answer);
        sgc_buf_free(&text);
    }
    EXPECT(&f, "GET /health/live HTTP/1.1\r\n\r\n", "400 Bad Request");
    teardown(&f);
}

static void limits(void)
{
    fixture f;
    sgc_buf text = {0};

    setup(&f, (sgc_http_options){.head_limit = 512, .body_limit = 100});
    sgc_buf_text(&text, "GET / HTTP/1.1\r\n" HOST "X: ");
    for (int i = 0; i < 600; i++)
        sgc_buf_byte(&text, 'x');
    sgc_buf_text(&text, "\r\n\r\n");
    sgc_buf_byte(&text, '\0');
    EXPECT(&f, text.data, "HTTP/1.1 431 ", "Connection: close");
    sgc_buf_free(&text);
    EXPECT(&f, "POST /graphql HTTP/1.1\r\n" HOST JSON "Content-Length: 101\r\n\r\n",
           "HTTP/1.1 413 ", "Connection: close");
    teardown(&f);
}

/* Many half-sent bodies do not fill the memory: the one that goes too far is told to try later. */
static void half_sent_bodies_have_a_budget(void)
{
    enum { PART = 150000 };
    static const char *const heads[] = {"Content-Length: 900000\r\n\r\n",
                                        "Transfer-Encoding: chunked\r\n\r\nfffff\r\n"};
    static char part[PART];
    fixture f;
    char answer[600];

    memset(part, ' ', PART);
    setup(&f, (sgc_http_options){.body_limit = 2000000, .pending_limit = 200000});
    for (size_t i = 0; i < 2; i++) {
        char head[300];
        struct timespec pause = {.tv_nsec = 100000000};
        int fds[2] = {dial(&f), dial(&f)};
        snprintf(head, sizeof head, "POST /graphql HTTP/1.1\r\n" HOST JSON "%s", heads[i]);
        for (int j = 0; j < 2; j++) {
            send(fds[j], head, strlen(head), MSG_NOSIGNAL);
            CU_ASSERT_EQUAL(send(fds[j], part, PART, MSG_NOSIGNAL), PART);
            nanosleep(&pause, NULL);
        }
        ssize_t n = recv(fds[1], answer, sizeof answer - 1, 0);
        CU_ASSERT_TRUE_FATAL(n > 0);
        answer[n] = '\0';
        CU_ASSERT_PTR_NOT_NULL(strstr(answer, "503 Service Unavailable"));
        EXPECT_POST(&f, "/graphql", HOST JSON, "{\"query\":\"{__typename}\"}", "200 OK");
        close(fds[0]);
        close(fds[1]);
        nanosleep(&pause, NULL);
    }
    /* What was held is given back. */
    CU_ASSERT_EQUAL(f.server->pending, 0);
    teardown(&f);
}

static void expect_continue(void)
{
    fixture f;
    char answer[600] = "";
    const char body[] = "{\"query\":\"{__typename}\"}";

    setup(&f, (sgc_http_options){0});
    int fd = dial(&f);
    const char head[] =
        "POST /graphql HTTP/1.1\r\n" HOST JSON "Content-Length: 24\r\nExpect: 100-continue\r\n\r\n";
    CU_ASSERT_EQUAL(send(fd, head, sizeof head - 1, MSG_NOSIGNAL), (ssize_t)sizeof head - 1);
    CU_ASSERT_EQUAL(recv(fd, answer, 25, MSG_WAITALL), 25);
    CU_ASSERT_STRING_EQUAL(answer, "HTTP/1.1 100 Continue\r\n\r\n");
    CU_ASSERT_EQUAL(send(fd, body, 24, MSG_NOSIGNAL), 24);
    CU_ASSERT_TRUE(recv(fd, answer, sizeof answer - 1, 0) > 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "200 OK"));
    close(fd);
    teardown(&f);
}

static void methods_and_paths(void)
{
    fixture f;

    setup(&f, (sgc_http_options){0});
    EXPECT(&f, "PUT /graphql HTTP/1.1\r\n" HOST "\r\n", "405 Method", "Allow: GET, HEAD, POST");
    EXPECT(&f, "OPTIONS /graphql HTTP/1.1\r\n" HOST "\r\n", "204 No Content", "Allow: ");
    EXPECT(&f, "GET /nothing HTTP/1.1\r\n" HOST "\r\n", "404 Not Found", "\r\n\r\nNot Found");
    EXPECT(&f, "GET /schema/what HTTP/1.1\r\n" HOST "\r\n", "404",
           "{\"error\":\"Endpoint not found\"}");
    EXPECT(&f, "GET /schema/load HTTP/1.1\r\n" HOST "\r\n", "405", "Allow: POST");
    EXPECT(&f, "GET /graphql HTTP/1.1\r\n" HOST "\r\n", "200 OK", "text/plain");
    EXPECT(&f, "GET /graphql?sdl HTTP/1.1\r\n" HOST "\r\n", "200 OK", "type Person");
    EXPECT(&f, "GET /health/ready HTTP/1.1\r\n" HOST "\r\n", "200 OK", "\"status\":\"ready\"");
    char *answer = talk(&f, "HEAD /health/live HTTP/1.1\r\n" HOST "\r\n", 47);
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, "200 OK"));
    CU_ASSERT_PTR_NULL(strstr(answer, "alive"));
    sgc_free(answer);
    teardown(&f);
}

static void graphql_parameters(void)
{
    fixture f;

    setup(&f, (sgc_http_options){0});
    EXPECT_POST(&f, "/graphql", HOST JSON, "", "400", "Empty request body");
    EXPECT_POST(&f, "/graphql", HOST JSON, "{", "400", "Invalid JSON: line 1, column 2: ");
    EXPECT_POST(&f, "/graphql", HOST "Content-Type: application/json; charset=utf-16\r\n", "{}",
                "415", "the charset of a request must be utf-8");
    EXPECT_POST(&f, "/graphql", HOST "Content-Type: application/json;x=y ; Charset=latin1\r\n",
                "{}", "415", "the charset of a request must be utf-8");
    EXPECT_POST(&f, "/graphql", HOST "Content-Type: application/json; charset=\"UTF-8\"\r\n", "{}",
                "400", "No query provided");
    EXPECT_POST(&f, "/graphql", HOST "Content-Type: application/json;;charset=utf8;=\r\n", "{}",
                "400", "No query provided");
    EXPECT_POST(&f, "/graphql", HOST JSON, "{}", "400", "No query provided");
    EXPECT_POST(&f, "/graphql", HOST JSON, "[]", "400", "one JSON object");
    EXPECT_POST(&f, "/graphql", HOST, "{}", "415");
    EXPECT_POST(&f, "/graphql", HOST "Content-Type: text/plain\r\n", "{}", "415");
    EXPECT_POST(&f, "/graphql", HOST JSON "Accept: text/html\r\n", "{}", "406");
    EXPECT(&f, "GET /graphql?query=%7B__typename%7D HTTP/1.1\r\n" HOST "\r\n",
           "{\"data\":{\"__typename\":\"Query\"}}");
    EXPECT(&f, "GET /graphql?query=%7B__typename%7 HTTP/1.1\r\n" HOST "\r\n", "400");
    EXPECT(&f,
           "GET /graphql?query=mutation%7BdeletePerson(id:1)%7Bid%7D%7D HTTP/1.1\r\n" HOST "\r\n",
           "405", "Allow: POST");
    teardown(&f);
}

static void moments(void)
{
    fixture f;
    const char *ask = "{\"query\":\"{people{name}head}\"}";
    const char *create =
        "{\"query\":\"mutation{createPerson(input:{id:\\\"a\\\",name:\\\"Ann\\\"}){id}}\"}";
    const char *rename =
        "{\"query\":\"mutation{updatePerson(id:\\\"a\\\",set:{name:\\\"Bea\\\"}){id}}\"}";
    const char *own = "{\"query\":\"query@asOf(seq:1){people{name}a:people(asOf:{seq:2}){name}}\"}";

    setup(&f, (sgc_http_options){0});
    EXPECT_POST(&f, "/graphql", HOST JSON, create, "200 OK", "X-Sgc-Sequence: 1\r\n");
    EXPECT_POST(&f, "/graphql", HOST JSON, rename, "200 OK", "X-Sgc-Sequence: 2\r\n");
    EXPECT_POST(&f, "/graphql", HOST JSON, ask, "X-Sgc-Sequence: 2\r\n", "[{\"name\":\"Bea\"}]");
    EXPECT_POST(&f, "/graphql", HOST JSON "X-Sgc-As-Of: seq=1\r\n", ask, "200 OK",
                "X-Sgc-Sequence: 1\r\n", "{\"people\":[{\"name\":\"Ann\"}],\"head\":\"2\"}");
    EXPECT_POST(&f, "/graphql", HOST JSON "x-sgc-as-of:  seq=0 \r\n", ask, "{\"people\":[],");
    EXPECT_POST(&f, "/graphql", HOST JSON "X-Sgc-As-Of: 1999-12-31T23:59:59Z\r\n", ask,
                "X-Sgc-Sequence: 0\r\n", "{\"people\":[],");
    EXPECT_POST(&f, "/graphql", HOST JSON "X-Sgc-As-Of: 1899-12-31T23:59:59Z\r\n", ask,
                "{\"people\":[],");
    EXPECT(&f,
           "GET /graphql?query=%7Bpeople%7Bname%7D%7D HTTP/1.1\r\n" HOST
           "X-Sgc-As-Of: seq=1\r\n\r\n",
           "\"Ann\"");
    /* the document knows better */
    EXPECT_POST(&f, "/graphql", HOST JSON "X-Sgc-As-Of: seq=0\r\n", own, "X-Sgc-Sequence: 1\r\n",
                "{\"people\":[{\"name\":\"Ann\"}],\"a\":[{\"name\":\"Bea\"}]}");
    EXPECT_POST(&f, "/graphql", HOST JSON "X-Sgc-As-Of: seq=3\r\n", ask, "400 Bad",
                "sequence 3 lies beyond the head, 2", "BAD_USER_INPUT");
    EXPECT_POST(&f, "/graphql", HOST JSON "X-Sgc-As-Of: 2999-01-01T00:00:00Z\r\n", ask, "400 Bad");
    EXPECT_POST(&f, "/graphql", HOST JSON "X-Sgc-As-Of: seq=1\r\n", rename, "400 Bad",
                "A mutation cannot be run in the past.");
    EXPECT_POST(&f, "/graphql", HOST JSON "X-Sgc-As-Of: seq=-1\r\n", ask, "400 Bad", "seq=N");
    EXPECT_POST(&f, "/graphql", HOST JSON "X-Sgc-As-Of: seq=\r\n", ask, "400 Bad", "seq=N");
    EXPECT_POST(&f, "/graphql", HOST JSON "X-Sgc-As-Of: 1\r\n", ask, "400 Bad", "seq=N");
    EXPECT_POST(&f, "/graphql", HOST JSON "X-Sgc-As-Of:\r\n", ask, "400 Bad", "seq=N");
    EXPECT_POST(&f, "/graphql", HOST JSON "X-Sgc-As-Of: seq=1\r\nX-Sgc-As-Of: seq=2\r\n", ask,
                "400 Bad");
    teardown(&f);
}

static void only_friends_may_ask(void)
{
    fixture f;
    const char *body = "{\"query\":\"{__typename}\"}";

    setup(&f, (sgc_http_options){0});
    EXPECT_POST(&f, "/graphql", "Host: evil.example\r\n" JSON, body, "403");
    EXPECT_POST(&f, "/graphql", HOST JSON "Origin: http://evil.example\r\n", body, "403");
    EXPECT_POST(&f, "/graphql", HOST JSON "Origin: null\r\n", body, "403");
    EXPECT_POST(&f, "/graphql", "Host: 127.0.0.1.evil.example\r\n" JSON, body, "403");
    EXPECT_POST(&f, "/graphql", HOST JSON "Origin: http://localhost\r\n", body, "200 OK");
    EXPECT_POST(&f, "/graphql", "Host: 127.0.0.1:80\r\n" JSON, body, "200 OK");
    EXPECT_POST(&f, "/schema/data", "Host: evil.example\r\n" JSON, "{}", "403");
    EXPECT_POST(&f, "/schema/data", HOST "Content-Type: text/plain\r\n", "{}", "415");
    EXPECT_POST(&f, "/schema/load", HOST "Content-Type: multipart/form-data\r\n", "x", "415");
    teardown(&f);
}

static void schema_endpoints(void)
{
    fixture f;
    const char *rows = "{\"Person\": [{\"id\": \"a\", \"name\": \"Ann\", \"friends\": [\"b\"]},\n"
                       "{\"id\": \"b\", \"name\": \"Bob\", \"age\": 7}]}";

    setup(&f, (sgc_http_options){0});
    EXPECT_POST(&f, "/schema/load", HOST "Content-Type: application/graphql\r\n",
                "type Dog { id: ID! name: String }", "200 OK",
                "{\"success\":true,\"message\":\"Schema loaded successfully. Created 1 tables.\","
                "\"tables\":[\"Dog\"]}");
    EXPECT_POST(&f, "/schema/load", HOST JSON, "{\"schema\": \"type Dog {\"}", "400",
                "{\"success\":false,\"error\":\"schema:1:");
    EXPECT_POST(&f, "/schema/load", HOST JSON, "{\"schema\": \"\"}", "400",
                "{\"error\":\"Empty schema\"}");
    char *json = post("/schema/load", HOST "Content-Type: application/graphql\r\n", sdl);
    EXPECT(&f, json, "200 OK");
    sgc_free(json);
    EXPECT_POST(&f, "/schema/data", HOST JSON, "", "400", "{\"error\":\"Empty data\"}");
    EXPECT_POST(&f, "/schema/data", HOST JSON, rows, "200 OK",
                "{\"success\":true,\"message\":\"Data loaded successfully\",\"recordCounts\":"
                "{\"Person\":2}}");
    EXPECT_POST(&f, "/schema/data", HOST JSON, rows, "409", "\"success\":false", "line 1");
    EXPECT_POST(&f, "/schema/data", HOST JSON,
                "{\"Person\": [\n{\"id\": \"c\", \"name\": \"C\"},\n{\"id\": \"d\"}]}", "400",
                "line 3: Person.name: a value is required");
    EXPECT(&f, "GET /schema HTTP/1.1\r\n" HOST "\r\n",
           "{\"tables\":[{\"tableName\":\"Person\",\"recordCount\":2}]}");
    EXPECT(&f, "GET /schema/tables HTTP/1.1\r\n" HOST "\r\n",
           "{\"tables\":[{\"name\":\"Person\",\"recordCount\":2,\"filePath\":");
    EXPECT_POST(&f, "/schema/load", HOST "Content-Type: application/graphql\r\n",
                "type Dog { id: ID! }", "409", "\"success\":false");
    EXPECT_POST(&f, "/graphql", HOST JSON,
                "{\"query\":\"{ person(id: \\\"a\\\") { name friends { name age } } }\"}",
                "{\"data\":{\"person\":{\"name\":\"Ann\",\"friends\":[{\"name\":\"Bob\",\"age\":7}"
                "]}}}");
    teardown(&f);
}

static void a_generated_server_keeps_its_schema(void)
{
    fixture f;

    setup(&f, (sgc_http_options){.fixed_schema = true});
    EXPECT_POST(&f, "/schema/load", HOST "Content-Type: application/graphql\r\n",
                "type Dog { id: ID! }", "409", "compiled for its schema");
    teardown(&f);
}

static void what_the_client_accepts(void)
{
    static const struct {
        const char *headers, *part;
    } cases[] = {
        {"", "200 OK\r\n"},
        {"Accept: */*\r\n", "Content-Type: application/json"},
        {"Accept: application/json;q=0, */*\r\n",
         "Content-Type: application/graphql-response+json"},
        {"Accept: application/graphql-response+json;q=0, */*\r\n",
         "Content-Type: application/json"},
        {"Accept: */*;q=0, application/json;q=0.1\r\n", "Content-Type: application/json"},
        {"Accept: application/json;q=0.5, application/*\r\n",
         "Content-Type: application/graphql-response+json"},
        {"Accept: application/graphql-response+json;q=0.2,application/json;q=0.9\r\n",
         "Content-Type: application/json"},
        {"Accept: application/json; charset=utf-8; q=0\r\n", "406 Not"},
        {"Accept: application/*;q=0, */*\r\n", "406 Not"},
        {"Accept: */*;q=0\r\n", "406 Not"},
        {"Accept: text/html\r\n", "406 Not"},
        {"Accept: text/html\r\nAccept: application/json\r\n", "200 OK\r\n"},
        {"Accept: a/b\r\nAccept: a/b\r\nAccept: a/b\r\nAccept: a/b\r\nAccept: */*\r\n", "400 Bad"},
    };
    fixture f;

    setup(&f, (sgc_http_options){0});
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char headers[300];
        snprintf(headers, sizeof headers, HOST JSON "%s", cases[i].headers);
        EXPECT_POST(&f, "/graphql", headers, "{\"query\":\"{__typename}\"}", cases[i].part);
    }
    teardown(&f);
}

static void strange_targets(void)
{
    fixture f;

    setup(&f, (sgc_http_options){0});
    EXPECT(&f, "GET http://localhost/health/live HTTP/1.1\r\n" HOST "\r\n", "\"alive\"");
    EXPECT(&f, "GET http://evil.example/health/live HTTP/1.1\r\n" HOST "\r\n", "400 Bad");
    EXPECT(&f, "GET /%67raphql?sdl HTTP/1.1\r\n" HOST "\r\n", "404 Not");
    EXPECT(&f, "GET //graphql?sdl HTTP/1.1\r\n" HOST "\r\n", "404 Not");
    EXPECT(&f, "GET /graphql/../graphql?sdl HTTP/1.1\r\n" HOST "\r\n", "404 Not");
    EXPECT(&f, "CONNECT localhost:80 HTTP/1.1\r\n" HOST "\r\n", "400 Bad");
    EXPECT(&f, "GET /health/live HTTP/1.1\r\nHost: LocalHost:80\r\n\r\n", "\"alive\"");
    EXPECT(&f, "GET /health/live HTTP/1.1\r\nHost:\r\n\r\n", "403 ");
    EXPECT(&f, "GET /graphql?query=%7B__typename%7D&query=x HTTP/1.1\r\n" HOST "\r\n", "400 Bad",
           "appears twice");
    EXPECT(&f, "GET /graphql?query=%00 HTTP/1.1\r\n" HOST "\r\n", "\"errors\"");
    EXPECT(&f, "GET /graphql?query=%ff HTTP/1.1\r\n" HOST "\r\n", "400 Bad");
    teardown(&f);
}

/* A client that keeps sending keeps its time; one that drips does not. */
static void bodies_have_time_by_their_size(void)
{
    enum { SIZE = 1024 * 1024, STEP = 32 * 1024 };
    static char body[SIZE];
    fixture f;
    char text[400] = "";
    struct timespec pause = {.tv_nsec = 30000000};

    setup(&f, (sgc_http_options){.net = {.body_us = 400000}});
    memset(body, ' ', SIZE);
    memcpy(body, "{\"query\":\"{__typename}\"}", 24);
    int fd = dial(&f);
    snprintf(text, sizeof text, "POST /graphql HTTP/1.1\r\n" HOST JSON "Content-Length: %d\r\n\r\n",
             SIZE);
    CU_ASSERT_EQUAL(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
    for (int at = 0; at < SIZE; at += STEP) {
        CU_ASSERT_EQUAL(send(fd, body + at, STEP, MSG_NOSIGNAL), STEP);
        nanosleep(&pause, NULL);
    }
    CU_ASSERT_TRUE(recv(fd, text, sizeof text - 1, 0) > 15);
    CU_ASSERT_EQUAL(strncmp(text, "HTTP/1.1 200 OK", 15), 0);
    close(fd);
    fd = dial(&f);
    snprintf(text, sizeof text, "POST /graphql HTTP/1.1\r\n" HOST JSON "Content-Length: %d\r\n\r\n",
             SIZE);
    CU_ASSERT_EQUAL(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
    bool alive = true;
    for (int i = 0; i < 100 && alive; i++) {
        nanosleep(&pause, NULL);
        alive = send(fd, " ", 1, MSG_NOSIGNAL) == 1;
    }
    CU_ASSERT_FALSE(alive);
    close(fd);
    teardown(&f);
}

/* The schema in force is not pulled from under those who read it. */
static void the_same_schema_again(void)
{
    fixture f;
    char *again = post("/schema/load", HOST "Content-Type: application/graphql\r\n", sdl);

    setup(&f, (sgc_http_options){0});
    for (int i = 0; i < 3; i++) {
        EXPECT(&f, again, "200 OK", "Created 1 tables");
        EXPECT(&f, "GET /schema HTTP/1.1\r\n" HOST "\r\n", "\"tableName\":\"Person\"");
        EXPECT(&f, "GET /graphql?query=%7Bpeople%7Bname%7D%7D HTTP/1.1\r\n" HOST "\r\n",
               "{\"data\":{\"people\":[]}}");
    }
    sgc_free(again);
    teardown(&f);
}

enum { ASKERS = 4, ROUNDS = 60 };

typedef struct asker {
    const fixture *f;
    unsigned strange;
} asker;

static const char *const two_schemas[] = {"type Dog { id: ID! name: String }",
                                          "type Aa { id: ID! } type Bb { id: ID! } "
                                          "type Dog { id: ID! name: String a: Aa bs: [Bb!] }"};

/* Asks while the schema changes: every answer belongs to one of the two schemas. */
static void *ask(void *argument)
{
    static const char *const asked[] = {
        "GET /graphql?query=%7Bdogs%7Bname%20a%7Bid%7D%7D%7D HTTP/1.1\r\n" HOST "\r\n",
        "GET /schema HTTP/1.1\r\n" HOST "\r\n",
        "GET /graphql?sdl HTTP/1.1\r\n" HOST "\r\n",
        "GET /graphql?query=%7Bdogs%7Bname%7D%7D HTTP/1.1\r\n" HOST "\r\n",
    };
    asker *a = argument;

    for (int i = 0; i < ROUNDS; i++) {
        const char *text = asked[i % 4];
        char *answer = talk(a->f, text, strlen(text));
        bool known = strstr(answer, "\"dogs\":[]") || strstr(answer, "Cannot query field") ||
                     strstr(answer, "\"tableName\":\"Dog\",\"recordCount\":0") ||
                     strstr(answer, "type Dog");
        if (!known) printf("\n    got <%s>\n", answer);
        a->strange += !known;
        sgc_free(answer);
    }
    return NULL;
}

static void the_schema_changes_under_load(void)
{
    fixture f;
    sgc_thread threads[ASKERS];
    asker askers[ASKERS];

    setup(&f, (sgc_http_options){0});
    EXPECT_POST(&f, "/schema/load", HOST "Content-Type: application/graphql\r\n", two_schemas[0],
                "200 OK");
    for (int i = 0; i < ASKERS; i++) {
        askers[i] = (asker){&f, 0};
        CU_ASSERT_EQUAL_FATAL(sgc_thread_start(&threads[i], ask, &askers[i]), SGC_OK);
    }
    for (int i = 0; i < ROUNDS; i++)
        EXPECT_POST(&f, "/schema/load", HOST "Content-Type: application/graphql\r\n",
                    two_schemas[i % 2], "200 OK");
    for (int i = 0; i < ASKERS; i++) {
        sgc_thread_join(threads[i]);
        CU_ASSERT_EQUAL(askers[i].strange, 0);
    }
    teardown(&f);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"pipelined requests are answered in order", pipelined_requests_are_answered_in_order},
        {"chunked bodies", chunked_bodies},
        {"framing tricks end the connection", framing_tricks_end_the_connection},
        {"limits", limits},
        {"half-sent bodies have a budget", half_sent_bodies_have_a_budget},
        {"expect continue", expect_continue},
        {"methods and paths", methods_and_paths},
        {"graphql parameters", graphql_parameters},
        {"moments by a header field", moments},
        {"only friends may ask", only_friends_may_ask},
        {"schema endpoints", schema_endpoints},
        {"a generated server keeps its schema", a_generated_server_keeps_its_schema},
        {"what the client accepts", what_the_client_accepts},
        {"strange targets", strange_targets},
        {"bodies have time by their size", bodies_have_time_by_their_size},
        {"the same schema again", the_same_schema_again},
        {"the schema changes under load", the_schema_changes_under_load},
        CU_TEST_INFO_NULL,
    };
    return unit_run("http.server", tests);
}
