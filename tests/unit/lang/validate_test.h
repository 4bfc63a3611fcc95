/*
 * validate_test.h - what the tests of the rules of queries share: a document in memory of exactly
 * its size, judged against a schema.
 */
#ifndef SGC_TESTS_VALIDATE_TEST_H
#define SGC_TESTS_VALIDATE_TEST_H

#include "types_test.h"

/* A query against the schema that was built; what was reported goes to t->diagnostics. */
static inline sgc_status validate(struct types *t, sgc_str text, const char *rule)
{
    sgc_document *document = NULL;

    if (!types_add(t, text)) return SGC_NO_MEMORY;
    sgc_status status =
        sgc_parse(&t->sources[t->count - 1], NULL, &t->arena, &t->diagnostics, &document);
    if (status != SGC_OK) return status;
    return sgc_validate(t->system, document, sgc_str_from(rule), &t->diagnostics);
}

#endif
