/*
 * numbering.c - stable numbers: read from the lock text, given to what is new, never given twice,
 * written back. Slots and layouts follow from them.
 *
 * The text, a line each, indented lines belonging to the entity above:
 *
 *   table 1 User
 *     field 1 id ID            what it holds: another type is another field
 *     index 1 email unique 2   plain, unique or elements; the numbers of its fields
 *   retired table 2 Old        what is gone keeps its number
 *   embedded 1 Address
 *   enum 1 Role
 *     value 1 ADMIN
 *
 * Numbers ascend within their kind. Lines that start with # are remarks.
 */
#include "schema/build.h"

typedef enum lock_kind {
    LOCK_TABLE,
    LOCK_EMBEDDED,
    LOCK_ENUM,
    LOCK_FIELD,
    LOCK_INDEX,
    LOCK_VALUE,
    LOCK_KINDS,
} lock_kind;

static const char *const kind_words[LOCK_KINDS] = {"table", "embedded", "enum",
                                                   "field", "index",    "value"};

/* One line of the lock, old or new. */
typedef struct lock_entry {
    lock_kind kind;
    bool retired;
    bool used; /* something of the schema has it */
    uint32_t number;
    sgc_str name, detail;
    struct lock_entry *next; /* the same parent and kind */
    struct lock_entry *children[LOCK_KINDS], *last[LOCK_KINDS];
    sgc_map by_name; /* children that are not retired: "field name" */
} lock_entry;

typedef struct lock_reader {
    sgc_model_build *build;
    lock_entry *root, *entity;
    size_t line;
    bool bad;
} lock_reader;

/* ---- reading ---- */

static void bad_line(lock_reader *r, const char *what)
{
    if (!r->bad)
        sgc_model_error(r->build, NULL, (sgc_span){0}, "lock file, line %zu: %s", r->line, what);
    r->bad = true;
}

/* The next word of a line; words are separated by single spaces. */
static sgc_str word(sgc_str *line)
{
    const char *space = line->size ? memchr(line->data, ' ', line->size) : NULL;
    size_t size = space ? (size_t)(space - line->data) : line->size;
    sgc_str out = sgc_str_of(line->data, size);
    size_t skip = size + (space != NULL);

    *line = sgc_str_of(line->data + skip, line->size - skip);
    return out;
}

static uint32_t number_of(sgc_str text)
{
    uint32_t value = 0;

    if (text.size == 0 || text.size > 5 || text.data[0] == '0') return 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return 0;
        value = value * 10 + (uint32_t)(text.data[i] - '0');
    }
    return value <= SGC_MODEL_MAX ? value : 0;
}

static sgc_str child_key(sgc_model_build *build, lock_kind kind, sgc_str name)
{
    char *text = sgc_arena_alloc(&build->scratch, name.size + 1);

    if (!text) {
        build->no_memory = true;
        return sgc_str_of(NULL, 0);
    }
    text[0] = (char)('0' + kind);
    if (name.size) memcpy(text + 1, name.data, name.size);
    return sgc_str_of(text, name.size + 1);
}

static lock_entry *new_entry(sgc_model_build *build, lock_entry *parent, lock_kind kind,
                             uint32_t number, sgc_str name, sgc_str detail)
{
    lock_entry *entry = sgc_model_scratch(build, 1, sizeof *entry);

    if (!entry) return NULL;
    *entry = (lock_entry){.kind = kind, .number = number, .name = name, .detail = detail};
    entry->by_name.arena = &build->scratch;
    if (parent->last[kind])
        parent->last[kind]->next = entry;
    else
        parent->children[kind] = entry;
    parent->last[kind] = entry;
    return entry;
}

static bool put_name(sgc_model_build *build, lock_entry *parent, lock_entry *entry)
{
    sgc_str key = child_key(build, entry->kind, entry->name);

    if (key.data && !sgc_map_put(&parent->by_name, key, entry)) build->no_memory = true;
    return !build->no_memory;
}

static lock_entry *find_name(sgc_model_build *build, const lock_entry *parent, lock_kind kind,
                             sgc_str name)
{
    sgc_str key = child_key(build, kind, name);

    return key.data ? sgc_map_get(&parent->by_name, key) : NULL;
}

static lock_kind kind_of(sgc_str text)
{
    int kind = 0;

    while (kind < LOCK_KINDS && !sgc_str_eq(text, sgc_str_from(kind_words[kind])))
        kind++;
    return (lock_kind)kind;
}

static bool belongs(lock_kind kind, const lock_entry *parent)
{
    if (kind <= LOCK_ENUM) return true;
    if (!parent) return false;
    if (kind == LOCK_FIELD) return parent->kind != LOCK_ENUM;
    return kind == LOCK_INDEX ? parent->kind == LOCK_TABLE : parent->kind == LOCK_ENUM;
}

static void read_entry(lock_reader *r, sgc_str line)
{
    bool indented = line.size > 2 && memcmp(line.data, "  ", 2) == 0;

    if (indented) line = sgc_str_of(line.data + 2, line.size - 2);
    sgc_str first = word(&line);
    bool retired = sgc_str_eq(first, SGC_STR("retired"));
    lock_kind kind = kind_of(retired ? word(&line) : first);
    if (kind == LOCK_KINDS || indented != (kind > LOCK_ENUM) || !belongs(kind, r->entity)) {
        bad_line(r, "this does not belong here");
        return;
    }
    lock_entry *parent = kind <= LOCK_ENUM ? r->root : r->entity;
    uint32_t number = number_of(word(&line));
    sgc_str name = word(&line);
    bool detailed = kind == LOCK_FIELD || kind == LOCK_INDEX;
    if (number == 0 || name.size == 0 || (line.size != 0) != detailed) {
        bad_line(r, "a number, a name and no more are expected");
        return;
    }
    if (parent->last[kind] && parent->last[kind]->number >= number)
        bad_line(r, "its number is not above the one before it");
    else if (!retired && find_name(r->build, parent, kind, name))
        bad_line(r, "the same name is there twice");
    else if (!retired && parent->retired)
        bad_line(r, "what it belongs to is retired");
    if (r->bad) return;
    lock_entry *entry = new_entry(r->build, parent, kind, number, name, line);
    if (!entry) return;
    entry->retired = retired;
    if (!retired) put_name(r->build, parent, entry);
    if (kind <= LOCK_ENUM) r->entity = entry;
}

static void read_lock(lock_reader *r, sgc_str text)
{
    while (text.size > 0 && !r->bad && !r->build->no_memory) {
        const char *end = memchr(text.data, '\n', text.size);
        size_t size = end ? (size_t)(end - text.data) : text.size;
        sgc_str line = sgc_str_of(text.data, size);
        r->line++;
        text = sgc_str_of(text.data + size + (end != NULL), text.size - size - (end != NULL));
        if (line.size > 0 && line.data[line.size - 1] == '\r') line.size--;
        if (line.size == 0 || line.data[0] == '#') continue;
        read_entry(r, line);
    }
}

/* ---- giving numbers ---- */

static lock_entry *give(sgc_model_build *build, lock_entry *parent, lock_kind kind, sgc_str name,
                        sgc_str detail)
{
    lock_entry *entry = find_name(build, parent, kind, name);

    if (entry && entry->detail.size == detail.size &&
        (detail.size == 0 || memcmp(entry->detail.data, detail.data, detail.size) == 0)) {
        entry->used = true;
        return entry;
    }
    /* Another type or other fields under the same name: something new. */
    uint32_t number = parent->last[kind] ? parent->last[kind]->number + 1 : 1;
    if (number > SGC_MODEL_MAX) {
        sgc_model_error(build, NULL, (sgc_span){0},
                        "no number is left for " SGC_FMT ": retired ones are never used again",
                        SGC_ARG(name));
        return NULL;
    }
    entry = new_entry(build, parent, kind, number, name, detail);
    if (!entry || !put_name(build, parent, entry)) return NULL;
    entry->used = true;
    return entry;
}

sgc_str sgc_model_type_text(sgc_model_build *build, const sgc_model_member *member)
{
    static const char *const kinds[] = {"",      "Boolean",  "",        "Int",  "BigInt",
                                        "Float", "DateTime", "Date",    "Time", "String",
                                        "ID",    "UUID",     "Decimal", "JSON", "Bytes"};
    bool list = member->slot.list;
    const char *what = "";
    sgc_str name = {0};

    if (member->slot.kind == SGC_KIND_ENUM || member->slot.kind == SGC_KIND_EMBEDDED) {
        what = member->slot.kind == SGC_KIND_ENUM ? "enum:" : "embedded:";
        name = member->named->type->name;
    } else {
        name = sgc_str_from(kinds[member->slot.kind]);
    }
    return sgc_model_text(build, "%s%s" SGC_FMT "%s", list ? "[" : "", what, SGC_ARG(name),
                          list ? "]" : "");
}

static void number_fields(sgc_model_build *build, lock_entry *entity, sgc_model_table *table)
{
    for (size_t i = 0; i < table->stored_count && sgc_model_going(build); i++) {
        sgc_model_member *member = table->stored[i];
        lock_entry *entry =
            give(build, entity, LOCK_FIELD, member->field.name, sgc_model_type_text(build, member));
        if (entry) member->field.number = entry->number;
    }
}

static void number_indexes(sgc_model_build *build, lock_entry *entity, sgc_model_table *table)
{
    for (sgc_model_index *index = table->indexes; index && sgc_model_going(build);
         index = index->next) {
        sgc_buf text = {0};
        sgc_buf_text(&text, index->index.unique     ? "unique "
                            : index->index.elements ? "elements "
                                                    : "plain ");
        for (uint16_t i = 0; i < index->index.count; i++)
            sgc_buf_printf(&text, "%s%u", i ? "," : "", index->members[i]->field.number);
        sgc_str detail = sgc_arena_str(&build->scratch, sgc_buf_as_str(&text));
        if (text.failed || !detail.data) build->no_memory = true;
        sgc_buf_free(&text);
        if (build->no_memory) return;
        lock_entry *entry = give(build, entity, LOCK_INDEX, index->index.name, detail);
        if (entry) index->index.number = entry->number;
    }
}

static void number_table(sgc_model_build *build, lock_entry *root, sgc_model_table *table,
                         lock_kind kind)
{
    lock_entry *entity = give(build, root, kind, table->table.name, sgc_str_of(NULL, 0));

    if (!entity) return;
    table->table.number = entity->number;
    number_fields(build, entity, table);
    number_indexes(build, entity, table);
}

static void number_enum(sgc_model_build *build, lock_entry *root, size_t at)
{
    const sgc_named_type *type = build->enums[at]->type;
    lock_entry *entity = give(build, root, LOCK_ENUM, type->name, sgc_str_of(NULL, 0));
    sgc_enum_item *items = sgc_model_new(build, type->value_count, sizeof *items);
    sgc_enum_def *defs = (sgc_enum_def *)(uintptr_t)build->schema->enums;

    if (!items || !entity) return;
    defs[at] = (sgc_enum_def){.name = type->name,
                              .description = type->description,
                              .items = items,
                              .count = (uint16_t)type->value_count,
                              .ascending = true};
    for (size_t i = 0; i < type->value_count && sgc_model_going(build); i++) {
        const sgc_enum_value_def *value = &type->values[i];
        lock_entry *entry = give(build, entity, LOCK_VALUE, value->name, sgc_str_of(NULL, 0));
        if (!entry) return;
        items[i] = (sgc_enum_item){.name = value->name,
                                   .description = value->description,
                                   .deprecation = value->deprecation,
                                   .number = (uint16_t)entry->number};
        if (i > 0 && items[i].number < items[i - 1].number) defs[at].ascending = false;
    }
}

/* ---- writing ---- */

static void write_entries(const lock_entry *first, sgc_buf *out)
{
    for (const lock_entry *entry = first; entry; entry = entry->next) {
        bool retired = entry->retired || !entry->used;
        sgc_buf_printf(out, "%s%s%s %u " SGC_FMT, entry->kind > LOCK_ENUM ? "  " : "",
                       retired ? "retired " : "", kind_words[entry->kind], entry->number,
                       SGC_ARG(entry->name));
        if (entry->detail.size) {
            sgc_buf_byte(out, ' ');
            sgc_buf_str(out, entry->detail);
        }
        sgc_buf_byte(out, '\n');
        for (int kind = LOCK_FIELD; kind < LOCK_KINDS; kind++)
            write_entries(entry->children[kind], out);
    }
}

static void write_lock(sgc_model_build *build, const lock_entry *root)
{
    sgc_buf text = {0};

    sgc_buf_text(&text, "# Stable numbers of this schema, written by sgc. Do not edit; commit this "
                        "file with the schema:\n# data is stored under these numbers.\n");
    for (int kind = LOCK_TABLE; kind <= LOCK_ENUM; kind++)
        write_entries(root->children[kind], &text);
    build->schema->numbering = sgc_arena_str(build->arena, sgc_buf_as_str(&text));
    if (text.failed || !build->schema->numbering.data) build->no_memory = true;
    sgc_buf_free(&text);
}

/* ---- slots ---- */

static bool slot_before(const sgc_model_member *a, const sgc_model_member *b, bool group)
{
    bool a_fixed = !a->slot.list && sgc_kind_is_fixed(a->slot.kind);
    bool b_fixed = !b->slot.list && sgc_kind_is_fixed(b->slot.kind);

    if (group && a_fixed != b_fixed) return a_fixed;
    return a->field.number < b->field.number;
}

/* Merge sort: fields come nearly sorted, and the comparison needs `group`. */
static void sort_slots(sgc_model_member **items, sgc_model_member **spare, size_t count, bool group)
{
    size_t half = count / 2, left = 0, right = half;

    if (count < 2) return;
    sort_slots(items, spare, half, group);
    sort_slots(items + half, spare, count - half, group);
    memcpy(spare, items, count * sizeof *items);
    for (size_t i = 0; i < count; i++) {
        bool from_right =
            left == half || (right < count && slot_before(spare[right], spare[left], group));
        items[i] = from_right ? spare[right++] : spare[left++];
    }
}

/* Tables: fixed-width slots first; embedded types: by number alone. */
static void lay_out(sgc_model_build *build, sgc_model_table *table, bool group)
{
    size_t count = table->stored_count;
    sgc_model_member **order = sgc_model_scratch(build, count * 2, sizeof *order);
    sgc_slot *slots = sgc_model_new(build, count, sizeof *slots);
    sgc_layout *layout = table->layout;
    uint32_t offset = SGC_RECORD_HEAD;

    if (!order || !slots) return;
    if (count) memcpy(order, table->stored, count * sizeof *order);
    sort_slots(order, order + count, count, group);
    layout->slots = slots;
    layout->count = (uint16_t)count;
    layout->version = group ? (uint16_t)build->schema->version : 0;
    for (size_t i = 0; i < count; i++) {
        sgc_model_member *member = order[i];
        if (group && !member->slot.list && sgc_kind_is_fixed(member->slot.kind)) {
            member->slot.offset = offset;
            offset += (uint32_t)sgc_kind_width(member->slot.kind);
            layout->fixed_count++;
        }
        if (member->slot.kind == SGC_KIND_EMBEDDED)
            member->slot.embedded = member->named->table->layout;
        member->field.slot = (uint16_t)i;
        slots[i] = member->slot;
    }
    layout->fixed_size = offset - SGC_RECORD_HEAD;
}

/* The layouts lie inside the arrays of the result, so that slots can point to them. */
static void make_arrays(sgc_model_build *build)
{
    sgc_schema *schema = build->schema;
    sgc_table *tables = sgc_model_new(build, build->table_count, sizeof *tables);
    sgc_embedded *embeddeds = sgc_model_new(build, build->embedded_count, sizeof *embeddeds);

    schema->tables = tables;
    schema->embeddeds = embeddeds;
    schema->enums = sgc_model_new(build, build->enum_count, sizeof *schema->enums);
    if (build->no_memory) return;
    schema->table_count = (uint16_t)build->table_count;
    schema->embedded_count = (uint16_t)build->embedded_count;
    schema->enum_count = (uint16_t)build->enum_count;
    for (size_t i = 0; i < build->table_count; i++)
        build->tables[i]->layout = &tables[i].layout;
    for (size_t i = 0; i < build->embedded_count; i++)
        build->embeddeds[i]->layout = &embeddeds[i].layout;
}

void sgc_model_number(sgc_model_build *build, sgc_str numbering)
{
    lock_entry root = {.used = true};
    lock_reader reader = {.build = build, .root = &root};

    root.by_name.arena = &build->scratch;
    if (numbering.data) {
        numbering = sgc_arena_str(build->arena, numbering);
        if (!numbering.data) build->no_memory = true;
    }
    if (!build->no_memory && numbering.data) read_lock(&reader, numbering);
    make_arrays(build);
    if (!sgc_model_going(build) || reader.bad) return;
    for (size_t i = 0; i < build->table_count && sgc_model_going(build); i++)
        number_table(build, &root, build->tables[i], LOCK_TABLE);
    for (size_t i = 0; i < build->embedded_count && sgc_model_going(build); i++)
        number_table(build, &root, build->embeddeds[i], LOCK_EMBEDDED);
    for (size_t i = 0; i < build->enum_count && sgc_model_going(build); i++)
        number_enum(build, &root, i);
    if (!sgc_model_going(build)) return;
    write_lock(build, &root);
    for (size_t i = 0; i < build->table_count && sgc_model_going(build); i++)
        lay_out(build, build->tables[i], true);
    for (size_t i = 0; i < build->embedded_count && sgc_model_going(build); i++)
        lay_out(build, build->embeddeds[i], false);
}
