/*
 * load.c - rows out of JSON, NDJSON and CSV text, a piece at a time: what is held in memory is one
 * row and a read buffer. Making a row is row.c, the way it goes loader.c.
 */
#include "admin/row.h"

enum { READ_STEP = 256 * 1024, PROGRESS_ROWS = 1000 };

/* Longest text of one row. */
#define ROW_LIMIT ((size_t)256 * 1024 * 1024)

typedef struct reader {
    const sgc_load_source *source;
    sgc_buf buf;
    size_t at;        /* next byte in buf */
    uint64_t dropped; /* bytes that were in buf before */
    uint64_t line;    /* of the byte at `at`, from 1 */
    uint64_t failed;  /* line of the error, 0: none */
    bool end;
    sgc_error *error;
} reader;

/* ---- bytes ---- */

/* Reads more behind what is there. */
static sgc_status fill(reader *r)
{
    size_t got = 0;
    char *at = sgc_buf_reserve(&r->buf, READ_STEP);

    if (!at) return sgc_fail(r->error, SGC_NO_MEMORY, "out of memory");
    sgc_status status = r->source->read(r->source->context, at, READ_STEP, &got);
    if (status != SGC_OK) return sgc_fail(r->error, status, "reading failed");
    r->buf.size += got;
    r->end = got == 0;
    return SGC_OK;
}

/* Forgets what is before `at`. */
static void drop(reader *r)
{
    r->dropped += r->at;
    r->buf.size -= r->at;
    if (r->buf.size) memmove(r->buf.data, r->buf.data + r->at, r->buf.size);
    r->at = 0;
}

/* The byte at offset `ahead`: *byte is -1 at the end. */
static sgc_status peek(reader *r, size_t ahead, int *byte)
{
    while (r->at + ahead >= r->buf.size && !r->end) {
        sgc_status status = fill(r);
        if (status != SGC_OK) return status;
    }
    *byte = r->at + ahead < r->buf.size ? (unsigned char)r->buf.data[r->at + ahead] : -1;
    return SGC_OK;
}

static void step(reader *r, size_t count)
{
    const char *at = r->buf.data + r->at, *end = at + count;

    while (at < end && (at = memchr(at, '\n', (size_t)(end - at)))) {
        r->line++;
        at++;
    }
    r->at += count;
}

/* The bytes that are there, behind the first `skip` of them. */
static sgc_str buffered(const reader *r, size_t skip)
{
    size_t there = r->buf.size - r->at;

    return skip < there ? sgc_str_of(r->buf.data + r->at + skip, there - skip) : SGC_STR("");
}

/* Notes where an error lies. */
static sgc_status at_line(reader *r, uint64_t line, sgc_status status)
{
    if (status != SGC_OK) r->failed = line;
    return status;
}

static sgc_status syntax(reader *r, const char *words)
{
    return at_line(r, r->line, sgc_fail(r->error, SGC_INVALID, "%s", words));
}

/* Puts the place in front of an error's words: "people.csv:3: words", or "line 3: words". */
static sgc_status with_place(const reader *r, const char *name, sgc_status status)
{
    sgc_error words = *r->error;
    unsigned long long line = r->failed;

    if (status == SGC_NO_MEMORY || status == SGC_IO) line = 0;
    if (name && line) return sgc_fail(r->error, status, "%s:%llu: %s", name, line, words.text);
    if (name) return sgc_fail(r->error, status, "%s: %s", name, words.text);
    return line ? sgc_fail(r->error, status, "line %llu: %s", line, words.text) : status;
}

/* ---- rows ---- */

static void progress(sgc_loader *loader, reader *r)
{
    const sgc_load_text_options *options = loader->options;

    if (options->progress && loader->rows % PROGRESS_ROWS == 0)
        options->progress(options->progress_context, loader->rows, r->dropped + r->at);
}

static sgc_status put_row(sgc_loader *loader, reader *r, uint16_t table, const sgc_json *object,
                          uint64_t line)
{
    sgc_status status = sgc_loader_row(loader, table, object, line, r->error);

    if (status != SGC_OK) return at_line(r, loader->line, status);
    progress(loader, r);
    return SGC_OK;
}

/* Parses the `size` bytes at the reader as one JSON row and puts it. */
static sgc_status put_json(sgc_loader *loader, reader *r, uint16_t table, size_t size)
{
    uint64_t line = r->line;
    sgc_json *object = NULL;

    sgc_arena_reset(&loader->arena);
    sgc_str text = sgc_str_of(r->buf.data + r->at, size);
    sgc_status status = sgc_json_parse(text, &loader->arena, &object, r->error);
    if (status != SGC_OK) return at_line(r, line, status);
    status = put_row(loader, r, table, object, line);
    step(r, size);
    if (r->at > READ_STEP) drop(r);
    return status;
}

/* ---- JSON: {"Type": [{...}, ...], ...} ---- */

static sgc_status skip_space(reader *r, int *byte)
{
    for (;;) {
        sgc_status status = peek(r, 0, byte);
        if (status != SGC_OK) return status;
        if (*byte != ' ' && *byte != '\t' && *byte != '\r' && *byte != '\n') return SGC_OK;
        step(r, 1);
    }
}

/* Skips space and takes one expected byte. */
static sgc_status expect(reader *r, char wanted, const char *words)
{
    int byte;
    sgc_status status = skip_space(r, &byte);

    if (status != SGC_OK) return status;
    if (byte != wanted) return syntax(r, words);
    step(r, 1);
    return SGC_OK;
}

/* Where a search for the end of a value stands. */
typedef struct scan {
    size_t size; /* bytes looked at */
    size_t depth;
    bool quoted;
} scan;

/* Looks at more bytes; true once the value that starts at the reader is complete. */
static bool scan_more(scan *s, sgc_str bytes)
{
    size_t i = 0;

    while (i < bytes.size) {
        char c = bytes.data[i++];
        if (s->quoted) {
            if (c == '\\') i++;
            if (c == '"') s->quoted = false;
        } else if (c == '"') {
            s->quoted = true;
        } else if (c == '{') {
            s->depth++;
        } else if (c == '}') {
            s->depth--;
        }
        if (!s->quoted && s->depth == 0) break;
    }
    s->size += i;
    return i > 0 && !s->quoted && s->depth == 0;
}

/* Size of the object or string that starts at the reader, up to the brace or quote that ends it. */
static sgc_status value_size(reader *r, size_t *size)
{
    scan s = {0, 0, false};

    while (!scan_more(&s, buffered(r, s.size))) {
        if (r->end) return syntax(r, s.quoted ? "a string does not end" : "a row does not end");
        if (s.size >= ROW_LIMIT) return syntax(r, "a row is longer than 256 MB");
        sgc_status status = fill(r);
        if (status != SGC_OK) return status;
    }
    *size = s.size;
    return SGC_OK;
}

static sgc_status find_table(sgc_loader *loader, sgc_str name, uint16_t *table, sgc_error *error)
{
    *table = sgc_schema_table(loader->schema, name);
    if (*table != SGC_NONE && !loader->schema->tables[*table].link) return SGC_OK;
    return sgc_fail(error, SGC_INVALID, "there is no table \"" SGC_FMT "\"", SGC_ARG(name));
}

/* A text that cannot be read again may name any table later. */
static sgc_status take_all(sgc_loader *loader, reader *r)
{
    sgc_status status = SGC_OK;

    for (uint16_t i = 0; status == SGC_OK && i < loader->schema->table_count; i++)
        if (!loader->schema->tables[i].link) status = sgc_loader_take(loader, i, r->error);
    return status;
}

/* The name of the next table, at its opening quote. */
static sgc_status read_name(sgc_loader *loader, reader *r, uint16_t *table)
{
    sgc_json *name;
    size_t size;
    sgc_status status = value_size(r, &size);

    if (status != SGC_OK) return status;
    sgc_arena_reset(&loader->arena);
    status = sgc_json_parse(sgc_str_of(r->buf.data + r->at, size), &loader->arena, &name, r->error);
    if (status == SGC_OK) status = find_table(loader, name->text, table, r->error);
    if (status != SGC_OK) return at_line(r, r->line, status);
    step(r, size);
    return sgc_loader_take(loader, *table, r->error);
}

/* [{...}, ...] behind a table's name. */
static sgc_status read_rows(sgc_loader *loader, reader *r, uint16_t table)
{
    int byte;
    size_t size = 0;
    sgc_status status = expect(r, ':', "expected : behind a table's name");

    if (status == SGC_OK) status = expect(r, '[', "expected a list of rows: [");
    if (status == SGC_OK) status = skip_space(r, &byte);
    if (status == SGC_OK && byte == ']') {
        step(r, 1);
        return SGC_OK;
    }
    while (status == SGC_OK) {
        status = skip_space(r, &byte);
        if (status == SGC_OK && byte != '{') return syntax(r, "expected a row: {");
        if (status == SGC_OK) status = value_size(r, &size);
        if (status == SGC_OK) status = put_json(loader, r, table, size);
        if (status == SGC_OK) status = skip_space(r, &byte);
        if (status != SGC_OK) break;
        if (byte != ',' && byte != ']') return syntax(r, "expected , or ] behind a row");
        step(r, 1);
        if (byte == ']') return SGC_OK;
    }
    return status;
}

static sgc_status read_tables(sgc_loader *loader, reader *r, bool *seen)
{
    sgc_status status = SGC_OK;
    uint16_t table;
    int byte;

    for (bool first = true;; first = false) {
        status = skip_space(r, &byte);
        if (status != SGC_OK) return status;
        if (byte == '}' && first) break;
        if (byte != '"') return syntax(r, "expected the name of a table in quotes");
        status = read_name(loader, r, &table);
        if (status != SGC_OK) return status;
        if (seen[table]) return syntax(r, "a table appears twice");
        seen[table] = true;
        status = read_rows(loader, r, table);
        if (status == SGC_OK) status = skip_space(r, &byte);
        if (status != SGC_OK) return status;
        if (byte == '}') break;
        if (byte != ',') return syntax(r, "expected , or } behind the rows of a table");
        step(r, 1);
    }
    step(r, 1);
    status = skip_space(r, &byte);
    if (status == SGC_OK && byte >= 0) return syntax(r, "text behind the closing }");
    return status;
}

static sgc_status load_json(sgc_loader *loader, reader *r)
{
    bool *seen = sgc_alloc_zero((size_t)loader->schema->table_count + 1, sizeof *seen);

    if (!seen) return sgc_fail(r->error, SGC_NO_MEMORY, "out of memory");
    sgc_status status = expect(r, '{', "expected {\"Type\": [rows], ...}");
    if (status == SGC_OK && !r->source->rewind) status = take_all(loader, r);
    if (status == SGC_OK) status = read_tables(loader, r, seen);
    sgc_free(seen);
    return status;
}

/* ---- NDJSON ---- */

static sgc_status line_size(reader *r, size_t *size, bool *more)
{
    for (size_t seen = 0;;) {
        sgc_str bytes = buffered(r, seen);
        const char *newline = bytes.size ? memchr(bytes.data, '\n', bytes.size) : NULL;
        *more = newline != NULL;
        *size = seen + (newline ? (size_t)(newline - bytes.data) : bytes.size);
        if (newline || (r->end && bytes.size == 0)) return SGC_OK;
        seen = *size;
        if (seen >= ROW_LIMIT) return syntax(r, "a line is longer than 256 MB");
        sgc_status status = fill(r);
        if (status != SGC_OK) return status;
    }
}

static bool is_blank(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r') return false;
    return true;
}

static sgc_status load_ndjson(sgc_loader *loader, reader *r, uint16_t table)
{
    bool more = true;
    size_t size = 0;

    while (more) {
        sgc_status status = line_size(r, &size, &more);
        if (status != SGC_OK) return status;
        if (is_blank(r->buf.data ? r->buf.data + r->at : "", size))
            step(r, size);
        else
            status = put_json(loader, r, table, size);
        if (status != SGC_OK) return status;
        if (more) step(r, 1);
    }
    return SGC_OK;
}

/* ---- CSV (RFC 4180) ---- */

typedef struct csv_field {
    sgc_str text;
    bool quoted;
} csv_field;

/* Ordinary bytes of a field, as many as are there. */
static void csv_span(reader *r, sgc_buf *text, bool open)
{
    sgc_str bytes = buffered(r, 0);
    size_t size = 0;

    while (size < bytes.size) {
        char c = bytes.data[size];
        if (c == '"' || (!open && (c == ',' || c == '\n' || c == '\r'))) break;
        size++;
    }
    sgc_buf_append(text, bytes.data, size);
    step(r, size);
}

/* Between the quotes of a field; ends behind the closing one. */
static sgc_status csv_quoted(reader *r, sgc_buf *text)
{
    for (;;) {
        int byte, next = -1;
        sgc_status status = peek(r, 0, &byte);
        if (status == SGC_OK && byte == '"') status = peek(r, 1, &next);
        if (status != SGC_OK) return status;
        if (byte < 0) return syntax(r, "a quoted field does not end");
        if (byte != '"') {
            csv_span(r, text, true);
            if (text->size > ROW_LIMIT) return syntax(r, "a row is longer than 256 MB");
            continue;
        }
        step(r, next == '"' ? 2 : 1);
        if (next != '"') return SGC_OK;
        sgc_buf_byte(text, '"');
    }
}

/* What stands behind a field: a comma, CR LF, LF or the end. */
static sgc_status csv_separator(reader *r, bool quoted, bool *last)
{
    int byte, next = -1;
    sgc_status status = peek(r, 0, &byte);

    if (status == SGC_OK && byte == '\r') {
        status = peek(r, 1, &next);
        if (status == SGC_OK && next >= 0 && next != '\n')
            return syntax(r, "a carriage return inside a field without quotes");
        if (status == SGC_OK) step(r, 1);
        byte = next;
    }
    if (status != SGC_OK) return status;
    if (byte >= 0 && byte != ',' && byte != '\n')
        return syntax(r, quoted ? "text behind a closing quote"
                                : "a quote inside a field without quotes");
    *last = byte != ',';
    if (byte >= 0) step(r, 1);
    return SGC_OK;
}

/* One field into text; *last says that its record ends behind it. */
static sgc_status csv_text(reader *r, sgc_buf *text, bool *quoted, bool *last)
{
    int byte;
    sgc_status status = peek(r, 0, &byte);

    *quoted = status == SGC_OK && byte == '"';
    if (*quoted) {
        step(r, 1);
        status = csv_quoted(r, text);
    } else {
        while (status == SGC_OK && byte >= 0 && !strchr("\",\r\n", byte ? byte : 'x')) {
            csv_span(r, text, false);
            status = peek(r, 0, &byte);
            if (text->size > ROW_LIMIT) return syntax(r, "a row is longer than 256 MB");
        }
    }
    if (status == SGC_OK && text->failed) return sgc_fail(r->error, SGC_NO_MEMORY, "out of memory");
    if (status == SGC_OK && sgc_utf8_valid_prefix(sgc_buf_as_str(text)) != text->size)
        return syntax(r, "invalid UTF-8");
    return status == SGC_OK ? csv_separator(r, *quoted, last) : status;
}

/* A whole record into the row's arena; *count == 0 at the end of the text. */
static sgc_status csv_record(sgc_loader *loader, reader *r, csv_field **fields, size_t *count)
{
    sgc_buf text = {0};
    size_t capacity = 0;
    bool last = false;
    int byte = -1;
    sgc_status status = peek(r, 0, &byte);

    *fields = NULL;
    *count = 0;
    if (r->at > READ_STEP) drop(r);
    while (status == SGC_OK && byte >= 0 && !last) {
        csv_field field = {0};
        text.size = 0;
        status = csv_text(r, &text, &field.quoted, &last);
        if (status != SGC_OK) break;
        field.text = sgc_arena_str(&loader->arena, sgc_buf_as_str(&text));
        if (!field.text.data || !SGC_ARENA_GROW(&loader->arena, *fields, *count, capacity))
            status = sgc_fail(r->error, SGC_NO_MEMORY, "out of memory");
        else
            (*fields)[(*count)++] = field;
    }
    sgc_buf_free(&text);
    return status;
}

static bool equals(sgc_str text, const char *word)
{
    return sgc_str_eq(text, sgc_str_from(word));
}

/* What a CSV field means depends on the kind of the column; an empty one without quotes is null. */
static sgc_status csv_value(sgc_loader *loader, const sgc_table *table, sgc_str column,
                            const csv_field *field, sgc_json *out, sgc_error *error)
{
    uint16_t relation = sgc_table_relation(table, column);
    uint16_t position = sgc_table_field(table, column);
    bool list = relation != SGC_NONE && table->relations[relation].to_many;
    sgc_kind kind = SGC_KIND_STRING;

    if (position == SGC_NONE && relation != SGC_NONE && !list)
        position = table->relations[relation].field;
    if (position < table->field_count) {
        const sgc_slot *slot = sgc_field_slot(table, position);
        list = list || slot->list || slot->kind == SGC_KIND_EMBEDDED;
        kind = slot->kind;
    }
    out->text = field->text;
    if (field->text.size == 0 && !field->quoted) {
        out->kind = SGC_JSON_NULL;
    } else if (list || kind == SGC_KIND_JSON) {
        sgc_json *parsed;
        sgc_str key = out->key;
        sgc_status status = sgc_json_parse(field->text, &loader->arena, &parsed, error);
        if (status != SGC_OK) return status;
        *out = *parsed;
        out->key = key;
    } else if (kind == SGC_KIND_INT || kind == SGC_KIND_FLOAT) {
        double ignored;
        sgc_status status = sgc_text_to_double(field->text, &ignored, error);
        if (status != SGC_OK) return status;
        out->kind = SGC_JSON_NUMBER;
    } else if (kind == SGC_KIND_BOOLEAN &&
               (equals(field->text, "true") || equals(field->text, "false"))) {
        out->kind = equals(field->text, "true") ? SGC_JSON_TRUE : SGC_JSON_FALSE;
    } else {
        out->kind = SGC_JSON_STRING;
    }
    return SGC_OK;
}

/* The record as the object that the JSON formats would have given. */
static sgc_status csv_object(sgc_loader *loader, const sgc_table *table, const sgc_str *columns,
                             const csv_field *fields, size_t count, sgc_json **object,
                             sgc_error *error)
{
    sgc_json *members = sgc_arena_zero(&loader->arena, count + 1, sizeof *members);

    if (!members) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++) {
        sgc_json *member = &members[i + 1];
        member->key = columns[i];
        sgc_status status = csv_value(loader, table, columns[i], &fields[i], member, error);
        if (status != SGC_OK) {
            sgc_error words = *error;
            return sgc_fail(error, status, SGC_FMT "." SGC_FMT ": %s", SGC_ARG(table->name),
                            SGC_ARG(columns[i]), words.text);
        }
        member->next = i + 1 < count ? member + 1 : NULL;
    }
    members[0].kind = SGC_JSON_OBJECT;
    members[0].first = count ? &members[1] : NULL;
    members[0].count = count;
    *object = members;
    return SGC_OK;
}

/* Every column must be a field or a relation, once. */
static sgc_status check_columns(const sgc_table *table, const sgc_str *columns, size_t count,
                                sgc_error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (sgc_table_field(table, columns[i]) == SGC_NONE &&
            sgc_table_relation(table, columns[i]) == SGC_NONE)
            return sgc_fail(error, SGC_INVALID, "type " SGC_FMT " has no field \"" SGC_FMT "\"",
                            SGC_ARG(table->name), SGC_ARG(columns[i]));
        for (size_t j = 0; j < i; j++)
            if (sgc_str_eq(columns[i], columns[j]))
                return sgc_fail(error, SGC_INVALID, "the column " SGC_FMT " appears twice",
                                SGC_ARG(columns[i]));
    }
    return SGC_OK;
}

static sgc_status csv_header(sgc_loader *loader, reader *r, uint16_t table, sgc_arena *keep,
                             sgc_str **columns, size_t *count)
{
    csv_field *fields;
    sgc_status status = csv_record(loader, r, &fields, count);

    if (status != SGC_OK) return status;
    if (*count == 0) return syntax(r, "the header line with the names of the fields is missing");
    *columns = sgc_arena_zero(keep, *count, sizeof **columns);
    if (!*columns) return sgc_fail(r->error, SGC_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < *count; i++) {
        (*columns)[i] = sgc_arena_str(keep, fields[i].text);
        if (!(*columns)[i].data) return sgc_fail(r->error, SGC_NO_MEMORY, "out of memory");
    }
    return at_line(r, 1, check_columns(&loader->schema->tables[table], *columns, *count, r->error));
}

static sgc_status csv_rows(sgc_loader *loader, reader *r, uint16_t table, const sgc_str *columns,
                           size_t column_count)
{
    for (;;) {
        csv_field *fields;
        size_t count;
        sgc_json *object = NULL;
        uint64_t line = r->line;
        sgc_arena_reset(&loader->arena);
        sgc_status status = csv_record(loader, r, &fields, &count);
        if (status != SGC_OK || count == 0) return status;
        if (count == 1 && fields[0].text.size == 0 && !fields[0].quoted) continue;
        if (count != column_count)
            return at_line(r, line,
                           sgc_fail(r->error, SGC_INVALID, "%zu fields where the header has %zu",
                                    count, column_count));
        status = csv_object(loader, &loader->schema->tables[table], columns, fields, count, &object,
                            r->error);
        if (status != SGC_OK) return at_line(r, line, status);
        status = put_row(loader, r, table, object, line);
        if (status != SGC_OK) return status;
    }
}

static sgc_status load_csv(sgc_loader *loader, reader *r, uint16_t table)
{
    sgc_arena keep = {0};
    sgc_str *columns = NULL;
    size_t count = 0;
    sgc_status status = csv_header(loader, r, table, &keep, &columns, &count);

    if (status == SGC_OK) status = csv_rows(loader, r, table, columns, count);
    sgc_arena_free(&keep);
    return status;
}

/* ---- all formats ---- */

/* A byte order mark is no part of the text. */
static sgc_status skip_mark(reader *r)
{
    static const char mark[] = "\xEF\xBB\xBF";
    int byte;
    sgc_status status = peek(r, sizeof mark - 2, &byte);
    sgc_str bytes = buffered(r, 0);

    if (status == SGC_OK && byte >= 0 && memcmp(bytes.data, mark, sizeof mark - 1) == 0)
        step(r, sizeof mark - 1);
    return status;
}

static sgc_status load_format(sgc_loader *loader, reader *r)
{
    uint16_t table;

    if (loader->options->format == SGC_LOAD_JSON) return load_json(loader, r);
    sgc_status status = find_table(loader, loader->options->table, &table, r->error);
    if (status == SGC_OK) status = sgc_loader_take(loader, table, r->error);
    if (status != SGC_OK) return status;
    if (loader->options->format == SGC_LOAD_NDJSON) return load_ndjson(loader, r, table);
    return load_csv(loader, r, table);
}

/* From the first byte to the commit. */
static sgc_status load_whole(sgc_loader *loader, reader *r, bool again)
{
    memset(loader->counts, 0, loader->schema->table_count * sizeof *loader->counts);
    sgc_status status = sgc_loader_start(loader, again, r->error);
    if (status == SGC_OK) status = skip_mark(r);
    if (status == SGC_OK) status = load_format(loader, r);
    if (status != SGC_OK) return status;
    status = sgc_loader_commit(loader, r->error);
    return at_line(r, loader->line, status);
}

/* Only now did it turn out that a table of the text holds rows. */
static sgc_status load_again(sgc_loader *loader, reader *r)
{
    sgc_status status = r->source->rewind(r->source->context);

    if (status != SGC_OK) return sgc_fail(r->error, status, "reading failed");
    r->buf.size = r->at = 0;
    r->dropped = r->failed = 0;
    r->line = 1;
    r->end = false;
    loader->rows = 0;
    return load_whole(loader, r, true);
}

static sgc_status say_committed(const sgc_loader *loader, reader *r, sgc_status status)
{
    sgc_error place = *r->error;

    if (loader->committed == 0) return status;
    return sgc_fail(r->error, status, "%s (%llu row%s committed before)", place.text,
                    (unsigned long long)loader->committed,
                    loader->committed == 1 ? " was" : "s were");
}

sgc_status sgc_load_text(sgc_db *db, const sgc_load_source *source,
                         const sgc_load_text_options *options, uint64_t *counts, sgc_error *error)
{
    sgc_error words = {SGC_OK, ""};
    sgc_loader loader = {
        .db = db, .schema = sgc_db_schema(db), .options = options, .counts = counts};
    loader.writer = (sgc_writer){.schema = loader.schema, .arena = &loader.arena};
    reader r = {.source = source, .line = 1, .error = error ? error : &words};

    sgc_status status = load_whole(&loader, &r, false);
    if (loader.again) status = load_again(&loader, &r);
    if (status != SGC_OK) {
        status = with_place(&r, options->name, status);
        status = say_committed(&loader, &r, status);
    } else if (options->progress) {
        options->progress(options->progress_context, loader.rows, r.dropped + r.at);
    }
    sgc_loader_end(&loader);
    sgc_buf_free(&r.buf);
    return status;
}

static sgc_status read_text(void *context, char *data, size_t size, size_t *got)
{
    sgc_str *text = context;

    *got = text->size < size ? text->size : size;
    if (*got) memcpy(data, text->data, *got);
    *text = sgc_str_of(text->data + *got, text->size - *got);
    return SGC_OK;
}

sgc_load_source sgc_load_source_text(sgc_str *text)
{
    return (sgc_load_source){text, read_text, NULL};
}
