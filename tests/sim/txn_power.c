/*
 * txn_power.c - power cuts: at a random write, sync, rename, remove or truncate everything stops,
 * unsynced sectors are kept or lost by a coin, and the database is opened again, sometimes with
 * another cut while it recovers.
 *
 *   sim_txn_power [FIRST_SEED] [SEEDS]      one seed: a new disk and CUTS cuts on it
 *
 * With every fifth seed each opening brings other indexes, so that builds are cut, too. Now and
 * then what a cut has left is first opened where nothing can be written: it says the same.
 */
#include "sim/txn_script.h"

enum { CUTS = 10, SEEDS = 60 };

struct totals {
    uint64_t cuts, recovery_cuts, only_read, acknowledged, refused, unknown, pruned, loaded;
};

static void set_cut(struct sim *s, uint64_t steps)
{
    sgc_faults faults = {.seed = sim_draw(s, UINT32_MAX), .power_cut_at = steps};
    sgc_memory_os_set_faults(s->memory, &faults);
}

static void power_cycle(struct sim *s)
{
    sgc_faults none = {0};

    sgc_memory_os_power_cycle(s->memory, sim_draw(s, UINT32_MAX));
    sgc_memory_os_set_faults(s->memory, &none);
}

static bool is_dark(const struct sim *s)
{
    const sgc_os *os = sgc_memory_os_table(s->memory);

    return os->sync_directory(os->self, ".") != SGC_OK;
}

static uint64_t steps_of(const struct sim *s)
{
    uint64_t steps;

    sgc_memory_os_counts(s->memory, NULL, NULL, &steps);
    return steps;
}

/* Nothing is changed, and refused only what was never there whole. */
static bool only_reads(struct sim *s, struct totals *totals)
{
    sgc_faults faults = {.read_only = true}, none = {0};
    sgc_db_options options = {.os = sgc_memory_os_table(s->memory), .cache_bytes = 1 << 20};
    uint64_t steps = steps_of(s);
    bool good = true;

    if (sim_draw(s, 4)) return true;
    sgc_memory_os_set_faults(s->memory, &faults);
    sgc_status status =
        sgc_db_open("data", s->schemas ? NULL : &s->schema, &options, &s->db, &s->why);
    if (status == SGC_OK) {
        good = sgc_db_only_reads(s->db, NULL) && sim_agrees(s);
        good = sgc_db_close(s->db) == SGC_OK && good;
        totals->only_read++;
    } else {
        good = s->acknowledged == 0;
        sim_say("to read only: %s", s->why.text);
    }
    s->db = NULL;
    sgc_memory_os_set_faults(s->memory, &none);
    return good && steps_of(s) == steps;
}

/* Recovery itself is cut a few times before it may finish. */
static bool reopen(struct sim *s, struct totals *totals)
{
    while (sim_draw(s, 3) == 0) {
        set_cut(s, 1 + sim_draw(s, 12));
        totals->recovery_cuts++;
        sgc_status status = sim_open(s);
        if (status == SGC_OK) sim_close(s);
        power_cycle(s);
    }
    return sim_open(s) == SGC_OK;
}

/* ---- other indexes ---- */

enum { VARIANTS = 16 };

static bool make_schemas(sgc_arena *arena, const sgc_schema *schemas[VARIANTS])
{
    for (unsigned i = 0; i < VARIANTS; i++) {
        sgc_diagnostics diagnostics = {.arena = arena};
        sgc_schema_built built;
        sgc_str sdl = sgc_arena_printf(
            arena,
            "type Entry %s %s { key: String! @id(generate: NONE) bucket: Int! %s tag: String! %s "
            "value: String! }",
            i & 1 ? "@compositeIndex(fields: [\"bucket\", \"tag\"])" : "",
            i & 2 ? "@uniqueKey(fields: [\"tag\", \"bucket\"])" : "", i & 4 ? "@index" : "",
            i & 8 ? "@unique" : "");
        sgc_schema_file file = {SGC_STR("entry.graphql"), sdl};
        if (sgc_schema_build(&file, 1, SGC_STR("entry"), sgc_str_of(NULL, 0), arena, &diagnostics,
                             &built) != SGC_OK)
            return false;
        schemas[i] = built.schema;
    }
    return true;
}

/* ---- running ---- */

static bool survive(struct sim *s, struct totals *totals)
{
    if (sim_open(s) != SGC_OK) return false;
    for (int i = 0; i < CUTS; i++) {
        set_cut(s, 1 + sim_draw(s, i == 0 ? 40 : 250));
        if (!sim_run(s, 60) && !is_dark(s)) {
            sim_say("stopped although nothing had failed");
            return false;
        }
        sim_close(s);
        power_cycle(s);
        totals->cuts++;
        if (s->wrong || !only_reads(s, totals)) return false;
        if (!reopen(s, totals) || !sim_agrees(s)) return false;
    }
    sim_close(s);
    return true;
}

int main(int argc, char **argv)
{
    static struct sim s;
    static const sgc_schema *schemas[VARIANTS];
    static sgc_arena arena;
    struct totals totals = {0};
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : argc > 1 ? 1 : SEEDS;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!make_schemas(&arena, schemas)) return 2;
    for (uint64_t seed = first; seed < first + count; seed++) {
        if (!sim_start(&s, seed)) return 2;
        s.small = seed % 4 == 3;
        if (seed % 5 == 4) {
            s.schemas = schemas;
            s.schema_count = VARIANTS;
        } else if (seed % 3 == 2) {
            sim_retain(&s, SIM_HOUR);
        }
        bool good = survive(&s, &totals);
        totals.acknowledged += s.acknowledged;
        totals.refused += s.refused;
        totals.unknown += s.unknown;
        totals.pruned += s.pruned;
        totals.loaded += s.loaded;
        sgc_memory_os_destroy(s.memory);
        if (good) continue;
        printf("FAILED: sim_txn_power %llu\n", (unsigned long long)seed);
        return 1;
    }
    printf("%llu cuts (%llu more in recovery, %llu first only read): %llu acknowledged, %llu of "
           "them loads, %llu refused, "
           "%llu unknown; %llu moments too old\n",
           (unsigned long long)totals.cuts, (unsigned long long)totals.recovery_cuts,
           (unsigned long long)totals.only_read, (unsigned long long)totals.acknowledged,
           (unsigned long long)totals.loaded, (unsigned long long)totals.refused,
           (unsigned long long)totals.unknown, (unsigned long long)totals.pruned);
    sgc_arena_free(&arena);
    return totals.acknowledged == 0 ||
           (count >= SEEDS && (totals.pruned == 0 || totals.loaded == 0));
}
