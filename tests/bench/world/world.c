/*
 * world.c - sgc next to SQLite over the world: the same rows, the same indexes, the same page
 * cache, in rounds that take turns; medians are printed.
 *
 *   bench_world ROWS FOLDER [--rounds N] [--divide N]
 *       loads both into FOLDER, then times everything; --divide makes each round shorter
 *   bench_world --count ENGINE WORK N ROWS FOLDER
 *       does WORK N times, warm, for valgrind --tool=callgrind --instr-atstart=no, and prints how
 *       many things were done; WORK `load` loads the first N cities into an empty FOLDER, `store`
 *       also brings them into the data file
 */
#include "bench.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

enum { CACHE_BYTES = 64 * 1024 * 1024, ROUNDS_MAX = 15, ENGINES = 2, INSERTS = 200 };
enum { FIRST_NEW_ID = 1000000 };

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
    [WORK_INSERT] = {"insert", "durable insert, one row (p50)", INSERTS},
};

sgc_str bench_new_name(int32_t id, char *text)
{
    snprintf(text, 32, "Newtown %d", (int)id);
    return sgc_str_from(text);
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
        f->median[e] = bench_median(f->of[e], rounds);
}

/* Times are the smaller the better: the ratio says how many times sgc is faster. */
static void print_line(const char *title, const figures *f, const char *unit, double factor)
{
    printf("%-42s %12.2f %12.2f %-7s %6.2fx\n", title, f->median[0] * factor, f->median[1] * factor,
           unit, f->median[1] / f->median[0]);
    fflush(stdout);
}

static void load_all(const bench *b)
{
    figures load, whole, data, log;
    char path[512];

    for (size_t round = 0; round < b->rounds; round++) {
        for (unsigned e = 0; e < ENGINES; e++) {
            folder_of(b, e, path);
            bench_fresh_folder(path);
            void *self = engines[e]->open(path, CACHE_BYTES);
            double start = bench_seconds();
            engines[e]->load(self, &b->all);
            load.of[e][round] = bench_seconds() - start;
            engines[e]->checkpoint(self);
            whole.of[e][round] = bench_seconds() - start;
            engines[e]->close(self);
            bench_folder size = bench_measure_folder(path);
            data.of[e][round] = size.data;
            log.of[e][round] = size.log;
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

static size_t times_of(const bench *b, bench_work work)
{
    size_t n = works[work].n / b->divide;

    return n ? n : 1;
}

static double run_once(const bench *b, void *const selves[ENGINES], unsigned engine,
                       bench_work work, uint64_t seed, size_t n, uint64_t *sum)
{
    double start = bench_seconds();

    *sum = engines[engine]->work[work](selves[engine], &b->all, seed, n);
    return bench_seconds() - start;
}

/* Inserts take turns one by one, since the device has good and bad moments; medians count. */
static void run_inserts(const bench *b, void *const selves[ENGINES])
{
    double times[ENGINES][INSERTS];
    size_t n = times_of(b, WORK_INSERT);
    uint64_t sum;
    figures f;

    for (size_t round = 0; round < b->rounds; round++) {
        uint64_t first = FIRST_NEW_ID + round * INSERTS;
        for (size_t i = 0; i < n; i++)
            for (unsigned e = 0; e < ENGINES; e++)
                times[e][i] = run_once(b, selves, e, WORK_INSERT, first + i, 1, &sum);
        for (unsigned e = 0; e < ENGINES; e++)
            f.of[e][round] = bench_median(times[e], n);
    }
    take_medians(&f, b->rounds);
    print_line(works[WORK_INSERT].title, &f, "us", 1e6);
}

static void run_work(const bench *b, void *const selves[ENGINES], bench_work work)
{
    size_t n = times_of(b, work);
    figures f;

    for (size_t round = 0; round < b->rounds; round++) {
        uint64_t sums[ENGINES];
        for (unsigned e = 0; e < ENGINES; e++)
            f.of[e][round] = run_once(b, selves, e, work, 0x5eed + round, n, &sums[e]) / (double)n;
        if (sums[0] != sums[1])
            bench_fail("%s: the engines read different rows: sums %llu and %llu", works[work].word,
                       (unsigned long long)sums[0], (unsigned long long)sums[1]);
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
        double start = bench_seconds();
        if (pwrite(file, block, sizeof block, (off_t)(i * sizeof block)) != sizeof block ||
            fdatasync(file) != 0)
            bench_fail("cannot write %s", path);
        times[i] = bench_seconds() - start;
    }
    close(file);
    remove(path);
    printf("%-42s %12.2f %12s us\n", "4 kB written and flushed (p50)",
           bench_median(times, 200) * 1e6, "");
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
    for (unsigned work = 0; work < WORK_INSERT; work++)
        run_work(b, selves, (bench_work)work);
    run_inserts(b, selves);
    for (unsigned e = 0; e < ENGINES; e++)
        engines[e]->close(selves[e]);
    print_device(b);
}

/* ---- counting instructions ---- */

enum { LOAD = -1, STORE = -2 }; /* besides the works */

/* Valgrind counts in here only; the number of things done. */
static size_t measured(const bench_engine *engine, void *self, const rows *all, int work, size_t n)
{
    size_t done = work < 0 ? rows_count(all) : n;

    CALLGRIND_START_INSTRUMENTATION;
    if (work < 0) engine->load(self, all);
    if (work == STORE)
        engine->checkpoint(self);
    else if (work >= 0)
        engine->work[work](self, all, work == WORK_INSERT ? 2 * FIRST_NEW_ID : 0x5eed, n);
    CALLGRIND_STOP_INSTRUMENTATION;
    return done;
}

static const bench_engine *find_engine(const char *name)
{
    for (unsigned e = 0; e < ENGINES; e++)
        if (strcmp(name, engines[e]->name) == 0) return engines[e];
    bench_fail("no engine '%s': sgc or sqlite", name);
}

static int find_work(const char *word)
{
    if (strcmp(word, "load") == 0) return LOAD;
    if (strcmp(word, "store") == 0) return STORE;
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
    const bench_engine *engine = find_engine(words[0]);
    int work = find_work(words[1]);
    size_t n = parse_count(words[2], 1, 10000000);
    bench b = {.folder = words[4]};
    char path[512];

    rows_read(words[3], work < 0 ? n : SIZE_MAX, &b.all);
    folder_of(&b, engine == engines[1], path);
    if (work < 0) bench_fresh_folder(path);
    void *self = engine->open(path, CACHE_BYTES);
    /* The same keys once before: caches are warm where that is what we look at. */
    if (work >= 0 && work != WORK_INSERT) engine->work[work](self, &b.all, 0x5eed, n);
    printf("%zu\n", measured(engine, self, &b.all, work, n));
    engine->close(self);
    rows_free(&b.all);
}

static int usage(void)
{
    fputs("usage: bench_world ROWS FOLDER [--rounds N] [--divide N]\n"
          "       bench_world --count ENGINE WORK N ROWS FOLDER\n",
          stderr);
    return 2;
}

int main(int argc, char **argv)
{
    bench b = {.rounds = 5, .divide = 1};

    if (argc == 7 && strcmp(argv[1], "--count") == 0) {
        count_work(argv + 2);
        return 0;
    }
    if (argc < 3 || argc % 2 == 0) return usage();
    for (int i = 3; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--rounds") == 0)
            b.rounds = parse_count(argv[i + 1], 1, ROUNDS_MAX);
        else if (strcmp(argv[i], "--divide") == 0)
            b.divide = parse_count(argv[i + 1], 1, 1000);
        else
            return usage();
    }
    b.folder = argv[2];
    rows_read(argv[1], SIZE_MAX, &b.all);
    compare_engines(&b);
    rows_free(&b.all);
    return 0;
}
