/*
 * syntax.h - from text to tree and back: parser, printer, minifier, and the list of errors that
 * every phase of the language reports into.
 */
#ifndef SGC_LANG_SYNTAX_H
#define SGC_LANG_SYNTAX_H

#include "lang/ast.h"

/** One error: graphql-js 17 wording, the rule's name, and the places it speaks of. */
typedef struct sgc_diagnostic {
    sgc_str message;
    const char *rule; /**< "Syntax", "SDL", "Schema" or a rule's name; static storage */
    struct sgc_place {
        const sgc_source *source;
        sgc_span span;
    } * places;
    size_t place_count;
    struct sgc_diagnostic *next;
} sgc_diagnostic;

/** Errors in the order found. Zero-initialise and set the arena. */
typedef struct sgc_diagnostics {
    sgc_arena *arena;
    sgc_diagnostic *first, *last;
    size_t count;
    bool failed; /**< memory ran out while reporting */
} sgc_diagnostics;

/** Appends an error without places and returns it (NULL when memory is out). */
sgc_diagnostic *sgc_report(sgc_diagnostics *diagnostics, const char *rule, const char *format, ...)
    SGC_PRINTF(3, 4);
/** Adds a place to an error; does nothing when diagnostic is NULL. */
void sgc_report_place(sgc_diagnostics *diagnostics, sgc_diagnostic *diagnostic,
                      const sgc_source *source, sgc_span span);
/**
 * Writes errors for people: `file:line:col: error: message`, the source line, a caret, and a hint
 * where there is one. Control and bidirectional characters of the source are shown escaped. Behind
 * the first hundred errors, and the first ten places of one, only their number follows.
 */
void sgc_diagnostics_print(const sgc_diagnostics *diagnostics, sgc_buf *out);
/** Writes `[{"message":..,"locations":[{"line":..,"column":..}],"rule":..}, ...]`. */
void sgc_diagnostics_json(const sgc_diagnostics *diagnostics, sgc_buf *out);

/** Writes text as a JSON string, quotes included. */
void sgc_json_quote(sgc_buf *out, sgc_str text);

typedef struct sgc_parse_limits {
    uint32_t tokens; /**< 0: no limit */
    uint32_t depth;  /**< nesting of selections, values and types; 0: 1,000; at most 10,000 */
} sgc_parse_limits;

/**
 * Parses a document of any kind (type system and executable definitions may be mixed).
 * limits may be NULL. SGC_INVALID: a syntax error was reported (rule "Syntax"); SGC_NO_MEMORY.
 */
SGC_CHECK sgc_status sgc_parse(const sgc_source *source, const sgc_parse_limits *limits,
                               sgc_arena *arena, sgc_diagnostics *diagnostics,
                               sgc_document **document);
/** Parses one value literal (no variables), e.g. of a default. */
SGC_CHECK sgc_status sgc_parse_const_value(const sgc_source *source, sgc_arena *arena,
                                           sgc_diagnostics *diagnostics, sgc_ast_value **value);

/** Canonical text, byte-identical to graphql-js print(). */
void sgc_print_document(const sgc_document *document, sgc_buf *out);
void sgc_print_value(const sgc_ast_value *value, sgc_buf *out);
void sgc_print_type(const sgc_ast_type *type, sgc_buf *out);
/** Removes ignored characters, byte-identical to graphql-js stripIgnoredCharacters(). */
SGC_CHECK sgc_status sgc_minify(const sgc_source *source, sgc_arena *arena,
                                sgc_diagnostics *diagnostics, sgc_buf *out);

#endif
