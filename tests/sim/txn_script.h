/*
 * txn_script.h - a seeded script of transactions on a database in the os table in memory, and the
 * model of what must be there afterwards. One thread drives it and waits for every flush, so a seed
 * gives the same calls each time; with small MemTables the flusher works beside it and does not.
 */
#ifndef SGC_TESTS_TXN_SCRIPT_H
#define SGC_TESTS_TXN_SCRIPT_H

#include "crash/workload_model.h"
#include "os/os.h"

#include <stdio.h>
#include <stdlib.h>

enum { SIM_KEYS = 60, SIM_CHANGES = 5 };

/* A row is told by one number; 0: no row. */
struct sim {
    sgc_memory_os *memory;
    sgc_db *db;
    uint64_t seed, random;
    uint32_t rows[SIM_KEYS];    /* acknowledged */
    uint32_t pending[SIM_KEYS]; /* with the transaction whose fate is unknown */
    bool is_unknown;
    bool small; /* MemTables that fill all the time: the flusher writes beside the script */
    uint32_t next;
    uint64_t acknowledged, refused, unknown;
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

static uint64_t sim_draw(struct sim *s, uint64_t below)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return (s->random >> 11) % below;
}

static sgc_status sim_open(struct sim *s)
{
    sgc_db_options options = {.os = sgc_memory_os_table(s->memory),
                              .cache_bytes = 1 << 20,
                              .memtable_bytes = s->small ? 8 << 10 : 1 << 20,
                              .log_segment_bytes = 64 << 10};
    sgc_error error;
    sgc_status status = sgc_db_open("data", &entry_schema, &options, &s->db, &error);

    if (status != SGC_OK) {
        sim_say("open: %s", error.text);
    } else {
        sim_say("open: head %llu", (unsigned long long)sgc_db_head(s->db));
    }
    return status;
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

/* One transaction; false once the database cannot go on. */
static bool sim_transact(struct sim *s)
{
    sgc_txn *txn;
    sgc_commit_info info;
    sgc_status status = sgc_begin(s->db, &txn);

    if (status != SGC_OK) return false;
    memcpy(s->pending, s->rows, sizeof s->rows);
    for (uint64_t i = 0, n = 1 + sim_draw(s, SIM_CHANGES); status == SGC_OK && i < n; i++) {
        status = sim_change(s, txn, (int)sim_draw(s, SIM_KEYS));
    }
    if (status != SGC_OK) {
        sgc_abort(&txn);
        s->refused++;
        return false;
    }
    status = sgc_commit(&txn, &info);
    if (status == SGC_OK) {
        memcpy(s->rows, s->pending, sizeof s->rows);
        s->acknowledged++;
        sim_say("commit %u: sequence %llu", s->next, (unsigned long long)info.sequence);
        return true;
    }
    s->is_unknown = info.outcome == SGC_OUTCOME_UNKNOWN;
    sim_say("commit %u: %s (%d)", s->next, info.error.text, (int)info.outcome);
    if (s->is_unknown) {
        s->unknown++;
    } else {
        s->refused++;
    }
    return false;
}

/* Steps until something fails or `steps` are done; true when nothing failed. */
static bool sim_run(struct sim *s, int steps)
{
    for (int i = 0; i < steps; i++) {
        uint64_t what = sim_draw(s, 40);
        if (what == 0) {
            sgc_status status = sgc_db_close(s->db);
            s->db = NULL;
            if (status != SGC_OK || sim_open(s) != SGC_OK) return false;
        } else if (what < 4) {
            sgc_status status = sgc_db_flush(s->db);
            sim_say("flush: %d", (int)status);
            if (status != SGC_OK) return false;
        } else if (!sim_transact(s)) {
            return false;
        }
    }
    return true;
}

static void sim_close(struct sim *s)
{
    sgc_status status = sgc_db_close(s->db);
    s->db = NULL;
    if (status != SGC_OK) sim_say("close: %d", (int)status);
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
        return false;
    }
    return true;
}

static bool sim_index_agrees(sgc_txn *txn, uint16_t index, const uint32_t *rows)
{
    sgc_cursor cursor = sgc_cursor_open(txn, 0, index, NULL);
    sgc_str record;
    size_t expected = 0, count = 0;
    bool same = true;

    for (int key = 0; key < SIM_KEYS; key++)
        expected += rows[key] != 0;
    while (same && sgc_cursor_next(&cursor, &record)) {
        sgc_key entry;
        sgc_key_start(&entry);
        if (index) entry_index_key(index, record, &entry);
        sgc_key_raw(&entry, sgc_cursor_key(&cursor));
        same = sgc_str_eq(sgc_key_str(&entry), sgc_cursor_entry(&cursor));
        count++;
    }
    if (same && sgc_cursor_status(&cursor) == SGC_OK && count == expected) return true;
    sim_say("index %u has %zu entries, not %zu (%s)", index, count, expected, sgc_errmsg(txn));
    return false;
}

/* Opens without faults; what is there must be all that was acknowledged, the unknown wholly or not.
 */
static bool sim_agrees(struct sim *s)
{
    sgc_txn *txn;
    bool good;

    if (sgc_begin_read(s->db, sgc_now(), &txn) != SGC_OK) return false;
    if (s->is_unknown && !sim_has(s, txn, s->rows)) memcpy(s->rows, s->pending, sizeof s->rows);
    s->is_unknown = false;
    good = sim_has(s, txn, s->rows);
    for (uint16_t i = 0; good && i < 3; i++)
        good = sim_index_agrees(txn, i, s->rows);
    sgc_abort(&txn);
    return good;
}

static bool sim_start(struct sim *s, uint64_t seed)
{
    memset(s, 0, sizeof *s);
    s->seed = seed;
    s->random = seed * 0x9E3779B97F4A7C15U + 1;
    return sgc_memory_os_create(&s->memory) == SGC_OK;
}

#endif
