/*
 * related.c - rows behind a relation for many parents at once: the operator that makes N+1 reads
 * impossible. A row that several parents share is read and kept once.
 */
#include "query/query.h"

#include <assert.h>

/* A key is known under its table's position and its bytes. */
enum { TABLE_BYTES = 2 };

/* What is collected before rows are cut down to each parent's slice. */
typedef struct gather {
    sgc_query *query;
    const sgc_table *table; /* of the parents */
    const sgc_relation *relation;
    const sgc_str *parents;
    size_t parent_count;
    sgc_related *out;
    size_t row_capacity, record_capacity, row_count;
    sgc_map known; /* distinct keys of rows that several parents may share */
    sgc_str *keys; /* their primary keys; record_capacity of them */
} gather;

static bool add_position(gather *at, uint32_t position)
{
    if (at->row_count >= UINT32_MAX ||
        !SGC_ARENA_GROW(at->query->arena, at->out->rows, at->row_count, at->row_capacity))
        return false;
    at->out->rows[at->row_count++] = position;
    return true;
}

static sgc_status add_record(gather *at, sgc_str record)
{
    sgc_related *out = at->out;

    if (at->query->rows_left == 0) return SGC_LIMIT;
    at->query->rows_left--;
    if (!SGC_ARENA_GROW(at->query->arena, out->records, out->count, at->record_capacity))
        return SGC_NO_MEMORY;
    out->records[out->count++] = record;
    return SGC_OK;
}

/* ---- by key: KEY, LIST, LINK ---- */

static bool grow_keys(gather *at)
{
    sgc_related *out = at->out;
    size_t capacity = at->record_capacity;

    if (out->count < capacity) return true;
    if (!SGC_ARENA_GROW(at->query->arena, at->keys, out->count, capacity)) return false;
    if (out->tables) {
        uint16_t *tables = sgc_arena_zero(at->query->arena, capacity, sizeof *tables);
        if (!tables) return false;
        if (out->count) memcpy(tables, out->tables, out->count * sizeof *tables);
        out->tables = tables;
    }
    at->record_capacity = capacity;
    return true;
}

/* One key of one parent; the same key of the same table is looked up once. */
static sgc_status add_key(gather *at, uint16_t table, const sgc_value *value)
{
    const sgc_table *target = &at->query->schema->tables[table];
    sgc_arena *arena = at->query->arena;
    sgc_key key;
    sgc_status status = sgc_row_key(target, value, &key);

    if (status == SGC_LIMIT) return SGC_OK; /* no row has such a key */
    if (status != SGC_OK) return status;
    char *joined = sgc_arena_alloc(arena, TABLE_BYTES + key.size);
    if (!joined) return SGC_NO_MEMORY;
    sgc_store16(joined, table);
    memcpy(joined + TABLE_BYTES, key.bytes, key.size);
    sgc_str name = sgc_str_of(joined, TABLE_BYTES + key.size);
    uintptr_t position = (uintptr_t)sgc_map_get(&at->known, name);
    if (position == 0) {
        if (at->query->rows_left == 0) return SGC_LIMIT;
        at->query->rows_left--;
        if (!grow_keys(at)) return SGC_NO_MEMORY;
        at->keys[at->out->count] = sgc_str_of(joined + TABLE_BYTES, key.size);
        if (at->out->tables) at->out->tables[at->out->count] = table;
        position = ++at->out->count;
        if (!sgc_map_put(&at->known, name, (void *)position)) return SGC_NO_MEMORY;
    }
    return add_position(at, (uint32_t)(position - 1)) ? SGC_OK : SGC_NO_MEMORY;
}

static sgc_status read_field(gather *at, size_t parent, uint16_t field, sgc_value *value)
{
    return sgc_record_field(&at->table->layout, at->parents[parent], at->table->fields[field].slot,
                            at->query->arena, value);
}

/* The table a key points into: the target, or for interfaces and unions the one named beside it. */
static uint16_t key_table(const gather *at, const sgc_value *type)
{
    if (at->relation->target != SGC_NONE) return at->relation->target;
    if (!type || type->is_null) return SGC_NONE;
    return sgc_schema_table(at->query->schema, type->as.text);
}

static sgc_status parent_keys(gather *at, size_t parent)
{
    const sgc_relation *relation = at->relation;
    sgc_value value, type = {.is_null = true};
    sgc_status status = read_field(at, parent, relation->field, &value);

    if (status == SGC_OK && relation->type_field != SGC_NONE)
        status = read_field(at, parent, relation->type_field, &type);
    if (status != SGC_OK || value.is_null) return status;
    if (!value.is_list) {
        uint16_t table = key_table(at, &type);
        return table == SGC_NONE ? SGC_OK : add_key(at, table, &value);
    }
    for (size_t i = 0; i < value.as.list.count && status == SGC_OK; i++) {
        const sgc_value *item = &value.as.list.items[i];
        bool typed = !type.is_null && i < type.as.list.count;
        uint16_t table = key_table(at, typed ? &type.as.list.items[i] : NULL);
        if (!item->is_null && table != SGC_NONE) status = add_key(at, table, item);
    }
    return status;
}

static sgc_status gather_stored(gather *at)
{
    sgc_status status = SGC_OK;

    for (size_t i = 0; i < at->parent_count && status == SGC_OK; i++) {
        at->out->starts[i] = (uint32_t)at->row_count;
        status = parent_keys(at, i);
    }
    at->out->starts[at->parent_count] = (uint32_t)at->row_count;
    return status;
}

/* The prefix of a parent's entries in the index that stands on the other side. */
static sgc_status parent_prefix(sgc_query *query, const sgc_table *table,
                                const sgc_relation *relation, sgc_str parent, sgc_str *prefix)
{
    sgc_key key, entry;
    sgc_status status = sgc_record_key(table, parent, &key);

    if (status != SGC_OK) return status;
    sgc_key_start(&entry);
    if (relation->kind == SGC_RELATION_LINK) {
        sgc_key_text(&entry, sgc_key_str(&key), false);
    } else {
        sgc_value value;
        status = sgc_key_to_value(table, sgc_key_str(&key), &value);
        if (status != SGC_OK) return status;
        sgc_key_value(&entry, &value, false);
    }
    if (entry.overflow) return SGC_LIMIT;
    *prefix = sgc_arena_str(query->arena, sgc_key_str(&entry));
    return prefix->data ? SGC_OK : SGC_NO_MEMORY;
}

static sgc_status parent_prefixes(sgc_query *query, const sgc_table *table,
                                  const sgc_relation *relation, const sgc_str *parents,
                                  size_t count, sgc_str **prefixes)
{
    sgc_status status = SGC_OK;

    *prefixes = sgc_arena_zero(query->arena, count, sizeof **prefixes);
    if (!*prefixes) return SGC_NO_MEMORY;
    for (size_t i = 0; i < count && status == SGC_OK; i++)
        status = parent_prefix(query, table, relation, parents[i], &(*prefixes)[i]);
    return status;
}

/* Entries come parent by parent, in the order of the parents. */
static void close_parents(uint32_t *starts, size_t *next, size_t parent, size_t row_count)
{
    while (*next <= parent)
        starts[(*next)++] = (uint32_t)row_count;
}

static sgc_status gather_links(gather *at)
{
    const sgc_relation *relation = at->relation;
    const sgc_table *link = &at->query->schema->tables[relation->link];
    sgc_str *prefixes, record;
    size_t next = 0;
    sgc_status status =
        parent_prefixes(at->query, at->table, relation, at->parents, at->parent_count, &prefixes);

    if (status != SGC_OK) return status;
    sgc_cursor cursor = sgc_cursor_open_many(at->query->txn, relation->link, relation->index,
                                             prefixes, at->parent_count, false);
    while (status == SGC_OK && sgc_cursor_next(&cursor, &record)) {
        sgc_value value;
        close_parents(at->out->starts, &next, cursor.parent, at->row_count);
        status = sgc_record_field(&link->layout, record, link->fields[relation->link_field].slot,
                                  at->query->arena, &value);
        if (status == SGC_OK) status = add_key(at, relation->target, &value);
    }
    close_parents(at->out->starts, &next, at->parent_count, at->row_count);
    if (status == SGC_OK) status = sgc_cursor_status(&cursor);
    sgc_cursor_end(&cursor);
    return status;
}

/* Fetches what the keys name, one batch for each table, and forgets keys without a row. */
static sgc_status fetch_keys(gather *at)
{
    sgc_related *out = at->out;
    sgc_status status = SGC_OK;

    out->records = sgc_arena_zero(at->query->arena, out->count, sizeof *out->records);
    if (!out->records) return SGC_NO_MEMORY;
    if (!out->tables)
        return sgc_row_get_many(at->query->txn, at->relation->target, at->keys, out->count,
                                out->records);
    const sgc_abstract *abstract = &at->query->schema->abstracts[at->relation->abstract];
    sgc_str *keys = sgc_arena_zero(at->query->arena, out->count, sizeof *keys);
    sgc_str *found = sgc_arena_zero(at->query->arena, out->count, sizeof *found);
    if (!keys || !found) return SGC_NO_MEMORY;
    for (uint16_t t = 0; t < abstract->table_count && status == SGC_OK; t++) {
        size_t count = 0, next = 0;
        for (size_t i = 0; i < out->count; i++) {
            if (out->tables[i] == abstract->tables[t]) keys[count++] = at->keys[i];
        }
        if (count == 0) continue;
        status = sgc_row_get_many(at->query->txn, abstract->tables[t], keys, count, found);
        for (size_t i = 0; i < out->count && status == SGC_OK; i++) {
            if (out->tables[i] == abstract->tables[t]) out->records[i] = found[next++];
        }
    }
    return status;
}

static sgc_status gather_by_key(gather *at)
{
    at->known.arena = at->query->arena;
    if (at->relation->target == SGC_NONE) {
        at->out->tables = sgc_arena_zero(at->query->arena, 1, sizeof *at->out->tables);
        if (!at->out->tables) return SGC_NO_MEMORY;
    }
    sgc_status status =
        at->relation->kind == SGC_RELATION_LINK ? gather_links(at) : gather_stored(at);
    return status == SGC_OK ? fetch_keys(at) : status;
}

/* ---- by index: INVERSE_ONE, INVERSE_MANY ---- */

/* How many rows of one parent are of interest when they come in the right order already. */
static uint64_t rows_wanted(const sgc_slice *slice)
{
    if (slice->order_count > 0 || slice->limit == SGC_NO_LIMIT) return SGC_NO_LIMIT;
    if (slice->offset > SGC_NO_LIMIT - slice->limit) return SGC_NO_LIMIT;
    return slice->offset + slice->limit;
}

static sgc_status keep_if(gather *at, const sgc_slice *slice, sgc_str record)
{
    uint8_t truth = SGC_TRUE;
    sgc_status status = SGC_OK;

    if (slice->where && slice->where->local) {
        status =
            sgc_predicate_eval(at->query, at->relation->target, slice->where, &record, 1, &truth);
    }
    if (status != SGC_OK || truth != SGC_TRUE) return status;
    sgc_str kept = sgc_record_keep(at->query, record);
    if (!kept.data) return SGC_NO_MEMORY;
    status = add_record(at, kept);
    if (status != SGC_OK) return status;
    return add_position(at, (uint32_t)(at->out->count - 1)) ? SGC_OK : SGC_NO_MEMORY;
}

static sgc_status gather_all(gather *at, const sgc_slice *slice, const sgc_str *prefixes)
{
    sgc_status status = SGC_OK;
    sgc_str record;
    size_t next = 0;
    sgc_cursor cursor =
        sgc_cursor_open_many(at->query->txn, at->relation->target, at->relation->index, prefixes,
                             at->parent_count, false);

    while (status == SGC_OK && sgc_cursor_next(&cursor, &record)) {
        close_parents(at->out->starts, &next, cursor.parent, at->row_count);
        status = keep_if(at, slice, record);
    }
    close_parents(at->out->starts, &next, at->parent_count, at->row_count);
    if (status == SGC_OK) status = sgc_cursor_status(&cursor);
    sgc_cursor_end(&cursor);
    return status;
}

/* A limit that the order of the index satisfies ends each parent's scan early. */
static sgc_status gather_some(gather *at, const sgc_slice *slice, const sgc_str *prefixes,
                              uint64_t wanted)
{
    sgc_status status = SGC_OK;
    sgc_str record;

    for (size_t i = 0; i < at->parent_count && status == SGC_OK; i++) {
        size_t first = at->row_count;
        at->out->starts[i] = (uint32_t)first;
        if (wanted == 0) continue;
        sgc_cursor cursor = sgc_cursor_open_many(at->query->txn, at->relation->target,
                                                 at->relation->index, &prefixes[i], 1, false);
        while (status == SGC_OK && at->row_count - first < wanted &&
               sgc_cursor_next(&cursor, &record))
            status = keep_if(at, slice, record);
        if (status == SGC_OK) status = sgc_cursor_status(&cursor);
        sgc_cursor_end(&cursor);
    }
    at->out->starts[at->parent_count] = (uint32_t)at->row_count;
    return status;
}

static sgc_status gather_by_index(gather *at, const sgc_slice *slice)
{
    uint64_t wanted = rows_wanted(slice);
    sgc_str *prefixes;
    sgc_status status = parent_prefixes(at->query, at->table, at->relation, at->parents,
                                        at->parent_count, &prefixes);

    if (status != SGC_OK) return status;
    if (wanted == SGC_NO_LIMIT || (slice->where && !slice->where->local))
        return gather_all(at, slice, prefixes);
    return gather_some(at, slice, prefixes, wanted);
}

/* ---- filter, order, cut ---- */

/* Where clauses that gather_by_index() did not ask, and rows that do not exist. */
static sgc_status drop_rows(gather *at, const sgc_slice *slice, bool asked)
{
    sgc_related *out = at->out;
    uint8_t *truth = sgc_arena_alloc(at->query->arena, out->count);
    size_t kept = 0;
    sgc_status status = SGC_OK;

    if (!truth) return SGC_NO_MEMORY;
    memset(truth, SGC_TRUE, out->count);
    for (size_t i = 0; i < out->count; i++) {
        if (!out->records[i].data) truth[i] = SGC_FALSE;
    }
    if (slice->where && !asked && !out->tables && out->count > 0) {
        sgc_str *live = sgc_arena_zero(at->query->arena, out->count, sizeof *live);
        uint8_t *answers = sgc_arena_alloc(at->query->arena, out->count);
        size_t count = 0, next = 0;
        if (!live || !answers) return SGC_NO_MEMORY;
        for (size_t i = 0; i < out->count; i++) {
            if (truth[i] == SGC_TRUE) live[count++] = out->records[i];
        }
        status =
            sgc_predicate_eval(at->query, at->relation->target, slice->where, live, count, answers);
        for (size_t i = 0; i < out->count && status == SGC_OK; i++) {
            if (truth[i] == SGC_TRUE) truth[i] = answers[next++];
        }
    }
    for (size_t i = 0; i < at->parent_count; i++) {
        uint32_t first = out->starts[i], end = out->starts[i + 1];
        out->starts[i] = (uint32_t)kept;
        for (uint32_t row = first; row < end; row++) {
            if (truth[out->rows[row]] == SGC_TRUE) out->rows[kept++] = out->rows[row];
        }
    }
    out->starts[at->parent_count] = (uint32_t)kept;
    return status;
}

static sgc_status order_rows(gather *at, const sgc_slice *slice)
{
    sgc_related *out = at->out;
    sgc_sort_keys keys;
    size_t live = 0;
    uint32_t *place = sgc_arena_zero(at->query->arena, out->count, sizeof *place);
    sgc_str *records = sgc_arena_zero(at->query->arena, out->count, sizeof *records);

    if (!place || !records) return SGC_NO_MEMORY;
    for (size_t i = 0; i < out->count; i++) {
        if (!out->records[i].data) continue;
        records[live] = out->records[i];
        place[i] = (uint32_t)live++;
    }
    sgc_status status = sgc_sort_keys_make(at->query, at->relation->target, slice->orders,
                                           slice->order_count, records, live, &keys);
    if (status != SGC_OK) return status;
    uint32_t *back = sgc_arena_zero(at->query->arena, live, sizeof *back);
    if (!back) return SGC_NO_MEMORY;
    for (size_t i = 0; i < out->count; i++) {
        if (out->records[i].data) back[place[i]] = (uint32_t)i;
    }
    size_t total = out->starts[at->parent_count];
    for (size_t i = 0; i < total; i++)
        out->rows[i] = place[out->rows[i]];
    for (size_t i = 0; i < at->parent_count && status == SGC_OK; i++) {
        status = sgc_sort(at->query, &keys, out->rows + out->starts[i],
                          out->starts[i + 1] - out->starts[i]);
    }
    for (size_t i = 0; i < total; i++)
        out->rows[i] = back[out->rows[i]];
    return status;
}

static void cut_rows(gather *at, const sgc_slice *slice)
{
    sgc_related *out = at->out;
    size_t kept = 0;

    for (size_t i = 0; i < at->parent_count; i++) {
        uint32_t first = out->starts[i], end = out->starts[i + 1];
        uint64_t from = slice->offset < end - first ? first + slice->offset : end;
        uint64_t to = slice->limit < end - from ? from + slice->limit : end;
        out->starts[i] = (uint32_t)kept;
        for (uint64_t row = from; row < to; row++)
            out->rows[kept++] = out->rows[row];
    }
    out->starts[at->parent_count] = (uint32_t)kept;
}

/* Levels below must not work for rows that nobody sees. */
static sgc_status drop_unused(gather *at)
{
    sgc_related *out = at->out;
    size_t total = out->starts[at->parent_count];
    uint32_t *place = sgc_arena_zero(at->query->arena, out->count, sizeof *place);
    uint32_t used = 0;

    if (!place) return SGC_NO_MEMORY;
    for (size_t i = 0; i < total; i++)
        place[out->rows[i]] = 1;
    for (size_t i = 0; i < out->count; i++) {
        if (!place[i]) continue;
        out->records[used] = out->records[i];
        if (out->tables) out->tables[used] = out->tables[i];
        place[i] = used++;
    }
    for (size_t i = 0; i < total; i++)
        out->rows[i] = place[out->rows[i]];
    out->count = used;
    return SGC_OK;
}

sgc_status sgc_related_read(sgc_query *query, uint16_t table, uint16_t relation,
                            const sgc_str *parents, size_t parent_count, const sgc_slice *slice,
                            sgc_related *related)
{
    const sgc_table *model = &query->schema->tables[table];
    gather at = {.query = query,
                 .table = model,
                 .relation = &model->relations[relation],
                 .parents = parents,
                 .parent_count = parent_count,
                 .out = related};
    sgc_relation_kind kind = at.relation->kind;
    bool by_index = kind == SGC_RELATION_INVERSE_ONE || kind == SGC_RELATION_INVERSE_MANY;

    *related = (sgc_related){0};
    related->starts = sgc_arena_zero(query->arena, parent_count + 1, sizeof *related->starts);
    if (!related->starts) return SGC_NO_MEMORY;
    sgc_status status = by_index ? gather_by_index(&at, slice) : gather_by_key(&at);
    bool asked = by_index && slice->where && slice->where->local;
    if (status == SGC_OK) status = drop_rows(&at, slice, asked);
    if (status == SGC_OK && slice->order_count > 0 && related->count > 0 && !related->tables)
        status = order_rows(&at, slice);
    if (status != SGC_OK) return status;
    cut_rows(&at, slice);
    return drop_unused(&at);
}

/* ---- counting ---- */

static sgc_status count_entries(sgc_query *query, const sgc_table *table,
                                const sgc_relation *relation, const sgc_str *parents, size_t count,
                                int64_t *counts)
{
    bool link = relation->kind == SGC_RELATION_LINK;
    sgc_str *prefixes;
    sgc_status status = parent_prefixes(query, table, relation, parents, count, &prefixes);

    if (status != SGC_OK) return status;
    sgc_cursor cursor = sgc_cursor_open_many(query->txn, link ? relation->link : relation->target,
                                             relation->index, prefixes, count, false);
    while (sgc_cursor_skip(&cursor))
        counts[cursor.parent]++;
    status = sgc_cursor_status(&cursor);
    sgc_cursor_end(&cursor);
    return status;
}

sgc_status sgc_related_count(sgc_query *query, uint16_t table, uint16_t relation,
                             const sgc_str *parents, size_t parent_count, int64_t *counts)
{
    const sgc_table *model = &query->schema->tables[table];
    const sgc_relation *found = &model->relations[relation];

    memset(counts, 0, parent_count * sizeof *counts);
    if (parent_count == 0) return SGC_OK;
    if (found->kind == SGC_RELATION_LINK || found->kind == SGC_RELATION_INVERSE_MANY)
        return count_entries(query, model, found, parents, parent_count, counts);
    /* A list of keys may name rows that are gone: they do not count. */
    sgc_slice all = {.limit = SGC_NO_LIMIT};
    sgc_related related;
    sgc_status status =
        sgc_related_read(query, table, relation, parents, parent_count, &all, &related);
    for (size_t i = 0; i < parent_count && status == SGC_OK; i++)
        counts[i] = (int64_t)(related.starts[i + 1] - related.starts[i]);
    return status;
}
