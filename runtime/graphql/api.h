/*
 * api.h - private to graphql: the generated API of a schema. api_*.c write it as SDL; api.c builds
 * the type system from that text and ties every field to where its data comes from.
 */
#ifndef SGC_GRAPHQL_API_H
#define SGC_GRAPHQL_API_H

#include "graphql/graphql.h"

/** Where the data of a field comes from. */
typedef enum sgc_binding_kind {
    SGC_BIND_PROPERTY = 0, /**< a member of a resolver's JSON object */
    SGC_BIND_RESOLVER,     /**< position: schema.resolvers; asked, or a property when unbound */
    SGC_BIND_FIELD,        /**< position: field of the table, or of the embedded type */
    SGC_BIND_RELATION,     /**< position: relation of the table */
    SGC_BIND_TYPENAME,
    SGC_BIND_META, /**< __schema, __type, and all fields of their types */
    SGC_BIND_HEAD,
    SGC_BIND_BY_KEY,
    SGC_BIND_BY_UNIQUE, /**< position: index */
    SGC_BIND_LIST,
    SGC_BIND_ABSTRACT, /**< table: schema.abstracts position */
    SGC_BIND_CREATE,
    SGC_BIND_CREATE_MANY,
    SGC_BIND_UPSERT,
    SGC_BIND_UPDATE,
    SGC_BIND_UPDATE_MANY,
    SGC_BIND_DELETE,
    SGC_BIND_DELETE_MANY,
    SGC_BIND_AFFECTED, /**< of the payload of a mutation of many rows */
    SGC_BIND_NODES,
    SGC_BIND_HISTORY,     /**< versions of the parent row */
    SGC_BIND_HISTORY_OF,  /**< versions of the row with this key: a root field */
    SGC_BIND_VERSION_SEQ, /**< of a version */
    SGC_BIND_VERSION_OP,
    SGC_BIND_VERSION_FROM,
    SGC_BIND_VERSION_TO,
    SGC_BIND_VERSION_NODE,
} sgc_binding_kind;

typedef struct sgc_binding {
    sgc_binding_kind kind;
    uint16_t table;
    uint16_t position;
} sgc_binding;

/** What a named type is in the schema model. */
typedef enum sgc_type_role {
    SGC_ROLE_PLAIN = 0, /**< neither: resolvers' objects, leaves, inputs */
    SGC_ROLE_TABLE,
    SGC_ROLE_EMBEDDED,
    SGC_ROLE_ABSTRACT, /**< interface or union of tables */
    SGC_ROLE_PAYLOAD,
    SGC_ROLE_VERSION, /**< of a row of the table */
    SGC_ROLE_META,    /**< introspection */
} sgc_type_role;

typedef struct sgc_type_info {
    sgc_type_role role;
    uint16_t position;     /**< table, embedded or abstract */
    sgc_binding *bindings; /**< for each field, NULL for types without fields */
} sgc_type_info;

struct sgc_api {
    const sgc_schema *schema;
    sgc_arena arena;
    sgc_str sdl;
    sgc_source source;
    sgc_type_system *types;
    sgc_type_info *infos; /**< by sgc_named_type.index */
    struct sgc_cache *cache;
};

/** The binding of a field of an object type; META and TYPENAME fields included. */
sgc_binding sgc_api_binding(const sgc_api *api, const sgc_named_type *type,
                            const sgc_field_def *field);
const sgc_type_info *sgc_api_type(const sgc_api *api, const sgc_named_type *type);

/* ---- writing the SDL ---- */

/** A type of the user's SDL: its definition and extensions in order. */
typedef struct sgc_declared {
    const sgc_ast_definition **parts;
    size_t count, capacity;
} sgc_declared;

/** A field or relation of a table in the order of the API. */
typedef struct sgc_member {
    bool is_relation;
    uint16_t position;
} sgc_member;

/** A filter input somebody asked for. */
typedef struct sgc_filter {
    sgc_str name;
    sgc_str type; /**< of its operands */
    sgc_kind kind;
    bool list;
    struct sgc_filter *next;
} sgc_filter;

typedef struct sgc_api_builder {
    const sgc_schema *schema;
    sgc_arena *arena;
    sgc_error *error;
    sgc_status status; /**< first failure; sticky */
    sgc_buf out;
    sgc_document *document, *prelude;
    sgc_source source, prelude_source;
    sgc_map declared;  /**< sgc_declared by type name */
    sgc_map known;     /**< directives of the prelude */
    sgc_map generated; /**< names of generated types */
    sgc_map used;      /**< names of types that something refers to */
    sgc_map roots;     /**< sgc_binding by "Query.user", with the real root names */
    sgc_map payloads;  /**< names of payload types; sgc_binding whose table is meant */
    sgc_map versions;  /**< the same of types of versions */
    sgc_str *used_names;
    size_t used_count, used_capacity;
    sgc_str query, mutation, subscription; /**< names of the root types */
    sgc_str description;                   /**< of the schema, null without */
    sgc_member **members;                  /**< for each table */
    size_t *member_counts;
    sgc_filter *filters, **last_filter;
} sgc_api_builder;

/** Writes the whole API into builder->out; false when builder->status says why not. */
bool sgc_api_write(sgc_api_builder *builder);
/** api_inputs.c: where, orderBy, create, update and inc inputs of tables; filters. */
void sgc_api_write_inputs(sgc_api_builder *builder, uint16_t table);
void sgc_api_write_embedded_input(sgc_api_builder *builder, uint16_t embedded);
void sgc_api_write_abstract_inputs(sgc_api_builder *builder, uint16_t abstract);
void sgc_api_write_filters(sgc_api_builder *builder);
/** api_roots.c: Query and Mutation. */
void sgc_api_write_roots(sgc_api_builder *builder);

/** api_history.c: AsOf, @asOf and the types of versions. */
void sgc_api_write_history(sgc_api_builder *builder);
void sgc_api_write_history_field(sgc_api_builder *builder, uint16_t table);
/** Whether the rows of a table can be asked for at a moment. */
bool sgc_api_has_moments(const sgc_api_builder *builder, uint16_t table);
/** ", asOf: AsOf", or "" where it is not to be. */
const char *sgc_api_moment_argument(const sgc_api_builder *builder, uint16_t table);
/** The type of a table's versions, null where it has none. */
sgc_str sgc_api_version_type(sgc_api_builder *builder, uint16_t table);
/** Whether its rows have the generated field `history`. */
bool sgc_api_has_history_field(sgc_api_builder *builder, uint16_t table);

/* what the inputs hold, asked by whoever refers to them */
bool sgc_api_can_order(const sgc_api_builder *builder, uint16_t table);
bool sgc_api_can_update(const sgc_api_builder *builder, uint16_t table);
bool sgc_api_can_increase(const sgc_api_builder *builder, uint16_t table);
/** The field of every table of an interface that this name means, or NULL. */
const sgc_field *sgc_api_shared_field(const sgc_api_builder *builder, const sgc_abstract *abstract,
                                      sgc_str name);
bool sgc_api_slot_orders(const sgc_slot *slot);
/** Whether an interface has a field to filter by, or to order by. */
bool sgc_api_abstract_has(const sgc_api_builder *builder, const sgc_abstract *abstract, bool order);

/* names and small things */
bool sgc_api_is_declared(const sgc_api_builder *builder, sgc_str name);
/** Takes a name for a generated type; false when the SDL declares it. A second taker is an error.
 */
bool sgc_api_claim(sgc_api_builder *builder, sgc_str name);
/** printf into the arena; sets the status when memory is out. */
sgc_str sgc_api_name(sgc_api_builder *builder, const char *format, ...) SGC_PRINTF(2, 3);
void sgc_api_fail(sgc_api_builder *builder, sgc_status status, const char *format, ...)
    SGC_PRINTF(3, 4);
/** Prints the reference and remembers what it refers to. */
void sgc_api_print_type(sgc_api_builder *builder, const sgc_ast_type *type);
/** Remembers that a type is referred to. */
void sgc_api_use(sgc_api_builder *builder, sgc_str name);
/** Upper-case first letter, the rest as it is. */
sgc_str sgc_api_capital(sgc_api_builder *builder, sgc_str name);
/** name: description and deprecation as SDL; both may be null. */
void sgc_api_describe(sgc_api_builder *builder, sgc_str description, const char *indent);
void sgc_api_deprecate(sgc_api_builder *builder, const sgc_ast_directive *directives);
const sgc_resolver_entry *sgc_api_resolver(const sgc_schema *schema, sgc_str type, sgc_str field,
                                           uint16_t *position);
/** Whether inputs may create rows of a table. */
bool sgc_api_creates(const sgc_api_builder *builder, uint16_t table);
/** where, orderBy, limit and offset of a list of rows; `more` goes behind them. */
void sgc_api_write_list_arguments(sgc_api_builder *builder, sgc_str type, bool where, bool order,
                                  const char *more);
void sgc_api_write_arguments(sgc_api_builder *builder, const sgc_ast_input_value *arguments);

#endif
