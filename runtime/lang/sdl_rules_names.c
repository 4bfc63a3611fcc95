/* sdl_rules_names.c - SDL rules about references: every type that is named must be known. */
#include "lang/sdl_rules.h"

sgc_named_type *sgc_sdl_existing(const sgc_sdl_rules *rules, sgc_str name)
{
    sgc_named_type *type = sgc_types_find_any(rules->build, name);

    if (type && type->built_in && !sgc_types_entry_of(type)->listed) return NULL;
    return type;
}

static bool is_known(const sgc_sdl_rules *rules, sgc_str name, bool executable)
{
    const sgc_sdl_type *type = sgc_map_get(&rules->types, name);

    if (type && type->first) return true;
    /* Standard types are known to schemas without being used; to queries they are not. */
    if (!executable) return sgc_types_find_any(rules->build, name) != NULL;
    return sgc_sdl_existing(rules, name) != NULL;
}

static void add_names(sgc_sdl_rules *rules, bool listed)
{
    const sgc_types_build *build = rules->build;

    for (size_t i = 0; i < build->all_count; i++) {
        const sgc_types_entry *entry = build->all[i];
        if (&entry->type == build->meta || entry->listed != listed) continue;
        if (listed || entry->type.built_in) rules->names[rules->name_count++] = entry->type.name;
    }
}

static void collect_names(sgc_sdl_rules *rules)
{
    sgc_types_build *build = rules->build;
    const sgc_ast_definition *ast = build->document->definitions;

    rules->names =
        sgc_types_scratch(build, build->all_count + rules->types.count, sizeof *rules->names);
    if (!rules->names) return;
    add_names(rules, false);
    rules->unused_count = rules->name_count;
    add_names(rules, true);
    for (; ast; ast = ast->next) {
        const sgc_sdl_type *type = sgc_map_get(&rules->types, ast->name.text);
        if (type && type->first == ast) rules->names[rules->name_count++] = ast->name.text;
    }
}

void sgc_sdl_suggest_type(sgc_sdl_rules *rules, sgc_str name, bool standard)
{
    sgc_types_build *build = rules->build;
    sgc_str best[SGC_SUGGESTIONS];

    if (!rules->names) collect_names(rules);
    if (!rules->names) return;
    size_t skip = standard ? 0 : rules->unused_count;
    size_t count =
        sgc_suggest(name, rules->names + skip, rules->name_count - skip, &build->suggest, best);
    sgc_did_you_mean(NULL, best, count, &build->text);
}

void sgc_sdl_check_type_name(sgc_sdl_rules *rules, const sgc_ast_name *name, bool executable)
{
    sgc_types_build *build = rules->build;

    if (!sgc_sdl_going(rules) || is_known(rules, name->text, executable)) return;
    build->text.size = 0;
    sgc_buf_printf(&build->text, "Unknown type \"" SGC_FMT "\".", SGC_ARG(name->text));
    sgc_sdl_suggest_type(rules, name->text, !executable);
    sgc_types_place(build, sgc_types_error_text(build), rules->source, name->span);
}

void sgc_sdl_check_type(sgc_sdl_rules *rules, const sgc_ast_type *type, bool executable)
{
    while (type->inner)
        type = type->inner;
    sgc_sdl_check_type_name(rules, &type->name, executable);
}
