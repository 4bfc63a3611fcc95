/*
 * coerce.h - private to graphql: inputs as GraphQL wants them. Variables and literals alike become
 * JSON trees that have exactly the members the types allow, defaults filled in.
 */
#ifndef SGC_GRAPHQL_COERCE_H
#define SGC_GRAPHQL_COERCE_H

#include "graphql/select.h"

/** Called for each thing wrong with the variables; node is the variable's definition. */
typedef void sgc_variable_error_fn(void *user, sgc_str message, sgc_span span);

/**
 * Coerces the variables of an operation. SGC_INVALID when `report` was called, SGC_NO_MEMORY.
 */
SGC_CHECK sgc_status sgc_coerce_variables(const sgc_api *api, const sgc_ast_definition *operation,
                                          const sgc_json *given, sgc_arena *arena,
                                          sgc_variable_error_fn *report, void *user,
                                          sgc_variables *variables);
/**
 * The arguments of a field as a JSON object, in the order of their definitions. complete: the
 * argument within which a variable without a value is an error, or NULL. SGC_INVALID with words.
 */
SGC_CHECK sgc_status sgc_coerce_arguments(const sgc_named_type *parent, const sgc_field_def *field,
                                          const sgc_ast_argument *given,
                                          const sgc_variables *variables, const char *complete,
                                          sgc_arena *arena, sgc_json **arguments, sgc_error *error);
/** A JSON value as JavaScript's inspect shows it in messages. */
void sgc_inspect(const sgc_json *json, sgc_buf *out);

#endif
