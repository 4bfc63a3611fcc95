/*
 * select.c - collects the fields of an operation into a plan: fragments resolved against concrete
 * types, equal response keys merged, @skip and @include decided. The document is valid; its size is
 * not trusted.
 */
#include "graphql/select.h"

/* Fragments inside fragments multiply: a small document can ask for any number of fields. */
/* The words of the limits name the numbers, too. */
enum { FIELDS_MAX = 20000, NESTING_MAX = 500, SELECTIONS_MAX = 200000 };

typedef struct builder {
    const sgc_api *api;
    const sgc_document *document;
    const sgc_variables *variables;
    sgc_arena *arena;
    sgc_plan *plan;
    sgc_plan_result result; /* sticky */
    unsigned nesting;
    size_t selections; /* looked at so far */
} builder;

/* What collecting into one set needs to know. */
typedef struct collection {
    sgc_plan_set *set;
    sgc_map keys;    /* sgc_plan_field position + 1 by response key */
    sgc_map visited; /* fragment names */
} collection;

const sgc_json *sgc_variable_find(const sgc_variables *variables, sgc_str name)
{
    size_t i = 0;

    for (const sgc_ast_variable *one = variables->definitions; one; one = one->next, i++) {
        if (sgc_str_eq(one->name.text, name)) return variables->values[i];
    }
    return NULL;
}

const sgc_ast_definition *sgc_fragment_find(const sgc_document *document, sgc_str name)
{
    for (const sgc_ast_definition *one = document->definitions; one; one = one->next) {
        if (one->kind == SGC_DEFINITION_FRAGMENT && sgc_str_eq(one->name.text, name)) return one;
    }
    return NULL;
}

sgc_named_type *sgc_root_type(const sgc_type_system *types, sgc_operation_kind kind)
{
    if (kind == SGC_OPERATION_QUERY) return types->query;
    return kind == SGC_OPERATION_MUTATION ? types->mutation : types->subscription;
}

static void stop_at_limit(builder *at, const char *limit)
{
    if (at->result != SGC_PLAN_OK) return;
    at->result = SGC_PLAN_LIMIT;
    at->plan->limit = limit;
}

static void stop(builder *at, sgc_plan_result result)
{
    if (at->result == SGC_PLAN_OK) at->result = result;
}

/* The `if` of a @skip or @include; a variable without a value counts as false. */
static bool condition(builder *at, const sgc_ast_directive *directive)
{
    const sgc_ast_value *value = sgc_directive_argument(directive, "if");

    if (!value) return false;
    if (value->kind != SGC_VALUE_VARIABLE) return sgc_str_eq(value->text, SGC_STR("true"));
    if (!at->variables) {
        stop(at, SGC_PLAN_CONDITIONAL);
        return false;
    }
    const sgc_json *given = sgc_variable_find(at->variables, value->text);
    return given && given->kind == SGC_JSON_TRUE;
}

static bool is_left_out(builder *at, const sgc_ast_directive *directives)
{
    const sgc_ast_directive *skip = sgc_directive_on(directives, "skip");
    const sgc_ast_directive *include = sgc_directive_on(directives, "include");

    return (skip && condition(at, skip)) || (include && !condition(at, include));
}

static bool applies(const builder *at, const sgc_named_type *type, sgc_str condition_name)
{
    if (!condition_name.data || sgc_str_eq(condition_name, type->name)) return true;
    const sgc_named_type *wanted = sgc_type_find(at->api->types, condition_name);

    return wanted && sgc_type_is_member(wanted, type);
}

static sgc_str head_of(sgc_arena *arena, sgc_str key)
{
    return sgc_arena_printf(arena, "\"" SGC_FMT "\":", SGC_ARG(key));
}

static sgc_plan_field *add_field(builder *at, collection *into, sgc_str key, sgc_str name)
{
    sgc_plan_set *set = into->set;
    const sgc_field_def *def = sgc_field_of(at->api->types, set->type, name);

    if (!def) return NULL; /* a valid document has none of these */
    if (at->plan->field_count == FIELDS_MAX) {
        stop_at_limit(at, "the document opens to more than 20,000 fields");
        return NULL;
    }
    if (!SGC_ARENA_GROW(at->arena, set->fields, set->count, set->capacity)) {
        stop(at, SGC_PLAN_NO_MEMORY);
        return NULL;
    }
    sgc_plan_field *field = &set->fields[set->count++];
    *field = (sgc_plan_field){.key = key,
                              .head = head_of(at->arena, key),
                              .parent = set->type,
                              .def = def,
                              .binding = sgc_api_binding(at->api, set->type, def),
                              .id = at->plan->field_count++};
    if (!field->head.data || !sgc_map_put(&into->keys, key, (void *)(uintptr_t)set->count))
        stop(at, SGC_PLAN_NO_MEMORY);
    return field;
}

static void collect_field(builder *at, collection *into, const sgc_ast_selection *one)
{
    sgc_str key = one->alias.text.data ? one->alias.text : one->name.text;
    uintptr_t known = (uintptr_t)sgc_map_get(&into->keys, key);
    sgc_plan_field *field =
        known ? &into->set->fields[known - 1] : add_field(at, into, key, one->name.text);

    if (!field) return;
    if (!SGC_ARENA_GROW(at->arena, field->nodes, field->node_count, field->node_capacity)) {
        stop(at, SGC_PLAN_NO_MEMORY);
        return;
    }
    field->nodes[field->node_count++] = one;
}

static void collect(builder *at, collection *into, const sgc_ast_selection *selections);

static void collect_fragment(builder *at, collection *into, const sgc_ast_selection *spread)
{
    static char mark;

    if (sgc_map_get(&into->visited, spread->name.text)) return;
    if (!sgc_map_put(&into->visited, spread->name.text, &mark)) stop(at, SGC_PLAN_NO_MEMORY);
    const sgc_ast_definition *fragment = sgc_fragment_find(at->document, spread->name.text);
    if (!fragment || !applies(at, into->set->type, fragment->type_condition.text)) return;
    collect(at, into, fragment->selections);
}

static void collect(builder *at, collection *into, const sgc_ast_selection *selections)
{
    if (++at->nesting > NESTING_MAX)
        stop_at_limit(at, "the document opens to selections nested more than 500 deep");
    for (const sgc_ast_selection *one = selections; one && at->result == SGC_PLAN_OK;
         one = one->next) {
        if (++at->selections > SELECTIONS_MAX)
            stop_at_limit(at, "the document opens to more than 200,000 selections");
        if (is_left_out(at, one->directives)) continue;
        if (one->kind == SGC_SELECTION_FIELD) {
            collect_field(at, into, one);
        } else if (one->kind == SGC_SELECTION_SPREAD) {
            collect_fragment(at, into, one);
        } else if (applies(at, into->set->type, one->name.text)) {
            collect(at, into, one->selections);
        }
    }
    at->nesting--;
}

static void plan_fields(builder *at, sgc_plan_set *set);

/* What a field asks of one concrete type it may turn out to be. */
static void plan_set(builder *at, const sgc_plan_field *field, const sgc_named_type *type,
                     sgc_plan_set *set)
{
    collection into = {.set = set, .keys = {.arena = at->arena}, .visited = {.arena = at->arena}};

    *set = (sgc_plan_set){.type = type};
    for (size_t i = 0; i < field->node_count && at->result == SGC_PLAN_OK; i++)
        collect(at, &into, field->nodes[i]->selections);
    if (++at->nesting > NESTING_MAX)
        stop_at_limit(at, "the document opens to selections nested more than 500 deep");
    plan_fields(at, set);
    at->nesting--;
}

/* Relations, versions and resolvers; all else is written from the record. */
static bool set_reads(const sgc_plan_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const sgc_plan_field *field = &set->fields[i];
        sgc_binding_kind kind = field->binding.kind;
        if (field->reads || kind == SGC_BIND_RELATION || kind == SGC_BIND_HISTORY ||
            kind == SGC_BIND_RESOLVER || kind == SGC_BIND_PROPERTY)
            return true;
    }
    return false;
}

static void plan_field(builder *at, sgc_plan_field *field)
{
    const sgc_named_type *type = sgc_type_ref_named(field->def->type);
    bool object = type->kind == SGC_NAMED_OBJECT;

    if (!object && type->kind != SGC_NAMED_INTERFACE && type->kind != SGC_NAMED_UNION) return;
    size_t count = object ? 1 : type->member_count;
    field->sets = sgc_arena_zero(at->arena, count, sizeof *field->sets);
    if (!field->sets) {
        stop(at, SGC_PLAN_NO_MEMORY);
        return;
    }
    field->set_count = count;
    field->below = at->plan->field_count;
    for (size_t i = 0; i < count && at->result == SGC_PLAN_OK; i++) {
        plan_set(at, field, object ? type : type->members[i], &field->sets[i]);
        field->reads = field->reads || set_reads(&field->sets[i]);
    }
    field->below_end = at->plan->field_count;
}

static void plan_fields(builder *at, sgc_plan_set *set)
{
    for (size_t i = 0; i < set->count && at->result == SGC_PLAN_OK; i++)
        plan_field(at, &set->fields[i]);
}

sgc_plan_result sgc_plan_operation(const sgc_api *api, const sgc_document *document,
                                   const sgc_ast_definition *operation,
                                   const sgc_variables *variables, sgc_arena *arena, sgc_plan *plan)
{
    builder at = {
        .api = api, .document = document, .variables = variables, .arena = arena, .plan = plan};
    collection into = {.set = &plan->root, .keys = {.arena = arena}, .visited = {.arena = arena}};

    *plan = (sgc_plan){.root = {.type = sgc_root_type(api->types, operation->operation)}};
    collect(&at, &into, operation->selections);
    plan_fields(&at, &plan->root);
    return at.result;
}

const sgc_plan_set *sgc_plan_set_for(const sgc_plan_field *field, const sgc_named_type *type)
{
    for (size_t i = 0; i < field->set_count; i++) {
        if (field->sets[i].type == type) return &field->sets[i];
    }
    return NULL;
}
