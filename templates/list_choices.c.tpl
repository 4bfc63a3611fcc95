/* $list_record_gql$.$list_field_gql$: a list of $list_item_gql$. */
static sgc_list given_$list$(sgc_take *take, $list_item$_array array)
{
    sgc_list_maker maker;

    sgc_list_start(&maker, take, "$list_field_gql$", array.items != NULL, $list_rules$);
    for (size_t i = 0; i < array.count; i++)
        sgc_list_add_enum(&maker, (uint16_t)array.items[i],
                          $list_item$_text(array.items[i]).data != NULL);
    return sgc_list_end(&maker);
}

static void json_$list$(sgc_list list, sgc_buf *out)
{
    uint16_t number = 0;
    char before = '[';

    if (list.data == NULL) sgc_json_null(out);
    if (list.data != NULL && list.count == 0) sgc_buf_byte(out, before);
    sgc_list rest = list;
    while (sgc_list_next_enum(&rest, &number)) {
        sgc_buf_byte(out, before);
        sgc_json_str(out, $list_item$_text(($list_item$)number));
        before = ',';
    }
    if (list.data != NULL) sgc_buf_byte(out, ']');
}

static bool take_$list$(sgc_json_in *in, $list_item$_array *out)
{
    $list_item$ *items = sgc_json_items(in, sizeof *items, &out->count);

    out->items = items;
    for (size_t i = 0; i < out->count && sgc_json_item(in, i); i++) {
        items[i] = $list_item$_from_text(sgc_json_name(in));
        sgc_json_enum(in, items[i] != 0);
    }
    return true;
}

