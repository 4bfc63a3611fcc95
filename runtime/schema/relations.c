/*
 * relations.c - which two fields are the two sides of one relation, and where the relation is
 * stored: a key, a list of keys, or a hidden link table. Indexes that serve relations are made
 * in indexes.c.
 */
#include "schema/build.h"

/* ---- explicit inverses ---- */

static void pair(sgc_model_member *a, sgc_model_member *b)
{
    a->inverse = b;
    b->inverse = a;
}

/* @relation(field:) names a relation of the target that leads back here. */
static void explicit_inverse(sgc_model_build *build, sgc_model_member *member)
{
    const sgc_ast_directive *directive = member->relation_directive;
    const sgc_field_def *def = NULL;

    if (member->target) def = sgc_field_find(member->target->type, member->opposite);
    sgc_model_member *other =
        def ? &member->target->members[def - member->target->type->fields] : NULL;
    if (!member->target)
        sgc_model_error(build, member->def->source, directive->span,
                        "@relation(field:) needs a table, and " SGC_FMT " is an interface or union",
                        SGC_ARG(member->named->type->name));
    else if (!other)
        sgc_model_error(build, member->def->source, directive->span,
                        SGC_FMT " has no field " SGC_FMT, SGC_ARG(member->target->table.name),
                        SGC_ARG(member->opposite));
    else if (other->kind != SGC_MEMBER_RELATION || other->target != member->owner ||
             other == member)
        sgc_model_error(build, member->def->source, directive->span,
                        SGC_FMT "." SGC_FMT " is not the other side of " SGC_FMT "." SGC_FMT,
                        SGC_ARG(member->target->table.name), SGC_ARG(member->opposite),
                        SGC_ARG(member->owner->table.name), SGC_ARG(member->def->name));
    else if ((other->inverse && other->inverse != member) ||
             (member->inverse && member->inverse != other) ||
             (other->opposite.data && !sgc_str_eq(other->opposite, member->def->name)))
        sgc_model_error(build, member->def->source, directive->span,
                        SGC_FMT "." SGC_FMT " is already the other side of another relation",
                        SGC_ARG(member->target->table.name), SGC_ARG(member->opposite));
    else
        pair(member, other);
}

static void read_directive(sgc_model_build *build, sgc_model_member *member)
{
    const sgc_ast_directive *directive = member->relation_directive;
    sgc_str on_delete = sgc_model_str(directive, "onDelete");

    member->infer = true;
    if (!directive) return;
    member->opposite = sgc_model_str(directive, "field");
    member->infer = !member->opposite.data;
    if (sgc_model_str(directive, "through").data)
        sgc_model_error(build, member->def->source, directive->span,
                        "@relation(through:) is not supported yet: two opposite lists share a "
                        "hidden link table");
    member->on_delete_given = on_delete.data != NULL;
    if (on_delete.data && sgc_str_eq(on_delete, SGC_STR("CASCADE")))
        member->relation.on_delete = SGC_ON_DELETE_CASCADE;
    if (on_delete.data && sgc_str_eq(on_delete, SGC_STR("SET_NULL")))
        member->relation.on_delete = SGC_ON_DELETE_SET_NULL;
}

/* ---- inferred inverses ---- */

/* All relations from one table to another whose inverse may be inferred. */
typedef struct bucket {
    uint32_t key[2]; /* positions of owner and target */
    size_t ones, lists;
    sgc_model_member *first, *last;
    struct bucket *next;
    bool reported;
} bucket;

static bucket *find_bucket(const sgc_map *map, uint32_t owner, uint32_t target)
{
    uint32_t key[2] = {owner, target};

    return sgc_map_get(map, sgc_str_of((const char *)key, sizeof key));
}

static bucket *put_in_bucket(sgc_model_build *build, sgc_map *map, sgc_model_member *member)
{
    uint32_t owner = member->owner->position, target = member->target->position;
    bucket *found = find_bucket(map, owner, target), *made = NULL;

    if (!found) {
        found = made = sgc_model_scratch(build, 1, sizeof *made);
        if (!made) return NULL;
        made->key[0] = owner;
        made->key[1] = target;
        if (!sgc_map_put(map, sgc_str_of((const char *)made->key, sizeof made->key), made))
            build->no_memory = true;
    }
    if (found->last)
        found->last->next_in_pair = member;
    else
        found->first = member;
    found->last = member;
    if (member->relation.to_many)
        found->lists++;
    else
        found->ones++;
    return made;
}

static void name_side(const bucket *side, sgc_buf *out)
{
    for (const sgc_model_member *member = side->first; member; member = member->next_in_pair) {
        if (member != side->first) sgc_buf_text(out, ", ");
        if (out->size > 300) {
            sgc_buf_text(out, "...");
            return;
        }
        sgc_buf_printf(out, SGC_FMT "." SGC_FMT, SGC_ARG(member->owner->table.name),
                       SGC_ARG(member->def->name));
    }
}

static void report_ambiguous(sgc_model_build *build, bucket *here, bucket *there)
{
    sgc_buf text = {0};

    name_side(here, &text);
    if (there != here) {
        sgc_buf_text(&text, " and ");
        name_side(there, &text);
    }
    if (text.failed) build->no_memory = true;
    sgc_model_field_error(build, here->first->def,
                          SGC_FMT " could belong together in more than one way: say which with "
                                  "@relation(field: \"...\"), which names the field of the "
                                  "opposite type",
                          SGC_ARG(sgc_buf_as_str(&text)));
    sgc_buf_free(&text);
    here->reported = there->reported = true;
}

/* Within one table a to-one and a list belong together; two of the same sort never do. */
static void infer_within(sgc_model_build *build, bucket *self)
{
    if (self->ones == 0 || self->lists == 0) return;
    if (self->ones == 1 && self->lists == 1)
        pair(self->first, self->first->next_in_pair);
    else
        report_ambiguous(build, self, self);
}

static void infer(sgc_model_build *build, const sgc_map *map, bucket *here)
{
    if (here->key[0] == here->key[1]) {
        infer_within(build, here);
        return;
    }
    bucket *there = find_bucket(map, here->key[1], here->key[0]);
    if (!there || here->reported || here->first->inverse) return;
    if (here->ones + here->lists == 1 && there->ones + there->lists == 1)
        pair(here->first, there->first);
    else
        report_ambiguous(build, here, there);
}

/* ---- storage ---- */

/* The declared field that stores `member`, NULL when there is none. */
static sgc_model_member *declared(const sgc_model_member *member, sgc_str name)
{
    const sgc_named_type *type = member->owner->type;
    const sgc_field_def *def = sgc_field_find(type, name);

    return def ? &member->owner->members[def - type->fields] : NULL;
}

static sgc_str storage_name(sgc_model_build *build, const sgc_model_member *member)
{
    sgc_str name = member->def->name;

    if (member->relation.to_many) {
        name = sgc_name_singular(build->arena, name);
        if (!name.data) build->no_memory = true;
    }
    return sgc_model_text(build, SGC_FMT "%s", SGC_ARG(name),
                          member->relation.to_many ? "Ids" : "Id");
}

static sgc_model_member *implicit(sgc_model_build *build, sgc_model_member *of, sgc_str name,
                                  sgc_slot slot, sgc_str type)
{
    sgc_model_member *member = sgc_model_scratch(build, 1, sizeof *member);

    if (!member) return NULL;
    member->kind = SGC_MEMBER_STORED;
    member->def = of->def;
    member->owner = of->owner;
    member->of = of;
    member->slot = slot;
    member->field = (sgc_field){.name = name,
                                .named_type = type,
                                .enumeration = SGC_NONE,
                                .embedded = SGC_NONE,
                                .relation = SGC_NONE,
                                .implicit = true};
    member->field.type =
        slot.list ? sgc_model_text(build, "[" SGC_FMT "!]!", SGC_ARG(type))
                  : sgc_model_text(build, SGC_FMT "%s", SGC_ARG(type), slot.non_null ? "!" : "");
    return member;
}

/* Declared beside the relation or made here; a declared one must be just what we would make. */
static sgc_model_member *storage(sgc_model_build *build, sgc_model_member *of, sgc_str name,
                                 sgc_kind kind, sgc_str type)
{
    bool list = of->relation.to_many;
    sgc_slot slot = {
        .kind = kind, .list = list, .non_null = of->relation.non_null, .item_non_null = list};
    sgc_model_member *found = declared(of, name);

    if (!found) return implicit(build, of, name, slot, type);
    bool agrees = found->kind == SGC_MEMBER_STORED && !found->of && found->slot.kind == kind &&
                  found->slot.list == list && found->slot.non_null == slot.non_null &&
                  found->slot.item_non_null == slot.item_non_null;
    if (!agrees) {
        sgc_buf text = {0};
        sgc_buf_printf(&text, "%s" SGC_FMT "%s", list ? "[" : "", SGC_ARG(type),
                       list            ? "!]!"
                       : slot.non_null ? "!"
                                       : "");
        sgc_model_field_error(build, found->def,
                              SGC_FMT "." SGC_FMT " stores the relation " SGC_FMT
                                      ", so its type must be " SGC_FMT,
                              SGC_ARG(of->owner->table.name), SGC_ARG(name), SGC_ARG(of->def->name),
                              SGC_ARG(sgc_buf_as_str(&text)));
        sgc_buf_free(&text);
        return NULL;
    }
    found->of = of;
    return found;
}

/* The key, or keys, of the other side in this row; to an abstract type also its name. */
static void store_here(sgc_model_build *build, sgc_model_member *member)
{
    sgc_kind kind = member->named->key_kind;
    sgc_str type = SGC_STR("ID"), name = storage_name(build, member);

    if (member->target) {
        kind = member->target->key->slot.kind;
        type = member->target->key->field.named_type;
    } else if (kind == SGC_KIND_INT || kind == SGC_KIND_BIGINT) {
        type = kind == SGC_KIND_INT ? SGC_STR("Int") : SGC_STR("BigInt");
    }
    if (build->no_memory) return;
    member->relation.kind = member->relation.to_many ? SGC_RELATION_LIST : SGC_RELATION_KEY;
    member->storage = storage(build, member, name, kind, type);
    if (!member->target) {
        sgc_str stem = sgc_str_of(name.data, name.size - (member->relation.to_many ? 3 : 2));
        name = sgc_model_text(build, SGC_FMT "Type%s", SGC_ARG(stem),
                              member->relation.to_many ? "s" : "");
        if (!build->no_memory)
            member->type_storage = storage(build, member, name, SGC_KIND_STRING, SGC_STR("String"));
    }
    if (member->relation.on_delete == SGC_ON_DELETE_SET_NULL && !member->relation.to_many &&
        member->relation.non_null)
        sgc_model_error(build, member->def->source, member->relation_directive->span,
                        "onDelete: SET_NULL cannot work: " SGC_FMT " is not nullable",
                        SGC_ARG(member->def->name));
}

/* The other side holds the relation: nothing here may look like its storage. */
static void store_there(sgc_model_build *build, sgc_model_member *member)
{
    const sgc_model_member *other = member->inverse;
    sgc_str name = storage_name(build, member);

    if (build->no_memory) return;
    const sgc_model_member *found = declared(member, name);
    member->relation.kind =
        member->relation.to_many ? SGC_RELATION_INVERSE_MANY : SGC_RELATION_INVERSE_ONE;
    if (found)
        sgc_model_field_error(
            build, found->def,
            SGC_FMT "." SGC_FMT " would store " SGC_FMT ", but that is the inverse of " SGC_FMT
                    "." SGC_FMT " and stored there: remove one of the two",
            SGC_ARG(member->owner->table.name), SGC_ARG(name), SGC_ARG(member->def->name),
            SGC_ARG(other->owner->table.name), SGC_ARG(other->def->name));
    if (member->on_delete_given)
        sgc_model_error(build, member->def->source, member->relation_directive->span,
                        "onDelete belongs on " SGC_FMT "." SGC_FMT ", which stores the relation",
                        SGC_ARG(other->owner->table.name), SGC_ARG(other->def->name));
}

static bool is_before(const sgc_model_member *a, const sgc_model_member *b)
{
    if (a->owner != b->owner) return a->owner->position < b->owner->position;
    return a < b;
}

static bool has_declared(sgc_model_build *build, const sgc_model_member *member)
{
    sgc_str name = storage_name(build, member);

    return !build->no_memory && declared(member, name) != NULL;
}

/* Two opposite to-ones: declared storage, then the non-null side, then the first declared. */
static sgc_model_member *holder_of_one(sgc_model_build *build, sgc_model_member *a,
                                       sgc_model_member *b)
{
    bool a_declared = has_declared(build, a), b_declared = has_declared(build, b);

    if (a_declared != b_declared) return a_declared ? a : b;
    if (a->relation.non_null != b->relation.non_null) return a->relation.non_null ? a : b;
    return is_before(a, b) ? a : b;
}

static sgc_model_member *link_field(sgc_model_build *build, sgc_model_table *link, size_t at,
                                    const sgc_model_table *side, const char *name)
{
    sgc_model_member *member = &link->members[at];

    member->kind = SGC_MEMBER_STORED;
    member->owner = link;
    member->slot = (sgc_slot){.kind = side->key->slot.kind, .non_null = true};
    member->field = (sgc_field){
        .name = name ? sgc_str_from(name)
                     : sgc_model_text(build, SGC_FMT "Id", SGC_ARG(side->table.singular)),
        .type = sgc_model_text(build, SGC_FMT "!", SGC_ARG(side->key->field.named_type)),
        .named_type = side->key->field.named_type,
        .enumeration = SGC_NONE,
        .embedded = SGC_NONE,
        .relation = SGC_NONE,
        .implicit = true};
    return member;
}

/* 0 is for ever. */
static uint64_t longer(uint64_t a, uint64_t b)
{
    return a == 0 || b == 0 ? 0 : a > b ? a : b;
}

/* Named after its first side, with a point that no GraphQL name has. */
static void store_between(sgc_model_build *build, sgc_model_member *left, sgc_model_member *right)
{
    sgc_model_table *link = sgc_model_scratch(build, 1, sizeof *link);

    if (!link || build->table_count >= SGC_MODEL_MAX ||
        !SGC_MODEL_GROW(build, build->tables, build->table_count, build->table_capacity))
        return;
    bool self = left->owner == right->owner;
    link->table.link = true;
    link->table.history = left->owner->table.history && right->owner->table.history;
    link->table.retain_us = longer(left->owner->table.retain_us, right->owner->table.retain_us);
    link->table.key = SGC_NONE;
    link->table.name = sgc_model_text(build, SGC_FMT "." SGC_FMT, SGC_ARG(left->owner->table.name),
                                      SGC_ARG(left->def->name));
    link->table.singular = link->table.plural = link->table.name;
    link->stored_names.arena = &build->scratch;
    link->member_count = 2;
    link->members = sgc_model_scratch(build, 2, sizeof *link->members);
    if (!link->members) return;
    link_field(build, link, 0, left->owner, self ? "leftId" : NULL);
    link_field(build, link, 1, right->owner, self ? "rightId" : NULL);
    link->position = (uint32_t)build->table_count;
    build->tables[build->table_count++] = link;
    left->relation.kind = right->relation.kind = SGC_RELATION_LINK;
    left->relation.link = right->relation.link = (uint16_t)link->position;
    left->relation.index = 0;
    left->relation.link_field = 1;
    right->relation.index = 1;
    right->relation.link_field = 0;
}

static void check_link_side(sgc_model_build *build, const sgc_model_member *member)
{
    sgc_str name = storage_name(build, member);
    const sgc_model_member *found = build->no_memory ? NULL : declared(member, name);

    if (found)
        sgc_model_field_error(build, found->def,
                              SGC_FMT "." SGC_FMT " cannot store " SGC_FMT
                                      ": two opposite lists are kept in a link table",
                              SGC_ARG(member->owner->table.name), SGC_ARG(name),
                              SGC_ARG(member->def->name));
    if (member->on_delete_given)
        sgc_model_error(build, member->def->source, member->relation_directive->span,
                        "onDelete means nothing here: a link dies with either of its ends");
}

static void store(sgc_model_build *build, sgc_model_member *member)
{
    sgc_model_member *other = member->inverse;

    if (member->relation.kind) return;
    if (!other) {
        store_here(build, member);
    } else if (member->relation.to_many && other->relation.to_many) {
        bool first = is_before(member, other);
        check_link_side(build, member);
        check_link_side(build, other);
        store_between(build, first ? member : other, first ? other : member);
    } else {
        sgc_model_member *holder = member->relation.to_many  ? other
                                   : other->relation.to_many ? member
                                                             : holder_of_one(build, member, other);
        holder->unique = !holder->inverse->relation.to_many;
        store_here(build, holder);
        store_there(build, holder->inverse);
    }
}

/* ---- order of what is stored ---- */

bool sgc_model_store(sgc_model_build *build, sgc_model_table *table, sgc_model_member *member)
{
    if (sgc_map_get(&table->stored_names, member->field.name)) {
        sgc_model_field_error(build, member->def,
                              "two relations of " SGC_FMT " would be stored as " SGC_FMT
                              ": rename one of them",
                              SGC_ARG(table->table.name), SGC_ARG(member->field.name));
        return false;
    }
    if (!SGC_MODEL_GROW(build, table->stored, table->stored_count, table->stored_capacity) ||
        !sgc_map_put(&table->stored_names, member->field.name, member)) {
        build->no_memory = true;
        return false;
    }
    if (table->stored_count == SGC_MODEL_MAX) {
        sgc_model_type_error(build, table->type, "more than %d fields", SGC_MODEL_MAX);
        return false;
    }
    member->position = (uint16_t)table->stored_count;
    table->stored[table->stored_count++] = member;
    return true;
}

/* Implicit storage stands in front of its relation. */
static void store_members(sgc_model_build *build, sgc_model_table *table)
{
    size_t relations = 0;

    for (size_t i = 0; i < table->member_count && sgc_model_going(build); i++) {
        sgc_model_member *member = &table->members[i];
        if (member->kind == SGC_MEMBER_STORED) sgc_model_store(build, table, member);
        if (member->kind != SGC_MEMBER_RELATION) continue;
        member->position = (uint16_t)relations++;
        if (member->storage && member->storage->field.implicit)
            sgc_model_store(build, table, member->storage);
        if (member->type_storage && member->type_storage->field.implicit)
            sgc_model_store(build, table, member->type_storage);
    }
}

static void each_relation(sgc_model_build *build,
                          void (*visit)(sgc_model_build *, sgc_model_member *))
{
    size_t count = build->table_count; /* link tables are added meanwhile */

    for (size_t i = 0; i < count && sgc_model_going(build); i++)
        for (size_t n = 0; n < build->tables[i]->member_count && sgc_model_going(build); n++)
            if (build->tables[i]->members[n].kind == SGC_MEMBER_RELATION)
                visit(build, &build->tables[i]->members[n]);
}

static void explicit_only(sgc_model_build *build, sgc_model_member *member)
{
    if (member->opposite.data) explicit_inverse(build, member);
}

static void infer_all(sgc_model_build *build)
{
    sgc_map map = {.arena = &build->scratch};
    bucket *first = NULL, **tail = &first;

    for (size_t i = 0; i < build->table_count; i++) {
        sgc_model_table *table = build->tables[i];
        for (size_t n = 0; n < table->member_count && !build->no_memory; n++) {
            sgc_model_member *member = &table->members[n];
            if (member->kind != SGC_MEMBER_RELATION || !member->infer || member->inverse ||
                !member->target)
                continue;
            bucket *made = put_in_bucket(build, &map, member);
            if (!made) continue;
            *tail = made;
            tail = &made->next;
        }
    }
    for (bucket *at = first; at && sgc_model_going(build); at = at->next)
        infer(build, &map, at);
}

void sgc_model_relations(sgc_model_build *build)
{
    each_relation(build, read_directive);
    each_relation(build, explicit_only);
    infer_all(build);
    if (build->errors == 0) each_relation(build, store);
    for (size_t i = 0; i < build->table_count && sgc_model_going(build); i++)
        store_members(build, build->tables[i]);
    for (size_t i = 0; i < build->embedded_count && sgc_model_going(build); i++)
        store_members(build, build->embeddeds[i]);
}
