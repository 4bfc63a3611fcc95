//# All rows in no order, and one row of them read field by field.
typedef struct $table$_scan {
    sgc_scan base;
} $table$_scan;
/** A row as it is stored, readable until the scan's next step. */
typedef struct $table$_view {
    sgc_str record;
} $table$_view;
/** All rows in no order, much faster than _all. Loop on _scan_next, then ask _scan_status once. */
static inline $table$_scan $table$_scan_open(sgc_txn *txn)
{
    $table$_scan scan = {sgc_scan_open(txn, $table_at$)};
    return scan;
}
/** Steps to the next row; false at the end and on failure. */
static inline bool $table$_scan_next($table$_scan *scan, $table$_view *out)
{
    return sgc_scan_view(&scan->base, $table_fields$, $table_version$, $table_fixed_size$, &out->record);
}
/** SGC_OK after a clean end, else what went wrong. */
SGC_CHECK static inline sgc_status $table$_scan_status(const $table$_scan *scan)
{
    return scan->base.status;
}
/** The whole row, which borrows from the view. SGC_CORRUPT. */
SGC_CHECK static inline sgc_status $table$_view_row($table$_view v, $table$ *out)
{
    return $table$_unpack((const uint8_t *)v.record.data, v.record.size, out);
}
/* Single fields: a null one is 0, and _has_ says so. */
