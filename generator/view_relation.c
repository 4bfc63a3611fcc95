/*
 * view_relation.c - relations: one row, many rows, many for a batch of rows, and how they are
 * added and removed.
 */
#include "build.h"

static bool is_mixed(const sgc_relation *r)
{
    return r->target == SGC_NONE;
}

/* C name of what a relation leads to, and the kind of its keys. */
static sgc_str target_c(const view_build_state *b, const sgc_relation *r)
{
    return is_mixed(r) ? b->abstracts[r->abstract].c : b->tables[r->target].c;
}

static const key_words *target_key(const view_build_state *b, const sgc_relation *r)
{
    return is_mixed(r) ? key_words_of(b->abstracts[r->abstract].key) : key_of(b, r->target);
}

/* The expression that opens the rows of a relation for `ids` and `count`. */
static sgc_str rows_of(view_build_state *b, uint16_t table, const sgc_relation *r)
{
    const char *ids = key_of(b, table)->ids;
    unsigned target = r->target, position = (unsigned)(r - b->schema->tables[table].relations);

    if (is_mixed(r))
        return say(b, "sgc_rows_mixed(txn, %u, %u, %s(ids, count))", (unsigned)table, position,
                   ids);
    if (r->kind == SGC_RELATION_LINK)
        return say(b, "sgc_rows_linked(txn, %u, %u, %u, %u, %s(ids, count))", target,
                   (unsigned)r->link, (unsigned)r->index, (unsigned)r->link_field, ids);
    if (r->kind == SGC_RELATION_KEY || r->kind == SGC_RELATION_LIST)
        return say(b, "sgc_rows_named(txn, %u, %u, %u, %s(ids, count))", target, (unsigned)table,
                   (unsigned)r->field, ids);
    return say(b, "sgc_rows_children(txn, %u, %u, sgc_str_of(NULL, 0), %s(ids, count))", target,
               (unsigned)r->index, ids);
}

/* The member that stores the key or the keys, and the one beside it that names the types. */
static void build_storage(view_build_state *b, uint16_t table, const sgc_relation *r,
                          view_relation *view)
{
    view->field = table_field(b, table, r->field).c;
    view->words = say(b, SGC_FMT " names", SGC_ARG(view->field));
    if (!is_mixed(r)) return;
    view->type = table_field(b, table, r->type_field).c;
    view->words =
        say(b, SGC_FMT " and " SGC_FMT " name", SGC_ARG(view->field), SGC_ARG(view->type));
}

static void build_one(view_build_state *b, uint16_t table, const sgc_relation *r,
                      view_relation *view)
{
    field_info f = table_field(b, table, r->field);

    view->one = true;
    view->missing = f.flag    ? say(b, "!row->has_" SGC_FMT, SGC_ARG(f.c))
                    : f.fixed ? SGC_STR("row == NULL")
                              : say(b, "row->" SGC_FMT ".data == NULL", SGC_ARG(f.c));
    if (is_mixed(r))
        view->get = say(b, SGC_FMT "_get(txn, " SGC_FMT "_type_from_text(row->" SGC_FMT ")",
                        SGC_ARG(view->target), SGC_ARG(view->target), SGC_ARG(view->type));
    else
        view->get = say(b, SGC_FMT "_get(txn", SGC_ARG(view->target));
    view->get = say(b, SGC_FMT ", row->" SGC_FMT ", out)", SGC_ARG(view->get), SGC_ARG(f.c));
}

/* add and remove through the hidden link table: field 0 of it is the left side. */
static void build_linked(view_build_state *b, uint16_t table, const sgc_relation *r,
                         view_relation *view)
{
    bool left = r->link_field == 1;

    view->linked = view->removes = true;
    view->link = say(b, "%u", (unsigned)r->link);
    sgc_str ours = say(b, "%s(&%s, id)", key_of(b, table)->pk, left ? "left" : "right");
    sgc_str theirs = say(b, "%s(&%s, other_id)", key_of(b, r->target)->pk, left ? "right" : "left");
    view->left = left ? ours : theirs;
    view->right = left ? theirs : ours;
}

/* add and remove by writing the key that the other row holds. */
static void build_adopts(view_build_state *b, const sgc_relation *r, view_relation *view)
{
    const sgc_table *target = &b->schema->tables[r->target];
    const sgc_relation *inverse = r->inverse == SGC_NONE ? NULL : &target->relations[r->inverse];

    if (!inverse || inverse->kind != SGC_RELATION_KEY || inverse->field == target->key) return;
    field_info f = table_field(b, r->target, inverse->field);
    view->adopts = true;
    view->field = f.c;
    view->child_flag = f.flag;
    view->removes = !f.slot->non_null;
    view->child_same =
        f.fixed ? say(b, "row.has_" SGC_FMT " && row." SGC_FMT " == id", SGC_ARG(f.c), SGC_ARG(f.c))
                : say(b, "sgc_str_eq(row." SGC_FMT ", id)", SGC_ARG(f.c));
}

static sgc_str relation_sdl(view_build_state *b, const sgc_relation *r)
{
    sgc_str target =
        is_mixed(r) ? b->schema->abstracts[r->abstract].name : b->schema->tables[r->target].name;

    if (r->name.size + target.size > 80) return SGC_STR("a relation");
    return say(b, SGC_FMT ": %s" SGC_FMT "%s", SGC_ARG(r->name), r->to_many ? "[" : "",
               SGC_ARG(target), r->to_many ? "!]!" : "");
}

/* How rows are read and written, by where the relation is stored. */
static void build_kind(view_build_state *b, uint16_t table, const sgc_relation *r,
                       view_relation *view)
{
    switch (r->kind) {
    case SGC_RELATION_KEY:
        build_storage(b, table, r, view);
        build_one(b, table, r, view);
        return;
    case SGC_RELATION_INVERSE_ONE:
        view->owned = true;
        view->key = say(b, "%s(&key, id, false)", key_of(b, table)->component);
        return;
    case SGC_RELATION_INVERSE_MANY:
        build_adopts(b, r, view);
        break;
    case SGC_RELATION_LINK:
        build_linked(b, table, r, view);
        break;
    case SGC_RELATION_LIST:
        build_storage(b, table, r, view);
        view->keys = sgc_str_from(target_key(b, r)->keys);
        view->mixes = is_mixed(r);
        view->lists = !view->mixes;
        break;
    }
    view->many = true;
}

static void build_relation(view_build_state *b, uint16_t table, const sgc_relation *r,
                           view_relation *view)
{
    static const char *const suffixes[] = {"", "_many", "_add", "_remove", NULL};
    const sgc_table *t = &b->schema->tables[table];
    sgc_str name = name_snake(b->arena, r->name);

    view->c = names_global(
        b->names, say(b, "relation " SGC_FMT "." SGC_FMT, SGC_ARG(t->name), SGC_ARG(r->name)),
        say(b, SGC_FMT "_" SGC_FMT, SGC_ARG(b->tables[table].local), SGC_ARG(name)), suffixes);
    view->gql = r->name.size < 60 ? r->name : SGC_STR("the relation");
    view->sdl = relation_sdl(b, r);
    view->doc = doc_of(b, r->description, r->deprecation);
    view->owner = b->tables[table].c;
    view->target = target_c(b, r);
    view->id = sgc_str_from(key_of(b, table)->type);
    view->other = sgc_str_from(target_key(b, r)->type);
    view->at = say(b, "%u", (unsigned)r->target);
    view->position = say(b, "%u", (unsigned)r->index);
    view->rows = rows_of(b, table, r);
    build_kind(b, table, r, view);
}

void build_relations(view_build_state *b, uint16_t position, view_table *table)
{
    const sgc_table *t = &b->schema->tables[position];
    view_relation *relations = make(b, t->relation_count, sizeof *relations);

    for (uint16_t i = 0; relations && i < t->relation_count; i++)
        build_relation(b, position, &t->relations[i], &relations[i]);
    table->relations.items = relations;
    table->relations.count = relations ? t->relation_count : 0;
}
