/* Members of $chunk_gql$ as JSON. */
static void json_$chunk$(const $chunk_record$ *row, sgc_buf *out)
{
    //% each field in chunk.fields
    sgc_buf_append(out, $field_json_key$);
    $field_json$;
    //% end
}

