/*
 * layout.c - folds long lines of emitted C the way clang-format does, for the few shapes that
 * templates have: parameter and argument lists, assignments, `if (..) statement`, remarks behind
 * members. Works on one logical line at a time: tplc has put the lines of a statement together.
 */
#include "layout.h"

enum { COLUMNS = LAYOUT_COLUMNS };

static sgc_str trim_left(sgc_str line)
{
    while (line.size > 0 && *line.data == ' ')
        line = sgc_str_of(line.data + 1, line.size - 1);
    return line;
}

static size_t indent_of(sgc_str line)
{
    return line.size - trim_left(line).size;
}

static bool begins(sgc_str line, const char *text)
{
    size_t size = strlen(text);

    return line.size >= size && memcmp(line.data, text, size) == 0;
}

static void spaces(sgc_buf *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sgc_buf_byte(out, ' ');
}

/* Most characters mean nothing to a list: quotes, parentheses and commas lie close together. */
static bool is_plain(char c)
{
    return (unsigned char)(c - '"') > ',' - '"';
}

/* Position behind the string or character literal that starts at `at`. */
static size_t skip_literal(sgc_str line, size_t at)
{
    char quote = line.data[at++];

    while (at < line.size && line.data[at] != quote)
        at += line.data[at] == '\\' ? 2 : 1;
    return at < line.size ? at + 1 : line.size;
}

/* Position of the ) that closes the ( at `at`; line.size when there is none. */
static size_t closing(sgc_str line, size_t at)
{
    int depth = 0;

    while (at < line.size) {
        char c = line.data[at];
        if (is_plain(c)) {
            at++;
            continue;
        }
        if (c == '"' || c == '\'') {
            at = skip_literal(line, at);
            continue;
        }
        depth += (c == '(') - (c == ')');
        if (c == ')' && depth == 0) return at;
        at++;
    }
    return line.size;
}

/* Where the argument list that ends the line begins: position of its (, or line.size. */
static size_t last_list(sgc_str line)
{
    for (size_t at = 0; at < line.size;) {
        char c = line.data[at];
        if (is_plain(c)) {
            at++;
            continue;
        }
        if (c == '"' || c == '\'') {
            at = skip_literal(line, at);
            continue;
        }
        if (c == '(') {
            size_t close = closing(line, at);
            if (close + 3 > line.size) return at;
            at = close;
        }
        at++;
    }
    return line.size;
}

/* End of the argument that starts at `at`: position of the comma or parenthesis behind it. */
static size_t argument_end(sgc_str line, size_t at)
{
    int depth = 0;

    while (at < line.size) {
        char c = line.data[at];
        if (is_plain(c)) {
            at++;
            continue;
        }
        if (c == '"' || c == '\'') {
            at = skip_literal(line, at);
            continue;
        }
        if (depth == 0 && (c == ',' || c == ')')) return at;
        depth += (c == '(') - (c == ')');
        at++;
    }
    return line.size;
}

/* Where one argument stops: behind its comma; all that is left belongs to the last one. */
static size_t argument_stop(sgc_str line, size_t at)
{
    size_t end = argument_end(line, at);

    return end < line.size && line.data[end] == ',' ? end + 1 : line.size;
}

/* How the arguments of a list that is too long can stand. */
typedef struct folding {
    size_t open;   /* position of the ( */
    size_t column; /* where every line but the first begins */
    bool behind;   /* the first argument has a line of its own as well */
} folding;

/*
 * Arguments line by line; out may be NULL to count only. The number of lines begun, SIZE_MAX when
 * one is too long.
 */
static size_t fold_arguments(sgc_buf *out, sgc_str line, folding how)
{
    size_t column = how.behind ? COLUMNS : how.open + 1, at = how.open + 1, breaks = 0;
    bool too_long = false;

    if (out) sgc_buf_append(out, line.data, at);
    while (at < line.size) {
        size_t stop = argument_stop(line, at), size = stop - at;
        bool first = at == how.open + 1;
        if (first ? how.behind : column + 1 + size > COLUMNS) {
            if (out) sgc_buf_byte(out, '\n');
            if (out) spaces(out, how.column);
            column = how.column;
            breaks++;
        } else if (!first) {
            if (out) sgc_buf_byte(out, ' ');
            column++;
        }
        if (out) sgc_buf_append(out, line.data + at, size);
        column += size;
        too_long = too_long || column > COLUMNS;
        at = stop + (stop < line.size && line.data[stop] == ' ');
    }
    if (out) sgc_buf_byte(out, '\n');
    return too_long ? SIZE_MAX : breaks;
}

/* What clang-format charges for a break: LLVM style, in lists of the outermost parentheses. */
enum {
    BREAK = 41,
    BEHIND_CALL = 18,
    BEHIND_HEAD = 99,
    OWN_LINE = 90,
    CHOICE = 23,
    TOO_LONG = 1000000
};

static size_t cost_of(sgc_str line, folding how, size_t extra)
{
    size_t breaks = fold_arguments(NULL, line, how);

    return breaks == SIZE_MAX ? TOO_LONG : breaks * BREAK + extra;
}

static void fold(sgc_buf *out, sgc_str line);

/* "if (a) b;" becomes two lines. */
static bool fold_if(sgc_buf *out, sgc_str line)
{
    size_t indent = indent_of(line);

    if (!begins(trim_left(line), "if (")) return false;
    size_t close = closing(line, indent + 3);
    if (close + 2 >= line.size || line.data[close + 2] == '{') return false;
    sgc_buf statement = {0};
    fold(out, sgc_str_of(line.data, close + 1));
    spaces(&statement, indent + 4);
    sgc_buf_append(&statement, line.data + close + 2, line.size - close - 2);
    if (statement.failed) out->failed = true;
    fold(out, sgc_buf_as_str(&statement));
    sgc_buf_free(&statement);
    return true;
}

/* "a = b;" breaks behind = when all of b then stands on one line. */
static bool fold_assignment(sgc_buf *out, sgc_str line)
{
    size_t indent = indent_of(line);

    for (size_t at = indent; at + 3 < line.size; at++) {
        if (line.data[at] == '(' || line.data[at] == '"') return false;
        if (memcmp(line.data + at, " = ", 3) != 0) continue;
        if (indent + 4 + line.size - at - 3 > COLUMNS) return false;
        sgc_buf_append(out, line.data, at + 2);
        sgc_buf_byte(out, '\n');
        spaces(out, indent + 4);
        sgc_buf_append(out, line.data + at + 3, line.size - at - 3);
        sgc_buf_byte(out, '\n');
        return true;
    }
    return false;
}

/* The cheapest way for an argument list; *cost says how cheap. */
static folding fold_cheaply(sgc_str line, size_t open, bool head, size_t *cost)
{
    folding aligned = {.open = open, .column = open + 1};
    folding behind = {.open = open, .column = indent_of(line) + 4, .behind = true};

    *cost = cost_of(line, aligned, 0);
    if (*cost <= BREAK) return aligned;
    size_t cost_behind = cost_of(line, behind, head ? BEHIND_HEAD : BEHIND_CALL);
    if (*cost <= cost_behind) return aligned;
    *cost = cost_behind;
    return behind;
}

/* A list of arguments or parameters; a function's type gets a line of its own when it must. */
static void fold_list(sgc_buf *out, sgc_str line, size_t open)
{
    size_t cost, cost_own = 0, name = open;
    bool head = indent_of(line) == 0;
    folding how = fold_cheaply(line, open, head, &cost), own = how;

    while (name > 0 && line.data[name - 1] != ' ' && line.data[name - 1] != '*')
        name--;
    sgc_str rest = sgc_str_of(line.data + name, line.size - name);
    bool may_own = head && name > 0 && cost > OWN_LINE;
    if (may_own) own = fold_cheaply(rest, open - name, true, &cost_own);
    if (may_own && cost_own + OWN_LINE < cost) {
        sgc_buf_append(out, line.data, name - (line.data[name - 1] == ' '));
        sgc_buf_byte(out, '\n');
        fold_arguments(out, rest, own);
    } else {
        fold_arguments(out, line, how);
    }
}

/* Position of " ? " outside parentheses, line.size when there is none. */
static size_t find_outside(sgc_str line, const char *text)
{
    for (size_t at = 0; at + 3 < line.size;) {
        char c = line.data[at];
        if (c == '"' || c == '\'') {
            at = skip_literal(line, at);
        } else if (c == '(') {
            at = closing(line, at);
        } else {
            if (memcmp(line.data + at, text, 3) == 0) return at;
            at++;
        }
    }
    return line.size;
}

/*
 * A part of a statement from a column on, its list folded below the first argument; out may be NULL
 * to ask only what it costs.
 */
static size_t fold_part(sgc_buf *out, size_t column, sgc_str part)
{
    sgc_buf text = {0};
    size_t cost = 0;

    spaces(&text, column);
    sgc_buf_str(&text, part);
    sgc_str line = sgc_buf_as_str(&text);
    folding how = {.open = line.size > COLUMNS ? last_list(line) : line.size};
    how.column = how.open + 1;
    if (how.open < line.size) {
        cost = cost_of(line, how, 0);
        if (out) fold_arguments(out, line, how);
    } else {
        cost = line.size > COLUMNS ? TOO_LONG : 0;
        if (out) sgc_buf_str(out, line);
        if (out) sgc_buf_byte(out, '\n');
    }
    if (out && text.failed) out->failed = true;
    sgc_buf_free(&text);
    return cost;
}

/* The parts of "a = b ? c : d;" with where each begins. */
typedef struct choice {
    sgc_str parts[4];
    size_t columns[4];
    size_t count, cost;
} choice;

static void add_part(choice *c, sgc_str line, size_t from, size_t to, size_t column)
{
    c->parts[c->count] = sgc_str_of(line.data + from, to - from);
    c->columns[c->count] = column;
    c->cost += fold_part(NULL, column, c->parts[c->count]);
    c->count++;
}

/* "a = b ? c : d;" breaks before the colon, before both marks, or behind the = as well. */
static bool fold_choice(sgc_buf *out, sgc_str line)
{
    size_t question = memchr(line.data, '?', line.size) ? find_outside(line, " ? ") : line.size;
    size_t colon = question < line.size ? find_outside(line, " : ") : line.size;
    size_t equals = question < line.size ? find_outside(line, " = ") : line.size;
    size_t indent = indent_of(line);
    choice all[3] = {{.cost = CHOICE}, {.cost = 2 * CHOICE}, {.cost = 3 * CHOICE - 1}}, *best = all;

    if (question >= colon || colon == line.size || equals > question) return false;
    add_part(&all[0], line, 0, colon, 0);
    add_part(&all[0], line, colon + 1, line.size, question + 1);
    add_part(&all[1], line, 0, question, 0);
    add_part(&all[1], line, question + 1, colon, equals + 7);
    add_part(&all[1], line, colon + 1, line.size, equals + 7);
    add_part(&all[2], line, 0, equals + 2, 0);
    add_part(&all[2], line, equals + 3, question, indent + 4);
    add_part(&all[2], line, question + 1, colon, indent + 8);
    add_part(&all[2], line, colon + 1, line.size, indent + 8);
    for (size_t i = 1; i < 3; i++)
        if (all[i].cost < best->cost) best = &all[i];
    for (size_t i = 0; i < best->count; i++)
        fold_part(out, best->columns[i], best->parts[i]);
    return true;
}

static void fold(sgc_buf *out, sgc_str line)
{
    size_t open = line.size;

    if (line.size > COLUMNS) {
        if (fold_if(out, line) || fold_assignment(out, line) || fold_choice(out, line)) return;
        open = last_list(line);
    }
    if (open < line.size) {
        fold_list(out, line, open);
        return;
    }
    sgc_buf_str(out, line);
    sgc_buf_byte(out, '\n');
}

/* ---- lines ---- */

void layout_fold(layout *l)
{
    size_t size = l->text.size - l->line;

    l->spare.size = 0;
    sgc_buf_append(&l->spare, l->text.data + l->line, size);
    l->text.size = l->line;
    fold(&l->text, sgc_buf_as_str(&l->spare));
    if (l->spare.failed) l->text.failed = true;
}

/* From the last line to the first, each remark moves by what is inserted up to it. */
void layout_align(layout *l)
{
    size_t column = 0, longest = 0, more = 0, end = l->text.size;

    for (size_t i = 0; i < l->run_count; i++) {
        const layout_remark *r = &l->run[i];
        size_t stop = i + 1 < l->run_count ? l->run[i + 1].line : end;
        if (r->at - r->line > column) column = r->at - r->line;
        if (stop - 1 - r->at > longest) longest = stop - 1 - r->at;
    }
    for (size_t i = 0; i < l->run_count; i++)
        more += column - (l->run[i].at - l->run[i].line);
    if (column + longest > COLUMNS || !sgc_buf_reserve(&l->text, more)) more = 0;
    l->text.size += more;
    for (size_t i = l->run_count; i > 0 && more > 0; i--) {
        const layout_remark *r = &l->run[i - 1];
        size_t before = more - (column - (r->at - r->line));
        memmove(l->text.data + r->at + more, l->text.data + r->at, end - r->at);
        memset(l->text.data + r->at + before, ' ', more - before);
        memmove(l->text.data + r->line + before, l->text.data + r->line, r->at - r->line);
        end = r->line;
        more = before;
    }
    l->run_count = 0;
}

void layout_finish(layout *l)
{
    layout_align(l);
    /* Templates end with an empty line for the next one; the file does not. */
    while (l->text.size > 1 && l->text.data[l->text.size - 1] == '\n' &&
           l->text.data[l->text.size - 2] == '\n')
        l->text.size--;
}

void layout_free(layout *l)
{
    sgc_buf_free(&l->text);
    sgc_buf_free(&l->spare);
}
