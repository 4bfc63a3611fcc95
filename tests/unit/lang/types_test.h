/*
 * types_test.h - what the tests of type systems share: texts in memory of exactly their size, built
 * with or without the prelude, and all errors as one text to compare with.
 */
#ifndef SGC_TESTS_TYPES_TEST_H
#define SGC_TESTS_TYPES_TEST_H

#include "lang/lang.h"
#include "unit/unit.h"

enum { TEXTS = 4 };

struct types {
    sgc_arena arena;
    sgc_diagnostics diagnostics;
    sgc_source sources[TEXTS], prelude_source;
    char *copies[TEXTS];
    size_t count;
    sgc_type_system *system;
    sgc_status status;
    sgc_buf out;
};

static inline bool types_add(struct types *t, sgc_str text)
{
    char *copy = sgc_alloc(text.size + 1);

    if (!copy) return false;
    if (text.size) memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    t->copies[t->count] = copy;
    t->sources[t->count++] = (sgc_source){SGC_STR("test.graphql"), sgc_str_of(copy, text.size)};
    return true;
}

/* Parses what was added and builds; the status is that of the first step that fails. */
static inline sgc_status types_build(struct types *t, bool prelude)
{
    const sgc_document *documents[TEXTS];
    sgc_document *document, *own = NULL;

    t->diagnostics.arena = &t->arena;
    t->prelude_source.text = sgc_str_from(sgc_prelude_sdl);
    t->status = SGC_OK;
    if (prelude) t->status = sgc_parse(&t->prelude_source, NULL, &t->arena, &t->diagnostics, &own);
    for (size_t i = 0; i < t->count && t->status == SGC_OK; i++) {
        t->status = sgc_parse(&t->sources[i], NULL, &t->arena, &t->diagnostics, &document);
        documents[i] = document;
    }
    if (t->status == SGC_OK)
        t->status =
            sgc_type_system_build(documents, t->count, own, &t->arena, &t->diagnostics, &t->system);
    return t->status;
}

/* The sources live in *t, so it stays where it is. */
static inline void types_of(struct types *t, const char *first, const char *second)
{
    *t = (struct types){0};
    types_add(t, sgc_str_from(first));
    if (second) types_add(t, sgc_str_from(second));
    types_build(t, true);
}

static inline void types_end(struct types *t)
{
    for (size_t i = 0; i < t->count; i++)
        sgc_free(t->copies[i]);
    sgc_buf_free(&t->out);
    sgc_arena_free(&t->arena);
}

/* Ends two-document places with the number of the document when it is not the first. */
static inline void types_print_place(struct types *t, const struct sgc_place *place)
{
    sgc_position at = sgc_source_position(place->source, place->span.start);

    sgc_buf_printf(&t->out, " %u:%u", at.line, at.column);
    for (size_t i = 1; i < t->count; i++)
        if (place->source == &t->sources[i]) sgc_buf_printf(&t->out, "/%zu", i + 1);
}

/* "rule: message @ line:column line:column\n" of every error. */
static inline sgc_str types_errors(struct types *t)
{
    t->out.size = 0;
    for (const sgc_diagnostic *at = t->diagnostics.first; at; at = at->next) {
        sgc_buf_printf(&t->out, "%s: " SGC_FMT, at->rule, SGC_ARG(at->message));
        if (at->place_count) sgc_buf_text(&t->out, " @");
        for (size_t i = 0; i < at->place_count; i++)
            types_print_place(t, &at->places[i]);
        sgc_buf_byte(&t->out, '\n');
    }
    return sgc_buf_as_str(&t->out);
}

/* A second document may be NULL; "" expects a valid schema. */
static inline void expect_errors_of(const char *first, const char *second, const char *errors)
{
    struct types t;
    types_of(&t, first, second);

    CU_ASSERT_EQUAL(t.status, *errors ? SGC_INVALID : SGC_OK);
    UNIT_STR(types_errors(&t), errors);
    types_end(&t);
}

struct rule_case {
    const char *first, *second, *errors;
};

static inline void expect_cases(const struct rule_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect_errors_of(cases[i].first, cases[i].second, cases[i].errors);
}
#define EXPECT_CASES(cases) expect_cases((cases), sizeof(cases) / sizeof *(cases))

#endif
