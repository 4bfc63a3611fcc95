/* Fixed-width fields of $chunk_gql$: p is the record, the offsets are known. */
static void fixed_$chunk$(const uint8_t *p, $chunk_record$ *row)
{
    //% each field in chunk.fields
    $field_get$;
    //% end
}

