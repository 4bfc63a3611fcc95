/*
 * validate.h - private to graphql: the rules of executable documents. validate.c walks the document
 * once and calls the rules of rules_*.c where they belong; each is linear in the document, or
 * spends from a budget.
 */
#ifndef SGC_GRAPHQL_VALIDATE_H
#define SGC_GRAPHQL_VALIDATE_H

#include "lang/lang.h"

/**
 * Checks a parsed document against a type system and reports every error with its rule's name.
 * SGC_INVALID when anything was reported, SGC_NO_MEMORY. SGC_LIMIT: the document is too deep or too
 * entangled to be checked; nothing may be executed.
 */
SGC_CHECK sgc_status sgc_validate(const sgc_type_system *types, const sgc_document *document,
                                  sgc_diagnostics *diagnostics);

#endif
