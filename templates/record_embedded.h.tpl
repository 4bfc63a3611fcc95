/** Reads a value as a row or a list holds it; out is zero when packed is null. */
SGC_CHECK sgc_status $record$_unpack(sgc_str packed, $record$ *out);
/** Appends a packed value as JSON, null as null. */
void $record$_to_json(sgc_str packed, sgc_buf *out);

