/*
 * txn_script.h - a seeded script of transactions on a database in the os table in memory, and the
 * model of what must be there afterwards. One thread drives it and waits for every flush, so a seed
 * gives the same calls each time; with small MemTables the flusher works beside it and does not.
 */
#ifndef SGC_TESTS_TXN_SCRIPT_H
#define SGC_TESTS_TXN_SCRIPT_H

#include "crash/workload_model.h"
#include "os/os.h"
#include "schema/schema.h"

#include <stdio.h>
#include <stdlib.h>

enum { SIM_KEYS = 60, SIM_CHANGES = 5, SIM_STATES = 4000 };

#define SIM_HOUR ((uint64_t)3600 * 1000000)
#define SIM_DAY  (24 * SIM_HOUR)

/* All rows after one commit. */
struct sim_state {
    uint64_t sequence, time_us;
    uint32_t rows[SIM_KEYS];
};

/* A row is told by one number; 0: no row. */
struct sim {
    sgc_memory_os *memory;
    sgc_db *db;
    const sgc_schema *const *schemas; /* one of them at each opening, with other indexes; or NULL */
    size_t schema_count;
    uint64_t seed, random;
    uint32_t rows[SIM_KEYS];    /* acknowledged */
    uint32_t pending[SIM_KEYS]; /* with the transaction whose fate is unknown */
    bool is_unknown;
    bool small;        /* MemTables that fill all the time: the flusher writes beside the script */
    bool wrong;        /* a read gave what is not true */
    bool damaged;      /* files are damaged on purpose: else nothing may look like it */
    sgc_status failed; /* how the last read failed, */
    sgc_error why;     /* and its words */
    uint32_t next;
    uint64_t acknowledged, refused, unknown, pruned, loaded;
    struct sim_state states[SIM_STATES]; /* after each commit; the newest when there are too many */
    size_t state_count;
    uint64_t lost_until;    /* older states are not remembered */
    uint64_t clock;         /* of the table; steps both ways */
    uint64_t latest;        /* the furthest it ever was */
    uint64_t retain_us;     /* what the table keeps of its past; 0: all */
    uint64_t pruned_before; /* moments before it were refused, and stay so */
    sgc_table table;        /* as the schema has it, but for retain_us */
    sgc_schema schema;
    sgc_txn *reader;        /* stays open while others write */
    struct sim_state reads; /* what it has to see */
    char record[ENTRY_VALUE_MAX + 3 * ENTRY_TEXT_MAX];
};

static void SGC_PRINTF(1, 2) sim_say(const char *format, ...)
{
    va_list arguments;

    if (!getenv("SIM_VERBOSE")) return;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

/* A read was not as it should be: an answer that is not true, or a failure. Returns false. */
static bool sim_miss(struct sim *s, sgc_status status, const char *words)
{
    s->failed = status;
    s->wrong =
        s->wrong || status == SGC_OK || status == SGC_NOT_FOUND || status == SGC_HISTORY_PRUNED;
    snprintf(s->why.text, sizeof s->why.text, "%s", words);
    sim_say("%s: %s", s->wrong ? "WRONG" : "failed", words);
    return false;
}

static uint64_t sim_draw(struct sim *s, uint64_t below)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return (s->random >> 11) % below;
}

/* A past that is kept for that long only. */
static void sim_retain(struct sim *s, uint64_t retain_us)
{
    s->retain_us = retain_us;
    s->table = entry_tables[0];
    s->table.retain_us = retain_us;
    s->schema = entry_schema;
    s->schema.tables = &s->table;
}

static sgc_status sim_open(struct sim *s)
{
    const sgc_schema *schema = &s->schema;
    sgc_db_options options = {.os = sgc_memory_os_table(s->memory),
                              .cache_bytes = 1 << 20,
                              .memtable_bytes = s->small ? 8 << 10 : 1 << 20,
                              .log_segment_bytes = 64 << 10,
                              .buffered_log = sim_draw(s, 3) == 0};
    sgc_error error;

    if (s->schemas) schema = s->schemas[sim_draw(s, s->schema_count)];
    sgc_status status = sgc_db_open("data", schema, &options, &s->db, &error);

    if (status != SGC_OK) {
        sim_say("open: %s", error.text);
    } else {
        sim_say("open: head %llu", (unsigned long long)sgc_db_head(s->db));
    }
    return status;
}

/* Seconds or hours, forwards mostly; where the past is let go, now and then days. */
static void sim_step_clock(struct sim *s)
{
    uint64_t step = sim_draw(s, 8) ? sim_draw(s, 3000000) : sim_draw(s, 2 * SIM_HOUR);

    if (s->retain_us) step = sim_draw(s, 3) ? sim_draw(s, SIM_HOUR / 4) : sim_draw(s, 2 * SIM_DAY);
    s->clock = sim_draw(s, 4) ? s->clock + step : s->clock - step;
    if (s->clock > s->latest) s->latest = s->clock;
    sgc_memory_os_set_time(s->memory, s->clock);
}

/* All older moments may be refused; this one and newer ones must be there. */
static uint64_t sim_may_go(const struct sim *s)
{
    uint64_t bound = s->lost_until;

    for (size_t i = 0; s->retain_us && i < s->state_count; i++) {
        if (s->states[i].time_us <= s->latest - s->retain_us) bound = s->states[i].sequence;
    }
    return s->retain_us ? bound : 0;
}

/* s->rows are what was committed as this one. */
static void sim_remember(struct sim *s, uint64_t sequence, uint64_t time_us)
{
    struct sim_state *last = s->state_count ? &s->states[s->state_count - 1] : NULL;

    if (last && (sequence <= last->sequence || time_us <= last->time_us)) s->wrong = true;
    if (s->state_count == SIM_STATES) {
        size_t gone = SIM_STATES / 2;
        s->lost_until = s->states[gone - 1].sequence;
        memmove(s->states, s->states + gone, (SIM_STATES - gone) * sizeof *s->states);
        s->state_count -= gone;
    }
    struct sim_state *state = &s->states[s->state_count++];
    state->sequence = sequence;
    state->time_us = time_us;
    memcpy(state->rows, s->rows, sizeof s->rows);
}

static sgc_str sim_record(struct sim *s, int key, uint32_t number)
{
    char name[ENTRY_TEXT_MAX], tag[ENTRY_TEXT_MAX], value[4000];
    size_t padding = number % 13 == 0 ? number * 37 % 3500 : number * 7 % 120;
    int name_size = snprintf(name, sizeof name, "key-%d", key);
    int tag_size = snprintf(tag, sizeof tag, "tag-%u-%d", number, key);
    int size = snprintf(value, sizeof value, "%u:%0*d", number, (int)padding, 0);

    return entry_record(s->record, sgc_str_of(name, (size_t)name_size),
                        sgc_str_of(tag, (size_t)tag_size), sgc_str_of(value, (size_t)size),
                        (int32_t)(number % 7));
}

static sgc_status sim_change(struct sim *s, sgc_txn *txn, int key)
{
    char name[ENTRY_TEXT_MAX];
    int size = snprintf(name, sizeof name, "key-%d", key);
    sgc_str pk = sgc_str_of(name, (size_t)size);
    bool there = s->pending[key] != 0;

    if (there && sim_draw(s, 4) == 0) {
        s->pending[key] = 0;
        return sgc_row_delete(txn, 0, pk);
    }
    s->pending[key] = ++s->next;
    sgc_str record = sim_record(s, key, s->next);
    return there ? sgc_row_update(txn, 0, pk, record) : sgc_row_insert(txn, 0, pk, record);
}

/* What became of a transaction or a load that ended with s->pending; false once the database cannot
 * go on. */
static bool sim_end(struct sim *s, sgc_status status, const sgc_commit_info *info)
{
    if (status == SGC_OK) {
        memcpy(s->rows, s->pending, sizeof s->rows);
        s->acknowledged++;
        if (info->sequence) sim_remember(s, info->sequence, info->time_us);
        sim_say("commit %u: sequence %llu", s->next, (unsigned long long)info->sequence);
        return true;
    }
    s->is_unknown = info->outcome == SGC_OUTCOME_UNKNOWN;
    sim_say("commit %u: %s (%d)", s->next, info->error.text, (int)info->outcome);
    if (s->is_unknown) {
        s->unknown++;
    } else {
        s->refused++;
    }
    return false;
}

static bool sim_commit(struct sim *s, sgc_txn *txn, sgc_status status)
{
    sgc_commit_info info;

    if (status != SGC_OK) {
        sim_say("refused: %s", sgc_errmsg(txn));
        sgc_abort(&txn);
        s->refused++;
        return false;
    }
    status = sgc_commit(&txn, &info);
    return sim_end(s, status, &info);
}

/* One transaction. */
static bool sim_transact(struct sim *s)
{
    sgc_txn *txn;
    sgc_status status = sgc_begin(s->db, &txn);

    if (status != SGC_OK) return false;
    memcpy(s->pending, s->rows, sizeof s->rows);
    for (uint64_t i = 0, n = 1 + sim_draw(s, SIM_CHANGES); status == SGC_OK && i < n; i++) {
        status = sim_change(s, txn, (int)sim_draw(s, SIM_KEYS));
    }
    return sim_commit(s, txn, status);
}

/* ---- comparing ---- */

static bool sim_has(struct sim *s, sgc_txn *txn, const uint32_t *rows)
{
    for (int key = 0; key < SIM_KEYS; key++) {
        char name[ENTRY_TEXT_MAX];
        int size = snprintf(name, sizeof name, "key-%d", key);
        sgc_str record;
        sgc_status status = sgc_row_get(txn, 0, sgc_str_of(name, (size_t)size), &record);
        bool good = status == (rows[key] ? SGC_OK : SGC_NOT_FOUND);
        if (good && rows[key]) good = sgc_str_eq(record, sim_record(s, key, rows[key]));
        if (good) continue;
        sim_say("key-%d should be %u: status %d", key, rows[key], (int)status);
        return sim_miss(s, status, sgc_errmsg(txn));
    }
    return true;
}

/* ---- a reader that stays ---- */

static void sim_end_reader(struct sim *s)
{
    sgc_abort(&s->reader);
}

/* To a past moment, if that is kept: then it stays kept for this reader. */
static bool sim_step_reader_back(struct sim *s)
{
    const struct sim_state *state = &s->states[sim_draw(s, s->state_count)];

    sim_end_reader(s);
    sgc_status status = sgc_begin_read(s->db, sgc_at_seq(state->sequence), &s->reader);
    if (status != SGC_OK) return sim_miss(s, status, "begin at a moment");
    s->reads = *state;
    bool was_wrong = s->wrong;
    if (state->sequence >= sim_may_go(s) || sim_has(s, s->reader, state->rows)) return true;
    sim_end_reader(s);
    if (s->failed != SGC_HISTORY_PRUNED) return false;
    s->wrong = was_wrong;
    return true;
}

/* What an open reader sees is not let go: others may ask for that moment, too. A merge that is
 * under way when it begins may have decided before. */
static bool sim_keeps_moment(struct sim *s)
{
    sgc_txn *txn;
    uint64_t at = sgc_txn_sequence(s->reader);

    if (s->small) return true;
    sgc_status status = sgc_begin_read(s->db, sgc_at_seq(at), &txn);
    if (status != SGC_OK) return sim_miss(s, status, "begin at the moment of a reader");
    bool good = sim_has(s, txn, s->reads.rows);
    sgc_abort(&txn);
    return good;
}

/* Whatever was written meanwhile, it sees what it saw. A device that fails shows in s->wrong only
 * when it gave an answer. */
static bool sim_step_reader(struct sim *s)
{
    bool good = true;

    if (s->reader) {
        good = sim_has(s, s->reader, s->reads.rows) && sim_keeps_moment(s);
        if (!good || sim_draw(s, 3) == 0) sim_end_reader(s);
        return good;
    }
    if (sgc_begin_read(s->db, sgc_now(), &s->reader) != SGC_OK) return false;
    memcpy(s->reads.rows, s->rows, sizeof s->rows);
    return sim_draw(s, 2) == 0 || s->state_count == 0 || sim_step_reader_back(s);
}

/* ---- running ---- */

static void sim_close(struct sim *s)
{
    sim_end_reader(s);
    sgc_status status = sgc_db_close(s->db);
    s->db = NULL;
    if (status != SGC_OK) sim_say("close: %d", (int)status);
}

/* What a compaction lets go: all that is past its time and that no reader asks for. */
static void sim_prune(struct sim *s)
{
    uint64_t bound = 0;

    for (size_t i = 0; s->retain_us && !s->reader && i < s->state_count; i++) {
        if (s->states[i].time_us <= s->clock - s->retain_us) bound = s->states[i].sequence;
    }
    if (bound > s->pruned_before) s->pruned_before = bound;
}

static bool sim_maintain(struct sim *s, bool compact)
{
    sgc_status status = compact ? sgc_db_compact(s->db, NULL) : sgc_db_flush(s->db);

    sim_say("%s: %d", compact ? "compact" : "flush", (int)status);
    if (compact && status == SGC_OK) sim_prune(s);
    return status == SGC_OK;
}

static bool sim_reopen(struct sim *s)
{
    sim_end_reader(s);
    sgc_status status = sgc_db_close(s->db);
    s->db = NULL;
    return status == SGC_OK && sim_open(s) == SGC_OK;
}

#include "sim/txn_load.h"

/* Steps until something fails or `steps` are done; true when nothing failed. */
static bool sim_run(struct sim *s, int steps)
{
    bool good = true;

    for (int i = 0; good && i < steps; i++) {
        uint64_t what = sim_draw(s, 40);
        if (what == 0) {
            good = sim_reopen(s);
        } else if (what < 5) {
            good = sim_maintain(s, what == 4);
        } else if (what < 8) {
            good = sim_step_reader(s);
        } else {
            if (what == 8) sim_step_clock(s);
            good = what == 9 && sim_draw(s, 3) == 0 ? sim_load(s) : sim_transact(s);
        }
    }
    return good;
}

static bool sim_index_agrees(struct sim *s, sgc_txn *txn, uint16_t index, const uint32_t *rows)
{
    const sgc_table *table = &sgc_db_schema(s->db)->tables[0];
    sgc_cursor cursor = sgc_cursor_open(txn, 0, index, NULL);
    sgc_str record;
    size_t expected = 0, count = 0;
    bool same = true;

    for (int key = 0; key < SIM_KEYS; key++)
        expected += rows[key] != 0;
    while (same && sgc_cursor_next(&cursor, &record)) {
        sgc_key entry;
        bool null;
        sgc_key_start(&entry);
        if (index && sgc_index_entry(table, index, record, 0, &entry, &null) != SGC_OK) break;
        sgc_key_raw(&entry, sgc_cursor_key(&cursor));
        same = sgc_str_eq(sgc_key_str(&entry), sgc_cursor_entry(&cursor));
        count++;
    }
    if (same && sgc_cursor_status(&cursor) == SGC_OK && count == expected) return true;
    sim_say("index %u has %zu entries, not %zu", index, count, expected);
    return sim_miss(s, sgc_cursor_status(&cursor), sgc_errmsg(txn));
}

static int sim_key_number(sgc_str key)
{
    int number = 0;

    for (size_t i = sizeof "key-" - 1; i < key.size; i++)
        number = number * 10 + key.data[i] - '0';
    return number < SIM_KEYS ? number : 0;
}

/* In no order, each row once. */
static bool sim_scan_agrees(struct sim *s, sgc_txn *txn, const uint32_t *rows)
{
    bool seen[SIM_KEYS] = {false}, same = true;
    sgc_scan scan = sgc_scan_open(txn, 0);
    sgc_str record, name, tag, value;
    size_t expected = 0, count = 0;

    for (int key = 0; key < SIM_KEYS; key++)
        expected += rows[key] != 0;
    for (; same && sgc_scan_next(&scan, &record); count++) {
        same = entry_texts(record, &name, &tag, &value) != NULL;
        int key = same ? sim_key_number(name) : 0;
        same = same && !seen[key] && rows[key] && sgc_str_eq(record, sim_record(s, key, rows[key]));
        seen[key] = true;
    }
    sgc_status status = scan.status;
    sgc_scan_end(&scan);
    if (same && status == SGC_OK && count == expected) return true;
    sim_say("a scan finds %zu rows, not %zu", count, expected);
    return sim_miss(s, status, sgc_errmsg(txn));
}

#include "sim/txn_past.h"

/* The fate of the unknown transaction shows: the head is it, or it is not there. */
static void sim_resolve(struct sim *s, sgc_txn *txn)
{
    uint64_t head = sgc_txn_sequence(txn), time_us;

    if (!s->is_unknown) return;
    s->is_unknown = false;
    bool was_wrong = s->wrong, there = !sim_has(s, txn, s->rows);
    s->wrong = was_wrong;
    if (!there) return;
    memcpy(s->rows, s->pending, sizeof s->rows);
    if (sgc_db_time_of(s->db, head, &time_us, NULL) == SGC_OK) {
        sim_remember(s, head, time_us);
    } else {
        s->wrong = true;
    }
}

/* What is there must be all that was acknowledged, the unknown wholly or not; and every moment. */
static bool sim_agrees(struct sim *s)
{
    sgc_txn *txn;

    sgc_status status = sgc_begin_read(s->db, sgc_now(), &txn);
    if (status != SGC_OK) return sim_miss(s, status, "begin");
    sim_resolve(s, txn);
    bool good = sim_has(s, txn, s->rows);
    for (uint16_t i = 0; good && i < sgc_db_schema(s->db)->tables[0].index_count; i++)
        good = sim_index_agrees(s, txn, i, s->rows);
    good = good && sim_scan_agrees(s, txn, s->rows);
    good = good && sim_past_agrees(s, txn);
    sgc_abort(&txn);
    return good && !s->wrong;
}

static bool sim_start(struct sim *s, uint64_t seed)
{
    memset(s, 0, sizeof *s);
    s->seed = seed;
    s->random = seed * 0x9E3779B97F4A7C15U + 1;
    s->clock = s->latest = (uint64_t)1700000000 * 1000000;
    sim_retain(s, 0);
    if (sgc_memory_os_create(&s->memory) != SGC_OK) return false;
    sgc_memory_os_set_time(s->memory, s->clock);
    return true;
}

#endif
