/* What an upsert changes in a row that is there: the values that are given. */
static void offer_$chunk$(const $chunk_record$_new *in, $chunk_record$_patch *patch)
{
    //% each assign in chunk.assigns
    $assign$ = $assign_value$;
    //% end
}

