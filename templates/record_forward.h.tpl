typedef struct $record$ $record$;
typedef struct $record$_new $record$_new;
