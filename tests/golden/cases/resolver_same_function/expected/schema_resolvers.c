/*
 * schema_resolvers.c - the fields of schema.graphql that no table stores. sgc --stubs wrote this
 * file once and never touches it again: it is yours.
 */
#include "schema.resolve.sgc.h"

/* A.x */
sgc_status shared(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    (void)call;
    (void)json;
    return sgc_fail(error, SGC_UNSUPPORTED, "A.x is not implemented");
}

/* B.z */
sgc_status schema_resolve_b_z(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    (void)call;
    (void)json;
    return sgc_fail(error, SGC_UNSUPPORTED, "B.z is not implemented");
}
