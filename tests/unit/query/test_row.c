/*
 * test_row.c - drafts of rows: what is filled in, what is refused and in which words, and what is
 * not written or drawn at all.
 */
#include "os/os.h"
#include "query/query.h"
#include "unit/unit.h"

static const char SDL[] = "type Note {\n"
                          "  id: ID!\n"
                          "  text: String!\n"
                          "  mood: String @default(value: \"fine\")\n"
                          "  seen: DateTime @default(now: true)\n"
                          "  touched: DateTime! @updatedAt\n"
                          "  related: [Note!]! @relation(onDelete: SET_NULL)\n"
                          "}\n"
                          "type Count { id: Int! @id(generate: SERIAL) text: String }\n"
                          "type Code { id: ID! @id(generate: ULID) }\n"
                          "type Word { id: String! @id(generate: NONE) }\n";

static unsigned draws;

static sgc_status count_draws(void *self, void *data, size_t size)
{
    (void)self;
    draws++;
    return sgc_os_posix()->random(NULL, data, size);
}

typedef struct fixture {
    sgc_memory_os *memory;
    sgc_os os;
    sgc_arena arena;
    const sgc_schema *schema;
    sgc_db *db;
    sgc_writer writer;
} fixture;

static void begin(fixture *f)
{
    f->writer = (sgc_writer){.schema = f->schema, .arena = &f->arena};
    CU_ASSERT_EQUAL_FATAL(sgc_begin(f->db, &f->writer.txn), SGC_OK);
    draws = 0;
}

static void setup(fixture *f)
{
    sgc_schema_file file = {SGC_STR("notes.graphql"), sgc_str_from(SDL)};
    sgc_schema_built built;
    sgc_error error;

    *f = (fixture){0};
    sgc_diagnostics diagnostics = {.arena = &f->arena};
    CU_ASSERT_EQUAL_FATAL(sgc_schema_build(&file, 1, SGC_STR("notes"), sgc_str_of(NULL, 0),
                                           &f->arena, &diagnostics, &built),
                          SGC_OK);
    f->schema = built.schema;
    CU_ASSERT_EQUAL_FATAL(sgc_memory_os_create(&f->memory), SGC_OK);
    f->os = *sgc_memory_os_table(f->memory);
    f->os.random = count_draws;
    sgc_memory_os_set_time(f->memory, 1600000000000000);
    sgc_db_options options = {.os = &f->os};
    CU_ASSERT_EQUAL_FATAL(sgc_db_open("data", f->schema, &options, &f->db, &error), SGC_OK);
    begin(f);
}

static void teardown(fixture *f)
{
    sgc_abort(&f->writer.txn);
    CU_ASSERT_EQUAL(sgc_db_close(f->db), SGC_OK);
    sgc_memory_os_destroy(f->memory);
    sgc_arena_free(&f->arena);
}

static void again(fixture *f, uint64_t time_us)
{
    CU_ASSERT_EQUAL(sgc_commit(&f->writer.txn, NULL), SGC_OK);
    sgc_memory_os_set_time(f->memory, time_us);
    begin(f);
}

/* Takes every member of an object of JSON. */
static sgc_status take(fixture *f, sgc_draft *draft, const char *text)
{
    sgc_json *json = NULL;
    sgc_error error;
    sgc_status status = sgc_json_parse(sgc_str_from(text), &f->arena, &json, &error);

    CU_ASSERT_EQUAL_FATAL(status, SGC_OK);
    for (const sgc_json *one = json->first; one && status == SGC_OK; one = one->next)
        status = sgc_draft_take(&f->writer, draft, sgc_table_field(draft->model, one->key), one);
    return status;
}

static sgc_status insert(fixture *f, const char *type, const char *text, sgc_key *key,
                         sgc_str *record)
{
    sgc_draft draft;
    sgc_status status =
        sgc_draft_new(&f->writer, sgc_schema_table(f->schema, sgc_str_from(type)), &draft);

    if (status == SGC_OK) status = take(f, &draft, text);
    return status == SGC_OK ? sgc_draft_insert(&f->writer, &draft, key, record) : status;
}

static sgc_status change(fixture *f, const char *type, const char *text, sgc_str *record)
{
    sgc_draft draft;
    sgc_status status =
        sgc_draft_of(&f->writer, sgc_schema_table(f->schema, sgc_str_from(type)), *record, &draft);

    if (status == SGC_OK) status = take(f, &draft, text);
    return status == SGC_OK ? sgc_draft_update(&f->writer, &draft, record) : status;
}

static void shows(fixture *f, const char *type, sgc_str record, const char *field,
                  const char *expected)
{
    const sgc_table *table = &f->schema->tables[sgc_schema_table(f->schema, sgc_str_from(type))];
    const sgc_field *model = &table->fields[sgc_table_field(table, sgc_str_from(field))];
    sgc_buf out = {0};
    sgc_value value;

    CU_ASSERT_EQUAL(sgc_record_field(&table->layout, record, model->slot, &f->arena, &value),
                    SGC_OK);
    sgc_value_to_json(f->schema, model, &value, &out);
    UNIT_STR(sgc_buf_as_str(&out), expected);
    sgc_buf_free(&out);
}

static void refused(fixture *f, sgc_status status, sgc_status expected, const char *words,
                    const char *field)
{
    CU_ASSERT_EQUAL(status, expected);
    UNIT_STR(sgc_str_from(f->writer.error.text), words);
    UNIT_STR(f->writer.field, field);
}

static void filled_in(void)
{
    fixture f;
    sgc_key key;
    sgc_str record;

    setup(&f);
    CU_ASSERT_EQUAL(insert(&f, "Note", "{\"text\":\"a\"}", &key, &record), SGC_OK);
    CU_ASSERT_EQUAL(key.size, 36);
    CU_ASSERT_EQUAL(draws, 1);
    shows(&f, "Note", record, "mood", "\"fine\"");
    shows(&f, "Note", record, "seen", "\"2020-09-13T12:26:40Z\"");
    shows(&f, "Note", record, "touched", "\"2020-09-13T12:26:40Z\"");
    shows(&f, "Note", record, "relatedIds", "[]");
    CU_ASSERT_EQUAL(insert(&f, "Note", "{\"id\":null,\"text\":\"b\",\"mood\":null}", &key, &record),
                    SGC_OK);
    CU_ASSERT_EQUAL(key.size, 36);
    shows(&f, "Note", record, "mood", "null");
    CU_ASSERT_EQUAL(insert(&f, "Code", "{}", &key, &record), SGC_OK);
    CU_ASSERT_EQUAL(key.size, 26);
    CU_ASSERT_EQUAL(insert(&f, "Count", "{}", &key, &record), SGC_OK);
    CU_ASSERT_EQUAL(insert(&f, "Count", "{}", &key, &record), SGC_OK);
    shows(&f, "Count", record, "id", "2");
    teardown(&f);
}

/* Random bytes cost a system call: a key that was given draws none. */
static void given_keys_draw_nothing(void)
{
    fixture f;
    sgc_key key;
    sgc_str record;

    setup(&f);
    CU_ASSERT_EQUAL(insert(&f, "Note", "{\"id\":\"x\",\"text\":\"a\"}", &key, &record), SGC_OK);
    UNIT_STR(sgc_key_str(&key), "x");
    CU_ASSERT_EQUAL(insert(&f, "Count", "{\"id\":7}", &key, &record), SGC_OK);
    CU_ASSERT_EQUAL(insert(&f, "Count", "{\"text\":\"behind\"}", &key, &record), SGC_OK);
    shows(&f, "Count", record, "id", "8");
    CU_ASSERT_EQUAL(change(&f, "Count", "{\"text\":\"changed\"}", &record), SGC_OK);
    CU_ASSERT_EQUAL(draws, 0);
    teardown(&f);
}

static void refusals(void)
{
    char text[1200];
    fixture f;
    sgc_key key;
    sgc_str record;

    setup(&f);
    refused(&f, insert(&f, "Note", "{}", &key, &record), SGC_NOT_NULL,
            "Note.text: a value is required", "text");
    refused(&f, insert(&f, "Word", "{}", &key, &record), SGC_NOT_NULL,
            "Word.id: a value is required", "id");
    CU_ASSERT_EQUAL(insert(&f, "Word", "{\"id\":null}", &key, &record), SGC_NOT_NULL);
    UNIT_STR(f.writer.field, "id");
    memset(text, 'x', sizeof text);
    memcpy(text, "{\"id\":\"", 7);
    memcpy(text + 1150, "\"}", 3);
    refused(&f, insert(&f, "Word", text, &key, &record), SGC_LIMIT,
            "Word.id: longer than 1000 bytes", "id");
    CU_ASSERT_EQUAL(insert(&f, "Word", "{\"id\":\"w\"}", &key, &record), SGC_OK);
    refused(&f, insert(&f, "Word", "{\"id\":\"w\"}", &key, &record), SGC_EXISTS,
            "Word \"w\" already exists", "id");
    CU_ASSERT_EQUAL(insert(&f, "Note", "{\"text\":5}", &key, &record), SGC_INVALID);
    UNIT_STR(f.writer.type, "Note");
    UNIT_STR(f.writer.field, "text");
    teardown(&f);
}

static void changes(void)
{
    fixture f;
    sgc_key key;
    sgc_str record, before;

    setup(&f);
    CU_ASSERT_EQUAL(insert(&f, "Note", "{\"id\":\"x\",\"text\":\"a\"}", &key, &record), SGC_OK);
    again(&f, 1600000001000000);
    before = record;
    CU_ASSERT_EQUAL(change(&f, "Note", "{\"text\":\"a\"}", &record), SGC_OK);
    CU_ASSERT_PTR_EQUAL(record.data, before.data); /* nothing changed, nothing is touched */
    CU_ASSERT_EQUAL(change(&f, "Note", "{\"text\":\"b\"}", &record), SGC_OK);
    shows(&f, "Note", record, "text", "\"b\"");
    shows(&f, "Note", record, "touched", "\"2020-09-13T12:26:41Z\"");
    shows(&f, "Note", record, "seen", "\"2020-09-13T12:26:40Z\"");
    /* A load that brings its own time keeps it. */
    CU_ASSERT_EQUAL(
        change(&f, "Note", "{\"text\":\"c\",\"touched\":\"2001-01-01T00:00:00Z\"}", &record),
        SGC_OK);
    shows(&f, "Note", record, "touched", "\"2001-01-01T00:00:00Z\"");
    refused(&f, change(&f, "Note", "{\"text\":null}", &record), SGC_NOT_NULL, f.writer.error.text,
            "text");
    teardown(&f);
}

static void rows_are_found_by_json(void)
{
    fixture f;
    sgc_key key;
    sgc_str record;
    sgc_json id = {.kind = SGC_JSON_STRING, .text = SGC_STR("x")};
    sgc_json number = {.kind = SGC_JSON_NUMBER, .text = SGC_STR("1")};
    uint16_t notes, counts;
    char text[1200];

    setup(&f);
    notes = sgc_schema_table(f.schema, SGC_STR("Note"));
    counts = sgc_schema_table(f.schema, SGC_STR("Count"));
    CU_ASSERT_EQUAL(sgc_writer_find(&f.writer, notes, &id, &key, &record), SGC_NOT_FOUND);
    CU_ASSERT_PTR_NULL(record.data);
    CU_ASSERT_EQUAL(insert(&f, "Note", "{\"id\":\"x\",\"text\":\"a\"}", &key, &record), SGC_OK);
    CU_ASSERT_EQUAL(insert(&f, "Count", "{}", &key, &record), SGC_OK);
    CU_ASSERT_EQUAL(sgc_writer_find(&f.writer, notes, &id, &key, &record), SGC_OK);
    shows(&f, "Note", record, "text", "\"a\"");
    CU_ASSERT_EQUAL(sgc_writer_find(&f.writer, counts, &number, &key, &record), SGC_OK);
    memset(text, 'x', sizeof text);
    id.text = sgc_str_of(text, sizeof text);
    CU_ASSERT_EQUAL(sgc_writer_find(&f.writer, notes, &id, &key, &record), SGC_NOT_FOUND);
    CU_ASSERT_EQUAL(sgc_writer_find(&f.writer, counts, &id, &key, &record), SGC_INVALID);
    teardown(&f);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"filled in", filled_in},
        {"given keys draw nothing", given_keys_draw_nothing},
        {"refusals", refusals},
        {"changes", changes},
        {"rows are found by JSON", rows_are_found_by_json},
        CU_TEST_INFO_NULL,
    };
    return unit_run("query.row", tests);
}
