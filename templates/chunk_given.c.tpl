/* Values of a new $chunk_gql$, checked, with defaults where none is given. */
static void given_$chunk$(sgc_take *take, const $chunk_record$_new *in, $chunk_record$ *row)
{
    //% each assign in chunk.assigns
    $assign$ = $assign_value$;
    //% end
}

