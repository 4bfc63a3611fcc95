/*
 * schema.h - the model of one schema: tables, fields, relations, indexes. sgc emits it as const
 * data; sgc_schema_build() (runtime/schema) makes the same from SDL at run time. Everything that
 * interprets (executor, planner, loader, catalogue) reads only this.
 *
 * Numbers: `number` members are stable across schema versions (kept in the lock file and in the
 * database); indexes into arrays ("table 3") are positions within this one schema.
 */
#ifndef SGC_SCHEMA_H
#define SGC_SCHEMA_H

#include "sgc/codec.h"

#ifdef __cplusplus
extern "C" {
#endif

struct sgc_txn;
struct sgc_schema;
struct sgc_table;

/** "No such thing" wherever a position is stored. */
#define SGC_NONE 0xFFFFU

typedef struct sgc_enum_item {
    sgc_str name, description, deprecation; /**< null when absent */
    uint16_t number; /**< stored value, from 1; order of declaration is the array's */
} sgc_enum_item;

typedef struct sgc_enum_def {
    sgc_str name, description;
    const sgc_enum_item *items; /**< in order of declaration, which is the order of values */
    uint16_t count;
    bool ascending; /**< numbers ascend with declaration: key order (by number) is value order */
} sgc_enum_def;

/** Where a value comes from when create does not give one. */
typedef enum sgc_default_kind {
    SGC_DEFAULT_NONE = 0,
    SGC_DEFAULT_VALUE,  /**< default_value, a GraphQL literal */
    SGC_DEFAULT_NOW,    /**< commit time of the transaction's start clock */
    SGC_DEFAULT_UUIDV7, /**< RFC 9562 */
    SGC_DEFAULT_ULID,
    SGC_DEFAULT_SERIAL, /**< largest key + 1 */
} sgc_default_kind;

/** A stored field. Kind, list and nullability are in layout.slots[slot]. */
typedef struct sgc_field {
    sgc_str name;          /**< GraphQL name */
    sgc_str description;   /**< null when absent */
    sgc_str deprecation;   /**< null when absent */
    sgc_str type;          /**< as SDL: [String!]! */
    sgc_str named_type;    /**< Int, Role, Money, ... */
    sgc_str default_value; /**< GraphQL literal, null without */
    sgc_default_kind default_kind;
    uint32_t number;
    uint16_t slot;        /**< position in the layout of its table or embedded type */
    uint16_t enumeration; /**< ENUM: schema.enums position */
    uint16_t embedded;    /**< EMBEDDED: schema.embeddeds position */
    uint16_t relation;    /**< the relation of the table that this field stores, or SGC_NONE */
    bool implicit;        /**< not in the SDL: storage of a relation (authorId) */
    bool updated_at;
    bool hide_read, hide_write, hide_filter;
} sgc_field;

typedef enum sgc_relation_kind {
    SGC_RELATION_KEY = 1,      /**< to-one: this row holds the target's key in `field` */
    SGC_RELATION_LIST,         /**< to-many: this row holds a list of keys in `field`, ordered */
    SGC_RELATION_INVERSE_ONE,  /**< to-one: the target row holds our key in a unique index */
    SGC_RELATION_INVERSE_MANY, /**< to-many: the target rows hold our key */
    SGC_RELATION_LINK,         /**< many to many through a hidden link table */
} sgc_relation_kind;

typedef enum sgc_on_delete {
    SGC_ON_DELETE_RESTRICT = 0,
    SGC_ON_DELETE_CASCADE,
    SGC_ON_DELETE_SET_NULL,
} sgc_on_delete;

typedef struct sgc_relation {
    sgc_str name, description, deprecation;
    sgc_relation_kind kind;
    bool to_many;
    bool non_null;
    uint16_t target;     /**< table position; SGC_NONE when the target is an interface or union */
    uint16_t abstract;   /**< schema.abstracts position, or SGC_NONE */
    uint16_t field;      /**< KEY, LIST: our field that stores it */
    uint16_t type_field; /**< to an abstract type: our field with the type's name (KEY: a String,
                              LIST: a list of String beside `field`, same length); else SGC_NONE */
    uint16_t inverse;    /**< position of the other side in the target's relations, or SGC_NONE */
    uint16_t index;      /**< INVERSE_*: target's index on the storing field; KEY, LIST: our own
                              index on it (for the target's deletion; to an abstract type and
                              KEY: on type_field, field), LINK: link table's index whose prefix
                              is our primary key's bytes as a text component */
    uint16_t link;       /**< LINK: position of the link table */
    uint16_t link_field; /**< LINK: field of the link table that holds the target's key */
    sgc_on_delete on_delete; /**< KEY, LIST: what the target's deletion does to this row */
} sgc_relation;

/**
 * An index. Its entries are the components of `fields`, then the row's primary key as it is.
 * Position 0 of every table is the order of its key: entries are the primary key alone. Link
 * tables have two: 0 by (left, right), 1 by right; their components are text made of primary key
 * bytes.
 */
typedef struct sgc_index {
    sgc_str name;
    const uint16_t *fields; /**< positions in table.fields */
    uint16_t count;
    bool unique;   /**< rows with a null in it are not compared */
    bool elements; /**< one entry for each element of the (only) list field */
    uint32_t number;
} sgc_index;

typedef struct sgc_check {
    sgc_str expression; /**< text of @check(expr:), see docs/schema-language.md */
    uint16_t field;     /**< of the field it stands on, or SGC_NONE */
} sgc_check;

/** Emitted code for one table; NULL members mean the generic codec. */
typedef struct sgc_table_code {
    /** Components of an entry of `index` (not `elements`), without the row's key. */
    void (*index_key)(uint16_t index, sgc_str record, sgc_key *key);
} sgc_table_code;

typedef struct sgc_table {
    sgc_str name, description;
    sgc_str singular, plural; /**< of the API: user, users */
    const sgc_field *fields;
    const sgc_relation *relations;
    const sgc_index *indexes;
    const sgc_check *checks;
    const uint16_t *interfaces; /**< schema.abstracts positions this table implements or is in */
    sgc_layout layout;
    sgc_table_code code;
    uint32_t number;
    uint16_t field_count, relation_count, index_count, check_count, interface_count;
    uint16_t key; /**< position of the key field; SGC_NONE for link tables */
    bool link;    /**< hidden link table: fields 0 and 1 are the two keys, its key is both */
    bool history;
    uint64_t retain_us; /**< how long history is kept; 0: for ever */
    bool generate_query, generate_mutation, generate_subscription, generate_aggregate;
} sgc_table;

/** A type without a key that a stored field holds: kept inside the row, set as a whole. */
typedef struct sgc_embedded {
    sgc_str name, description;
    const sgc_field *fields;
    uint16_t field_count;
    sgc_layout layout; /**< all slots variable-encoded in field order; no version */
} sgc_embedded;

/** An interface or a union of tables. */
typedef struct sgc_abstract {
    sgc_str name, description;
    bool is_union;
    const uint16_t *tables;
    uint16_t table_count;
} sgc_abstract;

/** One call of a resolver: fields the schema declares that no table stores. */
typedef struct sgc_call {
    struct sgc_txn *txn;
    sgc_str parent;    /**< record of the row the field is asked of; null at the root */
    sgc_str arguments; /**< JSON object */
    sgc_arena *arena;  /**< lives until the answer is sent */
    void *user;        /**< what the program gave the server */
} sgc_call;

/**
 * Appends the field's value as JSON: scalars and objects as they are, a table row as its id. A
 * failure becomes an error of the field, `error` its words.
 */
typedef sgc_status sgc_resolver(sgc_call *call, sgc_buf *json, sgc_error *error);

typedef struct sgc_resolver_entry {
    sgc_str type, field;   /**< coordinate Type.field */
    sgc_str function;      /**< C name from @resolver or @computed, null when none was given */
    sgc_resolver *resolve; /**< NULL: nobody bound it; it answers NOT_IMPLEMENTED */
} sgc_resolver_entry;

typedef struct sgc_schema {
    uint32_t abi;            /**< SGC_ABI */
    uint32_t version;        /**< schema version written into records, from 1 */
    sgc_str name;            /**< file stem */
    sgc_str sdl;             /**< the input, as given (several files joined by a newline) */
    sgc_str numbering;       /**< text of the lock file */
    uint64_t hash;           /**< of everything that storage depends on */
    const sgc_table *tables; /**< link tables last */
    const sgc_enum_def *enums;
    const sgc_embedded *embeddeds;
    const sgc_abstract *abstracts;
    const sgc_resolver_entry *resolvers;
    uint16_t table_count, enum_count, embedded_count, abstract_count, resolver_count;
} sgc_schema;

#ifdef __cplusplus
}
#endif
#endif
