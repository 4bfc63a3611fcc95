/*
 * fixture.h - a schema from SDL text, a database in memory and requests as JSON text: what the
 * tests of the executor share.
 */
#ifndef SGC_TESTS_GRAPHQL_FIXTURE_H
#define SGC_TESTS_GRAPHQL_FIXTURE_H

#include "graphql/graphql.h"
#include "unit/unit.h"

#include <stdlib.h>

typedef struct fixture {
    sgc_arena arena;
    sgc_schema schema; /* a copy, so that resolvers can be bound */
    sgc_resolver_entry *resolvers;
    sgc_api *api;
    sgc_db *db;
    sgc_buf out;
    sgc_answer answer;
} fixture;

/* False after the reason was printed. */
static inline bool fixture_open(fixture *f, const char *sdl)
{
    sgc_schema_file file = {.name = SGC_STR("test.graphql"), .text = sgc_str_from(sdl)};
    sgc_diagnostics diagnostics = {.arena = &f->arena};
    sgc_schema_built built;
    sgc_error error = {.text = ""};
    sgc_status status = sgc_schema_build(&file, 1, SGC_STR("test"), sgc_str_of(NULL, 0), &f->arena,
                                         &diagnostics, &built);

    if (status != SGC_OK) {
        sgc_buf text = {0};
        sgc_diagnostics_print(&diagnostics, &text);
        printf("\n%s: " SGC_FMT "\n", sgc_status_text(status), SGC_ARG(sgc_buf_as_str(&text)));
        sgc_buf_free(&text);
        return false;
    }
    f->schema = *built.schema;
    f->resolvers = sgc_arena_zero(&f->arena, f->schema.resolver_count, sizeof *f->resolvers);
    if (f->schema.resolver_count)
        memcpy(f->resolvers, f->schema.resolvers, f->schema.resolver_count * sizeof *f->resolvers);
    f->schema.resolvers = f->resolvers;
    status = sgc_api_create(&f->schema, &f->api, &error);
    if (status == SGC_OK) status = sgc_db_open(":memory:", &f->schema, NULL, &f->db, &error);
    if (status != SGC_OK) printf("\n%s: %s\n", sgc_status_text(status), error.text);
    return status == SGC_OK;
}

static inline void fixture_close(fixture *f)
{
    if (f->db) CU_ASSERT_EQUAL(sgc_db_close(f->db), SGC_OK);
    sgc_api_destroy(f->api);
    sgc_buf_free(&f->out);
    sgc_arena_free(&f->arena);
    *f = (fixture){0};
}

/* The answer to a request; variables is JSON text or NULL. Valid until the next request. */
static inline sgc_str fixture_ask(fixture *f, const char *query, const char *variables)
{
    sgc_arena arena = {0};
    sgc_json *json = NULL;
    sgc_error error = {.text = ""};

    f->out.size = 0;
    if (variables && sgc_json_parse(sgc_str_from(variables), &arena, &json, &error) != SGC_OK) {
        sgc_buf_text(&f->out, error.text);
    } else {
        sgc_request request = {.query = sgc_str_from(query), .variables = json};
        f->answer = sgc_execute(f->api, f->db, &request, &f->out);
    }
    sgc_arena_free(&arena);
    return sgc_buf_as_str(&f->out);
}

static inline bool fixture_contains(sgc_str text, const char *part)
{
    size_t size = strlen(part);

    for (size_t i = 0; i + size <= text.size; i++) {
        if (memcmp(text.data + i, part, size) == 0) return true;
    }
    return false;
}

/* One request and the exact answer expected. */
typedef struct exchange {
    const char *query, *variables, *answer;
} exchange;

static inline void fixture_run(fixture *f, const exchange *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sgc_str answer = fixture_ask(f, list[i].query, list[i].variables);
        if (!sgc_str_eq(answer, sgc_str_from(list[i].answer))) {
            printf("\n    request  <%s>", list[i].query);
            if (list[i].variables) printf(" with %s", list[i].variables);
        }
        UNIT_STR(answer, list[i].answer);
    }
}

#define FIXTURE_COUNT(list) (sizeof(list) / sizeof *(list))

#endif
