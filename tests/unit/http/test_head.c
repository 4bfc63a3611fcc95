/* test_head.c - request heads: what is read, and every shape that must be refused. */
#include "http/head.h"
#include "unit/unit.h"

static int parse(const char *text, sgc_http_head *head)
{
    return sgc_http_head_parse(sgc_str_from(text), 4096, head);
}

static void reads_a_request(void)
{
    sgc_http_head head;

    CU_ASSERT_EQUAL(parse("POST /graphql?a=1&b HTTP/1.1\r\nHost: localhost:8080\r\n"
                          "Content-Type:application/json \r\nContent-Length: 12\r\n"
                          "Accept: a/b, c/d\r\nX-Empty:\r\n\r\nbody",
                          &head),
                    0);
    UNIT_STR(head.method, "POST");
    UNIT_STR(head.path, "/graphql");
    UNIT_STR(head.query, "a=1&b");
    UNIT_STR(head.host, "localhost:8080");
    UNIT_STR(head.content_type, "application/json");
    CU_ASSERT_EQUAL(head.accept_count, 1);
    UNIT_STR(head.accept[0], "a/b, c/d");
    CU_ASSERT_TRUE(head.has_length && head.content_length == 12 && head.keep_alive);
    CU_ASSERT_FALSE(head.chunked);
}

static void absolute_and_asterisk_forms(void)
{
    sgc_http_head head;

    CU_ASSERT_EQUAL(parse("GET http://x.example/a?b HTTP/1.1\r\nHost: x.example\r\n\r\n", &head),
                    0);
    UNIT_STR(head.path, "/a");
    UNIT_STR(head.query, "b");
    CU_ASSERT_EQUAL(parse("GET HTTP://y:1/a HTTP/1.1\r\nHost: y:1\r\n\r\n", &head), 0);
    UNIT_STR(head.path, "/a");
    /* Two different names, and a query that would pass for a path. */
    CU_ASSERT_EQUAL(parse("GET http://x/a HTTP/1.1\r\nHost: y\r\n\r\n", &head), 400);
    CU_ASSERT_EQUAL(parse("GET http://y:1/a HTTP/1.1\r\nHost: y\r\n\r\n", &head), 400);
    CU_ASSERT_EQUAL(parse("GET http://y@x/a HTTP/1.1\r\nHost: y\r\n\r\n", &head), 400);
    CU_ASSERT_EQUAL(parse("GET http://y?a=/x HTTP/1.1\r\nHost: y\r\n\r\n", &head), 400);
    CU_ASSERT_EQUAL(parse("GET http:///x HTTP/1.1\r\nHost: y\r\n\r\n", &head), 400);
    CU_ASSERT_EQUAL(parse("GET ftp://y/x HTTP/1.1\r\nHost: y\r\n\r\n", &head), 400);
    CU_ASSERT_EQUAL(parse("OPTIONS * HTTP/1.1\r\nHost: y\r\n\r\n", &head), 0);
    CU_ASSERT_EQUAL(parse("GET * HTTP/1.1\r\nHost: y\r\n\r\n", &head), 400);
    CU_ASSERT_EQUAL(parse("GET a HTTP/1.1\r\nHost: y\r\n\r\n", &head), 400);
}

static void connection_header(void)
{
    sgc_http_head head;

    CU_ASSERT_EQUAL(parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: x , Close\r\n\r\n", &head), 0);
    CU_ASSERT_FALSE(head.keep_alive);
    CU_ASSERT_EQUAL(parse("GET / HTTP/1.0\r\n\r\n", &head), 0);
    CU_ASSERT_FALSE(head.keep_alive);
}

/* Each of these is a way to make two parsers disagree about where a request ends. */
static void refuses_what_is_not_exact(void)
{
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/1.1\nHost: a\n\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nnocolon\r\n\r\n", 400},
        {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /#f HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET / http/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1,1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999999999\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
         400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
         400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 501},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
         "Transfer-Encoding: chunked\r\n\r\n",
         400},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer_Encoding : chunked\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", 417},
    };
    sgc_http_head head;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = parse(cases[i].text, &head);
        if (status != cases[i].status)
            printf("\n    case %zu: got %d, expected %d: %s\n", i, status, cases[i].status,
                   cases[i].text);
        CU_ASSERT_EQUAL(status, cases[i].status);
    }
    /* A NUL in the middle of a head. */
    CU_ASSERT_EQUAL(
        sgc_http_head_parse(SGC_STR("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n"), 4096, &head), 400);
}

static void waits_for_the_end_and_has_a_limit(void)
{
    const char whole[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    char large[9000];
    sgc_http_head head;

    for (size_t i = 0; i < sizeof whole - 1; i++)
        CU_ASSERT_EQUAL(sgc_http_head_parse(sgc_str_of(whole, i), 4096, &head), 1);
    memset(large, 'a', sizeof large);
    CU_ASSERT_EQUAL(sgc_http_head_parse(sgc_str_of(large, 4095), 4096, &head), 1);
    CU_ASSERT_EQUAL(sgc_http_head_parse(sgc_str_of(large, 4096), 4096, &head), 431);
    CU_ASSERT_EQUAL(sgc_http_head_parse(sgc_str_of(large, sizeof large), 4096, &head), 431);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"reads a request", reads_a_request},
        {"absolute and asterisk forms", absolute_and_asterisk_forms},
        {"connection header", connection_header},
        {"refuses what is not exact", refuses_what_is_not_exact},
        {"waits for the end and has a limit", waits_for_the_end_and_has_a_limit},
        CU_TEST_INFO_NULL,
    };
    return unit_run("http.head", tests);
}
