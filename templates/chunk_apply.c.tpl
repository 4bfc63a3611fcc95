/* Values that a patch gives, checked. */
static void apply_$chunk$(sgc_take *take, const $chunk_record$_patch *patch, $chunk_record$ *row)
{
    //% each assign in chunk.assigns
    if ($assign_of$) $assign$ = $assign_value$;
    //% end
}

