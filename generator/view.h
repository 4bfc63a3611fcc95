/*
 * view.h - what the templates read: the schema as plain structs of ready strings and flags. Each
 * member called c is what $name$ prints. Templates decide nothing; whatever needs an `and`, a
 * comparison or a spelling is decided in view.c and the files beside it.
 */
#ifndef SGC_GENERATOR_VIEW_H
#define SGC_GENERATOR_VIEW_H

#include "names.h"

#include "schema/schema.h"

#define VIEW_LIST(type)                                                                            \
    struct {                                                                                       \
        const type *items;                                                                         \
        size_t count;                                                                              \
    }

/** One line of text, or one statement without its semicolon. */
typedef struct view_line {
    sgc_str c;
} view_line;
typedef VIEW_LIST(view_line) view_lines;

/** A member of an emitted struct: its declaration, and the remark behind it. */
typedef struct view_member {
    sgc_str c;      /**< int32_t age */
    sgc_str doc;    /**< the lines of a whole comment above it, or empty */
    sgc_str remark; /**< age: Int */
} view_member;
typedef VIEW_LIST(view_member) view_members;

/** target = value */
typedef struct view_assign {
    sgc_str c, value;
    sgc_str of;  /**< the member of patch.set */
    size_t more; /**< how many behind it set the same field: they stay together */
} view_assign;

/** What emitted functions say about one field; unused strings are null. */
typedef struct view_field {
    sgc_str c, gql;
    sgc_str get;       /**< reads the fixed-width slot into row */
    sgc_str read;      /**< reads the variable field behind p, returns the byte behind */
    sgc_str room;      /**< most bytes it takes */
    sgc_str put;       /**< writes it, returns the byte behind */
    sgc_str copy;      /**< copies it into arena; false when memory is out */
    sgc_str json_key;  /**< arguments: text and size of {"name": or ,"name": */
    sgc_str json;      /**< appends the value */
    sgc_str from_json; /**< takes the current member */
    bool steady;       /**< always as wide: room does not ask the row */
} view_field;
typedef VIEW_LIST(view_field) view_fields;

/** Fields of one type in portions, so that no emitted function gets long. */
typedef struct view_chunk {
    sgc_str c, gql;
    sgc_str record; /**< C name of the row struct */
    view_fields fields;
    VIEW_LIST(view_assign) assigns;
    bool steady; /**< all of its fields are: nothing asks the row for their room */
} view_chunk;
typedef VIEW_LIST(view_chunk) view_chunks;

/** A list field whose elements are enum values or embedded values: helpers of its own. */
typedef struct view_list {
    sgc_str c;
    sgc_str record_gql, field_gql;
    sgc_str item; /**< C type of an element */
    sgc_str item_gql, rules;
} view_list;

/** Reads one member from a stored row. */
typedef struct view_getter {
    sgc_str c;     /**< blog_user_view_age */
    sgc_str view;  /**< blog_user_view */
    sgc_str type;  /**< C type of the member */
    sgc_str value; /**< of `v` */
} view_getter;

/** An enum value. */
typedef struct view_value {
    sgc_str c, gql, number, doc;
} view_value;

/** An enum. */
typedef struct view_choice {
    sgc_str c, gql, place;
    view_lines doc;
    VIEW_LIST(view_value) values;
} view_choice;

/** Members and codecs, shared by tables and embedded types. */
typedef struct view_record {
    sgc_str c, gql, place;
    view_lines doc;
    view_members members, given, patched, flags;
    bool has_patch;
    view_chunks all;                    /**< all fields in order of declaration */
    view_chunks fixed, rest, puts;      /**< by how a record stores them, in its order */
    view_chunks takes, patches, offers; /**< assignments */
    view_chunks copies, required;
    VIEW_LIST(view_assign) touched;          /**< what every update sets */
    VIEW_LIST(view_list) choices, embeddeds; /**< list fields with helpers */
    sgc_str fields;
} view_record;

/** One component of an index. */
typedef struct view_part {
    sgc_str c;       /**< appends it from a bound */
    sgc_str key;     /**< from a parameter */
    sgc_str row_key; /**< from a row */
    sgc_str position;
} view_part;

typedef struct view_index {
    sgc_str c;            /**< blog_user_by_email */
    sgc_str get;          /**< blog_user_get_by_email */
    sgc_str table;        /**< C name */
    sgc_str words;        /**< name and age */
    sgc_str at, position; /**< numbers of the table and of the index in it */
    sgc_str parameters;   /**< of get */
    VIEW_LIST(view_part) parts;
    view_members members;
    bool unique; /**< and not the key: has a getter */
    bool keyed;  /**< has a part in index_key */
} view_index;

typedef struct view_relation {
    sgc_str c, gql, sdl;
    view_lines doc;
    sgc_str owner, target;        /**< C types of the rows */
    sgc_str id, other;            /**< C types of their keys */
    sgc_str field, missing;       /**< the storing member, and when it is null */
    sgc_str type;                 /**< the member beside it that names the key's type */
    sgc_str words;                /**< author_id names, or pet_id and pet_type name */
    sgc_str get;                  /**< one: the expression that reads the row into out */
    sgc_str rows;                 /**< the expression that opens the rows */
    sgc_str keys;                 /**< lists: ending of sgc_keys_add_ */
    sgc_str key;                  /**< owned: appends id as a component */
    sgc_str at, position, link;   /**< numbers of the target, its index, the link table */
    sgc_str left, right;          /**< link: the two keys from id and other_id */
    sgc_str child_same;           /**< whether row belongs to id */
    bool one, owned, many;        /**< exactly one of them */
    bool linked, adopts, removes; /**< _add and _remove exist, and how */
    bool lists, mixes;            /**< the same: for keys in this row, of one table or of several */
    bool child_flag;              /**< the storing member has a has_ flag */
} view_relation;

/** One of the tables an interface or union stands for. */
typedef struct view_variant {
    sgc_str c;                /**< member of the union of rows */
    sgc_str constant, number; /**< its value in the enum of types */
    sgc_str gql, table, at;
} view_variant;

/** An interface or union that relations lead to. */
typedef struct view_abstract {
    sgc_str c, gql, place;
    sgc_str sort; /**< interface or union */
    sgc_str id, key, count;
    view_lines doc;
    VIEW_LIST(view_variant) variants;
} view_abstract;

/** The const model of one table or embedded type: initialisers, one a line. */
typedef struct view_model {
    sgc_str c, gql;
    view_lines slots, fields, relations, indexes, checks, components, interfaces;
    bool has_fields, has_relations, has_indexes, has_checks, has_interfaces;
} view_model;

typedef struct view_table {
    sgc_str c, gql, place;
    bool link; /**< a hidden link table: it has a model, and nothing else */
    view_model model;
    sgc_str at;                    /**< position in the schema */
    sgc_str id, ids, key;          /**< C type of the key, sgc_ids_text, sgc_pk_text */
    sgc_str key_back;              /**< sgc_id_from_text */
    bool text_key;                 /**< the key's bytes are those of the id */
    sgc_str key_member, key_given; /**< the member, and whether a new row gives it */
    sgc_str fields, version, fixed_size, rest_offset;
    bool has_patch;
    bool history; /**< versions are kept and can be asked for */
    view_record record;
    view_chunks all, fixed, rest, puts, takes, patches, offers, copies, required;
    VIEW_LIST(view_assign) touched;
    VIEW_LIST(view_index) indexes, keyed;
    VIEW_LIST(view_getter) getters;
    bool has_keyed; /**< the engine asks the emitted code for keys of indexes */
    VIEW_LIST(view_relation) relations;
} view_table;

/** The C name of a type, for what is declared before the type itself. */
typedef struct view_type {
    sgc_str c;
} view_type;

/** The const data of an enum or an abstract type. */
typedef struct view_items {
    sgc_str c;
    view_lines lines;
} view_items;

typedef struct view_resolver {
    sgc_str c, coordinate, entry;
    view_lines doc;
    bool first; /**< the first entry with this function */
} view_resolver;

/** The name of an emitted file. */
typedef struct view_file {
    sgc_str c;
} view_file;

typedef struct view_schema {
    sgc_str c, upper, sources, tool;
    VIEW_LIST(view_choice) choices;
    VIEW_LIST(view_record) embeddeds;
    VIEW_LIST(view_type) types; /**< of tables, links left out */
    VIEW_LIST(view_abstract) abstracts;
    VIEW_LIST(view_resolver) resolvers, functions; /**< functions: each once */
    VIEW_LIST(view_file) files;                    /**< C files of the library */
    VIEW_LIST(view_model) inner;                   /**< of embedded types */
    VIEW_LIST(view_items) enumitems, abstractitems;
    view_lines sdl, numbering;
    view_lines tablelines, enumlines, embeddedlines, abstractlines;
    sgc_str version, name, sdlsize, numberingsize, hash;
    sgc_str tablecount, enumcount, embeddedcount, abstractcount, resolvercount;
    sgc_str tablesref, enumsref, embeddedsref, abstractsref, resolversref; /**< or NULL */
    bool hastables, hasenums, hasembeddeds, hasabstracts;
    size_t positions; /**< tables of the schema, links too: see view_table_at() */
    struct view_build_state *state;
} view_schema;

/** What the view is made from and with. */
typedef struct view_options {
    sgc_str prefix, sources;
    unsigned split; /**< C files for the code of tables, at least 1 */
} view_options;

/**
 * Begins the view of a schema: all of it but its tables. They follow one by one, each in the memory
 * of the one before it, so that a schema of thousands costs what one table does.
 */
SGC_CHECK sgc_status view_start(const sgc_schema_built *built, const view_options *options,
                                name_table *names, sgc_arena *arena, sgc_diagnostics *diagnostics,
                                view_schema **view);
/** The view of a table: from 0 to view->positions - 1, once each, in turn. NULL: out of memory. */
const view_table *view_table_at(view_schema *view, uint16_t position);
/**
 * Ends the view, behind the last table: resolvers, the model's array of tables. SGC_INVALID:
 * something cannot be said in C and was reported. Notes about names are in names->fixes.
 */
SGC_CHECK sgc_status view_end(view_schema *view);
void view_free(view_schema *view);

#endif
