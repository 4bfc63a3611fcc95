/*
 * sort.c - total orders over rows in memory: sort keys, one batch for all rows, and a stable merge
 * sort of positions. Orders that an index already gives never come here.
 */
#include "query/query.h"

#include <assert.h>

/* Enums order by declaration, which is not always the order of their numbers. */
static void rank_enums(const sgc_schema *schema, const sgc_field *field, sgc_value *values,
                       size_t count, size_t stride)
{
    if (field->enumeration == SGC_NONE) return;
    const sgc_enum_def *def = &schema->enums[field->enumeration];

    if (def->ascending) return;
    for (size_t i = 0; i < count; i++) {
        sgc_value *value = &values[i * stride];
        if (value->is_null) continue;
        uint16_t rank = 0;
        while (rank < def->count && def->items[rank].number != value->as.enumeration)
            rank++;
        value->as.enumeration = rank;
    }
}

static sgc_status field_values(sgc_query *query, uint16_t table, uint16_t field,
                               const sgc_str *records, size_t count, sgc_value *values,
                               size_t stride)
{
    const sgc_table *model = &query->schema->tables[table];
    const sgc_slot *slot = sgc_field_slot(model, field);
    sgc_status status = SGC_OK;

    for (size_t i = 0; i < count && status == SGC_OK; i++) {
        status = sgc_record_field(&model->layout, records[i], model->fields[field].slot,
                                  query->arena, &values[i * stride]);
    }
    if (status == SGC_OK && slot->kind == SGC_KIND_ENUM)
        rank_enums(query->schema, &model->fields[field], values, count, stride);
    return status;
}

static sgc_status order_values(sgc_query *query, uint16_t table, const sgc_order *order,
                               const sgc_str *records, size_t count, sgc_value *values,
                               size_t stride);

static sgc_status count_values(sgc_query *query, uint16_t table, const sgc_order *order,
                               const sgc_str *records, size_t count, sgc_value *values,
                               size_t stride)
{
    int64_t *counts = sgc_arena_zero(query->arena, count, sizeof *counts);
    sgc_status status =
        counts ? sgc_related_count(query, table, order->relation, records, count, counts)
               : SGC_NO_MEMORY;

    for (size_t i = 0; i < count && status == SGC_OK; i++)
        values[i * stride] = (sgc_value){.kind = SGC_KIND_INT, .as.integer = counts[i]};
    return status;
}

/* The value of a row is that of the row behind its to-one relation, null without one. */
static sgc_status related_values(sgc_query *query, uint16_t table, const sgc_order *order,
                                 const sgc_str *records, size_t count, sgc_value *values,
                                 size_t stride)
{
    const sgc_relation *relation = &query->schema->tables[table].relations[order->relation];
    sgc_slice all = {.limit = SGC_NO_LIMIT};
    sgc_related related;
    sgc_status status =
        sgc_related_read(query, table, order->relation, records, count, &all, &related);
    if (status != SGC_OK) return status;
    sgc_value *behind = sgc_arena_zero(query->arena, related.count, sizeof *behind);
    if (!behind) return SGC_NO_MEMORY;
    if (related.count > 0) {
        status = order_values(query, relation->target, order->inner, related.records, related.count,
                              behind, 1);
    }
    for (size_t i = 0; i < count && status == SGC_OK; i++) {
        bool found = related.starts[i + 1] > related.starts[i];
        values[i * stride] =
            found ? behind[related.rows[related.starts[i]]] : (sgc_value){.is_null = true};
    }
    return status;
}

static sgc_status order_values(sgc_query *query, uint16_t table, const sgc_order *order,
                               const sgc_str *records, size_t count, sgc_value *values,
                               size_t stride)
{
    if (order->field != SGC_NONE)
        return field_values(query, table, order->field, records, count, values, stride);
    if (!order->inner) return count_values(query, table, order, records, count, values, stride);
    return related_values(query, table, order, records, count, values, stride);
}

sgc_status sgc_sort_keys_make(sgc_query *query, uint16_t table, const sgc_order *orders,
                              size_t order_count, const sgc_str *records, size_t count,
                              sgc_sort_keys *keys)
{
    size_t stride = order_count + 1;
    size_t total;

    if (!sgc_mul(stride, count, &total)) return SGC_NO_MEMORY;
    *keys = (sgc_sort_keys){.orders = orders, .order_count = order_count};
    keys->values = sgc_arena_zero(query->arena, total, sizeof *keys->values);
    if (!keys->values) return SGC_NO_MEMORY;
    sgc_status status = SGC_OK;
    for (size_t i = 0; i < order_count && status == SGC_OK; i++) {
        status = order_values(query, table, &orders[i], records, count, keys->values + i, stride);
    }
    if (status != SGC_OK) return status;
    return field_values(query, table, query->schema->tables[table].key, records, count,
                        keys->values + order_count, stride);
}

static int compare_one(const sgc_order *order, const sgc_value *a, const sgc_value *b)
{
    if (a->is_null || b->is_null) {
        if (a->is_null && b->is_null) return 0;
        return a->is_null == order->nulls_first ? -1 : 1;
    }
    int compared = sgc_value_compare(a, b);
    return order->descending ? -compared : compared;
}

static int compare_rows(const sgc_sort_keys *keys, uint32_t a, uint32_t b)
{
    size_t stride = keys->order_count + 1;
    const sgc_value *left = keys->values + a * stride;
    const sgc_value *right = keys->values + b * stride;

    for (size_t i = 0; i < keys->order_count; i++) {
        int compared = compare_one(&keys->orders[i], &left[i], &right[i]);
        if (compared != 0) return compared;
    }
    if (keys->type_names) {
        int compared = sgc_str_compare(keys->type_names[a], keys->type_names[b]);
        if (compared != 0) return compared;
    }
    return sgc_value_compare(&left[keys->order_count], &right[keys->order_count]);
}

static void merge(const sgc_sort_keys *keys, const uint32_t *from, size_t start, size_t middle,
                  size_t end, uint32_t *to)
{
    size_t left = start, right = middle;

    for (size_t at = start; at < end; at++) {
        bool take_left =
            left < middle && (right >= end || compare_rows(keys, from[left], from[right]) <= 0);
        to[at] = take_left ? from[left++] : from[right++];
    }
}

/* Bottom-up merge sort: stable, no recursion, n log n whatever the input. */
sgc_status sgc_sort(sgc_query *query, const sgc_sort_keys *keys, uint32_t *positions, size_t count)
{
    if (count < 2) return SGC_OK;
    uint32_t *other = sgc_arena_zero(query->arena, count, sizeof *other);
    uint32_t *from = positions, *to = other;

    if (!other) return SGC_NO_MEMORY;
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t start = 0; start < count; start += 2 * width) {
            size_t middle = start + width < count ? start + width : count;
            size_t end = start + 2 * width < count ? start + 2 * width : count;
            merge(keys, from, start, middle, end, to);
        }
        uint32_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != positions) memcpy(positions, from, count * sizeof *positions);
    return SGC_OK;
}
