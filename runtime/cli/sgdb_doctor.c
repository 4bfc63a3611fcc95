/* sgdb_doctor.c - sgdb doctor: what is damaged, and indexes made anew from the rows. */
#include "cli/sgdb.h"

#include <stdio.h>

static const sgc_option doctor_options[] = {
    SGDB_DATA,
    {.name = "--repair",
     .help = "builds damaged indexes anew; rows, history and log stay as they are"},
    SGDB_LAST,
};

typedef struct checkup {
    const char *data;
    bool json, repair;
    sgc_buf problems, repairs; /* lines */
    sgc_db_stats stats;
    sgc_error *error;
} checkup;

/* ---- looking ---- */

/* Every page is read for itself, and once more on the way through its tree. */
static uint64_t bytes_to_read(const sgc_db_stats *stats)
{
    return 2 * stats->page_file_bytes + stats->history_bytes + stats->log_held_bytes;
}

static void add_problem(checkup *c, const char *words)
{
    sgc_buf_printf(&c->problems, "%s\n", words);
}

static sgc_status verify(checkup *c, sgc_db *db, sgdb_watch *watch)
{
    size_t before = c->problems.size;

    sgc_db_get_stats(db, &c->stats);
    sgc_cmd_watch_begin(watch, "doctor", bytes_to_read(&c->stats));
    sgc_status status = sgc_db_verify(db, &c->problems);
    sgc_cmd_watch_end(watch);
    /* What is wrong has been said, or stands in the status. */
    if (status != SGC_OK && c->problems.size == before) add_problem(c, sgc_status_text(status));
    return status == SGC_NO_MEMORY ? sgc_fail(c->error, status, "out of memory") : SGC_OK;
}

/* One damaged place is met on several ways: each line is kept once. */
static bool keep_once(sgc_buf *lines)
{
    sgc_arena arena = {0};
    sgc_map known = {.arena = &arena};
    sgc_buf kept = {0};
    bool good = !lines->failed;

    for (size_t at = 0; good && at < lines->size;) {
        const char *line = lines->data + at;
        const char *stop = memchr(line, '\n', lines->size - at);
        size_t size = stop ? (size_t)(stop - line) + 1 : lines->size - at;
        sgc_str text = sgc_str_of(line, size);
        if (!sgc_map_get(&known, text)) {
            good = sgc_map_put(&known, text, lines);
            sgc_buf_str(&kept, text);
        }
        at += size;
    }
    good = good && !kept.failed;
    sgc_arena_free(&arena);
    sgc_buf_free(lines);
    *lines = kept;
    return good;
}

/* An open database says most: indexes against rows, the log against both. */
static sgc_status look(checkup *c)
{
    sgdb_watch watch;
    sgc_db_options options = {.os = sgc_cmd_watch(&watch), .must_exist = true};
    sgc_error words = {SGC_OK, ""};
    sgc_db *db = NULL;
    sgc_status status = sgc_db_inspect(NULL, c->data, false, &c->problems, c->error);

    if (status != SGC_OK && status != SGC_CORRUPT) return status;
    status = sgc_db_open(c->data, NULL, &options, &db, &words);
    if (status == SGC_OK && c->problems.size && !sgc_db_only_reads(db, NULL))
        add_problem(c, "opening the database has written that copy anew from the other one");
    if (status == SGC_OK) {
        status = verify(c, db, &watch);
        sgc_status closed = sgc_db_close(db);
        if (closed != SGC_OK && c->problems.size == 0)
            sgc_buf_printf(&c->problems, "closing the database failed: %s\n",
                           sgc_status_text(closed));
        return status;
    }
    if (status == SGC_NO_MEMORY || status == SGC_BUSY || status == SGC_NOT_FOUND)
        return sgc_fail(c->error, status, "%s", words.text);
    c->problems.size = 0;
    sgc_buf_printf(&c->problems, "the database cannot be opened: %s\n", words.text);
    status = sgc_db_inspect(NULL, c->data, true, &c->problems, c->error);
    return status == SGC_CORRUPT ? SGC_OK : status;
}

/* A database that cannot even be opened for repair says so when it is looked at. */
static sgc_status repair(checkup *c)
{
    sgc_error words = {SGC_OK, ""};
    sgc_status status = sgc_db_rebuild(NULL, c->data, &c->repairs, &words);

    if (status == SGC_OK || status == SGC_CORRUPT) return SGC_OK;
    return sgc_fail(c->error, status, "%s", words.text);
}

/* ---- saying it ---- */

static void lines_json(const char *name, const sgc_buf *lines, sgc_buf *out)
{
    const char *at = lines->data, *end = at ? at + lines->size : NULL;

    sgc_buf_printf(out, ",\"%s\":[", name);
    for (bool first = true; at && at < end; first = false) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        if (!first) sgc_buf_byte(out, ',');
        sgc_json_str(out, sgc_str_of(at, (size_t)(stop - at)));
        at = stop + 1;
    }
    sgc_buf_byte(out, ']');
}

static void report_text(const checkup *c, sgc_buf *out)
{
    char pages[32], history[32];

    if (c->repairs.size) {
        sgc_buf_text(out, "repairs:\n");
        sgc_buf_str(out, sgc_buf_as_str(&c->repairs));
    } else if (c->repair) {
        sgc_buf_text(out, "there was no index to repair\n");
    }
    if (c->problems.size) {
        sgc_buf_text(out, c->repairs.size ? "still damaged:\n" : "damaged:\n");
        sgc_buf_str(out, sgc_buf_as_str(&c->problems));
        return;
    }
    sgc_buf_printf(out, "%s is sound: %s of pages, %s of history in %llu segments, the log\n",
                   c->data, sgc_cmd_bytes(c->stats.page_file_bytes, pages),
                   sgc_cmd_bytes(c->stats.history_bytes, history),
                   (unsigned long long)c->stats.history_segments);
}

static sgc_status report(checkup *c)
{
    bool sound = c->problems.size == 0;
    sgc_buf out = {0};

    if (!keep_once(&c->problems) || c->repairs.failed)
        return sgc_fail(c->error, SGC_NO_MEMORY, "out of memory");
    if (c->json) {
        sgc_buf_printf(&out, "{\"sound\":%s", sound ? "true" : "false");
        lines_json("problems", &c->problems, &out);
        lines_json("repairs", &c->repairs, &out);
        sgc_buf_text(&out, "}\n");
    } else {
        report_text(c, &out);
    }
    sgc_status status = sgc_cmd_print(&out, c->error);
    if (status != SGC_OK || sound) return status;
    return sgc_fail(c->error, SGC_CORRUPT, "%s is damaged", c->data);
}

static sgc_status run_doctor(sgc_arguments *arguments, sgc_error *error)
{
    checkup c = {.json = sgc_cmd_json(arguments),
                 .repair = sgc_option_value(arguments, "--repair") != NULL,
                 .error = error};

    if (arguments->word_count)
        return sgc_usage_error(arguments, error, "'%s': doctor takes options only",
                               arguments->words[0]);
    sgc_status status = sgc_data_folder(arguments, &c.data, error);
    if (status == SGC_OK && c.repair) status = repair(&c);
    if (status == SGC_OK) status = look(&c);
    if (status == SGC_OK) status = report(&c);
    sgc_buf_free(&c.problems);
    sgc_buf_free(&c.repairs);
    return status;
}

const sgdb_command sgc_cmd_doctor = {
    "doctor",
    "sgdb doctor --data DIR [--repair] [--json]",
    "reads and checks everything; says what is damaged, repairs indexes only",
    "sgdb doctor --data ./blog",
    doctor_options,
    run_doctor,
};
