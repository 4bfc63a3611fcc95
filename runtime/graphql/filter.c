/*
 * filter.c - where inputs into predicates, orderBy inputs into orders, limit and offset. Null is a
 * value only where the rules say so: eq, ne; any other operator refuses it.
 */
#include "graphql/filter.h"

typedef struct operation {
    const char *name;
    sgc_test test;
    bool negated;
    bool many;
} operation;

static const operation operations[] = {
    {"eq", SGC_TEST_EQ, false, false},
    {"ne", SGC_TEST_EQ, true, false},
    {"in", SGC_TEST_IN, false, true},
    {"notIn", SGC_TEST_IN, true, true},
    {"isNull", SGC_TEST_NULL, false, false},
    {"lt", SGC_TEST_LT, false, false},
    {"lte", SGC_TEST_LE, false, false},
    {"gt", SGC_TEST_GT, false, false},
    {"gte", SGC_TEST_GE, false, false},
    {"like", SGC_TEST_LIKE, false, false},
    {"ilike", SGC_TEST_ILIKE, false, false},
    {"startsWith", SGC_TEST_PREFIX, false, false},
    {"endsWith", SGC_TEST_SUFFIX, false, false},
    {"contains", SGC_TEST_CONTAINS, false, false},
};

/* What a filter input compares: a stored field, or a number of rows when field is SGC_NONE. */
typedef struct subject {
    uint16_t position;
    const sgc_field *field;
    sgc_slot slot; /* of one operand: never a list, nullable */
} subject;

static sgc_status no_memory(const sgc_filter_context *context)
{
    return sgc_fail(context->error, SGC_NO_MEMORY, "out of memory");
}

static sgc_status where_input(sgc_filter_context *context, uint16_t table, const sgc_json *where,
                              sgc_predicate **predicate);

/* ---- operands ---- */

static sgc_status operand(sgc_filter_context *context, const subject *what, const sgc_json *json,
                          sgc_value *value)
{
    return sgc_value_from_json(context->schema, what->field, &what->slot, json, context->arena,
                               value, context->error);
}

static sgc_status operands(sgc_filter_context *context, const subject *what, const sgc_json *list,
                           sgc_value **values, size_t *count)
{
    sgc_status status = SGC_OK;

    *count = 0;
    *values = sgc_arena_zero(context->arena, list->count, sizeof **values);
    if (!*values) return no_memory(context);
    for (const sgc_json *one = list->first; one && status == SGC_OK; one = one->next)
        status = operand(context, what, one, &(*values)[(*count)++]);
    return status;
}

static sgc_status refuse_null(const sgc_filter_context *context, const subject *what,
                              const char *name)
{
    return sgc_fail(context->error, SGC_INVALID,
                    "\"%s\" of \"" SGC_FMT "\" must not be null; eq: null asks for null", name,
                    SGC_ARG(what->field->name));
}

static sgc_status check_pattern(const sgc_filter_context *context, const operation *found,
                                const sgc_value *value)
{
    size_t escapes = 0;

    if (found->test != SGC_TEST_LIKE && found->test != SGC_TEST_ILIKE) return SGC_OK;
    sgc_str text = value->as.text;
    while (escapes < text.size && text.data[text.size - 1 - escapes] == '\\')
        escapes++;
    if (escapes % 2 == 0) return SGC_OK;
    return sgc_fail(context->error, SGC_INVALID,
                    "the pattern of \"%s\" must not end with a single \\", found->name);
}

/* ---- one operator ---- */

static sgc_predicate *negated(sgc_filter_context *context, sgc_predicate *inner, bool yes)
{
    if (!yes || !inner) return inner;
    sgc_predicate *not = sgc_predicate_group(context->arena, SGC_TEST_NOT);

    if (not ) sgc_predicate_add(not, inner);
    return not ;
}

static sgc_status test_null(sgc_filter_context *context, const subject *what, bool null,
                            sgc_predicate **made)
{
    sgc_predicate *test =
        sgc_predicate_field(context->arena, SGC_TEST_NULL, what->position, NULL, 0);

    *made = negated(context, test, !null);
    return *made ? SGC_OK : no_memory(context);
}

static sgc_status apply(sgc_filter_context *context, const subject *what, const operation *found,
                        const sgc_json *json, sgc_predicate **made)
{
    sgc_value *values = sgc_arena_zero(context->arena, 1, sizeof *values);
    size_t count = 1;
    bool null = json->kind == SGC_JSON_NULL;
    sgc_status status;

    if (!values) return no_memory(context);
    if (null && found->test != SGC_TEST_EQ) return refuse_null(context, what, found->name);
    if (null) return test_null(context, what, !found->negated, made);
    if (found->test == SGC_TEST_NULL)
        return test_null(context, what, json->kind == SGC_JSON_TRUE, made);
    status = found->many ? operands(context, what, json, &values, &count)
                         : operand(context, what, json, values);
    if (status == SGC_OK && !found->many) status = check_pattern(context, found, values);
    if (status != SGC_OK) return status;
    sgc_predicate *test =
        sgc_predicate_field(context->arena, found->test, what->position, values, count);
    *made = negated(context, test, found->negated);
    return *made ? SGC_OK : no_memory(context);
}

static const operation *find_operation(sgc_str name)
{
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        if (sgc_str_eq(name, sgc_str_from(operations[i].name))) return &operations[i];
    }
    return NULL;
}

/* ---- lists of scalars: has, hasSome, hasEvery, isEmpty ---- */

static sgc_status has_each(sgc_filter_context *context, const subject *what, sgc_test group,
                           const sgc_json *list, sgc_predicate **made)
{
    sgc_value *values;
    size_t count;
    sgc_status status = operands(context, what, list, &values, &count);

    if (status != SGC_OK) return status;
    *made = sgc_predicate_group(context->arena, group);
    for (size_t i = 0; i < count && *made; i++) {
        sgc_predicate *one =
            sgc_predicate_field(context->arena, SGC_TEST_HAS, what->position, &values[i], 1);
        if (!one) return no_memory(context);
        sgc_predicate_add(*made, one);
    }
    return *made ? SGC_OK : no_memory(context);
}

static sgc_status apply_list(sgc_filter_context *context, const subject *what, const sgc_json *json,
                             sgc_predicate **made)
{
    if (json->kind == SGC_JSON_NULL) {
        char name[16] = {0};
        memcpy(name, json->key.data, json->key.size < 15 ? json->key.size : 15);
        return refuse_null(context, what, name);
    }
    if (sgc_str_eq(json->key, SGC_STR("hasSome")))
        return has_each(context, what, SGC_TEST_OR, json, made);
    if (sgc_str_eq(json->key, SGC_STR("hasEvery")))
        return has_each(context, what, SGC_TEST_AND, json, made);
    if (sgc_str_eq(json->key, SGC_STR("isEmpty"))) {
        sgc_predicate *test =
            sgc_predicate_field(context->arena, SGC_TEST_EMPTY, what->position, NULL, 0);
        *made = negated(context, test, json->kind != SGC_JSON_TRUE);
        return *made ? SGC_OK : no_memory(context);
    }
    sgc_value *value = sgc_arena_zero(context->arena, 1, sizeof *value);
    if (!value) return no_memory(context);
    sgc_status status = operand(context, what, json, value);
    if (status != SGC_OK) return status;
    *made = sgc_predicate_field(context->arena, SGC_TEST_HAS, what->position, value, 1);
    return *made ? SGC_OK : no_memory(context);
}

/* ---- a filter input: all its operators hold ---- */

static sgc_status filter_input(sgc_filter_context *context, const subject *what, bool list,
                               const sgc_json *filter, sgc_predicate **predicate)
{
    sgc_status status = SGC_OK;

    if (filter->kind == SGC_JSON_NULL)
        return sgc_fail(context->error, SGC_INVALID,
                        "the filter of \"" SGC_FMT "\" must not be null; eq: null asks for null",
                        SGC_ARG(what->field->name));
    *predicate = sgc_predicate_group(context->arena, SGC_TEST_AND);
    if (!*predicate) return no_memory(context);
    for (const sgc_json *one = filter->first; one && status == SGC_OK; one = one->next) {
        sgc_predicate *test = NULL;
        context->conditions++;
        status = list ? apply_list(context, what, one, &test)
                      : apply(context, what, find_operation(one->key), one, &test);
        if (status == SGC_OK) sgc_predicate_add(*predicate, test);
    }
    return status;
}

static sgc_status field_input(sgc_filter_context *context, const sgc_table *table, uint16_t field,
                              const sgc_json *filter, sgc_predicate **predicate)
{
    subject what = {
        .position = field, .field = &table->fields[field], .slot = *sgc_field_slot(table, field)};
    bool list = what.slot.list;

    what.slot.list = false;
    what.slot.non_null = false;
    return filter_input(context, &what, list, filter, predicate);
}

/* ---- relations ---- */

static sgc_status count_input(sgc_filter_context *context, uint16_t relation,
                              const sgc_json *filter, sgc_predicate **predicate)
{
    static const sgc_field field = {.name = SGC_STR_INIT("count"),
                                    .named_type = SGC_STR_INIT("Int"),
                                    .type = SGC_STR_INIT("Int"),
                                    .enumeration = SGC_NONE,
                                    .embedded = SGC_NONE,
                                    .relation = SGC_NONE};
    subject what = {.position = SGC_NONE, .field = &field, .slot = {.kind = SGC_KIND_INT}};
    sgc_predicate *inner;
    sgc_status status = filter_input(context, &what, false, filter, &inner);

    if (status != SGC_OK) return status;
    *predicate = sgc_predicate_related(context->arena, SGC_TEST_COUNT, relation, inner);
    return *predicate ? SGC_OK : no_memory(context);
}

static sgc_status quantified(sgc_filter_context *context, uint16_t target, uint16_t relation,
                             const sgc_json *one, sgc_predicate **predicate)
{
    bool every = sgc_str_eq(one->key, SGC_STR("every"));
    bool none = sgc_str_eq(one->key, SGC_STR("none"));
    sgc_predicate *inner;

    if (sgc_str_eq(one->key, SGC_STR("count")))
        return count_input(context, relation, one, predicate);
    if (one->kind == SGC_JSON_NULL)
        return sgc_fail(context->error, SGC_INVALID, "\"" SGC_FMT "\" must not be null",
                        SGC_ARG(one->key));
    /* some: {} and none: {} ask whether there is a row; every: {} asks for nothing. */
    if (!every) context->conditions++;
    bool strict = context->strict;
    context->strict = false;
    sgc_status status = where_input(context, target, one, &inner);
    context->strict = strict;
    if (status != SGC_OK) return status;
    sgc_predicate *test = sgc_predicate_related(
        context->arena, every ? SGC_TEST_EVERY : SGC_TEST_SOME, relation, inner);
    *predicate = negated(context, test, none);
    return *predicate ? SGC_OK : no_memory(context);
}

static sgc_status list_input(sgc_filter_context *context, uint16_t target, uint16_t relation,
                             const sgc_json *where, sgc_predicate **predicate)
{
    sgc_status status = SGC_OK;

    *predicate = sgc_predicate_group(context->arena, SGC_TEST_AND);
    if (!*predicate) return no_memory(context);
    for (const sgc_json *one = where->first; one && status == SGC_OK; one = one->next) {
        sgc_predicate *test = NULL;
        status = quantified(context, target, relation, one, &test);
        if (status == SGC_OK) sgc_predicate_add(*predicate, test);
    }
    return status;
}

static sgc_status relation_input(sgc_filter_context *context, const sgc_table *table,
                                 uint16_t relation, const sgc_json *where,
                                 sgc_predicate **predicate)
{
    const sgc_relation *model = &table->relations[relation];
    sgc_predicate *inner;

    if (where->kind == SGC_JSON_NULL)
        return sgc_fail(context->error, SGC_INVALID,
                        "the filter of \"" SGC_FMT "\" must not be null", SGC_ARG(model->name));
    if (model->to_many) return list_input(context, model->target, relation, where, predicate);
    context->conditions++;
    bool strict = context->strict;
    context->strict = false;
    sgc_status status = where_input(context, model->target, where, &inner);
    context->strict = strict;
    if (status != SGC_OK) return status;
    *predicate = sgc_predicate_related(context->arena, SGC_TEST_RELATED, relation, inner);
    return *predicate ? SGC_OK : no_memory(context);
}

/* ---- where ---- */

static sgc_status group_input(sgc_filter_context *context, uint16_t table, sgc_test test,
                              const sgc_json *list, sgc_predicate **predicate)
{
    sgc_status status = SGC_OK;

    if (list->kind == SGC_JSON_NULL)
        return sgc_fail(context->error, SGC_INVALID, "\"" SGC_FMT "\" must not be null",
                        SGC_ARG(list->key));
    *predicate = sgc_predicate_group(context->arena, test);
    if (!*predicate) return no_memory(context);
    if (test == SGC_TEST_NOT) {
        sgc_predicate *inner;
        status = where_input(context, table, list, &inner);
        if (status == SGC_OK) sgc_predicate_add(*predicate, inner);
        return status;
    }
    for (const sgc_json *one = list->first; one && status == SGC_OK; one = one->next) {
        sgc_predicate *inner;
        size_t before = context->conditions;
        status = where_input(context, table, one, &inner);
        if (status != SGC_OK) break;
        if (context->strict && test == SGC_TEST_OR && context->conditions == before)
            return sgc_fail(context->error, SGC_INVALID,
                            "an alternative of \"or\" without a condition would mean all rows");
        sgc_predicate_add(*predicate, inner);
    }
    return status;
}

static sgc_status member_input(sgc_filter_context *context, uint16_t table, const sgc_json *one,
                               sgc_predicate **predicate)
{
    const sgc_table *model = &context->schema->tables[table];
    uint16_t position = sgc_table_field(model, one->key);

    if (position != SGC_NONE) return field_input(context, model, position, one, predicate);
    position = sgc_table_relation(model, one->key);
    if (position != SGC_NONE) return relation_input(context, model, position, one, predicate);
    if (sgc_str_eq(one->key, SGC_STR("and")))
        return group_input(context, table, SGC_TEST_AND, one, predicate);
    if (sgc_str_eq(one->key, SGC_STR("or")))
        return group_input(context, table, SGC_TEST_OR, one, predicate);
    return group_input(context, table, SGC_TEST_NOT, one, predicate);
}

static sgc_status where_input(sgc_filter_context *context, uint16_t table, const sgc_json *where,
                              sgc_predicate **predicate)
{
    sgc_status status = SGC_OK;

    *predicate = sgc_predicate_group(context->arena, SGC_TEST_AND);
    if (!*predicate) return no_memory(context);
    for (const sgc_json *one = where->first; one && status == SGC_OK; one = one->next) {
        sgc_predicate *test = NULL;
        status = member_input(context, table, one, &test);
        if (status == SGC_OK) sgc_predicate_add(*predicate, test);
    }
    return status;
}

sgc_status sgc_filter_where(sgc_filter_context *context, uint16_t table, const sgc_json *where,
                            sgc_predicate **predicate)
{
    *predicate = NULL;
    if (!where || where->kind == SGC_JSON_NULL) return SGC_OK;
    context->conditions = 0;
    sgc_status status = where_input(context, table, where, predicate);
    if (status == SGC_OK && context->strict && context->conditions == 0)
        return sgc_fail(
            context->error, SGC_INVALID,
            "\"where\" has no condition; {" SGC_FMT ": {isNull: false}} says all rows",
            SGC_ARG(
                context->schema->tables[table].fields[context->schema->tables[table].key].name));
    return status;
}

/* ---- orderBy ---- */

static void direction(sgc_str text, sgc_order *order)
{
    order->descending = text.size >= 4 && memcmp(text.data, "DESC", 4) == 0;
    order->nulls_first = order->descending;
    if (sgc_str_eq(text, SGC_STR("ASC_NULLS_FIRST"))) order->nulls_first = true;
    if (sgc_str_eq(text, SGC_STR("DESC_NULLS_LAST"))) order->nulls_first = false;
}

static sgc_status order_input(sgc_filter_context *context, uint16_t table, const sgc_json *input,
                              sgc_order *order)
{
    const sgc_table *model = &context->schema->tables[table];
    const sgc_json *only = input->first;

    if (!only)
        return sgc_fail(context->error, SGC_INVALID, "an entry of \"orderBy\" names no field");
    *order = (sgc_order){.field = sgc_table_field(model, only->key), .relation = SGC_NONE};
    if (order->field != SGC_NONE) {
        direction(only->text, order);
        return SGC_OK;
    }
    order->relation = sgc_table_relation(model, only->key);
    const sgc_relation *relation = &model->relations[order->relation];
    if (relation->to_many) {
        direction(only->first ? only->first->text : SGC_STR("ASC"), order);
        return SGC_OK;
    }
    sgc_order *inner = sgc_arena_zero(context->arena, 1, sizeof *inner);
    if (!inner) return no_memory(context);
    sgc_status status = order_input(context, relation->target, only, inner);
    order->inner = inner;
    order->descending = inner->descending;
    order->nulls_first = inner->nulls_first;
    return status;
}

sgc_status sgc_filter_orders(sgc_filter_context *context, uint16_t table, const sgc_json *list,
                             const sgc_order **orders, size_t *count)
{
    sgc_status status = SGC_OK;

    *orders = NULL;
    *count = 0;
    if (!list || list->kind == SGC_JSON_NULL || !list->first) return SGC_OK;
    sgc_order *made = sgc_arena_zero(context->arena, list->count, sizeof *made);
    if (!made) return no_memory(context);
    for (const sgc_json *one = list->first; one && status == SGC_OK; one = one->next)
        status = order_input(context, table, one, &made[(*count)++]);
    *orders = made;
    return status;
}

sgc_status sgc_filter_number(sgc_filter_context *context, const sgc_json *arguments,
                             const char *name, uint64_t *value)
{
    const sgc_json *given = sgc_json_member(arguments, name);
    int64_t number;

    if (!given || given->kind == SGC_JSON_NULL) return SGC_OK;
    sgc_status status = sgc_text_to_int64(given->text, &number, context->error);
    if (status != SGC_OK) return status;
    if (number < 0)
        return sgc_fail(context->error, SGC_INVALID, "\"%s\" must not be negative", name);
    *value = (uint64_t)number;
    return SGC_OK;
}

sgc_status sgc_filter_slice(sgc_filter_context *context, uint16_t table, const sgc_json *arguments,
                            sgc_slice *slice)
{
    sgc_predicate *where = NULL;

    *slice = (sgc_slice){.limit = SGC_NO_LIMIT};
    sgc_status status =
        sgc_filter_where(context, table, sgc_json_member(arguments, "where"), &where);
    slice->where = where;
    if (status == SGC_OK) {
        status = sgc_filter_orders(context, table, sgc_json_member(arguments, "orderBy"),
                                   &slice->orders, &slice->order_count);
    }
    if (status == SGC_OK) status = sgc_filter_number(context, arguments, "limit", &slice->limit);
    if (status == SGC_OK) status = sgc_filter_number(context, arguments, "offset", &slice->offset);
    return status;
}
