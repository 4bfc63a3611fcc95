/*
 * validate.h - the rules of executable documents: whether a query means something in a type system.
 */
#ifndef SGC_LANG_VALIDATE_H
#define SGC_LANG_VALIDATE_H

#include "lang/type_system.h"

/**
 * Checks a parsed document against a type system and reports every error with its rule's name, in
 * the wording of graphql-js. `rule` restricts the check to one rule (and alone turns on those that
 * are not part of the specification); null checks all that are. SGC_INVALID when anything was
 * reported, SGC_NO_MEMORY. SGC_LIMIT: the document is too deep, too entangled or too wrong to be
 * checked to its end, which is reported as an error too; nothing may be executed.
 */
SGC_CHECK sgc_status sgc_validate(const sgc_type_system *types, const sgc_document *document,
                                  sgc_str rule, sgc_diagnostics *diagnostics);
/** Whether a rule of executable documents has this name. */
bool sgc_validation_rule_known(sgc_str name);

#endif
