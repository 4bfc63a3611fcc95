//# A row of any of the tables an interface or union stands for.
/**
 * $abstract_sort$ $abstract_gql$ ($abstract_place$)
//% each line in abstract.doc
 * $line$
//% end
 * A row of one of its types: `type` says which member of `as` holds it.
 */
struct $abstract$ {
    $abstract$_type type;
    union {
        //% each variant in abstract.variants
        $variant_table$ $variant$; /**< $variant_constant$ */
        //% end
    } as;
};

/** The row of this type with this key. SGC_NOT_FOUND. */
SGC_CHECK sgc_status $abstract$_get(sgc_txn *txn, $abstract$_type type, $abstract_id$ id, $abstract$ *out);
/** The GraphQL name of a type, as rows store it beside the key; null for 0. */
sgc_str $abstract$_type_text($abstract$_type type);
/** The type of a GraphQL name, 0 when it has none. */
$abstract$_type $abstract$_type_from_text(sgc_str name);
/** Steps to the next row; false at the end and on failure. */
bool $abstract$_cursor_next($abstract$_cursor *cursor, $abstract$ *out);
/** SGC_OK after a clean end, else what went wrong. */
SGC_CHECK sgc_status $abstract$_cursor_status(const $abstract$_cursor *cursor);
/** Which of the ids of a _many call the current row belongs to. */
size_t $abstract$_cursor_parent(const $abstract$_cursor *cursor);

