/*
 * types_list.c - the order in which introspection lists types, and the indexes that need all types
 * to be there: the reference implementation walks from each declared type to the types it refers
 * to, so that a built-in type stands behind the first type that uses it.
 */
#include "lang/types_internal.h"

#include <assert.h>

static void visit(sgc_types_build *build, sgc_named_type *type);

static void push(sgc_types_build *build, sgc_named_type *type)
{
    if (!SGC_ARENA_GROW(&build->scratch, build->order, build->order_count, build->order_capacity))
        build->no_memory = true;
    else
        build->order[build->order_count++] = type;
}

/* Only built-in types are met unlisted, so the recursion ends after their number of steps. */
static void touch(sgc_types_build *build, sgc_named_type *type)
{
    if (!type->built_in || sgc_types_entry_of(type)->listed || build->no_memory) return;
    sgc_types_entry_of(type)->listed = true;
    push(build, type);
    visit(build, type);
}

static void visit_inputs(sgc_types_build *build, const sgc_input_def *inputs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        touch(build, sgc_type_ref_named(inputs[i].type));
}

static void visit(sgc_types_build *build, sgc_named_type *type)
{
    if (type->kind == SGC_NAMED_UNION)
        for (size_t i = 0; i < type->member_count; i++)
            touch(build, type->members[i]);
    for (size_t i = 0; i < type->interface_count; i++)
        touch(build, type->interfaces[i]);
    for (size_t i = 0; i < type->field_count; i++) {
        touch(build, sgc_type_ref_named(type->fields[i].type));
        visit_inputs(build, type->fields[i].arguments, type->fields[i].argument_count);
    }
    visit_inputs(build, type->inputs, type->input_count);
}

void sgc_types_list(sgc_types_build *build)
{
    sgc_type_system *system = build->system;
    sgc_named_type **old = build->order;
    size_t count = build->order_count;

    if (!build->first_document && !build->relist) return;
    build->relist = false;
    build->order = NULL;
    build->order_count = build->order_capacity = 0;
    for (size_t i = 0; i < count && !build->no_memory; i++) {
        push(build, old[i]);
        visit(build, old[i]);
    }
    if (system->query) touch(build, system->query);
    if (system->mutation) touch(build, system->mutation);
    if (system->subscription) touch(build, system->subscription);
    for (size_t i = 0; i < system->directive_count; i++)
        visit_inputs(build, system->directives[i]->arguments,
                     system->directives[i]->argument_count);
    touch(build, sgc_types_find_any(build, SGC_STR("__Schema")));
}

/* ---- what needs all documents ---- */

static void collect_types(sgc_types_build *build)
{
    sgc_type_system *system = build->system;

    system->types = sgc_types_new(build, build->all_count, sizeof *system->types);
    if (!system->types) return;
    for (size_t i = 0; i < build->order_count; i++)
        system->types[system->type_count++] = build->order[i];
    system->listed_type_count = system->type_count;
    for (size_t i = 0; i < build->all_count; i++)
        if (!build->all[i]->listed && &build->all[i]->type != build->meta)
            system->types[system->type_count++] = &build->all[i]->type;
    assert(system->type_count <= build->all_count);
    for (size_t i = 0; i < system->type_count; i++) {
        system->types[i]->index = (uint32_t)i;
        if (system->types[i]->built_in) system->types[i]->parts = NULL;
    }
}

static void collect_directives(sgc_types_build *build)
{
    sgc_type_system *system = build->system;
    size_t count = system->directive_count;
    sgc_directive_def **all = sgc_types_new(build, count + build->own_directive_count, sizeof *all);

    if (!all) return;
    if (count) memcpy(all, system->directives, count * sizeof *all);
    system->listed_directive_count = count;
    for (size_t i = build->specified_count; i < build->own_directive_count; i++) {
        sgc_directive_def *directive = &build->own_directives[i];
        if (sgc_directive_find(system, directive->name) == directive) all[count++] = directive;
    }
    system->directives = all;
    system->directive_count = count;
}

/* The object types of each interface, in the order of the list. */
static void collect_implementations(sgc_types_build *build)
{
    sgc_type_system *system = build->system;

    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < system->listed_type_count; i++) {
            sgc_named_type *type = system->types[i];
            if (type->kind != SGC_NAMED_OBJECT) continue;
            for (size_t k = 0; k < type->interface_count; k++) {
                sgc_named_type *interface = type->interfaces[k];
                if (interface->kind != SGC_NAMED_INTERFACE) continue;
                if (pass == 0)
                    sgc_types_entry_of(interface)->member_capacity++;
                else
                    interface->members[interface->member_count++] = type;
            }
        }
        for (size_t i = 0; pass == 0 && i < system->listed_type_count; i++) {
            sgc_named_type *type = system->types[i];
            if (type->kind != SGC_NAMED_INTERFACE) continue;
            type->members = sgc_types_new(build, sgc_types_entry_of(type)->member_capacity,
                                          sizeof *type->members);
            if (!type->members) return;
        }
    }
}

void sgc_types_finish(sgc_types_build *build)
{
    sgc_type_system *system = build->system;

    system->schema_field = sgc_field_find(build->meta, SGC_STR("__schema"));
    system->type_field = sgc_field_find(build->meta, SGC_STR("__type"));
    system->typename_field = sgc_field_find(build->meta, SGC_STR("__typename"));
    collect_types(build);
    if (!build->no_memory) collect_directives(build);
    if (!build->no_memory) collect_implementations(build);
}
