/*
 * temporal_postgres.c - PostgreSQL with what its users build: a trigger that copies the old row
 * with its time range into a history table, and a view over both.
 */
#include "temporal.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char schema[] =
    "DROP TABLE IF EXISTS users CASCADE; DROP TABLE IF EXISTS users_history;"
    "CREATE TABLE users(id text PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE,"
    " age integer NOT NULL, city text NOT NULL, created bigint NOT NULL,"
    " since timestamptz NOT NULL DEFAULT clock_timestamp());"
    "CREATE INDEX users_age ON users(age);"
    "CREATE TABLE users_history(LIKE users, until timestamptz NOT NULL);"
    "CREATE INDEX users_history_id ON users_history(id, since);"
    "CREATE INDEX users_history_until ON users_history(until);"
    "CREATE OR REPLACE FUNCTION users_keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " NEW.since := clock_timestamp(); INSERT INTO users_history SELECT OLD.*, NEW.since;"
    " RETURN NEW; END $$;"
    "CREATE TRIGGER users_keep BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION users_keep()";

#define COLUMNS "SELECT id, name, email, age, city, created FROM "

static PGresult *must(PGconn *at, PGresult *result, ExecStatusType wanted)
{
    if (PQresultStatus(result) != wanted) bench_fail("PostgreSQL: %s", PQerrorMessage(at));
    return result;
}

static void run_text(PGconn *at, const char *sql)
{
    PQclear(must(at, PQexec(at, sql), PGRES_COMMAND_OK));
}

static void *open_it(const char *folder)
{
    static const char *const statements[][2] = {
        {"get", COLUMNS "users WHERE id = $1"},
        {"get_at", COLUMNS "users WHERE id = $1 AND since <= $2 UNION ALL " COLUMNS
                           "users_history WHERE id = $1 AND since <= $2 AND until > $2"},
        {"average", "SELECT avg(age) FROM users"},
        {"average_at", "SELECT avg(age) FROM (SELECT age FROM users WHERE since <= $1 UNION ALL"
                       " SELECT age FROM users_history WHERE since <= $1 AND until > $1) AS past"},
        {"update", "UPDATE users SET age = $2 WHERE id = $1"},
    };
    char conninfo[600];
    snprintf(conninfo, sizeof conninfo, "host=%s dbname=postgres user=postgres", folder);
    PGconn *at = PQconnectdb(conninfo);

    if (PQstatus(at) != CONNECTION_OK) bench_fail("PostgreSQL: %s", PQerrorMessage(at));
    run_text(at, "SET client_min_messages = warning");
    run_text(at, schema);
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
        PQclear(
            must(at, PQprepare(at, statements[i][0], statements[i][1], 0, NULL), PGRES_COMMAND_OK));
    return at;
}

static void close_it(void *self)
{
    PQfinish(self);
}

static void load(void *self, uint64_t rows)
{
    char line[400];
    user u;

    PQclear(must(self, PQexec(self, "COPY users(id, name, email, age, city, created) FROM STDIN"),
                 PGRES_COPY_IN));
    for (uint64_t n = 0; n < rows; n++) {
        bench_user(n, &u);
        int size = snprintf(line, sizeof line, "%s\t%s\t%s\t%d\t%s\t%lld\n", u.id, u.name, u.email,
                            (int)temporal_age(n, 0), u.city, (long long)u.created);
        if (PQputCopyData(self, line, size) != 1)
            bench_fail("PostgreSQL: %s", PQerrorMessage(self));
    }
    if (PQputCopyEnd(self, NULL) != 1) bench_fail("PostgreSQL: %s", PQerrorMessage(self));
    PQclear(must(self, PQgetResult(self), PGRES_COMMAND_OK));
    while (PQgetResult(self))
        continue;
}

static void update_all(void *self, uint64_t rows, uint64_t round)
{
    char id[16], age[16];

    run_text(self, "BEGIN");
    for (uint64_t n = 0; n < rows; n++) {
        if (n && n % TEMPORAL_BATCH == 0) run_text(self, "COMMIT; BEGIN");
        bench_id(n, id);
        snprintf(age, sizeof age, "%d", (int)temporal_age(n, round));
        PQclear(must(
            self, PQexecPrepared(self, "update", 2, (const char *const[]){id, age}, NULL, NULL, 0),
            PGRES_COMMAND_OK));
    }
    run_text(self, "COMMIT");
}

static void settle(void *self)
{
    run_text(self, "VACUUM ANALYZE users");
    run_text(self, "VACUUM ANALYZE users_history");
    run_text(self, "CHECKPOINT");
}

static double one_number(PGconn *at, PGresult *row)
{
    double value = strtod(PQgetvalue(must(at, row, PGRES_TUPLES_OK), 0, 0), NULL);

    PQclear(row);
    return value;
}

static temporal_moment now(void *self)
{
    return (temporal_moment)one_number(
        self, PQexec(self, "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"));
}

/* As PostgreSQL reads a timestamp. */
static const char *as_text(temporal_moment at, char text[64])
{
    time_t whole = (time_t)(at / 1000000);
    struct tm parts;

    gmtime_r(&whole, &parts);
    size_t size = strftime(text, 64, "%Y-%m-%d %H:%M:%S", &parts);
    snprintf(text + size, 64 - size, ".%06u+00", (unsigned)(at % 1000000));
    return text;
}

static uint64_t sum_row(PGconn *at, PGresult *rows)
{
    must(at, rows, PGRES_TUPLES_OK);
    if (PQntuples(rows) != 1) bench_fail("PostgreSQL: a row is missing");
    uint64_t sum = bench_sum(
        PQgetvalue(rows, 0, 0), (size_t)PQgetlength(rows, 0, 0), PQgetvalue(rows, 0, 1),
        (size_t)PQgetlength(rows, 0, 1), PQgetvalue(rows, 0, 2), (size_t)PQgetlength(rows, 0, 2),
        (int32_t)strtol(PQgetvalue(rows, 0, 3), NULL, 10), PQgetvalue(rows, 0, 4),
        (size_t)PQgetlength(rows, 0, 4), strtoll(PQgetvalue(rows, 0, 5), NULL, 10));
    PQclear(rows);
    return sum;
}

static uint64_t get(void *self, const char *id)
{
    return sum_row(self, PQexecPrepared(self, "get", 1, &id, NULL, NULL, 0));
}

static uint64_t get_at(void *self, const char *id, temporal_moment at)
{
    char text[64];

    return sum_row(self,
                   PQexecPrepared(self, "get_at", 2, (const char *const[]){id, as_text(at, text)},
                                  NULL, NULL, 0));
}

static double average(void *self)
{
    return one_number(self, PQexecPrepared(self, "average", 0, NULL, NULL, NULL, 0));
}

static double average_at(void *self, temporal_moment at)
{
    char text[64];

    return one_number(self,
                      PQexecPrepared(self, "average_at", 1,
                                     (const char *const[]){as_text(at, text)}, NULL, NULL, 0));
}

static double bytes(void *self)
{
    return one_number(self, PQexec(self, "SELECT pg_total_relation_size('users') +"
                                         " pg_total_relation_size('users_history')"));
}

const temporal_engine temporal_postgres = {
    .name = "postgres",
    .title = "PostgreSQL",
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
