/*
 * test_loader.c - the two ways that loaded rows go, past the MemTables and in transactions: which
 * one is taken when, that both end the same, links among it, what is said of refused rows, and what
 * stays when memory or the device fails.
 */
#include "admin/admin.h"
#include "unit/txn/rows.h"

static const char SDL[] =
    "type Person {\n"
    "  id: ID!\n"
    "  name: String! @index\n"
    "  email: String @unique\n"
    "  boss: Person\n"
    "  clubs: [Club!]\n"
    "  follows: [Person!]! @relation(field: \"followers\") followers: [Person!]!\n"
    "}\n"
    "type Club { id: Int! @id(generate: SERIAL) name: String! members: [Person!] }\n"
    "type Note { id: ID! text: String! }\n";

/* A text, which may be read again or not. */
typedef struct source {
    sgc_str whole, left;
    unsigned rewound;
} source;

static sgc_status read_some(void *context, char *data, size_t size, size_t *got)
{
    source *s = context;

    *got = s->left.size < size ? s->left.size : size;
    if (*got > 1000) *got = 1000;
    if (*got) memcpy(data, s->left.data, *got);
    s->left = sgc_str_of(s->left.data + *got, s->left.size - *got);
    return SGC_OK;
}

static sgc_status rewind_it(void *context)
{
    source *s = context;

    s->left = s->whole;
    s->rewound++;
    return SGC_OK;
}

static sgc_status rewind_fails(void *context)
{
    (void)context;
    return SGC_IO;
}

typedef sgc_status rewinding(void *context);

static sgc_load_text_options lines_of(const char *table)
{
    return (sgc_load_text_options){.format = SGC_LOAD_NDJSON, .table = sgc_str_from(table)};
}

static const sgc_load_text_options JSON = {.format = SGC_LOAD_JSON};
static const sgc_load_text_options BATCH = {.format = SGC_LOAD_JSON, .batch = UINT64_MAX};

static sgc_status load_from(struct bed *bed, source *from, rewinding *again,
                            sgc_load_text_options options, sgc_error *error)
{
    sgc_load_source text = {from, read_some, again};
    uint64_t counts[32];

    *error = (sgc_error){SGC_OK, ""};
    return sgc_load_text(bed->db, &text, &options, counts, error);
}

static sgc_status load_text(struct bed *bed, sgc_load_text_options options, const char *text,
                            sgc_error *error)
{
    source from = {sgc_str_from(text), sgc_str_from(text), 0};

    return load_from(bed, &from, rewind_it, options, error);
}

static void loads(struct bed *bed, sgc_load_text_options options, const char *text)
{
    sgc_error error;
    sgc_status status = load_text(bed, options, text, &error);

    if (status != SGC_OK) printf("\n    %s\n", error.text);
    CU_ASSERT_EQUAL(status, SGC_OK);
}

static void refuses(struct bed *bed, sgc_load_text_options options, const char *text,
                    const char *words)
{
    sgc_error error;
    uint64_t head = sgc_db_head(bed->db);

    CU_ASSERT_NOT_EQUAL(load_text(bed, options, text, &error), SGC_OK);
    UNIT_STR(sgc_str_from(error.text), words);
    CU_ASSERT_EQUAL(sgc_db_head(bed->db), head);
}

static sgc_status keep(void *context, sgc_str piece)
{
    sgc_buf_str(context, piece);
    return SGC_OK;
}

/* Everything there is, and a zero behind it. */
static sgc_buf dump_all(struct bed *bed)
{
    sgc_buf out = {0};
    sgc_error error = {SGC_OK, ""};
    sgc_dump_options options = {.format = SGC_LOAD_JSON, .sink = keep, .context = &out};

    CU_ASSERT_EQUAL_FATAL(sgc_dump(bed->db, &options, &error), SGC_OK);
    sgc_buf_byte(&out, '\0');
    return out;
}

static void holds(struct bed *bed, const char *words, bool wanted)
{
    sgc_buf out = dump_all(bed);
    bool found = strstr(out.data, words) != NULL;

    if (found != wanted) printf("\n    %s: %s\n", words, out.data);
    CU_ASSERT_EQUAL(found, wanted);
    sgc_buf_free(&out);
}

/* ---- both ways end the same ---- */

static unsigned draw(uint64_t *random, unsigned below)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(*random >> 33) % below;
}

static void add_list(sgc_buf *out, uint64_t *random, const char *name, const char *quote,
                     unsigned below, unsigned most)
{
    unsigned count = draw(random, most + 1);

    sgc_buf_printf(out, ", \"%s\": [", name);
    for (unsigned i = 0; i < count; i++)
        sgc_buf_printf(out, "%s%s%u%s", i ? "," : "", quote, draw(random, below) + 1, quote);
    sgc_buf_text(out, "]");
}

/* Rows in any order name each other; links are named by either end or by both. */
static sgc_buf some_text(unsigned people, unsigned clubs, uint64_t seed)
{
    sgc_buf out = {0};
    uint64_t random = seed;

    sgc_buf_text(&out, "{\"Person\": [");
    for (unsigned i = 0; i < people; i++) {
        unsigned id = i * 7919u % people + 1;
        sgc_buf_printf(&out, "%s{\"id\": \"%u\",\"name\": \"name %u\"", i ? ",\n" : "", id,
                       id % 50);
        if (draw(&random, 2)) sgc_buf_printf(&out, ",\n \"email\": \"e%u\"", id);
        if (draw(&random, 3)) sgc_buf_printf(&out, ", \"boss\": \"%u\"", draw(&random, people) + 1);
        add_list(&out, &random, "clubs", "", clubs, 3);
        add_list(&out, &random, "follows", "\"", people, 3);
        sgc_buf_text(&out, "}");
    }
    sgc_buf_text(&out, "], \"Club\": [");
    for (unsigned i = 0; i < clubs; i++) {
        sgc_buf_printf(&out, "%s{\"id\": %u, \"name\": \"club\"", i ? "," : "", i + 1);
        add_list(&out, &random, "members", "\"", people, 20);
        sgc_buf_text(&out, "}\n");
    }
    sgc_buf_text(&out, "]}");
    sgc_buf_byte(&out, '\0');
    return out;
}

/* Links as each end sees them. */
static void expect_links(struct bed *a, struct bed *b)
{
    const sgc_schema *schema = sgc_db_schema(a->db);
    sgc_txn *one = bed_begin(a), *two = bed_begin(b);

    for (uint16_t t = 0; t < schema->table_count; t++) {
        if (!schema->tables[t].link) continue;
        for (uint16_t i = 0; i < schema->tables[t].index_count; i++) {
            sgc_cursor left = sgc_cursor_open(one, t, i, NULL);
            sgc_cursor right = sgc_cursor_open(two, t, i, NULL);
            sgc_str record, other;
            size_t count = 0;
            while (sgc_cursor_next(&left, &record) && sgc_cursor_next(&right, &other)) {
                CU_ASSERT_TRUE(sgc_str_eq(record, other));
                count++;
            }
            CU_ASSERT_FALSE(sgc_cursor_next(&right, &other));
            CU_ASSERT_TRUE(count > 0);
        }
    }
    sgc_abort(&one);
    sgc_abort(&two);
}

static void both_ways_end_the_same(void)
{
    for (unsigned people = 3; people < 5000; people *= 11) {
        struct bed past, through;
        bed_open(&past, SDL, 0);
        bed_open(&through, SDL, 0);
        sgc_buf text = some_text(people, people / 10 + 2, people);
        loads(&past, JSON, text.data);
        loads(&through, BATCH, text.data);
        expect_links(&past, &through);
        bed_verify(&past);
        bed_reopen(&past);
        sgc_buf one = dump_all(&past), two = dump_all(&through);
        UNIT_STR(sgc_str_from(one.data), two.data);
        sgc_buf_free(&one);
        sgc_buf_free(&two);
        sgc_buf_free(&text);
        bed_close(&past);
        bed_close(&through);
    }
}

/* ---- which way ---- */

static const char TWINS[] = "{\"id\": \"a\", \"text\": \"x\"}\n{\"id\": \"a\", \"text\": \"y\"}\n";

/* Only a load finds out at the end, when it knows both lines. */
static void tables_without_rows(void)
{
    struct bed bed;
    sgc_load_text_options upsert = lines_of("Note"), batch = lines_of("Note");
    sgc_error error = {SGC_OK, ""};
    sgc_load *other;

    bed_open(&bed, SDL, 0);
    upsert.upsert = true;
    batch.batch = 10;
    refuses(&bed, lines_of("Note"), TWINS, "line 2: Note \"a\" already exists (line 1)");
    refuses(&bed, batch, TWINS, "line 2: Note \"a\" already exists");
    /* Beside another load. */
    CU_ASSERT_EQUAL_FATAL(sgc_load_begin(bed.db, NULL, &other, &error), SGC_OK);
    refuses(&bed, lines_of("Note"), TWINS, "line 2: Note \"a\" already exists");
    sgc_load_abort(&other);
    loads(&bed, upsert, TWINS);
    refuses(&bed, lines_of("Note"), TWINS, "line 1: Note \"a\" already exists");
    /* Another table has none yet; its links are looked at, too. */
    loads(&bed, lines_of("Club"), "{\"name\": \"C\"}\n{\"name\": \"D\"}\n");
    loads(&bed, lines_of("Person"), "{\"id\": \"p\", \"name\": \"P\", \"clubs\": [1]}\n");
    sgc_txn *txn = bed_begin(&bed);
    CU_ASSERT_EQUAL(sgc_row_delete(txn, table_of(txn, "Person"), SGC_STR("p")), SGC_OK);
    CU_ASSERT_EQUAL(sgc_commit(&txn, NULL), SGC_OK);
    refuses(&bed, lines_of("Person"),
            "{\"id\": \"q\", \"name\": \"Q\"}\n{\"id\": \"q\", \"name\": \"Q\"}\n",
            "line 2: Person \"q\" already exists (line 1)");
    bed_close(&bed);
}

static const char NOTES_THEN_CLUBS[] = "\n{\"Note\": [{\"id\": \"n\", \"text\": \"t\"}],\n"
                                       "\"Club\": [{\"name\": \"E\"}, {\"name\": \"F\"},\n"
                                       "{\"id\": 9, \"name\": 9}]}";

/* The second table of the text holds rows: it is read again, or was not begun with. */
static void found_out_late(void)
{
    struct bed bed;
    sgc_error error;
    source from = {sgc_str_from(NOTES_THEN_CLUBS), sgc_str_from(NOTES_THEN_CLUBS), 0};

    bed_open(&bed, SDL, 0);
    loads(&bed, lines_of("Club"), "{\"name\": \"C\"}\n");
    CU_ASSERT_EQUAL(load_from(&bed, &from, rewind_it, JSON, &error), SGC_INVALID);
    UNIT_STR(sgc_str_from(error.text), "line 4: Club.name must be a string");
    CU_ASSERT_EQUAL(from.rewound, 1);
    holds(&bed, "\"t\"", false);
    from.left = from.whole;
    CU_ASSERT_EQUAL(load_from(&bed, &from, rewind_fails, JSON, &error), SGC_IO);
    UNIT_STR(sgc_str_from(error.text), "reading failed");
    from.left = from.whole;
    CU_ASSERT_EQUAL(load_from(&bed, &from, NULL, JSON, &error), SGC_INVALID);
    UNIT_STR(sgc_str_from(error.text), "line 4: Club.name must be a string");
    CU_ASSERT_EQUAL(from.rewound, 1);
    loads(&bed, JSON,
          "{\"Note\": [{\"id\": \"n\", \"text\": \"t\"}],\n\"Club\": [{\"name\": \"E\"}]}");
    holds(&bed, "{\"id\":\"n\",\"text\":\"t\"}", true);
    holds(&bed, "{\"id\":2,\"name\":\"E\"", true);
    bed_verify(&bed);
    bed_close(&bed);
}

/* Progress begins anew with a text that is read again, and ends with what there is. */
typedef struct seen {
    uint64_t rows, bytes;
} seen;

static void see(void *context, uint64_t rows, uint64_t bytes)
{
    *(seen *)context = (seen){rows, bytes};
}

static void progress_is_told(void)
{
    static const char text[] =
        "{\"Note\": [{\"id\": \"n\", \"text\": \"t\"}], \"Club\": [{\"name\": \"E\"}]}";
    struct bed bed;
    seen last = {0, 0};
    sgc_load_text_options options = JSON;

    bed_open(&bed, SDL, 0);
    options.progress = see;
    options.progress_context = &last;
    loads(&bed, lines_of("Club"), "{\"name\": \"C\"}\n");
    loads(&bed, options, text);
    CU_ASSERT_EQUAL(last.rows, 2);
    CU_ASSERT_EQUAL(last.bytes, sizeof text - 1);
    bed_close(&bed);
}

/* ---- what is said ---- */

static void refused_rows(void)
{
    struct bed bed;
    sgc_load_text_options named = JSON;

    bed_open(&bed, SDL, 0);
    named.name = "people.json";
    refuses(&bed, named,
            "{\"Person\": [\n{\"id\": \"a\",\n\"name\": \"A\"},\n"
            "{\"id\": \"b\", \"name\": \"B\"}, {\"id\": \"c\",\n\"name\": \"C\"},\n\n"
            "{\"id\": \"a\", \"name\": \"A\"}]}",
            "people.json:7: Person \"a\" already exists (line 2)");
    /* The later one is refused, whatever the order of their keys. */
    refuses(&bed, named,
            "{\"Person\": [\n{\"id\": \"z\", \"name\": \"A\", \"email\": \"e\"},\n"
            "{\"id\": \"b\", \"name\": \"B\", \"email\": \"f\"},\n"
            "{\"id\": \"a\", \"name\": \"A\", \"email\": \"e\"}]}",
            "people.json:4: Person with email \"e\" already exists (line 2)");
    refuses(&bed, named,
            "{\"Person\": [\n{\"id\": \"a\", \"name\": \"A\", \"boss\": \"b\"},\n"
            "{\"id\": \"b\", \"name\": \"B\", \"boss\": \"a\"},\n"
            "{\"id\": \"c\", \"name\": \"C\", \"boss\": \"zz\"}]}",
            "people.json:4: Person \"c\".boss: there is no Person \"zz\"");
    refuses(&bed, named,
            "{\"Club\": [\n{\"name\": \"C\"},\n{\"name\": \"C\", \"members\": [\"no\"]}]}",
            "people.json:3: Club 2.members: there is no Person \"no\"");
    refuses(&bed, named,
            "{\"Person\": [\n{\"id\": \"a\", \"name\": \"A\"},\n"
            "{\"id\": \"b\", \"name\": \"B\", \"clubs\": [7]}]}",
            "people.json:3: Person \"b\".clubs: there is no Club 7");
    refuses(&bed, named,
            "{\"Person\": [\n{\"id\": \"a\", \"name\": \"A\", \"follows\": [\"a\"]},\n"
            "{\"id\": \"b\", \"name\": \"B\", \"followers\": [\"a\", \"no\"]}]}",
            "people.json:3: Person \"b\".followers: there is no Person \"no\"");
    refuses(&bed, named, "{\"Person\": [\n{\"id\": \"a\", \"name\": \"A\", \"follows\": [null]}]}",
            "people.json:2: Person.follows: an id is null");
    CU_ASSERT_EQUAL(sgc_db_head(bed.db), 0);
    bed_verify(&bed);
    bed_close(&bed);
}

/* Ends of 700 bytes each: a row may have such a key, a link of two may not. */
static void links_that_are_too_long(void)
{
    struct bed bed;
    char text[4000];

    bed_open(&bed, SDL, 0);
    snprintf(text, sizeof text,
             "{\"Person\": [{\"id\": \"%0700d\", \"name\": \"A\"},\n"
             "{\"id\": \"%0700d\", \"name\": \"B\", \"follows\": [\"%0700d\"]}]}",
             1, 2, 1);
    sgc_error error;
    CU_ASSERT_EQUAL(load_text(&bed, JSON, text, &error), SGC_LIMIT);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "line 2: "));
    CU_ASSERT_EQUAL(load_text(&bed, BATCH, text, &error), SGC_LIMIT);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "line 2: "));
    CU_ASSERT_EQUAL(sgc_db_head(bed.db), 0);
    bed_close(&bed);
}

/* Lines of rows that stand anywhere, far more than are kept in memory. */
static void lines_far_apart(void)
{
    enum { ROWS = 40000, ONE = 23456, OTHER = 38001 };
    struct bed bed;
    sgc_buf text = {0};
    char words[80];
    unsigned line = 1, first = 0, second = 0;

    bed_open(&bed, SDL, 0);
    for (unsigned i = 0; i < ROWS; i++) {
        for (unsigned gap = i * 7919u % 3; gap > 0; gap--, line++)
            sgc_buf_text(&text, "\n");
        if (i == ONE) first = line;
        if (i == OTHER) second = line;
        sgc_buf_printf(&text, "{\"id\":\"%u\",\"text\":\"%.*s\"}\n", i == OTHER ? ONE : i, i % 5,
                       "text");
        line++;
    }
    sgc_buf_byte(&text, '\0');
    snprintf(words, sizeof words, "line %u: Note \"%u\" already exists (line %u)", second, ONE,
             first);
    refuses(&bed, lines_of("Note"), text.data, words);
    sgc_buf_free(&text);
    bed_close(&bed);
}

/* ---- failures ---- */

enum { PEOPLE = 40, CLUBS = 5 };

static bool is_there(struct bed *bed)
{
    sgc_txn *txn = bed_begin(bed);
    uint64_t people = 0, clubs = 0;

    CU_ASSERT_EQUAL(sgc_txn_count_rows(txn, table_of(txn, "Person"), &people), SGC_OK);
    CU_ASSERT_EQUAL(sgc_txn_count_rows(txn, table_of(txn, "Club"), &clubs), SGC_OK);
    sgc_abort(&txn);
    CU_ASSERT_TRUE((people == 0 && clubs == 0) || (people == PEOPLE && clubs == CLUBS));
    return people > 0;
}

static void memory_fails(void)
{
    sgc_buf text = some_text(PEOPLE, CLUBS, 1);

    for (uint64_t n = 1, refused = 1; refused; n++) {
        struct bed bed;
        sgc_error error;
        bed_open(&bed, SDL, 0);
        sgc_alloc_fail_at(n, false);
        sgc_status status = load_text(&bed, JSON, text.data, &error);
        refused = sgc_alloc_count() >= n;
        sgc_alloc_fail_at(0, false);
        bool stopped = status == SGC_READ_ONLY || status == SGC_UNKNOWN_OUTCOME;
        CU_ASSERT_TRUE(status == SGC_OK || status == SGC_NO_MEMORY || stopped);
        if (!stopped) CU_ASSERT_EQUAL(is_there(&bed), status == SGC_OK);
        if (status == SGC_NO_MEMORY) loads(&bed, JSON, text.data);
        status = sgc_db_close(bed.db);
        CU_ASSERT_TRUE(status == SGC_OK || stopped);
        CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
        CU_ASSERT_TRUE(stopped || is_there(&bed));
        bed_verify(&bed);
        bed_close(&bed);
    }
    sgc_buf_free(&text);
}

static uint64_t steps_of(const char *text)
{
    struct bed bed;
    uint64_t writes, syncs, before, after;

    bed_open(&bed, SDL, 0);
    sgc_memory_os_counts(bed.memory, &writes, &syncs, &before);
    loads(&bed, JSON, text);
    sgc_memory_os_counts(bed.memory, &writes, &syncs, &after);
    bed_close(&bed);
    return after - before;
}

static void power_goes(void)
{
    sgc_buf text = some_text(PEOPLE, CLUBS, 1);
    uint64_t steps = steps_of(text.data);

    for (uint64_t n = 1; n <= steps + 1; n++) {
        struct bed bed;
        sgc_error error;
        bed_open(&bed, SDL, 0);
        sgc_memory_os_set_faults(bed.memory, &(sgc_faults){.power_cut_at = n, .seed = n});
        sgc_status loaded = load_text(&bed, JSON, text.data, &error);
        sgc_memory_os_set_faults(bed.memory, &(sgc_faults){.power_cut_at = 1});
        sgc_status closed = sgc_db_close(bed.db);
        (void)closed;
        sgc_memory_os_power_cycle(bed.memory, n);
        CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
        bool there = is_there(&bed);
        if (loaded != SGC_UNKNOWN_OUTCOME) CU_ASSERT_EQUAL(there, loaded == SGC_OK);
        if (!there) loads(&bed, JSON, text.data);
        bed_verify(&bed);
        bed_close(&bed);
    }
    sgc_buf_free(&text);
}

static void the_disk_is_full(void)
{
    sgc_buf text = some_text(PEOPLE, CLUBS, 1);

    for (uint64_t n = 1, failed = 1; failed; n++) {
        struct bed bed;
        sgc_error error;
        bed_open(&bed, SDL, 0);
        sgc_memory_os_set_faults(
            bed.memory, &(sgc_faults){.fail_write_at = n, .seed = n, .short_writes = true});
        sgc_status status = load_text(&bed, JSON, text.data, &error);
        failed = status != SGC_OK;
        if (failed) CU_ASSERT_TRUE(error.text[0] != '\0');
        sgc_status closed = sgc_db_close(bed.db);
        (void)closed;
        sgc_memory_os_set_faults(bed.memory, &(sgc_faults){.seed = 0});
        CU_ASSERT_EQUAL_FATAL(bed_open_again(&bed), SGC_OK);
        bool there = is_there(&bed);
        if (status != SGC_UNKNOWN_OUTCOME) CU_ASSERT_EQUAL(there, status == SGC_OK);
        if (!there) loads(&bed, JSON, text.data);
        bed_verify(&bed);
        bed_close(&bed);
    }
    sgc_buf_free(&text);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"both ways end the same", both_ways_end_the_same},
        {"tables without rows", tables_without_rows},
        {"found out late", found_out_late},
        {"progress is told", progress_is_told},
        {"refused rows", refused_rows},
        {"links that are too long", links_that_are_too_long},
        {"lines far apart", lines_far_apart},
        {"memory fails", memory_fails},
        {"power goes", power_goes},
        {"the disk is full", the_disk_is_full},
        CU_TEST_INFO_NULL,
    };
    return unit_run("admin.loader", tests);
}
