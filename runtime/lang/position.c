/*
 * position.c - byte offsets as lines and columns. Columns count UTF-16 code units.
 *
 * Thousands of errors in a large file must not read it thousands of times: a locator notes the
 * position of every thousandth byte the first time it meets a source, and starts from there.
 */
#include "lang/position.h"

enum { STRIDE = 1024 };

/* A source with points[i] the position of byte i * STRIDE; no points when memory was out. */
struct sgc_located_source {
    const sgc_source *source;
    sgc_position *points;
    struct sgc_located_source *next;
};

/* The position of the byte behind text.data[at], given that of the byte itself. */
static sgc_position step(sgc_str text, size_t at, sgc_position position)
{
    unsigned char byte = (unsigned char)text.data[at];
    bool line_end =
        byte == '\n' || (byte == '\r' && (at + 1 == text.size || text.data[at + 1] != '\n'));

    if (line_end) return (sgc_position){position.line + 1, 1};
    /* Continuation bytes are no units, what takes four bytes is two. */
    position.column += (byte & 0xC0) != 0x80;
    position.column += byte >= 0xF0 && byte < 0xF5;
    return position;
}

static sgc_position walk(sgc_str text, size_t from, size_t to, sgc_position position)
{
    if (to > text.size) to = text.size;
    for (size_t at = from; at < to; at++)
        position = step(text, at, position);
    return position;
}

sgc_position sgc_source_position(const sgc_source *source, uint32_t offset)
{
    return walk(source->text, 0, offset, (sgc_position){1, 1});
}

static sgc_position *note_points(sgc_arena *arena, sgc_str text)
{
    size_t count = text.size / STRIDE + 1;
    sgc_position *points = sgc_arena_zero(arena, count, sizeof *points);

    if (!points) return NULL;
    points[0] = (sgc_position){1, 1};
    for (size_t i = 1; i < count; i++)
        points[i] = walk(text, (i - 1) * STRIDE, i * STRIDE, points[i - 1]);
    return points;
}

static const sgc_position *points_of(sgc_locator *locator, const sgc_source *source)
{
    struct sgc_located_source *located = locator->first;

    while (located && located->source != source)
        located = located->next;
    if (located) return located->points;
    located = sgc_arena_zero(locator->arena, 1, sizeof *located);
    if (!located) return NULL;
    *located = (struct sgc_located_source){source, note_points(locator->arena, source->text),
                                           locator->first};
    locator->first = located;
    return located->points;
}

sgc_position sgc_locator_find(sgc_locator *locator, const sgc_source *source, uint32_t offset)
{
    const sgc_position *points = points_of(locator, source);
    size_t at = offset < source->text.size ? offset : source->text.size;

    if (!points) return sgc_source_position(source, offset);
    return walk(source->text, at / STRIDE * STRIDE, at, points[at / STRIDE]);
}
