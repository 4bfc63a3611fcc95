sgc_status $relation$(sgc_txn *txn, $relation_id$ id, $relation_target$ *out)
{
    sgc_key key;
    sgc_str record;

    sgc_key_start(&key);
    $relation_key$;
    sgc_status rc = sgc_rows_find(txn, $relation_at$, $relation_position$, &key, &record);
    if (rc != SGC_OK) return rc;
    return $relation_target$_unpack((const uint8_t *)record.data, record.size, out);
}

