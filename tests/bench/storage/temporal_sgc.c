/* temporal_sgc.c - history through the emitted functions in a read transaction at a moment. */
#include "temporal.h"

#include "users.sgc.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

typedef struct store {
    sgc_db *db;
    char folder[512];
} store;

static void must(sgc_status rc, sgc_txn *txn)
{
    if (rc != SGC_OK) bench_fail("sgc: %s: %s", sgc_status_text(rc), txn ? sgc_errmsg(txn) : "");
}

static void *open_it(const char *folder)
{
    store *s = calloc(1, sizeof *s);
    sgc_error error = {SGC_OK, ""};

    if (!s) bench_fail("out of memory");
    snprintf(s->folder, sizeof s->folder, "%s", folder);
    if (users_open(folder, NULL, &s->db, &error) != SGC_OK) bench_fail("sgc: %s", error.text);
    return s;
}

static void close_it(void *self)
{
    store *s = self;

    must(sgc_db_close(s->db), NULL);
    free(s);
}

static void load(void *self, uint64_t rows)
{
    store *s = self;
    sgc_txn *txn = NULL;
    user u;

    must(sgc_begin(s->db, &txn), NULL);
    for (uint64_t n = 0; n < rows; n++) {
        bench_user(n, &u);
        users_user_new in = {.id = sgc_str_from(u.id),
                             .name = sgc_str_from(u.name),
                             .email = sgc_str_from(u.email),
                             .age = temporal_age(n, 0),
                             .city = sgc_str_from(u.city),
                             .created = u.created};
        must(users_user_create(txn, &in, NULL), txn);
    }
    must(sgc_commit(&txn, NULL), NULL);
}

static void update_all(void *self, uint64_t rows, uint64_t round)
{
    store *s = self;
    char id[16];

    for (uint64_t n = 0; n < rows;) {
        sgc_txn *txn = NULL;
        must(sgc_begin(s->db, &txn), NULL);
        for (uint64_t i = 0; n < rows && i < TEMPORAL_BATCH; i++, n++) {
            users_user_patch patch = {.set = {.age = true}, .age = temporal_age(n, round)};
            bench_id(n, id);
            must(users_user_update(txn, sgc_str_from(id), &patch), txn);
        }
        must(sgc_commit(&txn, NULL), NULL);
    }
}

static void settle(void *self)
{
    store *s = self;
    sgc_error error = {SGC_OK, ""};

    must(sgc_db_flush(s->db), NULL);
    if (sgc_db_compact(s->db, &error) != SGC_OK) bench_fail("sgc: %s", error.text);
}

static temporal_moment now(void *self)
{
    const store *s = self;

    return sgc_db_head(s->db);
}

static uint64_t get_in(store *s, sgc_moment moment, const char *id)
{
    sgc_txn *txn = NULL;
    users_user u;

    must(sgc_begin_read(s->db, moment, &txn), NULL);
    must(users_user_get(txn, sgc_str_from(id), &u), txn);
    uint64_t sum = bench_sum(u.id.data, u.id.size, u.name.data, u.name.size, u.email.data,
                             u.email.size, u.age, u.city.data, u.city.size, u.created);
    sgc_abort(&txn);
    return sum;
}

static uint64_t get(void *self, const char *id)
{
    return get_in(self, sgc_now(), id);
}

static uint64_t get_at(void *self, const char *id, temporal_moment at)
{
    return get_in(self, sgc_at_seq(at), id);
}

static double average_in(store *s, sgc_moment moment)
{
    sgc_txn *txn = NULL;
    users_user_view u;
    double sum = 0, count = 0;

    must(sgc_begin_read(s->db, moment, &txn), NULL);
    users_user_scan scan = users_user_scan_open(txn);
    for (; users_user_scan_next(&scan, &u); count++)
        sum += users_user_view_age(u);
    must(users_user_scan_status(&scan), txn);
    sgc_abort(&txn);
    return sum / count;
}

static double average(void *self)
{
    return average_in(self, sgc_now());
}

static double average_at(void *self, temporal_moment at)
{
    return average_in(self, sgc_at_seq(at));
}

static double bytes(void *self)
{
    const store *s = self;
    sgc_db_stats stats;

    sgc_db_get_stats(s->db, &stats);
    return (double)(stats.page_file_bytes + stats.history_bytes);
}

const temporal_engine temporal_sgc = {
    .name = "sgc",
    .title = "sgc",
    .open = open_it,
    .close = close_it,
    .load = load,
    .update_all = update_all,
    .settle = settle,
    .now = now,
    .get = get,
    .get_at = get_at,
    .average = average,
    .average_at = average_at,
    .bytes = bytes,
};
