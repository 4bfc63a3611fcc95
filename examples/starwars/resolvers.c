/*
 * resolvers.c - the fields of the Star Wars schema that no table stores: Query.characterCount.
 */
#include "starwars.resolve.sgc.h"

sgc_status count_characters(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    starwars_character_cursor all = starwars_character_all(call->txn);
    starwars_character character;
    int64_t count = 0;

    while (starwars_character_cursor_next(&all, &character))
        count++;
    sgc_status status = starwars_character_cursor_status(&all);
    if (status != SGC_OK) return sgc_fail(error, status, "%s", sgc_errmsg(call->txn));
    sgc_json_int64(json, count);
    return SGC_OK;
}
