/*
 * plan.c - the planner: which index reaches the rows of a filter, and whether that index also gives
 * the order asked for. It looks at the conditions that must all hold; everything it does not
 * understand stays with the filter, which is asked for every row anyway.
 */
#include "query/plan.h"

#include <assert.h>

/*
 * Lists of values in several fields multiply; more ranges than RANGES_MAX are not worth having.
 * Rows behind a relation are looked up first when an index finds them and they are at most FEW.
 */
enum { RANGES_MAX = 1024, NESTING_MAX = 8, FEW = 256 };

enum { SCORE_KEYS = 1000, SCORE_UNIQUE = 100, SCORE_EQUAL = 10, SCORE_AMONG = 8, SCORE_RANGE = 4 };

typedef struct planner {
    sgc_query *query;
    const sgc_table *table;
    const sgc_predicate **conditions; /* all must hold */
    size_t condition_count, condition_capacity;
    const sgc_slice *slice;
    bool failed; /* memory ran out */
} planner;

static void flatten(planner *at, const sgc_predicate *predicate)
{
    if (predicate->test == SGC_TEST_AND) {
        for (const sgc_predicate *child = predicate->first; child; child = child->next)
            flatten(at, child);
        return;
    }
    if (!SGC_ARENA_GROW(at->query->arena, at->conditions, at->condition_count,
                        at->condition_capacity)) {
        at->failed = true;
        return;
    }
    at->conditions[at->condition_count++] = predicate;
}

/* author: {id: {eq: ..}} says the same as authorId: {eq: ..}. */
static const sgc_predicate *key_of_related(const planner *at, const sgc_predicate *predicate)
{
    const sgc_relation *relation = &at->table->relations[predicate->relation];
    const sgc_predicate *child = predicate->first;

    if (relation->kind != SGC_RELATION_KEY || relation->target == SGC_NONE) return NULL;
    while (child->test == SGC_TEST_AND && child->first && !child->first->next)
        child = child->first;
    uint16_t key = at->query->schema->tables[relation->target].key;
    bool equal = child->test == SGC_TEST_EQ || child->test == SGC_TEST_IN;
    return equal && child->field == key ? child : NULL;
}

/* Which of our fields holds what a field of the rows behind a relation says. */
typedef struct bridge {
    uint16_t own, other; /* SGC_NONE: the relation cannot be used backwards */
} bridge;

static bridge bridge_of(const planner *at, const sgc_predicate *related)
{
    const sgc_relation *relation = &at->table->relations[related->relation];
    bridge none = {SGC_NONE, SGC_NONE};

    if (relation->target == SGC_NONE) return none;
    const sgc_table *target = &at->query->schema->tables[relation->target];
    if (relation->kind == SGC_RELATION_KEY)
        return relation->index == SGC_NONE ? none : (bridge){relation->field, target->key};
    bool one = relation->kind == SGC_RELATION_INVERSE_ONE && related->test == SGC_TEST_RELATED;
    bool some = relation->kind == SGC_RELATION_INVERSE_MANY && related->test == SGC_TEST_SOME;
    if ((!one && !some) || relation->inverse == SGC_NONE) return none;
    const sgc_relation *back = &target->relations[relation->inverse];
    if (back->kind != SGC_RELATION_KEY || back->type_field != SGC_NONE) return none;
    return (bridge){at->table->key, back->field};
}

/* What few rows say as a condition on our own field. */
static sgc_status add_values(planner *at, const sgc_table *target, bridge over,
                             const sgc_row_set *rows)
{
    sgc_value *values = sgc_arena_zero(at->query->arena, rows->count, sizeof *values);
    sgc_status status = values ? SGC_OK : SGC_NO_MEMORY;
    size_t count = 0;

    for (size_t i = 0; i < rows->count && status == SGC_OK; i++) {
        status =
            sgc_record_field(&target->layout, rows->records[i], target->fields[over.other].slot,
                             at->query->arena, &values[count]);
        if (status == SGC_OK && !values[count].is_null) count++;
    }
    if (status != SGC_OK) return status;
    sgc_predicate *made =
        sgc_predicate_field(at->query->arena, SGC_TEST_IN, over.own, values, count);
    if (!made) return SGC_NO_MEMORY;
    flatten(at, made);
    return SGC_OK;
}

/*
 * author: {email: {eq: ..}}: when an index finds the authors and they are few, their posts are
 * found by authorId; posts: {some: {slug: {eq: ..}}} likewise. What is added here only narrows; the
 * filter itself stays as it is.
 */
static sgc_status look_behind(planner *at, const sgc_predicate *related)
{
    uint16_t target = at->table->relations[related->relation].target;
    bridge over = bridge_of(at, related);
    sgc_slice few = {.where = related->first, .limit = FEW + 1};
    sgc_slice all = {.where = related->first, .limit = SGC_NO_LIMIT};
    sgc_access access;
    sgc_row_set rows;

    if (over.own == SGC_NONE || key_of_related(at, related)) return SGC_OK;
    sgc_status status = sgc_plan(at->query, target, &all, &access);
    if (status != SGC_OK || access.score < SCORE_AMONG) return status;
    status = sgc_select(at->query, target, &few, &rows);
    if (status != SGC_OK || rows.count > FEW) return status;
    return add_values(at, &at->query->schema->tables[target], over, &rows);
}

static sgc_status look_behind_all(planner *at)
{
    size_t count = at->condition_count;
    sgc_status status = SGC_OK;

    for (size_t i = 0; i < count && status == SGC_OK; i++) {
        sgc_test test = at->conditions[i]->test;
        if (test == SGC_TEST_RELATED || test == SGC_TEST_SOME)
            status = look_behind(at, at->conditions[i]);
    }
    return status;
}

/* The condition that gives a field its only values, or NULL. */
static const sgc_predicate *equal_on(const planner *at, uint16_t field)
{
    for (size_t i = 0; i < at->condition_count; i++) {
        const sgc_predicate *one = at->conditions[i];
        bool equal =
            one->test == SGC_TEST_EQ || one->test == SGC_TEST_IN || one->test == SGC_TEST_NULL;
        if (equal && one->field == field) return one;
        if (one->test == SGC_TEST_RELATED && at->table->relations[one->relation].field == field) {
            const sgc_predicate *key = key_of_related(at, one);
            if (key) return key;
        }
    }
    return NULL;
}

static const sgc_predicate *range_on(const planner *at, uint16_t field, sgc_test a, sgc_test b)
{
    for (size_t i = 0; i < at->condition_count; i++) {
        const sgc_predicate *one = at->conditions[i];
        if ((one->test == a || one->test == b) && one->field == field) return one;
    }
    return NULL;
}

static sgc_str keep_key(planner *at, const sgc_key *key)
{
    sgc_str kept = sgc_arena_str(at->query->arena, sgc_key_str(key));

    if (!kept.data) at->failed = true;
    return kept;
}

static sgc_str behind_key(planner *at, sgc_key *key)
{
    return sgc_key_successor(key) ? keep_key(at, key) : sgc_str_of(NULL, 0);
}

/* ---- by primary key ---- */

static bool plan_keys(planner *at, sgc_access *access)
{
    const sgc_predicate *equal = equal_on(at, at->table->key);

    if (!equal || equal->test == SGC_TEST_NULL) return false;
    access->keys = sgc_arena_zero(at->query->arena, equal->value_count, sizeof *access->keys);
    if (!access->keys) at->failed = true;
    for (size_t i = 0; i < equal->value_count && !at->failed; i++) {
        sgc_key key;
        if (i > 0 && sgc_value_compare(&equal->values[i - 1], &equal->values[i]) == 0) continue;
        if (sgc_row_key(at->table, &equal->values[i], &key) != SGC_OK) continue;
        access->keys[access->key_count++] = keep_key(at, &key);
    }
    access->kind = SGC_ACCESS_KEYS;
    access->score = SCORE_KEYS;
    return true;
}

/* The primary key stands in its index without components: the next key behind k is k 0x00. */
static bool key_bound(planner *at, const sgc_predicate *bound, bool behind, sgc_str *out)
{
    sgc_key key;

    if (!bound || sgc_row_key(at->table, &bound->values[0], &key) != SGC_OK) return false;
    if (behind) sgc_key_raw(&key, sgc_str_of("", 1));
    if (key.overflow) return false;
    *out = keep_key(at, &key);
    return true;
}

static bool plan_key_range(planner *at, sgc_access *access)
{
    uint16_t field = at->table->key;
    const sgc_predicate *low = range_on(at, field, SGC_TEST_GT, SGC_TEST_GE);
    const sgc_predicate *high = range_on(at, field, SGC_TEST_LT, SGC_TEST_LE);
    const sgc_predicate *prefix = range_on(at, field, SGC_TEST_PREFIX, SGC_TEST_PREFIX);
    sgc_range range = {.descending = false};

    if (prefix) {
        sgc_key key;
        sgc_key_start(&key);
        sgc_key_raw(&key, prefix->values[0].as.text);
        if (key.overflow) return false;
        range.from = keep_key(at, &key);
        range.to = behind_key(at, &key);
    } else {
        bool from = key_bound(at, low, low && low->test == SGC_TEST_GT, &range.from);
        bool to = key_bound(at, high, high && high->test == SGC_TEST_LE, &range.to);
        if (!from && !to) return false;
    }
    access->ranges = sgc_arena_zero(at->query->arena, 1, sizeof *access->ranges);
    if (!access->ranges) {
        at->failed = true;
        return false;
    }
    access->ranges[0] = range;
    access->range_count = 1;
    access->score = SCORE_RANGE;
    return true;
}

/* ---- by another index ---- */

typedef struct prefixes {
    sgc_str *items;
    size_t count;
} prefixes;

/* prefix and one more component; false when it is too long for a key. */
static bool extend(const sgc_str prefix, const sgc_value *value, sgc_key *key)
{
    sgc_key_start(key);
    sgc_key_raw(key, prefix);
    if (value) {
        sgc_key_value(key, value, false);
    } else {
        sgc_key_null(key, false);
    }
    return !key->overflow;
}

/* Every prefix with every value of an equality behind it; ascending when both were. */
static bool multiply(planner *at, const sgc_predicate *equal, prefixes *all)
{
    bool null = equal->test == SGC_TEST_NULL;
    size_t values = null ? 1 : equal->value_count;
    size_t count = 0;

    if (all->count * values > RANGES_MAX) return false;
    sgc_str *made = sgc_arena_zero(at->query->arena, all->count * values, sizeof *made);
    if (!made) {
        at->failed = true;
        return false;
    }
    for (size_t i = 0; i < all->count; i++) {
        for (size_t v = 0; v < values; v++) {
            sgc_key key;
            bool again = v > 0 && sgc_value_compare(&equal->values[v - 1], &equal->values[v]) == 0;
            if (again) continue;
            if (!extend(all->items[i], null ? NULL : &equal->values[v], &key)) return false;
            made[count++] = keep_key(at, &key);
        }
    }
    *all = (prefixes){made, count};
    return true;
}

static bool text_range(planner *at, sgc_str prefix, const sgc_predicate *starts, sgc_range *range)
{
    sgc_key key;

    sgc_key_start(&key);
    sgc_key_raw(&key, prefix);
    sgc_key_text_prefix(&key, starts->values[0].as.text, false);
    if (key.overflow) return false;
    range->from = keep_key(at, &key);
    range->to = behind_key(at, &key);
    return true;
}

static bool value_range(planner *at, sgc_str prefix, const sgc_predicate *low,
                        const sgc_predicate *high, sgc_range *range)
{
    sgc_key key;

    range->from = prefix;
    if (low && extend(prefix, &low->values[0], &key))
        range->from = low->test == SGC_TEST_GT ? behind_key(at, &key) : keep_key(at, &key);
    if (high && extend(prefix, &high->values[0], &key)) {
        range->to = high->test == SGC_TEST_LE ? behind_key(at, &key) : keep_key(at, &key);
    } else if (extend(prefix, NULL, &key)) {
        range->to = keep_key(at, &key); /* nulls pass no comparison */
    }
    return true;
}

/* Turns prefixes into ranges, narrowed by what is known of the next field. */
static bool narrow(planner *at, uint16_t field, const prefixes *all, sgc_access *access)
{
    const sgc_predicate *low = NULL, *high = NULL, *starts = NULL;

    if (field != SGC_NONE) {
        low = range_on(at, field, SGC_TEST_GT, SGC_TEST_GE);
        high = range_on(at, field, SGC_TEST_LT, SGC_TEST_LE);
        starts = range_on(at, field, SGC_TEST_PREFIX, SGC_TEST_PREFIX);
    }
    access->ranges = sgc_arena_zero(at->query->arena, all->count, sizeof *access->ranges);
    if (!access->ranges) at->failed = true;
    for (size_t i = 0; i < all->count && !at->failed; i++) {
        sgc_range *range = &access->ranges[i];
        sgc_key key;
        if (starts && text_range(at, all->items[i], starts, range)) continue;
        if (low || high) {
            value_range(at, all->items[i], low, high, range);
            continue;
        }
        sgc_key_start(&key);
        sgc_key_raw(&key, all->items[i]);
        range->from = all->items[i];
        range->to = behind_key(at, &key);
    }
    access->range_count = all->count;
    return low || high || starts;
}

static const sgc_predicate *has_on(const planner *at, uint16_t field)
{
    return range_on(at, field, SGC_TEST_HAS, SGC_TEST_HAS);
}

/* Fills access for one index; false when the filter says nothing about its first field. */
static bool plan_index(planner *at, uint16_t index, sgc_access *access, uint16_t *bound)
{
    const sgc_index *model = &at->table->indexes[index];
    sgc_str nothing = sgc_str_of("", 0);
    prefixes all = {&nothing, 1};
    unsigned score = 0;
    uint16_t used = 0;
    bool single = true;

    *bound = 0;
    while (used < model->count && !at->failed) {
        const sgc_predicate *equal =
            model->elements ? has_on(at, model->fields[used]) : equal_on(at, model->fields[used]);
        if (!equal || !multiply(at, equal, &all)) break;
        bool one = equal->test != SGC_TEST_IN || equal->value_count == 1;
        single = single && one;
        if (single) (*bound)++;
        score += one ? SCORE_EQUAL : SCORE_AMONG;
        used++;
    }
    if (model->elements && used == 0) return false;
    if (model->unique && used == model->count) score += SCORE_UNIQUE;
    uint16_t next = used < model->count ? model->fields[used] : SGC_NONE;
    if (narrow(at, next, &all, access)) score += SCORE_RANGE;
    access->kind = SGC_ACCESS_INDEX;
    access->index = index;
    access->score = score;
    return score > 0;
}

/* ---- order ---- */

static bool is_fixed(const planner *at, uint16_t field)
{
    const sgc_predicate *equal = equal_on(at, field);

    return equal && (equal->test == SGC_TEST_NULL || equal->value_count == 1);
}

/* Whether an order key is what an index gives for `field` when read forwards (or backwards). */
static bool order_fits(const planner *at, const sgc_order *order, uint16_t field)
{
    const sgc_slot *slot = sgc_field_slot(at->table, field);
    uint16_t enumeration = at->table->fields[field].enumeration;

    if (order->field != field || slot->list) return false;
    if (slot->kind == SGC_KIND_ENUM && !at->query->schema->enums[enumeration].ascending)
        return false;
    return slot->non_null || order->nulls_first == order->descending;
}

/* The order keys that still say something: fixed fields do not, nor does what follows the key. */
static size_t useful_orders(const planner *at, const sgc_order **orders, size_t capacity)
{
    size_t count = 0;

    for (size_t i = 0; i < at->slice->order_count; i++) {
        const sgc_order *order = &at->slice->orders[i];
        if (order->field != SGC_NONE && is_fixed(at, order->field)) continue;
        if (count == capacity) return capacity + 1;
        orders[count++] = order;
        if (order->field == at->table->key) break;
    }
    return count;
}

static bool nulls_possible(const planner *at, const sgc_index *index)
{
    for (uint16_t i = 0; i < index->count; i++) {
        if (!sgc_field_slot(at->table, index->fields[i])->non_null) return true;
    }
    return false;
}

/* How many of the orders the index gives behind `bound` fields of one value each. */
static size_t given_orders(const planner *at, const sgc_index *index, uint16_t *field,
                           const sgc_order *const *orders, size_t count)
{
    size_t next = 0;

    for (; *field < index->count; ++*field) {
        if (is_fixed(at, index->fields[*field])) continue;
        if (next == count || !order_fits(at, orders[next], index->fields[*field])) break;
        if (orders[next]->descending != orders[0]->descending) break;
        next++;
    }
    return next;
}

/*
 * Sets access->ordered. The entries come in the order of the index's fields, then of the key. When
 * only the first orders are given by that, what is left to do is to sort the ties among them.
 */
static void plan_order(const planner *at, sgc_access *access, uint16_t bound)
{
    const sgc_order *orders[SGC_TIE_FIELDS];
    const sgc_index *index = &at->table->indexes[access->index];
    size_t count = useful_orders(at, orders, SGC_TIE_FIELDS);
    uint16_t field = access->index == 0 ? index->count : bound;

    if (count > SGC_TIE_FIELDS || index->elements) return;
    size_t given = given_orders(at, index, &field, orders, count);
    bool descending = count > 0 && orders[0]->descending;
    bool whole = field == index->count; /* behind it only the key orders entries */
    bool by_key = whole && given + 1 == count && orders[given]->descending == descending &&
                  order_fits(at, orders[given], at->table->key);
    bool unique = index->unique && access->index != 0 && !nulls_possible(at, index);
    bool total = by_key || (whole && given == count && (unique || !descending));
    if (!total && given == 0) return;
    access->ordered = true;
    access->descending = descending;
    access->tie_count = total ? 0 : (uint16_t)given;
    for (size_t i = 0; i < access->tie_count; i++)
        access->tie_fields[i] = orders[i]->field;
}

/* ---- the choice ---- */

/*
 * The whole order is better than a part of it, and a longer part than a shorter one. A part is only
 * worth something when a limit ends the walk.
 */
static unsigned order_rank(const planner *at, const sgc_access *access)
{
    if (!access->ordered) return 0;
    if (access->tie_count == 0) return SGC_TIE_FIELDS + 1;
    return at->slice->limit == SGC_NO_LIMIT ? 0 : access->tie_count;
}

/*
 * What ways cost, in hundredths of an entry that is stepped over, its row fetched, tested and kept:
 * 1,100 instructions. To begin a range takes 2,800 (a cursor, and a look-up in every layer), to
 * sort a row 800; a look-up by key is taken for an entry. Counted by callgrind under
 * unit.query.plan. Estimating a range takes 2,450.
 */
enum { COST_ENTRY = 100, COST_SEEK = 250, COST_KEY = 100, COST_SORT = 75 };

/* Up to SURE keys need no comparison with other ways; of many ranges only SAMPLES are estimated. */
enum { SURE = 16, SAMPLES = 16 };

/* About how many entries an access looks at. */
static uint64_t entries_of(const planner *at, const sgc_access *access)
{
    sgc_txn *txn = at->query->txn;
    uint16_t table = (uint16_t)(at->table - at->query->schema->tables);
    size_t step = access->range_count / SAMPLES + 1, asked = 0;
    uint64_t sum = 0;

    if (access->kind == SGC_ACCESS_UNION) return access->entries;
    if (access->kind == SGC_ACCESS_KEYS) return access->key_count;
    if (access->range_count == 0) return sgc_txn_estimate(txn, table, access->index, NULL);
    for (size_t i = 0; i < access->range_count; i += step, asked++)
        sum += sgc_txn_estimate(txn, table, access->index, &access->ranges[i]);
    return (uint64_t)((double)sum / (double)asked * (double)access->range_count);
}

/*
 * Rows that pass are taken to be spread evenly over what an access looks at: one in the order asked
 * for ends when it has found as many as are wanted.
 */
static double cost_of(const planner *at, const sgc_access *access, uint64_t passing)
{
    const sgc_slice *slice = at->slice;
    double steps = (double)access->entries,
           kept = steps < (double)passing ? steps : (double)passing;
    double wanted = (double)slice->offset + (double)slice->limit;
    double parts = access->range_count > 0 ? (double)access->range_count : 1;

    if (access->kind == SGC_ACCESS_UNION) return steps * COST_ENTRY + kept * COST_SORT;
    if (access->ordered && wanted < kept) {
        steps *= wanted / kept;
        kept = wanted;
    }
    double sorted = access->ordered && access->tie_count == 0 ? 0 : kept * COST_SORT;
    if (access->kind == SGC_ACCESS_KEYS) return steps * COST_KEY + sorted;
    return steps * COST_ENTRY + parts * COST_SEEK + sorted;
}

/*
 * No more rows pass than the narrowest access looks at; half of them, because conditions that it
 * does not know take rows away, and a walk that hopes for an early end should win clearly.
 */
static uint64_t weigh(const planner *at, sgc_access *list, size_t count)
{
    uint64_t most = 0, least = UINT64_MAX;

    for (size_t i = 0; i < count; i++) {
        list[i].entries = entries_of(at, &list[i]);
        if (list[i].entries > most) most = list[i].entries;
        if (list[i].entries < least) least = list[i].entries;
    }
    for (size_t i = 0; i < count; i++) {
        bool whole = list[i].kind == SGC_ACCESS_INDEX && list[i].range_count == 0;
        if (whole) list[i].entries = most; /* not less than one of its parts */
        list[i].cost = cost_of(at, &list[i], least / 2 + 1);
    }
    return least / 2 + 1;
}

static bool is_better(const planner *at, const sgc_access *a, const sgc_access *b)
{
    if (a->cost < b->cost || a->cost > b->cost) return a->cost < b->cost;
    if (a->score != b->score) return a->score > b->score;
    return order_rank(at, a) > order_rank(at, b);
}

static sgc_status plan_at(planner *at, sgc_access *best, unsigned nesting);

static bool is_alternative(const sgc_predicate *predicate)
{
    return predicate->test == SGC_TEST_OR && predicate->first;
}

/* An access for each alternative; *made: there is one that the filter helps for all of them. */
static sgc_status plan_branches(const planner *at, const sgc_predicate *either, sgc_access *all,
                                bool *made, unsigned nesting)
{
    size_t count = 0;

    for (const sgc_predicate *child = either->first; child; child = child->next)
        count++;
    *all = (sgc_access){.kind = SGC_ACCESS_UNION, .score = 1};
    all->branches = sgc_arena_zero(at->query->arena, count, sizeof *all->branches);
    if (!all->branches) return SGC_NO_MEMORY;
    *made = true;
    for (const sgc_predicate *child = either->first; child && *made; child = child->next) {
        sgc_slice slice = {.where = child, .limit = SGC_NO_LIMIT};
        planner inner = {.query = at->query, .table = at->table, .slice = &slice};
        sgc_access *branch = &all->branches[all->branch_count++];
        flatten(&inner, child);
        if (inner.failed) return SGC_NO_MEMORY;
        sgc_status status = plan_at(&inner, branch, nesting + 1);
        if (status != SGC_OK) return status;
        *made = branch->score > 0;
        if (*made) all->entries += entries_of(&inner, branch);
    }
    return SGC_OK;
}

/* Conditions whose alternatives are all reachable by indexes, when that is better. */
static sgc_status plan_unions(const planner *at, sgc_access *best, uint64_t passing,
                              unsigned nesting)
{
    for (size_t i = 0; i < at->condition_count; i++) {
        sgc_access all;
        bool made;
        if (!is_alternative(at->conditions[i])) continue;
        sgc_status status = plan_branches(at, at->conditions[i], &all, &made, nesting);
        if (status != SGC_OK) return status;
        if (!made) continue;
        all.cost = cost_of(at, &all, passing < all.entries ? passing : all.entries);
        if (is_better(at, &all, best)) *best = all;
    }
    return SGC_OK;
}

/* An index that is being built, or that the moment's history has no entries of, is no way yet. */
static bool is_ready(const planner *at, uint16_t index)
{
    uint16_t table = (uint16_t)(at->table - at->query->schema->tables);

    return sgc_txn_index_is_ready(at->query->txn, table, index);
}

/* Every way that the filter or the order makes worth a look; the first is that of the key. */
static size_t plan_ways(planner *at, sgc_access *list)
{
    size_t count = 1;

    list[0].kind = SGC_ACCESS_INDEX;
    if (!plan_keys(at, &list[0])) plan_key_range(at, &list[0]);
    plan_order(at, &list[0], 0);
    if (list[0].kind == SGC_ACCESS_KEYS && list[0].key_count <= SURE) return count;
    for (uint16_t i = 1; i < at->table->index_count && !at->failed; i++) {
        sgc_access one = {.kind = SGC_ACCESS_INDEX};
        uint16_t bound;
        if (!is_ready(at, i)) continue;
        bool useful = plan_index(at, i, &one, &bound);
        if (at->table->indexes[i].elements && !useful) continue;
        if (!useful) one.range_count = 0;
        plan_order(at, &one, bound);
        if (useful || order_rank(at, &one) > 0) list[count++] = one;
    }
    return count;
}

static sgc_status plan_at(planner *at, sgc_access *best, unsigned nesting)
{
    sgc_access *list =
        sgc_arena_zero(at->query->arena, (size_t)at->table->index_count + 1, sizeof *list);
    bool alternatives = false;
    uint64_t passing = 0;

    if (!list) return SGC_NO_MEMORY;
    size_t count = plan_ways(at, list);
    if (at->failed) return SGC_NO_MEMORY;
    for (size_t i = 0; i < at->condition_count; i++)
        alternatives = alternatives || is_alternative(at->conditions[i]);
    alternatives = alternatives && list[0].kind != SGC_ACCESS_KEYS && nesting < NESTING_MAX;
    if (at->condition_count > 0 && (count > 1 || alternatives)) passing = weigh(at, list, count);
    *best = list[0];
    for (size_t i = 1; i < count; i++)
        if (is_better(at, &list[i], best)) *best = list[i];
    return alternatives ? plan_unions(at, best, passing, nesting) : SGC_OK;
}

/* A condition that is never true: no key has to be looked up. */
static bool is_hopeless(const planner *at)
{
    for (size_t i = 0; i < at->condition_count; i++) {
        const sgc_predicate *one = at->conditions[i];
        if (one->test == SGC_TEST_CONSTANT && one->constant != SGC_TRUE) return true;
        if (one->test == SGC_TEST_OR && !one->first) return true;
    }
    return false;
}

sgc_status sgc_plan(sgc_query *query, uint16_t table, const sgc_slice *slice, sgc_access *access)
{
    planner at = {.query = query, .table = &query->schema->tables[table], .slice = slice};

    if (slice->where) flatten(&at, slice->where);
    if (at.failed) return SGC_NO_MEMORY;
    sgc_status status = look_behind_all(&at);
    if (status != SGC_OK) return status;
    if (!is_hopeless(&at)) return plan_at(&at, access, 0);
    *access = (sgc_access){.kind = SGC_ACCESS_KEYS, .ordered = true, .score = SCORE_KEYS};
    return SGC_OK;
}
