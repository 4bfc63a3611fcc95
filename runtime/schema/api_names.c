/*
 * api_names.c - the names that the generated API takes: two that clash are an error, one that the
 * SDL declares itself is left out with a note; and which root fields of the SDL are generated ones
 * and which need a resolver. The API itself is built by runtime/graphql.
 */
#include "schema/build.h"

typedef enum api_root {
    ROOT_QUERY,
    ROOT_MUTATION,
    ROOT_SUBSCRIPTION,
    ROOT_TYPE, /* not a field: the name of a type */
} api_root;

/* How one name is made: %s stands for .. */
typedef enum base {
    BASE_TYPE,         /* URLEntry */
    BASE_SINGULAR,     /* urlEntry */
    BASE_PLURAL,       /* urlEntries */
    BASE_PLURAL_UPPER, /* UrlEntries */
} base;

/* An argument or a result: kind of type, then its wrappers. */
typedef struct shape_text {
    const char *name; /* of the argument; NULL ends a list of them */
    const char *type; /* "@" the table's type, "#" its key's, "^" Upper plural; else as it is */
    bool list, non_null, item_non_null;
} shape_text;

typedef struct api_pattern {
    api_root root;
    const char *before;
    base base;
    const char *after;
    shape_text result; /* result.type NULL: this part of the API does not exist yet */
    shape_text arguments[5];
} api_pattern;

#define WHERE                                                                                      \
    {                                                                                              \
        "where", "@Where", false, false, false                                                     \
    }
#define SET                                                                                        \
    {                                                                                              \
        "set", "@UpdateInput", false, false, false                                                 \
    }
#define INC                                                                                        \
    {                                                                                              \
        "inc", "@IncInput", false, false, false                                                    \
    }
#define ID                                                                                         \
    {                                                                                              \
        "id", "#", false, true, false                                                              \
    }

static const api_pattern patterns[] = {
    {ROOT_QUERY, "", BASE_SINGULAR, "", {"", "@", false, false, false}, {ID}},
    {ROOT_QUERY,
     "",
     BASE_PLURAL,
     "",
     {"", "@", true, true, true},
     {WHERE,
      {"orderBy", "@OrderBy", true, false, true},
      {"limit", "Int", false, false, false},
      {"offset", "Int", false, false, false}}},
    {ROOT_QUERY, "", BASE_PLURAL, "Connection", {0}, {{0}}},
    {ROOT_QUERY, "", BASE_PLURAL, "Aggregate", {0}, {{0}}},
    {ROOT_QUERY, "", BASE_PLURAL, "GroupBy", {0}, {{0}}},
    {ROOT_QUERY, "", BASE_SINGULAR, "History", {0}, {{0}}},
    {ROOT_MUTATION,
     "create",
     BASE_TYPE,
     "",
     {"", "@", false, true, false},
     {{"input", "@CreateInput", false, true, false}}},
    {ROOT_MUTATION,
     "create",
     BASE_PLURAL_UPPER,
     "",
     {"", "^Payload", false, true, false},
     {{"input", "@CreateInput", true, true, true}}},
    {ROOT_MUTATION,
     "upsert",
     BASE_TYPE,
     "",
     {"", "@", false, true, false},
     {{"input", "@CreateInput", false, true, false}}},
    {ROOT_MUTATION, "update", BASE_TYPE, "", {"", "@", false, false, false}, {ID, SET, INC}},
    {ROOT_MUTATION,
     "update",
     BASE_PLURAL_UPPER,
     "",
     {"", "^Payload", false, true, false},
     {{"where", "@Where", false, true, false}, SET, INC}},
    {ROOT_MUTATION, "delete", BASE_TYPE, "", {"", "@", false, false, false}, {ID}},
    {ROOT_MUTATION,
     "delete",
     BASE_PLURAL_UPPER,
     "",
     {"", "^Payload", false, true, false},
     {{"where", "@Where", false, true, false}}},
    {ROOT_SUBSCRIPTION, "", BASE_SINGULAR, "", {0}, {{0}}},
    {ROOT_SUBSCRIPTION, "", BASE_PLURAL, "", {0}, {{0}}},
    {ROOT_SUBSCRIPTION, "", BASE_PLURAL, "Aggregate", {0}, {{0}}},
    {ROOT_SUBSCRIPTION, "", BASE_SINGULAR, "Changes", {0}, {{0}}},
};

/* Types made for each table; those marked exist today. */
static const struct {
    const char *after;
    bool exists;
} type_names[] = {
    {"Where", true},       {"ListWhere", true},   {"OrderBy", true},    {"ListOrderBy", false},
    {"Connection", false}, {"Edge", false},       {"Sum", false},       {"Avg", false},
    {"Min", false},        {"Max", false},        {"Aggregate", false}, {"Field", false},
    {"Group", false},      {"GroupKey", false},   {"Having", false},    {"Version", true},
    {"CreateInput", true}, {"UpdateInput", true}, {"IncInput", true},   {"Change", false},
};

/* One generated name. */
typedef struct generated {
    const sgc_named_type *type; /* whose API needs it */
    const sgc_model_table *table;
    const api_pattern *pattern; /* NULL for a look-up by a unique index */
    const sgc_model_index *index;
    sgc_str name;
} generated;

typedef struct names {
    sgc_model_build *build;
    sgc_map maps[4]; /* by root */
} names;

/* ---- making names ---- */

static sgc_str make(names *n, const char *before, sgc_str stem, bool upper, const char *after)
{
    size_t b = strlen(before), a = strlen(after);
    char *text = sgc_arena_alloc(&n->build->scratch, b + stem.size + a + 1);

    if (!text) {
        n->build->no_memory = true;
        return sgc_str_of(NULL, 0);
    }
    memcpy(text, before, b);
    memcpy(text + b, stem.data, stem.size);
    memcpy(text + b + stem.size, after, a);
    if (upper && text[b] >= 'a' && text[b] <= 'z') text[b] = (char)(text[b] - ('a' - 'A'));
    return sgc_str_of(text, b + stem.size + a);
}

static sgc_str pattern_name(names *n, const sgc_model_table *table, const api_pattern *pattern)
{
    sgc_str stem = pattern->base == BASE_TYPE       ? table->table.name
                   : pattern->base == BASE_SINGULAR ? table->table.singular
                                                    : table->table.plural;

    return make(n, pattern->before, stem, pattern->base == BASE_PLURAL_UPPER, pattern->after);
}

/* Whether the name comes from a plural, which @table(plural:) can change. */
static bool from_plural(const generated *one)
{
    return one->pattern &&
           (one->pattern->base == BASE_PLURAL || one->pattern->base == BASE_PLURAL_UPPER);
}

/* False when the name was taken: one clash of two types is reported, not all of them. */
static bool put(names *n, api_root root, const generated *one)
{
    sgc_model_build *build = n->build;

    if (!one->name.data) return false;
    const generated *other = sgc_map_get(&n->maps[root], one->name);
    if (other && other->type == one->type) {
        sgc_model_type_error(build, one->type,
                             "the API of " SGC_FMT " needs the name " SGC_FMT
                             " twice: rename one of its fields",
                             SGC_ARG(one->type->name), SGC_ARG(one->name));
        return false;
    }
    if (other) {
        sgc_model_type_error(
            build, one->type,
            "the API of " SGC_FMT " and that of " SGC_FMT " both need the %s " SGC_FMT
            ": rename one of the types%s",
            SGC_ARG(other->type->name), SGC_ARG(one->type->name),
            root == ROOT_TYPE ? "type" : "field", SGC_ARG(one->name),
            from_plural(one) || from_plural(other) ? ", or give it @table(plural: \"...\")" : "");
        return false;
    }
    generated *copy = sgc_model_scratch(build, 1, sizeof *copy);
    if (!copy) return false;
    *copy = *one;
    if (!sgc_map_put(&n->maps[root], one->name, copy)) build->no_memory = true;
    return true;
}

static bool wanted(const sgc_model_table *table, api_root root)
{
    const sgc_table *out = &table->table;

    if (root == ROOT_QUERY) return out->generate_query;
    return root == ROOT_MUTATION ? out->generate_mutation : out->generate_subscription;
}

static bool unique_name(names *n, const sgc_model_table *table, const sgc_model_index *index)
{
    sgc_buf text = {0};

    sgc_buf_printf(&text, SGC_FMT "By", SGC_ARG(table->table.singular));
    for (uint16_t i = 0; i < index->index.count; i++) {
        sgc_str name = index->members[i]->field.name;
        if (i) sgc_buf_text(&text, "And");
        size_t at = text.size;
        sgc_buf_str(&text, name);
        if (!text.failed && text.data[at] >= 'a' && text.data[at] <= 'z')
            text.data[at] = (char)(text.data[at] - ('a' - 'A'));
    }
    generated one = {.type = table->type, .table = table, .index = index};
    if (!text.failed) one.name = sgc_arena_str(&n->build->scratch, sgc_buf_as_str(&text));
    if (!one.name.data) n->build->no_memory = true;
    sgc_buf_free(&text);
    return put(n, ROOT_QUERY, &one);
}

static bool type_name(names *n, const sgc_named_type *type, sgc_str name, bool exists)
{
    generated one = {.type = type, .name = name};

    if (!name.data) return false;
    const sgc_named_type *declared = sgc_type_find(n->build->types, name);
    if (declared && !declared->prelude) {
        if (exists)
            sgc_model_note(n->build,
                           "the schema declares " SGC_FMT " itself: the generated type of " SGC_FMT
                           " with that name is left out",
                           SGC_ARG(name), SGC_ARG(type->name));
        return true;
    }
    return put(n, ROOT_TYPE, &one);
}

/* The inputs of nested writes: UserPostsListInput, PostInUserPostsCreateInput. */
static bool relation_names(names *n, const sgc_model_table *table, const sgc_model_member *member)
{
    sgc_str field = make(n, "", member->def->name, true, "");
    sgc_str type = table->table.name, input, create;

    if (!field.data) return false;
    input = sgc_arena_printf(&n->build->scratch, SGC_FMT SGC_FMT "%s", SGC_ARG(type),
                             SGC_ARG(field), member->relation.to_many ? "ListInput" : "Input");
    if (!input.data) n->build->no_memory = true;
    if (!type_name(n, table->type, input, true)) return false;
    if (!member->inverse || member->relation.kind == SGC_RELATION_KEY) return true;
    create = sgc_arena_printf(&n->build->scratch, SGC_FMT "In" SGC_FMT SGC_FMT "CreateInput",
                              SGC_ARG(member->target->table.name), SGC_ARG(type), SGC_ARG(field));
    if (!create.data) n->build->no_memory = true;
    return type_name(n, table->type, create, true);
}

static void other_names(names *n)
{
    const sgc_model_build *build = n->build;

    for (size_t i = 0; i < build->embedded_count && sgc_model_going(build); i++) {
        const sgc_named_type *type = build->embeddeds[i]->type;
        type_name(n, type, make(n, "", type->name, false, "Input"), true);
    }
    for (size_t i = 0; i < build->enum_count && sgc_model_going(build); i++) {
        const sgc_named_type *type = build->enums[i]->type;
        if (type_name(n, type, make(n, "", type->name, false, "Filter"), true))
            type_name(n, type, make(n, "", type->name, false, "ListFilter"), true);
    }
}

static void table_names(names *n, const sgc_model_table *table)
{
    bool good = true;

    for (size_t i = 0; i < sizeof patterns / sizeof *patterns && good; i++) {
        if (!wanted(table, patterns[i].root)) continue;
        generated one = {.type = table->type, .table = table, .pattern = &patterns[i]};
        one.name = pattern_name(n, table, &patterns[i]);
        good = put(n, patterns[i].root, &one);
    }
    for (const sgc_model_index *index = table->indexes; index && good; index = index->next)
        if (index->index.unique && table->table.generate_query) good = unique_name(n, table, index);
    for (size_t i = 0; i < sizeof type_names / sizeof *type_names && good; i++) {
        bool exists = type_names[i].exists;
        if (strcmp(type_names[i].after, "Version") == 0) exists = table->table.history;
        good = type_name(n, table->type, make(n, "", table->table.name, false, type_names[i].after),
                         exists);
    }
    good =
        good && type_name(n, table->type, make(n, "", table->table.plural, true, "Payload"), true);
    for (size_t i = 0; i < table->member_count && good; i++)
        if (table->members[i].kind == SGC_MEMBER_RELATION)
            good = relation_names(n, table, &table->members[i]);
}

/* ---- the SDL's own root fields ---- */

static bool same_name(names *n, const sgc_model_table *table, const char *text, sgc_str named)
{
    if (text[0] == '#') return sgc_str_eq(named, table->key->field.named_type);
    if (text[0] == '@') return sgc_str_eq(named, make(n, "", table->table.name, false, text + 1));
    if (text[0] == '^') return sgc_str_eq(named, make(n, "", table->table.plural, true, text + 1));
    return sgc_str_eq(named, sgc_str_from(text));
}

/* A declared result may promise less than ours, a declared argument may accept less. */
static bool fits(names *n, const sgc_model_table *table, const shape_text *ours,
                 const sgc_type_ref *ref, bool input)
{
    sgc_type_shape declared = sgc_type_shape_of(ref);

    if (declared.nested || declared.list != ours->list ||
        !same_name(n, table, ours->type, declared.named->name))
        return false;
    if (input)
        return (declared.non_null || !ours->non_null) &&
               (declared.item_non_null || !ours->item_non_null);
    return (!declared.non_null || ours->non_null) &&
           (!declared.item_non_null || ours->item_non_null);
}

static bool pattern_agrees(names *n, const generated *one, const sgc_field_def *def)
{
    const api_pattern *pattern = one->pattern;
    size_t matched = 0, required = 0, required_matched = 0;

    if (!pattern->result.type || !fits(n, one->table, &pattern->result, def->type, false))
        return false;
    for (size_t i = 0; i < 5 && pattern->arguments[i].name; i++) {
        const shape_text *ours = &pattern->arguments[i];
        const sgc_input_def *input =
            sgc_input_find(def->arguments, def->argument_count, sgc_str_from(ours->name));
        required += ours->non_null;
        if (!input) continue;
        if (!fits(n, one->table, ours, input->type, true)) return false;
        matched++;
        required_matched += ours->non_null;
    }
    return matched == def->argument_count && required == required_matched;
}

static bool unique_agrees(names *n, const generated *one, const sgc_field_def *def)
{
    static const shape_text result = {"", "@", false, false, false};

    if (!fits(n, one->table, &result, def->type, false)) return false;
    if (def->argument_count != one->index->index.count) return false;
    for (uint16_t i = 0; i < one->index->index.count; i++) {
        const sgc_model_member *member = one->index->members[i];
        const sgc_input_def *input =
            sgc_input_find(def->arguments, def->argument_count, member->field.name);
        if (!input) return false;
        sgc_type_shape declared = sgc_type_shape_of(input->type);
        if (declared.list || !declared.non_null ||
            !sgc_str_eq(declared.named->name, member->field.named_type))
            return false;
    }
    return true;
}

static void root_fields(names *n, const sgc_named_type *type, api_root root)
{
    for (size_t i = 0; type && i < type->field_count && sgc_model_going(n->build); i++) {
        const sgc_field_def *def = &type->fields[i];
        const generated *one = sgc_map_get(&n->maps[root], def->name);
        if (n->build->query_source && def->source == n->build->query_source) continue;
        sgc_model_refuse_field(n->build, def);
        sgc_model_refuse_storage(n->build, def, "it is a field of a root type");
        sgc_str function = sgc_model_function(n->build, def);
        bool agrees = one && !function.data &&
                      (one->pattern ? pattern_agrees(n, one, def) : unique_agrees(n, one, def));
        if (agrees) continue;
        if (one && (!one->pattern || one->pattern->result.type))
            sgc_model_note(n->build,
                           SGC_FMT "." SGC_FMT " is declared otherwise than the generated field of "
                                   "that name, which is left out: a resolver answers it",
                           SGC_ARG(type->name), SGC_ARG(def->name));
        sgc_model_resolver(n->build, type->name, def->name, function);
    }
}

/* ---- the whole ---- */

static void finish_resolvers(sgc_model_build *build)
{
    sgc_resolver_entry *entries = sgc_model_new(build, build->resolver_count, sizeof *entries);

    if (!entries) return;
    if (build->resolver_count)
        memcpy(entries, build->resolvers, build->resolver_count * sizeof *entries);
    build->schema->resolvers = entries;
    build->schema->resolver_count = (uint16_t)build->resolver_count;
}

void sgc_model_api_names(sgc_model_build *build)
{
    names n = {.build = build};

    for (int i = 0; i < 4; i++)
        n.maps[i].arena = &build->scratch;
    for (size_t i = 0; i < build->table_count && sgc_model_going(build); i++)
        if (!build->tables[i]->table.link) table_names(&n, build->tables[i]);
    other_names(&n);
    if (!sgc_model_going(build)) return;
    root_fields(&n, build->types->query, ROOT_QUERY);
    root_fields(&n, build->types->mutation, ROOT_MUTATION);
    root_fields(&n, build->types->subscription, ROOT_SUBSCRIPTION);
    if (sgc_model_going(build)) finish_resolvers(build);
}
