/*
 * temporal.c - what history costs: sgc next to MariaDB's system versioning and PostgreSQL with a
 * trigger. Every row gets VERSIONS versions; each engine is compared with itself without history.
 *
 *   bench_temporal FOLDER SOCKETS [--rows N] [--versions N] [--rounds N]
 */
#include "temporal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ENGINES = 3, ROUNDS_MAX = 15, VERSIONS_MAX = 100, GETS = 5000 };

static const temporal_engine *const engines[ENGINES] = {&temporal_sgc, &temporal_mariadb,
                                                        &temporal_postgres};

typedef struct bench {
    uint64_t rows, versions;
    size_t rounds;
    void *selves[ENGINES];
    temporal_moment moments[ENGINES][VERSIONS_MAX]; /* after round i */
    double scan_before[ENGINES], bytes_before[ENGINES];
} bench;

static double time_scan(const bench *b, unsigned e, temporal_moment at, double *average)
{
    double times[ROUNDS_MAX];

    for (size_t round = 0; round < b->rounds; round++) {
        double start = bench_seconds();
        *average =
            at ? engines[e]->average_at(b->selves[e], at) : engines[e]->average(b->selves[e]);
        times[round] = bench_seconds() - start;
    }
    return bench_median(times, b->rounds);
}

static double time_gets(const bench *b, unsigned e, size_t version, uint64_t *sum)
{
    double times[ROUNDS_MAX];
    char id[16];

    for (size_t round = 0; round < b->rounds; round++) {
        uint64_t state = 0x5eed;
        double start = bench_seconds();
        *sum = 0;
        for (int i = 0; i < GETS; i++) {
            bench_id(bench_random(&state) % b->rows, id);
            *sum += version == SIZE_MAX
                        ? engines[e]->get(b->selves[e], id)
                        : engines[e]->get_at(b->selves[e], id, b->moments[e][version]);
        }
        times[round] = (bench_seconds() - start) / GETS;
    }
    return bench_median(times, b->rounds);
}

static void make_versions(bench *b)
{
    double unused;

    for (unsigned e = 0; e < ENGINES; e++) {
        engines[e]->load(b->selves[e], b->rows);
        engines[e]->settle(b->selves[e]);
        b->moments[e][0] = engines[e]->now(b->selves[e]);
        b->scan_before[e] = time_scan(b, e, 0, &unused);
        b->bytes_before[e] = engines[e]->bytes(b->selves[e]);
        for (uint64_t round = 1; round < b->versions; round++) {
            usleep(2000); /* moments are apart by more than a clock's step */
            engines[e]->update_all(b->selves[e], b->rows, round);
            usleep(2000);
            b->moments[e][round] = engines[e]->now(b->selves[e]);
        }
        engines[e]->settle(b->selves[e]);
    }
}

static void print_line(const char *title, const double *values, double factor, const char *unit)
{
    printf("%-44s", title);
    for (unsigned e = 0; e < ENGINES; e++)
        printf(" %11.2f", values[e] * factor);
    printf(" %s\n", unit);
    fflush(stdout);
}

static void divide(const double *a, const double *b, double *out)
{
    for (unsigned e = 0; e < ENGINES; e++)
        out[e] = a[e] / b[e];
}

/* All engines must have read the same. */
static void same(const uint64_t *sums, const char *what)
{
    for (unsigned e = 1; e < ENGINES; e++)
        if (sums[e] != sums[0]) bench_fail("%s: %s read other rows", what, engines[e]->title);
}

static void measure(const bench *b)
{
    double get[ENGINES], get_at[ENGINES], scan[ENGINES], scan_at[ENGINES], size[ENGINES];
    double ratio[ENGINES], averages[ENGINES];
    uint64_t sums[ENGINES];
    size_t middle = (size_t)b->versions / 2;

    for (unsigned e = 0; e < ENGINES; e++)
        get[e] = time_gets(b, e, SIZE_MAX, &sums[e]);
    same(sums, "get");
    for (unsigned e = 0; e < ENGINES; e++)
        get_at[e] = time_gets(b, e, middle, &sums[e]);
    same(sums, "get as of");
    for (unsigned e = 0; e < ENGINES; e++)
        scan[e] = time_scan(b, e, 0, &averages[e]);
    for (unsigned e = 0; e < ENGINES; e++) {
        scan_at[e] = time_scan(b, e, b->moments[e][middle], &averages[e]);
        sums[e] = (uint64_t)(averages[e] * 100);
        size[e] = engines[e]->bytes(b->selves[e]);
    }
    same(sums, "scan as of");
    print_line("get of one key, now", get, 1e6, "us");
    print_line("get of one key, as of the middle", get_at, 1e6, "us");
    divide(get_at, get, ratio);
    print_line("  as of / now", ratio, 1, "x");
    print_line("avg(age) over all rows, now", scan, 1e3, "ms");
    print_line("avg(age) over all rows, as of the middle", scan_at, 1e3, "ms");
    divide(scan_at, scan, ratio);
    print_line("  as of / now", ratio, 1, "x");
    print_line("avg(age) when there was one version", b->scan_before, 1e3, "ms");
    divide(scan, b->scan_before, ratio);
    print_line("  all versions / one", ratio, 1, "x");
    print_line("size on disk, one version", b->bytes_before, 1e-6, "MB");
    print_line("size on disk, all versions", size, 1e-6, "MB");
    divide(size, b->bytes_before, ratio);
    print_line("  all versions / one", ratio, 1, "x");
}

static uint64_t number(const char *text, uint64_t least, uint64_t most)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 10);

    if (end == text || *end || value < least || value > most)
        bench_fail("'%s' is no number from %llu to %llu", text, (unsigned long long)least,
                   (unsigned long long)most);
    return value;
}

int main(int argc, char **argv)
{
    static bench b = {.rows = 100000, .versions = 10, .rounds = 3};
    char path[512];

    if (argc < 3 || argc % 2 == 0) {
        fputs("usage: bench_temporal FOLDER SOCKETS [--rows N] [--versions N] [--rounds N]\n",
              stderr);
        return 2;
    }
    for (int i = 3; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--rows") == 0) {
            b.rows = number(argv[i + 1], 1000, 10000000);
        } else if (strcmp(argv[i], "--versions") == 0) {
            b.versions = number(argv[i + 1], 2, VERSIONS_MAX);
        } else if (strcmp(argv[i], "--rounds") == 0) {
            b.rounds = number(argv[i + 1], 1, ROUNDS_MAX);
        } else {
            bench_fail("no option %s", argv[i]);
        }
    }
    snprintf(path, sizeof path, "%s/temporal", argv[1]);
    bench_fresh_folder(path);
    for (unsigned e = 0; e < ENGINES; e++)
        b.selves[e] = engines[e]->open(e == 0 ? path : argv[2]);
    printf("%llu rows x %llu versions; medians of %zu rounds\n%-44s", (unsigned long long)b.rows,
           (unsigned long long)b.versions, b.rounds, "");
    for (unsigned e = 0; e < ENGINES; e++)
        printf(" %11s", engines[e]->title);
    puts("");
    make_versions(&b);
    measure(&b);
    for (unsigned e = 0; e < ENGINES; e++)
        engines[e]->close(b.selves[e]);
    return 0;
}
