/*
 * storage.c - sgc next to other storage engines over one table of users, in rounds that take turns;
 * medians are printed, and how many times faster sgc is than the best of the others.
 *
 *   bench_storage FOLDER [--rows N] [--rounds N] [--divide N] [--postgres SOCKETS] [--only NAMES]
 *       loads every engine into FOLDER, then times everything; --divide makes each round shorter
 *   bench_storage --count ENGINE WORK N ROWS FOLDER
 *       does WORK N times, warm, for valgrind --tool=callgrind --instr-atstart=no, in a folder that
 *       is made when it is empty
 */
#include "work.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

enum { ROUNDS_MAX = 15, ENGINES = 5, THREADS = 8, LATENCIES = 300 };
#define CACHE_BYTES ((size_t)512 << 20)

static const bench_engine *const engines[ENGINES] = {&bench_sgc, &bench_sqlite, &bench_lmdb,
                                                     &bench_rocksdb, &bench_postgres};

/* ---- what runs ---- */

typedef struct bench {
    const char *folder, *sockets, *only;
    uint64_t rows, next; /* next: number of the next new row, the same for all engines */
    size_t rounds, divide;
    void *selves[ENGINES], *sessions[ENGINES];
} bench;

static bool takes_part(const bench *b, unsigned engine)
{
    const char *name = engines[engine]->name;

    if (engines[engine]->is_server && !b->sockets) return false;
    return !b->only || strstr(b->only, name) != NULL || engine == 0;
}

static void folder_of(const bench *b, unsigned engine, char path[512])
{
    if (engines[engine]->is_server) {
        snprintf(path, 512, "%s", b->sockets);
    } else {
        snprintf(path, 512, "%s/%s", b->folder, engines[engine]->name);
    }
}

/* Figures of one line: by engine and round. */
typedef struct figures {
    double of[ENGINES][ROUNDS_MAX];
    bool is[ENGINES];
} figures;

/* more: larger is better. The ratio compares with the best of the others. */
static void print_line(const bench *b, const char *title, figures *f, const char *unit,
                       double factor, bool more)
{
    double ours = 0, best = 0;
    const char *peer = "";

    printf("%-40s", title);
    for (unsigned e = 0; e < ENGINES; e++) {
        if (!f->is[e]) {
            printf(" %11s", "-");
            continue;
        }
        double value = bench_median(f->of[e], b->rounds);
        printf(" %11.2f", value * factor);
        if (e == 0) {
            ours = value;
        } else if (best == 0 || (more ? value > best : value < best)) {
            best = value;
            peer = engines[e]->title;
        }
    }
    printf(" %-6s %7.2fx %s\n", unit, more ? ours / best : best / ours, best ? peer : "");
    fflush(stdout);
}

static void print_head(void)
{
    printf("%-40s", "");
    for (unsigned e = 0; e < ENGINES; e++)
        printf(" %11s", engines[e]->title);
    printf(" %-6s %8s\n", "", "best of them");
}

static void open_engine(bench *b, unsigned e, bool fresh)
{
    char path[512];

    folder_of(b, e, path);
    if (fresh && !engines[e]->is_server) bench_fresh_folder(path);
    b->selves[e] = engines[e]->open(path, CACHE_BYTES);
}

static void run_load(bench *b)
{
    static figures rate, whole, size;
    char path[512];

    for (unsigned e = 0; e < ENGINES; e++)
        rate.is[e] = whole.is[e] = size.is[e] = takes_part(b, e);
    for (size_t round = 0; round < b->rounds; round++) {
        for (unsigned e = 0; e < ENGINES; e++) {
            if (!takes_part(b, e)) continue;
            open_engine(b, e, true);
            double start = bench_seconds();
            engines[e]->load(b->selves[e], 0, b->rows);
            rate.of[e][round] = (double)b->rows / (bench_seconds() - start);
            if (engines[e]->settle) engines[e]->settle(b->selves[e]);
            whole.of[e][round] = (double)b->rows / (bench_seconds() - start);
            folder_of(b, e, path);
            if (engines[e]->bytes) size.of[e][round] = engines[e]->bytes(b->selves[e]);
            engines[e]->close(b->selves[e]);
            if (!engines[e]->bytes) size.of[e][round] = bench_measure_folder(path).data;
        }
    }
    print_line(b, "load, durable", &rate, "k/s", 1e-3, true);
    print_line(b, "load, durable and settled", &whole, "k/s", 1e-3, true);
    print_line(b, "size on disk, logs not counted", &size, "MB", 1e-6, false);
}

static void run_open(bench *b)
{
    static figures f;
    char id[16];

    for (unsigned e = 0; e < ENGINES; e++)
        f.is[e] = takes_part(b, e) && !engines[e]->is_server;
    for (size_t round = 0; round < b->rounds; round++) {
        for (unsigned e = 0; e < ENGINES; e++) {
            if (!f.is[e]) continue;
            double start = bench_seconds();
            open_engine(b, e, false);
            void *session = engines[e]->session(b->selves[e]);
            bench_id(b->rows / 2, id);
            engines[e]->get(session, id);
            f.of[e][round] = bench_seconds() - start;
            engines[e]->end(session);
            engines[e]->close(b->selves[e]);
        }
    }
    print_line(b, "open and first get", &f, "ms", 1e3, false);
}

/* ---- reads ---- */

/* How often in a round. */
static const size_t repeats[BENCH_WORKS] = {
    [BENCH_GET] = 100000,  [BENCH_GET_BATCH] = 1000, [BENCH_BY_EMAIL] = 100000,
    [BENCH_BY_AGE] = 2000, [BENCH_AVERAGE] = 1,
};

static void run_reads(bench *b, bench_work what)
{
    static figures f;
    size_t n = repeats[what] / b->divide ? repeats[what] / b->divide : 1;
    double each = (double)n * (what == BENCH_GET_BATCH ? BATCH_GETS : 1);

    for (unsigned e = 0; e < ENGINES; e++)
        f.is[e] = takes_part(b, e);
    for (size_t round = 0; round < b->rounds; round++) {
        uint64_t first = 0;
        for (unsigned e = 0; e < ENGINES; e++) {
            if (!f.is[e]) continue;
            /* The same keys once before: what is measured is the engine, not the first touch. */
            (void)bench_do(engines[e], b->sessions[e], what, b->rows, 0x5eed + round, n);
            double start = bench_seconds();
            uint64_t sum = bench_do(engines[e], b->sessions[e], what, b->rows, 0x5eed + round, n);
            f.of[e][round] = (bench_seconds() - start) / each;
            if (e == 0) first = sum;
            if (sum != first)
                bench_fail("%s: %s read other rows than sgc", bench_work_words[what],
                           engines[e]->title);
        }
    }
    print_line(b, bench_work_titles[what], &f, what == BENCH_AVERAGE ? "ms" : "us",
               what == BENCH_AVERAGE ? 1e3 : 1e6, false);
}

/* ---- durable writes ---- */

static void write_one(bench *b, unsigned e, bool updates, uint64_t n)
{
    uint64_t state = n * 2654435761U + 1;
    char id[16];

    if (!updates) {
        engines[e]->insert(b->sessions[e], n);
        return;
    }
    bench_id(bench_random(&state) % b->rows, id);
    engines[e]->update(b->sessions[e], id, (int32_t)(bench_random(&state) % AGES));
}

/* Taking turns one by one, since the device has good and bad moments. */
static void run_latency(bench *b, bool updates)
{
    static figures f;
    static double times[ENGINES][LATENCIES];
    size_t n = LATENCIES / b->divide ? LATENCIES / b->divide : 1;

    for (unsigned e = 0; e < ENGINES; e++)
        f.is[e] = takes_part(b, e);
    for (size_t round = 0; round < b->rounds; round++) {
        for (size_t i = 0; i < n; i++, b->next++) {
            for (unsigned e = 0; e < ENGINES; e++) {
                if (!f.is[e]) continue;
                double start = bench_seconds();
                write_one(b, e, updates, b->next);
                times[e][i] = bench_seconds() - start;
            }
        }
        for (unsigned e = 0; e < ENGINES; e++)
            if (f.is[e]) f.of[e][round] = bench_median(times[e], n);
    }
    print_line(b, updates ? "update of one field, durable (p50)" : "insert, durable (p50)", &f,
               "us", 1e6, false);
}

typedef struct writer {
    bench *b;
    unsigned engine;
    bool updates;
    uint64_t first, count;
    pthread_t thread;
} writer;

static void *write_many(void *argument)
{
    const writer *w = argument;
    const bench_engine *engine = engines[w->engine];
    void *session = engine->session(w->b->selves[w->engine]);
    char id[16];

    for (uint64_t i = 0; i < w->count; i++) {
        uint64_t state = (w->first + i) * 2654435761U + 1;
        if (w->updates) {
            bench_id(bench_random(&state) % w->b->rows, id);
            engine->update(session, id, (int32_t)(bench_random(&state) % AGES));
        } else {
            engine->insert(session, w->first + i);
        }
    }
    engine->end(session);
    return NULL;
}

static double many_writers(bench *b, unsigned engine, bool updates, uint64_t first, uint64_t count)
{
    writer writers[THREADS];
    double start = bench_seconds();

    for (unsigned t = 0; t < THREADS; t++) {
        writers[t] = (writer){.b = b,
                              .engine = engine,
                              .updates = updates,
                              .first = first + t * count,
                              .count = count};
        if (pthread_create(&writers[t].thread, NULL, write_many, &writers[t]) != 0)
            bench_fail("no thread");
    }
    for (unsigned t = 0; t < THREADS; t++)
        pthread_join(writers[t].thread, NULL);
    return (double)(count * THREADS) / (bench_seconds() - start);
}

static void run_throughput(bench *b, bool updates)
{
    static figures f;
    uint64_t count = 500 / b->divide ? 500 / b->divide : 1;

    for (unsigned e = 0; e < ENGINES; e++)
        f.is[e] = takes_part(b, e);
    for (size_t round = 0; round < b->rounds; round++) {
        for (unsigned e = 0; e < ENGINES; e++)
            if (f.is[e]) f.of[e][round] = many_writers(b, e, updates, b->next, count);
        b->next += count * THREADS;
    }
    print_line(b, updates ? "updates, durable, 8 threads" : "inserts, durable, 8 threads", &f, "/s",
               1, true);
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
    for (size_t i = 0; i < 400; i++) {
        double start = bench_seconds();
        if (pwrite(file, block, sizeof block, (off_t)(i % 200 * sizeof block)) != sizeof block ||
            fdatasync(file) != 0)
            bench_fail("cannot write %s", path);
        if (i >= 200) times[i - 200] = bench_seconds() - start;
    }
    close(file);
    remove(path);
    printf("%-40s %11.2f %47s us\n", "4 kB written over and flushed (p50)",
           bench_median(times, 200) * 1e6, "");
}

static void compare_engines(bench *b)
{
    printf("%llu rows; %zu MB for pages; medians of %zu rounds\n", (unsigned long long)b->rows,
           CACHE_BYTES >> 20, b->rounds);
    print_head();
    run_load(b);
    run_open(b);
    for (unsigned e = 0; e < ENGINES; e++) {
        if (!takes_part(b, e)) continue;
        open_engine(b, e, false);
        b->sessions[e] = engines[e]->session(b->selves[e]);
    }
    b->next = b->rows;
    for (unsigned what = 0; what < BENCH_WORKS; what++)
        run_reads(b, (bench_work)what);
    run_latency(b, false);
    run_latency(b, true);
    run_throughput(b, false);
    run_throughput(b, true);
    for (unsigned e = 0; e < ENGINES; e++) {
        if (!takes_part(b, e)) continue;
        engines[e]->end(b->sessions[e]);
        engines[e]->close(b->selves[e]);
    }
    print_device(b);
}

/* ---- counting instructions ---- */

static uint64_t number(const char *text, uint64_t least, uint64_t most)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 10);

    if (end == text || *end || value < least || value > most)
        bench_fail("'%s' is no number from %llu to %llu", text, (unsigned long long)least,
                   (unsigned long long)most);
    return value;
}

static void count_writes(bench *b, unsigned e, bool updates, uint64_t n)
{
    write_one(b, e, updates, 3 * b->rows);
    CALLGRIND_START_INSTRUMENTATION;
    for (uint64_t i = 1; i <= n; i++)
        write_one(b, e, updates, 3 * b->rows + i);
    CALLGRIND_STOP_INSTRUMENTATION;
}

static void count_work(char **words)
{
    bench b = {.folder = words[4], .rows = number(words[3], 1, 100000000)};
    uint64_t n = number(words[2], 1, 100000000);
    bench_work what = bench_work_named(words[1]);
    unsigned e = 0;
    char path[512];

    while (e < ENGINES && strcmp(engines[e]->name, words[0]) != 0)
        e++;
    if (e == ENGINES || engines[e]->is_server) bench_fail("no engine '%s' here", words[0]);
    folder_of(&b, e, path);
    bool is_new = access(path, F_OK) != 0;
    open_engine(&b, e, is_new);
    if (is_new) engines[e]->load(b.selves[e], 0, b.rows);
    if (is_new && engines[e]->settle) engines[e]->settle(b.selves[e]);
    b.sessions[e] = engines[e]->session(b.selves[e]);
    if (what < BENCH_WORKS) {
        /* The same keys once before: caches are warm. */
        (void)bench_do(engines[e], b.sessions[e], what, b.rows, 0x5eed, n);
        CALLGRIND_START_INSTRUMENTATION;
        (void)bench_do(engines[e], b.sessions[e], what, b.rows, 0x5eed, n);
        CALLGRIND_STOP_INSTRUMENTATION;
    } else if (strcmp(words[1], "insert") == 0 || strcmp(words[1], "update") == 0) {
        count_writes(&b, e, words[1][0] == 'u', n);
    } else {
        bench_fail("no work '%s'", words[1]);
    }
    printf("%llu\n", (unsigned long long)(what == BENCH_GET_BATCH ? n * BATCH_GETS : n));
    engines[e]->end(b.sessions[e]);
    engines[e]->close(b.selves[e]);
}

static int usage(void)
{
    fputs("usage: bench_storage FOLDER [--rows N] [--rounds N] [--divide N]\n"
          "                            [--postgres SOCKETS] [--only NAMES]\n"
          "       bench_storage --count ENGINE WORK N ROWS FOLDER\n",
          stderr);
    return 2;
}

int main(int argc, char **argv)
{
    bench b = {.rows = 1000000, .rounds = 3, .divide = 1};

    if (argc == 7 && strcmp(argv[1], "--count") == 0) {
        count_work(argv + 2);
        return 0;
    }
    if (argc < 2 || argc % 2 != 0 || argv[1][0] == '-') return usage();
    for (int i = 2; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--rows") == 0) {
            b.rows = number(argv[i + 1], 1000, 100000000);
        } else if (strcmp(argv[i], "--rounds") == 0) {
            b.rounds = number(argv[i + 1], 1, ROUNDS_MAX);
        } else if (strcmp(argv[i], "--divide") == 0) {
            b.divide = number(argv[i + 1], 1, 1000);
        } else if (strcmp(argv[i], "--postgres") == 0) {
            b.sockets = argv[i + 1];
        } else if (strcmp(argv[i], "--only") == 0) {
            b.only = argv[i + 1];
        } else {
            return usage();
        }
    }
    b.folder = argv[1];
    compare_engines(&b);
    return 0;
}
