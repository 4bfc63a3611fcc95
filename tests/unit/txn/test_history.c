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

static void check_some(struct states *s, size_t moments)
{
    check_moment(s, 0);
    check_moment(s, s->count - 1);
    for (size_t i = 0; i < moments; i++)
        check_moment(s, draw(s, s->count));
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
