/*
 * test_history.c - the past of a database against a brute-force model: AS OF answers are the same
 * before and after flushes, compaction and restarts.
 */
#include "unit/txn/states.h"

/* The moment of a state, by sequence or by any time until the next one. */
static sgc_moment moment_of(struct states *s, size_t at)
{
    const struct state *state = &s->items[at];

    if (at == 0 || draw(s, 2)) return sgc_at_seq(state->sequence);
    uint64_t until = at + 1 < s->count ? s->items[at + 1].time_us : state->time_us + 1;
    return sgc_at_time(state->time_us + draw(s, until - state->time_us));
}

static void check_moment(struct states *s, size_t at)
{
    sgc_txn *txn;

    CU_ASSERT_EQUAL_FATAL(sgc_begin_read(s->bed.db, moment_of(s, at), &txn), SGC_OK);
    check_state(s, txn, &s->items[at]);
    sgc_abort(&txn);
}

/* ---- versions ---- */

static sgc_str record_in(const struct state *state, uint16_t table, sgc_str key)
{
    const struct state_table *rows = &state->tables[table];

    for (size_t i = 0; i < rows->count; i++) {
        if (sgc_str_eq(rows->rows[i].key, key)) return rows->rows[i].record;
    }
    return sgc_str_of(NULL, 0);
}

struct expected {
    sgc_row_version items[400];
    size_t count;
};

/* Versions of a row, deletes among them, as the first `states` states tell them. */
static void expect_versions(const struct states *s, size_t states, uint16_t table, sgc_str key,
                            struct expected *out)
{
    sgc_str last = {NULL, 0};

    out->count = 0;
    for (size_t i = 0; i < states; i++) {
        sgc_str now = record_in(&s->items[i], table, key);
        if (sgc_str_eq(now, last)) continue;
        CU_ASSERT_TRUE_FATAL(out->count < 400);
        if (out->count) out->items[out->count - 1].end = s->items[i].sequence;
        sgc_row_version *version = &out->items[out->count++];
        *version = (sgc_row_version){.op = SGC_OP_UPDATE,
                                     .begin = s->items[i].sequence,
                                     .end = SGC_OPEN,
                                     .time_us = s->items[i].time_us,
                                     .key = key,
                                     .record = now};
        if (sgc_str_is_null(now)) version->op = SGC_OP_DELETE;
        if (sgc_str_is_null(last)) version->op = SGC_OP_INSERT;
        last = now;
    }
}

static void keep_period(struct expected *e, uint64_t from, uint64_t to)
{
    size_t kept = 0;

    for (size_t i = 0; i < e->count; i++) {
        if (e->items[i].end > from && e->items[i].begin <= to) e->items[kept++] = e->items[i];
    }
    e->count = kept;
}

static bool same_version(const sgc_row_version *a, const sgc_row_version *b)
{
    return a->op == b->op && a->begin == b->begin && a->end == b->end && a->time_us == b->time_us &&
           sgc_str_eq(a->key, b->key) && sgc_str_eq(a->record, b->record);
}

static void show_version(const char *what, const sgc_row_version *v)
{
    printf("    %s op %d [%llu, %lld) time %llu, %zu bytes\n", what, (int)v->op,
           (unsigned long long)v->begin, (long long)v->end, (unsigned long long)v->time_us,
           v->record.size);
}

/* The walk gives what is expected, in either direction, and then ends if `last`. */
static bool gives(sgc_versions *walk, const struct expected *e, bool oldest_first)
{
    sgc_row_version got;

    for (size_t i = 0; i < e->count; i++) {
        const sgc_row_version *want = &e->items[oldest_first ? i : e->count - 1 - i];
        if (!sgc_versions_next(walk, &got)) {
            printf("\n    ends early (%s)\n", sgc_errmsg(walk->txn));
            return false;
        }
        if (same_version(&got, want)) continue;
        show_version("got     ", &got);
        show_version("expected", want);
        return false;
    }
    return true;
}

static bool ends(sgc_versions *walk)
{
    sgc_row_version more;
    bool end = !sgc_versions_next(walk, &more) && walk->status == SGC_OK;

    if (!end) show_version("more    ", &more);
    sgc_versions_end(walk);
    return end;
}

static sgc_str any_key(struct states *s, uint16_t table)
{
    for (int i = 0; i < 20; i++) {
        const struct state_table *rows = &s->items[draw(s, s->count)].tables[table];
        if (rows->count) return rows->rows[draw(s, rows->count)].key;
    }
    return SGC_STR("none");
}

static void check_versions(struct states *s, size_t at)
{
    static struct expected e;
    uint16_t table = (uint16_t)draw(s, s->bed.schema->table_count);
    sgc_str key = any_key(s, table);
    bool oldest_first = draw(s, 2), bounded = draw(s, 3), excluded = draw(s, 2);
    size_t from = draw(s, at + 1), to = from + draw(s, at + 1 - from);
    sgc_period period = {moment_of(s, from), moment_of(s, to), excluded};
    sgc_txn *txn;

    CU_ASSERT_EQUAL_FATAL(sgc_begin_read(s->bed.db, moment_of(s, at), &txn), SGC_OK);
    expect_versions(s, at + 1, table, key, &e);
    uint64_t last = s->items[to].sequence;
    /* A time behind its commit does not leave that commit out. */
    if (excluded &&
        !(period.to.kind == SGC_MOMENT_TIME && period.to.value > s->items[to].time_us)) {
        last = to > 0 ? s->items[to - 1].sequence : 0;
    }
    if (bounded) keep_period(&e, s->items[from].sequence, last);
    if (bounded && last < s->items[from].sequence) e.count = 0;
    sgc_versions walk = sgc_versions_open(txn, table, key, bounded ? &period : NULL, oldest_first);
    bool good = gives(&walk, &e, oldest_first) && ends(&walk);
    if (!good) {
        printf("    at %llu, period %d %llu..%llu, %s first\n",
               (unsigned long long)s->items[at].sequence, bounded,
               (unsigned long long)s->items[from].sequence, (unsigned long long)last,
               oldest_first ? "oldest" : "newest");
    }
    CU_ASSERT_TRUE_FATAL(good);
    sgc_abort(&txn);
}

static int compare_keys(const void *a, const void *b)
{
    return sgc_str_compare(*(const sgc_str *)a, *(const sgc_str *)b);
}

/* All rows of a table that ever were, in order of their keys. */
static void check_all_versions(struct states *s, size_t at)
{
    static struct expected e;
    sgc_str keys[2000];
    size_t count = 0;
    uint16_t table = (uint16_t)draw(s, s->bed.schema->table_count);
    bool oldest_first = draw(s, 2);
    sgc_txn *txn;

    for (size_t i = 0; i <= at; i++) {
        const struct state_table *rows = &s->items[i].tables[table];
        for (size_t k = 0; k < rows->count; k++) {
            size_t n = 0;
            while (n < count && !sgc_str_eq(keys[n], rows->rows[k].key))
                n++;
            CU_ASSERT_TRUE_FATAL(n < 2000);
            if (n == count) keys[count++] = rows->rows[k].key;
        }
    }
    qsort(keys, count, sizeof *keys, compare_keys);
    CU_ASSERT_EQUAL_FATAL(sgc_begin_read(s->bed.db, moment_of(s, at), &txn), SGC_OK);
    sgc_versions walk = sgc_versions_open(txn, table, sgc_str_of(NULL, 0), NULL, oldest_first);
    for (size_t i = 0; i < count; i++) {
        expect_versions(s, at + 1, table, keys[i], &e);
        CU_ASSERT_TRUE_FATAL(gives(&walk, &e, oldest_first));
    }
    CU_ASSERT_TRUE_FATAL(ends(&walk));
    sgc_abort(&txn);
}

/* ---- changes ---- */

struct wanted {
    const struct state *before, *after;
    uint16_t table; /* SGC_NONE: all */
    uint32_t ordinal, skip_to;
};

/* Tables in order of their numbers. */
static uint16_t nth_table(const sgc_schema *schema, size_t n)
{
    for (uint16_t i = 0; i < schema->table_count; i++) {
        size_t lower = 0;
        for (uint16_t k = 0; k < schema->table_count; k++)
            lower += schema->tables[k].number < schema->tables[i].number;
        if (lower == n) return i;
    }
    return SGC_NONE;
}

static bool next_matches(sgc_changes *walk, const struct wanted *w, uint16_t table, sgc_str key)
{
    sgc_str before = record_in(w->before, table, key), after = record_in(w->after, table, key);
    sgc_op op = sgc_str_is_null(before)  ? SGC_OP_INSERT
                : sgc_str_is_null(after) ? SGC_OP_DELETE
                                         : SGC_OP_UPDATE;
    sgc_row_change got;

    if (!sgc_changes_next(walk, &got)) return false;
    return got.sequence == w->after->sequence && got.time_us == w->after->time_us &&
           got.ordinal == w->ordinal && got.table == table && got.op == op &&
           sgc_str_eq(got.key, key) && sgc_str_eq(got.before, before) &&
           sgc_str_eq(got.after, after);
}

/* Keys of both states in order, each once. */
static size_t keys_of(const struct wanted *w, uint16_t table, sgc_str *keys)
{
    const struct state *sides[2] = {w->before, w->after};
    size_t count = 0, kept = 0;

    for (size_t side = 0; side < 2; side++) {
        const struct state_table *rows = &sides[side]->tables[table];
        for (size_t i = 0; i < rows->count; i++)
            keys[count++] = rows->rows[i].key;
    }
    qsort(keys, count, sizeof *keys, compare_keys);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || !sgc_str_eq(keys[kept - 1], keys[i])) keys[kept++] = keys[i];
    }
    return kept;
}

/* All changes from one state to the next, from ordinal skip_to on. */
static bool gives_commit(const sgc_schema *schema, sgc_changes *walk, struct wanted *w)
{
    sgc_str keys[800];

    for (size_t n = 0; n < schema->table_count; n++) {
        uint16_t table = nth_table(schema, n);
        size_t count = keys_of(w, table, keys);
        for (size_t i = 0; i < count; i++) {
            if (sgc_str_eq(record_in(w->before, table, keys[i]),
                           record_in(w->after, table, keys[i]))) {
                continue;
            }
            bool wanted = w->ordinal >= w->skip_to && (w->table == SGC_NONE || w->table == table);
            if (wanted && !next_matches(walk, w, table, keys[i])) return false;
            w->ordinal++;
        }
    }
    return true;
}

static void check_changes(struct states *s, size_t at)
{
    size_t from = draw(s, at + 1);
    uint32_t ordinal = draw(s, 2) ? UINT32_MAX : (uint32_t)draw(s, 3);
    uint16_t table = draw(s, 2) ? SGC_NONE : (uint16_t)draw(s, s->bed.schema->table_count);
    sgc_row_change more;
    sgc_txn *txn;

    CU_ASSERT_EQUAL_FATAL(sgc_begin_read(s->bed.db, moment_of(s, at), &txn), SGC_OK);
    sgc_changes walk = sgc_changes_since(txn, s->items[from].sequence, ordinal, table);
    for (size_t i = from; i <= at; i++) {
        if (i == 0 || (i == from && ordinal == UINT32_MAX)) continue;
        struct wanted w = {&s->items[i - 1], &s->items[i], table, 0, i == from ? ordinal + 1 : 0};
        bool good = gives_commit(s->bed.schema, &walk, &w);
        if (!good) {
            printf("\n    change %u of commit %llu is wrong (%s)\n", w.ordinal,
                   (unsigned long long)w.after->sequence, sgc_errmsg(txn));
        }
        CU_ASSERT_TRUE_FATAL(good);
    }
    CU_ASSERT_FALSE(sgc_changes_next(&walk, &more));
    CU_ASSERT_EQUAL(walk.status, SGC_OK);
    sgc_abort(&txn);
}

/* ---- times ---- */

static void check_times(struct states *s, size_t at)
{
    const struct state *state = &s->items[at];
    uint64_t sequence, time_us;

    if (at == 0) return;
    OK(sgc_db_time_of(s->bed.db, state->sequence, &time_us, NULL));
    CU_ASSERT_EQUAL(time_us, state->time_us);
    OK(sgc_db_sequence_at(s->bed.db, state->time_us, &sequence, NULL));
    CU_ASSERT_EQUAL(sequence, state->sequence);
    OK(sgc_db_sequence_at(s->bed.db, state->time_us - 1, &sequence, NULL));
    CU_ASSERT_EQUAL(sequence, s->items[at - 1].sequence);
}

/* ---- everything, again and again ---- */

static void check_some(struct states *s, size_t moments)
{
    check_moment(s, 0);
    check_moment(s, s->count - 1);
    for (size_t i = 0; i < moments; i++) {
        check_moment(s, draw(s, s->count));
        check_times(s, draw(s, s->count));
        for (int k = 0; k < 6; k++)
            check_versions(s, draw(s, 2) ? s->count - 1 : draw(s, s->count));
        check_all_versions(s, draw(s, 2) ? s->count - 1 : draw(s, s->count));
        check_changes(s, draw(s, 2) ? s->count - 1 : draw(s, s->count));
    }
}

static void verify(struct states *s)
{
    sgc_buf report = {0};
    sgc_status status = sgc_db_verify(s->bed.db, &report);

    if (status != SGC_OK) printf("\n    " SGC_FMT, SGC_ARG(sgc_buf_as_str(&report)));
    OK(status);
    sgc_buf_free(&report);
}

static void disturb(struct states *s)
{
    switch (draw(s, 4)) {
    case 0:
        OK(sgc_db_compact(s->bed.db, NULL));
        break;
    case 1:
        bed_reopen(&s->bed);
        break;
    default:
        OK(sgc_db_flush(s->bed.db));
        break;
    }
    if (draw(s, 3) == 0) verify(s);
}

static void the_past_stays_as_it_was(void)
{
    struct states s;

    for (uint64_t seed = 1; seed <= 6; seed++) {
        states_open(&s, seed, seed % 2 ? 0 : 16 << 10);
        for (int round = 0; round < 12; round++) {
            for (uint64_t i = 0, n = 1 + draw(&s, 25); i < n; i++)
                states_step(&s);
            check_some(&s, 2);
            disturb(&s);
            check_some(&s, 4);
            disturb(&s);
            check_some(&s, 4);
        }
        for (size_t i = 0; i < s.count; i++)
            check_moment(&s, i);
        states_close(&s);
    }
}

/* Readers of any age, with and without open cursors, while everything below them moves. */
static void long_readers_see_one_moment(void)
{
    enum { READERS = 12 };
    struct states s;
    sgc_txn *readers[READERS] = {NULL};
    size_t at[READERS] = {0};
    sgc_db_stats stats;

    states_open(&s, 21, 0);
    for (int round = 0; round < 60; round++) {
        size_t i = draw(&s, READERS);
        if (readers[i]) sgc_abort(&readers[i]);
        at[i] = draw(&s, 2) ? s.count - 1 : draw(&s, s.count);
        CU_ASSERT_EQUAL_FATAL(sgc_begin_read(s.bed.db, moment_of(&s, at[i]), &readers[i]), SGC_OK);
        for (int k = 0; k < 4; k++)
            states_step(&s);
        if (draw(&s, 2)) OK(sgc_db_flush(s.bed.db));
        if (draw(&s, 6) == 0) OK(sgc_db_compact(s.bed.db, NULL));
        i = draw(&s, READERS);
        if (readers[i]) check_state(&s, readers[i], &s.items[at[i]]);
    }
    for (size_t i = 0; i < READERS; i++) {
        if (readers[i]) check_state(&s, readers[i], &s.items[at[i]]);
    }
    /* Every one of them has moved to the newest pages: older ones are free. */
    OK(sgc_db_compact(s.bed.db, NULL));
    for (size_t i = 0; i < READERS; i++) {
        if (readers[i]) check_state(&s, readers[i], &s.items[at[i]]);
    }
    states_step(&s);
    OK(sgc_db_flush(s.bed.db));
    sgc_db_get_stats(s.bed.db, &stats);
    CU_ASSERT_TRUE(stats.page_held_bytes < 64 * 4096);
    CU_ASSERT_TRUE(stats.open_transactions > 5);
    CU_ASSERT_TRUE(stats.oldest_sequence < s.items[s.count - 1].sequence);
    CU_ASSERT_TRUE(stats.history_versions > 50 && stats.history_segments > 0);
    CU_ASSERT_TRUE(stats.history_resident_bytes > stats.history_segments * 100);
    CU_ASSERT_TRUE(stats.history_resident_bytes < 1 << 20);
    for (size_t i = 0; i < READERS; i++)
        sgc_abort(&readers[i]);
    states_close(&s);
}

/* What a getter gave stays readable when its transaction moves on. */
static void records_stay_when_readers_move(void)
{
    struct bed bed;
    sgc_txn *reader;
    sgc_str first, again;
    bed_open(&bed, "type Item { id: ID! @id(generate: NONE) name: String }", 0);

    for (int i = 0; i < 40; i++) {
        char json[60];
        sgc_txn *txn = bed_begin(&bed);
        snprintf(json, sizeof json, "{\"id\":\"a\",\"name\":\"name %d\"}", i);
        OK(i ? set(txn, "Item", json) : put(txn, "Item", json));
        OK(commit_now(txn));
        if (i == 10) OK(sgc_begin_read(bed.db, sgc_now(), &reader));
        if (i < 10) continue;
        OK(sgc_row_get(reader, 0, key_of(reader, "Item", "a"), i == 10 ? &first : &again));
        if (i % 3 == 0) OK(sgc_db_flush(bed.db));
        UNIT_STR(show_record(reader, 0, first), "\"a\" \"name 10\"");
        if (i > 10) UNIT_STR(show_record(reader, 0, again), "\"a\" \"name 10\"");
    }
    sgc_abort(&reader);
    bed_close(&bed);
}

/* ---- tables without history, and history that is not kept for ever ---- */

static void name_item(struct bed *bed, const char *table, const char *key, int number)
{
    sgc_txn *txn = bed_begin(bed);
    char json[80];

    snprintf(json, sizeof json, "{\"id\":\"%s\",\"name\":\"%d\"}", key, number);
    if (put(txn, table, json) != SGC_OK) OK(set(txn, table, json));
    OK(commit_now(txn));
}

static void a_table_without_history_says_so(void)
{
    struct bed bed;
    sgc_txn *txn;
    sgc_str record;
    sgc_row_version version;
    sgc_row_change change;
    sgc_period all = {sgc_at_seq(1), sgc_now(), false};
    bed_open(&bed,
             "type Kept { id: ID! @id(generate: NONE) name: String }\n"
             "type Gone @table(history: false) { id: ID! @id(generate: NONE) name: String }",
             0);

    for (int i = 1; i <= 4; i++) {
        name_item(&bed, "Kept", "k", i);
        name_item(&bed, "Gone", "g", i);
    }
    OK(sgc_begin_read(bed.db, sgc_at_seq(4), &txn));
    UNIT_STR(show(txn, "Gone", "g"), "\"g\" \"2\"");
    sgc_abort(&txn);
    OK(sgc_db_flush(bed.db));
    OK(sgc_begin_read(bed.db, sgc_at_seq(4), &txn));
    uint16_t gone = table_of(txn, "Gone");
    UNIT_STR(show(txn, "Kept", "k"), "\"k\" \"2\"");
    IS(sgc_row_get(txn, gone, key_of(txn, "Gone", "g"), &record), SGC_HISTORY_PRUNED);
    CU_ASSERT_STRING_EQUAL(sgc_errmsg(txn), "Gone keeps no history, sequence 4 is past");
    sgc_cursor cursor = sgc_cursor_open(txn, gone, 0, NULL);
    CU_ASSERT_FALSE(sgc_cursor_next(&cursor, &record));
    IS(cursor.status, SGC_HISTORY_PRUNED);
    sgc_versions versions = sgc_versions_open(txn, gone, SGC_STR("g"), NULL, false);
    CU_ASSERT_FALSE(sgc_versions_next(&versions, &version));
    IS(versions.status, SGC_HISTORY_PRUNED);
    sgc_abort(&txn);
    OK(sgc_begin_read(bed.db, sgc_now(), &txn));
    UNIT_STR(show(txn, "Gone", "g"), "\"g\" \"4\"");
    versions = sgc_versions_open(txn, gone, key_of(txn, "Gone", "g"), NULL, false);
    CU_ASSERT_TRUE_FATAL(sgc_versions_next(&versions, &version));
    CU_ASSERT_EQUAL(version.begin, 8);
    CU_ASSERT_FALSE(sgc_versions_next(&versions, &version));
    versions = sgc_versions_open(txn, gone, key_of(txn, "Gone", "g"), &all, false);
    CU_ASSERT_FALSE(sgc_versions_next(&versions, &version));
    IS(versions.status, SGC_HISTORY_PRUNED);
    sgc_changes changes = sgc_changes_since(txn, 0, 0, gone);
    CU_ASSERT_FALSE(sgc_changes_next(&changes, &change));
    IS(changes.status, SGC_HISTORY_PRUNED);
    changes = sgc_changes_since(txn, 0, 0, SGC_NONE);
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_TRUE(sgc_changes_next(&changes, &change));
        CU_ASSERT_NOT_EQUAL(change.table, gone);
    }
    CU_ASSERT_FALSE(sgc_changes_next(&changes, &change));
    OK(changes.status);
    sgc_abort(&txn);
    OK(sgc_begin_read(bed.db, sgc_at_seq(0), &txn));
    UNIT_STR(show(txn, "Gone", "g"), "-");
    sgc_abort(&txn);
    bed_close(&bed);
}

static void a_reader_of_tables_without_history_keeps_its_view(void)
{
    struct bed bed;
    sgc_txn *reader;
    bed_open(&bed, "type Gone @table(history: false) { id: ID! @id(generate: NONE) name: String }",
             0);

    name_item(&bed, "Gone", "g", 1);
    OK(sgc_begin_read(bed.db, sgc_now(), &reader));
    for (int i = 2; i < 9; i++) {
        name_item(&bed, "Gone", "g", i);
        OK(sgc_db_flush(bed.db));
        UNIT_STR(show(reader, "Gone", "g"), "\"g\" \"1\"");
    }
    sgc_abort(&reader);
    bed_close(&bed);
}

static void retention_drops_what_is_too_old(void)
{
    const uint64_t hour = (uint64_t)3600 * 1000000;
    struct bed bed;
    sgc_txn *txn, *reader;
    sgc_str record;
    sgc_row_version version;
    sgc_row_change change;
    bed_open(&bed,
             "type Short @table(retain: \"1d\") { id: ID! @id(generate: NONE) name: String }\n"
             "type Long { id: ID! @id(generate: NONE) name: String }",
             0);

    for (int i = 1; i <= 48; i++) {
        sgc_memory_os_set_time(bed.memory, (uint64_t)(100 + i) * hour);
        name_item(&bed, "Short", "s", i);
        name_item(&bed, "Long", "l", i);
        if (i == 10) OK(sgc_begin_read(bed.db, sgc_at_seq(12), &reader));
        if (i % 5 == 0) OK(sgc_db_flush(bed.db));
    }
    UNIT_STR(show(reader, "Short", "s"), "\"s\" \"6\"");
    OK(sgc_db_compact(bed.db, NULL));
    UNIT_STR(show(reader, "Short", "s"), "\"s\" \"6\"");
    sgc_abort(&reader);
    OK(sgc_db_compact(bed.db, NULL));
    bed_reopen(&bed);
    /* One day before hour 148 commit 47 was the last one, at hour 124. */
    for (uint64_t i = 1; i <= 96; i++) {
        OK(sgc_begin_read(bed.db, sgc_at_seq(i), &txn));
        if (i > 1) UNIT_STR(show(txn, "Long", "x"), "-");
        sgc_status status =
            sgc_row_get(txn, table_of(txn, "Short"), key_of(txn, "Short", "s"), &record);
        CU_ASSERT_EQUAL(status, i < 47 ? SGC_HISTORY_PRUNED : SGC_OK);
        sgc_abort(&txn);
    }
    OK(sgc_begin_read(bed.db, sgc_now(), &txn));
    uint16_t brief = table_of(txn, "Short");
    sgc_versions versions = sgc_versions_open(txn, brief, key_of(txn, "Short", "s"), NULL, true);
    CU_ASSERT_TRUE_FATAL(sgc_versions_next(&versions, &version));
    CU_ASSERT_EQUAL(version.begin, 47);
    CU_ASSERT_EQUAL(version.op, SGC_OP_UPDATE);
    size_t count = 1;
    while (sgc_versions_next(&versions, &version))
        count++;
    CU_ASSERT_EQUAL(count, 25);
    sgc_changes changes = sgc_changes_since(txn, 46, UINT32_MAX, brief);
    CU_ASSERT_FALSE(sgc_changes_next(&changes, &change));
    IS(changes.status, SGC_HISTORY_PRUNED);
    changes = sgc_changes_since(txn, 47, UINT32_MAX, brief);
    CU_ASSERT_TRUE(sgc_changes_next(&changes, &change));
    CU_ASSERT_EQUAL(change.sequence, 49);
    UNIT_STR(show_record(txn, brief, change.before), "\"s\" \"24\"");
    sgc_abort(&txn);
    bed_close(&bed);
}

/* The first version that is kept, asked for in both directions; 9 when they differ. */
static int first_op(struct bed *bed, const char *key)
{
    sgc_row_version version, last = {.op = 0};
    sgc_op first = 0;
    sgc_txn *txn;

    OK(sgc_begin_read(bed->db, sgc_now(), &txn));
    sgc_str of = key_of(txn, "Short", key);
    sgc_versions versions = sgc_versions_open(txn, 0, of, NULL, true);
    if (sgc_versions_next(&versions, &version)) first = version.op;
    sgc_versions_end(&versions);
    versions = sgc_versions_open(txn, 0, of, NULL, false);
    while (sgc_versions_next(&versions, &version))
        last = version;
    OK(versions.status);
    sgc_abort(&txn);
    return first == last.op ? (int)first : 9;
}

static void what_is_left_is_new_only_while_that_is_known(void)
{
    const uint64_t hour = (uint64_t)3600 * 1000000;
    struct bed bed;
    bed_open(&bed, "type Short @table(retain: \"1d\") { id: ID! @id(generate: NONE) name: String }",
             0);

    sgc_memory_os_set_time(bed.memory, 100 * hour);
    name_item(&bed, "Short", "new", 1);
    OK(sgc_db_flush(bed.db));
    sgc_memory_os_set_time(bed.memory, 101 * hour);
    for (int i = 1; i <= 2; i++)
        name_item(&bed, "Short", "changed", i);
    OK(sgc_db_flush(bed.db));
    CU_ASSERT_EQUAL(first_op(&bed, "changed"), SGC_OP_INSERT);
    sgc_memory_os_set_time(bed.memory, 200 * hour);
    name_item(&bed, "Short", "changed", 3);
    name_item(&bed, "Short", "late", 3);
    OK(sgc_db_flush(bed.db));
    CU_ASSERT_EQUAL(first_op(&bed, "changed"), SGC_OP_UPDATE);
    CU_ASSERT_EQUAL(first_op(&bed, "new"), SGC_OP_INSERT);
    OK(sgc_db_compact(bed.db, NULL));
    CU_ASSERT_EQUAL(first_op(&bed, "changed"), SGC_OP_UPDATE);
    CU_ASSERT_EQUAL(first_op(&bed, "new"), SGC_OP_UPDATE);
    CU_ASSERT_EQUAL(first_op(&bed, "late"), SGC_OP_INSERT);
    bed_close(&bed);
}

static void a_time_that_was_asked_for_is_over(void)
{
    struct bed bed;
    sgc_txn *txn;
    uint64_t sequence, time_us;
    bed_open(&bed, "type Item { id: ID! @id(generate: NONE) name: String }", 0);

    sgc_memory_os_set_time(bed.memory, 5000000);
    name_item(&bed, "Item", "a", 1);
    sgc_memory_os_set_time(bed.memory, 6000000);
    OK(sgc_begin_read(bed.db, sgc_at_time(6000000), &txn));
    CU_ASSERT_EQUAL(sgc_txn_sequence(txn), 1);
    sgc_abort(&txn);
    /* Whatever is committed in the same microsecond is later. */
    name_item(&bed, "Item", "a", 2);
    OK(sgc_db_time_of(bed.db, 2, &time_us, NULL));
    CU_ASSERT_EQUAL(time_us, 6000001);
    OK(sgc_db_sequence_at(bed.db, 6000000, &sequence, NULL));
    CU_ASSERT_EQUAL(sequence, 1);
    /* Asking how far a time ahead is does not hold up the clock. */
    OK(sgc_db_sequence_at(bed.db, 9000000, &sequence, NULL));
    CU_ASSERT_EQUAL(sequence, 2);
    name_item(&bed, "Item", "a", 3);
    OK(sgc_db_time_of(bed.db, 3, &time_us, NULL));
    CU_ASSERT_EQUAL(time_us, 6000002);
    bed_reopen(&bed);
    OK(sgc_db_sequence_at(bed.db, 6000000, &sequence, NULL));
    CU_ASSERT_EQUAL(sequence, 1);
    bed_close(&bed);
}

static void moments_that_are_not_there_are_refused(void)
{
    struct bed bed;
    sgc_txn *txn;
    uint64_t sequence, time_us;
    sgc_error error;
    bed_open(&bed, "type Item { id: ID! @id(generate: NONE) name: String }", 0);

    sgc_memory_os_set_time(bed.memory, 5000000);
    IS(sgc_begin_read(bed.db, sgc_at_seq(1), &txn), SGC_INVALID);
    OK(sgc_begin_read(bed.db, sgc_at_time(1), &txn));
    CU_ASSERT_EQUAL(sgc_txn_sequence(txn), 0);
    sgc_abort(&txn);
    name_item(&bed, "Item", "a", 1);
    IS(sgc_begin_read(bed.db, sgc_at_time(9000000), &txn), SGC_INVALID);
    CU_ASSERT_PTR_NULL(txn);
    OK(sgc_begin_read(bed.db, sgc_at_time(4999999), &txn));
    UNIT_STR(show(txn, "Item", "a"), "-");
    sgc_abort(&txn);
    OK(sgc_begin_read(bed.db, sgc_at_time(5000000), &txn));
    UNIT_STR(show(txn, "Item", "a"), "\"a\" \"1\"");
    IS(put(txn, "Item", "{\"id\":\"b\"}"), SGC_READ_ONLY);
    sgc_abort(&txn);
    /* The clock goes back: the newest commit can still be asked by its own time. */
    sgc_memory_os_set_time(bed.memory, 1000000);
    name_item(&bed, "Item", "a", 2);
    OK(sgc_begin_read(bed.db, sgc_at_time(5000001), &txn));
    UNIT_STR(show(txn, "Item", "a"), "\"a\" \"2\"");
    sgc_abort(&txn);
    IS(sgc_db_time_of(bed.db, 3, &time_us, &error), SGC_NOT_FOUND);
    IS(sgc_db_time_of(bed.db, 0, &time_us, &error), SGC_NOT_FOUND);
    OK(sgc_db_sequence_at(bed.db, UINT64_MAX, &sequence, &error));
    CU_ASSERT_EQUAL(sequence, 2);
    bed_close(&bed);
}

/* ---- without memory ---- */

typedef sgc_status question(sgc_txn *txn, size_t *rows);

static sgc_status ask_rows(sgc_txn *txn, size_t *rows)
{
    sgc_range range = {.descending = true};
    sgc_cursor cursor = sgc_cursor_open(txn, 0, 2, &range);
    sgc_str record;

    while (sgc_cursor_next(&cursor, &record))
        ++*rows;
    return cursor.status;
}

static sgc_status ask_key(sgc_txn *txn, size_t *rows)
{
    sgc_str record;
    sgc_status status = sgc_row_get(txn, 0, SGC_STR("a3"), &record);

    *rows += status == SGC_OK;
    return status == SGC_NOT_FOUND ? SGC_OK : status;
}

static sgc_status ask_versions(sgc_txn *txn, size_t *rows)
{
    sgc_period period = {sgc_at_seq(5), sgc_at_seq(60), true};
    sgc_versions versions = sgc_versions_open(txn, 0, sgc_str_of(NULL, 0), &period, true);
    sgc_row_version version;

    while (sgc_versions_next(&versions, &version))
        ++*rows;
    return versions.status;
}

static sgc_status ask_row_versions(sgc_txn *txn, size_t *rows)
{
    sgc_versions versions = sgc_versions_open(txn, 0, SGC_STR("a3"), NULL, false);
    sgc_row_version version;

    while (sgc_versions_next(&versions, &version))
        ++*rows;
    return versions.status;
}

static sgc_status ask_changes(sgc_txn *txn, size_t *rows)
{
    sgc_changes changes = sgc_changes_since(txn, 3, 0, SGC_NONE);
    sgc_row_change change;

    while (sgc_changes_next(&changes, &change))
        ++*rows;
    return changes.status;
}

static sgc_status ask_scan(sgc_txn *txn, size_t *rows)
{
    sgc_scan scan = sgc_scan_open(txn, 0);
    sgc_str record;

    while (sgc_scan_next(&scan, &record))
        ++*rows;
    return scan.status;
}

/* Every allocation fails once: the answer is whole or says that memory is out. */
static unsigned ask_without_memory(struct states *s, question *ask, uint64_t sequence)
{
    size_t expected = 0;
    sgc_txn *txn;
    unsigned failed = 0;

    OK(sgc_begin_read(s->bed.db, sgc_at_seq(sequence), &txn));
    OK(ask(txn, &expected));
    sgc_abort(&txn);
    for (unsigned n = 1; n < 5000; n++) {
        size_t rows = 0;
        sgc_alloc_fail_at(n, false);
        sgc_status status = sgc_begin_read(s->bed.db, sgc_at_seq(sequence), &txn);
        if (status == SGC_OK) status = ask(txn, &rows);
        sgc_alloc_fail_at(0, false);
        if (txn) sgc_abort(&txn);
        CU_ASSERT_TRUE_FATAL(status == SGC_OK || status == SGC_NO_MEMORY);
        failed += status != SGC_OK;
        if (status != SGC_OK) continue;
        CU_ASSERT_EQUAL(rows, expected);
        break;
    }
    return failed;
}

static void questions_without_memory(void)
{
    static question *const questions[] = {ask_rows,     ask_scan,         ask_key,
                                          ask_versions, ask_row_versions, ask_changes};
    unsigned failed = 0;
    struct states s;

    states_open(&s, 77, 0);
    for (int i = 0; i < 120; i++) {
        states_step(&s);
        if (i % 25 == 24) OK(sgc_db_flush(s.bed.db));
    }
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        failed += ask_without_memory(&s, questions[i], s.items[s.count / 3].sequence);
        failed += ask_without_memory(&s, questions[i], s.items[s.count - 1].sequence);
    }
    CU_ASSERT_TRUE(failed > 50);
    check_some(&s, 5);
    states_close(&s);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"the past stays as it was", the_past_stays_as_it_was},
        {"long readers see one moment", long_readers_see_one_moment},
        {"records stay when readers move", records_stay_when_readers_move},
        {"a table without history says so", a_table_without_history_says_so},
        {"a reader of tables without history keeps its view",
         a_reader_of_tables_without_history_keeps_its_view},
        {"retention drops what is too old", retention_drops_what_is_too_old},
        {"what is left is new only while that is known",
         what_is_left_is_new_only_while_that_is_known},
        {"a time that was asked for is over", a_time_that_was_asked_for_is_over},
        {"moments that are not there are refused", moments_that_are_not_there_are_refused},
        {"questions without memory", questions_without_memory},
        CU_TEST_INFO_NULL};
    return unit_run("txn.history", tests);
}
