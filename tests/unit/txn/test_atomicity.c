/*
 * test_atomicity.c - a statement that fails leaves nothing of itself: not in the write set, not in
 * any index, not in what is committed. Every kind of failure, each in the middle of its work, and
 * every allocation of statements that do much.
 */
#include "unit/txn/rows.h"

static const char SDL[] =
    "type Team { id: String! @id(generate: NONE) name: String! @unique members: [Member!]! "
    "tags: [Tag!]! }\n"
    "type Member { id: String! @id(generate: NONE) age: Int! @index @check(expr: \"age >= 0\") "
    "team: Team @relation(onDelete: CASCADE) code: String @unique badges: [Badge!]! "
    "reports: [Report!]! notes: [Note!]! }\n"
    "type Badge { id: String! @id(generate: NONE) member: Member! @relation(onDelete: CASCADE) "
    "big: String @index }\n"
    "type Report { id: String! @id(generate: NONE) member: Member! }\n"
    "type Note { id: String! @id(generate: NONE) member: Member @relation(onDelete: SET_NULL) "
    "text: String }\n"
    "type Tag { id: String! @id(generate: NONE) teams: [Team!]! }\n";

/* Everything that every index of every table shows, links too. */
static void show_all(sgc_txn *txn, sgc_buf *out)
{
    const sgc_schema *schema = sgc_db_schema(sgc_txn_db(txn));

    for (uint16_t t = 0; t < schema->table_count; t++) {
        for (uint16_t i = 0; i < schema->tables[t].index_count; i++) {
            sgc_cursor cursor = sgc_cursor_open(txn, t, i, NULL);
            sgc_str record;
            while (sgc_cursor_next(&cursor, &record)) {
                sgc_str entry = sgc_cursor_entry(&cursor);
                sgc_buf_printf(out, "%u.%u:", t, i);
                for (size_t k = 0; k < entry.size; k++)
                    sgc_buf_printf(out, "%02x", (unsigned)(uint8_t)entry.data[k]);
                sgc_buf_byte(out, '=');
                sgc_buf_str(out, record);
                sgc_buf_byte(out, '\n');
            }
            OK(sgc_cursor_status(&cursor));
        }
    }
}

static void fill(struct bed *bed, bool flush)
{
    sgc_txn *txn = bed_begin(bed);
    char json[200];

    OK(put(txn, "Team", "{\"id\":\"t1\",\"name\":\"one\"}"));
    OK(put(txn, "Team", "{\"id\":\"t2\",\"name\":\"two\"}"));
    OK(put(txn, "Tag", "{\"id\":\"g1\"}"));
    OK(put(txn, "Tag", "{\"id\":\"g2\"}"));
    for (int i = 0; i < 6; i++) {
        snprintf(json, sizeof json,
                 "{\"id\":\"m%d\",\"age\":%d,\"teamId\":\"t1\",\"code\":\"c%d\"}", i, i, i);
        OK(put(txn, "Member", json));
        snprintf(json, sizeof json, "{\"id\":\"b%d\",\"memberId\":\"m%d\",\"big\":\"x\"}", i, i);
        OK(put(txn, "Badge", json));
        snprintf(json, sizeof json, "{\"id\":\"n%d\",\"memberId\":\"m%d\"}", i, i);
        OK(put(txn, "Note", json));
    }
    OK(put(txn, "Report", "{\"id\":\"r1\",\"memberId\":\"m5\"}"));
    OK(commit_now(txn));
    if (flush) OK(sgc_db_flush(bed->db));
    txn = bed_begin(bed);
    const sgc_schema *schema = sgc_db_schema(bed->db);
    for (uint16_t t = 0; t < schema->table_count; t++) {
        if (!schema->tables[t].link) continue;
        sgc_str left = key_of(txn, "Tag", "g1"), right = key_of(txn, "Team", "t1");
        if (sgc_link_add(txn, t, left, right) != SGC_OK) OK(sgc_link_add(txn, t, right, left));
    }
    OK(commit_now(txn));
}

/* What the transaction has done before the statement that fails. */
static void begin_work(sgc_txn *txn)
{
    OK(put(txn, "Team", "{\"id\":\"t3\",\"name\":\"three\"}"));
    OK(set(txn, "Member", "{\"id\":\"m1\",\"age\":41,\"teamId\":\"t1\",\"code\":\"c1\"}"));
    OK(drop(txn, "Note", "n4"));
    OK(put(txn, "Badge", "{\"id\":\"b9\",\"memberId\":\"m0\",\"big\":\"y\"}"));
}

/* ---- the statements that fail ---- */

static sgc_status key_exists(sgc_txn *txn)
{
    return put(txn, "Team", "{\"id\":\"t2\",\"name\":\"new\"}");
}

static sgc_status own_key_exists(sgc_txn *txn)
{
    return put(txn, "Team", "{\"id\":\"t3\",\"name\":\"new\"}");
}

static sgc_status unique_exists(sgc_txn *txn)
{
    return put(txn, "Team", "{\"id\":\"t9\",\"name\":\"two\"}");
}

static sgc_status own_unique_exists(sgc_txn *txn)
{
    return put(txn, "Team", "{\"id\":\"t9\",\"name\":\"three\"}");
}

static sgc_status update_to_taken(sgc_txn *txn)
{
    return set(txn, "Member", "{\"id\":\"m1\",\"age\":7,\"teamId\":\"t2\",\"code\":\"c2\"}");
}

static sgc_status no_parent(sgc_txn *txn)
{
    return put(txn, "Report", "{\"id\":\"r2\",\"memberId\":\"nobody\"}");
}

static sgc_status update_to_no_parent(sgc_txn *txn)
{
    return set(txn, "Member", "{\"id\":\"m2\",\"age\":2,\"teamId\":\"t7\",\"code\":\"c9\"}");
}

static sgc_status check_fails(sgc_txn *txn)
{
    return set(txn, "Member", "{\"id\":\"m1\",\"age\":-1,\"teamId\":\"t1\",\"code\":\"c8\"}");
}

static sgc_status null_missing(sgc_txn *txn)
{
    return set(txn, "Report", "{\"id\":\"r1\"}");
}

static sgc_status not_found(sgc_txn *txn)
{
    return drop(txn, "Member", "nobody");
}

static sgc_status update_not_found(sgc_txn *txn)
{
    return set(txn, "Team", "{\"id\":\"t8\",\"name\":\"eight\"}");
}

/* Five members and all their badges go, notes lose their member; then the sixth is held. */
static sgc_status cascade_meets_restrict(sgc_txn *txn)
{
    return drop(txn, "Team", "t1");
}

static sgc_status index_too_long(sgc_txn *txn)
{
    static char json[3000];
    int size = snprintf(json, sizeof json, "{\"id\":\"b1\",\"memberId\":\"m2\",\"big\":\"");

    memset(json + size, 'z', 2000);
    snprintf(json + size + 2000, 10, "\"}");
    return set(txn, "Badge", json);
}

static sgc_status other_key(sgc_txn *txn)
{
    sgc_key key;
    sgc_str record = record_of(txn, table_of(txn, "Tag"), "{\"id\":\"gx\"}", &key);

    return sgc_row_insert(txn, table_of(txn, "Tag"), key_of(txn, "Tag", "gy"), record);
}

static sgc_status no_record(sgc_txn *txn)
{
    return sgc_row_update(txn, table_of(txn, "Tag"), key_of(txn, "Tag", "g2"), SGC_STR("junk"));
}

static sgc_status empty_key(sgc_txn *txn)
{
    return put(txn, "Tag", "{\"id\":\"\"}");
}

static sgc_status link_to_nobody(sgc_txn *txn)
{
    const sgc_schema *schema = sgc_db_schema(sgc_txn_db(txn));
    uint16_t t = 0;

    while (t < schema->table_count && !schema->tables[t].link)
        t++;
    CU_ASSERT_TRUE_FATAL(t < schema->table_count);
    return sgc_link_add(txn, t, key_of(txn, "Tag", "none"), key_of(txn, "Team", "none"));
}

static const struct {
    const char *name;
    sgc_status (*run)(sgc_txn *txn);
    sgc_status expected;
} STATEMENTS[] = {
    {"key exists", key_exists, SGC_EXISTS},
    {"own key exists", own_key_exists, SGC_EXISTS},
    {"unique exists", unique_exists, SGC_EXISTS},
    {"own unique exists", own_unique_exists, SGC_EXISTS},
    {"update to taken", update_to_taken, SGC_EXISTS},
    {"no parent", no_parent, SGC_FOREIGN_KEY},
    {"update to no parent", update_to_no_parent, SGC_FOREIGN_KEY},
    {"check fails", check_fails, SGC_CHECK_FAILED},
    {"null missing", null_missing, SGC_NOT_NULL},
    {"not found", not_found, SGC_NOT_FOUND},
    {"update not found", update_not_found, SGC_NOT_FOUND},
    {"cascade meets restrict", cascade_meets_restrict, SGC_FOREIGN_KEY},
    {"index too long", index_too_long, SGC_LIMIT},
    {"another key", other_key, SGC_INVALID},
    {"no record", no_record, SGC_INVALID},
    {"empty key", empty_key, SGC_INVALID},
    {"link to nobody", link_to_nobody, SGC_FOREIGN_KEY},
};

static void a_failed_statement_leaves_nothing(void)
{
    for (size_t i = 0; i < 2 * sizeof STATEMENTS / sizeof *STATEMENTS; i++) {
        struct bed bed;
        sgc_buf before = {0}, after = {0}, committed = {0};
        bed_open(&bed, SDL, 1 << 20);
        fill(&bed, i % 2);
        sgc_txn *txn = bed_begin(&bed);
        begin_work(txn);
        show_all(txn, &before);
        sgc_status status = STATEMENTS[i / 2].run(txn);
        if (status != STATEMENTS[i / 2].expected) {
            printf("\n    %s: %s\n", STATEMENTS[i / 2].name, sgc_errmsg(txn));
        }
        CU_ASSERT_EQUAL(status, STATEMENTS[i / 2].expected);
        show_all(txn, &after);
        CU_ASSERT_TRUE(sgc_str_eq(sgc_buf_as_str(&before), sgc_buf_as_str(&after)));
        OK(commit_now(txn));
        bed_reopen(&bed);
        txn = bed_begin(&bed);
        show_all(txn, &committed);
        CU_ASSERT_TRUE(sgc_str_eq(sgc_buf_as_str(&before), sgc_buf_as_str(&committed)));
        sgc_abort(&txn);
        sgc_buf_free(&before);
        sgc_buf_free(&after);
        sgc_buf_free(&committed);
        bed_close(&bed);
    }
}

/* ---- memory ---- */

static sgc_status cascade(sgc_txn *txn)
{
    OK(drop(txn, "Report", "r1"));
    return SGC_OK;
}

static sgc_status delete_team(sgc_txn *txn)
{
    return sgc_row_delete(txn, 0, SGC_STR("t1"));
}

static void every_allocation_of_a_cascade(void)
{
    struct bed bed;
    unsigned failed = 0;
    bool done = false;

    bed_open(&bed, SDL, 1 << 20);
    fill(&bed, true);
    for (uint64_t n = 1; n < 400 && !done; n++) {
        sgc_buf before = {0}, after = {0};
        sgc_txn *txn = bed_begin(&bed);
        CU_ASSERT_EQUAL_FATAL(table_of(txn, "Team"), 0);
        begin_work(txn);
        OK(cascade(txn));
        show_all(txn, &before);
        sgc_alloc_fail_at(n, false);
        sgc_status status = delete_team(txn);
        sgc_alloc_fail_at(0, false);
        CU_ASSERT_TRUE(status == SGC_OK || status == SGC_NO_MEMORY);
        show_all(txn, &after);
        bool same = sgc_str_eq(sgc_buf_as_str(&before), sgc_buf_as_str(&after));
        CU_ASSERT_EQUAL(same, status != SGC_OK);
        failed += status != SGC_OK;
        done = status == SGC_OK;
        if (!done) {
            OK(delete_team(txn)); /* with memory it goes */
            UNIT_STR(list(txn, "Member", 0, false), "");
        }
        sgc_abort(&txn);
        sgc_buf_free(&before);
        sgc_buf_free(&after);
    }
    CU_ASSERT_TRUE(done && failed > 0);
    bed_close(&bed);
}

/* A statement of a serializable transaction that has read too much. */
static void a_limit_in_the_middle(void)
{
    struct bed bed;
    unsigned limited = 0;

    bed_open(&bed, SDL, 1 << 20);
    fill(&bed, true);
    for (uint64_t bytes = 600; bytes < 6000; bytes += 100) {
        sgc_txn_options options = {.isolation = SGC_ISOLATION_SERIALIZABLE, .read_bytes = bytes};
        sgc_txn *txn, *reader = bed_begin(&bed);
        OK(sgc_begin_with(bed.db, &options, &txn, NULL));
        sgc_status status = sgc_row_delete(txn, 3, SGC_STR("r1"));
        bool report = status == SGC_OK;
        if (report) status = delete_team(txn);
        CU_ASSERT_TRUE(status == SGC_OK || status == SGC_LIMIT);
        limited += status == SGC_LIMIT;
        sgc_abort(&txn);
        UNIT_STR(list(reader, "Team", 0, false), "\"t1\" \"t2\"");
        sgc_abort(&reader);
    }
    CU_ASSERT_TRUE(limited > 3);
    bed_close(&bed);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a failed statement leaves nothing", a_failed_statement_leaves_nothing},
        {"every allocation of a cascade", every_allocation_of_a_cascade},
        {"a limit in the middle", a_limit_in_the_middle},
        CU_TEST_INFO_NULL,
    };
    return unit_run("txn.atomicity", tests);
}
