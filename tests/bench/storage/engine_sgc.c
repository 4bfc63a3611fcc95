/* engine_sgc.c - users through the functions sgc emitted for users.graphql. */
#include "bench.h"

#include "users.sgc.h"

#include <stdlib.h>

typedef struct session {
    sgc_db *db;
} session;

static void must(sgc_status rc, sgc_txn *txn)
{
    if (rc != SGC_OK) bench_fail("sgc: %s: %s", sgc_status_text(rc), txn ? sgc_errmsg(txn) : "");
}

static void *open_it(const char *folder, size_t cache)
{
    sgc_db_options options = {.cache_bytes = cache};
    sgc_error error = {SGC_OK, ""};
    sgc_db *db = NULL;

    if (users_open(folder, &options, &db, &error) != SGC_OK) bench_fail("sgc: %s", error.text);
    return db;
}

static void close_it(void *self)
{
    must(sgc_db_close(self), NULL);
}

static void settle(void *self)
{
    must(sgc_db_flush(self), NULL);
}

static users_user_new row_of(const user *u)
{
    return (users_user_new){.id = sgc_str_from(u->id),
                            .name = sgc_str_from(u->name),
                            .email = sgc_str_from(u->email),
                            .age = u->age,
                            .city = sgc_str_from(u->city),
                            .created = u->created};
}

static void load(void *self, uint64_t first, uint64_t count)
{
    sgc_load *load = NULL;
    sgc_error error = {SGC_OK, ""};
    sgc_commit_info info;

    if (sgc_load_begin(self, NULL, &load, &error) != SGC_OK) bench_fail("sgc: %s", error.text);
    for (uint64_t n = first; n < first + count; n++) {
        user u;
        bench_user(n, &u);
        users_user_new in = row_of(&u);
        if (users_user_load(load, &in) != SGC_OK) bench_fail("sgc: %s", sgc_load_errmsg(load));
    }
    if (sgc_load_commit(&load, &info) != SGC_OK) bench_fail("sgc: %s", info.error.text);
}

static void *new_session(void *self)
{
    session *s = malloc(sizeof *s);

    if (!s) bench_fail("out of memory");
    s->db = self;
    return s;
}

static uint64_t sum_of(const users_user *u)
{
    return bench_sum(u->id.data, u->id.size, u->name.data, u->name.size, u->email.data,
                     u->email.size, u->age, u->city.data, u->city.size, u->created);
}

static uint64_t get(void *of, const char *id)
{
    session *s = of;
    sgc_txn *txn = NULL;
    users_user u;

    must(sgc_begin_read(s->db, sgc_now(), &txn), NULL);
    must(users_user_get(txn, sgc_str_from(id), &u), txn);
    uint64_t sum = sum_of(&u);
    sgc_abort(&txn);
    return sum;
}

static uint64_t get_batch(void *of, const char (*ids)[16])
{
    session *s = of;
    sgc_txn *txn = NULL;
    uint64_t sum = 0;

    must(sgc_begin_read(s->db, sgc_now(), &txn), NULL);
    for (int i = 0; i < BATCH_GETS; i++) {
        users_user u;
        must(users_user_get(txn, sgc_str_from(ids[i]), &u), txn);
        sum += sum_of(&u);
    }
    sgc_abort(&txn);
    return sum;
}

static uint64_t by_email(void *of, const char *email)
{
    session *s = of;
    sgc_txn *txn = NULL;
    users_user u;

    must(sgc_begin_read(s->db, sgc_now(), &txn), NULL);
    must(users_user_get_by_email(txn, sgc_str_from(email), &u), txn);
    uint64_t sum = sum_of(&u);
    sgc_abort(&txn);
    return sum;
}

static uint64_t by_age(void *of, int32_t age)
{
    session *s = of;
    sgc_txn *txn = NULL;
    users_user_by_age_range range = {.from = {.given = 1, .age = age}};
    users_user u;
    uint64_t sum = 0;

    must(sgc_begin_read(s->db, sgc_now(), &txn), NULL);
    users_user_cursor cursor = users_user_by_age(txn, &range);
    for (int i = 0; i < RANGE_ROWS && users_user_cursor_next(&cursor, &u); i++)
        sum += sum_of(&u);
    must(users_user_cursor_status(&cursor), txn);
    sgc_abort(&txn);
    return sum;
}

static double average(void *of)
{
    session *s = of;
    sgc_txn *txn = NULL;
    users_user_view u;
    double sum = 0, count = 0;

    must(sgc_begin_read(s->db, sgc_now(), &txn), NULL);
    users_user_scan scan = users_user_scan_open(txn);
    for (; users_user_scan_next(&scan, &u); count++)
        sum += users_user_view_age(u);
    must(users_user_scan_status(&scan), txn);
    sgc_abort(&txn);
    return sum / count;
}

void bench_sgc_insert(void *self, uint64_t first, uint64_t count)
{
    sgc_txn *txn = NULL;
    user u;

    must(sgc_begin(self, &txn), NULL);
    for (uint64_t n = first; n < first + count; n++) {
        bench_user(n, &u);
        users_user_new in = row_of(&u);
        must(users_user_create(txn, &in, NULL), txn);
    }
    must(sgc_commit(&txn, NULL), NULL);
}

static void insert(void *of, uint64_t n)
{
    session *s = of;

    bench_sgc_insert(s->db, n, 1);
}

static void update(void *of, const char *id, int32_t age)
{
    session *s = of;
    sgc_status rc = SGC_CONFLICT;

    while (rc == SGC_CONFLICT) {
        sgc_txn *txn = NULL;
        users_user_patch patch = {.set = {.age = true}, .age = age};
        must(sgc_begin(s->db, &txn), NULL);
        must(users_user_update(txn, sgc_str_from(id), &patch), txn);
        rc = sgc_commit(&txn, NULL);
    }
    must(rc, NULL);
}

const bench_engine bench_sgc = {
    .name = "sgc",
    .title = "sgc",
    .open = open_it,
    .close = close_it,
    .load = load,
    .settle = settle,
    .session = new_session,
    .end = free,
    .get = get,
    .get_batch = get_batch,
    .by_email = by_email,
    .by_age = by_age,
    .average = average,
    .insert = insert,
    .update = update,
};
