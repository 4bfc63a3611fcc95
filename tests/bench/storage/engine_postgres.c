/*
 * engine_postgres.c - users in PostgreSQL over a socket, prepared statements, synchronous_commit
 * on, COPY for the load. The run script starts the server; `folder` is where its socket is.
 */
#include "bench.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct server {
    char conninfo[600];
    PGconn *own;
} server;

static const char schema[] =
    "DROP TABLE IF EXISTS users;"
    "CREATE TABLE users(id text PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE,"
    " age integer NOT NULL, city text NOT NULL, created bigint NOT NULL);"
    "CREATE INDEX users_age ON users(age)";

/* The result, which must have the wanted status. */
static PGresult *must(PGconn *at, PGresult *result, ExecStatusType wanted)
{
    if (PQresultStatus(result) != wanted) bench_fail("PostgreSQL: %s", PQerrorMessage(at));
    return result;
}

static void run_text(PGconn *at, const char *sql)
{
    PQclear(must(at, PQexec(at, sql), PGRES_COMMAND_OK));
}

static PGconn *connect_to(const server *s)
{
    PGconn *at = PQconnectdb(s->conninfo);

    if (PQstatus(at) != CONNECTION_OK) bench_fail("PostgreSQL: %s", PQerrorMessage(at));
    run_text(at, "SET client_min_messages = warning");
    return at;
}

static void *open_it(const char *folder, size_t cache)
{
    server *s = calloc(1, sizeof *s);

    (void)cache; /* shared_buffers, set by the run script */
    if (!s) bench_fail("out of memory");
    snprintf(s->conninfo, sizeof s->conninfo, "host=%s dbname=postgres user=postgres", folder);
    s->own = connect_to(s);
    return s;
}

static void close_it(void *self)
{
    server *s = self;

    PQfinish(s->own);
    free(s);
}

static void settle(void *self)
{
    server *s = self;

    run_text(s->own, "VACUUM ANALYZE users");
    run_text(s->own, "CHECKPOINT");
}

static void load(void *self, uint64_t first, uint64_t count)
{
    server *s = self;
    char line[400];
    user u;

    run_text(s->own, schema);
    PQclear(must(s->own, PQexec(s->own, "COPY users FROM STDIN"), PGRES_COPY_IN));
    for (uint64_t n = first; n < first + count; n++) {
        bench_user(n, &u);
        int size = snprintf(line, sizeof line, "%s\t%s\t%s\t%d\t%s\t%lld\n", u.id, u.name, u.email,
                            (int)u.age, u.city, (long long)u.created);
        if (PQputCopyData(s->own, line, size) != 1)
            bench_fail("PostgreSQL: %s", PQerrorMessage(s->own));
    }
    if (PQputCopyEnd(s->own, NULL) != 1) bench_fail("PostgreSQL: %s", PQerrorMessage(s->own));
    PQclear(must(s->own, PQgetResult(s->own), PGRES_COMMAND_OK));
    while (PQgetResult(s->own))
        continue;
}

static void *new_session(void *self)
{
    static const char *const statements[][2] = {
        {"get", "SELECT id, name, email, age, city, created FROM users WHERE id = $1"},
        {"email", "SELECT id, name, email, age, city, created FROM users WHERE email = $1"},
        {"age", "SELECT id, name, email, age, city, created FROM users WHERE age >= $1"
                " ORDER BY age, id LIMIT 100"},
        {"average", "SELECT avg(age) FROM users"},
        {"insert", "INSERT INTO users VALUES ($1, $2, $3, $4, $5, $6)"},
        {"update", "UPDATE users SET age = $2 WHERE id = $1"},
    };
    PGconn *at = connect_to(self);

    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
        PQclear(
            must(at, PQprepare(at, statements[i][0], statements[i][1], 0, NULL), PGRES_COMMAND_OK));
    return at;
}

static void end_session(void *of)
{
    PQfinish(of);
}

static PGresult *ask(PGconn *at, const char *name, int count, const char *const *values)
{
    return must(at, PQexecPrepared(at, name, count, values, NULL, NULL, 0), PGRES_TUPLES_OK);
}

static uint64_t sum_rows(PGresult *rows)
{
    uint64_t sum = 0;

    for (int i = 0; i < PQntuples(rows); i++)
        sum +=
            bench_sum(PQgetvalue(rows, i, 0), (size_t)PQgetlength(rows, i, 0),
                      PQgetvalue(rows, i, 1), (size_t)PQgetlength(rows, i, 1),
                      PQgetvalue(rows, i, 2), (size_t)PQgetlength(rows, i, 2),
                      (int32_t)strtol(PQgetvalue(rows, i, 3), NULL, 10), PQgetvalue(rows, i, 4),
                      (size_t)PQgetlength(rows, i, 4), strtoll(PQgetvalue(rows, i, 5), NULL, 10));
    PQclear(rows);
    return sum;
}

static uint64_t get(void *of, const char *id)
{
    return sum_rows(ask(of, "get", 1, &id));
}

static uint64_t get_batch(void *of, const char (*ids)[16])
{
    uint64_t sum = 0;

    run_text(of, "BEGIN");
    for (int i = 0; i < BATCH_GETS; i++)
        sum += get(of, ids[i]);
    run_text(of, "COMMIT");
    return sum;
}

static uint64_t by_email(void *of, const char *email)
{
    return sum_rows(ask(of, "email", 1, &email));
}

static uint64_t by_age(void *of, int32_t age)
{
    char text[16];
    const char *value = text;

    snprintf(text, sizeof text, "%d", (int)age);
    return sum_rows(ask(of, "age", 1, &value));
}

static double average(void *of)
{
    PGresult *row = ask(of, "average", 0, NULL);
    double value = strtod(PQgetvalue(row, 0, 0), NULL);

    PQclear(row);
    return value;
}

static void change(PGconn *at, const char *name, int count, const char *const *values)
{
    PQclear(must(at, PQexecPrepared(at, name, count, values, NULL, NULL, 0), PGRES_COMMAND_OK));
}

static void insert(void *of, uint64_t n)
{
    char age[16], created[24];
    user u;

    bench_user(n, &u);
    snprintf(age, sizeof age, "%d", (int)u.age);
    snprintf(created, sizeof created, "%lld", (long long)u.created);
    change(of, "insert", 6, (const char *const[]){u.id, u.name, u.email, age, u.city, created});
}

static void update(void *of, const char *id, int32_t age)
{
    char text[16];

    snprintf(text, sizeof text, "%d", (int)age);
    change(of, "update", 2, (const char *const[]){id, text});
}

static double bytes(void *self)
{
    server *s = self;
    PGresult *row =
        must(s->own, PQexec(s->own, "SELECT pg_total_relation_size('users')"), PGRES_TUPLES_OK);
    double value = strtod(PQgetvalue(row, 0, 0), NULL);

    PQclear(row);
    return value;
}

const bench_engine bench_postgres = {
    .name = "postgres",
    .title = "PostgreSQL",
    .is_server = true,
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
    .bytes = bytes,
};
