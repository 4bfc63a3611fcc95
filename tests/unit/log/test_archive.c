/* test_archive.c - closed segments are kept in the archive, and reading goes back into it. */
#include "unit/log/log_case.h"

#include "log/format.h"

enum { COMMITS = 40 };

static void fill(log_case *c, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i <= to; i++)
        CU_ASSERT_EQUAL(case_commit(c, i), SGC_OK);
}

static void open_archived(log_case *c)
{
    *c = (log_case){.options = {.segment_size = 16384, .archive = "kept"}, .scale = 5000};
    case_start(c);
    CU_ASSERT_EQUAL_FATAL(case_open(c, 0), SGC_OK);
}

static void count_name(void *context, const char *name)
{
    uint64_t number;
    bool spare;

    CU_ASSERT_TRUE(sgc_log_parse_name(name, &number, &spare) && !spare);
    *(uint64_t *)context += 1;
}

static uint64_t archived(const log_case *c)
{
    uint64_t count = 0;

    CU_ASSERT_EQUAL(c->os->list(c->os->self, "kept", count_name, &count), SGC_OK);
    return count;
}

static void check_reading(log_case *c, uint64_t after, uint64_t last)
{
    log_case seen = {.scale = c->scale, .last = after};

    CU_ASSERT_EQUAL(sgc_log_read(c->log, after, case_reader, &seen, &seen.error), SGC_OK);
    CU_ASSERT_EQUAL(seen.count, last - after);
    CU_ASSERT_EQUAL(seen.last, after == last ? after : last);
    CU_ASSERT_FALSE(seen.wrong);
}

static void reading_goes_back_into_the_archive(void)
{
    log_case c;
    sgc_log_stats stats;

    open_archived(&c);
    for (uint64_t round = 0; round < 3; round++) {
        fill(&c, round * COMMITS + 1, round * COMMITS + COMMITS);
        CU_ASSERT_EQUAL(sgc_log_release(c.log, round * COMMITS + COMMITS), SGC_OK);
        sgc_log_get_stats(c.log, &stats);
        CU_ASSERT_EQUAL(stats.segments, 1);
        CU_ASSERT_TRUE(stats.archived > 2);
        CU_ASSERT_EQUAL(stats.recycled, 0);
        for (uint64_t after = 0; after <= c.last + COMMITS; after += 3)
            check_reading(&c, after, round * COMMITS + COMMITS);
        case_close(&c);
        CU_ASSERT_EQUAL_FATAL(case_open(&c, round * COMMITS + COMMITS), SGC_OK);
        c.last = round * COMMITS;
    }
    CU_ASSERT_TRUE(archived(&c) > 10);
    check_reading(&c, 0, 3 * COMMITS);
    case_end(&c);
}

static void a_hole_in_the_archive_ends_it(void)
{
    log_case c, seen = {.scale = 5000};
    char path[64], name[SGC_LOG_NAME];

    open_archived(&c);
    fill(&c, 1, COMMITS);
    CU_ASSERT_EQUAL(sgc_log_release(c.log, COMMITS), SGC_OK);
    sgc_log_segment_name(name, 4, false);
    snprintf(path, sizeof path, "kept/%s", name);
    CU_ASSERT_EQUAL(c.os->remove(c.os->self, path), SGC_OK);
    CU_ASSERT_EQUAL(sgc_log_read(c.log, 0, case_reader, &seen, &seen.error), SGC_HISTORY_PRUNED);
    CU_ASSERT_PTR_NOT_NULL(strstr(seen.error.text, "archive"));
    CU_ASSERT_EQUAL(seen.count, 0);
    check_reading(&c, COMMITS - 2, COMMITS);
    case_end(&c);
}

/* Every bit of an archived segment counts, up to the end of its last batch. */
static void damage_in_the_archive_is_found(void)
{
    log_case c;
    char path[64], name[SGC_LOG_NAME];
    unsigned found = 0;

    open_archived(&c);
    fill(&c, 1, COMMITS);
    CU_ASSERT_EQUAL(sgc_log_release(c.log, COMMITS), SGC_OK);
    sgc_log_segment_name(name, 3, false);
    snprintf(path, sizeof path, "kept/%s", name);
    for (uint64_t at = 0; at < 16384; at += 37) {
        log_case seen = {.scale = c.scale};
        CU_ASSERT_EQUAL(sgc_memory_os_flip(c.memory, path, at * 8 + at % 8), SGC_OK);
        sgc_status status = sgc_log_read(c.log, 0, case_reader, &seen, &seen.error);
        CU_ASSERT_TRUE(status == SGC_CORRUPT || (status == SGC_OK && seen.last == COMMITS));
        CU_ASSERT_FALSE(seen.wrong);
        found += status == SGC_CORRUPT;
        CU_ASSERT_EQUAL(sgc_memory_os_flip(c.memory, path, at * 8 + at % 8), SGC_OK);
    }
    CU_ASSERT_TRUE(found > 50);
    check_reading(&c, 0, COMMITS);
    case_end(&c);
}

/* ---- an archive on another file system, or full ---- */

static const sgc_os *below;
static bool full;

static sgc_status across(void *self, const char *from, const char *to)
{
    bool leaves = strncmp(from, "log/", 4) == 0 && strncmp(to, "kept/", 5) == 0;

    return leaves ? SGC_IO : below->rename(self, from, to);
}

static sgc_file *copies[64];
static size_t copy_count;

static sgc_status note_open(void *self, const char *path, unsigned flags, sgc_file **file)
{
    sgc_status status = below->open(self, path, flags, file);

    if (status == SGC_OK && flags & SGC_OPEN_WRITE && strncmp(path, "kept/", 5) == 0) {
        copies[copy_count++ % 64] = *file;
    }
    return status;
}

static void note_close(void *self, sgc_file *file)
{
    for (size_t i = 0; i < 64; i++) {
        if (copies[i] == file) copies[i] = NULL;
    }
    below->close(self, file);
}

static sgc_status maybe_full(void *self, sgc_file *file, uint64_t offset, const void *data,
                             size_t size)
{
    for (size_t i = 0; i < 64; i++) {
        if (full && copies[i] == file) return SGC_NO_SPACE;
    }
    return below->write(self, file, offset, data, size);
}

static void another_file_system_takes_copies(void)
{
    log_case c = {.options = {.segment_size = 16384, .archive = "kept"}, .scale = 5000};
    sgc_log_stats stats;

    case_start(&c);
    sgc_os other = *c.os;
    below = c.os;
    other.rename = across;
    other.open = note_open;
    other.close = note_close;
    other.write = maybe_full;
    c.os = &other;
    CU_ASSERT_EQUAL_FATAL(case_open(&c, 0), SGC_OK);
    fill(&c, 1, COMMITS);
    full = true;
    CU_ASSERT_EQUAL(sgc_log_release(c.log, COMMITS), SGC_NO_SPACE);
    sgc_log_get_stats(c.log, &stats);
    CU_ASSERT_TRUE(stats.segments > 5);
    CU_ASSERT_EQUAL(stats.archived, 0);
    check_reading(&c, 0, COMMITS); /* nothing has gone */
    fill(&c, COMMITS + 1, COMMITS + 5);
    full = false;
    CU_ASSERT_EQUAL(sgc_log_release(c.log, COMMITS), SGC_OK);
    sgc_log_get_stats(c.log, &stats);
    CU_ASSERT_TRUE(stats.archived > 5);
    CU_ASSERT_EQUAL(archived(&c), stats.archived);
    check_reading(&c, 0, COMMITS + 5);
    case_end(&c);
}

/* Whatever step the power goes at: everything is there, in the log or in the archive. */
static void a_power_cut_while_archiving(void)
{
    for (uint64_t step = 1; step <= 24; step++) {
        log_case c;
        open_archived(&c);
        fill(&c, 1, COMMITS);
        sgc_memory_os_set_faults(c.memory, &(sgc_faults){.power_cut_at = step});
        (void)!sgc_log_release(c.log, COMMITS);
        case_close(&c);
        sgc_memory_os_power_cycle(c.memory, step);
        CU_ASSERT_EQUAL_FATAL(case_open(&c, COMMITS), SGC_OK);
        CU_ASSERT_EQUAL(sgc_log_release(c.log, COMMITS), SGC_OK);
        check_reading(&c, 0, COMMITS);
        case_end(&c);
    }
}

/* ---- readers beside releases ---- */

typedef struct reading {
    log_case *c;
    _Atomic bool stop, wrong;
    _Atomic uint64_t rounds;
} reading;

static void *read_on(void *argument)
{
    reading *r = argument;

    while (!r->stop) {
        log_case seen = {.scale = r->c->scale};
        uint64_t durable = sgc_log_durable(r->c->log);
        sgc_status status = sgc_log_read(r->c->log, 0, case_reader, &seen, &seen.error);
        if (status != SGC_OK || seen.wrong || seen.last < durable || seen.count != seen.last) {
            r->wrong = true;
        }
        r->rounds++;
    }
    return NULL;
}

static void readers_never_miss_a_segment_on_its_way(void)
{
    log_case c;
    reading r = {.c = &c};
    sgc_thread thread;

    open_archived(&c);
    CU_ASSERT_EQUAL_FATAL(sgc_thread_start(&thread, read_on, &r), SGC_OK);
    for (uint64_t i = 1; i <= 150; i++) {
        fill(&c, i, i);
        if (i % 5 == 0) CU_ASSERT_EQUAL(sgc_log_release(c.log, i), SGC_OK);
    }
    while (r.rounds < 5 && !r.wrong) {
    }
    r.stop = true;
    sgc_thread_join(thread);
    CU_ASSERT_FALSE(r.wrong);
    case_end(&c);
}

/* A second log beside the first, with the same archive. */
static void an_archive_belongs_to_one_log(void)
{
    log_case first, second;
    sgc_log_stats stats;

    open_archived(&first);
    second = (log_case){.options = first.options, .scale = 5000};
    second.memory = first.memory;
    second.os = first.os;
    sgc_log_options options = second.options;
    CU_ASSERT_EQUAL_FATAL(sgc_log_open(second.os, "other", &options, 0, case_reader, &second,
                                       &second.log, &second.error),
                          SGC_OK);
    fill(&first, 1, COMMITS);
    fill(&second, 1, COMMITS);
    CU_ASSERT_EQUAL(sgc_log_release(first.log, COMMITS), SGC_OK);
    uint64_t kept = archived(&first);
    CU_ASSERT_EQUAL(sgc_log_release(second.log, COMMITS), SGC_EXISTS);
    sgc_log_get_stats(second.log, &stats);
    CU_ASSERT_EQUAL(stats.archived, 0);
    CU_ASSERT_EQUAL(archived(&first), kept);
    check_reading(&first, 0, COMMITS);
    check_reading(&second, 0, COMMITS);
    case_close(&second);
    CU_ASSERT_EQUAL(sgc_log_open(second.os, "other", &options, 0, case_reader, &second, &second.log,
                                 &second.error),
                    SGC_EXISTS);
    CU_ASSERT_PTR_NOT_NULL(strstr(second.error.text, "another log"));
    case_close(&first);
    CU_ASSERT_EQUAL_FATAL(case_open(&first, COMMITS), SGC_OK);
    check_reading(&first, 0, COMMITS);
    case_end(&first);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"reading goes back into the archive", reading_goes_back_into_the_archive},
        {"a hole in the archive ends it", a_hole_in_the_archive_ends_it},
        {"damage in the archive is found", damage_in_the_archive_is_found},
        {"another file system takes copies", another_file_system_takes_copies},
        {"a power cut while archiving", a_power_cut_while_archiving},
        {"readers never miss a segment", readers_never_miss_a_segment_on_its_way},
        {"an archive belongs to one log", an_archive_belongs_to_one_log},
        CU_TEST_INFO_NULL,
    };
    return unit_run("log.archive", tests);
}
