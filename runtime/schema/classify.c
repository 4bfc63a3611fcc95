/*
 * classify.c - which GraphQL type is what: tables, values kept inside rows, enums, interfaces and
 * unions of tables; and which of their fields are stored, are relations or belong to resolvers.
 */
#include "schema/build.h"

/* ---- kinds ---- */

sgc_kind sgc_model_scalar(sgc_str name)
{
    static const struct {
        const char *name;
        sgc_kind kind;
    } known[] = {
        {"String", SGC_KIND_STRING},   {"ID", SGC_KIND_ID},
        {"Int", SGC_KIND_INT},         {"Float", SGC_KIND_FLOAT},
        {"Boolean", SGC_KIND_BOOLEAN}, {"DateTime", SGC_KIND_DATETIME},
        {"Date", SGC_KIND_DATE},       {"Time", SGC_KIND_TIME},
        {"BigInt", SGC_KIND_BIGINT},   {"Decimal", SGC_KIND_DECIMAL},
        {"UUID", SGC_KIND_UUID},       {"JSON", SGC_KIND_JSON},
        {"Bytes", SGC_KIND_BYTES},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (sgc_str_eq(name, sgc_str_from(known[i].name))) return known[i].kind;
    return SGC_KIND_STRING;
}

static bool is_root(const sgc_model_build *build, const sgc_named_type *type)
{
    return type == build->types->query || type == build->types->mutation ||
           type == build->types->subscription;
}

/* A field that a resolver answers whatever its type is. */
static bool always_resolved(const sgc_model_build *build, const sgc_field_def *def)
{
    return def->argument_count > 0 || sgc_model_directive(build, def->directives, "resolver") ||
           sgc_model_directive(build, def->directives, "computed");
}

/* ---- which type is what ---- */

static bool can_be_key(const sgc_model_build *build, const sgc_field_def *def)
{
    sgc_type_shape shape = sgc_type_shape_of(def->type);
    sgc_kind kind =
        shape.named->kind == SGC_NAMED_SCALAR ? sgc_model_scalar(shape.named->name) : SGC_KIND_JSON;

    return !shape.list && !always_resolved(build, def) &&
           (kind == SGC_KIND_ID || kind == SGC_KIND_STRING || kind == SGC_KIND_UUID ||
            kind == SGC_KIND_INT || kind == SGC_KIND_BIGINT);
}

/* The field with @id, else the one named id; NULL when the type has no key. */
static const sgc_field_def *find_key(sgc_model_build *build, const sgc_named_type *type)
{
    const sgc_field_def *key = NULL;

    for (size_t i = 0; i < type->field_count; i++) {
        const sgc_field_def *def = &type->fields[i];
        const sgc_ast_directive *id = sgc_model_directive(build, def->directives, "id");
        if (!id) continue;
        if (key)
            sgc_model_error(build, def->source, id->span,
                            SGC_FMT " has two fields with @id; @uniqueKey is for keys of several "
                                    "fields",
                            SGC_ARG(type->name));
        key = def;
    }
    if (!key) {
        key = sgc_field_find(type, SGC_STR("id"));
        if (key && always_resolved(build, key)) key = NULL;
    }
    if (key && !can_be_key(build, key)) {
        sgc_model_field_error(build, key,
                              SGC_FMT "." SGC_FMT " cannot be the key: it must be one ID, String, "
                                      "UUID, Int or BigInt without arguments",
                              SGC_ARG(type->name), SGC_ARG(key->name));
        return NULL;
    }
    return key;
}

/* A Relay connection: its edges and page info are made for each answer, never stored. */
static bool is_connection(const sgc_named_type *type)
{
    return sgc_field_find(type, SGC_STR("pageInfo")) && sgc_field_find(type, SGC_STR("edges"));
}

/* Something in it could be stored: a scalar, an enum or another object. */
static bool can_be_embedded(const sgc_model_build *build, const sgc_named_type *type)
{
    if (is_connection(type)) return false;
    for (size_t i = 0; i < type->field_count; i++) {
        const sgc_field_def *def = &type->fields[i];
        sgc_type_shape shape = sgc_type_shape_of(def->type);
        if (always_resolved(build, def) || shape.nested) continue;
        if (shape.named->kind == SGC_NAMED_SCALAR || shape.named->kind == SGC_NAMED_ENUM)
            return true;
        if (shape.named->kind == SGC_NAMED_OBJECT && !is_root(build, shape.named) &&
            sgc_model_info(build, shape.named)->class != SGC_CLASS_TABLE &&
            !is_connection(shape.named))
            return true;
    }
    return false;
}

static sgc_model_table *new_table(sgc_model_build *build, const sgc_named_type *type)
{
    sgc_model_table *table = sgc_model_scratch(build, 1, sizeof *table);

    if (!table) return NULL;
    table->type = type;
    table->table.name = type->name;
    table->table.description = type->description;
    table->table.key = SGC_NONE;
    table->stored_names.arena = &build->scratch;
    table->member_count = type->field_count;
    table->members = sgc_model_scratch(build, type->field_count, sizeof *table->members);
    return table->members ? table : NULL;
}

static bool too_many(sgc_model_build *build, const sgc_named_type *type, size_t count,
                     const char *what)
{
    if (count < SGC_MODEL_MAX) return false;
    sgc_model_type_error(build, type, "more than %d %s", SGC_MODEL_MAX, what);
    build->errors += 100;
    return true;
}

static void add_table(sgc_model_build *build, sgc_model_type *info, const sgc_field_def *key)
{
    const sgc_named_type *type = info->type;
    sgc_model_table *table = new_table(build, type);

    if (!table || too_many(build, type, build->table_count, "tables") ||
        too_many(build, type, type->field_count, "fields") ||
        !SGC_MODEL_GROW(build, build->tables, build->table_count, build->table_capacity))
        return;
    table->position = (uint32_t)build->table_count;
    build->tables[build->table_count++] = table;
    info->class = SGC_CLASS_TABLE;
    info->table = table;
    table->key = &table->members[key - type->fields];
    table->key->def = key;
    table->table.singular = sgc_name_lower(build->arena, type->name);
    table->table.plural = sgc_name_plural(build->arena, table->table.singular);
    if (!table->table.plural.data) {
        build->no_memory = true;
        return;
    }
    if (sgc_str_eq(table->table.plural, table->table.singular))
        table->table.plural = sgc_model_text(build, SGC_FMT "List", SGC_ARG(table->table.singular));
    sgc_model_table_directives(build, table);
}

static void classify_object(sgc_model_build *build, sgc_model_type *info)
{
    const sgc_named_type *type = info->type;

    const sgc_field_def *key = is_root(build, type) ? NULL : find_key(build, type);
    if (key) {
        add_table(build, info, key);
        return;
    }
    for (const sgc_type_part *part = type->parts; part; part = part->next) {
        static const char *const ours[] = {"table", "generate", "uniqueKey", "compositeIndex",
                                           "check"};
        sgc_model_refuse(build, part->ast->directives, part->ast->source);
        for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
            const sgc_ast_directive *found =
                sgc_model_directive(build, part->ast->directives, ours[i]);
            if (found)
                sgc_model_error(build, part->ast->source, found->span,
                                "@%s needs a table, and " SGC_FMT
                                " has no key: give it a field id or one with @id",
                                ours[i], SGC_ARG(type->name));
        }
    }
}

static void classify_enum(sgc_model_build *build, sgc_model_type *info)
{
    if (too_many(build, info->type, build->enum_count, "enums") ||
        too_many(build, info->type, info->type->value_count, "values of an enum") ||
        !SGC_MODEL_GROW(build, build->enums, build->enum_count, build->enum_capacity))
        return;
    for (size_t i = 0; i < info->type->value_count; i++)
        sgc_model_refuse(build, info->type->values[i].directives, info->type->values[i].source);
    info->class = SGC_CLASS_ENUM;
    info->position = (uint16_t)build->enum_count;
    build->enums[build->enum_count++] = info;
}

static sgc_kind common_key(sgc_kind a, sgc_kind b)
{
    bool texts = a >= SGC_KIND_STRING && b >= SGC_KIND_STRING;

    return a == b ? a : texts ? SGC_KIND_ID : (sgc_kind)0;
}

/* Runs when all tables are known and have their keys' kinds. */
static void classify_abstract(sgc_model_build *build, sgc_model_type *info)
{
    const sgc_named_type *type = info->type;

    for (size_t i = 0; i < type->member_count; i++) {
        const sgc_model_type *member = sgc_model_info(build, type->members[i]);
        if (member->class != SGC_CLASS_TABLE) return;
        sgc_kind kind = sgc_model_scalar(sgc_type_ref_named(member->table->key->def->type)->name);
        info->key_kind = i == 0 ? kind : common_key(info->key_kind, kind);
    }
    if (type->member_count == 0 || type->built_in ||
        too_many(build, type, build->abstract_count, "interfaces and unions") ||
        !SGC_MODEL_GROW(build, build->abstracts, build->abstract_count, build->abstract_capacity))
        return;
    info->class = SGC_CLASS_ABSTRACT;
    info->position = (uint16_t)build->abstract_count;
    build->abstracts[build->abstract_count++] = info;
}

/* ---- members ---- */

static void resolver_member(sgc_model_build *build, const sgc_named_type *type,
                            const sgc_field_def *def)
{
    sgc_str function = sgc_model_function(build, def);
    const char *why = function.data             ? "it has a resolver"
                      : def->argument_count > 0 ? "a field with arguments is not stored"
                                                : "values of its type are not stored";

    sgc_model_refuse_storage(build, def, why);
    sgc_model_resolver(build, type->name, def->name, function);
}

/* The embedded type, added to the model when this is the first field that keeps one. */
static sgc_model_table *embed(sgc_model_build *build, sgc_model_type *info)
{
    if (info->table) return info->table;
    sgc_model_table *table = new_table(build, info->type);
    if (!table || too_many(build, info->type, build->embedded_count, "embedded types") ||
        too_many(build, info->type, info->type->field_count, "fields") ||
        !SGC_MODEL_GROW(build, build->embeddeds, build->embedded_count, build->embedded_capacity))
        return NULL;
    table->position = (uint32_t)build->embedded_count;
    build->embeddeds[build->embedded_count++] = table;
    info->table = table;
    info->class = SGC_CLASS_EMBEDDED;
    return table;
}

static sgc_str type_text(sgc_model_build *build, const sgc_type_ref *ref)
{
    sgc_buf text = {0};

    sgc_type_ref_print(ref, &text);
    sgc_str out =
        text.failed ? sgc_str_of(NULL, 0) : sgc_arena_str(build->arena, sgc_buf_as_str(&text));
    sgc_buf_free(&text);
    if (!out.data) build->no_memory = true;
    return out;
}

static void stored_member(sgc_model_build *build, sgc_model_table *table, sgc_model_member *member,
                          sgc_type_shape shape, sgc_kind kind)
{
    const sgc_field_def *def = member->def;

    member->kind = SGC_MEMBER_STORED;
    member->slot = (sgc_slot){.kind = kind,
                              .list = shape.list,
                              .non_null = shape.non_null || table->key == member,
                              .item_non_null = shape.item_non_null};
    member->field = (sgc_field){.name = def->name,
                                .description = def->description,
                                .deprecation = def->deprecation,
                                .type = type_text(build, def->type),
                                .named_type = shape.named->name,
                                .enumeration = SGC_NONE,
                                .embedded = SGC_NONE,
                                .relation = SGC_NONE};
    if (table->key == member && !shape.non_null)
        member->field.type = sgc_model_text(build, SGC_FMT "!", SGC_ARG(shape.named->name));
    if (table->table.singular.data)
        sgc_model_field_directives(build, table, member);
    else
        sgc_model_refuse_storage(build, def, "it is part of a value inside a row");
}

static void relation_member(sgc_model_build *build, sgc_model_member *member, sgc_type_shape shape)
{
    const sgc_field_def *def = member->def;
    const sgc_ast_directive *directive = sgc_model_directive(build, def->directives, "relation");
    static const char *const scalars[] = {"id", "default", "updatedAt", "check", "hidden"};

    for (size_t i = 0; i < sizeof scalars / sizeof *scalars; i++) {
        const sgc_ast_directive *found = sgc_model_directive(build, def->directives, scalars[i]);
        if (found)
            sgc_model_error(build, def->source, found->span,
                            "@%s cannot stand on a relation; declare the field that stores it "
                            "(" SGC_FMT "Id) and put it there",
                            scalars[i], SGC_ARG(def->name));
    }
    member->kind = SGC_MEMBER_RELATION;
    member->target = member->named->table;
    member->relation_directive = directive;
    member->relation = (sgc_relation){.name = def->name,
                                      .description = def->description,
                                      .deprecation = def->deprecation,
                                      .to_many = shape.list,
                                      .non_null = shape.list || shape.non_null,
                                      .target = SGC_NONE,
                                      .abstract = SGC_NONE,
                                      .field = SGC_NONE,
                                      .type_field = SGC_NONE,
                                      .inverse = SGC_NONE,
                                      .index = SGC_NONE,
                                      .link = SGC_NONE,
                                      .link_field = SGC_NONE};
    if (member->target) return;
    member->relation.abstract = member->named->position;
    if (!member->named->key_kind)
        sgc_model_field_error(build, def,
                              SGC_FMT " cannot be stored: the members of " SGC_FMT
                                      " have keys of different types",
                              SGC_ARG(def->name), SGC_ARG(shape.named->name));
}

static bool embeddable(const sgc_model_build *build, sgc_model_type *info)
{
    bool candidate = info->class == SGC_CLASS_OTHER && info->type->kind == SGC_NAMED_OBJECT &&
                     !info->type->built_in && !is_root(build, info->type);

    if (candidate && !info->judged) {
        info->judged = true;
        info->embeddable = can_be_embedded(build, info->type);
    }
    return info->class == SGC_CLASS_EMBEDDED || (candidate && info->embeddable);
}

static void member(sgc_model_build *build, sgc_model_table *table, size_t at)
{
    const sgc_field_def *def = &table->type->fields[at];
    sgc_model_member *out = &table->members[at];
    sgc_type_shape shape = sgc_type_shape_of(def->type);
    sgc_model_type *info = sgc_model_info(build, shape.named);
    bool in_row = table->table.singular.data != NULL;

    out->def = def;
    out->owner = table;
    out->named = info;
    sgc_model_refuse_field(build, def);
    if (always_resolved(build, def)) {
        resolver_member(build, table->type, def);
    } else if (shape.nested) {
        sgc_model_field_error(build, def,
                              "a list of lists cannot be stored: put the inner list into a type of "
                              "its own, or give the field @resolver");
    } else if (shape.named->kind == SGC_NAMED_SCALAR) {
        stored_member(build, table, out, shape, sgc_model_scalar(shape.named->name));
    } else if (info->class == SGC_CLASS_ENUM) {
        stored_member(build, table, out, shape, SGC_KIND_ENUM);
    } else if (in_row && (info->class == SGC_CLASS_TABLE || info->class == SGC_CLASS_ABSTRACT)) {
        relation_member(build, out, shape);
    } else if (embeddable(build, info)) {
        if (embed(build, info)) stored_member(build, table, out, shape, SGC_KIND_EMBEDDED);
    } else {
        sgc_model_note(build, SGC_FMT "." SGC_FMT " is not stored, a resolver answers it: %s",
                       SGC_ARG(table->type->name), SGC_ARG(def->name),
                       in_row ? "values of its type cannot be kept in a row"
                              : "a value inside a row holds no relations");
        resolver_member(build, table->type, def);
    }
}

/* ---- cycles of values that each need another one ---- */

static sgc_model_table *needed_by(const sgc_model_member *member)
{
    bool needed = member->kind == SGC_MEMBER_STORED && member->slot.kind == SGC_KIND_EMBEDDED &&
                  member->slot.non_null && !member->slot.list;

    return needed ? member->named->table : NULL;
}

/*
 * Follows needed values; each type is left behind for good when all it needs is finished, so the
 * whole is linear. path and at hold the types under way and the member each is at.
 */
static void check_cycles_from(sgc_model_build *build, sgc_model_table *start, uint8_t *state,
                              sgc_model_table **path, size_t *at)
{
    size_t depth = 1;

    path[0] = start;
    at[0] = 0;
    state[start->position] = 1;
    while (depth > 0) {
        sgc_model_table *table = path[depth - 1];
        if (at[depth - 1] == table->member_count) {
            state[table->position] = 2;
            depth--;
            continue;
        }
        sgc_model_member *member = &table->members[at[depth - 1]++];
        sgc_model_table *next = needed_by(member);
        if (!next || state[next->position] == 2) continue;
        if (state[next->position] == 1) {
            sgc_model_field_error(build, member->def,
                                  "a " SGC_FMT " would need another " SGC_FMT
                                  " inside it without end: one of the fields must be nullable",
                                  SGC_ARG(next->table.name), SGC_ARG(next->table.name));
            continue;
        }
        state[next->position] = 1;
        path[depth] = next;
        at[depth++] = 0;
    }
}

static void check_cycles(sgc_model_build *build)
{
    size_t count = build->embedded_count;
    uint8_t *state = sgc_model_scratch(build, count, 1);
    sgc_model_table **path = sgc_model_scratch(build, count + 1, sizeof *path);
    size_t *at = sgc_model_scratch(build, count + 1, sizeof *at);

    for (size_t i = 0; i < count && sgc_model_going(build); i++)
        if (state[i] == 0) check_cycles_from(build, build->embeddeds[i], state, path, at);
}

/* ---- resolver-only types and roots ---- */

/*
 * The object of such a type is what a resolver answered, so its plain fields are members of that;
 * only fields with arguments or a function of their own are asked for one by one.
 */
static void resolver_only(sgc_model_build *build, const sgc_named_type *type)
{
    for (size_t i = 0; i < type->field_count && sgc_model_going(build); i++) {
        const sgc_field_def *def = &type->fields[i];
        sgc_model_refuse_field(build, def);
        sgc_model_refuse_storage(build, def, "its type is not stored");
        if (always_resolved(build, def))
            sgc_model_resolver(build, type->name, def->name, sgc_model_function(build, def));
    }
}

/* Interfaces carry no storage of their own: their types do. */
static void check_interface(sgc_model_build *build, const sgc_named_type *type)
{
    for (const sgc_type_part *part = type->parts; part; part = part->next)
        sgc_model_refuse(build, part->ast->directives, part->ast->source);
    for (size_t i = 0; i < type->field_count && sgc_model_going(build); i++) {
        const sgc_field_def *def = &type->fields[i];
        sgc_model_refuse_field(build, def);
        sgc_model_refuse_storage(build, def, "put it on the fields of the types that implement it");
    }
}

static void each_type(sgc_model_build *build, sgc_named_kind kind,
                      void (*visit)(sgc_model_build *, sgc_model_type *))
{
    for (size_t i = 0; i < build->types->type_count && sgc_model_going(build); i++)
        if (build->types->types[i]->kind == kind && !build->types->types[i]->built_in &&
            !build->types->types[i]->prelude)
            visit(build, &build->infos[i]);
}

static void members_of(sgc_model_build *build, sgc_model_table *table)
{
    for (size_t i = 0; i < table->member_count && sgc_model_going(build); i++)
        member(build, table, i);
}

void sgc_model_classify(sgc_model_build *build)
{
    const sgc_type_system *types = build->types;

    build->infos = sgc_model_scratch(build, types->type_count, sizeof *build->infos);
    for (size_t i = 0; i < types->type_count && build->infos; i++)
        build->infos[i].type = types->types[i];
    if (build->no_memory) return;
    each_type(build, SGC_NAMED_ENUM, classify_enum);
    each_type(build, SGC_NAMED_OBJECT, classify_object);
    each_type(build, SGC_NAMED_INTERFACE, classify_abstract);
    each_type(build, SGC_NAMED_UNION, classify_abstract);
    for (size_t i = 0; i < build->table_count && sgc_model_going(build); i++)
        members_of(build, build->tables[i]);
    /* Each embedded type may add more behind it. */
    for (size_t i = 0; i < build->embedded_count && sgc_model_going(build); i++)
        members_of(build, build->embeddeds[i]);
    if (sgc_model_going(build)) check_cycles(build);
    for (size_t i = 0; i < types->type_count && sgc_model_going(build); i++) {
        const sgc_model_type *info = &build->infos[i];
        if (info->type->built_in || info->type->prelude) continue;
        if (info->type->kind == SGC_NAMED_INTERFACE) check_interface(build, info->type);
        if (info->type->kind == SGC_NAMED_OBJECT && info->class == SGC_CLASS_OTHER &&
            !is_root(build, info->type))
            resolver_only(build, info->type);
    }
}
