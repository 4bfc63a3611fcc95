/* Adds the most bytes that the variable fields of $chunk_gql$ take. */
static size_t room_$chunk$(size_t room, const $chunk_record$ *row)
{
    //% if chunk.steady
    (void)row;
    //% end
    //% each field in chunk.fields
    room = sgc_room_add(room, $field_room$);
    //% end
    return room;
}

