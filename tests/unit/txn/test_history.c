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

static void the_past_stays_as_it_was(void)
{
    struct states s;

    for (uint64_t seed = 1; seed <= 6; seed++) {
        states_open(&s, seed, seed % 2 ? 0 : 16 << 10);
        for (int round = 0; round < 12; round++) {
            for (uint64_t i = 0, n = 1 + draw(&s, 25); i < n; i++)
                states_step(&s);
            check_some(&s, 2);
            if (draw(&s, 4)) OK(sgc_db_flush(s.bed.db));
            check_some(&s, 4);
            if (draw(&s, 3) == 0) bed_reopen(&s.bed);
            check_some(&s, 4);
        }
        for (size_t i = 0; i < s.count; i++)
            check_moment(&s, i);
        states_close(&s);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {{"the past stays as it was", the_past_stays_as_it_was},
                           CU_TEST_INFO_NULL};
    return unit_run("txn.history", tests);
}
