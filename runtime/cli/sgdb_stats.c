/* sgdb_stats.c - sgdb stats and sgdb compact: figures of a database, and making it smaller. */
#include "cli/sgdb.h"

#include <stdio.h>

static const sgc_option plain_options[] = {
    SGDB_DATA,
    SGDB_LAST,
};

static unsigned long long big(uint64_t number)
{
    return number;
}

/* ---- stats ---- */

/* The numbers that sgc_db_stats has, by name. */
static void stats_json(const sgc_db_stats *s, sgc_buf *out)
{
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        {"durableSequence", s->durable_sequence},
        {"pageFileBytes", s->page_file_bytes},
        {"pageFreeBytes", s->page_free_bytes},
        {"pageHeldBytes", s->page_held_bytes},
        {"cacheBytes", s->cache_bytes},
        {"cacheBudget", s->cache_budget},
        {"cacheHits", s->cache_hits},
        {"cacheMisses", s->cache_misses},
        {"cacheEvictions", s->cache_evictions},
        {"memtableBytes", s->memtable_bytes},
        {"writeSetBytes", s->write_set_bytes},
        {"flushBytes", s->flush_bytes},
        {"logBufferBytes", s->log_buffer_bytes},
        {"flushes", s->flushes},
        {"pagesWritten", s->pages_written},
        {"logSegments", s->log_segments},
        {"logHeldBytes", s->log_held_bytes},
        {"historySegments", s->history_segments},
        {"historyBytes", s->history_bytes},
        {"historyVersions", s->history_versions},
        {"historyChanges", s->history_changes},
        {"historyResidentBytes", s->history_resident_bytes},
        {"openTransactions", s->open_transactions - 1}, /* not this one */
        {"oldestSequence", s->oldest_sequence},
        {"oldestAgeMicroseconds", s->oldest_age_us},
    };

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sgc_buf_printf(out, "%s\"%s\":%llu", i ? "," : "", numbers[i].name, big(numbers[i].value));
    sgc_buf_printf(out, ",\"logDirect\":%s", s->log_direct ? "true" : "false");
}

static void horizons_json(sgc_txn *txn, const sgc_schema *schema, sgc_buf *out)
{
    bool first = true;

    sgc_buf_text(out, ",\"horizons\":{");
    for (uint16_t i = 0; i < schema->table_count; i++) {
        if (!schema->tables[i].history) continue;
        if (!first) sgc_buf_byte(out, ',');
        first = false;
        sgc_json_str(out, schema->tables[i].name);
        sgc_buf_printf(out, ":%llu", big(sgc_txn_horizon(txn, i)));
    }
    sgc_buf_byte(out, '}');
}

/* How far an index is that is being built. */
static double percent_of(const sgc_index_progress *one)
{
    return one->of ? 100.0 * (double)one->done / (double)one->of : 100.0;
}

static void building_json(const sgc_db *db, sgc_buf *out)
{
    sgc_index_progress one;

    sgc_buf_text(out, ",\"indexesBuilding\":[");
    for (size_t i = 0; sgc_db_index_progress(db, i, &one); i++) {
        sgc_buf_text(out, i ? ",{\"type\":" : "{\"type\":");
        sgc_json_str(out, one.type);
        sgc_buf_text(out, ",\"index\":");
        sgc_json_str(out, one.index);
        sgc_buf_printf(out, ",\"percent\":%.1f,\"waitsFor\":", percent_of(&one));
        if (one.why.status == SGC_OK)
            sgc_buf_text(out, "null");
        else
            sgc_json_str(out, sgc_str_from(one.why.text));
        sgc_buf_byte(out, '}');
    }
    sgc_buf_byte(out, ']');
}

static void building_words(const sgc_db *db, sgc_buf *out)
{
    sgc_index_progress one;

    for (size_t i = 0; sgc_db_index_progress(db, i, &one); i++) {
        sgc_buf_printf(out, "building      index " SGC_FMT " of " SGC_FMT ": %.0f %%\n",
                       SGC_ARG(one.index), SGC_ARG(one.type), percent_of(&one));
        if (one.why.status != SGC_OK)
            sgc_buf_printf(out, "              it waits: %s\n", one.why.text);
    }
}

static void storage_words(const sgc_db_stats *s, sgc_buf *out)
{
    char a[32], b[32], c[32];

    sgc_buf_printf(out, "page file     %s, of it %s free and %s kept for older readers\n",
                   sgc_cmd_bytes(s->page_file_bytes, a), sgc_cmd_bytes(s->page_free_bytes, b),
                   sgc_cmd_bytes(s->page_held_bytes, c));
    sgc_buf_printf(out, "page cache    %s of %s; %llu hits, %llu misses, %llu evictions\n",
                   sgc_cmd_bytes(s->cache_bytes, a), sgc_cmd_bytes(s->cache_budget, b),
                   big(s->cache_hits), big(s->cache_misses), big(s->cache_evictions));
    sgc_buf_printf(out, "memory        MemTables %s, flush %s, open transactions %s\n",
                   sgc_cmd_bytes(s->memtable_bytes, a), sgc_cmd_bytes(s->flush_bytes, b),
                   sgc_cmd_bytes(s->write_set_bytes, c));
    sgc_buf_printf(out, "log           %llu segments, %s behind the checkpoint; written %s\n",
                   big(s->log_segments), sgc_cmd_bytes(s->log_held_bytes, a),
                   s->log_direct ? "directly and synchronously"
                                 : "through the cache, with fdatasync");
    sgc_buf_printf(out, "history       %llu segments, %s: %llu versions, %llu changes\n",
                   big(s->history_segments), sgc_cmd_bytes(s->history_bytes, a),
                   big(s->history_versions), big(s->history_changes));
}

static void writing_json(const sgc_db *db, sgc_buf *out)
{
    sgc_error why;

    sgc_buf_text(out, ",\"onlyReads\":");
    if (sgc_db_only_reads(db, &why))
        sgc_json_str(out, sgc_str_from(why.text));
    else
        sgc_buf_text(out, "null");
}

static void writing_words(const sgc_db *db, sgc_buf *out)
{
    sgc_error why;

    if (sgc_db_only_reads(db, &why))
        sgc_buf_printf(out, "writing       is refused: %s\n", why.text);
}

static void horizon_words(sgc_txn *txn, const sgc_schema *schema, sgc_buf *out)
{
    bool any = false;

    for (uint16_t i = 0; i < schema->table_count; i++) {
        const sgc_table *table = &schema->tables[i];
        uint64_t horizon = table->history ? sgc_txn_horizon(txn, i) : 0;
        if (table->history && horizon == 0) continue;
        sgc_buf_text(out, any ? "              " : "horizon       ");
        any = true;
        if (table->history)
            sgc_buf_printf(out, SGC_FMT ": kept back to sequence %llu\n", SGC_ARG(table->name),
                           big(horizon));
        else
            sgc_buf_printf(out, SGC_FMT ": keeps no history\n", SGC_ARG(table->name));
    }
    if (!any) sgc_buf_text(out, "horizon       every moment of every table is kept\n");
}

static sgc_status write_stats(sgc_db *db, sgc_txn *txn, bool json, sgc_error *error)
{
    const sgc_schema *schema = sgc_db_schema(db);
    uint64_t head = sgc_txn_sequence(txn), time_us = 0, checkpoint, checkpoint_us;
    sgc_db_stats s;
    sgc_buf out = {0};

    sgc_db_get_stats(db, &s);
    sgc_txn_checkpoint(txn, &checkpoint, &checkpoint_us);
    bool timed = head > 0 && sgc_db_time_of(db, head, &time_us, NULL) == SGC_OK;
    sgc_buf_printf(&out, json ? "{\"head\":%llu,\"headTime\":" : "head          sequence %llu, ",
                   big(head));
    if (json) {
        sgc_cmd_time(timed ? time_us : 0, "null", &out);
        sgc_buf_printf(&out, ",\"checkpoint\":%llu,", big(checkpoint));
        stats_json(&s, &out);
        horizons_json(txn, schema, &out);
        building_json(db, &out);
        writing_json(db, &out);
        sgc_buf_text(&out, "}\n");
    } else {
        sgc_cmd_time_text(timed ? time_us : 0, "no time known", &out);
        sgc_buf_printf(&out, "\ncheckpoint    sequence %llu; %llu commits since are in the log\n",
                       big(checkpoint), big(head - checkpoint));
        storage_words(&s, &out);
        building_words(db, &out);
        horizon_words(txn, schema, &out);
        sgc_buf_printf(&out, "transactions  %llu open; the oldest sees sequence %llu\n",
                       big(s.open_transactions - 1), big(s.oldest_sequence));
        writing_words(db, &out);
    }
    return sgc_cmd_print(&out, error);
}

static sgc_status run_stats(sgc_arguments *arguments, sgc_error *error)
{
    sgc_txn *txn = NULL;
    sgc_db *db = NULL;

    if (arguments->word_count)
        return sgc_usage_error(arguments, error, "'%s': stats takes options only",
                               arguments->words[0]);
    sgc_status status = sgc_cmd_open(arguments, NULL, &db, error);
    if (status == SGC_OK) {
        status = sgc_begin_read(db, sgc_now(), &txn);
        if (status != SGC_OK) status = sgc_cmd_failed(NULL, status, error);
    }
    if (status == SGC_OK) status = write_stats(db, txn, sgc_cmd_json(arguments), error);
    sgc_abort(&txn);
    return sgc_cmd_close(db, status, error);
}

const sgdb_command sgc_cmd_stats = {
    "stats",
    "sgdb stats --data DIR [--json]",
    "says how large everything is, and how far log and pages are",
    "sgdb stats --data ./blog",
    plain_options,
    run_stats,
};

/* ---- compact ---- */

static void sizes_json(const char *name, const sgc_db_stats *s, sgc_buf *out)
{
    sgc_buf_printf(out,
                   "\"%s\":{\"pageFileBytes\":%llu,\"pageFreeBytes\":%llu,"
                   "\"historySegments\":%llu,\"historyBytes\":%llu,\"historyVersions\":%llu}",
                   name, big(s->page_file_bytes), big(s->page_free_bytes), big(s->history_segments),
                   big(s->history_bytes), big(s->history_versions));
}

static sgc_status say_compacted(const sgc_db_stats *before, const sgc_db_stats *after, bool json,
                                sgc_error *error)
{
    char a[32], b[32];
    sgc_buf out = {0};

    if (json) {
        sgc_buf_byte(&out, '{');
        sizes_json("before", before, &out);
        sgc_buf_byte(&out, ',');
        sizes_json("after", after, &out);
        sgc_buf_text(&out, "}\n");
        return sgc_cmd_print(&out, error);
    }
    sgc_buf_printf(&out, "page file         %s -> %s\n", sgc_cmd_bytes(before->page_file_bytes, a),
                   sgc_cmd_bytes(after->page_file_bytes, b));
    sgc_buf_printf(&out, "free in it        %s -> %s\n", sgc_cmd_bytes(before->page_free_bytes, a),
                   sgc_cmd_bytes(after->page_free_bytes, b));
    sgc_buf_printf(&out, "history segments  %llu -> %llu\n", big(before->history_segments),
                   big(after->history_segments));
    sgc_buf_printf(&out, "history           %s -> %s\n", sgc_cmd_bytes(before->history_bytes, a),
                   sgc_cmd_bytes(after->history_bytes, b));
    sgc_buf_printf(&out, "versions kept     %llu -> %llu\n", big(before->history_versions),
                   big(after->history_versions));
    return sgc_cmd_print(&out, error);
}

static sgc_status compact(sgc_db *db, sgdb_watch *watch, bool json, sgc_error *error)
{
    sgc_db_stats before, after;
    /* What is only in the log belongs to the figures, too. */
    sgc_status status = sgc_db_flush(db);

    if (status != SGC_OK) return sgc_cmd_refused(db, status, error);
    sgc_db_get_stats(db, &before);
    sgc_cmd_watch_begin(watch, "compact", 0);
    status = sgc_db_compact(db, error);
    sgc_cmd_watch_end(watch);
    if (status != SGC_OK) return status;
    sgc_db_get_stats(db, &after);
    return say_compacted(&before, &after, json, error);
}

static sgc_status run_compact(sgc_arguments *arguments, sgc_error *error)
{
    sgdb_watch watch;
    sgc_db *db = NULL;

    if (arguments->word_count)
        return sgc_usage_error(arguments, error, "'%s': compact takes options only",
                               arguments->words[0]);
    sgc_status status = sgc_cmd_open(arguments, sgc_cmd_watch(&watch), &db, error);
    if (status == SGC_OK) status = compact(db, &watch, sgc_cmd_json(arguments), error);
    return sgc_cmd_close(db, status, error);
}

const sgdb_command sgc_cmd_compact = {
    "compact",
    "sgdb compact --data DIR [--json]",
    "merges history, drops what retention leaves out, gives free space back",
    "sgdb compact --data ./blog",
    plain_options,
    run_compact,
};
