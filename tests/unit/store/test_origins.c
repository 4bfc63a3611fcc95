/* test_origins.c - where rows came from: runs of lines, through the file, damaged, without memory.
 */
#include "os/os.h"
#include "store/origins.h"
#include "unit/unit.h"

static sgc_memory_os *memory;
static sgc_error error;

static void start(sgc_origins *origins)
{
    char *path = sgc_alloc(8);

    CU_ASSERT_EQUAL_FATAL(sgc_memory_os_create(&memory), SGC_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(path);
    memcpy(path, "origins", 8);
    sgc_origins_open(origins, sgc_memory_os_table(memory), path);
}

static void end(sgc_origins *origins)
{
    const sgc_os *os = sgc_memory_os_table(memory);

    sgc_origins_close(origins);
    CU_ASSERT_EQUAL(os->remove(os->self, "origins"), SGC_NOT_FOUND);
    sgc_memory_os_destroy(memory);
}

/* Forty rows a page. */
static uint64_t row_at(uint64_t n)
{
    return (n / 40) << 8 | n % 40;
}

static uint64_t origin_at(uint64_t n, uint64_t shape)
{
    return shape == 0 ? 7 : shape == 1 ? n * 3 + 1 : n * 5 + n * n % 5 + 1;
}

static void finds(sgc_origins *origins, uint64_t row, uint64_t wanted)
{
    uint64_t origin = 1;

    CU_ASSERT_EQUAL(sgc_origins_find(origins, row, &origin, &error), SGC_OK);
    CU_ASSERT_EQUAL(origin, wanted);
}

static void add_and_find(uint64_t rows, uint64_t shape, bool in_file)
{
    sgc_origins origins;

    start(&origins);
    for (uint64_t n = 0; n < rows; n++)
        CU_ASSERT_EQUAL_FATAL(sgc_origins_add(&origins, row_at(n), origin_at(n, shape), &error),
                              SGC_OK);
    CU_ASSERT_EQUAL(origins.file != NULL, in_file);
    for (uint64_t n = 0; n < rows; n += 1 + rows / 97)
        finds(&origins, row_at(n), origin_at(n, shape));
    if (rows) finds(&origins, row_at(rows - 1), origin_at(rows - 1, shape));
    finds(&origins, row_at(rows), 0);
    finds(&origins, 200, 0);
    end(&origins);
}

static void lines_of_all_kinds(void)
{
    for (uint64_t shape = 0; shape < 3; shape++) {
        add_and_find(0, shape, false);
        add_and_find(1, shape, false);
        add_and_find(1000, shape, false);
    }
    /* A run a page stays below a block for long, one for every few rows does not. */
    add_and_find(200000, 0, false);
    add_and_find(200000, 2, true);
}

/* Rows of a page that had room left, and lines that go back. */
static void any_order(void)
{
    sgc_origins origins;

    start(&origins);
    for (uint64_t n = 1; n <= 500; n++)
        CU_ASSERT_EQUAL(sgc_origins_add(&origins, n * 7919 % 501, 1000 - n, &error), SGC_OK);
    for (uint64_t n = 1; n <= 500; n++)
        finds(&origins, n * 7919 % 501, 1000 - n);
    end(&origins);
}

static sgc_status fill(sgc_origins *origins, uint64_t rows)
{
    sgc_status status = SGC_OK;

    for (uint64_t n = 0; status == SGC_OK && n < rows; n++)
        status = sgc_origins_add(origins, row_at(n), origin_at(n, 2), &error);
    return status;
}

static void damage_is_found(void)
{
    static const uint64_t bits[] = {3, 40, 9000};

    for (size_t i = 0; i < 3; i++) {
        sgc_origins origins;
        uint64_t origin;
        start(&origins);
        CU_ASSERT_EQUAL(fill(&origins, 30000), SGC_OK);
        CU_ASSERT_EQUAL(sgc_memory_os_flip(memory, "origins", bits[i]), SGC_OK);
        CU_ASSERT_EQUAL(sgc_origins_find(&origins, row_at(0), &origin, &error), SGC_CORRUPT);
        end(&origins);
    }
}

static void writes_and_memory_fail(void)
{
    for (uint64_t n = 1; n < 12; n++) {
        sgc_origins origins;
        uint64_t origin;
        start(&origins);
        sgc_alloc_fail_at(n, false);
        sgc_status status = fill(&origins, 30000);
        if (status == SGC_OK) status = sgc_origins_find(&origins, row_at(0), &origin, &error);
        CU_ASSERT_TRUE(status == SGC_OK || status == SGC_NO_MEMORY);
        sgc_alloc_fail_at(0, false);
        end(&origins);
    }
    for (uint64_t n = 1; n <= 2; n++) {
        sgc_origins origins;
        start(&origins);
        sgc_memory_os_set_faults(memory, &(sgc_faults){.fail_write_at = n});
        CU_ASSERT_EQUAL(fill(&origins, 30000), SGC_IO);
        end(&origins);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"lines of all kinds", lines_of_all_kinds},
        {"any order", any_order},
        {"damage is found", damage_is_found},
        {"writes and memory fail", writes_and_memory_fail},
        CU_TEST_INFO_NULL,
    };
    return unit_run("store.origins", tests);
}
