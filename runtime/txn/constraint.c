/*
 * constraint.c - what must hold of a written row: its form, unique indexes, parents, @check, and
 * that nothing is left which names a deleted one. The caller says at which moment it is read.
 */
#include "txn/internal.h"

/* ---- form and checks of one record ---- */

static uint16_t field_of_slot(const sgc_table *table, uint16_t slot)
{
    for (uint16_t i = 0; i < table->field_count; i++) {
        if (table->fields[i].slot == slot) return i;
    }
    return SGC_NONE;
}

static sgc_status is_missing(sgc_txn *txn, uint16_t table, uint16_t slot)
{
    const sgc_table *t = &txn->schema->tables[table];
    uint16_t field = field_of_slot(t, slot);

    return sgc_txn_fail(txn, SGC_NOT_NULL, table, field, "%.*s.%.*s must not be null",
                        SGC_ARG(t->name), SGC_ARG(t->fields[field].name));
}

static sgc_status is_no_record(sgc_txn *txn, uint16_t table)
{
    return sgc_txn_fail(txn, SGC_INVALID, table, SGC_NONE, "%.*s: these bytes are no record of it",
                        SGC_ARG(txn->schema->tables[table].name));
}

static sgc_status check_form(sgc_txn *txn, uint16_t table, sgc_str record)
{
    const sgc_layout *layout = &txn->schema->tables[table].layout;
    const uint8_t *start = (const uint8_t *)record.data, *end = start + record.size;

    if (record.size > SGC_RECORD_MAX) {
        return sgc_txn_fail(txn, SGC_LIMIT, table, SGC_NONE, "a row of %.*s has more than 256 MB",
                            SGC_ARG(txn->schema->tables[table].name));
    }
    if (!sgc_record_check(record, layout->count, layout->version, layout->fixed_size)) {
        return is_no_record(txn, table);
    }
    for (uint16_t i = 0; i < layout->fixed_count; i++) {
        const sgc_slot *slot = &layout->slots[i];
        if (slot->non_null && sgc_slot_is_null(start + slot->offset)) {
            return is_missing(txn, table, i);
        }
    }
    const uint8_t *p = start + SGC_RECORD_HEAD + layout->fixed_size;
    for (uint16_t i = layout->fixed_count; i < layout->count; i++) {
        if (p == NULL || p >= end) return is_no_record(txn, table);
        if (layout->slots[i].non_null && *p == 0xc0) return is_missing(txn, table, i);
        p = sgc_read_skip(p, end);
    }
    return p == end ? SGC_OK : is_no_record(txn, table);
}

/* Pages and replay know a row by the key in its record. */
static sgc_status check_own_key(sgc_txn *txn, uint16_t table, sgc_str key, sgc_str record)
{
    sgc_key own;
    sgc_status status = sgc_record_key(&txn->schema->tables[table], record, &own);

    if (status == SGC_OK && sgc_str_eq(sgc_key_str(&own), key)) return SGC_OK;
    return sgc_txn_fail(txn, SGC_INVALID, table, txn->schema->tables[table].key,
                        "%.*s: the record has another key than it is written under",
                        SGC_ARG(txn->schema->tables[table].name));
}

sgc_status sgc_check_record(sgc_txn *txn, uint16_t table, sgc_str key, sgc_str record)
{
    const sgc_table *t = &txn->schema->tables[table];
    sgc_status status = check_form(txn, table, record);

    if (status == SGC_OK) status = check_own_key(txn, table, key, record);

    for (uint16_t i = 0; status == SGC_OK && i < t->check_count; i++) {
        status = sgc_expression_check(txn->db->rules[table].checks[i], t, record, &txn->scratch);
        if (status != SGC_CHECK_FAILED) continue;
        return sgc_txn_fail(txn, status, table, t->checks[i].field,
                            "%.*s: the check \"%.*s\" is not met", SGC_ARG(t->name),
                            SGC_ARG(t->checks[i].expression));
    }
    return status;
}

/* ---- unique indexes ---- */

/* Components of a record in a unique index; *compared is false when one of them is null. */
static sgc_status components(const sgc_table *table, uint16_t index, sgc_str record, sgc_key *key,
                             bool *compared)
{
    bool has_null = false, may_be_null = table->code.index_key == NULL;
    const sgc_index *on = &table->indexes[index];

    for (uint16_t i = 0; i < on->count && !may_be_null; i++) {
        may_be_null = !sgc_field_slot(table, on->fields[i])->non_null;
    }
    sgc_key_start(key);
    if (may_be_null) {
        sgc_status status = sgc_index_entry(table, index, record, 0, key, &has_null);
        if (status != SGC_OK) return status;
    } else {
        table->code.index_key(index, record, key);
    }
    *compared = !has_null;
    return key->overflow ? SGC_LIMIT : SGC_OK;
}

static void describe_values(sgc_txn *txn, uint16_t table, const sgc_index *index, sgc_str record,
                            sgc_buf *out)
{
    const sgc_table *t = &txn->schema->tables[table];
    sgc_value value;

    for (uint16_t i = 0; i < index->count; i++) {
        const sgc_field *field = &t->fields[index->fields[i]];
        if (i) sgc_buf_text(out, ", ");
        sgc_buf_printf(out, "%.*s ", SGC_ARG(field->name));
        if (sgc_record_field(&t->layout, record, field->slot, &txn->scratch, &value) == SGC_OK) {
            sgc_value_to_json(txn->schema, field, &value, out);
        }
    }
}

sgc_status sgc_fail_taken(sgc_txn *txn, uint16_t table, uint16_t index, sgc_str record)
{
    const sgc_table *t = &txn->schema->tables[table];
    sgc_buf words = {0};

    describe_values(txn, table, &t->indexes[index], record, &words);
    sgc_status status = sgc_txn_fail(txn, SGC_EXISTS, table, t->indexes[index].fields[0],
                                     "%.*s with %.*s already exists", SGC_ARG(t->name),
                                     SGC_ARG(sgc_buf_as_str(&words)));
    sgc_buf_free(&words);
    return status;
}

/* Most new values are new to write set and MemTables too: what never touched one need not be
 * walked, and a write set not be brought in order. `layers` has room for all. */
static void leave_out_untouched(struct sgc_reads *reads, uint32_t hash, struct sgc_layer **layers)
{
    size_t count = 0;

    if (reads->writes && !sgc_memtable_may_touch(reads->writes, hash)) reads->writes = NULL;
    for (size_t i = 0; i < reads->count; i++) {
        if (sgc_memtable_may_touch(reads->layers[i]->memtable, hash)) {
            layers[count++] = reads->layers[i];
        }
    }
    reads->layers = layers;
    reads->count = count;
}

static sgc_status look_for_other(sgc_txn *txn, const struct sgc_reads *source, uint16_t table,
                                 uint16_t index, const sgc_key *wanted, sgc_str key, bool *other)
{
    struct sgc_walk walk;
    struct sgc_layer *layers[SGC_MAX_LAYERS];
    struct sgc_reads reads = *source;
    sgc_str prefix = sgc_key_str(wanted);

    *other = false;
    leave_out_untouched(&reads, sgc_memtable_unique_hash(table, index, prefix), layers);
    if (!reads.writes && reads.count == 0 && !reads.checkpoint && !reads.kept) return SGC_OK;
    sgc_walk_open(&walk, &reads, table, index, false);
    sgc_status status = sgc_walk_seek(&walk, prefix, &txn->error);
    while (status == SGC_OK && sgc_walk_within(&walk, prefix)) {
        *other = !sgc_str_eq(sgc_walk_key(&walk), key);
        if (*other) break;
        status = sgc_walk_next(&walk, &txn->error);
    }
    sgc_walk_close(&walk);
    return status;
}

static sgc_status check_unique_index(sgc_txn *txn, const struct sgc_reads *source, uint16_t table,
                                     uint16_t index, sgc_str key, sgc_str before, sgc_str record)
{
    const sgc_table *t = &txn->schema->tables[table];
    sgc_key old, fresh;
    bool compared, old_compared, other;

    sgc_status status = components(t, index, record, &fresh, &compared);
    if (status == SGC_LIMIT) {
        return sgc_txn_fail(txn, status, table, t->indexes[index].fields[0],
                            "%.*s.%.*s is too long for its index (at most %d bytes)",
                            SGC_ARG(t->name), SGC_ARG(t->fields[t->indexes[index].fields[0]].name),
                            SGC_KEY_MAX);
    }
    if (status != SGC_OK || !compared) return status;
    if (!sgc_str_is_null(before)) {
        status = components(t, index, before, &old, &old_compared);
        if (status != SGC_OK || sgc_str_eq(sgc_key_str(&old), sgc_key_str(&fresh))) return status;
    }
    status = look_for_other(txn, source, table, index, &fresh, key, &other);
    if (status != SGC_OK || !other) return status;
    return sgc_fail_taken(txn, table, index, record);
}

sgc_status sgc_check_unique(sgc_txn *txn, const struct sgc_reads *source, uint16_t table,
                            sgc_str key, sgc_str before, sgc_str record)
{
    const sgc_table *t = &txn->schema->tables[table];
    sgc_status status = SGC_OK;

    for (uint16_t i = 1; status == SGC_OK && i < t->index_count; i++) {
        if (!t->indexes[i].unique || t->indexes[i].elements) continue;
        status = check_unique_index(txn, source, table, i, key, before, record);
    }
    return status;
}

/* ---- parents ---- */

/* With a source without checkpoint, what no layer knows is as it was. */
static sgc_status parent_is_there(sgc_txn *txn, const struct sgc_reads *source,
                                  const struct sgc_parent *parent, bool *there)
{
    enum sgc_found found;
    sgc_str record;
    struct sgc_reads reads = *source;

    *there = false;
    if (parent->table == SGC_NONE) return SGC_OK;
    /* That it is there is checked again at commit: what else becomes of it does not matter. */
    reads.kept = NULL;
    sgc_status status = sgc_reads_get(&reads, parent->table, parent->key, &txn->scratch, &found,
                                      &record, &txn->error);
    *there = found == SGC_FOUND_ROW || (found == SGC_FOUND_NOTHING && !source->checkpoint);
    if (status == SGC_OK && !*there && source->kept) {
        status = sgc_keep_key(source->kept, parent->table, parent->key, &txn->error);
    }
    return status;
}

/* The row in words: at its own statement everybody knows which one it is. */
static sgc_str child_words(sgc_txn *txn, const struct sgc_reads *source, uint16_t table,
                           sgc_str key)
{
    const sgc_table *t = &txn->schema->tables[table];

    if (source == &txn->source) return t->name;
    return sgc_arena_printf(&txn->scratch, SGC_FMT " " SGC_FMT, SGC_ARG(t->name),
                            SGC_ARG(sgc_key_words(txn, table, key)));
}

static sgc_status no_parent(sgc_txn *txn, uint16_t table, const sgc_relation *relation,
                            sgc_str child, const struct sgc_parent *parent)
{
    sgc_status status = sgc_txn_fail(
        txn, SGC_FOREIGN_KEY, table, SGC_NONE, "%.*s.%.*s: there is no %.*s %.*s", SGC_ARG(child),
        SGC_ARG(relation->name), SGC_ARG(txn->schema->tables[parent->table].name),
        SGC_ARG(sgc_key_words(txn, parent->table, parent->key)));

    txn->error_field = relation->name;
    return status;
}

static bool is_type_of(const sgc_txn *txn, const sgc_relation *relation, sgc_str name)
{
    const sgc_abstract *abstract = &txn->schema->abstracts[relation->abstract];

    for (uint16_t i = 0; i < abstract->table_count; i++) {
        if (sgc_str_eq(txn->schema->tables[abstract->tables[i]].name, name)) return true;
    }
    return false;
}

/* A relation to an interface or union whose type is missing or is none of its types. */
static sgc_status no_type(sgc_txn *txn, uint16_t table, const sgc_relation *relation, sgc_str child,
                          sgc_str record)
{
    const sgc_table *t = &txn->schema->tables[table];
    const sgc_field *field = &t->fields[relation->type_field];
    sgc_value keys, names;

    sgc_status status =
        sgc_record_field(&t->layout, record, t->fields[relation->field].slot, &txn->scratch, &keys);
    if (status == SGC_OK) {
        status = sgc_record_field(&t->layout, record, field->slot, &txn->scratch, &names);
    }
    if (status != SGC_OK) return status;
    size_t count = names.is_null ? 0 : names.is_list ? names.as.list.count : 1;
    for (size_t i = 0; i < count; i++) {
        const sgc_value *name = names.is_list ? &names.as.list.items[i] : &names;
        bool used = !keys.is_list || (i < keys.as.list.count && !keys.as.list.items[i].is_null);
        if (!used || name->is_null || is_type_of(txn, relation, name->as.text)) continue;
        return sgc_txn_fail(txn, SGC_FOREIGN_KEY, table, relation->type_field,
                            "%.*s.%.*s: \"%.*s\" is no type of %.*s", SGC_ARG(child),
                            SGC_ARG(field->name), SGC_ARG(name->as.text),
                            SGC_ARG(txn->schema->abstracts[relation->abstract].name));
    }
    return sgc_txn_fail(txn, SGC_FOREIGN_KEY, table, relation->type_field,
                        "%.*s.%.*s must be given with %.*s%s", SGC_ARG(child), SGC_ARG(field->name),
                        SGC_ARG(t->fields[relation->field].name),
                        keys.is_list ? ", a type for each key" : "");
}

sgc_status sgc_fail_parent(sgc_txn *txn, uint16_t table, uint16_t relation, sgc_str key,
                           sgc_str record, const struct sgc_parent *parent)
{
    const sgc_relation *r = &txn->schema->tables[table].relations[relation];
    sgc_str child = child_words(txn, NULL, table, key);

    return parent->table == SGC_NONE ? no_type(txn, table, r, child, record)
                                     : no_parent(txn, table, r, child, parent);
}

static bool is_named(const struct sgc_parent *parents, size_t count,
                     const struct sgc_parent *parent)
{
    for (size_t i = 0; i < count; i++) {
        if (parents[i].table == parent->table && sgc_str_eq(parents[i].key, parent->key)) {
            return true;
        }
    }
    return false;
}

static sgc_status check_relation(sgc_txn *txn, const struct sgc_reads *source, uint16_t table,
                                 uint16_t relation, sgc_str key, sgc_str before, sgc_str record)
{
    struct sgc_parent *old = NULL, *now = NULL;
    size_t old_count = 0, count = 0;
    bool there;

    sgc_status status = sgc_parents_of(txn, table, relation, record, &now, &count);
    if (status == SGC_OK) status = sgc_parents_of(txn, table, relation, before, &old, &old_count);
    for (size_t i = 0; status == SGC_OK && i < count; i++) {
        bool is_self = now[i].table == table && sgc_str_eq(now[i].key, key);
        if (is_self || is_named(old, old_count, &now[i])) continue;
        status = parent_is_there(txn, source, &now[i], &there);
        if (status != SGC_OK || there) continue;
        const sgc_relation *r = &txn->schema->tables[table].relations[relation];
        sgc_str child = child_words(txn, source, table, key);
        return now[i].table == SGC_NONE ? no_type(txn, table, r, child, record)
                                        : no_parent(txn, table, r, child, &now[i]);
    }
    return status;
}

/* The relation of a link's end `own` whose other end is missing; NULL when only that one has it. */
static const sgc_relation *relation_of_link(const sgc_txn *txn, uint16_t link, uint16_t table,
                                            bool missing_right)
{
    const sgc_table *t = &txn->schema->tables[table];

    for (uint16_t i = 0; i < t->relation_count; i++) {
        const sgc_relation *relation = &t->relations[i];
        bool same = relation->kind == SGC_RELATION_LINK && relation->link == link;
        if (same && (relation->link_field == 1) == missing_right) return relation;
    }
    return NULL;
}

static sgc_status no_link_end(sgc_txn *txn, const struct sgc_reads *source, uint16_t link,
                              const struct sgc_parent *own, const struct sgc_parent *missing,
                              bool missing_right)
{
    const sgc_relation *relation = relation_of_link(txn, link, own->table, missing_right);
    sgc_str child = child_words(txn, source, own->table, own->key);

    if (relation) return no_parent(txn, own->table, relation, child, missing);
    return sgc_txn_fail(txn, SGC_FOREIGN_KEY, own->table, SGC_NONE,
                        "there is no %.*s %.*s to link with %.*s",
                        SGC_ARG(txn->schema->tables[missing->table].name),
                        SGC_ARG(sgc_key_words(txn, missing->table, missing->key)), SGC_ARG(child));
}

sgc_status sgc_fail_link(sgc_txn *txn, uint16_t link, const struct sgc_parent *own,
                         const struct sgc_parent *missing, bool missing_right)
{
    return no_link_end(txn, NULL, link, own, missing, missing_right);
}

/* *owner: the end that is there when the other one is not. */
static sgc_status check_link(sgc_txn *txn, const struct sgc_reads *source, uint16_t table,
                             sgc_str record, struct sgc_parent *owner)
{
    struct sgc_parent ends[2];
    bool there;
    sgc_status status = sgc_link_parents(txn, table, record, ends);

    for (size_t i = 0; status == SGC_OK && i < 2; i++) {
        status = parent_is_there(txn, source, &ends[i], &there);
        if (status != SGC_OK || there) continue;
        *owner = ends[1 - i];
        return no_link_end(txn, source, table, owner, &ends[i], i == 1);
    }
    return status;
}

/* *owner: the row that names what is not there. */
static sgc_status check_parents(sgc_txn *txn, const struct sgc_reads *source, uint16_t table,
                                sgc_str key, sgc_str before, sgc_str record,
                                struct sgc_parent *owner)
{
    const sgc_table *t = &txn->schema->tables[table];
    sgc_status status = SGC_OK;

    if (t->link) return check_link(txn, source, table, record, owner);
    *owner = (struct sgc_parent){table, key};
    for (uint16_t i = 0; status == SGC_OK && i < t->relation_count; i++) {
        sgc_relation_kind kind = t->relations[i].kind;
        if (kind != SGC_RELATION_KEY && kind != SGC_RELATION_LIST) continue;
        status = check_relation(txn, source, table, i, key, before, record);
    }
    return status;
}

sgc_status sgc_check_parents(sgc_txn *txn, const struct sgc_reads *source, uint16_t table,
                             sgc_str key, sgc_str before, sgc_str record)
{
    struct sgc_parent owner;

    return check_parents(txn, source, table, key, before, record, &owner);
}

sgc_status sgc_txn_check_parents(sgc_txn *txn, sgc_row_name *child)
{
    const struct sgc_reads now = txn->source;
    sgc_memtable_walk row = {.row = NULL};
    struct sgc_parent owner;
    sgc_status status = SGC_OK;

    sgc_txn_clear_error(txn);
    while (status == SGC_OK && txn->writes && sgc_memtable_walk_next(txn->writes, &row)) {
        if (!row.newest || sgc_str_is_null(row.newest->record)) continue;
        if (txn->scratch.total) sgc_arena_reset(&txn->scratch);
        status =
            check_parents(txn, &now, row.table, row.key, row.before, row.newest->record, &owner);
    }
    if (status == SGC_OK) txn->defer_foreign_keys = false;
    if (status == SGC_FOREIGN_KEY) {
        child->table = owner.table;
        sgc_key_start(&child->key);
        sgc_key_raw(&child->key, owner.key);
    }
    return sgc_txn_fail_plain(txn, status);
}

/* ---- children ---- */

static sgc_status has_child(sgc_txn *txn, const struct sgc_reads *source,
                            const struct sgc_reference *reference, const struct sgc_parent *parent,
                            const sgc_relation *relation)
{
    struct sgc_walk walk;
    sgc_key prefix;
    uint16_t index;
    bool is_child = false, borrowed;
    sgc_str record;
    sgc_status status = sgc_children_prefix(txn, reference, parent, &index, &prefix);

    if (status != SGC_OK) return status == SGC_LIMIT ? SGC_OK : status;
    sgc_walk_open(&walk, source, reference->table, index, false);
    status = sgc_walk_seek(&walk, sgc_key_str(&prefix), &txn->error);
    while (status == SGC_OK && sgc_walk_within(&walk, sgc_key_str(&prefix))) {
        status = sgc_walk_row(&walk, &txn->scratch, &record, &borrowed, &txn->error);
        if (status == SGC_OK) status = sgc_is_child(txn, reference, parent, record, &is_child);
        if (status != SGC_OK || is_child) break;
        status = sgc_walk_next(&walk, &txn->error);
    }
    if (status == SGC_OK && is_child) {
        const sgc_table *child = &txn->schema->tables[reference->table];
        sgc_str child_words = sgc_key_words(txn, reference->table, sgc_walk_key(&walk));
        status = sgc_txn_fail(txn, SGC_FOREIGN_KEY, reference->table, SGC_NONE,
                              "%.*s %.*s is still named by %.*s %.*s in its %.*s",
                              SGC_ARG(txn->schema->tables[parent->table].name),
                              SGC_ARG(sgc_key_words(txn, parent->table, parent->key)),
                              SGC_ARG(child->name), SGC_ARG(child_words), SGC_ARG(relation->name));
        txn->error_field = relation->name;
    }
    sgc_walk_close(&walk);
    return status;
}

static sgc_status has_links(sgc_txn *txn, const struct sgc_reads *source,
                            const struct sgc_link_end *end, const struct sgc_parent *parent)
{
    struct sgc_walk walk;
    sgc_key prefix;
    sgc_status status = sgc_links_prefix(parent, &prefix);

    if (status != SGC_OK) return status == SGC_LIMIT ? SGC_OK : status;
    sgc_walk_open(&walk, source, end->link, end->index, false);
    status = sgc_walk_seek(&walk, sgc_key_str(&prefix), &txn->error);
    if (status == SGC_OK && sgc_walk_within(&walk, sgc_key_str(&prefix))) {
        status = SGC_CONFLICT;
    }
    sgc_walk_close(&walk);
    return status;
}

sgc_status sgc_check_no_children(sgc_txn *txn, const struct sgc_reads *source,
                                 const struct sgc_parent *parent, bool at_commit)
{
    const struct sgc_table_rules *rules = &txn->db->rules[parent->table];
    sgc_status status = SGC_OK;

    for (uint16_t i = 0; status == SGC_OK && i < rules->reference_count; i++) {
        const struct sgc_reference *reference = &rules->references[i];
        const sgc_relation *relation =
            &txn->schema->tables[reference->table].relations[reference->relation];
        bool follows = relation->on_delete != SGC_ON_DELETE_RESTRICT;
        if (follows && !at_commit) continue;
        status = has_child(txn, source, reference, parent, relation);
        /* It came after the statement looked: trying again takes it along. */
        if (status == SGC_FOREIGN_KEY && follows) status = SGC_CONFLICT;
    }
    for (uint16_t i = 0; at_commit && status == SGC_OK && i < rules->link_count; i++) {
        status = has_links(txn, source, &rules->links[i], parent);
    }
    return status;
}
