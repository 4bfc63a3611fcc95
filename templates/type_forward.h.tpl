typedef struct $type$ $type$;
typedef struct $type$_new $type$_new;
typedef struct $type$_cursor {
    sgc_rows base;
} $type$_cursor;
