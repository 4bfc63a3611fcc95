/*
 * admin_load_fuzz.c - any bytes as JSON, NDJSON and CSV: the result does not depend on the pieces
 * they are read in nor on the way the rows go, a refusal says why and leaves nothing, and what was
 * loaded survives a dump. The first byte chooses the format, and whether a table holds a row.
 */
#include "admin/admin.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char sdl[] =
    "enum Mood { GLAD SAD }\n"
    "type Address { street: String! number: Int }\n"
    "type Person { id: ID! name: String! @index age: Int email: String @unique\n"
    "  height: Float big: BigInt mood: Mood born: Date at: DateTime\n"
    "  awake: Boolean tags: [String!] address: Address raw: Bytes meta: JSON\n"
    "  boss: Person clubs: [Club!] }\n"
    "type Club { id: ID! members: [Person!] }\n";

static const sgc_schema *schema;

static const sgc_schema *the_schema(void)
{
    static sgc_arena arena; /* for the whole run */
    sgc_schema_file file = {SGC_STR("p.graphql"), sgc_str_from(sdl)};
    sgc_diagnostics diagnostics = {.arena = &arena};
    sgc_schema_built built;

    if (schema) return schema;
    if (sgc_schema_build(&file, 1, SGC_STR("p"), sgc_str_of(NULL, 0), &arena, &diagnostics,
                         &built) != SGC_OK)
        abort();
    schema = built.schema;
    return schema;
}

static sgc_db *open_empty(void)
{
    sgc_db_options small = {.cache_bytes = 1 << 20, .log_segment_bytes = 1 << 16};
    sgc_db *db;

    if (sgc_db_open(":memory:", the_schema(), &small, &db, NULL) != SGC_OK) abort();
    return db;
}

/* Hands out the text a few bytes at a time. */
typedef struct pieces {
    sgc_str text, whole;
    size_t most;
} pieces;

static sgc_status read_piece(void *context, char *data, size_t size, size_t *got)
{
    pieces *p = context;
    size_t n = p->text.size < p->most ? p->text.size : p->most;

    *got = n < size ? n : size;
    if (*got) memcpy(data, p->text.data, *got);
    p->text = sgc_str_of(p->text.data + *got, p->text.size - *got);
    return SGC_OK;
}

static sgc_status read_again(void *context)
{
    pieces *p = context;

    p->text = p->whole;
    return SGC_OK;
}

static sgc_status load(sgc_db *db, sgc_str text, size_t most, sgc_load_text_options options,
                       sgc_error *error)
{
    pieces p = {text, text, most};
    sgc_load_source source = {&p, read_piece, text.size % 2 ? read_again : NULL};
    uint64_t counts[16];

    *error = (sgc_error){SGC_OK, ""};
    return sgc_load_text(db, &source, &options, counts, error);
}

static sgc_db *open_with(bool club)
{
    sgc_db *db = open_empty();
    sgc_str text = SGC_STR("{\"Club\": [{\"id\": \"c\"}]}");
    sgc_error error;

    if (club && load(db, text, SIZE_MAX, (sgc_load_text_options){.format = SGC_LOAD_JSON}, &error))
        abort();
    return db;
}

static sgc_status keep(void *context, sgc_str piece)
{
    sgc_buf_str(context, piece);
    return SGC_OK;
}

static sgc_buf dump(sgc_db *db)
{
    sgc_buf out = {0};

    sgc_dump_options options = {.format = SGC_LOAD_JSON, .sink = keep, .context = &out};
    if (sgc_dump(db, &options, NULL) != SGC_OK) abort();
    return out;
}

static void there_and_back(sgc_buf *first)
{
    sgc_db *db = open_empty();
    sgc_error error;

    if (load(db, sgc_buf_as_str(first), 4096, (sgc_load_text_options){.format = SGC_LOAD_JSON},
             &error) != SGC_OK) {
        printf("%s\n", error.text);
        abort();
    }
    sgc_buf second = dump(db);
    if (!sgc_str_eq(sgc_buf_as_str(first), sgc_buf_as_str(&second))) abort();
    sgc_buf_free(&second);
    if (sgc_db_close(db) != SGC_OK) abort();
}

/* What was refused says why and leaves nothing; then the database is as before. */
static void expect_nothing(sgc_db *db, uint64_t head, const sgc_error *error)
{
    if (!error->text[0] || sgc_db_head(db) != head) abort();
}

/* Past the MemTables and in transactions: what was refused is refused either way. */
static void refused_too(sgc_db *db, sgc_str text, sgc_load_text_options options, bool with_club)
{
    sgc_error error;

    options.batch = UINT64_MAX;
    if (load(db, text, SIZE_MAX, options, &error) == SGC_OK) abort();
    expect_nothing(db, with_club, &error);
}

/* And what was loaded is the same, but for keys made here, whose size is. */
static void loaded_too(sgc_str text, sgc_load_text_options options, bool with_club, size_t dumped)
{
    sgc_db *db = open_with(with_club);
    sgc_error error;

    options.batch = UINT64_MAX;
    if (load(db, text, SIZE_MAX, options, &error) != SGC_OK) abort();
    sgc_buf out = dump(db);
    if (out.size != dumped) abort();
    sgc_buf_free(&out);
    if (sgc_db_close(db) != SGC_OK) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const sgc_load_format formats[] = {SGC_LOAD_JSON, SGC_LOAD_NDJSON, SGC_LOAD_CSV};
    sgc_error error, again;

    if (size == 0) return 0;
    sgc_str text = sgc_str_of((const char *)data + 1, size - 1);
    bool with_club = (data[0] & 16) != 0;
    sgc_load_text_options options = {.format = formats[data[0] % 3], .upsert = (data[0] & 8) != 0};
    if (options.format != SGC_LOAD_JSON) options.table = SGC_STR("Person");
    sgc_db *db = open_with(with_club);
    sgc_status byte_by_byte = load(db, text, 1, options, &again);
    if (byte_by_byte != SGC_OK) expect_nothing(db, with_club, &again);
    if (byte_by_byte == SGC_OK && sgc_db_close(db) != SGC_OK) abort();
    if (byte_by_byte == SGC_OK) db = open_with(with_club);
    if (load(db, text, SIZE_MAX, options, &error) != byte_by_byte) abort();
    if (byte_by_byte != SGC_OK) {
        if (strcmp(error.text, again.text) != 0) abort();
        expect_nothing(db, with_club, &error);
        refused_too(db, text, options, with_club);
    } else {
        sgc_buf out = dump(db);
        there_and_back(&out);
        loaded_too(text, options, with_club, out.size);
        sgc_buf_free(&out);
    }
    if (sgc_db_close(db) != SGC_OK) abort();
    return 0;
}
