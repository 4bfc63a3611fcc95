/* ---- $abstract_sort$ $abstract_gql$ ---- */

//% each variant in abstract.variants
static sgc_status read_$abstract$__$variant_number$(sgc_str record, $abstract$ *out)
{
    return $variant_table$_unpack((const uint8_t *)record.data, record.size, &out->as.$variant$);
}

//% end
static const struct {
    sgc_str name;
    uint16_t table;
    sgc_status (*read)(sgc_str record, $abstract$ *out);
} members_$abstract$[] = {
    //% each variant in abstract.variants
    {SGC_STR_INIT("$variant_gql$"), $variant_at$, read_$abstract$__$variant_number$},
    //% end
};

static sgc_status read_$abstract$($abstract$_type type, sgc_str record, $abstract$ *out)
{
    out->type = type;
    return members_$abstract$[type - 1].read(record, out);
}

sgc_status $abstract$_get(sgc_txn *txn, $abstract$_type type, $abstract_id$ id, $abstract$ *out)
{
    sgc_key key;
    sgc_str record;

    if ($abstract$_type_text(type).data == NULL) return SGC_NOT_FOUND;
    $abstract_key$(&key, id);
    sgc_status rc = sgc_rows_get_one(txn, members_$abstract$[type - 1].table, &key, &record);
    if (rc != SGC_OK) return rc;
    return read_$abstract$(type, record, out);
}

sgc_str $abstract$_type_text($abstract$_type type)
{
    if (type < 1 || type > $abstract_count$) return sgc_str_of(NULL, 0);
    return members_$abstract$[type - 1].name;
}

$abstract$_type $abstract$_type_from_text(sgc_str name)
{
    for (size_t i = 0; i < $abstract_count$; i++)
        if (sgc_str_eq(members_$abstract$[i].name, name)) return ($abstract$_type)(i + 1);
    return ($abstract$_type)0;
}

bool $abstract$_cursor_next($abstract$_cursor *cursor, $abstract$ *out)
{
    sgc_str record;

    if (!sgc_rows_next(&cursor->base, &record)) return false;
    $abstract$_type type = ($abstract$_type)sgc_rows_member(&cursor->base);
    cursor->base.base.status = read_$abstract$(type, record, out);
    return cursor->base.base.status == SGC_OK;
}

sgc_status $abstract$_cursor_status(const $abstract$_cursor *cursor)
{
    return cursor->base.base.status;
}

size_t $abstract$_cursor_parent(const $abstract$_cursor *cursor)
{
    return cursor->base.base.parent;
}

