/*
 * layout.h - the last pass over emitted C: names of any length make lines of any length, and here
 * they are broken where clang-format would break them.
 */
#ifndef SGC_GENERATOR_LAYOUT_H
#define SGC_GENERATOR_LAYOUT_H

#include "base/base.h"

/**
 * Appends C text with its parameter lists folded to 100 columns, remarks behind members aligned and
 * empty lines never doubled. From a line that says `clang-format off` everything is copied as it
 * is.
 */
void layout_c(sgc_str text, sgc_buf *out);

#endif
