/*
 * workload.c - a small ordinary program over the public API, for crash tools.
 *
 *   workload run DIR SEED [options]   TRY txid key=value ... / DEL txid key / ACK, FAIL or UNK txid
 *   workload check DIR                ROW key value ... / END n, or CORRUPT why
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

struct options {
    const char *directory;
    uint64_t seed, transactions, keys, flush_every;
    unsigned writers;
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

static uint64_t draw(struct writer *w, uint64_t below)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return (w->random >> 11) % below;
}

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

    if (status != SGC_OK) return SGC_OUTCOME_REFUSED;
    for (size_t i = 0; status == SGC_OK && i < count; i++) {
        status = apply(w, txn, id, &changes[i]);
    }
    if (status != SGC_OK) {
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
    }
    sgc_buf_free(&w->line);
    return NULL;
}

static int run(const struct options *options)
{
    static struct writer writers[MAX_WRITERS];
    sgc_db *db;
    sgc_error error;
    int failed = 0;

    if (sgc_db_open(options->directory, &entry_schema, &options->db, &db, &error) != SGC_OK) {
        printf("CORRUPT %s\n", error.text);
        return 1;
    }
    for (unsigned i = 0; i < options->writers; i++) {
        struct writer *w = &writers[i];
        w->options = options;
        w->db = db;
        w->number = i;
        w->random = (options->seed + 1) * 0x9E3779B97F4A7C15U + i * 0xBF58476D1CE4E5B9U + 1;
        if (pthread_create(&w->thread, NULL, write_on, w) != 0) return 3;
    }
    for (unsigned i = 0; i < options->writers; i++) {
        pthread_join(writers[i].thread, NULL);
        failed = failed || writers[i].failed;
    }
    return sgc_db_close(db) != SGC_OK || failed ? 2 : 0;
}

/* ---- check ---- */

static int corrupt(const char *why)
{
    printf("CORRUPT %s\n", why);
    return 1;
}

/* Every index must hold exactly the rows. */
static bool index_agrees(sgc_txn *txn, uint16_t index, uint64_t rows)
{
    sgc_cursor cursor = sgc_cursor_open(txn, 0, index, NULL);
    sgc_str record, by_key;
    uint64_t count = 0;
    bool same = true;

    while (same && sgc_cursor_next(&cursor, &record)) {
        sgc_key entry;
        sgc_key_start(&entry);
        entry_index_key(index, record, &entry);
        sgc_key_raw(&entry, sgc_cursor_key(&cursor));
        same = sgc_str_eq(sgc_key_str(&entry), sgc_cursor_entry(&cursor)) &&
               sgc_row_get(txn, 0, sgc_cursor_key(&cursor), &by_key) == SGC_OK &&
               sgc_str_eq(by_key, record);
        count++;
    }
    return same && sgc_cursor_status(&cursor) == SGC_OK && count == rows;
}

static int check_rows(sgc_txn *txn)
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
    if (!index_agrees(txn, 1, rows)) return corrupt("the index on bucket differs from the rows");
    if (!index_agrees(txn, 2, rows)) return corrupt("the index on tag differs from the rows");
    printf("END %" PRIu64 "\n", rows);
    return 0;
}

static int check(const struct options *options)
{
    sgc_db *db;
    sgc_txn *txn;
    sgc_error error;

    if (sgc_db_open(options->directory, &entry_schema, &options->db, &db, &error) != SGC_OK) {
        return corrupt(error.text);
    }
    int result = sgc_begin_read(db, sgc_now(), &txn) == SGC_OK ? check_rows(txn) : 1;
    sgc_abort(&txn);
    if (sgc_db_close(db) != SGC_OK && result == 0) return corrupt("closing failed");
    return result;
}

/* ---- command line ---- */

static int usage(void)
{
    fprintf(stderr,
            "workload run DIR SEED [--writers N] [--transactions N] [--keys N]\n"
            "                      [--memtable BYTES] [--segment BYTES] [--cache BYTES]\n"
            "                      [--flush-every N] [--buffered]\n"
            "workload check DIR [--memtable BYTES] [--segment BYTES] [--cache BYTES]\n"
            "e.g. workload run /tmp/data 7 --writers 8 --memtable 65536 --segment 262144\n");
    return 64;
}

static bool take_option(struct options *o, const char *name, const char *value)
{
    uint64_t number = strtoull(value, NULL, 10);

    if (strcmp(name, "--writers") == 0 && number >= 1 && number <= MAX_WRITERS) {
        o->writers = (unsigned)number;
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
    } else {
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct options o = {.writers = 1, .keys = 200};
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
