/* ---- by $index_words$ ---- */

static void bound_$index$(const $index$_bound *bound, sgc_key *key)
{
    //% each part in index.parts
    if (bound->given > $part_position$) $part$;
    //% end
}

$index_table$_cursor $index$(sgc_txn *txn, const $index$_range *range)
{
    $index_table$_cursor cursor;
    sgc_bounds bounds;

    sgc_bounds_start(&bounds);
    if (range != NULL) {
        bound_$index$(&range->from, &bounds.from);
        bound_$index$(&range->to, &bounds.to);
        bounds.from_exclusive = range->from.exclusive;
        bounds.to_exclusive = range->to.exclusive;
        bounds.descending = range->descending;
    }
    cursor.base = sgc_rows_open(txn, $index_at$, $index_position$, &bounds);
    return cursor;
}

