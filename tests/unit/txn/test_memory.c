/*
 * test_memory.c - what writing takes is counted and has a bound: write sets, MemTables, those that
 * only readers keep, and what a flush collects.
 */
#include "unit/txn/rows.h"

#include <stdatomic.h>

static const char SDL[] = "type Item @compositeIndex(fields: [\"n\", \"text\"]) {\n"
                          "  id: ID! n: Int @index text: String @index }\n";

enum { M = 1 << 20, MANY = 12000 };

/* Looks at the statistics whenever pages are written or a segment is made: no lock is held then. */
static const sgc_os *below;
static sgc_file *pages;
static _Atomic(sgc_db *) watched;
static _Atomic uint64_t most_flush, most_memtables, segments;

static void raise_to(_Atomic uint64_t *most, uint64_t value)
{
    if (value > atomic_load(most)) atomic_store(most, value);
}

static void look(void)
{
    sgc_db *db = atomic_load(&watched);
    sgc_db_stats stats;

    if (!db) return;
    sgc_db_get_stats(db, &stats);
    raise_to(&most_flush, stats.flush_bytes);
    raise_to(&most_memtables, stats.memtable_bytes);
}

static sgc_status watching_write(void *self, sgc_file *file, uint64_t at, const void *data,
                                 size_t size)
{
    if (file == pages) look();
    return below->write(self, file, at, data, size);
}

static sgc_status watching_open(void *self, const char *path, unsigned flags, sgc_file **file)
{
    bool segment = flags & SGC_OPEN_CREATE && strstr(path, ".seg");
    sgc_status status = below->open(self, path, flags, file);

    if (strcmp(path, "data/pages") == 0) pages = *file;
    if (segment) {
        atomic_fetch_add(&segments, 1);
        look();
    }
    return status;
}

static sgc_db_stats stats_of(const struct bed *bed)
{
    sgc_db_stats stats;

    sgc_db_get_stats(bed->db, &stats);
    return stats;
}

static sgc_txn *change_all(struct bed *bed, int from, int count, int round)
{
    sgc_txn *txn = bed_begin(bed);
    char json[256];

    for (int i = from; i < from + count; i++) {
        snprintf(json, sizeof json, "{\"id\":\"%06d\",\"n\":%d,\"text\":\"%080d\"}", i,
                 (i * 7919 + round) % MANY, i ^ round);
        OK(round ? set(txn, "Item", json) : put(txn, "Item", json));
    }
    return txn;
}

static void write_sets_are_counted(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);

    CU_ASSERT_EQUAL(stats_of(&bed).write_set_bytes, 0);
    sgc_txn *one = change_all(&bed, 0, 1000, 0);
    uint64_t first = stats_of(&bed).write_set_bytes;
    sgc_txn *two = change_all(&bed, 1000, 3000, 0);
    uint64_t both = stats_of(&bed).write_set_bytes;
    CU_ASSERT_TRUE(first > 1000 * 100 && both > first + 3000 * 100);
    OK(commit_now(one));
    CU_ASSERT_TRUE(stats_of(&bed).write_set_bytes > 3000 * 100);
    CU_ASSERT_TRUE(stats_of(&bed).write_set_bytes <= both - first + 4096);
    CU_ASSERT_TRUE(stats_of(&bed).log_buffer_bytes > 1000 * 100);
    sgc_abort(&two);
    CU_ASSERT_EQUAL(stats_of(&bed).write_set_bytes, 0);
    bed_close(&bed);
}

static void readers_keep_memtables_that_count(void)
{
    struct bed bed;
    sgc_txn *reader;
    bed_open(&bed, SDL, 0);

    OK(commit_now(change_all(&bed, 0, 2000, 0)));
    uint64_t full = stats_of(&bed).memtable_bytes;
    OK(sgc_begin_read(bed.db, sgc_now(), &reader));
    CU_ASSERT_TRUE(show(reader, "Item", "000001").size > 0);
    OK(sgc_db_flush(bed.db));
    CU_ASSERT_TRUE(stats_of(&bed).memtable_bytes >= full);
    sgc_abort(&reader);
    CU_ASSERT_TRUE(stats_of(&bed).memtable_bytes < full / 10);
    bed_close(&bed);
}

static void a_flush_stays_within_its_bound(void)
{
    struct bed bed;
    bed_open(&bed, SDL, M);
    below = bed.options.os;
    sgc_os os = *below;
    os.write = watching_write;
    os.open = watching_open;

    OK(sgc_db_close(bed.db));
    bed.options.os = &os;
    OK(bed_open_again(&bed));
    atomic_store(&watched, bed.db);
    for (int round = 0; round < 3; round++) {
        OK(commit_now(change_all(&bed, 0, MANY, round)));
        CU_ASSERT_TRUE(stats_of(&bed).write_set_bytes == 0);
        /* Each is larger than five MemTables: the next had to wait for its flush. */
        CU_ASSERT_TRUE(stats_of(&bed).flushes >= (uint64_t)round);
    }
    OK(sgc_db_flush(bed.db));
    atomic_store(&watched, NULL);
    CU_ASSERT_EQUAL(stats_of(&bed).flush_bytes, 0);
    CU_ASSERT_TRUE(atomic_load(&most_flush) > M && atomic_load(&most_flush) <= 5 * M);
    CU_ASSERT_TRUE(atomic_load(&most_memtables) > 5 * M);
    CU_ASSERT_TRUE(atomic_load(&segments) > 6); /* of three flushes: parts of them */
    bed_verify(&bed);
    bed_close(&bed);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"write sets are counted", write_sets_are_counted},
        {"readers keep MemTables that count", readers_keep_memtables_that_count},
        {"a flush stays within its bound", a_flush_stays_within_its_bound},
        CU_TEST_INFO_NULL,
    };
    return unit_run("txn.memory", tests);
}
