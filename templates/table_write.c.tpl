/* ---- type $table_gql$: values ---- */

static void given_$table$(sgc_take *take, const $table$_new *in, $table$ *row)
{
    //% each chunk in table.takes
    given_$chunk$(take, in, row);
    //% end
}

/* Writes the row in the way of `write` and reads it back when out is given. */
static sgc_status store_$table$(sgc_take *take, sgc_row_write *write, const $table$ *row,
                                  $table$ *out)
{
    uint8_t *start = sgc_take_room(take, room_$table$(row));
    sgc_str record = sgc_str_of(NULL, 0);
    sgc_key key;

    if (start != NULL) record = sgc_take_record(take, start, put_$table$(start, row));
    $table_key$(&key, row->$table_key_member$);
    sgc_status rc = sgc_take_write(take, write, $table_at$, &key, record);
    return rc == SGC_OK && out != NULL ? read_$table$(record, out) : rc;
}

sgc_status $table$_create(sgc_txn *txn, const $table$_new *in, $table$ *out)
{
    sgc_take take = sgc_take_start(txn, "$table_gql$");
    $table$ row;

    given_$table$(&take, in, &row);
    return store_$table$(&take, sgc_row_insert, &row, out);
}

sgc_status $table$_load(sgc_load *load, const $table$_new *in)
{
    return $table$_create(sgc_load_txn(load), in, NULL);
}
