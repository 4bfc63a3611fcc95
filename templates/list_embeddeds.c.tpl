/* $list_record_gql$.$list_field_gql$: a list of $list_item_gql$. */
static sgc_list given_$list$(sgc_take *take, $list_item$_array array)
{
    sgc_list_maker maker;

    sgc_list_start(&maker, take, "$list_field_gql$", array.items != NULL, $list_rules$);
    for (size_t i = 0; i < array.count && take->status == SGC_OK; i++)
        sgc_list_add_packed(&maker, $list_item$_take(take, array.items[i]));
    return sgc_list_end(&maker);
}

static void json_$list$(sgc_list list, sgc_buf *out)
{
    sgc_str packed;
    char before = '[';

    if (list.data == NULL) sgc_json_null(out);
    if (list.data != NULL && list.count == 0) sgc_buf_byte(out, before);
    sgc_list rest = list;
    while (sgc_list_next_packed(&rest, &packed)) {
        sgc_buf_byte(out, before);
        $list_item$_to_json(packed, out);
        before = ',';
    }
    if (list.data != NULL) sgc_buf_byte(out, ']');
}

static bool take_$list$(sgc_json_in *in, $list_item$_array *out)
{
    const $list_item$_new **items = sgc_json_items(in, sizeof *items, &out->count);

    out->items = items;
    for (size_t i = 0; i < out->count && sgc_json_item(in, i); i++)
        items[i] = $list_item$_from(in);
    return true;
}

