/*
 * test_starwars.c - the Star Wars example through the executor: its rows made by mutations, its ten
 * queries answered to the letter.
 */
#include "graphql/graphql.h"
#include "os/os.h"
#include "unit/graphql/fixture.h"

#define EXAMPLE SGC_TEST_DATA "/../../../examples/starwars/"

static sgc_arena texts;

static const char *read_text(const char *path)
{
    sgc_str text = {NULL, 0};
    sgc_error error = {.text = ""};

    if (sgc_read_file(path, &texts, &text, &error) != SGC_OK) printf("\n%s\n", error.text);
    sgc_str kept = sgc_arena_str(&texts, text.data ? text : SGC_STR(""));
    return kept.data;
}

static sgc_status count_characters(sgc_call *call, sgc_buf *json, sgc_error *error)
{
    const sgc_schema *schema = sgc_db_schema(sgc_txn_db(call->txn));
    sgc_cursor cursor =
        sgc_cursor_open(call->txn, sgc_schema_table(schema, SGC_STR("Character")), 0, NULL);
    int64_t count = 0;

    (void)error;
    while (sgc_cursor_skip(&cursor))
        count++;
    sgc_json_int64(json, count);
    return sgc_cursor_status(&cursor);
}

/* ---- rows ---- */

/* The relation that a member of a row means: by its name, or by the field that stores its key. */
static uint16_t relation_of(const sgc_table *table, sgc_str name)
{
    uint16_t field = sgc_table_field(table, name);

    return field == SGC_NONE ? sgc_table_relation(table, name) : table->fields[field].relation;
}

/* Relations become connect; friends wait until everybody is there. */
static void write_variables(sgc_buf *out, const sgc_table *table, const sgc_json *row)
{
    bool first = true;

    sgc_buf_text(out, "{\"i\":{");
    for (const sgc_json *one = row->first; one; one = one->next) {
        uint16_t relation = relation_of(table, one->key);
        bool stored = relation == SGC_NONE;
        if (sgc_str_eq(one->key, SGC_STR("friends")) || (!stored && one->kind == SGC_JSON_NULL))
            continue;
        if (!first) sgc_buf_byte(out, ',');
        first = false;
        sgc_json_str(out, stored ? one->key : table->relations[relation].name);
        sgc_buf_text(out, stored ? ":" : ":{\"connect\":");
        sgc_json_write(out, one);
        if (!stored) sgc_buf_byte(out, '}');
    }
    sgc_buf_text(out, "}}");
    sgc_buf_byte(out, '\0');
}

static void ask_well(fixture *f, const sgc_buf *query, const char *variables)
{
    sgc_str answer = fixture_ask(f, query->data, variables);
    bool good = f->answer == SGC_ANSWER_DATA && answer.size > 9 &&
                memcmp(answer.data, "{\"data\":{", 9) == 0;

    if (!good) printf("\n    %s %s: " SGC_FMT, query->data, variables, SGC_ARG(answer));
    CU_ASSERT_TRUE(good);
}

static void create_row(fixture *f, const sgc_table *table, const sgc_json *row)
{
    sgc_buf query = {0}, variables = {0};

    sgc_buf_printf(&query,
                   "mutation ($i: " SGC_FMT "CreateInput!) { create" SGC_FMT
                   "(input: $i) { __typename } }",
                   SGC_ARG(table->name), SGC_ARG(table->name));
    sgc_buf_byte(&query, '\0');
    write_variables(&variables, table, row);
    ask_well(f, &query, variables.data);
    sgc_buf_free(&query);
    sgc_buf_free(&variables);
}

static void befriend(fixture *f, const sgc_json *row)
{
    sgc_buf query = {0};
    const sgc_json *friends = sgc_json_member(row, "friends");

    if (!friends || friends->kind == SGC_JSON_NULL) return;
    sgc_buf_text(&query, "mutation { updateCharacter(id: ");
    sgc_json_write(&query, sgc_json_member(row, "id"));
    sgc_buf_text(&query, ", set: {friendIds: ");
    sgc_json_write(&query, friends);
    sgc_buf_text(&query, "}) { id } }");
    sgc_buf_byte(&query, '\0');
    ask_well(f, &query, NULL);
    sgc_buf_free(&query);
}

static void load(fixture *f)
{
    sgc_json *all = NULL;
    sgc_error error = {.text = ""};
    const char *text = read_text(EXAMPLE "starwars.json");

    CU_ASSERT_EQUAL_FATAL(sgc_json_parse(sgc_str_from(text), &texts, &all, &error), SGC_OK);
    for (const sgc_json *type = all->first; type; type = type->next) {
        uint16_t table = sgc_schema_table(&f->schema, type->key);
        CU_ASSERT_NOT_EQUAL_FATAL(table, SGC_NONE);
        for (const sgc_json *row = type->first; row; row = row->next)
            create_row(f, &f->schema.tables[table], row);
    }
    const sgc_json *people = sgc_json_member(all, "Character");
    for (const sgc_json *row = people ? people->first : NULL; row; row = row->next)
        befriend(f, row);
}

/* ---- queries ---- */

static void ask_file(fixture *f, const char *name)
{
    char path[600];

    snprintf(path, sizeof path, EXAMPLE "queries/%s.graphql", name);
    const char *query = read_text(path);
    snprintf(path, sizeof path, EXAMPLE "queries/%s.json", name);
    sgc_str expected = sgc_str_from(read_text(path));
    while (expected.size && expected.data[expected.size - 1] == '\n')
        expected.size--;
    sgc_str answer = fixture_ask(f, query, NULL);
    if (!sgc_str_eq(answer, expected)) {
        printf("\n    %s\n    got      " SGC_FMT "\n    expected " SGC_FMT "\n", name,
               SGC_ARG(answer), SGC_ARG(expected));
        CU_FAIL("another answer");
    }
}

static void ten_queries(void)
{
    static const char *const names[] = {"01-luke-and-friends", "02-both-directions", "03-unique",
                                        "04-tall-ones",        "05-logic",           "06-nulls",
                                        "07-fragments",        "08-related",         "09-resolver",
                                        "10-mutation"};
    fixture f = {0};

    CU_ASSERT_TRUE_FATAL(fixture_open(&f, read_text(EXAMPLE "starwars.graphql")));
    for (uint16_t i = 0; i < f.schema.resolver_count; i++)
        f.resolvers[i].resolve = count_characters;
    load(&f);
    for (size_t i = 0; i < FIXTURE_COUNT(names); i++)
        ask_file(&f, names[i]);
    fixture_close(&f);
    sgc_arena_free(&texts);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"ten queries", ten_queries},
        CU_TEST_INFO_NULL,
    };
    return unit_run("graphql.starwars", tests);
}
