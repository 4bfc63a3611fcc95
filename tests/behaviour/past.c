/*
 * past.c - the past through emitted code: what every function that reads says of an earlier moment
 * is what it said then, wherever the data lies by now; versions of rows and changes of commits.
 */
#include "behaviour/behaviour.h"

#include "os/os.h"

/* ---- everything that can be read, as text ---- */

/* The rows of a cursor as JSON, each behind the position of its parent. */
#define TELL_ROWS(type, call)                                                                      \
    do {                                                                                           \
        type##_cursor cursor = call;                                                               \
        type row;                                                                                  \
        while (type##_cursor_next(&cursor, &row)) {                                                \
            sgc_buf_printf(out, "%u", (unsigned)type##_cursor_parent(&cursor));                    \
            type##_to_json(&row, out);                                                             \
        }                                                                                          \
        OK(type##_cursor_status(&cursor));                                                         \
        sgc_buf_text(out, "\n" #call "\n");                                                        \
    } while (0)

/* One row, or why there is none. */
#define TELL_ROW(type, call)                                                                       \
    do {                                                                                           \
        type got;                                                                                  \
        sgc_status rc = call;                                                                      \
        if (rc == SGC_OK)                                                                          \
            type##_to_json(&got, out);                                                             \
        else                                                                                       \
            sgc_buf_text(out, sgc_status_text(rc));                                                \
        sgc_buf_text(out, "\n" #call "\n");                                                        \
    } while (0)

/* Rows of interfaces and unions. */
#define TELL_MIXED(type, call)                                                                     \
    do {                                                                                           \
        type##_cursor cursor = call;                                                               \
        type row;                                                                                  \
        while (type##_cursor_next(&cursor, &row)) {                                                \
            sgc_buf_printf(out, "%u:", (unsigned)type##_cursor_parent(&cursor));                   \
            put_##type(&row, out);                                                                 \
        }                                                                                          \
        OK(type##_cursor_status(&cursor));                                                         \
        sgc_buf_text(out, "\n" #call "\n");                                                        \
    } while (0)
#define TELL_ONE_MIXED(type, call)                                                                 \
    do {                                                                                           \
        type got;                                                                                  \
        if (call == SGC_OK) put_##type(&got, out);                                                 \
        sgc_buf_text(out, "\n" #call "\n");                                                        \
    } while (0)
#define TELL_FOUND(type, ids)                                                                      \
    do {                                                                                           \
        type rows[4];                                                                              \
        bool found[4];                                                                             \
        OK(type##_get_many(txn, ids, COUNT(ids), rows, found));                                    \
        for (size_t i = 0; i < COUNT(ids); i++)                                                    \
            if (found[i])                                                                          \
                type##_to_json(&rows[i], out);                                                     \
            else                                                                                   \
                sgc_buf_text(out, "-");                                                            \
        sgc_buf_text(out, "\n" #type "\n");                                                        \
    } while (0)
#define COUNT(array) (sizeof(array) / sizeof *(array))

static void put_zoo_thing(const zoo_thing *thing, sgc_buf *out)
{
    if (thing->type == ZOO_THING_GROUP) zoo_group_to_json(&thing->as.group, out);
    if (thing->type == ZOO_THING_MARK) zoo_mark_to_json(&thing->as.mark, out);
    if (thing->type == ZOO_THING_PROFILE) zoo_profile_to_json(&thing->as.profile, out);
}

static void put_zoo_numbered(const zoo_numbered *numbered, sgc_buf *out)
{
    zoo_post_to_json(&numbered->as.post, out);
}

static void put_zoo_sum(const zoo_sum *sum, sgc_buf *out)
{
    zoo_counter_to_json(&sum->as.counter, out);
}

static const sgc_str users[] = {SGC_STR_INIT("u1"), SGC_STR_INIT("u2"), SGC_STR_INIT("u3"),
                                SGC_STR_INIT("u9")};
static const sgc_str profiles[] = {SGC_STR_INIT("p"), SGC_STR_INIT("q"), SGC_STR_INIT("none")};
static const sgc_str groups[] = {SGC_STR_INIT("018f0000-0000-7000-8000-00000000000a")};
static const int32_t posts[] = {1, 2, 3, 4};
static const int64_t counters[] = {1, 2, INT64_MAX};

static void tell_users(sgc_txn *txn, sgc_buf *out)
{
    zoo_user_by_age_range young = {.to = {.given = 1, .has_age = true, .age = 40},
                                   .descending = true};

    TELL_ROWS(zoo_user, zoo_user_all(txn));
    TELL_ROWS(zoo_user, zoo_user_by_id(txn, NULL));
    TELL_ROWS(zoo_user, zoo_user_by_email(txn, NULL));
    TELL_ROWS(zoo_user, zoo_user_by_name(txn, NULL));
    TELL_ROWS(zoo_user, zoo_user_by_age(txn, &young));
    TELL_ROWS(zoo_user, zoo_user_by_role(txn, NULL));
    TELL_ROWS(zoo_user, zoo_user_by_friend_ids(txn, NULL));
    TELL_ROW(zoo_user, zoo_user_get_by_email(txn, SGC_STR("a@x"), &got));
    TELL_ROW(zoo_user, zoo_user_get_by_email(txn, SGC_STR("new@x"), &got));
    TELL_FOUND(zoo_user, users);
    for (size_t i = 0; i < COUNT(users); i++) {
        TELL_ROW(zoo_user, zoo_user_get(txn, users[i], &got));
        TELL_ROWS(zoo_post, zoo_user_posts(txn, users[i]));
        TELL_ROWS(zoo_user, zoo_user_friends(txn, users[i]));
        TELL_ROWS(zoo_group, zoo_user_groups(txn, users[i]));
        TELL_ROW(zoo_profile, zoo_user_profile(txn, users[i], &got));
    }
    TELL_ROWS(zoo_post, zoo_user_posts_many(txn, users, COUNT(users)));
    TELL_ROWS(zoo_user, zoo_user_friends_many(txn, users, COUNT(users)));
    TELL_ROWS(zoo_group, zoo_user_groups_many(txn, users, COUNT(users)));
    TELL_ROWS(zoo_profile, zoo_user_profile_many(txn, users, COUNT(users)));
}

static void tell_posts(sgc_txn *txn, sgc_buf *out)
{
    TELL_ROWS(zoo_post, zoo_post_all(txn));
    TELL_ROWS(zoo_post, zoo_post_by_id(txn, NULL));
    TELL_ROWS(zoo_post, zoo_post_by_words(txn, NULL));
    TELL_ROWS(zoo_post, zoo_post_by_title_and_score(txn, NULL));
    TELL_ROWS(zoo_post, zoo_post_by_score_and_title(txn, NULL));
    TELL_ROWS(zoo_post, zoo_post_by_author_id(txn, NULL));
    TELL_ROWS(zoo_post, zoo_post_by_next_type_and_next_id(txn, NULL));
    TELL_ROWS(zoo_post, zoo_post_by_part_ids(txn, NULL));
    TELL_ROWS(zoo_post, zoo_post_by_related_ids(txn, NULL));
    TELL_ROW(zoo_post, zoo_post_get_by_title_and_score(txn, SGC_STR("a"), 1, &got));
    TELL_FOUND(zoo_post, posts);
}

static void tell_relations_of_posts(sgc_txn *txn, sgc_buf *out)
{
    for (size_t i = 0; i < COUNT(posts); i++) {
        TELL_ROW(zoo_post, zoo_post_get(txn, posts[i], &got));
        TELL_MIXED(zoo_numbered, zoo_post_parts(txn, posts[i]));
        TELL_ROWS(zoo_post, zoo_post_related(txn, posts[i]));
        zoo_post post;
        if (zoo_post_get(txn, posts[i], &post) != SGC_OK) continue;
        TELL_ROW(zoo_user, zoo_post_author(txn, &post, &got));
        TELL_ONE_MIXED(zoo_numbered, zoo_post_next(txn, &post, &got));
        TELL_ONE_MIXED(zoo_numbered, zoo_numbered_get(txn, ZOO_NUMBERED_POST, posts[i], &got));
    }
    TELL_ROWS(zoo_user, zoo_post_author_many(txn, posts, COUNT(posts)));
    TELL_MIXED(zoo_numbered, zoo_post_next_many(txn, posts, COUNT(posts)));
    TELL_MIXED(zoo_numbered, zoo_post_parts_many(txn, posts, COUNT(posts)));
    TELL_ROWS(zoo_post, zoo_post_related_many(txn, posts, COUNT(posts)));
}

static void tell_groups(sgc_txn *txn, sgc_buf *out)
{
    TELL_ROWS(zoo_group, zoo_group_all(txn));
    TELL_ROWS(zoo_group, zoo_group_by_id(txn, NULL));
    TELL_ROW(zoo_group, zoo_group_get(txn, groups[0], &got));
    TELL_FOUND(zoo_group, groups);
    TELL_ROWS(zoo_user, zoo_group_members(txn, groups[0]));
    TELL_ROWS(zoo_user, zoo_group_members_many(txn, groups, COUNT(groups)));
    TELL_ROWS(zoo_mark, zoo_mark_all(txn));
    TELL_ROWS(zoo_mark, zoo_mark_by_id(txn, NULL));
    TELL_ROW(zoo_mark, zoo_mark_get(txn, SGC_STR("m"), &got));
    TELL_FOUND(zoo_mark, profiles);
}

static void tell_profiles(sgc_txn *txn, sgc_buf *out)
{
    TELL_ROWS(zoo_profile, zoo_profile_all(txn));
    TELL_ROWS(zoo_profile, zoo_profile_by_id(txn, NULL));
    TELL_ROWS(zoo_profile, zoo_profile_by_user_id(txn, NULL));
    TELL_ROWS(zoo_profile, zoo_profile_by_favourite_type_and_favourite_id(txn, NULL));
    TELL_ROWS(zoo_profile, zoo_profile_by_thing_ids(txn, NULL));
    TELL_ROW(zoo_profile, zoo_profile_get_by_user_id(txn, users[0], &got));
    TELL_FOUND(zoo_profile, profiles);
    for (size_t i = 0; i < COUNT(profiles); i++) {
        TELL_ROW(zoo_profile, zoo_profile_get(txn, profiles[i], &got));
        TELL_MIXED(zoo_thing, zoo_profile_things(txn, profiles[i]));
        zoo_profile profile;
        if (zoo_profile_get(txn, profiles[i], &profile) != SGC_OK) continue;
        TELL_ROW(zoo_user, zoo_profile_user(txn, &profile, &got));
        TELL_ONE_MIXED(zoo_thing, zoo_profile_favourite(txn, &profile, &got));
        TELL_ONE_MIXED(zoo_thing, zoo_thing_get(txn, ZOO_THING_PROFILE, profiles[i], &got));
    }
    TELL_ROWS(zoo_user, zoo_profile_user_many(txn, profiles, COUNT(profiles)));
    TELL_MIXED(zoo_thing, zoo_profile_favourite_many(txn, profiles, COUNT(profiles)));
    TELL_MIXED(zoo_thing, zoo_profile_things_many(txn, profiles, COUNT(profiles)));
}

static void tell_counters(sgc_txn *txn, sgc_buf *out)
{
    TELL_ROWS(zoo_counter, zoo_counter_all(txn));
    TELL_ROWS(zoo_counter, zoo_counter_by_id(txn, NULL));
    TELL_ROWS(zoo_counter, zoo_counter_by_peer_ids(txn, NULL));
    TELL_ROWS(zoo_counter, zoo_counter_by_sum_ids(txn, NULL));
    TELL_ROWS(zoo_counter, zoo_counter_by_sum_type_and_sum_id(txn, NULL));
    TELL_FOUND(zoo_counter, counters);
    for (size_t i = 0; i < COUNT(counters); i++) {
        TELL_ROW(zoo_counter, zoo_counter_get(txn, counters[i], &got));
        TELL_ROWS(zoo_counter, zoo_counter_peers(txn, counters[i]));
        TELL_MIXED(zoo_sum, zoo_counter_sums(txn, counters[i]));
        zoo_counter counter;
        if (zoo_counter_get(txn, counters[i], &counter) != SGC_OK) continue;
        TELL_ONE_MIXED(zoo_sum, zoo_counter_sum(txn, &counter, &got));
        TELL_ONE_MIXED(zoo_sum, zoo_sum_get(txn, ZOO_SUM_COUNTER, counters[i], &got));
    }
    TELL_ROWS(zoo_counter, zoo_counter_peers_many(txn, counters, COUNT(counters)));
    TELL_MIXED(zoo_sum, zoo_counter_sums_many(txn, counters, COUNT(counters)));
    TELL_MIXED(zoo_sum, zoo_counter_sum_many(txn, counters, COUNT(counters)));
}

static void tell(sgc_txn *txn, sgc_buf *out)
{
    out->size = 0;
    tell_users(txn, out);
    tell_posts(txn, out);
    tell_relations_of_posts(txn, out);
    tell_groups(txn, out);
    tell_profiles(txn, out);
    tell_counters(txn, out);
}

/* ---- a database with a past ---- */

enum { STEPS = 8 };

typedef struct past {
    sgc_memory_os *memory;
    sgc_db *db;
    sgc_commit_info commits[STEPS];
    sgc_buf said[STEPS]; /* right after the commit */
} past;

static void open_past(past *p)
{
    sgc_error error;
    sgc_db_options options = {.cache_bytes = 4 << 20, .log_segment_bytes = 1 << 20};

    options.os = sgc_memory_os_table(p->memory);
    OK(zoo_open("zoo", &options, &p->db, &error));
}

static void fill(sgc_txn *txn)
{
    zoo_user_new user = {.id = users[0], .email = SGC_STR("a@x"), .name = SGC_STR("Ada")};
    zoo_profile_new profile = {.id = profiles[0], .user_id = users[0]};

    user.has_age = true;
    user.age = 30;
    OK(zoo_user_create(txn, &user, NULL));
    user.id = users[1];
    user.email = SGC_STR("b@x");
    user.age = 20;
    user.friend_ids = (sgc_str_array){users, 1};
    OK(zoo_user_create(txn, &user, NULL));
    OK(zoo_group_create(txn, &(zoo_group_new){.id = groups[0], .ok = true}, NULL));
    OK(zoo_mark_create(txn, &(zoo_mark_new){.id = SGC_STR("m")}, NULL));
    OK(zoo_profile_create(txn, &profile, NULL));
    for (int64_t i = 1; i <= 2; i++)
        OK(zoo_counter_create(txn, &(zoo_counter_new){.id = i}, NULL));
}

static void add_posts(sgc_txn *txn)
{
    zoo_post_new post = {.title = SGC_STR("a"), .has_score = true, .score = 1};
    static const sgc_str words[] = {SGC_STR_INIT("one"), SGC_STR_INIT("two")};

    post.author_id = users[0];
    post.words = (sgc_str_array){words, 2};
    OK(zoo_post_create(txn, &post, NULL));
    post = (zoo_post_new){.title = SGC_STR("b"), .author_id = users[1]};
    post.has_next_id = true;
    post.next_id = 1;
    post.next_type = zoo_numbered_type_text(ZOO_NUMBERED_POST);
    OK(zoo_post_create(txn, &post, NULL));
    OK(zoo_post_related_add(txn, 1, 2));
    OK(zoo_post_parts_add(txn, 2, ZOO_NUMBERED_POST, 1));
    OK(zoo_group_members_add(txn, groups[0], users[0]));
}

static void add_things_later(sgc_txn *txn)
{
    zoo_profile_patch liked = {.set = {.favourite_id = true, .favourite_type = true}};
    zoo_counter_patch summed = {.set = {.sum_id = true, .sum_type = true}};

    liked.favourite_id = groups[0];
    liked.favourite_type = zoo_thing_type_text(ZOO_THING_GROUP);
    OK(zoo_profile_update(txn, profiles[0], &liked));
    OK(zoo_profile_things_add(txn, profiles[0], ZOO_THING_MARK, SGC_STR("m")));
    OK(zoo_profile_things_add(txn, profiles[0], ZOO_THING_GROUP, groups[0]));
    summed.has_sum_id = true;
    summed.sum_id = 2;
    summed.sum_type = zoo_sum_type_text(ZOO_SUM_COUNTER);
    OK(zoo_counter_update(txn, 1, &summed));
    OK(zoo_counter_peers_add(txn, 1, 2));
    OK(zoo_counter_sums_add(txn, 2, ZOO_SUM_COUNTER, 1));
}

static void change_users(sgc_txn *txn)
{
    zoo_user_patch patch = {.set = {.email = true, .age = true}, .email = SGC_STR("new@x")};

    OK(zoo_user_update(txn, users[0], &patch));
    OK(zoo_group_members_add(txn, groups[0], users[1]));
    OK(zoo_group_members_remove(txn, groups[0], users[0]));
}

static void change_relations(sgc_txn *txn)
{
    OK(zoo_user_posts_add(txn, users[1], 1));
    OK(zoo_user_friends_remove(txn, users[1], users[0]));
    OK(zoo_profile_things_remove(txn, profiles[0], ZOO_THING_MARK, SGC_STR("m")));
    OK(zoo_counter_peers_remove(txn, 1, 2));
    OK(zoo_post_related_remove(txn, 1, 2));
}

static void remove_some(sgc_txn *txn)
{
    OK(zoo_profile_delete(txn, profiles[0]));
    OK(zoo_mark_delete(txn, SGC_STR("m")));
    OK(zoo_post_delete(txn, 2));
    OK(zoo_counter_sums_remove(txn, 2, ZOO_SUM_COUNTER, 1));
}

static void bring_back(sgc_txn *txn)
{
    OK(zoo_mark_create(txn, &(zoo_mark_new){.id = SGC_STR("m")}, NULL));
    OK(zoo_profile_create(txn, &(zoo_profile_new){.id = profiles[0], .user_id = users[1]}, NULL));
    OK(zoo_post_create(txn, &(zoo_post_new){.has_id = true, .id = 2, .title = SGC_STR("c")}, NULL));
}

static void remove_more(sgc_txn *txn)
{
    OK(zoo_group_delete(txn, groups[0]));
    OK(zoo_counter_delete(txn, 1));
    OK(zoo_mark_delete(txn, SGC_STR("m")));
}

static void (*const steps[STEPS])(sgc_txn *txn) = {fill,         add_posts,        add_things_later,
                                                   change_users, change_relations, remove_some,
                                                   bring_back,   remove_more};

static void make_past(past *p)
{
    OK(sgc_memory_os_create(&p->memory));
    sgc_memory_os_set_time(p->memory, 1000000);
    open_past(p);
    for (size_t i = 0; i < STEPS; i++) {
        sgc_txn *txn;
        sgc_memory_os_set_time(p->memory, 2000000 + i * 1000);
        OK(sgc_begin(p->db, &txn));
        steps[i](txn);
        OK(sgc_commit(&txn, &p->commits[i]));
        OK(sgc_begin_read(p->db, sgc_now(), &txn));
        tell(txn, &p->said[i]);
        sgc_abort(&txn);
    }
}

static void reopen_past(past *p)
{
    OK(sgc_db_close(p->db));
    open_past(p);
}

static void end_past(past *p)
{
    OK(sgc_db_close(p->db));
    for (size_t i = 0; i < STEPS; i++)
        sgc_buf_free(&p->said[i]);
    sgc_memory_os_destroy(p->memory);
}

/* ---- every read function at every moment ---- */

static void check_at(past *p, sgc_moment moment, size_t i)
{
    sgc_txn *txn;
    sgc_buf said = {0};

    OK(sgc_begin_read(p->db, moment, &txn));
    tell(txn, &said);
    CU_ASSERT(sgc_str_eq(sgc_buf_as_str(&said), sgc_buf_as_str(&p->said[i])));
    sgc_abort(&txn);
    sgc_buf_free(&said);
}

static void check_past(past *p)
{
    for (size_t i = 0; i < STEPS; i++) {
        check_at(p, sgc_at_seq(p->commits[i].sequence), i);
        check_at(p, sgc_at_time(p->commits[i].time_us), i);
        if (i + 1 < STEPS) check_at(p, sgc_at_time(p->commits[i + 1].time_us - 1), i);
    }
}

void test_past(void)
{
    past p = {.db = NULL};
    sgc_error error;

    make_past(&p);
    for (size_t i = 1; i < STEPS; i++)
        CU_ASSERT_FALSE(sgc_str_eq(sgc_buf_as_str(&p.said[i]), sgc_buf_as_str(&p.said[i - 1])));
    check_past(&p);
    reopen_past(&p);
    check_past(&p);
    OK(sgc_db_flush(p.db));
    check_past(&p);
    OK(sgc_db_compact(p.db, &error));
    check_past(&p);
    reopen_past(&p);
    check_past(&p);
    end_past(&p);
}

/* ---- versions ---- */

#define TELL_VERSIONS(type, call)                                                                  \
    do {                                                                                           \
        type##_history_cursor cursor = call;                                                       \
        type##_version version;                                                                    \
        while (type##_history_next(&cursor, &version)) {                                           \
            sgc_buf_printf(out, "%d %d..%d ", (int)version.at.op, (int)version.at.begin,           \
                           version.at.end == SGC_OPEN ? -1 : (int)version.at.end);                 \
            type##_to_json(&version.row, out);                                                     \
        }                                                                                          \
        OK(type##_history_status(&cursor));                                                        \
        sgc_buf_text(out, "\n");                                                                   \
    } while (0)

static void tell_versions(sgc_txn *txn, sgc_buf *out)
{
    sgc_history_options upwards = {.oldest_first = true};

    out->size = 0;
    TELL_VERSIONS(zoo_mark, zoo_mark_history(txn, SGC_STR("m"), NULL));
    TELL_VERSIONS(zoo_mark, zoo_mark_history_all(txn, &upwards));
    TELL_VERSIONS(zoo_user, zoo_user_history(txn, users[0], NULL));
    TELL_VERSIONS(zoo_user, zoo_user_history_all(txn, NULL));
    TELL_VERSIONS(zoo_post, zoo_post_history(txn, 2, NULL));
    TELL_VERSIONS(zoo_post, zoo_post_history_all(txn, NULL));
    TELL_VERSIONS(zoo_group, zoo_group_history(txn, groups[0], &upwards));
    TELL_VERSIONS(zoo_group, zoo_group_history_all(txn, NULL));
    TELL_VERSIONS(zoo_profile, zoo_profile_history(txn, profiles[0], &upwards));
    TELL_VERSIONS(zoo_profile, zoo_profile_history_all(txn, NULL));
    TELL_VERSIONS(zoo_counter, zoo_counter_history(txn, 1, NULL));
    TELL_VERSIONS(zoo_counter, zoo_counter_history_all(txn, &upwards));
}

/* A mark came in commit 1, went in 6, came in 7 and went in 8; post 2 came in 2, went in 6,
 * and in 7 another took its number. */
static void check_versions(past *p, sgc_buf *out)
{
    static const char marks[] = "3 8..-1 {\"id\":\"m\"}1 7..8 {\"id\":\"m\"}3 6..7 {\"id\":\"m\"}"
                                "1 1..6 {\"id\":\"m\"}\n"
                                "1 1..6 {\"id\":\"m\"}3 6..7 {\"id\":\"m\"}1 7..8 {\"id\":\"m\"}"
                                "3 8..-1 {\"id\":\"m\"}\n";
    zoo_post_history_cursor posts_of;
    zoo_post_version post;
    zoo_user_version user;
    sgc_txn *txn;

    OK(sgc_begin_read(p->db, sgc_now(), &txn));
    tell_versions(txn, out);
    CU_ASSERT(out->size > sizeof marks && memcmp(out->data, marks, sizeof marks - 1) == 0);
    posts_of = zoo_post_history(txn, 2, NULL);
    CU_ASSERT(zoo_post_history_next(&posts_of, &post) && post.at.op == SGC_OP_INSERT);
    UNIT_STR(post.row.title, "c");
    CU_ASSERT(zoo_post_history_next(&posts_of, &post) && post.at.op == SGC_OP_DELETE);
    CU_ASSERT(post.row.id == 2 && post.row.title.data == NULL && post.at.begin == 6);
    CU_ASSERT_EQUAL(post.at.time_us, p->commits[5].time_us);
    CU_ASSERT(zoo_post_history_next(&posts_of, &post) && post.at.end == 6);
    UNIT_STR(post.row.title, "b");
    sgc_period period = {sgc_at_seq(1), sgc_at_seq(4), true};
    sgc_history_options options = {.period = &period};
    zoo_user_history_cursor users_of = zoo_user_history(txn, users[0], &options);
    CU_ASSERT(zoo_user_history_next(&users_of, &user) && user.row.age == 30 && user.at.end == 4);
    CU_ASSERT_FALSE(zoo_user_history_next(&users_of, &user));
    OK(zoo_user_history_status(&users_of));
    sgc_abort(&txn);
}

/* What no row has as its key, and a row at a moment that knew less. */
static void check_none(past *p)
{
    static char long_id[5000];
    zoo_user_history_cursor none;
    zoo_user_version user;
    sgc_txn *txn;

    memset(long_id, 'u', sizeof long_id);
    OK(sgc_begin_read(p->db, sgc_at_seq(2), &txn));
    none = zoo_user_history(txn, sgc_str_of(long_id, sizeof long_id), NULL);
    CU_ASSERT_FALSE(zoo_user_history_next(&none, &user));
    OK(zoo_user_history_status(&none));
    none = zoo_user_history(txn, sgc_str_of(NULL, 0), NULL);
    CU_ASSERT_FALSE(zoo_user_history_next(&none, &user));
    OK(zoo_user_history_status(&none));
    none = zoo_user_history(txn, users[0], NULL);
    CU_ASSERT(zoo_user_history_next(&none, &user) && user.at.end == SGC_OPEN);
    UNIT_STR(user.row.email, "a@x");
    CU_ASSERT_FALSE(zoo_user_history_next(&none, &user));
    sgc_abort(&txn);
}

void test_versions(void)
{
    past p = {.db = NULL};
    sgc_buf first = {0}, later = {0};
    sgc_error error;

    make_past(&p);
    check_versions(&p, &first);
    check_none(&p);
    for (int stage = 0; stage < 3; stage++) {
        if (stage == 0) OK(sgc_db_flush(p.db));
        if (stage == 1) OK(sgc_db_compact(p.db, &error));
        if (stage == 2) reopen_past(&p);
        check_versions(&p, &later);
        check_none(&p);
        CU_ASSERT(sgc_str_eq(sgc_buf_as_str(&first), sgc_buf_as_str(&later)));
    }
    sgc_buf_free(&first);
    sgc_buf_free(&later);
    end_past(&p);
}

/* ---- changes ---- */

#define TELL_CHANGES(type, call)                                                                   \
    do {                                                                                           \
        type##_changes_cursor cursor = call;                                                       \
        type##_change change;                                                                      \
        while (type##_changes_next(&cursor, &change)) {                                            \
            sgc_buf_printf(out, "%d %d ", (int)change.at.sequence, (int)change.at.op);             \
            if (change.at.op != SGC_OP_INSERT) type##_to_json(&change.before, out);                \
            if (change.at.op != SGC_OP_DELETE) type##_to_json(&change.after, out);                 \
        }                                                                                          \
        OK(type##_changes_status(&cursor));                                                        \
        sgc_buf_text(out, "\n");                                                                   \
    } while (0)

static void tell_changes(sgc_txn *txn, sgc_buf *out)
{
    out->size = 0;
    TELL_CHANGES(zoo_mark, zoo_mark_changes(txn, 0, 0));
    TELL_CHANGES(zoo_mark, zoo_mark_changes(txn, 7, UINT32_MAX));
    TELL_CHANGES(zoo_user, zoo_user_changes(txn, 0, 0));
    TELL_CHANGES(zoo_post, zoo_post_changes(txn, 2, UINT32_MAX));
    TELL_CHANGES(zoo_group, zoo_group_changes(txn, 0, 0));
    TELL_CHANGES(zoo_profile, zoo_profile_changes(txn, 0, 0));
    TELL_CHANGES(zoo_counter, zoo_counter_changes(txn, 1, UINT32_MAX));
}

static void check_changes(past *p, sgc_buf *out)
{
    static const char marks[] = "1 1 {\"id\":\"m\"}6 3 {\"id\":\"m\"}7 1 {\"id\":\"m\"}"
                                "8 3 {\"id\":\"m\"}\n8 3 {\"id\":\"m\"}\n";
    zoo_user_change change;
    zoo_user_changes_cursor cursor;
    sgc_txn *txn;

    OK(sgc_begin_read(p->db, sgc_now(), &txn));
    tell_changes(txn, out);
    CU_ASSERT(out->size > sizeof marks && memcmp(out->data, marks, sizeof marks - 1) == 0);
    /* Two users came in commit 1; the second is what lies behind the first. */
    cursor = zoo_user_changes(txn, 0, 0);
    CU_ASSERT(zoo_user_changes_next(&cursor, &change) && change.at.op == SGC_OP_INSERT);
    CU_ASSERT(change.before.id.data == NULL && sgc_str_eq(change.after.id, users[0]));
    cursor = zoo_user_changes(txn, change.at.sequence, change.at.ordinal);
    CU_ASSERT(zoo_user_changes_next(&cursor, &change) && sgc_str_eq(change.after.id, users[1]));
    CU_ASSERT(zoo_user_changes_next(&cursor, &change) && change.at.op == SGC_OP_UPDATE);
    CU_ASSERT(change.at.sequence == 4 && change.at.time_us == p->commits[3].time_us);
    UNIT_STR(change.before.email, "a@x");
    UNIT_STR(change.after.email, "new@x");
    CU_ASSERT(change.before.has_age && change.before.age == 30 && !change.after.has_age);
    sgc_abort(&txn);
}

void test_changes(void)
{
    past p = {.db = NULL};
    sgc_buf first = {0}, later = {0};
    sgc_error error;

    make_past(&p);
    check_changes(&p, &first);
    for (int stage = 0; stage < 3; stage++) {
        if (stage == 0) OK(sgc_db_flush(p.db));
        if (stage == 1) OK(sgc_db_compact(p.db, &error));
        if (stage == 2) reopen_past(&p);
        check_changes(&p, &later);
        CU_ASSERT(sgc_str_eq(sgc_buf_as_str(&first), sgc_buf_as_str(&later)));
    }
    sgc_buf_free(&first);
    sgc_buf_free(&later);
    end_past(&p);
}
