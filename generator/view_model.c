/*
 * view_model.c - the const model as initialisers, one a line, and the table of resolvers. Members
 * that are zero are left out.
 */
#include "build.h"

#include <inttypes.h>

/* ---- pieces ---- */

typedef struct initialiser {
    view_build_state *b;
    sgc_buf text;
} initialiser;

static void open_initialiser(initialiser *i, view_build_state *b)
{
    *i = (initialiser){.b = b};
    sgc_buf_byte(&i->text, '{');
}

static void member(initialiser *i, const char *name)
{
    sgc_buf_text(&i->text, i->text.size > 1 ? ", ." : ".");
    sgc_buf_text(&i->text, name);
    sgc_buf_append(&i->text, " = ", 3);
}

static void put_text(initialiser *i, const char *name, sgc_str text)
{
    if (!text.data) return;
    member(i, name);
    sgc_buf_text(&i->text, "SGC_STR_INIT(\"");
    text_put_literal(&i->text, text);
    sgc_buf_append(&i->text, "\")", 2);
}

static void put_flag(initialiser *i, const char *name, bool flag)
{
    if (!flag) return;
    member(i, name);
    sgc_buf_text(&i->text, "true");
}

static void put_number(initialiser *i, const char *name, uint64_t number)
{
    if (number == 0) return;
    member(i, name);
    if (number == SGC_NONE)
        sgc_buf_text(&i->text, "SGC_NONE");
    else
        text_number(&i->text, number);
}

static void put_words(initialiser *i, const char *name, const char *words, sgc_str c)
{
    member(i, name);
    sgc_buf_text(&i->text, words);
    sgc_buf_str(&i->text, c);
}

/* Ends the initialiser as one line. */
static void close_initialiser(initialiser *i, text_lines *lines)
{
    if (i->text.size == 1) sgc_buf_byte(&i->text, '0');
    sgc_buf_byte(&i->text, '}');
    if (i->text.failed ||
        !text_add(i->b->arena, lines, sgc_arena_str(i->b->arena, sgc_buf_as_str(&i->text))))
        i->b->no_memory = true;
    sgc_buf_free(&i->text);
}

static view_lines lines_of(text_lines lines)
{
    view_lines view;

    view.items = lines.items;
    view.count = lines.count;
    return view;
}

/* ---- fields ---- */

static void slot_line(view_build_state *b, const sgc_slot *slot, uint16_t embedded,
                      text_lines *lines)
{
    initialiser i;

    open_initialiser(&i, b);
    put_words(&i, "kind", "SGC_KIND_", sgc_str_from(words_of(slot->kind)->symbol));
    put_flag(&i, "list", slot->list);
    put_flag(&i, "non_null", slot->non_null);
    put_flag(&i, "item_non_null", slot->item_non_null);
    put_number(&i, "offset", slot->offset);
    if (slot->kind == SGC_KIND_EMBEDDED) {
        member(&i, "embedded");
        sgc_buf_printf(&i.text, "&embeddeds[%u].layout", (unsigned)embedded);
    }
    close_initialiser(&i, lines);
}

static view_lines slot_lines(view_build_state *b, const sgc_layout *layout, const sgc_field *fields,
                             uint16_t count)
{
    uint16_t *embedded = make(b, layout->count, sizeof *embedded);
    text_lines lines = {0};

    for (uint16_t i = 0; embedded && i < count; i++)
        embedded[fields[i].slot] = fields[i].embedded;
    for (uint16_t i = 0; embedded && i < layout->count; i++)
        slot_line(b, &layout->slots[i], embedded[i], &lines);
    return lines_of(lines);
}

static const char *default_word(sgc_default_kind kind)
{
    static const char *const words[] = {"NONE", "VALUE", "NOW", "UUIDV7", "ULID", "SERIAL"};

    return words[kind];
}

static void field_line(view_build_state *b, const sgc_field *field, text_lines *lines)
{
    initialiser i;

    open_initialiser(&i, b);
    put_text(&i, "name", field->name);
    put_text(&i, "description", field->description);
    put_text(&i, "deprecation", field->deprecation);
    put_text(&i, "type", field->type);
    put_text(&i, "named_type", field->named_type);
    put_text(&i, "default_value", field->default_value);
    if (field->default_kind != SGC_DEFAULT_NONE)
        put_words(&i, "default_kind", "SGC_DEFAULT_",
                  sgc_str_from(default_word(field->default_kind)));
    put_number(&i, "number", field->number);
    put_number(&i, "slot", field->slot);
    put_number(&i, "enumeration", field->enumeration);
    put_number(&i, "embedded", field->embedded);
    put_number(&i, "relation", field->relation);
    put_flag(&i, "implicit", field->implicit);
    put_flag(&i, "updated_at", field->updated_at);
    put_flag(&i, "hide_read", field->hide_read);
    put_flag(&i, "hide_write", field->hide_write);
    put_flag(&i, "hide_filter", field->hide_filter);
    close_initialiser(&i, lines);
}

static view_lines field_lines(view_build_state *b, const sgc_field *fields, uint16_t count)
{
    text_lines lines = {0};

    for (uint16_t i = 0; i < count; i++)
        field_line(b, &fields[i], &lines);
    return lines_of(lines);
}

/* ---- relations, indexes, checks ---- */

static void relation_line(view_build_state *b, const sgc_relation *r, text_lines *lines)
{
    static const char *const kinds[] = {"", "KEY", "LIST", "INVERSE_ONE", "INVERSE_MANY", "LINK"};
    static const char *const actions[] = {"RESTRICT", "CASCADE", "SET_NULL"};
    initialiser i;

    open_initialiser(&i, b);
    put_text(&i, "name", r->name);
    put_text(&i, "description", r->description);
    put_text(&i, "deprecation", r->deprecation);
    put_words(&i, "kind", "SGC_RELATION_", sgc_str_from(kinds[r->kind]));
    put_flag(&i, "to_many", r->to_many);
    put_flag(&i, "non_null", r->non_null);
    put_number(&i, "target", r->target);
    put_number(&i, "abstract", r->abstract);
    put_number(&i, "field", r->field);
    put_number(&i, "type_field", r->type_field);
    put_number(&i, "inverse", r->inverse);
    put_number(&i, "index", r->index);
    put_number(&i, "link", r->link);
    put_number(&i, "link_field", r->link_field);
    put_words(&i, "on_delete", "SGC_ON_DELETE_", sgc_str_from(actions[r->on_delete]));
    close_initialiser(&i, lines);
}

static void index_line(view_build_state *b, sgc_str c, const sgc_index *index, size_t start,
                       text_lines *lines)
{
    initialiser i;

    open_initialiser(&i, b);
    put_text(&i, "name", index->name);
    if (index->count) {
        put_words(&i, "fields", "components_", c);
        sgc_buf_append(&i.text, " + ", 3);
        text_number(&i.text, start);
    }
    put_number(&i, "count", index->count);
    put_flag(&i, "unique", index->unique);
    put_flag(&i, "elements", index->elements);
    put_number(&i, "number", index->number);
    close_initialiser(&i, lines);
}

static void index_lines(view_build_state *b, const sgc_table *t, view_model *model)
{
    text_lines lines = {0}, components = {0};

    for (uint16_t i = 0; i < t->index_count; i++) {
        index_line(b, model->c, &t->indexes[i], components.count, &lines);
        for (uint16_t c = 0; c < t->indexes[i].count; c++)
            say_line(b, &components, "%u", (unsigned)t->indexes[i].fields[c]);
    }
    model->indexes = lines_of(lines);
    model->components = lines_of(components);
    model->has_indexes = components.count > 0;
}

static void check_line(view_build_state *b, const sgc_check *check, text_lines *lines)
{
    initialiser i;

    open_initialiser(&i, b);
    put_text(&i, "expression", check->expression);
    put_number(&i, "field", check->field);
    close_initialiser(&i, lines);
}

/* ---- tables ---- */

static void build_parts(view_build_state *b, uint16_t position, view_model *model)
{
    const sgc_table *t = &b->schema->tables[position];
    text_lines relations = {0}, checks = {0}, interfaces = {0};

    model->c = b->tables[position].c;
    model->gql = t->name;
    model->slots = slot_lines(b, &t->layout, t->fields, t->field_count);
    model->fields = field_lines(b, t->fields, t->field_count);
    for (uint16_t i = 0; i < t->relation_count; i++)
        relation_line(b, &t->relations[i], &relations);
    for (uint16_t i = 0; i < t->check_count; i++)
        check_line(b, &t->checks[i], &checks);
    for (uint16_t i = 0; i < t->interface_count; i++)
        say_line(b, &interfaces, "%u", (unsigned)t->interfaces[i]);
    model->relations = lines_of(relations);
    model->checks = lines_of(checks);
    model->interfaces = lines_of(interfaces);
    model->has_fields = t->field_count > 0;
    model->has_relations = relations.count > 0;
    model->has_checks = checks.count > 0;
    model->has_interfaces = interfaces.count > 0;
    index_lines(b, t, model);
}

static void put_layout(initialiser *i, const sgc_layout *layout, sgc_str c)
{
    member(i, "layout");
    if (layout->count)
        sgc_buf_printf(&i->text, "{slots_" SGC_FMT ", %u, %u, %u, %u}", SGC_ARG(c),
                       (unsigned)layout->count, (unsigned)layout->fixed_count,
                       (unsigned)layout->version, (unsigned)layout->fixed_size);
    else
        sgc_buf_text(&i->text, "{0}");
}

static void table_line(view_build_state *b, uint16_t position, const view_model *model,
                       text_lines *lines)
{
    const sgc_table *t = &b->schema->tables[position];
    initialiser i;

    open_initialiser(&i, b);
    put_text(&i, "name", t->name);
    put_text(&i, "description", t->description);
    put_text(&i, "singular", t->singular);
    put_text(&i, "plural", t->plural);
    if (model->has_fields) put_words(&i, "fields", "fields_", model->c);
    if (model->has_relations) put_words(&i, "relations", "relations_", model->c);
    if (t->index_count) put_words(&i, "indexes", "indexes_", model->c);
    if (model->has_checks) put_words(&i, "checks", "checks_", model->c);
    if (model->has_interfaces) put_words(&i, "interfaces", "interfaces_", model->c);
    put_layout(&i, &t->layout, model->c);
    if (b->table.has_keyed) {
        member(&i, "code");
        sgc_buf_printf(&i.text, "{" SGC_FMT "_index_key}", SGC_ARG(model->c));
    }
    put_number(&i, "number", t->number);
    put_number(&i, "field_count", t->field_count);
    put_number(&i, "relation_count", t->relation_count);
    put_number(&i, "index_count", t->index_count);
    put_number(&i, "check_count", t->check_count);
    put_number(&i, "interface_count", t->interface_count);
    put_number(&i, "key", t->key);
    put_flag(&i, "link", t->link);
    put_flag(&i, "history", t->history);
    put_number(&i, "retain_us", t->retain_us);
    put_flag(&i, "generate_query", t->generate_query);
    put_flag(&i, "generate_mutation", t->generate_mutation);
    put_flag(&i, "generate_subscription", t->generate_subscription);
    put_flag(&i, "generate_aggregate", t->generate_aggregate);
    close_initialiser(&i, lines);
}

void build_table_model(view_build_state *b, uint16_t position, view_model *model)
{
    build_parts(b, position, model);
    /* The line itself belongs to an array that is written behind the last table. */
    b->arena = b->kept;
    table_line(b, position, model, &b->table_lines);
    b->arena = &b->passing;
}

/* ---- embedded types, enums, abstract types ---- */

static void build_embeddeds(view_build_state *b)
{
    const sgc_schema *s = b->schema;
    view_model *models = make(b, s->embedded_count, sizeof *models);
    text_lines lines = {0};
    initialiser i;

    for (uint16_t e = 0; models && e < s->embedded_count; e++) {
        const sgc_embedded *def = &s->embeddeds[e];
        models[e].c = b->embeddeds[e].c;
        models[e].gql = def->name;
        models[e].has_fields = true;
        models[e].slots = slot_lines(b, &def->layout, def->fields, def->field_count);
        models[e].fields = field_lines(b, def->fields, def->field_count);
        open_initialiser(&i, b);
        put_text(&i, "name", def->name);
        put_text(&i, "description", def->description);
        put_words(&i, "fields", "fields_", models[e].c);
        put_number(&i, "field_count", def->field_count);
        put_layout(&i, &def->layout, models[e].c);
        close_initialiser(&i, &lines);
    }
    b->view->inner.items = models;
    b->view->inner.count = models ? s->embedded_count : 0;
    b->view->embeddedlines = lines_of(lines);
}

static view_lines item_lines(view_build_state *b, const sgc_enum_def *def)
{
    text_lines lines = {0};
    initialiser i;

    for (uint16_t v = 0; v < def->count; v++) {
        open_initialiser(&i, b);
        put_text(&i, "name", def->items[v].name);
        put_text(&i, "description", def->items[v].description);
        put_text(&i, "deprecation", def->items[v].deprecation);
        put_number(&i, "number", def->items[v].number);
        close_initialiser(&i, &lines);
    }
    return lines_of(lines);
}

static void build_enums(view_build_state *b)
{
    const sgc_schema *s = b->schema;
    view_items *items = make(b, s->enum_count, sizeof *items);
    text_lines lines = {0};
    initialiser i;

    for (uint16_t e = 0; items && e < s->enum_count; e++) {
        const sgc_enum_def *def = &s->enums[e];
        items[e].c = b->enums[e].c;
        items[e].lines = item_lines(b, def);
        open_initialiser(&i, b);
        put_text(&i, "name", def->name);
        put_text(&i, "description", def->description);
        put_words(&i, "items", "items_", items[e].c);
        put_number(&i, "count", def->count);
        put_flag(&i, "ascending", def->ascending);
        close_initialiser(&i, &lines);
    }
    b->view->enumitems.items = items;
    b->view->enumitems.count = items ? s->enum_count : 0;
    b->view->enumlines = lines_of(lines);
}

static void build_abstracts(view_build_state *b)
{
    const sgc_schema *s = b->schema;
    view_items *items = make(b, s->abstract_count, sizeof *items);
    text_lines lines = {0};
    size_t used = 0;
    initialiser i;

    for (uint16_t a = 0; items && a < s->abstract_count; a++) {
        const sgc_abstract *def = &s->abstracts[a];
        text_lines members = {0};
        sgc_str number = say(b, "%u", (unsigned)a);
        for (uint16_t t = 0; t < def->table_count; t++)
            say_line(b, &members, "%u", (unsigned)def->tables[t]);
        open_initialiser(&i, b);
        put_text(&i, "name", def->name);
        put_text(&i, "description", def->description);
        put_flag(&i, "is_union", def->is_union);
        if (def->table_count) put_words(&i, "tables", "members_", number);
        put_number(&i, "table_count", def->table_count);
        close_initialiser(&i, &lines);
        if (def->table_count == 0) continue;
        items[used].c = number;
        items[used++].lines = lines_of(members);
    }
    b->view->abstractitems.items = items;
    b->view->abstractitems.count = used;
    b->view->abstractlines = lines_of(lines);
}

/* ---- resolvers ---- */

static void refuse_function(view_build_state *b, const sgc_resolver_entry *entry, const char *why)
{
    const sgc_named_type *type = sgc_type_find(b->built->types, entry->type);
    const sgc_field_def *field = type ? sgc_field_find(type, entry->field) : NULL;
    sgc_diagnostic *diagnostic =
        sgc_report(b->diagnostics, "Model", SGC_FMT "." SGC_FMT ": " SGC_FMT " %s",
                   SGC_ARG(entry->type), SGC_ARG(entry->field), SGC_ARG(entry->function), why);

    if (field && field->ast)
        sgc_report_place(b->diagnostics, diagnostic, field->source, field->ast->name.span);
}

static sgc_str resolver_name(view_build_state *b, const sgc_resolver_entry *entry)
{
    static const char *const plain[] = {"", NULL};
    sgc_str type = name_snake(b->arena, entry->type), field = name_snake(b->arena, entry->field);

    if (!entry->function.data)
        return names_global(
            b->names,
            say(b, "resolver " SGC_FMT "." SGC_FMT, SGC_ARG(entry->type), SGC_ARG(entry->field)),
            say(b, "resolve_" SGC_FMT "_" SGC_FMT, SGC_ARG(type), SGC_ARG(field)), plain);
    if (!name_is_function(entry->function))
        refuse_function(b, entry, "is no name for a C function of yours");
    else if (sgc_map_get(&b->names->taken, entry->function))
        refuse_function(b, entry, "is the name of something sgc emits");
    return entry->function;
}

static view_lines resolver_doc(view_build_state *b, const sgc_resolver_entry *entry)
{
    const sgc_named_type *type = sgc_type_find(b->built->types, entry->type);
    const sgc_field_def *field = type ? sgc_field_find(type, entry->field) : NULL;
    sgc_str none = {NULL, 0};

    return doc_of(b, field ? field->description : none, field ? field->deprecation : none);
}

void build_resolvers(view_build_state *b)
{
    const sgc_schema *s = b->schema;
    view_resolver *all = make(b, s->resolver_count, sizeof *all);
    view_resolver *functions = make(b, s->resolver_count, sizeof *functions);
    sgc_map seen = {.arena = b->arena};
    size_t count = 0;

    for (uint16_t i = 0; all && functions && i < s->resolver_count; i++) {
        const sgc_resolver_entry *entry = &s->resolvers[i];
        initialiser line;
        text_lines lines = {0};
        all[i].c = resolver_name(b, entry);
        all[i].coordinate =
            say(b, SGC_FMT "." SGC_FMT, SGC_ARG(entry->type), SGC_ARG(entry->field));
        all[i].doc = resolver_doc(b, entry);
        open_initialiser(&line, b);
        put_text(&line, "type", entry->type);
        put_text(&line, "field", entry->field);
        put_text(&line, "function", entry->function);
        put_words(&line, "resolve", "", all[i].c);
        close_initialiser(&line, &lines);
        if (lines.count) all[i].entry = lines.items[0].c;
        if (sgc_map_get(&seen, all[i].c)) continue;
        if (!sgc_map_put(&seen, all[i].c, all)) b->no_memory = true;
        functions[count++] = all[i];
    }
    b->view->resolvers.items = all;
    b->view->resolvers.count = all ? s->resolver_count : 0;
    b->view->functions.items = functions;
    b->view->functions.count = count;
}

/* ---- the schema itself ---- */

static view_lines literal_lines(view_build_state *b, sgc_str text)
{
    text_lines lines = {0};

    if (!text_literal_lines(b->arena, text, &lines)) b->no_memory = true;
    return lines_of(lines);
}

static sgc_str or_null(bool there, sgc_str name)
{
    return there ? name : SGC_STR("NULL");
}

void build_model(view_build_state *b)
{
    const sgc_schema *s = b->schema;
    view_schema *v = b->view;

    build_embeddeds(b);
    build_enums(b);
    build_abstracts(b);
    v->sdl = literal_lines(b, s->sdl);
    v->numbering = literal_lines(b, s->numbering);
    v->version = say(b, "%u", (unsigned)s->version);
    v->name = text_literal(b->arena, s->name);
    v->hash = say(b, "UINT64_C(0x%016" PRIx64 ")", s->hash);
    v->tablecount = say(b, "%u", (unsigned)s->table_count);
    v->enumcount = say(b, "%u", (unsigned)s->enum_count);
    v->embeddedcount = say(b, "%u", (unsigned)s->embedded_count);
    v->abstractcount = say(b, "%u", (unsigned)s->abstract_count);
    v->resolvercount = say(b, "%u", (unsigned)s->resolver_count);
    v->hastables = s->table_count > 0;
    v->hasenums = s->enum_count > 0;
    v->hasembeddeds = s->embedded_count > 0;
    v->hasabstracts = s->abstract_count > 0;
    v->tablesref = or_null(v->hastables, SGC_STR("tables"));
    v->enumsref = or_null(v->hasenums, SGC_STR("enums"));
    v->embeddedsref = or_null(v->hasembeddeds, SGC_STR("embeddeds"));
    v->abstractsref = or_null(v->hasabstracts, SGC_STR("abstracts"));
    v->resolversref = or_null(s->resolver_count > 0, say(b, SGC_FMT "_resolvers", SGC_ARG(v->c)));
}
