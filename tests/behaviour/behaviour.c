/*
 * behaviour.c - a typed program against emitted code and the real runtime: every function that sgc
 * emitted for zoo.graphql is called here or in the files beside (tests/behaviour/covered says so)
 * and its effect asked for.
 */
#include "behaviour/behaviour.h"
#include "zoo.resolve.sgc.h"

/* ---- a database in memory for each test ---- */

fixture start(void)
{
    fixture f = {0};

    sgc_db_options options = {.cache_bytes = 4 << 20, .log_segment_bytes = 1 << 20};

    OK(zoo_open(":memory:", &options, &f.db, &f.error));
    if (!f.db) printf("open: %s\n", f.error.text);
    OK(sgc_begin(f.db, &f.txn));
    return f;
}

bool commit(fixture *f)
{
    sgc_commit_info info;

    OK(sgc_commit(&f->txn, &info));
    OK(sgc_begin(f->db, &f->txn));
    return info.sequence > 0;
}

void stop(fixture *f)
{
    sgc_abort(&f->txn);
    OK(sgc_db_close(f->db));
}

static sgc_status add_user(sgc_txn *txn, sgc_str id, sgc_str email, int32_t age)
{
    zoo_user_new user = {.id = id, .email = email, .name = SGC_STR("Ada"), .has_age = age > 0};

    user.age = age;
    return zoo_user_create(txn, &user, NULL);
}

void add_three(fixture *f)
{
    OK(add_user(f->txn, SGC_STR("u1"), SGC_STR("a@x"), 30));
    OK(add_user(f->txn, SGC_STR("u2"), SGC_STR("b@x"), 0));
    OK(add_user(f->txn, SGC_STR("u3"), SGC_STR("c@x"), 20));
}

const char *ids_of(zoo_user_cursor cursor)
{
    static char text[200];
    zoo_user user;

    text[0] = 0;
    while (zoo_user_cursor_next(&cursor, &user)) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s" SGC_FMT, used ? " " : "", SGC_ARG(user.id));
    }
    OK(zoo_user_cursor_status(&cursor));
    return text;
}

const char *titles_of(zoo_post_cursor cursor)
{
    static char text[200];
    zoo_post post;

    text[0] = 0;
    while (zoo_post_cursor_next(&cursor, &post)) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%u" SGC_FMT, used ? " " : "",
                 (unsigned)zoo_post_cursor_parent(&cursor), SGC_ARG(post.title));
    }
    OK(zoo_post_cursor_status(&cursor));
    return text;
}

/* ---- create, get, defaults ---- */

static zoo_user_new full_user(void)
{
    static const zoo_role roles[] = {ZOO_ROLE_EDITOR, (zoo_role)0, ZOO_ROLE_ADMIN};
    static const sgc_str tags[] = {SGC_STR_INIT("x"), SGC_STR_INIT("")};
    static zoo_address_new inner, outer;
    static const zoo_address_new *list[2];
    zoo_user_new user = {
        .id = SGC_STR("u1"), .email = SGC_STR("a@x"), .name = SGC_STR("Zo\xc3\xab")};

    inner = (zoo_address_new){.street = SGC_STR("Inner"), .code = 1};
    outer = (zoo_address_new){.street = SGC_STR("Outer"), .has_zip = true, .zip = 1234};
    outer.role = ZOO_ROLE_READER;
    outer.open = true;
    outer.has_height = true;
    outer.height = 1.5;
    outer.has_seen = true;
    outer.seen = 1000000;
    outer.tags = (sgc_str_array){tags, 2};
    outer.next = &inner;
    outer.code = 9007199254740993;
    list[0] = &inner;
    list[1] = NULL;
    user.role = ZOO_ROLE_EDITOR;
    user.roles = (zoo_role_array){roles, 3};
    user.tags = (sgc_str_array){tags, 2};
    user.address = &outer;
    user.addresses = (zoo_address_array){list, 2};
    user.friend_ids = (sgc_str_array){tags, 0};
    return user;
}

static void check_lists(const zoo_user *user)
{
    sgc_list roles = user->roles, tags = user->tags, addresses = user->addresses;
    uint16_t role;
    sgc_str text;
    zoo_address address;

    CU_ASSERT_EQUAL(roles.count, 3);
    CU_ASSERT(sgc_list_next_enum(&roles, &role) && role == ZOO_ROLE_EDITOR);
    CU_ASSERT(sgc_list_next_enum(&roles, &role) && role == 0);
    CU_ASSERT(sgc_list_next_enum(&roles, &role) && role == ZOO_ROLE_ADMIN);
    CU_ASSERT_FALSE(sgc_list_next_enum(&roles, &role));
    CU_ASSERT(sgc_list_next_str(&tags, &text));
    UNIT_STR(text, "x");
    CU_ASSERT(sgc_list_next_str(&tags, &text));
    UNIT_STR(text, "");
    CU_ASSERT_FALSE(sgc_list_next_str(&tags, &text));
    CU_ASSERT(sgc_list_next_packed(&addresses, &text));
    OK(zoo_address_unpack(text, &address));
    UNIT_STR(address.street, "Inner");
    CU_ASSERT(sgc_list_next_packed(&addresses, &text));
    CU_ASSERT(sgc_str_is_null(text));
}

static void check_address(const zoo_user *user)
{
    zoo_address outer, inner;

    OK(zoo_address_unpack(user->address, &outer));
    UNIT_STR(outer.street, "Outer");
    CU_ASSERT(outer.has_zip && outer.zip == 1234 && outer.open && outer.role == ZOO_ROLE_READER);
    CU_ASSERT(outer.has_height && outer.height == 1.5 && outer.seen == 1000000);
    CU_ASSERT_EQUAL(outer.code, 9007199254740993);
    OK(zoo_address_unpack(outer.next, &inner));
    UNIT_STR(inner.street, "Inner");
    CU_ASSERT(!inner.has_zip && inner.role == 0 && sgc_list_is_null(inner.tags));
}

static void test_create(void)
{
    fixture f = start();
    zoo_user_new in = full_user();
    zoo_user out, again;

    OK(zoo_user_create(f.txn, &in, &out));
    check_lists(&out);
    check_address(&out);
    commit(&f);
    OK(zoo_user_get(f.txn, SGC_STR("u1"), &again));
    check_lists(&again);
    check_address(&again);
    UNIT_STR(again.name, "Zo\xc3\xab");
    CU_ASSERT_EQUAL(again.views, 5);
    CU_ASSERT(!again.has_age && again.created_at > 0 && again.has_changed_at);
    CU_ASSERT_EQUAL(zoo_user_get(f.txn, SGC_STR("u2"), &again), SGC_NOT_FOUND);
    CU_ASSERT_EQUAL(zoo_user_create(f.txn, &in, NULL), SGC_EXISTS);
    stop(&f);
}

static void test_defaults(void)
{
    fixture f = start();
    zoo_user_new in = {.email = SGC_STR("e"), .name = SGC_STR("n")};
    zoo_user out;
    sgc_str tag;

    OK(zoo_user_create(f.txn, &in, &out));
    CU_ASSERT_EQUAL(out.id.size, 36);
    CU_ASSERT_EQUAL(out.role, ZOO_ROLE_READER);
    CU_ASSERT(!sgc_list_is_null(out.friend_ids) && out.friend_ids.count == 0);
    CU_ASSERT_EQUAL(out.tags.count, 2);
    CU_ASSERT(sgc_list_next_str(&out.tags, &tag));
    UNIT_STR(tag, "a");
    CU_ASSERT(sgc_list_is_null(out.roles) && sgc_str_is_null(out.address));
    zoo_post_new post = {.title = SGC_STR("t")};
    zoo_post made;
    OK(zoo_post_create(f.txn, &post, &made));
    CU_ASSERT_EQUAL(made.id, 1);
    OK(zoo_post_create(f.txn, &post, &made));
    CU_ASSERT_EQUAL(made.id, 2);
    stop(&f);
}

static void refused(fixture *f, zoo_user_new in, sgc_status status, const char *words)
{
    CU_ASSERT_EQUAL(zoo_user_create(f->txn, &in, NULL), status);
    UNIT_STR(sgc_str_from(sgc_errmsg(f->txn)), words);
}

static void test_refusals(void)
{
    fixture f = start();
    zoo_user_new good = full_user(), in = good;

    in.name = sgc_str_of(NULL, 0);
    refused(&f, in, SGC_NOT_NULL, "User.name: a value is required");
    in = good;
    in.name = SGC_STR("\xff");
    refused(&f, in, SGC_INVALID, "User.name: text is not UTF-8");
    in = good;
    in.role = (zoo_role)77;
    refused(&f, in, SGC_INVALID, "User.role: the enum has no such value");
    zoo_group_new group = {.id = SGC_STR("not a uuid"), .ok = true};
    CU_ASSERT_EQUAL(zoo_group_create(f.txn, &group, NULL), SGC_INVALID);
    double infinite = 1e308 * 10;
    group = (zoo_group_new){.reals = {&infinite, NULL, 1}};
    CU_ASSERT_EQUAL(zoo_group_create(f.txn, &group, NULL), SGC_INVALID);
    group = (zoo_group_new){.has_at = true, .at = -1};
    CU_ASSERT_EQUAL(zoo_group_create(f.txn, &group, NULL), SGC_INVALID);
    OK(zoo_user_create(f.txn, &good, NULL));
    stop(&f);
}

/* ---- change ---- */

static void test_update(void)
{
    fixture f = start();
    zoo_user_new in = full_user();
    zoo_user before, after;
    zoo_user_patch patch = {.set = {.age = true, .address = true, .name = true}};

    OK(zoo_user_create(f.txn, &in, NULL));
    commit(&f);
    patch.has_age = true;
    patch.age = -7;
    patch.name = SGC_STR("New");
    OK(zoo_user_get(f.txn, SGC_STR("u1"), &before));
    OK(zoo_user_update(f.txn, SGC_STR("u1"), &patch));
    commit(&f);
    OK(zoo_user_get(f.txn, SGC_STR("u1"), &after));
    CU_ASSERT(after.has_age && after.age == -7 && sgc_str_is_null(after.address));
    UNIT_STR(after.name, "New");
    UNIT_STR(after.email, "a@x");
    CU_ASSERT_EQUAL(after.roles.count, 3);
    patch = (zoo_user_patch){.set = {.email = true}};
    CU_ASSERT_EQUAL(zoo_user_update(f.txn, SGC_STR("u1"), &patch), SGC_NOT_NULL);
    CU_ASSERT_EQUAL(zoo_user_update(f.txn, SGC_STR("nobody"), &patch), SGC_NOT_FOUND);
    stop(&f);
}

static void test_upsert(void)
{
    fixture f = start();
    zoo_user_new in = full_user(), change = {.id = SGC_STR("u1"), .has_views = true, .views = 9};
    zoo_user out;
    zoo_mark_new mark = {.id = SGC_STR("m")};
    zoo_mark made;

    OK(zoo_user_upsert(f.txn, &in, &out));
    OK(zoo_user_upsert(f.txn, &change, &out));
    CU_ASSERT_EQUAL(out.views, 9);
    UNIT_STR(out.email, "a@x");
    CU_ASSERT_EQUAL(out.role, ZOO_ROLE_EDITOR);
    OK(zoo_mark_upsert(f.txn, &mark, &made));
    OK(zoo_mark_upsert(f.txn, &mark, &made));
    UNIT_STR(made.id, "m");
    zoo_post_new post = {.has_id = true, .id = 4, .title = SGC_STR("four")};
    zoo_post row;
    OK(zoo_post_upsert(f.txn, &post, &row));
    zoo_group_new group = {.ok = true};
    zoo_group g;
    OK(zoo_group_upsert(f.txn, &group, &g));
    CU_ASSERT_EQUAL(g.id.size, 36);
    zoo_profile_new profile = {.id = SGC_STR("p"), .user_id = SGC_STR("u1")};
    zoo_profile p;
    OK(zoo_profile_upsert(f.txn, &profile, &p));
    profile.bio = SGC_STR("bio");
    OK(zoo_profile_upsert(f.txn, &profile, &p));
    UNIT_STR(p.bio, "bio");
    stop(&f);
}

static void test_delete(void)
{
    fixture f = start();
    zoo_user row;

    add_three(&f);
    OK(zoo_user_delete(f.txn, SGC_STR("u2")));
    CU_ASSERT_EQUAL(zoo_user_get(f.txn, SGC_STR("u2"), &row), SGC_NOT_FOUND);
    CU_ASSERT_EQUAL(zoo_user_delete(f.txn, SGC_STR("u2")), SGC_NOT_FOUND);
    CU_ASSERT_STRING_EQUAL(ids_of(zoo_user_all(f.txn)), "u1 u3");
    stop(&f);
}

/* ---- indexes ---- */

static void test_ranges(void)
{
    fixture f = start();
    zoo_user row;
    zoo_user_by_age_range ages = {.from = {.given = 1, .has_age = true, .age = 21}};
    zoo_user_by_id_range ids = {.to = {.given = 1, .id = SGC_STR("u2")}};
    zoo_user_by_email_range emails = {.from = {.given = 1, .email = SGC_STR("b@x")}};
    zoo_user_by_role_range roles = {.from = {.given = 1, .role = ZOO_ROLE_READER}};
    zoo_user_by_name_range names = {.to = {.given = 1, .exclusive = true, .name = SGC_STR("Ada")}};

    add_three(&f);
    commit(&f);
    CU_ASSERT_STRING_EQUAL(ids_of(zoo_user_by_age(f.txn, NULL)), "u3 u1 u2");
    CU_ASSERT_STRING_EQUAL(ids_of(zoo_user_by_age(f.txn, &ages)), "u1 u2");
    ages.to.given = 1;
    ages.to.has_age = true;
    ages.to.age = 30;
    CU_ASSERT_STRING_EQUAL(ids_of(zoo_user_by_age(f.txn, &ages)), "u1");
    ages.to.exclusive = true;
    CU_ASSERT_STRING_EQUAL(ids_of(zoo_user_by_age(f.txn, &ages)), "");
    CU_ASSERT_STRING_EQUAL(ids_of(zoo_user_by_id(f.txn, &ids)), "u1 u2");
    ids.descending = true;
    CU_ASSERT_STRING_EQUAL(ids_of(zoo_user_by_id(f.txn, &ids)), "u2 u1");
    ids.to.exclusive = true;
    CU_ASSERT_STRING_EQUAL(ids_of(zoo_user_by_id(f.txn, &ids)), "u1");
    CU_ASSERT_STRING_EQUAL(ids_of(zoo_user_by_email(f.txn, &emails)), "u2 u3");
    emails.from.exclusive = true;
    CU_ASSERT_STRING_EQUAL(ids_of(zoo_user_by_email(f.txn, &emails)), "u3");
    CU_ASSERT_STRING_EQUAL(ids_of(zoo_user_by_role(f.txn, &roles)), "u1 u2 u3");
    CU_ASSERT_STRING_EQUAL(ids_of(zoo_user_by_name(f.txn, &names)), "");
    OK(zoo_user_get_by_email(f.txn, SGC_STR("c@x"), &row));
    UNIT_STR(row.id, "u3");
    CU_ASSERT_EQUAL(zoo_user_get_by_email(f.txn, SGC_STR("c@"), &row), SGC_NOT_FOUND);
    stop(&f);
}

static void test_composite(void)
{
    fixture f = start();
    static const sgc_str words[] = {SGC_STR_INIT("red"), SGC_STR_INIT("blue")};
    zoo_post_new a = {.title = SGC_STR("a"), .has_score = true, .score = 2, .words = {words, 2}};
    zoo_post_new b = {.title = SGC_STR("b"), .has_score = true, .score = 1};
    zoo_post row;
    zoo_post_by_words_range red = {.from = {.given = 1, .words = SGC_STR("red")}};
    zoo_post_by_score_and_title_range one = {.to = {.given = 1, .has_score = true, .score = 1}};
    zoo_post_by_id_range first = {.to = {.given = 1, .id = 1}};

    OK(zoo_post_create(f.txn, &a, NULL));
    OK(zoo_post_create(f.txn, &b, NULL));
    CU_ASSERT_EQUAL(zoo_post_create(f.txn, &b, NULL), SGC_EXISTS);
    red.to = red.from;
    CU_ASSERT_STRING_EQUAL(titles_of(zoo_post_by_words(f.txn, &red)), "0a");
    CU_ASSERT_STRING_EQUAL(titles_of(zoo_post_by_score_and_title(f.txn, NULL)), "0b 0a");
    CU_ASSERT_STRING_EQUAL(titles_of(zoo_post_by_score_and_title(f.txn, &one)), "0b");
    CU_ASSERT_STRING_EQUAL(titles_of(zoo_post_by_title_and_score(f.txn, NULL)), "0a 0b");
    CU_ASSERT_STRING_EQUAL(titles_of(zoo_post_by_id(f.txn, &first)), "0a");
    CU_ASSERT_STRING_EQUAL(titles_of(zoo_post_all(f.txn)), "0a 0b");
    OK(zoo_post_get_by_title_and_score(f.txn, SGC_STR("b"), 1, &row));
    CU_ASSERT_EQUAL(row.id, 2);
    CU_ASSERT_STRING_EQUAL(titles_of(zoo_post_by_author_id(f.txn, NULL)), "0a 0b");
    stop(&f);
}

/* ---- MessagePack, copies ---- */

static void test_codec(void)
{
    fixture f = start();
    zoo_user_new in = full_user();
    zoo_user row, copy, back;
    sgc_buf bytes = {0}, again = {0};
    sgc_arena arena = {0};

    OK(zoo_user_create(f.txn, &in, &row));
    OK(zoo_user_copy(&arena, &row, &copy));
    OK(zoo_user_pack(&row, &bytes));
    stop(&f);
    OK(zoo_user_pack(&copy, &again));
    CU_ASSERT(sgc_str_eq(sgc_buf_as_str(&bytes), sgc_buf_as_str(&again)));
    OK(zoo_user_unpack((const uint8_t *)bytes.data, bytes.size, &back));
    check_lists(&back);
    check_address(&copy);
    /* No prefix of a record is one, and no changed byte is more than another value. */
    for (size_t size = 0; size < bytes.size; size++)
        CU_ASSERT_EQUAL(zoo_user_unpack((const uint8_t *)bytes.data, size, &back), SGC_CORRUPT);
    for (size_t at = 0; at < bytes.size; at++) {
        bytes.data[at] = (char)(bytes.data[at] ^ 0xff);
        sgc_status rc = zoo_user_unpack((const uint8_t *)bytes.data, bytes.size, &back);
        CU_ASSERT(rc == SGC_OK || rc == SGC_CORRUPT);
        again.size = 0;
        if (rc == SGC_OK) zoo_user_to_json(&back, &again);
        bytes.data[at] = (char)(bytes.data[at] ^ 0xff);
    }
    sgc_buf_free(&bytes);
    sgc_buf_free(&again);
    sgc_arena_free(&arena);
}

/* ---- JSON ---- */

static void test_json(void)
{
    static const char text[] =
        "{\"id\":\"018f0000-0000-7000-8000-00000000000a\",\"budget\":\"12.5\",\"data\":{\"a\":[1,"
        "null]},\"raw\":\"AAE=\",\"at\":\"10:20:30\",\"on\":\"2020-02-29\",\"big\":"
        "\"9007199254740993\",\"ok\":true,\"flags\":[true,null,false],\"ints\":[1,null],\"bigs\":["
        "\"5\"],\"reals\":[0.5],\"days\":[\"1970-01-02\"]}";
    fixture f = start();
    sgc_arena arena = {0};
    sgc_buf json = {0};
    sgc_error error;
    zoo_group_new in;
    zoo_group row;

    OK(zoo_group_from_json(&arena, sgc_str_from(text), &in, &error));
    OK(zoo_group_create(f.txn, &in, &row));
    zoo_group_to_json(&row, &json);
    UNIT_STR(sgc_buf_as_str(&json), text);
    sgc_buf_free(&json);
    sgc_arena_free(&arena);
    stop(&f);
}

static void test_json_of_users(void)
{
    fixture f = start();
    sgc_arena arena = {0};
    sgc_buf first = {0}, second = {0}, inner = {0};
    zoo_user_new in = full_user(), back;
    zoo_user row;
    sgc_error error;

    OK(zoo_user_create(f.txn, &in, &row));
    zoo_user_to_json(&row, &first);
    zoo_address_to_json(row.address, &inner);
    CU_ASSERT(memcmp(inner.data, "{\"street\":\"Outer\",\"zip\":1234,", 29) == 0);
    OK(zoo_user_from_json(&arena, sgc_buf_as_str(&first), &back, &error));
    OK(zoo_user_delete(f.txn, row.id));
    OK(zoo_user_create(f.txn, &back, &row));
    zoo_user_to_json(&row, &second);
    UNIT_STR(sgc_buf_as_str(&second), sgc_arena_str(&arena, sgc_buf_as_str(&first)).data);
    sgc_buf_free(&first);
    sgc_buf_free(&second);
    sgc_buf_free(&inner);
    sgc_arena_free(&arena);
    stop(&f);
}

static void bad_json(const char *text, const char *words)
{
    sgc_arena arena = {0};
    sgc_error error = {.status = SGC_OK};
    zoo_user_new in;

    CU_ASSERT_NOT_EQUAL(zoo_user_from_json(&arena, sgc_str_from(text), &in, &error), SGC_OK);
    UNIT_STR(sgc_str_from(error.text), words);
    sgc_arena_free(&arena);
}

static void test_bad_json(void)
{
    bad_json("[]", "User: expected an object, found a list");
    bad_json("{\"nope\":1}", "User has no field \"nope\"");
    bad_json("{\"age\":\"x\"}", "User.age: expected an integer, found a string");
    bad_json("{\"age\":3000000000}", "User.age: 3000000000 is outside 32 bits");
    bad_json("{\"role\":\"BOSS\"}", "User.role: no value \"BOSS\"");
    bad_json("{\"roles\":[\"ADMIN\",7]}",
             "User.list element: expected the name of an enum value, found a number");
    bad_json("{\"address\":{\"zip\":1}}", "Address.street is missing");
    bad_json("{\"address\":{\"street\":\"s\",\"open\":null}}",
             "Address.open: expected a value, found null");
    bad_json("{\"addresses\":[1]}", "User.list element: expected an object, found a number");
    bad_json("{\"tags\":\"a\"}", "User.tags: expected a list, found a string");
    bad_json("{\"id\":\"a\"}", "User.email is missing");
}

/* ---- the small types, enums, resolvers ---- */

static void test_marks(void)
{
    fixture f = start();
    sgc_arena arena = {0};
    sgc_buf out = {0};
    sgc_error error;
    zoo_mark_new in;
    zoo_mark row, copy;
    sgc_str ids[] = {SGC_STR("m1"), sgc_str_of(NULL, 0)};
    zoo_mark rows[2];
    bool found[2];

    OK(zoo_mark_from_json(&arena, SGC_STR("{\"id\":\"m1\"}"), &in, &error));
    OK(zoo_mark_create(f.txn, &in, NULL));
    OK(zoo_mark_get(f.txn, SGC_STR("m1"), &row));
    OK(zoo_mark_copy(&arena, &row, &copy));
    OK(zoo_mark_pack(&copy, &out));
    OK(zoo_mark_unpack((const uint8_t *)out.data, out.size, &row));
    out.size = 0;
    OK(zoo_mark_get_many(f.txn, ids, 2, rows, found));
    CU_ASSERT(found[0] && !found[1]);
    zoo_mark_to_json(&rows[0], &out);
    UNIT_STR(sgc_buf_as_str(&out), "{\"id\":\"m1\"}");
    zoo_mark_cursor all = zoo_mark_all(f.txn), ordered = zoo_mark_by_id(f.txn, NULL);
    CU_ASSERT(zoo_mark_cursor_next(&all, &row) && zoo_mark_cursor_next(&ordered, &row));
    CU_ASSERT_EQUAL(zoo_mark_cursor_parent(&all), 0);
    CU_ASSERT_FALSE(zoo_mark_cursor_next(&all, &row));
    OK(zoo_mark_cursor_status(&all));
    OK(zoo_mark_delete(f.txn, SGC_STR("m1")));
    sgc_buf_free(&out);
    sgc_arena_free(&arena);
    stop(&f);
}

static void test_rest(void)
{
    fixture f = start();
    sgc_arena arena = {0};
    sgc_buf out = {0};
    sgc_error error;
    zoo_profile_new profile = {.id = SGC_STR("p"), .user_id = SGC_STR("u1"), .bio = SGC_STR("b")};
    zoo_profile p, p2;
    zoo_post_new post;
    zoo_post row, row2;
    zoo_group_new group = {.ok = true};
    zoo_group g, g2;
    bool found;

    add_three(&f);
    OK(zoo_profile_create(f.txn, &profile, &p));
    OK(zoo_profile_get(f.txn, p.id, &p2));
    OK(zoo_profile_get_many(f.txn, &p.id, 1, &p2, &found));
    OK(zoo_profile_copy(&arena, &p, &p2));
    OK(zoo_profile_pack(&p2, &out));
    OK(zoo_profile_unpack((const uint8_t *)out.data, out.size, &p2));
    OK(zoo_profile_update(f.txn, p.id, &(zoo_profile_patch){.set = {.bio = true}}));
    zoo_profile_cursor profiles = zoo_profile_all(f.txn);
    CU_ASSERT(zoo_profile_cursor_next(&profiles, &p2) && sgc_str_is_null(p2.bio));
    profiles = zoo_profile_by_id(f.txn, NULL);
    CU_ASSERT(zoo_profile_cursor_next(&profiles, &p2));
    out.size = 0;
    zoo_profile_to_json(&p2, &out);
    UNIT_STR(sgc_buf_as_str(&out),
             "{\"id\":\"p\",\"bio\":null,\"userId\":\"u1\",\"favouriteId\":null,"
             "\"favouriteType\":null,\"thingIds\":[],\"thingTypes\":[]}");
    OK(zoo_profile_from_json(&arena, sgc_buf_as_str(&out), &profile, &error));
    OK(zoo_profile_delete(f.txn, p.id));
    OK(zoo_post_from_json(&arena, SGC_STR("{\"title\":\"t\",\"words\":[\"w\"]}"), &post, &error));
    OK(zoo_post_create(f.txn, &post, &row));
    OK(zoo_post_copy(&arena, &row, &row2));
    out.size = 0;
    OK(zoo_post_pack(&row2, &out));
    OK(zoo_post_unpack((const uint8_t *)out.data, out.size, &row2));
    out.size = 0;
    zoo_post_to_json(&row, &out);
    UNIT_STR(sgc_buf_as_str(&out), "{\"id\":1,\"title\":\"t\",\"score\":null,\"words\":[\"w\"],"
                                   "\"authorId\":null,\"nextId\":null,\"nextType\":null,"
                                   "\"partIds\":[],\"partTypes\":[],\"relatedIds\":[]}");
    OK(zoo_group_create(f.txn, &group, &g));
    OK(zoo_group_get(f.txn, g.id, &g2));
    OK(zoo_group_get_many(f.txn, &g.id, 1, &g2, &found));
    OK(zoo_group_copy(&arena, &g, &g2));
    out.size = 0;
    OK(zoo_group_pack(&g2, &out));
    OK(zoo_group_unpack((const uint8_t *)out.data, out.size, &g2));
    OK(zoo_group_update(f.txn, g.id, &(zoo_group_patch){.set = {.ok = true}}));
    zoo_group_cursor groups = zoo_group_all(f.txn);
    CU_ASSERT(zoo_group_cursor_next(&groups, &g2) && !g2.ok);
    groups = zoo_group_by_id(f.txn, NULL);
    CU_ASSERT(zoo_group_cursor_next(&groups, &g2));
    OK(zoo_group_delete(f.txn, g.id));
    zoo_user users[2];
    sgc_str ids[] = {SGC_STR("u3"), SGC_STR("none")};
    bool there[2];
    OK(zoo_user_get_many(f.txn, ids, 2, users, there));
    CU_ASSERT(there[0] && !there[1] && users[0].age == 20);
    zoo_user_cursor all = zoo_user_all(f.txn);
    CU_ASSERT_EQUAL(zoo_user_cursor_parent(&all), 0);
    sgc_buf_free(&out);
    sgc_arena_free(&arena);
    stop(&f);
}

/* A UUID or a Decimal is found however it is written. */
static void test_spellings(void)
{
    static const sgc_str id = SGC_STR_INIT("ABCDEF01-0000-4000-8000-00000000000A");
    fixture f = start();
    zoo_group g;
    bool found;

    OK(zoo_group_create(f.txn, &(zoo_group_new){.id = id, .budget = SGC_STR("+01.50")}, &g));
    UNIT_STR(g.id, "abcdef01-0000-4000-8000-00000000000a");
    UNIT_STR(g.budget, "1.5");
    OK(zoo_group_get(f.txn, id, &g));
    OK(zoo_group_get_many(f.txn, &id, 1, &g, &found));
    CU_ASSERT(found);
    OK(zoo_group_update(f.txn, id, &(zoo_group_patch){.set = {.ok = true}}));
    OK(zoo_group_upsert(f.txn, &(zoo_group_new){.id = id, .ok = true}, &g));
    zoo_group_by_id_range ids = {.from = {.given = 1, .id = id}, .to = {.given = 1, .id = id}};
    zoo_group_cursor groups = zoo_group_by_id(f.txn, &ids);
    CU_ASSERT(zoo_group_cursor_next(&groups, &g) && g.ok);
    zoo_group_by_budget_range budgets = {.from = {.given = 1, .budget = SGC_STR("1.500")},
                                         .to = {.given = 1, .budget = SGC_STR("01.5")}};
    groups = zoo_group_by_budget(f.txn, &budgets);
    CU_ASSERT(zoo_group_cursor_next(&groups, &g));
    CU_ASSERT_FALSE(zoo_group_cursor_next(&groups, &g));
    OK(zoo_group_delete(f.txn, id));
    stop(&f);
}

sgc_status say_hello(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    (void)call;
    (void)error;
    sgc_buf_text(json, "\"hello\"");
    return SGC_OK;
}

static void test_enums_and_resolvers(void)
{
    UNIT_STR(zoo_role_text(ZOO_ROLE_ADMIN), "ADMIN");
    CU_ASSERT(sgc_str_is_null(zoo_role_text((zoo_role)0)));
    CU_ASSERT_EQUAL(zoo_role_from_text(SGC_STR("EDITOR")), ZOO_ROLE_EDITOR);
    CU_ASSERT_EQUAL(zoo_role_from_text(SGC_STR("editor")), (zoo_role)0);
    CU_ASSERT_EQUAL(zoo_schema.resolver_count, 2);
    CU_ASSERT_PTR_EQUAL(zoo_schema.resolvers, zoo_resolvers);
    for (uint16_t i = 0; i < zoo_schema.resolver_count; i++) {
        bool bound = sgc_str_eq(zoo_resolvers[i].field, SGC_STR("hello"));
        CU_ASSERT_EQUAL(zoo_resolvers[i].resolve != NULL, bound);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {{"create", test_create},
                           {"defaults", test_defaults},
                           {"refusals", test_refusals},
                           {"update", test_update},
                           {"upsert", test_upsert},
                           {"delete", test_delete},
                           {"ranges", test_ranges},
                           {"composite", test_composite},
                           {"children", test_children},
                           {"links", test_links},
                           {"lists and owned", test_lists_and_owned},
                           {"changes of lists", test_list_changes},
                           {"numbered lists", test_numbered_lists},
                           {"one of several", test_one_of_several},
                           {"types", test_types},
                           {"many of several", test_many_of_several},
                           {"batches of several", test_batches_of_several},
                           {"numbered", test_numbered},
                           {"wide lists", test_wide_lists},
                           {"wide sums", test_wide_sums},
                           {"counters", test_counters},
                           {"answers", test_answers},
                           {"loads", test_loads},
                           {"past", test_past},
                           {"versions", test_versions},
                           {"changes", test_changes},
                           {"scans", test_scans},
                           {"damaged views", test_damaged_views},
                           {"codec", test_codec},
                           {"json", test_json},
                           {"json of users", test_json_of_users},
                           {"bad json", test_bad_json},
                           {"marks", test_marks},
                           {"rest", test_rest},
                           {"odd spellings", test_spellings},
                           {"enums and resolvers", test_enums_and_resolvers},
                           CU_TEST_INFO_NULL};

    return unit_run("behaviour.zoo", tests);
}
