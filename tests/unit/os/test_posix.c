/* test_posix.c - the table of this machine: files, locks, directories, clocks, threads. */
#include "os/os.h"
#include "unit/unit.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[64]; /* of this test's files */

static char *in_directory(const char *name)
{
    static char path[4][128];
    static unsigned turn;
    char *to = path[turn++ % 4];

    snprintf(to, sizeof path[0], "%s/%s", directory, name);
    return to;
}

static sgc_file *open_file(const char *name, unsigned flags)
{
    const sgc_os *os = sgc_os_posix();
    sgc_file *file = NULL;

    CU_ASSERT_EQUAL_FATAL(os->open(os->self, in_directory(name), flags, &file), SGC_OK);
    return file;
}

static const unsigned ALL = SGC_OPEN_READ | SGC_OPEN_WRITE | SGC_OPEN_CREATE;

static void bytes_come_back(void)
{
    const sgc_os *os = sgc_os_posix();
    sgc_file *file = open_file("bytes", ALL);
    char data[100];
    uint64_t size;
    size_t got;

    CU_ASSERT_EQUAL(os->write(os->self, file, 5, "hello", 5), SGC_OK);
    CU_ASSERT_EQUAL(os->sync(os->self, file), SGC_OK);
    CU_ASSERT_EQUAL(os->size(os->self, file, &size), SGC_OK);
    CU_ASSERT_EQUAL(size, 10);
    CU_ASSERT_EQUAL(os->read(os->self, file, 0, data, sizeof data, &got), SGC_OK);
    CU_ASSERT_EQUAL(got, 10);
    CU_ASSERT_EQUAL(memcmp(data, "\0\0\0\0\0hello", 10), 0);
    CU_ASSERT_EQUAL(os->read(os->self, file, 100, data, 1, &got), SGC_OK);
    CU_ASSERT_EQUAL(got, 0);
    CU_ASSERT_EQUAL(os->truncate(os->self, file, 7), SGC_OK);
    CU_ASSERT_EQUAL(os->read(os->self, file, 5, data, 10, &got), SGC_OK);
    CU_ASSERT_EQUAL(got, 2);
    CU_ASSERT_EQUAL(os->write(os->self, file, UINT64_MAX, "x", 1), SGC_IO);
    CU_ASSERT_EQUAL(os->read(os->self, file, UINT64_MAX - 4, data, 8, &got), SGC_IO);
    CU_ASSERT_EQUAL(os->truncate(os->self, file, UINT64_MAX), SGC_IO);
    os->close(os->self, file);
    os->close(os->self, NULL);
}

static void opening_says_why_not(void)
{
    const sgc_os *os = sgc_os_posix();
    sgc_file *file;

    CU_ASSERT_EQUAL(os->open(os->self, in_directory("none"), SGC_OPEN_READ, &file), SGC_NOT_FOUND);
    CU_ASSERT_PTR_NULL(file);
    CU_ASSERT_PTR_NOT_NULL(strstr(sgc_os_file_error(), "none: "));
    file = open_file("there", ALL | SGC_OPEN_EXCLUSIVE);
    os->close(os->self, file);
    CU_ASSERT_EQUAL(os->open(os->self, in_directory("there"), ALL | SGC_OPEN_EXCLUSIVE, &file),
                    SGC_EXISTS);
    CU_ASSERT_EQUAL(os->open(os->self, in_directory("no/dir"), ALL, &file), SGC_NOT_FOUND);
    sgc_alloc_fail_at(1, false);
    CU_ASSERT_EQUAL(os->open(os->self, in_directory("there"), ALL, &file), SGC_NO_MEMORY);
    sgc_alloc_fail_at(0, false);
    file = open_file("there", SGC_OPEN_READ);
    CU_ASSERT_EQUAL(os->write(os->self, file, 0, "x", 1), SGC_IO);
    os->close(os->self, file);
}

static void direct_writes_or_a_clear_no(void)
{
    const sgc_os *os = sgc_os_posix();
    sgc_file *file;
    char *block = sgc_alloc_aligned(4096, 4096);
    char back[4096];
    size_t got;

    CU_ASSERT_PTR_NOT_NULL_FATAL(block);
    memset(block, 'd', 4096);
    sgc_status status = os->open(os->self, in_directory("direct"), ALL | SGC_OPEN_DIRECT, &file);
    CU_ASSERT_TRUE_FATAL(status == SGC_OK || status == SGC_UNSUPPORTED);
    if (status == SGC_OK) {
        status = os->write(os->self, file, 4096, block, 4096);
        CU_ASSERT_TRUE(status == SGC_OK || status == SGC_UNSUPPORTED);
        CU_ASSERT_EQUAL(os->write(os->self, file, 1, block + 1, 3), SGC_UNSUPPORTED);
        os->close(os->self, file);
    }
    if (status == SGC_OK) {
        file = open_file("direct", SGC_OPEN_READ);
        CU_ASSERT_EQUAL(os->read(os->self, file, 4096, back, 4096, &got), SGC_OK);
        CU_ASSERT_TRUE(got == 4096 && memcmp(back, block, 4096) == 0);
        os->close(os->self, file);
    }
    sgc_free(block);
}

static void mapped_memory_is_zeroed_and_aligned(void)
{
    static const size_t sizes[] = {1, 4096, 5000, (2 << 20) - 1, 2 << 20, (9 << 20) + 1};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *memory = sgc_memory_map(sizes[i]);
        CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
        CU_ASSERT_EQUAL((uintptr_t)memory % (2 << 20), 0);
        CU_ASSERT_EQUAL(memory[0] | memory[sizes[i] - 1], 0);
        memset(memory, 'm', sizes[i]);
        sgc_memory_unmap(memory, sizes[i]);
    }
    CU_ASSERT_PTR_NULL(sgc_memory_map(SIZE_MAX));
    CU_ASSERT_PTR_NULL(sgc_memory_map(SIZE_MAX / 2));
    sgc_alloc_fail_at(1, false);
    CU_ASSERT_PTR_NULL(sgc_memory_map(1));
    sgc_alloc_fail_at(0, false);
    sgc_memory_unmap(NULL, 1);
}

/* A child that tries to take the lock: 1 when it is refused, 0 when it gets it. */
static int lock_in_child(const char *name)
{
    const sgc_os *os = sgc_os_posix();
    int result = -1;
    pid_t child = fork();

    if (child == 0) {
        sgc_file *file;
        if (os->open(os->self, in_directory(name), ALL, &file) != SGC_OK) _exit(7);
        _exit(os->lock(os->self, file, false) == SGC_BUSY);
    }
    CU_ASSERT_TRUE(child > 0 && waitpid(child, &result, 0) == child);
    return WIFEXITED(result) ? WEXITSTATUS(result) : 9;
}

static void a_lock_is_exclusive(void)
{
    const sgc_os *os = sgc_os_posix();
    sgc_file *one = open_file("lock", ALL);
    sgc_file *two = open_file("lock", ALL);

    CU_ASSERT_EQUAL(os->lock(os->self, one, false), SGC_OK);
    CU_ASSERT_EQUAL(os->lock(os->self, one, false), SGC_OK);
    CU_ASSERT_EQUAL(os->lock(os->self, two, false), SGC_BUSY);
    CU_ASSERT_EQUAL(lock_in_child("lock"), 1);
    os->close(os->self, one);
    CU_ASSERT_EQUAL(lock_in_child("lock"), 0);
    CU_ASSERT_EQUAL(os->lock(os->self, two, false), SGC_OK);
    os->close(os->self, two);
    /* Those that only read share it. */
    one = open_file("lock", SGC_OPEN_READ);
    two = open_file("lock", SGC_OPEN_READ);
    CU_ASSERT_EQUAL(os->lock(os->self, one, true), SGC_OK);
    CU_ASSERT_EQUAL(os->lock(os->self, two, true), SGC_OK);
    CU_ASSERT_EQUAL(lock_in_child("lock"), 1);
    os->close(os->self, one);
    CU_ASSERT_EQUAL(lock_in_child("lock"), 1);
    os->close(os->self, two);
    CU_ASSERT_EQUAL(lock_in_child("lock"), 0);
}

static bool lies_in(const char *path, const char *folder)
{
    const sgc_os *os = sgc_os_posix();
    bool inside = false;

    CU_ASSERT_EQUAL(os->lies_in(os->self, in_directory(path), in_directory(folder), &inside),
                    SGC_OK);
    return inside;
}

/* What counts is where it is, not what it is called. */
static void folders_have_many_names(void)
{
    static const char *const made[] = {"house/file", "house/out", "house/deep",
                                       "house",      "houses",    "way"};
    const sgc_os *os = sgc_os_posix();
    bool inside;

    CU_ASSERT_EQUAL(os->make_directory(os->self, in_directory("house")), SGC_OK);
    CU_ASSERT_EQUAL(os->make_directory(os->self, in_directory("house/deep")), SGC_OK);
    CU_ASSERT_EQUAL(os->make_directory(os->self, in_directory("houses")), SGC_OK);
    CU_ASSERT_EQUAL(symlink("house", in_directory("way")), 0);
    CU_ASSERT_EQUAL(symlink("../houses", in_directory("house/out")), 0);
    CU_ASSERT_TRUE(lies_in("house", "house") && lies_in("house//", "way") &&
                   lies_in("way", "house"));
    CU_ASSERT_TRUE(lies_in("house/deep", "house") && lies_in("way/deep/x/y", "house"));
    CU_ASSERT_TRUE(lies_in("houses/../house/deep", "way/."));
    CU_ASSERT_FALSE(lies_in("houses", "house") || lies_in("house/out", "house"));
    CU_ASSERT_FALSE(lies_in("house/out/new", "house") || lies_in("new", "house"));
    CU_ASSERT_FALSE(lies_in("house", "house/deep"));
    CU_ASSERT_EQUAL(os->lies_in(os->self, "/", in_directory("house"), &inside), SGC_OK);
    CU_ASSERT_FALSE(inside);
    CU_ASSERT_EQUAL(os->lies_in(os->self, in_directory("x"), "/", &inside), SGC_OK);
    CU_ASSERT_TRUE(inside);
    CU_ASSERT_EQUAL(os->lies_in(os->self, "not-there", ".", &inside), SGC_OK);
    CU_ASSERT_TRUE(inside);
    CU_ASSERT_EQUAL(os->lies_in(os->self, ".", in_directory("x"), &inside), SGC_NOT_FOUND);
    os->close(os->self, open_file("house/file", ALL));
    CU_ASSERT_EQUAL(
        os->lies_in(os->self, in_directory("house/file"), in_directory("house"), &inside),
        SGC_NOT_FOUND); /* no folder */
    CU_ASSERT_EQUAL(
        os->lies_in(os->self, in_directory("house/file/x"), in_directory("house"), &inside),
        SGC_NOT_FOUND);
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        CU_ASSERT_EQUAL(os->remove(os->self, in_directory(made[i])), SGC_OK);
}

static void count_names(void *context, const char *name)
{
    unsigned *seen = context;

    if (strcmp(name, "a") == 0)
        *seen |= 1;
    else if (strcmp(name, "b") == 0)
        *seen |= 2;
    else
        *seen |= 4;
}

static void directories_change(void)
{
    const sgc_os *os = sgc_os_posix();
    unsigned seen = 0;

    CU_ASSERT_EQUAL(os->make_directory(os->self, in_directory("sub")), SGC_OK);
    CU_ASSERT_EQUAL(os->make_directory(os->self, in_directory("sub")), SGC_EXISTS);
    os->close(os->self, open_file("sub/a", ALL));
    os->close(os->self, open_file("sub/c", ALL));
    CU_ASSERT_EQUAL(os->rename(os->self, in_directory("sub/c"), in_directory("sub/b")), SGC_OK);
    CU_ASSERT_EQUAL(os->rename(os->self, in_directory("sub/c"), in_directory("sub/b")),
                    SGC_NOT_FOUND);
    CU_ASSERT_EQUAL(os->sync_directory(os->self, in_directory("sub")), SGC_OK);
    CU_ASSERT_EQUAL(os->list(os->self, in_directory("sub"), count_names, &seen), SGC_OK);
    CU_ASSERT_EQUAL(seen, 3);
    CU_ASSERT_EQUAL(os->remove(os->self, in_directory("sub")), SGC_IO);
    CU_ASSERT_EQUAL(os->remove(os->self, in_directory("sub/a")), SGC_OK);
    CU_ASSERT_EQUAL(os->remove(os->self, in_directory("sub/a")), SGC_NOT_FOUND);
    CU_ASSERT_EQUAL(os->remove(os->self, in_directory("sub/b")), SGC_OK);
    CU_ASSERT_EQUAL(os->remove(os->self, in_directory("sub")), SGC_OK);
    CU_ASSERT_EQUAL(os->list(os->self, in_directory("sub"), count_names, &seen), SGC_NOT_FOUND);
    CU_ASSERT_EQUAL(os->sync_directory(os->self, in_directory("sub")), SGC_NOT_FOUND);
}

static void clocks_and_random_bytes(void)
{
    const sgc_os *os = sgc_os_posix();
    uint64_t before = os->monotonic_us(os->self);
    uint8_t bytes[512];
    bool seen[256] = {false};
    int values = 0;

    memset(bytes, 0, sizeof bytes);
    CU_ASSERT_TRUE(os->time_us(os->self) > UINT64_C(1600000000000000));
    CU_ASSERT_EQUAL(os->random(os->self, bytes, sizeof bytes), SGC_OK);
    for (size_t i = 0; i < sizeof bytes; i++)
        seen[bytes[i]] = true;
    for (int i = 0; i < 256; i++)
        values += seen[i];
    CU_ASSERT_TRUE(values > 150);
    CU_ASSERT_TRUE(os->monotonic_us(os->self) >= before);
}

/* ---- threads ---- */

typedef struct shared {
    sgc_mutex mutex;
    sgc_cond cond;
    int count;
} shared;

static void *count_up(void *argument)
{
    shared *s = argument;

    for (int i = 0; i < 10000; i++) {
        sgc_mutex_lock(&s->mutex);
        if (++s->count == 40000) sgc_cond_signal(&s->cond);
        sgc_mutex_unlock(&s->mutex);
    }
    return NULL;
}

static void threads_meet(void)
{
    const sgc_os *os = sgc_os_posix();
    shared s = {.count = 0};
    sgc_thread threads[4];

    sgc_mutex_init(&s.mutex);
    sgc_cond_init(&s.cond);
    for (int i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(sgc_thread_start(&threads[i], count_up, &s), SGC_OK);
    sgc_mutex_lock(&s.mutex);
    while (s.count < 40000)
        sgc_cond_wait(&s.cond, &s.mutex);
    uint64_t before = os->monotonic_us(os->self);
    while (sgc_cond_wait_for(&s.cond, &s.mutex, 20000))
        continue;
    CU_ASSERT_TRUE(os->monotonic_us(os->self) - before >= 20000);
    sgc_mutex_unlock(&s.mutex);
    for (int i = 0; i < 4; i++)
        sgc_thread_join(threads[i]);
    CU_ASSERT_EQUAL(s.count, 40000);
    sgc_cond_destroy(&s.cond);
    sgc_mutex_destroy(&s.mutex);
    CU_ASSERT_TRUE(sgc_processor_count() >= 1);
    CU_ASSERT_TRUE(sgc_memory_size() > 1 << 20);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"bytes come back", bytes_come_back},
        {"opening says why not", opening_says_why_not},
        {"direct writes or a clear no", direct_writes_or_a_clear_no},
        {"a lock is exclusive", a_lock_is_exclusive},
        {"folders have many names", folders_have_many_names},
        {"directories change", directories_change},
        {"clocks and random bytes", clocks_and_random_bytes},
        {"threads meet", threads_meet},
        {"mapped memory is zeroed and aligned", mapped_memory_is_zeroed_and_aligned},
        CU_TEST_INFO_NULL,
    };
    const sgc_os *os = sgc_os_posix();
    static const char *const files[] = {"bytes", "there", "direct", "lock"};

    snprintf(directory, sizeof directory, "sgc_test_posix_%ld", (long)getpid());
    if (os->make_directory(os->self, directory) != SGC_OK) return 2;
    int result = unit_run("os.posix", tests);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        (void)!os->remove(os->self, in_directory(files[i]));
    }
    (void)!os->remove(os->self, directory);
    return result;
}
