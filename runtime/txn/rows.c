/*
 * rows.c - typed access to rows: by key, by unique index, ranges of an index, and rows reached
 * through keys that other rows hold (links, lists of keys). The latter are gathered in one pass and
 * fetched a batch at a time, so walking a relation costs no look-up per parent.
 */
#include "sgc/typed.h"

#include "txn/txn.h"

enum { FETCH = 64 };

/* A row to come. */
typedef struct coming {
    sgc_str key;
    uint32_t parent; /* position of the id it belongs to */
    uint16_t member; /* its table in keyed->tables */
} coming;

/* The rows to come, and the records of the batch being handed out. */
typedef struct sgc_keyed_rows {
    sgc_txn *txn;
    const uint16_t *tables; /* one, or those of an interface or union */
    uint16_t table_count;
    coming *rows;
    size_t count, capacity;
    size_t at;      /* the next key */
    size_t fetched; /* keys before this one are read; batches start at multiples of FETCH */
    sgc_str records[FETCH];
} sgc_keyed_rows;

/* Primary key bytes of one id; false when it is null or too long to be a key. */
static bool id_key(sgc_ids ids, size_t position, sgc_key *key)
{
    if (ids.ints) {
        sgc_pk_int(key, ids.ints[position]);
    } else if (ids.int64s) {
        sgc_pk_int64(key, ids.int64s[position]);
    } else {
        if (!ids.text[position].data) return false;
        if (ids.uuids)
            sgc_pk_uuid(key, ids.text[position]);
        else
            sgc_pk_text(key, ids.text[position]);
    }
    return !key->overflow;
}

static sgc_str keep(sgc_txn *txn, const sgc_key *key)
{
    return sgc_arena_str(sgc_txn_arena(txn), sgc_key_str(key));
}

sgc_status sgc_rows_get_one(sgc_txn *txn, uint16_t table, const sgc_key *key, sgc_str *record)
{
    return key->overflow ? SGC_NOT_FOUND : sgc_row_get(txn, table, sgc_key_str(key), record);
}

sgc_status sgc_rows_delete(sgc_txn *txn, uint16_t table, const sgc_key *key)
{
    return key->overflow ? SGC_NOT_FOUND : sgc_row_delete(txn, table, sgc_key_str(key));
}

sgc_status sgc_rows_find(sgc_txn *txn, uint16_t table, uint16_t index, const sgc_key *key,
                         sgc_str *record)
{
    if (key->overflow) return SGC_NOT_FOUND;
    return sgc_row_find(txn, table, index, sgc_key_str(key), record);
}

sgc_status sgc_rows_link(sgc_txn *txn, uint16_t link, bool add, const sgc_key *left,
                         const sgc_key *right)
{
    if (left->overflow || right->overflow) return SGC_LIMIT;
    if (add) return sgc_link_add(txn, link, sgc_key_str(left), sgc_key_str(right));
    return sgc_link_remove(txn, link, sgc_key_str(left), sgc_key_str(right));
}

/* Keys of all ids in the arena: keys[i] is null where an id is null or too long. */
static sgc_status all_keys(sgc_txn *txn, sgc_ids ids, sgc_str **keys)
{
    sgc_key key;

    *keys = sgc_arena_zero(sgc_txn_arena(txn), ids.count, sizeof **keys);
    if (!*keys) return SGC_NO_MEMORY;
    for (size_t i = 0; i < ids.count; i++) {
        if (!id_key(ids, i, &key)) continue;
        (*keys)[i] = keep(txn, &key);
        if (!(*keys)[i].data) return SGC_NO_MEMORY;
    }
    return SGC_OK;
}

sgc_status sgc_rows_get(sgc_txn *txn, uint16_t table, sgc_ids ids, sgc_str **records)
{
    sgc_str *keys, *present, *found;
    size_t count = 0;
    sgc_status status = all_keys(txn, ids, &keys);

    if (status != SGC_OK) return status;
    *records = sgc_arena_zero(sgc_txn_arena(txn), ids.count, sizeof **records);
    present = sgc_arena_zero(sgc_txn_arena(txn), ids.count, sizeof *present);
    found = sgc_arena_zero(sgc_txn_arena(txn), ids.count, sizeof *found);
    if (!*records || !present || !found) return SGC_NO_MEMORY;
    for (size_t i = 0; i < ids.count; i++)
        if (keys[i].data) present[count++] = keys[i];
    if (count > 0) status = sgc_row_get_many(txn, table, present, count, found);
    if (status != SGC_OK) return status;
    count = 0;
    for (size_t i = 0; i < ids.count; i++)
        if (keys[i].data) (*records)[i] = found[count++];
    return SGC_OK;
}

/* ---- ranges ---- */

/*
 * One end of a range in the arena: null when it is open. past: behind all entries that start with
 * the key. Entries of index 0 are whole keys, and the next one is the key with a zero byte.
 */
static sgc_str bound(sgc_txn *txn, uint16_t index, const sgc_key *key, bool past,
                     sgc_status *status)
{
    sgc_key behind = *key;
    sgc_str end = {NULL, 0};

    if (key->overflow) *status = SGC_LIMIT;
    if (key->size == 0 || key->overflow) return end;
    if (past && index == 0) sgc_key_raw(&behind, sgc_str_of("\0", 1));
    if (past && index != 0 && !sgc_key_successor(&behind)) return end;
    end = keep(txn, past ? &behind : key);
    if (!end.data) *status = SGC_NO_MEMORY;
    return end;
}

static sgc_rows failed_rows(sgc_txn *txn, sgc_status status)
{
    sgc_rows rows = {.base = {.txn = txn, .status = status}};

    return rows;
}

sgc_rows sgc_rows_open(sgc_txn *txn, uint16_t table, uint16_t index, const sgc_bounds *bounds)
{
    sgc_rows rows = {.keyed = NULL};
    sgc_range range = {.descending = bounds && bounds->descending};
    sgc_status status = SGC_OK;

    if (bounds) {
        range.from = bound(txn, index, &bounds->from, bounds->from_exclusive, &status);
        range.to = bound(txn, index, &bounds->to, !bounds->to_exclusive, &status);
    }
    if (status != SGC_OK) return failed_rows(txn, status);
    rows.base = sgc_cursor_open(txn, table, index, &range);
    return rows;
}

/* ---- the past ---- */

sgc_versions sgc_rows_history(sgc_txn *txn, uint16_t table, const sgc_key *key,
                              const sgc_history_options *options)
{
    static const char too_long[SGC_KEY_MAX + 1];
    static const sgc_history_options defaults;
    sgc_str bytes = {NULL, 0};

    if (!options) options = &defaults;
    if (key) bytes = key->overflow ? sgc_str_of(too_long, sizeof too_long) : sgc_key_str(key);
    return sgc_versions_open(txn, table, bytes, options->period, options->oldest_first);
}

/* ---- children: rows that hold our key ---- */

/* The component that holds an id, behind the type's name where relations go to several types. */
static bool child_prefix(sgc_str type, sgc_ids ids, size_t position, sgc_key *key)
{
    sgc_key_start(key);
    if (type.data) sgc_key_text(key, type, false);
    if (ids.ints) {
        sgc_key_int(key, ids.ints[position], false);
    } else if (ids.int64s) {
        sgc_key_int64(key, ids.int64s[position], false);
    } else {
        if (!ids.text[position].data) return false;
        if (ids.uuids)
            sgc_key_uuid(key, ids.text[position], false);
        else
            sgc_key_text(key, ids.text[position], false);
    }
    return !key->overflow;
}

/* A prefix that no entry starts with: components start with a byte 1 or 2. */
static const char nothing[] = "\377";

sgc_rows sgc_rows_children(sgc_txn *txn, uint16_t table, uint16_t index, sgc_str type, sgc_ids ids)
{
    sgc_rows rows = {.keyed = NULL};
    sgc_key key;
    sgc_str *prefixes = sgc_arena_zero(sgc_txn_arena(txn), ids.count, sizeof *prefixes);

    if (!prefixes) return failed_rows(txn, SGC_NO_MEMORY);
    for (size_t i = 0; i < ids.count; i++) {
        prefixes[i] = sgc_str_of(nothing, 1);
        if (child_prefix(type, ids, i, &key)) prefixes[i] = keep(txn, &key);
        if (!prefixes[i].data) return failed_rows(txn, SGC_NO_MEMORY);
    }
    rows.base = sgc_cursor_open_many(txn, table, index, prefixes, ids.count, false);
    return rows;
}

/* ---- rows reached through keys ---- */

static sgc_keyed_rows *keyed_start(sgc_txn *txn, const uint16_t *tables, uint16_t count)
{
    sgc_arena *arena = sgc_txn_arena(txn);
    sgc_keyed_rows *keyed = sgc_arena_zero(arena, 1, sizeof *keyed);
    uint16_t *kept = sgc_arena_zero(arena, count, sizeof *kept);

    if (!keyed || !kept) return NULL;
    memcpy(kept, tables, count * sizeof *kept);
    keyed->txn = txn;
    keyed->tables = kept;
    keyed->table_count = count;
    return keyed;
}

static sgc_status keyed_add(sgc_keyed_rows *keyed, uint32_t parent, uint16_t member,
                            const sgc_value *value)
{
    const sgc_schema *schema = sgc_db_schema(sgc_txn_db(keyed->txn));
    sgc_key key;
    sgc_status status = sgc_row_key(&schema->tables[keyed->tables[member]], value, &key);

    if (status == SGC_LIMIT) return SGC_OK; /* no row has such a key */
    if (status != SGC_OK) return status;
    if (!SGC_ARENA_GROW(sgc_txn_arena(keyed->txn), keyed->rows, keyed->count, keyed->capacity))
        return SGC_NO_MEMORY;
    coming row = {keep(keyed->txn, &key), parent, member};
    if (!row.key.data) return SGC_NO_MEMORY;
    keyed->rows[keyed->count++] = row;
    return SGC_OK;
}

static sgc_rows keyed_rows(sgc_keyed_rows *keyed, sgc_status status)
{
    sgc_rows rows = failed_rows(keyed->txn, status);

    rows.keyed = keyed;
    return rows;
}

static sgc_status add_linked(sgc_keyed_rows *keyed, uint16_t link, uint16_t field, uint32_t parent,
                             sgc_str record, sgc_arena *scratch)
{
    const sgc_schema *schema = sgc_db_schema(sgc_txn_db(keyed->txn));
    const sgc_table *table = &schema->tables[link];
    sgc_value value;

    sgc_status status =
        sgc_record_field(&table->layout, record, table->fields[field].slot, scratch, &value);
    return status == SGC_OK ? keyed_add(keyed, parent, 0, &value) : status;
}

sgc_rows sgc_rows_linked(sgc_txn *txn, uint16_t table, uint16_t link, uint16_t index,
                         uint16_t field, sgc_ids ids)
{
    sgc_keyed_rows *keyed = keyed_start(txn, &table, 1);
    sgc_str *prefixes = sgc_arena_zero(sgc_txn_arena(txn), ids.count, sizeof *prefixes);
    sgc_arena scratch = {0};
    sgc_key key, prefix;
    sgc_str record;
    sgc_status status = SGC_OK;

    if (!keyed || !prefixes) return failed_rows(txn, SGC_NO_MEMORY);
    for (size_t i = 0; i < ids.count; i++) {
        prefixes[i] = sgc_str_of(nothing, 1);
        if (!id_key(ids, i, &key)) continue;
        sgc_key_start(&prefix);
        sgc_key_text(&prefix, sgc_key_str(&key), false);
        if (!prefix.overflow) prefixes[i] = keep(txn, &prefix);
        if (!prefixes[i].data) return failed_rows(txn, SGC_NO_MEMORY);
    }
    sgc_cursor cursor = sgc_cursor_open_many(txn, link, index, prefixes, ids.count, false);
    while (status == SGC_OK && sgc_cursor_next(&cursor, &record))
        status = add_linked(keyed, link, field, cursor.parent, record, &scratch);
    if (status == SGC_OK) status = sgc_cursor_status(&cursor);
    sgc_cursor_end(&cursor);
    sgc_arena_free(&scratch);
    return keyed_rows(keyed, status);
}

/* What tells a relation's keys from the row that holds them. */
typedef struct naming {
    const sgc_table *source;
    uint16_t field, type_field; /* type_field: SGC_NONE when all keys are of one table */
} naming;

/* The table that key number i is of; none for a name that is none of the relation's types. */
static bool member_of(const sgc_keyed_rows *keyed, const sgc_value *types, size_t i,
                      uint16_t *member)
{
    const sgc_schema *schema = sgc_db_schema(sgc_txn_db(keyed->txn));

    if (types->is_null || (types->is_list && i >= types->as.list.count)) return false;
    const sgc_value *type = types->is_list ? &types->as.list.items[i] : types;
    for (*member = 0; !type->is_null && *member < keyed->table_count; ++*member)
        if (sgc_str_eq(schema->tables[keyed->tables[*member]].name, type->as.text)) return true;
    return false;
}

static sgc_status add_named(sgc_keyed_rows *keyed, const naming *n, uint32_t parent,
                            const sgc_value *keys, const sgc_value *types)
{
    size_t count = keys->is_null ? 0 : keys->is_list ? keys->as.list.count : 1;
    sgc_status status = SGC_OK;

    for (size_t i = 0; i < count && status == SGC_OK; i++) {
        const sgc_value *key = keys->is_list ? &keys->as.list.items[i] : keys;
        uint16_t member = 0;
        if (key->is_null) continue;
        if (n->type_field != SGC_NONE && !member_of(keyed, types, i, &member)) continue;
        status = keyed_add(keyed, parent, member, key);
    }
    return status;
}

/* Adds the rows that one record names. */
static sgc_status add_names_of(sgc_keyed_rows *keyed, const naming *n, uint32_t parent,
                               sgc_str record, sgc_arena *scratch)
{
    const sgc_table *source = n->source;
    sgc_value keys, types = {.is_null = true};
    sgc_status status =
        sgc_record_field(&source->layout, record, source->fields[n->field].slot, scratch, &keys);

    if (status == SGC_OK && n->type_field != SGC_NONE)
        status = sgc_record_field(&source->layout, record, source->fields[n->type_field].slot,
                                  scratch, &types);
    return status == SGC_OK ? add_named(keyed, n, parent, &keys, &types) : status;
}

static sgc_rows named_rows(sgc_keyed_rows *keyed, uint16_t source, const naming *n, sgc_ids ids)
{
    sgc_arena scratch = {0};
    sgc_str *records;
    sgc_status status = sgc_rows_get(keyed->txn, source, ids, &records);

    for (size_t i = 0; status == SGC_OK && i < ids.count; i++) {
        if (!records[i].data) continue;
        sgc_arena_reset(&scratch);
        status = add_names_of(keyed, n, (uint32_t)i, records[i], &scratch);
    }
    sgc_arena_free(&scratch);
    return keyed_rows(keyed, status);
}

sgc_rows sgc_rows_named(sgc_txn *txn, uint16_t table, uint16_t source, uint16_t field, sgc_ids ids)
{
    naming n = {&sgc_db_schema(sgc_txn_db(txn))->tables[source], field, SGC_NONE};
    sgc_keyed_rows *keyed = keyed_start(txn, &table, 1);

    return keyed ? named_rows(keyed, source, &n, ids) : failed_rows(txn, SGC_NO_MEMORY);
}

sgc_rows sgc_rows_mixed(sgc_txn *txn, uint16_t source, uint16_t relation, sgc_ids ids)
{
    const sgc_schema *schema = sgc_db_schema(sgc_txn_db(txn));
    const sgc_relation *r = &schema->tables[source].relations[relation];
    const sgc_abstract *abstract = &schema->abstracts[r->abstract];
    naming n = {&schema->tables[source], r->field, r->type_field};
    sgc_keyed_rows *keyed = keyed_start(txn, abstract->tables, abstract->table_count);

    return keyed ? named_rows(keyed, source, &n, ids) : failed_rows(txn, SGC_NO_MEMORY);
}

/* Those of the next rows that are of the table of the first, in one look-up. */
static sgc_status fetch_alike(sgc_keyed_rows *keyed, const coming *rows, size_t count,
                              bool *fetched)
{
    sgc_str keys[FETCH] = {rows[0].key}, found[FETCH];
    size_t first = (size_t)(rows - keyed->rows) % FETCH, places[FETCH] = {first}, alike = 1;
    uint16_t member = rows[0].member;

    for (size_t i = 1; i < count; i++) {
        if (rows[i].member != member) continue;
        keys[alike] = rows[i].key;
        places[alike++] = first + i;
        fetched[i] = true;
    }
    sgc_status status = sgc_row_get_many(keyed->txn, keyed->tables[member], keys, alike, found);
    for (size_t i = 0; status == SGC_OK && i < alike; i++)
        keyed->records[places[i]] = found[i];
    return status;
}

static sgc_status fetch_batch(sgc_keyed_rows *keyed)
{
    size_t left = keyed->count - keyed->at, batch = left < FETCH ? left : FETCH;
    bool fetched[FETCH] = {false};
    sgc_status status = SGC_OK;

    for (size_t i = 0; status == SGC_OK && i < batch; i++)
        if (!fetched[i])
            status = fetch_alike(keyed, keyed->rows + keyed->at + i, batch - i, fetched + i);
    keyed->fetched += batch;
    return status;
}

static __attribute__((noinline)) bool keyed_next(sgc_rows *rows, sgc_str *record)
{
    sgc_keyed_rows *keyed = rows->keyed;

    while (rows->base.status == SGC_OK && keyed->at < keyed->count) {
        if (keyed->at == keyed->fetched) rows->base.status = fetch_batch(keyed);
        if (rows->base.status != SGC_OK) return false;
        *record = keyed->records[keyed->at % FETCH];
        rows->base.parent = keyed->rows[keyed->at++].parent;
        if (record->data) return true;
    }
    return false;
}

uint16_t sgc_rows_member(const sgc_rows *rows)
{
    const sgc_keyed_rows *keyed = rows->keyed;

    return keyed && keyed->at > 0 ? (uint16_t)(keyed->rows[keyed->at - 1].member + 1) : 0;
}

bool sgc_rows_next(sgc_rows *rows, sgc_str *record)
{
    return rows->keyed ? keyed_next(rows, record) : sgc_cursor_next(&rows->base, record);
}
