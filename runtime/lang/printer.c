/*
 * printer.c - trees as canonical text, byte for byte what graphql-js prints. Lists of arguments and
 * values go on one line when they fit; how much fits is measured only up to the limit, so nested
 * lists cost no more than flat ones. The minimal form of a text is minify.c.
 */
#include "lang/lexer.h"

enum { LINE_MAX = 80, INDENT = 2 };

struct printer {
    sgc_buf *out;
    size_t indent;
    sgc_buf scratch; /* strings on trial */
};

static void text(struct printer *p, const char *words)
{
    sgc_buf_text(p->out, words);
}

static void line_break(struct printer *p)
{
    sgc_buf_byte(p->out, '\n');
    for (size_t i = 0; i < p->indent; i++)
        sgc_buf_byte(p->out, ' ');
}

static void open(struct printer *p, const char *words)
{
    text(p, words);
    p->indent += INDENT;
    line_break(p);
}

static void close(struct printer *p, const char *words)
{
    p->indent -= INDENT;
    line_break(p);
    text(p, words);
}

/* ---- measuring ---- */

static void print_string(const sgc_ast_value *value, size_t indent, sgc_buf *out)
{
    if (value->block)
        sgc_block_string_print(value->text, indent, false, out);
    else
        sgc_string_print(value->text, out);
}

/* The literal of a string, valid until the next call. */
static sgc_str string_literal(struct printer *p, const sgc_ast_value *value)
{
    p->scratch.size = 0;
    print_string(value, 0, &p->scratch);
    if (p->scratch.failed) p->out->failed = true;
    return sgc_buf_as_str(&p->scratch);
}

static size_t value_width(struct printer *p, const sgc_ast_value *value, size_t enough);

/* The width of `name: value, ...`; anything from `enough` up means "too wide". */
static size_t arguments_width(struct printer *p, const sgc_ast_argument *first, size_t enough)
{
    size_t width = 0;

    for (const sgc_ast_argument *item = first; item && width < enough; item = item->next) {
        width += (item == first ? 0 : 2) + item->name.text.size + 2;
        if (width < enough) width += value_width(p, item->value, enough - width);
    }
    return width;
}

static size_t value_width(struct printer *p, const sgc_ast_value *value, size_t enough)
{
    size_t width = 2;

    switch (value->kind) {
    case SGC_VALUE_VARIABLE:
        return 1 + value->text.size;
    case SGC_VALUE_STRING:
        /* No UTF-16 unit takes more than three bytes. */
        if (value->text.size / 3 >= enough) return enough;
        return sgc_utf16_length(string_literal(p, value));
    case SGC_VALUE_LIST:
        for (const sgc_ast_value *item = value->items; item && width < enough; item = item->next) {
            width += item == value->items ? 0 : 2;
            if (width < enough) width += value_width(p, item, enough - width);
        }
        return width;
    case SGC_VALUE_OBJECT:
        return 4 + arguments_width(p, value->fields, enough > 4 ? enough - 4 : 0);
    case SGC_VALUE_INT:
    case SGC_VALUE_FLOAT:
    case SGC_VALUE_BOOLEAN:
    case SGC_VALUE_NULL:
    case SGC_VALUE_ENUM:
    default:
        return value->text.size;
    }
}

static bool too_wide(struct printer *p, const sgc_ast_value *value)
{
    return value_width(p, value, LINE_MAX + 1) > LINE_MAX;
}

static bool takes_lines(struct printer *p, const sgc_ast_value *value);

static bool arguments_take_lines(struct printer *p, const sgc_ast_argument *arguments)
{
    for (; arguments; arguments = arguments->next)
        if (takes_lines(p, arguments->value)) return true;
    return false;
}

/* Whether a value is printed on more than one line. */
static bool takes_lines(struct printer *p, const sgc_ast_value *value)
{
    if (value->kind == SGC_VALUE_STRING && value->block) {
        sgc_str literal = string_literal(p, value);
        return memchr(literal.data, '\n', literal.size) != NULL;
    }
    if (value->kind != SGC_VALUE_LIST && value->kind != SGC_VALUE_OBJECT) return false;
    if (too_wide(p, value)) return true;
    for (const sgc_ast_value *item = value->items; item; item = item->next)
        if (takes_lines(p, item)) return true;
    return arguments_take_lines(p, value->fields);
}

static bool directives_take_lines(struct printer *p, const sgc_ast_directive *directives)
{
    for (; directives; directives = directives->next)
        if (arguments_take_lines(p, directives->arguments)) return true;
    return false;
}

static bool inputs_take_lines(struct printer *p, const sgc_ast_input_value *input)
{
    for (; input; input = input->next)
        if (input->description || (input->default_value && takes_lines(p, input->default_value)) ||
            directives_take_lines(p, input->directives))
            return true;
    return false;
}

static bool variables_take_lines(struct printer *p, const sgc_ast_variable *variable)
{
    for (; variable; variable = variable->next)
        if (variable->description ||
            (variable->default_value && takes_lines(p, variable->default_value)) ||
            directives_take_lines(p, variable->directives))
            return true;
    return false;
}

/* ---- values, types, directives ---- */

static void print_value(struct printer *p, const sgc_ast_value *value);

static void print_argument(struct printer *p, const sgc_ast_argument *argument)
{
    sgc_buf_str(p->out, argument->name.text);
    text(p, ": ");
    print_value(p, argument->value);
}

static void print_arguments(struct printer *p, const sgc_ast_argument *first, bool lines)
{
    for (const sgc_ast_argument *item = first; item; item = item->next) {
        if (item != first && lines) line_break(p);
        if (item != first && !lines) text(p, ", ");
        print_argument(p, item);
    }
}

static void print_list(struct printer *p, const sgc_ast_value *list)
{
    bool lines = too_wide(p, list);

    if (lines)
        open(p, "[");
    else
        text(p, "[");
    for (const sgc_ast_value *item = list->items; item; item = item->next) {
        if (item != list->items && lines) line_break(p);
        if (item != list->items && !lines) text(p, ", ");
        print_value(p, item);
    }
    if (lines)
        close(p, "]");
    else
        text(p, "]");
}

static void print_object(struct printer *p, const sgc_ast_value *object)
{
    bool lines = too_wide(p, object);

    if (lines)
        open(p, "{");
    else
        text(p, "{ ");
    print_arguments(p, object->fields, lines);
    if (lines)
        close(p, "}");
    else
        text(p, " }");
}

static void print_value(struct printer *p, const sgc_ast_value *value)
{
    if (value->kind == SGC_VALUE_LIST) {
        print_list(p, value);
    } else if (value->kind == SGC_VALUE_OBJECT) {
        print_object(p, value);
    } else if (value->kind == SGC_VALUE_STRING) {
        print_string(value, p->indent, p->out);
    } else {
        if (value->kind == SGC_VALUE_VARIABLE) text(p, "$");
        sgc_buf_str(p->out, value->text);
    }
}

void sgc_print_type(const sgc_ast_type *type, sgc_buf *out)
{
    if (type->kind == SGC_TYPE_NAMED) {
        sgc_buf_str(out, type->name.text);
        return;
    }
    if (type->kind == SGC_TYPE_LIST) sgc_buf_byte(out, '[');
    sgc_print_type(type->inner, out);
    sgc_buf_byte(out, type->kind == SGC_TYPE_LIST ? ']' : '!');
}

/* Each directive behind a space. */
static void print_directives(struct printer *p, const sgc_ast_directive *directive)
{
    for (; directive; directive = directive->next) {
        text(p, " @");
        sgc_buf_str(p->out, directive->name.text);
        if (!directive->arguments) continue;
        text(p, "(");
        print_arguments(p, directive->arguments, false);
        text(p, ")");
    }
}

static void print_description(struct printer *p, const sgc_ast_value *description)
{
    if (!description) return;
    print_value(p, description);
    line_break(p);
}

static void print_default(struct printer *p, const sgc_ast_value *value)
{
    if (!value) return;
    text(p, " = ");
    print_value(p, value);
}

/* ---- executable definitions ---- */

static void print_selections(struct printer *p, const sgc_ast_selection *first);

static void print_field_arguments(struct printer *p, const sgc_ast_selection *field)
{
    size_t alias = field->alias.text.data ? field->alias.text.size + 2 : 0;
    size_t width = alias + field->name.text.size + 2;

    if (!field->arguments) return;
    width += arguments_width(p, field->arguments, LINE_MAX + 1);
    if (width > LINE_MAX) {
        open(p, "(");
        print_arguments(p, field->arguments, true);
        close(p, ")");
    } else {
        text(p, "(");
        print_arguments(p, field->arguments, false);
        text(p, ")");
    }
}

static void print_field(struct printer *p, const sgc_ast_selection *field)
{
    if (field->alias.text.data) {
        sgc_buf_str(p->out, field->alias.text);
        text(p, ": ");
    }
    sgc_buf_str(p->out, field->name.text);
    print_field_arguments(p, field);
}

static void print_selection(struct printer *p, const sgc_ast_selection *selection)
{
    if (selection->kind == SGC_SELECTION_FIELD) {
        print_field(p, selection);
    } else {
        text(p, "...");
        if (selection->kind == SGC_SELECTION_INLINE && selection->name.text.data) text(p, " on ");
        sgc_buf_str(p->out, selection->name.text);
    }
    print_directives(p, selection->directives);
    if (selection->selections_span.end > selection->selections_span.start) {
        text(p, " ");
        print_selections(p, selection->selections);
    }
}

static void print_selections(struct printer *p, const sgc_ast_selection *first)
{
    if (!first) {
        text(p, "{}");
        return;
    }
    open(p, "{");
    for (const sgc_ast_selection *item = first; item; item = item->next) {
        if (item != first) line_break(p);
        print_selection(p, item);
    }
    close(p, "}");
}

static void print_variable(struct printer *p, const sgc_ast_variable *variable)
{
    print_description(p, variable->description);
    text(p, "$");
    sgc_buf_str(p->out, variable->name.text);
    text(p, ": ");
    sgc_print_type(variable->type, p->out);
    print_default(p, variable->default_value);
    print_directives(p, variable->directives);
}

static void print_variables(struct printer *p, const sgc_ast_variable *first)
{
    bool lines = variables_take_lines(p, first);

    if (!first) return;
    text(p, "(");
    for (const sgc_ast_variable *item = first; item; item = item->next) {
        if (lines) line_break(p);
        if (!lines && item != first) text(p, ", ");
        print_variable(p, item);
    }
    if (lines) line_break(p);
    text(p, ")");
}

static const char *operation_word(sgc_operation_kind operation)
{
    switch (operation) {
    case SGC_OPERATION_MUTATION:
        return "mutation";
    case SGC_OPERATION_SUBSCRIPTION:
        return "subscription";
    case SGC_OPERATION_QUERY:
    default:
        return "query";
    }
}

static void print_operation(struct printer *p, const sgc_ast_definition *node)
{
    bool bare = node->operation == SGC_OPERATION_QUERY && !node->description &&
                !node->name.text.data && !node->variables && !node->directives;

    if (!bare) {
        text(p, operation_word(node->operation));
        if (node->name.text.data || node->variables) text(p, " ");
        sgc_buf_str(p->out, node->name.text);
        print_variables(p, node->variables);
        print_directives(p, node->directives);
        text(p, " ");
    }
    print_selections(p, node->selections);
}

static void print_fragment(struct printer *p, const sgc_ast_definition *node)
{
    text(p, "fragment ");
    sgc_buf_str(p->out, node->name.text);
    text(p, " on ");
    sgc_buf_str(p->out, node->type_condition.text);
    print_directives(p, node->directives);
    text(p, " ");
    print_selections(p, node->selections);
}

/* ---- type system definitions ---- */

static void print_names(struct printer *p, const char *before, const sgc_ast_name_item *first,
                        const char *between)
{
    for (const sgc_ast_name_item *item = first; item; item = item->next) {
        text(p, item == first ? before : between);
        sgc_buf_str(p->out, item->name.text);
    }
}

static void print_input(struct printer *p, const sgc_ast_input_value *input)
{
    print_description(p, input->description);
    sgc_buf_str(p->out, input->name.text);
    text(p, ": ");
    sgc_print_type(input->type, p->out);
    print_default(p, input->default_value);
    print_directives(p, input->directives);
}

static void print_argument_definitions(struct printer *p, const sgc_ast_input_value *first)
{
    bool lines = inputs_take_lines(p, first);

    if (!first) return;
    if (lines)
        open(p, "(");
    else
        text(p, "(");
    for (const sgc_ast_input_value *item = first; item; item = item->next) {
        if (item != first && lines) line_break(p);
        if (item != first && !lines) text(p, ", ");
        print_input(p, item);
    }
    if (lines)
        close(p, ")");
    else
        text(p, ")");
}

static void print_roots(struct printer *p, const sgc_ast_root_operation *first)
{
    for (const sgc_ast_root_operation *item = first; item; item = item->next) {
        if (item == first)
            open(p, " {");
        else
            line_break(p);
        text(p, operation_word(item->operation));
        text(p, ": ");
        sgc_buf_str(p->out, item->type.text);
    }
    if (first) close(p, "}");
}

static void print_fields(struct printer *p, const sgc_ast_field *first)
{
    for (const sgc_ast_field *item = first; item; item = item->next) {
        if (item == first)
            open(p, " {");
        else
            line_break(p);
        print_description(p, item->description);
        sgc_buf_str(p->out, item->name.text);
        print_argument_definitions(p, item->arguments);
        text(p, ": ");
        sgc_print_type(item->type, p->out);
        print_directives(p, item->directives);
    }
    if (first) close(p, "}");
}

static void print_enum_values(struct printer *p, const sgc_ast_enum_value *first)
{
    for (const sgc_ast_enum_value *item = first; item; item = item->next) {
        if (item == first)
            open(p, " {");
        else
            line_break(p);
        print_description(p, item->description);
        sgc_buf_str(p->out, item->name.text);
        print_directives(p, item->directives);
    }
    if (first) close(p, "}");
}

static void print_input_fields(struct printer *p, const sgc_ast_input_value *first)
{
    for (const sgc_ast_input_value *item = first; item; item = item->next) {
        if (item == first)
            open(p, " {");
        else
            line_break(p);
        print_input(p, item);
    }
    if (first) close(p, "}");
}

static void print_directive_definition(struct printer *p, const sgc_ast_definition *node)
{
    text(p, "directive @");
    sgc_buf_str(p->out, node->name.text);
    print_argument_definitions(p, node->inputs);
    print_directives(p, node->directives);
    if (node->repeatable) text(p, " repeatable");
    print_names(p, " on ", node->members, " | ");
}

static void print_type_definition(struct printer *p, const char *keyword,
                                  const sgc_ast_definition *node)
{
    text(p, keyword);
    sgc_buf_str(p->out, node->name.text);
    print_names(p, " implements ", node->interfaces, " & ");
    print_directives(p, node->directives);
    if (node->kind == SGC_DEFINITION_UNION) print_names(p, " = ", node->members, " | ");
    print_roots(p, node->roots);
    print_fields(p, node->fields);
    print_enum_values(p, node->values);
    print_input_fields(p, node->inputs);
}

static void print_definition(struct printer *p, const sgc_ast_definition *node)
{
    print_description(p, node->description);
    if (node->extend) text(p, "extend ");
    switch (node->kind) {
    case SGC_DEFINITION_OPERATION:
        print_operation(p, node);
        break;
    case SGC_DEFINITION_FRAGMENT:
        print_fragment(p, node);
        break;
    case SGC_DEFINITION_SCHEMA:
        print_type_definition(p, "schema", node);
        break;
    case SGC_DEFINITION_SCALAR:
        print_type_definition(p, "scalar ", node);
        break;
    case SGC_DEFINITION_OBJECT:
        print_type_definition(p, "type ", node);
        break;
    case SGC_DEFINITION_INTERFACE:
        print_type_definition(p, "interface ", node);
        break;
    case SGC_DEFINITION_UNION:
        print_type_definition(p, "union ", node);
        break;
    case SGC_DEFINITION_ENUM:
        print_type_definition(p, "enum ", node);
        break;
    case SGC_DEFINITION_INPUT:
        print_type_definition(p, "input ", node);
        break;
    case SGC_DEFINITION_DIRECTIVE:
        print_directive_definition(p, node);
        break;
    }
}

void sgc_print_document(const sgc_document *document, sgc_buf *out)
{
    struct printer printer = {.out = out};

    for (const sgc_ast_definition *node = document->definitions; node; node = node->next) {
        if (node != document->definitions) text(&printer, "\n\n");
        print_definition(&printer, node);
    }
    sgc_buf_free(&printer.scratch);
}

void sgc_print_value(const sgc_ast_value *value, sgc_buf *out)
{
    struct printer printer = {.out = out};

    print_value(&printer, value);
    sgc_buf_free(&printer.scratch);
}
