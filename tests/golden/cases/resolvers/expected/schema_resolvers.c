/*
 * schema_resolvers.c - the fields of schema.graphql that no table stores. sgc --stubs wrote this
 * file once and never touches it again: it is yours.
 */
#include "schema.resolve.sgc.h"

/* User.full */
sgc_status my_user_full(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    (void)call;
    (void)json;
    return sgc_fail(error, SGC_UNSUPPORTED, "User.full is not implemented");
}

/* User.initials */
sgc_status my_user_initials(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    (void)call;
    (void)json;
    return sgc_fail(error, SGC_UNSUPPORTED, "User.initials is not implemented");
}

/* User.greeting */
sgc_status schema_resolve_user_greeting(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    (void)call;
    (void)json;
    return sgc_fail(error, SGC_UNSUPPORTED, "User.greeting is not implemented");
}

/* User.connection */
sgc_status schema_resolve_user_connection(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    (void)call;
    (void)json;
    return sgc_fail(error, SGC_UNSUPPORTED, "User.connection is not implemented");
}

/* Query.weather */
sgc_status schema_resolve_query_weather(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    (void)call;
    (void)json;
    return sgc_fail(error, SGC_UNSUPPORTED, "Query.weather is not implemented");
}

/* Query.hello */
sgc_status my_hello(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    (void)call;
    (void)json;
    return sgc_fail(error, SGC_UNSUPPORTED, "Query.hello is not implemented");
}

/* Mutation.reset */
sgc_status schema_resolve_mutation_reset(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    (void)call;
    (void)json;
    return sgc_fail(error, SGC_UNSUPPORTED, "Mutation.reset is not implemented");
}

/* Subscription.ticks */
sgc_status schema_resolve_subscription_ticks(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    (void)call;
    (void)json;
    return sgc_fail(error, SGC_UNSUPPORTED, "Subscription.ticks is not implemented");
}
