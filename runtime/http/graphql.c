/*
 * graphql.c - GraphQL over HTTP: parameters from body or query string, content negotiation, status
 * codes (the GraphQL-over-HTTP draft, audited by tests/conformance). Documents are executed below.
 */
#include "http/exchange.h"

/* ---- content negotiation ---- */

/* Quality of one member of Accept in thousandths; 1000 when it says nothing. */
static unsigned quality(sgc_str member)
{
    for (size_t i = 0; i + 3 < member.size; i++) {
        const char *at = member.data + i;
        if (at[0] != ';') continue;
        size_t j = i + 1;
        while (j < member.size && (member.data[j] == ' ' || member.data[j] == '\t'))
            j++;
        if (j + 2 >= member.size || (member.data[j] | 0x20) != 'q' || member.data[j + 1] != '=')
            continue;
        unsigned value = 0, scale = 1000;
        for (j += 2; j < member.size; j++) {
            char c = member.data[j];
            if (c >= '0' && c <= '9' && scale > 0) {
                value += (unsigned)(c - '0') * scale;
                scale /= 10;
            } else if (c != '.') {
                break;
            }
        }
        return value;
    }
    return 1000;
}

/* How welcome a media type is: what its most specific range says. */
typedef struct welcome {
    unsigned quality; /* 0: not acceptable */
    int specificity;  /* 3 by name, 2 by type, 1 by any, 0 not mentioned */
} welcome;

static void note(welcome *w, int specificity, unsigned q)
{
    if (specificity < w->specificity) return;
    if (specificity > w->specificity || q > w->quality) w->quality = q;
    w->specificity = specificity;
}

static void weigh(welcome *response, welcome *json, sgc_str member)
{
    bool any = sgc_http_media_is(member, "*/*");
    unsigned q = quality(member);

    if (sgc_http_media_is(member, "application/graphql-response+json")) {
        note(response, 3, q);
    } else if (sgc_http_media_is(member, "application/json")) {
        note(json, 3, q);
    } else if (any || sgc_http_media_is(member, "application/*")) {
        note(response, any ? 1 : 2, q);
        note(json, any ? 1 : 2, q);
    }
}

static void weigh_field(welcome *response, welcome *json, sgc_str accept)
{
    const char *at = accept.data, *end = accept.data + accept.size;

    while (at < end) {
        while (at < end && (*at == ' ' || *at == '\t' || *at == ','))
            at++;
        const char *comma = at < end ? memchr(at, ',', (size_t)(end - at)) : NULL;
        const char *stop = comma ? comma : end;
        weigh(response, json, sgc_str_of(at, (size_t)(stop - at)));
        at = stop;
    }
}

/* The media type to answer with; NULL when nothing is acceptable. */
static const char *negotiate(const sgc_http_head *head)
{
    welcome response = {0, 0}, json = {0, 0};
    size_t said = 0;

    for (unsigned i = 0; i < head->accept_count; i++) {
        weigh_field(&response, &json, head->accept[i]);
        said += head->accept[i].size;
    }
    if (said == 0) return SGC_TYPE_JSON;
    if (response.quality == 0 && json.quality == 0) return NULL;
    /* A client that does not name the newer type gets what every client understands. */
    if (response.quality > json.quality) return SGC_TYPE_RESPONSE;
    return response.quality == json.quality && response.specificity == 3 ? SGC_TYPE_RESPONSE
                                                                         : SGC_TYPE_JSON;
}

/* ---- parameters ---- */

static void refuse(sgc_exchange *exchange, int status, const char *text)
{
    sgc_buf *out = exchange->out;

    exchange->status = status;
    if (!exchange->content_type) exchange->content_type = SGC_TYPE_JSON;
    out->size = 0;
    sgc_buf_text(out, "{\"errors\":[{\"message\":");
    sgc_json_str(out, sgc_str_from(text));
    sgc_buf_text(out, ",\"extensions\":{\"code\":\"BAD_USER_INPUT\"}}]}");
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Decodes application/x-www-form-urlencoded; null when it is malformed or no UTF-8. */
static sgc_str url_decode(sgc_arena *arena, sgc_str text)
{
    char *out = sgc_arena_alloc(arena, text.size + 1);
    size_t size = 0;

    for (size_t i = 0; out && i < text.size; i++) {
        char c = text.data[i];
        if (c == '%') {
            int high = i + 2 < text.size ? hex_digit(text.data[i + 1]) : -1;
            int low = i + 2 < text.size ? hex_digit(text.data[i + 2]) : -1;
            if (high < 0 || low < 0) return sgc_str_of(NULL, 0);
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        out[size++] = c;
    }
    if (!out) return sgc_str_of(NULL, 0);
    out[size] = '\0';
    sgc_str decoded = sgc_str_of(out, size);
    return sgc_utf8_valid_prefix(decoded) == size ? decoded : sgc_str_of(NULL, 0);
}

/* The raw value of a parameter of the query string; how often it is there. */
static unsigned parameter(sgc_str query, const char *name, sgc_str *value)
{
    size_t name_size = strlen(name), at = 0;
    unsigned found = 0;

    while (query.data && at < query.size) {
        const char *start = query.data + at;
        const char *amp = memchr(start, '&', query.size - at);
        size_t size = amp ? (size_t)(amp - start) : query.size - at;
        if (size >= name_size && memcmp(start, name, name_size) == 0 &&
            (size == name_size || start[name_size] == '=')) {
            size_t skip = size == name_size ? name_size : name_size + 1;
            *value = sgc_str_of(start + skip, size - skip);
            found++;
        }
        at += size + 1;
    }
    return found;
}

typedef struct parameters {
    sgc_request request;
    const char *wrong; /* message of the first bad parameter */
} parameters;

/* A map parameter given as a JSON value: an object, or null for none. */
static void take_map(parameters *p, const sgc_json *json, const sgc_json **out, const char *wrong)
{
    if (!json || json->kind == SGC_JSON_NULL) return;
    if (json->kind != SGC_JSON_OBJECT) {
        p->wrong = wrong;
        return;
    }
    if (out) *out = json;
}

static void take_members(parameters *p, const sgc_json *query, const sgc_json *name,
                         const sgc_json *variables, const sgc_json *extensions)
{
    if (!query || query->kind != SGC_JSON_STRING)
        p->wrong = query ? "The query must be a string" : "No query provided";
    else
        p->request.query = query->text;
    if (name && name->kind == SGC_JSON_STRING)
        p->request.operation_name = name->text;
    else if (name && name->kind != SGC_JSON_NULL)
        p->wrong = "operationName must be a string";
    take_map(p, variables, &p->request.variables, "variables must be an object");
    take_map(p, extensions, NULL, "extensions must be an object");
}

static bool is_blank(sgc_str text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!strchr(" \t\r\n", text.data[i])) return false;
    return true;
}

static bool from_body(sgc_exchange *exchange, parameters *p)
{
    sgc_error error = {SGC_OK, ""};
    sgc_json *body;

    if (!sgc_http_media_is(exchange->head.content_type, "application/json")) {
        refuse(exchange, 415, "POST takes Content-Type: application/json");
        return false;
    }
    if (!sgc_http_media_is_utf8(exchange->head.content_type)) {
        refuse(exchange, 415, "the charset of a request must be utf-8");
        return false;
    }
    if (is_blank(exchange->body)) {
        refuse(exchange, 400, "Empty request body");
        return false;
    }
    if (sgc_json_parse(exchange->body, exchange->arena, &body, &error) != SGC_OK) {
        const char *words = strncmp(error.text, "JSON ", 5) == 0 ? error.text + 5 : error.text;
        sgc_str text = sgc_arena_printf(exchange->arena, "Invalid JSON: %s", words);
        refuse(exchange, 400, text.data ? text.data : "Invalid JSON");
        return false;
    }
    if (body->kind != SGC_JSON_OBJECT) {
        refuse(exchange, 400, "The body must be one JSON object; batches are not taken");
        return false;
    }
    take_members(p, sgc_json_member(body, "query"), sgc_json_member(body, "operationName"),
                 sgc_json_member(body, "variables"), sgc_json_member(body, "extensions"));
    return true;
}

/* A parameter of the query string as JSON: text (json false) or a parsed value. */
static const sgc_json *url_member(sgc_exchange *exchange, parameters *p, const char *name,
                                  bool is_json)
{
    sgc_str raw;
    sgc_json *json;

    unsigned found = parameter(exchange->head.query, name, &raw);
    if (found == 0) return NULL;
    if (found > 1) {
        p->wrong = "a parameter of the query string appears twice";
        return NULL;
    }
    sgc_str text = url_decode(exchange->arena, raw);
    if (!text.data) {
        p->wrong = "the query string is not well encoded";
        return NULL;
    }
    if (is_json) {
        if (text.size == 0) return NULL;
        if (sgc_json_parse(text, exchange->arena, &json, NULL) != SGC_OK) {
            p->wrong = "variables and extensions must be JSON";
            return NULL;
        }
        return json;
    }
    json = sgc_arena_zero(exchange->arena, 1, sizeof *json);
    if (!json) return NULL;
    json->kind = SGC_JSON_STRING;
    json->text = text;
    return json;
}

static void from_url(sgc_exchange *exchange, parameters *p)
{
    const sgc_json *query = url_member(exchange, p, "query", false);
    const sgc_json *name = url_member(exchange, p, "operationName", false);
    const sgc_json *variables = url_member(exchange, p, "variables", true);
    const sgc_json *extensions = url_member(exchange, p, "extensions", true);

    p->request.read_only = true;
    if (!p->wrong) take_members(p, query, name, variables, extensions);
}

/* ---- the endpoint ---- */

static int answer_status(sgc_answer answer, const char *type)
{
    bool strict = strcmp(type, SGC_TYPE_RESPONSE) == 0;

    switch (answer) {
    case SGC_ANSWER_SYNTAX:
    case SGC_ANSWER_INVALID:
        return strict ? 400 : 200;
    case SGC_ANSWER_READ_ONLY:
        return 405;
    case SGC_ANSWER_MOMENT:
        return 400;
    case SGC_ANSWER_FAILED:
        return 500;
    case SGC_ANSWER_DATA:
        break;
    }
    return 200;
}

/* "seq=41", or a time as RFC 3339 writes it. */
static sgc_status header_moment(sgc_str text, sgc_moment *moment, sgc_error *error)
{
    static const char seq[] = "seq=";
    size_t size = sizeof seq - 1;

    if (text.size >= size && memcmp(text.data, seq, size) == 0)
        return sgc_asof_sequence(sgc_str_of(text.data + size, text.size - size), moment, error);
    return sgc_asof_time(text, moment, error);
}

static void execute(sgc_exchange *exchange, sgc_http_service *service, parameters *p)
{
    sgc_str as_of = exchange->head.as_of;
    sgc_error error = {.text = ""};

    if (as_of.data && header_moment(as_of, &p->request.moment, &error) != SGC_OK) {
        refuse(exchange, 400, "X-Sgc-As-Of takes seq=N or a time like 2026-01-31T12:00:00Z");
        return;
    }
    p->request.user = exchange->server->options.user;
    p->request.sequence = &exchange->sequence;
    p->request.failure = &error;
    sgc_answer answer = sgc_execute(service->api, exchange->server->db, &p->request, exchange->out);
    if (error.text[0] && exchange->server->options.report)
        exchange->server->options.report(exchange->server->options.user, error.text);
    exchange->status = answer_status(answer, exchange->content_type);
    exchange->has_sequence = answer == SGC_ANSWER_DATA;
    if (answer == SGC_ANSWER_READ_ONLY) exchange->allow = "POST";
}

static const char help[] =
    "This is a GraphQL endpoint.\n\n"
    "  POST /graphql        {\"query\": \"{ __typename }\", \"variables\": {}}\n"
    "  GET  /graphql?query=%7B__typename%7D\n"
    "  GET  /graphql?sdl    the schema it serves\n"
    "  GET  /schema         tables and their row counts\n"
    "  GET  /health/live, /health/ready\n";

static void serve_get(sgc_exchange *exchange, sgc_http_service *service)
{
    parameters p = {0};
    sgc_str ignored;

    if (parameter(exchange->head.query, "sdl", &ignored)) {
        sgc_str sdl = sgc_api_sdl(service->api);
        exchange->status = 200;
        exchange->content_type = SGC_TYPE_TEXT;
        sgc_buf_str(exchange->out, sdl);
        return;
    }
    if (!exchange->head.query.data) {
        sgc_http_text(exchange, 200, help);
        return;
    }
    from_url(exchange, &p);
    if (p.wrong)
        refuse(exchange, 400, p.wrong);
    else
        execute(exchange, service, &p);
}

void sgc_http_graphql(sgc_exchange *exchange)
{
    parameters p = {0};

    exchange->content_type = negotiate(&exchange->head);
    if (!exchange->content_type) {
        bool plain = !sgc_http_is(exchange, "POST") && !exchange->head.query.data;
        if (!plain) {
            refuse(exchange, 406,
                   "answers are application/json or application/graphql-response+json");
            return;
        }
    }
    sgc_http_service *service = sgc_http_service_get(exchange->server);
    if (!sgc_http_is(exchange, "POST")) {
        serve_get(exchange, service);
    } else if (from_body(exchange, &p)) {
        if (p.wrong)
            refuse(exchange, 400, p.wrong);
        else
            execute(exchange, service, &p);
    }
    sgc_http_service_release(exchange->server);
}
