/*
 * test_ids.c - keys that are made here: rising within and across transactions, through steps of the
 * clock and openings, and never the same twice, whoever makes them.
 */
#include "unit/txn/rows.h"

static const char SDL[] = "type Note { id: ID! text: String }\n";

enum { KEYS = 10000, THREADS = 8, SECOND = 1000000 };

typedef sgc_status maker(sgc_txn *txn, char *out);

static sgc_status uuid(sgc_txn *txn, char *out)
{
    return sgc_txn_uuidv7(txn, out);
}

static sgc_status ulid(sgc_txn *txn, char *out)
{
    return sgc_txn_ulid(txn, out);
}

/* Makes `count` keys behind *last, which becomes the last one. */
static void rise(sgc_txn *txn, maker *make, size_t size, unsigned count, char last[37])
{
    char next[37] = {0};
    unsigned wrong = 0;

    for (unsigned i = 0; i < count; i++) {
        OK(make(txn, next));
        bool good = strlen(next) == size && strcmp(last, next) < 0;
        if (!good && wrong++ == 0) printf("\n    <%s> then <%s>\n", last, next);
        memcpy(last, next, sizeof next);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void one_transaction(void)
{
    struct bed bed;
    char last[37] = {0};

    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);
    rise(txn, uuid, 36, KEYS, last);
    memset(last, 0, sizeof last);
    rise(txn, ulid, 26, KEYS, last);
    /* More than one millisecond's counter holds: they go on in the next ones. */
    rise(txn, ulid, 26, 70000, last);
    sgc_abort(&txn);
    bed_close(&bed);
}

/* Clock and counter of a version 7 id: what comes before its random rest. */
static uint64_t tick_of(const char *id)
{
    char digits[19] = {0};

    memcpy(digits, id, 8);
    memcpy(digits + 8, id + 9, 4);
    memcpy(digits + 12, id + 15, 3);
    uint64_t high = strtoull(digits, NULL, 16);
    memcpy(digits, id + 19, 2);
    digits[2] = '\0';
    return high << 4 | (strtoull(digits, NULL, 16) >> 2 & 15);
}

static uint64_t clock_of(const char *id)
{
    return tick_of(id) >> 16;
}

static void rise_in_new(struct bed *bed, char last[37])
{
    sgc_txn *txn = bed_begin(bed);

    rise(txn, uuid, 36, 100, last);
    OK(commit_now(txn));
}

static void the_clock_steps(void)
{
    static const uint64_t steps[] = {2000, 2000, 1999, 1000, 1, 2001, 1500, 3000};
    struct bed bed;
    char last[37] = {0};
    uint64_t most = 0;

    bed_open(&bed, SDL, 0);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        sgc_memory_os_set_time(bed.memory, steps[i] * SECOND);
        rise_in_new(&bed, last);
        if (steps[i] > most) most = steps[i];
        CU_ASSERT_EQUAL(clock_of(last), most * 1000);
    }
    bed_close(&bed);
}

static void a_clock_set_back_between_openings(void)
{
    struct bed bed;
    char last[37] = {0};

    bed_open(&bed, SDL, 0);
    sgc_memory_os_set_time(bed.memory, (uint64_t)5000 * SECOND);
    sgc_txn *txn = bed_begin(&bed);
    rise(txn, uuid, 36, 100, last);
    OK(put(txn, "Note", "{\"id\":\"a\"}"));
    OK(commit_now(txn));
    sgc_memory_os_set_time(bed.memory, (uint64_t)4000 * SECOND);
    bed_reopen(&bed);
    rise_in_new(&bed, last);
    bed_close(&bed);
}

static bool no_random;

static sgc_status random_or_not(void *self, void *data, size_t size)
{
    (void)self;
    return no_random ? SGC_IO : sgc_os_posix()->random(NULL, data, size);
}

static void random_bytes_fail(void)
{
    struct bed bed;
    char id[36];

    bed_open(&bed, SDL, 0);
    sgc_os os = *bed.options.os;
    os.random = random_or_not;
    bed.options.os = &os;
    bed_reopen(&bed);
    sgc_txn *txn = bed_begin(&bed);
    no_random = true;
    IS(sgc_txn_uuidv7(txn, id), SGC_IO);
    IS(sgc_txn_ulid(txn, id), SGC_IO);
    CU_ASSERT_NOT_EQUAL(sgc_errmsg(txn)[0], '\0');
    no_random = false;
    OK(sgc_txn_uuidv7(txn, id));
    sgc_abort(&txn);
    bed_close(&bed);
}

/* ---- many threads ---- */

struct worker {
    sgc_db *db;
    sgc_thread thread;
    sgc_status status;
    bool rising;
    char (*ids)[37];
};

static void *make_many(void *argument)
{
    struct worker *worker = argument;
    sgc_txn *txn = NULL;

    worker->status = sgc_begin(worker->db, &txn);
    worker->rising = true;
    for (unsigned i = 0; i < KEYS && worker->status == SGC_OK; i++) {
        worker->status = sgc_txn_uuidv7(txn, worker->ids[i]);
        if (i && strcmp(worker->ids[i - 1], worker->ids[i]) >= 0) worker->rising = false;
        /* A new transaction now and then: its clock is not that of the others. */
        if (i % 100 == 99) {
            sgc_abort(&txn);
            if (worker->status == SGC_OK) worker->status = sgc_begin(worker->db, &txn);
        }
    }
    sgc_abort(&txn);
    return NULL;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void many_threads(void)
{
    static char ids[THREADS * KEYS][37];
    struct worker workers[THREADS];
    struct bed bed;
    unsigned twice = 0;

    bed_open(&bed, SDL, 0);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.db = bed.db, .ids = ids + i * KEYS};
        CU_ASSERT_EQUAL_FATAL(sgc_thread_start(&workers[i].thread, make_many, &workers[i]), SGC_OK);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        sgc_thread_join(workers[i].thread);
        OK(workers[i].status);
        CU_ASSERT_TRUE(workers[i].rising);
    }
    qsort(ids, THREADS * KEYS, sizeof ids[0], by_text);
    for (size_t i = 1; i < THREADS * KEYS; i++)
        twice += tick_of(ids[i - 1]) == tick_of(ids[i]);
    CU_ASSERT_EQUAL(twice, 0);
    bed_close(&bed);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"one transaction", one_transaction},
        {"the clock steps", the_clock_steps},
        {"a clock set back between openings", a_clock_set_back_between_openings},
        {"random bytes fail", random_bytes_fail},
        {"many threads", many_threads},
        CU_TEST_INFO_NULL,
    };
    return unit_run("txn.ids", tests);
}
