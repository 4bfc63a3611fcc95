/* Components of an entry of an index, for the engine. */
void $table$_index_key(uint16_t index, sgc_str record, sgc_key *key)
{
    $table$ row;

    (void)index;
    if (read_$table$(record, &row) != SGC_OK) {
        key->overflow = true;
        return;
    }
    //% each index in table.keyed
    if (index == $index_position$) key_$index$(key, &row);
    //% end
}

