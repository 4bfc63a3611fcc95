/*
 * workload.c - a small ordinary program over the public API, for crash tools.
 *
 *   workload run DIR SEED [options]   TRY txid key=value ... / DEL txid key / ACK, FAIL or UNK txid
 *   workload check DIR                ROW key value ... / END n, or CORRUPT why
 *
 * With --loads a second table is filled past the MemTables and emptied again, N times in all: LOAD
 * n (0: emptied) comes before, LOADED or REFUSED behind. check finds one load there wholly, or
 * none, and says LOADS n if there is one.
 *
 * Readers hold a transaction while others write: what it reads must not change. check also asks for
 * past moments, the changes in between, and sgc_db_verify().
 *
 * Every writer has keys of its own (w<writer>-<n>), so the lines of one writer are its whole truth.
 * A line leaves the process in one write before the next step is taken.
 */
#include "workload_model.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_WRITERS = 64, MAX_CHANGES = 6 };

static const sgc_table tables[] = {ENTRY_TABLE("Entry", "entry", "entries", 1),
                                   ENTRY_TABLE("Loaded", "loaded", "loadeds", 2)};
static const sgc_schema schema = {
    .abi = SGC_ABI,
    .version = 1,
    .name = SGC_STR_INIT("workload"),
    .sdl = SGC_STR_INIT("type Entry { key: String! @id(generate: NONE) bucket: Int! @index "
                        "tag: String! @unique value: String! } "
                        "type Loaded { key: String! @id(generate: NONE) bucket: Int! @index "
                        "tag: String! @unique value: String! }"),
    .numbering = SGC_STR_INIT(""),
    .hash = UINT64_C(0x224F4617679C70A6), /* what sgc makes of it, so that sgdb reads the log too */
    .tables = tables,
    .table_count = 2,
};

struct options {
    const char *directory;
    uint64_t seed, transactions, keys, flush_every, compact_every, moments;
    unsigned writers, readers, loads;
    sgc_db_options db;
};

struct writer {
    const struct options *options;
    sgc_db *db;
    pthread_t thread;
    uint64_t random;
    unsigned number;
    int failed;
    sgc_buf line;
    char record[ENTRY_VALUE_MAX + 3 * ENTRY_TEXT_MAX];
    char value[ENTRY_VALUE_MAX + 1];
};

static uint64_t draw_from(uint64_t *random, uint64_t below)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return (*random >> 11) % below;
}

static uint64_t draw(struct writer *w, uint64_t below)
{
    return draw_from(&w->random, below);
}

struct reader {
    const struct options *options;
    sgc_db *db;
    pthread_t thread;
    uint64_t random;
};

static _Atomic bool writers_ended;

/* One write call per line: lines of several threads do not mix, and kill -9 leaves whole ones. */
static void say(sgc_buf *line)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

    sgc_buf_byte(line, '\n');
    if (line->failed) _exit(3);
    pthread_mutex_lock(&lock);
    for (size_t at = 0; at < line->size;) {
        ssize_t written = write(STDOUT_FILENO, line->data + at, line->size - at);
        if (written <= 0) _exit(3);
        at += (size_t)written;
    }
    pthread_mutex_unlock(&lock);
    line->size = 0;
}

struct change {
    char key[ENTRY_TEXT_MAX];
    size_t padding;
    bool remove;
};

static size_t choose(struct writer *w, struct change *changes)
{
    size_t count = 1 + draw(w, MAX_CHANGES - 1);

    for (size_t i = 0; i < count; i++) {
        snprintf(changes[i].key, sizeof changes[i].key, "w%u-%" PRIu64, w->number,
                 draw(w, w->options->keys));
        changes[i].remove = draw(w, 5) == 0;
        changes[i].padding = draw(w, 20) ? draw(w, 200) : draw(w, ENTRY_VALUE_MAX - 200);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(changes[i].key, changes[j].key) == 0) return i;
        }
    }
    return count;
}

static sgc_str value_of(struct writer *w, const char *id, size_t padding)
{
    int size = snprintf(w->value, sizeof w->value, "%s:", id);

    memset(w->value + size, 'a' + (int)(padding % 26), padding);
    w->value[(size_t)size + padding] = '\0';
    return sgc_str_of(w->value, (size_t)size + padding);
}

static void announce(struct writer *w, const char *id, const struct change *changes, size_t count)
{
    sgc_buf_printf(&w->line, "TRY %s", id);
    for (size_t i = 0; i < count; i++) {
        if (changes[i].remove) continue;
        sgc_buf_printf(&w->line, " %s=%s", changes[i].key,
                       value_of(w, id, changes[i].padding).data);
    }
    say(&w->line);
    for (size_t i = 0; i < count; i++) {
        if (!changes[i].remove) continue;
        sgc_buf_printf(&w->line, "DEL %s %s", id, changes[i].key);
        say(&w->line);
    }
}

static sgc_status apply(struct writer *w, sgc_txn *txn, const char *id, const struct change *change)
{
    char tag[2 * ENTRY_TEXT_MAX];
    sgc_str key = sgc_str_from(change->key), old;
    sgc_status status = sgc_row_get(txn, 0, key, &old);

    if (status != SGC_OK && status != SGC_NOT_FOUND) return status;
    bool there = status == SGC_OK;
    if (change->remove) return there ? sgc_row_delete(txn, 0, key) : SGC_OK;
    snprintf(tag, sizeof tag, "%.100s/%.100s", id, change->key);
    sgc_str record = entry_record(w->record, key, sgc_str_from(tag),
                                  value_of(w, id, change->padding), (int32_t)draw(w, 50));
    return there ? sgc_row_update(txn, 0, key, record) : sgc_row_insert(txn, 0, key, record);
}

static sgc_outcome transact(struct writer *w, const char *id, const struct change *changes,
                            size_t count)
{
    sgc_txn *txn;
    sgc_commit_info info = {.outcome = SGC_OUTCOME_REFUSED};
    sgc_status status = sgc_begin(w->db, &txn);

    w->failed = status != SGC_OK;
    if (status != SGC_OK) return SGC_OUTCOME_REFUSED;
    for (size_t i = 0; status == SGC_OK && i < count; i++) {
        status = apply(w, txn, id, &changes[i]);
    }
    if (status != SGC_OK) {
        fprintf(stderr, "%s: %s\n", id, sgc_errmsg(txn));
        w->failed = status != SGC_CONFLICT;
        sgc_abort(&txn);
        return SGC_OUTCOME_REFUSED;
    }
    status = sgc_commit(&txn, &info);
    if (status != SGC_OK) {
        fprintf(stderr, "%s: %s\n", id, info.error.text);
        w->failed = info.error.status != SGC_CONFLICT;
    }
    return info.outcome;
}

/* After a failure reading must go on. */
static void read_after_error(struct writer *w, const char *key)
{
    sgc_txn *txn;
    sgc_str record;

    if (sgc_begin_read(w->db, sgc_now(), &txn) != SGC_OK) return;
    sgc_status status = sgc_row_get(txn, 0, sgc_str_from(key), &record);
    if (status == SGC_OK || status == SGC_NOT_FOUND) {
        sgc_buf_printf(&w->line, "READOK %s", key);
        say(&w->line);
    }
    sgc_abort(&txn);
}

static void *write_on(void *argument)
{
    static const char *const words[] = {"FAIL", "ACK", "UNK"};
    struct writer *w = argument;
    struct change changes[MAX_CHANGES];
    char id[ENTRY_TEXT_MAX];

    for (uint64_t n = 0; !w->failed && (n < w->options->transactions || !w->options->transactions);
         n++) {
        size_t count = choose(w, changes);
        snprintf(id, sizeof id, "%" PRIu64 ".%u.%" PRIu64, w->options->seed, w->number, n);
        announce(w, id, changes, count);
        sgc_outcome outcome = transact(w, id, changes, count);
        sgc_buf_printf(&w->line, "%s %s", words[outcome], id);
        say(&w->line);
        if (w->failed) read_after_error(w, changes[0].key);
        if (w->options->flush_every && draw(w, w->options->flush_every) == 0) {
            w->failed = w->failed || sgc_db_flush(w->db) != SGC_OK;
        }
        if (w->options->compact_every && draw(w, w->options->compact_every) == 0) {
            w->failed = w->failed || sgc_db_compact(w->db, NULL) != SGC_OK;
        }
    }
    sgc_buf_free(&w->line);
    return NULL;
}

/* ---- long readers ---- */

/* All rows in the order of an index, as one number; false when they cannot be read. */
static bool digest(sgc_txn *txn, uint16_t index, uint64_t *sum, uint64_t *rows)
{
    sgc_cursor cursor = sgc_cursor_open(txn, 0, index, NULL);
    sgc_str record;

    *sum = 14695981039346656037U;
    *rows = 0;
    while (sgc_cursor_next(&cursor, &record)) {
        for (size_t i = 0; i < record.size; i += sizeof(uint64_t)) {
            uint64_t word = 0;
            size_t left = record.size - i;
            memcpy(&word, record.data + i, left < sizeof word ? left : sizeof word);
            *sum = (*sum ^ word) * 1099511628211U;
            *sum ^= *sum >> 29;
        }
        ++*rows;
    }
    return sgc_cursor_status(&cursor) == SGC_OK;
}

/* The same transaction reads the same rows again and again, whatever is written meanwhile. */
static void *read_on(void *argument)
{
    struct reader *r = argument;

    while (!writers_ended) {
        bool past = draw_from(&r->random, 2);
        uint64_t at = draw_from(&r->random, sgc_db_head(r->db) + 1), sums[2], rows[2];
        sgc_txn *txn;
        if (sgc_begin_read(r->db, past ? sgc_at_seq(at) : sgc_now(), &txn) != SGC_OK) continue;
        uint16_t index = (uint16_t)draw_from(&r->random, 3);
        bool good = digest(txn, index, &sums[0], &rows[0]);
        for (uint64_t i = draw_from(&r->random, 6); good && !writers_ended && i > 0; i--) {
            good = digest(txn, index, &sums[1], &rows[1]);
            if (!good || (sums[0] == sums[1] && rows[0] == rows[1])) continue;
            printf("CORRUPT what was read at %" PRIu64 " changed\n", sgc_txn_sequence(txn));
            fflush(stdout);
            _exit(4);
        }
        sgc_abort(&txn);
    }
    return NULL;
}

/* ---- loads ---- */

static sgc_outcome empty_table(struct writer *w)
{
    sgc_txn *txn;
    sgc_commit_info info = {.outcome = SGC_OUTCOME_REFUSED};
    sgc_str record;
    sgc_status status = sgc_begin(w->db, &txn);

    w->failed = status != SGC_OK;
    if (w->failed) return SGC_OUTCOME_REFUSED;
    sgc_cursor cursor = sgc_cursor_open(txn, 1, 0, NULL);
    while (status == SGC_OK && sgc_cursor_next(&cursor, &record))
        status = sgc_row_delete(txn, 1, sgc_cursor_key(&cursor));
    if (status == SGC_OK) status = sgc_cursor_status(&cursor);
    if (status == SGC_OK) status = sgc_commit(&txn, &info);
    sgc_abort(&txn);
    w->failed = status != SGC_OK;
    return info.outcome;
}

/* `count` rows, each of which tells the load's number and how many there are. */
static sgc_status put_rows(struct writer *w, sgc_load *load, uint64_t number, uint64_t count)
{
    char key[ENTRY_TEXT_MAX], tag[ENTRY_TEXT_MAX], id[ENTRY_TEXT_MAX];
    sgc_status status = SGC_OK;

    snprintf(id, sizeof id, "%" PRIu64 ":%" PRIu64, number, count);
    for (uint64_t i = 0; status == SGC_OK && i < count; i++) {
        uint64_t n = i * 7919 % count; /* in no order, if 7919 is no factor of the count */
        snprintf(key, sizeof key, "l-%" PRIu64, n);
        snprintf(tag, sizeof tag, "%" PRIu64 "/%" PRIu64, number, n);
        sgc_str record = entry_record(w->record, sgc_str_from(key), sgc_str_from(tag),
                                      value_of(w, id, draw(w, 100)), (int32_t)(n % 50));
        status = sgc_load_row(load, 1, sgc_str_from(key), record);
    }
    return status;
}

static sgc_outcome load_table(struct writer *w, uint64_t number)
{
    sgc_load_options options = {.memory_bytes = draw(w, 2) ? 16384 : 0};
    sgc_commit_info info = {.outcome = SGC_OUTCOME_REFUSED};
    sgc_load *load;
    sgc_status status = sgc_load_begin(w->db, &options, &load, NULL);

    if (status == SGC_OK) status = put_rows(w, load, number, 1 + draw(w, 300));
    w->failed = status != SGC_OK;
    if (w->failed || draw(w, 6) == 0) {
        sgc_load_abort(&load);
        return SGC_OUTCOME_REFUSED;
    }
    w->failed = sgc_load_commit(&load, &info) != SGC_OK;
    return info.outcome;
}

static void tell_load(struct writer *w, const char *word, uint64_t number)
{
    sgc_buf_printf(&w->line, "%s %" PRIu64, word, number);
    say(&w->line);
}

static void *load_on(void *argument)
{
    struct writer *w = argument;

    for (uint64_t n = 0; !w->failed && !writers_ended && n < w->options->loads; n++) {
        uint64_t number = n % 2 ? w->options->seed * 1000000 + n : 0;
        tell_load(w, "LOAD", number);
        sgc_outcome outcome = number ? load_table(w, number) : empty_table(w);
        if (outcome != SGC_OUTCOME_UNKNOWN)
            tell_load(w, outcome == SGC_OUTCOME_COMMITTED ? "LOADED" : "REFUSED", number);
    }
    sgc_buf_free(&w->line);
    return NULL;
}

/* ---- run ---- */

static bool start_all(const struct options *options, sgc_db *db, struct writer *writers,
                      struct reader *readers, struct writer *loader)
{
    uint64_t random = (options->seed + 1) * 0x9E3779B97F4A7C15U + 1;
    bool good = true;

    for (unsigned i = 0; good && i < options->writers; i++) {
        struct writer *w = &writers[i];
        w->options = options;
        w->db = db;
        w->number = i;
        w->random = random + i * 0xBF58476D1CE4E5B9U;
        good = pthread_create(&w->thread, NULL, write_on, w) == 0;
    }
    for (unsigned i = 0; good && i < options->readers; i++) {
        readers[i] = (struct reader){.options = options, .db = db, .random = random + i};
        good = pthread_create(&readers[i].thread, NULL, read_on, &readers[i]) == 0;
    }
    *loader = (struct writer){.options = options, .db = db, .random = random ^ UINT32_MAX};
    if (good && options->loads) good = pthread_create(&loader->thread, NULL, load_on, loader) == 0;
    return good;
}

static int run(const struct options *options)
{
    static struct writer writers[MAX_WRITERS];
    static struct reader readers[MAX_WRITERS];
    static struct writer loader;
    sgc_db *db;
    sgc_error error;
    int failed = 0;

    sgc_status status = sgc_db_open(options->directory, &schema, &options->db, &db, &error);
    if (status != SGC_OK) {
        /* A device that fails is no damage. */
        if (status == SGC_CORRUPT) printf("CORRUPT %s\n", error.text);
        fprintf(stderr, "workload: %s\n", error.text);
        return status == SGC_CORRUPT ? 1 : 2;
    }
    if (!start_all(options, db, writers, readers, &loader)) return 3;
    for (unsigned i = 0; i < options->writers; i++) {
        pthread_join(writers[i].thread, NULL);
        failed = failed || writers[i].failed;
    }
    writers_ended = true;
    for (unsigned i = 0; i < options->readers; i++)
        pthread_join(readers[i].thread, NULL);
    if (options->loads) pthread_join(loader.thread, NULL);
    failed = failed || loader.failed;
    return sgc_db_close(db) != SGC_OK || failed ? 2 : 0;
}

/* ---- check ---- */

static int corrupt(const char *why)
{
    printf("CORRUPT %s\n", why);
    return 1;
}

/* Every index must hold exactly the rows. */
static bool index_agrees(sgc_txn *txn, uint16_t table, uint16_t index, uint64_t rows)
{
    sgc_cursor cursor = sgc_cursor_open(txn, table, index, NULL);
    sgc_str record, by_key;
    uint64_t count = 0;
    bool same = true;

    while (same && sgc_cursor_next(&cursor, &record)) {
        sgc_key entry;
        sgc_key_start(&entry);
        entry_index_key(index, record, &entry);
        sgc_key_raw(&entry, sgc_cursor_key(&cursor));
        same = sgc_str_eq(sgc_key_str(&entry), sgc_cursor_entry(&cursor)) &&
               sgc_row_get(txn, table, sgc_cursor_key(&cursor), &by_key) == SGC_OK &&
               sgc_str_eq(by_key, record);
        count++;
    }
    return same && sgc_cursor_status(&cursor) == SGC_OK && count == rows;
}

/* All rows of one load, or none. */
static int check_load(sgc_txn *txn)
{
    sgc_cursor cursor = sgc_cursor_open(txn, 1, 0, NULL);
    sgc_str record, key, tag, value;
    uint64_t rows = 0, number = 0, count = 0;

    for (; sgc_cursor_next(&cursor, &record); rows++) {
        char *behind;
        if (!entry_texts(record, &key, &tag, &value)) return corrupt("a record cannot be read");
        uint64_t own = strtoull(value.data, &behind, 10);
        if (rows == 0) {
            number = own;
            count = strtoull(behind + 1, NULL, 10);
        }
        if (own != number) return corrupt("rows of two loads are there");
    }
    if (sgc_cursor_status(&cursor) != SGC_OK) return corrupt(sgc_errmsg(txn));
    if (rows != count) return corrupt("a load is there in part");
    for (uint16_t i = 1; i < 3; i++)
        if (!index_agrees(txn, 1, i, rows)) return corrupt("an index of what was loaded differs");
    if (rows) printf("LOADS %" PRIu64 "\n", number);
    return 0;
}

static int check_rows(sgc_txn *txn, uint64_t *rows_found)
{
    sgc_cursor cursor = sgc_cursor_open(txn, 0, 0, NULL);
    sgc_str record, key, tag, value;
    uint64_t rows = 0;

    while (sgc_cursor_next(&cursor, &record)) {
        if (!entry_texts(record, &key, &tag, &value)) return corrupt("a record cannot be read");
        if (!sgc_str_eq(key, sgc_cursor_key(&cursor))) return corrupt("a row has another key");
        printf("ROW " SGC_FMT " " SGC_FMT "\n", SGC_ARG(key), SGC_ARG(value));
        rows++;
    }
    if (sgc_cursor_status(&cursor) != SGC_OK) return corrupt(sgc_errmsg(txn));
    if (!index_agrees(txn, 0, 1, rows)) return corrupt("the index on bucket differs from the rows");
    if (!index_agrees(txn, 0, 2, rows)) return corrupt("the index on tag differs from the rows");
    *rows_found = rows;
    return check_load(txn);
}

/* Every index agrees with the rows of a moment, and the changes since then lead to `rows` now. */
static int check_moment(sgc_db *db, uint64_t at, uint64_t now_rows)
{
    sgc_txn *txn, *now;
    sgc_row_change change;
    uint64_t sum, rows, last = at;

    if (sgc_begin_read(db, sgc_at_seq(at), &txn) != SGC_OK) return corrupt("no past moment");
    bool good = digest(txn, 0, &sum, &rows) && index_agrees(txn, 0, 1, rows) &&
                index_agrees(txn, 0, 2, rows);
    if (!good) fprintf(stderr, "at %" PRIu64 ": %s\n", at, sgc_errmsg(txn));
    sgc_abort(&txn);
    if (!good) return corrupt("a past moment does not agree with itself");
    if (sgc_begin_read(db, sgc_now(), &now) != SGC_OK) return corrupt("no present");
    sgc_changes changes = sgc_changes_since(now, at, UINT32_MAX, 0);
    while (good && sgc_changes_next(&changes, &change)) {
        good = change.sequence >= last && change.sequence > at;
        last = change.sequence;
        rows += (change.before.data == NULL) - (uint64_t)(change.after.data == NULL);
    }
    good = good && changes.status == SGC_OK && rows == now_rows;
    sgc_abort(&now);
    return good ? 0 : corrupt("the changes since a moment do not lead to the present");
}

/* Moments drawn from all there were; the newest one is the present. */
static int check_past(sgc_db *db, uint64_t moments)
{
    uint64_t head = sgc_db_head(db), random = head + 1, sums[2], rows[2];
    sgc_txn *txns[2];
    bool good = true;
    int result = 0;

    if (sgc_begin_read(db, sgc_now(), &txns[0]) != SGC_OK) return corrupt("no present");
    if (sgc_begin_read(db, sgc_at_seq(head), &txns[1]) != SGC_OK) return corrupt("no head");
    for (int i = 0; i < 2; i++)
        good = digest(txns[i], 0, &sums[i], &rows[i]) && good;
    sgc_abort(&txns[0]);
    sgc_abort(&txns[1]);
    if (!good || sums[0] != sums[1] || rows[0] != rows[1]) return corrupt("AS OF head is not now");
    for (uint64_t i = 0; result == 0 && i < moments; i++)
        result = check_moment(db, draw_from(&random, head + 1), rows[0]);
    return result;
}

static int verify(sgc_db *db)
{
    sgc_buf report = {0};
    sgc_status status = sgc_db_verify(db, &report);

    if (status != SGC_OK) printf("CORRUPT %.*s\n", (int)report.size, (char *)report.data);
    sgc_buf_free(&report);
    return status != SGC_OK;
}

static int check(const struct options *options)
{
    sgc_db *db;
    sgc_txn *txn;
    sgc_error error;
    uint64_t rows = 0;

    if (sgc_db_open(options->directory, &schema, &options->db, &db, &error) != SGC_OK) {
        return corrupt(error.text);
    }
    int result = sgc_begin_read(db, sgc_now(), &txn) == SGC_OK ? check_rows(txn, &rows)
                                                               : corrupt("no present");
    sgc_abort(&txn);
    if (result == 0) result = check_past(db, options->moments);
    if (result == 0) result = verify(db);
    if (sgc_db_close(db) != SGC_OK && result == 0) return corrupt("closing failed");
    if (result != 0) return result;
    /* Last, and only on a sound database: whoever reads this far knows all of it. */
    printf("END %" PRIu64 "\n", rows);
    return fflush(stdout) == 0 ? 0 : 3;
}

/* ---- command line ---- */

static int usage(void)
{
    fprintf(
        stderr,
        "workload run DIR SEED [--writers N] [--readers N] [--transactions N] [--keys N]\n"
        "                      [--memtable BYTES] [--segment BYTES] [--cache BYTES]\n"
        "                      [--flush-every N] [--compact-every N] [--loads N]\n"
        "                      [--buffered]\n"
        "workload check DIR [--moments N] [--memtable BYTES] [--segment BYTES] [--cache BYTES]\n"
        "e.g. workload run /tmp/data 7 --writers 8 --memtable 65536 --segment 262144\n");
    return 64;
}

static bool take_option(struct options *o, const char *name, const char *value)
{
    uint64_t number = strtoull(value, NULL, 10);

    if (strcmp(name, "--writers") == 0 && number >= 1 && number <= MAX_WRITERS) {
        o->writers = (unsigned)number;
    } else if (strcmp(name, "--readers") == 0 && number <= MAX_WRITERS) {
        o->readers = (unsigned)number;
    } else if (strcmp(name, "--loads") == 0 && number <= UINT32_MAX) {
        o->loads = (unsigned)number;
    } else if (strcmp(name, "--moments") == 0) {
        o->moments = number;
    } else if (strcmp(name, "--transactions") == 0) {
        o->transactions = number;
    } else if (strcmp(name, "--keys") == 0 && number) {
        o->keys = number;
    } else if (strcmp(name, "--memtable") == 0) {
        o->db.memtable_bytes = number;
    } else if (strcmp(name, "--segment") == 0) {
        o->db.log_segment_bytes = number;
    } else if (strcmp(name, "--cache") == 0) {
        o->db.cache_bytes = number;
    } else if (strcmp(name, "--flush-every") == 0) {
        o->flush_every = number;
    } else if (strcmp(name, "--compact-every") == 0) {
        o->compact_every = number;
    } else {
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct options o = {.writers = 1, .keys = 200, .moments = 6};
    bool runs = argc >= 4 && strcmp(argv[1], "run") == 0;
    bool checks = argc >= 3 && strcmp(argv[1], "check") == 0;

    if (!runs && !checks) return usage();
    o.directory = argv[2];
    if (runs) o.seed = strtoull(argv[3], NULL, 10);
    for (int i = runs ? 4 : 3; i < argc; i++) {
        if (strcmp(argv[i], "--buffered") == 0) {
            o.db.buffered_log = true;
        } else if (i + 1 >= argc || !take_option(&o, argv[i], argv[i + 1])) {
            return usage();
        } else {
            i++;
        }
    }
    return runs ? run(&o) : check(&o);
}
