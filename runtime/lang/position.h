/*
 * position.h - private to lang: finding many positions of one source without reading it from its
 * start each time.
 */
#ifndef SGC_LANG_POSITION_H
#define SGC_LANG_POSITION_H

#include "lang/ast.h"

/** Remembers where the last search ended. Zero-initialise. */
typedef struct sgc_locator {
    const sgc_source *source;
    uint32_t line, line_start, scanned;
} sgc_locator;

sgc_position sgc_locator_find(sgc_locator *locator, const sgc_source *source, uint32_t offset);

#endif
