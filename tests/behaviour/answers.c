/*
 * answers.c - typed functions against GraphQL: what the executor reads and writes over relations is
 * what emitted functions read and write.
 */
#include "behaviour/behaviour.h"

#include "graphql/graphql.h"

/* Puts the answer to a document into out; false when it could not be executed. */
static bool ask(sgc_db *db, const char *document, sgc_buf *out)
{
    sgc_api *api = NULL;
    sgc_request request = {.query = sgc_str_from(document)};
    sgc_error error;

    out->size = 0;
    if (sgc_api_create(&zoo_schema, &api, &error) != SGC_OK) return false;
    sgc_answer answer = sgc_execute(api, db, &request, out);
    sgc_api_destroy(api);
    return answer == SGC_ANSWER_DATA;
}

static void put_thing(const zoo_thing *thing, sgc_buf *out)
{
    sgc_str id = thing->type == ZOO_THING_GROUP  ? thing->as.group.id
                 : thing->type == ZOO_THING_MARK ? thing->as.mark.id
                                                 : thing->as.profile.id;

    sgc_buf_printf(out, "{\"__typename\":\"" SGC_FMT "\",\"%s\":\"" SGC_FMT "\"}",
                   SGC_ARG(zoo_thing_type_text(thing->type)),
                   thing->type == ZOO_THING_GROUP ? "uuid" : "id", SGC_ARG(id));
}

/* {"id":..,"favourite":..,"things":[..]} of one profile, row by row. */
static void put_profile(sgc_txn *txn, const zoo_profile *profile, sgc_buf *out)
{
    zoo_thing thing;
    zoo_thing_cursor things = zoo_profile_things(txn, profile->id);
    const char *between = "";

    sgc_buf_printf(out, "{\"id\":\"" SGC_FMT "\",\"favourite\":", SGC_ARG(profile->id));
    if (zoo_profile_favourite(txn, profile, &thing) == SGC_OK)
        put_thing(&thing, out);
    else
        sgc_buf_text(out, "null");
    sgc_buf_text(out, ",\"things\":[");
    for (; zoo_thing_cursor_next(&things, &thing); between = ",") {
        sgc_buf_text(out, between);
        put_thing(&thing, out);
    }
    OK(zoo_thing_cursor_status(&things));
    sgc_buf_text(out, "]}");
}

static void check_profiles(fixture *f)
{
    static const char members[] =
        "fragment thing on Thing { __typename ... on Group { uuid: id } ... on Mark { id } "
        "... on Profile { id } } { profiles { id favourite { ...thing } things { ...thing } } }";
    sgc_buf typed = {0}, asked = {0};
    zoo_profile profile;
    zoo_profile_cursor all = zoo_profile_all(f->txn);
    const char *between = "";

    sgc_buf_text(&typed, "{\"data\":{\"profiles\":[");
    for (; zoo_profile_cursor_next(&all, &profile); between = ",") {
        sgc_buf_text(&typed, between);
        put_profile(f->txn, &profile, &typed);
    }
    OK(zoo_profile_cursor_status(&all));
    sgc_buf_text(&typed, "]}}");
    CU_ASSERT(ask(f->db, members, &asked));
    sgc_buf_byte(&typed, 0);
    UNIT_STR(sgc_buf_as_str(&asked), typed.data);
    sgc_buf_free(&typed);
    sgc_buf_free(&asked);
}

/* connect puts keys at the end of a list, the same one too: so does _add. */
void test_answers(void)
{
    static const char connect[] =
        "mutation { updateProfile(id: \"p\", set: {favouriteId: \"m\", favouriteType: \"Mark\"}) "
        "{ id } createProfile(input: {id: \"r\", user: {connect: \"u3\"}, favourite: "
        "{connectProfile: \"p\"}, things: {connectMark: [\"m\", \"m\"], connectProfile: [\"p\"]}}) "
        "{ id } }";
    fixture f = start();
    sgc_str group = add_things(&f);
    sgc_buf out = {0};
    sgc_str both[] = {SGC_STR("s"), SGC_STR("r")};

    commit(&f);
    check_profiles(&f);
    CU_ASSERT(ask(f.db, connect, &out));
    UNIT_STR(sgc_buf_as_str(&out),
             "{\"data\":{\"updateProfile\":{\"id\":\"p\"},\"createProfile\":{\"id\":\"r\"}}}");
    commit(&f);
    check_profiles(&f);
    zoo_profile_new in = {.id = both[0], .user_id = SGC_STR("u4")};
    OK(zoo_user_create(
        f.txn, &(zoo_user_new){.id = in.user_id, .email = SGC_STR("d@x"), .name = SGC_STR("Dan")},
        NULL));
    OK(zoo_profile_create(f.txn, &in, NULL));
    OK(zoo_profile_things_add(f.txn, both[0], ZOO_THING_MARK, SGC_STR("m")));
    OK(zoo_profile_things_add(f.txn, both[0], ZOO_THING_MARK, SGC_STR("m")));
    OK(zoo_profile_things_add(f.txn, both[0], ZOO_THING_PROFILE, SGC_STR("p")));
    zoo_thing_cursor cursor = zoo_profile_things_many(f.txn, both, 2);
    zoo_thing things[6];
    for (size_t i = 0; i < 6; i++)
        CU_ASSERT(zoo_thing_cursor_next(&cursor, &things[i]) &&
                  zoo_thing_cursor_parent(&cursor) == i / 3);
    for (size_t i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(things[i].type, things[i + 3].type);
    OK(zoo_profile_things_add(f.txn, both[1], ZOO_THING_GROUP, group));
    OK(zoo_profile_things_remove(f.txn, both[1], ZOO_THING_MARK, SGC_STR("m")));
    commit(&f);
    check_profiles(&f);
    sgc_buf_free(&out);
    stop(&f);
}
