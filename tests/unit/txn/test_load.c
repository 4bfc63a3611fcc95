/*
 * test_load.c - loads past the MemTables: what they refuse, what is seen of them and when, runs
 * that went to files, and what stays when memory or the device fails.
 */
#include "unit/txn/rows.h"

static const char SDL[] = "type User {\n"
                          "  id: ID! @id(generate: NONE)\n"
                          "  name: String\n"
                          "  email: String @unique\n"
                          "  age: Int! @index\n"
                          "  tags: [String!] @index\n"
                          "  boss: User\n"
                          "}\n"
                          "type Post {\n"
                          "  id: Int! @id(generate: SERIAL)\n"
                          "  title: String! @check(expr: \"length(title) < 100\")\n"
                          "  author: User! @relation(onDelete: CASCADE)\n"
                          "}\n"
                          "type Other { id: ID! @id(generate: NONE) note: String }\n";

static sgc_load *begin_load(struct bed *bed, uint64_t memory)
{
    sgc_load_options options = {.memory_bytes = memory};
    sgc_error error = {SGC_OK, ""};
    sgc_load *load;
    sgc_status status = sgc_load_begin(bed->db, &options, &load, &error);

    if (status != SGC_OK) printf("\n    %s\n", error.text);
    CU_ASSERT_EQUAL_FATAL(status, SGC_OK);
    return load;
}

static sgc_status add(sgc_load *load, const char *table, const char *json)
{
    sgc_key key;
    sgc_txn *txn = sgc_load_txn(load);
    sgc_str record = record_of(txn, table_of(txn, table), json, &key);

    return sgc_load_row(load, table_of(txn, table), sgc_key_str(&key), record);
}

/* Keys in a scattered order; every row has an email of its own, ages repeat. */
static sgc_status add_user(sgc_load *load, unsigned n)
{
    char json[400];
    unsigned id = n * 7919U % 1000003U;

    snprintf(json, sizeof json,
             "{\"id\": \"u%u\", \"name\": \"name of %u\", \"email\": \"%u@mail.example\", "
             "\"age\": %u, \"tags\": [\"t%u\", \"same\", \"same\"]}",
             id, id, id, id % 100, id % 10);
    return add(load, "User", json);
}

static sgc_commit_info committed(sgc_load *load)
{
    sgc_commit_info info;
    sgc_status status = sgc_load_commit(&load, &info);

    if (status != SGC_OK) printf("\n    %s\n", info.error.text);
    CU_ASSERT_EQUAL(status, SGC_OK);
    CU_ASSERT_EQUAL(info.outcome, SGC_OUTCOME_COMMITTED);
    CU_ASSERT_PTR_NULL(load);
    return info;
}

static void verify(struct bed *bed)
{
    sgc_buf report = {0};
    sgc_status status = sgc_db_verify(bed->db, &report);

    if (status != SGC_OK) printf("\n" SGC_FMT "\n", SGC_ARG(sgc_buf_as_str(&report)));
    CU_ASSERT_EQUAL(status, SGC_OK);
    CU_ASSERT_EQUAL(report.size, 0);
    sgc_buf_free(&report);
}

static uint64_t rows_of(struct bed *bed, const char *table)
{
    sgc_txn *txn = bed_begin(bed);
    uint64_t rows = 0;

    OK(sgc_txn_count_rows(txn, table_of(txn, table), &rows));
    sgc_abort(&txn);
    return rows;
}

/* ---- what is loaded is there ---- */

static size_t count_index(sgc_txn *txn, const char *table, uint16_t index)
{
    sgc_cursor cursor = sgc_cursor_open(txn, table_of(txn, table), index, NULL);
    sgc_str record;
    size_t count = 0;

    while (sgc_cursor_next(&cursor, &record))
        count++;
    OK(sgc_cursor_status(&cursor));
    return count;
}

static void check_users(struct bed *bed, unsigned count)
{
    sgc_txn *txn = bed_begin(bed);
    uint16_t user = table_of(txn, "User");
    const sgc_table *t = &sgc_db_schema(bed->db)->tables[user];

    for (uint16_t i = 0; i < t->index_count; i++) {
        size_t entries = count_index(txn, "User", i);
        CU_ASSERT_EQUAL(entries, t->indexes[i].elements ? 2 * count : count);
    }
    for (unsigned n = 0; n < count; n += 97) {
        char id[20], wanted[100];
        unsigned number = n * 7919U % 1000003U;
        snprintf(id, sizeof id, "u%u", number);
        snprintf(wanted, sizeof wanted, "\"u%u\" \"name of %u\" \"%u@mail.example\" %u", number,
                 number, number, number % 100);
        sgc_str row = show(txn, "User", id);
        CU_ASSERT_TRUE(row.size > strlen(wanted) && memcmp(row.data, wanted, strlen(wanted)) == 0);
    }
    sgc_abort(&txn);
}

static void load_and_look(unsigned rows, uint64_t memory)
{
    struct bed bed;

    bed_open(&bed, SDL, 0);
    sgc_load *load = begin_load(&bed, memory);
    for (unsigned n = 0; n < rows; n++)
        CU_ASSERT_EQUAL_FATAL(add_user(load, n), SGC_OK);
    CU_ASSERT_EQUAL(rows_of(&bed, "User"), 0);
    sgc_commit_info info = committed(load);
    CU_ASSERT_EQUAL(info.sequence, 1);
    CU_ASSERT_EQUAL(sgc_db_head(bed.db), 1);
    check_users(&bed, rows);
    verify(&bed);
    bed_reopen(&bed);
    check_users(&bed, rows);
    verify(&bed);
    bed_close(&bed);
}

static void rows_in_memory(void)
{
    load_and_look(1, 0);
    load_and_look(30000, 64 << 20);
}

static void rows_through_files(void)
{
    load_and_look(30000, 1 << 20);
    load_and_look(20000, 16 << 10);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"rows in memory", rows_in_memory},
        {"rows through files", rows_through_files},
        CU_TEST_INFO_NULL,
    };

    return unit_run("txn.load", tests);
}
