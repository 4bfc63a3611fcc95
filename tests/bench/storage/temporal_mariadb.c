/* temporal_mariadb.c - MariaDB's system versioning over a socket, prepared statements. */
#include "temporal.h"

#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum statement { GET, GET_AT, AVERAGE, AVERAGE_AT, NOW, STATEMENTS };

#define COLUMNS "SELECT id, name, email, age, city, created FROM users "
#define AT      "FOR SYSTEM_TIME AS OF TIMESTAMP(FROM_UNIXTIME(? / 1000000)) "

static const char *const texts[STATEMENTS] = {
    [GET] = COLUMNS "WHERE id = ?",
    [GET_AT] = COLUMNS AT "WHERE id = ?",
    [AVERAGE] = "SELECT CAST(avg(age) AS DOUBLE) FROM users",
    [AVERAGE_AT] = "SELECT CAST(avg(age) AS DOUBLE) FROM users " AT,
    [NOW] = "SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS UNSIGNED)",
};

typedef struct server {
    MYSQL *at;
    MYSQL_STMT *statements[STATEMENTS];
    char column[4][64];
    unsigned long sizes[4];
    int32_t age;
    int64_t created;
    double value;
    uint64_t whole;
} server;

static void run_text(server *s, const char *sql)
{
    if (mysql_query(s->at, sql) != 0) bench_fail("MariaDB: %s: %s", sql, mysql_error(s->at));
}

static void require(MYSQL_STMT *statement, bool fine)
{
    if (!fine) bench_fail("MariaDB: %s", mysql_stmt_error(statement));
}

/* The columns of a user. */
static void bind_user(server *s, MYSQL_STMT *statement)
{
    MYSQL_BIND out[6] = {0};

    for (int i = 0, text = 0; i < 6; i++) {
        bool is_text = i != 3 && i != 5;
        out[i].buffer_type = i == 3   ? MYSQL_TYPE_LONG
                             : i == 5 ? MYSQL_TYPE_LONGLONG
                                      : MYSQL_TYPE_STRING;
        if (!is_text) {
            out[i].buffer = i == 3 ? (void *)&s->age : (void *)&s->created;
            continue;
        }
        out[i].buffer = s->column[text];
        out[i].buffer_length = sizeof s->column[text];
        out[i].length = &s->sizes[text++];
    }
    require(statement, mysql_stmt_bind_result(statement, out) == 0);
}

static void bind_value(server *s, MYSQL_STMT *statement, bool whole)
{
    MYSQL_BIND out[1] = {0};

    out[0].buffer_type = whole ? MYSQL_TYPE_LONGLONG : MYSQL_TYPE_DOUBLE;
    out[0].buffer = whole ? (void *)&s->whole : (void *)&s->value;
    require(statement, mysql_stmt_bind_result(statement, out) == 0);
}

static void prepare(server *s)
{
    for (unsigned i = 0; i < STATEMENTS; i++) {
        s->statements[i] = mysql_stmt_init(s->at);
        if (mysql_stmt_prepare(s->statements[i], texts[i], strlen(texts[i])) != 0)
            bench_fail("MariaDB: %s: %s", texts[i], mysql_stmt_error(s->statements[i]));
        if (i <= GET_AT) {
            bind_user(s, s->statements[i]);
        } else {
            bind_value(s, s->statements[i], i == NOW);
        }
    }
}

static void *open_it(const char *folder)
{
    server *s = calloc(1, sizeof *s);
    char path[600];

    if (!s) bench_fail("out of memory");
    snprintf(path, sizeof path, "%s/mariadb", folder);
    s->at = mysql_init(NULL);
    if (!mysql_real_connect(s->at, NULL, "root", NULL, NULL, 0, path, 0))
        bench_fail("MariaDB: %s", mysql_error(s->at));
    run_text(s, "CREATE DATABASE IF NOT EXISTS bench");
    run_text(s, "USE bench");
    run_text(s, "SET time_zone = '+00:00'");
    run_text(s, "DROP TABLE IF EXISTS users");
    run_text(s, "CREATE TABLE users(id VARCHAR(16) CHARACTER SET ascii PRIMARY KEY,"
                " name VARCHAR(40) NOT NULL, email VARCHAR(48) NOT NULL UNIQUE, age INT NOT NULL,"
                " city VARCHAR(24) NOT NULL, created BIGINT NOT NULL, KEY(age))"
                " WITH SYSTEM VERSIONING");
    prepare(s);
    return s;
}

static void close_it(void *self)
{
    server *s = self;

    for (unsigned i = 0; i < STATEMENTS; i++)
        mysql_stmt_close(s->statements[i]);
    mysql_close(s->at);
    free(s);
}

static void load(void *self, uint64_t rows)
{
    server *s = self;
    char *sql = malloc(1 << 20);
    user u;

    if (!sql) bench_fail("out of memory");
    run_text(s, "START TRANSACTION");
    for (uint64_t n = 0; n < rows;) {
        int size = snprintf(sql, 100, "INSERT INTO users VALUES ");
        for (int i = 0; i < 1000 && n < rows; i++, n++) {
            bench_user(n, &u);
            size +=
                snprintf(sql + size, 400, "%s('%s','%s','%s',%d,'%s',%lld)", i ? "," : "", u.id,
                         u.name, u.email, (int)temporal_age(n, 0), u.city, (long long)u.created);
        }
        run_text(s, sql);
    }
    run_text(s, "COMMIT");
    free(sql);
}

static void update_all(void *self, uint64_t rows, uint64_t round)
{
    server *s = self;
    char sql[200], id[16];

    for (uint64_t n = 0; n < rows; n++) {
        if (n && n % TEMPORAL_BATCH == 0) run_text(s, "COMMIT");
        if (n % TEMPORAL_BATCH == 0) run_text(s, "START TRANSACTION");
        bench_id(n, id);
        snprintf(sql, sizeof sql, "UPDATE users SET age = %d WHERE id = '%s'",
                 (int)temporal_age(n, round), id);
        run_text(s, sql);
    }
    run_text(s, "COMMIT");
}

static void settle(void *self)
{
    server *s = self;

    run_text(s, "ANALYZE TABLE users");
    mysql_free_result(mysql_store_result(s->at));
}

/* One row; false when there is none. */
static bool first_row(MYSQL_STMT *statement)
{
    require(statement, mysql_stmt_execute(statement) == 0);
    require(statement, mysql_stmt_store_result(statement) == 0);
    int rc = mysql_stmt_fetch(statement);
    require(statement, rc == 0 || rc == MYSQL_NO_DATA);
    mysql_stmt_free_result(statement);
    return rc == 0;
}

static temporal_moment now(void *self)
{
    server *s = self;

    if (!first_row(s->statements[NOW])) bench_fail("MariaDB: no time");
    return s->whole;
}

static uint64_t sum_user(server *s, MYSQL_STMT *statement)
{
    if (!first_row(statement)) bench_fail("MariaDB: a row is missing");
    return bench_sum(s->column[0], s->sizes[0], s->column[1], s->sizes[1], s->column[2],
                     s->sizes[2], s->age, s->column[3], s->sizes[3], s->created);
}

static void bind_in(MYSQL_STMT *statement, temporal_moment *at, const char *id,
                    unsigned long *id_size)
{
    MYSQL_BIND in[2] = {0};
    int count = 0;

    if (at) {
        in[count].buffer_type = MYSQL_TYPE_LONGLONG;
        in[count].is_unsigned = 1;
        in[count++].buffer = at;
    }
    if (id) {
        *id_size = strlen(id);
        in[count].buffer_type = MYSQL_TYPE_STRING;
        in[count].buffer = (void *)(uintptr_t)id;
        in[count].buffer_length = *id_size;
        in[count++].length = id_size;
    }
    require(statement, mysql_stmt_bind_param(statement, in) == 0);
}

static uint64_t get(void *self, const char *id)
{
    server *s = self;
    unsigned long size;

    bind_in(s->statements[GET], NULL, id, &size);
    return sum_user(s, s->statements[GET]);
}

static uint64_t get_at(void *self, const char *id, temporal_moment at)
{
    server *s = self;
    unsigned long size;

    bind_in(s->statements[GET_AT], &at, id, &size);
    return sum_user(s, s->statements[GET_AT]);
}

static double average(void *self)
{
    server *s = self;

    if (!first_row(s->statements[AVERAGE])) bench_fail("MariaDB: no average");
    return s->value;
}

static double average_at(void *self, temporal_moment at)
{
    server *s = self;

    bind_in(s->statements[AVERAGE_AT], &at, NULL, NULL);
    if (!first_row(s->statements[AVERAGE_AT])) bench_fail("MariaDB: no average");
    return s->value;
}

static double bytes(void *self)
{
    server *s = self;

    run_text(s, "SELECT file_size FROM information_schema.innodb_sys_tablespaces"
                " WHERE name = 'bench/users'");
    MYSQL_RES *rows = mysql_store_result(s->at);
    MYSQL_ROW row = rows ? mysql_fetch_row(rows) : NULL;
    if (!row || !row[0]) bench_fail("MariaDB: no size");
    double value = strtod(row[0], NULL);
    mysql_free_result(rows);
    return value;
}

const temporal_engine temporal_mariadb = {
    .name = "mariadb",
    .title = "MariaDB",
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
