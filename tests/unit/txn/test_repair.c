/*
 * test_repair.c - databases with flipped bits: a look changes nothing and never fails; a rebuild
 * makes indexes sound again and leaves everything else as it was.
 */
#include "store/format.h"
#include "unit/txn/rows.h"

static const char SDL[] = "type User { id: ID! name: String @index email: String @unique age: Int "
                          "@index }\ntype Note { id: Int! @id(generate: NONE) text: String }\n";

enum { USERS = 1500, FLIPS = 300 };

static uint64_t state = 7;

static uint64_t roll(uint64_t n)
{
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state >> 33) % n;
}

static void put_users(struct bed *bed)
{
    char text[128];
    sgc_txn *txn = bed_begin(bed);

    for (unsigned i = 0; i < USERS; i++) {
        snprintf(text, sizeof text,
                 "{\"id\":\"u%u\",\"name\":\"n%u\",\"email\":\"e%u\",\"age\":%u}", i * 7919 % USERS,
                 i % 50, i, i % 90);
        OK(put(txn, "User", text));
    }
    OK(put(txn, "Note", "{\"id\":1,\"text\":\"x\"}"));
    OK(sgc_commit(&txn, NULL));
    OK(sgc_db_flush(bed->db));
    txn = bed_begin(bed);
    for (unsigned i = 0; i < USERS; i += 10) {
        snprintf(text, sizeof text, "{\"id\":\"u%u\",\"name\":\"m\"}", i);
        OK(set(txn, "User", text));
    }
    OK(sgc_commit(&txn, NULL));
}

/* A closed database with some of everything. */
static const sgc_os *make(struct bed *bed)
{
    bed_open(bed, SDL, 0);
    put_users(bed);
    OK(sgc_db_close(bed->db));
    bed->db = NULL;
    return sgc_memory_os_table(bed->memory);
}

static void destroy(struct bed *bed)
{
    sgc_memory_os_destroy(bed->memory);
    sgc_arena_free(&bed->arena);
}

static sgc_status look(const sgc_os *os)
{
    sgc_buf report = {0};
    sgc_error error = {SGC_OK, ""};
    sgc_status status = sgc_db_inspect(os, "data", true, &report, &error);

    CU_ASSERT_TRUE(status == SGC_OK || status == SGC_CORRUPT);
    CU_ASSERT_EQUAL(status == SGC_OK, report.size == 0);
    sgc_buf_free(&report);
    return status;
}

static uint64_t size_of(const sgc_os *os, const char *path)
{
    sgc_file *file;
    uint64_t size = 0;

    CU_ASSERT_EQUAL_FATAL(os->open(os->self, path, SGC_OPEN_READ, &file), SGC_OK);
    OK(os->size(os->self, file, &size));
    os->close(os->self, file);
    return size;
}

static void read_at(const sgc_os *os, const char *path, uint64_t offset, void *to, size_t size)
{
    sgc_file *file;
    size_t got = 0;

    CU_ASSERT_EQUAL_FATAL(os->open(os->self, path, SGC_OPEN_READ, &file), SGC_OK);
    OK(os->read(os->self, file, offset, to, size, &got));
    CU_ASSERT_EQUAL(got, size);
    os->close(os->self, file);
}

static uint32_t sum_of(const sgc_os *os, const char *path)
{
    uint64_t size = size_of(os, path);
    sgc_file *file;
    size_t got = 0;
    uint8_t *bytes = malloc((size_t)size);

    CU_ASSERT_EQUAL_FATAL(os->open(os->self, path, SGC_OPEN_READ, &file), SGC_OK);
    OK(os->read(os->self, file, 0, bytes, (size_t)size, &got));
    os->close(os->self, file);
    uint32_t sum = sgc_crc32c(0, bytes, got);
    free(bytes);
    return sum;
}

static void looks_change_nothing(void)
{
    static const char *const paths[] = {"data/root", "data/pages",
                                        "data/history/0000000000000001.seg"};
    struct bed bed;
    const sgc_os *os = make(&bed);
    unsigned found[3] = {0}, flips = 3 * unit_rounds(FLIPS / 3);
    uint32_t before[3];

    CU_ASSERT_EQUAL(look(os), SGC_OK);
    for (unsigned i = 0; i < 3; i++)
        before[i] = sum_of(os, paths[i]);
    for (unsigned i = 0; i < flips; i++) {
        unsigned which = i % 3;
        uint64_t bit = roll(size_of(os, paths[which]) * 8);
        OK(sgc_memory_os_flip(bed.memory, paths[which], bit));
        found[which] += look(os) == SGC_CORRUPT;
        OK(sgc_memory_os_flip(bed.memory, paths[which], bit));
        CU_ASSERT_EQUAL(sum_of(os, paths[which]), before[which]);
    }
    for (unsigned i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(sum_of(os, paths[i]), before[i]);
    CU_ASSERT_TRUE(found[0] > 0 && found[1] > 0);
    CU_ASSERT_EQUAL(found[2], flips / 3); /* every byte of a segment is under a checksum */
    CU_ASSERT_EQUAL(look(os), SGC_OK);
    destroy(&bed);
}

static void check_rows(struct bed *bed)
{
    sgc_buf report = {0};
    uint64_t rows = 0;

    CU_ASSERT_EQUAL_FATAL(bed_open_again(bed), SGC_OK);
    OK(sgc_db_verify(bed->db, &report));
    CU_ASSERT_EQUAL(report.size, 0);
    sgc_txn *txn = bed_begin(bed);
    OK(sgc_txn_count_rows(txn, table_of(txn, "User"), &rows));
    CU_ASSERT_EQUAL(rows, USERS);
    sgc_abort(&txn);
    OK(sgc_db_close(bed->db));
    sgc_buf_free(&report);
}

/* What a page holds: 0 what follows from nothing else, else its kind. */
static unsigned derived_kind(const sgc_os *os, uint64_t place)
{
    uint8_t page[4096], bytes[SGC_ROOT_BYTES];
    sgc_root root;

    if (place == 0) return 0; /* the head of the file */
    read_at(os, "data/pages", place * sizeof page, page, sizeof page);
    read_at(os, "data/root", 0, bytes, sizeof bytes);
    CU_ASSERT_TRUE_FATAL(sgc_root_decode(bytes, &root));
    if (sgc_load32(page + 8) == root.trees[SGC_ROOT_FREE].id) return sgc_page_kind_of(page);
    switch (sgc_page_kind_of(page)) {
    case SGC_PAGE_SPACE:
    case SGC_PAGE_HASH:
    case SGC_PAGE_HASH_MORE:
    case SGC_PAGE_NODE:
        return sgc_page_kind_of(page);
    default:
        return 0;
    }
}

/* True when it is sound afterwards, which lasts; else the bit flipped back makes it so. */
static bool repair(struct bed *bed, const sgc_os *os, uint64_t bit, bool derived)
{
    sgc_buf report = {0};
    sgc_error error = {SGC_OK, ""};

    OK(sgc_memory_os_flip(bed->memory, "data/pages", bit));
    bool damaged = look(os) == SGC_CORRUPT;
    sgc_status status = sgc_db_rebuild(os, "data", &report, &error);
    CU_ASSERT_TRUE(status == SGC_OK || status == SGC_CORRUPT);
    bool said = report.size > 0;
    sgc_buf_free(&report);
    if (look(os) == SGC_OK) {
        CU_ASSERT_EQUAL(said, damaged);
        return damaged;
    }
    CU_ASSERT_FALSE(derived);
    OK(sgc_memory_os_flip(bed->memory, "data/pages", bit));
    CU_ASSERT_EQUAL(look(os), SGC_OK);
    return false;
}

static void every_page_is_damaged_once(void)
{
    struct bed bed;
    const sgc_os *os = make(&bed);
    unsigned repaired = 0, left = 0;

    for (uint64_t place = 0; place * 4096 < size_of(os, "data/pages"); place++) {
        bool derived = derived_kind(os, place) != 0;
        if (repair(&bed, os, (place * 4096 + roll(4096)) * 8, derived))
            repaired++;
        else
            left++;
        if (place % 16 == 0) check_rows(&bed);
    }
    printf("%u pages repaired, %u left ", repaired, left);
    CU_ASSERT_TRUE(repaired >= 5);
    CU_ASSERT_TRUE(left > 10);
    check_rows(&bed);
    destroy(&bed);
}

/* A repair writes pages elsewhere, so the places of one kind are looked for anew each time. */
static void whatever_follows_from_rows(void)
{
    static const unsigned kinds[] = {SGC_PAGE_SPACE, SGC_PAGE_HASH, SGC_PAGE_NODE, SGC_PAGE_BYTES};
    struct bed bed;
    const sgc_os *os = make(&bed);

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        unsigned repaired = 0;
        for (uint64_t place = 1; repaired < 2 && place * 4096 < size_of(os, "data/pages");
             place++) {
            if (derived_kind(os, place) != kinds[i]) continue;
            if (!repair(&bed, os, (place * 4096 + roll(4096)) * 8, true)) continue;
            check_rows(&bed);
            repaired++;
        }
        if (repaired == 0) printf("no page of kind %u ", kinds[i]);
        CU_ASSERT_TRUE(repaired > 0);
    }
    destroy(&bed);
}

/* Both copies of the root are those of a format to come. */
static void another_version_wrote_it(void)
{
    struct bed bed;
    const sgc_os *os = make(&bed);
    uint8_t copy[SGC_ROOT_BYTES];
    sgc_buf report = {0};
    sgc_error error;
    sgc_file *file;

    CU_ASSERT_EQUAL_FATAL(os->open(os->self, "data/root", SGC_OPEN_READ | SGC_OPEN_WRITE, &file),
                          SGC_OK);
    read_at(os, "data/root", 0, copy, sizeof copy);
    sgc_store32(copy + 12, 77);
    sgc_store32(copy + 8, sgc_crc32c(0, copy + 12, sizeof copy - 12));
    OK(os->write(os->self, file, 0, copy, sizeof copy));
    OK(os->write(os->self, file, sizeof copy, copy, sizeof copy));
    os->close(os->self, file);
    IS(sgc_db_open("data", bed.schema, &bed.options, &bed.db, &error), SGC_UNSUPPORTED);
    CU_ASSERT_STRING_EQUAL(error.text, "data/root: another version of sgc has written this "
                                       "database (format 77)");
    IS(sgc_db_inspect(os, "data", true, &report, &error), SGC_UNSUPPORTED);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "another version"));
    IS(sgc_db_rebuild(os, "data", &report, &error), SGC_UNSUPPORTED);
    CU_ASSERT_EQUAL(report.size, 0);
    destroy(&bed);
}

static void somebody_has_it(void)
{
    struct bed bed;
    sgc_buf report = {0};
    sgc_error error;

    bed_open(&bed, SDL, 0);
    const sgc_os *os = sgc_memory_os_table(bed.memory);
    CU_ASSERT_EQUAL(sgc_db_inspect(os, "data", true, &report, &error), SGC_BUSY);
    CU_ASSERT_EQUAL(sgc_db_rebuild(os, "data", &report, &error), SGC_BUSY);
    CU_ASSERT_EQUAL(sgc_db_inspect(os, "elsewhere", true, &report, &error), SGC_NOT_FOUND);
    CU_ASSERT_EQUAL(sgc_db_rebuild(os, "elsewhere", &report, &error), SGC_NOT_FOUND);
    CU_ASSERT_EQUAL(report.size, 0);
    bed_close(&bed);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a look changes nothing", looks_change_nothing},
        {"every page is damaged once", every_page_is_damaged_once},
        {"whatever follows from rows", whatever_follows_from_rows},
        {"another version wrote it", another_version_wrote_it},
        {"an open database, and none", somebody_has_it},
        CU_TEST_INFO_NULL,
    };
    return unit_run("txn.repair", tests);
}
