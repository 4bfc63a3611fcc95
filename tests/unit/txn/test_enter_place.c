/*
 * test_enter_place.c - the place of a view that is gone is given to a later one while a transaction
 * begins, between its look at the head and its second look at the current view. Nothing but the
 * snapshot tells the two views apart. enter.c is compiled into this test once more, under other
 * names, with something to do in front of its atomic loads.
 */
#define sgc_txn_enter      own_txn_enter
#define sgc_txn_new        own_txn_new
#define sgc_txn_discard    own_txn_discard
#define sgc_txn_enter_late own_txn_enter_late
#define sgc_txn_leave      own_txn_leave
#define sgc_txn_move       own_txn_move
#define sgc_view_is_read   own_view_is_read
#define sgc_txns_open      own_txns_open
#define sgc_txns_refuse    own_txns_refuse
#define sgc_txns_admit     own_txns_admit
#define sgc_txns_free      own_txns_free
#define sgc_thread_spread  own_thread_spread

#include "txn/internal.h"
#include "unit/txn/rows.h"

static void before_a_load(const volatile void *what);

#undef atomic_load
#define atomic_load(from) (before_a_load(from), atomic_load_explicit(from, memory_order_seq_cst))
#define show              show_open
#include "txn/enter.c"
#undef show
#undef atomic_load
#define atomic_load(from) atomic_load_explicit(from, memory_order_seq_cst)

static const char SDL[] = "type Pair { id: Int! @id(generate: NONE) value: Int! }\n";

enum { TURNS = 60, FLUSHES = 8 };

static struct bed bed;
static const struct sgc_view *gone; /* the view that was current at first; NULL: nothing happens */
static unsigned reused;

static void flush_something(void)
{
    static int number;
    char json[100];
    sgc_txn *txn = bed_begin(&bed);

    snprintf(json, sizeof json, "{\"id\":%d,\"value\":0}", ++number);
    OK(put(txn, "Pair", json));
    OK(commit_now(txn));
    OK(sgc_db_flush(bed.db));
}

/* It has seen the current view: that one goes, while nobody holds it. */
unsigned own_thread_spread(void)
{
    gone = atomic_load(&bed.db->current);
    flush_something();
    return 0;
}

/* It holds the place and has its snapshot: now a later view takes that place. */
static void before_a_load(const volatile void *what)
{
    if (what != &bed.db->current || !gone) return;
    bool again = false;
    for (int i = 0; i < FLUSHES && !again; i++) {
        flush_something();
        again = bed.db->view == gone;
    }
    reused += again;
    gone = NULL;
}

static void a_place_is_given_again(void)
{
    bed_open(&bed, SDL, 0);
    flush_something();

    for (int i = 0; i < TURNS; i++) {
        sgc_txn *txn = own_txn_enter(bed.db, 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(txn);
        CU_ASSERT_PTR_EQUAL(txn->view, bed.db->view);
        CU_ASSERT_TRUE(txn->snapshot >= txn->view->sequence);
        CU_ASSERT_EQUAL(txn->snapshot, sgc_db_head(bed.db));
        own_txn_leave(txn);
    }
    printf("%u of %d places were given again ", reused, TURNS);
    bed_close(&bed);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a place is given again", a_place_is_given_again},
        CU_TEST_INFO_NULL,
    };
    return unit_run("txn.enter_place", tests);
}
