/*
 * test_constraints.c - foreign keys of every kind, what deletion does to children and links, and
 * the same rules at commit when another transaction came first.
 */
#include "unit/txn/rows.h"

static const char SDL[] =
    "type Author {\n"
    "  id: ID! @id(generate: NONE)\n"
    "  name: String\n"
    "  books: [Book!]!\n"
    "  friends: [Author!]! @relation(onDelete: SET_NULL)\n"
    "}\n"
    "type Book {\n"
    "  id: Int! @id(generate: SERIAL)\n"
    "  title: String @unique\n"
    "  author: Author! @relation(onDelete: CASCADE)\n"
    "  pages: [Page!]!\n"
    "  shelves: [Shelf!]!\n"
    "}\n"
    "type Page { id: ID! @id(generate: NONE) book: Book! @relation(onDelete: CASCADE) }\n"
    "type Shelf { id: ID! @id(generate: NONE) books: [Book!]! }\n"
    "type Loan { id: ID! @id(generate: NONE) book: Book! }\n"
    "type Node { id: ID! @id(generate: NONE) next: Node @relation(onDelete: CASCADE) }\n"
    "type Fan { id: ID! @id(generate: NONE) idol: Author @relation(onDelete: SET_NULL) }\n"
    "union Thing = Author | Shelf\n"
    "type Label { id: ID! @id(generate: NONE) on: Thing @relation(onDelete: SET_NULL) }\n"
    "type Seal { id: ID! @id(generate: NONE) on: Thing! }\n";

/* The link table of books and shelves, whichever side names it. */
static uint16_t link_table(sgc_txn *txn)
{
    const sgc_schema *schema = sgc_db_schema(sgc_txn_db(txn));

    for (uint16_t i = 0; i < schema->table_count; i++) {
        if (schema->tables[i].link) return i;
    }
    CU_FAIL_FATAL("there is no link table");
    return SGC_NONE;
}

static sgc_status link_book(sgc_txn *txn, const char *book, const char *shelf, bool add)
{
    const sgc_schema *schema = sgc_db_schema(sgc_txn_db(txn));
    uint16_t link = link_table(txn), books = table_of(txn, "Book");
    const sgc_table *t = &schema->tables[books];
    uint16_t relation = sgc_table_relation(t, SGC_STR("shelves"));
    sgc_str b = key_of(txn, "Book", book), s = key_of(txn, "Shelf", shelf);
    bool book_left = t->relations[relation].link_field == 1;

    if (add) return sgc_link_add(txn, link, book_left ? b : s, book_left ? s : b);
    return sgc_link_remove(txn, link, book_left ? b : s, book_left ? s : b);
}

static size_t count_rows(sgc_txn *txn, uint16_t table, uint16_t index)
{
    sgc_cursor cursor = sgc_cursor_open(txn, table, index, NULL);
    sgc_str record;
    size_t count = 0;

    while (sgc_cursor_next(&cursor, &record))
        count++;
    OK(sgc_cursor_status(&cursor));
    return count;
}

/* Runs a test twice: everything in memory, then with the parents already in pages. */
static void settle(struct bed *bed, sgc_txn **txn, bool flush)
{
    if (!flush) return;
    OK(commit_now(*txn));
    OK(sgc_db_flush(bed->db));
    *txn = bed_begin(bed);
}

static void parents_must_exist(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);
    sgc_str type, field;

    IS(put(txn, "Book", "{\"id\":1,\"authorId\":\"a\"}"), SGC_FOREIGN_KEY);
    CU_ASSERT_STRING_EQUAL(sgc_errmsg(txn), "Book.author: there is no Author \"a\"");
    sgc_errplace(txn, &type, &field);
    UNIT_STR(type, "Book");
    UNIT_STR(field, "author");
    OK(put(txn, "Author", "{\"id\":\"a\",\"friendsIds\":[],\"friendIds\":[]}"));
    OK(put(txn, "Book", "{\"id\":1,\"authorId\":\"a\"}"));
    IS(set(txn, "Book", "{\"id\":1,\"authorId\":\"b\"}"), SGC_FOREIGN_KEY);
    IS(put(txn, "Loan", "{\"id\":\"l\",\"bookId\":2}"), SGC_FOREIGN_KEY);
    CU_ASSERT_STRING_EQUAL(sgc_errmsg(txn), "Loan.book: there is no Book 2");
    OK(put(txn, "Loan", "{\"id\":\"l\",\"bookId\":1}"));
    OK(put(txn, "Node", "{\"id\":\"n\",\"nextId\":\"n\"}"));
    IS(put(txn, "Author", "{\"id\":\"c\",\"friendIds\":[\"a\",\"zz\"]}"), SGC_FOREIGN_KEY);
    CU_ASSERT_STRING_EQUAL(sgc_errmsg(txn), "Author.friends: there is no Author \"zz\"");
    OK(commit_now(txn));
    bed_close(&bed);
}

static void restrict_refuses(bool flush)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);
    sgc_str type, field;

    OK(put(txn, "Author", "{\"id\":\"a\",\"friendIds\":[]}"));
    OK(put(txn, "Book", "{\"id\":1,\"authorId\":\"a\"}"));
    OK(put(txn, "Loan", "{\"id\":\"l\",\"bookId\":1}"));
    settle(&bed, &txn, flush);
    IS(drop(txn, "Book", "1"), SGC_FOREIGN_KEY);
    CU_ASSERT_STRING_EQUAL(sgc_errmsg(txn), "Book 1 is still named by Loan \"l\" in its book");
    sgc_errplace(txn, &type, &field);
    UNIT_STR(type, "Loan");
    UNIT_STR(field, "book");
    /* Deleting the author would take the book along, which the loan forbids: nothing happens. */
    IS(drop(txn, "Author", "a"), SGC_FOREIGN_KEY);
    UNIT_STR(list(txn, "Book", 0, false), "1");
    UNIT_STR(list(txn, "Author", 0, false), "\"a\"");
    OK(drop(txn, "Loan", "l"));
    OK(drop(txn, "Author", "a"));
    UNIT_STR(list(txn, "Book", 0, false), "");
    OK(commit_now(txn));
    bed_close(&bed);
}

static void cascade_goes_down(bool flush)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);
    char json[100];

    OK(put(txn, "Author", "{\"id\":\"a\",\"friendIds\":[]}"));
    OK(put(txn, "Author", "{\"id\":\"b\",\"friendIds\":[]}"));
    for (int i = 0; i < 20; i++) {
        snprintf(json, sizeof json, "{\"id\":%d,\"authorId\":\"%s\"}", i, i % 2 ? "a" : "b");
        OK(put(txn, "Book", json));
        for (int page = 0; page < 5; page++) {
            snprintf(json, sizeof json, "{\"id\":\"p%d.%d\",\"bookId\":%d}", i, page, i);
            OK(put(txn, "Page", json));
        }
    }
    settle(&bed, &txn, flush);
    sgc_savepoint mark = sgc_savepoint_set(txn);
    OK(drop(txn, "Author", "a"));
    CU_ASSERT_EQUAL(count_rows(txn, table_of(txn, "Book"), 0), 10);
    CU_ASSERT_EQUAL(count_rows(txn, table_of(txn, "Page"), 1), 50);
    sgc_savepoint_rollback(txn, mark);
    CU_ASSERT_EQUAL(count_rows(txn, table_of(txn, "Page"), 1), 100);
    OK(drop(txn, "Author", "b"));
    OK(commit_now(txn));
    bed_reopen(&bed);
    txn = bed_begin(&bed);
    CU_ASSERT_EQUAL(count_rows(txn, table_of(txn, "Page"), 0), 50);
    CU_ASSERT_EQUAL(count_rows(txn, table_of(txn, "Page"), 1), 50);
    sgc_abort(&txn);
    bed_close(&bed);
}

static void set_null_lets_go(bool flush)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);

    OK(put(txn, "Author", "{\"id\":\"a\",\"friendIds\":[]}"));
    OK(put(txn, "Author", "{\"id\":\"b\",\"friendIds\":[\"a\",\"a\"]}"));
    OK(put(txn, "Author", "{\"id\":\"c\",\"friendIds\":[\"b\",\"a\",\"b\"]}"));
    OK(put(txn, "Fan", "{\"id\":\"f\",\"idolId\":\"a\"}"));
    OK(put(txn, "Fan", "{\"id\":\"g\",\"idolId\":\"b\"}"));
    OK(put(txn, "Label", "{\"id\":\"l\",\"onId\":\"a\",\"onType\":\"Author\"}"));
    settle(&bed, &txn, flush);
    OK(drop(txn, "Author", "a"));
    UNIT_STR(list(txn, "Author", 0, false), "\"b\" \"c\"");
    sgc_str b = show(txn, "Author", "b"), c = show(txn, "Author", "c");
    CU_ASSERT_PTR_NOT_NULL(strstr(b.data, "[]"));
    CU_ASSERT_PTR_NULL(strstr(b.data, "\"a\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(c.data, "[\"b\",\"b\"]"));
    UNIT_STR(show(txn, "Label", "l"), "\"l\" null null");
    UNIT_STR(show(txn, "Fan", "f"), "\"f\" null");
    UNIT_STR(show(txn, "Fan", "g"), "\"g\" \"b\"");
    OK(commit_now(txn));
    bed_close(&bed);
}

static void cycles_end(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);

    OK(put(txn, "Node", "{\"id\":\"1\"}"));
    OK(put(txn, "Node", "{\"id\":\"2\",\"nextId\":\"1\"}"));
    OK(put(txn, "Node", "{\"id\":\"3\",\"nextId\":\"2\"}"));
    OK(set(txn, "Node", "{\"id\":\"1\",\"nextId\":\"3\"}"));
    OK(put(txn, "Node", "{\"id\":\"4\",\"nextId\":\"4\"}"));
    OK(drop(txn, "Node", "2"));
    UNIT_STR(list(txn, "Node", 0, false), "\"4\"");
    OK(drop(txn, "Node", "4"));
    UNIT_STR(list(txn, "Node", 0, false), "");
    OK(commit_now(txn));
    bed_close(&bed);
}

static void a_long_chain_of_cascades_ends(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);
    char json[100];

    OK(put(txn, "Node", "{\"id\":\"n0\"}"));
    for (int i = 1; i < 3000; i++) {
        snprintf(json, sizeof json, "{\"id\":\"n%d\",\"nextId\":\"n%d\"}", i, i - 1);
        OK(put(txn, "Node", json));
    }
    OK(drop(txn, "Node", "n0"));
    UNIT_STR(list(txn, "Node", 0, false), "");
    OK(commit_now(txn));
    bed_close(&bed);
}

static void links_are_a_set_and_die_with_either_end(bool flush)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);

    OK(put(txn, "Author", "{\"id\":\"a\",\"friendIds\":[]}"));
    OK(put(txn, "Book", "{\"id\":1,\"authorId\":\"a\"}"));
    OK(put(txn, "Book", "{\"id\":2,\"authorId\":\"a\"}"));
    OK(put(txn, "Shelf", "{\"id\":\"s\"}"));
    OK(put(txn, "Shelf", "{\"id\":\"t\"}"));
    IS(link_book(txn, "3", "s", true), SGC_FOREIGN_KEY);
    IS(link_book(txn, "1", "x", true), SGC_FOREIGN_KEY);
    OK(link_book(txn, "1", "s", true));
    OK(link_book(txn, "1", "s", true));
    OK(link_book(txn, "1", "t", true));
    OK(link_book(txn, "2", "t", true));
    OK(link_book(txn, "2", "s", false));
    CU_ASSERT_EQUAL(count_rows(txn, link_table(txn), 0), 3);
    settle(&bed, &txn, flush);
    OK(drop(txn, "Shelf", "s"));
    CU_ASSERT_EQUAL(count_rows(txn, link_table(txn), 0), 2);
    CU_ASSERT_EQUAL(count_rows(txn, link_table(txn), 1), 2);
    OK(drop(txn, "Book", "2"));
    CU_ASSERT_EQUAL(count_rows(txn, link_table(txn), 1), 1);
    OK(link_book(txn, "1", "t", false));
    OK(link_book(txn, "1", "t", false));
    CU_ASSERT_EQUAL(count_rows(txn, link_table(txn), 0), 0);
    OK(commit_now(txn));
    bed_reopen(&bed);
    bed_close(&bed);
}

static void unions_are_checked_by_type(bool flush)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);

    OK(put(txn, "Author", "{\"id\":\"x\",\"friendIds\":[]}"));
    IS(put(txn, "Seal", "{\"id\":\"1\",\"onId\":\"x\",\"onType\":\"Shelf\"}"), SGC_FOREIGN_KEY);
    IS(put(txn, "Seal", "{\"id\":\"1\",\"onId\":\"x\",\"onType\":\"Book\"}"), SGC_FOREIGN_KEY);
    IS(put(txn, "Seal", "{\"id\":\"1\",\"onId\":\"x\",\"onType\":\"Nothing\"}"), SGC_FOREIGN_KEY);
    OK(put(txn, "Seal", "{\"id\":\"1\",\"onId\":\"x\",\"onType\":\"Author\"}"));
    OK(put(txn, "Shelf", "{\"id\":\"x\"}"));
    settle(&bed, &txn, flush);
    OK(drop(txn, "Shelf", "x"));
    IS(drop(txn, "Author", "x"), SGC_FOREIGN_KEY);
    OK(commit_now(txn));
    bed_close(&bed);
}

/* ---- two transactions ---- */

/* A child is written while its parent is deleted: the second to commit is refused. */
static void child_and_parent_race(bool flush, bool child_first)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);

    OK(put(txn, "Author", "{\"id\":\"a\",\"friendIds\":[]}"));
    OK(put(txn, "Book", "{\"id\":1,\"authorId\":\"a\"}"));
    OK(commit_now(txn));
    if (flush) OK(sgc_db_flush(bed.db));
    sgc_txn *child = bed_begin(&bed), *parent = bed_begin(&bed);
    OK(put(child, "Loan", "{\"id\":\"l\",\"bookId\":1}"));
    OK(drop(parent, "Book", "1"));
    if (child_first) {
        OK(commit_now(child));
        if (flush) OK(sgc_db_flush(bed.db));
        IS(commit_now(parent), SGC_FOREIGN_KEY);
    } else {
        OK(commit_now(parent));
        if (flush) OK(sgc_db_flush(bed.db));
        IS(commit_now(child), SGC_FOREIGN_KEY);
    }
    txn = bed_begin(&bed);
    UNIT_STR(list(txn, "Book", 0, false), child_first ? "1" : "");
    UNIT_STR(list(txn, "Loan", 0, false), child_first ? "\"l\"" : "");
    sgc_abort(&txn);
    bed_close(&bed);
}

/* With CASCADE the same race is a conflict: trying again takes the new child along. */
static void cascade_race_is_a_conflict(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);

    OK(put(txn, "Author", "{\"id\":\"a\",\"friendIds\":[]}"));
    OK(commit_now(txn));
    sgc_txn *child = bed_begin(&bed), *parent = bed_begin(&bed);
    OK(put(child, "Book", "{\"id\":1,\"authorId\":\"a\"}"));
    OK(drop(parent, "Author", "a"));
    OK(commit_now(child));
    IS(commit_now(parent), SGC_CONFLICT);
    parent = bed_begin(&bed);
    OK(drop(parent, "Author", "a"));
    OK(commit_now(parent));
    txn = bed_begin(&bed);
    UNIT_STR(list(txn, "Book", 0, false), "");
    sgc_abort(&txn);
    bed_close(&bed);
}

static void a_link_meets_a_deletion(bool link_first)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);

    OK(put(txn, "Author", "{\"id\":\"a\",\"friendIds\":[]}"));
    OK(put(txn, "Book", "{\"id\":1,\"authorId\":\"a\"}"));
    OK(put(txn, "Shelf", "{\"id\":\"s\"}"));
    OK(commit_now(txn));
    sgc_txn *link = bed_begin(&bed), *shelf = bed_begin(&bed);
    OK(link_book(link, "1", "s", true));
    OK(drop(shelf, "Shelf", "s"));
    OK(commit_now(link_first ? link : shelf));
    if (link_first) {
        IS(commit_now(shelf), SGC_CONFLICT);
    } else {
        IS(commit_now(link), SGC_FOREIGN_KEY);
    }
    txn = bed_begin(&bed);
    CU_ASSERT_EQUAL(count_rows(txn, link_table(txn), 0), link_first ? 1 : 0);
    sgc_abort(&txn);
    bed_close(&bed);
}

static void unique_race(bool flush)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);
    sgc_commit_info info;

    OK(put(txn, "Author", "{\"id\":\"a\",\"friendIds\":[]}"));
    OK(commit_now(txn));
    sgc_txn *first = bed_begin(&bed), *second = bed_begin(&bed);
    OK(put(first, "Book", "{\"id\":1,\"authorId\":\"a\",\"title\":\"T\"}"));
    OK(put(second, "Book", "{\"id\":2,\"authorId\":\"a\",\"title\":\"T\"}"));
    OK(commit_now(first));
    if (flush) OK(sgc_db_flush(bed.db));
    IS(sgc_commit(&second, &info), SGC_EXISTS);
    CU_ASSERT_STRING_EQUAL(info.error.text, "Book with title \"T\" already exists");
    UNIT_STR(info.type, "Book");
    UNIT_STR(info.field, "title");
    CU_ASSERT_EQUAL(info.outcome, SGC_OUTCOME_REFUSED);
    txn = bed_begin(&bed);
    UNIT_STR(list(txn, "Book", 0, false), "1");
    sgc_abort(&txn);
    bed_close(&bed);
}

static void first_committer_wins(bool flush)
{
    static const char *const second_tries[] = {"{\"id\":\"a\",\"name\":\"2\",\"friendIds\":[]}",
                                               NULL};
    for (int remove = 0; remove < 2; remove++) {
        for (int try = 0; try < 2; try++) {
            struct bed bed;
            bed_open(&bed, SDL, 0);
            sgc_txn *txn = bed_begin(&bed);
            OK(put(txn, "Author", "{\"id\":\"a\",\"friendIds\":[]}"));
            OK(commit_now(txn));
            sgc_txn *first = bed_begin(&bed), *second = bed_begin(&bed);
            if (remove) {
                OK(drop(first, "Author", "a"));
            } else {
                OK(set(first, "Author", "{\"id\":\"a\",\"name\":\"1\",\"friendIds\":[]}"));
            }
            if (second_tries[try]) {
                OK(set(second, "Author", second_tries[try]));
            } else {
                OK(drop(second, "Author", "a"));
            }
            OK(commit_now(first));
            if (flush) OK(sgc_db_flush(bed.db));
            IS(commit_now(second), SGC_CONFLICT);
            sgc_db_stats stats;
            sgc_db_get_stats(bed.db, &stats);
            CU_ASSERT_EQUAL(stats.conflicts, 1);
            bed_close(&bed);
        }
    }
}

static void the_same_new_key_twice_conflicts(bool flush)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *first = bed_begin(&bed), *second = bed_begin(&bed), *third = bed_begin(&bed);

    OK(put(first, "Author", "{\"id\":\"a\",\"friendIds\":[]}"));
    OK(put(second, "Author", "{\"id\":\"a\",\"friendIds\":[]}"));
    OK(put(third, "Author", "{\"id\":\"b\",\"friendIds\":[]}"));
    OK(commit_now(first));
    if (flush) OK(sgc_db_flush(bed.db));
    IS(commit_now(second), SGC_CONFLICT);
    OK(commit_now(third));
    bed_close(&bed);
}

static void deferred_parents_are_checked_at_commit(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);
    sgc_commit_info info;

    sgc_txn_defer_foreign_keys(txn);
    OK(put(txn, "Page", "{\"id\":\"p\",\"bookId\":1}"));
    OK(put(txn, "Book", "{\"id\":1,\"authorId\":\"a\"}"));
    sgc_savepoint mark = sgc_savepoint_set(txn);
    OK(put(txn, "Author", "{\"id\":\"a\",\"friendIds\":[]}"));
    OK(commit_now(txn));
    txn = bed_begin(&bed);
    sgc_txn_defer_foreign_keys(txn);
    mark = sgc_savepoint_set(txn);
    OK(put(txn, "Author", "{\"id\":\"b\",\"friendIds\":[]}"));
    OK(put(txn, "Book", "{\"id\":2,\"authorId\":\"b\"}"));
    sgc_savepoint_rollback(txn, mark);
    OK(put(txn, "Book", "{\"id\":3,\"authorId\":\"b\"}"));
    IS(sgc_commit(&txn, &info), SGC_FOREIGN_KEY);
    CU_ASSERT_STRING_EQUAL(info.error.text, "Book 3.author: there is no Author \"b\"");
    bed_close(&bed);
}

/* The owner of what is not there is named, so a load can say on which line it stands. */
static void parents_are_checked_before_the_end(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);
    sgc_row_name child = {0};
    sgc_str type, field;

    OK(put(txn, "Author", "{\"id\":\"a\",\"friendIds\":[]}"));
    sgc_txn_defer_foreign_keys(txn);
    OK(put(txn, "Book", "{\"id\":1,\"authorId\":\"a\"}"));
    sgc_savepoint mark = sgc_savepoint_set(txn);
    OK(put(txn, "Author", "{\"id\":\"b\",\"friendIds\":[\"a\",\"zz\"]}"));
    IS(sgc_txn_check_parents(txn, &child), SGC_FOREIGN_KEY);
    CU_ASSERT_STRING_EQUAL(sgc_errmsg(txn), "Author \"b\".friends: there is no Author \"zz\"");
    sgc_errplace(txn, &type, &field);
    UNIT_STR(type, "Author");
    UNIT_STR(field, "friends");
    CU_ASSERT_EQUAL(child.table, table_of(txn, "Author"));
    UNIT_STR(sgc_key_str(&child.key), "b");
    sgc_savepoint_rollback(txn, mark);
    OK(link_book(txn, "1", "nowhere", true));
    IS(sgc_txn_check_parents(txn, &child), SGC_FOREIGN_KEY);
    CU_ASSERT_STRING_EQUAL(sgc_errmsg(txn), "Book 1.shelves: there is no Shelf \"nowhere\"");
    sgc_errplace(txn, &type, &field);
    UNIT_STR(type, "Book");
    UNIT_STR(field, "shelves");
    CU_ASSERT_EQUAL(child.table, table_of(txn, "Book"));
    sgc_savepoint_rollback(txn, mark);
    OK(put(txn, "Shelf", "{\"id\":\"s\"}"));
    OK(link_book(txn, "9", "s", true));
    IS(sgc_txn_check_parents(txn, &child), SGC_FOREIGN_KEY);
    CU_ASSERT_STRING_EQUAL(sgc_errmsg(txn), "Shelf \"s\".books: there is no Book 9");
    sgc_savepoint_rollback(txn, mark);
    OK(sgc_txn_check_parents(txn, &child));
    /* From here on every statement is checked at once. */
    IS(put(txn, "Book", "{\"id\":2,\"authorId\":\"zz\"}"), SGC_FOREIGN_KEY);
    OK(commit_now(txn));
    bed_close(&bed);
}

static void a_link_at_once_has_words_too(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);
    sgc_str type, field;

    OK(put(txn, "Shelf", "{\"id\":\"s\"}"));
    IS(link_book(txn, "9", "s", true), SGC_FOREIGN_KEY);
    CU_ASSERT_STRING_EQUAL(sgc_errmsg(txn), "Shelf.books: there is no Book 9");
    sgc_errplace(txn, &type, &field);
    UNIT_STR(type, "Shelf");
    UNIT_STR(field, "books");
    sgc_abort(&txn);
    bed_close(&bed);
}

/* A relation to a union is a key and the name of a type: half of it, or another type, is said. */
static void halves_of_a_union(void)
{
    struct bed bed;
    bed_open(&bed, SDL, 0);
    sgc_txn *txn = bed_begin(&bed);
    sgc_row_name child;
    sgc_str type, field;

    OK(put(txn, "Shelf", "{\"id\":\"s\"}"));
    IS(put(txn, "Label", "{\"id\":\"l\",\"onId\":\"s\"}"), SGC_FOREIGN_KEY);
    CU_ASSERT_STRING_EQUAL(sgc_errmsg(txn), "Label.onType must be given with onId");
    sgc_errplace(txn, &type, &field);
    UNIT_STR(type, "Label");
    UNIT_STR(field, "onType");
    IS(put(txn, "Label", "{\"id\":\"l\",\"onId\":\"s\",\"onType\":\"Nope\"}"), SGC_FOREIGN_KEY);
    CU_ASSERT_STRING_EQUAL(sgc_errmsg(txn), "Label.onType: \"Nope\" is no type of Thing");
    IS(put(txn, "Label", "{\"id\":\"l\",\"onId\":\"s\",\"onType\":\"Book\"}"), SGC_FOREIGN_KEY);
    CU_ASSERT_STRING_EQUAL(sgc_errmsg(txn), "Label.onType: \"Book\" is no type of Thing");
    OK(put(txn, "Label", "{\"id\":\"l\",\"onId\":\"s\",\"onType\":\"Shelf\"}"));
    sgc_txn_defer_foreign_keys(txn);
    OK(put(txn, "Seal", "{\"id\":\"x\",\"onId\":\"s\",\"onType\":\"Nope\"}"));
    IS(sgc_txn_check_parents(txn, &child), SGC_FOREIGN_KEY);
    CU_ASSERT_STRING_EQUAL(sgc_errmsg(txn), "Seal \"x\".onType: \"Nope\" is no type of Thing");
    sgc_abort(&txn);
    bed_close(&bed);
}

#define BOTH(name)                                                                                 \
    static void name##_in_memory(void)                                                             \
    {                                                                                              \
        name(false);                                                                               \
    }                                                                                              \
    static void name##_in_pages(void)                                                              \
    {                                                                                              \
        name(true);                                                                                \
    }
BOTH(restrict_refuses)
BOTH(cascade_goes_down)
BOTH(set_null_lets_go)
BOTH(links_are_a_set_and_die_with_either_end)
BOTH(unions_are_checked_by_type)
BOTH(unique_race)
BOTH(first_committer_wins)
BOTH(the_same_new_key_twice_conflicts)

static void child_and_parent_races(void)
{
    for (int i = 0; i < 4; i++)
        child_and_parent_race(i & 1, i & 2);
}

static void links_meet_deletions(void)
{
    a_link_meets_a_deletion(true);
    a_link_meets_a_deletion(false);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"parents must exist", parents_must_exist},
        {"RESTRICT refuses, in memory", restrict_refuses_in_memory},
        {"RESTRICT refuses, in pages", restrict_refuses_in_pages},
        {"CASCADE goes down, in memory", cascade_goes_down_in_memory},
        {"CASCADE goes down, in pages", cascade_goes_down_in_pages},
        {"SET_NULL lets go, in memory", set_null_lets_go_in_memory},
        {"SET_NULL lets go, in pages", set_null_lets_go_in_pages},
        {"cycles end", cycles_end},
        {"a long chain of cascades ends", a_long_chain_of_cascades_ends},
        {"links, in memory", links_are_a_set_and_die_with_either_end_in_memory},
        {"links, in pages", links_are_a_set_and_die_with_either_end_in_pages},
        {"unions, in memory", unions_are_checked_by_type_in_memory},
        {"unions, in pages", unions_are_checked_by_type_in_pages},
        {"child and parent race", child_and_parent_races},
        {"a race with CASCADE is a conflict", cascade_race_is_a_conflict},
        {"a link meets a deletion", links_meet_deletions},
        {"unique race, in memory", unique_race_in_memory},
        {"unique race, in pages", unique_race_in_pages},
        {"first committer wins, in memory", first_committer_wins_in_memory},
        {"first committer wins, in pages", first_committer_wins_in_pages},
        {"the same new key twice, in memory", the_same_new_key_twice_conflicts_in_memory},
        {"the same new key twice, in pages", the_same_new_key_twice_conflicts_in_pages},
        {"deferred parents are checked at commit", deferred_parents_are_checked_at_commit},
        {"parents are checked before the end", parents_are_checked_before_the_end},
        {"a link at once has words too", a_link_at_once_has_words_too},
        {"halves of a union", halves_of_a_union},
        CU_TEST_INFO_NULL,
    };
    return unit_run("txn.constraints", tests);
}
