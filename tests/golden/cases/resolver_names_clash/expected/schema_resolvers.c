/*
 * schema_resolvers.c - the fields of schema.graphql that no table stores. sgc --stubs wrote this
 * file once and never touches it again: it is yours.
 */
#include "schema.resolve.sgc.h"

/* UserA.b */
sgc_status schema_resolve_user_a_b(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    (void)call;
    (void)json;
    return sgc_fail(error, SGC_UNSUPPORTED, "UserA.b is not implemented");
}

/* User.aB */
sgc_status schema_resolve_user_a_b_2(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    (void)call;
    (void)json;
    return sgc_fail(error, SGC_UNSUPPORTED, "User.aB is not implemented");
}

/* User.a_b */
sgc_status schema_resolve_user_a_b_3(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    (void)call;
    (void)json;
    return sgc_fail(error, SGC_UNSUPPORTED, "User.a_b is not implemented");
}
