/* ---- embedded type $record_gql$ ---- */

sgc_status $record$_unpack(sgc_str packed, $record$ *out)
{
    const uint8_t *p = (const uint8_t *)packed.data;
    uint32_t count;
    bool is_null;

    memset(out, 0, sizeof *out);
    if (packed.data == NULL) return SGC_OK;
    const uint8_t *end = p + packed.size;
    p = sgc_read_array(p, end, &count, &is_null);
    if (p == NULL || count != $record_fields$) return SGC_CORRUPT;
    //% each chunk in record.rest
    p = rest_$chunk$(p, end, out);
    //% end
    return p == end ? SGC_OK : SGC_CORRUPT;
}

void $record$_to_json(sgc_str packed, sgc_buf *out)
{
    $record$ value;

    if (packed.data == NULL || $record$_unpack(packed, &value) != SGC_OK) {
        sgc_json_null(out);
        return;
    }
    //% each chunk in record.all
    json_$chunk$(&value, out);
    //% end
    sgc_buf_byte(out, '}');
}

static sgc_str pack_$record$(sgc_take *take, const $record$ *value)
{
    size_t room = 5;
    //% each chunk in record.rest
    room = room_$chunk$(room, value);
    //% end
    uint8_t *start = sgc_take_room(take, room);
    if (start == NULL) return sgc_str_of(NULL, 0);
    uint8_t *p = sgc_put_array(start, $record_fields$);
    //% each chunk in record.rest
    p = put_$chunk$(p, value);
    //% end
    return sgc_take_record(take, start, p);
}

sgc_str $record$_take(sgc_take *take, const $record$_new *in)
{
    $record$ value;
    sgc_str packed = sgc_str_of(NULL, 0);

    if (in == NULL) return packed;
    if (sgc_take_enter(take)) {
        //% each chunk in record.takes
        given_$chunk$(take, in, &value);
        //% end
        packed = pack_$record$(take, &value);
    }
    sgc_take_leave(take);
    return packed;
}

const $record$_new *$record$_from(sgc_json_in *in)
{
    sgc_json_in child;
    $record$_new *out = NULL;

    if (!sgc_json_enter(in, &child, "$record_gql$")) return NULL;
    out = sgc_arena_zero(in->arena, 1, sizeof *out);
    if (out == NULL) child.status = SGC_NO_MEMORY;
    while (out != NULL && sgc_json_next(&child)) {
        bool known = false;
        //% each chunk in record.all
        known = known || take_$chunk$(&child, out);
        //% end
        if (!known) sgc_json_unknown(&child);
    }
    //% each chunk in record.required
    need_$chunk$(&child);
    //% end
    sgc_json_leave(in, &child);
    return out;
}

