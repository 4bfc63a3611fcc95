/*
 * sdl_rules.h - what the SDL rules share: names met so far in the document being checked. Not for
 * other rooms.
 */
#ifndef SGC_LANG_SDL_RULES_H
#define SGC_LANG_SDL_RULES_H

#include "lang/types_internal.h"

/** Names seen so far, with the node of the first: a few in place, many in a map. */
enum { SGC_SDL_FEW = 6 };
typedef struct sgc_sdl_seen {
    struct {
        sgc_str name;
        const void *node;
    } few[SGC_SDL_FEW];
    size_t count;
    sgc_map map;
} sgc_sdl_seen;

/** All that the document says about one type name. */
typedef struct sgc_sdl_type {
    const sgc_ast_definition *first, *last; /**< definitions; NULL when only extended */
    sgc_sdl_seen *members, *values;         /**< fields and input fields; enum values */
    sgc_sdl_seen *directives;
} sgc_sdl_type;

/** A directive that can be applied, whether the document or an earlier one defines it. */
typedef struct sgc_sdl_directive {
    const sgc_ast_definition *ast;
    const sgc_directive_def *known;
    uint32_t locations;
    bool repeatable;
    sgc_str *arguments;
    size_t argument_count;
    size_t *required; /**< indexes of arguments */
    size_t required_count;
    sgc_map argument_map; /**< when there are many; the index plus one */
} sgc_sdl_directive;

typedef struct sgc_sdl_rules {
    sgc_types_build *build;
    const sgc_source *source;
    sgc_map types;              /**< sgc_sdl_type */
    sgc_map directives;         /**< sgc_sdl_directive */
    sgc_map defined_directives; /**< last definition in the document */
    sgc_map directive_seen;     /**< sgc_sdl_seen: directives on a directive's definitions */
    sgc_sdl_seen *schema_directives;
    const sgc_ast_definition *schema;       /**< first schema { } of the document */
    const sgc_ast_root_operation *roots[3]; /**< first of each operation */
    sgc_str *names; /**< to suggest: standard types that nothing uses yet, then the others */
    size_t name_count, unused_count;
    const sgc_ast_name **list; /**< work space of sgc_sdl_duplicates */
    size_t list_count, list_capacity;
} sgc_sdl_rules;

static inline bool sgc_sdl_going(const sgc_sdl_rules *rules)
{
    return sgc_types_going(rules->build);
}
/** The node that was seen under this name before; NULL and remembers the node when there is none.
 */
const void *sgc_sdl_see(sgc_sdl_rules *rules, sgc_sdl_seen *seen, sgc_str name, const void *node);
/** *seen, made when it is not there yet; NULL when memory is out. */
sgc_sdl_seen *sgc_sdl_need(sgc_sdl_rules *rules, sgc_sdl_seen **seen);
/** Adds a name to the work space of sgc_sdl_duplicates. */
void sgc_sdl_list(sgc_sdl_rules *rules, const sgc_ast_name *name);
/**
 * Empties the work space and reports names that are in it more than once: of arguments applied, or
 * of arguments defined by type.field or, when type is null, by directive field.
 */
void sgc_sdl_duplicates(sgc_sdl_rules *rules, bool defined, sgc_str type, sgc_str field);
/** Reports an error at one place of the document. */
void sgc_sdl_error_at(sgc_sdl_rules *rules, sgc_span span, const char *format, ...)
    SGC_PRINTF(3, 4);

/* sdl_rules_applied.c: directives, arguments and values as they are used. */
void sgc_sdl_check_value(sgc_sdl_rules *rules, const sgc_ast_value *value);
void sgc_sdl_check_arguments(sgc_sdl_rules *rules, const sgc_ast_argument *arguments);
/** seen: of a type with extensions, NULL for a node of its own. */
void sgc_sdl_check_directives(sgc_sdl_rules *rules, const sgc_ast_directive *directives,
                              sgc_directive_location location, sgc_sdl_seen *seen);

/* sdl_rules_names.c: references to types. */
void sgc_sdl_check_type(sgc_sdl_rules *rules, const sgc_ast_type *type, bool executable);
void sgc_sdl_check_type_name(sgc_sdl_rules *rules, const sgc_ast_name *name, bool executable);
/** Appends suggestions for a type's name to build->text; standard: unused standard types, too. */
void sgc_sdl_suggest_type(sgc_sdl_rules *rules, sgc_str name, bool standard);
/** The type of this name that earlier documents, or the prelude, declare; NULL for none. */
sgc_named_type *sgc_sdl_existing(const sgc_sdl_rules *rules, sgc_str name);

/* sdl_rules_executable.c: operations and fragments that stand in a schema document. */
void sgc_sdl_check_executable(sgc_sdl_rules *rules, const sgc_ast_definition *definition);

#endif
