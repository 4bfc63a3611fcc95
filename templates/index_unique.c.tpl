sgc_status $index_get$(sgc_txn *txn, $index_parameters$, $index_table$ *out)
{
    sgc_key key;
    sgc_str record;

    sgc_key_start(&key);
    //% each part in index.parts
    $part_key$;
    //% end
    sgc_status rc = sgc_rows_find(txn, $index_at$, $index_position$, &key, &record);
    return rc == SGC_OK ? read_$index_table$(record, out) : rc;
}

