/** An array of pointers to values, written as a list; NULL is a null element. */
typedef struct $record$_array {
    const $record$_new *const *items;
    size_t count;
} $record$_array;
