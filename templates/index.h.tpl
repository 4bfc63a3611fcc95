/** One end of a range: the first `given` members count, 0 leaves it open. */
typedef struct $index$_bound {
    unsigned given; /**< how many of the members below are given */
    bool exclusive; /**< leaves out rows equal to them */
    //% each member in index.members
    $member$; /**< $member_remark$ */
    //% end
} $index$_bound;
typedef struct $index$_range {
    $index$_bound from;
    $index$_bound to;
    bool descending;
} $index$_range;
/** Rows in the order of $index_words$; range NULL: all. */
$index_table$_cursor $index$(sgc_txn *txn, const $index$_range *range);
//% if index.unique
/** The one row with this $index_words$. SGC_NOT_FOUND. */
SGC_CHECK sgc_status $index_get$(sgc_txn *txn, $index_parameters$, $index_table$ *out);
//% end

