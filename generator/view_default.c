/*
 * view_default.c - defaults of fields as C expressions: constants are worked out here, generated
 * values become calls.
 */
#include "build.h"

#include <stdio.h>

static sgc_str number_literal(view_build_state *b, sgc_kind kind, const sgc_value *value)
{
    char text[40];

    if (kind == SGC_KIND_BOOLEAN) return sgc_str_from(value->as.boolean ? "true" : "false");
    if (kind == SGC_KIND_FLOAT) {
        snprintf(text, sizeof text, "%.17g", value->as.real);
        return say(b, "%s%s", text, strpbrk(text, ".e") ? "" : ".0");
    }
    if (kind == SGC_KIND_INT) {
        if (value->as.integer == INT32_MIN) return SGC_STR("INT32_MIN");
        return say(b, "%lld", (long long)value->as.integer);
    }
    if (value->as.integer == INT64_MIN) return SGC_STR("INT64_MIN");
    return say(b, "INT64_C(%lld)", (long long)value->as.integer);
}

static sgc_str enum_literal(view_build_state *b, const field_info *f, uint16_t number)
{
    const sgc_enum_def *def = &b->schema->enums[f->field->enumeration];

    for (uint16_t i = 0; i < def->count; i++)
        if (def->items[i].number == number) return b->enums[f->field->enumeration].members[i];
    return SGC_STR("0");
}

/* A list or an embedded value as it is stored: a record of one field without its head. */
static sgc_str packed_literal(view_build_state *b, const field_info *f, const sgc_value *value)
{
    sgc_slot slot = *f->slot;
    sgc_layout layout = {.slots = &slot, .count = 1, .version = 1};
    sgc_buf out = {0};
    uint32_t count = 0;
    bool is_null = true;
    sgc_str text = SGC_STR("");

    if (sgc_record_pack(&layout, value, &out) == SGC_OK) {
        const uint8_t *start = (const uint8_t *)out.data + SGC_RECORD_HEAD;
        const uint8_t *end = (const uint8_t *)out.data + out.size;
        if (f->slot->list) start = sgc_read_array(start, end, &count, &is_null);
        size_t size = (size_t)(end - start);
        sgc_str bytes = text_literal(b->arena, sgc_str_of((const char *)start, size));
        text = f->slot->list ? say(b, "sgc_list_of(\"" SGC_FMT "\", %zu, %u)", SGC_ARG(bytes), size,
                                   (unsigned)count)
                             : say(b, "SGC_STR(\"" SGC_FMT "\")", SGC_ARG(bytes));
    } else {
        b->no_memory = true;
    }
    sgc_buf_free(&out);
    return text;
}

static sgc_str constant(view_build_state *b, const field_info *f)
{
    sgc_source source = {.name = f->field->name};
    sgc_ast_value *literal = NULL;
    sgc_value value;
    sgc_error error;

    source.text = sgc_arena_str(b->arena, f->field->default_value);
    if (!source.text.data ||
        sgc_parse_const_value(&source, b->arena, b->diagnostics, &literal) != SGC_OK ||
        sgc_value_from_literal(b->schema, f->field, f->slot, literal, b->arena, &value, &error) !=
            SGC_OK) {
        /* The model has checked it before. */
        sgc_report(b->diagnostics, "Model", "default of " SGC_FMT ": cannot be read",
                   SGC_ARG(f->field->name));
        return sgc_str_of(NULL, 0);
    }
    if (value.is_null) return sgc_str_of(NULL, 0);
    if (f->slot->list || f->slot->kind == SGC_KIND_EMBEDDED) return packed_literal(b, f, &value);
    if (f->slot->kind == SGC_KIND_ENUM) return enum_literal(b, f, value.as.enumeration);
    if (f->fixed) return number_literal(b, f->slot->kind, &value);
    sgc_str text = text_literal(b->arena, value.as.text);
    return say(b, "SGC_STR(\"" SGC_FMT "\")", SGC_ARG(text));
}

static sgc_str now(const field_info *f)
{
    if (f->slot->kind == SGC_KIND_DATE) return SGC_STR("sgc_take_today(take)");
    if (f->slot->kind == SGC_KIND_TIME) return SGC_STR("sgc_take_time_of_day(take)");
    return SGC_STR("sgc_take_now(take)");
}

bool starts_empty(const field_info *f)
{
    return f->slot->list && f->field->relation != SGC_NONE;
}

sgc_str default_expression(view_build_state *b, const field_info *f, uint16_t table)
{
    switch (f->field->default_kind) {
    case SGC_DEFAULT_NONE:
        break;
    case SGC_DEFAULT_VALUE:
        return constant(b, f);
    case SGC_DEFAULT_NOW:
        return now(f);
    case SGC_DEFAULT_UUIDV7:
        return SGC_STR("sgc_take_uuidv7(take)");
    case SGC_DEFAULT_ULID:
        return SGC_STR("sgc_take_ulid(take)");
    case SGC_DEFAULT_SERIAL:
        return say(b, "sgc_take_serial%s(take, %u)", f->slot->kind == SGC_KIND_INT ? "_int" : "",
                   (unsigned)table);
    }
    if (f->field->updated_at) return now(f);
    /* A relation that stores a list of keys begins empty. */
    if (starts_empty(f)) return SGC_STR("sgc_list_of(\"\", 0, 0)");
    return sgc_str_of(NULL, 0);
}
