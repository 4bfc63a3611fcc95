/*
 * view_getter.c - accessors of views: each reads one member of a row out of the stored record, at
 * an offset known here when its width is fixed, else behind the fields that stand before it.
 */
#include "build.h"

/* "blog_user_view_age": rarely taken by a type or a relation, and then it gets a number. */
static sgc_str getter_name(view_build_state *b, uint16_t table, sgc_str member, const char *has)
{
    static const char *const plain[] = {"", NULL};
    sgc_str type = b->schema->tables[table].name;

    return names_global(
        b->names, say(b, "view " SGC_FMT ".%s" SGC_FMT, SGC_ARG(type), has, SGC_ARG(member)),
        say(b, SGC_FMT "_view_%s" SGC_FMT, SGC_ARG(b->tables[table].local), has, SGC_ARG(member)),
        plain);
}

static sgc_str fixed_value(view_build_state *b, const field_info *f, sgc_str type)
{
    unsigned offset = (unsigned)f->slot->offset;
    const char *null = f->flag && f->slot->kind != SGC_KIND_BOOLEAN ? "_or_null" : "";

    if (f->slot->kind == SGC_KIND_ENUM)
        return say(b, "(" SGC_FMT ")sgc_view_enum(v.record, %u)", SGC_ARG(type), offset);
    return say(b, "sgc_view_%s%s(v.record, %u)", words_of(f->slot->kind)->width, null, offset);
}

static sgc_str rest_value(view_build_state *b, const field_info *f, const sgc_layout *layout)
{
    const kind_words *words = words_of(f->slot->kind);
    unsigned rest = SGC_RECORD_HEAD + (unsigned)layout->fixed_size;
    unsigned position = (unsigned)(f->field->slot - layout->fixed_count);

    if (f->slot->list)
        return say(b, "sgc_view_list(v.record, %u, %u, SGC_KIND_%s)", rest, position,
                   words->symbol);
    return say(b, "sgc_view_%s(v.record, %u, %u)", words->width, rest, position);
}

void build_getters(view_build_state *b, uint16_t position, view_table *table)
{
    const sgc_table *t = &b->schema->tables[position];
    view_getter *items = make(b, (size_t)t->field_count * 2, sizeof *items);
    sgc_str view = say(b, SGC_FMT "_view", SGC_ARG(table->c));
    size_t count = 0;

    for (uint16_t i = 0; items && !b->no_memory && i < t->field_count; i++) {
        field_info f = table_field(b, position, i);
        sgc_str type = member_type(b, &f, false);
        if (f.flag)
            items[count++] =
                (view_getter){getter_name(b, position, f.c, "has_"), view, SGC_STR("bool"),
                              say(b, "sgc_view_has(v.record, %u)", (unsigned)f.slot->offset)};
        items[count++] =
            (view_getter){getter_name(b, position, f.c, ""), view, type,
                          f.fixed ? fixed_value(b, &f, type) : rest_value(b, &f, &t->layout)};
    }
    table->getters.items = items;
    table->getters.count = count;
}
