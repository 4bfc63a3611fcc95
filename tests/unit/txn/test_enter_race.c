/*
 * test_enter_race.c - a transaction begins while what it is about to read is replaced: the linker
 * puts us between its look at the current view and its taking of a slot (tests/CMakeLists.txt), so
 * that a race of a few instructions is won each time.
 */
#include "txn/internal.h"
#include "unit/txn/rows.h"

unsigned __real_sgc_thread_spread(void);
unsigned __wrap_sgc_thread_spread(void);

static const char SDL[] = "type Pair { id: Int! @id(generate: NONE) value: Int! }\n";
static const char OTHER_SDL[] = "type Other { id: Int! @id(generate: NONE) value: Int! }\n";

/* ---- between ---- */

static void (*meanwhile)(struct bed *bed); /* once */
static struct bed *place;
static unsigned met;

unsigned __wrap_sgc_thread_spread(void)
{
    void (*happens)(struct bed * bed) = meanwhile;

    meanwhile = NULL; /* what happens begins transactions, too */
    if (happens) {
        met++;
        happens(place);
    }
    return __real_sgc_thread_spread();
}

static sgc_txn *begin_while(struct bed *bed, void (*happens)(struct bed *bed))
{
    sgc_txn *txn;
    unsigned before = met;

    place = bed;
    meanwhile = happens;
    CU_ASSERT_EQUAL_FATAL(sgc_begin_read(bed->db, sgc_now(), &txn), SGC_OK);
    CU_ASSERT_EQUAL(met, before + 1);
    return txn;
}

static void write_pair(struct bed *bed, int value)
{
    char json[100];
    sgc_txn *txn = bed_begin(bed);

    snprintf(json, sizeof json, "{\"id\":1,\"value\":%d}", value);
    OK(value ? set(txn, "Pair", json) : put(txn, "Pair", json));
    OK(commit_now(txn));
}

/* The view in force, and all of what it shows. */
static void has_current(const struct bed *bed, const sgc_txn *txn)
{
    CU_ASSERT_PTR_EQUAL_FATAL(txn->view, bed->db->view);
    CU_ASSERT_PTR_EQUAL(atomic_load(&txn->reads), txn->view);
    CU_ASSERT_EQUAL(txn->snapshot, sgc_db_head(bed->db));
    CU_ASSERT_TRUE(txn->snapshot >= txn->view->sequence);
}

/* ---- cases ---- */

static void write_and_flush(struct bed *bed)
{
    write_pair(bed, 2);
    OK(sgc_db_flush(bed->db));
}

static void a_flush_comes_between(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    write_pair(&bed, 0);
    write_pair(&bed, 1);

    sgc_txn *txn = begin_while(&bed, write_and_flush);
    has_current(&bed, txn);
    UNIT_STR(show(txn, "Pair", "1"), "1 2");
    /* From now on its view stays. */
    write_pair(&bed, 3);
    OK(sgc_db_flush(bed.db));
    UNIT_STR(show(txn, "Pair", "1"), "1 2");
    sgc_abort(&txn);
    txn = begin_while(&bed, write_and_flush); /* in a slot that was used before */
    has_current(&bed, txn);
    UNIT_STR(show(txn, "Pair", "1"), "1 2");
    sgc_abort(&txn);
    bed_close(&bed);
}

static void many_flushes(struct bed *bed)
{
    for (int i = 1; i < 20; i++) {
        write_pair(bed, i);
        OK(sgc_db_flush(bed->db));
    }
}

/* The place of the view that went holds another one by then, or a later one itself. */
static void many_flushes_come_between(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    write_pair(&bed, 0);

    for (int i = 0; i < 20; i++) {
        sgc_txn *txn = begin_while(&bed, many_flushes);
        has_current(&bed, txn);
        UNIT_STR(show(txn, "Pair", "1"), "1 19");
        sgc_abort(&txn);
    }
    bed_close(&bed);
}

static void other_schema(struct bed *bed)
{
    OK(sgc_db_set_schema(bed->db, bed_schema(bed, OTHER_SDL), NULL));
}

static void a_schema_comes_between(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);

    sgc_txn *txn = begin_while(&bed, other_schema);
    has_current(&bed, txn);
    CU_ASSERT_PTR_EQUAL(txn->schema, atomic_load(&bed.db->schema));
    UNIT_STR(show(txn, "Other", "1"), "-");
    sgc_abort(&txn);
    OK(sgc_db_close(bed.db));
    sgc_memory_os_destroy(bed.memory);
    sgc_arena_free(&bed.arena);
}

/* Beginners have to wait for whoever hides the view: another thread shows it again. */
static void *admit(void *argument)
{
    struct bed *bed = argument;

    sgc_txns_admit(bed->db);
    return NULL;
}

static sgc_thread admitting;

static void hide_the_view(struct bed *bed)
{
    OK(sgc_txns_refuse(bed->db));
    CU_ASSERT_EQUAL_FATAL(sgc_thread_start(&admitting, admit, bed), SGC_OK);
}

static void the_view_is_hidden(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    write_pair(&bed, 0);

    for (int i = 0; i < 20; i++) {
        sgc_txn *txn = begin_while(&bed, hide_the_view);
        sgc_thread_join(admitting);
        has_current(&bed, txn);
        UNIT_STR(show(txn, "Pair", "1"), "1 0");
        sgc_abort(&txn);
    }
    bed_close(&bed);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"a flush comes between", a_flush_comes_between},
        {"many flushes come between", many_flushes_come_between},
        {"a schema comes between", a_schema_comes_between},
        {"the view is hidden", the_view_is_hidden},
        CU_TEST_INFO_NULL,
    };
    return unit_run("txn.enter_race", tests);
}
