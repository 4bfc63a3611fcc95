/*
 * schema_resolvers.c - the fields of schema.graphql that no table stores. sgc --stubs wrote this
 * file once and never touches it again: it is yours.
 */
#include "schema.resolve.sgc.h"
