/*
 * test_threads.c - many writers and readers at once: sums that never change, lists that lose
 * nothing, no deadlock, few flushes, and readers that finish while a writer stays open.
 */
#include "unit/txn/rows.h"

#include <stdatomic.h>
#include <unistd.h>

enum { WRITERS = 8, READERS = 3, ACCOUNTS = 40, TOTAL = ACCOUNTS * 100, ROUNDS = 150 };

static const char SDL[] = "type Account { id: Int! @id(generate: NONE) balance: Int! @index }\n"
                          "type Entry { id: ID! @id(generate: NONE) list: Int! @index "
                          "place: Int! text: String }\n";

struct shared {
    struct bed *bed;
    _Atomic int stop, wrong, conflicts, commits;
};

struct worker {
    struct shared *shared;
    sgc_thread thread;
    uint64_t random;
    int number;
};

static uint64_t draw(struct worker *w, uint64_t below)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return (w->random >> 11) % below;
}

/* Records by hand: CUnit's asserts are not for several threads. */
static sgc_str account(char *room, int32_t id, int32_t balance)
{
    uint8_t *p = sgc_put_record_head((uint8_t *)room, 2, 1);

    p = sgc_put_int(sgc_put_int(p, true, id), true, balance);
    return sgc_str_of(room, (size_t)((char *)p - room));
}

static sgc_status balance_of(sgc_txn *txn, int32_t id, int32_t *balance)
{
    sgc_key key;
    sgc_str record;

    sgc_pk_int(&key, id);
    sgc_status status = sgc_row_get(txn, 0, sgc_key_str(&key), &record);
    if (status == SGC_OK) {
        *balance = sgc_slot_int((const uint8_t *)record.data + SGC_RECORD_HEAD + 5);
    }
    return status;
}

static sgc_status set_balance(sgc_txn *txn, int32_t id, int32_t balance)
{
    char room[32];
    sgc_key key;

    sgc_pk_int(&key, id);
    return sgc_row_update(txn, 0, sgc_key_str(&key), account(room, id, balance));
}

static sgc_status transfer(struct worker *w)
{
    int32_t from = (int32_t)draw(w, ACCOUNTS), to = (int32_t)draw(w, ACCOUNTS);
    int32_t amount = 1 + (int32_t)draw(w, 20), have, got;
    sgc_txn *txn;
    sgc_status status = sgc_begin(w->shared->bed->db, &txn);

    if (status != SGC_OK || from == to) {
        sgc_abort(&txn);
        return status;
    }
    status = balance_of(txn, from, &have);
    if (status == SGC_OK) status = balance_of(txn, to, &got);
    if (status == SGC_OK) status = set_balance(txn, from, have - amount);
    if (status == SGC_OK) status = set_balance(txn, to, got + amount);
    if (status == SGC_OK) return sgc_commit(&txn, NULL);
    sgc_abort(&txn);
    return status;
}

static void *write_on(void *argument)
{
    struct worker *w = argument;

    for (int i = 0; i < ROUNDS; i++) {
        sgc_status status = transfer(w);
        if (status == SGC_OK) {
            atomic_fetch_add(&w->shared->commits, 1);
        } else if (status == SGC_CONFLICT) {
            atomic_fetch_add(&w->shared->conflicts, 1);
        } else {
            atomic_fetch_add(&w->shared->wrong, 1);
        }
    }
    return NULL;
}

/* The sum over any index, in either direction, or over all pages is the same in every snapshot. */
static bool sum_is_right(struct worker *w)
{
    sgc_txn *txn;
    sgc_str record;
    int64_t sum = 0, rows = 0;
    sgc_range range = {.descending = draw(w, 2)};

    if (sgc_begin_read(w->shared->bed->db, sgc_now(), &txn) != SGC_OK) return false;
    bool ordered = draw(w, 3);
    sgc_cursor cursor = sgc_cursor_open(txn, 0, (uint16_t)draw(w, 2), &range);
    sgc_scan scan = sgc_scan_open(txn, 0);
    while (ordered ? sgc_cursor_next(&cursor, &record) : sgc_scan_next(&scan, &record)) {
        sum += sgc_slot_int((const uint8_t *)record.data + SGC_RECORD_HEAD + 5);
        rows++;
    }
    bool good = sgc_cursor_status(&cursor) == SGC_OK && scan.status == SGC_OK && sum == TOTAL &&
                rows == ACCOUNTS;
    sgc_abort(&txn);
    return good;
}

static void *read_on(void *argument)
{
    struct worker *w = argument;

    while (!atomic_load(&w->shared->stop)) {
        if (!sum_is_right(w)) atomic_fetch_add(&w->shared->wrong, 1);
        if (draw(w, 100) == 0 && sgc_db_flush(w->shared->bed->db) != SGC_OK) {
            atomic_fetch_add(&w->shared->wrong, 1);
        }
    }
    return NULL;
}

static void fill_accounts(struct bed *bed)
{
    sgc_txn *txn = bed_begin(bed);
    char json[100];

    for (int i = 0; i < ACCOUNTS; i++) {
        snprintf(json, sizeof json, "{\"id\":%d,\"balance\":100}", i);
        OK(put(txn, "Account", json));
    }
    OK(commit_now(txn));
}

static void start_all(struct shared *shared, struct worker *workers, int count,
                      void *(*run)(void *), int first)
{
    for (int i = 0; i < count; i++) {
        workers[i] = (struct worker){.shared = shared, .number = first + i};
        workers[i].random = (uint64_t)(first + i) * 0x9E3779B97F4A7C15U + 77;
        CU_ASSERT_EQUAL_FATAL(sgc_thread_start(&workers[i].thread, run, &workers[i]), SGC_OK);
    }
}

static void join_all(struct worker *workers, int count)
{
    for (int i = 0; i < count; i++)
        sgc_thread_join(workers[i].thread);
}

static void sums_never_change(void)
{
    struct bed bed;
    struct worker writers[WRITERS], readers[READERS];
    bed_open(&bed, SDL, 32 << 10);
    struct shared shared = {.bed = &bed};

    fill_accounts(&bed);
    start_all(&shared, readers, READERS, read_on, 100);
    start_all(&shared, writers, WRITERS, write_on, 1);
    join_all(writers, WRITERS);
    atomic_store(&shared.stop, 1);
    join_all(readers, READERS);
    CU_ASSERT_EQUAL(shared.wrong, 0);
    CU_ASSERT_TRUE(shared.commits > WRITERS * ROUNDS / 10);
    bed_reopen(&bed);
    shared.stop = 0;
    struct worker last = {.shared = &shared, .random = 5};
    CU_ASSERT_TRUE(sum_is_right(&last));
    bed_close(&bed);
}

/* ---- lists that grow by one: every append read the whole list first ---- */

enum { LISTS = 3 };

static sgc_status length_of(sgc_txn *txn, int32_t list, int32_t *length)
{
    sgc_key prefix;
    sgc_str one;

    sgc_key_start(&prefix);
    sgc_key_int(&prefix, list, false);
    one = sgc_key_str(&prefix);
    sgc_cursor cursor = sgc_cursor_open_many(txn, 1, 1, &one, 1, false);
    for (*length = 0; sgc_cursor_skip(&cursor);)
        ++*length;
    return sgc_cursor_status(&cursor);
}

/* Two appends to one list write the same key, so one of them conflicts. */
static sgc_status append(struct worker *w)
{
    int32_t list = (int32_t)draw(w, LISTS), length = 0;
    char key[40], room[100];
    sgc_txn *txn;
    sgc_status status = sgc_begin(w->shared->bed->db, &txn);

    if (status != SGC_OK) return status;
    status = length_of(txn, list, &length);
    int size = snprintf(key, sizeof key, "%d-%06d", list, length);
    uint8_t *p = sgc_put_record_head((uint8_t *)room, 4, 1);
    p = sgc_put_int(sgc_put_int(p, true, list), true, length);
    p = sgc_put_str(sgc_put_str(p, sgc_str_of(key, (size_t)size)), sgc_str_of(NULL, 0));
    sgc_str record = sgc_str_of(room, (size_t)((char *)p - room));
    if (status == SGC_OK) status = sgc_row_insert(txn, 1, sgc_str_of(key, (size_t)size), record);
    if (status == SGC_OK) return sgc_commit(&txn, NULL);
    sgc_abort(&txn);
    return status;
}

static void *append_on(void *argument)
{
    struct worker *w = argument;

    for (int i = 0; i < ROUNDS; i++) {
        sgc_status status = append(w);
        if (status == SGC_OK) atomic_fetch_add(&w->shared->commits, 1);
        if (status != SGC_OK && status != SGC_CONFLICT) atomic_fetch_add(&w->shared->wrong, 1);
    }
    return NULL;
}

/* A reader sees each list without holes, and never shorter than it saw it before. */
static void *read_lists(void *argument)
{
    struct worker *w = argument;
    int32_t seen[LISTS] = {0};

    while (!atomic_load(&w->shared->stop)) {
        sgc_txn *txn;
        if (sgc_begin_read(w->shared->bed->db, sgc_now(), &txn) != SGC_OK) continue;
        for (int32_t list = 0; list < LISTS; list++) {
            int32_t length = 0, again = 0;
            char key[40];
            sgc_str record;
            sgc_status status = length_of(txn, list, &length);
            int size = snprintf(key, sizeof key, "%d-%06d", list, length ? length - 1 : 0);
            sgc_status last = sgc_row_get(txn, 1, sgc_str_of(key, (size_t)size), &record);
            if (status != SGC_OK || length < seen[list] || (length && last != SGC_OK) ||
                length_of(txn, list, &again) != SGC_OK || again != length) {
                atomic_fetch_add(&w->shared->wrong, 1);
            }
            seen[list] = length;
        }
        sgc_abort(&txn);
    }
    return NULL;
}

static void lists_lose_nothing(void)
{
    struct bed bed;
    struct worker writers[WRITERS], readers[READERS];
    bed_open(&bed, SDL, 32 << 10);
    struct shared shared = {.bed = &bed};

    CU_ASSERT_EQUAL_FATAL(bed.schema->tables[1].name.size, 5);
    start_all(&shared, readers, READERS, read_lists, 50);
    start_all(&shared, writers, WRITERS, append_on, 1);
    join_all(writers, WRITERS);
    atomic_store(&shared.stop, 1);
    join_all(readers, READERS);
    CU_ASSERT_EQUAL(shared.wrong, 0);
    sgc_txn *txn = bed_begin(&bed);
    int total = 0;
    for (int32_t list = 0; list < LISTS; list++) {
        int32_t length;
        OK(length_of(txn, list, &length));
        total += length;
    }
    CU_ASSERT_EQUAL(total, shared.commits);
    sgc_abort(&txn);
    bed_close(&bed);
}

/* ---- flushes are shared ---- */

static void *insert_on(void *argument)
{
    struct worker *w = argument;
    char room[32];
    sgc_key key;

    for (int i = 0; i < ROUNDS; i++) {
        sgc_txn *txn;
        int32_t id = w->number * 100000 + i;
        sgc_pk_int(&key, id);
        sgc_status status = sgc_begin(w->shared->bed->db, &txn);
        if (status == SGC_OK) {
            status = sgc_row_insert(txn, 0, sgc_key_str(&key), account(room, id, 1));
        }
        if (status == SGC_OK) status = sgc_commit(&txn, NULL);
        if (status != SGC_OK) atomic_fetch_add(&w->shared->wrong, 1);
    }
    return NULL;
}

static void remove_file(void *folder, const char *name)
{
    const sgc_os *os = sgc_os_posix();
    char path[300];

    snprintf(path, sizeof path, "%s/%s", (const char *)folder, name);
    OK(os->remove(os->self, path));
}

static void remove_folder(char *folder)
{
    const sgc_os *os = sgc_os_posix();

    OK(os->list(os->self, folder, remove_file, folder));
    CU_ASSERT_EQUAL(rmdir(folder), 0);
}

static void eight_writers_share_flushes(void)
{
    struct bed bed;
    struct worker writers[WRITERS];
    sgc_db_stats stats;
    sgc_error error;
    char folder[] = "sgc-threads-XXXXXX";
    bed_open(&bed, SDL, 0);
    struct shared shared = {.bed = &bed};

    /* A real device, where a flush takes its time. */
    sgc_db *in_memory = bed.db;
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    CU_ASSERT_EQUAL_FATAL(sgc_db_open(folder, bed.schema, NULL, &bed.db, &error), SGC_OK);
    start_all(&shared, writers, WRITERS, insert_on, 1);
    join_all(writers, WRITERS);
    sgc_db_get_stats(bed.db, &stats);
    CU_ASSERT_EQUAL(shared.wrong, 0);
    CU_ASSERT_EQUAL(stats.commits, WRITERS * ROUNDS);
    CU_ASSERT_TRUE(stats.log_flushes * 2 <= stats.commits);
    printf("\n    %d commits, %d flushes ", (int)stats.commits, (int)stats.log_flushes);
    OK(sgc_db_close(bed.db));
    bed.db = in_memory;
    bed_close(&bed);
    static const char *const inner[] = {"log", "history"};
    for (size_t i = 0; i < 2; i++) {
        char path[40];
        snprintf(path, sizeof path, "%s/%s", folder, inner[i]);
        remove_folder(path);
    }
    remove_folder(folder);
}

/* ---- nobody waits for an open transaction ---- */

static void readers_do_not_wait_for_writers(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 16 << 10);
    struct shared shared = {.bed = &bed};
    struct worker writer = {.shared = &shared, .number = 3, .random = 9};

    fill_accounts(&bed);
    sgc_txn *open = bed_begin(&bed), *old = bed_begin(&bed);
    OK(set_balance(open, 0, 1));
    CU_ASSERT_PTR_NULL(insert_on(&writer));
    CU_ASSERT_EQUAL(shared.wrong, 0);
    OK(sgc_db_flush(bed.db));
    int32_t balance;
    OK(balance_of(old, 0, &balance));
    CU_ASSERT_EQUAL(balance, 100);
    IS(balance_of(old, 300000, &balance), SGC_NOT_FOUND);
    sgc_txn *fresh = bed_begin(&bed);
    OK(balance_of(fresh, 300000, &balance));
    sgc_abort(&fresh);
    OK(commit_now(open));
    sgc_abort(&old);
    bed_close(&bed);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"sums never change", sums_never_change},
        {"lists lose nothing", lists_lose_nothing},
        {"eight writers share flushes", eight_writers_share_flushes},
        {"readers do not wait for writers", readers_do_not_wait_for_writers},
        CU_TEST_INFO_NULL,
    };
    return unit_run("txn.threads", tests);
}
