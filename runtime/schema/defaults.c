/*
 * defaults.c - values that create may leave out: @default(value:) checked against its field when
 * the schema is built, and the filling of rows. @check expressions are compiled once here too, so
 * that a wrong one is an error of the schema.
 */
#include "schema/build.h"

/* ---- the schema's side ---- */

/* Text kinds take the value as it is; all others, and lists, are GraphQL literals. */
static bool is_plain_text(const sgc_slot *slot)
{
    return !slot->list && !sgc_kind_is_fixed(slot->kind) && slot->kind != SGC_KIND_JSON &&
           slot->kind != SGC_KIND_EMBEDDED;
}

static bool is_moment(const sgc_slot *slot)
{
    return !slot->list && slot->kind >= SGC_KIND_DATETIME && slot->kind <= SGC_KIND_TIME;
}

static sgc_str quoted(sgc_model_build *build, sgc_str text)
{
    sgc_ast_value value = {.kind = SGC_VALUE_STRING, .text = text};
    sgc_buf out = {0};

    sgc_print_value(&value, &out);
    sgc_str literal =
        out.failed ? sgc_str_of(NULL, 0) : sgc_arena_str(build->arena, sgc_buf_as_str(&out));
    sgc_buf_free(&out);
    if (!literal.data) build->no_memory = true;
    return literal;
}

static sgc_status parse_literal(sgc_arena *arena, sgc_str text, sgc_ast_value **value)
{
    sgc_diagnostics diagnostics = {.arena = arena};
    sgc_source *source = sgc_arena_zero(arena, 1, sizeof *source);

    if (!source) return SGC_NO_MEMORY;
    source->text = sgc_arena_str(arena, text); /* with the 0 that the scanner needs */
    if (!source->text.data) return SGC_NO_MEMORY;
    return sgc_parse_const_value(source, arena, &diagnostics, value);
}

static void check_default(sgc_model_build *build, sgc_model_member *member, sgc_field *field,
                          const sgc_slot *slot)
{
    const sgc_ast_directive *directive =
        sgc_model_directive(build, member->def->directives, "default");
    sgc_ast_value *literal = NULL;
    sgc_error error = {0};
    sgc_value value;

    if (is_plain_text(slot) || is_moment(slot))
        field->default_value = quoted(build, field->default_value);
    if (build->no_memory) return;
    sgc_status status = parse_literal(&build->scratch, field->default_value, &literal);
    if (status == SGC_OK)
        status = sgc_value_from_literal(build->schema, field, slot, literal, &build->scratch,
                                        &value, &error);
    else if (status == SGC_INVALID)
        (void)sgc_fail(&error, SGC_INVALID, "\"" SGC_FMT "\" is not a value of GraphQL",
                       SGC_ARG(field->default_value));
    if (status == SGC_NO_MEMORY) build->no_memory = true;
    if (status != SGC_OK)
        sgc_model_error(build, member->def->source, directive->span, "@default(value:): %s",
                        error.text);
}

static void check_checks(sgc_model_build *build, const sgc_model_table *table)
{
    const sgc_table *out = &build->schema->tables[table->position];

    for (size_t i = 0; i < table->check_count && sgc_model_going(build); i++) {
        const sgc_model_check *check = &table->checks[i];
        sgc_expression *expression;
        sgc_error error = {0};
        sgc_status status = sgc_expression_compile(build->schema, out, check->expression,
                                                   &build->scratch, &expression, &error);
        if (status == SGC_NO_MEMORY) build->no_memory = true;
        if (status != SGC_OK && status != SGC_NO_MEMORY)
            sgc_model_error(build, check->source, check->directive->span, "@check: %s", error.text);
    }
}

void sgc_model_defaults(sgc_model_build *build)
{
    for (size_t i = 0; i < build->table_count && sgc_model_going(build); i++) {
        sgc_model_table *table = build->tables[i];
        sgc_table *out = (sgc_table *)(uintptr_t)&build->schema->tables[i];
        for (size_t n = 0; n < table->stored_count && sgc_model_going(build); n++) {
            sgc_field *field = (sgc_field *)(uintptr_t)&out->fields[n];
            if (field->default_kind == SGC_DEFAULT_VALUE)
                check_default(build, table->stored[n], field, &out->layout.slots[field->slot]);
        }
        check_checks(build, table);
    }
}

/* ---- the row's side ---- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/*
 * Most defaults are one token: it is recognised without the parser. False when the text is more
 * than that.
 */
static bool one_token(sgc_str text, sgc_ast_value *value)
{
    size_t at = 1;
    char first = text.size ? text.data[0] : '\0';

    *value = (sgc_ast_value){.kind = SGC_VALUE_INT, .text = text};
    if (first == '"') {
        while (at + 1 < text.size && text.data[at] != '"' && text.data[at] != '\\')
            at++;
        value->kind = SGC_VALUE_STRING;
        value->text = sgc_str_of(text.data + 1, at - 1);
        return at + 1 == text.size && text.data[at] == '"';
    }
    if (is_letter(first)) {
        while (at < text.size &&
               (is_letter(text.data[at]) || (text.data[at] >= '0' && text.data[at] <= '9')))
            at++;
        bool flag = sgc_str_eq(text, SGC_STR("true")) || sgc_str_eq(text, SGC_STR("false"));
        value->kind = flag ? SGC_VALUE_BOOLEAN : SGC_VALUE_ENUM;
        return at == text.size && !sgc_str_eq(text, SGC_STR("null"));
    }
    while (at < text.size && text.data[at] >= '0' && text.data[at] <= '9')
        at++;
    return at == text.size && ((first >= '0' && first <= '9') || (first == '-' && at > 1));
}

static sgc_status literal_default(const sgc_schema *schema, const sgc_field *field,
                                  const sgc_slot *slot, sgc_arena *arena, sgc_value *value,
                                  sgc_error *error)
{
    sgc_ast_value token, *literal = &token;

    if (!one_token(field->default_value, &token)) {
        sgc_status status = parse_literal(arena, field->default_value, &literal);
        if (status != SGC_OK)
            return sgc_fail(error, status, "the default of " SGC_FMT " is no value",
                            SGC_ARG(field->name));
    }
    return sgc_value_from_literal(schema, field, slot, literal, arena, value, error);
}

static int64_t moment(sgc_kind kind, uint64_t now_us)
{
    static const uint64_t day = 86400 * (uint64_t)1000000;

    if (kind == SGC_KIND_DATE) return (int64_t)(now_us / day);
    return (int64_t)(kind == SGC_KIND_TIME ? now_us % day : now_us);
}

static sgc_status fill(const sgc_schema *schema, const sgc_table *table, const sgc_field *field,
                       uint64_t now_us, sgc_arena *arena, sgc_value *value, sgc_error *error)
{
    const sgc_slot *slot = &table->layout.slots[field->slot];

    *value = (sgc_value){.is_null = true, .is_list = slot->list, .kind = slot->kind};
    if (field->updated_at || field->default_kind == SGC_DEFAULT_NOW) {
        value->is_null = false;
        value->as.integer = moment(slot->kind, now_us);
    } else if (field->default_kind == SGC_DEFAULT_VALUE) {
        return literal_default(schema, field, slot, arena, value, error);
    }
    return SGC_OK;
}

static void fill_list(const sgc_table *table, uint16_t field, sgc_value *values)
{
    const sgc_slot *slot = sgc_field_slot(table, field);
    sgc_value *value = &values[table->fields[field].slot];

    if (value->is_null) *value = (sgc_value){.is_list = true, .kind = slot->kind};
}

sgc_status sgc_row_defaults(const sgc_schema *schema, const sgc_table *table, uint64_t now_us,
                            sgc_arena *arena, sgc_value *values, const bool *given,
                            sgc_error *error)
{
    sgc_status status = SGC_OK;

    for (uint16_t i = 0; i < table->field_count && status == SGC_OK; i++) {
        const sgc_field *field = &table->fields[i];
        if (!given[field->slot])
            status = fill(schema, table, field, now_us, arena, &values[field->slot], error);
    }
    for (uint16_t i = 0; i < table->relation_count && status == SGC_OK; i++) {
        const sgc_relation *relation = &table->relations[i];
        if (relation->kind != SGC_RELATION_LIST) continue;
        fill_list(table, relation->field, values);
        if (relation->type_field != SGC_NONE) fill_list(table, relation->type_field, values);
    }
    return status;
}
