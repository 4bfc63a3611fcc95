/* test_device.c - devices without direct access, foreign segments, readers that hold segments. */
#include "unit/log/log_case.h"

#include "log/format.h"

#include <unistd.h>

/* ---- a device that refuses direct access: when opening, or only when writing ---- */

static const sgc_os *below;
static bool refuse_open;
static sgc_file *direct_files[16];
static size_t direct_count;

static sgc_status picky_open(void *self, const char *path, unsigned flags, sgc_file **file)
{
    *file = NULL;
    if (flags & SGC_OPEN_DIRECT && refuse_open) return SGC_UNSUPPORTED;
    sgc_status status = below->open(self, path, flags, file);
    if (status == SGC_OK && flags & SGC_OPEN_DIRECT) direct_files[direct_count++ % 16] = *file;
    return status;
}

static sgc_status picky_write(void *self, sgc_file *file, uint64_t offset, const void *data,
                              size_t size)
{
    for (size_t i = 0; i < 16; i++) {
        if (direct_files[i] == file) return SGC_UNSUPPORTED;
    }
    return below->write(self, file, offset, data, size);
}

static void picky_close(void *self, sgc_file *file)
{
    for (size_t i = 0; i < 16; i++) {
        if (direct_files[i] == file) direct_files[i] = NULL;
    }
    below->close(self, file);
}

static void without_direct_access_it_is_buffered(void)
{
    for (int open_refuses = 0; open_refuses < 2; open_refuses++) {
        log_case c = {.options = {.segment_size = 16384}, .scale = 3000};
        sgc_log_stats stats;
        case_start(&c);
        sgc_os picky = *c.os;
        const sgc_os *plain = below = c.os;
        picky.open = picky_open;
        picky.write = picky_write;
        picky.close = picky_close;
        refuse_open = open_refuses;
        for (uint64_t round = 0; round < 3; round++) {
            c.os = &picky;
            CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
            CU_ASSERT_EQUAL(c.count, round * 20);
            for (uint64_t i = 1; i <= 10; i++) {
                CU_ASSERT_EQUAL(case_commit(&c, round * 20 + i), SGC_OK);
            }
            sgc_log_get_stats(c.log, &stats);
            CU_ASSERT_FALSE(stats.direct);
            sgc_memory_os_set_faults(c.memory, &(sgc_faults){.power_cut_at = 1});
            case_close(&c);
            sgc_memory_os_power_cycle(c.memory, round);
            c.os = plain; /* and back to a device that can */
            CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
            CU_ASSERT_EQUAL(c.last, round * 20 + 10);
            for (uint64_t i = 11; i <= 20; i++) {
                CU_ASSERT_EQUAL(case_commit(&c, round * 20 + i), SGC_OK);
            }
            sgc_log_get_stats(c.log, &stats);
            CU_ASSERT_TRUE(stats.direct);
            case_close(&c);
        }
        CU_ASSERT_FALSE(c.wrong);
        case_end(&c);
    }
}

/* ---- a segment of another log ---- */

static void copy_file(const sgc_os *from, const sgc_os *to, const char *path)
{
    static char data[1 << 16];
    sgc_file *file;
    size_t got;

    CU_ASSERT_EQUAL_FATAL(from->open(from->self, path, SGC_OPEN_READ, &file), SGC_OK);
    CU_ASSERT_EQUAL(from->read(from->self, file, 0, data, sizeof data, &got), SGC_OK);
    from->close(from->self, file);
    CU_ASSERT_EQUAL_FATAL(to->open(to->self, path, SGC_OPEN_READ | SGC_OPEN_WRITE, &file), SGC_OK);
    CU_ASSERT_EQUAL(to->write(to->self, file, 0, data, got), SGC_OK);
    to->close(to->self, file);
}

static void make_twelve(log_case *c)
{
    *c = (log_case){.options = {.segment_size = 16384}, .scale = 5000};
    case_start(c);
    CU_ASSERT_EQUAL_FATAL(case_open(c, 0), SGC_OK);
    for (uint64_t i = 1; i <= 12; i++)
        CU_ASSERT_EQUAL(case_commit(c, i), SGC_OK);
    case_close(c);
}

static void segments_of_another_log_do_not_fit(void)
{
    for (uint64_t segment = 1; segment <= 3; segment++) {
        log_case one, two;
        char name[SGC_LOG_NAME];
        char path[64];
        make_twelve(&one);
        make_twelve(&two);
        sgc_log_segment_name(name, segment, false);
        snprintf(path, sizeof path, "log/%s", name);
        copy_file(two.os, one.os, path);
        CU_ASSERT_EQUAL(case_open(&one, 0), SGC_CORRUPT);
        CU_ASSERT_PTR_NOT_NULL(strstr(one.error.text, "offset"));
        case_end(&one);
        case_end(&two);
    }
}

static void other_files_are_left_alone(void)
{
    static const char *const names[] = {"log/README", "log/0000000000000001.logs",
                                        "log/000000000000000G.log", "log/spare-1"};
    log_case c = {0};
    sgc_file *file;

    case_start(&c);
    CU_ASSERT_EQUAL(c.os->make_directory(c.os->self, "log"), SGC_OK);
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL_FATAL(
            c.os->open(c.os->self, names[i], SGC_OPEN_WRITE | SGC_OPEN_CREATE, &file), SGC_OK);
        c.os->close(c.os->self, file);
    }
    /* Left by a crash while it was being made: of no use. */
    CU_ASSERT_EQUAL_FATAL(c.os->open(c.os->self, "log/spare-0000000000000001",
                                     SGC_OPEN_WRITE | SGC_OPEN_CREATE, &file),
                          SGC_OK);
    CU_ASSERT_EQUAL(c.os->write(c.os->self, file, 0, "half", 4), SGC_OK);
    c.os->close(c.os->self, file);
    CU_ASSERT_EQUAL(case_open(&c, 0), SGC_OK);
    CU_ASSERT_EQUAL(case_commit(&c, 1), SGC_OK);
    case_close(&c);
    CU_ASSERT_EQUAL(case_open(&c, 0), SGC_OK);
    CU_ASSERT_EQUAL(c.count, 1);
    for (int i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(c.os->remove(c.os->self, names[i]), SGC_OK);
    case_end(&c);
}

/* ---- what a reader stands on stays ---- */

typedef struct nested {
    log_case *c;
    log_case inner;
    unsigned depth;
    uint64_t next;
} nested;

/* Releases everything and writes on while it reads, and starts a second reader meanwhile. */
static sgc_status meddle(void *context, sgc_log_position position, uint64_t time_us,
                         sgc_str payload)
{
    nested *n = context;

    (void)case_reader(n->c, position, time_us, payload);
    CU_ASSERT_EQUAL(case_commit(n->c, n->next++), SGC_OK);
    CU_ASSERT_EQUAL(sgc_log_release(n->c->log, n->next), SGC_OK);
    if (n->depth++ == 3) {
        n->inner = (log_case){.scale = n->c->scale};
        CU_ASSERT_EQUAL(
            sgc_log_read(n->c->log, position.index, case_reader, &n->inner, &n->inner.error),
            SGC_OK);
        CU_ASSERT_EQUAL(n->inner.last, n->next - 1);
        CU_ASSERT_FALSE(n->inner.wrong);
    }
    return SGC_OK;
}

static void a_release_waits_for_readers(void)
{
    log_case c = {.options = {.segment_size = 16384}, .scale = 5000};
    nested n = {.c = &c, .next = 41};
    sgc_log_stats stats;

    case_start(&c);
    CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
    for (uint64_t i = 1; i <= 40; i++)
        CU_ASSERT_EQUAL(case_commit(&c, i), SGC_OK);
    CU_ASSERT_EQUAL(sgc_log_read(c.log, 0, meddle, &n, &c.error), SGC_OK);
    CU_ASSERT_EQUAL(c.count, 40); /* what was durable when it began */
    CU_ASSERT_FALSE(c.wrong);
    sgc_log_get_stats(c.log, &stats);
    CU_ASSERT_TRUE(stats.segments > 5);
    CU_ASSERT_EQUAL(sgc_log_release(c.log, n.next), SGC_OK);
    sgc_log_get_stats(c.log, &stats);
    CU_ASSERT_EQUAL(stats.segments, 1);
    case_end(&c);
}

static void held_bytes_follow_releases(void)
{
    enum { COMMITS = 6000 };
    log_case c = {.options = {.segment_size = 1 << 20}};

    case_start(&c);
    CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
    for (uint64_t i = 1; i <= COMMITS; i++)
        CU_ASSERT_EQUAL(case_commit(&c, i), SGC_OK);
    uint64_t all = sgc_log_held_bytes(c.log);
    CU_ASSERT_TRUE(all >= COMMITS * 4096 && all <= (COMMITS + 2) * 4096);
    CU_ASSERT_EQUAL(sgc_log_release(c.log, COMMITS / 2), SGC_OK);
    uint64_t half = sgc_log_held_bytes(c.log);
    CU_ASSERT_TRUE(half >= all / 2 - 8192 && half < all / 2 + all / 40);
    case_close(&c);
    CU_ASSERT_EQUAL_FATAL(case_open(&c, COMMITS / 2), SGC_OK);
    CU_ASSERT_TRUE(sgc_log_held_bytes(c.log) >= all / 2 - 8192);
    CU_ASSERT_EQUAL(sgc_log_release(c.log, COMMITS), SGC_OK);
    CU_ASSERT_EQUAL(sgc_log_held_bytes(c.log), 0);
    case_end(&c);
}

/* ---- this machine's files ---- */

static void forget_file(void *context, const char *name)
{
    const sgc_os *os = sgc_os_posix();
    char path[300];

    snprintf(path, sizeof path, "%s/%.200s", (const char *)context, name);
    CU_ASSERT_EQUAL(os->remove(os->self, path), SGC_OK);
}

/* On real files too what was written comes back, and the leader asks for no memory. */
static void on_the_files_of_this_machine(void)
{
    const sgc_os *os = sgc_os_posix();
    char directory[64];

    snprintf(directory, sizeof directory, "sgc_test_log_%ld", (long)getpid());
    for (int buffered = 0; buffered < 2; buffered++) {
        log_case c = {.os = os, .scale = 3000, .options.buffered = buffered};
        for (uint64_t round = 0; round < 3; round++) {
            c.count = c.last = 0;
            CU_ASSERT_EQUAL_FATAL(
                sgc_log_open(os, directory, &c.options, 0, case_reader, &c, &c.log, &c.error),
                SGC_OK);
            CU_ASSERT_EQUAL(c.last, round * 40);
            for (uint64_t i = 1; i <= 40; i++) {
                uint64_t sequence = round * 40 + i;
                CU_ASSERT_EQUAL(case_append(&c, sequence, SGC_DURABILITY_FULL, NULL, NULL), SGC_OK);
                sgc_alloc_fail_at(1, true);
                CU_ASSERT_EQUAL(sgc_log_wait(c.log, sequence), SGC_OK);
                CU_ASSERT_EQUAL(sgc_alloc_count(), 0);
                sgc_alloc_fail_at(0, false);
            }
            case_close(&c);
        }
        CU_ASSERT_FALSE(c.wrong);
        CU_ASSERT_EQUAL(os->list(os->self, directory, forget_file, directory), SGC_OK);
        CU_ASSERT_EQUAL(os->remove(os->self, directory), SGC_OK);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"without direct access it is buffered", without_direct_access_it_is_buffered},
        {"segments of another log do not fit", segments_of_another_log_do_not_fit},
        {"other files are left alone", other_files_are_left_alone},
        {"a release waits for readers", a_release_waits_for_readers},
        {"held bytes follow releases", held_bytes_follow_releases},
        {"on the files of this machine", on_the_files_of_this_machine},
        CU_TEST_INFO_NULL,
    };
    return unit_run("log.device", tests);
}
