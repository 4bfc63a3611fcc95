/*
 * loads.c - rows of every table through the emitted _load functions: defaults and generated keys
 * are those of _create, parents come in any order, links are added by the functions of their
 * relation, and refusals have the same words.
 */
#include "behaviour/behaviour.h"

static sgc_load *open_load(const fixture *f)
{
    sgc_load *load = NULL;
    sgc_error error = {SGC_OK, ""};

    CU_ASSERT_EQUAL_FATAL(sgc_load_begin(f->db, NULL, &load, &error), SGC_OK);
    return load;
}

/* Begins again, so that what follows reads what was loaded. */
static void read_again(fixture *f)
{
    sgc_abort(&f->txn);
    OK(sgc_begin(f->db, &f->txn));
}

static void load_all(sgc_load *load)
{
    zoo_profile_new profile = {.id = SGC_STR("p"), .user_id = SGC_STR("u1")};
    zoo_user_new user = {.id = SGC_STR("u1"), .email = SGC_STR("a@x"), .name = SGC_STR("Ada")};
    zoo_post_new post = {.title = SGC_STR("first"), .author_id = SGC_STR("u1")};

    profile.favourite_id = SGC_STR("m");
    profile.favourite_type = zoo_thing_type_text(ZOO_THING_MARK);
    OK(zoo_profile_load(load, &profile));
    OK(zoo_user_load(load, &user));
    OK(zoo_post_load(load, &post));
    post.title = SGC_STR("second");
    post.has_id = true;
    post.id = 41;
    OK(zoo_post_load(load, &post));
    post.title = SGC_STR("third");
    post.has_id = false;
    OK(zoo_post_load(load, &post));
    OK(zoo_mark_load(load, &(zoo_mark_new){.id = SGC_STR("m")}));
    OK(zoo_group_load(load, &(zoo_group_new){.ok = true}));
    OK(zoo_counter_load(load, &(zoo_counter_new){.id = 7}));
}

static void test_all_tables(void)
{
    fixture f = start();
    sgc_load *load = open_load(&f);
    sgc_commit_info info;
    zoo_user user;
    zoo_post post;
    zoo_profile profile;
    zoo_mark mark;

    load_all(load);
    CU_ASSERT_EQUAL(zoo_mark_get(f.txn, SGC_STR("m"), &mark), SGC_NOT_FOUND);
    OK(sgc_load_commit(&load, &info));
    CU_ASSERT_EQUAL(info.sequence, 1);
    CU_ASSERT_EQUAL(zoo_mark_get(f.txn, SGC_STR("m"), &mark), SGC_NOT_FOUND);
    read_again(&f);
    OK(zoo_mark_get(f.txn, SGC_STR("m"), &mark));
    OK(zoo_user_get_by_email(f.txn, SGC_STR("a@x"), &user));
    CU_ASSERT_EQUAL(user.views, 5);
    CU_ASSERT_EQUAL(user.role, ZOO_ROLE_READER);
    CU_ASSERT_TRUE(user.created_at > 0);
    OK(zoo_post_get(f.txn, 1, &post));
    UNIT_STR(post.title, "first");
    OK(zoo_post_get(f.txn, 42, &post));
    UNIT_STR(post.title, "third");
    OK(zoo_profile_get(f.txn, SGC_STR("p"), &profile));
    UNIT_STR(profile.user_id, "u1");
    stop(&f);
}

static void test_refused(void)
{
    fixture f = start();
    sgc_load *load = open_load(&f);
    sgc_commit_info info;
    zoo_user_new user = {.id = SGC_STR("u1"), .email = SGC_STR("a@x")};

    CU_ASSERT_EQUAL(zoo_user_load(load, &user), SGC_NOT_NULL);
    CU_ASSERT_STRING_EQUAL(sgc_load_errmsg(load), "User.name: a value is required");
    user.name = SGC_STR("Ada");
    OK(zoo_user_load(load, &user));
    user.id = SGC_STR("u2");
    OK(zoo_user_load(load, &user));
    CU_ASSERT_EQUAL(zoo_user_delete(sgc_load_txn(load), user.id), SGC_UNSUPPORTED);
    CU_ASSERT_EQUAL(sgc_load_commit(&load, &info), SGC_EXISTS);
    CU_ASSERT_EQUAL(info.place, 2);
    CU_ASSERT_EQUAL(info.other_place, 1);
    CU_ASSERT_PTR_NULL(load);
    CU_ASSERT_STRING_EQUAL(info.error.text, "User with email \"a@x\" already exists");
    UNIT_STR(info.type, "User");
    UNIT_STR(info.field, "email");
    read_again(&f);
    add_three(&f);
    CU_ASSERT_TRUE(commit(&f));
    stop(&f);
}

static void test_links_too(void)
{
    static const char group[] = "00000000-0000-7000-8000-000000000001";
    fixture f = start();
    sgc_load *load = open_load(&f);
    sgc_commit_info info;
    zoo_user_new user = {.id = SGC_STR("u1"), .email = SGC_STR("a@x"), .name = SGC_STR("Ada")};
    zoo_user row;

    OK(zoo_group_members_add(sgc_load_txn(load), sgc_str_from(group), SGC_STR("u1")));
    OK(zoo_user_groups_add(sgc_load_txn(load), SGC_STR("u1"), sgc_str_from(group)));
    OK(zoo_user_load(load, &user));
    OK(zoo_group_load(load, &(zoo_group_new){.id = sgc_str_from(group), .ok = true}));
    OK(sgc_load_commit(&load, &info));
    read_again(&f);
    zoo_user_cursor members = zoo_group_members(f.txn, sgc_str_from(group));
    CU_ASSERT_TRUE(zoo_user_cursor_next(&members, &row));
    UNIT_STR(row.name, "Ada");
    CU_ASSERT_FALSE(zoo_user_cursor_next(&members, &row));
    OK(zoo_user_cursor_status(&members));
    stop(&f);
}

void test_loads(void)
{
    test_links_too();
    test_all_tables();
    test_refused();
}
