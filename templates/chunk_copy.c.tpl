/* Copies what the members of $chunk_gql$ point at; false when memory is out. */
static bool copy_$chunk$(sgc_arena *arena, const $chunk_record$ *row, $chunk_record$ *out)
{
    //% each field in chunk.fields
    if (!$field_copy$) return false;
    //% end
    return true;
}

