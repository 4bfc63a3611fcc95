/*
 * indexes.c - the indexes of every table: those that @unique, @index, @uniqueKey and
 * @compositeIndex ask for, and those that relations need.
 */
#include "schema/build.h"

static bool same_members(const sgc_model_index *index, sgc_model_member *const *members,
                         size_t count)
{
    return index->index.count == count &&
           memcmp(index->members, members, count * sizeof(void *)) == 0;
}

static sgc_str joined_names(sgc_model_build *build, sgc_model_member *const *members, size_t count)
{
    sgc_buf text = {0};

    for (size_t i = 0; i < count; i++) {
        if (i) sgc_buf_byte(&text, '_');
        sgc_buf_str(&text, members[i]->field.name);
    }
    sgc_str name =
        text.failed ? sgc_str_of(NULL, 0) : sgc_arena_str(build->arena, sgc_buf_as_str(&text));
    sgc_buf_free(&text);
    if (!name.data) build->no_memory = true;
    return name;
}

sgc_model_index *sgc_model_add_index(sgc_model_build *build, sgc_model_table *table, sgc_str name,
                                     sgc_model_member **members, size_t count, bool unique)
{
    /* One field: its own index is remembered. Several: such indexes are few. */
    sgc_model_index *found = count == 1 ? members[0]->index : table->indexes;

    while (found && !same_members(found, members, count))
        found = found->next;
    if (!found) {
        found = sgc_model_scratch(build, 1, sizeof *found);
        sgc_model_member **copy = sgc_model_scratch(build, count, sizeof(void *));
        if (!found || !copy) return NULL;
        memcpy(copy, members, count * sizeof(void *));
        found->members = copy;
        found->index.count = (uint16_t)count;
        found->index.elements = count == 1 && members[0]->slot.list;
        if (table->last_index)
            table->last_index->next = found;
        else
            table->indexes = found;
        table->last_index = found;
        table->index_count++;
        if (count == 1) members[0]->index = found;
    }
    found->index.unique = found->index.unique || unique;
    if (name.data) found->index.name = name;
    if (!found->index.name.data) found->index.name = joined_names(build, members, count);
    return found;
}

/* ---- what may be a component ---- */

static bool can_be_component(sgc_model_build *build, const sgc_model_member *member,
                             const sgc_source *source, sgc_span span, bool list_allowed)
{
    const char *why = NULL;

    if (member->slot.kind == SGC_KIND_EMBEDDED)
        why = "a value with fields of its own has no order";
    else if (member->slot.kind == SGC_KIND_JSON)
        why = "JSON has no order";
    else if (member->slot.list && !list_allowed)
        why = "it is a list";
    if (why)
        sgc_model_error(build, source, span, SGC_FMT " cannot be indexed so: %s",
                        SGC_ARG(member->field.name), why);
    return !why;
}

/* The member that stores a field: itself, or the storage of a to-one relation. */
static sgc_model_member *component(sgc_model_build *build, sgc_model_member *member,
                                   const sgc_source *source, sgc_span span)
{
    if (member->kind == SGC_MEMBER_STORED) return member;
    if (member->kind == SGC_MEMBER_RELATION && member->relation.kind == SGC_RELATION_KEY)
        return member->storage;
    sgc_model_error(build, source, span, SGC_FMT " is not stored in " SGC_FMT,
                    SGC_ARG(member->def->name), SGC_ARG(member->owner->table.name));
    return NULL;
}

/* ---- @unique and @index on a field ---- */

static bool is_index_name(sgc_str name)
{
    if (name.size == 0 || name.size > 200) return false;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_'))
            return false;
    }
    return true;
}

static sgc_str index_name(sgc_model_build *build, const sgc_ast_directive *directive,
                          const sgc_source *source)
{
    sgc_str name = sgc_model_str(directive, "name");

    if (name.data && !is_index_name(name)) {
        sgc_model_error(build, source, directive->span,
                        "\"" SGC_FMT "\" is not a name for an index: letters, digits and _",
                        SGC_ARG(name));
        name.data = NULL;
    }
    return name;
}

static void field_indexes(sgc_model_build *build, sgc_model_table *table, sgc_model_member *member)
{
    const sgc_field_def *def = member->def;
    const sgc_ast_directive *unique = sgc_model_directive(build, def->directives, "unique");
    const sgc_ast_directive *index = sgc_model_directive(build, def->directives, "index");
    const sgc_ast_directive *directive = unique ? unique : index;

    if (!directive) return;
    sgc_model_member *stored = component(build, member, def->source, directive->span);
    if (index && sgc_str_eq(sgc_model_str(index, "kind"), SGC_STR("HASH")))
        sgc_model_error(build, def->source, index->span,
                        "@index(kind: HASH) is not supported yet: a BTREE index answers the same "
                        "questions");
    if (!stored || !can_be_component(build, stored, def->source, directive->span, unique == NULL))
        return;
    if (stored == table->key) {
        sgc_model_note(build, SGC_FMT "." SGC_FMT " is the key: it is unique and ordered anyway",
                       SGC_ARG(table->table.name), SGC_ARG(def->name));
        return;
    }
    sgc_model_add_index(build, table, index_name(build, index, def->source), &stored, 1,
                        unique != NULL);
}

/* ---- @uniqueKey and @compositeIndex on a type ---- */

static sgc_model_member *named_member(sgc_model_build *build, sgc_model_table *table,
                                      const sgc_ast_value *name, const sgc_source *source)
{
    const sgc_field_def *def = sgc_field_find(table->type, name->text);
    /* The storage of a relation may be named though the SDL does not declare it. */
    sgc_model_member *member = def ? &table->members[def - table->type->fields]
                                   : sgc_map_get(&table->stored_names, name->text);

    if (!member) {
        sgc_model_error(build, source, name->span, SGC_FMT " has no field " SGC_FMT,
                        SGC_ARG(table->table.name), SGC_ARG(name->text));
        return NULL;
    }
    member = component(build, member, source, name->span);
    return member && can_be_component(build, member, source, name->span, false) ? member : NULL;
}

static void several(sgc_model_build *build, sgc_model_table *table,
                    const sgc_ast_directive *directive, const sgc_source *source, bool unique)
{
    enum { COMPONENTS_MAX = 32 };
    sgc_model_member *members[COMPONENTS_MAX];
    const sgc_ast_value *fields = sgc_directive_argument(directive, "fields");
    size_t count = 0;

    if (!fields) return;
    /* A single value stands for a list of one. */
    const sgc_ast_value *name = fields->kind == SGC_VALUE_LIST ? fields->items : fields;
    for (; name; name = fields->kind == SGC_VALUE_LIST ? name->next : NULL) {
        if (count == COMPONENTS_MAX) {
            sgc_model_error(build, source, directive->span, "more than %d fields in one index",
                            COMPONENTS_MAX);
            return;
        }
        sgc_model_member *member = named_member(build, table, name, source);
        if (!member) return;
        for (size_t i = 0; i < count; i++) {
            if (members[i] != member) continue;
            sgc_model_error(build, source, name->span, SGC_FMT " is named twice",
                            SGC_ARG(name->text));
            return;
        }
        members[count++] = member;
    }
    if (count == 0)
        sgc_model_error(build, source, directive->span, "@" SGC_FMT " names no field",
                        SGC_ARG(directive->name.text));
    else if (!(count == 1 && members[0] == table->key))
        sgc_model_add_index(build, table, index_name(build, directive, source), members, count,
                            unique);
}

static void type_indexes(sgc_model_build *build, sgc_model_table *table)
{
    static const char *const names[] = {"uniqueKey", "compositeIndex"};

    for (const sgc_type_part *part = table->type->parts; part; part = part->next) {
        for (int i = 0; i < 2; i++) {
            const sgc_ast_directive *at =
                sgc_model_directive(build, part->ast->directives, names[i]);
            for (; at && sgc_model_going(build); at = at->next)
                if (sgc_str_eq(at->name.text, sgc_str_from(names[i])))
                    several(build, table, at, part->ast->source, i == 0);
        }
    }
}

/* ---- relations ---- */

static void relation_index(sgc_model_build *build, sgc_model_table *table, sgc_model_member *member)
{
    sgc_model_member *fields[2] = {member->type_storage, member->storage};
    sgc_model_member *key[1] = {member->storage};

    if (!member->storage) return;
    if (member->type_storage && !member->relation.to_many)
        member->index = sgc_model_add_index(build, table, sgc_str_of(NULL, 0), fields, 2, false);
    else if (member->storage == table->key)
        member->index = NULL; /* index 0 */
    else
        member->index =
            sgc_model_add_index(build, table, sgc_str_of(NULL, 0), key, 1, member->unique);
}

/* Names of indexes are theirs alone: the lock file and messages use them. */
static void check_names(sgc_model_build *build, sgc_model_table *table)
{
    sgc_map names = {.arena = &build->scratch};

    if (table->index_count < 2) return;
    for (sgc_model_index *index = table->indexes; index && !build->no_memory; index = index->next) {
        if (sgc_map_get(&names, index->index.name))
            sgc_model_type_error(build, table->type,
                                 "two indexes of " SGC_FMT " are named " SGC_FMT,
                                 SGC_ARG(table->table.name), SGC_ARG(index->index.name));
        else if (!sgc_map_put(&names, index->index.name, index))
            build->no_memory = true;
    }
}

static void link_index(sgc_model_build *build, sgc_model_table *link)
{
    sgc_model_member *right[1];

    if (!link->members) return;
    right[0] = &link->members[1];
    sgc_model_add_index(build, link, sgc_str_of(NULL, 0), right, 1, false);
}

void sgc_model_indexes(sgc_model_build *build)
{
    for (size_t i = 0; i < build->table_count && sgc_model_going(build); i++) {
        sgc_model_table *table = build->tables[i];
        if (table->table.link) {
            link_index(build, table);
            continue;
        }
        for (size_t n = 0; n < table->member_count && sgc_model_going(build); n++)
            if (table->members[n].kind != SGC_MEMBER_RESOLVER && table->members[n].def->directives)
                field_indexes(build, table, &table->members[n]);
        type_indexes(build, table);
        for (size_t n = 0; n < table->member_count && sgc_model_going(build); n++)
            if (table->members[n].kind == SGC_MEMBER_RELATION)
                relation_index(build, table, &table->members[n]);
        check_names(build, table);
        if (table->index_count >= SGC_MODEL_MAX)
            sgc_model_type_error(build, table->type, "more than %d indexes", SGC_MODEL_MAX);
    }
}
