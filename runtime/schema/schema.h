/*
 * schema.h - from GraphQL types to the model of sgc/schema.h: which types are tables, how relations
 * are stored, what each directive does; stable numbers; @check expressions; the generic codec of
 * rows. Errors speak of the SDL: file, line, column.
 */
#ifndef SGC_RUNTIME_SCHEMA_H
#define SGC_RUNTIME_SCHEMA_H

#include "codec/codec.h"
#include "lang/lang.h"
#include "sgc/schema.h"

/** One SDL file. */
typedef struct sgc_schema_file {
    sgc_str name;
    sgc_str text; /**< text.data[text.size] == 0 */
} sgc_schema_file;

/** A built model and what it was built from. */
typedef struct sgc_schema_built {
    const sgc_schema *schema;
    const sgc_type_system *types;
    const sgc_document **documents;
    sgc_str *notes; /**< e.g. a generated name left out because the SDL declares it */
    size_t note_count;
} sgc_schema_built;

/**
 * Parses, checks and models `files` (one schema together). `numbering` is the text of the lock file
 * or null; the updated one is schema->numbering. Everything lives in arena. SGC_INVALID when
 * errors were reported.
 */
SGC_CHECK sgc_status sgc_schema_build(const sgc_schema_file *files, size_t count, sgc_str name,
                                      sgc_str numbering, sgc_arena *arena,
                                      sgc_diagnostics *diagnostics, sgc_schema_built *built);

/* ---- two models of one database ---- */

typedef enum sgc_difference {
    SGC_DIFFERENCE_NONE = 0,
    SGC_DIFFERENCE_INDEXES, /**< rows are stored alike: indexes, or the order of declarations */
    SGC_DIFFERENCE_MORE,    /**< words say what was found first */
} sgc_difference;
/** What tells the model that a database keeps from another one. words: appended to. */
sgc_difference sgc_schema_difference(const sgc_schema *kept, const sgc_schema *given,
                                     sgc_buf *words);
/** Whether two indexes have the same entries under the same number. */
bool sgc_index_same(const sgc_table *a, const sgc_index *x, const sgc_table *b, const sgc_index *y);
/** The model of `given`'s SDL with the numbers that a database which keeps `kept` gives to it. */
SGC_CHECK sgc_status sgc_schema_rebuilt(const sgc_schema *given, const sgc_schema *kept,
                                        sgc_arena *arena, const sgc_schema **rebuilt);
/**
 * `given` itself, code and all, but with the numbers that its indexes have in `rebuilt`: those that
 * the database has keep theirs, new ones get numbers that it never used. They differ in nothing
 * else. What is new lives in arena. SGC_INVALID when the tables are others.
 */
SGC_CHECK sgc_status sgc_schema_renumbered(const sgc_schema *given, const sgc_schema *rebuilt,
                                           sgc_arena *arena, const sgc_schema **numbered);

/** Position of a table by GraphQL type name, SGC_NONE when there is none. */
uint16_t sgc_schema_table(const sgc_schema *schema, sgc_str name);
uint16_t sgc_table_field(const sgc_table *table, sgc_str name);
uint16_t sgc_table_relation(const sgc_table *table, sgc_str name);
/** The slot that says kind, list and nullability of a field. */
static inline const sgc_slot *sgc_field_slot(const sgc_table *table, uint16_t field)
{
    return &table->layout.slots[table->fields[field].slot];
}

/** Plural and case rules of the generated API: Category -> categories, URLEntry -> urlEntry. */
sgc_str sgc_name_lower(sgc_arena *arena, sgc_str type);
sgc_str sgc_name_plural(sgc_arena *arena, sgc_str singular);
sgc_str sgc_name_singular(sgc_arena *arena, sgc_str plural);

/* ---- rows through the model: primary keys are in sgc/codec.h ---- */

/** Primary key bytes of a value of the table's key kind. SGC_LIMIT when longer than SGC_KEY_MAX. */
SGC_CHECK sgc_status sgc_row_key(const sgc_table *table, const sgc_value *value, sgc_key *key);
/**
 * Primary key bytes from a record. For link tables: the left row's primary key as a text component
 * (sgc_key_text), then the right row's as it is.
 */
SGC_CHECK sgc_status sgc_record_key(const sgc_table *table, sgc_str record, sgc_key *key);
/** The key as a value (text points into key). */
SGC_CHECK sgc_status sgc_key_to_value(const sgc_table *table, sgc_str key, sgc_value *value);
/**
 * Index entry number `element` of a record, without the row's key: SGC_OK, SGC_NOT_FOUND when
 * there is no such element (an ordinary index has exactly element 0), SGC_LIMIT when too long.
 * *has_null says that a component is null.
 */
SGC_CHECK sgc_status sgc_index_entry(const sgc_table *table, uint16_t index, sgc_str record,
                                     uint32_t element, sgc_key *key, bool *has_null);
/**
 * All entries of an `elements` index at once, each element of the list once, as components without
 * the row's key. For long lists; sgc_index_entry() gives the same ones in the same order.
 */
SGC_CHECK sgc_status sgc_index_elements(const sgc_table *table, uint16_t index, sgc_str record,
                                        sgc_arena *arena, sgc_str **entries, size_t *count);

/**
 * A stored value from JSON or from a GraphQL literal, checked against kind, list and nullability;
 * `where` names the field in the message. Integers out of range, unknown enum values, invalid
 * dates and so on are SGC_INVALID; a null where none may be is SGC_NOT_NULL.
 */
SGC_CHECK sgc_status sgc_value_from_json(const sgc_schema *schema, const sgc_field *field,
                                         const sgc_slot *slot, const sgc_json *json,
                                         sgc_arena *arena, sgc_value *value, sgc_error *error);
SGC_CHECK sgc_status sgc_value_from_literal(const sgc_schema *schema, const sgc_field *field,
                                            const sgc_slot *slot, const sgc_ast_value *literal,
                                            sgc_arena *arena, sgc_value *value, sgc_error *error);
/** Writes a value as JSON: enum names, RFC 3339 dates, embedded objects by field name. */
void sgc_value_to_json(const sgc_schema *schema, const sgc_field *field, const sgc_value *value,
                       sgc_buf *out);
/**
 * Fills the values that create may leave out: defaults, @updatedAt and empty lists of relations.
 * values and given are in order of slots (values[field.slot]), as sgc_record_pack() takes them;
 * what is not given and has no default becomes null, and so does a key that is to be generated.
 */
SGC_CHECK sgc_status sgc_row_defaults(const sgc_schema *schema, const sgc_table *table,
                                      uint64_t now_us, sgc_arena *arena, sgc_value *values,
                                      const bool *given, sgc_error *error);
/** The primary key that JSON means. SGC_NOT_FOUND, without words: no row can have so long a key. */
SGC_CHECK sgc_status sgc_key_from_json(const sgc_schema *schema, const sgc_table *table,
                                       const sgc_json *json, sgc_arena *scratch, sgc_key *key,
                                       sgc_error *error);

/* ---- ids that are made here ---- */

/**
 * A tick is a moment of a database at which an id is made: 48 bits of Unix milliseconds and a
 * counter of 16 bits within them (RFC 9562, section 6.2, method 1). This is the tick behind `last`:
 * greater than it whatever the clock says, in a new millisecond with a counter that starts at the
 * lower 15 bits of seed.
 */
uint64_t sgc_id_tick(uint64_t last, uint64_t now_us, uint16_t seed);
/** RFC 9562 version 7 from a tick and the random rest: 36 characters, ordered by tick. */
void sgc_uuidv7(uint64_t tick, const uint8_t random[8], char out[36]);
/** A ULID from the same: 26 characters. */
void sgc_ulid(uint64_t tick, const uint8_t random[8], char out[26]);

/* ---- @check expressions ---- */

typedef struct sgc_expression sgc_expression;
/** Compiles a check against its table's fields; error->text says where and what. */
SGC_CHECK sgc_status sgc_expression_compile(const sgc_schema *schema, const sgc_table *table,
                                            sgc_str text, sgc_arena *arena,
                                            sgc_expression **expression, sgc_error *error);
/** SGC_OK when the row passes (true or unknown), SGC_CHECK_FAILED when false. */
SGC_CHECK sgc_status sgc_expression_check(const sgc_expression *expression, const sgc_table *table,
                                          sgc_str record, sgc_arena *scratch);

#endif
