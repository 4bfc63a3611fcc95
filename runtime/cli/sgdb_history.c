/* sgdb_history.c - sgdb history and sgdb changes: what was true before, and what commits did. */
#include "cli/sgdb.h"

#include <stdio.h>

/* ---- history ---- */

static const sgc_option history_options[] = {
    SGDB_DATA,
    {.name = "--limit", .value = "N", .help = "only the newest N versions"},
    SGDB_LAST,
};

/* A walk over the versions of one row; the newer of two waits until the older one is known. */
typedef struct story {
    sgc_txn *txn;
    const sgc_schema *schema;
    const sgc_table *table;
    sgc_row_version newer; /* its record is in `record` */
    sgc_buf record;
    uint64_t count;
    bool json;
    sgc_arena scratch;
    sgc_buf out;
    sgc_error *error;
} story;

static sgc_status print_json(story *s)
{
    const sgc_row_version *v = &s->newer;

    sgc_buf_printf(&s->out, "{\"sequence\":%llu,\"time\":", (unsigned long long)v->begin);
    sgc_cmd_time(v->time_us, "null", &s->out);
    sgc_buf_printf(&s->out, ",\"op\":\"%s\",\"row\":", sgc_cmd_op(v->op));
    sgc_status status =
        sgc_show_row(s->schema, s->table, v->record, sgc_str_of(NULL, 0), &s->scratch, &s->out);
    sgc_buf_text(&s->out, "}\n");
    return status;
}

static sgc_status print_text(story *s, sgc_str before)
{
    const sgc_row_version *v = &s->newer;
    sgc_status status = SGC_OK;

    sgc_buf_printf(&s->out, "%llu  ", (unsigned long long)v->begin);
    sgc_cmd_time_text(v->time_us, "(time not kept)", &s->out);
    sgc_buf_printf(&s->out, "  %s", sgc_cmd_op(v->op));
    if (v->record.data) {
        sgc_buf_text(&s->out, "  ");
        status = sgc_show_row(s->schema, s->table, v->record, before, &s->scratch, &s->out);
    }
    sgc_buf_byte(&s->out, '\n');
    return status;
}

/* Prints the version that waits; before: the record it took the place of, null when none did. */
static sgc_status print_version(story *s, sgc_str before)
{
    sgc_arena_reset(&s->scratch);
    s->newer.record = s->newer.record.data ? sgc_buf_as_str(&s->record) : sgc_str_of(NULL, 0);
    sgc_status status = s->json ? print_json(s) : print_text(s, before);
    if (status != SGC_OK) return sgc_fail(s->error, status, "%s", sgc_status_text(status));
    return sgc_cmd_print(&s->out, s->error);
}

static sgc_status walk_versions(story *s, sgc_str key, uint64_t limit)
{
    sgc_versions versions =
        sgc_versions_open(s->txn, (uint16_t)(s->table - s->schema->tables), key, NULL, false);
    sgc_row_version version;
    sgc_status status = SGC_OK;

    while (status == SGC_OK && (limit == 0 || s->count <= limit) &&
           sgc_versions_next(&versions, &version)) {
        if (s->count) status = print_version(s, version.record);
        s->count++;
        s->newer = version;
        s->record.size = 0;
        sgc_buf_str(&s->record, version.record);
        if (s->record.failed) status = sgc_fail(s->error, SGC_NO_MEMORY, "out of memory");
    }
    if (status == SGC_OK && versions.status != SGC_OK)
        status = sgc_cmd_failed(s->txn, versions.status, s->error);
    bool more = limit && s->count > limit;
    sgc_versions_end(&versions);
    if (status == SGC_OK && s->count && !more) status = print_version(s, sgc_str_of(NULL, 0));
    return status;
}

/* The key that a word means: a number where keys are numbers, else a text. */
static sgc_status key_of(story *s, const char *word, sgc_key *key)
{
    sgc_json json = {.kind = SGC_JSON_STRING, .text = sgc_str_from(word)};

    if (sgc_field_slot(s->table, s->table->key)->kind == SGC_KIND_INT) json.kind = SGC_JSON_NUMBER;
    sgc_status status = sgc_key_from_json(s->schema, s->table, &json, &s->scratch, key, s->error);
    if (status == SGC_NOT_FOUND) return sgc_fail(s->error, status, "no key is as long as that");
    return status;
}

static sgc_status tell(story *s, sgc_str type, const char *id, uint64_t limit)
{
    sgc_key key;
    uint16_t table = 0;
    sgc_status status = sgc_cmd_table(s->schema, type, false, &table, s->error);

    if (status != SGC_OK) return status;
    s->table = &s->schema->tables[table];
    status = key_of(s, id, &key);
    if (status == SGC_OK) status = walk_versions(s, sgc_key_str(&key), limit);
    if (status == SGC_OK && s->count == 0)
        return sgc_fail(s->error, SGC_NOT_FOUND,
                        "no version of " SGC_FMT " \"%s\" is there or kept", SGC_ARG(type), id);
    return status;
}

static sgc_status run_history(sgc_arguments *arguments, sgc_error *error)
{
    story s = {.json = sgc_cmd_json(arguments), .error = error};
    uint64_t limit = 0;
    sgc_db *db = NULL;

    if (arguments->word_count != 2)
        return sgc_usage_error(arguments, error, "give a type and an id: sgdb history User u1");
    sgc_status status = sgc_cmd_number(arguments, "--limit", &limit, error);
    if (status == SGC_OK) status = sgc_cmd_open(arguments, NULL, &db, error);
    if (status == SGC_OK) {
        s.schema = sgc_db_schema(db);
        status = sgc_begin_read(db, sgc_now(), &s.txn);
        if (status != SGC_OK) status = sgc_cmd_failed(NULL, status, error);
    }
    if (status == SGC_OK)
        status = tell(&s, sgc_str_from(arguments->words[0]), arguments->words[1], limit);
    sgc_abort(&s.txn);
    sgc_arena_free(&s.scratch);
    sgc_buf_free(&s.record);
    sgc_buf_free(&s.out);
    return sgc_cmd_close(db, status, error);
}

const sgdb_command sgc_cmd_history = {
    "history",
    "sgdb history TYPE ID --data DIR [options]",
    "lists the versions of a row, newest first; * marks what a version changed",
    "sgdb history User u1 --data ./blog --limit 10",
    history_options,
    run_history,
};

/* ---- changes ---- */

static const sgc_option changes_options[] = {
    SGDB_DATA,
    {.name = "--since", .value = "TOKEN", .help = "only what came behind it: 41 or 41.7"},
    {.name = "--type", .value = "TYPE", .help = "only rows of this type"},
    {.name = "--limit", .value = "N", .help = "at most N changes"},
    SGDB_LAST,
};

typedef struct feed {
    sgc_txn *txn;
    const sgc_schema *schema;
    uint64_t sequence; /* told up to here */
    uint32_t ordinal;  /* UINT32_MAX: all of that commit */
    uint64_t limit;    /* 0: none */
    uint16_t table;
    bool json;
    sgc_arena scratch;
    sgc_buf out;
    sgc_error *error;
} feed;

static sgc_status change_json(feed *f, const sgc_row_change *change, const sgc_table *table,
                              sgc_str record)
{
    const sgc_str none = {NULL, 0};

    sgc_buf_printf(&f->out, "{\"sequence\":%llu,\"ordinal\":%u,\"time\":",
                   (unsigned long long)change->sequence, (unsigned)change->ordinal);
    sgc_cmd_time(change->time_us, "null", &f->out);
    sgc_buf_printf(&f->out, ",\"op\":\"%s\",\"type\":", sgc_cmd_op(change->op));
    sgc_json_str(&f->out, table->name);
    sgc_buf_text(&f->out, ",\"key\":");
    sgc_status status = sgc_show_key(f->schema, table, change->key, record, &f->scratch, &f->out);
    sgc_buf_text(&f->out, ",\"before\":");
    if (status == SGC_OK)
        status = sgc_show_row(f->schema, table, change->before, none, &f->scratch, &f->out);
    sgc_buf_text(&f->out, ",\"after\":");
    if (status == SGC_OK)
        status = sgc_show_row(f->schema, table, change->after, none, &f->scratch, &f->out);
    sgc_buf_text(&f->out, "}\n");
    return status;
}

static sgc_status change_text(feed *f, const sgc_row_change *change, const sgc_table *table,
                              sgc_str record)
{
    const sgc_str none = {NULL, 0};

    sgc_buf_printf(&f->out, "%llu.%u  ", (unsigned long long)change->sequence,
                   (unsigned)change->ordinal);
    sgc_cmd_time_text(change->time_us, "(time not kept)", &f->out);
    sgc_buf_printf(&f->out, "  %s  " SGC_FMT " ", sgc_cmd_op(change->op), SGC_ARG(table->name));
    sgc_status status = sgc_show_key(f->schema, table, change->key, record, &f->scratch, &f->out);
    sgc_buf_text(&f->out, "  ");
    if (status != SGC_OK) return status;
    status = change->op == SGC_OP_UPDATE
                 ? sgc_show_changed(f->schema, table, change->before, change->after, &f->scratch,
                                    &f->out)
                 : sgc_show_row(f->schema, table, record, none, &f->scratch, &f->out);
    sgc_buf_byte(&f->out, '\n');
    return status;
}

static sgc_status print_change(feed *f, const sgc_row_change *change)
{
    const sgc_table *table = &f->schema->tables[change->table];
    sgc_str record = change->after.data ? change->after : change->before;

    sgc_arena_reset(&f->scratch);
    sgc_status status =
        f->json ? change_json(f, change, table, record) : change_text(f, change, table, record);
    if (status != SGC_OK) return sgc_fail(f->error, status, "%s", sgc_status_text(status));
    f->sequence = change->sequence;
    f->ordinal = change->ordinal;
    return sgc_cmd_print(&f->out, f->error);
}

/* Where the next call goes on: behind the last change, or behind all that could be seen. */
static sgc_status print_token(feed *f)
{
    char token[48];

    if (f->ordinal == UINT32_MAX)
        snprintf(token, sizeof token, "%llu", (unsigned long long)f->sequence);
    else
        snprintf(token, sizeof token, "%llu.%u", (unsigned long long)f->sequence,
                 (unsigned)f->ordinal);
    sgc_buf_printf(&f->out, f->json ? "{\"resume\":\"%s\"}\n" : "go on with --since %s\n", token);
    return sgc_cmd_print(&f->out, f->error);
}

static sgc_status walk_changes(feed *f)
{
    sgc_changes changes = sgc_changes_since(f->txn, f->sequence, f->ordinal, f->table);
    sgc_row_change change;
    uint64_t count = 0;
    bool there = true;
    sgc_status status = SGC_OK;

    while (status == SGC_OK && (f->limit == 0 || count < f->limit)) {
        there = sgc_changes_next(&changes, &change);
        if (!there) break;
        count++;
        status = print_change(f, &change);
    }
    if (status == SGC_OK && changes.status != SGC_OK)
        status = sgc_cmd_failed(f->txn, changes.status, f->error);
    sgc_changes_end(&changes);
    if (!there && f->sequence <= sgc_txn_sequence(f->txn)) {
        f->sequence = sgc_txn_sequence(f->txn);
        f->ordinal = UINT32_MAX;
    }
    return status == SGC_OK ? print_token(f) : status;
}

/* "41": all of that commit has been told; "41.7": it has been told up to its change 7. */
static sgc_status read_token(sgc_arguments *arguments, feed *f, sgc_error *error)
{
    const char *text = sgc_option_value(arguments, "--since");
    const char *dot = text ? strchr(text, '.') : NULL;
    char sequence[24] = "0";
    uint64_t ordinal = UINT32_MAX;
    size_t size = !text ? 1 : dot ? (size_t)(dot - text) : strlen(text);

    f->ordinal = UINT32_MAX;
    if (!text) return SGC_OK;
    bool good = size > 0 && size < sizeof sequence;
    if (good) {
        memcpy(sequence, text, size);
        sequence[size] = '\0';
    }
    good = good && sgc_parse_number(sequence, 0, UINT64_MAX - 1, &f->sequence, NULL) == SGC_OK;
    if (good && dot) good = sgc_parse_number(dot + 1, 0, UINT32_MAX - 1, &ordinal, NULL) == SGC_OK;
    f->ordinal = (uint32_t)ordinal;
    if (good) return SGC_OK;
    return sgc_usage_error(arguments, error,
                           "--since takes SEQUENCE or SEQUENCE.ORDINAL, as a call of changes "
                           "prints it at its end, not '%s'",
                           text);
}

static sgc_status begin_feed(sgc_arguments *arguments, sgc_db *db, feed *f)
{
    const char *type = sgc_option_value(arguments, "--type");
    sgc_status status = SGC_OK;

    f->schema = sgc_db_schema(db);
    f->table = SGC_NONE;
    if (type) status = sgc_cmd_table(f->schema, sgc_str_from(type), true, &f->table, f->error);
    if (status != SGC_OK) return status;
    if (f->sequence > sgc_db_head(db))
        return sgc_fail(f->error, SGC_INVALID, "--since: sequence %llu lies beyond the head, %llu",
                        (unsigned long long)f->sequence, (unsigned long long)sgc_db_head(db));
    status = sgc_begin_read(db, sgc_now(), &f->txn);
    return status == SGC_OK ? SGC_OK : sgc_cmd_failed(NULL, status, f->error);
}

static sgc_status run_changes(sgc_arguments *arguments, sgc_error *error)
{
    feed f = {.json = sgc_cmd_json(arguments), .error = error};
    sgc_db *db = NULL;

    if (arguments->word_count)
        return sgc_usage_error(arguments, error, "'%s': changes takes options only",
                               arguments->words[0]);
    sgc_status status = sgc_cmd_number(arguments, "--limit", &f.limit, error);
    if (status == SGC_OK) status = read_token(arguments, &f, error);
    if (status == SGC_OK) status = sgc_cmd_open(arguments, NULL, &db, error);
    if (status == SGC_OK) status = begin_feed(arguments, db, &f);
    if (status == SGC_OK) status = walk_changes(&f);
    sgc_abort(&f.txn);
    sgc_arena_free(&f.scratch);
    sgc_buf_free(&f.out);
    return sgc_cmd_close(db, status, error);
}

const sgdb_command sgc_cmd_changes = {
    "changes",
    "sgdb changes --data DIR [options]",
    "tells what commits did, oldest first, and where to go on",
    "sgdb changes --data ./blog --since 41 --type User --json",
    changes_options,
    run_changes,
};
