/*
 * txn_load.h - the part of txn_script.h that loads: all rows go in one transaction, others come
 * past the MemTables, beside flushes and readers. Some loads are aborted, some refused.
 */
#ifndef SGC_TESTS_TXN_LOAD_H
#define SGC_TESTS_TXN_LOAD_H

enum { SIM_LOAD_STRIDE = 7, SIM_LOAD_MEMORY = 1 << 10 };

static sgc_str sim_key(char name[ENTRY_TEXT_MAX], int key)
{
    int size = snprintf(name, ENTRY_TEXT_MAX, "key-%d", key);

    return sgc_str_of(name, (size_t)size);
}

static bool sim_clear(struct sim *s)
{
    char name[ENTRY_TEXT_MAX];
    sgc_txn *txn;
    sgc_status status = sgc_begin(s->db, &txn);

    if (status != SGC_OK) return false;
    memset(s->pending, 0, sizeof s->pending);
    for (int key = 0; status == SGC_OK && key < SIM_KEYS; key++)
        if (s->rows[key]) status = sgc_row_delete(txn, 0, sim_key(name, key));
    return sim_commit(s, txn, status);
}

/* Most keys, in no order. */
static sgc_status sim_load_rows(struct sim *s, sgc_load *load)
{
    uint64_t first = sim_draw(s, SIM_KEYS);
    char name[ENTRY_TEXT_MAX];
    sgc_status status = SGC_OK;

    memset(s->pending, 0, sizeof s->pending);
    for (uint64_t i = 0; status == SGC_OK && i < SIM_KEYS; i++) {
        int key = (int)((first + i * SIM_LOAD_STRIDE) % SIM_KEYS);
        if (sim_draw(s, 4) == 0) continue;
        s->pending[key] = ++s->next;
        status = sgc_load_row(load, 0, sim_key(name, key), sim_record(s, key, s->next));
        if (status == SGC_OK && sim_draw(s, SIM_KEYS) == 0 && !sim_maintain(s, false))
            status = SGC_IO;
    }
    return status;
}

/* The same key again is found at the end. */
static bool sim_load_refused(struct sim *s, sgc_load *load)
{
    char name[ENTRY_TEXT_MAX];
    sgc_commit_info info;
    int key = 0;

    while (key + 1 < SIM_KEYS && !s->pending[key])
        key++;
    sgc_status status = sgc_load_row(load, 0, sim_key(name, key), sim_record(s, key, ++s->next));
    if (status == SGC_OK && !s->pending[key])
        status = sgc_load_row(load, 0, sim_key(name, key), sim_record(s, key, ++s->next));
    if (status == SGC_OK) status = sgc_load_commit(&load, &info);
    sgc_load_abort(&load);
    s->refused++;
    if (status == SGC_OK) return sim_miss(s, status, "a load with two rows of one key is there");
    return status == SGC_EXISTS;
}

/* False once the database cannot go on. */
static bool sim_load(struct sim *s)
{
    sgc_load_options options = {.memory_bytes = sim_draw(s, 2) ? SIM_LOAD_MEMORY : 0};
    sgc_commit_info info;
    sgc_error error = {SGC_OK, ""};
    sgc_load *load;

    if (!sim_clear(s)) return false;
    sgc_status status = sgc_load_begin(s->db, &options, &load, &error);
    if (status == SGC_OK) status = sim_load_rows(s, load);
    uint64_t end = sim_draw(s, 8);
    sim_say("load until %u: %d", s->next, (int)status);
    if (status != SGC_OK || end == 0) {
        sgc_load_abort(&load);
        s->refused++;
        return status == SGC_OK;
    }
    if (end == 1) return sim_load_refused(s, load);
    status = sgc_load_commit(&load, &info);
    s->loaded += status == SGC_OK;
    return sim_end(s, status, &info);
}

#endif
