typedef struct $table$_cursor {
    sgc_rows base;
} $table$_cursor;
