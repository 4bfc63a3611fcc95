/*
 * pages_power.c - the power goes off at every write, sync and rename of a script of flushes, also
 * while the image is created and while it is opened again. Whatever the device kept of unsynced
 * writes, the image is then exactly the last committed checkpoint or the one being committed.
 *
 * `pages_power [SEED [STEP]]` repeats one seed or one cut.
 */
#include "unit/store/image_fixture.h"

enum { ROWS = 150, FLUSHES = 6, CHANGES = 60 };

typedef struct power_case {
    uint64_t seed, step;
    sgc_memory_os *memory;
    const sgc_os *os;
    fx_model done, trying; /* after the last commit, and after the one under way */
    uint64_t committed;
} power_case;

static bool failed(const power_case *sim, const char *what, const char *why)
{
    printf("pages_power %llu %llu: %s: %s\n", (unsigned long long)sim->seed,
           (unsigned long long)sim->step, what, why);
    return false;
}

static sgc_status open_image(const power_case *sim, sgc_pages **pages, sgc_error *error)
{
    sgc_pages_options options = {.cache_bytes = 64 * 4096};
    sgc_status status = sim->os->make_directory(sim->os->self, "db");

    *pages = NULL;
    error->text[0] = '\0';
    if (status == SGC_OK || status == SGC_EXISTS)
        status = sim->os->sync_directory(sim->os->self, ".");
    if (status) return status;
    return sgc_pages_open(sim->os, "db", &fx_schema, &options, pages, error);
}

static void forget(fx_model *model)
{
    fx_model_free(model);
    *model = (fx_model){0};
}

/* One flush; sim->done follows only when it was committed. */
static sgc_status flush_once(power_case *sim, sgc_pages *pages, uint64_t *random, sgc_error *error)
{
    static const fx_script script = {.deletes = 30, .note = 300, .large = 12000};
    sgc_flush *flush;
    sgc_status status = sgc_flush_begin(pages, &flush, error);

    if (status) return status;
    forget(&sim->trying);
    fx_model_copy(&sim->done, &sim->trying);
    status = fx_run(flush, &sim->trying, CHANGES, sim->committed + 1, &script, random, error);
    if (status == SGC_OK && fx_random(random) % 3 == 0) status = sgc_flush_compact(flush, error);
    if (status) {
        sgc_flush_abort(flush);
        return status;
    }
    status = sgc_flush_commit(flush, sim->committed + 1, sim->committed + 1, error);
    if (status) return status;
    forget(&sim->done);
    fx_model_copy(&sim->trying, &sim->done);
    sim->committed++;
    return SGC_OK;
}

static void run_until_dark(power_case *sim, uint64_t *random)
{
    sgc_pages *pages;
    sgc_error error;
    sgc_status status = open_image(sim, &pages, &error);

    for (int i = 0; status == SGC_OK && i < FLUSHES; i++)
        status = flush_once(sim, pages, random, &error);
    sgc_pages_close(pages);
}

static bool check_state(power_case *sim, sgc_pages *pages)
{
    sgc_checkpoint *checkpoint = sgc_pages_newest(pages);
    uint64_t sequence = sgc_checkpoint_sequence(checkpoint), random = 1;
    bool good = true;

    if (sequence == sim->committed) {
        good = fx_check(checkpoint, &sim->done, &random) || failed(sim, "the old state", "differs");
    } else if (sequence == sim->committed + 1) {
        good =
            fx_check(checkpoint, &sim->trying, &random) || failed(sim, "the new state", "differs");
        forget(&sim->done);
        fx_model_copy(&sim->trying, &sim->done);
        sim->committed++;
    } else {
        good = failed(sim, "sequence", "neither the old nor the new one");
    }
    sgc_checkpoint_release(checkpoint);
    return good && (fx_verify(pages) || failed(sim, "verify", "see above"));
}

/* Power back on, perhaps off again while opening; then all must be there and go on working. */
static bool recover(power_case *sim, uint64_t *random)
{
    sgc_pages *pages;
    sgc_error error;

    sgc_memory_os_power_cycle(sim->memory, fx_random(random));
    if (fx_random(random) % 2) {
        sgc_memory_os_set_faults(sim->memory,
                                 &(sgc_faults){.seed = fx_random(random),
                                               .power_cut_at = 1 + fx_random(random) % 4,
                                               .short_writes = true});
        if (open_image(sim, &pages, &error) == SGC_OK) sgc_pages_close(pages);
        sgc_memory_os_power_cycle(sim->memory, fx_random(random));
    }
    if (open_image(sim, &pages, &error)) return failed(sim, "open", error.text);
    bool good = check_state(sim, pages);
    for (int i = 0; good && i < 2; i++)
        if (flush_once(sim, pages, random, &error)) good = failed(sim, "flush", error.text);
    good = good && check_state(sim, pages);
    sgc_pages_close(pages);
    return good;
}

/* *dark: whether the script was long enough to reach the step. */
static bool cut_at(uint64_t seed, uint64_t step, bool *dark)
{
    power_case sim = {.seed = seed, .step = step};
    uint64_t random = seed * 1000003 + step, script = seed;

    if (sgc_memory_os_create(&sim.memory)) return failed(&sim, "memory", "none");
    sim.os = sgc_memory_os_table(sim.memory);
    if (!fx_model_create(&sim.done, ROWS, 40, seed)) return false;
    fx_model_copy(&sim.done, &sim.trying);
    sgc_memory_os_set_faults(
        sim.memory, &(sgc_faults){.seed = seed + step, .power_cut_at = step, .short_writes = true});
    run_until_dark(&sim, &script);
    *dark = sim.committed < FLUSHES;
    bool good = recover(&sim, &random);
    forget(&sim.done);
    forget(&sim.trying);
    sgc_memory_os_destroy(sim.memory);
    return good;
}

int main(int count, char **arguments)
{
    uint64_t first = count > 1 ? strtoull(arguments[1], NULL, 10) : 1;
    uint64_t last = count > 1 ? first : 6, cuts = 0;
    bool dark = true;

    if (count > 2) return !cut_at(first, strtoull(arguments[2], NULL, 10), &dark);
    for (uint64_t seed = first; seed <= last; seed++) {
        dark = true;
        for (uint64_t step = 1; dark; step++, cuts++)
            if (!cut_at(seed, step, &dark)) return 1;
    }
    printf("pages_power: %llu power cuts survived\n", (unsigned long long)cuts);
    return count == 1 && cuts < 100;
}
