/*
 * test_idempotency.c - work behind a key is done once: across threads, restarts, flushes and power
 * cuts, until the key expires. And nobody sees where the keys are kept.
 */
#include "txn/internal.h"
#include "unit/txn/rows.h"

#include <stdatomic.h>

enum { HOUR = 3600, DAY = 24 * HOUR, START = 1000000 };

static const char SDL[] = "type Order { id: String! @id(generate: NONE) amount: Int! @index }\n";

static sgc_status begin_key(sgc_db *db, const char *key, const char *request, sgc_txn **txn,
                            sgc_commit_info *done, sgc_error *error)
{
    sgc_txn_options options = {
        .idempotency_key = sgc_str_from(key), .request = sgc_str_from(request), .done = done};

    return sgc_begin_with(db, &options, txn, error);
}

/* Orders once under the key; what the commit or the beginning says. */
static sgc_status order_once(struct bed *bed, const char *key, const char *id,
                             sgc_commit_info *info)
{
    sgc_txn *txn;
    sgc_error error = {SGC_OK, ""};
    char json[100];
    sgc_status status = begin_key(bed->db, key, id, &txn, info, &error);

    if (status != SGC_OK) {
        CU_ASSERT_PTR_NULL(txn);
        CU_ASSERT_TRUE(error.text[0] != '\0');
        return status;
    }
    snprintf(json, sizeof json, "{\"id\":\"%s\",\"amount\":1}", id);
    status = put(txn, "Order", json);
    if (status == SGC_OK) return sgc_commit(&txn, info);
    IS(status, SGC_READ_ONLY);
    sgc_abort(&txn);
    return status;
}

static void check_rows(struct bed *bed, const char *rows)
{
    sgc_txn *txn = bed_begin(bed);

    UNIT_STR(list(txn, "Order", 0, false), rows);
    sgc_abort(&txn);
}

static void check_clean(struct bed *bed)
{
    sgc_buf report = {0};

    OK(sgc_db_flush(bed->db));
    OK(sgc_pages_verify(bed->db->pages, &report)); /* with the engine's own tables */
    if (report.size) printf("\n    " SGC_FMT "\n", SGC_ARG(sgc_buf_as_str(&report)));
    CU_ASSERT_EQUAL(report.size, 0);
    sgc_buf_free(&report);
}

/* ---- once ---- */

static void once(void)
{
    for (int flush = 0; flush < 3; flush++) {
        struct bed bed;
        sgc_commit_info first, again = {0};
        bed_open(&bed, SDL, 1 << 20);
        OK(order_once(&bed, "k1", "a", &first));
        CU_ASSERT_EQUAL(first.outcome, SGC_OUTCOME_COMMITTED);
        if (flush == 1) OK(sgc_db_flush(bed.db));
        if (flush == 2) bed_reopen(&bed);
        IS(order_once(&bed, "k1", "a", &again), SGC_EXISTS);
        CU_ASSERT_EQUAL(again.outcome, SGC_OUTCOME_COMMITTED);
        CU_ASSERT_EQUAL(again.sequence, first.sequence);
        CU_ASSERT_EQUAL(again.time_us, first.time_us);
        IS(order_once(&bed, "k1", "b", &again), SGC_INVALID);
        OK(order_once(&bed, "k2", "b", &again));
        check_rows(&bed, "\"a\" \"b\"");
        check_clean(&bed);
        bed_close(&bed);
    }
}

static void what_was_refused_may_be_tried_again(void)
{
    struct bed bed;
    sgc_commit_info info;
    sgc_txn *txn;

    bed_open(&bed, SDL, 1 << 20);
    OK(begin_key(bed.db, "k", "a", &txn, NULL, NULL));
    OK(put(txn, "Order", "{\"id\":\"a\",\"amount\":1}"));
    sgc_abort(&txn);
    OK(begin_key(bed.db, "k", "a", &txn, NULL, NULL));
    OK(put(txn, "Order", "{\"id\":\"a\",\"amount\":1}"));
    sgc_txn *other = bed_begin(&bed);
    OK(put(other, "Order", "{\"id\":\"a\",\"amount\":2}"));
    OK(commit_now(other));
    IS(sgc_commit(&txn, &info), SGC_CONFLICT);
    check_rows(&bed, "\"a\"");
    IS(order_once(&bed, "k", "c", &info), SGC_OK);
    IS(order_once(&bed, "k", "c", &info), SGC_EXISTS);
    check_rows(&bed, "\"a\" \"c\"");
    bed_close(&bed);
}

/* Work that changes nothing is done once, too; so is a large one, and a serializable one. */
static void every_kind_of_work(void)
{
    struct bed bed;
    sgc_commit_info info, again;
    sgc_txn *txn;

    bed_open(&bed, SDL, 64 << 10);
    OK(begin_key(bed.db, "empty", "", &txn, NULL, NULL));
    OK(sgc_commit(&txn, &info));
    CU_ASSERT_TRUE(info.sequence > 0);
    IS(begin_key(bed.db, "empty", "", &txn, &again, NULL), SGC_EXISTS);
    CU_ASSERT_EQUAL(again.sequence, info.sequence);

    OK(begin_key(bed.db, "large", "", &txn, NULL, NULL));
    for (int i = 0; i < 3000; i++) {
        char json[100];
        snprintf(json, sizeof json, "{\"id\":\"n%d\",\"amount\":%d}", i, i);
        OK(put(txn, "Order", json));
    }
    OK(sgc_commit(&txn, &info));
    IS(begin_key(bed.db, "large", "", &txn, &again, NULL), SGC_EXISTS);
    CU_ASSERT_EQUAL(again.sequence, info.sequence);

    sgc_txn_options options = {.idempotency_key = SGC_STR("serializable"),
                               .isolation = SGC_ISOLATION_SERIALIZABLE,
                               .has_durability = true,
                               .durability = SGC_DURABILITY_NONE};
    OK(sgc_begin_with(bed.db, &options, &txn, NULL));
    OK(drop(txn, "Order", "n7"));
    OK(sgc_commit(&txn, &info));
    options.done = &again;
    IS(sgc_begin_with(bed.db, &options, &txn, NULL), SGC_EXISTS);
    CU_ASSERT_EQUAL(again.sequence, info.sequence);
    bed_reopen(&bed);
    IS(sgc_begin_with(bed.db, &options, &txn, NULL), SGC_EXISTS);
    IS(begin_key(bed.db, "large", "", &txn, NULL, NULL), SGC_EXISTS);
    IS(begin_key(bed.db, "empty", "", &txn, NULL, NULL), SGC_EXISTS);
    check_clean(&bed);
    bed_close(&bed);
}

static void bad_keys(void)
{
    struct bed bed;
    char longest[300];
    sgc_error error;
    sgc_txn *txn;

    memset(longest, 'k', sizeof longest);
    longest[256] = '\0';
    bed_open(&bed, SDL, 1 << 20);
    IS(begin_key(bed.db, "", "", &txn, NULL, &error), SGC_INVALID);
    IS(begin_key(bed.db, longest, "", &txn, NULL, &error), SGC_LIMIT);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "255"));
    longest[255] = '\0';
    OK(begin_key(bed.db, longest, "", &txn, NULL, &error));
    OK(sgc_commit(&txn, NULL));
    OK(sgc_db_flush(bed.db));
    IS(begin_key(bed.db, longest, "", &txn, NULL, &error), SGC_EXISTS);
    bed_close(&bed);
}

/* ---- expiry ---- */

static uint64_t now_us;

static void set_clock(struct bed *bed, uint64_t seconds)
{
    now_us = seconds * 1000000;
    sgc_memory_os_set_time(bed->memory, now_us);
}

static void keys_expire(void)
{
    for (int flush = 0; flush < 2; flush++) {
        struct bed bed;
        sgc_commit_info info;
        sgc_txn *txn;
        bed_open(&bed, SDL, 1 << 20);
        set_clock(&bed, START);
        OK(order_once(&bed, "day", "a", &info));
        sgc_txn_options hour = {.idempotency_key = SGC_STR("hour"),
                                .idempotency_us = (uint64_t)HOUR * 1000000};
        OK(sgc_begin_with(bed.db, &hour, &txn, NULL));
        OK(sgc_commit(&txn, &info));
        if (flush) OK(sgc_db_flush(bed.db));
        set_clock(&bed, START + HOUR - 1);
        IS(sgc_begin_with(bed.db, &hour, &txn, NULL), SGC_EXISTS);
        set_clock(&bed, START + HOUR + 1);
        OK(sgc_begin_with(bed.db, &hour, &txn, NULL));
        OK(sgc_commit(&txn, &info));
        IS(sgc_begin_with(bed.db, &hour, &txn, NULL), SGC_EXISTS);
        set_clock(&bed, START + DAY - 1);
        IS(order_once(&bed, "day", "a", &info), SGC_EXISTS);
        set_clock(&bed, START + DAY + 1);
        OK(order_once(&bed, "day", "other", &info));
        IS(order_once(&bed, "day", "other", &info), SGC_EXISTS);
        bed_reopen(&bed);
        IS(order_once(&bed, "day", "other", &info), SGC_EXISTS);
        check_rows(&bed, "\"a\" \"other\"");
        check_clean(&bed);
        bed_close(&bed);
    }
}

/* Commits with keys take expired ones away: their space does not grow for ever. */
static void expired_keys_go(void)
{
    struct bed bed;
    sgc_commit_info info;
    sgc_txn *txn;
    sgc_db_stats before, after;
    char key[32];

    bed_open(&bed, SDL, 64 << 10);
    for (int round = 0; round < 6; round++) {
        for (int i = 0; i < 2000; i++) {
            set_clock(&bed, (uint64_t)(START + round * 2 * DAY));
            snprintf(key, sizeof key, "key-%d-%d", round, i);
            OK(begin_key(bed.db, key, "", &txn, NULL, NULL));
            OK(sgc_commit(&txn, &info));
        }
        OK(sgc_db_flush(bed.db));
        if (round == 1) sgc_db_get_stats(bed.db, &before);
    }
    sgc_db_get_stats(bed.db, &after);
    CU_ASSERT_TRUE(after.page_file_bytes < before.page_file_bytes * 2);
    IS(begin_key(bed.db, "key-5-77", "", &txn, NULL, NULL), SGC_EXISTS);
    OK(begin_key(bed.db, "key-3-77", "", &txn, NULL, NULL));
    sgc_abort(&txn);
    check_clean(&bed);
    bed_close(&bed);
}

/* ---- threads ---- */

enum { THREADS = 8, KEYS = 60 };

struct racing {
    struct bed *bed;
    _Atomic int committed[KEYS], told[KEYS], wrong;
    _Atomic uint64_t sequences[KEYS];
};

static void try_key(struct racing *r, int number, unsigned seed)
{
    char key[32], room[64];
    sgc_commit_info info = {0};
    sgc_txn *txn;
    sgc_key pk;

    snprintf(key, sizeof key, "k%d", number);
    sgc_status status = begin_key(r->bed->db, key, "same", &txn, &info, NULL);
    if (status == SGC_OK && seed % 3 == 0) {
        sgc_abort(&txn); /* it gave up: another one may */
        return;
    }
    if (status == SGC_OK) {
        uint8_t *p = sgc_put_record_head((uint8_t *)room, 2, 1);
        p = sgc_put_str(sgc_put_int(p, true, number), sgc_str_from(key));
        sgc_pk_text(&pk, sgc_str_from(key));
        status =
            sgc_row_insert(txn, 0, sgc_key_str(&pk), sgc_str_of(room, (size_t)((char *)p - room)));
        if (status != SGC_OK) sgc_abort(&txn);
        if (status == SGC_OK) status = sgc_commit(&txn, &info);
        if (status == SGC_OK) r->committed[number]++;
    } else if (status == SGC_EXISTS) {
        r->told[number]++;
        status = SGC_OK;
    }
    uint64_t none = 0;
    bool same = atomic_compare_exchange_strong(&r->sequences[number], &none, info.sequence) ||
                none == info.sequence;
    if (status != SGC_OK || !same) r->wrong++;
}

static void *race(void *argument)
{
    struct racing *r = argument;
    static _Atomic unsigned seeds;
    unsigned seed = atomic_fetch_add(&seeds, 7919);

    for (int i = 0; i < KEYS; i++) {
        for (int again = 0; again < 3; again++)
            try_key(r, i, seed++);
    }
    return NULL;
}

static void threads_do_it_once(void)
{
    struct bed bed;
    static struct racing r;
    sgc_thread threads[THREADS];

    bed_open(&bed, SDL, 64 << 10);
    r.bed = &bed;
    for (int i = 0; i < THREADS; i++)
        CU_ASSERT_EQUAL_FATAL(sgc_thread_start(&threads[i], race, &r), SGC_OK);
    for (int i = 0; i < THREADS; i++)
        sgc_thread_join(threads[i]);
    CU_ASSERT_EQUAL(r.wrong, 0);
    for (int i = 0; i < KEYS; i++) {
        CU_ASSERT_EQUAL(r.committed[i], 1);
        CU_ASSERT_TRUE(r.told[i] > 0);
    }
    check_clean(&bed);
    bed_close(&bed);
}

/* ---- power cuts ---- */

/* Key and row are both there or neither, and what was acknowledged is there. */
static void cut_at(uint64_t step)
{
    struct bed bed;
    sgc_commit_info info;
    char key[32];
    int acknowledged = 0;

    bed_open(&bed, SDL, 32 << 10);
    sgc_memory_os_set_faults(bed.memory, &(sgc_faults){.power_cut_at = step, .seed = step});
    for (int i = 0; i < 40; i++) {
        snprintf(key, sizeof key, "k%02d", i);
        if (order_once(&bed, key, key, &info) != SGC_OK) break;
        acknowledged++;
        if (i % 11 == 10) (void)!sgc_db_flush(bed.db);
    }
    sgc_memory_os_set_faults(bed.memory, &(sgc_faults){.power_cut_at = 1});
    (void)!sgc_db_close(bed.db);
    sgc_memory_os_power_cycle(bed.memory, step);
    CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
    for (int i = 0; i < 40; i++) {
        sgc_txn *txn;
        snprintf(key, sizeof key, "k%02d", i);
        sgc_status status = begin_key(bed.db, key, key, &txn, &info, NULL);
        CU_ASSERT_TRUE(status == SGC_OK || status == SGC_EXISTS);
        if (i < acknowledged) CU_ASSERT_EQUAL(status, SGC_EXISTS);
        sgc_txn *reader = bed_begin(&bed);
        bool there = !sgc_str_eq(show(reader, "Order", key), SGC_STR("-"));
        sgc_abort(&reader);
        CU_ASSERT_EQUAL(there, status == SGC_EXISTS);
        sgc_abort(&txn);
    }
    check_clean(&bed);
    bed_close(&bed);
}

static void power_cuts(void)
{
    for (uint64_t step = 1; step <= 160; step += 3)
        cut_at(step);
}

/* ---- nobody sees it ---- */

static void nobody_sees_the_keys(void)
{
    struct bed bed;
    sgc_commit_info info;

    bed_open(&bed, SDL, 1 << 20);
    OK(order_once(&bed, "k1", "a", &info));
    OK(sgc_db_flush(bed.db));
    OK(order_once(&bed, "k2", "b", &info));
    CU_ASSERT_PTR_EQUAL(sgc_db_schema(bed.db), bed.schema);
    sgc_txn *txn = bed_begin(&bed);
    sgc_changes changes = sgc_changes_since(txn, 0, 0, SGC_NONE);
    sgc_row_change change;
    int count = 0;
    for (; sgc_changes_next(&changes, &change); count++)
        CU_ASSERT_EQUAL(change.table, 0);
    OK(changes.status);
    sgc_changes_end(&changes);
    CU_ASSERT_EQUAL(count, 2);
    sgc_abort(&txn);
    /* The model kept in the database is the user's, too. */
    const sgc_schema *given = bed.schema;
    OK(sgc_db_close(bed.db));
    bed.schema = NULL;
    CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
    CU_ASSERT_EQUAL(sgc_db_schema(bed.db)->hash, given->hash);
    CU_ASSERT_EQUAL(sgc_db_schema(bed.db)->table_count, 1);
    CU_ASSERT_TRUE(sgc_str_eq(sgc_db_schema(bed.db)->sdl, given->sdl));
    IS(order_once(&bed, "k2", "b", &info), SGC_EXISTS);
    IS(order_once(&bed, "k1", "a", &info), SGC_EXISTS);
    check_rows(&bed, "\"a\" \"b\"");
    bed_close(&bed);
}

/* A database with nothing but keys has no rows: it may get another schema. */
static void another_schema(void)
{
    struct bed bed;
    sgc_commit_info info;
    sgc_error error;
    sgc_txn *txn;

    bed_open(&bed, SDL, 1 << 20);
    OK(begin_key(bed.db, "k", "", &txn, NULL, NULL));
    OK(sgc_commit(&txn, &info));
    const sgc_schema *other =
        bed_schema(&bed, "type Other { id: Int! @id(generate: NONE) }\ntype Two { id: ID! }\n");
    OK(sgc_db_set_schema(bed.db, other, &error));
    CU_ASSERT_PTR_EQUAL(sgc_db_schema(bed.db), other);
    bed.schema = other;
    OK(begin_key(bed.db, "k3", "", &txn, NULL, NULL));
    OK(put(txn, "Other", "{\"id\":3}"));
    OK(sgc_commit(&txn, &info));
    IS(begin_key(bed.db, "k3", "", &txn, NULL, NULL), SGC_EXISTS);
    bed_reopen(&bed);
    IS(begin_key(bed.db, "k3", "", &txn, NULL, NULL), SGC_EXISTS);
    check_clean(&bed);
    bed_close(&bed);
}

/* Whichever allocation fails, a key is free again afterwards or its work is done. */
static void without_memory(void)
{
    struct bed bed;
    sgc_commit_info info;
    unsigned failed = 0;

    bed_open(&bed, SDL, 1 << 20);
    for (unsigned n = 1; n < 40; n++) {
        char key[32];
        sgc_txn *txn;
        snprintf(key, sizeof key, "m%u", n);
        sgc_alloc_fail_at(n, false);
        sgc_status status = begin_key(bed.db, key, "", &txn, NULL, NULL);
        if (status == SGC_OK) status = sgc_commit(&txn, &info);
        sgc_alloc_fail_at(0, false);
        CU_ASSERT_TRUE(status == SGC_OK || status == SGC_NO_MEMORY);
        failed += status != SGC_OK;
        sgc_status again = begin_key(bed.db, key, "", &txn, NULL, NULL);
        CU_ASSERT_EQUAL(again, status == SGC_OK ? SGC_EXISTS : SGC_OK);
        sgc_abort(&txn);
    }
    CU_ASSERT_TRUE(failed > 2);
    check_clean(&bed);
    bed_close(&bed);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"once", once},
        {"what was refused may be tried again", what_was_refused_may_be_tried_again},
        {"every kind of work", every_kind_of_work},
        {"bad keys", bad_keys},
        {"keys expire", keys_expire},
        {"expired keys go", expired_keys_go},
        {"threads do it once", threads_do_it_once},
        {"power cuts", power_cuts},
        {"nobody sees the keys", nobody_sees_the_keys},
        {"another schema", another_schema},
        {"without memory", without_memory},
        CU_TEST_INFO_NULL,
    };
    return unit_run("txn.idempotency", tests);
}
