typedef struct $record$_new $record$_new;
