void $table$_index_key(uint16_t index, sgc_str record, sgc_key *key);
