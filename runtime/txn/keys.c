/*
 * keys.c - lists of keys that rows hold, on their way from one version of a row to the next: with
 * a key more, or without one. What is written is checked where rows are written.
 */
#include "sgc/typed.h"

#include "txn/txn.h"

/* Room for the list's elements and one more. */
static void *room(sgc_txn *txn, sgc_list keys, size_t size)
{
    return sgc_arena_zero(sgc_txn_arena(txn), (size_t)keys.count + 1, size);
}

/* ---- one more ---- */

sgc_status sgc_keys_add_text(sgc_txn *txn, sgc_list keys, sgc_str key, sgc_str_array *out)
{
    sgc_str *items = room(txn, keys, sizeof *items);

    if (!items) return SGC_NO_MEMORY;
    out->items = items;
    out->count = 0;
    while (sgc_list_next_str(&keys, &items[out->count]))
        out->count++;
    items[out->count++] = key;
    return SGC_OK;
}

sgc_status sgc_keys_add_int(sgc_txn *txn, sgc_list keys, int32_t key, sgc_int_array *out)
{
    int32_t *items = room(txn, keys, sizeof *items);

    if (!items) return SGC_NO_MEMORY;
    out->items = items;
    out->has = NULL;
    out->count = 0;
    while (sgc_list_next_int(&keys, NULL, &items[out->count]))
        out->count++;
    items[out->count++] = key;
    return SGC_OK;
}

sgc_status sgc_keys_add_int64(sgc_txn *txn, sgc_list keys, int64_t key, sgc_int64_array *out)
{
    int64_t *items = room(txn, keys, sizeof *items);

    if (!items) return SGC_NO_MEMORY;
    out->items = items;
    out->has = NULL;
    out->count = 0;
    while (sgc_list_next_int64(&keys, NULL, &items[out->count]))
        out->count++;
    items[out->count++] = key;
    return SGC_OK;
}

/* ---- one less ---- */

/* Steps through the types beside the keys and keeps those whose keys are kept. */
typedef struct filter {
    sgc_key_types types;
    sgc_str *names;
} filter;

static sgc_status filter_start(sgc_txn *txn, sgc_key_types types, filter *f)
{
    *f = (filter){.types = types};
    if (!types.kept) return SGC_OK;
    f->names = room(txn, types.stored, sizeof *f->names);
    types.kept->items = f->names;
    types.kept->count = 0;
    return f->names ? SGC_OK : SGC_NO_MEMORY;
}

/* Whether the next key stays; `like` says that it is the one to leave out, if its type is too. */
static bool stays(filter *f, bool like)
{
    sgc_str name = {NULL, 0};

    if (!f->types.kept) return !like;
    if (!sgc_list_next_str(&f->types.stored, &name)) return !like;
    if (like && name.data && sgc_str_eq(name, f->types.name)) return false;
    f->names[f->types.kept->count++] = name;
    return true;
}

sgc_status sgc_keys_drop_text(sgc_txn *txn, sgc_list keys, sgc_key_types types, sgc_str key,
                              sgc_str_array *out)
{
    sgc_str *items = room(txn, keys, sizeof *items), item;
    filter f;
    sgc_status status = filter_start(txn, types, &f);

    if (!items || status != SGC_OK) return SGC_NO_MEMORY;
    out->items = items;
    out->count = 0;
    while (sgc_list_next_str(&keys, &item))
        if (stays(&f, key.data && sgc_str_eq(item, key))) items[out->count++] = item;
    return SGC_OK;
}

sgc_status sgc_keys_drop_int(sgc_txn *txn, sgc_list keys, sgc_key_types types, int32_t key,
                             sgc_int_array *out)
{
    int32_t *items = room(txn, keys, sizeof *items), item;
    filter f;
    sgc_status status = filter_start(txn, types, &f);

    if (!items || status != SGC_OK) return SGC_NO_MEMORY;
    out->items = items;
    out->has = NULL;
    out->count = 0;
    while (sgc_list_next_int(&keys, NULL, &item))
        if (stays(&f, item == key)) items[out->count++] = item;
    return SGC_OK;
}

sgc_status sgc_keys_drop_int64(sgc_txn *txn, sgc_list keys, sgc_key_types types, int64_t key,
                               sgc_int64_array *out)
{
    int64_t *items = room(txn, keys, sizeof *items), item;
    filter f;
    sgc_status status = filter_start(txn, types, &f);

    if (!items || status != SGC_OK) return SGC_NO_MEMORY;
    out->items = items;
    out->has = NULL;
    out->count = 0;
    while (sgc_list_next_int64(&keys, NULL, &item))
        if (stays(&f, item == key)) items[out->count++] = item;
    return SGC_OK;
}
