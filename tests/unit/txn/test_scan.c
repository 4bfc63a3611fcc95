/*
 * test_scan.c - a scan gives the rows that a cursor gives, whatever lies in pages, MemTables and
 * the write set; it sees one statement's moment; and what it read counts as read. The past is in
 * test_history.c.
 */
#include "unit/txn/rows.h"

static const char SDL[] = "type Note { id: Int! @id(generate: NONE) text: String }\n"
                          "type Page { id: ID! @id(generate: NONE) text: String }\n"
                          "type Edge @table(history: false) { id: BigInt! @id(generate: NONE) }\n";

static const char *const TABLES[] = {"Note", "Page"};

/* Of rows in no order. */
struct digest {
    uint64_t sum;
    size_t count;
};

static void take(struct digest *digest, sgc_str record)
{
    digest->sum += sgc_hash(record.data, record.size, 5);
    digest->count++;
}

static sgc_status rest_of_scan(sgc_scan *scan, struct digest *digest)
{
    sgc_str record;

    while (sgc_scan_next(scan, &record))
        take(digest, record);
    return scan->status;
}

static struct digest scanned(sgc_txn *txn, const char *table)
{
    sgc_scan scan = sgc_scan_open(txn, table_of(txn, table));
    struct digest digest = {0, 0};

    OK(rest_of_scan(&scan, &digest));
    CU_ASSERT_FALSE(sgc_scan_fetch(&scan));
    return digest;
}

static struct digest walked(sgc_txn *txn, const char *table)
{
    sgc_cursor cursor = sgc_cursor_open(txn, table_of(txn, table), 0, NULL);
    struct digest digest = {0, 0};
    sgc_str record;

    while (sgc_cursor_next(&cursor, &record))
        take(&digest, record);
    OK(sgc_cursor_status(&cursor));
    return digest;
}

static bool same(struct digest a, struct digest b)
{
    return a.sum == b.sum && a.count == b.count;
}

static void agrees(sgc_txn *txn)
{
    for (size_t i = 0; i < 2; i++)
        CU_ASSERT_TRUE(same(scanned(txn, TABLES[i]), walked(txn, TABLES[i])));
}

static uint64_t state = 1;

static unsigned roll(unsigned n)
{
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(state >> 33) % n;
}

static void write_some(sgc_txn *txn, unsigned count)
{
    char text[20000], id[20];

    for (unsigned i = 0; i < count; i++) {
        const char *table = TABLES[roll(2)];
        snprintf(id, sizeof id, "%u", roll(300));
        /* Some rows need several pages, a few a page that lists those. */
        int size = roll(30) ? (int)roll(200) : roll(4) ? 5000 : 15000;
        snprintf(text, sizeof text,
                 table == TABLES[0] ? "{\"id\":%s,\"text\":\"%0*u\"}"
                                    : "{\"id\":\"%s\",\"text\":\"%0*u\"}",
                 id, size, roll(1000));
        if (put(txn, table, text) == SGC_OK) continue;
        if (roll(2)) {
            OK(set(txn, table, text));
        } else {
            OK(drop(txn, table, id));
        }
    }
}

static void random_writes(void)
{
    struct bed bed;

    bed_open(&bed, SDL, 16384); /* small MemTables: several wait, others are flushed */
    for (unsigned round = 0; round < 250; round++) {
        sgc_txn *txn = bed_begin(&bed), *old = bed_begin(&bed);
        agrees(txn);
        write_some(txn, roll(60));
        agrees(txn);
        sgc_savepoint mark = sgc_savepoint_set(txn);
        write_some(txn, roll(10));
        agrees(txn);
        if (roll(2)) sgc_savepoint_rollback(txn, mark);
        agrees(txn);
        if (roll(4)) {
            OK(commit_now(txn));
        } else {
            sgc_abort(&txn);
        }
        if (roll(10) == 0) OK(sgc_db_flush(bed.db));
        agrees(old); /* what came later does not count */
        sgc_abort(&old);
        if (roll(50) == 0) bed_reopen(&bed);
    }
    bed_close(&bed);
}

static void fill(struct bed *bed, unsigned rows)
{
    sgc_txn *txn = bed_begin(bed);
    char text[200];

    for (unsigned i = 0; i < rows; i++) {
        snprintf(text, sizeof text, "{\"id\":%u,\"text\":\"%080u\"}", i, i);
        OK(put(txn, "Note", text));
    }
    OK(commit_now(txn));
    OK(sgc_db_flush(bed->db));
}

/* A statement sees its transaction as it was when the scan began, also across flushes. */
static void a_scan_sees_one_moment(void)
{
    struct bed bed;

    bed_open(&bed, SDL, 16384);
    fill(&bed, 2000);
    for (int reads_only = 0; reads_only < 2; reads_only++) {
        struct digest before, got = {0, 0};
        sgc_txn *txn = bed_begin(&bed);
        sgc_str record;
        if (reads_only) {
            sgc_abort(&txn);
            OK(sgc_begin_read(bed.db, sgc_now(), &txn));
        } else {
            write_some(txn, 40);
        }
        before = walked(txn, "Note");
        sgc_scan scan = sgc_scan_open(txn, table_of(txn, "Note"));
        for (int i = 0; i < 300 && sgc_scan_next(&scan, &record); i++)
            take(&got, record);
        for (int i = 0; i < 5; i++) {
            sgc_txn *other = bed_begin(&bed);
            write_some(other, 200);
            OK(commit_now(other));
            OK(sgc_db_flush(bed.db));
        }
        if (!reads_only) write_some(txn, 40);
        OK(rest_of_scan(&scan, &got));
        CU_ASSERT_TRUE(same(got, before));
        agrees(txn);
        sgc_abort(&txn);
    }
    bed_close(&bed);
}

/* What a savepoint takes back must not be shown any more; later writes never were. */
static void rolled_back_rows_end_a_scan(void)
{
    struct bed bed;
    sgc_str record;
    struct digest got = {0, 0};

    bed_open(&bed, SDL, 0);
    fill(&bed, 1000);
    sgc_txn *txn = bed_begin(&bed);
    sgc_savepoint start = sgc_savepoint_set(txn);
    OK(set(txn, "Note", "{\"id\":7,\"text\":\"x\"}"));
    sgc_scan scan = sgc_scan_open(txn, table_of(txn, "Note"));
    sgc_scan other = sgc_scan_open(txn, table_of(txn, "Page"));
    sgc_savepoint mark = sgc_savepoint_set(txn);
    CU_ASSERT_TRUE(sgc_scan_next(&scan, &record));
    OK(drop(txn, "Note", "8"));
    sgc_savepoint_rollback(txn, mark);
    CU_ASSERT_TRUE(sgc_scan_next(&scan, &record));
    sgc_savepoint_rollback(txn, start);
    IS(rest_of_scan(&scan, &got), SGC_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(sgc_errmsg(txn), "rolled back"));
    OK(rest_of_scan(&other, &got));
    CU_ASSERT_EQUAL(scanned(txn, "Note").count, 1000);
    sgc_abort(&txn);
    bed_close(&bed);
}

/* A scan that is left early ends with its transaction, or when it is told to. */
static void scans_end_with_their_transaction(void)
{
    struct bed bed;
    sgc_str record;
    sgc_txn_stats stats;

    bed_open(&bed, SDL, 0);
    fill(&bed, 1000);
    sgc_txn *txn = bed_begin(&bed);
    sgc_scan one = sgc_scan_open(txn, table_of(txn, "Note"));
    sgc_scan two = sgc_scan_open(txn, table_of(txn, "Note")), three = one;
    CU_ASSERT_TRUE(sgc_scan_next(&three, &record)); /* it may be moved */
    CU_ASSERT_TRUE(sgc_scan_next(&two, &record));
    sgc_scan_end(&two);
    sgc_scan_end(&two);
    CU_ASSERT_FALSE(sgc_scan_next(&two, &record));
    OK(two.status);
    CU_ASSERT_EQUAL(scanned(txn, "Edge").count, 0);
    sgc_txn_get_stats(txn, &stats);
    CU_ASSERT_TRUE(stats.rows_read > 0 && stats.rows_read < 1000);
    CU_ASSERT_EQUAL(stats.entries_read, 0);
    sgc_abort(&txn);
    bed_close(&bed);
}

static void a_past_without_history_is_refused(void)
{
    struct bed bed;
    struct digest got = {0, 0};
    sgc_txn *txn;

    bed_open(&bed, SDL, 0);
    for (int i = 0; i < 3; i++) {
        char text[40];
        txn = bed_begin(&bed);
        snprintf(text, sizeof text, "{\"id\":%d}", i);
        OK(put(txn, "Edge", text));
        OK(commit_now(txn));
        OK(sgc_db_flush(bed.db));
    }
    OK(sgc_begin_read(bed.db, sgc_at_seq(1), &txn));
    sgc_scan scan = sgc_scan_open(txn, table_of(txn, "Edge"));
    IS(rest_of_scan(&scan, &got), SGC_HISTORY_PRUNED);
    CU_ASSERT_EQUAL(got.count, 0);
    sgc_abort(&txn);
    OK(sgc_begin_read(bed.db, sgc_at_seq(3), &txn));
    CU_ASSERT_EQUAL(scanned(txn, "Edge").count, 3);
    sgc_abort(&txn);
    bed_close(&bed);
}

/* ---- serializable ---- */

static sgc_status insert_one(sgc_txn *txn)
{
    return put(txn, "Note", "{\"id\":5000}");
}

static sgc_status update_one(sgc_txn *txn)
{
    return set(txn, "Note", "{\"id\":5,\"text\":\"new\"}");
}

static sgc_status delete_one(sgc_txn *txn)
{
    return drop(txn, "Note", "5");
}

static sgc_status write_elsewhere(sgc_txn *txn)
{
    return put(txn, "Page", "{\"id\":\"p\"}");
}

/* Whether a scan of all notes conflicts with what another transaction does meanwhile. */
static sgc_status scan_beside(sgc_status (*change)(sgc_txn *txn), bool flush)
{
    struct bed bed;
    sgc_txn_options options = {.isolation = SGC_ISOLATION_SERIALIZABLE};
    sgc_error error = {SGC_OK, ""};
    sgc_txn *txn, *other;
    sgc_commit_info info;

    bed_open(&bed, SDL, 0);
    fill(&bed, 50);
    CU_ASSERT_EQUAL_FATAL(sgc_begin_with(bed.db, &options, &txn, &error), SGC_OK);
    CU_ASSERT_EQUAL(scanned(txn, "Note").count, 50);
    CU_ASSERT_EQUAL(scanned(txn, "Note").count, 50);
    other = bed_begin(&bed);
    OK(change(other));
    OK(commit_now(other));
    if (flush) OK(sgc_db_flush(bed.db));
    OK(put(txn, "Edge", "{\"id\":1}"));
    sgc_status status = sgc_commit(&txn, &info);
    if (status != SGC_OK) CU_ASSERT_PTR_NOT_NULL(strstr(info.error.text, "all read here"));
    bed_close(&bed);
    return status;
}

static void a_whole_table_counts_as_read(void)
{
    for (int flush = 0; flush < 2; flush++) {
        IS(scan_beside(insert_one, flush), SGC_CONFLICT);
        IS(scan_beside(update_one, flush), SGC_CONFLICT);
        IS(scan_beside(delete_one, flush), SGC_CONFLICT);
        OK(scan_beside(write_elsewhere, flush));
    }
}

static void remembering_has_its_limit(void)
{
    struct bed bed;
    sgc_txn_options options = {.isolation = SGC_ISOLATION_SERIALIZABLE, .read_bytes = 8};
    sgc_error error = {SGC_OK, ""};
    struct digest got = {0, 0};
    sgc_txn *txn;

    bed_open(&bed, SDL, 0);
    CU_ASSERT_EQUAL_FATAL(sgc_begin_with(bed.db, &options, &txn, &error), SGC_OK);
    sgc_scan scan = sgc_scan_open(txn, table_of(txn, "Note"));
    IS(rest_of_scan(&scan, &got), SGC_LIMIT);
    sgc_abort(&txn);
    bed_close(&bed);
}

/* ---- failing memory ---- */

/* Every allocation fails once: all rows, or an error. */
static void every_allocation_fails_once(void)
{
    struct bed bed;
    unsigned failed = 0;
    bool through = false;

    bed_open(&bed, SDL, 0);
    fill(&bed, 500);
    sgc_txn *txn = bed_begin(&bed);
    write_some(txn, 400);
    OK(commit_now(txn));
    OK(sgc_db_flush(bed.db));
    txn = bed_begin(&bed);
    write_some(txn, 50);
    struct digest whole = walked(txn, "Note");
    for (unsigned n = 1; !through && n < 200; n++) {
        struct digest got = {0, 0};
        sgc_alloc_fail_at(n, false);
        sgc_scan scan = sgc_scan_open(txn, 0);
        sgc_status status = rest_of_scan(&scan, &got);
        sgc_alloc_fail_at(0, false);
        CU_ASSERT_TRUE_FATAL(status == SGC_OK || status == SGC_NO_MEMORY);
        through = status == SGC_OK;
        failed += !through;
        if (through) CU_ASSERT_TRUE(same(got, whole));
    }
    CU_ASSERT_TRUE(through && failed >= 3);
    sgc_abort(&txn);
    bed_close(&bed);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"random writes", random_writes},
        {"a scan sees one moment", a_scan_sees_one_moment},
        {"rolled back rows end a scan", rolled_back_rows_end_a_scan},
        {"scans end with their transaction", scans_end_with_their_transaction},
        {"a past without history is refused", a_past_without_history_is_refused},
        {"a whole table counts as read", a_whole_table_counts_as_read},
        {"remembering has its limit", remembering_has_its_limit},
        {"every allocation fails once", every_allocation_fails_once},
        CU_TEST_INFO_NULL,
    };
    return unit_run("txn.scan", tests);
}
