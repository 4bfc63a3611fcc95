/* engine_sgc.c - the world through the functions sgc emitted for world.graphql. */
#include "bench.h"

#include "world.sgc.h"

#include <stdio.h>

static sgc_status must(sgc_status rc, sgc_txn *txn)
{
    if (rc != SGC_OK) bench_fail("sgc: %s: %s", sgc_status_text(rc), txn ? sgc_errmsg(txn) : "");
    return rc;
}

static void *typed_open(const char *folder, size_t cache)
{
    sgc_db_options options = {.cache_bytes = cache};
    sgc_error error = {SGC_OK, ""};
    sgc_db *db = NULL;

    if (world_open(folder, &options, &db, &error) != SGC_OK) bench_fail("sgc: %s", error.text);
    return db;
}

static void typed_close(void *self)
{
    must(sgc_db_close(self), NULL);
}

static void typed_checkpoint(void *self)
{
    must(sgc_db_flush(self), NULL);
}

/* ---- writing ---- */

static void load_small(sgc_txn *txn, const rows *all)
{
    const row_list *list = &all->of[ROW_LANGUAGE];

    for (size_t i = 0; i < list->count; i++) {
        const sgc_str *c = list->items[i].column;
        world_language_new in = {.id = c[0], .name = c[1]};
        must(world_language_create(txn, &in, NULL), txn);
    }
    list = &all->of[ROW_MONEY];
    for (size_t i = 0; i < list->count; i++) {
        const sgc_str *c = list->items[i].column;
        world_currency_new in = {.id = c[0], .name = c[1], .symbol = c[2]};
        must(world_currency_create(txn, &in, NULL), txn);
    }
}

/* Names of capitals, cut at '|'; at most `room`. */
static size_t split(sgc_str text, sgc_str *out, size_t room)
{
    size_t count = 0;

    for (const char *at = text.data, *end; at && count < room; at = *end ? end + 1 : NULL) {
        for (end = at; *end && *end != '|';)
            end++;
        out[count++] = sgc_str_of(at, (size_t)(end - at));
    }
    return count;
}

static void load_countries(sgc_txn *txn, const rows *all)
{
    enum { MANY = 64 };
    const row_list *list = &all->of[ROW_COUNTRY], *borders = &all->of[ROW_BORDER];
    sgc_str capital[MANY], neighbours[MANY];
    size_t border = 0;

    for (size_t i = 0; i < list->count; i++) {
        const sgc_str *c = list->items[i].column;
        size_t capitals = split(c[7], capital, MANY), count = 0;
        for (; border < borders->count && count < MANY; border++) {
            if (!sgc_str_eq(borders->items[border].column[0], c[0])) break;
            neighbours[count++] = borders->items[border].column[1];
        }
        world_country_new in = {.id = c[0],
                                .name = c[1],
                                .official_name = c[2],
                                .continent = c[3],
                                .subregion = c[4],
                                .area = list->items[i].number[0],
                                .landlocked = c[6].data[0] == '1',
                                .capital = {capital, capitals},
                                .border_ids = {neighbours, count}};
        must(world_country_create(txn, &in, NULL), txn);
    }
}

static void load_links(sgc_txn *txn, const rows *all)
{
    const row_list *list = &all->of[ROW_SPEAKS];

    for (size_t i = 0; i < list->count; i++)
        must(world_country_languages_add(txn, list->items[i].column[0], list->items[i].column[1]),
             txn);
    list = &all->of[ROW_PAYS];
    for (size_t i = 0; i < list->count; i++)
        must(world_country_currencies_add(txn, list->items[i].column[0], list->items[i].column[1]),
             txn);
}

static void load_divisions(sgc_txn *txn, const rows *all)
{
    const row_list *list = &all->of[ROW_REGION];

    for (size_t i = 0; i < list->count; i++) {
        const sgc_str *c = list->items[i].column;
        world_region_new in = {.id = c[0], .name = c[1], .country_id = c[2]};
        must(world_region_create(txn, &in, NULL), txn);
    }
    list = &all->of[ROW_DISTRICT];
    for (size_t i = 0; i < list->count; i++) {
        const sgc_str *c = list->items[i].column;
        world_district_new in = {.id = c[0], .name = c[1], .region_id = c[2]};
        must(world_district_create(txn, &in, NULL), txn);
    }
}

static void create_city(sgc_txn *txn, const row *r)
{
    world_city_new in = {.id = r->id,
                         .name = r->column[1],
                         .lat = r->number[0],
                         .lng = r->number[1],
                         .country_id = r->column[4],
                         .region_id = r->column[5],
                         .district_id = r->column[6]};

    must(world_city_create(txn, &in, NULL), txn);
}

static void typed_load(void *self, const rows *all)
{
    const row_list *cities = &all->of[ROW_CITY];
    sgc_txn *txn = NULL;

    must(sgc_begin(self, &txn), NULL);
    sgc_txn_defer_foreign_keys(txn);
    load_small(txn, all);
    load_countries(txn, all);
    load_links(txn, all);
    load_divisions(txn, all);
    for (size_t i = 0; i < cities->count; i++)
        create_city(txn, &cities->items[i]);
    must(sgc_commit(&txn, NULL), NULL);
}

static uint64_t typed_insert(void *self, const rows *all, uint64_t seed, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sgc_txn *txn = NULL;
        uint64_t state = seed + i;
        char text[32];
        row city = *bench_pick(&all->of[ROW_CITY], &state);
        city.id = (int32_t)(seed + i);
        city.column[1] = bench_new_name(city.id, text);
        must(sgc_begin(self, &txn), NULL);
        create_city(txn, &city);
        must(sgc_commit(&txn, NULL), NULL);
    }
    return n;
}

/* ---- reading ---- */

static uint64_t sum_city(const world_city *c)
{
    return bench_sum_city(c->id, c->name, c->lat, c->lng, c->country_id, c->region_id,
                          c->district_id);
}

static uint64_t sum_cities(sgc_txn *txn, world_city_cursor cursor, size_t most)
{
    uint64_t sum = 0;
    world_city city;

    for (size_t i = 0; i < most && world_city_cursor_next(&cursor, &city); i++)
        sum += sum_city(&city);
    must(world_city_cursor_status(&cursor), txn);
    return sum;
}

static uint64_t typed_get(void *self, const rows *all, uint64_t seed, size_t n)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        sgc_txn *txn = NULL;
        world_city city;
        must(sgc_begin_read(self, sgc_now(), &txn), NULL);
        must(world_city_get(txn, bench_pick(&all->of[ROW_CITY], &seed)->id, &city), txn);
        sum += sum_city(&city);
        sgc_abort(&txn);
    }
    return sum;
}

static uint64_t typed_get_batch(void *self, const rows *all, uint64_t seed, size_t n)
{
    sgc_txn *txn = NULL;
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        world_city city;
        if (i % BATCH_GETS == 0) must(sgc_begin_read(self, sgc_now(), &txn), NULL);
        must(world_city_get(txn, bench_pick(&all->of[ROW_CITY], &seed)->id, &city), txn);
        sum += sum_city(&city);
        if (i % BATCH_GETS == BATCH_GETS - 1) sgc_abort(&txn);
    }
    sgc_abort(&txn);
    return sum;
}

static uint64_t typed_unique(void *self, const rows *all, uint64_t seed, size_t n)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        sgc_txn *txn = NULL;
        world_country c;
        must(sgc_begin_read(self, sgc_now(), &txn), NULL);
        must(
            world_country_get_by_name(txn, bench_pick(&all->of[ROW_COUNTRY], &seed)->column[1], &c),
            txn);
        sum += c.id.size + c.name.size + c.official_name.size + c.continent.size +
               c.subregion.size + (uint64_t)c.area + c.landlocked;
        sum += c.capital.data != NULL;
        sgc_abort(&txn);
    }
    return sum;
}

static uint64_t typed_name(void *self, const rows *all, uint64_t seed, size_t n)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        sgc_txn *txn = NULL;
        sgc_str name = bench_pick(&all->of[ROW_CITY], &seed)->column[1];
        world_city_by_name_range range = {.from = {.given = 1, .name = name},
                                          .to = {.given = 1, .name = name}};
        must(sgc_begin_read(self, sgc_now(), &txn), NULL);
        sum += sum_cities(txn, world_city_by_name(txn, &range), SIZE_MAX);
        sgc_abort(&txn);
    }
    return sum;
}

static uint64_t typed_range(void *self, const rows *all, uint64_t seed, size_t n)
{
    uint64_t sum = 0;

    (void)all;
    for (size_t i = 0; i < n; i++) {
        sgc_txn *txn = NULL;
        world_city_by_lng_range range = {.from = {.given = 1, .lng = bench_longitude(&seed)}};
        must(sgc_begin_read(self, sgc_now(), &txn), NULL);
        sum += sum_cities(txn, world_city_by_lng(txn, &range), RANGE_ROWS);
        sgc_abort(&txn);
    }
    return sum;
}

static uint64_t typed_children(void *self, const rows *all, uint64_t seed, size_t n)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        sgc_txn *txn = NULL;
        sgc_str id = bench_pick(&all->of[ROW_DISTRICT], &seed)->column[0];
        must(sgc_begin_read(self, sgc_now(), &txn), NULL);
        sum += sum_cities(txn, world_district_cities(txn, id), SIZE_MAX);
        sgc_abort(&txn);
    }
    return sum;
}

static uint64_t typed_scan(void *self, const rows *all, uint64_t seed, size_t n)
{
    uint64_t sum = 0;

    (void)all;
    (void)seed;
    for (size_t i = 0; i < n; i++) {
        sgc_txn *txn = NULL;
        must(sgc_begin_read(self, sgc_now(), &txn), NULL);
        sum += sum_cities(txn, world_city_all(txn), SIZE_MAX);
        sgc_abort(&txn);
    }
    return sum;
}

const bench_engine bench_sgc = {
    .name = "sgc",
    .open = typed_open,
    .close = typed_close,
    .load = typed_load,
    .checkpoint = typed_checkpoint,
    .work = {[WORK_GET] = typed_get,
             [WORK_GET_BATCH] = typed_get_batch,
             [WORK_UNIQUE] = typed_unique,
             [WORK_NAME] = typed_name,
             [WORK_RANGE] = typed_range,
             [WORK_CHILDREN] = typed_children,
             [WORK_SCAN] = typed_scan,
             [WORK_INSERT] = typed_insert},
};
