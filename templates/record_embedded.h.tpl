/** An array of pointers to values, written as a list; NULL is a null element. */
typedef struct $record$_array {
    const $record$_new *const *items;
    size_t count;
} $record$_array;
/** Reads a value as a row or a list holds it; out is zero when packed is null. */
SGC_CHECK sgc_status $record$_unpack(sgc_str packed, $record$ *out);
/** Appends a packed value as JSON, null as null. */
void $record$_to_json(sgc_str packed, sgc_buf *out);

