/* Members of $chunk_gql$ that JSON may not leave out. */
static void need_$chunk$(sgc_json_in *in)
{
    //% each field in chunk.fields
    sgc_json_require(in, "$field_gql$");
    //% end
}

