/*
 * types_internal.h - what the files that build and check a type system share. Not for other rooms.
 */
#ifndef SGC_LANG_TYPES_INTERNAL_H
#define SGC_LANG_TYPES_INTERNAL_H

#include "lang/type_system.h"

/** A named type with what only its construction needs. The type is the first member. */
typedef struct sgc_types_entry {
    sgc_named_type type;
    sgc_type_part *last_part;
    sgc_type_part *next_part; /**< first part whose content is not in the arrays yet */
    size_t capacity, interface_capacity, member_capacity;
    size_t required;   /**< INPUT: fields that must be given */
    bool listed;       /**< in sgc_types_build.order */
    uint32_t position; /**< in the order, once the documents are all in */
} sgc_types_entry;

/** One run of sgc_type_system_build. */
typedef struct sgc_types_build {
    sgc_arena *arena;  /**< of the result */
    sgc_arena scratch; /**< gone at the end of the run */
    sgc_diagnostics *diagnostics;
    sgc_type_system *system;
    const sgc_document *document; /**< the one being added */
    bool first_document;
    bool own; /**< adding the prelude, or, with built_in, the built-ins */
    bool built_in;
    bool relist;      /**< a built-in type was used for the first time */
    bool values_late; /**< a misused @deprecated is kept for later */
    const sgc_ast_value *late_value;
    const sgc_source *late_source;
    bool finished; /**< all documents are in: what can still go wrong are the Schema rules */
    bool no_memory;
    bool stopped;     /**< too many errors */
    uint64_t work;    /**< what reports and comparisons may still cost */
    uint64_t suggest; /**< what suggestions may still cost */
    size_t errors;
    const char *rule; /**< of the phase: "SDL" or "Schema" */

    sgc_named_type **order; /**< the listed types */
    size_t order_count, order_capacity;
    sgc_types_entry **all; /**< every type there is, in order of appearance */
    size_t all_count, all_capacity;
    sgc_directive_def *own_directives; /**< specified ones first, then the prelude's */
    size_t own_directive_count, own_directive_capacity, specified_count;
    size_t directive_capacity, directives_filled; /**< of system->directives */
    sgc_map last_directive_parts;                 /**< name to sgc_type_part */
    sgc_named_type *meta;                         /**< holds __schema, __type, __typename */
    sgc_type_part *last_part;                     /**< of system->parts */
    sgc_buf text;                                 /**< for messages */
} sgc_types_build;

/** SDL text of the built-in types and specified directives, NULL-terminated. */
extern const char *const sgc_builtin_sdl[];

static inline sgc_types_entry *sgc_types_entry_of(sgc_named_type *type)
{
    return (sgc_types_entry *)(void *)type;
}
/** Zeroed memory of the result; sets no_memory on failure. */
void *sgc_types_new(sgc_types_build *build, size_t count, size_t size);
/** Zeroed memory for this run only. */
void *sgc_types_scratch(sgc_types_build *build, size_t count, size_t size);
/** True while the run should go on. */
static inline bool sgc_types_going(const sgc_types_build *build)
{
    return !build->no_memory && !build->stopped;
}
/** Takes `cost` from the work that is left; stops the run with an error when there is none. */
bool sgc_types_spend(sgc_types_build *build, uint64_t cost);
/** Reports an error of the current phase; NULL when memory is out or the run has stopped. */
sgc_diagnostic *sgc_types_error(sgc_types_build *build, const char *format, ...) SGC_PRINTF(2, 3);
/** Reports what build->text holds, and empties it. */
sgc_diagnostic *sgc_types_error_text(sgc_types_build *build);
/** Adds a place; does nothing for a NULL error, a NULL source. */
void sgc_types_place(sgc_types_build *build, sgc_diagnostic *error, const sgc_source *source,
                     sgc_span span);
/** The text of a string literal: never null. */
sgc_str sgc_types_text(const sgc_ast_value *value);

/* types_build.c */
sgc_named_type *sgc_types_find_any(const sgc_types_build *build, sgc_str name);
bool sgc_types_put(sgc_types_build *build, sgc_map *map, sgc_str key, void *value);

/* types_fill.c: merges the new parts of types and the new directives of a document. */
void sgc_types_fill(sgc_types_build *build);
/** Reports the first misused @deprecated of an enum's values. */
void sgc_types_report_late(sgc_types_build *build);
void sgc_types_fill_arguments(sgc_types_build *build, const sgc_ast_input_value *ast,
                              const sgc_source *source, sgc_input_def **inputs, size_t *count);
/** The reason of @deprecated, null without; false when it is no string (reported). */
bool sgc_types_deprecation(sgc_types_build *build, const sgc_ast_directive *directives,
                           const sgc_source *source, sgc_str *reason);
/** The url of @specifiedBy, the same way. */
bool sgc_types_specified_by(sgc_types_build *build, const sgc_ast_directive *directives,
                            const sgc_source *source, sgc_str *url);

/** By sgc_directive_location. */
extern const char *const sgc_types_location_names[];
/** The locations of a directive definition as bits. */
uint32_t sgc_types_location_set(const sgc_ast_name_item *item);

/* types_list.c: the order in which introspection lists types, and what needs all of them. */
void sgc_types_list(sgc_types_build *build);
void sgc_types_finish(sgc_types_build *build);

/* sdl_rules.c, schema_rules.c and their parts */
void sgc_types_sdl_rules(sgc_types_build *build);
void sgc_types_schema_rules(sgc_types_build *build);
/** marks: two for each type, zero before the first type is checked. */
void sgc_types_interface_rules(sgc_types_build *build, const sgc_named_type *type, uint32_t *marks);
void sgc_types_input_finite_rule(sgc_types_build *build);
void sgc_types_input_default_cycle_rule(sgc_types_build *build);

/** Appends Type.field or Type.field(argument:); null parts are left out. */
void sgc_types_print_coordinate(sgc_buf *out, sgc_str type, sgc_str field, sgc_str argument);
/** Adds the places of all parts of a type. */
void sgc_types_place_parts(sgc_types_build *build, sgc_diagnostic *error,
                           const sgc_named_type *type);
/** Adds the place of a @deprecated in the list, if there is one. */
void sgc_types_place_deprecated(sgc_types_build *build, sgc_diagnostic *error,
                                const sgc_source *source, const sgc_ast_directive *directives);
/** Reports a name that begins with two underscores. */
void sgc_types_check_name(sgc_types_build *build, sgc_str name, const sgc_source *source,
                          sgc_span span);

#endif
