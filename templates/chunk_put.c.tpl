/* Writes fields of $chunk_gql$ in the order of storage. */
static uint8_t *put_$chunk$(uint8_t *p, const $chunk_record$ *row)
{
    //% each field in chunk.fields
    p = $field_put$;
    //% end
    return p;
}

