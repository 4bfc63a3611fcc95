/*
 * test_enter.c - beginning and ending beside everything that replaces what transactions read:
 * flushes, moves to newer views, another schema, more transactions than there are slots.
 */
#include "unit/txn/rows.h"

#include <stdatomic.h>
#include <time.h>

enum { MANY = 75, READERS = 4, ROUNDS = 4000, COMMITS = 300 };

static const char SDL[] = "type Pair { id: Int! @id(generate: NONE) value: Int! }\n";
static const char OTHER_SDL[] = "type Other { id: Int! @id(generate: NONE) value: Int! }\n";

/* ---- what is open is counted ---- */

static void put_pair(struct bed *bed, int id, int value)
{
    char json[100];
    sgc_txn *txn = bed_begin(bed);

    snprintf(json, sizeof json, "{\"id\":%d,\"value\":%d}", id, value);
    OK(put(txn, "Pair", json));
    OK(commit_now(txn));
}

static sgc_db_stats stats_of(const struct bed *bed)
{
    sgc_db_stats stats;

    sgc_db_get_stats(bed->db, &stats);
    return stats;
}

static void open_ones_are_counted(void)
{
    struct bed bed;
    sgc_txn *txns[MANY];
    bed_open(&bed, SDL, 0);

    sgc_memory_os_set_time(bed.memory, 1000000);
    for (int i = 0; i < MANY; i++) {
        put_pair(&bed, i, i);
        sgc_memory_os_set_time(bed.memory, 1000000 + (uint64_t)i * 10);
        if (i % 3) {
            OK(sgc_begin_read(bed.db, sgc_now(), &txns[i]));
        } else {
            OK(sgc_begin(bed.db, &txns[i]));
        }
        CU_ASSERT_EQUAL(stats_of(&bed).open_transactions, (uint64_t)i + 1);
    }
    sgc_memory_os_set_time(bed.memory, 2000000);
    for (int i = 0; i < MANY; i++) { /* the oldest ends first */
        sgc_db_stats stats = stats_of(&bed);
        CU_ASSERT_EQUAL(stats.open_transactions, (uint64_t)(MANY - i));
        CU_ASSERT_EQUAL(stats.oldest_sequence, sgc_txn_sequence(txns[i]));
        CU_ASSERT_EQUAL(stats.oldest_sequence, (uint64_t)i + 1);
        CU_ASSERT_EQUAL(stats.oldest_age_us, 1000000 - (uint64_t)i * 10);
        UNIT_STR(show(txns[i], "Pair", "0"), "0 0");
        sgc_abort(&txns[i]);
    }
    CU_ASSERT_EQUAL(stats_of(&bed).open_transactions, 0);
    CU_ASSERT_EQUAL(stats_of(&bed).oldest_sequence, sgc_db_head(bed.db));
    CU_ASSERT_EQUAL(stats_of(&bed).oldest_age_us, 0);
    OK(sgc_begin_read(bed.db, sgc_at_seq(5), &txns[0]));
    CU_ASSERT_EQUAL(stats_of(&bed).oldest_sequence, 5);
    sgc_abort(&txns[0]);
    bed_close(&bed);
}

static void readers_ask_the_clock_late(void)
{
    struct bed bed;
    sgc_txn *txn;
    bed_open(&bed, SDL, 0);

    sgc_memory_os_set_time(bed.memory, 1000000);
    OK(sgc_begin_read(bed.db, sgc_now(), &txn));
    sgc_memory_os_set_time(bed.memory, 1000500);
    CU_ASSERT_EQUAL(sgc_txn_now(txn), 1000500);
    sgc_memory_os_set_time(bed.memory, 1000900);
    CU_ASSERT_EQUAL(sgc_txn_now(txn), 1000500);
    CU_ASSERT_EQUAL(stats_of(&bed).oldest_age_us, 1000900 - 1000000);
    sgc_abort(&txn);
    txn = bed_begin(&bed);
    sgc_memory_os_set_time(bed.memory, 1000999);
    CU_ASSERT_EQUAL(sgc_txn_now(txn), 1000900);
    sgc_abort(&txn);
    bed_close(&bed);
}

/* ---- what is read stays, and goes with the last reader ---- */

static void set_pair(struct bed *bed, int id, int value)
{
    char json[100];
    sgc_txn *txn = bed_begin(bed);

    snprintf(json, sizeof json, "{\"id\":%d,\"value\":%d}", id, value);
    OK(set(txn, "Pair", json));
    OK(commit_now(txn));
}

/* Bytes of pages that older checkpoints hold after some changes and flushes. The reader, if there
 * is one, asks for something after each. */
static uint64_t held(struct bed *bed, sgc_txn *reader)
{
    for (int i = 0; i < 2; i++) {
        set_pair(bed, 2, 5 + i);
        OK(sgc_db_flush(bed->db));
        if (reader) UNIT_STR(show(reader, "Pair", "1"), "1 1");
    }
    return stats_of(bed).page_held_bytes;
}

static void pages_wait_for_their_readers(void)
{
    struct bed bed;
    sgc_txn *writer, *reader;
    bed_open(&bed, SDL, 0);

    for (int i = 0; i < 100; i++)
        put_pair(&bed, i, i);
    OK(sgc_db_flush(bed.db));
    uint64_t least = held(&bed, NULL);
    writer = bed_begin(&bed); /* stays with its view */
    OK(sgc_begin_read(bed.db, sgc_now(), &reader));
    CU_ASSERT_TRUE(held(&bed, NULL) > least);
    UNIT_STR(show(writer, "Pair", "1"), "1 1");
    CU_ASSERT_TRUE(held(&bed, reader) > least);
    sgc_abort(&writer);
    CU_ASSERT_EQUAL(held(&bed, reader), least);
    sgc_abort(&reader);
    bed_close(&bed);
}

/* ---- races ---- */

struct race {
    struct bed *bed;
    _Atomic int stop, wrong, known; /* known: last value committed */
};

struct runner {
    struct race *race;
    sgc_thread thread;
    unsigned number;
};

static sgc_str pair(char *room, int32_t id, int32_t value)
{
    uint8_t *p = sgc_put_record_head((uint8_t *)room, 2, 1);

    p = sgc_put_int(sgc_put_int(p, true, id), true, value);
    return sgc_str_of(room, (size_t)((char *)p - room));
}

static int32_t value_of(sgc_txn *txn, int32_t id)
{
    sgc_key key;
    sgc_str record;

    sgc_pk_int(&key, id);
    if (sgc_row_get(txn, 0, sgc_key_str(&key), &record) != SGC_OK) return -1;
    return sgc_slot_int((const uint8_t *)record.data + SGC_RECORD_HEAD + 5);
}

static sgc_status write_both(sgc_db *db, int32_t value)
{
    char room[32];
    sgc_key key;
    sgc_txn *txn;
    sgc_status status = sgc_begin(db, &txn);

    for (int32_t id = 0; status == SGC_OK && id < 2; id++) {
        sgc_pk_int(&key, id);
        status = sgc_row_update(txn, 0, sgc_key_str(&key), pair(room, id, value));
    }
    if (status == SGC_OK) return sgc_commit(&txn, NULL);
    sgc_abort(&txn);
    return status;
}

static void *write_on(void *argument)
{
    struct race *race = ((struct runner *)argument)->race;

    for (int32_t value = 1; value <= COMMITS; value++) {
        if (write_both(race->bed->db, value) != SGC_OK) atomic_fetch_add(&race->wrong, 1);
        atomic_store(&race->known, value);
    }
    atomic_store(&race->stop, 1);
    return NULL;
}

static void *flush_on(void *argument)
{
    struct race *race = ((struct runner *)argument)->race;

    while (!atomic_load(&race->stop)) {
        if (sgc_db_flush(race->bed->db) != SGC_OK) atomic_fetch_add(&race->wrong, 1);
        sgc_db_stats stats = stats_of(race->bed);
        if (stats.open_transactions > READERS * 3 + 1) atomic_fetch_add(&race->wrong, 1);
    }
    return NULL;
}

/* Both rows have one value, and it is not older than what was known before. */
static bool is_right(sgc_txn *txn, int32_t known)
{
    int32_t one = value_of(txn, 0), two = value_of(txn, 1);
    return one == two && one >= known;
}

/* Three at a time: of now, of some moment, and one that is asked twice and may move in between. */
static bool read_three(struct race *race, bool moving)
{
    sgc_txn *now = NULL, *past = NULL, *other = NULL;
    int32_t known = atomic_load(&race->known);

    if (sgc_begin_read(race->bed->db, sgc_now(), &now) != SGC_OK) return false;
    bool right = is_right(now, known);
    int32_t first = value_of(now, 0);
    uint64_t sequence = sgc_txn_sequence(now);
    if (right && sgc_begin(race->bed->db, &other) != SGC_OK) right = false;
    if (right && sgc_begin_read(race->bed->db, sgc_at_seq(sequence), &past) != SGC_OK)
        right = false;
    if (moving) sgc_abort(&other);
    if (right) right = value_of(past, 1) == first && value_of(now, 1) == first;
    if (right && other) right = is_right(other, first);
    sgc_abort(&other);
    sgc_abort(&now);
    sgc_abort(&past);
    return right;
}

static void *read_on(void *argument)
{
    struct runner *runner = argument;

    for (unsigned i = 0; i < ROUNDS && !atomic_load(&runner->race->stop); i++)
        if (!read_three(runner->race, i % 2)) atomic_fetch_add(&runner->race->wrong, 1);
    return NULL;
}

static void start(struct runner *runner, struct race *race, void *(*run)(void *), unsigned number)
{
    *runner = (struct runner){.race = race, .number = number};
    CU_ASSERT_EQUAL_FATAL(sgc_thread_start(&runner->thread, run, runner), SGC_OK);
}

static void readers_race_with_flushes(void)
{
    struct bed bed;
    struct runner runners[READERS + 2];
    bed_open(&bed, SDL, 16 << 10);
    struct race race = {.bed = &bed};

    put_pair(&bed, 0, 0);
    put_pair(&bed, 1, 0);
    put_pair(&bed, 2, 0);
    uint64_t least = held(&bed, NULL);
    for (unsigned i = 0; i < READERS; i++)
        start(&runners[i], &race, read_on, i);
    start(&runners[READERS], &race, flush_on, 0);
    start(&runners[READERS + 1], &race, write_on, 0);
    for (int i = 0; i < READERS + 2; i++)
        sgc_thread_join(runners[i].thread);
    CU_ASSERT_EQUAL(race.wrong, 0);
    CU_ASSERT_EQUAL(stats_of(&bed).open_transactions, 0);
    CU_ASSERT_TRUE(held(&bed, NULL) <= least);
    bed_close(&bed);
}

/* ---- another schema ---- */

static void *begin_on(void *argument)
{
    struct race *race = ((struct runner *)argument)->race;

    while (!atomic_load(&race->stop)) {
        sgc_txn *txn = NULL;
        if (sgc_begin_read(race->bed->db, sgc_now(), &txn) != SGC_OK || value_of(txn, 7) != -1)
            atomic_fetch_add(&race->wrong, 1);
        sgc_abort(&txn);
        nanosleep(&(struct timespec){0, 50000}, NULL);
    }
    return NULL;
}

static void beginners_race_with_schemas(void)
{
    struct bed bed;
    struct runner runners[READERS];
    sgc_error error;
    int switched = 0;
    bed_open(&bed, SDL, 0);
    struct race race = {.bed = &bed};
    const sgc_schema *schemas[2] = {bed.schema, bed_schema(&bed, OTHER_SDL)};

    sgc_txn *txn = bed_begin(&bed);
    CU_ASSERT_EQUAL(sgc_db_set_schema(bed.db, schemas[1], &error), SGC_BUSY);
    sgc_abort(&txn);
    for (unsigned i = 0; i < READERS; i++)
        start(&runners[i], &race, begin_on, i);
    for (int i = 0; switched < 10; i++) {
        sgc_status status = sgc_db_set_schema(bed.db, schemas[(switched + 1) % 2], &error);
        if (status == SGC_OK) switched++;
        CU_ASSERT_TRUE(status == SGC_OK || status == SGC_BUSY);
    }
    atomic_store(&race.stop, 1);
    for (int i = 0; i < READERS; i++)
        sgc_thread_join(runners[i].thread);
    CU_ASSERT_EQUAL(race.wrong, 0);
    bed_close(&bed);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"open ones are counted", open_ones_are_counted},
        {"readers ask the clock late", readers_ask_the_clock_late},
        {"pages wait for their readers", pages_wait_for_their_readers},
        {"readers race with flushes", readers_race_with_flushes},
        {"beginners race with schemas", beginners_race_with_schemas},
        CU_TEST_INFO_NULL,
    };
    return unit_run("txn.enter", tests);
}
