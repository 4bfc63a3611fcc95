/*
 * tplc - the template compiler. It turns the files of templates/, the C that sgc emits with named
 * holes in it, into one C file of emit functions. It runs while sgc is built and is not installed.
 *
 *   $name$        the attribute `c` of the view called name
 *   $name_attr$   another attribute of it
 *   //% each item in name.list    item is a view_item
 *   //% if name.flag    //% else    //% end
 *   //# a remark that is not emitted        $$  a dollar sign
 *
 * In CMake templates control lines start with #% and remarks with ##. There are no expressions:
 * decisions are made in view.c. A template `table_read.c.tpl` becomes
 * `void tpl_table_read_c(sgc_buf *out, const view_table *table)`. docs/templates.md is the manual.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A template of one loop around one line is all control; the share counts where there is a text. */
enum { DEPTH_MAX = 2, CONTROL_PERCENT_MAX = 30, SMALL_TEMPLATE = 20, FILE_MAX = 1 << 20 };

/* A part of the template's text. */
typedef struct slice {
    const char *start, *end;
} slice;

typedef enum line_kind {
    LINE_TEXT,
    LINE_REMARK,
    LINE_EACH,
    LINE_IF,
    LINE_ELSE,
    LINE_END,
    LINE_UNKNOWN,
} line_kind;

typedef struct control {
    line_kind kind;
    slice item, name, attr; /* each item in name.attr; if name.attr */
} control;

typedef struct block {
    line_kind kind;
    slice item; /* what it declares, EACH only */
    int line;
} block;

typedef struct template {
    const char *path, *file; /* file: the last part of path */
    char *text;
    int line;
    int texts, controls; /* lines, blank ones not counted */
    bool bad;
    slice root;
    block blocks[DEPTH_MAX];
    int depth;
    FILE *out;
} template;

static void complain(template *t, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "%s:%d: error: ", t->path, t->line);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    t->bad = true;
}

static int width(slice s)
{
    return (int)(s.end - s.start);
}

static bool same(slice a, slice b)
{
    return width(a) == width(b) && memcmp(a.start, b.start, (size_t)width(a)) == 0;
}

/* Whether a name may be used here: the template's own view or an open loop's item. */
static bool known(const template *t, slice name)
{
    if (same(name, t->root)) return true;
    for (int i = 0; i < t->depth; i++)
        if (t->blocks[i].kind == LINE_EACH && same(name, t->blocks[i].item)) return true;
    return false;
}

/* Reads one line, which ends in '\n', as control line, remark or text. */
static control read_control(const char *line)
{
    const char *YYCURSOR = line, *YYMARKER;
    const char *a, *b, *c, *d, *e, *f;
    control found = {.kind = LINE_TEXT};
    /*!stags:re2c format = "const char *@@;\n"; */

    /*!re2c
        re2c:define:YYCTYPE = "unsigned char";
        re2c:yyfill:enable = 0;
        re2c:flags:tags = 1;

        space  = [ ];
        name   = [a-z]+;
        attr   = [a-z] [a-z0-9_]*;
        mark   = space* ("//%" | "#%") space+;

        mark "each" space+ @a name @b space+ "in" space+ @c name @d "." @e attr @f space* "\n" {
            found.kind = LINE_EACH;
            found.item = (slice){a, b};
            found.name = (slice){c, d};
            found.attr = (slice){e, f};
            return found;
        }
        mark "if" space+ @a name @b "." @c attr @d space* "\n" {
            found.kind = LINE_IF;
            found.name = (slice){a, b};
            found.attr = (slice){c, d};
            return found;
        }
        mark "else" space* "\n" { found.kind = LINE_ELSE; return found; }
        mark "end" space* "\n"  { found.kind = LINE_END; return found; }
        space* ("//#" | "##")   { found.kind = LINE_REMARK; return found; }
        space* ("//%" | "#%")   { found.kind = LINE_UNKNOWN; return found; }
        *                       { return found; }
        "\x00"                  { return found; }
    */
}

static void put_quoted(template *t, const char *start, const char *end)
{
    if (start == end) return;
    fprintf(t->out, "    sgc_buf_append(out, \"");
    for (const char *p = start; p < end; p++) {
        if (*p == '\n') {
            fputs("\\n", t->out);
        } else {
            if (*p == '"' || *p == '\\' || *p == '?') fputc('\\', t->out);
            fputc(*p, t->out);
        }
    }
    fprintf(t->out, "\", %d);\n", (int)(end - start));
}

static void put_hole(template *t, slice name, slice attr)
{
    if (!known(t, name)) {
        complain(t, "'%.*s' is neither the template's view nor an open loop", width(name),
                 name.start);
        return;
    }
    fprintf(t->out, "#line %d \"%s\"\n", t->line, t->file);
    if (attr.start == attr.end)
        fprintf(t->out, "    sgc_buf_str(out, %.*s->c);\n", width(name), name.start);
    else
        fprintf(t->out, "    sgc_buf_str(out, %.*s->%.*s);\n", width(name), name.start, width(attr),
                attr.start);
}

/* Writes one line of text with its holes; returns the start of the next line. */
static const char *put_text(template *t, const char *line)
{
    const char *YYCURSOR = line, *YYMARKER, *start = line;
    const char *a, *b, *c, *d;
    /*!stags:re2c format = "const char *@@;\n"; */

    for (;;) {
        const char *token = YYCURSOR;
        /*!re2c
            "$$" {
                put_quoted(t, start, token + 1);
                start = YYCURSOR;
                continue;
            }
            "$" @a name @b ("_" @c attr @d)? "$" {
                put_quoted(t, start, token);
                put_hole(t, (slice){a, b}, c ? (slice){c, d} : (slice){b, b});
                start = YYCURSOR;
                continue;
            }
            "$" {
                complain(t, "stray $ in column %d", (int)(token - line) + 1);
                continue;
            }
            "\t" {
                complain(t, "tab in column %d", (int)(token - line) + 1);
                continue;
            }
            "\n" {
                put_quoted(t, start, YYCURSOR);
                return YYCURSOR;
            }
            "\x00" {
                complain(t, "NUL or missing newline at the end");
                return token;
            }
            * { continue; }
        */
    }
}

static void open_block(template *t, const control *c)
{
    if (t->depth == DEPTH_MAX) {
        complain(t, "blocks may be nested %d deep: prepare this in view.c", DEPTH_MAX);
        return;
    }
    if (!known(t, c->name))
        complain(t, "'%.*s' is neither the template's view nor an open loop", width(c->name),
                 c->name.start);
    if (c->kind == LINE_EACH && known(t, c->item))
        complain(t, "'%.*s' is in use already", width(c->item), c->item.start);
    fprintf(t->out, "#line %d \"%s\"\n", t->line, t->file);
    if (c->kind == LINE_IF) {
        fprintf(t->out, "    if (%.*s->%.*s) {\n", width(c->name), c->name.start, width(c->attr),
                c->attr.start);
    } else {
        fprintf(t->out,
                "    for (size_t i%d = 0; i%d < %.*s->%.*s.count; i%d++) {\n"
                "    const view_%.*s *%.*s = %.*s->%.*s.items + i%d;\n    (void)%.*s;\n",
                t->depth, t->depth, width(c->name), c->name.start, width(c->attr), c->attr.start,
                t->depth, width(c->item), c->item.start, width(c->item), c->item.start,
                width(c->name), c->name.start, width(c->attr), c->attr.start, t->depth,
                width(c->item), c->item.start);
    }
    t->blocks[t->depth++] = (block){.kind = c->kind, .item = c->item, .line = t->line};
}

static void take_control(template *t, const control *c)
{
    switch (c->kind) {
    case LINE_EACH:
    case LINE_IF:
        open_block(t, c);
        break;
    case LINE_ELSE:
        if (t->depth == 0 || t->blocks[t->depth - 1].kind != LINE_IF) {
            complain(t, "else without if");
            break;
        }
        t->blocks[t->depth - 1].kind = LINE_ELSE;
        fprintf(t->out, "    } else {\n");
        break;
    case LINE_END:
        if (t->depth == 0) {
            complain(t, "end without a block");
            break;
        }
        t->depth--;
        fprintf(t->out, "    }\n");
        break;
    case LINE_TEXT:
    case LINE_REMARK:
    case LINE_UNKNOWN:
        complain(t, "unknown directive; known: each NAME in NAME.LIST, if NAME.FLAG, else, end");
        break;
    }
}

static bool is_blank(const char *line)
{
    while (*line == ' ')
        line++;
    return *line == '\n';
}

static void take_lines(template *t)
{
    const char *at = t->text;

    while (*at && !t->bad) {
        control c = read_control(at);
        t->line++;
        if (c.kind == LINE_TEXT) {
            t->texts += !is_blank(at);
            at = put_text(t, at);
            continue;
        }
        if (c.kind != LINE_REMARK) {
            t->controls++;
            take_control(t, &c);
        }
        const char *newline = strchr(at, '\n');
        if (!newline) {
            complain(t, "missing newline at the end");
            return;
        }
        at = newline + 1;
    }
    if (t->depth > 0 && !t->bad) {
        t->line = t->blocks[t->depth - 1].line;
        complain(t, "this block has no end");
    }
    if (!t->bad && t->controls + t->texts > SMALL_TEMPLATE &&
        t->controls * 100 > (t->controls + t->texts) * CONTROL_PERCENT_MAX)
        complain(t, "%d of %d lines are control lines, at most %d %% may be: decide in view.c",
                 t->controls, t->controls + t->texts, CONTROL_PERCENT_MAX);
}

/* "table_read.c.tpl": the view is what stands before the first _ or dot. */
static void take_names(template *t)
{
    const char *slash = strrchr(t->path, '/');
    size_t size;

    t->file = slash ? slash + 1 : t->path;
    size = strcspn(t->file, "_.");
    t->root = (slice){t->file, t->file + size};
    if (size == 0 || strspn(t->file, "abcdefghijklmnopqrstuvwxyz") < size ||
        strlen(t->file) < 5 || strcmp(t->file + strlen(t->file) - 4, ".tpl") != 0)
        complain(t, "a template is called VIEW_part.ext.tpl");
}

static void put_prototype(const template *t, FILE *out, const char *end)
{
    size_t size = strlen(t->file) - 4;

    fputs("void tpl_", out);
    for (size_t i = 0; i < size; i++)
        fputc(t->file[i] == '.' ? '_' : t->file[i], out);
    fprintf(out, "(sgc_buf *out, const view_%.*s *%.*s)%s", width(t->root), t->root.start,
            width(t->root), t->root.start, end);
}

static char *read_file(const char *path)
{
    FILE *in = fopen(path, "rb");
    char *text = calloc(1, FILE_MAX + 1);
    size_t size = 0;

    if (in && text) size = fread(text, 1, FILE_MAX, in);
    if (!in || !text || ferror(in) || size == FILE_MAX) {
        fprintf(stderr, "%s: error: cannot read: %s\n", path, in ? "too large" : strerror(errno));
        free(text);
        text = NULL;
    }
    if (in) fclose(in);
    return text;
}

static bool compile(const char *path, FILE *out, FILE *header)
{
    template t = {.path = path, .out = out, .text = read_file(path)};

    if (!t.text) return false;
    take_names(&t);
    if (!t.bad) {
        put_prototype(&t, header, ";\n");
        put_prototype(&t, out, "\n{\n");
        fprintf(out, "    (void)%.*s;\n", width(t.root), t.root.start);
        take_lines(&t);
        fputs("}\n\n", out);
    }
    free(t.text);
    return !t.bad;
}

int main(int argc, char **argv)
{
    bool fine = true;

    if (argc < 4) {
        fputs("usage: tplc OUT.c OUT.h TEMPLATE...\n", stderr);
        return 2;
    }
    FILE *out = fopen(argv[1], "wb"), *header = fopen(argv[2], "wb");
    if (out && header) {
        const char *slash = strrchr(argv[2], '/');
        fprintf(header, "/* Compiled by tplc from templates/. */\n#include \"view.h\"\n\n");
        fprintf(out, "/* Compiled by tplc from templates/. */\n#include \"%s\"\n\n",
                slash ? slash + 1 : argv[2]);
        for (int i = 3; i < argc; i++)
            fine = compile(argv[i], out, header) && fine;
    }
    fine = out && fclose(out) == 0 && fine;
    fine = header && fclose(header) == 0 && fine;
    if (!fine) {
        remove(argv[1]);
        remove(argv[2]);
    }
    return fine ? 0 : 1;
}
