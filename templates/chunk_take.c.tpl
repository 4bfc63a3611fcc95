/* Takes a JSON member of $chunk_gql$; false when it has none of these names. */
static bool take_$chunk$(sgc_json_in *in, $chunk_record$_new *out)
{
    //% each field in chunk.fields
    if (sgc_json_is(in, "$field_gql$")) return $field_from_json$;
    //% end
    return false;
}

