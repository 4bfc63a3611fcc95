//# An enum: 0 is null, values keep the numbers of the lock file.
/**
 * enum $choice_gql$ ($choice_place$)
//% each line in choice.doc
 * $line$
//% end
 */
typedef enum $choice$ {
    //% each value in choice.values
    //% comment value.doc
    $value$ = $value_number$,
    //% end
} $choice$;
/** An array of values that is written as a list. */
typedef struct $choice$_array {
    const $choice$ *items;
    size_t count;
} $choice$_array;
/** The GraphQL name of a value, null for 0 and for a number that is none. */
sgc_str $choice$_text($choice$ value);
/** The value of a GraphQL name, 0 when there is none. */
$choice$ $choice$_from_text(sgc_str name);

