/*
 * text.h - private to query: the text tests of filters, on UTF-8 bytes.
 */
#ifndef SGC_QUERY_TEXT_H
#define SGC_QUERY_TEXT_H

#include "base/base.h"

/** SQL's LIKE: % any text, _ one character, \ takes the next character as it is. */
bool sgc_text_like(sgc_str text, sgc_str pattern, bool ignore_case);
bool sgc_text_starts(sgc_str text, sgc_str start);
bool sgc_text_ends(sgc_str text, sgc_str end);
bool sgc_text_contains(sgc_str text, sgc_str part);

#endif
