static void key_$index$(sgc_key *key, const $index_table$ *row)
{
    //% each part in index.parts
    $part_row_key$;
    //% end
}

