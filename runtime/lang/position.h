/*
 * position.h - private to lang: finding many positions without reading a source from its start each
 * time, whatever their order and however long the lines.
 */
#ifndef SGC_LANG_POSITION_H
#define SGC_LANG_POSITION_H

#include "lang/ast.h"

/** The sources seen so far. Set the arena, zero the rest. */
typedef struct sgc_locator {
    sgc_arena *arena;
    struct sgc_located_source *first;
} sgc_locator;

/** The same answer as sgc_source_position(). */
sgc_position sgc_locator_find(sgc_locator *locator, const sgc_source *source, uint32_t offset);

#endif
