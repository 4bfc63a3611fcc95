/*
 * expression_compile.c - the texts of @check: parsed, their fields found, their types decided. The
 * grammar is written in docs/schema-language.md; evaluation is in expression_check.c.
 */
#include "schema/expression.h"

#include <stdio.h>

enum { DEPTH_MAX = 100, NODES_MAX = 1000 };
/* At most 60 bytes of a name, for "%.*s". */
#define SHOWN(name) (int)((name).size < 60 ? (name).size : 60), (name).data

typedef enum token_kind {
    TOKEN_END,
    TOKEN_NUMBER,
    TOKEN_STRING,
    TOKEN_WORD,
    TOKEN_SIGN, /* one of the operators and brackets */
} token_kind;

typedef struct compiler {
    const sgc_schema *schema;
    const sgc_table *table;
    sgc_arena *arena;
    sgc_error *error;
    sgc_str text;
    size_t at;
    token_kind token;
    sgc_str word; /* of the token: as written; a string's decoded text */
    size_t start; /* where it begins */
    unsigned depth, nodes;
    sgc_status status; /* of the first failure */
} compiler;

/* ---- failures ---- */

static sgc_node *fail_at(compiler *c, size_t at, const char *format, ...) SGC_PRINTF(3, 4);
static sgc_node *fail_at(compiler *c, size_t at, const char *format, ...)
{
    char message[300];
    va_list arguments;

    if (c->status != SGC_OK) return NULL;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    c->status =
        sgc_fail(c->error, SGC_INVALID, "column %zu of the expression: %s", at + 1, message);
    return NULL;
}

static sgc_node *fail(compiler *c, const char *message)
{
    return fail_at(c, c->start, "%s", message);
}

static sgc_node *new_node(compiler *c, sgc_operator op, sgc_sort sort, size_t at)
{
    sgc_node *node = sgc_arena_zero(c->arena, 1, sizeof *node);

    if (!node && c->status == SGC_OK)
        c->status = sgc_fail(c->error, SGC_NO_MEMORY, "out of memory");
    if (node && ++c->nodes > NODES_MAX)
        node = fail_at(c, at, "the expression has more than 1000 parts");
    if (node) {
        node->op = op;
        node->sort = sort;
        node->at = at;
    }
    return node;
}

/* ---- tokens ---- */

static bool is_word(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (!first && c >= '0' && c <= '9');
}

static char look(const compiler *c, size_t ahead)
{
    return c->at + ahead < c->text.size ? c->text.data[c->at + ahead] : '\0';
}

/* 'it''s': a quote inside is written twice. */
static void scan_string(compiler *c)
{
    char *out = sgc_arena_alloc(c->arena, c->text.size - c->at);
    size_t size = 0;

    if (!out) {
        c->status = sgc_fail(c->error, SGC_NO_MEMORY, "out of memory");
        return;
    }
    for (c->at++;; c->at++) {
        if (c->at >= c->text.size) {
            fail(c, "a string without an end");
            return;
        }
        if (look(c, 0) == '\'') {
            if (look(c, 1) != '\'') break;
            c->at++;
        }
        out[size++] = look(c, 0);
    }
    c->at++;
    c->token = TOKEN_STRING;
    c->word = sgc_str_of(out, size);
}

static void scan_number(compiler *c)
{
    while (look(c, 0) >= '0' && look(c, 0) <= '9')
        c->at++;
    if (look(c, 0) == '.' && look(c, 1) >= '0' && look(c, 1) <= '9') {
        c->at++;
        while (look(c, 0) >= '0' && look(c, 0) <= '9')
            c->at++;
    }
    if (look(c, 0) == 'e' || look(c, 0) == 'E') {
        c->at++;
        if (look(c, 0) == '+' || look(c, 0) == '-') c->at++;
        while (look(c, 0) >= '0' && look(c, 0) <= '9')
            c->at++;
    }
    c->token = TOKEN_NUMBER;
}

static void next(compiler *c)
{
    static const char *const pairs[] = {"<=", ">=", "<>", "!=", "=="};

    while (look(c, 0) == ' ' || look(c, 0) == '\t' || look(c, 0) == '\n' || look(c, 0) == '\r')
        c->at++;
    c->start = c->at;
    if (c->status != SGC_OK || c->at >= c->text.size) {
        c->token = TOKEN_END;
        c->word = SGC_STR("");
        return;
    }
    char first = look(c, 0);
    if (first == '\'') {
        scan_string(c);
        return;
    }
    if (first >= '0' && first <= '9') {
        scan_number(c);
    } else if (is_word(first, true)) {
        while (is_word(look(c, 0), false))
            c->at++;
        c->token = TOKEN_WORD;
    } else {
        size_t size = 1;
        for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
            if (first == pairs[i][0] && look(c, 1) == pairs[i][1]) size = 2;
        c->at += size;
        c->token = TOKEN_SIGN;
        if (size == 1 && !strchr("<>=+-*/(),", first)) fail(c, "this character has no meaning");
    }
    c->word = sgc_str_of(c->text.data + c->start, c->at - c->start);
}

static bool is_sign(const compiler *c, const char *sign)
{
    return c->token == TOKEN_SIGN && sgc_str_eq(c->word, sgc_str_from(sign));
}

/* Keywords in any case. */
static bool is_keyword(const compiler *c, const char *keyword)
{
    if (c->token != TOKEN_WORD || c->word.size != strlen(keyword)) return false;
    for (size_t i = 0; i < c->word.size; i++) {
        char letter = c->word.data[i];
        if (letter >= 'A' && letter <= 'Z') letter = (char)(letter + ('a' - 'A'));
        if (letter != keyword[i]) return false;
    }
    return true;
}

static bool take_sign(compiler *c, const char *sign)
{
    if (!is_sign(c, sign)) return false;
    next(c);
    return true;
}

static bool take_keyword(compiler *c, const char *keyword)
{
    if (!is_keyword(c, keyword)) return false;
    next(c);
    return true;
}

static bool need_sign(compiler *c, const char *sign, const char *message)
{
    if (take_sign(c, sign)) return true;
    fail(c, message);
    return false;
}

/* ---- sorts ---- */

static sgc_sort sort_of(const sgc_slot *slot)
{
    static const sgc_sort sorts[] = {
        SGC_SORT_OTHER,   SGC_SORT_BOOLEAN, SGC_SORT_ENUM,     SGC_SORT_INTEGER,
        SGC_SORT_INTEGER, SGC_SORT_REAL,    SGC_SORT_DATETIME, SGC_SORT_DATE,
        SGC_SORT_TIME,    SGC_SORT_TEXT,    SGC_SORT_TEXT,     SGC_SORT_UUID,
        SGC_SORT_DECIMAL, SGC_SORT_OTHER,   SGC_SORT_BYTES,    SGC_SORT_OTHER};

    return slot->list ? SGC_SORT_LIST : sorts[slot->kind];
}

static const char *sort_words(sgc_sort sort)
{
    static const char *const words[] = {
        "null",  "Boolean",  "whole number", "Float", "Decimal",    "text", "UUID",
        "Bytes", "DateTime", "Date",         "Time",  "enum value", "list", "JSON or an object"};

    return words[sort];
}

static sgc_node *mismatch(compiler *c, const sgc_node *a, const sgc_node *b)
{
    return fail_at(c, b->at, "a %s and a %s do not go together", sort_words(a->sort),
                   sort_words(b->sort));
}

static bool is_literal(const sgc_node *node, sgc_sort sort)
{
    return node->op == SGC_OP_VALUE && node->sort == sort;
}

static sgc_status enum_position(compiler *c, uint16_t enumeration, sgc_node *node, sgc_error *error)
{
    const sgc_enum_def *def = &c->schema->enums[enumeration];

    for (uint16_t i = 0; i < def->count; i++) {
        if (!sgc_str_eq(def->items[i].name, node->value.as.text)) continue;
        node->value.as.integer = i;
        return SGC_OK;
    }
    return sgc_fail(error, SGC_INVALID, "'%.*s' is not a value of " SGC_FMT,
                    (int)(node->value.as.text.size < 60 ? node->value.as.text.size : 60),
                    node->value.as.text.data, SGC_ARG(def->name));
}

/* A literal becomes what it is compared with. */
static bool convert(compiler *c, sgc_node *literal, const sgc_node *to)
{
    sgc_error inner = {0};
    sgc_str text = literal->sort == SGC_SORT_TEXT ? literal->value.as.text : literal->text;
    sgc_value *value = &literal->value;
    sgc_status status = SGC_INVALID;

    if (to->sort == SGC_SORT_ENUM)
        status = enum_position(c, to->enumeration, literal, &inner);
    else if (to->sort == SGC_SORT_UUID)
        status = sgc_text_to_uuid(text, c->arena, &value->as.text, &inner);
    else if (to->sort == SGC_SORT_DECIMAL)
        status = sgc_text_to_decimal(text, c->arena, &value->as.text, &inner);
    else if (to->sort == SGC_SORT_BYTES)
        status = sgc_text_to_bytes(text, c->arena, &value->as.text, &inner);
    else if (to->sort == SGC_SORT_DATETIME)
        status = sgc_text_to_datetime(text, &value->as.integer, &inner);
    else if (to->sort == SGC_SORT_DATE)
        status = sgc_text_to_date(text, &value->as.integer, &inner);
    else if (to->sort == SGC_SORT_TIME)
        status = sgc_text_to_time(text, &value->as.integer, &inner);
    if (status != SGC_OK) {
        fail_at(c, literal->at, "%s", inner.text);
        return false;
    }
    literal->sort = to->sort;
    return true;
}

static bool takes_text(sgc_sort sort)
{
    return sort == SGC_SORT_ENUM || (sort >= SGC_SORT_UUID && sort <= SGC_SORT_TIME) ||
           sort == SGC_SORT_DECIMAL;
}

static bool is_number(sgc_sort sort)
{
    return sort == SGC_SORT_INTEGER || sort == SGC_SORT_REAL;
}

/* Makes both sides comparable; false after an error. */
static bool unify(compiler *c, sgc_node *a, sgc_node *b)
{
    if (is_literal(a, SGC_SORT_TEXT) && takes_text(b->sort) && b->op != SGC_OP_VALUE)
        return convert(c, a, b);
    if (is_literal(b, SGC_SORT_TEXT) && takes_text(a->sort) && a->op != SGC_OP_VALUE)
        return convert(c, b, a);
    if (a->sort == SGC_SORT_DECIMAL && b->op == SGC_OP_VALUE && is_number(b->sort))
        return convert(c, b, a);
    if (b->sort == SGC_SORT_DECIMAL && a->op == SGC_OP_VALUE && is_number(a->sort))
        return convert(c, a, b);
    if (a->sort == SGC_SORT_OTHER || a->sort == SGC_SORT_LIST ||
        (a->sort != b->sort && !(is_number(a->sort) && is_number(b->sort))) ||
        (a->sort == SGC_SORT_ENUM && a->enumeration != b->enumeration && a->op == b->op)) {
        mismatch(c, a, b);
        return false;
    }
    return true;
}

/* ---- grammar ---- */

static sgc_node *expression(compiler *c);

static sgc_node *number_literal(compiler *c)
{
    sgc_error inner = {0};
    sgc_node *node = new_node(c, SGC_OP_VALUE, SGC_SORT_INTEGER, c->start);

    if (!node) return NULL;
    node->text = c->word;
    if (sgc_text_to_int64(c->word, &node->value.as.integer, &inner) != SGC_OK) {
        node->sort = SGC_SORT_REAL;
        if (sgc_text_to_double(c->word, &node->value.as.real, &inner) != SGC_OK)
            return fail_at(c, c->start, "%s", inner.text);
    }
    next(c);
    return node;
}

static sgc_node *text_literal(compiler *c)
{
    sgc_node *node = new_node(c, SGC_OP_VALUE, SGC_SORT_TEXT, c->start);

    if (!node) return NULL;
    node->value.as.text = node->text = c->word;
    next(c);
    return node;
}

static sgc_node *length_call(compiler *c, size_t at)
{
    if (!need_sign(c, "(", "length needs its argument in brackets")) return NULL;
    sgc_node *argument = expression(c);
    if (!argument || !need_sign(c, ")", "\")\" is expected")) return NULL;
    if (argument->sort != SGC_SORT_TEXT && argument->sort != SGC_SORT_BYTES &&
        argument->sort != SGC_SORT_LIST)
        return fail_at(c, argument->at, "length() takes text, Bytes or a list");
    sgc_node *node = new_node(c, SGC_OP_LENGTH, SGC_SORT_INTEGER, at);
    if (node) node->first = argument;
    return node;
}

static sgc_node *field_node(compiler *c, sgc_str name, size_t at)
{
    uint16_t field = sgc_table_field(c->table, name);

    if (field == SGC_NONE)
        return fail_at(c, at, "there is no field \"%.*s\" (text is written 'in quotes')",
                       SHOWN(name));
    const sgc_slot *slot = sgc_field_slot(c->table, field);
    sgc_node *node = new_node(c, SGC_OP_FIELD, sort_of(slot), at);
    if (!node) return NULL;
    node->slot = c->table->fields[field].slot;
    node->enumeration = c->table->fields[field].enumeration;
    return node;
}

static sgc_node *word_node(compiler *c)
{
    sgc_str word = c->word;
    size_t at = c->start;
    bool yes = is_keyword(c, "true"), no = is_keyword(c, "false"), length = is_keyword(c, "length");

    if (is_keyword(c, "null"))
        return fail(c, "null can only be asked for with IS NULL and IS NOT NULL");
    next(c);
    if (yes || no) {
        sgc_node *node = new_node(c, SGC_OP_VALUE, SGC_SORT_BOOLEAN, at);
        if (node) node->value.as.boolean = yes;
        return node;
    }
    if (is_sign(c, "("))
        return length ? length_call(c, at)
                      : fail_at(c, at, "there is no function %.*s, only length", SHOWN(word));
    return field_node(c, word, at);
}

static sgc_node *negation(compiler *c)
{
    size_t at = c->start;

    next(c);
    sgc_node *operand = c->token == TOKEN_NUMBER ? number_literal(c) : NULL;
    if (operand && operand->sort == SGC_SORT_INTEGER) {
        /* The text keeps the sign, should it become a Decimal. */
        operand->value.as.integer = -operand->value.as.integer;
    } else if (operand) {
        operand->value.as.real = -operand->value.as.real;
    }
    if (operand) {
        operand->text = sgc_arena_printf(c->arena, "-" SGC_FMT, SGC_ARG(operand->text));
        if (!operand->text.data) c->status = sgc_fail(c->error, SGC_NO_MEMORY, "out of memory");
        return operand->text.data ? operand : NULL;
    }
    return fail_at(c, at, "\"-\" must stand before a number");
}

static sgc_node *factor(compiler *c)
{
    if (c->token == TOKEN_NUMBER) return number_literal(c);
    if (c->token == TOKEN_STRING) return text_literal(c);
    if (c->token == TOKEN_WORD) return word_node(c);
    if (is_sign(c, "-")) return negation(c);
    if (!take_sign(c, "(")) return fail(c, "a field, a number or a text is expected");
    sgc_node *inner = expression(c);
    if (!inner || !need_sign(c, ")", "\")\" is expected")) return NULL;
    return inner;
}

static sgc_node *arithmetic(compiler *c, sgc_operator op, sgc_node *a, sgc_node *b, size_t at)
{
    if (!a || !b) return NULL;
    if (!is_number(a->sort) || !is_number(b->sort))
        return fail_at(c, at, "only Int, BigInt and Float can be calculated with");
    bool real = a->sort == SGC_SORT_REAL || b->sort == SGC_SORT_REAL;
    sgc_node *node = new_node(c, op, real ? SGC_SORT_REAL : SGC_SORT_INTEGER, at);
    if (!node) return NULL;
    node->first = a;
    a->next = b;
    return node;
}

static sgc_node *term(compiler *c)
{
    sgc_node *left = factor(c);

    while (left && (is_sign(c, "*") || is_sign(c, "/"))) {
        size_t at = c->start;
        sgc_operator op = is_sign(c, "*") ? SGC_OP_MULTIPLY : SGC_OP_DIVIDE;
        next(c);
        left = arithmetic(c, op, left, factor(c), at);
    }
    return left;
}

static sgc_node *sum(compiler *c)
{
    sgc_node *left = term(c);

    while (left && (is_sign(c, "+") || is_sign(c, "-"))) {
        size_t at = c->start;
        sgc_operator op = is_sign(c, "+") ? SGC_OP_ADD : SGC_OP_SUBTRACT;
        next(c);
        left = arithmetic(c, op, left, term(c), at);
    }
    return left;
}

static sgc_node *comparison(compiler *c, sgc_comparison compare, sgc_node *a, sgc_node *b,
                            size_t at)
{
    if (!a || !b || !unify(c, a, b)) return NULL;
    if (a->sort == SGC_SORT_BOOLEAN && compare > SGC_COMPARE_NE)
        return fail_at(c, at, "true and false have no order");
    sgc_node *node = new_node(c, SGC_OP_COMPARE, SGC_SORT_BOOLEAN, at);
    if (!node) return NULL;
    node->compare = compare;
    node->first = a;
    a->next = b;
    return node;
}

static sgc_node *in_list(compiler *c, sgc_node *left, bool negated, size_t at)
{
    sgc_node *node = new_node(c, SGC_OP_IN, SGC_SORT_BOOLEAN, at), *last = left;

    if (!node || !need_sign(c, "(", "IN needs its values in brackets")) return NULL;
    node->negated = negated;
    node->first = left;
    do {
        sgc_node *item = sum(c);
        if (!item || !unify(c, left, item)) return NULL;
        last->next = item;
        last = item;
    } while (take_sign(c, ","));
    return need_sign(c, ")", "\",\" or \")\" is expected") ? node : NULL;
}

static sgc_node *like(compiler *c, sgc_node *left, bool negated, size_t at)
{
    sgc_node *pattern = sum(c);
    sgc_node *node = new_node(c, SGC_OP_LIKE, SGC_SORT_BOOLEAN, at);

    if (!pattern || !node) return NULL;
    if (left->sort != SGC_SORT_TEXT || pattern->sort != SGC_SORT_TEXT)
        return fail_at(c, at, "LIKE compares text with text");
    node->negated = negated;
    node->first = left;
    left->next = pattern;
    return node;
}

static sgc_node *both(compiler *c, sgc_operator op, sgc_node *a, sgc_node *b, size_t at)
{
    if (!a || !b) return NULL;
    if (a->sort != SGC_SORT_BOOLEAN || b->sort != SGC_SORT_BOOLEAN)
        return fail_at(c, a->sort == SGC_SORT_BOOLEAN ? b->at : a->at,
                       "this is neither true nor false");
    sgc_node *node = new_node(c, op, SGC_SORT_BOOLEAN, at);
    if (!node) return NULL;
    node->first = a;
    a->next = b;
    return node;
}

static sgc_node *negate(compiler *c, sgc_node *operand, size_t at)
{
    if (!operand) return NULL;
    if (operand->sort != SGC_SORT_BOOLEAN)
        return fail_at(c, operand->at, "this is neither true nor false");
    sgc_node *node = new_node(c, SGC_OP_NOT, SGC_SORT_BOOLEAN, at);
    if (node) node->first = operand;
    return node;
}

/* a BETWEEN b AND c is a >= b AND a <= c. */
static sgc_node *between(compiler *c, sgc_node *left, bool negated, size_t at)
{
    sgc_node *low = sum(c);
    sgc_node *again = new_node(c, left->op, left->sort, left->at);

    if (!low || !again) return NULL;
    *again = *left;
    if (!take_keyword(c, "and")) return fail(c, "BETWEEN needs AND and its second limit");
    sgc_node *from = comparison(c, SGC_COMPARE_GE, left, low, at);
    sgc_node *to = from ? comparison(c, SGC_COMPARE_LE, again, sum(c), at) : NULL;
    sgc_node *node = both(c, SGC_OP_AND, from, to, at);
    return negated ? negate(c, node, at) : node;
}

static sgc_node *is_null(compiler *c, sgc_node *left, size_t at)
{
    bool negated = take_keyword(c, "not");
    sgc_node *node = new_node(c, SGC_OP_IS_NULL, SGC_SORT_BOOLEAN, at);

    if (!take_keyword(c, "null")) return fail(c, "NULL is expected");
    if (!node) return NULL;
    node->negated = negated;
    node->first = left;
    return node;
}

static bool comparison_sign(const compiler *c, sgc_comparison *compare)
{
    static const struct {
        const char *sign;
        sgc_comparison compare;
    } signs[] = {{"=", SGC_COMPARE_EQ},  {"==", SGC_COMPARE_EQ}, {"!=", SGC_COMPARE_NE},
                 {"<>", SGC_COMPARE_NE}, {"<", SGC_COMPARE_LT},  {"<=", SGC_COMPARE_LE},
                 {">", SGC_COMPARE_GT},  {">=", SGC_COMPARE_GE}};

    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (!is_sign(c, signs[i].sign)) continue;
        *compare = signs[i].compare;
        return true;
    }
    return false;
}

static sgc_node *predicate(compiler *c)
{
    sgc_node *left = sum(c);
    sgc_comparison compare;
    size_t at = c->start;

    if (!left) return NULL;
    if (comparison_sign(c, &compare)) {
        next(c);
        return comparison(c, compare, left, sum(c), at);
    }
    if (take_keyword(c, "is")) return is_null(c, left, at);
    bool negated = take_keyword(c, "not");
    if (take_keyword(c, "in")) return in_list(c, left, negated, at);
    if (take_keyword(c, "between")) return between(c, left, negated, at);
    if (take_keyword(c, "like")) return like(c, left, negated, at);
    return negated ? fail(c, "IN, BETWEEN or LIKE is expected") : left;
}

static sgc_node *inversion(compiler *c)
{
    size_t at = c->start;
    bool inverted = false;

    /* Two NOTs are none. */
    while (take_keyword(c, "not"))
        inverted = !inverted;
    if (c->start == at) return predicate(c);
    sgc_node *node = negate(c, predicate(c), at);
    return inverted ? node : negate(c, node, at);
}

static sgc_node *conjunction(compiler *c)
{
    sgc_node *left = inversion(c);

    while (left && is_keyword(c, "and")) {
        size_t at = c->start;
        next(c);
        left = both(c, SGC_OP_AND, left, inversion(c), at);
    }
    return left;
}

static sgc_node *expression(compiler *c)
{
    if (c->depth == DEPTH_MAX) return fail(c, "nested too deeply");
    c->depth++;
    sgc_node *left = conjunction(c);
    while (left && is_keyword(c, "or")) {
        size_t at = c->start;
        next(c);
        left = both(c, SGC_OP_OR, left, conjunction(c), at);
    }
    c->depth--;
    return left;
}

sgc_status sgc_expression_compile(const sgc_schema *schema, const sgc_table *table, sgc_str text,
                                  sgc_arena *arena, sgc_expression **expression_out,
                                  sgc_error *error)
{
    compiler c = {.schema = schema,
                  .table = table,
                  .arena = arena,
                  .error = error,
                  .text = sgc_arena_str(arena, text)};
    sgc_expression *out = sgc_arena_zero(arena, 1, sizeof *out);

    *expression_out = NULL;
    if (!out || !c.text.data) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    next(&c);
    sgc_node *root = expression(&c);
    if (root && c.token != TOKEN_END) fail(&c, "the expression should end here");
    if (root && c.status == SGC_OK && root->sort != SGC_SORT_BOOLEAN)
        fail_at(&c, 0, "the expression is neither true nor false");
    if (c.status != SGC_OK) return c.status;
    out->schema = schema;
    out->root = root;
    *expression_out = out;
    return SGC_OK;
}
