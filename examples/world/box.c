/*
 * box.c - the cities within a box of degrees, through the composite index (lat, lng). The data has
 * no populations, so "largest" is about countries: they come by area, their cities by name.
 *
 *   box DATA SOUTH WEST NORTH EAST [CITIES]     CITIES: how many of each country (default 5)
 */
#include "world.sgc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct box {
    double south, west, north, east;
    size_t most; /* cities printed for a country */
} box;

typedef struct found {
    world_city city;
    world_country country;
} found;

typedef struct found_list {
    found *items;
    size_t count, room;
    size_t walked; /* index entries between the two latitudes */
} found_list;

/* ---- reading ---- */

/* A borrowed row lasts until the cursor's next step: what we keep is copied into the arena. */
static sgc_status keep(sgc_txn *txn, sgc_arena *arena, const world_city *city, found_list *list)
{
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 64;
        found *more = realloc(list->items, room * sizeof *more);
        if (!more) return SGC_NO_MEMORY;
        list->items = more;
        list->room = room;
    }
    found *one = &list->items[list->count];
    sgc_status rc = world_city_country(txn, city, &one->country);
    if (rc == SGC_OK) rc = world_city_copy(arena, city, &one->city);
    if (rc == SGC_OK) list->count++;
    return rc;
}

/* The index is ordered by latitude, then longitude: it bounds the first, we look at the second. */
static sgc_status find_cities(sgc_txn *txn, sgc_arena *arena, const box *b, found_list *list)
{
    world_city_by_lat_and_lng_range range = {.from = {.given = 1, .lat = b->south},
                                             .to = {.given = 1, .lat = b->north}};
    world_city_cursor cities = world_city_by_lat_and_lng(txn, &range);
    sgc_status rc = SGC_OK;
    world_city city;

    while (rc == SGC_OK && world_city_cursor_next(&cities, &city)) {
        list->walked++;
        if (city.lng >= b->west && city.lng <= b->east) rc = keep(txn, arena, &city, list);
    }
    return rc == SGC_OK ? world_city_cursor_status(&cities) : rc;
}

/* ---- printing ---- */

/* Countries by area, the largest first; cities of one country by name. */
static int compare(const void *a, const void *b)
{
    const found *x = a, *y = b;

    if (x->country.area != y->country.area) return x->country.area < y->country.area ? 1 : -1;
    int order = sgc_str_compare(x->country.id, y->country.id);
    if (order == 0) order = sgc_str_compare(x->city.name, y->city.name);
    return order ? order : (x->city.id > y->city.id) - (x->city.id < y->city.id);
}

static void print_country(const found *items, size_t count, size_t most)
{
    const world_country *country = &items->country;

    printf(SGC_FMT ", %.0f square kilometres, %zu %s in the box\n", SGC_ARG(country->name),
           country->area, count, count == 1 ? "city" : "cities");
    for (size_t i = 0; i < count && i < most; i++)
        printf("  %10.5f %11.5f  " SGC_FMT "\n", items[i].city.lat, items[i].city.lng,
               SGC_ARG(items[i].city.name));
    if (count > most) printf("  and %zu more\n", count - most);
}

static void print_all(found_list *list, size_t most)
{
    size_t first = 0;

    if (list->count) qsort(list->items, list->count, sizeof *list->items, compare);
    for (size_t i = 1; i <= list->count; i++) {
        if (i < list->count && sgc_str_eq(list->items[i].country.id, list->items[first].country.id))
            continue;
        print_country(&list->items[first], i - first, most);
        first = i;
    }
    printf("%zu cities; the index led past %zu rows\n", list->count, list->walked);
}

/* ---- the program ---- */

static int usage(void)
{
    fputs("usage: box DATA SOUTH WEST NORTH EAST [CITIES]\n"
          "example: box data 46 6 48 10   (degrees; Switzerland and around)\n",
          stderr);
    return 2;
}

static bool parse_degrees(const char *text, double most, double *out)
{
    char *end;

    *out = strtod(text, &end);
    return end != text && *end == '\0' && fabs(*out) <= most;
}

static bool parse(int argc, char **argv, box *b)
{
    char *end;

    b->most = 5;
    if (argc < 6 || argc > 7) return false;
    if (argc == 7) {
        b->most = strtoul(argv[6], &end, 10);
        if (end == argv[6] || *end || argv[6][0] == '-') return false;
    }
    return parse_degrees(argv[2], 90, &b->south) && parse_degrees(argv[3], 180, &b->west) &&
           parse_degrees(argv[4], 90, &b->north) && parse_degrees(argv[5], 180, &b->east);
}

int main(int argc, char **argv)
{
    sgc_db_options options = {.must_exist = true};
    sgc_error error = {SGC_OK, ""};
    sgc_arena arena = {0};
    found_list list = {0};
    sgc_txn *txn = NULL;
    sgc_db *db = NULL;
    box b;

    if (!parse(argc, argv, &b)) return usage();
    sgc_status rc = world_open(argv[1], &options, &db, &error);
    if (rc == SGC_OK) rc = sgc_begin_read(db, sgc_now(), &txn);
    if (rc == SGC_OK) rc = find_cities(txn, &arena, &b, &list);
    if (rc == SGC_OK) print_all(&list, b.most);
    if (rc != SGC_OK)
        fprintf(stderr, "box: %s\n",
                txn             ? sgc_errmsg(txn)
                : error.text[0] ? error.text
                                : sgc_status_text(rc));
    sgc_abort(&txn);
    free(list.items);
    sgc_arena_free(&arena);
    sgc_status closed = sgc_db_close(db);
    return rc == SGC_OK && closed == SGC_OK ? 0 : 1;
}
