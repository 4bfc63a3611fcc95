/* test_load.c - loading and dumping: every format, every complaint, and the way there and back. */
#include "admin/admin.h"
#include "unit/unit.h"

static const char sdl[] = "enum Mood { GLAD SAD }\n"
                          "type Address { street: String! number: Int }\n"
                          "type Person {\n"
                          "  id: ID!\n"
                          "  name: String! @index\n"
                          "  age: Int @check(expr: \"age >= 0\")\n"
                          "  email: String @unique\n"
                          "  height: Float\n"
                          "  big: BigInt\n"
                          "  mood: Mood @default(value: \"GLAD\")\n"
                          "  born: Date\n"
                          "  awake: Boolean\n"
                          "  tags: [String!]\n"
                          "  address: Address\n"
                          "  boss: Person\n"
                          "  clubs: [Club!]\n"
                          "}\n"
                          "type Club { id: ID! name: String! members: [Person!] }\n"
                          "type Counter { id: Int! @id(generate: SERIAL) label: String! }\n";

typedef struct fixture {
    sgc_arena arena;
    sgc_db *db;
    uint64_t counts[16];
    sgc_error error;
} fixture;

static void setup(fixture *f)
{
    sgc_schema_file file = {SGC_STR("people.graphql"), sgc_str_from(sdl)};
    sgc_schema_built built;
    sgc_buf words = {0};

    *f = (fixture){0};
    sgc_diagnostics diagnostics = {.arena = &f->arena};
    sgc_status status = sgc_schema_build(&file, 1, SGC_STR("people"), sgc_str_of(NULL, 0),
                                         &f->arena, &diagnostics, &built);
    sgc_diagnostics_print(&diagnostics, &words);
    if (words.size) printf("%.*s\n", (int)words.size, words.data);
    sgc_buf_free(&words);
    CU_ASSERT_EQUAL_FATAL(status, SGC_OK);
    CU_ASSERT_EQUAL_FATAL(sgc_db_open(":memory:", built.schema, NULL, &f->db, &f->error), SGC_OK);
}

static void teardown(fixture *f)
{
    CU_ASSERT_EQUAL(sgc_db_close(f->db), SGC_OK);
    sgc_arena_free(&f->arena);
}

static sgc_status load(fixture *f, sgc_load_text_options options, const char *text)
{
    sgc_str left = sgc_str_from(text);
    sgc_load_source source = sgc_load_source_text(&left);

    f->error = (sgc_error){SGC_OK, ""};
    return sgc_load_text(f->db, &source, &options, f->counts, &f->error);
}

static const sgc_load_text_options json = {.format = SGC_LOAD_JSON};
static const sgc_load_text_options people_csv = {.format = SGC_LOAD_CSV,
                                                 .table = SGC_STR_INIT("Person")};
static const sgc_load_text_options people_lines = {.format = SGC_LOAD_NDJSON,
                                                   .table = SGC_STR_INIT("Person")};

static void loads(fixture *f, sgc_load_text_options options, const char *text)
{
    sgc_status status = load(f, options, text);

    if (status != SGC_OK) printf("\n    %s\n", f->error.text);
    CU_ASSERT_EQUAL(status, SGC_OK);
}

static void refuses(fixture *f, sgc_load_text_options options, const char *text, const char *words)
{
    sgc_status status = load(f, options, text);

    CU_ASSERT_NOT_EQUAL(status, SGC_OK);
    bool found = strstr(f->error.text, words) != NULL;
    if (!found) printf("\n    got <%s>\n    lacks <%s>\n", f->error.text, words);
    CU_ASSERT_TRUE(found);
}

static sgc_status keep(void *context, sgc_str piece)
{
    sgc_buf_str(context, piece);
    return SGC_OK;
}

static sgc_buf dump(fixture *f, sgc_load_format format, const char *table)
{
    sgc_buf out = {0};

    sgc_dump_options options = {
        .format = format, .table = sgc_str_from(table), .sink = keep, .context = &out};
    CU_ASSERT_EQUAL(sgc_dump(f->db, &options, &f->error), SGC_OK);
    return out;
}

static void expect_dump(fixture *f, sgc_load_format format, const char *table, const char *expected)
{
    sgc_buf out = dump(f, format, table);

    UNIT_STR(sgc_buf_as_str(&out), expected);
    sgc_buf_free(&out);
}

static const char everything[] =
    "{\"Person\": [\n"
    "{\"id\": \"a\", \"name\": \"Ann \\\"A\\\", x\", \"age\": 7, \"email\": \"a@x\",\n"
    " \"height\": 1.5, \"big\": \"9007199254740993\", \"mood\": \"SAD\", \"born\": "
    "\"2001-02-28\",\n"
    " \"awake\": true, \"tags\": [\"x\", \"y,z\"], \"address\": {\"street\": \"S\", \"number\": "
    "2},\n"
    " \"boss\": \"b\", \"clubs\": [\"c2\", \"c1\"]},\n"
    "{\"id\": \"b\", \"name\": \"Bob\"}],\n"
    "\"Club\": [{\"id\": \"c1\", \"name\": \"One\"}, {\"id\": \"c2\", \"name\": \"Two\", "
    "\"members\": [\"b\"]}], \"Counter\": [{\"label\": \"x\"}, {\"label\": \"y\"}]}";

static void json_and_back(void)
{
    fixture f, g;

    setup(&f);
    setup(&g);
    loads(&f, json, everything);
    CU_ASSERT_EQUAL(f.counts[0] + f.counts[1] + f.counts[2], 6);
    expect_dump(&f, SGC_LOAD_NDJSON, "Club",
                "{\"id\":\"c1\",\"name\":\"One\"}\n{\"id\":\"c2\",\"name\":\"Two\"}\n");
    expect_dump(&f, SGC_LOAD_NDJSON, "Counter",
                "{\"id\":1,\"label\":\"x\"}\n{\"id\":2,\"label\":\"y\"}\n");
    sgc_buf first = dump(&f, SGC_LOAD_JSON, NULL);
    sgc_buf_byte(&first, '\0');
    CU_ASSERT_PTR_NOT_NULL(strstr(first.data, "\"clubs\":[\"c1\",\"c2\"]"));
    CU_ASSERT_PTR_NOT_NULL(strstr(first.data, "\"clubs\":[\"c2\"]"));
    CU_ASSERT_PTR_NOT_NULL(strstr(first.data, "\"big\":\"9007199254740993\""));
    loads(&g, json, first.data);
    first.size--;
    sgc_buf second = dump(&g, SGC_LOAD_JSON, NULL);
    UNIT_STR(sgc_buf_as_str(&second), first.data);
    sgc_buf_free(&first);
    sgc_buf_free(&second);
    teardown(&f);
    teardown(&g);
}

static void csv_and_lines_and_back(void)
{
    static const sgc_load_format formats[] = {SGC_LOAD_CSV, SGC_LOAD_NDJSON};

    for (size_t i = 0; i < 2; i++) {
        fixture f, g;
        setup(&f);
        setup(&g);
        loads(&f, json, everything);
        loads(&g, json,
              "{\"Club\": [{\"id\": \"c1\", \"name\": \"1\"},"
              "{\"id\": \"c2\", \"name\": \"2\"}]}");
        sgc_buf first = dump(&f, formats[i], "Person");
        sgc_buf_byte(&first, '\0');
        loads(&g, i == 0 ? people_csv : people_lines, first.data);
        sgc_buf second = dump(&g, formats[i], "Person");
        UNIT_STR(sgc_buf_as_str(&second), first.data);
        sgc_buf_free(&first);
        sgc_buf_free(&second);
        teardown(&f);
        teardown(&g);
    }
}

static void csv_quotes_and_nulls(void)
{
    fixture f;

    setup(&f);
    loads(&f, people_csv,
          "\xEF\xBB\xBFid,name,email,age\r\n1,\"a \"\"b\"\"\nc\",,5\r\n\r\n2,\"\",\"\",\r\n");
    sgc_buf out = dump(&f, SGC_LOAD_NDJSON, "Person");
    sgc_buf_byte(&out, '\0');
    CU_ASSERT_PTR_NOT_NULL(
        strstr(out.data, "\"name\":\"a \\\"b\\\"\\nc\",\"age\":5,\"email\":null"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "\"name\":\"\",\"age\":null,\"email\":\"\""));
    sgc_buf_free(&out);
    teardown(&f);
}

/* Every complaint names the line, and nothing of the load stays. */
static void complaints(void)
{
    fixture f;

    setup(&f);
    refuses(&f, json, "", "line 1: expected {");
    refuses(&f, json, "[", "line 1: expected {");
    refuses(&f, json, "{\"Nobody\": []}", "there is no table \"Nobody\"");
    refuses(&f, json, "{\"Person\": []", "expected , or }");
    refuses(&f, json, "{\"Person\": [], \"Person\": []}", "appears twice");
    refuses(&f, json, "{\"Person\": [{\"id\": \"a\"", "does not end");
    refuses(&f, json, "{} x", "text behind");
    refuses(&f, json, "{\"Person\": [\n\n{\"id\": \"a\"}]}",
            "line 3: Person.name: a value is required");
    refuses(&f, json, "{\"Person\": [{\"id\": \"a\", \"name\": \"A\", \"x\": 1}]}",
            "line 1: type Person has no field \"x\"");
    refuses(&f, json, "{\"Person\": [{\"id\": \"a\", \"name\": 1}]}", "name");
    refuses(&f, json, "{\"Person\": [{\"id\": \"a\", \"name\": \"A\", \"mood\": \"ANGRY\"}]}",
            "mood");
    refuses(&f, json, "{\"Person\": [{\"id\": \"a\", \"name\": \"A\", \"born\": \"2001-02-29\"}]}",
            "born");
    refuses(&f, json, "{\"Person\": [{\"id\": \"a\", \"name\": \"A\", \"age\": 2147483648}]}",
            "age");
    refuses(&f, json, "{\"Person\": [{\"id\": \"a\", \"name\": \"A\", \"age\": -1}]}", "line 1: ");
    refuses(&f, json, "{\"Person\": [{\"id\": \"a\", \"name\": \"A\", \"boss\": \"nobody\"}]}",
            "boss");
    refuses(&f, json, "{\"Club\": [{\"id\": \"c\", \"name\": \"C\", \"members\": [\"nobody\"]}]}",
            "");
    refuses(&f, json,
            "{\"Person\": [{\"id\": \"a\", \"name\": \"A\"},\n{\"id\": \"a\", \"name\": \"B\"}]}",
            "line 2: ");
    refuses(&f, json,
            "{\"Person\": [{\"id\": \"a\", \"name\": \"A\", \"email\": \"x\"},\n"
            "{\"id\": \"b\", \"name\": \"B\", \"email\": \"x\"}]}",
            "line 2: ");
    refuses(&f, people_lines, "{\"id\": \"a\", \"name\": \"A\"}\n\n{\"id\": \"b\"}\n",
            "line 3: Person.name: a value is required");
    refuses(&f, people_lines, "[1]\n", "line 1: ");
    refuses(&f, people_csv, "", "header line");
    refuses(&f, people_csv, "id,name\na\n", "line 2: 1 fields where the header has 2");
    refuses(&f, people_csv, "id,name,age\na,A,x\n", "line 2: Person.age: ");
    refuses(&f, people_csv, "id,name\na,\"A\n", "does not end");
    refuses(&f, people_csv, "id,name\na,\"A\"x\n", "behind a closing quote");
    expect_dump(&f, SGC_LOAD_NDJSON, "Person", "");
    teardown(&f);
}

/* References are checked when the transaction ends; the message still says where they stand. */
static void references_that_lead_nowhere(void)
{
    fixture f;
    sgc_load_text_options named = people_lines, batched = people_lines;

    setup(&f);
    named.name = "people.ndjson";
    refuses(&f, named,
            "{\"id\": \"a\", \"name\": \"A\"}\n\n{\"id\": \"b\", \"name\": \"B\", \"boss\": "
            "\"zz\"}\n{\"id\": \"c\", \"name\": \"C\", \"boss\": \"a\"}\n",
            "people.ndjson:3: Person \"b\".boss: there is no Person \"zz\"");
    refuses(&f, people_lines,
            "{\"id\": \"a\", \"name\": \"A\"}\n{\"id\": \"b\", \"name\": \"B\", \"clubs\": "
            "[\"no\"]}\n",
            "line 2: Person \"b\".clubs: there is no Club \"no\"");
    refuses(&f, json,
            "{\"Club\": [{\"id\": \"c\", \"name\": \"C\"},\n"
            "{\"id\": \"d\", \"name\": \"D\", \"members\": [\"no\"]}]}",
            "line 2: Club \"d\".members: there is no Person \"no\"");
    /* A batch ends behind line 2, and what fails there stands on line 1. */
    batched.batch = 2;
    refuses(&f, batched,
            "{\"id\": \"a\", \"name\": \"A\", \"boss\": \"c\"}\n"
            "{\"id\": \"b\", \"name\": \"B\"}\n{\"id\": \"c\", \"name\": \"C\"}\n",
            "line 1: Person \"a\".boss: there is no Person \"c\"");
    refuses(
        &f, batched,
        "{\"id\": \"a\", \"name\": \"A\", \"boss\": \"b\"}\n"
        "{\"id\": \"b\", \"name\": \"B\"}\n{\"id\": \"c\", \"name\": \"C\", \"boss\": \"zz\"}\n",
        "line 3: Person \"c\".boss: there is no Person \"zz\"");
    CU_ASSERT_EQUAL(f.counts[0] + f.counts[1] + f.counts[2], 3);
    teardown(&f);
}

/* Null for a key that can be made means "make one"; those of one load come in its order. */
static void keys_are_made_in_order(void)
{
    enum { ROWS = 3000 };
    fixture f;
    sgc_buf text = {0};
    unsigned at = 0, wrong = 0;

    setup(&f);
    for (unsigned i = 0; i < ROWS; i++)
        sgc_buf_printf(&text, i % 2 ? "{\"name\":\"%05u\"}\n" : "{\"id\":null,\"name\":\"%05u\"}\n",
                       i);
    sgc_buf_byte(&text, '\0');
    loads(&f, people_lines, text.data);
    sgc_buf out = dump(&f, SGC_LOAD_CSV, "Person");
    sgc_buf_byte(&out, '\0');
    for (const char *line = strchr(out.data, '\n'); line && line[1];
         line = strchr(line + 1, '\n')) {
        char name[16];
        snprintf(name, sizeof name, ",\"%05u\",", at++);
        wrong += memcmp(line + 39, name, 9) != 0;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(at, ROWS);
    sgc_buf_free(&out);
    sgc_buf_free(&text);
    teardown(&f);
}

static void repeating_a_load_with_upsert(void)
{
    fixture f;
    sgc_load_text_options upsert = people_lines;

    setup(&f);
    upsert.upsert = true;
    loads(&f, upsert, "{\"id\": \"a\", \"name\": \"A\", \"age\": 1}\n");
    uint64_t head = sgc_db_head(f.db);
    loads(&f, upsert, "{\"id\": \"a\", \"name\": \"A\", \"age\": 1}\n");
    CU_ASSERT_EQUAL(sgc_db_head(f.db), head);
    loads(&f, upsert, "{\"id\": \"a\", \"name\": \"Z\"}\n{\"id\": \"b\", \"name\": \"B\"}\n");
    refuses(&f, upsert, "{\"name\": \"nobody\"}\n",
            "line 1: Person.id is missing: a row without it would be added again by every load; "
            "give it, or leave --upsert out");
    refuses(&f, upsert, "{\"id\": null, \"name\": \"nobody\"}\n", "line 1: Person.id is missing: ");
    sgc_buf out = dump(&f, SGC_LOAD_NDJSON, "Person");
    sgc_buf_byte(&out, '\0');
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "{\"id\":\"a\",\"name\":\"Z\",\"age\":1,"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "{\"id\":\"b\",\"name\":\"B\","));
    sgc_buf_free(&out);
    teardown(&f);
}

static void values_are_refused_with_their_place(void)
{
    fixture f;

    setup(&f);
    refuses(&f, people_lines, "{\"name\": \"A\", \"tags\": [\"a\", 5]}\n",
            "line 1: Person: element 2 of tags must be a string");
    refuses(&f, people_lines, "{\"name\": \"A\", \"tags\": \"a\"}\n",
            "line 1: Person.tags must be a list");
    refuses(&f, people_lines, "{\"name\": \"A\", \"born\": \"soon\"}\n", "line 1: Person.born: ");
    refuses(&f, people_lines, "{\"name\": \"A\", \"age\": \"old\"}\n",
            "line 1: Person.age must be a whole number");
    teardown(&f);
}

static void batches_keep_what_was_committed(void)
{
    fixture f;
    sgc_load_text_options batched = people_lines;

    setup(&f);
    batched.batch = 2;
    refuses(&f, batched,
            "{\"id\": \"a\", \"name\": \"A\"}\n{\"id\": \"b\", \"name\": \"B\"}\n"
            "{\"id\": \"c\", \"name\": \"C\"}\n{\"id\": \"d\"}\n",
            "line 4: Person.name: a value is required (2 rows were committed before)");
    sgc_buf out = dump(&f, SGC_LOAD_CSV, "Person");
    unsigned lines = 0;
    for (size_t i = 0; i < out.size; i++)
        lines += out.data[i] == '\n';
    CU_ASSERT_EQUAL(lines, 3);
    sgc_buf_free(&out);
    teardown(&f);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"json and back", json_and_back},
        {"csv and lines and back", csv_and_lines_and_back},
        {"csv quotes and nulls", csv_quotes_and_nulls},
        {"complaints", complaints},
        {"references that lead nowhere", references_that_lead_nowhere},
        {"keys are made in order", keys_are_made_in_order},
        {"repeating a load with upsert", repeating_a_load_with_upsert},
        {"values are refused with their place", values_are_refused_with_their_place},
        {"batches keep what was committed", batches_keep_what_was_committed},
        CU_TEST_INFO_NULL,
    };
    return unit_run("admin.load", tests);
}
