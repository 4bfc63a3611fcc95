/*
 * tplc - the template compiler. It turns the files of templates/, the C that sgc emits with named
 * holes in it, into one C file of emit functions. It runs while sgc is built and is not installed.
 *
 *   $name$        the attribute `c` of the view called name
 *   $name_attr$   another attribute of it
 *   //% each item in name.list    item is a view_item
 *   //% if name.flag    //% else    //% end
 *   //% comment name.attr          the lines of a whole comment, or nothing
 *   //# a remark that is not emitted        $$  a dollar sign
 *
 * In CMake templates control lines start with #% and remarks with ##. There are no expressions:
 * decisions are made in view.c. A template `table_read.c.tpl` becomes
 * `void tpl_table_read_c(layout *out, const view_table *table)`. docs/templates.md is the manual.
 *
 * What can be known about the layout of a line is decided here: whether it is a comment, where its
 * remark begins, whether its statement goes on in the next line. Lines without holes are copied in
 * one piece; the others are measured when they end (generator/layout.h).
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A template of one loop around one line is all control; the share counts where there is a text. */
enum { DEPTH_MAX = 2, CONTROL_PERCENT_MAX = 30, SMALL_TEMPLATE = 20, FILE_MAX = 1 << 20 };
/* C11 promises literals of 4,095 bytes; escapes take two. */
enum { READY_MAX = 2000, COLUMNS_MAX = 100 };

/* A part of the template's text. */
typedef struct slice {
    const char *start, *end;
} slice;

typedef enum line_kind {
    LINE_TEXT,
    LINE_REMARK,
    LINE_COMMENT,
    LINE_EACH,
    LINE_IF,
    LINE_ELSE,
    LINE_END,
    LINE_UNKNOWN,
} line_kind;

typedef struct control {
    line_kind kind;
    slice item, name, attr; /* each item in name.attr; if name.attr; comment name.attr */
} control;

typedef struct block {
    line_kind kind;
    slice item; /* what it declares, EACH only */
    int line;
} block;

/* How a line of text ends. */
typedef enum line_end {
    END_CODE,
    END_COMMENT,
    END_REMARK,
    END_DATA, /* as it is */
} line_end;

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
    char ready[READY_MAX]; /* whole lines without holes that are not written yet */
    size_t ready_size;
    int parentheses;  /* of the statement that goes on in the next line; 0: none does */
    bool after_open;  /* and its last character is one */
    bool data;        /* behind clang-format off, and in CMake */
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
        mark "comment" space+ @a name @b "." @c attr @d space* "\n" {
            found.kind = LINE_COMMENT;
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

/* A literal's inside and the number of its bytes. */
static void put_literal(template *t, const char *start, const char *end)
{
    for (const char *p = start; p < end; p++) {
        if (*p == '\n') {
            fputs("\\n", t->out);
        } else {
            if (*p == '"' || *p == '\\' || *p == '?') fputc('\\', t->out);
            fputc(*p, t->out);
        }
    }
    fprintf(t->out, "\", %d", (int)(end - start));
}

static void put_quoted(template *t, const char *start, const char *end)
{
    if (start == end) return;
    fprintf(t->out, "    layout_put(out, \"");
    put_literal(t, start, end);
    fprintf(t->out, ");\n");
}

/* Writes the lines that wait. */
static void put_ready(template *t)
{
    const char *end = t->ready + t->ready_size;
    bool blank = t->ready_size > 1 && end[-1] == '\n' && end[-2] == '\n';

    if (t->ready_size == 0) return;
    fprintf(t->out, "    layout_lines(out, \"");
    put_literal(t, t->ready, end);
    fprintf(t->out, ", %s);\n", blank ? "true" : "false");
    t->ready_size = 0;
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
        fprintf(t->out, "    layout_str(out, %.*s->c);\n", width(name), name.start);
    else
        fprintf(t->out, "    layout_str(out, %.*s->%.*s);\n", width(name), name.start, width(attr),
                attr.start);
}

/* Writes a part of a line with its holes, up to `end`. */
static void put_parts(template *t, const char *line, const char *from, const char *stop)
{
    const char *YYCURSOR = from, *YYMARKER, *start = from;
    const char *a, *b, *c, *d;
    /*!stags:re2c format = "const char *@@;\n"; */

    while (YYCURSOR < stop) {
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
            "\x00" {
                complain(t, "NUL in column %d", (int)(token - line) + 1);
                continue;
            }
            * { continue; }
        */
    }
    put_quoted(t, start, stop);
}

/* ---- lines ---- */

static bool begins(const char *at, const char *text)
{
    return strncmp(at, text, strlen(text)) == 0;
}

/* How many more ( than ) stand outside of literals. */
static int balance(const char *at, const char *end)
{
    int open = 0;

    for (char quote = 0; at < end; at++) {
        if (quote && *at == '\\')
            at++;
        else if (quote)
            quote = *at == quote ? (char)0 : quote;
        else if (*at == '"' || *at == '\'')
            quote = *at;
        else
            open += (*at == '(') - (*at == ')');
    }
    return open;
}

static line_end end_of(const template *t, const char *line, const char *end)
{
    static const char remark[] = "; /**< ";

    while (*line == ' ')
        line++;
    if (t->data) return END_DATA;
    if (t->parentheses > 0) return END_CODE;
    if (begins(line, "/*") || begins(line, "*") || begins(line, "#") || begins(line, "//"))
        return END_COMMENT;
    for (; line < end; line++)
        if (begins(line, remark)) return END_REMARK;
    return END_CODE;
}

/* A line without holes that needs no layout waits for others like it. */
static bool make_ready(template *t, const char *line, const char *end, line_end how)
{
    size_t size = (size_t)(end - line) + 1;

    if (memchr(line, '$', size) || memchr(line, '\t', size) || how == END_REMARK) return false;
    if (how == END_CODE && (size > COLUMNS_MAX || t->parentheses > 0 || balance(line, end) != 0))
        return false;
    if (t->ready_size + size > READY_MAX) put_ready(t);
    if (size > READY_MAX) return false;
    memcpy(t->ready + t->ready_size, line, size);
    t->ready_size += size;
    return true;
}

static void put_remark_line(template *t, const char *line, const char *end)
{
    const char *at = line;

    while (!begins(at, "; /**< "))
        at++;
    fputs("    layout_start_remark(out);\n", t->out);
    put_parts(t, line, line, at + 1);
    fputs("    layout_remark_here(out);\n", t->out);
    put_parts(t, line, at + 1, end);
    fputs("    layout_end_remark(out);\n", t->out);
}

/* A line of a statement; the statement ends where its parentheses are closed. */
static void put_code(template *t, const char *line, const char *end)
{
    const char *at = line;

    if (t->parentheses == 0) {
        fputs("    layout_start(out);\n", t->out);
    } else {
        while (*at == ' ')
            at++;
        if (!t->after_open) put_quoted(t, " ", &" "[1]);
    }
    put_parts(t, line, at, end);
    t->parentheses += balance(line, end);
    t->after_open = end > line && end[-1] == '(';
    if (t->parentheses <= 0) {
        t->parentheses = 0;
        fputs("    layout_end(out);\n", t->out);
    }
}

static void put_line(template *t, const char *line, const char *end)
{
    line_end how = end_of(t, line, end);

    if (make_ready(t, line, end, how)) {
        if (!begins(line, "/* clang-format off")) return;
        put_ready(t);
        fputs("    out->data = true;\n", t->out);
        t->data = true;
        return;
    }
    put_ready(t);
    switch (how) {
    case END_CODE:
        put_code(t, line, end);
        break;
    case END_REMARK:
        put_remark_line(t, line, end);
        break;
    case END_COMMENT:
        fputs("    layout_start(out);\n", t->out);
        put_parts(t, line, line, end);
        fputs("    layout_end_comment(out);\n", t->out);
        break;
    case END_DATA:
        put_parts(t, line, line, end);
        put_quoted(t, "\n", &"\n"[1]);
        break;
    }
}

/* An empty line: one of those that wait, or it depends on what stands before. */
static void put_blank(template *t)
{
    const char *end = t->ready + t->ready_size;

    if (t->parentheses > 0) complain(t, "an empty line inside a statement");
    if (t->data || (t->ready_size > 1 && t->ready_size < READY_MAX && end[-2] != '\n')) {
        make_ready(t, "\n", "\n", END_DATA);
    } else if (t->ready_size == 0 || end[-2] != '\n') {
        put_ready(t);
        fputs("    layout_blank(out);\n", t->out);
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

/* `line` is the directive's: the comment stands where it does. */
static void put_comment(template *t, const control *c, const char *line)
{
    fprintf(t->out, "#line %d \"%s\"\n    if (%.*s->%.*s.size > 0) {\n    layout_start(out);\n",
            t->line, t->file, width(c->name), c->name.start, width(c->attr), c->attr.start);
    put_quoted(t, line, line + strspn(line, " "));
    put_hole(t, c->name, c->attr);
    fputs("    layout_end_comment(out);\n    }\n", t->out);
}

static void take_control(template *t, const control *c, const char *line)
{
    switch (c->kind) {
    case LINE_COMMENT:
        put_comment(t, c, line);
        break;
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
        complain(t, "unknown directive; known: each NAME in NAME.LIST, if NAME.FLAG, else, end, "
                    "comment NAME.TEXT");
        break;
    }
}

static bool is_blank(const char *line)
{
    while (*line == ' ')
        line++;
    return *line == '\n';
}

static void take_text(template *t, const char *line, const char *newline)
{
    bool blank = is_blank(line);

    t->texts += !blank;
    if (blank)
        put_blank(t);
    else
        put_line(t, line, newline);
}

static void take_lines(template *t)
{
    const char *at = t->text;

    while (*at && !t->bad) {
        control c = read_control(at);
        t->line++;
        const char *newline = strchr(at, '\n');
        if (!newline) {
            complain(t, "missing newline at the end");
            return;
        }
        if (c.kind == LINE_TEXT) {
            take_text(t, at, newline);
        } else if (c.kind != LINE_REMARK) {
            put_ready(t);
            if (t->parentheses > 0) complain(t, "a control line inside a statement");
            t->controls += c.kind != LINE_COMMENT;
            take_control(t, &c, at);
        }
        at = newline + 1;
    }
    put_ready(t);
    if (t->parentheses > 0) complain(t, "the last statement has no end");
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
    fprintf(out, "(layout *out, const view_%.*s *%.*s)%s", width(t->root), t->root.start,
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
        t.data = strstr(t.file, ".cmake.") != NULL;
        if (t.data) fputs("    out->data = true;\n", out);
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
        fprintf(header, "/* Compiled by tplc from templates/. */\n"
                        "#include \"layout.h\"\n#include \"view.h\"\n\n");
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
