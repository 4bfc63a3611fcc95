/*
 * tidy.c - the rules of the house as a test: include direction, one header a room, line and
 * function length, banned calls, paths and hosts that must not be committed, marks of unfinished
 * work.
 */
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 100, FUNCTION_LINES = 70, LINE = 4096 };

/* Rooms by floor; a room may include only rooms with a smaller number, or itself. */
static const struct {
    const char *name;
    int floor;
} rooms[] = {
    {"base", 0},  {"os", 1},    {"lang", 2},  {"codec", 2}, {"schema", 3},  {"log", 4},
    {"store", 5}, {"txn", 6},   {"query", 7}, {"sql", 8},   {"graphql", 8}, {"admin", 9},
    {"net", 10},  {"http", 11}, {"pg", 11},   {"cli", 12},
};

static const char *root;
static int problems, files;

typedef struct source {
    const char *path; /* below the root */
    const char *ending;
    int line;
    bool is_c; /* C, re2c or bison source */
} source;

static void problem(const source *s, const char *what, const char *detail)
{
    printf("%s:%d: %s%s%s\n", s->path, s->line, what, *detail ? ": " : "", detail);
    problems++;
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool ends_with(const char *text, const char *ending)
{
    size_t size = strlen(text), tail = strlen(ending);
    return size >= tail && strcmp(text + size - tail, ending) == 0;
}

static int floor_of(const char *name, size_t size)
{
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++)
        if (strlen(rooms[i].name) == size && memcmp(rooms[i].name, name, size) == 0)
            return rooms[i].floor;
    return -1;
}

/* ---- includes ---- */

/* The generator uses base, os, lang, codec and schema; never storage. */
enum { GENERATOR_FLOOR = 3 };

static void check_room_include(const source *s, const char *room, size_t room_size,
                               const char *target, size_t target_size, const char *rest)
{
    int from = floor_of(room, room_size), to = floor_of(target, target_size);
    bool same = room_size == target_size && memcmp(room, target, room_size) == 0;
    bool own_header = strlen(rest) == target_size + 2 && memcmp(rest, target, target_size) == 0 &&
                      strcmp(rest + target_size, ".h") == 0;

    if (same) return;
    if (to < 0) {
        problem(s, "include of something that is no room", target);
        return;
    }
    if (from >= 0 && to >= from) problem(s, "include goes up or sideways", target);
    if (!own_header) problem(s, "include of another room's private header", target);
}

static void check_include(const source *s, const char *line)
{
    const char *quote = strchr(line, '"');
    const char *end = quote ? strchr(quote + 1, '"') : NULL;
    char name[256];

    if (!end || (size_t)(end - quote) >= sizeof name) return;
    memcpy(name, quote + 1, (size_t)(end - quote - 1));
    name[end - quote - 1] = '\0';
    const char *slash = strchr(name, '/');
    if (starts_with(name, "sgc/") || !slash) return;
    if (starts_with(s->path, "runtime/")) {
        const char *room = s->path + strlen("runtime/");
        const char *stop = strchr(room, '/');
        if (stop)
            check_room_include(s, room, (size_t)(stop - room), name, (size_t)(slash - name),
                               slash + 1);
    } else if (starts_with(s->path, "generator/") && !starts_with(name, "tplc/")) {
        int to = floor_of(name, (size_t)(slash - name));
        if (to > GENERATOR_FLOOR) problem(s, "the generator must not use", name);
    }
}

static void check_system_include(const source *s, const char *line)
{
    static const char *const posix[] = {"<unistd.h>",  "<fcntl.h>", "<sys/",
                                        "<pthread.h>", "<netinet/", "<arpa/"};

    if (!starts_with(s->path, "runtime/") || starts_with(s->path, "runtime/os/") ||
        starts_with(s->path, "runtime/net/"))
        return;
    for (size_t i = 0; i < sizeof posix / sizeof *posix; i++)
        if (strstr(line, posix[i])) problem(s, "system calls live in os/ and net/", posix[i]);
}

/* ---- lines ---- */

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* A call of `name`, not of a longer name that ends with it. */
static bool calls(const char *line, const char *name)
{
    size_t size = strlen(name);

    for (const char *at = line; (at = strstr(at, name)); at += size) {
        bool starts = at == line || (!is_word(at[-1]) && at[-1] != '.' && at[-1] != '>');
        if (starts && at[size] == '(') return true;
    }
    return false;
}

static void check_calls(const source *s, const char *line)
{
    static const char *const banned[] = {"strcpy",  "strcat", "sprintf",   "vsprintf", "strtok",
                                         "atoi",    "atol",   "gets",      "alloca",   "system",
                                         "strncpy", "rand",   "localtime", "gmtime"};
    static const char *const heap[] = {"malloc", "calloc", "realloc", "free"};

    for (size_t i = 0; i < sizeof banned / sizeof *banned; i++)
        if (calls(line, banned[i])) problem(s, "banned call", banned[i]);
    if (!starts_with(s->path, "runtime/") || strcmp(s->path, "runtime/base/memory.c") == 0) return;
    for (size_t i = 0; i < sizeof heap / sizeof *heap; i++)
        if (calls(line, heap[i])) problem(s, "the heap is base's", heap[i]);
}

static void check_words(const source *s, const char *line)
{
    /* Spelled in two parts, so that this file passes its own test. */
    static const char *const paths[] = {"/wo"
                                        "rk/",
                                        "/ro"
                                        "ot/",
                                        "/ho"
                                        "me/"};
    static const char *const hosts[] = {"registry."
                                        "npmjs",
                                        "deb."
                                        "debian.org",
                                        "github"
                                        "usercontent"};
    static const char *const marks[] = {"TO"
                                        "DO",
                                        "FIX"
                                        "ME",
                                        "XX"
                                        "X",
                                        "HA"
                                        "CK"};

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (strstr(line, paths[i])) problem(s, "path of some machine", paths[i]);
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (strstr(line, hosts[i])) problem(s, "name of a registry host", hosts[i]);
    for (size_t i = 0; s->is_c && i < sizeof marks / sizeof *marks; i++) {
        const char *at = strstr(line, marks[i]);
        if (at && (at == line || !is_word(at[-1])) && !is_word(at[strlen(marks[i])]))
            problem(s, "mark of unfinished work", marks[i]);
    }
}

/* Columns are characters, not bytes. */
static size_t columns(const char *line)
{
    size_t count = 0;

    for (; *line && *line != '\n'; line++)
        count += ((unsigned char)*line & 0xC0) != 0x80;
    return count;
}

/* ---- files ---- */

/* A function is what stands between a { and a } in the first column, as clang-format leaves it. */
static void check_function(const source *s, const char *line, int *start)
{
    if (line[0] == '{') *start = s->line;
    if (line[0] == '}' && *start) {
        if (s->line - *start > FUNCTION_LINES) problem(s, "function of more than 70 lines", "");
        *start = 0;
    }
}

static void check_c_line(const source *s, const char *line, int *function)
{
    if (columns(line) > COLUMNS) problem(s, "more than 100 columns", "");
    if (starts_with(line, "#include \"")) check_include(s, line);
    if (starts_with(line, "#include <")) check_system_include(s, line);
    check_calls(s, line);
    if (!ends_with(s->path, ".y")) check_function(s, line, function);
}

static bool is_data(const char *path)
{
    return strstr(path, "/expected/") || strstr(path, "/corpus/") || ends_with(path, ".json") ||
           ends_with(path, ".png") || ends_with(path, ".svg");
}

static void check_file(const char *full)
{
    const char *path = full + strlen(root) + 1;
    source s = {.path = path};
    char line[LINE];
    int function = 0;
    FILE *stream = fopen(full, "r");

    if (!stream) {
        problem(&s, "cannot be read", "");
        return;
    }
    files++;
    s.is_c = ends_with(path, ".c") || ends_with(path, ".h") || ends_with(path, ".re") ||
             ends_with(path, ".y");
    while (fgets(line, sizeof line, stream)) {
        s.line++;
        check_words(&s, line);
        if (s.is_c) check_c_line(&s, line, &function);
        if (s.is_c && s.line == 1 && !starts_with(line, "/*") && !starts_with(line, "%"))
            problem(&s, "the first line must say what lives here", "");
    }
    fclose(stream);
}

static int visit(const char *full, const struct stat *status, int type, struct FTW *at)
{
    (void)status;
    (void)at;
    if (type == FTW_F && !is_data(full) && !strstr(full, "/node_modules/")) check_file(full);
    return 0;
}

int main(int argc, char **argv)
{
    static const char *const folders[] = {"runtime", "generator", "templates", "tests",
                                          "cmake",   "examples",  "docs",      ".ci"};
    char path[LINE];

    if (argc != 2) {
        fprintf(stderr, "usage: tidy SOURCE_FOLDER\n");
        return 2;
    }
    root = argv[1];
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(path, sizeof path, "%s/%s", root, folders[i]);
        nftw(path, visit, 16, FTW_PHYS);
    }
    printf("tidy: %d files, %d problems\n", files, problems);
    return problems != 0 || files < 20;
}
