/*
 * view_access.c - how rows are reached: by key and by the ranges of each index. Relations are in
 * view_relation.c.
 */
#include "build.h"

/* ---- keys ---- */

const key_words *key_words_of(sgc_kind kind)
{
    static const key_words text = {"sgc_str",      "sgc_pk_text",  "sgc_id_from_text",
                                   "sgc_ids_text", "sgc_key_text", "text"};
    static const key_words narrow = {"int32_t",     "sgc_pk_int",  "sgc_id_from_int",
                                     "sgc_ids_int", "sgc_key_int", "int"};
    static const key_words wide = {"int64_t",       "sgc_pk_int64",  "sgc_id_from_int64",
                                   "sgc_ids_int64", "sgc_key_int64", "int64"};

    static const key_words uuid = {"sgc_str",      "sgc_pk_uuid",  "sgc_id_from_text",
                                   "sgc_ids_uuid", "sgc_key_uuid", "text"};

    if (kind == SGC_KIND_UUID) return &uuid;
    if (kind == SGC_KIND_INT) return &narrow;
    return kind == SGC_KIND_BIGINT ? &wide : &text;
}

const key_words *key_of(const view_build_state *b, uint16_t table)
{
    const sgc_table *t = &b->schema->tables[table];

    return key_words_of(sgc_field_slot(t, t->key)->kind);
}

/* ---- components ---- */

/* Appends one component to key; `value` and `has` are expressions. */
static sgc_str component(view_build_state *b, const field_info *f, bool element, const char *key,
                         sgc_str value, sgc_str has)
{
    sgc_kind kind = f->slot->kind;
    bool nullable = element ? !f->slot->item_non_null : f->flag;

    if (kind == SGC_KIND_ENUM)
        return say(b, "sgc_key_enum_or_null(%s, (uint16_t)" SGC_FMT ")", key, SGC_ARG(value));
    if (kind == SGC_KIND_DECIMAL)
        return say(b, "sgc_key_decimal_or_null(%s, " SGC_FMT ")", key, SGC_ARG(value));
    if (kind == SGC_KIND_UUID)
        return say(b, "sgc_key_uuid(%s, " SGC_FMT ", false)", key, SGC_ARG(value));
    if (!sgc_kind_is_fixed(kind))
        return say(b, "sgc_key_text(%s, " SGC_FMT ", false)", key, SGC_ARG(value));
    if (nullable && has.data)
        return say(b, "sgc_key_%s_or_null(%s, " SGC_FMT ", " SGC_FMT ")", words_of(kind)->width,
                   key, SGC_ARG(has), SGC_ARG(value));
    return say(b, "sgc_key_%s(%s, " SGC_FMT ", false)", words_of(kind)->width, key, SGC_ARG(value));
}

/*
 * Names that getters use themselves get by_ in front when a field has them, and so do names that
 * begin like that, so that no two parameters are the same.
 */
static sgc_str parameter_name(view_build_state *b, sgc_str c)
{
    static const char *const own[] = {"txn", "out", "key", "record", "rc"};
    bool taken = c.size >= 3 && memcmp(c.data, "by_", 3) == 0;

    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        taken = taken || sgc_str_eq(c, sgc_str_from(own[i]));
    return taken ? say(b, "by_" SGC_FMT, SGC_ARG(c)) : c;
}

/* ---- indexes ---- */

/* A field as an index sees it: for an index of elements, as one element. */
static sgc_str part_type(view_build_state *b, const field_info *f)
{
    field_info single = *f;
    sgc_slot slot = *f->slot;

    slot.list = false;
    single.slot = &slot;
    return member_type(b, &single, false);
}

static void build_part(view_build_state *b, const sgc_index *index, uint16_t position,
                       const field_info *f, view_part *part)
{
    sgc_str bound = say(b, "bound->" SGC_FMT, SGC_ARG(f->c));
    sgc_str bound_has = say(b, "bound->has_" SGC_FMT, SGC_ARG(f->c));
    sgc_str row = say(b, "row->" SGC_FMT, SGC_ARG(f->c));
    sgc_str row_has = say(b, "row->has_" SGC_FMT, SGC_ARG(f->c));
    sgc_str none = {NULL, 0};

    part->position = say(b, "%u", (unsigned)position);
    part->c = component(b, f, index->elements, "key", bound, bound_has);
    part->key = component(b, f, index->elements, "&key", parameter_name(b, f->c), none);
    part->row_key = component(b, f, false, "key", row, row_has);
}

static bool bound_flag(const sgc_index *index, const field_info *f)
{
    bool scalar = sgc_kind_is_fixed(f->slot->kind) && f->slot->kind != SGC_KIND_ENUM;

    return scalar && (index->elements ? !f->slot->item_non_null : f->flag);
}

/* Members of the bound struct and the parts that append them. */
static void build_parts(view_build_state *b, uint16_t table, const sgc_index *index,
                        view_index *view)
{
    view_part *parts = make(b, index->count, sizeof *parts);
    view_member *members = make(b, (size_t)index->count * 2, sizeof *members);
    sgc_str words = SGC_STR(""), parameters = SGC_STR("");
    size_t count = 0;

    for (uint16_t i = 0; parts && members && i < index->count; i++) {
        field_info f = table_field(b, table, index->fields[i]);
        sgc_str type = part_type(b, &f), name = parameter_name(b, f.c);
        build_part(b, index, i, &f, &parts[i]);
        if (bound_flag(index, &f)) {
            members[count].c = say(b, "bool has_" SGC_FMT, SGC_ARG(f.c));
            members[count++].remark = SGC_STR("not null");
        }
        members[count].c = say(b, SGC_FMT " " SGC_FMT, SGC_ARG(type), SGC_ARG(f.c));
        members[count++].remark =
            f.field->name.size < 60 ? f.field->name : SGC_STR("the field of this name");
        words = say(b, SGC_FMT "%s" SGC_FMT, SGC_ARG(words), i ? " and " : "",
                    SGC_ARG(members[count - 1].remark));
        parameters = say(b, SGC_FMT "%s" SGC_FMT " " SGC_FMT, SGC_ARG(parameters), i ? ", " : "",
                         SGC_ARG(type), SGC_ARG(name));
    }
    view->parts.items = parts;
    view->parts.count = parts ? index->count : 0;
    view->members.items = members;
    view->members.count = count;
    view->words = words;
    view->parameters = parameters;
}

/* "email_and_age": members of an index, joined. */
static sgc_str joined_members(view_build_state *b, uint16_t table, const sgc_index *index)
{
    sgc_str text = SGC_STR("");

    for (uint16_t i = 0; i < index->count; i++)
        text = say(b, SGC_FMT "%s" SGC_FMT, SGC_ARG(text), i ? "_and_" : "",
                   SGC_ARG(b->tables[table].members[index->fields[i]]));
    return text;
}

static void build_index(view_build_state *b, uint16_t table, uint16_t position, view_index *view)
{
    static const char *const suffixes[] = {"", "_bound", "_range", NULL};
    static const char *const plain[] = {"", NULL};
    const sgc_table *t = &b->schema->tables[table];
    const sgc_index *index = &t->indexes[position];
    sgc_str joined = joined_members(b, table, index), local = b->tables[table].local;

    view->c = names_global(
        b->names, say(b, "index " SGC_FMT " %u", SGC_ARG(t->name), (unsigned)index->number),
        say(b, SGC_FMT "_by_" SGC_FMT, SGC_ARG(local), SGC_ARG(joined)), suffixes);
    view->unique = index->unique && position != 0 && !index->elements;
    view->keyed = position != 0 && !index->elements;
    if (view->unique)
        view->get = names_global(
            b->names, say(b, "get " SGC_FMT " %u", SGC_ARG(t->name), (unsigned)index->number),
            say(b, SGC_FMT "_get_by_" SGC_FMT, SGC_ARG(local), SGC_ARG(joined)), plain);
    view->table = b->tables[table].c;
    view->at = say(b, "%u", (unsigned)table);
    view->position = say(b, "%u", (unsigned)position);
    build_parts(b, table, index, view);
}

/* The key's own order: entries are primary keys as they are. */
static void build_key_index(view_build_state *b, uint16_t table, view_index *view)
{
    static const char *const suffixes[] = {"", "_bound", "_range", NULL};
    const sgc_table *t = &b->schema->tables[table];
    const key_words *words = key_of(b, table);
    sgc_str member = b->tables[table].members[t->key];
    view_part *part = make(b, 1, sizeof *part);
    view_member *members = make(b, 1, sizeof *members);

    if (!part || !members) return;
    view->c = names_global(
        b->names, say(b, "key " SGC_FMT, SGC_ARG(t->name)),
        say(b, SGC_FMT "_by_" SGC_FMT, SGC_ARG(b->tables[table].local), SGC_ARG(member)), suffixes);
    part->c = say(b, "%s(key, bound->" SGC_FMT ")", words->pk, SGC_ARG(member));
    part->position = SGC_STR("0");
    members->c = say(b, "%s " SGC_FMT, words->type, SGC_ARG(member));
    members->remark = SGC_STR("the key");
    view->table = b->tables[table].c;
    view->at = say(b, "%u", (unsigned)table);
    view->position = SGC_STR("0");
    view->words = SGC_STR("the key");
    view->parts.items = part;
    view->parts.count = 1;
    view->members.items = members;
    view->members.count = 1;
}

static void build_indexes(view_build_state *b, uint16_t table, view_table *view)
{
    const sgc_table *t = &b->schema->tables[table];
    size_t count = t->index_count ? t->index_count : 1, keyed_count = 0;
    view_index *indexes = make(b, count, sizeof *indexes);
    view_index *keyed = make(b, count, sizeof *keyed);

    if (!indexes || !keyed) return;
    build_key_index(b, table, &indexes[0]);
    for (uint16_t i = 1; i < t->index_count; i++) {
        build_index(b, table, i, &indexes[i]);
        if (indexes[i].keyed) keyed[keyed_count++] = indexes[i];
    }
    view->indexes.items = indexes;
    view->indexes.count = count;
    view->keyed.items = keyed;
    view->keyed.count = keyed_count;
    view->has_keyed = keyed_count > 0;
}

void build_access(view_build_state *b, uint16_t position, view_table *table)
{
    const key_words *words = key_of(b, position);

    table->id = sgc_str_from(words->type);
    table->ids = sgc_str_from(words->ids);
    table->key = sgc_str_from(words->pk);
    table->key_back = sgc_str_from(words->back);
    table->text_key = words == key_words_of(SGC_KIND_ID);
    build_indexes(b, position, table);
    build_relations(b, position, table);
}
