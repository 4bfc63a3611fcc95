/*
 * walk.c - a typed C program over the database: who flies what, who comes from where, what
 * somebody was before, and a change that is thrown away again.
 */
#include "starwars.sgc.h"

#include <stdio.h>

/* Every planet with those who live there: one pass over the relation for all of them, no N+1. */
static sgc_status print_planets(sgc_txn *txn)
{
    enum { MOST = 16 };
    starwars_planet planets[MOST];
    sgc_str ids[MOST];
    size_t count = 0, shown = MOST;
    starwars_character who;

    starwars_planet_cursor all = starwars_planet_all(txn);
    while (count < MOST && starwars_planet_cursor_next(&all, &planets[count])) {
        /* A cursor's row lasts until its next step: keep it for as long as the transaction. */
        sgc_status rc = starwars_planet_copy(sgc_txn_arena(txn), &planets[count], &planets[count]);
        if (rc != SGC_OK) return rc;
        ids[count] = planets[count].id;
        count++;
    }
    if (starwars_planet_cursor_status(&all) != SGC_OK) return starwars_planet_cursor_status(&all);

    starwars_character_cursor residents = starwars_planet_residents_many(txn, ids, count);
    while (starwars_character_cursor_next(&residents, &who)) {
        size_t planet = starwars_character_cursor_parent(&residents);
        if (planet != shown) printf("%.*s\n", SGC_ARG(planets[planet].name));
        shown = planet;
        printf("  %.*s\n", SGC_ARG(who.name));
    }
    return starwars_character_cursor_status(&residents);
}

static sgc_status print_luke(sgc_txn *txn)
{
    starwars_character luke, friend;
    starwars_planet home;
    sgc_status rc = starwars_character_get(txn, SGC_STR("luke"), &luke);

    if (rc == SGC_OK) rc = starwars_character_home_planet(txn, &luke, &home);
    if (rc != SGC_OK) return rc;
    printf("%.*s, %.2f m, of %.*s, knows", SGC_ARG(luke.name), luke.height, SGC_ARG(home.name));
    starwars_character_cursor friends = starwars_character_friends(txn, luke.id);
    while (starwars_character_cursor_next(&friends, &friend))
        printf(" %.*s;", SGC_ARG(friend.name));
    printf("\n");
    return starwars_character_cursor_status(&friends);
}

/* The three tallest, by the index on height. */
static sgc_status print_tallest(sgc_txn *txn)
{
    const starwars_character_by_height_range downwards = {
        .from = {.given = 1, .has_height = true, .height = 0}, .descending = true};
    starwars_character_cursor tall = starwars_character_by_height(txn, &downwards);
    starwars_character who;

    for (int i = 0; i < 3 && starwars_character_cursor_next(&tall, &who); i++)
        printf("%.2f m %.*s\n", who.height, SGC_ARG(who.name));
    return starwars_character_cursor_status(&tall);
}

/* What became of one character, from the first version on. */
static sgc_status print_history(sgc_txn *txn, sgc_str id)
{
    static const char *const words[] = {"", "came as", "became", "went, was"};
    const sgc_history_options upwards = {.oldest_first = true};
    starwars_character_history_cursor history = starwars_character_history(txn, id, &upwards);
    starwars_character_version version;

    while (starwars_character_history_next(&history, &version))
        printf("%s %.*s\n", words[version.at.op], SGC_ARG(version.row.name));
    return starwars_character_history_status(&history);
}

/* Writes inside a transaction are seen by it, and by nobody when it is aborted. */
static sgc_status try_a_change(sgc_db *db)
{
    starwars_character_new grogu = {.id = SGC_STR("grogu"), .name = SGC_STR("Grogu")};
    starwars_character row;
    sgc_txn *txn = NULL;
    sgc_status rc = sgc_begin(db, &txn);

    if (rc == SGC_OK) rc = starwars_character_create(txn, &grogu, NULL);
    if (rc == SGC_NOT_NULL) printf("refused: %s\n", sgc_errmsg(txn));
    starwars_episode jedi = STARWARS_EPISODE_JEDI;
    grogu.appears_in = (starwars_episode_array){&jedi, 1};
    if (rc == SGC_NOT_NULL) rc = starwars_character_create(txn, &grogu, &row);
    if (rc == SGC_OK) printf("created %.*s, aborted\n", SGC_ARG(row.name));
    if (rc != SGC_OK) fprintf(stderr, "walk: %s\n", txn ? sgc_errmsg(txn) : sgc_status_text(rc));
    sgc_abort(&txn);
    if (rc == SGC_OK) rc = sgc_begin_read(db, sgc_now(), &txn);
    if (rc == SGC_OK && starwars_character_get(txn, grogu.id, &row) == SGC_NOT_FOUND)
        printf("nobody saw him\n");
    sgc_abort(&txn);
    return rc;
}

int main(int argc, char **argv)
{
    sgc_error error;
    sgc_db *db = NULL;
    sgc_txn *txn = NULL;

    if (argc != 2) {
        fprintf(stderr, "usage: walk FOLDER\n");
        return 2;
    }
    if (starwars_open(argv[1], NULL, &db, &error) != SGC_OK) {
        fprintf(stderr, "walk: %s\n", error.text);
        return 1;
    }
    sgc_status rc = sgc_begin_read(db, sgc_now(), &txn);
    if (rc == SGC_OK) rc = print_luke(txn);
    if (rc == SGC_OK) rc = print_planets(txn);
    if (rc == SGC_OK) rc = print_tallest(txn);
    if (rc == SGC_OK) rc = print_history(txn, SGC_STR("luke"));
    if (rc != SGC_OK) fprintf(stderr, "walk: %s\n", txn ? sgc_errmsg(txn) : sgc_status_text(rc));
    sgc_abort(&txn);
    if (rc == SGC_OK) rc = try_a_change(db);
    sgc_status closed = sgc_db_close(db);
    return rc != SGC_OK || closed != SGC_OK;
}
