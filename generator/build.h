/*
 * build.h - what the files that make the view share: the unfinished view and the C names of
 * everything in the model. Private to view.c and the files view_*.c.
 */
#ifndef SGC_GENERATOR_BUILD_H
#define SGC_GENERATOR_BUILD_H

#include "text.h"
#include "view.h"

/** C names of a table's or an embedded type's parts, by position. */
typedef struct type_names {
    sgc_str c;     /**< with the prefix */
    sgc_str local; /**< without */
    sgc_str *members;
    name_scope scope;
} type_names;

/** C names of an interface or union that relations lead to; c is null for all others. */
typedef struct abstract_names {
    sgc_str c;
    sgc_str *members;   /**< of the union of rows, by position in sgc_abstract.tables */
    sgc_str *constants; /**< of the enum of types */
    sgc_kind key;       /**< how relations store a key */
    name_scope scope;
} abstract_names;

typedef struct view_build_state {
    sgc_arena *arena;  /**< where the view goes: `kept`, or `passing` while it is a table's */
    sgc_arena *kept;   /**< lives as long as the view */
    sgc_arena passing; /**< emptied for each table */
    sgc_buf words;     /**< of say(), used again and again */
    size_t errors;     /**< diagnostics at the start */
    view_table table;
    text_lines table_lines; /**< of the model's array of tables */
    const sgc_schema *schema;
    const sgc_schema_built *built;
    const view_options *options;
    name_table *names;
    sgc_diagnostics *diagnostics;
    view_schema *view;
    type_names *tables, *embeddeds, *enums; /**< enums: members are the constants */
    abstract_names *abstracts;
    sgc_map lines; /**< sgc_source name -> line starts */
    bool no_memory;
} view_build_state;

/** A field with what the view needs to know of it. */
typedef struct field_info {
    const sgc_field *field;
    const sgc_slot *slot;
    sgc_str c;     /**< member */
    bool fixed;    /**< scalar of fixed width, enums included */
    bool flag;     /**< the row has a has_ flag */
    bool new_flag; /**< `_new` has one */
    bool is_key;
} field_info;

/** How C sees a kind. */
typedef struct kind_words {
    const char *type;   /**< C type */
    const char *width;  /**< sgc_get_<width>, sgc_put_<width>, sgc_step_<width>, sgc_key_<width> */
    const char *take;   /**< sgc_take_<take> */
    const char *json;   /**< sgc_json_<json> */
    const char *from;   /**< sgc_json_<from> */
    const char *symbol; /**< SGC_KIND_<symbol> */
} kind_words;
const kind_words *words_of(sgc_kind kind);

/** How C sees a key: its type, what makes and reads one, and the ending of sgc_keys_add_. */
typedef struct key_words {
    const char *type, *pk, *back, *ids, *component, *keys;
} key_words;
const key_words *key_words_of(sgc_kind kind);
const key_words *key_of(const view_build_state *b, uint16_t table);

/** printf into the view's arena; sets no_memory. */
sgc_str say(view_build_state *b, const char *format, ...) SGC_PRINTF(2, 3);
/** Zeroed memory; sets no_memory and returns NULL. */
void *make(view_build_state *b, size_t count, size_t size);
/** Appends a printed line; sets no_memory. */
void say_line(view_build_state *b, text_lines *lines, const char *format, ...) SGC_PRINTF(3, 4);
/** "blog.graphql:12" of a type, for comments. */
sgc_str place_of(view_build_state *b, sgc_str type);
/** A description (and why something is deprecated) as lines of comment. */
view_lines doc_of(view_build_state *b, sgc_str description, sgc_str deprecation);
/** A comment of its own above a declaration: a line or more, without the first indent; or "". */
sgc_str doc_above(view_build_state *b, sgc_str description, sgc_str deprecation, int indent);

field_info table_field(view_build_state *b, uint16_t table, uint16_t field);
field_info embedded_field(view_build_state *b, uint16_t embedded, uint16_t field);

/** C name of the helpers of a list field: blog_user__tags. */
sgc_str list_name(view_build_state *b, sgc_str type, sgc_str member);

/* view_fields.c */
/** The C name of the enum or embedded type a field is of. */
sgc_str named_c(view_build_state *b, const field_info *f);
void build_embedded(view_build_state *b, uint16_t position, view_record *record);
void build_table_record(view_build_state *b, uint16_t position, view_table *table);
/* view_access.c */
void build_access(view_build_state *b, uint16_t position, view_table *table);
/** Declaration of a field's member in rows, or of an element for an index of elements. */
sgc_str member_type(view_build_state *b, const field_info *f, bool is_new);
/* view_getter.c */
void build_getters(view_build_state *b, uint16_t position, view_table *table);
/* view_relation.c */
void build_relations(view_build_state *b, uint16_t position, view_table *table);
/* view_abstract.c */
void name_abstracts(view_build_state *b);
void build_abstract_types(view_build_state *b);
/* view_model.c */
void build_table_model(view_build_state *b, uint16_t position, view_model *model);
void build_model(view_build_state *b);
/** A stored field as a resolver table entry, and the functions to declare. */
void build_resolvers(view_build_state *b);
/* view_default.c */
/** Whether a list that is not given is empty: the keys that a relation stores. */
bool starts_empty(const field_info *f);
/** The C expression of a field's default, null when create has none. */
sgc_str default_expression(view_build_state *b, const field_info *f, uint16_t table);

#endif
