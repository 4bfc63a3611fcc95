/*
 * behaviour.h - what the files of this program share: a database in memory for each test, and the
 * tests of the other files.
 */
#ifndef SGC_TESTS_BEHAVIOUR_H
#define SGC_TESTS_BEHAVIOUR_H

#include "zoo.sgc.h"

#include "unit/unit.h"

#define OK(call) CU_ASSERT_EQUAL(call, SGC_OK)

typedef struct fixture {
    sgc_db *db;
    sgc_txn *txn;
    sgc_error error;
} fixture;

fixture start(void);
/** Commits and begins again, so that what follows reads what was stored; whether that was written.
 */
bool commit(fixture *f);
void stop(fixture *f);
/** Users u1, u2 and u3. */
void add_three(fixture *f);
/** Ids of a cursor's rows, joined by blanks. */
const char *ids_of(zoo_user_cursor cursor);
/** Titles of a cursor's rows, each behind the position of its parent. */
const char *titles_of(zoo_post_cursor cursor);

/** Two profiles p and q, a mark m and a group; returns its key. */
sgc_str add_things(fixture *f);

void test_answers(void);
void test_children(void);
void test_links(void);
void test_lists_and_owned(void);
void test_list_changes(void);
void test_numbered_lists(void);
void test_one_of_several(void);
void test_types(void);
void test_many_of_several(void);
void test_batches_of_several(void);
void test_numbered(void);
void test_wide_lists(void);
void test_wide_sums(void);
void test_counters(void);
void test_loads(void);
void test_past(void);
void test_versions(void);
void test_changes(void);
void test_scans(void);
void test_damaged_views(void);

#endif
