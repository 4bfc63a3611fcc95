/*
 * engine_sqlite.c - the same rows with the same indexes in SQLite: WAL, synchronous=FULL, prepared
 * statements, foreign keys checked.
 */
#include "bench.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

typedef enum statement {
    INSERT_FIRST, /* one for each row_kind */
    BEGIN = INSERT_FIRST + ROW_KINDS,
    COMMIT,
    GET,
    UNIQUE,
    BY_NAME,
    RANGE,
    CHILDREN,
    SCAN,
    STATEMENTS
} statement;

#define CITY "SELECT id, name, lat, lng, country, region, district FROM city "

static const char *const texts[STATEMENTS] = {
    [INSERT_FIRST + ROW_LANGUAGE] = "INSERT INTO language VALUES (?,?)",
    [INSERT_FIRST + ROW_MONEY] = "INSERT INTO currency VALUES (?,?,?)",
    [INSERT_FIRST + ROW_COUNTRY] = "INSERT INTO country VALUES (?,?,?,?,?,?,?,?)",
    [INSERT_FIRST + ROW_BORDER] = "INSERT INTO border VALUES (?,?)",
    [INSERT_FIRST + ROW_SPEAKS] = "INSERT INTO speaks VALUES (?,?)",
    [INSERT_FIRST + ROW_PAYS] = "INSERT INTO pays VALUES (?,?)",
    [INSERT_FIRST + ROW_REGION] = "INSERT INTO region VALUES (?,?,?)",
    [INSERT_FIRST + ROW_DISTRICT] = "INSERT INTO district VALUES (?,?,?)",
    [INSERT_FIRST + ROW_CITY] = "INSERT INTO city VALUES (?,?,?,?,?,?,?)",
    [BEGIN] = "BEGIN",
    [COMMIT] = "COMMIT",
    [GET] = CITY "WHERE id = ?",
    [UNIQUE] = "SELECT id, name, officialName, continent, subregion, area, landlocked, capital "
               "FROM country WHERE name = ?",
    [BY_NAME] = CITY "WHERE name = ? ORDER BY id",
    [RANGE] = CITY "WHERE lng >= ? ORDER BY lng, id LIMIT 100",
    [CHILDREN] = CITY "WHERE district = ? ORDER BY id",
    [SCAN] = CITY "ORDER BY id",
};

static const char schema[] =
    "CREATE TABLE language(id TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX language_name ON language(name);"
    "CREATE TABLE currency(id TEXT PRIMARY KEY, name TEXT NOT NULL, symbol TEXT) WITHOUT ROWID;"
    "CREATE TABLE country(id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, officialName TEXT NOT"
    " NULL, continent TEXT NOT NULL, subregion TEXT, area REAL NOT NULL, landlocked INTEGER NOT"
    " NULL, capital TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX country_continent ON country(continent);"
    "CREATE INDEX country_area ON country(area);"
    "CREATE TABLE border(country TEXT NOT NULL REFERENCES country, neighbour TEXT NOT NULL"
    " REFERENCES country, PRIMARY KEY(country, neighbour)) WITHOUT ROWID;"
    "CREATE INDEX border_neighbour ON border(neighbour);"
    "CREATE TABLE speaks(country TEXT NOT NULL REFERENCES country, language TEXT NOT NULL"
    " REFERENCES language, PRIMARY KEY(country, language)) WITHOUT ROWID;"
    "CREATE INDEX speaks_language ON speaks(language);"
    "CREATE TABLE pays(country TEXT NOT NULL REFERENCES country, currency TEXT NOT NULL"
    " REFERENCES currency, PRIMARY KEY(country, currency)) WITHOUT ROWID;"
    "CREATE INDEX pays_currency ON pays(currency);"
    "CREATE TABLE region(id TEXT PRIMARY KEY, name TEXT NOT NULL, country TEXT NOT NULL"
    " REFERENCES country) WITHOUT ROWID;"
    "CREATE INDEX region_name ON region(name);"
    "CREATE INDEX region_country ON region(country);"
    "CREATE TABLE district(id TEXT PRIMARY KEY, name TEXT NOT NULL, region TEXT NOT NULL"
    " REFERENCES region) WITHOUT ROWID;"
    "CREATE INDEX district_region ON district(region);"
    "CREATE TABLE city(id INTEGER PRIMARY KEY, name TEXT NOT NULL, lat REAL NOT NULL, lng REAL NOT"
    " NULL, country TEXT NOT NULL REFERENCES country, region TEXT REFERENCES region, district TEXT"
    " REFERENCES district);"
    "CREATE INDEX city_name ON city(name);"
    "CREATE INDEX city_lng ON city(lng);"
    "CREATE INDEX city_lat_lng ON city(lat, lng);"
    "CREATE INDEX city_country ON city(country);"
    "CREATE INDEX city_region ON city(region);"
    "CREATE INDEX city_district ON city(district);";

typedef struct lite {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
} lite;

static void require(const lite *l, bool fine)
{
    if (!fine) bench_fail("SQLite: %s", sqlite3_errmsg(l->db));
}

static void run_text(const lite *l, const char *sql)
{
    require(l, sqlite3_exec(l->db, sql, NULL, NULL, NULL) == SQLITE_OK);
}

static void *lite_open(const char *folder, size_t cache)
{
    lite *l = calloc(1, sizeof *l);
    char text[512];
    sqlite3_stmt *there = NULL;

    if (!l) bench_fail("out of memory");
    snprintf(text, sizeof text, "%s/world.sqlite", folder);
    require(l, sqlite3_open_v2(text, &l->db,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                               NULL) == SQLITE_OK);
    snprintf(text, sizeof text,
             "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
             "PRAGMA cache_size=-%zu",
             cache / 1024);
    run_text(l, text);
    require(l, sqlite3_prepare_v2(l->db, "SELECT 1 FROM sqlite_schema", -1, &there, NULL) ==
                   SQLITE_OK);
    bool empty = sqlite3_step(there) == SQLITE_DONE;
    sqlite3_finalize(there);
    if (empty) run_text(l, schema);
    for (unsigned i = 0; i < STATEMENTS; i++)
        require(l, sqlite3_prepare_v3(l->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                      &l->statements[i], NULL) == SQLITE_OK);
    return l;
}

static void lite_close(void *self)
{
    lite *l = self;

    for (unsigned i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(l->statements[i]);
    require(l, sqlite3_close(l->db) == SQLITE_OK);
    free(l);
}

static void lite_checkpoint(void *self)
{
    const lite *l = self;

    require(l, sqlite3_wal_checkpoint_v2(l->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) ==
                   SQLITE_OK);
}

/* ---- writing ---- */

static void bind_text(const lite *l, sqlite3_stmt *s, int at, sgc_str text)
{
    require(l, sqlite3_bind_text(s, at, text.data, (int)text.size, SQLITE_STATIC) == SQLITE_OK);
}

static void step_once(const lite *l, sqlite3_stmt *s)
{
    require(l, sqlite3_step(s) == SQLITE_DONE);
    sqlite3_reset(s);
}

static void insert_city(const lite *l, const row *r)
{
    sqlite3_stmt *s = l->statements[INSERT_FIRST + ROW_CITY];

    sqlite3_bind_int(s, 1, r->id);
    bind_text(l, s, 2, r->column[1]);
    sqlite3_bind_double(s, 3, r->number[0]);
    sqlite3_bind_double(s, 4, r->number[1]);
    bind_text(l, s, 5, r->column[4]);
    bind_text(l, s, 6, r->column[5]);
    bind_text(l, s, 7, r->column[6]);
    step_once(l, s);
}

static void insert_texts(const lite *l, row_kind kind, const row *r)
{
    sqlite3_stmt *s = l->statements[INSERT_FIRST + kind];
    int count = sqlite3_bind_parameter_count(s);

    for (int i = 0; i < count; i++)
        bind_text(l, s, i + 1, r->column[i]);
    if (kind == ROW_COUNTRY) {
        sqlite3_bind_double(s, 6, r->number[0]);
        sqlite3_bind_int(s, 7, r->column[6].data[0] == '1');
        if (!r->column[7].data) bind_text(l, s, 8, SGC_STR(""));
    }
    step_once(l, s);
}

static void lite_load(void *self, const rows *all)
{
    const lite *l = self;

    step_once(l, l->statements[BEGIN]);
    for (unsigned kind = 0; kind < ROW_KINDS; kind++) {
        const row_list *list = &all->of[kind];
        for (size_t i = 0; i < list->count; i++) {
            if (kind == ROW_CITY)
                insert_city(l, &list->items[i]);
            else
                insert_texts(l, (row_kind)kind, &list->items[i]);
        }
    }
    step_once(l, l->statements[COMMIT]);
}

static uint64_t lite_insert(void *self, const rows *all, uint64_t seed, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t state = seed + i;
        char text[32];
        row city = *bench_pick(&all->of[ROW_CITY], &state);
        city.id = (int32_t)(seed + i);
        city.column[1] = bench_new_name(city.id, text);
        insert_city(self, &city);
    }
    return n;
}

/* ---- reading ---- */

static sgc_str column(sqlite3_stmt *s, int at)
{
    const void *text = sqlite3_column_text(s, at);

    return sgc_str_of(text, (size_t)sqlite3_column_bytes(s, at));
}

typedef struct city {
    sgc_str name, country, region, district;
    double lat, lng;
    int32_t id;
} city;

static void read_city(sqlite3_stmt *s, city *out)
{
    out->id = sqlite3_column_int(s, 0);
    out->name = column(s, 1);
    out->lat = sqlite3_column_double(s, 2);
    out->lng = sqlite3_column_double(s, 3);
    out->country = column(s, 4);
    out->region = column(s, 5);
    out->district = column(s, 6);
}

/* Steps to the end and sums the cities. */
static uint64_t sum_cities(const lite *l, sqlite3_stmt *s)
{
    uint64_t sum = 0;
    city c;
    int rc;

    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        read_city(s, &c);
        sum += bench_sum_city(c.id, c.name, c.lat, c.lng, c.country, c.region, c.district);
    }
    require(l, rc == SQLITE_DONE);
    sqlite3_reset(s);
    return sum;
}

static uint64_t lite_get(void *self, const rows *all, uint64_t seed, size_t n)
{
    const lite *l = self;
    sqlite3_stmt *s = l->statements[GET];
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        sqlite3_bind_int(s, 1, bench_pick(&all->of[ROW_CITY], &seed)->id);
        sum += sum_cities(l, s);
    }
    return sum;
}

static uint64_t lite_get_batch(void *self, const rows *all, uint64_t seed, size_t n)
{
    const lite *l = self;
    sqlite3_stmt *s = l->statements[GET];
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        if (i % BATCH_GETS == 0) step_once(l, l->statements[BEGIN]);
        sqlite3_bind_int(s, 1, bench_pick(&all->of[ROW_CITY], &seed)->id);
        sum += sum_cities(l, s);
        if (i % BATCH_GETS == BATCH_GETS - 1 || i + 1 == n) step_once(l, l->statements[COMMIT]);
    }
    return sum;
}

static uint64_t lite_unique(void *self, const rows *all, uint64_t seed, size_t n)
{
    const lite *l = self;
    sqlite3_stmt *s = l->statements[UNIQUE];
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        bind_text(l, s, 1, bench_pick(&all->of[ROW_COUNTRY], &seed)->column[1]);
        require(l, sqlite3_step(s) == SQLITE_ROW);
        for (int at = 0; at < 5; at++)
            sum += column(s, at).size;
        sum += (uint64_t)sqlite3_column_double(s, 5) + (uint64_t)sqlite3_column_int(s, 6);
        sum += column(s, 7).data != NULL;
        require(l, sqlite3_step(s) == SQLITE_DONE);
        sqlite3_reset(s);
    }
    return sum;
}

static uint64_t lite_name(void *self, const rows *all, uint64_t seed, size_t n)
{
    const lite *l = self;
    sqlite3_stmt *s = l->statements[BY_NAME];
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        bind_text(l, s, 1, bench_pick(&all->of[ROW_CITY], &seed)->column[1]);
        sum += sum_cities(l, s);
    }
    return sum;
}

static uint64_t lite_range(void *self, const rows *all, uint64_t seed, size_t n)
{
    const lite *l = self;
    sqlite3_stmt *s = l->statements[RANGE];
    uint64_t sum = 0;

    (void)all;
    for (size_t i = 0; i < n; i++) {
        sqlite3_bind_double(s, 1, bench_longitude(&seed));
        sum += sum_cities(l, s);
    }
    return sum;
}

static uint64_t lite_children(void *self, const rows *all, uint64_t seed, size_t n)
{
    const lite *l = self;
    sqlite3_stmt *s = l->statements[CHILDREN];
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        bind_text(l, s, 1, bench_pick(&all->of[ROW_DISTRICT], &seed)->column[0]);
        sum += sum_cities(l, s);
    }
    return sum;
}

static uint64_t lite_scan(void *self, const rows *all, uint64_t seed, size_t n)
{
    const lite *l = self;
    uint64_t sum = 0;

    (void)all;
    (void)seed;
    for (size_t i = 0; i < n; i++)
        sum += sum_cities(l, l->statements[SCAN]);
    return sum;
}

const bench_engine bench_sqlite = {
    .name = "sqlite",
    .open = lite_open,
    .close = lite_close,
    .load = lite_load,
    .checkpoint = lite_checkpoint,
    .work = {[WORK_GET] = lite_get,
             [WORK_GET_BATCH] = lite_get_batch,
             [WORK_UNIQUE] = lite_unique,
             [WORK_NAME] = lite_name,
             [WORK_RANGE] = lite_range,
             [WORK_CHILDREN] = lite_children,
             [WORK_SCAN] = lite_scan,
             [WORK_INSERT] = lite_insert},
};
