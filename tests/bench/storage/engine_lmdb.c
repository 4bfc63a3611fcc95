/* engine_lmdb.c - users in LMDB: rows as MessagePack by id, email -> id, (age, id); synchronous
 * commits, read transactions renewed. */
#include "packed.h"

#include <lmdb.h>
#include <stdlib.h>

typedef struct store {
    MDB_env *env;
    MDB_dbi rows, emails, ages;
} store;

typedef struct session {
    store *of;
    MDB_txn *reader;
    msgpack_unpacked unpacked;
    msgpack_sbuffer packed;
} session;

static void must(int rc)
{
    if (rc != 0) bench_fail("LMDB: %s", mdb_strerror(rc));
}

static MDB_val val(const void *data, size_t size)
{
    return (MDB_val){size, (void *)(uintptr_t)data};
}

static void *open_it(const char *folder, size_t cache)
{
    store *s = calloc(1, sizeof *s);
    MDB_txn *txn;

    (void)cache; /* the system's own page cache */
    if (!s) bench_fail("out of memory");
    must(mdb_env_create(&s->env));
    must(mdb_env_set_maxdbs(s->env, 4));
    must(mdb_env_set_mapsize(s->env, (size_t)16 << 30));
    must(mdb_env_open(s->env, folder, MDB_NOTLS, 0644));
    must(mdb_txn_begin(s->env, NULL, 0, &txn));
    must(mdb_dbi_open(txn, "rows", MDB_CREATE, &s->rows));
    must(mdb_dbi_open(txn, "emails", MDB_CREATE, &s->emails));
    must(mdb_dbi_open(txn, "ages", MDB_CREATE, &s->ages));
    must(mdb_txn_commit(txn));
    return s;
}

static void close_it(void *self)
{
    store *s = self;

    mdb_env_close(s->env);
    free(s);
}

static void *new_session(void *self)
{
    session *s = calloc(1, sizeof *s);

    if (!s) bench_fail("out of memory");
    s->of = self;
    must(mdb_txn_begin(s->of->env, NULL, MDB_RDONLY, &s->reader));
    mdb_txn_reset(s->reader);
    msgpack_unpacked_init(&s->unpacked);
    msgpack_sbuffer_init(&s->packed);
    return s;
}

static void end_session(void *of)
{
    session *s = of;

    mdb_txn_abort(s->reader);
    msgpack_unpacked_destroy(&s->unpacked);
    msgpack_sbuffer_destroy(&s->packed);
    free(s);
}

static void put_user(session *s, MDB_txn *txn, const user *u)
{
    char entry[24];
    MDB_val id = val(u->id, strlen(u->id)), email = val(u->email, strlen(u->email));
    MDB_val age = val(entry, packed_age_key(u->age, u->id, entry)), none = val("", 0);

    packed_write(&s->packed, u);
    MDB_val row = val(s->packed.data, s->packed.size);
    must(mdb_put(txn, s->of->rows, &id, &row, MDB_NOOVERWRITE));
    must(mdb_put(txn, s->of->emails, &email, &id, MDB_NOOVERWRITE));
    must(mdb_put(txn, s->of->ages, &age, &none, 0));
}

static void load(void *self, uint64_t first, uint64_t count)
{
    session *s = new_session(self);
    MDB_txn *txn;
    user u;

    must(mdb_txn_begin(s->of->env, NULL, 0, &txn));
    for (uint64_t n = first; n < first + count; n++) {
        bench_user(n, &u);
        put_user(s, txn, &u);
    }
    must(mdb_txn_commit(txn));
    end_session(s);
}

static uint64_t sum_key(session *s, MDB_val *id)
{
    MDB_val row;

    must(mdb_get(s->reader, s->of->rows, id, &row));
    return packed_sum(&s->unpacked, row.mv_data, row.mv_size);
}

static uint64_t get(void *of, const char *id)
{
    session *s = of;
    MDB_val key = val(id, strlen(id));

    must(mdb_txn_renew(s->reader));
    uint64_t sum = sum_key(s, &key);
    mdb_txn_reset(s->reader);
    return sum;
}

static uint64_t get_batch(void *of, const char (*ids)[16])
{
    session *s = of;
    uint64_t sum = 0;

    must(mdb_txn_renew(s->reader));
    for (int i = 0; i < BATCH_GETS; i++) {
        MDB_val key = val(ids[i], strlen(ids[i]));
        sum += sum_key(s, &key);
    }
    mdb_txn_reset(s->reader);
    return sum;
}

static uint64_t by_email(void *of, const char *email)
{
    session *s = of;
    MDB_val key = val(email, strlen(email)), id;

    must(mdb_txn_renew(s->reader));
    must(mdb_get(s->reader, s->of->emails, &key, &id));
    uint64_t sum = sum_key(s, &id);
    mdb_txn_reset(s->reader);
    return sum;
}

static uint64_t by_age(void *of, int32_t age)
{
    session *s = of;
    MDB_cursor *cursor;
    char entry[24];
    MDB_val key = val(entry, packed_age_key(age, "", entry)), none;
    uint64_t sum = 0;

    must(mdb_txn_renew(s->reader));
    must(mdb_cursor_open(s->reader, s->of->ages, &cursor));
    int rc = mdb_cursor_get(cursor, &key, &none, MDB_SET_RANGE);
    for (int i = 0; rc == 0 && i < RANGE_ROWS; i++) {
        MDB_val id = val((char *)key.mv_data + 4, key.mv_size - 4);
        sum += sum_key(s, &id);
        rc = mdb_cursor_get(cursor, &key, &none, MDB_NEXT);
    }
    if (rc != MDB_NOTFOUND) must(rc);
    mdb_cursor_close(cursor);
    mdb_txn_reset(s->reader);
    return sum;
}

static double average(void *of)
{
    session *s = of;
    MDB_cursor *cursor;
    MDB_val key, row;
    double sum = 0, count = 0;

    must(mdb_txn_renew(s->reader));
    must(mdb_cursor_open(s->reader, s->of->rows, &cursor));
    while (mdb_cursor_get(cursor, &key, &row, MDB_NEXT) == 0) {
        const msgpack_object *fields = packed_read(&s->unpacked, row.mv_data, row.mv_size);
        if (!fields) bench_fail("a stored row is no user");
        sum += (double)fields[3].via.i64;
        count++;
    }
    mdb_cursor_close(cursor);
    mdb_txn_reset(s->reader);
    return sum / count;
}

static void insert(void *of, uint64_t n)
{
    session *s = of;
    MDB_txn *txn;
    user u;

    bench_user(n, &u);
    must(mdb_txn_begin(s->of->env, NULL, 0, &txn));
    put_user(s, txn, &u);
    must(mdb_txn_commit(txn));
}

static void update(void *of, const char *id, int32_t age)
{
    session *s = of;
    MDB_txn *txn;
    MDB_val key = val(id, strlen(id)), row, none = val("", 0);
    char old_entry[24], entry[24];
    user u;

    must(mdb_txn_begin(s->of->env, NULL, 0, &txn));
    must(mdb_get(txn, s->of->rows, &key, &row));
    packed_user(&s->unpacked, row.mv_data, row.mv_size, &u);
    MDB_val old = val(old_entry, packed_age_key(u.age, id, old_entry));
    u.age = age;
    packed_write(&s->packed, &u);
    row = val(s->packed.data, s->packed.size);
    must(mdb_put(txn, s->of->rows, &key, &row, 0));
    must(mdb_del(txn, s->of->ages, &old, NULL));
    MDB_val now = val(entry, packed_age_key(age, id, entry));
    must(mdb_put(txn, s->of->ages, &now, &none, 0));
    must(mdb_txn_commit(txn));
}

const bench_engine bench_lmdb = {
    .name = "lmdb",
    .title = "LMDB",
    .open = open_it,
    .close = close_it,
    .load = load,
    .session = new_session,
    .end = end_session,
    .get = get,
    .get_batch = get_batch,
    .by_email = by_email,
    .by_age = by_age,
    .average = average,
    .insert = insert,
    .update = update,
};
