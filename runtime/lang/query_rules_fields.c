/*
 * rules_fields.c - rules about fields, arguments, directives and the values they are given. Wording
 * as in graphql-js 17.1.
 */
#include "graphql/rules.h"

/* ---- fields ---- */

static bool has_field(const sgc_named_type *type, sgc_str name)
{
    return type->kind != SGC_NAMED_UNION && sgc_field_find(type, name) != NULL;
}

typedef struct candidate {
    const sgc_named_type *type;
    size_t uses;
} candidate;

/* Types with more uses first, then interfaces of others, then by name. */
static int compare_candidates(const candidate *a, const candidate *b)
{
    if (a->uses != b->uses) return a->uses > b->uses ? -1 : 1;
    if (a->type->kind == SGC_NAMED_INTERFACE && sgc_type_is_member(a->type, b->type)) return -1;
    if (b->type->kind == SGC_NAMED_INTERFACE && sgc_type_is_member(b->type, a->type)) return 1;
    return sgc_str_compare(a->type->name, b->type->name);
}

static void reverse(candidate *list, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        candidate swap = list[i];
        list[i] = list[count - 1 - i];
        list[count - 1 - i] = swap;
    }
}

/*
 * The comparison above is no order (it is not transitive), so the result depends on the algorithm:
 * the run at the start, turned round when it descends, then binary insertion, as V8 sorts.
 */
static void sort_candidates(candidate *list, size_t count)
{
    size_t run = 1;

    if (count < 2) return;
    bool down = compare_candidates(&list[1], &list[0]) < 0;
    while (run < count && (compare_candidates(&list[run], &list[run - 1]) < 0) == down)
        run++;
    if (down) reverse(list, run);
    for (size_t i = run; i < count; i++) {
        candidate moved = list[i];
        size_t left = 0, right = i;
        while (left < right) {
            size_t middle = left + (right - left) / 2;
            if (compare_candidates(&moved, &list[middle]) < 0) {
                right = middle;
            } else {
                left = middle + 1;
            }
        }
        memmove(&list[left + 1], &list[left], (i - left) * sizeof *list);
        list[left] = moved;
    }
}

static size_t add_candidate(candidate *list, size_t count, const sgc_named_type *type)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].type == type) {
            list[i].uses++;
            return count;
        }
    }
    list[count] = (candidate){.type = type, .uses = 1};
    return count + 1;
}

static size_t find_candidates(sgc_validator *v, const sgc_named_type *parent, sgc_str name,
                              candidate *list, size_t capacity)
{
    size_t count = 0;

    for (size_t i = 0; i < parent->member_count; i++) {
        const sgc_named_type *member = parent->members[i];
        if (!has_field(member, name)) continue;
        if (count + member->interface_count + 1 > capacity ||
            !sgc_validator_spend(v, count + member->interface_count))
            break;
        count = add_candidate(list, count, member);
        for (size_t f = 0; f < member->interface_count; f++) {
            if (has_field(member->interfaces[f], name))
                count = add_candidate(list, count, member->interfaces[f]);
        }
    }
    return count;
}

/* Types behind an interface or union on which an inline fragment would know the field. */
static sgc_str suggest_types(sgc_validator *v, const sgc_named_type *parent, sgc_str name)
{
    enum { CANDIDATES = 256 };
    candidate list[CANDIDATES];
    sgc_str best[SGC_SUGGESTIONS];
    sgc_buf text = {0};
    size_t count = find_candidates(v, parent, name, list, CANDIDATES), shown = 0;

    sort_candidates(list, count);
    for (; shown < SGC_SUGGESTIONS && shown < count; shown++)
        best[shown] = list[shown].type->name;
    if (count == 0) return SGC_STR("");
    sgc_did_you_mean("to use an inline fragment on", best, shown, &text);
    sgc_str kept = sgc_arena_str(&v->arena, sgc_buf_as_str(&text));
    sgc_buf_free(&text);
    if (kept.data) return kept;
    sgc_validator_stop(v, SGC_NO_MEMORY);
    return SGC_STR("");
}

static sgc_str suggest_fields(sgc_validator *v, const sgc_named_type *parent, sgc_str name)
{
    if (parent->kind == SGC_NAMED_UNION) return SGC_STR("");
    sgc_str *names = sgc_arena_zero(&v->arena, parent->field_count, sizeof *names);

    if (!names) {
        sgc_validator_stop(v, SGC_NO_MEMORY);
        return SGC_STR("");
    }
    for (size_t i = 0; i < parent->field_count; i++)
        names[i] = parent->fields[i].name;
    return sgc_rule_suggest(v, name, names, parent->field_count);
}

static void unknown_field(sgc_validator *v, const sgc_named_type *parent,
                          const sgc_ast_selection *field)
{
    sgc_str hint = SGC_STR("");

    if (parent->kind != SGC_NAMED_OBJECT) hint = suggest_types(v, parent, field->name.text);
    if (hint.size == 0) hint = suggest_fields(v, parent, field->name.text);
    sgc_rule_place(v,
                   sgc_report(v->diagnostics, "FieldsOnCorrectTypeRule",
                              "Cannot query field \"" SGC_FMT "\" on type \"" SGC_FMT "\"." SGC_FMT,
                              SGC_ARG(field->name.text), SGC_ARG(parent->name), SGC_ARG(hint)),
                   field->span);
}

static void leaf_or_not(sgc_validator *v, const sgc_ast_selection *field, const sgc_field_def *def)
{
    bool composite = sgc_is_composite(sgc_type_ref_named(def->type));
    bool selects = field->selections_span.end > field->selections_span.start;

    if (composite == selects) return;
    sgc_str type = sgc_rule_type(v, def->type);
    if (selects) {
        sgc_rule_place(v,
                       sgc_report(v->diagnostics, "ScalarLeafsRule",
                                  "Field \"" SGC_FMT
                                  "\" must not have a selection since type \"" SGC_FMT
                                  "\" has no subfields.",
                                  SGC_ARG(field->name.text), SGC_ARG(type)),
                       field->selections_span);
        return;
    }
    sgc_rule_place(v,
                   sgc_report(v->diagnostics, "ScalarLeafsRule",
                              "Field \"" SGC_FMT "\" of type \"" SGC_FMT
                              "\" must have a selection of subfields. Did you mean \"" SGC_FMT
                              " { ... }\"?",
                              SGC_ARG(field->name.text), SGC_ARG(type), SGC_ARG(field->name.text)),
                   field->span);
}

void sgc_rule_field(sgc_validator *v, const sgc_named_type *parent, const sgc_ast_selection *field,
                    const sgc_field_def *def)
{
    if (!def) {
        if (parent) unknown_field(v, parent, field);
        sgc_rule_arguments(v, "field", SGC_STR(""), NULL, 0, false, field->arguments, field->span);
        return;
    }
    leaf_or_not(v, field, def);
    sgc_str owner =
        sgc_arena_printf(&v->arena, SGC_FMT "." SGC_FMT, SGC_ARG(parent->name), SGC_ARG(def->name));
    if (!owner.data) {
        sgc_validator_stop(v, SGC_NO_MEMORY);
        return;
    }
    sgc_rule_arguments(v, "field", owner, def->arguments, def->argument_count, true,
                       field->arguments, field->span);
}

/* ---- arguments ---- */

static void unknown_argument(sgc_validator *v, const char *owner, sgc_str owner_name,
                             const sgc_input_def *defs, size_t count, const sgc_ast_argument *one)
{
    sgc_str *names = sgc_arena_zero(&v->arena, count, sizeof *names);

    if (!names) {
        sgc_validator_stop(v, SGC_NO_MEMORY);
        return;
    }
    for (size_t i = 0; i < count; i++)
        names[i] = defs[i].name;
    sgc_str hint = sgc_rule_suggest(v, one->name.text, names, count);
    sgc_rule_place(v,
                   sgc_report(v->diagnostics, "KnownArgumentNamesRule",
                              "Unknown argument \"" SGC_FMT "\" on %s \"" SGC_FMT "\"." SGC_FMT,
                              SGC_ARG(one->name.text), owner, SGC_ARG(owner_name), SGC_ARG(hint)),
                   one->span);
}

/* All arguments of one name are one error, at the first of them. */
static void unique_arguments(sgc_validator *v, const sgc_ast_argument *given)
{
    sgc_map known = {.arena = &v->arena};
    static char reported;

    for (const sgc_ast_argument *one = given; one; one = one->next) {
        const void *first = sgc_map_get(&known, one->name.text);
        const void *mark = first ? (const void *)&reported : (const void *)one;
        if (first == &reported) continue;
        if (first) {
            sgc_diagnostic *error = sgc_report(
                v->diagnostics, "UniqueArgumentNamesRule",
                "There can be only one argument named \"" SGC_FMT "\".", SGC_ARG(one->name.text));
            for (const sgc_ast_argument *same = first; same; same = same->next) {
                if (sgc_str_eq(same->name.text, one->name.text))
                    sgc_rule_place(v, error, same->name.span);
            }
        }
        union {
            const void *in;
            void *out;
        } pointer = {.in = mark};
        if (!sgc_map_put(&known, one->name.text, pointer.out)) sgc_validator_stop(v, SGC_NO_MEMORY);
    }
}

static const sgc_ast_argument *find_argument(const sgc_ast_argument *given, sgc_str name)
{
    for (; given; given = given->next) {
        if (sgc_str_eq(given->name.text, name)) return given;
    }
    return NULL;
}

static void required_arguments(sgc_validator *v, sgc_str owner_name, const sgc_input_def *defs,
                               size_t count, const sgc_ast_argument *given, sgc_span span)
{
    for (size_t i = 0; i < count; i++) {
        if (!sgc_input_is_required(&defs[i]) || find_argument(given, defs[i].name)) continue;
        sgc_str type = sgc_rule_type(v, defs[i].type);
        sgc_rule_place(v,
                       sgc_report(v->diagnostics, "ProvidedRequiredArgumentsRule",
                                  "Argument \"" SGC_FMT "(" SGC_FMT ":)\" of type \"" SGC_FMT
                                  "\" is required, but it was not provided.",
                                  SGC_ARG(owner_name), SGC_ARG(defs[i].name), SGC_ARG(type)),
                       span);
    }
}

void sgc_rule_arguments(sgc_validator *v, const char *owner, sgc_str owner_name,
                        const sgc_input_def *defs, size_t count, bool known,
                        const sgc_ast_argument *given, sgc_span span)
{
    unique_arguments(v, given);
    for (const sgc_ast_argument *one = given; one && v->status == SGC_OK; one = one->next) {
        const sgc_input_def *def = sgc_input_find(defs, count, one->name.text);
        if (!def && known) unknown_argument(v, owner, owner_name, defs, count, one);
        sgc_rule_value(v, one->value, def ? def->type : NULL, def && def->default_value);
    }
    if (known) required_arguments(v, owner_name, defs, count, given, span);
}

/* ---- directives ---- */

static void directive_place(sgc_validator *v, const sgc_ast_directive *one,
                            const sgc_directive_def *def, sgc_directive_location location)
{
    static const char *const names[] = {
        "QUERY",           "MUTATION",        "SUBSCRIPTION",       "FIELD", "FRAGMENT_DEFINITION",
        "FRAGMENT_SPREAD", "INLINE_FRAGMENT", "VARIABLE_DEFINITION"};
    sgc_diagnostic *error;

    if (!def) {
        error = sgc_report(v->diagnostics, "KnownDirectivesRule",
                           "Unknown directive \"@" SGC_FMT "\".", SGC_ARG(one->name.text));
    } else if (!(def->location_set & 1U << location)) {
        error = sgc_report(v->diagnostics, "KnownDirectivesRule",
                           "Directive \"@" SGC_FMT "\" may not be used on %s.",
                           SGC_ARG(one->name.text), names[location]);
    } else {
        return;
    }
    sgc_rule_place(v, error, one->span);
}

/* Each further use of a directive that may stand once is an error beside the first use. */
static void unique_directive(sgc_validator *v, sgc_map *known, const sgc_ast_directive *one)
{
    const sgc_ast_directive *first = sgc_map_get(known, one->name.text);
    union {
        const void *in;
        void *out;
    } pointer = {.in = one};

    if (!first) {
        if (!sgc_map_put(known, one->name.text, pointer.out)) sgc_validator_stop(v, SGC_NO_MEMORY);
        return;
    }
    sgc_diagnostic *error =
        sgc_report(v->diagnostics, "UniqueDirectivesPerLocationRule",
                   "The directive \"@" SGC_FMT "\" can only be used once at this location.",
                   SGC_ARG(one->name.text));
    sgc_rule_place(v, error, first->span);
    sgc_rule_place(v, error, one->span);
}

void sgc_rule_directives(sgc_validator *v, const sgc_ast_directive *directives,
                         sgc_directive_location location)
{
    sgc_map known = {.arena = &v->arena};

    for (const sgc_ast_directive *one = directives; one && v->status == SGC_OK; one = one->next) {
        const sgc_directive_def *def = sgc_directive_find(v->types, one->name.text);
        if (def && def->prelude) def = NULL;
        directive_place(v, one, def, location);
        if (def && !def->repeatable) unique_directive(v, &known, one);
        sgc_str owner = sgc_arena_printf(&v->arena, "@" SGC_FMT, SGC_ARG(one->name.text));
        if (!owner.data) {
            sgc_validator_stop(v, SGC_NO_MEMORY);
            return;
        }
        sgc_rule_arguments(v, "directive", owner, def ? def->arguments : NULL,
                           def ? def->argument_count : 0, def != NULL, one->arguments, one->span);
    }
}

/* ---- values ---- */

static void note_usage(sgc_validator *v, const sgc_usage *usage)
{
    sgc_part *part = v->part;

    if (!SGC_ARENA_GROW(&v->arena, part->usages, part->usage_count, part->usage_capacity)) {
        sgc_validator_stop(v, SGC_NO_MEMORY);
        return;
    }
    part->usages[part->usage_count++] = *usage;
}

static const sgc_type_ref *nullable(const sgc_type_ref *type)
{
    return type && type->kind == SGC_TYPE_NON_NULL ? type->inner : type;
}

static void find_variables(sgc_validator *v, const sgc_ast_value *value, const sgc_type_ref *type,
                           bool has_default, const sgc_named_type *one_of);

/* Each further field of one name is an error beside the first. */
static void unique_input_fields(sgc_validator *v, const sgc_ast_argument *fields)
{
    sgc_map known = {.arena = &v->arena};

    if (!fields || !fields->next) return;
    for (const sgc_ast_argument *one = fields; one; one = one->next) {
        const sgc_ast_argument *first = sgc_map_get(&known, one->name.text);
        union {
            const void *in;
            void *out;
        } pointer = {.in = one};
        if (!first) {
            if (!sgc_map_put(&known, one->name.text, pointer.out))
                sgc_validator_stop(v, SGC_NO_MEMORY);
            continue;
        }
        sgc_diagnostic *error = sgc_report(
            v->diagnostics, "UniqueInputFieldNamesRule",
            "There can be only one input field named \"" SGC_FMT "\".", SGC_ARG(one->name.text));
        sgc_rule_place(v, error, first->name.span);
        sgc_rule_place(v, error, one->name.span);
    }
}

static void find_in_object(sgc_validator *v, const sgc_ast_value *value, const sgc_type_ref *type)
{
    const sgc_named_type *input = NULL;

    if (type && type->kind == SGC_TYPE_NAMED && type->named->kind == SGC_NAMED_INPUT)
        input = type->named;
    unique_input_fields(v, value->fields);
    for (const sgc_ast_argument *one = value->fields; one && v->status == SGC_OK; one = one->next) {
        const sgc_input_def *def = input ? sgc_input_field_find(input, one->name.text) : NULL;
        find_variables(v, one->value, def ? def->type : NULL, def && def->default_value,
                       input && input->one_of ? input : NULL);
    }
}

static void find_variables(sgc_validator *v, const sgc_ast_value *value, const sgc_type_ref *type,
                           bool has_default, const sgc_named_type *one_of)
{
    if (value->kind == SGC_VALUE_VARIABLE) {
        sgc_usage usage = {
            .node = value, .type = type, .has_default = has_default, .one_of = one_of};
        note_usage(v, &usage);
        return;
    }
    const sgc_type_ref *bare = nullable(type);
    if (value->kind == SGC_VALUE_OBJECT) {
        while (bare && bare->kind == SGC_TYPE_LIST)
            bare = nullable(bare->inner);
        find_in_object(v, value, bare);
    }
    if (value->kind != SGC_VALUE_LIST) return;
    const sgc_type_ref *item = bare && bare->kind == SGC_TYPE_LIST ? bare->inner : NULL;
    for (const sgc_ast_value *one = value->items; one && v->status == SGC_OK; one = one->next)
        find_variables(v, one, item, false, NULL);
}

static void report_literal(void *user, const sgc_literal_error *error)
{
    sgc_validator *v = user;

    sgc_rule_place(
        v, sgc_report(v->diagnostics, "ValuesOfCorrectTypeRule", SGC_FMT, SGC_ARG(error->message)),
        error->span);
}

void sgc_rule_value(sgc_validator *v, const sgc_ast_value *value, const sgc_type_ref *type,
                    bool has_default)
{
    find_variables(v, value, type, has_default, NULL);
    if (!type || value->kind == SGC_VALUE_VARIABLE || v->status != SGC_OK) return;
    const sgc_named_type *named = sgc_type_ref_named(type);
    if (!named || !sgc_kind_is_input(named->kind)) return;
    sgc_status status = sgc_literal_check(value, type, &v->arena, &v->effort, report_literal, v);
    if (status != SGC_OK) sgc_validator_stop(v, status);
}
