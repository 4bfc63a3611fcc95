/*
 * view.c - from the schema model to the view: C names of all types, enums, places and comments.
 * Fields are in view_fields.c, indexes in view_access.c, relations in view_relation.c, interfaces
 * and unions in view_abstract.c, the const model in view_model.c.
 */
#include "build.h"

/* ---- helpers for all ---- */

/* Text of the arena, for a view that may be short of memory. */
static sgc_str said(view_build_state *b)
{
    sgc_str text = {NULL, 0};

    if (!b->words.failed) text = sgc_arena_str(b->arena, sgc_buf_as_str(&b->words));
    if (!text.data) b->no_memory = true;
    return text.data ? text : SGC_STR("");
}

sgc_str say(view_build_state *b, const char *format, ...)
{
    va_list arguments;

    b->words.size = 0;
    va_start(arguments, format);
    sgc_buf_vprintf(&b->words, format, arguments);
    va_end(arguments);
    return said(b);
}

void *make(view_build_state *b, size_t count, size_t size)
{
    void *memory = sgc_arena_zero(b->arena, count, size);

    if (!memory) b->no_memory = true;
    return memory;
}

void say_line(view_build_state *b, text_lines *lines, const char *format, ...)
{
    va_list arguments;

    b->words.size = 0;
    va_start(arguments, format);
    sgc_buf_vprintf(&b->words, format, arguments);
    va_end(arguments);
    if (!text_add(b->arena, lines, said(b))) b->no_memory = true;
}

view_lines doc_of(view_build_state *b, sgc_str description, sgc_str deprecation)
{
    text_lines lines = {0};
    view_lines doc;

    if (!text_comment_lines(b->arena, description, 92, &lines)) b->no_memory = true;
    if (deprecation.data) {
        sgc_str text = say(b, "Deprecated: " SGC_FMT, SGC_ARG(deprecation));
        if (!text_comment_lines(b->arena, text, 92, &lines)) b->no_memory = true;
    }
    doc.items = lines.items;
    doc.count = lines.count;
    return doc;
}

sgc_str doc_above(view_build_state *b, sgc_str description, sgc_str deprecation, int indent)
{
    view_lines doc = doc_of(b, description, deprecation);
    sgc_buf text = {0};
    sgc_str out;

    if (doc.count == 0) return SGC_STR("");
    if (doc.count == 1 && doc.items[0].c.size < 84) {
        sgc_buf_printf(&text, "/** " SGC_FMT " */", SGC_ARG(doc.items[0].c));
    } else {
        sgc_buf_text(&text, "/**");
        for (size_t i = 0; i < doc.count; i++)
            sgc_buf_printf(&text, doc.items[i].c.size ? "\n%*s * " SGC_FMT : "\n%*s *" SGC_FMT,
                           indent, "", SGC_ARG(doc.items[i].c));
        sgc_buf_printf(&text, "\n%*s */", indent, "");
    }
    if (text.failed) b->no_memory = true;
    out = say(b, SGC_FMT, SGC_ARG(sgc_buf_as_str(&text)));
    sgc_buf_free(&text);
    return out;
}

/* ---- places ---- */

/* Offsets of the lines of one source, made once. */
typedef struct line_starts {
    const sgc_source *source;
    uint32_t *starts;
    size_t count, capacity;
} line_starts;

static line_starts *lines_of(view_build_state *b, const sgc_source *source)
{
    sgc_str key = sgc_str_of((const char *)&source, sizeof source);
    line_starts *lines = sgc_map_get(&b->lines, key);

    if (lines) return lines;
    lines = sgc_arena_zero(b->kept, 1, sizeof *lines);
    if (!lines) {
        b->no_memory = true;
        return NULL;
    }
    lines->source = source;
    for (size_t at = 0; at < source->text.size; at++) {
        if (at > 0 && source->text.data[at - 1] != '\n') continue;
        if (!SGC_ARENA_GROW(b->kept, lines->starts, lines->count, lines->capacity)) return NULL;
        lines->starts[lines->count++] = (uint32_t)at;
    }
    key = sgc_str_of((const char *)&lines->source, sizeof lines->source);
    if (!sgc_map_put(&b->lines, key, lines)) b->no_memory = true;
    return lines;
}

static size_t line_number(const line_starts *lines, uint32_t offset)
{
    size_t low = 0, high = lines->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (lines->starts[middle] <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? low : 1;
}

/* The last part of a path: what is emitted must not depend on where the schema lies. */
static sgc_str file_of(sgc_str path)
{
    size_t start = path.size;

    while (start > 0 && path.data[start - 1] != '/')
        start--;
    return sgc_str_of(path.data + start, path.size - start);
}

sgc_str place_of(view_build_state *b, sgc_str type)
{
    const sgc_named_type *named = sgc_type_find(b->built->types, type);
    const sgc_ast_definition *ast = named && named->parts ? named->parts->ast : NULL;
    line_starts *lines = ast ? lines_of(b, ast->source) : NULL;

    if (!lines) return SGC_STR("built in");
    sgc_str file = text_comment(b->arena, file_of(ast->source->name));
    return say(b, SGC_FMT ":%zu", SGC_ARG(file), line_number(lines, ast->name.span.start));
}

/* ---- names ---- */

static const char *const table_suffixes[] = {"",
                                             "_new",
                                             "_patch",
                                             "_cursor",
                                             "_get",
                                             "_get_many",
                                             "_create",
                                             "_load",
                                             "_update",
                                             "_upsert",
                                             "_delete",
                                             "_copy",
                                             "_pack",
                                             "_unpack",
                                             "_to_json",
                                             "_from_json",
                                             "_all",
                                             "_version",
                                             "_history",
                                             "_history_all",
                                             "_history_cursor",
                                             "_history_next",
                                             "_history_status",
                                             "_change",
                                             "_changes",
                                             "_changes_cursor",
                                             "_changes_next",
                                             "_changes_status",
                                             "_index_key",
                                             "_cursor_next",
                                             "_cursor_status",
                                             "_cursor_parent",
                                             "_scan",
                                             "_scan_open",
                                             "_scan_next",
                                             "_scan_status",
                                             "_view",
                                             "_view_row",
                                             NULL};
static const char *const embedded_suffixes[] = {"",         "_new",  "_array", "_unpack",
                                                "_to_json", "_take", "_from",  NULL};
static const char *const enum_suffixes[] = {"", "_array", "_text", "_from_text", NULL};

static void name_type(view_build_state *b, type_names *names, const char *word, sgc_str gql,
                      const char *const *suffixes)
{
    names->c = names_global(b->names, say(b, "%s " SGC_FMT, word, SGC_ARG(gql)),
                            name_snake(b->arena, gql), suffixes);
    size_t prefix = b->names->prefix.size + 1;
    names->local = names->c.size > prefix
                       ? sgc_str_of(names->c.data + prefix, names->c.size - prefix)
                       : SGC_STR("");
}

/* Link tables are hidden: only the model's arrays are called after them. */
static void name_table_type(view_build_state *b, uint16_t position)
{
    static const char *const plain[] = {"", NULL};
    const sgc_table *table = &b->schema->tables[position];
    type_names *names = &b->tables[position];

    if (!table->link) {
        name_type(b, names, "type", table->name, table_suffixes);
        return;
    }
    sgc_str snake = name_snake(b->arena, table->name);
    names->c = names_global(b->names, say(b, "link " SGC_FMT, SGC_ARG(table->name)),
                            say(b, "link_" SGC_FMT, SGC_ARG(snake)), plain);
    names->local = SGC_STR("");
}

static void name_members(view_build_state *b, type_names *names, sgc_str type,
                         const sgc_field *fields, uint16_t count)
{
    names->members = make(b, count, sizeof *names->members);
    for (uint16_t i = 0; names->members && i < count; i++)
        names->members[i] = names_member(
            b->names, &names->scope,
            say(b, "member " SGC_FMT "." SGC_FMT, SGC_ARG(type), SGC_ARG(fields[i].name)),
            name_snake(b->arena, fields[i].name));
}

static void name_values(view_build_state *b, type_names *names, const sgc_enum_def *def)
{
    sgc_str upper = name_upper(b->arena, names->c);

    names->members = make(b, def->count, sizeof *names->members);
    for (uint16_t i = 0; names->members && i < def->count; i++) {
        sgc_str value = name_upper(b->arena, name_snake(b->arena, def->items[i].name));
        names->members[i] = names_constant(
            b->names,
            say(b, "value " SGC_FMT "." SGC_FMT, SGC_ARG(def->name), SGC_ARG(def->items[i].name)),
            say(b, SGC_FMT "_" SGC_FMT, SGC_ARG(upper), SGC_ARG(value)));
    }
}

static void name_everything(view_build_state *b)
{
    const sgc_schema *s = b->schema;

    b->tables = make(b, s->table_count, sizeof *b->tables);
    b->embeddeds = make(b, s->embedded_count, sizeof *b->embeddeds);
    b->enums = make(b, s->enum_count, sizeof *b->enums);
    if (b->no_memory) return;
    names_reserve(b->names, say(b, SGC_FMT "_schema", SGC_ARG(b->names->prefix)));
    names_reserve(b->names, say(b, SGC_FMT "_open", SGC_ARG(b->names->prefix)));
    names_reserve(b->names, say(b, SGC_FMT "_SGC_H", SGC_ARG(b->view->upper)));
    names_reserve(b->names, say(b, SGC_FMT "_INSIDE_SGC_H", SGC_ARG(b->view->upper)));
    names_reserve(b->names, say(b, SGC_FMT "_RESOLVE_SGC_H", SGC_ARG(b->view->upper)));
    names_reserve(b->names, say(b, SGC_FMT "_resolvers", SGC_ARG(b->names->prefix)));
    for (uint16_t i = 0; i < s->enum_count; i++)
        name_type(b, &b->enums[i], "enum", s->enums[i].name, enum_suffixes);
    for (uint16_t i = 0; i < s->embedded_count; i++)
        name_type(b, &b->embeddeds[i], "type", s->embeddeds[i].name, embedded_suffixes);
    for (uint16_t i = 0; i < s->table_count; i++)
        name_table_type(b, i);
    for (uint16_t i = 0; i < s->enum_count; i++)
        name_values(b, &b->enums[i], &s->enums[i]);
    for (uint16_t i = 0; i < s->embedded_count; i++)
        name_members(b, &b->embeddeds[i], s->embeddeds[i].name, s->embeddeds[i].fields,
                     s->embeddeds[i].field_count);
    for (uint16_t i = 0; i < s->table_count; i++)
        name_members(b, &b->tables[i], s->tables[i].name, s->tables[i].fields,
                     s->tables[i].field_count);
    name_abstracts(b);
}

/* ---- enums ---- */

static void build_choices(view_build_state *b)
{
    view_choice *choices = make(b, b->schema->enum_count, sizeof *choices);

    for (uint16_t i = 0; choices && i < b->schema->enum_count; i++) {
        const sgc_enum_def *def = &b->schema->enums[i];
        view_value *values = make(b, def->count, sizeof *values);
        for (uint16_t v = 0; values && v < def->count; v++) {
            values[v].c = b->enums[i].members[v];
            values[v].gql = def->items[v].name;
            values[v].number = say(b, "%u", (unsigned)def->items[v].number);
            values[v].doc = doc_above(b, def->items[v].description, def->items[v].deprecation, 4);
        }
        choices[i] = (view_choice){.c = b->enums[i].c, .gql = def->name};
        choices[i].place = place_of(b, def->name);
        choices[i].doc = doc_of(b, def->description, sgc_str_of(NULL, 0));
        choices[i].values.items = values;
        choices[i].values.count = values ? def->count : 0;
    }
    b->view->choices.items = choices;
    b->view->choices.count = choices ? b->schema->enum_count : 0;
}

/* ---- everything ---- */

static void build_types(view_build_state *b)
{
    const sgc_schema *s = b->schema;
    view_record *embeddeds = make(b, s->embedded_count, sizeof *embeddeds);
    view_type *types = make(b, s->table_count, sizeof *types);
    size_t count = 0;

    for (uint16_t i = 0; embeddeds && i < s->embedded_count; i++)
        build_embedded(b, i, &embeddeds[i]);
    for (uint16_t i = 0; types && i < s->table_count; i++)
        if (!s->tables[i].link) types[count++].c = b->tables[i].c;
    b->view->embeddeds.items = embeddeds;
    b->view->embeddeds.count = embeddeds ? s->embedded_count : 0;
    b->view->types.items = types;
    b->view->types.count = count;
    b->view->positions = s->table_count;
}

const view_table *view_table_at(view_schema *view, uint16_t position)
{
    view_build_state *b = view->state;

    sgc_arena_reset(&b->passing);
    b->arena = &b->passing;
    b->table = (view_table){.link = b->schema->tables[position].link};
    if (!b->table.link) {
        build_table_record(b, position, &b->table);
        if (!b->no_memory) build_access(b, position, &b->table);
        if (!b->no_memory) build_getters(b, position, &b->table);
    }
    if (!b->no_memory) build_table_model(b, position, &b->table.model);
    b->arena = b->kept;
    return b->no_memory || b->names->failed ? NULL : &b->table;
}

static void build_files(view_build_state *b)
{
    view_file *files = make(b, (size_t)b->options->split + 2, sizeof *files);
    size_t count = 0;

    if (!files) return;
    files[count++].c = say(b, SGC_FMT ".sgc.c", SGC_ARG(b->view->c));
    for (unsigned i = 2; i <= b->options->split; i++)
        files[count++].c = say(b, SGC_FMT ".%u.sgc.c", SGC_ARG(b->view->c), i);
    files[count++].c = say(b, SGC_FMT ".schema.sgc.c", SGC_ARG(b->view->c));
    files[count++].c = say(b, SGC_FMT ".resolve.sgc.c", SGC_ARG(b->view->c));
    b->view->files.items = files;
    b->view->files.count = count;
}

static sgc_status status_of(const view_build_state *b)
{
    if (b->no_memory || b->names->failed) return SGC_NO_MEMORY;
    return b->diagnostics->count > b->errors ? SGC_INVALID : SGC_OK;
}

sgc_status view_start(const sgc_schema_built *built, const view_options *options, name_table *names,
                      sgc_arena *arena, sgc_diagnostics *diagnostics, view_schema **view)
{
    view_build_state *b = sgc_arena_zero(arena, 1, sizeof *b);

    *view = sgc_arena_zero(arena, 1, sizeof **view);
    if (!b || !*view) return SGC_NO_MEMORY;
    *b = (view_build_state){.arena = arena,
                            .kept = arena,
                            .schema = built->schema,
                            .built = built,
                            .options = options,
                            .names = names,
                            .diagnostics = diagnostics,
                            .errors = diagnostics->count,
                            .view = *view};
    b->lines.arena = arena;
    b->view->state = b;
    b->view->c = options->prefix;
    b->view->upper = name_upper(arena, options->prefix);
    b->view->sources = text_comment(arena, options->sources);
    b->view->tool = SGC_STR(SGC_VERSION);
    name_everything(b);
    if (!b->no_memory && !names->failed) {
        build_choices(b);
        build_types(b);
        build_abstract_types(b);
        build_model(b);
        build_files(b);
    }
    return status_of(b);
}

sgc_status view_end(view_schema *view)
{
    view_build_state *b = view->state;

    b->view->tablelines.items = b->table_lines.items;
    b->view->tablelines.count = b->table_lines.count;
    build_resolvers(b);
    return status_of(b);
}

void view_free(view_schema *view)
{
    if (!view->state) return;
    sgc_arena_free(&view->state->passing);
    sgc_buf_free(&view->state->words);
}
