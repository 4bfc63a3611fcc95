/*
 * analyze.c - figures of one table: rows and their sizes, and of each field nulls, different
 * values, least and greatest. One walk over the rows; the sizes of indexes come from the pages.
 *
 * Different values are counted by a hash of 64 bits of their JSON: exactly up to a bound, and by
 * HyperLogLog (2^14 registers) beyond it.
 */
#include "admin/admin.h"

#include <math.h>

enum { STEP = 4096, REGISTER_BITS = 14, REGISTERS = 1 << REGISTER_BITS };

/* What is known of one field while rows go by. */
typedef struct field_state {
    uint64_t *seen; /* open addressing, 0: empty; NULL once there are too many */
    size_t count, capacity;
    uint8_t *registers; /* NULL: still exact */
    bool ordered, any;
    sgc_value least, greatest;
    sgc_arena arena[2]; /* of least and greatest */
} field_state;

typedef struct analysis {
    sgc_txn *txn;
    const sgc_schema *schema;
    const sgc_table *table;
    field_state *fields;
    sgc_table_figures *figures;
    sgc_value *values;
    sgc_arena row;
    sgc_buf text;
} analysis;

/* ---- different values ---- */

static bool insert(uint64_t *slots, size_t capacity, uint64_t hash)
{
    size_t at = hash & (capacity - 1);

    while (slots[at] && slots[at] != hash)
        at = (at + 1) & (capacity - 1);
    bool is_new = slots[at] == 0;
    slots[at] = hash;
    return is_new;
}

static bool grow(field_state *field)
{
    size_t capacity = field->capacity ? 2 * field->capacity : 64;
    uint64_t *slots = sgc_alloc_zero(capacity, sizeof *slots);

    if (!slots) return false;
    for (size_t i = 0; i < field->capacity; i++)
        if (field->seen[i]) insert(slots, capacity, field->seen[i]);
    sgc_free(field->seen);
    field->seen = slots;
    field->capacity = capacity;
    return true;
}

static void estimate(field_state *field, uint64_t hash)
{
    size_t at = hash >> (64 - REGISTER_BITS);
    uint64_t rest = hash << REGISTER_BITS | (uint64_t)1 << (REGISTER_BITS - 1);
    uint8_t rank = (uint8_t)(__builtin_clzll(rest) + 1);

    if (rank > field->registers[at]) field->registers[at] = rank;
}

static bool begin_estimate(field_state *field)
{
    field->registers = sgc_alloc_zero(REGISTERS, 1);
    if (!field->registers) return false;
    for (size_t i = 0; i < field->capacity; i++)
        if (field->seen[i]) estimate(field, field->seen[i]);
    sgc_free(field->seen);
    field->seen = NULL;
    return true;
}

static bool note(field_state *field, sgc_str text)
{
    uint64_t hash = sgc_hash(text.data, text.size, 0);

    if (hash == 0) hash = 1;
    if (!field->registers) {
        if (2 * (field->count + 1) > field->capacity && !grow(field)) return false;
        field->count += insert(field->seen, field->capacity, hash);
        return field->count <= SGC_DISTINCT_EXACT || begin_estimate(field);
    }
    estimate(field, hash);
    return true;
}

/* Flajolet and others, with linear counting while many registers are empty. */
static uint64_t estimated(const field_state *field)
{
    double sum = 0, m = REGISTERS;
    unsigned zeros = 0;

    for (size_t i = 0; i < REGISTERS; i++) {
        sum += ldexp(1.0, -field->registers[i]);
        zeros += field->registers[i] == 0;
    }
    double value = 0.7213 / (1 + 1.079 / m) * m * m / sum;
    if (value <= 2.5 * m && zeros) value = m * log(m / zeros);
    return (uint64_t)(value + 0.5);
}

/* ---- least and greatest ---- */

static bool has_order(const sgc_slot *slot)
{
    return !slot->list && slot->kind != SGC_KIND_JSON && slot->kind != SGC_KIND_EMBEDDED;
}

/* Texts of the row's values go with the row. */
static bool keep(sgc_arena *arena, const sgc_value *value, sgc_value *kept)
{
    sgc_arena_reset(arena);
    *kept = *value;
    if (!sgc_kind_is_fixed(value->kind)) kept->as.text = sgc_arena_str(arena, value->as.text);
    return sgc_kind_is_fixed(value->kind) || kept->as.text.data;
}

static bool bound(field_state *field, const sgc_value *value)
{
    bool first = !field->any;

    field->any = true;
    if ((first || sgc_value_compare(value, &field->least) < 0) &&
        !keep(&field->arena[0], value, &field->least))
        return false;
    return (!first && sgc_value_compare(value, &field->greatest) <= 0) ||
           keep(&field->arena[1], value, &field->greatest);
}

/* ---- rows ---- */

static sgc_status take_field(analysis *a, uint16_t position)
{
    const sgc_field *model = &a->table->fields[position];
    const sgc_value *value = &a->values[model->slot];
    field_state *field = &a->fields[position];

    if (value->is_null) {
        a->figures->fields[position].nulls++;
        return SGC_OK;
    }
    a->text.size = 0;
    sgc_value_to_json(a->schema, model, value, &a->text);
    if (a->text.failed || !note(field, sgc_buf_as_str(&a->text))) return SGC_NO_MEMORY;
    return !field->ordered || bound(field, value) ? SGC_OK : SGC_NO_MEMORY;
}

static sgc_status take_row(analysis *a, sgc_str record)
{
    sgc_table_figures *f = a->figures;

    f->shortest = f->rows == 0 || record.size < f->shortest ? record.size : f->shortest;
    f->longest = record.size > f->longest ? record.size : f->longest;
    f->rows++;
    f->bytes += record.size;
    sgc_arena_reset(&a->row);
    sgc_status status = sgc_record_unpack(&a->table->layout, record, &a->row, a->values);
    for (uint16_t i = 0; status == SGC_OK && i < a->table->field_count; i++)
        status = take_field(a, i);
    return status;
}

static sgc_status walk(analysis *a, uint16_t table, sgc_progress *progress, void *context,
                       sgc_error *error)
{
    uint64_t total = 0;
    sgc_status status = progress ? sgc_txn_count_rows(a->txn, table, &total) : SGC_OK;
    sgc_str record;

    if (status == SGC_OK) {
        sgc_scan scan = sgc_scan_open(a->txn, table);
        while (status == SGC_OK && sgc_scan_next(&scan, &record)) {
            status = take_row(a, record);
            if (progress && a->figures->rows % STEP == 0)
                progress(context, a->figures->rows, total);
        }
        if (status == SGC_OK) status = scan.status;
        sgc_scan_end(&scan);
    }
    if (status == SGC_OK) {
        if (progress) progress(context, a->figures->rows, a->figures->rows);
        return SGC_OK;
    }
    const char *words = sgc_errmsg(a->txn);
    return sgc_fail(error, status, SGC_FMT ": %s", SGC_ARG(a->table->name),
                    *words ? words : sgc_status_text(status));
}

/* ---- results ---- */

static sgc_str write_bound(analysis *a, uint16_t position, const sgc_value *value, sgc_arena *arena)
{
    a->text.size = 0;
    sgc_value_to_json(a->schema, &a->table->fields[position], value, &a->text);
    return sgc_arena_str(arena, sgc_buf_as_str(&a->text));
}

static bool fill(analysis *a, sgc_arena *arena)
{
    for (uint16_t i = 0; i < a->table->field_count; i++) {
        const field_state *field = &a->fields[i];
        sgc_field_figures *out = &a->figures->fields[i];
        out->estimated = field->registers != NULL;
        out->distinct = out->estimated ? estimated(field) : field->count;
        if (!field->any) continue;
        out->least = write_bound(a, i, &field->least, arena);
        out->greatest = write_bound(a, i, &field->greatest, arena);
        if (!out->least.data || !out->greatest.data) return false;
    }
    return !a->text.failed;
}

static bool prepare(analysis *a, sgc_arena *arena)
{
    const sgc_table *table = a->table;
    sgc_table_figures *f = a->figures;

    a->fields = sgc_alloc_zero((size_t)table->field_count + 1, sizeof *a->fields);
    a->values = sgc_arena_zero(arena, (size_t)table->layout.count + 1, sizeof *a->values);
    f->fields = sgc_arena_zero(arena, (size_t)table->field_count + 1, sizeof *f->fields);
    f->indexes = sgc_arena_zero(arena, (size_t)table->index_count + 1, sizeof *f->indexes);
    if (!a->fields || !a->values || !f->fields || !f->indexes) return false;
    for (uint16_t i = 0; i < table->field_count; i++)
        a->fields[i].ordered = has_order(sgc_field_slot(table, i));
    return true;
}

static void discard(analysis *a)
{
    for (uint16_t i = 0; a->fields && i < a->table->field_count; i++) {
        sgc_free(a->fields[i].seen);
        sgc_free(a->fields[i].registers);
        sgc_arena_free(&a->fields[i].arena[0]);
        sgc_arena_free(&a->fields[i].arena[1]);
    }
    sgc_free(a->fields);
    sgc_arena_free(&a->row);
    sgc_buf_free(&a->text);
}

sgc_status sgc_analyze(sgc_txn *txn, uint16_t table, sgc_progress *progress, void *context,
                       sgc_arena *arena, sgc_table_figures *figures, sgc_error *error)
{
    const sgc_schema *schema = sgc_db_schema(sgc_txn_db(txn));
    analysis a = {
        .txn = txn, .schema = schema, .table = &schema->tables[table], .figures = figures};

    *figures = (sgc_table_figures){0};
    sgc_status status =
        prepare(&a, arena) ? SGC_OK : sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    if (status == SGC_OK) status = walk(&a, table, progress, context, error);
    if (status == SGC_OK && !fill(&a, arena))
        status = sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    if (status == SGC_OK) {
        sgc_txn_tree_figures(txn, table, 0, &figures->row_pages);
        sgc_txn_tree_figures(txn, table, 1, &figures->hash);
        for (unsigned i = 0; i < a.table->index_count; i++)
            sgc_txn_tree_figures(txn, table, 2 + i, &figures->indexes[i]);
    }
    discard(&a);
    return status;
}
