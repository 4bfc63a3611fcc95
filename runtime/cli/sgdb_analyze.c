/* sgdb_analyze.c - sgdb analyze: figures of tables, their fields and their indexes. */
#include "cli/sgdb.h"

#include <stdio.h>

enum { STEP_US = 100 * 1000 };

static const sgc_option analyze_options[] = {
    SGDB_DATA,
    SGDB_LAST,
};

static unsigned long long big(uint64_t number)
{
    return number;
}

/* ---- JSON ---- */

static void size_json(const sgc_tree_figures *size, sgc_buf *out)
{
    sgc_buf_printf(out, "\"entries\":%llu,\"pages\":%u", big(size->entries), (unsigned)size->pages);
    if (size->levels) sgc_buf_printf(out, ",\"levels\":%u", (unsigned)size->levels);
}

static void field_json(const sgc_field *field, const sgc_field_figures *f, sgc_buf *out)
{
    sgc_buf_text(out, "{\"field\":");
    sgc_json_str(out, field->name);
    sgc_buf_printf(out, ",\"nulls\":%llu,\"distinct\":%llu,\"method\":\"%s\"", big(f->nulls),
                   big(f->distinct), f->estimated ? "hyperloglog" : "exact");
    if (f->least.data)
        sgc_buf_printf(out, ",\"min\":" SGC_FMT ",\"max\":" SGC_FMT, SGC_ARG(f->least),
                       SGC_ARG(f->greatest));
    sgc_buf_byte(out, '}');
}

static void table_json(const sgc_table *table, const sgc_table_figures *t, sgc_buf *out)
{
    sgc_buf_text(out, "{\"table\":");
    sgc_json_str(out, table->name);
    sgc_buf_printf(out, ",\"rows\":%llu,\"bytes\":%llu,\"averageBytes\":%.1f,\"fields\":[",
                   big(t->rows), big(t->bytes), t->rows ? (double)t->bytes / (double)t->rows : 0.0);
    for (uint16_t i = 0; i < table->field_count; i++) {
        if (i) sgc_buf_byte(out, ',');
        field_json(&table->fields[i], &t->fields[i], out);
    }
    sgc_buf_text(out, "],\"rowPages\":");
    sgc_buf_printf(out, "%u,\"keys\":{", (unsigned)t->row_pages.pages);
    size_json(&t->hash, out);
    sgc_buf_text(out, "},\"indexes\":[");
    for (uint16_t i = 0; i < table->index_count; i++) {
        sgc_buf_text(out, i ? ",{\"index\":" : "{\"index\":");
        sgc_json_str(out, table->indexes[i].name);
        sgc_buf_byte(out, ',');
        size_json(&t->indexes[i], out);
        sgc_buf_byte(out, '}');
    }
    sgc_buf_text(out, "]}\n");
}

/* ---- words ---- */

static void field_text(const sgc_field *field, const sgc_field_figures *f, sgc_buf *out)
{
    char distinct[40];

    snprintf(distinct, sizeof distinct, "%s%llu", f->estimated ? "about " : "", big(f->distinct));
    sgc_buf_printf(out, "  %-20.*s %9llu nulls %14s distinct", SGC_ARG(field->name), big(f->nulls),
                   distinct);
    if (f->least.data)
        sgc_buf_printf(out, "  " SGC_FMT " .. " SGC_FMT, SGC_ARG(f->least), SGC_ARG(f->greatest));
    sgc_buf_byte(out, '\n');
}

static void table_text(const sgc_table *table, const sgc_table_figures *t, sgc_buf *out)
{
    char total[32];

    sgc_buf_printf(out, SGC_FMT ": %llu rows, %s", SGC_ARG(table->name), big(t->rows),
                   sgc_cmd_bytes(t->bytes, total));
    if (t->rows)
        sgc_buf_printf(out, ", %.1f bytes a row (%llu to %llu)", (double)t->bytes / (double)t->rows,
                       big(t->shortest), big(t->longest));
    sgc_buf_printf(out, ", %u pages\n", (unsigned)t->row_pages.pages);
    for (uint16_t i = 0; i < table->field_count; i++)
        field_text(&table->fields[i], &t->fields[i], out);
    sgc_buf_printf(out, "  hash index of keys: %llu entries, %u pages\n", big(t->hash.entries),
                   (unsigned)t->hash.pages);
    for (uint16_t i = 0; i < table->index_count; i++)
        sgc_buf_printf(out, "  index " SGC_FMT ": %llu entries, %u pages, %u levels\n",
                       SGC_ARG(table->indexes[i].name), big(t->indexes[i].entries),
                       (unsigned)t->indexes[i].pages, (unsigned)t->indexes[i].levels);
}

/* ---- the work ---- */

static void draw(void *context, uint64_t done, uint64_t total)
{
    char words[40];

    snprintf(words, sizeof words, "%llu rows", big(done));
    sgc_cmd_bar(context, done, total ? total : 1, words);
}

static sgc_status analyze_table(sgc_txn *txn, uint16_t position, bool json, sgc_error *error)
{
    const sgc_table *table = &sgc_db_schema(sgc_txn_db(txn))->tables[position];
    bool watched = sgc_stderr_is_terminal();
    sgc_table_figures figures;
    sgc_arena arena = {0};
    sgc_buf out = {0};
    char name[64];

    snprintf(name, sizeof name, SGC_FMT, SGC_ARG(table->name));
    sgc_status status =
        sgc_analyze(txn, position, watched ? draw : NULL, name, &arena, &figures, error);
    if (watched) sgc_cmd_bar_end();
    if (status == SGC_OK) {
        if (json)
            table_json(table, &figures, &out);
        else
            table_text(table, &figures, &out);
        status = sgc_cmd_print(&out, error);
    }
    sgc_arena_free(&arena);
    return status;
}

/* Indexes that are being built are waited for; what keeps one from it is told by sgdb stats. */
static sgc_status wait_for_indexes(sgc_db *db)
{
    bool watched = sgc_stderr_is_terminal();
    sgc_status status;
    sgc_db_stats stats;
    char words[40];

    while ((status = sgc_db_wait_for_indexes(db, STEP_US)) == SGC_BUSY) {
        if (!watched) continue;
        sgc_db_get_stats(db, &stats);
        snprintf(words, sizeof words, "%llu indexes", big(stats.indexes_building));
        sgc_cmd_bar("building", stats.index_pages_done, stats.index_pages, words);
    }
    if (watched) sgc_cmd_bar_end();
    return status == SGC_LIMIT ? SGC_OK : status;
}

static sgc_status analyze(sgc_db *db, const char *type, bool json, sgc_error *error)
{
    const sgc_schema *schema = sgc_db_schema(db);
    uint16_t only = SGC_NONE;
    sgc_txn *txn = NULL;
    sgc_status status = SGC_OK;

    if (type) status = sgc_cmd_table(schema, sgc_str_from(type), true, &only, error);
    if (status != SGC_OK) return status;
    /* Sizes of indexes are those of pages: everything goes there first. */
    status = sgc_db_flush(db);
    if (status == SGC_OK) status = wait_for_indexes(db);
    if (status == SGC_OK) status = sgc_begin_read(db, sgc_now(), &txn);
    if (status != SGC_OK) return sgc_cmd_refused(db, status, error);
    for (uint16_t i = 0; status == SGC_OK && i < schema->table_count; i++)
        if (only == SGC_NONE || only == i) status = analyze_table(txn, i, json, error);
    sgc_abort(&txn);
    return status;
}

static sgc_status run_analyze(sgc_arguments *arguments, sgc_error *error)
{
    const char *type = arguments->word_count ? arguments->words[0] : NULL;
    sgc_db *db = NULL;

    if (arguments->word_count > 1)
        return sgc_usage_error(arguments, error, "analyze takes one type, or none for all");
    sgc_status status = sgc_cmd_open(arguments, NULL, &db, error);
    if (status == SGC_OK) status = analyze(db, type, sgc_cmd_json(arguments), error);
    return sgc_cmd_close(db, status, error);
}

const sgdb_command sgc_cmd_analyze = {
    "analyze",
    "sgdb analyze [TYPE] --data DIR [--json]",
    "counts rows, nulls and different values, and measures indexes",
    "sgdb analyze User --data ./blog",
    analyze_options,
    run_analyze,
};
