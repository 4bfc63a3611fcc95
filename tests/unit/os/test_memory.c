/* test_memory.c - the table in memory behaves like files, and fails exactly when and how it is
 * told. */
#include "os/os.h"
#include "unit/unit.h"

static const unsigned ALL = SGC_OPEN_READ | SGC_OPEN_WRITE | SGC_OPEN_CREATE;

typedef struct disk {
    sgc_memory_os *memory;
    const sgc_os *os;
} disk;

static disk make_disk(void)
{
    disk d;

    CU_ASSERT_EQUAL_FATAL(sgc_memory_os_create(&d.memory), SGC_OK);
    d.os = sgc_memory_os_table(d.memory);
    return d;
}

static sgc_file *open_file(const disk *d, const char *path, unsigned flags)
{
    sgc_file *file = NULL;

    CU_ASSERT_EQUAL_FATAL(d->os->open(d->os->self, path, flags, &file), SGC_OK);
    return file;
}

static sgc_status put(const disk *d, sgc_file *file, uint64_t offset, char fill, size_t size)
{
    static _Alignas(4096) char data[1 << 16];

    memset(data, fill, sizeof data);
    return d->os->write(d->os->self, file, offset, data, size);
}

/* How many of the file's bytes have this value. */
static size_t count_of(const disk *d, const char *path, char value)
{
    static char data[1 << 16];
    size_t got = 0, count = 0;
    sgc_file *file;

    if (d->os->open(d->os->self, path, SGC_OPEN_READ, &file) != SGC_OK) return 0;
    CU_ASSERT_EQUAL(d->os->read(d->os->self, file, 0, data, sizeof data, &got), SGC_OK);
    for (size_t i = 0; i < got; i++)
        count += data[i] == value;
    d->os->close(d->os->self, file);
    return count;
}

static bool is_there(const disk *d, const char *path)
{
    sgc_file *file;

    if (d->os->open(d->os->self, path, SGC_OPEN_READ, &file) != SGC_OK) return false;
    d->os->close(d->os->self, file);
    return true;
}

static void files_and_names(void)
{
    disk d = make_disk();
    sgc_file *file;
    uint64_t size;
    size_t got;
    char data[16];

    CU_ASSERT_EQUAL(d.os->open(d.os->self, "no/a", ALL, &file), SGC_NOT_FOUND);
    CU_ASSERT_EQUAL(d.os->open(d.os->self, "a", SGC_OPEN_READ, &file), SGC_NOT_FOUND);
    CU_ASSERT_PTR_NOT_NULL(strstr(sgc_os_file_error(), "a: "));
    CU_ASSERT_EQUAL(d.os->make_directory(d.os->self, "no/"), SGC_OK);
    CU_ASSERT_EQUAL(d.os->make_directory(d.os->self, "/no"), SGC_EXISTS);
    file = open_file(&d, "./no//a", ALL);
    CU_ASSERT_EQUAL(put(&d, file, 10000, 'x', 5), SGC_OK);
    CU_ASSERT_EQUAL(d.os->size(d.os->self, file, &size), SGC_OK);
    CU_ASSERT_EQUAL(size, 10005);
    CU_ASSERT_EQUAL(d.os->read(d.os->self, file, 9999, data, 16, &got), SGC_OK);
    CU_ASSERT_TRUE(got == 6 && memcmp(data, "\0xxxxx", 6) == 0);
    CU_ASSERT_EQUAL(d.os->truncate(d.os->self, file, 10001), SGC_OK);
    CU_ASSERT_EQUAL(d.os->truncate(d.os->self, file, 10005), SGC_OK);
    CU_ASSERT_EQUAL(count_of(&d, "no/a", 'x'), 1);
    CU_ASSERT_NOT_EQUAL(d.os->write(d.os->self, file, UINT64_MAX - 2, "abcd", 4), SGC_OK);
    d.os->close(d.os->self, file);
    CU_ASSERT_EQUAL(d.os->open(d.os->self, "no/a", ALL | SGC_OPEN_EXCLUSIVE, &file), SGC_EXISTS);
    CU_ASSERT_EQUAL(d.os->remove(d.os->self, "no"), SGC_IO);
    CU_ASSERT_EQUAL(d.os->rename(d.os->self, "no/a", "b"), SGC_OK);
    CU_ASSERT_FALSE(is_there(&d, "no/a"));
    CU_ASSERT_TRUE(is_there(&d, "b"));
    CU_ASSERT_EQUAL(d.os->remove(d.os->self, "no"), SGC_OK);
    CU_ASSERT_EQUAL(d.os->remove(d.os->self, "no"), SGC_NOT_FOUND);
    sgc_memory_os_destroy(d.memory);
}

static void a_lock_is_exclusive(void)
{
    disk d = make_disk();
    sgc_file *one = open_file(&d, "lock", ALL);
    sgc_file *two = open_file(&d, "lock", ALL);

    CU_ASSERT_EQUAL(d.os->lock(d.os->self, one, false), SGC_OK);
    CU_ASSERT_EQUAL(d.os->lock(d.os->self, two, false), SGC_BUSY);
    d.os->close(d.os->self, one);
    CU_ASSERT_EQUAL(d.os->lock(d.os->self, two, false), SGC_OK);
    sgc_memory_os_power_cycle(d.memory, 1);
    CU_ASSERT_EQUAL(d.os->lock(d.os->self, two, false), SGC_IO); /* opened before the cut */
    d.os->close(d.os->self, two);
    sgc_memory_os_destroy(d.memory);
}

static void some_share_a_lock(void)
{
    disk d = make_disk();
    sgc_file *one = open_file(&d, "lock", ALL);
    sgc_file *two = open_file(&d, "lock", SGC_OPEN_READ);
    sgc_file *three = open_file(&d, "lock", ALL);

    CU_ASSERT_EQUAL(d.os->lock(d.os->self, one, true), SGC_OK);
    CU_ASSERT_EQUAL(d.os->lock(d.os->self, two, true), SGC_OK);
    CU_ASSERT_EQUAL(d.os->lock(d.os->self, two, true), SGC_OK);
    CU_ASSERT_EQUAL(d.os->lock(d.os->self, three, false), SGC_BUSY);
    CU_ASSERT_EQUAL(d.os->lock(d.os->self, one, false), SGC_BUSY);
    d.os->close(d.os->self, two);
    CU_ASSERT_EQUAL(d.os->lock(d.os->self, three, false), SGC_BUSY);
    CU_ASSERT_EQUAL(d.os->lock(d.os->self, one, false), SGC_OK);
    CU_ASSERT_EQUAL(d.os->lock(d.os->self, three, true), SGC_BUSY);
    sgc_memory_os_power_cycle(d.memory, 1);
    d.os->close(d.os->self, one);
    d.os->close(d.os->self, three);
    one = open_file(&d, "lock", ALL);
    CU_ASSERT_EQUAL(d.os->lock(d.os->self, one, false), SGC_OK);
    d.os->close(d.os->self, one);
    sgc_memory_os_destroy(d.memory);
}

static void nothing_may_be_written(void)
{
    disk d = make_disk();
    sgc_faults faults = {.read_only = true};
    sgc_file *open = open_file(&d, "f", ALL), *file;

    CU_ASSERT_EQUAL(put(&d, open, 0, 'a', 100), SGC_OK);
    CU_ASSERT_EQUAL(d.os->make_directory(d.os->self, "folder"), SGC_OK);
    sgc_memory_os_set_faults(d.memory, &faults);
    CU_ASSERT_EQUAL(d.os->open(d.os->self, "f", ALL, &file), SGC_READ_ONLY);
    CU_ASSERT_EQUAL(d.os->open(d.os->self, "g", ALL, &file), SGC_READ_ONLY);
    CU_ASSERT_EQUAL(d.os->open(d.os->self, "g", SGC_OPEN_READ, &file), SGC_NOT_FOUND);
    CU_ASSERT_EQUAL(put(&d, open, 0, 'b', 100), SGC_READ_ONLY);
    CU_ASSERT_EQUAL(d.os->truncate(d.os->self, open, 0), SGC_READ_ONLY);
    CU_ASSERT_EQUAL(d.os->rename(d.os->self, "f", "g"), SGC_READ_ONLY);
    CU_ASSERT_EQUAL(d.os->remove(d.os->self, "f"), SGC_READ_ONLY);
    CU_ASSERT_EQUAL(d.os->make_directory(d.os->self, "other"), SGC_READ_ONLY);
    CU_ASSERT_EQUAL(d.os->make_directory(d.os->self, "folder"), SGC_EXISTS);
    d.os->close(d.os->self, open);
    CU_ASSERT_EQUAL(count_of(&d, "f", 'a'), 100);
    sgc_memory_os_destroy(d.memory);
}

/* Of 16 unsynced sectors some are kept and some are lost; synced ones and whole sectors stay. */
static void unsynced_sectors_are_torn(void)
{
    size_t kept_least = 99999, kept_most = 0;

    for (uint64_t seed = 1; seed <= 50; seed++) {
        disk d = make_disk();
        sgc_file *file = open_file(&d, "f", ALL);
        CU_ASSERT_EQUAL(put(&d, file, 0, 'a', 8192), SGC_OK);
        CU_ASSERT_EQUAL(d.os->sync(d.os->self, file), SGC_OK);
        CU_ASSERT_EQUAL(d.os->sync_directory(d.os->self, "."), SGC_OK);
        CU_ASSERT_EQUAL(put(&d, file, 0, 'b', 8192), SGC_OK);
        d.os->close(d.os->self, file);
        CU_ASSERT_EQUAL(count_of(&d, "f", 'b'), 8192);
        sgc_memory_os_power_cycle(d.memory, seed);
        size_t b = count_of(&d, "f", 'b');
        CU_ASSERT_EQUAL(b % 512, 0);
        CU_ASSERT_EQUAL(b + count_of(&d, "f", 'a'), 8192);
        if (b < kept_least) kept_least = b;
        if (b > kept_most) kept_most = b;
        sgc_memory_os_power_cycle(d.memory, seed + 1); /* what is on the disk stays there */
        CU_ASSERT_EQUAL(count_of(&d, "f", 'b'), b);
        sgc_memory_os_destroy(d.memory);
    }
    CU_ASSERT_TRUE(kept_least < 3000 && kept_most > 5000);
}

static void a_synced_file_needs_its_name(void)
{
    unsigned kept = 0;

    for (uint64_t seed = 1; seed <= 40; seed++) {
        disk d = make_disk();
        sgc_file *file = open_file(&d, "f", ALL);
        CU_ASSERT_EQUAL(put(&d, file, 0, 'a', 100), SGC_OK);
        CU_ASSERT_EQUAL(d.os->sync(d.os->self, file), SGC_OK);
        d.os->close(d.os->self, file);
        sgc_memory_os_power_cycle(d.memory, seed);
        bool there = is_there(&d, "f");
        kept += there;
        CU_ASSERT_EQUAL(count_of(&d, "f", 'a'), there ? 100 : 0);
        sgc_memory_os_destroy(d.memory);
    }
    CU_ASSERT_TRUE(kept > 5 && kept < 35);
}

/* Names change in order: b never exists without a having been made, and never both. */
static void directory_steps_are_whole_and_in_order(void)
{
    unsigned outcomes = 0;

    for (uint64_t seed = 1; seed <= 60; seed++) {
        disk d = make_disk();
        d.os->close(d.os->self, open_file(&d, "a", ALL));
        CU_ASSERT_EQUAL(d.os->rename(d.os->self, "a", "b"), SGC_OK);
        d.os->close(d.os->self, open_file(&d, "c", ALL));
        sgc_memory_os_power_cycle(d.memory, seed);
        bool a = is_there(&d, "a"), b = is_there(&d, "b"), c = is_there(&d, "c");
        CU_ASSERT_FALSE((a && b) || (c && !b));
        outcomes |= 1U << (a + 2 * b + 4 * c);
        CU_ASSERT_EQUAL(d.os->make_directory(d.os->self, "dir"), SGC_OK);
        CU_ASSERT_EQUAL(d.os->sync_directory(d.os->self, "."), SGC_OK);
        d.os->close(d.os->self, open_file(&d, "dir/x", ALL));
        CU_ASSERT_EQUAL(d.os->rename(d.os->self, "dir/x", "x"), SGC_OK);
        CU_ASSERT_EQUAL(d.os->sync_directory(d.os->self, "dir"), SGC_OK);
        sgc_memory_os_power_cycle(d.memory, seed);
        CU_ASSERT_TRUE(is_there(&d, "x") && !is_there(&d, "dir/x"));
        sgc_memory_os_destroy(d.memory);
    }
    CU_ASSERT_EQUAL(outcomes, 1U << 0 | 1U << 1 | 1U << 2 | 1U << 6);
}

/* After a failed sync the data reads well, later syncs succeed, and yet it may be lost. */
static void a_failed_sync_forgets(void)
{
    unsigned lost = 0;

    for (uint64_t seed = 1; seed <= 30; seed++) {
        disk d = make_disk();
        sgc_file *file = open_file(&d, "f", ALL);
        CU_ASSERT_EQUAL(put(&d, file, 0, 'a', 4096), SGC_OK);
        CU_ASSERT_EQUAL(d.os->sync(d.os->self, file), SGC_OK);
        CU_ASSERT_EQUAL(d.os->sync_directory(d.os->self, "."), SGC_OK);
        sgc_memory_os_set_faults(d.memory, &(sgc_faults){.seed = seed, .fail_sync_at = 1});
        CU_ASSERT_EQUAL(put(&d, file, 0, 'b', 4096), SGC_OK);
        CU_ASSERT_EQUAL(d.os->sync(d.os->self, file), SGC_IO);
        CU_ASSERT_EQUAL(put(&d, file, 512, 'c', 512), SGC_OK);
        CU_ASSERT_EQUAL(d.os->sync(d.os->self, file), SGC_OK);
        CU_ASSERT_EQUAL(count_of(&d, "f", 'b'), 4096 - 512);
        d.os->close(d.os->self, file);
        sgc_memory_os_power_cycle(d.memory, seed);
        CU_ASSERT_EQUAL(count_of(&d, "f", 'c'), 512);
        lost += count_of(&d, "f", 'a') > 0;
        sgc_memory_os_destroy(d.memory);
    }
    CU_ASSERT_TRUE(lost > 20);
}

static void failures_come_when_told(void)
{
    disk d = make_disk();
    sgc_file *file = open_file(&d, "f", ALL);
    uint64_t writes, syncs, steps;

    sgc_memory_os_set_faults(d.memory, &(sgc_faults){.seed = 4, .fail_write_at = 2});
    CU_ASSERT_EQUAL(put(&d, file, 0, 'a', 100), SGC_OK);
    CU_ASSERT_EQUAL(put(&d, file, 0, 'b', 100), SGC_IO);
    CU_ASSERT_EQUAL(count_of(&d, "f", 'b'), 0);
    CU_ASSERT_EQUAL(put(&d, file, 0, 'b', 100), SGC_OK);
    sgc_memory_os_set_faults(
        d.memory,
        &(sgc_faults){.seed = 4, .fail_write_at = 1, .sticky = true, .short_writes = true});
    CU_ASSERT_EQUAL(put(&d, file, 0, 'c', 100), SGC_IO);
    CU_ASSERT_EQUAL(put(&d, file, 0, 'c', 100), SGC_IO);
    CU_ASSERT_TRUE(count_of(&d, "f", 'c') > 0);
    sgc_memory_os_set_faults(d.memory, &(sgc_faults){.no_space_at = 2});
    CU_ASSERT_EQUAL(put(&d, file, 0, 'd', 100), SGC_OK);
    CU_ASSERT_EQUAL(put(&d, file, 0, 'e', 100), SGC_NO_SPACE);
    CU_ASSERT_EQUAL(put(&d, file, 0, 'e', 100), SGC_NO_SPACE);
    sgc_memory_os_counts(d.memory, &writes, &syncs, &steps);
    CU_ASSERT_TRUE(writes == 8 && syncs == 0 && steps == 8);
    sgc_memory_os_set_faults(d.memory, &(sgc_faults){.power_cut_at = 2});
    CU_ASSERT_EQUAL(d.os->sync(d.os->self, file), SGC_OK);
    CU_ASSERT_EQUAL(d.os->rename(d.os->self, "f", "g"), SGC_IO);
    CU_ASSERT_EQUAL(put(&d, file, 0, 'f', 100), SGC_IO);
    CU_ASSERT_EQUAL(d.os->sync_directory(d.os->self, "."), SGC_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(sgc_os_file_error(), "power"));
    CU_ASSERT_FALSE(is_there(&d, "f"));
    d.os->close(d.os->self, file);
    sgc_memory_os_power_cycle(d.memory, 1);
    CU_ASSERT_EQUAL(d.os->sync_directory(d.os->self, "."), SGC_OK);
    sgc_memory_os_destroy(d.memory);
}

static void direct_writes_are_durable_at_once(void)
{
    disk d = make_disk();
    sgc_file *file = open_file(&d, "f", ALL | SGC_OPEN_DIRECT);
    sgc_file *cached = open_file(&d, "f", ALL);

    CU_ASSERT_EQUAL(d.os->sync_directory(d.os->self, "."), SGC_OK);
    CU_ASSERT_EQUAL(put(&d, file, 4096, 'a', 8192), SGC_OK);
    CU_ASSERT_EQUAL(put(&d, file, 100, 'b', 4096), SGC_UNSUPPORTED);
    CU_ASSERT_EQUAL(put(&d, file, 0, 'b', 100), SGC_UNSUPPORTED);
    CU_ASSERT_EQUAL(put(&d, cached, 4096, 'c', 512), SGC_OK);
    CU_ASSERT_EQUAL(put(&d, cached, 8192, 'c', 512), SGC_OK);
    CU_ASSERT_EQUAL(put(&d, file, 4096, 'd', 4096), SGC_OK);
    d.os->close(d.os->self, file);
    d.os->close(d.os->self, cached);
    sgc_memory_os_power_cycle(d.memory, 3);
    CU_ASSERT_EQUAL(count_of(&d, "f", 'd'), 4096);
    CU_ASSERT_EQUAL(count_of(&d, "f", 'a') + count_of(&d, "f", 'c'), 4096);
    sgc_memory_os_destroy(d.memory);
}

static void time_bits_and_seeds(void)
{
    disk d = make_disk();
    sgc_file *file = open_file(&d, "f", ALL);
    uint8_t one[16], two[16];

    sgc_memory_os_set_time(d.memory, 12345);
    CU_ASSERT_EQUAL(d.os->time_us(d.os->self), 12345);
    sgc_memory_os_set_time(d.memory, 0);
    CU_ASSERT_TRUE(d.os->time_us(d.os->self) > UINT64_C(1600000000000000));
    CU_ASSERT_EQUAL(d.os->random(d.os->self, one, 16), SGC_OK);
    CU_ASSERT_EQUAL(d.os->random(d.os->self, two, 16), SGC_OK);
    CU_ASSERT_NOT_EQUAL(memcmp(one, two, 16), 0);
    sgc_memory_os_set_faults(d.memory, &(sgc_faults){.seed = 77});
    CU_ASSERT_EQUAL(d.os->random(d.os->self, one, 16), SGC_OK);
    sgc_memory_os_set_faults(d.memory, &(sgc_faults){.seed = 77});
    CU_ASSERT_EQUAL(d.os->random(d.os->self, two, 16), SGC_OK);
    CU_ASSERT_EQUAL(memcmp(one, two, 16), 0);
    CU_ASSERT_EQUAL(put(&d, file, 0, 'a', 10), SGC_OK);
    CU_ASSERT_EQUAL(sgc_memory_os_flip(d.memory, "f", 8 * 9 + 1), SGC_OK);
    CU_ASSERT_EQUAL(count_of(&d, "f", 'c'), 1);
    CU_ASSERT_EQUAL(sgc_memory_os_flip(d.memory, "f", 80), SGC_NOT_FOUND);
    CU_ASSERT_EQUAL(sgc_memory_os_flip(d.memory, "g", 0), SGC_NOT_FOUND);
    d.os->close(d.os->self, file);
    sgc_memory_os_destroy(d.memory);
}

/* Random writes, truncations and syncs against a plain array. */
static void contents_match_a_model(void)
{
    enum { MOST = 40000 };
    static char model[MOST], seen[MOST], data[MOST];
    disk d = make_disk();
    sgc_file *file = open_file(&d, "f", ALL);
    uint64_t dice = 1, size = 0;
    size_t got;

    memset(model, 0, sizeof model);
    for (int i = 0; i < 5000; i++) {
        dice = sgc_hash(&dice, sizeof dice, 1);
        uint64_t at = dice % MOST, n = dice / MOST % 6000 % (MOST - at + 1);
        if (dice >> 60 == 0) {
            CU_ASSERT_EQUAL(d.os->truncate(d.os->self, file, at), SGC_OK);
            memset(model + at, 0, MOST - at);
            size = at;
        } else if (dice >> 60 == 1) {
            CU_ASSERT_EQUAL(d.os->sync(d.os->self, file), SGC_OK);
        } else {
            memset(data, (int)(dice >> 20 & 3), n);
            CU_ASSERT_EQUAL(d.os->write(d.os->self, file, at, data, n), SGC_OK);
            memcpy(model + at, data, n);
            if (n && at + n > size) size = at + n;
        }
        CU_ASSERT_EQUAL(d.os->read(d.os->self, file, 0, seen, MOST, &got), SGC_OK);
        if (got != size || memcmp(seen, model, got) != 0) CU_FAIL_FATAL("contents differ");
    }
    CU_ASSERT_EQUAL(d.os->sync(d.os->self, file), SGC_OK);
    CU_ASSERT_EQUAL(d.os->sync_directory(d.os->self, "."), SGC_OK);
    d.os->close(d.os->self, file);
    sgc_memory_os_power_cycle(d.memory, 5);
    file = open_file(&d, "f", SGC_OPEN_READ);
    CU_ASSERT_EQUAL(d.os->read(d.os->self, file, 0, seen, MOST, &got), SGC_OK);
    CU_ASSERT_TRUE(got == size && memcmp(seen, model, got) == 0);
    d.os->close(d.os->self, file);
    sgc_memory_os_destroy(d.memory);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"files and names", files_and_names},
        {"a lock is exclusive", a_lock_is_exclusive},
        {"some share a lock", some_share_a_lock},
        {"nothing may be written", nothing_may_be_written},
        {"unsynced sectors are torn", unsynced_sectors_are_torn},
        {"a synced file needs its name", a_synced_file_needs_its_name},
        {"directory steps are whole and in order", directory_steps_are_whole_and_in_order},
        {"a failed sync forgets", a_failed_sync_forgets},
        {"failures come when told", failures_come_when_told},
        {"direct writes are durable at once", direct_writes_are_durable_at_once},
        {"time, bits and seeds", time_bits_and_seeds},
        {"contents match a model", contents_match_a_model},
        CU_TEST_INFO_NULL,
    };
    return unit_run("os.memory", tests);
}
