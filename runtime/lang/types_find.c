/* types_find.c - look-ups in a finished type system, and questions about its types. */
#include "lang/types_internal.h"

sgc_named_type *sgc_type_find(const sgc_type_system *system, sgc_str name)
{
    return sgc_map_get(&system->types_by_name, name);
}

const sgc_directive_def *sgc_directive_find(const sgc_type_system *system, sgc_str name)
{
    return sgc_map_get(&system->directives_by_name, name);
}

/* ---- members of a type ---- */

/* The index plus one when the type is big enough to have a map, 0 for not found. */
static size_t mapped(const sgc_named_type *type, sgc_str name)
{
    return (size_t)(uintptr_t)sgc_map_get(&type->by_name, name);
}

const sgc_field_def *sgc_field_find(const sgc_named_type *type, sgc_str name)
{
    if (type->by_name.count) {
        size_t at = type->field_count ? mapped(type, name) : 0;
        return at ? &type->fields[at - 1] : NULL;
    }
    for (size_t i = 0; i < type->field_count; i++)
        if (sgc_str_eq(type->fields[i].name, name)) return &type->fields[i];
    return NULL;
}

const sgc_field_def *sgc_field_of(const sgc_type_system *system, const sgc_named_type *parent,
                                  sgc_str name)
{
    bool composite = parent->kind == SGC_NAMED_OBJECT || parent->kind == SGC_NAMED_INTERFACE ||
                     parent->kind == SGC_NAMED_UNION;

    if (name.size > 2 && name.data[0] == '_' && name.data[1] == '_') {
        if (composite && sgc_str_eq(name, system->typename_field->name))
            return system->typename_field;
        if (parent == system->query && sgc_str_eq(name, system->schema_field->name))
            return system->schema_field;
        if (parent == system->query && sgc_str_eq(name, system->type_field->name))
            return system->type_field;
    }
    return sgc_field_find(parent, name);
}

const sgc_input_def *sgc_input_find(const sgc_input_def *inputs, size_t count, sgc_str name)
{
    for (size_t i = 0; i < count; i++)
        if (sgc_str_eq(inputs[i].name, name)) return &inputs[i];
    return NULL;
}

const sgc_input_def *sgc_input_field_find(const sgc_named_type *type, sgc_str name)
{
    if (!type->by_name.count) return sgc_input_find(type->inputs, type->input_count, name);
    size_t at = type->input_count ? mapped(type, name) : 0;
    return at ? &type->inputs[at - 1] : NULL;
}

const sgc_enum_value_def *sgc_enum_value_find(const sgc_named_type *type, sgc_str name)
{
    if (type->by_name.count) {
        size_t at = type->value_count ? mapped(type, name) : 0;
        return at ? &type->values[at - 1] : NULL;
    }
    for (size_t i = 0; i < type->value_count; i++)
        if (sgc_str_eq(type->values[i].name, name)) return &type->values[i];
    return NULL;
}

bool sgc_type_is_member(const sgc_named_type *abstract, const sgc_named_type *type)
{
    if (abstract->kind == SGC_NAMED_UNION) {
        for (size_t i = 0; i < abstract->member_count; i++)
            if (abstract->members[i] == type) return true;
        return false;
    }
    if (abstract->kind != SGC_NAMED_INTERFACE) return false;
    for (size_t i = 0; i < type->interface_count; i++)
        if (type->interfaces[i] == abstract) return true;
    return false;
}

/* ---- kinds and references ---- */

bool sgc_input_is_required(const sgc_input_def *input)
{
    return input->type->kind == SGC_TYPE_NON_NULL && !input->default_value;
}

bool sgc_kind_is_input(sgc_named_kind kind)
{
    return kind == SGC_NAMED_SCALAR || kind == SGC_NAMED_ENUM || kind == SGC_NAMED_INPUT;
}

bool sgc_kind_is_output(sgc_named_kind kind)
{
    return kind != SGC_NAMED_INPUT;
}

sgc_named_type *sgc_type_ref_named(const sgc_type_ref *ref)
{
    while (ref->inner)
        ref = ref->inner;
    return ref->named;
}

sgc_type_shape sgc_type_shape_of(const sgc_type_ref *ref)
{
    sgc_type_shape out = {0};

    for (; ref->kind != SGC_TYPE_NAMED; ref = ref->inner) {
        if (ref->kind == SGC_TYPE_LIST) {
            out.nested = out.list;
            out.list = true;
        } else if (out.list) {
            out.item_non_null = true;
        } else {
            out.non_null = true;
        }
    }
    out.named = ref->named;
    return out;
}

bool sgc_type_ref_equal(const sgc_type_ref *a, const sgc_type_ref *b)
{
    while (a->kind == b->kind) {
        if (a->kind == SGC_TYPE_NAMED) return a->named == b->named;
        a = a->inner;
        b = b->inner;
    }
    return false;
}

bool sgc_type_ref_is_subtype(const sgc_type_ref *sub, const sgc_type_ref *super)
{
    for (;;) {
        if (super->kind == SGC_TYPE_NON_NULL) {
            if (sub->kind != SGC_TYPE_NON_NULL) return false;
            super = super->inner;
            sub = sub->inner;
        } else if (sub->kind == SGC_TYPE_NON_NULL) {
            sub = sub->inner;
        } else if (super->kind != sub->kind) {
            return false;
        } else if (super->kind == SGC_TYPE_LIST) {
            super = super->inner;
            sub = sub->inner;
        } else {
            return sub->named == super->named || sgc_type_is_member(super->named, sub->named);
        }
    }
}

/* Prints from the inside out would need recursion; wrappers alternate, so two passes do. */
void sgc_type_ref_print(const sgc_type_ref *ref, sgc_buf *out)
{
    size_t start = out->size;
    const sgc_type_ref *at = ref;

    for (; at->inner; at = at->inner)
        if (at->kind == SGC_TYPE_LIST) sgc_buf_byte(out, '[');
    if (at->named) sgc_buf_str(out, at->named->name);
    size_t tail = out->size;
    for (at = ref; at->inner; at = at->inner)
        sgc_buf_byte(out, at->kind == SGC_TYPE_LIST ? ']' : '!');
    if (out->failed || start == tail) return;
    for (size_t low = tail, high = out->size; low + 1 < high;) {
        char swap = out->data[low];
        out->data[low++] = out->data[--high];
        out->data[high] = swap;
    }
}

/* ---- applied directives ---- */

const sgc_ast_directive *sgc_directive_on(const sgc_ast_directive *directives, const char *name)
{
    sgc_str wanted = sgc_str_from(name);

    for (; directives; directives = directives->next)
        if (sgc_str_eq(directives->name.text, wanted)) return directives;
    return NULL;
}

const sgc_ast_value *sgc_directive_argument(const sgc_ast_directive *directive, const char *name)
{
    sgc_str wanted = sgc_str_from(name);

    for (const sgc_ast_argument *at = directive->arguments; at; at = at->next)
        if (sgc_str_eq(at->name.text, wanted)) return at->value;
    return NULL;
}
