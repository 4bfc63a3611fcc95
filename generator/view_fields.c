/*
 * view_fields.c - what emitted structs and codecs say about each field, in portions that keep
 * emitted functions short.
 */
#include "build.h"

/* Lines of a portion: an emitted function has one more. */
enum { PORTION = 24, COLUMNS = 100, REMARK_MAX = 60 };

const kind_words *words_of(sgc_kind kind)
{
    static const kind_words words[] = {
        [SGC_KIND_BOOLEAN] = {"bool", "bool", "bool", "bool", "to_bool", "BOOLEAN"},
        [SGC_KIND_ENUM] = {"", "enum", "enum", "str", "", "ENUM"},
        [SGC_KIND_INT] = {"int32_t", "int", "int", "int64", "to_int", "INT"},
        [SGC_KIND_BIGINT] = {"int64_t", "int64", "int64", "bigint", "to_bigint", "BIGINT"},
        [SGC_KIND_FLOAT] = {"double", "float", "float", "float", "to_float", "FLOAT"},
        [SGC_KIND_DATETIME] = {"int64_t", "int64", "datetime", "datetime", "to_datetime",
                               "DATETIME"},
        [SGC_KIND_DATE] = {"int64_t", "int64", "date", "date", "to_date", "DATE"},
        [SGC_KIND_TIME] = {"int64_t", "int64", "time", "time", "to_time", "TIME"},
        [SGC_KIND_STRING] = {"sgc_str", "str", "text", "str", "text", "STRING"},
        [SGC_KIND_ID] = {"sgc_str", "str", "text", "str", "id", "ID"},
        [SGC_KIND_UUID] = {"sgc_str", "str", "uuid", "str", "uuid", "UUID"},
        [SGC_KIND_DECIMAL] = {"sgc_str", "str", "decimal", "str", "decimal", "DECIMAL"},
        [SGC_KIND_JSON] = {"sgc_str", "str", "json", "raw", "json", "JSON"},
        [SGC_KIND_BYTES] = {"sgc_str", "bin", "bytes", "bytes_or_null", "bytes", "BYTES"},
        [SGC_KIND_EMBEDDED] = {"sgc_str", "packed", "packed", "", "", "EMBEDDED"},
    };

    return &words[kind];
}

/* ---- facts ---- */

static field_info info_of(const sgc_field *field, const sgc_slot *slot, sgc_str c)
{
    field_info f = {.field = field, .slot = slot, .c = c};
    bool scalar = !slot->list && sgc_kind_is_fixed(slot->kind) && slot->kind != SGC_KIND_ENUM;

    f.fixed = !slot->list && sgc_kind_is_fixed(slot->kind);
    f.flag = scalar && !slot->non_null;
    f.new_flag =
        f.flag || (scalar && (field->default_kind != SGC_DEFAULT_NONE || field->updated_at));
    return f;
}

field_info table_field(view_build_state *b, uint16_t table, uint16_t field)
{
    const sgc_table *t = &b->schema->tables[table];
    field_info f =
        info_of(&t->fields[field], sgc_field_slot(t, field), b->tables[table].members[field]);

    f.is_key = field == t->key;
    return f;
}

field_info embedded_field(view_build_state *b, uint16_t embedded, uint16_t field)
{
    const sgc_embedded *e = &b->schema->embeddeds[embedded];

    return info_of(&e->fields[field], &e->layout.slots[e->fields[field].slot],
                   b->embeddeds[embedded].members[field]);
}

sgc_str named_c(view_build_state *b, const field_info *f)
{
    if (f->slot->kind == SGC_KIND_ENUM) return b->enums[f->field->enumeration].c;
    return b->embeddeds[f->field->embedded].c;
}

static bool has_helpers(const field_info *f)
{
    return f->slot->list && (f->slot->kind == SGC_KIND_ENUM || f->slot->kind == SGC_KIND_EMBEDDED);
}

/* Two underscores stand in no name of a schema, so this is nobody else's. */
sgc_str list_name(view_build_state *b, sgc_str type, sgc_str member)
{
    return say(b, SGC_FMT "__" SGC_FMT, SGC_ARG(type), SGC_ARG(member));
}

static unsigned rules_of(const field_info *f)
{
    return (f->slot->non_null ? 1U : 0U) | (f->slot->item_non_null ? 2U : 0U);
}

static const char *rule_words(unsigned rules)
{
    static const char *const words[] = {"0", "SGC_REQUIRED", "SGC_ITEMS_REQUIRED",
                                        "SGC_REQUIRED | SGC_ITEMS_REQUIRED"};

    return words[rules];
}

/* Rules of a single value: that of its elements means nothing. */
static const char *value_rule(const field_info *f)
{
    return rule_words(rules_of(f) & 1U);
}

/* ---- declarations ---- */

static sgc_str array_type(view_build_state *b, const field_info *f)
{
    const char *width = words_of(f->slot->kind)->width;

    if (has_helpers(f)) return say(b, SGC_FMT "_array", SGC_ARG(named_c(b, f)));
    if (!sgc_kind_is_fixed(f->slot->kind)) return SGC_STR("sgc_str_array");
    return say(b, "sgc_%s_array", width);
}

sgc_str member_type(view_build_state *b, const field_info *f, bool is_new)
{
    if (f->slot->list) return is_new ? array_type(b, f) : SGC_STR("sgc_list");
    if (f->slot->kind == SGC_KIND_ENUM) return named_c(b, f);
    if (f->slot->kind == SGC_KIND_EMBEDDED && is_new)
        return say(b, "const " SGC_FMT "_new", SGC_ARG(named_c(b, f)));
    return sgc_str_from(words_of(f->slot->kind)->type);
}

static sgc_str cut(view_build_state *b, sgc_str text)
{
    if (text.size <= REMARK_MAX) return text;
    return say(b, "%.*s...", REMARK_MAX - 3, text.data);
}

static sgc_str remark_of(view_build_state *b, const field_info *f)
{
    sgc_str name = cut(b, f->field->name), type = cut(b, f->field->type);

    return say(b, SGC_FMT ": " SGC_FMT, SGC_ARG(name), SGC_ARG(type));
}

typedef struct member_list {
    view_member *items;
    size_t count;
} member_list;

static void add_member(view_build_state *b, member_list *list, const field_info *f, bool is_new,
                       bool doc)
{
    sgc_str type = member_type(b, f, is_new);
    bool pointer = is_new && !f->slot->list && f->slot->kind == SGC_KIND_EMBEDDED;
    sgc_str above = SGC_STR("");

    if (doc) above = doc_above(b, f->field->description, f->field->deprecation, 4);
    if (is_new ? f->new_flag : f->flag) {
        view_member *has = &list->items[list->count++];
        has->c = say(b, "bool has_" SGC_FMT, SGC_ARG(f->c));
        has->doc = above;
        has->remark = is_new && !f->flag ? SGC_STR("whether it is given") : SGC_STR("not null");
        above = SGC_STR("");
    }
    view_member *member = &list->items[list->count++];
    member->c = say(b, SGC_FMT "%s" SGC_FMT, SGC_ARG(type), pointer ? " *" : " ", SGC_ARG(f->c));
    member->doc = above;
    member->remark = remark_of(b, f);
}

/* ---- storage ---- */

static const char *or_null(const field_info *f)
{
    return f->flag ? "_or_null" : "";
}

/* "&row->has_age, &row->age" */
static sgc_str into(view_build_state *b, const field_info *f, const char *row)
{
    if (f->flag)
        return say(b, "&%s->has_" SGC_FMT ", &%s->" SGC_FMT, row, SGC_ARG(f->c), row,
                   SGC_ARG(f->c));
    return say(b, "&%s->" SGC_FMT, row, SGC_ARG(f->c));
}

static sgc_str get_of(view_build_state *b, const field_info *f)
{
    sgc_str members = into(b, f, "row");

    if (f->slot->kind == SGC_KIND_ENUM)
        return say(b, "row->" SGC_FMT " = (" SGC_FMT ")sgc_get_enum(p + %u)", SGC_ARG(f->c),
                   SGC_ARG(named_c(b, f)), (unsigned)f->slot->offset);
    return say(b, "sgc_get_%s%s(p + %u, " SGC_FMT ")", words_of(f->slot->kind)->width, or_null(f),
               (unsigned)f->slot->offset, SGC_ARG(members));
}

static sgc_str read_of(view_build_state *b, const field_info *f)
{
    const kind_words *words = words_of(f->slot->kind);
    sgc_str members = into(b, f, "row");

    if (f->slot->list)
        return say(b, "sgc_read_list(p, end, SGC_KIND_%s, " SGC_FMT ")", words->symbol,
                   SGC_ARG(members));
    if (f->slot->kind == SGC_KIND_ENUM)
        return say(b, "read_" SGC_FMT "(p, end, " SGC_FMT ")", SGC_ARG(named_c(b, f)),
                   SGC_ARG(members));
    return say(b, "sgc_%s_%s(p, end, " SGC_FMT ")", f->fixed && !f->flag ? "step" : "read",
               words->width, SGC_ARG(members));
}

static sgc_str room_of(view_build_state *b, const field_info *f)
{
    if (f->slot->list) return say(b, "sgc_list_room(row->" SGC_FMT ")", SGC_ARG(f->c));
    if (f->fixed) return say(b, "%zu", sgc_kind_width(f->slot->kind));
    if (f->slot->kind == SGC_KIND_EMBEDDED)
        return say(b, "row->" SGC_FMT ".size + 1", SGC_ARG(f->c));
    return say(b, "sgc_str_room(row->" SGC_FMT ".size)", SGC_ARG(f->c));
}

static sgc_str put_of(view_build_state *b, const field_info *f)
{
    const char *width = f->slot->list ? "list" : words_of(f->slot->kind)->width;

    if (f->fixed && f->slot->kind == SGC_KIND_ENUM)
        return say(b, "sgc_put_enum(p, row->" SGC_FMT " != 0, (uint16_t)row->" SGC_FMT ")",
                   SGC_ARG(f->c), SGC_ARG(f->c));
    if (f->fixed && f->flag)
        return say(b, "sgc_put_%s(p, row->has_" SGC_FMT ", row->" SGC_FMT ")", width, SGC_ARG(f->c),
                   SGC_ARG(f->c));
    return say(b, "sgc_put_%s(p, %srow->" SGC_FMT ")", width, f->fixed ? "true, " : "",
               SGC_ARG(f->c));
}

static sgc_str copy_of(view_build_state *b, const field_info *f)
{
    return say(b, "sgc_%s_copy(arena, row->" SGC_FMT ", &out->" SGC_FMT ")",
               f->slot->list ? "list" : "str", SGC_ARG(f->c), SGC_ARG(f->c));
}

/* ---- JSON ---- */

static sgc_str json_of(view_build_state *b, const field_info *f, sgc_str type)
{
    const kind_words *words = words_of(f->slot->kind);
    sgc_str helper = list_name(b, type, f->c);

    if (has_helpers(f))
        return say(b, "json_" SGC_FMT "(row->" SGC_FMT ", out)", SGC_ARG(helper), SGC_ARG(f->c));
    if (f->slot->list)
        return say(b, "sgc_list_json(out, SGC_KIND_%s, row->" SGC_FMT ")", words->symbol,
                   SGC_ARG(f->c));
    if (f->slot->kind == SGC_KIND_ENUM)
        return say(b, "sgc_json_str(out, " SGC_FMT "_text(row->" SGC_FMT "))",
                   SGC_ARG(named_c(b, f)), SGC_ARG(f->c));
    if (f->slot->kind == SGC_KIND_EMBEDDED)
        return say(b, SGC_FMT "_to_json(row->" SGC_FMT ", out)", SGC_ARG(named_c(b, f)),
                   SGC_ARG(f->c));
    if (f->flag)
        return say(b, "sgc_json_%s_or_null(out, row->has_" SGC_FMT ", row->" SGC_FMT ")",
                   words->json, SGC_ARG(f->c), SGC_ARG(f->c));
    return say(b, "sgc_json_%s(out, row->" SGC_FMT ")", words->json, SGC_ARG(f->c));
}

static sgc_str list_from_json(view_build_state *b, const field_info *f, sgc_str type)
{
    const kind_words *words = words_of(f->slot->kind);
    sgc_str helper = list_name(b, type, f->c);

    if (has_helpers(f))
        return say(b, "take_" SGC_FMT "(in, &out->" SGC_FMT ")", SGC_ARG(helper), SGC_ARG(f->c));
    if (!sgc_kind_is_fixed(f->slot->kind))
        return say(b, "sgc_json_str_array(in, SGC_KIND_%s, &out->" SGC_FMT ")", words->symbol,
                   SGC_ARG(f->c));
    if (sgc_str_eq(sgc_str_from(words->width), SGC_STR("int64")))
        return say(b, "sgc_json_int64_array(in, SGC_KIND_%s, &out->" SGC_FMT ")", words->symbol,
                   SGC_ARG(f->c));
    return say(b, "sgc_json_%s_array(in, &out->" SGC_FMT ")", words->width, SGC_ARG(f->c));
}

static sgc_str from_json_of(view_build_state *b, const field_info *f, sgc_str type)
{
    const kind_words *words = words_of(f->slot->kind);

    if (f->slot->list) return list_from_json(b, f, type);
    if (f->slot->kind == SGC_KIND_ENUM)
        return say(b,
                   "sgc_json_enum(in, (out->" SGC_FMT " = " SGC_FMT
                   "_from_text(sgc_json_name(in))) != 0)",
                   SGC_ARG(f->c), SGC_ARG(named_c(b, f)));
    if (f->slot->kind == SGC_KIND_EMBEDDED)
        return say(b, "(out->" SGC_FMT " = " SGC_FMT "_from(in), true)", SGC_ARG(f->c),
                   SGC_ARG(named_c(b, f)));
    if (!f->fixed) return say(b, "sgc_json_%s(in, &out->" SGC_FMT ")", words->from, SGC_ARG(f->c));
    if (f->new_flag)
        return say(b, "sgc_json_%s(in, &out->has_" SGC_FMT ", &out->" SGC_FMT ")", words->from,
                   SGC_ARG(f->c), SGC_ARG(f->c));
    return say(b, "sgc_json_%s(in, NULL, &out->" SGC_FMT ")", words->from, SGC_ARG(f->c));
}

/* ---- values on their way in ---- */

/* The value checked: `source` is an expression of the member's type in _new and _patch. */
static sgc_str take_of(view_build_state *b, const field_info *f, sgc_str type, sgc_str source)
{
    const kind_words *words = words_of(f->slot->kind);
    sgc_str helper = list_name(b, type, f->c), name = f->field->name;
    const char *rules = rule_words(rules_of(f));
    bool wide = sgc_str_eq(sgc_str_from(words->width), SGC_STR("int64"));

    if (has_helpers(f))
        return say(b, "given_" SGC_FMT "(take, " SGC_FMT ")", SGC_ARG(helper), SGC_ARG(source));
    if (f->slot->list && (wide || !sgc_kind_is_fixed(f->slot->kind)))
        return say(b, "sgc_take_%s_list(take, \"" SGC_FMT "\", SGC_KIND_%s, " SGC_FMT ", %s)",
                   wide ? "int64" : "str", SGC_ARG(name), words->symbol, SGC_ARG(source), rules);
    if (f->slot->list)
        return say(b, "sgc_take_%s_list(take, \"" SGC_FMT "\", " SGC_FMT ", %s)", words->width,
                   SGC_ARG(name), SGC_ARG(source), rules);
    if (f->slot->kind == SGC_KIND_EMBEDDED)
        return say(
            b, "sgc_take_packed(take, \"" SGC_FMT "\", " SGC_FMT "_take(take, " SGC_FMT "), %s)",
            SGC_ARG(name), SGC_ARG(named_c(b, f)), SGC_ARG(source), value_rule(f));
    if (f->slot->kind == SGC_KIND_ENUM)
        return say(b, "take_" SGC_FMT "(take, \"" SGC_FMT "\", " SGC_FMT ", %s)",
                   SGC_ARG(named_c(b, f)), SGC_ARG(name), SGC_ARG(source), value_rule(f));
    if (f->fixed)
        return say(b, "sgc_take_%s(take, \"" SGC_FMT "\", " SGC_FMT ")", words->take, SGC_ARG(name),
                   SGC_ARG(source));
    return say(b, "sgc_take_%s(take, \"" SGC_FMT "\", " SGC_FMT ", %s)", words->take, SGC_ARG(name),
               SGC_ARG(source), value_rule(f));
}

/* Whether a new row gives the field: an expression of `in`. */
static sgc_str given_of(view_build_state *b, const field_info *f)
{
    if (f->slot->list) return say(b, "in->" SGC_FMT ".items != NULL", SGC_ARG(f->c));
    if (f->new_flag) return say(b, "in->has_" SGC_FMT, SGC_ARG(f->c));
    if (f->slot->kind == SGC_KIND_ENUM) return say(b, "in->" SGC_FMT " != 0", SGC_ARG(f->c));
    if (f->slot->kind == SGC_KIND_EMBEDDED) return say(b, "in->" SGC_FMT " != NULL", SGC_ARG(f->c));
    if (!f->fixed) return say(b, "in->" SGC_FMT ".data != NULL", SGC_ARG(f->c));
    return SGC_STR("true");
}

/* The stored value of a new row's field. */
static sgc_str new_value(view_build_state *b, const field_info *f, sgc_str type, uint16_t table)
{
    sgc_str given = given_of(b, f), source = say(b, "in->" SGC_FMT, SGC_ARG(f->c));
    sgc_str other = default_expression(b, f, table);

    if (!other.data && f->flag)
        source = say(b, "in->has_" SGC_FMT " ? " SGC_FMT " : 0", SGC_ARG(f->c), SGC_ARG(source));
    if (!other.data) return take_of(b, f, type, source);
    if (f->slot->list || f->slot->kind == SGC_KIND_EMBEDDED) {
        sgc_str taken = take_of(b, f, type, source);
        return say(b, SGC_FMT " ? " SGC_FMT " : " SGC_FMT, SGC_ARG(given), SGC_ARG(taken),
                   SGC_ARG(other));
    }
    source = say(b, SGC_FMT " ? " SGC_FMT " : " SGC_FMT, SGC_ARG(given), SGC_ARG(source),
                 SGC_ARG(other));
    return take_of(b, f, type, source);
}

typedef struct assign_list {
    view_assign *items;
    size_t count;
} assign_list;

static void add_assign(assign_list *list, sgc_str c, sgc_str value, sgc_str of)
{
    list->items[list->count++] = (view_assign){.c = c, .value = value, .of = of};
}

/* What has been added since `first` is about one field. */
static void keep_together(assign_list *list, size_t first)
{
    list->items[first].more = list->count - first - 1;
}

static void add_take(view_build_state *b, assign_list *list, const field_info *f, sgc_str type,
                     uint16_t table)
{
    sgc_str has = f->field->default_kind != SGC_DEFAULT_NONE || f->field->updated_at
                      ? SGC_STR("true")
                      : say(b, "in->has_" SGC_FMT, SGC_ARG(f->c));
    size_t first = list->count;

    if (f->flag) add_assign(list, say(b, "row->has_" SGC_FMT, SGC_ARG(f->c)), has, SGC_STR(""));
    add_assign(list, say(b, "row->" SGC_FMT, SGC_ARG(f->c)), new_value(b, f, type, table),
               SGC_STR(""));
    keep_together(list, first);
}

static void add_patch(view_build_state *b, assign_list *list, const field_info *f, sgc_str type)
{
    sgc_str of = say(b, "patch->set." SGC_FMT, SGC_ARG(f->c));
    sgc_str source = say(b, "patch->" SGC_FMT, SGC_ARG(f->c));
    size_t first = list->count;

    if (f->flag) {
        add_assign(list, say(b, "row->has_" SGC_FMT, SGC_ARG(f->c)),
                   say(b, "patch->has_" SGC_FMT, SGC_ARG(f->c)), of);
        source = say(b, "patch->has_" SGC_FMT " ? " SGC_FMT " : 0", SGC_ARG(f->c), SGC_ARG(source));
    }
    add_assign(list, say(b, "row->" SGC_FMT, SGC_ARG(f->c)), take_of(b, f, type, source), of);
    keep_together(list, first);
}

static void add_offer(view_build_state *b, assign_list *list, const field_info *f)
{
    sgc_str target = say(b, "patch->" SGC_FMT, SGC_ARG(f->c));
    size_t first = list->count;

    add_assign(list, say(b, "patch->set." SGC_FMT, SGC_ARG(f->c)), given_of(b, f), SGC_STR(""));
    if (f->flag)
        add_assign(list, say(b, "patch->has_" SGC_FMT, SGC_ARG(f->c)),
                   say(b, "in->has_" SGC_FMT, SGC_ARG(f->c)), SGC_STR(""));
    add_assign(list, target, say(b, "in->" SGC_FMT, SGC_ARG(f->c)), SGC_STR(""));
    keep_together(list, first);
}

/* ---- portions ---- */

static sgc_str chunk_name(view_build_state *b, sgc_str c, size_t position)
{
    return say(b, SGC_FMT "__%zu", SGC_ARG(c), position + 1);
}

/* How many lines a statement of so many columns takes, cautiously: folded ones have wide indents.
 */
static size_t lines_of(size_t columns)
{
    return columns <= COLUMNS ? 1 : 2 + (columns - COLUMNS) / 50;
}

/* Lines that a field takes in any of the functions that go through the same portions. */
typedef size_t field_lines(const view_field *field);

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* get, read, put, room, copy: the texts that templates put around them have fewer columns. */
static size_t lines_stored(const view_field *f)
{
    size_t size = most(most(f->get.size, f->read.size), most(f->put.size, f->copy.size));

    return lines_of(most(size, f->room.size) + sizeof "    room = sgc_room_add(room, );");
}

/* Two statements of JSON, or one that takes it. */
static size_t lines_json(const view_field *f)
{
    size_t key = lines_of(f->json_key.size + sizeof "    sgc_buf_append(out, );");
    size_t from =
        f->from_json.size + f->gql.size + sizeof "    if (sgc_json_is(in, \"\")) return ;";

    return most(key + lines_of(f->json.size + 5), lines_of(from));
}

static size_t lines_required(const view_field *f)
{
    return lines_of(f->gql.size + sizeof "    sgc_json_require(in, \"\");");
}

static size_t lines_assign(const view_assign *a)
{
    size_t size = a->c.size + a->value.size + sizeof "     = ;";

    if (a->of.size == 0) return lines_of(size);
    size += a->of.size + sizeof "if () ";
    return size <= COLUMNS ? 1 : 1 + lines_of(size - a->of.size);
}

/* Where the portion that begins at `at` ends: never before a 0, never before it has something. */
static size_t portion_end(const size_t *lines, size_t count, size_t at)
{
    size_t sum = lines[at++];

    while (at < count && (lines[at] == 0 || sum + lines[at] <= PORTION))
        sum += lines[at++];
    return at;
}

/* Chunks of `count` items by their lines. */
static view_chunk *new_chunks(view_build_state *b, sgc_str c, sgc_str gql, const size_t *lines,
                              size_t count, view_chunks *chunks)
{
    size_t portions = 0;

    for (size_t at = 0; at < count; at = portion_end(lines, count, at))
        portions++;
    view_chunk *all = make(b, portions, sizeof *all);
    for (size_t i = 0; all && i < portions; i++)
        all[i] = (view_chunk){.c = chunk_name(b, c, i), .gql = gql, .record = c};
    chunks->items = all;
    chunks->count = all ? portions : 0;
    return all;
}

static view_chunks chunk_fields(view_build_state *b, sgc_str c, sgc_str gql,
                                const view_field *fields, size_t count, field_lines *count_lines)
{
    view_chunks chunks = {0};
    size_t *lines = make(b, count, sizeof *lines), at = 0;

    for (size_t i = 0; lines && i < count; i++)
        lines[i] = count_lines(&fields[i]);
    view_chunk *all = lines ? new_chunks(b, c, gql, lines, count, &chunks) : NULL;
    for (size_t i = 0; i < chunks.count; i++) {
        size_t end = portion_end(lines, count, at);
        all[i].fields.items = fields + at;
        all[i].fields.count = end - at;
        all[i].steady = true;
        for (; at < end; at++)
            if (!fields[at].steady) all[i].steady = false;
    }
    return chunks;
}

static view_chunks chunk_assigns(view_build_state *b, sgc_str c, sgc_str gql,
                                 const assign_list *list)
{
    view_chunks chunks = {0};
    size_t *lines = make(b, list->count, sizeof *lines), at = 0;

    /* The first one of a field has the lines of all, so that no portion ends between them. */
    for (size_t i = 0, next; lines && i < list->count; i = next) {
        next = i + 1 + list->items[i].more;
        for (size_t k = i; k < next; k++)
            lines[i] += lines_assign(&list->items[k]);
    }
    view_chunk *all = lines ? new_chunks(b, c, gql, lines, list->count, &chunks) : NULL;
    for (size_t i = 0; i < chunks.count; i++) {
        all[i].assigns.items = list->items + at;
        all[i].assigns.count = portion_end(lines, list->count, at) - at;
        at += all[i].assigns.count;
    }
    return chunks;
}

/* ---- records ---- */

/* The fields of one type on their way into a view_record. */
typedef struct record_build {
    const field_info *fields; /* in order of declaration */
    size_t count;
    uint16_t table; /* SGC_NONE for an embedded type */
    sgc_str c, gql;
    view_field *all, *some; /* some: a subset, made anew for each use */
    size_t some_count;
} record_build;

static view_field view_of(view_build_state *b, const record_build *r, size_t position)
{
    const field_info *f = &r->fields[position];
    view_field v = {.c = f->c, .gql = f->field->name};

    if (r->table != SGC_NONE && f->fixed)
        v.get = get_of(b, f);
    else
        v.read = read_of(b, f);
    v.room = room_of(b, f);
    v.steady = f->fixed;
    v.put = put_of(b, f);
    if (!f->fixed) v.copy = copy_of(b, f);
    v.json_key = say(b, "\"%s\\\"" SGC_FMT "\\\":\", %zu", position == 0 ? "{" : ",",
                     SGC_ARG(f->field->name), f->field->name.size + 4);
    v.json = json_of(b, f, r->c);
    v.from_json = from_json_of(b, f, r->c);
    return v;
}

typedef bool field_test(const record_build *r, const field_info *f);

static bool is_fixed(const record_build *r, const field_info *f)
{
    return r->table != SGC_NONE && f->fixed;
}

static bool is_variable(const record_build *r, const field_info *f)
{
    return r->table == SGC_NONE || !f->fixed;
}

static bool is_any(const record_build *r, const field_info *f)
{
    (void)r;
    (void)f;
    return true;
}

static bool is_copied(const record_build *r, const field_info *f)
{
    (void)r;
    return !f->fixed;
}

static bool is_required(const record_build *r, const field_info *f)
{
    (void)r;
    return f->slot->non_null && f->field->default_kind == SGC_DEFAULT_NONE &&
           !f->field->updated_at && !starts_empty(f);
}

/* Chunks of the fields that pass, in the order of declaration or of storage. */
static view_chunks select_fields(view_build_state *b, const record_build *r, field_test *test,
                                 bool stored, field_lines *lines)
{
    view_field *some = make(b, r->count, sizeof *some);
    size_t *order = make(b, r->count, sizeof *order), count = 0;

    for (size_t i = 0; order && i < r->count; i++)
        order[stored ? r->fields[i].field->slot : i] = i;
    for (size_t i = 0; some && order && i < r->count; i++)
        if (test(r, &r->fields[order[i]])) some[count++] = r->all[order[i]];
    return chunk_fields(b, r->c, r->gql, some, count, lines);
}

static void build_members(view_build_state *b, const record_build *r, view_record *record)
{
    member_list members = {make(b, r->count * 2, sizeof(view_member)), 0};
    member_list given = {make(b, r->count * 2, sizeof(view_member)), 0};
    member_list patched = {make(b, r->count * 2, sizeof(view_member)), 0};
    member_list flags = {make(b, r->count, sizeof(view_member)), 0};

    for (size_t i = 0; !b->no_memory && i < r->count; i++) {
        const field_info *f = &r->fields[i];
        field_info patch = *f;
        add_member(b, &members, f, false, true);
        add_member(b, &given, f, true, false);
        if (f->is_key) continue;
        patch.new_flag = f->flag;
        add_member(b, &patched, &patch, true, false);
        flags.items[flags.count++].c = say(b, "bool " SGC_FMT, SGC_ARG(f->c));
    }
    record->members.items = members.items;
    record->members.count = members.count;
    record->given.items = given.items;
    record->given.count = given.count;
    record->patched.items = patched.items;
    record->patched.count = patched.count;
    record->flags.items = flags.items;
    record->flags.count = flags.count;
}

static void build_assigns(view_build_state *b, const record_build *r, view_record *record)
{
    assign_list takes = {make(b, r->count * 2, sizeof(view_assign)), 0};
    assign_list patches = {make(b, r->count * 2, sizeof(view_assign)), 0};
    assign_list offers = {make(b, r->count * 3, sizeof(view_assign)), 0};
    assign_list touched = {make(b, r->count * 2, sizeof(view_assign)), 0};

    for (size_t i = 0; !b->no_memory && i < r->count; i++) {
        const field_info *f = &r->fields[i];
        add_take(b, &takes, f, r->c, r->table);
        if (f->is_key || r->table == SGC_NONE) continue;
        add_patch(b, &patches, f, r->c);
        add_offer(b, &offers, f);
        if (!f->field->updated_at) continue;
        if (f->flag)
            add_assign(&touched, say(b, "has_" SGC_FMT, SGC_ARG(f->c)), SGC_STR("true"),
                       SGC_STR(""));
        sgc_str now = default_expression(b, f, r->table);
        /* Here the values are taken by the function itself, which owns `take`. */
        if (now.size > 6) now = say(b, "%.*s&take)", (int)(now.size - 5), now.data);
        add_assign(&touched, f->c, now, SGC_STR(""));
    }
    record->takes = chunk_assigns(b, r->c, r->gql, &takes);
    record->patches = chunk_assigns(b, r->c, r->gql, &patches);
    record->offers = chunk_assigns(b, r->c, r->gql, &offers);
    record->touched.items = touched.items;
    record->touched.count = touched.count;
}

static void build_lists(view_build_state *b, const record_build *r, view_record *record)
{
    view_list *choices = make(b, r->count, sizeof *choices);
    view_list *embeddeds = make(b, r->count, sizeof *embeddeds);
    size_t choice_count = 0, embedded_count = 0;

    for (size_t i = 0; !b->no_memory && i < r->count; i++) {
        const field_info *f = &r->fields[i];
        if (!has_helpers(f)) continue;
        bool choice = f->slot->kind == SGC_KIND_ENUM;
        view_list *list = choice ? &choices[choice_count++] : &embeddeds[embedded_count++];
        list->c = list_name(b, r->c, f->c);
        list->record_gql = r->gql;
        list->field_gql = f->field->name;
        list->item = named_c(b, f);
        list->item_gql = f->field->named_type;
        list->rules = sgc_str_from(rule_words(rules_of(f)));
    }
    record->choices.items = choices;
    record->choices.count = choice_count;
    record->embeddeds.items = embeddeds;
    record->embeddeds.count = embedded_count;
}

static void build_record(view_build_state *b, record_build *r, view_record *record)
{
    r->all = make(b, r->count, sizeof *r->all);
    for (size_t i = 0; r->all && i < r->count; i++)
        r->all[i] = view_of(b, r, i);
    if (b->no_memory) return;
    record->c = r->c;
    record->gql = r->gql;
    record->place = place_of(b, r->gql);
    record->fields = say(b, "%zu", r->count);
    record->all = chunk_fields(b, r->c, r->gql, r->all, r->count, lines_json);
    record->fixed = select_fields(b, r, is_fixed, true, lines_stored);
    record->rest = select_fields(b, r, is_variable, true, lines_stored);
    record->puts = select_fields(b, r, is_any, true, lines_stored);
    record->copies = select_fields(b, r, is_copied, false, lines_stored);
    record->required = select_fields(b, r, is_required, false, lines_required);
    build_members(b, r, record);
    build_assigns(b, r, record);
    build_lists(b, r, record);
    record->has_patch = record->flags.count > 0;
}

void build_embedded(view_build_state *b, uint16_t position, view_record *record)
{
    const sgc_embedded *e = &b->schema->embeddeds[position];
    field_info *fields = make(b, e->field_count, sizeof *fields);
    record_build r = {.fields = fields, .count = e->field_count, .table = SGC_NONE};

    for (uint16_t i = 0; fields && i < e->field_count; i++)
        fields[i] = embedded_field(b, position, i);
    r.c = b->embeddeds[position].c;
    r.gql = e->name;
    if (fields) build_record(b, &r, record);
    record->doc = doc_of(b, e->description, sgc_str_of(NULL, 0));
}

static void copy_chunks(view_table *table)
{
    const view_record *r = &table->record;

    table->all = r->all;
    table->fixed = r->fixed;
    table->rest = r->rest;
    table->puts = r->puts;
    table->takes = r->takes;
    table->patches = r->patches;
    table->offers = r->offers;
    table->copies = r->copies;
    table->required = r->required;
    table->touched.items = r->touched.items;
    table->touched.count = r->touched.count;
    table->has_patch = r->has_patch;
}

void build_table_record(view_build_state *b, uint16_t position, view_table *table)
{
    const sgc_table *t = &b->schema->tables[position];
    field_info *fields = make(b, t->field_count, sizeof *fields);
    record_build r = {.fields = fields, .count = t->field_count, .table = position};

    for (uint16_t i = 0; fields && i < t->field_count; i++)
        fields[i] = table_field(b, position, i);
    r.c = b->tables[position].c;
    r.gql = t->name;
    if (!fields) return;
    build_record(b, &r, &table->record);
    if (b->no_memory) return;
    copy_chunks(table);
    table->record.doc = doc_of(b, t->description, sgc_str_of(NULL, 0));
    table->c = r.c;
    table->gql = t->name;
    table->place = table->record.place;
    table->history = t->history;
    table->at = say(b, "%u", (unsigned)position);
    table->fields = table->record.fields;
    table->version = say(b, "%u", (unsigned)t->layout.version);
    table->fixed_size = say(b, "%u", (unsigned)t->layout.fixed_size);
    table->rest_offset = say(b, "%u", (unsigned)(SGC_RECORD_HEAD + t->layout.fixed_size));
    table->key_member = fields[t->key].c;
    table->key_given = given_of(b, &fields[t->key]);
}
