/*
 * lang_test.h - what the tests of the language share: a text in memory of exactly its size, so that
 * the address sanitizer sees every byte read too many, and one call for each thing to do with it.
 */
#ifndef SGC_TESTS_LANG_TEST_H
#define SGC_TESTS_LANG_TEST_H

#include "lang/lexer.h"
#include "lang/syntax.h"
#include "unit/unit.h"

struct job {
    sgc_arena arena;
    sgc_diagnostics diagnostics;
    sgc_source source;
    sgc_document *document;
    sgc_buf out;
    char *copy;
};

/* False when memory is out, which only tests that ask for it see. */
static inline bool job_start(struct job *job, sgc_str text)
{
    *job = (struct job){0};
    job->diagnostics.arena = &job->arena;
    job->copy = sgc_alloc(text.size + 1);
    if (!job->copy) return false;
    if (text.size) memcpy(job->copy, text.data, text.size);
    job->copy[text.size] = '\0';
    job->source = (sgc_source){SGC_STR("test.graphql"), sgc_str_of(job->copy, text.size)};
    return true;
}

static inline void job_end(struct job *job)
{
    sgc_buf_free(&job->out);
    sgc_arena_free(&job->arena);
    sgc_free(job->copy);
}

static inline sgc_status job_parse(struct job *job, const sgc_parse_limits *limits)
{
    return sgc_parse(&job->source, limits, &job->arena, &job->diagnostics, &job->document);
}

static inline sgc_status parse_text(struct job *job, const char *text)
{
    if (!job_start(job, sgc_str_from(text))) return SGC_NO_MEMORY;
    return job_parse(job, NULL);
}

/* The only error must have this message and place. */
static inline void expect_error(struct job *job, const char *message, unsigned line,
                                unsigned column)
{
    const sgc_diagnostic *error = job->diagnostics.first;

    CU_ASSERT_EQUAL(job->diagnostics.count, 1);
    if (!error) {
        printf("\n    no error for <%s>\n", job->copy);
        return;
    }
    UNIT_STR(error->message, message);
    CU_ASSERT_STRING_EQUAL(error->rule, "Syntax");
    CU_ASSERT_EQUAL(error->place_count, 1);
    sgc_position at = sgc_source_position(&job->source, error->places[0].span.start);
    if (at.line != line || at.column != column)
        printf("\n    <%s> at %u:%u\n", job->copy, at.line, at.column);
    CU_ASSERT_EQUAL(at.line, line);
    CU_ASSERT_EQUAL(at.column, column);
}

struct error_case {
    const char *text, *message; /* without "Syntax Error: " */
    unsigned line, column;
};

static inline void expect_errors(const struct error_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct job job;
        char message[400];
        CU_ASSERT_EQUAL(parse_text(&job, cases[i].text), SGC_INVALID);
        snprintf(message, sizeof message, "Syntax Error: %s", cases[i].message);
        expect_error(&job, message, cases[i].line, cases[i].column);
        job_end(&job);
    }
}
#define EXPECT_ERRORS(cases) expect_errors(cases, sizeof(cases) / sizeof *(cases))

/* Documents with everything in them. */
static const char query_sink[] =
    "\"d\" query Q($a: Int = 1 @d, \"v\" $b: [[T!]!]! = [{x: [1, -2.5e3, \"s\", \"\"\"b\"\"\"]}]) "
    "@on(a: $b) { a: b(x: $a, y: [true false null E {}]) @d { c } ...F @d ... @d { e } "
    "... on T { f } ... {} }\n"
    "# comment\nmutation { on, true, fragment }\nsubscription S @d { x }\n"
    "\"\"\"f\"\"\" fragment F on T @d(a: {b: \"\\u{1F600}\\n\"}) { query type on }\n{ a }";
static const char schema_sink[] =
    "\"s\" schema @d { query: Q mutation: M subscription: S }\n"
    "\"\"\"\n  d\n    e\n\"\"\" type T implements & A & B @d { \"f\" f(\"a\" a: [Int!] = [1] @d b: "
    "B): "
    "[T!]! @d on: on }\ntype Empty\ninterface I implements A { x: Int }\n"
    "union U @d = | A | B\nenum E { A @d \"b\" B on }\n"
    "input P @oneOf { a: Int = 1 @d }\nscalar S @d\n"
    "directive @d(a: Int = 1, \"x\" b: P) @d repeatable on | QUERY | DIRECTIVE_DEFINITION\n"
    "extend schema @d { query: Q } extend type T implements C extend type T @d extend type T { "
    "g: Int }\nextend interface I @d extend union U = C extend enum E { C } extend input P { b: B "
    "}\n"
    "extend scalar S @d extend directive @d @e extend schema @x";

#endif
