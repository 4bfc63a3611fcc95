/* position.c - byte offsets as lines and columns. Columns count UTF-16 code units. */
#include "lang/position.h"

#include "lang/lexer.h"

sgc_position sgc_locator_find(sgc_locator *locator, const sgc_source *source, uint32_t offset)
{
    const char *text = source->text.data;

    if (locator->source != source || offset < locator->line_start)
        *locator = (sgc_locator){source, 1, 0, 0};
    uint32_t at = locator->scanned;
    for (; at < offset && at < source->text.size; at++) {
        if (text[at] != '\n' && text[at] != '\r') continue;
        if (text[at] == '\r' && at + 1 < source->text.size && text[at + 1] == '\n') at++;
        locator->line++;
        locator->line_start = at + 1;
    }
    locator->scanned = at;
    if (offset < locator->line_start) return (sgc_position){locator->line, 0};
    sgc_str before = sgc_str_of(text + locator->line_start, offset - locator->line_start);
    return (sgc_position){locator->line, 1 + (uint32_t)sgc_utf16_length(before)};
}

sgc_position sgc_source_position(const sgc_source *source, uint32_t offset)
{
    sgc_locator locator = {0};

    return sgc_locator_find(&locator, source, offset);
}
