/* ---- type $table_gql$: MessagePack and JSON ---- */

sgc_status $table$_pack(const $table$ *row, sgc_buf *out)
{
    char *start = sgc_buf_reserve(out, room_$table$(row));

    if (start == NULL) return SGC_NO_MEMORY;
    out->size += (size_t)((char *)put_$table$((uint8_t *)start, row) - start);
    return SGC_OK;
}

sgc_status $table$_unpack(const uint8_t *bytes, size_t size, $table$ *out)
{
    return read_$table$(sgc_str_of((const char *)bytes, size), out);
}

void $table$_to_json(const $table$ *row, sgc_buf *out)
{
    //% each chunk in table.all
    json_$chunk$(row, out);
    //% end
    sgc_buf_byte(out, '}');
}

sgc_status $table$_from_json(sgc_arena *arena, sgc_str json, $table$_new *out, sgc_error *error)
{
    sgc_json_in in;

    memset(out, 0, sizeof *out);
    sgc_json_open(&in, arena, json, "$table_gql$", error);
    while (sgc_json_next(&in)) {
        bool known = false;
        //% each chunk in table.all
        known = known || take_$chunk$(&in, out);
        //% end
        if (!known) sgc_json_unknown(&in);
    }
    //% each chunk in table.required
    need_$chunk$(&in);
    //% end
    return in.status;
}

