/* sgdb_common.c - what the commands of sgdb share: opening, words, numbers, moments. */
#include "cli/sgdb.h"

#include <stdio.h>

/* What the schema is called in messages and answers: its file, without folder and ending. */
static sgc_str stem_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const char *dot = strchr(name, '.');

    if (!dot || dot == name) return sgc_str_from(name);
    return sgc_str_of(name, (size_t)(dot - name));
}

sgc_status sgc_cmd_schema(const char **paths, size_t count, sgc_arena *arena,
                          const sgc_schema **schema, sgc_error *error)
{
    sgc_diagnostics diagnostics = {.arena = arena};
    sgc_schema_file *files = sgc_arena_zero(arena, count, sizeof *files);
    sgc_schema_built built;
    sgc_buf words = {0};
    sgc_status status = files ? SGC_OK : sgc_fail(error, SGC_NO_MEMORY, "out of memory");

    for (size_t i = 0; status == SGC_OK && i < count; i++) {
        files[i].name = sgc_str_from(paths[i]);
        status = sgc_read_file(paths[i], arena, &files[i].text, error);
    }
    if (status != SGC_OK) return status;
    status = sgc_schema_build(files, count, stem_of(paths[0]), sgc_str_of(NULL, 0), arena,
                              &diagnostics, &built);
    if (status == SGC_OK) {
        *schema = built.schema;
        return SGC_OK;
    }
    sgc_diagnostics_print(&diagnostics, &words);
    fwrite(words.data, 1, words.size, stderr);
    sgc_buf_free(&words);
    return sgc_fail(error, status, "the schema has errors");
}

sgc_status sgc_cmd_open(sgc_arguments *arguments, const sgc_os *os, sgc_db **db, sgc_error *error)
{
    sgc_db_options options = {.os = os, .must_exist = true};
    const char *data;
    sgc_status status = sgc_data_folder(arguments, &data, error);

    return status == SGC_OK ? sgc_db_open(data, NULL, &options, db, error) : status;
}

/* Work that is in the log is done, whatever became of the pages. */
sgc_status sgc_cmd_close(sgc_db *db, sgc_status status, sgc_error *error)
{
    bool safe;
    sgc_error words = {SGC_OK, ""};
    sgc_status closed = sgc_db_close_safe(db, &safe, &words);

    if (closed == SGC_OK) return status;
    if (safe) {
        fprintf(stderr, "warning: closing the database: %s\n", words.text);
        return status;
    }
    if (status != SGC_OK) return status;
    return sgc_fail(error, closed, "closing the database failed: %s", words.text);
}

bool sgc_cmd_json(const sgc_arguments *arguments)
{
    return sgc_option_value(arguments, "--json") != NULL;
}

sgc_status sgc_cmd_print(sgc_buf *out, sgc_error *error)
{
    bool failed = out->failed;

    if (!failed) fwrite(out->data ? out->data : "", 1, out->size, stdout);
    sgc_buf_free(out);
    *out = (sgc_buf){0};
    return failed ? sgc_fail(error, SGC_NO_MEMORY, "out of memory") : SGC_OK;
}

static bool all_digits(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == '\0';
}

sgc_status sgc_cmd_moment(sgc_arguments *arguments, sgc_moment *moment, sgc_error *error)
{
    const char *text = sgc_option_value(arguments, "--as-of");
    sgc_error words = {SGC_OK, ""};
    sgc_status status = SGC_OK;

    *moment = sgc_now();
    if (!text) return SGC_OK;
    bool named = strncmp(text, "seq:", 4) == 0;
    if (named || all_digits(text))
        status = sgc_asof_sequence(sgc_str_from(named ? text + 4 : text), moment, &words);
    else
        status = sgc_asof_time(sgc_str_from(text), moment, &words);
    if (status == SGC_OK) return SGC_OK;
    return sgc_usage_error(arguments, error,
                           "--as-of takes a sequence (41 or seq:41) or a time "
                           "(2026-01-31T12:00:00Z), not '%s': %s",
                           text, words.text);
}

sgc_status sgc_cmd_number(sgc_arguments *arguments, const char *option, uint64_t *number,
                          sgc_error *error)
{
    const char *text = sgc_option_value(arguments, option);
    sgc_error words;

    if (!text || sgc_parse_number(text, 1, UINT32_MAX, number, &words) == SGC_OK) return SGC_OK;
    return sgc_usage_error(arguments, error, "%s: %s", option, words.text);
}

static sgc_status no_table(const sgc_schema *schema, sgc_str name, bool links, sgc_error *error)
{
    sgc_str *names = sgc_alloc_zero((size_t)schema->table_count + 1, sizeof *names);
    sgc_str best[SGC_SUGGESTIONS];
    uint64_t effort = SGC_SUGGEST_EFFORT;
    sgc_buf words = {0};
    size_t count = 0;

    if (!names) return sgc_fail(error, SGC_NO_MEMORY, "out of memory");
    for (uint16_t i = 0; i < schema->table_count; i++)
        if (links || !schema->tables[i].link) names[count++] = schema->tables[i].name;
    count = sgc_suggest(name, names, count, &effort, best);
    sgc_buf_printf(&words, "there is no table \"" SGC_FMT "\".", SGC_ARG(name));
    sgc_did_you_mean(NULL, best, count, &words);
    sgc_status status = sgc_fail(error, SGC_INVALID, SGC_FMT, SGC_ARG(sgc_buf_as_str(&words)));
    sgc_buf_free(&words);
    sgc_free(names);
    return status;
}

sgc_status sgc_cmd_table(const sgc_schema *schema, sgc_str name, bool links, uint16_t *table,
                         sgc_error *error)
{
    *table = sgc_schema_table(schema, name);
    if (*table != SGC_NONE && (links || !schema->tables[*table].link)) return SGC_OK;
    return no_table(schema, name, links, error);
}

sgc_status sgc_cmd_refused(const sgc_db *db, sgc_status status, sgc_error *error)
{
    if (status == SGC_READ_ONLY && sgc_db_only_reads(db, error)) return status;
    return sgc_fail(error, status, "%s", sgc_status_text(status));
}

sgc_status sgc_cmd_failed(const sgc_txn *txn, sgc_status status, sgc_error *error)
{
    const char *words = txn ? sgc_errmsg(txn) : "";

    return sgc_fail(error, status, "%s", *words ? words : sgc_status_text(status));
}

const char *sgc_cmd_bytes(uint64_t bytes, char text[32])
{
    static const char *const units[] = {"bytes", "KB", "MB", "GB", "TB"};
    double value = (double)bytes;
    size_t unit = 0;

    while (value >= 1024 && unit + 1 < sizeof units / sizeof *units) {
        value /= 1024;
        unit++;
    }
    snprintf(text, 32, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return text;
}

void sgc_cmd_time(uint64_t time_us, const char *none, sgc_buf *out)
{
    if (time_us == 0) {
        sgc_buf_text(out, none);
    } else {
        sgc_json_datetime(out, (int64_t)time_us);
    }
}

void sgc_cmd_time_text(uint64_t time_us, const char *none, sgc_buf *out)
{
    size_t from = out->size;

    sgc_cmd_time(time_us, none, out);
    if (time_us == 0 || out->failed) return;
    /* Without the quotes of JSON. */
    memmove(out->data + from, out->data + from + 1, out->size - from - 2);
    out->size -= 2;
}

const char *sgc_cmd_op(sgc_op op)
{
    return op == SGC_OP_INSERT ? "insert" : op == SGC_OP_UPDATE ? "update" : "delete";
}
