/*
 * predicate.c - filters: building them and asking them, the one expression evaluator. A batch is
 * asked node by node, each node only for rows whose answer it can still change, so what lies behind
 * a relation is read once for the whole batch. Which index finds the rows is plan.c's business.
 */
#include "query/query.h"

#include "query/text.h"

#include <stdlib.h>

sgc_predicate *sgc_predicate_constant(sgc_arena *arena, sgc_truth truth)
{
    sgc_predicate *made = sgc_arena_zero(arena, 1, sizeof *made);

    if (!made) return NULL;
    made->test = SGC_TEST_CONSTANT;
    made->constant = truth;
    made->local = true;
    return made;
}

static int compare_values(const void *a, const void *b)
{
    return sgc_value_compare(a, b);
}

sgc_predicate *sgc_predicate_field(sgc_arena *arena, sgc_test test, uint16_t field,
                                   sgc_value *values, size_t count)
{
    if (test == SGC_TEST_IN && count == 0) return sgc_predicate_constant(arena, SGC_FALSE);
    sgc_predicate *made = sgc_arena_zero(arena, 1, sizeof *made);

    if (!made) return NULL;
    if (test == SGC_TEST_IN) qsort(values, count, sizeof *values, compare_values);
    made->test = test;
    made->local = true;
    made->field = field;
    made->relation = SGC_NONE;
    made->values = values;
    made->value_count = count;
    return made;
}

sgc_predicate *sgc_predicate_related(sgc_arena *arena, sgc_test test, uint16_t relation,
                                     sgc_predicate *child)
{
    sgc_predicate *made = child ? sgc_arena_zero(arena, 1, sizeof *made) : NULL;

    if (!made) return NULL;
    made->test = test;
    made->field = SGC_NONE;
    made->relation = relation;
    made->first = child;
    return made;
}

sgc_predicate *sgc_predicate_group(sgc_arena *arena, sgc_test test)
{
    sgc_predicate *made = sgc_arena_zero(arena, 1, sizeof *made);

    if (!made) return NULL;
    made->test = test;
    made->local = true;
    return made;
}

void sgc_predicate_add(sgc_predicate *parent, sgc_predicate *child)
{
    sgc_predicate **end = &parent->first;

    while (*end)
        end = &(*end)->next;
    *end = child;
    parent->local = parent->local && child->local;
}

/* ---- one value ---- */

static sgc_truth truth_of(bool yes)
{
    return yes ? SGC_TRUE : SGC_FALSE;
}

static bool is_among(const sgc_predicate *predicate, const sgc_value *value)
{
    return bsearch(value, predicate->values, predicate->value_count, sizeof *value,
                   compare_values) != NULL;
}

static sgc_truth test_text(const sgc_predicate *predicate, sgc_str text)
{
    sgc_str wanted = predicate->values[0].as.text;

    switch ((int)predicate->test) {
    case SGC_TEST_LIKE:
        return truth_of(sgc_text_like(text, wanted, false));
    case SGC_TEST_ILIKE:
        return truth_of(sgc_text_like(text, wanted, true));
    case SGC_TEST_PREFIX:
        return truth_of(sgc_text_starts(text, wanted));
    case SGC_TEST_SUFFIX:
        return truth_of(sgc_text_ends(text, wanted));
    default:
        return truth_of(sgc_text_contains(text, wanted));
    }
}

static sgc_truth test_list(const sgc_predicate *predicate, const sgc_value *list)
{
    bool unknown = false;

    if (predicate->test == SGC_TEST_EMPTY) return truth_of(list->as.list.count == 0);
    for (size_t i = 0; i < list->as.list.count; i++) {
        const sgc_value *item = &list->as.list.items[i];
        if (item->is_null) {
            unknown = true;
        } else if (sgc_value_compare(item, &predicate->values[0]) == 0) {
            return SGC_TRUE;
        }
    }
    return unknown ? SGC_UNKNOWN : SGC_FALSE;
}

/* The tests that compare one value, which is not null unless the test is for null. */
static sgc_truth test_value(const sgc_predicate *predicate, const sgc_value *value)
{
    if (predicate->test == SGC_TEST_NULL) return truth_of(value->is_null);
    if (value->is_null) return SGC_UNKNOWN;
    switch ((int)predicate->test) {
    case SGC_TEST_EQ:
        return truth_of(sgc_value_compare(value, &predicate->values[0]) == 0);
    case SGC_TEST_LT:
        return truth_of(sgc_value_compare(value, &predicate->values[0]) < 0);
    case SGC_TEST_LE:
        return truth_of(sgc_value_compare(value, &predicate->values[0]) <= 0);
    case SGC_TEST_GT:
        return truth_of(sgc_value_compare(value, &predicate->values[0]) > 0);
    case SGC_TEST_GE:
        return truth_of(sgc_value_compare(value, &predicate->values[0]) >= 0);
    case SGC_TEST_IN:
        return truth_of(is_among(predicate, value));
    case SGC_TEST_HAS:
    case SGC_TEST_EMPTY:
        return test_list(predicate, value);
    default:
        return test_text(predicate, value->as.text);
    }
}

/* ---- one row ---- */

static sgc_truth negate(sgc_truth truth)
{
    return truth == SGC_UNKNOWN ? SGC_UNKNOWN : truth_of(truth == SGC_FALSE);
}

static sgc_status row_truth(sgc_query *query, const sgc_table *table,
                            const sgc_predicate *predicate, sgc_str record, const sgc_value *given,
                            sgc_truth *truth);

static sgc_status group_truth(sgc_query *query, const sgc_table *table,
                              const sgc_predicate *predicate, sgc_str record,
                              const sgc_value *given, sgc_truth *truth)
{
    sgc_truth decided = predicate->test == SGC_TEST_AND ? SGC_FALSE : SGC_TRUE;
    sgc_truth result = negate(decided);
    sgc_status status = SGC_OK;

    for (const sgc_predicate *child = predicate->first; child && result != decided;
         child = child->next) {
        sgc_truth one;
        status = row_truth(query, table, child, record, given, &one);
        if (status != SGC_OK) return status;
        if (one == decided || one == SGC_UNKNOWN) result = one;
    }
    *truth = result;
    return status;
}

static sgc_status field_truth(sgc_query *query, const sgc_table *table,
                              const sgc_predicate *predicate, sgc_str record, sgc_truth *truth)
{
    sgc_value value;
    sgc_status status = sgc_record_field(
        &table->layout, record, table->fields[predicate->field].slot, &query->scratch, &value);

    if (status != SGC_OK) return status;
    *truth = test_value(predicate, &value);
    if (value.is_list) sgc_arena_reset(&query->scratch);
    return SGC_OK;
}

/* given: the value that tests without a field look at. */
static sgc_status row_truth(sgc_query *query, const sgc_table *table,
                            const sgc_predicate *predicate, sgc_str record, const sgc_value *given,
                            sgc_truth *truth)
{
    sgc_status status;

    switch ((int)predicate->test) {
    case SGC_TEST_CONSTANT:
        *truth = predicate->constant;
        return SGC_OK;
    case SGC_TEST_AND:
    case SGC_TEST_OR:
        return group_truth(query, table, predicate, record, given, truth);
    case SGC_TEST_NOT:
        status = row_truth(query, table, predicate->first, record, given, truth);
        if (status == SGC_OK) *truth = negate(*truth);
        return status;
    default:
        if (predicate->field != SGC_NONE)
            return field_truth(query, table, predicate, record, truth);
        *truth = test_value(predicate, given);
        return SGC_OK;
    }
}

/* ---- a batch ---- */

static sgc_status eval(sgc_query *query, uint16_t table, const sgc_predicate *predicate,
                       const sgc_str *records, size_t count, uint8_t *truth);

/* A child of AND or OR, asked only where it can still change the answer. */
static sgc_status eval_child(sgc_query *query, uint16_t table, const sgc_predicate *child,
                             uint8_t decided, const sgc_str *records, size_t count, uint8_t *truth)
{
    sgc_str *open = sgc_arena_zero(query->arena, count, sizeof *open);
    uint8_t *answers = sgc_arena_alloc(query->arena, count);
    size_t used = 0;

    if (!open || !answers) return SGC_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        if (truth[i] != decided) open[used++] = records[i];
    }
    sgc_status status = used ? eval(query, table, child, open, used, answers) : SGC_OK;
    if (status != SGC_OK) return status;
    used = 0;
    for (size_t i = 0; i < count; i++) {
        if (truth[i] == decided) continue;
        if (answers[used] == decided || answers[used] == SGC_UNKNOWN) truth[i] = answers[used];
        used++;
    }
    return SGC_OK;
}

static sgc_status eval_group(sgc_query *query, uint16_t table, const sgc_predicate *predicate,
                             const sgc_str *records, size_t count, uint8_t *truth)
{
    uint8_t decided = predicate->test == SGC_TEST_AND ? SGC_FALSE : SGC_TRUE;
    sgc_status status = SGC_OK;

    memset(truth, predicate->test == SGC_TEST_AND ? SGC_TRUE : SGC_FALSE, count);
    for (const sgc_predicate *child = predicate->first; child && status == SGC_OK;
         child = child->next) {
        status = eval_child(query, table, child, decided, records, count, truth);
    }
    return status;
}

static sgc_status eval_count(sgc_query *query, uint16_t table, const sgc_predicate *predicate,
                             const sgc_str *records, size_t count, uint8_t *truth)
{
    int64_t *counts = sgc_arena_zero(query->arena, count, sizeof *counts);
    sgc_status status =
        counts ? sgc_related_count(query, table, predicate->relation, records, count, counts)
               : SGC_NO_MEMORY;

    for (size_t i = 0; i < count && status == SGC_OK; i++) {
        sgc_value value = {.kind = SGC_KIND_INT, .as.integer = counts[i]};
        sgc_truth one = SGC_FALSE;
        status = row_truth(query, NULL, predicate->first, records[i], &value, &one);
        truth[i] = (uint8_t)one;
    }
    return status;
}

static void quantify(sgc_test test, const sgc_related *related, const uint8_t *inner, size_t count,
                     uint8_t *truth)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t first = related->starts[i], end = related->starts[i + 1];
        uint8_t answer = test == SGC_TEST_EVERY ? SGC_TRUE : SGC_FALSE;
        for (uint32_t at = first; at < end; at++) {
            uint8_t one = inner[related->rows[at]];
            if (test == SGC_TEST_RELATED) {
                answer = one;
            } else if (test == SGC_TEST_SOME) {
                if (one == SGC_TRUE) answer = SGC_TRUE;
            } else if (one != SGC_TRUE) {
                answer = SGC_FALSE;
            }
        }
        truth[i] = answer;
    }
}

static sgc_status eval_related(sgc_query *query, uint16_t table, const sgc_predicate *predicate,
                               const sgc_str *records, size_t count, uint8_t *truth)
{
    const sgc_relation *relation = &query->schema->tables[table].relations[predicate->relation];
    sgc_slice all = {.limit = SGC_NO_LIMIT};
    sgc_related related;
    sgc_status status =
        sgc_related_read(query, table, predicate->relation, records, count, &all, &related);

    if (status != SGC_OK) return status;
    uint8_t *inner = sgc_arena_alloc(query->arena, related.count);
    if (!inner) return SGC_NO_MEMORY;
    if (related.count > 0) {
        status =
            eval(query, relation->target, predicate->first, related.records, related.count, inner);
    }
    if (status == SGC_OK) quantify(predicate->test, &related, inner, count, truth);
    return status;
}

static sgc_status eval_local(sgc_query *query, uint16_t table, const sgc_predicate *predicate,
                             const sgc_str *records, size_t count, uint8_t *truth)
{
    const sgc_table *model = &query->schema->tables[table];
    sgc_status status = SGC_OK;

    for (size_t i = 0; i < count && status == SGC_OK; i++) {
        sgc_truth one = SGC_FALSE;
        status = row_truth(query, model, predicate, records[i], NULL, &one);
        truth[i] = (uint8_t)one;
    }
    return status;
}

static sgc_status eval(sgc_query *query, uint16_t table, const sgc_predicate *predicate,
                       const sgc_str *records, size_t count, uint8_t *truth)
{
    if (predicate->local) return eval_local(query, table, predicate, records, count, truth);
    switch ((int)predicate->test) {
    case SGC_TEST_AND:
    case SGC_TEST_OR:
        return eval_group(query, table, predicate, records, count, truth);
    case SGC_TEST_NOT: {
        sgc_status status = eval(query, table, predicate->first, records, count, truth);
        for (size_t i = 0; i < count && status == SGC_OK; i++)
            truth[i] = (uint8_t)negate((sgc_truth)truth[i]);
        return status;
    }
    case SGC_TEST_COUNT:
        return eval_count(query, table, predicate, records, count, truth);
    default:
        return eval_related(query, table, predicate, records, count, truth);
    }
}

/* What the evaluation reads on its way is given back at its end. */
sgc_status sgc_predicate_eval(sgc_query *query, uint16_t table, const sgc_predicate *predicate,
                              const sgc_str *records, size_t count, uint8_t *truth)
{
    if (predicate->local) return eval_local(query, table, predicate, records, count, truth);
    sgc_arena *kept = query->arena;
    uint64_t rows_left = query->rows_left;
    sgc_arena own = {0};

    query->arena = &own;
    sgc_status status = eval(query, table, predicate, records, count, truth);
    query->arena = kept;
    query->rows_left = rows_left;
    sgc_arena_free(&own);
    return status;
}
