/*
 * query_rules_overlap.c - OverlappingFieldsCanBeMerged: selections that give one response key must
 * mean the same. Selection sets are collected once; pairs are compared once; all of it spends from
 * the document's budget, because small documents can hold very many pairs. Wording as in
 * graphql-js.
 */
#include "lang/query_rules.h"

enum { PLACES_MAX = 20, REASON_MAX = 1000, NESTING_MAX = 1000, CONFLICT_COST = 32 };

/* One selection of a field with the type it is asked of. */
typedef struct entry {
    const sgc_ast_selection *node;
    const sgc_named_type *parent;
    const sgc_field_def *def;
    const sgc_ast_directive *stream; /* @stream on it */
    struct entry *next;              /* of the same response key */
} entry;

typedef struct group {
    sgc_str key;
    entry *first, *last;
    struct group *next;
} group;

/* A selection set with its inline fragments opened; named fragments stay references. */
typedef struct collected {
    group *groups, *last;
    sgc_map by_key;
    const sgc_part **fragments;
    size_t fragment_count, fragment_capacity;
} collected;

typedef struct conflict {
    sgc_str key, reason;
    const sgc_ast_selection *left[PLACES_MAX], *right[PLACES_MAX];
    size_t left_count, right_count;
    struct conflict *next;
} conflict;

typedef struct conflicts {
    conflict *first, *last;
    size_t count;
} conflicts;

typedef struct checker {
    sgc_validator *v;
    sgc_map sets;           /* collected by (selections, parent) */
    sgc_map field_fragment; /* compared pairs */
    sgc_map fragment_pair;
    unsigned nesting;
} checker;

static void *alloc(checker *at, size_t size)
{
    void *made = sgc_arena_zero(&at->v->arena, 1, size);

    if (!made) sgc_validator_stop(at->v, SGC_NO_MEMORY);
    return made;
}

/* The bytes of two pointers as a key of a map. */
static sgc_str pair_key(checker *at, const void *a, const void *b)
{
    uintptr_t *made = alloc(at, 2 * sizeof *made);

    if (!made) return SGC_STR("");
    made[0] = (uintptr_t)a;
    made[1] = (uintptr_t)b;
    return sgc_str_of((const char *)made, 2 * sizeof *made);
}

/*
 * Notes that a pair is being compared; true when that was done before at least as strictly.
 * Compared for types that exclude each other is less than compared for all.
 */
static bool seen_before(checker *at, sgc_map *map, const void *a, const void *b, bool exclusive)
{
    static char all, some;
    sgc_str key = pair_key(at, a, b);
    const void *known = sgc_map_get(map, key);

    if (known == &all || (known && exclusive)) return true;
    if (!sgc_map_put(map, key, exclusive ? &some : &all)) sgc_validator_stop(at->v, SGC_NO_MEMORY);
    return at->v->status != SGC_OK;
}

/* ---- collecting ---- */

static void add_entry(checker *at, collected *set, const sgc_named_type *parent,
                      const sgc_ast_selection *node)
{
    sgc_str key = node->alias.text.data ? node->alias.text : node->name.text;
    group *found = sgc_map_get(&set->by_key, key);
    entry *made = alloc(at, sizeof *made);

    if (!made) return;
    made->node = node;
    made->parent = parent;
    if (parent && parent->kind != SGC_NAMED_UNION)
        made->def = sgc_field_find(parent, node->name.text);
    if (at->v->defers) made->stream = sgc_directive_on(node->directives, "stream");
    if (!found) {
        found = alloc(at, sizeof *found);
        if (!found) return;
        found->key = key;
        *(set->last ? &set->last->next : &set->groups) = found;
        set->last = found;
        if (!sgc_map_put(&set->by_key, key, found)) sgc_validator_stop(at->v, SGC_NO_MEMORY);
    }
    *(found->last ? &found->last->next : &found->first) = made;
    found->last = made;
}

static void add_fragment(checker *at, collected *set, const sgc_ast_selection *spread)
{
    const sgc_part *part = sgc_part_find(at->v, spread->name.text);

    if (!part || !sgc_validator_spend(at->v, set->fragment_count)) return;
    for (size_t i = 0; i < set->fragment_count; i++) {
        if (set->fragments[i] == part) return;
    }
    if (!SGC_ARENA_GROW(&at->v->arena, set->fragments, set->fragment_count,
                        set->fragment_capacity)) {
        sgc_validator_stop(at->v, SGC_NO_MEMORY);
        return;
    }
    set->fragments[set->fragment_count++] = part;
}

static void collect_into(checker *at, collected *set, const sgc_named_type *parent,
                         const sgc_ast_selection *selections)
{
    for (const sgc_ast_selection *one = selections; one; one = one->next) {
        if (!sgc_validator_spend(at->v, 1)) return;
        if (one->kind == SGC_SELECTION_FIELD) {
            add_entry(at, set, parent, one);
        } else if (one->kind == SGC_SELECTION_SPREAD) {
            add_fragment(at, set, one);
        } else {
            const sgc_named_type *type =
                one->name.text.data ? sgc_rule_find_type(at->v, one->name.text) : parent;
            collect_into(at, set, sgc_is_composite(type) ? type : NULL, one->selections);
        }
    }
}

static collected *collect(checker *at, const sgc_named_type *parent,
                          const sgc_ast_selection *selections)
{
    sgc_str key = pair_key(at, selections, parent);
    collected *set = sgc_map_get(&at->sets, key);

    if (set) return set;
    set = alloc(at, sizeof *set);
    if (!set) return NULL;
    set->by_key.arena = &at->v->arena;
    if (!sgc_map_put(&at->sets, key, set)) sgc_validator_stop(at->v, SGC_NO_MEMORY);
    collect_into(at, set, sgc_is_composite(parent) ? parent : NULL, selections);
    return at->v->status == SGC_OK ? set : NULL;
}

static collected *collect_fragment(checker *at, const sgc_part *part)
{
    return collect(at, sgc_rule_find_type(at->v, part->def->type_condition.text),
                   part->def->selections);
}

/* ---- comparing values and types ---- */

static bool same_arguments(checker *at, const sgc_ast_argument *a, const sgc_ast_argument *b);

static bool same_value(checker *at, const sgc_ast_value *a, const sgc_ast_value *b)
{
    if (a->kind != b->kind || a->block != b->block || !sgc_validator_spend(at->v, 1)) return false;
    if (a->kind == SGC_VALUE_OBJECT) return same_arguments(at, a->fields, b->fields);
    if (a->kind != SGC_VALUE_LIST) return sgc_str_eq(a->text, b->text);
    a = a->items;
    b = b->items;
    for (; a && b; a = a->next, b = b->next) {
        if (!same_value(at, a, b)) return false;
    }
    return !a && !b;
}

static bool same_length(checker *at, const sgc_ast_argument *a, const sgc_ast_argument *b)
{
    while (a && b && sgc_validator_spend(at->v, 1)) {
        a = a->next;
        b = b->next;
    }
    return !a && !b;
}

/* The same names with the same values, in any order. */
static bool same_arguments(checker *at, const sgc_ast_argument *a, const sgc_ast_argument *b)
{
    if (!same_length(at, a, b)) return false;
    for (; a; a = a->next) {
        const sgc_ast_argument *other = b;
        while (other && !sgc_str_eq(other->name.text, a->name.text)) {
            if (!sgc_validator_spend(at->v, 1)) return false;
            other = other->next;
        }
        if (!other || !same_value(at, a->value, other->value)) return false;
    }
    return true;
}

static bool types_conflict(checker *at, const sgc_type_ref *a, const sgc_type_ref *b)
{
    while (a->kind != SGC_TYPE_NAMED && a->kind == b->kind && sgc_validator_spend(at->v, 1)) {
        a = a->inner;
        b = b->inner;
    }
    if (a->kind != SGC_TYPE_NAMED || b->kind != SGC_TYPE_NAMED) return true;
    if (!a->named || !b->named || a->named == b->named) return false;
    return !sgc_is_composite(a->named) || !sgc_is_composite(b->named);
}

/* ---- conflicts ---- */

static void abbreviate(sgc_buf *out, sgc_str text)
{
    if (text.size <= REASON_MAX) {
        sgc_buf_str(out, text);
        return;
    }
    size_t size = sgc_utf8_valid_prefix(sgc_str_of(text.data, REASON_MAX));
    sgc_buf_append(out, text.data, size);
    sgc_buf_text(out, "...");
}

/* What is in the validator's text, kept; nothing longer than REASON_MAX and a mark. */
static sgc_str keep(checker *at)
{
    sgc_buf *text = &at->v->text;
    sgc_str kept = sgc_arena_str(&at->v->arena, sgc_buf_as_str(text));

    if (!kept.data || text->failed) sgc_validator_stop(at->v, SGC_NO_MEMORY);
    return kept.data ? kept : SGC_STR("");
}

static void add_conflict(checker *at, conflicts *list, sgc_str key, sgc_str reason,
                         const entry *left, const entry *right)
{
    conflict *made = sgc_validator_spend(at->v, CONFLICT_COST) ? alloc(at, sizeof *made) : NULL;

    if (!made) return;
    made->key = key;
    made->reason = reason;
    made->left[made->left_count++] = left->node;
    made->right[made->right_count++] = right->node;
    *(list->last ? &list->last->next : &list->first) = made;
    list->last = made;
    list->count++;
}

static void copy_places(const sgc_ast_selection **to, size_t *count,
                        const sgc_ast_selection *const *from, size_t from_count)
{
    size_t room = PLACES_MAX - *count;
    size_t skip = from_count > room ? from_count - room : 0;

    for (size_t i = skip; i < from_count; i++)
        to[(*count)++] = from[i];
}

/* One conflict that says what conflicts below it. */
static void add_below(checker *at, conflicts *list, sgc_str key, const entry *left,
                      const entry *right, const conflicts *below)
{
    sgc_buf *text = &at->v->text;

    if (below->count == 0) return;
    text->size = 0;
    for (const conflict *one = below->first; one && text->size <= REASON_MAX; one = one->next) {
        sgc_buf_printf(text, "%ssubfields \"", one == below->first ? "" : " and ");
        abbreviate(text, one->key);
        sgc_buf_text(text, "\" conflict because ");
        sgc_buf_str(text, one->reason);
    }
    if (text->size > REASON_MAX) {
        text->size = sgc_utf8_valid_prefix(sgc_str_of(text->data, REASON_MAX));
        sgc_buf_text(text, "...");
    }
    add_conflict(at, list, key, keep(at), left, right);
    conflict *made = list->last;
    for (const conflict *one = below->first; one && made && at->v->status == SGC_OK;
         one = one->next) {
        copy_places(made->left, &made->left_count, one->left, one->left_count);
        copy_places(made->right, &made->right_count, one->right, one->right_count);
    }
}

/* ---- pairs ---- */

static void compare_sets(checker *at, conflicts *list, bool exclusive, const collected *a,
                         const collected *b);
static void set_and_fragment(checker *at, conflicts *list, bool exclusive, const collected *set,
                             const sgc_part *fragment);
static void fragment_and_fragment(checker *at, conflicts *list, bool exclusive, const sgc_part *a,
                                  const sgc_part *b);

static void compare_below(checker *at, conflicts *list, bool exclusive, sgc_str key,
                          const entry *left, const entry *right)
{
    const sgc_named_type *left_type = left->def ? sgc_type_ref_named(left->def->type) : NULL;
    const sgc_named_type *right_type = right->def ? sgc_type_ref_named(right->def->type) : NULL;
    const collected *a = collect(at, left_type, left->node->selections);
    const collected *b = collect(at, right_type, right->node->selections);
    conflicts below = {0};

    if (!a || !b) return;
    if (++at->nesting > NESTING_MAX) sgc_validator_stop(at->v, SGC_LIMIT);
    compare_sets(at, &below, exclusive, a, b);
    for (size_t i = 0; i < b->fragment_count && at->v->status == SGC_OK; i++)
        set_and_fragment(at, &below, exclusive, a, b->fragments[i]);
    for (size_t i = 0; i < a->fragment_count && at->v->status == SGC_OK; i++)
        set_and_fragment(at, &below, exclusive, b, a->fragments[i]);
    for (size_t i = 0; i < a->fragment_count; i++) {
        for (size_t j = 0; j < b->fragment_count && at->v->status == SGC_OK; j++)
            fragment_and_fragment(at, &below, exclusive, a->fragments[i], b->fragments[j]);
    }
    at->nesting--;
    add_below(at, list, key, left, right, &below);
}

static bool exclude_each_other(const entry *a, const entry *b)
{
    return a->parent != b->parent && a->parent && b->parent &&
           a->parent->kind == SGC_NAMED_OBJECT && b->parent->kind == SGC_NAMED_OBJECT;
}

static sgc_str stream_reason(checker *at, const entry *left, const entry *right)
{
    if (left->stream && right->stream &&
        same_arguments(at, left->stream->arguments, right->stream->arguments))
        return SGC_STR("they have overlapping stream directives. See "
                       "https://github.com/graphql/defer-stream-wg/discussions/100");
    return SGC_STR("they have overlapping stream directives");
}

static void compare_entries(checker *at, conflicts *list, bool exclusive, sgc_str key,
                            const entry *left, const entry *right)
{
    sgc_buf *text = &at->v->text;

    if (!sgc_validator_spend(at->v, 2)) return;
    text->size = 0;
    exclusive = exclusive || exclude_each_other(left, right);
    if (!exclusive && !sgc_str_eq(left->node->name.text, right->node->name.text)) {
        sgc_buf_byte(text, '"');
        abbreviate(text, left->node->name.text);
        sgc_buf_text(text, "\" and \"");
        abbreviate(text, right->node->name.text);
        sgc_buf_text(text, "\" are different fields");
        add_conflict(at, list, key, keep(at), left, right);
        return;
    }
    if (!exclusive && !same_arguments(at, left->node->arguments, right->node->arguments)) {
        add_conflict(at, list, key, SGC_STR("they have differing arguments"), left, right);
        return;
    }
    if (left->stream || right->stream) {
        add_conflict(at, list, key, stream_reason(at, left, right), left, right);
        return;
    }
    if (left->def && right->def && types_conflict(at, left->def->type, right->def->type)) {
        sgc_buf_text(text, "they return conflicting types \"");
        sgc_type_ref_print(left->def->type, text);
        sgc_buf_text(text, "\" and \"");
        sgc_type_ref_print(right->def->type, text);
        sgc_buf_byte(text, '"');
        add_conflict(at, list, key, keep(at), left, right);
        return;
    }
    if (left->node->selections && right->node->selections)
        compare_below(at, list, exclusive, key, left, right);
}

static void compare_sets(checker *at, conflicts *list, bool exclusive, const collected *a,
                         const collected *b)
{
    for (const group *one = a->groups; one && at->v->status == SGC_OK; one = one->next) {
        const group *other = sgc_map_get(&b->by_key, one->key);
        if (!sgc_validator_spend(at->v, 1) || !other) continue;
        for (const entry *left = one->first; left; left = left->next) {
            for (const entry *right = other->first; right && at->v->status == SGC_OK;
                 right = right->next)
                compare_entries(at, list, exclusive, one->key, left, right);
        }
    }
}

static void set_and_fragment(checker *at, conflicts *list, bool exclusive, const collected *set,
                             const sgc_part *fragment)
{
    if (!set->groups || !sgc_validator_spend(at->v, 1)) return;
    if (seen_before(at, &at->field_fragment, set, fragment, exclusive)) return;
    const collected *other = collect_fragment(at, fragment);
    if (!other || other == set) return;
    if (++at->nesting > NESTING_MAX) sgc_validator_stop(at->v, SGC_LIMIT);
    compare_sets(at, list, exclusive, set, other);
    for (size_t i = 0; i < other->fragment_count && at->v->status == SGC_OK; i++)
        set_and_fragment(at, list, exclusive, set, other->fragments[i]);
    at->nesting--;
}

static void fragment_and_fragment(checker *at, conflicts *list, bool exclusive, const sgc_part *a,
                                  const sgc_part *b)
{
    if (a == b || !sgc_validator_spend(at->v, 2)) return;
    if (a > b) {
        /* One order for both, but keep left and right of what is reported. */
        if (seen_before(at, &at->fragment_pair, b, a, exclusive)) return;
    } else if (seen_before(at, &at->fragment_pair, a, b, exclusive)) {
        return;
    }
    const collected *left = collect_fragment(at, a);
    const collected *right = collect_fragment(at, b);
    if (!left || !right) return;
    if (++at->nesting > NESTING_MAX) sgc_validator_stop(at->v, SGC_LIMIT);
    compare_sets(at, list, exclusive, left, right);
    for (size_t i = 0; i < right->fragment_count && at->v->status == SGC_OK; i++)
        fragment_and_fragment(at, list, exclusive, a, right->fragments[i]);
    for (size_t i = 0; i < left->fragment_count && at->v->status == SGC_OK; i++)
        fragment_and_fragment(at, list, exclusive, left->fragments[i], b);
    at->nesting--;
}

/* ---- every selection set of the document ---- */

static void within(checker *at, conflicts *list, const collected *set)
{
    for (const group *one = set->groups; one && at->v->status == SGC_OK; one = one->next) {
        for (const entry *left = one->first; left; left = left->next) {
            for (const entry *right = left->next; right && at->v->status == SGC_OK;
                 right = right->next)
                compare_entries(at, list, false, one->key, left, right);
        }
    }
    for (size_t i = 0; i < set->fragment_count && at->v->status == SGC_OK; i++) {
        set_and_fragment(at, list, false, set, set->fragments[i]);
        for (size_t j = i + 1; j < set->fragment_count && at->v->status == SGC_OK; j++)
            fragment_and_fragment(at, list, false, set->fragments[i], set->fragments[j]);
    }
}

static void report(checker *at, const conflict *one)
{
    at->v->text.size = 0;
    abbreviate(&at->v->text, one->key);
    sgc_str name = keep(at);
    sgc_diagnostic *error = sgc_rule_error(
        at->v, SGC_RULE_OVERLAPPING_FIELDS_CAN_BE_MERGED,
        "Fields \"" SGC_FMT "\" conflict because " SGC_FMT
        ". Use different aliases on the fields to fetch both if this was intentional.",
        SGC_ARG(name), SGC_ARG(one->reason));
    for (size_t i = 0; i < one->left_count; i++)
        sgc_rule_place(at->v, error, one->left[i]->span);
    for (size_t i = 0; i < one->right_count; i++)
        sgc_rule_place(at->v, error, one->right[i]->span);
}

static void check_set(checker *at, const sgc_named_type *parent,
                      const sgc_ast_selection *selections)
{
    conflicts found = {0};
    const collected *set = collect(at, parent, selections);

    if (!set) return;
    within(at, &found, set);
    for (const conflict *one = found.first; one && at->v->status == SGC_OK; one = one->next)
        report(at, one);
}

/* Inline fragments belong to the set around them. */
static void check_all(checker *at, const sgc_named_type *parent,
                      const sgc_ast_selection *selections)
{
    for (const sgc_ast_selection *one = selections; one && at->v->status == SGC_OK;
         one = one->next) {
        const sgc_named_type *type = parent;
        if (one->kind == SGC_SELECTION_FIELD) {
            const sgc_field_def *def =
                parent ? sgc_field_of(at->v->types, parent, one->name.text) : NULL;
            type = def ? sgc_type_ref_named(def->type) : NULL;
        } else if (one->name.text.data) {
            type = sgc_rule_find_type(at->v, one->name.text);
        }
        if (!one->selections || one->kind == SGC_SELECTION_SPREAD) continue;
        type = sgc_is_composite(type) ? type : NULL;
        if (one->kind == SGC_SELECTION_FIELD) check_set(at, type, one->selections);
        check_all(at, type, one->selections);
    }
}

void sgc_rule_overlap(sgc_validator *v)
{
    checker at = {.v = v,
                  .sets = {.arena = &v->arena},
                  .field_fragment = {.arena = &v->arena},
                  .fragment_pair = {.arena = &v->arena}};

    for (size_t i = 0; i < v->part_count && v->status == SGC_OK; i++) {
        const sgc_ast_definition *def = v->parts[i].def;
        const sgc_named_type *type = def->kind == SGC_DEFINITION_FRAGMENT
                                         ? sgc_rule_find_type(v, def->type_condition.text)
                                         : sgc_rule_root(v, def->operation);
        type = sgc_is_composite(type) ? type : NULL;
        check_set(&at, type, def->selections);
        check_all(&at, type, def->selections);
    }
}
