/*
 * expression_check.c - @check expressions evaluated on a record, in three-valued logic: unknown
 * where a null takes part.
 */
#include "schema/expression.h"

#include <math.h>

/* A value on the way; null is also "unknown" of a Boolean. */
typedef struct operand {
    bool null;
    bool truth;
    int64_t integer; /* INTEGER, moments, position of an enum value */
    double real;
    sgc_str text;
} operand;

typedef struct evaluation {
    const sgc_expression *expression;
    const sgc_table *table;
    sgc_str record;
    sgc_arena *scratch;
    sgc_status status; /* of the first failure */
} evaluation;

static const operand unknown = {.null = true};

static operand evaluate(evaluation *e, const sgc_node *node);

static operand truth(bool value)
{
    return (operand){.truth = value};
}

/* A result that is no number breaks the rule, whatever the rule says about it. */
static operand broken(evaluation *e)
{
    if (e->status == SGC_OK) e->status = SGC_CHECK_FAILED;
    return unknown;
}

/* ---- values ---- */

static int64_t position_of(const evaluation *e, const sgc_node *node, uint16_t number)
{
    const sgc_enum_def *def = &e->expression->schema->enums[node->enumeration];

    for (uint16_t i = 0; i < def->count; i++)
        if (def->items[i].number == number) return i;
    return -1;
}

static operand from_value(const evaluation *e, const sgc_node *node, const sgc_value *value)
{
    operand out = {.null = value->is_null};

    if (value->is_null) return out;
    if (node->sort == SGC_SORT_BOOLEAN)
        out.truth = value->as.boolean;
    else if (node->sort == SGC_SORT_REAL)
        out.real = value->as.real;
    else if (node->sort == SGC_SORT_ENUM && node->op == SGC_OP_FIELD)
        out.integer = position_of(e, node, value->as.enumeration);
    else if (node->sort == SGC_SORT_LIST)
        out.integer = (int64_t)value->as.list.count;
    else if (node->sort == SGC_SORT_INTEGER || node->sort >= SGC_SORT_DATETIME)
        out.integer = value->as.integer;
    else
        out.text = value->as.text;
    return out;
}

static operand field(evaluation *e, const sgc_node *node)
{
    sgc_value value;
    sgc_status status =
        sgc_record_field(&e->table->layout, e->record, node->slot, e->scratch, &value);

    if (status != SGC_OK) {
        if (e->status == SGC_OK) e->status = status;
        return unknown;
    }
    if (node->sort == SGC_SORT_OTHER) return (operand){.null = value.is_null};
    return from_value(e, node, &value);
}

/* ---- comparisons ---- */

/* Exact: a double is compared with the integer's value, not with its nearest double. */
static int compare_mixed(int64_t whole, double real)
{
    static const double limit = 9223372036854775808.0; /* 2^63 */

    if (real >= limit) return -1;
    if (real < -limit) return 1;
    int64_t floored = (int64_t)floor(real);
    if (whole != floored) return whole < floored ? -1 : 1;
    return real > floor(real) ? -1 : 0;
}

static int compare(const sgc_node *a, const operand *x, const sgc_node *b, const operand *y)
{
    if (a->sort == SGC_SORT_INTEGER && b->sort == SGC_SORT_REAL)
        return compare_mixed(x->integer, y->real);
    if (a->sort == SGC_SORT_REAL && b->sort == SGC_SORT_INTEGER)
        return -compare_mixed(y->integer, x->real);
    if (a->sort == SGC_SORT_REAL) return (x->real > y->real) - (x->real < y->real);
    if (a->sort == SGC_SORT_DECIMAL) return sgc_decimal_compare(x->text, y->text);
    if (a->sort == SGC_SORT_BOOLEAN) return (int)x->truth - (int)y->truth;
    if (a->sort == SGC_SORT_TEXT || a->sort == SGC_SORT_UUID || a->sort == SGC_SORT_BYTES)
        return sgc_str_compare(x->text, y->text);
    return (x->integer > y->integer) - (x->integer < y->integer);
}

static operand comparison(evaluation *e, const sgc_node *node)
{
    const sgc_node *a = node->first, *b = a->next;
    operand x = evaluate(e, a), y = evaluate(e, b);

    if (x.null || y.null) return unknown;
    int order = compare(a, &x, b, &y);
    switch (node->compare) {
    case SGC_COMPARE_EQ:
        return truth(order == 0);
    case SGC_COMPARE_NE:
        return truth(order != 0);
    case SGC_COMPARE_LT:
        return truth(order < 0);
    case SGC_COMPARE_LE:
        return truth(order <= 0);
    case SGC_COMPARE_GT:
        return truth(order > 0);
    case SGC_COMPARE_GE:
        break;
    }
    return truth(order >= 0);
}

static operand in_list(evaluation *e, const sgc_node *node)
{
    const sgc_node *left = node->first;
    operand x = evaluate(e, left);
    bool some_unknown = x.null;

    for (const sgc_node *item = left->next; item && !x.null; item = item->next) {
        operand y = evaluate(e, item);
        if (y.null)
            some_unknown = true;
        else if (compare(left, &x, item, &y) == 0)
            return truth(!node->negated);
    }
    return some_unknown ? unknown : truth(node->negated);
}

/* ---- LIKE: % any text, _ one character, \ takes the next one as it is ---- */

static size_t character(sgc_str text, size_t at)
{
    uint32_t code_point;
    size_t size = sgc_utf8_decode(text.data + at, text.size - at, &code_point);

    return size ? size : 1;
}

/* After a mismatch the last % takes one character more: quadratic at worst. */
static bool matches(sgc_str text, sgc_str pattern)
{
    size_t t = 0, p = 0, star = SIZE_MAX, star_text = 0;

    while (t < text.size) {
        if (p < pattern.size && pattern.data[p] == '%') {
            star = ++p;
            star_text = t;
            continue;
        }
        size_t escape = p < pattern.size && pattern.data[p] == '\\' && p + 1 < pattern.size;
        if (p < pattern.size && !escape && pattern.data[p] == '_') {
            t += character(text, t);
            p++;
        } else if (p < pattern.size && pattern.data[p + escape] == text.data[t]) {
            t++;
            p += 1 + escape;
        } else if (star != SIZE_MAX) {
            star_text += character(text, star_text);
            t = star_text;
            p = star;
        } else {
            return false;
        }
    }
    while (p < pattern.size && pattern.data[p] == '%')
        p++;
    return p == pattern.size;
}

static operand like(evaluation *e, const sgc_node *node)
{
    operand text = evaluate(e, node->first), pattern = evaluate(e, node->first->next);

    if (text.null || pattern.null) return unknown;
    return truth(matches(text.text, pattern.text) != node->negated);
}

/* ---- arithmetic ---- */

static operand whole_result(evaluation *e, const sgc_node *node, int64_t a, int64_t b)
{
    operand out = {0};
    bool overflow = false;

    if (node->op == SGC_OP_ADD) overflow = __builtin_add_overflow(a, b, &out.integer);
    if (node->op == SGC_OP_SUBTRACT) overflow = __builtin_sub_overflow(a, b, &out.integer);
    if (node->op == SGC_OP_MULTIPLY) overflow = __builtin_mul_overflow(a, b, &out.integer);
    if (node->op == SGC_OP_DIVIDE) {
        overflow = b == 0 || (a == INT64_MIN && b == -1);
        if (!overflow) out.integer = a / b;
    }
    return overflow ? broken(e) : out;
}

static operand real_result(evaluation *e, const sgc_node *node, double a, double b)
{
    operand out = {0};

    if (node->op == SGC_OP_ADD) out.real = a + b;
    if (node->op == SGC_OP_SUBTRACT) out.real = a - b;
    if (node->op == SGC_OP_MULTIPLY) out.real = a * b;
    if (node->op == SGC_OP_DIVIDE) out.real = b == 0 ? (double)INFINITY : a / b;
    return isfinite(out.real) ? out : broken(e);
}

static operand arithmetic(evaluation *e, const sgc_node *node)
{
    const sgc_node *a = node->first, *b = a->next;
    operand x = evaluate(e, a), y = evaluate(e, b);

    if (x.null || y.null) return unknown;
    if (node->sort == SGC_SORT_INTEGER) return whole_result(e, node, x.integer, y.integer);
    return real_result(e, node, a->sort == SGC_SORT_REAL ? x.real : (double)x.integer,
                       b->sort == SGC_SORT_REAL ? y.real : (double)y.integer);
}

static operand length(evaluation *e, const sgc_node *node)
{
    operand x = evaluate(e, node->first);
    operand out = {.null = x.null, .integer = (int64_t)x.text.size};

    if (x.null) return out;
    if (node->first->sort == SGC_SORT_LIST) out.integer = x.integer;
    if (node->first->sort == SGC_SORT_TEXT) {
        /* Characters are bytes that do not continue one. */
        out.integer = 0;
        for (size_t i = 0; i < x.text.size; i++)
            out.integer += ((uint8_t)x.text.data[i] & 0xc0) != 0x80;
    }
    return out;
}

/* ---- logic ---- */

static operand logic(evaluation *e, const sgc_node *node)
{
    bool deciding = node->op == SGC_OP_OR; /* the value that decides at once */
    operand x = evaluate(e, node->first);

    if (!x.null && x.truth == deciding) return x;
    operand y = evaluate(e, node->first->next);
    if (!y.null && y.truth == deciding) return y;
    return x.null || y.null ? unknown : truth(!deciding);
}

static operand evaluate(evaluation *e, const sgc_node *node)
{
    operand x;

    switch (node->op) {
    case SGC_OP_VALUE:
        return from_value(e, node, &node->value);
    case SGC_OP_FIELD:
        return field(e, node);
    case SGC_OP_OR:
    case SGC_OP_AND:
        return logic(e, node);
    case SGC_OP_NOT:
        x = evaluate(e, node->first);
        return x.null ? x : truth(!x.truth);
    case SGC_OP_COMPARE:
        return comparison(e, node);
    case SGC_OP_IN:
        return in_list(e, node);
    case SGC_OP_IS_NULL:
        x = evaluate(e, node->first);
        return truth(x.null != node->negated);
    case SGC_OP_LIKE:
        return like(e, node);
    case SGC_OP_ADD:
    case SGC_OP_SUBTRACT:
    case SGC_OP_MULTIPLY:
    case SGC_OP_DIVIDE:
        return arithmetic(e, node);
    case SGC_OP_LENGTH:
        return length(e, node);
    }
    return unknown;
}

sgc_status sgc_expression_check(const sgc_expression *expression, const sgc_table *table,
                                sgc_str record, sgc_arena *scratch)
{
    evaluation e = {.expression = expression, .table = table, .record = record, .scratch = scratch};
    operand result = evaluate(&e, expression->root);

    if (e.status != SGC_OK) return e.status;
    return result.null || result.truth ? SGC_OK : SGC_CHECK_FAILED;
}
