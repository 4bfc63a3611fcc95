/* ---- type $table_gql$: records ---- */

static sgc_status read_$table$(sgc_str record, $table$ *row)
{
    if (!sgc_record_check(record, $table_fields$, $table_version$, $table_fixed_size$)) {
        return SGC_CORRUPT;
    }
    const uint8_t *p = (const uint8_t *)record.data;
    const uint8_t *end = p + record.size;
    //% each chunk in table.fixed
    fixed_$chunk$(p, row);
    //% end
    p += $table_rest_offset$;
    //% each chunk in table.rest
    p = rest_$chunk$(p, end, row);
    //% end
    return p == end ? SGC_OK : SGC_CORRUPT;
}

static size_t room_$table$(const $table$ *row)
{
    size_t room = $table_rest_offset$;

    (void)row;
    //% each chunk in table.rest
    room = room_$chunk$(room, row);
    //% end
    return room;
}

static uint8_t *put_$table$(uint8_t *p, const $table$ *row)
{
    p = sgc_put_record_head(p, $table_fields$, $table_version$);
    //% each chunk in table.puts
    p = put_$chunk$(p, row);
    //% end
    return p;
}

