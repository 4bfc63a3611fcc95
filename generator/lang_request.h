/*
 * lang_request.h - one question about GraphQL text and its answer: is it valid, how is it printed,
 * what changed. The commands and the lines of `sgc batch` ask the same way.
 */
#ifndef SGC_GENERATOR_LANG_REQUEST_H
#define SGC_GENERATOR_LANG_REQUEST_H

#include "lang/lang.h"

typedef enum sgc_lang_op {
    SGC_LANG_CHECK,
    SGC_LANG_PRINT,
    SGC_LANG_MINIFY,
    SGC_LANG_INTROSPECT,
    SGC_LANG_DIFF,
    SGC_LANG_BATCH, /**< of the command line only */
} sgc_lang_op;

/** Finds an operation by its word; false when there is none. */
bool sgc_lang_op_find(const char *word, sgc_lang_op *op);

typedef struct sgc_lang_request {
    sgc_lang_op op;
    const sgc_source
        *schemas; /**< CHECK, INTROSPECT: later ones extend the first; DIFF: old, new */
    size_t schema_count;
    const sgc_source *query; /**< CHECK, PRINT, MINIFY; NULL for none */
    sgc_str rule;            /**< CHECK: null for all rules */
} sgc_lang_request;

/** Zero-initialise; give back with sgc_lang_answer_free(). */
typedef struct sgc_lang_answer {
    sgc_arena arena;
    sgc_diagnostics diagnostics;
    sgc_buf text;     /**< PRINT, MINIFY: text; INTROSPECT: JSON */
    sgc_str *changes; /**< DIFF */
    size_t change_count;
} sgc_lang_answer;

/** SGC_INVALID: the diagnostics say why. The request must outlive the answer. */
SGC_CHECK sgc_status sgc_lang_ask(const sgc_lang_request *request, sgc_lang_answer *answer);
/** Writes the members of the answer's JSON object, without braces. */
void sgc_lang_answer_json(const sgc_lang_request *request, const sgc_lang_answer *answer,
                          sgc_buf *out);
void sgc_lang_answer_free(sgc_lang_answer *answer);

#endif
