/*
 * txn_faults.c - one write, one sync, one allocation or the space on the device fails at every n-th
 * place of a script of transactions, loads, flushes, merges, compactions and openings, short writes
 * included: nothing acknowledged is lost, nothing refused appears, reads go on after the failure,
 * every past moment is what it was, and the database opens again, also after a power cut.
 *
 *   sim_txn_faults                  a short script for each place, a long one in coarse steps
 *   sim_txn_faults STEP             the long script alone: every STEP-th write, sync and full
 *                                   disk, every 5 * STEP-th allocation
 *   sim_txn_faults KIND N [STEPS]   one place; KIND: write, sync, space or memory
 */
#include "base/base.h"
#include "sim/txn_script.h"

enum { STEPS = 50, PLACES = 120, MEMORY_PLACES = 400 };
enum { LONG_STEPS = 900, LONG_SEED = 5, COARSE = 77, COARSE_MEMORY = 777 };

enum kind { WRITES, SYNCS, SPACE, MEMORY, KINDS };
static const char *const kinds[] = {"write", "sync", "space", "memory"};

static void set_fault(struct sim *s, enum kind kind, uint64_t n)
{
    sgc_faults faults = {.seed = n, .short_writes = n % 2 == 0, .sticky = n % 3 == 0};

    if (kind == WRITES) faults.fail_write_at = n;
    if (kind == SYNCS) faults.fail_sync_at = n;
    if (kind == SPACE) faults.no_space_at = n;
    if (kind == MEMORY) {
        sgc_alloc_fail_at(n, false);
    } else {
        sgc_memory_os_set_faults(s->memory, &faults);
    }
}

static void clear_fault(struct sim *s)
{
    sgc_faults none = {0};

    sgc_alloc_fail_at(0, false);
    sgc_memory_os_set_faults(s->memory, &none);
}

/* After the failure what was acknowledged is still read in the open database. */
static bool reads_go_on(struct sim *s)
{
    sgc_txn *txn;

    if (!s->db) return true;
    if (sgc_begin_read(s->db, sgc_now(), &txn) != SGC_OK) return false;
    bool good = sim_has(s, txn, s->rows);
    sgc_abort(&txn);
    return good;
}

/* Every third short script begins with a load. Refused for want of memory: the same database goes
 * on. */
static bool run(struct sim *s, enum kind kind, uint64_t n, int steps)
{
    bool loads = steps == STEPS && n % 3 == 2;
    bool whole = (!loads || sim_load(s)) && sim_run(s, steps);

    clear_fault(s);
    if (!reads_go_on(s)) return false;
    if (kind == MEMORY && !whole && s->db && !s->is_unknown) (void)sim_run(s, 5);
    return reads_go_on(s);
}

/* Closed, or every third time the power fails after what had failed already. */
static void end(struct sim *s, uint64_t n)
{
    sgc_faults dark = {.seed = n, .power_cut_at = 1};

    if (n % 3 == 1) sgc_memory_os_set_faults(s->memory, &dark);
    if (s->db) sim_close(s);
    if (n % 3 == 1) sgc_memory_os_power_cycle(s->memory, n);
    clear_fault(s);
}

static bool survives(struct sim *s, enum kind kind, uint64_t n, int steps)
{
    if (n % 2 && sim_open(s) != SGC_OK) return false;
    set_fault(s, kind, n);
    bool opened = s->db || sim_open(s) == SGC_OK;
    bool good = opened ? run(s, kind, n, steps) : true;
    clear_fault(s);
    end(s, n);
    if (!good || sim_open(s) != SGC_OK) return false;
    good = sim_agrees(s) && sim_run(s, 10) && sim_agrees(s);
    if (s->db) sim_close(s);
    return good;
}

static bool try_place(enum kind kind, uint64_t n, int steps)
{
    static struct sim s;

    if (!sim_start(&s, steps == STEPS ? n : LONG_SEED)) return false;
    if (n % 4 == 1) sim_retain(&s, SIM_HOUR);
    bool good = survives(&s, kind, n, steps);
    sgc_memory_os_destroy(s.memory);
    if (!good)
        printf("FAILED: sim_txn_faults %s %llu %d\n", kinds[kind], (unsigned long long)n, steps);
    return good;
}

/* How many places of each kind the long script has. */
static bool count_places(uint64_t counts[KINDS])
{
    static struct sim s;
    uint64_t steps;

    sgc_alloc_fail_at(UINT64_MAX, false); /* counts */
    if (!sim_start(&s, LONG_SEED) || sim_open(&s) != SGC_OK) return false;
    bool good = sim_run(&s, LONG_STEPS);
    sim_close(&s);
    sgc_memory_os_counts(s.memory, &counts[WRITES], &counts[SYNCS], &steps);
    counts[SPACE] = counts[WRITES];
    counts[MEMORY] = sgc_alloc_count();
    clear_fault(&s);
    sgc_memory_os_destroy(s.memory);
    return good;
}

static bool try_long_script(uint64_t step, uint64_t memory_step)
{
    uint64_t counts[KINDS];
    bool good = count_places(counts);

    for (int kind = 0; kind < KINDS; kind++) {
        uint64_t tried = 0, each = kind == MEMORY ? memory_step : step;
        for (uint64_t n = 1; n <= counts[kind]; n += each, tried++)
            good = try_place((enum kind)kind, n, LONG_STEPS) && good;
        printf("%s: failed at %llu places of %llu, every %llu.\n", kinds[kind],
               (unsigned long long)tried, (unsigned long long)counts[kind],
               (unsigned long long)each);
    }
    return good;
}

int main(int argc, char **argv)
{
    bool good = true;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 2) {
        uint64_t step = strtoull(argv[1], NULL, 10);
        return step == 0 || !try_long_script(step, 5 * step);
    }
    for (int kind = 0; argc > 2 && kind < KINDS; kind++) {
        if (strcmp(argv[1], kinds[kind]) != 0) continue;
        int steps = argc > 3 ? (int)strtol(argv[3], NULL, 10) : STEPS;
        return !try_place((enum kind)kind, strtoull(argv[2], NULL, 10), steps);
    }
    for (int kind = 0; kind < KINDS; kind++) {
        uint64_t places = kind == MEMORY ? MEMORY_PLACES : PLACES;
        for (uint64_t n = 1; n <= places; n++) {
            good = try_place((enum kind)kind, n, STEPS) && good;
        }
        printf("%s: failed at %llu places\n", kinds[kind], (unsigned long long)places);
    }
    return !try_long_script(COARSE, COARSE_MEMORY) || !good;
}
