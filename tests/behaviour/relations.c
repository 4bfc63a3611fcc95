/*
 * relations.c - relations of zoo.graphql in both directions: one row, many, many for a batch, and
 * their changes; interfaces and unions.
 */
#include "behaviour/behaviour.h"

/* ---- relations ---- */

void test_children(void)
{
    fixture f = start();
    zoo_post_new p = {.title = SGC_STR("p"), .author_id = SGC_STR("u1")};
    zoo_post_new q = {.title = SGC_STR("q"), .author_id = SGC_STR("u2")},
                 r = {.title = SGC_STR("r")};
    sgc_str ids[] = {SGC_STR("u2"), SGC_STR("none"), SGC_STR("u1")};
    zoo_post post;
    zoo_user user;
    int32_t numbers[] = {3, 9, 1};
    zoo_post posts[3];
    bool found[3];

    add_three(&f);
    OK(zoo_post_create(f.txn, &p, NULL));
    OK(zoo_post_create(f.txn, &q, NULL));
    OK(zoo_post_create(f.txn, &r, NULL));
    CU_ASSERT_STRING_EQUAL(titles_of(zoo_user_posts(f.txn, SGC_STR("u1"))), "0p");
    CU_ASSERT_STRING_EQUAL(titles_of(zoo_user_posts_many(f.txn, ids, 3)), "0q 2p");
    OK(zoo_user_posts_add(f.txn, SGC_STR("u1"), 3));
    CU_ASSERT_STRING_EQUAL(titles_of(zoo_user_posts(f.txn, SGC_STR("u1"))), "0p 0r");
    OK(zoo_user_posts_remove(f.txn, SGC_STR("u1"), 1));
    OK(zoo_user_posts_remove(f.txn, SGC_STR("u1"), 2));
    CU_ASSERT_STRING_EQUAL(titles_of(zoo_user_posts_many(f.txn, ids, 3)), "0q 2r");
    OK(zoo_post_get(f.txn, 3, &post));
    OK(zoo_post_author(f.txn, &post, &user));
    UNIT_STR(user.id, "u1");
    OK(zoo_post_get(f.txn, 1, &post));
    CU_ASSERT_EQUAL(zoo_post_author(f.txn, &post, &user), SGC_NOT_FOUND);
    CU_ASSERT_STRING_EQUAL(ids_of(zoo_post_author_many(f.txn, (int32_t[]){3, 1, 9, 2, 3}, 5)),
                           "u1 u2 u1");
    zoo_user_cursor authors = zoo_post_author_many(f.txn, (int32_t[]){1, 9, 2}, 3);
    CU_ASSERT(zoo_user_cursor_next(&authors, &user));
    CU_ASSERT_EQUAL(zoo_user_cursor_parent(&authors), 2);
    CU_ASSERT_FALSE(zoo_user_cursor_next(&authors, &user));
    OK(zoo_post_get_many(f.txn, numbers, 3, posts, found));
    CU_ASSERT(found[0] && !found[1] && found[2]);
    UNIT_STR(posts[0].title, "r");
    zoo_post_patch patch = {.set = {.title = true}, .title = SGC_STR("P")};
    OK(zoo_post_update(f.txn, 1, &patch));
    OK(zoo_post_delete(f.txn, 2));
    stop(&f);
}

static const char *group_members(sgc_txn *txn, sgc_str id)
{
    return ids_of(zoo_group_members(txn, id));
}

void test_links(void)
{
    fixture f = start();
    zoo_group_new in = {.ok = true};
    zoo_group g, h, row;
    sgc_str users[] = {SGC_STR("u3"), SGC_STR("u1")};

    add_three(&f);
    OK(zoo_group_create(f.txn, &in, &g));
    OK(zoo_group_create(f.txn, &in, &h));
    OK(zoo_group_members_add(f.txn, g.id, SGC_STR("u1")));
    OK(zoo_group_members_add(f.txn, g.id, SGC_STR("u1")));
    OK(zoo_user_groups_add(f.txn, SGC_STR("u3"), g.id));
    OK(zoo_user_groups_add(f.txn, SGC_STR("u3"), h.id));
    CU_ASSERT_EQUAL(zoo_user_groups_add(f.txn, SGC_STR("nobody"), h.id), SGC_FOREIGN_KEY);
    CU_ASSERT_STRING_EQUAL(group_members(f.txn, g.id), "u1 u3");
    zoo_group_cursor groups = zoo_user_groups_many(f.txn, users, 2);
    size_t parents = 0, count = 0;
    for (; zoo_group_cursor_next(&groups, &row); count++)
        parents = parents * 10 + zoo_group_cursor_parent(&groups);
    OK(zoo_group_cursor_status(&groups));
    CU_ASSERT(count == 3 && parents == 1);
    OK(zoo_user_groups_remove(f.txn, SGC_STR("u3"), g.id));
    CU_ASSERT_STRING_EQUAL(group_members(f.txn, g.id), "u1");
    OK(zoo_group_members_remove(f.txn, h.id, SGC_STR("u3")));
    groups = zoo_user_groups(f.txn, SGC_STR("u3"));
    CU_ASSERT_FALSE(zoo_group_cursor_next(&groups, &row));
    sgc_str both[] = {g.id, h.id};
    CU_ASSERT_STRING_EQUAL(ids_of(zoo_group_members_many(f.txn, both, 2)), "u1");
    stop(&f);
}

void test_lists_and_owned(void)
{
    fixture f = start();
    sgc_str friends[] = {SGC_STR("u3"), SGC_STR("u1")}, who[] = {SGC_STR("u1"), SGC_STR("u2")};
    zoo_user_patch patch = {.set = {.friend_ids = true}, .friend_ids = {friends, 2}};
    zoo_profile_new in = {.id = SGC_STR("p"), .user_id = SGC_STR("u2")};
    zoo_profile profile;
    zoo_user user;
    zoo_user_by_friend_ids_range of = {.from = {.given = 1, .friend_ids = SGC_STR("u3")}};

    add_three(&f);
    OK(zoo_user_update(f.txn, SGC_STR("u2"), &patch));
    CU_ASSERT_STRING_EQUAL(ids_of(zoo_user_friends(f.txn, SGC_STR("u2"))), "u3 u1");
    CU_ASSERT_STRING_EQUAL(ids_of(zoo_user_friends_many(f.txn, who, 2)), "u3 u1");
    CU_ASSERT_STRING_EQUAL(ids_of(zoo_user_by_friend_ids(f.txn, &of)), "u2");
    OK(zoo_profile_create(f.txn, &in, NULL));
    OK(zoo_user_profile(f.txn, SGC_STR("u2"), &profile));
    UNIT_STR(profile.id, "p");
    CU_ASSERT_EQUAL(zoo_user_profile(f.txn, SGC_STR("u1"), &profile), SGC_NOT_FOUND);
    OK(zoo_profile_user(f.txn, &profile, &user));
    UNIT_STR(user.id, "u2");
    CU_ASSERT_STRING_EQUAL(ids_of(zoo_profile_user_many(f.txn, &profile.id, 1)), "u2");
    zoo_profile_cursor owned = zoo_user_profile_many(f.txn, who, 2);
    CU_ASSERT(zoo_profile_cursor_next(&owned, &profile));
    CU_ASSERT_EQUAL(zoo_profile_cursor_parent(&owned), 1);
    CU_ASSERT_FALSE(zoo_profile_cursor_next(&owned, &profile));
    OK(zoo_profile_get_by_user_id(f.txn, SGC_STR("u2"), &profile));
    zoo_profile_cursor all = zoo_profile_by_user_id(f.txn, NULL);
    CU_ASSERT(zoo_profile_cursor_next(&all, &profile));
    CU_ASSERT_EQUAL(zoo_profile_cursor_parent(&all), 0);
    CU_ASSERT_FALSE(zoo_profile_cursor_next(&all, &profile));
    OK(zoo_profile_cursor_status(&all));
    stop(&f);
}

/* ---- lists of keys ---- */

void test_list_changes(void)
{
    fixture f = start();
    zoo_user before, after;

    add_three(&f);
    OK(zoo_user_friends_add(f.txn, SGC_STR("u1"), SGC_STR("u3")));
    OK(zoo_user_friends_add(f.txn, SGC_STR("u1"), SGC_STR("u2")));
    OK(zoo_user_friends_add(f.txn, SGC_STR("u1"), SGC_STR("u3")));
    commit(&f);
    CU_ASSERT_STRING_EQUAL(ids_of(zoo_user_friends(f.txn, SGC_STR("u1"))), "u3 u2 u3");
    CU_ASSERT_EQUAL(zoo_user_friends_add(f.txn, SGC_STR("no"), SGC_STR("u3")), SGC_NOT_FOUND);
    CU_ASSERT_EQUAL(zoo_user_friends_add(f.txn, SGC_STR("u1"), SGC_STR("no")), SGC_FOREIGN_KEY);
    CU_ASSERT_EQUAL(zoo_user_friends_add(f.txn, SGC_STR("u1"), sgc_str_of(NULL, 0)), SGC_NOT_NULL);
    CU_ASSERT_EQUAL(zoo_user_friends_remove(f.txn, SGC_STR("no"), SGC_STR("u3")), SGC_NOT_FOUND);
    CU_ASSERT_FALSE(commit(&f));
    OK(zoo_user_get(f.txn, SGC_STR("u1"), &before));
    OK(zoo_user_friends_remove(f.txn, SGC_STR("u1"), SGC_STR("u1")));
    OK(zoo_user_friends_remove(f.txn, SGC_STR("u1"), sgc_str_of(NULL, 0)));
    CU_ASSERT_FALSE(commit(&f));
    OK(zoo_user_friends_remove(f.txn, SGC_STR("u1"), SGC_STR("u3")));
    CU_ASSERT_STRING_EQUAL(ids_of(zoo_user_friends(f.txn, SGC_STR("u1"))), "u2");
    OK(zoo_user_get(f.txn, SGC_STR("u1"), &after));
    CU_ASSERT(after.changed_at > before.changed_at);
    CU_ASSERT(commit(&f));
    OK(zoo_user_friends_remove(f.txn, SGC_STR("u1"), SGC_STR("u2")));
    CU_ASSERT_STRING_EQUAL(ids_of(zoo_user_friends(f.txn, SGC_STR("u1"))), "");
    stop(&f);
}

void test_numbered_lists(void)
{
    fixture f = start();
    zoo_post post;

    for (int i = 0; i < 3; i++) {
        char title[] = {(char)('a' + i), 0};
        OK(zoo_post_create(f.txn, &(zoo_post_new){.title = sgc_str_from(title)}, NULL));
    }
    OK(zoo_post_related_add(f.txn, 1, 3));
    OK(zoo_post_related_add(f.txn, 1, 2));
    OK(zoo_post_related_add(f.txn, 2, 1));
    CU_ASSERT_EQUAL(zoo_post_related_add(f.txn, 1, 9), SGC_FOREIGN_KEY);
    CU_ASSERT_EQUAL(zoo_post_related_add(f.txn, 9, 1), SGC_NOT_FOUND);
    CU_ASSERT_STRING_EQUAL(titles_of(zoo_post_related(f.txn, 1)), "0c 0b");
    CU_ASSERT_STRING_EQUAL(titles_of(zoo_post_related_many(f.txn, (int32_t[]){2, 3, 1}, 3)),
                           "0a 2c 2b");
    OK(zoo_post_related_remove(f.txn, 1, 3));
    OK(zoo_post_related_remove(f.txn, 1, 1));
    CU_ASSERT_EQUAL(zoo_post_related_remove(f.txn, 9, 1), SGC_NOT_FOUND);
    CU_ASSERT_STRING_EQUAL(titles_of(zoo_post_by_related_ids(f.txn, NULL)), "0b 0a");
    OK(zoo_post_get(f.txn, 1, &post));
    CU_ASSERT_EQUAL(post.related_ids.count, 1);
    stop(&f);
}

/* ---- interfaces and unions ---- */

/* Type and key of each row of a cursor, behind the position of its parent. */
static const char *things_of(zoo_thing_cursor cursor)
{
    static char text[4000];
    zoo_thing thing;

    text[0] = 0;
    while (zoo_thing_cursor_next(&cursor, &thing)) {
        size_t used = strlen(text);
        sgc_str id = thing.type == ZOO_THING_GROUP  ? SGC_STR("group")
                     : thing.type == ZOO_THING_MARK ? thing.as.mark.id
                                                    : thing.as.profile.bio;
        snprintf(text + used, sizeof text - used, "%s%u" SGC_FMT, used ? " " : "",
                 (unsigned)zoo_thing_cursor_parent(&cursor), SGC_ARG(id));
    }
    OK(zoo_thing_cursor_status(&cursor));
    return text;
}

sgc_str add_things(fixture *f)
{
    zoo_profile_new p = {.id = SGC_STR("p"), .user_id = SGC_STR("u1"), .bio = SGC_STR("old")};
    zoo_group_new g = {.id = SGC_STR("018f0000-0000-7000-8000-00000000000a"), .ok = true};

    add_three(f);
    OK(zoo_group_create(f->txn, &g, NULL));
    OK(zoo_mark_create(f->txn, &(zoo_mark_new){.id = SGC_STR("m")}, NULL));
    OK(zoo_profile_create(f->txn, &p, NULL));
    p = (zoo_profile_new){.id = SGC_STR("q"), .user_id = SGC_STR("u2"), .bio = SGC_STR("new")};
    p.favourite_id = g.id;
    p.favourite_type = zoo_thing_type_text(ZOO_THING_GROUP);
    OK(zoo_profile_create(f->txn, &p, NULL));
    return g.id;
}

void test_one_of_several(void)
{
    fixture f = start();
    sgc_str group = add_things(&f);
    sgc_str ids[] = {SGC_STR("q"), SGC_STR("none"), SGC_STR("p"), SGC_STR("q")};
    zoo_profile profile;
    zoo_thing thing;

    OK(zoo_profile_get(f.txn, SGC_STR("q"), &profile));
    OK(zoo_profile_favourite(f.txn, &profile, &thing));
    CU_ASSERT(thing.type == ZOO_THING_GROUP && thing.as.group.ok);
    CU_ASSERT(sgc_str_eq(thing.as.group.id, group));
    OK(zoo_profile_get(f.txn, SGC_STR("p"), &profile));
    CU_ASSERT_EQUAL(zoo_profile_favourite(f.txn, &profile, &thing), SGC_NOT_FOUND);
    CU_ASSERT_STRING_EQUAL(things_of(zoo_profile_favourite_many(f.txn, ids, 4)), "0group 3group");
    zoo_profile_patch patch = {.set = {.favourite_id = true, .favourite_type = true}};
    patch.favourite_id = SGC_STR("p");
    patch.favourite_type = zoo_thing_type_text(ZOO_THING_PROFILE);
    OK(zoo_profile_update(f.txn, SGC_STR("p"), &patch));
    CU_ASSERT_STRING_EQUAL(things_of(zoo_profile_favourite_many(f.txn, ids, 3)), "0group 2old");
    /* A key of one type is none of another. */
    patch.favourite_type = zoo_thing_type_text(ZOO_THING_MARK);
    CU_ASSERT_EQUAL(zoo_profile_update(f.txn, SGC_STR("p"), &patch), SGC_FOREIGN_KEY);
    patch.favourite_type = SGC_STR("User");
    patch.favourite_id = SGC_STR("u1");
    CU_ASSERT_EQUAL(zoo_profile_update(f.txn, SGC_STR("p"), &patch), SGC_FOREIGN_KEY);
    /* Who likes it is asked of the index. */
    zoo_profile_by_favourite_type_and_favourite_id_range likes = {
        .from = {.given = 2, .favourite_type = SGC_STR("Group"), .favourite_id = group}};
    likes.to = likes.from;
    zoo_profile_cursor who = zoo_profile_by_favourite_type_and_favourite_id(f.txn, &likes);
    CU_ASSERT(zoo_profile_cursor_next(&who, &profile));
    UNIT_STR(profile.id, "q");
    CU_ASSERT_FALSE(zoo_profile_cursor_next(&who, &profile));
    stop(&f);
}

void test_types(void)
{
    fixture f = start();
    zoo_thing thing;

    add_things(&f);
    UNIT_STR(zoo_thing_type_text(ZOO_THING_PROFILE), "Profile");
    CU_ASSERT(sgc_str_is_null(zoo_thing_type_text((zoo_thing_type)0)));
    CU_ASSERT(sgc_str_is_null(zoo_thing_type_text((zoo_thing_type)4)));
    CU_ASSERT_EQUAL(zoo_thing_type_from_text(SGC_STR("Mark")), ZOO_THING_MARK);
    CU_ASSERT_EQUAL(zoo_thing_type_from_text(SGC_STR("mark")), (zoo_thing_type)0);
    CU_ASSERT_EQUAL(zoo_thing_type_from_text(sgc_str_of(NULL, 0)), (zoo_thing_type)0);
    OK(zoo_thing_get(f.txn, ZOO_THING_MARK, SGC_STR("m"), &thing));
    UNIT_STR(thing.as.mark.id, "m");
    CU_ASSERT_EQUAL(zoo_thing_get(f.txn, ZOO_THING_GROUP, SGC_STR("m"), &thing), SGC_NOT_FOUND);
    CU_ASSERT_EQUAL(zoo_thing_get(f.txn, (zoo_thing_type)0, SGC_STR("m"), &thing), SGC_NOT_FOUND);
    stop(&f);
}

void test_many_of_several(void)
{
    fixture f = start();
    sgc_str group = add_things(&f), p = SGC_STR("p"), q = SGC_STR("q");
    sgc_str ids[] = {q, SGC_STR("none"), p};
    zoo_profile before, after;

    OK(zoo_profile_things_add(f.txn, p, ZOO_THING_MARK, SGC_STR("m")));
    OK(zoo_profile_things_add(f.txn, p, ZOO_THING_GROUP, group));
    OK(zoo_profile_things_add(f.txn, p, ZOO_THING_PROFILE, q));
    OK(zoo_profile_things_add(f.txn, p, ZOO_THING_MARK, SGC_STR("m")));
    OK(zoo_profile_things_add(f.txn, q, ZOO_THING_PROFILE, p));
    commit(&f);
    CU_ASSERT_STRING_EQUAL(things_of(zoo_profile_things(f.txn, p)), "0m 0group 0new 0m");
    CU_ASSERT_STRING_EQUAL(things_of(zoo_profile_things_many(f.txn, ids, 3)),
                           "0old 2m 2group 2new 2m");
    CU_ASSERT_EQUAL(zoo_profile_things_add(f.txn, SGC_STR("x"), ZOO_THING_MARK, SGC_STR("m")),
                    SGC_NOT_FOUND);
    CU_ASSERT_EQUAL(zoo_profile_things_add(f.txn, p, ZOO_THING_MARK, q), SGC_FOREIGN_KEY);
    CU_ASSERT_EQUAL(zoo_profile_things_add(f.txn, p, (zoo_thing_type)7, q), SGC_NOT_NULL);
    /* Only the pair of type and key is taken out, each time it is there. */
    OK(zoo_profile_get(f.txn, p, &before));
    OK(zoo_profile_things_remove(f.txn, p, ZOO_THING_GROUP, SGC_STR("m")));
    OK(zoo_profile_things_remove(f.txn, p, (zoo_thing_type)0, SGC_STR("m")));
    CU_ASSERT_EQUAL(before.thing_ids.count, 4);
    CU_ASSERT_FALSE(commit(&f));
    OK(zoo_profile_things_remove(f.txn, p, ZOO_THING_MARK, SGC_STR("m")));
    CU_ASSERT_STRING_EQUAL(things_of(zoo_profile_things(f.txn, p)), "0group 0new");
    OK(zoo_profile_get(f.txn, p, &after));
    CU_ASSERT_EQUAL(after.thing_types.count, 2);
    CU_ASSERT(commit(&f));
    CU_ASSERT_EQUAL(zoo_profile_things_remove(f.txn, SGC_STR("x"), ZOO_THING_MARK, q),
                    SGC_NOT_FOUND);
    /* onDelete: SET_NULL takes a deleted row out of the list. */
    CU_ASSERT_EQUAL(zoo_group_delete(f.txn, group), SGC_FOREIGN_KEY);
    OK(zoo_profile_things_add(f.txn, q, ZOO_THING_MARK, SGC_STR("m")));
    OK(zoo_mark_delete(f.txn, SGC_STR("m")));
    CU_ASSERT_STRING_EQUAL(things_of(zoo_profile_things(f.txn, q)), "0old");
    zoo_profile_by_thing_ids_range of = {.from = {.given = 1, .thing_ids = q}};
    of.to = of.from;
    zoo_profile_cursor holders = zoo_profile_by_thing_ids(f.txn, &of);
    CU_ASSERT(zoo_profile_cursor_next(&holders, &after));
    UNIT_STR(after.id, "p");
    stop(&f);
}

/* More rows than one batch fetches, of tables by turns: order and parents stay. */
void test_batches_of_several(void)
{
    fixture f = start();
    sgc_str group = add_things(&f), ids[150], types[150];
    char expected[4000] = "";
    sgc_str both[] = {SGC_STR("q"), SGC_STR("p")};

    for (size_t i = 0; i < 150; i++) {
        ids[i] = i % 3 == 0 ? SGC_STR("m") : i % 3 == 1 ? group : SGC_STR("q");
        types[i] = zoo_thing_type_text((zoo_thing_type)(i % 3 == 0   ? ZOO_THING_MARK
                                                        : i % 3 == 1 ? ZOO_THING_GROUP
                                                                     : ZOO_THING_PROFILE));
    }
    zoo_profile_patch patch = {.set = {.thing_ids = true, .thing_types = true}};
    for (size_t p = 0; p < 2; p++) {
        size_t count = p == 0 ? 61 : 150;
        patch.thing_ids = (sgc_str_array){ids, count};
        patch.thing_types = (sgc_str_array){types, count};
        OK(zoo_profile_update(f.txn, both[p], &patch));
        for (size_t i = 0; i < count; i++) {
            size_t used = strlen(expected);
            snprintf(expected + used, sizeof expected - used, "%s%u%s", used ? " " : "",
                     (unsigned)p,
                     i % 3 == 0   ? "m"
                     : i % 3 == 1 ? "group"
                                  : "new");
        }
    }
    CU_ASSERT_STRING_EQUAL(things_of(zoo_profile_things_many(f.txn, both, 2)), expected);
    stop(&f);
}

/* One member table, keys are numbers. */
void test_numbered(void)
{
    fixture f = start();
    zoo_post_new a = {.title = SGC_STR("a")};
    zoo_post_new b = {.title = SGC_STR("b"), .has_next_id = true, .next_id = 1};
    zoo_post post;
    zoo_numbered found;
    zoo_numbered_cursor cursor;
    int32_t sum = 0;

    b.next_type = zoo_numbered_type_text(ZOO_NUMBERED_POST);
    OK(zoo_post_create(f.txn, &a, NULL));
    OK(zoo_post_create(f.txn, &b, &post));
    OK(zoo_post_next(f.txn, &post, &found));
    CU_ASSERT(found.type == ZOO_NUMBERED_POST && found.as.post.id == 1);
    OK(zoo_post_get(f.txn, 1, &post));
    CU_ASSERT_EQUAL(zoo_post_next(f.txn, &post, &found), SGC_NOT_FOUND);
    cursor = zoo_post_next_many(f.txn, (int32_t[]){7, 1, 2}, 3);
    CU_ASSERT(zoo_numbered_cursor_next(&cursor, &found) && found.as.post.id == 1);
    CU_ASSERT_EQUAL(zoo_numbered_cursor_parent(&cursor), 2);
    CU_ASSERT_FALSE(zoo_numbered_cursor_next(&cursor, &found));
    OK(zoo_numbered_cursor_status(&cursor));
    OK(zoo_post_parts_add(f.txn, 1, ZOO_NUMBERED_POST, 2));
    OK(zoo_post_parts_add(f.txn, 1, ZOO_NUMBERED_POST, 1));
    OK(zoo_post_parts_add(f.txn, 1, ZOO_NUMBERED_POST, 2));
    for (cursor = zoo_post_parts(f.txn, 1); zoo_numbered_cursor_next(&cursor, &found);)
        sum = sum * 10 + found.as.post.id;
    CU_ASSERT_EQUAL(sum, 212);
    OK(zoo_post_parts_remove(f.txn, 1, ZOO_NUMBERED_POST, 2));
    cursor = zoo_post_parts_many(f.txn, (int32_t[]){2, 1}, 2);
    CU_ASSERT(zoo_numbered_cursor_next(&cursor, &found) && found.as.post.id == 1);
    CU_ASSERT_EQUAL(zoo_numbered_cursor_parent(&cursor), 1);
    CU_ASSERT_FALSE(zoo_numbered_cursor_next(&cursor, &found));
    OK(zoo_numbered_get(f.txn, zoo_numbered_type_from_text(SGC_STR("Post")), 2, &found));
    UNIT_STR(found.as.post.title, "b");
    CU_ASSERT_STRING_EQUAL(titles_of(zoo_post_by_next_type_and_next_id(f.txn, NULL)), "0b 0a");
    CU_ASSERT_STRING_EQUAL(titles_of(zoo_post_by_part_ids(f.txn, NULL)), "0a");
    stop(&f);
}

/* ---- keys of 64 bits ---- */

static int64_t ids_sum(zoo_counter_cursor cursor)
{
    zoo_counter row;
    int64_t sum = 0;

    while (zoo_counter_cursor_next(&cursor, &row))
        sum = sum * 10 + (row.id & 7) + 4 * (int64_t)zoo_counter_cursor_parent(&cursor);
    OK(zoo_counter_cursor_status(&cursor));
    return sum;
}

static const int64_t huge = INT64_C(0x7000000000000000);

static void add_counters(fixture *f)
{
    for (int64_t i = 1; i <= 3; i++)
        OK(zoo_counter_create(f->txn, &(zoo_counter_new){.id = huge + i}, NULL));
}

void test_wide_lists(void)
{
    fixture f = start();
    int64_t two[] = {huge + 2, huge + 1};

    add_counters(&f);
    OK(zoo_counter_peers_add(f.txn, huge + 1, huge + 3));
    OK(zoo_counter_peers_add(f.txn, huge + 1, huge + 1));
    OK(zoo_counter_peers_add(f.txn, huge + 1, huge + 3));
    CU_ASSERT_EQUAL(zoo_counter_peers_add(f.txn, huge + 1, 3), SGC_FOREIGN_KEY);
    CU_ASSERT_EQUAL(zoo_counter_peers_add(f.txn, 1, huge + 1), SGC_NOT_FOUND);
    CU_ASSERT_EQUAL(ids_sum(zoo_counter_peers(f.txn, huge + 1)), 313);
    CU_ASSERT_EQUAL(ids_sum(zoo_counter_peers_many(f.txn, two, 2)), 757);
    OK(zoo_counter_peers_remove(f.txn, huge + 1, huge + 3));
    OK(zoo_counter_peers_remove(f.txn, huge + 1, 3));
    CU_ASSERT_EQUAL(ids_sum(zoo_counter_peers(f.txn, huge + 1)), 1);
    CU_ASSERT_EQUAL(ids_sum(zoo_counter_by_peer_ids(f.txn, NULL)), 1);
    stop(&f);
}

void test_wide_sums(void)
{
    fixture f = start();
    zoo_counter_patch patch = {.set = {.sum_id = true, .sum_type = true}};
    int64_t two[] = {huge + 2, huge + 1};
    zoo_counter row;
    zoo_sum sum;
    zoo_sum_cursor cursor;

    add_counters(&f);
    patch.has_sum_id = true;
    patch.sum_id = huge + 2;
    patch.sum_type = zoo_sum_type_text(ZOO_SUM_COUNTER);
    OK(zoo_counter_update(f.txn, huge + 1, &patch));
    OK(zoo_counter_get(f.txn, huge + 1, &row));
    OK(zoo_counter_sum(f.txn, &row, &sum));
    CU_ASSERT_EQUAL(sum.as.counter.id, huge + 2);
    cursor = zoo_counter_sum_many(f.txn, two, 2);
    CU_ASSERT(zoo_sum_cursor_next(&cursor, &sum) && zoo_sum_cursor_parent(&cursor) == 1);
    CU_ASSERT_FALSE(zoo_sum_cursor_next(&cursor, &sum));
    OK(zoo_counter_sums_add(f.txn, huge + 1, ZOO_SUM_COUNTER, huge + 3));
    OK(zoo_counter_sums_add(f.txn, huge + 1, ZOO_SUM_COUNTER, huge + 2));
    OK(zoo_counter_sums_remove(f.txn, huge + 1, ZOO_SUM_COUNTER, huge + 3));
    cursor = zoo_counter_sums(f.txn, huge + 1);
    CU_ASSERT(zoo_sum_cursor_next(&cursor, &sum) && sum.as.counter.id == huge + 2);
    CU_ASSERT_FALSE(zoo_sum_cursor_next(&cursor, &sum));
    OK(zoo_sum_cursor_status(&cursor));
    cursor = zoo_counter_sums_many(f.txn, two, 2);
    CU_ASSERT(zoo_sum_cursor_next(&cursor, &sum) && zoo_sum_cursor_parent(&cursor) == 1);
    OK(zoo_sum_get(f.txn, zoo_sum_type_from_text(SGC_STR("Counter")), huge + 3, &sum));
    CU_ASSERT_EQUAL(ids_sum(zoo_counter_by_sum_ids(f.txn, NULL)), 1);
    CU_ASSERT_EQUAL(ids_sum(zoo_counter_by_sum_type_and_sum_id(f.txn, NULL)), 123);
    stop(&f);
}

void test_counters(void)
{
    fixture f = start();
    sgc_arena arena = {0};
    sgc_buf out = {0};
    sgc_error error;
    zoo_counter_new in;
    zoo_counter rows[2], copy;
    int64_t ids[] = {7, huge + 3};
    bool found[2];

    add_counters(&f);
    OK(zoo_counter_get_many(f.txn, ids, 2, rows, found));
    CU_ASSERT(!found[0] && found[1]);
    OK(zoo_counter_copy(&arena, &rows[1], &copy));
    OK(zoo_counter_pack(&copy, &out));
    OK(zoo_counter_unpack((const uint8_t *)out.data, out.size, &copy));
    CU_ASSERT_EQUAL(copy.id, huge + 3);
    out.size = 0;
    zoo_counter_to_json(&rows[1], &out);
    OK(zoo_counter_from_json(&arena, sgc_buf_as_str(&out), &in, &error));
    in.id = 7;
    OK(zoo_counter_upsert(f.txn, &in, NULL));
    CU_ASSERT_EQUAL(ids_sum(zoo_counter_all(f.txn)), 7123);
    OK(zoo_counter_delete(f.txn, 7));
    CU_ASSERT_EQUAL(ids_sum(zoo_counter_by_id(f.txn, NULL)), 123);
    sgc_buf_free(&out);
    sgc_arena_free(&arena);
    stop(&f);
}
