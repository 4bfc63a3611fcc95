/*
 * bench_lang.c - how fast GraphQL text becomes a tree, in MB per second of one core.
 *
 *   bench_lang generate                 writes a schema of 1.2 MB to standard output
 *   bench_lang [--at-least MB] FILE...  parses each file again and again for a second
 *
 * Processor time counts, not time of day, so a busy machine does not change the result much. With
 * --at-least the exit status is 1 when a file is slower. compare.mjs puts graphql-js next to it.
 */
#include "lang/lang.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SCHEMA_BYTES = 1200000, FIELDS = 12 };

static double processor_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- a schema with the proportions of a public API's: half of it is descriptions ---- */

static void generate_field(sgc_buf *out, unsigned type, unsigned field)
{
    static const char *const types[] = {"String!", "Int", "[ID!]!", "DateTime", "Boolean!"};

    sgc_buf_printf(out, "  \"\"\"\n  The %u. attribute of records of kind %u.\n  \"\"\"\n", field,
                   type);
    sgc_buf_printf(out, "  attribute%u", field);
    if (field % 3 == 0)
        sgc_buf_text(out, "(\n    \"Returns the elements that come after the cursor.\"\n"
                          "    after: String\n    first: Int = 20\n"
                          "    orderBy: [RecordOrder!] = [{field: NAME, direction: ASC}]\n  )");
    if (field % 4 == 1)
        sgc_buf_printf(out, ": Record%u", (type * 7 + field) % 500);
    else
        sgc_buf_printf(out, ": %s", types[field % 5]);
    if (field % 6 == 5) sgc_buf_text(out, " @deprecated(reason: \"Ask for `attribute1`.\")");
    sgc_buf_byte(out, '\n');
}

static void generate_type(sgc_buf *out, unsigned type)
{
    sgc_buf_printf(out,
                   "# Records of kind %u\n\"\"\"\nRepresents a record of kind %u, with everything "
                   "that is known about it.\n\nSee also: \\\"\"\"kinds\\\"\"\".\n\"\"\"\n",
                   type, type);
    sgc_buf_printf(out, "type Record%u implements Node & Named @key(fields: \"id\") {\n", type);
    for (unsigned field = 0; field < FIELDS; field++)
        generate_field(out, type, field);
    sgc_buf_text(out, "}\n\n");
    sgc_buf_printf(out, "input Record%uFilter {\n  name: String = \"\"\n  ids: [ID!]\n}\n\n", type);
    sgc_buf_printf(out, "enum Record%uState {\n  OPEN\n  CLOSED @deprecated\n}\n\n", type);
}

static int generate(void)
{
    sgc_buf out = {0};

    for (unsigned type = 0; out.size < SCHEMA_BYTES && !out.failed; type++)
        generate_type(&out, type);
    bool ok = !out.failed && fwrite(out.data, 1, out.size, stdout) == out.size;
    sgc_buf_free(&out);
    return ok ? 0 : 2;
}

/* ---- measuring ---- */

static bool read_file(const char *path, sgc_buf *out)
{
    FILE *file = fopen(path, "rb");
    size_t got = 1;

    while (file && got > 0) {
        char *room = sgc_buf_reserve(out, 65536);
        if (!room) break;
        got = fread(room, 1, 65536, file);
        out->size += got;
    }
    bool ok = file && !ferror(file) && !out->failed;
    if (file) fclose(file);
    sgc_buf_byte(out, '\0');
    out->size--;
    return ok;
}

/* Megabytes a second, 0 when the text is not valid. */
static double measure(const char *path, const sgc_source *source, size_t *tree_bytes)
{
    sgc_arena arena = {0};
    sgc_document *document;
    double start = processor_seconds(), spent = 0;
    size_t rounds = 0;

    for (; spent < 1; rounds++) {
        sgc_diagnostics diagnostics = {.arena = &arena};
        if (sgc_parse(source, NULL, &arena, &diagnostics, &document) != SGC_OK) {
            fprintf(stderr, "%s is not valid\n", path);
            sgc_arena_free(&arena);
            return 0;
        }
        *tree_bytes = arena.total;
        sgc_arena_reset(&arena);
        spent = processor_seconds() - start;
    }
    sgc_arena_free(&arena);
    return (double)source->text.size * (double)rounds / spent / 1e6;
}

static bool bench_file(const char *path, double at_least)
{
    sgc_buf text = {0};
    size_t tree_bytes = 0;
    double speed = 0;

    if (read_file(path, &text)) {
        sgc_source source = {sgc_str_from(path), sgc_buf_as_str(&text)};
        speed = measure(path, &source, &tree_bytes);
        printf("%-40s %9zu bytes %9.1f MB/s %9zu bytes of tree\n", path, text.size, speed,
               tree_bytes);
    } else {
        fprintf(stderr, "cannot read %s\n", path);
    }
    sgc_buf_free(&text);
    return speed > 0 && speed >= at_least;
}

int main(int argc, char **argv)
{
    double at_least = 0;
    int first = 1, failures = 0;

    if (argc == 2 && strcmp(argv[1], "generate") == 0) return generate();
    if (argc > 2 && strcmp(argv[1], "--at-least") == 0) {
        at_least = strtod(argv[2], NULL);
        first = 3;
    }
    if (first >= argc) {
        fputs("bench_lang generate | bench_lang [--at-least MB] FILE...\n", stderr);
        return 2;
    }
    for (int i = first; i < argc; i++)
        failures += !bench_file(argv[i], at_least);
    return failures != 0;
}
