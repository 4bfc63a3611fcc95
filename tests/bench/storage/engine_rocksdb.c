/* engine_rocksdb.c - users in RocksDB: rows as MessagePack under "r" + id, "e" + email -> id,
 * "a" + age + id; every write batch synced, block cache, bloom filters, LZ4. */
#include "packed.h"

#include <rocksdb/c.h>
#include <stdlib.h>

typedef struct store {
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_readoptions_t *read;
    rocksdb_writeoptions_t *durable, *loose;
    rocksdb_cache_t *cache;
} store;

typedef struct session {
    store *of;
    msgpack_unpacked unpacked;
    msgpack_sbuffer packed;
} session;

enum { LOAD_BATCH = 1000 };

static void must(char *error)
{
    if (error) bench_fail("RocksDB: %s", error);
}

static void *open_it(const char *folder, size_t cache)
{
    store *s = calloc(1, sizeof *s);
    rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();
    char *error = NULL;

    if (!s) bench_fail("out of memory");
    s->options = rocksdb_options_create();
    s->cache = rocksdb_cache_create_lru(cache);
    rocksdb_block_based_options_set_block_cache(table, s->cache);
    rocksdb_block_based_options_set_filter_policy(table,
                                                  rocksdb_filterpolicy_create_bloom_full(10));
    rocksdb_options_set_block_based_table_factory(s->options, table);
    rocksdb_options_set_create_if_missing(s->options, 1);
    rocksdb_options_set_compression(s->options, rocksdb_lz4_compression);
    rocksdb_options_increase_parallelism(s->options, 2);
    s->read = rocksdb_readoptions_create();
    s->loose = rocksdb_writeoptions_create();
    s->durable = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(s->durable, 1);
    s->db = rocksdb_open(s->options, folder, &error);
    must(error);
    rocksdb_block_based_options_destroy(table);
    return s;
}

static void close_it(void *self)
{
    store *s = self;

    rocksdb_close(s->db);
    rocksdb_readoptions_destroy(s->read);
    rocksdb_writeoptions_destroy(s->loose);
    rocksdb_writeoptions_destroy(s->durable);
    rocksdb_options_destroy(s->options);
    rocksdb_cache_destroy(s->cache);
    free(s);
}

static void settle(void *self)
{
    store *s = self;
    rocksdb_flushoptions_t *options = rocksdb_flushoptions_create();
    char *error = NULL;

    rocksdb_flush(s->db, options, &error);
    must(error);
    rocksdb_flushoptions_destroy(options);
    rocksdb_compact_range(s->db, NULL, 0, NULL, 0);
}

static void *new_session(void *self)
{
    session *s = calloc(1, sizeof *s);

    if (!s) bench_fail("out of memory");
    s->of = self;
    msgpack_unpacked_init(&s->unpacked);
    msgpack_sbuffer_init(&s->packed);
    return s;
}

static void end_session(void *of)
{
    session *s = of;

    msgpack_unpacked_destroy(&s->unpacked);
    msgpack_sbuffer_destroy(&s->packed);
    free(s);
}

static size_t key_of(char kind, const char *text, char out[64])
{
    size_t size = strlen(text);

    out[0] = kind;
    memcpy(out + 1, text, size);
    return size + 1;
}

static size_t age_key(int32_t age, const char *id, char out[64])
{
    out[0] = 'a';
    return 1 + packed_age_key(age, id, out + 1);
}

static void put_user(session *s, rocksdb_writebatch_t *batch, const user *u)
{
    char row[64], email[64], age[64];

    packed_write(&s->packed, u);
    rocksdb_writebatch_put(batch, row, key_of('r', u->id, row), s->packed.data, s->packed.size);
    rocksdb_writebatch_put(batch, email, key_of('e', u->email, email), u->id, strlen(u->id));
    rocksdb_writebatch_put(batch, age, age_key(u->age, u->id, age), "", 0);
}

static void write_batch(session *s, rocksdb_writebatch_t *batch, bool durable)
{
    char *error = NULL;

    rocksdb_write(s->of->db, durable ? s->of->durable : s->of->loose, batch, &error);
    must(error);
    rocksdb_writebatch_clear(batch);
}

static void must_be_free(session *s, char kind, const char *text)
{
    char key[64], *error = NULL;
    rocksdb_pinnableslice_t *found =
        rocksdb_get_pinned(s->of->db, s->of->read, key, key_of(kind, text, key), &error);

    must(error);
    if (found) bench_fail("RocksDB: %s is there already", text);
}

static void load(void *self, uint64_t first, uint64_t count)
{
    session *s = new_session(self);
    rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
    user u;

    for (uint64_t n = first; n < first + count; n++) {
        bench_user(n, &u);
        must_be_free(s, 'e', u.email);
        put_user(s, batch, &u);
        if ((n + 1 - first) % LOAD_BATCH == 0) write_batch(s, batch, false);
    }
    write_batch(s, batch, true);
    rocksdb_writebatch_destroy(batch);
    end_session(s);
}

static uint64_t sum_row(session *s, const char *key, size_t size, user *copy)
{
    char *error = NULL;
    rocksdb_pinnableslice_t *row = rocksdb_get_pinned(s->of->db, s->of->read, key, size, &error);
    size_t row_size = 0;

    must(error);
    if (!row) bench_fail("RocksDB: a row is missing");
    const char *data = rocksdb_pinnableslice_value(row, &row_size);
    uint64_t sum = packed_sum(&s->unpacked, data, row_size);
    if (copy) packed_user(&s->unpacked, data, row_size, copy);
    rocksdb_pinnableslice_destroy(row);
    return sum;
}

static uint64_t get(void *of, const char *id)
{
    char key[64];

    return sum_row(of, key, key_of('r', id, key), NULL);
}

static uint64_t get_batch(void *of, const char (*ids)[16])
{
    uint64_t sum = 0;

    for (int i = 0; i < BATCH_GETS; i++)
        sum += get(of, ids[i]);
    return sum;
}

static uint64_t by_email(void *of, const char *email)
{
    session *s = of;
    char key[64], id[64] = "", *error = NULL;
    size_t size = 0;
    rocksdb_pinnableslice_t *found =
        rocksdb_get_pinned(s->of->db, s->of->read, key, key_of('e', email, key), &error);

    must(error);
    if (!found) bench_fail("RocksDB: an email is missing");
    const char *data = rocksdb_pinnableslice_value(found, &size);
    memcpy(id, data, size < sizeof id ? size : sizeof id - 1);
    rocksdb_pinnableslice_destroy(found);
    return get(s, id);
}

static uint64_t by_age(void *of, int32_t age)
{
    session *s = of;
    char key[64], id[64];
    uint64_t sum = 0;
    rocksdb_iterator_t *at = rocksdb_create_iterator(s->of->db, s->of->read);

    rocksdb_iter_seek(at, key, age_key(age, "", key));
    for (int i = 0; i < RANGE_ROWS && rocksdb_iter_valid(at); i++) {
        size_t size;
        const char *entry = rocksdb_iter_key(at, &size);
        if (entry[0] != 'a') break;
        memcpy(id, entry + 5, size - 5);
        id[size - 5] = '\0';
        sum += get(s, id);
        rocksdb_iter_next(at);
    }
    rocksdb_iter_destroy(at);
    return sum;
}

static double average(void *of)
{
    session *s = of;
    double sum = 0, count = 0;
    rocksdb_iterator_t *at = rocksdb_create_iterator(s->of->db, s->of->read);

    for (rocksdb_iter_seek(at, "r", 1); rocksdb_iter_valid(at); rocksdb_iter_next(at)) {
        size_t size, row_size;
        if (rocksdb_iter_key(at, &size)[0] != 'r') break;
        const char *row = rocksdb_iter_value(at, &row_size);
        const msgpack_object *fields = packed_read(&s->unpacked, row, row_size);
        if (!fields) bench_fail("a stored row is no user");
        sum += (double)fields[3].via.i64;
        count++;
    }
    rocksdb_iter_destroy(at);
    return sum / count;
}

static void insert(void *of, uint64_t n)
{
    session *s = of;
    rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
    user u;

    bench_user(n, &u);
    must_be_free(s, 'e', u.email);
    must_be_free(s, 'r', u.id);
    put_user(s, batch, &u);
    write_batch(s, batch, true);
    rocksdb_writebatch_destroy(batch);
}

static void update(void *of, const char *id, int32_t age)
{
    session *s = of;
    rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
    char key[64];
    user u;

    (void)sum_row(s, key, key_of('r', id, key), &u);
    rocksdb_writebatch_delete(batch, key, age_key(u.age, id, key));
    u.age = age;
    put_user(s, batch, &u);
    write_batch(s, batch, true);
    rocksdb_writebatch_destroy(batch);
}

const bench_engine bench_rocksdb = {
    .name = "rocksdb",
    .title = "RocksDB",
    .open = open_it,
    .close = close_it,
    .load = load,
    .settle = settle,
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
