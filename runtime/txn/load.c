/*
 * load.c - loads: rows of tables that have none, past the MemTables. The rows are checked here, one
 * by one; pages and indexes are store/load.c; the commit's last step, on the flusher's thread, is
 * land.c.
 */
#include "txn/internal.h"

enum {
    MEMORY_LEAST = 8 << 20,
    MEMORY_MOST = 256 << 20,
    MEMORY_PART = 4,         /* of the page cache */
    ROWS_A_VIEW = 64 * 1024, /* so often the load lets older MemTables and pages go */
};

/* ---- beginning and ending ---- */

static uint64_t memory_of(sgc_db *db, const sgc_load_options *options)
{
    sgc_pages_stats stats;

    if (options && options->memory_bytes) return options->memory_bytes;
    sgc_pages_get_stats(db->pages, &stats);
    uint64_t part = stats.cache_budget / MEMORY_PART;
    return part < MEMORY_LEAST ? MEMORY_LEAST : part > MEMORY_MOST ? MEMORY_MOST : part;
}

static void load_free(sgc_load *load)
{
    sgc_page_load_end(load->pages);
    if (load->txn) sgc_txn_free(load->txn);
    sgc_free(load->claimed);
    sgc_free(load->guarded);
    sgc_free(load->filled);
    sgc_free(load->serials);
    sgc_free(load);
}

/* One at a time. */
static sgc_status enter(sgc_load *load, sgc_error *error)
{
    sgc_db *db = load->db;
    sgc_status status = SGC_OK;

    sgc_mutex_lock(&db->commit_lock);
    if (atomic_load(&db->read_only)) {
        status = sgc_db_fail(db, SGC_READ_ONLY, error);
    } else if (db->load) {
        status = sgc_fail(error, SGC_BUSY, "another load is open");
    } else {
        db->load = load;
    }
    sgc_mutex_unlock(&db->commit_lock);
    return status;
}

static void leave(sgc_load *load)
{
    sgc_mutex_lock(&load->db->commit_lock);
    if (load->db->load == load) load->db->load = NULL;
    sgc_mutex_unlock(&load->db->commit_lock);
}

static sgc_load *new_load(sgc_db *db)
{
    sgc_load *load = sgc_alloc_zero(1, sizeof *load);
    uint16_t tables = db->schema->table_count;

    if (!load) return NULL;
    load->db = db;
    load->claimed = sgc_alloc_zero(tables, sizeof *load->claimed);
    load->guarded = sgc_alloc_zero(tables, sizeof *load->guarded);
    load->filled = sgc_alloc_zero(tables, sizeof *load->filled);
    load->serials = sgc_alloc_zero(tables, sizeof *load->serials);
    if (load->claimed && load->guarded && load->filled && load->serials) return load;
    load_free(load);
    return NULL;
}

static sgc_status start(sgc_load *load, uint64_t memory, sgc_error *error)
{
    sgc_status status = sgc_begin(load->db, &load->txn);

    if (status != SGC_OK) return sgc_fail(error, status, "%s", sgc_status_text(status));
    load->txn->load = load;
    return sgc_page_load_begin(load->db->pages, memory, &load->pages, error);
}

sgc_status sgc_load_begin(sgc_db *db, const sgc_load_options *options, sgc_load **out,
                          sgc_error *error)
{
    sgc_load *load = new_load(db);

    *out = NULL;
    if (!load) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    /* From here on committers look at it. */
    sgc_status status = enter(load, error);
    if (status == SGC_OK) status = start(load, memory_of(db, options), error);
    if (status != SGC_OK) sgc_load_abort(&load);
    *out = load;
    return status;
}

void sgc_load_abort(sgc_load **load)
{
    if (!*load) return;
    /* What it was lent is given back before the next load takes something. */
    sgc_page_load_end((*load)->pages);
    (*load)->pages = NULL;
    leave(*load);
    load_free(*load);
    *load = NULL;
}

const char *sgc_load_errmsg(const sgc_load *load)
{
    return sgc_errmsg(load->txn);
}

/* ---- whose tables they are; commit lock held ---- */

sgc_status sgc_load_permits(sgc_txn *txn, uint16_t table, bool deletes)
{
    const sgc_load *load = txn->db->load;
    const sgc_table *t = &txn->schema->tables[table];

    if (load->claimed[table]) {
        return sgc_txn_fail(txn, SGC_CONFLICT, table, SGC_NONE,
                            "%.*s is being loaded; it can be written when the load has ended",
                            SGC_ARG(t->name));
    }
    if (!deletes || !load->guarded[table]) return SGC_OK;
    return sgc_txn_fail(txn, SGC_CONFLICT, table, SGC_NONE,
                        "rows that may name rows of %.*s are being loaded; such rows can be "
                        "deleted when the load has ended",
                        SGC_ARG(t->name));
}

static sgc_status has_rows(sgc_load *load, uint16_t table, bool *rows)
{
    struct sgc_walk walk;
    struct sgc_view *view = sgc_view_pin(load->db);
    struct sgc_reads source = {.schema = load->txn->schema,
                               .checkpoint = view->checkpoint,
                               .layers = view->layers,
                               .count = view->count,
                               .at = SGC_NEWEST};

    sgc_walk_open(&walk, &source, table, 0, false);
    sgc_status status = sgc_walk_seek(&walk, sgc_str_of(NULL, 0), &load->txn->error);
    *rows = walk.valid;
    sgc_walk_close(&walk);
    sgc_view_unpin(view);
    return status;
}

/* Rows of these tables may be named by what is loaded. */
static void guard_parents(sgc_load *load, uint16_t table)
{
    const struct sgc_table_rules *rules = load->db->rules;

    if (load->txn->schema->tables[table].link) {
        if (rules[table].left != SGC_NONE) load->guarded[rules[table].left] = true;
        if (rules[table].right != SGC_NONE) load->guarded[rules[table].right] = true;
    }
    for (uint16_t parent = 0; parent < load->txn->schema->table_count; parent++) {
        for (uint16_t i = 0; i < rules[parent].reference_count; i++) {
            if (rules[parent].references[i].table == table) load->guarded[parent] = true;
        }
    }
}

static sgc_status claim_locked(sgc_load *load, uint16_t table)
{
    const sgc_table *t = &load->txn->schema->tables[table];
    bool rows = false;
    sgc_status status = has_rows(load, table, &rows);

    if (status != SGC_OK) return status;
    if (rows) {
        return sgc_txn_fail(load->txn, SGC_EXISTS, table, SGC_NONE,
                            "%.*s holds rows; only tables without rows can be loaded at once",
                            SGC_ARG(t->name));
    }
    status = sgc_serial_start(load->txn, table, &load->serials[table]);
    if (status != SGC_OK) return status;
    load->claimed[table] = true;
    guard_parents(load, table);
    return SGC_OK;
}

static sgc_status claim(sgc_load *load, uint16_t table)
{
    if (table >= sgc_user_tables(load->txn->schema)) {
        return sgc_txn_fail(load->txn, SGC_INVALID, SGC_NONE, SGC_NONE, "there is no table %u",
                            (unsigned)table);
    }
    if (load->claimed[table]) return SGC_OK;
    sgc_mutex_lock(&load->db->commit_lock);
    sgc_status status = claim_locked(load, table);
    sgc_mutex_unlock(&load->db->commit_lock);
    return status;
}

/* A statement begins. */
static sgc_status begin(sgc_load *load)
{
    if (load->broken != SGC_OK) return load->broken;
    sgc_txn_clear_error(load->txn);
    if (load->txn->scratch.total) sgc_arena_reset(&load->txn->scratch);
    return SGC_OK;
}

sgc_status sgc_load_claim(sgc_load *load, uint16_t table)
{
    sgc_status status = begin(load);

    return status == SGC_OK ? sgc_txn_fail_plain(load->txn, claim(load, table)) : status;
}

/* ---- rows ---- */

/* A view holds MemTables and places; the load does not need the one it began with. */
static void move_on(sgc_load *load)
{
    sgc_txn *fresh;

    if (sgc_begin(load->db, &fresh) != SGC_OK) return;
    fresh->now_us = load->txn->now_us; /* the same for all its rows */
    fresh->load = load;
    sgc_txn_free(load->txn);
    load->txn = fresh;
}

sgc_txn *sgc_load_txn(sgc_load *load)
{
    if (load->rows % ROWS_A_VIEW == ROWS_A_VIEW - 1 && load->broken == SGC_OK) move_on(load);
    sgc_arena_reset(&load->txn->arena);
    return load->txn;
}

static sgc_status refer(sgc_load *load, uint16_t table, uint16_t relation, sgc_str key,
                        sgc_str record, uint64_t row)
{
    sgc_txn *txn = load->txn;
    struct sgc_parent *parents = NULL;
    size_t count;
    sgc_status status = sgc_parents_of(txn, table, relation, record, &parents, &count);

    for (size_t i = 0; status == SGC_OK && i < count; i++) {
        if (parents[i].table == SGC_NONE)
            return sgc_fail_parent(txn, table, relation, key, record, &parents[i]);
        if (parents[i].table == table && sgc_str_eq(parents[i].key, key)) continue;
        status = sgc_page_load_refer(load->pages, table, relation, row, parents[i].table,
                                     parents[i].key, &txn->error);
    }
    return status;
}

static sgc_status put(sgc_load *load, uint16_t table, sgc_str key, sgc_str record)
{
    sgc_txn *txn = load->txn;
    const sgc_table *t = &txn->schema->tables[table];
    uint64_t row;
    sgc_status status =
        sgc_page_load_row(load->pages, table, key, record, load->place, &row, &txn->error);

    if (status == SGC_LIMIT && record.size <= SGC_RECORD_MAX)
        status = sgc_fail_too_long(txn, table);
    for (uint16_t i = 0; status == SGC_OK && i < t->relation_count; i++) {
        sgc_relation_kind kind = t->relations[i].kind;
        if (kind != SGC_RELATION_KEY && kind != SGC_RELATION_LIST) continue;
        status = refer(load, table, i, key, record, row);
    }
    if (status != SGC_OK) load->broken = status;
    return status;
}

static sgc_status add(sgc_load *load, uint16_t table, sgc_str key, sgc_str record)
{
    sgc_txn *txn = load->txn;
    sgc_status status = claim(load, table);

    if (status == SGC_OK && txn->schema->tables[table].link) {
        return sgc_txn_fail(txn, SGC_INVALID, table, SGC_NONE,
                            "links are added by sgc_load_link()");
    }
    if (status == SGC_OK) status = sgc_check_key(txn, table, key);
    if (status == SGC_OK) status = sgc_check_record(txn, table, key, record);
    if (status == SGC_OK) status = put(load, table, key, record);
    if (status != SGC_OK) return status;
    sgc_serial_note(txn, table, key, &load->serials[table]);
    load->filled[table] = true;
    load->rows++;
    return SGC_OK;
}

void sgc_load_place(sgc_load *load, uint64_t place)
{
    load->place = place;
    load->has_places = true;
}

sgc_status sgc_load_row(sgc_load *load, uint16_t table, sgc_str key, sgc_str record)
{
    sgc_status status = begin(load);

    if (status != SGC_OK) return status;
    if (!load->has_places) load->place = load->rows + 1;
    return sgc_txn_fail_plain(load->txn, add(load, table, key, record));
}

static sgc_status add_link(sgc_load *load, uint16_t link, sgc_str left, sgc_str right)
{
    sgc_txn *txn = load->txn;
    sgc_status status = claim(load, link);

    if (status != SGC_OK) return status;
    assert(txn->schema->tables[link].link);
    status = sgc_page_load_link(load->pages, link, left, right, load->place, &txn->error);
    load->filled[link] = true;
    if (status != SGC_OK) load->broken = status;
    return status;
}

sgc_status sgc_load_link(sgc_load *load, uint16_t link, sgc_str left, sgc_str right)
{
    sgc_status status = begin(load);

    if (status != SGC_OK) return status;
    return sgc_txn_fail_plain(load->txn, add_link(load, link, left, right));
}

/* ---- commit: what rows name ---- */

/* Rows that are there now stay: nobody else may delete one while the load is open. */
struct look_up {
    sgc_load *load;
    struct sgc_view *view;
    struct sgc_reads source;
    sgc_key left; /* of the last link, which was there; empty before the first */
};

static void start_looking(sgc_load *load, struct look_up *now)
{
    struct sgc_view *view = sgc_view_pin(load->db);

    *now = (struct look_up){.load = load, .view = view};
    now->source = (struct sgc_reads){.schema = load->txn->schema,
                                     .checkpoint = view->checkpoint,
                                     .layers = view->layers,
                                     .count = view->count,
                                     .at = SGC_NEWEST};
}

static sgc_status look_up(void *context, uint16_t table, sgc_str key, bool *there, sgc_error *error)
{
    struct look_up *now = context;
    sgc_load *load = now->load;
    enum sgc_found found;
    sgc_str record;

    if (sgc_page_load_has(load->pages, table))
        return sgc_page_load_find(load->pages, table, key, there, error);
    sgc_arena_reset(&load->txn->scratch);
    sgc_status status =
        sgc_reads_get(&now->source, table, key, &load->txn->scratch, &found, &record, error);
    *there = found == SGC_FOUND_ROW;
    return status;
}

static sgc_status look_at_ends(struct look_up *now, uint16_t link, const struct sgc_parent ends[2],
                               sgc_error *error)
{
    bool there = now->left.size > 0 && sgc_str_eq(sgc_key_str(&now->left), ends[0].key);
    sgc_status status = SGC_OK;

    if (!there) status = look_up(now, ends[0].table, ends[0].key, &there, error);
    if (status == SGC_OK && !there)
        return sgc_fail_link(now->load->txn, link, &ends[1], &ends[0], false);
    sgc_key_start(&now->left);
    sgc_key_raw(&now->left, ends[0].key);
    if (status == SGC_OK) status = look_up(now, ends[1].table, ends[1].key, &there, error);
    if (status != SGC_OK || there) return status;
    return sgc_fail_link(now->load->txn, link, &ends[0], &ends[1], true);
}

static sgc_status put_link(void *context, uint16_t link, sgc_str left, sgc_str right,
                           uint64_t origin, sgc_error *error)
{
    struct look_up *now = context;
    sgc_txn *txn = now->load->txn;
    const struct sgc_table_rules *rules = &txn->db->rules[link];
    const struct sgc_parent ends[2] = {{rules->left, left}, {rules->right, right}};
    sgc_str record;
    sgc_key key;
    uint64_t row;

    if (txn->scratch.total) sgc_arena_reset(&txn->scratch);
    sgc_status status = look_at_ends(now, link, ends, error);
    if (status == SGC_OK) status = sgc_link_record(txn, link, left, right, &record);
    if (status == SGC_OK) status = sgc_record_key(&txn->schema->tables[link], record, &key);
    if (status == SGC_OK)
        status =
            sgc_page_load_row(now->load->pages, link, sgc_key_str(&key), record, 0, &row, error);
    if (status == SGC_FOREIGN_KEY || status == SGC_LIMIT) now->load->place = origin;
    return status == SGC_LIMIT ? sgc_fail_too_long(txn, link) : status;
}

static sgc_status put_links(struct look_up *now)
{
    sgc_load *load = now->load;
    sgc_status status = SGC_OK;

    for (uint16_t i = 0; status == SGC_OK && i < load->txn->schema->table_count; i++) {
        if (!load->filled[i]) continue;
        sgc_key_start(&now->left);
        status = sgc_page_load_links(load->pages, i, put_link, now, &load->txn->error);
    }
    return status;
}

/* ---- commit ---- */

/* What the store found, in words of the schema. */
static sgc_status describe(sgc_load *load, const sgc_load_clash *clash, sgc_status status)
{
    sgc_txn *txn = load->txn;
    struct sgc_parent parent = {clash->parent, clash->parent_key};
    sgc_key key;

    load->place = clash->origin;
    load->other = clash->other;
    if (status == SGC_EXISTS && clash->index > 0)
        return sgc_fail_taken(txn, clash->table, clash->index, clash->record);
    if (sgc_record_key(&txn->schema->tables[clash->table], clash->record, &key) != SGC_OK)
        return status;
    if (status == SGC_EXISTS) return sgc_fail_exists(txn, clash->table, sgc_key_str(&key));
    return sgc_fail_parent(txn, clash->table, clash->relation, sgc_key_str(&key), clash->record,
                           &parent);
}

static sgc_status build(sgc_load *load)
{
    sgc_load_clash clash = {0};
    sgc_error *error = &load->txn->error;
    struct look_up now;

    sgc_status status = sgc_page_load_build(load->pages, &clash, error);
    if (status == SGC_EXISTS) return describe(load, &clash, status);
    if (status != SGC_OK) return status;
    start_looking(load, &now);
    status = sgc_page_load_parents(load->pages, look_up, &now, &clash, error);
    if (status == SGC_FOREIGN_KEY) status = describe(load, &clash, status);
    if (status == SGC_OK) status = put_links(&now);
    sgc_view_unpin(now.view);
    if (status == SGC_OK) status = sgc_page_load_build(load->pages, &clash, error);
    return status == SGC_OK ? sgc_page_load_sync(load->pages, error) : status;
}

/* Waits for the flusher to have done it; nobody commits meanwhile. Commit lock held. */
static sgc_status land(sgc_load *load, struct sgc_landing *landing)
{
    sgc_db *db = load->db;
    sgc_status status = atomic_load(&db->read_only) ? SGC_READ_ONLY : sgc_view_rotate(db);

    if (status == SGC_READ_ONLY) return sgc_txn_fail_stopped(load->txn, status);
    if (status != SGC_OK) return status;
    sgc_mutex_lock(&db->view_lock);
    status = sgc_flusher_need(db);
    db->landing = status == SGC_OK ? landing : NULL;
    sgc_cond_broadcast(&db->view_changed);
    /* A flusher that has stopped takes it up no more. */
    while (db->landing && !landing->done && (landing->taken || !db->flush_failed))
        sgc_cond_wait(&db->view_changed, &db->view_lock);
    db->landing = NULL;
    sgc_mutex_unlock(&db->view_lock);
    if (status != SGC_OK) return status;
    if (!landing->done) return sgc_txn_fail_stopped(load->txn, SGC_READ_ONLY);
    if (landing->status != SGC_OK) load->txn->error = landing->error;
    return landing->status;
}

static sgc_status commit(sgc_load *load, struct sgc_landing *landing)
{
    sgc_db *db = load->db;
    sgc_status status = load->broken;

    if (status != SGC_OK) return status;
    load->place = 0;
    if (!memchr(load->filled, true, load->txn->schema->table_count)) return SGC_OK;
    sgc_txn_clear_error(load->txn);
    status = build(load);
    if (status != SGC_OK) return status;
    sgc_mutex_lock(&db->commit_lock);
    status = land(load, landing);
    sgc_mutex_unlock(&db->commit_lock);
    return status;
}

sgc_status sgc_load_commit(sgc_load **open, sgc_commit_info *info)
{
    sgc_load *load = *open;
    struct sgc_landing landing = {.load = load};

    if (!load) {
        if (info) *info = (sgc_commit_info){.outcome = SGC_OUTCOME_COMMITTED};
        return SGC_OK;
    }
    sgc_status status = sgc_txn_fail_plain(load->txn, commit(load, &landing));
    if (info) {
        *info = (sgc_commit_info){.error = load->txn->error,
                                  .type = load->txn->error_type,
                                  .field = load->txn->error_field,
                                  .place = load->place,
                                  .other_place = load->other};
        if (status == SGC_OK) {
            info->outcome = SGC_OUTCOME_COMMITTED;
            info->sequence = landing.sequence;
            info->time_us = landing.time_us;
        } else if (status == SGC_UNKNOWN_OUTCOME) {
            info->outcome = SGC_OUTCOME_UNKNOWN;
        }
    }
    sgc_load_abort(open);
    return status;
}
