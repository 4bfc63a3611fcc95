/*
 * scans.c - all rows in no order: each scan shows what the cursor shows, and each accessor of a
 * view what the row's member says.
 */
#include "behaviour/behaviour.h"

#define SAME_STR(got, expected)                                                                    \
    CU_ASSERT((got).data == (expected).data && (got).size == (expected).size)
#define SAME_LIST(got, expected)                                                                   \
    CU_ASSERT((got).data == (expected).data && (got).size == (expected).size &&                    \
              (got).count == (expected).count)

/* ---- every member, of rows with values and of rows with nulls ---- */

static void same_user(zoo_user_view v)
{
    zoo_user row;

    OK(zoo_user_view_row(v, &row));
    SAME_STR(zoo_user_view_id(v), row.id);
    SAME_STR(zoo_user_view_email(v), row.email);
    SAME_STR(zoo_user_view_name(v), row.name);
    CU_ASSERT(zoo_user_view_has_age(v) == row.has_age);
    CU_ASSERT(zoo_user_view_age(v) == row.age);
    CU_ASSERT(zoo_user_view_role(v) == row.role);
    SAME_LIST(zoo_user_view_roles(v), row.roles);
    SAME_LIST(zoo_user_view_tags(v), row.tags);
    SAME_STR(zoo_user_view_address(v), row.address);
    SAME_LIST(zoo_user_view_addresses(v), row.addresses);
    CU_ASSERT(zoo_user_view_views(v) == row.views);
    CU_ASSERT(zoo_user_view_created_at(v) == row.created_at);
    CU_ASSERT(zoo_user_view_has_changed_at(v) == row.has_changed_at);
    CU_ASSERT(zoo_user_view_changed_at(v) == row.changed_at);
    SAME_LIST(zoo_user_view_friend_ids(v), row.friend_ids);
}

static void same_post(zoo_post_view v)
{
    zoo_post row;

    OK(zoo_post_view_row(v, &row));
    CU_ASSERT(zoo_post_view_id(v) == row.id);
    SAME_STR(zoo_post_view_title(v), row.title);
    CU_ASSERT(zoo_post_view_has_score(v) == row.has_score);
    CU_ASSERT(zoo_post_view_score(v) == row.score);
    SAME_LIST(zoo_post_view_words(v), row.words);
    SAME_STR(zoo_post_view_author_id(v), row.author_id);
    CU_ASSERT(zoo_post_view_has_next_id(v) == row.has_next_id);
    CU_ASSERT(zoo_post_view_next_id(v) == row.next_id);
    SAME_STR(zoo_post_view_next_type(v), row.next_type);
    SAME_LIST(zoo_post_view_part_ids(v), row.part_ids);
    SAME_LIST(zoo_post_view_part_types(v), row.part_types);
    SAME_LIST(zoo_post_view_related_ids(v), row.related_ids);
}

static void same_group(zoo_group_view v)
{
    zoo_group row;

    OK(zoo_group_view_row(v, &row));
    SAME_STR(zoo_group_view_id(v), row.id);
    SAME_STR(zoo_group_view_budget(v), row.budget);
    SAME_STR(zoo_group_view_data(v), row.data);
    SAME_STR(zoo_group_view_raw(v), row.raw);
    CU_ASSERT(zoo_group_view_has_at(v) == row.has_at);
    CU_ASSERT(zoo_group_view_at(v) == row.at);
    CU_ASSERT(zoo_group_view_has_on(v) == row.has_on);
    CU_ASSERT(zoo_group_view_on(v) == row.on);
    CU_ASSERT(zoo_group_view_has_big(v) == row.has_big);
    CU_ASSERT(zoo_group_view_big(v) == row.big);
    CU_ASSERT(zoo_group_view_ok(v) == row.ok);
    SAME_LIST(zoo_group_view_flags(v), row.flags);
    SAME_LIST(zoo_group_view_ints(v), row.ints);
    SAME_LIST(zoo_group_view_bigs(v), row.bigs);
    SAME_LIST(zoo_group_view_reals(v), row.reals);
    SAME_LIST(zoo_group_view_days(v), row.days);
}

static void same_profile(zoo_profile_view v)
{
    zoo_profile row;

    OK(zoo_profile_view_row(v, &row));
    SAME_STR(zoo_profile_view_id(v), row.id);
    SAME_STR(zoo_profile_view_bio(v), row.bio);
    SAME_STR(zoo_profile_view_user_id(v), row.user_id);
    SAME_STR(zoo_profile_view_favourite_id(v), row.favourite_id);
    SAME_STR(zoo_profile_view_favourite_type(v), row.favourite_type);
    SAME_LIST(zoo_profile_view_thing_ids(v), row.thing_ids);
    SAME_LIST(zoo_profile_view_thing_types(v), row.thing_types);
}

static void same_counter(zoo_counter_view v)
{
    zoo_counter row;

    OK(zoo_counter_view_row(v, &row));
    CU_ASSERT(zoo_counter_view_id(v) == row.id);
    SAME_LIST(zoo_counter_view_peer_ids(v), row.peer_ids);
    SAME_LIST(zoo_counter_view_sum_ids(v), row.sum_ids);
    SAME_LIST(zoo_counter_view_sum_types(v), row.sum_types);
    CU_ASSERT(zoo_counter_view_has_sum_id(v) == row.has_sum_id);
    CU_ASSERT(zoo_counter_view_sum_id(v) == row.sum_id);
    SAME_STR(zoo_counter_view_sum_type(v), row.sum_type);
}

static void same_mark(zoo_mark_view v)
{
    zoo_mark row;

    OK(zoo_mark_view_row(v, &row));
    SAME_STR(zoo_mark_view_id(v), row.id);
}

/* Users with everything and with little, posts, profiles and what else there is of each type. */
static void add_rows(fixture *f)
{
    static const sgc_str texts[] = {SGC_STR_INIT("x"), SGC_STR_INIT("")};
    static const bool yes[] = {true};
    static const int32_t ints[] = {1, -2};
    static const int64_t bigs[] = {3};
    static const double reals[] = {0.5};
    static const zoo_role roles[] = {ZOO_ROLE_ADMIN};
    zoo_address_new address = {.street = SGC_STR("Outer"), .code = 4};
    const zoo_address_new *list[] = {&address};

    (void)add_things(f);
    zoo_user_new user = {.id = SGC_STR("u9"), .email = SGC_STR("z@x"), .name = SGC_STR("Zo")};
    user.roles = (zoo_role_array){roles, 1};
    user.tags = (sgc_str_array){texts, 2};
    user.address = &address;
    user.addresses = (zoo_address_array){list, 1};
    OK(zoo_user_create(f->txn, &user, NULL));
    zoo_post_new post = {.title = SGC_STR("one"), .has_score = true, .score = 1.5};
    post.words = (sgc_str_array){texts, 1};
    post.author_id = SGC_STR("u1");
    OK(zoo_post_create(f->txn, &post, NULL));
    OK(zoo_post_create(f->txn, &(zoo_post_new){.title = SGC_STR("two")}, NULL));
    zoo_group_new group = {.budget = SGC_STR("1.5"), .data = SGC_STR("{}"), .raw = SGC_STR("b")};
    group.ok = group.has_at = group.has_on = group.has_big = true;
    group.at = group.on = group.big = 77;
    group.flags = (sgc_bool_array){yes, NULL, 1};
    group.ints = (sgc_int_array){ints, NULL, 2};
    group.bigs = group.days = (sgc_int64_array){bigs, NULL, 1};
    group.reals = (sgc_float_array){reals, NULL, 1};
    OK(zoo_group_create(f->txn, &group, NULL));
    OK(zoo_counter_create(f->txn, &(zoo_counter_new){.id = 5}, NULL));
}

static void check_all(sgc_txn *txn, size_t rows)
{
    size_t count = 0;
    zoo_user_view user_v;
    zoo_user_scan user_scan = zoo_user_scan_open(txn);
    for (; zoo_user_scan_next(&user_scan, &user_v); count++)
        same_user(user_v);
    OK(zoo_user_scan_status(&user_scan));
    zoo_post_view post_v;
    zoo_post_scan post_scan = zoo_post_scan_open(txn);
    for (; zoo_post_scan_next(&post_scan, &post_v); count++)
        same_post(post_v);
    OK(zoo_post_scan_status(&post_scan));
    zoo_group_view group_v;
    zoo_group_scan group_scan = zoo_group_scan_open(txn);
    for (; zoo_group_scan_next(&group_scan, &group_v); count++)
        same_group(group_v);
    OK(zoo_group_scan_status(&group_scan));
    zoo_profile_view profile_v;
    zoo_profile_scan profile_scan = zoo_profile_scan_open(txn);
    for (; zoo_profile_scan_next(&profile_scan, &profile_v); count++)
        same_profile(profile_v);
    OK(zoo_profile_scan_status(&profile_scan));
    zoo_counter_view counter_v;
    zoo_counter_scan counter_scan = zoo_counter_scan_open(txn);
    for (; zoo_counter_scan_next(&counter_scan, &counter_v); count++)
        same_counter(counter_v);
    OK(zoo_counter_scan_status(&counter_scan));
    zoo_mark_view mark_v;
    zoo_mark_scan mark_scan = zoo_mark_scan_open(txn);
    for (; zoo_mark_scan_next(&mark_scan, &mark_v); count++)
        same_mark(mark_v);
    OK(zoo_mark_scan_status(&mark_scan));
    CU_ASSERT_EQUAL(count, rows);
}

/* What scans show of users, in no order. */
static int32_t views_of(sgc_txn *txn)
{
    zoo_user_scan scan = zoo_user_scan_open(txn);
    zoo_user_view user;
    int32_t sum = 0;

    while (zoo_user_scan_next(&scan, &user))
        sum += zoo_user_view_views(user);
    OK(zoo_user_scan_status(&scan));
    return sum;
}

void test_scans(void)
{
    fixture f = start();
    zoo_user_patch patch = {.set = {.views = true}, .views = 1000};

    add_rows(&f);
    check_all(f.txn, 12); /* out of the write set */
    commit(&f);
    uint64_t then = sgc_txn_sequence(f.txn);
    check_all(f.txn, 12);
    OK(sgc_db_flush(f.db));
    CU_ASSERT_EQUAL(views_of(f.txn), 20);
    OK(zoo_user_update(f.txn, SGC_STR("u2"), &patch));
    OK(zoo_user_delete(f.txn, SGC_STR("u3")));
    commit(&f);
    CU_ASSERT_EQUAL(views_of(f.txn), 1010);
    OK(sgc_db_flush(f.db));
    sgc_abort(&f.txn);
    OK(sgc_begin_read(f.db, sgc_at_seq(then), &f.txn));
    CU_ASSERT_EQUAL(views_of(f.txn), 20);
    check_all(f.txn, 12);
    stop(&f);
}

/* A record that is none of the table's ends a scan; a field that is not there is null. */
void test_damaged_views(void)
{
    fixture f = start();
    sgc_str record;

    add_three(&f);
    sgc_scan scan = sgc_scan_open(f.txn, 0);
    CU_ASSERT_FALSE(sgc_scan_view(&scan, 99, 1, 0, &record));
    CU_ASSERT_EQUAL(scan.status, SGC_CORRUPT);
    CU_ASSERT_FALSE(sgc_scan_view(&scan, 99, 1, 0, &record));
    zoo_mark_view cut = {SGC_STR("\xdc\x00\x02\xcd\x00\x01\xa5zoo")};
    CU_ASSERT(sgc_str_is_null(zoo_mark_view_id(cut)));
    CU_ASSERT(sgc_str_is_null(sgc_view_bin(cut.record, 6, 3)));
    CU_ASSERT(sgc_str_is_null(sgc_view_packed(cut.record, 6, 1)));
    CU_ASSERT(sgc_list_is_null(sgc_view_list(cut.record, 6, 0, SGC_KIND_INT)));
    stop(&f);
}
