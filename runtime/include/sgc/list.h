/*
 * list.h - lists of scalars and enums inside rows. A row holds a list as it is stored, so reading a
 * row allocates nothing; sgc_list_next_*() walk it. What you write is an ordinary array.
 */
#ifndef SGC_LIST_H
#define SGC_LIST_H

#include "sgc/codec.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A borrowed list in its stored form. data == NULL means null, count == 0 an empty list. It is its
 * own cursor: copy it and call sgc_list_next_*() until false.
 *
 *     sgc_list tags = user.tags;
 *     sgc_str tag;
 *     while (sgc_list_next_str(&tags, &tag)) ...
 */
typedef struct sgc_list {
    const uint8_t *data; /**< the first element */
    size_t size;         /**< bytes of all elements */
    uint32_t count;
} sgc_list;

static inline bool sgc_list_is_null(sgc_list list)
{
    return list.data == NULL;
}

/**
 * Takes the first element off the list: true and the element, false when the list is empty or its
 * elements are of another kind. A null element has text.data == NULL, or *has == false where `has`
 * is not NULL.
 */
bool sgc_list_next_str(sgc_list *list, sgc_str *item);
bool sgc_list_next_bytes(sgc_list *list, sgc_str *item);
bool sgc_list_next_bool(sgc_list *list, bool *has, bool *item);
/** The stored number of an enum value: the value of its C constant. 0 is null. */
bool sgc_list_next_enum(sgc_list *list, uint16_t *item);
bool sgc_list_next_int(sgc_list *list, bool *has, int32_t *item);
bool sgc_list_next_int64(sgc_list *list, bool *has, int64_t *item);
bool sgc_list_next_float(sgc_list *list, bool *has, double *item);
/** An embedded value as it is packed, for the emitted <type>_unpack(). */
bool sgc_list_next_packed(sgc_list *list, sgc_str *item);

/* ---- arrays that are written as lists: items == NULL means null, has == NULL all have a value
 * ---- */

typedef struct sgc_str_array {
    const sgc_str *items;
    size_t count;
} sgc_str_array;
typedef struct sgc_bool_array {
    const bool *items;
    const bool *has;
    size_t count;
} sgc_bool_array;
typedef struct sgc_int_array {
    const int32_t *items;
    const bool *has;
    size_t count;
} sgc_int_array;
typedef struct sgc_int64_array {
    const int64_t *items;
    const bool *has;
    size_t count;
} sgc_int64_array;
typedef struct sgc_float_array {
    const double *items;
    const bool *has;
    size_t count;
} sgc_float_array;

/* ---- for emitted code ---- */

/** Reads a list or nil whose elements are of `kind`; NULL when [p, end) does not hold one. */
const uint8_t *sgc_read_list(const uint8_t *p, const uint8_t *end, sgc_kind kind, sgc_list *out);
/** Reads an embedded value or nil as it is packed. */
const uint8_t *sgc_read_packed(const uint8_t *p, const uint8_t *end, sgc_str *out);
/** Most bytes a list takes; write it with sgc_put_list(). */
static inline size_t sgc_list_room(sgc_list list)
{
    return list.size + 5;
}
uint8_t *sgc_put_list(uint8_t *p, sgc_list list);
/** nil when null, else the bytes; p has packed.size + 1 bytes. */
uint8_t *sgc_put_packed(uint8_t *p, sgc_str packed);
/** Adds up room and stops at SIZE_MAX, which no allocation grants. */
static inline size_t sgc_room_add(size_t room, size_t more)
{
    return room > SIZE_MAX - more ? SIZE_MAX : room + more;
}
/** A copy in the arena; null stays null. false when memory is out. */
bool sgc_list_copy(sgc_arena *arena, sgc_list list, sgc_list *out);

/** Writes a list as a JSON array, null as null. */
void sgc_list_json(sgc_buf *out, sgc_kind kind, sgc_list list);

#ifdef __cplusplus
}
#endif
#endif
