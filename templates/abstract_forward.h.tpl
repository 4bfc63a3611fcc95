//# An interface or union that relations lead to: which types, and the names of what follows.

/** The types of $abstract_sort$ $abstract_gql$; 0 is none. */
typedef enum $abstract$_type {
    //% each variant in abstract.variants
    $variant_constant$ = $variant_number$,
    //% end
} $abstract$_type;
typedef struct $abstract$ $abstract$;
typedef struct $abstract$_cursor {
    sgc_rows base;
} $abstract$_cursor;
