/*
 * view_abstract.c - interfaces and unions that relations lead to: a struct that holds a row of any
 * of their tables, and says which. Those that no relation leads to have no C type.
 */
#include "build.h"

/* Marks what relations lead to, and how they store its keys. */
static void mark_used(view_build_state *b)
{
    const sgc_schema *s = b->schema;

    for (uint16_t t = 0; t < s->table_count; t++) {
        for (uint16_t r = 0; r < s->tables[t].relation_count; r++) {
            const sgc_relation *relation = &s->tables[t].relations[r];
            if (relation->abstract == SGC_NONE) continue;
            b->abstracts[relation->abstract].key =
                sgc_field_slot(&s->tables[t], relation->field)->kind;
        }
    }
}

static void name_variants(view_build_state *b, abstract_names *names, const sgc_abstract *def)
{
    sgc_str upper = name_upper(b->arena, names->c);

    names->members = make(b, def->table_count, sizeof *names->members);
    names->constants = make(b, def->table_count, sizeof *names->constants);
    for (uint16_t i = 0; !b->no_memory && i < def->table_count; i++) {
        sgc_str type = b->schema->tables[def->tables[i]].name;
        sgc_str snake = name_snake(b->arena, type);
        names->members[i] = names_member(
            b->names, &names->scope,
            say(b, "member " SGC_FMT "." SGC_FMT, SGC_ARG(def->name), SGC_ARG(type)), snake);
        names->constants[i] = names_constant(
            b->names, say(b, "value " SGC_FMT "." SGC_FMT, SGC_ARG(def->name), SGC_ARG(type)),
            say(b, SGC_FMT "_" SGC_FMT, SGC_ARG(upper), SGC_ARG(name_upper(b->arena, snake))));
    }
}

void name_abstracts(view_build_state *b)
{
    static const char *const suffixes[] = {
        "",        "_type",        "_type_text",     "_type_from_text", "_get",
        "_cursor", "_cursor_next", "_cursor_status", "_cursor_parent",  NULL};
    const sgc_schema *s = b->schema;

    b->abstracts = make(b, s->abstract_count, sizeof *b->abstracts);
    if (!b->abstracts) return;
    mark_used(b);
    for (uint16_t i = 0; i < s->abstract_count; i++) {
        const sgc_abstract *def = &s->abstracts[i];
        if (b->abstracts[i].key == 0) continue;
        b->abstracts[i].c = names_global(b->names, say(b, "type " SGC_FMT, SGC_ARG(def->name)),
                                         name_snake(b->arena, def->name), suffixes);
        name_variants(b, &b->abstracts[i], def);
    }
}

static void build_variants(view_build_state *b, const abstract_names *names,
                           const sgc_abstract *def, view_abstract *view)
{
    view_variant *variants = make(b, def->table_count, sizeof *variants);

    for (uint16_t i = 0; variants && i < def->table_count; i++) {
        variants[i].c = names->members[i];
        variants[i].constant = names->constants[i];
        variants[i].gql = b->schema->tables[def->tables[i]].name;
        variants[i].table = b->tables[def->tables[i]].c;
        variants[i].at = say(b, "%u", (unsigned)def->tables[i]);
        variants[i].number = say(b, "%u", (unsigned)i + 1);
    }
    view->variants.items = variants;
    view->variants.count = variants ? def->table_count : 0;
}

void build_abstract_types(view_build_state *b)
{
    const sgc_schema *s = b->schema;
    view_abstract *abstracts = make(b, s->abstract_count, sizeof *abstracts);
    size_t count = 0;

    for (uint16_t i = 0; abstracts && i < s->abstract_count; i++) {
        const sgc_abstract *def = &s->abstracts[i];
        const abstract_names *names = &b->abstracts[i];
        if (names->key == 0) continue;
        view_abstract *view = &abstracts[count++];
        view->c = names->c;
        view->gql = def->name;
        view->place = place_of(b, def->name);
        view->doc = doc_of(b, def->description, sgc_str_of(NULL, 0));
        view->sort = sgc_str_from(def->is_union ? "union" : "interface");
        view->id = sgc_str_from(key_words_of(names->key)->type);
        view->key = sgc_str_from(key_words_of(names->key)->pk);
        view->count = say(b, "%u", (unsigned)def->table_count);
        build_variants(b, names, def, view);
    }
    b->view->abstracts.items = abstracts;
    b->view->abstracts.count = count;
}
