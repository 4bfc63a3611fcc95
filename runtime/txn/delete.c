/*
 * delete.c - deleting a row and what hangs on it: children that follow or lose their reference,
 * links. Children that forbid it are looked for at the end, when all that goes has gone, so the
 * order of relations does not matter and cycles end.
 */
#include "txn/internal.h"

/* Rows to delete, in the scratch arena. */
struct doomed {
    struct sgc_parent *rows;
    size_t count, capacity;
};

/* Children of one parent through one reference. */
struct children {
    sgc_str *keys, *records;
    size_t count, key_capacity, record_capacity;
};

static sgc_status doom(sgc_txn *txn, struct doomed *doomed, uint16_t table, sgc_str key)
{
    if (!SGC_ARENA_GROW(&txn->scratch, doomed->rows, doomed->count, doomed->capacity)) {
        return SGC_NO_MEMORY;
    }
    doomed->rows[doomed->count++] = (struct sgc_parent){table, key};
    return SGC_OK;
}

/* Keys and records outlive the walk: records as long as the transaction. */
static sgc_status collect_one(sgc_txn *txn, struct sgc_walk *walk, sgc_str record, bool borrowed,
                              struct children *c)
{
    sgc_arena *arena = &txn->scratch;

    if (borrowed) record = sgc_arena_str(&txn->arena, record);
    sgc_str key = sgc_arena_str(arena, sgc_walk_key(walk));
    if (sgc_str_is_null(record) || sgc_str_is_null(key) ||
        !SGC_ARENA_GROW(arena, c->keys, c->count, c->key_capacity) ||
        !SGC_ARENA_GROW(arena, c->records, c->count, c->record_capacity)) {
        return SGC_NO_MEMORY;
    }
    c->keys[c->count] = key;
    c->records[c->count++] = record;
    return SGC_OK;
}

static sgc_status collect(sgc_txn *txn, uint16_t table, uint16_t index, sgc_str prefix,
                          const struct sgc_reference *reference, const struct sgc_parent *parent,
                          struct children *c)
{
    struct sgc_walk walk;
    bool borrowed, wanted = true;
    sgc_str record;

    sgc_walk_open(&walk, &txn->source, table, index, false);
    sgc_status status = sgc_walk_seek(&walk, prefix, &txn->error);
    while (status == SGC_OK && sgc_walk_within(&walk, prefix)) {
        status = sgc_walk_row(&walk, &txn->arena, &record, &borrowed, &txn->error);
        if (status == SGC_OK && reference) {
            status = sgc_is_child(txn, reference, parent, record, &wanted);
        }
        if (status == SGC_OK && wanted) status = collect_one(txn, &walk, record, borrowed, c);
        if (status == SGC_OK) status = sgc_walk_next(&walk, &txn->error);
    }
    sgc_walk_close(&walk);
    return status;
}

static sgc_status follow_reference(sgc_txn *txn, const struct sgc_reference *reference,
                                   const struct sgc_parent *parent, struct doomed *doomed)
{
    const sgc_relation *relation =
        &txn->schema->tables[reference->table].relations[reference->relation];
    struct children c = {0};
    sgc_key prefix;
    uint16_t index;

    if (relation->on_delete == SGC_ON_DELETE_RESTRICT) return SGC_OK;
    sgc_status status = sgc_children_prefix(txn, reference, parent, &index, &prefix);
    if (status != SGC_OK) return status == SGC_LIMIT ? SGC_OK : status;
    status = collect(txn, reference->table, index, sgc_key_str(&prefix), reference, parent, &c);
    for (size_t i = 0; status == SGC_OK && i < c.count; i++) {
        sgc_str without;
        if (relation->on_delete == SGC_ON_DELETE_CASCADE) {
            status = doom(txn, doomed, reference->table, c.keys[i]);
            continue;
        }
        status = sgc_without_parent(txn, reference, parent, c.records[i], &without);
        if (status == SGC_OK) {
            status = sgc_write_replace(txn, reference->table, c.keys[i], c.records[i], without);
        }
    }
    return status;
}

static sgc_status cut_links(sgc_txn *txn, const struct sgc_link_end *end,
                            const struct sgc_parent *parent)
{
    struct children c = {0};
    sgc_key prefix;
    sgc_status status = sgc_links_prefix(parent, &prefix);

    if (status != SGC_OK) return status == SGC_LIMIT ? SGC_OK : status;
    status = collect(txn, end->link, end->index, sgc_key_str(&prefix), NULL, parent, &c);
    for (size_t i = 0; status == SGC_OK && i < c.count; i++) {
        status = sgc_write_put(txn, end->link, c.keys[i], c.records[i], sgc_str_of(NULL, 0));
    }
    return status;
}

static sgc_status delete_one(sgc_txn *txn, const struct sgc_parent *row, struct doomed *doomed)
{
    const struct sgc_table_rules *rules = &txn->db->rules[row->table];
    enum sgc_found found;
    sgc_str before;

    sgc_status status = sgc_reads_get(&txn->source, row->table, row->key, &txn->arena, &found,
                                      &before, &txn->error);
    if (status != SGC_OK || found != SGC_FOUND_ROW) return status; /* a cycle came by before */
    status = sgc_serial_keep(txn, row->table, row->key);
    if (status == SGC_OK)
        status = sgc_write_put(txn, row->table, row->key, before, sgc_str_of(NULL, 0));
    for (uint16_t i = 0; status == SGC_OK && i < rules->reference_count; i++) {
        status = follow_reference(txn, &rules->references[i], row, doomed);
    }
    for (uint16_t i = 0; status == SGC_OK && i < rules->link_count; i++) {
        status = cut_links(txn, &rules->links[i], row);
    }
    return status;
}

sgc_status sgc_delete_row(sgc_txn *txn, uint16_t table, sgc_str key)
{
    struct doomed doomed = {0};
    sgc_status status = doom(txn, &doomed, table, key);

    for (size_t i = 0; status == SGC_OK && i < doomed.count; i++) {
        struct sgc_parent row = doomed.rows[i]; /* the array moves when it grows */
        status = delete_one(txn, &row, &doomed);
    }
    for (size_t i = 0; status == SGC_OK && i < doomed.count; i++) {
        status = sgc_check_no_children(txn, &txn->source, &doomed.rows[i], false);
    }
    return status;
}
