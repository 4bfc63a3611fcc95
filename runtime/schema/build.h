/*
 * build.h - what the files that turn types into the model share: the unfinished model. Not for
 * other rooms. Everything here lives in scratch memory; what the model keeps is copied out.
 */
#ifndef SGC_SCHEMA_BUILD_H
#define SGC_SCHEMA_BUILD_H

#include "schema/schema.h"

/** Most tables, fields of a table, enum values and so on. */
#define SGC_MODEL_MAX 65000

typedef enum sgc_model_class {
    SGC_CLASS_OTHER = 0, /**< resolver-only objects, inputs, scalars, roots */
    SGC_CLASS_TABLE,
    SGC_CLASS_EMBEDDED, /**< could be kept inside a row; position says whether one is */
    SGC_CLASS_ENUM,
    SGC_CLASS_ABSTRACT, /**< an interface or union whose members are all tables */
} sgc_model_class;

typedef enum sgc_member_kind {
    SGC_MEMBER_RESOLVER = 0, /**< not stored */
    SGC_MEMBER_STORED,
    SGC_MEMBER_RELATION,
} sgc_member_kind;

/** A field of a table or of an embedded type, or the storage of a relation. */
typedef struct sgc_model_member {
    sgc_member_kind kind;
    const sgc_field_def *def;           /**< implicit storage: that of its relation */
    sgc_field field;                    /**< STORED */
    sgc_slot slot;                      /**< STORED; embedded is set at the end */
    const struct sgc_model_type *named; /**< ENUM, EMBEDDED: which; RELATION: the target */
    sgc_relation relation;              /**< RELATION */
    struct sgc_model_table *owner, *target;
    struct sgc_model_member *inverse;
    struct sgc_model_member *storage, *type_storage;
    struct sgc_model_member *next_in_pair; /**< another relation between the same two tables */
    bool infer;                            /**< its inverse may be inferred */
    struct sgc_model_member *of;           /**< STORED: the relation this one stores */
    sgc_str opposite;                      /**< @relation(field:) */
    const sgc_ast_directive *relation_directive;
    struct sgc_model_index *index; /**< what finds the row by this member */
    bool on_delete_given, unique;
    uint16_t position; /**< in fields or relations of the finished table */
} sgc_model_member;

typedef struct sgc_model_index {
    sgc_index index;
    sgc_model_member **members;
    struct sgc_model_index *next;
    uint16_t position;
} sgc_model_index;

/** An @check and where it stands. */
typedef struct sgc_model_check {
    sgc_str expression;
    const sgc_model_member *member; /**< NULL: on the type */
    const sgc_ast_directive *directive;
    const sgc_source *source;
} sgc_model_check;

/** A table, a link table (type NULL) or an embedded type. */
typedef struct sgc_model_table {
    sgc_table table;
    const sgc_named_type *type;
    sgc_model_member *members; /**< in order of type->fields; a link's two fields */
    size_t member_count;
    sgc_model_member *key;
    sgc_model_index *indexes, *last_index;
    struct sgc_model_check *checks;
    size_t check_count, check_capacity;
    /* filled by sgc_model_number */
    sgc_model_member **stored; /**< in order of declaration: position in table.fields */
    size_t stored_count, stored_capacity;
    sgc_map stored_names;
    sgc_layout *layout; /**< of the result */
    size_t index_count;
    uint32_t position;
} sgc_model_table;

/** What a GraphQL type is in the model; one for each type of the system. */
typedef struct sgc_model_type {
    const sgc_named_type *type;
    sgc_model_class class;
    sgc_model_table *table;  /**< TABLE, and EMBEDDED once a row keeps one */
    bool judged, embeddable; /**< whether a value of it can be kept in a row, once asked */
    uint16_t position;       /**< ENUM, ABSTRACT: in schema's array */
    sgc_kind key_kind;       /**< ABSTRACT: of its members' keys, 0 when they differ */
} sgc_model_type;

typedef struct sgc_model_build {
    sgc_arena *arena;  /**< of the result */
    sgc_arena scratch; /**< gone at the end */
    sgc_diagnostics *diagnostics;
    const sgc_type_system *types;
    const sgc_source *whole_source; /**< of several files' text, NULL for one file */
    const sgc_source *query_source; /**< of a Query type that only we declared, or NULL */
    sgc_schema *schema;
    sgc_schema_built *built;
    sgc_model_type *infos; /**< by sgc_named_type.index */
    sgc_model_table **tables, **embeddeds;
    size_t table_count, table_capacity, embedded_count, embedded_capacity;
    const sgc_model_type **enums, **abstracts;
    size_t enum_count, enum_capacity, abstract_count, abstract_capacity;
    sgc_resolver_entry *resolvers;
    size_t resolver_count, resolver_capacity;
    size_t note_capacity;
    size_t errors;
    uint64_t effort; /**< what suggestions may still cost */
    bool no_memory;
} sgc_model_build;

/** Zeroed memory of the result or of this run; NULL sets no_memory. */
void *sgc_model_new(sgc_model_build *build, size_t count, size_t size);
void *sgc_model_scratch(sgc_model_build *build, size_t count, size_t size);
/** Text of the result; a null one sets no_memory. */
sgc_str sgc_model_text(sgc_model_build *build, const char *format, ...) SGC_PRINTF(2, 3);
/** Grows an array of this run; false sets no_memory. */
#define SGC_MODEL_GROW(build, items, count, capacity)                                              \
    (SGC_ARENA_GROW(&(build)->scratch, items, count, capacity) ||                                  \
     ((build)->no_memory = true, false))
/** Reports an error at a place of the SDL; after a hundred nothing more is reported. */
void sgc_model_error(sgc_model_build *build, const sgc_source *source, sgc_span span,
                     const char *format, ...) SGC_PRINTF(4, 5);
/** The same at a field's name, and at a type's. */
void sgc_model_field_error(sgc_model_build *build, const sgc_field_def *def, const char *format,
                           ...) SGC_PRINTF(3, 4);
void sgc_model_type_error(sgc_model_build *build, const sgc_named_type *type, const char *format,
                          ...) SGC_PRINTF(3, 4);
void sgc_model_note(sgc_model_build *build, const char *format, ...) SGC_PRINTF(2, 3);
static inline bool sgc_model_going(const sgc_model_build *build)
{
    return !build->no_memory && build->errors < 100;
}
static inline sgc_model_type *sgc_model_info(const sgc_model_build *build,
                                             const sgc_named_type *type)
{
    return &build->infos[type->index];
}
/** Where a resolver answers: Type.field. function is null when the SDL names none. */
void sgc_model_resolver(sgc_model_build *build, sgc_str type, sgc_str field, sgc_str function);

/* directives.c: sgc's directives on fields and types */

/** The directive on a node when it is sgc's own and not another one of the same name. */
const sgc_ast_directive *sgc_model_directive(const sgc_model_build *build,
                                             const sgc_ast_directive *list, const char *name);
/** Arguments: the default when absent or null. */
bool sgc_model_bool(const sgc_ast_directive *directive, const char *name, bool otherwise);
sgc_str sgc_model_str(const sgc_ast_directive *directive, const char *name);
/** Checks the arguments of our directives and refuses those whose parts do not exist yet. */
void sgc_model_refuse(sgc_model_build *build, const sgc_ast_directive *list,
                      const sgc_source *source);
/** The same for a field and its arguments. */
void sgc_model_refuse_field(sgc_model_build *build, const sgc_field_def *def);
/** Refuses what only stored fields may carry. */
void sgc_model_refuse_storage(sgc_model_build *build, const sgc_field_def *def, const char *what);
/** @id, @default, @updatedAt, @hidden, @check of a stored field. */
void sgc_model_field_directives(sgc_model_build *build, sgc_model_table *table,
                                sgc_model_member *member);
/** @table, @generate, @check of a type. */
void sgc_model_table_directives(sgc_model_build *build, sgc_model_table *table);
/** C name of @resolver or @computed, null without; the name is checked. */
sgc_str sgc_model_function(sgc_model_build *build, const sgc_field_def *def);

/* classify.c: which type is what; members of tables and embedded types */
void sgc_model_classify(sgc_model_build *build);
/* relations.c: inverses, storage of relations, link tables */
void sgc_model_relations(sgc_model_build *build);
/* indexes.c */
void sgc_model_indexes(sgc_model_build *build);
/** Adds an index unless the table has one like it; returns that. */
sgc_model_index *sgc_model_add_index(sgc_model_build *build, sgc_model_table *table, sgc_str name,
                                     sgc_model_member **members, size_t count, bool unique);
/* defaults.c: @default(value:) as a checked literal, once the model stands */
void sgc_model_defaults(sgc_model_build *build);
/* numbering.c: stable numbers from and to the lock text; slots and layouts follow from them */
void sgc_model_number(sgc_model_build *build, sgc_str numbering);
/* finish.c: arrays of the result and its hash */
void sgc_model_finish(sgc_model_build *build);
/* api_names.c: names of the generated API, clashes, root fields of the SDL */
void sgc_model_api_names(sgc_model_build *build);

/** Kind of a scalar type; user-declared ones are SGC_KIND_STRING. */
sgc_kind sgc_model_scalar(sgc_str name);
/** Appends sgc_field to the stored members of a table in order of declaration. */
bool sgc_model_store(sgc_model_build *build, sgc_model_table *table, sgc_model_member *member);
/** "Int", "[enum:Role]": what the lock file says of a field. */
sgc_str sgc_model_type_text(sgc_model_build *build, const sgc_model_member *member);

#endif
