/*
 * test_history_threads.c - writers, flushes, merges, compaction and verification beside readers at
 * past moments, readers that stay for long, and a feed that follows the changes: sums never change,
 * a moment stays what it was, and the feed misses nothing and repeats nothing.
 */
#include "unit/txn/rows.h"

#include <stdatomic.h>

enum { WRITERS = 2, READERS = 2, ACCOUNTS = 24, TOTAL = ACCOUNTS * 100, ROUNDS = 400 };

static const char SDL[] = "type Account { id: Int! @id(generate: NONE) balance: Int! @index }\n";

struct shared {
    sgc_db *db;
    _Atomic int stop, wrong, commits, looks;
};

struct worker {
    struct shared *shared;
    sgc_thread thread;
    uint64_t random;
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

static int32_t balance_in(sgc_str record)
{
    return sgc_slot_int((const uint8_t *)record.data + SGC_RECORD_HEAD + 5);
}

static sgc_status add(sgc_txn *txn, int32_t id, int32_t amount)
{
    char room[32];
    sgc_key key;
    sgc_str record;

    sgc_pk_int(&key, id);
    sgc_status status = sgc_row_get(txn, 0, sgc_key_str(&key), &record);
    if (status != SGC_OK) return status;
    return sgc_row_update(txn, 0, sgc_key_str(&key),
                          account(room, id, balance_in(record) + amount));
}

static void *write_on(void *argument)
{
    struct worker *w = argument;

    for (int i = 0; i < ROUNDS; i++) {
        int32_t from = (int32_t)draw(w, ACCOUNTS), amount = 1 + (int32_t)draw(w, 20);
        int32_t to = (from + 1 + (int32_t)draw(w, ACCOUNTS - 1)) % ACCOUNTS;
        sgc_txn *txn;
        sgc_status status = sgc_begin(w->shared->db, &txn);
        if (status == SGC_OK) status = add(txn, from, -amount);
        if (status == SGC_OK) status = add(txn, to, amount);
        if (status == SGC_OK) status = sgc_commit(&txn, NULL);
        if (status == SGC_OK) atomic_fetch_add(&w->shared->commits, 1);
        if (status != SGC_OK && status != SGC_CONFLICT) atomic_fetch_add(&w->shared->wrong, 1);
    }
    return NULL;
}

/* What all rows say, in the order of an index or in none. */
static bool look(struct worker *w, sgc_txn *txn, uint64_t *hash)
{
    bool ordered = draw(w, 3);
    sgc_range range = {.descending = false};
    sgc_cursor cursor = sgc_cursor_open(txn, 0, (uint16_t)draw(w, 2), &range);
    sgc_scan scan = sgc_scan_open(txn, 0);
    int64_t sum = 0, rows = 0;
    sgc_str record;

    *hash = 0;
    while (ordered ? sgc_cursor_next(&cursor, &record) : sgc_scan_next(&scan, &record)) {
        sum += balance_in(record);
        rows++;
        *hash += sgc_hash(record.data, record.size, 1);
    }
    sgc_cursor_end(&cursor);
    sgc_scan_end(&scan);
    atomic_fetch_add(&w->shared->looks, 1);
    return cursor.status == SGC_OK && scan.status == SGC_OK && sum == TOTAL && rows == ACCOUNTS;
}

/* One transaction at some moment, looked through again and again while others go on. */
static bool stay(struct worker *w)
{
    uint64_t first, again, sequence = 1 + draw(w, sgc_db_head(w->shared->db));
    uint64_t time_us = sgc_os_posix()->time_us(NULL), later = 0;
    const sgc_moment moments[] = {sgc_now(), sgc_at_seq(sequence), sgc_at_time(time_us)};
    sgc_moment moment = moments[draw(w, 3)];
    sgc_txn *txn;

    if (sgc_begin_read(w->shared->db, moment, &txn) != SGC_OK) return false;
    bool good = look(w, txn, &first);
    for (uint64_t i = 0, n = draw(w, 12); good && i < n; i++) {
        sgc_key key;
        sgc_str record;
        sgc_pk_int(&key, (int32_t)draw(w, ACCOUNTS));
        good = sgc_row_get(txn, 0, sgc_key_str(&key), &record) == SGC_OK;
        good = good && look(w, txn, &again) && first == again;
    }
    /* The time was the present then; commits under way must not have slipped below it since. */
    if (moment.kind == SGC_MOMENT_TIME)
        good = good && sgc_db_sequence_at(w->shared->db, time_us, &later, NULL) == SGC_OK &&
               later == sgc_txn_sequence(txn);
    sgc_abort(&txn);
    return good;
}

static void *read_on(void *argument)
{
    struct worker *w = argument;

    while (!atomic_load(&w->shared->stop)) {
        if (!stay(w)) atomic_fetch_add(&w->shared->wrong, 1);
    }
    return NULL;
}

static void *maintain_on(void *argument)
{
    struct worker *w = argument;
    sgc_buf report = {0};

    while (!atomic_load(&w->shared->stop)) {
        sgc_status status = SGC_OK;
        uint64_t what = draw(w, 6);
        if (what == 0) status = sgc_db_compact(w->shared->db, NULL);
        if (what == 1) status = sgc_db_verify(w->shared->db, &report);
        if (what > 1) status = sgc_db_flush(w->shared->db);
        if (status != SGC_OK) atomic_fetch_add(&w->shared->wrong, 1);
    }
    if (report.size) printf("\n    " SGC_FMT, SGC_ARG(sgc_buf_as_str(&report)));
    sgc_buf_free(&report);
    return NULL;
}

/* ---- a feed ---- */

struct feed {
    int32_t balances[ACCOUNTS];
    uint64_t sequence;
    uint32_t ordinal;
};

static bool apply(struct feed *feed, const sgc_row_change *change)
{
    int32_t id;

    if (!sgc_pk_read_int(change->key, &id) || id < 0 || id >= ACCOUNTS) return false;
    bool behind = change->sequence > feed->sequence ||
                  (change->sequence == feed->sequence && change->ordinal > feed->ordinal);
    bool fits = sgc_str_is_null(change->before) ? change->op == SGC_OP_INSERT
                                                : balance_in(change->before) == feed->balances[id];
    if (!behind || !fits || sgc_str_is_null(change->after)) return false;
    feed->balances[id] = balance_in(change->after);
    feed->sequence = change->sequence;
    feed->ordinal = change->ordinal;
    return true;
}

/* Some changes, in the middle of a commit or not, then a new start from the token. */
static bool follow(struct worker *w, struct feed *feed, bool to_the_end)
{
    uint64_t most = to_the_end ? UINT64_MAX : draw(w, 30);
    sgc_row_change change;
    sgc_txn *txn;
    bool good = true;

    if (sgc_begin_read(w->shared->db, sgc_now(), &txn) != SGC_OK) return false;
    sgc_changes changes = sgc_changes_since(txn, feed->sequence, feed->ordinal, SGC_NONE);
    for (uint64_t i = 0; good && i < most && sgc_changes_next(&changes, &change); i++)
        good = apply(feed, &change);
    good = good && changes.status == SGC_OK;
    sgc_abort(&txn);
    return good;
}

struct follower {
    struct worker worker;
    struct feed feed;
};

static void *feed_on(void *argument)
{
    struct follower *f = argument;

    while (!atomic_load(&f->worker.shared->stop)) {
        if (!follow(&f->worker, &f->feed, false)) {
            atomic_fetch_add(&f->worker.shared->wrong, 1);
            break;
        }
    }
    return NULL;
}

static void fill(struct bed *bed)
{
    sgc_txn *txn = bed_begin(bed);

    for (int32_t i = 0; i < ACCOUNTS; i++) {
        char room[32];
        sgc_key key;
        sgc_pk_int(&key, i);
        OK(sgc_row_insert(txn, 0, sgc_key_str(&key), account(room, i, 100)));
    }
    OK(commit_now(txn));
}

static void feed_is_whole(struct bed *bed, struct follower *f)
{
    sgc_txn *txn;

    CU_ASSERT_TRUE(follow(&f->worker, &f->feed, true));
    OK(sgc_begin_read(bed->db, sgc_now(), &txn));
    for (int32_t i = 0; i < ACCOUNTS; i++) {
        sgc_key key;
        sgc_str record;
        sgc_pk_int(&key, i);
        OK(sgc_row_get(txn, 0, sgc_key_str(&key), &record));
        CU_ASSERT_EQUAL(balance_in(record), f->feed.balances[i]);
    }
    sgc_abort(&txn);
}

static void the_past_beside_writers(void)
{
    struct bed bed;
    struct worker writers[WRITERS], readers[READERS], keeper;
    struct follower follower = {.feed = {.sequence = 0}};
    bed_open(&bed, SDL, 24 << 10);
    struct shared shared = {.db = bed.db};

    fill(&bed);
    for (int i = 0; i < READERS; i++) {
        readers[i] = (struct worker){.shared = &shared, .random = 77 + (uint64_t)i};
        OK(sgc_thread_start(&readers[i].thread, read_on, &readers[i]));
    }
    keeper = (struct worker){.shared = &shared, .random = 5};
    OK(sgc_thread_start(&keeper.thread, maintain_on, &keeper));
    follower.worker = (struct worker){.shared = &shared, .random = 9};
    OK(sgc_thread_start(&follower.worker.thread, feed_on, &follower));
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (struct worker){.shared = &shared, .random = 3 + (uint64_t)i};
        OK(sgc_thread_start(&writers[i].thread, write_on, &writers[i]));
    }
    for (int i = 0; i < WRITERS; i++)
        sgc_thread_join(writers[i].thread);
    atomic_store(&shared.stop, 1);
    for (int i = 0; i < READERS; i++)
        sgc_thread_join(readers[i].thread);
    sgc_thread_join(keeper.thread);
    sgc_thread_join(follower.worker.thread);
    CU_ASSERT_EQUAL(shared.wrong, 0);
    CU_ASSERT_TRUE(shared.commits > ROUNDS && shared.looks > 10);
    feed_is_whole(&bed, &follower);
    bed_reopen(&bed);
    shared.db = bed.db;
    follower.feed = (struct feed){.sequence = 0};
    feed_is_whole(&bed, &follower);
    bed_close(&bed);
}

/* ---- a merge that takes long ---- */

enum { MANY_FLUSHES = 12, PATIENCE_US = 20 * 1000000, FILES = 64 };

/* Files in memory; the first read of a block of a segment, which only a merge does here, waits. */
struct slow {
    sgc_os table;
    const sgc_os *base;
    sgc_mutex lock;
    sgc_cond changed;
    const sgc_file *segments[FILES]; /* open for reading only */
    bool is_open, waits, gave_up;
};

static sgc_status slow_open(void *self, const char *path, unsigned flags, sgc_file **file)
{
    struct slow *slow = self;
    sgc_status status = slow->base->open(slow->base->self, path, flags, file);

    if (status != SGC_OK || !strstr(path, ".seg")) return status;
    sgc_mutex_lock(&slow->lock);
    for (int i = 0; i < FILES; i++) {
        if (slow->segments[i]) continue;
        slow->segments[i] = *file;
        break;
    }
    sgc_mutex_unlock(&slow->lock);
    return status;
}

static void slow_close(void *self, sgc_file *file)
{
    struct slow *slow = self;

    sgc_mutex_lock(&slow->lock);
    for (int i = 0; i < FILES; i++) {
        if (slow->segments[i] == file) slow->segments[i] = NULL;
    }
    sgc_mutex_unlock(&slow->lock);
    slow->base->close(slow->base->self, file);
}

static sgc_status slow_read(void *self, sgc_file *file, uint64_t offset, void *data, size_t size,
                            size_t *got)
{
    struct slow *slow = self;

    sgc_mutex_lock(&slow->lock);
    for (int i = 0; i < FILES; i++) {
        if (slow->segments[i] != file) continue;
        slow->waits = true;
        while (!slow->is_open && !slow->gave_up) {
            slow->gave_up = !sgc_cond_wait_for(&slow->changed, &slow->lock, PATIENCE_US);
        }
        break;
    }
    sgc_mutex_unlock(&slow->lock);
    return slow->base->read(slow->base->self, file, offset, data, size, got);
}

static void slow_will_read(void *self, sgc_file *file, uint64_t offset, size_t size)
{
    struct slow *slow = self;
    slow->base->will_read(slow->base->self, file, offset, size);
}

static sgc_status slow_write(void *self, sgc_file *file, uint64_t offset, const void *data,
                             size_t size)
{
    struct slow *slow = self;
    return slow->base->write(slow->base->self, file, offset, data, size);
}

static sgc_status slow_sync(void *self, sgc_file *file)
{
    struct slow *slow = self;
    return slow->base->sync(slow->base->self, file);
}

static sgc_status slow_size(void *self, sgc_file *file, uint64_t *size)
{
    struct slow *slow = self;
    return slow->base->size(slow->base->self, file, size);
}

static sgc_status slow_truncate(void *self, sgc_file *file, uint64_t size)
{
    struct slow *slow = self;
    return slow->base->truncate(slow->base->self, file, size);
}

static sgc_status slow_lock(void *self, sgc_file *file, bool shared)
{
    struct slow *slow = self;
    return slow->base->lock(slow->base->self, file, shared);
}

static sgc_status slow_rename(void *self, const char *from, const char *to)
{
    struct slow *slow = self;
    return slow->base->rename(slow->base->self, from, to);
}

static sgc_status slow_remove(void *self, const char *path)
{
    struct slow *slow = self;
    return slow->base->remove(slow->base->self, path);
}

static sgc_status slow_make_directory(void *self, const char *path)
{
    struct slow *slow = self;
    return slow->base->make_directory(slow->base->self, path);
}

static sgc_status slow_lies_in(void *self, const char *path, const char *folder, bool *inside)
{
    struct slow *slow = self;
    return slow->base->lies_in(slow->base->self, path, folder, inside);
}

static sgc_status slow_sync_directory(void *self, const char *path)
{
    struct slow *slow = self;
    return slow->base->sync_directory(slow->base->self, path);
}

static sgc_status slow_list(void *self, const char *path,
                            void (*each)(void *context, const char *name), void *context)
{
    struct slow *slow = self;
    return slow->base->list(slow->base->self, path, each, context);
}

static uint64_t slow_time(void *self)
{
    struct slow *slow = self;
    return slow->base->time_us(slow->base->self);
}

static uint64_t slow_monotonic(void *self)
{
    struct slow *slow = self;
    return slow->base->monotonic_us(slow->base->self);
}

static uint64_t slow_coarse(void *self)
{
    struct slow *slow = self;
    return slow->base->coarse_us(slow->base->self);
}

static sgc_status slow_random(void *self, void *data, size_t size)
{
    struct slow *slow = self;
    return slow->base->random(slow->base->self, data, size);
}

static void slow_make(struct slow *slow, const sgc_os *base)
{
    *slow = (struct slow){.base = base, .is_open = true};
    sgc_mutex_init(&slow->lock);
    sgc_cond_init(&slow->changed);
    slow->table = (sgc_os){.self = slow,
                           .open = slow_open,
                           .close = slow_close,
                           .read = slow_read,
                           .will_read = slow_will_read,
                           .write = slow_write,
                           .sync = slow_sync,
                           .size = slow_size,
                           .truncate = slow_truncate,
                           .lock = slow_lock,
                           .rename = slow_rename,
                           .remove = slow_remove,
                           .make_directory = slow_make_directory,
                           .sync_directory = slow_sync_directory,
                           .list = slow_list,
                           .lies_in = slow_lies_in,
                           .time_us = slow_time,
                           .monotonic_us = slow_monotonic,
                           .coarse_us = slow_coarse,
                           .random = slow_random};
}

static void slow_gate(struct slow *slow, bool is_open)
{
    sgc_mutex_lock(&slow->lock);
    slow->is_open = is_open;
    sgc_cond_broadcast(&slow->changed);
    sgc_mutex_unlock(&slow->lock);
}

static bool slow_waits(struct slow *slow)
{
    sgc_mutex_lock(&slow->lock);
    bool waits = slow->waits;
    sgc_mutex_unlock(&slow->lock);
    return waits;
}

/* Each account gets a little and the next one loses it; one flush now and then by itself. */
static void transfer(struct bed *bed, int32_t from)
{
    sgc_txn *txn = bed_begin(bed);

    OK(add(txn, from, -1));
    OK(add(txn, (from + 1) % ACCOUNTS, 1));
    OK(commit_now(txn));
}

static void count(const struct bed *bed, sgc_db_stats *stats)
{
    sgc_db_get_stats(bed->db, stats);
}

static void past_is_whole(struct bed *bed)
{
    uint64_t head = sgc_db_head(bed->db);
    sgc_txn *txn;

    for (uint64_t at = 1; at <= head; at += 1 + head / 40) {
        struct shared shared = {.db = bed->db};
        struct worker worker = {.shared = &shared, .random = at};
        uint64_t hash;
        OK(sgc_begin_read(bed->db, sgc_at_seq(at), &txn));
        CU_ASSERT_TRUE(look(&worker, txn, &hash));
        sgc_abort(&txn);
    }
}

/* While a merge stands still, many more MemTables than may wait are filled and flushed. */
static void flushes_do_not_wait_for_a_merge(void)
{
    struct bed bed;
    struct slow slow;
    sgc_db_stats before, now;
    bed_open(&bed, SDL, 8 << 10);

    fill(&bed);
    OK(sgc_db_close(bed.db));
    slow_make(&slow, bed.options.os);
    bed.options.os = &slow.table;
    CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
    count(&bed, &before); /* for which the footers of segments are read */
    slow_gate(&slow, false);
    for (int32_t i = 0; !slow_waits(&slow); i++)
        transfer(&bed, i % ACCOUNTS);
    count(&bed, &before);
    now = before;
    for (int32_t i = 0; now.flushes < before.flushes + MANY_FLUSHES; i++) {
        transfer(&bed, i % ACCOUNTS);
        count(&bed, &now);
    }
    CU_ASSERT_EQUAL(now.history_merges, before.history_merges);
    CU_ASSERT_TRUE(now.history_segments > before.history_segments);
    CU_ASSERT_FALSE(slow.gave_up);
    slow_gate(&slow, true);
    OK(sgc_db_flush(bed.db));
    count(&bed, &now);
    CU_ASSERT_TRUE(now.history_merges > before.history_merges);
    past_is_whole(&bed);
    bed_reopen(&bed);
    past_is_whole(&bed);
    bed_verify(&bed);
    bed_close(&bed);
    sgc_cond_destroy(&slow.changed);
    sgc_mutex_destroy(&slow.lock);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"the past beside writers", the_past_beside_writers},
        {"flushes do not wait for a merge", flushes_do_not_wait_for_a_merge},
        CU_TEST_INFO_NULL,
    };
    return unit_run("txn.history_threads", tests);
}
