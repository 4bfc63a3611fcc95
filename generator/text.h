/*
 * text.h - SDL text on its way into C: as a comment, as the inside of a string literal. Nothing a
 * schema says can end a comment or a literal, join lines or turn the direction of reading.
 */
#ifndef SGC_GENERATOR_TEXT_H
#define SGC_GENERATOR_TEXT_H

#include "view.h"

/** A growing list of lines in an arena. */
typedef struct text_lines {
    view_line *items;
    size_t count, capacity;
} text_lines;

/** Appends a line; false when memory is out. */
bool text_add(sgc_arena *arena, text_lines *lines, sgc_str line);

/** Appends a number. */
void text_number(sgc_buf *out, uint64_t number);
/** Appends the inside of a string literal. */
void text_put_literal(sgc_buf *out, sgc_str text);

/** One line of comment. */
sgc_str text_comment(sgc_arena *arena, sgc_str text);
/** A description as lines of comment of at most `width` columns; none for null. */
bool text_comment_lines(sgc_arena *arena, sgc_str text, size_t width, text_lines *lines);
/** The inside of a string literal. */
sgc_str text_literal(sgc_arena *arena, sgc_str text);
/** A text as string literals, quotes included, one for each line of it and none above 90 bytes. */
bool text_literal_lines(sgc_arena *arena, sgc_str text, text_lines *lines);

#endif
