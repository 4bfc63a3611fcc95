/* Fields of $chunk_gql$ whose width varies, one behind the other. */
static const uint8_t *rest_$chunk$(const uint8_t *p, const uint8_t *end, $chunk_record$ *row)
{
    //% each field in chunk.fields
    p = $field_read$;
    //% end
    return p;
}

