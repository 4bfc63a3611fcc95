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
    sgc_str doc;    /**< a whole comment with its newline and the next line's indent, or empty */
    sgc_str remark; /**< age: Int */
} view_member;
typedef VIEW_LIST(view_member) view_members;

/** target = value */
typedef struct view_assign {
    sgc_str c, value;
    sgc_str of; /**< the member of patch.set */
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
} view_field;
typedef VIEW_LIST(view_field) view_fields;

/** Fields of one type in portions, so that no emitted function gets long. */
typedef struct view_chunk {
    sgc_str c, gql;
    sgc_str record; /**< C name of the row struct */
    view_fields fields;
    VIEW_LIST(view_assign) assigns;
} view_chunk;
typedef VIEW_LIST(view_chunk) view_chunks;

/** A list field whose elements are enum values or embedded values: helpers of its own. */
typedef struct view_list {
    sgc_str c;
    sgc_str record_gql, field_gql;
    sgc_str item; /**< C type of an element */
    sgc_str item_gql, rules;
} view_list;

typedef struct view_value {
    sgc_str c, gql, number, doc, literal, extra;
} view_value;

/** An enum. */
typedef struct view_choice {
    sgc_str c, gql, place;
    view_lines doc;
    VIEW_LIST(view_value) values;
    sgc_str literal, extra, count, ascending;
} view_choice;

/** Members and codecs, shared by tables and embedded types. */
typedef struct view_record {
    sgc_str c, gql, place;
    view_lines doc;
    view_members members, given, patched, patch_set;
    bool is_table, has_patch;
    view_chunks fixed, rest;  /**< by how a record stores them */
    view_chunks all;          /**< all fields in order of declaration */
    view_chunks takes, patches, offers; /**< assignments */
    view_chunks copies, required;
    VIEW_LIST(view_list) choices, embeddeds; /**< list fields */
    sgc_str fields, version, fixed_size, rest_offset, base_room;
} view_record;

typedef struct view_part {
    sgc_str c, key, row_key;
    sgc_str position;
} view_part;
typedef VIEW_LIST(view_part) view_parts;

typedef struct view_index {
    sgc_str c;     /**< blog_user_by_email */
    sgc_str get;   /**< blog_user_get_by_email */
    sgc_str table; /**< C name */
    sgc_str words; /**< name and age */
    sgc_str at, position; /**< numbers of the table and of the index in it */
    sgc_str parameters, arguments;
    view_parts parts;
    view_members members;
    bool unique; /**< and not the key */
    bool keyed;  /**< has an emitted index_key */
} view_index;
typedef VIEW_LIST(view_index) view_indexes;

typedef struct view_relation {
    sgc_str c, gql, sdl;
    view_lines doc;
    sgc_str owner, target, id, ids; /**< C types of rows; key type of the owner; sgc_ids_text */
    sgc_str field, missing;         /**< KEY: the storing member, when it is null */
    sgc_str rows;                   /**< many: the expression that opens the rows */
    sgc_str key;                    /**< owned: builds the component from id */
    sgc_str at, position, link;
    sgc_str other;                  /**< C type of the target's key */
    sgc_str left, right;            /**< link: build the two keys from id and other_id */
    sgc_str child_field, child_has; /**< inverse: the member of the target that holds our key */
    sgc_str child_get, child_same;
    bool one, owned, many, linked, adopts, removes;
} view_relation;
typedef VIEW_LIST(view_relation) view_relations;

typedef struct view_table {
    sgc_str c, gql, place;
    view_lines doc;
    sgc_str at;                         /**< position in the schema */
    sgc_str id, ids, key, key_of_row;   /**< C type of the key; sgc_ids_text; sgc_pk_text; .. */
    bool has_patch;
    view_record *record;
    view_indexes indexes;
    view_relations relations;
    view_lines keyed; /**< statements of index_key */
    sgc_str model_name;
    view_lines slots, model_fields, model_relations, model_indexes, model_checks, index_fields;
    view_lines model; /**< members of the table's own initialiser */
} view_table;

typedef struct view_resolver {
    sgc_str c, type, field, given;
    sgc_str coordinate;
    view_lines doc;
    bool first; /**< the first entry with this function */
} view_resolver;

/** One emitted file. */
typedef struct view_file {
    sgc_str c;
    sgc_str text;
} view_file;

typedef struct view_schema {
    sgc_str c, upper, name, sources, header, tool, abi;
    VIEW_LIST(view_choice) choices;
    VIEW_LIST(view_record) embeddeds;
    VIEW_LIST(view_table) tables;
    VIEW_LIST(view_resolver) resolvers;
    view_lines sdl, numbering, model_tables, model_enums, model_embeddeds, model_abstracts;
    view_lines model_embedded_parts, model_abstract_parts, model;
    VIEW_LIST(view_file) code; /**< names of the C files of the library */
    bool has_resolvers, has_enums, has_embeddeds, has_abstracts, has_tables;
    const sgc_schema *model_of;
} view_schema;

#endif
