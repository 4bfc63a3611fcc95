/*
 * generate.c - the options of the generator, its run from SDL files to C files, and what it says.
 * The output folder is touched only when everything before has worked.
 */
#include "generate.h"

#include "emit.h"
#include "os/os.h"

#include <stdio.h>

enum { SPLIT_MAX = 1000, LISTED_MAX = 10 };

static const sgc_option table[] = {
    {.name = "--output",
     .value = "DIR",
     .help = "where to write; made when missing",
     .letter = "-o"},
    {.name = "--prefix",
     .value = "NAME",
     .help = "begins every emitted name; default: the first file's name"},
    {.name = "--stubs", .help = "also write NAME_resolvers.c, once"},
    {.name = "--split", .value = "N", .help = "spread the code over N C files"},
    {.name = "--list-outputs", .help = "only print the paths of the files that would be written"},
    {.name = "--depfile", .value = "FILE", .help = "write a dependency file for make or ninja"},
    {.name = "--help", .help = "this text", .letter = "-h"},
    {.name = NULL},
};

typedef struct options {
    const char **schemas;
    size_t schema_count;
    const char *folder, *prefix, *depfile;
    unsigned split;
    bool stubs, list;
} options;

/* ---- options ---- */

void generate_help(FILE *out)
{
    sgc_buf lines = {0};

    sgc_options_print(table, &lines);
    fprintf(out,
            "  sgc SCHEMA... -o DIR [options]   emit C for a schema (several files are one "
            "schema)\n\n" SGC_FMT,
            SGC_ARG(sgc_buf_as_str(&lines)));
    sgc_buf_free(&lines);
}

static sgc_status read_options(options *o, int argc, char **argv, sgc_arena *arena,
                               sgc_arguments *given, sgc_error *error)
{
    static const char *const filled[] = {"--output", "--prefix", "--depfile"};
    sgc_status status = sgc_options_read(table, argc, argv, 1, arena, given, error);
    uint64_t split = 1;

    if (status != SGC_OK || sgc_option_value(given, "--help")) return status;
    for (size_t i = 0; i < sizeof filled / sizeof *filled; i++) {
        const char *value = sgc_option_value(given, filled[i]);
        if (value && !*value) return sgc_usage_error(given, error, "%s is empty", filled[i]);
    }
    *o = (options){.schemas = given->words,
                   .schema_count = given->word_count,
                   .folder = sgc_option_value(given, "--output"),
                   .prefix = sgc_option_value(given, "--prefix"),
                   .depfile = sgc_option_value(given, "--depfile"),
                   .stubs = sgc_option_value(given, "--stubs") != NULL,
                   .list = sgc_option_value(given, "--list-outputs") != NULL};
    const char *parts = sgc_option_value(given, "--split");
    if (parts && sgc_parse_number(parts, 1, SPLIT_MAX, &split, NULL) != SGC_OK)
        return sgc_usage_error(given, error, "--split takes 1 to %d, not %s", SPLIT_MAX, parts);
    o->split = (unsigned)split;
    if (o->schema_count == 0) return sgc_usage_error(given, error, "no schema is given");
    if (!o->folder) return sgc_usage_error(given, error, "no output folder is given: -o DIR");
    return SGC_OK;
}

/* ---- the run ---- */

typedef struct run {
    options options;
    sgc_arena arena;
    sgc_schema_file *files;
    sgc_str stem, prefix;
    sgc_str lock_path, lock, numbering, fixed_names;
    sgc_diagnostics diagnostics;
    sgc_error error;
} run;

static const char names_mark[] = "# names\n";

static int say_error(const run *r)
{
    fprintf(stderr, "sgc: error: %s\n", r->error.text);
    return 1;
}

static int no_memory(void)
{
    fputs("sgc: error: out of memory\n", stderr);
    return 1;
}

/* "dir/blog.graphql" -> "blog": up to the first dot of the file's name. */
static void find_names(run *r)
{
    const char *path = r->options.schemas[0], *slash = strrchr(path, '/');
    const char *file = slash ? slash + 1 : path, *dot = strrchr(file, '.');
    bool changed = false;

    r->stem = sgc_str_of(file, dot && dot > file ? (size_t)(dot - file) : strlen(file));
    sgc_str wanted = r->options.prefix ? sgc_str_from(r->options.prefix) : r->stem;
    r->prefix = name_prefix(&r->arena, wanted, &changed);
    if (changed && r->prefix.data && !r->options.list)
        fprintf(stderr, "note: emitted names begin with " SGC_FMT "_\n", SGC_ARG(r->prefix));
    r->lock_path = sgc_arena_printf(&r->arena, "%.*s" SGC_FMT ".sgc.lock", (int)(file - path), path,
                                    SGC_ARG(r->stem));
}

static sgc_status read_schemas(run *r)
{
    sgc_status status = SGC_OK;

    r->files = sgc_arena_zero(&r->arena, r->options.schema_count, sizeof *r->files);
    if (!r->files) return sgc_fail(&r->error, SGC_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < r->options.schema_count && status == SGC_OK; i++) {
        const char *path = r->options.schemas[i];
        r->files[i].name = sgc_str_from(path);
        status = sgc_read_file(path, &r->arena, &r->files[i].text, &r->error);
    }
    return status;
}

/* The lock file: numbers of the model, then the names that were not free. A missing one is empty.
 */
static sgc_status read_lock(run *r)
{
    const sgc_os *os = sgc_os_posix();
    sgc_file *file = NULL;
    sgc_status status = os->open(os->self, r->lock_path.data, SGC_OPEN_READ, &file);

    r->numbering = sgc_str_of(NULL, 0);
    if (status == SGC_NOT_FOUND) return SGC_OK;
    if (status != SGC_OK)
        return sgc_fail(&r->error, SGC_IO, "cannot read %s: %s", r->lock_path.data,
                        sgc_os_file_error());
    os->close(os->self, file);
    status = sgc_read_file(r->lock_path.data, &r->arena, &r->lock, &r->error);
    if (status != SGC_OK) return status;
    const char *mark = NULL;
    for (size_t at = 0; at + sizeof names_mark - 1 <= r->lock.size && !mark; at++)
        if ((at == 0 || r->lock.data[at - 1] == '\n') &&
            memcmp(r->lock.data + at, names_mark, sizeof names_mark - 1) == 0)
            mark = r->lock.data + at;
    size_t size = mark ? (size_t)(mark - r->lock.data) : r->lock.size;
    r->numbering = sgc_arena_str(&r->arena, sgc_str_of(r->lock.data, size));
    if (mark)
        r->fixed_names =
            sgc_str_of(mark + sizeof names_mark - 1, r->lock.size - size - (sizeof names_mark - 1));
    return r->numbering.data ? SGC_OK : sgc_fail(&r->error, SGC_NO_MEMORY, "out of memory");
}

/* All files and the lock file. */
static sgc_status write_all(run *r, const emit_files *files, const name_table *n, sgc_str numbering)
{
    sgc_buf lock = {0};
    sgc_status status = SGC_NO_MEMORY;

    sgc_buf_str(&lock, numbering);
    if (n->count) sgc_buf_text(&lock, names_mark);
    names_lock(n, &lock);
    if (lock.failed)
        sgc_fail(&r->error, status, "out of memory");
    else
        status = emit_write(files, r->options.folder, r->lock_path.data, sgc_buf_as_str(&lock),
                            &r->error);
    sgc_buf_free(&lock);
    return status;
}

/* ---- what it says ---- */

/* The model reads the text of the lock and does not know its file. */
static void name_lock(const run *r)
{
    static const char words[] = "lock file, line ";
    size_t size = sizeof words - 1;

    for (sgc_diagnostic *one = r->diagnostics.first; one; one = one->next) {
        if (one->message.size < size || memcmp(one->message.data, words, size) != 0) continue;
        sgc_str named = sgc_arena_printf(
            r->diagnostics.arena, SGC_FMT ", line " SGC_FMT, SGC_ARG(r->lock_path),
            SGC_ARG(sgc_str_of(one->message.data + size, one->message.size - size)));
        if (named.data) one->message = named;
    }
}

static void print_diagnostics(const run *r)
{
    sgc_buf text = {0};

    name_lock(r);
    sgc_diagnostics_print(&r->diagnostics, &text);
    fwrite(text.data ? text.data : "", 1, text.size, stderr);
    if (text.failed || r->diagnostics.failed) no_memory();
    sgc_buf_free(&text);
}

/* Names may be very long. */
static sgc_str cut(sgc_str name)
{
    return sgc_str_of(name.data, name.size < 100 ? name.size : 100);
}

static void print_notes(const run *r, const sgc_schema_built *built, const name_table *n)
{
    size_t fresh = 0;
    uint16_t resolvers = built->schema->resolver_count;

    if (built->schema->table_count == 0)
        fputs("note: no type has a key, so there is nothing to store\n", stderr);
    for (size_t i = 0; i < built->note_count; i++)
        fprintf(stderr, "note: " SGC_FMT "\n", SGC_ARG(built->notes[i]));
    for (size_t i = 0; i < n->count; i++) {
        if (!n->fixes[i].fresh || ++fresh > LISTED_MAX) continue;
        fprintf(stderr, "note: " SGC_FMT " is called " SGC_FMT " in C\n",
                SGC_ARG(cut(n->fixes[i].key)), SGC_ARG(cut(n->fixes[i].name)));
    }
    if (fresh > LISTED_MAX)
        fprintf(stderr, "note: and %zu more names; all are in %s\n", fresh - LISTED_MAX,
                r->lock_path.data);
    if (resolvers == 0) return;
    fprintf(stderr, "note: %u field%s of yours to answer (sgc --stubs writes skeletons):",
            (unsigned)resolvers, resolvers == 1 ? "" : "s");
    for (uint16_t i = 0; i < resolvers && i < LISTED_MAX; i++)
        fprintf(stderr, " " SGC_FMT "." SGC_FMT, SGC_ARG(cut(built->schema->resolvers[i].type)),
                SGC_ARG(cut(built->schema->resolvers[i].field)));
    fputs(resolvers > LISTED_MAX ? " ...\n" : "\n", stderr);
}

/* A path in a rule of make: blanks, # and $ escaped. */
static void put_path(sgc_buf *out, const char *path)
{
    for (; *path; path++) {
        if (*path == ' ' || *path == '#' || *path == '\\') sgc_buf_byte(out, '\\');
        if (*path == '$') sgc_buf_byte(out, '$');
        sgc_buf_byte(out, *path);
    }
}

static sgc_status write_depfile(run *r, const emit_files *files)
{
    sgc_buf text = {0};
    sgc_status status;

    if (!r->options.depfile) return SGC_OK;
    for (size_t i = 0; i < files->count; i++) {
        if (files->items[i].once) continue;
        put_path(&text, r->options.folder);
        sgc_buf_byte(&text, '/');
        put_path(&text, files->items[i].name.data);
        sgc_buf_byte(&text, ' ');
    }
    if (text.size) text.size--;
    sgc_buf_byte(&text, ':');
    for (size_t i = 0; i < r->options.schema_count; i++) {
        sgc_buf_byte(&text, ' ');
        put_path(&text, r->options.schemas[i]);
    }
    sgc_buf_byte(&text, ' ');
    put_path(&text, r->lock_path.data);
    sgc_buf_byte(&text, '\n');
    status = text.failed ? sgc_fail(&r->error, SGC_NO_MEMORY, "out of memory")
                         : emit_replace(r->options.depfile, sgc_buf_as_str(&text), &r->error);
    sgc_buf_free(&text);
    return status;
}

static int list_outputs(const run *r, const emit_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        printf("%s/" SGC_FMT "\n", r->options.folder, SGC_ARG(files->items[i].name));
    return files->failed || fflush(stdout) != 0 ? 1 : 0;
}

/* Names of the files for comments: without folders, so that output does not depend on places. */
static sgc_str source_names(run *r)
{
    sgc_buf text = {0};

    for (size_t i = 0; i < r->options.schema_count; i++) {
        const char *slash = strrchr(r->options.schemas[i], '/');
        if (i) sgc_buf_text(&text, ", ");
        sgc_buf_text(&text, slash ? slash + 1 : r->options.schemas[i]);
    }
    sgc_str sources = sgc_arena_str(&r->arena, sgc_buf_as_str(&text));
    sgc_buf_free(&text);
    return sources;
}

/* A file of operations given by mistake would make an empty schema. */
static bool only_types(run *r, const sgc_schema_built *built)
{
    for (size_t i = 0; i < r->options.schema_count; i++)
        for (const sgc_ast_definition *d = built->documents[i]->definitions; d; d = d->next) {
            if (d->kind != SGC_DEFINITION_OPERATION && d->kind != SGC_DEFINITION_FRAGMENT) continue;
            sgc_diagnostic *diagnostic =
                sgc_report(&r->diagnostics, "Model", "A schema holds no operations and fragments.");
            sgc_report_place(&r->diagnostics, diagnostic, d->source, d->span);
        }
    return r->diagnostics.count == 0;
}

static int emit(run *r, emit_files *files, const sgc_schema_built *built)
{
    view_options how = {.prefix = r->prefix, .sources = source_names(r), .split = r->options.split};
    view_schema *view = NULL;
    name_table n;

    names_start(&n, &r->arena, r->prefix, r->fixed_names);
    sgc_status status = view_start(built, &how, &n, &r->arena, &r->diagnostics, &view);
    if (status == SGC_OK) status = emit_render(files, view, r->options.split, r->options.stubs);
    if (view) view_free(view);
    if (status == SGC_INVALID) {
        print_diagnostics(r);
        return 1;
    }
    if (status != SGC_OK) return no_memory();
    status = write_all(r, files, &n, built->schema->numbering);
    if (status == SGC_OK) status = write_depfile(r, files);
    if (status != SGC_OK) return say_error(r);
    print_notes(r, built, &n);
    return 0;
}

static int go(run *r)
{
    emit_files files = {.arena = &r->arena};
    sgc_schema_built built;
    int result;

    find_names(r);
    if (!r->prefix.data || !r->lock_path.data) return no_memory();
    emit_names(&files, r->prefix, r->options.split, r->options.stubs);
    if (r->options.list) return list_outputs(r, &files);
    if (read_schemas(r) != SGC_OK || read_lock(r) != SGC_OK) return say_error(r);
    r->diagnostics.arena = &r->arena;
    sgc_status status = sgc_schema_build(r->files, r->options.schema_count, r->stem, r->numbering,
                                         &r->arena, &r->diagnostics, &built);
    if (status == SGC_NO_MEMORY) return no_memory();
    if (status != SGC_OK || !only_types(r, &built)) {
        print_diagnostics(r);
        return 1;
    }
    result = emit(r, &files, &built);
    emit_free(&files);
    return result;
}

int generate(int argc, char **argv)
{
    run r = {0};
    sgc_arguments given;
    int result = 0;

    sgc_status status = read_options(&r.options, argc, argv, &r.arena, &given, &r.error);
    if (status != SGC_OK) {
        if (given.wrong) fprintf(stderr, "sgc: %s\nTry sgc --help\n", r.error.text);
        result = given.wrong ? 2 : say_error(&r);
    } else if (sgc_option_value(&given, "--help")) {
        generate_help(stdout);
    } else {
        result = go(&r);
    }
    sgc_arena_free(&r.arena);
    return result;
}
