/*
 * diff.c - what a change of the schema does to its clients: breaking and dangerous changes, in the
 * reference implementation's words.
 */
#include "lang/types_internal.h"

#include <stdlib.h>

enum severity { BREAKING, DANGEROUS };

struct diff {
    const sgc_type_system *before, *after;
    sgc_arena *arena;
    sgc_arena scratch;
    sgc_buf text; /* of the change being reported */
    enum severity severity;
    sgc_str *changes[2];
    size_t count[2], capacity[2];
    bool no_memory;
};

/* ---- reporting: begin, append to diff->text, end ---- */

static sgc_buf *begin(struct diff *diff, enum severity severity, const char *kind)
{
    diff->severity = severity;
    diff->text.size = 0;
    sgc_buf_printf(&diff->text, "%s %s: ", severity == BREAKING ? "breaking" : "dangerous", kind);
    return &diff->text;
}

static void end(struct diff *diff)
{
    enum severity at = diff->severity;
    sgc_str change = sgc_arena_str(diff->arena, sgc_buf_as_str(&diff->text));

    if (diff->text.failed || !change.data ||
        !SGC_ARENA_GROW(diff->arena, diff->changes[at], diff->count[at], diff->capacity[at]))
        diff->no_memory = true;
    else
        diff->changes[at][diff->count[at]++] = change;
}

static void end_with(struct diff *diff, const char *text)
{
    sgc_buf_text(&diff->text, text);
    end(diff);
}

static void put_types(struct diff *diff, const sgc_type_ref *before, const sgc_type_ref *after)
{
    sgc_buf_text(&diff->text, " from ");
    sgc_type_ref_print(before, &diff->text);
    sgc_buf_text(&diff->text, " to ");
    sgc_type_ref_print(after, &diff->text);
    end_with(diff, ".");
}

/* ---- which changes of a type are safe ---- */

/* What is answered may become stricter: non-null where it was not. */
static bool is_safe_output(const sgc_type_ref *before, const sgc_type_ref *after)
{
    for (;;) {
        if (after->kind == SGC_TYPE_NON_NULL) {
            if (before->kind == SGC_TYPE_NON_NULL) before = before->inner;
            after = after->inner;
        } else if (before->kind != after->kind) {
            return false;
        } else if (before->kind == SGC_TYPE_NAMED) {
            return sgc_str_eq(before->named->name, after->named->name);
        } else {
            before = before->inner;
            after = after->inner;
        }
    }
}

/* What is asked for may become laxer. */
static bool is_safe_input(const sgc_type_ref *before, const sgc_type_ref *after)
{
    return is_safe_output(after, before);
}

/* ---- default values, their fields sorted ---- */

struct sorted {
    sgc_ast_argument *field;
    size_t index;
};

static int compare_fields(const void *left, const void *right)
{
    const struct sorted *a = left, *b = right;
    int order = sgc_natural_compare(a->field->name.text, b->field->name.text);

    return order ? order : (a->index > b->index) - (a->index < b->index);
}

static sgc_ast_value *sort_value(struct diff *diff, const sgc_ast_value *value);

static sgc_ast_argument *sort_fields(struct diff *diff, const sgc_ast_argument *fields)
{
    size_t count = 0;
    sgc_ast_argument *first = NULL;

    for (const sgc_ast_argument *at = fields; at; at = at->next)
        count++;
    struct sorted *sorted = sgc_arena_zero(&diff->scratch, count, sizeof *sorted);
    if (!sorted) {
        diff->no_memory = true;
        return NULL;
    }
    for (size_t i = 0; i < count; i++, fields = fields->next) {
        sgc_ast_argument *copy = sgc_arena_alloc(&diff->scratch, sizeof *copy);
        if (!copy) diff->no_memory = true;
        if (!copy) return NULL;
        *copy = *fields;
        copy->value = sort_value(diff, fields->value);
        sorted[i] = (struct sorted){copy, i};
    }
    qsort(sorted, count, sizeof *sorted, compare_fields);
    for (size_t i = count; i > 0; i--) {
        sorted[i - 1].field->next = first;
        first = sorted[i - 1].field;
    }
    return first;
}

/* As deep as the literal is nested. */
static sgc_ast_value *sort_value(struct diff *diff, const sgc_ast_value *value)
{
    sgc_ast_value *copy = sgc_arena_alloc(&diff->scratch, sizeof *copy);

    if (!copy) {
        diff->no_memory = true;
        return NULL;
    }
    *copy = *value;
    if (value->kind == SGC_VALUE_OBJECT) copy->fields = sort_fields(diff, value->fields);
    if (value->kind != SGC_VALUE_LIST) return copy;
    sgc_ast_value **tail = &copy->items;
    for (const sgc_ast_value *at = value->items; at && !diff->no_memory; at = at->next) {
        *tail = sort_value(diff, at);
        if (*tail) tail = &(*tail)->next;
    }
    return copy;
}

static void print_default(struct diff *diff, const sgc_input_def *input, sgc_buf *out)
{
    sgc_ast_value *sorted = sort_value(diff, input->default_value);

    if (sorted && !diff->no_memory) sgc_print_value(sorted, out);
    if (out->failed) diff->no_memory = true;
}

/* ---- arguments and input fields ---- */

/* Where an input value stands: "Type", "Type.field" or "@directive", and how it is spoken of. */
struct owner {
    struct diff *diff;
    sgc_str type, field; /* field null for directives and input types */
    bool argument;
};

static void put_coordinate(const struct owner *owner, sgc_str name)
{
    if (owner->argument)
        sgc_types_print_coordinate(&owner->diff->text, owner->type, owner->field, name);
    else
        sgc_types_print_coordinate(&owner->diff->text, owner->type, name, sgc_str_of(NULL, 0));
}

static void compare_defaults(const struct owner *owner, const sgc_input_def *before,
                             const sgc_input_def *after)
{
    struct diff *diff = owner->diff;
    const char *kind =
        owner->argument ? "ARG_DEFAULT_VALUE_CHANGE" : "INPUT_FIELD_DEFAULT_VALUE_CHANGE";
    sgc_buf old = {0}, new = {0};

    if (!before->default_value) return;
    if (!after->default_value) {
        begin(diff, DANGEROUS, kind);
        put_coordinate(owner, before->name);
        end_with(diff, " defaultValue was removed.");
        return;
    }
    print_default(diff, before, &old);
    print_default(diff, after, &new);
    if (!sgc_str_eq(sgc_buf_as_str(&old), sgc_buf_as_str(&new))) {
        sgc_buf *text = begin(diff, DANGEROUS, kind);
        put_coordinate(owner, before->name);
        sgc_buf_text(text, " has changed defaultValue from ");
        sgc_buf_str(text, sgc_buf_as_str(&old));
        sgc_buf_text(text, " to ");
        sgc_buf_str(text, sgc_buf_as_str(&new));
        end_with(diff, ".");
    }
    sgc_buf_free(&old);
    sgc_buf_free(&new);
}

static void compare_input(const struct owner *owner, const sgc_input_def *before,
                          const sgc_input_def *after)
{
    struct diff *diff = owner->diff;

    if (is_safe_input(before->type, after->type)) {
        compare_defaults(owner, before, after);
        return;
    }
    begin(diff, BREAKING, owner->argument ? "ARG_CHANGED_KIND" : "FIELD_CHANGED_KIND");
    sgc_buf_text(&diff->text, owner->argument ? "Argument " : "Field ");
    put_coordinate(owner, after->name);
    sgc_buf_text(&diff->text, owner->argument ? " has changed type" : " changed type");
    put_types(diff, before->type, after->type);
}

static void input_removed(const struct owner *owner, const sgc_input_def *input, const char *kind)
{
    begin(owner->diff, BREAKING, kind);
    sgc_buf_text(&owner->diff->text, owner->argument ? "Argument " : "Field ");
    put_coordinate(owner, input->name);
    end_with(owner->diff, " was removed.");
}

/* optional: NULL when an addition that need not be given is safe. */
static void input_added(const struct owner *owner, const sgc_input_def *input, const char *required,
                        const char *optional)
{
    bool must = sgc_input_is_required(input);

    if (!must && !optional) return;
    begin(owner->diff, must ? BREAKING : DANGEROUS, must ? required : optional);
    sgc_buf_text(&owner->diff->text, must ? "A required " : "An optional ");
    sgc_buf_text(&owner->diff->text, owner->argument ? "argument " : "field ");
    put_coordinate(owner, input->name);
    end_with(owner->diff, " was added.");
}

/* Inputs of before and after by name. */
struct inputs {
    const sgc_input_def *items;
    size_t count;
    sgc_map map; /* when they are many */
};

enum { FEW = 16 };

static struct inputs inputs_of(struct diff *diff, const sgc_input_def *items, size_t count)
{
    struct inputs inputs = {.items = items, .count = count, .map = {.arena = &diff->scratch}};

    for (size_t i = 0; count > FEW && i < count; i++)
        if (!sgc_map_put(&inputs.map, items[i].name, (void *)(uintptr_t)&items[i]))
            diff->no_memory = true;
    return inputs;
}

static const sgc_input_def *find(const struct inputs *inputs, sgc_str name)
{
    if (inputs->map.count) return sgc_map_get(&inputs->map, name);
    return sgc_input_find(inputs->items, inputs->count, name);
}

struct kinds {
    const char *removed, *required, *optional;
};

static void compare_inputs(const struct owner *owner, const struct inputs *before,
                           const struct inputs *after, const struct kinds *kinds)
{
    for (size_t i = 0; i < before->count; i++)
        if (!find(after, before->items[i].name))
            input_removed(owner, &before->items[i], kinds->removed);
    for (size_t i = 0; i < before->count; i++) {
        const sgc_input_def *same = find(after, before->items[i].name);
        if (same) compare_input(owner, &before->items[i], same);
    }
    for (size_t i = 0; i < after->count; i++)
        if (!find(before, after->items[i].name))
            input_added(owner, &after->items[i], kinds->required, kinds->optional);
}

/* ---- types ---- */

static const char *kind_words(sgc_named_kind kind)
{
    static const char *const words[] = {"a Scalar type", "an Object type", "an Interface type",
                                        "a Union type",  "an Enum type",   "an Input type"};

    return words[kind];
}

static void compare_fields_of(struct diff *diff, const sgc_named_type *before,
                              const sgc_named_type *after)
{
    static const struct kinds kinds = {"ARG_REMOVED", "REQUIRED_ARG_ADDED", "OPTIONAL_ARG_ADDED"};

    for (size_t i = 0; i < before->field_count; i++) {
        const sgc_field_def *old = &before->fields[i];
        const sgc_field_def *new = sgc_field_find(after, old->name);
        if (!new) {
            begin(diff, BREAKING, "FIELD_REMOVED");
            sgc_buf_printf(&diff->text, "Field " SGC_FMT "." SGC_FMT, SGC_ARG(before->name),
                           SGC_ARG(old->name));
            end_with(diff, " was removed.");
            continue;
        }
        struct owner owner = {diff, before->name, old->name, true};
        struct inputs left = inputs_of(diff, old->arguments, old->argument_count);
        struct inputs right = inputs_of(diff, new->arguments, new->argument_count);
        compare_inputs(&owner, &left, &right, &kinds);
        if (is_safe_output(old->type, new->type)) continue;
        begin(diff, BREAKING, "FIELD_CHANGED_KIND");
        sgc_buf_printf(&diff->text, "Field " SGC_FMT "." SGC_FMT " changed type",
                       SGC_ARG(after->name), SGC_ARG(new->name));
        put_types(diff, old->type, new->type);
    }
}

static void compare_input_types(struct diff *diff, const sgc_named_type *before,
                                const sgc_named_type *after)
{
    static const struct kinds kinds = {"FIELD_REMOVED", "REQUIRED_INPUT_FIELD_ADDED",
                                       "OPTIONAL_INPUT_FIELD_ADDED"};
    struct owner owner = {diff, before->name, sgc_str_of(NULL, 0), false};
    struct inputs old = inputs_of(diff, before->inputs, before->input_count);
    struct inputs new = inputs_of(diff, after->inputs, after->input_count);

    compare_inputs(&owner, &old, &new, &kinds);
}

static void compare_enums(struct diff *diff, const sgc_named_type *before,
                          const sgc_named_type *after)
{
    for (size_t i = 0; i < after->value_count; i++) {
        if (sgc_enum_value_find(before, after->values[i].name)) continue;
        begin(diff, DANGEROUS, "VALUE_ADDED_TO_ENUM");
        sgc_buf_printf(&diff->text, "Enum value " SGC_FMT "." SGC_FMT " was added.",
                       SGC_ARG(after->name), SGC_ARG(after->values[i].name));
        end(diff);
    }
    for (size_t i = 0; i < before->value_count; i++) {
        if (sgc_enum_value_find(after, before->values[i].name)) continue;
        begin(diff, BREAKING, "VALUE_REMOVED_FROM_ENUM");
        sgc_buf_printf(&diff->text, "Enum value " SGC_FMT "." SGC_FMT " was removed.",
                       SGC_ARG(before->name), SGC_ARG(before->values[i].name));
        end(diff);
    }
}

/* Members of unions and interfaces of types: calls `missing` for each that only `types` has. */
typedef void missing_fn(struct diff *diff, sgc_str member, sgc_str owner);

static void only_in(struct diff *diff, struct sgc_named_type *const *types, size_t count,
                    struct sgc_named_type *const *others, size_t other_count, sgc_str owner,
                    missing_fn *missing)
{
    sgc_map names = {.arena = &diff->scratch};

    for (size_t i = 0; i < other_count; i++)
        if (!sgc_map_put(&names, others[i]->name, others[i])) diff->no_memory = true;
    for (size_t i = 0; i < count; i++)
        if (!sgc_map_get(&names, types[i]->name)) missing(diff, types[i]->name, owner);
}

static void member_added(struct diff *diff, sgc_str member, sgc_str owner)
{
    begin(diff, DANGEROUS, "TYPE_ADDED_TO_UNION");
    sgc_buf_printf(&diff->text, SGC_FMT " was added to union type " SGC_FMT ".", SGC_ARG(member),
                   SGC_ARG(owner));
    end(diff);
}

static void member_removed(struct diff *diff, sgc_str member, sgc_str owner)
{
    begin(diff, BREAKING, "TYPE_REMOVED_FROM_UNION");
    sgc_buf_printf(&diff->text, SGC_FMT " was removed from union type " SGC_FMT ".",
                   SGC_ARG(member), SGC_ARG(owner));
    end(diff);
}

static void interface_added(struct diff *diff, sgc_str interface, sgc_str owner)
{
    begin(diff, DANGEROUS, "IMPLEMENTED_INTERFACE_ADDED");
    sgc_buf_printf(&diff->text, SGC_FMT " added to interfaces implemented by " SGC_FMT ".",
                   SGC_ARG(interface), SGC_ARG(owner));
    end(diff);
}

static void interface_removed(struct diff *diff, sgc_str interface, sgc_str owner)
{
    begin(diff, BREAKING, "IMPLEMENTED_INTERFACE_REMOVED");
    sgc_buf_printf(&diff->text, SGC_FMT " no longer implements interface " SGC_FMT ".",
                   SGC_ARG(owner), SGC_ARG(interface));
    end(diff);
}

static void compare_types(struct diff *diff, const sgc_named_type *before,
                          const sgc_named_type *after)
{
    if (before->kind != after->kind) {
        begin(diff, BREAKING, "TYPE_CHANGED_KIND");
        sgc_buf_printf(&diff->text, SGC_FMT " changed from %s to %s.", SGC_ARG(before->name),
                       kind_words(before->kind), kind_words(after->kind));
        end(diff);
        return;
    }
    if (before->kind == SGC_NAMED_ENUM) compare_enums(diff, before, after);
    if (before->kind == SGC_NAMED_INPUT) compare_input_types(diff, before, after);
    if (before->kind == SGC_NAMED_UNION) {
        only_in(diff, after->members, after->member_count, before->members, before->member_count,
                before->name, member_added);
        only_in(diff, before->members, before->member_count, after->members, after->member_count,
                before->name, member_removed);
    }
    if (before->kind != SGC_NAMED_OBJECT && before->kind != SGC_NAMED_INTERFACE) return;
    compare_fields_of(diff, before, after);
    only_in(diff, after->interfaces, after->interface_count, before->interfaces,
            before->interface_count, before->name, interface_added);
    only_in(diff, before->interfaces, before->interface_count, after->interfaces,
            after->interface_count, before->name, interface_removed);
}

static const sgc_named_type *listed(const sgc_type_system *system, sgc_str name)
{
    const sgc_named_type *type = sgc_type_find(system, name);

    return type && type->index < system->listed_type_count ? type : NULL;
}

static void compare_all_types(struct diff *diff)
{
    const sgc_type_system *before = diff->before;

    for (size_t i = 0; i < before->listed_type_count; i++) {
        const sgc_named_type *type = before->types[i];
        if (listed(diff->after, type->name)) continue;
        begin(diff, BREAKING, "TYPE_REMOVED");
        sgc_buf_printf(&diff->text,
                       type->built_in ? "Standard scalar " SGC_FMT
                                        " was removed because it is not referenced anymore."
                                      : SGC_FMT " was removed.",
                       SGC_ARG(type->name));
        end(diff);
    }
    for (size_t i = 0; i < before->listed_type_count && !diff->no_memory; i++) {
        const sgc_named_type *same = listed(diff->after, before->types[i]->name);
        if (same) compare_types(diff, before->types[i], same);
        sgc_arena_reset(&diff->scratch);
    }
}

/* ---- directives ---- */

static const sgc_directive_def *listed_directive(const sgc_type_system *system, sgc_str name)
{
    const sgc_directive_def *directive = sgc_directive_find(system, name);

    return directive && !directive->prelude ? directive : NULL;
}

static void compare_directives(struct diff *diff, const sgc_directive_def *before,
                               const sgc_directive_def *after)
{
    static const struct kinds kinds = {"DIRECTIVE_ARG_REMOVED", "REQUIRED_DIRECTIVE_ARG_ADDED",
                                       NULL};
    sgc_str name = sgc_arena_printf(diff->arena, "@" SGC_FMT, SGC_ARG(before->name));
    struct owner owner = {diff, name, sgc_str_of(NULL, 0), true};
    struct inputs old = inputs_of(diff, before->arguments, before->argument_count);
    struct inputs new = inputs_of(diff, after->arguments, after->argument_count);

    if (!name.data) diff->no_memory = true;
    compare_inputs(&owner, &old, &new, &kinds);
    if (before->repeatable && !after->repeatable) {
        begin(diff, BREAKING, "DIRECTIVE_REPEATABLE_REMOVED");
        sgc_buf_printf(&diff->text, "Repeatable flag was removed from " SGC_FMT ".", SGC_ARG(name));
        end(diff);
    }
    for (size_t i = 0; i < before->location_count; i++) {
        sgc_ast_name_item location = {.name = {.text = before->locations[i]}};
        if (sgc_types_location_set(&location) & after->location_set) continue;
        begin(diff, BREAKING, "DIRECTIVE_LOCATION_REMOVED");
        sgc_buf_printf(&diff->text, SGC_FMT " was removed from " SGC_FMT ".",
                       SGC_ARG(before->locations[i]), SGC_ARG(name));
        end(diff);
    }
}

static void compare_all_directives(struct diff *diff)
{
    const sgc_type_system *before = diff->before;

    for (size_t i = 0; i < before->listed_directive_count && !diff->no_memory; i++) {
        const sgc_directive_def *directive = before->directives[i];
        const sgc_directive_def *same = listed_directive(diff->after, directive->name);
        if (same) {
            compare_directives(diff, directive, same);
            continue;
        }
        begin(diff, BREAKING, "DIRECTIVE_REMOVED");
        sgc_buf_printf(&diff->text, "Directive @" SGC_FMT " was removed.",
                       SGC_ARG(directive->name));
        end(diff);
    }
}

sgc_status sgc_type_system_diff(const sgc_type_system *before, const sgc_type_system *after,
                                sgc_arena *arena, sgc_str **changes, size_t *change_count)
{
    struct diff diff = {.before = before, .after = after, .arena = arena};

    compare_all_types(&diff);
    if (!diff.no_memory) compare_all_directives(&diff);
    *change_count = diff.count[BREAKING] + diff.count[DANGEROUS];
    *changes = sgc_arena_zero(arena, *change_count, sizeof **changes);
    for (size_t i = 0; *changes && i < *change_count; i++)
        (*changes)[i] = i < diff.count[BREAKING]
                            ? diff.changes[BREAKING][i]
                            : diff.changes[DANGEROUS][i - diff.count[BREAKING]];
    if (!*changes) diff.no_memory = true;
    sgc_arena_free(&diff.scratch);
    sgc_buf_free(&diff.text);
    return diff.no_memory ? SGC_NO_MEMORY : SGC_OK;
}
