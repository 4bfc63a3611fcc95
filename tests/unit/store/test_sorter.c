/*
 * test_sorter.c - entries come back in order, equal ones as they came, whatever memory there is,
 * with the second thread and without; and nothing is lost when memory or the device fails.
 */
#include "unit/unit.h"

#include "store/sorter.h"

#include <stdlib.h>

enum { RUNS = 3, WIDE = 40 };

/* How entries come. */
typedef enum order { SCATTERED, RISING, NEARLY, SAME } order;

typedef struct entry {
    char bytes[WIDE];
    size_t size, key_size;
    uint64_t number;
} entry;

typedef struct bed {
    sgc_memory_os *memory;
    sgc_sorter *sorter;
    sgc_runs runs[RUNS];
    entry *entries; /* the same in all runs */
    size_t count;
} bed;

static uint64_t state;

static uint64_t draw(uint64_t below)
{
    state = state * 6364136223846793005U + 1442695040888963407U;
    return (state >> 33) % below;
}

static int compare(const void *left, const void *right)
{
    const entry *a = left, *b = right;
    int difference = sgc_str_compare(sgc_str_of(a->bytes, a->size), sgc_str_of(b->bytes, b->size));

    return difference ? difference : a->number < b->number ? -1 : a->number > b->number;
}

static void make_entries(bed *b, size_t count, order how)
{
    b->count = count;
    b->entries = calloc(count + 1, sizeof *b->entries);
    for (size_t i = 0; i < count; i++) {
        entry *one = &b->entries[i];
        uint64_t number = how == SCATTERED ? draw(count / 2 + 1) : how == SAME ? draw(3) : i;
        if (how == NEARLY && draw(2000) == 0) number = draw(count);
        int size = snprintf(one->bytes, WIDE, "mail.%08u.%.*s", (unsigned)number,
                            how == RISING ? 0 : (int)draw(12), "longer or not");
        one->size = (size_t)size;
        one->key_size = draw(6);
        one->number = i;
    }
}

static void open_bed(bed *b, size_t count, uint64_t memory, order how)
{
    sgc_error error;
    char path[20];

    *b = (bed){.memory = NULL};
    state = count + memory;
    make_entries(b, count, how);
    if (!b->entries || sgc_memory_os_create(&b->memory)) abort();
    const sgc_os *os = sgc_memory_os_table(b->memory);
    b->sorter = sgc_sorter_open(os, memory);
    if (!b->sorter) abort();
    for (unsigned i = 0; i < RUNS; i++) {
        snprintf(path, sizeof path, "load.%u", i);
        char *copy = sgc_alloc(strlen(path) + 1);
        if (!copy) abort();
        memcpy(copy, path, strlen(path) + 1);
        if (sgc_runs_open(b->sorter, &b->runs[i], copy, &error)) abort();
    }
}

static void close_bed(bed *b)
{
    sgc_sorter_stop(b->sorter);
    for (unsigned i = 0; i < RUNS; i++)
        sgc_runs_close(b->sorter, &b->runs[i]);
    sgc_sorter_close(b->sorter);
    sgc_memory_os_destroy(b->memory);
    free(b->entries);
}

static sgc_status add_all(bed *b, sgc_error *error)
{
    sgc_status status = SGC_OK;

    for (size_t i = 0; status == SGC_OK && i < b->count; i++) {
        const entry *one = &b->entries[i];
        size_t front = one->size - one->key_size;
        for (unsigned r = 0; status == SGC_OK && r < RUNS; r++)
            status = sgc_runs_add(b->sorter, &b->runs[r], sgc_str_of(one->bytes, front),
                                  sgc_str_of(one->bytes + front, one->key_size), i, error);
        if (status == SGC_OK && i % 64 == 0) status = sgc_sorter_make_room(b->sorter, error);
    }
    for (unsigned r = 0; status == SGC_OK && r < RUNS; r++)
        status = sgc_runs_finish(b->sorter, &b->runs[r], error);
    for (unsigned r = 0; status == SGC_OK && r < RUNS; r++)
        status = sgc_runs_start(b->sorter, &b->runs[r], r > 0, error);
    return status;
}

static bool is_entry(const bed *b, size_t n, const sgc_sorted *now)
{
    const entry *one = &b->entries[n];

    return n < b->count && sgc_str_eq(now->entry, sgc_str_of(one->bytes, one->size)) &&
           now->value == one->number && now->key_size == one->key_size;
}

/* Entries of all runs, at most `most` of each. */
static sgc_status read_all(bed *b, size_t most, sgc_error *error)
{
    bool there = true;
    sgc_sorted now;

    qsort(b->entries, b->count, sizeof *b->entries, compare);
    for (unsigned r = 0; r < RUNS; r++) {
        size_t n = 0;
        for (; n < most; n++) {
            sgc_status status = sgc_runs_next(&b->runs[r], &now, &there, error);
            if (status) return status;
            if (!there) break;
            if (!is_entry(b, n, &now)) break;
        }
        CU_ASSERT_EQUAL(n, most < b->count ? most : b->count);
        CU_ASSERT_EQUAL(b->runs[r].count, b->count);
        sgc_runs_close(b->sorter, &b->runs[r]);
    }
    return SGC_OK;
}

static uint64_t writes_of(const bed *b)
{
    uint64_t writes, syncs, steps;

    sgc_memory_os_counts(b->memory, &writes, &syncs, &steps);
    return writes;
}

static void sort(size_t count, uint64_t memory, order how, bool in_files)
{
    bed b;
    sgc_error error = {SGC_OK, ""};

    open_bed(&b, count, memory, how);
    CU_ASSERT_EQUAL_FATAL(add_all(&b, &error), SGC_OK);
    CU_ASSERT_EQUAL(writes_of(&b) > 0, in_files);
    CU_ASSERT_EQUAL_FATAL(read_all(&b, SIZE_MAX, &error), SGC_OK);
    close_bed(&b);
}

static void in_memory(void)
{
    sort(0, 64 << 20, SCATTERED, false);
    sort(1, 64 << 20, SCATTERED, false);
    sort(5000, 64 << 20, SCATTERED, false);
    sort(60000, 64 << 20, SCATTERED, false);
    sort(60000, 64 << 20, RISING, false);
}

static void through_files(void)
{
    for (order how = SCATTERED; how <= SAME; how++) {
        sort(60000, 2 << 20, how, true);
        sort(60000, 100 << 10, how, true);
        sort(8000, 1 << 10, how, true);
    }
}

/* Packed runs take less than what came. */
static void many_fit(void)
{
    sort(60000, 9 << 20, RISING, false);
}

/* Some are read while others still grow and want the memory. */
static void added_meanwhile(void)
{
    for (uint64_t memory = 2 << 10; memory <= 64 << 20; memory *= UNIT_RACES ? 32 : 2) {
        bed b;
        bool there = true;
        sgc_error error = {SGC_OK, ""};
        sgc_sorted now;
        size_t n = 0;
        open_bed(&b, 12000, memory, SCATTERED);
        sgc_runs *from = &b.runs[0], *to = &b.runs[1];
        for (size_t i = 0; i < b.count; i++) {
            sgc_str whole = sgc_str_of(b.entries[i].bytes, b.entries[i].size);
            b.entries[i].key_size = 0;
            if (sgc_runs_add(b.sorter, from, whole, SGC_STR(""), i, &error)) abort();
            if (i % 16 == 0 && sgc_sorter_make_room(b.sorter, &error)) abort();
        }
        CU_ASSERT_EQUAL(sgc_runs_finish(b.sorter, from, &error), SGC_OK);
        CU_ASSERT_EQUAL(sgc_runs_make_way(b.sorter, from, &error), SGC_OK);
        CU_ASSERT_EQUAL(sgc_runs_start(b.sorter, from, false, &error), SGC_OK);
        qsort(b.entries, b.count, sizeof *b.entries, compare);
        for (;; n++) {
            CU_ASSERT_EQUAL_FATAL(sgc_runs_next(from, &now, &there, &error), SGC_OK);
            if (!there) break;
            CU_ASSERT_TRUE_FATAL(is_entry(&b, n, &now));
            if (sgc_runs_add(b.sorter, to, now.entry, SGC_STR(""), now.value, &error)) abort();
            if (n % 16 == 0 && sgc_sorter_make_room(b.sorter, &error)) abort();
        }
        CU_ASSERT_EQUAL(n, b.count);
        CU_ASSERT_EQUAL(sgc_runs_finish(b.sorter, to, &error), SGC_OK);
        CU_ASSERT_EQUAL(sgc_runs_start(b.sorter, to, true, &error), SGC_OK);
        for (n = 0; sgc_runs_next(to, &now, &there, &error) == SGC_OK && there; n++)
            CU_ASSERT_TRUE_FATAL(is_entry(&b, n, &now));
        CU_ASSERT_EQUAL(n, b.count);
        close_bed(&b);
    }
}

/* Nobody reads on, or not at all. */
static void given_up(void)
{
    for (size_t most = 0; most < 20000; most += 6661) {
        for (uint64_t memory = 2 << 20; memory <= 64 << 20; memory *= 32) {
            bed b;
            sgc_error error = {SGC_OK, ""};
            open_bed(&b, 40000, memory, SCATTERED);
            CU_ASSERT_EQUAL_FATAL(add_all(&b, &error), SGC_OK);
            if (most) CU_ASSERT_EQUAL(read_all(&b, most, &error), SGC_OK);
            close_bed(&b);
        }
    }
}

static void devices_fail(void)
{
    unsigned failed = 0;

    for (uint64_t n = 1; n < 300; n += 1 + n / (UNIT_RACES ? 3 : 8)) {
        bed b;
        sgc_error error = {SGC_OK, ""};
        open_bed(&b, 30000, n % 2 ? 1 << 20 : 50 << 10, SCATTERED);
        sgc_memory_os_set_faults(b.memory, &(sgc_faults){.fail_write_at = n, .seed = n});
        sgc_status status = add_all(&b, &error);
        if (status == SGC_OK) status = read_all(&b, SIZE_MAX, &error);
        CU_ASSERT_TRUE(status == SGC_OK || status == SGC_IO);
        CU_ASSERT_EQUAL(error.status, status);
        failed += status != SGC_OK;
        close_bed(&b);
    }
    CU_ASSERT_TRUE(failed > (UNIT_RACES ? 3 : 10));
}

static void memory_fails(void)
{
    unsigned failed = 0;

    for (uint64_t n = 1; n < 400; n += 1 + n / (UNIT_RACES ? 3 : 40)) {
        bed b;
        sgc_error error = {SGC_OK, ""};
        open_bed(&b, 20000, n % 2 ? 2 << 20 : 50 << 10, n % 3 ? SCATTERED : NEARLY);
        sgc_alloc_fail_at(n, false);
        sgc_status status = add_all(&b, &error);
        if (status == SGC_OK) status = read_all(&b, SIZE_MAX, &error);
        sgc_alloc_fail_at(0, false);
        CU_ASSERT_TRUE(status == SGC_OK || status == SGC_NO_MEMORY);
        CU_ASSERT_EQUAL(error.status, status);
        failed += status != SGC_OK;
        close_bed(&b);
    }
    CU_ASSERT_TRUE(failed > (UNIT_RACES ? 3 : 10));
}

int main(void)
{
    CU_TestInfo tests[] = {{"in memory", in_memory},       {"through files", through_files},
                           {"packed runs fit", many_fit},  {"added meanwhile", added_meanwhile},
                           {"given up", given_up},         {"devices fail", devices_fail},
                           {"memory fails", memory_fails}, CU_TEST_INFO_NULL};

    return unit_run("store.sorter", tests);
}
