/*
 * difference.c - what tells the model that a database keeps from the one a program brings: nothing,
 * indexes alone, or more, which is then said in words. And a program's model with the numbers that
 * the database gives to its indexes.
 */
#include "schema/schema.h"

#include <stdio.h>

typedef struct comparison {
    const sgc_schema *kept, *given;
    sgc_buf *words;
    bool indexes; /* some differ */
    bool more;    /* something else does, and words says what */
} comparison;

SGC_PRINTF(2, 3) static void differs(comparison *c, const char *format, ...)
{
    char line[600];
    va_list arguments;

    if (c->more) return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    sgc_buf_text(c->words, line);
    c->more = true;
}

static bool same_text(sgc_str a, sgc_str b)
{
    return sgc_str_eq(a, b);
}

/* ---- fields ---- */

static sgc_str name_at(const sgc_table *tables, uint16_t count, uint16_t position)
{
    return position < count ? tables[position].name : SGC_STR("");
}

static const sgc_field *field_named(const sgc_field *fields, uint16_t count, sgc_str name)
{
    for (uint16_t i = 0; i < count; i++)
        if (same_text(fields[i].name, name)) return &fields[i];
    return NULL;
}

static sgc_str enum_of(const sgc_schema *schema, const sgc_field *field)
{
    return field->enumeration < schema->enum_count ? schema->enums[field->enumeration].name
                                                   : SGC_STR("");
}

static sgc_str embedded_of(const sgc_schema *schema, const sgc_field *field)
{
    return field->embedded < schema->embedded_count ? schema->embeddeds[field->embedded].name
                                                    : SGC_STR("");
}

static bool same_slot(const comparison *c, const sgc_field *a, const sgc_slot *x,
                      const sgc_field *b, const sgc_slot *y)
{
    return x->kind == y->kind && x->list == y->list && x->non_null == y->non_null &&
           x->item_non_null == y->item_non_null &&
           same_text(enum_of(c->kept, a), enum_of(c->given, b)) &&
           same_text(embedded_of(c->kept, a), embedded_of(c->given, b));
}

/* The fields of a table or of an embedded type. */
typedef struct members {
    sgc_str owner;
    const sgc_field *fields;
    const sgc_layout *layout;
    uint16_t count;
} members;

static void compare_field(comparison *c, const members *kept, const sgc_field *a,
                          const members *given, const sgc_field *b)
{
    const sgc_slot *x = &kept->layout->slots[a->slot], *y = &given->layout->slots[b->slot];

    if (!same_slot(c, a, x, b, y))
        differs(c, SGC_FMT "." SGC_FMT " is " SGC_FMT " in the database, " SGC_FMT " here",
                SGC_ARG(kept->owner), SGC_ARG(a->name), SGC_ARG(a->type), SGC_ARG(b->type));
    else if (a->number != b->number)
        differs(c,
                SGC_FMT "." SGC_FMT " has number %u in the database, %u here: build with the lock "
                        "file that belongs to the database",
                SGC_ARG(kept->owner), SGC_ARG(a->name), (unsigned)a->number, (unsigned)b->number);
}

static void compare_fields(comparison *c, const members *kept, const members *given)
{
    for (uint16_t i = 0; i < kept->count && !c->more; i++) {
        const sgc_field *a = &kept->fields[i];
        const sgc_field *b = field_named(given->fields, given->count, a->name);
        if (b)
            compare_field(c, kept, a, given, b);
        else
            differs(c, "the database has a field " SGC_FMT "." SGC_FMT ", this schema has none",
                    SGC_ARG(kept->owner), SGC_ARG(a->name));
    }
    for (uint16_t i = 0; i < given->count && !c->more; i++)
        if (!field_named(kept->fields, kept->count, given->fields[i].name))
            differs(c, "this schema has a field " SGC_FMT "." SGC_FMT ", the database has none",
                    SGC_ARG(given->owner), SGC_ARG(given->fields[i].name));
}

/* ---- indexes ---- */

bool sgc_index_same(const sgc_table *a, const sgc_index *x, const sgc_table *b, const sgc_index *y)
{
    bool same = x->number == y->number && x->count == y->count && x->unique == y->unique &&
                x->elements == y->elements;

    for (uint16_t i = 0; same && i < x->count; i++)
        same = a->fields[x->fields[i]].number == b->fields[y->fields[i]].number;
    return same;
}

/* Position 0 is the order of the key in both. */
static void compare_indexes(comparison *c, const sgc_table *kept, const sgc_table *given)
{
    uint16_t found = 0;

    for (uint16_t i = 1; i < kept->index_count; i++)
        for (uint16_t n = 1; n < given->index_count; n++)
            found = (uint16_t)(found +
                               sgc_index_same(kept, &kept->indexes[i], given, &given->indexes[n]));
    if (kept->index_count != given->index_count || found + 1U < kept->index_count)
        c->indexes = true;
}

/* ---- relations, checks, tables ---- */

static const sgc_relation *relation_named(const sgc_table *table, sgc_str name)
{
    for (uint16_t i = 0; i < table->relation_count; i++)
        if (same_text(table->relations[i].name, name)) return &table->relations[i];
    return NULL;
}

static sgc_str target_of(const sgc_schema *schema, const sgc_relation *relation)
{
    if (relation->abstract < schema->abstract_count)
        return schema->abstracts[relation->abstract].name;
    return name_at(schema->tables, schema->table_count, relation->target);
}

static void compare_relations(comparison *c, const sgc_table *kept, const sgc_table *given)
{
    if (kept->relation_count != given->relation_count)
        differs(c, SGC_FMT " has %u relations in the database, %u here", SGC_ARG(kept->name),
                (unsigned)kept->relation_count, (unsigned)given->relation_count);
    for (uint16_t i = 0; i < kept->relation_count && !c->more; i++) {
        const sgc_relation *a = &kept->relations[i], *b = relation_named(given, a->name);
        if (!b)
            differs(c, "the database has a relation " SGC_FMT "." SGC_FMT ", this schema has none",
                    SGC_ARG(kept->name), SGC_ARG(a->name));
        else if (a->kind != b->kind || a->to_many != b->to_many ||
                 !same_text(target_of(c->kept, a), target_of(c->given, b)))
            differs(c, "the relation " SGC_FMT "." SGC_FMT " is stored in another way here",
                    SGC_ARG(kept->name), SGC_ARG(a->name));
        else if (a->on_delete != b->on_delete)
            differs(c, "@onDelete of " SGC_FMT "." SGC_FMT " is another one here",
                    SGC_ARG(kept->name), SGC_ARG(a->name));
    }
}

static void compare_checks(comparison *c, const sgc_table *kept, const sgc_table *given)
{
    if (kept->check_count != given->check_count)
        differs(c, SGC_FMT " has %u @check rules in the database, %u here", SGC_ARG(kept->name),
                (unsigned)kept->check_count, (unsigned)given->check_count);
    for (uint16_t i = 0; i < kept->check_count && !c->more; i++)
        if (!same_text(kept->checks[i].expression, given->checks[i].expression))
            differs(c,
                    "a @check of " SGC_FMT " is \"" SGC_FMT "\" in the database, \"" SGC_FMT
                    "\" here",
                    SGC_ARG(kept->name), SGC_ARG(kept->checks[i].expression),
                    SGC_ARG(given->checks[i].expression));
}

static void compare_table(comparison *c, const sgc_table *kept, const sgc_table *given)
{
    members a = {kept->name, kept->fields, &kept->layout, kept->field_count};
    members b = {given->name, given->fields, &given->layout, given->field_count};

    compare_fields(c, &a, &b);
    if (kept->number != given->number)
        differs(c,
                "type " SGC_FMT " has number %u in the database, %u here: build with the lock file "
                "that belongs to the database",
                SGC_ARG(kept->name), (unsigned)kept->number, (unsigned)given->number);
    if (kept->link != given->link ||
        (!kept->link && !same_text(kept->fields[kept->key].name, given->fields[given->key].name)))
        differs(c, "the key of " SGC_FMT " is another field here", SGC_ARG(kept->name));
    if (kept->layout.version != given->layout.version)
        differs(c, "records of " SGC_FMT " have another version here", SGC_ARG(kept->name));
    if (kept->history != given->history)
        differs(c, "the database keeps %s history of " SGC_FMT ", this schema asks for %s",
                kept->history ? "the" : "no", SGC_ARG(kept->name), given->history ? "it" : "none");
    compare_relations(c, kept, given);
    compare_checks(c, kept, given);
    compare_indexes(c, kept, given);
}

/* Types that the user wrote come before the tables that link them. */
static void compare_names(comparison *c, bool links)
{
    for (uint16_t i = 0; i < c->kept->table_count; i++)
        if (c->kept->tables[i].link == links &&
            sgc_schema_table(c->given, c->kept->tables[i].name) == SGC_NONE)
            differs(c, "the database has a type " SGC_FMT ", this schema has none",
                    SGC_ARG(c->kept->tables[i].name));
    for (uint16_t i = 0; i < c->given->table_count; i++)
        if (c->given->tables[i].link == links &&
            sgc_schema_table(c->kept, c->given->tables[i].name) == SGC_NONE)
            differs(c, "this schema has a type " SGC_FMT ", the database has none",
                    SGC_ARG(c->given->tables[i].name));
}

static void compare_tables(comparison *c)
{
    compare_names(c, false);
    compare_names(c, true);
    for (uint16_t i = 0; i < c->kept->table_count && !c->more; i++) {
        const sgc_table *kept = &c->kept->tables[i];
        compare_table(c, kept, &c->given->tables[sgc_schema_table(c->given, kept->name)]);
    }
}

/* ---- embedded types, enums, interfaces and unions ---- */

static void compare_embeddeds(comparison *c)
{
    for (uint16_t i = 0; i < c->kept->embedded_count && !c->more; i++) {
        const sgc_embedded *a = &c->kept->embeddeds[i];
        for (uint16_t n = 0; n < c->given->embedded_count; n++) {
            const sgc_embedded *b = &c->given->embeddeds[n];
            if (!same_text(a->name, b->name)) continue;
            members x = {a->name, a->fields, &a->layout, a->field_count};
            members y = {b->name, b->fields, &b->layout, b->field_count};
            compare_fields(c, &x, &y);
        }
    }
}

static bool has_item(const sgc_enum_def *def, const sgc_enum_item *item)
{
    for (uint16_t i = 0; i < def->count; i++)
        if (same_text(def->items[i].name, item->name) && def->items[i].number == item->number)
            return true;
    return false;
}

static void compare_enum(comparison *c, const sgc_enum_def *kept, const sgc_enum_def *given)
{
    for (uint16_t i = 0; i < kept->count; i++)
        if (!has_item(given, &kept->items[i]))
            differs(c, SGC_FMT "." SGC_FMT " of the database is not this schema's",
                    SGC_ARG(kept->name), SGC_ARG(kept->items[i].name));
    for (uint16_t i = 0; i < given->count; i++)
        if (!has_item(kept, &given->items[i]))
            differs(c, SGC_FMT "." SGC_FMT " of this schema is not the database's",
                    SGC_ARG(kept->name), SGC_ARG(given->items[i].name));
}

static void compare_enums(comparison *c)
{
    for (uint16_t i = 0; i < c->kept->enum_count && !c->more; i++)
        for (uint16_t n = 0; n < c->given->enum_count; n++)
            if (same_text(c->kept->enums[i].name, c->given->enums[n].name))
                compare_enum(c, &c->kept->enums[i], &c->given->enums[n]);
}

static bool has_member(const sgc_schema *schema, const sgc_abstract *abstract, sgc_str table)
{
    for (uint16_t i = 0; i < abstract->table_count; i++)
        if (same_text(schema->tables[abstract->tables[i]].name, table)) return true;
    return false;
}

static void compare_abstracts(comparison *c)
{
    for (uint16_t i = 0; i < c->kept->abstract_count && !c->more; i++) {
        const sgc_abstract *a = &c->kept->abstracts[i];
        for (uint16_t n = 0; n < c->given->abstract_count; n++) {
            const sgc_abstract *b = &c->given->abstracts[n];
            if (!same_text(a->name, b->name)) continue;
            bool same = a->table_count == b->table_count;
            for (uint16_t t = 0; same && t < a->table_count; t++)
                same = has_member(c->given, b, c->kept->tables[a->tables[t]].name);
            if (!same) differs(c, SGC_FMT " has other members here", SGC_ARG(a->name));
        }
    }
}

sgc_difference sgc_schema_difference(const sgc_schema *kept, const sgc_schema *given,
                                     sgc_buf *words)
{
    comparison c = {.kept = kept, .given = given, .words = words};

    compare_tables(&c);
    compare_embeddeds(&c);
    compare_enums(&c);
    compare_abstracts(&c);
    if (c.more) return SGC_DIFFERENCE_MORE;
    return c.indexes || kept->hash != given->hash ? SGC_DIFFERENCE_INDEXES : SGC_DIFFERENCE_NONE;
}

/* ---- numbers of indexes ---- */

/* A table of the same name and with the same fields has its indexes in the same order. */
static sgc_status take_numbers(sgc_table *table, const sgc_table *numbered, sgc_arena *arena)
{
    if (table->index_count != numbered->index_count) return SGC_INVALID;
    sgc_index *indexes = sgc_arena_zero(arena, table->index_count, sizeof *indexes);
    if (!indexes) return SGC_NO_MEMORY;
    for (uint16_t i = 0; i < table->index_count; i++) {
        indexes[i] = table->indexes[i];
        indexes[i].number = numbered->indexes[i].number;
    }
    table->indexes = indexes;
    return SGC_OK;
}

sgc_status sgc_schema_rebuilt(const sgc_schema *given, const sgc_schema *kept, sgc_arena *arena,
                              const sgc_schema **out)
{
    sgc_diagnostics diagnostics = {.arena = arena};
    sgc_schema_built built = {0};
    sgc_str name = sgc_arena_printf(arena, SGC_FMT ".graphql", SGC_ARG(given->name));
    sgc_str sdl = sgc_arena_str(arena, given->sdl);

    if (!name.data || !sdl.data) return SGC_NO_MEMORY;
    sgc_schema_file file = {name, sdl};
    sgc_status status =
        sgc_schema_build(&file, 1, given->name, kept->numbering, arena, &diagnostics, &built);
    *out = built.schema;
    return status;
}

sgc_status sgc_schema_renumbered(const sgc_schema *given, const sgc_schema *rebuilt,
                                 sgc_arena *arena, const sgc_schema **out)
{
    *out = given;
    /* What the database retired must stay in the text. */
    if (rebuilt->hash == given->hash && same_text(rebuilt->numbering, given->numbering))
        return SGC_OK;
    sgc_schema *schema = sgc_arena_zero(arena, 1, sizeof *schema);
    sgc_table *tables = sgc_arena_zero(arena, given->table_count, sizeof *tables);
    sgc_status status = schema && tables ? SGC_OK : SGC_NO_MEMORY;

    if (status == SGC_OK && rebuilt->table_count != given->table_count) status = SGC_INVALID;
    for (uint16_t i = 0; status == SGC_OK && i < given->table_count; i++) {
        tables[i] = given->tables[i];
        status = take_numbers(&tables[i], &rebuilt->tables[i], arena);
    }
    if (status != SGC_OK) return status;
    *schema = *given;
    schema->tables = tables;
    schema->numbering = rebuilt->numbering;
    schema->hash = rebuilt->hash;
    *out = schema;
    return SGC_OK;
}
