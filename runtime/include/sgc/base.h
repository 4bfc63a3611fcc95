/*
 * base.h - the smallest vocabulary of sgc: statuses, byte strings, arenas and growing buffers.
 *
 * Public: emitted code and users include it through sgc/sgc.h. Nothing here knows files, schemas
 * or storage.
 */
#ifndef SGC_BASE_H
#define SGC_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Version of runtime and tools. */
#define SGC_VERSION "0.1.0"
/** Emitted files compare this number with the one they were emitted for. */
#define SGC_ABI 1

#if defined(__GNUC__)
#define SGC_CHECK               __attribute__((warn_unused_result))
#define SGC_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define SGC_CHECK
#define SGC_PRINTF(text, first)
#endif

/**
 * The one list of statuses: X(name, value, text, GraphQL extensions.code, SQLSTATE, HTTP status).
 * 0 is success, positive is a "no" that the caller asked for, negative is a failure.
 */
#define SGC_STATUS_LIST(X)                                                                         \
    X(OK, 0, "ok", "OK", "00000", 200)                                                             \
    X(NOT_FOUND, 1, "not found", "NOT_FOUND", "02000", 200)                                        \
    X(CONFLICT, 2, "another transaction changed the same data first", "VERSION_CONFLICT", "40001", \
      409)                                                                                         \
    X(EXISTS, 3, "already exists", "UNIQUE_VIOLATION", "23505", 409)                               \
    X(FOREIGN_KEY, 4, "foreign key violation", "FOREIGN_KEY_VIOLATION", "23503", 409)              \
    X(NOT_NULL, 5, "a required value is missing", "NOT_NULL_VIOLATION", "23502", 400)              \
    X(CHECK_FAILED, 6, "check violation", "CHECK_VIOLATION", "23514", 400)                         \
    X(HISTORY_PRUNED, 7, "older than the history that is kept", "HISTORY_PRUNED", "HV00P", 410)    \
    X(UNKNOWN_OUTCOME, 8, "the outcome of the commit is unknown", "INTERNAL", "08007", 500)        \
    X(INVALID, -1, "invalid input", "BAD_USER_INPUT", "22023", 400)                                \
    X(NO_MEMORY, -2, "out of memory", "INTERNAL", "53200", 500)                                    \
    X(IO, -3, "input or output failed", "INTERNAL", "58030", 500)                                  \
    X(CORRUPT, -4, "stored data is damaged", "INTERNAL", "XX001", 500)                             \
    X(LIMIT, -5, "a limit is exceeded", "LIMIT_EXCEEDED", "54000", 413)                            \
    X(BUSY, -6, "in use", "INTERNAL", "55006", 503)                                                \
    X(READ_ONLY, -7, "writing has stopped", "INTERNAL", "25006", 503)                              \
    X(UNSUPPORTED, -8, "not supported", "NOT_IMPLEMENTED", "0A000", 501)                           \
    X(SCHEMA_MISMATCH, -9, "the schema does not match the data", "INTERNAL", "55000", 409)         \
    X(NO_SPACE, -10, "no space left on the device", "INTERNAL", "53100", 507)

typedef enum sgc_status {
#define SGC_X(name, value, text, code, sqlstate, http) SGC_##name = (value),
    SGC_STATUS_LIST(SGC_X)
#undef SGC_X
} sgc_status;

/** English text of a status, never NULL, static storage. */
const char *sgc_status_text(sgc_status status);
/** Its name in this list, e.g. "NOT_FOUND", static storage. */
const char *sgc_status_name(sgc_status status);
/** GraphQL extensions.code of a status, static storage. */
const char *sgc_status_code(sgc_status status);
/** HTTP status of a status. */
int sgc_status_http(sgc_status status);
/** Five-character SQLSTATE of a status, static storage. */
const char *sgc_status_sqlstate(sgc_status status);

/* ---- words that several floors share ---- */

/** How soon a commit must be durable. */
typedef enum sgc_durability {
    SGC_DURABILITY_FULL = 0, /**< acknowledged after its flush to the device */
    SGC_DURABILITY_BATCHED,  /**< acknowledged when appended; flushed within a stated delay */
    SGC_DURABILITY_NONE,     /**< acknowledged when appended; flushed within about a second */
} sgc_durability;

/** What a commit did to a row. */
typedef enum sgc_op {
    SGC_OP_INSERT = 1,
    SGC_OP_UPDATE,
    SGC_OP_DELETE,
} sgc_op;

/** The `end` of a version that is still true. */
#define SGC_OPEN UINT64_MAX

/* ---- errors with a text ---- */

/** One failure and its words. Lives on the caller's stack; holds no memory. */
typedef struct sgc_error {
    sgc_status status;
    char text[500]; /**< NUL-terminated, cut when longer */
} sgc_error;

/** Sets the error (error may be NULL) and returns status, so that `return sgc_fail(..)` reads. */
sgc_status sgc_fail(sgc_error *error, sgc_status status, const char *format, ...) SGC_PRINTF(3, 4);

/**
 * Bytes somebody else owns, not NUL-terminated unless stated. data == NULL means null (no value);
 * an empty string has data != NULL and size 0.
 */
typedef struct sgc_str {
    const char *data;
    size_t size; /**< bytes */
} sgc_str;

#ifdef __cplusplus
#define SGC_STR(literal)                                                                           \
    sgc_str                                                                                        \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }
#else
#define SGC_STR(literal) ((sgc_str){"" literal, sizeof(literal) - 1})
#endif
#define SGC_STR_INIT(literal)                                                                      \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }
/** printf("%s: " SGC_FMT "\n", what, SGC_ARG(str)) */
#define SGC_FMT      "%.*s"
#define SGC_ARG(str) (int)(str).size, (str).data ? (str).data : ""

static inline sgc_str sgc_str_of(const char *data, size_t size)
{
    sgc_str str;
    str.data = data;
    str.size = size;
    return str;
}
/** Wraps a NUL-terminated string; NULL gives null. */
static inline sgc_str sgc_str_from(const char *text)
{
    return sgc_str_of(text, text ? strlen(text) : 0);
}
static inline bool sgc_str_is_null(sgc_str str)
{
    return str.data == NULL;
}
/** Same bytes; null equals only null. */
static inline bool sgc_str_eq(sgc_str a, sgc_str b)
{
    if ((a.data == NULL) != (b.data == NULL)) return false;
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}
/** Order of unsigned bytes, shorter first: <0, 0 or >0. */
int sgc_str_compare(sgc_str a, sgc_str b);

/**
 * Bump allocator. Zero-initialise it (`sgc_arena arena = {0};`), allocate, free all at once.
 * One thread at a time. Memory is aligned to 16 bytes and not cleared.
 */
typedef struct sgc_arena {
    struct sgc_arena_block *block; /**< newest block */
    char *next;                    /**< first free byte of it */
    char *end;
    size_t total; /**< bytes taken from the heap */
} sgc_arena;

/** size bytes, or NULL when memory is out. size 0 gives a valid pointer. */
void *sgc_arena_alloc(sgc_arena *arena, size_t size);
/** count * size zeroed bytes; NULL on overflow or when memory is out. */
void *sgc_arena_zero(sgc_arena *arena, size_t count, size_t size);
/** A copy of str with a NUL behind it (not counted); null stays null, .data == NULL on failure. */
sgc_str sgc_arena_str(sgc_arena *arena, sgc_str str);
/** A copy of bytes that are there, without the NUL; .data == NULL on failure. */
static inline sgc_str sgc_arena_copy(sgc_arena *arena, sgc_str bytes)
{
    size_t size = (bytes.size + 15) & ~(size_t)15;
    char *to = arena->next;

    if (to && size >= bytes.size && size <= (size_t)(arena->end - to)) {
        arena->next += size;
    } else {
        to = (char *)sgc_arena_alloc(arena, bytes.size);
    }
    if (!to) return sgc_str_of(NULL, 0);
    memcpy(to, bytes.data, bytes.size);
    return sgc_str_of(to, bytes.size);
}
/** printf into the arena, NUL-terminated; .data == NULL when memory is out. */
sgc_str sgc_arena_printf(sgc_arena *arena, const char *format, ...) SGC_PRINTF(2, 3);
/** Forgets everything and keeps one block for reuse. */
void sgc_arena_reset(sgc_arena *arena);
/** Gives all memory back; the arena is empty and usable again. */
void sgc_arena_free(sgc_arena *arena);

/**
 * Growing byte buffer with a sticky error: appends after a failure do nothing, so a caller checks
 * `failed` once at the end. Zero-initialise; sgc_buf_free() gives the memory back.
 */
typedef struct sgc_buf {
    char *data;
    size_t size;
    size_t capacity;
    bool failed; /**< memory ran out (or a size overflowed); data up to size is still valid */
} sgc_buf;

/** Makes room for `more` bytes behind size and returns that place, NULL on failure. */
char *sgc_buf_reserve(sgc_buf *buf, size_t more);
void sgc_buf_append(sgc_buf *buf, const void *data, size_t size);
void sgc_buf_printf(sgc_buf *buf, const char *format, ...) SGC_PRINTF(2, 3);
void sgc_buf_vprintf(sgc_buf *buf, const char *format, va_list arguments);
void sgc_buf_free(sgc_buf *buf);
static inline void sgc_buf_byte(sgc_buf *buf, char byte)
{
    char *at =
        buf->size < buf->capacity && !buf->failed ? buf->data + buf->size : sgc_buf_reserve(buf, 1);
    if (at) {
        *at = byte;
        buf->size++;
    }
}
static inline void sgc_buf_str(sgc_buf *buf, sgc_str str)
{
    sgc_buf_append(buf, str.data, str.size);
}
/** Appends a NUL-terminated text without its NUL. */
static inline void sgc_buf_text(sgc_buf *buf, const char *text)
{
    sgc_buf_append(buf, text, strlen(text));
}
static inline sgc_str sgc_buf_as_str(const sgc_buf *buf)
{
    return sgc_str_of(buf->data ? buf->data : "", buf->size);
}

#ifdef __cplusplus
}
#endif
#endif
