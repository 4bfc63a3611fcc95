/* test_server.c - the server over a socket: framing on the wire, endpoints, who may ask. */
#include "http/http.h"
#include "unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
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
    EXPECT_POST(&f, "/graphql", HOST JSON, "{", "400", "Invalid JSON: ");
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
                "line 3: Person.name must be given");
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

int main(void)
{
    CU_TestInfo tests[] = {
        {"pipelined requests are answered in order", pipelined_requests_are_answered_in_order},
        {"chunked bodies", chunked_bodies},
        {"framing tricks end the connection", framing_tricks_end_the_connection},
        {"limits", limits},
        {"expect continue", expect_continue},
        {"methods and paths", methods_and_paths},
        {"graphql parameters", graphql_parameters},
        {"only friends may ask", only_friends_may_ask},
        {"schema endpoints", schema_endpoints},
        {"a generated server keeps its schema", a_generated_server_keeps_its_schema},
        CU_TEST_INFO_NULL,
    };
    return unit_run("http.server", tests);
}
