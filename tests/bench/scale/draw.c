/*
 * draw.c - the picture of cost against size.
 *
 *   bench_draw FIGURES "LINE BELOW" > scale.svg
 *
 * FIGURES has lines "panel TAB line TAB x TAB y", as scale_figure() writes them.
 */
#include "measure.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS = 4096, LINES = 4, WIDTH = 1080, HEIGHT = 1010 };

typedef struct point {
    char panel[32], line[32];
    double x, y;
} point;

static point points[POINTS];
static size_t point_count;

/* Where a panel stands, what it shows. */
typedef struct panel {
    const char *name, *title, *unit;
    const char *lines[LINES]; /**< in the order of the legend */
    double x, y, width, height;
    bool log_x, log_y;
    double below, above; /**< of the y axis; above 0: from the figures */
} panel;

/* ---- reading ---- */

static void read_figures(const char *path)
{
    FILE *file = fopen(path, "r");

    if (!file) bench_fail("cannot read %s", path);
    for (;;) {
        point p;
        int got = fscanf(file, "%31[^\t]\t%31[^\t]\t%lf\t%lf\n", p.panel, p.line, &p.x, &p.y);
        if (got == EOF) break;
        if (got != 4) bench_fail("%s: figure %zu cannot be read", path, point_count + 1);
        if (point_count == POINTS) bench_fail("%s: too many figures", path);
        points[point_count++] = p;
    }
    fclose(file);
}

/* ---- axes ---- */

typedef struct axes {
    double x0, x1, y0, y1; /**< of the figures, logarithms where the axis has them */
} axes;

static double scaled(bool is_log, double value)
{
    return is_log ? log10(value) : value;
}

/* 1, 2 or 5 times a power of ten. */
static double round_up(double value)
{
    double power = pow(10, floor(log10(value)));
    double times = value / power;

    return power * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
}

static axes find_axes(const panel *at)
{
    axes a = {INFINITY, -INFINITY, scaled(at->log_y, at->below), scaled(at->log_y, at->below)};

    for (size_t i = 0; i < point_count; i++) {
        if (strcmp(points[i].panel, at->name) != 0) continue;
        a.x0 = fmin(a.x0, scaled(at->log_x, points[i].x));
        a.x1 = fmax(a.x1, scaled(at->log_x, points[i].x));
        a.y1 = fmax(a.y1, scaled(at->log_y, points[i].y));
        if (at->log_y) a.y0 = fmin(a.y0, floor(scaled(true, points[i].y)));
    }
    if (!at->log_x) a.x0 = 0;
    if (a.x1 == a.x0) a.x1 = a.x0 + 1;
    a.y1 = at->log_y ? ceil(a.y1) : at->above > 0 ? at->above : round_up(a.y1 * 1.05);
    if (a.y1 == a.y0) a.y1 = a.y0 + 1;
    return a;
}

static double x_of(const panel *at, const axes *a, double value)
{
    return at->x + (scaled(at->log_x, value) - a->x0) / (a->x1 - a->x0) * at->width;
}

static double y_of(const panel *at, const axes *a, double value)
{
    return at->y + at->height - (scaled(at->log_y, value) - a->y0) / (a->y1 - a->y0) * at->height;
}

/* 10,000 as 10 k: axes have little room. */
static void short_number(double value, char out[16])
{
    if (value >= 1e6) {
        snprintf(out, 16, "%g M", value / 1e6);
    } else if (value >= 1e3) {
        snprintf(out, 16, "%g k", value / 1e3);
    } else {
        snprintf(out, 16, "%g", value);
    }
}

static void y_tick(const panel *at, const axes *a, double value)
{
    char text[16];
    double y = y_of(at, a, value);

    short_number(value, text);
    printf("<path class=\"grid\" d=\"M%.1f %.1fh%.1f\"/>"
           "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
           at->x, y, at->width, at->x - 7, y + 4, text);
}

static void y_ticks(const panel *at, const axes *a)
{
    double step = a->y1 / 5;

    if (at->log_y) {
        for (double power = a->y0; power <= a->y1; power++)
            y_tick(at, a, pow(10, power));
        return;
    }
    step = round_up(step * 0.99);
    for (double value = 0; value <= a->y1 * 1.001; value += step)
        y_tick(at, a, value);
}

static void x_tick(const panel *at, const axes *a, double value)
{
    char text[16];

    short_number(value, text);
    printf("<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n",
           x_of(at, a, value), at->y + at->height + 17, text);
}

static void x_ticks(const panel *at, const axes *a)
{
    if (at->log_x) {
        for (double power = ceil(a->x0); power <= a->x1 + 0.001; power++)
            x_tick(at, a, pow(10, power));
        return;
    }
    double step = round_up(a->x1 / 6);
    for (double value = 0; value <= a->x1 * 1.001; value += step)
        x_tick(at, a, value);
}

/* ---- lines ---- */

static int by_x(const void *a, const void *b)
{
    double x = ((const point *)a)->x, y = ((const point *)b)->x;

    return (x > y) - (x < y);
}

static void draw_line(const panel *at, const axes *a, unsigned number)
{
    bool dots = true, drawn = false;
    size_t count = 0;

    for (size_t i = 0; i < point_count; i++)
        count += strcmp(points[i].panel, at->name) == 0 &&
                 strcmp(points[i].line, at->lines[number]) == 0;
    dots = count <= 12;
    printf("<path class=\"line s%u\" d=\"", number);
    for (size_t i = 0; i < point_count; i++) {
        const point *p = &points[i];
        if (strcmp(p->panel, at->name) != 0 || strcmp(p->line, at->lines[number]) != 0) continue;
        printf("%s%.1f %.1f", drawn ? "L" : "M", x_of(at, a, p->x), y_of(at, a, p->y));
        drawn = true;
    }
    puts("\"/>");
    for (size_t i = 0; dots && i < point_count; i++) {
        const point *p = &points[i];
        if (strcmp(p->panel, at->name) != 0 || strcmp(p->line, at->lines[number]) != 0) continue;
        printf("<circle class=\"dot s%u\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\"/>\n", number,
               x_of(at, a, p->x), y_of(at, a, p->y));
    }
}

/* The legend of one panel, in one row above it. */
static void draw_names(const panel *at)
{
    double x = at->x;

    for (unsigned i = 0; i < LINES && at->lines[i]; i++) {
        printf("<path class=\"line s%u\" d=\"M%.1f %.1fh18\"/>"
               "<circle class=\"dot s%u\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\"/>"
               "<text class=\"name\" x=\"%.1f\" y=\"%.1f\">%s</text>\n",
               i, x, at->y - 14, i, x + 9, at->y - 14, x + 24, at->y - 10, at->lines[i]);
        x += 42 + 6.8 * (double)strlen(at->lines[i]);
    }
}

static void draw_panel(const panel *at)
{
    axes a = find_axes(at);

    printf("<text class=\"title\" x=\"%.1f\" y=\"%.1f\">%s<tspan class=\"unit\">, %s</tspan>"
           "</text>\n",
           at->x - 34, at->y - 34, at->title, at->unit);
    if (isinf(a.x0)) {
        printf("<text class=\"tick\" x=\"%.1f\" y=\"%.1f\">not measured</text>\n", at->x,
               at->y + at->height / 2);
        return;
    }
    y_ticks(at, &a);
    x_ticks(at, &a);
    for (unsigned i = 0; i < LINES && at->lines[i]; i++)
        draw_line(at, &a, i);
    if (at->lines[1]) draw_names(at);
}

/* ---- the picture ---- */

/* Colours that the colour-blind tell apart, on light and on dark ground. */
static const char style[] =
    "<style>\n"
    "svg{--ground:#fff;--ink:#1f2328;--soft:#59636e;--rule:#d8dee4;"
    "--c0:#0550ae;--c1:#bc4c00;--c2:#1a7f64;--c3:#8250df}\n"
    "@media(prefers-color-scheme:dark){svg{--ground:#0d1117;--ink:#e6edf3;--soft:#9198a1;"
    "--rule:#2a313a;--c0:#58a6ff;--c1:#f0883e;--c2:#3fb99a;--c3:#bc8cff}}\n"
    "text{font-family:system-ui,'Segoe UI',Helvetica,Arial,sans-serif;fill:var(--ink)}\n"
    ".ground{fill:var(--ground)}.head{font-size:21px;font-weight:600}"
    ".title{font-size:14px;font-weight:600}.unit,.tick,.note{fill:var(--soft);font-weight:400}"
    ".tick,.note{font-size:12px}.unit{font-size:13px}.name{font-size:12px}\n"
    ".grid{stroke:var(--rule);fill:none}.line{fill:none;stroke-width:2.2;stroke-linejoin:round}\n"
    ".s0{stroke:var(--c0)}.s1{stroke:var(--c1)}.s2{stroke:var(--c2)}.s3{stroke:var(--c3)}\n"
    ".dot{stroke:var(--ground);stroke-width:1.2}.dot.s0{fill:var(--c0)}.dot.s1{fill:var(--c1)}"
    ".dot.s2{fill:var(--c2)}.dot.s3{fill:var(--c3)}\n"
    "</style>\n";

#define ENGINES                                                                                    \
    {                                                                                              \
        "sgc", "LMDB", "SQLite"                                                                    \
    }

static const panel panels[] = {
    {"instructions get", "A row by id", "instructions", ENGINES, 70, 130, 270, 170, true, false, 0,
     0},
    {"instructions email", "A row by unique email", "instructions", ENGINES, 425, 130, 270, 170,
     true, false, 0, 0},
    {"instructions age", "100 rows by age", "instructions", ENGINES, 780, 130, 270, 170, true,
     false, 0, 0},
    {"time get", "A row by id", "microseconds", ENGINES, 70, 410, 270, 170, true, true, 1, 0},
    {"time email", "A row by unique email", "microseconds", ENGINES, 425, 410, 270, 170, true,
     false, 0, 0},
    {"time age", "100 rows by age", "microseconds", ENGINES, 780, 410, 270, 170, true, false, 0, 0},
    {"pages",
     "Pages a look-up touches in sgc",
     "4 kB",
     {"get by id", "get by email", "100 by age"},
     70,
     690,
     270,
     230,
     true,
     true,
     1,
     0},
    {"load",
     "A row of a load into an empty table",
     "microseconds",
     {"time", "processor"},
     425,
     690,
     625,
     230,
     true,
     false,
     0,
     0},
};

int main(int argc, char **argv)
{
    if (argc != 3) bench_fail("bench_draw FIGURES \"LINE BELOW\"");
    read_figures(argv[1]);
    qsort(points, point_count, sizeof *points, by_x);
    printf("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\""
           " aria-label=\"Cost against the number of rows\">\n%s"
           "<rect class=\"ground\" width=\"%d\" height=\"%d\"/>\n"
           "<text class=\"head\" x=\"36\" y=\"46\">Cost against rows in the table</text>\n",
           WIDTH, HEIGHT, style, WIDTH, HEIGHT);
    for (size_t i = 0; i < sizeof panels / sizeof *panels; i++)
        draw_panel(&panels[i]);
    printf("<text class=\"note\" x=\"36\" y=\"%d\">%s</text>\n</svg>\n", HEIGHT - 24, argv[2]);
    return fflush(stdout) == 0 ? 0 : 1;
}
