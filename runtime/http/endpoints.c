/*
 * endpoints.c - which path is answered by whom, and the small answers: health, errors, OPTIONS.
 */
#include "http/exchange.h"

#include <stdio.h>

/* ---- answers ---- */

void sgc_http_text(sgc_exchange *exchange, int status, const char *text)
{
    exchange->status = status;
    exchange->content_type = SGC_TYPE_TEXT;
    sgc_buf_text(exchange->out, text);
}

void sgc_http_error(sgc_exchange *exchange, int status, const char *text)
{
    exchange->status = status;
    exchange->content_type = SGC_TYPE_JSON;
    sgc_buf_text(exchange->out, "{\"error\":");
    sgc_json_str(exchange->out, sgc_str_from(text));
    sgc_buf_text(exchange->out, "}");
}

void sgc_http_method(sgc_exchange *exchange, const char *allow)
{
    exchange->allow = allow;
    sgc_http_error(exchange, 405, "Method Not Allowed");
}

bool sgc_http_is(sgc_exchange *exchange, const char *method)
{
    return sgc_str_eq(exchange->head.method, sgc_str_from(method));
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool sgc_http_media_is(sgc_str media, const char *type)
{
    size_t size = strlen(type);

    if (!media.data || media.size < size) return false;
    for (size_t i = 0; i < size; i++)
        if (lower(media.data[i]) != type[i]) return false;
    return media.size == size || media.data[size] == ';' || media.data[size] == ' ' ||
           media.data[size] == '\t';
}

static bool is_word(sgc_str text, const char *word)
{
    if (text.size != strlen(word)) return false;
    for (size_t i = 0; i < text.size; i++)
        if (lower(text.data[i]) != word[i]) return false;
    return true;
}

/* Without spaces, tabs and quotes around it. */
static sgc_str bare(sgc_str text)
{
    while (text.size && strchr(" \t\"", text.data[0]))
        text = sgc_str_of(text.data + 1, text.size - 1);
    while (text.size && strchr(" \t\"", text.data[text.size - 1]))
        text.size--;
    return text;
}

bool sgc_http_media_is_utf8(sgc_str media)
{
    while (media.size) {
        const char *end = memchr(media.data, ';', media.size);
        size_t size = end ? (size_t)(end - media.data) : media.size;
        const char *equal = memchr(media.data, '=', size);
        size_t name = equal ? (size_t)(equal - media.data) : size;
        if (equal && is_word(bare(sgc_str_of(media.data, name)), "charset")) {
            sgc_str value = bare(sgc_str_of(equal + 1, size - name - 1));
            if (!is_word(value, "utf-8") && !is_word(value, "utf8")) return false;
        }
        media = sgc_str_of(media.data + size + (end != NULL), media.size - size - (end != NULL));
    }
    return true;
}

/* ---- who may ask ---- */

/* host[:port] without the port. */
static sgc_str host_name(sgc_str host)
{
    size_t end = host.size;

    while (end > 0 && host.data[end - 1] >= '0' && host.data[end - 1] <= '9')
        end--;
    if (end > 0 && host.data[end - 1] == ':') return sgc_str_of(host.data, end - 1);
    return host;
}

static bool is_localhost(sgc_str name)
{
    static const char localhost[] = "localhost";

    if (name.size != sizeof localhost - 1) return false;
    for (size_t i = 0; i < name.size; i++)
        if (lower(name.data[i]) != localhost[i]) return false;
    return true;
}

/*
 * A page of some other site must not reach a database on this machine: not by its own origin, and
 * not by a name that it lets point to 127.0.0.1 (DNS rebinding).
 */
static bool is_welcome(const sgc_exchange *exchange)
{
    sgc_str host = exchange->head.host, origin = exchange->head.origin;
    sgc_str name = host_name(host);

    if (exchange->server->loopback && host.data) {
        bool local = is_localhost(name) || sgc_str_eq(name, SGC_STR("[::1]")) ||
                     (name.size > 4 && memcmp(name.data, "127.", 4) == 0 &&
                      strspn(name.data, "0123456789.") >= name.size);
        if (!local) return false;
    }
    if (!origin.data) return true;
    const char *scheme =
        origin.size > 8 && memcmp(origin.data, "https://", 8) == 0 ? "https://" : "http://";
    size_t skip = strlen(scheme);
    if (origin.size < skip || memcmp(origin.data, scheme, skip) != 0) return false;
    return sgc_str_eq(sgc_str_of(origin.data + skip, origin.size - skip), host);
}

/* ---- health ---- */

static void health(sgc_exchange *exchange, bool live)
{
    sgc_http_server *server = exchange->server;
    sgc_buf *out = exchange->out;
    uint64_t up = server->os->monotonic_us(server->os->self) - server->started_us;

    exchange->status = 200;
    exchange->content_type = SGC_TYPE_JSON;
    sgc_buf_printf(out, "{\"status\":\"%s\",\"uptime_seconds\":%llu,", live ? "alive" : "ready",
                   (unsigned long long)(up / 1000000));
    if (!live)
        sgc_buf_printf(out, "\"head\":\"%llu\",", (unsigned long long)sgc_db_head(server->db));
    sgc_buf_text(out, "\"timestamp\":");
    sgc_json_datetime(out, (int64_t)server->os->time_us(server->os->self));
    sgc_buf_text(out, "}");
}

/* ---- routes ---- */

static bool starts_with(sgc_str text, const char *prefix)
{
    size_t size = strlen(prefix);
    return text.size >= size && memcmp(text.data, prefix, size) == 0;
}

static bool is_data(sgc_str path)
{
    return sgc_str_eq(path, SGC_STR("/schema/data"));
}

size_t sgc_http_body_limit(const sgc_http_server *server, const sgc_http_head *head)
{
    return is_data(head->path) ? server->options.load_limit : server->options.body_limit;
}

static bool is_health(sgc_str path)
{
    return sgc_str_eq(path, SGC_STR("/health/live")) || sgc_str_eq(path, SGC_STR("/health/ready"));
}

static const char *allowed_methods(sgc_str path)
{
    if (is_health(path)) return "GET, HEAD, OPTIONS";
    if (sgc_str_eq(path, SGC_STR("/schema/load")) || is_data(path)) return "POST, OPTIONS";
    if (starts_with(path, "/schema")) return "GET, HEAD, OPTIONS";
    return "GET, HEAD, POST, OPTIONS";
}

void sgc_http_answer(sgc_exchange *exchange)
{
    sgc_str path = exchange->head.path;
    bool reads = sgc_http_is(exchange, "GET") || sgc_http_is(exchange, "HEAD");

    if (!is_welcome(exchange)) {
        sgc_http_error(exchange, 403, "this Host or Origin may not use this server");
    } else if (sgc_http_is(exchange, "OPTIONS")) {
        exchange->status = 204;
        exchange->allow = allowed_methods(path);
    } else if (!reads && !sgc_http_is(exchange, "POST")) {
        sgc_http_method(exchange, allowed_methods(path));
    } else if (sgc_str_eq(path, SGC_STR("/graphql")) || sgc_str_eq(path, SGC_STR("/"))) {
        sgc_http_graphql(exchange);
    } else if (sgc_str_eq(path, SGC_STR("/schema")) || starts_with(path, "/schema/")) {
        sgc_http_schema(exchange);
    } else if (is_health(path)) {
        if (reads)
            health(exchange, sgc_str_eq(path, SGC_STR("/health/live")));
        else
            sgc_http_method(exchange, allowed_methods(path));
    } else {
        sgc_http_text(exchange, 404, "Not Found");
    }
}
