/*
 * test_history.c - time travel over GraphQL. What a bank of fields answered right after each commit
 * is kept; asked again at that moment, by sequence or time, however the files were changed since,
 * they must answer the same. Histories are expected from the same answers.
 */
#include "os/os.h"
#include "unit/graphql/fixture.h"

enum { COMMITS = 120, STATES = COMMITS + 1, ROUNDS = 150, IDS = 9 };

static const char sdl[] =
    "interface Named { name: String! }\n"
    "type Box implements Named { id: ID! @id(generate: NONE) name: String! @index\n"
    "  code: Int @unique items: [Item!]! }\n"
    "type Item implements Named { id: ID! @id(generate: NONE) name: String! size: Int @index\n"
    "  box: Box @relation(onDelete: SET_NULL) tags: [Tag!]! }\n"
    "type Tag { id: ID! @id(generate: NONE) items: [Item!]! }\n"
    "type Note @table(history: false) { id: ID! @id(generate: NONE) text: String }\n";

/* Root fields; # is where arguments may end. */
static const char *const bank[] = {
    "boxes(orderBy: [{name: DESC}]#) { id name code items { id box { id } } }",
    "boxes(where: {items: {some: {size: {gte: 4}}}}#) { id items(orderBy: [{size: ASC}], limit: 2) "
    "{ size tags { id } } }",
    "boxes(where: {name: {in: [\"ant\", \"bee\"]}}, limit: 2, offset: 1#) { id name }",
    "boxByCode(code: 3#) { id name items { name } }",
    "boxByCode(code: 4#) { id }",
    "items(where: {size: {gt: 2}}, orderBy: [{box: {name: ASC}}, {size: DESC}]#) { id size boxId }",
    "items(where: {tags: {count: {gt: 0}}}#) { id tags { id items { id } } }",
    "items(orderBy: [{size: DESC_NULLS_LAST}], limit: 3#) { id name box { name code } }",
    "tags(orderBy: [{id: DESC}]#) { id items(where: {box: {code: {isNull: false}}}) { id } }",
    "nameds(orderBy: [{name: ASC}], limit: 6#) { __typename name ... on Item { box { id } } }",
    "a: box(id: \"b1\"#) { name items { id } }",
    "a: item(id: \"i2\"#) { name tags { id } }",
};
enum { FIELDS = sizeof bank / sizeof *bank };

static const char *const names[] = {"ant", "bee", "cat", "dog"};
static const char box_node[] = "{ name code items { id size tags { id } } }";
static const char item_node[] = "{ name size box { id name items { id } } tags { id } }";

/* What is known of one moment. */
typedef struct state {
    uint64_t sequence, time_us;
    sgc_str answers[FIELDS];
    sgc_str own[2][IDS], nodes[2][IDS]; /* boxes, items: the record; what a node shows */
} state;

static state states[STATES];
static size_t state_count;

typedef struct bed {
    fixture f;
    sgc_memory_os *memory;
    sgc_db_options options;
    sgc_arena arena; /* texts of states */
    uint64_t clock, random;
    sgc_request request; /* moment and where the sequence goes */
    uint64_t shown;
} bed;

static unsigned roll(bed *b, unsigned n)
{
    b->random = b->random * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(b->random >> 33) % n;
}

/* ---- the database ---- */

static void open_again(bed *b)
{
    sgc_error error = {.text = ""};
    sgc_status status = sgc_db_open("data", &b->f.schema, &b->options, &b->f.db, &error);

    if (status != SGC_OK) printf("\n    %s\n", error.text);
    CU_ASSERT_EQUAL_FATAL(status, SGC_OK);
}

static void open_bed(bed *b, uint64_t memtable_bytes)
{
    *b = (bed){.clock = 1700000000000000, .random = 7};
    CU_ASSERT_TRUE_FATAL(fixture_open(&b->f, sdl));
    CU_ASSERT_EQUAL(sgc_db_close(b->f.db), SGC_OK);
    CU_ASSERT_EQUAL_FATAL(sgc_memory_os_create(&b->memory), SGC_OK);
    sgc_memory_os_set_time(b->memory, b->clock);
    b->options = (sgc_db_options){.os = sgc_memory_os_table(b->memory),
                                  .memtable_bytes = memtable_bytes,
                                  .log_segment_bytes = 1 << 20,
                                  .cache_bytes = 4 << 20};
    open_again(b);
    state_count = 0;
}

static void reopen(bed *b)
{
    CU_ASSERT_EQUAL(sgc_db_close(b->f.db), SGC_OK);
    open_again(b);
}

static void close_bed(bed *b)
{
    fixture_close(&b->f);
    sgc_memory_os_destroy(b->memory);
    sgc_arena_free(&b->arena);
}

/* The answer to b->request with this text. */
static sgc_str ask_with(bed *b, const char *query, const char *variables)
{
    sgc_arena arena = {0};
    sgc_json *json = NULL;

    if (variables)
        CU_ASSERT_EQUAL_FATAL(sgc_json_parse(sgc_str_from(variables), &arena, &json, NULL), SGC_OK);
    b->request.query = sgc_str_from(query);
    b->request.variables = json;
    b->request.sequence = &b->shown;
    b->f.out.size = 0;
    b->f.answer = sgc_execute(b->f.api, b->f.db, &b->request, &b->f.out);
    sgc_arena_free(&arena);
    return sgc_buf_as_str(&b->f.out);
}

/* ---- answers as the model keeps them ---- */

static void put_field(sgc_buf *out, size_t alias, const char *field, const char *arguments)
{
    const char *colon = strstr(field, "a: ") == field ? field + 3 : field;
    const char *mark = strchr(colon, '#');

    sgc_buf_printf(out, "f%zu: %.*s%s%s\n", alias, (int)(mark - colon), colon, arguments, mark + 1);
}

static const char *id_of(unsigned table, size_t i, char *text)
{
    snprintf(text, 8, "%c%zu", table ? 'i' : 'b', i);
    return text;
}

static sgc_str keep(bed *b, const sgc_json *json)
{
    sgc_buf text = {0};

    sgc_json_write(&text, json);
    sgc_str kept = sgc_arena_str(&b->arena, sgc_buf_as_str(&text));
    sgc_buf_free(&text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(kept.data);
    return kept;
}

static void put_rows(sgc_buf *query)
{
    char id[8];

    for (unsigned t = 0; t < 2; t++) {
        for (size_t i = 0; i < IDS; i++) {
            const char *name = t ? "item" : "box";
            id_of(t, i, id);
            sgc_buf_printf(query, "own%u%zu: %s(id: \"%s\") %s node%u%zu: %s(id: \"%s\") %s\n", t,
                           i, name, id, t ? "{ name size boxId }" : "{ name code }", t, i, name, id,
                           t ? item_node : box_node);
        }
    }
}

static void take_rows(bed *b, const sgc_json *data, state *now)
{
    char name[16];

    for (unsigned t = 0; t < 2; t++) {
        for (size_t i = 0; i < IDS; i++) {
            snprintf(name, sizeof name, "own%u%zu", t, i);
            now->own[t][i] = keep(b, sgc_json_member(data, name));
            snprintf(name, sizeof name, "node%u%zu", t, i);
            now->nodes[t][i] = keep(b, sgc_json_member(data, name));
        }
    }
}

/* Notes what all fields answer now. */
static void note_state(bed *b)
{
    sgc_buf query = {0};
    sgc_json *json = NULL;
    char name[8];

    CU_ASSERT_TRUE_FATAL(state_count < STATES);
    state *now = &states[state_count++];
    now->sequence = sgc_db_head(b->f.db);
    now->time_us = 0;
    if (now->sequence)
        CU_ASSERT_EQUAL_FATAL(sgc_db_time_of(b->f.db, now->sequence, &now->time_us, NULL), SGC_OK);
    sgc_buf_byte(&query, '{');
    for (size_t i = 0; i < FIELDS; i++)
        put_field(&query, i, bank[i], "");
    put_rows(&query);
    sgc_buf_append(&query, "}", 2);
    sgc_str answer = ask_with(b, query.data, NULL);
    sgc_buf_free(&query);
    CU_ASSERT_EQUAL_FATAL(sgc_json_parse(answer, &b->arena, &json, NULL), SGC_OK);
    CU_ASSERT_PTR_NULL(sgc_json_member(json, "errors"));
    CU_ASSERT_EQUAL(b->shown, now->sequence);
    const sgc_json *data = sgc_json_member(json, "data");
    for (size_t i = 0; i < FIELDS; i++) {
        snprintf(name, sizeof name, "f%zu", i);
        now->answers[i] = keep(b, sgc_json_member(data, name));
    }
    take_rows(b, data, now);
}

/* ---- changes ---- */

static void put_item(bed *b, sgc_buf *out, size_t alias)
{
    sgc_buf_printf(out, "m%zu: upsertItem(input: {id: \"i%u\", name: \"%s\", ", alias, roll(b, IDS),
                   names[roll(b, 4)]);
    if (roll(b, 3)) sgc_buf_printf(out, "size: %u, ", roll(b, 8));
    sgc_buf_printf(out, "tags: {connect: [");
    if (roll(b, 2)) sgc_buf_printf(out, "\"t%u\"", roll(b, 2));
    sgc_buf_text(out, "]}}) { id }\n");
}

/* One change; some meet no row, or one that is as they want it, and write nothing. */
static void put_change(bed *b, sgc_buf *out, size_t alias)
{
    unsigned id = roll(b, IDS);

    switch (roll(b, 12)) {
    case 0:
    case 1:
        put_item(b, out, alias);
        break;
    case 2:
        sgc_buf_printf(out,
                       "m%zu: upsertBox(input: {id: \"b%u\", name: \"%s\", code: %u}) { id }\n",
                       alias, id, names[roll(b, 4)], id);
        break;
    case 3:
        sgc_buf_printf(out, "m%zu: updateBox(id: \"b%u\", set: {name: \"%s\"}) { id }\n", alias, id,
                       names[roll(b, 4)]);
        break;
    case 4:
        sgc_buf_printf(out, "m%zu: updateItem(id: \"i%u\", set: {boxId: \"b%u\"}) { id }\n", alias,
                       id, roll(b, IDS));
        break;
    case 9:
        sgc_buf_printf(out, "m%zu: updateItem(id: \"i%u\", set: {size: %u}) { id }\n", alias, id,
                       roll(b, 8));
        break;
    case 10:
        sgc_buf_printf(out, "m%zu: updateItem(id: \"i%u\", inc: {size: 1}) { id }\n", alias, id);
        break;
    case 5:
        sgc_buf_printf(out,
                       "m%zu: updateItems(where: {size: {eq: %u}}, set: {boxId: null}) { "
                       "affected }\n",
                       alias, roll(b, 8));
        break;
    case 6:
        sgc_buf_printf(out, "m%zu: deleteItem(id: \"i%u\") { id }\n", alias, id);
        break;
    case 7:
        if (roll(b, 3) > 0) {
            put_item(b, out, alias);
            break;
        }
        sgc_buf_printf(out, "m%zu: deleteBox(id: \"b%u\") { id }\n", alias, id);
        break;
    default:
        sgc_buf_printf(out,
                       "m%zu: createItem(input: {id: \"i%u\", name: \"new\", size: %u, box: "
                       "{connect: \"b%u\"}}) { id }\n",
                       alias, id, roll(b, 8), roll(b, IDS));
        break;
    }
}

/* Random transactions until `count` states are known; refused ones leave no trace. */
static void change_until(bed *b, size_t count)
{
    while (state_count < count) {
        sgc_buf text = {0};
        uint64_t before = sgc_db_head(b->f.db);
        unsigned changes = 1 + roll(b, 3);
        b->clock += roll(b, 3) * 1000 + 1;
        sgc_memory_os_set_time(b->memory, b->clock);
        sgc_buf_text(&text, "mutation {\n");
        if (before == 0)
            sgc_buf_text(&text, "a: createTags(input: [{id: \"t0\"}, {id: \"t1\"}]) "
                                "{ affected }\n");
        for (unsigned i = 0; i < changes; i++)
            put_change(b, &text, i);
        sgc_buf_append(&text, "}", 2);
        sgc_str answer = ask_with(b, text.data, NULL);
        bool committed = !fixture_contains(answer, "\"errors\"");
        sgc_buf_free(&text);
        uint64_t head = sgc_db_head(b->f.db);
        CU_ASSERT_EQUAL_FATAL(b->f.answer, SGC_ANSWER_DATA);
        CU_ASSERT_TRUE(committed || head == before);
        if (committed) CU_ASSERT_EQUAL(b->shown, head);
        if (head != before) note_state(b);
    }
}

/* ---- asking for the past ---- */

/* Some way to name the moment of a state, without the braces. */
static void put_moment(bed *b, size_t at, sgc_buf *out)
{
    const state *then = &states[at];
    unsigned way = then->sequence ? roll(b, 3) : roll(b, 2);

    if (way < 2) {
        sgc_buf_printf(out, way ? "seq: %llu" : "seq: \"%llu\"",
                       (unsigned long long)then->sequence);
        return;
    }
    uint64_t until = at + 1 < state_count ? states[at + 1].time_us : then->time_us + 1;
    sgc_buf_text(out, "time: ");
    sgc_json_datetime(out, (int64_t)(then->time_us + roll(b, (unsigned)(until - then->time_us))));
}

/* Three fields, each of its own moment: asOf, or the operation's @asOf, or now. */
static void ask_past(bed *b)
{
    sgc_buf query = {0}, expected = {0}, argument = {0};
    size_t usual = roll(b, 2) ? roll(b, (unsigned)state_count) : state_count - 1;

    sgc_buf_text(&expected, "{\"data\":{");
    sgc_buf_text(&query, "query ");
    if (usual != state_count - 1) {
        sgc_buf_text(&query, "@asOf(");
        put_moment(b, usual, &query);
        sgc_buf_byte(&query, ')');
    }
    sgc_buf_byte(&query, '{');
    for (size_t i = 0; i < 3; i++) {
        size_t field = roll(b, FIELDS), at = usual;
        argument.size = 0;
        if (roll(b, 4)) {
            at = roll(b, (unsigned)state_count);
            sgc_buf_text(&argument, ", asOf: {");
            put_moment(b, at, &argument);
            sgc_buf_byte(&argument, '}');
        }
        sgc_buf_byte(&argument, '\0');
        put_field(&query, i, bank[field], argument.data);
        sgc_buf_printf(&expected, "%s\"f%zu\":" SGC_FMT, i ? "," : "", i,
                       SGC_ARG(states[at].answers[field]));
    }
    sgc_buf_printf(&expected, ",\"head\":\"%llu\"}}%c",
                   (unsigned long long)states[state_count - 1].sequence, '\0');
    sgc_buf_append(&query, "head }", 7);
    UNIT_STR(ask_with(b, query.data, NULL), expected.data);
    CU_ASSERT_EQUAL(b->shown, states[usual].sequence);
    sgc_buf_free(&query);
    sgc_buf_free(&expected);
    sgc_buf_free(&argument);
}

/* ---- histories ---- */

static const char null_text[] = "null";

/* Versions of a row, newest first, as states up to `last` tell them. */
static void expect_history(unsigned table, size_t id, size_t last, size_t offset, size_t limit,
                           bool times, sgc_buf *out)
{
    const char *comma = "";
    size_t end = 0; /* the state in which the version ended */

    sgc_buf_byte(out, '[');
    for (size_t i = last; i > 0; i--) {
        sgc_str now = states[i].own[table][id], before = states[i - 1].own[table][id];
        if (sgc_str_eq(now, before)) continue;
        bool gone = sgc_str_eq(now, sgc_str_from(null_text));
        bool made = sgc_str_eq(before, sgc_str_from(null_text));
        size_t ended = end;
        end = i;
        if (offset > 0) {
            offset--;
            continue;
        }
        if (limit-- == 0) break;
        sgc_buf_printf(out, "%s{\"seq\":\"%llu\",\"op\":\"%s\",", comma,
                       (unsigned long long)states[i].sequence,
                       gone   ? "DELETE"
                       : made ? "INSERT"
                              : "UPDATE");
        if (times) {
            sgc_buf_text(out, "\"validFrom\":");
            sgc_json_datetime(out, (int64_t)states[i].time_us);
            sgc_buf_text(out, ",\"validTo\":");
            if (ended) {
                sgc_json_datetime(out, (int64_t)states[ended].time_us);
            } else {
                sgc_buf_text(out, "null");
            }
            sgc_buf_byte(out, ',');
        }
        sgc_buf_printf(out, "\"node\":" SGC_FMT "}", SGC_ARG(states[i].nodes[table][id]));
        comma = ",";
    }
    sgc_buf_byte(out, ']');
}

/* xHistory of one row: all, or a part. */
static void ask_history(bed *b)
{
    sgc_buf query = {0}, expected = {0};
    unsigned table = roll(b, 2), id = roll(b, IDS);
    size_t offset = roll(b, 2) ? roll(b, 6) : 0, limit = roll(b, 2) ? roll(b, 6) : 1000;
    bool times = roll(b, 2);
    size_t last = roll(b, 2) ? roll(b, (unsigned)state_count) : state_count - 1;

    sgc_buf_text(&query, "query ");
    if (last != state_count - 1) {
        sgc_buf_text(&query, "@asOf(");
        put_moment(b, last, &query);
        sgc_buf_byte(&query, ')');
    }
    sgc_buf_printf(&query, "{ h: %sHistory(id: \"%c%u\"", table ? "item" : "box", table ? 'i' : 'b',
                   id);
    if (limit < 1000) sgc_buf_printf(&query, ", limit: %zu", limit);
    if (offset > 0) sgc_buf_printf(&query, ", offset: %zu", offset);
    sgc_buf_printf(&query, ") { seq op %s node %s } }%c", times ? "validFrom validTo" : "",
                   table ? item_node : box_node, '\0');
    sgc_buf_text(&expected, "{\"data\":{\"h\":");
    expect_history(table, id, last, offset, limit, times, &expected);
    sgc_buf_append(&expected, "}}", 3);
    UNIT_STR(ask_with(b, query.data, NULL), expected.data);
    sgc_buf_free(&query);
    sgc_buf_free(&expected);
}

/* Histories of all rows of a list at once, at a moment: the moments of many rows are shared. */
static void ask_histories(bed *b)
{
    sgc_buf query = {0}, expected = {0};
    size_t at = roll(b, (unsigned)state_count);
    const char *comma = "";

    sgc_buf_text(&query, "{ items(asOf: {");
    put_moment(b, at, &query);
    sgc_buf_printf(&query,
                   "}) { history { seq op node %s } a: history(limit: 1) { seq op node %s }"
                   " } }%c",
                   item_node, item_node, '\0');
    sgc_buf_text(&expected, "{\"data\":{\"items\":[");
    for (size_t i = 0; i < IDS; i++) {
        if (sgc_str_eq(states[at].own[1][i], sgc_str_from(null_text))) continue;
        sgc_buf_printf(&expected, "%s{\"history\":", comma);
        expect_history(1, i, at, 0, 1000, false, &expected);
        sgc_buf_text(&expected, ",\"a\":");
        expect_history(1, i, at, 0, 1, false, &expected);
        sgc_buf_byte(&expected, '}');
        comma = ",";
    }
    sgc_buf_append(&expected, "]}}", 4);
    UNIT_STR(ask_with(b, query.data, NULL), expected.data);
    sgc_buf_free(&query);
    sgc_buf_free(&expected);
}

static void ask_all(bed *b)
{
    for (int i = 0; i < ROUNDS; i++) {
        ask_past(b);
        ask_history(b);
        if (i % 10 == 0) ask_histories(b);
    }
}

static void past_answers(void)
{
    bed b;

    open_bed(&b, 0);
    note_state(&b);
    change_until(&b, STATES / 3);
    ask_all(&b);
    CU_ASSERT_EQUAL(sgc_db_flush(b.f.db), SGC_OK);
    ask_all(&b);
    change_until(&b, STATES * 2 / 3);
    ask_all(&b);
    reopen(&b);
    ask_all(&b);
    change_until(&b, STATES);
    CU_ASSERT_EQUAL(sgc_db_flush(b.f.db), SGC_OK);
    CU_ASSERT_EQUAL(sgc_db_compact(b.f.db, NULL), SGC_OK);
    ask_all(&b);
    reopen(&b);
    ask_all(&b);
    close_bed(&b);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"the past answers as it did", past_answers},
        CU_TEST_INFO_NULL,
    };
    return unit_run("graphql.history", tests);
}
