/*
 * directives.c - sgc's own directives: their arguments, where they may stand, and the refusal of
 * those whose parts do not exist yet. What @relation means is in relations.c, indexes are in
 * indexes.c, the check of default values is in defaults.c.
 */
#include "schema/build.h"

/* ---- arguments ---- */

/*
 * A document may declare a directive of ours itself, e.g. for its editor. It stays ours when it
 * has no argument that ours has not; else it is somebody else's and means nothing here.
 */
static bool is_ours(const sgc_directive_def *def)
{
    static const struct {
        const char *name, *arguments;
    } known[] = {
        {"table", " name plural history retain columns "},
        {"id", " generate "},
        {"unique", " "},
        {"index", " kind name "},
        {"uniqueKey", " fields "},
        {"compositeIndex", " fields name "},
        {"relation", " field through onDelete "},
        {"default", " value now "},
        {"updatedAt", " "},
        {"check", " expr "},
        {"search", " by "},
        {"computed", " fn "},
        {"resolver", " fn "},
        {"auth", " read create update delete roles "},
        {"tenant", " "},
        {"encrypted", " "},
        {"hidden", " read write filter "},
        {"cost", " weight "},
        {"cache", " seconds scope "},
        {"generate", " query mutation subscription aggregate "},
        {"key", " fields "},
        {"renamedFrom", " name "},
    };

    if (def->prelude) return true;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!sgc_str_eq(def->name, sgc_str_from(known[i].name))) continue;
        for (size_t n = 0; n < def->argument_count; n++) {
            char word[32];
            sgc_str name = def->arguments[n].name;
            if (name.size > sizeof word - 3) return false;
            word[0] = ' ';
            memcpy(word + 1, name.data, name.size);
            memcpy(word + 1 + name.size, " ", 2);
            if (!strstr(known[i].arguments, word)) return false;
        }
        return true;
    }
    return false;
}

const sgc_ast_directive *sgc_model_directive(const sgc_model_build *build,
                                             const sgc_ast_directive *list, const char *name)
{
    const sgc_ast_directive *directive = sgc_directive_on(list, name);

    if (!directive) return NULL;
    const sgc_directive_def *def = sgc_directive_find(build->types, directive->name.text);
    return def && is_ours(def) ? directive : NULL;
}

static const sgc_ast_value *argument(const sgc_ast_directive *directive, const char *name)
{
    const sgc_ast_value *value = directive ? sgc_directive_argument(directive, name) : NULL;

    return value && value->kind != SGC_VALUE_NULL ? value : NULL;
}

bool sgc_model_bool(const sgc_ast_directive *directive, const char *name, bool otherwise)
{
    const sgc_ast_value *value = argument(directive, name);

    return value ? sgc_str_eq(value->text, SGC_STR("true")) : otherwise;
}

sgc_str sgc_model_str(const sgc_ast_directive *directive, const char *name)
{
    const sgc_ast_value *value = argument(directive, name);

    return value ? value->text : sgc_str_of(NULL, 0);
}

/* ---- what does not exist yet ---- */

/* Where a wrong argument is reported. */
typedef struct argument_check {
    sgc_model_build *build;
    const sgc_source *source;
    const sgc_ast_directive *directive;
    const sgc_ast_argument *argument;
} argument_check;

static void wrong_argument(void *user, const sgc_literal_error *error)
{
    const argument_check *check = user;

    sgc_model_error(check->build, check->source, error->span,
                    "@" SGC_FMT "(" SGC_FMT ":)" SGC_FMT ": " SGC_FMT,
                    SGC_ARG(check->directive->name.text), SGC_ARG(check->argument->name.text),
                    SGC_ARG(error->path), SGC_ARG(error->message));
}

/* The rules of the language ask for names and required arguments, not for the types of values. */
static void check_arguments(sgc_model_build *build, const sgc_ast_directive *directive,
                            const sgc_directive_def *def, const sgc_source *source)
{
    for (const sgc_ast_argument *at = directive->arguments; at; at = at->next) {
        argument_check check = {build, source, directive, at};
        const sgc_input_def *input =
            sgc_input_find(def->arguments, def->argument_count, at->name.text);
        if (input && sgc_literal_check(at->value, input->type, &build->scratch, &build->effort,
                                       wrong_argument, &check) != SGC_OK)
            build->no_memory = true;
    }
}

void sgc_model_refuse(sgc_model_build *build, const sgc_ast_directive *list,
                      const sgc_source *source)
{
    static const struct {
        const char *name, *part;
    } missing[] = {
        {"search", "text search"}, {"auth", "authorisation"},
        {"tenant", "tenants"},     {"encrypted", "encrypted fields"},
        {"cost", "cost limits"},   {"cache", "response caching"},
        {"key", "federation"},     {"renamedFrom", "migrations"},
    };

    for (; list && sgc_model_going(build); list = list->next) {
        const sgc_directive_def *def = sgc_directive_find(build->types, list->name.text);
        if (!def || !is_ours(def)) continue;
        check_arguments(build, list, def, source);
        for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
            if (sgc_str_eq(list->name.text, sgc_str_from(missing[i].name)))
                sgc_model_error(build, source, list->span,
                                "@%s is not supported yet: this version of sgc has no %s",
                                missing[i].name, missing[i].part);
    }
}

void sgc_model_refuse_field(sgc_model_build *build, const sgc_field_def *def)
{
    sgc_model_refuse(build, def->directives, def->source);
    for (size_t i = 0; i < def->argument_count; i++)
        sgc_model_refuse(build, def->arguments[i].directives, def->arguments[i].source);
}

void sgc_model_refuse_storage(sgc_model_build *build, const sgc_field_def *def, const char *what)
{
    static const char *const storing[] = {"id",      "unique",    "index", "relation",
                                          "default", "updatedAt", "check", "hidden"};

    for (size_t i = 0; def->directives && i < sizeof storing / sizeof *storing; i++) {
        const sgc_ast_directive *found = sgc_model_directive(build, def->directives, storing[i]);
        if (found)
            sgc_model_error(build, def->source, found->span, "@%s cannot stand on " SGC_FMT ": %s",
                            storing[i], SGC_ARG(def->name), what);
    }
}

/* ---- functions ---- */

static bool is_identifier(sgc_str text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && !(i > 0 && c >= '0' && c <= '9')) return false;
    }
    return text.size > 0;
}

sgc_str sgc_model_function(sgc_model_build *build, const sgc_field_def *def)
{
    const sgc_ast_directive *resolver = sgc_model_directive(build, def->directives, "resolver");
    const sgc_ast_directive *computed = sgc_model_directive(build, def->directives, "computed");
    const sgc_ast_directive *used = resolver ? resolver : computed;

    if (!used) return sgc_str_of(NULL, 0);
    if (resolver && computed)
        sgc_model_error(build, def->source, computed->span,
                        SGC_FMT " has both @resolver and @computed: one function answers a field",
                        SGC_ARG(def->name));
    sgc_str function = sgc_model_str(used, "fn");
    if (!is_identifier(function))
        sgc_model_error(build, def->source, used->span,
                        "\"" SGC_FMT "\" is not the name of a C function", SGC_ARG(function));
    return function;
}

/* ---- fields ---- */

static void add_checks(sgc_model_build *build, sgc_model_table *table,
                       const sgc_ast_directive *list, const sgc_source *source,
                       const sgc_model_member *member)
{
    const sgc_ast_directive *at = sgc_model_directive(build, list, "check");

    for (; at && sgc_model_going(build); at = at->next) {
        if (!sgc_str_eq(at->name.text, SGC_STR("check"))) continue;
        if (table->check_count == SGC_MODEL_MAX) {
            sgc_model_error(build, source, at->span, "more than %d checks", SGC_MODEL_MAX);
            return;
        }
        if (!SGC_MODEL_GROW(build, table->checks, table->check_count, table->check_capacity))
            return;
        table->checks[table->check_count++] =
            (sgc_model_check){sgc_model_str(at, "expr"), member, at, source};
    }
}

static sgc_default_kind generated(sgc_str kind)
{
    if (sgc_str_eq(kind, SGC_STR("SERIAL"))) return SGC_DEFAULT_SERIAL;
    if (sgc_str_eq(kind, SGC_STR("ULID"))) return SGC_DEFAULT_ULID;
    if (sgc_str_eq(kind, SGC_STR("UUIDV7"))) return SGC_DEFAULT_UUIDV7;
    return SGC_DEFAULT_NONE;
}

/* What @id(generate:) says, or its default, fits the key's type. */
static void key_default(sgc_model_build *build, sgc_model_member *member)
{
    const sgc_ast_directive *id = sgc_model_directive(build, member->def->directives, "id");
    sgc_str given = sgc_model_str(id, "generate");
    bool integer = member->slot.kind == SGC_KIND_INT || member->slot.kind == SGC_KIND_BIGINT;
    sgc_default_kind kind = given.data ? generated(given)
                            : integer  ? SGC_DEFAULT_NONE
                                       : SGC_DEFAULT_UUIDV7;

    if (integer ? kind == SGC_DEFAULT_UUIDV7 || kind == SGC_DEFAULT_ULID
                : kind == SGC_DEFAULT_SERIAL)
        sgc_model_error(build, member->def->source, id->span,
                        "@id(generate: " SGC_FMT ") does not fit the type " SGC_FMT "%s",
                        SGC_ARG(given), SGC_ARG(member->field.named_type),
                        integer ? "" : ": SERIAL needs Int or BigInt");
    if (kind == SGC_DEFAULT_ULID && member->slot.kind == SGC_KIND_UUID)
        sgc_model_error(build, member->def->source, id->span,
                        "@id(generate: ULID) does not fit the type UUID: a ULID has another form");
    member->field.default_kind = kind;
}

static bool is_moment(const sgc_model_member *member)
{
    sgc_kind kind = member->slot.kind;

    return !member->slot.list &&
           (kind == SGC_KIND_DATETIME || kind == SGC_KIND_DATE || kind == SGC_KIND_TIME);
}

static void default_directive(sgc_model_build *build, sgc_model_table *table,
                              sgc_model_member *member)
{
    const sgc_field_def *def = member->def;
    const sgc_ast_directive *directive = sgc_model_directive(build, def->directives, "default");

    if (!directive) return;
    sgc_str value = sgc_model_str(directive, "value");
    bool now = sgc_model_bool(directive, "now", false);
    if (table->key == member)
        sgc_model_error(
            build, def->source, directive->span,
            "@default cannot stand on the key: @id(generate:) says where it comes from");
    else if (!value.data == !now)
        sgc_model_error(build, def->source, directive->span,
                        "@default needs either value: or now: true");
    else if (now && !is_moment(member))
        sgc_model_error(build, def->source, directive->span,
                        "@default(now: true) needs a field of type DateTime, Date or Time");
    member->field.default_kind = now ? SGC_DEFAULT_NOW : SGC_DEFAULT_VALUE;
    member->field.default_value = value; /* checked and made a literal in defaults.c */
}

void sgc_model_field_directives(sgc_model_build *build, sgc_model_table *table,
                                sgc_model_member *member)
{
    const sgc_field_def *def = member->def;

    if (table->key == member) key_default(build, member);
    if (!def->directives) return;
    default_directive(build, table, member);
    const sgc_ast_directive *updated = sgc_model_directive(build, def->directives, "updatedAt");
    member->field.updated_at = updated != NULL;
    if (updated && (!is_moment(member) || member->slot.kind != SGC_KIND_DATETIME))
        sgc_model_error(build, def->source, updated->span,
                        "@updatedAt needs a field of type DateTime");
    const sgc_ast_directive *hidden = sgc_model_directive(build, def->directives, "hidden");
    if (hidden) {
        member->field.hide_read = sgc_model_bool(hidden, "read", true);
        member->field.hide_write = sgc_model_bool(hidden, "write", true);
        member->field.hide_filter = sgc_model_bool(hidden, "filter", true);
    }
    add_checks(build, table, def->directives, def->source, member);
}

/* ---- types ---- */

static bool is_name(sgc_str text)
{
    return is_identifier(text) && !(text.size > 1 && text.data[0] == '_' && text.data[1] == '_');
}

/* "90m", "30d", "1y": false when it is something else, or longer than 1000 years. */
static bool read_duration(sgc_str text, uint64_t *duration_us)
{
    static const struct {
        char unit;
        uint64_t seconds;
    } units[] = {{'s', 1},
                 {'m', 60},
                 {'h', 3600},
                 {'d', 24 * 3600},
                 {'w', 7 * 24 * 3600},
                 {'y', 365 * 24 * 3600}};
    const uint64_t most = (uint64_t)1000 * 365 * 24 * 3600;
    uint64_t number = 0;

    for (size_t i = 0; i + 1 < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || number > most) return false;
        number = number * 10 + (uint64_t)(text.data[i] - '0');
    }
    for (size_t i = 0; number > 0 && i < sizeof units / sizeof *units; i++) {
        if (text.data[text.size - 1] != units[i].unit || number > most / units[i].seconds) continue;
        *duration_us = number * units[i].seconds * 1000000;
        return true;
    }
    return false;
}

static void retention(sgc_model_build *build, sgc_model_table *table,
                      const sgc_ast_directive *directive, const sgc_source *source)
{
    sgc_str retain = sgc_model_str(directive, "retain");

    if (!retain.data) return;
    if (!table->table.history)
        sgc_model_error(build, source, directive->span,
                        "@table(retain:) means nothing without a history");
    else if (!read_duration(retain, &table->table.retain_us))
        sgc_model_error(build, source, directive->span,
                        "@table(retain: \"" SGC_FMT
                        "\"): a time is a whole number and s, m, h, d, w or y, at most 1000y",
                        SGC_ARG(retain));
}

static void table_directive(sgc_model_build *build, sgc_model_table *table,
                            const sgc_ast_directive *directive, const sgc_source *source)
{
    sgc_str plural = sgc_model_str(directive, "plural");

    if (sgc_model_str(directive, "name").data)
        sgc_model_error(build, source, directive->span,
                        "@table(name:) is not supported yet: this version of sgc has no SQL");
    if (sgc_model_bool(directive, "columns", false))
        sgc_model_error(build, source, directive->span,
                        "@table(columns: true) is not supported yet: this version of sgc has no "
                        "column storage");
    if (plural.data && !is_name(plural))
        sgc_model_error(build, source, directive->span,
                        "@table(plural: \"" SGC_FMT "\") is not a GraphQL name", SGC_ARG(plural));
    else if (plural.data && sgc_str_eq(plural, table->table.singular))
        sgc_model_error(build, source, directive->span,
                        "@table(plural: \"" SGC_FMT "\") is the name of one row too",
                        SGC_ARG(plural));
    else if (plural.data)
        table->table.plural = plural;
    table->table.history = sgc_model_bool(directive, "history", true);
    retention(build, table, directive, source);
}

void sgc_model_table_directives(sgc_model_build *build, sgc_model_table *table)
{
    sgc_table *out = &table->table;

    out->history = out->generate_query = out->generate_mutation = true;
    out->generate_subscription = out->generate_aggregate = true;
    for (const sgc_type_part *part = table->type->parts; part; part = part->next) {
        const sgc_ast_directive *list = part->ast->directives;
        const sgc_source *source = part->ast->source;
        const sgc_ast_directive *found = sgc_model_directive(build, list, "table");
        sgc_model_refuse(build, list, source);
        if (found) table_directive(build, table, found, source);
        found = sgc_model_directive(build, list, "generate");
        if (found) {
            out->generate_query = sgc_model_bool(found, "query", true);
            out->generate_mutation = sgc_model_bool(found, "mutation", true);
            out->generate_subscription = sgc_model_bool(found, "subscription", true);
            out->generate_aggregate = sgc_model_bool(found, "aggregate", true);
        }
        add_checks(build, table, list, source, NULL);
    }
}
