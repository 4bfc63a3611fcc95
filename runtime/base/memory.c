/* memory.c - heap, arena, growing arrays and buffers; the only file that calls malloc and free. */
#include "base/base.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* Tests make the n-th allocation fail; production pays one relaxed load. */
static _Atomic uint64_t fail_at;
static _Atomic bool fail_sticky;
static _Atomic uint64_t allocations;

void sgc_alloc_fail_at(uint64_t n, bool sticky)
{
    atomic_store(&allocations, 0);
    atomic_store(&fail_sticky, sticky);
    atomic_store(&fail_at, n);
}

uint64_t sgc_alloc_count(void)
{
    return atomic_load(&allocations);
}

bool sgc_alloc_refused(void)
{
    uint64_t at = atomic_load_explicit(&fail_at, memory_order_relaxed);

    if (at == 0) return false;
    uint64_t now = atomic_fetch_add(&allocations, 1) + 1;
    return atomic_load(&fail_sticky) ? now >= at : now == at;
}

void *sgc_alloc(size_t size)
{
    return sgc_alloc_refused() ? NULL : malloc(size ? size : 1);
}

void *sgc_alloc_zero(size_t count, size_t size)
{
    return sgc_alloc_refused() ? NULL : calloc(count ? count : 1, size ? size : 1);
}

void *sgc_realloc(void *memory, size_t count, size_t size)
{
    size_t bytes;

    if (!sgc_mul(count, size, &bytes) || sgc_alloc_refused()) return NULL;
    return realloc(memory, bytes ? bytes : 1);
}

void *sgc_alloc_aligned(size_t alignment, size_t size)
{
    void *memory = NULL;

    if (sgc_alloc_refused()) return NULL;
    if (posix_memalign(&memory, alignment, size ? size : 1) != 0) return NULL;
    return memory;
}

void sgc_free(void *memory)
{
    free(memory);
}

static size_t grown(size_t count, size_t capacity)
{
    size_t more = capacity < 8 ? 8 : capacity + capacity / 2;
    return more > count ? more : count + 1;
}

bool sgc_grow(void **items, size_t count, size_t *capacity, size_t item_size)
{
    if (count < *capacity) return true;
    size_t more = grown(count, *capacity);
    void *bigger = sgc_realloc(*items, more, item_size);
    if (!bigger) return false;
    *items = bigger;
    *capacity = more;
    return true;
}

bool sgc_arena_grow(sgc_arena *arena, void **items, size_t count, size_t *capacity,
                    size_t item_size)
{
    size_t bytes;

    if (count < *capacity) return true;
    size_t more = grown(count, *capacity);
    if (!sgc_mul(more, item_size, &bytes)) return false;
    void *bigger = sgc_arena_alloc(arena, bytes);
    if (!bigger) return false;
    if (count) memcpy(bigger, *items, count * item_size);
    *items = bigger;
    *capacity = more;
    return true;
}

/* ---- arena ---- */

enum { ARENA_ALIGN = 16, ARENA_FIRST = 1024, ARENA_LARGEST = 1 << 20 };

struct sgc_arena_block {
    struct sgc_arena_block *older;
    size_t size; /* of the whole block, this header included */
};

static char *block_data(struct sgc_arena_block *block)
{
    return (char *)block + ARENA_ALIGN;
}

_Static_assert(sizeof(struct sgc_arena_block) <= ARENA_ALIGN, "a header is one alignment unit");

static void *arena_new_block(sgc_arena *arena, size_t size)
{
    size_t want = arena->block ? arena->block->size * 2 : ARENA_FIRST;
    size_t needed;

    if (!sgc_add(size, ARENA_ALIGN, &needed)) return NULL;
    if (want > ARENA_LARGEST) want = ARENA_LARGEST;
    if (want < needed) want = needed;
    struct sgc_arena_block *block = sgc_alloc(want);
    if (!block) return NULL;
    block->older = arena->block;
    block->size = want;
    arena->block = block;
    arena->total += want;
    arena->next = block_data(block) + size;
    arena->end = (char *)block + want;
    return block_data(block);
}

void *sgc_arena_alloc(sgc_arena *arena, size_t size)
{
    if (size > SIZE_MAX - ARENA_ALIGN) return NULL;
    size = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    if ((size_t)(arena->end - arena->next) >= size && arena->next) {
        char *memory = arena->next;
        arena->next += size;
        return memory;
    }
    return arena_new_block(arena, size);
}

void *sgc_arena_zero(sgc_arena *arena, size_t count, size_t size)
{
    size_t bytes;

    if (!sgc_mul(count, size, &bytes)) return NULL;
    void *memory = sgc_arena_alloc(arena, bytes);
    if (memory) memset(memory, 0, bytes);
    return memory;
}

sgc_str sgc_arena_str(sgc_arena *arena, sgc_str str)
{
    if (!str.data || str.size == SIZE_MAX) return sgc_str_of(NULL, 0);
    char *copy = sgc_arena_alloc(arena, str.size + 1);
    if (!copy) return sgc_str_of(NULL, 0);
    memcpy(copy, str.data, str.size);
    copy[str.size] = '\0';
    return sgc_str_of(copy, str.size);
}

/* ---- printf for plain formats ---- */

enum { PRINTF_SMALL = 256 };

/* What has been formatted so far, and where the room ends. */
typedef struct plain_text {
    char *at, *end;
} plain_text;

static bool plain_put(plain_text *out, const char *text, size_t size)
{
    if (size > (size_t)(out->end - out->at)) return false;
    if (size > 0) memcpy(out->at, text, size);
    out->at += size;
    return true;
}

/* printf's %.*s: up to a NUL. */
static bool plain_str(plain_text *out, const char *text, int size)
{
    if (size < 0 || (size > 0 && !text)) return false;
    const char *end = size > 0 ? memchr(text, 0, (size_t)size) : NULL;
    return plain_put(out, text, end ? (size_t)(end - text) : (size_t)size);
}

static bool plain_number(plain_text *out, bool negative, uint64_t number)
{
    char digits[24];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    if (negative) digits[--at] = '-';
    return plain_put(out, digits + at, sizeof digits - at);
}

/* The conversion behind a %; 0: another one than these, or it does not fit. */
static size_t plain_conversion(plain_text *out, const char *word, va_list *arguments)
{
    if (word[0] == '.' && word[1] == '*' && word[2] == 's') {
        int size = va_arg(*arguments, int);
        return plain_str(out, va_arg(*arguments, const char *), size) ? 3 : 0;
    }
    if (word[0] == 's') {
        const char *text = va_arg(*arguments, const char *);
        return text && plain_put(out, text, strlen(text)) ? 1 : 0;
    }
    if (word[0] == 'u') return plain_number(out, false, va_arg(*arguments, unsigned)) ? 1 : 0;
    if (word[0] == 'd') {
        int64_t number = va_arg(*arguments, int);
        return plain_number(out, number < 0, (uint64_t)(number < 0 ? -number : number)) ? 1 : 0;
    }
    if (word[0] == 'z' && word[1] == 'u')
        return plain_number(out, false, va_arg(*arguments, size_t)) ? 2 : 0;
    return 0;
}

/*
 * Formats %s, %.*s, %u, %d and %zu several times faster than printf. False: the text does not fit
 * or the format asks for more; then printf itself has to do it.
 */
static bool plain_format(plain_text *out, const char *format, va_list *arguments)
{
    while (*format) {
        if (*format == '%') {
            size_t size = plain_conversion(out, format + 1, arguments);
            if (size == 0) return false;
            format += size + 1;
        } else {
            if (out->at == out->end) return false;
            *out->at++ = *format++;
        }
    }
    return true;
}

sgc_str sgc_arena_printf(sgc_arena *arena, const char *format, ...)
{
    char small[512];
    plain_text plain = {small, small + sizeof small};
    va_list arguments, again;
    char *text = NULL;

    va_start(arguments, format);
    bool fine = plain_format(&plain, format, &arguments);
    va_end(arguments);
    if (fine) return sgc_arena_str(arena, sgc_str_of(small, (size_t)(plain.at - small)));
    va_start(arguments, format);
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (size >= 0) text = sgc_arena_alloc(arena, (size_t)size + 1);
    if (text) vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    return sgc_str_of(text, text ? (size_t)size : 0);
}

static __attribute__((noinline)) void free_older(struct sgc_arena_block *kept)
{
    for (struct sgc_arena_block *block = kept->older; block;) {
        struct sgc_arena_block *older = block->older;
        sgc_free(block);
        block = older;
    }
    kept->older = NULL;
}

void sgc_arena_reset(sgc_arena *arena)
{
    struct sgc_arena_block *kept = arena->block;

    if (!kept) return;
    if (kept->older) free_older(kept);
    arena->total = kept->size;
    arena->next = block_data(kept);
    arena->end = (char *)kept + kept->size;
}

void sgc_arena_free(sgc_arena *arena)
{
    sgc_arena_reset(arena);
    sgc_free(arena->block);
    *arena = (sgc_arena){0};
}

/* ---- buffer ---- */

char *sgc_buf_reserve(sgc_buf *buf, size_t more)
{
    size_t needed;

    if (buf->failed) return NULL;
    if (!sgc_add(buf->size, more, &needed)) {
        buf->failed = true;
        return NULL;
    }
    if (needed > buf->capacity || !buf->data) {
        size_t capacity = buf->capacity < 256 ? 256 : buf->capacity;
        while (capacity < needed)
            capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
        char *data = sgc_realloc(buf->data, capacity, 1);
        if (!data) {
            buf->failed = true;
            return NULL;
        }
        buf->data = data;
        buf->capacity = capacity;
    }
    return buf->data + buf->size;
}

void sgc_buf_append(sgc_buf *buf, const void *data, size_t size)
{
    char *at = size ? sgc_buf_reserve(buf, size) : NULL;

    if (!at) return;
    memcpy(at, data, size);
    buf->size += size;
}

void sgc_buf_vprintf(sgc_buf *buf, const char *format, va_list arguments)
{
    char *start = sgc_buf_reserve(buf, PRINTF_SMALL);
    va_list again;

    if (!start) return;
    va_copy(again, arguments);
    plain_text plain = {start, start + PRINTF_SMALL - 1};
    bool fine = plain_format(&plain, format, &again);
    va_end(again);
    if (fine) {
        *plain.at = '\0';
        buf->size += (size_t)(plain.at - start);
        return;
    }
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    char *at = size < 0 ? NULL : sgc_buf_reserve(buf, (size_t)size + 1);
    if (at) {
        vsnprintf(at, (size_t)size + 1, format, again);
        buf->size += (size_t)size;
    }
    va_end(again);
}

void sgc_buf_printf(sgc_buf *buf, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    sgc_buf_vprintf(buf, format, arguments);
    va_end(arguments);
}

void sgc_buf_free(sgc_buf *buf)
{
    sgc_free(buf->data);
    *buf = (sgc_buf){0};
}
