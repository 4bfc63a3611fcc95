/* engine_sqlite.c - users in SQLite: WAL, synchronous=FULL, prepared statements, a connection for
 * each session. */
#include "bench.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS "SELECT id, name, email, age, city, created FROM users "

enum statement { BEGIN_READ, BEGIN_WRITE, COMMIT, GET, EMAIL, AGE, AVERAGE, INSERT, UPDATE, COUNT };

static const char *const texts[COUNT] = {
    [BEGIN_READ] = "BEGIN",
    [BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [GET] = COLUMNS "WHERE id = ?",
    [EMAIL] = COLUMNS "WHERE email = ?",
    [AGE] = COLUMNS "WHERE age >= ? ORDER BY age, id LIMIT 100",
    [AVERAGE] = "SELECT avg(age) FROM users",
    [INSERT] = "INSERT INTO users VALUES (?,?,?,?,?,?)",
    [UPDATE] = "UPDATE users SET age = ?2 WHERE id = ?1",
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS users(id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL"
    " UNIQUE, age INTEGER NOT NULL, city TEXT NOT NULL, created INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS users_age ON users(age);";

typedef struct lite {
    char path[512];
    size_t cache;
    struct session *own;
} lite;

typedef struct session {
    sqlite3 *db;
    sqlite3_stmt *statements[COUNT];
} session;

static void require(const session *s, bool fine)
{
    if (!fine) bench_fail("SQLite: %s", sqlite3_errmsg(s->db));
}

static void run_text(const session *s, const char *sql)
{
    require(s, sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK);
}

static void *new_session(void *self)
{
    const lite *l = self;
    session *s = calloc(1, sizeof *s);
    char text[256];

    if (!s) bench_fail("out of memory");
    require(s, sqlite3_open_v2(l->path, &s->db,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                               NULL) == SQLITE_OK);
    sqlite3_busy_timeout(s->db, 60000);
    snprintf(text, sizeof text,
             "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-%zu",
             l->cache / 1024);
    run_text(s, text);
    run_text(s, schema);
    for (unsigned i = 0; i < COUNT; i++)
        require(s, sqlite3_prepare_v3(s->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                      &s->statements[i], NULL) == SQLITE_OK);
    return s;
}

static void end_session(void *of)
{
    session *s = of;

    for (unsigned i = 0; i < COUNT; i++)
        sqlite3_finalize(s->statements[i]);
    require(s, sqlite3_close(s->db) == SQLITE_OK);
    free(s);
}

static void *open_it(const char *folder, size_t cache)
{
    lite *l = calloc(1, sizeof *l);

    if (!l) bench_fail("out of memory");
    snprintf(l->path, sizeof l->path, "%s/users.sqlite", folder);
    l->cache = cache;
    l->own = new_session(l);
    return l;
}

static void close_it(void *self)
{
    lite *l = self;

    end_session(l->own);
    free(l);
}

static void settle(void *self)
{
    const lite *l = self;

    require(l->own, sqlite3_wal_checkpoint_v2(l->own->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
                                              NULL) == SQLITE_OK);
}

static void step_once(const session *s, enum statement which)
{
    sqlite3_stmt *statement = s->statements[which];

    require(s, sqlite3_step(statement) == SQLITE_DONE);
    require(s, sqlite3_reset(statement) == SQLITE_OK);
}

static void bind_text(const session *s, enum statement which, int at, const char *text)
{
    require(s, sqlite3_bind_text(s->statements[which], at, text, -1, SQLITE_STATIC) == SQLITE_OK);
}

static void insert_row(const session *s, uint64_t n)
{
    user u;

    bench_user(n, &u);
    bind_text(s, INSERT, 1, u.id);
    bind_text(s, INSERT, 2, u.name);
    bind_text(s, INSERT, 3, u.email);
    require(s, sqlite3_bind_int(s->statements[INSERT], 4, u.age) == SQLITE_OK);
    bind_text(s, INSERT, 5, u.city);
    require(s, sqlite3_bind_int64(s->statements[INSERT], 6, u.created) == SQLITE_OK);
    step_once(s, INSERT);
}

static void load(void *self, uint64_t first, uint64_t count)
{
    const lite *l = self;

    step_once(l->own, BEGIN_WRITE);
    for (uint64_t n = first; n < first + count; n++)
        insert_row(l->own, n);
    step_once(l->own, COMMIT);
}

static uint64_t sum_of(sqlite3_stmt *row)
{
    const char *id = (const char *)sqlite3_column_text(row, 0);
    const char *name = (const char *)sqlite3_column_text(row, 1);
    const char *email = (const char *)sqlite3_column_text(row, 2);
    const char *city = (const char *)sqlite3_column_text(row, 4);

    return bench_sum(id, (size_t)sqlite3_column_bytes(row, 0), name,
                     (size_t)sqlite3_column_bytes(row, 1), email,
                     (size_t)sqlite3_column_bytes(row, 2), sqlite3_column_int(row, 3), city,
                     (size_t)sqlite3_column_bytes(row, 4), sqlite3_column_int64(row, 5));
}

static uint64_t all_rows(const session *s, enum statement which)
{
    sqlite3_stmt *statement = s->statements[which];
    uint64_t sum = 0;
    int rc;

    while ((rc = sqlite3_step(statement)) == SQLITE_ROW)
        sum += sum_of(statement);
    require(s, rc == SQLITE_DONE && sqlite3_reset(statement) == SQLITE_OK);
    return sum;
}

static uint64_t get(void *of, const char *id)
{
    bind_text(of, GET, 1, id);
    return all_rows(of, GET);
}

static uint64_t get_batch(void *of, const char (*ids)[16])
{
    uint64_t sum = 0;

    step_once(of, BEGIN_READ);
    for (int i = 0; i < BATCH_GETS; i++)
        sum += get(of, ids[i]);
    step_once(of, COMMIT);
    return sum;
}

static uint64_t by_email(void *of, const char *email)
{
    bind_text(of, EMAIL, 1, email);
    return all_rows(of, EMAIL);
}

static uint64_t by_age(void *of, int32_t age)
{
    session *s = of;

    require(s, sqlite3_bind_int(s->statements[AGE], 1, age) == SQLITE_OK);
    return all_rows(s, AGE);
}

static double average(void *of)
{
    session *s = of;

    require(s, sqlite3_step(s->statements[AVERAGE]) == SQLITE_ROW);
    double value = sqlite3_column_double(s->statements[AVERAGE], 0);
    require(s, sqlite3_reset(s->statements[AVERAGE]) == SQLITE_OK);
    return value;
}

static void insert(void *of, uint64_t n)
{
    insert_row(of, n);
}

static void update(void *of, const char *id, int32_t age)
{
    session *s = of;

    bind_text(s, UPDATE, 1, id);
    require(s, sqlite3_bind_int(s->statements[UPDATE], 2, age) == SQLITE_OK);
    step_once(s, UPDATE);
}

const bench_engine bench_sqlite = {
    .name = "sqlite",
    .title = "SQLite",
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
