/*
 * test_load_links.c - links of many-to-many relations through loads: from both sides, more than
 * memory holds, to ends that are not loaded; and what a load's transaction does and tells.
 */
#include "unit/txn/loads.h"

/* With a link table between Left and Right. */
static const char LEFT_RIGHT[] = "type Left { id: ID! @id(generate: NONE) rights: [Right!] }\n"
                                 "type Right { id: Int! @id(generate: NONE) lefts: [Left!] }\n";

static const char LINKED[] = "type Book { id: ID! @id(generate: NONE) shelves: [Shelf!]! }\n"
                             "type Shelf { id: ID! @id(generate: NONE) books: [Book!]! }\n";

enum { BOOKS = 80, SHELVES = 70 };

static uint16_t only_link(sgc_txn *txn)
{
    const sgc_schema *schema = sgc_db_schema(sgc_txn_db(txn));
    uint16_t link = 0;

    while (!schema->tables[link].link)
        link++;
    return link;
}

/* Every book stands on every shelf. */
static void add_linked(sgc_load *load)
{
    char json[40];
    uint16_t link = only_link(sgc_load_txn(load));

    for (unsigned i = 0; i < BOOKS; i++) {
        snprintf(json, sizeof json, "{\"id\": \"n%03u\"}", i);
        OK(add(load, "Book", json));
        if (i < SHELVES) OK(add(load, "Shelf", json));
    }
    for (unsigned i = 0; i < BOOKS * SHELVES; i++) {
        char book[10], shelf[10];
        snprintf(book, sizeof book, "n%03u", i % BOOKS);
        snprintf(shelf, sizeof shelf, "n%03u", i / BOOKS);
        sgc_txn *txn = sgc_load_txn(load);
        const sgc_schema *schema = sgc_db_schema(sgc_txn_db(txn));
        const sgc_relation *own = &schema->tables[table_of(txn, "Book")].relations[0];
        sgc_str b = key_of(txn, "Book", book), s = key_of(txn, "Shelf", shelf);
        bool left = own->link_field == 1;
        CU_ASSERT_EQUAL_FATAL(sgc_load_link(load, link, left ? b : s, left ? s : b), SGC_OK);
    }
}

/* However much of the memory they take: rows come of them while they are read. */
static void no_link_is_lost(void)
{
    for (uint64_t memory = 16 << 10; memory <= 4 << 20;
         memory += UNIT_RACES ? 3 * memory : memory / 4) {
        struct bed bed;
        bed_open(&bed, LINKED, 0);
        sgc_load *load = begin_load(&bed, memory);
        add_linked(load);
        committed(load);
        sgc_txn *txn = bed_begin(&bed);
        uint16_t link = only_link(txn);
        const sgc_table *t = &sgc_db_schema(bed.db)->tables[link];
        for (uint16_t i = 0; i < t->index_count; i++)
            CU_ASSERT_EQUAL(count_index(txn, t->name.data, i), BOOKS * SHELVES);
        sgc_abort(&txn);
        bed_verify(&bed);
        bed_close(&bed);
    }
}

/* No row has an empty key, so none is there to be linked. */
static void ends_without_a_key(void)
{
    for (unsigned left = 0; left < 2; left++) {
        struct bed bed;
        sgc_commit_info info;
        bed_open(&bed, LINKED, 0);
        sgc_load *load = begin_load(&bed, 0);
        OK(add(load, "Book", "{\"id\": \"a\"}"));
        OK(add(load, "Shelf", "{\"id\": \"a\"}"));
        uint16_t link = only_link(sgc_load_txn(load));
        sgc_str none = SGC_STR(""), a = SGC_STR("a");
        OK(sgc_load_link(load, link, left ? none : a, left ? a : none));
        IS(sgc_load_commit(&load, &info), SGC_FOREIGN_KEY);
        CU_ASSERT_EQUAL(rows_of(&bed, "Book"), 0);
        bed_close(&bed);
    }
}

static uint16_t link_of(struct bed *bed)
{
    uint16_t table = 0;

    while (!bed->schema->tables[table].link)
        table++;
    return table;
}

static sgc_status join(sgc_load *load, struct bed *bed, const char *left, int32_t right)
{
    sgc_key key;

    sgc_pk_int(&key, right);
    return sgc_load_link(load, link_of(bed), sgc_str_from(left), sgc_key_str(&key));
}

static uint64_t links_of(struct bed *bed, uint16_t index)
{
    sgc_txn *txn = bed_begin(bed);
    sgc_cursor cursor = sgc_cursor_open(txn, link_of(bed), index, NULL);
    sgc_str record;
    uint64_t count = 0;

    while (sgc_cursor_next(&cursor, &record))
        count++;
    OK(sgc_cursor_status(&cursor));
    sgc_abort(&txn);
    return count;
}

/* Every link comes from both sides, in an order of its own each time. */
static void links_come_twice(void)
{
    enum { ENDS = 300, LINKS = 3 * ENDS };
    struct bed bed;
    char id[60];

    bed_open(&bed, LEFT_RIGHT, 0);
    sgc_load *load = begin_load(&bed, 16 << 10);
    for (int side = 0; side < 2; side++) {
        for (unsigned n = 0; n < LINKS; n++) {
            unsigned i = side ? n * 7919U % LINKS : n;
            snprintf(id, sizeof id, "l%u", i % ENDS);
            OK(join(load, &bed, id, (int32_t)(i * 31 % ENDS)));
        }
    }
    for (unsigned n = 0; n < ENDS; n++) {
        snprintf(id, sizeof id, "{\"id\": \"l%u\"}", n);
        OK(add(load, "Left", id));
        snprintf(id, sizeof id, "{\"id\": %u}", n);
        OK(add(load, "Right", id));
    }
    committed(load);
    uint64_t links = links_of(&bed, 0);
    CU_ASSERT_TRUE(links > 0 && links <= LINKS);
    for (uint16_t i = 1; i < bed.schema->tables[link_of(&bed)].index_count; i++)
        CU_ASSERT_EQUAL(links_of(&bed, i), links);
    bed_verify(&bed);
    bed_reopen(&bed);
    CU_ASSERT_EQUAL(links_of(&bed, 0), links);
    /* They are there for those who delete an end. */
    sgc_txn *txn = bed_begin(&bed);
    OK(drop(txn, "Left", "l7"));
    OK(commit_now(txn));
    CU_ASSERT_TRUE(links_of(&bed, 0) < links);
    bed_verify(&bed);
    bed_close(&bed);
}

/* Ends that are in tables which are not loaded must be there, and stay. */
static void links_to_what_is_there(void)
{
    struct bed bed;
    sgc_commit_info info;

    bed_open(&bed, LEFT_RIGHT, 0);
    sgc_txn *txn = bed_begin(&bed);
    OK(put(txn, "Left", "{\"id\": \"a\"}"));
    OK(put(txn, "Right", "{\"id\": 1}"));
    OK(commit_now(txn));
    sgc_load *load = begin_load(&bed, 0);
    sgc_load_place(load, 10);
    OK(join(load, &bed, "a", 1));
    sgc_load_place(load, 11);
    OK(join(load, &bed, "a", 2));
    txn = bed_begin(&bed);
    OK(drop(txn, "Right", "1"));
    IS(commit_now(txn), SGC_CONFLICT);
    txn = bed_begin(&bed);
    OK(drop(txn, "Left", "a"));
    IS(commit_now(txn), SGC_CONFLICT);
    IS(sgc_load_commit(&load, &info), SGC_FOREIGN_KEY);
    UNIT_STR(sgc_str_from(info.error.text), "Left \"a\".rights: there is no Right 2");
    CU_ASSERT_EQUAL(info.place, 11);
    CU_ASSERT_EQUAL(links_of(&bed, 0), 0);
    load = begin_load(&bed, 0);
    OK(join(load, &bed, "b", 1));
    IS(sgc_load_commit(&load, &info), SGC_FOREIGN_KEY);
    UNIT_STR(sgc_str_from(info.error.text), "Right 1.lefts: there is no Left \"b\"");
    load = begin_load(&bed, 0);
    OK(join(load, &bed, "a", 1));
    committed(load);
    CU_ASSERT_EQUAL(links_of(&bed, 0), 1);
    /* Now the link table holds rows. */
    load = begin_load(&bed, 0);
    IS(join(load, &bed, "a", 1), SGC_EXISTS);
    IS(sgc_load_claim(load, link_of(&bed)), SGC_EXISTS);
    sgc_load_abort(&load);
    bed_close(&bed);
}

/* Rows are counted unless their places are told; a load's transaction only adds. */
static void places_and_statements(void)
{
    struct bed bed;
    sgc_commit_info info;

    bed_open(&bed, LEFT_RIGHT, 0);
    sgc_load *load = begin_load(&bed, 0);
    OK(sgc_load_claim(load, link_of(&bed)));
    OK(put(sgc_load_txn(load), "Right", "{\"id\": 4}"));
    OK(add(load, "Right", "{\"id\": 3}"));
    OK(put(sgc_load_txn(load), "Left", "{\"id\": \"a\"}"));
    IS(sgc_load_row(load, link_of(&bed), SGC_STR("a"), SGC_STR("b")), SGC_INVALID);
    IS(set(sgc_load_txn(load), "Right", "{\"id\": 4}"), SGC_UNSUPPORTED);
    IS(drop(sgc_load_txn(load), "Right", "4"), SGC_UNSUPPORTED);
    UNIT_STR(sgc_str_from(sgc_load_errmsg(load)),
             "a load adds rows and links, and does nothing else");
    OK(add(load, "Right", "{\"id\": 3}"));
    IS(sgc_load_commit(&load, &info), SGC_EXISTS);
    CU_ASSERT_EQUAL(info.place, 4);
    CU_ASSERT_EQUAL(info.other_place, 2);
    CU_ASSERT_EQUAL(sgc_db_head(bed.db), 0);
    bed_close(&bed);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"links come twice", links_come_twice},
        {"links to what is there", links_to_what_is_there},
        {"places and statements", places_and_statements},
        {"no link is lost", no_link_is_lost},
        {"ends without a key", ends_without_a_key},
        CU_TEST_INFO_NULL,
    };

    return unit_run("txn.load_links", tests);
}
