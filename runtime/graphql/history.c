/*
 * history.c - versions of rows: `history` of a row and the root fields xHistory. A version's `node`
 * is its row as it was, and so is everything below it: what that needs is fetched once for each
 * moment, for all versions that began there, and kept aside until they are written.
 */
#include "graphql/execute.h"

#include <stdlib.h>

/* ---- versions ---- */

/* Where the versions of one field go while they are read. */
typedef struct reading {
    sgc_execution *at;
    const sgc_plan_field *field;
    uint16_t table;
    bool with_records;
    uint64_t skip, limit;
    size_t capacity;
    sgc_version_list *history;
} reading;

static sgc_status keep(reading *r, const sgc_row_version *found, uint64_t end_us)
{
    sgc_version_list *history = r->history;
    sgc_query *query = &r->at->query;
    sgc_shown_version version = {.op = found->op,
                                 .begin = found->begin,
                                 .end = found->end,
                                 .time_us = found->time_us,
                                 .end_us = end_us};

    if (query->rows_left == 0 || history->count >= UINT32_MAX) return SGC_LIMIT;
    query->rows_left--;
    if (r->with_records && found->record.data) {
        version.record = sgc_record_keep(query, found->record);
        if (!version.record.data) return SGC_NO_MEMORY;
    }
    if (!SGC_ARENA_GROW(query->arena, history->versions, history->count, r->capacity))
        return SGC_NO_MEMORY;
    history->versions[history->count++] = version;
    return SGC_OK;
}

/* Versions of one row, newest first, no further than the limit. */
static sgc_status read_row(reading *r, sgc_str key)
{
    uint64_t skip = r->skip, left = r->limit;
    uint64_t newer = SGC_OPEN, newer_us = 0; /* what the version before began */
    sgc_row_version found;
    sgc_status status = SGC_OK;

    if (left == 0) return SGC_OK;
    sgc_versions versions = sgc_versions_open(r->at->txn, r->table, key, NULL, false);
    while (left > 0 && status == SGC_OK && sgc_versions_next(&versions, &found)) {
        if (skip > 0) {
            skip--;
        } else {
            status = keep(r, &found, found.end == newer ? newer_us : 0);
            left--;
        }
        newer = found.begin;
        newer_us = found.time_us;
    }
    if (status == SGC_OK && left > 0) status = versions.status;
    sgc_versions_end(&versions);
    return status;
}

/* ---- nodes ---- */

/* What was fetched for one `node` at one moment. */
struct sgc_node_state {
    sgc_txn *txn;
    sgc_loaded *below; /* of the plan's fields below it */
};

/* A version that has a row, by when it began. */
typedef struct dated {
    uint64_t begin;
    uint32_t version;
} dated;

static int compare_dated(const void *a, const void *b)
{
    const dated *x = a, *y = b;

    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return (x->version > y->version) - (x->version < y->version);
}

static size_t below_count(const sgc_plan_field *node)
{
    return node->below_end - node->below;
}

/* Fetches what is below the rows of versions that began together, and puts it aside. */
static sgc_status load_group(sgc_execution *at, const sgc_plan_field *node,
                             const sgc_version_list *history, const dated *group, size_t count,
                             sgc_error *error)
{
    sgc_node_place *places = at->loaded[node->id].nodes;
    sgc_str *records = sgc_arena_zero(&at->arena, count, sizeof *records);
    struct sgc_node_state *state = sgc_arena_zero(&at->arena, 1, sizeof *state);
    size_t below = below_count(node);

    if (at->query.rows_left < below) return sgc_fail(error, SGC_LIMIT, SGC_ROWS_WORDS);
    at->query.rows_left -= below;
    if (!records || !state) return SGC_NO_MEMORY;
    state->below = sgc_arena_zero(&at->arena, below, sizeof *state->below);
    if (!state->below) return SGC_NO_MEMORY;
    sgc_status status = sgc_asof_txn(at, group[0].begin, &state->txn, error);
    if (status != SGC_OK) return status;
    for (size_t i = 0; i < count; i++) {
        records[i] = history->versions[group[i].version].record;
        places[group[i].version] = (sgc_node_place){state, (uint32_t)i};
    }
    sgc_txn *outer = at->txn;
    sgc_asof_use(at, state->txn);
    sgc_load_set(at, &node->sets[0], records, count);
    sgc_asof_use(at, outer);
    memcpy(state->below, at->loaded + node->below, below * sizeof *state->below);
    return SGC_OK;
}

static sgc_status load_node(sgc_execution *at, const sgc_plan_field *node,
                            const sgc_version_list *history, sgc_error *error)
{
    dated *order = sgc_arena_zero(&at->arena, history->count, sizeof *order);
    sgc_node_place *places = sgc_arena_zero(&at->arena, history->count, sizeof *places);
    size_t count = 0;
    sgc_status status = SGC_OK;

    if (!order || !places) return SGC_NO_MEMORY;
    at->loaded[node->id] = (sgc_loaded){.nodes = places};
    for (size_t i = 0; i < history->count; i++) {
        if (history->versions[i].record.data)
            order[count++] = (dated){history->versions[i].begin, (uint32_t)i};
    }
    if (count > 0) qsort(order, count, sizeof *order, compare_dated);
    for (size_t first = 0, end; first < count && status == SGC_OK; first = end) {
        for (end = first + 1; end < count && order[end].begin == order[first].begin;)
            end++;
        status = load_group(at, node, history, order + first, end - first, error);
        if (at->fatal != SGC_OK) return at->fatal;
    }
    return status;
}

/* ---- fields that answer versions ---- */

static bool selects_node(const sgc_plan_field *field)
{
    for (size_t i = 0; i < field->sets[0].count; i++) {
        if (field->sets[0].fields[i].binding.kind == SGC_BIND_VERSION_NODE) return true;
    }
    return false;
}

static sgc_status start(reading *r, const sgc_json *arguments, size_t rows, sgc_error *error)
{
    sgc_execution *at = r->at;
    sgc_filter_context context = {.schema = at->schema, .arena = &at->arena, .error = error};

    r->limit = SGC_NO_LIMIT;
    r->with_records = selects_node(r->field);
    sgc_status status = sgc_filter_number(&context, arguments, "limit", &r->limit);
    if (status == SGC_OK) status = sgc_filter_number(&context, arguments, "offset", &r->skip);
    if (status != SGC_OK) return status;
    r->history = sgc_arena_zero(&at->arena, 1, sizeof *r->history);
    if (!r->history) return SGC_NO_MEMORY;
    r->history->starts = sgc_arena_zero(&at->arena, rows + 1, sizeof *r->history->starts);
    return r->history->starts ? SGC_OK : SGC_NO_MEMORY;
}

/* All versions are there: fetches what is below them. */
static void finish(reading *r, sgc_status status, sgc_error *error)
{
    sgc_execution *at = r->at;
    const sgc_plan_field *field = r->field;
    const sgc_plan_set *set = &field->sets[0];

    if (status == SGC_OK) at->loaded[field->id].history = r->history;
    for (size_t i = 0; i < set->count && status == SGC_OK && at->fatal == SGC_OK; i++) {
        const sgc_plan_field *one = &set->fields[i];
        if (one->binding.kind == SGC_BIND_VERSION_NODE && one->reads)
            status = load_node(at, one, r->history, error);
    }
    if (status == SGC_OK || at->fatal != SGC_OK) return;
    if (error->text[0]) {
        sgc_load_fail(at, field, status, sgc_str_from(error->text));
    } else {
        sgc_load_fail_txn(at, field, status);
    }
}

void sgc_load_history(sgc_execution *at, const sgc_plan_field *field, const sgc_str *records,
                      size_t count)
{
    sgc_error error = {.text = ""};
    reading r = {.at = at, .field = field, .table = field->binding.table};
    const sgc_table *table = &at->schema->tables[r.table];
    sgc_key key;

    at->loaded[field->id] = (sgc_loaded){0};
    const sgc_json *arguments = sgc_load_arguments(at, field, NULL);
    if (!arguments) return;
    sgc_status status = start(&r, arguments, count, &error);
    for (size_t i = 0; i < count && status == SGC_OK; i++) {
        status = sgc_record_key(table, records[i], &key);
        if (status == SGC_OK) status = read_row(&r, sgc_key_str(&key));
        r.history->starts[i + 1] = (uint32_t)r.history->count;
    }
    finish(&r, status, &error);
}

void sgc_load_history_of(sgc_execution *at, const sgc_plan_field *field, const sgc_json *arguments)
{
    sgc_error error = {.text = ""};
    reading r = {.at = at, .field = field, .table = field->binding.table};
    sgc_key key;
    sgc_status status = start(&r, arguments, 1, &error);

    if (status == SGC_OK) {
        status = sgc_key_from_json(at->schema, &at->schema->tables[r.table],
                                   sgc_json_member(arguments, "id"), &at->arena, &key, &error);
        if (status == SGC_OK) status = read_row(&r, sgc_key_str(&key));
        if (status == SGC_NOT_FOUND) status = SGC_OK; /* no row can have this key */
        r.history->starts[1] = (uint32_t)r.history->count;
    }
    finish(&r, status, &error);
}

/* ---- for writing ---- */

sgc_txn *sgc_node_enter(sgc_execution *at, const sgc_plan_field *node,
                        const sgc_shown_version *version, size_t position, size_t *place)
{
    const sgc_node_place *places = at->loaded[node->id].nodes;
    sgc_txn *outer = at->txn;

    *place = 0;
    if (!node->reads || !version->record.data) return outer;
    const struct sgc_node_state *state = places[position].state;
    *place = places[position].place;
    memcpy(at->loaded + node->below, state->below, below_count(node) * sizeof *state->below);
    sgc_asof_use(at, state->txn);
    return outer;
}

sgc_status sgc_version_ended(sgc_execution *at, const sgc_shown_version *version, uint64_t *time_us)
{
    *time_us = version->end_us;
    if (version->end_us) return SGC_OK;
    return sgc_db_time_of(at->db, version->end, time_us, NULL);
}
