/*
 * relation.c - relations as constraints need them: who refers to whom, which parents a record
 * names, where the children of a row stand. What follows from it is decided in constraint.c and
 * delete.c.
 */
#include "txn/internal.h"

#include <stdio.h>

/* ---- rules of a schema ---- */

static bool is_target(const sgc_schema *schema, const sgc_relation *relation, uint16_t table)
{
    if (relation->target != SGC_NONE) return relation->target == table;
    if (relation->abstract == SGC_NONE) return false;
    const sgc_abstract *abstract = &schema->abstracts[relation->abstract];
    for (uint16_t i = 0; i < abstract->table_count; i++) {
        if (abstract->tables[i] == table) return true;
    }
    return false;
}

static bool stores_keys(const sgc_relation *relation)
{
    return relation->kind == SGC_RELATION_KEY || relation->kind == SGC_RELATION_LIST;
}

static bool add_reference(sgc_arena *arena, struct sgc_table_rules *rules,
                          struct sgc_reference reference, size_t *capacity)
{
    if (!SGC_ARENA_GROW(arena, rules->references, rules->reference_count, *capacity)) return false;
    rules->references[rules->reference_count++] = reference;
    return true;
}

/* Every relation of `table` that stores keys is a reference to its targets. */
static bool add_references(const sgc_schema *schema, sgc_arena *arena, uint16_t table,
                           struct sgc_table_rules *rules, size_t *capacities)
{
    const sgc_table *t = &schema->tables[table];

    if (t->link) return true; /* links die by their ends' rules */
    for (uint16_t r = 0; r < t->relation_count; r++) {
        if (!stores_keys(&t->relations[r])) continue;
        uint16_t single = t->relations[r].target;
        uint16_t first = single != SGC_NONE ? single : 0;
        uint16_t end = single != SGC_NONE ? (uint16_t)(single + 1) : schema->table_count;
        for (uint16_t target = first; target < end; target++) {
            struct sgc_reference reference = {table, r};
            if (!is_target(schema, &t->relations[r], target)) continue;
            if (!add_reference(arena, &rules[target], reference, &capacities[target])) {
                return false;
            }
        }
    }
    return true;
}

static bool add_links(const sgc_schema *schema, sgc_arena *arena, uint16_t table,
                      struct sgc_table_rules *rules)
{
    const sgc_table *t = &schema->tables[table];

    rules[table].links = sgc_arena_zero(arena, t->relation_count, sizeof *rules[table].links);
    if (!rules[table].links) return false;
    for (uint16_t r = 0; r < t->relation_count; r++) {
        const sgc_relation *relation = &t->relations[r];
        if (relation->kind != SGC_RELATION_LINK) continue;
        struct sgc_table_rules *link = &rules[relation->link];
        bool target_right = relation->link_field == 1;
        rules[table].links[rules[table].link_count++] =
            (struct sgc_link_end){relation->link, relation->index};
        link->left = target_right ? table : relation->target;
        link->right = target_right ? relation->target : table;
    }
    return true;
}

static sgc_status compile_checks(const sgc_schema *schema, sgc_arena *arena, uint16_t table,
                                 struct sgc_table_rules *rules, sgc_error *error)
{
    const sgc_table *t = &schema->tables[table];

    rules->checks = sgc_arena_zero(arena, t->check_count, sizeof(sgc_expression *));
    if (!rules->checks) return SGC_NO_MEMORY;
    for (uint16_t i = 0; i < t->check_count; i++) {
        sgc_status status = sgc_expression_compile(schema, t, t->checks[i].expression, arena,
                                                   &rules->checks[i], error);
        if (status != SGC_OK) return status;
    }
    return SGC_OK;
}

sgc_status sgc_rules_make(const sgc_schema *schema, sgc_arena *arena,
                          struct sgc_table_rules **rules, sgc_error *error)
{
    size_t *capacities = sgc_arena_zero(arena, schema->table_count, sizeof *capacities);
    sgc_status status = SGC_OK;

    *rules = sgc_arena_zero(arena, schema->table_count, sizeof **rules);
    if (!*rules || !capacities) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    for (uint16_t i = 0; i < schema->table_count; i++) {
        (*rules)[i].left = (*rules)[i].right = SGC_NONE;
    }
    for (uint16_t i = 0; status == SGC_OK && i < schema->table_count; i++) {
        if (!add_references(schema, arena, i, *rules, capacities) ||
            !add_links(schema, arena, i, *rules)) {
            return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
        }
        status = compile_checks(schema, arena, i, &(*rules)[i], error);
    }
    return status;
}

/* ---- keys and values ---- */

sgc_str sgc_key_words(sgc_txn *txn, uint16_t table, sgc_str key)
{
    sgc_value value;
    const sgc_table *t = &txn->schema->tables[table];
    sgc_str words = SGC_STR("?");

    if (t->link || sgc_key_to_value(t, key, &value) != SGC_OK) return words;
    bool is_number = value.kind == SGC_KIND_INT || value.kind == SGC_KIND_BIGINT;
    words = is_number ? sgc_arena_printf(&txn->scratch, "%lld", (long long)value.as.integer)
                      : sgc_arena_printf(&txn->scratch, "\"%.*s\"", SGC_ARG(value.as.text));
    return words;
}

static sgc_status field_value(sgc_txn *txn, const sgc_table *table, uint16_t field, sgc_str record,
                              sgc_value *value)
{
    return sgc_record_field(&table->layout, record, table->fields[field].slot, &txn->scratch,
                            value);
}

/* The names of types that stand beside the keys of a relation to an interface or union. */
static sgc_status type_names(sgc_txn *txn, const sgc_table *table, const sgc_relation *relation,
                             sgc_str record, sgc_value *names)
{
    names->is_null = true;
    if (relation->target != SGC_NONE) return SGC_OK;
    return field_value(txn, table, relation->type_field, record, names);
}

/* The table that key number i means; SGC_NONE when its type is none of the relation's. */
static uint16_t named_table(const sgc_txn *txn, const sgc_relation *relation,
                            const sgc_value *names, size_t i)
{
    if (relation->target != SGC_NONE) return relation->target;
    if (names->is_null || (names->is_list && i >= names->as.list.count)) return SGC_NONE;
    const sgc_value *name = names->is_list ? &names->as.list.items[i] : names;
    uint16_t found =
        name->is_null ? (uint16_t)SGC_NONE : sgc_schema_table(txn->schema, name->as.text);
    return found != SGC_NONE && is_target(txn->schema, relation, found) ? found
                                                                        : (uint16_t)SGC_NONE;
}

static sgc_status add_parent(sgc_txn *txn, uint16_t table, const sgc_value *value,
                             struct sgc_parent *parent)
{
    sgc_key key;

    parent->table = table;
    parent->key = sgc_str_of("", 0);
    if (table == SGC_NONE) return SGC_OK;
    sgc_status status = sgc_row_key(&txn->schema->tables[table], value, &key);
    if (status == SGC_LIMIT || status == SGC_INVALID) return SGC_OK; /* no row has such a key */
    if (status != SGC_OK) return status;
    parent->key = sgc_arena_str(&txn->scratch, sgc_key_str(&key));
    return sgc_str_is_null(parent->key) ? SGC_NO_MEMORY : SGC_OK;
}

sgc_status sgc_parents_of(sgc_txn *txn, uint16_t table, uint16_t relation, sgc_str record,
                          struct sgc_parent **parents, size_t *count)
{
    const sgc_table *t = &txn->schema->tables[table];
    const sgc_relation *r = &t->relations[relation];
    sgc_value value, names;

    *count = 0;
    if (sgc_str_is_null(record)) return SGC_OK;
    sgc_status status = field_value(txn, t, r->field, record, &value);
    if (status != SGC_OK || value.is_null) return status;
    status = type_names(txn, t, r, record, &names);
    if (status != SGC_OK) return status;
    size_t values = value.is_list ? value.as.list.count : 1;
    *parents = sgc_arena_zero(&txn->scratch, values, sizeof **parents);
    if (!*parents) return SGC_NO_MEMORY;
    for (size_t i = 0; status == SGC_OK && i < values; i++) {
        const sgc_value *one = value.is_list ? &value.as.list.items[i] : &value;
        if (one->is_null) continue;
        status = add_parent(txn, named_table(txn, r, &names, i), one, &(*parents)[*count]);
        ++*count;
    }
    return status;
}

/* ---- links ---- */

sgc_status sgc_link_parents(sgc_txn *txn, uint16_t link, sgc_str record,
                            struct sgc_parent parents[2])
{
    const sgc_table *t = &txn->schema->tables[link];
    const struct sgc_table_rules *rules = &txn->db->rules[link];
    sgc_status status = SGC_OK;

    for (uint16_t i = 0; status == SGC_OK && i < 2; i++) {
        sgc_value value;
        status = field_value(txn, t, i, record, &value);
        if (status != SGC_OK) break;
        status = add_parent(txn, i == 0 ? rules->left : rules->right, &value, &parents[i]);
    }
    return status;
}

sgc_status sgc_link_record(sgc_txn *txn, uint16_t link, sgc_str left, sgc_str right,
                           sgc_str *record)
{
    const sgc_table *t = &txn->schema->tables[link];
    const struct sgc_table_rules *rules = &txn->db->rules[link];
    sgc_value values[2];
    sgc_buf out = {0};

    if (rules->left == SGC_NONE || rules->right == SGC_NONE) return SGC_INVALID;
    sgc_status status =
        sgc_key_to_value(&txn->schema->tables[rules->left], left, &values[t->fields[0].slot]);
    if (status == SGC_OK) {
        status =
            sgc_key_to_value(&txn->schema->tables[rules->right], right, &values[t->fields[1].slot]);
    }
    if (status == SGC_OK) status = sgc_record_pack(&t->layout, values, &out);
    if (status == SGC_OK) {
        *record = sgc_arena_str(&txn->scratch, sgc_buf_as_str(&out));
        if (sgc_str_is_null(*record)) status = SGC_NO_MEMORY;
    }
    sgc_buf_free(&out);
    return status;
}

sgc_status sgc_links_prefix(const struct sgc_parent *parent, sgc_key *prefix)
{
    sgc_key_start(prefix);
    sgc_key_text(prefix, parent->key, false);
    return prefix->overflow ? SGC_LIMIT : SGC_OK;
}

/* ---- children ---- */

sgc_status sgc_children_prefix(sgc_txn *txn, const struct sgc_reference *reference,
                               const struct sgc_parent *parent, uint16_t *index, sgc_key *prefix)
{
    const sgc_table *table = &txn->schema->tables[reference->table];
    const sgc_relation *relation = &table->relations[reference->relation];
    const sgc_table *target = &txn->schema->tables[parent->table];
    sgc_value value;

    sgc_key_start(prefix);
    *index = relation->index == SGC_NONE ? 0 : relation->index;
    if (relation->index == SGC_NONE) return SGC_OK; /* every row is looked at */
    sgc_status status = sgc_key_to_value(target, parent->key, &value);
    if (status != SGC_OK) return status;
    const sgc_index *on = &table->indexes[*index];
    for (uint16_t i = 0; i < on->count; i++) {
        if (on->fields[i] == relation->field) {
            sgc_key_value(prefix, &value, false);
        } else if (relation->target == SGC_NONE && on->fields[i] == relation->type_field) {
            sgc_key_text(prefix, target->name, false);
        } else {
            break;
        }
    }
    return prefix->overflow ? SGC_LIMIT : SGC_OK;
}

static bool is_parent(const struct sgc_parent *a, const struct sgc_parent *b)
{
    return a->table == b->table && sgc_str_eq(a->key, b->key);
}

sgc_status sgc_is_child(sgc_txn *txn, const struct sgc_reference *reference,
                        const struct sgc_parent *parent, sgc_str record, bool *is_child)
{
    struct sgc_parent *parents;
    size_t count;
    sgc_status status =
        sgc_parents_of(txn, reference->table, reference->relation, record, &parents, &count);

    *is_child = false;
    for (size_t i = 0; status == SGC_OK && i < count; i++) {
        *is_child = *is_child || is_parent(&parents[i], parent);
    }
    return status;
}

/* The lists of keys, and of their types if there are, without the elements that name the parent. */
static sgc_status remove_elements(sgc_txn *txn, const sgc_relation *relation,
                                  const struct sgc_parent *parent, sgc_value *keys,
                                  sgc_value *names)
{
    size_t kept = 0, count = keys->as.list.count;
    sgc_value before = *names;

    for (size_t i = 0; i < count; i++) {
        struct sgc_parent named;
        sgc_status status = add_parent(txn, named_table(txn, relation, &before, i),
                                       &keys->as.list.items[i], &named);
        if (status != SGC_OK) return status;
        if (is_parent(&named, parent)) continue;
        if (names->is_list && i < before.as.list.count) {
            names->as.list.items[kept] = before.as.list.items[i];
        }
        keys->as.list.items[kept++] = keys->as.list.items[i];
    }
    keys->as.list.count = kept;
    if (names->is_list && names->as.list.count > kept) names->as.list.count = kept;
    return SGC_OK;
}

sgc_status sgc_without_parent(sgc_txn *txn, const struct sgc_reference *reference,
                              const struct sgc_parent *parent, sgc_str record, sgc_str *without)
{
    const sgc_table *table = &txn->schema->tables[reference->table];
    const sgc_relation *relation = &table->relations[reference->relation];
    sgc_value *values = sgc_arena_zero(&txn->scratch, table->layout.count, sizeof *values);
    sgc_buf out = {0};

    if (!values) return SGC_NO_MEMORY;
    sgc_status status = sgc_record_unpack(&table->layout, record, &txn->scratch, values);
    if (status != SGC_OK) return status;
    sgc_value none = {.is_null = true};
    sgc_value *stored = &values[table->fields[relation->field].slot];
    sgc_value *names =
        relation->target != SGC_NONE ? &none : &values[table->fields[relation->type_field].slot];
    if (relation->kind == SGC_RELATION_LIST) {
        status = remove_elements(txn, relation, parent, stored, names);
    } else {
        stored->is_null = true;
        names->is_null = true;
    }
    if (status == SGC_OK) status = sgc_record_pack(&table->layout, values, &out);
    if (status == SGC_OK) {
        *without = sgc_arena_str(&txn->scratch, sgc_buf_as_str(&out));
        if (sgc_str_is_null(*without)) status = SGC_NO_MEMORY;
    }
    sgc_buf_free(&out);
    return status;
}
