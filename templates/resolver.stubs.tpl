/* $resolver_coordinate$ */
sgc_status $resolver$(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    (void)call;
    (void)json;
    return sgc_fail(error, SGC_UNSUPPORTED, "$resolver_coordinate$ is not implemented");
}

