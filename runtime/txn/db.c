/*
 * db.c - opening, recovering, flushing and closing a database. Transactions begin in transaction.c;
 * what they see is arranged by view.c.
 */
#include "txn/internal.h"

#include <stdio.h>

enum {
    PATH_MAX_BYTES = 4096,
    HISTORY_PART = 8,  /* one in so many bytes of the cache is for blocks of the history */
    MEMTABLE_PART = 4, /* and no MemTable is larger against the cache, unless told so */
};

/* What opening needs besides the database itself. */
struct opening {
    sgc_db *db;
    const char *directory;
    const sgc_schema *schema;
    const sgc_db_options *options;
    sgc_error *error;
    const sgc_schema *next;      /* rows are stored alike under it: it takes the kept one's place */
    const sgc_error *only_reads; /* nothing can be written, and why; NULL: it can */
    bool is_new;
};

static bool join(char *path, const char *directory, const char *name)
{
    int size = snprintf(path, PATH_MAX_BYTES, "%s/%s", directory, name);
    return size > 0 && size < PATH_MAX_BYTES;
}

static sgc_status os_failed(const struct opening *o, sgc_status status, const char *what)
{
    return sgc_fail(o->error, status, "%s: cannot %s: %s", o->directory, what,
                    status == SGC_NO_MEMORY ? sgc_status_text(status) : sgc_os_file_error());
}

/* ---- the folder ---- */

static sgc_status look_for_root(struct opening *o)
{
    char path[PATH_MAX_BYTES];
    sgc_file *file;
    const sgc_os *os = o->db->os;

    if (!join(path, o->directory, "root")) {
        return sgc_fail(o->error, SGC_INVALID, "the path of the database is too long");
    }
    sgc_status status = os->open(os->self, path, SGC_OPEN_READ, &file);
    if (status == SGC_OK) os->close(os->self, file);
    if (status != SGC_OK && status != SGC_NOT_FOUND) return os_failed(o, status, "open root");
    o->is_new = status == SGC_NOT_FOUND;
    if (o->is_new && (o->options->must_exist || o->only_reads)) {
        return sgc_fail(o->error, SGC_NOT_FOUND, "%s: there is no database", o->directory);
    }
    if (!o->is_new && o->options->create_only) {
        return sgc_fail(o->error, SGC_EXISTS, "%s: there is a database already", o->directory);
    }
    if (o->is_new && !o->schema) {
        return sgc_fail(o->error, SGC_INVALID,
                        "%s: there is no database, and a new one needs a schema", o->directory);
    }
    return SGC_OK;
}

sgc_status sgc_lock_take(const sgc_os *os, const char *directory, unsigned flags, sgc_file **lock,
                         sgc_error *error)
{
    char path[PATH_MAX_BYTES];

    *lock = NULL;
    if (!join(path, directory, "lock"))
        return sgc_fail(error, SGC_INVALID, "the path of the database is too long");
    sgc_status status = os->open(os->self, path, flags, lock);
    if (status == SGC_OK) {
        status = os->lock(os->self, *lock, !(flags & SGC_OPEN_WRITE));
    } else {
        *lock = NULL;
    }
    if (status == SGC_OK) return SGC_OK;
    if (status == SGC_BUSY)
        return sgc_fail(error, status,
                        "%s: this database is open already, in this process or "
                        "another one",
                        directory);
    return sgc_fail(error, status, "%s",
                    status == SGC_NO_MEMORY ? "out of memory" : sgc_os_file_error());
}

/* Who can only read shares the lock with others that do. Where there is no lock file, nobody has
 * written since the files were copied there. */
static sgc_status take_lock(struct opening *o)
{
    sgc_db *db = o->db;
    unsigned flags = SGC_OPEN_READ | SGC_OPEN_WRITE | SGC_OPEN_CREATE;

    if (o->only_reads) flags = SGC_OPEN_READ;
    sgc_status status = sgc_lock_take(db->os, o->directory, flags, &db->lock_file, o->error);
    if (status != SGC_NOT_FOUND) return status;
    if (o->only_reads) return SGC_OK;
    return sgc_fail(o->error, status, "%s: no such folder, or it is a file", o->directory);
}

/* The folder's own name must survive a power cut before anything in it is acknowledged. */
static sgc_status sync_parent(struct opening *o)
{
    char path[PATH_MAX_BYTES];
    const sgc_os *os = o->db->os;
    size_t size = sgc_path_folder(o->directory);

    if (size >= sizeof path) return sgc_fail(o->error, SGC_INVALID, "the path is too long");
    memcpy(path, size ? o->directory : ".", size ? size : 1);
    path[size ? size : 1] = '\0';
    sgc_status status = os->sync_directory(os->self, path);
    return status == SGC_OK ? SGC_OK : os_failed(o, status, "sync the folder above");
}

static sgc_status enter_folder(struct opening *o)
{
    sgc_db *db = o->db;
    sgc_status status = SGC_OK;

    if (o->options->must_exist || o->only_reads || !o->schema) {
        status = look_for_root(o);
        if (status != SGC_OK) return status;
    } else {
        status = db->os->make_directory(db->os->self, o->directory);
        if (status != SGC_OK && status != SGC_EXISTS) {
            return os_failed(o, status, "make the folder");
        }
    }
    status = take_lock(o);
    if (status == SGC_OK) status = look_for_root(o);
    return status == SGC_OK && o->is_new ? sync_parent(o) : status;
}

/* The folder of the data is the engine's own. */
static sgc_status check_archive(struct opening *o)
{
    const char *archive = o->options->archive;
    const sgc_os *os = o->db->os;
    bool inside;

    if (!archive) return SGC_OK;
    sgc_status status = os->lies_in(os->self, archive, o->directory, &inside);
    if (status != SGC_OK) return os_failed(o, status, "look at the archive");
    if (!inside) return SGC_OK;
    return sgc_fail(o->error, SGC_INVALID, "the archive %s must be outside of %s", archive,
                    o->directory);
}

/* ---- pages, rules, log ---- */

static sgc_status store_schema(struct opening *o)
{
    sgc_flush *flush;
    sgc_status status = sgc_flush_begin(o->db->pages, &flush, o->error);

    if (status != SGC_OK) return status;
    status = sgc_flush_set_schema(flush, o->db->schema, o->error);
    if (status != SGC_OK) {
        sgc_flush_abort(flush);
        return status;
    }
    return sgc_flush_commit(flush, 0, 0, o->error);
}

/* The model that the pages keep, or the program's own, with the engine's tables behind it. */
static sgc_status take_schema(struct opening *o)
{
    sgc_db *db = o->db;
    const sgc_schema *storage = NULL;

    if (!o->schema) return SGC_OK;
    sgc_status status = sgc_system_extend(o->schema, &db->schemas, &storage);
    if (status != SGC_OK) return sgc_fail(o->error, status, "%s", sgc_status_text(status));
    db->schema = storage;
    return SGC_OK;
}

/* Another schema than the kept one: refused, or to be switched to once all is recovered. */
static sgc_status meet_other(struct opening *o, const sgc_pages_options *options)
{
    sgc_db *db = o->db;
    sgc_error words = {SGC_OK, ""};
    const sgc_schema *numbered, *storage;
    sgc_status status = sgc_schema_accept(db, sgc_system_user(sgc_pages_schema(db->pages)),
                                          o->schema, &numbered, &words);

    if (status != SGC_OK) return sgc_fail(o->error, status, "%s: %s", o->directory, words.text);
    if (numbered->hash != sgc_pages_schema(db->pages)->hash) {
        if (o->only_reads)
            return sgc_fail(o->error, SGC_READ_ONLY,
                            "%s: it has other indexes than this schema and can only be read: %s",
                            o->directory, o->only_reads->text);
        o->next = numbered;
        return SGC_OK;
    }
    /* Only its own numbers were others. */
    status = sgc_system_extend(numbered, &db->schemas, &storage);
    if (status != SGC_OK) return sgc_fail(o->error, status, "%s", sgc_status_text(status));
    sgc_pages_close(db->pages);
    db->pages = NULL;
    return sgc_pages_open(db->os, o->directory, storage, options, &db->pages, o->error);
}

static sgc_status open_pages(struct opening *o)
{
    sgc_db *db = o->db;
    sgc_pages_options options = {.cache_bytes = o->options->cache_bytes, .kept_wins = true};

    if (options.cache_bytes == 0) options.cache_bytes = sgc_memory_size() / 4;
    options.history_cache_bytes = options.cache_bytes / HISTORY_PART;
    options.cache_bytes -= options.history_cache_bytes;
    options.flush_bytes = db->memtable_bytes;
    options.extend = sgc_system_extend;
    options.read_only = o->only_reads != NULL;
    sgc_status status = take_schema(o);
    if (status != SGC_OK) return status;
    status = sgc_pages_open(db->os, o->directory, db->schema, &options, &db->pages, o->error);
    if (status != SGC_OK) return status;
    if (o->is_new) status = store_schema(o);
    if (status == SGC_OK && !sgc_pages_schema(db->pages))
        return sgc_fail(o->error, SGC_INVALID,
                        "%s: its creation was cut short: open it with its schema", o->directory);
    if (status == SGC_OK && o->schema && o->schema->hash != sgc_pages_schema(db->pages)->hash)
        status = meet_other(o, &options);
    if (status != SGC_OK) return status;
    db->schema = sgc_pages_schema(db->pages);
    db->user_schema = sgc_system_user(db->schema);
    db->all_history = sgc_schema_all_history(db->user_schema);
    return sgc_rules_make(db->schema, &db->arena, &db->rules, o->error);
}

static sgc_status first_view(sgc_db *db)
{
    struct sgc_layer *active = NULL;
    sgc_checkpoint *newest = sgc_pages_newest(db->pages);
    sgc_status status = sgc_layer_create(db->schema, &active);

    if (status == SGC_OK) status = sgc_view_install(db, newest, &active, 1);
    sgc_layer_release(active);
    sgc_checkpoint_release(newest);
    return status;
}

/* ---- recovery: the log is replayed into the first MemTable ---- */

struct replay {
    sgc_db *db;
    struct sgc_reads source;
    sgc_arena scratch;
    uint64_t sequence;
    sgc_error *error;
};

static sgc_status replay_event(void *context, const sgc_event *event)
{
    struct replay *r = context;
    enum sgc_found found;
    sgc_str before = {NULL, 0};

    sgc_arena_reset(&r->scratch);
    sgc_status status =
        sgc_reads_get(&r->source, event->table, event->key, &r->scratch, &found, &before, r->error);
    if (status != SGC_OK) return status;
    if (found != SGC_FOUND_ROW) before = sgc_str_of(NULL, 0);
    return sgc_memtable_put(r->source.layers[0]->memtable, event->table, event->key, before,
                            event->record, r->sequence);
}

static sgc_status replay_commit(void *context, sgc_log_position position, uint64_t time_us,
                                sgc_str payload)
{
    struct replay *r = context;
    struct sgc_layer *active = r->source.layers[0];

    /* Pages that do not hold a load's number do not hold its rows: it was never committed, and only
     * the number is used up. */
    bool is_load = sgc_payload_is_load(payload);
    sgc_status status = is_load ? SGC_OK : sgc_layer_note(active, position.index, time_us);

    r->sequence = position.index;
    if (status != SGC_OK) return sgc_fail(r->error, status, "out of memory");
    status = sgc_payload_read(r->db->schema, payload, replay_event, r, r->error);
    if (status != SGC_OK) return status;
    r->db->assigned = position.index;
    if (time_us > r->db->last_time) r->db->last_time = time_us;
    if (!is_load) sgc_layer_took(active, position.index, time_us, payload.size);
    return SGC_OK;
}

static sgc_log_options log_options(const struct opening *o)
{
    return (sgc_log_options){.segment_size = o->options->log_segment_bytes,
                             .batch_delay_us = o->options->batch_delay_us,
                             .buffered = o->options->buffered_log,
                             .archive = o->options->archive,
                             .read_only = o->only_reads != NULL,
                             .must_exist = true};
}

static sgc_status refuse_commit(void *context, sgc_log_position position, uint64_t time_us,
                                sgc_str payload)
{
    struct opening *o = context;

    (void)time_us;
    (void)payload;
    return sgc_fail(o->error, SGC_CORRUPT, "%s: the log holds commit %llu, but there is no root",
                    o->directory, (unsigned long long)position.index);
}

/*
 * The log of a new database is made before its root: a root without a log is then always a loss,
 * never a creation that was cut short.
 */
static sgc_status make_log(struct opening *o)
{
    char path[PATH_MAX_BYTES];
    sgc_log_options options = log_options(o);
    sgc_log *log = NULL;

    if (!join(path, o->directory, "log")) return SGC_INVALID;
    options.must_exist = false;
    sgc_status status =
        sgc_log_open(o->db->os, path, &options, 0, refuse_commit, o, &log, o->error);
    if (status == SGC_OK) sgc_log_close(log);
    return status;
}

/* What was replayed stays in memory, however much it is, until something is committed: who only
 * reads writes nothing, and needs no thread. */
static sgc_status recover(struct opening *o)
{
    sgc_db *db = o->db;
    char path[PATH_MAX_BYTES];
    sgc_log_options options = log_options(o);
    struct replay replay = {.db = db, .error = o->error};

    options.start = sgc_checkpoint_log(db->view->checkpoint);
    if (!join(path, o->directory, "log")) return SGC_INVALID;
    db->assigned = sgc_checkpoint_sequence(db->view->checkpoint);
    db->last_time = sgc_checkpoint_time_us(db->view->checkpoint);
    replay.source = (struct sgc_reads){.schema = db->schema,
                                       .checkpoint = db->view->checkpoint,
                                       .layers = db->view->layers,
                                       .count = 1,
                                       .at = SGC_NEWEST};
    sgc_status status = sgc_log_open(db->os, path, &options, db->assigned, replay_commit, &replay,
                                     &db->log, o->error);
    sgc_arena_free(&replay.scratch);
    atomic_store(&db->published, db->assigned);
    atomic_store(&db->published_time, db->last_time);
    /* Numbers that were shown and lost are not used again. */
    if (status == SGC_OK && sgc_log_highest(db->log) > db->assigned) {
        db->assigned = sgc_log_highest(db->log);
    }
    db->opened_at = db->assigned;
    return status;
}

/* ---- public ---- */

static sgc_status choose_os(struct opening *o)
{
    sgc_db *db = o->db;

    db->os = o->options->os ? o->options->os : sgc_os_posix();
    if (strcmp(o->directory, ":memory:") != 0) return SGC_OK;
    sgc_status status = sgc_memory_os_create(&db->memory);
    if (status != SGC_OK) return sgc_fail(o->error, status, "out of memory");
    db->os = sgc_memory_os_table(db->memory);
    return SGC_OK;
}

static void stop_writing(const struct opening *o)
{
    sgc_db *db = o->db;

    (void)sgc_fail(&db->flush_error, SGC_READ_ONLY, "the database was opened to read only: %s",
                   o->only_reads->text);
    db->only_reads = db->flush_failed = true;
    atomic_store(&db->read_only, true);
}

static sgc_status open_parts(struct opening *o)
{
    sgc_status status = choose_os(o);

    if (status == SGC_OK) status = enter_folder(o);
    if (status == SGC_OK) status = check_archive(o);
    if (status == SGC_OK && o->is_new) status = make_log(o);
    if (status == SGC_OK) status = open_pages(o);
    if (status == SGC_OK) status = first_view(o->db);
    if (status == SGC_OK) status = recover(o);
    if (status == SGC_OK && o->only_reads) stop_writing(o);
    if (status == SGC_OK) status = sgc_building_look(o->db);
    if (status == SGC_OK && o->next) status = sgc_schema_change(o->db, o->next, true, o->error);
    if (status != SGC_OK && o->error->status != status) {
        sgc_fail(o->error, status, "%s: %s", o->directory, sgc_status_text(status));
    }
    return status;
}

static void stop_flusher(sgc_db *db)
{
    if (!db->flusher_runs) return;
    sgc_mutex_lock(&db->view_lock);
    db->stopping = true;
    sgc_cond_broadcast(&db->view_changed);
    sgc_mutex_unlock(&db->view_lock);
    sgc_thread_join(db->flusher);
    db->flusher_runs = false;
    sgc_merge_stop(db);
}

static void close_parts(sgc_db *db)
{
    stop_flusher(db);
    if (db->log) sgc_log_close(db->log);
    sgc_view_collect(db);
    sgc_view_unpin(db->view);
    sgc_txns_free(db);
    if (db->pages) sgc_pages_close(db->pages);
    if (db->lock_file) db->os->close(db->os->self, db->lock_file);
    if (db->memory) sgc_memory_os_destroy(db->memory);
    sgc_arena_free(&db->arena);
    sgc_arena_free(&db->schemas);
    sgc_mutex_destroy(&db->claim_lock);
    sgc_cond_destroy(&db->claim_ended);
    sgc_cond_destroy(&db->view_changed);
    sgc_mutex_destroy(&db->view_lock);
    sgc_mutex_destroy(&db->commit_lock);
    sgc_free(db);
}

static uint64_t memtable_bytes(const sgc_db_options *options)
{
    uint64_t part = options->cache_bytes / MEMTABLE_PART;

    if (options->memtable_bytes) return options->memtable_bytes;
    return part > 0 && part < SGC_MEMTABLE_BYTES ? part : SGC_MEMTABLE_BYTES;
}

static sgc_status check_options(const struct opening *o)
{
    if (o->options->durability > SGC_DURABILITY_NONE)
        return sgc_fail(o->error, SGC_INVALID, "%u is no level of durability",
                        (unsigned)o->options->durability);
    return SGC_OK;
}

static sgc_status open_once(struct opening *o)
{
    o->next = NULL; /* an opening before this one may have left its own, which is gone */
    o->db = sgc_alloc_zero(1, sizeof *o->db);
    if (!o->db) return sgc_fail(o->error, SGC_NO_MEMORY, "out of memory");
    o->db->durability = o->options->durability;
    sgc_mutex_init(&o->db->commit_lock);
    sgc_mutex_init(&o->db->claim_lock);
    sgc_cond_init(&o->db->claim_ended);
    sgc_mutex_init(&o->db->view_lock);
    sgc_cond_init(&o->db->view_changed);
    o->db->memtable_bytes = memtable_bytes(o->options);
    sgc_status status = open_parts(o);
    if (status != SGC_OK) close_parts(o->db);
    return status;
}

/* What is there can be read still; what is not there cannot be made. */
static sgc_status open_to_read(struct opening *o)
{
    sgc_error why = *o->error;

    o->only_reads = &why;
    *o->error = (sgc_error){SGC_OK, ""};
    sgc_status status = open_once(o);
    if (status != SGC_NOT_FOUND || !o->is_new) return status;
    *o->error = why;
    return why.status;
}

sgc_status sgc_db_open(const char *directory, const sgc_schema *schema,
                       const sgc_db_options *options, sgc_db **db, sgc_error *error)
{
    static const sgc_db_options defaults;
    sgc_error ignored;
    struct opening o = {.directory = directory,
                        .schema = schema,
                        .options = options ? options : &defaults,
                        .error = error ? error : &ignored};

    *db = NULL;
    o.error->status = SGC_OK;
    o.error->text[0] = '\0';
    sgc_status status = check_options(&o);
    if (status != SGC_OK) return status;
    status = open_once(&o);
    if (status == SGC_READ_ONLY) status = open_to_read(&o);
    if (status == SGC_OK) *db = o.db;
    return status;
}

static sgc_status flush(sgc_db *db, bool merged)
{
    sgc_mutex_lock(&db->commit_lock);
    sgc_status status = sgc_view_rotate(db);
    sgc_mutex_unlock(&db->commit_lock);
    return status == SGC_OK ? sgc_view_wait_for_flush(db, merged) : status;
}

sgc_status sgc_db_flush(sgc_db *db)
{
    if (!db->only_reads) return flush(db, true);
    return sgc_memtable_is_empty(sgc_view_active(db)->memtable) ? SGC_OK : SGC_READ_ONLY;
}

/* What came from the log stays there when nothing was added to it. */
static sgc_status flush_to_close(sgc_db *db)
{
    if (db->only_reads) return SGC_OK;
    if (atomic_load(&db->read_only)) return SGC_READ_ONLY;
    return db->assigned == db->opened_at ? SGC_OK : flush(db, false);
}

static void say_why(const sgc_db *db, sgc_status status, bool safe, sgc_error *error)
{
    const char *why = db->flush_failed ? db->flush_error.text : sgc_log_failure(db->log);

    if (!why) why = sgc_status_text(status);
    (void)sgc_fail(error, status, safe ? "%s; everything committed is safe in the log" : "%s", why);
}

sgc_status sgc_db_close_safe(sgc_db *db, bool *safe, sgc_error *error)
{
    *safe = true;
    if (!db) return SGC_OK;
    assert(sgc_txns_open(db).count == 0);
    sgc_status status = flush_to_close(db);
    sgc_merge_cancel(db);
    stop_flusher(db);
    if (status != SGC_OK) {
        *safe = sgc_log_wait(db->log, atomic_load(&db->published)) == SGC_OK;
        say_why(db, status, *safe, error);
    }
    close_parts(db);
    return status;
}

sgc_status sgc_db_close(sgc_db *db)
{
    bool safe;

    return sgc_db_close_safe(db, &safe, NULL);
}

/* ---- why nothing is written ---- */

sgc_status sgc_db_fail(sgc_db *db, sgc_status status, sgc_error *error)
{
    if (status != SGC_READ_ONLY && status != SGC_UNKNOWN_OUTCOME)
        return sgc_fail(error, status, "%s", sgc_status_text(status));
    const char *why = sgc_log_failure(db->log);
    sgc_mutex_lock(&db->view_lock);
    sgc_error flush = db->flush_error;
    sgc_mutex_unlock(&db->view_lock);
    if (db->only_reads) return sgc_fail(error, status, "%s", flush.text);
    if (!why) why = flush.text[0] ? flush.text : "an earlier write failed";
    return sgc_fail(error, status, "%s: %s", sgc_status_text(status), why);
}

bool sgc_db_only_reads(const sgc_db *constant, sgc_error *why)
{
    sgc_db *db = (sgc_db *)(uintptr_t)constant;

    if (!atomic_load(&db->read_only)) return false;
    (void)sgc_db_fail(db, SGC_READ_ONLY, why);
    return true;
}

const sgc_schema *sgc_db_schema(const sgc_db *db)
{
    return db->user_schema;
}

uint64_t sgc_db_head(const sgc_db *db)
{
    return atomic_load_explicit(&db->published, memory_order_acquire);
}
