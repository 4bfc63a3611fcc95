/* rows.c - the tab-separated file into rows; nothing of any engine. */
#include "rows.h"

#include "bench.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *name;
    unsigned columns;
} kinds[ROW_KINDS] = {
    [ROW_LANGUAGE] = {"language", 2}, [ROW_MONEY] = {"money", 3},
    [ROW_COUNTRY] = {"country", 8},   [ROW_BORDER] = {"border", 2},
    [ROW_SPEAKS] = {"speaks", 2},     [ROW_PAYS] = {"pays", 2},
    [ROW_REGION] = {"region", 3},     [ROW_DISTRICT] = {"district", 3},
    [ROW_CITY] = {"city", 7},
};

static char *read_text(const char *path, sgc_arena *arena, size_t *size)
{
    FILE *file = fopen(path, "rb");
    long end = -1;

    if (file && fseek(file, 0, SEEK_END) == 0) end = ftell(file);
    if (!file || end < 0 || fseek(file, 0, SEEK_SET) != 0) bench_fail("cannot read %s", path);
    char *text = sgc_arena_alloc(arena, (size_t)end + 1);
    if (!text || fread(text, 1, (size_t)end, file) != (size_t)end)
        bench_fail("cannot read %s", path);
    fclose(file);
    text[end] = '\0';
    *size = (size_t)end;
    return text;
}

static row_kind kind_of(const char *name)
{
    for (unsigned kind = 0; kind < ROW_KINDS; kind++)
        if (strcmp(name, kinds[kind].name) == 0) return (row_kind)kind;
    bench_fail("a row of an unknown kind: %s", name);
}

/* The text up to the next `end`, which becomes a NUL. */
static char *cut(char **at, char end)
{
    char *start = *at;
    char *stop = strchr(start, end);

    if (!stop) bench_fail("a row ends too early: %.60s", start);
    *stop = '\0';
    *at = stop + 1;
    return start;
}

static double number_of(sgc_str text)
{
    char *end;
    double value = text.data ? strtod(text.data, &end) : 0;

    if (!text.data || *end) bench_fail("no number: " SGC_FMT, SGC_ARG(text));
    return value;
}

static void read_columns(char *line, row_kind kind, row *out)
{
    memset(out, 0, sizeof *out);
    for (unsigned i = 0; i < kinds[kind].columns; i++) {
        char *text = i + 1 < kinds[kind].columns ? cut(&line, '\t') : line;
        if (*text) out->column[i] = sgc_str_from(text);
    }
    if (kind == ROW_CITY) {
        out->id = (int32_t)number_of(out->column[0]);
        out->number[0] = number_of(out->column[2]);
        out->number[1] = number_of(out->column[3]);
    } else if (kind == ROW_COUNTRY) {
        out->number[0] = number_of(out->column[5]);
    }
}

static size_t count_lines(const char *text)
{
    size_t lines = 0;

    for (; (text = strchr(text, '\n')); text++)
        lines++;
    return lines;
}

void rows_read(const char *path, size_t cities, rows *out)
{
    size_t size;

    memset(out, 0, sizeof *out);
    char *text = read_text(path, &out->arena, &size);
    size_t lines = count_lines(text);
    for (unsigned kind = 0; kind < ROW_KINDS; kind++) {
        out->of[kind].items = sgc_arena_zero(&out->arena, lines, sizeof(row));
        if (!out->of[kind].items) bench_fail("out of memory");
    }
    for (char *at = text; at < text + size;) {
        char *line = cut(&at, '\n');
        row_kind kind = kind_of(cut(&line, '\t'));
        row_list *list = &out->of[kind];
        if (kind != ROW_CITY || list->count < cities)
            read_columns(line, kind, &list->items[list->count++]);
    }
    if (out->of[ROW_CITY].count == 0) bench_fail("%s holds no cities", path);
}

void rows_free(rows *all)
{
    sgc_arena_free(&all->arena);
    memset(all, 0, sizeof *all);
}

size_t rows_count(const rows *all)
{
    size_t count = 0;

    for (unsigned kind = 0; kind < ROW_KINDS; kind++)
        count += all->of[kind].count;
    return count;
}
