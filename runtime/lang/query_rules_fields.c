/*
 * query_rules_fields.c - rules about fields, arguments and directives; the values they are given
 * are query_rules_values.c. Wording as in graphql-js 17.1.
 */
#include "lang/query_rules.h"

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
    return sgc_rule_suggest(v, name, &parent->fields->name, sizeof *parent->fields,
                            parent->field_count);
}

static void unknown_field(sgc_validator *v, const sgc_named_type *parent,
                          const sgc_ast_selection *field)
{
    sgc_str hint = SGC_STR("");

    if (!sgc_rule_wanted(v, SGC_RULE_FIELDS_ON_CORRECT_TYPE)) return;
    if (parent->kind != SGC_NAMED_OBJECT) hint = suggest_types(v, parent, field->name.text);
    if (hint.size == 0) hint = suggest_fields(v, parent, field->name.text);
    sgc_rule_place(v,
                   sgc_rule_error(v, SGC_RULE_FIELDS_ON_CORRECT_TYPE,
                                  "Cannot query field \"" SGC_FMT "\" on type \"" SGC_FMT
                                  "\"." SGC_FMT,
                                  SGC_ARG(field->name.text), SGC_ARG(parent->name), SGC_ARG(hint)),
                   field->span);
}

static void leaf_or_not(sgc_validator *v, const sgc_ast_selection *field, const sgc_field_def *def)
{
    bool composite = sgc_is_composite(sgc_type_ref_named(def->type));
    bool selects = field->selections_span.end > field->selections_span.start;

    if (composite == selects || !sgc_rule_wanted(v, SGC_RULE_SCALAR_LEAFS)) return;
    sgc_str type = sgc_rule_type(v, def->type);
    if (selects) {
        sgc_rule_place(v,
                       sgc_rule_error(v, SGC_RULE_SCALAR_LEAFS,
                                      "Field \"" SGC_FMT
                                      "\" must not have a selection since type \"" SGC_FMT
                                      "\" has no subfields.",
                                      SGC_ARG(field->name.text), SGC_ARG(type)),
                       field->selections_span);
        return;
    }
    sgc_rule_place(v,
                   sgc_rule_error(v, SGC_RULE_SCALAR_LEAFS,
                                  "Field \"" SGC_FMT "\" of type \"" SGC_FMT
                                  "\" must have a selection of subfields. Did you mean \"" SGC_FMT
                                  " { ... }\"?",
                                  SGC_ARG(field->name.text), SGC_ARG(type),
                                  SGC_ARG(field->name.text)),
                   field->span);
}

/* ---- arguments ---- */

/* What takes arguments: a field of a type, or a directive. */
typedef struct owner {
    sgc_str type; /* null for a directive */
    sgc_str name;
    const sgc_input_def *defs;
    size_t count;
    bool unknown; /* a directive nobody declares: all that is judged are values */
} owner;

/* "Type.field" or "@directive". */
static sgc_str owner_name(sgc_validator *v, const owner *of)
{
    sgc_str name = of->type.data ? sgc_arena_printf(&v->arena, SGC_FMT "." SGC_FMT,
                                                    SGC_ARG(of->type), SGC_ARG(of->name))
                                 : sgc_arena_printf(&v->arena, "@" SGC_FMT, SGC_ARG(of->name));

    if (name.data) return name;
    sgc_validator_stop(v, SGC_NO_MEMORY);
    return SGC_STR("");
}

static void unknown_argument(sgc_validator *v, const owner *of, const sgc_ast_argument *one)
{
    if (!sgc_rule_wanted(v, SGC_RULE_KNOWN_ARGUMENT_NAMES)) return;
    sgc_str hint = SGC_STR("");
    if (of->count)
        hint = sgc_rule_suggest(v, one->name.text, &of->defs->name, sizeof *of->defs, of->count);
    sgc_rule_place(v,
                   sgc_rule_error(v, SGC_RULE_KNOWN_ARGUMENT_NAMES,
                                  "Unknown argument \"" SGC_FMT "\" on %s \"" SGC_FMT "\"." SGC_FMT,
                                  SGC_ARG(one->name.text), of->type.data ? "field" : "directive",
                                  SGC_ARG(owner_name(v, of)), SGC_ARG(hint)),
                   one->span);
}

static void deprecated_argument(sgc_validator *v, const owner *of, const sgc_input_def *def,
                                sgc_span span)
{
    if (!def->deprecation.data || !sgc_rule_wanted(v, SGC_RULE_NO_DEPRECATED_CUSTOM)) return;
    sgc_rule_place(
        v,
        sgc_rule_error(v, SGC_RULE_NO_DEPRECATED_CUSTOM,
                       "The argument \"" SGC_FMT "(" SGC_FMT ":)\" is deprecated. " SGC_FMT,
                       SGC_ARG(owner_name(v, of)), SGC_ARG(def->name), SGC_ARG(def->deprecation)),
        span);
}

/* All arguments of one name are one error, at each of them. */
static void unique_arguments(sgc_validator *v, const sgc_ast_argument *given)
{
    sgc_map known = {.arena = &v->arena}, errors = {.arena = &v->arena};

    if (!given || !given->next || !sgc_rule_wanted(v, SGC_RULE_UNIQUE_ARGUMENT_NAMES)) return;
    for (const sgc_ast_argument *one = given; one && v->status == SGC_OK; one = one->next) {
        const sgc_ast_argument *first = sgc_map_get(&known, one->name.text);
        if (!first) {
            sgc_validator_put(v, &known, one->name.text, one);
            continue;
        }
        sgc_diagnostic *error = sgc_map_get(&errors, one->name.text);
        if (!error) {
            error = sgc_rule_error(v, SGC_RULE_UNIQUE_ARGUMENT_NAMES,
                                   "There can be only one argument named \"" SGC_FMT "\".",
                                   SGC_ARG(one->name.text));
            sgc_rule_place(v, error, first->name.span);
            if (error) sgc_validator_put(v, &errors, one->name.text, error);
        }
        sgc_rule_place(v, error, one->name.span);
    }
}

static void required_arguments(sgc_validator *v, const owner *of, const sgc_ast_argument *given,
                               sgc_span span)
{
    for (size_t i = 0; i < of->count && v->status == SGC_OK; i++) {
        const sgc_input_def *def = &of->defs[i];
        if (!sgc_input_is_required(def) || sgc_rule_argument(given, def->name)) continue;
        sgc_str type = sgc_rule_type(v, def->type);
        sgc_rule_place(v,
                       sgc_rule_error(v, SGC_RULE_PROVIDED_REQUIRED_ARGUMENTS,
                                      "Argument \"" SGC_FMT "(" SGC_FMT ":)\" of type \"" SGC_FMT
                                      "\" is required, but it was not provided.",
                                      SGC_ARG(owner_name(v, of)), SGC_ARG(def->name),
                                      SGC_ARG(type)),
                       span);
    }
}

/* The arguments of an owner that is known, or of one that is not (NULL). */
static void check_arguments(sgc_validator *v, const owner *of, const sgc_ast_argument *given,
                            sgc_span span)
{
    unique_arguments(v, given);
    for (const sgc_ast_argument *one = given; one && v->status == SGC_OK; one = one->next) {
        const sgc_input_def *def = of ? sgc_input_find(of->defs, of->count, one->name.text) : NULL;
        if (of && !of->unknown && !def) unknown_argument(v, of, one);
        if (def) deprecated_argument(v, of, def, one->span);
        sgc_rule_value(v, one->value, def ? def->type : NULL, def && def->default_value);
    }
    if (of && !of->unknown && sgc_rule_wanted(v, SGC_RULE_PROVIDED_REQUIRED_ARGUMENTS))
        required_arguments(v, of, given, span);
}

void sgc_rule_field(sgc_validator *v, const sgc_named_type *parent, const sgc_ast_selection *field,
                    const sgc_field_def *def)
{
    if (!def) {
        if (parent) unknown_field(v, parent, field);
        check_arguments(v, NULL, field->arguments, field->span);
        return;
    }
    leaf_or_not(v, field, def);
    if (def->deprecation.data)
        sgc_rule_place(v,
                       sgc_rule_error(v, SGC_RULE_NO_DEPRECATED_CUSTOM,
                                      "The field " SGC_FMT "." SGC_FMT " is deprecated. " SGC_FMT,
                                      SGC_ARG(parent->name), SGC_ARG(def->name),
                                      SGC_ARG(def->deprecation)),
                       field->span);
    bool meta = def == v->types->schema_field || def == v->types->type_field ||
                def == v->types->typename_field;
    owner of = {.type = meta ? SGC_STR("<meta>") : parent->name,
                .name = def->name,
                .defs = def->arguments,
                .count = def->argument_count};
    check_arguments(v, &of, field->arguments, field->span);
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
        error = sgc_rule_error(v, SGC_RULE_KNOWN_DIRECTIVES, "Unknown directive \"@" SGC_FMT "\".",
                               SGC_ARG(one->name.text));
    } else if (!(def->location_set & 1U << location)) {
        error = sgc_rule_error(v, SGC_RULE_KNOWN_DIRECTIVES,
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

    if (!first) {
        sgc_validator_put(v, known, one->name.text, one);
        return;
    }
    sgc_diagnostic *error =
        sgc_rule_error(v, SGC_RULE_UNIQUE_DIRECTIVES_PER_LOCATION,
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
        const sgc_directive_def *def = sgc_rule_find_directive(v, one->name.text);
        directive_place(v, one, def, location);
        if (directives->next && def && !def->repeatable) unique_directive(v, &known, one);
        sgc_rule_defer(v, one);
        owner of = {.name = one->name.text, .unknown = !def};
        if (def) {
            of.defs = def->arguments;
            of.count = def->argument_count;
        } else if (v->field) {
            /* The reference implementation takes them for arguments of the field around. */
            of.defs = v->field->arguments;
            of.count = v->field->argument_count;
        }
        check_arguments(v, &of, one->arguments, one->span);
    }
}
