/*
 * types_print.c - a type system as SDL, the way the reference implementation prints schemas:
 * extensions merged, applied directives other than the specified ones left out.
 */
#include "lang/types_internal.h"

/* ---- strings ---- */

/* Whether the lines of a block string would come back as they are. */
static bool is_block(sgc_str text)
{
    bool empty_line = true, indent = false, common_indent = true, seen_line = false;

    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte == '\n') {
            if (empty_line && !seen_line) return false;
            seen_line = empty_line = true;
            indent = false;
        } else if (byte == '\t' || byte == ' ') {
            indent = indent || empty_line;
        } else if (byte < 0x10) {
            return false;
        } else {
            common_indent = common_indent && indent;
            empty_line = false;
        }
    }
    if (text.size == 0) return true;
    return !empty_line && !(common_indent && seen_line);
}

static void print_string(sgc_buf *out, sgc_str text)
{
    sgc_ast_value value = {.kind = SGC_VALUE_STRING, .text = text};

    sgc_print_value(&value, out);
}

/* Puts the indentation behind each line end from `start` on: counts, makes room, moves from behind.
 */
static void indent_lines(sgc_buf *out, size_t start, const char *indent)
{
    size_t width = strlen(indent), lines = 0;

    for (size_t i = start; i < out->size; i++)
        lines += out->data[i] == '\n';
    if (!width || !lines || !sgc_buf_reserve(out, lines * width)) return;
    size_t to = out->size + lines * width;
    for (size_t from = out->size; from > start && to > from;) {
        char byte = out->data[--from];
        if (byte == '\n') memcpy(out->data + (to -= width), indent, width);
        out->data[--to] = byte;
    }
    out->size += lines * width;
}

static void print_description(sgc_buf *out, sgc_str text, const char *indent, bool first)
{
    sgc_ast_value value = {.kind = SGC_VALUE_STRING, .text = text, .block = is_block(text)};

    if (sgc_str_is_null(text)) return;
    if (*indent && !first) sgc_buf_byte(out, '\n');
    sgc_buf_text(out, indent);
    size_t start = out->size;
    sgc_print_value(&value, out);
    if (!out->failed) indent_lines(out, start, indent);
    sgc_buf_byte(out, '\n');
}

static void print_deprecation(sgc_buf *out, sgc_str reason)
{
    if (sgc_str_is_null(reason)) return;
    sgc_buf_text(out, " @deprecated");
    if (sgc_str_eq(reason, SGC_STR("No longer supported"))) return;
    sgc_buf_text(out, "(reason: ");
    print_string(out, reason);
    sgc_buf_byte(out, ')');
}

/* ---- members ---- */

static void print_input(sgc_buf *out, const sgc_input_def *input)
{
    sgc_buf_str(out, input->name);
    sgc_buf_text(out, ": ");
    sgc_type_ref_print(input->type, out);
    if (input->default_value) {
        sgc_buf_text(out, " = ");
        sgc_print_value(input->default_value, out);
    }
    print_deprecation(out, input->deprecation);
}

static void print_arguments(sgc_buf *out, const sgc_input_def *inputs, size_t count,
                            const char *indent)
{
    bool described = false;

    if (count == 0) return;
    for (size_t i = 0; i < count; i++)
        described = described || !sgc_str_is_null(inputs[i].description);
    sgc_buf_text(out, described ? "(\n" : "(");
    for (size_t i = 0; i < count; i++) {
        if (i) sgc_buf_text(out, described ? "\n" : ", ");
        if (described) {
            print_description(out, inputs[i].description, *indent ? "    " : "  ", i == 0);
            sgc_buf_printf(out, "  %s", indent);
        }
        print_input(out, &inputs[i]);
    }
    if (described) sgc_buf_printf(out, "\n%s", indent);
    sgc_buf_byte(out, ')');
}

static void open_block(sgc_buf *out, size_t count)
{
    if (count) sgc_buf_text(out, " {\n");
}

static void close_block(sgc_buf *out, size_t count)
{
    if (count) sgc_buf_byte(out, '}');
}

static void print_fields(sgc_buf *out, const sgc_named_type *type)
{
    open_block(out, type->field_count);
    for (size_t i = 0; i < type->field_count; i++) {
        const sgc_field_def *field = &type->fields[i];
        print_description(out, field->description, "  ", i == 0);
        sgc_buf_text(out, "  ");
        sgc_buf_str(out, field->name);
        print_arguments(out, field->arguments, field->argument_count, "  ");
        sgc_buf_text(out, ": ");
        sgc_type_ref_print(field->type, out);
        print_deprecation(out, field->deprecation);
        sgc_buf_byte(out, '\n');
    }
    close_block(out, type->field_count);
}

static void print_values(sgc_buf *out, const sgc_named_type *type)
{
    open_block(out, type->value_count);
    for (size_t i = 0; i < type->value_count; i++) {
        print_description(out, type->values[i].description, "  ", i == 0);
        sgc_buf_text(out, "  ");
        sgc_buf_str(out, type->values[i].name);
        print_deprecation(out, type->values[i].deprecation);
        sgc_buf_byte(out, '\n');
    }
    close_block(out, type->value_count);
}

static void print_input_fields(sgc_buf *out, const sgc_named_type *type)
{
    if (type->one_of) sgc_buf_text(out, " @oneOf");
    open_block(out, type->input_count);
    for (size_t i = 0; i < type->input_count; i++) {
        print_description(out, type->inputs[i].description, "  ", i == 0);
        sgc_buf_text(out, "  ");
        print_input(out, &type->inputs[i]);
        sgc_buf_byte(out, '\n');
    }
    close_block(out, type->input_count);
}

static void print_names(sgc_buf *out, struct sgc_named_type *const *types, size_t count,
                        const char *before, const char *between)
{
    for (size_t i = 0; i < count; i++) {
        sgc_buf_text(out, i ? between : before);
        sgc_buf_str(out, types[i]->name);
    }
}

/* ---- definitions ---- */

static void print_type(sgc_buf *out, const sgc_named_type *type)
{
    static const char *const words[] = {"scalar", "type", "interface", "union", "enum", "input"};

    print_description(out, type->description, "", true);
    sgc_buf_printf(out, "%s " SGC_FMT, words[type->kind], SGC_ARG(type->name));
    switch (type->kind) {
    case SGC_NAMED_SCALAR:
        if (sgc_str_is_null(type->specified_by)) break;
        sgc_buf_text(out, " @specifiedBy(url: ");
        print_string(out, type->specified_by);
        sgc_buf_byte(out, ')');
        break;
    case SGC_NAMED_OBJECT:
    case SGC_NAMED_INTERFACE:
        print_names(out, type->interfaces, type->interface_count, " implements ", " & ");
        print_fields(out, type);
        break;
    case SGC_NAMED_UNION:
        print_names(out, type->members, type->member_count, " = ", " | ");
        break;
    case SGC_NAMED_ENUM:
        print_values(out, type);
        break;
    case SGC_NAMED_INPUT:
        print_input_fields(out, type);
        break;
    }
}

static void print_directive(sgc_buf *out, const sgc_directive_def *directive)
{
    print_description(out, directive->description, "", true);
    sgc_buf_printf(out, "directive @" SGC_FMT, SGC_ARG(directive->name));
    print_arguments(out, directive->arguments, directive->argument_count, "");
    print_deprecation(out, directive->deprecation);
    if (directive->repeatable) sgc_buf_text(out, " repeatable");
    sgc_buf_text(out, " on ");
    for (size_t i = 0; i < directive->location_count; i++) {
        if (i) sgc_buf_text(out, " | ");
        sgc_buf_str(out, directive->locations[i]);
    }
}

static bool is_default_root(const sgc_type_system *system, const sgc_named_type *root,
                            const char *name)
{
    const sgc_named_type *type = sgc_type_find(system, sgc_str_from(name));

    return root == type;
}

static void print_root(sgc_buf *out, const char *operation, const sgc_named_type *type)
{
    if (type) sgc_buf_printf(out, "  %s: " SGC_FMT "\n", operation, SGC_ARG(type->name));
}

/* True when there was something to print. */
static bool print_schema(sgc_buf *out, const sgc_type_system *system)
{
    if (!system->query && !system->mutation && !system->subscription) return false;
    if (sgc_str_is_null(system->description) && is_default_root(system, system->query, "Query") &&
        is_default_root(system, system->mutation, "Mutation") &&
        is_default_root(system, system->subscription, "Subscription"))
        return false;
    print_description(out, system->description, "", true);
    sgc_buf_text(out, "schema {\n");
    print_root(out, "query", system->query);
    print_root(out, "mutation", system->mutation);
    print_root(out, "subscription", system->subscription);
    sgc_buf_byte(out, '}');
    return true;
}

static bool is_specified(sgc_str name)
{
    static const char *const names[] = {"include", "skip", "deprecated", "specifiedBy", "oneOf"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (sgc_str_eq(name, sgc_str_from(names[i]))) return true;
    return false;
}

void sgc_type_system_print(const sgc_type_system *system, sgc_buf *out)
{
    bool more = print_schema(out, system);

    for (size_t i = 0; i < system->listed_directive_count; i++) {
        if (is_specified(system->directives[i]->name)) continue;
        if (more) sgc_buf_text(out, "\n\n");
        print_directive(out, system->directives[i]);
        more = true;
    }
    for (size_t i = 0; i < system->listed_type_count; i++) {
        if (system->types[i]->built_in) continue;
        if (more) sgc_buf_text(out, "\n\n");
        print_type(out, system->types[i]);
        more = true;
    }
}
