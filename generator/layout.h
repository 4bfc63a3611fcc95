/*
 * layout.h - C being written line by line. Names of any length make lines of any length: each is
 * broken, when it ends, where clang-format would break it. The functions that tplc makes from
 * templates/ call this; a line that fits costs a comparison.
 */
#ifndef SGC_GENERATOR_LAYOUT_H
#define SGC_GENERATOR_LAYOUT_H

#include "base/base.h"

enum { LAYOUT_COLUMNS = 100, LAYOUT_RUN = 512 };

/** A line with a remark behind it, waiting to be aligned with its neighbours. */
typedef struct layout_remark {
    size_t line, at; /**< where it begins, and where its remark does */
} layout_remark;

/** One file. Zero-initialise, with `blank` true; layout_free() gives the memory back. */
typedef struct layout {
    sgc_buf text;
    sgc_buf spare; /**< the line that is being folded */
    size_t line;   /**< where the line being written begins */
    size_t run_count;
    layout_remark run[LAYOUT_RUN];
    bool blank; /**< the last line is empty, or there is none */
    bool data;  /**< behind `clang-format off`, and in CMake: every line stays as it is */
} layout;

/** Aligns the remarks that wait. */
void layout_align(layout *l);
/** Ends a line that is too long. */
void layout_fold(layout *l);
/** Behind the last line: no empty line stands at the end. */
void layout_finish(layout *l);
void layout_free(layout *l);

/** A part of the line. */
static inline void layout_put(layout *l, const char *text, size_t size)
{
    sgc_buf *out = &l->text;

    if (size == 0 || (size > out->capacity - out->size && !sgc_buf_reserve(out, size))) return;
    memcpy(out->data + out->size, text, size);
    out->size += size;
}

static inline void layout_str(layout *l, sgc_str text)
{
    layout_put(l, text.data, text.size);
}

/** Begins a line of code or of a comment. */
static inline void layout_start(layout *l)
{
    if (l->run_count > 0) layout_align(l);
    l->line = l->text.size;
    l->blank = false;
}

/** Ends a line of code: a statement, a head, or all of a list of parameters. */
static inline void layout_end(layout *l)
{
    if (l->text.size - l->line > LAYOUT_COLUMNS && !l->data)
        layout_fold(l);
    else
        sgc_buf_byte(&l->text, '\n');
}

/** Ends a line of a comment: no blanks at its end. */
static inline void layout_end_comment(layout *l)
{
    while (l->text.size > l->line && l->text.data[l->text.size - 1] == ' ')
        l->text.size--;
    sgc_buf_byte(&l->text, '\n');
}

/** Begins a line that has a remark behind it. */
static inline void layout_start_remark(layout *l)
{
    if (l->run_count == LAYOUT_RUN) layout_align(l);
    l->run[l->run_count].line = l->text.size;
    l->blank = false;
}

/** The remark begins here. */
static inline void layout_remark_here(layout *l)
{
    l->run[l->run_count++].at = l->text.size;
}

static inline void layout_end_remark(layout *l)
{
    sgc_buf_byte(&l->text, '\n');
}

/** An empty line, never two. */
static inline void layout_blank(layout *l)
{
    if (l->run_count > 0) layout_align(l);
    if (!l->blank || l->data) sgc_buf_byte(&l->text, '\n');
    l->blank = true;
}

/** Lines that fit and need nothing; `blank` says whether the last of them is empty. */
static inline void layout_lines(layout *l, const char *text, size_t size, bool blank)
{
    if (l->run_count > 0) layout_align(l);
    layout_put(l, text, size);
    l->blank = blank;
}

#endif
