/*
 * ask.h - the executor for answers.c. Apart from it because runtime/query has names of its own that
 * typed programs know otherwise (sgc_rows).
 */
#ifndef SGC_TESTS_BEHAVIOUR_ASK_H
#define SGC_TESTS_BEHAVIOUR_ASK_H

#include "sgc/schema.h"
#include "sgc/txn.h"

/** Puts the answer to a document into out; false when it could not be executed. */
bool ask(const sgc_schema *schema, sgc_db *db, const char *document, sgc_buf *out);

#endif
