/* packed.h - a user as a MessagePack array, written and read by msgpack-c: what engines without
 * types store. */
#ifndef BENCH_STORAGE_PACKED_H
#define BENCH_STORAGE_PACKED_H

#include "bench.h"

#include <msgpack.h>
#include <string.h>

static inline void packed_text(msgpack_packer *packer, const char *text)
{
    size_t size = strlen(text);

    msgpack_pack_str(packer, size);
    msgpack_pack_str_body(packer, text, size);
}

static inline void packed_write(msgpack_sbuffer *out, const user *u)
{
    msgpack_packer packer;

    msgpack_sbuffer_clear(out);
    msgpack_packer_init(&packer, out, msgpack_sbuffer_write);
    msgpack_pack_array(&packer, 6);
    packed_text(&packer, u->id);
    packed_text(&packer, u->name);
    packed_text(&packer, u->email);
    msgpack_pack_int32(&packer, u->age);
    packed_text(&packer, u->city);
    msgpack_pack_int64(&packer, u->created);
}

/** The elements; NULL when the bytes are no user. */
static inline const msgpack_object *packed_read(msgpack_unpacked *unpacked, const void *data,
                                                size_t size)
{
    if (msgpack_unpack_next(unpacked, data, size, NULL) != MSGPACK_UNPACK_SUCCESS ||
        unpacked->data.type != MSGPACK_OBJECT_ARRAY || unpacked->data.via.array.size != 6)
        return NULL;
    return unpacked->data.via.array.ptr;
}

static inline uint64_t packed_sum(msgpack_unpacked *unpacked, const void *data, size_t size)
{
    const msgpack_object *of = packed_read(unpacked, data, size);

    if (!of) bench_fail("a stored row is no user");
    return bench_sum(of[0].via.str.ptr, of[0].via.str.size, of[1].via.str.ptr, of[1].via.str.size,
                     of[2].via.str.ptr, of[2].via.str.size, (int32_t)of[3].via.i64,
                     of[4].via.str.ptr, of[4].via.str.size, of[5].via.i64);
}

static inline void packed_copy(const msgpack_object *text, char *out, size_t room)
{
    size_t size = text->via.str.size < room ? text->via.str.size : room - 1;

    memcpy(out, text->via.str.ptr, size);
    out[size] = '\0';
}

/** A stored row as a user that can be changed. */
static inline void packed_user(msgpack_unpacked *unpacked, const void *data, size_t size, user *out)
{
    const msgpack_object *of = packed_read(unpacked, data, size);

    if (!of) bench_fail("a stored row is no user");
    packed_copy(&of[0], out->id, sizeof out->id);
    packed_copy(&of[1], out->name, sizeof out->name);
    packed_copy(&of[2], out->email, sizeof out->email);
    packed_copy(&of[4], out->city, sizeof out->city);
    out->age = (int32_t)of[3].via.i64;
    out->created = of[5].via.i64;
}

/** Age and id: an entry of the index on age; its size. */
static inline size_t packed_age_key(int32_t age, const char *id, char out[24])
{
    size_t size = strlen(id);

    for (int i = 0; i < 4; i++)
        out[i] = (char)((uint32_t)age >> (24 - 8 * i));
    memcpy(out + 4, id, size);
    return 4 + size;
}

#endif
