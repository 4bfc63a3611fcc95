/*
 * txn_past.h - the part of txn_script.h that asks for the past: states, versions of rows and
 * changes must be those of the model, whatever was flushed, merged, cut or opened in between.
 */
#ifndef SGC_TESTS_TXN_PAST_H
#define SGC_TESTS_TXN_PAST_H

enum { SIM_MOMENTS = 5, SIM_NEWEST = 25 };

/* Its time and its sequence are known to each other. */
static bool sim_time_agrees(struct sim *s, const struct sim_state *state)
{
    uint64_t time_us = 0, sequence = 0;
    sgc_error error = {SGC_OK, ""};
    sgc_status status = sgc_db_time_of(s->db, state->sequence, &time_us, &error);

    if (status == SGC_OK && time_us == state->time_us) {
        status = sgc_db_sequence_at(s->db, time_us, &sequence, &error);
    }
    if (status == SGC_OK && sequence == state->sequence) return true;
    sim_say("commit %llu: time %llu, not %llu; sequence %llu", (unsigned long long)state->sequence,
            (unsigned long long)time_us, (unsigned long long)state->time_us,
            (unsigned long long)sequence);
    return sim_miss(s, status, error.text);
}

/* An answer about the moment `at`, or the refusal of one: what was too old once stays too old, and
 * what is still to be kept is answered. */
static bool sim_kept_agrees(struct sim *s, uint64_t at, bool was_wrong, bool good)
{
    if (good) {
        if (at >= s->pruned_before) return true;
        sim_say("%llu is answered, but all before %llu is gone", (unsigned long long)at,
                (unsigned long long)s->pruned_before);
        return sim_miss(s, SGC_OK, "a moment that is not kept is answered");
    }
    if (s->failed != SGC_HISTORY_PRUNED || at >= sim_may_go(s)) return false;
    s->wrong = was_wrong;
    s->pruned++;
    if (at >= s->pruned_before) s->pruned_before = at + 1;
    return true;
}

/* One state, asked by its sequence, by any number up to the next one, or by time. */
static bool sim_state_agrees(struct sim *s, size_t number)
{
    const struct sim_state *state = &s->states[number];
    const struct sim_state *next = number + 1 < s->state_count ? state + 1 : NULL;
    sgc_moment moment = sgc_at_seq(state->sequence);
    sgc_txn *txn;

    if (!sim_time_agrees(s, state)) return false;
    if (next && sim_draw(s, 3) == 0) moment = sgc_at_seq(next->sequence - 1);
    bool by_time = sim_draw(s, 3) == 0;
    if (by_time) {
        uint64_t until = next ? next->time_us - state->time_us : 1;
        moment = sgc_at_time(state->time_us + sim_draw(s, until));
    }
    sgc_status status = sgc_begin_read(s->db, moment, &txn);
    if (status != SGC_OK) return sim_miss(s, status, "begin at a moment");
    uint16_t indexes = sgc_db_schema(s->db)->tables[0].index_count;
    uint64_t at = sgc_txn_sequence(txn);
    bool was_wrong = s->wrong, good = sim_has(s, txn, state->rows);
    good = sim_kept_agrees(s, at, was_wrong, good);
    was_wrong = s->wrong;
    if (good) {
        uint16_t index = (uint16_t)sim_draw(s, indexes + 1U);
        good = index == indexes ? sim_scan_agrees(s, txn, state->rows)
                                : sim_index_agrees(s, txn, index, state->rows);
        good = sim_kept_agrees(s, at, was_wrong, good);
    }
    if (!good) sim_say("that was AS OF %llu", (unsigned long long)at);
    sgc_abort(&txn);
    return good;
}

/* The number a record tells; 0: no row. */
static uint32_t sim_number(struct sim *s, int key, sgc_str record)
{
    sgc_str name, tag, value;

    if (!record.data) return 0;
    if (!entry_texts(record, &name, &tag, &value)) return UINT32_MAX;
    uint32_t number = (uint32_t)strtoul(value.data, NULL, 10);
    return sgc_str_eq(sim_record(s, key, number), record) ? number : UINT32_MAX;
}

/* The changes behind a state lead, before by before, to the present. */
static bool sim_changes_lead(struct sim *s, sgc_txn *txn, size_t from)
{
    uint32_t rows[SIM_KEYS];
    sgc_row_change change;
    size_t at = from;
    sgc_changes changes = sgc_changes_since(txn, s->states[from].sequence, UINT32_MAX, SGC_NONE);
    bool good = true;

    memcpy(rows, s->states[from].rows, sizeof rows);
    while (good && sgc_changes_next(&changes, &change)) {
        int key = sim_key_number(change.key);
        if (change.sequence != s->states[at].sequence) {
            good = memcmp(rows, s->states[at].rows, sizeof rows) == 0 && ++at < s->state_count &&
                   change.sequence == s->states[at].sequence;
        }
        good = good && change.time_us == s->states[at].time_us &&
               sim_number(s, key, change.before) == rows[key];
        rows[key] = sim_number(s, key, change.after);
    }
    if (good && changes.status == SGC_OK && memcmp(rows, s->rows, sizeof rows) == 0) return true;
    sim_say("changes since %llu end at %llu (%s)", (unsigned long long)s->states[from].sequence,
            (unsigned long long)(at < s->state_count ? s->states[at].sequence : 0),
            sgc_errmsg(txn));
    return sim_miss(s, changes.status, sgc_errmsg(txn));
}

static bool sim_changes_agree(struct sim *s, sgc_txn *txn, size_t from)
{
    bool was_wrong = s->wrong, good = sim_changes_lead(s, txn, from);

    return sim_kept_agrees(s, s->states[from].sequence, was_wrong, good);
}

/* All versions of one row behind a state. That it was gone by then may be told or not: it may never
 * have been there. */
static bool sim_versions_follow(struct sim *s, sgc_txn *txn, size_t from, int key)
{
    char name[ENTRY_TEXT_MAX];
    int size = snprintf(name, sizeof name, "key-%d", key);
    uint64_t since = s->states[from].sequence;
    sgc_period period = {.from = sgc_at_seq(since), .to = sgc_now()};
    sgc_versions versions =
        sgc_versions_open(txn, 0, sgc_str_of(name, (size_t)size), &period, true);
    uint32_t last = s->states[from].rows[key];
    sgc_row_version version;
    bool there = sgc_versions_next(&versions, &version);
    bool good =
        !last || (there && version.begin <= since && sim_number(s, key, version.record) == last);

    if (there && version.begin <= since) there = sgc_versions_next(&versions, &version);
    for (size_t i = from + 1; good && i < s->state_count; i++) {
        uint32_t now = s->states[i].rows[key];
        if (now == last) continue;
        good = there && sim_number(s, key, version.record) == now &&
               version.begin == s->states[i].sequence && version.time_us == s->states[i].time_us;
        there = good && sgc_versions_next(&versions, &version);
        last = now;
    }
    good = good && !there && versions.status == SGC_OK;
    if (!good) {
        sim_say("versions of key-%d since %llu", key, (unsigned long long)since);
        (void)sim_miss(s, versions.status, sgc_errmsg(txn));
    }
    sgc_versions_end(&versions);
    return good;
}

static bool sim_versions_agree(struct sim *s, sgc_txn *txn, size_t from, int key)
{
    bool was_wrong = s->wrong, good = sim_versions_follow(s, txn, from, key);

    return sim_kept_agrees(s, s->states[from].sequence, was_wrong, good);
}

static bool sim_verifies(struct sim *s)
{
    sgc_buf report = {0};
    sgc_status status = sgc_db_verify(s->db, &report);

    if (status != SGC_OK) {
        char words[200];
        snprintf(words, sizeof words, "%.*s", (int)report.size, (const char *)report.data);
        (void)sim_miss(s, status, words);
    }
    sgc_buf_free(&report);
    return status == SGC_OK;
}

/* Any; where the past is let go, every other time one that may still be there. */
static size_t sim_draw_state(struct sim *s)
{
    size_t newest = s->state_count < SIM_NEWEST ? s->state_count : SIM_NEWEST;

    if (s->retain_us && sim_draw(s, 2)) return s->state_count - 1 - sim_draw(s, newest);
    return sim_draw(s, s->state_count);
}

static bool sim_past_agrees(struct sim *s, sgc_txn *txn)
{
    bool good = true;

    if (s->state_count == 0) return true;
    good = sim_state_agrees(s, s->state_count - 1);
    for (int i = 0; good && i < SIM_MOMENTS; i++)
        good = sim_state_agrees(s, sim_draw_state(s));
    size_t from = sim_draw_state(s);
    good = good && sim_changes_agree(s, txn, from) &&
           sim_versions_agree(s, txn, from, (int)sim_draw(s, SIM_KEYS));
    return good && (sim_draw(s, 4) || sim_verifies(s));
}

#endif
