/*
 * world.c - sgc next to SQLite over the world: the same rows, the same indexes, the same page
 * cache, in rounds that take turns; medians are printed.
 *
 *   bench_world ROWS FOLDER [--rounds N] [--cities N] [--divide N]
 *       loads both into FOLDER, then times everything; --divide makes each round shorter
 *   bench_world --count ENGINE WORK N ROWS FOLDER
 *       does WORK n times inside bench_measured(), for a profiler that counts instructions there;
 *       WORK `load` loads the first N cities into an empty FOLDER
 */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CACHE_BYTES = 64 * 1024 * 1024, ROUNDS_MAX = 15, ENGINES = 2, FIRST_NEW_ID = 1000000 };

static const bench_engine *const engines[ENGINES] = {&bench_sgc, &bench_sqlite};

static const struct {
    const char *word, *title;
    size_t n; /* times a round */
} works[WORKS] = {
    [WORK_GET] = {"get", "point get by id, a transaction each", 100000},
    [WORK_GET_BATCH] = {"get_batch", "point get by id, 100 in a transaction", 100000},
    [WORK_UNIQUE] = {"unique", "country by unique name", 100000},
    [WORK_NAME] = {"name", "cities of one name, by index", 20000},
    [WORK_RANGE] = {"range", "100 cities by longitude, by index", 2000},
    [WORK_CHILDREN] = {"children", "cities of a district", 20000},
    [WORK_SCAN] = {"scan", "all cities in order of id", 1},
    [WORK_INSERT] = {"insert", "durable insert, one row (p50)", 200},
};

void bench_fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("bench_world: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

sgc_str bench_new_name(int32_t id, char *text)
{
    snprintf(text, 32, "Newtown %d", (int)id);
    return sgc_str_from(text);
}

/* ---- time, medians, folders ---- */

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_doubles);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

static void fresh_folder(const char *path)
{
    if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
        bench_fail("cannot remove %s", path);
    if (mkdir(path, 0777) != 0) bench_fail("cannot make %s", path);
}

/* nftw() has no context: bytes of the files that are read, and of logs, which are used again. */
static double data_bytes, log_bytes;

static int add_size(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)at;
    if (kind == FTW_F) {
        bool is_log = strstr(path, "/log/") != NULL || strstr(path, "-wal") != NULL;
        *(is_log ? &log_bytes : &data_bytes) += (double)info->st_size;
    }
    return 0;
}

static void measure_folder(const char *path, double *data, double *log)
{
    data_bytes = log_bytes = 0;
    if (nftw(path, add_size, 16, FTW_PHYS) != 0) bench_fail("cannot read %s", path);
    *data = data_bytes;
    *log = log_bytes;
}

/* ---- what runs ---- */

typedef struct bench {
    rows all;
    const char *folder;
    size_t rounds, divide;
} bench;

/* Figures of one line: engines by rounds, medians at the end. */
typedef struct figures {
    double of[ENGINES][ROUNDS_MAX];
    double median[ENGINES];
} figures;

static void folder_of(const bench *b, unsigned engine, char path[512])
{
    snprintf(path, 512, "%s/%s", b->folder, engines[engine]->name);
}

static void take_medians(figures *f, size_t rounds)
{
    for (unsigned e = 0; e < ENGINES; e++)
        f->median[e] = median(f->of[e], rounds);
}

/* Times are the smaller the better: the ratio says how many times sgc is faster. */
static void print_line(const char *title, const figures *f, const char *unit, double factor)
{
    printf("%-42s %12.2f %12.2f %-7s %6.2fx\n", title, f->median[0] * factor,
           f->median[1] * factor, unit, f->median[1] / f->median[0]);
    fflush(stdout);
}

static void load_all(const bench *b)
{
    figures load, whole, data, log;
    char path[512];

    for (size_t round = 0; round < b->rounds; round++) {
        for (unsigned e = 0; e < ENGINES; e++) {
            folder_of(b, e, path);
            fresh_folder(path);
            void *self = engines[e]->open(path, CACHE_BYTES);
            double start = seconds();
            engines[e]->load(self, &b->all);
            load.of[e][round] = seconds() - start;
            engines[e]->checkpoint(self);
            whole.of[e][round] = seconds() - start;
            engines[e]->close(self);
            measure_folder(path, &data.of[e][round], &log.of[e][round]);
        }
    }
    take_medians(&load, b->rounds);
    take_medians(&whole, b->rounds);
    take_medians(&data, b->rounds);
    take_medians(&log, b->rounds);
    print_line("load, durable", &load, "s", 1);
    print_line("load, durable and in the data file", &whole, "s", 1);
    print_line("size of the data", &data, "MB", 1e-6);
    printf("%-42s %12.2f %12.2f MB\n", "size of the log", log.median[0] * 1e-6,
           log.median[1] * 1e-6);
}

/* One round of one engine: seconds a piece. Inserts are timed one by one: their median. */
static double run_round(const bench *b, void *self, const bench_engine *engine, bench_work work,
                        uint64_t seed, uint64_t *sum)
{
    size_t n = works[work].n / b->divide ? works[work].n / b->divide : 1;
    double times[256];

    if (work != WORK_INSERT) {
        double start = seconds();
        *sum = engine->work[work](self, &b->all, seed, n);
        return (seconds() - start) / (double)n;
    }
    if (n > sizeof times / sizeof *times) n = sizeof times / sizeof *times;
    *sum = 0;
    for (size_t i = 0; i < n; i++) {
        double start = seconds();
        *sum += engine->work[work](self, &b->all, seed + i, 1);
        times[i] = seconds() - start;
    }
    return median(times, n);
}

static void run_work(const bench *b, void *const selves[ENGINES], bench_work work)
{
    figures f;

    for (size_t round = 0; round < b->rounds; round++) {
        uint64_t seed = work == WORK_INSERT ? FIRST_NEW_ID + round * 1000 : 0x5eed + round;
        uint64_t sums[ENGINES];
        for (unsigned e = 0; e < ENGINES; e++)
            f.of[e][round] = run_round(b, selves[e], engines[e], work, seed, &sums[e]);
        if (sums[0] != sums[1])
            bench_fail("%s: the engines read different rows: sums %llu and %llu",
                       works[work].word, (unsigned long long)sums[0], (unsigned long long)sums[1]);
    }
    take_medians(&f, b->rounds);
    print_line(works[work].title, &f, work == WORK_SCAN ? "ms" : "us",
               work == WORK_SCAN ? 1e3 : 1e6);
}

/* What no database can beat: a block written and flushed. */
static void print_device(const bench *b)
{
    static char block[4096];
    double times[200];
    char path[512];

    snprintf(path, sizeof path, "%s/device", b->folder);
    int file = open(path, O_CREAT | O_RDWR | O_TRUNC, 0666);
    if (file < 0) bench_fail("cannot make %s", path);
    for (size_t i = 0; i < 200; i++)
        if (pwrite(file, block, sizeof block, (off_t)(i * sizeof block)) != sizeof block)
            bench_fail("cannot write %s", path);
    if (fsync(file) != 0) bench_fail("cannot flush %s", path);
    for (size_t i = 0; i < 200; i++) {
        double start = seconds();
        if (pwrite(file, block, sizeof block, (off_t)(i * sizeof block)) != sizeof block ||
            fdatasync(file) != 0)
            bench_fail("cannot write %s", path);
        times[i] = seconds() - start;
    }
    close(file);
    remove(path);
    printf("%-42s %12.2f %12s us\n", "4 kB written and flushed (p50)", median(times, 200) * 1e6,
           "");
}

static void compare_engines(const bench *b)
{
    void *selves[ENGINES];
    char path[512];

    printf("%zu rows, %zu of them cities; page cache %d MB each; medians of %zu rounds\n",
           rows_count(&b->all), b->all.of[ROW_CITY].count, CACHE_BYTES / 1024 / 1024, b->rounds);
    printf("%-42s %12s %12s %-7s %7s\n", "", "sgc", "SQLite", "", "ratio");
    load_all(b);
    for (unsigned e = 0; e < ENGINES; e++) {
        folder_of(b, e, path);
        selves[e] = engines[e]->open(path, CACHE_BYTES);
    }
    for (unsigned work = 0; work < WORKS; work++)
        run_work(b, selves, (bench_work)work);
    for (unsigned e = 0; e < ENGINES; e++)
        engines[e]->close(selves[e]);
    print_device(b);
}

/* ---- counting instructions ---- */

/* A profiler counts from the entry of this function to its end. */
uint64_t bench_measured(const bench_engine *engine, void *self, const rows *all, int work,
                        size_t n);
uint64_t bench_measured(const bench_engine *engine, void *self, const rows *all, int work,
                        size_t n)
{
    if (work < 0) {
        engine->load(self, all);
        return rows_count(all);
    }
    return engine->work[work](self, all, work == WORK_INSERT ? FIRST_NEW_ID : 0x5eed, n);
}

static const bench_engine *find_engine(const char *name)
{
    for (unsigned e = 0; e < ENGINES; e++)
        if (strcmp(name, engines[e]->name) == 0) return engines[e];
    bench_fail("no engine '%s': sgc or sqlite", name);
}

static int find_work(const char *word)
{
    if (strcmp(word, "load") == 0) return -1;
    for (int work = 0; work < WORKS; work++)
        if (strcmp(word, works[work].word) == 0) return work;
    bench_fail("no work '%s'", word);
}

static size_t parse_count(const char *text, size_t least, size_t most)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (end == text || *end || value < least || value > most)
        bench_fail("'%s' is no number from %zu to %zu", text, least, most);
    return value;
}

static void count_work(char **words)
{
    uint64_t (*volatile measured)(const bench_engine *, void *, const rows *, int, size_t) =
        bench_measured;
    const bench_engine *engine = find_engine(words[0]);
    int work = find_work(words[1]);
    size_t n = parse_count(words[2], 1, 10000000);
    bench b = {.folder = words[4]};
    char path[512];

    rows_read(words[3], work < 0 ? n : SIZE_MAX, &b.all);
    folder_of(&b, engine == engines[1], path);
    if (work < 0) fresh_folder(path);
    void *self = engine->open(path, CACHE_BYTES);
    /* The same keys once before: caches are warm where that is what we look at. */
    if (work >= 0 && work != WORK_INSERT) engine->work[work](self, &b.all, 0x5eed, n);
    uint64_t done = measured(engine, self, &b.all, work, n);
    printf("%llu\n", (unsigned long long)(work < 0 ? done : n));
    engine->close(self);
    rows_free(&b.all);
}

static int usage(void)
{
    fputs("usage: bench_world ROWS FOLDER [--rounds N] [--cities N] [--divide N]\n"
          "       bench_world --count ENGINE WORK N ROWS FOLDER\n",
          stderr);
    return 2;
}

int main(int argc, char **argv)
{
    bench b = {.rounds = 5, .divide = 1};
    size_t cities = SIZE_MAX;

    if (argc == 7 && strcmp(argv[1], "--count") == 0) {
        count_work(argv + 2);
        return 0;
    }
    if (argc < 3 || argc % 2 == 0) return usage();
    for (int i = 3; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--rounds") == 0)
            b.rounds = parse_count(argv[i + 1], 1, ROUNDS_MAX);
        else if (strcmp(argv[i], "--cities") == 0)
            cities = parse_count(argv[i + 1], 1, 10000000);
        else if (strcmp(argv[i], "--divide") == 0)
            b.divide = parse_count(argv[i + 1], 1, 1000);
        else
            return usage();
    }
    b.folder = argv[2];
    rows_read(argv[1], cities, &b.all);
    compare_engines(&b);
    rows_free(&b.all);
    return 0;
}
